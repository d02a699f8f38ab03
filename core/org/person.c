/*
 * person.c - who acts: loading people with their roles and departments.
 *
 * Reading only; changing them is admin.h's business.
 */
#include "base/banned.h"

#include "org/person.h"

#include <assert.h>
#include <inttypes.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/map.h"
#include "base/unicode.h"
#include "org/cache.h"
#include "store/dialect.h"

static const char *keep(struct org_cache *cache, struct query *query,
                        int column)
{
    return arena_strdup(cache->arena, query_text(query, column));
}

static int read_user(struct person **out, struct ctx *ctx,
                     struct org_cache *cache, int64_t id)
{
    QUERY_AUTO *query = NULL;
    struct person *person = NULL;
    int rc;

    rc = db_query(&query, ctx,
                  "SELECT login, name, mail, department, manager, locale, "
                  "zone, theme, enabled FROM org_user WHERE id = ?1",
                  "i", id);
    if (rc)
        return rc;
    rc = query_next(query);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return fail(ctx, E_NOT_FOUND, "org.user.absent", "no such user");

    person = arena_alloc(cache->arena, sizeof(*person));
    person->id = id;
    person->login = keep(cache, query, 0);
    person->name = keep(cache, query, 1);
    person->mail = keep(cache, query, 2);
    person->department = query_int(query, 3);
    person->manager = query_int(query, 4);
    person->locale = keep(cache, query, 5);
    person->zone = keep(cache, query, 6);
    person->theme = keep(cache, query, 7);
    person->enabled = query_int(query, 8) != 0;
    *out = person;
    return 0;
}

static int read_roles(struct person *person, struct ctx *ctx,
                      struct org_cache *cache)
{
    QUERY_AUTO *query = NULL;
    size_t capacity = 0;
    int rc;

    rc = db_query(&query, ctx,
                  "SELECT r.id, r.role_key FROM org_user_role ur "
                  "JOIN org_role r ON r.id = ur.role "
                  "WHERE ur.user_id = ?1 ORDER BY r.id",
                  "i", person->id);
    while (!rc && (rc = query_next(query)) == 1) {
        size_t n = person->role_count;

        if (n == capacity) {
            size_t more = capacity ? capacity * 2 : 4;

            person->roles =
                arena_grow(cache->arena, person->roles,
                           capacity * sizeof(int64_t), more * sizeof(int64_t));
            person->role_keys =
                arena_grow(cache->arena, person->role_keys,
                           capacity * sizeof(char *), more * sizeof(char *));
            capacity = more;
        }
        person->roles[n] = query_int(query, 0);
        person->role_keys[n] = keep(cache, query, 1);
        if (strcmp(person->role_keys[n], "administrators") == 0)
            person->administrator = true;
        person->role_count++;
        rc = 0;
    }
    return rc;
}

static int read_departments(struct person *person, struct ctx *ctx,
                            struct org_cache *cache)
{
    QUERY_AUTO *query = NULL;
    size_t capacity = 0;
    int rc;

    rc = db_query(&query, ctx,
                  "SELECT d.id FROM org_department d WHERE EXISTS (SELECT 1 "
                  "FROM org_department h WHERE h.head = ?1 AND "
                  "substr(d.path, 1, length(h.path)) = h.path) ORDER BY d.id",
                  "i", person->id);
    while (!rc && (rc = query_next(query)) == 1) {
        size_t n = person->department_count;

        if (n == capacity) {
            size_t more = capacity ? capacity * 2 : 8;

            person->departments =
                arena_grow(cache->arena, person->departments,
                           capacity * sizeof(int64_t), more * sizeof(int64_t));
            capacity = more;
        }
        person->departments[n] = query_int(query, 0);
        person->department_count++;
        rc = 0;
    }
    return rc;
}

int person_load(const struct person **out, struct ctx *ctx, int64_t id)
{
    struct org_cache *cache = org_cache(ctx);
    struct person *person = NULL;
    char key[24];
    int rc;

    assert(out);
    snprintf(key, sizeof(key), "%" PRId64, id);
    *out = map_get(cache->persons, key);
    if (*out)
        return 0;
    rc = read_user(&person, ctx, cache, id);
    if (!rc)
        rc = read_roles(person, ctx, cache);
    if (!rc)
        rc = read_departments(person, ctx, cache);
    if (rc)
        return rc;
    map_set(cache->persons, key, person);
    *out = person;
    return 0;
}

int person_find_login(const struct person **out, struct ctx *ctx,
                      const char *login)
{
    int64_t id = 0;
    int rc;

    rc = db_int(&id, ctx, "SELECT id FROM org_user WHERE login_key = ?1", "s",
                text_fold(ctx->arena, login));
    if (rc == E_NOT_FOUND)
        return fail(ctx, E_NOT_FOUND, "org.user.absent", "no such user");
    if (rc)
        return rc;
    return person_load(out, ctx, id);
}

bool person_has_role(const struct person *person, const char *key)
{
    size_t i;

    for (i = 0; person && i < person->role_count; i++)
        if (strcmp(person->role_keys[i], key) == 0)
            return true;
    return false;
}

const char *person_name(struct ctx *ctx, int64_t id)
{
    struct org_cache *cache = org_cache(ctx);
    /* An id ends in a counter and the node; above stands the time. */
    size_t slot = (size_t)(((uint64_t)id ^ (uint64_t)id >> 22) % ORG_NAMES);
    const struct person *person;
    const char *name;
    char key[24];

    if (id == 0)
        return "";
    if (cache->names[slot].id == id)
        return cache->names[slot].name;
    snprintf(key, sizeof(key), "%" PRId64, id);
    person = map_get(cache->persons, key);
    if (person) {
        name = person->name;
    } else {
        /* Of strangers in a list one column, not the whole person. */
        if (db_text(&name, ctx, "SELECT name FROM org_user WHERE id = ?1", "i",
                    id))
            return "";
        name = arena_strdup(cache->arena, name);
    }
    cache->names[slot].id = id;
    cache->names[slot].name = name;
    return name;
}

int person_names(const char **names, struct ctx *ctx, const int64_t *ids,
                 size_t count)
{
    struct value *wanted = value_list(ctx->arena);
    struct map *found = map_new(ctx->arena);
    QUERY_AUTO *query = NULL;
    char key[24];
    size_t i;
    int rc;

    for (i = 0; i < count; i++)
        value_append(wanted, value_int(ctx->arena, ids[i]));
    rc = db_query(&query, ctx,
                  /* sql: names from the definition */
                  arena_printf(ctx->arena,
                               "SELECT id, name FROM org_user WHERE id IN"
                               " (SELECT CAST(value AS BIGINT) FROM %s AS j)",
                               db_json_items(ctx, "?1")),
                  "s", json_text(ctx->arena, wanted));
    while (!rc && (rc = query_next(query)) == 1) {
        snprintf(key, sizeof(key), "%" PRId64, query_int(query, 0));
        map_set(found, key, (void *)query_copy(query, 1));
        rc = 0;
    }
    for (i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "%" PRId64, ids[i]);
        names[i] = map_get(found, key);
        if (!names[i])
            names[i] = "";
    }
    return rc;
}

int64_t person_id(const struct person *person)
{
    return person ? person->id : 0;
}
