/*
 * host_value.c - the SDK's table `value`: reading and making values; and its
 * table `add`: registering.
 */
#include "base/banned.h"

#include "plugin/host.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/value.h"
#include "plugin/entry.h"

static int host_kind(const tn_value *value)
{
    switch (value_kind(value_in(value))) {
    case VALUE_NULL:
        return TN_NULL;
    case VALUE_BOOL:
        return TN_BOOL;
    case VALUE_INT:
        return TN_INT;
    case VALUE_DOUBLE:
        return TN_DOUBLE;
    case VALUE_DECIMAL:
        return TN_DECIMAL;
    case VALUE_STRING:
    case VALUE_HTML:
    case VALUE_URL:
        return TN_TEXT;
    case VALUE_LIST:
        return TN_LIST;
    case VALUE_MAP:
        return TN_MAP;
    }
    return TN_NULL;
}

static bool as_bool(const tn_value *value)
{
    return value_as_bool(value_in(value));
}

static int64_t as_int(const tn_value *value, int64_t otherwise)
{
    return value_as_int(value_in(value), otherwise);
}

static double as_double(const tn_value *value, double otherwise)
{
    return value_as_double(value_in(value), otherwise);
}

static const char *as_text(const tn_value *value)
{
    return value_as_text(value_in(value));
}

static bool as_decimal(tn_decimal *out, const tn_value *value)
{
    struct str text = value_as_str(value_in(value));
    struct decimal decimal;
    bool found = value_as_decimal(&decimal, value_in(value)) ||
                 (text.length &&
                  decimal_parse(&decimal, text.data, text.length, -1) == 0);

    *out = found ? (tn_decimal){ decimal.units, decimal.scale }
                 : (tn_decimal){ 0, 0 };
    return found;
}

static bool as_instant(int64_t *out, const tn_value *value)
{
    const char *text = value_as_text(value_in(value));

    *out = value_as_int(value_in(value), 0);
    return value_kind(value_in(value)) == VALUE_INT ||
           (text && instant_parse(out, text, zone_utc()));
}

static int64_t as_id(const tn_value *value)
{
    return value_as_id(value_in(value));
}

static size_t count(const tn_value *value)
{
    return value_count(value_in(value));
}

static tn_value *at(const tn_value *list, size_t index)
{
    return value_kind(value_in(list)) == VALUE_LIST
               ? value_out(value_at(value_in(list), index))
               : NULL;
}

static tn_value *item(const tn_value *map, const char *key)
{
    return key && value_kind(value_in(map)) == VALUE_MAP
               ? value_out(value_get(value_in(map), key))
               : NULL;
}

static const char *key_at(const tn_value *map, size_t index)
{
    return value_kind(value_in(map)) == VALUE_MAP &&
                   index < value_count(value_in(map))
               ? value_key_at(value_in(map), index)
               : NULL;
}

static tn_value *make_bool(tn_ctx *call, bool flag)
{
    return value_out(value_bool(call->ctx->arena, flag));
}

static tn_value *make_int(tn_ctx *call, int64_t number)
{
    return value_out(value_int(call->ctx->arena, number));
}

static tn_value *make_double(tn_ctx *call, double number)
{
    return value_out(value_double(call->ctx->arena, number));
}

static tn_value *make_decimal(tn_ctx *call, tn_decimal number)
{
    const int64_t most = (int64_t)1000000000 * 1000000000;

    if (number.scale < 0 || number.scale > DECIMAL_SCALE_MAX ||
        number.units >= most || number.units <= -most)
        return value_out(value_null(call->ctx->arena));
    return value_out(value_decimal(
        call->ctx->arena, (struct decimal){ number.units, number.scale }));
}

static tn_value *make_text(tn_ctx *call, const char *text)
{
    return value_out(value_text(call->ctx->arena, text));
}

static tn_value *make_instant(tn_ctx *call, int64_t instant)
{
    char text[TIME_TEXT_MAX];

    instant_format(text, instant);
    return make_text(call, text);
}

static tn_value *make_id(tn_ctx *call, int64_t id)
{
    char text[24];

    snprintf(text, sizeof text, "%lld", (long long)id);
    return id > 0 ? make_text(call, text)
                  : value_out(value_null(call->ctx->arena));
}

static tn_value *make_list(tn_ctx *call)
{
    return value_out(value_list(call->ctx->arena));
}

static tn_value *make_map(tn_ctx *call)
{
    return value_out(value_map(call->ctx->arena));
}

static int append(tn_value *list, tn_value *one)
{
    if (value_kind(value_in(list)) != VALUE_LIST || !one || one == list)
        return TN_E_INVALID;
    value_append(value_in(list), value_in(one));
    return TN_OK;
}

static int put(tn_value *map, const char *key, tn_value *one)
{
    if (value_kind(value_in(map)) != VALUE_MAP || !key || !one || one == map)
        return TN_E_INVALID;
    value_set(value_in(map), key, value_in(one));
    return TN_OK;
}

const tn_host_value host_value = {
    .size = sizeof(tn_host_value),
    .kind = host_kind,
    .as_bool = as_bool,
    .as_int = as_int,
    .as_double = as_double,
    .as_text = as_text,
    .as_decimal = as_decimal,
    .as_instant = as_instant,
    .as_id = as_id,
    .count = count,
    .at = at,
    .item = item,
    .key_at = key_at,
    .make_bool = make_bool,
    .make_int = make_int,
    .make_double = make_double,
    .make_decimal = make_decimal,
    .make_text = make_text,
    .make_instant = make_instant,
    .make_id = make_id,
    .make_list = make_list,
    .make_map = make_map,
    .append = append,
    .put = put,
    .to_json = host_to_json,
    .from_json = host_from_json,
};

/* ---- registering ---- */

static int add_hook(tn_module *self, const tn_hook *hook)
{
    return entry_add(self, ENTRY_HOOK, hook);
}

static int add_route(tn_module *self, const tn_route *route)
{
    return entry_add(self, ENTRY_ROUTE, route);
}

static int add_page(tn_module *self, const tn_page *page)
{
    return entry_add(self, ENTRY_PAGE, page);
}

static int add_menu(tn_module *self, const tn_menu *menu)
{
    return entry_add(self, ENTRY_MENU, menu);
}

static int add_service(tn_module *self, const tn_service *service)
{
    return entry_add(self, ENTRY_SERVICE, service);
}

static int add_widget(tn_module *self, const tn_widget *widget)
{
    return entry_add(self, ENTRY_WIDGET, widget);
}

static int add_job(tn_module *self, const tn_job *job)
{
    return entry_add(self, ENTRY_JOB, job);
}

static int add_offer(tn_module *self, const tn_offer *offer)
{
    return entry_add(self, ENTRY_OFFER, offer);
}

static int add_participants(tn_module *self, const tn_participants *rule)
{
    return entry_add(self, ENTRY_PARTICIPANTS, rule);
}

static int add_field_type(tn_module *self, const tn_field_type *type)
{
    return entry_add(self, ENTRY_FIELD_TYPE, type);
}

const tn_host_register host_register = {
    .size = sizeof(tn_host_register),
    .on = add_hook,
    .route = add_route,
    .page = add_page,
    .menu = add_menu,
    .service = add_service,
    .widget = add_widget,
    .job = add_job,
    .offer = add_offer,
    .participants = add_participants,
    .field_type = add_field_type,
};
