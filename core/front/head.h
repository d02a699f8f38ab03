/*
 * head.h - from the bytes of a header block to a checked request head.
 *
 * llhttp parses, but it accepts what servers behind or in front of us read
 * differently; so the block is collected whole and scanned before, and the
 * parsed head is held against further rules after (each rule a row of the
 * test set tests/http/malformed.test.mjs). Pure functions: no I/O, no memory
 * of their own.
 */
#ifndef FRONT_HEAD_H
#define FRONT_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "ipc/message.h"

enum { HEAD_MAX = 16 * 1024, HEAD_LINES_MAX = FIELDS_MAX, TARGET_MAX = 8192 };

struct head {
    struct str method;
    struct str path;  /* as sent, starts with '/', or "*" */
    struct str query; /* behind '?' */
    struct str host;  /* "example.com", "[::1]:8080"; "" only in HTTP/1.0 */
    struct http_field fields[FIELDS_MAX]; /* all, names in lower case */
    size_t field_count;
    int minor; /* HTTP/1.minor */
    bool keep_alive;
    bool chunked;
    bool expects;           /* Expect: 100-continue */
    int64_t content_length; /* -1: none was said */
};

/*
 * Looks for the end of the header block in the first bytes of a connection.
 * Returns its length with the empty line, or 0: not complete yet, and then
 * *status tells (400, 414, 505) where it can't become a good one any more.
 * `seen` is where the last call ended (start with 0). Leading CRLFs are the
 * caller's.
 */
size_t head_find_end(const char *data, size_t length, size_t *seen,
                     int *status);

/*
 * Parses a whole block; lower-cases names in place. Everything in `out`
 * points into the block. Returns 0, or the status that answers it: 400, 414,
 * 417, 431, 501, 505. After any of these the connection is closed.
 */
int head_parse(struct head *out, char *block, size_t length);

/* The value of a field, or NULL where there is none (the first of several).
 * `name` in lower case. */
const struct str *head_field(const struct head *head, const char *name);

/* True for "host", "host:port", "1.2.3.4", "[::1]:80" by RFC 9110. */
bool host_valid(struct str host);

/* Strict number of Content-Length: digits only, up to 2^53. -1 if not. */
int64_t length_parse(struct str text);

#endif
