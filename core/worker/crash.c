/*
 * crash.c - the crash handler. Only async-signal-safe calls after its start.
 */
#include "base/banned.h"

#include "worker/crash.h"

#include <execinfo.h>
#include <signal.h>

#include "ipc/slot.h"

enum { STACK = 64 * 1024 };

static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS };

static void on_fatal(int number, siginfo_t *info, void *context)
{
    void *trace[SLOT_TRACE_MAX];
    int depth;

    (void)context;
    depth = backtrace(trace, SLOT_TRACE_MAX);
    slot_crash(number, info->si_addr, trace, depth);
    signal(number, SIG_DFL);
    raise(number);
}

void crash_watch(void)
{
    static unsigned char stack[STACK];
    struct sigaction action = { .sa_sigaction = on_fatal,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK |
                                            SA_RESETHAND | SA_NODEFER };
    void *trace[2];
    size_t i;

    /* The first call loads a library; that must not happen in a handler. */
    backtrace(trace, 2);
    sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof stack }, NULL);
    sigemptyset(&action.sa_mask);
    for (i = 0; i < sizeof fatal / sizeof *fatal; i++)
        sigaction(fatal[i], &action, NULL);
}
