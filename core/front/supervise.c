/*
 * supervise.c - seats, restarts with back-off, generations.
 *
 * A seat has a current worker and, while it is being replaced, the next one.
 * A roll (generation g+1) goes through the seats in order: the first of
 * pages is the probe; if it fails, g stays.
 */
#include "base/banned.h"

#include "front/supervise.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "front/answer.h"
#include "front/control_socket.h"
#include "front/disk.h"
#include "front/dispatch.h"
#include "front/front.h"
#include "front/process.h"
#include "front/rules.h"
#include "front/service.h"
#include "front/state.h"
#include "front/stream.h"

enum {
    PAGES_AWAY_MIN = 12, /* their commits share the server's syncs */
    BACKOFF_MAX_MS = 5000,
    BACKOFF_STEP_MS = 100,
    STABLE_MS = 10 * 1000, /* who lived so long starts anew at 0 */
    LOCK_MS = 250,
    JOB_MAX_MS = 3600 * 1000,
    JOB_GRACE_MS = 2000,
    FIRST_TRIES = 3,
    ROLL_TRIES = 3,
    TICK_MS = 50,
    CORES_PER_WRITER = 2,
};

struct roll {
    int generation, position, tries;
    bool probed;
};

/* Files that are in an object store are read and written in the net lane. */
static int net_workers(const struct front *front)
{
    if (front->settings->net_workers)
        return front->settings->net_workers;
    return site_files_away(front->site) ? NET_WORKERS_FILES : 1;
}

/* Where the database is another server, workers wait for it. */
static bool store_is_away(const struct front *front)
{
    return text_equal(front->settings->store.driver, "postgresql");
}

static int job_workers(const struct front *front)
{
    int count = front->settings->job_workers;

    if (count <= 0)
        count = store_is_away(front) ? 2 : 1;
    return count < JOB_SEATS_MAX ? count : JOB_SEATS_MAX;
}

static int usual_pages(const struct front *front)
{
    int count = (int)sysconf(_SC_NPROCESSORS_ONLN);

    if (count < 3)
        count = 3;
    if (!store_is_away(front))
        return count;
    return count * 2 < PAGES_AWAY_MIN ? PAGES_AWAY_MIN : count * 2;
}

/* A store with one writer is not made faster by many that wait for it. */
static int quick_writers(const struct front *front)
{
    int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);

    if (store_is_away(front))
        return PAGE_SEATS_MAX;
    return cores < CORES_PER_WRITER ? 1 : cores / CORES_PER_WRITER;
}

void supervise_init(struct front *front)
{
    int net_count = net_workers(front), lane, index;

    front->page_count = front->settings->page_workers;
    if (front->page_count <= 0)
        front->page_count = usual_pages(front);
    if (front->page_count > PAGE_SEATS_MAX)
        front->page_count = PAGE_SEATS_MAX;
    front->quick_writers = quick_writers(front);
    for (lane = 0; lane < LANES; lane++) {
        int count = lane == LANE_PAGES  ? front->page_count
                    : lane == LANE_NET  ? net_count
                    : lane == LANE_JOBS ? job_workers(front)
                                        : 1;

        for (index = 0; index < count; index++) {
            struct seat *seat = &front->seats[front->seat_count++];

            seat->lane = (enum lane)lane;
            seat->index = index;
            if (count > 1)
                snprintf(seat->name, sizeof seat->name, "%s-%d",
                         lane_names[lane], index + 1);
            else
                snprintf(seat->name, sizeof seat->name, "%s", lane_names[lane]);
        }
    }
    front->generation_number = 1;
}

/* run/generation.json: how the last change of modules went. */
static void publish(struct front *front, const char *state, const char *error)
{
    char time_text[TIME_TEXT_MAX];
    struct buf buf;
    int fd;

    instant_format(time_text, clock_now());
    buf_init(&buf, NULL, 4096);
    buf_addf(&buf, "{\"generation\":%d,\"state\":\"%s\",\"time\":\"%s\"",
             front->generation ? generation_number(front->generation) : 0,
             state, time_text);
    if (error) {
        buf_add_text(&buf, ",\"error\":");
        buf_add_json(&buf, error, strlen(error));
    }
    buf_add_text(&buf, "}\n");
    fd = openat(front->run_fd, ".generation.part",
                O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0) {
        bool ok = write(fd, buf.data, buf.length) == (ssize_t)buf.length;

        close(fd);
        if (ok)
            renameat(front->run_fd, ".generation.part", front->run_fd,
                     "generation.json");
    }
    buf_free(&buf);
}

static int backoff(int failures)
{
    int ms = BACKOFF_STEP_MS;

    if (failures <= 1)
        return 0;
    while (--failures > 1 && ms < BACKOFF_MAX_MS)
        ms *= 2;
    return ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
}

/* Before the first page worker is ready only it and the keeper start: what is
 * wrong with the site is then said once. */
static bool may_start(const struct front *front, const struct seat *seat)
{
    return disk_may_start(front, (int)seat->lane) &&
           (front->generation || seat->lane == LANE_KEEPER ||
            (seat->lane == LANE_PAGES && seat->index == 0));
}

static void start_current(struct front *front, struct seat *seat)
{
    if (seat->current || front->now < seat->start_at || !may_start(front, seat))
        return;
    if (seat->next) { /* its replacement takes the place as it is */
        seat->current = seat->next;
        seat->next = NULL;
        return;
    }
    seat->current = worker_start(front, seat, front->generation_number);
    if (!seat->current)
        seat->start_at = front->now + BACKOFF_MAX_MS;
}

static void start_next(struct front *front, struct seat *seat)
{
    if (!seat->replace || seat->next || front->now < seat->start_at ||
        !may_start(front, seat))
        return;
    seat->next = worker_start(front, seat, front->generation_number);
    if (!seat->next)
        seat->start_at = front->now + BACKOFF_MAX_MS;
}

/* ---- generations ---- */

static void roll_end(struct front *front)
{
    free(front->roll);
    front->roll = NULL;
    /* Open pages about modules show what became of it. */
    stream_event(front, 0, 0, STR("modules"));
    if (front->roll_again) {
        front->roll_again = false;
        supervise_reload(front, "again");
    }
}

/* Moves on to the next seat that still has an old worker. */
static void roll_advance(struct front *front)
{
    struct roll *roll = front->roll;

    for (; roll->position < front->seat_count; roll->position++) {
        struct seat *seat = &front->seats[roll->position];

        if (seat->lane == LANE_KEEPER)
            continue;
        if (seat->current && seat->current->generation == roll->generation)
            continue;
        if (!seat->current && seat->next == NULL && roll->probed)
            continue; /* its restart is of the new generation anyway */
        seat->replace = true;
        start_next(front, seat);
        return;
    }
    log_event(LOG_INFO, "generation.complete", "generation",
              log_int(roll->generation), NULL);
    publish(front, "ready", NULL);
    roll_end(front);
}

void supervise_reload(struct front *front, const char *why)
{
    if (front->stopping)
        return;
    if (!front->generation) {
        front->generation_number++; /* nothing is there to be replaced */
        return;
    }
    if (front->roll) {
        front->roll_again = true;
        return;
    }
    front->roll = calloc(1, sizeof *front->roll);
    if (!front->roll)
        return;
    front->roll->generation = ++front->generation_number;
    log_event(LOG_INFO, "generation.begin", "generation",
              log_int(front->generation_number), "why", why, NULL);
    publish(front, "rolling", NULL);
    roll_advance(front);
}

/* The first of the new generation failed: the old one stays. */
static void roll_failed(struct front *front, const struct worker *worker,
                        int status)
{
    char why[640];

    if (worker->failure[0])
        snprintf(why, sizeof why, "%s", worker->failure);
    else if (worker->kind)
        snprintf(why, sizeof why, "the first worker was ended: %s",
                 worker->kind);
    else
        snprintf(why, sizeof why, "the first worker ended with %s %d",
                 WIFSIGNALED(status) ? "signal" : "code",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    log_event(LOG_ERROR, "generation.failed", "generation",
              log_int(worker->generation), "why", why, NULL);
    publish(front, "failed", why);
    worker->seat->replace = false;
    roll_end(front);
}

static void roll_lost(struct front *front, struct worker *worker, int status)
{
    struct roll *roll = front->roll;

    if (!roll->probed) {
        roll_failed(front, worker, status);
        return;
    }
    if (++roll->tries < ROLL_TRIES) {
        worker->seat->start_at = front->now + backoff(roll->tries + 1);
        return;
    }
    log_event(LOG_ERROR, "generation.seat_kept", "worker", worker->seat->name,
              NULL);
    worker->seat->replace = false;
    roll->tries = 0;
    roll->position++;
    roll_advance(front);
}

/* ---- what workers tell ---- */

static void adopt(struct front *front, struct worker *worker)
{
    generation_open(worker->loading, front);
    generation_free(front->generation);
    front->generation = worker->loading;
    worker->loading = NULL;
}

void supervise_ready(struct worker *worker)
{
    struct front *front = worker->front;
    struct seat *seat = worker->seat;
    bool first = !front->generation;

    worker->state = WORKER_IDLE;
    worker->ready_at = front->now;
    log_event(LOG_INFO, "worker.ready", "worker", seat->name, "pid",
              log_int(worker->pid), "generation", log_int(worker->generation),
              "ms", log_int(front->now - worker->started), NULL);
    if (seat->lane == LANE_PAGES &&
        (!front->generation ||
         worker->generation > generation_number(front->generation)))
        adopt(front, worker);
    generation_free(worker->loading);
    worker->loading = NULL;
    if (seat->next == worker) {
        seat->next = NULL;
        seat->replace = false;
        if (seat->current)
            worker_stop(seat->current);
        seat->current = worker;
    }
    if (first && front->generation)
        publish(front, "ready", NULL);
    if (!front->ready && front->generation)
        service_ready(front);
    if (front->roll && worker->generation == front->roll->generation) {
        front->roll->probed = true;
        front->roll->tries = 0;
    }
    /* Also after one of the old: it was starting to replace a worker when the
     * roll came to its seat, which waits for the new one since. */
    if (front->roll)
        roll_advance(front);
    supervise_tick(front);
    dispatch_run(front, (int)seat->lane);
}

/* The very first worker can't start: nothing was ever served, so say why and
 * end, where starting again would not help. */
static void first_failed(struct front *front, struct worker *worker, int status)
{
    bool fatal = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FATAL;

    if (front->generation || front->stopping ||
        (!fatal && worker->seat->failures < FIRST_TRIES))
        return;
    if (worker->quarantined)
        return; /* its module is in quarantine now; the next try goes without it
                 */
    fprintf(stderr, "tenon: %s\n",
            worker->failure[0]
                ? worker->failure
                : "the first worker does not start; see the log");
    front->exit_code = 1;
    front_stop(front);
}

void supervise_gone(struct worker *worker, int status, bool planned)
{
    struct front *front = worker->front;
    struct seat *seat = worker->seat;
    bool current = seat->current == worker, next = seat->next == worker;

    if (planned)
        log_event(LOG_INFO, "worker.end", "worker", seat->name, "pid",
                  log_int(worker->pid), NULL);
    if (!current && !next)
        return;
    if (worker->ready_at && front->now - worker->ready_at > STABLE_MS)
        seat->failures = 0;
    if (!planned) {
        seat->failures++;
        seat->start_at = front->now + backoff(seat->failures);
    }
    if (seat->lane == LANE_KEEPER)
        control_lost(front);
    if (current)
        seat->current = NULL;
    if (next)
        seat->next = NULL;
    if (front->stopping)
        return;
    if (front->roll && worker->generation == front->roll->generation &&
        worker->state == WORKER_STARTING)
        roll_lost(front, worker, status);
    first_failed(front, worker, status);
    supervise_tick(front);
}

void supervise_recycle(struct worker *worker)
{
    struct seat *seat = worker->seat;

    if (seat->current != worker || seat->replace || worker->front->stopping)
        return;
    worker->front->counters.recycled++;
    seat->replace = true;
    start_next(worker->front, seat);
}

void supervise_nudge(struct front *front)
{
    struct worker *worker;

    for (worker = front->workers; worker; worker = worker->next) {
        if (worker->seat->lane == LANE_JOBS && worker->state == WORKER_IDLE &&
            !worker->retiring)
            worker_say(worker, FRAME_NUDGE, 0, 0, NULL, 0);
    }
}

/* ---- deadlines ---- */

/* Jobs and the keeper have no exchange: their slot says since when they work
 * and how long they may. */
static bool own_deadline(struct worker *worker, const struct slot_copy *slot)
{
    int64_t now = worker->front->now, limit = slot->limit_ms;

    if (!slot->busy || limit <= 0)
        return false;
    if (limit > JOB_MAX_MS)
        limit = JOB_MAX_MS;
    if (now - slot->since > limit)
        slot_set_soft(worker->slot, true);
    return now - slot->since > limit + JOB_GRACE_MS;
}

static bool page_deadline(struct worker *worker)
{
    const struct settings *settings = worker->front->settings;
    int64_t age = worker->front->now - worker->busy_since;

    if (!worker->soft && age > settings->soft_ms) {
        worker->soft = true;
        slot_set_soft(worker->slot, true);
    }
    return age > settings->hard_ms;
}

/* A module that runs while its worker holds the writer lock gets 250 ms. */
static bool holds_lock_too_long(const struct worker *worker,
                                const struct slot_copy *slot)
{
    int top = slot_top_module(slot);

    return slot->lock_since > 0 && top >= 0 && top == slot->depth - 1 &&
           worker->front->now - slot->lock_since > LOCK_MS;
}

/* True where it has to be looked at again soon. */
static bool check_worker(struct worker *worker)
{
    struct slot_copy slot;

    if (worker->kill_stage) {
        worker_end_check(worker);
        return true;
    }
    if (worker->state == WORKER_BUSY) {
        slot_copy(&slot, worker->slot);
        if (page_deadline(worker))
            worker_end(worker, "timeout");
        else if (holds_lock_too_long(worker, &slot))
            worker_end(worker, "lock");
        return true;
    }
    if (worker->seat->lane == LANE_JOBS || worker->seat->lane == LANE_KEEPER) {
        slot_copy(&slot, worker->slot);
        if (own_deadline(worker, &slot))
            worker_end(worker, "timeout");
        else if (holds_lock_too_long(worker, &slot))
            worker_end(worker, "lock");
        return slot.busy;
    }
    return false;
}

static void on_worker_tick(evutil_socket_t fd, short what, void *argument)
{
    static const struct timeval soon = { .tv_usec = TICK_MS * 1000 };
    struct front *front = argument;
    struct worker *worker;
    bool again = false;

    (void)fd;
    (void)what;
    front_now(front);
    for (worker = front->workers; worker; worker = worker->next)
        again |= check_worker(worker);
    /* What writes may have waited long enough for what is not quick. */
    dispatch_run(front, LANE_PAGES);
    if (again)
        event_add(front->worker_tick, &soon);
}

void supervise_busy(struct front *front)
{
    static const struct timeval soon = { .tv_usec = TICK_MS * 1000 };

    if (!front->worker_tick)
        front->worker_tick =
            event_new(front->base, -1, 0, on_worker_tick, front);
    if (front->worker_tick &&
        !event_pending(front->worker_tick, EV_TIMEOUT, NULL))
        event_add(front->worker_tick, &soon);
}

/* A migration (a host frame on top) takes as long as it takes; the time is
 * for what comes before and after it. */
static bool starts_too_long(struct worker *worker)
{
    struct slot_copy slot;

    slot_copy(&slot, worker->slot);
    if (!worker->start_by || (slot.depth && slot.frames[slot.depth - 1].host))
        worker->start_by = worker->front->now + START_MS;
    return worker->front->now > worker->start_by;
}

/* A job takes the time that it may (own_deadline), unless the service ends. */
static bool drains_too_long(struct worker *worker)
{
    const struct front *front = worker->front;
    struct slot_copy slot;

    if (!worker->retiring || !worker->retire_at ||
        front->now <= worker->retire_at)
        return false;
    if (worker->seat->lane != LANE_JOBS || front->stopping)
        return true;
    slot_copy(&slot, worker->slot);
    return !slot.busy;
}

void supervise_tick(struct front *front)
{
    struct worker *worker;
    int i;

    for (worker = front->workers; worker; worker = worker->next) {
        if (worker->state == WORKER_STARTING && !worker->kill_stage &&
            starts_too_long(worker))
            worker_end(worker, "start");
        if (drains_too_long(worker))
            worker_end(worker, "drain");
        if (worker->seat->lane >= LANE_JOBS || worker->kill_stage)
            supervise_busy(front);
    }
    if (front->stopping)
        return;
    for (i = 0; i < front->seat_count; i++) {
        start_current(front, &front->seats[i]);
        start_next(front, &front->seats[i]);
    }
}

void supervise_stop(struct front *front)
{
    struct worker *worker;

    free(front->roll);
    front->roll = NULL;
    for (worker = front->workers; worker; worker = worker->next)
        worker_stop(worker);
}
