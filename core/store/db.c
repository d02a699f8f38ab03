/*
 * db.c - opening and closing the store: what both drivers need of the site's
 * folder, and which driver it is.
 */
#include "base/banned.h"

#include "store/driver.h"

#include <assert.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "store/backup.h"
#include "store/dialect.h"
#include "store/migrate.h"
#include "store/tree.h"

extern const struct migration store_migrations[];

enum { SLOW_MS = 100 };

/* What a site's folder needs before the lock page can stand in it. */
static int make_folders(struct ctx *ctx, const char *folder)
{
    static const char *const names[] = { "run", "files" };
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = arena_printf(ctx->arena, "%s/%s", folder, names[i]);

        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            return fail(ctx, E_IO, "store.no_folder",
                        "%s cannot be made in the site's folder: %s", names[i],
                        strerrordesc_np(errno));
    }
    return 0;
}

/* A restore that was cut off left the old site aside: it goes back. */
static int finish_restore(struct ctx *ctx, const char *folder)
{
    int alone, rc;

    if (!tree_exists(arena_printf(ctx->arena, "%s/.before", folder)))
        return 0;
    rc = lock_exclude(&alone, ctx, folder);
    if (rc)
        return rc;
    rc = backup_recover(ctx, folder);
    close(alone);
    if (rc > 0)
        log_event(LOG_WARN, "backup.restore_undone", NULL);
    return rc < 0 ? rc : 0;
}

int db_open_page(struct db *db, struct ctx *ctx)
{
    int rc = 0;

    if (db->flags & DB_ALONE)
        return lock_open(&db->lock, ctx, NULL, NULL);
    if (db->folder) {
        rc = make_folders(ctx, db->folder);
        if (!rc)
            rc = finish_restore(ctx, db->folder);
    }
    return rc ? rc : lock_open(&db->lock, ctx, db->folder, NULL);
}

/* A copy that was cut off lacks rows. */
static int refuse_half(struct ctx *ctx)
{
    int rc = db_table_exists(ctx, "store_copy");

    if (rc <= 0)
        return rc;
    return fail(ctx, E_UNAVAILABLE, "store.half_copy",
                "this database is a copy of a site that is not finished; run "
                "tenon migrate-store again");
}

/* A private store is in memory, or a schema of its own where the unit tests
 * run on PostgreSQL (pg_private.c). */
static const struct driver *driver_of(const struct ctx *ctx, int flags)
{
    if (flags & DB_MEMORY)
        return getenv("TENON_TEST_STORE") && !(flags & DB_ALONE)
                   ? &pg_driver
                   : &sqlite_driver;
    if (ctx->site && text_equal(ctx->site->settings.store.driver, "postgresql"))
        return &pg_driver;
    return &sqlite_driver;
}

int db_open(struct ctx *ctx, const char *folder, int flags)
{
    const struct settings *settings = ctx->site ? &ctx->site->settings : NULL;
    struct arena *arena = arena_new(0);
    struct db *db = arena_alloc(arena, sizeof *db);
    int rc;

    assert(!ctx->db);
    rc = crypto_start();
    if (rc) {
        arena_free(arena);
        return fail(ctx, rc, "store.failed", "no source of random numbers");
    }
    db->driver = driver_of(ctx, flags);
    db->arena = arena;
    db->tx_arena = arena_new(0);
    db->flags = flags;
    db->lock.fd = -1;
    db->slow_ms = settings ? settings->slow_query_ms : SLOW_MS;
    db->folder = flags & DB_MEMORY ? NULL : arena_strdup(arena, folder);
    ctx->db = db;
    rc = db->driver->open(db, ctx);
    if (!rc && !(flags & (DB_ALONE | DB_MEMORY)))
        rc = refuse_half(ctx);
    if (!rc && (flags & (DB_CREATE | DB_MEMORY)) && !(flags & DB_ALONE))
        rc = migrate(ctx, store_migrations);
    if (rc) {
        db_close(db);
        ctx->db = NULL;
    }
    return rc;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    db->driver->close(db);
    if (db->lock.page)
        lock_close(&db->lock);
    arena_free(db->tx_arena);
    arena_free(db->arena);
}

enum db_dialect db_dialect(const struct ctx *ctx)
{
    return ctx->db->driver->one_writer ? DB_SQLITE : DB_POSTGRESQL;
}

int db_columns(struct map **out, struct ctx *ctx, const char *table)
{
    return ctx->db->driver->columns(ctx->db, out, ctx, table);
}

int db_index_exists(bool *out, struct ctx *ctx, const char *table,
                    const char *index)
{
    return ctx->db->driver->index_exists(ctx->db, out, ctx, table, index);
}

int db_table_exists(struct ctx *ctx, const char *name)
{
    return ctx->db->driver->table_exists(ctx->db, ctx, name);
}
