/*
 * view_check.c - what a view may hold: kinds, common members, filters; for
 * definitions and for those that people save.
 */
#include "base/banned.h"

#include "form/view_check.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "form/definition.h"
#include "form/field_type.h"
#include "form/filter.h"
#include "form/record.h"

/* A kind is a row; docs/customizer/forms.md tells its members. */
static const struct view_kind kinds[] = {
    { "list", " ", NULL },
    { "kanban", " group card sum ", view_check_kanban },
    { "chart", " chart group series measure ", view_check_chart },
};

/* In addresses: the plain list, its bin. */
static const char TAKEN[] = " all bin ";
static const char COMMON[] = " key title kind filter sort columns locked home ";

const struct view_kind *view_kind_named(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (text_equal(kinds[i].name, name))
            return &kinds[i];
    return NULL;
}

static const char *at(struct ctx *ctx, const char *pointer, const char *name)
{
    return arena_printf(ctx->arena, "%s/%s", pointer, name);
}

/* Whether the values of each test fit its field. Persons, departments and
 * records are found when the view is read. */
static void check_values(struct ctx *ctx, const struct form *form,
                         const struct value *json, const char *pointer)
{
    struct filter *filter;
    size_t i, j;

    if (filter_read(&filter, ctx, form, json, pointer))
        return;
    for (i = 0; i < filter->count; i++)
        for (j = 0; j < filter->parts[i].count; j++) {
            const struct filter_test *test = &filter->parts[i].tests[j];
            struct filter one = { .parts = { { (struct filter_test *)test,
                                               1 } },
                                  .count = 1,
                                  .tests = 1 };
            struct condition *condition;
            struct ctx quiet = ctx_apart(ctx);

            if (filter_class_of(form, test->key) == CLASS_ID)
                continue;
            if (record_condition(&condition, &quiet, form,
                                 filter_json(ctx, &one)))
                definition_error(ctx, pointer,
                                 "the value does not fit the field %s",
                                 test->key);
        }
}

void view_check_content(struct ctx *ctx, const struct form *form,
                        const struct view_kind *kind,
                        const struct value *content, const char *pointer)
{
    const struct value *sort = value_get(content, "sort");
    const char *name = value_as_text(sort);

    check_values(ctx, form, value_get(content, "filter"),
                 at(ctx, pointer, "filter"));
    if (name && *name == '-')
        name++;
    if (sort && !value_is_null(sort) && !record_sort_known(form, name))
        definition_error(ctx, at(ctx, pointer, "sort"),
                         "expected the key of a field that can be sorted by");
    definition_keys(ctx, form, value_get(content, "columns"),
                    at(ctx, pointer, "columns"));
    if (value_count(value_get(content, "columns")) > VIEW_COLUMNS_MAX)
        definition_error(ctx, at(ctx, pointer, "columns"), "at most %d columns",
                         VIEW_COLUMNS_MAX);
    if (kind->check)
        kind->check(ctx, form, content, pointer);
}

static void check_flag(struct ctx *ctx, const struct value *view,
                       const char *name, const char *pointer)
{
    const struct value *flag = value_get(view, name);

    if (flag && value_kind(flag) != VALUE_BOOL)
        definition_error(ctx, at(ctx, pointer, name), "expected true or false");
}

static void check_one(struct ctx *ctx, const struct form *form,
                      const struct value *view, const char *pointer)
{
    const char *name = value_get_text(view, "kind");
    const struct view_kind *kind = view_kind_named(name ? name : "list");
    const char *key = value_get_text(view, "key");

    if (value_kind(view) != VALUE_MAP) {
        definition_error(ctx, pointer, "expected a map");
        return;
    }
    if (!kind) {
        definition_error(ctx, at(ctx, pointer, "kind"),
                         "there is no kind of view called \"%s\"", name);
        return;
    }
    definition_properties(ctx, view, pointer, COMMON, kind->members);
    if (!field_key_valid(key) || definition_word_in(TAKEN, key))
        definition_error(ctx, at(ctx, pointer, "key"),
                         "expected a small letter, then small letters, digits"
                         " and single underscores; not \"all\" or \"bin\"");
    if (!value_get(view, "title"))
        definition_error(ctx, at(ctx, pointer, "title"),
                         "expected a text or a map of languages");
    definition_title(ctx, value_get(view, "title"), at(ctx, pointer, "title"));
    check_flag(ctx, view, "locked", pointer);
    check_flag(ctx, view, "home", pointer);
    view_check_content(ctx, form, kind, view, pointer);
}

void view_check_all(struct ctx *ctx, const struct form *form,
                    const struct value *views)
{
    size_t i, j;

    if (views && value_kind(views) != VALUE_LIST)
        definition_error(ctx, "/views", "expected a list");
    if (value_count(views) > VIEWS_MAX)
        definition_error(ctx, "/views", "at most %d views", VIEWS_MAX);
    for (i = 0; i < value_count(views) && i < VIEWS_MAX; i++) {
        const char *here = arena_printf(ctx->arena, "/views/%zu", i);
        const char *key = value_get_text(value_at(views, i), "key");

        check_one(ctx, form, value_at(views, i), here);
        for (j = 0; key && j < i; j++)
            if (text_equal(value_get_text(value_at(views, j), "key"), key))
                definition_error(ctx, at(ctx, here, "key"),
                                 "\"%s\" is there twice", key);
    }
}
