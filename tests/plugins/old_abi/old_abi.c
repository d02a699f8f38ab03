/*
 * old_abi.c - a module that was compiled against the first header of 1.0
 * (sdk/abi/1.0.0-first): its structs end where they ended then.
 */
#include <tenon/tenon.h>

/* Later members, and the tables' later functions, are not known to it. */
_Static_assert(sizeof(tn_menu) == 48, "the menu entry of the first header");
_Static_assert(sizeof(tn_route) == 56, "its route");
_Static_assert(sizeof(tn_host) == 64, "its host");

#define ITEM "old_abi.item"

static int note_name(tn_ctx *ctx, tn_record *item, void *data)
{
    (void)ctx;
    (void)data;
    return tn_set(item, "note", tn_get(item, "name"));
}

static int refuse_delete(tn_ctx *ctx, tn_record *item, void *data)
{
    (void)item;
    (void)data;
    return tn_fail(ctx, TN_E_CONFLICT, "old_abi.kept", "kept");
}

static int list(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    tn_value *map = tn_map(ctx);
    const tn_value *items;
    int rc = tn_records_find(&items, ctx, ITEM, .sort = "name", .limit = 10);

    (void)request;
    (void)data;
    if (rc != TN_OK)
        return rc;
    tn_put(map, "first", tn_item(tn_at(items, 0), "note"));
    tn_put(map, "count", tn_int(ctx, (int64_t)tn_count(items)));
    return tn_answer_json(answer, 200, map);
}

static int fill(tn_ctx *ctx, tn_request *request, tn_value *data, void *extra)
{
    (void)request;
    (void)extra;
    return tn_put(data, "hello",
                  tn_text(ctx, tn_t(ctx, "old_abi.hello", NULL)));
}

static int start(tn_module *self)
{
    TN_ON(self, .form = ITEM, .when = TN_BEFORE_SAVE, .call = note_name);
    TN_ON(self, .form = ITEM, .when = TN_BEFORE_DELETE, .call = refuse_delete);
    TN_ROUTE(self, .path = "/api/v1/m/old_abi/list", .call = list);
    TN_PAGE(self, .path = "/m/old_abi", .template_name = "hello",
            .title = "old_abi.hello", .call = fill);
    return TN_MENU(self, .title = "old_abi.hello", .path = "/m/old_abi");
}

TN_MODULE(start)
