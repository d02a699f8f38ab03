/*
 * entry.h - what modules register: one description for C and Lua, so that
 * the two cannot drift.
 */
#ifndef PLUGIN_ENTRY_H
#define PLUGIN_ENTRY_H

#include "plugin/module.h"

struct ctx;

enum member_kind {
    MEMBER_TEXT,   /* const char * */
    MEMBER_NUMBER, /* int32_t */
    MEMBER_WORD,   /* uint32_t, one of `words` */
    MEMBER_FLAG,   /* bool */
    MEMBER_CALL,   /* the function */
    MEMBER_DATA,   /* what it gets; C only */
};

/* A member of a registration struct; its name in Lua. */
struct member {
    const char *name;
    enum member_kind kind;
    size_t offset;
    bool needed;
    int min, max;             /* of numbers; max bytes of a text */
    const char *const *words; /* ended by NULL */
};

/* A kind of registration. */
struct entry_type {
    const char *name; /* "on", "route" */
    size_t size;      /* of today's struct */
    size_t least;     /* of the first release's */
    const struct member *members;
    /* What the rows can't say. 0 or a status, with a problem. */
    int (*check)(struct ctx *ctx, struct entry *entry);
    /* Puts it into force, once the module has started. */
    void (*apply)(struct entry *entry);
};

extern const struct entry_type entry_types[ENTRY_KINDS];

/*
 * Copies a registration struct (which begins with its size) into the module
 * and checks it field by field. The first refusal is kept in the module: it
 * will not be loaded. Returns 0 or a status.
 */
int entry_add(struct tn_module *module, enum entry_kind kind,
              const void *given);

/* What plugin.cfg declares has been registered: field types. */
int entry_types_complete(struct ctx *ctx, const struct tn_module *module);

/* The context of a module's start, for problems; set around it. */
void entry_context(struct ctx *ctx);
struct ctx *entry_context_get(void);

#endif
