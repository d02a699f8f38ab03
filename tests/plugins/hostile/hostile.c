/*
 * hostile.c - a module that does what modules must not, for tests: memory
 * without end, leaked and closed descriptors, exit, children, another folder.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tenon/tenon.h>

static int say(tn_answer *answer, const char *text)
{
    return tn_answer_text(answer, 200, "text/plain; charset=utf-8", text);
}

/* From the system until there is no more. */
static int memory(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                  void *data)
{
    enum { PIECE = 16 * 1024 * 1024, PIECES = 640 };
    int i;

    (void)ctx;
    (void)request;
    (void)data;
    for (i = 0; i < PIECES; i++) {
        volatile char *piece = malloc(PIECE);
        size_t at;

        if (!piece)
            return say(answer, "no more\n");
        for (at = 0; at < PIECE; at += 4096)
            piece[at] = 1;
    }
    return say(answer, "10 GB\n");
}

/* From the host, which ends such a worker. */
static int arena(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                 void *data)
{
    int i;

    (void)request;
    (void)data;
    for (i = 0; i < 640; i++)
        tn_alloc(ctx, 16 * 1024 * 1024);
    return say(answer, "10 GB\n");
}

static int leak(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    int fd, last = -1;

    (void)ctx;
    (void)request;
    (void)data;
    while ((fd = open("/dev/null", O_RDONLY)) >= 0)
        last = fd;
    return say(answer, last > 0 ? "leaked\n" : "none\n");
}

static int leave(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                 void *data)
{
    (void)ctx;
    (void)request;
    (void)answer;
    (void)data;
    exit(0);
}

static int child(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                 void *data)
{
    pid_t pid = fork();

    (void)ctx;
    (void)request;
    (void)data;
    if (pid == 0)
        _exit(0);
    return say(answer, pid < 0 ? "refused\n" : "forked\n");
}

/* As many as it gets; each ends at once, where there is one. */
static int bomb(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    int i, made = 0;

    (void)ctx;
    (void)request;
    (void)data;
    for (i = 0; i < 2000; i++) {
        pid_t pid = fork();

        if (pid == 0)
            _exit(0);
        made += pid > 0;
    }
    return say(answer, made ? "forked\n" : "refused\n");
}

/* The link to the front, the slot, the database: whatever is open. */
static int shut(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    int fd;

    (void)ctx;
    (void)request;
    (void)data;
    for (fd = 3; fd < 64; fd++)
        close(fd);
    return say(answer, "closed\n");
}

static int folder(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                  void *data)
{
    (void)ctx;
    (void)request;
    (void)data;
    return say(answer, chdir("/tmp") == 0 ? "moved\n" : "refused\n");
}

static int start(tn_module *self)
{
    TN_ROUTE(self, .path = "/m/hostile/memory", .call = memory);
    TN_ROUTE(self, .path = "/m/hostile/arena", .call = arena);
    TN_ROUTE(self, .path = "/m/hostile/leak", .call = leak);
    TN_ROUTE(self, .path = "/m/hostile/exit", .call = leave);
    TN_ROUTE(self, .path = "/m/hostile/child", .call = child);
    TN_ROUTE(self, .path = "/m/hostile/bomb", .call = bomb);
    TN_ROUTE(self, .path = "/m/hostile/shut", .call = shut);
    return TN_ROUTE(self, .path = "/m/hostile/folder", .call = folder);
}

TN_MODULE(start)
