/*
 * records_kanban.c - records as cards in columns.
 *
 * Counts and sums of the columns are the aggregate's, cards the list's: both
 * the person's own truth. A card is moved by the browser's PATCH of the field
 * (themes/default/web/kanban.ts); what it shows here is only a guess of what
 * may be moved, the save decides.
 */
#include "base/banned.h"

#include "portal/records_board.h"

#include <inttypes.h>

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/numbers.h"
#include "base/str.h"
#include "form/aggregate.h"
#include "form/board.h"
#include "form/field_type.h"
#include "form/view.h"
#include "portal/records.h"
#include "portal/records_columns.h"
#include "portal/records_fields.h"
#include "portal/records_filter.h"
#include "web/request.h"

enum { CARDS = 20, CARD_FIELDS_DEFAULT = 3 };

struct kanban {
    struct ctx *ctx;
    const struct records_filter *filter;
    const struct form *form;
    const struct field *field;
    const struct field *sum; /* NULL: none */
    const char *measure;     /* "sum:amount" */
    struct record_query query;
    struct columns card;
    const struct value *figures;
    const char *only; /* one column's next cards; NULL: all */
    int offset;       /* of that column */
    bool writable, create;
};

/* ---- what is shown ---- */

static int choose_field(struct kanban *board, const struct request *request,
                        const struct value *content)
{
    const char *asked = request_query(request, "group");
    const char *group =
        text_empty(asked) ? value_get_text(content, "group") : asked;

    board->field = group ? form_field(board->form, group) : NULL;
    if (!board_field(board->field))
        board->field = text_empty(asked) ? board_default(board->form) : NULL;
    return board->field
               ? 0
               : fail_at(board->ctx, E_INVALID, "group", "form.bad_board",
                         "records can't be put into columns by %s",
                         group ? group : "");
}

/* The first amount of money where the view names none. */
static void choose_sum(struct kanban *board, const struct value *content,
                       bool defined)
{
    const char *key = value_get_text(content, "sum");
    size_t i;

    if (key)
        board->sum = form_field(board->form, key);
    for (i = 0; !defined && !board->sum && i < board->form->field_count; i++) {
        const struct field *field = board->form->fields[i];

        if (field->column && !field->hidden &&
            field_property(field, "currency"))
            board->sum = field;
    }
    if (!board->sum)
        return;
    board->measure = arena_printf(board->ctx->arena, "sum:%s", board->sum->key);
    if (!aggregate_measure_known(board->ctx, board->form, board->measure))
        board->sum = NULL;
}

/* The view's fields, else the first of the list's columns; never the title
 * and the column itself. */
static int choose_card(struct kanban *board, const struct value *content)
{
    const struct value *keys = value_get(content, "card");
    struct columns all;
    size_t i, most = CARD_FIELDS_DEFAULT;
    int rc;

    if (keys) {
        columns_of(&board->card, board->ctx, board->form, keys);
        return 0;
    }
    rc = columns_choose(&all, board->ctx, board->filter);
    for (i = 0; !rc && i < all.count && board->card.count < most; i++)
        if (!text_equal(all.items[i].key, board->form->label_field) &&
            strcmp(all.items[i].key, board->field->key) != 0)
            board->card.items[board->card.count++] = all.items[i];
    return rc;
}

static void choose_fields(struct kanban *board)
{
    const struct form *form = board->form;
    const struct field **fields =
        arena_array(board->ctx->arena, board->card.count + 4, sizeof *fields);
    const char *more[] = { board->field->key, form->label_field,
                           board->query.sort };
    size_t count = 0, i, j;

    for (i = 0; i < board->card.count + 3; i++) {
        const char *key = i < board->card.count ? board->card.items[i].key
                                                : more[i - board->card.count];
        const struct field *field = key ? form_field(form, key) : NULL;

        for (j = 0; j < count && fields[j] != field; j++)
            ;
        if (field && field->column && j == count)
            fields[count++] = field;
    }
    board->query.fields = fields;
    board->query.field_count = count;
}

/* ---- cards ---- */

static struct value *card_value(struct kanban *board,
                                const struct record *record)
{
    struct ctx *ctx = board->ctx;
    struct value *card = value_map(ctx->arena);
    struct value *cells = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < board->card.count; i++) {
        struct value *cell = column_cell(ctx, &board->card.items[i], record);

        if (!text_empty(value_get_text(cell, "text")) ||
            value_count(value_get(cell, "items")))
            value_append(cells, cell);
    }
    value_set_id(card, "id", record->id);
    value_set_int(card, "version", record->version);
    value_set_text(card, "label", record_label(ctx, record));
    value_set(card, "url", value_url(ctx->arena, record_path(ctx, record)));
    value_set_bool(card, "movable",
                   board->writable && records_may_change(ctx, record));
    value_set(card, "cells", cells);
    return card;
}

/* The list's condition, and this column; key NULL: records without one. */
static int column_condition(struct condition **out, struct kanban *board,
                            const char *key)
{
    struct ctx *ctx = board->ctx;
    struct value *json = records_filter_json(ctx, board->filter);
    struct value *both = value_map(ctx->arena), *list = value_list(ctx->arena);
    struct value *outer = value_map(ctx->arena);
    struct value *inner = value_map(ctx->arena);

    if (key)
        value_set_text(inner, "eq", key);
    else
        value_set_bool(inner, "empty", true);
    value_set(outer, board->field->key, inner);
    if (json)
        value_append(list, json);
    value_append(list, outer);
    value_set(both, "and", list);
    return record_condition(out, ctx, board->form, both);
}

static int add_cards(struct kanban *board, struct value *lane, const char *key,
                     int64_t total)
{
    struct ctx *ctx = board->ctx;
    struct value *cards = value_list(ctx->arena);
    struct record_query query = board->query;
    struct condition *where;
    struct record **records;
    size_t count, i;
    int64_t next;
    int rc = column_condition(&where, board, key);

    query.where = where;
    query.limit = CARDS;
    query.offset = board->offset;
    if (!rc)
        rc = record_list(&records, &count, ctx, board->form, &query);
    for (i = 0; !rc && i < count; i++)
        value_append(cards, card_value(board, records[i]));
    if (rc)
        return rc;
    value_set(lane, "cards", cards);
    next = board->offset + (int64_t)count;
    if (count == CARDS && next < total)
        value_set(
            lane, "more_url",
            value_url(ctx->arena, records_filter_url(
                                      ctx, board->filter, "column",
                                      arena_printf(ctx->arena, "%" PRId64 ".%s",
                                                   next, key ? key : ""))));
    return 0;
}

/* ---- columns ---- */

static const char *key_text(struct ctx *ctx, const struct value *value)
{
    return value_kind(value) == VALUE_INT
               ? arena_printf(ctx->arena, "%lld",
                              (long long)value_as_int(value, 0))
               : value_as_text(value);
}

static const struct value *figures_of(const struct kanban *board,
                                      const char *key)
{
    size_t i;

    for (i = 0; i < value_count(board->figures); i++) {
        const struct value *row = value_at(board->figures, i);

        if (text_equal(key_text(board->ctx, value_get(value_get(row, "group"),
                                                      board->field->key)),
                       key))
            return row;
    }
    return NULL;
}

/* The form of a new record, this column chosen. */
static struct value *new_url(const struct kanban *board, const char *key)
{
    struct arena *arena = board->ctx->arena;
    struct buf url;

    buf_init(&url, arena, 4096);
    buf_addf(&url, "%s/new?%s=", records_path(board->ctx, board->form),
             board->field->key);
    buf_add_url(&url, key, strlen(key));
    return value_url(arena, buf_text(&url));
}

static int add_lane(struct kanban *board, struct value *lanes,
                    const struct board_column *column, bool known)
{
    struct ctx *ctx = board->ctx;
    struct value *lane = value_map(ctx->arena);
    const struct value *figures = figures_of(board, column->key);
    int64_t count = value_get_int(figures, "count", 0);
    const struct value *sum =
        board->sum ? value_get(figures, board->measure) : NULL;

    value_set_text(lane, "key", column->key ? column->key : "");
    value_set_int(lane, "number", (int64_t)value_count(lanes));
    value_set_text(lane, "text", column->title);
    value_set_text(lane, "color", column->color ? column->color : "gray");
    value_set_text(lane, "count_text", int_human(ctx, count));
    if (!value_is_null(sum))
        value_set_text(lane, "sum_text", field_human(ctx, board->sum, sum));
    value_set_bool(lane, "droppable", known && board->writable);
    if (known && board->create && column->key)
        value_set(lane, "new_url", new_url(board, column->key));
    value_append(lanes, lane);
    if (!count) {
        value_set(lane, "cards", value_list(ctx->arena));
        return 0;
    }
    return add_cards(board, lane, column->key, count);
}

static bool wanted(const struct kanban *board, const char *key)
{
    return !board->only || strcmp(board->only, key ? key : "") == 0;
}

/* The columns of the definition; behind them what records hold besides:
 * nothing, an option that is gone. */
static int add_lanes(struct kanban *board, struct value *lanes)
{
    struct ctx *ctx = board->ctx;
    struct board_column *columns;
    size_t count, i, k;
    int rc = board_columns(&columns, &count, ctx, board->field);

    for (i = 0; !rc && i < count; i++)
        if (wanted(board, columns[i].key))
            rc = add_lane(board, lanes, &columns[i], true);
    for (k = 0; !rc && k < value_count(board->figures); k++) {
        const struct value *row = value_at(board->figures, k);
        struct board_column other = {
            .key = key_text(
                ctx, value_get(value_get(row, "group"), board->field->key)),
            .title = value_get_text(value_get(row, "text"), board->field->key),
        };

        for (i = 0; i < count && !text_equal(columns[i].key, other.key); i++)
            ;
        if (i == count && wanted(board, other.key))
            rc = add_lane(board, lanes, &other,
                          !other.key && !board->field->required);
    }
    return rc;
}

/* "20.won": the cards of one column from the 21st on. */
static int read_column(struct kanban *board, const struct request *request)
{
    const char *text = request_query(request, "column");
    const char *dot = text ? strchr(text, '.') : NULL;
    int64_t offset;

    if (text_empty(text))
        return 0;
    if (!dot ||
        int_parse(&offset,
                  arena_strndup(board->ctx->arena, text, (size_t)(dot - text)),
                  0, 1000000))
        return fail_at(board->ctx, E_INVALID, "column", "records.bad_page",
                       "there is no such page");
    board->offset = (int)offset;
    board->only = dot + 1;
    return 0;
}

static int read_figures(struct kanban *board)
{
    struct aggregate ask = { .groups = { board->field->key },
                             .group_count = 1,
                             .measures = { "count", board->measure },
                             .measure_count = board->sum ? 2 : 1,
                             .limit = AGGREGATE_ROWS };
    struct value *figures;
    int rc = record_aggregate(&figures, board->ctx, board->form, &board->query,
                              &ask);

    board->figures = figures;
    return rc;
}

int records_kanban_show(struct ctx *ctx, const struct request *request,
                        const struct records_filter *filter,
                        const struct record_query *query, struct value *list)
{
    const struct view *view = filter->view;
    bool defined = view && strcmp(view->kind, "kanban") == 0;
    const struct value *content = defined ? view->content : NULL;
    struct value *map = value_map(ctx->arena), *lanes = value_list(ctx->arena);
    struct kanban board = {
        .ctx = ctx, .filter = filter, .form = filter->form, .query = *query
    };
    int rc = choose_field(&board, request, content);

    if (!rc)
        rc = read_column(&board, request);
    if (!rc)
        rc = choose_card(&board, content);
    if (rc)
        return rc;
    choose_sum(&board, content, defined);
    choose_fields(&board);
    board.writable = !board.field->read_only;
    board.create = records_may_create(ctx, board.form);
    rc = read_figures(&board);
    if (!rc)
        rc = add_lanes(&board, lanes);
    value_set(map, "lanes", lanes);
    value_set_text(map, "form", board.form->name);
    value_set_text(map, "field", board.field->key);
    value_set_text(map, "label", locale_pick(ctx, board.field->title));
    if (board.only)
        value_set(
            map, "back_url",
            value_url(ctx->arena, records_filter_url(ctx, filter, NULL, NULL)));
    value_set(list, "kanban", map);
    return rc;
}
