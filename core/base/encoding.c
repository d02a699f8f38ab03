/*
 * encoding.c - texts of an unknown encoding, as UTF-8.
 *
 * The order is that of the design (libraries, "encodings of uploads"): a byte
 * order mark, valid UTF-8, strict GB18030. Guessing by statistics is left to
 * people: they may name the encoding.
 */
#include "base/banned.h"

#include "base/unicode.h"

#include <strings.h>
#include <unicode/ucnv.h>
#include <unicode/ucnv_err.h>
#include <unicode/ustring.h>

#include "base/arena.h"
#include "base/ctx.h"

enum { INPUT_MAX = 256 * 1024 * 1024 };

/* Names that people and files use, and ICU's converter of each. */
static const struct {
    const char *name, *converter, *label;
} encodings[] = {
    { "UTF-8", "UTF-8", "UTF-8" },
    { "UTF8", "UTF-8", "UTF-8" },
    { "UTF-16LE", "UTF-16LE", "UTF-16LE" },
    { "UTF-16BE", "UTF-16BE", "UTF-16BE" },
    { "GB18030", "gb18030", "GB18030" },
    { "GBK", "gb18030", "GB18030" },
    { "GB2312", "gb18030", "GB18030" },
    { "Big5", "windows-950-2000", "Big5" },
    { "windows-1252", "ibm-5348_P100-1997", "windows-1252" },
    { "ISO-8859-1", "ISO-8859-1", "ISO-8859-1" },
};

static const struct {
    const char *bytes;
    size_t size;
    const char *encoding;
} marks[] = {
    { "\xef\xbb\xbf", 3, "UTF-8" },
    { "\xff\xfe", 2, "UTF-16LE" },
    { "\xfe\xff", 2, "UTF-16BE" },
};

/* Characters that no text has: what remains when bytes of something else
 * happen to be code points. */
static bool is_text(const UChar *text, int32_t length)
{
    int32_t i = 0;

    while (i < length) {
        UChar32 c;

        U16_NEXT(text, i, length, c);
        if (c == 0 || (c >= 0x7f && c <= 0x9f) || c == 0xfffd ||
            U_IS_UNICODE_NONCHAR(c) || U_IS_SURROGATE(c))
            return false;
    }
    return true;
}

/* Converts by ICU, stopping at the first byte that does not belong. */
static bool convert(const char **out, size_t *out_length, struct arena *arena,
                    const char *data, size_t length, const char *name)
{
    UErrorCode error = U_ZERO_ERROR;
    UConverter *converter = ucnv_open(name, &error);
    int32_t units, size = 0;
    UChar *text;
    char *utf8;

    if (U_FAILURE(error))
        return false;
    ucnv_setToUCallBack(converter, UCNV_TO_U_CALLBACK_STOP, NULL, NULL, NULL,
                        &error);
    ucnv_setFallback(converter, false);
    text = arena_array(arena, length + 1, sizeof *text);
    units = ucnv_toUChars(converter, text, (int32_t)length + 1, data,
                          (int32_t)length, &error);
    ucnv_close(converter);
    if (U_FAILURE(error) || !is_text(text, units))
        return false;
    u_strToUTF8(NULL, 0, &size, text, units, &error);
    error = U_ZERO_ERROR;
    utf8 = arena_alloc(arena, (size_t)size + 1);
    u_strToUTF8(utf8, size + 1, NULL, text, units, &error);
    *out = utf8;
    *out_length = (size_t)size;
    return U_SUCCESS(error);
}

static bool take_utf8(const char **out, size_t *out_length, struct arena *arena,
                      const char *data, size_t length)
{
    if (!utf8_valid(data, length) || memchr(data, '\0', length))
        return false;
    *out = arena_strndup(arena, data, length);
    *out_length = length;
    return true;
}

static int decode_forced(const char **out, size_t *out_length,
                         const char **found, struct ctx *ctx, const char *data,
                         size_t length, const char *encoding)
{
    size_t i;

    for (i = 0; i < sizeof encodings / sizeof *encodings; i++)
        if (strcasecmp(encodings[i].name, encoding) == 0)
            break;
    if (i == sizeof encodings / sizeof *encodings)
        return fail(ctx, E_INVALID, "base.encoding_unknown",
                    "the encoding \"%s\" is not known; UTF-8, UTF-16LE, "
                    "UTF-16BE, GB18030, Big5, windows-1252 and ISO-8859-1 "
                    "are",
                    encoding);
    *found = encodings[i].label;
    if (strcmp(encodings[i].converter, "UTF-8") == 0
            ? take_utf8(out, out_length, ctx->arena, data, length)
            : convert(out, out_length, ctx->arena, data, length,
                      encodings[i].converter))
        return 0;
    return fail(ctx, E_INVALID, "base.encoding_bad",
                "the text has bytes that are no %s", *found);
}

int text_decode(const char **out, size_t *out_length, const char **found,
                struct ctx *ctx, const char *data, size_t length,
                const char *encoding)
{
    const char *ignored;
    size_t i;

    *out = "";
    *out_length = 0;
    if (!found)
        found = &ignored;
    *found = NULL;
    if (length > INPUT_MAX)
        return fail(ctx, E_LIMIT, "base.text_long",
                    "the text is longer than %d MiB", INPUT_MAX >> 20);
    for (i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (length < marks[i].size ||
            memcmp(data, marks[i].bytes, marks[i].size) != 0)
            continue;
        if (encoding && strcasecmp(encoding, marks[i].encoding) != 0)
            continue;
        data += marks[i].size;
        length -= marks[i].size;
        encoding = marks[i].encoding;
        break;
    }
    if (encoding)
        return decode_forced(out, out_length, found, ctx, data, length,
                             encoding);
    *found = "UTF-8";
    if (take_utf8(out, out_length, ctx->arena, data, length))
        return 0;
    *found = "GB18030";
    if (convert(out, out_length, ctx->arena, data, length, "gb18030"))
        return 0;
    *found = NULL;
    return fail(ctx, E_INVALID, "base.encoding_none",
                "the text is neither UTF-8 nor GB18030; name its encoding");
}
