/*
 * frame_tokens.c - a person's API tokens, and those of all for administrators.
 *
 * Making one asks for the password again (S11); its text stands on the answer
 * to the form, once (S10), and nowhere else.
 */
#include "base/banned.h"

#include "portal/frame.h"

#include <inttypes.h>

#include "access/access.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/numbers.h"
#include "base/str.h"
#include "base/value.h"
#include "form/form.h"
#include "org/api_token.h"
#include "org/person.h"
#include "portal/admin.h"
#include "portal/fields.h"
#include "portal/portal.h"
#include "web/request.h"
#include "web/router.h"

enum { LISTED_MAX = 1000 };

static const int day_choices[] = { 7, 30, API_TOKEN_DAYS, 180,
                                   API_TOKEN_DAYS_MAX };
static const enum api_scope scopes[] = { API_READ, API_WRITE, API_EXPORT,
                                         API_ADMINISTRATION };

/* "Read and change · Customers, Budgets" */
static const char *scope_text(struct ctx *ctx, const struct value *row)
{
    const struct value *names = value_get(row, "scopes");
    const struct value *forms = value_get(row, "forms");
    struct buf buf;
    size_t i;

    buf_init(&buf, ctx->arena, 65536);
    for (i = 0; i < value_count(names); i++)
        buf_addf(&buf, "%s%s", i ? tr(ctx, "tokens.comma") : "",
                 tr(ctx, arena_printf(ctx->arena, "tokens.scope.%s",
                                      value_as_text(value_at(names, i)))));
    for (i = 0; i < value_count(forms); i++) {
        const char *name = value_as_text(value_at(forms, i));
        const struct form *form;

        if (form_find(&form, ctx, name))
            ctx_clear(ctx);
        else
            name = locale_pick(ctx, form->title);
        buf_addf(&buf, "%s%s", i ? tr(ctx, "tokens.comma") : " · ", name);
    }
    return buf_text(&buf);
}

static const char *day_text(const struct ctx *ctx, int64_t instant,
                            const struct zone *zone)
{
    struct civil day;

    civil_of(&day, instant, zone);
    return date_human(ctx, arena_printf(ctx->arena, "%04d-%02d-%02d", day.year,
                                        day.month, day.day));
}

static const char *until_text(struct ctx *ctx, const struct value *row)
{
    struct value *args = value_map(ctx->arena);

    value_set_text(args, "day",
                   day_text(ctx, value_get_int(row, "until", 0), ctx->zone));
    return tr_with(
        ctx, value_get_bool(row, "expired") ? "tokens.expired" : "tokens.until",
        args);
}

/* The day stands in the store in UTC, without the time. */
static const char *used_text(struct ctx *ctx, const struct value *row)
{
    int64_t day = value_get_int(row, "used_day", 0);
    struct value *args = value_map(ctx->arena);

    if (!day)
        return tr(ctx, "tokens.unused");
    value_set_text(args, "day", day_text(ctx, day, zone_utc()));
    return tr_with(ctx, "tokens.used", args);
}

static int add_tokens(struct ctx *ctx, struct value *data, int64_t user,
                      const char *base)
{
    struct value *list;
    size_t i;
    int rc = api_token_list(&list, ctx, user, LISTED_MAX);

    for (i = 0; !rc && i < value_count(list); i++) {
        struct value *row = value_at(list, i);

        value_set_text(row, "may", scope_text(ctx, row));
        value_set_text(row, "until_text", until_text(ctx, row));
        value_set_text(row, "used_text", used_text(ctx, row));
        value_set(
            row, "revoke_url",
            value_url(ctx->arena, arena_printf(ctx->arena, "%s/%s/revoke", base,
                                               value_get_text(row, "id"))));
        if (!user)
            value_set_text(row, "owner", value_get_text(row, "user"));
    }
    value_set(data, "tokens", list);
    return rc;
}

static int show_tokens(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    struct value *data = value_map(ctx->arena);
    struct value *empty = value_map(ctx->arena);
    bool all = payload != NULL;
    int rc = add_tokens(ctx, data, all ? 0 : ctx->person->id,
                        all ? "/admin/tokens" : "/me/tokens");

    if (rc)
        return rc;
    value_set_text(empty, "text", tr(ctx, "tokens.none"));
    value_set_text(empty, "icon", "key");
    if (!all) {
        value_set(empty, "url", value_url(ctx->arena, "/me/tokens/new"));
        value_set_text(empty, "label", tr(ctx, "tokens.new"));
        portal_crumb(ctx, data, tr(ctx, "profile.title"), "/me");
        value_set_text(data, "lead", tr(ctx, "tokens.lead"));
        value_set_bool(data, "own", true);
    } else {
        admin_crumbs(ctx, data, NULL, NULL);
        value_set_text(data, "lead", tr(ctx, "tokens.all_lead"));
    }
    value_set(data, "empty", empty);
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    return portal_page(ctx, request, response, "tokens",
                       tr(ctx, all ? "tokens.all" : "tokens.title"), data);
}

/* ---- making one ---- */

static bool was_sent(const struct request *request, const char *name,
                     const char *value)
{
    const struct value *list = value_get(request->form, name);
    size_t i;

    for (i = 0; i < value_count(list); i++)
        if (text_equal(value_as_text(value_at(list, i)), value))
            return true;
    return false;
}

static struct value *scope_choices(struct ctx *ctx,
                                   const struct request *request, bool again)
{
    struct value *list = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < sizeof(scopes) / sizeof(*scopes); i++) {
        const char *name = api_scope_name(scopes[i]);
        struct value *row;

        if (scopes[i] == API_ADMINISTRATION && !ctx->person->administrator)
            continue;
        row = value_map(ctx->arena);
        value_set_text(row, "value", name);
        value_set_text(
            row, "label",
            tr(ctx, arena_printf(ctx->arena, "tokens.scope.%s", name)));
        value_set_text(
            row, "hint",
            tr(ctx, arena_printf(ctx->arena, "tokens.scope_hint.%s", name)));
        value_set_bool(row, "checked",
                       again ? was_sent(request, "scopes[]", name)
                             : scopes[i] == API_READ);
        value_append(list, row);
    }
    return list;
}

static int form_choices(struct value **out, struct ctx *ctx,
                        const struct request *request)
{
    const struct form **forms;
    size_t count, i;
    int rc = form_list(&forms, &count, ctx);

    *out = value_list(ctx->arena);
    for (i = 0; !rc && i < count; i++) {
        struct value *row;

        if (!access_form(ctx, forms[i]->name, RIGHT_READ))
            continue;
        row = value_map(ctx->arena);
        value_set_text(row, "value", forms[i]->name);
        value_set_text(row, "label", locale_pick(ctx, forms[i]->title));
        value_set_bool(row, "selected",
                       was_sent(request, "forms[]", forms[i]->name));
        value_append(*out, row);
    }
    return rc;
}

static int chosen_days(const struct request *request)
{
    const char *text = request_form(request, "days");
    int64_t days = 0;

    if (!text)
        return API_TOKEN_DAYS;
    return int_parse(&days, text, 1, API_TOKEN_DAYS_MAX) ? 0 : (int)days;
}

static struct value *days_list(struct ctx *ctx, const struct request *request)
{
    struct value *list = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < sizeof(day_choices) / sizeof(*day_choices); i++) {
        struct value *row = value_map(ctx->arena);
        struct value *args = value_map(ctx->arena);

        value_set_int(args, "count", day_choices[i]);
        value_set_int(row, "value", day_choices[i]);
        value_set_text(row, "label", tr_with(ctx, "tokens.days", args));
        value_set_bool(row, "selected", day_choices[i] == chosen_days(request));
        value_append(list, row);
    }
    return list;
}

/* The form; `made` is the text of the token that was just made, NULL before. */
static int new_page(struct ctx *ctx, struct request *request,
                    struct response *response, const char *made)
{
    struct value *data = value_map(ctx->arena), *forms;
    bool again = value_count(request->form) > 0;
    int rc = form_choices(&forms, ctx, request);

    if (rc)
        return rc;
    value_set(data, "problems", fields_problems(ctx));
    value_set_text(data, "made", made);
    value_set_text(data, "name", request_form(request, "name"));
    value_set(data, "scopes", scope_choices(ctx, request, again));
    value_set(data, "forms", forms);
    value_set(data, "days", days_list(ctx, request));
    portal_crumb(ctx, data, tr(ctx, "profile.title"), "/me");
    portal_crumb(ctx, data, tr(ctx, "tokens.title"), "/me/tokens");
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    return portal_page(ctx, request, response, "token-new",
                       tr(ctx, made ? "tokens.made" : "tokens.new"), data);
}

static int show_new(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    (void)payload;
    return new_page(ctx, request, response, NULL);
}

static int make_token(struct ctx *ctx, struct request *request,
                      struct response *response, void *payload)
{
    static const char *const names[] = { "name", "scopes[]", "forms[]", "days",
                                         NULL };
    struct api_token_input input = { 0 };
    const struct value *chosen = value_get(request->form, "scopes[]");
    char text[API_TOKEN_TEXT_MAX];
    size_t i;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (rc)
        return rc;
    input.name = request_form(request, "name");
    input.forms = value_get(request->form, "forms[]");
    input.days = chosen_days(request);
    for (i = 0; i < value_count(chosen); i++)
        input.scopes |= api_scope_of(value_as_text(value_at(chosen, i)));
    rc = api_token_make(text, ctx, ctx->person->id, &input);
    if (!rc)
        return new_page(ctx, request, response, text);
    if (rc != E_INVALID && rc != E_LIMIT)
        return rc;
    response->status = error_status(rc);
    return new_page(ctx, request, response, NULL);
}

/* payload: for administrators, anybody's. */
static int revoke_token(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    static const char *const names[] = { NULL };
    bool any = payload != NULL;
    int64_t id;
    int rc = request_only(ctx, request, names);

    if (!rc)
        rc = request_id(&id, ctx, request, "id");
    if (!rc)
        rc = api_token_revoke(ctx, id, any ? 0 : ctx->person->id);
    return rc ? rc
              : response_done(ctx, request, response,
                              any ? "/admin/tokens" : "/me/tokens",
                              tr(ctx, "tokens.revoked"));
}

void frame_tokens_start(void)
{
    static char all[] = "all";
    const struct route routes[] = {
        { "GET", "/me/tokens", ROUTE_PERSON, ROUTE_PAGE, show_tokens, NULL,
          NULL, NULL },
        { "GET", "/me/tokens/new", ROUTE_PERSON, ROUTE_PAGE | ROUTE_RECENT,
          show_new, NULL, NULL, NULL },
        { "POST", "/me/tokens", ROUTE_PERSON, ROUTE_RECENT, make_token, NULL,
          NULL, NULL },
        { "POST", "/me/tokens/{id}/revoke", ROUTE_PERSON, 0, revoke_token, NULL,
          NULL, NULL },
        { "GET", "/admin/tokens", ROUTE_ADMINISTRATOR,
          ROUTE_PAGE | ROUTE_RESERVED, show_tokens, NULL, all, NULL },
        { "POST", "/admin/tokens/{id}/revoke", ROUTE_ADMINISTRATOR,
          ROUTE_RESERVED, revoke_token, NULL, all, NULL },
        { 0 },
    };
    static const struct menu_entry entry = {
        .area = "administration",
        .key = "tokens.all",
        .path = "/admin/tokens",
        .icon = "key",
        .administrator = true,
        .order = 35,
    };

    route_add_table(routes);
    menu_add(&entry);
}
