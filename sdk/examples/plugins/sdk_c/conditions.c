/*
 * conditions.c - examples: which records.
 */
#include <string.h>

#include "sdk_c.h"

/* example: tn_records_find, TN_LT, TN_NOT */
/* The late loans that this person sees, the latest first; `texts` adds each
 * field as people read it. */
static int find_late(const tn_value **loans, tn_ctx *ctx)
{
    const char *today = tn_iso_date(ctx, tn_now(ctx));

    return tn_records_find(
        loans, ctx, LOAN, .texts = true, .sort = "due", .descending = true,
        .limit = 20,
        .where = TN_AND(TN_LT("due", tn_text(ctx, today)),
                        TN_NOT(TN_EQ("back", tn_bool(ctx, true)))));
}
/* end */

/* example: TN_OR, TN_CONTAINS, TN_STARTS */
/* Things whose name has the word, or whose kind begins with it. */
static int find_word(const tn_value **things, tn_ctx *ctx, const char *word)
{
    const tn_value *text = tn_text(ctx, word);

    return tn_records_find(
        things, ctx, THING, .sort = "name",
        .where = TN_OR(TN_CONTAINS("name", text), TN_STARTS("kind", text)));
}
/* end */

/* example: TN_IN, TN_GE, TN_LE */
/* Tools and books of a medium value; amounts are decimals or their texts. */
static int count_medium(int64_t *count, tn_ctx *ctx)
{
    tn_value *kinds = tn_list(ctx);

    tn_append(kinds, tn_text(ctx, "tool"));
    tn_append(kinds, tn_text(ctx, "book"));
    return tn_records_count(
        count, ctx, THING,
        TN_AND(TN_IN("kind", kinds),
               TN_GE("value", tn_decimal_value(ctx, 5000, 2)),
               TN_LE("value", tn_text(ctx, "200.00"))));
}
/* end */

/* example: TN_GT, TN_EMPTY */
/* Dear things that nobody wrote a kind to. */
static int count_unsorted(int64_t *count, tn_ctx *ctx)
{
    return tn_records_count(count, ctx, THING,
                            TN_AND(TN_GT("value", tn_text(ctx, "200.00")),
                                   TN_EMPTY("kind", tn_bool(ctx, true))));
}
/* end */

/* example: TN_TEST, TN_PARTS */
/* Where the operator is known at run time only: from "value>100", say. */
static int count_compared(int64_t *count, tn_ctx *ctx, const char *sign,
                          const char *value, bool any)
{
    enum tn_op op = strcmp(sign, "<") == 0   ? TN_OP_LT
                    : strcmp(sign, ">") == 0 ? TN_OP_GT
                                             : TN_OP_EQ;
    const tn_condition *test = TN_TEST(op, "value", tn_text(ctx, value));
    const tn_condition *tool = TN_EQ("kind", tn_text(ctx, "tool"));

    return tn_records_count(count, ctx, THING,
                            TN_PARTS(any ? TN_OP_OR : TN_OP_AND, test, tool));
}
/* end */

static tn_value *names_of(tn_ctx *ctx, const tn_value *things)
{
    tn_value *names = tn_list(ctx);
    size_t i;

    for (i = 0; i < tn_count(things); i++)
        tn_append(names, tn_item(tn_at(things, i), "name"));
    return names;
}

static int conditions(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                      void *data)
{
    tn_value *map = tn_map(ctx);
    const tn_value *late, *things;
    int64_t medium, unsorted, both, either;
    int rc = find_late(&late, ctx);

    (void)request;
    (void)data;
    if (rc == TN_OK)
        rc = find_word(&things, ctx, "tool");
    if (rc == TN_OK)
        rc = count_medium(&medium, ctx);
    if (rc == TN_OK)
        rc = count_unsorted(&unsorted, ctx);
    if (rc == TN_OK)
        rc = count_compared(&both, ctx, ">", "100.00", false);
    if (rc == TN_OK)
        rc = count_compared(&either, ctx, ">", "100.00", true);
    if (rc != TN_OK)
        return rc;
    tn_put(map, "late", tn_item(tn_item(tn_at(late, 0), "text"), "thing"));
    tn_put(map, "names", names_of(ctx, things));
    tn_put(map, "medium", tn_int(ctx, medium));
    tn_put(map, "unsorted", tn_int(ctx, unsorted));
    tn_put(map, "both", tn_int(ctx, both));
    tn_put(map, "either", tn_int(ctx, either));
    return tn_answer_json(answer, 200, map);
}

int start_conditions(tn_module *self)
{
    return TN_ROUTE(self, .path = "/api/v1/m/sdk_c/conditions",
                    .call = conditions);
}
