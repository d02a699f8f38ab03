/*
 * throttle.c - waits that grow with failed tries.
 *
 * Three counters: the account from this address, the address, the account
 * from anywhere. The last one waits at most half a minute, so that nobody
 * can lock another person out for long. Accounts are kept as hashes: people
 * type passwords into the wrong field.
 */
#include "base/banned.h"

#include "org/throttle.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/str.h"
#include "store/db.h"

static const int64_t FORGET_MS = 60 * 60 * 1000;
static const int64_t SWEEP_MS = 24 * 60 * 60 * 1000;

/* Whoever reads and writes counters is alone with them. */
static const char GUARD[] = "sign_in";

struct rule {
    const char *name;
    int free;         /* tries without a wait */
    int most_seconds; /* the longest wait */
};

enum { BY_PAIR, BY_ADDRESS, BY_ACCOUNT, RULES };

static const struct rule rules[RULES] = {
    [BY_PAIR] = { "pair", 5, 900 },
    [BY_ADDRESS] = { "address", 30, 900 },
    [BY_ACCOUNT] = { "account", 20, 30 },
};

const char *throttle_address(struct ctx *ctx, const char *address)
{
    struct in6_addr six;
    struct in_addr four;
    char text[INET6_ADDRSTRLEN];

    if (text_empty(address))
        return "local";
    if (inet_pton(AF_INET, address, &four) == 1)
        return arena_strdup(ctx->arena, address);
    if (inet_pton(AF_INET6, address, &six) != 1)
        return "local";
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
        memcpy(&four, six.s6_addr + 12, sizeof(four));
        inet_ntop(AF_INET, &four, text, sizeof(text));
        return arena_strdup(ctx->arena, text);
    }
    memset(six.s6_addr + 8, 0, 8);
    inet_ntop(AF_INET6, &six, text, sizeof(text));
    return arena_printf(ctx->arena, "%s/64", text);
}

static const char *subject_of(struct ctx *ctx, int rule, const char *account)
{
    unsigned char hash[HASH_SIZE];
    struct buf buf;

    buf_init(&buf, ctx->arena, 4096);
    buf_add_text(&buf, rules[rule].name);
    if (rule != BY_ACCOUNT) {
        buf_add_char(&buf, '\n');
        buf_add_text(&buf, throttle_address(ctx, ctx->address));
    }
    if (rule != BY_ADDRESS) {
        buf_add_char(&buf, '\n');
        buf_add_text(&buf, account);
    }
    hash_data(hash, buf.data, buf.length, NULL, 0);
    return hex_of(ctx->arena, hash, sizeof(hash));
}

/* Milliseconds to wait after `failures` tries, the newest at `last`. */
static int64_t wait_of(const struct rule *rule, int64_t failures, int64_t last,
                       int64_t now)
{
    int64_t over = failures - rule->free, seconds;

    if (over < 0 || now - last > FORGET_MS)
        return 0;
    seconds = over > 12 ? 4096 : (int64_t)1 << over;
    if (seconds > rule->most_seconds)
        seconds = rule->most_seconds;
    return last + seconds * 1000 - now;
}

static int read_counter(int64_t *failures, int64_t *last, struct ctx *ctx,
                        const char *subject)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(
        &query, ctx,
        "SELECT failures, last_at FROM org_throttle WHERE subject = ?1", "s",
        subject);

    *failures = *last = 0;
    if (!rc)
        rc = query_next(query);
    if (rc == 1) {
        *failures = query_int(query, 0);
        *last = query_int(query, 1);
        rc = 0;
    }
    return rc;
}

static int charge(struct ctx *ctx, int rule, const char *subject, int64_t now)
{
    int64_t failures, last, wait;
    int rc = read_counter(&failures, &last, ctx, subject);

    if (rc)
        return rc;
    wait = wait_of(&rules[rule], failures, last, now);
    if (wait > 0) {
        log_ctx(ctx, LOG_WARN, "sign_in.throttled", "by", rules[rule].name,
                NULL);
        return fail(ctx, E_TOO_MANY, "org.sign_in.wait",
                    "too many tries; wait %lld seconds",
                    (long long)((wait + 999) / 1000));
    }
    if (now - last > FORGET_MS)
        failures = 0;
    return db_exec(ctx,
                   "INSERT INTO org_throttle (subject, failures, last_at) "
                   "VALUES (?1, ?2, ?3) ON CONFLICT (subject) DO UPDATE "
                   "SET failures = ?2, last_at = ?3",
                   "sii", subject, failures + 1, now);
}

int throttle_charge(struct ctx *ctx, const char *account, bool trusted)
{
    int64_t now = clock_now();
    int rule, rc = tx_begin_shared(ctx, "sign_in.charge");

    if (rc)
        return rc;
    /* The counters are read before they are written. */
    rc = tx_guard(ctx, GUARD);
    if (!rc)
        rc = db_exec(ctx, "DELETE FROM org_throttle WHERE last_at < ?1", "i",
                     now - SWEEP_MS);
    for (rule = 0; rule < RULES && !rc; rule++) {
        /* A command on the machine itself is not an address. */
        if (rule == BY_ADDRESS && text_empty(ctx->address))
            continue;
        if (rule == BY_ACCOUNT && trusted)
            continue;
        rc = charge(ctx, rule, subject_of(ctx, rule, account), now);
    }
    return tx_end(ctx, rc);
}

int throttle_refund(struct ctx *ctx, const char *account)
{
    int rc = tx_guard(ctx, GUARD);

    if (!rc)
        rc = db_exec(ctx, "DELETE FROM org_throttle WHERE subject IN (?1, ?2)",
                     "ss", subject_of(ctx, BY_PAIR, account),
                     subject_of(ctx, BY_ACCOUNT, account));

    /* One's own account does not wash an address clean. */
    if (!rc)
        rc = db_exec(ctx,
                     "UPDATE org_throttle SET failures = failures - 1 "
                     "WHERE subject = ?1 AND failures > 0",
                     "s", subject_of(ctx, BY_ADDRESS, account));
    return rc;
}
