/*
 * object.h - a look into a shared object before it is opened.
 */
#ifndef PLUGIN_OBJECT_H
#define PLUGIN_OBJECT_H

#include <stddef.h>

struct ctx;

/*
 * Checks the bytes of a shared object: of this processor, no executable
 * stack, no search path of its own (RPATH, RUNPATH), no text relocations, no
 * SQLite, neither linked nor inside (pitfalls: two in one process corrupt
 * files), and the SDK's symbol is there. E_INVALID with what is wrong.
 */
int object_check(struct ctx *ctx, const char *path, const void *data,
                 size_t size);

struct arena;

/* The first function that the object names and a module must never call
 * (exit, fork, threads, signal handlers …); NULL: none. A look at the names of
 * its dynamic symbols, for the test kit. Arena text. */
const char *object_forbidden(struct arena *arena, const void *data,
                             size_t size);

#endif
