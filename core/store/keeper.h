/*
 * keeper.h - the process that moves the log into the database, keeps the
 * disk's reserve and copies the running site.
 *
 * Started by the front as `tenon worker --lane keeper`, one per site, with no
 * plugin, no Lua, no request. Everything it does to the database it does
 * under the writer lock. It ends when its link to the front ends.
 */
#ifndef STORE_KEEPER_H
#define STORE_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

struct ctx;
struct value;

/*
 * How the keeper's loop hears of the front. `fd` (-1: none) is watched beside
 * its own work; when it is readable (or hung up) `ready` is called. The keeper
 * ends with 0 when ready returns false, or when *stop (may be NULL) is true.
 * `durable` (may be NULL) is called from a thread of the keeper: commits up to
 * that number are on the disk, or the disk has failed. The first call comes
 * after the check that a start after a failure needs.
 */
struct keeper_link {
    int fd;
    bool (*ready)(struct ctx *ctx, void *payload);
    void (*durable)(void *payload, uint64_t number, bool failed);
    void *payload;
    const volatile bool *stop;
};

/*
 * Opens the site's store as the keeper (ctx->site is set, ctx->db is not) and
 * works until it is told to end; then checkpoints once more and closes.
 *
 * Returns 0 for an orderly end; E_BUSY where another keeper lives; another
 * error where the store cannot be trusted (a damaged database): the process
 * then ends with EXIT_SICK. After a failed sync it stays, does nothing more,
 * and tells so by the gauge store_failed.
 */
int keeper_run(struct ctx *ctx, const struct keeper_link *link);

/*
 * What a start after a failed sync or a crash of the machine asks for: checks
 * the database where run/unclean stands, and removes that where it is whole.
 * keeper_run calls it first.
 */
int keeper_check_start(struct ctx *ctx);

/*
 * Does what the front passed on from run/control.sock: {"do": "backup",
 * "to": FOLDER}. *answer is {"ok": true} or {"ok": false, "error": text}.
 * Called from the link's `ready`, with its ctx.
 */
void keeper_command(struct value **answer, struct ctx *ctx,
                    const struct value *command);

#endif
