/*
 * tally.c - tally(groups, g…, m…): counts and sums by groups in one look.
 *
 * An aggregate function whose result is JSON, a list for each group: its
 * values, the number of rows, and for each m the sums of its high and low 32
 * bits and the number of those that are not NULL. SQLite's own GROUP BY sorts
 * all rows first, which costs more than reading them where the groups are few.
 */
#include "base/banned.h"

#include "store/sqlite.h"

#include <inttypes.h>

enum { KEY_BYTES = 512, FIRST_SLOTS = 64, SUMS_MAX = 16 };

struct sum {
    int64_t high, low, count;
};

struct entry {
    uint64_t hash;
    int64_t rows;
    size_t length;
    struct sum *sums;
    char key[];
};

struct tally {
    struct entry **slots;
    size_t size, count; /* size: a power of two */
    int groups, sums;
    struct entry *last; /* rows of a group often follow each other */
};

/* A row's groups: for each a letter, then a number or a length and bytes. */
struct key {
    char bytes[KEY_BYTES];
    size_t length;
};

static bool key_add(struct key *key, char kind, const void *data, size_t length)
{
    if (KEY_BYTES - key->length < length + 1)
        return false;
    key->bytes[key->length++] = kind;
    if (length)
        memcpy(key->bytes + key->length, data, length);
    key->length += length;
    return true;
}

static bool key_value(struct key *key, sqlite3_value *value)
{
    const unsigned char *text;
    int64_t number;

    switch (sqlite3_value_type(value)) {
    case SQLITE_NULL:
        return key_add(key, 'n', NULL, 0);
    case SQLITE_INTEGER:
        number = sqlite3_value_int64(value);
        return key_add(key, 'i', &number, sizeof number);
    case SQLITE_TEXT:
        text = sqlite3_value_text(value);
        /* With its end, which is no byte of a text. */
        return text && key_add(key, 't', text, strlen((const char *)text) + 1);
    default:
        return false;
    }
}

/* FNV-1a. Options are the form's own, nobody's input. */
static uint64_t key_hash(const struct key *key)
{
    uint64_t hash = 0xcbf29ce484222325u;
    size_t i;

    for (i = 0; i < key->length; i++)
        hash = (hash ^ (unsigned char)key->bytes[i]) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

static bool same(const struct entry *entry, const struct key *key)
{
    return entry->length == key->length &&
           memcmp(entry->key, key->bytes, key->length) == 0;
}

static struct entry **slot_of(const struct tally *tally, uint64_t hash,
                              const struct key *key)
{
    size_t at = hash & (tally->size - 1);

    while (tally->slots[at] && !(tally->slots[at]->hash == hash && key &&
                                 same(tally->slots[at], key)))
        at = (at + 1) & (tally->size - 1);
    return &tally->slots[at];
}

static bool grow(struct tally *tally)
{
    struct tally larger = *tally;
    size_t i;

    larger.size = tally->size ? tally->size * 2 : FIRST_SLOTS;
    larger.slots = sqlite3_malloc64(larger.size * sizeof *larger.slots);
    if (!larger.slots)
        return false;
    memset(larger.slots, 0, larger.size * sizeof *larger.slots);
    for (i = 0; i < tally->size; i++)
        if (tally->slots[i])
            *slot_of(&larger, tally->slots[i]->hash, NULL) = tally->slots[i];
    sqlite3_free(tally->slots);
    *tally = larger;
    return true;
}

static struct entry *entry_new(const struct tally *tally, uint64_t hash,
                               const struct key *key)
{
    size_t sums = (size_t)tally->sums * sizeof(struct sum);
    size_t head = (sizeof(struct entry) + key->length + 7) & ~(size_t)7;
    struct entry *entry = sqlite3_malloc64(head + sums);

    if (!entry)
        return NULL;
    memset(entry, 0, head + sums);
    entry->hash = hash;
    entry->length = key->length;
    entry->sums = (struct sum *)((char *)entry + head);
    memcpy(entry->key, key->bytes, key->length);
    return entry;
}

static struct entry *entry_of(struct tally *tally, const struct key *key)
{
    uint64_t hash;
    struct entry **slot;

    if (tally->last && same(tally->last, key))
        return tally->last;
    if (tally->count * 2 >= tally->size && !grow(tally))
        return NULL;
    hash = key_hash(key);
    slot = slot_of(tally, hash, key);
    if (!*slot) {
        *slot = entry_new(tally, hash, key);
        tally->count += *slot != NULL;
    }
    return tally->last = *slot;
}

static void step(sqlite3_context *call, int count, sqlite3_value **values)
{
    struct tally *tally = sqlite3_aggregate_context(call, sizeof *tally);
    struct key key = { .length = 0 };
    struct entry *entry;
    int i;

    if (!tally) {
        sqlite3_result_error_nomem(call);
        return;
    }
    tally->groups = sqlite3_value_int(values[0]);
    tally->sums = count - 1 - tally->groups;
    if (tally->groups < 0 || tally->sums < 0 || tally->sums > SUMS_MAX) {
        sqlite3_result_error(call, "tally: wrong number of arguments", -1);
        return;
    }
    for (i = 0; i < tally->groups; i++)
        if (!key_value(&key, values[1 + i])) {
            sqlite3_result_error_toobig(call);
            return;
        }
    entry = entry_of(tally, &key);
    if (!entry) {
        sqlite3_result_error_nomem(call);
        return;
    }
    entry->rows++;
    for (i = 0; i < tally->sums; i++) {
        sqlite3_value *value = values[1 + tally->groups + i];
        int64_t number;

        if (sqlite3_value_type(value) != SQLITE_INTEGER)
            continue;
        number = sqlite3_value_int64(value);
        entry->sums[i].high += number >> 32;
        entry->sums[i].low += number & 0xffffffff;
        entry->sums[i].count++;
    }
}

static void add_text(sqlite3_str *out, const char *text)
{
    sqlite3_str_appendchar(out, 1, '"');
    for (; *text; text++)
        if (*text == '"' || *text == '\\' || (unsigned char)*text < ' ')
            sqlite3_str_appendf(out, "\\u%04x", *text);
        else
            sqlite3_str_appendchar(out, 1, *text);
    sqlite3_str_appendchar(out, 1, '"');
}

static void add_groups(sqlite3_str *out, const struct entry *entry)
{
    const char *at = entry->key, *end = entry->key + entry->length;
    int64_t number;

    while (at < end) {
        switch (*at++) {
        case 'i':
            memcpy(&number, at, sizeof number);
            sqlite3_str_appendf(out, "%lld", (long long)number);
            at += sizeof number;
            break;
        case 't':
            add_text(out, at);
            at += strlen(at) + 1;
            break;
        default:
            sqlite3_str_appendall(out, "null");
        }
        sqlite3_str_appendchar(out, 1, ',');
    }
}

static void add_entry(sqlite3_str *out, const struct tally *tally,
                      const struct entry *entry)
{
    int i;

    sqlite3_str_appendchar(out, 1, '[');
    add_groups(out, entry);
    sqlite3_str_appendf(out, "%lld", (long long)entry->rows);
    for (i = 0; i < tally->sums; i++) {
        const struct sum *sum = &entry->sums[i];

        if (sum->count)
            sqlite3_str_appendf(out, ",%lld,%lld,%lld", (long long)sum->high,
                                (long long)sum->low, (long long)sum->count);
        else
            sqlite3_str_appendall(out, ",null,null,0");
    }
    sqlite3_str_appendchar(out, 1, ']');
}

/* Called once for each step that began, whatever became of the statement. */
static void final(sqlite3_context *call)
{
    struct tally *tally = sqlite3_aggregate_context(call, 0);
    sqlite3_str *out = sqlite3_str_new(sqlite3_context_db_handle(call));
    const char *comma = "[";
    size_t i;

    for (i = 0; tally && i < tally->size; i++) {
        if (!tally->slots[i])
            continue;
        sqlite3_str_appendall(out, comma);
        add_entry(out, tally, tally->slots[i]);
        comma = ",";
        sqlite3_free(tally->slots[i]);
    }
    if (tally)
        sqlite3_free(tally->slots);
    sqlite3_str_appendall(out, *comma == '[' ? "[]" : "]");
    if (sqlite3_str_errcode(out))
        sqlite3_result_error_code(call, sqlite3_str_errcode(out));
    else
        sqlite3_result_text(call, sqlite3_str_value(out),
                            sqlite3_str_length(out), SQLITE_TRANSIENT);
    sqlite3_free(sqlite3_str_finish(out));
}

int tally_add(sqlite3 *sql)
{
    return sqlite3_create_function_v2(
        sql, "tally", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
        NULL, NULL, step, final, NULL);
}
