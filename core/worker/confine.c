/*
 * confine.c - what a worker may not do any more (S46).
 *
 * no_new_privs is set at the start. Here: a seccomp filter (no debugging of
 * others, no signals to others, no mounts, modules, namespaces; outside of
 * the net and jobs lanes no network, unless the database is reached by it;
 * outside of jobs no children), and
 * Landlock, where the kernel has it: nothing is written outside of the site
 * and the folders for temporary files. The filter is a second wall behind
 * the sandboxes, not a replacement; it answers EPERM, so that what trips over
 * it fails like any refused call.
 */
#include "base/banned.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/ctx.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "store/blob.h"
#include "worker/internal.h"

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

enum { FILTER_MAX = 256 };

struct filter {
    struct sock_filter rows[FILTER_MAX];
    unsigned short count;
};

static void add(struct filter *filter, struct sock_filter row)
{
    if (filter->count < FILTER_MAX)
        filter->rows[filter->count++] = row;
}

static void load(struct filter *filter, size_t offset)
{
    add(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                             (unsigned)offset));
}

static void give(struct filter *filter, unsigned result)
{
    add(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, result));
}

static const unsigned refuse = SECCOMP_RET_ERRNO | EPERM;

/* Refuses one system call whatever its arguments. */
static void deny(struct filter *filter, long number)
{
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                             (unsigned)number, 0, 1));
    give(filter, refuse);
}

/* Refuses the call unless its argument's low half equals `wanted`. */
static void only(struct filter *filter, long number, int argument,
                 unsigned wanted)
{
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                             (unsigned)number, 0, 4));
    load(filter, offsetof(struct seccomp_data, args) + 8u * (unsigned)argument);
    add(filter,
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, wanted, 1, 0));
    give(filter, refuse);
    load(filter, offsetof(struct seccomp_data, nr));
}

/* Threads are allowed, processes are not. */
static void threads_only(struct filter *filter)
{
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                             SYS_clone, 0, 4));
    load(filter, offsetof(struct seccomp_data, args));
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
                                             CLONE_THREAD, 1, 0));
    give(filter, refuse);
    load(filter, offsetof(struct seccomp_data, nr));
    /* Its flags lie in memory, out of reach: the C library then takes clone.
     */
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                             SYS_clone3, 0, 1));
    give(filter, SECCOMP_RET_ERRNO | ENOSYS);
#ifdef SYS_fork
    deny(filter, SYS_fork);
    deny(filter, SYS_vfork);
#endif
    deny(filter, SYS_execve);
    deny(filter, SYS_execveat);
}

static const long never[] = {
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_setns,
    SYS_unshare,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_open_by_handle_at,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_acct,
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_process_madvise,
};

static void build(struct filter *filter, bool network, bool children)
{
    unsigned self = (unsigned)getpid();
    size_t i;

#ifdef OUR_ARCH
    load(filter, offsetof(struct seccomp_data, arch));
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                             OUR_ARCH, 1, 0));
    give(filter, refuse);
#endif
    load(filter, offsetof(struct seccomp_data, nr));
    for (i = 0; i < sizeof never / sizeof *never; i++)
        deny(filter, never[i]);
    if (!children) {
        /* With children the group may be signalled (a helper that hangs). */
        only(filter, SYS_kill, 0, self);
        threads_only(filter);
    }
    only(filter, SYS_tgkill, 0, self);
    if (!network)
        only(filter, SYS_socket, 0, AF_UNIX);
    give(filter, SECCOMP_RET_ALLOW);
}

#if defined(OUR_ARCH) && !defined(__SANITIZE_ADDRESS__)
static void set_filter(bool network, bool children)
{
    static struct filter filter;
    struct sock_fprog program;

    build(&filter, network, children);
    program = (struct sock_fprog){ filter.count, filter.rows };
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        log_event(LOG_WARN, "confine.no_seccomp", "error",
                  strerrorname_np(errno), NULL);
}
#else
/* The sanitizers start a tracer of their own; other processors have other
 * numbers. */
static void set_filter(bool network, bool children)
{
    (void)network;
    (void)children;
    (void)build;
}
#endif

/* ---- Landlock: where may be written ---- */

static const uint64_t writing =
    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
/* Of the kernel's second version: links and renames between folders. */
static const uint64_t refer = 1ULL << 13;

static void allow_below(int rules, const char *path, uint64_t rights)
{
    struct landlock_path_beneath_attr below = { .allowed_access = rights };

    below.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (below.parent_fd < 0)
        return;
    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below,
            0);
    close(below.parent_fd);
}

/* Files that several hosts share are beside the site. */
static void allow_files(int rules, const struct settings *settings,
                        uint64_t rights)
{
    if (settings->files.path)
        allow_below(rules, settings->files.path, rights);
}

/* jobs: backups are written by this lane, too. */
static void set_landlock(const struct site *site, bool jobs)
{
    static const char *const temporary[] = { "/tmp", "/var/tmp", "/dev" };
    struct landlock_ruleset_attr attributes = { .handled_access_fs = writing };
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
                           LANDLOCK_CREATE_RULESET_VERSION);
    size_t i;
    int rules;

    if (version < 1)
        return; /* this kernel has none, or it is switched off */
    /* Version 1 forbids every link and rename between folders; files are put
     * into place by them, so then we do without. */
    if (version < 2)
        return;
    attributes.handled_access_fs |= refer;
    rules = (int)syscall(SYS_landlock_create_ruleset, &attributes,
                         sizeof attributes, 0);
    if (rules < 0)
        return;
    allow_below(rules, site->folder, attributes.handled_access_fs);
    allow_files(rules, &site->settings, attributes.handled_access_fs);
    if (jobs && site->settings.backup.folder)
        allow_below(rules, site->settings.backup.folder,
                    attributes.handled_access_fs);
    for (i = 0; i < sizeof temporary / sizeof *temporary; i++)
        allow_below(rules, temporary[i], attributes.handled_access_fs);
    if (syscall(SYS_landlock_restrict_self, rules, 0) < 0)
        log_event(LOG_WARN, "confine.no_landlock", "error",
                  strerrorname_np(errno), NULL);
    close(rules);
}

/* ---- the store ---- */

/* Whether the address leads over the network, and not to a socket in a folder:
 * the authority of the URL names the host, or its parameter "host" does. */
static bool leads_out(const char *url)
{
    const char *host = url ? strstr(url, "://") : NULL, *end;

    if (!host)
        return url != NULL;
    host += strlen("://");
    end = host + strcspn(host, "/?");
    while (end > host && end[-1] != '@')
        end--;
    host = end;
    if (!*host || *host == '/' || *host == '?') {
        host = strstr(host, "host=");
        host = host ? host + strlen("host=") : "/";
    }
    return *host != '/' && strncasecmp(host, "%2f", 3) != 0;
}

/* A line that was cut is opened again, and a statement cancelled, from every
 * lane: where the database is reached over the network, none can be kept from
 * it. */
static bool store_needs_network(const struct store_settings *store)
{
    return text_equal(store->driver, "postgresql") &&
           (leads_out(store->url) || leads_out(store->listen_url) ||
            leads_out(store->replica_url));
}

void confine(const struct process *process)
{
    const struct site *site = process->ctx->site;
    const char *lane = process->options->lane;
    bool jobs = text_equal(lane, "jobs");

    bool net = text_equal(lane, "net"), network = jobs || net;

    set_landlock(site, jobs);
    set_filter(network || store_needs_network(&site->settings.store), jobs);
    blob_process(network, net);
}
