/*
 * front.h - the front process: sockets, HTTP, limits, static files, live
 * events, the workers' lives.
 *
 * It opens no database, loads no module, runs no Lua. Called by `tenon serve`.
 */
#ifndef FRONT_FRONT_H
#define FRONT_FRONT_H

#include <stdbool.h>

struct ctx;
struct front;
struct site;

struct front_options {
    const struct site *site;
    const char *listen;  /* instead of the setting; NULL */
    const char *program; /* started for each worker; absolute */
    bool next_port;      /* where the port is taken, the next free one */
    bool announce;       /* print the address when ready, also to a pipe */
};

/*
 * Serves until it is told to stop (SIGTERM, SIGINT). Returns the exit code of
 * the process, or a negative status where it could not begin (the problem
 * stands in ctx).
 */
int front_run(struct ctx *ctx, const struct front_options *options);

/* Begins to stop: no new connections, the requests in work are answered. */
void front_stop(struct front *front);

#endif
