/*
 * pg_dialect.c - our SQL in PostgreSQL's words.
 *
 * SQL is written once, in the common subset (README.md). What cannot be said
 * alike is said in SQLite's words, and put into PostgreSQL's here, token by
 * token:
 *
 *   ?1, a plain ?           $1
 *   INTEGER, BLOB, REAL     BIGINT, BYTEA, DOUBLE PRECISION
 *   TEXT of a column        TEXT COLLATE "C": bytes compare alike on both
 *   STRICT, WITHOUT ROWID   nothing
 *   ORDER BY x, x DESC      x NULLS FIRST, x DESC NULLS LAST (SQLite's order);
 *                           the columns of an index likewise
 *   sum(…)                  tenon_sum(…), which overflows as SQLite's does
 *   instr(…)                strpos(…)
 *   x'00ff'                 '\x00ff'::bytea
 *   ?1 IS NULL              $1::text IS NULL, which needs no other hint
 */
#include "base/banned.h"

#include "store/pg.h"

#include <strings.h>

#include "base/str.h"

enum { DEPTH_MAX = 64, WORD_MAX = 32, SQL_MAX = 4 * 1024 * 1024 };

enum token_kind {
    TOKEN_END,
    TOKEN_SPACE, /* and comments */
    TOKEN_WORD,
    TOKEN_QUOTED, /* "name" */
    TOKEN_STRING, /* 'text' */
    TOKEN_BLOB,   /* x'00' */
    TOKEN_PARAMETER,
    TOKEN_NUMBER,
    TOKEN_OTHER,
};

struct token {
    enum token_kind kind;
    const char *text;
    size_t length;
};

/* The terms of an ORDER BY, or the columns of an index. */
struct order {
    bool inside;
    bool empty;      /* nothing of the term was seen yet */
    bool descending; /* DESC */
    bool told;       /* NULLS FIRST or LAST is written out */
    bool never;      /* the last name is one that is never NULL */
};

struct translation {
    const char *at, *end;
    struct buf *out;
    int depth;
    struct order orders[DEPTH_MAX];
    bool schema; /* CREATE TABLE, ALTER TABLE: columns have types */
    bool table;  /* CREATE TABLE: options may follow its columns */
    bool index;  /* CREATE INDEX: its columns come in the first parens */
    bool reads;
    int parameters;
    char before[WORD_MAX]; /* the last word, in capitals */
};

/* ---- tokens ---- */

static bool word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Past a quoted token; a doubled quote stands for itself. */
static const char *quoted_end(const char *at, const char *end, char quote)
{
    for (at++; at < end; at++)
        if (*at == quote) {
            if (at + 1 < end && at[1] == quote)
                at++;
            else
                return at + 1;
        }
    return end;
}

static const char *space_end(const char *at, const char *end)
{
    if (end - at > 1 && at[0] == '-' && at[1] == '-') {
        while (at < end && *at != '\n')
            at++;
        return at;
    }
    while (at < end && isspace((unsigned char)*at))
        at++;
    return at;
}

static struct token next_token(const char *at, const char *end)
{
    struct token token = { TOKEN_END, at, 0 };
    const char *stop = at + 1;

    if (at >= end)
        return token;
    token.kind = TOKEN_OTHER;
    if (isspace((unsigned char)*at) ||
        (end - at > 1 && at[0] == '-' && at[1] == '-')) {
        token.kind = TOKEN_SPACE;
        stop = space_end(at, end);
    } else if ((*at == 'x' || *at == 'X') && end - at > 1 && at[1] == '\'') {
        token.kind = TOKEN_BLOB;
        stop = quoted_end(at + 1, end, '\'');
    } else if (*at == '\'' || *at == '"') {
        token.kind = *at == '"' ? TOKEN_QUOTED : TOKEN_STRING;
        stop = quoted_end(at, end, *at);
    } else if (isdigit((unsigned char)*at)) {
        token.kind = TOKEN_NUMBER;
        while (stop < end && (word_char(*stop) || *stop == '.'))
            stop++;
    } else if (word_char(*at)) {
        token.kind = TOKEN_WORD;
        while (stop < end && word_char(*stop))
            stop++;
    } else if (*at == '?') {
        token.kind = TOKEN_PARAMETER;
        while (stop < end && isdigit((unsigned char)*stop))
            stop++;
    }
    token.length = (size_t)(stop - at);
    return token;
}

static bool is(const struct token *token, const char *word)
{
    return token->kind == TOKEN_WORD && strlen(word) == token->length &&
           strncasecmp(token->text, word, token->length) == 0;
}

static bool is_sign(const struct token *token, char sign)
{
    return token->kind == TOKEN_OTHER && *token->text == sign;
}

static struct token look_ahead(const struct translation *work,
                               const struct token *token)
{
    struct token next = next_token(token->text + token->length, work->end);

    while (next.kind == TOKEN_SPACE)
        next = next_token(next.text + next.length, work->end);
    return next;
}

/* ---- the order of NULLs ---- */

/* Names of columns that are never NULL wherever they stand: the order of a
 * primary key is left as PostgreSQL's indexes have it. */
static bool never_null(const struct token *token)
{
    static const char *const names[] = { "id",     "\"id\"", "seq",      "line",
                                         "number", "at",     "component" };
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (token->length == strlen(names[i]) &&
            strncasecmp(token->text, names[i], token->length) == 0)
            return true;
    return false;
}

static void end_term(struct translation *work)
{
    struct order *order = &work->orders[work->depth];

    if (order->inside && !order->empty && !order->told && !order->never)
        buf_add_text(work->out,
                     order->descending ? " NULLS LAST" : " NULLS FIRST");
    *order = (struct order){ .inside = order->inside, .empty = true };
}

static void end_order(struct translation *work)
{
    end_term(work);
    work->orders[work->depth].inside = false;
}

static void begin_order(struct translation *work)
{
    work->orders[work->depth] = (struct order){ .inside = true, .empty = true };
}

/* A token of an ORDER BY at its own depth. */
static void see_term(struct translation *work, const struct token *token)
{
    struct order *order = &work->orders[work->depth];

    if (is(token, "DESC"))
        order->descending = true;
    else if (is(token, "NULLS"))
        order->told = true;
    else if (!is(token, "ASC"))
        order->never = never_null(token);
    order->empty = false;
}

static bool ends_order(const struct token *token)
{
    static const char *const words[] = { "LIMIT", "OFFSET", "FOR",
                                         "ROWS",  "RANGE",  "UNION",
                                         "WHERE", "FETCH",  "RETURNING" };
    size_t i;

    if (is_sign(token, ';'))
        return true;
    for (i = 0; i < sizeof words / sizeof *words; i++)
        if (is(token, words[i]))
            return true;
    return false;
}

/* ---- one token ---- */

static void copy(struct translation *work, const struct token *token)
{
    buf_add(work->out, token->text, token->length);
}

static void parameter(struct translation *work, const struct token *token)
{
    struct token next = look_ahead(work, token), after;
    int64_t number = 0;
    size_t i;

    for (i = 1; i < token->length; i++)
        number = number * 10 + (token->text[i] - '0');
    if (token->length == 1) /* a plain "?": the next one */
        number = work->parameters + 1;
    if (number > work->parameters)
        work->parameters = (int)number;
    buf_addf(work->out, "$%d", (int)number);
    if (!is(&next, "IS"))
        return;
    next = look_ahead(work, &next);
    after = look_ahead(work, &next);
    if (is(&next, "NULL") || (is(&next, "NOT") && is(&after, "NULL")))
        buf_add_text(work->out, "::text");
}

static bool paren_follows(const struct translation *work,
                          const struct token *token)
{
    struct token next = look_ahead(work, token);

    return is_sign(&next, '(');
}

static void word(struct translation *work, const struct token *token)
{
    static const struct {
        const char *from, *to;
        bool call; /* a function: a paren follows */
    } words[] = {
        { "INTEGER", "BIGINT", false },        { "BLOB", "BYTEA", false },
        { "REAL", "DOUBLE PRECISION", false }, { "sum", "tenon_sum", true },
        { "instr", "strpos", true },
    };
    size_t i;

    if (work->table && work->depth == 0 &&
        (is(token, "STRICT") || is(token, "WITHOUT") || is(token, "ROWID")))
        return;
    if (work->schema && is(token, "TEXT")) {
        buf_add_text(work->out, "TEXT COLLATE \"C\"");
        return;
    }
    for (i = 0; i < sizeof words / sizeof *words; i++)
        if (is(token, words[i].from) &&
            (!words[i].call || paren_follows(work, token))) {
            buf_add_text(work->out, words[i].to);
            return;
        }
    copy(work, token);
}

static void write_token(struct translation *work, const struct token *token)
{
    switch (token->kind) {
    case TOKEN_PARAMETER:
        parameter(work, token);
        return;
    case TOKEN_BLOB:
        buf_addf(work->out, "'\\x%.*s::bytea", (int)token->length - 2,
                 token->text + 2);
        return;
    case TOKEN_WORD:
        word(work, token);
        return;
    case TOKEN_OTHER:
        if (work->table && work->depth == 0 && *token->text == ',')
            return; /* between STRICT and WITHOUT ROWID */
        copy(work, token);
        return;
    default:
        copy(work, token);
    }
}

static void open_paren(struct translation *work, const struct token *token)
{
    struct order *outer = &work->orders[work->depth];

    if (outer->inside)
        outer->empty = outer->never = false;
    copy(work, token);
    if (work->depth + 1 < DEPTH_MAX)
        work->depth++;
    work->orders[work->depth] = (struct order){ 0 };
    if (work->index && work->depth == 1) {
        begin_order(work);
        work->index = false;
    }
}

static void close_paren(struct translation *work, const struct token *token)
{
    end_order(work);
    if (work->depth > 0)
        work->depth--;
    copy(work, token);
}

static void remember(struct translation *work, const struct token *token)
{
    size_t i;

    if (token->kind == TOKEN_SPACE)
        return;
    for (i = 0; i < token->length && i + 1 < WORD_MAX; i++)
        work->before[i] = (char)toupper((unsigned char)token->text[i]);
    work->before[i] = '\0';
}

static void see(struct translation *work, const struct token *token)
{
    struct order *order = &work->orders[work->depth];

    if (is_sign(token, '(')) {
        open_paren(work, token);
    } else if (is_sign(token, ')')) {
        close_paren(work, token);
    } else if (is(token, "BY") && text_equal(work->before, "ORDER")) {
        copy(work, token);
        begin_order(work);
    } else if (order->inside && ends_order(token)) {
        end_order(work);
        buf_add_text(work->out, " ");
        write_token(work, token);
    } else if (order->inside && is_sign(token, ',')) {
        end_term(work);
        copy(work, token);
    } else {
        if (order->inside && token->kind != TOKEN_SPACE)
            see_term(work, token);
        write_token(work, token);
    }
    if (is(token, "INSERT") || is(token, "UPDATE") || is(token, "DELETE"))
        work->reads = work->reads && text_equal(work->before, "FOR");
    remember(work, token);
}

/* ---- the whole ---- */

static void begin_statement(struct translation *work)
{
    struct token first = { TOKEN_END, work->at, 0 }, second;

    first = look_ahead(work, &first);
    second = look_ahead(work, &first);
    work->reads =
        is(&first, "SELECT") || is(&first, "WITH") || is(&first, "VALUES");
    work->table = is(&first, "CREATE") && is(&second, "TABLE");
    work->schema = work->table || is(&first, "ALTER");
    work->index =
        is(&first, "CREATE") && (is(&second, "INDEX") || is(&second, "UNIQUE"));
}

char *pg_translate(const char *sql, size_t length, bool *reads, int *parameters)
{
    struct buf out;
    struct translation work = { .at = sql, .end = sql + length, .out = &out };
    struct token token;

    buf_init(&out, NULL, SQL_MAX);
    begin_statement(&work);
    while ((token = next_token(work.at, work.end)).kind != TOKEN_END) {
        see(&work, &token);
        work.at = token.text + token.length;
    }
    end_order(&work);
    *reads = work.reads;
    *parameters = work.parameters;
    if (out.failed) {
        buf_free(&out);
        return NULL;
    }
    return out.data;
}
