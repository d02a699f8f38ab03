/*
 * run.c - makes one backup from its beginning to its end, in a process of its
 * own, and writes into its row how far it is.
 *
 * The row is written over a connection of its own: the other one is inside
 * the snapshot that is copied.
 */
#include "base/banned.h"

#include "backup/backup.h"
#include "backup/internal.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "store/archive.h"
#include "store/backup.h"
#include "store/db.h"
#include "store/tree.h"

/* A commit each time, which others wait for. */
enum { BETWEEN_MS = 3000 };

struct running {
    struct ctx *ctx;
    struct ctx told; /* with the second connection */
    int64_t run;
    int64_t written; /* when, by clock_monotonic() */
    void (*progress)(void *payload, int64_t done, int64_t total);
    void *payload;
};

/* In a scratch arena: it is done thousands of times. */
static int write_row(struct running *running, const char *sql, const char *text,
                     int64_t a, int64_t b)
{
    struct ctx own = running->told;
    int rc;

    own.arena = arena_new(0);
    rc = tx_begin(&own, "backup");
    if (!rc)
        rc = tx_end(&own, db_exec(&own, sql, "isiii", running->run, text, a, b,
                                  db_now(&own)));
    if (rc)
        log_event(LOG_WARN, "backup.untold", "error", ctx_error(&own), NULL);
    arena_free(own.arena);
    return rc;
}

static void step(void *payload, int64_t done, int64_t total)
{
    struct running *running = payload;
    int64_t now = clock_monotonic();

    if (running->progress)
        running->progress(running->payload, done, total);
    if (running->written && now - running->written < BETWEEN_MS)
        return;
    running->written = now;
    write_row(running,
              "UPDATE backup_run SET name = coalesce(?2, name), done = ?3,"
              " total = ?4, seen = ?5 WHERE id = ?1",
              NULL, done, total > done ? total : done);
}

static int open_second(struct running *running)
{
    struct ctx *ctx = running->ctx;
    int rc;

    running->told = *ctx;
    running->told.db = NULL;
    rc = db_open(&running->told, ctx->site->folder, DB_WORKER);
    if (rc)
        return fail(ctx, rc, "store.failed", "%s", ctx_error(&running->told));
    if (running->run)
        return 0;
    running->run = id_next();
    return write_row(running,
                     "INSERT INTO backup_run (id, job, person, state, name,"
                     " begun, seen) VALUES (?1, ?3, ?4, 'running', ?2, ?5, ?5)",
                     NULL, 0, 0);
}

static int read_key(struct backup_options *options, struct backup_key *key,
                    struct ctx *ctx)
{
    const char *path = ctx->site->settings.backup.key;
    int rc = path ? backup_key_read(key, ctx, path) : 0;

    options->key = path && !rc ? key : NULL;
    return rc;
}

/* Made, looked at again, and sent. */
static int make(struct running *running, const char *name, const char *path,
                const struct backup_options *options)
{
    struct ctx *ctx = running->ctx;
    struct backup_options again = *options;
    int rc = backup_make(ctx, path, options);

    again.checked = true;
    if (!rc)
        rc = write_row(running,
                       "UPDATE backup_run SET name = ?2, bytes = ?3,"
                       " encrypted = ?4, seen = ?5 WHERE id = ?1",
                       name, tree_bytes(path), options->key != NULL);
    if (!rc)
        rc = backup_verify(ctx, path, &again);
    if (!rc)
        rc = write_row(running,
                       "UPDATE backup_run SET name = ?2, verified = ?5,"
                       " seen = ?5, done = total + ?3 - ?4 WHERE id = ?1",
                       name, 0, 0);
    if (rc || !remote_wanted(ctx))
        return rc;
    rc = remote_send(ctx, name, path);
    if (!rc)
        rc = write_row(running,
                       "UPDATE backup_run SET name = ?2, sent = 1 + ?3 + ?4,"
                       " seen = ?5 WHERE id = ?1",
                       name, 0, 0);
    return rc;
}

static int make_all(const char **name, struct running *running)
{
    struct backup_options options = { .progress = step,
                                      .payload = running,
                                      .gentle = !running->progress };
    struct ctx *ctx = running->ctx;
    struct backup_key key;
    int rc = read_key(&options, &key, ctx);

    if (!rc)
        rc = name_new(name, ctx);
    if (!rc)
        rc = make(running, *name,
                  arena_printf(ctx->arena, "%s/%s", backup_folder(ctx), *name),
                  &options);
    /* What is old goes only when the new one is good. */
    if (!rc)
        rc = shelf_prune(ctx);
    if (!rc && remote_wanted(ctx))
        rc = remote_prune(ctx);
    return rc;
}

int backup_run(const char **name, struct ctx *ctx, int64_t run,
               void (*progress)(void *payload, int64_t done, int64_t total),
               void *payload)
{
    struct running running = {
        .ctx = ctx, .run = run, .progress = progress, .payload = payload
    };
    int rc = open_second(&running);

    *name = NULL;
    if (!rc)
        rc = make_all(name, &running);
    if (running.told.db) {
        write_row(&running,
                  "UPDATE backup_run SET state = CASE WHEN ?3 = 0 THEN 'done'"
                  " ELSE 'failed' END, problem = ?2, told = ?4, ended = ?5,"
                  " seen = ?5 WHERE id = ?1",
                  rc ? problem_keep(ctx, rc) : NULL, rc, run == 0);
        db_close(running.told.db);
    }
    log_event(rc ? LOG_ERROR : LOG_INFO, rc ? "backup.failed" : "backup.kept",
              "name", *name ? *name : "", "error", rc ? ctx_error(ctx) : "",
              NULL);
    return rc;
}
