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

enum {
    CHARACTERS_MAX = 150,
    HAN_FIRST = 0x3400,
    HAN_LAST = 0x9fff,
    SYLLABLE_MAX = 8, /* "zhuang" */
};

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
    u_uastrcpy(id, "Han-Latin/Names; Latin-ASCII; Lower");
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

/* ICU takes some 14 microseconds a character, which is more than saving a
 * record may cost: each is asked for once in a process, as the first of a name
 * (a surname: 单 is "shan") and elsewhere ("dan"). */
static char known[2][HAN_LAST - HAN_FIRST + 1][SYLLABLE_MAX];

/* One or two characters behind `before`, as ICU has them. */
static const char *spelled(struct arena *arena, const char *before,
                           const char *text, size_t length)
{
    const char *whole =
        arena_printf(arena, "%s%.*s", before, (int)length, text);
    UErrorCode error = U_ZERO_ERROR;
    UTransliterator *latin = transliterator();
    int32_t count, limit;
    UChar buffer[64];
    char out[192];

    u_strFromUTF8WithSub(buffer, 16, &count, whole, -1, 0xfffd, NULL, &error);
    limit = count;
    if (latin)
        utrans_transUChars(latin, buffer, &count, 64, 0, &limit, &error);
    u_strToUTF8WithSub(out, sizeof out, NULL, buffer, count, 0xfffd, NULL,
                       &error);
    return latin && U_SUCCESS(error) ? tidy(arena, out) : "";
}

static const char *syllable_of(struct arena *arena, int32_t c, const char *text,
                               size_t length, bool first)
{
    char *cell = known[first][c - HAN_FIRST];
    const char *syllable, *last;

    if (cell[0])
        return cell;
    /* 一 before it: no surname. */
    syllable = spelled(arena, first ? "" : "一", text, length);
    last = first ? NULL : strrchr(syllable, ' ');
    snprintf(cell, SYLLABLE_MAX, "%s", last ? last + 1 : syllable);
    return cell;
}

/* Surnames of two characters whose first one is read otherwise: 长孙, 尉迟,
 * 万俟, 单于, 澹台. */
static bool may_be_double(int32_t c)
{
    return c == 0x957f || c == 0x9577 || c == 0x5c09 || c == 0x4e07 ||
           c == 0x842c || c == 0x5355 || c == 0x55ae || c == 0x6fb9;
}

static bool in_table(int32_t c)
{
    return c >= HAN_FIRST && c <= HAN_LAST;
}

const char *text_pinyin(struct arena *arena, const char *text)
{
    size_t length = strlen(text), size, pair;
    struct buf buf;
    bool first = true;

    if (!text_has_han(text))
        return tidy(arena, text);
    length = utf8_prefix(text, length, CHARACTERS_MAX);
    buf_init(&buf, arena, 8192);
    for (; length; text += size, length -= size) {
        int32_t c = utf8_next(text, length, &size);

        if (c < 0)
            size = 1;
        if (!in_table(c)) {
            buf_add(&buf, text, size);
            continue;
        }
        if (first && may_be_double(c) && length > size &&
            in_table(utf8_next(text + size, length - size, &pair))) {
            size += pair;
            buf_addf(&buf, " %s ", spelled(arena, "", text, size));
        } else {
            buf_addf(&buf, " %s ", syllable_of(arena, c, text, size, first));
        }
        first = false;
    }
    return tidy(arena, buf_text(&buf));
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
