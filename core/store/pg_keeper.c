/*
 * pg_keeper.c - the keeper's life on PostgreSQL: there is no log to move and
 * no commit to make durable; it hears the front.
 */
#include "base/banned.h"

#include <errno.h>
#include <poll.h>

#include "base/ctx.h"
#include "base/site.h"
#include "store/keeper.h"
#include "store/pg.h"

enum { LOOK_MS = 500 };

static int work(struct ctx *ctx, const struct keeper_link *link)
{
    while (!link->stop || !*link->stop) {
        struct pollfd hear = { .fd = link->fd, .events = POLLIN };

        if (poll(&hear, 1, LOOK_MS) < 0 && errno != EINTR)
            return E_IO;
        if (hear.revents && !link->ready(ctx, link->payload))
            return 0;
    }
    return 0;
}

int pg_keeper_run(struct ctx *ctx, const struct keeper_link *link)
{
    int rc = db_open(ctx, ctx->site->folder, DB_KEEPER);

    if (rc)
        return rc;
    rc = work(ctx, link);
    db_close(ctx->db);
    ctx->db = NULL;
    return rc;
}
