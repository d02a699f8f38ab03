/*
 * job_claim.c - which jobs this process takes, and until when they are its
 * own.
 *
 * Any number of processes on any number of hosts claim from the same table.
 * Where the store lets them do so at the same time, a row that one of them
 * looks at is passed over by the others (FOR UPDATE SKIP LOCKED). Leases go
 * by the store's clock alone: a host whose clock is wrong neither loses its
 * jobs early nor keeps them for ever.
 */
#include "base/banned.h"

#include "event/job_internal.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "base/value.h"
#include "event/work.h"
#include "store/db.h"

/* LEASE_SPARE_MS: a finished attempt's lease has so much more than its
 * deadline. CLAIM_MS: what has not begun after that is anybody's. BLOCKED_MS:
 * when to look again whether a module's jobs may go on. */
enum { LEASE_SPARE_MS = 5000, CLAIM_MS = 10000, BLOCKED_MS = 1000 };
enum { SQL_MAX = 64 * 1024, FIXED = 2 };

/* ---- the questions ---- */

/* Their texts name as many kinds as this process knows; they are made once,
 * because kinds come while it starts only. */
static struct {
    size_t kinds;
    const char *any, *waiting, *expired, *next_due, *next_end;
} texts;

/* `before` (?3, ?4, …) `after` */
static const char *with_kinds(const char *before, const char *after)
{
    size_t i, count = job_kinds()->count;
    struct buf buf;

    buf_init(&buf, job_registry(), SQL_MAX);
    buf_add_text(&buf, before);
    buf_add_text(&buf, "(NULL");
    for (i = 0; i < count; i++)
        buf_addf(&buf, ", ?%d", (int)i + FIXED + 1);
    buf_add_text(&buf, ")");
    buf_add_text(&buf, after);
    return buf_text(&buf);
}

static void make_texts(void)
{
    if (texts.waiting && texts.kinds == job_kinds()->count)
        return;
    texts.kinds = job_kinds()->count;
    texts.any = with_kinds(
        "SELECT 1 FROM event_job WHERE state = 0 AND due <= ?1 AND kind IN ",
        with_kinds(" UNION ALL SELECT 1 FROM event_job WHERE state = 1 AND "
                   "lease < ?1 AND kind IN ",
                   " LIMIT ?2"));
    /* +due: along the index of what waits by (priority, due), not by the one
     * on due, after which all of it would have to be sorted. */
    texts.waiting = with_kinds(
        "SELECT id, kind, data, attempt, every, due, cron, zone, cancel "
        "FROM event_job WHERE state = 0 AND +due <= ?1 AND kind IN ",
        " ORDER BY priority, due LIMIT ?2 FOR UPDATE SKIP LOCKED");
    texts.expired = with_kinds(
        "SELECT id, kind, data, attempt, every, due, cron, zone, cancel "
        "FROM event_job WHERE state = 1 AND lease < ?1 AND kind IN ",
        " ORDER BY lease LIMIT ?2 FOR UPDATE SKIP LOCKED");
    texts.next_due = with_kinds(
        "SELECT due FROM event_job WHERE state = 0 AND due >= ?1 AND due < ?2 "
        "AND kind IN ",
        " ORDER BY due LIMIT 1");
    texts.next_end = with_kinds(
        "SELECT lease FROM event_job WHERE state = 1 AND lease >= ?1 AND "
        "lease < ?2 AND kind IN ",
        " ORDER BY lease LIMIT 1");
}

/* ---- modules that have as many running as they may ---- */

static bool any_limited(void)
{
    const struct vector *kinds = job_kinds();
    size_t i;

    for (i = 0; i < kinds->count; i++)
        if (((const struct job_kind *)kinds->items[i])->parallel)
            return true;
    return false;
}

/* How many other processes, of all hosts, have jobs of each module. One
 * process runs one at a time, however many it has claimed. */
static int read_busy(struct map **out, struct ctx *ctx, int64_t now)
{
    QUERY_AUTO *query = NULL;
    int rc;

    *out = map_new(ctx->arena);
    rc =
        db_query(&query, ctx,
                 "SELECT module, count(*) FROM (SELECT DISTINCT module, host, "
                 "owner FROM event_job WHERE state = 1 AND lease >= ?1 AND "
                 "module IS NOT NULL AND (owner <> ?2 OR host <> ?3)) AS other "
                 "GROUP BY module",
                 "iis", now, (int64_t)getpid(), work_host());
    while (!rc && (rc = query_next(query)) == 1) {
        map_set(*out, query_text(query, 0),
                arena_memdup(ctx->arena, &(int64_t){ query_int(query, 1) },
                             sizeof(int64_t)));
        rc = 0;
    }
    return rc;
}

struct known {
    const struct value **values;
    size_t count;
    bool blocked; /* some kinds are left out */
};

/* The values of the texts above: two numbers, then the kinds that may run
 * now. */
static int known_kinds(struct known *out, struct ctx *ctx, int64_t first,
                       int64_t second)
{
    const struct vector *kinds = job_kinds();
    struct map *busy = NULL;
    size_t i;
    int rc = any_limited() ? read_busy(&busy, ctx, db_now(ctx)) : 0;

    *out = (struct known){ .count = FIXED + kinds->count };
    if (rc)
        return rc;
    make_texts();
    out->values = arena_array(ctx->arena, out->count, sizeof *out->values);
    out->values[0] = value_int(ctx->arena, first);
    out->values[1] = value_int(ctx->arena, second);
    for (i = 0; i < kinds->count; i++) {
        const struct job_kind *kind = kinds->items[i];
        const int64_t *others =
            busy && kind->module ? map_get(busy, kind->module) : NULL;
        bool full = others && kind->parallel && *others >= kind->parallel;

        out->blocked |= full;
        out->values[FIXED + i] =
            full ? value_null(ctx->arena) : value_text(ctx->arena, kind->kind);
    }
    return 0;
}

/* ---- claiming ---- */

static int read_rows(struct batch *batch, struct ctx *ctx, const char *sql,
                     const struct known *known)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query_values(&query, ctx, sql, known->values, known->count);

    while (!rc && batch->count < BATCH_MAX && (rc = query_next(query)) == 1) {
        batch->items[batch->count++] = (struct claimed){
            .id = query_int(query, 0),
            .kind = job_kind_find(query_text(query, 1)),
            .data = query_copy(query, 2),
            .attempt = (int)query_int(query, 3) + 1,
            .every = query_int(query, 4),
            .due = query_int(query, 5),
            .cron = query_copy(query, 6),
            .zone = query_copy(query, 7),
            .cancelled = query_int(query, 8) != 0,
        };
        rc = 0;
    }
    return rc;
}

/* Whether it is worth a transaction: 1 or 0. */
static int anything_due(struct ctx *ctx, int64_t now)
{
    QUERY_AUTO *query = NULL;
    struct known known;
    int rc = known_kinds(&known, ctx, now, 1);

    if (!rc)
        rc = db_query_values(&query, ctx, texts.any, known.values, known.count);
    return rc ? rc : query_next(query);
}

/* What is due: first what another process has left. */
static int find_due(struct batch *batch, struct ctx *ctx, int64_t now, int most)
{
    struct known known;
    int rc = known_kinds(&known, ctx, now, most);

    if (!rc)
        rc = read_rows(batch, ctx, texts.expired, &known);
    if (!rc && batch->count < most) {
        known.values[1] = value_int(ctx->arena, most - batch->count);
        rc = read_rows(batch, ctx, texts.waiting, &known);
    }
    return rc;
}

/* Nothing waits behind what may take long: another worker could do it. */
static void cut_batch(struct batch *batch)
{
    int i = 0;

    while (i < batch->count && job_quick(batch->items[i].kind))
        i++;
    if (batch->count > 0)
        batch->count = i ? i : 1;
}

static int claim_rows(struct ctx *ctx, const struct batch *batch)
{
    int i, rc = 0;

    for (i = 0; i < batch->count && !rc; i++)
        rc = db_exec(ctx,
                     "UPDATE event_job SET state = 1, begun = 0, owner = ?2, "
                     "host = ?3, lease = ?4 WHERE id = ?1",
                     "iisi", batch->items[i].id, (int64_t)getpid(), work_host(),
                     batch->lease);
    return rc;
}

int batch_claim(struct batch *out, struct ctx *ctx, int most)
{
    int64_t now = db_now(ctx);
    int rc = anything_due(ctx, now);

    *out = (struct batch){ .lease = now + CLAIM_MS, .at = -1 };
    if (rc <= 0)
        return rc;
    if (most > BATCH_MAX)
        most = BATCH_MAX;
    rc = tx_begin_shared(ctx, "claim jobs");
    if (rc)
        return rc;
    rc = tx_in_order(ctx);
    /* Two processes must not both count the same free place of a module. */
    if (!rc && any_limited())
        rc = tx_guard(ctx, "event.jobs");
    if (!rc)
        rc = find_due(out, ctx, now, most);
    cut_batch(out);
    if (!rc)
        rc = claim_rows(ctx, out);
    if (!rc)
        rc = batch_next(ctx, out);
    return tx_end(ctx, rc);
}

/* One that has been claimed begins: 1, or 0 where another process has it. */
static int begin_claimed(struct ctx *ctx, struct claimed *job, int64_t lease)
{
    int64_t now = db_now(ctx);
    QUERY_AUTO *query = NULL;
    int rc = db_query(
        &query, ctx,
        "UPDATE event_job SET attempt = ?4, begun = ?5, lease = ?6" JOB_OURS
        " AND lease = ?7 RETURNING (SELECT person FROM event_progress "
        "WHERE job = event_job.id)",
        "iisiiii", job->id, (int64_t)getpid(), work_host(),
        (int64_t)job->attempt, now,
        now + (int64_t)job->kind->seconds * 1000 + LEASE_SPARE_MS, lease);

    if (!rc)
        rc = query_next(query);
    if (rc > 0) {
        job->watched = !query_is_null(query, 0);
        job->person = query_int(query, 0);
    }
    return rc;
}

int batch_next(struct ctx *ctx, struct batch *batch)
{
    int rc = 0;

    while (!rc && ++batch->at < batch->count)
        rc = begin_claimed(ctx, &batch->items[batch->at], batch->lease);
    return rc < 0 ? rc : 0;
}

/* They keep their attempts: nothing was begun. Where one with the same key
 * came meanwhile it stays claimed, until its lease ends it. */
int batch_release(struct ctx *ctx, struct batch *batch)
{
    int i, rc = 0;

    for (i = batch->at + 1; i < batch->count && !rc; i++)
        rc = db_exec(ctx,
                     "UPDATE event_job SET state = 0" JOB_OURS
                     " AND lease = ?4 AND begun = 0" NO_OTHER_WAITS,
                     "iisi", batch->items[i].id, (int64_t)getpid(), work_host(),
                     batch->lease);
    batch->at = batch->count;
    return rc;
}

/* ---- when to come again ---- */

static int first_time(int64_t *due, struct ctx *ctx, const char *sql,
                      const struct known *known)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query_values(&query, ctx, sql, known->values, known->count);

    if (!rc)
        rc = query_next(query);
    if (rc > 0 && query_int(query, 0) < *due)
        *due = query_int(query, 0);
    return rc < 0 ? rc : 0;
}

int claim_next_due(int64_t *due, struct ctx *ctx)
{
    int64_t soon = db_now(ctx) + BLOCKED_MS, end = INT64_MAX;
    struct known known;
    int rc = known_kinds(&known, ctx, 0, INT64_MAX);

    if (!rc)
        rc = first_time(due, ctx, texts.next_due, &known);
    if (!rc)
        rc = first_time(&end, ctx, texts.next_end, &known);
    if (!rc && end < *due)
        *due = end + 1;
    if (!rc && known.blocked && soon < *due)
        *due = soon;
    return rc;
}
