/*
 * status.h - a sandbox's status as the context's error; inside script/ and
 * for layers that run bodies of their own in a sandbox.
 */
#ifndef SCRIPT_STATUS_H
#define SCRIPT_STATUS_H

struct ctx;

/* Records the problem of a failed call (enum sandbox_status) and returns its
 * code; 0 for SANDBOX_OK. */
int script_fail(struct ctx *ctx, int status, const char *name,
                const char *message);

/* Today in the person's zone, "2026-11-23"; arena text. */
const char *script_today(struct ctx *ctx);

#endif
