/*
 * pg_replica.c - reports read from a replica, where that is as good.
 *
 * A second connection takes the first one's place for one report. It is
 * taken only where the replica has replayed what the primary had written
 * REPLICA_LAG_MS ago, by positions in the log and not by clocks, and knows the
 * same epochs: what this process has cached of forms and grants then holds
 * for what it reads there. Statements are prepared for once there: their
 * names belong to the other connection.
 */
#include "base/banned.h"

#include "store/pg.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/site.h"

/* A replica that is away is not asked again for so long. */
enum { REPLICA_AGAIN_MS = 30 * 1000 };

/* How far the primary's log was, and when. */
struct sample {
    int64_t position, at;
};

struct pg_replica {
    struct pg *primary, *standby;
    int64_t again_at;
    struct sample older, newer;
    bool tells; /* that it is not used was said */
};

static struct pg_replica *replica_of(struct db *db, const struct ctx *ctx)
{
    const char *url = ctx->site ? ctx->site->settings.store.replica_url : NULL;
    struct pg_replica *replica = db->replica;

    if (replica || !url || db->flags & (DB_MEMORY | DB_KEEPER))
        return replica;
    replica = arena_alloc(db->arena, sizeof *replica);
    replica->primary = db->pg;
    replica->standby = arena_alloc(db->arena, sizeof *replica->standby);
    replica->standby->standby = true;
    replica->standby->url = arena_strdup(db->arena, url);
    db->replica = replica;
    return replica;
}

/* What a report has to see: the oldest position that is young enough. */
static int position_wanted(int64_t *out, struct db *db, struct ctx *ctx,
                           struct pg_replica *replica)
{
    int64_t now = clock_monotonic(), position;
    int rc;

    if (!replica->newer.at || now - replica->newer.at > REPLICA_LAG_MS / 2) {
        rc = pg_number(&position, db, ctx,
                       "SELECT (pg_current_wal_lsn() - '0/0')::bigint");
        if (rc)
            return rc;
        replica->older = replica->newer;
        replica->newer = (struct sample){ position, now };
    }
    *out = replica->older.at && now - replica->older.at <= REPLICA_LAG_MS
               ? replica->older.position
               : replica->newer.position;
    return 0;
}

static bool connected(struct db *db, struct ctx *ctx,
                      struct pg_replica *replica)
{
    if (replica->standby->conn)
        return true;
    if (clock_monotonic() < replica->again_at)
        return false;
    if (pg_connect_standby(db, ctx) == 0)
        return true;
    replica->again_at = clock_monotonic() + REPLICA_AGAIN_MS;
    log_ctx(ctx, LOG_WARN, "store.replica_away", "reason", ctx_error(ctx),
            NULL);
    return false;
}

/* In the snapshot that the report will read. */
static int replayed(bool *enough, struct db *db, struct ctx *ctx,
                    int64_t wanted)
{
    int64_t position;
    int rc;

    pg_enter(db, ctx);
    rc = pg_number(&position, db, ctx,
                   "SELECT CASE WHEN pg_is_in_recovery() THEN "
                   "(pg_last_wal_replay_lsn() - '0/0')::bigint END");
    *enough = position >= wanted;
    return rc;
}

static int same_epochs(bool *same, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    int known = 0, rc;

    rc = db_query(&query, ctx, "SELECT name, number FROM store_epoch", "");
    *same = true;
    while (!rc && (rc = query_next(query)) == 1) {
        known++;
        *same &= epoch_of(ctx, query_text(query, 0)) == query_int(query, 1);
        rc = 0;
    }
    *same &= known == ctx->db->epoch_count;
    return rc;
}

void pg_replica_leave(struct db *db)
{
    if (!db->replica || db->pg == db->replica->primary)
        return;
    if (db->read_open)
        pg_snapshot_end(db);
    db->read_open = false;
    db->pg = db->replica->primary;
}

/* The replica is in place, its snapshot begun: is it good enough? */
static bool suits(struct db *db, struct ctx *ctx, int64_t wanted)
{
    bool enough = false, same = false;
    int rc;

    db->read_open = true;
    db->pg->pending = PG_SNAPSHOT;
    rc = replayed(&enough, db, ctx, wanted);
    if (!rc && enough)
        rc = same_epochs(&same, ctx);
    return !rc && enough && same;
}

static void tell(struct pg_replica *replica, bool used)
{
    if (replica->tells != used)
        log_event(LOG_INFO, used ? "store.replica" : "store.replica_behind",
                  NULL);
    replica->tells = used;
}

bool pg_replica_enter(struct db *db, struct ctx *ctx)
{
    struct pg_replica *replica = replica_of(db, ctx);
    struct ctx own = pg_apart(ctx);
    int64_t wanted;
    bool used;

    if (!replica)
        return false;
    if (pg_ensure(db, &own) || position_wanted(&wanted, db, &own, replica))
        return false;
    db->pg = replica->standby;
    if (!connected(db, &own, replica)) {
        db->pg = replica->primary;
        return false;
    }
    used = suits(db, &own, wanted);
    if (!used)
        pg_replica_leave(db);
    tell(replica, used);
    return used;
}

void pg_replica_close(struct db *db)
{
    struct pg *standby = db->replica ? db->replica->standby : NULL;

    pg_replica_leave(db);
    if (standby && standby->conn)
        pq.PQfinish(standby->conn);
    if (standby)
        standby->conn = NULL;
}
