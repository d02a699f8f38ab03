/*
 * ctx.c - the context of one call, and how things fail in it.
 *
 * fail() walks its format once: each conversion is rendered by itself, the
 * pieces make the English text and are kept as the arguments {1}, {2} … of
 * the catalog's text.
 */
#include "base/banned.h"

#include "base/ctx.h"

#include <assert.h>
#include <stdarg.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"

enum { PROBLEM_TEXT_MAX = 64 * 1024 };

static const struct error {
    int code, status;
    const char *name;
} errors[] = {
    { E_INVALID, 422, "invalid" },
    { E_NOT_FOUND, 404, "not_found" },
    { E_FORBIDDEN, 403, "forbidden" },
    { E_CONFLICT, 409, "conflict" },
    { E_BUSY, 503, "busy" },
    { E_LIMIT, 413, "limit" },
    { E_STORE, 500, "store" },
    { E_FULL, 507, "full" },
    { E_TIMEOUT, 503, "timeout" },
    { E_IO, 500, "io" },
    { E_UNSUPPORTED, 501, "unsupported" },
    { E_SIGN_IN, 401, "sign_in" },
    { E_TOO_MANY, 429, "too_many" },
    { E_INTERNAL, 500, "internal" },
    { E_BAD_REQUEST, 400, "bad_request" },
    { E_UNAVAILABLE, 503, "unavailable" },
};

static const struct error *find_error(int code)
{
    size_t i;

    for (i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].code == code)
            return &errors[i];
    return NULL;
}

int error_status(int code)
{
    const struct error *error = find_error(code);

    if (error)
        return error->status;
    return code >= 0 ? 200 : 500;
}

const char *error_name(int code)
{
    const struct error *error = find_error(code);

    return error ? error->name : "internal";
}

void ctx_init(struct ctx *ctx, struct arena *arena)
{
    *ctx = (struct ctx){
        .arena = arena,
        .locale = "en",
        .zone = zone_utc(),
    };
}

void ctx_clear(struct ctx *ctx)
{
    ctx->problems = ctx->last_problem = NULL;
    ctx->problem_count = 0;
}

struct ctx ctx_apart(const struct ctx *ctx)
{
    struct ctx apart = *ctx;

    ctx_clear(&apart);
    return apart;
}

/* One conversion of a format: "%-5.2lld". */
struct conversion {
    char spec[32];
    char length; /* 0, 'l', 'q' (ll), 'z', 'h' */
    char kind;
    int stars[2];
    int star_count;
};

/* Reads the conversion behind '%'; returns where it ends. */
static const char *read_conversion(struct conversion *out, const char *p)
{
    const char *start = p;
    size_t size;

    *out = (struct conversion){ 0 };
    for (; *p && strchr("-+ #0123456789.*", *p); p++)
        out->star_count += *p == '*';
    for (; *p && strchr("hlzj", *p); p++)
        out->length = *p == 'l' && out->length == 'l' ? 'q'
                      : *p == 'j'                     ? 'q'
                                                      : *p;
    out->kind = *p;
    size = (size_t)(p - start) + (*p ? 1 : 0);
    assert(*p && size + 2 < sizeof out->spec && out->star_count <= 2);
    out->spec[0] = '%';
    memcpy(out->spec + 1, start, size);
    return start + size;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* Appends one rendered argument; the spec comes from a checked literal. */
#define RENDER(argument)                                                       \
    (c->star_count == 0 ? buf_addf(buf, c->spec, argument)                     \
     : c->star_count == 1                                                      \
         ? buf_addf(buf, c->spec, c->stars[0], argument)                       \
         : buf_addf(buf, c->spec, c->stars[0], c->stars[1], argument))

static void render_integer(struct buf *buf, const struct conversion *c,
                           va_list *args)
{
    if (c->length == 'q') {
        long long number = va_arg(*args, long long);

        RENDER(number);
    } else if (c->length == 'l') {
        long number = va_arg(*args, long);

        RENDER(number);
    } else if (c->length == 'z') {
        size_t number = va_arg(*args, size_t);

        RENDER(number);
    } else {
        int number = va_arg(*args, int);

        RENDER(number);
    }
}

static void render(struct buf *buf, struct conversion *c, va_list *args)
{
    int i;

    for (i = 0; i < c->star_count; i++)
        c->stars[i] = va_arg(*args, int);
    switch (c->kind) {
    case 's': {
        const char *text = va_arg(*args, const char *);

        if (!text)
            text = "";
        RENDER(text);
        break;
    }
    case 'f':
    case 'g':
    case 'e': {
        double number = va_arg(*args, double);

        RENDER(number);
        break;
    }
    case 'p': {
        void *pointer = va_arg(*args, void *);

        RENDER(pointer);
        break;
    }
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'c':
        render_integer(buf, c, args);
        break;
    default:
        assert(!"a conversion that fail() does not take");
    }
}
#pragma GCC diagnostic pop

/* Formats the text and keeps what each conversion gave. */
static void format_problem(struct problem *problem, struct arena *arena,
                           const char *format, va_list *args)
{
    struct conversion conversion;
    struct buf text;
    const char *p = format;

    buf_init(&text, arena, PROBLEM_TEXT_MAX);
    while (*p) {
        size_t plain = strcspn(p, "%");
        size_t start;

        buf_add(&text, p, plain);
        p += plain;
        if (!*p)
            break;
        if (p[1] == '%') {
            buf_add_char(&text, '%');
            p += 2;
            continue;
        }
        p = read_conversion(&conversion, p + 1);
        start = text.length;
        render(&text, &conversion, args);
        if (problem->arg_count < PROBLEM_ARGS_MAX)
            problem->args[problem->arg_count++] = arena_strndup(
                arena, buf_text(&text) + start, text.length - start);
    }
    problem->text = buf_text(&text);
}

static int add_problem(struct ctx *ctx, int code, const char *field,
                       const char *key, const char *format, va_list *args)
{
    struct problem *problem;

    assert(ctx && code < 0 && key && format);
    if (ctx->problem_count >= PROBLEMS_MAX)
        return code;
    problem = arena_alloc(ctx->arena, sizeof *problem);
    problem->code = code;
    problem->key = arena_strdup(ctx->arena, key);
    problem->field = arena_strdup(ctx->arena, field);
    format_problem(problem, ctx->arena, format, args);
    if (ctx->last_problem)
        ctx->last_problem->next = problem;
    else
        ctx->problems = problem;
    ctx->last_problem = problem;
    ctx->problem_count++;
    return code;
}

int fail(struct ctx *ctx, int code, const char *key, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_problem(ctx, code, NULL, key, format, &args);
    va_end(args);
    return code;
}

int fail_at(struct ctx *ctx, int code, const char *field, const char *key,
            const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_problem(ctx, code, field, key, format, &args);
    va_end(args);
    return code;
}

const char *ctx_error(const struct ctx *ctx)
{
    return ctx->problems ? ctx->problems->text : "unknown error";
}

struct value *problems_value(const struct ctx *ctx)
{
    struct value *list = value_list(ctx->arena);
    const struct problem *problem;

    for (problem = ctx->problems; problem; problem = problem->next) {
        struct value *item = value_map(ctx->arena);

        value_set_text(item, "code", error_name(problem->code));
        value_set_text(item, "key", problem->key);
        value_set_text(item, "message", problem_message(ctx, problem));
        if (problem->field)
            value_set_text(item, "field", problem->field);
        value_append(list, item);
    }
    return list;
}

int ctx_check_deadline(struct ctx *ctx)
{
    if (!ctx->deadline || clock_monotonic() < ctx->deadline)
        return 0;
    return fail(ctx, E_TIMEOUT, "base.deadline",
                "this took longer than it may; try again, or ask for less "
                "at once");
}
