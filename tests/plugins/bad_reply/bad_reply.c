/*
 * bad_reply.c - a module that breaks the conversation with the front, for
 * tests: it finds the worker's descriptor and writes into it.
 */
#include <string.h>
#include <unistd.h>

#include <tenon/tenon.h>

enum { FRAMES = 3, DESCRIPTORS = 4 };

static int garbage(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                   void *data)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nX: this is no frame\r\n\r\n";

    (void)ctx;
    (void)request;
    (void)data;
    if (write(FRAMES, text, sizeof text - 1) < 0)
        return TN_E_IO;
    return tn_answer_text(answer, 200, "text/plain; charset=utf-8", "ok\n");
}

static int zeros(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                 void *data)
{
    char frame[64];

    (void)ctx;
    (void)request;
    (void)data;
    memset(frame, 0xff, sizeof frame);
    if (write(FRAMES, frame, sizeof frame) < 0)
        return TN_E_IO;
    return tn_answer_text(answer, 200, "text/plain; charset=utf-8", "ok\n");
}

static int close_them(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                      void *data)
{
    (void)ctx;
    (void)request;
    (void)data;
    close(FRAMES);
    close(DESCRIPTORS);
    return tn_answer_text(answer, 200, "text/plain; charset=utf-8", "ok\n");
}

/* What the host refuses by itself, without a dead worker. */
static int status(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                  void *data)
{
    (void)ctx;
    (void)request;
    (void)answer;
    (void)data;
    return 7;
}

static int html(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    (void)ctx;
    (void)request;
    (void)data;
    return tn_answer_text(answer, 200, "text/html",
                          "<script>alert(1)</script>");
}

static int header(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                  void *data)
{
    int rc = tn_set_header(answer, "link", "<a>\r\nset-cookie: x=1");

    (void)ctx;
    (void)request;
    (void)data;
    return rc ? rc
              : tn_answer_text(answer, 200, "text/plain; charset=utf-8", "ok");
}

static int nothing(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                   void *data)
{
    (void)ctx;
    (void)request;
    (void)answer;
    (void)data;
    return TN_OK;
}

static int start(tn_module *self)
{
    TN_ROUTE(self, .path = "/m/bad_reply/garbage", .call = garbage);
    TN_ROUTE(self, .path = "/m/bad_reply/zeros", .call = zeros);
    TN_ROUTE(self, .path = "/m/bad_reply/close", .call = close_them);
    TN_ROUTE(self, .path = "/m/bad_reply/status", .call = status);
    TN_ROUTE(self, .path = "/m/bad_reply/html", .call = html);
    TN_ROUTE(self, .path = "/m/bad_reply/header", .call = header);
    return TN_ROUTE(self, .path = "/m/bad_reply/nothing", .call = nothing);
}

TN_MODULE(start)
