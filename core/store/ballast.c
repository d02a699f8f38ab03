/*
 * ballast.c - room that is kept for the moment when the disk is full.
 */
#include "base/banned.h"

#include "store/ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/log.h"
#include "store/tree.h"

static void path_of(char out[PATH_MAX], const char *folder, const char *name)
{
    snprintf(out, PATH_MAX, "%s/run/%s", folder, name);
}

void ballast_release(const char *folder)
{
    char path[PATH_MAX];

    if (!folder)
        return;
    path_of(path, folder, "ballast");
    if (unlink(path) == 0)
        log_event(LOG_WARN, "store.ballast_released", NULL);
}

int64_t disk_free(const char *folder)
{
    struct statvfs info;

    if (statvfs(folder, &info) < 0)
        return -1;
    return (int64_t)info.f_bavail * (int64_t)info.f_frsize;
}

bool ballast_restore(const char *folder)
{
    char path[PATH_MAX];
    struct stat info;
    bool good;
    int fd;

    path_of(path, folder, "ballast");
    if (stat(path, &info) == 0 && info.st_size >= BALLAST_BYTES &&
        info.st_blocks * 512 >= BALLAST_BYTES)
        return true;
    if (disk_free(folder) < 3 * (int64_t)BALLAST_BYTES)
        return false;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    good = posix_fallocate(fd, 0, BALLAST_BYTES) == 0;
    close(fd);
    if (good)
        tree_give(path, folder);
    else
        unlink(path);
    return good;
}

void ballast_mark_unclean(const char *folder)
{
    char path[PATH_MAX];
    int fd;

    if (!folder)
        return;
    path_of(path, folder, "unclean");
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

bool ballast_is_unclean(const char *folder)
{
    char path[PATH_MAX];

    path_of(path, folder, "unclean");
    return access(path, F_OK) == 0;
}

void ballast_mark_clean(const char *folder)
{
    char path[PATH_MAX];

    path_of(path, folder, "unclean");
    unlink(path);
}
