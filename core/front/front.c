/*
 * front.c - putting the front together: start, signals, ticks, stop.
 */
#include "base/banned.h"

#include "front/front.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/log.h"
#include "front/blame.h"
#include "front/conn.h"
#include "front/control_socket.h"
#include "front/disk.h"
#include "front/dispatch.h"
#include "front/listen.h"
#include "front/process.h"
#include "front/rules.h"
#include "front/service.h"
#include "front/state.h"
#include "front/supervise.h"
#include "front/tls.h"

enum { TICK_MS = 250, STOP_MS = 30 * 1000, KILL_MS = 5 * 1000 };

int64_t front_now(struct front *front)
{
    front->now = clock_monotonic();
    return front->now;
}

static void on_library_log(int severity, const char *message)
{
    log_event(severity >= EVENT_LOG_ERR ? LOG_ERROR : LOG_WARN, "libevent",
              "message", message, NULL);
}

/* ---- stopping ---- */

void front_stop(struct front *front)
{
    if (front->stopping)
        return;
    front->stopping = true;
    front->stop_at = front->now + STOP_MS;
    log_event(LOG_INFO, "stopping", NULL);
    service_stopping(front);
    listen_close(front);
    conns_drain(front);
}

/* Requests in work are answered first, then the workers end, then we. */
static void stop_further(struct front *front)
{
    bool late = front->now > front->stop_at;

    conns_drain(front);
    if (!front->workers_stopped && (front->connections == 0 || late)) {
        front->workers_stopped = true;
        front->stop_at = front->now + KILL_MS;
        supervise_stop(front);
    } else if (front->workers_stopped && front->workers && late) {
        workers_kill(front);
    }
    if (front->workers_stopped && !front->workers)
        event_base_loopbreak(front->base);
}

static void on_signal(evutil_socket_t number, short what, void *argument)
{
    struct front *front = argument;

    (void)what;
    front_now(front);
    switch (number) {
    case SIGCHLD:
        workers_reap(front);
        break;
    case SIGHUP:
        tls_reload(front->tls);
        supervise_reload(front, "signal");
        break;
    default:
        if (front->stop_signals++) /* asked twice: do not wait */
            front->stop_at = 0;
        front_stop(front);
    }
    if (front->stopping)
        stop_further(front);
}

static void on_tick(evutil_socket_t fd, short what, void *argument)
{
    struct front *front = argument;

    (void)fd;
    (void)what;
    front_now(front);
    conns_check(front);
    listen_relieve(front);
    dispatch_check(front);
    disk_check(front);
    supervise_tick(front);
    tls_check(front->tls, front->now);
    if (front->stopping)
        stop_further(front);
    log_flush();
}

/* ---- starting ---- */

/* What a crash or a curious process could take from here: no core, no
 * ptrace, no descriptors for children. */
static void harden(void)
{
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    signal(SIGPIPE, SIG_IGN);
}

/* The site's folders; and a lock, so that it is served once. */
static int open_folders(struct ctx *ctx, struct front *front)
{
    const char *folder = front->site->folder;
    int lock;

    front->site_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (front->site_fd < 0)
        return fail(ctx, E_IO, "front.folder", "can't open %s (%s)", folder,
                    strerrorname_np(errno));
    mkdirat(front->site_fd, "run", 0700);
    front->run_fd =
        openat(front->site_fd, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (front->run_fd < 0)
        return fail(ctx, E_IO, "front.folder", "can't open %s/run (%s)", folder,
                    strerrorname_np(errno));
    lock =
        openat(front->run_fd, "serve.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return fail(ctx, E_IO, "front.folder", "can't write to %s/run (%s)",
                    folder, strerrorname_np(errno));
    if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
        close(lock);
        return fail(ctx, E_CONFLICT, "front.served",
                    "%s is being served already", folder);
    }
    front->lock_fd = lock;
    return 0;
}

static int watch_signals(struct front *front)
{
    static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
    size_t i;

    for (i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        front->signals[i] =
            evsignal_new(front->base, numbers[i], on_signal, front);
        if (!front->signals[i] || event_add(front->signals[i], NULL) < 0)
            return -1;
    }
    return 0;
}

static int make_loop(struct ctx *ctx, struct front *front)
{
    static const struct timeval interval = { .tv_usec = TICK_MS * 1000 };

    event_set_log_callback(on_library_log);
    front->base = event_base_new();
    if (!front->base || watch_signals(front))
        return fail(ctx, E_IO, "front.loop", "no event loop");
    front->tick = event_new(front->base, -1, EV_PERSIST, on_tick, front);
    if (!front->tick || event_add(front->tick, &interval) < 0 ||
        blame_init(front))
        return fail(ctx, E_IO, "front.loop", "no event loop");
    return 0;
}

static void make_id_prefix(struct front *front)
{
    static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";
    unsigned char bytes[8];
    int i;

    random_bytes(bytes, sizeof bytes);
    for (i = 0; i < 8; i++)
        front->id_prefix[i] = letters[bytes[i] % 32];
}

static int start(struct ctx *ctx, struct front *front,
                 const struct front_options *options)
{
    const struct settings *settings = front->settings;
    const char *catalogs;
    int rc = crypto_start();

    if (rc)
        return fail(ctx, rc, "front.random", "no source of randomness");
    /* Only our own texts; the workers have the others. */
    catalogs = arena_printf(ctx->arena, "%s/locale/front", front->site->share);
    if (access(catalogs, R_OK) == 0) {
        rc = catalog_load_flat(ctx, catalogs, NULL);
        if (rc)
            return rc;
    }
    make_id_prefix(front);
    supervise_init(front);
    rc = open_folders(ctx, front);
    if (rc == 0)
        rc = make_loop(ctx, front);
    if (rc == 0)
        rc = tls_open(&front->tls, ctx, settings);
    if (rc == 0)
        rc = listen_open(ctx, front,
                         options->listen ? options->listen : settings->listen,
                         options->next_port);
    if (rc == 0)
        rc = control_open(ctx, front);
    if (rc)
        return rc;
    service_init(front);
    disk_init(front);
    if (listen_start(front))
        return fail(ctx, E_IO, "front.loop", "no event loop");
    return 0;
}

static void end(struct front *front)
{
    size_t i;

    listen_close(front);
    while (front->conns)
        conn_free(front->conns);
    control_close(front);
    generation_free(front->generation);
    service_free(front);
    blame_free(front);
    tls_close(front->tls);
    free(front->pool.head);
    free(front->pool.body);
    free(front->roll);
    for (i = 0; i < sizeof front->signals / sizeof *front->signals; i++) {
        if (front->signals[i])
            event_free(front->signals[i]);
    }
    if (front->tick)
        event_free(front->tick);
    if (front->worker_tick)
        event_free(front->worker_tick);
    if (front->base)
        event_base_free(front->base);
    if (front->lock_fd >= 0)
        close(front->lock_fd);
    if (front->run_fd >= 0)
        close(front->run_fd);
    if (front->site_fd >= 0)
        close(front->site_fd);
}

int front_run(struct ctx *ctx, const struct front_options *options)
{
    struct front *front = calloc(1, sizeof *front);
    int rc;

    if (!front)
        return fail(ctx, E_IO, "front.memory", "no memory");
    front->site = options->site;
    front->settings = &options->site->settings;
    front->program = options->program;
    front->announce = options->announce;
    front->site_fd = front->run_fd = front->lock_fd = -1;
    front->started = front_now(front);
    log_process("front");
    harden();
    rc = start(ctx, front, options);
    if (rc == 0) {
        front_now(front);
        supervise_tick(front);
        log_defer(true);
        event_base_dispatch(front->base);
        rc = front->exit_code;
        log_event(LOG_INFO, "stopped", NULL);
        log_defer(false);
    }
    end(front);
    free(front);
    return rc;
}
