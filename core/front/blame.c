/*
 * blame.c - incidents and quarantine.
 */
#include "base/banned.h"

#include "front/blame.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/str.h"
#include "front/rules.h"
#include "front/state.h"
#include "front/supervise.h"

enum {
    WINDOW_MS = 60 * 1000,
    STRIKES = 3,
    SUSPECTS = 64,
    RECORD_MAX = 16 * 1024,
    INCIDENTS_MAX = 1000, /* files that wait to be collected */
};

/* The last strikes of one module's version. */
struct suspect {
    char module[SLOT_MODULE_MAX], version[64], hash[80];
    int64_t at[STRIKES];
};

struct blame {
    struct suspect suspects[SUSPECTS];
    int written;
    int64_t written_since;
};

int blame_init(struct front *front)
{
    front->blame = calloc(1, sizeof *front->blame);
    return front->blame ? 0 : -1;
}

void blame_free(struct front *front)
{
    free(front->blame);
    front->blame = NULL;
}

/* What is said about one death. */
struct verdict {
    const char *kind;
    char incident[16];
    char module[SLOT_MODULE_MAX], version[64], hash[80];
    char entry[SLOT_ENTRY_MAX], request[SLOT_REQUEST_MAX];
    char waiting[SLOT_ENTRY_MAX]; /* the host frame on top */
    bool loading;
    int signal, exit_code;
};

/* "7K3F9QXM": 40 random bits, without letters that look like digits. */
static void incident_number(char out[16])
{
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    unsigned char bytes[8];
    int i;

    random_bytes(bytes, sizeof bytes);
    for (i = 0; i < 8; i++)
        out[i] = letters[bytes[i] % 32];
    out[8] = '\0';
}

static const char *kind_of(const struct worker *worker, int status)
{
    if (worker->kind)
        return worker->kind;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SICK)
        return "sick";
    if (worker->state == WORKER_STARTING)
        return "start";
    return WIFSIGNALED(status) ? "crash" : "exit";
}

static void find_version(struct verdict *verdict, const struct front *front)
{
    struct str version, hash;

    generation_module(front->generation, verdict->module, &version, &hash);
    snprintf(verdict->version, sizeof verdict->version, "%.*s",
             (int)version.length, version.data);
    snprintf(verdict->hash, sizeof verdict->hash, "%.*s", (int)hash.length,
             hash.data);
}

/* Nonsense in the frames is read when the call that wrote it may be over, and
 * a link that was closed is missed when the answer shall leave: then it was
 * the module of the route. */
static void blame_route(struct verdict *verdict, const struct worker *worker)
{
    bool nonsense = worker->kind && (strcmp(worker->kind, "protocol") == 0 ||
                                     strcmp(worker->kind, "descriptor") == 0);
    bool cut = !worker->kind && verdict->exit_code == EXIT_PLANNED;

    if (!worker->exchange || !worker->exchange->module[0] ||
        (!nonsense && !cut))
        return;
    memcpy(verdict->module, worker->exchange->module, sizeof verdict->module);
    snprintf(verdict->entry, sizeof verdict->entry, "answer");
    find_version(verdict, worker->front);
}

static void find_guilty(struct verdict *verdict, const struct slot_copy *slot,
                        const struct worker *worker)
{
    bool late = worker->kind && (strcmp(worker->kind, "timeout") == 0 ||
                                 strcmp(worker->kind, "lock") == 0);
    int top = slot_top_module(slot);

    if (slot->depth && slot->frames[slot->depth - 1].host)
        memcpy(verdict->waiting, slot->frames[slot->depth - 1].entry,
               sizeof verdict->waiting);
    /* Waiting is not the module's fault; a crash below it is. */
    if (top < 0 || (late && top != slot->depth - 1)) {
        blame_route(verdict, worker);
        return;
    }
    memcpy(verdict->module, slot->frames[top].module, sizeof verdict->module);
    memcpy(verdict->entry, slot->frames[top].entry, sizeof verdict->entry);
    verdict->loading = slot->loading;
    if (slot->loading) {
        memcpy(verdict->version, slot->loading_version,
               sizeof verdict->version);
        snprintf(verdict->hash, sizeof verdict->hash, "%.79s",
                 slot->loading_hash);
    } else {
        find_version(verdict, worker->front);
    }
}

static void add_pair(struct buf *buf, const char *name, const char *value)
{
    buf_add_json(buf, name, strlen(name));
    buf_add_char(buf, ':');
    buf_add_json(buf, value, strlen(value));
    buf_add_char(buf, ',');
}

static void describe(struct buf *buf, const struct verdict *verdict,
                     const struct worker *worker, const struct slot_copy *slot)
{
    int i;

    buf_add_char(buf, '{');
    add_pair(buf, "number", verdict->incident);
    add_pair(buf, "kind", verdict->kind);
    add_pair(buf, "module", verdict->module);
    add_pair(buf, "version", verdict->version);
    add_pair(buf, "hash", verdict->hash);
    add_pair(buf, "entry", verdict->entry);
    add_pair(buf, "waiting", verdict->waiting);
    add_pair(buf, "request", verdict->request);
    add_pair(buf, "worker", worker->seat->name);
    add_pair(buf, "reason", worker->failure);
    if (slot->signal) {
        char address[24];

        snprintf(address, sizeof address, "0x%llx",
                 (unsigned long long)slot->address);
        add_pair(buf, "address", address);
        buf_add_text(buf, "\"trace\":[");
        for (i = 0; i < slot->trace_depth; i++)
            buf_addf(buf, "%s\"0x%llx\"", i ? "," : "",
                     (unsigned long long)slot->trace[i]);
        buf_add_text(buf, "],");
    }
    buf_addf(buf, "\"at\":%lld,\"loading\":%s,\"signal\":%d,\"exit\":%d}\n",
             (long long)clock_now(), verdict->loading ? "true" : "false",
             verdict->signal, verdict->exit_code);
}

/* A file in run/FOLDER, whole or not at all. */
static void write_file(const struct front *front, const char *folder,
                       const char *name, const struct buf *text)
{
    char path[160], part[176];
    int fd;
    bool ok;

    if (mkdirat(front->run_fd, folder, 0700) < 0 && errno != EEXIST)
        return;
    snprintf(path, sizeof path, "%s/%s.json", folder, name);
    snprintf(part, sizeof part, "%s/.%s.part", folder, name);
    fd = openat(front->run_fd, part,
                O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        log_event(LOG_ERROR, "incident.unwritten", "error",
                  strerrorname_np(errno), NULL);
        return;
    }
    ok = write(fd, text->data, text->length) == (ssize_t)text->length;
    close(fd);
    if (!ok || renameat(front->run_fd, part, front->run_fd, path) < 0) {
        log_event(LOG_ERROR, "incident.unwritten", "error",
                  strerrorname_np(errno), NULL);
        unlinkat(front->run_fd, part, 0);
    }
}

/* A module's id as a file name: [a-z0-9_.-], no dot in front. */
static bool name_is_plain(const char *name)
{
    return name[0] && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789_.-") == strlen(name);
}

/* True where it is enough: three in the window, or one while loading. */
static bool strike(struct blame *blame, const struct verdict *verdict,
                   int64_t now)
{
    struct suspect *suspect = NULL, *oldest = &blame->suspects[0];
    int i;

    if (verdict->loading)
        return true;
    for (i = 0; i < SUSPECTS && !suspect; i++) {
        struct suspect *one = &blame->suspects[i];

        if (strcmp(one->module, verdict->module) == 0 &&
            strcmp(one->version, verdict->version) == 0 &&
            strcmp(one->hash, verdict->hash) == 0)
            suspect = one;
        if (one->at[0] < oldest->at[0])
            oldest = one;
    }
    if (!suspect) {
        suspect = oldest;
        *suspect = (struct suspect){ 0 };
        memcpy(suspect->module, verdict->module, sizeof suspect->module);
        memcpy(suspect->version, verdict->version, sizeof suspect->version);
        memcpy(suspect->hash, verdict->hash, sizeof suspect->hash);
    }
    memmove(suspect->at + 1, suspect->at, sizeof *suspect->at * (STRIKES - 1));
    suspect->at[0] = now;
    if (!suspect->at[STRIKES - 1] || now - suspect->at[STRIKES - 1] > WINDOW_MS)
        return false;
    *suspect = (struct suspect){ 0 };
    return true;
}

static bool counts(const char *kind)
{
    static const char *const counted[] = { "crash", "timeout",    "lock",
                                           "sick",  "descriptor", "exit",
                                           "start", "protocol" };
    size_t i;

    for (i = 0; i < sizeof counted / sizeof *counted; i++) {
        if (strcmp(kind, counted[i]) == 0)
            return true;
    }
    return false;
}

static void judge(struct worker *worker, const struct verdict *verdict,
                  const struct buf *record)
{
    struct front *front = worker->front;

    if (!verdict->module[0] || !counts(verdict->kind) ||
        !name_is_plain(verdict->module) ||
        !strike(front->blame, verdict, front->now))
        return;
    log_event(LOG_ERROR, "module.quarantined", "module", verdict->module,
              "version", verdict->version, "incident", verdict->incident, NULL);
    write_file(front, "quarantine", verdict->module, record);
    worker->quarantined = true;
    supervise_reload(front, "quarantine");
}

/* Not more than a thousand files an hour: a crash loop is told by the log. */
static bool may_write(struct blame *blame, int64_t now)
{
    if (now - blame->written_since > 3600 * 1000) {
        blame->written_since = now;
        blame->written = 0;
    }
    return blame->written++ < INCIDENTS_MAX;
}

void blame_death(struct worker *worker, int status, char incident[16])
{
    struct front *front = worker->front;
    struct verdict verdict = { .kind = kind_of(worker, status) };
    struct slot_copy slot;
    struct buf record;

    slot_copy(&slot, worker->slot);
    incident_number(verdict.incident);
    memcpy(incident, verdict.incident, sizeof verdict.incident);
    if (worker->exchange)
        memcpy(verdict.request, worker->exchange->id_text, REQUEST_ID_MAX);
    else
        memcpy(verdict.request, slot.request, sizeof verdict.request);
    verdict.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    verdict.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    find_guilty(&verdict, &slot, worker);
    if (strcmp(verdict.kind, "timeout") == 0 ||
        strcmp(verdict.kind, "lock") == 0)
        front->counters.timeouts++;
    else
        front->counters.crashes++;
    log_event(
        LOG_ERROR, "worker.died", "incident", verdict.incident, "kind",
        verdict.kind, "worker", worker->seat->name, "pid", log_int(worker->pid),
        "module", verdict.module[0] ? verdict.module : NULL, "entry",
        verdict.entry[0] ? verdict.entry : NULL, "waiting",
        verdict.waiting[0] ? verdict.waiting : NULL, "request", verdict.request,
        "signal", log_int(verdict.signal), "exit", log_int(verdict.exit_code),
        "reason", worker->failure[0] ? worker->failure : NULL, NULL);
    buf_init(&record, NULL, RECORD_MAX);
    describe(&record, &verdict, worker, &slot);
    if (!record.failed && may_write(front->blame, front->now))
        write_file(front, "incidents", verdict.incident, &record);
    if (!record.failed)
        judge(worker, &verdict, &record);
    buf_free(&record);
}
