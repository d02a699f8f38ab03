/*
 * late.h - libraries that only a few processes need, loaded when they do.
 *
 * Each process that a library is linked to has its relocated tables in memory
 * of its own, a few hundred KiB with all that comes along. Such a library is
 * compiled against by its header, and its functions are called through a
 * struct of pointers:
 *
 *     static struct {
 *         LATE(curl_easy_init);
 *         LATE(curl_easy_cleanup);
 *     } curl;
 *     static const struct late_name names[] = {
 *         LATE_NAME(curl, curl_easy_init), …
 */
#ifndef BASE_LATE_H
#define BASE_LATE_H

#include <stddef.h>

struct ctx;

#define LATE(function) __typeof__(&function) function
#define LATE_NAME(table, function)                                             \
    {                                                                          \
        .name = #function, .place = &(table).function                          \
    }

struct late_name {
    const char *name;
    void *place; /* a pointer to a function */
};

/* Loads `library` ("libcurl.so.4") for good and fills in the places; cheap
 * once it is loaded. E_UNAVAILABLE: it is not installed, or lacks a name. */
int late_load(struct ctx *ctx, const char *library,
              const struct late_name *names, size_t count);

#endif
