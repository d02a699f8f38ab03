/*
 * frame_messages.c - the page of notifications.
 */
#include "base/banned.h"

#include "portal/frame.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "notify/notify.h"
#include "portal/portal.h"
#include "web/request.h"
#include "web/router.h"

enum { SHOWN = 100 };

static int read_messages(struct value **out, struct ctx *ctx)
{
    size_t i;
    int rc = notify_list(out, ctx, SHOWN);

    for (i = 0; !rc && i < value_count(*out); i++) {
        struct value *row = value_at(*out, i);

        portal_time(ctx, row, value_get_int(row, "at", 0));
        value_set(
            row, "url",
            value_url(ctx->arena, arena_printf(ctx->arena, "/messages/%s",
                                               value_get_text(row, "id"))));
    }
    return rc;
}

static int messages(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    struct value *data = value_map(ctx->arena), *list;
    struct value *empty = value_map(ctx->arena);
    int64_t unread = 0;
    int rc = read_messages(&list, ctx);

    (void)payload;
    if (!rc)
        rc = notify_unread(&unread, ctx);
    if (rc)
        return rc;
    value_set(data, "messages", list);
    value_set_bool(data, "unread", unread > 0);
    value_set_text(empty, "text", tr(ctx, "messages.empty"));
    value_set_text(empty, "icon", "bell");
    value_set(data, "empty", empty);
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    return portal_page(ctx, request, response, "messages",
                       tr(ctx, "messages.title"), data);
}

/* Opens what a message is about. That it has been read is the reader's own
 * mark, so a GET may set it (S16). */
static int open_message(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    const char *link;
    int64_t id;
    int rc = request_id(&id, ctx, request, "id");

    (void)payload;
    if (!rc)
        rc = notify_link_of(&link, ctx, id);
    if (!rc)
        rc = notify_mark_read(ctx, id);
    return rc ? rc : response_redirect(ctx, response, own_path(link));
}

static int mark_read(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    static const char *const names[] = { "id", NULL };
    const char *text = request_form(request, "id");
    int64_t id = 0;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (rc)
        return rc;
    if (!text_empty(text) && int_parse(&id, text, 1, INT64_MAX))
        return fail(ctx, E_NOT_FOUND, "notify.absent", "this message is gone");
    rc = notify_mark_read(ctx, id);
    return rc ? rc : response_done(ctx, request, response, "/messages", NULL);
}

static int api_messages(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    struct value *answer = value_map(ctx->arena), *list;
    int rc = notify_list(&list, ctx, SHOWN);

    (void)request;
    (void)payload;
    if (rc)
        return rc;
    value_set(answer, "messages", list);
    return response_json(ctx, response, 200, answer);
}

void frame_messages_start(void)
{
    static const struct route routes[] = {
        { "GET", "/messages", ROUTE_PERSON, ROUTE_PAGE, messages, NULL, NULL,
          NULL },
        { "POST", "/messages/read", ROUTE_PERSON, 0, mark_read, NULL, NULL,
          NULL },
        { "GET", "/messages/{id}", ROUTE_PERSON, 0, open_message, NULL, NULL,
          NULL },
        { "GET", "/api/v1/messages", ROUTE_PERSON, ROUTE_API, api_messages,
          NULL, NULL, NULL },
        { 0 },
    };

    route_add_table(routes);
}
