/*
 * progress.c - a bar on standard error while something takes long.
 */
#include "base/banned.h"

#include "cli/progress.h"

#include "base/clock.h"

enum { BAR_WIDTH = 30, EVERY_MS = 100 };

void progress_show(struct progress_bar *bar, int64_t done, int64_t total)
{
    int64_t now = clock_monotonic();
    int filled, i;

    if (!isatty(STDERR_FILENO) || now - bar->shown < EVERY_MS || total <= 0)
        return;
    bar->shown = now;
    bar->drawn = 1;
    if (done > total)
        done = total;
    filled = (int)(done * BAR_WIDTH / total);
    fprintf(stderr, "\r%s [", bar->title);
    for (i = 0; i < BAR_WIDTH; i++)
        fputc(i < filled ? '#' : '.', stderr);
    fprintf(stderr, "] %3d %%", (int)(done * 100 / total));
    fflush(stderr);
}

void progress_end(struct progress_bar *bar)
{
    if (bar->drawn)
        fputs("\r\033[K", stderr);
    bar->drawn = 0;
}
