/*
 * access.c - which rows somebody may see and change.
 *
 * Grants of a person, his departments and roles are compiled into scopes
 * once and kept by the epochs "grant" and "org". What a scope is in SQL is
 * form/'s business (branches merged by UNION); what it is for one record is
 * decided here, from the same scopes, so that a list and a page agree.
 */
#include "base/banned.h"

#include "access/access.h"

#include <assert.h>
#include <inttypes.h>

#include "access/capability.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "org/api_token.h"
#include "org/person.h"
#include "store/db.h"

enum { RIGHTS = RIGHT_DESIGN + 1, CACHE_BYTES = 8 << 20 };

/* A row of access_grant. */
struct grant {
    const char *who_kind, *form;
    int64_t who;
    enum right right;
    enum scope_kind scope;
};

/* What this process knows: all grants (there are few: the default ones, and
 * what administrators add), and scopes already compiled. */
static struct {
    struct arena *arena;
    struct grant *grants;
    size_t count;
    struct map *compiled; /* "person right form" → struct scopes */
    struct db *db;
    int64_t grant_epoch, org_epoch;
    uint64_t changes; /* person_changes() */
} cache;
static bool changed_here;

static void empty(void)
{
    arena_free(cache.arena);
    memset(&cache, 0, sizeof(cache));
}

void access_forget(void)
{
    empty();
    changed_here = true;
}

static int read_grants(struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    size_t capacity = 0;
    int rc = db_query(&query, ctx,
                      "SELECT who_kind, who, form, what, scope "
                      "FROM access_grant ORDER BY id",
                      "");

    while (!rc && (rc = query_next(query)) == 1) {
        struct grant *grant;
        int64_t right = query_int(query, 3), scope = query_int(query, 4);

        rc = 0;
        if (right < 0 || right >= RIGHTS || scope < 0 || scope >= SCOPE_READER)
            continue;
        if (cache.count == capacity) {
            size_t more = capacity ? capacity * 2 : 32;

            cache.grants =
                arena_grow(cache.arena, cache.grants, capacity * sizeof(*grant),
                           more * sizeof(*grant));
            capacity = more;
        }
        grant = &cache.grants[cache.count++];
        grant->who_kind = arena_strdup(cache.arena, query_text(query, 0));
        grant->who = query_int(query, 1);
        grant->form = arena_strdup(cache.arena, query_text(query, 2));
        grant->right = (enum right)right;
        grant->scope = (enum scope_kind)scope;
    }
    return rc;
}

/* What an unfinished transaction of ours wrote is seen inside of it, and read
 * once more after it: it may have been rolled back. */
static int refresh(struct ctx *ctx)
{
    int64_t grant_epoch = epoch_of(ctx, "grant");
    int64_t org_epoch = epoch_of(ctx, "org");
    bool inside = tx_active(ctx);
    int rc;

    if (cache.arena && cache.db == ctx->db &&
        cache.grant_epoch == grant_epoch && cache.org_epoch == org_epoch &&
        cache.changes == person_changes() && (inside || !changed_here) &&
        arena_used(cache.arena) < CACHE_BYTES)
        return 0;
    changed_here = changed_here && inside;
    empty();
    cache.arena = arena_new(0);
    cache.compiled = map_new(cache.arena);
    cache.db = ctx->db;
    cache.grant_epoch = grant_epoch;
    cache.org_epoch = org_epoch;
    cache.changes = person_changes();
    rc = read_grants(ctx);
    if (rc)
        empty();
    return rc;
}

static bool has_role(const struct person *person, int64_t role)
{
    size_t i;

    for (i = 0; i < person->role_count; i++)
        if (person->roles[i] == role)
            return true;
    return false;
}

static bool grant_is_for(const struct grant *grant, const struct person *person)
{
    if (strcmp(grant->who_kind, "everyone") == 0)
        return true;
    if (strcmp(grant->who_kind, "role") == 0)
        return has_role(person, grant->who);
    if (strcmp(grant->who_kind, "user") == 0)
        return person->id == grant->who;
    if (strcmp(grant->who_kind, "department") == 0)
        return person->department != 0 && person->department == grant->who;
    if (strcmp(grant->who_kind, "head") == 0)
        return person->department_count > 0;
    return false;
}

/* Whether `form` has taken itself out of what everyone and heads may do with
 * every form (access_only_granted). */
static bool only_granted(const char *form)
{
    size_t i;

    for (i = 0; i < cache.count; i++)
        if (strcmp(cache.grants[i].who_kind, "nobody") == 0 &&
            strcmp(cache.grants[i].form, form) == 0)
            return true;
    return false;
}

static bool grant_covers(const struct grant *grant, const char *form, bool only)
{
    if (strcmp(grant->form, "*") != 0)
        return strcmp(grant->form, form) == 0;
    return !only || (strcmp(grant->who_kind, "everyone") != 0 &&
                     strcmp(grant->who_kind, "head") != 0);
}

static void add_scope(struct scopes *scopes, enum scope_kind kind,
                      const struct person *person)
{
    struct scope *scope = &scopes->items[scopes->count];
    int64_t *own;

    if ((kind == SCOPE_DEPARTMENT && person->department == 0) ||
        (kind == SCOPE_DEPARTMENTS && person->department_count == 0))
        return;
    scope->kind = kind;
    scope->person = person->id;
    if (kind == SCOPE_DEPARTMENT) {
        own = arena_alloc(cache.arena, sizeof(*own));
        *own = person->department;
        scope->departments = own;
        scope->department_count = 1;
    }
    if (kind == SCOPE_DEPARTMENTS) {
        scope->departments = arena_memdup(cache.arena, person->departments,
                                          person->department_count *
                                              sizeof(*person->departments));
        scope->department_count = person->department_count;
    }
    scopes->count++;
}

static void compile(struct scopes *out, const struct person *person,
                    const char *form, enum right right)
{
    bool wanted[SCOPE_READER] = { false };
    bool only = only_granted(form);
    size_t i;
    int kind;

    memset(out, 0, sizeof(*out));
    if (!person->enabled)
        return;
    for (i = 0; i < cache.count; i++) {
        const struct grant *grant = &cache.grants[i];

        if (grant->right == right && grant_is_for(grant, person) &&
            grant_covers(grant, form, only))
            wanted[grant->scope] = true;
    }
    if (wanted[SCOPE_ALL]) {
        out->items[0].kind = SCOPE_ALL;
        out->items[0].person = person->id;
        out->count = 1;
        return;
    }
    for (kind = SCOPE_OWNER; kind < SCOPE_READER; kind++)
        if (wanted[kind])
            add_scope(out, (enum scope_kind)kind, person);
    /* A single record that was opened to him; never more than reading. */
    if (right == RIGHT_READ)
        add_scope(out, SCOPE_READER, person);
}

/* What the program's token leaves of its person's rights (S10). A module
 * that acts as itself is not the person. */
static bool token_leaves(const struct ctx *ctx, const char *form,
                         enum right right)
{
    static const enum api_scope needed[RIGHTS] = {
        [RIGHT_READ] = API_READ,     [RIGHT_CREATE] = API_WRITE,
        [RIGHT_UPDATE] = API_WRITE,  [RIGHT_DELETE] = API_WRITE,
        [RIGHT_EXPORT] = API_EXPORT, [RIGHT_DESIGN] = API_ADMINISTRATION,
    };

    return api_token_allows(ctx, needed[right]) &&
           api_token_allows_form(ctx, form);
}

int access_scopes(struct scopes *out, struct ctx *ctx, const char *form,
                  enum right right)
{
    const struct scopes *known;
    struct scopes *made;
    char key[256];
    int rc;

    assert(out && form);
    memset(out, 0, sizeof(*out));
    if (ctx->system ||
        (ctx->module && capability_has(ctx->module, form, right))) {
        out->items[0].kind = SCOPE_ALL;
        out->count = 1;
        return 0;
    }
    if (ctx->module || !ctx->person || !token_leaves(ctx, form, right) ||
        !access_module_of_form(ctx, form))
        return 0;
    rc = refresh(ctx);
    if (rc)
        return rc;
    snprintf(key, sizeof(key), "%" PRId64 " %d %.200s", ctx->person->id,
             (int)right, form);
    known = map_get(cache.compiled, key);
    if (!known) {
        made = arena_alloc(cache.arena, sizeof(*made));
        compile(made, ctx->person, form, right);
        map_set(cache.compiled, key, made);
        known = made;
    }
    *out = *known;
    return 0;
}

bool access_form(struct ctx *ctx, const char *form, enum right right)
{
    struct scopes scopes;
    size_t i;

    if (access_scopes(&scopes, ctx, form, right)) {
        ctx_clear(ctx);
        return false;
    }
    for (i = 0; i < scopes.count; i++)
        if (scopes.items[i].kind != SCOPE_READER)
            return true;
    return false;
}

static bool is_reader(struct ctx *ctx, int64_t record, int64_t user)
{
    int64_t found = 0;

    return db_int(&found, ctx,
                  "SELECT 1 FROM access_reader WHERE record = ?1 "
                  "AND user_id = ?2 AND (until IS NULL OR until > ?3) LIMIT 1",
                  "iii", record, user, clock_now()) == 0;
}

static bool scope_holds(struct ctx *ctx, const struct scope *scope,
                        const struct record_facts *record)
{
    size_t i;

    switch (scope->kind) {
    case SCOPE_ALL:
        return true;
    case SCOPE_OWNER:
        return record->owner == scope->person;
    case SCOPE_DEPARTMENT:
    case SCOPE_DEPARTMENTS:
        for (i = 0; i < scope->department_count; i++)
            if (record->department != 0 &&
                record->department == scope->departments[i])
                return true;
        return false;
    case SCOPE_READER:
        return is_reader(ctx, record->id, scope->person);
    }
    return false;
}

static int check(bool *yes, struct ctx *ctx, const struct record_facts *record,
                 enum right right)
{
    struct scopes scopes;
    size_t i;
    int rc = access_scopes(&scopes, ctx, record->form, right);

    *yes = false;
    for (i = 0; !rc && i < scopes.count && !*yes; i++)
        *yes = scope_holds(ctx, &scopes.items[i], record);
    return rc;
}

int access_record(struct ctx *ctx, const struct record_facts *record,
                  enum right right)
{
    bool yes;
    int rc = check(&yes, ctx, record, right);

    if (rc || yes)
        return rc;
    if (right != RIGHT_READ) {
        rc = check(&yes, ctx, record, RIGHT_READ);
        if (rc)
            return rc;
        if (yes)
            return fail(ctx, E_FORBIDDEN, "access.forbidden",
                        "you may read this but not do that");
    }
    /* Absent and invisible look the same (S13). */
    return fail(ctx, E_NOT_FOUND, "access.absent",
                "there is nothing here, or not for you");
}

int access_administrator(struct ctx *ctx)
{
    if (ctx->system || (!ctx->module && ctx->person && ctx->person->enabled &&
                        ctx->person->administrator &&
                        api_token_allows(ctx, API_ADMINISTRATION)))
        return 0;
    return fail(ctx, E_FORBIDDEN, "access.administrators",
                "only administrators may do this");
}
