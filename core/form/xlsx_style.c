/*
 * xlsx_style.c - what a number of a sheet says: a day, a moment, a share, or
 * just a number.
 *
 * A sheet holds days as numbers; only the cell's format tells (ECMA-376 part
 * 1, 18.8.30). Formats 27 to 36 and 50 to 58 are days in East Asian editions.
 */
#include "base/banned.h"

#include <math.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/str.h"
#include "form/xlsx_internal.h"

enum { STYLES_MAX = 70000, FORMATS_MAX = 2000 };

/* While the part styles.xml goes by. */
struct styles {
    struct {
        int64_t id;
        enum xlsx_look look;
    } formats[FORMATS_MAX];
    size_t format_count;
    bool in_cells; /* inside <cellXfs> */
};

/* What a format's letters say, outside of quotes, brackets and escapes. */
static enum xlsx_look look_of_code(const char *code)
{
    bool day = false, hour = false, percent = false;
    const char *c;

    for (c = code; *c && *c != ';'; c++) {
        if (*c == '"' || *c == '[') {
            const char *end = strchr(c + 1, *c == '"' ? '"' : ']');

            /* [h] counts hours; [$-404] and colours say nothing. */
            if (*c == '[' && strchr("hHmMsS", c[1]) && c[1])
                hour = true;
            if (!end)
                break;
            c = end;
        } else if (*c == '\\' || *c == '_' || *c == '*') {
            if (!*++c)
                break;
        } else if (strchr("yYdDeE", *c) && c[1] != '+' && c[1] != '-') {
            day = true;
        } else if (strchr("hHsS", *c)) {
            hour = true;
        } else if (strchr("mM", *c)) {
            day = day || !hour;
        } else if (*c == '%') {
            percent = true;
        }
    }
    if (day || hour)
        return day && hour ? LOOK_MOMENT : day ? LOOK_DATE : LOOK_TIME;
    return percent ? LOOK_PERCENT : LOOK_PLAIN;
}

static enum xlsx_look look_of_id(const struct styles *styles, int64_t id)
{
    size_t i;

    for (i = 0; i < styles->format_count; i++)
        if (styles->formats[i].id == id)
            return styles->formats[i].look;
    if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || id == 36 ||
        (id >= 50 && id <= 54) || (id >= 57 && id <= 58))
        return LOOK_DATE;
    if (id == 22)
        return LOOK_MOMENT;
    if ((id >= 18 && id <= 21) || (id >= 32 && id <= 35) ||
        (id >= 45 && id <= 47) || id == 55 || id == 56)
        return LOOK_TIME;
    return id == 9 || id == 10 ? LOOK_PERCENT : LOOK_PLAIN;
}

static void style_start(struct xlsx_part *part, const char *name,
                        const char **attributes)
{
    struct styles *styles = part->payload;
    struct xlsx *book = part->book;
    const char *text = xlsx_attribute(attributes, "numFmtId");
    const char *code = xlsx_attribute(attributes, "formatCode");
    int64_t id = 0;

    if (text && int_parse(&id, text, 0, 100000))
        id = 0;
    if (strcmp(name, "cellXfs") == 0) {
        styles->in_cells = true;
    } else if (strcmp(name, "numFmt") == 0 && code &&
               styles->format_count < FORMATS_MAX) {
        styles->formats[styles->format_count].id = id;
        styles->formats[styles->format_count++].look = look_of_code(code);
    } else if (strcmp(name, "xf") == 0 && styles->in_cells &&
               book->look_count < STYLES_MAX) {
        if (book->look_count % 256 == 0)
            book->looks = arena_grow(book->ctx->arena, book->looks,
                                     book->look_count, book->look_count + 256);
        book->looks[book->look_count++] = (unsigned char)look_of_id(styles, id);
    }
}

static void style_end(struct xlsx_part *part, const char *name)
{
    struct styles *styles = part->payload;

    if (strcmp(name, "cellXfs") == 0)
        styles->in_cells = false;
}

int xlsx_styles_read(struct xlsx *book)
{
    struct styles *styles = arena_alloc(book->ctx->arena, sizeof *styles);
    struct xlsx_part part = { .start = style_start,
                              .end = style_end,
                              .payload = styles };
    int rc = xlsx_parse(&part, book, "xl/styles.xml");

    return rc == E_NOT_FOUND ? 0 : rc;
}

/* A day's number; 60 is the 29 February 1900 that never was. */
static const char *moment_text(struct arena *arena, const struct xlsx *book,
                               double serial, enum xlsx_look look)
{
    double days = floor(serial);
    int64_t seconds = (int64_t)((serial - days) * 86400 + 0.5);
    struct civil civil;
    int64_t since_1970;

    if (look == LOOK_TIME && serial < 1)
        return arena_printf(arena, "%02d:%02d:%02d", (int)(seconds / 3600),
                            (int)(seconds / 60 % 60), (int)(seconds % 60));
    since_1970 = (int64_t)days - (book->since_1904     ? 24107
                                  : (int64_t)days < 60 ? 25568
                                                       : 25569);
    civil_of(&civil, (since_1970 * 86400 + seconds) * 1000, zone_utc());
    if (look == LOOK_DATE && seconds == 0)
        return arena_printf(arena, "%04d-%02d-%02d", civil.year, civil.month,
                            civil.day);
    return civil.second
               ? arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02d",
                              civil.year, civil.month, civil.day, civil.hour,
                              civil.minute, civil.second)
               : arena_printf(arena, "%04d-%02d-%02dT%02d:%02d", civil.year,
                              civil.month, civil.day, civil.hour, civil.minute);
}

/* Without exponent, and without the digits that binary fractions add: a
 * sheet shows 15. */
static const char *plain_text(struct arena *arena, double number)
{
    char *text = arena_printf(arena, "%.15g", number);
    size_t length;

    if (!strchr(text, 'e') || fabs(number) >= 1e18)
        return text;
    text = arena_printf(arena, "%.*f", fabs(number) < 1 ? 18 : 0, number);
    if (!strchr(text, '.'))
        return text;
    for (length = strlen(text); text[length - 1] == '0'; length--)
        text[length - 1] = '\0';
    if (text[length - 1] == '.')
        text[length - 1] = '\0';
    return text;
}

static bool is_simple(const char *raw)
{
    size_t length = strlen(raw);

    return length <= 15 && strspn(raw, "-0123456789.") == length;
}

const char *xlsx_number(struct arena *arena, const struct xlsx *book,
                        const char *raw, size_t style)
{
    enum xlsx_look look =
        style < book->look_count ? book->looks[style] : LOOK_PLAIN;
    char *end;
    double number;

    if (look == LOOK_PLAIN && is_simple(raw))
        return raw;
    number = strtod(raw, &end);
    if (end == raw || *end || !isfinite(number))
        return raw;
    if (look == LOOK_PERCENT)
        return arena_printf(arena, "%s%%", plain_text(arena, number * 100));
    /* 2958465 is the last day of the year 9999. */
    if (look != LOOK_PLAIN && number >= 0 && number < 2958466)
        return moment_text(arena, book, number, look);
    return plain_text(arena, number);
}
