/*
 * department.c - the tree of departments, heads and superiors: reading.
 */
#include "base/banned.h"

#include "org/org.h"

#include <assert.h>
#include <inttypes.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/unicode.h"
#include "base/value.h"
#include "org/cache.h"
#include "org/person.h"
#include "store/db.h"

/* A department while the tree is put in order. */
struct node {
    struct department *department;
    const unsigned char *sort;
    size_t sort_length;
    bool closed;
};

static int depth_of(const char *path)
{
    int slashes = 0;

    for (; *path; path++)
        slashes += *path == '/';
    return slashes > 1 ? slashes - 2 : 0;
}

static int compare_nodes(const void *a, const void *b)
{
    const struct node *x = a, *y = b;
    size_t least =
        x->sort_length < y->sort_length ? x->sort_length : y->sort_length;
    int order = memcmp(x->sort, y->sort, least);

    if (order == 0 && x->sort_length != y->sort_length)
        order = x->sort_length < y->sort_length ? -1 : 1;
    if (order == 0)
        order = x->department->id < y->department->id ? -1 : 1;
    return order;
}

/* Appends the open children of `parent`, each with its own below it. The
 * depth of the tree is bounded by admin.c (DEPARTMENT_DEPTH_MAX). */
static void append_children(struct org_cache *cache, const struct node *nodes,
                            size_t count, int64_t parent, int depth)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (nodes[i].closed || nodes[i].department->parent != parent)
            continue;
        cache->tree[cache->tree_count++] = nodes[i].department;
        if (depth < 64)
            append_children(cache, nodes, count, nodes[i].department->id,
                            depth + 1);
    }
}

static int read_nodes(struct node **out, size_t *count, struct ctx *ctx,
                      struct org_cache *cache)
{
    QUERY_AUTO *query = NULL;
    struct node *nodes = NULL;
    size_t capacity = 0, n = 0;
    char key[24];
    int rc;

    rc = db_query(&query, ctx,
                  "SELECT id, parent, name, head, path, closed_at "
                  "FROM org_department",
                  "");
    while (!rc && (rc = query_next(query)) == 1) {
        struct department *d = arena_alloc(cache->arena, sizeof(*d));

        if (n == capacity) {
            size_t more = capacity ? capacity * 2 : 32;

            nodes = arena_grow(ctx->arena, nodes, capacity * sizeof(*nodes),
                               more * sizeof(*nodes));
            capacity = more;
        }
        d->id = query_int(query, 0);
        d->parent = query_int(query, 1);
        d->name = arena_strdup(cache->arena, query_text(query, 2));
        d->head = query_int(query, 3);
        d->path = arena_strdup(cache->arena, query_text(query, 4));
        d->depth = depth_of(d->path);
        nodes[n].department = d;
        nodes[n].closed = !query_is_null(query, 5);
        text_sort_key(&nodes[n].sort, &nodes[n].sort_length, ctx->arena,
                      d->name);
        n++;
        snprintf(key, sizeof(key), "%" PRId64, d->id);
        map_set(cache->departments, key, d);
        rc = 0;
    }
    *out = nodes;
    *count = n;
    return rc;
}

static int read_tree(struct org_cache **out, struct ctx *ctx)
{
    struct org_cache *cache = org_cache(ctx);
    struct node *nodes;
    size_t count;
    int rc;

    *out = cache;
    if (cache->tree_read)
        return 0;
    rc = read_nodes(&nodes, &count, ctx, cache);
    if (rc)
        return rc;
    cache->tree = arena_array(cache->arena, count + 1, sizeof(*cache->tree));
    if (count > 0) {
        qsort(nodes, count, sizeof(*nodes), compare_nodes);
        append_children(cache, nodes, count, 0, 0);
    }
    cache->tree_read = true;
    return 0;
}

int department_load(const struct department **out, struct ctx *ctx, int64_t id)
{
    struct org_cache *cache;
    char key[24];
    int rc;

    assert(out);
    rc = read_tree(&cache, ctx);
    if (rc)
        return rc;
    snprintf(key, sizeof(key), "%" PRId64, id);
    *out = map_get(cache->departments, key);
    if (!*out)
        return fail(ctx, E_NOT_FOUND, "org.department.absent",
                    "no such department");
    return 0;
}

int department_list(const struct department ***out, size_t *count,
                    struct ctx *ctx)
{
    struct org_cache *cache;
    int rc = read_tree(&cache, ctx);

    if (rc)
        return rc;
    *out = cache->tree;
    *count = cache->tree_count;
    return 0;
}

const char *department_name(struct ctx *ctx, int64_t id)
{
    struct org_cache *cache;
    const struct department *department;
    char key[24];

    if (id == 0 || read_tree(&cache, ctx))
        return "";
    snprintf(key, sizeof(key), "%" PRId64, id);
    department = map_get(cache->departments, key);
    return department ? department->name : "";
}

bool org_user_enabled(struct ctx *ctx, int64_t user)
{
    struct org_cache *cache = org_cache(ctx);
    size_t at = (size_t)user % ORG_NAMES;
    int64_t enabled = 0;

    if (cache->enabled[at].id == user && user != 0)
        return cache->enabled[at].yes;
    if (db_int(&enabled, ctx, "SELECT enabled FROM org_user WHERE id = ?1", "i",
               user))
        return false;
    cache->enabled[at].id = user;
    cache->enabled[at].yes = enabled != 0;
    return enabled != 0;
}

/* The nearest enabled head from `department` upwards who is not `but`. */
static int head_above(int64_t *user, struct ctx *ctx, int64_t department,
                      int64_t but)
{
    int steps;

    *user = 0;
    for (steps = 0; department != 0 && steps < 64; steps++) {
        const struct department *d;
        int rc = department_load(&d, ctx, department);

        if (rc)
            return rc;
        if (d->head != 0 && d->head != but && org_user_enabled(ctx, d->head)) {
            *user = d->head;
            return 0;
        }
        department = d->parent;
    }
    return 0;
}

int org_head(int64_t *user, struct ctx *ctx, int64_t department)
{
    return head_above(user, ctx, department, 0);
}

int org_superior(int64_t *user, struct ctx *ctx, int64_t of)
{
    const struct person *person;
    int rc = person_load(&person, ctx, of);

    *user = 0;
    if (rc)
        return rc;
    if (person->manager != 0 && person->manager != of &&
        org_user_enabled(ctx, person->manager)) {
        *user = person->manager;
        return 0;
    }
    return head_above(user, ctx, person->department, of);
}

int org_role_holders(int64_t **users, size_t *count, struct ctx *ctx,
                     const char *role_key)
{
    QUERY_AUTO *query = NULL;
    int64_t *found = NULL;
    size_t capacity = 0, n = 0;
    int rc;

    rc = db_query(&query, ctx,
                  "SELECT u.id FROM org_role r "
                  "JOIN org_user_role ur ON ur.role = r.id "
                  "JOIN org_user u ON u.id = ur.user_id "
                  "WHERE r.role_key = ?1 AND u.enabled = 1 ORDER BY u.id",
                  "s", role_key);
    while (!rc && (rc = query_next(query)) == 1) {
        if (n == capacity) {
            size_t more = capacity ? capacity * 2 : 8;

            found = arena_grow(ctx->arena, found, capacity * sizeof(*found),
                               more * sizeof(*found));
            capacity = more;
        }
        found[n++] = query_int(query, 0);
        rc = 0;
    }
    *users = found;
    *count = n;
    return rc;
}
