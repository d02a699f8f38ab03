/*
 * openapi_page.c - the page /api: the document of openapi.c for people.
 */
#include "base/banned.h"

#include "portal/openapi.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "form/form.h"
#include "portal/frame.h"
#include "portal/portal.h"
#include "web/request.h"
#include "web/router.h"

/* The value of a map's i-th entry. */
static const struct value *member_at(const struct value *map, size_t i)
{
    return value_get(map, value_key_at(map, i));
}

/* "Record" of "#/components/schemas/Record"; NULL. */
static const char *ref_name(const struct value *schema)
{
    const char *ref = value_get_text(schema, "$ref");
    const char *name = ref ? strrchr(ref, '/') : NULL;

    return name ? name + 1 : NULL;
}

/* The schema of a body's first media type; NULL where it says nothing. */
static const char *schema_in(const struct value *holder)
{
    const struct value *media = value_get(holder, "content");
    const char *name = value_count(media)
                           ? ref_name(value_get(member_at(media, 0), "schema"))
                           : NULL;

    return text_equal(name, "Any") ? NULL : name;
}

/* "GET" of a path item's key. */
static const char *method_name(struct ctx *ctx, const char *key)
{
    char *name = arena_strdup(ctx->arena, key), *p;

    for (p = name; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - ('a' - 'A'));
    return name;
}

static struct value *operation_row(struct ctx *ctx, const char *path,
                                   const char *method,
                                   const struct value *operation)
{
    struct value *row = value_map(ctx->arena);
    struct value *names = value_list(ctx->arena);
    const struct value *list = value_get(operation, "parameters");
    const char *access = value_get_text(operation, "x-access");
    size_t i;

    value_set_text(row, "method", method_name(ctx, method));
    value_set_text(row, "path", path);
    value_set_text(row, "summary", value_get_text(operation, "summary"));
    value_set_text(row, "access", text_equal(access, "person") ? NULL : access);
    value_set_text(row, "body", schema_in(value_get(operation, "requestBody")));
    value_set_text(row, "answer",
                   schema_in(member_at(value_get(operation, "responses"), 0)));
    for (i = 0; i < value_count(list); i++) {
        const struct value *one = value_at(list, i);
        struct value *name = value_map(ctx->arena);

        if (text_equal(value_get_text(one, "in"), "path"))
            continue;
        value_set_text(name, "name", value_get_text(one, "name"));
        value_set_bool(name, "required", value_get_bool(one, "required"));
        value_append(names, name);
    }
    value_set(row, "names", names);
    return row;
}

static struct value *group_of(struct ctx *ctx, struct value *groups,
                              const char *tag)
{
    struct value *group;
    size_t i;

    for (i = 0; i < value_count(groups); i++)
        if (text_equal(value_get_text(value_at(groups, i), "tag"), tag))
            return value_get(value_at(groups, i), "rows");
    group = value_map(ctx->arena);
    value_set_text(group, "tag", tag);
    value_set_int(group, "number", (int64_t)value_count(groups));
    value_set(group, "rows", value_list(ctx->arena));
    value_append(groups, group);
    return value_get(group, "rows");
}

static struct value *page_groups(struct ctx *ctx, const struct value *document)
{
    const struct value *paths = value_get(document, "paths");
    struct value *groups = value_list(ctx->arena);
    size_t i, j;

    for (i = 0; i < value_count(paths); i++) {
        const struct value *item = member_at(paths, i);

        for (j = 0; j < value_count(item); j++) {
            const struct value *operation = member_at(item, j);
            const char *tag =
                value_as_text(value_at(value_get(operation, "tags"), 0));

            if (value_get(operation, "x-form"))
                continue; /* below, by form */
            value_append(group_of(ctx, groups, tag),
                         operation_row(ctx, value_key_at(paths, i),
                                       value_key_at(item, j), operation));
        }
    }
    return groups;
}

static bool listed(const struct value *list, const char *key)
{
    size_t i;

    for (i = 0; i < value_count(list); i++)
        if (text_equal(value_as_text(value_at(list, i)), key))
            return true;
    return false;
}

static struct value *field_rows(struct ctx *ctx, const struct value *schemas,
                                const struct form *form)
{
    const struct value *all =
        value_get(value_get(schemas, openapi_schema_name(ctx, form, "values")),
                  "properties");
    const struct value *input =
        value_get(schemas, openapi_schema_name(ctx, form, "input"));
    const struct value *required = value_get(input, "required");
    struct value *rows = value_list(ctx->arena);
    size_t i;

    if (!required)
        required = value_get(input, "x-required");
    for (i = 0; i < value_count(all); i++) {
        const char *key = value_key_at(all, i);
        const struct value *schema = member_at(all, i);
        struct value *row = value_map(ctx->arena);

        value_set_text(row, "key", key);
        value_set_text(row, "title", value_get_text(schema, "title"));
        value_set_text(row, "type", value_get_text(schema, "x-type"));
        value_set_bool(row, "required", listed(required, key));
        value_set_bool(row, "read_only",
                       !value_get(value_get(input, "properties"), key));
        value_append(rows, row);
    }
    return rows;
}

static int page_forms(struct value **out, struct ctx *ctx,
                      const struct value *document)
{
    const struct value *schemas =
        value_get(value_get(document, "components"), "schemas");
    const struct form **forms;
    size_t count, i;
    int rc = form_list(&forms, &count, ctx);

    *out = value_list(ctx->arena);
    for (i = 0; !rc && i < count; i++) {
        struct value *row;

        if (!openapi_may_use(ctx, forms[i]))
            continue;
        row = value_map(ctx->arena);
        value_set_text(row, "name", forms[i]->name);
        value_set_text(row, "title", locale_pick(ctx, forms[i]->title));
        value_set(row, "fields", field_rows(ctx, schemas, forms[i]));
        value_append(*out, row);
    }
    return rc;
}

static int show_page(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    struct value *data = value_map(ctx->arena), *document, *forms;
    int rc = openapi_document(&document, ctx);

    (void)payload;
    if (!rc)
        rc = page_forms(&forms, ctx, document);
    if (rc)
        return rc;
    value_set(data, "groups", page_groups(ctx, document));
    value_set(data, "forms", forms);
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    return portal_page(ctx, request, response, "api", tr(ctx, "api.title"),
                       data);
}

void openapi_page_start(void)
{
    static const struct route routes[] = {
        { "GET", "/api", ROUTE_PERSON, ROUTE_PAGE, show_page, NULL, NULL,
          NULL },
        { 0 },
    };

    route_add_table(routes);
}
