/*
 * calls.c - what modules offer each other.
 */
#include "api_c.h"

#include <string.h>

static int twice(tn_ctx *ctx, const tn_value *in, const tn_value **out,
                 void *data)
{
    tn_value *map = tn_map(ctx);

    (void)data;
    tn_put(map, "twice", tn_int(ctx, 2 * tn_as_int(tn_item(in, "n"), 0)));
    *out = map;
    return TN_OK;
}

/* As whoever the caller runs as. */
static int count_items(tn_ctx *ctx, const tn_value *in, const tn_value **out,
                       void *data)
{
    int64_t count;
    int rc = tn_records_count(&count, ctx, ITEM, NULL);

    (void)in;
    (void)data;
    *out = tn_int(ctx, count);
    return rc;
}

static int minus(tn_ctx *ctx, const tn_value *in, const tn_value **out,
                 void *data)
{
    (void)in;
    (void)data;
    *out = tn_int(ctx, -3);
    return TN_OK;
}

static int refuse(tn_ctx *ctx, const tn_value *in, const tn_value **out,
                  void *data)
{
    (void)in;
    (void)out;
    (void)data;
    return tn_fail(ctx, TN_E_CONFLICT, "api_c.keep", "kept");
}

static int circle(tn_ctx *ctx, const tn_value *in, const tn_value **out,
                  void *data)
{
    (void)data;
    return tn_call(out, ctx, tn_find_offer(ctx, "api_lua.circle"), in);
}

struct question {
    const tn_function *function;
    const tn_value *in, *out;
};

static int ask(tn_ctx *ctx, void *data)
{
    struct question *question = data;

    return tn_call(&question->out, ctx, question->function, question->in);
}

static int offer(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                 void *data)
{
    const tn_value *sent = tn_json(request);
    const char *name = tn_as_text(tn_item(sent, "name"));
    struct question question = { .function = tn_find_offer(ctx, name),
                                 .in = tn_item(sent, "in") };
    tn_value *map = tn_map(ctx);
    int rc = tn_as_bool(tn_item(sent, "as_module"))
                 ? tn_as_module(ctx, ask, &question)
                 : ask(ctx, &question);

    (void)data;
    if (rc != TN_OK)
        return rc;
    tn_put(map, "out", (tn_value *)(uintptr_t)question.out);
    return tn_answer_json(answer, 200, map);
}

int start_calls(tn_module *self)
{
    TN_OFFER(self, .name = "api_c.twice", .call = twice);
    TN_OFFER(self, .name = "api_c.count", .call = count_items);
    TN_OFFER(self, .name = "api_c.minus", .call = minus);
    TN_OFFER(self, .name = "api_c.refuse", .call = refuse);
    TN_OFFER(self, .name = "api_c.circle", .call = circle);
    return TN_ROUTE(self, .path = "/api/v1/m/api_c/offer", .method = "POST",
                    .call = offer);
}
