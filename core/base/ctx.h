/*
 * ctx.h - the context of one call, and how things fail in it.
 *
 * A fallible function returns 0 or a negative code; the details go into the
 * context as problems: a translatable message for the person, the field it
 * belongs to, a detail for the log. Nothing hides in globals.
 */
#ifndef BASE_CTX_H
#define BASE_CTX_H

#include <stdbool.h>
#include <stdint.h>

struct api_token;
struct arena;
struct db;
struct person;
struct site;
struct value;
struct zone;

enum error_code {
    E_INVALID = -1,      /* 422: the input breaks a rule */
    E_NOT_FOUND = -2,    /* 404: absent, or not visible to this person */
    E_FORBIDDEN = -3,    /* 403 */
    E_CONFLICT = -4,     /* 409: somebody was faster; versions differ */
    E_BUSY = -5,         /* 503: try again */
    E_LIMIT = -6,        /* 413: too large, too many */
    E_STORE = -7,        /* 500 */
    E_FULL = -8,         /* 507: no room on the disk */
    E_TIMEOUT = -9,      /* 503: deadline */
    E_IO = -10,          /* 500: files, sockets */
    E_UNSUPPORTED = -11, /* 501 */
    E_SIGN_IN = -12,     /* 401 */
    E_TOO_MANY = -13,    /* 429: throttled */
    E_INTERNAL = -14,    /* 500 */
    E_BAD_REQUEST = -15, /* 400: not even readable */
    E_UNAVAILABLE = -16, /* 503: a module is switched off or quarantined */
};

/* Problems beyond the first PROBLEMS_MAX of a context are not kept. */
enum { PROBLEM_ARGS_MAX = 6, PROBLEMS_MAX = 200 };

struct problem {
    int code;
    const char *key;                    /* of the catalog, "form.required" */
    const char *text;                   /* English, formatted */
    const char *args[PROBLEM_ARGS_MAX]; /* {1} … {6} of the catalog's text */
    int arg_count;
    const char *field; /* "purpose", "items.2.price"; NULL: the whole */
    struct problem *next;
};

struct ctx {
    struct arena *arena;
    struct problem *problems, *last_problem;
    int problem_count;
    struct site *site;
    struct db *db;               /* store connection; NULL where none is open */
    const struct person *person; /* who acts; NULL: nobody signed in */
    const struct api_token *token; /* of the program that acts for him, which
                                      narrows his rights (org/api_token.h);
                                      NULL: he himself */
    bool system;                   /* acts as the system (commands, jobs) */
    const char *module;            /* id of the module that acts; NULL: core */
    const char *locale;            /* "en", "zh-CN", "zh-TW"; never NULL */
    const struct zone *zone;       /* the person's; never NULL in workers */
    const char *request_id;        /* for the log; may be NULL */
    const char *address;           /* of the peer; may be NULL */
    int64_t deadline;              /* clock_monotonic() ms; 0: none */
};

/* Fills a context for `arena` with defaults (locale "en", zone UTC). */
void ctx_init(struct ctx *ctx, struct arena *arena);

/* The same without its problems: what goes wrong with the copy stays apart. */
struct ctx ctx_apart(const struct ctx *ctx);

/*
 * Records a problem and returns `code`. `format` is English and takes %s,
 * %d, %u, %ld, %lld, %zu, %c, PRId64 and %% only; its arguments also become
 * {1}, {2}, … of the catalog's text for `key`.
 */
int fail(struct ctx *ctx, int code, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same, at a field of the input. */
int fail_at(struct ctx *ctx, int code, const char *field, const char *key,
            const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Forgets the problems (after a fallback succeeded). */
void ctx_clear(struct ctx *ctx);

/* The first problem's English text, or "unknown error"; never NULL. */
const char *ctx_error(const struct ctx *ctx);

/* The problem in the reader's language, from the catalogs; never NULL. */
const char *problem_message(const struct ctx *ctx,
                            const struct problem *problem);

/* "invalid", "not_found", … of an error code. */
const char *error_name(int code);

/* A list of {code, key, message, field} for JSON and templates; `code` is
 * error_name(), `field` is absent where the problem has none. */
struct value *problems_value(const struct ctx *ctx);

/* HTTP status of an error code. */
int error_status(int code);

/* E_TIMEOUT (with a problem) where the deadline has passed, else 0. */
int ctx_check_deadline(struct ctx *ctx);

#endif
