/*
 * mail.c - making and sending one mail.
 *
 * Everything that people wrote is encoded before it gets near a header: the
 * subject and names as encoded words (RFC 2047), the text as base64.
 */
#include "base/banned.h"

#include "notify/mail.h"

#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/log.h"
#include "base/site.h"
#include "base/unicode.h"
#include "notify/smtp.h"

enum {
    WORD_BYTES = 42, /* of text in one encoded word: 75 characters at most */
    LINE_BYTES = 57, /* of text in one line of base64: 76 characters */
    MAIL_MAX = 1024 * 1024,
};

static const char *base64(struct arena *arena, const char *data, size_t length)
{
    size_t size =
        sodium_base64_encoded_len(length, sodium_base64_VARIANT_ORIGINAL);
    char *out = arena_alloc(arena, size);

    sodium_bin2base64(out, size, (const unsigned char *)data, length,
                      sodium_base64_VARIANT_ORIGINAL);
    return out;
}

static bool plain_address(const char *address)
{
    const unsigned char *p;
    const char *at = address ? strchr(address, '@') : NULL;

    if (!at || at == address || !at[1] || strchr(at + 1, '@') ||
        strlen(address) > 254)
        return false;
    for (p = (const unsigned char *)address; *p; p++)
        if (*p <= ' ' || *p >= 0x7f || strchr("<>\"(),;:\\[]", *p))
            return false;
    return true;
}

/* One line of any text as encoded words, folded. */
static void add_words(struct buf *out, struct arena *arena, const char *text)
{
    char *line = arena_strdup(arena, text_clean(arena, text));
    size_t length, at = 0;
    char *p;

    for (p = line; *p; p++)
        if (*p == '\n' || *p == '\r' || *p == '\t')
            *p = ' ';
    length = strlen(line);
    while (at < length) {
        size_t n = length - at < WORD_BYTES ? length - at : WORD_BYTES;

        while (n > 1 && at + n < length &&
               ((unsigned char)line[at + n] & 0xc0) == 0x80)
            n--;
        if (at > 0)
            buf_add_text(out, "\r\n ");
        buf_addf(out, "=?UTF-8?B?%s?=", base64(arena, line + at, n));
        at += n;
    }
}

static void add_body(struct buf *out, struct arena *arena, const char *text)
{
    struct buf lines;
    size_t at;

    /* Text ends its lines with CR LF. */
    buf_init(&lines, arena, MAIL_MAX);
    for (; *text; text++) {
        if (*text == '\n')
            buf_add_char(&lines, '\r');
        buf_add_char(&lines, *text);
    }
    for (at = 0; at < lines.length; at += LINE_BYTES) {
        size_t n =
            lines.length - at < LINE_BYTES ? lines.length - at : LINE_BYTES;

        buf_addf(out, "%s\r\n", base64(arena, lines.data + at, n));
    }
    out->failed = out->failed || lines.failed;
}

static void add_date(struct buf *out)
{
    static const char *const days[] = { "Thu", "Fri", "Sat", "Sun",
                                        "Mon", "Tue", "Wed" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr",
                                          "May", "Jun", "Jul", "Aug",
                                          "Sep", "Oct", "Nov", "Dec" };
    int64_t now = clock_now();
    struct civil c;

    civil_of(&c, now, zone_utc());
    buf_addf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n",
             days[(days_of(c.year, c.month, c.day) % 7 + 7) % 7], c.day,
             months[c.month - 1], c.year, c.hour, c.minute, c.second);
}

static const char *sender(const struct ctx *ctx)
{
    const char *from = ctx->site ? ctx->site->settings.smtp_from : NULL;

    return plain_address(from) ? from : "tenon@localhost.localdomain";
}

int mail_write(struct buf *out, struct ctx *ctx, const struct mail *mail)
{
    unsigned char hash[HASH_SIZE];

    if (!plain_address(mail->to))
        return fail(ctx, E_INVALID, "notify.address",
                    "this is not a mail address");
    hash_data(hash, mail->key, strlen(mail->key), NULL, 0);
    add_date(out);
    buf_addf(out, "From: Tenon <%s>\r\nTo: ", sender(ctx));
    if (!text_empty(mail->to_name)) {
        add_words(out, ctx->arena, mail->to_name);
        buf_add_text(out, "\r\n ");
    }
    buf_addf(out, "<%s>\r\nMessage-ID: <%s@tenon>\r\nSubject: ", mail->to,
             hex_of(ctx->arena, hash, 16));
    add_words(out, ctx->arena, mail->subject);
    buf_addf(out, "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                  "Content-Type: text/plain; charset=utf-8\r\n"
                  "Content-Transfer-Encoding: base64\r\n\r\n");
    add_body(out, ctx->arena, mail->text);
    if (out->failed)
        return fail(ctx, E_LIMIT, "notify.too_long", "the mail is too long");
    return 0;
}

/* ---- sending ---- */

/* No server is set: a folder takes them, for tests and for looking. */
static int capture(struct ctx *ctx, const struct mail *mail,
                   const struct buf *text)
{
    unsigned char hash[HASH_SIZE];
    const char *folder = site_path(ctx, ctx->site, "run/mail");

    if (mkdir(folder, 0700) && errno != EEXIST)
        return fail(ctx, E_IO, "notify.send", "%s: %s", folder,
                    strerrorname_np(errno));
    hash_data(hash, mail->key, strlen(mail->key), NULL, 0);
    return file_write(ctx,
                      arena_printf(ctx->arena, "%s/%s.eml", folder,
                                   hex_of(ctx->arena, hash, 16)),
                      text->data, text->length, 0600);
}

static mail_catcher catcher;
static void *catcher_payload;

void mail_catch(mail_catcher call, void *payload)
{
    catcher = call;
    catcher_payload = payload;
}

int mail_send(struct ctx *ctx, const struct mail *mail)
{
    struct buf text;
    int rc;

    buf_init(&text, ctx->arena, MAIL_MAX);
    rc = mail_write(&text, ctx, mail);
    if (rc)
        return rc;
    if (catcher) {
        catcher(catcher_payload, mail);
        return 0;
    }
    if (!ctx->site)
        return 0;
    if (text_empty(ctx->site->settings.smtp_url))
        return capture(ctx, mail, &text);
    return smtp_send(ctx, sender(ctx), mail->to, &text);
}

const char *mail_link(struct ctx *ctx, const char *path)
{
    const struct settings *s = ctx->site ? &ctx->site->settings : NULL;
    const char *base = s ? s->public_url : NULL;
    size_t length;

    if (text_empty(base))
        base = arena_printf(ctx->arena, "http://%s",
                            s && s->listen ? s->listen : "localhost");
    length = strlen(base);
    while (length > 0 && base[length - 1] == '/')
        length--;
    return arena_printf(ctx->arena, "%.*s%s", (int)length, base, path);
}
