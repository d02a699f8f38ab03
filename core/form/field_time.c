/*
 * field_time.c - dates and instants.
 *
 * A date is stored as the text YYYY-MM-DD (it has no zone), an instant as
 * milliseconds UTC. Limits may be a date or "today".
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "form/field_type.h"
#include "store/db.h"

static int define_date(struct ctx *ctx, struct arena *arena,
                       struct field *field, const char *pointer)
{
    static const char *const names[] = { "min", "max" };
    size_t i;
    int rc = 0;

    (void)arena;
    for (i = 0; i < 2; i++) {
        const struct value *value = field_property(field, names[i]);
        const char *text = value_as_text(value);
        int y, m, d;

        if (value && !text_equal(text, "today") &&
            (!text || !date_parse(&y, &m, &d, text)))
            rc = definition_error(
                ctx, arena_printf(ctx->arena, "%s/%s", pointer, names[i]),
                "expected a date (YYYY-MM-DD) or \"today\"");
    }
    return rc;
}

static const char *today(struct ctx *ctx)
{
    struct civil civil;

    civil_of(&civil, clock_now(), ctx->zone ? ctx->zone : zone_utc());
    return arena_printf(ctx->arena, "%04d-%02d-%02d", civil.year, civil.month,
                        civil.day);
}

static const char *limit_date(struct ctx *ctx, const struct field *field,
                              const char *name)
{
    const char *text = value_get_text(field->options, name);

    return text_equal(text, "today") ? today(ctx) : text;
}

static int input_date(struct value **out, struct ctx *ctx,
                      const struct field *field, const char *path,
                      const struct value *in)
{
    const char *text = value_as_text(in);
    int y, m, d;

    (void)field;
    if (!text || !date_parse(&y, &m, &d, text))
        return fail_at(ctx, E_INVALID, path, "form.expected_date",
                       "expected a date (YYYY-MM-DD)");
    *out = value_text(ctx->arena,
                      arena_printf(ctx->arena, "%04d-%02d-%02d", y, m, d));
    return 0;
}

/* `date` is YYYY-MM-DD, so that texts compare as dates do. */
static int check_range(struct ctx *ctx, const struct field_check *check,
                       const char *date)
{
    const char *least = limit_date(ctx, check->field, "min");
    const char *most = limit_date(ctx, check->field, "max");

    if (least && strcmp(date, least) < 0)
        return fail_at(ctx, E_INVALID, check->path, "form.before_first",
                       "not before %s", date_human(ctx, least));
    if (most && strcmp(date, most) > 0)
        return fail_at(ctx, E_INVALID, check->path, "form.after_last",
                       "not after %s", date_human(ctx, most));
    return 0;
}

static int check_date(struct ctx *ctx, const struct field_check *check)
{
    const char *date = value_as_text(check->value);
    int y, m, d;

    if (!date || !date_parse(&y, &m, &d, date))
        return fail_at(ctx, E_INVALID, check->path, "form.expected_date",
                       "expected a date (YYYY-MM-DD)");
    if (value_equal(check->value, check->before))
        return 0;
    return check_range(ctx, check, date);
}

static const char *human_date(struct ctx *ctx, const struct field *field,
                              const struct value *value)
{
    const char *text = value_as_text(value);

    (void)field;
    return text ? date_human(ctx, text) : "";
}

static int input_instant(struct value **out, struct ctx *ctx,
                         const struct field *field, const char *path,
                         const struct value *in)
{
    const char *text = value_as_text(in);
    int64_t instant;

    (void)field;
    if (!text ||
        !instant_parse(&instant, text, ctx->zone ? ctx->zone : zone_utc()))
        return fail_at(ctx, E_INVALID, path, "form.expected_instant",
                       "expected date and time (YYYY-MM-DDTHH:MM)");
    *out = value_int(ctx->arena, instant);
    return 0;
}

static int check_instant(struct ctx *ctx, const struct field_check *check)
{
    struct civil civil;

    if (value_kind(check->value) != VALUE_INT)
        return fail_at(ctx, E_INVALID, check->path, "form.expected_instant",
                       "expected date and time (YYYY-MM-DDTHH:MM)");
    if (value_equal(check->value, check->before))
        return 0;
    civil_of(&civil, value_as_int(check->value, 0),
             ctx->zone ? ctx->zone : zone_utc());
    return check_range(ctx, check,
                       arena_printf(ctx->arena, "%04d-%02d-%02d", civil.year,
                                    civil.month, civil.day));
}

static struct value *instant_from_column(struct ctx *ctx,
                                         const struct field *field,
                                         struct query *query, int column)
{
    (void)field;
    return value_int(ctx->arena, query_int(query, column));
}

static struct value *instant_to_json(struct ctx *ctx, const struct field *field,
                                     const struct value *value)
{
    char text[TIME_TEXT_MAX];

    (void)field;
    instant_format(text, value_as_int(value, 0));
    return value_text(ctx->arena, text);
}

static const char *human_instant(struct ctx *ctx, const struct field *field,
                                 const struct value *value)
{
    (void)field;
    return instant_human(ctx, value_as_int(value, 0));
}

const struct field_type time_types[] = {
    { .name = "date",
      .sql = "TEXT",
      .logic = "date",
      .properties = " min max ",
      .flags = FIELD_SORTABLE,
      .define = define_date,
      .input = input_date,
      .check = check_date,
      .human = human_date,
      .documentation = "a day" },
    { .name = "datetime",
      .sql = "INTEGER",
      .logic = "datetime",
      .properties = " min max ",
      .flags = FIELD_SORTABLE,
      .define = define_date,
      .input = input_instant,
      .check = check_instant,
      .from_column = instant_from_column,
      .to_json = instant_to_json,
      .human = human_instant,
      .documentation = "a day and time" },
    { .name = NULL },
};
