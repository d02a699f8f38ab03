/*
 * call.c - examples: memory, texts, people, time, rights of a call.
 */
#include <stdio.h>
#include <string.h>

#include "sdk_c.h"

/* example: tn_alloc */
/* "Drill (tool)". The memory is the call's: nobody frees it. */
static const char *name_with_kind(tn_ctx *ctx, const char *name,
                                  const char *kind)
{
    size_t size = strlen(name) + strlen(kind) + 4;
    char *text = tn_alloc(ctx, size);

    if (!text) /* beyond what one call may have */
        return name;
    snprintf(text, size, "%s (%s)", name, kind);
    return text;
}
/* end */

/* example: tn_keep */
/* The check character of a label. Its table is made at the first call and
 * kept as long as this process lives; the next process makes its own. */
static char check_character(tn_ctx *ctx, const char *label)
{
    static const char *kept;
    unsigned sum = 0, i;

    if (!kept) {
        char *table = tn_keep(ctx, 37);

        if (!table)
            return '?';
        for (i = 0; i < 36; i++)
            table[i] = (char)(i < 10 ? '0' + i : 'A' + i - 10);
        kept = table;
    }
    for (i = 0; label[i]; i++)
        sum += (i + 1) * (unsigned char)label[i];
    return kept[sum % 36];
}
/* end */

/* example: tn_t, tn_locale */
/* A text of the module's catalogs, in the language of who reads it. {count}
 * chooses between "one" and "other". */
static const char *late_text(tn_ctx *ctx, const char *name, int64_t count)
{
    tn_value *arguments = tn_map(ctx);

    tn_put(arguments, "name", tn_text(ctx, name));
    tn_put(arguments, "count", tn_int(ctx, count));
    tn_log(ctx, TN_LOG_DEBUG, "sdk_c.late_text", tn_locale(ctx));
    return tn_t(ctx, "sdk_c.late", arguments);
}
/* end */

/* example: tn_person */
/* Who acts; in jobs nobody does. */
static const char *who_acts(tn_ctx *ctx)
{
    const tn_value *person = tn_person(ctx);

    return person ? tn_as_text(tn_item(person, "login")) : "nobody";
}
/* end */

/* example: tn_now, tn_day, tn_instant_value */
/* How many things were lent today: the day of the person's time zone. */
static int count_today(int64_t *count, tn_ctx *ctx)
{
    int64_t starts, ends;
    int rc = tn_day(&starts, &ends, ctx, tn_now(ctx));

    if (rc != TN_OK)
        return rc;
    return tn_records_count(
        count, ctx, LOAN,
        TN_AND(TN_GE("created_at", tn_instant_value(ctx, starts)),
               TN_LT("created_at", tn_instant_value(ctx, ends))));
}
/* end */

/* example: tn_instant, tn_date, tn_time, tn_iso_date */
/* One instant, as people read it and as a date field holds it. */
static void put_times(tn_ctx *ctx, tn_value *data, int64_t instant)
{
    tn_put(data, "lent_at", tn_text(ctx, tn_instant(ctx, instant)));
    tn_put(data, "day", tn_text(ctx, tn_date(ctx, instant)));
    tn_put(data, "hour", tn_text(ctx, tn_time(ctx, instant)));
    tn_put(data, "due", tn_text(ctx, tn_iso_date(ctx, instant)));
}
/* end */

/* example: tn_number, tn_money */
/* For people: separators and the currency's sign as their language has them.
 * Put values, not these texts, into what programs read. */
static void put_amounts(tn_ctx *ctx, tn_value *data, const tn_value *worth)
{
    tn_put(data, "worth", tn_text(ctx, tn_money(ctx, worth, "CNY")));
    tn_put(data, "plain", tn_text(ctx, tn_number(ctx, worth)));
}
/* end */

/* example: tn_check */
/* A loop that may be long asks whether it has to end. */
static int count_primes(int64_t *found, tn_ctx *ctx, int64_t below)
{
    int64_t n, d;

    *found = 0;
    for (n = 2; n < below; n++) {
        if (n % 1000 == 0 && tn_check(ctx) != TN_OK)
            return TN_E_TIMEOUT;
        for (d = 2; d * d <= n && n % d != 0; d++)
            ;
        *found += d * d > n;
    }
    return TN_OK;
}
/* end */

/* example: tn_as_module */
static int count_lent(tn_ctx *ctx, void *out)
{
    return tn_records_count(out, ctx, LOAN, TN_NE("back", tn_bool(ctx, true)));
}

/* How many things are out. Everybody may know the number, though each sees
 * the own loans only: the module counts, and gives away nothing else. */
static int lent_by_all(int64_t *count, tn_ctx *ctx)
{
    return tn_as_module(ctx, count_lent, count);
}
/* end */

/* example: tn_token */
/* An address for a visitor without an account, which nobody guesses. */
static const char *visitor_path(tn_ctx *ctx)
{
    const char *token = tn_token(ctx);
    size_t size = token ? strlen(token) + 20 : 0;
    char *path = token ? tn_alloc(ctx, size) : NULL;

    if (path)
        snprintf(path, size, "/m/sdk_c/visit/%s", token);
    return path;
}
/* end */

static int words(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                 void *data)
{
    tn_value *map = tn_map(ctx);
    const char *path = visitor_path(ctx);
    char check[2] = { check_character(ctx, "A7"), '\0' };
    int64_t today, lent, primes;
    int rc = count_today(&today, ctx);

    (void)request;
    (void)data;
    if (rc == TN_OK)
        rc = lent_by_all(&lent, ctx);
    if (rc == TN_OK)
        rc = count_primes(&primes, ctx, 100);
    if (rc != TN_OK)
        return rc;
    tn_put(map, "title", tn_text(ctx, name_with_kind(ctx, "Drill", "tool")));
    tn_put(map, "check", tn_text(ctx, check));
    tn_put(map, "late", tn_text(ctx, late_text(ctx, "Li Na", 2)));
    tn_put(map, "who", tn_text(ctx, who_acts(ctx)));
    tn_put(map, "today", tn_int(ctx, today));
    tn_put(map, "lent", tn_int(ctx, lent));
    tn_put(map, "primes", tn_int(ctx, primes));
    tn_put(map, "path_length", tn_int(ctx, path ? (int64_t)strlen(path) : 0));
    put_times(ctx, map, INT64_C(1767603600000)); /* 2026-01-05 09:00 UTC */
    put_amounts(ctx, map, tn_decimal_value(ctx, 123450, 2));
    return tn_answer_json(answer, 200, map);
}

int start_call(tn_module *self)
{
    return TN_ROUTE(self, .path = "/api/v1/m/sdk_c/words", .call = words);
}
