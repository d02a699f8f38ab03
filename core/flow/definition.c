/*
 * definition.c - deployed processes: their rows, and the cache of graphs.
 *
 * A definition is never changed: a new text is a new version, running
 * instances keep theirs (I7, R7). The bytes are kept as they came (R1).
 */
#include "base/banned.h"

#include "flow/definition.h"

#include <dirent.h>
#include <errno.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/published.h"
#include "flow/flow.h"
#include "flow/graph.h"
#include "flow/xml.h"
#include "form/field_type.h"
#include "store/db.h"

/* ---- graphs, cached by definition ---- */

enum { CACHE_SLOTS = 128, CACHE_BYTES = 32 * 1024 * 1024 };

struct cached {
    int64_t definition;
    struct arena *arena;
    struct graph *graph;
    size_t bytes; /* of its XML */
    int64_t used; /* a running number: smallest is oldest */
    int pins;     /* calls that hold it */
};

static struct cached cache[CACHE_SLOTS];
static size_t cache_bytes;
static int64_t cache_turn;

/* Newest definitions by key, remembered while the epoch "flow" stands. */
static struct {
    struct arena *arena;
    struct map *ids; /* key → int64_t * */
    int64_t epoch;
    struct db *db;
} newest;

static void unpin(void *slot)
{
    ((struct cached *)slot)->pins--;
}

static void evict(struct cached *slot)
{
    cache_bytes -= slot->bytes;
    arena_free(slot->arena);
    memset(slot, 0, sizeof(*slot));
}

/* A free slot, made by letting the least used go; NULL where all are held. */
static struct cached *free_slot(size_t bytes)
{
    for (;;) {
        struct cached *empty = NULL, *oldest = NULL;
        int i;

        for (i = 0; i < CACHE_SLOTS; i++) {
            if (!cache[i].arena)
                empty = &cache[i];
            else if (!cache[i].pins &&
                     (!oldest || cache[i].used < oldest->used))
                oldest = &cache[i];
        }
        if (empty && cache_bytes + bytes <= CACHE_BYTES)
            return empty;
        if (!oldest)
            return empty;
        evict(oldest);
    }
}

void graph_forget_all(void)
{
    int i;

    for (i = 0; i < CACHE_SLOTS; i++)
        if (cache[i].arena)
            evict(&cache[i]);
    newest.ids = NULL;
}

static int compile(struct cached *slot, struct ctx *ctx, int64_t definition,
                   const char *key, const char *xml, size_t length)
{
    struct ctx own;
    int rc;

    slot->arena = arena_new(0);
    ctx_init(&own, slot->arena);
    rc = graph_read(&slot->graph, &own, key, xml, length);
    if (rc) {
        const char *why = arena_strdup(ctx->arena, ctx_error(&own));

        arena_free(slot->arena);
        memset(slot, 0, sizeof(*slot));
        return fail(ctx, E_INTERNAL, "flow.definition.broken",
                    "definition %lld of %s no longer compiles: %s",
                    (long long)definition, key, why);
    }
    slot->definition = definition;
    slot->bytes = length;
    cache_bytes += length;
    return 0;
}

int graph_load(const struct graph **out, struct ctx *ctx, int64_t definition)
{
    QUERY_AUTO *query = NULL;
    struct cached *slot = NULL;
    const char *xml;
    size_t length;
    int rc, i;

    *out = NULL;
    for (i = 0; i < CACHE_SLOTS && !slot; i++)
        if (cache[i].arena && cache[i].definition == definition)
            slot = &cache[i];
    if (!slot) {
        rc = db_query(&query, ctx,
                      "SELECT key, xml FROM flow_definition WHERE id = ?1", "i",
                      definition);
        if (!rc)
            rc = query_next(query);
        if (rc <= 0)
            return rc ? rc
                      : fail(ctx, E_NOT_FOUND, "flow.definition.none",
                             "there is no such process");
        xml = query_blob(query, 1, &length);
        slot = free_slot(length);
        if (!slot)
            return fail(ctx, E_BUSY, "flow.definition.busy",
                        "too many processes are in use");
        rc = compile(slot, ctx, definition, query_copy(query, 0), xml, length);
        if (rc)
            return rc;
    }
    slot->used = ++cache_turn;
    slot->pins++;
    arena_cleanup(ctx->arena, unpin, slot);
    *out = slot->graph;
    return 0;
}

/* ---- rows ---- */

int flow_find(const struct flow_definition **out, struct ctx *ctx,
              const char *key)
{
    QUERY_AUTO *query = NULL;
    struct flow_definition *definition;
    struct value *title;
    const char *text;
    size_t length;
    int rc;

    *out = NULL;
    rc = db_query(&query, ctx,
                  "SELECT id, key, module, title, version, form, xml"
                  " FROM flow_definition WHERE key = ?1"
                  " ORDER BY version DESC LIMIT 1",
                  "s", key);
    if (!rc)
        rc = query_next(query);
    if (rc <= 0)
        return rc ? rc
                  : fail(ctx, E_NOT_FOUND, "flow.definition.none",
                         "there is no process %s", key);
    definition = arena_alloc(ctx->arena, sizeof(*definition));
    definition->id = query_int(query, 0);
    definition->key = query_copy(query, 1);
    definition->module = query_copy(query, 2);
    text = query_copy(query, 3);
    definition->version = (int)query_int(query, 4);
    definition->form = query_copy(query, 5);
    text = text ? text : "\"\"";
    rc = json_parse(&title, ctx, text, strlen(text));
    if (rc)
        return rc;
    definition->title = title;
    text = query_blob(query, 6, &length);
    definition->xml = arena_strndup(ctx->arena, text ? text : "", length);
    *out = definition;
    return 0;
}

int definition_newest(int64_t *out, struct ctx *ctx, const char *key)
{
    QUERY_AUTO *query = NULL;
    int64_t epoch = epoch_of(ctx, "flow"), *kept;
    int rc;

    if (!newest.arena)
        newest.arena = arena_new(0);
    if (!newest.ids || newest.epoch != epoch || newest.db != ctx->db) {
        arena_reset(newest.arena);
        newest.ids = map_new(newest.arena);
        newest.epoch = epoch;
        newest.db = ctx->db;
    }
    kept = map_get(newest.ids, key);
    if (kept) {
        *out = *kept;
        return 0;
    }
    rc = db_query(&query, ctx,
                  "SELECT id, executable FROM flow_definition"
                  " WHERE key = ?1 ORDER BY version DESC LIMIT 1",
                  "s", key);
    if (!rc)
        rc = query_next(query);
    if (rc < 0)
        return rc;
    if (!rc)
        return fail(ctx, E_UNAVAILABLE, "flow.missing",
                    "the process %s is not deployed", key);
    if (!query_int(query, 1))
        return fail(ctx, E_INVALID, "flow.drawing_only",
                    "the process %s is for drawing only", key);
    *out = query_int(query, 0);
    kept = arena_memdup(newest.arena, out, sizeof(*out));
    map_set(newest.ids, key, kept);
    return 0;
}

/* ---- deployment ---- */

static int check_fields(struct ctx *ctx, const char *name,
                        const struct form *form, const char *node,
                        const struct participant *people, int count)
{
    int i, rc = 0;

    for (i = 0; i < count; i++) {
        const struct field *field;

        if (people[i].kind != PARTICIPANT_FIELD)
            continue;
        field = form_field(form, people[i].name);
        if (field && text_equal(field->type->name, "user"))
            continue;
        rc = fail_at(ctx, E_INVALID,
                     arena_printf(ctx->arena, "%s:%d", name, people[i].line),
                     "flow.bpmn.field",
                     "line %d, %s: the form %s has no user field %s",
                     people[i].line, node, form->name, people[i].name);
    }
    return rc;
}

/* What the process says about its form must be true of it. */
static int check_form(struct ctx *ctx, const char *name,
                      const struct graph *graph)
{
    const struct form *form;
    int rc, worst, i;

    rc = form_find(&form, ctx, graph->form);
    if (rc == E_NOT_FOUND) {
        ctx_clear(ctx);
        return fail_at(ctx, E_INVALID, name, "flow.bpmn.form",
                       "%s: there is no form %s", name, graph->form);
    }
    if (rc)
        return rc;
    worst = check_fields(ctx, name, form, graph->key, graph->copies,
                         graph->copy_count);
    for (i = 0; i < graph->node_count; i++) {
        const struct graph_node *node = &graph->nodes[i];

        rc = check_fields(ctx, name, form, node->id, node->participants,
                          node->participant_count);
        worst = rc ? rc : worst;
        rc = check_fields(ctx, name, form, node->id, node->copies,
                          node->copy_count);
        worst = rc ? rc : worst;
    }
    return worst;
}

/* Whether it is what stood in force before what does now. */
static int is_earlier(bool *out, struct ctx *ctx, const char *key,
                      const char *hash, int64_t version)
{
    int64_t earlier;
    int rc = db_int(&earlier, ctx,
                    "SELECT version FROM flow_definition WHERE key = ?1 AND"
                    " hash = ?2 AND version < ?3 ORDER BY version LIMIT 1",
                    "ssi", key, hash, version);

    *out = !rc;
    return rc == E_NOT_FOUND ? 0 : rc;
}

static int insert_definition(struct ctx *ctx, const struct graph *graph,
                             const char *module, const char *hash,
                             const char *xml, size_t length, bool may_be_old)
{
    bool earlier = false;
    QUERY_AUTO *query = NULL;
    int64_t version = 0;
    int rc;

    rc = db_query(&query, ctx,
                  "SELECT version, hash, module FROM flow_definition"
                  " WHERE key = ?1 ORDER BY version DESC LIMIT 1",
                  "s", graph->key);
    if (!rc)
        rc = query_next(query);
    if (rc < 0)
        return rc;
    if (rc) {
        if (!text_equal(query_text(query, 2), module))
            return fail(ctx, E_CONFLICT, "flow.definition.taken",
                        "the process %s belongs to somebody else", graph->key);
        if (text_equal(query_text(query, 1), hash))
            return 0;
        version = query_int(query, 0);
    }
    query_done(query);
    query = NULL;
    rc = 0;
    if (version && may_be_old)
        rc = is_earlier(&earlier, ctx, graph->key, hash, version);
    if (!rc && earlier)
        log_ctx(ctx, LOG_WARN, "flow.older_file", "process", graph->key,
                "version", log_int(version), NULL);
    if (rc || earlier)
        return rc;
    rc = db_exec(ctx,
                 "INSERT INTO flow_definition (id, key, version, module, form,"
                 " title, executable, xml, hash, warnings, created_at) VALUES"
                 " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                 "isisssibssi", id_next(), graph->key, version + 1, module,
                 graph->form, json_text(ctx->arena, graph->title),
                 (int64_t)graph->executable, xml, length, hash,
                 json_text(ctx->arena, graph->warnings), clock_now());
    return rc ? rc : epoch_raise(ctx, "flow");
}

static void log_warnings(struct ctx *ctx, const char *name,
                         const struct graph *graph)
{
    size_t i;

    for (i = 0; i < value_count(graph->warnings); i++) {
        const struct value *warning = value_at(graph->warnings, i);

        log_ctx(ctx, LOG_WARN, "flow.warning", "file", name, "line",
                log_int(value_get_int(warning, "line", 0)), "element",
                value_get_text(warning, "element"), "text",
                value_get_text(warning, "text"), NULL);
    }
}

/* Everything that stands between a text and its deployment. */
static int check(struct graph **out, struct ctx *ctx, const char *name,
                 const char *xml, size_t length)
{
    int rc = graph_read(out, ctx, name, xml, length), scripts;

    if (rc || !(*out)->executable)
        return rc;
    rc = check_form(ctx, name, *out);
    scripts = graph_check_scripts(ctx, name, *out);
    return rc ? rc : scripts;
}

int flow_check(struct value **out, struct ctx *ctx, const char *name,
               const char *xml, size_t length)
{
    struct graph *graph;
    int rc = check(&graph, ctx, name, xml, length);

    *out = value_map(ctx->arena);
    if (rc)
        return rc;
    value_set_text(*out, "key", graph->key);
    value_set(*out, "title", value_copy(ctx->arena, graph->title));
    value_set_text(*out, "form", graph->form);
    value_set_bool(*out, "executable", graph->executable);
    value_set(*out, "warnings", graph->warnings);
    return 0;
}

static const char *hash_of(struct ctx *ctx, const char *xml, size_t length)
{
    unsigned char hash[HASH_SIZE];

    hash_data(hash, xml, length, NULL, 0);
    return hex_of(ctx->arena, hash, sizeof(hash));
}

static int deploy(struct ctx *ctx, const char *name, const char *module,
                  const char *xml, size_t length, bool may_be_old)
{
    struct graph *graph;
    int rc = check(&graph, ctx, name, xml, length);

    if (rc)
        return rc;
    log_warnings(ctx, name, graph);
    rc = tx_begin(ctx, "flow.deploy");
    if (rc)
        return rc;
    rc = insert_definition(ctx, graph, module, hash_of(ctx, xml, length), xml,
                           length, may_be_old);
    newest.ids = NULL; /* this process learns at once */
    return tx_end(ctx, rc);
}

int flow_deploy(struct ctx *ctx, const char *name, const char *module,
                const char *xml, size_t length)
{
    return deploy(ctx, name, module, xml, length, false);
}

static int is_process(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && text_ends(entry->d_name, ".bpmn");
}

/* published: of the site's own files, what this host remembers. */
static int deploy_file(struct ctx *ctx, struct published *published,
                       const char *folder, const char *name, const char *module)
{
    const char *known = arena_printf(ctx->arena, "flows/%s", name);
    const char *text, *hash;
    size_t length;
    int rc = file_read(&text, &length, ctx,
                       arena_printf(ctx->arena, "%s/%s", folder, name),
                       XML_BYTES_MAX);

    if (rc) /* a link to nowhere is a bad file, too */
        return rc == E_NOT_FOUND ? E_IO : rc;
    hash = hash_of(ctx, text, length);
    rc = deploy(ctx, name, module, text, length,
                published_may_be_old(published, known, hash));
    if (!rc)
        published_set(published, known, hash);
    return rc;
}

/* Each problem is a line of the log, and one of the caller's, with the file's
 * name. */
static void tell_refused(struct ctx *ctx, const struct ctx *own,
                         const char *file)
{
    const struct problem *problem;

    for (problem = own->problems; problem; problem = problem->next) {
        log_ctx(ctx, LOG_ERROR, "flow.refused", "file", file, "place",
                problem->field, "reason", problem->text, NULL);
        fail_at(ctx, E_INVALID, problem->field, "form.file_refused", "%s: %s",
                file, problem_message(ctx, problem));
    }
}

int flow_deploy_folder(struct ctx *ctx, const char *folder, const char *module)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_process, alphasort);
    struct published *published;
    int i, refused = 0, rc = 0;

    if (count < 0)
        return errno == ENOENT ? 0
                               : fail(ctx, E_IO, "flow.file", "%s: %s", folder,
                                      strerrordesc_np(errno));
    published = module ? NULL : published_read(ctx);
    for (i = 0; i < count; i++) {
        if (rc >= 0) {
            struct ctx own = ctx_apart(ctx);
            int one = deploy_file(&own, published, folder, entries[i]->d_name,
                                  module);

            if (one == E_INVALID || one == E_LIMIT || one == E_CONFLICT ||
                one == E_IO) {
                tell_refused(ctx, &own, entries[i]->d_name);
                refused++;
            } else if (one) {
                rc = fail(ctx, one, "form.file_refused", "%s: %s",
                          entries[i]->d_name, ctx_error(&own));
            }
        }
        free(entries[i]);
    }
    free(entries);
    published_write(ctx, published);
    return rc ? rc : refused;
}
