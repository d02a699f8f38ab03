/*
 * pinyin.c - Chinese names by what people type on a Latin keyboard.
 *
 * The transliterator takes some milliseconds and a megabyte to open: it is
 * opened at the first Chinese character only.
 */
#include "base/banned.h"

#include "base/pinyin.h"

#include <unicode/ustring.h>
#include <unicode/utrans.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/str.h"
#include "base/unicode.h"

enum { PINYIN_BYTES = 600, GROWTH = 8 /* "zhuang " of one character */ };

bool text_has_han(const char *text)
{
    size_t length = strlen(text), size;

    while (length) {
        int32_t c = utf8_next(text, length, &size);

        if ((c >= 0x3400 && c <= 0x9fff) || (c >= 0x20000 && c <= 0x3ffff))
            return true;
        if (c < 0)
            size = 1;
        text += size;
        length -= size;
    }
    return false;
}

static UTransliterator *transliterator(void)
{
    static UTransliterator *shared;
    UErrorCode error = U_ZERO_ERROR;
    UChar id[64];

    if (shared)
        return shared;
    u_uastrcpy(id, "Han-Latin/Names; Any-Latin; Latin-ASCII; Lower");
    shared = utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, &error);
    if (U_FAILURE(error)) {
        log_event(LOG_ERROR, "unicode.missing", "part", "Han-Latin", "error",
                  u_errorName(error), NULL);
        shared = NULL;
    }
    return shared;
}

/* Words of ASCII letters and digits, one space between. */
static const char *tidy(struct arena *arena, const char *text)
{
    char *out = arena_alloc(arena, strlen(text) + 1), *p = out;

    for (; *text; text++) {
        char c = *text;

        if (c >= 'A' && c <= 'Z')
            c = (char)(c + ('a' - 'A'));
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            *p++ = c;
        else if (c != '\'' && p != out && p[-1] != ' ')
            *p++ = ' ';
    }
    if (p != out && p[-1] == ' ')
        p--;
    *p = '\0';
    return out;
}

const char *text_pinyin(struct arena *arena, const char *text)
{
    UErrorCode error = U_ZERO_ERROR;
    int32_t length, limit, capacity;
    UTransliterator *latin;
    UChar *buffer;
    char *out;

    if (!text_has_han(text))
        return tidy(arena, text);
    text = arena_strndup(arena, text,
                         utf8_prefix(text, strlen(text), PINYIN_BYTES / 4));
    latin = transliterator();
    if (!latin)
        return tidy(arena, text);
    capacity = (int32_t)(strlen(text) + 1) * GROWTH;
    buffer = arena_array(arena, (size_t)capacity, sizeof *buffer);
    u_strFromUTF8WithSub(buffer, capacity, &length, text, -1, 0xfffd, NULL,
                         &error);
    limit = length;
    utrans_transUChars(latin, buffer, &length, capacity, 0, &limit, &error);
    if (U_FAILURE(error))
        return tidy(arena, text);
    out = arena_array(arena, (size_t)length * 3 + 1, 1);
    u_strToUTF8WithSub(out, length * 3 + 1, NULL, buffer, length, 0xfffd, NULL,
                       &error);
    return U_FAILURE(error) ? "" : tidy(arena, out);
}

/* Syllables are short and few; each letter either goes on in its syllable or
 * begins the next one. */
static bool spell(const char *at, const char *typed)
{
    const char *next = strchr(at, ' ');

    if (!*typed)
        return true;
    for (; *at && *at != ' ' && *at == *typed; at++, typed++) {
        if (!typed[1])
            return true;
        if (next && spell(next + 1, typed + 1))
            return true;
    }
    return false;
}

bool pinyin_matches(const char *syllables, const char *typed)
{
    if (!*typed || strlen(typed) > 60)
        return false;
    for (;;) {
        if (spell(syllables, typed))
            return true;
        syllables = strchr(syllables, ' ');
        if (!syllables)
            return false;
        syllables++;
    }
}

const char *pinyin_keys(struct arena *arena, const char *syllables)
{
    size_t length = strlen(syllables);
    char *whole = arena_alloc(arena, length + 1);
    char *first = arena_alloc(arena, length + 1);
    char *longer = arena_alloc(arena, length + 1);
    char *w = whole, *f = first, *l = longer;
    bool begins = true;

    for (; *syllables; syllables++) {
        if (*syllables == ' ') {
            begins = true;
            continue;
        }
        *w++ = *syllables;
        if (begins) {
            *f++ = *l++ = *syllables;
            if (syllables[1] == 'h' && strchr("zcs", *syllables))
                *l++ = 'h';
        }
        begins = false;
    }
    *w = *f = *l = '\0';
    return arena_printf(arena, "%s\n%s%s%s", whole, first,
                        text_equal(first, longer) ? "" : "\n",
                        text_equal(first, longer) ? "" : longer);
}
