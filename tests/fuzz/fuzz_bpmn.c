/*
 * fuzz_bpmn.c - processes from outside (R2, R4): whatever the bytes are, the
 * reader says yes or no; a graph that it lets through is whole, so that the
 * engine may walk it without asking again.
 */
#include "base/banned.h"

#include "flow/graph.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/value.h"

/* Ends the run with a report. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_node(const struct ctx *ctx, const struct graph *graph,
                       const struct graph_node *node)
{
    int i;

    MUST(node->id && *node->id);
    MUST(*graph_node_title(ctx, node));
    for (i = 0; i < node->incoming_count; i++)
        MUST(&graph->nodes[graph->flows[node->incoming[i]].target] == node);
    for (i = 0; i < node->outgoing_count; i++)
        MUST(&graph->nodes[graph->flows[node->outgoing[i]].source] == node);
    if (node->default_flow >= 0)
        MUST(&graph->nodes[graph->flows[node->default_flow].source] == node &&
             !graph->flows[node->default_flow].condition);
    MUST(node->kind != NODE_START || !node->incoming_count);
    MUST(node->kind != NODE_END || !node->outgoing_count);
    MUST(node->kind != NODE_USER || node->participant_count > 0);
    MUST(node->kind != NODE_SCRIPT || node->script);
    MUST(node->kind != NODE_SERVICE || node->service);
}

static void check_drawing(const struct graph *graph)
{
    int i;

    for (i = 0; i < graph->shape_count; i++)
        MUST(graph->shapes[i].node < graph->node_count &&
             (graph->shapes[i].node >= 0 || graph->shapes[i].text));
    for (i = 0; i < graph->edge_count; i++)
        MUST(graph->edges[i].flow < graph->flow_count &&
             graph->edges[i].point_count >= 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(0);
    struct graph *graph;
    struct ctx ctx;
    int rc, i;

    ctx_init(&ctx, arena);
    rc = graph_read(&graph, &ctx, "fuzz.bpmn", (const char *)data, size);
    MUST(rc <= 0);
    MUST(rc == 0 || ctx.problem_count > 0);
    if (rc == 0 && graph->executable) {
        MUST(graph->start >= 0 && graph->form);
        for (i = 0; i < graph->node_count; i++)
            check_node(&ctx, graph, &graph->nodes[i]);
        check_drawing(graph);
    }
    arena_free(arena);
    return 0;
}
