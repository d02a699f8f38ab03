/*
 * import_row.c - one row on its way to a record: found or new, checked like
 * anybody's input.
 */
#include "base/banned.h"

#include "base/ctx.h"
#include "base/str.h"
#include "form/import_steps.h"
#include "form/record_internal.h"

bool import_is_refusal(int rc)
{
    return rc == E_INVALID || rc == E_CONFLICT || rc == E_LIMIT ||
           rc == E_NOT_FOUND || rc == E_FORBIDDEN;
}

/* Where the keys of the row stand, for their problems. */
static const char *key_field(const struct import_plan *plan)
{
    size_t i;

    for (i = 0; i < plan->count; i++)
        if (plan->columns[i].key)
            return plan->columns[i].id ? "id" : plan->columns[i].field->key;
    return "id";
}

static int refuse_key(struct ctx *ctx, const struct import_plan *plan,
                      const struct import_row_now *row)
{
    if (row->bad_key)
        return fail_at(ctx, E_INVALID, key_field(plan), "import.bad_key",
                       "this names no record");
    return fail_at(ctx, E_CONFLICT, key_field(plan), "import.key_ambiguous",
                   "more than one record is called so");
}

static int prepare(struct record_change **change, struct ctx *ctx,
                   struct import_plan *plan, const struct import_row_now *row,
                   bool lenient)
{
    struct value *input;
    int rc =
        import_input(&input, ctx, plan, row->cells, row->record == 0, lenient);
    int other =
        record_prepare(change, ctx, plan->form, row->record, 0, input, NULL);

    return rc ? rc : other;
}

int import_prepare(struct record_change **change, struct ctx *ctx,
                   struct import_plan *plan, struct import_row_now *row,
                   bool lenient)
{
    int rc;

    *change = NULL;
    if (row->bad_key || row->ambiguous)
        return refuse_key(ctx, plan, row);
    rc = prepare(change, ctx, plan, row, lenient);
    /* A record that the person may not see is none to him: the row makes
     * one. */
    if (rc == E_NOT_FOUND && row->record && !plan->by_id) {
        row->record = 0;
        ctx_clear(ctx);
        rc = prepare(change, ctx, plan, row, lenient);
    }
    if (rc) {
        *change = NULL;
        return rc;
    }
    if (row->record && !record_change_any(*change))
        *change = NULL;
    return 0;
}
