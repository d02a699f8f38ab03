/*
 * host.h - what the files behind the SDK's tables share.
 */
#ifndef PLUGIN_HOST_H
#define PLUGIN_HOST_H

#include "plugin/module.h"

struct field;
struct form;

/* The table of a module: sub-tables by its capabilities. */
void host_make(struct tn_module *module);

/* A stored value as modules see it: decimals as decimals, ids and instants as
 * texts, rows as maps. */
struct value *host_field_value(struct ctx *ctx, const struct field *field,
                               const struct value *stored);
/* The other way: decimals as texts, as JSON has them. */
struct value *host_plain(struct ctx *ctx, const struct value *value);
/* A member of a record, system ones too; NULL where there is none. `values`:
 * the record's, or those before. */
struct value *host_record_member(struct ctx *ctx, const struct record *record,
                                 const struct value *values, const char *key);
/* A whole record as a map. */
struct value *host_record_map(struct ctx *ctx, const struct record *record,
                              bool texts);

/* Conditions as JSON, for C's trees; E_INVALID. */
int host_bad_question(struct ctx *ctx);
int host_condition(struct value **out, struct ctx *ctx,
                   const tn_condition *condition);

/* The records API for both languages; `where` is JSON or NULL. */
struct host_find {
    int limit, offset;
    bool descending, texts;
    const char *sort, *search;
};
int host_count(int64_t *out, struct tn_ctx *call, const char *form,
               const struct value *where);
int host_find(struct value **out, struct tn_ctx *call, const char *form,
              const struct value *where, const struct host_find *find);

/* Tests: the nth call of tn_alloc or tn_keep from now on gets nothing; 0:
 * none. host_alloc_failed: whether it came to that. */
void host_alloc_fail(long nth);
bool host_alloc_failed(void);

struct aggregate; /* form/aggregate.h */
int host_aggregate(struct value **out, struct tn_ctx *call, const char *form,
                   const struct value *where, const char *search,
                   const struct aggregate *ask);

/* host_files.c, host_cookie.c: for the tables `web` and `work`. */
int host_job_file(tn_ctx *call, tn_file *file);
int host_answer_file(tn_answer *answer, tn_file *file);
const char *host_cookie(const tn_request *request, const char *name);
int host_set_cookie(tn_answer *answer, const char *name, const char *value,
                    int64_t seconds);

/* What modules offer each other (host_offer.c). */
const tn_function *host_offer_find(tn_ctx *call, const char *name);
int host_offer_call(const tn_value **out, tn_ctx *caller,
                    const tn_function *function, const tn_value *in);

/* TN_E_UNSUPPORTED: what its table would have said in C. */
int host_no_capability(struct tn_ctx *call, const char *name);

/* E_FORBIDDEN in a hook before a change. */
int host_may_write(struct tn_ctx *call);
/* What lies between both is written whole or, where `rc` is not 0, not at all.
 * end returns rc, or why it was not committed. */
struct host_transaction {
    int64_t deadline; /* of the call, put back at the end */
};
int host_transaction_begin(struct host_transaction *out, struct tn_ctx *call);
int host_transaction_end(const struct host_transaction *transaction,
                         struct tn_ctx *call, int rc);

/* The signed-in person as a map; NULL where there is none. */
struct value *host_person(struct ctx *ctx);

/* host_self.c: acting as the module. begin asks for the capability; end puts
 * back what `before` was. */
struct host_acting {
    bool as_module;
    const struct tn_module *actor;
};
int host_module_begin(struct host_acting *before, struct tn_ctx *call);
void host_module_end(const struct host_acting *before, struct tn_ctx *call);
int host_as_module(tn_ctx *call, int (*body)(tn_ctx *ctx, void *data),
                   void *data);
const char *host_token(tn_ctx *call);
bool host_may(tn_ctx *call, const char *form, const char *right);
const char *host_to_json(tn_ctx *call, const tn_value *value);
int host_from_json(const tn_value **out, tn_ctx *call, const char *text);

#endif
