/*
 * api_c.c - uses every part of the SDK, for tests. tests/scripts/api_lua does
 * the same in Lua; tests/http/twin.test.mjs compares what they answer.
 */
#include <stdio.h>
#include <string.h>

#include "api_c.h"

static bool is_text(const tn_value *value, const char *text)
{
    const char *found = tn_as_text(value);

    return found && strcmp(found, text) == 0;
}

int write_line(tn_ctx *ctx, const char *what)
{
    tn_value *values = tn_map(ctx);
    int64_t id;

    tn_put(values, "what", tn_text(ctx, what));
    return tn_records_create(&id, ctx, LOG, values);
}

static int write_log(tn_ctx *ctx, const char *verb, tn_record *item)
{
    char what[120];

    snprintf(what, sizeof what, "%s %s", verb,
             tn_as_text(tn_get(item, "name")));
    return write_line(ctx, what);
}

static int refuse_bad(tn_ctx *ctx, tn_record *item)
{
    tn_value *arguments = tn_list(ctx);

    tn_append(arguments, tn_text(ctx, tn_as_text(tn_get(item, "name"))));
    tn_append(arguments, tn_int(ctx, 3));
    tn_append(arguments, tn_decimal_value(ctx, 250, 2));
    return tn_fail_with(ctx, TN_E_INVALID, "name", "api_c.bad", "a bad name",
                        arguments);
}

static int do_nothing(tn_ctx *ctx, void *data)
{
    (void)ctx;
    (void)data;
    return TN_OK;
}

static int before_save(tn_ctx *ctx, tn_record *item, void *data)
{
    int64_t id;
    tn_decimal amount;
    int rc = TN_OK;

    (void)data;
    if (is_text(tn_get(item, "name"), "bad"))
        return refuse_bad(ctx, item);
    /* A before-hook writes nothing, and begins nothing that could. */
    if (is_text(tn_get(item, "name"), "writes"))
        return tn_records_create(&id, ctx, LOG, tn_map(ctx));
    if (is_text(tn_get(item, "name"), "begins"))
        return tn_transaction(ctx, do_nothing, NULL);
    if (!tn_as_decimal(&amount, tn_get(item, "amount")))
        rc = tn_set(item, "amount", tn_text(ctx, "1.50"));
    else if (amount.units > 10000 && amount.scale == 2)
        rc = tn_set(item, "note", tn_text(ctx, "large"));
    if (rc == TN_OK && !tn_is_new(item) &&
        !is_text(tn_before(item, "name"), tn_as_text(tn_get(item, "name"))))
        rc = tn_set(item, "note", tn_before(item, "name"));
    return rc;
}

static int after_save(tn_ctx *ctx, tn_record *item, void *data)
{
    (void)data;
    return write_log(ctx, tn_is_new(item) ? "created" : "changed", item);
}

static int before_delete(tn_ctx *ctx, tn_record *item, void *data)
{
    (void)data;
    return is_text(tn_get(item, "name"), "keep")
               ? tn_fail(ctx, TN_E_CONFLICT, "api_c.keep", "kept")
               : TN_OK;
}

static int committed(tn_ctx *ctx, tn_record *item, void *data)
{
    (void)data;
    if (is_text(tn_get(item, "name"), "file later"))
        return file_later(ctx);
    return is_text(tn_get(item, "name"), "later")
               ? write_log(ctx, "committed", item)
               : TN_OK;
}

static int echo(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    tn_value *map = tn_map(ctx);

    (void)data;
    tn_put(map, "word", tn_text(ctx, tn_param(request, "word")));
    tn_put(map, "q", tn_text(ctx, tn_query(request, "q")));
    tn_put(map, "method", tn_text(ctx, tn_method(request)));
    tn_put(map, "path", tn_text(ctx, tn_path(request)));
    tn_put(map, "accept", tn_text(ctx, tn_header(request, "accept")));
    tn_put(map, "cookie", tn_text(ctx, tn_header(request, "cookie")));
    tn_put(map, "locale", tn_text(ctx, tn_locale(ctx)));
    tn_put(map, "login",
           tn_text(ctx, tn_as_text(tn_item(tn_person(ctx), "login"))));
    return tn_answer_json(answer, 200, map);
}

static tn_value *row_of(tn_ctx *ctx, const tn_value *item)
{
    static const char *const keys[] = { "name", "amount", "day",     "at",
                                        "done", "note",   "version", "state" };
    const tn_value *text = tn_item(item, "text");
    tn_value *row = tn_map(ctx);
    size_t i;

    for (i = 0; i < sizeof keys / sizeof *keys; i++) {
        tn_value *value = tn_item(item, keys[i]);

        if (!tn_is_null(value))
            tn_put(row, keys[i], value);
    }
    tn_put(row, "amount_text", tn_item(text, "amount"));
    return row;
}

static int find(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    const tn_value *items;
    tn_value *map = tn_map(ctx), *rows = tn_list(ctx), *names = tn_list(ctx);
    const char *least = tn_query(request, "least");
    int64_t count;
    size_t i;
    int rc;

    (void)data;
    tn_append(names, tn_text(ctx, "one"));
    tn_append(names, tn_text(ctx, "two"));
    rc = tn_records_find(
        &items, ctx, ITEM, .sort = "name", .descending = true, .texts = true,
        .limit = 10,
        .where = TN_OR(TN_GE("amount", tn_text(ctx, least ? least : "0")),
                       TN_IN("name", names)));
    if (rc == TN_OK)
        rc = tn_records_count(&count, ctx, ITEM,
                              TN_NOT(TN_EQ("name", tn_text(ctx, "one"))));
    if (rc != TN_OK)
        return rc;
    for (i = 0; i < tn_count(items); i++)
        tn_append(rows, row_of(ctx, tn_at(items, i)));
    tn_put(map, "items", rows);
    tn_put(map, "others", tn_int(ctx, count));
    return tn_answer_json(answer, 200, map);
}

static int update(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                  void *data)
{
    const tn_value *sent = tn_json(request), *item;
    tn_value *values = tn_map(ctx);
    int rc;

    (void)data;
    tn_put(values, "name", tn_text(ctx, tn_as_text(tn_item(sent, "name"))));
    rc = tn_records_update(ctx, ITEM, tn_as_id(tn_item(sent, "id")),
                           tn_as_int(tn_item(sent, "version"), 0), values);
    if (rc == TN_OK)
        rc = tn_records_get(&item, ctx, ITEM, tn_as_id(tn_item(sent, "id")));
    return rc != TN_OK ? rc : tn_answer_json(answer, 200, row_of(ctx, item));
}

static int text(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    int rc = tn_set_header(answer, "Cache-Control", "private, max-age=60");

    (void)ctx;
    (void)request;
    (void)data;
    return rc ? rc
              : tn_answer_text(answer, 200, "text/plain; charset=utf-8",
                               "grüß dich\n");
}

static int away(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    (void)ctx;
    (void)data;
    return tn_answer_redirect(answer, tn_query(request, "to"));
}

static int done(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    tn_value *arguments = tn_map(ctx);

    (void)data;
    tn_put(arguments, "name", tn_text(ctx, tn_form_field(request, "name")));
    return tn_answer_done(answer, "/m/notice",
                          tn_t(ctx, "api_c.done", arguments));
}

static int page(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    tn_value *map = tn_map(ctx);

    (void)request;
    (void)data;
    tn_put(map, "hello", tn_text(ctx, "<b>hello</b>"));
    tn_put(map, "raw", tn_text(ctx, "<script>alert(1)</script>"));
    return tn_answer_page(answer, "page", "api_c.page", map);
}

/* What came several times; a page of its own name that is no success. */
static int several(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                   void *data)
{
    tn_value *map = tn_map(ctx), *head = tn_map(ctx);

    (void)data;
    tn_put(head, "title", tn_text(ctx, "Own <title>"));
    tn_put(map, "page", head);
    tn_put(map, "hello",
           tn_text(ctx, tn_to_json(ctx, tn_form_list(request, "x[]"))));
    tn_set_status(answer, 422);
    return tn_answer_page(answer, "page", "api_c.page", map);
}

static int count_all(tn_ctx *ctx, void *out)
{
    return tn_records_count(out, ctx, ITEM, NULL);
}

/* What the module sees, what the person; JSON there and back. */
static int itself(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                  void *data)
{
    tn_value *map = tn_map(ctx);
    const tn_value *read;
    const char *token = tn_token(ctx);
    int64_t all = 0, own = 0;
    int rc = tn_as_module(ctx, count_all, &all);

    (void)request;
    (void)data;
    if (rc == TN_OK)
        rc = count_all(ctx, &own);
    if (rc == TN_OK)
        rc = tn_from_json(&read, ctx, "{\"a\":[1,\"b\"]}");
    if (rc != TN_OK)
        return rc;
    tn_put(map, "all", tn_int(ctx, all));
    tn_put(map, "own", tn_int(ctx, own));
    tn_put(map, "json", tn_text(ctx, tn_to_json(ctx, tn_item(read, "a"))));
    tn_put(map, "token", tn_int(ctx, token ? (int64_t)strlen(token) : 0));
    tn_put(map, "may", tn_bool(ctx, tn_may(ctx, ITEM, "create")));
    tn_put(map, "may_not", tn_bool(ctx, tn_may(ctx, ITEM, "design")));
    return tn_answer_json(answer, 200, map);
}

static int figures(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                   void *data)
{
    const char *group = tn_query(request, "group");
    const char *measure = tn_query(request, "measure");
    const tn_value *rows;
    tn_value *map = tn_map(ctx);
    int rc = tn_records_aggregate(
        &rows, ctx, ITEM, .groups = &group, .group_count = group ? 1 : 0,
        .measures =
            (const char *const[]){ "count", measure ? measure : "sum:amount" },
        .measure_count = 2, .sort = tn_query(request, "sort"),
        .where = TN_STARTS("name", tn_text(ctx, "figure")));

    (void)data;
    if (rc != TN_OK)
        return rc;
    tn_put(map, "rows", (tn_value *)(uintptr_t)rows);
    return tn_answer_json(answer, 200, map);
}

static int create_item(tn_ctx *ctx, const char *name, int64_t *id)
{
    tn_value *values = tn_map(ctx);

    tn_put(values, "name", tn_text(ctx, name));
    return tn_records_create(id, ctx, ITEM, values);
}

struct writing {
    const char *inner, *outer;
};

static int write_inner(tn_ctx *ctx, void *data)
{
    const struct writing *writing = data;
    int64_t id;
    int rc = create_item(ctx, "tx inner", &id);

    return rc == TN_OK && strcmp(writing->inner, "fail") == 0
               ? tn_fail(ctx, TN_E_CONFLICT, "api_c.keep", "inner")
               : rc;
}

static int write_outer(tn_ctx *ctx, void *data)
{
    const struct writing *writing = data;
    int64_t id;
    int rc = create_item(ctx, "tx one", &id);

    if (rc == TN_OK && writing->inner)
        (void)tn_transaction(ctx, write_inner, data);
    if (rc == TN_OK)
        rc = create_item(ctx, writing->outer, &id);
    return rc;
}

/* outer "bad": the second record is refused; inner: in a part of its own. */
static int transaction(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                       void *data)
{
    struct writing writing = { tn_form_field(request, "inner"),
                               tn_form_field(request, "outer") };
    int rc = tn_transaction(ctx, write_outer, &writing);

    (void)data;
    return rc != TN_OK ? rc : tn_answer_json(answer, 200, tn_map(ctx));
}

static int removal(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                   void *data)
{
    const tn_value *sent = tn_json(request);
    int rc = tn_records_delete(ctx, ITEM, tn_as_id(tn_item(sent, "id")),
                               tn_as_int(tn_item(sent, "version"), 0));

    (void)data;
    return rc != TN_OK ? rc : tn_answer_json(answer, 200, tn_map(ctx));
}

/* In the menu of one person only. */
static int shown(tn_ctx *ctx, void *data)
{
    (void)data;
    return is_text(tn_item(tn_person(ctx), "login"), "zhang.wei")
               ? TN_OK
               : TN_E_NOT_FOUND;
}

static void add_row(tn_ctx *ctx, tn_value *rows, const char *label,
                    int64_t cents)
{
    tn_value *row = tn_map(ctx);

    tn_put(row, "label", tn_text(ctx, label));
    tn_put(row, "value", tn_decimal_value(ctx, cents, 2));
    tn_put(row, "url", tn_text(ctx, "/m/api/page?of=1"));
    tn_append(rows, row);
}

/* Figures and days as people and fields have them. */
static int words(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                 void *data)
{
    /* 23:30 UTC: the next day already, east of it. */
    int64_t instant = INT64_C(1764027000000);
    tn_value *map = tn_map(ctx), *amount = tn_decimal_value(ctx, 123450, 2);

    (void)request;
    (void)data;
    tn_put(map, "day", tn_text(ctx, tn_iso_date(ctx, instant)));
    tn_put(map, "money", tn_text(ctx, tn_money(ctx, amount, "CNY")));
    tn_put(map, "none", tn_text(ctx, tn_number(ctx, NULL)));
    tn_put(map, "number", tn_text(ctx, tn_number(ctx, amount)));
    return tn_answer_json(answer, 200, map);
}

static int chart(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                 void *data)
{
    tn_value *map = tn_map(ctx), *rows = tn_list(ctx), *options = tn_map(ctx);
    tn_value *made;
    int rc;

    (void)data;
    add_row(ctx, rows, "Quoted <b>", 120050);
    add_row(ctx, rows, "Won", 30000);
    tn_put(options, "title", tn_text(ctx, "Amounts"));
    tn_put(options, "format", tn_text(ctx, "money"));
    tn_put(options, "currency", tn_text(ctx, "CNY"));
    rc = tn_chart(&made, ctx, tn_param(request, "kind"), rows, options);
    if (rc != TN_OK)
        return rc;
    tn_put(map, "chart", made);
    return tn_answer_page(answer, "chart", "api_c.page", map);
}

static int start(tn_module *self)
{
    TN_ON(self, .form = ITEM, .when = TN_BEFORE_SAVE, .call = before_save);
    TN_ON(self, .form = ITEM, .when = TN_AFTER_SAVE, .call = after_save);
    TN_ON(self, .form = ITEM, .when = TN_BEFORE_DELETE, .call = before_delete);
    TN_ON(self, .form = ITEM, .when = TN_COMMITTED, .call = committed);
    TN_ROUTE(self, .path = "/api/v1/m/api_c/echo/{word}", .call = echo,
             .example = "/api/v1/m/api_c/echo/x");
    TN_ROUTE(self, .path = "/api/v1/m/api_c/find", .call = find);
    TN_ROUTE(self, .path = "/api/v1/m/api_c/update", .method = "POST",
             .call = update);
    TN_ROUTE(self, .path = "/api/v1/m/api_c/figures", .call = figures);
    TN_ROUTE(self, .path = "/api/v1/m/api_c/transaction", .method = "POST",
             .call = transaction);
    TN_ROUTE(self, .path = "/api/v1/m/api_c/delete", .method = "POST",
             .call = removal);
    TN_ROUTE(self, .path = "/api/v1/m/api_c/self", .call = itself,
             .expensive = true, .anonymous = true);
    TN_MENU(self, .title = "api_c.page", .path = "/m/api_c/page",
            .call = shown);
    TN_ROUTE(self, .path = "/m/api_c/several", .method = "POST",
             .call = several);
    TN_ROUTE(self, .path = "/m/api_c/text", .call = text);
    TN_ROUTE(self, .path = "/m/api_c/away", .call = away);
    TN_ROUTE(self, .path = "/m/api_c/done", .method = "POST", .call = done);
    TN_ROUTE(self, .path = "/m/api_c/admin", .access = TN_ADMINISTRATOR,
             .call = text);
    TN_ROUTE(self, .path = "/m/api_c/public", .access = TN_PUBLIC,
             .call = text);
    TN_ROUTE(self, .path = "/api/v1/m/api_c/words", .call = words);
    TN_ROUTE(self, .path = "/m/api_c/chart/{kind}", .call = chart,
             .example = "/m/api_c/chart/bar");
    TN_ROUTE(self, .path = "/m/api_c/page", .call = page);
    start_calls(self);
    start_files(self);
    start_people(self);
    return start_work(self);
}

TN_MODULE(start)
