/*
 * opportunities.c - what the stage says: probability, the day of closing, and
 * that a company which bought is a customer now.
 *
 * The form's Lua does the first while somebody types; here it holds for
 * boards, imports and the API too.
 */
#include <string.h>

#include "crm.h"

static const struct stage {
    const char *key;
    int probability; /* percent */
    bool closed;
} stages[] = {
    { "first", 10, false }, { "need", 25, false }, { "offer", 50, false },
    { "talks", 75, false }, { "won", 100, true },  { "lost", 0, true },
};

static const struct stage *stage_of(const tn_value *value)
{
    const char *key = tn_as_text(value);
    size_t i;

    for (i = 0; key && i < sizeof stages / sizeof *stages; i++)
        if (strcmp(stages[i].key, key) == 0)
            return &stages[i];
    return NULL;
}

static bool same_number(const tn_value *a, const tn_value *b)
{
    tn_decimal x = { 0 }, y = { 0 };
    bool has_x = tn_as_decimal(&x, a), has_y = tn_as_decimal(&y, b);

    return has_x == has_y && x.units == y.units && x.scale == y.scale;
}

/* A new stage brings its probability, unless somebody said another one with
 * it; what is closed is certain. */
static int derive_probability(tn_ctx *ctx, tn_record *record,
                              const struct stage *stage)
{
    const tn_value *now = tn_get(record, "probability");
    bool moved = stage != stage_of(tn_before(record, "stage"));
    bool said = !tn_is_null(now) &&
                (tn_is_new(record) ||
                 !same_number(now, tn_before(record, "probability")));

    if (!stage->closed && !tn_is_null(now) && (!moved || said))
        return TN_OK;
    return tn_set(record, "probability",
                  tn_decimal_value(ctx, stage->probability, 0));
}

static int derive_closing(tn_ctx *ctx, tn_record *record,
                          const struct stage *stage)
{
    const tn_value *closed = tn_get(record, "closed");

    if (!stage->closed)
        return tn_is_null(closed) ? TN_OK : tn_set(record, "closed", NULL);
    if (!tn_is_null(closed) && stage == stage_of(tn_before(record, "stage")))
        return TN_OK;
    return tn_set(record, "closed",
                  tn_text(ctx, tn_iso_date(ctx, tn_now(ctx))));
}

static int derive(tn_ctx *ctx, tn_record *record, void *unused)
{
    const struct stage *stage = stage_of(tn_get(record, "stage"));
    int rc;

    (void)unused;
    if (!stage)
        return TN_OK; /* refused by the form itself */
    rc = derive_probability(ctx, record, stage);
    if (rc == TN_OK)
        rc = derive_closing(ctx, record, stage);
    if (rc == TN_OK && strcmp(stage->key, "lost") != 0)
        rc = tn_set(record, "lost_reason", NULL);
    return rc;
}

/* Who bought is no prospect any more. */
static int welcome(tn_ctx *ctx, tn_record *record, void *unused)
{
    const struct stage *stage = stage_of(tn_get(record, "stage"));
    const tn_value *customer;
    tn_value *values = tn_map(ctx);
    const char *status;
    int rc;

    (void)unused;
    if (!stage || strcmp(stage->key, "won") != 0)
        return TN_OK;
    rc = tn_records_get(&customer, ctx, CUSTOMERS,
                        tn_as_id(tn_get(record, "customer")));
    if (rc != TN_OK)
        return rc;
    status = tn_as_text(tn_item(customer, "status"));
    if (status && strcmp(status, "customer") == 0)
        return TN_OK;
    tn_put(values, "status", tn_text(ctx, "customer"));
    return tn_records_update(ctx, CUSTOMERS, tn_as_id(tn_item(customer, "id")),
                             tn_as_int(tn_item(customer, "version"), 0),
                             values);
}

int opportunities_start(tn_module *self)
{
    int rc = TN_ON(self, .form = OPPORTUNITIES, .when = TN_BEFORE_SAVE,
                   .guard = "id", .required = true, .call = derive);

    if (rc == TN_OK)
        rc = TN_ON(self, .form = OPPORTUNITIES, .when = TN_AFTER_SAVE,
                   .guard = "id", .call = welcome);
    return rc;
}
