/*
 * ending.c - how an instance ends or is cleared, and who is told.
 */
#include "base/banned.h"

#include "flow/engine.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "event/live.h"
#include "form/record.h"
#include "store/db.h"

static int end_open_tasks(struct step *step, const char *state,
                          const char *reason)
{
    QUERY_AUTO *query = NULL;
    int found = 0, rc;

    rc = db_query(&query, step->ctx,
                  "SELECT holder FROM flow_task"
                  " WHERE instance = ?1 AND ended_at IS NULL",
                  "i", step->instance->id);
    while (!rc && (rc = query_next(query)) == 1) {
        step_tell(step, query_int(query, 0));
        found++;
        rc = 0;
    }
    query_done(query);
    query = NULL;
    if (rc || !found)
        return rc;
    return db_exec(step->ctx,
                   "UPDATE flow_task SET state = ?2, version = version + 1,"
                   " ended_at = ?3, reason = ?4"
                   " WHERE instance = ?1 AND ended_at IS NULL",
                   "isis", step->instance->id, state, clock_now(), reason);
}

int step_clear(struct step *step, const char *visit_state,
               const char *task_state, const char *reason)
{
    size_t i;
    int rc;

    for (i = 0; i < step->token_count; i++)
        step->tokens[i].gone = step->tokens[i].moved = true;
    step->agenda_head = step->agenda_tail = 0;
    rc = end_open_tasks(step, task_state, reason);
    if (!rc)
        rc = db_exec(step->ctx,
                     "UPDATE flow_visit SET state = ?2, closed_at = ?3"
                     " WHERE instance = ?1 AND state = 'open'",
                     "isi", step->instance->id, visit_state, clock_now());
    if (!rc)
        rc = incidents_close(step->ctx, step->instance->id, 0);
    return rc;
}

int step_finish(struct step *step, const char *outcome)
{
    struct instance *instance = step->instance;
    const char *kind = text_equal(outcome, "approved") ? "flow.notice.approved"
                                                       : "flow.notice.rejected";
    const struct form *form;
    int rc;

    instance->state = outcome;
    instance->outcome = outcome;
    instance->ended_at = clock_now();
    rc = db_exec(step->ctx,
                 "UPDATE flow_scope SET state = 'ended' WHERE instance = ?1",
                 "i", instance->id);
    if (!rc)
        rc = form_find(&form, step->ctx, instance->form);
    if (!rc)
        rc = record_set_state(step->ctx, form, instance->record, outcome);
    if (!rc)
        rc = history_add(
            step->ctx, instance,
            &(struct history_entry){ .action = "ended", .reason = outcome });
    if (!rc)
        rc = copies_send(step, step->graph->copies, step->graph->copy_count,
                         NULL);
    if (!rc)
        rc = notice_send(step, instance->initiator, kind,
                         arena_printf(step->ctx->arena, "/records/%s/%lld",
                                      instance->form,
                                      (long long)instance->record));
    step_tell(step, instance->initiator);
    return rc;
}

void step_tell(struct step *step, int64_t person)
{
    size_t i;

    for (i = 0; i < step->told_count; i++)
        if (step->told[i] == person)
            return;
    if (step->told_count == step->told_capacity) {
        size_t old = step->told_capacity * sizeof(*step->told);

        step->told_capacity = step->told_capacity ? 2 * step->told_capacity : 8;
        step->told = arena_grow(step->ctx->arena, step->told, old,
                                step->told_capacity * sizeof(*step->told));
    }
    step->told[step->told_count++] = person;
}

void step_send_live(struct step *step)
{
    size_t i;

    for (i = 0; i < step->told_count; i++)
        live_send(step->ctx, step->told[i], "tasks");
}
