/*
 * comment.c - comments on records, and who is told of them.
 */
#include "base/banned.h"

#include "form/record.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/unicode.h"
#include "base/value.h"
#include "event/live.h"
#include "notify/notify.h"
#include "org/person.h"
#include "store/db.h"

enum { COMMENT_MAX = 4000, TOLD_MAX = 50 };

/* Tells one person, if that person may still see the record. */
static int tell_one(struct ctx *ctx, const struct record *record, int64_t user)
{
    const struct person *author = ctx->person;
    struct value *args = value_map(ctx->arena);
    struct ctx own = ctx_apart(ctx);
    int rc;

    if (!author || user == author->id)
        return 0;
    own.system = false;
    own.module = NULL;
    rc = person_load(&own.person, &own, user);
    if (rc || !own.person->enabled || record_may(&own, record, RIGHT_READ))
        return rc == E_STORE ? rc : 0;
    value_set_text(args, "name", author->name);
    value_set_text(args, "record", record_label(&own, record));
    return notify_user(ctx, user, "form.notice.comment", args,
                       arena_printf(ctx->arena, "/records/%s/%lld",
                                    record->form->name, (long long)record->id));
}

/* Whose record it is, and who has written about it before. */
static int tell(struct ctx *ctx, const struct record *record)
{
    QUERY_AUTO *query = NULL;
    int64_t people[TOLD_MAX + 1];
    int count = 0, i, rc;

    if (record->owner)
        people[count++] = record->owner;
    rc = db_query(&query, ctx,
                  "SELECT DISTINCT author FROM record_comment"
                  " WHERE record = ?1 AND form = ?2 AND author <> ?3"
                  " ORDER BY author LIMIT ?4",
                  "iiii", record->id, record->form->id, record->owner,
                  (int64_t)TOLD_MAX);
    while (!rc && (rc = query_next(query)) == 1) {
        people[count++] = query_int(query, 0);
        rc = 0;
    }
    for (i = 0; !rc && i < count; i++)
        rc = tell_one(ctx, record, people[i]);
    return rc;
}

int record_comment(struct ctx *ctx, const struct form *form, int64_t id,
                   const char *text)
{
    struct record *record;
    size_t length;
    int rc = record_get(&record, ctx, form, id);

    if (rc)
        return rc;
    text = text_clean(ctx->arena, text_nfc(ctx->arena, text ? text : ""));
    length = utf8_length(text, strlen(text));
    if (strspn(text, " \n\t") == strlen(text))
        return fail_at(ctx, E_INVALID, "text", "form.required",
                       "please fill this in");
    if (length > COMMENT_MAX)
        return fail_at(ctx, E_INVALID, "text", "form.too_long",
                       "at most %lld characters, these are %lld",
                       (long long)COMMENT_MAX, (long long)length);
    rc = tx_begin_shared(ctx, "record.comment");
    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "INSERT INTO record_comment (id, form, record, author,"
                 " created_at, content) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                 "iiiiis", id_next(), form->id, id,
                 ctx->person ? ctx->person->id : 0, clock_now(), text);
    if (!rc)
        rc = tell(ctx, record);
    if (!rc)
        live_send(ctx, 0, arena_printf(ctx->arena, "records:%s", form->name));
    return tx_end(ctx, rc);
}

int record_comments(struct value **out, struct ctx *ctx,
                    const struct form *form, int64_t id)
{
    struct record *record;
    QUERY_AUTO *query = NULL;
    int rc = record_get(&record, ctx, form, id);

    *out = value_list(ctx->arena);
    if (!rc)
        rc = db_query(&query, ctx,
                      "SELECT id, author, created_at, content"
                      " FROM record_comment WHERE record = ?1 AND form = ?2"
                      " ORDER BY id",
                      "ii", id, form->id);
    while (!rc && (rc = query_next(query)) == 1) {
        struct value *comment = value_map(ctx->arena);

        value_set_id(comment, "id", query_int(query, 0));
        value_set_id(comment, "by", query_int(query, 1));
        value_set_text(comment, "name", person_name(ctx, query_int(query, 1)));
        value_set_int(comment, "at", query_int(query, 2));
        value_set_text(comment, "text", query_text(query, 3));
        value_append(*out, comment);
        rc = 0;
    }
    return rc;
}
