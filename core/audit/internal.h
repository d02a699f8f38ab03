/*
 * internal.h - what the files of audit/ share: a row, and what is hashed.
 */
#ifndef AUDIT_INTERNAL_H
#define AUDIT_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"

struct ctx;
struct query;

enum { SALT_SIZE = 16 };

struct audit_row {
    int64_t id, at, actor, subject_id, erased; /* 0: none */
    const char *module, *address, *subject, *action, *changes;
    const void *salt, *hash;
    size_t salt_size, hash_size;
};

/* The columns that audit_row_read takes, in its order. */
#define AUDIT_COLUMNS                                                          \
    "id, at, coalesce(actor, 0), subject_id, coalesce(erased, 0), module, "    \
    "address, subject, action, changes, salt, hash"

/* Texts and blobs live until the query moves on. */
void audit_row_read(struct audit_row *row, struct query *query);

/* The salted hash of a row's content. */
void audit_row_hash(unsigned char out[HASH_SIZE], struct ctx *ctx,
                    const struct audit_row *row);

/* Adds a row to the running hash of a seal. */
void audit_chain_add(unsigned char chain[HASH_SIZE],
                     const struct audit_row *row);
/* Begins it: previous seal's hash, number, time. */
void audit_chain_begin(unsigned char chain[HASH_SIZE],
                       const unsigned char previous[HASH_SIZE], int64_t number,
                       int64_t at);

#endif
