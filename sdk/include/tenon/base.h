/*
 * base.h - the words of the SDK: handles, statuses, conditions, and what is
 * asked of records. Included by tenon.h.
 */
#ifndef TENON_BASE_H
#define TENON_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The binary interface that these headers describe. Within a major only
 * members are added, at the ends of tables. */
#define TN_ABI_MAJOR 1
#define TN_ABI_MINOR 0

typedef struct tn_module tn_module;     /* the module itself, while it starts */
typedef struct tn_ctx tn_ctx;           /* one call into the module */
typedef struct tn_record tn_record;     /* the record that a hook was given */
typedef struct tn_request tn_request;   /* an HTTP request */
typedef struct tn_answer tn_answer;     /* its answer */
typedef struct tn_value tn_value;       /* null, number, text, list, map … */
typedef struct tn_file tn_file;         /* a file that is read or written */
typedef struct tn_function tn_function; /* what another module offers */

/* What functions return; the comment is the HTTP status that follows. */
enum tn_status {
    TN_OK = 0,
    TN_E_INVALID = -1,      /* 422: the input breaks a rule */
    TN_E_NOT_FOUND = -2,    /* 404: absent, or not visible to this person */
    TN_E_FORBIDDEN = -3,    /* 403 */
    TN_E_CONFLICT = -4,     /* 409: somebody was faster; it clashes */
    TN_E_BUSY = -5,         /* 503: try again */
    TN_E_LIMIT = -6,        /* 413: too large, too many */
    TN_E_STORE = -7,        /* 500 */
    TN_E_FULL = -8,         /* 507: no room on the disk */
    TN_E_TIMEOUT = -9,      /* 503: this call has taken too long; return */
    TN_E_IO = -10,          /* 500 */
    TN_E_UNSUPPORTED = -11, /* 501: this host does not have that function */
    TN_E_SIGN_IN = -12,     /* 401 */
    TN_E_TOO_MANY = -13,    /* 429 */
    TN_E_INTERNAL = -14,    /* 500: the module's own mistake */
    TN_E_BAD_REQUEST = -15, /* 400 */
    TN_E_UNAVAILABLE = -16, /* 503: something needed is switched off */
};

enum tn_kind {
    TN_NULL,
    TN_BOOL,
    TN_INT,
    TN_DOUBLE,
    TN_DECIMAL,
    TN_TEXT,
    TN_LIST,
    TN_MAP,
};

/* Money and quantities: units / 10^scale, at most 18 digits. */
typedef struct tn_decimal {
    int64_t units;
    int32_t scale;
} tn_decimal;

enum tn_level { TN_LOG_DEBUG, TN_LOG_INFO, TN_LOG_WARN, TN_LOG_ERROR };

/* ---- conditions ---------------------------------------------------------
 *
 * A tree that the host compiles to SQL with bound values. Fields are keys of
 * the form, or id, owner, department, state, created_at, created_by,
 * updated_at, updated_by. EQ and NE treat null as a value.
 *
 *   TN_AND(TN_EQ("vehicle", tn_get(booking, "vehicle")),
 *          TN_LT("starts", tn_get(booking, "ends")))
 */
enum tn_op {
    TN_OP_AND,
    TN_OP_OR,
    TN_OP_NOT,
    TN_OP_EQ,
    TN_OP_NE,
    TN_OP_LT,
    TN_OP_LE,
    TN_OP_GT,
    TN_OP_GE,
    TN_OP_IN,       /* value: a list */
    TN_OP_CONTAINS, /* of texts */
    TN_OP_STARTS,   /* of texts */
    TN_OP_EMPTY,    /* value: true or false */
};

typedef struct tn_condition {
    uint32_t size;
    uint32_t op;       /* enum tn_op */
    const char *field; /* of a test */
    const tn_value *value;
    const struct tn_condition *const *parts; /* of and, or, not */
    size_t part_count;
} tn_condition;

/* One test, where the operator is known at run time only. */
#define TN_TEST(op_, field_, value_)                                           \
    (&(const tn_condition){ .size = sizeof(tn_condition),                      \
                            .op = (op_),                                       \
                            .field = (field_),                                 \
                            .value = (value_) })
/* Equal, not equal. */
#define TN_EQ(field, value) TN_TEST(TN_OP_EQ, field, value)
#define TN_NE(field, value) TN_TEST(TN_OP_NE, field, value)
/* Less, at most, greater, at least. */
#define TN_LT(field, value) TN_TEST(TN_OP_LT, field, value)
#define TN_LE(field, value) TN_TEST(TN_OP_LE, field, value)
#define TN_GT(field, value) TN_TEST(TN_OP_GT, field, value)
#define TN_GE(field, value) TN_TEST(TN_OP_GE, field, value)
/* One of a list. */
#define TN_IN(field, list) TN_TEST(TN_OP_IN, field, list)
/* A text that has the value in it, or begins with it. */
#define TN_CONTAINS(field, value) TN_TEST(TN_OP_CONTAINS, field, value)
#define TN_STARTS(field, value) TN_TEST(TN_OP_STARTS, field, value)
/* true: nothing is in it; false: something is. */
#define TN_EMPTY(field, value) TN_TEST(TN_OP_EMPTY, field, value)
/* Conditions under an operator that is known at run time only. */
#define TN_PARTS(op_, ...)                                                     \
    (&(const tn_condition){                                                    \
        .size = sizeof(tn_condition),                                          \
        .op = (op_),                                                           \
        .parts = (const tn_condition *const[]){ __VA_ARGS__ },                 \
        .part_count = sizeof((const tn_condition *const[]){ __VA_ARGS__ }) /   \
                      sizeof(const tn_condition *) })
/* All of them hold; one of them; it does not. */
#define TN_AND(...) TN_PARTS(TN_OP_AND, __VA_ARGS__)
#define TN_OR(...) TN_PARTS(TN_OP_OR, __VA_ARGS__)
#define TN_NOT(condition) TN_PARTS(TN_OP_NOT, condition)

/* What tn_records_find gives: a list of maps with id, version, state, label,
 * owner, department, created_at, …, and the form's fields. */
typedef struct tn_find {
    uint32_t size;
    int32_t limit; /* 1 to 200; 0: 50 */
    int32_t offset;
    bool descending;
    bool texts;                /* adds a map "text": each field for people,
                                  in the person's language */
    const tn_condition *where; /* NULL: all */
    const char *sort;          /* a field; NULL: newest first */
    const char *search;        /* text in any text field; NULL */
} tn_find;

/*
 * Groups of records with figures, e.g. the funnel of a person's view:
 *
 *   tn_records_aggregate(&rows, ctx, "crm.opportunity",
 *                        .groups = (const char *const[]){ "stage" },
 *                        .group_count = 1,
 *                        .measures = (const char *const[]){ "count",
 *                                                           "sum:amount" },
 *                        .measure_count = 2);
 *
 * gives a list of maps { "group": { "stage": "offer" }, "text": { "stage":
 * "Offer sent" }, "count": 12, "sum:amount": 1250.00 }, by the group's own
 * order (a choice's options in theirs).
 */
typedef struct tn_aggregate {
    uint32_t size;
    int32_t limit;             /* groups: 1 to 1000; 0: 200 */
    const tn_condition *where; /* NULL: all */
    const char *search;        /* text in any text field; NULL */
    /* Up to three fields or system names; of dates and instants with a
     * bucket: "closes:month" (day, week, month, quarter, year). None: one row
     * for all. */
    const char *const *groups;
    size_t group_count;
    /* Up to eight of "count", "sum:FIELD", "avg:FIELD", "min:FIELD",
     * "max:FIELD". None: "count". */
    const char *const *measures;
    size_t measure_count;
    const char *sort; /* a group or a measure, "-" before it: descending */
} tn_aggregate;

/* How a job is started (tn_job_start). */
typedef struct tn_job_order {
    uint32_t size;
    int32_t priority;   /* 1 first … 9 last; 0: the job's own */
    int64_t due;        /* an instant; 0: now */
    int64_t delay;      /* seconds from now, where `due` is 0 */
    const char *unique; /* while one with that key waits, none is added; NULL */
} tn_job_order;

#endif
