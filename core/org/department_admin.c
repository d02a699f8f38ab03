/*
 * department_admin.c - making, renaming, moving and closing departments.
 *
 * A department's path ("/1/5/") holds the ids from the root, so that "and
 * all below" is a comparison of prefixes; moving one rewrites those below.
 */
#include "base/banned.h"

#include "org/admin.h"

#include <assert.h>
#include <inttypes.h>

#include "audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/value.h"
#include "org/cache.h"
#include "org/change.h"
#include "org/org.h"
#include "org/person.h"
#include "store/db.h"

struct department_input {
    const char *name;
    int64_t parent, head;
    const char *path;
};

static int depth_of(const char *path)
{
    int slashes = 0;

    for (; *path; path++)
        slashes += *path == '/';
    return slashes - 1;
}

/* Fills the path under the new parent; refuses a parent that is `id` itself
 * or below it, and one that is closed. */
static int check_parent(struct department_input *input, struct ctx *ctx,
                        int64_t id)
{
    const char *path = "/";
    char step[26];

    if (input->parent != 0 &&
        db_text(&path, ctx,
                "SELECT path FROM org_department WHERE id = ?1 "
                "AND closed_at IS NULL",
                "i", input->parent))
        return fail_at(ctx, E_INVALID, "parent", "org.department.absent",
                       "no such department");
    snprintf(step, sizeof(step), "/%" PRId64 "/", id);
    if (strstr(path, step))
        return fail_at(ctx, E_INVALID, "parent", "org.department.circle",
                       "a department cannot be below itself");
    if (depth_of(path) >= DEPARTMENT_DEPTH_MAX)
        return fail_at(ctx, E_INVALID, "parent", "org.department.depth",
                       "departments are at most %d levels deep",
                       DEPARTMENT_DEPTH_MAX);
    input->path = arena_printf(ctx->arena, "%s%" PRId64 "/", path, id);
    return 0;
}

static int check_department(struct department_input *input, struct ctx *ctx,
                            int64_t id)
{
    int before = ctx->problem_count;
    int64_t same = 0;

    input->name = change_clean(ctx, input->name);
    if (!change_check_text(ctx, "name", input->name, NAME_LENGTH_MAX) &&
        db_int(&same, ctx,
               "SELECT id FROM org_department WHERE name = ?1 "
               "AND coalesce(parent, 0) = ?2 AND id <> ?3 "
               "AND closed_at IS NULL",
               "sii", input->name, input->parent, id) == 0)
        fail_at(ctx, E_INVALID, "name", "org.department.name_taken",
                "there is a department of this name beside it");
    if (input->head != 0 && !org_user_enabled(ctx, input->head))
        fail_at(ctx, E_INVALID, "head", "org.user.absent", "no such user");
    (void)check_parent(input, ctx, id);
    return ctx->problem_count > before ? E_INVALID : 0;
}

static struct value *department_changes(struct ctx *ctx,
                                        const struct department *from,
                                        const struct department_input *to)
{
    struct value *changes = value_map(ctx->arena);

    change_text(ctx, changes, "name", from ? from->name : NULL, to->name);
    change_id(ctx, changes, "parent", from ? from->parent : 0, to->parent);
    change_id(ctx, changes, "head", from ? from->head : 0, to->head);
    return changes;
}

int department_create(int64_t *id, struct ctx *ctx, const char *name,
                      int64_t parent, int64_t head)
{
    struct department_input input = { name, parent, head, NULL };
    int64_t made = id_next();
    int rc;

    assert(id);
    *id = made;
    rc = tx_begin(ctx, "department.create");
    if (rc)
        return rc;
    rc = check_department(&input, ctx, made);
    if (!rc)
        rc = db_exec(ctx,
                     "INSERT INTO org_department (id, parent, name, head, "
                     "path) VALUES (?1, nullif(?2, 0), ?3, nullif(?4, 0), ?5)",
                     "iisis", made, parent, input.name, head, input.path);
    if (!rc)
        rc = audit_add(ctx, "department", made, "create",
                       department_changes(ctx, NULL, &input));
    if (!rc)
        rc = org_changed(ctx);
    return tx_end(ctx, rc);
}

/* The deepest one below must stay within the limit after the move. */
static int check_depth(struct ctx *ctx, const struct department *from,
                       const char *path)
{
    int64_t deepest = 0;
    int rc = db_int(&deepest, ctx,
                    "SELECT max(length(path) - length(replace(path, '/', ''))) "
                    "FROM org_department WHERE "
                    "substr(path, 1, length(?1)) = ?1",
                    "s", from->path);

    if (rc)
        return rc;
    deepest += depth_of(path) - depth_of(from->path);
    if (deepest - 1 > DEPARTMENT_DEPTH_MAX)
        return fail_at(ctx, E_INVALID, "parent", "org.department.depth",
                       "departments are at most %d levels deep",
                       DEPARTMENT_DEPTH_MAX);
    return 0;
}

static int write_department(struct ctx *ctx, const struct department *from,
                            const struct department_input *to)
{
    int rc = 0;

    if (strcmp(from->path, to->path) != 0) {
        rc = check_depth(ctx, from, to->path);
        if (!rc)
            rc = db_exec(ctx,
                         "UPDATE org_department SET path = ?2 || "
                         "substr(path, length(?1) + 1) "
                         "WHERE substr(path, 1, length(?1)) = ?1",
                         "ss", from->path, to->path);
    }
    if (!rc)
        rc = db_exec(ctx,
                     "UPDATE org_department SET name = ?2, "
                     "parent = nullif(?3, 0), head = nullif(?4, 0) "
                     "WHERE id = ?1",
                     "isii", from->id, to->name, to->parent, to->head);
    return rc;
}

int department_update(struct ctx *ctx, int64_t id, const char *name,
                      int64_t parent, int64_t head)
{
    struct department_input input = { name, parent, head, NULL };
    const struct department *from;
    struct value *changes;
    int rc = tx_begin(ctx, "department.update");

    if (rc)
        return rc;
    rc = department_load(&from, ctx, id);
    if (!rc)
        rc = check_department(&input, ctx, id);
    if (!rc) {
        changes = department_changes(ctx, from, &input);
        if (value_count(changes) > 0) {
            rc = write_department(ctx, from, &input);
            if (!rc)
                rc = audit_add(ctx, "department", id, "update", changes);
            if (!rc)
                rc = org_changed(ctx);
        }
    }
    return tx_end(ctx, rc);
}

int department_close(struct ctx *ctx, int64_t id)
{
    const struct department *department;
    int64_t inside = 0;
    int rc = tx_begin(ctx, "department.close");

    if (rc)
        return rc;
    rc = department_load(&department, ctx, id);
    if (!rc)
        rc = db_int(&inside, ctx,
                    "SELECT (SELECT count(*) FROM org_user WHERE "
                    "department = ?1 AND enabled = 1) + (SELECT count(*) FROM "
                    "org_department WHERE parent = ?1 AND closed_at IS NULL)",
                    "i", id);
    if (!rc && inside > 0)
        rc = fail(ctx, E_CONFLICT, "org.department.not_empty",
                  "people or departments are still in it");
    if (!rc)
        rc = db_exec(ctx,
                     "UPDATE org_department SET closed_at = ?2, head = NULL "
                     "WHERE id = ?1 AND closed_at IS NULL",
                     "ii", id, clock_now());
    if (!rc)
        rc = audit_add(ctx, "department", id, "close", NULL);
    if (!rc)
        rc = org_changed(ctx);
    return tx_end(ctx, rc);
}
