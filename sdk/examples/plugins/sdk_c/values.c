/*
 * values.c - examples: values are read, made, and turned into JSON and back.
 */
#include <string.h>

#include "sdk_c.h"

/* example: tn_kind, tn_is_null */
/* What came in a field that may hold one text or a list of them. */
static const char *shape_of(const tn_value *value)
{
    if (tn_is_null(value)) /* absent, or null in the JSON */
        return "nothing";
    switch (tn_kind(value)) {
    case TN_TEXT:
        return "one";
    case TN_LIST:
        return "several";
    default:
        return "something else";
    }
}
/* end */

/* example: tn_as_bool, tn_as_int, tn_as_double, tn_as_text, tn_item */
/* Options that somebody sent: what is missing or of another kind reads as
 * what stands second. */
struct rules {
    bool gentle;
    int64_t days;
    double rate;
    const char *word; /* NULL: none was given */
};

static struct rules rules_of(const tn_value *sent)
{
    return (struct rules){
        .gentle = tn_as_bool(tn_item(sent, "gentle")),
        .days = tn_as_int(tn_item(sent, "days"), 14),
        .rate = tn_as_double(tn_item(sent, "rate"), 0.5),
        .word = tn_as_text(tn_item(sent, "word")),
    };
}
/* end */

/* example: tn_as_decimal, tn_decimal_value */
/* One percent of a thing's value, a day: money is counted in whole units of
 * its scale, never in doubles. */
static const tn_value *fine_of(tn_ctx *ctx, const tn_value *value, int64_t days)
{
    tn_decimal worth;

    if (!tn_as_decimal(&worth, value))
        return NULL;
    return tn_decimal_value(ctx, worth.units * days, worth.scale + 2);
}
/* end */

/* example: tn_as_instant, tn_instant_value */
/* A day after an instant; date-times are texts in values. */
static tn_value *day_later(tn_ctx *ctx, const tn_value *instant)
{
    int64_t milliseconds;

    if (!tn_as_instant(&milliseconds, instant))
        return NULL;
    return tn_instant_value(ctx, milliseconds + INT64_C(24) * 3600 * 1000);
}
/* end */

/* example: tn_list, tn_append, tn_count, tn_at, tn_as_id, tn_id */
/* The ids in a list, without what is none. In values an id is a text: JSON's
 * numbers are too short for it. */
static tn_value *ids_of(tn_ctx *ctx, const tn_value *sent)
{
    tn_value *ids = tn_list(ctx);
    size_t i;

    for (i = 0; i < tn_count(sent); i++) {
        int64_t id = tn_as_id(tn_at(sent, i));

        if (id)
            tn_append(ids, tn_id(ctx, id));
    }
    return ids;
}
/* end */

/* example: tn_key_at */
/* The first key of a map that is none of ours, to be refused by name. */
static const char *unknown_key(const tn_value *sent)
{
    size_t i;

    for (i = 0; i < tn_count(sent); i++) {
        const char *key = tn_key_at(sent, i);

        if (strcmp(key, "days") != 0 && strcmp(key, "rate") != 0)
            return key;
    }
    return NULL;
}
/* end */

/* example: tn_map, tn_put, tn_text, tn_int, tn_bool, tn_double */
/* A card for a list. Texts are copied; a value belongs to one parent. */
static tn_value *card(tn_ctx *ctx, const char *name, int64_t count)
{
    tn_value *map = tn_map(ctx);

    tn_put(map, "name", tn_text(ctx, name));
    tn_put(map, "count", tn_int(ctx, count));
    tn_put(map, "free", tn_bool(ctx, count > 0));
    tn_put(map, "share", tn_double(ctx, (double)count / 4));
    return map;
}
/* end */

/* example: tn_from_json, tn_to_json */
/* Writes a mark into JSON that was stored as text. */
static int mark_seen(const char **json, tn_ctx *ctx, const char *stored)
{
    const tn_value *read;
    tn_value *map = tn_map(ctx);
    size_t i;
    int rc = tn_from_json(&read, ctx, stored);

    if (rc != TN_OK) /* it is no JSON: the reason is recorded */
        return rc;
    for (i = 0; i < tn_count(read); i++)
        tn_put(map, tn_key_at(read, i), tn_item(read, tn_key_at(read, i)));
    tn_put(map, "seen", tn_bool(ctx, true));
    *json = tn_to_json(ctx, map);
    return TN_OK;
}
/* end */

static int values(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                  void *data)
{
    const tn_value *sent = tn_json(request);
    struct rules rules = rules_of(sent);
    tn_value *map = card(ctx, "Drill", 3);
    const char *json;
    int rc = mark_seen(&json, ctx, "{\"a\":[1,\"b\"]}");

    (void)data;
    if (rc != TN_OK)
        return rc;
    tn_put(map, "shape", tn_text(ctx, shape_of(tn_item(sent, "ids"))));
    tn_put(map, "absent", tn_text(ctx, shape_of(tn_item(sent, "absent"))));
    tn_put(map, "gentle", tn_bool(ctx, rules.gentle));
    tn_put(map, "days", tn_int(ctx, rules.days));
    tn_put(map, "rate", tn_double(ctx, rules.rate));
    tn_put(map, "word", tn_text(ctx, rules.word));
    tn_put(map, "fine",
           tn_text(ctx, tn_number(ctx, fine_of(ctx, tn_item(sent, "value"),
                                               rules.days))));
    tn_put(map, "later", day_later(ctx, tn_item(sent, "at")));
    tn_put(map, "ids", ids_of(ctx, tn_item(sent, "ids")));
    tn_put(map, "unknown", tn_text(ctx, unknown_key(sent)));
    tn_put(map, "json", tn_text(ctx, json));
    return tn_answer_json(answer, 200, map);
}

int start_values(tn_module *self)
{
    return TN_ROUTE(self, .path = "/api/v1/m/sdk_c/values", .method = "POST",
                    .call = values);
}
