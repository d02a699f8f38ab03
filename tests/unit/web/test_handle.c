/*
 * test_handle.c - what happens to a request before and after its handler.
 */
#include "base/banned.h"

#include "org/org_site.h"

#include "access/access.h"
#include "web/cookie.h"
#include "web/request.h"
#include "web/router.h"

extern const struct migration access_migrations[], notify_migrations[];

static struct company *c;
static struct header headers[8];
static size_t header_count;
static char cookie[128];
static int calls;

static int answer(struct ctx *ctx, struct request *request,
                  struct response *response, void *payload)
{
    (void)request;
    (void)payload;
    calls++;
    buf_add_text(&response->body, ctx->person ? ctx->person->login : "-");
    return 0;
}

static int break_down(struct ctx *ctx, struct request *request,
                      struct response *response, void *payload)
{
    (void)request;
    (void)response;
    (void)payload;
    return fail(ctx, E_STORE, "store.sql", "SELECT secret FROM things");
}

static int leave_open(struct ctx *ctx, struct request *request,
                      struct response *response, void *payload)
{
    (void)request;
    (void)response;
    (void)payload;
    return tx_begin(ctx, "forgotten");
}

static int versioned(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    int64_t version;
    int rc = request_if_match(&version, ctx, request);

    (void)payload;
    if (rc)
        return rc;
    if (response_etag(ctx, request, response, "7"))
        return 0;
    buf_addf(&response->body, "%lld", (long long)version);
    return 0;
}

static const struct route routes[] = {
    { "GET", "/open", ROUTE_PUBLIC, 0, answer, NULL, NULL, NULL },
    { "GET", "/person", ROUTE_PERSON, 0, answer, NULL, NULL, NULL },
    { "GET", "/boss", ROUTE_ADMINISTRATOR, 0, answer, NULL, NULL, NULL },
    { "GET", "/recent", ROUTE_PERSON, ROUTE_RECENT, answer, NULL, NULL, NULL },
    { "POST", "/recent", ROUTE_PERSON, ROUTE_RECENT, answer, NULL, NULL, NULL },
    { "GET", "/dear", ROUTE_PERSON, ROUTE_EXPENSIVE, answer, NULL, NULL, NULL },
    { "GET", "/broken", ROUTE_PUBLIC, 0, break_down, NULL, NULL, NULL },
    { "GET", "/forgotten", ROUTE_PUBLIC, 0, leave_open, NULL, NULL, NULL },
    { "GET", "/versioned", ROUTE_PUBLIC, 0, versioned, NULL, NULL, NULL },
    { "GET", "/module", ROUTE_PUBLIC, 0, answer, "hello", NULL, NULL },
    { "POST", "/upload", ROUTE_PERSON, ROUTE_UPLOAD, answer, NULL, NULL, NULL },
    { "POST", "/small", ROUTE_PERSON, 0, answer, NULL, NULL, NULL },
    { 0 },
};

static int setup(void **state)
{
    static const struct migration *const more[] = { access_migrations,
                                                    notify_migrations, NULL };

    company_open(state, more);
    c = *state;
    assert_int_equal(user_set_password(&c->ctx, c->lin, TEST_PASSWORD, NULL),
                     0);
    assert_int_equal(user_set_password(&c->ctx, c->ada, TEST_PASSWORD, NULL),
                     0);
    route_forget_all();
    route_add_table(routes);
    clock_set((int64_t)NOON * 1000);
    log_level_set(LOG_ERROR + 1);
    cookie[0] = '\0';
    header_count = 0;
    calls = 0;
    return 0;
}

static void sign_in(const char *login)
{
    char token[TOKEN_TEXT_MAX];
    int64_t user;

    assert_int_equal(
        session_sign_in(token, &user, &c->ctx, login, TEST_PASSWORD, NULL), 0);
    snprintf(cookie, sizeof cookie, "tenon=%s", token);
}

static void header(const char *name, const char *value)
{
    headers[header_count++] = (struct header){ name, value };
}

static struct response *send_request(const char *method, const char *path,
                                     const char *query, int64_t announced)
{
    static struct ctx ctx;
    struct response *response = arena_alloc(c->ctx.arena, sizeof *response);
    struct request request = {
        .method = method,
        .path = path,
        .raw_query = query,
        .host = "localhost",
        .peer = "192.0.2.1",
        .body = announced ? NULL : "",
        .body_fd = -1,
        .body_size = announced,
        .head_only = announced > 0,
    };
    struct header all[9];

    memcpy(all, headers, sizeof headers);
    all[header_count] = (struct header){ "cookie", cookie };
    request.headers = all;
    request.header_count = header_count + 1;
    ctx_init(&ctx, c->ctx.arena);
    ctx.db = c->ctx.db;
    web_handle(&ctx, &request, response);
    header_count = 0;
    return response;
}

static struct response *get(const char *path)
{
    return send_request("GET", path, NULL, 0);
}

static const char *header_of(const struct response *response, const char *name)
{
    size_t i;

    for (i = 0; i < response->headers.count; i++) {
        const struct header *one = response->headers.items[i];

        if (strcmp(one->name, name) == 0)
            return one->value;
    }
    return "";
}

static void S12_a_handler_runs_only_for_whom_it_is(void **state)
{
    (void)state;
    assert_int_equal(get("/open")->status, 200);
    assert_int_equal(get("/person")->status, 303);
    assert_int_equal(get("/boss")->status, 303);
    assert_int_equal(get("/nowhere")->status, 404);
    assert_int_equal(send_request("DELETE", "/open", NULL, 0)->status, 405);
    assert_int_equal(calls, 1);
    sign_in("lin");
    assert_string_equal(buf_text(&get("/person")->body), "lin");
    assert_int_equal(get("/boss")->status, 403);
    sign_in("ada");
    assert_int_equal(get("/boss")->status, 200);
}

static void S11_what_matters_asks_for_the_password_again(void **state)
{
    (void)state;
    sign_in("lin");
    assert_int_equal(get("/recent")->status, 200);
    clock_set((int64_t)NOON * 1000 + 16 * 60 * 1000);
    assert_int_equal(get("/recent")->status, 303);
    assert_string_equal(header_of(get("/recent"), "location"),
                        "/confirm?return=%2Frecent");
    assert_int_equal(send_request("POST", "/recent", NULL, 0)->status, 403);
    header("accept", "application/json");
    assert_int_equal(get("/recent")->status, 403);
    assert_int_equal(get("/person")->status, 200);
}

static void S19_expensive_routes_are_limited_per_person(void **state)
{
    int i, status = 0;

    (void)state;
    sign_in("lin");
    for (i = 0; i < 200 && status != 429; i++)
        status = get("/dear")->status;
    assert_int_equal(status, 429);
    assert_true(i >= 60);
    assert_int_equal(get("/person")->status, 200);
    sign_in("ada");
    assert_int_equal(get("/dear")->status, 200);
}

static void S40_an_inner_error_shows_nothing_of_the_inside(void **state)
{
    struct response *response = get("/broken");

    (void)state;
    assert_int_equal(response->status, 500);
    assert_null(strstr(buf_text(&response->body), "SELECT"));
    header("accept", "application/json");
    response = get("/broken");
    assert_int_equal(response->status, 500);
    assert_null(strstr(buf_text(&response->body), "SELECT"));
}

static void a_transaction_that_was_left_open_is_undone(void **state)
{
    (void)state;
    assert_int_equal(get("/forgotten")->status, 500);
    assert_false(tx_active(&c->ctx));
}

static void S65_a_parameter_twice_never_reaches_the_handler(void **state)
{
    (void)state;
    assert_int_equal(send_request("GET", "/open", "a=1&a=2", 0)->status, 400);
    assert_int_equal(calls, 0);
}

static void a_module_that_is_off_has_no_pages(void **state)
{
    (void)state;
    assert_int_equal(get("/module")->status, 200);
    c->ctx.system = true;
    assert_int_equal(access_module_set(&c->ctx, "hello", false), 0);
    assert_int_equal(get("/module")->status, 404);
    assert_int_equal(access_module_set(&c->ctx, "hello", true), 0);
    assert_int_equal(get("/module")->status, 200);
}

static void S24_a_large_body_is_let_in_only_where_one_belongs(void **state)
{
    (void)state;
    assert_int_equal(send_request("POST", "/upload", NULL, 100000)->status,
                     303);
    sign_in("lin");
    assert_int_equal(send_request("POST", "/upload", NULL, 100000)->status,
                     100);
    assert_int_equal(send_request("POST", "/small", NULL, 100000)->status, 413);
    header("origin", "https://evil.example");
    assert_int_equal(send_request("POST", "/upload", NULL, 100000)->status,
                     403);
    assert_int_equal(calls, 0);
}

static void etags_and_if_match(void **state)
{
    (void)state;
    assert_string_equal(header_of(get("/versioned"), "etag"), "\"7\"");
    header("if-none-match", "\"7\"");
    assert_int_equal(get("/versioned")->status, 304);
    header("if-none-match", "\"6\"");
    assert_int_equal(get("/versioned")->status, 200);
    header("if-match", "\"12\"");
    assert_string_equal(buf_text(&get("/versioned")->body), "12");
    header("if-match", "W/x");
    assert_int_equal(get("/versioned")->status, 400);
}

static void S58_errors_for_programs_are_problem_json(void **state)
{
    struct response *response;

    (void)state;
    header("accept", "application/json");
    response = get("/person");
    assert_int_equal(response->status, 401);
    assert_string_equal(response->type,
                        "application/problem+json; charset=utf-8");
    assert_string_equal(header_of(response, "x-tenon-sign-in"), "1");
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, setup, company_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(S12_a_handler_runs_only_for_whom_it_is),
        TEST(S11_what_matters_asks_for_the_password_again),
        TEST(S19_expensive_routes_are_limited_per_person),
        TEST(S40_an_inner_error_shows_nothing_of_the_inside),
        TEST(a_transaction_that_was_left_open_is_undone),
        TEST(S65_a_parameter_twice_never_reaches_the_handler),
        TEST(a_module_that_is_off_has_no_pages),
        TEST(S24_a_large_body_is_let_in_only_where_one_belongs),
        TEST(etags_and_if_match),
        TEST(S58_errors_for_programs_are_problem_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
