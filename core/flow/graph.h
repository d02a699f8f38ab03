/*
 * graph.h - a process as the engine walks it: nodes, flows, participants.
 *
 * Made from the bytes of a definition by graph_read (bpmn.c reads, check.c
 * judges), immutable, cached by definition id (definition.h). Element names
 * that people see keep their translations.
 */
#ifndef FLOW_GRAPH_H
#define FLOW_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;
struct value;

#define BPMN_SPACE "http://www.omg.org/spec/BPMN/20100524/MODEL"
#define BPMN_DI_SPACE "http://www.omg.org/spec/BPMN/20100524/DI"
#define DC_SPACE "http://www.omg.org/spec/DD/20100524/DC"
#define DI_SPACE "http://www.omg.org/spec/DD/20100524/DI"
#define XSI_SPACE "http://www.w3.org/2001/XMLSchema-instance"
/* Ours: docs/customizer/flows.md. */
#define TENON_SPACE "urn:tenon:flow:1"

enum {
    GRAPH_NODES_MAX = 1000,
    GRAPH_FLOWS_MAX = 3000,
    GRAPH_ID_MAX = 100,       /* bytes of an element's id */
    GRAPH_PEOPLE_MAX = 20,    /* participants or copies at one element */
    GRAPH_PARAMETERS_MAX = 50 /* of a service task */
};

enum node_kind {
    NODE_START,
    NODE_END,
    NODE_USER,
    NODE_SERVICE,
    NODE_SCRIPT,
    NODE_MANUAL,
    NODE_EXCLUSIVE,
    NODE_PARALLEL
};

enum participant_kind {
    PARTICIPANT_USER,    /* name: login */
    PARTICIPANT_ROLE,    /* name: key of the role */
    PARTICIPANT_HEAD,    /* of the initiator's department */
    PARTICIPANT_MANAGER, /* the initiator's superior */
    PARTICIPANT_FIELD,   /* name: a user field of the form */
    PARTICIPANT_RULE     /* name: of a module's rule */
};

/* A parameter of a service or rule: a text, or a Lua expression. */
struct parameter {
    const char *name, *text, *expression;
};

struct participant {
    enum participant_kind kind;
    const char *name; /* NULL where the kind needs none */
    int line;
    struct parameter *parameters; /* of a rule */
    int parameter_count;
};

struct graph_node {
    const char *id;
    const char *element;       /* "userTask" */
    const struct value *title; /* for locale_pick; "" where unnamed */
    enum node_kind kind;
    int line;
    int *incoming, *outgoing; /* indexes of flows, in document order */
    int incoming_count, outgoing_count;
    int default_flow; /* -1: none */

    struct participant *participants, *copies;
    int participant_count, copy_count;
    bool reject_continues; /* on-reject="continue" */
    bool async;
    const char *service, *script, *result;
    struct parameter *parameters;
    int parameter_count;
};

struct graph_flow {
    const char *id;
    const struct value *title;
    const char *condition; /* Lua; NULL: none */
    int source, target, line;
};

/* What the diagram says about one element. */
struct graph_shape {
    int node;         /* index; -1: a lane, a pool, a note */
    const char *text; /* of those */
    double x, y, width, height;
    bool has_label;
    double label_x, label_y, label_width, label_height;
};

struct graph_edge {
    int flow;    /* index; -1: an association */
    int *points; /* x, y pairs, rounded */
    int point_count;
    bool has_label;
    double label_x, label_y;
};

struct graph {
    const char *key, *form;
    const struct value *title;
    bool executable;
    struct graph_node *nodes;
    struct graph_flow *flows;
    int node_count, flow_count, start;
    struct participant *copies; /* at the end of the instance */
    int copy_count;
    struct graph_shape *shapes;
    struct graph_edge *edges;
    int shape_count, edge_count;
    struct value *warnings; /* list of {key, text, line, element} */
};

/*
 * Reads and checks a process.
 *
 * out     receives the graph, in the context's arena.
 * name    of the file, for messages.
 *
 * Returns 0; E_INVALID with one problem for each thing that is wrong (at the
 * field "NAME:LINE", naming element, id and name), E_LIMIT.
 */
int graph_read(struct graph **out, struct ctx *ctx, const char *name,
               const char *xml, size_t length);

/* The Lua in it: every condition, script and parameter compiles, or E_INVALID
 * with one problem each. Only asked at deployment. */
int graph_check_scripts(struct ctx *ctx, const char *name,
                        const struct graph *graph);

/* The Lua text that a script task runs: its own as the body of a function
 * run(record, variables, result), on the same lines. */
const char *flow_script_source(struct ctx *ctx, const char *script);

/* Index of a node or flow by id; -1: none. */
int graph_node_find(const struct graph *graph, const char *id);
int graph_flow_find(const struct graph *graph, const char *id);

/* "approve this": the name that people see; never NULL or empty. */
const char *graph_node_title(const struct ctx *ctx,
                             const struct graph_node *node);

#endif
