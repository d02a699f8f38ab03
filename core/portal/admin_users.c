/*
 * admin_users.c - administration of people.
 */
#include "base/banned.h"

#include "portal/admin.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/numbers.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "notify/mail.h"
#include "org/admin.h"
#include "org/org.h"
#include "org/person.h"
#include "org/password.h"
#include "org/session.h"
#include "portal/fields.h"
#include "portal/portal.h"
#include "store/db.h"
#include "web/request.h"
#include "web/router.h"

enum { PER_PAGE = 50, INVITE_MINUTES = 7 * 24 * 60, RESET_MINUTES = 24 * 60 };

static const char *user_url(struct ctx *ctx, int64_t id)
{
    return arena_printf(ctx->arena, "/admin/users/%" PRId64, id);
}

static const char *joined(struct ctx *ctx, const struct value *texts)
{
    struct buf buf;
    size_t i;

    buf_init(&buf, ctx->arena, 4096);
    for (i = 0; i < value_count(texts); i++) {
        if (i > 0)
            buf_add_text(&buf, ", ");
        buf_add_text(&buf, value_as_text(value_at(texts, i)));
    }
    return buf_text(&buf);
}

static void add_user_row(struct ctx *ctx, struct value *list,
                         const struct value *user)
{
    const char *name = value_get_text(user, "name");
    struct value *row =
        admin_row(ctx, list, value_get_text(user, "id"),
                  user_url(ctx, value_get_id(user, "id")), name);

    admin_cell(ctx, list, row, name);
    admin_cell(ctx, list, row, value_get_text(user, "login"));
    admin_cell(ctx, list, row, value_get_text(user, "department"));
    admin_cell(ctx, list, row, joined(ctx, value_get(user, "roles")));
    admin_cell(ctx, list, row,
               tr(ctx, value_get_bool(user, "enabled")
                           ? "admin.users.active"
                           : "admin.users.disabled"));
}

static const char *page_url(struct ctx *ctx, const char *text,
                            int64_t department, int64_t page)
{
    struct buf buf;

    buf_init(&buf, ctx->arena, 4096);
    buf_addf(&buf, "/admin/users?page=%" PRId64, page);
    if (!text_empty(text)) {
        buf_add_text(&buf, "&q=");
        buf_add_url(&buf, text, strlen(text));
    }
    if (department)
        buf_addf(&buf, "&department=%" PRId64, department);
    return buf_text(&buf);
}

static void add_pager(struct ctx *ctx, struct value *list, const char *text,
                      int64_t department, int64_t page, int64_t total)
{
    struct value *pager;
    int64_t last = page * PER_PAGE;

    if (total <= PER_PAGE)
        return;
    pager = value_map(ctx->arena);
    value_set_int(pager, "from", last - PER_PAGE + 1);
    value_set_int(pager, "to", last < total ? last : total);
    value_set_text(pager, "total_text", int_human(ctx, total));
    if (page > 1)
        value_set(
            pager, "prev_url",
            value_url(ctx->arena, page_url(ctx, text, department, page - 1)));
    if (last < total)
        value_set(
            pager, "next_url",
            value_url(ctx->arena, page_url(ctx, text, department, page + 1)));
    value_set(list, "pager", pager);
}

static int show_users(struct ctx *ctx, struct request *request,
                      struct response *response, void *payload)
{
    struct user_query query = { .text = request_query(request, "q"),
                                .limit = PER_PAGE };
    const char *department = request_query(request, "department");
    const char *page_text = request_query(request, "page");
    struct value *data = value_map(ctx->arena), *list, *users;
    int64_t total, page = 1;
    size_t i;
    int rc;

    (void)payload;
    if (department && int_parse(&query.department, department, 1, INT64_MAX))
        query.department = 0;
    if (page_text && int_parse(&page, page_text, 1, 100000))
        page = 1;
    query.offset = (int)((page - 1) * PER_PAGE);
    rc = user_list(&users, &total, ctx, &query);
    if (rc)
        return rc;
    list = admin_list(ctx, "/admin/users", tr(ctx, "admin.users.title"),
                      tr(ctx, "admin.users.none"));
    admin_column(ctx, list, "admin.users.name");
    admin_column(ctx, list, "admin.users.login");
    admin_column(ctx, list, "admin.users.department");
    admin_column(ctx, list, "admin.users.roles");
    admin_column(ctx, list, "admin.users.state");
    for (i = 0; i < value_count(users); i++)
        add_user_row(ctx, list, value_at(users, i));
    value_set_bool(list, "search", true);
    value_set_text(list, "q", query.text ? query.text : "");
    value_set_text(list, "count_text", int_human(ctx, total));
    add_pager(ctx, list, query.text, query.department, page, total);
    value_set(data, "list", list);
    value_set_text(data, "lead", tr(ctx, "admin.users.title_lead"));
    value_set(data, "new_url", value_url(ctx->arena, "/admin/users/new"));
    value_set_text(data, "new_label", tr(ctx, "admin.users.new"));
    admin_crumbs(ctx, data, NULL, NULL);
    return portal_page(ctx, request, response, "admin/list",
                       tr(ctx, "admin.users.title"), data);
}

static bool ticked(const struct request *request, const char *id)
{
    const struct value *list = value_get(request->form, "roles[]");
    size_t i;

    for (i = 0; i < value_count(list); i++)
        if (text_equal(value_as_text(value_at(list, i)), id))
            return true;
    return false;
}

static int add_roles(struct ctx *ctx, struct value *form,
                     const struct request *request, const struct person *person)
{
    struct value *roles, *field;
    bool sent = value_get(request->form, "_fields") != NULL;
    size_t i;
    int rc = role_list(&roles, ctx);

    if (rc)
        return rc;
    field =
        fields_choice(ctx, form, "roles", tr(ctx, "admin.users.roles"), true);
    for (i = 0; i < value_count(roles); i++) {
        const struct value *role = value_at(roles, i);
        const char *id = value_get_text(role, "id");

        fields_option(
            ctx, field, id, value_get_text(role, "name"),
            sent ? ticked(request, id)
                 : person_has_role(person, value_get_text(role, "key")));
    }
    return 0;
}

/* The form of a person, new or known. */
static int user_page(struct ctx *ctx, struct request *request,
                     struct response *response, const struct person *person)
{
    struct value *data = value_map(ctx->arena), *form, *field;
    const char *url = person ? user_url(ctx, person->id) : "/admin/users";
    int rc;

    form = fields_form(ctx, "admin-user", url, person ? person->id : 0);
    field = fields_text(ctx, form, request, "name", tr(ctx, "admin.users.name"),
                        person ? person->name : NULL, NAME_LENGTH_MAX);
    fields_required(field);
    field =
        fields_text(ctx, form, request, "login", tr(ctx, "admin.users.login"),
                    person ? person->login : NULL, LOGIN_LENGTH_MAX);
    fields_required(field);
    fields_help(field, tr(ctx, "admin.users.login_help"));
    field = fields_text(ctx, form, request, "mail", tr(ctx, "admin.users.mail"),
                        person ? person->mail : NULL, MAIL_LENGTH_MAX);
    value_set_text(field, "input_type", "email");
    (void)fields_department(ctx, form, request, "department",
                            tr(ctx, "admin.users.department"),
                            person ? person->department : 0, 0);
    field = fields_user(ctx, form, request, "manager",
                        tr(ctx, "admin.users.manager"),
                        person ? person->manager : 0);
    fields_help(field, tr(ctx, "admin.users.manager_help"));
    rc = add_roles(ctx, form, request, person);
    if (rc)
        return rc;
    fields_finish(ctx, data, form,
                  tr(ctx, person ? "admin.save" : "admin.users.create"),
                  "/admin/users");
    if (person) {
        value_set_id(data, "user", person->id);
        value_set_bool(data, "enabled", person->enabled);
        value_set_bool(data, "own", person->id == ctx->person->id);
    }
    admin_crumbs(ctx, data, tr(ctx, "admin.users.title"), "/admin/users");
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    portal_set(ctx, data, "has_bar", value_bool(ctx->arena, true));
    return portal_page(ctx, request, response, "admin/user",
                       person ? person->name : tr(ctx, "admin.users.new"),
                       data);
}

static int show_new(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    (void)payload;
    return user_page(ctx, request, response, NULL);
}

static int load_user(const struct person **out, struct ctx *ctx,
                     const struct request *request)
{
    int64_t id;
    int rc = request_id(&id, ctx, request, "id");

    return rc ? rc : person_load(out, ctx, id);
}

static int show_user(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    const struct person *person;
    int rc = load_user(&person, ctx, request);

    (void)payload;
    return rc ? rc : user_page(ctx, request, response, person);
}

static int read_input(struct user_input *input, struct ctx *ctx,
                      const struct request *request)
{
    static const char *const names[] = { "name",       "login",   "mail",
                                         "department", "manager", "roles[]",
                                         FIELDS_SENT,  NULL };
    int rc = request_only(ctx, request, names);

    memset(input, 0, sizeof(*input));
    input->name = request_form(request, "name");
    input->login = request_form(request, "login");
    input->mail = request_form(request, "mail");
    if (!rc)
        rc = fields_read_id(&input->department, ctx, request, "department");
    if (!rc)
        rc = fields_read_id(&input->manager, ctx, request, "manager");
    return rc;
}

/* Gives and takes roles so that those ticked are what the person has. */
static int save_roles(struct ctx *ctx, const struct request *request,
                      int64_t user)
{
    struct value *roles;
    size_t i;
    int rc = role_list(&roles, ctx);

    for (i = 0; !rc && i < value_count(roles); i++) {
        const struct value *role = value_at(roles, i);

        rc = role_grant(ctx, user, value_get_id(role, "id"),
                        ticked(request, value_get_text(role, "id")));
    }
    return rc;
}

static int create_user(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    struct user_input input;
    int64_t id = 0;
    int rc = read_input(&input, ctx, request);

    (void)payload;
    if (!rc)
        rc = tx_begin(ctx, "admin.user");
    if (!rc) {
        rc = user_create(&id, ctx, &input);
        if (!rc)
            rc = save_roles(ctx, request, id);
        rc = tx_end(ctx, rc);
    }
    if (!rc)
        return response_done(ctx, request, response, user_url(ctx, id),
                             tr(ctx, "admin.users.created"));
    if (rc != E_INVALID || request->script_form)
        return rc;
    response->status = 422;
    return user_page(ctx, request, response, NULL);
}

static int update_user(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    const struct person *person;
    struct user_input input;
    int rc = load_user(&person, ctx, request);

    (void)payload;
    if (!rc)
        rc = read_input(&input, ctx, request);
    if (!rc)
        rc = tx_begin(ctx, "admin.user");
    if (!rc) {
        rc = user_update(ctx, person->id, &input);
        if (!rc)
            rc = save_roles(ctx, request, person->id);
        rc = tx_end(ctx, rc);
    }
    if (!rc)
        return response_done(ctx, request, response, "/admin/users",
                             tr(ctx, "admin.saved"));
    if (rc != E_INVALID || request->script_form)
        return rc;
    response->status = 422;
    return user_page(ctx, request, response, person);
}

static int enable_user(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    static const char *const names[] = { "enabled", NULL };
    const struct person *person;
    const char *word = request_form(request, "enabled");
    bool enabled = text_equal(word, "true");
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc && !enabled && !text_equal(word, "false"))
        rc = fail_at(ctx, E_INVALID, "enabled", "form.expected_boolean",
                     "expected true or false");
    if (!rc)
        rc = load_user(&person, ctx, request);
    if (!rc)
        rc = user_set_enabled(ctx, person->id, enabled);
    return rc ? rc
              : response_done(ctx, request, response, user_url(ctx, person->id),
                              tr(ctx, enabled ? "admin.users.now_enabled"
                                              : "admin.users.now_disabled"));
}

/* By the name that the settings say, else the one that the administrator
 * uses himself. */
static const char *link_address(struct ctx *ctx, const struct request *request,
                                const char *path)
{
    if (!text_empty(ctx->site->settings.public_url) || !request->host)
        return mail_link(ctx, path);
    return arena_printf(ctx->arena, "%s://%s%s",
                        request->tls ? "https" : "http", request->host, path);
}

/* Shown once, on this answer alone; the store has its hash (S7). */
static int make_link(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    static const char *const names[] = { NULL };
    struct value *data = value_map(ctx->arena);
    const struct person *person;
    char token[TOKEN_TEXT_MAX];
    bool invite;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = load_user(&person, ctx, request);
    if (!rc && !person->enabled)
        rc = fail(ctx, E_CONFLICT, "admin.users.is_disabled",
                  "this person is disabled");
    if (rc)
        return rc;
    invite = !user_has_password(ctx, person->id);
    rc = link_make(token, ctx, invite ? "invite" : "reset", person->id,
                   invite ? INVITE_MINUTES : RESET_MINUTES);
    if (rc)
        return rc;
    value_set_text(
        data, "link",
        link_address(ctx, request,
                     arena_printf(ctx->arena, "/%s/%s",
                                  invite ? "invite" : "reset", token)));
    value_set_text(data, "name", person->name);
    value_set_text(
        data, "text",
        tr(ctx, invite ? "admin.users.invite_text" : "admin.users.reset_text"));
    value_set(data, "back_url",
              value_url(ctx->arena, user_url(ctx, person->id)));
    admin_crumbs(ctx, data, tr(ctx, "admin.users.title"), "/admin/users");
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    return portal_page(ctx, request, response, "admin/user-link",
                       tr(ctx, "admin.users.link_title"), data);
}

static int end_sessions(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    static const char *const names[] = { NULL };
    const struct person *person;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = load_user(&person, ctx, request);
    if (!rc)
        rc = session_end_all(ctx, person->id, NULL);
    return rc ? rc
              : response_done(ctx, request, response, user_url(ctx, person->id),
                              tr(ctx, "admin.users.sessions_ended"));
}

void admin_users_start(void)
{
    static const struct route routes[] = {
        { "GET", "/admin/users", ROUTE_ADMINISTRATOR, ROUTE_PAGE, show_users,
          NULL, NULL, NULL },
        { "GET", "/admin/users/new", ROUTE_ADMINISTRATOR,
          ROUTE_PAGE | ROUTE_RECENT, show_new, NULL, NULL, NULL },
        { "POST", "/admin/users", ROUTE_ADMINISTRATOR, ROUTE_RECENT,
          create_user, NULL, NULL, NULL },
        { "GET", "/admin/users/{id}", ROUTE_ADMINISTRATOR, ROUTE_RECENT,
          show_user, NULL, NULL, NULL },
        { "POST", "/admin/users/{id}", ROUTE_ADMINISTRATOR, ROUTE_RECENT,
          update_user, NULL, NULL, NULL },
        { "POST", "/admin/users/{id}/enabled", ROUTE_ADMINISTRATOR, 0,
          enable_user, NULL, NULL, NULL },
        { "POST", "/admin/users/{id}/link", ROUTE_ADMINISTRATOR, ROUTE_RECENT,
          make_link, NULL, NULL, NULL },
        { "POST", "/admin/users/{id}/sessions/end", ROUTE_ADMINISTRATOR, 0,
          end_sessions, NULL, NULL, NULL },
        { 0 },
    };
    static const struct menu_entry entry = {
        .area = "administration",
        .key = "admin.users.title",
        .path = "/admin/users",
        .icon = "users",
        .administrator = true,
        .order = 10,
    };

    route_add_table(routes);
    menu_add(&entry);
}
