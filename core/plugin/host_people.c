/*
 * host_people.c - the SDK's table `people`: who there is, and telling them.
 *
 * Names of colleagues are for people who are signed in, and for modules that
 * act as themselves.
 */
#include "base/banned.h"

#include "plugin/host.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "notify/notify.h"
#include "org/org.h"
#include "org/person.h"
#include "plugin/call.h"
#include "plugin/manifest.h"
#include "store/db.h"
#include "web/request.h"

enum { FIND_DEFAULT = 50, FIND_MAX = 200 };

static int may_look(struct tn_ctx *call)
{
    int rc = call_check(call);

    if (!rc && !call->ctx->person && !call->as_module)
        rc = fail(call->ctx, E_SIGN_IN, "org.sign_in.needed", "sign in first");
    return rc;
}

static int get(const tn_value **out, tn_ctx *call, int64_t id)
{
    struct value *map = NULL;
    int rc = may_look(call);

    *out = NULL;
    if (!rc)
        rc = people_get(&map, call->ctx, id);
    if (!rc)
        *out = value_out(map);
    return rc;
}

static int find(const tn_value **out, tn_ctx *call, const tn_people *wanted)
{
    struct people_query query;
    struct value *list;
    int rc = may_look(call);

    *out = NULL;
    if (rc)
        return rc;
    if (!wanted || wanted->size < LEAST(tn_people, search))
        return host_bad_question(call->ctx);
    query = (struct people_query){
        .search = wanted->search,
        .department = wanted->department,
        .below = wanted->below,
        .role = wanted->role,
        .limit = wanted->limit ? wanted->limit : FIND_DEFAULT,
        .offset = wanted->offset,
    };
    if (query.limit < 1 || query.limit > FIND_MAX || query.offset < 0)
        return fail(call->ctx, E_INVALID, "plugin.people_limit",
                    "a search gives 1 to %d people", FIND_MAX);
    rc = people_find(&list, call->ctx, &query);
    if (!rc)
        *out = value_out(list);
    return rc;
}

static int departments(const tn_value **out, tn_ctx *call)
{
    struct value *list;
    int rc = may_look(call);

    *out = NULL;
    if (!rc)
        rc = people_departments(&list, call->ctx);
    if (!rc)
        *out = value_out(list);
    return rc;
}

static bool has_role(tn_ctx *call, int64_t id, const char *role)
{
    const struct person *person;
    struct ctx quiet = ctx_apart(call->ctx);

    return role && !person_load(&person, &quiet, id) && person->enabled &&
           person_has_role(person, role);
}

/* A text of the module's own catalogs, and an address of this site. */
static int check_notice(struct tn_ctx *call, const tn_notice *notice)
{
    struct ctx *ctx = call->ctx;
    const char *id = call->module->id;
    size_t length = strlen(id);

    if (!notice || notice->size < LEAST(tn_notice, path))
        return host_bad_question(ctx);
    if (!notice->key || strncmp(notice->key, id, length) != 0 ||
        notice->key[length] != '.' || !tr_find("en", notice->key))
        return fail(ctx, E_INVALID, "plugin.notice_key",
                    "%s is no text of %s's catalogs",
                    notice->key ? notice->key : "", id);
    if (notice->path && strcmp(own_path(notice->path), notice->path) != 0)
        return fail(ctx, E_INVALID, "plugin.notice_path",
                    "%s is no address of this site", notice->path);
    return 0;
}

static int notify(tn_ctx *call, int64_t person, const tn_notice *notice)
{
    struct ctx *ctx = call->ctx;
    int rc = host_may_write(call);

    if (!rc)
        rc = call_check(call);
    if (!rc)
        rc = check_notice(call, notice);
    if (!rc)
        rc = tx_begin_shared(ctx, "module.notify");
    if (rc)
        return rc;
    return tx_end(ctx, notify_user_lasting(
                           ctx, person, arena_strdup(ctx->arena, notice->key),
                           host_plain(ctx, value_in(notice->arguments)),
                           notice->path));
}

#define READING                                                                \
    .size = sizeof(tn_host_people), .get = get, .find = find,                  \
    .departments = departments, .has_role = has_role

const tn_host_people host_people = { READING };
const tn_host_people host_people_notify = { READING, .notify = notify };
