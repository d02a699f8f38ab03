/*
 * pg_keeper.c - the keeper's life on PostgreSQL: there is no log to move and
 * no commit to make durable; it hears the front, and is the one that talks
 * with the other hosts (pg_hosts.c).
 */
#include "base/banned.h"

#include <errno.h>
#include <poll.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/site.h"
#include "store/keeper.h"
#include "store/pg.h"

static int work(struct ctx *ctx, const struct keeper_link *link)
{
    while (!link->stop || !*link->stop) {
        int wait = pg_hosts_round(ctx);
        struct pg *pg = ctx->db->pg;
        struct pollfd fds[] = {
            { .fd = link->fd, .events = POLLIN },
            { .fd = pg->conn ? pq.PQsocket(pg->conn) : -1, .events = POLLIN },
        };

        arena_reset(ctx->arena);
        if (poll(fds, 2, wait) < 0 && errno != EINTR)
            return E_IO;
        if (fds[0].revents && !link->ready(ctx, link->payload))
            return 0;
    }
    return 0;
}

int pg_keeper_run(struct ctx *ctx, const struct keeper_link *link)
{
    struct arena *arena = ctx->arena;
    int rc = db_open(ctx, ctx->site->folder, DB_KEEPER);

    if (rc)
        return rc;
    /* Each round has an arena of its own; the context's own one stays. */
    ctx->arena = arena_new(0);
    rc = work(ctx, link);
    ctx_clear(ctx);
    arena_free(ctx->arena);
    ctx->arena = arena;
    db_close(ctx->db);
    ctx->db = NULL;
    return rc;
}
