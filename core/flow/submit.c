/*
 * submit.c - applications: saving and starting, and going on after a return
 * or a withdrawal. One transaction (I2).
 */
#include "base/banned.h"

#include "flow/flow.h"

#include "audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/unicode.h"
#include "flow/command.h"
#include "flow/definition.h"
#include "flow/engine.h"
#include "org/person.h"
#include "store/db.h"

int command_person(int64_t *out, struct ctx *ctx)
{
    *out = person_id(ctx->person);
    if (!*out)
        return fail(ctx, E_SIGN_IN, "flow.sign_in", "nobody is signed in");
    return 0;
}

int comment_read(const char **out, struct ctx *ctx, const char *text)
{
    size_t length;

    *out = NULL;
    if (!text)
        return 0;
    while (*text && strchr(" \t\r\n", *text))
        text++;
    length = strlen(text);
    while (length && strchr(" \t\r\n", text[length - 1]))
        length--;
    if (length > COMMENT_MAX)
        return fail_at(ctx, E_INVALID, "comment", "flow.comment.long",
                       "the comment has more than %d bytes", COMMENT_MAX);
    if (!utf8_valid(text, length))
        return fail_at(ctx, E_INVALID, "comment", "flow.comment.text",
                       "the comment is not text");
    if (length)
        *out = arena_strndup(ctx->arena, text, length);
    return 0;
}

static void set_change(struct ctx *ctx, struct value *changes, const char *key,
                       struct value *to)
{
    struct value *pair = value_map(ctx->arena);

    value_set(pair, "to", to);
    value_set(changes, key, pair);
}

int command_end(struct step *step, const char *operation, const char *kind,
                int64_t subject, int64_t answer, const char *action,
                const char *node)
{
    struct ctx *ctx = step->ctx;
    struct instance *instance = step->instance;
    struct value *changes = value_map(ctx->arena);
    int rc = command_keep(ctx, operation, kind, subject, answer);

    set_change(ctx, changes, "form", value_text(ctx->arena, instance->form));
    set_change(
        ctx, changes, "record",
        value_text(ctx->arena, arena_printf(ctx->arena, "%lld",
                                            (long long)instance->record)));
    if (node)
        set_change(ctx, changes, "step", value_text(ctx->arena, node));
    if (!rc)
        rc = instance_save(ctx, instance);
    if (!rc)
        rc = audit_add(ctx, "flow", instance->id, action, changes);
    if (rc)
        return rc;
    step_tell(step, instance->initiator);
    step_send_live(step);
    return 0;
}

/* ---- what may be submitted ---- */

/* Whether `instance` (NULL: none yet) may be sent on by the person. */
static int may_submit(struct ctx *ctx, const struct instance *instance,
                      int64_t person)
{
    if (!instance)
        return 0;
    if (instance->initiator != person)
        return fail(ctx, E_FORBIDDEN, "flow.not_initiator",
                    "only who started this application may do that");
    if (text_equal(instance->state, "running"))
        return fail(ctx, E_CONFLICT, "flow.running",
                    "this application is under way already");
    if (!text_equal(instance->state, "draft") &&
        !text_equal(instance->state, "returned"))
        return fail(ctx, E_CONFLICT, "flow.over", "this application has ended");
    return 0;
}

/* The instance of a record that is submitted again; NULL where it never was
 * and the person owns it. */
static int find_instance(struct instance **out, struct ctx *ctx,
                         const struct form *form, int64_t id, int64_t person)
{
    struct record *record;
    int rc = instance_of_record(out, ctx, id);

    if (!rc)
        return may_submit(ctx, *out, person);
    if (rc != E_NOT_FOUND)
        return rc;
    *out = NULL;
    rc = record_get(&record, ctx, form, id);
    if (rc)
        return rc;
    if (record->owner != person)
        return fail(ctx, E_FORBIDDEN, "flow.not_owner",
                    "only who wrote this application may send it");
    return 0;
}

/* ---- starting and going on ---- */

static int start(struct step *step, struct instance *instance, struct ctx *ctx,
                 const struct record *record, int64_t definition,
                 int64_t person)
{
    struct token *token;
    int rc;

    instance->id = id_next();
    instance->definition = definition;
    instance->form = record->form->name;
    instance->form_version = record->form->version;
    instance->record = record->id;
    instance->initiator = person;
    instance->title = record_label(ctx, record);
    instance->state = "running";
    instance->version = instance->round = 1;
    instance->started_at = clock_now();
    rc = graph_load(&instance->graph, ctx, definition);
    if (!rc)
        rc = instance_insert(ctx, instance);
    if (!rc)
        rc = step_begin(step, ctx, instance);
    if (rc)
        return rc;
    token = step_place(step, step->graph->start);
    return token ? 0 : E_STORE;
}

/* Withdrawn: from the start again; returned: the initiator's task at the
 * start ends, and its token goes on (5.6, "walk again"). */
static int again(struct step *step, struct instance *instance, struct ctx *ctx,
                 const struct record *record)
{
    bool returned = text_equal(instance->state, "returned");
    int rc = step_open(step, ctx, instance);

    if (rc)
        return rc;
    instance->state = "running";
    instance->result = instance->outcome = NULL;
    instance->decisions = 0;
    instance->title = record_label(ctx, record);
    if (!returned)
        return step_place(step, step->graph->start) ? 0 : E_STORE;
    rc = db_exec(ctx,
                 "UPDATE flow_task SET state = 'approved', reason ="
                 " 'resubmitted', actor = holder, ended_at = ?2,"
                 " version = version + 1"
                 " WHERE instance = ?1 AND ended_at IS NULL",
                 "ii", instance->id, clock_now());
    if (!rc)
        rc = db_exec(ctx,
                     "UPDATE flow_visit SET state = 'passed', closed_at = ?2"
                     " WHERE instance = ?1 AND state = 'open'",
                     "ii", instance->id, clock_now());
    if (rc)
        return rc;
    return step->token_count == 1 ? 0 : E_STORE;
}

static int run(struct step *step, int64_t person, const char *action)
{
    struct history_entry entry = { .actor = person, .action = action };
    int rc;

    entry.node = step->graph->nodes[step->graph->start].id;
    entry.seq = ++step->instance->events;
    rc = step_follow(step, &step->tokens[0], false);
    if (rc)
        return rc;
    entry.data = step->path.length ? buf_text(&step->path) : NULL;
    return history_add(step->ctx, step->instance, &entry);
}

static int submit_locked(struct record **out, struct ctx *ctx,
                         struct record_change *change, int64_t id,
                         int64_t definition, const char *operation,
                         int64_t person)
{
    struct instance fresh = { 0 }, *instance = NULL;
    struct record *record;
    struct step step;
    const char *action;
    int rc = 0;

    if (id) {
        rc = instance_guard(ctx, id);
        if (!rc)
            rc = instance_of_record(&instance, ctx, id);
        if (rc == E_NOT_FOUND)
            rc = 0;
        if (!rc)
            rc = may_submit(ctx, instance, person);
    }
    if (!rc)
        rc = record_write(&record, ctx, change);
    if (rc)
        return rc;
    action = instance ? "resubmitted" : "submitted";
    if (instance) {
        rc = again(&step, instance, ctx, record);
    } else {
        instance = &fresh;
        rc = start(&step, instance, ctx, record, definition, person);
    }
    if (rc)
        return rc;
    step.form = record->form;
    step.record = record;
    rc = run(&step, person, action);
    if (!rc)
        rc = command_end(&step, operation, "submit", id, record->id,
                         instance == &fresh ? "submit" : "resubmit", NULL);
    if (!rc)
        *out = record;
    return rc;
}

static int submit(struct record **out, struct ctx *ctx, const struct form *form,
                  int64_t id, int64_t version, const struct value *input,
                  const char *operation, int64_t person)
{
    struct record_change *change;
    struct instance *instance;
    int64_t definition = 0, answer;
    int rc = 0;

    if (id)
        rc = find_instance(&instance, ctx, form, id, person);
    if (!rc)
        rc = definition_newest(&definition, ctx, form->flow);
    if (!rc)
        rc = record_prepare(&change, ctx, form, id, version,
                            input ? input : value_map(ctx->arena), "running");
    if (rc)
        return rc;
    rc = tx_begin_shared(ctx, "flow.submit");
    if (rc)
        return rc;
    /* The same command may have come twice at once. */
    rc = command_seen(&answer, ctx, operation, "submit", id);
    if (!rc)
        rc = submit_locked(out, ctx, change, id, definition, operation, person);
    else if (rc == 1)
        rc = record_get_unchecked(out, ctx, form, answer);
    return tx_end(ctx, rc);
}

int flow_submit(struct record **out, struct ctx *ctx, const struct form *form,
                int64_t id, int64_t version, const struct value *input,
                const char *operation)
{
    int64_t person, answer;
    int rc = command_person(&person, ctx);

    *out = NULL;
    if (rc)
        return rc;
    if (!form->flow)
        return fail(ctx, E_INVALID, "flow.none", "the form %s has no process",
                    form->name);
    rc = command_seen(&answer, ctx, operation, "submit", id);
    if (rc == 1)
        return record_get_unchecked(out, ctx, form, answer);
    if (rc)
        return rc;
    if (id)
        record_lock_lift(id);
    rc = submit(out, ctx, form, id, version, input, operation, person);
    record_lock_lift(0);
    return rc;
}

/* ---- what starts nothing ---- */

/* The answer that was given already: 1; 0: none yet. */
static int saved_before(struct record **out, struct ctx *ctx,
                        const struct form *form, int64_t id,
                        const char *operation)
{
    int64_t answer;
    int rc = command_seen(&answer, ctx, operation, "save", id);

    if (rc != 1)
        return rc;
    rc = record_get_unchecked(out, ctx, form, answer);
    return rc ? rc : 1;
}

int flow_save_once(struct record **out, struct ctx *ctx,
                   const struct form *form, int64_t id, int64_t version,
                   const struct value *input, const char *state,
                   const char *operation)
{
    struct record_change *change;
    int rc;

    if (text_empty(operation) || form->anonymous || !ctx->person)
        return record_save(out, ctx, form, id, version, input, state);
    rc = saved_before(out, ctx, form, id, operation);
    if (!rc)
        rc = record_prepare(&change, ctx, form, id, version, input, state);
    if (!rc)
        rc = tx_begin_shared(ctx, "record.save");
    if (rc)
        return rc < 0 ? rc : 0;
    rc = saved_before(out, ctx, form, id, operation);
    if (!rc) {
        rc = record_write(out, ctx, change);
        if (!rc)
            rc = command_keep(ctx, operation, "save", id, (*out)->id);
    }
    return tx_end(ctx, rc < 0 ? rc : 0);
}
