/*
 * schema.h - the migrations of all rooms, in order.
 */
#ifndef WORKER_SCHEMA_H
#define WORKER_SCHEMA_H

struct ctx;

/* Applies what is missing; for `tenon init` and the first worker. */
int schema_migrate(struct ctx *ctx);
/* Tells backups of sites on PostgreSQL how their tables are made. */
void schema_start(void);
/* Applies nothing: *what names the first migration in which the site and this
 * program differ, or is NULL (store/migrate.h). */
int schema_differs(const char **what, struct ctx *ctx);
/* *what names a migration that the site has and this program does not know: it
 * was served by a newer one; NULL. */
int schema_newer(const char **what, struct ctx *ctx);

/* What each room knows that may be wrong with a site, ground first; ended by
 * NULL (store/health.h). */
struct health_room;
extern const struct health_room *const schema_health[];

#endif
