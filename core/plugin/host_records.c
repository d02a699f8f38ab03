/*
 * host_records.c - the SDK's table `records`: the records of forms.
 *
 * All goes through form/, with its grants, checks and hooks. In hooks and
 * services it is the module that asks, in pages and routes the person
 * (sdk.md, rule 10).
 */
#include "base/banned.h"

#include "plugin/host.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/value.h"
#include "form/aggregate.h"
#include "form/record.h"
#include "plugin/call.h"
#include "store/condition.h"
#include "store/db.h"

enum {
    COUNT_MAX = 1000000,
    FIND_DEFAULT = 50,
    FIND_MAX = 200,
    TRANSACTION_MS = 200, /* the front ends a holder of the lock at 250 */
    TRANSACTIONS_MAX = 8, /* inside each other */
};

static int open_form(const struct form **out, struct ctx *ctx, const char *name)
{
    int rc = form_find(out, ctx, name);

    if (!rc && !(*out)->enabled)
        return fail(ctx, E_UNAVAILABLE, "plugin.form_off",
                    "the module of the form %s is switched off", name);
    return rc;
}

static int filter(struct record_query *query, struct ctx *ctx,
                  const struct form *form, const struct value *where)
{
    struct condition *condition;
    int rc;

    if (!where || value_is_null(where))
        return 0;
    rc = record_condition(&condition, ctx, form, host_plain(ctx, where));
    if (!rc)
        query->where = condition;
    return rc;
}

int host_count(int64_t *out, struct tn_ctx *call, const char *name,
               const struct value *where)
{
    struct record_query query = { 0 };
    struct call_scope scope;
    const struct form *form;
    int rc = call_enter(&scope, call);

    *out = 0;
    if (rc)
        return rc;
    rc = open_form(&form, call->ctx, name);
    if (!rc)
        rc = filter(&query, call->ctx, form, where);
    if (!rc)
        rc = record_count(out, call->ctx, form, &query, COUNT_MAX);
    call_leave(&scope, call);
    return rc;
}

static int find(struct value **out, struct ctx *ctx, const char *name,
                const struct value *where, const struct host_find *find)
{
    struct record_query query = {
        .search = text_empty(find->search) ? NULL : find->search,
        .sort = find->sort,
        .descending = find->descending,
        .limit = find->limit ? find->limit : FIND_DEFAULT,
        .offset = find->offset,
    };
    struct record **records;
    const struct form *form;
    size_t count, i;
    int rc = open_form(&form, ctx, name);

    if (rc)
        return rc;
    if (query.limit < 1 || query.limit > FIND_MAX || query.offset < 0)
        return fail(ctx, E_INVALID, "plugin.find_limit",
                    "a search gives 1 to %d records", FIND_MAX);
    if (query.sort && !record_sort_known(form, query.sort))
        return fail(ctx, E_INVALID, "plugin.find_sort",
                    "%s can't be sorted by %s", name, query.sort);
    if (!query.sort) {
        query.sort = "created_at";
        query.descending = true;
    }
    rc = filter(&query, ctx, form, where);
    if (!rc)
        rc = record_list(&records, &count, ctx, form, &query);
    for (i = 0; !rc && i < count; i++)
        value_append(*out, host_record_map(ctx, records[i], find->texts));
    return rc;
}

int host_find(struct value **out, struct tn_ctx *call, const char *name,
              const struct value *where, const struct host_find *wanted)
{
    struct call_scope scope;
    int rc = call_enter(&scope, call);

    *out = value_list(call->ctx->arena);
    if (rc)
        return rc;
    rc = find(out, call->ctx, name, where, wanted);
    call_leave(&scope, call);
    return rc;
}

static int records_count(int64_t *out, tn_ctx *call, const char *form,
                         const tn_condition *where)
{
    struct value *json;
    int rc = host_condition(&json, call->ctx, where);

    *out = 0;
    return rc ? rc : host_count(out, call, form, json);
}

static int records_find(const tn_value **out, tn_ctx *call, const char *form,
                        const tn_find *wanted)
{
    struct host_find options;
    struct value *json, *list;
    int rc;

    *out = NULL;
    if (!wanted || wanted->size < LEAST(tn_find, search))
        return host_bad_question(call->ctx);
    options =
        (struct host_find){ wanted->limit, wanted->offset, wanted->descending,
                            wanted->texts, wanted->sort,   wanted->search };
    rc = host_condition(&json, call->ctx, wanted->where);
    if (!rc)
        rc = host_find(&list, call, form, json, &options);
    if (!rc)
        *out = value_out(list);
    return rc;
}

static int records_get(const tn_value **out, tn_ctx *call, const char *name,
                       int64_t id)
{
    struct call_scope scope;
    const struct form *form;
    struct record *record;
    int rc = call_enter(&scope, call);

    *out = NULL;
    if (rc)
        return rc;
    rc = open_form(&form, call->ctx, name);
    /* What a module reads while it writes, or while something is saved, still
     * holds when that is committed. */
    if (!rc)
        rc = (tx_active(call->ctx) ? record_get_to_change
                                   : record_get)(&record, call->ctx, form, id);
    /* The bin is the host's: what lies there is gone for modules. */
    if (!rc && record->deleted_at)
        rc = fail(call->ctx, E_NOT_FOUND, "form.no_record",
                  "there is no such record");
    call_leave(&scope, call);
    if (!rc)
        *out = value_out(host_record_map(call->ctx, record, false));
    return rc;
}

/* ---- figures ---- */

int host_aggregate(struct value **out, struct tn_ctx *call, const char *name,
                   const struct value *where, const char *search,
                   const struct aggregate *ask)
{
    struct record_query query = { .search = search };
    struct call_scope scope;
    const struct form *form;
    int rc = call_enter(&scope, call);

    *out = NULL;
    if (rc)
        return rc;
    rc = open_form(&form, call->ctx, name);
    if (!rc)
        rc = filter(&query, call->ctx, form, where);
    if (!rc)
        rc = record_aggregate(out, call->ctx, form, &query, ask);
    call_leave(&scope, call);
    return rc;
}

static int records_aggregate(const tn_value **out, tn_ctx *call,
                             const char *form, const tn_aggregate *wanted)
{
    struct aggregate ask = { .limit = 0 };
    struct value *json, *list;
    size_t i;
    int rc;

    *out = NULL;
    if (!wanted || wanted->size < LEAST(tn_aggregate, sort) ||
        (wanted->group_count && !wanted->groups) ||
        (wanted->measure_count && !wanted->measures))
        return host_bad_question(call->ctx);
    ask.limit = wanted->limit;
    ask.sort = wanted->sort;
    ask.group_count = wanted->group_count;
    ask.measure_count = wanted->measure_count;
    for (i = 0; i < wanted->group_count && i < AGGREGATE_GROUPS; i++)
        ask.groups[i] = wanted->groups[i] ? wanted->groups[i] : "";
    for (i = 0; i < wanted->measure_count && i < AGGREGATE_MEASURES; i++)
        ask.measures[i] = wanted->measures[i] ? wanted->measures[i] : "";
    rc = host_condition(&json, call->ctx, wanted->where);
    if (!rc)
        rc = host_aggregate(&list, call, form, json, wanted->search, &ask);
    if (!rc)
        *out = value_out(list);
    return rc;
}

/* ---- writing ---- */

/* Before-hooks may run twice for one save: they write nothing. */
int host_may_write(struct tn_ctx *call)
{
    return call->reading ? fail(call->ctx, E_FORBIDDEN, "plugin.reading",
                                "a hook before a change writes no records")
                         : 0;
}

static int records_create(int64_t *id, tn_ctx *call, const char *name,
                          const tn_value *values)
{
    struct call_scope scope;
    const struct form *form;
    struct record *record;
    int rc = host_may_write(call);

    *id = 0;
    if (!rc)
        rc = call_enter(&scope, call);
    if (rc)
        return rc;
    rc = open_form(&form, call->ctx, name);
    if (!rc)
        rc = record_create(&record, call->ctx, form,
                           host_plain(call->ctx, value_in(values)), NULL);
    call_leave(&scope, call);
    if (!rc)
        *id = record->id;
    return rc;
}

static int no_version(struct ctx *ctx)
{
    return fail(ctx, E_INVALID, "plugin.no_version",
                "a change needs the version that was read");
}

static int records_update(tn_ctx *call, const char *name, int64_t id,
                          int64_t version, const tn_value *values)
{
    struct call_scope scope;
    const struct form *form;
    int rc = host_may_write(call);

    if (!rc && version <= 0)
        rc = no_version(call->ctx);
    if (!rc)
        rc = call_enter(&scope, call);
    if (rc)
        return rc;
    rc = open_form(&form, call->ctx, name);
    if (!rc)
        rc = record_update(NULL, call->ctx, form, id, version,
                           host_plain(call->ctx, value_in(values)));
    call_leave(&scope, call);
    return rc;
}

static int records_remove(tn_ctx *call, const char *name, int64_t id,
                          int64_t version)
{
    struct call_scope scope;
    const struct form *form;
    int rc = host_may_write(call);

    if (!rc && version <= 0)
        rc = no_version(call->ctx);
    if (!rc)
        rc = call_enter(&scope, call);
    if (rc)
        return rc;
    rc = open_form(&form, call->ctx, name);
    if (!rc)
        rc = record_delete(call->ctx, form, id, version);
    call_leave(&scope, call);
    return rc;
}

/* ---- transactions ---- */

int host_transaction_begin(struct host_transaction *out, struct tn_ctx *call)
{
    struct ctx *ctx = call->ctx;
    bool outermost = !tx_active(ctx);
    int rc = host_may_write(call);

    *out = (struct host_transaction){ .deadline = ctx->deadline };
    if (!rc)
        rc = call_check(call);
    if (!rc && call->transactions >= TRANSACTIONS_MAX)
        rc =
            fail(ctx, E_LIMIT, "plugin.transactions",
                 "at most %d transactions inside each other", TRANSACTIONS_MAX);
    if (!rc)
        rc = tx_begin(ctx, "module");
    if (rc)
        return rc;
    call->transactions++;
    /* All others who write wait from here on. */
    if (outermost) {
        int64_t own = clock_monotonic() + TRANSACTION_MS;

        if (!ctx->deadline || own < ctx->deadline)
            ctx->deadline = own;
    }
    return 0;
}

int host_transaction_end(const struct host_transaction *transaction,
                         struct tn_ctx *call, int rc)
{
    call->transactions--;
    rc = tx_end(call->ctx, rc);
    call->ctx->deadline = transaction->deadline;
    return rc;
}

static int records_transaction(tn_ctx *call,
                               int (*body)(tn_ctx *ctx, void *data), void *data)
{
    struct host_transaction transaction;
    int rc;

    if (!body)
        return host_bad_question(call->ctx);
    rc = host_transaction_begin(&transaction, call);
    return rc ? rc : host_transaction_end(&transaction, call, body(call, data));
}

const tn_host_records host_records = {
    .size = sizeof(tn_host_records),
    .count = records_count,
    .find = records_find,
    .get = records_get,
    .create = records_create,
    .update = records_update,
    .remove = records_remove,
    .aggregate = records_aggregate,
    .transaction = records_transaction,
    .may = host_may,
};
