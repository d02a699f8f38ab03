/*
 * crm.c - customers, contacts, opportunities, activities: a module in C.
 *
 * The forms, their lists, boards and rights are declarations (forms/). Code
 * is for what is special: what follows from one record for another, and the
 * pages that bring them together.
 */
#include "crm.h"

int touch(tn_ctx *ctx, const char *form, const tn_value *record)
{
    return tn_records_update(ctx, form, tn_as_id(tn_item(record, "id")),
                             tn_as_int(tn_item(record, "version"), 0),
                             tn_map(ctx));
}

int follow_customer(tn_ctx *ctx, tn_record *record, void *unused)
{
    int64_t id = tn_as_id(tn_get(record, "customer"));
    const tn_value *customer;
    int rc;

    (void)unused;
    if (!id)
        return TN_OK; /* refused by the form itself */
    rc = tn_records_get(&customer, ctx, CUSTOMERS, id);
    if (rc != TN_OK)
        return rc;
    return tn_set(record, "manager", tn_item(customer, "manager"));
}

static int add_menu(tn_module *self)
{
    static const tn_menu entries[] = {
        { .title = "crm.menu.overview",
          .path = "/m/crm",
          .icon = "dashboard",
          .form = CUSTOMERS,
          .order = 210 },
        { .title = "crm.menu.customers",
          .path = "/records/" CUSTOMERS,
          .icon = "building-store",
          .form = CUSTOMERS,
          .order = 211 },
        { .title = "crm.menu.contacts",
          .path = "/records/" CONTACTS,
          .icon = "address-book",
          .form = CONTACTS,
          .order = 212 },
        { .title = "crm.menu.opportunities",
          .path = "/records/" OPPORTUNITIES,
          .icon = "target",
          .form = OPPORTUNITIES,
          .order = 213 },
        { .title = "crm.menu.activities",
          .path = "/records/" ACTIVITIES,
          .icon = "activity",
          .form = ACTIVITIES,
          .order = 214 },
        { .title = "crm.menu.team",
          .path = "/m/crm/team",
          .icon = "users-group",
          .form = OPPORTUNITIES,
          .order = 215 },
    };
    size_t i;
    int rc = TN_OK;

    for (i = 0; rc == TN_OK && i < sizeof entries / sizeof *entries; i++)
        rc = TN_MENU(self, .title = entries[i].title, .path = entries[i].path,
                     .icon = entries[i].icon, .form = entries[i].form,
                     .order = entries[i].order);
    return rc;
}

static int crm_start(tn_module *self)
{
    static int (*const starts[])(tn_module *) = {
        customers_start,     opportunities_start,
        activities_start,    overview_start,
        customer_page_start, team_start,
        remind_start,        add_menu,
    };
    size_t i;
    int rc = TN_OK;

    for (i = 0; rc == TN_OK && i < sizeof starts / sizeof *starts; i++)
        rc = starts[i](self);
    return rc;
}

TN_MODULE(crm_start)
