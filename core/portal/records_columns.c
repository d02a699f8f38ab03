/*
 * records_columns.c - which columns a list shows, in which order and how wide:
 * a person's own choice is kept per form and view (E18).
 */
#include "base/banned.h"

#include "portal/records_columns.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "form/field_type.h"
#include "org/org.h"
#include "org/person.h"
#include "portal/portal.h"
#include "portal/records.h"
#include "portal/records_fields.h"
#include "portal/records_filter.h"
#include "store/db.h"
#include "web/request.h"
#include "web/router.h"

enum { DEFAULT_COLUMNS = 6 };

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

static void add_column(struct columns *columns, struct ctx *ctx,
                       const struct form *form, const char *key)
{
    struct column *column;
    size_t i;

    if (!key || columns->count == COLUMNS_MAX || !column_known(form, key))
        return;
    for (i = 0; i < columns->count; i++)
        if (strcmp(columns->items[i].key, key) == 0)
            return;
    column = &columns->items[columns->count++];
    column->key = key;
    column->field = form_field(form, key);
    column->label = value_text(ctx->arena, records_title(ctx, form, key));
    column->control = value_text(
        ctx->arena, column->field ? records_control(ctx, column->field, "cell")
                                  : system_control(key));
    column->numeric =
        column->field && column->field->type->flags & FIELD_NUMBER;
    column->shared = value_map(ctx->arena);
    value_set(column->shared, "control", column->control);
    value_set(column->shared, "label", column->label);
    if (column->numeric)
        value_set_bool(column->shared, "numeric", true);
}

void columns_of(struct columns *out, struct ctx *ctx, const struct form *form,
                const struct value *keys)
{
    size_t i;

    memset(out, 0, sizeof *out);
    for (i = 0; i < value_count(keys); i++)
        add_column(out, ctx, form, value_as_text(value_at(keys, i)));
}

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

struct value *column_cell(struct ctx *ctx, const struct column *column,
                          const struct record *record)
{
    struct value *cell = value_map_like(ctx->arena, column->shared);

    if (column->field)
        records_show(ctx, cell, column->field,
                     value_get(record->values, column->key));
    else
        show_system(ctx, cell, column->key, record);
    return cell;
}

/* "name:240,stage": keys, with widths in px where there are any. */
static void add_chosen(struct columns *columns, struct ctx *ctx,
                       const struct form *form, const char *chosen)
{
    char *rest = arena_strdup(ctx->arena, chosen), *key;

    while ((key = strsep(&rest, ","))) {
        char *width = strchr(key, ':');
        size_t before = columns->count;
        int64_t px;

        if (width)
            *width++ = '\0';
        add_column(columns, ctx, form, key);
        if (columns->count > before && width &&
            !int_parse(&px, width, WIDTH_LEAST * WIDTH_STEP,
                       WIDTH_MOST * WIDTH_STEP)) {
            columns->items[before].width = (int)(px / WIDTH_STEP);
            value_set_int(columns->items[before].shared, "width",
                          px / WIDTH_STEP);
        }
    }
}

int columns_choose(struct columns *out, struct ctx *ctx,
                   const struct records_filter *filter)
{
    const struct form *form = filter->form;
    const struct view *view = filter->view;
    const char *chosen = view ? view->columns : filter->views.columns;
    size_t i;

    memset(out, 0, sizeof *out);
    if (chosen)
        add_chosen(out, ctx, form, chosen);
    if (!out->count && view)
        columns_of(out, ctx, form, value_get(view->content, "columns"));
    if (!out->count)
        columns_of(out, ctx, form,
                   value_get(value_get(form->definition, "list"), "columns"));
    if (!out->count) {
        for (i = 0; i < form->field_count && out->count < DEFAULT_COLUMNS; i++)
            add_column(out, ctx, form, form->fields[i]->key);
        add_column(out, ctx, form, "created_at");
    }
    for (i = 0; i < out->count; i++)
        if (text_equal(out->items[i].key, form->label_field))
            break;
    if (i == out->count)
        i = 0;
    out->items[i].primary = true;
    value_set_bool(out->items[i].shared, "primary", true);
    return 0;
}

static void add_choice(struct ctx *ctx, struct value *choices,
                       const struct form *form, const char *key, bool shown)
{
    struct value *choice = value_map(ctx->arena);

    value_set_text(choice, "key", key);
    value_set_text(choice, "label", records_title(ctx, form, key));
    value_set_bool(choice, "shown", shown);
    value_append(choices, choice);
}

/* Those that are shown come first, in their order. */
struct value *columns_choices(struct ctx *ctx, const struct form *form,
                              const struct columns *shown)
{
    static const char *const system[] = { "state",      "owner",
                                          "department", "created_at",
                                          "updated_at", "updated_by" };
    struct value *choices = value_list(ctx->arena);
    size_t total = form->field_count + sizeof system / sizeof system[0];
    size_t i, j;

    for (j = 0; j < shown->count; j++)
        add_choice(ctx, choices, form, shown->items[j].key, true);
    for (i = 0; i < total; i++) {
        const char *key = i < form->field_count ? form->fields[i]->key
                                                : system[i - form->field_count];

        for (j = 0; j < shown->count; j++)
            if (strcmp(shown->items[j].key, key) == 0)
                break;
        if (j == shown->count && column_known(form, key))
            add_choice(ctx, choices, form, key, false);
    }
    return choices;
}

/* ---- what was sent ---- */

static int unknown_column(struct ctx *ctx, const char *key)
{
    return fail_at(ctx, E_INVALID, "columns[]", "form.unknown_field",
                   "there is no field %s", key ? key : "");
}

/* The chooser's keys; what was wide before stays so. */
static int read_keys(struct buf *buf, struct ctx *ctx, const struct form *form,
                     const struct value *keys, const struct columns *before)
{
    size_t i, j;

    for (i = 0; i < value_count(keys) && i < COLUMNS_MAX; i++) {
        const char *key = value_as_text(value_at(keys, i));

        if (!key || !column_known(form, key))
            return unknown_column(ctx, key);
        buf_addf(buf, "%s%s", i ? "," : "", key);
        for (j = 0; j < before->count; j++)
            if (before->items[j].width &&
                strcmp(before->items[j].key, key) == 0)
                buf_addf(buf, ":%d", before->items[j].width * WIDTH_STEP);
    }
    return 0;
}

/* "name:240,stage" as the browser sends it after a drag. */
static int read_layout(struct buf *buf, struct ctx *ctx,
                       const struct form *form, const char *layout)
{
    char *rest = arena_strdup(ctx->arena, layout), *key;
    int count = 0;

    while ((key = strsep(&rest, ",")) && count++ < COLUMNS_MAX) {
        char *width = strchr(key, ':');
        int64_t px = 0;

        if (width)
            *width++ = '\0';
        if (!column_known(form, key) ||
            (width && int_parse(&px, width, WIDTH_LEAST * WIDTH_STEP,
                                WIDTH_MOST * WIDTH_STEP)))
            return unknown_column(ctx, key);
        buf_addf(buf, "%s%s", buf->length ? "," : "", key);
        if (px)
            buf_addf(buf, ":%d", (int)px);
    }
    return 0;
}

static int read_columns(struct buf *buf, struct ctx *ctx,
                        const struct request *request,
                        const struct records_filter *filter)
{
    const char *layout = request_form(request, "layout");
    struct columns before;
    int rc = columns_choose(&before, ctx, filter);

    buf_init(buf, ctx->arena, 8192);
    if (rc)
        return rc;
    return layout ? read_layout(buf, ctx, filter->form, layout)
                  : read_keys(buf, ctx, filter->form,
                              value_get(request->form, "columns[]"), &before);
}

/* The address says which view, as the list's does. */
static int columns_post(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    static const char *const names[] = { "columns[]", "layout", "return",
                                         NULL };
    const char *back = request_form(request, "return");
    struct records_filter filter;
    const struct form *form;
    struct buf buf;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = records_form(&form, ctx, request);
    if (!rc)
        rc = records_filter_read(&filter, ctx, request, form,
                                 records_path(ctx, form));
    if (!rc)
        rc = read_columns(&buf, ctx, request, &filter);
    if (!rc)
        rc = view_set_columns(ctx, form, filter.view ? filter.view->key : "",
                              buf.length ? buf_text(&buf) : NULL);
    if (rc)
        return rc;
    return response_done(ctx, request, response,
                         back ? back : records_path(ctx, form), NULL);
}

void records_columns_start(void)
{
    static const struct route routes[] = {
        { "POST", "/records/{form}/columns", ROUTE_PERSON, 0, columns_post,
          NULL, NULL, NULL },
        { .method = NULL },
    };

    route_add_table(routes);
}
