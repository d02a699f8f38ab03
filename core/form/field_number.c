/*
 * field_number.c - integers, decimals, money, percent, yes and no.
 *
 * Stored as VALUE_INT, VALUE_DECIMAL with the field's scale, VALUE_BOOL. What
 * people type may have full-width digits and commas between thousands.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/numbers.h"
#include "base/unicode.h"
#include "form/field_type.h"
#include "store/db.h"

static const int64_t INTEGER_MAX = INT64_C(9007199254740991);

/* Digits without the commas between thousands, where these stand right. */
static const char *ungroup(struct ctx *ctx, const char *text)
{
    char *out = arena_strdup(ctx->arena, text);
    const char *c = text;
    size_t digits = 0, length = 0;
    bool grouped = false;

    if (*c == '-' || *c == '+')
        out[length++] = *c++;
    for (; *c && *c != '.'; c++) {
        if (*c == ',') {
            if (digits == 0 || digits > 3 || (grouped && digits != 3))
                return text;
            grouped = true;
            digits = 0;
        } else {
            out[length++] = *c;
            digits++;
        }
    }
    if (grouped && digits != 3)
        return text;
    for (; *c; c++)
        out[length++] = *c;
    out[length] = '\0';
    return out;
}

/* The number in `in` as plain text, or NULL. */
static const char *number_text(struct ctx *ctx, const struct value *in)
{
    const char *text;
    size_t length;
    char *copy;

    switch (value_kind(in)) {
    case VALUE_INT:
        return arena_printf(ctx->arena, "%lld", (long long)value_as_int(in, 0));
    case VALUE_DOUBLE:
        return arena_printf(ctx->arena, "%.15g", value_as_double(in, 0));
    case VALUE_DECIMAL: {
        struct decimal decimal;

        value_as_decimal(&decimal, in);
        copy = arena_alloc(ctx->arena, DECIMAL_TEXT_MAX);
        decimal_format(copy, decimal);
        return copy;
    }
    case VALUE_STRING:
        text = text_fold(ctx->arena, value_as_text(in));
        while (*text == ' ')
            text++;
        copy = arena_strdup(ctx->arena, text);
        length = strlen(copy);
        while (length && copy[length - 1] == ' ')
            copy[--length] = '\0';
        return ungroup(ctx, copy);
    default:
        return NULL;
    }
}

static int input_integer(struct value **out, struct ctx *ctx,
                         const struct field *field, const char *path,
                         const struct value *in)
{
    const char *text = number_text(ctx, in);
    struct decimal decimal;
    int64_t number;

    (void)field;
    if (text && !*text) {
        *out = value_null(ctx->arena);
        return 0;
    }
    if (!text || decimal_parse(&decimal, text, strlen(text), 0))
        return fail_at(ctx, E_INVALID, path, "form.expected_integer",
                       "expected a whole number");
    number = decimal.units;
    if (number > INTEGER_MAX || number < -INTEGER_MAX)
        return fail_at(ctx, E_INVALID, path, "form.too_large",
                       "the number is too large");
    *out = value_int(ctx->arena, number);
    return 0;
}

static int input_decimal(struct value **out, struct ctx *ctx,
                         const struct field *field, const char *path,
                         const struct value *in)
{
    const char *text = number_text(ctx, in);
    struct decimal decimal;
    int rc;

    if (text && !*text) {
        *out = value_null(ctx->arena);
        return 0;
    }
    if (!text || decimal_parse(&decimal, text, strlen(text), -1)) {
        rc = text ? decimal_parse(&decimal, text, strlen(text), -1)
                  : DECIMAL_BAD;
        return rc == DECIMAL_OVERFLOW
                   ? fail_at(ctx, E_INVALID, path, "form.too_large",
                             "the number is too large")
                   : fail_at(ctx, E_INVALID, path, "form.expected_number",
                             "expected a number");
    }
    /* More places than the field has are refused, not rounded in silence;
     * what a computed field gives is rounded (四捨五入). */
    if (!field->computed &&
        decimal_parse(&decimal, text, strlen(text), field->scale))
        return fail_at(ctx, E_INVALID, path, "form.places",
                       "at most %d places behind the point", field->scale);
    if (decimal_rescale(&decimal, decimal, field->scale))
        return fail_at(ctx, E_INVALID, path, "form.too_large",
                       "the number is too large");
    *out = value_decimal(ctx->arena, decimal);
    return 0;
}

/* A limit of the definition: a number or the text of one. */
static bool limit_of(struct decimal *out, const struct value *value)
{
    const char *text = value_as_text(value);
    char copy[40];

    if (value_as_decimal(out, value))
        return true;
    if (value_kind(value) == VALUE_DOUBLE) {
        snprintf(copy, sizeof copy, "%.15g", value_as_double(value, 0));
        text = copy;
    }
    return text && decimal_parse(out, text, strlen(text), -1) == 0;
}

/* "CNY", or {"setting": "currency"} in a form of a module. */
static int define_currency(struct ctx *ctx, const struct field *field,
                           const char *pointer)
{
    const struct value *given = field_property(field, "currency");
    bool map = value_kind(given) == VALUE_MAP && value_count(given) == 1 &&
               !text_empty(value_get_text(given, "setting")) &&
               strchr(field->form->name, '.');

    if (!given || map || !text_empty(value_as_text(given)))
        return 0;
    return definition_error(
        ctx, arena_printf(ctx->arena, "%s/currency", pointer),
        "expected a code of ISO 4217 or, in a form of a module, {\"setting\": "
        "a field of its settings.json}");
}

static int define_number(struct ctx *ctx, struct arena *arena,
                         struct field *field, const char *pointer)
{
    static const char *const names[] = { "min", "max", "more_than" };
    const struct value *scale = field_property(field, "scale");
    struct decimal limit;
    size_t i;
    int rc = 0;

    (void)arena;
    if (field->type->flags & FIELD_SCALED) {
        int64_t places = value_as_int(scale, 2);

        if (scale && (value_kind(scale) != VALUE_INT || places < 0 ||
                      places > DECIMAL_SCALE_MAX))
            rc = definition_error(
                ctx, arena_printf(ctx->arena, "%s/scale", pointer),
                "expected a whole number from 0 to %d", DECIMAL_SCALE_MAX);
        else
            field->scale = (int)places;
    }
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct value *value = field_property(field, names[i]);

        if (value && !limit_of(&limit, value))
            rc = definition_error(
                ctx, arena_printf(ctx->arena, "%s/%s", pointer, names[i]),
                "expected a number");
    }
    return rc ? rc : define_currency(ctx, field, pointer);
}

static int check_number(struct ctx *ctx, const struct field_check *check)
{
    const struct value *least = field_property(check->field, "min");
    const struct value *most = field_property(check->field, "max");
    const struct value *above = field_property(check->field, "more_than");
    struct decimal value, limit;

    if (!value_as_decimal(&value, check->value))
        return fail_at(ctx, E_INVALID, check->path, "form.expected_number",
                       "expected a number");
    if (least && limit_of(&limit, least) && decimal_compare(value, limit) < 0)
        return fail_at(ctx, E_INVALID, check->path, "form.below_least",
                       "at least %s", decimal_human(ctx, limit));
    if (above && limit_of(&limit, above) && decimal_compare(value, limit) <= 0)
        return fail_at(ctx, E_INVALID, check->path, "form.not_above",
                       "more than %s", decimal_human(ctx, limit));
    if (most && limit_of(&limit, most) && decimal_compare(value, limit) > 0)
        return fail_at(ctx, E_INVALID, check->path, "form.above_most",
                       "at most %s", decimal_human(ctx, limit));
    return 0;
}

static struct value *integer_from_column(struct ctx *ctx,
                                         const struct field *field,
                                         struct query *query, int column)
{
    (void)field;
    return value_int(ctx->arena, query_int(query, column));
}

static struct value *decimal_from_column(struct ctx *ctx,
                                         const struct field *field,
                                         struct query *query, int column)
{
    struct decimal decimal = { query_int(query, column), field->scale };

    return value_decimal(ctx->arena, decimal);
}

static struct value *decimal_to_json(struct ctx *ctx, const struct field *field,
                                     const struct value *value)
{
    char text[DECIMAL_TEXT_MAX];
    struct decimal decimal;

    (void)field;
    value_as_decimal(&decimal, value);
    decimal_format(text, decimal);
    return value_text(ctx->arena, text);
}

static const char *human_number(struct ctx *ctx, const struct field *field,
                                const struct value *value)
{
    struct decimal decimal;

    if (!value_as_decimal(&decimal, value))
        return "";
    /* A number that is a name (a year, a code) has no commas. */
    if (value_get_bool(field->options, "plain")) {
        char *text = arena_alloc(ctx->arena, DECIMAL_TEXT_MAX);

        decimal_format(text, decimal);
        return text;
    }
    return decimal_human(ctx, decimal);
}

static field_setting_call setting_source;

void field_setting_source(field_setting_call call)
{
    setting_source = call;
}

const char *field_currency(struct ctx *ctx, const struct field *field)
{
    const struct value *given = field_property(field, "currency");
    const char *setting, *name = field->form->name;
    const char *dot = strchr(name, '.');

    if (value_kind(given) != VALUE_MAP)
        return value_as_text(given);
    setting = value_get_text(given, "setting");
    if (!setting_source || !setting || !dot)
        return NULL;
    return setting_source(
        ctx, arena_strndup(ctx->arena, name, (size_t)(dot - name)), setting);
}

static const char *human_money(struct ctx *ctx, const struct field *field,
                               const struct value *value)
{
    struct decimal decimal;

    return value_as_decimal(&decimal, value)
               ? money_human(ctx, decimal, field_currency(ctx, field))
               : "";
}

static const char *human_percent(struct ctx *ctx, const struct field *field,
                                 const struct value *value)
{
    const char *text = human_number(ctx, field, value);

    return *text ? arena_printf(ctx->arena, "%s%%", text) : "";
}

static int input_boolean(struct value **out, struct ctx *ctx,
                         const struct field *field, const char *path,
                         const struct value *in)
{
    static const char *const yes[] = { "true", "on", "1", "yes", "是" };
    static const char *const no[] = { "false", "off", "0", "no", "否" };
    const char *text = value_as_text(in);
    size_t i;

    (void)field;
    if (value_kind(in) == VALUE_BOOL) {
        *out = value_bool(ctx->arena, value_as_bool(in));
        return 0;
    }
    for (i = 0; text && i < sizeof yes / sizeof yes[0]; i++)
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *out = value_bool(ctx->arena, strcmp(text, yes[i]) == 0);
            return 0;
        }
    return fail_at(ctx, E_INVALID, path, "form.expected_boolean",
                   "expected true or false");
}

static struct value *boolean_from_column(struct ctx *ctx,
                                         const struct field *field,
                                         struct query *query, int column)
{
    (void)field;
    return value_bool(ctx->arena, query_int(query, column) != 0);
}

static const char *human_boolean(struct ctx *ctx, const struct field *field,
                                 const struct value *value)
{
    (void)field;
    return tr(ctx, value_as_bool(value) ? "form.yes" : "form.no");
}

#define NUMBER_FLAGS (FIELD_SORTABLE | FIELD_NUMBER)

const struct field_type number_types[] = {
    { .name = "integer",
      .sql = "INTEGER",
      .logic = "integer",
      .properties = " min max more_than plain unit ",
      .flags = NUMBER_FLAGS,
      .define = define_number,
      .input = input_integer,
      .check = check_number,
      .from_column = integer_from_column,
      .human = human_number,
      .documentation = "a whole number, up to ±(2^53 - 1)" },
    { .name = "decimal",
      .sql = "INTEGER",
      .logic = "decimal",
      .properties = " scale min max more_than plain unit ",
      .flags = NUMBER_FLAGS | FIELD_SCALED,
      .define = define_number,
      .input = input_decimal,
      .check = check_number,
      .from_column = decimal_from_column,
      .to_json = decimal_to_json,
      .human = human_number,
      .documentation = "an exact decimal number, up to 18 digits" },
    { .name = "money",
      .sql = "INTEGER",
      .logic = "money",
      .properties = " scale min max more_than currency ",
      .flags = NUMBER_FLAGS | FIELD_SCALED,
      .define = define_number,
      .input = input_decimal,
      .check = check_number,
      .from_column = decimal_from_column,
      .to_json = decimal_to_json,
      .human = human_money,
      .documentation = "an amount of money" },
    { .name = "percent",
      .sql = "INTEGER",
      .logic = "percent",
      .properties = " scale min max more_than ",
      .flags = NUMBER_FLAGS | FIELD_SCALED,
      .define = define_number,
      .input = input_decimal,
      .check = check_number,
      .from_column = decimal_from_column,
      .to_json = decimal_to_json,
      .human = human_percent,
      .documentation = "a percentage: 12.5 is 12.5%" },
    { .name = "boolean",
      .sql = "INTEGER",
      .logic = "boolean",
      .properties = " ",
      .flags = FIELD_SORTABLE,
      .input = input_boolean,
      .from_column = boolean_from_column,
      .human = human_boolean,
      .documentation = "yes or no" },
    { .name = NULL },
};
