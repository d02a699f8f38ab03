/*
 * tenon.h - the SDK of Tenon 1.0 (draft): all that a C module sees.
 *
 * A module is one shared object with one exported symbol, tenon_plugin_v1,
 * which TN_MODULE makes. It links nothing of the host: everything is reached
 * through the table of functions that the entry receives, and the functions
 * below wrap that table. The docs are in docs/vendor/; the same nouns, verbs
 * and order of arguments exist in Lua (docs/customizer/lua-module.md).
 *
 * Rules for all of it:
 * - Texts are UTF-8 and end with NUL. Instants are milliseconds since 1970
 *   UTC. Records' ids are int64_t; in values they are texts of digits.
 * - What a call receives lives until it returns, and so does what it gets
 *   from these functions; to keep something, copy it (tn_keep). Nothing is
 *   ever freed by a module.
 * - A fallible function returns TN_OK or a negative status. The reason is
 *   already recorded: pass the status on.
 * - Registration happens inside the entry function only.
 * - A module never exits, forks, starts threads, installs signal handlers,
 *   changes the working directory or the locale.
 */
#ifndef TENON_TENON_H
#define TENON_TENON_H

#include <tenon/base.h>     /* handles, statuses, conditions, questions */
#include <tenon/register.h> /* what a module registers */
#include <tenon/host.h>     /* the host's tables, TN_MODULE, TN_ON … */
#include <tenon/call.h>     /* the call, values, records, requests */
#include <tenon/more.h>     /* people, notifications, files, work, settings */

#endif
