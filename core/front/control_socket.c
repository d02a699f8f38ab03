/*
 * control_socket.c - one-line JSON commands of `tenon …`.
 *
 * Only the service's own user can connect (mode 0600). What needs the store
 * is forwarded to the keeper; the front opens no database.
 */
#include "base/banned.h"

#include "front/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/log.h"
#include "base/value.h"
#include "front/answer.h"
#include "front/hosts.h"
#include "front/own.h"
#include "front/rules.h"
#include "front/state.h"
#include "front/stream.h"
#include "front/supervise.h"

enum { LINE_MAX_BYTES = 16 * 1024, ARENA_MAX = 1024 * 1024, CLIENTS_MAX = 16 };

struct client {
    struct client *next;
    struct front *front;
    struct bufferevent *be;
    uint64_t waiting; /* id of a forwarded command, 0: none */
};

struct control {
    struct evconnlistener *listener;
    struct client *clients;
    int count;
    uint64_t next_id;
};

static void client_free(struct client *client)
{
    struct client **at = &client->front->control->clients;

    while (*at != client)
        at = &(*at)->next;
    *at = client->next;
    client->front->control->count--;
    bufferevent_free(client->be);
    free(client);
}

static void say(struct client *client, const char *text, size_t length)
{
    struct evbuffer *output = bufferevent_get_output(client->be);

    evbuffer_add(output, text, length);
    evbuffer_add(output, "\n", 1);
}

static void say_value(struct client *client, struct ctx *ctx,
                      const struct value *value)
{
    const char *text = json_text(ctx->arena, value);

    say(client, text, strlen(text));
}

static void refuse(struct client *client, struct ctx *ctx, const char *why)
{
    struct value *answer = value_map(ctx->arena);

    value_set_bool(answer, "ok", false);
    value_set_text(answer, "error", why);
    say_value(client, ctx, answer);
}

static struct value *accepted(struct ctx *ctx)
{
    struct value *answer = value_map(ctx->arena);

    value_set_bool(answer, "ok", true);
    return answer;
}

/* ---- the commands ---- */

static void add_generation(const struct front *front, struct value *answer)
{
    value_set_int(answer, "generation",
                  front->generation ? generation_number(front->generation) : 0);
    value_set_text(answer, "state",
                   front->roll         ? "rolling"
                   : front->generation ? "ready"
                                       : "starting");
}

static void do_generation(struct client *client, struct ctx *ctx,
                          const struct value *command)
{
    struct value *answer = accepted(ctx);

    (void)command;
    add_generation(client->front, answer);
    say_value(client, ctx, answer);
}

static void do_status(struct client *client, struct ctx *ctx,
                      const struct value *command)
{
    static const char *const states[] = { "starting", "idle", "busy",
                                          "stopping" };
    struct front *front = client->front;
    struct value *answer = accepted(ctx), *list = value_list(ctx->arena);
    const struct worker *worker;

    (void)command;
    add_generation(front, answer);
    value_set_bool(answer, "ready", front_is_ready(front));
    value_set_int(answer, "pid", getpid());
    value_set_int(answer, "seats", front->seat_count);
    value_set_int(answer, "connections", front->connections);
    value_set_int(answer, "streams", front->stream_count);
    value_set_int(answer, "uptime_ms", front->now - front->started);
    for (worker = front->workers; worker; worker = worker->next) {
        struct value *one = value_map(ctx->arena);

        value_set_text(one, "name", worker->seat->name);
        value_set_int(one, "pid", worker->pid);
        value_set_text(one, "state", states[worker->state]);
        value_set_bool(one, "retiring", worker->retiring);
        value_set_int(one, "generation", worker->generation);
        value_set_int(one, "served", (int64_t)worker->served);
        value_append(list, one);
    }
    value_set(answer, "workers", list);
    say_value(client, ctx, answer);
}

static void do_reload(struct client *client, struct ctx *ctx,
                      const struct value *command)
{
    struct value *answer = accepted(ctx);

    (void)command;
    supervise_reload(client->front, "command");
    hosts_tell(client->front, HOST_RELOAD, 0, STR(""));
    add_generation(client->front, answer);
    say_value(client, ctx, answer);
}

static void do_wake(struct client *client, struct ctx *ctx,
                    const struct value *command)
{
    (void)command;
    supervise_nudge(client->front);
    hosts_tell(client->front, HOST_WAKE, 0, STR(""));
    say_value(client, ctx, accepted(ctx));
}

static void do_event(struct client *client, struct ctx *ctx,
                     const struct value *command)
{
    struct str topic = value_as_str(value_get(command, "topic"));
    uint64_t user = (uint64_t)value_get_id(command, "user");

    if (!topic.length || topic.length > 120 || !field_value_valid(topic)) {
        refuse(client, ctx, "a topic is missing");
        return;
    }
    stream_event(client->front, 0, user, topic);
    hosts_tell(client->front, HOST_EVENT, user, topic);
    say_value(client, ctx, accepted(ctx));
}

static void do_end(struct client *client, struct ctx *ctx,
                   const struct value *command)
{
    struct str session = value_as_str(value_get(command, "session"));
    uint64_t user = (uint64_t)value_get_id(command, "user");

    stream_end(client->front, user, session);
    hosts_tell(client->front, HOST_END, user, session);
    say_value(client, ctx, accepted(ctx));
}

/* To the keeper, as it came; its answer comes back by control_result. */
static void do_forward(struct client *client, struct ctx *ctx,
                       const struct value *command)
{
    struct front *front = client->front;
    const char *text = json_text(ctx->arena, command);
    struct worker *worker;

    for (worker = front->workers; worker; worker = worker->next) {
        if (worker->seat->lane == LANE_KEEPER && worker->state == WORKER_IDLE &&
            !worker->retiring)
            break;
    }
    if (!worker) {
        refuse(client, ctx, "the keeper is not ready");
        return;
    }
    client->waiting = ++front->control->next_id;
    worker_say(worker, FRAME_COMMAND, 0, client->waiting, text, strlen(text));
}

static const struct {
    const char *name;
    void (*call)(struct client *, struct ctx *, const struct value *);
} commands[] = {
    { "status", do_status },  { "generation", do_generation },
    { "reload", do_reload },  { "wake", do_wake },
    { "event", do_event },    { "end", do_end },
    { "backup", do_forward },
};

static void take_line(struct client *client, const char *line, size_t length)
{
    struct arena *arena = arena_new(ARENA_MAX);
    struct value *command;
    struct ctx ctx;
    const char *name;
    size_t i;

    ctx_init(&ctx, arena);
    if (json_parse(&command, &ctx, line, length) ||
        !(name = value_get_text(command, "do"))) {
        refuse(client, &ctx, "no command");
        goto out;
    }
    for (i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            log_event(LOG_INFO, "control", "do", name, NULL);
            commands[i].call(client, &ctx, command);
            goto out;
        }
    }
    refuse(client, &ctx, "an unknown command");
out:
    arena_free(arena);
}

/* ---- the socket ---- */

static void on_read(struct bufferevent *be, void *argument)
{
    struct client *client = argument;
    struct evbuffer *input = bufferevent_get_input(be);
    char *line;
    size_t length;

    front_now(client->front);
    if (client->waiting)
        return;
    line = evbuffer_readln(input, &length, EVBUFFER_EOL_LF);
    if (line) {
        take_line(client, line, length);
        free(line);
    } else if (evbuffer_get_length(input) > LINE_MAX_BYTES) {
        client_free(client);
    }
}

static void on_event(struct bufferevent *be, short what, void *argument)
{
    (void)be;
    (void)what;
    client_free(argument);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *address, int length, void *argument)
{
    struct front *front = argument;
    struct client *client;

    (void)listener;
    (void)address;
    (void)length;
    client =
        front->control->count < CLIENTS_MAX ? calloc(1, sizeof *client) : NULL;
    if (!client) {
        close(fd);
        return;
    }
    client->front = front;
    client->be = bufferevent_socket_new(front->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!client->be) {
        close(fd);
        free(client);
        return;
    }
    client->next = front->control->clients;
    front->control->clients = client;
    front->control->count++;
    bufferevent_setcb(client->be, on_read, NULL, on_event, client);
    bufferevent_enable(client->be, EV_READ | EV_WRITE);
}

void control_result(struct front *front, uint64_t id, struct str text)
{
    struct client *client;

    for (client = front->control->clients; client; client = client->next) {
        if (client->waiting && client->waiting == id) {
            client->waiting = 0;
            say(client, text.data, text.length);
            return;
        }
    }
}

void control_lost(struct front *front)
{
    static const char text[] =
        "{\"ok\":false,\"error\":\"the keeper ended meanwhile\"}";
    struct client *client;

    for (client = front->control ? front->control->clients : NULL; client;
         client = client->next) {
        if (client->waiting) {
            client->waiting = 0;
            say(client, text, sizeof text - 1);
        }
    }
}

static int bind_socket(struct front *front)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    mode_t before;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc;

    if (fd < 0)
        return -1;
    /* By the folder's descriptor: a socket's path holds 107 bytes only. */
    snprintf(address.sun_path, sizeof address.sun_path,
             "/proc/self/fd/%d/control.sock", front->run_fd);
    unlinkat(front->run_fd, "control.sock", 0);
    before = umask(0177);
    rc = bind(fd, (struct sockaddr *)&address, sizeof address);
    umask(before);
    if (rc == 0)
        rc = listen(fd, 8);
    if (rc < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int control_open(struct ctx *ctx, struct front *front)
{
    int fd;

    front->control = calloc(1, sizeof *front->control);
    if (!front->control)
        return fail(ctx, E_IO, "front.memory", "no memory");
    fd = bind_socket(front);
    if (fd < 0)
        return fail(ctx, E_IO, "front.control",
                    "can't make run/control.sock (%s)", strerrorname_np(errno));
    front->control->listener = evconnlistener_new(
        front->base, on_accept, front,
        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, -1, fd);
    if (!front->control->listener) {
        close(fd);
        return fail(ctx, E_IO, "front.memory", "no memory");
    }
    return 0;
}

void control_close(struct front *front)
{
    if (!front->control)
        return;
    while (front->control->clients)
        client_free(front->control->clients);
    if (front->control->listener)
        evconnlistener_free(front->control->listener);
    unlinkat(front->run_fd, "control.sock", 0);
    free(front->control);
    front->control = NULL;
}
