/*
 * search_page.c - the search page, its REST twin, what the palette finds, and
 * the page of a person that it leads to.
 */
#include "base/banned.h"

#include "portal/search.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/numbers.h"
#include "base/str.h"
#include "base/unicode.h"
#include "base/value.h"
#include "form/record.h"
#include "org/api_token.h"
#include "org/org.h"
#include "org/person.h"
#include "portal/frame.h"
#include "portal/portal.h"
#include "portal/records.h"
#include "store/db.h"
#include "web/request.h"
#include "web/router.h"

enum {
    GROUP_ROWS = 5,
    PEOPLE_ROWS = 8,
    PAGE_ROWS = 8,
    PALETTE_FORM_ROWS = 3,
    REST_ROWS_MAX = SEARCH_COUNT_MAX,
};

static const char *count_text(struct ctx *ctx, size_t count)
{
    if (count <= SEARCH_COUNT_MAX)
        return int_human(ctx, (int64_t)count);
    return arena_printf(ctx->arena, "%d+", SEARCH_COUNT_MAX);
}

static const char *list_address(struct ctx *ctx, const struct form *form,
                                const char *text)
{
    struct buf buf;

    buf_init(&buf, ctx->arena, 8192);
    buf_addf(&buf, "%s?q=", records_path(ctx, form));
    buf_add_url(&buf, text, strlen(text));
    return buf_text(&buf);
}

/* ---- the page ---- */

static struct value *record_row(struct ctx *ctx, const struct record *record,
                                const char *text)
{
    struct value *row = value_map(ctx->arena);
    struct value *snippet = search_snippet(ctx, record, text);

    value_set(row, "label", search_parts(ctx, record_label(ctx, record), text));
    if (snippet)
        value_set(row, "snippet", snippet);
    value_set(row, "url", value_url(ctx->arena, record_path(ctx, record)));
    if (record->updated_at)
        portal_time(ctx, row, record->updated_at);
    return row;
}

static struct value *group_value(struct ctx *ctx,
                                 const struct search_group *found,
                                 const char *text)
{
    const char *icon = value_as_text(found->form->icon);
    struct value *group = value_map(ctx->arena);
    struct value *rows = value_list(ctx->arena);
    size_t i;

    value_set_text(group, "title", locale_pick(ctx, found->form->title));
    value_set_text(group, "id", found->form->name);
    value_set_text(group, "icon", icon ? icon : "file");
    value_set_text(group, "count", count_text(ctx, found->count));
    value_set(group, "url",
              value_url(ctx->arena, list_address(ctx, found->form, text)));
    for (i = 0; i < found->count && i < GROUP_ROWS; i++)
        value_append(rows, record_row(ctx, found->records[i], text));
    value_set_bool(group, "more", found->count > GROUP_ROWS);
    value_set(group, "rows", rows);
    return group;
}

static int add_groups(struct ctx *ctx, struct value *data, const char *text)
{
    struct value *groups = value_list(ctx->arena);
    struct value *people = value_list(ctx->arena);
    struct value *pages = value_list(ctx->arena);
    struct search_group *found;
    bool building;
    size_t count, i;
    int rc = search_forms(&found, &count, &building, ctx, text);

    for (i = 0; !rc && i < count; i++)
        value_append(groups, group_value(ctx, &found[i], text));
    if (!rc)
        rc = search_people(ctx, text, PEOPLE_ROWS, people);
    if (!rc)
        rc = search_pages(ctx, text, PAGE_ROWS, pages);
    value_set(data, "groups", groups);
    value_set(data, "people", people);
    value_set(data, "pages", pages);
    value_set_bool(data, "building", building);
    value_set_bool(data, "nothing",
                   !value_count(groups) && !value_count(people) &&
                       !value_count(pages));
    return rc;
}

/* What was typed, without spaces around; "" where nothing was. */
static const char *asked_text(struct ctx *ctx, const struct request *request)
{
    const char *text = request_query(request, "q");
    size_t length;

    text = text_clean(ctx->arena, text ? text : "");
    text += strspn(text, " \t\n");
    for (length = strlen(text); length && strchr(" \t\n", text[length - 1]);)
        length--;
    return arena_strndup(ctx->arena, text, length);
}

static int search_page(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    struct value *data = value_map(ctx->arena);
    const char *text = asked_text(ctx, request);
    int rc = 0;

    (void)payload;
    value_set_text(data, "q", text);
    if (*text) {
        rc = read_begin(ctx);
        if (rc)
            return rc;
        rc = add_groups(ctx, data, text);
        read_end(ctx);
    }
    if (rc)
        return rc;
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    return portal_page(ctx, request, response, "search",
                       tr(ctx, "search.title"), data);
}

/* ---- REST ---- */

static const char *plain(struct ctx *ctx, const struct value *parts)
{
    struct buf buf;
    size_t i;

    buf_init(&buf, ctx->arena, 65536);
    for (i = 0; i < value_count(parts); i++)
        buf_add_text(&buf, value_get_text(value_at(parts, i), "text"));
    return buf_text(&buf);
}

static struct value *rest_group(struct ctx *ctx,
                                const struct search_group *found,
                                const char *text, size_t limit)
{
    struct value *group = value_map(ctx->arena);
    struct value *rows = value_list(ctx->arena);
    size_t i;

    value_set_text(group, "form", found->form->name);
    value_set_text(group, "title", locale_pick(ctx, found->form->title));
    value_set_int(group, "count",
                  (int64_t)(found->count > SEARCH_COUNT_MAX ? SEARCH_COUNT_MAX
                                                            : found->count));
    value_set_bool(group, "more", found->count > SEARCH_COUNT_MAX);
    for (i = 0; i < found->count && i < limit; i++) {
        const struct record *record = found->records[i];
        struct value *row = value_map(ctx->arena);
        struct value *snippet = search_snippet(ctx, record, text);

        value_set_id(row, "id", record->id);
        value_set_text(row, "label", record_label(ctx, record));
        if (snippet)
            value_set_text(row, "snippet", plain(ctx, snippet));
        value_set_text(row, "url", record_path(ctx, record));
        value_append(rows, row);
    }
    value_set(group, "records", rows);
    return group;
}

static int rest_people(struct value **out, struct ctx *ctx, const char *text)
{
    struct value *people;
    size_t i;
    int rc = 0;

    *out = value_list(ctx->arena);
    /* A token of some forms is for these forms. */
    if (ctx->token && ctx->token->forms)
        return 0;
    rc = org_search_users(&people, ctx, text, PEOPLE_ROWS);
    for (i = 0; !rc && i < value_count(people); i++)
        value_append(*out, value_at(people, i));
    return rc;
}

static int read_limit(int64_t *limit, struct ctx *ctx,
                      const struct request *request)
{
    static const char *const names[] = { "q", "limit", NULL };
    const char *text = request_query(request, "limit");
    size_t i, j;

    for (i = 0; i < value_count(request->query); i++) {
        for (j = 0;
             names[j] && strcmp(names[j], value_key_at(request->query, i)); j++)
            ;
        if (!names[j])
            return fail_at(ctx, E_INVALID, value_key_at(request->query, i),
                           "records.unknown_parameter",
                           "there is no parameter %s",
                           value_key_at(request->query, i));
    }
    *limit = GROUP_ROWS;
    if (text && int_parse(limit, text, 1, REST_ROWS_MAX))
        return fail_at(ctx, E_INVALID, "limit", "records.bad_limit",
                       "expected a whole number from 1 to %d", REST_ROWS_MAX);
    return 0;
}

static int rest_search(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    struct value *answer = value_map(ctx->arena), *people;
    struct value *groups = value_list(ctx->arena);
    const char *text = asked_text(ctx, request);
    struct search_group *found = NULL;
    bool building = false;
    size_t count = 0, i;
    int64_t limit;
    int rc = read_limit(&limit, ctx, request);

    (void)payload;
    if (!rc && !*text)
        rc =
            fail_at(ctx, E_INVALID, "q", "search.empty", "what shall be found");
    if (!rc)
        rc = search_forms(&found, &count, &building, ctx, text);
    for (i = 0; !rc && i < count; i++)
        value_append(groups, rest_group(ctx, &found[i], text, (size_t)limit));
    if (!rc)
        rc = rest_people(&people, ctx, text);
    if (rc)
        return rc;
    value_set(answer, "groups", groups);
    value_set(answer, "people", people);
    value_set_bool(answer, "building", building);
    return response_json(ctx, response, 200, answer);
}

/* ---- the palette ---- */

static void add_found(struct ctx *ctx, struct value *items,
                      const struct record *record)
{
    const char *icon = value_as_text(record->form->icon);
    struct value *item = value_map(ctx->arena);

    value_set_text(item, "kind", "record");
    value_set_text(item, "label", record_label(ctx, record));
    value_set_text(item, "detail", locale_pick(ctx, record->form->title));
    value_set(item, "url", value_url(ctx->arena, record_path(ctx, record)));
    value_set_text(item, "icon", icon ? icon : "file");
    value_append(items, item);
}

static int find_records(struct ctx *ctx, const char *text, int most,
                        struct value *items)
{
    struct search_group *found;
    size_t count, i, j;
    bool building;
    int rc = search_forms(&found, &count, &building, ctx, text);

    for (i = 0; !rc && i < count; i++)
        for (j = 0; j < found[i].count && j < PALETTE_FORM_ROWS && most > 0;
             j++, most--)
            add_found(ctx, items, found[i].records[j]);
    return rc;
}

/* ---- a person's page ---- */

static int show_person(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    struct value *data = value_map(ctx->arena);
    struct value *facts = value_list(ctx->arena);
    const struct person *person;
    int64_t id, superior = 0;
    int rc = request_id(&id, ctx, request, "id");

    (void)payload;
    if (!rc)
        rc = person_load(&person, ctx, id);
    if (rc)
        return rc;
    frame_fact(ctx, facts, "profile.department",
               department_name(ctx, person->department), NULL);
    frame_fact(ctx, facts, "profile.username", person->login, NULL);
    frame_fact(ctx, facts, "profile.mail", person->mail,
               person->mail
                   ? arena_printf(ctx->arena, "mailto:%s", person->mail)
                   : NULL);
    if (org_superior(&superior, ctx, id))
        ctx_clear(ctx);
    if (superior)
        frame_fact(ctx, facts, "profile.superior", person_name(ctx, superior),
                   arena_printf(ctx->arena, "/people/%" PRId64, superior));
    value_set(data, "facts", facts);
    value_set(data, "person", portal_person(ctx, id, person->name));
    value_set_bool(data, "left", !person->enabled);
    if (ctx->person->administrator)
        value_set(
            data, "admin_url",
            value_url(ctx->arena,
                      arena_printf(ctx->arena, "/admin/users/%" PRId64, id)));
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    return portal_page(ctx, request, response, "person", person->name, data);
}

void search_page_start(void)
{
    static const struct route routes[] = {
        { "GET", "/search", ROUTE_PERSON, ROUTE_PAGE | ROUTE_EXPENSIVE,
          search_page, NULL, NULL, NULL },
        { "GET", "/api/v1/search", ROUTE_PERSON,
          ROUTE_API | ROUTE_EXPENSIVE | ROUTE_SCOPED, rest_search, NULL, NULL,
          NULL },
        { "GET", "/people/{id}", ROUTE_PERSON, ROUTE_PAGE, show_person, NULL,
          NULL, NULL },
        { 0 },
    };

    route_add_table(routes);
    portal_finder_add(search_pages);
    portal_finder_add(search_people);
    portal_finder_add(find_records);
}
