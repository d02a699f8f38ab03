/*
 * progress.h - a bar on standard error while something takes long, where that
 * is a terminal; nothing otherwise.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdint.h>

struct progress_bar {
    const char *title;
    int64_t shown; /* clock_monotonic() of the last drawing */
    int drawn;
};

/* Draws at most ten times a second; total 0: unknown. */
void progress_show(struct progress_bar *bar, int64_t done, int64_t total);
/* Clears the line. */
void progress_end(struct progress_bar *bar);

#endif
