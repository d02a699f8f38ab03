/*
 * records_rest.c - /api/v1/records/FORM: the same as the pages, for programs.
 *
 * Lists by cursor, fields chosen, filters as JSON; one record with its ETag;
 * changes with If-Match. docs/customizer/rest.md tells how to use it.
 */
#include "base/banned.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/str.h"
#include "flow/flow.h"
#include "form/field_type.h"
#include "portal/records.h"
#include "store/condition.h"
#include "store/db.h"
#include "web/request.h"
#include "web/router.h"

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 200, COUNT_MAX = 10000 };

/* ---- lists ---- */

int records_rest_filter(struct record_query *query, struct ctx *ctx,
                        const struct request *request, const struct form *form)
{
    const char *text = request_query(request, "filter");
    struct condition *where;
    struct value *json;
    int rc;

    if (text_empty(text))
        return 0;
    rc = json_parse(&json, ctx, text, strlen(text));
    if (!rc)
        rc = record_condition(&where, ctx, form, json);
    if (!rc)
        query->where = where;
    return rc;
}

int records_rest_names(struct ctx *ctx, const struct request *request,
                       const char *names)
{
    size_t i;

    for (i = 0; i < value_count(request->query); i++) {
        const char *name = value_key_at(request->query, i);

        if (!strchr(name, ' ') &&
            strstr(names, arena_printf(ctx->arena, " %s ", name)))
            continue;
        return fail_at(ctx, E_INVALID, name, "records.unknown_parameter",
                       "there is no parameter %s", name);
    }
    return 0;
}

/* "fields=purpose,total": all others are left out. */
static int read_fields(struct ctx *ctx, const struct request *request,
                       const struct form *form, struct record_query *query)
{
    const char *text = request_query(request, "fields");
    const struct field **fields =
        arena_array(ctx->arena, form->field_count + 2, sizeof *fields);
    size_t count = 0, i;
    char *rest, *key;

    if (!text) {
        for (i = 0; i < form->field_count; i++)
            if (form->fields[i]->column && !form->fields[i]->hidden)
                fields[count++] = form->fields[i];
        query->fields = fields;
        query->field_count = count;
        return 0;
    }
    rest = arena_strdup(ctx->arena, text);
    while ((key = strsep(&rest, ","))) {
        const struct field *field = form_field(form, key);

        if (!*key)
            continue;
        if (!field || field->hidden || field->table)
            return fail_at(ctx, E_INVALID, "fields", "form.unknown_field",
                           "there is no field %s", key);
        for (i = 0; i < count && fields[i] != field; i++)
            ;
        if (i == count)
            fields[count++] = field;
    }
    query->fields = fields;
    query->field_count = count;
    return 0;
}

static int read_sort(struct ctx *ctx, const struct request *request,
                     const struct form *form, struct record_query *query)
{
    const char *sort = request_query(request, "sort");

    if (text_empty(sort))
        return 0;
    query->descending = *sort == '-';
    query->sort = sort + (*sort == '-');
    if (!record_sort_known(form, query->sort))
        return fail_at(ctx, E_INVALID, "sort", "form.bad_sort",
                       "the list can't be sorted by %s", query->sort);
    return 0;
}

/* The cursor needs the value that the list is sorted by. */
static void read_sorted_field(const struct form *form,
                              struct record_query *query)
{
    const struct field *field =
        query->sort ? form_field(form, query->sort) : NULL;
    size_t i;

    for (i = 0; field && i < query->field_count; i++)
        if (query->fields[i] == field)
            return;
    if (field)
        ((const struct field **)query->fields)[query->field_count++] = field;
}

static int read_query(struct record_query *query, struct ctx *ctx,
                      const struct request *request, const struct form *form)
{
    const char *limit = request_query(request, "limit");
    int64_t number = LIMIT_DEFAULT;
    int rc = records_rest_names(
        ctx, request, " filter fields sort q limit cursor count bin ");

    if (!rc && limit && int_parse(&number, limit, 1, LIMIT_MAX))
        rc = fail_at(ctx, E_INVALID, "limit", "records.bad_limit",
                     "expected a whole number from 1 to %d", LIMIT_MAX);
    query->limit = (int)number;
    if (!rc)
        rc = records_rest_filter(query, ctx, request, form);
    if (!rc)
        rc = read_fields(ctx, request, form, query);
    if (!rc)
        rc = read_sort(ctx, request, form, query);
    if (rc)
        return rc;
    query->bin = text_equal(request_query(request, "bin"), "true");
    query->search = request_query(request, "q");
    if (text_empty(query->search))
        query->search = NULL;
    query->cursor = request_query(request, "cursor");
    if (text_empty(query->cursor))
        query->cursor = NULL;
    return 0;
}

/* A record of a list: of its values only those that were asked for. */
static struct value *item_value(struct ctx *ctx, const struct record *record,
                                const struct record_query *query, size_t count)
{
    struct value *map = record_value(ctx, record);
    struct value *values = value_map(ctx->arena);
    size_t i;

    for (i = 0; i < count; i++)
        value_set(
            values, query->fields[i]->key,
            field_to_json(ctx, query->fields[i],
                          value_get(record->values, query->fields[i]->key)));
    value_set(map, "values", values);
    value_remove(map, "label");
    return map;
}

static int write_list(struct ctx *ctx, struct response *response,
                      const struct form *form, struct record_query *query,
                      bool counted)
{
    struct value *answer = value_map(ctx->arena);
    struct value *items = value_list(ctx->arena);
    size_t shown = query->field_count, count, i;
    struct record **records;
    int64_t total;
    int limit = query->limit++, rc;

    read_sorted_field(form, query);
    rc = record_list(&records, &count, ctx, form, query);
    for (i = 0; !rc && i < count && i < (size_t)limit; i++)
        value_append(items, item_value(ctx, records[i], query, shown));
    if (rc)
        return rc;
    value_set(answer, "records", items);
    if (count > (size_t)limit)
        value_set_text(answer, "cursor",
                       record_cursor(ctx, query, records[limit - 1]));
    if (counted) {
        rc = record_count(&total, ctx, form, query, COUNT_MAX);
        if (rc)
            return rc;
        value_set_int(answer, "count", total > COUNT_MAX ? COUNT_MAX : total);
        value_set_bool(answer, "count_exact", total <= COUNT_MAX);
    }
    return response_json(ctx, response, 200, answer);
}

static int get_list(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    struct record_query query = { .limit = LIMIT_DEFAULT };
    const char *counted = request_query(request, "count");
    const struct form *form;
    int rc = records_form(&form, ctx, request);

    (void)payload;
    if (!rc)
        rc = read_query(&query, ctx, request, form);
    if (!rc)
        rc = read_begin(ctx);
    if (rc)
        return rc;
    rc = write_list(ctx, response, form, &query, text_equal(counted, "true"));
    read_end(ctx);
    return rc;
}

/* ---- one record ---- */

static const char *etag_of(struct ctx *ctx, const struct record *record)
{
    return arena_printf(ctx->arena, "%" PRId64, record->version);
}

static int write_record(struct ctx *ctx, struct response *response, int status,
                        const struct record *record)
{
    int rc = response_header(
        ctx, response, "ETag",
        arena_printf(ctx->arena, "\"%s\"", etag_of(ctx, record)));

    return rc ? rc
              : response_json(ctx, response, status, record_value(ctx, record));
}

static int get_one(struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    struct record *record;
    int rc = records_record(&record, ctx, request);

    (void)payload;
    if (rc)
        return rc;
    if (response_etag(ctx, request, response, etag_of(ctx, record)))
        return 0;
    return response_json(ctx, response, 200, record_value(ctx, record));
}

/* The body: {"values": {…}, "state"?: "draft", "submit"?: true}; nothing else
 * (S17, S65). */
static int read_body(const struct value **values, bool *draft, struct ctx *ctx,
                     const struct request *request)
{
    const char *state;
    size_t i;

    *draft = false;
    if (value_kind(request->json) != VALUE_MAP)
        return fail(ctx, E_BAD_REQUEST, "records.expected_json",
                    "expected a JSON object with \"values\"");
    for (i = 0; i < value_count(request->json); i++) {
        const char *name = value_key_at(request->json, i);

        if (strcmp(name, "values") != 0 && strcmp(name, "state") != 0 &&
            strcmp(name, "submit") != 0)
            return fail_at(ctx, E_INVALID, name, "form.unknown_field",
                           "there is no field %s", name);
    }
    *values = value_get(request->json, "values");
    if (value_kind(*values) != VALUE_MAP)
        return fail_at(ctx, E_INVALID, "values", "form.expected_map",
                       "expected an object with the record's fields");
    state = value_get_text(request->json, "state");
    if (value_get(request->json, "state")) {
        if (!text_equal(state, "draft"))
            return fail_at(ctx, E_INVALID, "state", "records.bad_state",
                           "the state can only be asked to be \"draft\"");
        *draft = true;
    }
    return 0;
}

static int create(struct ctx *ctx, struct request *request,
                  struct response *response, void *payload)
{
    const char *operation = request_header(request, "idempotency-key");
    const struct value *values;
    const struct form *form;
    struct record *record;
    bool draft;
    int rc = records_form(&form, ctx, request);

    (void)payload;
    if (!rc)
        rc = read_body(&values, &draft, ctx, request);
    if (rc)
        return rc;
    if (draft && !form->flow)
        return fail_at(ctx, E_INVALID, "state", "records.no_drafts",
                       "records of this form have no drafts");
    /* A form of a flow is submitted, as its page's button does. */
    if (form->flow && !draft)
        rc = flow_submit(&record, ctx, form, 0, 0, values,
                         operation ? operation : "");
    else
        rc = flow_save_once(&record, ctx, form, 0, 0, values,
                            draft ? "draft" : NULL, operation);
    if (!rc)
        rc = response_header(ctx, response, "Location",
                             arena_printf(ctx->arena,
                                          "/api/v1/records/%s/%" PRId64,
                                          form->name, record->id));
    return rc ? rc : write_record(ctx, response, 201, record);
}

/* The version that the client read; a change without it is refused. */
static int read_version(int64_t *version, struct ctx *ctx,
                        const struct request *request)
{
    int rc = request_if_match(version, ctx, request);

    if (!rc && !*version)
        return fail(ctx, E_BAD_REQUEST, "records.if_match",
                    "the header If-Match with the version is missing");
    return rc;
}

static int change(struct ctx *ctx, struct request *request,
                  struct response *response, void *payload)
{
    const char *operation = request_header(request, "idempotency-key");
    const struct value *values;
    struct record *record;
    int64_t version;
    bool draft;
    int rc = records_record(&record, ctx, request);

    (void)payload;
    if (!rc)
        rc = read_body(&values, &draft, ctx, request);
    if (!rc)
        rc = read_version(&version, ctx, request);
    if (rc)
        return rc;
    /* Changing a draft or a returned record submits it only when asked. */
    if (record->form->flow && value_get_bool(request->json, "submit"))
        rc = flow_submit(&record, ctx, record->form, record->id, version,
                         values, operation ? operation : "");
    else
        rc = flow_save_once(&record, ctx, record->form, record->id, version,
                            values, NULL, operation);
    return rc ? rc : write_record(ctx, response, 200, record);
}

static int delete (struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    struct record *record;
    int64_t version;
    int rc = records_record(&record, ctx, request);

    (void)payload;
    if (!rc)
        rc = read_version(&version, ctx, request);
    if (!rc)
        rc = record_delete(ctx, record->form, record->id, version);
    if (rc)
        return rc;
    response->status = 204;
    return 0;
}

void records_rest_start(void)
{
    static const struct route routes[] = {
        { "GET", "/api/v1/records/{form}", ROUTE_PERSON, ROUTE_API, get_list,
          NULL, NULL, "/api/v1/records/visitor" },
        { "POST", "/api/v1/records/{form}", ROUTE_PERSON,
          ROUTE_API | ROUTE_UPLOAD, create, NULL, NULL, NULL },
        { "GET", "/api/v1/records/{form}/{id}", ROUTE_PERSON, ROUTE_API,
          get_one, NULL, NULL, NULL },
        { "PATCH", "/api/v1/records/{form}/{id}", ROUTE_PERSON,
          ROUTE_API | ROUTE_UPLOAD, change, NULL, NULL, NULL },
        { "DELETE", "/api/v1/records/{form}/{id}", ROUTE_PERSON, ROUTE_API,
          delete, NULL, NULL, NULL },
        { .method = NULL },
    };

    route_add_table(routes);
}
