/*
 * tokens.h - the one tokenizer of full-text search (store.md).
 *
 * Texts come folded (text_fold). What it makes is plain words with spaces
 * between, so that FTS5 and tsvector are fed alike and neither needs to know
 * Chinese:
 *   letters     the first one to six characters: l li lim limi limit limite
 *   digits      each three and each four in a row; shorter runs whole
 *   CJK         each character and each two in a row
 * A search asks for the longest of these that its words must have; it finds
 * more than it should, never less, and the texts themselves decide.
 */
#ifndef STORE_TOKENS_H
#define STORE_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct buf;

/* Raised when the same text gives other tokens: indexes are then built anew. */
enum { TOKENS_VERSION = 1, TOKENS_MAX = 4000 };

/* Adds the tokens of `folded`, each once, a space before each. */
void tokens_add(struct buf *out, struct arena *arena, const char *folded);

/*
 * Adds ` AND "token"` for each token that a text must have in which `word` (a
 * folded text without spaces) stands. anywhere: `word` may stand anywhere, also
 * within a longer word; else words must begin with it. Returns how many were
 * added; 0: an index cannot help.
 */
size_t tokens_ask(struct buf *out, const char *word, bool anywhere);

#endif
