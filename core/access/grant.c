/*
 * grant.c - writing grants, readers of single records, switched off modules.
 */
#include "base/banned.h"

#include "access/access.h"

#include "access/capability.h"
#include "audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "base/value.h"
#include "org/admin.h"
#include "org/person.h"
#include "store/db.h"

static const char *const who_kinds[] = { "everyone", "user", "department",
                                         "role",     "head", NULL };
static const char *const right_names[] = {
    [RIGHT_READ] = "read",     [RIGHT_CREATE] = "create",
    [RIGHT_UPDATE] = "update", [RIGHT_DELETE] = "delete",
    [RIGHT_EXPORT] = "export", [RIGHT_DESIGN] = "design",
};
static const char *const scope_names[] = {
    [SCOPE_ALL] = "all",
    [SCOPE_OWNER] = "owner",
    [SCOPE_DEPARTMENT] = "department",
    [SCOPE_DEPARTMENTS] = "departments",
};

static bool known_kind(const char *kind)
{
    size_t i;

    for (i = 0; who_kinds[i]; i++)
        if (strcmp(who_kinds[i], kind) == 0)
            return true;
    return false;
}

static int write_grant(struct ctx *ctx, const char *who_kind, int64_t who,
                       const char *form, enum right right,
                       enum scope_kind scope, bool granted)
{
    if (granted)
        return db_exec(ctx,
                       "INSERT INTO access_grant (id, who_kind, who, form, "
                       "what, scope) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
                       "ON CONFLICT DO NOTHING",
                       "isisii", id_next(), who_kind, who, form, (int64_t)right,
                       (int64_t)scope);
    return db_exec(ctx,
                   "DELETE FROM access_grant WHERE who_kind = ?1 "
                   "AND who = ?2 AND form = ?3 AND what = ?4 AND scope = ?5",
                   "sisii", who_kind, who, form, (int64_t)right,
                   (int64_t)scope);
}

static void add_change(struct ctx *ctx, struct value *changes,
                       const char *field, bool granted, const char *text)
{
    struct value *pair = value_map(ctx->arena);

    value_set_text(pair, "from", granted ? NULL : text);
    value_set_text(pair, "to", granted ? text : NULL);
    value_set(changes, field, pair);
}

int access_grant_set(struct ctx *ctx, const char *who_kind, int64_t who,
                     const char *form, enum right right, enum scope_kind scope,
                     bool granted)
{
    struct value *change = value_map(ctx->arena);
    int rc;

    if (!known_kind(who_kind) || scope >= SCOPE_READER || right > RIGHT_DESIGN)
        return fail(ctx, E_INVALID, "access.grant", "no such kind of grant");
    rc = access_administrator(ctx);
    if (!rc)
        rc = tx_begin(ctx, "access.grant");
    if (rc)
        return rc;
    rc = write_grant(ctx, who_kind, who, form, right, scope, granted);
    if (!rc && db_changes(ctx) > 0) {
        add_change(ctx, change, "who_kind", granted, who_kind);
        add_change(ctx, change, "who", granted,
                   arena_printf(ctx->arena, "%lld", (long long)who));
        add_change(ctx, change, "form", granted, form);
        add_change(ctx, change, "right", granted, right_names[right]);
        add_change(ctx, change, "scope", granted, scope_names[scope]);
        rc = audit_add(ctx, "grant", who, granted ? "grant" : "revoke", change);
        if (!rc)
            rc = epoch_raise(ctx, "grant");
        access_forget();
    }
    rc = tx_end(ctx, rc);
    if (!rc)
        log_ctx(ctx, LOG_INFO, granted ? "grant.given" : "grant.taken",
                "who_kind", who_kind, "who", log_int(who), "form", form,
                "right", right_names[right], "scope", scope_names[scope], NULL);
    return rc;
}

/* Such a form has a row whose who_kind is "nobody": it grants nothing. */
int access_only_granted(struct ctx *ctx, const char *form, bool only)
{
    int rc = write_grant(ctx, "nobody", 0, form, RIGHT_READ, SCOPE_ALL, only);

    if (rc || db_changes(ctx) == 0)
        return rc;
    access_forget();
    return epoch_raise(ctx, "grant");
}

int access_defaults(struct ctx *ctx)
{
    int64_t administrators;
    int right, rc;

    rc = role_find(&administrators, ctx, "administrators");
    for (right = RIGHT_READ; right <= RIGHT_DESIGN && !rc; right++)
        rc = access_grant_set(ctx, "role", administrators, "*",
                              (enum right)right, SCOPE_ALL, true);
    for (right = RIGHT_READ; right <= RIGHT_UPDATE && !rc; right++)
        rc = access_grant_set(ctx, "everyone", 0, "*", (enum right)right,
                              SCOPE_OWNER, true);
    if (!rc)
        rc = access_grant_set(ctx, "head", 0, "*", RIGHT_READ,
                              SCOPE_DEPARTMENTS, true);
    return rc;
}

int access_reader_add(struct ctx *ctx, int64_t record, int64_t user,
                      const char *why, int64_t until)
{
    change_counter_raise(ctx, "readers");
    return db_exec(ctx,
                   "INSERT INTO access_reader (record, user_id, why, until) "
                   "VALUES (?1, ?2, ?3, nullif(?4, 0)) ON CONFLICT (record, "
                   "user_id, why) DO UPDATE SET until = nullif(?4, 0)",
                   "iisi", record, user, why, until);
}

int access_reader_remove(struct ctx *ctx, int64_t record, int64_t user,
                         const char *why)
{
    change_counter_raise(ctx, "readers");
    return db_exec(ctx,
                   "DELETE FROM access_reader WHERE record = ?1 "
                   "AND user_id = ?2 AND why = ?3",
                   "iis", record, user, why);
}
