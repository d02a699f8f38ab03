/*
 * spool.c - files for bodies over 64 KiB.
 */
#include "base/banned.h"

#include "front/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/log.h"
#include "front/state.h"

struct spool {
    struct front *front;
    int fd;
    int64_t size, reserved;
};

static int status_of(int error)
{
    if (error == ENOSPC || error == EDQUOT || error == EFBIG)
        return 507;
    if (error == EMFILE || error == ENFILE || error == ENOMEM)
        return 503;
    log_event(LOG_ERROR, "spool.failed", "error", strerrorname_np(error), NULL);
    return 500;
}

static int open_file(struct front *front)
{
    char name[48];
    int fd;

    if (mkdirat(front->site_fd, "files", 0700) < 0 && errno != EEXIST)
        return -1;
    fd = openat(front->site_fd, "files", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL &&
                    errno != ENOENT))
        return fd;
    if (mkdirat(front->site_fd, "files/.spool", 0700) < 0 && errno != EEXIST)
        return -1;
    snprintf(name, sizeof name, "files/.spool/%s%x", front->id_prefix,
             ++front->id_counter);
    fd = openat(front->site_fd, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC,
                0600);
    if (fd >= 0)
        unlinkat(front->site_fd, name, 0);
    return fd;
}

int spool_new(struct spool **out, struct front *front, int64_t reserve)
{
    struct spool *spool;

    if (front->spooled + reserve > front->settings->spool_max) {
        front->counters.overload++;
        return 503;
    }
    spool = calloc(1, sizeof *spool);
    if (!spool)
        return 503;
    spool->front = front;
    spool->fd = open_file(front);
    if (spool->fd < 0) {
        int status = status_of(errno);

        free(spool);
        return status;
    }
    spool->reserved = reserve;
    front->spooled += reserve;
    *out = spool;
    return 0;
}

int spool_write(struct spool *spool, const void *data, size_t length)
{
    while (length) {
        ssize_t written = pwrite(spool->fd, data, length, spool->size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return status_of(errno);
        spool->size += written;
        data = (const char *)data + written;
        length -= (size_t)written;
    }
    return 0;
}

int64_t spool_size(const struct spool *spool)
{
    return spool->size;
}

int spool_file(struct spool *spool)
{
    lseek(spool->fd, 0, SEEK_SET);
    return spool->fd;
}

void spool_free(struct spool *spool)
{
    if (!spool)
        return;
    spool->front->spooled -= spool->reserved;
    close(spool->fd);
    free(spool);
}
