/*
 * internal.h - what the files of backup/ share.
 */
#ifndef BACKUP_INTERNAL_H
#define BACKUP_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

struct ctx;
struct value;

enum { NAME_MAX_LENGTH = 40 };

/* ---- shelf.c: the folder ---- */

/* A name of ours: "20261126-023000", or with "-2" behind it. Nothing else in
 * the folder is ever looked at or removed. *at: its time, ms UTC. */
bool name_is_ours(int64_t *at, const char *name);
/* A new name for now that is not there yet; makes the folder. */
int name_new(const char **out, struct ctx *ctx);
/* Backups of the folder, newest first: list of {name, at, bytes, encrypted}. */
int shelf_list(struct value **out, struct ctx *ctx);
/* Removes those beyond the number and age of the settings, but never the
 * newest, and what processes that died have left. */
int shelf_prune(struct ctx *ctx);
/* Which of a list, newest first, are to be removed: adds "over" to each. */
void shelf_choose(struct ctx *ctx, struct value *list);

/* ---- problem.c ---- */

/* The context's first problem as JSON. */
const char *problem_keep(struct ctx *ctx, int rc);
/* Records it again; NULL: the process ended without one. A negative code. */
int problem_fail(struct ctx *ctx, const char *json);
/* In the reader's language. */
const char *problem_show(struct ctx *ctx, const char *json);

/* ---- remote.c: the object store ---- */

/* Whether backups are sent to one. */
bool remote_wanted(const struct ctx *ctx);
int remote_send(struct ctx *ctx, const char *name, const char *folder);
/* Those that are whole there: list of {name, at, bytes}, newest first. */
int remote_list(struct value **out, struct ctx *ctx);
int remote_prune(struct ctx *ctx);

#endif
