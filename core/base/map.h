/*
 * map.h - string-keyed hash maps (insertion order kept) and pointer vectors.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct map;

/* Hash of bytes that strangers may choose: SipHash, keyed per process. */
uint64_t text_hash(const char *text, size_t length);

/* A map in `arena`; keys are copied. Hashing is seeded per process. */
struct map *map_new(struct arena *arena);
void *map_get(const struct map *map, const char *key); /* NULL: not there */
void map_set(struct map *map, const char *key, void *value);
size_t map_count(const struct map *map);
/* The i-th entry in order of insertion. */
const char *map_key_at(const struct map *map, size_t index);
void *map_value_at(const struct map *map, size_t index);

/* A vector of pointers in an arena. */
struct vector {
    void **items;
    size_t count, capacity;
    struct arena *arena;
};

void vector_init(struct vector *vector, struct arena *arena);
void vector_add(struct vector *vector, void *item);

#endif
