/*
 * service.c - what systemd wants to know.
 */
#include "base/banned.h"

#include "front/service.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/log.h"
#include "base/str.h"
#include "front/listen.h"
#include "front/state.h"

struct service {
    int fd;
    struct sockaddr_un address;
    socklen_t length;
    struct event *heartbeat;
};

/* "https:redirect": which of the sockets are called "redirect". */
static uint64_t redirects_of(const char *names, int count)
{
    uint64_t bits = 0;
    int i;

    for (i = 0; names && i < count; i++) {
        size_t length = strcspn(names, ":");

        if (length == strlen("redirect") &&
            strncmp(names, "redirect", length) == 0)
            bits |= UINT64_C(1) << i;
        names = names[length] ? names + length + 1 : NULL;
    }
    return bits;
}

int service_listen_fds(uint64_t *redirects)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    int64_t number = 0, owner = 0;
    int count = 0;

    if (pid && fds && int_parse(&owner, pid, 1, INT32_MAX) == 0 &&
        owner == getpid() && int_parse(&number, fds, 1, 64) == 0)
        count = (int)number;
    *redirects = redirects_of(getenv("LISTEN_FDNAMES"), count);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return count;
}

static void tell(struct service *service, const char *what)
{
    if (service && service->fd >= 0)
        (void)!sendto(service->fd, what, strlen(what),
                      MSG_NOSIGNAL | MSG_DONTWAIT,
                      (struct sockaddr *)&service->address, service->length);
}

static void on_heartbeat(evutil_socket_t fd, short what, void *argument)
{
    (void)fd;
    (void)what;
    tell(argument, "WATCHDOG=1");
}

static void find_socket(struct service *service)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t length = path ? strlen(path) : 0;

    if (length < 2 || length >= sizeof service->address.sun_path ||
        (path[0] != '/' && path[0] != '@'))
        return;
    service->address.sun_family = AF_UNIX;
    memcpy(service->address.sun_path, path, length);
    if (path[0] == '@')
        service->address.sun_path[0] = '\0';
    service->length =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    service->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

void service_init(struct front *front)
{
    const char *usec = getenv("WATCHDOG_USEC");
    struct service *service = calloc(1, sizeof *service);
    int64_t interval;

    front->service = service;
    if (!service)
        return;
    service->fd = -1;
    find_socket(service);
    if (service->fd >= 0 && usec &&
        int_parse(&interval, usec, 10000, INT64_MAX / 2) == 0) {
        struct timeval half = { .tv_sec = interval / 2 / 1000000,
                                .tv_usec = interval / 2 % 1000000 };

        service->heartbeat =
            event_new(front->base, -1, EV_PERSIST, on_heartbeat, service);
        if (service->heartbeat)
            event_add(service->heartbeat, &half);
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

void service_ready(struct front *front)
{
    front->ready = true;
    tell(front->service, "READY=1");
    log_event(LOG_INFO, "ready", "url", listen_url(front), NULL);
    if (isatty(STDOUT_FILENO) || front->announce) {
        printf("%s\n", listen_url(front));
        fflush(stdout);
    }
}

void service_stopping(struct front *front)
{
    tell(front->service, "STOPPING=1");
}

void service_free(struct front *front)
{
    struct service *service = front->service;

    if (!service)
        return;
    if (service->heartbeat)
        event_free(service->heartbeat);
    if (service->fd >= 0)
        close(service->fd);
    free(service);
    front->service = NULL;
}
