/*
 * task.c - reading tasks: one, and the four boxes of a person.
 */
#include "base/banned.h"

#include "flow/flow.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "flow/definition.h"
#include "flow/graph.h"
#include "org/person.h"
#include "store/db.h"

enum { COUNT_CAP = 1001, BOX_PAGE_MAX = 200 };

#define TASK_COLUMNS                                                           \
    "t.id, t.instance, t.record, t.holder, t.version, t.form, t.node, "        \
    "t.state,"                                                                 \
    " t.created_at, t.ended_at, t.initiator, t.reason, t.comment, t.round,"    \
    " t.title, i.definition"
#define TASK_FROM " FROM flow_task t JOIN flow_instance i ON i.id = t.instance "

/* The same columns out of an instance: what the person started. */
#define MINE_COLUMNS                                                           \
    "0, i.id, i.record, i.initiator, i.version, i.form, (SELECT v.node FROM"   \
    " flow_visit v WHERE v.instance = i.id AND v.state = 'open'"               \
    " ORDER BY v.id LIMIT 1), i.state, i.started_at, i.ended_at, i.initiator," \
    " NULL, NULL, i.round, i.title, i.definition"

static const struct box {
    const char *list, *count;
} boxes[] = {
    [BOX_TO_DO] = { "SELECT " TASK_COLUMNS TASK_FROM
                    "WHERE t.holder = ?1 AND t.ended_at IS NULL"
                    " ORDER BY t.created_at DESC, t.id DESC LIMIT ?2 OFFSET ?3",
                    "SELECT COUNT(*) FROM (SELECT 1 FROM flow_task"
                    " WHERE holder = ?1 AND ended_at IS NULL LIMIT ?2) x" },
    [BOX_DONE] = { "SELECT " TASK_COLUMNS TASK_FROM
                   "WHERE t.actor = ?1 AND COALESCE(t.reason, '') <> "
                   "'resubmitted'"
                   " ORDER BY t.ended_at DESC, t.id DESC LIMIT ?2 OFFSET ?3",
                   "SELECT COUNT(*) FROM (SELECT 1 FROM flow_task WHERE actor "
                   "= ?1"
                   " AND COALESCE(reason, '') <> 'resubmitted' LIMIT ?2) x" },
    [BOX_MINE] = { "SELECT " MINE_COLUMNS
                   " FROM flow_instance i WHERE i.initiator = ?1"
                   " ORDER BY i.started_at DESC, i.id DESC LIMIT ?2 OFFSET ?3",
                   "SELECT COUNT(*) FROM (SELECT 1 FROM flow_instance"
                   " WHERE initiator = ?1 LIMIT ?2) x" },
    [BOX_COPIED] = { "SELECT " MINE_COLUMNS
                     " FROM flow_copy c JOIN flow_instance i"
                     " ON i.id = c.instance WHERE c.person = ?1"
                     " ORDER BY c.at DESC, c.id DESC LIMIT ?2 OFFSET ?3",
                     "SELECT COUNT(*) FROM (SELECT 1 FROM flow_copy WHERE "
                     "person = ?1"
                     " LIMIT ?2) x" },
};

static struct task *task_read(struct query *query, struct ctx *ctx,
                              int64_t *definition)
{
    struct task *task = arena_alloc(ctx->arena, sizeof(*task));

    task->id = query_int(query, 0);
    task->instance = query_int(query, 1);
    task->record = query_int(query, 2);
    task->holder = query_int(query, 3);
    task->version = query_int(query, 4);
    task->form = query_copy(query, 5);
    task->node = query_copy(query, 6);
    task->state = query_copy(query, 7);
    task->created_at = query_int(query, 8);
    task->ended_at = query_int(query, 9);
    task->initiator = query_int(query, 10);
    task->reason = query_copy(query, 11);
    task->comment = query_copy(query, 12);
    task->round = (int)query_int(query, 13);
    task->title = query_copy(query, 14);
    *definition = query_int(query, 15);
    return task;
}

/* The name of the step in the reader's language, from the pinned version. */
static int name_node(struct task *task, struct ctx *ctx, int64_t definition)
{
    const struct graph *graph;
    int node, rc;

    task->node_name = "";
    if (!task->node)
        return 0;
    rc = graph_load(&graph, ctx, definition);
    if (rc)
        return rc;
    node = graph_node_find(graph, task->node);
    if (node >= 0)
        task->node_name = graph_node_title(ctx, &graph->nodes[node]);
    return 0;
}

static int load_task(struct task **out, struct ctx *ctx, int64_t id)
{
    QUERY_AUTO *query = NULL;
    int64_t definition;
    int rc;

    rc = db_query(&query, ctx,
                  "SELECT " TASK_COLUMNS TASK_FROM "WHERE t.id = ?1", "i", id);
    if (!rc)
        rc = query_next(query);
    if (rc <= 0)
        return rc ? rc : E_NOT_FOUND;
    *out = task_read(query, ctx, &definition);
    query_done(query);
    query = NULL;
    return name_node(*out, ctx, definition);
}

static bool is_copied(struct ctx *ctx, int64_t instance, int64_t person)
{
    int64_t found;

    return db_int(&found, ctx,
                  "SELECT 1 FROM flow_copy WHERE person = ?1 AND instance = ?2",
                  "ii", person, instance) == 0;
}

int flow_task_get(struct task **task, struct record **record, struct ctx *ctx,
                  int64_t id)
{
    int64_t person = person_id(ctx->person);
    const struct form *form;
    int rc = load_task(task, ctx, id);

    if (!rc && !ctx->system && (*task)->holder != person &&
        (*task)->initiator != person &&
        !(ctx->person && ctx->person->administrator) &&
        !is_copied(ctx, (*task)->instance, person))
        rc = E_NOT_FOUND;
    if (rc == E_NOT_FOUND)
        return fail(ctx, E_NOT_FOUND, "flow.task.none",
                    "there is no such task");
    if (rc || !record)
        return rc;
    rc = form_find(&form, ctx, (*task)->form);
    if (!rc)
        rc = record_get_unchecked(record, ctx, form, (*task)->record);
    return rc;
}

int flow_box(struct task ***out, size_t *count, struct ctx *ctx,
             enum task_box box, int limit, int offset)
{
    QUERY_AUTO *query = NULL;
    struct vector tasks, definitions;
    size_t i;
    int rc;

    vector_init(&tasks, ctx->arena);
    vector_init(&definitions, ctx->arena);
    if (limit < 1 || limit > BOX_PAGE_MAX)
        limit = BOX_PAGE_MAX;
    rc = db_query(&query, ctx, boxes[box].list, "iii", person_id(ctx->person),
                  (int64_t)limit, (int64_t)(offset > 0 ? offset : 0));
    while (!rc && (rc = query_next(query)) == 1) {
        int64_t definition;

        vector_add(&tasks, task_read(query, ctx, &definition));
        vector_add(&definitions,
                   arena_memdup(ctx->arena, &definition, sizeof(definition)));
        rc = 0;
    }
    query_done(query);
    query = NULL;
    for (i = 0; !rc && i < tasks.count; i++)
        rc = name_node(tasks.items[i], ctx, *(int64_t *)definitions.items[i]);
    *out = (struct task **)tasks.items;
    *count = tasks.count;
    return rc;
}

int flow_box_count(int64_t *out, struct ctx *ctx, enum task_box box)
{
    return db_int(out, ctx, boxes[box].count, "ii", person_id(ctx->person),
                  (int64_t)COUNT_CAP);
}

int flow_next_task(int64_t *out, struct ctx *ctx, int64_t except)
{
    int rc = db_int(out, ctx,
                    "SELECT id FROM flow_task WHERE holder = ?1"
                    " AND ended_at IS NULL AND id <> ?2"
                    " ORDER BY created_at, id LIMIT 1",
                    "ii", person_id(ctx->person), except);

    if (rc == E_NOT_FOUND) {
        *out = 0;
        rc = 0;
    }
    return rc;
}
