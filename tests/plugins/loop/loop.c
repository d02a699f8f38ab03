/*
 * loop.c - a module that never comes back, for tests; or that does when it is
 * told to.
 */
#include <tenon/tenon.h>

static int for_ever(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                    void *data)
{
    volatile bool on = true;

    (void)ctx;
    (void)request;
    (void)answer;
    (void)data;
    while (on)
        ;
    return TN_OK;
}

static int polite(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                  void *data)
{
    int rc;

    (void)request;
    (void)answer;
    (void)data;
    while ((rc = tn_check(ctx)) == TN_OK)
        ;
    return rc;
}

static int start(tn_module *self)
{
    TN_ROUTE(self, .path = "/m/loop/forever", .call = for_ever);
    return TN_ROUTE(self, .path = "/m/loop/polite", .call = polite);
}

TN_MODULE(start)
