/*
 * fulltext.h - the full-text index: which ids have which tokens.
 *
 * Its table is search_index (form/migrations/0003_search.sql): FTS5 on SQLite,
 * a tsvector with a GIN index on PostgreSQL. Both take tokens of tokens.c and
 * find the same ids by them.
 *
 * A search is written as tokens in double quotes with AND, OR and parentheses:
 *     "\u00a7f12" AND "whistl" AND ("\u00a7d3" OR "\u00a7d4")
 */
#ifndef STORE_FULLTEXT_H
#define STORE_FULLTEXT_H

#include <stdbool.h>
#include <stdint.h>

struct ctx;
struct value;

/*
 * The entry of `id` becomes `tokens` (with spaces between); NULL: none. former:
 * exactly the tokens that it had, NULL where it had none: SQLite keeps no
 * text, and takes out only what it is told. In a transaction.
 */
int fulltext_set(struct ctx *ctx, int64_t id, const char *former,
                 const char *tokens);

/* How many ids a search finds, at most `most`. */
int fulltext_count(int64_t *out, struct ctx *ctx, const char *search,
                   int64_t most);

/* Whether a search finds the entry of `id`. */
int fulltext_has(bool *out, struct ctx *ctx, int64_t id, const char *search);

/* Takes all entries out, in a transaction. */
int fulltext_empty(struct ctx *ctx);

/* The condition that search_index, called s in FROM, is asked with, with one
 * plain "?"; its id is s.rowid. */
const char *fulltext_condition(const struct ctx *ctx);
/* What is bound to it. */
struct value *fulltext_value(struct ctx *ctx, const char *search);

#endif
