/*
 * hook.h - modules' and rooms' functions around a change of a record, task or
 * user. Hooks add, they never override. The registry is the process's, filled
 * while a worker starts.
 */
#ifndef EVENT_HOOK_H
#define EVENT_HOOK_H

#include <stdbool.h>

struct ctx;
struct record;
struct vector;

enum hook_when {
    HOOK_BEFORE_SAVE, /* create and update; may change the record's values */
    HOOK_BEFORE_DELETE,
    HOOK_AFTER_SAVE, /* in the transaction, after the row is written */
    HOOK_AFTER_DELETE,
    HOOK_COMMITTED, /* by the outbox, in the jobs lane, at least once */
};

typedef int (*hook_call)(struct ctx *ctx, struct record *record, void *payload);

struct hook {
    const char *form; /* "vehicle.booking"; "*" for all */
    bool of_flow;     /* concerns only those forms that have a process */
    enum hook_when when;
    const char *module; /* id; NULL: a room of the core */
    const char *name;   /* entry point, for attribution */
    int order;          /* smaller first; core rooms use < 0 */
    const char *guard;  /* field whose value is locked; NULL: the form;
                           "id": it looks at no other record */
    bool required;      /* fails closed while its module is quarantined */
    hook_call call;
    void *payload;
};

/* Copies the struct; the strings must live as long as the process. */
void hook_add(const struct hook *hook);

/* Runs the hooks in order; the first that fails ends it with its code. The
 * module's frame is on the attribution slot and ctx->module set meanwhile. */
int hook_run(struct ctx *ctx, enum hook_when when, const char *form,
             struct record *record);

/* The same with the hooks of one module only (NULL: of all). */
int hook_run_of(struct ctx *ctx, const char *module, enum hook_when when,
                const char *form, struct record *record);

/* True where any hook of that kind concerns the form, also one that is
 * missing. flow: its process; NULL: it has none. */
bool hook_any(enum hook_when when, const char *form, const char *flow);

/*
 * The fields by whose values changes of a form (away: deletions) wait for each
 * other, because hooks read other records before they allow one: each once,
 * sorted. True: a hook named none, so that all changes of the form wait.
 */
bool hook_guards(struct vector *fields, const char *form, const char *flow,
                 bool away);

/*
 * A hook of a module that did not load. HOOK_BEFORE_SAVE: it is required, and
 * saving or deleting answers E_UNAVAILABLE until it is back. HOOK_COMMITTED:
 * what it would be told waits for it.
 */
void hook_missing(enum hook_when when, const char *form, const char *module);

/* Whether the module's hook of that kind, there or missing, concerns it. */
bool hook_of(const char *module, enum hook_when when, const char *form);

/* All modules have come or are missing: what no hook concerns is told to
 * nobody. In a process that loads none (a command) it never is so. */
void hook_complete(void);
/* Whether a change of the form is to be told after the commit. */
bool hook_hears(const char *form, const char *flow);

#endif
