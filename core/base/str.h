/*
 * str.h - string slices, and buffers that grow up to a maximum.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* A slice of somebody else's bytes; not necessarily ended by NUL. */
struct str {
    const char *data;
    size_t length;
};

#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })

struct str str_of(const char *text); /* NULL gives the empty slice */
bool str_equal(struct str a, struct str b);
bool str_is(struct str a, const char *text);
bool text_equal(const char *a, const char *b); /* NULL equals NULL only */
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
bool text_empty(const char *text); /* NULL or "" */

/* Constant-time comparison of two secrets of the same length. */
bool secret_equal(const void *a, const void *b, size_t length);

/* The value of a hexadecimal digit; -1 where it is none. */
int hex_digit(char c);

/*
 * Strict decimal integer: optional '-', digits, nothing else, in range.
 * Returns 0, or E_INVALID with *out untouched.
 */
int int_parse(int64_t *out, const char *text, int64_t min, int64_t max);

/*
 * A growing buffer. Exceeding `max` (mandatory) or running out of memory sets
 * `failed` and drops what follows; test it once at the end. The content is
 * always ended by NUL. Backed by an arena, or by malloc where arena is NULL
 * (then buf_free).
 */
struct buf {
    char *data;
    size_t length, capacity, max;
    struct arena *arena;
    bool failed;
};

void buf_init(struct buf *buf, struct arena *arena, size_t max);
void buf_free(struct buf *buf);
void buf_clear(struct buf *buf);
void buf_add(struct buf *buf, const void *data, size_t length);
void buf_add_text(struct buf *buf, const char *text); /* NULL adds nothing */
void buf_add_char(struct buf *buf, char c);
void buf_addf(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *buf, const char *format, va_list args);
/* The text, "" where nothing was added; lives as long as the buffer. */
const char *buf_text(const struct buf *buf);

/* Typed escapes (style rule 7). Each appends; none fails but by `failed`. */
void buf_add_html(struct buf *buf, const char *text, size_t length);
void buf_add_url(struct buf *buf, const char *text, size_t length);  /* %XX */
void buf_add_json(struct buf *buf, const char *text, size_t length); /* "…" */
void buf_add_csv(struct buf *buf, const char *text, size_t length);

#endif
