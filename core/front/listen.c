/*
 * listen.c - accepting connections, within what descriptors there are.
 *
 * libevent's listener retries at once when accept fails for want of
 * descriptors (pitfalls 1); so connections are capped below RLIMIT_NOFILE,
 * an error disables the listener until a timer enables it again, and one
 * spare descriptor lets us turn a client away instead of leaving it hanging.
 */
#include "base/banned.h"

#include "front/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/ctx.h"
#include "base/log.h"
#include "base/str.h"
#include "front/conn.h"
#include "front/service.h"
#include "front/state.h"

enum {
    SOCKETS_MAX = 8,
    BACKLOG = 511,
    PAUSE_MS = 500,
    TELL_MS = 1000,
    AT_ONCE = 16
};

struct listening {
    struct evconnlistener *listeners[SOCKETS_MAX];
    int fds[SOCKETS_MAX];
    bool redirects[SOCKETS_MAX]; /* plain HTTP that only leads to TLS */
    int count;
    bool enabled, started;
    int spare;
    int64_t told; /* when it was last said that nobody can be accepted */
    struct event *pause;
    char url[128];
};

static void on_error(struct evconnlistener *listener, void *argument);

static void enable(struct front *front, bool on)
{
    struct listening *listening = front->listening;
    int i;

    if (listening->enabled == on)
        return;
    listening->enabled = on;
    for (i = 0; i < listening->count; i++) {
        if (!listening->listeners[i])
            continue;
        if (on)
            evconnlistener_enable(listening->listeners[i]);
        else
            evconnlistener_disable(listening->listeners[i]);
    }
}

static bool is_redirect(const struct listening *listening,
                        const struct evconnlistener *listener)
{
    int i;

    for (i = 0; i < listening->count; i++)
        if (listening->listeners[i] == listener)
            return listening->redirects[i];
    return false;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *address, int length, void *argument)
{
    struct front *front = argument;

    (void)length;
    front_now(front);
    conn_new(front, fd, address, is_redirect(front->listening, listener));
    if (front->connections >= front->connections_max && !conns_evict(front))
        enable(front, false);
}

static void on_pause_over(evutil_socket_t fd, short what, void *argument)
{
    struct front *front = argument;

    (void)fd;
    (void)what;
    front_now(front);
    if (front->connections < front->connections_max)
        enable(front, true);
}

/* No descriptor: close the spare one, take the first who waits and close him
 * too, so that he knows; then rest. */
static void on_error(struct evconnlistener *listener, void *argument)
{
    static const struct timeval pause = { .tv_usec = PAUSE_MS * 1000 };
    struct front *front = argument;
    struct listening *listening = front->listening;
    int error = errno, fd;

    front_now(front);
    if (front->now - listening->told >= TELL_MS || !listening->told) {
        log_event(LOG_WARN, "accept.failed", "error", strerrorname_np(error),
                  NULL);
        listening->told = front->now;
    }
    if ((error == EMFILE || error == ENFILE) && listening->spare >= 0) {
        close(listening->spare);
        fd = accept4(evconnlistener_get_fd(listener), NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            close(fd);
        listening->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    conns_evict(front);
    enable(front, false);
    event_add(listening->pause, &pause);
}

void listen_room(struct front *front)
{
    struct listening *listening = front->listening;

    if (!listening || !listening->started || listening->enabled ||
        event_pending(listening->pause, EV_TIMEOUT, NULL))
        return;
    if (front->connections < front->connections_max)
        enable(front, true);
}

void listen_relieve(struct front *front)
{
    int i;

    if (!front->listening || !front->listening->started ||
        front->listening->enabled)
        return;
    for (i = 0; i < AT_ONCE && conns_evict(front); i++)
        ;
    listen_room(front);
}

/* Room for the rest: workers, files, spools. */
static void set_maximum(struct front *front)
{
    struct rlimit limit;
    int most = front->settings->connections_max, room;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        if (limit.rlim_cur < limit.rlim_max) {
            limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
            setrlimit(RLIMIT_NOFILE, &limit);
            getrlimit(RLIMIT_NOFILE, &limit);
        }
        room = limit.rlim_cur > 1000000 ? 1000000 : (int)limit.rlim_cur;
        room = (room - 48 - 6 * (front->page_count + 4)) * 3 / 4;
        if (room < 8)
            room = 8;
        if (most > room) {
            log_event(LOG_WARN, "connections.capped", "wanted", log_int(most),
                      "possible", log_int(room), NULL);
            most = room;
        }
    }
    front->connections_max = most;
}

static void note_url(struct listening *listening, int fd, bool tls)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char host[64], port[8];
    bool six;

    if (listening->url[0] ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0 ||
        getnameinfo((struct sockaddr *)&address, length, host, sizeof host,
                    port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV))
        return;
    if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0)
        snprintf(host, sizeof host, "localhost");
    six = strchr(host, ':') != NULL;
    snprintf(listening->url, sizeof listening->url, "http%s://%s%s%s:%s",
             tls ? "s" : "", six ? "[" : "", host, six ? "]" : "", port);
}

static int add_socket(struct ctx *ctx, struct front *front, int fd,
                      bool redirect)
{
    struct listening *listening = front->listening;

    if (listening->count == SOCKETS_MAX)
        return fail(ctx, E_LIMIT, "front.listen_many",
                    "more than %d listening sockets", SOCKETS_MAX);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    listening->redirects[listening->count] = redirect;
    listening->fds[listening->count++] = fd;
    if (!redirect)
        note_url(listening, fd, front->tls != NULL);
    return 0;
}

/* "host:port" or "[v6]:port" or ":port" into its parts. */
static bool split(const char *address, char *host, size_t size,
                  const char **port)
{
    const char *colon = strrchr(address, ':');
    size_t length;

    if (!colon)
        return false;
    *port = colon + 1;
    length = (size_t)(colon - address);
    if (length >= 2 && address[0] == '[' && address[length - 1] == ']') {
        address++;
        length -= 2;
    }
    if (length >= size)
        return false;
    memcpy(host, address, length);
    host[length] = '\0';
    return true;
}

static int bind_one(const struct addrinfo *info)
{
    int one = 1, zero = 0, error;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (info->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* How many ports behind a taken one are tried where the caller allows it. */
enum { PORTS_TRIED = 50 };

static int bind_port(struct ctx *ctx, const char *address, const char *host,
                     const char *port)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *list = NULL;
    int fd;

    if (getaddrinfo(host[0] ? host : NULL, port, &hints, &list) || !list)
        return fail(ctx, E_INVALID, "front.listen_address",
                    "%s is no address to listen on", address);
    fd = bind_one(list);
    freeaddrinfo(list);
    return fd;
}

static int bind_address(struct ctx *ctx, struct front *front,
                        const char *address, bool next_port, bool redirect)
{
    char host[128], text[8];
    const char *port;
    int64_t number = 0;
    int fd, tries = next_port ? PORTS_TRIED : 1;

    if (!split(address, host, sizeof host, &port) ||
        int_parse(&number, port, 0, 65535))
        return fail(ctx, E_INVALID, "front.listen_address",
                    "%s is no address to listen on", address);
    do {
        snprintf(text, sizeof text, "%d", (int)number++);
        fd = bind_port(ctx, address, host, text);
    } while (!ctx->problems && fd < 0 && errno == EADDRINUSE && --tries > 0 &&
             number < 65536);
    if (ctx->problems)
        return fd;
    if (fd < 0 && errno == EADDRINUSE)
        return fail(ctx, E_CONFLICT, "front.listen_taken",
                    "%s is taken by another program", address);
    if (fd < 0)
        return fail(ctx, E_IO, "front.listen_failed", "can't listen on %s (%s)",
                    address, strerrorname_np(errno));
    return add_socket(ctx, front, fd, redirect);
}

int listen_open(struct ctx *ctx, struct front *front, const char *address,
                bool next_port)
{
    struct listening *listening = calloc(1, sizeof *listening);
    const char *plain = front->settings->tls_redirect;
    uint64_t redirects;
    int i, given = service_listen_fds(&redirects), rc = 0;

    if (!listening)
        return fail(ctx, E_IO, "front.memory", "no memory");
    front->listening = listening;
    listening->spare = -1;
    set_maximum(front);
    for (i = 0; i < given && rc == 0; i++)
        rc = add_socket(ctx, front, 3 + i, front->tls && (redirects >> i & 1));
    if (!given)
        rc = bind_address(ctx, front, address, next_port, false);
    if (!given && rc == 0 && plain)
        rc = bind_address(ctx, front, plain, next_port, true);
    if (rc == 0)
        listening->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return rc;
}

int listen_start(struct front *front)
{
    struct listening *listening = front->listening;
    int i;

    listening->pause = event_new(front->base, -1, 0, on_pause_over, front);
    if (!listening->pause)
        return -1;
    for (i = 0; i < listening->count; i++) {
        listening->listeners[i] =
            evconnlistener_new(front->base, on_accept, front,
                               LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
                               -1, listening->fds[i]);
        if (!listening->listeners[i])
            return -1;
        evconnlistener_set_error_cb(listening->listeners[i], on_error);
    }
    listening->started = listening->enabled = true;
    return 0;
}

void listen_close(struct front *front)
{
    struct listening *listening = front->listening;
    int i;

    if (!listening)
        return;
    front->listening = NULL;
    for (i = 0; i < listening->count; i++) {
        if (listening->listeners[i])
            evconnlistener_free(listening->listeners[i]);
        else
            close(listening->fds[i]);
    }
    if (listening->pause)
        event_free(listening->pause);
    if (listening->spare >= 0)
        close(listening->spare);
    free(listening);
}

const char *listen_url(const struct front *front)
{
    return front->listening ? front->listening->url : "";
}
