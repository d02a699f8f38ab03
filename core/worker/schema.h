/*
 * schema.h - the migrations of all rooms, in order.
 */
#ifndef WORKER_SCHEMA_H
#define WORKER_SCHEMA_H

struct ctx;

/* Applies what is missing; for `tenon init` and the first worker. */
int schema_migrate(struct ctx *ctx);

#endif
