/*
 * module.h - a module in this process. Only for the files of plugin/.
 */
#ifndef PLUGIN_MODULE_H
#define PLUGIN_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tenon/tenon.h>

#include "base/map.h"

struct arena;
struct ctx;
struct form;
struct lua_module;
struct record;
struct request;
struct response;
struct value;

/* What a struct of the SDK had in its first release, up to its last member
 * then: a module that was built against that one sends no more. */
#define LEAST(type, member)                                                    \
    (offsetof(type, member) + sizeof((type){ 0 }.member))

enum { MODULE_ID_MAX = 40, MODULE_TEXT_MAX = 200 };

/* "1.4.0": three numbers below 100,000. */
struct version {
    int major, minor, patch;
};

struct requirement {
    const char *id, *version;
    int line; /* of plugin.cfg */
};

/* A role that the module speaks of; made where the site has none of that
 * key. */
struct module_role {
    const char *key;
    const struct value *title;
};

/* plugin.cfg, checked. */
struct manifest {
    const char *id, *version, *sdk, *license, *author;
    const char *c, *lua; /* one of both: the entry */
    const struct value *title, *description;
    const char **capabilities;
    size_t capability_count;
    const char **field_types; /* "rating:integer", "colour:text" */
    size_t field_type_count;
    struct requirement *requires;
    size_t require_count;
    struct module_role *roles;
    size_t role_count;
    int seconds, memory_mb; /* limits */
    int parallel; /* jobs at the same time, over all hosts; 0: no limit */
};

enum module_state {
    MODULE_FOUND,       /* read, nothing of it runs */
    MODULE_ON,          /* loaded */
    MODULE_FAILED,      /* `reason` says why it is left out */
    MODULE_QUARANTINED, /* `incident` */
};

/* What it registered, before and after that came into force. */
enum entry_kind {
    ENTRY_HOOK,
    ENTRY_ROUTE,
    ENTRY_PAGE,
    ENTRY_MENU,
    ENTRY_SERVICE,
    ENTRY_WIDGET,
    ENTRY_JOB,
    ENTRY_OFFER,
    ENTRY_PARTICIPANTS,
    ENTRY_FIELD_TYPE,
    ENTRY_KINDS
};

struct entry {
    enum entry_kind kind;
    struct tn_module *module;
    const char *name; /* for attribution: "GET /m/hello/today" */
    union {
        tn_hook hook;
        tn_route route;
        tn_page page;
        tn_menu menu;
        tn_service service;
        tn_widget widget;
        tn_job job;
        tn_offer offer;
        tn_participants participants;
        tn_field_type field_type;
    } as;
};

struct tn_module {
    struct arena *arena; /* the process's life */
    const char *id, *folder, *hash;
    const struct manifest *manifest;
    bool is_site; /* lies in the site's folder */
    enum module_state state;
    const char *reason, *incident;
    struct form *settings;         /* of settings.json; NULL */
    const struct value *checklist; /* of checklist.json; NULL */
    tn_host host;                  /* its own: tables by capability */
    struct lua_module *lua;
    struct vector entries; /* of struct entry* */
    bool starting;         /* inside its entry function */
    int refused;           /* status of a registration that failed */
};

/* ---- what the SDK's opaque types are ---- */

/* A call into a module. They nest; `serial` tells them apart for ever. */
struct tn_ctx {
    struct ctx *ctx;
    struct tn_module *module;
    struct tn_ctx *outer;
    uint64_t serial;
    bool as_module; /* hooks and services; else as the person */
    /* Whose rights "as the module" means: the caller's of an offer; NULL: its
     * own. */
    const struct tn_module *actor;
    bool reading; /* a before-hook: writes nothing */
    bool job;     /* has progress */
    bool outward; /* what the store had before (call_outward); see call_end */
    bool reaches; /* whether it has been called */
    int status;   /* of the last fail() */
    int problems, depth;
    int transactions;   /* that it has begun */
    int files;          /* that it has opened */
    struct arena *page; /* of a job: what its last question found; NULL */
};

struct tn_record {
    struct tn_ctx *call;
    struct record *record;
    bool writable;
};

struct tn_request {
    struct tn_ctx *call;
    struct request *request;
};

struct tn_answer {
    struct tn_ctx *call;
    struct request *request;
    struct response *response;
    bool given;
};

/* A stream; it ends with the call's memory. */
struct tn_file {
    struct tn_ctx *call;
    const char *name, *type; /* type NULL: of none that is taken, yet */
    int fd;
    int64_t offset, size;
    bool writable; /* a new one */
    int64_t id;    /* of what is finished, or was opened */
};

/* The tables that modules see (host_*.c). */
extern const tn_host_call host_call;
extern const tn_host_value host_value;
extern const tn_host_record host_record;
extern const tn_host_records host_records;
extern const tn_host_web host_web;
extern const tn_host_work host_work;
extern const tn_host_files host_files;
extern const tn_host_people host_people, host_people_notify;
extern const tn_host_register host_register;

/* Values cross the border as what they are. */
static inline struct value *value_in(const tn_value *value)
{
    return (struct value *)(void *)(uintptr_t)value;
}
static inline tn_value *value_out(const struct value *value)
{
    return (tn_value *)(void *)(uintptr_t)value;
}

#endif
