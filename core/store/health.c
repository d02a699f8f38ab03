/*
 * health.c - asks the rooms what is wrong, and lets them mend it.
 *
 * Beside a running site each question is one statement, so one snapshot; none
 * of them holds the writer lock. Mending takes it for one kind at a time.
 */
#include "base/banned.h"

#include "store/health.h"

#include <assert.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/unicode.h"
#include "base/value.h"
#include "store/db.h"

enum { EXAMPLES = 5, EXAMPLE_CHARACTERS = 200 };

struct health {
    struct ctx *ctx;
    const struct health_room *room;
    struct value *found; /* the list */
};

static const struct health_kind *find_kind(const struct health_room *room,
                                           const char *key)
{
    const struct health_kind *kind;

    for (kind = room->kinds; kind->key; kind++)
        if (strcmp(kind->key, key) == 0)
            return kind;
    return NULL;
}

/* The entry of a kind, made when it is first found. */
static struct value *entry_of(struct health *health,
                              const struct health_kind *kind)
{
    struct arena *arena = health->ctx->arena;
    struct value *entry;
    size_t i;

    for (i = 0; i < value_count(health->found); i++) {
        entry = value_at(health->found, i);
        if (text_equal(value_get_text(entry, "key"), kind->key))
            return entry;
    }
    entry = value_map(arena);
    value_set_text(entry, "room", health->room->name);
    value_set_text(entry, "key", kind->key);
    value_set_text(entry, "verdict",
                   kind->verdict == HEALTH_BAD ? "bad" : "note");
    value_set_int(entry, "count", 0);
    value_set(entry, "examples", value_list(arena));
    value_set_bool(entry, "mendable", kind->statement || kind->mend);
    value_append(health->found, entry);
    return entry;
}

void health_found(struct health *health, const char *key, const char *example)
{
    const struct health_kind *kind = find_kind(health->room, key);
    struct value *entry, *examples;

    assert(kind);
    entry = entry_of(health, kind);
    examples = value_get(entry, "examples");
    value_set_int(entry, "count", value_get_int(entry, "count", 0) + 1);
    if (value_count(examples) < EXAMPLES && !text_empty(example))
        value_append(
            examples,
            value_text(health->ctx->arena,
                       arena_strndup(health->ctx->arena, example,
                                     utf8_prefix(example, strlen(example),
                                                 EXAMPLE_CHARACTERS))));
}

/* ---- statements ---- */

static bool takes_time(const char *sql)
{
    return strstr(sql, "?1") != NULL;
}

static int ask(struct query **out, struct ctx *ctx, const char *sql)
{
    return takes_time(sql) ? db_query(out, ctx, sql, "i", clock_now())
                           : db_query(out, ctx, sql, "");
}

int health_rows(struct health *health, const char *key, const char *about,
                const char *sql)
{
    QUERY_AUTO *query = NULL;
    struct ctx own = *health->ctx;
    int rc;

    /* Millions of rows may be damaged: their texts are not kept. */
    own.arena = arena_new(0);
    rc = ask(&query, &own, sql);
    while (!rc && (rc = query_next(query)) == 1) {
        const char *text = query_text(query, 0);

        health_found(health, key,
                     about ? arena_printf(own.arena, "%s %s", about, text)
                           : text);
        arena_reset(own.arena);
        rc = 0;
    }
    if (rc)
        (void)fail(health->ctx, rc, "store.failed", "%s", ctx_error(&own));
    query_done(query);
    query = NULL;
    arena_free(own.arena);
    return rc;
}

/* ---- all rooms ---- */

static void unreadable(struct health *health, const char *what)
{
    const struct health_room *room = health->room;

    health->room = &store_health;
    health_found(health, "store.health.unreadable",
                 arena_printf(health->ctx->arena, "%s: %s", what,
                              ctx_error(health->ctx)));
    health->room = room;
    ctx_clear(health->ctx);
}

int health_look(struct value **out, struct ctx *ctx,
                const struct health_room *const *rooms)
{
    struct health health = { .ctx = ctx, .found = value_list(ctx->arena) };
    const struct health_kind *kind;

    *out = health.found;
    for (; *rooms; rooms++) {
        health.room = *rooms;
        for (kind = health.room->kinds; kind->key; kind++)
            if (kind->find && health_rows(&health, kind->key, NULL, kind->find))
                unreadable(&health, kind->key);
        if (health.room->look && health.room->look(&health, ctx))
            unreadable(&health, health.room->name);
    }
    return 0;
}

/* One function may mend several kinds, all of them at once. */
static bool mended_before(const struct health_room *room,
                          const struct health_kind *kind,
                          const struct value *found)
{
    const struct health_kind *other;
    size_t i;

    for (other = room->kinds; kind->mend && other != kind; other++)
        for (i = 0; other->mend == kind->mend && i < value_count(found); i++)
            if (text_equal(value_get_text(value_at(found, i), "key"),
                           other->key))
                return value_get_bool(value_at(found, i), "mended");
    return false;
}

static int mend_one(struct ctx *ctx, const struct health_kind *kind)
{
    int rc;

    if (kind->mend)
        return kind->mend(ctx);
    rc = tx_begin(ctx, "doctor");
    if (rc)
        return rc;
    rc = takes_time(kind->statement)
             ? db_exec(ctx, kind->statement, "i", clock_now())
             : db_exec(ctx, kind->statement, "");
    return tx_end(ctx, rc);
}

void health_mend(struct ctx *ctx, const struct health_room *const *rooms,
                 struct value *found)
{
    const struct health_kind *kind;
    size_t i;

    for (; *rooms; rooms++)
        for (kind = (*rooms)->kinds; kind->key; kind++) {
            struct value *entry = NULL;

            for (i = 0; i < value_count(found); i++)
                if (text_equal(value_get_text(value_at(found, i), "key"),
                               kind->key))
                    entry = value_at(found, i);
            if (!entry || !value_get_bool(entry, "mendable"))
                continue;
            if (mended_before(*rooms, kind, found) || mend_one(ctx, kind) == 0)
                value_set_bool(entry, "mended", true);
            else
                value_set_text(entry, "failed",
                               arena_strdup(ctx->arena, ctx_error(ctx)));
            ctx_clear(ctx);
        }
}

int health_kinds(const struct health_room *const *rooms)
{
    const struct health_kind *kind;
    int count = 0;

    for (; *rooms; rooms++)
        for (kind = (*rooms)->kinds; kind->key; kind++)
            count++;
    return count;
}
