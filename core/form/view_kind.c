/*
 * view_kind.c - what a kanban and a chart hold beyond other views.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "form/aggregate.h"
#include "form/board.h"
#include "form/definition.h"
#include "form/field_type.h"
#include "form/view_check.h"

static const char *at(struct ctx *ctx, const char *pointer, const char *name)
{
    return arena_printf(ctx->arena, "%s/%s", pointer, name);
}

/* The member as a text; NULL where it is absent. Anything else is "". */
static const char *text_of(const struct value *content, const char *name)
{
    const struct value *member = value_get(content, name);
    const char *text = value_as_text(member);

    return member && !value_is_null(member) ? text ? text : "" : NULL;
}

void view_check_kanban(struct ctx *ctx, const struct form *form,
                       const struct value *content, const char *pointer)
{
    const char *group = text_of(content, "group");
    const char *sum = text_of(content, "sum");
    const struct value *card = value_get(content, "card");

    if (group ? !board_field(form_field(form, group)) : !board_default(form))
        definition_error(ctx, at(ctx, pointer, "group"),
                         "expected the key of a choice or a link");
    definition_keys(ctx, form, card, at(ctx, pointer, "card"));
    if (value_count(card) > BOARD_CARD_FIELDS)
        definition_error(ctx, at(ctx, pointer, "card"),
                         "at most %d fields on a card", BOARD_CARD_FIELDS);
    if (sum && !aggregate_measure_known(
                   ctx, form, arena_printf(ctx->arena, "sum:%s", sum)))
        definition_error(ctx, at(ctx, pointer, "sum"),
                         "expected the key of a field with a number");
}

void view_check_chart(struct ctx *ctx, const struct form *form,
                      const struct value *content, const char *pointer)
{
    static const char *const groups[] = { "group", "series" };
    const char *chart = text_of(content, "chart");
    const char *measure = text_of(content, "measure");
    size_t i;

    if (chart && !definition_word_in(" bar line pie funnel ", chart))
        definition_error(ctx, at(ctx, pointer, "chart"),
                         "expected bar, line, pie or funnel");
    for (i = 0; i < 2; i++) {
        const char *name = text_of(content, groups[i]);

        if (name && !aggregate_group_known(ctx, form, name))
            definition_error(ctx, at(ctx, pointer, groups[i]),
                             "expected the key of a field that records can be"
                             " grouped by; of a date with a period"
                             " (\"closes:month\")");
    }
    if (measure && !board_measure_known(ctx, form, measure))
        definition_error(ctx, at(ctx, pointer, "measure"),
                         "expected count, or sum: or avg: and the key of a"
                         " field with a number");
}
