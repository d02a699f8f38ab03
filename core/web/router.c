/*
 * router.c - the route table: a tree of path segments.
 *
 * Filled while a worker starts, read for every request; nothing is reachable
 * that is not in it.
 */
#include "base/banned.h"

#include "web/router.h"

#include <assert.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "base/value.h"
#include "web/registry.h"

enum { METHODS_MAX = 8, DEPTH_MAX = 16 };

struct node {
    struct map *children; /* text segment → node */
    struct node *one;     /* {name} */
    struct node *rest;    /* {name*} */
    struct route *routes[METHODS_MAX];
    const char **names[METHODS_MAX]; /* of the parameters, ended by NULL */
};

static struct arena *arena;
static struct node *root;
static struct vector all;

static struct node *new_node(void)
{
    struct node *node = arena_alloc(arena, sizeof(*node));

    node->children = map_new(arena);
    return node;
}

static void start(void)
{
    if (arena)
        return;
    arena = arena_new(0);
    vector_init(&all, arena);
    root = new_node();
}

/* The node of one segment of a pattern, made where it is not there. */
static struct node *step(struct node *node, const char *segment, size_t length,
                         const char **name)
{
    struct node **slot, *next;
    const char *text = arena_strndup(arena, segment, length);

    *name = NULL;
    if (segment[0] != '{') {
        next = map_get(node->children, text);
        if (!next) {
            next = new_node();
            map_set(node->children, text, next);
        }
        return next;
    }
    assert(length > 2 && segment[length - 1] == '}');
    if (segment[length - 2] == '*') {
        slot = &node->rest;
        *name = arena_strndup(arena, segment + 1, length - 3);
    } else {
        slot = &node->one;
        *name = arena_strndup(arena, segment + 1, length - 2);
    }
    if (!*slot)
        *slot = new_node();
    return *slot;
}

static bool put(struct node *node, struct route *route, const char **names)
{
    int i;

    for (i = 0; i < METHODS_MAX; i++) {
        if (!node->routes[i]) {
            node->routes[i] = route;
            node->names[i] = names;
            return true;
        }
        if (strcmp(node->routes[i]->method, route->method) == 0)
            break;
    }
    return false;
}

static struct route *copy_route(const struct route *route)
{
    struct route *copy = arena_memdup(arena, route, sizeof(*route));

    copy->method = arena_strdup(arena, route->method);
    copy->pattern = arena_strdup(arena, route->pattern);
    copy->module = arena_strdup(arena, route->module);
    copy->example = arena_strdup(arena, route->example);
    return copy;
}

bool route_add(const struct route *route)
{
    const char **names, *at;
    struct route *copy;
    struct node *node;
    int count = 0, depth = 0;

    start();
    assert(route->method && route->pattern && route->pattern[0] == '/');
    copy = copy_route(route);
    names = arena_array(arena, DEPTH_MAX + 1, sizeof(*names));
    node = root;
    for (at = copy->pattern + 1; *at && depth < DEPTH_MAX; depth++) {
        size_t length = strcspn(at, "/");
        const char *name;

        node = step(node, at, length, &name);
        if (name)
            names[count++] = name;
        at += length + (at[length] == '/');
    }
    if (!put(node, copy, names)) {
        log_event(LOG_ERROR, "route.clash", "method", route->method, "pattern",
                  route->pattern, "module", route->module, NULL);
        return false;
    }
    vector_add(&all, copy);
    return true;
}

void route_add_table(const struct route *routes)
{
    for (; routes->method; routes++)
        (void)route_add(routes);
}

const struct route *route_at(int index)
{
    if (index < 0 || (size_t)index >= all.count)
        return NULL;
    return all.items[index];
}

/* What has been matched so far: pieces of the path, for the parameters. */
struct match {
    const char *method;
    const char *pieces[DEPTH_MAX];
    size_t lengths[DEPTH_MAX];
    int count;
    const struct route *route;
    const char *const *names;
    bool other;
};

static bool take(struct match *match, const struct node *node)
{
    int i;

    for (i = 0; i < METHODS_MAX && node->routes[i]; i++) {
        if (strcmp(node->routes[i]->method, match->method) == 0) {
            match->route = node->routes[i];
            match->names = (const char *const *)node->names[i];
            return true;
        }
        match->other = true;
    }
    return false;
}

/* Text wins over a name; where the branch with the text leads nowhere the
 * name is tried. Bounded by DEPTH_MAX. */
static bool walk(struct match *match, const struct node *node, const char *at,
                 int depth)
{
    size_t length = strcspn(at, "/");
    const struct node *child;
    char segment[256];
    int count = match->count;

    if (!*at)
        return take(match, node);
    if (depth >= DEPTH_MAX)
        return false;
    if (length > 0 && length < sizeof(segment)) {
        memcpy(segment, at, length);
        segment[length] = '\0';
        child = map_get(node->children, segment);
        if (child && !(at[length] == '/' && !at[length + 1]) &&
            walk(match, child, at + length + (at[length] == '/'), depth + 1))
            return true;
    }
    if (node->one && length > 0 && !(at[length] == '/' && !at[length + 1])) {
        match->pieces[count] = at;
        match->lengths[count] = length;
        match->count = count + 1;
        if (walk(match, node->one, at + length + (at[length] == '/'),
                 depth + 1))
            return true;
        match->count = count;
    }
    if (node->rest) {
        match->pieces[count] = at;
        match->lengths[count] = strlen(at);
        match->count = count + 1;
        if (take(match, node->rest))
            return true;
        match->count = count;
    }
    return false;
}

const struct route *route_match(struct arena *memory, const char *method,
                                const char *path, struct value *params,
                                bool *other)
{
    struct match match = { 0 };
    int i;

    start();
    *other = false;
    if (!path || path[0] != '/')
        return NULL;
    match.method = strcmp(method, "HEAD") == 0 ? "GET" : method;
    if (!walk(&match, root, path + 1, 0)) {
        *other = match.other;
        return NULL;
    }
    for (i = 0; i < match.count && match.names[i]; i++) {
        value_set(params, match.names[i],
                  value_textn(memory, match.pieces[i], match.lengths[i]));
    }
    return match.route;
}

void route_forget_all(void)
{
    arena_free(arena);
    arena = NULL;
    root = NULL;
    memset(&all, 0, sizeof(all));
    registry_forget_all();
}
