/*
 * host.h - the host's tables, and how a module begins. Included by tenon.h.
 */
#ifndef TENON_HOST_H
#define TENON_HOST_H

#include <tenon/register.h>

/* Whom tn_people_find looks for: those who may sign in, by name. */
typedef struct tn_people {
    uint32_t size;
    int32_t limit; /* 1 to 200; 0: 50 */
    int32_t offset;
    bool below;         /* departments below that one too */
    int64_t department; /* 0: any */
    const char *role;   /* key of a role; NULL: any */
    const char *search; /* in name and login; NULL */
} tn_people;

/* What a person is told: in the portal, and by mail where he wants mail, in
 * his language. */
typedef struct tn_notice {
    uint32_t size;
    uint32_t reserved;
    const char *key;           /* of the module's catalogs */
    const tn_value *arguments; /* a map for {name} of the text; NULL */
    const char *path;          /* where it leads */
} tn_notice;

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
    int (*as_module)(tn_ctx *ctx, int (*call)(tn_ctx *ctx, void *data),
                     void *data);
    const char *(*token)(tn_ctx *ctx);
    const char *(*iso_date)(tn_ctx *ctx, int64_t instant);
    const char *(*number)(tn_ctx *ctx, const tn_value *value);
    const char *(*money)(tn_ctx *ctx, const tn_value *value,
                         const char *currency);
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
    const char *(*to_json)(tn_ctx *ctx, const tn_value *value);
    int (*from_json)(const tn_value **out, tn_ctx *ctx, const char *text);
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
    int (*remove)(tn_ctx *ctx, const char *form, int64_t id, int64_t version);
    int (*aggregate)(const tn_value **out, tn_ctx *ctx, const char *form,
                     const tn_aggregate *aggregate);
    int (*transaction)(tn_ctx *ctx, int (*call)(tn_ctx *ctx, void *data),
                       void *data);
    bool (*may)(tn_ctx *ctx, const char *form, const char *right);
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
    int (*file)(tn_answer *answer, tn_file *file);
    int (*chart)(tn_value **out, tn_ctx *ctx, const char *kind,
                 const tn_value *rows, const tn_value *options);
    const char *(*cookie)(const tn_request *request, const char *name);
    int (*set_cookie)(tn_answer *answer, const char *name, const char *value,
                      int64_t seconds);
    const tn_value *(*form_list)(const tn_request *request, const char *name);
    int (*set_status)(tn_answer *answer, int status);
} tn_host_web;

typedef struct tn_host_people {
    size_t size;
    int (*get)(const tn_value **out, tn_ctx *ctx, int64_t id);
    int (*find)(const tn_value **out, tn_ctx *ctx, const tn_people *query);
    int (*departments)(const tn_value **out, tn_ctx *ctx);
    bool (*has_role)(tn_ctx *ctx, int64_t id, const char *role);
    int (*notify)(tn_ctx *ctx, int64_t id, const tn_notice *notice);
} tn_host_people;

typedef struct tn_host_files {
    size_t size;
    int (*open)(tn_file **out, tn_ctx *ctx, int64_t id);
    int64_t (*read)(tn_file *file, void *buffer, size_t size);
    const tn_value *(*about)(tn_file *file);
    int (*create)(tn_file **out, tn_ctx *ctx, const char *name);
    int (*write)(tn_file *file, const void *bytes, size_t size);
    int (*finish)(int64_t *id, tn_file *file);
    int (*upload)(tn_file **out, tn_request *request, const char *name);
} tn_host_files;

typedef struct tn_host_work {
    size_t size;
    int (*add)(int64_t *id, tn_ctx *ctx, const char *job, const tn_value *data,
               int64_t due, const char *unique);
    int (*progress)(tn_ctx *ctx, int64_t done, int64_t total);
    const tn_value *(*setting)(tn_ctx *ctx, const char *name);
    const tn_function *(*function)(tn_ctx *ctx, const char *name);
    int (*call)(const tn_value **out, tn_ctx *ctx, const tn_function *function,
                const tn_value *in);
    int (*result)(tn_ctx *ctx, const char *key, const tn_value *arguments,
                  const char *path);
    int (*file)(tn_ctx *ctx, tn_file *file);
    int (*start)(int64_t *id, tn_ctx *ctx, const char *job,
                 const tn_value *data, const tn_job_order *order);
    int (*cancel)(tn_ctx *ctx, int64_t id);
    int (*state)(const tn_value **out, tn_ctx *ctx, int64_t id);
} tn_host_work;

typedef struct tn_host_register {
    size_t size;
    int (*on)(tn_module *self, const tn_hook *hook);
    int (*route)(tn_module *self, const tn_route *route);
    int (*page)(tn_module *self, const tn_page *page);
    int (*menu)(tn_module *self, const tn_menu *menu);
    int (*service)(tn_module *self, const tn_service *service);
    int (*widget)(tn_module *self, const tn_widget *widget);
    int (*participants)(tn_module *self, const tn_participants *rule);
    int (*field_type)(tn_module *self, const tn_field_type *type);
    int (*job)(tn_module *self, const tn_job *job);
    int (*offer)(tn_module *self, const tn_offer *offer);
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
    const tn_host_people *people; /* notify: capability notify */
    const tn_host_files *files;   /* capability files */
    const tn_host_work *work;
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
#define TN_WIDGET(self, ...) TN_ADD_(self, widget, tn_widget, __VA_ARGS__)
#define TN_PARTICIPANTS(self, ...)                                             \
    TN_ADD_(self, participants, tn_participants, __VA_ARGS__)
#define TN_FIELD_TYPE(self, ...)                                               \
    TN_ADD_(self, field_type, tn_field_type, __VA_ARGS__)
#define TN_JOB(self, ...) TN_ADD_(self, job, tn_job, __VA_ARGS__)
#define TN_OFFER(self, ...) TN_ADD_(self, offer, tn_offer, __VA_ARGS__)

#endif
