/*
 * work.c - what the elements of a process do: conditions and scripts in Lua,
 * services of modules. None of it leaves a trace in the step but variables
 * and what a service writes, which is under a savepoint of its own.
 */
#include "base/banned.h"

#include "flow/engine.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/value.h"
#include "flow/flow.h"
#include "form/field_type.h"
#include "form/record.h"
#include "ipc/slot.h"
#include "org/person.h"
#include "script/script.h"
#include "store/db.h"

enum { SERVICES_MAX = 256, VARIABLES_MAX = 200, VARIABLE_BYTES = 16 * 1024 };

/* ---- what expressions see ---- */

int step_record(struct record **out, struct step *step)
{
    int rc = 0;

    if (!step->form)
        rc = form_find(&step->form, step->ctx, step->instance->form);
    if (!rc && !step->record)
        rc = record_get_unchecked(&step->record, step->ctx, step->form,
                                  step->instance->record);
    *out = step->record;
    return rc;
}

int step_variables(struct value **out, struct step *step)
{
    QUERY_AUTO *query = NULL;
    int rc = 0;

    if (!step->variables) {
        step->variables = value_map(step->ctx->arena);
        rc = db_query(&query, step->ctx,
                      "SELECT name, value FROM flow_variable"
                      " WHERE instance = ?1",
                      "i", step->instance->id);
        while (!rc && (rc = query_next(query)) == 1) {
            const char *name = query_copy(query, 0);
            const char *text = query_copy(query, 1);
            struct value *value;

            rc = json_parse(&value, step->ctx, text, strlen(text));
            if (!rc)
                value_set(step->variables, name, value);
        }
    }
    *out = step->variables;
    return rc;
}

/* Numbers stay numbers (decimals decimals); ids, dates and the rest are as
 * JSON has them. */
static struct value *seen(struct ctx *ctx, const struct field *field,
                          const struct value *value)
{
    struct value *rows, *row;
    size_t i, k;

    if (value_is_null(value))
        return value_null(ctx->arena);
    if (!field->field_count)
        return field->type->flags & (FIELD_NUMBER | FIELD_SCALED) ||
                       value_kind(value) == VALUE_DECIMAL
                   ? value_copy(ctx->arena, value)
                   : field_to_json(ctx, field, value);
    rows = value_list(ctx->arena);
    for (i = 0; i < value_count(value); i++) {
        row = value_map(ctx->arena);
        for (k = 0; k < field->field_count; k++)
            value_set(
                row, field->fields[k]->key,
                seen(ctx, field->fields[k],
                     value_get(value_at(value, i), field->fields[k]->key)));
        value_append(rows, row);
    }
    return rows;
}

static int record_seen(struct value **out, struct step *step)
{
    struct record *record;
    int rc = step_record(&record, step);
    size_t i;

    if (rc)
        return rc;
    *out = value_map(step->ctx->arena);
    value_set_id(*out, "id", record->id);
    for (i = 0; i < record->form->field_count; i++) {
        const struct field *field = record->form->fields[i];

        value_set(
            *out, field->key,
            seen(step->ctx, field, value_get(record->values, field->key)));
    }
    return 0;
}

int step_environment(struct value **out, struct step *step)
{
    struct value *record, *variables, *map;
    size_t i;
    int rc = record_seen(&record, step);

    if (!rc)
        rc = step_variables(&variables, step);
    if (rc)
        return rc;
    map = value_map(step->ctx->arena);
    for (i = 0; i < value_count(variables); i++)
        value_set(map, value_key_at(variables, i), value_item_at(variables, i));
    value_set(map, "record", record);
    value_set(map, "variables", variables);
    value_set_text(map, "result", step->instance->result);
    value_set_id(map, "initiator", step->instance->initiator);
    value_set_int(map, "round", step->instance->round);
    *out = map;
    return 0;
}

int condition_test(bool *out, struct step *step, const struct graph_flow *flow)
{
    struct script *script;
    struct value *environment, *value;
    int rc = step_environment(&environment, step);

    *out = false;
    if (!rc)
        rc = script_shared(&script, step->ctx);
    if (!rc)
        rc = script_eval(&value, step->ctx, script, flow->condition,
                         environment);
    if (rc)
        return rc;
    /* In Lua 0 is true: a condition that gives anything but a truth value is
     * a mistake that must not decide where an application goes. */
    if (value_kind(value) != VALUE_BOOL)
        return fail(step->ctx, E_INVALID, "flow.fault.not_boolean",
                    "the condition of %s gives neither true nor false",
                    flow->id);
    *out = value_as_bool(value);
    return 0;
}

/* ---- script tasks ---- */

static int keep_variable(struct step *step, const char *name,
                         struct value *value)
{
    const char *text = json_text(step->ctx->arena, value);

    if (strlen(name) > GRAPH_ID_MAX || strlen(text) > VARIABLE_BYTES ||
        value_count(step->variables) >= VARIABLES_MAX)
        return fail(step->ctx, E_LIMIT, "flow.fault.variables",
                    "a script sets at most %d variables of %d bytes",
                    VARIABLES_MAX, VARIABLE_BYTES);
    value_set(step->variables, name, value);
    return db_exec(step->ctx,
                   "INSERT INTO flow_variable (instance, scope, name, value)"
                   " VALUES (?1, 0, ?2, ?3) ON CONFLICT (instance, scope, name)"
                   " DO UPDATE SET value = excluded.value",
                   "iss", step->instance->id, name, text);
}

/* What a script returns, a table, becomes variables. */
int script_run(struct step *step, const struct graph_node *node)
{
    const char *source = flow_script_source(step->ctx, node->script);
    const struct value *args[3];
    struct value *environment, *result = NULL;
    struct script *script = NULL;
    size_t i;
    int rc = step_environment(&environment, step);

    if (!rc)
        rc = script_open(&script, step->ctx, node->id, NULL);
    if (!rc)
        rc = script_load(step->ctx, script, node->id, source, strlen(source));
    if (!rc) {
        args[0] = value_get(environment, "record");
        args[1] = value_get(environment, "variables");
        args[2] = value_get(environment, "result");
        rc = script_call(&result, step->ctx, script, "run", args, 3);
    }
    script_close(script);
    if (rc || value_is_null(result))
        return rc;
    if (value_kind(result) != VALUE_MAP)
        return value_kind(result) == VALUE_LIST && !value_count(result)
                   ? 0
                   : fail(step->ctx, E_INVALID, "flow.fault.script_result",
                          "the script of %s returns neither nil nor a table "
                          "of variables",
                          node->id);
    for (i = 0; !rc && i < value_count(result); i++)
        rc = keep_variable(step, value_key_at(result, i),
                           value_item_at(result, i));
    return rc;
}

/* ---- services ---- */

static struct service {
    const char *name, *module;
    flow_service call;
    void *payload;
} services[SERVICES_MAX];
static size_t service_count;

void flow_service_add(const char *name, const char *module, flow_service call,
                      void *payload)
{
    size_t i;

    for (i = 0; i < service_count; i++)
        if (text_equal(services[i].name, name))
            break;
    if (i == SERVICES_MAX)
        return;
    services[i] = (struct service){ name, module, call, payload };
    if (i == service_count)
        service_count++;
}

static const struct service *service_find(const char *name)
{
    size_t i;

    for (i = 0; i < service_count; i++)
        if (text_equal(services[i].name, name))
            return &services[i];
    return NULL;
}

int step_parameters(struct value **out, struct step *step,
                    const struct parameter *list, int count)
{
    struct value *environment, *value;
    struct script *script;
    int i, rc = 0;

    *out = value_map(step->ctx->arena);
    for (i = 0; !rc && i < count; i++) {
        const struct parameter *parameter = &list[i];

        if (!parameter->expression) {
            value_set_text(*out, parameter->name, parameter->text);
            continue;
        }
        rc = step_environment(&environment, step);
        if (!rc)
            rc = script_shared(&script, step->ctx);
        if (!rc)
            rc = script_eval(&value, step->ctx, script, parameter->expression,
                             environment);
        if (!rc)
            value_set(*out, parameter->name, value);
    }
    return rc;
}

/* Runs as the module, whoever decided (sdk.md rule 10), its frame on the
 * slot. */
static int call_service(struct step *step, const struct service *service,
                        struct record *record, const struct value *parameters)
{
    struct ctx *ctx = step->ctx;
    const char *module = ctx->module;
    int rc = tx_begin(ctx, "flow.service");

    if (rc)
        return rc;
    ctx->module = service->module;
    if (service->module)
        slot_push(service->module, service->name);
    record_lock_lift(record->id);
    rc = service->call(ctx, record, parameters, service->payload);
    record_lock_lift(0);
    if (service->module)
        slot_pop();
    ctx->module = module;
    return tx_end(ctx, rc);
}

int service_run(struct step *step, const struct graph_node *node)
{
    const struct service *service = service_find(node->service);
    struct value *parameters;
    struct record *record;
    int rc;

    if (!service)
        return fail(step->ctx, E_UNAVAILABLE, "flow.fault.service",
                    "no enabled module offers the service %s", node->service);
    rc = step_parameters(&parameters, step, node->parameters,
                         node->parameter_count);
    if (!rc)
        rc = step_record(&record, step);
    if (rc)
        return rc;
    rc = call_service(step, service, record, parameters);
    step->record = NULL; /* the service may have changed it */
    if (!rc)
        return 0;
    if (!step->ctx->problems)
        (void)fail(step->ctx, E_INVALID, "flow.fault.service_failed",
                   "the service %s failed", node->service);
    /* Undone by its savepoint: never the end of the whole command. */
    return E_INVALID;
}
