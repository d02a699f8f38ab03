/*
 * records_page.c - the page of one record: values, files, timeline, and what
 * other parts add; its comments, the way into the bin and back.
 */
#include "base/banned.h"

#include "access/access.h"
#include "audit/audit.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/map.h"
#include "base/str.h"
#include "form/attachment.h"
#include "form/field_type.h"
#include "org/org.h"
#include "org/person.h"
#include "plugin/plugin.h"
#include "portal/portal.h"
#include "portal/records.h"
#include "portal/records_fields.h"
#include "web/request.h"
#include "web/router.h"

enum { PANELS_MAX = 8, ENTRIES_MAX = 200 };

static records_panel panels[PANELS_MAX];
static size_t panel_count;

void records_panel_add(records_panel panel)
{
    if (panel_count < PANELS_MAX)
        panels[panel_count++] = panel;
}

/* ---- timeline ---- */

/* A value of the trail, which is JSON, as people read it. */
static const char *human_json(struct ctx *ctx, const struct form *form,
                              const char *key, const struct value *json)
{
    const struct field *field = form_field(form, key);
    struct ctx quiet = ctx_apart(ctx);
    struct value *value = NULL;

    if (strcmp(key, "state") == 0)
        return value_is_empty(json)
                   ? ""
                   : value_get_text(records_state(ctx, value_as_text(json)),
                                    "text");
    if (!field || value_is_empty(json))
        return "";
    if (field->table)
        return arena_printf(ctx->arena, "%zu %s", value_count(json),
                            tr(ctx, "records.rows"));
    if (field_input(&value, &quiet, field, key, json))
        return "";
    return field_human(ctx, field, value);
}

static struct value *entry_changes(struct ctx *ctx, const struct form *form,
                                   const struct value *changes)
{
    struct value *list = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < value_count(changes); i++) {
        const char *key = value_key_at(changes, i);
        const struct value *pair = value_item_at(changes, i);
        const struct field *field = form_field(form, key);
        struct value *change;
        const char *before;

        if ((!field && strcmp(key, "state") != 0) || (field && field->hidden))
            continue;
        change = value_map(ctx->arena);
        value_set_text(change, "label", records_title(ctx, form, key));
        before = human_json(ctx, form, key, value_get(pair, "from"));
        if (*before)
            value_set_text(change, "before", before);
        value_set_text(change, "after",
                       human_json(ctx, form, key, value_get(pair, "to")));
        value_append(list, change);
    }
    return list;
}

/* Whether a person changed something: what logic and hooks derive from it
 * is no news of its own. */
static bool changed_by_hand(const struct form *form,
                            const struct value *changes)
{
    size_t i;

    for (i = 0; i < value_count(changes); i++) {
        const struct field *field = form_field(form, value_key_at(changes, i));

        if (!field || !field->read_only)
            return true;
    }
    return false;
}

static struct value *new_entry(struct ctx *ctx, const char *kind,
                               const char *icon, int64_t at, int64_t by)
{
    struct value *entry = value_map(ctx->arena);

    value_set_text(entry, "kind", kind);
    value_set_text(entry, "icon", icon);
    value_set_int(entry, "at", at);
    if (by)
        value_set(entry, "person",
                  portal_person(ctx, by, person_name(ctx, by)));
    return entry;
}

/* Where nobody did it, a module or the system itself did. */
static void name_actor(struct ctx *ctx, struct value *entry,
                       const struct value *row)
{
    const char *module = value_get_text(row, "module");

    value_set_text(entry, "who",
                   module ? plugin_title(ctx, module) : tr(ctx, "form.system"));
}

static int add_trail(struct ctx *ctx, const struct record *record,
                     struct value *entries)
{
    static const struct {
        const char *action, *icon;
    } icons[] = { { "create", "plus" },
                  { "update", "edit" },
                  { "delete", "trash" },
                  { "restore", "restore" } };
    const char *subject =
        arena_printf(ctx->arena, "record:%s", record->form->name);
    struct value *trail;
    size_t i, j;
    int rc = audit_read(&trail, ctx, subject, record->id, ENTRIES_MAX);

    for (i = 0; !rc && i < value_count(trail); i++) {
        const struct value *row = value_at(trail, i);
        const char *action = value_get_text(row, "action");
        const char *key = arena_printf(ctx->arena, "records.did.%s", action);
        const char *icon = "history";
        struct value *entry;
        int64_t by;

        /* A flow's own entries tell when it was sent and what became of it. */
        if (record->form->flow && (strcmp(action, "state") == 0 ||
                                   (strcmp(action, "create") == 0 &&
                                    strcmp(record->state, "draft") != 0)))
            continue;
        if (strcmp(action, "update") == 0 &&
            !changed_by_hand(record->form, value_get(row, "changes")))
            continue;
        for (j = 0; j < sizeof icons / sizeof icons[0]; j++)
            if (strcmp(icons[j].action, action) == 0)
                icon = icons[j].icon;
        by = value_get_id(row, "actor");
        if (!by && strcmp(action, "create") == 0)
            by = record->created_by;
        entry = new_entry(ctx, "change", icon, value_get_int(row, "at", 0), by);
        if (!by)
            name_actor(ctx, entry, row);
        value_set_text(entry, "text", tr(ctx, key));
        if (strcmp(action, "create") != 0)
            value_set(
                entry, "changes",
                entry_changes(ctx, record->form, value_get(row, "changes")));
        value_append(entries, entry);
    }
    return rc;
}

static int add_comments(struct ctx *ctx, const struct record *record,
                        struct value *entries)
{
    struct value *comments;
    size_t i;
    int rc = record_comments(&comments, ctx, record->form, record->id);

    for (i = 0; !rc && i < value_count(comments); i++) {
        const struct value *row = value_at(comments, i);
        struct value *entry =
            new_entry(ctx, "comment", "message", value_get_int(row, "at", 0),
                      value_get_id(row, "by"));

        value_set_text(entry, "text", tr(ctx, "records.did.comment"));
        value_set_text(entry, "comment", value_get_text(row, "text"));
        value_append(entries, entry);
    }
    return rc;
}

static struct value *make_timeline(struct ctx *ctx, const struct record *record,
                                   const struct value *entries)
{
    struct value *timeline = value_map(ctx->arena);

    value_set(timeline, "entries", portal_timeline(ctx, entries, false));
    if (!record->deleted_at)
        value_set(
            timeline, "comment_url",
            value_url(ctx->arena, arena_printf(ctx->arena, "%s/comment",
                                               record_path(ctx, record))));
    value_set_text(timeline, "live",
                   arena_printf(ctx->arena, "records:%s", record->form->name));
    return timeline;
}

/* ---- files ---- */

static void add_file(struct ctx *ctx, struct value *files, int64_t id)
{
    struct value *map = value_map(ctx->arena);
    struct value *pages = value_list(ctx->arena);
    const char *url = arena_printf(ctx->arena, "/files/%lld", (long long)id);
    struct attachment *file;
    int page;

    if (attachment_find(&file, ctx, id))
        return;
    for (page = 1; page <= file->pages; page++) {
        struct value *item = value_map(ctx->arena);

        value_set(item, "url",
                  value_url(ctx->arena, arena_printf(ctx->arena, "%s/pages/%d",
                                                     url, page)));
        value_set_text(item, "alt",
                       arena_printf(ctx->arena, "%s, %d", file->name, page));
        value_append(pages, item);
    }
    value_set_text(map, "label", file->name);
    value_set(map, "url", value_url(ctx->arena, url));
    value_set(map, "pages", pages);
    if (file->pages == 0)
        value_set_bool(map, "waiting", true);
    value_append(files, map);
}

struct value *records_preview(struct ctx *ctx, const struct record *record)
{
    struct value *preview = value_map(ctx->arena);
    struct value *files = value_list(ctx->arena);
    size_t i, j;

    for (i = 0; i < record->form->field_count; i++) {
        const struct field *field = record->form->fields[i];
        const struct value *ids = value_get(record->values, field->key);

        if (strcmp(field->type->name, "file") == 0 && !field->hidden)
            for (j = 0; j < value_count(ids); j++)
                add_file(ctx, files, value_as_id(value_at(ids, j)));
    }
    value_set(preview, "files", files);
    value_set_text(preview, "live",
                   arena_printf(ctx->arena, "records:%s", record->form->name));
    return preview;
}

/* ---- the page ---- */

static void add_fact(struct ctx *ctx, struct value *facts, const char *label,
                     const char *text)
{
    struct value *fact = value_map(ctx->arena);

    if (text_empty(text))
        return;
    value_set_text(fact, "label", label);
    value_set_text(fact, "text", text);
    value_append(facts, fact);
}

static struct value *make_facts(struct ctx *ctx, const struct record *record)
{
    struct value *facts = value_list(ctx->arena);
    struct value *time = value_map(ctx->arena);

    if (record->owner)
        add_fact(ctx, facts, tr(ctx, "form.system_field.owner"),
                 person_name(ctx, record->owner));
    if (record->department)
        add_fact(ctx, facts, tr(ctx, "form.system_field.department"),
                 department_name(ctx, record->department));
    portal_time(ctx, time, record->created_at);
    add_fact(ctx, facts, tr(ctx, "form.system_field.created_at"),
             value_get_text(time, "exact"));
    if (record->updated_at != record->created_at) {
        portal_time(ctx, time, record->updated_at);
        add_fact(ctx, facts, tr(ctx, "form.system_field.updated_at"),
                 value_get_text(time, "exact"));
    }
    return facts;
}

static struct value *add_action(struct ctx *ctx, struct value *actions,
                                const char *key, const char *url)
{
    struct value *action = value_map(ctx->arena);

    value_set_text(action, "label", tr(ctx, key));
    value_set(action, "url", value_url(ctx->arena, url));
    value_append(actions, action);
    return action;
}

static bool may_delete(struct ctx *ctx, const struct record *record)
{
    struct ctx quiet = ctx_apart(ctx);

    if (record->form->closed &&
        !access_form(ctx, record->form->name, RIGHT_DESIGN))
        return false;
    if (record->form->flow && strcmp(record->state, "draft") != 0)
        return false;
    return record_may(&quiet, record, RIGHT_DELETE) == 0;
}

static void make_actions(struct ctx *ctx, const struct record *record,
                         struct value *actions)
{
    const char *path = record_path(ctx, record);
    struct value *action;

    if (record->deleted_at) {
        action = add_action(ctx, actions, "records.restore",
                            arena_printf(ctx->arena, "%s/restore", path));
        value_set_bool(action, "primary", true);
        return;
    }
    if (records_may_change(ctx, record)) {
        action = add_action(ctx, actions, "records.edit",
                            arena_printf(ctx->arena, "%s/edit", path));
        value_set_bool(action, "link", true);
        value_set_bool(action, "primary", true);
        value_set_text(action, "data_key", "e");
        value_set_text(action, "icon", "edit");
    }
    if (may_delete(ctx, record)) {
        action = add_action(ctx, actions, "records.delete",
                            arena_printf(ctx->arena, "%s/delete", path));
        value_set_bool(action, "danger", true);
        value_set_int(action, "version", record->version);
        value_set_text(action, "icon", "trash");
    }
}

/* Where the form's module shows this record. */
static const char *own_page(struct ctx *ctx, const struct record *record)
{
    const char *page = record->form->page, *id = strstr(page, "{id}");

    return arena_printf(ctx->arena, "%.*s%lld%s", (int)(id - page), page,
                        (long long)record->id, id + 4);
}

static int page(struct ctx *ctx, struct request *request,
                struct response *response, void *payload)
{
    struct value *data = value_map(ctx->arena);
    struct value *entries = value_list(ctx->arena);
    struct value *actions = value_list(ctx->arena);
    struct value *form = value_map(ctx->arena), *head, *preview;
    struct record *record;
    size_t i;
    int rc = records_record(&record, ctx, request);

    (void)payload;
    if (rc)
        return rc;
    if (record->form->page && record->form->enabled && !record->deleted_at &&
        !request_query(request, "plain"))
        return response_redirect(ctx, response, own_page(ctx, record));
    value_set(data, "panels", value_list(ctx->arena));
    value_set(data, "actions", actions);
    value_set(data, "entries", entries);
    make_actions(ctx, record, actions);
    rc = add_trail(ctx, record, entries);
    if (!rc)
        rc = add_comments(ctx, record, entries);
    for (i = 0; !rc && i < panel_count; i++)
        rc = panels[i](ctx, request, record, data);
    if (rc)
        return rc;
    head = value_map(ctx->arena);
    value_set_id(head, "id", record->id);
    value_set_int(head, "version", record->version);
    if (record->form->flow && !record->deleted_at)
        value_set(head, "state", records_state(ctx, record->state));
    if (record->deleted_at)
        value_set_bool(head, "deleted", true);
    value_set(data, "record", head);
    value_set(data, "facts", make_facts(ctx, record));
    value_set(form, "sections", records_read_sections(ctx, record, "read"));
    value_set(data, "form", form);
    preview = records_preview(ctx, record);
    if (value_count(value_get(preview, "files")))
        value_set(data, "preview", preview);
    value_set(data, "timeline", make_timeline(ctx, record, entries));
    portal_crumb(ctx, data, locale_pick(ctx, record->form->title),
                 records_path(ctx, record->form));
    return portal_page(ctx, request, response, "records/record",
                       record_label(ctx, record), data);
}

/* ---- what is done on it ---- */

static int comment(struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    static const char *const names[] = { "body", NULL };
    struct record *record;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = records_record(&record, ctx, request);
    if (!rc)
        rc = record_comment(ctx, record->form, record->id,
                            request_form(request, "body"));
    if (rc)
        return rc;
    return response_done(
        ctx, request, response,
        arena_printf(ctx->arena, "%s#timeline", record_path(ctx, record)),
        NULL);
}

static int delete (struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    static const char *const names[] = { "_version", NULL };
    const char *text = request_form(request, "_version");
    struct record *record;
    int64_t version = 0;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = records_record(&record, ctx, request);
    if (!rc && text && int_parse(&version, text, 1, INT64_MAX))
        rc = fail(ctx, E_BAD_REQUEST, "records.no_version",
                  "the version that was changed is missing");
    if (!rc)
        rc = record_delete(ctx, record->form, record->id, version);
    if (rc)
        return rc;
    return response_undoable(
        ctx, request, response, records_path(ctx, record->form),
        tr(ctx, "records.deleted"),
        arena_printf(ctx->arena, "%s/restore", record_path(ctx, record)));
}

static int restore(struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    static const char *const names[] = { NULL };
    struct record *record;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = records_record(&record, ctx, request);
    if (!rc)
        rc = record_restore(ctx, record->form, record->id);
    if (rc)
        return rc;
    return response_done(ctx, request, response, record_path(ctx, record),
                         tr(ctx, "records.restored"));
}

void records_page_start(void)
{
    static const struct route routes[] = {
        { "GET", "/records/{form}/{id}", ROUTE_PERSON, ROUTE_PAGE, page, NULL,
          NULL, NULL },
        { "POST", "/records/{form}/{id}/comment", ROUTE_PERSON, 0, comment,
          NULL, NULL, NULL },
        { "POST", "/records/{form}/{id}/delete", ROUTE_PERSON, 0, delete, NULL,
          NULL, NULL },
        { "POST", "/records/{form}/{id}/restore", ROUTE_PERSON, 0, restore,
          NULL, NULL, NULL },
        { .method = NULL },
    };

    route_add_table(routes);
}
