/*
 * decide.c - approve, reject, return: what a holder does with a task.
 *
 * Every entrance (page, REST, module) comes through flow_decide and its one
 * guard (S15). A decision and what follows from it are one transaction; what
 * follows may fail, the decision stands (T7).
 */
#include "base/banned.h"

#include "flow/flow.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "flow/command.h"
#include "flow/engine.h"
#include "org/person.h"
#include "store/db.h"

/* An application that went to and fro this often is talked about, not
 * returned once more (5.6). */
enum { ROUNDS_MAX = 10 };

static const struct act {
    const char *state;  /* of the task, and in history */
    const char *visit;  /* state of the visit */
    const char *action; /* in the trail */
} acts[] = {
    [DECISION_APPROVE] = { "approved", "passed", "approve" },
    [DECISION_REJECT] = { "rejected", "rejected", "reject" },
    [DECISION_RETURN] = { "returned", "returned", "return" },
};

/* The row of a task under decision. */
struct held {
    int64_t id, instance, visit, token, holder, version;
    const char *state, *node, *form;
    int size;
};

static int load_held(struct held *out, struct ctx *ctx, int64_t id)
{
    QUERY_AUTO *query = NULL;
    int rc;

    rc = db_query(&query, ctx,
                  "SELECT t.instance, t.visit, v.token, t.holder, t.version,"
                  " t.state, t.node, v.size, t.form FROM flow_task t"
                  " JOIN flow_visit v ON v.id = t.visit WHERE t.id = ?1",
                  "i", id);
    if (!rc)
        rc = query_next(query);
    if (rc <= 0)
        return rc ? rc
                  : fail(ctx, E_NOT_FOUND, "flow.task.none",
                         "there is no such task");
    out->id = id;
    out->instance = query_int(query, 0);
    out->visit = query_int(query, 1);
    out->token = query_int(query, 2);
    out->holder = query_int(query, 3);
    out->version = query_int(query, 4);
    out->state = query_copy(query, 5);
    out->node = query_copy(query, 6);
    out->size = (int)query_int(query, 7);
    out->form = query_copy(query, 8);
    return 0;
}

/* I1: says who was faster, and when. */
static int tell_handled(struct ctx *ctx, const struct held *held)
{
    QUERY_AUTO *query = NULL;
    int rc;

    rc = db_query(&query, ctx,
                  "SELECT actor, ended_at FROM flow_task WHERE instance = ?1"
                  " AND visit = ?2 AND actor IS NOT NULL"
                  " ORDER BY ended_at LIMIT 1",
                  "ii", held->instance, held->visit);
    if (!rc)
        rc = query_next(query);
    if (rc < 0)
        return rc;
    if (!rc)
        return fail(ctx, E_CONFLICT, "flow.task.over",
                    "this task is no longer needed");
    return fail(ctx, E_CONFLICT, "flow.task.handled",
                "already handled by %s at %s",
                person_name(ctx, query_int(query, 0)),
                instant_human(ctx, query_int(query, 1)));
}

/* The one guard (S15): who holds it now, and nobody else, an administrator
 * neither. Who may not see the task does not learn that it is there. */
static int guard(struct ctx *ctx, const struct held *held, int64_t person)
{
    struct task *task;

    if (held->holder != person) {
        int rc = flow_task_get(&task, NULL, ctx, held->id);

        return rc ? rc
                  : fail(ctx, E_FORBIDDEN, "flow.task.not_yours",
                         "only who holds this task can decide it");
    }
    if (!text_equal(held->state, "active"))
        return tell_handled(ctx, held);
    return 0;
}

/* Ends the person's own task and, as one decision is enough (5.3 any), those
 * of the others. */
static int end_tasks(struct step *step, const struct held *held,
                     const struct act *act, const char *comment)
{
    QUERY_AUTO *query = NULL;
    struct ctx *ctx = step->ctx;
    int64_t now = clock_now();
    int rc;

    rc = db_exec(ctx,
                 "UPDATE flow_task SET state = ?3, version = version + 1,"
                 " ended_at = ?4, actor = holder, comment = ?5"
                 " WHERE id = ?1 AND version = ?2 AND state = 'active'",
                 "iisis", held->id, held->version, act->state, now, comment);
    if (rc)
        return rc;
    if (db_changes(ctx) != 1)
        return tell_handled(ctx, held);
    step_tell(step, held->holder);
    if (held->size > 1) {
        rc = db_query(&query, ctx,
                      "SELECT holder FROM flow_task WHERE instance = ?1"
                      " AND visit = ?2 AND ended_at IS NULL",
                      "ii", held->instance, held->visit);
        while (!rc && (rc = query_next(query)) == 1) {
            step_tell(step, query_int(query, 0));
            rc = 0;
        }
        query_done(query);
        query = NULL;
        if (!rc)
            rc = db_exec(ctx,
                         "UPDATE flow_task SET state = 'canceled',"
                         " version = version + 1, reason = 'decided',"
                         " ended_at = ?3 WHERE instance = ?1 AND visit = ?2"
                         " AND ended_at IS NULL",
                         "iii", held->instance, held->visit, now);
    }
    if (rc)
        return rc;
    return db_exec(ctx,
                   "UPDATE flow_visit SET state = ?2, closed_at = ?3"
                   " WHERE id = ?1",
                   "isi", held->visit, act->visit, now);
}

/* The token goes on behind the task. */
static int go_on(struct step *step, const struct held *held,
                 struct history_entry *entry)
{
    struct token *token = step_token(step, held->token);
    int rc;

    if (!token)
        return fail(step->ctx, E_INTERNAL, "flow.token",
                    "instance %lld has no token at the task",
                    (long long)held->instance);
    entry->seq = ++step->instance->events;
    rc = step_follow(step, token, true);
    if (rc)
        return rc;
    entry->data = step->path.length ? buf_text(&step->path) : NULL;
    return history_add(step->ctx, step->instance, entry);
}

static int reject(struct step *step, struct history_entry *entry)
{
    int rc = history_add(step->ctx, step->instance, entry);

    if (!rc)
        rc = step_clear(step, "canceled", "canceled", "rejected");
    if (!rc)
        rc = step_save(step);
    return rc ? rc : step_finish(step, "rejected");
}

/* 5.6: to the initiator. All that is under way lies behind the start, so all
 * of it goes; a new visit opens there, in a new round (I4). */
static int give_back(struct step *step, struct history_entry *entry)
{
    struct instance *instance = step->instance;
    const struct form *form;
    struct token *token;
    int rc;

    if (instance->round > ROUNDS_MAX)
        return fail(step->ctx, E_CONFLICT, "flow.return_limit",
                    "this was returned %d times already: approve or reject it",
                    ROUNDS_MAX);
    rc = history_add(step->ctx, instance, entry);
    if (!rc)
        rc = step_clear(step, "canceled", "canceled", "returned");
    if (rc)
        return rc;
    instance->round++;
    instance->decisions = 0;
    instance->state = "returned";
    instance->outcome = NULL;
    token = step_place(step, step->graph->start);
    if (!token)
        return E_STORE;
    rc = visit_open_start(step, token);
    if (!rc)
        rc = step_save(step);
    if (!rc)
        rc = form_find(&form, step->ctx, instance->form);
    if (!rc)
        rc = record_set_state(step->ctx, form, instance->record, "returned");
    return rc;
}

static int carry_out(struct step *step, const struct held *held,
                     enum decision decision, struct history_entry *entry)
{
    const struct graph_node *node;
    int index = graph_node_find(step->graph, held->node);

    if (index < 0)
        return fail(step->ctx, E_INTERNAL, "flow.token",
                    "instance %lld has a task at no element",
                    (long long)held->instance);
    node = &step->graph->nodes[index];
    if (node->kind == NODE_START)
        return fail(step->ctx, E_INVALID, "flow.task.resubmit",
                    "correct the application and send it again");
    step->instance->decisions++;
    step->instance->result = acts[decision].state;
    if (decision == DECISION_RETURN)
        return give_back(step, entry);
    if (decision == DECISION_REJECT && !node->reject_continues)
        return reject(step, entry);
    return go_on(step, held, entry);
}

/* A task that is not there has nothing to wait for. */
static int guard_instance(struct ctx *ctx, int64_t task)
{
    int64_t record;
    int rc = db_int(&record, ctx, "SELECT record FROM flow_task WHERE id = ?1",
                    "i", task);

    if (rc == E_NOT_FOUND)
        return 0;
    return rc ? rc : instance_guard(ctx, record);
}

static int decide_locked(struct ctx *ctx, int64_t task, enum decision decision,
                         const char *comment, const char *operation,
                         int64_t person)
{
    struct history_entry entry = { .actor = person,
                                   .action = acts[decision].state,
                                   .comment = comment };
    struct instance *instance;
    struct held held = { 0 };
    struct step step;
    int rc = guard_instance(ctx, task);

    if (!rc)
        rc = load_held(&held, ctx, task);
    if (!rc)
        rc = guard(ctx, &held, person);
    if (!rc)
        rc = instance_load(&instance, ctx, held.instance);
    if (!rc)
        rc = step_open(&step, ctx, instance);
    if (rc)
        return rc;
    entry.node = held.node;
    rc = end_tasks(&step, &held, &acts[decision], comment);
    if (!rc)
        rc = carry_out(&step, &held, decision, &entry);
    if (rc)
        return rc;
    return command_end(&step, operation, acts[decision].action, task, task,
                       acts[decision].action, held.node);
}

int flow_decide(struct ctx *ctx, int64_t task, enum decision decision,
                const char *comment, const char *operation)
{
    int64_t person, answer;
    int rc = command_person(&person, ctx);

    if (!rc)
        rc = comment_read(&comment, ctx, comment);
    if (!rc)
        rc = tx_begin_shared(ctx, "flow.decide");
    if (rc)
        return rc;
    rc = command_seen(&answer, ctx, operation, acts[decision].action, task);
    if (rc == 1)
        return tx_end(ctx, 0);
    if (!rc)
        rc = decide_locked(ctx, task, decision, comment, operation, person);
    return tx_end(ctx, rc);
}
