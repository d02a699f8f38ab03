/*
 * process.c - fork, exec, kill.
 *
 * A worker gets nothing but its three descriptors: the stream of frames, the
 * pair for descriptors, the slot. Everything else is closed on exec, and by
 * the child itself before it.
 */
#include "base/banned.h"

#include "front/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "front/answer.h"
#include "front/blame.h"
#include "front/dispatch.h"
#include "front/exchange.h"
#include "front/rules.h"
#include "front/state.h"
#include "front/supervise.h"
#include "ipc/link.h"

enum { REPORT_MS = 500, FIRST_FREE = 64 };

struct ends {
    int stream[2], fds[2], slot; /* [0] is the front's */
};

static void ends_close(struct ends *ends)
{
    int *all[] = { &ends->stream[0], &ends->stream[1], &ends->fds[0],
                   &ends->fds[1], &ends->slot };
    size_t i;

    for (i = 0; i < sizeof all / sizeof *all; i++) {
        if (*all[i] >= 0)
            close(*all[i]);
        *all[i] = -1;
    }
}

static int ends_make(struct ends *ends, struct slot **slot)
{
    *ends = (struct ends){ { -1, -1 }, { -1, -1 }, -1 };
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends->stream) < 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends->fds) < 0 ||
        slot_make(slot, &ends->slot)) {
        ends_close(ends);
        return E_IO;
    }
    fcntl(ends->stream[0], F_SETFL, O_NONBLOCK);
    fcntl(ends->fds[0], F_SETFL, O_NONBLOCK);
    return 0;
}

/* The group that may read the TLS key is the front's alone (S35), where it was
 * given the right to drop one (docs/admin, "TLS"). */
static void drop_groups(void)
{
    (void)!setgroups(0, NULL);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

/* Between fork and exec: only what is safe there. */
static void child(const struct front *front, const struct ends *ends,
                  char *const argv[], pid_t parent)
{
    const struct settings *settings = front->settings;
    int from[3], i, null;
    sigset_t none;

    setpgid(0, 0); /* the terminal's Ctrl-C is the front's to answer */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_PLANNED);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (front->tls)
        drop_groups();
    from[0] = fcntl(ends->stream[1], F_DUPFD, FIRST_FREE);
    from[1] = fcntl(ends->fds[1], F_DUPFD, FIRST_FREE);
    from[2] = fcntl(ends->slot, F_DUPFD, FIRST_FREE);
    null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, 0) < 0 || dup2(2, 1) < 0)
        _exit(EXIT_SICK);
    for (i = 0; i < 3; i++) {
        if (from[i] < 0 || dup2(from[i], LINK_STREAM + i) < 0)
            _exit(EXIT_SICK);
    }
    if (close_range(LINK_LAST + 1, ~0U, 0) < 0) {
        for (i = LINK_LAST + 1; i < 4096; i++)
            close(i);
    }
#ifndef __SANITIZE_ADDRESS__
    if (settings->worker_memory_mb > 0) {
        rlim_t bytes = (rlim_t)settings->worker_memory_mb * 1024 * 1024;

        setrlimit(RLIMIT_AS, &(struct rlimit){ bytes, bytes });
    }
#else
    (void)settings;
#endif
    execv(front->program, argv);
    _exit(EXIT_FATAL);
}

static pid_t start_process(struct front *front, struct seat *seat,
                           int generation, const struct ends *ends)
{
    char number[16];
    char *argv[] = { (char *)front->program,
                     "worker",
                     "--lane",
                     (char *)lane_names[seat->lane],
                     "--name",
                     seat->name,
                     "--generation",
                     number,
                     (char *)front->site->folder,
                     NULL };
    pid_t parent = getpid(), pid;

    snprintf(number, sizeof number, "%d", generation);
    pid = fork();
    if (pid == 0)
        child(front, ends, argv, parent);
    return pid;
}

static void on_readable(evutil_socket_t fd, short what, void *argument)
{
    (void)fd;
    (void)what;
    worker_read(argument);
}

static void on_writable(evutil_socket_t fd, short what, void *argument)
{
    struct worker *worker = argument;

    (void)what;
    if (evbuffer_write(worker->output, fd) < 0 && errno != EAGAIN)
        evbuffer_drain(worker->output, evbuffer_get_length(worker->output));
    if (evbuffer_get_length(worker->output))
        event_add(worker->writable, NULL);
}

static void worker_free(struct worker *worker)
{
    struct worker **at = &worker->front->workers;

    while (*at && *at != worker)
        at = &(*at)->next;
    if (*at)
        *at = worker->next;
    if (worker->readable)
        event_free(worker->readable);
    if (worker->writable)
        event_free(worker->writable);
    if (worker->output)
        evbuffer_free(worker->output);
    if (worker->stream >= 0)
        close(worker->stream);
    if (worker->fds >= 0)
        close(worker->fds);
    answer_drop(worker);
    generation_free(worker->loading);
    slot_free(worker->slot);
    free(worker->in);
    free(worker);
}

static struct worker *worker_new(struct front *front, struct seat *seat,
                                 const struct ends *ends, struct slot *slot)
{
    struct worker *worker = calloc(1, sizeof *worker), **last;

    if (!worker)
        return NULL;
    worker->front = front;
    worker->seat = seat;
    worker->slot = slot;
    worker->stream = ends->stream[0];
    worker->fds = ends->fds[0];
    worker->in = malloc(2 * (FRAME_HEADER + FRAME_PAYLOAD_MAX));
    worker->output = evbuffer_new();
    worker->readable = event_new(front->base, worker->stream,
                                 EV_READ | EV_PERSIST, on_readable, worker);
    worker->writable =
        event_new(front->base, worker->stream, EV_WRITE, on_writable, worker);
    for (last = &front->workers; *last; last = &(*last)->next)
        ;
    *last = worker;
    if (!worker->in || !worker->output || !worker->readable ||
        !worker->writable || event_add(worker->readable, NULL) < 0) {
        worker_free(worker);
        return NULL;
    }
    return worker;
}

struct worker *worker_start(struct front *front, struct seat *seat,
                            int generation)
{
    struct ends ends;
    struct slot *slot;
    struct worker *worker;
    pid_t pid;

    if (ends_make(&ends, &slot)) {
        log_event(LOG_ERROR, "worker.start_failed", "worker", seat->name,
                  "error", strerrorname_np(errno), NULL);
        return NULL;
    }
    worker = worker_new(front, seat, &ends, slot);
    if (!worker) {
        ends_close(&ends);
        return NULL;
    }
    pid = start_process(front, seat, generation, &ends);
    close(ends.stream[1]);
    close(ends.fds[1]);
    close(ends.slot);
    if (pid < 0) {
        log_event(LOG_ERROR, "worker.start_failed", "worker", seat->name,
                  "error", strerrorname_np(errno), NULL);
        worker_free(worker);
        return NULL;
    }
    worker->pid = pid;
    worker->generation = generation;
    worker->state = WORKER_STARTING;
    worker->started = front->now;
    front->counters.restarts++;
    log_event(LOG_INFO, "worker.start", "worker", seat->name, "pid",
              log_int(pid), "generation", log_int(generation), NULL);
    return worker;
}

void worker_stop(struct worker *worker)
{
    worker->retiring = true;
    if (!worker->retire_at)
        worker->retire_at = worker->front->now + DRAIN_MS;
    if (worker->stopped || worker->state == WORKER_BUSY)
        return;
    worker->stopped = true;
    worker->state = WORKER_STOPPING;
    worker_say(worker, FRAME_STOP, 0, 0, NULL, 0);
}

void worker_end(struct worker *worker, const char *kind)
{
    if (worker->kill_stage)
        return;
    worker->kill_stage = 1;
    worker->kind = kind;
    worker->retiring = true;
    worker->kill_at = worker->front->now + REPORT_MS;
    kill(worker->pid, SIGABRT);
    supervise_busy(worker->front);
}

void worker_end_check(struct worker *worker)
{
    if (worker->kill_stage == 1 && worker->front->now >= worker->kill_at) {
        worker->kill_stage = 2;
        kill(-worker->pid, SIGKILL); /* and what it may have started */
        kill(worker->pid, SIGKILL);
    }
}

/* What it was at, or had begun next, got no answer. */
static void fail_rest(struct exchange *exchange, bool late,
                      const char *incident)
{
    if (!exchange)
        return;
    exchange->worker = NULL;
    if (exchange->conn)
        exchange_fail_incident(exchange, late ? 504 : 500, incident);
    else
        exchange_orphan(exchange);
}

static void died(struct worker *worker, int status)
{
    struct front *front = worker->front;
    struct exchange *exchange, *ahead;
    char incident[16];
    bool planned = worker->stopped, late;

    /* What it said last may still lie in the socket: a whole answer counts;
     * but it gets no further request. */
    worker->retiring = true;
    if (!worker->kill_stage)
        worker_read(worker);
    dispatch_inherit(worker);
    kill(-worker->pid, SIGKILL);
    planned = planned && WIFEXITED(status) &&
              (WEXITSTATUS(status) == EXIT_PLANNED || WEXITSTATUS(status) == 0);
    incident[0] = '\0';
    if (!planned)
        blame_death(worker, status, incident);
    late = worker->kind && strcmp(worker->kind, "timeout") == 0;
    exchange = worker->exchange;
    ahead = worker->ahead;
    worker->exchange = worker->ahead = NULL;
    supervise_gone(worker, status, planned);
    worker_free(worker);
    fail_rest(exchange, late, incident);
    fail_rest(ahead, late, incident);
    dispatch_run(front, LANE_PAGES);
}

void workers_reap(struct front *front)
{
    int status;
    pid_t pid;

    front_now(front);
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct worker *worker = front->workers;

        while (worker && worker->pid != pid)
            worker = worker->next;
        if (worker)
            died(worker, status);
    }
}

void workers_kill(struct front *front)
{
    struct worker *worker;

    for (worker = front->workers; worker; worker = worker->next) {
        kill(-worker->pid, SIGKILL);
        kill(worker->pid, SIGKILL);
    }
}
