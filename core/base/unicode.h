/*
 * unicode.h - UTF-8, folding, sort keys (ICU).
 */
#ifndef BASE_UNICODE_H
#define BASE_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct ctx;

/* Strict UTF-8 (RFC 3629): no overlong forms, surrogates, > U+10FFFF. */
bool utf8_valid(const char *text, size_t length);
/* Number of code points; `text` must be valid. */
size_t utf8_length(const char *text, size_t length);
/* Reads one code point and its size in bytes; -1 where invalid. */
int32_t utf8_next(const char *text, size_t length, size_t *size);
size_t utf8_write(char out[4], int32_t code_point);
/* Byte length of the first `characters` code points. */
size_t utf8_prefix(const char *text, size_t length, size_t characters);

/* NFKC case folding, for comparing and searching. Arena text. */
const char *text_fold(struct arena *arena, const char *text);
/* NFC, for passwords (S1) and stored text. Arena text. */
const char *text_nfc(struct arena *arena, const char *text);
/* A sort key, compared by memcmp, the same on each store: root collation
 * with numbers by value and Chinese by pinyin. Bytes in the arena. */
void text_sort_key(const unsigned char **key, size_t *length,
                   struct arena *arena, const char *text);
/* Drops control characters (keeps \n and \t), directional overrides. */
const char *text_clean(struct arena *arena, const char *text);

/*
 * Text of an unknown encoding as UTF-8: byte order mark (UTF-8, UTF-16),
 * valid UTF-8, strict GB18030, then E_INVALID. `encoding` may force one.
 * `found` receives the name of what was taken.
 */
int text_decode(const char **out, size_t *out_length, const char **found,
                struct ctx *ctx, const char *data, size_t length,
                const char *encoding);

#endif
