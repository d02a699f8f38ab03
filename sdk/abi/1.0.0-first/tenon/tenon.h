/*
 * tenon.h - the SDK of Tenon 1.0: all that a C module sees.
 *
 * A module is one shared object with one exported symbol, tenon_plugin_v1,
 * which TN_MODULE makes. It links nothing of the host: everything is reached
 * through the table of functions that the entry receives, and the functions
 * below wrap that table. The docs are in docs/vendor/; the same nouns, verbs
 * and order of arguments exist in Lua (docs/customizer/lua-module.md).
 *
 * Rules for all of it:
 * - Texts are UTF-8 and end with NUL. Instants are milliseconds since 1970
 *   UTC. Records' ids are int64_t; in values they are texts of digits.
 * - What a call receives lives until it returns, and so does what it gets
 *   from these functions; to keep something, copy it (tn_keep). Nothing is
 *   ever freed by a module.
 * - A fallible function returns TN_OK or a negative status. The reason is
 *   already recorded: pass the status on.
 * - Registration happens inside the entry function only.
 * - A module never exits, forks, starts threads, installs signal handlers,
 *   changes the working directory or the locale.
 */
#ifndef TENON_TENON_H
#define TENON_TENON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The binary interface that this header describes. Within a major only
 * members are added, at the ends of tables. */
#define TN_ABI_MAJOR 1
#define TN_ABI_MINOR 0

typedef struct tn_module tn_module;   /* the module itself, while it starts */
typedef struct tn_ctx tn_ctx;         /* one call into the module */
typedef struct tn_record tn_record;   /* the record that a hook was given */
typedef struct tn_request tn_request; /* an HTTP request */
typedef struct tn_answer tn_answer;   /* its answer */
typedef struct tn_value tn_value;     /* null, number, text, list, map … */

/* What functions return; the comment is the HTTP status that follows. */
enum tn_status {
    TN_OK = 0,
    TN_E_INVALID = -1,      /* 422: the input breaks a rule */
    TN_E_NOT_FOUND = -2,    /* 404: absent, or not visible to this person */
    TN_E_FORBIDDEN = -3,    /* 403 */
    TN_E_CONFLICT = -4,     /* 409: somebody was faster; it clashes */
    TN_E_BUSY = -5,         /* 503: try again */
    TN_E_LIMIT = -6,        /* 413: too large, too many */
    TN_E_STORE = -7,        /* 500 */
    TN_E_FULL = -8,         /* 507: no room on the disk */
    TN_E_TIMEOUT = -9,      /* 503: this call has taken too long; return */
    TN_E_IO = -10,          /* 500 */
    TN_E_UNSUPPORTED = -11, /* 501: this host does not have that function */
    TN_E_SIGN_IN = -12,     /* 401 */
    TN_E_TOO_MANY = -13,    /* 429 */
    TN_E_INTERNAL = -14,    /* 500: the module's own mistake */
    TN_E_BAD_REQUEST = -15, /* 400 */
    TN_E_UNAVAILABLE = -16, /* 503: something needed is switched off */
};

enum tn_kind {
    TN_NULL,
    TN_BOOL,
    TN_INT,
    TN_DOUBLE,
    TN_DECIMAL,
    TN_TEXT,
    TN_LIST,
    TN_MAP,
};

/* Money and quantities: units / 10^scale, at most 18 digits. */
typedef struct tn_decimal {
    int64_t units;
    int32_t scale;
} tn_decimal;

enum tn_level { TN_LOG_DEBUG, TN_LOG_INFO, TN_LOG_WARN, TN_LOG_ERROR };

/* ---- conditions ---------------------------------------------------------
 *
 * A tree that the host compiles to SQL with bound values. Fields are keys of
 * the form, or id, owner, department, state, created_at, created_by,
 * updated_at, updated_by. EQ and NE treat null as a value.
 *
 *   TN_AND(TN_EQ("vehicle", tn_get(booking, "vehicle")),
 *          TN_LT("starts", tn_get(booking, "ends")))
 */
enum tn_op {
    TN_OP_AND,
    TN_OP_OR,
    TN_OP_NOT,
    TN_OP_EQ,
    TN_OP_NE,
    TN_OP_LT,
    TN_OP_LE,
    TN_OP_GT,
    TN_OP_GE,
    TN_OP_IN,       /* value: a list */
    TN_OP_CONTAINS, /* of texts */
    TN_OP_STARTS,   /* of texts */
    TN_OP_EMPTY,    /* value: true or false */
};

typedef struct tn_condition {
    uint32_t size;
    uint32_t op;       /* enum tn_op */
    const char *field; /* of a test */
    const tn_value *value;
    const struct tn_condition *const *parts; /* of and, or, not */
    size_t part_count;
} tn_condition;

#define TN_TEST(op_, field_, value_)                                           \
    (&(const tn_condition){ .size = sizeof(tn_condition),                      \
                            .op = (op_),                                       \
                            .field = (field_),                                 \
                            .value = (value_) })
#define TN_EQ(field, value) TN_TEST(TN_OP_EQ, field, value)
#define TN_NE(field, value) TN_TEST(TN_OP_NE, field, value)
#define TN_LT(field, value) TN_TEST(TN_OP_LT, field, value)
#define TN_LE(field, value) TN_TEST(TN_OP_LE, field, value)
#define TN_GT(field, value) TN_TEST(TN_OP_GT, field, value)
#define TN_GE(field, value) TN_TEST(TN_OP_GE, field, value)
#define TN_IN(field, list) TN_TEST(TN_OP_IN, field, list)
#define TN_CONTAINS(field, value) TN_TEST(TN_OP_CONTAINS, field, value)
#define TN_STARTS(field, value) TN_TEST(TN_OP_STARTS, field, value)
#define TN_EMPTY(field, value) TN_TEST(TN_OP_EMPTY, field, value)
#define TN_PARTS(op_, ...)                                                     \
    (&(const tn_condition){                                                    \
        .size = sizeof(tn_condition),                                          \
        .op = (op_),                                                           \
        .parts = (const tn_condition *const[]){ __VA_ARGS__ },                 \
        .part_count = sizeof((const tn_condition *const[]){ __VA_ARGS__ }) /   \
                      sizeof(const tn_condition *) })
#define TN_AND(...) TN_PARTS(TN_OP_AND, __VA_ARGS__)
#define TN_OR(...) TN_PARTS(TN_OP_OR, __VA_ARGS__)
#define TN_NOT(condition) TN_PARTS(TN_OP_NOT, condition)

/* What tn_records_find gives: a list of maps with id, version, state, label,
 * owner, department, created_at, …, and the form's fields. */
typedef struct tn_find {
    uint32_t size;
    int32_t limit; /* 1 to 200; 0: 50 */
    int32_t offset;
    bool descending;
    bool texts;                /* adds a map "text": each field for people,
                                  in the person's language */
    const tn_condition *where; /* NULL: all */
    const char *sort;          /* a field; NULL: newest first */
    const char *search;        /* text in any text field; NULL */
} tn_find;

/* ---- registrations ------------------------------------------------------
 *
 * Filled by name through the macros TN_ON … TN_SERVICE; what is left out is
 * 0. They are copied and checked at once; one that is refused fails the
 * module's start, with a reason for the administrator.
 */

/*
 * Hooks around a change of a record. Before-hooks may change the record that
 * they were given (tn_set) and nothing else: one save may run them twice.
 * They have 2 seconds. They run as the module: all records of its own forms
 * and of those in its capabilities are visible, whoever saves.
 */
enum tn_when {
    TN_BEFORE_SAVE,
    TN_BEFORE_DELETE,
    TN_AFTER_SAVE,   /* in the transaction; may write other records */
    TN_AFTER_DELETE, /* the same */
    TN_COMMITTED,    /* later, in the jobs lane, at least once */
};

typedef struct tn_hook {
    uint32_t size;
    uint32_t when;     /* enum tn_when */
    const char *form;  /* of this module ("vehicle.booking"), or one that the
                          capability hooks:FORM names */
    const char *guard; /* two saves with the same value of this field wait
                          for each other; NULL: all saves of the form */
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

/* ---- the host's tables --------------------------------------------------
 *
 * Each begins with its size; members are only added at the end. A table that
 * a module gets no capability for is NULL. Modules use the functions below
 * them, which answer TN_E_UNSUPPORTED (or nothing) where one is missing.
 */
typedef struct tn_host_call {
    size_t size;
    void *(*alloc)(tn_ctx *ctx, size_t size);
    void *(*keep)(tn_ctx *ctx, size_t size);
    int (*fail)(tn_ctx *ctx, int status, const char *field, const char *key,
                const char *text, const tn_value *arguments);
    void (*log)(tn_ctx *ctx, int level, const char *event, const char *text);
    const char *(*text)(tn_ctx *ctx, const char *key,
                        const tn_value *arguments);
    const char *(*locale)(tn_ctx *ctx);
    const tn_value *(*person)(tn_ctx *ctx);
    int64_t (*now)(tn_ctx *ctx);
    int (*day)(int64_t *starts, int64_t *ends, tn_ctx *ctx, int64_t instant);
    const char *(*instant)(tn_ctx *ctx, int64_t instant);
    const char *(*date)(tn_ctx *ctx, int64_t instant);
    const char *(*time)(tn_ctx *ctx, int64_t instant);
    int (*check)(tn_ctx *ctx);
} tn_host_call;

typedef struct tn_host_value {
    size_t size;
    int (*kind)(const tn_value *value);
    bool (*as_bool)(const tn_value *value);
    int64_t (*as_int)(const tn_value *value, int64_t otherwise);
    double (*as_double)(const tn_value *value, double otherwise);
    const char *(*as_text)(const tn_value *value);
    bool (*as_decimal)(tn_decimal *out, const tn_value *value);
    bool (*as_instant)(int64_t *out, const tn_value *value);
    int64_t (*as_id)(const tn_value *value);
    size_t (*count)(const tn_value *value);
    tn_value *(*at)(const tn_value *list, size_t index);
    tn_value *(*item)(const tn_value *map, const char *key);
    const char *(*key_at)(const tn_value *map, size_t index);
    tn_value *(*make_bool)(tn_ctx *ctx, bool flag);
    tn_value *(*make_int)(tn_ctx *ctx, int64_t number);
    tn_value *(*make_double)(tn_ctx *ctx, double number);
    tn_value *(*make_decimal)(tn_ctx *ctx, tn_decimal number);
    tn_value *(*make_text)(tn_ctx *ctx, const char *text);
    tn_value *(*make_instant)(tn_ctx *ctx, int64_t instant);
    tn_value *(*make_id)(tn_ctx *ctx, int64_t id);
    tn_value *(*make_list)(tn_ctx *ctx);
    tn_value *(*make_map)(tn_ctx *ctx);
    int (*append)(tn_value *list, tn_value *item);
    int (*put)(tn_value *map, const char *key, tn_value *item);
} tn_host_value;

typedef struct tn_host_record {
    size_t size;
    const char *(*form)(const tn_record *record);
    bool (*is_new)(const tn_record *record);
    const tn_value *(*get)(const tn_record *record, const char *field);
    const tn_value *(*before)(const tn_record *record, const char *field);
    int (*set)(tn_record *record, const char *field, const tn_value *value);
} tn_host_record;

typedef struct tn_host_records {
    size_t size;
    int (*count)(int64_t *out, tn_ctx *ctx, const char *form,
                 const tn_condition *where);
    int (*find)(const tn_value **out, tn_ctx *ctx, const char *form,
                const tn_find *find);
    int (*get)(const tn_value **out, tn_ctx *ctx, const char *form, int64_t id);
    int (*create)(int64_t *id, tn_ctx *ctx, const char *form,
                  const tn_value *values);
    int (*update)(tn_ctx *ctx, const char *form, int64_t id, int64_t version,
                  const tn_value *values);
} tn_host_records;

typedef struct tn_host_web {
    size_t size;
    const char *(*method)(const tn_request *request);
    const char *(*path)(const tn_request *request);
    const char *(*param)(const tn_request *request, const char *name);
    const char *(*query)(const tn_request *request, const char *name);
    const char *(*form)(const tn_request *request, const char *name);
    const tn_value *(*json)(const tn_request *request);
    const char *(*header)(const tn_request *request, const char *name);
    int (*set_header)(tn_answer *answer, const char *name, const char *value);
    int (*text)(tn_answer *answer, int status, const char *type,
                const char *text);
    int (*json_answer)(tn_answer *answer, int status, const tn_value *value);
    int (*redirect)(tn_answer *answer, const char *path);
    int (*page)(tn_answer *answer, const char *template_name, const char *title,
                tn_value *data);
    int (*done)(tn_answer *answer, const char *path, const char *toast);
} tn_host_web;

typedef struct tn_host_register {
    size_t size;
    int (*on)(tn_module *self, const tn_hook *hook);
    int (*route)(tn_module *self, const tn_route *route);
    int (*page)(tn_module *self, const tn_page *page);
    int (*menu)(tn_module *self, const tn_menu *menu);
    int (*service)(tn_module *self, const tn_service *service);
} tn_host_register;

typedef struct tn_host {
    uint32_t abi_major, abi_minor;
    size_t size;
    const tn_host_call *call;
    const tn_host_value *value;
    const tn_host_record *record;
    const tn_host_records *records;
    const tn_host_web *web; /* capability routes */
    const tn_host_register *add;
} tn_host;

/* The table, after the entry was called; made by TN_MODULE. */
extern __attribute__((visibility("hidden"))) const tn_host *tn_host_table;

/* True where the host has the member of a table: TN_HAS(records, update). */
#define TN_HAS(table, member)                                                  \
    (tn_host_table && tn_host_table->table &&                                  \
     offsetof(tn_host_##table, member) +                                       \
             sizeof tn_host_table->table->member <=                            \
         tn_host_table->table->size &&                                         \
     tn_host_table->table->member)
typedef tn_host_register tn_host_add;
#define TN_CALL_(table, member, otherwise, ...)                                \
    (TN_HAS(table, member) ? tn_host_table->table->member(__VA_ARGS__)         \
                           : (otherwise))

/*
 * Makes the module's one exported symbol; once in a module, without a
 * semicolon. `start` is int start(tn_module *self): it registers, and returns
 * TN_OK or a negative status, with which the module is not loaded.
 */
#define TN_MODULE(start)                                                       \
    const tn_host *tn_host_table;                                              \
    __attribute__((visibility("default"))) int tenon_plugin_v1(                \
        const tn_host *host, tn_module *self);                                 \
    int tenon_plugin_v1(const tn_host *host, tn_module *self)                  \
    {                                                                          \
        if (!host || host->abi_major != TN_ABI_MAJOR)                          \
            return TN_E_UNSUPPORTED;                                           \
        tn_host_table = host;                                                  \
        return start(self);                                                    \
    }

/* Registrations: TN_ON(self, .form = "x.y", .when = TN_BEFORE_SAVE,
 * .call = check). Each is TN_OK or a negative status. */
#define TN_ADD_(self, member, type, ...)                                       \
    TN_CALL_(add, member, TN_E_UNSUPPORTED, self,                              \
             &(const type){ .size = sizeof(type), __VA_ARGS__ })
#define TN_ON(self, ...) TN_ADD_(self, on, tn_hook, __VA_ARGS__)
#define TN_ROUTE(self, ...) TN_ADD_(self, route, tn_route, __VA_ARGS__)
#define TN_PAGE(self, ...) TN_ADD_(self, page, tn_page, __VA_ARGS__)
#define TN_MENU(self, ...) TN_ADD_(self, menu, tn_menu, __VA_ARGS__)
#define TN_SERVICE(self, ...) TN_ADD_(self, service, tn_service, __VA_ARGS__)

/* ---- the call ---- */

/* `size` zeroed bytes that live until the call returns; NULL beyond 64 MiB. */
#define tn_alloc(ctx, size) TN_CALL_(call, alloc, NULL, ctx, size)
/* The same for as long as this process lives. */
#define tn_keep(ctx, size) TN_CALL_(call, keep, NULL, ctx, size)
/*
 * Refuses: records why, returns `status`. key: of the module's catalogs, for
 * the person; text: English, for the log.
 *   return tn_fail(ctx, TN_E_CONFLICT, "vehicle.overlap", "already booked");
 */
#define tn_fail(ctx, status, key, text)                                        \
    TN_CALL_(call, fail, status, ctx, status, NULL, key, text, NULL)
/* At a field of the input ("ends", "items.2.price"). */
#define tn_fail_at(ctx, status, field, key, text)                              \
    TN_CALL_(call, fail, status, ctx, status, field, key, text, NULL)
/* With a list of values for {1}, {2}, … of the catalog's text. */
#define tn_fail_with(ctx, status, field, key, text, arguments)                 \
    TN_CALL_(call, fail, status, ctx, status, field, key, text, arguments)
/* One line of the log: event "vehicle.reserved" and a text; no secrets, and
 * nothing that people wrote. */
#define tn_log(ctx, level, event, text)                                        \
    TN_CALL_(call, log, (void)0, ctx, level, event, text)
/* The catalog's text of `key` in the person's language, {name} filled from
 * the map `arguments` (may be NULL). */
#define tn_t(ctx, key, arguments) TN_CALL_(call, text, key, ctx, key, arguments)
/* "en", "zh-CN", "zh-TW" */
#define tn_locale(ctx) TN_CALL_(call, locale, "en", ctx)
/* Who acts: a map {id, login, name, department, administrator}; NULL where
 * nobody is signed in (jobs). */
#define tn_person(ctx) TN_CALL_(call, person, NULL, ctx)
/* The time. Use this and not the system's: tests set it. */
#define tn_now(ctx) TN_CALL_(call, now, 0, ctx)
/* The day that an instant lies in, by the person's time zone: from *starts to
 * before *ends. */
#define tn_day(starts, ends, ctx, instant_)                                    \
    TN_CALL_(call, day, TN_E_UNSUPPORTED, starts, ends, ctx, instant_)
/* An instant as people of this language and zone read it. */
#define tn_instant(ctx, instant_) TN_CALL_(call, instant, "", ctx, instant_)
/* Its date alone, and its time of day alone ("09:30"). */
#define tn_date(ctx, instant_) TN_CALL_(call, date, "", ctx, instant_)
#define tn_time(ctx, instant_) TN_CALL_(call, time, "", ctx, instant_)
/* In long loops: TN_E_TIMEOUT when the call has to end. */
#define tn_check(ctx) TN_CALL_(call, check, TN_OK, ctx)

/* ---- values. A NULL value reads as null. Getters' results belong to their
 * parents. ---- */

#define tn_kind(v) TN_CALL_(value, kind, TN_NULL, v)
#define tn_is_null(v) (tn_kind(v) == TN_NULL)
#define tn_as_bool(v) TN_CALL_(value, as_bool, false, v)
#define tn_as_int(v, otherwise) TN_CALL_(value, as_int, otherwise, v, otherwise)
#define tn_as_double(v, otherwise)                                             \
    TN_CALL_(value, as_double, otherwise, v, otherwise)
/* NULL where it is no text. Dates are "2026-11-23", date-times
 * "2026-11-23T09:30:00.000Z". */
#define tn_as_text(v) TN_CALL_(value, as_text, NULL, v)
/* From a decimal, an integer, or a text that holds one. */
#define tn_as_decimal(out, v) TN_CALL_(value, as_decimal, false, out, v)
/* From the text of a date-time, or a number of milliseconds. */
#define tn_as_instant(out, v) TN_CALL_(value, as_instant, false, out, v)
/* From an integer or a text of digits; 0 where there is none. */
#define tn_as_id(v) TN_CALL_(value, as_id, 0, v)
/* Of a list or map; at and item give NULL where there is nothing. */
#define tn_count(v) TN_CALL_(value, count, 0, v)
#define tn_at(list, index) TN_CALL_(value, at, NULL, list, index)
#define tn_item(map, key) TN_CALL_(value, item, NULL, map, key)
#define tn_key_at(map, index) TN_CALL_(value, key_at, NULL, map, index)
/* Makers; texts are copied. */
#define tn_bool(ctx, flag) TN_CALL_(value, make_bool, NULL, ctx, flag)
#define tn_int(ctx, number) TN_CALL_(value, make_int, NULL, ctx, number)
#define tn_double(ctx, number) TN_CALL_(value, make_double, NULL, ctx, number)
/* units / 10^scale: tn_decimal_value(ctx, 1250, 2) is 12.50. */
#define tn_decimal_value(ctx, units_, scale_)                                  \
    TN_CALL_(value, make_decimal, NULL, ctx,                                   \
             ((tn_decimal){ .units = (units_), .scale = (scale_) }))
#define tn_text(ctx, text) TN_CALL_(value, make_text, NULL, ctx, text)
#define tn_instant_value(ctx, instant)                                         \
    TN_CALL_(value, make_instant, NULL, ctx, instant)
#define tn_id(ctx, id) TN_CALL_(value, make_id, NULL, ctx, id)
#define tn_list(ctx) TN_CALL_(value, make_list, NULL, ctx)
#define tn_map(ctx) TN_CALL_(value, make_map, NULL, ctx)
/* TN_E_INVALID where the first argument is no list (no map). */
#define tn_append(list, item)                                                  \
    TN_CALL_(value, append, TN_E_UNSUPPORTED, list, item)
#define tn_put(map, key, item)                                                 \
    TN_CALL_(value, put, TN_E_UNSUPPORTED, map, key, item)

/* ---- the record of a hook or service ---- */

#define tn_form(record_) TN_CALL_(record, form, NULL, record_)
#define tn_is_new(record_) TN_CALL_(record, is_new, false, record_)
/* A field's value, or a system one (id, version, state, owner, …). A record
 * has its id before its first hook. NULL where there is no such field. */
#define tn_get(record_, field) TN_CALL_(record, get, NULL, record_, field)
/* The value before this change; NULL in a new record. */
#define tn_before(record_, field) TN_CALL_(record, before, NULL, record_, field)
/* Sets a field, in before-hooks only. Computed values, numbers and checks
 * follow after the hooks. */
#define tn_set(record_, field, value)                                          \
    TN_CALL_(record, set, TN_E_UNSUPPORTED, record_, field, value)

/* ---- records of forms. In hooks and services as the module, in pages and
 * routes as the person. Those in the bin are not seen. ---- */

/* Exact up to a million. */
#define tn_records_count(out, ctx, form, where)                                \
    TN_CALL_(records, count, TN_E_UNSUPPORTED, out, ctx, form, where)
/* tn_records_find(&list, ctx, "vehicle.booking", .where = …, .limit = 20) */
#define tn_records_find(out, ctx, form, ...)                                   \
    TN_CALL_(records, find, TN_E_UNSUPPORTED, out, ctx, form,                  \
             &(const tn_find){ .size = sizeof(tn_find), __VA_ARGS__ })
/* One record as a map, with sub-tables as lists of maps. */
#define tn_records_get(out, ctx, form, id)                                     \
    TN_CALL_(records, get, TN_E_UNSUPPORTED, out, ctx, form, id)
/* Writing, not in before-hooks. values: a map of fields. All checks and
 * hooks of the form run. version: the one that was read. */
#define tn_records_create(id, ctx, form, values)                               \
    TN_CALL_(records, create, TN_E_UNSUPPORTED, id, ctx, form, values)
#define tn_records_update(ctx, form, id, version, values)                      \
    TN_CALL_(records, update, TN_E_UNSUPPORTED, ctx, form, id, version, values)

/* ---- requests and answers ---- */

#define tn_method(request) TN_CALL_(web, method, NULL, request)
#define tn_path(request) TN_CALL_(web, path, NULL, request)
/* NULL where absent: of the path's pattern, the query, a form's body. */
#define tn_param(request, name) TN_CALL_(web, param, NULL, request, name)
#define tn_query(request, name) TN_CALL_(web, query, NULL, request, name)
#define tn_form_field(request, name) TN_CALL_(web, form, NULL, request, name)
/* The parsed body of application/json; NULL. */
#define tn_json(request) TN_CALL_(web, json, NULL, request)
/* name in lower case */
#define tn_header(request, name) TN_CALL_(web, header, NULL, request, name)

#define tn_set_header(answer, name, value)                                     \
    TN_CALL_(web, set_header, TN_E_UNSUPPORTED, answer, name, value)
/* type: "text/plain; charset=utf-8" */
#define tn_answer_text(answer, status, type, text_)                            \
    TN_CALL_(web, text, TN_E_UNSUPPORTED, answer, status, type, text_)
#define tn_answer_json(answer, status, value)                                  \
    TN_CALL_(web, json_answer, TN_E_UNSUPPORTED, answer, status, value)
/* 303 to an own path. */
#define tn_answer_redirect(answer, path)                                       \
    TN_CALL_(web, redirect, TN_E_UNSUPPORTED, answer, path)
/* A page of the module in the frame. title: a key of its catalog. */
#define tn_answer_page(answer, template_name, title, data)                     \
    TN_CALL_(web, page, TN_E_UNSUPPORTED, answer, template_name, title, data)
/* The answer to a form that was done: where to go, and a finished text that
 * is shown there (may be NULL). */
#define tn_answer_done(answer, path, toast)                                    \
    TN_CALL_(web, done, TN_E_UNSUPPORTED, answer, path, toast)

#endif
