/*
 * tokens.c - folded text to words that an index knows.
 */
#include "base/banned.h"

#include "store/tokens.h"

#include <unicode/uchar.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "base/unicode.h"

enum { LETTERS_MAX = 6, RUN_MAX = 64 };

enum kind { KIND_NONE, KIND_LETTER, KIND_DIGIT, KIND_CJK };

static enum kind kind_of(int32_t c)
{
    if (c < 0x80)
        return c >= '0' && c <= '9'   ? KIND_DIGIT
               : c >= 'a' && c <= 'z' ? KIND_LETTER
                                      : KIND_NONE;
    if ((c >= 0x3040 && c <= 0x30ff) || (c >= 0x3400 && c <= 0x9fff) ||
        (c >= 0xac00 && c <= 0xd7af) || (c >= 0xf900 && c <= 0xfaff) ||
        (c >= 0x20000 && c <= 0x3ffff))
        return KIND_CJK;
    return u_isalpha(c) || u_charType(c) == U_NON_SPACING_MARK ? KIND_LETTER
                                                               : KIND_NONE;
}

/* Characters of one kind that stand together. `starts` has the offsets of
 * its first RUN_MAX characters and of what follows. */
struct run {
    enum kind kind;
    const char *text;
    size_t count; /* of characters, at most RUN_MAX */
    size_t starts[RUN_MAX + 1];
    bool first; /* begins the text that was given */
};

/* The next run from *at on; false at the end. A run that is longer than
 * RUN_MAX goes on in the next one, with its last characters again, so that
 * nothing is torn apart. */
static bool next_run(struct run *run, const char **at, const char *text)
{
    const char *p = *at;
    size_t size = 1;
    int32_t c;

    run->count = 0;
    for (; *p; p += size) {
        enum kind kind;

        c = utf8_next(p, strlen(p), &size);
        if (c < 0)
            size = 1;
        kind = c < 0 ? KIND_NONE : kind_of(c);
        if (run->count && (kind != run->kind || run->count == RUN_MAX))
            break;
        if (kind == KIND_NONE)
            continue;
        if (!run->count) {
            run->kind = kind;
            run->text = p;
            run->first = p == text;
        }
        run->starts[run->count++] = (size_t)(p - run->text);
    }
    run->starts[run->count] = (size_t)(p - run->text);
    if (run->count == RUN_MAX && *p && run->kind != KIND_LETTER)
        p = run->text + run->starts[RUN_MAX - 3];
    *at = p;
    return run->count > 0;
}

/* ---- of a text ---- */

struct sink {
    struct buf *out;
    struct arena *arena;
    struct map *seen;
};

static void put(struct sink *sink, const struct run *run, size_t from,
                size_t count)
{
    const char *token =
        arena_strndup(sink->arena, run->text + run->starts[from],
                      run->starts[from + count] - run->starts[from]);

    if (map_count(sink->seen) >= TOKENS_MAX || map_get(sink->seen, token))
        return;
    map_set(sink->seen, token, sink);
    buf_addf(sink->out, " %s", token);
}

static void put_run(struct sink *sink, const struct run *run)
{
    size_t i, least, most;

    if (run->kind == KIND_LETTER) {
        for (i = 1; i <= run->count && i <= LETTERS_MAX; i++)
            put(sink, run, 0, i);
        return;
    }
    least = run->kind == KIND_CJK ? 1 : 3;
    most = least + 1;
    if (run->count < least)
        put(sink, run, 0, run->count);
    for (i = 0; i < run->count; i++) {
        if (i + least <= run->count)
            put(sink, run, i, least);
        if (i + most <= run->count)
            put(sink, run, i, most);
    }
}

void tokens_add(struct buf *out, struct arena *arena, const char *folded)
{
    struct sink sink = { out, arena, map_new(arena) };
    const char *at = folded;
    struct run run;

    while (next_run(&run, &at, folded))
        put_run(&sink, &run);
}

/* ---- of a search ---- */

static size_t ask(struct buf *out, const struct run *run, size_t from,
                  size_t count)
{
    buf_addf(out, " AND \"%.*s\"",
             (int)(run->starts[from + count] - run->starts[from]),
             run->text + run->starts[from]);
    return 1;
}

size_t tokens_ask(struct buf *out, const char *word, bool anywhere)
{
    const char *at = word;
    size_t asked = 0, i;
    struct run run;

    while (next_run(&run, &at, word)) {
        size_t size = run.kind == KIND_CJK ? 2 : 4;

        if (run.kind == KIND_LETTER) {
            /* Within a word only its beginning is known. */
            if (!anywhere || !run.first)
                asked += ask(out, &run, 0,
                             run.count < LETTERS_MAX ? run.count : LETTERS_MAX);
            continue;
        }
        if (run.count < size)
            size--;
        if (run.count < size) {
            /* One or two digits are found where they stand alone. */
            if (!anywhere)
                asked += ask(out, &run, 0, run.count);
            continue;
        }
        for (i = 0; i + size <= run.count; i++)
            asked += ask(out, &run, i, size);
    }
    return asked;
}
