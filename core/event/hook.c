/*
 * hook.c - the registry of hooks, and running them.
 *
 * The registry belongs to the process and only grows: modules do not leave a
 * running worker, the next generation starts without them.
 */
#include "base/banned.h"

#include "event/hook.h"

#include <assert.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "ipc/slot.h"
#include "store/db.h"

struct missing {
    enum hook_when when;
    const char *form, *module;
};

static struct arena *registry;
static struct vector hooks, missing;
static bool complete;

static struct arena *registry_arena(void)
{
    if (!registry) {
        registry = arena_new(0);
        vector_init(&hooks, registry);
        vector_init(&missing, registry);
    }
    return registry;
}

void hook_add(const struct hook *hook)
{
    struct hook *copy = arena_memdup(registry_arena(), hook, sizeof *hook);
    size_t i;

    assert(hook->form && hook->call && hook->name);
    /* Sorted by order; those of the same order as they came. */
    vector_add(&hooks, copy);
    for (i = hooks.count - 1; i > 0; i--) {
        struct hook *before = hooks.items[i - 1];

        if (before->order <= copy->order)
            break;
        hooks.items[i] = before;
        hooks.items[i - 1] = copy;
    }
}

static bool matches(const char *pattern, const char *form)
{
    return strcmp(pattern, "*") == 0 || strcmp(pattern, form) == 0;
}

static bool is_checked(enum hook_when when)
{
    return when == HOOK_BEFORE_SAVE || when == HOOK_BEFORE_DELETE;
}

/* One that is required stands for all that are asked before a change. Of the
 * module; NULL: of any. */
static const struct missing *find_missing(const char *module,
                                          enum hook_when when, const char *form)
{
    size_t i;

    if (is_checked(when))
        when = HOOK_BEFORE_SAVE;
    for (i = 0; i < missing.count; i++) {
        const struct missing *entry = missing.items[i];

        if (entry->when == when && matches(entry->form, form) &&
            (!module || strcmp(entry->module, module) == 0))
            return entry;
    }
    return NULL;
}

bool hook_any(enum hook_when when, const char *form, const char *flow)
{
    size_t i;

    if (find_missing(NULL, when, form))
        return true;
    for (i = 0; i < hooks.count; i++) {
        const struct hook *hook = hooks.items[i];

        if (hook->when == when && matches(hook->form, form) &&
            (flow || !hook->of_flow))
            return true;
    }
    return false;
}

/* Each once, in the order of their names. */
static void add_sorted(struct vector *fields, const char *field)
{
    size_t i, at = fields->count;

    while (at > 0 && strcmp(fields->items[at - 1], field) >= 0)
        at--;
    if (at < fields->count && strcmp(fields->items[at], field) == 0)
        return;
    vector_add(fields, NULL);
    for (i = fields->count - 1; i > at; i--)
        fields->items[i] = fields->items[i - 1];
    fields->items[at] = (void *)field;
}

bool hook_guards(struct vector *fields, const char *form, const char *flow,
                 bool away)
{
    enum hook_when before = away ? HOOK_BEFORE_DELETE : HOOK_BEFORE_SAVE;
    enum hook_when after = away ? HOOK_AFTER_DELETE : HOOK_AFTER_SAVE;
    size_t i;

    for (i = 0; i < hooks.count; i++) {
        const struct hook *hook = hooks.items[i];

        if ((hook->when != before && hook->when != after) ||
            !matches(hook->form, form) || (hook->of_flow && !flow))
            continue;
        if (!hook->guard)
            return true;
        if (strcmp(hook->guard, "id") != 0)
            add_sorted(fields, hook->guard);
    }
    return false;
}

void hook_missing(enum hook_when when, const char *form, const char *module)
{
    struct missing *entry = arena_alloc(registry_arena(), sizeof *entry);

    entry->when = when;
    entry->form = arena_strdup(registry, form);
    entry->module = arena_strdup(registry, module);
    vector_add(&missing, entry);
}

bool hook_of(const char *module, enum hook_when when, const char *form)
{
    size_t i;

    for (i = 0; i < hooks.count; i++) {
        const struct hook *hook = hooks.items[i];

        if (hook->when == when && text_equal(hook->module, module) &&
            matches(hook->form, form))
            return true;
    }
    return find_missing(module, when, form);
}

/* A required hook that is not there must not be passed by. */
static int check_missing(struct ctx *ctx, enum hook_when when, const char *form)
{
    const struct missing *entry =
        is_checked(when) ? find_missing(NULL, when, form) : NULL;

    if (!entry)
        return 0;
    return fail(ctx, E_UNAVAILABLE, "event.module_missing",
                "the module %s checks this form and is switched off; "
                "nothing can be saved here until it is back",
                entry->module);
}

/* What a hook says, made one of our codes with a problem. */
static int judge(struct ctx *ctx, const struct hook *hook, int rc, int problems)
{
    if (rc == 0)
        return 0;
    if (rc > 0 || error_status(rc) == 0)
        rc = E_INTERNAL;
    if (ctx->problem_count == problems)
        return fail(ctx, rc, "event.hook_failed",
                    "%s of %s refused this without a reason", hook->name,
                    hook->module ? hook->module : "the core");
    return rc;
}

static int run_one(struct ctx *ctx, const struct hook *hook,
                   struct record *record)
{
    const char *module = ctx->module;
    int depth = slot_depth(), problems = ctx->problem_count, rc;
    bool writing = tx_active(ctx);

    if (hook->module) {
        slot_push(hook->module, hook->name);
        ctx->module = hook->module;
    }
    rc = hook->call(ctx, record, hook->payload);
    slot_unwind(depth);
    ctx->module = module;
    if (tx_active(ctx) != writing) {
        log_ctx(ctx, LOG_ERROR, "hook.transaction", "hook", hook->name, "of",
                hook->module, NULL);
        return fail(ctx, E_INTERNAL, "event.hook_failed",
                    "%s of %s ended or left open a transaction", hook->name,
                    hook->module ? hook->module : "the core");
    }
    return judge(ctx, hook, rc, problems);
}

void hook_complete(void)
{
    complete = true;
}

bool hook_hears(const char *form, const char *flow)
{
    return !complete || hook_any(HOOK_COMMITTED, form, flow);
}

int hook_run_of(struct ctx *ctx, const char *module, enum hook_when when,
                const char *form, struct record *record)
{
    size_t i;
    int rc = check_missing(ctx, when, form);

    for (i = 0; !rc && i < hooks.count; i++) {
        const struct hook *hook = hooks.items[i];

        if (hook->when == when && matches(hook->form, form) &&
            (!module || text_equal(hook->module, module)))
            rc = run_one(ctx, hook, record);
    }
    return rc;
}

int hook_run(struct ctx *ctx, enum hook_when when, const char *form,
             struct record *record)
{
    return hook_run_of(ctx, NULL, when, form, record);
}
