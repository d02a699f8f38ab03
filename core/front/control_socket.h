/*
 * control_socket.h - the front's end of run/control.sock (ipc/control.h).
 */
#ifndef FRONT_CONTROL_SOCKET_H
#define FRONT_CONTROL_SOCKET_H

#include <stdint.h>

#include "base/str.h"

struct ctx;
struct front;

/* Makes the socket, mode 0600. */
int control_open(struct ctx *ctx, struct front *front);
/* A worker's answer to a forwarded command. */
void control_result(struct front *front, uint64_t id, struct str text);
/* The keeper is gone: who waits for it is told. */
void control_lost(struct front *front);
void control_close(struct front *front);

#endif
