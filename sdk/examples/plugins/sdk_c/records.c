/*
 * records.c - examples: reading, writing and measuring records.
 */
#include "sdk_c.h"

/* example: tn_records_create */
/* Lends a thing to who acts. All checks and hooks of the form run, as they do
 * on its page; a refusal has its reason already. */
static int lend(int64_t *loan, tn_ctx *ctx, int64_t thing, const char *due)
{
    tn_value *values = tn_map(ctx);

    tn_put(values, "thing", tn_id(ctx, thing));
    tn_put(values, "due", tn_text(ctx, due));
    return tn_records_create(loan, ctx, LOAN, values);
}
/* end */

/* example: tn_records_get, tn_records_update */
/* Takes a thing back. The version is the one that was read: where somebody
 * else changed the record since, this answers TN_E_CONFLICT. */
static int take_back(tn_ctx *ctx, int64_t id)
{
    tn_value *values = tn_map(ctx);
    const tn_value *loan;
    int rc = tn_records_get(&loan, ctx, LOAN, id);

    if (rc != TN_OK)
        return rc;
    tn_put(values, "back", tn_bool(ctx, true));
    return tn_records_update(ctx, LOAN, id,
                             tn_as_int(tn_item(loan, "version"), 0), values);
}
/* end */

/* example: tn_records_delete */
/* Into the bin, from where people can take it back for 30 days. */
static int discard(tn_ctx *ctx, const tn_value *thing)
{
    return tn_records_delete(ctx, THING, tn_as_id(tn_item(thing, "id")),
                             tn_as_int(tn_item(thing, "version"), 0));
}
/* end */

/* example: tn_records_aggregate */
/* What the things of each kind are worth: one question to the database, not a
 * loop over records. A row: { group: { kind }, text: { kind }, count,
 * "sum:value" }. */
static int worth_by_kind(const tn_value **rows, tn_ctx *ctx)
{
    return tn_records_aggregate(
        rows, ctx, THING, .groups = (const char *const[]){ "kind" },
        .group_count = 1,
        .measures = (const char *const[]){ "count", "sum:value" },
        .measure_count = 2, .sort = "-sum:value");
}
/* end */

/* example: tn_may */
/* A button is shown to those who can use it. */
static void put_buttons(tn_ctx *ctx, tn_value *data)
{
    tn_put(data, "can_lend", tn_bool(ctx, tn_may(ctx, LOAN, "create")));
    tn_put(data, "can_export", tn_bool(ctx, tn_may(ctx, LOAN, "export")));
}
/* end */

/* example: tn_transaction */
struct swap {
    int64_t loan, thing;
    const char *due;
};

/* One comes back, another one goes: both, or neither. Everybody else who
 * writes waits meanwhile, so it does nothing but write. */
static int swap_both(tn_ctx *ctx, void *data)
{
    const struct swap *swap = data;
    int64_t id;
    int rc = take_back(ctx, swap->loan);

    return rc != TN_OK ? rc : lend(&id, ctx, swap->thing, swap->due);
}

static int swap(tn_ctx *ctx, int64_t loan, int64_t thing, const char *due)
{
    struct swap both = { loan, thing, due };

    return tn_transaction(ctx, swap_both, &both);
}
/* end */

static int records(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                   void *data)
{
    const tn_value *sent = tn_json(request), *thing, *rows;
    int64_t drill = tn_as_id(tn_item(sent, "drill")), loan;
    tn_value *map = tn_map(ctx), *first;
    int rc = lend(&loan, ctx, drill, "2026-01-09");

    (void)data;
    if (rc == TN_OK)
        rc = swap(ctx, loan, tn_as_id(tn_item(sent, "saw")), "2026-01-10");
    if (rc == TN_OK)
        rc = tn_records_get(&thing, ctx, THING, drill);
    if (rc == TN_OK)
        rc = worth_by_kind(&rows, ctx);
    if (rc == TN_OK)
        rc = discard(ctx, thing);
    if (rc != TN_OK)
        return rc;
    first = tn_at(rows, 0);
    tn_put(map, "kind", tn_item(tn_item(first, "text"), "kind"));
    tn_put(map, "count", tn_item(first, "count"));
    tn_put(map, "worth", tn_item(first, "sum:value"));
    put_buttons(ctx, map);
    return tn_answer_json(answer, 200, map);
}

int start_records(tn_module *self)
{
    return TN_ROUTE(self, .path = "/api/v1/m/sdk_c/records", .method = "POST",
                    .call = records);
}
