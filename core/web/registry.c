/*
 * registry.c - menu entries and widgets, as rooms and modules registered
 * them, in the order in which they are shown.
 */
#include "base/banned.h"

#include "web/router.h"

#include "base/arena.h"
#include "base/map.h"
#include "web/registry.h"

static struct arena *arena;
static struct vector menus, widgets;

static void start(void)
{
    if (arena)
        return;
    arena = arena_new(0);
    vector_init(&menus, arena);
    vector_init(&widgets, arena);
}

/* Puts the last one of a vector where it belongs; order is an int that
 * `order_of` reads. Stable. */
static void settle(struct vector *vector, int (*order_of)(const void *))
{
    size_t i;

    for (i = vector->count - 1; i > 0; i--) {
        void *above = vector->items[i - 1];

        if (order_of(above) <= order_of(vector->items[i]))
            break;
        vector->items[i - 1] = vector->items[i];
        vector->items[i] = above;
    }
}

static int menu_order(const void *entry)
{
    return ((const struct menu_entry *)entry)->order;
}

static int widget_order(const void *widget)
{
    return ((const struct widget *)widget)->order;
}

void menu_add(const struct menu_entry *entry)
{
    struct menu_entry *copy;

    start();
    copy = arena_memdup(arena, entry, sizeof(*entry));
    copy->area = arena_strdup(arena, entry->area);
    copy->key = arena_strdup(arena, entry->key);
    copy->title = arena_strdup(arena, entry->title);
    copy->path = arena_strdup(arena, entry->path);
    copy->icon = arena_strdup(arena, entry->icon);
    copy->module = arena_strdup(arena, entry->module);
    copy->form = arena_strdup(arena, entry->form);
    vector_add(&menus, copy);
    settle(&menus, menu_order);
}

const struct menu_entry *menu_at(int index)
{
    if (index < 0 || (size_t)index >= menus.count)
        return NULL;
    return menus.items[index];
}

void widget_add(const struct widget *widget)
{
    struct widget *copy;

    start();
    copy = arena_memdup(arena, widget, sizeof(*widget));
    copy->name = arena_strdup(arena, widget->name);
    copy->key = arena_strdup(arena, widget->key);
    copy->template = arena_strdup(arena, widget->template);
    copy->module = arena_strdup(arena, widget->module);
    copy->path = arena_strdup(arena, widget->path);
    copy->form = arena_strdup(arena, widget->form);
    vector_add(&widgets, copy);
    settle(&widgets, widget_order);
}

const struct widget *widget_at(int index)
{
    if (index < 0 || (size_t)index >= widgets.count)
        return NULL;
    return widgets.items[index];
}

void registry_forget_all(void)
{
    arena_free(arena);
    arena = NULL;
    memset(&menus, 0, sizeof(menus));
    memset(&widgets, 0, sizeof(widgets));
}
