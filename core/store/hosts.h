/*
 * hosts.h - what the hosts of a site on PostgreSQL tell each other.
 *
 * What is shared lies in the database, and every request sees it there
 * (epochs, db.h). Hosts only tell each other *that* there is something: live
 * events, jobs that wait, modules that changed, forms whose records changed,
 * what meters have given. All of it are hints: who missed some (the line was
 * cut) asks for everything anew.
 *
 * The keeper of each host does it, by LISTEN and NOTIFY on its own connection
 * (store.listen_url): the transactions that write pay nothing for it. A host
 * that is alone says nothing.
 */
#ifndef STORE_HOSTS_H
#define STORE_HOSTS_H

#include <stdint.h>

#include "base/str.h"

struct ctx;

/*
 * Takes what this host's front wants the others to hear (enum host_word,
 * ipc/frame.h); it leaves with the keeper's next round, the same word once.
 * ctx: the keeper's.
 */
void hosts_tell_others(struct ctx *ctx, int kind, int64_t user,
                       struct str text);

#endif
