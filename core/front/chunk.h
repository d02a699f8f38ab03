/*
 * chunk.h - the chunked transfer coding, strictly (RFC 9112 section 7.1).
 *
 * Not llhttp's: its trailers go through the header parser with the holes
 * that head.c closes by scanning (a second end of message behind "\r\n\r"),
 * and sizes and extensions need limits. Extensions and trailers are
 * discarded. A pure state machine.
 */
#ifndef FRONT_CHUNK_H
#define FRONT_CHUNK_H

#include <stddef.h>
#include <stdint.h>

enum { CHUNK_EXTENSION_MAX = 256, CHUNK_TRAILER_MAX = 4096 };

struct chunk {
    int state;
    uint64_t left;   /* bytes of the current chunk */
    unsigned digits; /* of its size line */
    size_t extra;    /* bytes of extension or trailer so far */
    unsigned line;   /* bytes of the current trailer line */
};

enum chunk_status {
    CHUNK_BAD = -1, /* malformed: answer 400 and close */
    CHUNK_MORE = 0, /* everything taken, more is needed */
    CHUNK_DATA = 1, /* *data points at *size bytes of body */
    CHUNK_END = 2,  /* the body is complete */
};

void chunk_init(struct chunk *chunk);

/*
 * Takes from `in`; *used says how many bytes, the caller drains them and
 * calls again (also after CHUNK_DATA, when it has dealt with the data).
 */
enum chunk_status chunk_next(struct chunk *chunk, const char *in, size_t length,
                             size_t *used, const char **data, size_t *size);

#endif
