/*
 * field_text.c - texts and choices.
 *
 * Stored as VALUE_STRING (NFC, without control characters); multi_choice as
 * a list of them, in the order of the definition.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/unicode.h"
#include "form/field_type.h"
#include "store/db.h"

enum { TEXT_MAX = 4000, LONG_TEXT_MAX = 100000, OPTIONS_MAX = 2000 };

/* What people typed, as text; NULL where it is no plain value. */
static const char *plain_text(struct ctx *ctx, const struct value *in)
{
    switch (value_kind(in)) {
    case VALUE_STRING:
        return value_as_text(in);
    case VALUE_INT:
        return arena_printf(ctx->arena, "%lld", (long long)value_as_int(in, 0));
    default:
        return NULL;
    }
}

static int length_property(struct ctx *ctx, const struct field *field,
                           const char *pointer, const char *name, int64_t most)
{
    const struct value *value = field_property(field, name);
    int64_t number = value_as_int(value, -1);

    if (!value)
        return 0;
    if (value_kind(value) != VALUE_INT || number < 0 || number > most)
        return definition_error(
            ctx, arena_printf(ctx->arena, "%s/%s", pointer, name),
            "expected a whole number from 0 to %lld", (long long)most);
    return 0;
}

static int define_text(struct ctx *ctx, struct arena *arena,
                       struct field *field, const char *pointer)
{
    bool is_long = strcmp(field->type->name, "long_text") == 0;
    int64_t most = is_long ? LONG_TEXT_MAX : TEXT_MAX;
    int a = length_property(ctx, field, pointer, "max_length", most);
    int b = length_property(ctx, field, pointer, "min_length", most);
    const struct value *similar = value_get(field->options, "similar");

    (void)arena;
    field->max_length =
        value_get_int(field->options, "max_length", is_long ? 10000 : 200);
    if (similar && value_kind(similar) != VALUE_BOOL &&
        !text_equal(value_as_text(similar), "everyone"))
        a = definition_error(ctx,
                             arena_printf(ctx->arena, "%s/similar", pointer),
                             "expected true or \"everyone\"");
    return a ? a : b;
}

static int input_text(struct value **out, struct ctx *ctx,
                      const struct field *field, const char *path,
                      const struct value *in)
{
    const char *text = plain_text(ctx, in);
    size_t length;

    if (!text)
        return fail_at(ctx, E_INVALID, path, "form.expected_text",
                       "expected a text");
    text = text_clean(ctx->arena, text_nfc(ctx->arena, text));
    if (strcmp(field->type->name, "text") == 0) {
        char *line = arena_strdup(ctx->arena, text);
        char *c;

        for (c = line; *c; c++)
            if (*c == '\n' || *c == '\t')
                *c = ' ';
        text = line;
    }
    while (*text == ' ')
        text++;
    length = strlen(text);
    while (length && (text[length - 1] == ' ' || text[length - 1] == '\n'))
        length--;
    *out =
        length ? value_textn(ctx->arena, text, length) : value_null(ctx->arena);
    return 0;
}

static int check_text(struct ctx *ctx, const struct field_check *check)
{
    const char *text = value_as_text(check->value);
    int64_t least = value_get_int(check->field->options, "min_length", 0);
    int64_t length;

    if (!text)
        return fail_at(ctx, E_INVALID, check->path, "form.expected_text",
                       "expected a text");
    length = (int64_t)utf8_length(text, strlen(text));
    if (length > check->field->max_length)
        return fail_at(ctx, E_INVALID, check->path, "form.too_long",
                       "at most %lld characters, these are %lld",
                       (long long)check->field->max_length, (long long)length);
    if (length < least)
        return fail_at(ctx, E_INVALID, check->path, "form.too_short",
                       "at least %lld characters", (long long)least);
    return 0;
}

/* Options are texts or {"key", "title", "colour"}; keys are unique. */
static int define_choice(struct ctx *ctx, struct arena *arena,
                         struct field *field, const char *pointer)
{
    const struct value *list = field_property(field, "options");
    size_t i, j;

    (void)arena;
    if (value_kind(list) != VALUE_LIST || !value_count(list) ||
        value_count(list) > OPTIONS_MAX)
        return definition_error(
            ctx, arena_printf(ctx->arena, "%s/options", pointer),
            "expected a list of 1 to %d options", OPTIONS_MAX);
    for (i = 0; i < value_count(list); i++) {
        const char *key = option_key(value_at(list, i));
        const char *at = arena_printf(ctx->arena, "%s/options/%zu", pointer, i);

        if (text_empty(key) || utf8_length(key, strlen(key)) > 200)
            return definition_error(ctx, at,
                                    "expected a text, or a map with \"key\"");
        for (j = 0; j < i; j++)
            if (text_equal(key, option_key(value_at(list, j))))
                return definition_error(ctx, at, "\"%s\" is there twice", key);
    }
    return 0;
}

static int input_choice(struct value **out, struct ctx *ctx,
                        const struct field *field, const char *path,
                        const struct value *in)
{
    const char *text = plain_text(ctx, in);

    (void)field;
    if (!text)
        return fail_at(ctx, E_INVALID, path, "form.expected_option",
                       "expected the key of an option");
    *out = value_text(ctx->arena, text);
    return 0;
}

static bool chosen_before(const struct value *before, const char *key)
{
    size_t i;

    if (text_equal(value_as_text(before), key))
        return true;
    for (i = 0; i < value_count(before); i++)
        if (text_equal(value_as_text(value_at(before, i)), key))
            return true;
    return false;
}

/* An option that the definition dropped may stay, not come anew. */
static int check_option(struct ctx *ctx, const struct field_check *check,
                        const struct value *value)
{
    const char *key = value_as_text(value);

    if (key &&
        (field_option(check->field, key) || chosen_before(check->before, key)))
        return 0;
    return fail_at(ctx, E_INVALID, check->path, "form.unknown_option",
                   "\"%s\" is none of the options", key ? key : "?");
}

static int check_choice(struct ctx *ctx, const struct field_check *check)
{
    return check_option(ctx, check, check->value);
}

static const char *human_choice(struct ctx *ctx, const struct field *field,
                                const struct value *value)
{
    const char *key = value_as_text(value);
    const struct value *option = field_option(field, key);

    return option ? option_title(ctx, option) : (key ? key : "");
}

static int input_multi(struct value **out, struct ctx *ctx,
                       const struct field *field, const char *path,
                       const struct value *in)
{
    const struct value *options = field_property(field, "options");
    struct value *list = value_list(ctx->arena);
    size_t i, j;

    if (value_kind(in) == VALUE_STRING) {
        struct value *one = value_list(ctx->arena);

        value_append(one, value_copy(ctx->arena, in));
        in = one;
    }
    if (value_kind(in) != VALUE_LIST || value_count(in) > OPTIONS_MAX)
        return fail_at(ctx, E_INVALID, path, "form.expected_options",
                       "expected a list of options");
    /* In the order of the definition, each once; unknown ones last. */
    for (i = 0; i < value_count(options); i++)
        for (j = 0; j < value_count(in); j++)
            if (text_equal(option_key(value_at(options, i)),
                           value_as_text(value_at(in, j)))) {
                value_append(
                    list,
                    value_text(ctx->arena, option_key(value_at(options, i))));
                break;
            }
    for (j = 0; j < value_count(in); j++) {
        const char *key = plain_text(ctx, value_at(in, j));

        if (!key)
            return fail_at(ctx, E_INVALID, path, "form.expected_options",
                           "expected a list of options");
        if (*key && !field_option(field, key))
            value_append(list, value_text(ctx->arena, key));
    }
    *out = value_count(list) ? list : value_null(ctx->arena);
    return 0;
}

static int check_multi(struct ctx *ctx, const struct field_check *check)
{
    size_t i;
    int rc;

    for (i = 0; i < value_count(check->value); i++) {
        rc = check_option(ctx, check, value_at(check->value, i));
        if (rc)
            return rc;
    }
    return 0;
}

struct value *list_to_column(struct ctx *ctx, const struct field *field,
                             const struct value *value)
{
    (void)field;
    return value_text(ctx->arena, json_text(ctx->arena, value));
}

struct value *list_from_column(struct ctx *ctx, const struct field *field,
                               struct query *query, int column)
{
    const char *text = query_text(query, column);
    struct value *list;

    (void)field;
    if (json_parse(&list, ctx, text, strlen(text)))
        return value_list(ctx->arena);
    return list;
}

static const char *human_multi(struct ctx *ctx, const struct field *field,
                               const struct value *value)
{
    struct buf buf;
    size_t i;

    buf_init(&buf, ctx->arena, 65536);
    for (i = 0; i < value_count(value); i++) {
        if (i)
            buf_add_text(&buf, text_starts(ctx->locale, "zh") ? "、" : ", ");
        buf_add_text(&buf, human_choice(ctx, field, value_at(value, i)));
    }
    return buf_text(&buf);
}

const struct field_type text_types[] = {
    { .name = "text",
      .sql = "TEXT",
      .logic = "text",
      .properties = " max_length min_length similar ",
      .flags = FIELD_SORTABLE | FIELD_SORT_KEY | FIELD_SEARCHED,
      .define = define_text,
      .input = input_text,
      .check = check_text,
      .documentation = "one line of text" },
    { .name = "long_text",
      .sql = "TEXT",
      .logic = "text",
      .properties = " max_length min_length ",
      .flags = FIELD_SEARCHED,
      .define = define_text,
      .input = input_text,
      .check = check_text,
      .documentation = "several lines of text" },
    { .name = "choice",
      .sql = "TEXT",
      .logic = "text",
      .properties = " options ",
      .flags = FIELD_SORTABLE,
      .define = define_choice,
      .input = input_choice,
      .check = check_choice,
      .human = human_choice,
      .documentation = "one of the options" },
    { .name = "multi_choice",
      .sql = "TEXT",
      .logic = "text",
      .properties = " options ",
      .flags = FIELD_LIST,
      .define = define_choice,
      .input = input_multi,
      .check = check_multi,
      .to_column = list_to_column,
      .from_column = list_from_column,
      .human = human_multi,
      .documentation = "any of the options" },
    { .name = NULL },
};
