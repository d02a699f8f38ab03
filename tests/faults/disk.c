/*
 * disk.c - a library to preload: a disk that says of itself what a test wants.
 *
 * Below the folder $TENON_DISK_FOLDER, which is there, statfs() tells the kind
 * of file system $TENON_DISK_KIND (a number in hex; statfs(2) lists them),
 * and statvfs() that $TENON_DISK_FREE bytes are free. What is not set is as
 * it is.
 */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

static int is_below(const char *path)
{
    const char *folder = getenv("TENON_DISK_FOLDER");
    char wanted[PATH_MAX], real[PATH_MAX];
    size_t length;

    if (!folder || !realpath(folder, wanted) || !realpath(path, real))
        return 0;
    length = strlen(wanted);
    return strncmp(real, wanted, length) == 0 &&
           (real[length] == '\0' || real[length] == '/');
}

int statfs(const char *path, struct statfs *info)
{
    static int (*next)(const char *, struct statfs *);
    const char *kind = getenv("TENON_DISK_KIND");
    int rc;

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "statfs");
    rc = next(path, info);
    if (rc == 0 && kind && is_below(path))
        info->f_type = (__typeof__(info->f_type))strtoul(kind, NULL, 16);
    return rc;
}

int statvfs(const char *path, struct statvfs *info)
{
    static int (*next)(const char *, struct statvfs *);
    const char *bytes = getenv("TENON_DISK_FREE");
    int rc;

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "statvfs");
    rc = next(path, info);
    if (rc == 0 && bytes && is_below(path))
        info->f_bavail = strtoul(bytes, NULL, 10) / info->f_frsize;
    return rc;
}
