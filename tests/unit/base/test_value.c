/*
 * test_value.c - maps, vectors and the value tree.
 */
#include "base/banned.h"

#include "base/base_test.h"

#include "base/map.h"
#include "base/value.h"

static void a_map_keeps_the_order_and_takes_a_key_once(void **state)
{
    struct ctx *ctx = *state;
    struct map *map = map_new(ctx->arena);
    char key[16];
    int i, values[2000];

    assert_null(map_get(map, "none"));
    for (i = 0; i < 2000; i++) {
        snprintf(key, sizeof key, "k%d", i);
        map_set(map, key, &values[i]);
    }
    map_set(map, "k7", &values[0]);
    assert_int_equal(map_count(map), 2000);
    assert_ptr_equal(map_get(map, "k7"), &values[0]);
    assert_ptr_equal(map_get(map, "k1999"), &values[1999]);
    assert_string_equal(map_key_at(map, 1234), "k1234");
    assert_null(map_key_at(map, 2000));
    assert_null(map_get(map, "k2000"));
}

static void a_vector_grows(void **state)
{
    struct ctx *ctx = *state;
    struct vector vector;
    int items[1000], i;

    vector_init(&vector, ctx->arena);
    for (i = 0; i < 1000; i++)
        vector_add(&vector, &items[i]);
    assert_int_equal(vector.count, 1000);
    for (i = 0; i < 1000; i++)
        assert_ptr_equal(vector.items[i], &items[i]);
}

static struct value *numbered(struct arena *arena, int count)
{
    struct value *map = value_map(arena);
    char key[16];
    int i;

    for (i = 0; i < count; i++) {
        snprintf(key, sizeof key, "key %d", i);
        value_set_int(map, key, i);
    }
    return map;
}

static void maps_of_any_size_find_keep_order_and_forget(void **state)
{
    static const int sizes[] = { 1, 4, 15, 16, 17, 18, 33, 64, 65, 1000 };
    struct ctx *ctx = *state;
    char key[16];
    size_t s;
    int i;

    for (s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        int size = sizes[s];
        struct value *map = numbered(ctx->arena, size);

        assert_int_equal(value_count(map), size);
        for (i = 0; i < size; i++) {
            snprintf(key, sizeof key, "key %d", i);
            assert_int_equal(value_get_int(map, key, -1), i);
            assert_string_equal(value_key_at(map, (size_t)i), key);
        }
        assert_null(value_get(map, "key"));
        assert_null(value_get(map, "key -1"));
        for (i = 0; i < size; i += 2) {
            snprintf(key, sizeof key, "key %d", i);
            assert_true(value_remove(map, key));
            assert_false(value_remove(map, key));
        }
        assert_int_equal(value_count(map), size / 2);
        for (i = 0; i < size; i++) {
            snprintf(key, sizeof key, "key %d", i);
            assert_int_equal(value_get_int(map, key, -1), i % 2 ? i : -1);
        }
        value_set_int(map, "key 0", 77);
        assert_int_equal(value_get_int(map, "key 0", -1), 77);
        assert_string_equal(value_key_at(map, value_count(map) - 1), "key 0");
    }
}

static void a_missing_node_reads_as_null(void **state)
{
    struct decimal number;

    (void)state;
    assert_true(value_is_null(NULL));
    assert_true(value_is_empty(NULL));
    assert_false(value_as_bool(NULL));
    assert_int_equal(value_as_int(NULL, 5), 5);
    assert_null(value_as_text(NULL));
    assert_int_equal(value_count(NULL), 0);
    assert_null(value_get(NULL, "a"));
    assert_null(value_at(NULL, 0));
    assert_int_equal(value_as_id(NULL), 0);
    assert_false(value_as_decimal(&number, NULL));
    assert_true(value_equal(NULL, NULL));
}

static void numbers_convert_only_where_nothing_is_lost(void **state)
{
    struct ctx *ctx = *state;
    struct arena *arena = ctx->arena;
    struct decimal number;

    assert_int_equal(value_as_int(value_double(arena, 3.0), -1), 3);
    assert_int_equal(value_as_int(value_double(arena, 3.5), -1), -1);
    assert_int_equal(value_as_int(value_double(arena, 1e300), -1), -1);
    assert_int_equal(value_as_int(value_double(arena, 0.0 / 0.0), -1), -1);
    assert_int_equal(
        value_as_int(value_decimal(arena, (struct decimal){ 1200, 2 }), -1),
        12);
    assert_int_equal(
        value_as_int(value_decimal(arena, (struct decimal){ 1250, 2 }), -1),
        -1);
    assert_int_equal(value_as_int(value_text(arena, "3"), -1), -1);
    assert_false(value_as_decimal(&number, value_int(arena, INT64_MAX)));
    assert_false(value_as_decimal(&number, value_double(arena, 1)));
    assert_true(value_as_decimal(&number, value_int(arena, -7)));
    assert_int_equal(number.units, -7);
    assert_true(value_as_bool(value_bool(arena, true)));
    assert_false(value_as_bool(value_int(arena, 1)));
}

static void ids_are_positive_digits(void **state)
{
    static const char *const bad[] = {
        "", "0", "-1", "+1", " 1", "1a", "9223372036854775808"
    };
    struct ctx *ctx = *state;
    struct value *map = value_map(ctx->arena);
    size_t i;

    value_set_id(map, "id", 4611686018427387904);
    assert_string_equal(value_get_text(map, "id"), "4611686018427387904");
    assert_true(value_get_id(map, "id") == 4611686018427387904);
    value_set_int(map, "id", 12);
    assert_int_equal(value_get_id(map, "id"), 12);
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(value_as_id(value_text(ctx->arena, bad[i])), 0);
}

static void equality_looks_at_the_content(void **state)
{
    struct ctx *ctx = *state;
    struct arena *arena = ctx->arena;
    struct value *a = numbered(arena, 40), *b = value_map(arena);
    char key[16];
    int i;

    for (i = 39; i >= 0; i--) {
        snprintf(key, sizeof key, "key %d", i);
        value_set(b, key, value_decimal(arena, (struct decimal){ i * 100, 2 }));
    }
    assert_true(value_equal(a, b));
    value_set(b, "key 3", NULL);
    assert_false(value_equal(a, b));
    value_remove(b, "key 3");
    value_set(b, "other", NULL);
    assert_false(value_equal(a, b));
    assert_false(value_equal(value_text(arena, "1"), value_int(arena, 1)));
    assert_true(value_equal(value_html(arena, "a"), value_text(arena, "a")));
    assert_false(value_equal(value_list(arena), value_map(arena)));
    assert_true(value_equal(value_copy(arena, a), a));
}

static void S22_only_known_kinds_of_addresses_pass(void **state)
{
    static const char *const good[] = {
        "/",    "/a?b=c#d",        "?page=2",  "#top",         "a/b",
        "",     "https://a.b/c:d", "HTTP://a", "mailto:a@b.c", "tel:+86",
        "/a:b", "?x=javascript:1",
    };
    static const char *const bad[] = {
        "javascript:alert(1)", "JaVaScRiPt:x",   "java\tscript:x",
        "\x01javascript:x",    " javascript:x",  "data:text/html,x",
        "//evil.com",          "/\\evil.com",    "\\\\evil.com",
        "vbscript:x",          "https:evil.com", "http:/evil.com",
        "file:///etc/passwd",  "blob:x",         ":x",
        "/\n/evil.com",        "/\t/evil.com",
    };
    struct ctx *ctx = *state;
    size_t i;

    for (i = 0; i < sizeof good / sizeof *good; i++)
        assert_string_equal(value_as_text(value_url(ctx->arena, good[i])),
                            good[i]);
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_string_equal(value_as_text(value_url(ctx->arena, bad[i])), "#");
}

static void a_copy_shares_nothing(void **state)
{
    struct ctx *ctx = *state;
    struct arena *other = arena_new(0);
    struct value *tree = value_map(other), *list = value_list(other), *copy;

    value_append(list, value_text(other, "one"));
    value_append(list, NULL);
    value_append(list, value_double(other, 0.5));
    value_set(tree, "list", list);
    value_set_bool(tree, "flag", true);
    copy = value_copy(ctx->arena, tree);
    arena_free(other);
    list = value_get(copy, "list");
    assert_string_equal(value_as_text(value_at(list, 0)), "one");
    assert_true(value_is_null(value_at(list, 1)));
    assert_true(value_at(list, 1) != NULL);
    assert_null(value_at(list, 3));
    assert_true(value_get_bool(copy, "flag"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(a_map_keeps_the_order_and_takes_a_key_once),
        CTX_TEST(a_vector_grows),
        CTX_TEST(maps_of_any_size_find_keep_order_and_forget),
        CTX_TEST(a_missing_node_reads_as_null),
        CTX_TEST(numbers_convert_only_where_nothing_is_lost),
        CTX_TEST(ids_are_positive_digits),
        CTX_TEST(equality_looks_at_the_content),
        CTX_TEST(S22_only_known_kinds_of_addresses_pass),
        CTX_TEST(a_copy_shares_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
