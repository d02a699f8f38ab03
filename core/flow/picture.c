/*
 * picture.c - the process as SVG, drawn from BPMN DI: what is behind, where
 * it stands, what may come.
 *
 * Classes only, no style (CSP): the theme gives colours for light and dark.
 * All text goes through the HTML escape. A process without a drawing has no
 * picture.
 */
#include "base/banned.h"

#include "flow/flow.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/unicode.h"
#include "base/value.h"
#include "flow/engine.h"
#include "store/db.h"

enum {
    PICTURE_MAX = 1024 * 1024,
    MARGIN = 20,
    FONT = 12, /* matches the theme's .tn-flow text */
    LINE = 15,
    LINES_MAX = 4
};

struct picture {
    struct ctx *ctx;
    const struct graph *graph;
    struct buf out;
    bool *passed, *current, *taken; /* nodes, nodes, flows */
    double left, top, right, bottom;
};

/* ---- what is behind ---- */

static void mark_flows(struct picture *picture, const char *data)
{
    struct value *list;
    size_t i;

    if (!data || json_parse(&list, picture->ctx, data, strlen(data)))
        return;
    for (i = 0; i < value_count(list); i++) {
        int flow =
            graph_flow_find(picture->graph, value_as_text(value_at(list, i)));

        if (flow < 0)
            continue;
        picture->taken[flow] = true;
        picture->passed[picture->graph->flows[flow].source] = true;
        picture->passed[picture->graph->flows[flow].target] = true;
    }
}

static int mark(struct picture *picture, struct instance *instance)
{
    QUERY_AUTO *query = NULL;
    struct step step;
    size_t i;
    int rc;

    rc = db_query(&query, picture->ctx,
                  "SELECT data FROM flow_event WHERE instance = ?1"
                  " AND round = ?2 AND data IS NOT NULL ORDER BY seq",
                  "ii", instance->id, (int64_t)instance->round);
    while (!rc && (rc = query_next(query)) == 1) {
        mark_flows(picture, query_copy(query, 0));
        rc = 0;
    }
    query_done(query);
    query = NULL;
    if (!rc)
        rc = step_open(&step, picture->ctx, instance);
    if (rc)
        return rc;
    for (i = 0; i < step.token_count; i++) {
        picture->current[step.tokens[i].node] = true;
        picture->passed[step.tokens[i].node] = false;
    }
    return 0;
}

/* ---- the frame ---- */

static void grow(struct picture *picture, double x, double y)
{
    if (x < picture->left)
        picture->left = x;
    if (y < picture->top)
        picture->top = y;
    if (x > picture->right)
        picture->right = x;
    if (y > picture->bottom)
        picture->bottom = y;
}

static void measure(struct picture *picture)
{
    const struct graph *graph = picture->graph;
    int i, k;

    picture->left = picture->top = 1e9;
    picture->right = picture->bottom = -1e9;
    for (i = 0; i < graph->shape_count; i++) {
        const struct graph_shape *shape = &graph->shapes[i];

        grow(picture, shape->x, shape->y);
        grow(picture, shape->x + shape->width, shape->y + shape->height);
        if (shape->node >= 0 && shape->height < 60)
            grow(picture, shape->x, shape->y + shape->height + 2 * LINE);
        if (shape->has_label)
            grow(picture, shape->label_x + shape->label_width,
                 shape->label_y + shape->label_height);
    }
    for (i = 0; i < graph->edge_count; i++)
        for (k = 0; k < graph->edges[i].point_count; k++)
            grow(picture, graph->edges[i].points[2 * k],
                 graph->edges[i].points[2 * k + 1]);
}

static void add_text(struct picture *picture, const char *text)
{
    buf_add_html(&picture->out, text, strlen(text));
}

/* Names of the marked nodes that people know, one after another. */
static const char *names(struct picture *picture, const bool *marked)
{
    const char *comma = tr(picture->ctx, "flow.picture.comma");
    struct buf list;
    int i;

    buf_init(&list, picture->ctx->arena, 4000);
    for (i = 0; i < picture->graph->node_count; i++) {
        const struct graph_node *node = &picture->graph->nodes[i];

        if (!marked[i] || (node->kind != NODE_USER && node->kind != NODE_START))
            continue;
        if (list.length)
            buf_add_text(&list, comma);
        buf_add_text(&list, graph_node_title(picture->ctx, node));
    }
    return list.length ? buf_text(&list)
                       : tr(picture->ctx, "flow.picture.none");
}

static void open_svg(struct picture *picture)
{
    struct buf *out = &picture->out;
    double width = picture->right - picture->left + 2 * MARGIN;
    double height = picture->bottom - picture->top + 2 * MARGIN;
    struct value *args = value_map(picture->ctx->arena);

    value_set_text(args, "current", names(picture, picture->current));
    value_set_text(args, "passed", names(picture, picture->passed));
    buf_addf(out,
             "<svg class=\"tn-flow\" xmlns=\"http://www.w3.org/2000/svg\""
             " role=\"img\" aria-labelledby=\"flow-title flow-desc\""
             " viewBox=\"%d %d %d %d\" width=\"%d\" height=\"%d\">"
             "<title id=\"flow-title\">",
             (int)picture->left - MARGIN, (int)picture->top - MARGIN,
             (int)width, (int)height, (int)width, (int)height);
    add_text(picture, locale_pick(picture->ctx, picture->graph->title));
    buf_add_text(out, "</title><desc id=\"flow-desc\">");
    add_text(picture, tr_with(picture->ctx, "flow.picture.description", args));
    buf_add_text(
        out, "</desc><defs><marker id=\"flow-arrow\" class=\"tn-flow-arrow\""
             " viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"10\""
             " markerHeight=\"10\" markerUnits=\"userSpaceOnUse\""
             " orient=\"auto-start-reverse\">"
             "<path d=\"M0 0L10 5L0 10z\"/></marker></defs>");
}

/* ---- text in boxes ---- */

/* Half an em for Latin, a whole one for the rest: close enough to wrap. */
static double width_of(int code)
{
    return code < 0x2e80 ? 0.56 * FONT : FONT;
}

/* How many bytes of `text` fit into `width`; breaks at a space, or between
 * Chinese characters. */
static size_t fit(const char *text, double width)
{
    size_t at = 0, last = 0;
    double used = 0;

    while (text[at]) {
        size_t size = 1;
        int code = utf8_next(text + at, strlen(text + at), &size);

        if (code < 0)
            code = ' ';
        used += width_of(code);
        if (used > width && at)
            return last ? last : at;
        at += size;
        if (code == ' ' || code >= 0x2e80)
            last = at;
    }
    return at;
}

/* Lines of `text`, centred at x, the middle of them at y (or the first at y
 * where `down`). */
static void draw_label(struct picture *picture, const char *text, double x,
                       double y, double width, bool down)
{
    const char *lines[LINES_MAX], *rest = text;
    size_t lengths[LINES_MAX];
    int count = 0, i;

    while (*rest && count < LINES_MAX) {
        lines[count] = rest;
        lengths[count] = fit(rest, width);
        rest += lengths[count++];
    }
    if (!count)
        return;
    if (!down)
        y -= (count - 1) * LINE / 2.0;
    buf_add_text(&picture->out, "<text>");
    for (i = 0; i < count; i++) {
        buf_addf(&picture->out, "<tspan x=\"%d\" y=\"%d\">", (int)x,
                 (int)(y + i * LINE + FONT / 3.0));
        buf_add_html(&picture->out, lines[i], lengths[i]);
        if (i == count - 1 && *rest)
            buf_add_text(&picture->out, "…");
        buf_add_text(&picture->out, "</tspan>");
    }
    buf_add_text(&picture->out, "</text>");
}

/* ---- shapes ---- */

static void draw_task(struct picture *picture, const struct graph_shape *shape,
                      const struct graph_node *node)
{
    buf_addf(&picture->out,
             "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"10\"/>",
             (int)shape->x, (int)shape->y, (int)shape->width,
             (int)shape->height);
    if (node->kind == NODE_USER) /* a head and shoulders, top left */
        buf_addf(&picture->out,
                 "<path class=\"tn-flow-sign\" transform=\"translate(%d %d)\""
                 " d=\"M6 0a3 3 0 1 1 0 6a3 3 0 1 1 0 -6M0 13a6 6 0 0 1 12"
                 " 0z\"/>",
                 (int)shape->x + 7, (int)shape->y + 7);
    else if (node->kind == NODE_SERVICE) /* a wheel */
        buf_addf(&picture->out,
                 "<circle class=\"tn-flow-sign tn-flow-wheel\" cx=\"%d\""
                 " cy=\"%d\" r=\"5\"/>",
                 (int)shape->x + 13, (int)shape->y + 13);
    else if (node->kind == NODE_SCRIPT) /* lines of writing */
        buf_addf(&picture->out,
                 "<path class=\"tn-flow-sign\" transform=\"translate(%d %d)\""
                 " d=\"M0 0h11v1.5h-11zM0 4h8v1.5h-8zM0 8h11v1.5h-11z\"/>",
                 (int)shape->x + 8, (int)shape->y + 8);
    draw_label(picture, graph_node_title(picture->ctx, node),
               shape->x + shape->width / 2, shape->y + shape->height / 2,
               shape->width - 24, false);
}

static void draw_round(struct picture *picture, const struct graph_shape *shape,
                       const struct graph_node *node)
{
    double radius = shape->width / 2;

    if (node->kind == NODE_EXCLUSIVE || node->kind == NODE_PARALLEL) {
        double x = shape->x + radius, y = shape->y + shape->height / 2;
        int size = (int)(radius * (node->kind == NODE_PARALLEL ? 0.5 : 0.35));

        buf_addf(&picture->out,
                 "<path d=\"M%d %dL%d %dL%d %dL%d %dz\"/>"
                 "<path class=\"tn-flow-mark\" d=\"",
                 (int)x, (int)shape->y, (int)(shape->x + shape->width), (int)y,
                 (int)x, (int)(shape->y + shape->height), (int)shape->x,
                 (int)y);
        if (node->kind == NODE_PARALLEL)
            buf_addf(&picture->out, "M%d %dv%dM%d %dh%d\"/>", (int)x,
                     (int)y - size, 2 * size, (int)x - size, (int)y, 2 * size);
        else
            buf_addf(&picture->out, "M%d %dl%d %dM%d %dl%d %d\"/>",
                     (int)x - size, (int)y - size, 2 * size, 2 * size,
                     (int)x - size, (int)y + size, 2 * size, -2 * size);
    } else {
        buf_addf(&picture->out, "<circle cx=\"%d\" cy=\"%d\" r=\"%d\"/>",
                 (int)(shape->x + radius), (int)(shape->y + shape->height / 2),
                 (int)radius);
    }
    if (!*locale_pick(picture->ctx, node->title))
        return;
    if (shape->has_label && shape->label_width > 0)
        draw_label(picture, graph_node_title(picture->ctx, node),
                   shape->label_x + shape->label_width / 2,
                   shape->label_y + LINE / 2.0, 120, true);
    else
        draw_label(picture, graph_node_title(picture->ctx, node),
                   shape->x + radius, shape->y + shape->height + LINE, 120,
                   true);
}

static void draw_node(struct picture *picture, const struct graph_shape *shape)
{
    const struct graph_node *node = &picture->graph->nodes[shape->node];
    bool task = node->kind == NODE_USER || node->kind == NODE_SERVICE ||
                node->kind == NODE_SCRIPT || node->kind == NODE_MANUAL;

    /* html: words of our own */
    buf_addf(&picture->out, "<g class=\"tn-flow-node tn-flow-%s%s%s\">",
             node->kind == NODE_START ? "start"
             : node->kind == NODE_END ? "end"
             : task                   ? "task"
                                      : "gateway",
             picture->passed[shape->node] ? " tn-passed" : "",
             picture->current[shape->node] ? " tn-current" : "");
    if (task)
        draw_task(picture, shape, node);
    else
        draw_round(picture, shape, node);
    buf_add_text(&picture->out, "</g>");
}

static void draw_edge(struct picture *picture, const struct graph_edge *edge)
{
    bool taken = edge->flow >= 0 && picture->taken[edge->flow];
    int i;

    /* html: words of our own */
    buf_addf(&picture->out, "<path class=\"tn-flow-edge%s%s\" d=\"M",
             taken ? " tn-passed" : "",
             edge->flow < 0 ? " tn-flow-association" : "");
    for (i = 0; i < edge->point_count; i++)
        buf_addf(&picture->out, "%s%d %d", i ? "L" : "", edge->points[2 * i],
                 edge->points[2 * i + 1]);
    buf_add_text(&picture->out, edge->flow < 0
                                    ? "\"/>"
                                    : "\" marker-end=\"url(#flow-arrow)\"/>");
}

static void draw_edge_label(struct picture *picture,
                            const struct graph_edge *edge)
{
    const char *text;
    double x, y;
    int middle = edge->point_count / 2;

    if (edge->flow < 0)
        return;
    text = locale_pick(picture->ctx, picture->graph->flows[edge->flow].title);
    if (!*text)
        return;
    x = (edge->points[2 * middle] + edge->points[2 * middle - 2]) / 2.0;
    y = (edge->points[2 * middle + 1] + edge->points[2 * middle - 1]) / 2.0;
    if (edge->has_label) {
        x = edge->label_x + 20;
        y = edge->label_y + LINE / 2.0;
    } else {
        y -= LINE / 2.0;
    }
    buf_add_text(&picture->out, "<g class=\"tn-flow-label\">");
    draw_label(picture, text, x, y, 160, false);
    buf_add_text(&picture->out, "</g>");
}

/* Pools, lanes, notes: behind everything. */
static void draw_frame(struct picture *picture, const struct graph_shape *shape)
{
    buf_addf(&picture->out,
             "<g class=\"tn-flow-lane\"><rect x=\"%d\" y=\"%d\" width=\"%d\""
             " height=\"%d\"/>",
             (int)shape->x, (int)shape->y, (int)shape->width,
             (int)shape->height);
    draw_label(picture, shape->text, shape->x + shape->width / 2,
               shape->y + LINE, shape->width - 14, true);
    buf_add_text(&picture->out, "</g>");
}

static void draw(struct picture *picture)
{
    const struct graph *graph = picture->graph;
    int i;

    measure(picture);
    open_svg(picture);
    for (i = 0; i < graph->shape_count; i++)
        if (graph->shapes[i].node < 0)
            draw_frame(picture, &graph->shapes[i]);
    for (i = 0; i < graph->edge_count; i++)
        draw_edge(picture, &graph->edges[i]);
    for (i = 0; i < graph->shape_count; i++)
        if (graph->shapes[i].node >= 0)
            draw_node(picture, &graph->shapes[i]);
    for (i = 0; i < graph->edge_count; i++)
        draw_edge_label(picture, &graph->edges[i]);
    buf_add_text(&picture->out, "</svg>");
}

int flow_picture(struct value **out, struct ctx *ctx, int64_t record)
{
    struct picture picture = { .ctx = ctx };
    struct instance *instance;
    size_t nodes, flows;
    int rc = instance_of_record(&instance, ctx, record);

    *out = value_null(ctx->arena);
    if (rc)
        return rc == E_NOT_FOUND ? 0 : rc;
    picture.graph = instance->graph;
    if (!picture.graph->shape_count)
        return 0;
    nodes = (size_t)picture.graph->node_count + 1;
    flows = (size_t)picture.graph->flow_count + 1;
    picture.passed = arena_array(ctx->arena, nodes, sizeof(bool));
    picture.current = arena_array(ctx->arena, nodes, sizeof(bool));
    picture.taken = arena_array(ctx->arena, flows, sizeof(bool));
    buf_init(&picture.out, ctx->arena, PICTURE_MAX);
    rc = mark(&picture, instance);
    if (rc)
        return rc;
    draw(&picture);
    if (picture.out.failed)
        return fail(ctx, E_LIMIT, "flow.picture.large",
                    "the picture of this process is too large");
    *out = value_html(ctx->arena, buf_text(&picture.out));
    return 0;
}
