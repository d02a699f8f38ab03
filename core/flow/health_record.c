/*
 * health_record.c - processes against the records that they are about: each
 * is there, and says the state that its process has.
 */
#include "base/banned.h"

#include "flow/health_internal.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "form/record.h"
#include "store/db.h"
#include "store/health.h"

/* Forms that have instances. */
static int form_names(struct vector *names, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    int rc =
        db_query(&query, ctx,
                 "SELECT DISTINCT form FROM flow_instance ORDER BY form", "");

    vector_init(names, ctx->arena);
    while (!rc && (rc = query_next(query)) == 1) {
        vector_add(names, (void *)query_copy(query, 0));
        rc = 0;
    }
    return rc;
}

static int look_at_form(struct health *health, struct ctx *ctx,
                        const struct form *form)
{
    /* One that is in the bin stays what it was. */
    int rc = health_rows(
        health, "flow.health.record", form->name,
        /* sql: names from the definition */
        arena_printf(ctx->arena,
                     "SELECT CAST(i.record AS TEXT) || ' ' || i.title"
                     " FROM flow_instance i WHERE i.form = '%s' AND i.state IN"
                     " ('running', 'returned', 'draft') AND NOT EXISTS"
                     " (SELECT 1 FROM \"%s\" t WHERE t.id = i.record)",
                     form->name, form->table));

    if (rc)
        return rc;
    return health_rows(
        health, "flow.health.record_state", form->name,
        /* sql: names from the definition */
        arena_printf(ctx->arena,
                     "SELECT CAST(i.record AS TEXT) || ' ' || t.state ||"
                     " ' <> ' || i.state FROM flow_instance i JOIN \"%s\" t"
                     " ON t.id = i.record WHERE i.form = '%s'"
                     " AND t.state <> i.state",
                     form->table, form->name));
}

int flow_look_at_records(struct health *health, struct ctx *ctx)
{
    struct vector names;
    size_t i;
    int rc = form_names(&names, ctx);

    for (i = 0; !rc && i < names.count; i++) {
        const struct form *form;

        if (form_find(&form, ctx, names.items[i]))
            ctx_clear(ctx); /* form/ tells of it */
        else
            rc = look_at_form(health, ctx, form);
    }
    return rc;
}

int flow_mend_record_states(struct ctx *ctx)
{
    struct vector names;
    size_t i;
    int rc = tx_begin(ctx, "doctor");

    if (rc)
        return rc;
    rc = form_names(&names, ctx);
    for (i = 0; !rc && i < names.count; i++) {
        const struct form *form;

        if (form_find(&form, ctx, names.items[i])) {
            ctx_clear(ctx);
            continue;
        }
        rc = db_exec(
            ctx,
            /* sql: names from the definition */
            arena_printf(ctx->arena,
                         "UPDATE \"%s\" SET state = (SELECT i.state FROM"
                         " flow_instance i WHERE i.record = \"%s\".id)"
                         " WHERE EXISTS (SELECT 1 FROM flow_instance i"
                         " WHERE i.record = \"%s\".id"
                         " AND i.state <> \"%s\".state)",
                         form->table, form->table, form->table, form->table),
            "");
    }
    return tx_end(ctx, rc);
}
