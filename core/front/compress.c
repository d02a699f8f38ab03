/*
 * compress.c - gzip through zlib, one stream kept for all answers.
 */
#include "base/banned.h"

#include "front/compress.h"

#include <stdbool.h>
#include <zlib.h>

/* Level 3: a third of the time of 6 for a tenth more bytes; the event loop
 * waits meanwhile. */
enum { LEVEL = 3, WINDOW_GZIP = 15 + 16, MEMORY = 8 };

int compress_gzip(void **out, size_t *out_length, const void *data,
                  size_t length)
{
    static z_stream stream;
    static bool ready;
    size_t room = length - length / 16;
    unsigned char *packed;
    int rc;

    if (!ready) {
        if (deflateInit2(&stream, LEVEL, Z_DEFLATED, WINDOW_GZIP, MEMORY,
                         Z_DEFAULT_STRATEGY) != Z_OK)
            return -1;
        ready = true;
    } else if (deflateReset(&stream) != Z_OK) {
        return -1;
    }
    packed = malloc(room);
    if (!packed)
        return -1;
    stream.next_in = (Bytef *)data;
    stream.avail_in = (uInt)length;
    stream.next_out = packed;
    stream.avail_out = (uInt)room;
    rc = deflate(&stream, Z_FINISH);
    if (rc != Z_STREAM_END) {
        free(packed);
        return -1;
    }
    *out = packed;
    *out_length = room - stream.avail_out;
    return 0;
}
