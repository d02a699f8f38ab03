/*
 * crash.h - the last words of a worker.
 */
#ifndef WORKER_CRASH_H
#define WORKER_CRASH_H

/* Installs the handler: on SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS
 * it writes signal, address and backtrace into the slot, on a stack of its
 * own (the other may be what overflowed), and lets the signal end us. */
void crash_watch(void);

#endif
