/*
 * similar.c - records whose name is nearly the one that is being typed.
 *
 * The index of words gives candidates by how the name begins; how alike two
 * names are is counted here, by the pairs of characters that they share. What
 * a person may not read is never told, but that somebody has a record of the
 * same name, where the form says so.
 */
#include "base/banned.h"

#include "form/similar.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "base/unicode.h"
#include "form/field_type.h"
#include "form/record.h"
#include "org/person.h"

enum {
    CANDIDATES = 100,
    TEXT_MAX_CHARACTERS = 100,
    LEAST_LETTERS = 3, /* of Latin text; of Chinese two characters do */
    LEAST_HAN = 2,
    BEGINNING_HAN = 4,
    LEAST_DIGITS = 6,
    PHONE_DIGITS = 8,
};

/* What is left of a text when only letters and digits count. */
struct stem {
    int32_t points[TEXT_MAX_CHARACTERS];
    size_t count;
    bool digits, wide; /* nothing but digits; a character beyond Latin */
};

static bool is_letter(int32_t point)
{
    if (point < 128)
        return (point >= '0' && point <= '9') || (point >= 'a' && point <= 'z');
    /* Signs of Latin, general punctuation, those of Chinese. */
    return point >= 0xc0 && (point < 0x2000 || point > 0x2bff) &&
           (point < 0x3000 || point > 0x303f) &&
           (point < 0xfe30 || point > 0xfe6f);
}

static bool ends_with(const struct stem *stem, const char *word)
{
    size_t length = strlen(word), characters = utf8_length(word, length);
    size_t i, size;

    if (stem->count < characters + LEAST_HAN)
        return false;
    for (i = stem->count - characters; i < stem->count; i++) {
        if (utf8_next(word, length, &size) != stem->points[i])
            return false;
        word += size;
        length -= size;
    }
    return true;
}

/* What says only which kind of company it is. */
static void drop_company(struct stem *stem)
{
    static const char *const words[] = {
        "有限责任公司", "股份有限公司", "有限公司",    "公司",    "集团",
        "集團",         "limited",      "corporation", "company", "coltd",
        "ltd",          "gmbh",         "corp",        "inc",     "llc",
    };
    bool dropped = true;
    size_t i;

    while (dropped) {
        dropped = false;
        for (i = 0; i < sizeof words / sizeof *words && !dropped; i++)
            if (ends_with(stem, words[i])) {
                stem->count -= utf8_length(words[i], strlen(words[i]));
                dropped = true;
            }
    }
}

static void read_stem(struct stem *out, struct arena *arena, const char *text)
{
    const char *folded = text_fold(arena, text);
    size_t length = strlen(folded), size;

    memset(out, 0, sizeof *out);
    out->digits = true;
    for (; length && out->count < TEXT_MAX_CHARACTERS;
         folded += size, length -= size) {
        int32_t point = utf8_next(folded, length, &size);

        if (point < 0)
            return;
        if (!is_letter(point))
            continue;
        out->points[out->count++] = point;
        out->digits = out->digits && point >= '0' && point <= '9';
        out->wide = out->wide || point >= 0x1100;
    }
    if (out->digits && out->count > PHONE_DIGITS) {
        memmove(out->points, out->points + out->count - PHONE_DIGITS,
                PHONE_DIGITS * sizeof *out->points);
        out->count = PHONE_DIGITS;
    }
    if (!out->digits)
        drop_company(out);
}

static bool long_enough(const struct stem *stem)
{
    return stem->count >= (stem->digits ? LEAST_DIGITS
                           : stem->wide ? LEAST_HAN
                                        : LEAST_LETTERS);
}

static bool is_part(const struct stem *part, const struct stem *whole)
{
    size_t i;

    for (i = 0; i + part->count <= whole->count; i++)
        if (memcmp(whole->points + i, part->points,
                   part->count * sizeof *part->points) == 0)
            return true;
    return false;
}

/* Pairs of neighbours that both have, out of all pairs (Dice). */
static int shared_pairs(const struct stem *a, const struct stem *b)
{
    bool taken[TEXT_MAX_CHARACTERS] = { false };
    size_t i, k, shared = 0;

    if (a->count < 2 || b->count < 2)
        return 0;
    for (i = 0; i + 1 < a->count; i++)
        for (k = 0; k + 1 < b->count; k++)
            if (!taken[k] && a->points[i] == b->points[k] &&
                a->points[i + 1] == b->points[k + 1]) {
                taken[k] = true;
                shared++;
                break;
            }
    return (int)(shared * 200 / (a->count - 1 + b->count - 1));
}

static int score_of(const struct stem *a, const struct stem *b)
{
    int pairs;

    if (!long_enough(a) || !long_enough(b))
        return 0;
    if (a->count == b->count && is_part(a, b))
        return 100;
    if (a->digits || b->digits)
        return a->digits && b->digits && is_part(a, b) ? 90 : 0;
    if (is_part(a, b) || is_part(b, a))
        return 90;
    pairs = shared_pairs(a, b);
    return pairs < 90 ? pairs : 90;
}

int similar_score(struct arena *arena, const char *a, const char *b)
{
    struct stem first, second;

    read_stem(&first, arena, a);
    read_stem(&second, arena, b);
    return score_of(&first, &second);
}

/* What candidates have: how the text begins, four characters of Chinese or
 * two words; of a number its last digits. */
static const char *beginning(struct ctx *ctx, const char *text,
                             const struct stem *stem)
{
    char *copy = arena_strdup(ctx->arena, text_fold(ctx->arena, text));
    size_t words = 0, i;
    struct buf out;
    char *p;

    buf_init(&out, ctx->arena, 1024);
    if (stem->digits || stem->wide) {
        size_t most = stem->digits ? stem->count : BEGINNING_HAN;

        for (i = 0; i < stem->count && i < most; i++) {
            char bytes[4];
            size_t size = utf8_write(bytes, stem->points[i]);

            buf_addf(&out, "%.*s", (int)size, bytes);
        }
        return buf_text(&out);
    }
    for (p = copy; *p; p++)
        if ((unsigned char)*p < 128 && !is_letter(*p))
            *p = ' ';
    while ((p = strsep(&copy, " ")) && words < 2)
        if (strlen(p) > 1)
            buf_addf(&out, "%s%s", words++ ? " " : "", p);
    return buf_text(&out);
}

struct found {
    struct record *record;
    int score;
};

/* Keeps the best, in order; at most `most` of them. */
static void keep(struct found *best, size_t *count, size_t most,
                 struct record *record, int score)
{
    size_t i = *count < most ? (*count)++ : *count;

    if (i == most && best[most - 1].score >= score)
        return;
    if (i == most)
        i--;
    for (; i > 0 && best[i - 1].score < score; i--)
        best[i] = best[i - 1];
    best[i] = (struct found){ record, score };
}

static int find(struct found *best, size_t *count, size_t most, struct ctx *ctx,
                const struct field *field, const char *text, int64_t except,
                int least)
{
    struct record_query query = { .limit = CANDIDATES };
    struct record **records;
    struct stem wanted, stem;
    size_t total, i;
    int rc;

    *count = 0;
    read_stem(&wanted, ctx->arena, text);
    query.search = beginning(ctx, text, &wanted);
    if (!long_enough(&wanted) || text_empty(query.search))
        return 0;
    rc = record_list(&records, &total, ctx, field->form, &query);
    for (i = 0; !rc && i < total; i++) {
        const char *other = value_get_text(records[i]->values, field->key);
        int score;

        if (text_empty(other) || records[i]->id == except)
            continue;
        read_stem(&stem, ctx->arena, other);
        score = score_of(&wanted, &stem);
        /* A part of a name is alike, and not the same. */
        if (score >= least && (least < SIMILAR_SAME || score != 90))
            keep(best, count, most, records[i], score);
    }
    return rc;
}

static void add_record(struct ctx *ctx, struct value *list,
                       const struct field *field, const struct record *record)
{
    struct value *map = value_map(ctx->arena);

    value_set_id(map, "id", record->id);
    value_set_text(map, "label", record_label(ctx, record));
    value_set_text(map, "text", value_get_text(record->values, field->key));
    if (record->owner)
        value_set_text(map, "owner", person_name(ctx, record->owner));
    value_append(list, map);
}

/* Who owns others of that name. Asked as the system; of what is found only
 * the owner is told, and only where the person may not read the record. */
static int find_owners(struct value *owners, struct ctx *ctx,
                       const struct field *field, const char *text,
                       int64_t except)
{
    struct found best[CANDIDATES];
    struct ctx all = *ctx, quiet = *ctx;
    struct map *seen = map_new(ctx->arena);
    size_t count, i;
    int rc;

    all.system = true;
    all.module = NULL;
    rc =
        find(best, &count, CANDIDATES, &all, field, text, except, SIMILAR_SAME);
    for (i = 0; !rc && i < count && value_count(owners) < SIMILAR_OWNERS; i++) {
        const struct record *record = best[i].record;
        const char *name;

        ctx_clear(&quiet);
        if (!record->owner || record_may(&quiet, record, RIGHT_READ) == 0)
            continue;
        name = person_name(ctx, record->owner);
        if (map_get(seen, name))
            continue;
        map_set(seen, name, seen);
        value_append(owners, value_text(ctx->arena, name));
    }
    return rc;
}

int record_similar(struct value **out, struct ctx *ctx, const struct form *form,
                   const struct field *field, const char *text, int64_t except)
{
    struct value *records = value_list(ctx->arena);
    struct value *owners = value_list(ctx->arena);
    const struct value *who = value_get(field->options, "similar");
    struct found best[SIMILAR_RECORDS];
    size_t count, i;
    int rc;

    *out = value_map(ctx->arena);
    if (!field->similar || field->form != form)
        return fail_at(ctx, E_INVALID, field->key, "form.unknown_field",
                       "there is no field %s", field->key);
    value_set(*out, "records", records);
    value_set(*out, "owners", owners);
    rc = find(best, &count, SIMILAR_RECORDS, ctx, field, text ? text : "",
              except, SIMILAR_ALIKE);
    for (i = 0; !rc && i < count; i++)
        add_record(ctx, records, field, best[i].record);
    if (!rc && text_equal(value_as_text(who), "everyone"))
        rc = find_owners(owners, ctx, field, text ? text : "", except);
    return rc;
}
