/*
 * control.h - run/control.sock (mode 0600): what a command asks of the
 * running front.
 *
 * One line of JSON there, one line of JSON back: {"do": "status"}. Known:
 * status, reload, generation, wake, backup, end, event (front/README.md).
 */
#ifndef IPC_CONTROL_H
#define IPC_CONTROL_H

#include <stdint.h>

struct ctx;
struct site;
struct value;

/*
 * Sends `command` (a map with "do") and waits at most `seconds` for the
 * answer. E_NOT_FOUND, without a problem, where nobody serves the site;
 * E_IO; an answer {"ok": false, "error": …} is given back as E_INTERNAL with
 * the text as problem.
 */
int control_ask(struct value **answer, struct ctx *ctx, const struct site *site,
                const struct value *command, int seconds);

#endif
