/*
 * record_filter.c - what a list is asked for: names, filters, search, cursor.
 *
 * Names of fields and columns come from the definition and the table below,
 * never from text (S20); values are converted by the field's type and bound.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/unicode.h"
#include "form/field_type.h"
#include "form/list.h"
#include "form/period.h"
#include "form/record_internal.h"
#include "form/reference.h"
#include "form/search.h"
#include "org/person.h"
#include "store/condition.h"
#include "store/db.h"
#include "store/fulltext.h"

enum {
    FEW_MATCHES = 2000,
    SEARCH_WORDS = 8,
    SEARCH_WORD_MAX = 400 /* bytes */
};

/* ---- names of a list ---- */

static const struct system_column {
    const char *name;
    enum system_kind kind;
} system_columns[] = {
    { "id", SYSTEM_ID },
    { "owner", SYSTEM_ID },
    { "department", SYSTEM_ID },
    { "state", SYSTEM_TEXT },
    { "created_at", SYSTEM_INSTANT },
    { "created_by", SYSTEM_ID },
    { "updated_at", SYSTEM_INSTANT },
    { "updated_by", SYSTEM_ID },
};

static const struct system_column *system_column(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof system_columns / sizeof system_columns[0]; i++)
        if (strcmp(system_columns[i].name, name) == 0)
            return &system_columns[i];
    return NULL;
}

enum system_kind list_system(const char *name)
{
    const struct system_column *column = system_column(name);

    return column ? column->kind : SYSTEM_NONE;
}

/* Ids in filters may be words ("me", "my_department") or names. */
static int64_t word_id(struct ctx *ctx, const char *type, const char *target,
                       const struct value *in)
{
    const char *word = value_as_text(in);
    int64_t id = value_as_id(in);
    struct ctx quiet = ctx_apart(ctx);

    if (id > 0 || !word)
        return id;
    if (strcmp(word, "me") == 0 && ctx->person)
        return ctx->person->id;
    if (strcmp(word, "my_department") == 0 && ctx->person)
        return ctx->person->department;
    return reference_named(&id, &quiet, type, target, word) ? 0 : id;
}

/* The day that a text names, as a date or relative to today. */
static bool day_of(int64_t *out, struct ctx *ctx, const char *text)
{
    int year, month, day;

    if (period_day(out, ctx, text))
        return true;
    if (!text || !date_parse(&year, &month, &day, text))
        return false;
    *out = days_of(year, month, day);
    return true;
}

/* A moment; of a day its first, or its last. */
static bool instant_of(int64_t *out, struct ctx *ctx, const char *text,
                       bool end)
{
    int64_t day;

    if (day_of(&day, ctx, text)) {
        *out =
            end ? period_instant(ctx, day + 1) - 1 : period_instant(ctx, day);
        return true;
    }
    return text && instant_parse(out, text, ctx->zone ? ctx->zone : zone_utc());
}

static int bad_filter(struct ctx *ctx, const char *name)
{
    return fail_at(ctx, E_INVALID, name, "form.bad_filter",
                   "the filter's value does not fit the field %s", name);
}

static int convert_system(struct value **out, struct ctx *ctx, void *payload,
                          const struct value *in)
{
    const struct system_column *column = payload;
    const char *text = value_as_text(in);
    int64_t number;

    switch (column->kind) {
    case SYSTEM_NONE:
        break;
    case SYSTEM_ID:
        number = word_id(ctx,
                         strcmp(column->name, "department") == 0 ? "department"
                                                                 : "user",
                         NULL, in);
        if (number <= 0)
            break;
        *out = value_int(ctx->arena, number);
        return 0;
    case SYSTEM_INSTANT:
        if (!instant_of(&number, ctx, text, false))
            break;
        *out = value_int(ctx->arena, number);
        return 0;
    case SYSTEM_TEXT:
        if (!text)
            break;
        *out = value_text(ctx->arena, text);
        return 0;
    }
    return bad_filter(ctx, column->name);
}

static int convert_system_end(struct value **out, struct ctx *ctx,
                              void *payload, const struct value *in)
{
    const struct system_column *column = payload;
    int64_t number;

    if (column->kind != SYSTEM_INSTANT ||
        !instant_of(&number, ctx, value_as_text(in), true))
        return convert_system(out, ctx, payload, in);
    *out = value_int(ctx->arena, number);
    return 0;
}

/* The ends of a period of days, or of moments. */
static int period_ends(struct value *out[2], struct ctx *ctx, const char *name,
                       const struct value *in, bool moments)
{
    struct period period;

    if (!period_read(&period, ctx, value_as_text(in)))
        return bad_filter(ctx, name);
    out[0] = moments ? value_int(ctx->arena, period_instant(ctx, period.first))
                     : value_text(ctx->arena, period_date(ctx, period.first));
    out[1] = moments ? value_int(ctx->arena, period_instant(ctx, period.end))
                     : value_text(ctx->arena, period_date(ctx, period.end));
    return 0;
}

static int period_system(struct value *out[2], struct ctx *ctx, void *payload,
                         const struct value *in)
{
    const struct system_column *column = payload;

    return period_ends(out, ctx, column->name, in, true);
}

static int period_field(struct value *out[2], struct ctx *ctx, void *payload,
                        const struct value *in)
{
    const struct field *field = payload;

    return period_ends(out, ctx, field->key, in,
                       strcmp(field->type->name, "datetime") == 0);
}

static int convert_field(struct value **out, struct ctx *ctx, void *payload,
                         const struct value *in)
{
    const struct field *field = payload;
    const char *type = field->type->name;
    struct value *stored;
    int64_t number;
    int rc;

    /* Membership of a list and parts of a text are compared as texts. */
    if (field->type->flags & FIELD_LIST) {
        if (!value_as_text(in))
            return bad_filter(ctx, field->key);
        *out = value_text(ctx->arena, value_as_text(in));
        return 0;
    }
    if (strcmp(type, "user") == 0 || strcmp(type, "department") == 0 ||
        field->target) {
        int64_t id = word_id(ctx, type, field->target, in);

        if (id > 0) {
            *out = value_int(ctx->arena, id);
            return 0;
        }
    }
    if (strcmp(type, "datetime") == 0 &&
        instant_of(&number, ctx, value_as_text(in), false)) {
        *out = value_int(ctx->arena, number);
        return 0;
    }
    if (strcmp(type, "date") == 0 &&
        period_day(&number, ctx, value_as_text(in)))
        in = value_text(ctx->arena, period_date(ctx, number));
    rc = field_input(&stored, ctx, field, field->key, in);
    if (!rc)
        *out = field_to_column(ctx, field, stored);
    return rc;
}

static int convert_field_end(struct value **out, struct ctx *ctx, void *payload,
                             const struct value *in)
{
    const struct field *field = payload;
    int64_t number;

    if (strcmp(field->type->name, "datetime") != 0 ||
        !instant_of(&number, ctx, value_as_text(in), true))
        return convert_field(out, ctx, payload, in);
    *out = value_int(ctx->arena, number);
    return 0;
}

static int resolve(struct condition_column *out, struct ctx *ctx, void *payload,
                   const char *name)
{
    const struct form *form = payload;
    const struct system_column *system = system_column(name);
    const struct field *field = form_field(form, name);

    memset(out, 0, sizeof *out);
    if (system) {
        out->sql = arena_printf(ctx->arena, "t.%s", system->name);
        out->convert = convert_system;
        out->convert_end = convert_system_end;
        if (system->kind == SYSTEM_INSTANT)
            out->period = period_system;
        out->payload = (void *)system;
        return 0;
    }
    if (!field || field->hidden || !field->column)
        return fail_at(ctx, E_INVALID, name, "form.unknown_field",
                       "there is no field %s", name);
    out->sql = arena_printf(ctx->arena, "t.\"%s\"", field->column);
    out->convert = convert_field;
    out->convert_end = convert_field_end;
    if (strcmp(field->type->name, "date") == 0 ||
        strcmp(field->type->name, "datetime") == 0)
        out->period = period_field;
    out->payload = (void *)field;
    out->text = strcmp(field->type->sql, "TEXT") == 0;
    out->list = field->type->flags & FIELD_LIST;
    return 0;
}

int record_condition(struct condition **out, struct ctx *ctx,
                     const struct form *form, const struct value *json)
{
    struct vector values;
    struct buf sql;
    int rc = condition_parse(out, ctx, json);

    if (rc)
        return rc;
    vector_init(&values, ctx->arena);
    buf_init(&sql, ctx->arena, 65536);
    return condition_sql(&sql, &values, ctx, *out, resolve, (void *)form);
}

bool record_sort_known(const struct form *form, const char *name)
{
    const struct field *field = name ? form_field(form, name) : NULL;

    return name && (system_column(name) ||
                    (field && field->sortable && !field->hidden));
}

/* ---- conditions ---- */

int list_key(struct list *list)
{
    const struct record_query *query = list->query;
    const char *sort = query->sort;
    const struct field *field;

    list->descending = sort ? query->descending : true;
    list->key = "id";
    list->by_id = true;
    /* Ids follow the time of creation. */
    if (!sort || strcmp(sort, "id") == 0 || strcmp(sort, "created_at") == 0)
        return 0;
    if (!record_sort_known(list->form, sort))
        return fail_at(list->ctx, E_INVALID, "sort", "form.bad_sort",
                       "the list can't be sorted by %s", sort);
    list->by_id = false;
    field = form_field(list->form, sort);
    list->key =
        field ? arena_printf(list->ctx->arena, "\"%s\"", field->sort_column)
              : system_column(sort)->name;
    return 0;
}

/* Each word of the search must be in the record's search text. */
static void add_words(struct list *list, struct buf *sql)
{
    struct arena *arena = list->ctx->arena;
    char *rest = arena_strdup(arena, text_fold(arena, list->query->search));
    char *word;
    int words = 0;

    while ((word = strsep(&rest, " \t\n")) && words < SEARCH_WORDS) {
        if (!*word)
            continue;
        words++;
        /* Stands nowhere; and the store takes no longer pattern. */
        if (strlen(word) > SEARCH_WORD_MAX) {
            buf_add_text(sql, " AND FALSE");
            continue;
        }
        buf_add_text(sql, " AND t.search LIKE ? ESCAPE '\\'");
        vector_add(&list->filter_values,
                   value_text(arena, like_pattern(arena, str_of(word), true)));
    }
}

/* Whether the index finds so little of the form that each may be looked at:
 * then what is opened to a person is looked for among it, not the other way
 * round. */
static int count_matches(struct list *list)
{
    int64_t count;
    int rc = fulltext_count(&count, list->ctx, list->match, FEW_MATCHES);

    list->few = count < FEW_MATCHES;
    list->none = count == 0;
    return rc;
}

/* The index gives the candidates where it knows all records and something of
 * the words; their texts decide in any case. */
static int add_search(struct list *list, struct buf *sql)
{
    struct ctx *ctx = list->ctx;
    const struct record_query *query = list->query;
    struct search_state state;
    struct buf match;
    int rc = search_state(&state, ctx, list->form);

    if (rc)
        return rc;
    buf_init(&match, ctx->arena, 65536);
    if (query->bin || list->form->anonymous || !state.known ||
        tx_pending(ctx) || (state.cursor && !query->words) ||
        !search_ask(&match, ctx, list->form, query->search, query->words)) {
        if (query->words)
            buf_add_text(sql, " AND FALSE");
    } else {
        list->match = buf_text(&match);
    }
    if (state.stale) {
        buf_add_text(sql, " AND t.id > ?");
        vector_add(&list->filter_values, value_int(ctx->arena, state.cursor));
    }
    add_words(list, sql);
    return list->match ? count_matches(list) : 0;
}

static int bad_cursor(struct ctx *ctx)
{
    return fail_at(ctx, E_INVALID, "cursor", "form.bad_cursor",
                   "this page of the list is not there any more");
}

/* Whether the key is of the kind that the sort's column has: a cursor may come
 * from another list, or from anybody. */
static bool key_fits(const struct list *list, const struct value *key)
{
    const char *sort = list->query->sort;
    const struct field *field;
    bool text;

    if (list->by_id || value_is_null(key))
        return true;
    text = list_system(sort) == SYSTEM_TEXT;
    field = form_field(list->form, sort);
    if (field)
        text = field->type->flags & FIELD_SORT_KEY ||
               strcmp(field->type->sql, "TEXT") == 0;
    return value_kind(key) == (text ? VALUE_STRING : VALUE_INT);
}

/* [key, id] out of the cursor's text. */
static int read_cursor(struct value **key, int64_t *id, struct list *list)
{
    struct ctx *ctx = list->ctx, quiet = *ctx;
    struct value *pair = NULL;
    size_t length;
    char *text = base64url_read(&length, ctx->arena, list->query->cursor);

    ctx_clear(&quiet);
    if (!text || json_parse(&pair, &quiet, text, length) ||
        value_count(pair) != 2 || (*id = value_as_id(value_at(pair, 1))) <= 0)
        return bad_cursor(ctx);
    *key = value_at(pair, 0);
    if (value_kind(*key) == VALUE_LIST) {
        int64_t number = 0;

        int_parse(&number, value_as_text(value_at(*key, 0)), INT64_MIN,
                  INT64_MAX);
        *key = value_int(ctx->arena, number);
    } else if (!value_is_null(*key) && value_kind(*key) != VALUE_STRING)
        *key = value_null(ctx->arena);
    return key_fits(list, *key) ? 0 : bad_cursor(ctx);
}

/*
 * What follows that record in the list's order. NULL sorts first, on every
 * store; so behind the values (or the NULLs) of the key there is another part,
 * read by branches of its own: one OR would begin at the list's first row and
 * pass by all that was seen already. A search does that in any case.
 */
static int add_cursor(struct list *list, struct buf *sql)
{
    const char *side = list->descending ? "<" : ">", *rest = NULL;
    struct arena *arena = list->ctx->arena;
    bool search = !text_empty(list->query->search);
    struct value *key;
    int64_t id;
    size_t i;
    int rc = read_cursor(&key, &id, list);

    if (rc)
        return rc;
    if (!list->by_id && value_is_null(key))
        rest = list->descending
                   ? NULL
                   : arena_printf(arena, "t.%s IS NOT NULL", list->key);
    else if (!list->by_id && list->descending &&
             !list_system(list->query->sort))
        rest = arena_printf(arena, "t.%s IS NULL", list->key);
    if (rest && !search) {
        list->rest = arena_printf(arena, "%s AND %s", buf_text(sql), rest);
        for (i = 0; i < list->filter_values.count; i++)
            vector_add(&list->rest_values, list->filter_values.items[i]);
    }
    buf_add_text(sql, " AND (");
    if (list->by_id) {
        buf_addf(sql, "t.id %s ?", side);
    } else if (value_is_null(key)) {
        buf_addf(sql, "(t.%s IS NULL AND t.id %s ?)", list->key, side);
    } else {
        buf_addf(sql, "(t.%s, t.id) %s (?, ?)", list->key, side);
        vector_add(&list->filter_values, key);
    }
    vector_add(&list->filter_values, value_int(arena, id));
    if (rest && search)
        buf_addf(sql, " OR %s", rest);
    buf_add_char(sql, ')');
    return 0;
}

int list_filter(struct list *list)
{
    struct buf sql;
    int rc = 0;

    vector_init(&list->filter_values, list->ctx->arena);
    vector_init(&list->rest_values, list->ctx->arena);
    buf_init(&sql, list->ctx->arena, 65536);
    if (list->query->where) {
        buf_add_text(&sql, " AND (");
        rc = condition_sql(&sql, &list->filter_values, list->ctx,
                           list->query->where, resolve, (void *)list->form);
        buf_add_char(&sql, ')');
    }
    if (!rc && !text_empty(list->query->search))
        rc = add_search(list, &sql);
    if (!rc && list->query->cursor)
        rc = add_cursor(list, &sql);
    list->filter = buf_text(&sql);
    return rc;
}

const char *record_cursor(struct ctx *ctx, const struct record_query *query,
                          const struct record *last)
{
    const char *sort = query->sort;
    const struct field *field = sort ? form_field(last->form, sort) : NULL;
    struct value *pair = value_list(ctx->arena);
    struct value *key = value_null(ctx->arena);
    const char *text;

    if (field)
        key =
            record_sort_value(ctx, field, value_get(last->values, field->key));
    else if (text_equal(sort, "updated_at"))
        key = value_int(ctx->arena, last->updated_at);
    else if (text_equal(sort, "owner"))
        key = value_int(ctx->arena, last->owner);
    else if (text_equal(sort, "department"))
        key = value_int(ctx->arena, last->department);
    else if (text_equal(sort, "updated_by"))
        key = value_int(ctx->arena, last->updated_by);
    else if (text_equal(sort, "created_by"))
        key = value_int(ctx->arena, last->created_by);
    else if (text_equal(sort, "state"))
        key = value_text(ctx->arena, last->state);
    /* Numbers go as a text in a list: JSON's numbers end at 2^53. */
    if (value_kind(key) == VALUE_DECIMAL) {
        struct decimal decimal;

        value_as_decimal(&decimal, key);
        key = value_int(ctx->arena, decimal.units);
    }
    if (value_kind(key) == VALUE_BOOL)
        key = value_int(ctx->arena, value_as_bool(key));
    if (value_kind(key) == VALUE_INT) {
        struct value *list = value_list(ctx->arena);

        value_append(list,
                     value_text(ctx->arena,
                                arena_printf(ctx->arena, "%lld",
                                             (long long)value_as_int(key, 0))));
        key = list;
    }
    value_append(pair, key);
    value_append(pair,
                 value_text(ctx->arena, arena_printf(ctx->arena, "%lld",
                                                     (long long)last->id)));
    text = json_text(ctx->arena, pair);
    return base64url_of(ctx->arena, text, strlen(text));
}
