/*
 * picture.c - the sizes that PNG, JPEG, GIF and WebP say of themselves.
 *
 * A picture of 50,000 × 50,000 points packs into some megabytes and takes ten
 * gigabytes of whoever opens it.
 */
#include "base/banned.h"

#include "form/picture.h"

#include "base/str.h"

enum { HEAD = 32, SEGMENTS_MAX = 200 };

static int64_t big16(const unsigned char *at)
{
    return at[0] << 8 | at[1];
}

static int64_t big32(const unsigned char *at)
{
    return big16(at) << 16 | big16(at + 2);
}

static int64_t little16(const unsigned char *at)
{
    return at[0] | at[1] << 8;
}

static int64_t little24(const unsigned char *at)
{
    return little16(at) | (int64_t)at[2] << 16;
}

static bool read_at(unsigned char *out, int fd, int64_t at, size_t size)
{
    return pread(fd, out, size, at) == (ssize_t)size;
}

static bool png(struct picture_size *out, int fd)
{
    unsigned char head[HEAD];

    if (!read_at(head, fd, 0, 24) || memcmp(head + 12, "IHDR", 4) != 0)
        return false;
    out->width = big32(head + 16);
    out->height = big32(head + 20);
    return true;
}

static bool gif(struct picture_size *out, int fd)
{
    unsigned char head[HEAD];

    if (!read_at(head, fd, 0, 10))
        return false;
    out->width = little16(head + 6);
    out->height = little16(head + 8);
    return true;
}

static bool webp(struct picture_size *out, int fd)
{
    unsigned char head[HEAD];

    if (!read_at(head, fd, 0, 30))
        return false;
    if (memcmp(head + 12, "VP8X", 4) == 0) {
        out->width = little24(head + 24) + 1;
        out->height = little24(head + 27) + 1;
    } else if (memcmp(head + 12, "VP8L", 4) == 0) {
        out->width = (little16(head + 21) & 0x3fff) + 1;
        out->height = (little24(head + 22) >> 6 & 0x3fff) + 1;
    } else if (memcmp(head + 12, "VP8 ", 4) == 0) {
        out->width = little16(head + 26) & 0x3fff;
        out->height = little16(head + 28) & 0x3fff;
    } else {
        return false;
    }
    return true;
}

/* The start of a frame: C0 to CF without the tables C4, C8 and CC. */
static bool is_frame(int marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 &&
           marker != 0xc8 && marker != 0xcc;
}

static bool jpeg(struct picture_size *out, int fd)
{
    unsigned char head[9];
    int64_t at = 2;
    int i;

    /* Segments: FF, marker, length (itself included), data. */
    for (i = 0; i < SEGMENTS_MAX; i++) {
        if (!read_at(head, fd, at, 4) || head[0] != 0xff)
            return false;
        if (head[1] == 0xff) { /* filling */
            at++;
            continue;
        }
        if (is_frame(head[1])) {
            if (!read_at(head, fd, at, 9))
                return false;
            out->height = big16(head + 5);
            out->width = big16(head + 7);
            return true;
        }
        at += 2 + big16(head + 2);
    }
    return false;
}

bool picture_size(struct picture_size *out, const char *type, int fd)
{
    static const struct {
        const char *type;
        bool (*read)(struct picture_size *out, int fd);
    } kinds[] = { { "image/png", png },
                  { "image/jpeg", jpeg },
                  { "image/gif", gif },
                  { "image/webp", webp } };
    size_t i;

    *out = (struct picture_size){ 0, 0 };
    for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (text_equal(type, kinds[i].type))
            return kinds[i].read(out, fd);
    return false;
}
