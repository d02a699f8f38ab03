/*
 * bpmn.c - reads a process out of BPMN 2.0 XML.
 *
 * Whatever this reader does not carry out is refused by name, id and line,
 * never passed over (R2): each element that may stand somewhere is a row of
 * a table, and what has no row is an error. Elements of strange namespaces
 * are left alone; they stay in the stored bytes (R1).
 */
#include "base/banned.h"

#include "flow/bpmn.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/value.h"

static const struct node_rule {
    const char *element;
    enum node_kind kind;
} node_rules[] = {
    { "startEvent", NODE_START },
    { "endEvent", NODE_END },
    { "userTask", NODE_USER },
    { "serviceTask", NODE_SERVICE },
    { "scriptTask", NODE_SCRIPT },
    { "manualTask", NODE_MANUAL },
    { "exclusiveGateway", NODE_EXCLUSIVE },
    { "parallelGateway", NODE_PARALLEL },
};

/* What may stand where besides nodes and flows. `drawn` elements are there
 * for the reader of the picture and have no meaning to carry out. */
static const struct place_rule {
    const char *parent, *element;
} place_rules[] = {
    { "definitions", "documentation" },
    { "definitions", "extensionElements" },
    { "definitions", "process" },
    { "definitions", "collaboration" },
    { "definitions", "category" },
    { "definitions", "itemDefinition" },
    { "definitions", "dataStore" },
    { "definitions", "message" },
    { "definitions", "signal" },
    { "definitions", "error" },
    { "definitions", "escalation" },
    { "process", "documentation" },
    { "process", "extensionElements" },
    { "process", "laneSet" },
    { "process", "textAnnotation" },
    { "process", "association" },
    { "process", "group" },
    { "process", "dataObject" },
    { "process", "dataObjectReference" },
    { "process", "dataStoreReference" },
    { "collaboration", "documentation" },
    { "collaboration", "extensionElements" },
    { "collaboration", "participant" },
    { "collaboration", "textAnnotation" },
    { "collaboration", "association" },
    { "collaboration", "group" },
    { "node", "documentation" },
    { "node", "extensionElements" },
    { "node", "incoming" },
    { "node", "outgoing" },
    { "sequenceFlow", "documentation" },
    { "sequenceFlow", "extensionElements" },
    { "sequenceFlow", "conditionExpression" },
};

static bool may_stand(const char *parent, const char *element)
{
    size_t i;

    for (i = 0; i < sizeof(place_rules) / sizeof(place_rules[0]); i++)
        if (text_equal(place_rules[i].parent, parent) &&
            text_equal(place_rules[i].element, element))
            return true;
    return false;
}

static const struct node_rule *node_rule(const struct xml_element *element)
{
    size_t i;

    if (!text_equal(element->space, BPMN_SPACE))
        return NULL;
    for (i = 0; i < sizeof(node_rules) / sizeof(node_rules[0]); i++)
        if (text_equal(node_rules[i].element, element->name))
            return &node_rules[i];
    return NULL;
}

void bpmn_refuse(struct bpmn *bpmn, const struct xml_element *element,
                 const char *key, const char *reason, const char *detail)
{
    const char *id = xml_attribute(element, "", "id");
    const char *title = xml_attribute(element, "", "name");

    bpmn->refused++;
    (void)fail_at(
        bpmn->ctx, E_INVALID,
        arena_printf(bpmn->ctx->arena, "%s:%d", bpmn->name, element->line), key,
        "line %d, %s \"%s\" (%s): %s%s", element->line, element->name,
        title ? title : "", id ? id : "-", reason, detail);
}

void bpmn_warn(struct bpmn *bpmn, const struct xml_element *element,
               const char *key, const char *text)
{
    struct value *warning = value_map(bpmn->ctx->arena);
    const char *id = xml_attribute(element, "", "id");

    value_set_text(warning, "key", key);
    value_set_text(warning, "text", text);
    value_set_int(warning, "line", element->line);
    value_set_text(warning, "element", id ? id : element->name);
    value_append(bpmn->graph->warnings, warning);
}

struct value *bpmn_title(struct bpmn *bpmn, const struct xml_element *element)
{
    struct arena *arena = bpmn->ctx->arena;
    const char *name = xml_attribute(element, "", "name");
    const struct xml_element *list, *item;
    struct value *title = NULL;

    list = xml_child(element, BPMN_SPACE, "extensionElements");
    for (item = list ? list->first : NULL; item; item = item->next) {
        const char *lang = xml_attribute(item, "", "locale");

        if (!xml_is(item, TENON_SPACE, "name"))
            continue;
        if (!lang || !locale_known(lang)) {
            bpmn_refuse(bpmn, item, "flow.bpmn.locale",
                        "the attribute locale is en, zh-CN or zh-TW", "");
            continue;
        }
        if (!title) {
            title = value_map(arena);
            if (name)
                value_set_text(title, "en", name);
        }
        value_set_text(title, lang, xml_text(bpmn->ctx, item));
    }
    return title ? title : value_text(arena, name ? name : "");
}

/* ---- ids: each once, in the model and the diagram ---- */

static void collect_ids(struct bpmn *bpmn, const struct xml_element *element)
{
    const struct xml_element *child;
    const char *id = xml_attribute(element, "", "id");

    if (id && (text_equal(element->space, BPMN_SPACE) ||
               text_equal(element->space, BPMN_DI_SPACE))) {
        if (!*id || strlen(id) > GRAPH_ID_MAX)
            bpmn_refuse(bpmn, element, "flow.bpmn.id",
                        "an id has 1 to 100 bytes", "");
        else if (map_get(bpmn->ids, id))
            bpmn_refuse(bpmn, element, "flow.bpmn.duplicate",
                        "this id is used twice", "");
        else
            map_set(bpmn->ids, id, (void *)element);
    }
    for (child = element->first; child; child = child->next)
        collect_ids(bpmn, child);
}

/* ---- nodes and flows ---- */

static void check_children(struct bpmn *bpmn, const struct xml_element *element,
                           const char *place)
{
    const struct xml_element *child;

    for (child = element->first; child; child = child->next) {
        if (!text_equal(child->space, BPMN_SPACE) ||
            may_stand(place, child->name))
            continue;
        if (text_equal(place, "node") && text_equal(child->name, "script") &&
            text_equal(element->name, "scriptTask"))
            continue;
        bpmn_refuse(bpmn, child, "flow.bpmn.unsupported",
                    "this is not supported inside of ", element->name);
    }
}

/* A6, and the attributes that would change what an element does. */
static void check_attributes(struct bpmn *bpmn,
                             const struct xml_element *element)
{
    static const struct {
        const char *name, *only;
    } rules[] = {
        { "startQuantity", "1" },         { "completionQuantity", "1" },
        { "isForCompensation", "false" }, { "operationRef", NULL },
        { "isInterrupting", "true" },     { "parallelMultiple", "false" },
    };
    size_t i;

    for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        const char *value = xml_attribute(element, "", rules[i].name);

        if (value && (!rules[i].only || !text_equal(value, rules[i].only)))
            bpmn_refuse(bpmn, element, "flow.bpmn.attribute",
                        "this attribute is not supported: ", rules[i].name);
    }
}

static void read_script(struct bpmn *bpmn, const struct xml_element *element,
                        struct graph_node *node)
{
    const struct xml_element *script = xml_child(element, BPMN_SPACE, "script");
    const char *format = xml_attribute(element, "", "scriptFormat");

    if (format && !text_equal(format, "lua") &&
        !text_equal(format, "text/x-lua") &&
        !text_equal(format, "application/x-lua"))
        bpmn_refuse(bpmn, element, "flow.bpmn.language",
                    "scripts and conditions are written in Lua, not in ",
                    format);
    if (!script || !*xml_text(bpmn->ctx, script)) {
        bpmn_refuse(bpmn, element, "flow.bpmn.script",
                    "a script task needs a script", "");
        return;
    }
    node->script = buf_text(&script->text);
}

static void read_node(struct bpmn *bpmn, const struct xml_element *element,
                      const struct node_rule *rule)
{
    struct graph *graph = bpmn->graph;
    struct graph_node *node;
    const char *id = xml_attribute(element, "", "id");

    if (!id) {
        bpmn_refuse(bpmn, element, "flow.bpmn.id", "an id is missing", "");
        return;
    }
    bpmn->at[graph->node_count] = element;
    node = &graph->nodes[graph->node_count++];
    node->id = arena_strdup(bpmn->ctx->arena, id);
    node->element = rule->element;
    node->kind = rule->kind;
    node->line = element->line;
    node->title = bpmn_title(bpmn, element);
    node->default_flow = -1;
    check_children(bpmn, element, "node");
    check_attributes(bpmn, element);
    bpmn_extension(bpmn, element, node);
    if (node->kind == NODE_SCRIPT)
        read_script(bpmn, element, node);
    else if (node->kind == NODE_USER && !node->participant_count)
        bpmn_refuse(bpmn, element, "flow.bpmn.participant_missing",
                    "a user task says who does it (tenon:participant)", "");
    else if (node->kind == NODE_SERVICE && !node->service)
        bpmn_refuse(bpmn, element, "flow.bpmn.service_missing",
                    "a service task names its service (tenon:service)", "");
}

static void read_condition(struct bpmn *bpmn, const struct xml_element *element,
                           struct graph_flow *flow)
{
    const struct xml_element *condition;
    const char *language, *type;

    condition = xml_child(element, BPMN_SPACE, "conditionExpression");
    if (!condition)
        return;
    language = xml_attribute(condition, "", "language");
    if (language && !text_equal(language, "lua") &&
        !text_equal(language, "text/x-lua"))
        bpmn_refuse(bpmn, element, "flow.bpmn.language",
                    "scripts and conditions are written in Lua, not in ",
                    language);
    type = xml_attribute(condition, XSI_SPACE, "type");
    if (type && !text_ends(type, "tFormalExpression") &&
        !text_ends(type, "tExpression"))
        bpmn_refuse(bpmn, element, "flow.bpmn.unsupported",
                    "this kind of expression is not supported: ", type);
    flow->condition = xml_text(bpmn->ctx, condition);
    if (!*flow->condition)
        bpmn_refuse(bpmn, element, "flow.bpmn.condition_empty",
                    "the condition is empty", "");
}

static void read_flow(struct bpmn *bpmn, const struct xml_element *element)
{
    struct graph *graph = bpmn->graph;
    struct graph_flow *flow;
    const char *id = xml_attribute(element, "", "id");
    const char *from = xml_attribute(element, "", "sourceRef");
    const char *to = xml_attribute(element, "", "targetRef");
    int source = from ? graph_node_find(graph, from) : -1;
    int target = to ? graph_node_find(graph, to) : -1;

    check_children(bpmn, element, "sequenceFlow");
    bpmn_no_extension(bpmn, element);
    if (!id)
        bpmn_refuse(bpmn, element, "flow.bpmn.id", "an id is missing", "");
    if (source < 0)
        bpmn_refuse(bpmn, element, "flow.bpmn.dangling",
                    "this refers to nothing: sourceRef ", from ? from : "-");
    if (target < 0)
        bpmn_refuse(bpmn, element, "flow.bpmn.dangling",
                    "this refers to nothing: targetRef ", to ? to : "-");
    if (!id || source < 0 || target < 0)
        return;
    bpmn->flow_at[graph->flow_count] = element;
    flow = &graph->flows[graph->flow_count++];
    flow->id = arena_strdup(bpmn->ctx->arena, id);
    flow->title = bpmn_title(bpmn, element);
    flow->source = source;
    flow->target = target;
    flow->line = element->line;
    read_condition(bpmn, element, flow);
}

/* Flows of each node, in document order: flows were read in that order. */
static void connect(struct bpmn *bpmn)
{
    struct graph *graph = bpmn->graph;
    int i;

    for (i = 0; i < graph->flow_count; i++) {
        graph->nodes[graph->flows[i].source].outgoing_count++;
        graph->nodes[graph->flows[i].target].incoming_count++;
    }
    for (i = 0; i < graph->node_count; i++) {
        struct graph_node *node = &graph->nodes[i];

        node->outgoing = arena_array(
            bpmn->ctx->arena, (size_t)node->outgoing_count + 1, sizeof(int));
        node->incoming = arena_array(
            bpmn->ctx->arena, (size_t)node->incoming_count + 1, sizeof(int));
        node->outgoing_count = node->incoming_count = 0;
    }
    for (i = 0; i < graph->flow_count; i++) {
        struct graph_node *from = &graph->nodes[graph->flows[i].source];
        struct graph_node *to = &graph->nodes[graph->flows[i].target];

        from->outgoing[from->outgoing_count++] = i;
        to->incoming[to->incoming_count++] = i;
    }
}

static int count_children(const struct xml_element *process, bool flows)
{
    const struct xml_element *child;
    int count = 0;

    for (child = process->first; child; child = child->next)
        if (flows ? xml_is(child, BPMN_SPACE, "sequenceFlow")
                  : node_rule(child) != NULL)
            count++;
    return count;
}

static int read_process(struct bpmn *bpmn)
{
    struct graph *graph = bpmn->graph;
    struct arena *arena = bpmn->ctx->arena;
    const struct xml_element *process = bpmn->process, *child;
    int nodes = count_children(process, false);
    int flows = count_children(process, true);

    if (nodes > GRAPH_NODES_MAX || flows > GRAPH_FLOWS_MAX)
        return fail(bpmn->ctx, E_LIMIT, "flow.bpmn.large",
                    "%s: more than %d nodes or %d flows", bpmn->name,
                    GRAPH_NODES_MAX, GRAPH_FLOWS_MAX);
    graph->nodes = arena_array(arena, (size_t)nodes + 1, sizeof(*graph->nodes));
    graph->flows = arena_array(arena, (size_t)flows + 1, sizeof(*graph->flows));
    bpmn->at = arena_array(arena, (size_t)nodes + 1, sizeof(*bpmn->at));
    bpmn->flow_at =
        arena_array(arena, (size_t)flows + 1, sizeof(*bpmn->flow_at));
    for (child = process->first; child; child = child->next) {
        const struct node_rule *rule = node_rule(child);

        if (rule)
            read_node(bpmn, child, rule);
        else if (text_equal(child->space, BPMN_SPACE) &&
                 !text_equal(child->name, "sequenceFlow") &&
                 !may_stand("process", child->name))
            bpmn_refuse(bpmn, child, "flow.bpmn.unsupported",
                        "this is not supported inside of ", "process");
    }
    for (child = process->first; child; child = child->next)
        if (xml_is(child, BPMN_SPACE, "sequenceFlow"))
            read_flow(bpmn, child);
    connect(bpmn);
    return 0;
}

/* ---- the frame around the process ---- */

static void check_collaboration(struct bpmn *bpmn,
                                const struct xml_element *element)
{
    const struct xml_element *child;

    check_children(bpmn, element, "collaboration");
    for (child = element->first; child; child = child->next) {
        const char *process = xml_attribute(child, "", "processRef");
        const char *colon = process ? strrchr(process, ':') : NULL;

        if (!xml_is(child, BPMN_SPACE, "participant") || !process)
            continue;
        if (!map_get(bpmn->ids, colon ? colon + 1 : process))
            bpmn_refuse(bpmn, child, "flow.bpmn.dangling",
                        "this refers to nothing: processRef ", process);
    }
}

/* One process a file: which of several an application would start could only
 * be guessed. */
static void find_process(struct bpmn *bpmn)
{
    const struct xml_element *child;

    for (child = bpmn->root->first; child; child = child->next) {
        if (xml_is(child, BPMN_SPACE, "collaboration"))
            check_collaboration(bpmn, child);
        if (!xml_is(child, BPMN_SPACE, "process"))
            continue;
        if (bpmn->process)
            bpmn_refuse(bpmn, child, "flow.bpmn.one_process",
                        "one file holds one process", "");
        else
            bpmn->process = child;
    }
    if (!bpmn->process)
        bpmn_refuse(bpmn, bpmn->root, "flow.bpmn.no_process",
                    "there is no process in it", "");
}

static bool key_valid(const char *key)
{
    const char *at;

    if (!key || !*key || strlen(key) > GRAPH_ID_MAX)
        return false;
    for (at = key; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("_.-", *at))
            return false;
    return true;
}

static void read_head(struct bpmn *bpmn)
{
    const char *id = xml_attribute(bpmn->process, "", "id");
    const char *executable;

    executable = xml_attribute(bpmn->process, "", "isExecutable");
    if (!key_valid(id))
        bpmn_refuse(bpmn, bpmn->process, "flow.bpmn.key",
                    "the id of a process has letters, digits, '.', '-', '_'",
                    "");
    bpmn->graph->key = arena_strdup(bpmn->ctx->arena, id);
    bpmn->graph->title = bpmn_title(bpmn, bpmn->process);
    if (!executable ||
        (!text_equal(executable, "true") && !text_equal(executable, "false")))
        bpmn_refuse(bpmn, bpmn->process, "flow.bpmn.executable",
                    "isExecutable must say true or false", "");
    bpmn->graph->executable = text_equal(executable, "true");
}

int graph_read(struct graph **out, struct ctx *ctx, const char *name,
               const char *xml, size_t length)
{
    struct bpmn bpmn = { .ctx = ctx, .name = name };
    struct xml_element *root;
    int rc;

    *out = NULL;
    rc = xml_read(&root, ctx, name, xml, length);
    if (rc)
        return rc;
    bpmn.root = root;
    bpmn.ids = map_new(ctx->arena);
    bpmn.graph = arena_alloc(ctx->arena, sizeof(*bpmn.graph));
    bpmn.graph->warnings = value_list(ctx->arena);
    bpmn.graph->start = -1;
    if (!xml_is(root, BPMN_SPACE, "definitions")) {
        bpmn_refuse(&bpmn, root, "flow.bpmn.root",
                    "the root of BPMN 2.0 is definitions of the namespace ",
                    BPMN_SPACE);
        return E_INVALID;
    }
    collect_ids(&bpmn, root);
    check_children(&bpmn, root, "definitions");
    find_process(&bpmn);
    if (!bpmn.process)
        return E_INVALID;
    read_head(&bpmn);
    /* For drawing only: what it holds is not ours to judge (R2). */
    if (bpmn.graph->executable) {
        rc = read_process(&bpmn);
        if (rc)
            return rc;
        bpmn_extension(&bpmn, bpmn.process, NULL);
        bpmn_check(&bpmn);
        bpmn_diagram(&bpmn);
    }
    if (bpmn.refused)
        return E_INVALID;
    *out = bpmn.graph;
    return 0;
}

int graph_node_find(const struct graph *graph, const char *id)
{
    int i;

    for (i = 0; i < graph->node_count; i++)
        if (text_equal(graph->nodes[i].id, id))
            return i;
    return -1;
}

int graph_flow_find(const struct graph *graph, const char *id)
{
    int i;

    for (i = 0; i < graph->flow_count; i++)
        if (text_equal(graph->flows[i].id, id))
            return i;
    return -1;
}

const char *graph_node_title(const struct ctx *ctx,
                             const struct graph_node *node)
{
    static const struct {
        enum node_kind kind;
        const char *key;
    } words[] = {
        { NODE_START, "flow.node.start" },
        { NODE_END, "flow.node.end" },
    };
    const char *title = locale_pick(ctx, node->title);
    size_t i;

    if (*title)
        return title;
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (words[i].kind == node->kind)
            return tr(ctx, words[i].key);
    return node->id;
}
