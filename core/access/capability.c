/*
 * capability.c - the forms that modules may see as modules (sdk.md, rule 10).
 *
 * Filled while a worker starts, from the manifests; read by every hook.
 */
#include "base/banned.h"

#include "access/capability.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"

struct capability {
    const char *module, *form;
    enum right right;
    bool gone;
};

static struct arena *arena;
static struct vector all;

void access_capability(const char *module, const char *form, enum right right)
{
    struct capability *capability;

    if (!arena) {
        arena = arena_new(0);
        vector_init(&all, arena);
    }
    capability = arena_alloc(arena, sizeof(*capability));
    capability->module = arena_strdup(arena, module);
    capability->form = arena_strdup(arena, form);
    capability->right = right;
    vector_add(&all, capability);
}

void access_capabilities_forget(const char *module)
{
    size_t i;

    for (i = 0; i < all.count; i++) {
        struct capability *capability = all.items[i];

        if (strcmp(capability->module, module) == 0)
            capability->gone = true;
    }
}

static bool matches(const char *pattern, const char *form)
{
    size_t length = strlen(pattern);

    if (length >= 2 && strcmp(pattern + length - 2, ".*") == 0)
        return strncmp(pattern, form, length - 1) == 0;
    return strcmp(pattern, form) == 0;
}

bool capability_has(const char *module, const char *form, enum right right)
{
    size_t i, length = strlen(module);

    if (strncmp(form, module, length) == 0 && form[length] == '.')
        return right != RIGHT_DESIGN;
    for (i = 0; i < all.count; i++) {
        const struct capability *capability = all.items[i];

        if (!capability->gone && capability->right == right &&
            strcmp(capability->module, module) == 0 &&
            matches(capability->form, form))
            return true;
    }
    return false;
}
