/*
 * value.c - the value tree: what JSON, Lua, records, templates share.
 *
 * A map is an array of entries, looked through one by one while it is small:
 * a short hash beside each key spares nearly all comparisons of texts. Beyond
 * LINEAR_MAX keys a table of indexes is laid beside it.
 */
#include "base/banned.h"

#include "base/value.h"

#include <assert.h>
#include <math.h>

#include "base/arena.h"
#include "base/map.h"

enum { LINEAR_MAX = 16 };

/* Beyond it a double no longer holds every whole number. */
static const double exact_max = 9007199254740992.0;

struct entry {
    const char *key;
    struct value *item;
    uint32_t hash; /* value_key_hash */
};

struct value {
    enum value_kind kind;
    uint32_t count;    /* of a list's or map's entries */
    uint32_t capacity; /* of its arrays */
    uint32_t table_size;
    struct arena *arena;
    union {
        bool flag;
        int64_t number;
        double real;
        struct decimal decimal;
        struct str text;
        struct value **items; /* of a list */
        struct {
            struct entry *entries; /* of a map */
            uint32_t *table;       /* index + 1; NULL in small maps */
        };
    };
};

static struct value *make(struct arena *arena, enum value_kind kind)
{
    struct value *value = arena_alloc(arena, sizeof *value);

    value->kind = kind;
    value->arena = arena;
    return value;
}

struct value *value_null(struct arena *arena)
{
    return make(arena, VALUE_NULL);
}

struct value *value_bool(struct arena *arena, bool flag)
{
    struct value *value = make(arena, VALUE_BOOL);

    value->flag = flag;
    return value;
}

struct value *value_int(struct arena *arena, int64_t number)
{
    struct value *value = make(arena, VALUE_INT);

    value->number = number;
    return value;
}

struct value *value_double(struct arena *arena, double number)
{
    struct value *value = make(arena, VALUE_DOUBLE);

    value->real = number;
    return value;
}

struct value *value_decimal(struct arena *arena, struct decimal number)
{
    struct value *value = make(arena, VALUE_DECIMAL);

    value->decimal = number;
    return value;
}

static struct value *make_text(struct arena *arena, enum value_kind kind,
                               const char *text, size_t length)
{
    struct value *value = make(arena, kind);

    value->text.data = arena_strndup(arena, text, length);
    value->text.length = length;
    return value;
}

struct value *value_text(struct arena *arena, const char *text)
{
    return text ? make_text(arena, VALUE_STRING, text, strlen(text))
                : value_null(arena);
}

struct value *value_textn(struct arena *arena, const char *text, size_t length)
{
    return make_text(arena, VALUE_STRING, text ? text : "", text ? length : 0);
}

struct value *value_html(struct arena *arena, const char *html)
{
    return html ? make_text(arena, VALUE_HTML, html, strlen(html))
                : value_null(arena);
}

/* Whether `scheme` ("https", not ended by NUL) may stand in a link. */
static bool scheme_allowed(const char *scheme, size_t length, const char *rest)
{
    static const struct {
        const char *name;
        bool slashes;
    } allowed[] = {
        { "https", true },
        { "http", true },
        { "mailto", false },
        { "tel", false },
    };
    size_t i;

    for (i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (strlen(allowed[i].name) == length &&
            strncasecmp(allowed[i].name, scheme, length) == 0)
            return !allowed[i].slashes || text_starts(rest, "//");
    return false;
}

/* Browsers drop tabs and line ends within an address and read a backslash as
 * a slash, so that neither may pass; "//host" is another site. */
static bool url_allowed(const char *url)
{
    size_t scheme = strcspn(url, ":/?#");
    const char *p;

    for (p = url; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '\\')
            return false;
    if (url[0] == ' ')
        return false;
    if (url[0] == '/' && url[1] == '/')
        return false;
    if (url[scheme] != ':')
        return true;
    return scheme_allowed(url, scheme, url + scheme + 1);
}

struct value *value_url(struct arena *arena, const char *url)
{
    if (!url)
        return value_null(arena);
    if (!url_allowed(url))
        url = "#";
    return make_text(arena, VALUE_URL, url, strlen(url));
}

struct value *value_list(struct arena *arena)
{
    return make(arena, VALUE_LIST);
}

struct value *value_map(struct arena *arena)
{
    return make(arena, VALUE_MAP);
}

enum value_kind value_kind(const struct value *value)
{
    return value ? value->kind : VALUE_NULL;
}

static bool is_string(const struct value *value)
{
    enum value_kind kind = value_kind(value);

    return kind == VALUE_STRING || kind == VALUE_HTML || kind == VALUE_URL;
}

static bool is_container(const struct value *value)
{
    enum value_kind kind = value_kind(value);

    return kind == VALUE_LIST || kind == VALUE_MAP;
}

bool value_is_null(const struct value *value)
{
    return value_kind(value) == VALUE_NULL;
}

bool value_is_empty(const struct value *value)
{
    if (is_string(value))
        return value->text.length == 0;
    if (is_container(value))
        return value->count == 0;
    return value_is_null(value);
}

bool value_as_bool(const struct value *value)
{
    return value_kind(value) == VALUE_BOOL && value->flag;
}

int64_t value_as_int(const struct value *value, int64_t otherwise)
{
    struct decimal whole;

    switch (value_kind(value)) {
    case VALUE_INT:
        return value->number;
    case VALUE_DOUBLE:
        if (fabs(value->real) <= exact_max && value->real == floor(value->real))
            return (int64_t)value->real;
        return otherwise;
    case VALUE_DECIMAL:
        if (decimal_rescale(&whole, value->decimal, 0) == 0 &&
            decimal_compare(whole, value->decimal) == 0)
            return whole.units;
        return otherwise;
    default:
        return otherwise;
    }
}

double value_as_double(const struct value *value, double otherwise)
{
    switch (value_kind(value)) {
    case VALUE_INT:
        return (double)value->number;
    case VALUE_DOUBLE:
        return value->real;
    case VALUE_DECIMAL:
        return (double)value->decimal.units / pow(10, value->decimal.scale);
    default:
        return otherwise;
    }
}

const char *value_as_text(const struct value *value)
{
    return is_string(value) ? value->text.data : NULL;
}

struct str value_as_str(const struct value *value)
{
    return is_string(value) ? value->text : str_of(NULL);
}

bool value_as_decimal(struct decimal *out, const struct value *value)
{
    struct decimal number;

    *out = decimal_of(0);
    if (value_kind(value) == VALUE_DECIMAL) {
        *out = value->decimal;
        return true;
    }
    if (value_kind(value) != VALUE_INT)
        return false;
    /* An int may have 19 digits, a decimal at most 18. */
    number = decimal_of(value->number);
    return decimal_rescale(out, number, 0) == 0;
}

static bool lists_equal(const struct value *a, const struct value *b)
{
    uint32_t i;

    if (a->count != b->count)
        return false;
    for (i = 0; i < a->count; i++)
        if (!value_equal(a->items[i], b->items[i]))
            return false;
    return true;
}

static bool maps_equal(const struct value *a, const struct value *b)
{
    uint32_t i;

    if (a->count != b->count)
        return false;
    for (i = 0; i < a->count; i++) {
        const struct value *other = value_get(b, a->entries[i].key);

        /* The node, not its content, says that the key is there. */
        if (!other || !value_equal(a->entries[i].item, other))
            return false;
    }
    return true;
}

bool value_equal(const struct value *a, const struct value *b)
{
    enum value_kind kind = value_kind(a);
    struct decimal first, second;

    if (is_string(a) && is_string(b))
        return str_equal(a->text, b->text);
    if (kind == VALUE_INT && value_kind(b) == VALUE_INT)
        return a->number == b->number;
    if (value_as_decimal(&first, a) && value_as_decimal(&second, b))
        return decimal_compare(first, second) == 0;
    if ((kind == VALUE_DOUBLE || kind == VALUE_INT) &&
        (value_kind(b) == VALUE_DOUBLE || value_kind(b) == VALUE_INT))
        return value_as_double(a, 0) == value_as_double(b, 0);
    if (kind != value_kind(b))
        return false;
    switch (kind) {
    case VALUE_NULL:
        return true;
    case VALUE_BOOL:
        return a->flag == b->flag;
    case VALUE_LIST:
        return lists_equal(a, b);
    case VALUE_MAP:
        return maps_equal(a, b);
    default:
        return false;
    }
}

size_t value_count(const struct value *value)
{
    return is_container(value) ? value->count : 0;
}

struct value *value_at(const struct value *list, size_t index)
{
    if (value_kind(list) != VALUE_LIST || index >= list->count)
        return NULL;
    return list->items[index];
}

/* Room for one more entry. */
static void make_room(struct value *value)
{
    uint32_t old = value->capacity, capacity = old ? old * 2 : 4;

    if (value->count < old)
        return;
    assert(capacity > old);
    if (value->kind == VALUE_MAP)
        value->entries = arena_grow(value->arena, value->entries,
                                    old * sizeof *value->entries,
                                    capacity * sizeof *value->entries);
    else
        value->items =
            arena_grow(value->arena, value->items, old * sizeof *value->items,
                       capacity * sizeof *value->items);
    value->capacity = capacity;
}

void value_append(struct value *list, struct value *item)
{
    assert(value_kind(list) == VALUE_LIST);
    make_room(list);
    list->items[list->count++] = item ? item : value_null(list->arena);
}

static uint32_t table_slot(const struct value *map, const char *key)
{
    uint32_t slot =
        (uint32_t)text_hash(key, strlen(key)) & (map->table_size - 1);

    while (map->table[slot] &&
           strcmp(map->entries[map->table[slot] - 1].key, key) != 0)
        slot = (slot + 1) & (map->table_size - 1);
    return slot;
}

/* Not kept from strangers: it only says which keys need no comparison. */
uint32_t value_key_hash(const char *key)
{
    size_t length = strlen(key);
    uint32_t first = 0, last = 0;

    if (length >= sizeof first) {
        memcpy(&first, key, sizeof first);
        memcpy(&last, key + length - sizeof last, sizeof last);
    } else {
        memcpy(&first, key, length);
    }
    return first * 0x9e3779b1u ^ last * 0x85ebca77u ^ (uint32_t)length;
}

/* The index of a key; `count` where it is not there. */
static uint32_t map_find(const struct value *map, const char *key,
                         uint32_t hash)
{
    uint32_t i;

    if (map->table) {
        i = map->table[table_slot(map, key)];
        return i ? i - 1 : map->count;
    }
    for (i = 0; i < map->count; i++)
        if (map->entries[i].hash == hash &&
            strcmp(map->entries[i].key, key) == 0)
            break;
    return i;
}

static void table_fill(struct value *map)
{
    uint32_t i;

    memset(map->table, 0, map->table_size * sizeof *map->table);
    for (i = 0; i < map->count; i++)
        map->table[table_slot(map, map->entries[i].key)] = i + 1;
}

static void table_build(struct value *map)
{
    map->table_size = map->capacity * 4;
    map->table = arena_array(map->arena, map->table_size, sizeof *map->table);
    table_fill(map);
}

struct value *value_get_hashed(const struct value *map, const char *key,
                               uint32_t hash)
{
    uint32_t index;

    if (value_kind(map) != VALUE_MAP)
        return NULL;
    index = map_find(map, key, hash);
    return index < map->count ? map->entries[index].item : NULL;
}

struct value *value_get(const struct value *map, const char *key)
{
    if (value_kind(map) != VALUE_MAP || !key)
        return NULL;
    return value_get_hashed(map, key, value_key_hash(key));
}

void value_set(struct value *map, const char *key, struct value *item)
{
    uint32_t index, hash;

    assert(value_kind(map) == VALUE_MAP && key);
    if (!item)
        item = value_null(map->arena);
    hash = value_key_hash(key);
    index = map_find(map, key, hash);
    if (index < map->count) {
        map->entries[index].item = item;
        return;
    }
    make_room(map);
    map->entries[index].item = item;
    map->entries[index].key = arena_strdup(map->arena, key);
    map->entries[index].hash = hash;
    map->count++;
    if (map->table && map->table_size >= map->capacity * 2)
        map->table[table_slot(map, key)] = index + 1;
    else if (map->count > LINEAR_MAX)
        table_build(map);
}

bool value_remove(struct value *map, const char *key)
{
    uint32_t index, after;

    if (value_kind(map) != VALUE_MAP || !key)
        return false;
    index = map_find(map, key, value_key_hash(key));
    if (index == map->count)
        return false;
    after = --map->count - index;
    memmove(map->entries + index, map->entries + index + 1,
            after * sizeof *map->entries);
    if (map->table)
        table_fill(map);
    return true;
}

const char *value_key_at(const struct value *map, size_t index)
{
    if (value_kind(map) != VALUE_MAP || index >= map->count)
        return NULL;
    return map->entries[index].key;
}

struct value *value_item_at(const struct value *map, size_t index)
{
    if (value_kind(map) != VALUE_MAP || index >= map->count)
        return NULL;
    return map->entries[index].item;
}

const char *value_get_text(const struct value *map, const char *key)
{
    return value_as_text(value_get(map, key));
}

int64_t value_get_int(const struct value *map, const char *key,
                      int64_t otherwise)
{
    return value_as_int(value_get(map, key), otherwise);
}

bool value_get_bool(const struct value *map, const char *key)
{
    return value_as_bool(value_get(map, key));
}

void value_set_text(struct value *map, const char *key, const char *text)
{
    value_set(map, key, value_text(map->arena, text));
}

void value_set_int(struct value *map, const char *key, int64_t number)
{
    value_set(map, key, value_int(map->arena, number));
}

void value_set_bool(struct value *map, const char *key, bool flag)
{
    value_set(map, key, value_bool(map->arena, flag));
}

void value_set_id(struct value *map, const char *key, int64_t id)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)id);

    value_set(map, key, value_textn(map->arena, digits, (size_t)length));
}

int64_t value_as_id(const struct value *value)
{
    int64_t id = 0;

    if (value_kind(value) == VALUE_INT)
        return value->number > 0 ? value->number : 0;
    /* int_parse takes no '+' and no spaces; an id has no sign either. */
    if (is_string(value) && int_parse(&id, value->text.data, 1, INT64_MAX) == 0)
        return id;
    return 0;
}

int64_t value_get_id(const struct value *map, const char *key)
{
    return value_as_id(value_get(map, key));
}

struct value *value_copy(struct arena *arena, const struct value *value)
{
    struct value *copy;
    uint32_t i;

    if (!value)
        return value_null(arena);
    if (is_string(value))
        return make_text(arena, value->kind, value->text.data,
                         value->text.length);
    copy = make(arena, value->kind);
    switch (value->kind) {
    case VALUE_LIST:
        for (i = 0; i < value->count; i++)
            value_append(copy, value_copy(arena, value->items[i]));
        break;
    case VALUE_MAP:
        for (i = 0; i < value->count; i++)
            value_set(copy, value->entries[i].key,
                      value_copy(arena, value->entries[i].item));
        break;
    case VALUE_BOOL:
        copy->flag = value->flag;
        break;
    case VALUE_INT:
        copy->number = value->number;
        break;
    case VALUE_DOUBLE:
        copy->real = value->real;
        break;
    case VALUE_DECIMAL:
        copy->decimal = value->decimal;
        break;
    default:
        break;
    }
    return copy;
}

struct value *value_map_like(struct arena *arena, const struct value *map)
{
    struct value *copy = make(arena, VALUE_MAP);

    assert(value_kind(map) == VALUE_MAP);
    /* Room for what makes it differ. */
    copy->capacity = map->count + 4;
    copy->count = map->count;
    copy->entries = arena_array(arena, copy->capacity, sizeof *copy->entries);
    if (map->count)
        memcpy(copy->entries, map->entries, map->count * sizeof *map->entries);
    if (copy->count > LINEAR_MAX)
        table_build(copy);
    return copy;
}
