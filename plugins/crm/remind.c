/*
 * remind.c - each morning everybody is told of the own next steps that are
 * due. And what the module does for others: who manages a customer, for the
 * tasks of processes; a customer in figures, for other modules.
 */
#include "parts.h"

enum { HOUR_MS = 3600 * 1000, MORNING = 8, PEOPLE_MAX = 1000 };

/* ---- reminding ---- */

/* Eight o'clock, the next one. */
static int64_t next_morning(tn_ctx *ctx)
{
    int64_t starts = 0, ends = 0, now = tn_now(ctx);

    tn_day(&starts, &ends, ctx, now);
    starts += MORNING * HOUR_MS;
    return starts > now ? starts : ends + MORNING * HOUR_MS;
}

/* Every hour: sees to it that the next morning's reminder waits, once. */
static int plan(tn_ctx *ctx, const tn_value *data, void *extra)
{
    (void)data;
    (void)extra;
    return tn_job_add(NULL, ctx, "crm.remind", NULL, next_morning(ctx),
                      "morning");
}

static int tell(tn_ctx *ctx, const tn_value *row)
{
    int64_t person = tn_as_id(tn_item(tn_item(row, "group"), "person"));
    tn_value *arguments = tn_map(ctx);

    if (!person)
        return TN_OK;
    tn_put(arguments, "count",
           tn_int(ctx, tn_as_int(tn_item(row, "count"), 0)));
    return tn_notify(ctx, person, .key = "crm.remind.due",
                     .arguments = arguments,
                     .path = "/records/" ACTIVITIES "?view=due");
}

static int tell_all(tn_ctx *ctx, void *rows)
{
    const tn_value *list = rows;
    size_t i;
    int rc = TN_OK;

    for (i = 0; rc == TN_OK && i < tn_count(list); i++)
        rc = tell(ctx, tn_at(list, i));
    return rc;
}

static int remind(tn_ctx *ctx, const tn_value *data, void *extra)
{
    static const char *const group[] = { "person" };
    const tn_value *rows;
    int rc;

    (void)data;
    (void)extra;
    if (!tn_as_bool(tn_setting(ctx, "remind")))
        return TN_OK;
    rc = tn_records_aggregate(
        &rows, ctx, ACTIVITIES, .groups = group, .group_count = 1,
        .limit = PEOPLE_MAX,
        .where = TN_AND(TN_LE("next_on", day_in(ctx, 0)),
                        TN_NE("next_done", tn_bool(ctx, true))));
    /* All or nobody: tried again, nobody hears of it twice. */
    return rc == TN_OK ? tn_transaction(ctx, tell_all, (void *)rows) : rc;
}

/* ---- for processes ---- */

/*
 * tenon:participants="crm.account_manager": who manages the customer that the
 * record names. Parameter: customer, an id; by default the record's field
 * "customer", or the record itself.
 */
static int account_manager(tn_ctx *ctx, tn_record *record,
                           const tn_value *parameters, tn_value *people,
                           void *data)
{
    int64_t id = tn_as_id(tn_item(parameters, "customer"));
    const tn_value *customer;
    int rc;

    (void)data;
    if (!id)
        id = tn_as_id(tn_get(record, "customer"));
    if (!id)
        return TN_OK;
    rc = tn_records_get(&customer, ctx, CUSTOMERS, id);
    if (rc == TN_OK)
        tn_append(people, tn_id(ctx, tn_as_id(tn_item(customer, "manager"))));
    return rc == TN_E_NOT_FOUND ? TN_OK : rc;
}

/* ---- for other modules ---- */

static void put_sum(tn_ctx *ctx, tn_value *map, const char *name,
                    const struct sum *sum)
{
    tn_value *one = tn_map(ctx);
    tn_decimal total = { 0 };

    (void)tn_as_decimal(&total, sum->total);
    tn_put(one, "count", tn_int(ctx, sum->count));
    tn_put(one, "amount", tn_decimal_value(ctx, total.units, total.scale));
    tn_put(map, name, one);
}

/*
 * crm.customer_summary: in: the id of a customer; out: {id, name, class,
 * status, manager, last_activity, next_step, open: {count, amount}, won:
 * {count, amount}}, of what the caller may see. TN_E_NOT_FOUND.
 */
static int summary(tn_ctx *ctx, const tn_value *in, const tn_value **out,
                   void *data)
{
    static const char *const fields[] = {
        "id", "name", "class", "status", "manager", "last_activity", "next_step"
    };
    const tn_value *customer;
    tn_value *map = tn_map(ctx);
    struct sum open, won;
    size_t i;
    int rc = tn_records_get(&customer, ctx, CUSTOMERS, tn_as_id(in));

    (void)data;
    if (rc == TN_OK)
        rc = sum_of(
            &open, ctx, OPPORTUNITIES,
            TN_AND(TN_EQ("customer", in), TN_IN("stage", open_stages(ctx))),
            "amount");
    if (rc == TN_OK)
        rc = sum_of(
            &won, ctx, OPPORTUNITIES,
            TN_AND(TN_EQ("customer", in), TN_EQ("stage", tn_text(ctx, "won"))),
            "amount");
    if (rc != TN_OK)
        return rc;
    for (i = 0; i < sizeof fields / sizeof *fields; i++)
        put_text(ctx, map, fields[i], tn_as_text(tn_item(customer, fields[i])));
    put_sum(ctx, map, "open", &open);
    put_sum(ctx, map, "won", &won);
    *out = map;
    return TN_OK;
}

int remind_start(tn_module *self)
{
    int rc = TN_JOB(self, .name = "crm.remind", .title = "crm.remind.title",
                    .call = remind);

    if (rc == TN_OK)
        rc = TN_JOB(self, .name = "crm.plan", .title = "crm.remind.plan",
                    .every = 3600, .call = plan);
    if (rc == TN_OK)
        rc = TN_PARTICIPANTS(self, .name = "crm.account_manager",
                             .title = "crm.account_manager",
                             .call = account_manager);
    if (rc == TN_OK)
        rc = TN_OFFER(self, .name = "crm.customer_summary", .call = summary);
    return rc;
}
