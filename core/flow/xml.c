/*
 * xml.c - an XML text as a small tree, read with libexpat.
 *
 * The parser is stopped at the first breach of a limit, so that neither its
 * memory nor ours grows with what a stranger sends.
 */
#include "base/banned.h"

#include "flow/xml.h"

#include <expat.h>

#include "base/arena.h"
#include "base/ctx.h"

/* Between namespace and name, as expat gives them; no XML text can hold it. */
#define SEPARATOR '\x1f'

struct reader {
    struct ctx *ctx;
    XML_Parser parser;
    struct xml_element *root, *open;
    int depth, count;
    const char *limit; /* what was too much; NULL: nothing */
    bool doctype;
};

static void stop(struct reader *reader, const char *limit)
{
    if (!reader->limit)
        reader->limit = limit;
    XML_StopParser(reader->parser, XML_FALSE);
}

static void split(struct reader *reader, const char **space, const char **name,
                  const char *full)
{
    const char *at = strchr(full, SEPARATOR);

    *space =
        at ? arena_strndup(reader->ctx->arena, full, (size_t)(at - full)) : "";
    *name = arena_strdup(reader->ctx->arena, at ? at + 1 : full);
}

static void read_attributes(struct reader *reader, struct xml_element *element,
                            const XML_Char **pairs)
{
    struct xml_attribute *list;
    size_t count = 0, i;

    while (pairs[2 * count])
        count++;
    if (count > XML_ATTRIBUTES_MAX) {
        stop(reader, "attributes");
        return;
    }
    list = arena_array(reader->ctx->arena, count + 1, sizeof(*list));
    for (i = 0; i < count; i++) {
        split(reader, &list[i].space, &list[i].name, pairs[2 * i]);
        list[i].value = arena_strdup(reader->ctx->arena, pairs[2 * i + 1]);
    }
    element->attributes = list;
    element->attribute_count = count;
}

static void XMLCALL on_start(void *payload, const XML_Char *name,
                             const XML_Char **pairs)
{
    struct reader *reader = payload;
    struct xml_element *element;

    if (reader->limit || reader->doctype)
        return;
    if (++reader->depth > XML_DEPTH_MAX) {
        stop(reader, "depth");
        return;
    }
    if (++reader->count > XML_ELEMENTS_MAX) {
        stop(reader, "elements");
        return;
    }
    element = arena_alloc(reader->ctx->arena, sizeof(*element));
    split(reader, &element->space, &element->name, name);
    element->line = (int)XML_GetCurrentLineNumber(reader->parser);
    buf_init(&element->text, reader->ctx->arena, XML_TEXT_MAX);
    read_attributes(reader, element, pairs);
    element->parent = reader->open;
    if (!reader->open)
        reader->root = element;
    else if (reader->open->last)
        reader->open->last = reader->open->last->next = element;
    else
        reader->open->first = reader->open->last = element;
    reader->open = element;
}

static void XMLCALL on_end(void *payload, const XML_Char *name)
{
    struct reader *reader = payload;

    (void)name;
    if (reader->limit || !reader->open)
        return;
    reader->open = reader->open->parent;
    reader->depth--;
}

static void XMLCALL on_text(void *payload, const XML_Char *text, int length)
{
    struct reader *reader = payload;

    if (reader->limit || !reader->open)
        return;
    buf_add(&reader->open->text, text, (size_t)length);
    if (reader->open->text.failed)
        stop(reader, "text");
}

/* A document type could declare entities: refused before it says anything. */
static void XMLCALL on_doctype(void *payload, const XML_Char *name,
                               const XML_Char *system_id,
                               const XML_Char *public_id, int internal)
{
    struct reader *reader = payload;

    (void)name;
    (void)system_id;
    (void)public_id;
    (void)internal;
    reader->doctype = true;
    XML_StopParser(reader->parser, XML_FALSE);
}

static int report(struct reader *reader, const char *name)
{
    struct ctx *ctx = reader->ctx;
    int line = (int)XML_GetCurrentLineNumber(reader->parser);
    const char *place = arena_printf(ctx->arena, "%s:%d", name, line);

    if (reader->doctype)
        return fail_at(ctx, E_INVALID, place, "flow.xml.doctype",
                       "%s, line %d: a document type is not allowed", name,
                       line);
    if (reader->limit)
        return fail_at(ctx, E_LIMIT, place, "flow.xml.limit",
                       "%s, line %d: too much of: %s", name, line,
                       reader->limit);
    return fail_at(ctx, E_INVALID, place, "flow.xml.malformed",
                   "%s, line %d, column %d: %s", name, line,
                   (int)XML_GetCurrentColumnNumber(reader->parser) + 1,
                   XML_ErrorString(XML_GetErrorCode(reader->parser)));
}

int xml_read(struct xml_element **out, struct ctx *ctx, const char *name,
             const char *text, size_t length)
{
    struct reader reader = { .ctx = ctx };
    int rc = 0;

    *out = NULL;
    if (length > XML_BYTES_MAX)
        return fail(ctx, E_LIMIT, "flow.xml.large", "%s: larger than %d bytes",
                    name, XML_BYTES_MAX);
    reader.parser = XML_ParserCreateNS(NULL, SEPARATOR);
    if (!reader.parser)
        return fail(ctx, E_INTERNAL, "flow.xml.parser", "no XML parser");
    XML_SetUserData(reader.parser, &reader);
    XML_SetElementHandler(reader.parser, on_start, on_end);
    XML_SetCharacterDataHandler(reader.parser, on_text);
    XML_SetStartDoctypeDeclHandler(reader.parser, on_doctype);
    if (XML_Parse(reader.parser, text, (int)length, XML_TRUE) != XML_STATUS_OK)
        rc = report(&reader, name);
    XML_ParserFree(reader.parser);
    if (!rc)
        *out = reader.root;
    return rc;
}

const char *xml_attribute(const struct xml_element *element, const char *space,
                          const char *name)
{
    size_t i;

    for (i = 0; i < element->attribute_count; i++)
        if (text_equal(element->attributes[i].name, name) &&
            text_equal(element->attributes[i].space, space))
            return element->attributes[i].value;
    return NULL;
}

int xml_is(const struct xml_element *element, const char *space,
           const char *name)
{
    return text_equal(element->name, name) && text_equal(element->space, space);
}

struct xml_element *xml_child(const struct xml_element *element,
                              const char *space, const char *name)
{
    struct xml_element *child;

    for (child = element->first; child; child = child->next)
        if (xml_is(child, space, name))
            return child;
    return NULL;
}

const char *xml_text(struct ctx *ctx, const struct xml_element *element)
{
    const char *from = buf_text(&element->text);
    const char *to = from + strlen(from);

    while (from < to && strchr(" \t\r\n", *from))
        from++;
    while (to > from && strchr(" \t\r\n", to[-1]))
        to--;
    return arena_strndup(ctx->arena, from, (size_t)(to - from));
}
