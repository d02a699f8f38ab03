/*
 * chunk.c - a strict decoder of chunked bodies.
 */
#include "base/banned.h"

#include "front/chunk.h"

#include <stdbool.h>

#include "base/str.h"

enum {
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,
    TRAILER_LF,
    DONE
};

void chunk_init(struct chunk *chunk)
{
    *chunk = (struct chunk){ .state = SIZE };
}

static bool size_byte(struct chunk *chunk, char c)
{
    int digit = hex_digit(c);

    if (digit >= 0) {
        chunk->left = chunk->left * 16 + (uint64_t)digit;
        return ++chunk->digits <= 12;
    }
    if (!chunk->digits)
        return false;
    chunk->extra = 0;
    if (c == '\r')
        chunk->state = SIZE_LF;
    else if (c == ';')
        chunk->state = EXTENSION;
    else
        return false;
    return true;
}

static bool extension_byte(struct chunk *chunk, char c)
{
    if (c == '\r') {
        chunk->state = SIZE_LF;
        return true;
    }
    if (((unsigned char)c < 0x20 && c != '\t') || c == 0x7f)
        return false;
    return ++chunk->extra <= CHUNK_EXTENSION_MAX;
}

/* Trailer lines: no control bytes, no folding; an empty line ends them. */
static bool trailer_byte(struct chunk *chunk, char c)
{
    if (++chunk->extra > CHUNK_TRAILER_MAX)
        return false;
    if (c == '\r') {
        chunk->state = TRAILER_LF;
        return true;
    }
    if (((unsigned char)c < 0x20 && c != '\t') || c == 0x7f)
        return false;
    if (chunk->line == 0 && (c == ' ' || c == '\t' || c == ':'))
        return false;
    chunk->line++;
    return true;
}

/* One byte that is no data; false: malformed. */
static bool step(struct chunk *chunk, char c)
{
    switch (chunk->state) {
    case SIZE:
        return size_byte(chunk, c);
    case EXTENSION:
        return extension_byte(chunk, c);
    case SIZE_LF:
        chunk->state = chunk->left ? DATA : TRAILER;
        chunk->digits = 0;
        chunk->extra = chunk->line = 0;
        return c == '\n';
    case DATA_CR:
        chunk->state = DATA_LF;
        return c == '\r';
    case DATA_LF:
        chunk->state = SIZE;
        return c == '\n';
    case TRAILER:
        return trailer_byte(chunk, c);
    case TRAILER_LF:
        chunk->state = chunk->line ? TRAILER : DONE;
        chunk->line = 0;
        return c == '\n';
    default:
        return false;
    }
}

enum chunk_status chunk_next(struct chunk *chunk, const char *in, size_t length,
                             size_t *used, const char **data, size_t *size)
{
    size_t i = 0;

    *used = 0;
    while (chunk->state != DONE) {
        if (i == length) {
            *used = i;
            return CHUNK_MORE;
        }
        if (chunk->state == DATA) {
            *data = in + i;
            *size = length - i < chunk->left ? length - i : (size_t)chunk->left;
            chunk->left -= *size;
            *used = i + *size;
            if (chunk->left == 0)
                chunk->state = DATA_CR;
            return CHUNK_DATA;
        }
        if (!step(chunk, in[i++]))
            return CHUNK_BAD;
    }
    *used = i;
    return CHUNK_END;
}
