/*
 * preview.c - draws the first pages of a PDF, in the jobs lane.
 *
 * pdftoppm reads a stranger's file: it runs as a child without new
 * privileges, with limits of memory, time, file size and descriptors, an
 * empty environment and no open file but the PDF (S24, S46, S53). Its images
 * go into store/blob.
 */
#include "base/banned.h"

#include "form/preview.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/value.h"
#include "event/job.h"
#include "event/live.h"
#include "form/attachment.h"
#include "store/blob.h"
#include "store/db.h"

enum { PAGES_MAX = 5, SECONDS_MAX = 20 };

/* "--as=512": never above what this process may have itself, because only
 * root may raise a limit. */
static char *limit(struct ctx *ctx, const char *name, int resource, rlim_t most)
{
    struct rlimit own;

    if (getrlimit(resource, &own) == 0 && own.rlim_max != RLIM_INFINITY &&
        own.rlim_max < most)
        most = own.rlim_max;
    return arena_printf(ctx->arena, "--%s=%llu", name,
                        (unsigned long long)most);
}

/* The limits come from prlimit and setpriv (util-linux), because
 * posix_spawn sets none. */
static int start_child(pid_t *child, struct ctx *ctx, int fd,
                       const char *folder)
{
    char *const argv[] = {
        "prlimit",
        limit(ctx, "as", RLIMIT_AS, (rlim_t)1 << 30),
        limit(ctx, "cpu", RLIMIT_CPU, 15),
        limit(ctx, "fsize", RLIMIT_FSIZE, (rlim_t)1 << 25),
        limit(ctx, "nofile", RLIMIT_NOFILE, 32),
        "--core=0",
        "--",
        "setpriv",
        "--no-new-privs",
        "--",
        "pdftoppm",
        "-png",
        "-r",
        "96",
        "-scale-to-x",
        "1000",
        "-scale-to-y",
        "-1",
        "-f",
        "1",
        "-l",
        "5",
        "-",
        "page",
        NULL,
    };
    char *const environment[] = { "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8",
                                  NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int rc;

    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, fd, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    posix_spawn_file_actions_addchdir_np(&actions, folder);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    rc = posix_spawnp(child, "prlimit", &actions, &attributes, argv,
                      environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return rc;
}

/* Waits, at most SECONDS_MAX; true where the child ended well. */
static bool wait_child(pid_t child)
{
    int64_t until = clock_monotonic() + SECONDS_MAX * 1000;
    struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
    int status;

    for (;;) {
        pid_t got = waitpid(child, &status, WNOHANG);

        if (got == child)
            return WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (got < 0 && errno != EINTR)
            return false;
        if (clock_monotonic() > until) {
            kill(-child, SIGKILL);
            waitpid(child, &status, 0);
            return false;
        }
        nanosleep(&pause, NULL);
    }
}

/* pdftoppm writes page-1.png or, of many pages, page-01.png. */
static int open_page(struct ctx *ctx, const char *folder, int page)
{
    int width;

    for (width = 1; width <= 6; width++) {
        int fd = open(
            arena_printf(ctx->arena, "%s/page-%0*d.png", folder, width, page),
            O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        if (fd >= 0)
            return fd;
    }
    return -1;
}

static void remove_folder(struct ctx *ctx, const char *folder)
{
    int page, width;

    for (page = 1; page <= PAGES_MAX; page++)
        for (width = 1; width <= 6; width++)
            unlink(arena_printf(ctx->arena, "%s/page-%0*d.png", folder, width,
                                page));
    rmdir(folder);
}

static int keep_pages(struct ctx *ctx, const struct attachment *file,
                      const char *folder)
{
    const char *hashes[PAGES_MAX];
    int64_t sizes[PAGES_MAX];
    int count, page, fd, rc = 0;

    for (count = 0; count < PAGES_MAX; count++) {
        fd = open_page(ctx, folder, count + 1);
        if (fd < 0)
            break;
        rc = blob_put_fd(&hashes[count], &sizes[count], ctx, fd);
        close(fd);
        if (rc)
            return rc;
    }
    rc = tx_begin_shared(ctx, "attachment.preview");
    if (rc)
        return rc;
    rc = db_exec(ctx, "DELETE FROM attachment_page WHERE attachment = ?1", "i",
                 file->id);
    for (page = 0; !rc && page < count; page++)
        rc = db_exec(ctx,
                     "INSERT INTO attachment_page (attachment, page, hash,"
                     " size) VALUES (?1, ?2, ?3, ?4)",
                     "iisi", file->id, (int64_t)page + 1, hashes[page],
                     sizes[page]);
    if (!rc)
        rc = db_exec(ctx, "UPDATE attachment SET pages = ?2 WHERE id = ?1",
                     "ii", file->id, (int64_t)(count ? count : -1));
    if (!rc && file->form)
        live_send(ctx, 0, arena_printf(ctx->arena, "records:%s", file->form));
    return tx_end(ctx, rc);
}

int preview_job(struct ctx *ctx, const struct job *job)
{
    char folder[] = "/tmp/tenon-preview-XXXXXX";
    struct attachment *file;
    pid_t child;
    int fd, rc;

    rc = attachment_find(&file, ctx, value_get_id(job->data, "id"));
    if (rc == E_NOT_FOUND)
        return 0; /* removed meanwhile */
    if (!rc)
        rc = attachment_open(&fd, ctx, file, 0);
    if (rc)
        return rc;
    if (!mkdtemp(folder)) {
        close(fd);
        return fail(ctx, E_IO, "form.no_temporary_folder",
                    "no folder for previews can be made in /tmp");
    }
    rc = start_child(&child, ctx, fd, folder);
    close(fd);
    if (rc || !wait_child(child))
        log_ctx(ctx, LOG_WARN, "preview.failed", "attachment",
                log_int(file->id), NULL);
    rc = keep_pages(ctx, file, folder);
    remove_folder(ctx, folder);
    return rc;
}
