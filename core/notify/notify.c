/*
 * notify.c - notifications: rows, live, and mail by the outbox.
 */
#include "base/banned.h"

#include "notify/notify.h"

#include <assert.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "event/live.h"
#include "event/outbox.h"
#include "notify/mail.h"
#include "org/admin.h"
#include "org/person.h"
#include "store/db.h"

#define MAIL_TOPIC "notify.mail"

/* The unread line of the same kind about the same thing; 0: none. */
static int find_unread(int64_t *id, struct ctx *ctx, int64_t user,
                       const char *kind, const char *link)
{
    int rc = db_int(id, ctx,
                    "SELECT id FROM notify_message WHERE user_id = ?1 "
                    "AND link = ?2 AND kind = ?3 AND read_at IS NULL LIMIT 1",
                    "iss", user, link, kind);

    if (rc == E_NOT_FOUND)
        *id = 0;
    return rc == E_NOT_FOUND ? 0 : rc;
}

/* *again: the line was there, unread. */
static int write_message(int64_t *id, bool *again, struct ctx *ctx,
                         int64_t user, const char *kind, const char *args,
                         const char *texts, const char *link)
{
    int rc = find_unread(id, ctx, user, kind, link);

    *again = *id != 0;
    if (rc)
        return rc;
    if (*again)
        return db_post(ctx,
                       "UPDATE notify_message SET args = ?2, at = ?3, "
                       "texts = ?4, count = count + 1 WHERE id = ?1",
                       "isis", *id, args, clock_now(), texts);
    *id = id_next();
    return db_post(ctx,
                   "INSERT INTO notify_message (id, user_id, kind, args, "
                   "link, at, texts) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                   "iisssis", *id, user, kind, args, link, clock_now(), texts);
}

/* The text for several of one kind ("form.notice.comment_many", with {count});
 * NULL where that kind has none. */
static const char *many_key(struct ctx *ctx, const char *kind)
{
    const char *key = arena_printf(ctx->arena, "%s_many", kind);

    return tr_find("en", key) ? key : NULL;
}

static int tell(struct ctx *ctx, int64_t user, const char *kind,
                const struct value *args, const char *texts, const char *link)
{
    const struct person *person;
    int64_t id = 0;
    bool again;
    int rc;

    assert(kind && tx_active(ctx));
    rc = person_load(&person, ctx, user);
    if (rc || !person->enabled)
        return rc;
    rc = write_message(&id, &again, ctx, user, kind,
                       args ? json_text(ctx->arena, args) : "{}", texts,
                       link ? link : "/");
    /* What counts up is mailed once, until it was read. */
    if (!rc && person->mail && !(again && many_key(ctx, kind)))
        rc = outbox_put(ctx, MAIL_TOPIC, id, NULL);
    if (!rc)
        live_send(ctx, user, "messages");
    return rc;
}

int notify_user(struct ctx *ctx, int64_t user, const char *kind,
                const struct value *args, const char *link)
{
    return tell(ctx, user, kind, args, NULL, link);
}

static const char *const locales[] = { "en", "zh-CN", "zh-TW" };

int notify_user_lasting(struct ctx *ctx, int64_t user, const char *kind,
                        const struct value *args, const char *link)
{
    struct value *texts = value_map(ctx->arena);
    const char *before = ctx->locale;
    size_t i;

    for (i = 0; i < sizeof locales / sizeof *locales; i++) {
        ctx->locale = locales[i];
        value_set_text(texts, locales[i], tr_with(ctx, kind, args));
    }
    ctx->locale = before;
    return tell(ctx, user, kind, args, json_text(ctx->arena, texts), link);
}

static struct value *parsed(struct ctx *ctx, const char *json)
{
    struct value *map = NULL;

    if (json && json_parse(&map, ctx, json, strlen(json)))
        ctx_clear(ctx);
    return map;
}

/* From the catalogs; where they have it no more, as it was kept. */
static const char *text_of(struct ctx *ctx, const char *kind, const char *args,
                           const char *texts, int64_t count)
{
    const char *many = count > 1 ? many_key(ctx, kind) : NULL, *text;
    const struct value *kept = NULL;
    struct value *map;

    if (many) {
        map = parsed(ctx, args);
        value_set_int(map, "count", count);
        return tr_with(ctx, many, map);
    }
    if (texts && !tr_find(ctx->locale, kind) && !tr_find("en", kind))
        kept = parsed(ctx, texts);
    text = value_get_text(kept, ctx->locale);
    if (!text)
        text = value_get_text(kept, "en");
    return text ? text : tr_with(ctx, kind, parsed(ctx, args));
}

int notify_list(struct value **out, struct ctx *ctx, int most)
{
    QUERY_AUTO *query = NULL;
    struct value *list = value_list(ctx->arena);
    int rc;

    *out = list;
    if (!ctx->person)
        return 0;
    rc = db_query(&query, ctx,
                  "SELECT id, kind, args, link, at, read_at, texts, count "
                  "FROM notify_message WHERE user_id = ?1 "
                  "ORDER BY at DESC, id DESC LIMIT ?2",
                  "ii", ctx->person->id, (int64_t)most);
    while (!rc && (rc = query_next(query)) == 1) {
        struct value *row = value_map(ctx->arena);

        value_set_id(row, "id", query_int(query, 0));
        value_set_text(row, "text",
                       text_of(ctx, query_text(query, 1), query_text(query, 2),
                               query_text(query, 6), query_int(query, 7)));
        value_set(row, "link", value_url(ctx->arena, query_text(query, 3)));
        value_set_int(row, "at", query_int(query, 4));
        value_set_bool(row, "read", !query_is_null(query, 5));
        value_append(list, row);
        rc = 0;
    }
    return rc;
}

int notify_unread(int64_t *count, struct ctx *ctx)
{
    *count = 0;
    if (!ctx->person)
        return 0;
    return db_int(count, ctx,
                  "SELECT count(*) FROM notify_message WHERE user_id = ?1 "
                  "AND read_at IS NULL",
                  "i", ctx->person->id);
}

int notify_mark_read(struct ctx *ctx, int64_t id)
{
    int rc;

    if (!ctx->person)
        return fail(ctx, E_SIGN_IN, "org.sign_in.needed", "sign in first");
    rc = tx_begin_shared(ctx, "notify.read");
    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "UPDATE notify_message SET read_at = ?3 WHERE user_id = ?1 "
                 "AND (?2 = 0 OR id = ?2) AND read_at IS NULL",
                 "iii", ctx->person->id, id, clock_now());
    if (!rc && db_changes(ctx) > 0)
        live_send(ctx, ctx->person->id, "messages");
    return tx_end(ctx, rc);
}

int notify_link_of(const char **link, struct ctx *ctx, int64_t id)
{
    int rc = db_text(link, ctx,
                     "SELECT link FROM notify_message WHERE id = ?1 "
                     "AND user_id = ?2",
                     "ii", id, ctx->person ? ctx->person->id : 0);

    if (rc == E_NOT_FOUND)
        return fail(ctx, E_NOT_FOUND, "notify.absent", "this message is gone");
    return rc;
}

/* ---- mail ---- */

struct message {
    int64_t user;
    const char *kind, *args, *texts, *link;
    int64_t count;
    bool read;
};

static int read_message(struct message *out, struct ctx *ctx, int64_t id)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT user_id, kind, args, link, read_at, texts, "
                      "count FROM notify_message WHERE id = ?1",
                      "i", id);

    if (!rc)
        rc = query_next(query);
    if (rc == 0)
        return E_NOT_FOUND;
    if (rc < 0)
        return rc;
    out->user = query_int(query, 0);
    out->kind = query_copy(query, 1);
    out->args = query_copy(query, 2);
    out->link = query_copy(query, 3);
    out->read = !query_is_null(query, 4);
    out->texts = query_copy(query, 5);
    out->count = query_int(query, 6);
    return 0;
}

/* In the receiver's language, whoever caused it (E52). */
static int send_mail(struct ctx *ctx, const char *key,
                     const struct message *message, const struct person *person)
{
    const char *before = ctx->locale, *text;
    const char *site = ctx->site ? ctx->site->settings.locale : NULL;
    struct mail mail = { .to = person->mail,
                         .to_name = person->name,
                         .key = key };
    int rc;

    ctx->locale = person->locale && locale_known(person->locale)
                      ? locale_known(person->locale)
                  : site && locale_known(site) ? locale_known(site)
                                               : "en";
    text = text_of(ctx, message->kind, message->args, message->texts,
                   message->count);
    mail.subject = text;
    mail.text = arena_printf(ctx->arena, "%s\n\n%s\n\n-- \n%s\n", text,
                             mail_link(ctx, message->link),
                             tr(ctx, "notify.mail_foot"));
    rc = mail_send(ctx, &mail);
    ctx->locale = before;
    return rc;
}

static int deliver_mail(struct ctx *ctx, const char *key, const char *topic,
                        int64_t subject, const struct value *data,
                        void *payload)
{
    struct message message = { 0 };
    const struct person *person;
    int rc = read_message(&message, ctx, subject);

    (void)topic;
    (void)data;
    (void)payload;
    if (rc == E_NOT_FOUND || (!rc && message.read))
        return 0;
    if (!rc)
        rc = person_load(&person, ctx, message.user);
    if (rc)
        return rc;
    if (!person->enabled || !person->mail || !user_mail_wanted(ctx, person->id))
        return 0;
    return send_mail(ctx, key, &message, person);
}

void notify_start(void)
{
    outbox_subscribe(&(struct outbox_subscriber){
        .topic = MAIL_TOPIC, .name = "mail", .call = deliver_mail });
}
