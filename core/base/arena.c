/*
 * arena.c - memory that lives as long as one call.
 *
 * A chain of blocks, filled from the newest. What is larger than a quarter of
 * a block gets its own, so that one large buffer does not waste the rest of a
 * small one. After a reset the first block and up to SPARE_MAX bytes of
 * others stay for the next request: giving them back and faulting them in
 * again costs more than a small page does.
 */
#include "base/banned.h"

#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
/* Bytes between two allocations that nobody may touch. */
enum { RED_ZONE = 16 };
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size)                             \
    ((void)(address), (void)(size))
enum { RED_ZONE = 0 };
#endif

enum {
    FIRST_BLOCK = 64 * 1024,
    LAST_BLOCK = 1024 * 1024,
    SPARE_MAX = 1024 * 1024,
    ALIGNMENT = alignof(max_align_t)
};

struct block {
    struct block *next;
    size_t size, used;
    alignas(max_align_t) unsigned char data[];
};

struct cleanup {
    struct cleanup *next;
    void (*call)(void *);
    void *argument;
};

struct arena {
    struct block *current; /* newest block that is being filled */
    struct block *first;
    struct block *spare; /* of earlier requests, empty */
    struct cleanup *cleanups;
    size_t limit;
    size_t reserved;   /* bytes of all blocks but the spare ones */
    size_t spares;     /* bytes of those */
    size_t used;       /* bytes handed out */
    size_t next_block; /* size of the next ordinary block */
};

/* There is no way on without memory, and no one above could do better: the
 * supervisor starts another process (docs/adr/0001). */
static _Noreturn void give_up(const char *why)
{
    ssize_t written = write(STDERR_FILENO, why, strlen(why));

    (void)written;
    _exit(EXIT_SICK);
}

/* A spare block with room for `size`, unless most of it would be wasted. */
static struct block *take_spare(struct arena *arena, size_t size)
{
    struct block **at, *block;

    for (at = &arena->spare; (block = *at); at = &block->next) {
        if (block->size < size || block->size / 4 > size ||
            block->size > arena->limit - arena->reserved)
            continue;
        *at = block->next;
        block->next = NULL;
        arena->spares -= block->size;
        arena->reserved += block->size;
        return block;
    }
    return NULL;
}

static struct block *block_new(struct arena *arena, size_t size)
{
    struct block *block = take_spare(arena, size);

    if (block)
        return block;
    if (size > arena->limit - arena->reserved)
        give_up("{\"level\":\"error\",\"event\":\"memory.limit\"}\n");
    block = malloc(sizeof *block + size);
    if (!block)
        give_up("{\"level\":\"error\",\"event\":\"memory.out\"}\n");
    block->next = NULL;
    block->size = size;
    block->used = 0;
    arena->reserved += size;
    ASAN_POISON_MEMORY_REGION(block->data, size);
    return block;
}

static void block_free(struct arena *arena, struct block *block)
{
    arena->reserved -= block->size;
    ASAN_UNPOISON_MEMORY_REGION(block->data, block->size);
    free(block);
}

struct arena *arena_new(size_t limit)
{
    struct arena *arena = calloc(1, sizeof *arena);
    size_t size = FIRST_BLOCK;

    if (!arena)
        give_up("{\"level\":\"error\",\"event\":\"memory.out\"}\n");
    arena->limit = limit ? limit : SIZE_MAX / 2;
    if (size > arena->limit)
        size = arena->limit;
    arena->first = arena->current = block_new(arena, size);
    arena->next_block = FIRST_BLOCK;
    return arena;
}

static void run_cleanups(struct arena *arena)
{
    while (arena->cleanups) {
        struct cleanup *cleanup = arena->cleanups;

        arena->cleanups = cleanup->next;
        cleanup->call(cleanup->argument);
    }
}

/* Empties the arena of every block but the first; some stay as spares. */
static void drop_blocks(struct arena *arena, size_t spare_max)
{
    struct block *block = arena->first->next;

    while (block) {
        struct block *next = block->next;

        if (arena->spares + block->size <= spare_max) {
            arena->reserved -= block->size;
            arena->spares += block->size;
            ASAN_POISON_MEMORY_REGION(block->data, block->size);
            block->used = 0;
            block->next = arena->spare;
            arena->spare = block;
        } else {
            block_free(arena, block);
        }
        block = next;
    }
    arena->first->next = NULL;
    arena->current = arena->first;
}

static void free_spares(struct arena *arena)
{
    while (arena->spare) {
        struct block *block = arena->spare;

        arena->spare = block->next;
        arena->reserved += block->size;
        block_free(arena, block);
    }
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    run_cleanups(arena);
    drop_blocks(arena, 0);
    free_spares(arena);
    block_free(arena, arena->first);
    free(arena);
}

void arena_reset(struct arena *arena)
{
    run_cleanups(arena);
    drop_blocks(arena, SPARE_MAX);
    arena->first->used = 0;
    arena->used = 0;
    arena->next_block = FIRST_BLOCK;
    ASAN_POISON_MEMORY_REGION(arena->first->data, arena->first->size);
}

static size_t round_up(size_t size)
{
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

/* A block with room for `need` bytes. */
static struct block *block_for(struct arena *arena, size_t need)
{
    struct block *block = arena->current;
    size_t left = arena->limit - arena->reserved;
    size_t size = arena->next_block;

    if (need <= block->size - block->used)
        return block;
    if (need > size / 4) {
        /* An own block stands behind the first, so that the current one
         * goes on being filled. */
        struct block *own = block_new(arena, need);

        own->next = arena->first->next;
        arena->first->next = own;
        return own;
    }
    if (size > left)
        size = left > need ? left : need;
    block = block_new(arena, size);
    block->next = arena->first->next;
    arena->first->next = block;
    arena->current = block;
    if (arena->next_block < LAST_BLOCK)
        arena->next_block *= 2;
    return block;
}

/* Not zeroed: for what is written at once. */
static void *alloc_raw(struct arena *arena, size_t size)
{
    struct block *block;
    unsigned char *data;
    size_t need;

    assert(arena);
    if (size > arena->limit)
        give_up("{\"level\":\"error\",\"event\":\"memory.limit\"}\n");
    need = round_up(size ? size : 1) + RED_ZONE;
    block = block_for(arena, need);
    data = block->data + block->used;
    block->used += need;
    arena->used += need;
    ASAN_UNPOISON_MEMORY_REGION(data, size);
    return data;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    return memset(alloc_raw(arena, size), 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        give_up("{\"level\":\"error\",\"event\":\"memory.limit\"}\n");
    return arena_alloc(arena, bytes);
}

void *arena_grow(struct arena *arena, void *data, size_t old_size, size_t size)
{
    struct block *block = arena->current;
    size_t old_need = round_up(old_size ? old_size : 1) + RED_ZONE;
    size_t need;
    unsigned char *moved;

    if (!data)
        return arena_alloc(arena, size);
    if (size <= old_size)
        return data;
    if (size > arena->limit)
        give_up("{\"level\":\"error\",\"event\":\"memory.limit\"}\n");
    need = round_up(size) + RED_ZONE;
    if (block->used >= old_need &&
        (unsigned char *)data == block->data + block->used - old_need &&
        need - old_need <= block->size - block->used) {
        block->used += need - old_need;
        arena->used += need - old_need;
        ASAN_UNPOISON_MEMORY_REGION(data, size);
        memset((unsigned char *)data + old_size, 0, size - old_size);
        return data;
    }
    moved = alloc_raw(arena, size);
    memcpy(moved, data, old_size);
    memset(moved + old_size, 0, size - old_size);
    return moved;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    char *copy;

    if (!text)
        return NULL;
    copy = alloc_raw(arena, length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void *arena_memdup(struct arena *arena, const void *data, size_t size)
{
    void *copy;

    if (!data)
        return NULL;
    copy = alloc_raw(arena, size);
    return size ? memcpy(copy, data, size) : copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    char small[256], *text;
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (length < 0)
        give_up("{\"level\":\"error\",\"event\":\"memory.format\"}\n");
    if ((size_t)length < sizeof small)
        return arena_strndup(arena, small, (size_t)length);
    text = alloc_raw(arena, (size_t)length + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}

void arena_cleanup(struct arena *arena, void (*call)(void *), void *argument)
{
    struct cleanup *cleanup = arena_alloc(arena, sizeof *cleanup);

    cleanup->call = call;
    cleanup->argument = argument;
    cleanup->next = arena->cleanups;
    arena->cleanups = cleanup;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
