/*
 * smtp.c - libcurl, which only the process that sends mails loads: it brings
 * some twenty libraries along.
 */
#include "base/banned.h"

#include "notify/smtp.h"

#include <curl/curl.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/late.h"
#include "base/site.h"
#include "base/str.h"
#include "store/db.h"

enum { SEND_SECONDS = 30 };

static struct {
    LATE(curl_easy_init);
    LATE(curl_easy_setopt);
    LATE(curl_easy_perform);
    LATE(curl_easy_strerror);
    LATE(curl_easy_cleanup);
    LATE(curl_slist_append);
    LATE(curl_slist_free_all);
} late;

static const struct late_name names[] = {
    LATE_NAME(late, curl_easy_init),      LATE_NAME(late, curl_easy_setopt),
    LATE_NAME(late, curl_easy_perform),   LATE_NAME(late, curl_easy_strerror),
    LATE_NAME(late, curl_easy_cleanup),   LATE_NAME(late, curl_slist_append),
    LATE_NAME(late, curl_slist_free_all),
};

struct source {
    const struct buf *buf;
    size_t at;
};

static size_t read_source(char *out, size_t size, size_t count, void *payload)
{
    struct source *source = payload;
    size_t n = size * count, left = source->buf->length - source->at;

    if (n > left)
        n = left;
    memcpy(out, source->buf->data + source->at, n);
    source->at += n;
    return n;
}

/* (A macro of curl's has the name with one pair of parentheses.) */
static void set_options(struct ctx *ctx, CURL *curl, const char *from,
                        struct curl_slist *to, struct source *source,
                        char *error)
{
    (late.curl_easy_setopt)(curl, CURLOPT_URL, ctx->site->settings.smtp_url);
    (late.curl_easy_setopt)(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    (late.curl_easy_setopt)(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
    (late.curl_easy_setopt)(curl, CURLOPT_MAIL_FROM,
                            arena_printf(ctx->arena, "<%s>", from));
    (late.curl_easy_setopt)(curl, CURLOPT_MAIL_RCPT, to);
    (late.curl_easy_setopt)(curl, CURLOPT_READFUNCTION, read_source);
    (late.curl_easy_setopt)(curl, CURLOPT_READDATA, source);
    (late.curl_easy_setopt)(curl, CURLOPT_UPLOAD, 1L);
    (late.curl_easy_setopt)(curl, CURLOPT_INFILESIZE_LARGE,
                            (curl_off_t)source->buf->length);
    (late.curl_easy_setopt)(curl, CURLOPT_TIMEOUT, (long)SEND_SECONDS);
    (late.curl_easy_setopt)(curl, CURLOPT_NOSIGNAL, 1L);
    (late.curl_easy_setopt)(curl, CURLOPT_ERRORBUFFER, error);
}

int smtp_send(struct ctx *ctx, const char *from, const char *to,
              const struct buf *text)
{
    struct curl_slist *list = NULL;
    struct source source = { text, 0 };
    char error[CURL_ERROR_SIZE] = "";
    CURLcode code = CURLE_OUT_OF_MEMORY;
    CURL *curl;
    int rc =
        late_load(ctx, "libcurl.so.4", names, sizeof names / sizeof *names);

    /* Nobody reads in a mail what a power cut takes back. */
    if (!rc)
        rc = db_settle(ctx);

    if (rc)
        return rc;
    curl = late.curl_easy_init();
    if (curl) {
        list =
            late.curl_slist_append(NULL, arena_printf(ctx->arena, "<%s>", to));
        set_options(ctx, curl, from, list, &source, error);
        if (list)
            code = late.curl_easy_perform(curl);
        late.curl_slist_free_all(list);
        late.curl_easy_cleanup(curl);
    }
    if (code != CURLE_OK)
        return fail(ctx, E_IO, "notify.send", "the mail server: %s",
                    error[0] ? error : late.curl_easy_strerror(code));
    return 0;
}
