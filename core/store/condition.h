/*
 * condition.h - filters as trees, compiled to SQL with bound values.
 *
 * Text names a field; what column that is, its caller's resolver says: a name
 * it does not know is refused, so that no text from outside reaches SQL (S20).
 * JSON form: {"field": {"op": value}}, {"field": value} (eq), several keys
 * are AND; {"and": […]}, {"or": […]}, {"not": {…}}.
 * Operators: eq ne lt le gt ge in contains starts empty between within.
 */
#ifndef STORE_CONDITION_H
#define STORE_CONDITION_H

#include "base/map.h"
#include "base/str.h"
#include "base/value.h"

struct ctx;

enum condition_kind {
    CONDITION_AND,
    CONDITION_OR,
    CONDITION_NOT,
    CONDITION_TEST
};

struct condition {
    enum condition_kind kind;
    struct condition **parts; /* of and, or, not */
    size_t part_count;
    const char *field; /* of a test */
    const char *op;
    struct value *value;
};

/* Turns an input value (text of a URL, JSON) into the stored one; E_INVALID
 * where it does not fit the type. */
typedef int (*condition_convert)(struct value **out, struct ctx *ctx,
                                 void *payload, const struct value *in);

/* What a field is in SQL. */
struct condition_column {
    const char *sql; /* generated ASCII, trusted: `t."f_amount"` */
    condition_convert convert;
    /* The same for the end of a range ("le", "gt", between's second): of a day
     * its last moment. NULL: as convert. */
    condition_convert convert_end;
    /* A period ("this_month") as its first value and the first one behind it,
     * for "within"; made when it is asked. NULL: the column has none. */
    int (*period)(struct value *out[2], struct ctx *ctx, void *payload,
                  const struct value *in);
    void *payload;
    bool text; /* contains, starts apply */
    bool list; /* stored as a JSON list of strings: eq, in, contains test
                  membership */
};

typedef int (*condition_resolver)(struct condition_column *out, struct ctx *ctx,
                                  void *payload, const char *field);

/* Parses the JSON form; depth ≤ 8, ≤ 100 tests. */
int condition_parse(struct condition **out, struct ctx *ctx,
                    const struct value *json);

/* The JSON form of a condition, to be kept and parsed again. */
struct value *condition_json(struct ctx *ctx,
                             const struct condition *condition);

/* What LIKE … ESCAPE '\' takes to find a text at the beginning, or anywhere:
 * its own signs made harmless. Both stores tell small letters from large. */
const char *like_pattern(struct arena *arena, struct str text, bool anywhere);

/* Appends an SQL expression to `sql` and its values to `values` (vector of
 * struct value *); parameters are written as plain "?". NULL-safe: eq null is
 * IS NULL, ne treats null as a value. LIKE patterns are escaped. */
int condition_sql(struct buf *sql, struct vector *values, struct ctx *ctx,
                  const struct condition *condition, condition_resolver resolve,
                  void *payload);

#endif
