/*
 * api_token.c - making, checking and revoking API tokens.
 *
 * Checked anew at each request by one look-up with its person, so that
 * nothing needs to be told to other processes when one ends (S62).
 */
#include "base/banned.h"

#include "org/api_token.h"

#include "audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/str.h"
#include "base/value.h"
#include "org/change.h"
#include "org/person.h"
#include "org/throttle.h"
#include "store/db.h"
#include "store/meter.h"

static const int64_t DAY_MS = 24LL * 3600 * 1000;

enum { TEXT_LENGTH = sizeof(API_TOKEN_PREFIX) - 1 + 43, SCOPES = 4 };

static const char *const scope_names[SCOPES] = { "read", "write", "export",
                                                 "administration" };

const char *api_scope_name(enum api_scope scope)
{
    int i;

    for (i = 0; i < SCOPES; i++)
        if ((int)scope == 1 << i)
            return scope_names[i];
    return "";
}

unsigned api_scope_of(const char *name)
{
    int i;

    for (i = 0; i < SCOPES; i++)
        if (text_equal(scope_names[i], name))
            return 1U << i;
    return 0;
}

static const char *hash_of(struct ctx *ctx, const char *text)
{
    static const unsigned char key[] = "tenon api token";
    unsigned char hash[HASH_SIZE];

    hash_data(hash, text, strlen(text), key, sizeof(key) - 1);
    return hex_of(ctx->arena, hash, sizeof(hash));
}

/* ---- making ---- */

static int check_scopes(struct ctx *ctx, const struct person *person,
                        unsigned scopes)
{
    if (!scopes)
        return fail_at(ctx, E_INVALID, "scopes", "org.api_token.no_scope",
                       "choose what the token may do");
    if ((scopes & API_ADMINISTRATION) && !person->administrator)
        return fail_at(ctx, E_INVALID, "scopes", "org.api_token.no_administer",
                       "only administrators' tokens may administer");
    return 0;
}

/* Names of forms as they lie in the store: a line each. */
static int join_forms(const char **out, struct ctx *ctx,
                      const struct value *forms)
{
    struct buf buf;
    size_t i;

    *out = NULL;
    if (!value_count(forms))
        return 0;
    if (value_count(forms) > API_TOKEN_FORMS_MAX)
        return fail_at(ctx, E_INVALID, "forms", "org.api_token.many_forms",
                       "at most %d forms", API_TOKEN_FORMS_MAX);
    buf_init(&buf, ctx->arena, 65536);
    for (i = 0; i < value_count(forms); i++) {
        const char *name = value_as_text(value_at(forms, i));

        if (text_empty(name) || strchr(name, '\n') || strlen(name) > 200)
            return fail_at(ctx, E_INVALID, "forms", "org.api_token.bad_form",
                           "there is no such form");
        buf_addf(&buf, "%s%s", i ? "\n" : "", name);
    }
    *out = buf_text(&buf);
    return 0;
}

static int check_count(struct ctx *ctx, int64_t user)
{
    int64_t count = 0;
    int rc = db_int(&count, ctx,
                    "SELECT count(*) FROM org_api_token WHERE user_id = ?1",
                    "i", user);

    if (!rc && count >= API_TOKENS_MAX)
        rc = fail(ctx, E_LIMIT, "org.api_token.too_many",
                  "at most %d tokens; revoke some first", API_TOKENS_MAX);
    return rc;
}

static struct value *scope_list(struct ctx *ctx, unsigned scopes)
{
    struct value *list = value_list(ctx->arena);
    int i;

    for (i = 0; i < SCOPES; i++)
        if (scopes & 1U << i)
            value_append(list, value_text(ctx->arena, scope_names[i]));
    return list;
}

static int insert(struct ctx *ctx, int64_t user, const char *text,
                  const struct api_token_input *input, const char *forms)
{
    struct value *changes = value_map(ctx->arena);
    struct value *pair = value_map(ctx->arena);
    int64_t id = id_next(), now = clock_now();
    int rc = tx_begin(ctx, "api_token.make");

    if (rc)
        return rc;
    rc = check_count(ctx, user);
    if (!rc)
        rc = db_exec(ctx,
                     "INSERT INTO org_api_token (id, hash, user_id, name,"
                     " scopes, forms, created_at, until)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                     "isisisii", id, hash_of(ctx, text), user,
                     change_clean(ctx, input->name), (int64_t)input->scopes,
                     forms, now, now + input->days * DAY_MS);
    if (!rc) {
        change_text(ctx, changes, "name", NULL, change_clean(ctx, input->name));
        value_set(pair, "to", scope_list(ctx, input->scopes));
        value_set(changes, "scopes", pair);
        if (forms)
            change_text(ctx, changes, "forms", NULL, forms);
        rc = audit_add(ctx, "user", user, "api_token", changes);
    }
    rc = tx_end(ctx, rc);
    if (!rc)
        log_ctx(ctx, LOG_INFO, "api_token.made", "token", log_int(id), "user",
                log_int(user), NULL);
    return rc;
}

int api_token_make(char text[API_TOKEN_TEXT_MAX], struct ctx *ctx, int64_t user,
                   const struct api_token_input *input)
{
    const struct person *person;
    char secret[TOKEN_TEXT_MAX];
    const char *forms = NULL;
    int bad, rc = person_load(&person, ctx, user);

    if (rc)
        return rc;
    bad = change_check_text(ctx, "name", input->name, API_TOKEN_NAME_MAX);
    rc = check_scopes(ctx, person, input->scopes);
    bad = bad ? bad : rc;
    rc = join_forms(&forms, ctx, input->forms);
    bad = bad ? bad : rc;
    if (input->days < 1 || input->days > API_TOKEN_DAYS_MAX)
        bad = fail_at(ctx, E_INVALID, "days", "org.api_token.days",
                      "from 1 to %d days", API_TOKEN_DAYS_MAX);
    if (bad)
        return bad;
    token_make(secret);
    snprintf(text, API_TOKEN_TEXT_MAX, "%s%s", API_TOKEN_PREFIX, secret);
    return insert(ctx, user, text, input, forms);
}

/* ---- checking ---- */

static void read_forms(struct api_token *token, struct ctx *ctx,
                       const char *text)
{
    char *rest = arena_strdup(ctx->arena, text), *name;

    if (!text)
        return;
    token->forms =
        arena_array(ctx->arena, API_TOKEN_FORMS_MAX, sizeof(*token->forms));
    while ((name = strsep(&rest, "\n")) &&
           token->form_count < API_TOKEN_FORMS_MAX)
        token->forms[token->form_count++] = name;
}

static int read_token(struct api_token *token, int64_t *day, struct ctx *ctx,
                      const char *text)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT t.id, t.user_id, t.scopes, t.forms, t.used_day"
                      " FROM org_api_token t JOIN org_user u"
                      " ON u.id = t.user_id WHERE t.hash = ?1"
                      " AND t.until > ?2 AND u.enabled = 1",
                      "si", hash_of(ctx, text), clock_now());

    if (!rc)
        rc = query_next(query);
    if (rc == 0)
        return E_NOT_FOUND;
    if (rc < 0)
        return rc;
    token->id = query_int(query, 0);
    token->user = query_int(query, 1);
    token->scopes = (unsigned)query_int(query, 2);
    read_forms(token, ctx, query_text(query, 3));
    *day = query_int(query, 4);
    return 0;
}

/* Once a day; a busy store is no reason to refuse. */
static void note_use(struct ctx *ctx, int64_t id, int64_t known)
{
    int64_t day = clock_now() / DAY_MS * DAY_MS;
    int rc;

    if (known >= day || tx_active(ctx))
        return;
    rc = tx_begin_shared(ctx, "api_token.used");
    if (!rc)
        rc = tx_end(ctx, db_exec(ctx,
                                 "UPDATE org_api_token SET used_day = ?2"
                                 " WHERE id = ?1",
                                 "ii", id, day));
    if (rc)
        ctx_clear(ctx);
}

/* A token is no password: nobody finds one by trying. What is counted here
 * are wrong ones of an address, by a meter of their own, so that a program
 * whose token has ended keeps nobody of its office from signing in. */
static int refuse(struct ctx *ctx)
{
    static const struct meter_rule rule = { .burst = 30, .every_ms = 10000 };
    int64_t wait = meter_take(ctx,
                              arena_printf(ctx->arena, "api token %s",
                                           throttle_address(ctx, ctx->address)),
                              rule);

    if (wait)
        return fail(ctx, E_TOO_MANY, "org.sign_in.wait",
                    "too many tries; wait %lld seconds",
                    (long long)((wait + 999) / 1000));
    return fail(ctx, E_SIGN_IN, "org.api_token.refused",
                "this token is wrong, too old or revoked");
}

int api_token_find(const struct api_token **out, struct ctx *ctx,
                   const char *text)
{
    struct api_token *token = arena_alloc(ctx->arena, sizeof(*token));
    bool formed = text && text_starts(text, API_TOKEN_PREFIX) &&
                  strlen(text) == TEXT_LENGTH;
    int64_t day = 0;
    int rc = formed ? read_token(token, &day, ctx, text) : E_NOT_FOUND;

    *out = NULL;
    if (rc == E_NOT_FOUND) {
        log_ctx(ctx, LOG_WARN, "api_token.refused", NULL);
        return refuse(ctx);
    }
    if (rc)
        return rc;
    note_use(ctx, token->id, day);
    *out = token;
    return 0;
}

bool api_token_allows(const struct ctx *ctx, enum api_scope scope)
{
    return !ctx->token || (ctx->token->scopes & scope);
}

bool api_token_allows_form(const struct ctx *ctx, const char *form)
{
    size_t i;

    if (!ctx->token || !ctx->token->forms)
        return true;
    for (i = 0; i < ctx->token->form_count; i++)
        if (text_equal(ctx->token->forms[i], form))
            return true;
    return false;
}

/* ---- listing and revoking ---- */

static struct value *row_value(struct ctx *ctx, struct query *query)
{
    struct value *row = value_map(ctx->arena);
    const char *forms = query_copy(query, 4);
    int64_t until = query_int(query, 6);

    value_set_id(row, "id", query_int(query, 0));
    value_set_id(row, "user_id", query_int(query, 1));
    value_set_text(row, "name", query_text(query, 2));
    value_set(row, "scopes", scope_list(ctx, (unsigned)query_int(query, 3)));
    if (forms) {
        struct value *list = value_list(ctx->arena);
        char *rest = arena_strdup(ctx->arena, forms), *name;

        while ((name = strsep(&rest, "\n")))
            value_append(list, value_text(ctx->arena, name));
        value_set(row, "forms", list);
    }
    value_set_int(row, "created_at", query_int(query, 5));
    value_set_int(row, "until", until);
    value_set_bool(row, "expired", until <= clock_now());
    if (!query_is_null(query, 7))
        value_set_int(row, "used_day", query_int(query, 7));
    return row;
}

int api_token_list(struct value **out, struct ctx *ctx, int64_t user, int most)
{
    QUERY_AUTO *query = NULL;
    struct value *list = value_list(ctx->arena);
    size_t i;
    int rc = db_query(&query, ctx,
                      "SELECT id, user_id, name, scopes, forms, created_at,"
                      " until, used_day FROM org_api_token"
                      " WHERE ?1 = 0 OR user_id = ?1"
                      " ORDER BY id DESC LIMIT ?2",
                      "ii", user, (int64_t)most);

    *out = list;
    while (!rc && (rc = query_next(query)) == 1) {
        value_append(list, row_value(ctx, query));
        rc = 0;
    }
    for (i = 0; i < value_count(list); i++) {
        struct value *row = value_at(list, i);

        value_set_text(row, "user",
                       person_name(ctx, value_get_id(row, "user_id")));
    }
    return rc;
}

static int take_away(struct ctx *ctx, int64_t id, int64_t user)
{
    struct value *changes = value_map(ctx->arena);
    QUERY_AUTO *query = NULL;
    int64_t owner = 0;
    int rc = db_query(&query, ctx,
                      "SELECT user_id, name FROM org_api_token WHERE id = ?1"
                      " AND (?2 = 0 OR user_id = ?2)",
                      "ii", id, user);

    if (!rc)
        rc = query_next(query);
    if (rc == 0)
        return fail(ctx, E_NOT_FOUND, "org.api_token.absent",
                    "there is no such token");
    if (rc < 0)
        return rc;
    owner = query_int(query, 0);
    change_text(ctx, changes, "name", query_copy(query, 1), NULL);
    rc = db_exec(ctx, "DELETE FROM org_api_token WHERE id = ?1", "i", id);
    return rc ? rc : audit_add(ctx, "user", owner, "api_token_revoke", changes);
}

int api_token_revoke(struct ctx *ctx, int64_t id, int64_t user)
{
    int rc = tx_begin(ctx, "api_token.revoke");

    if (!rc)
        rc = tx_end(ctx, take_away(ctx, id, user));
    if (!rc)
        log_ctx(ctx, LOG_INFO, "api_token.revoked", "token", log_int(id), NULL);
    return rc;
}

int api_token_revoke_all(struct ctx *ctx, int64_t user)
{
    return db_exec(ctx, "DELETE FROM org_api_token WHERE user_id = ?1", "i",
                   user);
}
