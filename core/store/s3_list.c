/*
 * s3_list.c - the objects of a bucket: ListObjectsV2, page by page.
 *
 * A page is a small XML document of at most a thousand objects. It is read
 * as a whole before anybody is called, so that a visitor may make requests.
 */
#include "base/banned.h"

#include <expat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/str.h"
#include "store/s3_call.h"

enum {
    PAGE_OBJECTS = 1000,
    PAGE_BYTES = 4 * 1024 * 1024,
    DEPTH_MAX = 8,
    TEXT_MAX = 8 * 1024,
};

struct page {
    struct ctx *ctx;
    struct arena *arena; /* of this page */
    XML_Parser parser;
    int depth;
    bool in_object, bad, truncated;
    struct buf text;
    struct s3_object objects[PAGE_OBJECTS], *now;
    size_t count;
    const char *token;
};

static void on_start(void *payload, const char *name, const char **attributes)
{
    struct page *page = payload;

    (void)attributes;
    buf_clear(&page->text);
    page->depth++;
    if (page->depth > DEPTH_MAX ||
        (page->depth == 1 && strcmp(name, "ListBucketResult") != 0))
        page->bad = true;
    if (page->depth == 2 && strcmp(name, "Contents") == 0) {
        if (page->count == PAGE_OBJECTS) {
            page->bad = true;
            return;
        }
        page->now = &page->objects[page->count++];
        *page->now = (struct s3_object){ NULL, -1, 0 };
        page->in_object = true;
    }
}

static void on_text(void *payload, const char *text, int length)
{
    struct page *page = payload;

    buf_add(&page->text, text, (size_t)length);
}

static void on_object_end(struct page *page, const char *name, const char *text)
{
    if (strcmp(name, "Key") == 0)
        page->now->key = arena_strdup(page->arena, text);
    else if (strcmp(name, "Size") == 0)
        page->bad |= int_parse(&page->now->size, text, 0, INT64_MAX) != 0;
    else if (strcmp(name, "LastModified") == 0 &&
             !instant_parse(&page->now->modified, text, zone_utc()))
        page->now->modified = 0;
}

static void on_end(void *payload, const char *name)
{
    struct page *page = payload;
    const char *text = buf_text(&page->text);

    page->bad |= page->text.failed;
    if (page->depth == 3 && page->in_object) {
        on_object_end(page, name, text);
    } else if (page->depth == 2) {
        page->in_object = false;
        if (strcmp(name, "IsTruncated") == 0)
            page->truncated = strcmp(text, "true") == 0;
        else if (strcmp(name, "NextContinuationToken") == 0)
            page->token = arena_strdup(page->arena, text);
        else if (strcmp(name, "Contents") == 0)
            page->bad |= !page->now->key || page->now->size < 0;
    }
    page->depth--;
    buf_clear(&page->text);
}

/* A list needs none, and entities are what bombs are made of. */
static void on_doctype(void *payload, const char *name, const char *system,
                       const char *public, int internal)
{
    struct page *page = payload;

    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    page->bad = true;
    XML_StopParser(page->parser, XML_FALSE);
}

static int read_page(struct page *page, const struct s3 *s3,
                     const struct buf *answer)
{
    struct ctx *ctx = page->ctx;
    enum XML_Status status;

    page->parser = XML_ParserCreate("UTF-8");
    if (!page->parser)
        return fail(ctx, E_INTERNAL, "store.failed", "no memory for a list");
    buf_init(&page->text, page->arena, TEXT_MAX);
    XML_SetUserData(page->parser, page);
    XML_SetElementHandler(page->parser, on_start, on_end);
    XML_SetCharacterDataHandler(page->parser, on_text);
    XML_SetStartDoctypeDeclHandler(page->parser, on_doctype);
    status = XML_Parse(page->parser, buf_text(answer), (int)answer->length, 1);
    XML_ParserFree(page->parser);
    if (status != XML_STATUS_OK || page->bad ||
        (page->truncated && text_empty(page->token)))
        return fail(ctx, E_IO, "store.s3_answer",
                    "the object store %s gives an answer that cannot be read",
                    s3_place(ctx, s3));
    return 0;
}

/* The query in the order and the spelling that the signature is made of. */
static const char *query_of(struct ctx *ctx, const char *start,
                            const char *token)
{
    struct buf query;

    buf_init(&query, ctx->arena, 16 * 1024);
    if (token) {
        buf_add_text(&query, "continuation-token=");
        buf_add_url(&query, token, strlen(token));
        buf_add_char(&query, '&');
    }
    buf_addf(&query, "list-type=2&max-keys=%d&prefix=", PAGE_OBJECTS);
    buf_add_url(&query, start, strlen(start));
    return buf_text(&query);
}

static int get_page(struct page *page, const struct s3 *s3, const char *start,
                    const char *token)
{
    struct ctx *ctx = page->ctx;
    struct s3_call call = s3_call_of("GET", NULL);
    unsigned char digest[HASH_SIZE];
    struct buf answer;
    int rc;

    buf_init(&answer, page->arena, PAGE_BYTES);
    sha256_data(digest, "", 0);
    call.sha256 = hex_of(ctx->arena, digest, sizeof digest);
    call.query = query_of(ctx, start, token);
    call.take = &answer;
    call.max = PAGE_BYTES;
    rc = s3_perform(ctx, s3, &call);
    return rc ? rc : read_page(page, s3, &answer);
}

static int visit_page(const struct page *page, struct ctx *ctx,
                      const char *prefix, s3_visit visit, void *payload)
{
    size_t i, length = strlen(prefix);
    int rc = 0;

    for (i = 0; i < page->count && !rc; i++) {
        struct s3_object object = page->objects[i];

        if (strncmp(object.key, prefix, length) != 0)
            continue;
        object.key += length;
        rc = visit(ctx, &object, payload);
    }
    return rc;
}

/* One page in an arena of its own; *token goes from page to page. */
static int one_page(struct ctx *ctx, const struct s3 *s3, const char *start,
                    struct buf *token, s3_visit visit, void *payload)
{
    struct arena *arena = arena_new(0);
    struct page *page = arena_alloc(arena, sizeof *page);
    int rc;

    page->ctx = ctx;
    page->arena = arena;
    rc = get_page(page, s3, start, token->length ? buf_text(token) : NULL);
    if (!rc)
        rc =
            visit_page(page, ctx, s3->prefix ? s3->prefix : "", visit, payload);
    buf_clear(token);
    if (!rc && page->truncated)
        buf_add_text(token, page->token);
    arena_free(arena);
    return rc;
}

int s3_list(struct ctx *ctx, const struct s3 *s3, const char *start,
            s3_visit visit, void *payload)
{
    /* Not the caller's memory: a visitor may empty that. */
    struct arena *arena = arena_new(0);
    const char *whole = arena_printf(
        arena, "%s%s", s3->prefix ? s3->prefix : "", start ? start : "");
    struct buf token;
    int rc;

    buf_init(&token, arena, TEXT_MAX);
    do
        rc = one_page(ctx, s3, whole, &token, visit, payload);
    while (!rc && token.length);
    arena_free(arena);
    return rc;
}
