/*
 * migrate.c - numbered migrations.
 *
 * What was applied is kept in store_migration with a hash of its text. Each
 * migration is one transaction that begins with a second look, so that two
 * processes that start at once do not both apply it.
 */
#include "base/banned.h"

#include "store/migrate.h"

#include <assert.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/log.h"
#include "store/driver.h"

static const char record_table[] =
    "CREATE TABLE IF NOT EXISTS store_migration ("
    " component TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,"
    " hash TEXT NOT NULL, at INTEGER NOT NULL,"
    " PRIMARY KEY (component, number)) STRICT, WITHOUT ROWID";

static const char *hash_of(struct ctx *ctx, const struct migration *migration)
{
    unsigned char hash[HASH_SIZE];

    hash_data(hash, migration->sql, strlen(migration->sql), NULL, 0);
    return hex_of(ctx->arena, hash, sizeof hash);
}

/* 1: applied, with this hash; 0: not yet; negative: changed since, error. */
static int applied(struct ctx *ctx, const struct migration *migration,
                   const char *hash)
{
    const char *found = NULL;
    int rc;

    rc = db_text(&found, ctx,
                 "SELECT hash FROM store_migration "
                 "WHERE component = ?1 AND number = ?2",
                 "si", migration->component, (int64_t)migration->number);
    if (rc == E_NOT_FOUND)
        return 0;
    if (rc)
        return rc;
    if (strcmp(found, hash) != 0)
        return fail(ctx, E_STORE, "store.migration_changed",
                    "the migration %s/%04d_%s was changed after it had been "
                    "applied; restore its text, or add a new one",
                    migration->component, migration->number, migration->name);
    return 1;
}

static int apply(struct ctx *ctx, const struct migration *migration,
                 const char *hash, const char *prefix)
{
    int rc = tx_begin(ctx, "migration");

    if (rc)
        return rc;
    tx_long(ctx, "migration");
    rc = applied(ctx, migration, hash);
    if (rc > 0)
        return tx_end(ctx, 0);
    if (!rc)
        rc = ctx->db->driver->run_text(ctx->db, ctx, migration, prefix);
    if (!rc)
        rc = db_exec(ctx,
                     "INSERT INTO store_migration "
                     "(component, number, name, hash, at) "
                     "VALUES (?1, ?2, ?3, ?4, ?5)",
                     "sissi", migration->component, (int64_t)migration->number,
                     migration->name, hash, clock_now());
    if (rc)
        fail(ctx, rc, "store.migration_failed",
             "the migration %s/%04d_%s failed: %s", migration->component,
             migration->number, migration->name, ctx_error(ctx));
    return tx_end(ctx, rc);
}

/* Once per connection: the table that remembers. */
static int make_record(struct ctx *ctx)
{
    int rc = db_table_exists(ctx, "store_migration");

    if (rc)
        return rc < 0 ? rc : 0;
    rc = tx_begin(ctx, "migration");
    if (rc)
        return rc;
    return tx_end(ctx, db_exec(ctx, record_table, ""));
}

/* prefix NULL: a room of the core, which may touch every table. */
static int migrate_within(struct ctx *ctx, const struct migration *migrations,
                          const char *prefix)
{
    const struct migration *migration;
    int rc = make_record(ctx), before = 0;

    for (migration = migrations; !rc && migration->component; migration++) {
        const char *hash = hash_of(ctx, migration);

        assert(migration->number > before);
        before = migration->number;
        rc = applied(ctx, migration, hash);
        if (rc == 0) {
            log_event(LOG_INFO, "store.migrate", "component",
                      migration->component, "name", migration->name, NULL);
            rc = apply(ctx, migration, hash, prefix);
        } else if (rc > 0) {
            rc = 0;
        }
    }
    return rc;
}

int migrate(struct ctx *ctx, const struct migration *migrations)
{
    return migrate_within(ctx, migrations, NULL);
}

int migrate_module(struct ctx *ctx, const struct migration *migrations,
                   const char *prefix)
{
    assert(prefix && *prefix);
    return migrate_within(ctx, migrations, prefix);
}

int migrate_newer(const char **what, struct ctx *ctx,
                  const struct migration *migrations)
{
    const struct migration *migration = migrations;
    int64_t newest = 0;
    int rc;

    *what = NULL;
    for (; migration->component; migration++)
        newest = migration->number;
    if (!newest)
        return 0;
    rc = db_text(what, ctx,
                 "SELECT component || '/' || CAST(number AS TEXT) || '_' ||"
                 " name FROM store_migration"
                 " WHERE component = ?1 AND number > ?2 ORDER BY number",
                 "si", migrations->component, newest);
    return rc == E_NOT_FOUND ? 0 : rc;
}

int migrate_differs(const char **what, struct ctx *ctx,
                    const struct migration *migrations)
{
    const struct migration *migration;
    int rc;

    *what = NULL;
    for (migration = migrations; migration->component; migration++) {
        rc = applied(ctx, migration, hash_of(ctx, migration));
        if (rc < 0)
            return rc;
        if (rc == 0) {
            *what = arena_printf(ctx->arena, "%s/%04d_%s", migration->component,
                                 migration->number, migration->name);
            return 0;
        }
    }
    return migrate_newer(what, ctx, migrations);
}
