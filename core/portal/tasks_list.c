/*
 * tasks_list.c - my tasks: to do, done, started by me, copied to me; and the
 * two widgets of the home page.
 */
#include "base/banned.h"

#include "portal/tasks.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "form/form.h"
#include "org/person.h"
#include "portal/portal.h"
#include "web/request.h"
#include "web/router.h"

enum { PAGE_ROWS = 50, PAGES_MAX = 200, WIDGET_ROWS = 6, COUNT_MOST = 1000 };

static const struct tab {
    enum task_box box;
    const char *name, *key, *empty;
    const char *when; /* catalog key of the column */
} tabs[] = {
    { BOX_TO_DO, "to_do", "flow.box.to_do", "flow.empty.to_do",
      "flow.column.since" },
    { BOX_DONE, "done", "flow.box.done", "flow.empty.done",
      "flow.column.decided" },
    { BOX_MINE, "mine", "flow.box.mine", "flow.empty.mine",
      "flow.column.started" },
    { BOX_COPIED, "copied", "flow.box.copied", "flow.empty.copied",
      "flow.column.started" },
};

enum { TABS = sizeof(tabs) / sizeof(tabs[0]) };

struct value *tasks_state(struct ctx *ctx, const char *state)
{
    static const struct {
        const char *state, *color;
    } colors[] = {
        { "running", "blue" },    { "active", "blue" },
        { "returned", "orange" }, { "approved", "green" },
        { "rejected", "red" },    { "passed", "green" },
    };
    const char *color = "gray";
    struct value *map = value_map(ctx->arena);
    size_t i;

    for (i = 0; i < sizeof(colors) / sizeof(colors[0]); i++)
        if (text_equal(colors[i].state, state))
            color = colors[i].color;
    value_set_text(map, "text",
                   tr(ctx, arena_printf(ctx->arena, "flow.state.%s", state)));
    value_set_text(map, "color", color);
    return map;
}

static const char *address_of(struct ctx *ctx, const struct task *task)
{
    if (task->id)
        return arena_printf(ctx->arena, "/tasks/%lld", (long long)task->id);
    return arena_printf(ctx->arena, "/records/%s/%lld", task->form,
                        (long long)task->record);
}

/* What kind of application it is; "" where the form's module is off. */
static const char *form_title(struct ctx *ctx, const char *name)
{
    struct ctx quiet = ctx_apart(ctx);
    const struct form *form;

    if (form_find(&form, &quiet, name))
        return "";
    return locale_pick(ctx, form->title);
}

static struct value *row_of(struct ctx *ctx, const struct task *task,
                            enum task_box box)
{
    struct value *row = value_map(ctx->arena);
    bool done = box == BOX_DONE;

    value_set_id(row, "record", task->record);
    value_set(row, "url", value_url(ctx->arena, address_of(ctx, task)));
    value_set_text(row, "title", task->title);
    value_set_text(row, "form", form_title(ctx, task->form));
    value_set_text(row, "step", task->node_name);
    value_set(
        row, "person",
        portal_person(ctx, task->initiator, person_name(ctx, task->initiator)));
    if (box != BOX_TO_DO || text_equal(task->reason, "resubmitted"))
        value_set(row, "state", tasks_state(ctx, task->state));
    portal_time(ctx, row, done ? task->ended_at : task->created_at);
    return row;
}

/* ---- tabs ---- */

static const char *count_text(struct ctx *ctx, int64_t count)
{
    return count > COUNT_MOST
               ? arena_printf(ctx->arena, "%d+", COUNT_MOST)
               : arena_printf(ctx->arena, "%lld", (long long)count);
}

static int make_tabs(struct value **out, int64_t *total, struct ctx *ctx,
                     const struct tab *current)
{
    int i, rc = 0;

    *out = value_list(ctx->arena);
    for (i = 0; !rc && i < TABS; i++) {
        struct value *tab = value_map(ctx->arena);
        int64_t count;

        rc = flow_box_count(&count, ctx, tabs[i].box);
        if (rc)
            return rc;
        value_set_text(tab, "label", tr(ctx, tabs[i].key));
        value_set(
            tab, "url",
            value_url(ctx->arena, i ? arena_printf(ctx->arena, "/tasks?box=%s",
                                                   tabs[i].name)
                                    : "/tasks"));
        if (&tabs[i] == current) {
            value_set_bool(tab, "current", true);
            *total = count;
        }
        if (tabs[i].box == BOX_TO_DO) {
            value_set_text(tab, "topic", "tasks");
            value_set_int(tab, "count", count);
        } else {
            value_set_text(tab, "count", count_text(ctx, count));
        }
        value_append(*out, tab);
    }
    return rc;
}

static const struct tab *tab_of(const char *name)
{
    int i;

    for (i = 0; i < TABS; i++)
        if (text_equal(tabs[i].name, name))
            return &tabs[i];
    return &tabs[0];
}

/* ---- the page ---- */

static struct value *pager_of(struct ctx *ctx, const struct tab *tab, int page,
                              size_t shown, int64_t total)
{
    struct value *pager = value_map(ctx->arena);
    int64_t first = (int64_t)(page - 1) * PAGE_ROWS;

    value_set_int(pager, "from", first + 1);
    value_set_int(pager, "to", first + (int64_t)shown);
    value_set_text(pager, "total_text", count_text(ctx, total));
    if (page > 1)
        value_set(pager, "prev_url",
                  value_url(ctx->arena,
                            arena_printf(ctx->arena, "/tasks?box=%s&page=%d",
                                         tab->name, page - 1)));
    if (first + (int64_t)shown < total && page < PAGES_MAX)
        value_set(pager, "next_url",
                  value_url(ctx->arena,
                            arena_printf(ctx->arena, "/tasks?box=%s&page=%d",
                                         tab->name, page + 1)));
    return pager;
}

static struct value *empty_of(struct ctx *ctx, const struct tab *tab)
{
    struct value *empty = value_map(ctx->arena);

    value_set_text(empty, "text", tr(ctx, tab->empty));
    value_set_text(empty, "icon", tab->box == BOX_TO_DO ? "checks" : "tasks");
    if (tab->box == BOX_MINE) {
        value_set(empty, "url", value_url(ctx->arena, "/apply"));
        value_set_text(empty, "label", tr(ctx, "flow.empty.apply"));
    }
    return empty;
}

static int list_page(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    const struct tab *tab = tab_of(request_query(request, "box"));
    const char *number = request_query(request, "page");
    struct value *data = value_map(ctx->arena);
    struct value *rows = value_list(ctx->arena), *list;
    struct task **tasks;
    int64_t page = 1, total = 0;
    size_t count, i;
    int rc;

    (void)payload;
    if (number && int_parse(&page, number, 1, PAGES_MAX))
        page = 1;
    rc = make_tabs(&list, &total, ctx, tab);
    if (!rc)
        rc = flow_box(&tasks, &count, ctx, tab->box, PAGE_ROWS,
                      (int)(page - 1) * PAGE_ROWS);
    if (rc)
        return rc;
    for (i = 0; i < count; i++)
        value_append(rows, row_of(ctx, tasks[i], tab->box));
    value_set(data, "tabs", list);
    value_set(data, "rows", rows);
    value_set_text(data, "when_label", tr(ctx, tab->when));
    value_set_bool(data, "states", tab->box != BOX_TO_DO);
    value_set(data, "empty", empty_of(ctx, tab));
    if (total > PAGE_ROWS)
        value_set(data, "pager", pager_of(ctx, tab, (int)page, count, total));
    return portal_page(ctx, request, response, "tasks/list",
                       tr(ctx, "flow.page.tasks"), data);
}

/* ---- widgets ---- */

static int fill_widget(struct ctx *ctx, struct value *out, enum task_box box,
                       const char *url, const char *empty)
{
    struct value *rows = value_list(ctx->arena);
    struct task **tasks;
    size_t count, i;
    int rc = flow_box(&tasks, &count, ctx, box, WIDGET_ROWS, 0);

    for (i = 0; !rc && i < count; i++) {
        struct value *row = row_of(ctx, tasks[i], box);

        value_set_text(row, "label", tasks[i]->title);
        value_set_text(row, "detail",
                       *tasks[i]->node_name ? tasks[i]->node_name
                                            : value_get_text(row, "form"));
        if (box == BOX_MINE) {
            value_set(row, "badge", tasks_state(ctx, tasks[i]->state));
            value_remove(row, "person");
            value_set_text(row, "icon", "send");
        }
        value_append(rows, row);
    }
    value_set(out, "rows", rows);
    value_set(out, "url", value_url(ctx->arena, url));
    value_set_text(out, "empty_text", tr(ctx, empty));
    value_set_text(out, "live", "tasks");
    return rc;
}

static int tasks_widget(struct ctx *ctx, struct value *out, void *payload)
{
    (void)payload;
    value_set_text(out, "icon", "tasks");
    return fill_widget(ctx, out, BOX_TO_DO, "/tasks", "flow.empty.to_do");
}

static int mine_widget(struct ctx *ctx, struct value *out, void *payload)
{
    (void)payload;
    value_set_text(out, "icon", "apply");
    return fill_widget(ctx, out, BOX_MINE, "/tasks?box=mine",
                       "flow.empty.mine");
}

/* What the command palette finds among one's open tasks. */
static int find_tasks(struct ctx *ctx, const char *text, int most,
                      struct value *items)
{
    struct task **tasks;
    size_t count, i;
    int rc = flow_box(&tasks, &count, ctx, BOX_TO_DO, PAGE_ROWS, 0);

    for (i = 0; !rc && i < count && most > 0; i++) {
        struct value *item;

        if (!strcasestr(tasks[i]->title, text))
            continue;
        item = value_map(ctx->arena);
        value_set_text(item, "kind", "task");
        value_set_text(item, "label", tasks[i]->title);
        value_set_text(item, "detail", tasks[i]->node_name);
        value_set(item, "url",
                  value_url(ctx->arena, address_of(ctx, tasks[i])));
        value_set_text(item, "icon", "tasks");
        value_append(items, item);
        most--;
    }
    return rc;
}

void tasks_list_start(void)
{
    static const struct route routes[] = {
        { .method = "GET",
          .pattern = "/tasks",
          .flags = ROUTE_PAGE,
          .call = list_page },
        { .method = NULL },
    };

    route_add_table(routes);
    menu_add(&(struct menu_entry){ .area = "main",
                                   .key = "flow.page.tasks",
                                   .path = "/tasks",
                                   .icon = "tasks",
                                   .order = 10 });
    widget_add(&(struct widget){ .name = "tasks",
                                 .key = "flow.widget.tasks",
                                 .data = tasks_widget,
                                 .order = 10 });
    widget_add(&(struct widget){ .name = "applications",
                                 .key = "flow.widget.mine",
                                 .data = mine_widget,
                                 .order = 20 });
    portal_finder_add(find_tasks);
}
