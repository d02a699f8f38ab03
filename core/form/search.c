/*
 * search.c - a record's words go into the index, and out of it.
 *
 * SQLite's index keeps no text, so taking an entry out needs the same tokens
 * that went in: they are made again from the record as it was.
 * Where that is not possible (the definition has changed) the entry stays: it
 * finds a record whose row then says no.
 */
#include "base/banned.h"

#include "form/search.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/pinyin.h"
#include "base/str.h"
#include "base/unicode.h"
#include "event/job.h"
#include "form/field_type.h"
#include "form/record_internal.h"
#include "store/db.h"
#include "store/dialect.h"
#include "store/fulltext.h"
#include "store/tokens.h"

enum {
    TEXT_BYTES = 1000,
    NAME_CHARACTERS = 24, /* of a record's name, in pinyin */
    NUMBERS_MAX = 8,
    NUMBER_DIGITS = 7,
    WORDS_MAX = 8,
    ASKED_MAX = 12,
    MARKS = 3, /* form, owner, department */
};

/* ---- the text ---- */

static bool is_searched(const struct field *field)
{
    return (field->type->flags & FIELD_SEARCHED) && !field->hidden;
}

static const char *cut(struct ctx *ctx, const char *text, size_t most)
{
    size_t length = strlen(text);

    if (length <= most)
        return text;
    for (length = most; (text[length] & 0xc0) == 0x80; length--)
        ;
    return arena_strndup(ctx->arena, text, length);
}

/* "138-0013 8000" is also looked for as 13800138000. */
static void add_numbers(struct buf *buf, const char *text)
{
    int found = 0;

    while (*text && found < NUMBERS_MAX) {
        char digits[32];
        size_t count = 0;
        bool apart = false;
        const char *p = text;

        while (count < sizeof digits - 1) {
            if (*p >= '0' && *p <= '9')
                digits[count++] = *p++;
            else if (count && *p && strchr(" -.()", *p) && p[1] &&
                     (strchr("(", p[1]) || (p[1] >= '0' && p[1] <= '9'))) {
                apart = true;
                p++;
            } else
                break;
        }
        if (apart && count >= NUMBER_DIGITS) {
            buf_addf(buf, "\n%.*s", (int)count, digits);
            found++;
        }
        text = p + (p == text);
    }
}

static void add_name(struct buf *buf, struct ctx *ctx,
                     const struct record *record)
{
    const char *key = record->form->label_field;
    const struct field *field = key ? form_field(record->form, key) : NULL;
    const char *name = field ? value_get_text(record->values, key) : NULL;
    const char *syllables;

    if (text_empty(name) || !is_searched(field) || !text_has_han(name))
        return;
    name = arena_strndup(ctx->arena, name,
                         utf8_prefix(name, strlen(name), NAME_CHARACTERS));
    syllables = text_pinyin(ctx->arena, name);
    if (*syllables)
        buf_addf(buf, "\n%s", pinyin_keys(ctx->arena, syllables));
}

void search_warm(struct ctx *ctx, const struct record *record)
{
    static bool warm;
    const char *key = record->form->label_field;
    const char *name = key ? value_get_text(record->values, key) : NULL;

    if (warm || text_empty(name) || !text_has_han(name))
        return;
    (void)text_pinyin(ctx->arena, name);
    warm = true;
}

const char *record_search_text(struct ctx *ctx, const struct record *record)
{
    struct buf buf, out;
    const char *text;
    size_t i;

    buf_init(&buf, ctx->arena, 1 << 20);
    for (i = 0; i < record->form->field_count; i++) {
        const struct field *field = record->form->fields[i];

        if (!is_searched(field))
            continue;
        text = value_get_text(record->values, field->key);
        if (!text_empty(text))
            buf_addf(&buf, "%s%s", buf.length ? "\n" : "", text);
    }
    text = cut(ctx, text_fold(ctx->arena, buf_text(&buf)), TEXT_BYTES);
    buf_init(&out, ctx->arena, 8192);
    buf_add_text(&out, text);
    add_numbers(&out, text);
    add_name(&out, ctx, record);
    return buf_text(&out);
}

/* ---- the index ---- */

/* U+00A7 is in no token of a text. */
static const char *mark(struct ctx *ctx, char kind, int64_t id)
{
    return arena_printf(ctx->arena, "\xc2\xa7%c%" PRId64, kind, id);
}

const char *search_owner(struct ctx *ctx, int64_t owner)
{
    return mark(ctx, 'o', owner);
}

const char *search_department(struct ctx *ctx, int64_t department)
{
    return mark(ctx, 'd', department);
}

/* Tokens are large and soon over: imports save thousands of records in one
 * arena. The context for making those of one record. */
static struct ctx scratch_ctx(const struct ctx *ctx)
{
    static struct arena *scratch;
    struct ctx own = *ctx;

    if (!scratch)
        scratch = arena_new(0);
    arena_reset(scratch);
    own.arena = scratch;
    return own;
}

static const char *tokens_of(struct ctx *ctx, const struct record *record)
{
    struct buf buf;

    buf_init(&buf, ctx->arena, 1 << 18);
    buf_addf(&buf, "%s %s %s", mark(ctx, 'f', record->form->id),
             search_owner(ctx, record->owner),
             search_department(ctx, record->department));
    tokens_add(&buf, ctx->arena, record_search_text(ctx, record));
    return buf_text(&buf);
}

int search_state(struct search_state *out, struct ctx *ctx,
                 const struct form *form)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT cursor, stale FROM search_form WHERE form = ?1",
                      "i", form->id);

    *out = (struct search_state){ 0 };
    if (!rc)
        rc = query_next(query);
    if (rc == 1) {
        out->known = true;
        out->cursor = query_int(query, 0);
        out->stale = query_int(query, 1) != 0;
        rc = 0;
    }
    return rc;
}

/* Forms all of whose records are in the index, as this process has seen it. A
 * build that begins raises the forms' epoch. Who still goes by the old one
 * writes an entry that the build writes once more: so only where an entry may
 * be written twice, which is where a question costs a round trip. */
static struct {
    const struct db *db;
    int64_t epoch, forms[64];
} whole;

static int64_t *whole_place(struct ctx *ctx, const struct form *form)
{
    int64_t epoch = epoch_of(ctx, "form");

    if (whole.db != ctx->db || whole.epoch != epoch) {
        memset(&whole, 0, sizeof whole);
        whole.db = ctx->db;
        whole.epoch = epoch;
    }
    return &whole.forms[(uint64_t)form->id % 64];
}

/* Whether the record has an entry, or is to get one now. Those below the
 * cursor come when the job is there. */
static int is_kept(bool *yes, struct ctx *ctx, const struct record *record)
{
    const struct form *form = record->form;
    int64_t *place = db_one_writer(ctx) ? NULL : whole_place(ctx, form);
    struct search_state state;
    int rc;

    *yes = !form->anonymous && place && *place == form->id;
    if (form->anonymous || *yes)
        return 0;
    rc = search_state(&state, ctx, form);
    *yes = !rc && state.known && record->id > state.cursor;
    if (!rc && place && state.known && state.cursor == 0)
        *place = form->id;
    return rc;
}

/* One change of the index. The index writes what it has gathered at each end
 * of a savepoint, so all its changes wait for the commit: an import of rows
 * with savepoints of their own would be a third slower. */
struct change {
    int64_t id;
    const char *old, *tokens; /* NULL: none */
};

static int change_index(struct ctx *ctx, void *argument)
{
    const struct change *change = argument;

    return fulltext_set(ctx, change->id, change->old, change->tokens);
}

static void change_later(struct ctx *ctx, int64_t id, const char *old,
                         const char *tokens)
{
    struct arena *arena = tx_arena(ctx);
    struct change *change = arena_alloc(arena, sizeof *change);

    change->id = id;
    change->old = old ? arena_strdup(arena, old) : NULL;
    change->tokens = tokens ? arena_strdup(arena, tokens) : NULL;
    tx_before_commit(ctx, change_index, change);
}

int search_put(struct ctx *ctx, const struct record *record,
               const struct record *before)
{
    const char *tokens, *old = NULL;
    struct ctx own;
    bool kept;
    int rc = is_kept(&kept, ctx, record);

    if (rc || !kept)
        return rc;
    own = scratch_ctx(ctx);
    tokens = tokens_of(&own, record);
    if (before) {
        old = tokens_of(&own, before);
        if (strcmp(old, tokens) == 0)
            return 0;
    }
    change_later(ctx, record->id, old, tokens);
    return 0;
}

int search_take(struct ctx *ctx, const struct record *record)
{
    struct ctx own;
    bool kept;
    int rc = is_kept(&kept, ctx, record);

    if (rc || !kept)
        return rc;
    own = scratch_ctx(ctx);
    change_later(ctx, record->id, tokens_of(&own, record), NULL);
    return 0;
}

/* ---- is it right? ---- */

static size_t count_words(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += *text != ' ' && (text[1] == ' ' || text[1] == '\0');
    return count;
}

/* "a b c" as `"a" AND "b" AND "c"`; of many, the first (they say whose it is)
 * and some that are spread over the rest: each one costs a look. */
static const char *all_of(struct ctx *ctx, const char *tokens)
{
    size_t step = count_words(tokens) / ASKED_MAX + 1, at = 0;
    char *rest = arena_strdup(ctx->arena, tokens), *word;
    struct buf buf;

    buf_init(&buf, ctx->arena, 1 << 16);
    while ((word = strsep(&rest, " "))) {
        if (!*word)
            continue;
        if (at < MARKS || at % step == 0)
            buf_addf(&buf, "%s\"%s\"", at ? " AND " : "", word);
        at++;
    }
    return buf_text(&buf);
}

int search_holds(bool *right, struct ctx *ctx, const struct record *record)
{
    struct ctx own = scratch_ctx(ctx);
    bool kept;
    int rc = is_kept(&kept, ctx, record);

    *right = true;
    if (rc || !kept || record->deleted_at)
        return rc;
    return fulltext_has(right, ctx, record->id,
                        all_of(&own, tokens_of(&own, record)));
}

int search_strays(int64_t *out, struct ctx *ctx, const struct form *form)
{
    const struct value *value = fulltext_value(
        ctx, arena_printf(ctx->arena, "\"%s\"", mark(ctx, 'f', form->id)));
    QUERY_AUTO *query = NULL;
    int rc = db_query_values(
        &query, ctx,
        /* sql: names from the definition */
        arena_printf(ctx->arena,
                     "SELECT count(*) FROM search_index s WHERE %s AND NOT"
                     " EXISTS (SELECT 1 FROM \"%s\" t WHERE t.id = s.rowid"
                     " AND t.deleted_at = 0)",
                     fulltext_condition(ctx), form->table),
        &value, 1);

    *out = 0;
    if (!rc)
        rc = query_next(query);
    if (rc > 0)
        *out = query_int(query, 0);
    return rc < 0 ? rc : 0;
}

size_t search_ask(struct buf *out, struct ctx *ctx, const struct form *form,
                  const char *text, bool words)
{
    char *rest = arena_strdup(ctx->arena, text_fold(ctx->arena, text)), *word;
    size_t asked = 0;
    int count = 0;

    buf_addf(out, "\"%s\"", mark(ctx, 'f', form->id));
    while ((word = strsep(&rest, " \t\n")) && count < WORDS_MAX) {
        if (!*word)
            continue;
        count++;
        asked += tokens_ask(out, word, !words);
    }
    return asked;
}

/* ---- what is in it ---- */

static const char *signature_of(struct ctx *ctx, const struct form *form)
{
    struct buf buf;
    size_t i;

    buf_init(&buf, ctx->arena, 65536);
    buf_addf(&buf, "%d%s %s", TOKENS_VERSION,
             form->anonymous ? " anonymous" : "",
             form->label_field ? form->label_field : "");
    for (i = 0; i < form->field_count; i++)
        if (is_searched(form->fields[i]))
            buf_addf(&buf, " %s", form->fields[i]->key);
    return buf_text(&buf);
}

static bool has_hidden(const struct form *form)
{
    size_t i;

    for (i = 0; i < form->field_count; i++)
        if (form->fields[i]->hidden &&
            (form->fields[i]->type->flags & FIELD_SEARCHED))
            return true;
    return false;
}

static int any_record(bool *any, struct ctx *ctx, const struct form *form)
{
    int64_t one;
    int rc = db_int(
        &one, ctx,
        /* sql: names from the definition */
        arena_printf(ctx->arena, "SELECT 1 FROM \"%s\" LIMIT 1", form->table),
        "");

    *any = rc == 0;
    return rc == E_NOT_FOUND ? 0 : rc;
}

static int add_job(struct ctx *ctx, const struct form *form)
{
    struct value *data = value_map(ctx->arena);

    value_set_text(data, "form", form->name);
    return job_add(ctx, SEARCH_JOB, data, 0, form->name);
}

/* known: other fields were searched before. */
static int begin_anew(struct ctx *ctx, const struct form *form, bool known,
                      const char *signature)
{
    bool any;
    int rc = any_record(&any, ctx, form);

    if (!rc)
        rc = db_exec(ctx,
                     "INSERT INTO search_form (form, cursor, stale, signature)"
                     " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (form) DO UPDATE"
                     " SET cursor = ?2, stale = ?3, signature = ?4",
                     "iiis", form->id, any ? INT64_MAX : (int64_t)0,
                     (int64_t)(any && (known || has_hidden(form))), signature);
    if (!rc)
        rc = epoch_raise(ctx, "form");
    return rc || !any ? rc : add_job(ctx, form);
}

int search_follow(struct ctx *ctx, const struct form *form)
{
    const char *signature = signature_of(ctx, form), *known = NULL;
    struct search_state state;
    int rc = db_text(&known, ctx,
                     "SELECT signature FROM search_form WHERE form = ?1", "i",
                     form->id);

    if (rc == E_NOT_FOUND)
        rc = 0;
    if (rc || !text_equal(known, signature))
        return rc ? rc : begin_anew(ctx, form, known != NULL, signature);
    /* Not whole: a job that was given up is added once more. */
    rc = search_state(&state, ctx, form);
    return rc || !state.cursor ? rc : add_job(ctx, form);
}

int search_rebuild(struct ctx *ctx)
{
    int rc = tx_begin(ctx, "search.rebuild");

    if (rc)
        return rc;
    tx_long(ctx, "search.rebuild");
    rc = fulltext_empty(ctx);
    if (!rc)
        rc = db_exec(ctx, "UPDATE search_form SET signature = ''", "");
    if (!rc)
        rc = search_follow_all(ctx);
    return tx_end(ctx, rc);
}
