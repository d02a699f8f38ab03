/*
 * field_reference.c - people, departments, other records.
 *
 * All are stored as VALUE_INT ids and are strings in JSON. An id that comes
 * anew must exist and be visible to the person who saves (S13); one that the
 * record held before may stay.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "form/definition.h"
#include "form/field_type.h"
#include "form/match.h"
#include "form/reference.h"
#include "org/org.h"
#include "org/person.h"
#include "store/db.h"

static int input_id(struct value **out, struct ctx *ctx,
                    const struct field *field, const char *path,
                    const struct value *in)
{
    int64_t id = value_as_id(in);

    (void)field;
    if (id <= 0)
        return fail_at(ctx, E_INVALID, path, "form.expected_id",
                       "expected an id");
    *out = value_int(ctx->arena, id);
    return 0;
}

static struct value *id_from_column(struct ctx *ctx, const struct field *field,
                                    struct query *query, int column)
{
    (void)field;
    return value_int(ctx->arena, query_int(query, column));
}

static struct value *id_to_json(struct ctx *ctx, const struct field *field,
                                const struct value *value)
{
    (void)field;
    return value_text(
        ctx->arena,
        arena_printf(ctx->arena, "%lld", (long long)value_as_int(value, 0)));
}

static bool unchanged(const struct field_check *check)
{
    return value_as_int(check->value, 0) == value_as_int(check->before, -1);
}

static int unknown(struct ctx *ctx, const struct field_check *check)
{
    return fail_at(ctx, E_INVALID, check->path, "form.unknown_reference",
                   "there is nothing with this id that you may see");
}

static int check_user(struct ctx *ctx, const struct field_check *check)
{
    if (unchanged(check) ||
        org_user_enabled(ctx, value_as_int(check->value, 0)))
        return 0;
    return unknown(ctx, check);
}

static const char *human_user(struct ctx *ctx, const struct field *field,
                              const struct value *value)
{
    (void)field;
    return person_name(ctx, value_as_int(value, 0));
}

static int check_department(struct ctx *ctx, const struct field_check *check)
{
    const struct department **all;
    int64_t id = value_as_int(check->value, 0);
    size_t count, i;
    int rc;

    if (unchanged(check))
        return 0;
    rc = department_list(&all, &count, ctx);
    if (rc)
        return rc;
    for (i = 0; i < count; i++)
        if (all[i]->id == id)
            return 0;
    return unknown(ctx, check);
}

static const char *human_department(struct ctx *ctx, const struct field *field,
                                    const struct value *value)
{
    const char *name = department_name(ctx, value_as_int(value, 0));

    (void)field;
    return name ? name : "";
}

static int define_link(struct ctx *ctx, struct arena *arena,
                       struct field *field, const char *pointer)
{
    const char *target = value_get_text(field->options, "target");

    (void)arena;
    if (!target || !form_name_valid(target))
        return definition_error(ctx,
                                arena_printf(ctx->arena, "%s/target", pointer),
                                "expected the name of a form");
    field->target = target;
    return 0;
}

static int check_link(struct ctx *ctx, const struct field_check *check)
{
    int rc = unchanged(check)
                 ? 0
                 : reference_visible(ctx, check->field->target,
                                     value_as_int(check->value, 0));

    if (rc)
        return rc == E_NOT_FOUND ? unknown(ctx, check) : rc;
    return match_check(ctx, check);
}

static int check_cascade(struct ctx *ctx, const struct field_check *check)
{
    const struct value *leaf = field_property(check->field, "leaf");
    const struct form *tree;
    int rc = check_link(ctx, check);

    if (rc || unchanged(check) || (leaf && !value_as_bool(leaf)))
        return rc;
    rc = form_find(&tree, ctx, check->field->target);
    if (rc)
        return rc;
    if (reference_has_children(ctx, tree, value_as_int(check->value, 0)))
        return fail_at(ctx, E_INVALID, check->path, "form.not_last_level",
                       "choose down to the last level");
    return 0;
}

static const char *human_link(struct ctx *ctx, const struct field *field,
                              const struct value *value)
{
    return reference_label(ctx, field->target, value_as_int(value, 0));
}

const struct field_type reference_types[] = {
    { .name = "user",
      .sql = "INTEGER",
      .logic = "user",
      .properties = " ",
      .flags = 0,
      .input = input_id,
      .check = check_user,
      .from_column = id_from_column,
      .to_json = id_to_json,
      .human = human_user,
      .documentation = "a person" },
    { .name = "department",
      .sql = "INTEGER",
      .logic = "department",
      .properties = " ",
      .flags = 0,
      .input = input_id,
      .check = check_department,
      .from_column = id_from_column,
      .to_json = id_to_json,
      .human = human_department,
      .documentation = "a department" },
    { .name = "link",
      .sql = "INTEGER",
      .logic = "link",
      .properties = " target match ",
      .flags = FIELD_RECORD,
      .define = define_link,
      .input = input_id,
      .check = check_link,
      .from_column = id_from_column,
      .to_json = id_to_json,
      .human = human_link,
      .documentation = "a record of the form \"target\"" },
    { .name = "cascade",
      .sql = "INTEGER",
      .logic = "cascade",
      .properties = " target leaf ",
      .flags = FIELD_RECORD,
      .define = define_link,
      .input = input_id,
      .check = check_cascade,
      .from_column = id_from_column,
      .to_json = id_to_json,
      .human = human_link,
      .documentation =
          "a record of the form \"target\", a tree, chosen level by level" },
    { .name = NULL },
};
