/*
 * customers.c - what follows for a customer from what is done with it, and
 * what goes along when it gets another account manager.
 *
 * The days of the last contact and of the next step are derived whenever the
 * customer is saved; who changes an activity saves its customer.
 */
#include <string.h>

#include "crm.h"

enum { PAGE = 200 };

/* The newest contact; and the earliest step that is not done. */
static int find_days(tn_ctx *ctx, const tn_value *id, const tn_value **last,
                     const tn_value **next)
{
    const tn_value *rows;
    int64_t at;
    int rc =
        tn_records_find(&rows, ctx, ACTIVITIES, .where = TN_EQ("customer", id),
                        .sort = "at", .descending = true, .limit = 1);

    *last = *next = NULL;
    if (rc == TN_OK && tn_as_instant(&at, tn_item(tn_at(rows, 0), "at"))) {
        *last = tn_text(ctx, tn_iso_date(ctx, at));
    }
    if (rc == TN_OK)
        rc = tn_records_find(
            &rows, ctx, ACTIVITIES, .sort = "next_on", .limit = 1,
            .where = TN_AND(TN_EQ("customer", id),
                            TN_EMPTY("next_on", tn_bool(ctx, false)),
                            TN_NE("next_done", tn_bool(ctx, true))));
    if (rc == TN_OK)
        *next = tn_item(tn_at(rows, 0), "next_on");
    return rc;
}

static int derive_days(tn_ctx *ctx, tn_record *customer, void *unused)
{
    const tn_value *last, *next;
    int rc;

    (void)unused;
    if (tn_is_new(customer))
        return TN_OK;
    rc = find_days(ctx, tn_get(customer, "id"), &last, &next);
    if (rc == TN_OK)
        rc = tn_set(customer, "last_activity", last);
    return rc == TN_OK ? tn_set(customer, "next_step", next) : rc;
}

static bool same_text(const tn_value *a, const tn_value *b)
{
    const char *x = tn_as_text(a), *y = tn_as_text(b);

    return strcmp(x ? x : "", y ? y : "") == 0;
}

int customer_refresh(tn_ctx *ctx, int64_t id)
{
    const tn_value *customer, *last, *next;
    int rc = tn_records_get(&customer, ctx, CUSTOMERS, id);

    if (rc != TN_OK)
        return rc;
    rc = find_days(ctx, tn_item(customer, "id"), &last, &next);
    if (rc != TN_OK || (same_text(last, tn_item(customer, "last_activity")) &&
                        same_text(next, tn_item(customer, "next_step"))))
        return rc;
    return touch(ctx, CUSTOMERS, customer);
}

/* Records of `form` at this customer whose manager is another one, a page at
 * a time; each derives its manager anew. */
static int hand_on(tn_ctx *ctx, const char *form, const tn_record *customer)
{
    const tn_value *rows;
    size_t i, count = PAGE;
    int rc = TN_OK;

    while (rc == TN_OK && count == PAGE) {
        rc = tn_records_find(
            &rows, ctx, form, .limit = PAGE,
            .where = TN_AND(TN_EQ("customer", tn_get(customer, "id")),
                            TN_NE("manager", tn_get(customer, "manager"))));
        count = rc == TN_OK ? tn_count(rows) : 0;
        for (i = 0; rc == TN_OK && i < count; i++)
            rc = touch(ctx, form, tn_at(rows, i));
        if (rc == TN_OK)
            rc = tn_check(ctx);
    }
    return rc;
}

/* Open opportunities of who had the customer go to the new one; what others
 * sell there stays theirs, and what is closed is history. */
static int hand_on_opportunities(tn_ctx *ctx, const tn_record *customer,
                                 const tn_value *before)
{
    const tn_value *rows,
        *closed[] = { tn_text(ctx, "won"), tn_text(ctx, "lost") };
    size_t i, count = PAGE;
    int rc = TN_OK;

    while (rc == TN_OK && count == PAGE) {
        rc = tn_records_find(
            &rows, ctx, OPPORTUNITIES, .limit = PAGE,
            .where = TN_AND(TN_EQ("customer", tn_get(customer, "id")),
                            TN_EQ("manager", before), TN_NE("stage", closed[0]),
                            TN_NE("stage", closed[1])));
        count = rc == TN_OK ? tn_count(rows) : 0;
        for (i = 0; rc == TN_OK && i < count; i++) {
            const tn_value *row = tn_at(rows, i);
            tn_value *values = tn_map(ctx);

            tn_put(values, "manager",
                   tn_id(ctx, tn_as_id(tn_get(customer, "manager"))));
            rc = tn_records_update(
                ctx, OPPORTUNITIES, tn_as_id(tn_item(row, "id")),
                tn_as_int(tn_item(row, "version"), 0), values);
        }
    }
    return rc;
}

static int carry_along(tn_ctx *ctx, tn_record *customer, void *unused)
{
    const tn_value *before = tn_before(customer, "manager");
    int rc;

    (void)unused;
    if (tn_is_new(customer) ||
        tn_as_id(before) == tn_as_id(tn_get(customer, "manager")))
        return TN_OK;
    rc = hand_on(ctx, CONTACTS, customer);
    if (rc == TN_OK)
        rc = hand_on(ctx, ACTIVITIES, customer);
    return rc == TN_OK ? hand_on_opportunities(ctx, customer, before) : rc;
}

int customers_start(tn_module *self)
{
    int rc = TN_ON(self, .form = CUSTOMERS, .when = TN_BEFORE_SAVE,
                   .guard = "id", .call = derive_days);

    if (rc == TN_OK)
        rc = TN_ON(self, .form = CUSTOMERS, .when = TN_AFTER_SAVE,
                   .guard = "id", .call = carry_along);
    if (rc == TN_OK)
        rc = TN_ON(self, .form = CONTACTS, .when = TN_BEFORE_SAVE,
                   .guard = "id", .required = true, .call = follow_customer);
    return rc;
}
