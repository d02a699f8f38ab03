/*
 * state.c - what the store and the folder run/ remember of modules.
 */
#include "base/banned.h"

#include "plugin/state.h"

#include <errno.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "form/form.h"
#include "notify/notify.h"
#include "org/org.h"
#include "plugin/module.h"
#include "plugin/plugin.h"
#include "store/db.h"

enum { NOTE_MAX = 64 * 1024 };

#define ROW_COLUMNS                                                            \
    "id, version, hash, kind, enabled, required, problem, incident, heard"

static void read_row(struct module_row *row, struct query *query)
{
    row->id = query_copy(query, 0);
    row->version = query_copy(query, 1);
    row->hash = query_copy(query, 2);
    row->kind = query_copy(query, 3);
    row->enabled = query_int(query, 4) != 0;
    row->required = query_copy(query, 5);
    row->problem = query_copy(query, 6);
    row->incident = query_copy(query, 7);
    row->heard = query_copy(query, 8);
}

int row_find(struct module_row *out, struct ctx *ctx, const char *id)
{
    QUERY_AUTO *query = NULL;
    int rc =
        db_query(&query, ctx,
                 "SELECT " ROW_COLUMNS " FROM module WHERE id = ?1", "s", id);

    *out = (struct module_row){ 0 };
    if (!rc)
        rc = query_next(query);
    if (rc <= 0)
        return rc ? rc : E_NOT_FOUND;
    read_row(out, query);
    return 0;
}

int row_all(struct module_row ***out, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    struct vector rows;
    int rc = db_query(&query, ctx,
                      "SELECT " ROW_COLUMNS " FROM module ORDER BY id", "");

    vector_init(&rows, ctx->arena);
    while (!rc && (rc = query_next(query)) == 1) {
        struct module_row *row = arena_alloc(ctx->arena, sizeof *row);

        read_row(row, query);
        vector_add(&rows, row);
        rc = 0;
    }
    vector_add(&rows, NULL);
    *out = (struct module_row **)rows.items;
    return rc;
}

int row_write(struct ctx *ctx, const struct tn_module *module, bool enabled)
{
    return db_exec(
        ctx,
        "INSERT INTO module (id, version, hash, kind, enabled, changed_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO UPDATE SET"
        " version = ?2, hash = ?3, kind = ?4, enabled = ?5, problem = NULL,"
        " incident = NULL, changed_at = ?6",
        "ssssii", module->id, module->manifest->version, module->hash,
        module->manifest->c ? "c" : "lua", (int64_t)enabled, clock_now());
}

static bool is_required(const tn_hook *hook)
{
    return hook->required;
}

static bool is_told(const tn_hook *hook)
{
    return hook->when == TN_COMMITTED;
}

/* The forms of those hooks, as JSON; `known` while it is not there. */
static const char *forms_of(struct ctx *ctx, const struct tn_module *module,
                            bool (*counts)(const tn_hook *hook),
                            const char *known)
{
    struct value *list = value_list(ctx->arena);
    size_t i, j;

    if (module->state != MODULE_ON)
        return known;
    for (i = 0; i < module->entries.count; i++) {
        const struct entry *entry = module->entries.items[i];

        if (entry->kind != ENTRY_HOOK || !counts(&entry->as.hook))
            continue;
        for (j = 0; j < value_count(list); j++)
            if (text_equal(value_as_text(value_at(list, j)),
                           entry->as.hook.form))
                break;
        if (j == value_count(list))
            value_append(list, value_text(ctx->arena, entry->as.hook.form));
    }
    return json_text(ctx->arena, list);
}

/* Everybody who could lift it. */
static int notify_administrators(struct ctx *ctx,
                                 const struct tn_module *module)
{
    struct value *args = value_map(ctx->arena);
    int64_t *users;
    size_t count, i;
    int rc = org_role_holders(&users, &count, ctx, "administrators");

    value_set_text(args, "module", module->id);
    value_set_text(args, "incident", module->incident);
    for (i = 0; !rc && i < count; i++)
        rc = notify_user(ctx, users[i], "plugin.notice.quarantined", args,
                         PLUGIN_ADMIN_PATH);
    return rc;
}

/* Of many workers one tells it. Quarantine is a host's own: each adds its
 * number to those of the others. */
static int tell_incident(struct ctx *ctx, const struct tn_module *module)
{
    int rc = db_exec(ctx,
                     "UPDATE module SET incident ="
                     " coalesce(incident || ' ', '') || ?2 WHERE id = ?1"
                     " AND coalesce(incident, '') NOT LIKE '%' || ?2 || '%'",
                     "ss", module->id, module->incident);

    return !rc && db_changes(ctx) ? notify_administrators(ctx, module) : rc;
}

static int write_state(struct ctx *ctx, const struct module_row *row,
                       const struct tn_module *module, const char *required,
                       const char *heard)
{
    int rc = db_exec(ctx,
                     "UPDATE module SET required = ?2, problem = ?3,"
                     " heard = ?4 WHERE id = ?1",
                     "ssss", module->id, required, module->reason, heard);

    /* Another version, which hears of nothing any more. */
    if (!rc && !text_equal(heard, row->heard) && text_equal(heard, "[]"))
        rc = form_forget_hearer(ctx, module->id);
    return !rc && module->incident ? tell_incident(ctx, module) : rc;
}

static bool is_told_of(const struct module_row *row, const char *incident)
{
    return !incident || (row->incident && strstr(row->incident, incident));
}

int row_tell(struct ctx *ctx, const struct module_row *row,
             const struct tn_module *module)
{
    const char *required = forms_of(ctx, module, is_required, row->required);
    const char *heard = forms_of(ctx, module, is_told, row->heard);
    int rc;

    if (text_equal(required, row->required) && text_equal(heard, row->heard) &&
        text_equal(module->reason, row->problem) &&
        is_told_of(row, module->incident))
        return 0;
    rc = tx_begin(ctx, "plugin.state");
    if (rc)
        return rc;
    return tx_end(ctx, write_state(ctx, row, module, required, heard));
}

/* ---- quarantine ---- */

static const char *note_path(struct ctx *ctx, const char *id)
{
    return arena_printf(ctx->arena, "%s/run/quarantine/%s.json",
                        ctx->site->folder, id);
}

const char *quarantine_of(struct ctx *ctx, const struct tn_module *module)
{
    const char *path = note_path(ctx, module->id), *text;
    struct ctx own = ctx_apart(ctx);
    struct value *note;
    size_t length;

    if (!file_exists(path))
        return NULL;
    if (file_read(&text, &length, &own, path, NOTE_MAX) ||
        json_parse(&note, &own, text, length)) {
        log_event(LOG_ERROR, "module.quarantine_unreadable", "file", path,
                  "error", ctx_error(&own), NULL);
        return "?"; /* on the safe side */
    }
    if (text_equal(value_get_text(note, "version"),
                   module->manifest->version) &&
        text_equal(value_get_text(note, "hash"), module->hash)) {
        const char *id = value_get_text(note, "number");

        return id ? id : "?";
    }
    if (unlink(path) == 0)
        log_event(LOG_INFO, "module.quarantine_over", "module", module->id,
                  "version", module->manifest->version, NULL);
    return NULL;
}

int quarantine_remove(struct ctx *ctx, const char *id)
{
    if (unlink(note_path(ctx, id)) == 0)
        return 0;
    if (errno == ENOENT)
        return fail(ctx, E_NOT_FOUND, "plugin.no_quarantine",
                    "the module %s is not in quarantine", id);
    return fail(ctx, E_IO, "plugin.quarantine_file", "%s can't be removed (%s)",
                note_path(ctx, id), strerrorname_np(errno));
}
