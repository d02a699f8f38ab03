/*
 * company.c - the people of the example company, from its JSON.
 */
#include "base/banned.h"

#include "kit/company.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/map.h"
#include "base/site.h"
#include "base/value.h"
#include "org/admin.h"
#include "org/password.h"
#include "store/db.h"

enum { FILE_MAX = 1024 * 1024 };

int company_basics(struct ctx *ctx)
{
    int64_t role;
    int rc = tx_begin(ctx, "init");

    if (rc)
        return rc;
    rc = role_create(&role, ctx, "administrators",
                     tr(ctx, "kit.administrators"));
    if (!rc)
        rc = access_defaults(ctx);
    return tx_end(ctx, rc);
}

static int64_t *keep_id(struct ctx *ctx, int64_t id)
{
    return arena_memdup(ctx->arena, &id, sizeof(id));
}

int64_t company_id(const struct map *map, const char *key)
{
    const int64_t *id = key ? map_get(map, key) : NULL;

    return id ? *id : 0;
}

static int add_departments(struct company *company, struct ctx *ctx)
{
    const struct value *list = value_get(company->definition, "departments");
    int64_t id;
    size_t i;
    int rc;

    for (i = 0; i < value_count(list); i++) {
        const struct value *row = value_at(list, i);

        rc = department_create(
            &id, ctx, locale_pick(ctx, value_get(row, "name")),
            company_id(company->departments, value_get_text(row, "parent")), 0);
        if (rc)
            return rc;
        map_set(company->departments, value_get_text(row, "key"),
                keep_id(ctx, id));
    }
    return 0;
}

static int add_roles(struct company *company, struct ctx *ctx)
{
    const struct value *list = value_get(company->definition, "roles");
    int64_t id;
    size_t i;
    int rc = 0;

    for (i = 0; i < value_count(list) && !rc; i++) {
        const struct value *row = value_at(list, i);

        rc = role_create(&id, ctx, value_get_text(row, "key"),
                         locale_pick(ctx, value_get(row, "name")));
    }
    return rc;
}

static int give_roles(struct ctx *ctx, const struct value *roles, int64_t user)
{
    int64_t role;
    size_t i;
    int rc = 0;

    for (i = 0; i < value_count(roles) && !rc; i++) {
        rc = role_find(&role, ctx, value_as_text(value_at(roles, i)));
        if (!rc)
            rc = role_grant(ctx, user, role, true);
    }
    return rc;
}

static int add_people(struct company *company, struct ctx *ctx,
                      const char *password)
{
    const struct value *list = value_get(company->definition, "people");
    int64_t id;
    size_t i;
    int rc = 0;

    for (i = 0; i < value_count(list) && !rc; i++) {
        const struct value *row = value_at(list, i);
        const char *login = value_get_text(row, "login");
        struct user_input input = {
            .login = login,
            .name = locale_pick(ctx, value_get(row, "name")),
            .mail = arena_printf(ctx->arena, "%s@qingsong.example", login),
            .department = company_id(company->departments,
                                     value_get_text(row, "department")),
        };

        rc = user_create(&id, ctx, &input);
        if (rc)
            return rc;
        map_set(company->users, login, keep_id(ctx, id));
        if (password)
            rc = user_set_password(ctx, id, password, NULL);
        if (!rc)
            rc = give_roles(ctx, value_get(row, "roles"), id);
    }
    return rc;
}

static int name_heads(struct company *company, struct ctx *ctx)
{
    const struct value *list = value_get(company->definition, "departments");
    size_t i;
    int rc = 0;

    for (i = 0; i < value_count(list) && !rc; i++) {
        const struct value *row = value_at(list, i);

        rc = department_update(
            ctx, company_id(company->departments, value_get_text(row, "key")),
            locale_pick(ctx, value_get(row, "name")),
            company_id(company->departments, value_get_text(row, "parent")),
            company_id(company->users, value_get_text(row, "head")));
    }
    return rc;
}

static int read_company(const struct value **out, struct ctx *ctx)
{
    const char *path =
        arena_printf(ctx->arena, "%s/demo/company.json", ctx->site->share);
    const char *text;
    struct value *read = NULL;
    size_t length;
    int rc = file_read(&text, &length, ctx, path, FILE_MAX);

    if (!rc)
        rc = json_parse(&read, ctx, text, length);
    *out = read;
    return rc;
}

int company_make(struct company *out, struct ctx *ctx, const char *password)
{
    int rc = read_company(&out->definition, ctx);

    out->departments = map_new(ctx->arena);
    out->users = map_new(ctx->arena);
    if (!rc)
        rc = add_departments(out, ctx);
    if (!rc)
        rc = add_roles(out, ctx);
    if (!rc)
        rc = add_people(out, ctx, password);
    return rc ? rc : name_heads(out, ctx);
}
