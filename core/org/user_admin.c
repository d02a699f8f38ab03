/*
 * user_admin.c - creating and changing people.
 */
#include "base/banned.h"

#include "org/api_token.h"
#include "org/admin.h"

#include <assert.h>

#include "audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/str.h"
#include "base/unicode.h"
#include "base/value.h"
#include "org/cache.h"
#include "org/change.h"
#include "org/org.h"
#include "org/person.h"
#include "org/session.h"
#include "store/db.h"

/* A chain of managers longer than this is a circle or nonsense. */
enum { MANAGER_CHAIN_MAX = 64 };

static bool login_character(unsigned char c)
{
    return c >= 0x80 || isalnum(c) || strchr("._-@", c);
}

static int check_login(struct ctx *ctx, int64_t id, const char *login)
{
    int64_t other = 0;
    const char *p;
    int rc = change_check_text(ctx, "login", login, LOGIN_LENGTH_MAX);

    if (rc)
        return rc;
    for (p = login; *p; p++)
        if (!login_character((unsigned char)*p))
            return fail_at(ctx, E_INVALID, "login", "org.user.login_form",
                           "letters, digits and . _ - @ only");
    if (db_int(&other, ctx,
               "SELECT id FROM org_user WHERE login_key = ?1 AND id <> ?2",
               "si", text_fold(ctx->arena, login), id) == 0)
        return fail_at(ctx, E_INVALID, "login", "org.user.login_taken",
                       "somebody else has this user name");
    return 0;
}

/* One @ with something on both sides and nothing that could end a header;
 * whether it works, only a mail can tell. */
static int check_mail(struct ctx *ctx, const char *mail)
{
    const char *at = strchr(mail, '@');
    const unsigned char *p;

    if (!*mail)
        return 0;
    if (strlen(mail) <= MAIL_LENGTH_MAX && at && at != mail && at[1] &&
        !strchr(at + 1, '@')) {
        for (p = (const unsigned char *)mail; *p; p++)
            if (*p <= ' ' || *p >= 0x7f || strchr("<>\"(),;:\\", *p))
                break;
        if (!*p)
            return 0;
    }
    return fail_at(ctx, E_INVALID, "mail", "org.user.mail_form",
                   "this is not a mail address");
}

static int check_manager(struct ctx *ctx, int64_t id, int64_t manager)
{
    int64_t next = manager;
    int steps;

    for (steps = 0; next != 0; steps++) {
        const struct person *person;

        if (next == id || steps == MANAGER_CHAIN_MAX)
            return fail_at(ctx, E_INVALID, "manager", "org.user.circle",
                           "the reporting line would be a circle");
        if (person_load(&person, ctx, next)) {
            ctx_clear(ctx);
            return fail_at(ctx, E_INVALID, "manager", "org.user.absent",
                           "no such user");
        }
        next = person->manager;
    }
    return 0;
}

/* All problems are reported, so that a form shows them at once. */
static int check_input(struct user_input *clean, struct ctx *ctx, int64_t id,
                       const struct user_input *input)
{
    int before = ctx->problem_count;

    *clean = *input;
    clean->login = change_clean(ctx, input->login);
    clean->name = change_clean(ctx, input->name);
    clean->mail = change_clean(ctx, input->mail);
    if (input->department != 0) {
        int64_t open = 0;

        if (db_int(&open, ctx,
                   "SELECT 1 FROM org_department WHERE id = ?1 "
                   "AND closed_at IS NULL",
                   "i", input->department))
            fail_at(ctx, E_INVALID, "department", "org.department.absent",
                    "no such department");
    }
    if (input->manager != 0 && ctx->problem_count == before)
        (void)check_manager(ctx, id, input->manager);
    (void)check_login(ctx, id, clean->login);
    (void)change_check_text(ctx, "name", clean->name, NAME_LENGTH_MAX);
    (void)check_mail(ctx, clean->mail);
    if (!*clean->mail)
        clean->mail = NULL;
    return ctx->problem_count > before ? E_INVALID : 0;
}

static int write_user(struct ctx *ctx, int64_t id, bool create,
                      const struct user_input *user)
{
    const unsigned char *sort;
    size_t sort_length;
    const char *login_key = text_fold(ctx->arena, user->login);
    const char *name_key = text_fold(ctx->arena, user->name);

    text_sort_key(&sort, &sort_length, ctx->arena, user->name);
    if (create)
        return db_exec(ctx,
                       "INSERT INTO org_user (id, login, login_key, name, "
                       "name_key, sort_key, mail, department, manager, "
                       "enabled, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
                       "?7, nullif(?8, 0), nullif(?9, 0), 1, ?10)",
                       "issssbsiii", id, user->login, login_key, user->name,
                       name_key, sort, sort_length, user->mail,
                       user->department, user->manager, clock_now());
    return db_exec(ctx,
                   "UPDATE org_user SET login = ?2, login_key = ?3, "
                   "name = ?4, name_key = ?5, sort_key = ?6, mail = ?7, "
                   "department = nullif(?8, 0), manager = nullif(?9, 0) "
                   "WHERE id = ?1",
                   "issssbsii", id, user->login, login_key, user->name,
                   name_key, sort, sort_length, user->mail, user->department,
                   user->manager);
}

static struct value *user_changes(struct ctx *ctx, const struct person *from,
                                  const struct user_input *to)
{
    struct value *changes = value_map(ctx->arena);

    change_text(ctx, changes, "login", from ? from->login : NULL, to->login);
    change_text(ctx, changes, "name", from ? from->name : NULL, to->name);
    change_text(ctx, changes, "mail", from ? from->mail : NULL, to->mail);
    change_id(ctx, changes, "department", from ? from->department : 0,
              to->department);
    change_id(ctx, changes, "manager", from ? from->manager : 0, to->manager);
    return changes;
}

int user_create(int64_t *id, struct ctx *ctx, const struct user_input *input)
{
    struct user_input clean;
    int64_t made = id_next();
    int rc;

    assert(id && input);
    rc = tx_begin(ctx, "user.create");
    if (rc)
        return rc;
    rc = check_input(&clean, ctx, made, input);
    if (!rc)
        rc = write_user(ctx, made, true, &clean);
    if (!rc)
        rc = audit_add(ctx, "user", made, "create",
                       user_changes(ctx, NULL, &clean));
    if (!rc)
        rc = org_changed(ctx);
    *id = made;
    return tx_end(ctx, rc);
}

int user_update(struct ctx *ctx, int64_t id, const struct user_input *input)
{
    struct user_input clean;
    const struct person *person;
    struct value *changes;
    int rc;

    assert(input);
    rc = tx_begin(ctx, "user.update");
    if (rc)
        return rc;
    rc = person_load(&person, ctx, id);
    if (!rc)
        rc = check_input(&clean, ctx, id, input);
    if (!rc) {
        changes = user_changes(ctx, person, &clean);
        if (value_count(changes) > 0) {
            rc = write_user(ctx, id, false, &clean);
            if (!rc)
                rc = audit_add(ctx, "user", id, "update", changes);
            if (!rc)
                rc = org_changed(ctx);
        }
    }
    return tx_end(ctx, rc);
}

/* E_CONFLICT where no other enabled administrator is left. */
int org_check_administrator_left(struct ctx *ctx, int64_t without)
{
    int64_t left = 0;
    int rc = db_int(&left, ctx,
                    "SELECT count(*) FROM org_role r "
                    "JOIN org_user_role ur ON ur.role = r.id "
                    "JOIN org_user u ON u.id = ur.user_id "
                    "WHERE r.role_key = 'administrators' AND u.enabled = 1 "
                    "AND u.id <> ?1",
                    "i", without);

    if (rc)
        return rc;
    if (left == 0)
        return fail(ctx, E_CONFLICT, "org.user.last_administrator",
                    "nobody else administers this site");
    return 0;
}

int user_set_enabled(struct ctx *ctx, int64_t id, bool enabled)
{
    struct value *changes = value_map(ctx->arena);
    const struct person *person;
    int rc = tx_begin(ctx, "user.enable");

    if (rc)
        return rc;
    rc = person_load(&person, ctx, id);
    if (rc || person->enabled == enabled)
        return tx_end(ctx, rc);
    if (!enabled && person->administrator)
        rc = org_check_administrator_left(ctx, id);
    if (!rc)
        rc = db_exec(ctx, "UPDATE org_user SET enabled = ?2 WHERE id = ?1",
                     "ii", id, (int64_t)enabled);
    if (!rc && !enabled)
        rc = session_end_all(ctx, id, NULL);
    if (!rc && !enabled)
        rc = api_token_revoke_all(ctx, id);
    if (!rc) {
        change_flag(ctx, changes, "enabled", !enabled, enabled);
        rc =
            audit_add(ctx, "user", id, enabled ? "enable" : "disable", changes);
    }
    if (!rc)
        rc = org_changed(ctx);
    rc = tx_end(ctx, rc);
    if (!rc)
        log_ctx(ctx, LOG_INFO, enabled ? "user.enabled" : "user.disabled",
                "user", log_int(id), NULL);
    return rc;
}

int user_set_preferences(struct ctx *ctx, int64_t id, const char *locale,
                         const char *zone, const char *theme)
{
    int rc;

    if (locale && !locale_known(locale))
        return fail_at(ctx, E_INVALID, "locale", "org.user.locale",
                       "unknown language");
    if (zone && !zone_find(zone))
        return fail_at(ctx, E_INVALID, "zone", "org.user.zone",
                       "unknown time zone");
    if (theme && strcmp(theme, "light") != 0 && strcmp(theme, "dark") != 0)
        return fail_at(ctx, E_INVALID, "theme", "org.user.theme",
                       "light or dark");
    rc = tx_begin(ctx, "user.preferences");
    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "UPDATE org_user SET locale = ?2, zone = ?3, theme = ?4 "
                 "WHERE id = ?1",
                 "isss", id, locale, zone, theme);
    if (!rc)
        rc = org_changed(ctx);
    return tx_end(ctx, rc);
}

int user_set_mail_wanted(struct ctx *ctx, int64_t id, bool wanted)
{
    int rc = tx_begin(ctx, "user.mail_wanted");

    if (rc)
        return rc;
    rc = db_exec(ctx, "UPDATE org_user SET mail_wanted = ?2 WHERE id = ?1",
                 "ii", id, (int64_t)wanted);
    return tx_end(ctx, rc);
}

bool user_mail_wanted(struct ctx *ctx, int64_t id)
{
    int64_t wanted = 0;

    return db_int(&wanted, ctx,
                  "SELECT mail_wanted FROM org_user WHERE id = ?1", "i",
                  id) == 0 &&
           wanted != 0;
}

static int add_role_names(struct ctx *ctx, struct value *row, int64_t user)
{
    QUERY_AUTO *query = NULL;
    struct value *roles = value_list(ctx->arena);
    int rc;

    value_set(row, "roles", roles);
    rc = db_query(&query, ctx,
                  "SELECT r.name FROM org_user_role ur JOIN org_role r "
                  "ON r.id = ur.role WHERE ur.user_id = ?1 ORDER BY r.name",
                  "i", user);
    while (!rc && (rc = query_next(query)) == 1) {
        value_append(roles, value_text(ctx->arena, query_text(query, 0)));
        rc = 0;
    }
    return rc;
}

int user_list(struct value **out, int64_t *total, struct ctx *ctx,
              const struct user_query *wanted)
{
    QUERY_AUTO *query = NULL;
    struct value *list = value_list(ctx->arena);
    const char *text = person_pattern(ctx, wanted->text);
    int rc;

    rc = db_int(
        total, ctx,
        "SELECT count(*) FROM org_user WHERE (name_key LIKE ?1 ESCAPE '\\' "
        "OR login_key LIKE ?1 ESCAPE '\\') "
        "AND (?2 = 0 OR department = ?2)",
        "si", text, wanted->department);
    if (!rc)
        rc = db_query(&query, ctx,
                      "SELECT id, login, name, mail, department, enabled "
                      "FROM org_user WHERE (name_key LIKE ?1 ESCAPE '\\' "
                      "OR login_key LIKE ?1 ESCAPE '\\') "
                      "AND (?2 = 0 OR department = ?2) "
                      "ORDER BY sort_key, id LIMIT ?3 OFFSET ?4",
                      "siii", text, wanted->department, (int64_t)wanted->limit,
                      (int64_t)wanted->offset);
    while (!rc && (rc = query_next(query)) == 1) {
        struct value *row = value_map(ctx->arena);
        int64_t id = query_int(query, 0);

        value_set_id(row, "id", id);
        value_set_text(row, "login", query_text(query, 1));
        value_set_text(row, "name", query_text(query, 2));
        value_set_text(row, "mail", query_text(query, 3));
        value_set_text(row, "department",
                       department_name(ctx, query_int(query, 4)));
        value_set_id(row, "department_id", query_int(query, 4));
        value_set_bool(row, "enabled", query_int(query, 5) != 0);
        value_append(list, row);
        rc = add_role_names(ctx, row, id);
    }
    *out = list;
    return rc;
}
