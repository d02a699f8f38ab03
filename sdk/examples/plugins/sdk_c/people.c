/*
 * people.c - examples: people, departments, roles, notifications.
 */
#include <string.h>

#include "sdk_c.h"

/* example: tn_people_get */
/* The head of somebody's department, who hears of what is late; 0: none. */
static int64_t head_of(tn_ctx *ctx, int64_t person)
{
    const tn_value *found;

    if (tn_people_get(&found, ctx, person) != TN_OK)
        return 0;
    return tn_as_id(tn_item(found, "head"));
}
/* end */

/* example: tn_people_find */
/* Who works in a department and below it, by name. */
static int colleagues(const tn_value **people, tn_ctx *ctx, int64_t department)
{
    return tn_people_find(people, ctx, .department = department, .below = true,
                          .limit = 200);
}
/* end */

/* example: tn_departments */
/* The department of that name; parents come before children. */
static int64_t department_called(tn_ctx *ctx, const char *name)
{
    const tn_value *all;
    size_t i;

    if (tn_departments(&all, ctx) != TN_OK)
        return 0;
    for (i = 0; i < tn_count(all); i++) {
        const char *found = tn_as_text(tn_item(tn_at(all, i), "name"));

        if (found && strcmp(found, name) == 0)
            return tn_as_id(tn_item(tn_at(all, i), "id"));
    }
    return 0;
}
/* end */

/* example: tn_has_role */
/* Keepers may do more than others: roles are the site's, asked by their key. */
static bool is_keeper(tn_ctx *ctx)
{
    int64_t id = tn_as_id(tn_item(tn_person(ctx), "id"));

    return tn_has_role(ctx, id, "keeper");
}
/* end */

/* example: tn_notify */
/* Tells somebody how many things are late: in the portal and by mail, in the
 * reader's language. It belongs to the transaction of the call: what is undone
 * tells nobody. */
static int tell_late(tn_ctx *ctx, int64_t person, const char *name,
                     int64_t count)
{
    tn_value *arguments = tn_map(ctx);

    tn_put(arguments, "name", tn_text(ctx, name));
    tn_put(arguments, "count", tn_int(ctx, count));
    return tn_notify(ctx, person, .key = "sdk_c.late", .arguments = arguments,
                     .path = "/m/sdk_c");
}
/* end */

static int people(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                  void *data)
{
    tn_value *map = tn_map(ctx), *logins = tn_list(ctx);
    int64_t id = tn_as_id(tn_item(tn_person(ctx), "id"));
    const tn_value *found, *head;
    size_t i;
    int rc = colleagues(&found, ctx, department_called(ctx, "Sales"));

    (void)request;
    (void)data;
    if (rc == TN_OK)
        rc = tn_people_get(&head, ctx, head_of(ctx, id));
    if (rc == TN_OK)
        rc = tell_late(ctx, id, "Li Na", 1);
    if (rc != TN_OK)
        return rc;
    for (i = 0; i < tn_count(found); i++)
        tn_append(logins, tn_item(tn_at(found, i), "login"));
    tn_put(map, "sales", logins);
    tn_put(map, "head", tn_item(head, "login"));
    tn_put(map, "keeper", tn_bool(ctx, is_keeper(ctx)));
    return tn_answer_json(answer, 200, map);
}

int start_people(tn_module *self)
{
    return TN_ROUTE(self, .path = "/api/v1/m/sdk_c/people", .method = "POST",
                    .call = people);
}
