/*
 * work.c - what jobs and deliveries share: leases, back-off, their own
 * context.
 */
#include "base/banned.h"

#include "event/work.h"

#include <errno.h>
#include <signal.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/log.h"
#include "store/db.h"

enum { FIRST_MS = 5000, FACTOR = 4, LONGEST_MS = 3600 * 1000 };
enum { ERROR_BYTES = 500, OWNERS_MAX = 64 };
enum { SETTLE_MS = 20 * 1000, SETTLE_WAIT_MS = 500 };
enum { FREE_EVERY_MS = 30 * 1000 };

void work_begin(struct ctx *own, const struct ctx *ctx, const char *module,
                int seconds)
{
    *own = ctx_apart(ctx);
    own->arena = arena_new(0);
    own->module = module;
    own->system = true;
    own->person = NULL;
    own->deadline = clock_monotonic() + (int64_t)seconds * 1000;
}

void work_end(struct ctx *own, bool inside)
{
    if (!inside && tx_active(own)) {
        log_ctx(own, LOG_ERROR, "work.open_transaction", NULL);
        while (tx_active(own))
            tx_rollback(own);
    }
    arena_free(own->arena);
}

static int settle_once(struct ctx *ctx, const char *purpose,
                       int (*call)(struct ctx *ctx, void *argument),
                       void *argument)
{
    int rc = tx_begin_shared(ctx, purpose);

    return rc ? rc : tx_end(ctx, call(ctx, argument));
}

int work_settle(struct ctx *ctx, const char *purpose,
                int (*call)(struct ctx *ctx, void *argument), void *argument)
{
    int64_t until = clock_monotonic() + SETTLE_MS;
    int rc;

    while ((rc = settle_once(ctx, purpose, call, argument)) != 0 &&
           (rc == E_UNAVAILABLE || rc == E_BUSY) && clock_monotonic() < until) {
        log_ctx(ctx, LOG_WARN, "work.settle", "purpose", purpose, "error",
                ctx_error(ctx), NULL);
        ctx_clear(ctx);
        usleep(SETTLE_WAIT_MS * 1000);
    }
    return rc;
}

int64_t work_wait(int attempt)
{
    int64_t wait = FIRST_MS;
    uint16_t chance;
    int i;

    for (i = 1; i < attempt && wait < LONGEST_MS; i++)
        wait *= FACTOR;
    if (wait > LONGEST_MS)
        wait = LONGEST_MS;
    random_bytes(&chance, sizeof chance);
    return wait + wait / 4 * chance / UINT16_MAX;
}

/* Numbers of processes are those of one boot, in one namespace. A machine that
 * says neither never meets its own name again; its leases end by themselves. */
const char *work_host(void)
{
    static char name[96];
    char space[48] = "";
    ssize_t length;
    FILE *file;

    if (name[0])
        return name;
    file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (!file || !fgets(name, 40, file))
        snprintf(name, sizeof name, "%lld", (long long)id_next());
    if (file)
        fclose(file);
    name[strcspn(name, "\n")] = '\0';
    length = readlink("/proc/self/ns/pid", space, sizeof space - 1);
    if (length > 0)
        snprintf(name + strlen(name), sizeof name - strlen(name), " %s", space);
    return name;
}

static bool alive(int64_t pid)
{
    return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

int work_free_dead(struct ctx *ctx, const char *table, int64_t *at)
{
    bool jobs = strcmp(table, "event_job") == 0;
    int64_t dead[OWNERS_MAX];
    struct query *query;
    int count = 0, i, rc;

    if (clock_monotonic() < *at)
        return 0;
    *at = clock_monotonic() + FREE_EVERY_MS;
    rc = db_query(&query, ctx,
                  jobs ? "SELECT DISTINCT owner FROM event_job "
                         "WHERE state = 1 AND host = ?1"
                       : "SELECT DISTINCT owner FROM event_delivery "
                         "WHERE state = 1 AND host = ?1",
                  "s", work_host());
    if (rc)
        return rc;
    while (count < OWNERS_MAX && (rc = query_next(query)) > 0)
        if (!alive(query_int(query, 0)) || query_int(query, 0) == getpid())
            dead[count++] = query_int(query, 0);
    query_done(query);
    if (rc < 0 || count == 0)
        return rc < 0 ? rc : 0;
    rc = tx_begin_shared(ctx, "free leases");
    if (rc)
        return rc;
    for (i = 0; i < count && !rc; i++)
        rc = db_exec(ctx,
                     /* It waits again, as what has not begun does. */
                     jobs ? "UPDATE event_job SET lease = 0, begun = 0 WHERE "
                            "state = 1 AND owner = ?1 AND host = ?2"
                          : "UPDATE event_delivery SET lease = 0 WHERE "
                            "state = 1 AND owner = ?1 AND host = ?2",
                     "is", dead[i], work_host());
    return tx_end(ctx, rc);
}

const char *work_error(const struct ctx *own, struct ctx *ctx)
{
    const char *text = ctx_error(own);

    return arena_strndup(ctx->arena, text, strnlen(text, ERROR_BYTES));
}

int work_data(const struct value **out, struct ctx *ctx, const char *text)
{
    struct value *data;
    int rc;

    *out = NULL;
    if (!text)
        return 0;
    rc = json_parse(&data, ctx, text, strlen(text));
    if (!rc)
        *out = data;
    return rc;
}
