/*
 * records_views_rest.c - /api/v1/views: views of a form, for programs.
 * docs/customizer/rest.md tells how to use it; rights are form/view.h's.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "portal/records.h"
#include "portal/records_views.h"
#include "store/db.h"
#include "web/request.h"
#include "web/router.h"

static int form_named(const struct form **out, struct ctx *ctx,
                      const char *name)
{
    int rc;

    if (!name)
        return fail_at(ctx, E_INVALID, "form", "form.required",
                       "please fill this in");
    rc = form_find(out, ctx, name);
    if (!rc && !(*out)->enabled)
        rc = fail(ctx, E_UNAVAILABLE, "form.module_off",
                  "the module of this form is switched off");
    return rc;
}

/* The view of {id} and its form; as if it were not there where ctx->person
 * does not see it. */
static int find(struct view **out, const struct form **form, struct ctx *ctx,
                const struct request *request)
{
    struct views views;
    const char *name = NULL;
    int64_t id;
    int rc = request_id(&id, ctx, request, "id");

    if (!rc)
        rc = db_text(&name, ctx,
                     "SELECT f.name FROM form_view v JOIN form f"
                     " ON f.id = v.form WHERE v.id = ?1",
                     "i", id);
    if (!rc)
        rc = form_named(form, ctx, name);
    if (!rc)
        rc = view_list(&views, ctx, *form);
    if (!rc)
        *out = view_named(&views, request_param(request, "id"));
    if (rc == E_NOT_FOUND || (!rc && !*out))
        return fail(ctx, E_NOT_FOUND, "form.no_view", "there is no such view");
    return rc;
}

static int get_list(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    struct value *answer = value_map(ctx->arena);
    struct value *items = value_list(ctx->arena);
    const struct form *form;
    struct views views;
    size_t i;
    int rc = records_rest_names(ctx, request, " form ");

    (void)payload;
    if (!rc)
        rc = form_named(&form, ctx, request_query(request, "form"));
    if (!rc)
        rc = view_list(&views, ctx, form);
    if (rc)
        return rc;
    for (i = 0; i < views.count; i++)
        value_append(items, view_value(ctx, form, views.items[i]));
    value_set(answer, "views", items);
    return response_json(ctx, response, 200, answer);
}

static int answer_saved(struct ctx *ctx, struct response *response, int status,
                        const struct form *form, int64_t id)
{
    struct views views;
    int rc = view_list(&views, ctx, form);

    return rc ? rc
              : response_json(
                    ctx, response, status,
                    view_value(
                        ctx, form,
                        view_named(&views, arena_printf(ctx->arena, "%lld",
                                                        (long long)id))));
}

/* The body without the members that the address or the form say. */
static struct value *input_of(struct ctx *ctx, const struct request *request)
{
    struct value *input = value_copy(ctx->arena, request->json);

    if (value_kind(input) == VALUE_MAP)
        value_remove(input, "form");
    return input;
}

static int create(struct ctx *ctx, struct request *request,
                  struct response *response, void *payload)
{
    const struct form *form;
    int64_t id;
    int rc = form_named(&form, ctx, value_get_text(request->json, "form"));

    (void)payload;
    if (!rc)
        rc = view_save(&id, ctx, form, 0, input_of(ctx, request));
    if (!rc)
        rc = response_header(
            ctx, response, "Location",
            arena_printf(ctx->arena, "/api/v1/views/%lld", (long long)id));
    return rc ? rc : answer_saved(ctx, response, 201, form, id);
}

static int get_one(struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    const struct form *form;
    struct view *view;
    int rc = find(&view, &form, ctx, request);

    (void)payload;
    return rc ? rc
              : response_json(ctx, response, 200, view_value(ctx, form, view));
}

static int change(struct ctx *ctx, struct request *request,
                  struct response *response, void *payload)
{
    const struct form *form;
    struct view *view;
    int64_t id;
    int rc = find(&view, &form, ctx, request);

    (void)payload;
    if (!rc)
        rc = view_save(&id, ctx, form, view->id, input_of(ctx, request));
    return rc ? rc : answer_saved(ctx, response, 200, form, id);
}

static int delete (struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    const struct form *form;
    struct view *view;
    int rc = find(&view, &form, ctx, request);

    (void)payload;
    if (!rc)
        rc = view_delete(ctx, form, view->id);
    if (!rc)
        response->status = 204;
    return rc;
}

/* {"form", "key" (null: none, "": the plain list), "everybody"?: true} */
static int set_default(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    const struct form *form;
    size_t i;
    int rc = form_named(&form, ctx, value_get_text(request->json, "form"));

    (void)payload;
    for (i = 0; !rc && i < value_count(request->json); i++) {
        const char *name = value_key_at(request->json, i);

        if (strcmp(name, "form") != 0 && strcmp(name, "key") != 0 &&
            strcmp(name, "everybody") != 0)
            rc = fail_at(ctx, E_INVALID, name, "form.unknown_field",
                         "there is no field %s", name);
    }
    if (!rc)
        rc = view_set_default(ctx, form, value_get_text(request->json, "key"),
                              value_get_bool(request->json, "everybody"));
    if (!rc)
        response->status = 204;
    return rc;
}

void records_views_rest_start(void)
{
    static const struct route routes[] = {
        { "GET", "/api/v1/views", ROUTE_PERSON, ROUTE_API, get_list, NULL, NULL,
          NULL },
        { "POST", "/api/v1/views", ROUTE_PERSON, ROUTE_API, create, NULL, NULL,
          NULL },
        { "POST", "/api/v1/views/default", ROUTE_PERSON, ROUTE_API, set_default,
          NULL, NULL, NULL },
        { "GET", "/api/v1/views/{id}", ROUTE_PERSON, ROUTE_API, get_one, NULL,
          NULL, NULL },
        { "PATCH", "/api/v1/views/{id}", ROUTE_PERSON, ROUTE_API, change, NULL,
          NULL, NULL },
        { "DELETE", "/api/v1/views/{id}", ROUTE_PERSON, ROUTE_API, delete, NULL,
          NULL, NULL },
        { .method = NULL },
    };

    route_add_table(routes);
}
