/*
 * import_plan.c - the mapping of a file's columns: guessed, asked for,
 * remembered.
 */
#include "base/banned.h"

#include "form/import_plan.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/map.h"
#include "base/str.h"
#include "base/unicode.h"
#include "form/field_type.h"
#include "form/import_internal.h"
#include "form/table.h"
#include "org/person.h"
#include "store/db.h"

enum { HEADERS_MAX = 16000 };

bool import_field_open(const struct field *field)
{
    return !field->hidden && !field->read_only && field->column &&
           strcmp(field->type->name, "file") != 0;
}

bool import_field_key(const struct field *field)
{
    return !field->hidden && field->column && !field->computed &&
           !(field->type->flags & (FIELD_LIST | FIELD_HEAD_ONLY)) &&
           (!field->read_only || strcmp(field->type->name, "auto_number") == 0);
}

/* A text that the program itself wrote into a header, in any language. */
static bool is_own(const char *header, const char *key)
{
    static const char *const locales[] = { "en", "zh-CN", "zh-TW" };
    size_t i;

    for (i = 0; i < 3; i++)
        if (text_equal(tr_find(locales[i], key), header))
            return true;
    return false;
}

bool import_reason(const char *header)
{
    return strcmp(header, IMPORT_REASON) == 0 ||
           is_own(header, "import.reason");
}

/* ---- guessing ---- */

/* Headers of templates: "* Name:", "Name *". */
static const char *bare_header(struct ctx *ctx, const char *header)
{
    size_t length;

    while (*header && strchr("* :", *header))
        header++;
    if (text_starts(header, "＊"))
        header += strlen("＊");
    length = strlen(header);
    while (length && strchr("* :", header[length - 1]))
        length--;
    header = arena_strndup(ctx->arena, header, length);
    if (text_ends(header, "：") || text_ends(header, "＊"))
        header = arena_strndup(ctx->arena, header, length - strlen("："));
    return header;
}

static const char *guess_column(struct ctx *ctx, const struct form *form,
                                const char *header, size_t index,
                                const struct value *before)
{
    const struct field *field;
    size_t i;

    if (import_reason(header))
        return "";
    if (is_own(header, "export.id"))
        return "id";
    field = import_field(ctx, form, bare_header(ctx, header), index);
    if (!field || !(import_field_open(field) || import_field_key(field)))
        return "";
    for (i = 0; i < value_count(before); i++)
        if (text_equal(value_as_text(value_at(before, i)), field->key))
            return ""; /* the first column of that name has it */
    return field->key;
}

static bool is_day(const struct form *form, const char *key)
{
    const struct field *field = form_field(form, key);

    return field && (strcmp(field->type->name, "date") == 0 ||
                     strcmp(field->type->name, "datetime") == 0);
}

/* "": it must be asked. */
static const char *guess_order(const struct import_dates *dates)
{
    if (dates->day_first && dates->month_first)
        return "";
    return dates->day_first ? "dmy" : dates->month_first ? "mdy" : "ymd";
}

bool import_plan_number(const struct form *form, const char *key)
{
    const struct field *field = form_field(form, key);

    return field && field->type->flags & FIELD_NUMBER;
}

void import_plan_decimals(struct ctx *ctx, const struct form *form,
                          struct value *settings,
                          const struct import_numbers *numbers, size_t count)
{
    const struct value *columns = value_get(settings, "columns");
    struct value *decimals = value_list(ctx->arena);
    bool *numeric = arena_array(ctx->arena, count + 1, sizeof *numeric);
    bool *comma = arena_array(ctx->arena, count + 1, sizeof *comma);
    size_t i;

    for (i = 0; i < count; i++)
        numeric[i] =
            import_plan_number(form, value_as_text(value_at(columns, i)));
    import_numbers_settle(comma, numbers, numeric, count);
    for (i = 0; i < count; i++)
        value_append(decimals, value_text(ctx->arena, comma[i] ? "comma" : ""));
    value_set(settings, "decimals", decimals);
}

/* A sign that all numbers of some column speak against. */
static bool decimal_contradicted(const struct form *form,
                                 const struct value *settings,
                                 const struct import_preview *preview)
{
    const struct value *columns = value_get(settings, "columns");
    const char *decimal = value_get_text(settings, "decimal");
    size_t i;

    for (i = 0; i < preview->columns; i++) {
        const struct import_numbers *can = &preview->numbers[i];

        if (can->seen && can->point != can->comma &&
            import_plan_number(form, value_as_text(value_at(columns, i))) &&
            text_equal(decimal, can->point ? "comma" : "point"))
            return true;
    }
    return false;
}

void import_plan_fit(struct ctx *ctx, const struct form *form,
                     struct value *settings,
                     const struct import_preview *preview)
{
    const struct value *before = value_get(settings, "dates");
    struct value *dates = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < preview->columns; i++) {
        const struct import_dates *can = &preview->dates[i];
        const char *order = value_as_text(value_at(before, i));

        if (can->seen && ((text_equal(order, "dmy") && !can->day_first) ||
                          (text_equal(order, "mdy") && !can->month_first)))
            order = guess_order(can);
        value_append(dates, value_text(ctx->arena, order ? order : ""));
    }
    value_set(settings, "dates", dates);
    if (decimal_contradicted(form, settings, preview))
        value_set_text(settings, "decimal", "auto");
}

/* The one thing that surely names a record: its id, a field that no two
 * share, its number. */
static void guess_keys(struct ctx *ctx, const struct form *form,
                       struct value *settings)
{
    const struct value *columns = value_get(settings, "columns");
    struct value *keys = value_list(ctx->arena);
    const char *best = NULL;
    int rank = 0;
    size_t i;

    for (i = 0; i < value_count(columns); i++) {
        const char *key = value_as_text(value_at(columns, i));
        const struct field *field = form_field(form, key);
        int mine = strcmp(key, "id") == 0                          ? 3
                   : !field                                        ? 0
                   : field->unique                                 ? 2
                   : strcmp(field->type->name, "auto_number") == 0 ? 1
                                                                   : 0;

        if (mine > rank) {
            rank = mine;
            best = key;
        }
    }
    if (best)
        value_append(keys, value_text(ctx->arena, best));
    value_set(settings, "keys", keys);
}

struct value *import_plan_guess(struct ctx *ctx, const struct form *form,
                                const struct import_preview *preview)
{
    struct value *settings = value_map(ctx->arena);
    struct value *columns = value_list(ctx->arena);
    struct value *dates = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < preview->columns; i++) {
        const char *key =
            guess_column(ctx, form, preview->header[i], i, columns);

        value_append(columns, value_text(ctx->arena, key));
        value_append(
            dates, value_text(ctx->arena, is_day(form, key)
                                              ? guess_order(&preview->dates[i])
                                              : ""));
    }
    value_set(settings, "columns", columns);
    value_set(settings, "dates", dates);
    guess_keys(ctx, form, settings);
    value_set_text(settings, "decimal", "auto");
    value_set_text(settings, "empty", "keep");
    value_set_text(settings, "bad", "skip");
    return settings;
}

/* ---- remembering (E34) ---- */

static const char *headers_text(struct ctx *ctx,
                                const struct import_preview *preview)
{
    struct buf buf;
    size_t i;

    buf_init(&buf, ctx->arena, 1 << 20);
    for (i = 0; i < preview->columns; i++) {
        buf_add_text(&buf, preview->header[i]);
        buf_add_char(&buf, '\x1f');
    }
    return buf.length > HEADERS_MAX ? NULL : buf_text(&buf);
}

struct value *import_plan_remembered(struct ctx *ctx, const struct form *form,
                                     const struct import_preview *preview)
{
    const char *headers = headers_text(ctx, preview), *text;
    struct value *settings = NULL;
    const struct value *columns;
    size_t i;

    if (!headers || db_text(&text, ctx,
                            "SELECT settings FROM import_mapping WHERE"
                            " person = ?1 AND form = ?2 AND headers = ?3",
                            "iis", ctx->person->id, form->id, headers))
        return NULL;
    if (json_parse(&settings, ctx, text, strlen(text))) {
        ctx_clear(ctx);
        return NULL;
    }
    columns = value_get(settings, "columns");
    if (value_count(columns) != preview->columns)
        return NULL;
    for (i = 0; i < value_count(columns); i++) {
        const char *key = value_as_text(value_at(columns, i));

        /* A field may be gone; the guess then serves better. */
        if (!text_empty(key) && strcmp(key, "id") != 0 &&
            !form_field(form, key))
            return NULL;
    }
    return settings;
}

int import_plan_remember(struct ctx *ctx, const struct form *form,
                         const struct import_preview *preview,
                         const struct value *settings)
{
    const char *headers = headers_text(ctx, preview);
    struct value *kept = value_copy(ctx->arena, settings);

    if (!headers)
        return 0;
    /* Of this file, not of the next one. */
    value_remove(kept, "encoding");
    value_remove(kept, "separator");
    value_remove(kept, "sheet");
    value_remove(kept, "decimals");
    return db_exec(ctx,
                   "INSERT INTO import_mapping (person, form, headers,"
                   " settings, at) VALUES (?1, ?2, ?3, ?4, ?5)"
                   " ON CONFLICT (person, form, headers)"
                   " DO UPDATE SET settings = ?4, at = ?5",
                   "iissi", ctx->person->id, form->id, headers,
                   json_text(ctx->arena, kept), clock_now());
}

/* ---- making ---- */

bool import_plan_comma(const struct value *settings, size_t index)
{
    const char *decimal = value_get_text(settings, "decimal");
    const struct value *found = value_get(settings, "decimals");

    if (text_equal(decimal, "comma") || text_equal(decimal, "point"))
        return *decimal == 'c';
    return text_equal(value_as_text(value_at(found, index)), "comma");
}

void import_plan_commas(struct import_plan *plan, const struct value *settings)
{
    size_t i;

    for (i = 0; i < plan->count; i++)
        plan->columns[i].comma = import_plan_comma(settings, i);
}

static int bad(struct ctx *ctx, const char *at, const char *key)
{
    return fail_at(ctx, E_INVALID, at, "import.bad_setting",
                   "\"%s\" is not known here", key ? key : "?");
}

static bool needs_names(const struct field *field)
{
    const char *type = field->type->name;

    return strcmp(type, "user") == 0 || strcmp(type, "department") == 0 ||
           field->target;
}

static int make_column(struct import_plan *plan, struct ctx *ctx, size_t index,
                       const char *key, const char *order)
{
    struct import_column *column = &plan->columns[index];
    const struct field *field = key ? form_field(plan->form, key) : NULL;
    const char *at = arena_printf(ctx->arena, "columns.%zu", index);
    size_t i;

    if (text_empty(key))
        return key ? 0 : bad(ctx, at, key);
    if (strcmp(key, "id") == 0) {
        column->id = true;
        return 0;
    }
    if (!field || !(import_field_open(field) || import_field_key(field)))
        return bad(ctx, at, key);
    for (i = 0; i < index; i++)
        if (plan->columns[i].field == field)
            return fail_at(ctx, E_INVALID, at, "import.field_twice",
                           "two columns go into \"%s\"",
                           locale_pick(ctx, field->title));
    column->field = field;
    column->order =
        text_empty(order) ? NULL : arena_strdup(plan->ctx->arena, order);
    if (order && *order && strcmp(order, "ymd") != 0 &&
        strcmp(order, "dmy") != 0 && strcmp(order, "mdy") != 0)
        return bad(ctx, arena_printf(ctx->arena, "dates.%zu", index), order);
    if (!needs_names(field))
        return 0;
    column->arena = plan->ctx->arena;
    column->names = map_new(column->arena);
    column->self = text_equal(field->target, plan->form->name);
    plan->self = plan->self || column->self;
    return 0;
}

static int make_keys(struct import_plan *plan, struct ctx *ctx,
                     const struct value *keys)
{
    size_t i, j;

    for (i = 0; i < value_count(keys); i++) {
        const char *key = value_as_text(value_at(keys, i));
        bool found = false;

        for (j = 0; key && j < plan->count; j++) {
            struct import_column *column = &plan->columns[j];

            if (column->id
                    ? strcmp(key, "id") != 0
                    : !column->field || strcmp(column->field->key, key) != 0)
                continue;
            if (column->field && !import_field_key(column->field))
                return bad(ctx, "keys", key);
            plan->by_id = plan->by_id || column->id;
            column->key = found = true;
        }
        if (!found)
            return fail_at(ctx, E_INVALID, "keys", "import.key_unmapped",
                           "no column goes into \"%s\", which shall name the"
                           " records",
                           key ? key : "?");
        plan->key_count++;
    }
    if (plan->key_count > TABLE_KEYS_MAX)
        return fail_at(ctx, E_INVALID, "keys", "import.too_many_keys",
                       "at most %d columns name a record", TABLE_KEYS_MAX);
    if (plan->by_id && plan->key_count > 1)
        return fail_at(ctx, E_INVALID, "keys", "import.key_alone",
                       "the record's id names it alone");
    return 0;
}

int import_plan_make(struct import_plan **out, struct ctx *ctx,
                     const struct form *form, const struct value *settings,
                     const char *const *header, size_t count)
{
    const struct value *columns = value_get(settings, "columns");
    const struct value *dates = value_get(settings, "dates");
    struct import_plan *plan = arena_alloc(ctx->arena, sizeof *plan);
    size_t i, open = 0;
    int rc = 0, other;

    *out = plan;
    plan->ctx = ctx;
    plan->form = form;
    plan->count = count;
    plan->columns = arena_array(ctx->arena, count, sizeof *plan->columns);
    import_plan_commas(plan, settings);
    plan->clear = text_equal(value_get_text(settings, "empty"), "clear");
    plan->none_if_bad = text_equal(value_get_text(settings, "bad"), "none");
    if (value_count(columns) != count)
        return fail_at(ctx, E_INVALID, "columns", "import.column_count",
                       "the file has %zu columns, the mapping names %zu", count,
                       value_count(columns));
    for (i = 0; i < count; i++) {
        plan->columns[i].header = header[i];
        other = make_column(plan, ctx, i, value_as_text(value_at(columns, i)),
                            value_as_text(value_at(dates, i)));
        rc = rc ? rc : other;
        open += plan->columns[i].field != NULL &&
                import_field_open(plan->columns[i].field);
    }
    if (!rc && !open)
        return fail_at(ctx, E_INVALID, "columns", "import.no_open_column",
                       "no column goes into a field that can be written");
    return rc ? rc : make_keys(plan, ctx, value_get(settings, "keys"));
}
