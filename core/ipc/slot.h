/*
 * slot.h - the shared page of a worker: who is to blame, and a few gauges.
 *
 * Each worker has one (a memfd, mapped by it and by the front). Every call
 * from the host into a module pushes a frame, and pops on return; a host call
 * that waits (lock, store, disk) pushes a host frame: waiting is not charged
 * to the module. When the worker dies or overruns, the front blames the top
 * of the stack. The front treats the page as hostile input (slot_copy).
 *
 * In a process without a slot (commands, unit tests) every function does
 * nothing, so that no caller has to ask.
 *
 * Called by store/, script/, plugin/, worker/ (writing) and front/ (reading).
 */
#ifndef IPC_SLOT_H
#define IPC_SLOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SLOT_DEPTH = 24,
    SLOT_MODULE_MAX = 64,
    SLOT_ENTRY_MAX = 96,
    SLOT_REQUEST_MAX = 32,
    SLOT_GAUGES = 16,
    SLOT_TRACE_MAX = 24,
};

/* ---- for those who call into modules, and for those who wait ---- */

/* A call into `module` ("hello"), `entry` says which ("page /hello"). */
void slot_push(const char *module, const char *entry);
/* The host waits: "lock", "commit", "disk". */
void slot_push_host(const char *what);
void slot_pop(void);
/* How deep the stack is, and back to that depth: for who jumps out of calls
 * (a Lua error leaves several frames at once). */
int slot_depth(void);
void slot_unwind(int depth);

/* Around dlopen or the first run of a module, before it is listed as loaded:
 * a death in here quarantines it at once. Pops as slot_push does. */
void slot_push_loading(const char *module, const char *version,
                       const char *hash);

/* True from the soft deadline on: every SDK call, the SQLite progress handler
 * and the Lua hook ask, and end the call with E_TIMEOUT. */
bool slot_soft(void);

/* The writer lock is held from here; while it is and a module's frame is on
 * top, the front ends the process after 250 ms. */
void slot_lock_taken(void);
void slot_lock_given(void);

/* A number for /metrics: "store_log_bytes". The sixteenth name is the last
 * that fits; further ones are dropped. */
void slot_gauge(const char *name, int64_t value);

/* ---- for worker/ ---- */

struct slot;

/* Maps the slot from its descriptor. 0 or E_IO. */
int slot_attach(int fd);
/* A request or job begins and ends. limit_ms 0: the front's own deadlines;
 * jobs say theirs. */
void slot_begin(const char *request, int64_t limit_ms);
void slot_finish(void);
/* Takes a request that was given ahead; false: it was withdrawn. */
bool slot_take(uint64_t number);
/* Whether a module was called since slot_begin. */
bool slot_module_called(void);
/* Async-signal-safe: the crash record. */
void slot_crash(int signal, const void *address, void *const *trace, int depth);

/* ---- for front/ ---- */

/* Makes a slot: a memfd for the child, and its mapping. 0 or E_IO. */
int slot_make(struct slot **out, int *fd);
void slot_free(struct slot *slot);
void slot_set_soft(struct slot *slot, bool soft);
/* A request that is given ahead (not 0) is its worker's from slot_take on;
 * until then slot_withdraw takes it back. True where it did: the worker has
 * not begun it, and never will. slot_offer gives false where the one before
 * was not taken yet. */
bool slot_offer(struct slot *slot, uint64_t number);
bool slot_withdraw(struct slot *slot, uint64_t number);

struct slot_frame_copy {
    bool host;
    char module[SLOT_MODULE_MAX]; /* "" for host frames */
    char entry[SLOT_ENTRY_MAX];
};

/* What the page says, made harmless: indexes in range, texts ended and
 * printable. */
struct slot_copy {
    int depth;
    struct slot_frame_copy frames[SLOT_DEPTH];
    char request[SLOT_REQUEST_MAX];
    bool busy;
    int64_t since, limit_ms; /* monotonic ms; of a job */
    int64_t lock_since;      /* 0: does not hold the writer lock */
    bool loading;
    char loading_version[SLOT_MODULE_MAX], loading_hash[SLOT_ENTRY_MAX];
    int signal; /* 0: no crash record */
    uint64_t address;
    int trace_depth;
    uint64_t trace[SLOT_TRACE_MAX];
};

void slot_copy(struct slot_copy *out, const struct slot *slot);
/* The topmost module frame's index, -1: none. */
int slot_top_module(const struct slot_copy *copy);
/* Calls back for each gauge with a well-formed name ([a-z0-9_]+). */
void slot_gauges(const struct slot *slot,
                 void (*call)(void *argument, const char *name, int64_t value),
                 void *argument);

#endif
