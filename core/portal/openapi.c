/*
 * openapi.c - /api/v1/openapi.json: made anew for who asks, it holds what he
 * may use.
 */
#include "base/banned.h"

#include "portal/openapi.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "form/form.h"
#include "org/person.h"
#include "portal/frame.h"
#include "portal/portal.h"
#include "portal/records.h"
#include "web/request.h"
#include "web/router.h"

/* ---- one operation ---- */

static struct value *parameter(struct ctx *ctx, const char *name,
                               const char *place, const char *type,
                               bool required)
{
    struct value *map = value_map(ctx->arena);

    value_set_text(map, "name", name);
    value_set_text(map, "in", place);
    value_set_bool(map, "required", required);
    value_set(map, "schema", openapi_type(ctx, type));
    return map;
}

/* "q limit:int if-match!" */
static void add_named(struct ctx *ctx, struct value *list, const char *text,
                      const char *place)
{
    char *rest = arena_strdup(ctx->arena, text ? text : ""), *name;

    while ((name = strsep(&rest, " "))) {
        char *type = strchr(name, ':');
        size_t length;

        if (type)
            *type++ = '\0';
        length = strlen(name);
        if (!length)
            continue;
        if (name[length - 1] == '!')
            name[length - 1] = '\0';
        value_append(list, parameter(ctx, name, place, type ? type : "text",
                                     strlen(name) < length));
    }
}

/* The pattern as OpenAPI writes it ("{path*}" is "{path}"), its parameters. */
static const char *path_of(struct ctx *ctx, struct value *parameters,
                           const char *pattern)
{
    struct buf buf;
    const char *at = pattern;

    buf_init(&buf, ctx->arena, 4096);
    while (*at) {
        size_t text = strcspn(at, "{"), name;

        buf_add(&buf, at, text);
        at += text;
        if (!*at)
            break;
        name = strcspn(at + 1, "*}");
        buf_addf(&buf, "{%.*s}", (int)name, at + 1);
        value_append(parameters,
                     parameter(ctx, arena_strndup(ctx->arena, at + 1, name),
                               "path", "text", true));
        at += strcspn(at, "}") + 1;
    }
    return buf_text(&buf);
}

static struct value *content(struct ctx *ctx, const char *type,
                             struct value *schema)
{
    struct value *map = value_map(ctx->arena);
    struct value *media = value_map(ctx->arena);

    value_set(media, "schema", schema);
    value_set(map, type, media);
    return map;
}

static struct value *upload_schema(struct ctx *ctx)
{
    struct value *schema = value_map(ctx->arena);
    struct value *properties = value_map(ctx->arena);
    struct value *file = value_map(ctx->arena);

    value_set_text(file, "type", "string");
    value_set_text(file, "format", "binary");
    value_set(properties, "file", file);
    value_set_text(schema, "type", "object");
    value_set(schema, "properties", properties);
    return schema;
}

static struct value *body_of(struct ctx *ctx, struct value *schema,
                             const char *type)
{
    struct value *body = value_map(ctx->arena);

    value_set_bool(body, "required", true);
    value_set(body, "content", content(ctx, type, schema));
    return body;
}

static struct value *responses_of(struct ctx *ctx, int status,
                                  struct value *schema)
{
    struct value *all = value_map(ctx->arena);
    struct value *good = value_map(ctx->arena);
    struct value *bad = value_map(ctx->arena);

    value_set_text(good, "description", "Done");
    if (schema)
        value_set(good, "content", content(ctx, "application/json", schema));
    value_set(all, arena_printf(ctx->arena, "%d", status ? status : 200), good);
    value_set_text(bad, "description", "What is wrong (RFC 9457)");
    value_set(
        bad, "content",
        content(ctx, "application/problem+json", openapi_ref(ctx, "Problems")));
    value_set(all, "default", bad);
    return all;
}

/* "get_api_v1_records_by_form": a parameter is no form's name. */
static const char *operation_id(struct ctx *ctx, const char *method,
                                const char *path)
{
    struct buf buf;
    const char *p;

    buf_init(&buf, ctx->arena, 4096);
    for (p = method; *p; p++)
        buf_add_char(&buf, (char)(*p + ('a' - 'A')));
    for (p = path; *p; p++) {
        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
            (*p >= '0' && *p <= '9'))
            buf_add_char(&buf, *p);
        else if (*p == '{')
            buf_add_text(&buf, "by_");
        else if (*p != '}')
            buf_add_char(&buf, '_');
    }
    return buf_text(&buf);
}

static const char *access_text(const struct route *route)
{
    return route->access == ROUTE_ADMINISTRATOR ? "administrator"
           : route->access == ROUTE_PUBLIC      ? "public"
                                                : "person";
}

static const char *tag_of(struct ctx *ctx, const struct route *route,
                          const struct openapi_route *known)
{
    if (route->module)
        return arena_printf(ctx->arena, "Module %s", route->module);
    return known ? known->tag : "Other";
}

static const char *summary_of(struct ctx *ctx, const struct route *route,
                              const struct openapi_route *known)
{
    return known ? known->summary
                 : arena_printf(ctx->arena, "%s %s", route->method,
                                route->pattern);
}

/* The key of a method in a path item: small letters. */
static const char *method_key(struct ctx *ctx, const char *method)
{
    char *key = arena_strdup(ctx->arena, method), *p;

    for (p = key; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + ('a' - 'A'));
    return key;
}

/* Adds an operation and returns it. */
static struct value *add_operation(struct ctx *ctx, struct value *paths,
                                   const struct route *route,
                                   const char *pattern)
{
    const struct openapi_route *known =
        openapi_route(route->method, route->pattern);
    struct value *operation = value_map(ctx->arena);
    struct value *parameters = value_list(ctx->arena);
    struct value *tags = value_list(ctx->arena), *item;
    const char *path = path_of(ctx, parameters, pattern);

    value_append(tags, value_text(ctx->arena, tag_of(ctx, route, known)));
    value_set(operation, "tags", tags);
    value_set_text(operation, "summary", summary_of(ctx, route, known));
    value_set_text(operation, "operationId",
                   operation_id(ctx, route->method, path));
    value_set_text(operation, "x-access", access_text(route));
    if (route->module)
        value_set_text(operation, "x-module", route->module);
    if (route->access == ROUTE_PUBLIC)
        value_set(operation, "security", value_list(ctx->arena));
    if (known) {
        add_named(ctx, parameters, known->query, "query");
        add_named(ctx, parameters, known->headers, "header");
    }
    value_set(operation, "parameters", parameters);
    if (known && text_equal(known->body, "multipart"))
        value_set(operation, "requestBody",
                  body_of(ctx, upload_schema(ctx), "multipart/form-data"));
    else if (known && known->body)
        value_set(
            operation, "requestBody",
            body_of(ctx, openapi_ref(ctx, known->body), "application/json"));
    value_set(operation, "responses",
              responses_of(ctx, known ? known->status : 0,
                           known && known->answer
                               ? openapi_ref(ctx, known->answer)
                           : known ? NULL
                                   : openapi_ref(ctx, "Any")));
    item = value_get(paths, path);
    if (!item) {
        item = value_map(ctx->arena);
        value_set(paths, path, item);
    }
    value_set(item, method_key(ctx, route->method), operation);
    return operation;
}

/* ---- forms ---- */

const char *openapi_schema_name(struct ctx *ctx, const struct form *form,
                                const char *what)
{
    return arena_printf(ctx->arena, "%s.%s", form->name, what);
}

/* The shared schema `base` with values of its own. */
static struct value *with_values(struct ctx *ctx, const char *base,
                                 const char *values)
{
    struct value *schema = value_map(ctx->arena);
    struct value *all = value_list(ctx->arena);
    struct value *own = value_map(ctx->arena);
    struct value *properties = value_map(ctx->arena);

    value_set(properties, "values", openapi_ref(ctx, values));
    value_set_text(own, "type", "object");
    value_set(own, "properties", properties);
    value_append(all, openapi_ref(ctx, base));
    value_append(all, own);
    value_set(schema, "allOf", all);
    return schema;
}

static void require_fields(struct ctx *ctx, struct value *input,
                           const struct form *form)
{
    struct value *required = value_list(ctx->arena);
    const struct value *properties = value_get(input, "properties");
    size_t i;

    for (i = 0; i < form->field_count; i++)
        if (form->fields[i]->required &&
            value_get(properties, form->fields[i]->key))
            value_append(required,
                         value_text(ctx->arena, form->fields[i]->key));
    /* A draft may lack them: said, not demanded. */
    if (value_count(required))
        value_set(input, form->flow ? "x-required" : "required", required);
}

static void add_schemas(struct ctx *ctx, struct value *schemas,
                        const struct form *form)
{
    const char *values = openapi_schema_name(ctx, form, "values");
    const char *input = openapi_schema_name(ctx, form, "input");
    const char *change = openapi_schema_name(ctx, form, "change");
    struct value *fields = openapi_input(ctx, form);

    value_set(schemas, values, openapi_values(ctx, form));
    value_set(schemas, change, openapi_input(ctx, form));
    require_fields(ctx, fields, form);
    value_set(schemas, input, fields);
    value_set(schemas, openapi_schema_name(ctx, form, "record"),
              with_values(ctx, "Record", values));
    value_set(schemas, openapi_schema_name(ctx, form, "new"),
              with_values(ctx, "NewRecord", input));
    value_set(schemas, openapi_schema_name(ctx, form, "patch"),
              with_values(ctx, "Change", change));
}

/* The routes of a form's records, with its own schemas. */
static const struct own_route {
    const char *method, *pattern, *end, *body, *answer;
} own_routes[] = {
    { "GET", "/api/v1/records/{form}", "", NULL, NULL },
    { "POST", "/api/v1/records/{form}", "", "new", "record" },
    { "GET", "/api/v1/records/{form}/{id}", "/{id}", NULL, "record" },
    { "PATCH", "/api/v1/records/{form}/{id}", "/{id}", "patch", "record" },
    { "DELETE", "/api/v1/records/{form}/{id}", "/{id}", NULL, NULL },
};

static void add_own_route(struct ctx *ctx, struct value *paths,
                          const struct form *form, const struct own_route *own)
{
    const struct openapi_route *known =
        openapi_route(own->method, own->pattern);
    struct value *tags = value_list(ctx->arena), *operation;
    const struct route *route;
    bool other;

    route =
        route_match(ctx->arena, own->method,
                    own->end[0] ? "/api/v1/records/a/1" : "/api/v1/records/a",
                    value_map(ctx->arena), &other);
    if (!route || !known)
        return;
    operation = add_operation(
        ctx, paths, route,
        arena_printf(ctx->arena, "/api/v1/records/%s%s", form->name, own->end));
    value_append(tags, value_text(ctx->arena, locale_pick(ctx, form->title)));
    value_set(operation, "tags", tags);
    value_set_text(operation, "x-form", form->name);
    if (own->body)
        value_set(
            operation, "requestBody",
            body_of(ctx,
                    openapi_ref(ctx, openapi_schema_name(ctx, form, own->body)),
                    "application/json"));
    if (own->answer)
        value_set(operation, "responses",
                  responses_of(ctx, known->status,
                               openapi_ref(ctx, openapi_schema_name(
                                                    ctx, form, own->answer))));
}

bool openapi_may_use(struct ctx *ctx, const struct form *form)
{
    return access_form(ctx, form->name, RIGHT_READ) ||
           records_may_create(ctx, form);
}

static int add_forms(struct ctx *ctx, struct value *paths,
                     struct value *schemas)
{
    const struct form **forms;
    size_t count, i, j;
    int rc = form_list(&forms, &count, ctx);

    for (i = 0; !rc && i < count; i++) {
        if (!openapi_may_use(ctx, forms[i]))
            continue;
        add_schemas(ctx, schemas, forms[i]);
        for (j = 0; j < sizeof(own_routes) / sizeof(*own_routes); j++)
            add_own_route(ctx, paths, forms[i], &own_routes[j]);
    }
    return rc;
}

/* ---- the document ---- */

static void add_security(struct ctx *ctx, struct value *document,
                         struct value *components)
{
    struct value *schemes = value_map(ctx->arena);
    struct value *bearer = value_map(ctx->arena);
    struct value *cookie = value_map(ctx->arena);
    struct value *list = value_list(ctx->arena);
    struct value *one = value_map(ctx->arena), *two = value_map(ctx->arena);

    value_set_text(bearer, "type", "http");
    value_set_text(bearer, "scheme", "bearer");
    value_set_text(bearer, "bearerFormat", "tnn_…");
    value_set_text(bearer, "description", "An API token: /me/tokens");
    value_set(schemes, "token", bearer);
    value_set_text(cookie, "type", "apiKey");
    value_set_text(cookie, "in", "cookie");
    value_set_text(cookie, "name", "tenon");
    value_set_text(cookie, "description",
                   "A browser's session; changes also need the header"
                   " X-CSRF-Token");
    value_set(schemes, "session", cookie);
    value_set(components, "securitySchemes", schemes);
    value_set(one, "token", value_list(ctx->arena));
    value_set(two, "session", value_list(ctx->arena));
    value_append(list, one);
    value_append(list, two);
    value_set(document, "security", list);
}

static bool is_described(struct ctx *ctx, const struct route *route)
{
    if (!text_starts(route->pattern, "/api/v1/"))
        return false;
    if (route->access == ROUTE_ADMINISTRATOR && !ctx->person->administrator)
        return false;
    return !route->module || access_module(ctx, route->module);
}

int openapi_document(struct value **out, struct ctx *ctx)
{
    struct value *document = value_map(ctx->arena);
    struct value *info = value_map(ctx->arena);
    struct value *paths = value_map(ctx->arena);
    struct value *components = value_map(ctx->arena);
    struct value *schemas = openapi_schemas(ctx);
    const struct route *route;
    int i, rc;

    value_set_text(document, "openapi", "3.1.0");
    value_set_text(info, "title", "Tenon");
    value_set_text(info, "version", "1");
    value_set_text(info, "description",
                   "Ids, decimals and instants are strings; unknown"
                   " parameters and fields are refused.");
    value_set(document, "info", info);
    value_set(document, "paths", paths);
    for (i = 0; (route = route_at(i)); i++)
        if (is_described(ctx, route))
            add_operation(ctx, paths, route, route->pattern);
    rc = add_forms(ctx, paths, schemas);
    value_set(components, "schemas", schemas);
    add_security(ctx, document, components);
    value_set(document, "components", components);
    *out = document;
    return rc;
}

static int get_document(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    struct value *document;
    int rc = openapi_document(&document, ctx);

    (void)request;
    (void)payload;
    return rc ? rc : response_json(ctx, response, 200, document);
}

void openapi_start(void)
{
    static const struct route routes[] = {
        { "GET", "/api/v1/openapi.json", ROUTE_PERSON, ROUTE_API | ROUTE_SCOPED,
          get_document, NULL, NULL, NULL },
        { 0 },
    };

    route_add_table(routes);
    openapi_page_start();
}
