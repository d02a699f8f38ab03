/*
 * lock.c - the site's one writer lock, in the shared page run/lock.
 *
 * A robust mutex with priority inheritance in a mapped file: without
 * inheritance the process that gives it takes it again before a sleeper has
 * woken (store.md has the figures). It must not be a lock file: those know no
 * queue. What outlives a start (a mutex of a dead boot, numbers of dead
 * processes) is wiped by the first opener, who alone gets an exclusive flock.
 */
#include "base/banned.h"

#include "store/lock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/log.h"
#include "ipc/slot.h"
#include "store/tree.h"

enum { WAIT_MS = 30 * 1000, OPEN_WAIT_MS = 5000, OPEN_STEP_MS = 20 };

static void nap(int ms)
{
    struct timespec time = { ms / 1000, (long)(ms % 1000) * 1000000 };

    nanosleep(&time, NULL);
}

/* The calls of pthread.h that make the mutex; kernels without futex PI get
 * one without inheritance. */
static int make_mutex(pthread_mutex_t *mutex)
{
    static const int protocols[] = { PTHREAD_PRIO_INHERIT, PTHREAD_PRIO_NONE };
    size_t i;

    for (i = 0; i < sizeof protocols / sizeof *protocols; i++) {
        pthread_mutexattr_t attributes;
        int rc;

        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
        pthread_mutexattr_setprotocol(&attributes, protocols[i]);
        memset(mutex, 0, sizeof *mutex);
        rc = pthread_mutex_init(mutex, &attributes);
        pthread_mutexattr_destroy(&attributes);
        if (rc == 0 && pthread_mutex_lock(mutex) == 0)
            return pthread_mutex_unlock(mutex);
    }
    return ENOTSUP;
}

static bool page_good(const struct lock_page *page)
{
    return atomic_load(&page->magic) == LOCK_PAGE_MAGIC &&
           page->version == LOCK_PAGE_VERSION && page->size == sizeof *page;
}

/* In which namespace numbers of processes mean what they mean here. */
static uint64_t processes(void)
{
    struct stat info;

    return stat("/proc/self/ns/pid", &info) == 0 ? info.st_ino : 0;
}

/* Wipes and fills the page. The turn of node numbers goes on, so that a
 * number rests for long before it is given again. So do the commits' numbers:
 * a front that outlived its workers still holds answers by them, and what was
 * done but not durable stays so until somebody has synced the log. */
static int make_page(struct lock_page *page, struct ctx *ctx)
{
    bool good = page_good(page);
    /* Beyond all that another version may have reached. */
    uint64_t first = (uint64_t)clock_now() << 10;
    uint32_t next = good ? atomic_load(&page->next_node) : 0;
    uint64_t begun = good ? atomic_load(&page->begun) : first;
    uint64_t durable = good ? atomic_load(&page->durable) : 0;
    int rc;

    atomic_store(&page->magic, 0);
    memset(page, 0, sizeof *page);
    page->version = LOCK_PAGE_VERSION;
    page->size = sizeof *page;
    atomic_store(&page->next_node, next);
    atomic_store(&page->begun, begun);
    atomic_store(&page->done, begun);
    atomic_store(&page->durable, durable < begun ? durable : begun);
    random_bytes(page->meter_key, sizeof page->meter_key);
    page->processes = processes();
    rc = make_mutex(&page->mutex);
    if (rc)
        return fail(ctx, E_IO, "store.lock_page",
                    "this system has no robust shared mutex (%s)",
                    strerrordesc_np(rc));
    atomic_store(&page->magic, LOCK_PAGE_MAGIC);
    return 0;
}

/* Gets a shared flock; somebody may hold an exclusive one for a moment while
 * the page is made, or for long while the site is restored. */
static int share_file(int fd, struct ctx *ctx)
{
    int64_t end = clock_monotonic() + OPEN_WAIT_MS;

    while (flock(fd, LOCK_SH | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail(ctx, E_IO, "store.lock_page",
                        "run/lock of the site cannot be locked: %s",
                        strerrordesc_np(errno));
        if (clock_monotonic() > end)
            return fail(ctx, E_BUSY, "store.excluded",
                        "the site is being restored; try again when that "
                        "is done");
        nap(OPEN_STEP_MS);
    }
    return 0;
}

static int open_file(int *fd, struct ctx *ctx, const char *folder,
                     const char *name)
{
    const char *path = arena_printf(ctx->arena, "%s/run/%s", folder, name);

    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0)
        return fail(ctx, E_IO, "store.lock_page", "%s cannot be opened: %s",
                    path, strerrordesc_np(errno));
    tree_give(path, folder);
    return 0;
}

/* A number between 0 and 4095 that no living process has (base/clock.h). */
static void lease_node(struct lock *lock)
{
    struct lock_page *page = lock->page;
    int32_t own = (int32_t)getpid();
    int i;

    for (i = 0; i < LOCK_NODES; i++) {
        uint32_t node = atomic_fetch_add(&page->next_node, 1) % LOCK_NODES;
        int32_t pid = atomic_load(&page->nodes[node]);

        if (pid > 0 && (kill(pid, 0) == 0 || errno == EPERM))
            continue;
        if (atomic_compare_exchange_strong(&page->nodes[node], &pid, own)) {
            lock->node = (int)node;
            id_node(lock->node);
            return;
        }
    }
}

static int map_page(struct lock *lock, struct ctx *ctx, bool *alone)
{
    struct stat info;
    void *page;
    int rc;

    *alone = flock(lock->fd, LOCK_EX | LOCK_NB) == 0;
    if (!*alone) {
        rc = share_file(lock->fd, ctx);
        if (rc)
            return rc;
    }
    if (fstat(lock->fd, &info) < 0 ||
        (*alone && ftruncate(lock->fd, sizeof(struct lock_page)) < 0) ||
        (!*alone && info.st_size < (off_t)sizeof(struct lock_page)))
        return fail(ctx, E_IO, "store.lock_page",
                    "run/lock of the site has the wrong size");
    /* Room is taken now: a write to a hole of a full disk is a SIGBUS. */
    if (*alone && posix_fallocate(lock->fd, 0, sizeof(struct lock_page)) != 0)
        return fail(ctx, E_FULL, "store.full", "no room on the disk");
    page = mmap(NULL, sizeof(struct lock_page), PROT_READ | PROT_WRITE,
                MAP_SHARED, lock->fd, 0);
    if (page == MAP_FAILED)
        return fail(ctx, E_IO, "store.lock_page",
                    "run/lock of the site cannot be mapped");
    lock->page = page;
    if (*alone) {
        rc = make_page(lock->page, ctx);
        if (rc)
            return rc;
        return share_file(lock->fd, ctx);
    }
    if (!page_good(lock->page))
        return fail(ctx, E_UNAVAILABLE, "store.other_version",
                    "another version of the program has this site open; "
                    "stop it first");
    /* The mutex and the leases of node numbers name processes. */
    if (lock->page->processes != processes())
        return fail(ctx, E_UNAVAILABLE, "store.other_processes",
                    "the site is open in another container, whose processes "
                    "cannot be seen from here; run this there, as in: docker "
                    "exec CONTAINER tenon ...");
    return 0;
}

int lock_open(struct lock *lock, struct ctx *ctx, const char *folder,
              bool *first)
{
    bool alone = true;
    int rc;

    *lock = (struct lock){ .fd = -1, .node = -1 };
    if (!folder) {
        void *page =
            mmap(NULL, sizeof(struct lock_page), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (page == MAP_FAILED)
            return fail(ctx, E_IO, "store.lock_page", "no memory for a page");
        lock->page = page;
        rc = make_page(lock->page, ctx);
    } else {
        rc = open_file(&lock->fd, ctx, folder, "lock");
        if (!rc)
            rc = map_page(lock, ctx, &alone);
        if (!rc)
            lease_node(lock);
    }
    if (rc)
        lock_close(lock);
    if (first)
        *first = alone;
    return rc;
}

void lock_close(struct lock *lock)
{
    assert(!lock->held);
    if (lock->page) {
        if (lock->node >= 0) {
            int32_t own = (int32_t)getpid();

            atomic_compare_exchange_strong(&lock->page->nodes[lock->node], &own,
                                           0);
        }
        munmap(lock->page, sizeof *lock->page);
    }
    if (lock->fd >= 0)
        close(lock->fd);
    *lock = (struct lock){ .fd = -1, .node = -1 };
}

/* The holder died: what it had begun is either in the log or not, nobody
 * will be told; who watches a change counter must look again. */
static void take_over(struct lock_page *page)
{
    pthread_mutex_consistent(&page->mutex);
    atomic_store(&page->done, atomic_load(&page->begun));
    atomic_fetch_add(&page->deaths, 1);
}

bool lock_adopt(struct lock_page *page)
{
    int rc = pthread_mutex_trylock(&page->mutex);

    if (rc == EOWNERDEAD) {
        take_over(page);
        atomic_store(&page->holder, 0);
        atomic_store(&page->state, LOCK_FREE);
    }
    if (rc == 0 || rc == EOWNERDEAD)
        pthread_mutex_unlock(&page->mutex);
    return rc == EOWNERDEAD;
}

/* ---- the bell: "a commit waits for the disk" ---- */

static long futex(_Atomic uint32_t *word, int what, uint32_t value,
                  const struct timespec *time)
{
    return syscall(SYS_futex, word, what, value, time, NULL, 0);
}

void lock_ring(struct lock_page *page)
{
    atomic_fetch_add(&page->bell, 1);
    if (atomic_load(&page->sleeping))
        futex(&page->bell, FUTEX_WAKE, INT_MAX, NULL);
}

void lock_listen(struct lock_page *page, uint32_t heard, int ms)
{
    struct timespec time = { ms / 1000, (long)(ms % 1000) * 1000000 };

    atomic_store(&page->sleeping, 1);
    if (atomic_load(&page->bell) == heard)
        futex(&page->bell, FUTEX_WAIT, heard, &time);
    atomic_store(&page->sleeping, 0);
}

void lock_publish(struct lock_page *page, uint64_t number)
{
    uint64_t before = atomic_load(&page->durable);

    while (before < number &&
           !atomic_compare_exchange_weak(&page->durable, &before, number))
        ;
}

static int wait_mutex(pthread_mutex_t *mutex, int64_t end)
{
    int64_t left = end - clock_monotonic();
    struct timespec time;
    int rc;

    if (left < 0)
        left = 0;
    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_sec += left / 1000;
    time.tv_nsec += (long)(left % 1000) * 1000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000;
    }
    rc = pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &time);
    if (rc != EINVAL)
        return rc;
    /* Kernels before 5.14 know the wall clock only for this kind. */
    clock_gettime(CLOCK_REALTIME, &time);
    time.tv_sec += left / 1000 + 1;
    return pthread_mutex_timedlock(mutex, &time);
}

static int refuse(struct lock *lock, struct ctx *ctx, const char *purpose)
{
    struct lock_page *page = lock->page;
    char process[LOCK_PROCESS_MAX], held[LOCK_PURPOSE_MAX];

    snprintf(process, sizeof process, "%.*s", LOCK_PROCESS_MAX - 1,
             page->process);
    snprintf(held, sizeof held, "%.*s", LOCK_PURPOSE_MAX - 1, page->purpose);
    log_ctx(ctx, LOG_WARN, "store.lock_timeout", "wanted_for", purpose,
            "holder", log_int(atomic_load(&page->holder)), "holder_process",
            process, "held_for", held, "held_ms",
            log_int(clock_monotonic() - atomic_load(&page->since)), NULL);
    return fail(ctx, E_BUSY, "store.busy",
                "another change takes long; try again in a moment");
}

static void holder_died(struct lock_page *page)
{
    take_over(page);
    log_event(LOG_WARN, "store.holder_died", "pid",
              log_int(atomic_load(&page->holder)), NULL);
}

static void have(struct lock *lock, const char *purpose)
{
    struct lock_page *page = lock->page;

    lock->held = true;
    atomic_store(&page->since, clock_monotonic());
    snprintf(page->process, sizeof page->process, "%s", log_process_name());
    snprintf(page->purpose, sizeof page->purpose, "%s", purpose);
    atomic_store(&page->state, LOCK_WRITING);
    atomic_store(&page->holder, (int32_t)getpid());
    slot_lock_taken();
}

bool lock_try(struct lock *lock, const char *purpose)
{
    int rc = pthread_mutex_trylock(&lock->page->mutex);

    assert(!lock->held);
    if (rc == EOWNERDEAD)
        holder_died(lock->page);
    else if (rc)
        return false;
    have(lock, purpose);
    return true;
}

int lock_take(struct lock *lock, struct ctx *ctx, const char *purpose,
              int64_t deadline)
{
    struct lock_page *page = lock->page;
    int rc;

    assert(!lock->held);
    rc = pthread_mutex_trylock(&page->mutex);
    if (rc == EBUSY) {
        slot_push_host("lock");
        rc = wait_mutex(&page->mutex,
                        deadline ? deadline : clock_monotonic() + WAIT_MS);
        slot_pop();
    }
    if (rc == EOWNERDEAD) {
        holder_died(page);
        rc = 0;
    }
    if (rc == ETIMEDOUT)
        return refuse(lock, ctx, purpose);
    if (rc)
        return fail(ctx, E_INTERNAL, "store.lock_page",
                    "the writer lock is broken (%s)", strerrordesc_np(rc));
    have(lock, purpose);
    return 0;
}

void lock_give(struct lock *lock)
{
    assert(lock->held);
    atomic_store(&lock->page->holder, 0);
    atomic_store(&lock->page->state, LOCK_FREE);
    lock->held = false;
    pthread_mutex_unlock(&lock->page->mutex);
    slot_lock_given();
}

void lock_state(struct lock *lock, enum lock_state state)
{
    atomic_store(&lock->page->state, state);
    if (state == LOCK_WRITING)
        slot_lock_taken();
    else
        slot_lock_given();
}

static int exclude(int *fd, struct ctx *ctx, const char *folder,
                   const char *name)
{
    int rc = open_file(fd, ctx, folder, name);

    if (rc)
        return rc;
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    close(*fd);
    *fd = -1;
    return fail(ctx, E_BUSY, "store.served",
                "the site is being served or used; stop it first");
}

int lock_exclude(int *fd, struct ctx *ctx, const char *folder)
{
    return exclude(fd, ctx, folder, "lock");
}

int lock_service(int *fd, struct ctx *ctx, const char *folder)
{
    return exclude(fd, ctx, folder, "serve.lock");
}
