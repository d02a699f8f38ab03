/*
 * blob_collect.c - deleting files that no row names, while others put some.
 *
 * Several hosts use one place, and the same content may be put again at the
 * very moment at which it is deleted. So, in the database:
 *
 * - Who puts content first announces it (blob_announce): a row that says when.
 *   For a day nobody deletes what was announced, whether a row names it yet
 *   or not.
 * - The collector remembers when it first found a file without a row. Only a
 *   day later is it deleted: a backup, of the database first and the files
 *   then, finds all that its rows name.
 * - To delete, it first writes that the file is doomed, in a transaction that
 *   looks once more whether a row names it or somebody has announced it. Who
 *   announces afterwards waits until the file is deleted, then puts it anew.
 *   A collector that died leaves such a row: it counts for two minutes, and a
 *   collector deletes only within the first twenty seconds of its own.
 *
 * So two collectors at once do no harm either.
 */
#include "base/banned.h"

#include "store/blob_internal.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "store/db.h"

enum {
    DOOM_MS = 120 * 1000,   /* a doomed row counts so long */
    DELETE_MS = 20 * 1000,  /* its collector deletes so long */
    FRESH_MS = 3600 * 1000, /* an announcement need not be repeated */
    WAIT_MS = 50,           /* between looks at a doomed one */
    TURN_MS = 15 * 1000,    /* a call goes on about so long */
    BATCH = 100,
};

/* ---- who puts ---- */

/* 1: announced and not doomed; 0: doomed. */
static int try_announce(struct ctx *ctx, const char *hash)
{
    int64_t now = db_now(ctx), doomed = 0;
    int rc = tx_begin_shared(ctx, "files.announce");

    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "INSERT INTO store_blob (hash, put_at, unused_at, doomed_at,"
                 " doomed_by) VALUES (?1, ?2, 0, 0, 0)"
                 " ON CONFLICT (hash) DO UPDATE SET put_at = excluded.put_at,"
                 " unused_at = 0",
                 "si", hash, now);
    if (!rc)
        rc = db_int(&doomed, ctx,
                    "SELECT doomed_at FROM store_blob WHERE hash = ?1", "s",
                    hash);
    if (!rc && doomed && doomed < now - DOOM_MS) {
        rc = db_exec(ctx,
                     "UPDATE store_blob SET doomed_at = 0, doomed_by = 0"
                     " WHERE hash = ?1",
                     "s", hash);
        doomed = 0;
    }
    rc = tx_end(ctx, rc);
    return rc ? rc : !doomed;
}

int blob_announce(struct ctx *ctx, const char *hash)
{
    int64_t put_at = 0;
    int rc = db_int(&put_at, ctx,
                    "SELECT put_at FROM store_blob WHERE hash = ?1 AND"
                    " doomed_at = 0 AND unused_at = 0",
                    "s", hash);

    if (rc && rc != E_NOT_FOUND)
        return rc;
    if (!rc && put_at > db_now(ctx) - FRESH_MS)
        return 0;
    while ((rc = try_announce(ctx, hash)) == 0) {
        /* Who waits in a transaction would keep the collector waiting. */
        if (tx_active(ctx))
            return fail(ctx, E_BUSY, "store.busy",
                        "the same file is being deleted; try again");
        usleep(WAIT_MS * 1000);
        rc = ctx_check_deadline(ctx);
        if (rc)
            return rc;
    }
    return rc < 0 ? rc : 0;
}

/* ---- the collector ---- */

struct collecting {
    int (*used)(struct ctx *ctx, const char *hash);
    struct blob_place place;
    int64_t before; /* ms UTC; what is younger is not looked at */
    int64_t token;  /* of this call's doomed rows */
    int64_t count;
    bool now; /* without the day between */
    const char *batch[BATCH], *doomed[BATCH];
    size_t batch_count, doomed_count;
    struct arena *arena; /* of the batch */
};

/* One file, in the transaction: what is to be done with it. */
static int judge(struct ctx *ctx, struct collecting *own, const char *hash)
{
    int64_t now = db_now(ctx), put_at = 0, unused_at = 0, doomed_at = 0;
    QUERY_AUTO *query = NULL;
    int rc = own->used(ctx, hash);

    if (rc)
        return rc < 0 ? rc : 0;
    rc = db_query(&query, ctx,
                  "SELECT put_at, unused_at, doomed_at FROM store_blob"
                  " WHERE hash = ?1",
                  "s", hash);
    if (!rc && (rc = query_next(query)) == 1) {
        put_at = query_int(query, 0);
        unused_at = query_int(query, 1);
        doomed_at = query_int(query, 2);
    }
    if (rc < 0)
        return rc;
    if (put_at > now - BLOB_DAY_MS || doomed_at > now - DOOM_MS)
        return 0;
    if (own->now || (unused_at && unused_at <= now - BLOB_DAY_MS)) {
        own->doomed[own->doomed_count++] = hash;
        return db_exec(ctx,
                       "INSERT INTO store_blob (hash, put_at, unused_at,"
                       " doomed_at, doomed_by) VALUES (?1, 0, ?2, ?2, ?3)"
                       " ON CONFLICT (hash) DO UPDATE SET"
                       " doomed_at = excluded.doomed_at,"
                       " doomed_by = excluded.doomed_by",
                       "sii", hash, now, own->token);
    }
    if (unused_at)
        return 0;
    return db_exec(ctx,
                   "INSERT INTO store_blob (hash, put_at, unused_at,"
                   " doomed_at, doomed_by) VALUES (?1, 0, ?2, 0, 0)"
                   " ON CONFLICT (hash) DO UPDATE SET"
                   " unused_at = excluded.unused_at, doomed_at = 0,"
                   " doomed_by = 0",
                   "si", hash, now);
}

static int judge_batch(struct ctx *ctx, struct collecting *own)
{
    size_t i;
    int rc = tx_begin(ctx, "files.collect");

    if (rc)
        return rc;
    for (i = 0; i < own->batch_count && !rc; i++)
        rc = judge(ctx, own, own->batch[i]);
    return tx_end(ctx, rc);
}

/* What could not be deleted is not doomed any more. */
static int forget_doomed(struct ctx *ctx, const struct collecting *own,
                         size_t gone)
{
    size_t i;
    int rc = tx_begin(ctx, "files.collected");

    if (rc)
        return rc;
    for (i = 0; i < own->doomed_count && !rc; i++)
        rc = i < gone ? db_exec(ctx,
                                "DELETE FROM store_blob WHERE hash = ?1 AND"
                                " doomed_by = ?2 AND put_at < ?3",
                                "sii", own->doomed[i], own->token,
                                db_now(ctx) - BLOB_DAY_MS)
                      : 0;
    if (!rc)
        rc = db_exec(ctx,
                     "UPDATE store_blob SET doomed_at = 0, doomed_by = 0"
                     " WHERE doomed_by = ?1",
                     "i", own->token);
    return tx_end(ctx, rc);
}

static int delete_doomed(struct ctx *ctx, struct collecting *own, int64_t began)
{
    size_t gone = 0;
    int rc = 0, forgot;

    while (!rc && gone < own->doomed_count &&
           clock_monotonic() - began < DELETE_MS) {
        rc = blob_place_remove(ctx, &own->place, own->doomed[gone]);
        if (!rc)
            gone++;
    }
    own->count += (int64_t)gone;
    forgot = forget_doomed(ctx, own, gone);
    return rc ? rc : forgot;
}

static int end_batch(struct ctx *ctx, struct collecting *own)
{
    int64_t began = clock_monotonic();
    int rc = 0;

    own->doomed_count = 0;
    if (own->batch_count)
        rc = judge_batch(ctx, own);
    if (!rc && own->doomed_count)
        rc = delete_doomed(ctx, own, began);
    own->batch_count = 0;
    arena_reset(own->arena);
    return rc;
}

static int look_at(struct ctx *ctx, const char *hash, int64_t size,
                   int64_t modified, void *payload)
{
    struct collecting *own = payload;
    int rc;

    (void)size;
    if (modified >= own->before)
        return 0;
    rc = own->used(ctx, hash);
    if (rc)
        return rc < 0 ? rc : 0;
    own->batch[own->batch_count++] = arena_strdup(own->arena, hash);
    return own->batch_count == BATCH ? end_batch(ctx, own) : 0;
}

/* ---- the rows ---- */

/* A file that was without a row, and has one again, starts anew. */
static int forget_used(struct ctx *ctx,
                       int (*used)(struct ctx *ctx, const char *hash))
{
    struct vector hashes;
    size_t i;
    int rc;

    vector_init(&hashes, ctx->arena);
    {
        QUERY_AUTO *query = NULL;

        rc = db_query(&query, ctx,
                      "SELECT hash FROM store_blob WHERE unused_at > 0", "");
        while (!rc && (rc = query_next(query)) == 1) {
            vector_add(&hashes, (void *)query_copy(query, 0));
            rc = 0;
        }
    }
    for (i = 0; i < hashes.count && !rc; i++) {
        rc = used(ctx, hashes.items[i]);
        if (rc <= 0)
            continue;
        rc = tx_begin(ctx, "files.used");
        if (!rc)
            rc = tx_end(ctx, db_exec(ctx,
                                     "UPDATE store_blob SET unused_at = 0"
                                     " WHERE hash = ?1",
                                     "s", hashes.items[i]));
    }
    return rc;
}

/* Announcements that are over, and rows that say nothing more. */
static int forget_old(struct ctx *ctx)
{
    int64_t now = db_now(ctx);
    int rc = tx_begin(ctx, "files.forget");

    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "UPDATE store_blob SET doomed_at = 0, doomed_by = 0"
                 " WHERE doomed_at > 0 AND doomed_at < ?1",
                 "i", now - DOOM_MS);
    if (!rc)
        rc = db_exec(ctx,
                     "DELETE FROM store_blob WHERE doomed_at = 0 AND"
                     " put_at < ?1 AND (unused_at = 0 OR unused_at < ?2)",
                     "ii", now - BLOB_DAY_MS, now - 10 * BLOB_DAY_MS);
    return tx_end(ctx, rc);
}

/* ---- from folder to folder ---- */

static int read_position(int *position, struct ctx *ctx)
{
    int64_t number = 0;
    const char *text;
    int rc = db_text(&text, ctx,
                     "SELECT value FROM store_fact WHERE"
                     " name = 'files_collected'",
                     "");

    if (!rc && int_parse(&number, text, 0, BLOB_FOLDERS - 1))
        number = 0;
    *position = (int)number;
    return rc == E_NOT_FOUND ? 0 : rc;
}

static int write_position(struct ctx *ctx, int position)
{
    int rc = tx_begin(ctx, "files.position");

    if (rc)
        return rc;
    return tx_end(ctx, db_exec(ctx,
                               "INSERT INTO store_fact (name, value) VALUES"
                               " ('files_collected', ?1) ON CONFLICT (name)"
                               " DO UPDATE SET value = excluded.value",
                               "s", log_int(position)));
}

static int collect(struct ctx *ctx, struct collecting *own, bool *more)
{
    int64_t began = clock_monotonic();
    int position, rc = read_position(&position, ctx);

    if (!rc && position == 0)
        rc = forget_used(ctx, own->used);
    if (!rc)
        rc = forget_old(ctx);
    while (!rc && position < BLOB_FOLDERS &&
           clock_monotonic() - began < TURN_MS) {
        rc = blob_place_walk(ctx, &own->place, position, look_at, own);
        if (!rc)
            rc = end_batch(ctx, own);
        if (!rc && own->place.root)
            folder_tidy(ctx, own->place.root, position);
        position++;
    }
    *more = position < BLOB_FOLDERS;
    return rc ? rc : write_position(ctx, *more ? position : 0);
}

static int collect_turn(bool *more, struct ctx *ctx,
                        int (*used)(struct ctx *ctx, const char *hash),
                        bool now)
{
    struct collecting own = {
        .used = used,
        .now = now,
        .place = blob_place(ctx),
        .before = clock_now() - BLOB_DAY_MS,
        .token = id_next(),
    };
    int fd, rc;

    *more = false;
    rc = blob_place_check(ctx, false);
    if (!rc)
        rc = blob_lock(&fd, ctx);
    if (rc)
        return rc == E_BUSY ? 0 : rc; /* a backup copies them: next time */
    own.arena = arena_new(0);
    rc = collect(ctx, &own, more);
    arena_free(own.arena);
    close(fd);
    if (!rc && own.count)
        log_event(LOG_INFO, "blob.collected", "files", log_int(own.count),
                  NULL);
    return rc;
}

int blob_collect_turn(bool *more, struct ctx *ctx,
                      int (*used)(struct ctx *ctx, const char *hash))
{
    return collect_turn(more, ctx, used, false);
}

int blob_collect(struct ctx *ctx,
                 int (*used)(struct ctx *ctx, const char *hash))
{
    bool more = true;
    int rc = 0;

    while (!rc && more)
        rc = collect_turn(&more, ctx, used, true);
    return rc;
}
