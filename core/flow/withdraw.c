/*
 * withdraw.c - the initiator takes an application back (approvals 5.5): until
 * the first human decision of the round; draft again, same instance and
 * number, round + 1.
 */
#include "base/banned.h"

#include "flow/flow.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "flow/command.h"
#include "flow/engine.h"
#include "store/db.h"

/* Who was asked and has never decided no longer reads the draft. */
static int forget_readers(struct ctx *ctx, const struct instance *instance)
{
    QUERY_AUTO *query = NULL;
    struct vector people;
    size_t i;
    int rc;

    vector_init(&people, ctx->arena);
    rc = db_query(&query, ctx,
                  "SELECT DISTINCT holder FROM flow_task t WHERE instance = ?1"
                  " AND holder <> ?2 AND NOT EXISTS (SELECT 1 FROM flow_task d"
                  " WHERE d.instance = ?1 AND d.actor = t.holder)",
                  "ii", instance->id, instance->initiator);
    while (!rc && (rc = query_next(query)) == 1) {
        int64_t *one = arena_alloc(ctx->arena, sizeof(*one));

        *one = query_int(query, 0);
        vector_add(&people, one);
        rc = 0;
    }
    query_done(query);
    query = NULL;
    for (i = 0; !rc && i < people.count; i++)
        rc = access_reader_remove(ctx, instance->record,
                                  *(int64_t *)people.items[i], "task");
    return rc;
}

static int may_withdraw(struct ctx *ctx, const struct instance *instance,
                        int64_t person)
{
    if (instance->initiator != person)
        return fail(ctx, E_FORBIDDEN, "flow.not_initiator",
                    "only who started this application may do that");
    if (!text_equal(instance->state, "running") &&
        !text_equal(instance->state, "returned"))
        return fail(ctx, E_CONFLICT, "flow.not_running",
                    "this application is not under way");
    if (instance->decisions)
        return fail(ctx, E_CONFLICT, "flow.decided",
                    "somebody has decided already");
    return 0;
}

static int withdraw_locked(struct ctx *ctx, struct instance *instance,
                           const char *operation, int64_t person)
{
    struct history_entry entry = { .actor = person, .action = "withdrawn" };
    const struct form *form;
    struct step step;
    int rc = may_withdraw(ctx, instance, person);

    if (!rc)
        rc = step_open(&step, ctx, instance);
    if (!rc)
        rc = step_clear(&step, "canceled", "withdrawn", "withdrawn");
    if (!rc)
        rc = step_save(&step);
    if (!rc)
        rc = forget_readers(ctx, instance);
    if (!rc)
        rc = history_add(ctx, instance, &entry);
    if (!rc)
        rc = form_find(&form, ctx, instance->form);
    if (!rc)
        rc = record_set_state(ctx, form, instance->record, "draft");
    if (rc)
        return rc;
    instance->state = "draft";
    instance->round++;
    instance->result = instance->outcome = NULL;
    return command_end(&step, operation, "withdraw", instance->record,
                       instance->record, "withdraw", NULL);
}

int flow_withdraw(struct ctx *ctx, int64_t record, const char *operation)
{
    struct instance *instance;
    int64_t person, answer;
    int rc = command_person(&person, ctx);

    if (!rc)
        rc = tx_begin_shared(ctx, "flow.withdraw");
    if (rc)
        return rc;
    rc = command_seen(&answer, ctx, operation, "withdraw", record);
    if (rc == 1)
        return tx_end(ctx, 0);
    if (!rc)
        rc = instance_guard(ctx, record);
    if (!rc)
        rc = instance_of_record(&instance, ctx, record);
    if (rc == E_NOT_FOUND)
        rc = fail(ctx, E_NOT_FOUND, "flow.no_instance",
                  "there is no application under way");
    if (!rc)
        rc = withdraw_locked(ctx, instance, operation, person);
    return tx_end(ctx, rc);
}
