/*
 * records_fields.c - shows values: cells, read pages, states.
 *
 * Data only; the markup of each type and mode is the theme's. The editing
 * side is records_edit.c.
 */
#include "base/banned.h"

#include "portal/records_fields.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/numbers.h"
#include "base/str.h"
#include "form/attachment.h"
#include "form/field_type.h"
#include "form/match.h"
#include "form/reference.h"
#include "org/person.h"
#include "portal/portal.h"
#include "view/view.h"

/* A module's own template, the text type's, or that of one that is away. */
static const char *module_control(struct ctx *ctx,
                                  const struct field_type *type,
                                  const char *mode)
{
    static const char *const modes[FIELD_MODES] = { "edit", "read", "cell",
                                                    "print" };
    int i;

    for (i = 0; i < FIELD_MODES; i++)
        if (strcmp(modes[i], mode) == 0 && type->templates[i])
            return type->templates[i];
    return arena_printf(ctx->arena, "field/%s.%s",
                        type->missing ? "missing" : "text", mode);
}

const char *records_shown_type(const struct field *field)
{
    return field->computed                 ? "computed"
           : records_is_module_type(field) ? "text"
                                           : field->type->name;
}

bool records_is_module_type(const struct field *field)
{
    return strchr(field->type->name, '.') != NULL;
}

/* What the module adds for its templates; never what the host has set. */
void records_fill(struct ctx *ctx, struct value *map, const struct field *field,
                  const struct value *value)
{
    struct value *more = value_map(ctx->arena);
    struct ctx quiet = ctx_apart(ctx);
    size_t i;

    if (!field->type->fill)
        return;
    if (field->type->fill(&quiet, more, field, value)) {
        log_ctx(ctx, LOG_WARN, "field.fill_failed", "type", field->type->name,
                "error", ctx_error(&quiet), NULL);
        return;
    }
    for (i = 0; i < value_count(more); i++)
        if (!value_get(map, value_key_at(more, i)))
            value_set(map, value_key_at(more, i), value_item_at(more, i));
}

const char *records_control(struct ctx *ctx, const struct field *field,
                            const char *mode)
{
    if (!field->computed && records_is_module_type(field))
        return module_control(ctx, field->type, mode);
    return arena_printf(ctx->arena, "field/%s.%s",
                        field->computed ? "computed" : field->type->name, mode);
}

const char *records_title(struct ctx *ctx, const struct form *form,
                          const char *key)
{
    const struct field *field = form_field(form, key);
    const char *text;

    if (field)
        return locale_pick(ctx, field->title);
    text = arena_printf(ctx->arena, "form.system_field.%s", key);
    return tr_find(ctx->locale, text) ? tr(ctx, text) : key;
}

struct value *records_state(struct ctx *ctx, const char *state)
{
    static const struct {
        const char *state, *color;
    } colors[] = {
        { "draft", "gray" },      { "running", "blue" },
        { "returned", "orange" }, { "approved", "green" },
        { "rejected", "red" },    { "withdrawn", "gray" },
        { "terminated", "gray" }, { "suspended", "yellow" },
        { "saved", "gray" },
    };
    const char *key = arena_printf(ctx->arena, "form.state.%s", state);
    struct value *map = value_map(ctx->arena);
    const char *color = "gray";
    size_t i;

    for (i = 0; i < sizeof colors / sizeof colors[0]; i++)
        if (strcmp(colors[i].state, state) == 0)
            color = colors[i].color;
    value_set_text(map, "text",
                   tr_find(ctx->locale, key) ? tr(ctx, key) : state);
    value_set_text(map, "color", color);
    return map;
}

/* ---- one value ---- */

static void show_option(struct value *map, const struct field *field,
                        const char *key)
{
    const char *color = value_get_text(field_option(field, key), "color");

    if (color)
        value_set_text(map, "color", color);
}

static void show_options(struct ctx *ctx, struct value *map,
                         const struct field *field, const struct value *value)
{
    struct value *items = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < value_count(value); i++) {
        const char *key = value_as_text(value_at(value, i));
        const struct value *option = field_option(field, key);
        struct value *item = value_map(ctx->arena);

        value_set_text(item, "text", option ? option_title(ctx, option) : key);
        show_option(item, field, key);
        value_append(items, item);
    }
    value_set(map, "items", items);
}

static void show_reference(struct ctx *ctx, struct value *map,
                           const struct field *field, const struct value *value)
{
    struct value *items = value_list(ctx->arena);
    struct value *item = value_map(ctx->arena);
    const char *text = field_human(ctx, field, value);
    int64_t id = value_as_int(value, 0);

    value_set_text(item, "text", *text ? text : tr(ctx, "records.gone"));
    if (!*text)
        value_set_bool(item, "gone", true);
    if (strcmp(field->type->name, "user") == 0) {
        value_set_text(item, "initials", view_initials(ctx, text));
        value_set_text(item, "tone", view_tone(id));
    } else if (field->target) {
        value_set(
            item, "url",
            value_url(ctx->arena, arena_printf(ctx->arena, "/records/%s/%lld",
                                               field->target, (long long)id)));
    }
    value_append(items, item);
    value_set(map, "items", items);
}

static void show_file(struct ctx *ctx, struct value *items, int64_t id)
{
    struct attachment *file;
    struct value *item = value_map(ctx->arena);

    if (attachment_find(&file, ctx, id))
        return;
    value_set_id(item, "value", id);
    value_set_text(item, "label", file->name);
    value_set_text(item, "mime", file->type);
    value_set_text(item, "size_text", size_human(ctx, file->size));
    value_set(item, "url",
              value_url(ctx->arena, arena_printf(ctx->arena, "/files/%lld",
                                                 (long long)id)));
    if (file->pages > 0)
        value_set(item, "preview_url",
                  value_url(ctx->arena,
                            arena_printf(ctx->arena, "/files/%lld/pages/1",
                                         (long long)id)));
    value_append(items, item);
}

static void show_files(struct ctx *ctx, struct value *map,
                       const struct value *value)
{
    struct value *items = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < value_count(value); i++)
        show_file(ctx, items, value_as_id(value_at(value, i)));
    value_set(map, "items", items);
}

static void show_column(struct ctx *ctx, struct value *columns,
                        const struct field *cell)
{
    struct value *column = value_map(ctx->arena);

    value_set_text(column, "label", locale_pick(ctx, cell->title));
    if (cell->type->flags & FIELD_NUMBER)
        value_set_bool(column, "numeric", true);
    value_append(columns, column);
}

static void show_table(struct ctx *ctx, struct value *map,
                       const struct field *table, const struct value *value)
{
    struct value *columns = value_list(ctx->arena);
    struct value *rows = value_list(ctx->arena);
    size_t i, j;

    for (j = 0; j < table->field_count; j++)
        if (!table->fields[j]->hidden)
            show_column(ctx, columns, table->fields[j]);
    for (i = 0; i < value_count(value); i++) {
        struct value *row = value_map(ctx->arena);
        struct value *cells = value_list(ctx->arena);

        for (j = 0; j < table->field_count; j++) {
            const struct field *cell = table->fields[j];

            if (!cell->hidden)
                value_append(cells, records_cell(ctx, cell,
                                                 value_get(value_at(value, i),
                                                           cell->key)));
        }
        value_set(row, "cells", cells);
        value_append(rows, row);
    }
    value_set(map, "columns", columns);
    value_set(map, "rows", rows);
    value_set_bool(map, "wide", true);
}

static void show_instant(struct ctx *ctx, struct value *map,
                         const struct value *value)
{
    int64_t instant = value_as_int(value, 0);
    char text[TIME_TEXT_MAX];

    instant_format(text, instant);
    value_set_text(map, "iso", text);
    value_set_text(map, "exact", instant_human(ctx, instant));
}

void records_show(struct ctx *ctx, struct value *map, const struct field *field,
                  const struct value *value)
{
    const char *type = field->type->name;

    if (strcmp(type, "boolean") == 0)
        value_set_bool(map, "checked", value_as_bool(value));
    if (value_is_empty(value) && !field->table)
        return;
    if (field->table) {
        show_table(ctx, map, field, value);
        return;
    }
    if (strcmp(type, "file") == 0) {
        show_files(ctx, map, value);
        return;
    }
    value_set_text(map, "text", field_human(ctx, field, value));
    if (records_is_module_type(field))
        records_fill(ctx, map, field, value);
    else if (strcmp(type, "choice") == 0)
        show_option(map, field, value_as_text(value));
    else if (strcmp(type, "multi_choice") == 0)
        show_options(ctx, map, field, value);
    else if (strcmp(type, "user") == 0 || strcmp(type, "department") == 0 ||
             strcmp(type, "link") == 0)
        show_reference(ctx, map, field, value);
    else if (strcmp(type, "date") == 0)
        value_set_text(map, "iso", value_as_text(value));
    else if (strcmp(type, "datetime") == 0)
        show_instant(ctx, map, value);
}

struct value *records_cell(struct ctx *ctx, const struct field *field,
                           const struct value *value)
{
    struct value *map = value_map(ctx->arena);

    value_set_text(map, "control", records_control(ctx, field, "cell"));
    value_set_text(map, "label", locale_pick(ctx, field->title));
    if (field->type->flags & FIELD_NUMBER)
        value_set_bool(map, "numeric", true);
    records_show(ctx, map, field, value);
    return map;
}

/* ---- a page ---- */

static struct value *read_field(struct ctx *ctx, const struct field *field,
                                const struct value *value, const char *mode)
{
    struct value *map = value_map(ctx->arena);

    value_set_text(map, "key", field->key);
    value_set_text(map, "name", field->key);
    value_set_text(map, "id", arena_printf(ctx->arena, "f-%s", field->key));
    value_set_text(map, "type", records_shown_type(field));
    value_set_text(map, "label", locale_pick(ctx, field->title));
    value_set_text(map, "control", records_control(ctx, field, mode));
    if (field->type->flags & FIELD_NUMBER)
        value_set_bool(map, "numeric", true);
    if (strcmp(field->type->name, "long_text") == 0 ||
        strcmp(field->type->name, "file") == 0)
        value_set_bool(map, "wide", true);
    records_show(ctx, map, field, value);
    return map;
}

static void read_key(struct ctx *ctx, struct value *fields,
                     const struct record *record, const char *key,
                     const char *mode)
{
    const struct field *field = form_field(record->form, key);
    const struct value *value = value_get(record->values, key);

    if (!field || field->hidden || value_is_empty(value))
        return;
    value_append(fields, read_field(ctx, field, value, mode));
}

bool records_in_sections(const struct value *sections, const char *key)
{
    size_t i, j;

    for (i = 0; i < value_count(sections); i++) {
        const struct value *keys = value_get(value_at(sections, i), "fields");

        for (j = 0; j < value_count(keys); j++)
            if (text_equal(value_as_text(value_at(keys, j)), key))
                return true;
    }
    return false;
}

void records_add_section(struct ctx *ctx, struct value *list,
                         const struct value *title, struct value *fields)
{
    struct value *section = value_map(ctx->arena);

    if (!value_count(fields))
        return;
    if (title)
        value_set_text(section, "title", locale_pick(ctx, title));
    value_set(section, "fields", fields);
    value_append(list, section);
}

struct value *records_read_sections(struct ctx *ctx,
                                    const struct record *record,
                                    const char *mode)
{
    const struct form *form = record->form;
    const struct value *sections = value_get(form->definition, "sections");
    struct value *list = value_list(ctx->arena), *fields;
    size_t i, j;

    for (i = 0; i < value_count(sections); i++) {
        const struct value *keys = value_get(value_at(sections, i), "fields");

        fields = value_list(ctx->arena);
        for (j = 0; j < value_count(keys); j++)
            read_key(ctx, fields, record, value_as_text(value_at(keys, j)),
                     mode);
        records_add_section(ctx, list,
                            value_get(value_at(sections, i), "title"), fields);
    }
    /* Fields that no section names stand behind. */
    fields = value_list(ctx->arena);
    for (i = 0; i < form->field_count; i++)
        if (!records_in_sections(sections, form->fields[i]->key))
            read_key(ctx, fields, record, form->fields[i]->key, mode);
    records_add_section(ctx, list, NULL, fields);
    return list;
}

struct value *records_goes_with(struct ctx *ctx, const struct field *link,
                                const struct fill *fill)
{
    const struct form *form = link->form;
    struct value *values = value_map(ctx->arena);
    size_t i;

    for (i = 0; i < form->field_count; i++) {
        const struct field *own = match_own(link, form->fields[i]->key);
        const struct value *typed =
            own ? value_get(fill->typed, own->key) : NULL;
        struct value *value = NULL;

        if (!own)
            continue;
        if (!typed)
            value =
                fill->record ? value_get(fill->record->values, own->key) : NULL;
        else if (field_input(&value, ctx, own, own->key, typed))
            ctx_clear(ctx); /* what is no value is told at its field */
        if (value)
            value_set(values, own->key, value);
    }
    return values;
}
