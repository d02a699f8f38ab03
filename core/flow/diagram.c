/*
 * diagram.c - reads BPMN DI: where the modeller drew each element.
 *
 * Only for the picture. What it does not understand it leaves out: a drawing
 * never stops a process. Numbers are kept inside ±100,000.
 */
#include "base/banned.h"

#include "flow/bpmn.h"

#include <math.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/value.h"

enum { COORDINATE_MAX = 100000, POINTS_MAX = 100 };

/* A plain decimal number; the C library's own reader would follow the
 * process's locale and take hexadecimal. */
static double number(const struct xml_element *element, const char *name)
{
    const char *text = xml_attribute(element, "", name);
    struct decimal value;
    double result;

    if (!text || strlen(text) > 16 ||
        decimal_parse(&value, text, strlen(text), -1))
        return 0;
    result = (double)value.units / pow(10, value.scale);
    if (result > COORDINATE_MAX)
        return COORDINATE_MAX;
    return result < -COORDINATE_MAX ? -COORDINATE_MAX : result;
}

static const char *subject(const struct xml_element *element)
{
    const char *id = xml_attribute(element, "", "bpmnElement");
    const char *colon = id ? strrchr(id, ':') : NULL;

    return colon ? colon + 1 : id;
}

static const struct xml_element *label_bounds(const struct xml_element *element)
{
    const struct xml_element *label;

    label = xml_child(element, BPMN_DI_SPACE, "BPMNLabel");
    return label ? xml_child(label, DC_SPACE, "Bounds") : NULL;
}

/* The words of a lane, pool or note that no node has. */
static const char *words_of(struct bpmn *bpmn, const char *id)
{
    const struct xml_element *element = map_get(bpmn->ids, id);
    const struct xml_element *text;
    const char *name;

    if (!element)
        return "";
    text = xml_child(element, BPMN_SPACE, "text");
    name =
        text ? xml_text(bpmn->ctx, text) : xml_attribute(element, "", "name");
    return name ? name : "";
}

static void read_shape(struct bpmn *bpmn, const struct xml_element *element)
{
    const struct xml_element *bounds, *label = label_bounds(element);
    struct graph_shape *shape;
    const char *id = subject(element);

    bounds = xml_child(element, DC_SPACE, "Bounds");
    if (!id || !bounds)
        return;
    shape = &bpmn->graph->shapes[bpmn->graph->shape_count++];
    shape->node = graph_node_find(bpmn->graph, id);
    if (shape->node < 0)
        shape->text = words_of(bpmn, id);
    shape->x = number(bounds, "x");
    shape->y = number(bounds, "y");
    shape->width = fabs(number(bounds, "width"));
    shape->height = fabs(number(bounds, "height"));
    if (!label)
        return;
    shape->has_label = true;
    shape->label_x = number(label, "x");
    shape->label_y = number(label, "y");
    shape->label_width = fabs(number(label, "width"));
    shape->label_height = fabs(number(label, "height"));
}

static void read_edge(struct bpmn *bpmn, const struct xml_element *element)
{
    const struct xml_element *child, *label = label_bounds(element);
    const char *id = subject(element);
    struct graph_edge *edge;
    int points[2 * POINTS_MAX], count = 0;

    for (child = element->first; child && count < POINTS_MAX;
         child = child->next) {
        if (!xml_is(child, DI_SPACE, "waypoint"))
            continue;
        points[2 * count] = (int)lround(number(child, "x"));
        points[2 * count + 1] = (int)lround(number(child, "y"));
        count++;
    }
    if (!id || count < 2)
        return;
    edge = &bpmn->graph->edges[bpmn->graph->edge_count++];
    edge->flow = graph_flow_find(bpmn->graph, id);
    edge->points =
        arena_memdup(bpmn->ctx->arena, points, 2 * (size_t)count * sizeof(int));
    edge->point_count = count;
    if (!label)
        return;
    edge->has_label = true;
    edge->label_x = number(label, "x");
    edge->label_y = number(label, "y");
}

void bpmn_diagram(struct bpmn *bpmn)
{
    const struct xml_element *diagram, *plane, *child;
    struct graph *graph = bpmn->graph;
    size_t shapes = 0, edges = 0;

    diagram = xml_child(bpmn->root, BPMN_DI_SPACE, "BPMNDiagram");
    plane = diagram ? xml_child(diagram, BPMN_DI_SPACE, "BPMNPlane") : NULL;
    if (!plane)
        return;
    for (child = plane->first; child; child = child->next) {
        shapes += xml_is(child, BPMN_DI_SPACE, "BPMNShape") != 0;
        edges += xml_is(child, BPMN_DI_SPACE, "BPMNEdge") != 0;
    }
    graph->shapes =
        arena_array(bpmn->ctx->arena, shapes + 1, sizeof(*graph->shapes));
    graph->edges =
        arena_array(bpmn->ctx->arena, edges + 1, sizeof(*graph->edges));
    for (child = plane->first; child; child = child->next) {
        if (xml_is(child, BPMN_DI_SPACE, "BPMNShape"))
            read_shape(bpmn, child);
        else if (xml_is(child, BPMN_DI_SPACE, "BPMNEdge"))
            read_edge(bpmn, child);
    }
}
