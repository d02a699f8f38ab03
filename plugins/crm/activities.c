/*
 * activities.c - what was done with a customer shows on the customer.
 */
#include "crm.h"

/* The customer that it is with, and the one that it was with before. */
static int tell_customer(tn_ctx *ctx, tn_record *activity, void *unused)
{
    int64_t now = tn_as_id(tn_get(activity, "customer"));
    int64_t before = tn_as_id(tn_before(activity, "customer"));
    int rc = TN_OK;

    (void)unused;
    if (now)
        rc = customer_refresh(ctx, now);
    if (rc == TN_OK && before && before != now)
        rc = customer_refresh(ctx, before);
    return rc;
}

int activities_start(tn_module *self)
{
    int rc =
        TN_ON(self, .form = ACTIVITIES, .when = TN_BEFORE_SAVE,
              .guard = "customer", .required = true, .call = follow_customer);

    if (rc == TN_OK)
        rc = TN_ON(self, .form = ACTIVITIES, .when = TN_AFTER_SAVE,
                   .guard = "customer", .call = tell_customer);
    if (rc == TN_OK)
        rc = TN_ON(self, .form = ACTIVITIES, .when = TN_AFTER_DELETE,
                   .guard = "customer", .call = tell_customer);
    return rc;
}
