/*
 * picture.h - how many points a picture has, without unpacking it.
 */
#ifndef FORM_PICTURE_H
#define FORM_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

/* Beyond, a picture is a burden on who shows it: four bytes a point. */
enum { PICTURE_POINTS_MAX = 250 * 1000 * 1000 };

struct picture_size {
    int64_t width, height;
};

/* Reads the size out of the file's head. False where the type is none of
 * PNG, JPEG, GIF and WebP, or the head says none. */
bool picture_size(struct picture_size *out, const char *type, int fd);

#endif
