/*
 * test_bpmn.c - the reader of processes: what it takes, what it refuses, and
 * how it says so.
 */
#include "base/banned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* base/ctx.h has one */

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/value.h"
#include "flow/graph.h"
#include "flow/process.h"
#include "flow/xml.h"

struct reading {
    struct arena *arena;
    struct ctx ctx;
    struct graph *graph;
};

static int begin(void **state)
{
    struct reading *reading = calloc(1, sizeof(*reading));

    reading->arena = arena_new(0);
    ctx_init(&reading->ctx, reading->arena);
    *state = reading;
    return 0;
}

static int finish(void **state)
{
    struct reading *reading = *state;

    arena_free(reading->arena);
    free(reading);
    return 0;
}

static int read_text(struct reading *reading, const char *xml)
{
    ctx_clear(&reading->ctx);
    return graph_read(&reading->graph, &reading->ctx, "p.bpmn", xml,
                      strlen(xml));
}

static void taken(struct reading *reading, const char *xml)
{
    const struct problem *problem;
    int rc = read_text(reading, xml);

    for (problem = reading->ctx.problems; problem; problem = problem->next)
        print_error("%s\n", problem->text);
    assert_int_equal(rc, 0);
}

/* Refused, with this key, naming the element. */
static void refused(struct reading *reading, const char *xml, const char *key,
                    const char *element)
{
    const struct problem *problem;

    assert_int_not_equal(read_text(reading, xml), 0);
    for (problem = reading->ctx.problems; problem; problem = problem->next)
        if (text_equal(problem->key, key) &&
            (!element || strstr(problem->text, element)))
            return;
    print_error("expected %s about %s, got %s\n", key, element ? element : "-",
                ctx_error(&reading->ctx));
    assert_true(false);
}

static bool warned(struct reading *reading, const char *key)
{
    size_t i;

    for (i = 0; i < value_count(reading->graph->warnings); i++)
        if (text_equal(
                value_get_text(value_at(reading->graph->warnings, i), "key"),
                key))
            return true;
    return false;
}

#define BETWEEN(body)                                                          \
    PROCESS(START body END FLOW("f1", "start", "a") FLOW("f2", "a", "end"))

static void R1_elements_are_known_by_namespace_not_by_prefix(void **state)
{
    struct reading *reading = *state;

    taken(reading,
          "<definitions xmlns=\"http://www.omg.org/spec/BPMN/20100524/MODEL\""
          " xmlns:zz=\"urn:tenon:flow:1\" targetNamespace=\"x\">"
          "<process id=\"p\" isExecutable=\"true\" zz:form=\"request\">"
          "<startEvent id=\"s\"/><endEvent id=\"e\"/>"
          "<sequenceFlow id=\"f\" sourceRef=\"s\" targetRef=\"e\"/>"
          "</process></definitions>");
    assert_int_equal(reading->graph->node_count, 2);
    assert_string_equal(reading->graph->form, "request");
    /* The right names in another namespace are nothing. */
    refused(reading, "<definitions xmlns=\"urn:other\"/>", "flow.bpmn.root",
            NULL);
}

static void R1_strange_extensions_are_left_alone(void **state)
{
    struct reading *reading = *state;

    taken(reading,
          BETWEEN("<b:userTask id=\"a\" xmlns:c=\"http://camunda.org/schema/"
                  "1.0/bpmn\" c:assignee=\"demo\">" WITH(
                      "<c:formData><c:formField id=\"a\"/></c:formData>" BY(
                          "li")) "</b:userTask>"));
}

static void R2_what_cannot_be_executed_is_refused_by_name(void **state)
{
    struct reading *reading = *state;
    const struct problem *problem;

    refused(reading, BETWEEN("<b:subProcess id=\"a\" name=\"Inner\"/>"),
            "flow.bpmn.unsupported", "subProcess \"Inner\" (a)");
    refused(reading, BETWEEN("<b:task id=\"a\"/>"), "flow.bpmn.unsupported",
            "task");
    refused(reading, BETWEEN("<b:inclusiveGateway id=\"a\"/>"),
            "flow.bpmn.unsupported", "inclusiveGateway");
    refused(reading, BETWEEN("<b:callActivity id=\"a\"/>"),
            "flow.bpmn.unsupported", "callActivity");
    refused(reading, BETWEEN("<b:brandNew id=\"a\"/>"), "flow.bpmn.unsupported",
            "brandNew");
    refused(reading,
            BETWEEN("<b:userTask id=\"a\">" WITH(
                BY("li")) "<b:multiInstance"
                          "LoopCharacteristics/></b:userTask>"),
            "flow.bpmn.unsupported", "multiInstanceLoopCharacteristics");
    refused(reading,
            PROCESS("<b:startEvent id=\"start\">\n<b:timerEventDefinition "
                    "id=\"tt\"/></b:startEvent>" END FLOW("f", "start", "end")),
            "flow.bpmn.unsupported", "timerEventDefinition");
    problem = reading->ctx.problems;
    assert_string_equal(problem->field, "p.bpmn:4");
    assert_non_null(strstr(problem->text, "line 4"));
    refused(reading,
            PROCESS(START END FLOW("f", "start", "end") "<b:boundaryEvent "
                                                        "id=\"be\"/>"),
            "flow.bpmn.unsupported", "boundaryEvent");
}

static void R2_a_process_for_drawing_only_is_kept(void **state)
{
    struct reading *reading = *state;

    taken(reading,
          PROCESS_AS("id=\"p\" isExecutable=\"false\"", "<b:task id=\"a\"/>"));
    assert_false(reading->graph->executable);
    refused(reading, PROCESS_AS("id=\"p\"", START END), "flow.bpmn.executable",
            NULL);
}

static void R3_dangling_references_are_refused(void **state)
{
    struct reading *reading = *state;

    refused(reading, PROCESS(START END FLOW("f", "start", "nowhere")),
            "flow.bpmn.dangling", "targetRef nowhere");
    refused(reading,
            PROCESS(START END FLOW("f", "start", "end") FLOW("g", "no", "end")),
            "flow.bpmn.dangling", "sourceRef no");
    refused(reading,
            PROCESS("<b:startEvent id=\"start\"><b:outgoing>g</b:outgoing>"
                    "</b:startEvent>" END FLOW("f", "start", "end")),
            "flow.bpmn.dangling", "outgoing g");
    refused(reading,
            PROCESS(START XOR_OR("x", "f") END FLOW("f", "start", "x")
                        FLOW("g", "x", "end")),
            "flow.bpmn.dangling", "default f");
}

static void R3_unreachable_elements_and_dead_ends_are_refused(void **state)
{
    struct reading *reading = *state;

    refused(reading,
            PROCESS(START END FLOW("f", "start", "end") USER("lost", BY("li"))
                        FLOW("g", "lost", "end")),
            "flow.bpmn.unreachable", "lost");
    refused(reading,
            PROCESS(START XOR("x") XOR("y") FLOW("f", "start", "x")
                        FLOW("g", "x", "y") FLOW("h", "y", "x")),
            "flow.bpmn.no_end", "\"\" (x)");
    refused(reading, PROCESS(START XOR("x") FLOW("f", "start", "x")),
            "flow.bpmn.no_way_out", "(x)");
    refused(reading, PROCESS(END), "flow.bpmn.one_start", NULL);
    refused(reading,
            PROCESS(START "<b:startEvent id=\"two\"/>" END FLOW(
                "f", "start", "end") FLOW("g", "two", "end")),
            "flow.bpmn.one_start", "two");
    refused(
        reading,
        PROCESS(START END FLOW("f", "start", "end") FLOW("g", "end", "start")),
        "flow.bpmn.out_of_end", "end");
}

static void R3_conditions_stand_only_where_they_are_asked(void **state)
{
    struct reading *reading = *state;

    refused(reading,
            PROCESS(START AND("x") USER("a", BY("li")) USER("b", BY("li"))
                        FLOW("f", "start", "x") IF("g", "x", "a", "true")
                            FLOW("h", "x", "b")),
            "flow.bpmn.condition_place", "(g)");
    refused(reading,
            PROCESS(START XOR_OR("x", "g") END USER("a", BY("li"))
                        FLOW("f", "start", "x") IF("g", "x", "a", "true")
                            IF("h", "x", "end", "false")),
            "flow.bpmn.default_condition", "(g)");
    refused(reading,
            PROCESS(START XOR("x") END USER("a", BY("li"))
                        FLOW("f", "start", "x") FLOW("g", "x", "a")
                            IF("h", "x", "end", "false")),
            "flow.bpmn.condition_missing", "(g)");
    refused(reading, PROCESS(START END IF("f", "start", "end", "true")),
            "flow.bpmn.condition_place", "(f)");
}

static void R3_an_id_is_used_once(void **state)
{
    struct reading *reading = *state;

    refused(
        reading,
        PROCESS(START "<b:endEvent id=\"start\"/>" FLOW("f", "start", "start")),
        "flow.bpmn.duplicate", "endEvent \"\" (start)");
}

static void R3_a_join_that_no_split_feeds_is_warned_about(void **state)
{
    struct reading *reading = *state;

    taken(reading,
          PROCESS(START XOR_OR("x", "h") AND("j") END USER("a", BY("li"))
                      USER("b", BY("li")) FLOW("f", "start", "x")
                          IF("g", "x", "a", "record.amount > 5")
                              FLOW("h", "x", "b") FLOW("i", "a", "j")
                                  FLOW("k", "b", "j") FLOW("l", "j", "end")));
    assert_true(warned(reading, "flow.bpmn.join_starves"));
    taken(reading, PROCESS(START AND("x") AND("j") END USER("a", BY("li"))
                               USER("b", BY("li")) FLOW("f", "start", "x")
                                   FLOW("g", "x", "a") FLOW("h", "x", "b")
                                       FLOW("i", "a", "j") FLOW("k", "b", "j")
                                           FLOW("l", "j", "end")));
    assert_false(warned(reading, "flow.bpmn.join_starves"));
    /* An activity with two flows is a parallel split, too (T3). */
    taken(reading,
          PROCESS(START AND("j") END USER("a", BY("li")) USER("b", BY("li"))
                      USER("c", BY("li")) FLOW("f", "start", "c") FLOW(
                          "g", "c", "a") FLOW("h", "c", "b") FLOW("i", "a", "j")
                          FLOW("k", "b", "j") FLOW("l", "j", "end")));
    assert_false(warned(reading, "flow.bpmn.join_starves"));
}

static void A6_quantities_other_than_one_are_refused(void **state)
{
    struct reading *reading = *state;

    refused(reading,
            BETWEEN("<b:userTask id=\"a\" startQuantity=\"2\">" WITH(
                BY("li")) "</b:userTask>"),
            "flow.bpmn.attribute", "startQuantity");
    refused(reading,
            BETWEEN("<b:userTask id=\"a\" completionQuantity=\"0\">" WITH(
                BY("li")) "</b:userTask>"),
            "flow.bpmn.attribute", "completionQuantity");
    taken(reading, BETWEEN("<b:userTask id=\"a\" startQuantity=\"1\">" WITH(
                       BY("li")) "</b:userTask>"));
}

static void mistyped_words_of_our_namespace_are_refused(void **state)
{
    struct reading *reading = *state;

    refused(reading, BETWEEN(USER("a", "<t:particpant user=\"li\"/>")),
            "flow.bpmn.extension", "particpant");
    refused(reading,
            BETWEEN("<b:userTask id=\"a\" t:service=\"x\">" WITH(
                BY("li")) "</b:userTask>"),
            "flow.bpmn.extension", "service");
    refused(reading,
            BETWEEN(USER("a", "<t:participant user=\"li\" "
                              "role=\"x\"/>")),
            "flow.bpmn.participant", NULL);
    refused(reading, BETWEEN(USER("a", "<t:participant head=\"somebody\"/>")),
            "flow.bpmn.participant", NULL);
    refused(reading, BETWEEN(USER("a", "")), "flow.bpmn.participant_missing",
            "userTask \"a\" (a)");
    refused(reading, BETWEEN("<b:serviceTask id=\"a\"/>"),
            "flow.bpmn.service_missing", NULL);
    refused(reading, BETWEEN("<b:scriptTask id=\"a\"/>"), "flow.bpmn.script",
            NULL);
    refused(reading,
            BETWEEN("<b:scriptTask id=\"a\" scriptFormat=\"javascript\">"
                    "<b:script>1</b:script></b:scriptTask>"),
            "flow.bpmn.language", "javascript");
    refused(reading, PROCESS_AS("id=\"p\" isExecutable=\"true\"", START END),
            "flow.bpmn.form_missing", NULL);
}

static void all_that_is_wrong_is_told_at_once(void **state)
{
    struct reading *reading = *state;

    refused(reading,
            PROCESS(START END "<b:task id=\"x\"/>" FLOW("f", "start", "gone")),
            "flow.bpmn.unsupported", NULL);
    assert_true(reading->ctx.problem_count >= 3);
}

static void names_have_translations(void **state)
{
    struct reading *reading = *state;
    int node;

    taken(reading, BETWEEN("<b:userTask id=\"a\" name=\"Head\">" WITH(
                       "<t:name locale=\"zh-CN\">部门主管</t:name>" BY(
                           "li")) "</b:userTask>"));
    node = graph_node_find(reading->graph, "a");
    assert_string_equal(
        graph_node_title(&reading->ctx, &reading->graph->nodes[node]), "Head");
    reading->ctx.locale = "zh-CN";
    assert_string_equal(
        graph_node_title(&reading->ctx, &reading->graph->nodes[node]),
        "部门主管");
    refused(reading,
            BETWEEN(USER("a", "<t:name locale=\"fr\">x</t:name>" BY("li"))),
            "flow.bpmn.locale", NULL);
}

static void R4_document_types_and_entities_are_refused(void **state)
{
    struct reading *reading = *state;

    refused(reading,
            "<?xml version=\"1.0\"?>\n<!DOCTYPE x [<!ENTITY a \"aaaa\">]>\n"
            "<x>&a;</x>",
            "flow.xml.doctype", "line 2");
    refused(reading, "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><x/>",
            "flow.xml.doctype", NULL);
    refused(reading, "<x>&unknown;</x>", "flow.xml.malformed", NULL);
}

static void R4_depth_number_and_size_are_limited(void **state)
{
    struct reading *reading = *state;
    struct buf text;
    int i;

    buf_init(&text, reading->arena, 4 * XML_BYTES_MAX);
    for (i = 0; i < XML_DEPTH_MAX + 1; i++)
        buf_add_text(&text, "<x>");
    refused(reading, buf_text(&text), "flow.xml.limit", "depth");
    buf_clear(&text);
    buf_add_text(&text, "<x>");
    for (i = 0; i < XML_ELEMENTS_MAX + 1; i++)
        buf_add_text(&text, "<y/>");
    buf_add_text(&text, "</x>");
    refused(reading, buf_text(&text), "flow.xml.limit", "elements");
    buf_clear(&text);
    buf_add_text(&text, "<x>");
    for (i = 0; i < XML_TEXT_MAX + 2; i++)
        buf_add_char(&text, 'a');
    buf_add_text(&text, "</x>");
    refused(reading, buf_text(&text), "flow.xml.limit", "text");
    buf_clear(&text);
    for (i = 0; i < XML_BYTES_MAX + 1; i++)
        buf_add_char(&text, ' ');
    refused(reading, buf_text(&text), "flow.xml.large", NULL);
}

static void R4_malformed_text_is_told_with_line_and_column(void **state)
{
    struct reading *reading = *state;

    refused(reading, "<x>\n  <y></x>", "flow.xml.malformed", "line 2");
    refused(reading, "", "flow.xml.malformed", NULL);
    refused(reading, "<x/><y/>", "flow.xml.malformed", NULL);
    refused(reading, "\xff\xfe", "flow.xml.malformed", NULL);
}

static void the_drawing_is_read(void **state)
{
    struct reading *reading = *state;

    taken(reading, HEAD
          "<b:process id=\"p\" isExecutable=\"true\" t:form=\"request\">" START
              END FLOW(
                  "f", "start",
                  "end") "</b:process>"
                         "<di:BPMNDiagram "
                         "xmlns:di=\"http://www.omg.org/spec/BPMN/20100524/"
                         "DI\" "
                         "xmlns:dc=\"http://www.omg.org/spec/DD/20100524/DC\" "
                         "xmlns:d=\"http://www.omg.org/spec/DD/20100524/DI\">"
                         "<di:BPMNPlane bpmnElement=\"p\"><di:BPMNShape "
                         "bpmnElement=\"start\">"
                         "<dc:Bounds x=\"160.5\" y=\"-20\" width=\"36\" "
                         "height=\"36\"/>"
                         "</di:BPMNShape><di:BPMNEdge bpmnElement=\"f\">"
                         "<d:waypoint x=\"196\" y=\"100\"/><d:waypoint "
                         "x=\"1e9\" y=\"7\"/>"
                         "</di:BPMNEdge></di:BPMNPlane></di:BPMNDiagram></"
                         "b:definitions>");
    assert_int_equal(reading->graph->shape_count, 1);
    assert_true(reading->graph->shapes[0].x > 160.4 &&
                reading->graph->shapes[0].x < 160.6);
    assert_int_equal(reading->graph->edge_count, 1);
    assert_int_equal(reading->graph->edges[0].point_count, 2);
    assert_int_equal(reading->graph->edges[0].points[0], 196);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, finish)
    const struct CMUnitTest tests[] = {
        CASE(R1_elements_are_known_by_namespace_not_by_prefix),
        CASE(R1_strange_extensions_are_left_alone),
        CASE(R2_what_cannot_be_executed_is_refused_by_name),
        CASE(R2_a_process_for_drawing_only_is_kept),
        CASE(R3_dangling_references_are_refused),
        CASE(R3_unreachable_elements_and_dead_ends_are_refused),
        CASE(R3_conditions_stand_only_where_they_are_asked),
        CASE(R3_an_id_is_used_once),
        CASE(R3_a_join_that_no_split_feeds_is_warned_about),
        CASE(A6_quantities_other_than_one_are_refused),
        CASE(mistyped_words_of_our_namespace_are_refused),
        CASE(all_that_is_wrong_is_told_at_once),
        CASE(names_have_translations),
        CASE(R4_document_types_and_entities_are_refused),
        CASE(R4_depth_number_and_size_are_limited),
        CASE(R4_malformed_text_is_told_with_line_and_column),
        CASE(the_drawing_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
