/*
 * find.c - finding people: by name, login, and pinyin (E46).
 *
 * All enabled people are kept in the order of their names by the epoch "org",
 * with what is looked through; a search is a walk over memory. Syllables are
 * costly to make and names seldom change: they are kept by the name itself.
 */
#include "base/banned.h"

#include "org/org.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/pinyin.h"
#include "base/str.h"
#include "base/unicode.h"
#include "base/value.h"
#include "org/cache.h"
#include "store/db.h"

enum { SYLLABLES_BYTES = 8 << 20, TEXT_MAX = 200 };

/* Of this process, whatever changes: a name is spelled one way. */
static struct {
    struct arena *arena;
    struct map *by_name;
} known;

static const char *syllables_of(const char *name)
{
    const char *syllables;

    if (!known.arena || arena_used(known.arena) > SYLLABLES_BYTES) {
        arena_free(known.arena);
        known.arena = arena_new(0);
        known.by_name = map_new(known.arena);
    }
    syllables = map_get(known.by_name, name);
    if (!syllables) {
        syllables = text_pinyin(known.arena, name);
        map_set(known.by_name, name, (void *)syllables);
    }
    return syllables;
}

static int read_faces(struct org_cache *cache, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    size_t capacity = 0;
    int rc = db_query(&query, ctx,
                      "SELECT id, name, name_key, login, login_key, department"
                      " FROM org_user WHERE enabled = 1"
                      " ORDER BY sort_key, id",
                      "");

    cache->face_count = 0;
    while (!rc && (rc = query_next(query)) == 1) {
        struct org_face *face;

        if (cache->face_count == capacity) {
            size_t more = capacity ? capacity * 2 : 64;

            cache->faces = arena_grow(cache->arena, cache->faces,
                                      capacity * sizeof(*cache->faces),
                                      more * sizeof(*cache->faces));
            capacity = more;
        }
        face = &cache->faces[cache->face_count++];
        face->id = query_int(query, 0);
        face->name = arena_strdup(cache->arena, query_text(query, 1));
        face->name_key = arena_strdup(cache->arena, query_text(query, 2));
        face->login = arena_strdup(cache->arena, query_text(query, 3));
        face->login_key = arena_strdup(cache->arena, query_text(query, 4));
        face->department = query_int(query, 5);
        face->syllables = arena_strdup(cache->arena, syllables_of(face->name));
        rc = 0;
    }
    cache->faces_read = rc == 0;
    return rc;
}

/* What is typed for pinyin: without the spaces and apostrophes in it. */
static const char *squeezed(struct ctx *ctx, const char *text)
{
    char *out = arena_alloc(ctx->arena, strlen(text) + 1), *p = out;

    for (; *text; text++)
        if (*text != ' ' && *text != '\'')
            *p++ = *text;
    *p = '\0';
    return out;
}

static bool is_meant(const struct org_face *face, const char *text,
                     const char *typed)
{
    return strstr(face->name_key, text) || strstr(face->login_key, text) ||
           (*face->syllables && pinyin_matches(face->syllables, typed));
}

int org_search_users(struct value **out, struct ctx *ctx, const char *text,
                     int most)
{
    struct org_cache *cache = org_cache(ctx);
    const char *folded = text_fold(ctx->arena, text ? text : "");
    const char *typed = squeezed(ctx, folded);
    size_t i, found = 0;
    int rc = cache->faces_read ? 0 : read_faces(cache, ctx);

    *out = value_list(ctx->arena);
    if (strlen(folded) > TEXT_MAX)
        return rc;
    for (i = 0; !rc && i < cache->face_count && found < (size_t)most; i++) {
        const struct org_face *face = &cache->faces[i];
        struct value *row;

        if (!is_meant(face, folded, typed))
            continue;
        row = value_map(ctx->arena);
        value_set_id(row, "id", face->id);
        value_set_text(row, "name", face->name);
        value_set_text(row, "login", face->login);
        value_set_text(row, "department",
                       department_name(ctx, face->department));
        value_append(*out, row);
        found++;
    }
    return rc;
}
