/*
 * extension.c - our own namespace in a process: who does a task, who gets a
 * copy, which form, which service. docs/customizer/flows.md tells it to
 * customizers; a word of this namespace that it does not know is refused,
 * because a mistyped participant must not become nobody.
 */
#include "base/banned.h"

#include "flow/bpmn.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/value.h"

/* Bits of the places where a word may stand. */
enum {
    ON_PROCESS = 1,
    ON_START = 2,
    ON_END = 4,
    ON_USER = 8,
    ON_SERVICE = 16,
    ON_SCRIPT = 32,
    ON_MANUAL = 64,
    ON_GATEWAY = 128,
    ON_WORK = ON_USER | ON_SERVICE | ON_SCRIPT | ON_MANUAL,
    ON_EVERY = 255
};

static const struct word {
    const char *name;
    int places;
    bool attribute;
} words[] = {
    { "form", ON_PROCESS, true },
    { "on-reject", ON_USER, true },
    { "async", ON_SERVICE | ON_SCRIPT, true },
    { "service", ON_SERVICE, true },
    { "result", ON_END, true },
    { "name", ON_EVERY, false },
    { "participant", ON_USER, false },
    { "cc", ON_PROCESS | ON_START | ON_END | ON_WORK, false },
    { "parameter", ON_SERVICE, false },
};

static int place_of(const struct graph_node *node)
{
    static const int places[] = {
        [NODE_START] = ON_START,       [NODE_END] = ON_END,
        [NODE_USER] = ON_USER,         [NODE_SERVICE] = ON_SERVICE,
        [NODE_SCRIPT] = ON_SCRIPT,     [NODE_MANUAL] = ON_MANUAL,
        [NODE_EXCLUSIVE] = ON_GATEWAY, [NODE_PARALLEL] = ON_GATEWAY,
    };

    return node ? places[node->kind] : ON_PROCESS;
}

static bool known(const char *name, bool attribute, int place)
{
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (words[i].attribute == attribute && (words[i].places & place) &&
            text_equal(words[i].name, name))
            return true;
    return false;
}

static void check_words(struct bpmn *bpmn, const struct xml_element *element,
                        int place)
{
    const struct xml_element *list, *item;
    size_t i;

    for (i = 0; i < element->attribute_count; i++) {
        const struct xml_attribute *attribute = &element->attributes[i];

        if (text_equal(attribute->space, TENON_SPACE) &&
            !known(attribute->name, true, place))
            bpmn_refuse(bpmn, element, "flow.bpmn.extension",
                        "our namespace has nothing of this name here: ",
                        attribute->name);
    }
    list = xml_child(element, BPMN_SPACE, "extensionElements");
    for (item = list ? list->first : NULL; item; item = item->next)
        if (text_equal(item->space, TENON_SPACE) &&
            !known(item->name, false, place))
            bpmn_refuse(
                bpmn, item, "flow.bpmn.extension",
                "our namespace has nothing of this name here: ", item->name);
}

void bpmn_no_extension(struct bpmn *bpmn, const struct xml_element *element)
{
    check_words(bpmn, element, ON_GATEWAY);
}

/* The parameters in `list`, an element's children. */
static void read_parameters(struct bpmn *bpmn, const struct xml_element *list,
                            struct parameter **out, int *count)
{
    const struct xml_element *item;

    for (item = list ? list->first : NULL; item; item = item->next) {
        const char *name = xml_attribute(item, "", "name");
        const char *expression = xml_attribute(item, "", "expression");
        const char *text = xml_text(bpmn->ctx, item);
        struct parameter *parameter;

        if (!xml_is(item, TENON_SPACE, "parameter"))
            continue;
        if (!name || !*name || *count == GRAPH_PARAMETERS_MAX ||
            (expression && *text)) {
            bpmn_refuse(bpmn, item, "flow.bpmn.parameter",
                        "a parameter has a name and a text or an expression",
                        "");
            continue;
        }
        if (!*out)
            *out = arena_array(bpmn->ctx->arena, GRAPH_PARAMETERS_MAX,
                               sizeof(**out));
        parameter = &(*out)[(*count)++];
        parameter->name = name;
        parameter->expression = expression;
        parameter->text = expression ? NULL : text;
    }
}

/* A rule is "MODULE.NAME", and the only way that takes parameters. */
static bool read_rule(struct participant *out, struct bpmn *bpmn,
                      const struct xml_element *element)
{
    out->parameters = NULL;
    out->parameter_count = 0;
    read_parameters(bpmn, element, &out->parameters, &out->parameter_count);
    if (out->kind == PARTICIPANT_RULE ? strchr(out->name, '.') != NULL
                                      : !out->parameter_count)
        return true;
    bpmn_refuse(bpmn, element, "flow.bpmn.rule",
                "a rule is named MODULE.NAME, and it alone takes parameters",
                "");
    return false;
}

/* <tenon:participant role="finance"/>: exactly one way of naming people. */
static bool read_participant(struct participant *out, struct bpmn *bpmn,
                             const struct xml_element *element)
{
    static const struct {
        const char *name;
        enum participant_kind kind;
        bool initiator; /* the value is the word "initiator" */
    } ways[] = {
        { "user", PARTICIPANT_USER, false },
        { "role", PARTICIPANT_ROLE, false },
        { "head", PARTICIPANT_HEAD, true },
        { "manager", PARTICIPANT_MANAGER, true },
        { "field", PARTICIPANT_FIELD, false },
        { "rule", PARTICIPANT_RULE, false },
    };
    size_t i, found = 0, used = 0;

    for (i = 0; i < element->attribute_count; i++)
        used += text_equal(element->attributes[i].space, "");
    for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        const char *value = xml_attribute(element, "", ways[i].name);

        if (!value || !*value || strlen(value) > GRAPH_ID_MAX)
            continue;
        if (ways[i].initiator && !text_equal(value, "initiator"))
            continue;
        found++;
        out->kind = ways[i].kind;
        out->name =
            ways[i].initiator ? NULL : arena_strdup(bpmn->ctx->arena, value);
        out->line = element->line;
    }
    if (found == 1 && used == 1)
        return read_rule(out, bpmn, element);
    bpmn_refuse(bpmn, element, "flow.bpmn.participant",
                "it names people in one way: user, role, "
                "head=\"initiator\", manager=\"initiator\", field or rule",
                "");
    return false;
}

static void read_people(struct bpmn *bpmn, const struct xml_element *element,
                        const char *word, struct participant **out, int *count)
{
    const struct xml_element *list, *item;

    list = xml_child(element, BPMN_SPACE, "extensionElements");
    for (item = list ? list->first : NULL; item; item = item->next) {
        struct participant one;

        if (!xml_is(item, TENON_SPACE, word))
            continue;
        if (*count == GRAPH_PEOPLE_MAX) {
            bpmn_refuse(bpmn, item, "flow.bpmn.people",
                        "more than 20 participants at one element", "");
            return;
        }
        if (!read_participant(&one, bpmn, item))
            continue;
        if (!*out)
            *out =
                arena_array(bpmn->ctx->arena, GRAPH_PEOPLE_MAX, sizeof(**out));
        (*out)[(*count)++] = one;
    }
}

/* One of two words, or absent; true where it is `yes`. */
static bool choice(struct bpmn *bpmn, const struct xml_element *element,
                   const char *name, const char *yes, const char *no)
{
    const char *value = xml_attribute(element, TENON_SPACE, name);

    if (value && !text_equal(value, yes) && !text_equal(value, no))
        bpmn_refuse(bpmn, element, "flow.bpmn.value",
                    "this attribute has a value that is not known: ", name);
    return value && text_equal(value, yes);
}

static void read_process_words(struct bpmn *bpmn,
                               const struct xml_element *element)
{
    struct graph *graph = bpmn->graph;

    graph->form = xml_attribute(element, TENON_SPACE, "form");
    if (!graph->form || !*graph->form)
        bpmn_refuse(bpmn, element, "flow.bpmn.form_missing",
                    "a process names its form (tenon:form)", "");
    read_people(bpmn, element, "cc", &graph->copies, &graph->copy_count);
}

void bpmn_extension(struct bpmn *bpmn, const struct xml_element *element,
                    struct graph_node *node)
{
    check_words(bpmn, element, place_of(node));
    if (!node) {
        read_process_words(bpmn, element);
        return;
    }
    read_people(bpmn, element, "participant", &node->participants,
                &node->participant_count);
    read_people(bpmn, element, "cc", &node->copies, &node->copy_count);
    read_parameters(bpmn, xml_child(element, BPMN_SPACE, "extensionElements"),
                    &node->parameters, &node->parameter_count);
    node->service = xml_attribute(element, TENON_SPACE, "service");
    node->async = choice(bpmn, element, "async", "true", "false");
    node->reject_continues =
        choice(bpmn, element, "on-reject", "continue", "end");
    node->result = xml_attribute(element, TENON_SPACE, "result");
    (void)choice(bpmn, element, "result", "approved", "rejected");
}
