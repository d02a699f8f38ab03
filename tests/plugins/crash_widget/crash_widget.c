/*
 * crash_widget.c - a module whose widget of the home page crashes, for tests.
 */
#include <tenon/tenon.h>

/* Out of the compiler's sight. */
static volatile intptr_t nowhere;

static int fill(tn_ctx *ctx, tn_value *data, void *extra)
{
    (void)ctx;
    (void)data;
    (void)extra;
    *(volatile int *)nowhere = 1;
    return TN_OK;
}

static int start(tn_module *self)
{
    return TN_WIDGET(self, .name = "crash_widget.one", .template_name = "one",
                     .title = "crash_widget.one", .order = 90, .call = fill);
}

TN_MODULE(start)
