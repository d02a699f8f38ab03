/*
 * audit.h - the trail: who changed what from what to what, when, from where.
 *
 * Append-only. Each row carries a salted hash of its content; a sealer (job,
 * each second while there is something) chains committed rows. Erasing a
 * person's data removes salt and content, the hash stays.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include <stdint.h>

struct ctx;
struct value;

/*
 * One entry in the current write transaction. subject: "record:budget",
 * "user", "role", "module", "session", …; action: "create", "update",
 * "delete", "sign_in", "refused", …; changes: map field → {"from","to"}, or
 * NULL.
 */
int audit_add(struct ctx *ctx, const char *subject, int64_t id,
              const char *action, const struct value *changes);

/* The entries of one subject, newest first: list of {id, at, actor,
 * action, changes, erased, module}. */
int audit_read(struct value **out, struct ctx *ctx, const char *subject,
               int64_t id, int most);

/* Chains what is committed; returns the number of rows sealed. */
int audit_seal(struct ctx *ctx);

/* Verifies hashes and chain. E_INVALID with the first bad row's id. */
int audit_verify(struct ctx *ctx, int64_t *checked);

/* Removes salt, content, actor and address of all entries of a subject, and
 * adds an entry "erase" that says so; the hashes stay. */
int audit_erase(struct ctx *ctx, const char *subject, int64_t id);

/* Makes the jobs lane of this process seal, each second while there is
 * something unsealed. Called once, before its first job_run_due. */
void audit_start(void);

#endif
