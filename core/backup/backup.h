/*
 * backup.h - backups that the service makes by itself: when, where, how many,
 * and what became of them. How one is made and put back is store/backup.h.
 *
 * A job starts a process that makes the backup (`tenon backup make --run`),
 * looks at it once a second and tells how it ends: the jobs lane goes on
 * meanwhile. Callers: worker/ (backup_start), portal/ (the administrators'
 * page), cli/.
 */
#ifndef BACKUP_BACKUP_H
#define BACKUP_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

struct ctx;
struct value;

#define BACKUP_JOB "backup.make"

/* Registers the job and its schedule. */
void backup_start(void);

/* A backup now, for ctx->person; *job receives what "/jobs/%lld" names. One
 * that waits already is that one. */
int backup_now(int64_t *job, struct ctx *ctx);

/* When the next one is due (ms UTC); 0: by nothing. */
int64_t backup_next(struct ctx *ctx);

/* The folder that they lie in: tenon.cfg says, else SITE/backups. */
const char *backup_folder(struct ctx *ctx);

/* The last ones, newest first: list of {id, name?, state, begun, ended, bytes,
 * encrypted, verified (ms UTC, 0: not), sent, gone, problem?, job, person}. */
int backup_runs(struct value **out, struct ctx *ctx, int most);

/* ---- the process that makes one ---- */

/*
 * Makes a backup by the settings: made, verified, sent, old ones removed.
 * run: the row of backup_run that it tells of; 0: a new one (by hand).
 * *name receives its name in backup_folder().
 */
int backup_run(const char **name, struct ctx *ctx, int64_t run,
               void (*progress)(void *payload, int64_t done, int64_t total),
               void *payload);

/* ---- what is there ---- */

/* In the folder, newest first: list of {name, at, bytes, encrypted}; `sent`
 * where the object store has it too, `here` false where only that has it. */
int backup_list(struct value **out, struct ctx *ctx);

/* Gets a backup that only the object store has into the new folder `to`. */
int backup_fetch(struct ctx *ctx, const char *name, const char *to);

#endif
