/*
 * xml.h - an XML text as a small tree, read with libexpat.
 *
 * By namespace, never by prefix (R1). No document type, no entities of its
 * own, limits on size, depth and number (R4). The tree only serves the reader
 * of processes; the bytes as they came are what is kept.
 */
#ifndef FLOW_XML_H
#define FLOW_XML_H

#include <stddef.h>

#include "base/str.h"

struct ctx;

enum {
    XML_BYTES_MAX = 1024 * 1024,
    XML_DEPTH_MAX = 64,
    XML_ELEMENTS_MAX = 20000,
    XML_ATTRIBUTES_MAX = 64,
    XML_TEXT_MAX = 64 * 1024, /* text of one element */
};

struct xml_attribute {
    const char *space; /* namespace; "" for attributes without prefix */
    const char *name, *value;
};

struct xml_element {
    const char *space, *name; /* space "": none */
    const struct xml_attribute *attributes;
    size_t attribute_count;
    struct xml_element *parent, *first, *last, *next;
    struct buf text; /* what stands directly inside, children left out */
    int line;        /* of the start tag, from 1 */
};

/*
 * Reads `length` bytes (UTF-8, UTF-16, Latin-1 as the declaration says).
 *
 * out    receives the root element, in the context's arena.
 * name   stands in messages ("budget.bpmn").
 *
 * Returns 0; E_INVALID (flow.xml.malformed, flow.xml.doctype) or E_LIMIT
 * (flow.xml.limit) with the line, at the field "NAME:LINE".
 */
int xml_read(struct xml_element **out, struct ctx *ctx, const char *name,
             const char *text, size_t length);

/* Value of an attribute of namespace `space` ("": none); NULL: absent. */
const char *xml_attribute(const struct xml_element *element, const char *space,
                          const char *name);

/* True for the element `name` of namespace `space`. */
int xml_is(const struct xml_element *element, const char *space,
           const char *name);

/* The first child of that name; NULL: none. */
struct xml_element *xml_child(const struct xml_element *element,
                              const char *space, const char *name);

/* The text without white space around it; "" where there is none. */
const char *xml_text(struct ctx *ctx, const struct xml_element *element);

#endif
