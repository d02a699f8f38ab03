/*
 * crash.c - a module that crashes in each slot that it can fill, for tests:
 * in a route, a page and a hook.
 */
#include <stdlib.h>
#include <string.h>

#include <tenon/tenon.h>

/* Out of the compiler's sight. */
static volatile intptr_t nowhere;

static void write_nowhere(void)
{
    *(volatile int *)nowhere = 1;
}

static int ok(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    (void)ctx;
    (void)request;
    (void)data;
    return tn_answer_text(answer, 200, "text/plain; charset=utf-8", "ok\n");
}

static int null_write(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                      void *data)
{
    write_nowhere();
    return ok(ctx, request, answer, data);
}

/* The program counter is 0: only the slot knows who it was. */
static int null_call(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                     void *data)
{
    int (*volatile call)(tn_answer *) = (int (*)(tn_answer *))nowhere;

    (void)ctx;
    (void)request;
    (void)data;
    return call(answer);
}

/* The program counter is in the C library. */
static int bad_text(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                    void *data)
{
    (void)ctx;
    (void)request;
    (void)data;
    return tn_answer_text(answer, (int)strlen((const char *)nowhere + 8),
                          "text/plain; charset=utf-8", "ok\n");
}

static int abort_now(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                     void *data)
{
    (void)ctx;
    (void)request;
    (void)answer;
    (void)data;
    abort();
}

static int deep(int level)
{
    volatile char room[4096];

    if (level < nowhere) /* never */
        return 0;
    room[level % 4096] = (char)level;
    return deep(level + 1) + room[(level + 1) % 4096];
}

static int recursion(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                     void *data)
{
    (void)ctx;
    (void)request;
    (void)answer;
    (void)data;
    return deep(0);
}

static int page(tn_ctx *ctx, tn_request *request, tn_value *data, void *extra)
{
    (void)ctx;
    (void)request;
    (void)data;
    (void)extra;
    write_nowhere();
    return TN_OK;
}

/* Saving an item called "crash" crashes; "refuse" is refused. */
static int check_item(tn_ctx *ctx, tn_record *item, void *data)
{
    const char *name = tn_as_text(tn_get(item, "name"));

    (void)data;
    if (name && strcmp(name, "crash") == 0)
        write_nowhere();
    if (name && strcmp(name, "refuse") == 0)
        return tn_fail_at(ctx, TN_E_INVALID, "name", "crash.refused",
                          "refused on purpose");
    return TN_OK;
}

/* Writes down each note that it is told of; of "crash later" it crashes. */
static int told(tn_ctx *ctx, tn_record *note, void *data)
{
    const char *name = tn_as_text(tn_get(note, "name"));
    tn_value *line = tn_map(ctx);
    int64_t id;

    (void)data;
    if (name && strcmp(name, "crash later") == 0)
        write_nowhere();
    tn_put(line, "name", tn_text(ctx, name ? name : ""));
    return tn_records_create(&id, ctx, "crash.told", line);
}

/* What a process calls. */
static int serve(tn_ctx *ctx, tn_record *record, const tn_value *parameters,
                 void *data)
{
    (void)ctx;
    (void)record;
    (void)parameters;
    (void)data;
    write_nowhere();
    return TN_OK;
}

/* Whoever calls it: this module is to blame. */
static int offer(tn_ctx *ctx, const tn_value *in, const tn_value **out,
                 void *data)
{
    (void)ctx;
    (void)in;
    (void)out;
    (void)data;
    write_nowhere();
    return TN_OK;
}

/* Without the capabilities there is nothing to jump to. */
static int without(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                   void *data)
{
    tn_file *file;

    (void)answer;
    (void)data;
    return tn_query(request, "files")
               ? tn_file_create(&file, ctx, "a.txt")
               : tn_notify(ctx, 1, .key = "crash.menu", .path = "/");
}

static int start(tn_module *self)
{
    TN_ROUTE(self, .path = "/m/crash/ok", .call = ok);
    TN_ROUTE(self, .path = "/m/crash/without", .call = without);
    TN_ROUTE(self, .path = "/m/crash/null", .call = null_write);
    TN_ROUTE(self, .path = "/m/crash/call", .call = null_call);
    TN_ROUTE(self, .path = "/m/crash/text", .call = bad_text);
    TN_ROUTE(self, .path = "/m/crash/abort", .call = abort_now);
    TN_ROUTE(self, .path = "/m/crash/recursion", .call = recursion);
    TN_PAGE(self, .path = "/m/crash/page", .template_name = "none",
            .title = "crash.page", .call = page);
    TN_SERVICE(self, .name = "crash.serve", .call = serve);
    TN_OFFER(self, .name = "crash.offer", .call = offer);
    TN_MENU(self, .title = "crash.menu", .path = "/m/crash/ok");
    TN_ON(self, .form = "crash.note", .when = TN_COMMITTED, .call = told);
    return TN_ON(self, .form = "crash.item", .when = TN_BEFORE_SAVE,
                 .required = true, .call = check_item);
}

TN_MODULE(start)
