/*
 * record_count.c - how many records a list has.
 *
 * Exact up to a cap: a count of a million rows would cost more than the page.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "form/list.h"
#include "form/record_internal.h"
#include "org/person.h"
#include "store/db.h"

static int count_of(int64_t *out, struct list *list)
{
    QUERY_AUTO *rows = NULL;
    int rc;

    rc = db_query_values(&rows, list->ctx, buf_text(&list->sql),
                         (const struct value *const *)list->values.items,
                         list->values.count);
    if (rc)
        return rc;
    rc = query_next(rows);
    if (rc > 0)
        *out = query_int(rows, 0);
    return rc < 0 ? rc : 0;
}

/* Counts of whole lists that this process has made lately: until a record of
 * the form or somebody's readers change, the answer is the same. */
enum { COUNTS = 128, COUNT_MS = 60000 };

struct known_count {
    const struct form *form; /* never freed, so it names a version */
    const struct db *db;
    int64_t person, cap, count, made;
    int64_t grant_epoch, org_epoch, module_epoch;
    uint64_t records, readers;
};

static struct known_count known_counts[COUNTS];

/* The place of this question; *fresh says whether the answer stands there. */
static struct known_count *known_count(struct ctx *ctx, const struct form *form,
                                       const struct record_query *query,
                                       int64_t cap, bool *fresh)
{
    struct known_count *known, now = { .form = form, .db = ctx->db };

    *fresh = false;
    if (query->where || query->search || query->bin || !ctx->person ||
        ctx->module || ctx->token || tx_active(ctx))
        return NULL;
    now.person = ctx->person->id;
    now.cap = cap;
    now.grant_epoch = epoch_of(ctx, "grant");
    now.org_epoch = epoch_of(ctx, "org");
    now.module_epoch = epoch_of(ctx, "module");
    now.records = change_counter_get(ctx, form->name);
    now.readers = change_counter_get(ctx, "readers");
    known = &known_counts[((uint64_t)now.person * 31 + (uint64_t)form->id) %
                          COUNTS];
    *fresh = known->form == form && known->db == ctx->db &&
             known->person == now.person && known->cap == cap &&
             known->grant_epoch == now.grant_epoch &&
             known->org_epoch == now.org_epoch &&
             known->module_epoch == now.module_epoch &&
             known->records == now.records && known->readers == now.readers &&
             clock_monotonic() - known->made < COUNT_MS;
    if (!*fresh) {
        *known = now;
        known->form = NULL; /* until there is an answer */
    }
    return known;
}

static int count_branches(int64_t *out, struct ctx *ctx,
                          const struct form *form,
                          const struct record_query *query, int64_t cap)
{
    struct record_query plain = *query;
    struct scopes scopes, one = { .count = 1 };
    struct list list;
    size_t i;
    int rc;

    *out = 0;
    plain.sort = plain.cursor = NULL;
    rc = list_start(&list, &scopes, ctx, form, &plain);
    if (rc || !scopes.count)
        return rc;
    /* A branch alone is counted from its index; one that reaches the cap is
     * the answer. Only where none does they are merged. */
    for (i = 0; i <= scopes.count; i++) {
        if (i < scopes.count && list_repeats(&scopes, i))
            continue;
        if (i == scopes.count && scopes.count == 1)
            break;
        buf_clear(&list.sql);
        vector_init(&list.values, ctx->arena);
        list.merge = " UNION ";
        buf_add_text(&list.sql, "SELECT count(*) FROM (");
        one.items[0] = scopes.items[i < scopes.count ? i : 0];
        list_branches(&list, i < scopes.count ? &one : &scopes, cap + 1);
        buf_add_text(&list.sql, ") u");
        rc = count_of(out, &list);
        if (rc || *out > cap)
            break;
    }
    if (*out > cap)
        *out = cap + 1;
    return rc;
}

int record_count(int64_t *out, struct ctx *ctx, const struct form *form,
                 const struct record_query *query, int64_t cap)
{
    struct known_count *known;
    bool fresh;
    int rc;

    /* Looked at before the rows: a change between is seen next time. */
    known = known_count(ctx, form, query, cap, &fresh);
    if (fresh) {
        *out = known->count;
        return 0;
    }
    rc = count_branches(out, ctx, form, query, cap);
    if (known && !rc) {
        known->count = *out;
        known->made = clock_monotonic();
        known->form = form;
    }
    return rc;
}
