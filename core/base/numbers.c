/*
 * numbers.c - numbers for people.
 */
#include "base/banned.h"

#include "base/numbers.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"

/* The catalog's sign, or English where no catalog is loaded. */
static const char *sign(const struct ctx *ctx, const char *key,
                        const char *otherwise)
{
    const char *text = tr_find(ctx->locale, key);

    return text ? text : otherwise;
}

static const char *group(const struct ctx *ctx, const char *digits)
{
    const char *comma = sign(ctx, "number.group", ",");
    struct buf buf;
    size_t whole, i;

    buf_init(&buf, ctx->arena, 128);
    if (*digits == '-') {
        buf_add_char(&buf, '-');
        digits++;
    }
    whole = strcspn(digits, ".");
    for (i = 0; i < whole; i++) {
        if (i && (whole - i) % 3 == 0)
            buf_add_text(&buf, comma);
        buf_add_char(&buf, digits[i]);
    }
    if (digits[whole]) {
        buf_add_text(&buf, sign(ctx, "number.point", "."));
        buf_add_text(&buf, digits + whole + 1);
    }
    return buf_text(&buf);
}

const char *decimal_human(const struct ctx *ctx, struct decimal value)
{
    char digits[DECIMAL_TEXT_MAX];

    decimal_format(digits, value);
    return group(ctx, digits);
}

static const struct {
    const char *code, *sign;
} currencies[] = {
    { "CNY", "¥" }, { "TWD", "NT$" }, { "HKD", "HK$" }, { "USD", "$" },
    { "EUR", "€" }, { "GBP", "£" },   { "JPY", "¥" },
};

const char *money_human(const struct ctx *ctx, struct decimal value,
                        const char *currency)
{
    const char *text = decimal_human(ctx, value);
    size_t i;

    if (!currency)
        return text;
    for (i = 0; i < sizeof currencies / sizeof currencies[0]; i++)
        if (strcmp(currencies[i].code, currency) == 0)
            return *text == '-' ? arena_printf(ctx->arena, "-%s%s",
                                               currencies[i].sign, text + 1)
                                : arena_printf(ctx->arena, "%s%s",
                                               currencies[i].sign, text);
    return arena_printf(ctx->arena, "%s %s", currency, text);
}

const char *int_human(const struct ctx *ctx, int64_t number)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%lld", (long long)number);
    return group(ctx, digits);
}

const char *size_human(const struct ctx *ctx, int64_t bytes)
{
    static const char *const units[] = { "B", "KB", "MB", "GB", "TB" };
    double amount = (double)bytes;
    size_t unit = 0;

    while (amount >= 1024 && unit + 1 < sizeof units / sizeof *units) {
        amount /= 1024;
        unit++;
    }
    if (unit == 0 || amount >= 100 || amount == (double)(int64_t)amount)
        return arena_printf(ctx->arena, "%.0f %s", amount, units[unit]);
    return arena_printf(ctx->arena, "%.1f %s", amount, units[unit]);
}
