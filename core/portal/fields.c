/*
 * fields.c - the data of a plain form.
 */
#include "base/banned.h"

#include "portal/fields.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "org/org.h"
#include "org/person.h"
#include "web/request.h"

struct value *fields_form(struct ctx *ctx, const char *name, const char *action,
                          int64_t record)
{
    struct value *form = value_map(ctx->arena);

    value_set_text(form, "name", name);
    value_set(form, "action", value_url(ctx->arena, action));
    if (record)
        value_set_id(form, "record", record);
    value_set(form, "sections", value_list(ctx->arena));
    return form;
}

void fields_section(struct ctx *ctx, struct value *form, const char *title)
{
    struct value *section = value_map(ctx->arena);

    if (title)
        value_set_text(section, "title", title);
    value_set(section, "fields", value_list(ctx->arena));
    value_append(value_get(form, "sections"), section);
}

/* Options of a picker for readers without scripts. */
enum { OPTIONS_MAX = 200 };

static struct value *add_field(struct ctx *ctx, struct value *form,
                               const char *type, const char *name,
                               const char *label)
{
    struct value *field = value_map(ctx->arena);
    struct value *sections = value_get(form, "sections"), *last;

    if (value_count(sections) == 0)
        fields_section(ctx, form, NULL);
    last = value_at(sections, value_count(sections) - 1);
    value_set_text(field, "key", name);
    value_set_text(field, "name", name);
    value_set_text(field, "id", arena_printf(ctx->arena, "f-%s", name));
    value_set_text(field, "label", label);
    value_set_text(field, "type", type);
    value_set_text(field, "control",
                   arena_printf(ctx->arena, "field/%s.edit", type));
    value_append(value_get(last, "fields"), field);
    return field;
}

static const char *sent_or(const struct request *request, const char *name,
                           const char *value)
{
    const char *sent = request_form(request, name);

    return sent ? sent : value;
}

struct value *fields_text(struct ctx *ctx, struct value *form,
                          const struct request *request, const char *name,
                          const char *label, const char *value, int max_length)
{
    struct value *field = add_field(ctx, form, "text", name, label);
    const char *text = sent_or(request, name, value);

    value_set_text(field, "value", text ? text : "");
    if (max_length)
        value_set_int(field, "max_length", max_length);
    return field;
}

static void add_item(struct ctx *ctx, struct value *field, const char *key,
                     int64_t id, const char *label, const char *detail)
{
    struct value *item = value_map(ctx->arena);

    value_set_id(item, "value", id);
    value_set_text(item, "label", label);
    if (detail)
        value_set_text(item, "detail", detail);
    value_append(value_get(field, key), item);
}

/* People for readers without scripts: the first two hundred. */
static void add_people(struct ctx *ctx, struct value *field, int64_t but)
{
    struct value *people;
    size_t i;

    if (org_search_users(&people, ctx, "", 200)) {
        ctx_clear(ctx);
        return;
    }
    for (i = 0; i < value_count(people); i++) {
        const struct value *row = value_at(people, i);
        int64_t id = value_get_id(row, "id");

        if (id != but)
            add_item(ctx, field, "options", id, value_get_text(row, "name"),
                     value_get_text(row, "department"));
    }
}

struct value *fields_user(struct ctx *ctx, struct value *form,
                          const struct request *request, const char *name,
                          const char *label, int64_t value)
{
    struct value *field = add_field(ctx, form, "user", name, label);
    const char *sent = request_form(request, name);

    if (sent && int_parse(&value, sent, 1, INT64_MAX))
        value = 0;
    value_set(field, "options_url",
              value_url(ctx->arena, "/portal/options/users"));
    value_set(field, "items", value_list(ctx->arena));
    value_set(field, "options", value_list(ctx->arena));
    if (value)
        add_item(ctx, field, "items", value, person_name(ctx, value), NULL);
    add_people(ctx, field, value);
    return field;
}

struct value *fields_department(struct ctx *ctx, struct value *form,
                                const struct request *request, const char *name,
                                const char *label, int64_t value,
                                int64_t but_below)
{
    struct value *field = fields_choice(ctx, form, name, label, false);
    const char *sent = request_form(request, name);
    const struct department **list;
    const char *below = NULL;
    size_t i, count;

    if (sent && int_parse(&value, sent, 1, INT64_MAX))
        value = 0;
    if (department_list(&list, &count, ctx)) {
        ctx_clear(ctx);
        return field;
    }
    for (i = 0; but_below && i < count; i++)
        if (list[i]->id == but_below)
            below = list[i]->path;
    for (i = 0; i < count; i++) {
        const struct department *d = list[i];
        struct buf text;
        int depth;

        if (below && text_starts(d->path, below))
            continue;
        buf_init(&text, ctx->arena, 4096);
        for (depth = 0; depth < d->depth; depth++)
            buf_add_text(&text, "\xe2\x80\x83"); /* an em space a level */
        buf_add_text(&text, d->name);
        fields_option(ctx, field, arena_printf(ctx->arena, "%" PRId64, d->id),
                      buf_text(&text), d->id == value);
    }
    return field;
}

struct value *fields_departments(struct ctx *ctx, struct value *form,
                                 const char *name, const char *label,
                                 const struct value *ids)
{
    struct value *field = add_field(ctx, form, "department", name, label);
    const struct department **list;
    size_t i, j, count;

    value_set_bool(field, "multiple", true);
    value_set(field, "options_url",
              value_url(ctx->arena, "/portal/options/departments"));
    value_set(field, "items", value_list(ctx->arena));
    value_set(field, "options", value_list(ctx->arena));
    if (department_list(&list, &count, ctx)) {
        ctx_clear(ctx);
        return field;
    }
    for (i = 0; i < count; i++) {
        for (j = 0; j < value_count(ids); j++)
            if (value_as_id(value_at(ids, j)) == list[i]->id)
                break;
        if (j < value_count(ids))
            add_item(ctx, field, "items", list[i]->id, list[i]->name, NULL);
        else if (i < OPTIONS_MAX)
            add_item(ctx, field, "options", list[i]->id, list[i]->name, NULL);
    }
    return field;
}

struct value *fields_choice(struct ctx *ctx, struct value *form,
                            const char *name, const char *label, bool multi)
{
    struct value *field =
        add_field(ctx, form, multi ? "multi_choice" : "choice", name, label);

    value_set(field, "options", value_list(ctx->arena));
    if (multi)
        value_set_bool(field, "group", true);
    return field;
}

void fields_option(struct ctx *ctx, struct value *field, const char *value,
                   const char *label, bool selected)
{
    struct value *option = value_map(ctx->arena);

    value_set_text(option, "value", value);
    value_set_text(option, "label", label);
    value_set_bool(option, "selected", selected);
    value_append(value_get(field, "options"), option);
}

void fields_required(struct value *field)
{
    value_set_bool(field, "required", true);
}

void fields_help(struct value *field, const char *help)
{
    value_set_text(field, "help", help);
}

/* Puts the messages of the context at their fields, and the id of the field
 * into each problem, so that the summary links to it. */
static void place_problems(struct ctx *ctx, struct value *field,
                           struct value *problems)
{
    const char *name = value_get_text(field, "name");
    size_t i;

    (void)ctx;
    for (i = 0; i < value_count(problems); i++) {
        struct value *problem = value_at(problems, i);

        if (!text_equal(value_get_text(problem, "field"), name))
            continue;
        value_set_text(field, "error", value_get_text(problem, "message"));
        value_set_text(problem, "id", value_get_text(field, "id"));
    }
}

void fields_finish(struct ctx *ctx, struct value *data, struct value *form,
                   const char *submit, const char *cancel_url)
{
    struct value *problems = problems_value(ctx);
    struct value *sections = value_get(form, "sections");
    struct value *button = value_map(ctx->arena);
    struct buf names;
    size_t i, j;

    buf_init(&names, ctx->arena, 4096);
    for (i = 0; i < value_count(sections); i++) {
        struct value *fields = value_get(value_at(sections, i), "fields");

        for (j = 0; j < value_count(fields); j++) {
            struct value *field = value_at(fields, j);

            if (names.length)
                buf_add_char(&names, ',');
            buf_add_text(&names, value_get_text(field, "name"));
            place_problems(ctx, field, problems);
        }
    }
    value_set_text(form, "fields_sent", buf_text(&names));
    value_set_text(button, "label", submit);
    value_set(form, "submit", button);
    if (cancel_url)
        value_set(form, "cancel_url", value_url(ctx->arena, cancel_url));
    value_set(data, "form", form);
    value_set(data, "problems", problems);
}

int fields_read_id(int64_t *out, struct ctx *ctx, const struct request *request,
                   const char *name)
{
    const char *text = request_form(request, name);

    *out = 0;
    if (text_empty(text))
        return 0;
    if (int_parse(out, text, 1, INT64_MAX))
        return fail_at(ctx, E_INVALID, name, "frame.bad_choice",
                       "this choice is not there");
    return 0;
}

struct value *fields_problems(struct ctx *ctx)
{
    struct value *problems = problems_value(ctx);
    size_t i;

    for (i = 0; i < value_count(problems); i++) {
        struct value *problem = value_at(problems, i);
        const char *field = value_get_text(problem, "field");

        if (field)
            value_set_text(problem, "id",
                           arena_printf(ctx->arena, "f-%s", field));
    }
    return problems;
}
