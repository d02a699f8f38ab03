/*
 * password.c - rules for new passwords, and the one function that checks a
 * secret. Everything that takes one (sign-in, confirming, changing, later
 * calendars and tokens) goes through secret_check.
 */
#include "base/banned.h"

#include "org/password.h"

#include <assert.h>

#include "audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/str.h"
#include "base/unicode.h"
#include "org/cache.h"
#include "org/change.h"
#include "org/person.h"
#include "org/session.h"
#include "org/throttle.h"
#include "store/db.h"

static bool is_common(const char *word)
{
    size_t length = strlen(word);
    const char *at = org_common_passwords;

    while ((at = strstr(at, word))) {
        if ((at == org_common_passwords || at[-1] == ' ') && at[length] == ' ')
            return true;
        at++;
    }
    return false;
}

/* Common, or common with one or two characters behind ("Password1!"). */
static bool looks_common(struct ctx *ctx, const char *folded)
{
    size_t length = strlen(folded), cut;

    if (strchr(folded, ' '))
        return false;
    for (cut = 0; cut <= 2 && length - cut >= PASSWORD_LENGTH_MIN; cut++)
        if (is_common(arena_strndup(ctx->arena, folded, length - cut)))
            return true;
    return false;
}

/* The name makes up most of it ("li.na2026" of li.na). */
static bool mostly(struct ctx *ctx, const char *folded, const char *name)
{
    const char *key = text_fold(ctx->arena, name ? name : "");
    size_t length = strlen(key);

    return length >= 3 && strstr(folded, key) && strlen(folded) < length + 5;
}

/* One character, or a run such as abcdefgh. */
static bool is_row(const char *text)
{
    bool same = true, up = true, down = true;
    size_t i;

    for (i = 1; text[i]; i++) {
        same = same && text[i] == text[i - 1];
        up = up && text[i] == text[i - 1] + 1;
        down = down && text[i] == text[i - 1] - 1;
    }
    return same || up || down;
}

int password_check_new(struct ctx *ctx, const char *password, const char *login,
                       const char *name)
{
    size_t length;
    const char *folded;

    if (!password || !utf8_valid(password, strlen(password)))
        return fail_at(ctx, E_INVALID, "password", "org.not_text",
                       "this is not readable text");
    length = utf8_length(password, strlen(password));
    if (length < PASSWORD_LENGTH_MIN)
        return fail_at(ctx, E_INVALID, "password", "org.password.short",
                       "at least %d characters", PASSWORD_LENGTH_MIN);
    if (length > PASSWORD_LENGTH_MAX)
        return fail_at(ctx, E_INVALID, "password", "org.password.long",
                       "at most %d characters", PASSWORD_LENGTH_MAX);
    folded = text_fold(ctx->arena, password);
    if (looks_common(ctx, folded) || is_row(folded))
        return fail_at(ctx, E_INVALID, "password", "org.password.common",
                       "this is one of the passwords that are tried first");
    if (mostly(ctx, folded, login) || mostly(ctx, folded, name))
        return fail_at(ctx, E_INVALID, "password", "org.password.own_name",
                       "this is too close to the user's own name");
    return 0;
}

static int write_password(struct ctx *ctx, int64_t id, const char *hash,
                          const char *keep_session)
{
    int rc = tx_begin(ctx, "user.password");

    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "UPDATE org_user SET password = ?2, password_at = ?3 "
                 "WHERE id = ?1",
                 "isi", id, hash, clock_now());
    if (!rc)
        rc = session_end_all(ctx, id, keep_session);
    if (!rc)
        rc = db_exec(ctx, "DELETE FROM org_link WHERE user_id = ?1", "i", id);
    if (!rc)
        rc = audit_add(ctx, "user", id, "password", NULL);
    return tx_end(ctx, rc);
}

int user_set_password(struct ctx *ctx, int64_t id, const char *password,
                      const char *keep_session)
{
    const struct person *person;
    const char *hash;
    int rc = person_load(&person, ctx, id);

    if (!rc)
        rc = password_check_new(ctx, password, person->login, person->name);
    if (!rc)
        rc = password_hash(&hash, ctx, text_nfc(ctx->arena, password));
    if (!rc)
        rc = write_password(ctx, id, hash, keep_session);
    if (!rc)
        log_ctx(ctx, LOG_INFO, "password.set", "user", log_int(id), NULL);
    return rc;
}

bool user_has_password(struct ctx *ctx, int64_t id)
{
    int64_t has = 0;

    return db_int(&has, ctx,
                  "SELECT password IS NOT NULL FROM org_user WHERE id = ?1",
                  "i", id) == 0 &&
           has != 0;
}

/* What an unknown user's password is compared with: as costly as a real
 * one. Made once in each process that checks passwords. */
static int decoy_hash(const char **out, struct ctx *ctx)
{
    static char decoy[256];
    char token[TOKEN_TEXT_MAX];
    const char *hash;
    int rc;

    if (!decoy[0]) {
        token_make(token);
        rc = password_hash(&hash, ctx, token);
        if (rc)
            return rc;
        snprintf(decoy, sizeof(decoy), "%s", hash);
    }
    *out = decoy;
    return 0;
}

static int read_secret(int64_t *id, const char **hash, bool *enabled,
                       struct ctx *ctx, const char *account)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT id, password, enabled FROM org_user "
                      "WHERE login_key = ?1",
                      "s", account);

    *id = 0;
    *hash = NULL;
    *enabled = false;
    if (!rc)
        rc = query_next(query);
    if (rc == 1) {
        *id = query_int(query, 0);
        *hash = query_copy(query, 1);
        *enabled = query_int(query, 2) != 0;
        rc = 0;
    }
    return rc;
}

/* S1: parameters grow with the years; the password is at hand only now. */
static int upgrade_hash(struct ctx *ctx, int64_t id, const char *old,
                        const char *password)
{
    const char *hash;
    int rc;

    if (!password_outdated(old))
        return 0;
    rc = password_hash(&hash, ctx, password);
    if (!rc)
        rc = db_exec(ctx,
                     "UPDATE org_user SET password = ?2 WHERE id = ?1 "
                     "AND password = ?3",
                     "iss", id, hash, old);
    return rc;
}

static int accept_secret(struct ctx *ctx, int64_t id, const char *account,
                         const char *hash, const char *password)
{
    int rc = tx_begin_shared(ctx, "sign_in.accept");

    if (rc)
        return rc;
    rc = throttle_refund(ctx, account);
    if (!rc)
        rc = upgrade_hash(ctx, id, hash, password);
    return tx_end(ctx, rc);
}

int secret_check(int64_t *id, struct ctx *ctx, const char *login,
                 const char *password)
{
    const char *account, *hash, *decoy, *secret;
    bool enabled, right;
    int rc;

    assert(id);
    *id = 0;
    if (!login || !password || !utf8_valid(login, strlen(login)) ||
        !utf8_valid(password, strlen(password)))
        return fail(ctx, E_BAD_REQUEST, "org.not_text",
                    "this is not readable text");
    account = text_fold(ctx->arena, change_clean(ctx, login));
    secret = text_nfc(ctx->arena, password);
    rc = read_secret(id, &hash, &enabled, ctx, account);
    if (!rc)
        rc = throttle_charge(ctx, account,
                             *id != 0 && session_from_here(ctx, *id));
    if (!rc)
        rc = decoy_hash(&decoy, ctx);
    if (rc)
        return rc;

    /* Always one verification, whoever it is. Longer ones can't be right
     * (S1: nothing is cut), but cost the same. */
    right = password_verify(hash && enabled ? hash : decoy, secret);
    if (!right || !hash || !enabled) {
        log_ctx(ctx, LOG_WARN, "sign_in.refused", "user",
                *id ? log_int(*id) : NULL, "reason",
                !*id       ? "unknown"
                : !enabled ? "disabled"
                           : "wrong",
                NULL);
        *id = 0;
        return fail(ctx, E_SIGN_IN, "org.sign_in.refused",
                    "user name or password is wrong");
    }
    return accept_secret(ctx, *id, account, hash, secret);
}
