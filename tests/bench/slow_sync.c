/*
 * slow_sync.c - a disk that takes its time: preloaded (LD_PRELOAD), it has
 * each sync last TENON_BENCH_SYNC_US microseconds longer, as of a disk that
 * has to reach its platters or its flash first. For figures that depend on
 * the disk, on a machine whose own is too fast to show it.
 */
#include "base/banned.h"

#include <dlfcn.h>
#include <time.h>

__attribute__((visibility("default"))) int fsync(int fd);
__attribute__((visibility("default"))) int fdatasync(int fd);

static int later(const char *name, int fd)
{
    static long us = -1;
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    const char *text;

    if (us < 0) {
        text = getenv("TENON_BENCH_SYNC_US");
        us = text ? strtol(text, NULL, 10) : 0;
    }
    nanosleep(&(struct timespec){ .tv_sec = us / 1000000, us % 1000000 * 1000 },
              NULL);
    return real(fd);
}

int fsync(int fd)
{
    return later("fsync", fd);
}

int fdatasync(int fd)
{
    return later("fdatasync", fd);
}
