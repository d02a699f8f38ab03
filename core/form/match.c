/*
 * match.c - links that go with another field of the form.
 */
#include "base/banned.h"

#include "form/match.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "form/definition.h"
#include "form/form.h"
#include "store/condition.h"
#include "store/db.h"

/* Stored as one value that is compared byte by byte. */
#define COMPARED " link cascade user department choice text integer "

static const struct value *pairs_of(const struct field *link)
{
    return field_property(link, "match");
}

static const char *own_key(const struct value *pairs, size_t i)
{
    return value_as_text(value_item_at(pairs, i));
}

/* ---- the definition ---- */

static void read_one(struct ctx *ctx, const struct form *form,
                     const struct field *link, const char *pointer)
{
    const struct value *pairs = pairs_of(link);
    size_t i;

    if (value_kind(pairs) != VALUE_MAP || !value_count(pairs) ||
        value_count(pairs) > MATCH_MOST)
        definition_error(ctx, pointer, "expected a map of 1 to %d fields",
                         MATCH_MOST);
    for (i = 0; value_kind(pairs) == VALUE_MAP && i < value_count(pairs); i++) {
        const char *key = own_key(pairs, i);
        const struct field *own = key ? form_field(form, key) : NULL;

        if (!own || own == link ||
            !definition_word_in(COMPARED, own->type->name))
            definition_error(ctx,
                             arena_printf(ctx->arena, "%s/%s", pointer,
                                          value_key_at(pairs, i)),
                             "expected the key of another field of this form: "
                             "one of%s",
                             COMPARED);
    }
}

static void read_all(struct ctx *ctx, const struct form *form,
                     struct field *const *fields, size_t count,
                     const char *pointer)
{
    size_t i;

    for (i = 0; i < count; i++) {
        const char *here = arena_printf(ctx->arena, "%s/%zu", pointer, i);

        if (pairs_of(fields[i]))
            read_one(ctx, form, fields[i],
                     arena_printf(ctx->arena, "%s/match", here));
        read_all(ctx, form, fields[i]->fields, fields[i]->field_count,
                 arena_printf(ctx->arena, "%s/fields", here));
    }
}

void match_read(struct ctx *ctx, const struct form *form)
{
    read_all(ctx, form, form->fields, form->field_count, "/fields");
}

const struct field *match_own(const struct field *link, const char *own)
{
    const struct value *pairs = pairs_of(link);
    size_t i;

    for (i = 0; i < value_count(pairs); i++)
        if (text_equal(own_key(pairs, i), own))
            return form_field(link->form, own);
    return NULL;
}

const char *match_names(struct ctx *ctx, const struct field *link)
{
    const struct value *pairs = pairs_of(link);
    const char *names = NULL;
    size_t i;

    for (i = 0; i < value_count(pairs); i++)
        names =
            names ? arena_printf(ctx->arena, "%s %s", names, own_key(pairs, i))
                  : own_key(pairs, i);
    return names;
}

/* ---- records ---- */

/* A pair with a value to go with. */
struct asked {
    const struct field *own, *field; /* of this form, of the target */
    const struct value *value;
};

static bool alike(const struct field *a, const struct field *b)
{
    return b && strcmp(a->type->name, b->type->name) == 0 &&
           text_equal(a->target, b->target);
}

/* How many pairs have a value; negative: the target has no such field. */
static int ask(struct asked *asked, const struct form **target, struct ctx *ctx,
               const struct field *link, const struct value *values)
{
    const struct value *pairs = pairs_of(link);
    int count = 0, rc = 0;
    size_t i;

    if (value_count(pairs))
        rc = form_find(target, ctx, link->target);
    for (i = 0; !rc && i < value_count(pairs) && i < MATCH_MOST; i++) {
        const char *key = own_key(pairs, i);
        struct asked *one = &asked[count];

        one->own = form_field(link->form, key);
        one->field = form_field(*target, value_key_at(pairs, i));
        one->value = value_get(values, key);
        if (!alike(one->own, one->field))
            return fail(ctx, E_INVALID, "form.bad_match",
                        "%s: %s of %s is no field like %s", link->key,
                        value_key_at(pairs, i), link->target, key);
        if (!value_is_empty(one->value))
            count++;
    }
    return rc ? rc : count;
}

int match_condition(struct condition **out, struct ctx *ctx,
                    const struct field *link, const struct value *values)
{
    struct condition *all = arena_alloc(ctx->arena, sizeof *all);
    struct condition *tests =
        arena_array(ctx->arena, MATCH_MOST, sizeof *tests);
    struct asked asked[MATCH_MOST];
    const struct form *target;
    int count = ask(asked, &target, ctx, link, values), i;

    *out = NULL;
    if (count <= 0)
        return count;
    all->kind = CONDITION_AND;
    all->parts = arena_array(ctx->arena, MATCH_MOST, sizeof *all->parts);
    for (i = 0; i < count; i++) {
        tests[i] = (struct condition){ .kind = CONDITION_TEST,
                                       .field = asked[i].field->key,
                                       .op = "eq",
                                       .value = value_copy(ctx->arena,
                                                           asked[i].value) };
        all->parts[all->part_count++] = &tests[i];
    }
    *out = all;
    return 0;
}

static int holds(bool *out, struct ctx *ctx, const struct form *target,
                 const struct asked *asked, int64_t id)
{
    const struct value *values[2] = { value_int(ctx->arena, id),
                                      field_to_column(ctx, asked->field,
                                                      asked->value) };
    QUERY_AUTO *query = NULL;
    int rc = db_query_values(
        &query, ctx,
        /* sql: names from the definition */
        arena_printf(ctx->arena,
                     "SELECT 1 FROM \"%s\" WHERE id = ?1 AND \"%s\" = ?2",
                     target->table, asked->field->column),
        values, 2);

    if (!rc)
        rc = query_next(query);
    *out = rc == 1;
    return rc < 0 ? rc : 0;
}

int match_differs(const struct field **other, struct ctx *ctx,
                  const struct field *link, int64_t id,
                  const struct value *values)
{
    struct asked asked[MATCH_MOST];
    const struct form *target;
    int count = ask(asked, &target, ctx, link, values), rc = 0, i;

    *other = NULL;
    for (i = 0; !rc && !*other && i < count; i++) {
        bool fits;

        rc = holds(&fits, ctx, target, &asked[i], id);
        if (!rc && !fits)
            *other = asked[i].own;
    }
    return count < 0 ? count : rc;
}

static bool changed(const struct field_check *check)
{
    const struct value *pairs = pairs_of(check->field);
    bool is = !value_equal(check->value, check->before);
    size_t i;

    for (i = 0; !is && i < value_count(pairs); i++) {
        const char *key = own_key(pairs, i);

        is = !value_equal(value_get(check->record, key),
                          value_get(check->record_before, key));
    }
    return is;
}

int match_check(struct ctx *ctx, const struct field_check *check)
{
    const struct field *other;
    int rc;

    if (!pairs_of(check->field) || !changed(check))
        return 0;
    rc = match_differs(&other, ctx, check->field, value_as_int(check->value, 0),
                       check->record);
    if (rc || !other)
        return rc;
    return fail_at(ctx, E_INVALID, check->path, "form.no_match",
                   "this does not go with %s", locale_pick(ctx, other->title));
}
