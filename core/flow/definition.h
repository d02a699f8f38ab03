/*
 * definition.h - deployed processes: their rows, and the cache of graphs.
 *
 * Called by the files of flow/ only; others see flow.h.
 */
#ifndef FLOW_DEFINITION_H
#define FLOW_DEFINITION_H

#include <stdint.h>

struct ctx;
struct flow_definition;
struct graph;

/*
 * The graph of a definition, from the process's cache (32 MiB of XML at
 * most) or compiled now. It is immutable and stays valid until ctx->arena
 * goes: a graph in use is not thrown out.
 */
int graph_load(const struct graph **out, struct ctx *ctx, int64_t definition);

/* Newest version's id; E_UNAVAILABLE where nothing of that key is deployed,
 * E_INVALID where it is for drawing only. */
int definition_newest(int64_t *out, struct ctx *ctx, const char *key);

/* Lets all cached graphs go; for tests that open several databases. Nobody
 * may hold one. */
void graph_forget_all(void);

#endif
