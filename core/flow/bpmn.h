/*
 * bpmn.h - between the files that read a process: bpmn.c walks the elements,
 * extension.c our own namespace, diagram.c the drawing, check.c the whole.
 */
#ifndef FLOW_BPMN_H
#define FLOW_BPMN_H

#include "base/map.h"
#include "flow/graph.h"
#include "flow/xml.h"

struct bpmn {
    struct ctx *ctx;
    const char *name; /* of the file */
    struct graph *graph;
    const struct xml_element *root, *process;
    struct map *ids;               /* id → struct xml_element * */
    const struct xml_element **at; /* of each node, for messages */
    const struct xml_element **flow_at;
    int refused; /* problems so far */
};

/*
 * Records that `element` is refused: E_INVALID at "NAME:LINE". `key` is the
 * catalog's, `reason` the English of it, `detail` what it is about ("" where
 * there is nothing to name). The catalog's text sees {1} line, {2} element,
 * {3} name, {4} id, {6} detail.
 */
void bpmn_refuse(struct bpmn *bpmn, const struct xml_element *element,
                 const char *key, const char *reason, const char *detail);
/* Something that works but will hardly be meant. */
void bpmn_warn(struct bpmn *bpmn, const struct xml_element *element,
               const char *key, const char *text);

/* The name of an element with its translations, for locale_pick. */
struct value *bpmn_title(struct bpmn *bpmn, const struct xml_element *element);

/* Reads our attributes and elements of a node, or of the process (node
 * NULL), and refuses those of our namespace that mean nothing there. */
void bpmn_extension(struct bpmn *bpmn, const struct xml_element *element,
                    struct graph_node *node);
/* Refuses elements and attributes of our namespace where none belong. */
void bpmn_no_extension(struct bpmn *bpmn, const struct xml_element *element);

/* Shapes, edges and labels of the first plane. */
void bpmn_diagram(struct bpmn *bpmn);

/* The rules of R3, T3, G1, G2 over the whole graph. */
void bpmn_check(struct bpmn *bpmn);

#endif
