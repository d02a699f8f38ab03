/*
 * worker_stub.c - a worker for the tests of the front: the real loop, slot
 * and crash handler, but handlers that misbehave on request.
 *
 * `tenon serve --worker-program worker_stub SITE` starts it in place of
 * `tenon worker`. It opens no store. GET /hello answers; /crash, /loop and
 * the others do what their name says, in the name of the module "bad".
 */
#include "base/banned.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/site.h"
#include "base/ctx.h"
#include "base/str.h"
#include "ipc/frame.h"
#include "ipc/link.h"
#include "ipc/outlet.h"
#include "ipc/slot.h"
#include "worker/crash.h"
#include "worker/loop.h"

struct stub {
    const char *lane, *name, *site;
    int generation;
    char text[4 * 1024 * 1024];
    struct http_field fields[8];
    uint64_t begun;
};

typedef void (*handler)(struct stub *stub, const struct call *call,
                        struct give *give);

static void say(struct stub *stub, struct give *give, const char *type)
{
    stub->fields[0] = (struct http_field){ STR("content-type"), str_of(type) };
    give->fields = stub->fields;
    give->field_count = 1;
    give->body = stub->text;
    give->body_length = strlen(stub->text);
}

static int64_t number_of(const struct call *call, int64_t otherwise)
{
    char text[32];
    int64_t number;

    snprintf(text, sizeof text, "%.*s", (int)call->request->query.length,
             call->request->query.data);
    return int_parse(&number, text, 0, INT64_MAX) ? otherwise : number;
}

/* Not a constant: the compiler would see through it. */
static volatile uintptr_t bad_address = 16;

/* Deliberately no tail call, no inlining: the trace shall name it. */
__attribute__((noinline)) static int use_bad_pointer(volatile int *pointer)
{
    return *pointer + 1;
}

static void on_hello(struct stub *stub, const struct call *call,
                     struct give *give)
{
    (void)call;
    snprintf(stub->text, sizeof stub->text,
             "hello from %s, generation %d, pid %d\n", stub->name,
             stub->generation, (int)getpid());
    say(stub, give, "text/plain; charset=utf-8");
}

static void on_echo(struct stub *stub, const struct call *call,
                    struct give *give)
{
    const struct request_message *request = call->request;
    size_t i;
    int length;

    if (call->asking) {
        give->kind = GIVE_ALLOW;
        give->limit = 8 * 1024 * 1024;
        return;
    }
    length = snprintf(
        stub->text, sizeof stub->text,
        "%.*s %.*s ?%.*s host=%.*s address=%.*s tls=%d body=%zu/%llu fd=%d\n",
        (int)request->method.length, request->method.data,
        (int)request->path.length, request->path.data,
        (int)request->query.length, request->query.data,
        (int)request->host.length, request->host.data,
        (int)request->address.length, request->address.data, request->tls,
        call->body_length, (unsigned long long)request->body_length,
        call->body_fd >= 0);
    for (i = 0; i < request->field_count; i++)
        length += snprintf(
            stub->text + length, sizeof stub->text - (size_t)length,
            "%.*s: %.*s\n", (int)request->fields[i].name.length,
            request->fields[i].name.data, (int)request->fields[i].value.length,
            request->fields[i].value.data);
    if (call->body_length)
        snprintf(stub->text + length, sizeof stub->text - (size_t)length,
                 "[%.*s]\n", (int)call->body_length, (const char *)call->body);
    say(stub, give, "text/plain; charset=utf-8");
}

static void on_refuse(struct stub *stub, const struct call *call,
                      struct give *give)
{
    (void)call;
    give->status = 403;
    snprintf(stub->text, sizeof stub->text, "no\n");
    say(stub, give, "text/plain; charset=utf-8");
}

static void on_crash(struct stub *stub, const struct call *call,
                     struct give *give)
{
    (void)stub;
    (void)give;
    slot_push("bad", "page /crash");
    usleep((unsigned)number_of(call, 0) * 1000);
    use_bad_pointer((int *)bad_address);
}

static void on_core_crash(struct stub *stub, const struct call *call,
                          struct give *give)
{
    (void)stub;
    (void)call;
    (void)give;
    use_bad_pointer((int *)bad_address);
}

static void on_loop(struct stub *stub, const struct call *call,
                    struct give *give)
{
    (void)stub;
    (void)call;
    (void)give;
    slot_push("bad", "page /loop");
    for (;;)
        __asm__ volatile("");
}

/* Asks for the soft deadline as a polite module does. */
static void on_polite(struct stub *stub, const struct call *call,
                      struct give *give)
{
    (void)call;
    slot_push("polite", "page /polite");
    while (!slot_soft())
        usleep(10000);
    slot_pop();
    give->status = 503;
    snprintf(stub->text, sizeof stub->text, "soft deadline\n");
    say(stub, give, "text/plain; charset=utf-8");
}

static void on_wait(struct stub *stub, const struct call *call,
                    struct give *give)
{
    slot_push("bad", "page /wait");
    slot_push_host("lock");
    usleep((useconds_t)(number_of(call, 60000) * 1000));
    slot_pop();
    slot_pop();
    on_hello(stub, call, give);
}

static void on_sleep(struct stub *stub, const struct call *call,
                     struct give *give)
{
    usleep((useconds_t)(number_of(call, 1000) * 1000));
    on_hello(stub, call, give);
}

static void on_lock(struct stub *stub, const struct call *call,
                    struct give *give)
{
    slot_push("bad", "hook under the lock");
    slot_lock_taken();
    usleep((useconds_t)(number_of(call, 5000) * 1000));
    slot_lock_given();
    slot_pop();
    on_hello(stub, call, give);
}

static void on_exit_call(struct stub *stub, const struct call *call,
                         struct give *give)
{
    (void)stub;
    (void)give;
    slot_push("bad", "page /exit");
    exit((int)number_of(call, 0));
}

__attribute__((noinline)) static int deeper(int depth)
{
    volatile char room[4096];

    room[0] = (char)depth;
    return depth < 0 ? 0 : deeper(depth + 1) + room[0];
}

static void on_recursion(struct stub *stub, const struct call *call,
                         struct give *give)
{
    (void)stub;
    (void)call;
    (void)give;
    slot_push("bad", "page /recursion");
    deeper(0);
}

static void on_memory(struct stub *stub, const struct call *call,
                      struct give *give)
{
    struct arena *arena;

    (void)stub;
    (void)call;
    (void)give;
    slot_push("bad", "page /memory");
    /* The limit of the process comes first (worker_memory_mb), but where a
     * sanitizer runs there is none, and each page takes its time. */
#ifdef __SANITIZE_ADDRESS__
    arena = arena_new((size_t)100 << 20);
#else
    arena = arena_new((size_t)600 << 20);
#endif
    for (;;)
        memset(arena_alloc(arena, 1 << 20), 1, 1 << 20);
}

static void on_garbage(struct stub *stub, const struct call *call,
                       struct give *give)
{
    unsigned char bytes[64];

    (void)stub;
    (void)call;
    (void)give;
    slot_push("bad", "page /garbage");
    memset(bytes, 0xff, sizeof bytes);
    (void)!write(LINK_STREAM, bytes, sizeof bytes);
    sleep(30);
}

static bool dying;

/* Answers after some milliseconds, and then ends. */
static void on_last_words(struct stub *stub, const struct call *call,
                          struct give *give)
{
    usleep((useconds_t)number_of(call, 5) * 1000);
    on_hello(stub, call, give);
    dying = true;
}

static void done(void *self)
{
    (void)self;
    if (dying)
        _exit(1);
}

/* Frames that are well formed but come out of turn. */
static void on_out_of_turn(struct stub *stub, const struct call *call,
                           struct give *give)
{
    (void)stub;
    (void)give;
    slot_push("bad", "page /turn");
    link_send(LINK_STREAM, (int)number_of(call, FRAME_BODY), 0, 12345, "x", 1);
    sleep(30);
}

static void on_split(struct stub *stub, const struct call *call,
                     struct give *give)
{
    (void)call;
    say(stub, give, "text/html\r\nset-cookie: stolen=1");
}

static void on_close(struct stub *stub, const struct call *call,
                     struct give *give)
{
    (void)call;
    slot_push("bad", "page /close");
    close(LINK_STREAM);
    on_hello(stub, call, give);
}

static void on_descriptors(struct stub *stub, const struct call *call,
                           struct give *give)
{
    slot_push("bad", "page /descriptors");
    while (open("/dev/null", O_RDONLY) >= 0)
        ;
    usleep((unsigned)number_of(call, 0) * 1000);
    slot_pop();
    on_hello(stub, call, give);
}

/* Its runs are counted by the file's bytes. */
static void on_count(struct stub *stub, const struct call *call,
                     struct give *give)
{
    char path[512];
    int fd;

    snprintf(path, sizeof path, "%s/count", stub->site);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "1", 1) != 1)
        give->status = 500;
    close(fd);
    on_echo(stub, call, give);
}

static void on_big(struct stub *stub, const struct call *call,
                   struct give *give)
{
    size_t size = (size_t)number_of(call, 100000), i;

    if (size >= sizeof stub->text)
        size = sizeof stub->text - 1;
    for (i = 0; i < size; i++)
        stub->text[i] = (char)('a' + i % 26);
    stub->text[size] = '\0';
    say(stub, give, "text/plain; charset=utf-8");
}

static void on_page(struct stub *stub, const struct call *call,
                    struct give *give)
{
    on_big(stub, call, give);
    stub->fields[0] = (struct http_field){ STR("content-type"),
                                           STR("text/html; charset=utf-8") };
    stub->fields[1] = (struct http_field){ STR("content-security-policy"),
                                           STR("default-src 'nonce-abc'") };
    give->field_count = 2;
}

static void on_file(struct stub *stub, const struct call *call,
                    struct give *give)
{
    (void)call;
    say(stub, give, "application/octet-stream");
    give->kind = GIVE_FILE;
    give->file_size = 26 * 1000;
    give->file_fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    on_big(stub,
           &(struct call){
               .request = &(struct request_message){ .query = STR("26000") } },
           &(struct give){ 0 });
    (void)!write(give->file_fd, stub->text, 26000);
}

static void on_stream(struct stub *stub, const struct call *call,
                      struct give *give)
{
    (void)stub;
    give->kind = GIVE_STREAM;
    give->user = (uint64_t)number_of(call, 1);
    give->session = "session-of-the-stub";
    give->session_key = 77;
}

static void on_event(struct stub *stub, const struct call *call,
                     struct give *give)
{
    outlet_event(number_of(call, 0), "tasks");
    on_hello(stub, call, give);
}

static void on_end_streams(struct stub *stub, const struct call *call,
                           struct give *give)
{
    outlet_end_streams(number_of(call, 1), "");
    on_hello(stub, call, give);
}

static void on_reload(struct stub *stub, const struct call *call,
                      struct give *give)
{
    outlet_reload();
    on_hello(stub, call, give);
}

static void on_metrics(struct stub *stub, const struct call *call,
                       struct give *give)
{
    (void)call;
    snprintf(stub->text, sizeof stub->text, "tenon_stub 1\n");
    say(stub, give, "text/plain");
    give->kind = GIVE_METRICS;
}

static const struct {
    const char *path;
    handler call;
    const char *module;
    int flags;
} handlers[] = {
    { "/hello", on_hello, "", 0 },
    { "/echo", on_echo, "", 0 },
    { "/refuse", on_refuse, "", 0 },
    { "/admin", on_hello, "", RULE_RESERVED },
    { "/net", on_hello, "", RULE_NET },
    { "/local", on_hello, "", RULE_LOCAL },
    { "/secret/x1", on_hello, "", 0 },
    { "/crash", on_crash, "bad", 0 },
    { "/core-crash", on_core_crash, "", 0 },
    { "/loop", on_loop, "bad", 0 },
    { "/polite", on_polite, "polite", 0 },
    { "/wait", on_wait, "bad", 0 },
    { "/sleep", on_sleep, "", 0 },
    { "/module-sleep", on_sleep, "bad", 0 },
    { "/lock", on_lock, "bad", 0 },
    { "/exit", on_exit_call, "bad", 0 },
    { "/recursion", on_recursion, "bad", 0 },
    { "/memory", on_memory, "bad", 0 },
    { "/garbage", on_garbage, "bad", 0 },
    { "/turn", on_out_of_turn, "bad", 0 },
    { "/last-words", on_last_words, "", 0 },
    { "/split", on_split, "bad", 0 },
    { "/close", on_close, "bad", 0 },
    { "/descriptors", on_descriptors, "bad", 0 },
    { "/count", on_count, "", 0 },
    { "/big", on_big, "", 0 },
    { "/page", on_page, "", 0 },
    { "/file", on_file, "", 0 },
    { "/stream", on_stream, "", 0 },
    { "/event", on_event, "", 0 },
    { "/end-streams", on_end_streams, "", 0 },
    { "/reload", on_reload, "", 0 },
    { "/metrics", on_metrics, "", 0 },
};
enum { HANDLERS = sizeof handlers / sizeof *handlers };

static void handle(void *self, const struct call *call, struct give *give)
{
    struct stub *stub = self;
    size_t i;

    for (i = 0; i < HANDLERS; i++) {
        if (str_is(call->request->path, handlers[i].path)) {
            handlers[i].call(stub, call, give);
            return;
        }
    }
    give->status = 404;
    snprintf(stub->text, sizeof stub->text, "nothing here\n");
    say(stub, give, "text/plain; charset=utf-8");
}

/* SITE/stub holds switches for the start: "fail", "crash", "slow". */
static bool asked_for(const struct stub *stub, const char *what)
{
    char path[512];

    snprintf(path, sizeof path, "%s/stub-%s", stub->site, what);
    return access(path, F_OK) == 0;
}

static bool in_quarantine(const struct stub *stub)
{
    char path[512];

    snprintf(path, sizeof path, "%s/run/quarantine/bad.json", stub->site);
    return access(path, F_OK) == 0;
}

static int start(void *self, struct ready_part *ready, const char **reason)
{
    static struct ready_rule rules[HANDLERS + 1];
    static struct ready_mount mounts[2];
    static struct ready_module modules[1] = { { STR("bad"), STR("1.0.0"),
                                                STR("abc123") } };
    static char web[512];
    struct stub *stub = self;
    size_t i;

    if (asked_for(stub, "slow"))
        usleep(900 * 1000);
    if (asked_for(stub, "fail") && strcmp(stub->lane, "pages") == 0) {
        *reason = "the stub was told to fail";
        return EXIT_FATAL;
    }
    if (asked_for(stub, "crash") && !in_quarantine(stub) &&
        strcmp(stub->lane, "pages") == 0) {
        slot_push_loading("bad", "1.0.0", "abc123");
        use_bad_pointer((int *)bad_address);
    }
    if (asked_for(stub, "slow"))
        usleep(300000);
    for (i = 0; i < HANDLERS; i++)
        rules[i] = (struct ready_rule){ STR(""), str_of(handlers[i].path),
                                        str_of(handlers[i].module),
                                        (uint8_t)handlers[i].flags };
    rules[HANDLERS] = (struct ready_rule){ STR("GET"), STR("/secret/{token}"),
                                           STR(""), RULE_PRIVATE };
    snprintf(web, sizeof web, "%s/themes/web", stub->site);
    mounts[0] = (struct ready_mount){ STR("/assets/stub/"), str_of(web) };
    mounts[1] = (struct ready_mount){ STR("/assets/etc/"), str_of(stub->site) };
    *ready = (struct ready_part){ rules,   mounts,
                                  modules, HANDLERS + 1,
                                  2,       in_quarantine(stub) ? 0 : 1 };
    slot_gauge("stub_started", 1);
    return 0;
}

static void command(void *self, struct str line, struct buf *answer)
{
    (void)self;
    buf_add_text(answer, "{\"ok\":true,\"echo\":");
    buf_add_json(answer, line.data, line.length);
    buf_add_text(answer, "}");
}

int main(int argc, char **argv)
{
    static struct stub stub;
    struct worker_program program = {
        &stub, start, handle, done, NULL, command, .told = NULL,
    };
    int64_t number;
    int i;

    for (i = 2; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--lane") == 0)
            stub.lane = argv[i + 1];
        else if (strcmp(argv[i], "--name") == 0)
            stub.name = argv[i + 1];
        else if (strcmp(argv[i], "--generation") == 0 &&
                 int_parse(&number, argv[i + 1], 0, INT32_MAX) == 0)
            stub.generation = (int)number;
    }
    if (argc < 3 || !stub.lane || !stub.name)
        return 2;
    stub.site = argv[argc - 1];
    log_process(stub.name);
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    if (slot_attach(LINK_SLOT))
        return EXIT_SICK;
    crash_watch();
    outlet_set(LINK_STREAM, NULL);
    return worker_loop(&program, asked_for(&stub, "small") ? 1 : 0);
}
