/*
 * records_list.c - the list page: filter, search, sort, page, columns, bin.
 *
 * The address holds everything (themes/default/README.md, "Lists"), so that
 * the list can be sent, reloaded and gone back to. This page is the one that
 * people open most: what it needs of each row is made once for the column.
 */
#include "base/banned.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/numbers.h"
#include "base/str.h"
#include "form/field_type.h"
#include "org/org.h"
#include "org/person.h"
#include "portal/imports.h"
#include "portal/portal.h"
#include "portal/records.h"
#include "portal/records_board.h"
#include "portal/records_chart.h"
#include "portal/records_columns.h"
#include "portal/records_fields.h"
#include "portal/records_filter.h"
#include "portal/records_totals.h"
#include "portal/records_views.h"
#include "store/db.h"
#include "view/view.h"
#include "web/request.h"
#include "web/router.h"

enum { PAGE_ROWS = 50, COUNT_CAP = 1000, PAGES_MAX = 20000 };

struct list_page {
    struct ctx *ctx;
    struct request *request;
    const struct form *form;
    struct columns columns;
    struct records_filter filter;
    struct record_query query;
    const char *path;
    const char *kind; /* "list", "kanban", "chart" */
    int page;
    bool bin, totals;
};

/* ---- columns ---- */

static struct value *column_value(struct list_page *list,
                                  const struct column *column)
{
    struct ctx *ctx = list->ctx;
    struct value *map = value_map(ctx->arena);
    bool sorted = text_equal(list->query.sort, column->key);
    const char *sort;

    value_set_text(map, "key", column->key);
    value_set(map, "label", column->label);
    if (column->numeric)
        value_set_bool(map, "numeric", true);
    if (column->primary)
        value_set_bool(map, "primary", true);
    if (column->width)
        value_set_int(map, "width", column->width);
    if (!record_sort_known(list->form, column->key))
        return map;
    if (sorted)
        value_set_bool(map, list->query.descending ? "descending" : "ascending",
                       true);
    sort =
        arena_printf(ctx->arena, "%s%s",
                     sorted && !list->query.descending ? "-" : "", column->key);
    value_set(map, "sort_url",
              value_url(ctx->arena,
                        records_filter_url(ctx, &list->filter, "sort", sort)));
    return map;
}

/* ---- rows ---- */

static struct value *row_value(struct list_page *list,
                               const struct record *record)
{
    struct ctx *ctx = list->ctx;
    struct value *row = value_map(ctx->arena);
    struct value *cells = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < list->columns.count; i++) {
        const struct column *column = &list->columns.items[i];
        struct value *cell = column_cell(ctx, column, record);

        /* A row must be opened by something that can be read. */
        if (column->primary && text_empty(value_get_text(cell, "text")))
            value_set_text(cell, "text", record_label(ctx, record));
        value_append(cells, cell);
    }
    value_set_id(row, "id", record->id);
    value_set_text(row, "label", record_label(ctx, record));
    value_set(row, "url", value_url(ctx->arena, record_path(ctx, record)));
    value_set(row, "cells", cells);
    return row;
}

/* Only the columns that are shown, and the label's field, are read. */
static void choose_fields(struct list_page *list)
{
    struct ctx *ctx = list->ctx;
    const struct field **fields =
        arena_array(ctx->arena, list->columns.count + 2, sizeof *fields);
    const struct field *label =
        list->form->label_field
            ? form_field(list->form, list->form->label_field)
            : NULL;
    const char *sort = list->query.sort;
    const struct field *sorted = sort ? form_field(list->form, sort) : NULL;
    size_t count = 0, i;
    bool has_label = false, has_sorted = false;

    for (i = 0; i < list->columns.count; i++)
        if (list->columns.items[i].field) {
            fields[count++] = list->columns.items[i].field;
            has_label = has_label || list->columns.items[i].field == label;
            has_sorted = has_sorted || list->columns.items[i].field == sorted;
        }
    if (label && !has_label)
        fields[count++] = label;
    if (sorted && sorted != label && !has_sorted)
        fields[count++] = sorted;
    list->query.fields = fields;
    list->query.field_count = count;
}

/* ---- the page ---- */

static int read_sort(struct list_page *list)
{
    const char *sort = list->filter.sort;

    if (text_empty(sort))
        sort =
            value_get_text(value_get(list->form->definition, "list"), "sort");
    if (!sort)
        return 0;
    list->query.descending = *sort == '-';
    list->query.sort = sort + (*sort == '-');
    if (!record_sort_known(list->form, list->query.sort))
        return fail_at(list->ctx, E_INVALID, "sort", "form.bad_sort",
                       "the list can't be sorted by %s", list->query.sort);
    return 0;
}

static int read_page(struct list_page *list)
{
    const char *text = request_query(list->request, "page");
    int64_t page = 1;

    if (!text_empty(text) && int_parse(&page, text, 1, PAGES_MAX))
        return fail_at(list->ctx, E_INVALID, "page", "records.bad_page",
                       "there is no such page");
    list->page = (int)page;
    list->query.limit = PAGE_ROWS;
    list->query.offset = (list->page - 1) * PAGE_ROWS;
    return 0;
}

static struct value *url_of_page(struct list_page *list, int page)
{
    struct ctx *ctx = list->ctx;

    return value_url(
        ctx->arena,
        records_filter_url(ctx, &list->filter, "page",
                           page > 1 ? arena_printf(ctx->arena, "%d", page)
                                    : NULL));
}

static const char *count_text(struct ctx *ctx, int64_t count)
{
    return count > COUNT_CAP
               ? arena_printf(ctx->arena, "%s+", int_human(ctx, COUNT_CAP))
               : int_human(ctx, count);
}

static void add_pager(struct list_page *list, struct value *data, size_t rows,
                      int64_t count)
{
    struct ctx *ctx = list->ctx;
    struct value *pager = value_map(ctx->arena);
    int64_t from = (int64_t)list->query.offset + 1;
    const char *total =
        list->totals ? int_human(ctx, count) : count_text(ctx, count);

    value_set_text(data, "count_text", total);
    if (!rows || (count <= PAGE_ROWS && list->page == 1))
        return;
    value_set_text(pager, "from", int_human(ctx, from));
    value_set_text(pager, "to", int_human(ctx, from + (int64_t)rows - 1));
    value_set_text(pager, "total_text", total);
    if (list->page > 1) {
        value_set(pager, "prev_url", url_of_page(list, list->page - 1));
        value_set(pager, "first_url", url_of_page(list, 1));
    }
    if (rows == PAGE_ROWS && from + PAGE_ROWS - 1 != count)
        value_set(pager, "next_url", url_of_page(list, list->page + 1));
    value_set(data, "pager", pager);
}

static void add_empty(struct list_page *list, struct value *data, bool create)
{
    struct ctx *ctx = list->ctx;
    struct value *empty = value_map(ctx->arena);
    bool narrowed = records_filter_active(&list->filter);

    value_set_text(empty, "text",
                   tr(ctx, list->bin  ? "records.bin_empty"
                           : narrowed ? "records.none_found"
                                      : "records.none_yet"));
    if (narrowed && !list->bin) {
        value_set(
            empty, "url",
            value_url(ctx->arena, records_view_url(ctx, list->form,
                                                   &list->filter.views, NULL)));
        value_set_text(empty, "label", tr(ctx, "records.show_all"));
    } else if (create && !list->bin) {
        value_set(empty, "url",
                  value_url(ctx->arena,
                            arena_printf(ctx->arena, "%s/new", list->path)));
        value_set_text(empty, "label", tr(ctx, "records.new"));
    }
    value_set(data, "empty", empty);
}

/* An address below the list's, with the same filter and order. */
static const char *url_beside(struct list_page *list, const char *name)
{
    struct records_filter filter = list->filter;

    filter.path = arena_printf(list->ctx->arena, "%s/%s", list->path, name);
    filter.kept = NULL;
    return records_filter_url(list->ctx, &filter, NULL, NULL);
}

/* The list as it is shown, filter and order, as a file; bringing one in. */
static void add_more(struct list_page *list, struct value *data)
{
    static const struct {
        const char *key, *format, *columns;
    } kinds[] = { { "export.menu_xlsx", "xlsx", NULL },
                  { "export.menu_csv", "csv", NULL },
                  { "export.menu_all", "xlsx", "all" } };
    struct ctx *ctx = list->ctx;
    struct records_filter filter = list->filter;
    struct value *exports = value_list(ctx->arena);
    size_t i;

    if (imports_may(ctx, list->form))
        value_set(data, "import_url",
                  value_url(ctx->arena,
                            arena_printf(ctx->arena, "%s/import", list->path)));
    filter.path = arena_printf(ctx->arena, "%s/export", list->path);
    filter.kept = NULL;
    for (i = 0; access_form(ctx, list->form->name, RIGHT_EXPORT) && i < 3;
         i++) {
        struct value *item = value_map(ctx->arena);

        const char *url =
            records_filter_url(ctx, &filter, "format", kinds[i].format);

        if (kinds[i].columns)
            url = arena_printf(ctx->arena, "%s&columns=%s", url,
                               kinds[i].columns);
        value_set_text(item, "label", tr(ctx, kinds[i].key));
        value_set(item, "url", value_url(ctx->arena, url));
        value_append(exports, item);
    }
    value_set(data, "exports", exports);
    if (value_count(exports) || value_get(data, "import_url"))
        value_set_bool(data, "more", true);
}

static void add_tools(struct list_page *list, struct value *data)
{
    struct ctx *ctx = list->ctx;
    const char *name = list->form->name;

    value_set_bool(data, "search", true);
    if (!list->bin && strcmp(list->kind, "list") == 0)
        value_set(data, "column_choices",
                  columns_choices(ctx, list->form, &list->columns));
    if (!list->bin) {
        value_set(data, "columns_url",
                  value_url(ctx->arena, url_beside(list, "columns")));
        value_set_text(data, "live",
                       arena_printf(ctx->arena, "records:%s", name));
    }
    if (!list->bin && records_may_create(ctx, list->form)) {
        value_set(data, "new_url",
                  value_url(ctx->arena,
                            arena_printf(ctx->arena, "%s/new", list->path)));
        value_set_text(data, "new_label", tr(ctx, "records.new"));
    }
    if (!list->bin)
        add_more(list, data);
}

static void add_choice(struct ctx *ctx, struct value *list, const char *value,
                       const char *label, bool danger)
{
    struct value *item = value_map(ctx->arena);

    value_set_text(item, "value", value);
    value_set_text(item, "label", label);
    if (danger)
        value_set_bool(item, "danger", true);
    value_append(list, item);
}

/* What can be done with several at once; the records' rights are asked then.
 * A form of which somebody changes nothing has no ticks. */
static void add_bulk(struct list_page *list, struct value *data, int64_t count)
{
    struct ctx *ctx = list->ctx;
    const struct form *form = list->form;
    struct value *actions = value_list(ctx->arena);
    struct value *fields = value_list(ctx->arena);
    struct value *args = value_map(ctx->arena);
    struct records_filter filter = list->filter;
    size_t i;

    if (form->anonymous ||
        (form->closed && !access_form(ctx, form->name, RIGHT_DESIGN)))
        return;
    if (!list->bin && access_form(ctx, form->name, RIGHT_UPDATE)) {
        for (i = 0; i < form->field_count; i++) {
            const struct field *field = form->fields[i];

            if (!field->hidden && !field->read_only && field->column &&
                strcmp(field->type->name, "file") != 0)
                add_choice(ctx, fields, field->key,
                           records_title(ctx, form, field->key), false);
        }
        if (value_count(fields))
            add_choice(ctx, actions, "edit", tr(ctx, "bulk.edit"), false);
    }
    if (access_form(ctx, form->name, RIGHT_DELETE))
        add_choice(ctx, actions, list->bin ? "restore" : "delete",
                   tr(ctx, list->bin ? "records.restore" : "records.delete"),
                   !list->bin);
    if (!value_count(actions))
        return;
    filter.path = arena_printf(ctx->arena, "%s/bulk", records_path(ctx, form));
    filter.kept = NULL;
    value_set_bool(data, "selectable", true);
    value_set(data, "bulk", actions);
    value_set(data, "bulk_fields", fields);
    value_set(
        data, "bulk_url",
        value_url(ctx->arena, records_filter_url(ctx, &filter, "bin",
                                                 list->bin ? "true" : NULL)));
    if (count <= PAGE_ROWS)
        return;
    value_set_text(args, "count", value_get_text(data, "count_text"));
    value_set_text(data, "bulk_all", tr_with(ctx, "bulk.all", args));
}

static int fill(struct list_page *list, struct value *data)
{
    struct ctx *ctx = list->ctx;
    struct value *rows = value_list(ctx->arena);
    struct value *columns = value_list(ctx->arena);
    struct record **records;
    size_t count, i;
    int64_t total = 0;
    bool sized = true;
    int rc = read_begin(ctx);

    if (rc)
        return rc;
    choose_fields(list);
    rc = record_list(&records, &count, ctx, list->form, &list->query);
    if (!rc)
        rc = list->totals ? records_totals(data, &total, ctx, list->form,
                                           &list->query, &list->columns)
                          : record_count(&total, ctx, list->form, &list->query,
                                         COUNT_CAP);
    for (i = 0; !rc && i < list->columns.count; i++) {
        struct value *column = column_value(list, &list->columns.items[i]);

        value_append(columns, column);
        if (value_get(column, "sort_url"))
            value_set_bool(data, "sortable", true);
        sized = sized && list->columns.items[i].width;
    }
    for (i = 0; !rc && i < count; i++)
        value_append(rows, row_value(list, records[i]));
    read_end(ctx);
    if (rc)
        return rc;
    value_set(data, "columns", columns);
    if (sized)
        value_set_bool(data, "sized", true);
    value_set(data, "rows", rows);
    add_pager(list, data, count, total);
    if (count)
        add_bulk(list, data, total);
    if (count && !list->bin && !list->totals)
        value_set(data, "totals_url",
                  value_url(ctx->arena, url_beside(list, "totals")));
    if (!count)
        add_empty(list, data, records_may_create(ctx, list->form));
    return 0;
}

/* Another face of the same records. */
static int fill_board(struct list_page *list, struct value *data)
{
    struct ctx *ctx = list->ctx;
    int64_t total = 0;
    int rc = read_begin(ctx);

    if (rc)
        return rc;
    rc = record_count(&total, ctx, list->form, &list->query, COUNT_CAP);
    if (!rc)
        rc = strcmp(list->kind, "kanban") == 0
                 ? records_kanban_show(ctx, list->request, &list->filter,
                                       &list->query, data)
                 : records_chart_show(ctx, list->request, &list->filter,
                                      &list->query, data);
    read_end(ctx);
    value_set_text(data, "count_text", count_text(ctx, total));
    return rc;
}

static int start_list(struct list_page *list, struct ctx *ctx,
                      struct request *request, bool bin)
{
    int rc;

    memset(list, 0, sizeof *list);
    list->ctx = ctx;
    list->request = request;
    list->bin = bin;
    list->kind = "list";
    rc = records_form(&list->form, ctx, request);
    if (rc)
        return rc;
    /* Somebody with a single record opened to him may list that one. */
    list->path = records_path(ctx, list->form);
    if (bin)
        list->path = arena_printf(ctx->arena, "%s/bin", list->path);
    list->query.bin = bin;
    rc = records_filter_read_with(
        &list->filter, ctx, request, list->form, list->path,
        bin ? " page edit " : " page edit" BOARD_PARAMS BOARD_ONCE);
    if (!rc && !bin)
        rc = records_kind(&list->kind, ctx, request, &list->filter);
    if (!rc)
        rc = read_sort(list);
    if (!rc)
        rc = read_page(list);
    if (rc)
        return rc;
    list->query.where = list->filter.where;
    list->query.search = list->filter.search;
    return columns_choose(&list->columns, ctx, &list->filter);
}

static int show_list(struct ctx *ctx, struct request *request,
                     struct response *response, bool bin, bool totals)
{
    struct value *data = value_map(ctx->arena);
    struct value *map = value_map(ctx->arena);
    struct list_page list;
    const char *title, *redirect;
    int rc = start_list(&list, ctx, request, bin);

    if (rc)
        return rc;
    redirect = list.filter.redirect;
    /* A bare address leads to what opens first. */
    if (!redirect && !bin && list.filter.views.first &&
        !value_count(request->query))
        redirect = records_view_url(ctx, list.form, &list.filter.views,
                                    list.filter.views.first);
    if (redirect)
        return response_redirect(ctx, response, redirect);
    list.totals = totals;
    title = locale_pick(ctx, list.form->title);
    value_set(map, "url", value_url(ctx->arena, list.path));
    value_set_text(map, "title", title);
    records_filter_show(ctx, &list.filter, map);
    add_tools(&list, map);
    records_views_show(ctx, &list.filter, map, bin);
    if (!bin)
        records_kinds_show(ctx, &list.filter, list.kind, map);
    rc = strcmp(list.kind, "list") == 0 ? fill(&list, map)
                                        : fill_board(&list, map);
    if (rc)
        return rc;
    value_set(data, "list", map);
    if (list.filter.edit_problem)
        response->status = 422;
    return portal_page(ctx, request, response, "records/list", title, data);
}

static int list_page(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    (void)payload;
    return show_list(ctx, request, response, false, false);
}

/* The same with figures under it: costs more, so it is asked for. */
static int totals_page(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    (void)payload;
    return show_list(ctx, request, response, false, true);
}

static int bin_page(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    (void)payload;
    return show_list(ctx, request, response, true, false);
}

void records_list_start(void)
{
    static const struct route routes[] = {
        { "GET", "/records/{form}", ROUTE_PERSON, ROUTE_PAGE, list_page, NULL,
          NULL, "/records/visitor" },
        { "GET", "/records/{form}/bin", ROUTE_PERSON, ROUTE_PAGE, bin_page,
          NULL, NULL, "/records/visitor/bin" },
        { "GET", "/records/{form}/totals", ROUTE_PERSON,
          ROUTE_PAGE | ROUTE_EXPENSIVE, totals_page, NULL, NULL,
          "/records/visitor/totals" },
        { .method = NULL },
    };

    route_add_table(routes);
    records_columns_start();
    records_views_start();
    records_bulk_start();
}
