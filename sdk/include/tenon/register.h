/*
 * register.h - what a module registers. Included by tenon.h.
 */
#ifndef TENON_REGISTER_H
#define TENON_REGISTER_H

#include <tenon/base.h>

/* ---- registrations ------------------------------------------------------
 *
 * Filled by name through the macros TN_ON … TN_OFFER; what is left out is
 * 0. They are copied and checked at once; one that is refused fails the
 * module's start, with a reason for the administrator.
 */

enum tn_when {
    TN_BEFORE_SAVE,
    TN_BEFORE_DELETE,
    TN_AFTER_SAVE,   /* in the transaction; may write other records */
    TN_AFTER_DELETE, /* the same */
    TN_COMMITTED,    /* later, in the jobs lane, at least once */
};

/*
 * Hooks around a change of a record. Before-hooks may change the record that
 * they were given (tn_set) and nothing else: one save may run them twice.
 * They have 2 seconds. They run as the module: all records of its own forms
 * and of those in its capabilities are visible, whoever saves.
 */
typedef struct tn_hook {
    uint32_t size;
    uint32_t when;     /* enum tn_when */
    const char *form;  /* of this module ("vehicle.booking"), or one that the
                          capability hooks:FORM names */
    const char *guard; /* two saves with the same value of this field wait
                          for each other; NULL: all saves of the form;
                          "id": the hook looks at no other record of it, so
                          nothing has to wait */
    int32_t order;     /* 0 to 1000, smaller first */
    bool required;     /* without it nothing is saved: when the module does
                          not load, saving the form answers 503 */
    int (*call)(tn_ctx *ctx, tn_record *record, void *data);
    void *data;
} tn_hook;

enum tn_access { TN_PERSON, TN_PUBLIC, TN_ADMINISTRATOR };

/* An address: "/m/ID/…", or "/api/v1/m/ID/…" for JSON (errors are then
 * problem+json). Segments may be "{name}"; the last one "{name*}" takes the
 * rest. Runs as the person. POST and the like are CSRF-checked before. */
typedef struct tn_route {
    uint32_t size;
    uint32_t access;    /* enum tn_access */
    const char *method; /* NULL: "GET" */
    const char *path;
    const char *example; /* a path that fits; needed with "{name}" */
    bool network;        /* may open connections: capability network */
    int (*call)(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                void *data);
    void *data;
    bool expensive; /* so often a person, or an address, may not ask at once:
                       60 times, then twice a second */
    bool anonymous; /* the log's line has no address, and the call none */
} tn_route;

/* A page in the frame: pages/TEMPLATE.mustache of the module over `data`,
 * which `call` fills. Runs as the person. */
typedef struct tn_page {
    uint32_t size;
    uint32_t access; /* TN_PERSON or TN_ADMINISTRATOR */
    const char *path, *example;
    const char *template_name; /* "today" */
    const char *title;         /* key of the module's catalog */
    int (*call)(tn_ctx *ctx, tn_request *request, tn_value *data, void *extra);
    void *extra;
} tn_page;

/* An entry of the menu, shown to whom may use it. */
typedef struct tn_menu {
    uint32_t size;
    int32_t order; /* 0 to 1000 */
    const char *title, *path;
    const char *icon; /* of the theme; NULL: "folder" */
    const char *form; /* shown to those who may read it; NULL: to all */
    bool administrator;
    /* Shown where it answers TN_OK; asked for each page, as the person: keep
     * it cheap. NULL: always. In Lua: where it returns true. */
    int (*call)(tn_ctx *ctx, void *data);
    void *data;
} tn_menu;

/* What a service task of a process calls: tenon:service="ID.NAME". It gets
 * the record of the process and the task's parameters. Runs as the module,
 * under a savepoint; an error makes the process wait, with an incident. */
typedef struct tn_service {
    uint32_t size;
    uint32_t reserved;
    const char *name; /* "vehicle.reserve" */
    int (*call)(tn_ctx *ctx, tn_record *record, const tn_value *parameters,
                void *data);
    void *data;
} tn_service;

/* A widget of the home page: pages/TEMPLATE.mustache of the module over
 * `data`, which `call` fills. Runs as the person; where `call` answers
 * TN_E_NOT_FOUND or TN_E_FORBIDDEN the widget is left out. */
typedef struct tn_widget {
    uint32_t size;
    int32_t order;             /* 0 to 1000 */
    const char *name;          /* "crm.funnel" */
    const char *template_name; /* "funnel" */
    const char *title;         /* key of the module's catalog */
    const char *path;          /* where its title leads; NULL */
    const char *form;          /* for those who may read it; NULL: for all */
    bool wide;                 /* two columns on a desktop */
    int (*call)(tn_ctx *ctx, tn_value *data, void *extra);
    void *extra;
} tn_widget;

/* A rule that names the people of a task: tenon:participants in a process.
 * It appends ids (tn_id, or texts of digits) to `people`; none is the rule
 * "nobody found" of the process. Runs as the module. */
typedef struct tn_participants {
    uint32_t size;
    uint32_t reserved;
    const char *name;  /* "crm.account_manager" */
    const char *title; /* key of the catalog, for designers */
    int (*call)(tn_ctx *ctx, tn_record *record, const tn_value *parameters,
                tn_value *people, void *data);
    void *data;
} tn_participants;

/* How a field type of a module lies in its SQL column. */
enum tn_storage { TN_STORE_TEXT, TN_STORE_INTEGER };

/* A type of fields: forms name it as "type": "crm.rating". It has the four
 * renderers that every type has; what it leaves out is shown as its text, and
 * edited as one. `definition` is the field's, as the form's JSON has it. */
typedef struct tn_field_type {
    uint32_t size;
    uint32_t storage;  /* enum tn_storage */
    const char *name;  /* "crm.rating" */
    const char *title; /* key of the catalog, for designers */
    /* JSON, or the text that was typed, to what is stored (a text or an
     * integer; *stored NULL: empty). Refuses with tn_fail. */
    int (*input)(tn_ctx *ctx, const tn_value **stored, const tn_value *given,
                 const tn_value *definition, void *data);
    /* As people read it: lists, exports, mails. NULL: as it is stored. */
    const char *(*text)(tn_ctx *ctx, const tn_value *stored,
                        const tn_value *definition, void *data);
    /* Templates of the module's pages/, rendered over the field's data
     * (themes/default/README.md) and what `fill` adds. NULL: as a text. */
    const char *edit, *read, *cell, *print;
    int (*fill)(tn_ctx *ctx, tn_value *field, const tn_value *stored,
                const tn_value *definition, void *data);
    void *data;
} tn_field_type;

/*
 * Work in the background: started by tn_job_add and tn_job_start, or by itself
 * every `every` seconds or at the times of `cron`. Runs in the jobs lane as
 * the module, at least once; a negative status is tried again with back-off,
 * and at last an incident.
 */
typedef struct tn_job {
    uint32_t size;
    int32_t seconds;   /* of one attempt: 1 to 3600; 0: 60 */
    int32_t every;     /* 60 or more; 0: only when it is added */
    int32_t attempts;  /* 1 to 20; 0: 5 */
    const char *name;  /* "survey.remind" */
    const char *title; /* key of the catalog: what people see of its progress */
    int (*call)(tn_ctx *ctx, const tn_value *data, void *extra);
    void *extra;
    /* Minute, hour, day, month, day of the week: "30 7 * * 1-5"; instead of
     * `every`. NULL: none. */
    const char *cron;
    const char *zone; /* of `cron`: "Asia/Shanghai"; NULL: the site's */
    int32_t priority; /* 1 first … 9 last; 0: 5 */
    bool atomic;      /* what it saves is saved with its end: exactly once.
                         Others wait for it to save: it has 0.2 seconds */
} tn_job;

/* What other modules may call (tn_call): `in` and *out are value trees of the
 * caller's call. Runs as whoever the caller runs as. */
typedef struct tn_offer {
    uint32_t size;
    uint32_t reserved;
    const char *name; /* "crm.score" */
    int (*call)(tn_ctx *ctx, const tn_value *in, const tn_value **out,
                void *data);
    void *data;
} tn_offer;

#endif
