/*
 * @id@.c - things on loan: nobody promises a day that has passed, and a page
 * shows what is out.
 */
#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

#define LOANS "@id@.loan"

/* A new loan ends today or later. */
static int refuse_past(tn_ctx *ctx, tn_record *loan, void *unused)
{
    const char *due = tn_as_text(tn_get(loan, "due"));
    char today[16];

    (void)unused;
    snprintf(today, sizeof today, "%.10s",
             tn_as_text(tn_instant_value(ctx, tn_now(ctx))));
    if (tn_is_new(loan) && due && strcmp(due, today) < 0)
        return tn_fail_at(ctx, TN_E_INVALID, "due", "@id@.past",
                          "the day has passed");
    return TN_OK;
}

/* What is out, the first to come back on top: what this person may see. */
static int fill_out(tn_ctx *ctx, tn_request *request, tn_value *data,
                    void *unused)
{
    const tn_value *loans;
    tn_value *rows = tn_list(ctx);
    size_t i;
    int rc;

    (void)request;
    (void)unused;
    rc = tn_records_find(&loans, ctx, LOANS, .sort = "due", .limit = 100,
                         .texts = true);
    if (rc != TN_OK)
        return rc;
    for (i = 0; i < tn_count(loans); i++) {
        const tn_value *loan = tn_at(loans, i), *text = tn_item(loan, "text");
        tn_value *row = tn_map(ctx);
        char url[80];

        snprintf(url, sizeof url, "/records/" LOANS "/%s",
                 tn_as_text(tn_item(loan, "id")));
        tn_put(row, "url", tn_text(ctx, url));
        tn_put(row, "thing", tn_text(ctx, tn_as_text(tn_item(text, "thing"))));
        tn_put(row, "due", tn_text(ctx, tn_as_text(tn_item(text, "due"))));
        tn_append(rows, row);
    }
    tn_put(data, "loans", rows);
    return TN_OK;
}

static int start(tn_module *self)
{
    int rc =
        TN_ON(self, .form = LOANS, .when = TN_BEFORE_SAVE, .call = refuse_past);

    if (rc == TN_OK)
        rc = TN_PAGE(self, .path = "/m/@id@", .template_name = "out",
                     .title = "@id@.title", .call = fill_out);
    if (rc == TN_OK)
        rc = TN_MENU(self, .title = "@id@.title", .path = "/m/@id@",
                     .icon = "package", .form = LOANS, .order = 500);
    return rc;
}

TN_MODULE(start)
