/*
 * session.c - login sessions: begun, found, ended.
 *
 * A request costs no query where this process has seen its session before:
 * what is known is kept by the epoch "session", which every ending raises.
 */
#include "base/banned.h"

#include "org/session.h"

#include <assert.h>

#include "audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/map.h"
#include "base/site.h"
#include "base/str.h"
#include "base/unicode.h"
#include "base/value.h"
#include "event/live.h"
#include "org/org.h"
#include "org/password.h"
#include "org/person.h"
#include "org/throttle.h"
#include "store/db.h"

enum { AGENT_MAX = 200, KNOWN_MAX = 1024, RECENT_MINUTES = 15 };

static const int64_t SEEN_MS = 5 * 60 * 1000;

/* Direct-mapped: a slot a hash prefix; a collision costs one query. */
struct known {
    char hash[HASH_SIZE * 2 + 1];
    struct session session;
};
static struct known known[KNOWN_MAX];
static struct db *known_db;
static int64_t known_epoch;
static bool changed_here;

static const char *hash_token(struct ctx *ctx, const char *token)
{
    unsigned char hash[HASH_SIZE];

    hash_data(hash, token, strlen(token), NULL, 0);
    return hex_of(ctx->arena, hash, sizeof(hash));
}

static void forget_known(void)
{
    memset(known, 0, sizeof(known));
}

/* In the transaction that ends or changes sessions. */
static int sessions_changed(struct ctx *ctx)
{
    forget_known();
    changed_here = true;
    return epoch_raise(ctx, "session");
}

static struct known *known_slot(struct ctx *ctx, const char *hash)
{
    int64_t epoch = epoch_of(ctx, "session");

    if (known_db != ctx->db || known_epoch != epoch ||
        (changed_here && !tx_active(ctx))) {
        forget_known();
        known_db = ctx->db;
        known_epoch = epoch;
        changed_here = false;
    }
    return &known[text_hash(hash, strlen(hash)) % KNOWN_MAX];
}

static void limits_of(const struct ctx *ctx, int64_t *idle, int64_t *absolute)
{
    const struct settings *s = ctx->site ? &ctx->site->settings : NULL;
    int64_t minutes =
        s && s->session_idle_minutes > 0 ? s->session_idle_minutes : 480;
    int64_t hours =
        s && s->session_absolute_hours > 0 ? s->session_absolute_hours : 168;

    *idle = minutes * 60 * 1000;
    *absolute = hours * 60 * 60 * 1000;
}

static bool in_limits(const struct ctx *ctx, const struct session *session)
{
    int64_t idle, absolute, now = clock_now();

    limits_of(ctx, &idle, &absolute);
    return now - session->seen_at < idle &&
           now - session->created_at < absolute;
}

static int insert_session(char token[TOKEN_TEXT_MAX], struct ctx *ctx,
                          int64_t user, const char *agent)
{
    int64_t idle, absolute, now = clock_now();
    int rc;

    token_make(token);
    limits_of(ctx, &idle, &absolute);
    rc = db_exec(ctx,
                 "DELETE FROM org_session WHERE user_id = ?1 AND "
                 "(seen_at < ?2 OR created_at < ?3)",
                 "iii", user, now - idle, now - absolute);
    if (!rc)
        rc = db_exec(ctx,
                     "INSERT INTO org_session (hash, user_id, created_at, "
                     "seen_at, confirmed_at, address, agent) "
                     "VALUES (?1, ?2, ?3, ?3, ?3, ?4, ?5)",
                     "siiss", hash_token(ctx, token), user, now,
                     throttle_address(ctx, ctx->address), agent);
    return rc;
}

int session_begin(char token[TOKEN_TEXT_MAX], struct ctx *ctx, int64_t user,
                  const char *agent)
{
    const struct person *before = ctx->person, *person;
    int rc = person_load(&person, ctx, user);

    if (rc)
        return rc;
    if (!person->enabled)
        return fail(ctx, E_SIGN_IN, "org.sign_in.refused",
                    "user name or password is wrong");
    if (agent) {
        agent = utf8_valid(agent, strlen(agent)) ? text_clean(ctx->arena, agent)
                                                 : NULL;
        if (agent)
            agent = arena_strndup(ctx->arena, agent,
                                  utf8_prefix(agent, strlen(agent), AGENT_MAX));
    }
    rc = tx_begin_shared(ctx, "session.begin");
    if (rc)
        return rc;
    rc = insert_session(token, ctx, user, agent);
    if (!rc) {
        ctx->person = person;
        rc = audit_add(ctx, "session", user, "sign_in", NULL);
        ctx->person = before;
    }
    rc = tx_end(ctx, rc);
    if (!rc)
        log_ctx(ctx, LOG_INFO, "sign_in.done", "user", log_int(user), NULL);
    return rc;
}

int session_sign_in(char token[TOKEN_TEXT_MAX], int64_t *user, struct ctx *ctx,
                    const char *login, const char *password, const char *agent)
{
    int rc = secret_check(user, ctx, login, password);

    if (!rc)
        rc = session_begin(token, ctx, *user, agent);
    return rc;
}

static int read_session(struct session *out, struct ctx *ctx, const char *hash)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT s.user_id, s.created_at, s.seen_at, "
                      "s.confirmed_at FROM org_session s JOIN org_user u "
                      "ON u.id = s.user_id WHERE s.hash = ?1 "
                      "AND u.enabled = 1",
                      "s", hash);

    if (!rc)
        rc = query_next(query);
    if (rc == 0)
        return E_SIGN_IN;
    if (rc < 0)
        return rc;
    out->user = query_int(query, 0);
    out->created_at = query_int(query, 1);
    out->seen_at = query_int(query, 2);
    out->confirmed_at = query_int(query, 3);
    return 0;
}

/* At most every five minutes; a busy store is no reason to refuse. */
static void mark_seen(struct session *session, struct ctx *ctx)
{
    int64_t now = clock_now();
    int rc;

    if (now - session->seen_at < SEEN_MS || tx_active(ctx))
        return;
    rc = tx_begin_shared(ctx, "session.seen");
    if (!rc) {
        rc = db_exec(ctx,
                     "UPDATE org_session SET seen_at = ?2 WHERE hash = ?1 "
                     "AND seen_at < ?2",
                     "si", session->hash, now);
        rc = tx_end(ctx, rc);
    }
    if (rc)
        ctx_clear(ctx);
    else
        session->seen_at = now;
}

int session_find(const struct session **out, struct ctx *ctx, const char *token)
{
    const char *hash;
    struct known *slot;
    int rc;

    assert(out);
    *out = NULL;
    if (text_empty(token) || strlen(token) >= TOKEN_TEXT_MAX)
        return E_SIGN_IN;
    hash = hash_token(ctx, token);
    slot = known_slot(ctx, hash);
    if (strcmp(slot->hash, hash) != 0 ||
        clock_now() - slot->session.seen_at >= SEEN_MS) {
        struct session session = { 0 };

        rc = read_session(&session, ctx, hash);
        if (rc) {
            slot->hash[0] = '\0';
            return rc;
        }
        snprintf(slot->hash, sizeof(slot->hash), "%s", hash);
        slot->session = session;
        slot->session.hash = slot->hash;
    }
    if (!in_limits(ctx, &slot->session)) {
        slot->hash[0] = '\0';
        return E_SIGN_IN;
    }
    mark_seen(&slot->session, ctx);
    *out = &slot->session;
    return 0;
}

int session_end(struct ctx *ctx, const char *hash)
{
    int64_t user = 0;
    int rc = tx_begin_shared(ctx, "session.end");

    if (rc)
        return rc;
    rc = db_int(&user, ctx, "SELECT user_id FROM org_session WHERE hash = ?1",
                "s", hash);
    if (rc == E_NOT_FOUND ||
        (!rc && !ctx->system && ctx->person && ctx->person->id != user))
        return tx_end(ctx, fail(ctx, E_NOT_FOUND, "org.session.absent",
                                "this session has ended already"));
    if (!rc)
        rc = db_exec(ctx, "DELETE FROM org_session WHERE hash = ?1", "s", hash);
    if (!rc)
        rc = sessions_changed(ctx);
    if (!rc)
        rc = audit_add(ctx, "session", user, "sign_out", NULL);
    if (!rc)
        live_end(ctx, user, hash);
    rc = tx_end(ctx, rc);
    if (!rc)
        log_ctx(ctx, LOG_INFO, "session.ended", "user", log_int(user), NULL);
    return rc;
}

int session_end_all(struct ctx *ctx, int64_t user, const char *keep)
{
    int rc = tx_begin_shared(ctx, "session.end_all");

    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "DELETE FROM org_session WHERE user_id = ?1 AND hash <> ?2",
                 "is", user, keep ? keep : "");
    if (!rc)
        rc = sessions_changed(ctx);
    if (!rc)
        rc = audit_add(ctx, "session", user, "sign_out_everywhere", NULL);
    if (!rc)
        live_end(ctx, user, NULL);
    rc = tx_end(ctx, rc);
    if (!rc)
        log_ctx(ctx, LOG_INFO, "session.all_ended", "user", log_int(user),
                NULL);
    return rc;
}

/* Names a session to its owner without giving its hash away: a page that
 * lists sessions should not hold what the log and the store call it. */
static const char *handle_of(struct ctx *ctx, const char *hash)
{
    unsigned char out[HASH_SIZE];

    hash_data(out, hash, strlen(hash), (const unsigned char *)"session handle",
              sizeof("session handle") - 1);
    return hex_of(ctx->arena, out, 16);
}

int session_list(struct value **out, struct ctx *ctx, const char *current)
{
    QUERY_AUTO *query = NULL;
    struct value *list = value_list(ctx->arena);
    int64_t idle, absolute, now = clock_now();
    int rc;

    *out = list;
    if (!ctx->person)
        return 0;
    limits_of(ctx, &idle, &absolute);
    rc = db_query(&query, ctx,
                  "SELECT hash, created_at, seen_at, address, agent "
                  "FROM org_session WHERE user_id = ?1 AND seen_at > ?2 "
                  "AND created_at > ?3 ORDER BY seen_at DESC LIMIT 200",
                  "iii", ctx->person->id, now - idle, now - absolute);
    while (!rc && (rc = query_next(query)) == 1) {
        struct value *row = value_map(ctx->arena);
        const char *hash = query_copy(query, 0);

        value_set_text(row, "handle", handle_of(ctx, hash));
        value_set_int(row, "created_at", query_int(query, 1));
        value_set_int(row, "seen_at", query_int(query, 2));
        value_set_text(row, "address", query_text(query, 3));
        value_set_text(row, "agent", query_text(query, 4));
        value_set_bool(row, "current", text_equal(hash, current));
        value_append(list, row);
        rc = 0;
    }
    return rc;
}

static int find_handle(const char **hash, struct ctx *ctx, const char *handle)
{
    QUERY_AUTO *query = NULL;
    int rc =
        db_query(&query, ctx, "SELECT hash FROM org_session WHERE user_id = ?1",
                 "i", ctx->person ? ctx->person->id : 0);

    while (!rc && (rc = query_next(query)) == 1) {
        *hash = query_copy(query, 0);
        if (text_equal(handle_of(ctx, *hash), handle))
            return 0;
        rc = 0;
    }
    return rc ? rc
              : fail(ctx, E_NOT_FOUND, "org.session.absent",
                     "this session has ended already");
}

int session_end_handle(struct ctx *ctx, const char *handle)
{
    const char *hash = NULL;
    int rc = find_handle(&hash, ctx, handle);

    return rc ? rc : session_end(ctx, hash);
}

bool session_from_here(struct ctx *ctx, int64_t user)
{
    int64_t found = 0;

    return !text_empty(ctx->address) &&
           db_int(&found, ctx,
                  "SELECT 1 FROM org_session WHERE user_id = ?1 "
                  "AND address = ?2 LIMIT 1",
                  "is", user, throttle_address(ctx, ctx->address)) == 0;
}

/* The password of ctx->person, through the one door. */
static int check_own(struct ctx *ctx, const char *password)
{
    int64_t id;
    int rc;

    if (!ctx->person)
        return fail(ctx, E_SIGN_IN, "org.sign_in.needed", "sign in first");
    rc = secret_check(&id, ctx, ctx->person->login, password);
    if (rc == E_SIGN_IN) {
        /* Signed in already: not a reason for the browser to sign in. */
        ctx_clear(ctx);
        return fail_at(ctx, E_INVALID, "current", "org.password.wrong",
                       "the password is wrong");
    }
    return rc;
}

int session_confirm(struct ctx *ctx, const char *hash, const char *password)
{
    int rc = check_own(ctx, password);

    if (!rc)
        rc = tx_begin_shared(ctx, "session.confirm");
    if (rc)
        return rc;
    rc =
        db_exec(ctx, "UPDATE org_session SET confirmed_at = ?2 WHERE hash = ?1",
                "si", hash, clock_now());
    if (!rc)
        rc = sessions_changed(ctx);
    return tx_end(ctx, rc);
}

bool session_is_recent(const struct session *session)
{
    return clock_now() - session->confirmed_at <
           (int64_t)RECENT_MINUTES * 60 * 1000;
}

int session_change_password(struct ctx *ctx, const char *hash,
                            const char *current, const char *next)
{
    int rc = check_own(ctx, current);

    if (!rc)
        rc = user_set_password(ctx, ctx->person->id, next, hash);
    return rc;
}

int session_rotate(char token[TOKEN_TEXT_MAX], struct ctx *ctx,
                   const char *hash)
{
    int rc = tx_begin_shared(ctx, "session.rotate");

    if (rc)
        return rc;
    token_make(token);
    rc = db_exec(ctx,
                 "UPDATE org_session SET hash = ?2, confirmed_at = ?3 "
                 "WHERE hash = ?1",
                 "ssi", hash, hash_token(ctx, token), clock_now());
    if (!rc && db_changes(ctx) != 1)
        rc = fail(ctx, E_SIGN_IN, "org.sign_in.needed", "sign in first");
    if (!rc)
        rc = sessions_changed(ctx);
    return tx_end(ctx, rc);
}

int session_count(int64_t *users, int64_t *sessions, struct ctx *ctx)
{
    int64_t idle, absolute, now = clock_now();
    int rc;

    limits_of(ctx, &idle, &absolute);
    rc = db_int(users, ctx, "SELECT count(*) FROM org_user WHERE enabled = 1",
                "");
    if (!rc)
        rc = db_int(sessions, ctx,
                    "SELECT count(*) FROM org_session WHERE seen_at > ?1 "
                    "AND created_at > ?2",
                    "ii", now - idle, now - absolute);
    return rc;
}
