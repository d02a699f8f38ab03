/*
 * search.c - one text, looked for in all forms, among people and pages.
 *
 * Records are found by record_list(), form by form: so whatever a list hides
 * from somebody is hidden here.
 */
#include "base/banned.h"

#include "portal/search.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/map.h"
#include "base/pinyin.h"
#include "base/str.h"
#include "base/unicode.h"
#include "base/value.h"
#include "form/field_type.h"
#include "form/record.h"
#include "form/search.h"
#include "org/org.h"
#include "org/person.h"
#include "portal/frame.h"
#include "portal/portal.h"
#include "portal/records.h"
#include "view/view.h"
#include "web/router.h"

enum { WORDS_MAX = 8, BEFORE = 24, AFTER = 90 /* characters of a snippet */ };

/* ---- records ---- */

static int by_newest(const void *a, const void *b)
{
    const struct search_group *x = a, *y = b;

    return x->records[0]->id > y->records[0]->id   ? -1
           : x->records[0]->id < y->records[0]->id ? 1
                                                   : 0;
}

static bool may_search(struct ctx *ctx, const struct form *form)
{
    struct scopes scopes;

    if (form->anonymous || (form->module && !access_module(ctx, form->module)))
        return false;
    if (access_scopes(&scopes, ctx, form->name, RIGHT_READ)) {
        ctx_clear(ctx);
        return false;
    }
    return scopes.count > 0;
}

static int search_form(struct search_group *group, bool *building,
                       struct ctx *ctx, const struct form *form,
                       const char *text)
{
    struct record_query query = { .search = text,
                                  .words = true,
                                  .limit = SEARCH_COUNT_MAX + 1 };
    struct search_state state;
    int rc = search_state(&state, ctx, form);

    group->form = form;
    group->count = 0;
    if (!rc && (!state.known || state.cursor))
        *building = true;
    return rc ? rc
              : record_list(&group->records, &group->count, ctx, form, &query);
}

int search_forms(struct search_group **out, size_t *count, bool *building,
                 struct ctx *ctx, const char *text)
{
    const struct form **forms;
    size_t all, i;
    int rc = form_list(&forms, &all, ctx);

    *count = 0;
    *building = false;
    *out = rc ? NULL : arena_array(ctx->arena, all + 1, sizeof **out);
    if (!rc && utf8_length(text, strlen(text)) > SEARCH_TEXT_MAX)
        return fail_at(ctx, E_INVALID, "q", "search.too_long",
                       "at most %d characters", SEARCH_TEXT_MAX);
    for (i = 0; !rc && i < all; i++) {
        struct search_group *group = &(*out)[*count];

        if (!may_search(ctx, forms[i]))
            continue;
        rc = search_form(group, building, ctx, forms[i], text);
        *count += group->count > 0;
    }
    if (!rc && *count)
        qsort(*out, *count, sizeof **out, by_newest);
    return rc;
}

/* ---- where the words stand ---- */

/* A text with its characters folded one by one: `folded` and, for each byte
 * of it, where its character begins in the text. */
struct unfolded {
    const char *text, *folded;
    uint32_t *from;
    size_t length;
};

static void unfold(struct unfolded *out, struct ctx *ctx, const char *text)
{
    struct buf buf;
    size_t at = 0, length = strlen(text), size, i;

    buf_init(&buf, ctx->arena, 1 << 20);
    out->text = text;
    out->from = arena_array(ctx->arena, length * 4 + 8, sizeof *out->from);
    while (at < length && buf.length < length * 4) {
        const char *one;
        char letter[8] = "";

        if (utf8_next(text + at, length - at, &size) < 0)
            size = 1;
        memcpy(letter, text + at, size < 7 ? size : 7);
        one = text_fold(ctx->arena, letter);
        for (i = 0; one[i] && buf.length + i < length * 4; i++)
            out->from[buf.length + i] = (uint32_t)at;
        buf_add(&buf, one, i);
        at += size;
    }
    out->folded = buf_text(&buf);
    out->length = buf.length;
    out->from[out->length] = (uint32_t)length;
}

static size_t words_of(const char *words[WORDS_MAX], struct ctx *ctx,
                       const char *search)
{
    char *rest = arena_strdup(ctx->arena, text_fold(ctx->arena, search));
    size_t count = 0;
    char *word;

    while ((word = strsep(&rest, " \t\n")) && count < WORDS_MAX)
        if (*word)
            words[count++] = word;
    return count;
}

/* The first place from `at` on where a word stands; its end in *end. */
static const char *next_hit(const char **end, const char *at,
                            const char *const *words, size_t count)
{
    const char *best = NULL;
    size_t i;

    for (i = 0; i < count; i++) {
        const char *hit = strstr(at, words[i]);

        if (hit && (!best || hit < best ||
                    (hit == best && hit + strlen(words[i]) > *end))) {
            best = hit;
            *end = hit + strlen(words[i]);
        }
    }
    return best;
}

static void add_part(struct ctx *ctx, struct value *parts, const char *text,
                     size_t length, bool hit)
{
    struct value *part;

    if (!length)
        return;
    part = value_map(ctx->arena);
    value_set(part, "text", value_textn(ctx->arena, text, length));
    value_set_bool(part, "hit", hit);
    value_append(parts, part);
}

struct value *search_parts(struct ctx *ctx, const char *text,
                           const char *search)
{
    struct value *parts = value_list(ctx->arena);
    const char *words[WORDS_MAX], *at, *hit, *end = NULL;
    size_t count = words_of(words, ctx, search), shown = 0;
    struct unfolded body;

    unfold(&body, ctx, text);
    for (at = body.folded; (hit = next_hit(&end, at, words, count)); at = end) {
        size_t from = body.from[hit - body.folded];
        size_t to = body.from[end - body.folded];

        if (to <= from || from < shown)
            continue;
        add_part(ctx, parts, text + shown, from - shown, false);
        add_part(ctx, parts, text + from, to - from, true);
        shown = to;
    }
    add_part(ctx, parts, text + shown, strlen(text) - shown, false);
    return parts;
}

/* Some characters around the first hit of a text; NULL: there is none. */
static const char *around(struct ctx *ctx, const char *text,
                          const char *const *words, size_t count)
{
    struct unfolded body;
    const char *hit, *end = NULL;
    size_t start, length;
    int back = 0;

    unfold(&body, ctx, text);
    hit = next_hit(&end, body.folded, words, count);
    if (!hit)
        return NULL;
    start = body.from[hit - body.folded];
    while (start && back < BEFORE) {
        start--;
        back += (text[start] & 0xc0) != 0x80;
    }
    length = utf8_prefix(text + start, strlen(text + start), BEFORE + AFTER);
    return arena_printf(ctx->arena, "%s%.*s%s", start ? "…" : "", (int)length,
                        text + start, text[start + length] ? "…" : "");
}

struct value *search_snippet(struct ctx *ctx, const struct record *record,
                             const char *search)
{
    const struct form *form = record->form;
    const char *words[WORDS_MAX];
    size_t count = words_of(words, ctx, search), i;

    for (i = 0; i < form->field_count; i++) {
        const struct field *field = form->fields[i];
        const char *text, *piece;

        if (!(field->type->flags & FIELD_SEARCHED) || field->hidden ||
            text_equal(field->key, form->label_field))
            continue;
        text = value_get_text(record->values, field->key);
        piece = text_empty(text) ? NULL : around(ctx, text, words, count);
        if (piece)
            return search_parts(ctx, piece, search);
    }
    return NULL;
}

/* ---- people and pages ---- */

static struct value *add_item(struct ctx *ctx, struct value *items,
                              const char *kind, const char *label,
                              const char *url, const char *icon)
{
    struct value *item = value_map(ctx->arena);

    value_set_text(item, "kind", kind);
    value_set_text(item, "label", label);
    value_set(item, "url", value_url(ctx->arena, url));
    value_set_text(item, "icon", icon);
    value_append(items, item);
    return item;
}

int search_people(struct ctx *ctx, const char *text, int most,
                  struct value *items)
{
    struct value *people;
    size_t i;
    int rc = org_search_users(&people, ctx, text, most);

    for (i = 0; !rc && i < value_count(people); i++) {
        const struct value *row = value_at(people, i);
        const char *name = value_get_text(row, "name");
        struct value *item = add_item(
            ctx, items, "person", name,
            arena_printf(ctx->arena, "/people/%s", value_get_text(row, "id")),
            "user");

        value_set_text(item, "detail", value_get_text(row, "department"));
        value_set_text(item, "initials", view_initials(ctx, name));
        value_set_text(item, "tone", view_tone(value_get_id(row, "id")));
    }
    return rc;
}

static bool holds(struct ctx *ctx, const char *text, const char *wanted)
{
    const char *folded = text_fold(ctx->arena, text);

    return strstr(folded, wanted) ||
           (text_has_han(text) &&
            pinyin_matches(text_pinyin(ctx->arena, text), wanted));
}

int search_pages(struct ctx *ctx, const char *text, int most,
                 struct value *items)
{
    const char *wanted = text_fold(ctx->arena, text);
    const struct menu_entry *entry;
    int i;

    for (i = 0; (entry = menu_at(i)) && most > 0; i++) {
        const char *label = frame_menu_label(ctx, entry), *lead = NULL;
        bool setting = strcmp(entry->area, "administration") == 0;
        struct value *item;

        if (setting && entry->key)
            lead = tr_find(ctx->locale,
                           arena_printf(ctx->arena, "%s_lead", entry->key));
        if ((setting && !ctx->person->administrator) ||
            !frame_menu_visible(ctx, entry) ||
            !(holds(ctx, label, wanted) ||
              (lead && strstr(text_fold(ctx->arena, lead), wanted))))
            continue;
        item = add_item(ctx, items, "page", label, entry->path,
                        entry->icon ? entry->icon : "file");
        if (setting)
            value_set_text(item, "detail", tr(ctx, "admin.title"));
        most--;
    }
    return 0;
}
