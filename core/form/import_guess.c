/*
 * import_guess.c - what form a table makes: keys, types, label, levels.
 *
 * A guess errs towards text: a number that is a name (a code, an id, one with
 * leading zeros) is never summed nor given separators.
 */
#include "base/banned.h"

#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/decimal.h"
#include "base/map.h"
#include "base/str.h"
#include "base/unicode.h"
#include "base/value.h"
#include "form/definition.h"
#include "form/import_internal.h"
#include "form/import_number.h"

enum { CHOICES_MAX = 20, CHOICES_ROWS = 100, NAME_SHARE = 90 };

/* What all values of a column have in common. */
struct column_facts {
    size_t filled, distinct;
    bool integers, decimals, dates, booleans, leading_zero, lines;
    int scale;
    size_t longest; /* in characters */
    struct map *values;
};

const char *import_key(struct ctx *ctx, const char *header, size_t index)
{
    char *key = arena_alloc(ctx->arena, 48);
    size_t length = 0;
    const char *c;

    for (c = header; *c && length < 36; c++) {
        char small = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
        bool letter = small >= 'a' && small <= 'z';
        bool digit = small >= '0' && small <= '9';
        /* cityCode: a new word begins at the capital. */
        bool hump = *c >= 'A' && *c <= 'Z' && c > header && c[-1] >= 'a' &&
                    c[-1] <= 'z';

        if (hump && length && key[length - 1] != '_')
            key[length++] = '_';
        if (letter || (digit && length))
            key[length++] = small;
        else if (length && key[length - 1] != '_')
            key[length++] = '_';
    }
    while (length && key[length - 1] == '_')
        length--;
    key[length] = '\0';
    if (!field_key_valid(key))
        return arena_printf(ctx->arena, "column_%zu", index + 1);
    return key;
}

/* Words of a header that say: this number is a name. */
static bool names_a_code(struct ctx *ctx, const char *header)
{
    static const char *const words[] = { "code", "id",  "cik",      "no",
                                         "nr",   "zip", "postcode", "phone",
                                         "tel",  "key", "symbol",   "isbn",
                                         "ean",  "sku", "iban" };
    static const char *const signs[] = { "编号", "代码", "编码", "号码",
                                         "電話", "电话", "代碼", "編號",
                                         "邮编", "证号", "账号", "工号" };
    const char *key = import_key(ctx, header, 0);
    size_t i, length;

    for (i = 0; i < sizeof words / sizeof words[0]; i++) {
        const char *at = strstr(key, words[i]);

        length = strlen(words[i]);
        if (at && (at == key || at[-1] == '_') &&
            (!at[length] || at[length] == '_'))
            return true;
    }
    for (i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (strstr(header, signs[i]))
            return true;
    return false;
}

static void look_at_number(struct column_facts *facts, const char *text)
{
    struct decimal decimal;
    const char *digits = text + (*text == '-');

    if (decimal_parse(&decimal, text, strlen(text), -1)) {
        facts->integers = facts->decimals = false;
        return;
    }
    if (digits[0] == '0' && digits[1] && digits[1] != '.')
        facts->leading_zero = true;
    if (decimal.scale > 0)
        facts->integers = false;
    if (decimal.scale > facts->scale)
        facts->scale = decimal.scale;
}

static void look_at(struct column_facts *facts, const char *text,
                    const char *number)
{
    static const char *const words[] = { "true", "false", "yes",
                                         "no",   "是",    "否" };
    size_t characters = utf8_length(text, strlen(text)), i;
    bool word = false;
    int y, m, d;

    facts->filled++;
    if (characters > facts->longest)
        facts->longest = characters;
    if (strchr(text, '\n'))
        facts->lines = true;
    if (!date_parse(&y, &m, &d, text))
        facts->dates = false;
    look_at_number(facts, number);
    for (i = 0; i < sizeof words / sizeof words[0]; i++)
        word = word || strcasecmp(words[i], text) == 0;
    if (!word)
        facts->booleans = false;
    if (facts->distinct <= facts->filled && !map_get(facts->values, text)) {
        map_set(facts->values, text, facts);
        facts->distinct++;
    }
}

/* As a plain number, where its column has decimal commas. */
static const char *plain(struct ctx *ctx, const struct import_row *row,
                         size_t column, bool comma)
{
    const char *text = row->cells[column], *number = NULL;

    if (comma && !(row->numbers && row->numbers[column]))
        number = import_number(ctx, text, true);
    return number ? number : text;
}

static void look_at_column(struct column_facts *facts, struct ctx *ctx,
                           const struct import_file *file, size_t column,
                           bool comma)
{
    struct arena *arena = arena_new(0);
    struct ctx own = *ctx;
    size_t i;

    own.arena = arena;
    memset(facts, 0, sizeof *facts);
    facts->integers = facts->decimals = facts->dates = facts->booleans = true;
    facts->values = map_new(ctx->arena);
    for (i = 0; i < file->row_count; i++) {
        const struct import_row *row = &file->rows[i];

        if (row->cells[column][0])
            look_at(facts, row->cells[column], plain(&own, row, column, comma));
        arena_reset(arena);
    }
    arena_free(arena);
}

/* Of a form that is yet to be made: all that stands there is a number. */
static bool *guess_commas(struct ctx *ctx, const struct import_file *file)
{
    bool *numeric = arena_array(ctx->arena, file->columns, sizeof *numeric);
    struct arena *arena = arena_new(0);
    struct ctx own = *ctx;
    size_t i, j;

    own.arena = arena;
    for (i = 0; i < file->columns; i++) {
        numeric[i] = true;
        for (j = 0; numeric[i] && j < file->row_count; j++) {
            const char *text = file->rows[j].cells[i];

            numeric[i] = !*text || import_number(&own, text, true) ||
                         import_number(&own, text, false);
            arena_reset(arena);
        }
    }
    arena_free(arena);
    return import_commas(ctx, file, numeric);
}

/* Few words, each many times: a choice. */
static bool is_choice(const struct column_facts *facts)
{
    return facts->filled >= CHOICES_ROWS && facts->distinct <= CHOICES_MAX &&
           facts->distinct > 1 && facts->longest <= 60 && !facts->lines;
}

static void set_choice(struct ctx *ctx, struct value *field,
                       const struct column_facts *facts)
{
    struct value *options = value_list(ctx->arena);
    size_t i;

    value_set_text(field, "type", "choice");
    for (i = 0; i < map_count(facts->values); i++)
        value_append(options,
                     value_text(ctx->arena, map_key_at(facts->values, i)));
    value_set(field, "options", options);
}

static void set_text(struct value *field, const struct column_facts *facts)
{
    bool many = facts->lines || facts->longest > 400;

    value_set_text(field, "type", many ? "long_text" : "text");
    if (many && facts->longest > 5000)
        value_set_int(field, "max_length", 100000);
    if (!many && facts->longest > 100)
        value_set_int(field, "max_length", 1000);
}

static struct value *guess_field(struct ctx *ctx,
                                 const struct import_file *file, size_t column,
                                 bool comma)
{
    const char *header = file->header[column];
    struct value *field = value_map(ctx->arena);
    struct column_facts facts;
    bool name;

    look_at_column(&facts, ctx, file, column, comma);
    /* Numbers that hardly repeat are names, unless they have places. */
    name = names_a_code(ctx, header) || facts.leading_zero ||
           (facts.integers && facts.filled > 20 &&
            facts.distinct * 100 > facts.filled * NAME_SHARE);
    value_set_text(field, "key", import_key(ctx, header, column));
    value_set_text(field, "title", header);
    if (!facts.filled) {
        value_set_text(field, "type", "text");
    } else if (facts.dates) {
        value_set_text(field, "type", "date");
        value_set_bool(field, "index", true);
    } else if (facts.integers && !name) {
        value_set_text(field, "type", "integer");
    } else if (facts.decimals && !facts.integers && !name) {
        value_set_text(field, "type", "decimal");
        value_set_int(field, "scale",
                      facts.scale > DECIMAL_SCALE_MAX ? DECIMAL_SCALE_MAX
                                                      : facts.scale);
    } else if (facts.booleans) {
        value_set_text(field, "type", "boolean");
    } else if (is_choice(&facts) && !name) {
        set_choice(ctx, field, &facts);
    } else {
        set_text(field, &facts);
    }
    return field;
}

static struct value *title_of(struct ctx *ctx, const char *name)
{
    char *title = arena_strdup(ctx->arena, name);
    char *c;

    for (c = title; *c; c++)
        if (*c == '_' || *c == '.')
            *c = ' ';
    if (*title >= 'a' && *title <= 'z')
        *title = (char)(*title - 32);
    return value_text(ctx->arena, title);
}

/* Everybody may read what was imported: it is there to be looked up. */
static struct value *read_grant(struct ctx *ctx)
{
    struct value *list = value_list(ctx->arena);
    struct value *grant = value_map(ctx->arena);

    value_set_text(grant, "who", "everyone");
    value_set_text(grant, "right", "read");
    value_set_text(grant, "scope", "all");
    value_append(list, grant);
    return list;
}

/* The first text names a record, and the list is in its order. */
static void set_label(struct ctx *ctx, struct value *definition,
                      struct value *fields)
{
    struct value *list = value_map(ctx->arena);
    size_t i;

    for (i = 0; i < value_count(fields); i++) {
        struct value *field = value_at(fields, i);

        if (strcmp(value_get_text(field, "type"), "text") != 0)
            continue;
        value_set_text(definition, "label", value_get_text(field, "key"));
        value_set_text(list, "sort", value_get_text(field, "key"));
        value_set(definition, "list", list);
        value_set_bool(field, "index", true);
        return;
    }
}

static int guess_table(struct value **out, struct ctx *ctx, const char *form,
                       const struct import_file *file)
{
    struct value *definition = value_map(ctx->arena);
    struct value *fields = value_list(ctx->arena);
    struct map *keys = map_new(ctx->arena);
    const bool *comma = guess_commas(ctx, file);
    size_t i;

    for (i = 0; i < file->columns; i++) {
        struct value *field;
        const char *key;

        if (strcmp(file->header[i], IMPORT_REASON) == 0)
            continue;
        field = guess_field(ctx, file, i, comma[i]);
        key = value_get_text(field, "key");
        if (map_get(keys, key) || strcmp(key, "id") == 0 ||
            strcmp(key, "state") == 0 || strcmp(key, "owner") == 0 ||
            strcmp(key, "department") == 0 || strcmp(key, "version") == 0) {
            key = arena_printf(ctx->arena, "column_%zu", i + 1);
            value_set_text(field, "key", key);
        }
        map_set(keys, key, field);
        value_append(fields, field);
    }
    value_set(definition, "title", title_of(ctx, form));
    value_set_text(definition, "icon", "table");
    value_set_bool(definition, "apply", false);
    set_label(ctx, definition, fields);
    value_set(definition, "grants", read_grant(ctx));
    value_set(definition, "fields", fields);
    *out = definition;
    return 0;
}

/* ---- trees ---- */

/* "cities.csv" → "city": how its codes are called in the next file. */
static const char *stem_of(struct ctx *ctx, const char *file)
{
    const char *slash = strrchr(file, '/');
    char *stem = arena_strdup(ctx->arena, slash ? slash + 1 : file);
    char *dot = strchr(stem, '.');
    size_t length;

    if (dot)
        *dot = '\0';
    length = strlen(stem);
    if (length > 3 && strcmp(stem + length - 3, "ies") == 0) {
        stem[length - 3] = 'y';
        stem[length - 2] = '\0';
    } else if (length > 2 && stem[length - 1] == 's') {
        stem[length - 1] = '\0';
    }
    return stem;
}

static bool contains_word(const char *text, const char *word)
{
    return strcasestr(text, word) != NULL;
}

static int find_code(struct ctx *ctx, const struct import_file *file)
{
    size_t i;

    for (i = 0; i < file->columns; i++)
        if (strcasecmp(file->header[i], "code") == 0 ||
            strcasecmp(file->header[i], "id") == 0 ||
            strcmp(file->header[i], "代码") == 0 ||
            strcmp(file->header[i], "编码") == 0 ||
            strcmp(file->header[i], "代碼") == 0)
            return (int)i;
    for (i = 0; i < file->columns; i++) {
        struct column_facts facts;

        look_at_column(&facts, ctx, file, i, false);
        if (facts.filled && facts.distinct == file->row_count)
            return (int)i;
    }
    return -1;
}

static int find_name(struct ctx *ctx, const struct import_file *file, int code)
{
    size_t i;

    for (i = 0; i < file->columns; i++)
        if (strcasecmp(file->header[i], "name") == 0 ||
            strcmp(file->header[i], "名称") == 0 ||
            strcmp(file->header[i], "名稱") == 0)
            return (int)i;
    for (i = 0; i < file->columns; i++)
        if ((int)i != code && !names_a_code(ctx, file->header[i]))
            return (int)i;
    return -1;
}

/* The column whose values are codes of the file before; of several the one
 * that is named after that file. */
static int find_parent(struct ctx *ctx, const struct import_file *file,
                       int code, const struct import_file *above,
                       int above_code)
{
    struct map *codes = map_new(ctx->arena);
    const char *stem = stem_of(ctx, above->name);
    size_t best_score = 0, i, j;
    int best = -1;

    for (i = 0; i < above->row_count; i++)
        map_set(codes, above->rows[i].cells[above_code], codes);
    for (i = 0; i < file->columns; i++) {
        size_t found = 0, score;

        if ((int)i == code)
            continue;
        for (j = 0; j < file->row_count; j++)
            found += map_get(codes, file->rows[j].cells[i]) != NULL;
        score = file->row_count ? found * 100 / file->row_count : 0;
        if (score < 50)
            continue;
        score = score * 2 + contains_word(file->header[i], stem);
        if (score > best_score) {
            best_score = score;
            best = (int)i;
        }
    }
    return best;
}

int import_levels(struct import_level *levels, struct ctx *ctx,
                  const struct import_file *files, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        struct import_level *level = &levels[i];

        level->parent = -1;
        level->code = find_code(ctx, &files[i]);
        if (level->code < 0)
            return fail(ctx, E_INVALID, "import.no_code",
                        "%s: no column holds a different code in each row",
                        files[i].name);
        level->name = find_name(ctx, &files[i], level->code);
        if (level->name < 0)
            return fail(ctx, E_INVALID, "import.no_name",
                        "%s: no column holds the names", files[i].name);
        if (i == 0)
            continue;
        level->parent = find_parent(ctx, &files[i], level->code, &files[i - 1],
                                    levels[i - 1].code);
        if (level->parent < 0)
            return fail(ctx, E_INVALID, "import.no_parent",
                        "%s: no column holds codes of %s", files[i].name,
                        files[i - 1].name);
    }
    return 0;
}

static struct value *tree_field(struct ctx *ctx, const char *key,
                                const char *type, const char *en,
                                const char *cn, const char *tw)
{
    struct value *field = value_map(ctx->arena);
    struct value *title = value_map(ctx->arena);

    value_set_text(title, "en", en);
    value_set_text(title, "zh-CN", cn);
    value_set_text(title, "zh-TW", tw);
    value_set_text(field, "key", key);
    value_set_text(field, "type", type);
    value_set(field, "title", title);
    return field;
}

static struct value *texts(struct ctx *ctx, const char *const *names,
                           size_t count)
{
    struct value *list = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < count; i++)
        value_append(list, value_text(ctx->arena, names[i]));
    return list;
}

static int guess_tree(struct value **out, struct ctx *ctx, const char *form,
                      const struct import_file *files, size_t count)
{
    static const char *const columns[] = { "code", "name", "parent", "level" };
    struct value *definition = value_map(ctx->arena);
    struct value *fields = value_list(ctx->arena);
    struct value *levels = value_list(ctx->arena);
    struct value *list = value_map(ctx->arena), *field;
    struct import_level found[IMPORT_FILES_MAX];
    size_t i;
    int rc = import_levels(found, ctx, files, count);

    if (rc)
        return rc;
    for (i = 0; i < count; i++)
        value_append(levels, title_of(ctx, stem_of(ctx, files[i].name)));
    field = tree_field(ctx, "code", "text", "Code", "代码", "代碼");
    value_set_bool(field, "index", true);
    value_append(fields, field);
    field = tree_field(ctx, "name", "text", "Name", "名称", "名稱");
    value_set_bool(field, "required", true);
    value_set_bool(field, "index", true);
    value_append(fields, field);
    field = tree_field(ctx, "parent", "link", "Belongs to", "上级", "上層");
    value_set_text(field, "target", form);
    value_append(fields, field);
    field = tree_field(ctx, "level", "integer", "Level", "级别", "層級");
    value_set_bool(field, "plain", true);
    value_append(fields, field);
    value_set(list, "columns", texts(ctx, columns, 4));
    value_set_text(list, "sort", "code");
    value_set(definition, "title", title_of(ctx, form));
    value_set_text(definition, "icon", "map");
    value_set_bool(definition, "apply", false);
    value_set_bool(definition, "closed", true);
    value_set_text(definition, "label", "name");
    value_set_text(definition, "tree", "parent");
    value_set(definition, "levels", levels);
    value_set(definition, "list", list);
    value_set(definition, "grants", read_grant(ctx));
    value_set(definition, "fields", fields);
    *out = definition;
    return 0;
}

int import_guess(struct value **definition, struct ctx *ctx, const char *form,
                 const struct import_file *files, size_t count)
{
    return count > 1 ? guess_tree(definition, ctx, form, files, count)
                     : guess_table(definition, ctx, form, &files[0]);
}
