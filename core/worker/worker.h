/*
 * worker.h - a worker process: what may fail. Opens the store after exec,
 * loads catalogs, registries and modules, then answers one request or runs
 * one job at a time.
 *
 * Called by `tenon worker`, which only the front starts.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ready.h"

struct ctx;
struct worker_program;

struct worker_options {
    const char *lane; /* "pages", "local", "net", "jobs", "keeper" */
    const char *name; /* "pages-2", for the log */
    int generation;
};

/* What a worker loads that needs no store: catalogs, theme, and what each room
 * registers. For the test kit, which has no front; ctx->site is set. */
int worker_rooms_open(struct ctx *ctx);

/* The whole life of the process; returns its exit code. ctx->site is set. */
int worker_run(struct ctx *ctx, const struct worker_options *options);

#endif
