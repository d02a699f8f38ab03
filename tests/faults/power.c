/*
 * power.c - a library to preload: a disk whose power can be cut (F03), or that
 * fails to sync (F05).
 *
 * What a process syncs below the folder $TENON_POWER_SITE is copied to
 * $TENON_POWER_DISK, as it is at that moment; that is what a power cut leaves
 * for certain. Of everything else tests/lib/power.mjs then keeps, drops or
 * tears each sector of 512 bytes, each new name, each rename.
 *
 *   DISK/content/INODE-BIRTH   a file's bytes
 *   DISK/names/HASH            a folder's path, then a line for each entry
 *   DISK/plan                  struct plan, shared with the test
 *
 * The real disk is not asked at all: a sync takes `delay_us` instead, so that
 * much is under way in each moment.
 */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024 };

struct plan {
    _Atomic int32_t fail; /* so many syncs of the log from now on fail */
    _Atomic int32_t lie;  /* the log's are told done, and are not */
    _Atomic int32_t delay_us;
    _Atomic int32_t failed, syncs;
};

static struct plan *plan;
static char site[PATH_MAX], disk[PATH_MAX];

__attribute__((constructor)) static void start(void)
{
    const char *from = getenv("TENON_POWER_SITE");
    const char *to = getenv("TENON_POWER_DISK");
    char path[PATH_MAX + 16];
    void *page;
    int fd;

    if (!from || !to || !realpath(from, site))
        return;
    snprintf(disk, sizeof disk, "%s", to);
    snprintf(path, sizeof path, "%s/plan", disk);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    page = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED)
        plan = page;
    close(fd);
}

/* A file keeps its name here through renames; the moment of its birth tells
 * it from an earlier one with the same number. */
static int name_of(char *out, size_t size, int fd, const char *folder)
{
    struct statx facts;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &facts) < 0)
        return -1;
    snprintf(out, size, "%s/%s/%llu-%lld", disk, folder,
             (unsigned long long)facts.stx_ino,
             (long long)facts.stx_btime.tv_sec * 1000000000 +
                 facts.stx_btime.tv_nsec);
    return 0;
}

/* Only what differs is written. */
static int copy_content(int fd)
{
    static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
    static char now[PIECE], then[PIECE];
    char path[PATH_MAX + 64];
    struct stat info;
    ssize_t got = 0;
    off_t at;
    int to;

    if (name_of(path, sizeof path, fd, "content") || fstat(fd, &info) < 0)
        return -1;
    to = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (to < 0 || flock(to, LOCK_EX) < 0 || ftruncate(to, info.st_size) < 0)
        return -1;
    pthread_mutex_lock(&one);
    for (at = 0; at < info.st_size; at += PIECE) {
        got = pread(fd, now, PIECE, at);
        if (got <= 0)
            break;
        if (pread(to, then, PIECE, at) != got ||
            memcmp(now, then, (size_t)got) != 0)
            (void)!pwrite(to, now, (size_t)got, at);
    }
    pthread_mutex_unlock(&one);
    close(to);
    return got < 0 ? -1 : 0; /* it may be open for writing only */
}

/* Through another descriptor, where this one can't be read. */
static void keep_content(int fd)
{
    char link[64];
    int other;

    if (copy_content(fd) == 0)
        return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    other = open(link, O_RDONLY | O_CLOEXEC);
    if (other < 0)
        return;
    copy_content(other);
    close(other);
}

static void keep_names(int fd, const char *path)
{
    char part[PATH_MAX + 80], to[PATH_MAX + 64];
    DIR *folder = opendir(path);
    struct dirent *entry;
    FILE *file;

    if (!folder || name_of(to, sizeof to, fd, "names"))
        return;
    snprintf(part, sizeof part, "%s.%d-%lx", to, (int)getpid(),
             (unsigned long)&part);
    file = fopen(part, "we");
    while (file && (entry = readdir(folder))) {
        struct statx facts;

        if (strcmp(entry->d_name, ".") == 0 ||
            strcmp(entry->d_name, "..") == 0 ||
            statx(dirfd(folder), entry->d_name, AT_SYMLINK_NOFOLLOW,
                  STATX_INO | STATX_BTIME, &facts) < 0)
            continue;
        fprintf(file, "%llu-%lld %s\n", (unsigned long long)facts.stx_ino,
                (long long)facts.stx_btime.tv_sec * 1000000000 +
                    facts.stx_btime.tv_nsec,
                entry->d_name);
    }
    closedir(folder);
    if (!file)
        return;
    fclose(file);
    rename(part, to);
}

/* 0 or -1 with errno, as fsync; 1: not ours. */
static int keep(int fd)
{
    char link[64], path[PATH_MAX];
    struct stat info;
    ssize_t length;
    size_t own = strlen(site);
    int log;

    if (!plan || fstat(fd, &info) < 0)
        return 1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 1;
    path[length] = '\0';
    if (strncmp(path, site, own) != 0 || (path[own] && path[own] != '/'))
        return 1;
    plan->syncs++;
    log = length > 4 && strcmp(path + length - 4, "-wal") == 0;
    if (log && plan->fail > 0 && plan->fail-- > 0) {
        plan->failed++;
        errno = EIO;
        return -1;
    }
    if (S_ISDIR(info.st_mode))
        keep_names(fd, path);
    else if (!log || !plan->lie)
        keep_content(fd);
    if (plan->delay_us)
        usleep((useconds_t)plan->delay_us);
    return 0;
}

int fsync(int fd)
{
    static int (*next)(int);
    int rc = keep(fd);

    if (rc <= 0)
        return rc;
    if (!next)
        next = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    return next(fd);
}

int fdatasync(int fd)
{
    static int (*next)(int);
    int rc = keep(fd);

    if (rc <= 0)
        return rc;
    if (!next)
        next = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    return next(fd);
}
