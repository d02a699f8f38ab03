/*
 * test_search.c - the full-text index: finds what the texts hold, for whom
 * they are, as they are now.
 */
#include "base/banned.h"

#include "form/form_site.h"

#include "base/unicode.h"
#include "event/job.h"
#include "form/search.h"
#include "store/fulltext.h"

#define NOTE(more)                                                             \
    "{\"title\":{\"en\":\"Note\"},\"fields\":["                                \
    "{\"key\":\"name\",\"type\":\"text\",\"max_length\":200},"                 \
    "{\"key\":\"secret\",\"type\":\"text\"" more "}]}"

static struct record *note(struct fixture *f, int64_t person, const char *name,
                           const char *secret)
{
    struct value *input = value_map(f->arena);
    struct record *record = NULL;

    as(f, person);
    value_set_text(input, "name", name);
    value_set_text(input, "secret", secret);
    ok(f, record_create(&record, &f->ctx, form_named(f, "note"), input, NULL));
    return record;
}

static int64_t found(struct fixture *f, int64_t person, const char *text,
                     bool words)
{
    struct record_query query = { .search = text,
                                  .words = words,
                                  .limit = 200 };
    struct record **list;
    size_t count = 0;
    int64_t counted = -1;

    as(f, person);
    ok(f, record_list(&list, &count, &f->ctx, form_named(f, "note"), &query));
    ok(f, record_count(&counted, &f->ctx, form_named(f, "note"), &query, 200));
    assert_int_equal(counted > 200 ? 200 : counted, count);
    return (int64_t)count;
}

static void publish_note(struct fixture *f, const char *json)
{
    as(f, 0);
    ok(f, publish(f, "note", json));
}

/* Runs what waits. */
static void work(struct fixture *f)
{
    int64_t due;

    as(f, 0);
    while (job_run_due(&f->ctx, 10, &due) > 0)
        ;
}

static void it_finds_words_pairs_and_digits(void **state)
{
    struct fixture *f = *state;

    publish_note(f, NOTE(""));
    note(f, f->li, "北京青松茶馆 Limited", "138-0013 8000");
    note(f, f->li, "锦程酒店", "x");
    assert_int_equal(found(f, f->li, "青松", true), 1);
    assert_int_equal(found(f, f->li, "青茶", true), 0);
    assert_int_equal(found(f, f->li, "店", true), 1);
    assert_int_equal(found(f, f->li, "LIMI", true), 1);
    assert_int_equal(found(f, f->li, "mited", true), 0);
    assert_int_equal(found(f, f->li, "mited", false), 1);
    assert_int_equal(found(f, f->li, "8000", true), 1);
    assert_int_equal(found(f, f->li, "13800138000", true), 1);
    assert_int_equal(found(f, f->li, "青松 8000", true), 1);
    assert_int_equal(found(f, f->li, "锦程 8000", true), 0);
    assert_int_equal(found(f, f->li, "\" OR *", true), 0);
}

static void E46_a_name_is_found_by_its_pinyin(void **state)
{
    struct fixture *f = *state;

    publish_note(f, NOTE(""));
    note(f, f->li, "张伟", NULL);
    assert_int_equal(found(f, f->li, "zhangwei", true), 1);
    assert_int_equal(found(f, f->li, "zhw", true), 1);
    assert_int_equal(found(f, f->li, "zw", true), 1);
    assert_int_equal(found(f, f->li, "lw", true), 0);
}

static void it_follows_changes_the_bin_and_back(void **state)
{
    struct fixture *f = *state;
    struct value *input = value_map(f->arena);
    const struct form *form;
    struct record *record;

    publish_note(f, NOTE(""));
    form = form_named(f, "note");
    record = note(f, f->li, "alpha", NULL);
    value_set_text(input, "name", "beta");
    ok(f, record_update(&record, &f->ctx, form, record->id, 1, input));
    assert_int_equal(found(f, f->li, "alpha", true), 0);
    assert_int_equal(found(f, f->li, "beta", true), 1);
    as(f, 0);
    ok(f, record_delete(&f->ctx, form, record->id, 2));
    assert_int_equal(found(f, f->li, "beta", true), 0);
    as(f, 0);
    ok(f, record_restore(&f->ctx, form, record->id));
    assert_int_equal(found(f, f->li, "beta", true), 1);
}

static void S13_it_shows_each_what_the_list_shows(void **state)
{
    struct fixture *f = *state;
    int64_t opened;

    publish_note(f, NOTE(""));
    as(f, 0);
    ok(f, department_update(&f->ctx, f->sales, "Sales", 0, f->li));
    note(f, f->li, "共同 one", NULL);
    note(f, f->wang, "共同 two", NULL);
    opened = note(f, f->zhao, "共同 three", NULL)->id;
    note(f, f->zhao, "共同 four", NULL);
    assert_int_equal(found(f, f->li, "共同", true), 2);
    assert_int_equal(found(f, f->wang, "共同", true), 1);
    assert_int_equal(found(f, f->zhao, "共同", true), 2);
    assert_int_equal(found(f, 0, "共同", true), 4);
    as(f, 0);
    ok(f, tx_begin(&f->ctx, "test"));
    ok(f, access_reader_add(&f->ctx, opened, f->li, "task", 0));
    ok(f, tx_commit(&f->ctx));
    assert_int_equal(found(f, f->li, "共同", true), 3);
    assert_int_equal(found(f, f->li, "three", true), 1);
    assert_int_equal(found(f, f->li, "four", true), 0);
}

static void S14_a_hidden_field_is_found_by_nobody(void **state)
{
    struct fixture *f = *state;

    publish_note(f, NOTE(""));
    note(f, f->li, "open", "confidential");
    assert_int_equal(found(f, f->li, "confidential", false), 1);
    publish_note(f, NOTE(",\"hidden\":true"));
    /* At once, although the job has not run yet. */
    assert_int_equal(found(f, f->li, "confidential", false), 0);
    assert_int_equal(found(f, f->li, "confidential", true), 0);
    work(f);
    assert_int_equal(found(f, f->li, "confidential", false), 0);
    assert_int_equal(found(f, f->li, "confidential", true), 0);
    assert_int_equal(found(f, f->li, "open", true), 1);
}

static void what_was_there_before_is_indexed_by_the_job(void **state)
{
    struct fixture *f = *state;
    struct search_state known;
    int i;

    publish_note(f, NOTE(""));
    as(f, 0);
    ok(f, tx_begin(&f->ctx, "test"));
    ok(f, db_exec(&f->ctx, "DELETE FROM search_form", ""));
    ok(f, tx_commit(&f->ctx));
    for (i = 0; i < 600; i++)
        note(f, f->li, arena_printf(f->arena, "青松 %d", i), NULL);
    assert_int_equal(found(f, f->li, "青松", true), 0);
    assert_int_equal(found(f, f->li, "青松", false), 200);
    as(f, 0);
    ok(f, search_follow_all(&f->ctx));
    note(f, f->li, "青松 new", NULL);
    work(f);
    ok(f, search_state(&known, &f->ctx, form_named(f, "note")));
    assert_true(known.known && known.cursor == 0);
    assert_int_equal(found(f, f->li, "青松 new", true), 1);
    assert_int_equal(found(f, f->li, "青松 77", true), 1);
    assert_int_equal(found(f, f->li, "青松", true), 200);
}

static void anonymous_answers_are_never_indexed(void **state)
{
    struct fixture *f = *state;
    int64_t rows = -1;

    as(f, 0);
    ok(f, publish(f, "note",
                  "{\"title\":{\"en\":\"Note\"},\"anonymous\":true,"
                  "\"fields\":[{\"key\":\"name\",\"type\":\"text\"},"
                  "{\"key\":\"secret\",\"type\":\"text\"}]}"));
    note(f, f->li, "whistle", "blower");
    ok(f, fulltext_count(&rows, &f->ctx, "\"whistl\"", 1));
    assert_int_equal(rows, 0);
    assert_int_equal(found(f, 0, "whistle", true), 0);
}

/* The list's own search, with the index and by the texts alone, on texts of
 * few characters so that much is found. */
static void the_index_changes_nothing_that_a_list_finds(void **state)
{
    static const char *const pieces[] = { "青", "松", "馆", "a", "b",
                                          "1",  "23", " ",  "-", "8" };
    struct fixture *f = *state;
    int64_t by_index[60];
    const char *asked[60];
    unsigned seed = 3;
    int i, j;

    publish_note(f, NOTE(""));
    for (i = 0; i < 180; i++) {
        struct buf made;
        const char *text;

        buf_init(&made, f->arena, 256);
        buf_add_char(&made, 'x');

        for (j = 0; j < 12; j++) {
            seed = seed * 1103515245 + 12345;
            buf_add_text(&made, pieces[(seed >> 16) % 10]);
        }
        text = buf_text(&made);
        note(f, f->li, text, NULL);
        if (i < 60)
            asked[i] = arena_strndup(
                f->arena, text + 1,
                utf8_prefix(text + 1, strlen(text + 1), 2 + (size_t)i % 3));
    }
    for (i = 0; i < 60; i++)
        by_index[i] = found(f, f->li, asked[i], false);
    as(f, 0);
    ok(f, tx_begin(&f->ctx, "test"));
    ok(f, db_exec(&f->ctx, "UPDATE search_form SET cursor = 1", ""));
    ok(f, tx_commit(&f->ctx));
    for (i = 0; i < 60; i++)
        assert_int_equal(found(f, f->li, asked[i], false), by_index[i]);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, site_up, site_down)
    const struct CMUnitTest tests[] = {
        CASE(it_finds_words_pairs_and_digits),
        CASE(E46_a_name_is_found_by_its_pinyin),
        CASE(it_follows_changes_the_bin_and_back),
        CASE(S13_it_shows_each_what_the_list_shows),
        CASE(S14_a_hidden_field_is_found_by_nobody),
        CASE(what_was_there_before_is_indexed_by_the_job),
        CASE(anonymous_answers_are_never_indexed),
        CASE(the_index_changes_nothing_that_a_list_finds),
    };

    form_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
