/*
 * internal.h - what the files of worker/ share.
 */
#ifndef WORKER_INTERNAL_H
#define WORKER_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/ready.h"
#include "worker/loop.h"
#include "worker/worker.h"

struct arena;
struct ctx;
struct give;

/* One worker, in all lanes. */
struct process {
    struct ctx *ctx; /* of the process: site, store, zone */
    const struct worker_options *options;
    struct arena *arena; /* of the request or job in work */
    bool first;          /* pages-1: migrates and publishes definitions */
};

/* load.c: catalogs, schema, rooms, definitions, theme, modules; then the
 * tables for the front, in the process's arena. */
int process_load(struct process *process);
void process_tables(struct process *process, struct ready_part *ready);
/* The first problem's words for FRAME_FAILED; "" never. */
const char *process_reason(const struct process *process);

/* pages.c: one HTTP request through web_handle. */
void pages_handle(void *self, const struct call *call, struct give *give);
void pages_done(void *self);

/* jobs.c: runs what is due. Returns the ms to wait. */
int jobs_idle(void *self);

/* keeper.c: the keeper's life. */
int keeper_life(struct process *process);

/* confine.c: takes from this process what its lane does not need (S46).
 * Best effort: what the kernel has not is left out, and logged. */
void confine(const struct process *process);

#endif
