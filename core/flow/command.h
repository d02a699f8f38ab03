/*
 * command.h - what submit.c, decide.c, withdraw.c share: the frame of a
 * command, and the trail it leaves.
 */
#ifndef FLOW_COMMAND_H
#define FLOW_COMMAND_H

#include <stdint.h>

struct ctx;
struct instance;
struct step;
struct task;
struct value;

enum { COMMENT_MAX = 4000 }; /* bytes */

/* Ends a command in its transaction: the client's operation, the instance's
 * row, the trail, live events. action: "submit", "approve", … */
int command_end(struct step *step, const char *operation, const char *kind,
                int64_t subject, int64_t answer, const char *action,
                const char *node);

/* The trimmed comment, NULL where it is empty; E_LIMIT, E_INVALID (not
 * UTF-8). */
int comment_read(const char **out, struct ctx *ctx, const char *text);

/* Nobody signed in gives no command: E_SIGN_IN. */
int command_person(int64_t *out, struct ctx *ctx);

#endif
