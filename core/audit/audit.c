/*
 * audit.c - writing, reading and erasing entries of the trail.
 *
 * A row's hash covers its content with a salt of its own: when a person's
 * data is erased, salt and content go and the hash tells nothing, but still
 * stands in its seal.
 */
#include "base/banned.h"

#include "audit/audit.h"

#include <assert.h>
#include <endian.h>

#include "audit/internal.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/log.h"
#include "base/value.h"
#include "event/live.h"
#include "store/db.h"

enum { CONTENT_MAX = 80 * 1024 * 1024 };

/* A length before each field, so that no two rows make the same bytes. */
static void add_field(struct buf *buf, const char *text)
{
    uint64_t length = htole64(text ? strlen(text) : UINT64_MAX);

    buf_add(buf, &length, sizeof length);
    buf_add_text(buf, text);
}

static void add_number(struct buf *buf, int64_t number)
{
    uint64_t bytes = htole64((uint64_t)number);

    buf_add(buf, &bytes, sizeof bytes);
}

void audit_row_hash(unsigned char out[HASH_SIZE], struct ctx *ctx,
                    const struct audit_row *row)
{
    struct buf buf;

    buf_init(&buf, ctx->arena, CONTENT_MAX);
    add_number(&buf, row->id);
    add_number(&buf, row->at);
    add_number(&buf, row->actor);
    add_number(&buf, row->subject_id);
    add_field(&buf, row->module);
    add_field(&buf, row->address);
    add_field(&buf, row->subject);
    add_field(&buf, row->action);
    add_field(&buf, row->changes);
    hash_data(out, buf.data, buf.length, row->salt, row->salt_size);
}

void audit_row_read(struct audit_row *row, struct query *query)
{
    row->id = query_int(query, 0);
    row->at = query_int(query, 1);
    row->actor = query_int(query, 2);
    row->subject_id = query_int(query, 3);
    row->erased = query_int(query, 4);
    row->module = query_text(query, 5);
    row->address = query_text(query, 6);
    row->subject = query_text(query, 7);
    row->action = query_text(query, 8);
    row->changes = query_text(query, 9);
    row->salt = query_blob(query, 10, &row->salt_size);
    row->hash = query_blob(query, 11, &row->hash_size);
}

static int insert(struct ctx *ctx, const struct audit_row *row)
{
    return db_post(ctx,
                   "INSERT INTO audit_entry (id, at, actor, module, address, "
                   "subject, subject_id, action, changes, salt, hash) VALUES "
                   "(?1, ?2, nullif(?3, 0), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                   "iiisssissbb", row->id, row->at, row->actor, row->module,
                   row->address, row->subject, row->subject_id, row->action,
                   row->changes, row->salt, row->salt_size, row->hash,
                   row->hash_size);
}

int audit_add(struct ctx *ctx, const char *subject, int64_t id,
              const char *action, const struct value *changes)
{
    unsigned char salt[SALT_SIZE], hash[HASH_SIZE];
    struct audit_row row = {
        .id = id_next(),
        .at = clock_now(),
        .actor = log_person_id(ctx),
        .subject_id = id,
        .module = ctx->module,
        .address = ctx->address,
        .subject = subject,
        .action = action,
        .changes = changes ? json_text(ctx->arena, changes) : NULL,
        .salt = salt,
        .salt_size = sizeof salt,
        .hash = hash,
        .hash_size = sizeof hash,
    };
    int rc;

    assert(tx_active(ctx) && subject && action);
    random_bytes(salt, sizeof salt);
    audit_row_hash(hash, ctx, &row);
    rc = insert(ctx, &row);
    if (!rc)
        live_wake_jobs(ctx);
    return rc;
}

int audit_read(struct value **out, struct ctx *ctx, const char *subject,
               int64_t id, int most)
{
    struct value *list = value_list(ctx->arena);
    QUERY_AUTO *query = NULL;
    int rc;

    *out = list;
    rc = db_query(&query, ctx,
                  "SELECT " AUDIT_COLUMNS " FROM audit_entry "
                  "WHERE subject = ?1 AND subject_id = ?2 "
                  "ORDER BY id DESC LIMIT ?3",
                  "sii", subject, id, (int64_t)most);
    if (rc)
        return rc;
    while ((rc = query_next(query)) > 0) {
        struct value *item = value_map(ctx->arena), *changes = NULL;
        struct audit_row row;

        audit_row_read(&row, query);
        value_set_id(item, "id", row.id);
        value_set_int(item, "at", row.at);
        value_set_id(item, "actor", row.actor);
        value_set_text(item, "action", row.action);
        value_set_bool(item, "erased", row.erased != 0);
        if (row.module)
            value_set_text(item, "module", row.module);
        if (row.changes &&
            json_parse(&changes, ctx, row.changes, strlen(row.changes)) == 0)
            value_set(item, "changes", changes);
        value_append(list, item);
    }
    return rc;
}

int audit_erase(struct ctx *ctx, const char *subject, int64_t id)
{
    int64_t entry;
    int rc;

    rc = tx_begin(ctx, "erase");
    if (rc)
        return rc;
    rc = audit_add(ctx, subject, id, "erase", NULL);
    if (!rc)
        rc = db_int(&entry, ctx,
                    "SELECT id FROM audit_entry WHERE subject = ?1 AND "
                    "subject_id = ?2 AND action = 'erase' "
                    "ORDER BY id DESC LIMIT 1",
                    "si", subject, id);
    if (!rc)
        rc = db_exec(ctx,
                     "UPDATE audit_entry SET salt = NULL, changes = NULL, "
                     "actor = NULL, address = NULL, erased = ?3 "
                     "WHERE subject = ?1 AND subject_id = ?2 AND "
                     "erased IS NULL AND id <> ?3",
                     "sii", subject, id, entry);
    return tx_end(ctx, rc);
}
