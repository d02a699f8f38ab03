/*
 * health_sqlite.c - what may be wrong with a site's SQLite file.
 *
 * Damage of an index alone is mended from its table; rows that went with
 * their parent by a rule of their table (ON DELETE CASCADE) go after it. The
 * rest is a backup's business.
 */
#include "base/banned.h"

#include "store/health.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "store/dialect.h"
#include "store/sqlite.h"

enum { SAID_MOST = 100 };

/* A row that refers to nothing. */
struct orphan {
    const char *table, *parent;
    int64_t row;
    bool cascade;
};

static bool of_an_index(const char *said)
{
    return strstr(said, "missing from index") ||
           strstr(said, "of entries in index") ||
           strstr(said, "non-unique entry in index");
}

/* All that integrity_check says, "ok" left out. */
static int check_pages(struct vector *said, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx, "PRAGMA integrity_check(100)", "");

    vector_init(said, ctx->arena);
    while (!rc && (rc = query_next(query)) == 1) {
        if (!text_equal(query_text(query, 0), "ok"))
            vector_add(said, (void *)query_copy(query, 0));
        rc = said->count > SAID_MOST ? E_LIMIT : 0;
    }
    return rc == E_LIMIT ? 0 : rc;
}

/* What happens to the rows when that which they name goes. */
static int is_cascade(bool *out, struct ctx *ctx, const char *table,
                      int64_t key)
{
    const char *action = NULL;
    int rc = db_text(&action, ctx,
                     "SELECT on_delete FROM pragma_foreign_key_list(?1) "
                     "WHERE id = ?2",
                     "si", table, key);

    *out = text_equal(action, "CASCADE");
    return rc == E_NOT_FOUND ? 0 : rc;
}

static int check_references(struct vector *orphans, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx, "PRAGMA foreign_key_check", "");

    vector_init(orphans, ctx->arena);
    while (!rc && (rc = query_next(query)) == 1) {
        struct orphan *orphan = arena_alloc(ctx->arena, sizeof *orphan);

        orphan->table = query_copy(query, 0);
        orphan->row = query_int(query, 1);
        orphan->parent = query_copy(query, 2);
        vector_add(orphans, orphan);
        rc = is_cascade(&orphan->cascade, ctx, orphan->table,
                        query_int(query, 3));
    }
    return rc;
}

static int look_inside(struct health *health, struct ctx *ctx)
{
    struct vector said, orphans;
    bool all = true;
    size_t i;
    int rc = check_pages(&said, ctx);

    for (i = 0; !rc && i < said.count; i++)
        all = all && of_an_index(said.items[i]);
    for (i = 0; !rc && i < said.count; i++)
        health_found(health,
                     all ? "store.health.index" : "store.health.damaged",
                     said.items[i]);
    if (!rc)
        rc = check_references(&orphans, ctx);
    for (i = 0; !rc && i < orphans.count; i++) {
        const struct orphan *orphan = orphans.items[i];

        health_found(health,
                     orphan->cascade ? "store.health.follower"
                                     : "store.health.reference",
                     arena_printf(ctx->arena, "%s %lld → %s", orphan->table,
                                  (long long)orphan->row, orphan->parent));
    }
    return rc;
}

/* Our own PRAGMAs pass the authorizer, and no deadline ends them. */
static int look(struct health *health, struct ctx *ctx)
{
    bool before = ctx->db->internal;
    int rc;

    if (db_dialect(ctx) != DB_SQLITE)
        return 0; /* the server looks after its own pages */
    ctx->db->internal = true;
    rc = look_inside(health, ctx);
    ctx->db->internal = before;
    return rc;
}

/* ---- mending ---- */

static int within(struct ctx *ctx, int (*work)(struct ctx *ctx))
{
    bool before = ctx->db->internal;
    int rc = tx_begin(ctx, "doctor");

    if (rc)
        return rc;
    tx_long(ctx, "doctor");
    ctx->db->internal = true;
    rc = work(ctx);
    ctx->db->internal = before;
    return tx_end(ctx, rc);
}

static int reindex(struct ctx *ctx)
{
    return db_exec(ctx, "REINDEX", "");
}

static int mend_indexes(struct ctx *ctx)
{
    return within(ctx, reindex);
}

static int remove_followers(struct ctx *ctx)
{
    struct vector orphans;
    size_t i;
    int rc = check_references(&orphans, ctx);

    for (i = 0; !rc && i < orphans.count; i++) {
        const struct orphan *orphan = orphans.items[i];

        if (orphan->cascade)
            rc = db_exec(ctx,
                         /* sql: names from the definition */
                         arena_printf(ctx->arena,
                                      "DELETE FROM \"%s\" WHERE rowid = ?1",
                                      orphan->table),
                         "i", orphan->row);
    }
    return rc;
}

static int mend_followers(struct ctx *ctx)
{
    return within(ctx, remove_followers);
}

static const struct health_kind kinds[] = {
    { "store.health.unreadable", HEALTH_BAD, NULL, NULL, NULL },
    { "store.health.damaged", HEALTH_BAD, NULL, NULL, NULL },
    { "store.health.index", HEALTH_BAD, NULL, NULL, mend_indexes },
    { "store.health.reference", HEALTH_BAD, NULL, NULL, NULL },
    { "store.health.follower", HEALTH_BAD, NULL, NULL, mend_followers },
    { "store.health.epoch", HEALTH_BAD,
      "SELECT name FROM store_epoch WHERE number < 0",
      "UPDATE store_epoch SET number = 1 WHERE number < 0", NULL },
    { NULL, HEALTH_NOTE, NULL, NULL, NULL },
};

const struct health_room store_health = { "store", kinds, look };
