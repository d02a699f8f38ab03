/*
 * test_import.c - imports: guessing, cascades, refused rows, all or none.
 */
#include "base/banned.h"

#include "form/form_site.h"

#include "form/export.h"
#include "form/import.h"
#include "form/reference.h"

#include <fcntl.h>

struct refusals {
    int count;
    int64_t line;
    char reason[400];
};

static int take_refusal(struct ctx *ctx, void *payload,
                        const struct import_file *file,
                        const struct import_row *row, const char *reason)
{
    struct refusals *refusals = payload;

    (void)ctx;
    (void)file;
    refusals->count++;
    refusals->line = row->line;
    snprintf(refusals->reason, sizeof refusals->reason, "%s", reason);
    return 0;
}

static int import_texts(struct fixture *f, struct import_result *result,
                        struct refusals *refusals, const char *form,
                        bool all_or_none, size_t count,
                        const char *const texts[][2])
{
    struct import_options options = { .form = form,
                                      .all_or_none = all_or_none,
                                      .refuse = take_refusal,
                                      .payload = refusals };
    struct import_file files[IMPORT_FILES_MAX];
    size_t i;

    memset(refusals, 0, sizeof *refusals);
    for (i = 0; i < count; i++)
        ok(f, import_read(&files[i], &f->ctx, texts[i][0], texts[i][1],
                          strlen(texts[i][1]), NULL));
    return import_run(result, &f->ctx, files, count, &options);
}

static const char *type_of(struct fixture *f, const char *form,
                           const char *field)
{
    const struct field *found = form_field(form_named(f, form), field);

    return found ? found->type->name : "(none)";
}

static void a_form_is_made_with_types_that_err_towards_text(void **state)
{
    static const char *const text[][2] = {
        { "things.csv",
          "\xef\xbb\xbfName,CIK,Price,Since,Pieces,区号,Founded\n"
          "Äpfel,66740,1.50,2020-01-02,3,010,1999\n"
          "\"Birnen, süß\",91142,2,2021-12-31,4,021,2013 (1888)\n" },
    };
    struct fixture *f = *state;
    struct import_result result;
    struct refusals refusals;
    struct record_query query = { .limit = 10, .sort = "name" };
    struct record **list;
    size_t count;

    ok(f, import_texts(f, &result, &refusals, "things", false, 1, text));
    assert_true(result.made_form);
    assert_int_equal(result.imported, 2);
    assert_string_equal(type_of(f, "things", "name"), "text");
    assert_string_equal(type_of(f, "things", "cik"), "text");
    assert_string_equal(type_of(f, "things", "price"), "decimal");
    assert_string_equal(type_of(f, "things", "since"), "date");
    assert_string_equal(type_of(f, "things", "pieces"), "integer");
    assert_string_equal(type_of(f, "things", "column_6"), "text");
    assert_string_equal(type_of(f, "things", "founded"), "text");
    ok(f, record_list(&list, &count, &f->ctx, form_named(f, "things"), &query));
    assert_int_equal(count, 2);
    assert_string_equal(value_get_text(list[1]->values, "name"), "Birnen, süß");
    assert_string_equal(value_get_text(list[0]->values, "column_6"), "010");
    /* Everybody may look it up. */
    as(f, f->zhao);
    ok(f, record_list(&list, &count, &f->ctx, form_named(f, "things"), &query));
    assert_int_equal(count, 2);
}

static void rows_that_break_rules_are_given_back(void **state)
{
    static const char *const text[][2] = {
        { "budgets.csv", "Purpose,day,kind\n"
                         "one,2026-01-01,fair\n"
                         "two,tomorrow,fair\n"
                         ",2026-01-01,\n"
                         "four,,trip\n" },
    };
    struct fixture *f = *state;
    struct import_result result;
    struct refusals refusals;

    ok(f, import_texts(f, &result, &refusals, "budget", false, 1, text));
    assert_false(result.made_form);
    assert_int_equal(result.imported, 2);
    assert_int_equal(refusals.count, 2);
    assert_int_equal(refusals.line, 4);
    assert_non_null(strstr(refusals.reason, "purpose"));
}

static void all_or_none_means_none(void **state)
{
    static const char *const text[][2] = {
        { "budgets.csv", "purpose,day\none,2026-01-01\ntwo,tomorrow\n" },
    };
    struct fixture *f = *state;
    struct import_result result;
    struct refusals refusals;
    struct record_query query = { 0 };
    int64_t count;

    assert_int_equal(
        import_texts(f, &result, &refusals, "budget", true, 1, text),
        E_INVALID);
    assert_true(has_problem(f, NULL, "import.none"));
    ctx_clear(&f->ctx);
    ok(f, record_count(&count, &f->ctx, form_named(f, "budget"), &query, 10));
    assert_int_equal(count, 0);
}

static void an_unknown_column_is_named(void **state)
{
    static const char *const text[][2] = { { "b.csv",
                                             "purpose,colour\nx,y\n" } };
    struct fixture *f = *state;
    struct import_result result;
    struct refusals refusals;

    assert_int_equal(
        import_texts(f, &result, &refusals, "budget", false, 1, text),
        E_INVALID);
    assert_true(has_problem(f, NULL, "import.unknown_column"));
}

static const char *const places[][2] = {
    { "provinces.csv", "code,name\n11,\"北京市\"\n13,河北省\n" },
    { "cities.csv", "code,name,provinceCode\n1101,市辖区,11\n"
                    "1301,石家庄市,13\n1302,唐山市,13\n1401,错,99\n" },
    { "areas.csv", "code,name,cityCode,provinceCode\n"
                   "110101,东城区,1101,11\n130102,长安区,1301,13\n" },
};

static void files_that_name_their_parents_become_a_cascade(void **state)
{
    struct fixture *f = *state;
    struct import_result result;
    struct refusals refusals;
    const struct field *field;
    struct value *options;
    int64_t id, hebei;

    ok(f, import_texts(f, &result, &refusals, "regions", false, 3, places));
    assert_int_equal(result.imported, 7);
    assert_int_equal(refusals.count, 1);
    assert_int_equal(refusals.line, 5);
    ok(f, publish(f, "visit",
                  "{\"title\":\"Visit\",\"fields\":[{\"key\":\"place\","
                  "\"type\":\"cascade\",\"target\":\"regions\"}]}"));
    field = form_field(form_named(f, "visit"), "place");
    as(f, f->li);
    ok(f, reference_options(&options, &f->ctx, field, NULL, 0, NULL));
    assert_int_equal(value_count(options), 2);
    hebei = value_get_id(value_at(options, 1), "id");
    assert_false(value_get_bool(value_at(options, 1), "leaf"));
    ok(f, reference_options(&options, &f->ctx, field, NULL, hebei, NULL));
    assert_int_equal(value_count(options), 2);
    assert_string_equal(value_get_text(value_at(options, 1), "label"),
                        "唐山市");
    assert_true(value_get_bool(value_at(options, 1), "leaf"));
    ok(f, reference_find_path(&id, &f->ctx, "regions",
                              "河北省 / 石家庄市 / 长安区"));
    assert_true(id > 0);
    assert_string_equal(reference_label(&f->ctx, "regions", id),
                        "河北省 / 石家庄市 / 长安区");
}

static void a_cascade_is_chosen_down_to_its_last_level(void **state)
{
    struct fixture *f = *state;
    struct import_result result;
    struct refusals refusals;
    struct value *input = value_map(f->arena);
    struct record *record;
    int64_t id;

    ok(f, import_texts(f, &result, &refusals, "regions", false, 3, places));
    ok(f, publish(f, "visit",
                  "{\"title\":\"Visit\",\"fields\":[{\"key\":\"place\","
                  "\"type\":\"cascade\",\"target\":\"regions\"}]}"));
    as(f, f->li);
    ok(f, reference_find_path(&id, &f->ctx, "regions", "河北省"));
    value_set_id(input, "place", id);
    assert_int_equal(
        record_create(&record, &f->ctx, form_named(f, "visit"), input, NULL),
        E_INVALID);
    assert_true(has_problem(f, "place", "form.not_last_level"));
    ctx_clear(&f->ctx);
    ok(f, reference_find_path(&id, &f->ctx, "regions", "河北省/唐山市"));
    ok(f, reference_find_path(&id, &f->ctx, "regions", "河北省 / 唐山市"));
    value_set_id(input, "place", id);
    ok(f, record_create(&record, &f->ctx, form_named(f, "visit"), input, NULL));
    /* Imported levels are nobody's to change. */
    input = parse(f, "{\"name\":\"x\"}");
    assert_int_equal(
        record_create(&record, &f->ctx, form_named(f, "regions"), input, NULL),
        E_FORBIDDEN);
}

static void gb18030_is_read_as_well(void **state)
{
    /* "名称\n北京" */
    static const char text[] = "\xc3\xfb\xb3\xc6\n\xb1\xb1\xbe\xa9\n";
    struct fixture *f = *state;
    struct import_file file;

    ok(f, import_read(&file, &f->ctx, "x.csv", text, sizeof text - 1, NULL));
    assert_string_equal(file.header[0], "名称");
    assert_string_equal(file.rows[0].cells[0], "北京");
}

static void S27_an_export_neutralises_formulas_and_comes_back(void **state)
{
    static const char *const text[][2] = {
        { "t.csv", "Name,Price\n=HYPERLINK(1),1.5\nplain,-2.25\n" },
    };
    struct fixture *f = *state;
    struct import_result result;
    struct refusals refusals;
    struct record_query query = { .sort = "id" };
    char got[400] = { 0 };
    char path[] = "/tmp/tenon-export-XXXXXX";
    int64_t count;
    int fd;

    ok(f, import_texts(f, &result, &refusals, "t", false, 1, text));
    fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    ok(f, export_csv(&count, &f->ctx, form_named(f, "t"), &query, fd));
    assert_int_equal(count, 2);
    assert_true(pread(fd, got, sizeof got - 1, 0) > 0);
    close(fd);
    assert_string_equal(got, "\xef\xbb\xbfName,Price\r\n"
                             "\"'=HYPERLINK(1)\",1.50\r\nplain,-2.25\r\n");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, site_up, site_down)
    const struct CMUnitTest tests[] = {
        CASE(a_form_is_made_with_types_that_err_towards_text),
        CASE(rows_that_break_rules_are_given_back),
        CASE(all_or_none_means_none),
        CASE(an_unknown_column_is_named),
        CASE(files_that_name_their_parents_become_a_cascade),
        CASE(a_cascade_is_chosen_down_to_its_last_level),
        CASE(gb18030_is_read_as_well),
        CASE(S27_an_export_neutralises_formulas_and_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
