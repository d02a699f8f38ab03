/*
 * error_page.c - what people read when something is refused or broken.
 *
 * Texts come from the catalogs (front.error.STATUS.title and .text). Where a
 * status has no text of its own, that of its class serves. Some refusals have
 * words of their own beside their status (exchange_fail_words).
 */
#include "base/banned.h"

#include "front/error_page.h"

#include "base/i18n.h"
#include "base/str.h"
#include "front/exchange.h"
#include "front/reply.h"
#include "front/state.h"

enum { PAGE_MAX = 16 * 1024 };

const char error_page_css[] =
    ":root{color-scheme:light dark}\n"
    "body{margin:0;min-height:100vh;display:grid;place-items:center;"
    "font:16px/1.5 system-ui,-apple-system,'Segoe UI','Noto Sans',"
    "'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif;"
    "background:#f6f8fb;color:#182433}\n"
    "main{max-width:32rem;margin:1rem;padding:2rem;background:#fff;"
    "border:1px solid #dce1e7;border-radius:8px}\n"
    "h1{margin:0 0 .5rem;font-size:1.25rem}\n"
    "p{margin:.5rem 0}\n"
    "small{color:#5b6675}\n"
    "code{font-family:ui-monospace,Consolas,monospace}\n"
    "a{color:#0054a6}\n"
    "@media (prefers-color-scheme:dark){body{background:#151f2c;"
    "color:#dce1e7}main{background:#182433;border-color:#25384f}"
    "small{color:#a2acba}a{color:#7ab8ff}}\n";

/* Never a bare key on a page: English stands in where a catalog is missing. */
static const char *text_of(const char *locale, const char *key,
                           const char *otherwise)
{
    const char *text = tr_find(locale, key);

    if (!text)
        text = tr_find("en", key);
    return text ? text : otherwise;
}

static const char *locale_of(const struct exchange *exchange)
{
    char language[128] = "";

    if (exchange->language.length &&
        exchange->language.length < sizeof language)
        memcpy(language, exchange->language.data, exchange->language.length);
    return locale_negotiate(language, exchange->front->settings->locale);
}

static bool wants_json(const struct exchange *exchange)
{
    struct str path = exchange->path, accept = exchange->accept;
    const char *json, *html;

    if (path.length >= 5 && memcmp(path.data, "/api/", 5) == 0)
        return true;
    if (!accept.length)
        return false;
    json = memmem(accept.data, accept.length, "json", 4);
    html = memmem(accept.data, accept.length, "text/html", 9);
    return json && (!html || json < html);
}

static void limit_text(char *out, size_t size, int64_t limit)
{
    if (limit >= 1024 * 1024)
        snprintf(out, size, "%lld MB", (long long)(limit / (1024 * 1024)));
    else if (limit >= 1024)
        snprintf(out, size, "%lld KB", (long long)(limit / 1024));
    else
        snprintf(out, size, "%lld B", (long long)limit);
}

/* The text with {limit} filled in. */
static void add_text(struct buf *buf, const char *text, int64_t limit)
{
    const char *at = strstr(text, "{limit}");
    char words[32];

    if (!at) {
        buf_add_text(buf, text);
        return;
    }
    limit_text(words, sizeof words, limit);
    buf_add(buf, text, (size_t)(at - text));
    buf_add_text(buf, words);
    buf_add_text(buf, at + strlen("{limit}"));
}

struct words {
    const char *locale, *title;
    struct buf text; /* malloc */
};

static void find_words(struct words *words, const struct exchange *exchange,
                       int status, int64_t limit)
{
    const char *text, *reason = status_text(status);
    char name[24], key[64];

    words->locale = locale_of(exchange);
    if (exchange->words)
        snprintf(name, sizeof name, "%s", exchange->words);
    else
        snprintf(name, sizeof name, "%d", status);
    snprintf(key, sizeof key, "front.error.%s.title", name);
    words->title = text_of(words->locale, key, NULL);
    snprintf(key, sizeof key, "front.error.%s.text", name);
    text = text_of(words->locale, key, NULL);
    if (status == 413 && limit == 0)
        text = text_of(words->locale, "front.error.413.plain", NULL);
    if (!words->title || !text) {
        words->title = text_of(words->locale,
                               status < 500 ? "front.error.4xx.title"
                                            : "front.error.5xx.title",
                               reason);
        text = text_of(words->locale,
                       status < 500 ? "front.error.4xx.text"
                                    : "front.error.5xx.text",
                       reason);
    }
    buf_init(&words->text, NULL, 2048);
    add_text(&words->text, text, limit);
}

static void make_html(struct buf *page, const struct words *words, int status,
                      const char *incident)
{
    const char *text = buf_text(&words->text);

    buf_add_text(page, "<!doctype html>\n<html lang=\"");
    buf_add_html(page, words->locale, strlen(words->locale));
    buf_add_text(page, "\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width, "
                       "initial-scale=1\">\n"
                       "<meta name=\"color-scheme\" content=\"light dark\">\n"
                       "<title>");
    buf_add_html(page, words->title, strlen(words->title));
    buf_add_text(page, "</title>\n<link rel=\"stylesheet\" "
                       "href=\"" ERROR_PAGE_CSS_PATH "\">\n</head>\n"
                       "<body>\n<main>\n<h1>");
    buf_add_html(page, words->title, strlen(words->title));
    buf_add_text(page, "</h1>\n<p>");
    buf_add_html(page, text, strlen(text));
    buf_add_text(page, "</p>\n");
    if (incident) {
        const char *label =
            text_of(words->locale, "front.error.incident", "Incident number");

        buf_add_text(page, "<p>");
        buf_add_html(page, label, strlen(label));
        buf_add_text(page, " <code>");
        buf_add_html(page, incident, strlen(incident));
        buf_add_text(page, "</code></p>\n");
    }
    if (status >= 500 || status == 404) {
        const char *home =
            text_of(words->locale, "front.error.home", "To the start page");

        buf_add_text(page, "<p><a href=\"/\">");
        buf_add_html(page, home, strlen(home));
        buf_add_text(page, "</a></p>\n");
    }
    buf_addf(page, "<p><small>%d</small></p>\n</main>\n</body>\n</html>\n",
             status);
}

/* RFC 9457. */
static void make_json(struct buf *page, const struct words *words, int status,
                      const struct exchange *exchange, const char *incident)
{
    const char *text = buf_text(&words->text);

    buf_addf(page,
             "{\"type\":\"about:blank\",\"status\":%d,\"title\":", status);
    buf_add_json(page, words->title, strlen(words->title));
    buf_add_text(page, ",\"detail\":");
    buf_add_json(page, text, strlen(text));
    buf_add_text(page, ",\"request\":");
    buf_add_json(page, exchange->id_text, strlen(exchange->id_text));
    if (incident) {
        buf_add_text(page, ",\"incident\":");
        buf_add_json(page, incident, strlen(incident));
    }
    buf_add_text(page, "}\n");
}

void error_page(struct exchange *exchange, int status, int64_t limit,
                const char *incident)
{
    bool json = wants_json(exchange);
    size_t count = 2;
    struct http_field fields[3] = {
        { STR("content-type"), json ? STR("application/problem+json")
                                    : STR("text/html; charset=utf-8") },
        { STR("content-language"), STR("") },
    };
    struct words words;
    struct buf page;

    find_words(&words, exchange, status, limit);
    fields[1].value = str_of(words.locale);
    if (status == 503 || status == 429)
        fields[count++] = (struct http_field){ STR("retry-after"), STR("5") };
    else if (status == 405) /* of what the front serves itself */
        fields[count++] = (struct http_field){ STR("allow"), STR("GET, HEAD") };
    buf_init(&page, NULL, PAGE_MAX);
    if (json)
        make_json(&page, &words, status, exchange, incident);
    else
        make_html(&page, &words, status, incident);
    reply_send(exchange,
               &(struct reply){ .status = status,
                                .fields = fields,
                                .field_count = count,
                                .body = buf_text(&page),
                                .body_length = page.failed ? 0 : page.length,
                                .dynamic = true });
    buf_free(&page);
    buf_free(&words.text);
}
