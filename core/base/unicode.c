/*
 * unicode.c - folding, normal forms, sort keys, by ICU.
 *
 * ICU works on UTF-16: texts go there and back through the arena. Plain ASCII,
 * the most of what is folded, never gets there.
 */
#include "base/banned.h"

#include "base/unicode.h"

#include <assert.h>
#include <unicode/ucol.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/str.h"

enum { TEXT_MAX = 256 * 1024 * 1024 };

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

/* The text as UTF-16; bad bytes become U+FFFD. */
static UChar *to_utf16(int32_t *length, struct arena *arena, const char *text)
{
    size_t size = strlen(text);
    UErrorCode error = U_ZERO_ERROR;
    UChar *out;

    assert(size < TEXT_MAX);
    out = arena_array(arena, size + 1, sizeof *out);
    u_strFromUTF8WithSub(out, (int32_t)size + 1, length, text, (int32_t)size,
                         0xfffd, NULL, &error);
    return out;
}

static char *to_utf8(struct arena *arena, const UChar *text, int32_t length)
{
    UErrorCode error = U_ZERO_ERROR;
    char *out = arena_array(arena, (size_t)length * 3 + 1, 1);

    u_strToUTF8WithSub(out, length * 3 + 1, NULL, text, length, 0xfffd, NULL,
                       &error);
    return out;
}

/* ICU's data is part of its library; without it nothing here can work. */
static _Noreturn void no_icu(const char *what, UErrorCode error)
{
    log_event(LOG_ERROR, "unicode.missing", "part", what, "error",
              u_errorName(error), NULL);
    _exit(EXIT_FATAL);
}

static const char *normalize(struct arena *arena, const UNormalizer2 *form,
                             const char *text)
{
    UErrorCode error = U_ZERO_ERROR;
    int32_t length, size;
    UChar *source = to_utf16(&length, arena, text), *out;

    size = unorm2_normalize(form, source, length, NULL, 0, &error);
    error = U_ZERO_ERROR;
    out = arena_array(arena, (size_t)size + 1, sizeof *out);
    unorm2_normalize(form, source, length, out, size + 1, &error);
    if (U_FAILURE(error))
        no_icu("normalizer", error);
    return to_utf8(arena, out, size);
}

const char *text_fold(struct arena *arena, const char *text)
{
    UErrorCode error = U_ZERO_ERROR;
    const UNormalizer2 *form;

    if (is_ascii(text)) {
        char *copy = arena_strdup(arena, text), *p;

        for (p = copy; *p; p++)
            if (*p >= 'A' && *p <= 'Z')
                *p = (char)(*p + ('a' - 'A'));
        return copy;
    }
    form = unorm2_getNFKCCasefoldInstance(&error);
    if (U_FAILURE(error))
        no_icu("casefold", error);
    return normalize(arena, form, text);
}

const char *text_nfc(struct arena *arena, const char *text)
{
    UErrorCode error = U_ZERO_ERROR;
    const UNormalizer2 *form;

    if (is_ascii(text))
        return arena_strdup(arena, text);
    form = unorm2_getNFCInstance(&error);
    if (U_FAILURE(error))
        no_icu("nfc", error);
    return normalize(arena, form, text);
}

/*
 * Chinese by pinyin with the root's order of scripts: digits, Latin, …, Han
 * last (the Chinese tailoring alone would put Han first). One collator for
 * all, so that a stored key is right for every reader.
 */
static const UCollator *collator(void)
{
    static UCollator *shared;
    UErrorCode error = U_ZERO_ERROR;

    if (shared)
        return shared;
    shared = ucol_open("zh@collation=pinyin", &error);
    ucol_setReorderCodes(shared, (int32_t[]){ UCOL_REORDER_CODE_NONE }, 1,
                         &error);
    ucol_setAttribute(shared, UCOL_NUMERIC_COLLATION, UCOL_ON, &error);
    ucol_setAttribute(shared, UCOL_NORMALIZATION_MODE, UCOL_ON, &error);
    if (U_FAILURE(error))
        no_icu("collation", error);
    return shared;
}

void text_sort_key(const unsigned char **key, size_t *length,
                   struct arena *arena, const char *text)
{
    const UCollator *order = collator();
    int32_t units, size;
    UChar *source = to_utf16(&units, arena, text);
    uint8_t *out;

    size = ucol_getSortKey(order, source, units, NULL, 0);
    out = arena_alloc(arena, (size_t)size + 1);
    size = ucol_getSortKey(order, source, units, out, size + 1);
    *key = out;
    *length = size > 0 ? (size_t)size - 1 : 0; /* without ICU's final NUL */
}

static bool is_unwanted(int32_t c)
{
    return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c <= 0x9f) ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

const char *text_clean(struct arena *arena, const char *text)
{
    size_t length = strlen(text), i = 0, size;
    struct buf buf;

    buf_init(&buf, arena, length * 3 + 1);
    while (i < length) {
        int32_t c = utf8_next(text + i, length - i, &size);

        if (c < 0)
            buf_add_text(&buf, "\xef\xbf\xbd");
        else if (!is_unwanted(c))
            buf_add(&buf, text + i, size);
        i += size;
    }
    return buf_text(&buf);
}
