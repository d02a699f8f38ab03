/*
 * people.c - people and departments, and telling them something.
 */
#include "api_c.h"

static int look(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    const char *department = tn_query(request, "department");
    const tn_value *found, *all, *me = NULL;
    tn_value *map = tn_map(ctx), *logins = tn_list(ctx);
    int64_t id = tn_as_id(tn_item(tn_person(ctx), "id"));
    size_t i;
    int rc = tn_people_find(
        &found, ctx, .search = tn_query(request, "search"),
        .role = tn_query(request, "role"),
        .department = department ? tn_as_id(tn_text(ctx, department)) : 0,
        .below = tn_query(request, "below") != NULL,
        .limit = tn_query(request, "many") ? 201 : 100);

    (void)data;
    if (rc == TN_OK)
        rc = tn_departments(&all, ctx);
    if (rc == TN_OK && id)
        rc = tn_people_get(&me, ctx, id);
    if (rc != TN_OK)
        return rc;
    for (i = 0; i < tn_count(found); i++)
        tn_append(logins, tn_item(tn_at(found, i), "login"));
    tn_put(map, "logins", logins);
    tn_put(map, "departments", (tn_value *)(uintptr_t)all);
    tn_put(map, "me", (tn_value *)(uintptr_t)me);
    tn_put(map, "hr", tn_bool(ctx, tn_has_role(ctx, id, "hr")));
    tn_put(map, "cashier", tn_bool(ctx, tn_has_role(ctx, id, "cashier")));
    return tn_answer_json(answer, 200, map);
}

static int tell(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    const tn_value *sent = tn_json(request);
    tn_value *arguments = tn_map(ctx);
    int rc;

    (void)data;
    tn_put(arguments, "count", tn_item(sent, "count"));
    tn_put(arguments, "name", tn_item(sent, "name"));
    rc = tn_notify(ctx, tn_as_id(tn_item(sent, "id")),
                   .key = tn_as_text(tn_item(sent, "key")),
                   .arguments = arguments,
                   .path = tn_as_text(tn_item(sent, "path")));
    return rc != TN_OK ? rc : tn_answer_json(answer, 200, tn_map(ctx));
}

int start_people(tn_module *self)
{
    TN_ROUTE(self, .path = "/m/api_c/strangers", .access = TN_PUBLIC,
             .call = look);
    TN_ROUTE(self, .path = "/api/v1/m/api_c/notify", .method = "POST",
             .call = tell);
    return TN_ROUTE(self, .path = "/api/v1/m/api_c/people", .call = look);
}
