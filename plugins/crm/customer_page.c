/*
 * customer_page.c - everything about one customer on one page: /m/crm/
 * customers/{id}. And a note of a call, written down on that page.
 *
 * Runs as the person: what is here is what he may see of it.
 */
#include <stdio.h>
#include <string.h>

#include "parts.h"

enum { LINES = 30, MORE_LINES = 100, ROWS = 8, RECENT_DAYS = 90 };

/* An address with the customer's id behind it. */
static const char *with_id(tn_ctx *ctx, const char *path, const tn_value *id)
{
    char *url = tn_alloc(ctx, 200);

    if (!url)
        return path;
    snprintf(url, 200, "%s%lld", path, (long long)tn_as_id(id));
    return url;
}

static int find_texts(const tn_value **texts, tn_ctx *ctx, const tn_value *id)
{
    const tn_value *rows;
    int rc = tn_records_find(&rows, ctx, CUSTOMERS, .texts = true, .limit = 1,
                             .where = TN_EQ("id", id));

    *texts = rc == TN_OK ? tn_item(tn_at(rows, 0), "text") : NULL;
    return rc;
}

static const char *say(tn_ctx *ctx, const char *key)
{
    return tn_t(ctx, key, NULL);
}

/* What a person typed as an address of the web; NULL where it is none. */
static const char *web_url(tn_ctx *ctx, const char *text)
{
    size_t size = text ? strlen(text) + 16 : 0;
    char *url = size ? tn_alloc(ctx, size) : NULL;

    if (!url || strpbrk(text, " <>\"'\\") || !strchr(text, '.'))
        return NULL;
    snprintf(url, size, "%s%s", strstr(text, "://") ? "" : "https://", text);
    return url;
}

static void add_facts(tn_ctx *ctx, tn_value *data, const tn_value *text)
{
    static const char *const plain[] = {
        "manager", "industry", "source",        "region",   "address",
        "phone",   "website",  "last_activity", "next_step"
    };
    tn_value *facts = tn_list(ctx);
    char key[64];
    size_t i;

    for (i = 0; i < sizeof plain / sizeof *plain; i++) {
        const char *value = tn_as_text(tn_item(text, plain[i]));

        snprintf(key, sizeof key, "crm.fact.%s", plain[i]);
        add_fact(ctx, facts, say(ctx, key), value,
                 strcmp(plain[i], "website") == 0 ? web_url(ctx, value) : NULL);
    }
    tn_put(data, "facts", facts);
    put_text(ctx, data, "remark", tn_as_text(tn_item(text, "remark")));
}

static void add_badges(tn_ctx *ctx, tn_value *data, const tn_value *customer,
                       const tn_value *text)
{
    static const struct {
        const char *field, *key, *color;
    } colors[] = { { "class", "a", "green" },
                   { "class", "b", "blue" },
                   { "class", "c", "yellow" },
                   { "status", "prospect", "cyan" },
                   { "status", "customer", "green" } };
    static const char *const fields[] = { "class", "status" };
    tn_value *badges = tn_list(ctx);
    size_t i, k;

    for (i = 0; i < 2; i++) {
        const char *key = tn_as_text(tn_item(customer, fields[i]));
        tn_value *badge = tn_map(ctx);

        for (k = 0; key && k < sizeof colors / sizeof *colors; k++)
            if (strcmp(colors[k].field, fields[i]) == 0 &&
                strcmp(colors[k].key, key) == 0)
                put_text(ctx, badge, "color", colors[k].color);
        put_text(ctx, badge, "text", tn_as_text(tn_item(text, fields[i])));
        if (key)
            tn_append(badges, badge);
    }
    tn_put(data, "badges", badges);
}

static int add_figures(tn_ctx *ctx, tn_value *data, const tn_value *id)
{
    const tn_condition *own = TN_EQ("customer", id);
    const tn_condition *won = TN_EQ("stage", tn_text(ctx, "won"));
    struct sum bought, open, lost, recent;
    tn_value *figures = tn_list(ctx);
    char rate[16];
    int rc = sum_of(&bought, ctx, OPPORTUNITIES, TN_AND(own, won), "amount");

    if (rc == TN_OK)
        rc = sum_of(&open, ctx, OPPORTUNITIES,
                    TN_AND(own, TN_IN("stage", open_stages(ctx))), "amount");
    if (rc == TN_OK)
        rc = sum_of(&lost, ctx, OPPORTUNITIES,
                    TN_AND(own, TN_EQ("stage", tn_text(ctx, "lost"))), NULL);
    if (rc == TN_OK)
        rc = sum_of(&recent, ctx, ACTIVITIES,
                    TN_AND(own, TN_GE("at", day_in(ctx, -RECENT_DAYS))), NULL);
    if (rc != TN_OK)
        return rc;
    add_figure(ctx, figures, say(ctx, "crm.figure.bought"),
               amount_text(ctx, bought.total),
               count_text(ctx, "crm.deals", bought.count), NULL, NULL);
    add_figure(ctx, figures, say(ctx, "crm.figure.open"),
               amount_text(ctx, open.total),
               count_text(ctx, "crm.deals", open.count), NULL, NULL);
    if (bought.count + lost.count > 0)
        snprintf(rate, sizeof rate, "%lld %%",
                 (long long)(bought.count * 100 / (bought.count + lost.count)));
    else
        snprintf(rate, sizeof rate, "–");
    add_figure(ctx, figures, say(ctx, "crm.figure.rate"), rate,
               count_text(ctx, "crm.lost_deals", lost.count), NULL, NULL);
    add_figure(ctx, figures, say(ctx, "crm.figure.recent"),
               tn_number(ctx, tn_int(ctx, recent.count)),
               say(ctx, "crm.figure.recent_days"), NULL, NULL);
    tn_put(data, "figures", figures);
    return TN_OK;
}

static int add_deals(tn_ctx *ctx, tn_value *widgets, const tn_value *id)
{
    tn_value *widget = new_widget(
        ctx, "customer_deals", "target",
        with_id(ctx, "/records/" OPPORTUNITIES "?f.customer.eq=", id));
    tn_value *rows = tn_item(widget, "rows");
    const tn_value *found;
    size_t i;
    int rc = tn_records_find(&found, ctx, OPPORTUNITIES, .limit = ROWS,
                             .texts = true, .where = TN_EQ("customer", id));

    for (i = 0; rc == TN_OK && i < tn_count(found); i++) {
        const tn_value *deal = tn_at(found, i), *text = tn_item(deal, "text");
        const tn_value *closed = tn_item(deal, "closed");
        tn_value *row =
            add_row(ctx, rows, record_url(ctx, OPPORTUNITIES, deal),
                    tn_as_text(tn_item(text, "title")),
                    amount_text(ctx, tn_item(deal, "amount")),
                    tn_as_text(tn_item(text, tn_is_null(closed) ? "closes"
                                                                : "closed")));

        set_badge(ctx, row, tn_as_text(tn_item(text, "stage")),
                  stage_color(tn_as_text(tn_item(deal, "stage"))));
    }
    tn_append(widgets, widget);
    return rc;
}

static int add_contacts(tn_ctx *ctx, tn_value *widgets, const tn_value *id)
{
    tn_value *widget =
        new_widget(ctx, "customer_contacts", "address-book",
                   with_id(ctx, "/records/" CONTACTS "?f.customer.eq=", id));
    tn_value *rows = tn_item(widget, "rows");
    const tn_value *found;
    size_t i;
    int rc =
        tn_records_find(&found, ctx, CONTACTS, .limit = ROWS, .sort = "name",
                        .texts = true, .where = TN_EQ("customer", id));

    for (i = 0; rc == TN_OK && i < tn_count(found); i++) {
        const tn_value *person = tn_at(found, i);
        const tn_value *text = tn_item(person, "text");
        const char *mobile = tn_as_text(tn_item(text, "mobile"));
        tn_value *row = add_row(
            ctx, rows, record_url(ctx, CONTACTS, person),
            tn_as_text(tn_item(text, "name")), tn_as_text(tn_item(text, "job")),
            mobile && *mobile ? mobile : tn_as_text(tn_item(text, "mail")));

        if (tn_as_bool(tn_item(person, "main")))
            set_badge(ctx, row, say(ctx, "crm.main_contact"), "green");
    }
    tn_append(widgets, widget);
    return rc;
}

/* ---- the timeline ---- */

static const char *kind_icon(const char *kind)
{
    static const char *const icons[][2] = { { "call", "phone" },
                                            { "visit", "map-pin" },
                                            { "mail", "mail" },
                                            { "message", "message" },
                                            { "showroom", "building-store" } };
    size_t i;

    for (i = 0; kind && i < sizeof icons / sizeof *icons; i++)
        if (strcmp(icons[i][0], kind) == 0)
            return icons[i][1];
    return "activity";
}

static void add_line(tn_ctx *ctx, tn_value *lines, const tn_value *activity)
{
    static const char *const texts[] = { "subject", "kind",        "person",
                                         "contact", "opportunity", "notes",
                                         "at",      "next_step",   "next_on" };
    const tn_value *text = tn_item(activity, "text");
    tn_value *line = tn_map(ctx);
    size_t i;

    for (i = 0; i < sizeof texts / sizeof *texts; i++)
        put_text(ctx, line, texts[i], tn_as_text(tn_item(text, texts[i])));
    put_text(ctx, line, "iso", tn_as_text(tn_item(activity, "at")));
    put_text(ctx, line, "icon",
             kind_icon(tn_as_text(tn_item(activity, "kind"))));
    put_text(ctx, line, "url", record_url(ctx, ACTIVITIES, activity));
    tn_put(line, "done",
           tn_bool(ctx, tn_as_bool(tn_item(activity, "next_done"))));
    tn_append(lines, line);
}

static int add_timeline(tn_ctx *ctx, tn_value *data, const tn_value *id,
                        int limit)
{
    tn_value *lines = tn_list(ctx);
    const tn_value *found;
    int64_t count = 0;
    char more[64];
    size_t i;
    int rc = tn_records_find(&found, ctx, ACTIVITIES, .sort = "at",
                             .descending = true, .limit = limit, .texts = true,
                             .where = TN_EQ("customer", id));

    for (i = 0; rc == TN_OK && i < tn_count(found); i++)
        add_line(ctx, lines, tn_at(found, i));
    if (rc == TN_OK)
        rc = tn_records_count(&count, ctx, ACTIVITIES, TN_EQ("customer", id));
    tn_put(data, "lines", lines);
    snprintf(more, sizeof more, "/m/crm/customers/%lld?more=1",
             (long long)tn_as_id(id));
    if (count > limit)
        put_text(
            ctx, data, "more_url",
            limit == LINES
                ? more
                : with_id(ctx, "/records/" ACTIVITIES "?f.customer.eq=", id));
    return rc;
}

/* Others that are called nearly so, or have the same telephone: what was
 * shown while the name was typed is said again here, for imports too. */
static int add_same(tn_ctx *ctx, tn_value *data, const tn_value *customer)
{
    static const char *const fields[] = { "name", "phone" };
    const tn_value *id = tn_item(customer, "id");
    tn_value *same = tn_list(ctx);
    size_t i, k;
    int rc = TN_OK;

    for (i = 0; rc == TN_OK && i < 2; i++) {
        const char *text = tn_as_text(tn_item(customer, fields[i]));
        const tn_value *found;

        if (!text || !*text)
            continue;
        rc = tn_records_find(&found, ctx, CUSTOMERS, .search = text, .limit = 3,
                             .where = TN_NE("id", id));
        for (k = 0; rc == TN_OK && k < tn_count(found); k++)
            add_row(ctx, same,
                    customer_url(ctx, tn_item(tn_at(found, k), "id")),
                    tn_as_text(tn_item(tn_at(found, k), "name")), NULL, NULL);
    }
    tn_put(data, "same", same);
    return rc;
}

static void add_actions(tn_ctx *ctx, tn_value *data, const tn_value *id)
{
    static const char *const forms[] = { ACTIVITIES, OPPORTUNITIES, CONTACTS };
    static const char *const names[] = { "activity_url", "deal_url",
                                         "contact_url" };
    char path[80];
    size_t i;

    for (i = 0; i < sizeof forms / sizeof *forms; i++) {
        snprintf(path, sizeof path, "/records/%s/new?customer=", forms[i]);
        if (tn_may(ctx, forms[i], "create"))
            put_text(ctx, data, names[i], with_id(ctx, path, id));
    }
    snprintf(path, sizeof path, "/records/" CUSTOMERS "/%lld?plain=1",
             (long long)tn_as_id(id));
    put_text(ctx, data, "record_url", path);
    if (tn_may(ctx, ACTIVITIES, "create")) {
        snprintf(path, sizeof path, "/m/crm/customers/%lld/note",
                 (long long)tn_as_id(id));
        put_text(ctx, data, "note_url", path);
    }
}

static void add_head(tn_ctx *ctx, tn_value *data, const tn_value *customer)
{
    tn_value *page = tn_map(ctx), *crumbs = tn_list(ctx), *crumb = tn_map(ctx);

    put_text(ctx, crumb, "label", say(ctx, "crm.menu.customers"));
    put_text(ctx, crumb, "url", "/records/" CUSTOMERS);
    tn_append(crumbs, crumb);
    tn_put(page, "crumbs", crumbs);
    put_text(ctx, page, "title", tn_as_text(tn_item(customer, "name")));
    tn_put(data, "page", page);
}

/* The customer of the path, to be read; a bad id is not found. */
static int asked(const tn_value **customer, tn_ctx *ctx, tn_request *request)
{
    int64_t id = tn_as_id(tn_text(ctx, tn_param(request, "id")));

    return tn_records_get(customer, ctx, CUSTOMERS, id);
}

static int fill(tn_ctx *ctx, tn_request *request, tn_value *data, void *extra)
{
    tn_value *widgets = tn_list(ctx), *steps;
    const tn_value *customer, *text, *id;
    int rc = asked(&customer, ctx, request);

    (void)extra;
    if (rc != TN_OK)
        return rc;
    id = tn_item(customer, "id");
    rc = find_texts(&text, ctx, id);
    if (rc != TN_OK)
        return rc;
    add_head(ctx, data, customer);
    add_badges(ctx, data, customer, text);
    add_facts(ctx, data, text);
    add_actions(ctx, data, id);
    rc = add_same(ctx, data, customer);
    if (rc != TN_OK)
        return rc;
    steps = new_widget(ctx, "customer_steps", "calendar-event", NULL);
    rc = add_steps(ctx, tn_item(steps, "rows"), TN_EQ("customer", id), ROWS,
                   false);
    tn_append(widgets, steps);
    if (rc == TN_OK)
        rc = add_figures(ctx, data, id);
    if (rc == TN_OK)
        rc = add_deals(ctx, widgets, id);
    if (rc == TN_OK)
        rc = add_contacts(ctx, widgets, id);
    tn_put(data, "widgets", widgets);
    if (rc == TN_OK)
        rc = add_timeline(ctx, data, id,
                          tn_query(request, "more") ? MORE_LINES : LINES);
    return rc;
}

/* ---- a note ---- */

/* The first line is what it is about. */
static void split(tn_ctx *ctx, tn_value *values, const char *text)
{
    enum { SUBJECT = 120 };
    size_t length = strcspn(text, "\r\n");
    char subject[SUBJECT + 1];

    if (length > SUBJECT) {
        length = SUBJECT;
        while (length > 0 && (text[length] & 0xc0) == 0x80)
            length--;
    }
    snprintf(subject, sizeof subject, "%.*s", (int)length, text);
    tn_put(values, "subject", tn_text(ctx, subject));
    if (text[length])
        tn_put(values, "notes", tn_text(ctx, text));
}

static int note(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                void *extra)
{
    static const char *const optional[] = { "next_step", "next_on" };
    const char *kind = tn_form_field(request, "kind");
    const char *text = tn_form_field(request, "text");
    tn_value *values = tn_map(ctx);
    const tn_value *customer;
    int64_t id;
    size_t i;
    int rc = asked(&customer, ctx, request);

    (void)extra;
    if (rc != TN_OK)
        return rc;
    if (!text || !*text)
        return tn_fail_at(ctx, TN_E_INVALID, "text", "crm.note.empty",
                          "a note without text");
    tn_put(values, "customer", tn_id(ctx, tn_as_id(tn_item(customer, "id"))));
    tn_put(values, "kind", tn_text(ctx, kind ? kind : "call"));
    split(ctx, values, text);
    for (i = 0; i < 2; i++)
        put_text(ctx, values, optional[i], tn_form_field(request, optional[i]));
    rc = tn_records_create(&id, ctx, ACTIVITIES, values);
    if (rc != TN_OK)
        return rc;
    return tn_answer_done(answer, customer_url(ctx, tn_item(customer, "id")),
                          say(ctx, "crm.note.done"));
}

int customer_page_start(tn_module *self)
{
    int rc = TN_PAGE(
        self, .path = "/m/crm/customers/{id}", .example = "/m/crm/customers/1",
        .template_name = "customer", .title = "crm.customer", .call = fill);

    if (rc == TN_OK)
        rc = TN_ROUTE(self, .method = "POST",
                      .path = "/m/crm/customers/{id}/note",
                      .example = "/m/crm/customers/1/note", .call = note);
    return rc;
}
