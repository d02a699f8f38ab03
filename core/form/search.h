/*
 * search.h - the full-text index of records (store.md, "Full text").
 *
 * One index for all forms. Beside the words of a record's text it has its
 * form, owner and department as words, so that a person's scopes are asked of
 * the index itself and a common word costs no look at other people's rows.
 * What it finds is tested again by the list's own conditions: an entry too
 * many is found by nobody.
 *
 * Records of anonymous forms are never in it. Called by the files of form/
 * only; others search by record_list().
 */
#ifndef FORM_SEARCH_H
#define FORM_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "form/record.h"

struct buf;

#define SEARCH_JOB "form.search_build"

/* The folded text that searches look through: what its searched fields say,
 * without hidden ones, at most 1,000 bytes, then its name in pinyin and its
 * telephone numbers without spaces. */
const char *record_search_text(struct ctx *ctx, const struct record *record);

/* Before the lock is taken: the first Chinese name of a process loads ICU's
 * readings, which takes a tenth of a second that nobody shall wait for. */
void search_warm(struct ctx *ctx, const struct record *record);

/* In the transaction that writes the record. before: as it was; NULL: it was
 * not there, or in the bin. */
int search_put(struct ctx *ctx, const struct record *record,
               const struct record *before);
/* Into the bin. */
int search_take(struct ctx *ctx, const struct record *record);

/* What of a form is in the index. */
struct search_state {
    bool known;     /* the form has been looked at */
    int64_t cursor; /* records above it are; 0: all */
    bool stale;     /* those below must not be searched by their texts */
};
int search_state(struct search_state *out, struct ctx *ctx,
                 const struct form *form);

/* After publishing, in its transaction: a new form begins empty; where other
 * fields are searched than before a job begins anew. */
int search_follow(struct ctx *ctx, const struct form *form);

/* Whether the index has the record under its words (some of them, where they
 * are many). *right is true as well where it is not to be there: not yet, or
 * because it is in the bin. For the doctor. */
int search_holds(bool *right, struct ctx *ctx, const struct record *record);
/* How many entries of the form are no living record's. */
int search_strays(int64_t *out, struct ctx *ctx, const struct form *form);
/* Empties the index; jobs fill it again. */
int search_rebuild(struct ctx *ctx);

/* What asks the index for one branch of a list: `"form" AND "word" …`. Returns
 * the number of words that it can help with; 0: it can't. words: they must
 * begin with what was typed, else it may stand anywhere. */
size_t search_ask(struct buf *out, struct ctx *ctx, const struct form *form,
                  const char *text, bool words);
/* The words for an owner or a department. */
const char *search_owner(struct ctx *ctx, int64_t owner);
const char *search_department(struct ctx *ctx, int64_t department);

/* Registers the job; the first round of a jobs worker sees to what is not in
 * the index yet. */
void search_start(void);
int search_follow_all(struct ctx *ctx);

/* The index is empty, as in a store that the rows have been copied into:
 * search_follow_all has everything built again. In a transaction. */
int search_forget(struct ctx *ctx);

#endif
