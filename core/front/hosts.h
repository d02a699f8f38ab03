/*
 * hosts.h - what workers say beside their answers goes to the other hosts of
 * the site, too, where there may be some: the keeper takes it there
 * (store/hosts.h).
 */
#ifndef FRONT_HOSTS_H
#define FRONT_HOSTS_H

#include <stdint.h>

#include "base/str.h"

struct front;

/* kind: enum host_word of ipc/frame.h. Text and user as the word needs. */
void hosts_tell(struct front *front, int kind, uint64_t user, struct str text);

#endif
