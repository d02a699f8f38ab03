/*
 * records_filter.c - a list's filter and its address.
 *
 * Keys are looked up in the definition, operators in form/filter.h; values
 * are converted by the field's type. Anything else is refused (S20, S21).
 */
#include "base/banned.h"

#include "portal/records_filter.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "form/record.h"
#include "portal/records.h"
#include "portal/records_board.h"
#include "store/condition.h"
#include "web/request.h"

enum { GROUPS_MAX = FILTER_PARTS };

static int bad_filter(struct ctx *ctx, const char *name)
{
    return fail_at(ctx, E_INVALID, name, "records.bad_filter",
                   "the filter %s is not known here", name);
}

/* ---- reading the address ---- */

struct reader {
    struct records_filter *filter;
    struct ctx *ctx;
    size_t groups[GROUPS_MAX + 1]; /* part + 1 of the group N */
};

static void split_values(struct filter_test *test, struct ctx *ctx,
                         const char *text)
{
    char *rest = arena_strdup(ctx->arena, text), *part;

    test->values =
        arena_array(ctx->arena, FILTER_VALUES + 1, sizeof *test->values);
    if (strcmp(test->op->op, "empty") == 0)
        return;
    if (strcmp(test->op->op, "in") != 0) {
        test->values[test->count++] = text;
        return;
    }
    while ((part = strsep(&rest, ",")))
        if (*part && test->count <= FILTER_VALUES)
            test->values[test->count++] = part;
}

/* "KEY.OP", or "KEY.OP.2" where the same test stands there several times. */
static int read_test(struct reader *reader, size_t part, const char *name,
                     const char *rest, const char *value)
{
    struct filter_test test = { 0 };
    char *key = arena_strdup(reader->ctx->arena, rest);
    char *op = strchr(key, '.'), *number = op ? strchr(op + 1, '.') : NULL;
    int64_t ignored;

    if (!op || (number && int_parse(&ignored, number + 1, 2, FILTER_TESTS)))
        return bad_filter(reader->ctx, name);
    *op++ = '\0';
    if (number)
        *number = '\0';
    test.key = key;
    test.op = filter_op_named(op);
    if (!test.op)
        return bad_filter(reader->ctx, name);
    split_values(&test, reader->ctx, value);
    return filter_add(reader->filter->own, reader->ctx, reader->filter->form,
                      part, &test, name);
}

/* "gN.KEY.OP": the first of a group makes its part. */
static int read_group(struct reader *reader, const char *name,
                      const char *value)
{
    char *number = arena_strdup(reader->ctx->arena, name + 1);
    char *rest = strchr(number, '.');
    size_t *part;
    int64_t n;
    int rc;

    if (rest)
        *rest++ = '\0';
    if (!rest || int_parse(&n, number, 1, GROUPS_MAX))
        return bad_filter(reader->ctx, name);
    part = &reader->groups[n];
    rc = read_test(reader, *part ? *part - 1 : reader->filter->own->count, name,
                   rest, value);
    if (!rc && !*part)
        *part = reader->filter->own->count;
    return rc;
}

static bool is_group(const char *name)
{
    size_t digits = *name == 'g' ? strspn(name + 1, "0123456789") : 0;

    return digits && name[1 + digits] == '.';
}

static bool among(struct ctx *ctx, const char *words, const char *name)
{
    return !strchr(name, ' ') &&
           strstr(words, arena_printf(ctx->arena, " %s ", name));
}

static int read_one(struct reader *reader, const char *name, const char *value,
                    const char *others)
{
    struct records_filter *filter = reader->filter;
    struct ctx *ctx = reader->ctx;

    if (text_starts(name, "f.")) {
        filter->edited = true;
        return read_test(reader, filter->own->count, name, name + 2, value);
    }
    if (is_group(name)) {
        filter->edited = true;
        return read_group(reader, name, value);
    }
    if (strcmp(name, "match") == 0 &&
        (strcmp(value, "any") == 0 || strcmp(value, "all") == 0)) {
        filter->own->any = strcmp(value, "any") == 0;
        filter->edited = true;
    } else if (strcmp(name, "filter") == 0 && strcmp(value, "none") == 0) {
        filter->edited = true;
    } else if (strcmp(name, "q") == 0) {
        filter->search = *value ? value : NULL;
        filter->search_set = true;
    } else if (strcmp(name, "sort") == 0) {
        filter->sort_set = *value;
        filter->sort = *value ? value : NULL;
    } else if (among(ctx, BOARD_PARAMS, name) && among(ctx, others, name)) {
        /* An empty series says that there is none. */
        if (*value || strcmp(name, "series") == 0)
            value_set_text(filter->kept, name, value);
    } else if (*value && strcmp(name, "view") != 0 &&
               !among(ctx, others, name) && !text_starts(name, "add.")) {
        return bad_filter(ctx, name);
    }
    return 0;
}

/* ---- the view ---- */

static int find_view(struct records_filter *filter, struct ctx *ctx,
                     const char *key)
{
    int rc = view_list(&filter->views, ctx, filter->form);

    if (rc || text_empty(key))
        return rc;
    filter->all = strcmp(key, "all") == 0;
    filter->view = filter->all ? NULL : view_named(&filter->views, key);
    if (!filter->all && !filter->view)
        return fail_at(ctx, E_NOT_FOUND, "view", "form.no_view",
                       "there is no such view");
    return 0;
}

/* What the view brings: its filter where the address has none or may not take
 * it off; search and order where the address is silent. */
static void take_view(struct records_filter *filter, struct ctx *ctx)
{
    const struct value *content = filter->view->content;
    const char *sort = value_get_text(content, "sort");
    struct filter *of_view;
    struct ctx quiet = ctx_apart(ctx);

    if (filter_read(&of_view, &quiet, filter->form,
                    value_get(content, "filter"), "")) {
        of_view = arena_alloc(ctx->arena, sizeof *of_view);
        filter->stale = true;
    }
    if (filter->view->locked)
        filter->locked = of_view;
    else if (!filter->edited)
        filter->own = of_view;
    if (!filter->search_set)
        filter->search = value_get_text(content, "search");
    if (!filter->sort_set && sort &&
        record_sort_known(filter->form, sort + (*sort == '-')))
        filter->sort = sort;
}

struct value *records_filter_json(struct ctx *ctx,
                                  const struct records_filter *filter)
{
    struct value *own = filter_json(ctx, filter->own);
    struct value *locked =
        filter->locked ? filter_json(ctx, filter->locked) : NULL;
    struct value *both, *list;

    if (!own || !locked)
        return own ? own : locked;
    both = value_map(ctx->arena);
    list = value_list(ctx->arena);
    value_append(list, locked);
    value_append(list, own);
    value_set(both, "and", list);
    return both;
}

/* The condition of the address is refused where it does not fit; a view's
 * that does not fit any more is left out, and the page says so. */
static int compile(struct records_filter *filter, struct ctx *ctx)
{
    const struct value *json = records_filter_json(ctx, filter);
    struct ctx quiet = ctx_apart(ctx);

    if (!json)
        return 0;
    if (filter->edited || !filter->view)
        return record_condition(&filter->where, ctx, filter->form, json);
    if (record_condition(&filter->where, &quiet, filter->form, json)) {
        filter->where = NULL;
        filter->stale = true;
    }
    return 0;
}

static void read_edit(struct records_filter *filter,
                      const struct request *request)
{
    const char *text = request_query(request, "edit");
    const char *dot = text ? strchr(text, '.') : NULL;
    int64_t part, test;
    char number[8] = "";

    if (!dot || dot - text > 4)
        return;
    memcpy(number, text, (size_t)(dot - text));
    if (int_parse(&part, number, 0, FILTER_PARTS) ||
        int_parse(&test, dot + 1, 0, FILTER_TESTS) ||
        (size_t)part >= filter->own->count ||
        (size_t)test >= filter->own->parts[part].count)
        return;
    filter->editing = true;
    filter->edit_part = (size_t)part;
    filter->edit_test = (size_t)test;
}

int records_filter_read_with(struct records_filter *out, struct ctx *ctx,
                             const struct request *request,
                             const struct form *form, const char *path,
                             const char *others)
{
    struct reader reader = { .filter = out, .ctx = ctx };
    size_t i;
    int rc;

    memset(out, 0, sizeof *out);
    out->form = form;
    out->path = path;
    out->own = arena_alloc(ctx->arena, sizeof *out->own);
    out->kept = value_map(ctx->arena);
    rc = find_view(out, ctx, request_query(request, "view"));
    for (i = 0; !rc && i < value_count(request->query); i++)
        rc = read_one(&reader, value_key_at(request->query, i),
                      value_as_text(value_item_at(request->query, i)), others);
    if (!rc && out->view)
        take_view(out, ctx);
    if (!rc)
        rc = compile(out, ctx);
    if (rc)
        return rc;
    read_edit(out, request);
    return records_filter_add(out, ctx, request);
}

int records_filter_of_view(struct records_filter *out, struct ctx *ctx,
                           const struct form *form, const struct view *view)
{
    memset(out, 0, sizeof *out);
    out->form = form;
    out->path = records_path(ctx, form);
    out->own = arena_alloc(ctx->arena, sizeof *out->own);
    out->view = view;
    out->all = !view;
    if (view)
        take_view(out, ctx);
    return compile(out, ctx);
}

int records_filter_read(struct records_filter *out, struct ctx *ctx,
                        const struct request *request, const struct form *form,
                        const char *path)
{
    return records_filter_read_with(out, ctx, request, form, path,
                                    " page edit ");
}

bool records_filter_active(const struct records_filter *filter)
{
    return filter->search || filter->own->count;
}

/* ---- writing the address ---- */

/* "f.stage.eq", "g2.tags.contains.2". */
static const char *test_name(struct ctx *ctx, const struct value *params,
                             const char *prefix, const struct filter_test *test)
{
    const char *name =
        arena_printf(ctx->arena, "%s.%s.%s", prefix, test->key, test->op->name);
    const char *numbered = name;
    int number = 1;

    while (value_get(params, numbered))
        numbered = arena_printf(ctx->arena, "%s.%d", name, ++number);
    return numbered;
}

static const char *joined(struct ctx *ctx, const struct filter_test *test)
{
    struct buf buf;
    size_t i;

    if (!test->count)
        return "1";
    buf_init(&buf, ctx->arena, 1 << 17);
    for (i = 0; i < test->count; i++)
        buf_addf(&buf, "%s%s", i ? "," : "", test->values[i]);
    return buf_text(&buf);
}

static void add_tests(struct ctx *ctx, struct value *params,
                      const struct filter *filter)
{
    size_t i, j, group = 0;

    for (i = 0; i < filter->count; i++) {
        const struct filter_part *part = &filter->parts[i];
        const char *prefix = "f";

        if (part->count > 1)
            prefix = arena_printf(ctx->arena, "g%zu", ++group);
        for (j = 0; j < part->count; j++)
            value_set_text(params,
                           test_name(ctx, params, prefix, &part->tests[j]),
                           joined(ctx, &part->tests[j]));
    }
    if (filter->any && filter->count)
        value_set_text(params, "match", "any");
}

struct value *records_filter_params(struct ctx *ctx,
                                    const struct records_filter *filter)
{
    struct value *params = value_map(ctx->arena);
    const char *of_view =
        filter->view ? value_get_text(filter->view->content, "search") : NULL;
    size_t i;

    if (filter->view || filter->all)
        value_set_text(params, "view",
                       filter->view ? filter->view->key : "all");
    if (filter->edited || !filter->view)
        add_tests(ctx, params, filter->own);
    if (filter->edited && filter->view && !filter->own->count &&
        !filter->view->locked)
        value_set_text(params, "filter", "none");
    if (filter->search_set && (filter->search || of_view))
        value_set_text(params, "q", filter->search ? filter->search : "");
    if (filter->sort_set && filter->sort)
        value_set_text(params, "sort", filter->sort);
    for (i = 0; i < value_count(filter->kept); i++)
        value_set(params, value_key_at(filter->kept, i),
                  value_item_at(filter->kept, i));
    return params;
}

static void add_param(struct buf *url, bool first, const char *name,
                      const char *value)
{
    buf_add_char(url, first ? '?' : '&');
    buf_add_url(url, name, strlen(name));
    buf_add_char(url, '=');
    buf_add_url(url, value, strlen(value));
}

const char *records_filter_url(struct ctx *ctx,
                               const struct records_filter *filter,
                               const char *name, const char *value)
{
    struct value *params = records_filter_params(ctx, filter);
    struct buf url;
    size_t i;

    if (name && value)
        value_set_text(params, name, value);
    else if (name)
        value_remove(params, name);
    buf_init(&url, ctx->arena, 1 << 18);
    buf_add_text(&url, filter->path);
    for (i = 0; i < value_count(params); i++)
        add_param(&url, i == 0, value_key_at(params, i),
                  value_as_text(value_item_at(params, i)));
    return buf_text(&url);
}

const char *records_filter_url_of(struct ctx *ctx,
                                  const struct records_filter *filter,
                                  const struct filter *own)
{
    struct records_filter changed = *filter;

    changed.own = (struct filter *)own;
    changed.edited = true;
    return records_filter_url(ctx, &changed, NULL, NULL);
}

struct filter *records_filter_copy(struct ctx *ctx, const struct filter *filter)
{
    struct filter *copy = arena_memdup(ctx->arena, filter, sizeof *filter);
    size_t i;

    for (i = 0; i < copy->count; i++)
        copy->parts[i].tests =
            arena_memdup(ctx->arena, filter->parts[i].tests,
                         filter->parts[i].count * sizeof(struct filter_test));
    return copy;
}

void records_filter_drop(struct filter *filter, size_t part, size_t test)
{
    struct filter_part *of = &filter->parts[part];

    memmove(&of->tests[test], &of->tests[test + 1],
            (of->count - test - 1) * sizeof *of->tests);
    filter->tests--;
    if (--of->count)
        return;
    memmove(of, of + 1, (filter->count - part - 1) * sizeof *of);
    filter->count--;
    memset(&filter->parts[filter->count], 0, sizeof *of);
}

struct value *records_filter_keep(struct ctx *ctx,
                                  const struct records_filter *filter,
                                  const char *own)
{
    struct value *params = records_filter_params(ctx, filter);
    struct value *keep = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < value_count(params); i++) {
        const char *name = value_key_at(params, i);
        struct value *item;

        if (strstr(own, arena_printf(ctx->arena, " %s ", name)))
            continue;
        item = value_map(ctx->arena);
        value_set_text(item, "name", name);
        value_set(item, "value", value_item_at(params, i));
        value_append(keep, item);
    }
    return keep;
}

void records_filter_show(struct ctx *ctx, const struct records_filter *filter,
                         struct value *list)
{
    if (filter->search)
        value_set_text(list, "q", filter->search);
    value_set(list, "keep", records_filter_keep(ctx, filter, " q "));
    records_chips(ctx, filter, list);
    records_filter_editor(ctx, filter, list);
}
