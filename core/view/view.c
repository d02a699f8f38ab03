/*
 * view.c - a page: the host's head, the theme's body.
 *
 * Doctype, head, policy and tokens are the host's; a theme can't change
 * them. What stands in the body comes from templates.
 */
#include "base/banned.h"

#include "view/view.h"

#include <assert.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/site.h"
#include "base/unicode.h"
#include "base/value.h"
#include "view/template.h"
#include "view/theme.h"

static struct theme *current;

/* What the callbacks of one rendering need. */
struct rendering {
    struct ctx *ctx;
    struct theme *theme;
    int error;          /* of a partial that does not compile */
    const char *sprite; /* address of the icons; NULL: not yet asked */
};

int view_open(struct ctx *ctx, const char *theme)
{
    struct theme *opened;
    int rc = theme_open(
        &opened, ctx, theme, ctx->site ? ctx->site->folder : NULL,
        ctx->site && ctx->site->share ? ctx->site->share : share_folder(ctx));

    if (rc)
        return rc;
    view_close();
    current = opened;
    return 0;
}

void view_close(void)
{
    theme_close(current);
    current = NULL;
}

struct theme *view_theme(void)
{
    return current;
}

void view_csp(char out[VIEW_CSP_MAX], const char *nonce)
{
    snprintf(out, VIEW_CSP_MAX,
             "default-src 'self'; script-src 'self' 'nonce-%s'; "
             "style-src 'self'; img-src 'self' data:; object-src 'none'; "
             "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
             "worker-src 'self'; connect-src 'self'",
             nonce);
}

void view_nonce(char out[VIEW_NONCE_MAX])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[(VIEW_NONCE_MAX - 2) / 2];
    size_t i;

    random_bytes(bytes, sizeof(bytes));
    for (i = 0; i < sizeof(bytes); i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * i] = '\0';
}

/* Callbacks. ------------------------------------------------------------- */

static const struct template *get_partial(void *payload, const char *name,
                                          const struct template *from)
{
    struct rendering *rendering = payload;
    struct ctx *ctx = rendering->ctx;
    struct problem *first = ctx->problems, *last = ctx->last_problem;
    const struct template *found = NULL;
    int rc = theme_template(&found, rendering->theme, ctx, name, from);

    if (rc == E_NOT_FOUND) {
        /* The spec: a missing partial is empty. Not an error of the page. */
        ctx->problems = first;
        ctx->last_problem = last;
        if (last)
            last->next = NULL;
        return NULL;
    }
    if (rc && !rendering->error)
        rendering->error = rc;
    return rc ? NULL : found;
}

static void put_escaped(struct buf *out, const char *text)
{
    buf_add_html(out, text, strlen(text));
}

static void put_icon(struct rendering *rendering, struct buf *out,
                     const char *name)
{
    const char *sprite = rendering->sprite;

    if (!sprite)
        sprite = rendering->sprite = theme_asset(rendering->theme, "icons.svg");
    if (!sprite || !*name)
        return;
    buf_add_text(out, "<svg class=\"icon\" aria-hidden=\"true\"><use href=\"");
    put_escaped(out, sprite);
    buf_add_char(out, '#');
    put_escaped(out, name);
    buf_add_text(out, "\"/></svg>");
}

static void put_helper(void *payload, struct buf *out, const char *prefix,
                       const char *rest)
{
    struct rendering *rendering = payload;
    const char *url;

    if (strcmp(prefix, "icon") == 0) {
        put_icon(rendering, out, rest);
    } else if (strcmp(prefix, "asset") == 0) {
        url = theme_asset(rendering->theme, rest);
        put_escaped(out, url ? url : "#");
    } else {
        put_escaped(out, tr(rendering->ctx, rest));
    }
}

static int render(struct ctx *ctx, struct buf *out, const char *name,
                  const struct value *data)
{
    struct rendering rendering = { .ctx = ctx, .theme = current };
    struct template_host host = { .partial = get_partial,
                                  .helper = put_helper,
                                  .payload = &rendering,
                                  .flush_left = true };
    struct template_report report;
    const struct template *template;
    const char *mode;
    int rc;

    if (!current)
        return fail(ctx, E_INTERNAL, "view.no_theme", "no theme is open");
    rc = theme_template(&template, current, ctx, name, NULL);
    host.generation = theme_generation(current);
    if (!rc)
        rc = template_render(out, ctx, template, data, &host, &report);
    if (!rc)
        rc = rendering.error;
    if (rc || !report.misuses)
        return rc;
    mode = getenv("TENON_TEMPLATES");
    if (mode && strcmp(mode, "strict") == 0)
        return fail(ctx, E_INTERNAL, "view.not_html",
                    "%s: {{{%s}}} is not sanitised HTML", name,
                    report.first_misuse);
    log_event(LOG_WARN, "view.not_html", "template", name, "name",
              report.first_misuse, NULL);
    return 0;
}

/* The frame. ------------------------------------------------------------- */

static void set_default(struct value *page, const char *key, const char *text)
{
    if (value_is_null(value_get(page, key)))
        value_set_text(page, key, text);
}

static struct value *page_of(struct ctx *ctx, struct value *data)
{
    struct value *page = value_get(data, "page");
    const char *mode, *width;

    if (value_kind(page) != VALUE_MAP) {
        page = value_map(ctx->arena);
        value_set(data, "page", page);
    }
    set_default(page, "locale", ctx->locale);
    set_default(page, "title", "Tenon");
    set_default(page, "site_name", "Tenon");
    set_default(page, "path", "/");
    set_default(page, "language_url", "/preferences/language");
    set_default(page, "theme_url", "/preferences/theme");
    set_default(page, "sign_out_url", "/sign-out");
    set_default(page, "profile_url", "/me");
    set_default(page, "events_url", "/portal/events");
    set_default(page, "counts_url", "/portal/counts");
    mode = value_get_text(page, "theme_mode");
    value_set_bool(page, "theme_mode_light", text_equal(mode, "light"));
    value_set_bool(page, "theme_mode_dark", text_equal(mode, "dark"));
    value_set_bool(page, "theme_mode_auto",
                   !text_equal(mode, "light") && !text_equal(mode, "dark"));
    width = value_get_text(page, "width");
    value_set_bool(page, "width_read", text_equal(width, "read"));
    return page;
}

/* name="value", escaped; nothing where there is no value. */
static void put_attribute(struct buf *out, const char *name, const char *value)
{
    if (!value)
        return;
    buf_addf(out, " %s=\"", name);
    put_escaped(out, value);
    buf_add_char(out, '"');
}

static void put_meta(struct buf *out, const char *name, const char *content)
{
    if (!content)
        return;
    buf_add_text(out, "<meta");
    put_attribute(out, "name", name);
    put_attribute(out, "content", content);
    buf_add_text(out, ">\n");
}

static void put_link(struct buf *out, const char *rel, const char *asset)
{
    const char *url = theme_asset(current, asset);

    if (!url)
        return;
    buf_add_text(out, "<link");
    put_attribute(out, "rel", rel);
    put_attribute(out, "href", url);
    buf_add_text(out, ">\n");
}

/* htmx: only what hx-csp lets pass, one prefix, no styles of its own, and no
 * error page in the place of a list. */
static const char htmx_config[] =
    "{\"extensions\":\"hx-csp\",\"prefix\":\"\",\"includeIndicatorCSS\":false,"
    "\"defaultTimeout\":30000,\"history\":\"reload\","
    "\"noSwap\":[204,304,\"4xx\",\"5xx\"]}";

static void put_head(struct ctx *ctx, struct buf *out, const struct value *page)
{
    const char *title = value_get_text(page, "title");
    const char *site = value_get_text(page, "site_name");
    const char *script = theme_asset(current, "app.js");
    const char *nonce = value_get_text(page, "nonce");
    int64_t refresh = value_get_int(page, "refresh", 0);

    buf_add_text(out, "<!doctype html>\n<html");
    put_attribute(out, "lang", value_get_text(page, "locale"));
    if (!value_get_bool(page, "theme_mode_auto"))
        put_attribute(out, "data-bs-theme", value_get_text(page, "theme_mode"));
    buf_add_text(out, ">\n<head>\n<meta charset=\"utf-8\">\n<title>");
    put_escaped(out, title);
    if (!text_equal(title, site)) {
        buf_add_text(out, " · ");
        put_escaped(out, site);
    }
    buf_add_text(out, "</title>\n");
    put_meta(out, "viewport",
             "width=device-width, initial-scale=1, viewport-fit=cover");
    put_meta(out, "color-scheme",
             value_get_bool(page, "theme_mode_light")  ? "light"
             : value_get_bool(page, "theme_mode_dark") ? "dark"
                                                       : "light dark");
    put_meta(out, "csrf", value_get_text(page, "csrf"));
    put_meta(out, "htmx-config", htmx_config);
    if (refresh > 0)
        buf_addf(out, "<meta http-equiv=\"refresh\" content=\"%d\">\n",
                 (int)refresh);
    put_link(out, "stylesheet", "app.css");
    put_link(out, "icon", "mark.svg");
    put_link(out, "manifest", "app.webmanifest");
    put_link(out, "modulepreload",
             arena_printf(ctx->arena, "texts.%s.js",
                          value_get_text(page, "locale")));
    if (script) {
        buf_add_text(out, "<script type=\"module\"");
        put_attribute(out, "src", script);
        put_attribute(out, "nonce", nonce);
        buf_add_text(out, "></script>\n");
    }
    buf_add_text(out, "</head>\n");
}

static void put_body_tag(struct ctx *ctx, struct buf *out,
                         const struct value *page)
{
    const struct value *person = value_get(page, "person");

    buf_add_text(out, "<body");
    put_attribute(out, "class", value_get_text(page, "body_class"));
    put_attribute(
        out, "data-texts",
        theme_asset(current, arena_printf(ctx->arena, "texts.%s.js",
                                          value_get_text(page, "locale"))));
    put_attribute(out, "data-icons", theme_asset(current, "icons.svg"));
    if (value_kind(person) == VALUE_MAP) {
        put_attribute(out, "data-person", value_get_text(person, "id"));
        put_attribute(out, "data-events", value_get_text(page, "events_url"));
        put_attribute(out, "data-counts", value_get_text(page, "counts_url"));
        put_attribute(out, "data-find", value_get_text(page, "find_url"));
        put_attribute(out, "data-live-worker",
                      theme_asset(current, "live-worker.js"));
        put_attribute(out, "data-lua-worker",
                      theme_asset(current, "lua-worker.js"));
        put_attribute(out, "data-lua-wasm", theme_asset(current, "lua.wasm"));
    }
    buf_add_text(out, ">\n");
}

int view_page(struct ctx *ctx, struct buf *out, const char *template,
              struct value *data)
{
    struct value *page;
    int rc;

    assert(out && template && data);
    if (!current)
        return fail(ctx, E_INTERNAL, "view.no_theme", "no theme is open");
    page = page_of(ctx, data);
    put_head(ctx, out, page);
    put_body_tag(ctx, out, page);
    rc = render(ctx, out, template, data);
    buf_add_text(out, "</body>\n</html>\n");
    if (!rc && out->failed)
        rc = fail(ctx, E_LIMIT, "view.large", "the page is too large");
    return rc;
}

int view_fragment(struct ctx *ctx, struct buf *out, const char *template,
                  struct value *data)
{
    assert(out && template && data);
    page_of(ctx, data);
    return render(ctx, out, template, data);
}

/* Faces. ----------------------------------------------------------------- */

static bool is_wide(int32_t point)
{
    return point >= 0x2e80;
}

const char *view_initials(struct ctx *ctx, const char *name)
{
    size_t length = name ? strlen(name) : 0, at = 0, size, used = 0;
    char letters[16] = "";
    int count = 0;
    int32_t point;

    if (!length)
        return "?";
    point = utf8_next(name, length, &size);
    if (is_wide(point)) {
        /* A Chinese name: the whole of two characters, else the last two,
         * which is how people call each other. */
        size_t characters = utf8_length(name, length);

        at = characters > 2 ? utf8_prefix(name, length, characters - 2) : 0;
        return arena_strdup(ctx->arena, name + at);
    }
    for (bool start = true; at < length && count < 2; at += size) {
        point = utf8_next(name + at, length - at, &size);
        if (point < 0)
            break;
        if (start && point != ' ' && used + size < sizeof(letters)) {
            memcpy(letters + used, name + at, size);
            used += size;
            letters[used] = '\0';
            count++;
        }
        start = point == ' ' || point == '.' || point == '-';
    }
    for (char *p = letters; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return arena_strdup(ctx->arena, letters);
}

const char *view_tone(int64_t id)
{
    static const char *const tones[] = {
        "1", "2", "3", "4", "5", "6", "7", "8"
    };

    /* Ids carry the time in their upper bits; mix before taking three. */
    return tones[(((uint64_t)id * 0x9e3779b97f4a7c15u) >> 61) & 7];
}
