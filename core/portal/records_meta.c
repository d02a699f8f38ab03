/*
 * records_meta.c - /api/v1/forms: what forms there are, what fields, which
 * options a field has, and its logic for the browser.
 */
#include "base/banned.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "form/field_type.h"
#include "form/match.h"
#include "form/reference.h"
#include "form/similar.h"
#include "portal/records.h"
#include "view/view.h"
#include "web/request.h"
#include "web/router.h"

enum { IDS_MAX = 50, OPTIONS_SHOWN = 50 };

static struct value *field_value(struct ctx *ctx, const struct field *field)
{
    static const char *const copied[] = { "options",   "min",     "max",
                                          "more_than", "unit",    "max_count",
                                          "max_size",  "types",   "min_rows",
                                          "max_rows",  "pattern", "match" };
    const char *currency = field_currency(ctx, field);
    struct value *map = value_map(ctx->arena);
    size_t i;

    value_set_text(map, "key", field->key);
    value_set_text(map, "type", field->type->name);
    value_set_text(map, "title", locale_pick(ctx, field->title));
    if (field->hint)
        value_set_text(map, "hint", locale_pick(ctx, field->hint));
    value_set_bool(map, "required", field->required);
    value_set_bool(map, "read_only", field->read_only);
    value_set_bool(map, "sortable", field->sortable);
    if (field->type->flags & FIELD_SCALED)
        value_set_int(map, "scale", field->scale);
    if (field->target)
        value_set_text(map, "target", field->target);
    if (field->computed)
        value_set_text(map, "computed", field->computed);
    if (currency)
        value_set_text(map, "currency", currency);
    for (i = 0; i < sizeof copied / sizeof copied[0]; i++)
        if (field_property(field, copied[i]))
            value_set(map, copied[i],
                      value_copy(ctx->arena, field_property(field, copied[i])));
    if (field->table) {
        struct value *list = value_list(ctx->arena);

        for (i = 0; i < field->field_count; i++)
            if (!field->fields[i]->hidden)
                value_append(list, field_value(ctx, field->fields[i]));
        value_set(map, "fields", list);
    }
    return map;
}

static struct value *form_head(struct ctx *ctx, const struct form *form)
{
    struct value *map = value_map(ctx->arena);

    value_set_text(map, "name", form->name);
    value_set_text(map, "title", locale_pick(ctx, form->title));
    value_set_int(map, "version", form->version);
    if (form->category)
        value_set_text(map, "category", locale_pick(ctx, form->category));
    if (form->flow)
        value_set_text(map, "flow", form->flow);
    value_set_bool(map, "may_create", records_may_create(ctx, form));
    value_set_bool(map, "may_read", access_form(ctx, form->name, RIGHT_READ));
    return map;
}

static bool visible(struct ctx *ctx, const struct form *form)
{
    return access_form(ctx, form->name, RIGHT_READ) ||
           access_form(ctx, form->name, RIGHT_CREATE);
}

static int get_forms(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    struct value *answer = value_map(ctx->arena);
    struct value *list = value_list(ctx->arena);
    const struct form **forms;
    size_t count, i;
    int rc = form_list(&forms, &count, ctx);

    (void)request;
    (void)payload;
    for (i = 0; !rc && i < count; i++)
        if (visible(ctx, forms[i]))
            value_append(list, form_head(ctx, forms[i]));
    value_set(answer, "forms", list);
    return rc ? rc : response_json(ctx, response, 200, answer);
}

/* A form that the person has nothing to do with is not there. */
static int find_form(const struct form **form, struct ctx *ctx,
                     const struct request *request)
{
    int rc = records_form(form, ctx, request);

    if (!rc && !visible(ctx, *form))
        return fail(ctx, E_NOT_FOUND, "form.unknown", "there is no form %s",
                    (*form)->name);
    return rc;
}

static int get_form(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    struct value *list = value_list(ctx->arena), *map;
    const struct form *form;
    size_t i;
    int rc = find_form(&form, ctx, request);

    (void)payload;
    if (rc)
        return rc;
    map = form_head(ctx, form);
    for (i = 0; i < form->field_count; i++)
        if (!form->fields[i]->hidden)
            value_append(list, field_value(ctx, form->fields[i]));
    value_set(map, "fields", list);
    return response_json(ctx, response, 200, map);
}

/* The definition that core/script opens, here and in the browser. */
static int get_logic(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    const struct form *form;
    int rc = find_form(&form, ctx, request);

    (void)payload;
    if (rc)
        return rc;
    return response_json(ctx, response, 200, form->logic_definition);
}

/* ---- options ---- */

/* "contact", or "items.contact" of a sub-table. */
static const struct field *find_field(struct ctx *ctx, const struct form *form,
                                      const char *name)
{
    const char *dot = strchr(name, '.');
    const struct field *table;

    if (!dot)
        return form_field(form, name);
    table =
        form_field(form, arena_strndup(ctx->arena, name, (size_t)(dot - name)));
    return table && table->table ? form_cell(table, dot + 1) : NULL;
}

static void add_option(struct ctx *ctx, struct value *list,
                       const struct field *field, const struct value *found)
{
    struct value *map = value_map(ctx->arena);
    const char *label = value_get_text(found, "label");

    value_set_id(map, "value", value_get_id(found, "id"));
    value_set_text(map, "label", label);
    if (!text_empty(value_get_text(found, "detail")))
        value_set_text(map, "detail", value_get_text(found, "detail"));
    if (strcmp(field->type->name, "user") == 0) {
        value_set_text(map, "initials", view_initials(ctx, label));
        value_set_text(map, "tone", view_tone(value_get_id(found, "id")));
    }
    if (value_get(found, "leaf"))
        value_set_bool(map, "leaf", value_get_bool(found, "leaf"));
    value_append(list, map);
}

/* ?match.customer=17: what stands in the fields of the form that the link goes
 * with (form/match.h). */
static int read_match(struct value *values, struct ctx *ctx,
                      const struct request *request, const struct field *field)
{
    static const char prefix[] = "match.";
    size_t i;

    for (i = 0; i < value_count(request->query); i++) {
        const char *name = value_key_at(request->query, i);
        const struct value *given = value_item_at(request->query, i);
        const struct field *own;
        struct value *value;
        int rc;

        if (!text_starts(name, prefix))
            continue;
        own = match_own(field, name + strlen(prefix));
        if (!own)
            return fail_at(ctx, E_INVALID, name, "form.unknown_field",
                           "there is no field %s", name);
        if (text_empty(value_as_text(given)))
            continue;
        rc = field_input(&value, ctx, own, name, given);
        if (!rc && strcmp(own->type->name, "choice") == 0 &&
            !field_option(own, value_as_text(value)))
            rc = fail_at(ctx, E_INVALID, name, "form.unknown_option",
                         "\"%s\" is none of the options", value_as_text(value));
        if (rc)
            return rc;
        value_set(values, own->key, value);
    }
    return 0;
}

/* A link that does not go with what stands beside it is as good as not there.
 */
static bool goes_with(struct ctx *ctx, const struct field *field, int64_t id,
                      const struct value *values)
{
    const struct field *other;

    if (match_differs(&other, ctx, field, id, values)) {
        ctx_clear(ctx);
        return false;
    }
    return !other;
}

/* ?ids=1,2: the names of what is chosen already, where visible. */
static void add_named(struct ctx *ctx, struct value *list,
                      const struct field *field, const char *ids,
                      const struct value *values)
{
    char *rest = arena_strdup(ctx->arena, ids), *part;
    int64_t id;

    while ((part = strsep(&rest, ",")) && value_count(list) < IDS_MAX) {
        struct value *found = value_map(ctx->arena);
        const char *label;

        if (int_parse(&id, part, 1, INT64_MAX) ||
            (field->target && reference_visible(ctx, field->target, id)) ||
            !goes_with(ctx, field, id, values))
            continue;
        label = field_human(ctx, field, value_int(ctx->arena, id));
        if (!*label)
            continue;
        value_set_id(found, "id", id);
        value_set_text(found, "label", label);
        add_option(ctx, list, field, found);
    }
}

static int get_options(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    const char *parent_text = request_query(request, "parent");
    const char *ids = request_query(request, "ids");
    struct value *answer = value_map(ctx->arena);
    struct value *list = value_list(ctx->arena), *found = NULL;
    struct value *values = value_map(ctx->arena);
    const struct field *field;
    const struct form *form;
    int64_t parent = 0;
    size_t i;
    int rc = find_form(&form, ctx, request);

    (void)payload;
    if (rc)
        return rc;
    field = find_field(ctx, form, request_param(request, "field"));
    if (!field || field->hidden)
        return fail(ctx, E_NOT_FOUND, "form.unknown_field",
                    "there is no field %s", request_param(request, "field"));
    if (!text_empty(parent_text) &&
        int_parse(&parent, parent_text, 1, INT64_MAX))
        return fail_at(ctx, E_INVALID, "parent", "form.expected_id",
                       "expected an id");
    rc = read_match(values, ctx, request, field);
    if (!rc && ids)
        add_named(ctx, list, field, ids, values);
    else if (!rc)
        rc = reference_options(&found, ctx, field, request_query(request, "q"),
                               parent, values);
    if (rc)
        return rc;
    for (i = 0; i < value_count(found); i++)
        add_option(ctx, list, field, value_at(found, i));
    value_set(answer, "options", list);
    value_set_bool(answer, "more",
                   strcmp(field->type->name, "cascade") != 0 &&
                       value_count(list) >= OPTIONS_SHOWN);
    return response_json(ctx, response, 200, answer);
}

/* Finished sentences: the browser only shows them. */
static void tell_similar(struct ctx *ctx, const struct form *form,
                         struct value *answer, const struct value *found)
{
    const struct value *records = value_get(found, "records");
    const struct value *owners = value_get(found, "owners");
    struct value *items = value_list(ctx->arena);
    struct value *others = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < value_count(records); i++) {
        const struct value *record = value_at(records, i);
        struct value *item = value_map(ctx->arena);

        value_set_id(item, "id", value_get_id(record, "id"));
        value_set_text(item, "label", value_get_text(record, "label"));
        value_set_text(item, "text", value_get_text(record, "text"));
        if (value_get(record, "owner"))
            value_set_text(item, "owner", value_get_text(record, "owner"));
        value_set_text(item, "url",
                       arena_printf(ctx->arena, "%s/%lld",
                                    records_path(ctx, form),
                                    (long long)value_get_id(record, "id")));
        value_append(items, item);
    }
    for (i = 0; i < value_count(owners); i++) {
        struct value *args = value_map(ctx->arena);

        value_set_text(args, "owner", value_as_text(value_at(owners, i)));
        value_append(others,
                     value_text(ctx->arena,
                                tr_with(ctx, "records.similar_other", args)));
    }
    value_set(answer, "records", items);
    value_set(answer, "others", others);
    value_set_text(answer, "title", tr(ctx, "records.similar"));
}

/* ?q=TEXT[&except=ID]: for who adds or changes records there. */
static int get_similar(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    const char *except_text = request_query(request, "except");
    const char *text = request_query(request, "q");
    struct value *answer = value_map(ctx->arena), *found;
    const struct field *field;
    const struct form *form;
    int64_t except = 0;
    int rc = find_form(&form, ctx, request);

    (void)payload;
    if (rc)
        return rc;
    if (!records_may_create(ctx, form) &&
        !access_form(ctx, form->name, RIGHT_UPDATE))
        return fail(ctx, E_FORBIDDEN, "form.may_not_create",
                    "you may not add records here");
    field = form_field(form, request_param(request, "field"));
    if (!field || field->hidden || !field->similar)
        return fail(ctx, E_NOT_FOUND, "form.unknown_field",
                    "there is no field %s", request_param(request, "field"));
    if (!text_empty(except_text) &&
        int_parse(&except, except_text, 1, INT64_MAX))
        return fail_at(ctx, E_INVALID, "except", "form.expected_id",
                       "expected an id");
    rc = record_similar(&found, ctx, form, field, text, except);
    if (rc)
        return rc;
    tell_similar(ctx, form, answer, found);
    return response_json(ctx, response, 200, answer);
}

void records_meta_start(void)
{
    static const struct route routes[] = {
        { "GET", "/api/v1/forms", ROUTE_PERSON, ROUTE_API | ROUTE_SCOPED,
          get_forms, NULL, NULL, NULL },
        { "GET", "/api/v1/forms/{form}", ROUTE_PERSON, ROUTE_API, get_form,
          NULL, NULL, "/api/v1/forms/visitor" },
        { "GET", "/api/v1/forms/{form}/logic", ROUTE_PERSON, ROUTE_API,
          get_logic, NULL, NULL, NULL },
        { "GET", "/api/v1/forms/{form}/fields/{field}/options", ROUTE_PERSON,
          ROUTE_API, get_options, NULL, NULL, NULL },
        { "GET", "/api/v1/forms/{form}/fields/{field}/similar", ROUTE_PERSON,
          ROUTE_API | ROUTE_EXPENSIVE, get_similar, NULL, NULL, NULL },
        { .method = NULL },
    };

    route_add_table(routes);
}
