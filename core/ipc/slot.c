/*
 * slot.c - the shared page of a worker.
 *
 * One writer (the worker's main thread, or its signal handler), one reader
 * (the front) that looks when the writer is dead, stopped or late. The writer
 * fills a frame before it raises the depth, so that a reader never sees half
 * of one as valid.
 */
#include "base/banned.h"

#include "ipc/slot.h"

#include <sys/mman.h>

#include "base/clock.h"
#include "base/ctx.h"

enum { FRAME_MODULE = 1, FRAME_HOST = 2 };

struct slot_frame {
    uint32_t kind;
    char module[SLOT_MODULE_MAX];
    char entry[SLOT_ENTRY_MAX];
};

struct slot_number {
    char name[48];
    _Atomic int64_t value;
};

struct slot {
    _Atomic int32_t depth;
    _Atomic uint32_t soft, busy, loading, gauge_count, crashed;
    _Atomic int64_t since, limit_ms, lock_since;
    _Atomic uint64_t offer; /* given ahead, not yet taken; 0: nothing */
    char request[SLOT_REQUEST_MAX];
    char loading_version[SLOT_MODULE_MAX], loading_hash[SLOT_ENTRY_MAX];
    struct slot_frame frames[SLOT_DEPTH];
    struct slot_number gauges[SLOT_GAUGES];
    int32_t signal, trace_depth;
    uint64_t address, trace[SLOT_TRACE_MAX];
};

/* This process's own slot; NULL where it has none. Set once at start. */
static struct slot *own;
/* Whether the request or job in work has called a module. */
static bool module_called;

static void copy_text(char *out, size_t size, const char *text)
{
    size_t length = text ? strnlen(text, size - 1) : 0;

    if (length)
        memcpy(out, text, length);
    out[length] = '\0';
}

static void push(uint32_t kind, const char *module, const char *entry)
{
    int32_t depth;

    module_called |= kind == FRAME_MODULE;
    if (!own)
        return;
    depth = atomic_load_explicit(&own->depth, memory_order_relaxed);
    if (depth >= 0 && depth < SLOT_DEPTH) {
        struct slot_frame *frame = &own->frames[depth];

        frame->kind = kind;
        copy_text(frame->module, sizeof frame->module, module);
        copy_text(frame->entry, sizeof frame->entry, entry);
    }
    atomic_store_explicit(&own->depth, depth + 1, memory_order_release);
}

void slot_push(const char *module, const char *entry)
{
    push(FRAME_MODULE, module, entry);
}

void slot_push_host(const char *what)
{
    push(FRAME_HOST, "", what);
}

void slot_push_loading(const char *module, const char *version,
                       const char *hash)
{
    if (!own)
        return;
    copy_text(own->loading_version, sizeof own->loading_version, version);
    copy_text(own->loading_hash, sizeof own->loading_hash, hash);
    push(FRAME_MODULE, module, "load");
    atomic_store(&own->loading, (uint32_t)atomic_load(&own->depth));
}

void slot_pop(void)
{
    slot_unwind(slot_depth() - 1);
}

int slot_depth(void)
{
    return own ? atomic_load_explicit(&own->depth, memory_order_relaxed) : 0;
}

void slot_unwind(int depth)
{
    if (!own)
        return;
    if (depth < 0)
        depth = 0;
    atomic_store_explicit(&own->depth, depth, memory_order_release);
    if ((uint32_t)depth < atomic_load(&own->loading))
        atomic_store(&own->loading, 0);
}

bool slot_soft(void)
{
    return own && atomic_load_explicit(&own->soft, memory_order_relaxed);
}

void slot_lock_taken(void)
{
    if (own)
        atomic_store(&own->lock_since, clock_monotonic());
}

void slot_lock_given(void)
{
    if (own)
        atomic_store(&own->lock_since, 0);
}

void slot_gauge(const char *name, int64_t value)
{
    uint32_t i, count;

    if (!own)
        return;
    count = atomic_load(&own->gauge_count);
    for (i = 0; i < count; i++) {
        if (strcmp(own->gauges[i].name, name) == 0)
            break;
    }
    if (i == SLOT_GAUGES)
        return;
    atomic_store(&own->gauges[i].value, value);
    if (i == count) {
        copy_text(own->gauges[i].name, sizeof own->gauges[i].name, name);
        atomic_store(&own->gauge_count, count + 1);
    }
}

int slot_attach(int fd)
{
    void *page = mmap(NULL, sizeof(struct slot), PROT_READ | PROT_WRITE,
                      MAP_SHARED, fd, 0);

    if (page == MAP_FAILED)
        return E_IO;
    own = page;
    return 0;
}

bool slot_module_called(void)
{
    return module_called;
}

void slot_begin(const char *request, int64_t limit_ms)
{
    module_called = false;
    if (!own)
        return;
    copy_text(own->request, sizeof own->request, request);
    atomic_store(&own->soft, 0);
    atomic_store(&own->since, clock_monotonic());
    atomic_store(&own->limit_ms, limit_ms);
    atomic_store(&own->busy, 1);
}

void slot_finish(void)
{
    if (!own)
        return;
    atomic_store(&own->busy, 0);
    atomic_store(&own->lock_since, 0);
    atomic_store(&own->loading, 0);
    atomic_store(&own->depth, 0);
}

bool slot_take(uint64_t number)
{
    return !own || slot_withdraw(own, number);
}

void slot_crash(int signal, const void *address, void *const *trace, int depth)
{
    int i;

    if (!own)
        return;
    if (depth > SLOT_TRACE_MAX)
        depth = SLOT_TRACE_MAX;
    own->signal = signal;
    own->address = (uint64_t)(uintptr_t)address;
    for (i = 0; i < depth; i++)
        own->trace[i] = (uint64_t)(uintptr_t)trace[i];
    own->trace_depth = depth;
    atomic_store(&own->crashed, 1);
}

int slot_make(struct slot **out, int *fd)
{
    int file = memfd_create("tenon-slot", MFD_CLOEXEC);
    void *page;

    if (file < 0)
        return E_IO;
    if (ftruncate(file, sizeof(struct slot)) < 0)
        goto failed;
    page = mmap(NULL, sizeof(struct slot), PROT_READ | PROT_WRITE, MAP_SHARED,
                file, 0);
    if (page == MAP_FAILED)
        goto failed;
    *out = page;
    *fd = file;
    return 0;
failed:
    close(file);
    return E_IO;
}

void slot_free(struct slot *slot)
{
    if (slot)
        munmap(slot, sizeof *slot);
}

void slot_set_soft(struct slot *slot, bool soft)
{
    atomic_store(&slot->soft, soft);
}

bool slot_offer(struct slot *slot, uint64_t number)
{
    uint64_t none = 0;

    return atomic_compare_exchange_strong(&slot->offer, &none, number);
}

bool slot_withdraw(struct slot *slot, uint64_t number)
{
    return atomic_compare_exchange_strong(&slot->offer, &number, 0);
}

/* Hostile text: at most `size` bytes, printable ASCII, ended. */
static void take_text(char *out, const char *from, size_t size)
{
    size_t i;

    for (i = 0; i + 1 < size && from[i]; i++) {
        char c = from[i];

        out[i] = c < ' ' || c > '~' ? '?' : c;
    }
    out[i] = '\0';
}

static void take_crash(struct slot_copy *out, const struct slot *slot)
{
    int i;

    if (!atomic_load(&slot->crashed))
        return;
    out->signal = slot->signal > 0 && slot->signal < 65 ? slot->signal : 0;
    out->address = slot->address;
    out->trace_depth = slot->trace_depth;
    if (out->trace_depth < 0 || out->trace_depth > SLOT_TRACE_MAX)
        out->trace_depth = 0;
    for (i = 0; i < out->trace_depth; i++)
        out->trace[i] = slot->trace[i];
}

void slot_copy(struct slot_copy *out, const struct slot *slot)
{
    int i, depth = atomic_load(&slot->depth);

    memset(out, 0, sizeof *out);
    if (depth < 0)
        depth = 0;
    out->depth = depth > SLOT_DEPTH ? SLOT_DEPTH : depth;
    for (i = 0; i < out->depth; i++) {
        const struct slot_frame *from = &slot->frames[i];

        out->frames[i].host = from->kind != FRAME_MODULE;
        take_text(out->frames[i].module, from->module, SLOT_MODULE_MAX);
        take_text(out->frames[i].entry, from->entry, SLOT_ENTRY_MAX);
    }
    take_text(out->request, slot->request, SLOT_REQUEST_MAX);
    out->busy = atomic_load(&slot->busy) != 0;
    out->since = atomic_load(&slot->since);
    out->limit_ms = atomic_load(&slot->limit_ms);
    out->lock_since = atomic_load(&slot->lock_since);
    out->loading = atomic_load(&slot->loading) != 0;
    take_text(out->loading_version, slot->loading_version, SLOT_MODULE_MAX);
    take_text(out->loading_hash, slot->loading_hash, SLOT_ENTRY_MAX);
    take_crash(out, slot);
}

int slot_top_module(const struct slot_copy *copy)
{
    int i = copy->depth;

    while (--i >= 0) {
        if (!copy->frames[i].host && copy->frames[i].module[0])
            return i;
    }
    return -1;
}

void slot_gauges(const struct slot *slot,
                 void (*call)(void *argument, const char *name, int64_t value),
                 void *argument)
{
    uint32_t i, count = atomic_load(&slot->gauge_count);

    for (i = 0; i < count && i < SLOT_GAUGES; i++) {
        char name[48];

        take_text(name, slot->gauges[i].name, sizeof name);
        if (name[0] && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") ==
                           strlen(name))
            call(argument, name, atomic_load(&slot->gauges[i].value));
    }
}
