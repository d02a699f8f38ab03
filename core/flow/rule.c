/*
 * rule.c - rules of modules that name the people of a task.
 *
 * They run as the module and write nothing: they are asked when a task is
 * entered, and by pages that show who will be next. A rule that is not there,
 * fails or names nobody is the process's own rule for nobody; an incident says
 * why, once until somebody closes it.
 */
#include "base/banned.h"

#include "flow/engine.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "base/value.h"
#include "event/incident.h"
#include "flow/flow.h"
#include "form/record.h"
#include "ipc/slot.h"
#include "store/db.h"

struct rule {
    const char *name, *module;
    flow_rule call;
    void *payload;
};

static struct arena *registry;
static struct map *rules; /* name → struct rule */

void flow_rule_add(const char *name, const char *module, flow_rule call,
                   void *payload)
{
    struct rule *rule;

    if (!registry) {
        registry = arena_new(0);
        rules = map_new(registry);
    }
    rule = arena_alloc(registry, sizeof *rule);
    *rule = (struct rule){ arena_strdup(registry, name),
                           arena_strdup(registry, module), call, payload };
    map_set(rules, rule->name, rule);
}

/* Why nobody came of it; not while a page only looks ahead. */
static int tell(struct step *step, const struct participant *one,
                const char *reason)
{
    struct ctx *ctx = step->ctx;
    struct value *data = value_map(ctx->arena);

    if (!tx_active(ctx))
        return 0;
    value_set_id(data, "instance", step->instance->id);
    value_set_id(data, "record", step->instance->record);
    value_set_text(data, "form", step->instance->form);
    value_set_text(data, "rule", one->name);
    value_set_text(data, "message", reason);
    return incident_add_once(ctx, "participants", NULL, one->name, data);
}

static int ask(struct ctx *own, const struct rule *rule, struct step *step,
               const struct participant *one, struct value *people)
{
    int depth = slot_depth(), rc;
    struct value *parameters;
    struct record *record;

    rc = step_parameters(&parameters, step, one->parameters,
                         one->parameter_count);
    if (!rc)
        rc = step_record(&record, step);
    if (rc)
        return rc;
    own->module = rule->module;
    if (rule->module)
        slot_push(rule->module, rule->name);
    rc = rule->call(own, record, parameters, people, rule->payload);
    slot_unwind(depth);
    return rc;
}

int rule_people(struct value **out, struct step *step,
                const struct participant *one)
{
    const struct rule *rule = rules ? map_get(rules, one->name) : NULL;
    struct ctx *ctx = step->ctx, own = *ctx;
    int rc;

    *out = value_list(ctx->arena);
    ctx_clear(&own);
    if (rule)
        rc = ask(&own, rule, step, one, *out);
    else
        rc = fail(&own, E_UNAVAILABLE, "flow.fault.rule",
                  "no enabled module offers the rule %s", one->name);
    if (rc && fault_is_fatal(rc)) {
        ctx->problems = own.problems;
        ctx->last_problem = own.last_problem;
        ctx->problem_count = own.problem_count;
        return rc;
    }
    if (rc) {
        *out = value_list(ctx->arena);
        return tell(step, one, ctx_error(&own));
    }
    return value_count(*out) ? 0 : tell(step, one, "the rule named nobody");
}
