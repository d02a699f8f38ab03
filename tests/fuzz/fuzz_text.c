/*
 * fuzz_text.c - bytes that strangers send as text: decoding, cleaning,
 * folding, sort keys, escapes, times and language headers.
 */
#include "base/banned.h"

#include "base/unicode.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/decimal.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"

#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

static void check_escapes(struct arena *arena, const char *text, size_t length)
{
    struct buf buf;

    buf_init(&buf, arena, 16 << 20);
    buf_add_html(&buf, text, length);
    MUST(!buf.failed && !strpbrk(buf_text(&buf), "<>\"'"));
    buf_clear(&buf);
    buf_add_json(&buf, text, length);
    MUST(!buf.failed && utf8_valid(buf.data, buf.length));
    MUST(!strpbrk(buf_text(&buf), "<>&\n"));
    buf_clear(&buf);
    buf_add_csv(&buf, text, length);
    buf_add_url(&buf, text, length);
    MUST(!buf.failed);
}

static void check_readers(struct arena *arena, const char *text)
{
    char out[TIME_TEXT_MAX], digits[DECIMAL_TEXT_MAX];
    struct decimal number, again;
    int64_t instant, back;

    if (instant_parse(&instant, text, zone_utc())) {
        instant_format(out, instant);
        if (out[0] != '-' && instant >= 0 && instant < 253402300800000)
            MUST(instant_parse(&back, out, zone_utc()) && back == instant);
    }
    instant_parse(&instant, text, zone_find("Europe/Berlin"));
    if (decimal_parse(&number, text, strlen(text), -1) == 0) {
        size_t length = decimal_format(digits, number);

        MUST(decimal_parse(&again, digits, length, -1) == 0);
        MUST(decimal_compare(number, again) == 0);
    }
    MUST(locale_known(locale_negotiate(text, NULL)));
    MUST(value_as_text(value_url(arena, text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    const char *text, *found, *clean;
    const unsigned char *key;
    struct ctx ctx;
    size_t length;

    if (!arena)
        arena = arena_new(0);
    arena_reset(arena);
    ctx_init(&ctx, arena);
    text = arena_strndup(arena, (const char *)data, size);
    check_escapes(arena, text, size);
    check_readers(arena, text);
    clean = text_clean(arena, text);
    MUST(utf8_valid(clean, strlen(clean)));
    text_fold(arena, text);
    text_nfc(arena, text);
    text_sort_key(&key, &length, arena, text);
    if (text_decode(&text, &length, &found, &ctx, (const char *)data, size,
                    NULL) == 0)
        MUST(utf8_valid(text, length) && strlen(text) == length && found);
    return 0;
}
