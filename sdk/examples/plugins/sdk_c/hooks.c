/*
 * hooks.c - examples: what happens around the saving of a record.
 */
#include <string.h>

#include "sdk_c.h"

/* example: tn_records_count, tn_fail, tn_get, TN_AND, TN_EQ, TN_NE */
/* A thing is lent once at a time. The hook runs as the module: it sees the
 * loans of all people, whoever saves. EQ and NE take null for a value. */
static int refuse_lent(tn_ctx *ctx, tn_record *loan, void *unused)
{
    int64_t others;
    int rc = tn_records_count(&others, ctx, LOAN,
                              TN_AND(TN_EQ("thing", tn_get(loan, "thing")),
                                     TN_NE("back", tn_bool(ctx, true)),
                                     TN_NE("id", tn_get(loan, "id"))));

    (void)unused;
    if (rc != TN_OK)
        return rc; /* the reason is recorded already */
    if (others > 0)
        return tn_fail(ctx, TN_E_CONFLICT, "sdk_c.lent", "lent already");
    return TN_OK;
}
/* end */

/* example: tn_fail_at, tn_is_new, tn_iso_date */
/* Nothing is lent into the past. The refusal stands at the field. Dates are
 * texts that compare as such; "today" is the person's, not UTC's. */
static int refuse_past(tn_ctx *ctx, tn_record *loan, void *unused)
{
    const char *due = tn_as_text(tn_get(loan, "due"));

    (void)unused;
    if (tn_is_new(loan) && due &&
        strcmp(due, tn_iso_date(ctx, tn_now(ctx))) < 0)
        return tn_fail_at(ctx, TN_E_INVALID, "due", "sdk_c.past",
                          "due in the past");
    return TN_OK;
}
/* end */

/* example: tn_fail_with, tn_setting */
/* As many things as administrators allow: {1} and {2} of the catalog's text
 * are filled from the list. */
static int refuse_too_many(tn_ctx *ctx, tn_record *loan, void *unused)
{
    int64_t most = tn_as_int(tn_setting(ctx, "most"), 3), has;
    tn_value *arguments = tn_list(ctx);
    int rc = tn_records_count(&has, ctx, LOAN,
                              TN_AND(TN_EQ("owner", tn_get(loan, "owner")),
                                     TN_NE("back", tn_bool(ctx, true)),
                                     TN_NE("id", tn_get(loan, "id"))));

    (void)unused;
    if (rc != TN_OK || has < most)
        return rc;
    tn_append(arguments, tn_int(ctx, has));
    tn_append(arguments, tn_int(ctx, most));
    return tn_fail_with(ctx, TN_E_LIMIT, NULL, "sdk_c.too_many", "too many",
                        arguments);
}
/* end */

/* example: tn_before, tn_set */
/* Keeps the first day of return in the note when it is moved. */
static int note_move(tn_ctx *ctx, tn_record *loan, void *unused)
{
    const char *before = tn_as_text(tn_before(loan, "due"));
    const char *due = tn_as_text(tn_get(loan, "due"));

    (void)ctx;
    (void)unused;
    if (!before || !due || strcmp(before, due) == 0)
        return TN_OK; /* new, or not moved */
    return tn_set(loan, "note", tn_before(loan, "due"));
}
/* end */

/* example: tn_log, tn_form */
/* After a save, in its transaction. The log says what, never what people
 * wrote. */
static int log_saved(tn_ctx *ctx, tn_record *record, void *unused)
{
    (void)unused;
    tn_log(ctx, TN_LOG_INFO, "sdk_c.saved", tn_form(record));
    return TN_OK;
}
/* end */

/* example: TN_ON */
/* Hooks of a form. `guard` makes two loans of one thing wait for each other,
 * so that the count of the second sees the first; `required`: where this check
 * can't run, nothing is saved. */
static int register_hooks(tn_module *self)
{
    int rc = TN_ON(self, .form = LOAN, .when = TN_BEFORE_SAVE, .guard = "thing",
                   .required = true, .call = refuse_lent);

    if (rc == TN_OK)
        rc = TN_ON(self, .form = LOAN, .when = TN_BEFORE_SAVE, .order = 10,
                   .call = refuse_past);
    if (rc == TN_OK)
        rc =
            TN_ON(self, .form = LOAN, .when = TN_AFTER_SAVE, .call = log_saved);
    return rc;
}
/* end */

int start_hooks(tn_module *self)
{
    TN_ON(self, .form = LOAN, .when = TN_BEFORE_SAVE, .order = 20,
          .guard = "owner", .call = refuse_too_many);
    TN_ON(self, .form = LOAN, .when = TN_BEFORE_SAVE, .order = 30,
          .call = note_move);
    return register_hooks(self);
}
