/*
 * records_bulk.c - many records at once: from a list's ticks or all that its
 * filter finds, the page that asks for the value, the result with its undo,
 * and POST /api/v1/records/FORM/bulk.
 *
 * What is done and what not is form/bulk.h's.
 */
#include "base/banned.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "form/bulk.h"
#include "form/field_type.h"
#include "portal/portal.h"
#include "portal/records.h"
#include "portal/records_fields.h"
#include "portal/records_filter.h"
#include "store/db.h"
#include "web/request.h"
#include "web/router.h"

/* Which records are meant. */
struct chosen {
    int64_t *ids;
    size_t count;
};

static const char *bulk_path(struct ctx *ctx, const struct form *form,
                             int64_t id)
{
    return arena_printf(ctx->arena, "%s/bulk/%lld", records_path(ctx, form),
                        (long long)id);
}

static int too_many(struct ctx *ctx)
{
    return fail_at(ctx, E_LIMIT, "ids", "bulk.too_many",
                   "at most %d records at once", BULK_MOST);
}

/* All that the query finds; more than BULK_MOST are refused. */
static int choose_all(struct chosen *out, struct ctx *ctx,
                      const struct form *form, struct record_query *query)
{
    static const struct field *const none[1];
    struct record **records;
    int64_t count;
    size_t i;
    int rc;

    query->fields = none;
    query->field_count = 0;
    query->limit = BULK_MOST;
    rc = read_begin(ctx);
    if (rc)
        return rc;
    rc = record_count(&count, ctx, form, query, BULK_MOST);
    if (!rc && count > BULK_MOST)
        rc = too_many(ctx);
    if (!rc)
        rc = record_list(&records, &out->count, ctx, form, query);
    read_end(ctx);
    if (rc)
        return rc;
    out->ids = arena_array(ctx->arena, out->count + 1, sizeof *out->ids);
    for (i = 0; i < out->count; i++)
        out->ids[i] = records[i]->id;
    return 0;
}

static int choose_ids(struct chosen *out, struct ctx *ctx,
                      const struct value *list)
{
    size_t i;

    if (value_count(list) > BULK_MOST)
        return too_many(ctx);
    out->ids = arena_array(ctx->arena, value_count(list) + 1, sizeof *out->ids);
    for (i = 0; i < value_count(list); i++) {
        int64_t id = value_as_id(value_at(list, i));

        if (id <= 0)
            return fail_at(ctx, E_INVALID, "ids", "form.expected_id",
                           "please choose an entry");
        out->ids[out->count++] = id;
    }
    return 0;
}

static struct value *split_ids(struct ctx *ctx, const char *text)
{
    struct value *list = value_list(ctx->arena);
    char *rest = arena_strdup(ctx->arena, text ? text : ""), *part;

    while ((part = strsep(&rest, ",")))
        if (*part)
            value_append(list, value_text(ctx->arena, part));
    return list;
}

/* ---- from the pages ---- */

struct sent_bulk {
    const struct form *form;
    struct records_filter filter;
    const struct value *ids;
    bool all, bin;
};

/* The form, the list's filter in the address, the ticks. */
static int read_sent(struct sent_bulk *out, struct ctx *ctx,
                     struct request *request)
{
    const char *all = request_form(request, "_all");
    int rc = records_form(&out->form, ctx, request);

    if (!rc)
        rc = records_filter_read_with(&out->filter, ctx, request, out->form,
                                      records_path(ctx, out->form), " bin ");
    if (rc)
        return rc;
    out->bin = text_equal(request_query(request, "bin"), "true");
    out->all = text_equal(all, "true");
    out->ids = value_get(request->form, "ids[]");
    if (!out->ids)
        out->ids = split_ids(ctx, request_form(request, "_ids"));
    return 0;
}

static int choose(struct chosen *chosen, struct ctx *ctx,
                  const struct sent_bulk *sent)
{
    struct record_query query = { .where = sent->filter.where,
                                  .search = sent->filter.search,
                                  .bin = sent->bin };

    return sent->all ? choose_all(chosen, ctx, sent->form, &query)
                     : choose_ids(chosen, ctx, sent->ids);
}

/* "60 done, 40 not". */
static const char *summary(struct ctx *ctx, const struct value *result)
{
    bool undo = text_starts(value_get_text(result, "state"), "und");
    int64_t done = value_get_int(result, undo ? "undone" : "done", 0);
    int64_t left = value_get_int(result, undo ? "kept" : "refused", 0);
    struct value *args = value_map(ctx->arena);

    value_set_int(args, "count", done);
    value_set_int(args, "left", left);
    return tr_with(ctx,
                   arena_printf(ctx->arena, "bulk.%s%s",
                                undo ? "undone" : "did", left ? "_some" : ""),
                   args);
}

/* To the job's page, to the list with an undo, or to what was left. */
static int answer(struct ctx *ctx, struct request *request,
                  struct response *response, const struct form *form,
                  int64_t id, const char *list)
{
    const char *path = bulk_path(ctx, form, id);
    struct value *result;
    int64_t job;
    int rc = bulk_value(&result, ctx, form, id);

    if (rc)
        return rc;
    job = value_get_id(result, "job");
    if (job)
        return response_done(
            ctx, request, response,
            arena_printf(ctx->arena, "/jobs/%lld", (long long)job), NULL);
    return response_undoable(
        ctx, request, response,
        value_count(value_get(result, "items")) ? path : list,
        summary(ctx, result), arena_printf(ctx->arena, "%s/undo", path));
}

static int start(struct ctx *ctx, struct request *request,
                 struct response *response, struct sent_bulk *sent,
                 const char *action, const struct value *values)
{
    struct chosen chosen = { 0 };
    int64_t id;
    int rc = choose(&chosen, ctx, sent);

    if (!rc)
        rc = bulk_start(&id, ctx, sent->form, action, values, chosen.ids,
                        chosen.count);
    if (rc)
        return rc;
    if (sent->bin)
        sent->filter.path =
            arena_printf(ctx->arena, "%s/bin", sent->filter.path);
    return answer(ctx, request, response, sent->form, id,
                  records_filter_url(ctx, &sent->filter, NULL, NULL));
}

/* The field's control out of the form's page. */
static struct value *control_of(struct ctx *ctx, const struct form *form,
                                const char *key)
{
    struct fill fill = { 0 };
    const char *shown;
    struct value *sections = records_edit_sections(ctx, form, &fill, &shown);
    size_t i, j;

    for (i = 0; i < value_count(sections); i++) {
        struct value *fields = value_get(value_at(sections, i), "fields");

        for (j = 0; j < value_count(fields); j++)
            if (text_equal(value_get_text(value_at(fields, j), "key"), key))
                return value_at(fields, j);
    }
    return NULL;
}

static void keep(struct ctx *ctx, struct value *list, const char *name,
                 const char *text)
{
    struct value *item = value_map(ctx->arena);

    value_set_text(item, "name", name);
    value_set_text(item, "value", text);
    value_append(list, item);
}

/* Asks for the value of the field. */
static int ask_page(struct ctx *ctx, struct request *request,
                    struct response *response, struct sent_bulk *sent)
{
    const char *key = request_form(request, "field");
    struct value *control = key ? control_of(ctx, sent->form, key) : NULL;
    struct value *data = value_map(ctx->arena), *form = value_map(ctx->arena);
    struct value *keeps = value_list(ctx->arena);
    struct value *sections = value_list(ctx->arena);
    struct value *fields = value_list(ctx->arena);
    struct value *submit = value_map(ctx->arena), *args = value_map(ctx->arena);
    struct records_filter posted = sent->filter;
    struct chosen chosen = { 0 };
    struct buf ids;
    size_t i;
    int rc = choose(&chosen, ctx, sent);

    if (rc)
        return rc;
    if (!control || value_get_bool(control, "readonly"))
        return fail_at(ctx, E_INVALID, "field", "form.unknown_field",
                       "there is no field %s", key ? key : "");
    if (!chosen.count)
        return fail_at(ctx, E_INVALID, "ids", "bulk.nothing",
                       "no records are chosen");
    buf_init(&ids, ctx->arena, 1 << 18);
    for (i = 0; i < chosen.count && !sent->all; i++)
        buf_addf(&ids, "%s%lld", i ? "," : "", (long long)chosen.ids[i]);
    if (sent->all)
        keep(ctx, keeps, "_all", "true");
    else
        keep(ctx, keeps, "_ids", buf_text(&ids));
    value_append(fields, control);
    records_add_section(ctx, sections, NULL, fields);
    posted.path = arena_printf(ctx->arena, "%s/bulk/apply",
                               records_path(ctx, sent->form));
    value_set(
        form, "action",
        value_url(ctx->arena, records_filter_url(ctx, &posted, NULL, NULL)));
    value_set_text(form, "name", sent->form->name);
    value_set_text(form, "record", "");
    value_set_text(form, "fields_sent", key);
    value_set(form, "keep", keeps);
    value_set(form, "sections", sections);
    value_set_int(args, "count", (int64_t)chosen.count);
    value_set_text(submit, "label", tr_with(ctx, "bulk.apply", args));
    value_set(form, "submit", submit);
    value_set(form, "cancel_url",
              value_url(ctx->arena,
                        records_filter_url(ctx, &sent->filter, NULL, NULL)));
    value_set(data, "form", form);
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    return portal_page(ctx, request, response, "records/form",
                       tr_with(ctx, "bulk.ask", args), data);
}

static int bulk_post(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    static const char *const names[] = { "ids[]", "_all", "action", "field",
                                         NULL };
    const char *action = request_form(request, "action");
    struct sent_bulk sent = { 0 };
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = read_sent(&sent, ctx, request);
    if (rc)
        return rc;
    if (text_equal(action, "edit"))
        return ask_page(ctx, request, response, &sent);
    if (text_equal(action, "update"))
        action = NULL;
    return start(ctx, request, response, &sent, action, NULL);
}

static int apply_post(struct ctx *ctx, struct request *request,
                      struct response *response, void *payload)
{
    struct sent_bulk sent = { 0 };
    struct sent values;
    int rc = read_sent(&sent, ctx, request);

    (void)payload;
    if (!rc)
        rc = records_read(&values, ctx, request, sent.form);
    return rc ? rc
              : start(ctx, request, response, &sent, "update", values.input);
}

static int undo_post(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    static const char *const names[] = { NULL };
    const struct form *form;
    struct value *result;
    int64_t id;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = records_form(&form, ctx, request);
    if (!rc)
        rc = request_id(&id, ctx, request, "id");
    if (!rc)
        rc = bulk_undo(ctx, form, id);
    if (!rc)
        rc = bulk_value(&result, ctx, form, id);
    if (rc)
        return rc;
    return response_done(ctx, request, response, bulk_path(ctx, form, id),
                         NULL);
}

static int result_page(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    struct value *data = value_map(ctx->arena), *result, *items;
    const struct form *form;
    int64_t id;
    size_t i;
    int rc = records_form(&form, ctx, request);

    (void)payload;
    if (!rc)
        rc = request_id(&id, ctx, request, "id");
    if (!rc)
        rc = bulk_value(&result, ctx, form, id);
    if (rc)
        return rc;
    items = value_get(result, "items");
    for (i = 0; i < value_count(items); i++)
        value_set(value_at(items, i), "url",
                  value_url(ctx->arena,
                            arena_printf(
                                ctx->arena, "%s/%s", records_path(ctx, form),
                                value_get_text(value_at(items, i), "record"))));
    value_set_text(result, "summary", summary(ctx, result));
    value_set(result, "list_url",
              value_url(ctx->arena, records_path(ctx, form)));
    if (text_equal(value_get_text(result, "state"), "done") &&
        value_get_int(result, "done", 0))
        value_set(
            result, "undo_url",
            value_url(ctx->arena, arena_printf(ctx->arena, "%s/undo",
                                               bulk_path(ctx, form, id))));
    value_set(data, "bulk", result);
    portal_crumb(ctx, data, locale_pick(ctx, form->title),
                 records_path(ctx, form));
    return portal_page(ctx, request, response, "records/bulk",
                       tr(ctx, "bulk.title"), data);
}

/* ---- REST ---- */

static int rest_names(struct ctx *ctx, const struct value *json)
{
    static const char NAMES[] = " action ids filter q bin values ";
    size_t i;

    if (value_kind(json) != VALUE_MAP)
        return fail(ctx, E_BAD_REQUEST, "bulk.expected_json",
                    "expected a JSON object with \"action\"");
    for (i = 0; i < value_count(json); i++) {
        const char *name = value_key_at(json, i);

        if (strchr(name, ' ') ||
            !strstr(NAMES, arena_printf(ctx->arena, " %s ", name)))
            return fail_at(ctx, E_INVALID, name, "form.unknown_field",
                           "there is no field %s", name);
    }
    return 0;
}

static int rest_choose(struct chosen *chosen, struct ctx *ctx,
                       const struct form *form, const struct value *json)
{
    const struct value *filter = value_get(json, "filter");
    struct record_query query = { .search = value_get_text(json, "q"),
                                  .bin = value_get_bool(json, "bin") };
    struct condition *where = NULL;
    int rc = 0;

    if (value_get(json, "ids"))
        return choose_ids(chosen, ctx, value_get(json, "ids"));
    /* All records are never meant by saying nothing. */
    if (!filter)
        return fail_at(ctx, E_INVALID, "ids", "bulk.nothing",
                       "no records are chosen");
    if (value_count(filter))
        rc = record_condition(&where, ctx, form, filter);
    query.where = where;
    return rc ? rc : choose_all(chosen, ctx, form, &query);
}

static int rest_answer(struct ctx *ctx, struct response *response,
                       const struct form *form, int64_t id)
{
    struct value *result;
    int rc = bulk_value(&result, ctx, form, id);

    return rc ? rc
              : response_json(
                    ctx, response,
                    value_get_int(result, "left", 0) ||
                            text_equal(value_get_text(result, "state"),
                                       "undoing")
                        ? 202
                        : 200,
                    result);
}

static int rest_start(struct ctx *ctx, struct request *request,
                      struct response *response, void *payload)
{
    const struct value *json = request->json;
    struct chosen chosen = { 0 };
    const struct form *form;
    int64_t id;
    int rc = records_form(&form, ctx, request);

    (void)payload;
    if (!rc)
        rc = rest_names(ctx, json);
    if (!rc)
        rc = rest_choose(&chosen, ctx, form, json);
    if (!rc)
        rc = bulk_start(&id, ctx, form, value_get_text(json, "action"),
                        value_get(json, "values"), chosen.ids, chosen.count);
    return rc ? rc : rest_answer(ctx, response, form, id);
}

static int rest_get(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    const struct form *form;
    int64_t id;
    int rc = records_form(&form, ctx, request);

    (void)payload;
    if (!rc)
        rc = request_id(&id, ctx, request, "id");
    return rc ? rc : rest_answer(ctx, response, form, id);
}

static int rest_undo(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    const struct form *form;
    int64_t id;
    int rc = records_form(&form, ctx, request);

    (void)payload;
    if (!rc)
        rc = request_id(&id, ctx, request, "id");
    if (!rc)
        rc = bulk_undo(ctx, form, id);
    return rc ? rc : rest_answer(ctx, response, form, id);
}

void records_bulk_start(void)
{
    static const struct route routes[] = {
        { "POST", "/records/{form}/bulk", ROUTE_PERSON, ROUTE_EXPENSIVE,
          bulk_post, NULL, NULL, NULL },
        { "POST", "/records/{form}/bulk/apply", ROUTE_PERSON,
          ROUTE_EXPENSIVE | ROUTE_UPLOAD, apply_post, NULL, NULL, NULL },
        { "GET", "/records/{form}/bulk/{id}", ROUTE_PERSON, 0, result_page,
          NULL, NULL, NULL },
        { "POST", "/records/{form}/bulk/{id}/undo", ROUTE_PERSON,
          ROUTE_EXPENSIVE, undo_post, NULL, NULL, NULL },
        { "POST", "/api/v1/records/{form}/bulk", ROUTE_PERSON,
          ROUTE_API | ROUTE_EXPENSIVE | ROUTE_UPLOAD, rest_start, NULL, NULL,
          NULL },
        { "GET", "/api/v1/records/{form}/bulk/{id}", ROUTE_PERSON, ROUTE_API,
          rest_get, NULL, NULL, NULL },
        { "POST", "/api/v1/records/{form}/bulk/{id}/undo", ROUTE_PERSON,
          ROUTE_API | ROUTE_EXPENSIVE, rest_undo, NULL, NULL, NULL },
        { .method = NULL },
    };

    route_add_table(routes);
}
