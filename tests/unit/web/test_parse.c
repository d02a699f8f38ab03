/*
 * test_parse.c - queries, forms, multipart, routes, own paths, headers.
 */
#include "base/banned.h"

#include "org/org_site.h"

#include <fcntl.h>

#include "web/body.h"
#include "web/multipart.h"
#include "web/request.h"
#include "web/router.h"
#include "web/urlencoded.h"

static struct ctx ctx;

static int setup(void **state)
{
    (void)state;
    ctx_init(&ctx, arena_new(0));
    route_forget_all();
    return 0;
}

static int finish(void **state)
{
    (void)state;
    arena_free(ctx.arena);
    return 0;
}

static struct value *parse(const char *text, int wanted)
{
    struct value *out = value_map(ctx.arena);

    assert_int_equal(urlencoded_parse(out, &ctx, text, strlen(text), true),
                     wanted);
    ctx_clear(&ctx);
    return out;
}

static void S52_a_value_is_decoded_once(void **state)
{
    (void)state;
    assert_string_equal(value_get_text(parse("a=%252e%252e", 0), "a"),
                        "%2e%2e");
    assert_string_equal(value_get_text(parse("a=%26amp%3Blt%3B", 0), "a"),
                        "&amp;lt;");
    assert_string_equal(value_get_text(parse("a=1+2%2B3", 0), "a"), "1 2+3");
}

static void S65_the_same_parameter_twice_is_refused(void **state)
{
    struct value *lists;

    (void)state;
    (void)parse("a=1&b=2&a=3", E_BAD_REQUEST);
    (void)parse("a=1&%61=3", E_BAD_REQUEST);
    lists = parse("a[]=1&a[]=2", 0);
    assert_int_equal(value_count(value_get(lists, "a[]")), 2);
}

static void broken_escapes_bytes_and_NUL_are_refused(void **state)
{
    (void)state;
    (void)parse("a=%", E_BAD_REQUEST);
    (void)parse("a=%4", E_BAD_REQUEST);
    (void)parse("a=%zz", E_BAD_REQUEST);
    (void)parse("a=%00", E_BAD_REQUEST);
    (void)parse("a%00=1", E_BAD_REQUEST);
    (void)parse("a=%ff", E_BAD_REQUEST);
    (void)parse("a=%c0%ae", E_BAD_REQUEST);
}

/* ---- multipart ---- */

static int read_body(struct request *request, const char *type,
                     const char *body, int *status)
{
    static struct header header;

    header.name = "content-type";
    header.value = type;
    memset(request, 0, sizeof *request);
    request->headers = &header;
    request->header_count = 1;
    request->body = body;
    request->body_length = strlen(body);
    request->body_fd = -1;
    *status = 0;
    return body_read(&ctx, request, status);
}

static void a_form_with_a_file_is_read(void **state)
{
    struct request request;
    char text[32] = "";
    int status;

    (void)state;
    assert_int_equal(
        read_body(&request, "multipart/form-data; boundary=XX",
                  "--XX\r\nContent-Disposition: form-data; name=\"purpose\""
                  "\r\n\r\n\xe5\xb1\x95\r\n--X is no end\r\n"
                  "--XX\r\nContent-Disposition: form-data; name=\"file\"; "
                  "filename=\"a \\\"b\\\".pdf\"\r\n"
                  "Content-Type: application/pdf\r\n\r\n%PDF\r\n\r\n--XX--\r\n",
                  &status),
        0);
    assert_string_equal(request_form(&request, "purpose"),
                        "\xe5\xb1\x95\r\n--X is no end");
    assert_int_equal(request.upload_count, 1);
    assert_string_equal(request.uploads[0].name, "a \"b\".pdf");
    assert_int_equal(request.uploads[0].size, 6);
    assert_int_equal(read(request.uploads[0].fd, text, sizeof text), 6);
    assert_string_equal(text, "%PDF\r\n");
}

static void an_empty_file_input_is_no_file(void **state)
{
    struct request request;
    int status;

    (void)state;
    assert_int_equal(
        read_body(&request, "multipart/form-data; boundary=\"XX\"",
                  "--XX\r\nContent-Disposition: form-data; name=\"file\"; "
                  "filename=\"\"\r\nContent-Type: application/octet-stream"
                  "\r\n\r\n\r\n--XX--",
                  &status),
        0);
    assert_int_equal(request.upload_count, 0);
}

static void broken_multipart_is_refused(void **state)
{
    static const char *const bad[] = {
        "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno end",
        "--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--",
        "--XX\r\n\r\nx\r\n--XX--",
        "--XX\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=\"a\"; name=\"b\"\r\n"
        "\r\n\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=\"a\r\nx\"\r\n\r\n"
        "\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n"
        "Content-Type: multipart/mixed; boundary=y\r\n\r\n\r\n--XX--",
        "--XXjunk\r\n",
        "",
    };
    struct request request;
    size_t i;
    int status;

    (void)state;
    for (i = 0; i + 1 < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(read_body(&request, "multipart/form-data; boundary=XX",
                                   bad[i], &status),
                         E_BAD_REQUEST);
        ctx_clear(&ctx);
    }
}

/* However the bytes are cut into pieces, the parts are the same. */
struct heard {
    char text[4096];
    size_t length;
};

static int hear_begin(void *payload, const struct part *part)
{
    struct heard *heard = payload;

    heard->length +=
        (size_t)snprintf(heard->text + heard->length, 300, "<%s|", part->name);
    return 0;
}

static int hear_data(void *payload, const char *bytes, size_t length)
{
    struct heard *heard = payload;

    memcpy(heard->text + heard->length, bytes, length);
    heard->length += length;
    return 0;
}

static int hear_end(void *payload)
{
    struct heard *heard = payload;

    heard->text[heard->length++] = '>';
    return 0;
}

static void pieces_of_any_size_give_the_same_parts(void **state)
{
    static const struct multipart_calls calls = { hear_begin, hear_data,
                                                  hear_end };
    static const char body[] =
        "preamble\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
        "\r\n-\r\n--\r\n\r\n--\r\r\n--c\r\n--b\r\n"
        "Content-Disposition: form-data; name=\"c\"\r\n\r\n\r\n--b--epilogue";
    struct multipart parser;
    size_t step, at;

    (void)state;
    for (step = 1; step < sizeof body; step++) {
        struct heard heard = { .length = 0 };

        multipart_init(&parser, "b", &calls, &heard);
        for (at = 0; at < sizeof body - 1; at += step)
            assert_int_equal(multipart_feed(&parser, body + at,
                                            at + step < sizeof body - 1
                                                ? step
                                                : sizeof body - 1 - at),
                             0);
        assert_int_equal(multipart_finish(&parser), 0);
        heard.text[heard.length] = '\0';
        assert_string_equal(heard.text,
                            "<a|\r\n-\r\n--\r\n\r\n--\r\r\n--c><c|>");
    }
}

static void S16_json_as_plain_text_is_refused(void **state)
{
    struct request request;
    int status;

    (void)state;
    assert_int_equal(read_body(&request, "text/plain", "{\"a\":1}", &status),
                     E_BAD_REQUEST);
    assert_int_equal(status, 415);
    ctx_clear(&ctx);
    assert_int_equal(read_body(&request, "application/json; charset=utf-8",
                               "{\"a\":1}", &status),
                     0);
    assert_int_equal(value_get_int(request.json, "a", 0), 1);
    assert_int_equal(
        read_body(&request, "application/json", "{\"a\":1,\"a\":2}", &status),
        E_BAD_REQUEST);
    ctx_clear(&ctx);
}

/* ---- routes ---- */

static int nothing(struct ctx *c, struct request *request,
                   struct response *response, void *payload)
{
    (void)c;
    (void)request;
    (void)response;
    (void)payload;
    return 0;
}

static bool add(const char *method, const char *pattern)
{
    struct route route = { method,  pattern, ROUTE_PERSON, 0,
                           nothing, NULL,    NULL,         NULL };

    return route_add(&route);
}

static const char *match(const char *method, const char *path, const char *name)
{
    struct value *params = value_map(ctx.arena);
    bool other;
    const struct route *route =
        route_match(ctx.arena, method, path, params, &other);

    if (!route)
        return other ? "405" : "404";
    return name ? value_get_text(params, name) : route->pattern;
}

static void text_wins_over_a_name(void **state)
{
    (void)state;
    assert_true(add("GET", "/records/{form}/{id}"));
    assert_true(add("GET", "/records/{form}/new"));
    assert_true(add("POST", "/records/{form}"));
    assert_true(add("GET", "/"));
    assert_true(add("GET", "/files/{path*}"));
    assert_string_equal(match("GET", "/records/budget/new", NULL),
                        "/records/{form}/new");
    assert_string_equal(match("GET", "/records/budget/17", "id"), "17");
    assert_string_equal(match("GET", "/records/budget/17", "form"), "budget");
    assert_string_equal(match("HEAD", "/records/budget/17", "id"), "17");
    assert_string_equal(match("GET", "/", NULL), "/");
    assert_string_equal(match("GET", "/files/a/b/c", "path"), "a/b/c");
}

static void S12_what_is_not_in_the_table_is_not_there(void **state)
{
    (void)state;
    assert_true(add("GET", "/records/{form}/{id}"));
    assert_string_equal(match("GET", "/records/budget", NULL), "404");
    assert_string_equal(match("GET", "/records/budget/17/", NULL), "404");
    assert_string_equal(match("GET", "/records//17", NULL), "404");
    assert_string_equal(match("GET", "/records/budget/17/x", NULL), "404");
    assert_string_equal(match("DELETE", "/records/budget/17", NULL), "405");
}

static void routes_that_clash_are_refused(void **state)
{
    (void)state;
    log_level_set(LOG_ERROR + 1);
    assert_true(add("GET", "/a/{x}"));
    assert_false(add("GET", "/a/{y}"));
    assert_true(add("POST", "/a/{y}"));
    log_level_set(LOG_ERROR);
}

/* ---- answers ---- */

static void S25_only_own_paths_are_returned_to(void **state)
{
    static const char *const foreign[] = {
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://evil.example",
        "\\/evil",
        "",
        "evil",
        "javascript:alert(1)",
        "/a\r\nX: y",
        "/\t/evil",
        "/a b",
        "/x\\y",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof foreign / sizeof *foreign; i++)
        assert_string_equal(own_path(foreign[i]), "/");
    assert_string_equal(own_path(NULL), "/");
    assert_string_equal(own_path("/tasks?box=done#x"), "/tasks?box=done#x");
}

static void S28_no_header_holds_a_line_end(void **state)
{
    struct response response = { 0 };

    (void)state;
    vector_init(&response.headers, ctx.arena);
    assert_refused(&ctx, response_header(&ctx, &response, "x", "a\r\nb: c"),
                   E_INTERNAL, "web.header");
    assert_refused(&ctx, response_header(&ctx, &response, "x", "a\nb"),
                   E_INTERNAL, "web.header");
    assert_int_equal(response.headers.count, 0);
}

static const char *disposition_of(const char *name)
{
    struct response *response = arena_alloc(ctx.arena, sizeof *response);

    vector_init(&response->headers, ctx.arena);
    assert_int_equal(
        response_file(&ctx, response, -1, 0, "application/pdf", name, false),
        0);
    return ((struct header *)response->headers.items[0])->value;
}

static void S24_file_names_are_safe_in_the_header(void **state)
{
    (void)state;
    assert_string_equal(disposition_of("预算 \"x\".pdf"),
                        "attachment; filename=\"______ _x_.pdf\"; "
                        "filename*=UTF-8''%E9%A2%84%E7%AE%97%20%22x%22.pdf");
    assert_null(strpbrk(disposition_of("a\r\nb\x01.pdf"), "\r\n\x01"));
    assert_null(strstr(disposition_of("\xe2\x80\xaegpj.exe"), "%E2%80%AE"));
    assert_null(strstr(disposition_of("../../etc/passwd"), "/etc"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(S52_a_value_is_decoded_once),
        TEST(S65_the_same_parameter_twice_is_refused),
        TEST(broken_escapes_bytes_and_NUL_are_refused),
        TEST(a_form_with_a_file_is_read),
        TEST(an_empty_file_input_is_no_file),
        TEST(broken_multipart_is_refused),
        TEST(pieces_of_any_size_give_the_same_parts),
        TEST(S16_json_as_plain_text_is_refused),
        TEST(text_wins_over_a_name),
        TEST(S12_what_is_not_in_the_table_is_not_there),
        TEST(routes_that_clash_are_refused),
        TEST(S25_only_own_paths_are_returned_to),
        TEST(S28_no_header_holds_a_line_end),
        TEST(S24_file_names_are_safe_in_the_header),
    };

    crypto_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
