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
#include "portal/portal.h"
#include "portal/records.h"
#include "portal/records_fields.h"
#include "portal/records_filter.h"
#include "store/db.h"
#include "view/view.h"
#include "web/request.h"
#include "web/router.h"

enum {
    PAGE_ROWS = 50,
    COUNT_CAP = 1000,
    COLUMNS_MAX = 20,
    DEFAULT_COLUMNS = 6,
    PAGES_MAX = 20000
};

/* A column of the list, with the parts that all its cells share. */
struct column {
    const char *key;
    const struct field *field; /* NULL: a column of the system */
    struct value *label, *control;
    struct value *shared; /* what all its cells have */
    bool numeric, primary;
};

struct list_page {
    struct ctx *ctx;
    struct request *request;
    const struct form *form;
    struct column columns[COLUMNS_MAX];
    size_t column_count;
    struct records_filter filter;
    struct record_query query;
    const char *path;
    int page;
    bool bin;
};

/* ---- columns ---- */

static bool column_known(const struct form *form, const char *key)
{
    static const char *const system[] = { "owner",      "department",
                                          "state",      "created_at",
                                          "updated_at", "updated_by" };
    const struct field *field = form_field(form, key);
    size_t i;

    if (field)
        return !field->hidden && field->column;
    for (i = 0; i < sizeof system / sizeof system[0]; i++)
        if (strcmp(system[i], key) == 0)
            return true;
    return false;
}

static const char *system_control(const char *key)
{
    if (strcmp(key, "state") == 0)
        return "field/choice.cell";
    if (strcmp(key, "created_at") == 0 || strcmp(key, "updated_at") == 0)
        return "field/datetime.cell";
    return "field/text.cell";
}

static void add_column(struct list_page *list, const char *key)
{
    struct ctx *ctx = list->ctx;
    struct column *column;
    size_t i;

    if (!key || list->column_count == COLUMNS_MAX ||
        !column_known(list->form, key))
        return;
    for (i = 0; i < list->column_count; i++)
        if (strcmp(list->columns[i].key, key) == 0)
            return;
    column = &list->columns[list->column_count++];
    column->key = key;
    column->field = form_field(list->form, key);
    column->label = value_text(ctx->arena, records_title(ctx, list->form, key));
    column->control = value_text(
        ctx->arena, column->field ? records_control(ctx, column->field, "cell")
                                  : system_control(key));
    column->numeric =
        column->field && column->field->type->flags & FIELD_NUMBER;
}

/* The person's own choice, else the definition's, else the first fields. */
static int choose_columns(struct list_page *list)
{
    struct ctx *ctx = list->ctx;
    const struct value *wanted =
        value_get(value_get(list->form->definition, "list"), "columns");
    const char *chosen = NULL;
    char *rest, *key;
    size_t i;
    int rc;

    rc = db_text(&chosen, ctx,
                 "SELECT columns FROM form_columns WHERE person = ?1"
                 " AND form = ?2",
                 "ii", ctx->person->id, list->form->id);
    if (rc && rc != E_NOT_FOUND)
        return rc;
    if (!rc && chosen) {
        rest = arena_strdup(ctx->arena, chosen);
        while ((key = strsep(&rest, ",")))
            add_column(list, key);
    }
    for (i = 0; !list->column_count && i < value_count(wanted);)
        while (i < value_count(wanted))
            add_column(list, value_as_text(value_at(wanted, i++)));
    if (!list->column_count) {
        for (i = 0; i < list->form->field_count &&
                    list->column_count < DEFAULT_COLUMNS;
             i++)
            add_column(list, list->form->fields[i]->key);
        add_column(list, "created_at");
    }
    for (i = 0; i < list->column_count; i++)
        if (text_equal(list->columns[i].key, list->form->label_field))
            break;
    list->columns[i < list->column_count ? i : 0].primary = true;
    return 0;
}

static struct value *column_choices(struct list_page *list)
{
    static const char *const system[] = { "state",      "owner",
                                          "department", "created_at",
                                          "updated_at", "updated_by" };
    struct ctx *ctx = list->ctx;
    struct value *choices = value_list(ctx->arena);
    size_t total = list->form->field_count + sizeof system / sizeof system[0];
    size_t i, j;

    for (i = 0; i < total; i++) {
        const char *key = i < list->form->field_count
                              ? list->form->fields[i]->key
                              : system[i - list->form->field_count];
        struct value *choice;
        bool shown = false;

        if (!column_known(list->form, key))
            continue;
        for (j = 0; j < list->column_count; j++)
            shown = shown || strcmp(list->columns[j].key, key) == 0;
        choice = value_map(ctx->arena);
        value_set_text(choice, "key", key);
        value_set_text(choice, "label", records_title(ctx, list->form, key));
        value_set_bool(choice, "shown", shown);
        value_append(choices, choice);
    }
    return choices;
}

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

static void show_system(struct ctx *ctx, struct value *cell, const char *key,
                        const struct record *record)
{
    if (strcmp(key, "state") == 0) {
        struct value *state = records_state(ctx, record->state);

        value_set(cell, "text", value_get(state, "text"));
        value_set(cell, "color", value_get(state, "color"));
    } else if (strcmp(key, "owner") == 0) {
        value_set_text(cell, "text", person_name(ctx, record->owner));
    } else if (strcmp(key, "updated_by") == 0) {
        value_set_text(cell, "text", person_name(ctx, record->updated_by));
    } else if (strcmp(key, "department") == 0) {
        if (record->department)
            value_set_text(cell, "text",
                           department_name(ctx, record->department));
    } else {
        portal_time(ctx, cell,
                    strcmp(key, "created_at") == 0 ? record->created_at
                                                   : record->updated_at);
        value_set(cell, "text", value_get(cell, "when"));
    }
}

static struct value *shared_part(struct list_page *list,
                                 const struct column *column)
{
    struct value *cell = value_map(list->ctx->arena);

    value_set(cell, "control", column->control);
    value_set(cell, "label", column->label);
    if (column->numeric)
        value_set_bool(cell, "numeric", true);
    if (column->primary)
        value_set_bool(cell, "primary", true);
    return cell;
}

static struct value *row_value(struct list_page *list,
                               const struct record *record)
{
    struct ctx *ctx = list->ctx;
    struct value *row = value_map(ctx->arena);
    struct value *cells = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < list->column_count; i++) {
        const struct column *column = &list->columns[i];
        struct value *cell = value_map_like(ctx->arena, column->shared);

        if (column->field)
            records_show(ctx, cell, column->field,
                         value_get(record->values, column->key));
        else
            show_system(ctx, cell, column->key, record);
        /* A row must be opened by something that can be read. */
        if (column->primary && text_empty(value_get_text(cell, "text")))
            value_set_text(cell, "text", record_label(ctx, record));
        value_append(cells, cell);
    }
    value_set_id(row, "id", record->id);
    value_set(row, "url", value_url(ctx->arena, record_path(ctx, record)));
    value_set(row, "cells", cells);
    return row;
}

/* Only the columns that are shown, and the label's field, are read. */
static void choose_fields(struct list_page *list)
{
    struct ctx *ctx = list->ctx;
    const struct field **fields =
        arena_array(ctx->arena, list->column_count + 2, sizeof *fields);
    const struct field *label =
        list->form->label_field
            ? form_field(list->form, list->form->label_field)
            : NULL;
    const char *sort = list->query.sort;
    const struct field *sorted = sort ? form_field(list->form, sort) : NULL;
    size_t count = 0, i;
    bool has_label = false, has_sorted = false;

    for (i = 0; i < list->column_count; i++)
        if (list->columns[i].field) {
            fields[count++] = list->columns[i].field;
            has_label = has_label || list->columns[i].field == label;
            has_sorted = has_sorted || list->columns[i].field == sorted;
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
    const char *sort = request_query(list->request, "sort");

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

static void add_pager(struct list_page *list, struct value *data, size_t rows,
                      int64_t count)
{
    struct ctx *ctx = list->ctx;
    struct value *pager = value_map(ctx->arena);
    int64_t from = (int64_t)list->query.offset + 1;
    const char *total =
        count > COUNT_CAP
            ? arena_printf(ctx->arena, "%s+", int_human(ctx, COUNT_CAP))
            : int_human(ctx, count);

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
        value_set(empty, "url", value_url(ctx->arena, list->path));
        value_set_text(empty, "label", tr(ctx, "records.show_all"));
    } else if (create && !list->bin) {
        value_set(empty, "url",
                  value_url(ctx->arena,
                            arena_printf(ctx->arena, "%s/new", list->path)));
        value_set_text(empty, "label", tr(ctx, "records.new"));
    }
    value_set(data, "empty", empty);
}

/* The list as it is shown, filter and order, as a file. */
static const char *export_url(struct list_page *list)
{
    struct records_filter filter = list->filter;

    filter.path = arena_printf(list->ctx->arena, "%s/export", list->path);
    return records_filter_url(list->ctx, &filter, NULL, NULL);
}

static void add_tools(struct list_page *list, struct value *data)
{
    struct ctx *ctx = list->ctx;
    const char *name = list->form->name;

    value_set_bool(data, "search", true);
    if (!list->bin) {
        value_set(data, "column_choices", column_choices(list));
        value_set(data, "columns_url",
                  value_url(ctx->arena, arena_printf(ctx->arena, "%s/columns",
                                                     list->path)));
        value_set_text(data, "live",
                       arena_printf(ctx->arena, "records:%s", name));
    }
    if (!list->bin && records_may_create(ctx, list->form)) {
        value_set(data, "new_url",
                  value_url(ctx->arena,
                            arena_printf(ctx->arena, "%s/new", list->path)));
        value_set_text(data, "new_label", tr(ctx, "records.new"));
    }
    if (!list->bin && access_form(ctx, name, RIGHT_EXPORT))
        value_set(data, "export_url", value_url(ctx->arena, export_url(list)));
}

static void add_views(struct list_page *list, struct value *data)
{
    static const char *const keys[] = { "records.all", "records.bin" };
    struct ctx *ctx = list->ctx;
    struct value *views = value_list(ctx->arena);
    const char *path = records_path(ctx, list->form);
    int i;

    if (!access_form(ctx, list->form->name, RIGHT_DELETE))
        return;
    for (i = 0; i < 2; i++) {
        struct value *view = value_map(ctx->arena);

        value_set_text(view, "label", tr(ctx, keys[i]));
        value_set(
            view, "url",
            value_url(ctx->arena,
                      i ? arena_printf(ctx->arena, "%s/bin", path) : path));
        if (list->bin == (i == 1))
            value_set_bool(view, "current", true);
        value_append(views, view);
    }
    value_set(data, "views", views);
}

static int fill(struct list_page *list, struct value *data)
{
    struct ctx *ctx = list->ctx;
    struct value *rows = value_list(ctx->arena);
    struct value *columns = value_list(ctx->arena);
    struct record **records;
    size_t count, i;
    int64_t total = 0;
    int rc = read_begin(ctx);

    if (rc)
        return rc;
    choose_fields(list);
    rc = record_list(&records, &count, ctx, list->form, &list->query);
    if (!rc)
        rc = record_count(&total, ctx, list->form, &list->query, COUNT_CAP);
    for (i = 0; !rc && i < list->column_count; i++) {
        list->columns[i].shared = shared_part(list, &list->columns[i]);
        value_append(columns, column_value(list, &list->columns[i]));
    }
    for (i = 0; !rc && i < count; i++)
        value_append(rows, row_value(list, records[i]));
    read_end(ctx);
    if (rc)
        return rc;
    value_set(data, "columns", columns);
    value_set(data, "rows", rows);
    add_pager(list, data, count, total);
    if (!count)
        add_empty(list, data, records_may_create(ctx, list->form));
    return 0;
}

static int start_list(struct list_page *list, struct ctx *ctx,
                      struct request *request, bool bin)
{
    int rc;

    memset(list, 0, sizeof *list);
    list->ctx = ctx;
    list->request = request;
    list->bin = bin;
    rc = records_form(&list->form, ctx, request);
    if (rc)
        return rc;
    /* Somebody with a single record opened to him may list that one. */
    list->path = records_path(ctx, list->form);
    if (bin)
        list->path = arena_printf(ctx->arena, "%s/bin", list->path);
    list->query.bin = bin;
    rc = read_sort(list);
    if (!rc)
        rc = read_page(list);
    if (!rc)
        rc = records_filter_read(&list->filter, ctx, request, list->form,
                                 list->path);
    if (rc)
        return rc;
    list->query.where = list->filter.where;
    list->query.search = list->filter.search;
    return choose_columns(list);
}

static int show_list(struct ctx *ctx, struct request *request,
                     struct response *response, bool bin)
{
    struct value *data = value_map(ctx->arena);
    struct value *map = value_map(ctx->arena);
    struct list_page list;
    const char *title;
    int rc = start_list(&list, ctx, request, bin);

    if (rc)
        return rc;
    if (list.filter.redirect)
        return response_redirect(ctx, response, list.filter.redirect);
    title = locale_pick(ctx, list.form->title);
    value_set(map, "url", value_url(ctx->arena, list.path));
    value_set_text(map, "title", title);
    records_filter_show(ctx, &list.filter, map);
    add_tools(&list, map);
    add_views(&list, map);
    rc = fill(&list, map);
    if (rc)
        return rc;
    value_set(data, "list", map);
    return portal_page(ctx, request, response, "records/list", title, data);
}

static int list_page(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    (void)payload;
    return show_list(ctx, request, response, false);
}

static int bin_page(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    (void)payload;
    return show_list(ctx, request, response, true);
}

static int columns_post(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    static const char *const names[] = { "columns[]", "return", NULL };
    const struct value *chosen = value_get(request->form, "columns[]");
    const char *back = request_form(request, "return");
    const struct form *form;
    struct buf buf;
    size_t i;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = records_form(&form, ctx, request);
    if (rc)
        return rc;
    buf_init(&buf, ctx->arena, 8192);
    for (i = 0; i < value_count(chosen) && i < COLUMNS_MAX; i++) {
        const char *key = value_as_text(value_at(chosen, i));

        if (!key || !column_known(form, key))
            return fail_at(ctx, E_INVALID, "columns[]", "form.unknown_field",
                           "there is no field %s", key ? key : "");
        buf_addf(&buf, "%s%s", i ? "," : "", key);
    }
    rc = tx_begin(ctx, "form.columns");
    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "INSERT INTO form_columns (person, form, columns)"
                 " VALUES (?1, ?2, ?3) ON CONFLICT (person, form)"
                 " DO UPDATE SET columns = ?3",
                 "iis", ctx->person->id, form->id, buf_text(&buf));
    rc = tx_end(ctx, rc);
    if (rc)
        return rc;
    return response_done(ctx, request, response,
                         back ? back : records_path(ctx, form), NULL);
}

void records_list_start(void)
{
    static const struct route routes[] = {
        { "GET", "/records/{form}", ROUTE_PERSON, ROUTE_PAGE, list_page, NULL,
          NULL, "/records/visitor" },
        { "GET", "/records/{form}/bin", ROUTE_PERSON, ROUTE_PAGE, bin_page,
          NULL, NULL, "/records/visitor/bin" },
        { "POST", "/records/{form}/columns", ROUTE_PERSON, 0, columns_post,
          NULL, NULL, NULL },
        { .method = NULL },
    };

    route_add_table(routes);
}
