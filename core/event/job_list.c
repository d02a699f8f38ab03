/*
 * job_list.c - jobs as an administrator sees them.
 */
#include "base/banned.h"

#include "event/job.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/value.h"
#include "store/db.h"

int job_list(struct value **out, struct ctx *ctx, int most, int skip)
{
    static const char *const states[] = { "waiting", "running", "failed" };
    QUERY_AUTO *query = NULL;
    struct value *list = value_list(ctx->arena);
    int rc;

    *out = list;
    rc = db_query(&query, ctx,
                  "SELECT id, kind, state, attempt, every, due, error, at "
                  "FROM event_job ORDER BY state DESC, due LIMIT ?1 OFFSET ?2",
                  "ii", (int64_t)most, (int64_t)skip);
    while (!rc && (rc = query_next(query)) == 1) {
        struct value *row = value_map(ctx->arena);
        int64_t state = query_int(query, 2);

        value_set_id(row, "id", query_int(query, 0));
        value_set_text(row, "kind", query_text(query, 1));
        value_set_text(row, "state",
                       state >= 0 && state <= 2 ? states[state] : "waiting");
        value_set_int(row, "attempt", query_int(query, 3));
        value_set_int(row, "every", query_int(query, 4));
        value_set_int(row, "due", query_int(query, 5));
        value_set_text(row, "error", query_text(query, 6));
        value_set_int(row, "at", query_int(query, 7));
        value_append(list, row);
        rc = 0;
    }
    return rc;
}
