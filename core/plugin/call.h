/*
 * call.h - going into a module and coming back.
 */
#ifndef PLUGIN_CALL_H
#define PLUGIN_CALL_H

#include "plugin/module.h"

/* Calls of modules inside each other. */
enum { NESTING_MAX = 8 };

/* A call begins: who, with which context. as_module: hooks and services. */
void call_begin(struct tn_ctx *call, struct ctx *ctx, struct tn_module *module,
                bool as_module);
/* In a call that may reach other machines by itself (capability "network"):
 * what it has, reads and saves, and may tell them, is durable first. */
int call_outward(struct tn_ctx *call);
/* It is over. Turns what it returned into one of our codes, with a problem
 * where the module left none. */
int call_end(struct tn_ctx *call, int rc, const char *entry);

/* Gives a page, route or widget the module's own time, which is shorter than
 * the request's; returns the deadline before, to be put back. */
int64_t call_shorten(struct ctx *ctx, const struct tn_module *module);

/* Whether a call of that number still runs (for handles that Lua kept). */
struct tn_ctx *call_running(uint64_t serial);

/* 0; TN_E_TIMEOUT (recorded) where the call has to end: asked by every
 * function that modules call and that does work. */
int call_check(struct tn_ctx *call);

/* The access of a call for one function: ctx->module and ctx->system as they
 * have to be, put back by call_leave(). */
struct call_scope {
    const char *module;
    bool system;
};
int call_enter(struct call_scope *scope, struct tn_ctx *call);
void call_leave(const struct call_scope *scope, struct tn_ctx *call);

#endif
