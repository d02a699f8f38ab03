/*
 * crm.h - what the files of the module share.
 */
#ifndef CRM_H
#define CRM_H

#include <tenon/tenon.h>

#define CUSTOMERS "crm.customer"
#define CONTACTS "crm.contact"
#define OPPORTUNITIES "crm.opportunity"
#define ACTIVITIES "crm.activity"

/* Registrations of each file. */
int customers_start(tn_module *self);
int opportunities_start(tn_module *self);
int activities_start(tn_module *self);
int overview_start(tn_module *self);
int customer_page_start(tn_module *self);
int team_start(tn_module *self);
int remind_start(tn_module *self);

/*
 * Saves a record of the module without a change of its own, so that what its
 * hooks derive is derived anew. Not in before-hooks.
 */
int touch(tn_ctx *ctx, const char *form, const tn_value *record);

/* Saves the customer where the days of its last contact or next step are not
 * what its activities say any more. Not in before-hooks. */
int customer_refresh(tn_ctx *ctx, int64_t id);

/* Sets the manager of a record to that of its customer. */
int follow_customer(tn_ctx *ctx, tn_record *record, void *unused);

#endif
