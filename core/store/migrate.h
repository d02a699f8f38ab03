/*
 * migrate.h - numbered migrations: one transaction each, recorded with a
 * hash; a changed old one is an error (store.md).
 */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include <stddef.h>

struct ctx;

/* A row of LAYER_migrations, made by the build from core/LAYER/migrations;
 * the array ends with component NULL. */
struct migration {
    const char *component; /* "org", or a module's id */
    int number;
    const char *name;
    const char *sql; /* statements separated by ';' */
    /* NNNN_name.postgresql.sql, where SQLite's words won't do; else NULL. */
    const char *postgresql;
};

/* Applies what is missing, in order. Names the file in an error. */
int migrate(struct ctx *ctx, const struct migration *migrations);

/* The same for a module: its statements may touch only tables whose names
 * begin with `prefix`. */
int migrate_module(struct ctx *ctx, const struct migration *migrations,
                   const char *prefix);
/* Nothing is applied: *what names the first migration that is missing, that
 * was changed, or that this program does not know; NULL where all is as it
 * should be. */
int migrate_differs(const char **what, struct ctx *ctx,
                    const struct migration *migrations);

/* *what names a migration that was applied and that this program does not know
 * (a newer one did it), or is NULL. */
int migrate_newer(const char **what, struct ctx *ctx,
                  const struct migration *migrations);

#endif
