/*
 * service.h - the service manager: sd_notify, watchdog, socket activation.
 *
 * The protocol is small enough to be our own (no libsystemd); without a
 * manager everything here does nothing.
 */
#ifndef FRONT_SERVICE_H
#define FRONT_SERVICE_H

#include <stdint.h>

struct front;

/* Number of listening sockets given (from descriptor 3 on); 0: none. Bit i of
 * *redirects: the i-th is called "redirect" (FileDescriptorName=), plain HTTP
 * that leads to TLS. Forgets the variables, so that no child takes them for
 * its own. */
int service_listen_fds(uint64_t *redirects);

/* Reads NOTIFY_SOCKET and WATCHDOG_USEC, and begins the heartbeat. */
void service_init(struct front *front);
/* The first page worker answers: READY=1, and the address on the terminal. */
void service_ready(struct front *front);
void service_stopping(struct front *front);
void service_free(struct front *front);

#endif
