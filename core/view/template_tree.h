/*
 * template_tree.h - the compiled form of a template. For view's own files.
 */
#ifndef VIEW_TEMPLATE_TREE_H
#define VIEW_TEMPLATE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum node_kind {
    NODE_TEXT,
    NODE_VARIABLE, /* {{x}} */
    NODE_RAW,      /* {{{x}}}, {{&x}} */
    NODE_HELPER,   /* {{t.x}} */
    NODE_SECTION,  /* {{#x}} */
    NODE_INVERTED, /* {{^x}} */
    NODE_PARTIAL,  /* {{>x}} */
    NODE_PARENT,   /* {{<x}}: children are NODE_BLOCK only */
    NODE_BLOCK,    /* {{$x}} */
};

struct node {
    enum node_kind kind;
    int line;
    /* First on its line: a partial's indentation is put out before it. */
    bool line_start;
    /* Stands alone on its line (partials, parents, blocks): `indent` white
     * space before it belongs to what it brings, not to this template. */
    bool standalone;
    bool dynamic;     /* {{>*x}}: the name is the value of x */
    bool local;       /* {{.x}}: of the current value only, not of outer ones */
    bool test;        /* {{#x?}}: asked, not entered */
    bool address;     /* an address is expected here (href="{{x}}") */
    const char *text; /* NODE_TEXT */
    size_t length;
    const char *name;   /* the tag's content */
    const char **parts; /* its dotted parts; none for "." */
    uint32_t *hashes;   /* of the parts: value_key_hash */
    int part_count;
    const char *indent; /* white space before the tag */
    /* A block's own indentation: taken off where its content goes
     * elsewhere, put on where other content comes here. */
    const char *intrinsic;
    /* What a host found for the name, and in which of its states. */
    const struct template *found;
    unsigned long found_in;
    struct node *children, *last_child;
    struct node *next;
};

struct template
{
    const char *name;
    struct node root;
    int layer;
};

#endif
