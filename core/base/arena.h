/*
 * arena.h - memory that lives as long as one call.
 *
 * A request, a job, a command has one arena; everything it makes comes from
 * there and goes with it. An allocation never returns NULL: when memory (or
 * the arena's limit) is at its end the process ends with EXIT_SICK, which in
 * a worker costs this one request (docs/adr/0001). The front, which must not
 * end, uses no arenas.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena;

/* Exit code of a process that gives up: out of memory, lost connection. The
 * supervisor restarts it (architecture, "restart"). */
enum { EXIT_SICK = 71, EXIT_FATAL = 72, EXIT_PLANNED = 73 };

/* A new arena that may grow to `limit` bytes (0: no limit of its own). The
 * caller frees it. */
struct arena *arena_new(size_t limit);

/* Frees the arena and all that came from it. NULL is allowed. */
void arena_free(struct arena *arena);

/* Empties the arena but keeps about a megabyte for the next request. Runs the
 * cleanups. */
void arena_reset(struct arena *arena);

/* `size` bytes, aligned for any type, zeroed. Never NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/* Array of `count` elements of `size` bytes, zeroed; overflow-checked. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* `data`, an allocation of `old_size` bytes (or NULL), made `size` bytes
 * long: in place where it was the last one, else moved. */
void *arena_grow(struct arena *arena, void *data, size_t old_size, size_t size);

/* Copies of a string; NULL stays NULL. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
void *arena_memdup(struct arena *arena, const void *data, size_t size);

/* A formatted string, as printf. */
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* `call(argument)` runs when the arena is reset or freed, last in first. */
void arena_cleanup(struct arena *arena, void (*call)(void *), void *argument);

/* Bytes handed out so far. */
size_t arena_used(const struct arena *arena);

#endif
