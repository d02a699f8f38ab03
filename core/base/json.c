/*
 * json.c - the one door to JSON: a strict scan, then cJSON.
 *
 * cJSON accepts more than RFC 8259 (duplicate keys, control bytes, 01, bytes
 * that are no UTF-8) and cuts texts and numbers (pitfalls 4). The scan walks
 * the text once by the grammar and says where it is wrong; only what passed
 * reaches cJSON, whose tree becomes ours. Writing is in json_write.c.
 */
#include "base/banned.h"

#include "base/json.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/unicode.h"

enum {
    DEPTH_MAX = 64,
    NODES_MAX = 100000,
    NUMBER_MAX = 60, /* cJSON cuts numbers at 63 bytes */
};

static const double int_max = 9007199254740992.0; /* 2^53 */

struct scan {
    struct ctx *ctx;
    const char *text, *p, *end;
    int depth, nodes;
    /* Where each key stands, in order: cJSON tells no places, and whether a
     * key is there twice shows only when it is decoded. */
    size_t *keys;
    size_t key_count, key_capacity;
};

static int fail_place(struct scan *scan, const char *place, const char *key,
                      const char *what)
{
    const char *p;
    int line = 1;
    size_t column;
    const char *line_start = scan->text;

    for (p = scan->text; p < place; p++)
        if (*p == '\n') {
            line++;
            line_start = p + 1;
        }
    column = 1;
    for (p = line_start; p < place; p++)
        column += ((unsigned char)*p & 0xc0) != 0x80;
    return fail(scan->ctx, E_INVALID, key, "line %d, column %zu: %s", line,
                column, what);
}

static int fail_json(struct scan *scan, const char *key, const char *what)
{
    return fail_place(scan, scan->p, key, what);
}

static void skip_space(struct scan *scan)
{
    while (scan->p < scan->end && (*scan->p == ' ' || *scan->p == '\t' ||
                                   *scan->p == '\n' || *scan->p == '\r'))
        scan->p++;
}

static char peek(const struct scan *scan)
{
    return scan->p < scan->end ? *scan->p : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The four digits behind \u; -1 where they are none. */
static int read_hex(const struct scan *scan, const char *p)
{
    int number = 0, i;

    if (scan->end - p < 4)
        return -1;
    for (i = 0; i < 4; i++) {
        char c = p[i];

        number *= 16;
        if (is_digit(c))
            number += c - '0';
        else if (c >= 'a' && c <= 'f')
            number += c - 'a' + 10;
        else if (c >= 'A' && c <= 'F')
            number += c - 'A' + 10;
        else
            return -1;
    }
    return number;
}

/* An escape; scan->p stands at the backslash. */
static int scan_escape(struct scan *scan)
{
    char c = scan->end - scan->p > 1 ? scan->p[1] : '\0';
    int unit;

    if (c && strchr("\"\\/bfnrt", c)) {
        scan->p += 2;
        return 0;
    }
    unit = c == 'u' ? read_hex(scan, scan->p + 2) : -1;
    if (unit < 0)
        return fail_json(scan, "json.escape", "an unknown escape");
    if (unit == 0)
        return fail_json(scan, "json.nul", "\\u0000 may not stand in a text");
    if (unit >= 0xdc00 && unit <= 0xdfff)
        return fail_json(scan, "json.surrogate", "half a surrogate pair");
    if (unit >= 0xd800 && unit <= 0xdbff) {
        if (scan->end - scan->p < 12 || scan->p[6] != '\\' || scan->p[7] != 'u')
            return fail_json(scan, "json.surrogate", "half a surrogate pair");
        unit = read_hex(scan, scan->p + 8);
        if (unit < 0xdc00 || unit > 0xdfff)
            return fail_json(scan, "json.surrogate", "half a surrogate pair");
        scan->p += 6;
    }
    scan->p += 6;
    return 0;
}

static int scan_string(struct scan *scan)
{
    const char *start = scan->p++;

    while (scan->p < scan->end) {
        unsigned char c = (unsigned char)*scan->p;
        size_t size = 1;
        int rc;

        if (c == '"') {
            scan->p++;
            return 0;
        }
        if (c == '\\') {
            rc = scan_escape(scan);
            if (rc)
                return rc;
            continue;
        }
        if (c < 0x20)
            return fail_json(scan, "json.control",
                             "a control character in a text; write it as an "
                             "escape");
        if (c >= 0x80 &&
            utf8_next(scan->p, (size_t)(scan->end - scan->p), &size) < 0)
            return fail_json(scan, "json.utf8", "bytes that are no UTF-8");
        scan->p += size;
    }
    scan->p = start;
    return fail_json(scan, "json.open_string", "a text that has no end");
}

static size_t skip_digits(struct scan *scan)
{
    const char *start = scan->p;

    while (is_digit(peek(scan)))
        scan->p++;
    return (size_t)(scan->p - start);
}

/* Whether a number is one that we can hold: finite, and a whole one exact. */
static int check_number(struct scan *scan, const char *start, bool whole)
{
    size_t length = (size_t)(scan->p - start);
    char digits[NUMBER_MAX + 1];
    double number;

    scan->p = start;
    if (length > NUMBER_MAX)
        return fail_json(scan, "json.number_range", "a number too long");
    memcpy(digits, start, length);
    digits[length] = '\0';
    number = strtod(digits, NULL);
    if (!isfinite(number))
        return fail_json(scan, "json.number_range", "a number too large");
    /* 2^53 + 1 reads as 2^53: the digits must be compared, not the double. */
    if (whole) {
        int64_t exact;

        if (int_parse(&exact, digits, -((int64_t)1 << 53), (int64_t)1 << 53) !=
            0)
            return fail_json(scan, "json.number_range",
                             "a whole number beyond 2^53; write it as a "
                             "text");
    }
    scan->p = start + length;
    return 0;
}

static int scan_number(struct scan *scan)
{
    const char *start = scan->p;
    bool whole = true;

    if (peek(scan) == '-')
        scan->p++;
    if (peek(scan) == '0') {
        scan->p++;
        if (is_digit(peek(scan)))
            return fail_json(scan, "json.number",
                             "a number with a zero in "
                             "front");
    } else if (skip_digits(scan) == 0) {
        return fail_json(scan, "json.number", "a digit was expected");
    }
    if (peek(scan) == '.') {
        whole = false;
        scan->p++;
        if (skip_digits(scan) == 0)
            return fail_json(scan, "json.number", "a digit was expected");
    }
    if (peek(scan) == 'e' || peek(scan) == 'E') {
        whole = false;
        scan->p++;
        if (peek(scan) == '+' || peek(scan) == '-')
            scan->p++;
        if (skip_digits(scan) == 0)
            return fail_json(scan, "json.number", "a digit was expected");
    }
    return check_number(scan, start, whole);
}

static int scan_word(struct scan *scan)
{
    static const char *const words[] = { "true", "false", "null" };
    size_t i, length, left = (size_t)(scan->end - scan->p);

    for (i = 0; i < 3; i++) {
        length = strlen(words[i]);
        if (left >= length && memcmp(scan->p, words[i], length) == 0) {
            scan->p += length;
            return 0;
        }
    }
    return fail_json(scan, "json.value", "a value was expected");
}

static void keep_key(struct scan *scan)
{
    if (scan->key_count == scan->key_capacity) {
        size_t capacity = scan->key_capacity ? scan->key_capacity * 2 : 32;

        scan->keys = arena_grow(scan->ctx->arena, scan->keys,
                                scan->key_capacity * sizeof *scan->keys,
                                capacity * sizeof *scan->keys);
        scan->key_capacity = capacity;
    }
    scan->keys[scan->key_count++] = (size_t)(scan->p - scan->text);
}

static int scan_value(struct scan *scan);

/* Key and colon of a member. */
static int scan_key(struct scan *scan)
{
    int rc;

    if (peek(scan) != '"')
        return fail_json(scan, "json.key", "a key in quotes was expected");
    keep_key(scan);
    rc = scan_string(scan);
    if (rc)
        return rc;
    skip_space(scan);
    if (peek(scan) != ':')
        return fail_json(scan, "json.colon", "':' was expected");
    scan->p++;
    return 0;
}

/* A list or a map, by its closing character. */
static int scan_container(struct scan *scan, char close)
{
    int rc;

    if (++scan->depth > DEPTH_MAX)
        return fail_json(scan, "json.depth", "nested more than 64 deep");
    scan->p++;
    skip_space(scan);
    if (peek(scan) == close) {
        scan->p++;
        scan->depth--;
        return 0;
    }
    for (;;) {
        skip_space(scan);
        rc = close == '}' ? scan_key(scan) : 0;
        if (!rc)
            rc = scan_value(scan);
        if (rc)
            return rc;
        skip_space(scan);
        if (peek(scan) == close)
            break;
        if (peek(scan) != ',')
            return close == '}' ? fail_json(scan, "json.comma_map",
                                            "',' or '}' was expected")
                                : fail_json(scan, "json.comma_list",
                                            "',' or ']' was expected");
        scan->p++;
    }
    scan->p++;
    scan->depth--;
    return 0;
}

static int scan_value(struct scan *scan)
{
    char c;

    skip_space(scan);
    if (++scan->nodes > NODES_MAX)
        return fail_json(scan, "json.nodes", "more than 100,000 values");
    c = peek(scan);
    if (c == '{')
        return scan_container(scan, '}');
    if (c == '[')
        return scan_container(scan, ']');
    if (c == '"')
        return scan_string(scan);
    if (c == '-' || is_digit(c))
        return scan_number(scan);
    return scan_word(scan);
}

static struct value *number_value(struct arena *arena, double number)
{
    /* 1.0 and 1e3 are whole numbers too; -0.0 is 0. */
    if (fabs(number) <= int_max && number == floor(number))
        return value_int(arena, (int64_t)number);
    return value_double(arena, number);
}

/* The tree of cJSON as ours; `key` counts the keys in order of the text. */
static int convert(struct value **out, struct scan *scan, size_t *key,
                   const cJSON *node)
{
    struct arena *arena = scan->ctx->arena;
    const cJSON *child;
    struct value *item;
    int rc;

    switch (node->type & 0xff) {
    case cJSON_False:
    case cJSON_True:
        *out = value_bool(arena, (node->type & 0xff) == cJSON_True);
        return 0;
    case cJSON_Number:
        *out = number_value(arena, node->valuedouble);
        return 0;
    case cJSON_String:
        *out = value_text(arena, node->valuestring);
        return 0;
    case cJSON_Array:
        *out = value_list(arena);
        for (child = node->child; child; child = child->next) {
            rc = convert(&item, scan, key, child);
            if (rc)
                return rc;
            value_append(*out, item);
        }
        return 0;
    case cJSON_Object:
        *out = value_map(arena);
        for (child = node->child; child; child = child->next) {
            const char *place = scan->text + scan->keys[(*key)++];

            if (value_get(*out, child->string))
                return fail_place(scan, place, "json.duplicate",
                                  "this key stands here twice");
            rc = convert(&item, scan, key, child);
            if (rc)
                return rc;
            value_set(*out, child->string, item);
        }
        return 0;
    default:
        *out = value_null(arena);
        return 0;
    }
}

int json_parse(struct value **out, struct ctx *ctx, const char *text,
               size_t length)
{
    struct scan scan = { .ctx = ctx,
                         .text = text ? text : "",
                         .p = text ? text : "",
                         .end = text ? text + length : "" };
    size_t key = 0;
    cJSON *tree;
    int rc;

    *out = NULL;
    rc = scan_value(&scan);
    if (rc)
        return rc;
    skip_space(&scan);
    if (scan.p != scan.end)
        return fail_json(&scan, "json.end", "the end was expected");
    errno = 0;
    tree = cJSON_ParseWithLengthOpts(text, length, NULL, 0);
    if (!tree && errno == ENOMEM) {
        /* As where an arena finds none: nobody sent anything wrong. */
        log_ctx(ctx, LOG_ERROR, "memory.out", "where", "json", NULL);
        _exit(EXIT_SICK);
    }
    if (!tree)
        return fail(ctx, E_INTERNAL, "json.library",
                    "the JSON library refused a text that is well formed");
    rc = convert(out, &scan, &key, tree);
    cJSON_Delete(tree);
    if (rc)
        *out = NULL;
    return rc;
}
