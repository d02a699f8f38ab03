/*
 * change.h - helpers of the writing files of org/: checks of text, and the
 * map of changes for the trail. Only for the files of org/.
 */
#ifndef ORG_CHANGE_H
#define ORG_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;
struct value;

/* Trimmed, cleaned of control characters, in NFC; NULL becomes "". */
const char *change_clean(struct ctx *ctx, const char *text);
/* Records a problem at `field` where the text is empty or has more than
 * `most` characters, or is no UTF-8. */
int change_check_text(struct ctx *ctx, const char *field, const char *text,
                      size_t most);
/* Adds {"from", "to"} under `field` where they differ. */
void change_text(struct ctx *ctx, struct value *changes, const char *field,
                 const char *from, const char *to);
void change_id(struct ctx *ctx, struct value *changes, const char *field,
               int64_t from, int64_t to);
/* E_CONFLICT where nobody but `without` is an enabled administrator. */
int org_check_administrator_left(struct ctx *ctx, int64_t without);
void change_flag(struct ctx *ctx, struct value *changes, const char *field,
                 bool from, bool to);

#endif
