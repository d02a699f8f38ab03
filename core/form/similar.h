/*
 * similar.h - who is there already under nearly that name: shown while
 * somebody types a new record ("similar" of a text field).
 */
#ifndef FORM_SIMILAR_H
#define FORM_SIMILAR_H

#include <stdint.h>

#include "form/form.h"

struct arena;
struct ctx;
struct value;

enum {
    SIMILAR_RECORDS = 5,
    SIMILAR_OWNERS = 3,
    SIMILAR_ALIKE = 60, /* per cent from which two texts are alike */
    SIMILAR_SAME = 85,  /* … from which they may mean the same */
};

/* How alike two texts are, in per cent: 100 where they differ in case, width,
 * spaces, signs and the form of a company ("Co., Ltd.", 有限公司) only; 90
 * where one is a part of the other. Numbers of telephones are the same with
 * or without what stands before the last eight digits. */
int similar_score(struct arena *arena, const char *a, const char *b);

/*
 * Living records of `form` whose `field`, a text, is like `text`.
 *
 * except  the record that is being edited; 0.
 * out     {"records": [{id, label, text, owner}]}: at most SIMILAR_RECORDS
 *         that ctx->person may read, the most alike first; text: what the
 *         field says; owner: a name.
 *         "owners": where the form tells it to everyone ("similar":
 *         "everyone"), the names of at most SIMILAR_OWNERS people who own
 *         others of the same name; nothing else of them.
 *
 * Returns 0; E_INVALID where the field is not one of that kind; a store error.
 */
int record_similar(struct value **out, struct ctx *ctx, const struct form *form,
                   const struct field *field, const char *text, int64_t except);

#endif
