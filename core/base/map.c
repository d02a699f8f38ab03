/*
 * map.c - string-keyed hash maps in order of insertion; pointer vectors.
 *
 * Entries stand in an array; a table of their indexes, open addressing with
 * linear steps, at most half full, finds them. Keys may come from strangers,
 * hence the keyed hash (text_hash in hash.c).
 */
#include "base/banned.h"

#include "base/map.h"

#include <assert.h>

#include "base/arena.h"

struct entry {
    const char *key;
    void *value;
    uint64_t hash;
};

struct map {
    struct arena *arena;
    struct entry *entries;
    size_t count, capacity;
    uint32_t *table; /* index + 1 of the entry; 0: free */
    size_t table_size;
};

struct map *map_new(struct arena *arena)
{
    struct map *map = arena_alloc(arena, sizeof *map);

    map->arena = arena;
    return map;
}

/* The slot of the key, or the free slot where it would stand. */
static size_t find_slot(const struct map *map, const char *key, uint64_t hash)
{
    size_t slot = hash & (map->table_size - 1);

    while (map->table[slot]) {
        const struct entry *entry = &map->entries[map->table[slot] - 1];

        if (entry->hash == hash && strcmp(entry->key, key) == 0)
            break;
        slot = (slot + 1) & (map->table_size - 1);
    }
    return slot;
}

static struct entry *find(const struct map *map, const char *key)
{
    size_t slot;

    if (!map || !map->count)
        return NULL;
    slot = find_slot(map, key, text_hash(key, strlen(key)));
    return map->table[slot] ? &map->entries[map->table[slot] - 1] : NULL;
}

void *map_get(const struct map *map, const char *key)
{
    struct entry *entry = find(map, key);

    return entry ? entry->value : NULL;
}

static void grow(struct map *map)
{
    size_t capacity = map->capacity ? map->capacity * 2 : 8;
    size_t i;

    map->entries = arena_grow(map->arena, map->entries,
                              map->capacity * sizeof *map->entries,
                              capacity * sizeof *map->entries);
    map->capacity = capacity;
    map->table_size = capacity * 2;
    map->table = arena_array(map->arena, map->table_size, sizeof *map->table);
    for (i = 0; i < map->count; i++) {
        struct entry *entry = &map->entries[i];

        map->table[find_slot(map, entry->key, entry->hash)] = (uint32_t)i + 1;
    }
}

void map_set(struct map *map, const char *key, void *value)
{
    struct entry *entry = find(map, key);
    uint64_t hash;

    assert(map && key);
    if (entry) {
        entry->value = value;
        return;
    }
    if (map->count == map->capacity)
        grow(map);
    hash = text_hash(key, strlen(key));
    map->table[find_slot(map, key, hash)] = (uint32_t)map->count + 1;
    entry = &map->entries[map->count++];
    entry->key = arena_strdup(map->arena, key);
    entry->value = value;
    entry->hash = hash;
}

size_t map_count(const struct map *map)
{
    return map ? map->count : 0;
}

const char *map_key_at(const struct map *map, size_t index)
{
    return index < map_count(map) ? map->entries[index].key : NULL;
}

void *map_value_at(const struct map *map, size_t index)
{
    return index < map_count(map) ? map->entries[index].value : NULL;
}

void vector_init(struct vector *vector, struct arena *arena)
{
    *vector = (struct vector){ .arena = arena };
}

void vector_add(struct vector *vector, void *item)
{
    if (vector->count == vector->capacity) {
        size_t capacity = vector->capacity ? vector->capacity * 2 : 8;

        vector->items = arena_grow(vector->arena, vector->items,
                                   vector->capacity * sizeof(void *),
                                   capacity * sizeof(void *));
        vector->capacity = capacity;
    }
    vector->items[vector->count++] = item;
}
