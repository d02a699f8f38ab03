/*
 * records_sentence.c - filters as people read them: each test a sentence in
 * the reader's language, each part a chip.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "form/field_type.h"
#include "form/period.h"
#include "org/org.h"
#include "org/person.h"
#include "portal/records_fields.h"
#include "portal/records_filter.h"

/* ---- values ---- */

const char *records_period(struct ctx *ctx, const char *period)
{
    int64_t days = period_days(period);
    struct value *args;

    if (!days)
        return tr(ctx, arena_printf(ctx->arena, "records.period.%s", period));
    args = value_map(ctx->arena);
    value_set_int(args, "count", days);
    return tr_with(ctx,
                   *period == 'l' ? "records.period.last_days"
                                  : "records.period.next_days",
                   args);
}

/* "today", "7 days ago"; NULL where the text is no such day. */
static const char *relative_day(struct ctx *ctx, const char *text)
{
    struct value *args;
    int64_t day, days;

    if (!period_day(&day, ctx, text))
        return NULL;
    if (text[5] == '\0' || int_parse(&days, text + 6, 1, INT64_MAX))
        return tr(ctx, "records.period.today");
    args = value_map(ctx->arena);
    value_set_int(args, "count", days);
    return tr_with(
        ctx, text[5] == '-' ? "records.days_ago" : "records.days_ahead", args);
}

static const char *human_system(struct ctx *ctx, const struct form *form,
                                const char *key, const char *text)
{
    int64_t id;

    if (strcmp(key, "state") == 0)
        return value_get_text(records_state(ctx, text), "text");
    if (filter_class_of(form, key) == CLASS_INSTANT)
        return date_parse(&(int){ 0 }, &(int){ 0 }, &(int){ 0 }, text)
                   ? date_human(ctx, text)
                   : text;
    if (int_parse(&id, text, 1, INT64_MAX))
        return text;
    return strcmp(key, "department") == 0 ? department_name(ctx, id)
                                          : person_name(ctx, id);
}

static const char *human_value(struct ctx *ctx, const struct form *form,
                               const char *key, const char *text)
{
    const struct field *field = form_field(form, key);
    int class = filter_class_of(form, key);
    struct ctx quiet = ctx_apart(ctx);
    struct value *value = NULL;
    const char *day = NULL, *human;

    if (class & (CLASS_DATE | CLASS_INSTANT))
        day = relative_day(ctx, text);
    if (day)
        return day;
    if (class == CLASS_ID && strcmp(text, "me") == 0)
        return tr(ctx, "records.me");
    if (class == CLASS_ID && strcmp(text, "my_department") == 0)
        return tr(ctx, "records.my_department");
    if (!field)
        return human_system(ctx, form, key, text);
    if (field->type->flags & FIELD_LIST) {
        const struct value *option = field_option(field, text);

        return option ? option_title(ctx, option) : text;
    }
    if (class == CLASS_INSTANT &&
        date_parse(&(int){ 0 }, &(int){ 0 }, &(int){ 0 }, text))
        return date_human(ctx, text);
    if (field_input(&value, &quiet, field, key, value_text(ctx->arena, text)) ||
        value_is_empty(value))
        return text;
    human = field_human(ctx, field, value);
    return *human ? human : text;
}

static const char *human_values(struct ctx *ctx, const struct form *form,
                                const struct filter_test *test)
{
    struct buf buf;
    size_t i;

    if (!test->count)
        return "";
    if (strcmp(test->op->name, "within") == 0)
        return records_period(ctx, test->values[0]);
    buf_init(&buf, ctx->arena, 1 << 18);
    for (i = 0; i < test->count; i++)
        buf_addf(&buf, "%s%s", i ? tr(ctx, "records.or") : "",
                 human_value(ctx, form, test->key, test->values[i]));
    return buf_text(&buf);
}

const char *records_sentence(struct ctx *ctx, const struct form *form,
                             const struct filter_test *test)
{
    int days = CLASS_DATE | CLASS_INSTANT;
    const char *key =
        arena_printf(ctx->arena, "records.sentence.%s", test->op->name);
    const char *of_days = arena_printf(ctx->arena, "%s_day", key);
    struct value *args = value_map(ctx->arena);

    if (filter_class_of(form, test->key) & days && tr_find("en", of_days))
        key = of_days;
    value_set_text(args, "field", records_title(ctx, form, test->key));
    value_set_text(args, "value", human_values(ctx, form, test));
    return tr_with(ctx, key, args);
}

/* ---- chips ---- */

static struct value *chip_of(struct ctx *ctx,
                             const struct records_filter *filter, bool locked,
                             size_t part)
{
    const struct filter *from = locked ? filter->locked : filter->own;
    const char *joint = tr(ctx, from->any ? "records.and" : "records.or");
    struct value *chip = value_map(ctx->arena);
    struct value *tests = value_list(ctx->arena);
    struct filter *without = records_filter_copy(ctx, from);
    struct buf text;
    size_t i;

    buf_init(&text, ctx->arena, 1 << 18);
    for (i = 0; i < from->parts[part].count; i++) {
        const char *sentence =
            records_sentence(ctx, filter->form, &from->parts[part].tests[i]);
        struct value *test = value_map(ctx->arena);

        if (i)
            value_set_text(test, "joint", joint);
        value_set_text(test, "text", sentence);
        if (!locked)
            value_set(
                test, "edit_url",
                value_url(ctx->arena,
                          records_filter_url(
                              ctx, filter, "edit",
                              arena_printf(ctx->arena, "%zu.%zu", part, i))));
        value_append(tests, test);
        buf_addf(&text, "%s%s", i ? joint : "", sentence);
    }
    value_set_text(chip, "text", buf_text(&text));
    value_set(chip, "tests", tests);
    if (locked) {
        value_set_bool(chip, "locked", true);
        return chip;
    }
    while (without->parts[part].count > 1)
        records_filter_drop(without, part, 0);
    records_filter_drop(without, part, 0);
    value_set(
        chip, "remove_url",
        value_url(ctx->arena, records_filter_url_of(ctx, filter, without)));
    return chip;
}

static void add_chips(struct ctx *ctx, const struct records_filter *filter,
                      bool locked, struct value *chips)
{
    const struct filter *from = locked ? filter->locked : filter->own;
    size_t i;

    for (i = 0; from && i < from->count; i++) {
        struct value *chip = chip_of(ctx, filter, locked, i);

        if (i && from->any)
            value_set_text(chip, "before", tr(ctx, "records.or_word"));
        value_append(chips, chip);
    }
}

/* From "all of these" to "any of these" and back. */
static void add_match(struct ctx *ctx, const struct records_filter *filter,
                      struct value *list)
{
    struct filter *turned = records_filter_copy(ctx, filter->own);
    struct value *match;

    if (filter->own->count < 2)
        return;
    turned->any = !turned->any;
    match = value_map(ctx->arena);
    value_set_text(
        match, "label",
        tr(ctx, filter->own->any ? "records.match_any" : "records.match_all"));
    value_set_text(
        match, "turn",
        tr(ctx, filter->own->any ? "records.turn_all" : "records.turn_any"));
    value_set(
        match, "url",
        value_url(ctx->arena, records_filter_url_of(ctx, filter, turned)));
    value_set(list, "match", match);
}

void records_chips(struct ctx *ctx, const struct records_filter *filter,
                   struct value *list)
{
    struct value *chips = value_list(ctx->arena);

    add_chips(ctx, filter, true, chips);
    add_chips(ctx, filter, false, chips);
    value_set(list, "chips", chips);
    add_match(ctx, filter, list);
}
