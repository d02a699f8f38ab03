/*
 * field.c - two types of fields: stars (a number, with templates) and a code
 * (a text, without).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_c.h"

#define STAR "\xe2\x98\x85"

static int64_t most_of(const tn_value *definition)
{
    return tn_as_int(tn_item(tn_item(definition, "options"), "most"), 5);
}

/* 3, "3" or three stars. */
static int64_t number_of(const tn_value *given)
{
    const char *text = tn_as_text(given);
    int64_t count = 0;

    if (!text)
        return tn_as_int(given, -1);
    if (isdigit((unsigned char)*text))
        return strtol(text, NULL, 10);
    while (strncmp(text, STAR, 3) == 0) {
        count++;
        text += 3;
    }
    return *text ? -1 : count;
}

static int stars_input(tn_ctx *ctx, const tn_value **stored,
                       const tn_value *given, const tn_value *definition,
                       void *data)
{
    int64_t number = number_of(given);
    tn_value *arguments = tn_list(ctx);

    (void)data;
    tn_append(arguments, tn_int(ctx, most_of(definition)));
    if (number < 0 || number > most_of(definition))
        return tn_fail_with(ctx, TN_E_INVALID, NULL, "api_c.too_many",
                            "too many", arguments);
    *stored = number ? tn_int(ctx, number) : NULL;
    return TN_OK;
}

static const char *stars_text(tn_ctx *ctx, const tn_value *stored,
                              const tn_value *definition, void *data)
{
    int64_t number = tn_as_int(stored, 0), i;
    char *text = tn_alloc(ctx, (size_t)number * 3 + 1);

    (void)definition;
    (void)data;
    for (i = 0; i < number; i++)
        memcpy(text + i * 3, STAR, 3);
    text[number * 3] = '\0';
    return text;
}

static int stars_fill(tn_ctx *ctx, tn_value *field, const tn_value *stored,
                      const tn_value *definition, void *data)
{
    tn_value *choices = tn_list(ctx);
    int64_t i;

    (void)data;
    for (i = 1; i <= most_of(definition); i++) {
        tn_value *choice = tn_map(ctx);

        tn_put(choice, "number", tn_int(ctx, i));
        tn_put(choice, "chosen", tn_bool(ctx, i == tn_as_int(stored, 0)));
        tn_append(choices, choice);
    }
    tn_put(field, "choices", choices);
    tn_put(field, "of", tn_int(ctx, most_of(definition)));
    return TN_OK;
}

static int code_input(tn_ctx *ctx, const tn_value **stored,
                      const tn_value *given, const tn_value *definition,
                      void *data)
{
    const char *text = tn_as_text(given);
    size_t length = text ? strlen(text) : 0, i;
    char *upper = tn_alloc(ctx, length + 1);

    (void)definition;
    (void)data;
    for (i = 0; i < length; i++)
        upper[i] = (char)toupper((unsigned char)text[i]);
    upper[length] = '\0';
    *stored = tn_text(ctx, upper);
    return TN_OK;
}

int start_fields(tn_module *self)
{
    TN_FIELD_TYPE(self, .name = "api_c.stars", .title = "api_c.stars",
                  .storage = TN_STORE_INTEGER, .input = stars_input,
                  .text = stars_text, .fill = stars_fill, .edit = "stars-edit",
                  .read = "stars-read", .cell = "stars-read");
    return TN_FIELD_TYPE(self, .name = "api_c.code", .title = "api_c.stars",
                         .input = code_input);
}
