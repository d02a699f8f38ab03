/*
 * people.c - who gets a task, who gets a copy, and how they learn of it.
 *
 * The steps of approvals 5.2 in their order: resolve, drop duplicates and
 * disabled accounts, the empty rule (role administrators), the rule
 * "approver is initiator" (the next superior). The list is made when the
 * task is entered; later changes of the organization move no running task.
 */
#include "base/banned.h"

#include "flow/engine.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/value.h"
#include "form/record.h"
#include "notify/notify.h"
#include "org/org.h"
#include "org/person.h"
#include "store/db.h"

#define FLOW_ADMIN "administrators"

static void add(struct people *people, struct ctx *ctx, int64_t user)
{
    size_t i;

    if (!user || people->count == PEOPLE_MAX)
        return;
    for (i = 0; i < people->count; i++)
        if (people->ids[i] == user)
            return;
    if (!org_user_enabled(ctx, user))
        return;
    if (!people->ids)
        people->ids = arena_array(ctx->arena, PEOPLE_MAX, sizeof(int64_t));
    people->ids[people->count++] = user;
}

static int add_role(struct people *people, struct ctx *ctx, const char *role)
{
    int64_t *users;
    size_t count, i;
    int rc = org_role_holders(&users, &count, ctx, role);

    for (i = 0; !rc && i < count; i++)
        add(people, ctx, users[i]);
    return rc;
}

static int add_login(struct people *people, struct ctx *ctx, const char *login)
{
    const struct person *person;
    int rc = person_find_login(&person, ctx, login);

    if (!rc)
        add(people, ctx, person->id);
    if (rc == E_NOT_FOUND) { /* nobody: the empty rule's business */
        ctx_clear(ctx);
        rc = 0;
    }
    return rc;
}

static int add_head(struct people *people, struct step *step)
{
    const struct person *initiator;
    int64_t head = 0;
    int rc = person_load(&initiator, step->ctx, step->instance->initiator);

    if (!rc && initiator->department)
        rc = org_head(&head, step->ctx, initiator->department);
    if (!rc)
        add(people, step->ctx, head);
    return rc;
}

static int add_field(struct people *people, struct step *step, const char *key)
{
    struct record *record;
    const struct value *value;
    size_t i;
    int rc = step_record(&record, step);

    if (rc)
        return rc;
    value = value_get(record->values, key);
    if (value_kind(value) != VALUE_LIST)
        add(people, step->ctx, value_as_id(value));
    for (i = 0; i < value_count(value); i++)
        add(people, step->ctx, value_as_id(value_at(value, i)));
    return 0;
}

static int add_rule(struct people *people, struct step *step,
                    const struct participant *one)
{
    struct value *ids;
    size_t i;
    int rc = rule_people(&ids, step, one);

    for (i = 0; !rc && i < value_count(ids); i++)
        add(people, step->ctx, value_as_id(value_at(ids, i)));
    return rc;
}

/* Step 2 and 3. */
static int resolve(struct people *people, struct step *step,
                   const struct participant *list, int count)
{
    int64_t superior;
    int i, rc = 0;

    memset(people, 0, sizeof(*people));
    for (i = 0; !rc && i < count; i++) {
        switch (list[i].kind) {
        case PARTICIPANT_USER:
            rc = add_login(people, step->ctx, list[i].name);
            break;
        case PARTICIPANT_ROLE:
            rc = add_role(people, step->ctx, list[i].name);
            break;
        case PARTICIPANT_HEAD:
            rc = add_head(people, step);
            break;
        case PARTICIPANT_MANAGER:
            rc = org_superior(&superior, step->ctx, step->instance->initiator);
            if (!rc)
                add(people, step->ctx, superior);
            break;
        case PARTICIPANT_FIELD:
            rc = add_field(people, step, list[i].name);
            break;
        case PARTICIPANT_RULE:
            rc = add_rule(people, step, &list[i]);
            break;
        }
    }
    return rc;
}

static bool drop(struct people *people, int64_t user)
{
    size_t i;

    for (i = 0; i < people->count; i++) {
        if (people->ids[i] != user)
            continue;
        memmove(&people->ids[i], &people->ids[i + 1],
                (people->count - i - 1) * sizeof(people->ids[0]));
        people->count--;
        return true;
    }
    return false;
}

int people_resolve(struct people *out, struct step *step,
                   const struct graph_node *node)
{
    int64_t initiator = step->instance->initiator, superior = 0;
    int rc = resolve(out, step, node->participants, node->participant_count);

    if (!rc && !out->count) { /* 5: the empty rule */
        out->rule = "empty";
        rc = add_role(out, step->ctx, FLOW_ADMIN);
    }
    /* 6: nobody approves the own application. Others remain: it is theirs;
     * alone: the next superior, and without one the flow admin. */
    if (!rc && drop(out, initiator) && !out->count) {
        out->rule = "initiator";
        rc = org_superior(&superior, step->ctx, initiator);
        if (!rc && superior != initiator)
            add(out, step->ctx, superior);
        if (!rc && !out->count)
            rc = add_role(out, step->ctx, FLOW_ADMIN);
        (void)drop(out, initiator);
    }
    if (!rc && !out->count)
        rc = fail(step->ctx, E_INVALID, "flow.fault.nobody",
                  "there is nobody who could do %s", node->id);
    return rc;
}

/* ---- notices ---- */

int notice_send(struct step *step, int64_t person, const char *kind,
                const char *link)
{
    struct value *args = value_map(step->ctx->arena);

    value_set_text(args, "title", step->instance->title);
    value_set_text(args, "initiator",
                   person_name(step->ctx, step->instance->initiator));
    return notify_user(step->ctx, person, kind, args, link);
}

/* ---- visits ---- */

static int insert_visit(int64_t *id, struct step *step,
                        const struct token *token, size_t size,
                        const char *rule)
{
    *id = id_next();
    return db_exec(step->ctx,
                   "INSERT INTO flow_visit (id, instance, token, node, round,"
                   " size, state, rule, opened_at) VALUES (?1, ?2, ?3, ?4, ?5,"
                   " ?6, 'open', ?7, ?8)",
                   "iiisiisi", *id, step->instance->id, token->id,
                   step->graph->nodes[token->node].id,
                   (int64_t)step->instance->round, (int64_t)size, rule,
                   clock_now());
}

static int insert_task(int64_t *id, struct step *step, int64_t visit,
                       const struct graph_node *node, int64_t holder)
{
    struct instance *instance = step->instance;

    *id = id_next();
    return db_exec(step->ctx,
                   "INSERT INTO flow_task (id, instance, visit, record, form,"
                   " node, holder, initiator, title, state, version, round,"
                   " created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
                   " 'active', 1, ?10, ?11)",
                   "iiiissiisii", *id, instance->id, visit, instance->record,
                   instance->form, node->id, holder, instance->initiator,
                   instance->title, (int64_t)instance->round, clock_now());
}

static int give_task(struct step *step, int64_t visit,
                     const struct graph_node *node, int64_t holder,
                     const char *notice)
{
    int64_t task;
    int rc = insert_task(&task, step, visit, node, holder);

    if (!rc)
        rc = access_reader_add(step->ctx, step->instance->record, holder,
                               "task", 0);
    if (!rc)
        rc = notice_send(
            step, holder, notice,
            arena_printf(step->ctx->arena, "/tasks/%lld", (long long)task));
    step_tell(step, holder);
    return rc;
}

int visit_open(struct step *step, struct token *token,
               const struct graph_node *node)
{
    struct people people;
    int64_t visit;
    size_t i;
    int rc = people_resolve(&people, step, node);

    if (!rc)
        rc = insert_visit(&visit, step, token, people.count, people.rule);
    else
        return rc;
    for (i = 0; !rc && i < people.count; i++)
        rc = give_task(step, visit, node, people.ids[i], "flow.notice.task");
    /* Rows are written by now: the step as a whole is undone. */
    if (rc)
        return fault_is_fatal(rc) ? rc : E_INTERNAL;
    token->state = TOKEN_WAIT;
    token->moved = true;
    return 0;
}

int visit_open_start(struct step *step, struct token *token)
{
    const struct graph_node *node = &step->graph->nodes[token->node];
    int64_t visit;
    int rc = insert_visit(&visit, step, token, 1, NULL);

    if (!rc)
        rc = give_task(step, visit, node, step->instance->initiator,
                       "flow.notice.returned");
    token->state = TOKEN_WAIT;
    token->moved = true;
    return rc;
}

/* ---- copies ---- */

static int send_copy(struct step *step, int64_t person, const char *node)
{
    struct ctx *ctx = step->ctx;
    struct instance *instance = step->instance;
    int rc;

    rc = db_exec(ctx,
                 "INSERT INTO flow_copy (id, instance, person, node, at)"
                 " VALUES (?1, ?2, ?3, ?4, ?5)"
                 " ON CONFLICT (person, instance) DO NOTHING",
                 "iiisi", id_next(), instance->id, person, node, clock_now());
    if (rc || db_changes(ctx) == 0)
        return rc;
    rc = access_reader_add(ctx, instance->record, person, "copy", 0);
    if (!rc)
        rc = notice_send(step, person, "flow.notice.copy",
                         arena_printf(ctx->arena, "/records/%s/%lld",
                                      instance->form,
                                      (long long)instance->record));
    if (!rc)
        rc = history_add(ctx, instance,
                         &(struct history_entry){ .action = "copied",
                                                  .actor = person,
                                                  .node = node });
    step_tell(step, person);
    return rc;
}

/* Nobody to send it to is no mistake: a copy never blocks. The applicant
 * needs none. */
int copies_send(struct step *step, const struct participant *list, int count,
                const char *node)
{
    struct people people;
    size_t i;
    int rc;

    if (!count)
        return 0;
    rc = resolve(&people, step, list, count);
    for (i = 0; !rc && i < people.count; i++)
        if (people.ids[i] != step->instance->initiator)
            rc = send_copy(step, people.ids[i], node);
    return rc;
}
