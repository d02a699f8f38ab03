/*
 * test_confine.c - S46: what a confined worker cannot do. Each case runs in a
 * child, as confinement is for ever.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/site.h"
#include "worker/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#ifdef __SANITIZE_ADDRESS__
enum { FILTERED = 0 }; /* the sanitizer needs what the filter refuses */
#else
enum { FILTERED = 1 };
#endif

/* The worker's site lies here; everything else is outside. */
static char folder[64];

static void confine_as(const char *lane)
{
    static struct site site;
    static struct ctx ctx;
    struct worker_options options = { .lane = lane, .name = lane };
    struct process process = { .ctx = &ctx, .options = &options };

    site.folder = folder;
    ctx.site = &site;
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    confine(&process);
}

/* True where `call`, in a child confined as `lane`, returns 0. */
static bool holds(const char *lane, int (*call)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        confine_as(lane);
        _exit(call());
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int may_not_connect(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM &&
                   socket(AF_INET6, SOCK_DGRAM, 0) < 0 &&
                   socket(AF_NETLINK, SOCK_RAW, 0) < 0 &&
                   socket(AF_UNIX, SOCK_STREAM, 0) >= 0
               ? 0
               : 1;
}

static int may_connect(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : 1;
}

static int may_not_fork(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid < 0 && errno == EPERM && execl("/bin/true", "true", NULL) < 0
               ? 0
               : 1;
}

static int may_fork(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(7);
    return pid > 0 && waitpid(pid, &status, 0) == pid &&
                   WEXITSTATUS(status) == 7
               ? 0
               : 1;
}

static int may_not_signal_others(void)
{
    return kill(getppid(), 0) < 0 && errno == EPERM && kill(getpid(), 0) == 0 &&
                   ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) < 0
               ? 0
               : 1;
}

static void *nothing(void *argument)
{
    return argument;
}

static int may_start_threads(void)
{
    pthread_t thread;

    return pthread_create(&thread, NULL, nothing, NULL) == 0 &&
                   pthread_join(thread, NULL) == 0
               ? 0
               : 1;
}

static int may_write(const char *path)
{
    int fd = open(path, O_CREAT | O_WRONLY, 0600);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static int may_not_write_outside(void)
{
    char inside[96];

    snprintf(inside, sizeof inside, "%s/file", folder);
    return may_write(inside) && !may_write("/etc/tenon-confine") &&
                   !may_write("/var/tenon-confine") &&
                   access("/etc/tenon-confine", F_OK) < 0
               ? 0
               : 1;
}

static void S46_pages_have_no_network(void **state)
{
    (void)state;
    if (!FILTERED)
        skip();
    assert_true(holds("pages", may_not_connect));
    assert_true(holds("local", may_not_connect));
    assert_true(holds("keeper", may_not_connect));
    assert_true(holds("net", may_connect));
    assert_true(holds("jobs", may_connect));
}

static void S46_only_jobs_have_children(void **state)
{
    (void)state;
    if (!FILTERED)
        skip();
    assert_true(holds("pages", may_not_fork));
    assert_true(holds("net", may_not_fork));
    assert_true(holds("jobs", may_fork));
}

static void S46_nobody_is_signalled_or_debugged(void **state)
{
    (void)state;
    if (!FILTERED)
        skip();
    assert_true(holds("pages", may_not_signal_others));
    assert_true(holds("pages", may_start_threads));
}

static bool has_landlock(void)
{
    char text[512] = { 0 };
    int fd = open("/sys/kernel/security/lsm", O_RDONLY);

    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
        return false;
    close(fd);
    return strstr(text, "landlock") != NULL;
}

static void S46_nothing_is_written_outside_of_the_site(void **state)
{
    (void)state;
    if (!has_landlock())
        skip();
    assert_true(holds("pages", may_not_write_outside));
    assert_true(holds("jobs", may_not_write_outside));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(S46_pages_have_no_network),
        cmocka_unit_test(S46_only_jobs_have_children),
        cmocka_unit_test(S46_nobody_is_signalled_or_debugged),
        cmocka_unit_test(S46_nothing_is_written_outside_of_the_site),
    };
    int failed;

    snprintf(folder, sizeof folder, "/run/tenon-confine-%d", (int)getpid());
    if (mkdir(folder, 0700) < 0)
        snprintf(folder, sizeof folder, "/tmp");
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (strcmp(folder, "/tmp") != 0) {
        char file[96];

        snprintf(file, sizeof file, "%s/file", folder);
        unlink(file);
        rmdir(folder);
    }
    return failed;
}
