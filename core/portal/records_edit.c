/*
 * records_edit.c - the data of fields that people fill in.
 *
 * What was typed wins over what is stored, so that a refused form comes back
 * as it was sent. Works without scripts: selects hold options, sub-tables
 * have empty rows.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/numbers.h"
#include "base/site.h"
#include "base/str.h"
#include "form/attachment.h"
#include "form/field_type.h"
#include "form/match.h"
#include "form/reference.h"
#include "org/org.h"
#include "portal/records_fields.h"

enum { RADIOS_MAX = 5, PEOPLE_MAX = 200 };

/* A field in the making: its place in the form and what stands in it. */
struct edit {
    struct ctx *ctx;
    const struct form *form;
    const struct fill *fill;
    const struct field *field;
    const struct field *table; /* the field is a column of it; NULL */
    const char *name;          /* "items.0.price" */
    const struct value *typed, *stored;
    struct value *map;
};

static const char *id_text(struct ctx *ctx, int64_t id)
{
    return arena_printf(ctx->arena, "%lld", (long long)id);
}

/* A stored value as an input has it. */
static const char *input_text(struct ctx *ctx, const struct field *field,
                              const struct value *value)
{
    char text[64];
    struct decimal decimal;

    switch (value_kind(value)) {
    case VALUE_STRING:
        return value_as_text(value);
    case VALUE_DECIMAL:
        value_as_decimal(&decimal, value);
        decimal_format(text, decimal);
        return arena_strdup(ctx->arena, text);
    case VALUE_INT:
        if (strcmp(field->type->name, "datetime") != 0)
            return id_text(ctx, value_as_int(value, 0));
        instant_local(text, value_as_int(value, 0), ctx->zone);
        return arena_strdup(ctx->arena, text);
    default:
        return "";
    }
}

/* The text of the input: typed, else stored. */
static const char *current(const struct edit *edit)
{
    if (edit->typed) {
        const char *text = value_as_text(edit->typed);

        return text ? text : "";
    }
    return input_text(edit->ctx, edit->field, edit->stored);
}

static bool is_chosen(const struct edit *edit, const char *key)
{
    const struct value *value = edit->typed ? edit->typed : edit->stored;
    size_t i;

    if (value_kind(value) != VALUE_LIST)
        return text_equal(value_as_text(value), key);
    for (i = 0; i < value_count(value); i++)
        if (text_equal(value_as_text(value_at(value, i)), key))
            return true;
    return false;
}

static void edit_options(const struct edit *edit)
{
    struct ctx *ctx = edit->ctx;
    const struct value *options = field_property(edit->field, "options");
    struct value *list = value_list(ctx->arena);
    bool multi = strcmp(edit->field->type->name, "multi_choice") == 0;
    size_t i;

    for (i = 0; i < value_count(options); i++) {
        const struct value *option = value_at(options, i);
        struct value *item = value_map(ctx->arena);

        value_set_text(item, "value", option_key(option));
        value_set_text(item, "label", option_title(ctx, option));
        value_set_bool(item, "selected", is_chosen(edit, option_key(option)));
        value_append(list, item);
    }
    value_set(edit->map, "options", list);
    if (!multi && value_count(options) <= RADIOS_MAX && !edit->table)
        value_set_bool(edit->map, "radios", true);
    if (multi || value_get_bool(edit->map, "radios"))
        value_set_bool(edit->map, "group", true);
}

static const char *options_url(const struct edit *edit)
{
    return arena_printf(edit->ctx->arena,
                        "/api/v1/forms/%s/fields/%s%s%s/options",
                        edit->form->name, edit->table ? edit->table->key : "",
                        edit->table ? "." : "", edit->field->key);
}

static void add_choice(struct ctx *ctx, struct value *list, int64_t id,
                       const char *label, const char *detail)
{
    struct value *item = value_map(ctx->arena);

    value_set_text(item, "value", id_text(ctx, id));
    value_set_text(item, "label", label);
    if (!text_empty(detail))
        value_set_text(item, "detail", detail);
    value_append(list, item);
}

/* The id chosen now; 0 for one that was typed and is not his to see, whose
 * name must not come back to him (S13). */
static int64_t chosen_id(const struct edit *edit)
{
    const char *target = edit->field->target;
    int64_t id = 0;

    if (int_parse(&id, current(edit), 1, INT64_MAX))
        return 0;
    if (edit->typed && target && id != value_as_id(edit->stored) &&
        reference_visible(edit->ctx, target, id))
        return 0;
    return id;
}

/* The one chosen now, and the first of the others for readers without
 * scripts. */
static void edit_reference(const struct edit *edit)
{
    struct ctx *ctx = edit->ctx;
    struct value *items = value_list(ctx->arena);
    struct value *list = value_list(ctx->arena);
    struct value *options, *id_value;
    int64_t id = chosen_id(edit);
    size_t i;

    id_value = value_int(ctx->arena, id);
    if (id)
        add_choice(ctx, items, id, field_human(ctx, edit->field, id_value),
                   NULL);
    if (reference_options(&options, ctx, edit->field, NULL, 0,
                          records_goes_with(ctx, edit->field, edit->fill))) {
        ctx_clear(ctx);
        options = NULL;
    }
    for (i = 0; i < value_count(options); i++) {
        const struct value *option = value_at(options, i);
        int64_t other = value_get_id(option, "id");

        if (other != id)
            add_choice(ctx, list, other, value_get_text(option, "label"),
                       value_get_text(option, "detail"));
    }
    value_set(edit->map, "items", items);
    value_set(edit->map, "options", list);
    value_set(edit->map, "options_url",
              value_url(ctx->arena, options_url(edit)));
    value_set_text(edit->map, "match", match_names(ctx, edit->field));
}

/* One level of a cascade: the children of `parent`, `chosen` among them. */
static bool edit_level(const struct edit *edit, struct value *levels,
                       int64_t parent, int64_t chosen, const char *label)
{
    struct ctx *ctx = edit->ctx;
    struct value *level = value_map(ctx->arena);
    struct value *list = value_list(ctx->arena), *options;
    size_t i;

    if (reference_options(&options, ctx, edit->field, NULL, parent, NULL)) {
        ctx_clear(ctx);
        return false;
    }
    if (!value_count(options))
        return false;
    for (i = 0; i < value_count(options); i++) {
        const struct value *option = value_at(options, i);
        int64_t id = value_get_id(option, "id");

        add_choice(ctx, list, id, value_get_text(option, "label"), NULL);
        value_set_bool(value_at(list, i), "selected", id == chosen);
    }
    value_set_int(level, "index", (int64_t)value_count(levels));
    value_set_text(level, "label", label);
    if (chosen)
        value_set_text(level, "value", id_text(ctx, chosen));
    value_set(level, "options", list);
    value_append(levels, level);
    return true;
}

static void edit_cascade(const struct edit *edit)
{
    struct ctx *ctx = edit->ctx;
    struct value *levels = value_list(ctx->arena);
    const struct value *names;
    const struct form *tree;
    int64_t path[TREE_DEPTH_MAX], id = chosen_id(edit), parent = 0;
    size_t depth, i;

    if (form_find(&tree, ctx, edit->field->target)) {
        ctx_clear(ctx);
        return;
    }
    names = value_get(tree->definition, "levels");
    depth = reference_path(path, ctx, tree, id);
    for (i = 0; i <= depth && i < TREE_DEPTH_MAX; i++) {
        const struct value *name = value_at(names, i);

        if (!edit_level(edit, levels, parent, i < depth ? path[i] : 0,
                        name ? locale_pick(ctx, name)
                             : tr(ctx, "records.level")))
            break;
        parent = i < depth ? path[i] : 0;
    }
    value_set(edit->map, "levels", levels);
    value_set_int(edit->map, "level_count",
                  names ? (int64_t)value_count(names) : TREE_DEPTH_MAX);
    value_set_text(edit->map, "value", id ? id_text(ctx, id) : "");
    if (id)
        value_set_text(edit->map, "text", reference_label(ctx, tree->name, id));
    value_set(edit->map, "options_url",
              value_url(ctx->arena, options_url(edit)));
    value_set_bool(edit->map, "group", true);
}

static void edit_files(const struct edit *edit)
{
    struct ctx *ctx = edit->ctx;
    const struct value *value = edit->typed ? edit->typed : edit->stored;
    const struct value *types = field_property(edit->field, "types");
    int64_t most = ctx->site ? ctx->site->settings.body_max : 32 << 20;
    int64_t own =
        value_get_int(edit->field->options, "max_size", 0) * 1024 * 1024;
    struct buf accept;
    size_t i;

    if (own && own < most)
        most = own;
    records_show(ctx, edit->map, edit->field, value);
    if (!value_get(edit->map, "items"))
        value_set(edit->map, "items", value_list(ctx->arena));
    if (value_get_int(edit->field->options, "max_count", 10) > 1)
        value_set_bool(edit->map, "multiple", true);
    buf_init(&accept, ctx->arena, 1000);
    for (i = 0; i < value_count(types); i++)
        buf_addf(&accept, "%s.%s", i ? "," : "",
                 value_as_text(value_at(types, i)));
    if (accept.length)
        value_set_text(edit->map, "accept", buf_text(&accept));
    value_set_int(edit->map, "max_bytes", most);
    value_set_text(edit->map, "max_text", size_human(ctx, most));
    value_set_bool(edit->map, "wide", true);
}

static void edit_number(const struct edit *edit)
{
    static const char *const names[] = { "min", "max", "unit" };
    struct ctx *ctx = edit->ctx;
    size_t i;

    value_set_text(edit->map, "value", current(edit));
    value_set_int(edit->map, "scale", edit->field->scale);
    for (i = 0; i < 3; i++) {
        const struct value *value = field_property(edit->field, names[i]);

        if (value)
            value_set(edit->map, names[i], value_copy(ctx->arena, value));
    }
    if (field_property(edit->field, "currency"))
        value_set_text(edit->map, "currency", field_currency(ctx, edit->field));
}

static struct value *edit_field(struct edit *edit);

/* Row `index` of a sub-table; NULL values make an empty one. */
static struct value *edit_row(const struct edit *edit, const char *index,
                              const struct value *typed,
                              const struct value *stored)
{
    const struct field *table = edit->field;
    struct ctx *ctx = edit->ctx;
    struct value *row = value_map(ctx->arena);
    struct value *fields = value_list(ctx->arena);
    int64_t id = value_get_id(typed ? typed : stored, "id");
    size_t i;

    value_set_text(row, "index", index);
    value_set_text(row, "name", table->key);
    value_set_text(row, "id", id ? id_text(ctx, id) : "");
    for (i = 0; i < table->field_count; i++) {
        struct edit cell = *edit;

        if (table->fields[i]->hidden)
            continue;
        cell.field = table->fields[i];
        cell.table = table;
        cell.name = arena_printf(ctx->arena, "%s.%s.%s", table->key, index,
                                 cell.field->key);
        cell.typed = value_get(typed, cell.field->key);
        /* A row that was typed holds nothing but what was typed. */
        cell.stored = typed && !cell.field->computed
                          ? NULL
                          : value_get(stored, cell.field->key);
        value_append(fields, edit_field(&cell));
    }
    value_set(row, "fields", fields);
    return row;
}

static void edit_rows(const struct edit *edit)
{
    struct ctx *ctx = edit->ctx;
    const struct value *source = edit->typed ? edit->typed : edit->stored;
    struct value *rows = value_list(ctx->arena);
    int blank = edit->fill->blank_rows;
    size_t count = value_count(source), i;

    for (i = 0; i < count; i++) {
        const char *index = arena_printf(ctx->arena, "%zu", i);

        value_append(rows,
                     edit->typed
                         ? edit_row(edit, index, value_at(source, i), NULL)
                         : edit_row(edit, index, NULL, value_at(source, i)));
    }
    /* Without scripts there is no other way to add some. */
    for (i = count; blank-- > 0; i++)
        value_append(rows, edit_row(edit, arena_printf(ctx->arena, "%zu", i),
                                    NULL, NULL));
    value_set(edit->map, "rows", rows);
    value_set(edit->map, "blank", edit_row(edit, "__N__", NULL, NULL));
}

static void edit_table(const struct edit *edit)
{
    struct ctx *ctx = edit->ctx;
    const struct field *table = edit->field;
    struct value *columns = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < table->field_count; i++) {
        const struct field *cell = table->fields[i];
        struct value *column = value_map(ctx->arena);

        if (cell->hidden)
            continue;
        value_set_text(column, "label", locale_pick(ctx, cell->title));
        if (cell->type->flags & FIELD_NUMBER)
            value_set_bool(column, "numeric", true);
        if (cell->required)
            value_set_bool(column, "required", true);
        value_append(columns, column);
    }
    value_set(edit->map, "columns", columns);
    value_set_int(edit->map, "min_rows",
                  value_get_int(table->options, "min_rows", 0));
    value_set_int(edit->map, "max_rows",
                  value_get_int(table->options, "max_rows", 200));
    value_set_bool(edit->map, "wide", true);
    value_set_bool(edit->map, "group", true);
    edit_rows(edit);
}

/* The message at this field, and its id for the summary's link. */
static void edit_problems(const struct edit *edit, const char *id)
{
    struct value *problems = edit->fill->problems;
    size_t i;

    for (i = 0; i < value_count(problems); i++) {
        struct value *problem = value_at(problems, i);

        if (!text_equal(value_get_text(problem, "field"), edit->name))
            continue;
        if (!value_get(edit->map, "error"))
            value_set_text(edit->map, "error",
                           value_get_text(problem, "message"));
        value_set_text(problem, "id", id);
        value_set_text(problem, "label", value_get_text(edit->map, "label"));
    }
}

static const char *element_id(struct ctx *ctx, const char *name)
{
    char *id = arena_printf(ctx->arena, "f-%s", name);
    char *c;

    for (c = id; *c; c++)
        if (*c == '.')
            *c = '-';
    return id;
}

static void edit_head(struct edit *edit)
{
    struct ctx *ctx = edit->ctx;
    const struct field *field = edit->field;
    struct value *map = edit->map;
    const char *id = element_id(ctx, edit->name);
    bool fixed = field->read_only;

    value_set_text(map, "key", field->key);
    value_set_text(map, "name", edit->name);
    value_set_text(map, "id", id);
    value_set_text(map, "type", records_shown_type(field));
    value_set_text(map, "label", locale_pick(ctx, field->title));
    value_set_text(map, "control", records_control(ctx, field, "edit"));
    if (field->hint)
        value_set_text(map, "help", locale_pick(ctx, field->hint));
    /* Said in either case: a template would find the sub-table's. */
    value_set_bool(map, "required", field->required);
    if (fixed)
        value_set_bool(map, "readonly", true);
    if (field->type->flags & FIELD_NUMBER)
        value_set_bool(map, "numeric", true);
    if (edit->form->logic_useful && !fixed)
        value_set_bool(map, "live", true);
    edit_problems(edit, id);
}

/* The module's template knows what the stored value is; what was typed stands
 * in `value`, as in every input. */
static void edit_module(struct edit *edit)
{
    value_set_text(edit->map, "value", current(edit));
    if (!value_is_empty(edit->stored))
        value_set_text(edit->map, "text",
                       field_human(edit->ctx, edit->field, edit->stored));
    records_fill(edit->ctx, edit->map, edit->field, edit->stored);
}

/* While a new record is typed: where to ask who is there already. */
static void edit_similar(const struct edit *edit)
{
    struct ctx *ctx = edit->ctx;

    value_set(
        edit->map, "similar_url",
        value_url(ctx->arena,
                  arena_printf(ctx->arena, "/api/v1/forms/%s/fields/%s/similar",
                               edit->form->name, edit->field->key)));
}

static struct value *edit_field(struct edit *edit)
{
    const char *type = edit->field->type->name;
    struct ctx *ctx = edit->ctx;

    edit->map = value_map(ctx->arena);
    edit_head(edit);
    if (edit->field->computed || edit->field->type->missing ||
        strcmp(type, "auto_number") == 0) {
        records_show(ctx, edit->map, edit->field, edit->stored);
        return edit->map;
    }
    if (edit->field->table)
        edit_table(edit);
    else if (records_is_module_type(edit->field))
        edit_module(edit);
    else if (strcmp(type, "file") == 0)
        edit_files(edit);
    else if (strcmp(type, "cascade") == 0)
        edit_cascade(edit);
    else if (strcmp(type, "choice") == 0 || strcmp(type, "multi_choice") == 0)
        edit_options(edit);
    else if (strcmp(type, "user") == 0 || strcmp(type, "department") == 0 ||
             strcmp(type, "link") == 0)
        edit_reference(edit);
    else if (strcmp(type, "boolean") == 0)
        value_set_bool(edit->map, "checked",
                       edit->typed
                           ? text_equal(value_as_text(edit->typed), "true")
                           : value_as_bool(edit->stored));
    else if (edit->field->type->flags & FIELD_NUMBER)
        edit_number(edit);
    else
        value_set_text(edit->map, "value", current(edit));
    if (edit->field->similar && edit->fill->is_new)
        edit_similar(edit);
    if (edit->field->max_length)
        value_set_int(edit->map, "max_length", edit->field->max_length);
    if (strcmp(type, "long_text") == 0) {
        value_set_bool(edit->map, "wide", !edit->table);
        value_set_int(edit->map, "rows", edit->table ? 1 : 4);
    }
    return edit->map;
}

struct sections {
    struct ctx *ctx;
    const struct form *form;
    const struct fill *fill;
    struct buf sent;
};

static void edit_key(struct sections *sections, struct value *fields,
                     const char *key)
{
    const struct fill *fill = sections->fill;
    struct edit edit = {
        .ctx = sections->ctx,
        .form = sections->form,
        .fill = fill,
        .field = form_field(sections->form, key),
        .name = key,
    };
    bool draft_number;

    if (!edit.field || edit.field->hidden)
        return;
    edit.stored = fill->record ? value_get(fill->record->values, key) : NULL;
    edit.typed = edit.field->read_only ? NULL : value_get(fill->typed, key);
    /* A number that is not given yet is nothing to look at. */
    draft_number = strcmp(edit.field->type->name, "auto_number") == 0 &&
                   value_is_empty(edit.stored);
    if (draft_number)
        return;
    value_append(fields, edit_field(&edit));
    if (!edit.field->read_only)
        buf_addf(&sections->sent, "%s%s", sections->sent.length ? "," : "",
                 key);
}

struct value *records_edit_sections(struct ctx *ctx, const struct form *form,
                                    const struct fill *fill, const char **sent)
{
    const struct value *wanted = value_get(form->definition, "sections");
    struct sections sections = { .ctx = ctx, .form = form, .fill = fill };
    struct value *list = value_list(ctx->arena), *fields;
    size_t i, j;

    buf_init(&sections.sent, ctx->arena, 65536);
    for (i = 0; i < value_count(wanted); i++) {
        const struct value *keys = value_get(value_at(wanted, i), "fields");

        fields = value_list(ctx->arena);
        for (j = 0; j < value_count(keys); j++)
            edit_key(&sections, fields, value_as_text(value_at(keys, j)));
        records_add_section(ctx, list, value_get(value_at(wanted, i), "title"),
                            fields);
    }
    fields = value_list(ctx->arena);
    for (i = 0; i < form->field_count; i++)
        if (!records_in_sections(wanted, form->fields[i]->key))
            edit_key(&sections, fields, form->fields[i]->key);
    records_add_section(ctx, list, NULL, fields);
    *sent = buf_text(&sections.sent);
    return list;
}
