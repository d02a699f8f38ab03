/*
 * test_demo.c - the demo's activity budget, from its own files: routing,
 * field messages, and the picture of its process.
 */
#include "base/banned.h"

#include "flow/flow_site.h"

#define BUDGET(price)                                                          \
    "{\"purpose\":\"Fair\",\"date\":\"2026-12-15\",\"items\":[{\"name\":"      \
    "\"Stand\",\"quantity\":2,\"unit_price\":\"" price "\"}]}"

static int demo_up(void **state)
{
    struct fixture *f;
    int rc = site_up(state);

    if (rc)
        return rc;
    f = *state;
    give_role(f, "general_manager", f->boss, 0);
    give_role(f, "hr", f->ada, 0);
    catalog_load_flat(&f->ctx, "core/flow/locale", "flow");
    as(f, 0);
    assert_int_equal(form_publish_folder(&f->ctx, "demo/forms", NULL), 0);
    assert_int_equal(flow_deploy_folder(&f->ctx, "demo/flows", NULL), 0);
    return 0;
}

static int64_t apply(struct fixture *f, int64_t person, const char *values)
{
    const struct form *form;
    struct record *record = NULL;

    as(f, person);
    ok(f, form_find(&form, &f->ctx, "budget"));
    ok(f, flow_submit(&record, &f->ctx, form, 0, 0, json(f, values),
                      operation(f)));
    return record->id;
}

static int64_t holder(struct fixture *f, int64_t record)
{
    return count(f,
                 "SELECT holder FROM flow_task WHERE record = ?1"
                 " AND ended_at IS NULL ORDER BY holder LIMIT 1",
                 record);
}

static void up_to_5000_goes_to_head_and_finance(void **s)
{
    struct fixture *f = *s;
    int64_t record = apply(f, f->zhang, BUDGET("2500.00"));

    assert_int_equal(holder(f, record), f->li);
    approve(f, f->li, record, "head");
    assert_int_equal(holder(f, record), f->chen);
    assert_int_equal(count(f, OPEN_TASKS, record), 2);
    approve(f, f->liu, record, "finance");
    assert_string_equal(state_of(f, record), "approved");
}

static void above_5000_also_to_the_general_manager(void **s)
{
    struct fixture *f = *s;
    int64_t record = apply(f, f->zhang, BUDGET("2500.01"));

    approve(f, f->li, record, "head");
    assert_int_equal(holder(f, record), f->boss);
    approve(f, f->boss, record, "manager");
    approve(f, f->chen, record, "finance");
    assert_string_equal(state_of(f, record), "approved");
}

static void a_negative_price_stands_at_its_field(void **s)
{
    struct fixture *f = *s;
    const struct problem *problem;
    const struct form *form;
    struct record *record;
    bool price = false, purpose = false;

    as(f, f->zhang);
    ok(f, form_find(&form, &f->ctx, "budget"));
    assert_int_equal(
        flow_submit(&record, &f->ctx, form, 0, 0,
                    json(f, "{\"date\":\"2026-12-15\",\"items\":[{\"name\":"
                            "\"x\",\"quantity\":1,\"unit_price\":\"-5\"}]}"),
                    operation(f)),
        E_INVALID);
    for (problem = f->ctx.problems; problem; problem = problem->next) {
        price = price || text_equal(problem->field, "items.0.unit_price");
        purpose = purpose || text_equal(problem->field, "purpose");
    }
    assert_true(price);
    assert_true(purpose);
}

static const char *picture(struct fixture *f, int64_t record)
{
    struct value *value = NULL;

    ok(f, flow_picture(&value, &f->ctx, record));
    assert_int_equal(value_kind(value), VALUE_HTML);
    return value_as_text(value);
}

static void the_picture_marks_where_it_stands_and_has_no_style(void **s)
{
    struct fixture *f = *s;
    int64_t record = apply(f, f->zhang, BUDGET("100"));
    const char *svg = picture(f, record);

    assert_non_null(strstr(svg, "role=\"img\""));
    assert_non_null(strstr(svg, "<title id=\"flow-title\">Activity budget<"));
    assert_non_null(strstr(svg, "Where the application stands now: Department "
                                "head."));
    assert_non_null(strstr(svg, "tn-flow-task tn-current"));
    assert_null(strstr(svg, "style"));
    assert_null(strstr(svg, "script"));
    approve(f, f->li, record, "head");
    f->ctx.locale = "zh-CN";
    svg = picture(f, record);
    assert_non_null(strstr(svg, "tn-flow-task tn-passed"));
    assert_non_null(strstr(svg, "tn-flow-edge tn-passed"));
    assert_non_null(strstr(svg, "财务审批"));
    assert_null(strstr(svg, "Department head"));
}

static void names_in_the_picture_are_escaped(void **s)
{
    struct fixture *f = *s;
    static const char xml[] = HEAD
        "<b:process id=\"p\" isExecutable=\"true\" t:form=\"request\">" START
        "<b:userTask id=\"a\" name=\"&lt;script&gt;&amp;&quot;\">" WITH(BY(
            "li")) "</b:userTask>" FLOW("f", "start",
                                        "a") "</b:process>"
                                             "<di:BPMNDiagram "
                                             "xmlns:di=\"http://www.omg.org/"
                                             "spec/BPMN/20100524/DI\""
                                             " xmlns:dc=\"http://www.omg.org/"
                                             "spec/DD/20100524/DC\">"
                                             "<di:BPMNPlane "
                                             "bpmnElement=\"p\"><di:BPMNShape "
                                             "bpmnElement=\"a\">"
                                             "<dc:Bounds x=\"10\" y=\"10\" "
                                             "width=\"100\" height=\"80\"/>"
                                             "</di:BPMNShape></di:BPMNPlane></"
                                             "di:BPMNDiagram></b:definitions>";
    int64_t record;
    const char *svg;

    deploy(f, xml);
    record = submit(f, f->zhang, "{\"purpose\":\"x\"}");
    svg = picture(f, record);
    assert_null(strstr(svg, "<script"));
    assert_non_null(strstr(svg, "&lt;script"));
}

static void a_link_to_nowhere_is_one_bad_file(void **s)
{
    struct fixture *f = *s;
    char folder[] = "/tmp/tenon-flows-XXXXXX", path[64];

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/gone.bpmn", folder);
    assert_int_equal(symlink("/nonexistent", path), 0);
    as(f, 0);
    assert_int_equal(flow_deploy_folder(&f->ctx, folder, NULL), 1);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, demo_up, site_down)
    const struct CMUnitTest tests[] = {
        CASE(up_to_5000_goes_to_head_and_finance),
        CASE(above_5000_also_to_the_general_manager),
        CASE(a_negative_price_stands_at_its_field),
        CASE(the_picture_marks_where_it_stands_and_has_no_style),
        CASE(names_in_the_picture_are_escaped),
        CASE(a_link_to_nowhere_is_one_bad_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
