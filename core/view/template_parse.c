/*
 * template_parse.c - Mustache source into a tree.
 *
 * One pass over the source. Whether a tag stands alone on its line is seen
 * in the source itself, so the tree holds exactly the text that is put out.
 * It must not look at data or other templates.
 */
#include "base/banned.h"

#include "view/template.h"

#include <assert.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/value.h"
#include "view/template_tree.h"

enum { DELIMITER_MAX = 16, NAME_PARTS_MAX = 32 };

struct parser {
    struct ctx *ctx;
    struct arena *arena;
    const char *name;
    const char *start, *end, *at;
    char open[DELIMITER_MAX + 1], close[DELIMITER_MAX + 1];
    struct node *stack[TEMPLATE_NESTING_MAX + 1];
    int depth;
    bool address;        /* the text so far ends in href=" or the like */
    const char *counted; /* lines are counted up to here */
    int line;
};

/* A tag as found: `kind` is its sign, '\0' for a variable. */
struct tag {
    const char *start, *end; /* with delimiters */
    const char *content;     /* trimmed */
    size_t length;
    char kind;
    bool star;                       /* {{>*x}}: a dynamic name */
    bool blank_before, blank_behind; /* only white space on its line */
    const char *line_begin, *next_line;
};

static int line_of(struct parser *parser, const char *at)
{
    if (!parser->counted || at < parser->counted) {
        parser->counted = parser->start;
        parser->line = 1;
    }
    for (; parser->counted < at; parser->counted++)
        parser->line += *parser->counted == '\n';
    return parser->line;
}

static int refuse(struct parser *parser, const char *at, const char *what)
{
    return fail(parser->ctx, E_INVALID, "view.syntax", "%s:%d: %s",
                parser->name, line_of(parser, at), what);
}

/* Attributes whose value is an address: what stands before `="`. */
static bool is_address_attribute(const char *begin, const char *end)
{
    static const char *const names[] = { "href",      "src",         "action",
                                         "poster",    "formaction",  "hx-get",
                                         "hx-post",   "hx-put",      "hx-patch",
                                         "hx-delete", "hx-push-url", "cite" };
    const char *word = end;
    size_t length;

    while (word > begin && (isalnum((unsigned char)word[-1]) ||
                            word[-1] == '-' || word[-1] == ':'))
        word--;
    length = (size_t)(end - word);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strlen(names[i]) == length &&
            strncasecmp(names[i], word, length) == 0)
            return true;
    if (length > 4 && strncasecmp(end - 4, "-url", 4) == 0)
        return true;
    return length > 5 && strncasecmp(end - 5, ":href", 5) == 0;
}

/* Does the text end where the value of such an attribute begins? */
static bool ends_in_address(const char *text, size_t length)
{
    const char *end = text + length;

    if (end > text && (end[-1] == '"' || end[-1] == '\''))
        end--;
    else if (end == text || end[-1] != '=')
        return false;
    while (end > text && isspace((unsigned char)end[-1]))
        end--;
    if (end == text || end[-1] != '=')
        return false;
    end--;
    while (end > text && isspace((unsigned char)end[-1]))
        end--;
    return is_address_attribute(text, end);
}

static struct node *node_add(struct parser *parser, enum node_kind kind,
                             const char *at)
{
    struct node *parent = parser->stack[parser->depth];
    struct node *node = arena_alloc(parser->arena, sizeof(*node));

    node->kind = kind;
    node->line = line_of(parser, at);
    node->indent = "";
    node->intrinsic = "";
    if (parent->last_child)
        parent->last_child->next = node;
    else
        parent->children = node;
    parent->last_child = node;
    return node;
}

static bool at_line_start(const struct parser *parser, const char *at)
{
    return at == parser->start || at[-1] == '\n';
}

static void text_add(struct parser *parser, const char *begin, const char *end)
{
    struct node *node;

    if (begin >= end)
        return;
    parser->address = ends_in_address(begin, (size_t)(end - begin));
    if (parser->stack[parser->depth]->kind == NODE_PARENT)
        return; /* text between the blocks of a parent is ignored */
    node = node_add(parser, NODE_TEXT, begin);
    node->text = begin;
    node->length = (size_t)(end - begin);
    node->line_start = at_line_start(parser, begin);
}

static void look_around(const struct parser *parser, struct tag *tag)
{
    const char *p = tag->start;

    while (p > parser->start && (p[-1] == ' ' || p[-1] == '\t'))
        p--;
    tag->blank_before = at_line_start(parser, p);
    tag->line_begin = p;
    p = tag->end;
    while (p < parser->end && (*p == ' ' || *p == '\t'))
        p++;
    if (p + 1 < parser->end && p[0] == '\r' && p[1] == '\n')
        p++;
    tag->blank_behind = p == parser->end || *p == '\n';
    tag->next_line = p == parser->end ? p : p + 1;
}

static const char *find(const struct parser *parser, const char *from,
                        const char *what)
{
    return memmem(from, (size_t)(parser->end - from), what, strlen(what));
}

static void trim(const char **begin, const char **end)
{
    while (*begin < *end && isspace((unsigned char)**begin))
        (*begin)++;
    while (*begin < *end && isspace((unsigned char)(*end)[-1]))
        (*end)--;
}

/* Reads the tag that starts at `start`, where the opening delimiter is. */
static int tag_read(struct tag *tag, struct parser *parser, const char *start)
{
    const char *begin = start + strlen(parser->open), *end;
    char closing[DELIMITER_MAX + 2];

    *tag = (struct tag){ .start = start };
    while (begin < parser->end && isspace((unsigned char)*begin))
        begin++;
    if (begin < parser->end && strchr("#^/>!&{=<$", *begin) && *begin)
        tag->kind = *begin++;
    snprintf(closing, sizeof(closing), "%s%s",
             tag->kind == '{'   ? "}"
             : tag->kind == '=' ? "="
                                : "",
             parser->close);
    end = find(parser, begin, closing);
    if (!end)
        return refuse(parser, start, "a tag is not closed");
    tag->end = end + strlen(closing);
    trim(&begin, &end);
    if (begin < end && *begin == '*' && strchr("></", tag->kind) && tag->kind) {
        tag->star = true;
        begin++;
        trim(&begin, &end);
    }
    tag->content = begin;
    tag->length = (size_t)(end - begin);
    look_around(parser, tag);
    return 0;
}

static int delimiters_set(struct parser *parser, const struct tag *tag)
{
    const char *p = tag->content, *end = p + tag->length, *word;
    char *const targets[] = { parser->open, parser->close };

    for (int i = 0; i < 2; i++) {
        while (p < end && isspace((unsigned char)*p))
            p++;
        word = p;
        while (p < end && !isspace((unsigned char)*p))
            p++;
        if (p == word || p - word > DELIMITER_MAX ||
            memchr(word, '=', (size_t)(p - word)))
            return refuse(parser, tag->start,
                          "expected two delimiters between the equal signs");
        memcpy(targets[i], word, (size_t)(p - word));
        targets[i][p - word] = '\0';
    }
    if (p != end)
        return refuse(parser, tag->start,
                      "expected two delimiters between the equal signs");
    return 0;
}

/* Checks the tag's name and splits it at its dots. */
static int name_set(struct parser *parser, struct node *node,
                    const struct tag *tag)
{
    const char *parts[NAME_PARTS_MAX];
    char *text, *dot;
    int count = 0;

    for (size_t i = 0; i < tag->length; i++)
        if (isspace((unsigned char)tag->content[i]))
            return refuse(parser, tag->start, "a name holds no space");
    if (tag->length == 0)
        return refuse(parser, tag->start, "a tag without a name");
    node->name = arena_strndup(parser->arena, tag->content, tag->length);
    node->dynamic = tag->star;
    if (node->kind == NODE_BLOCK ||
        ((node->kind == NODE_PARTIAL || node->kind == NODE_PARENT) &&
         !node->dynamic) ||
        strcmp(node->name, ".") == 0)
        return 0;
    node->local = node->name[0] == '.';
    text = arena_strdup(parser->arena, node->name + node->local);
    if (text[0] && text[strlen(text) - 1] == '?') {
        node->test = true;
        text[strlen(text) - 1] = '\0';
    }
    for (;;) {
        if (count == NAME_PARTS_MAX)
            return refuse(parser, tag->start, "a name has too many parts");
        parts[count++] = text;
        dot = strchr(text, '.');
        if (!dot)
            break;
        *dot = '\0';
        text = dot + 1;
    }
    node->parts =
        arena_memdup(parser->arena, parts, (size_t)count * sizeof(*parts));
    node->hashes =
        arena_array(parser->arena, (size_t)count, sizeof(*node->hashes));
    for (int i = 0; i < count; i++)
        node->hashes[i] = value_key_hash(parts[i]);
    node->part_count = count;
    return 0;
}

bool template_is_helper(const char *prefix)
{
    return strcmp(prefix, "t") == 0 || strcmp(prefix, "asset") == 0 ||
           strcmp(prefix, "icon") == 0;
}

static int variable_add(struct parser *parser, const struct tag *tag)
{
    struct node *node =
        node_add(parser, tag->kind ? NODE_RAW : NODE_VARIABLE, tag->start);
    int rc = name_set(parser, node, tag);

    if (rc)
        return rc;
    node->line_start = at_line_start(parser, tag->start);
    node->address = parser->address;
    if (node->part_count > 1 && template_is_helper(node->parts[0]))
        node->kind = NODE_HELPER;
    return 0;
}

static const char *space_before(struct parser *parser, const struct tag *tag)
{
    return arena_strndup(parser->arena, tag->line_begin,
                         (size_t)(tag->start - tag->line_begin));
}

/* Text before a tag that stands alone ends with the line before; what
 * follows starts with the next one. */
static void take_line(struct parser *parser, const struct tag *tag)
{
    text_add(parser, parser->at, tag->line_begin);
    parser->at = tag->next_line;
}

static void take_inline(struct parser *parser, const struct tag *tag)
{
    text_add(parser, parser->at, tag->start);
    parser->at = tag->end;
}

static int partial_add(struct parser *parser, const struct tag *tag)
{
    bool alone = tag->blank_before && tag->blank_behind;
    struct node *node;

    if (alone)
        take_line(parser, tag);
    else
        take_inline(parser, tag);
    node = node_add(parser, NODE_PARTIAL, tag->start);
    node->standalone = alone;
    if (alone)
        node->indent = space_before(parser, tag);
    else
        node->line_start = at_line_start(parser, tag->start);
    return name_set(parser, node, tag);
}

/* White space in front of the first line of [begin, end) that holds more. */
static const char *first_indent(struct parser *parser, const char *begin)
{
    const char *p = begin;

    while (p < parser->end) {
        const char *line = p;

        while (p < parser->end && (*p == ' ' || *p == '\t'))
            p++;
        if (p < parser->end && *p != '\n' && *p != '\r')
            return arena_strndup(parser->arena, line, (size_t)(p - line));
        while (p < parser->end && *p++ != '\n')
            continue;
    }
    return "";
}

/* Does the tag that begins behind the white space at `at` close `name`? */
static bool closes_here(const struct parser *parser, const char *at,
                        const char *name)
{
    while (at < parser->end && isspace((unsigned char)*at))
        at++;
    if ((size_t)(parser->end - at) < strlen(parser->open) + 1 ||
        memcmp(at, parser->open, strlen(parser->open)) != 0)
        return false;
    at += strlen(parser->open);
    while (at < parser->end && isspace((unsigned char)*at))
        at++;
    if (at == parser->end || *at++ != '/')
        return false;
    while (at < parser->end && isspace((unsigned char)*at))
        at++;
    return (size_t)(parser->end - at) >= strlen(name) &&
           memcmp(at, name, strlen(name)) == 0;
}

static enum node_kind opening_kind(char kind)
{
    switch (kind) {
    case '#':
        return NODE_SECTION;
    case '^':
        return NODE_INVERTED;
    case '<':
        return NODE_PARENT;
    default:
        return NODE_BLOCK;
    }
}

static int open_add(struct parser *parser, const struct tag *tag)
{
    enum node_kind kind = opening_kind(tag->kind);
    bool in_parent = parser->stack[parser->depth]->kind == NODE_PARENT;
    bool before = tag->blank_before || (in_parent && kind == NODE_BLOCK);
    bool alone = before && tag->blank_behind;
    const char *line_begin = tag->line_begin;
    struct node *node;
    int rc;

    if (in_parent && kind != NODE_BLOCK) {
        /* Ignored like text, but its blocks are not asked for either. */
        return refuse(parser, tag->start,
                      "inside of {{<parent}} only {{$block}} tags count");
    }
    if (kind == NODE_PARENT && tag->blank_before)
        text_add(parser, parser->at, line_begin);
    else if (alone && tag->blank_before)
        text_add(parser, parser->at, line_begin);
    else
        text_add(parser, parser->at, tag->start);
    parser->at = alone ? tag->next_line : tag->end;

    node = node_add(parser, kind, tag->start);
    if (parser->depth == TEMPLATE_NESTING_MAX)
        return refuse(parser, tag->start, "sections are nested too deeply");
    parser->stack[++parser->depth] = node;
    rc = name_set(parser, node, tag);
    if (rc)
        return rc;
    node->standalone = kind == NODE_PARENT ? tag->blank_before : alone;
    node->line_start = !node->standalone && at_line_start(parser, tag->start);
    if (tag->blank_before)
        node->indent = space_before(parser, tag);
    if (kind == NODE_BLOCK) {
        if (alone && !closes_here(parser, parser->at, node->name))
            node->intrinsic = first_indent(parser, parser->at);
        else
            node->intrinsic = node->indent;
    }
    return 0;
}

/* A parent stands alone where nothing is before its opening tag and nothing
 * behind its closing one; else the space before it is text after all. */
static void parent_close(struct parser *parser, struct node *node,
                         const struct tag *tag)
{
    struct node *outer = parser->stack[parser->depth], *before, *space;

    if (node->standalone && tag->blank_behind) {
        parser->at = tag->next_line;
        return;
    }
    if (node->standalone && node->indent[0]) {
        /* node is outer's last child: put the space in front of it. */
        space = arena_alloc(parser->arena, sizeof(*space));
        *space = (struct node){ .kind = NODE_TEXT,
                                .line = node->line,
                                .line_start = true,
                                .text = node->indent,
                                .length = strlen(node->indent),
                                .indent = "",
                                .intrinsic = "",
                                .next = node };
        for (before = outer->children; before != node && before->next != node;)
            before = before->next;
        if (before == node)
            outer->children = space;
        else
            before->next = space;
    } else if (node->standalone) {
        node->line_start = true;
    }
    node->standalone = false;
    node->indent = "";
}

static int close_add(struct parser *parser, const struct tag *tag)
{
    struct node *node = parser->stack[parser->depth];
    const struct node *outer;
    const char *name;
    bool in_parent;

    if (parser->depth == 0)
        return refuse(parser, tag->start, "a closing tag without its opening");
    name = node->name;
    if (tag->length != strlen(name) || tag->star != node->dynamic ||
        memcmp(tag->content, name, tag->length) != 0)
        return fail(parser->ctx, E_INVALID, "view.close",
                    "%s:%d: the closing tag is not that of \"%s\" (line %d)",
                    parser->name, line_of(parser, tag->start), name,
                    node->line);
    outer = parser->stack[parser->depth - 1];
    in_parent = node->kind == NODE_BLOCK && outer->kind == NODE_PARENT;
    if (node->kind != NODE_PARENT && tag->blank_before &&
        (tag->blank_behind || in_parent)) {
        text_add(parser, parser->at, tag->line_begin);
        parser->at = tag->blank_behind ? tag->next_line : tag->end;
    } else {
        take_inline(parser, tag);
    }
    parser->depth--;
    if (node->kind == NODE_PARENT)
        parent_close(parser, node, tag);
    return 0;
}

static int tag_add(struct parser *parser, const struct tag *tag)
{
    bool alone = tag->blank_before && tag->blank_behind;

    switch (tag->kind) {
    case '#':
    case '^':
    case '<':
    case '$':
        return open_add(parser, tag);
    case '/':
        return close_add(parser, tag);
    case '>':
        return partial_add(parser, tag);
    case '!':
    case '=':
        if (alone)
            take_line(parser, tag);
        else
            take_inline(parser, tag);
        return tag->kind == '=' ? delimiters_set(parser, tag) : 0;
    default:
        take_inline(parser, tag);
        return variable_add(parser, tag);
    }
}

int template_compile(struct template **out, struct ctx *ctx,
                     struct arena *arena, const char *name, const char *source,
                     size_t length)
{
    struct template *template = arena_alloc(arena, sizeof(*template));
    struct parser parser = { .ctx = ctx, .arena = arena };
    const char *start;
    struct tag tag;
    int rc;

    assert(out && source);
    if (length > TEMPLATE_SOURCE_MAX)
        return fail(ctx, E_LIMIT, "view.source_large",
                    "%s: a template has at most %d bytes", name,
                    TEMPLATE_SOURCE_MAX);
    template->name = parser.name = arena_strdup(arena, name);
    parser.start = parser.at = arena_strndup(arena, source, length);
    parser.end = parser.start + length;
    parser.stack[0] = &template->root;
    memcpy(parser.open, "{{", 3);
    memcpy(parser.close, "}}", 3);
    template->root.kind = NODE_SECTION;
    while ((start = find(&parser, parser.at, parser.open))) {
        rc = tag_read(&tag, &parser, start);
        if (!rc)
            rc = tag_add(&parser, &tag);
        if (rc)
            return rc;
    }
    text_add(&parser, parser.at, parser.end);
    if (parser.depth)
        return fail(ctx, E_INVALID, "view.open", "%s:%d: \"%s\" is not closed",
                    name, parser.stack[parser.depth]->line,
                    parser.stack[parser.depth]->name);
    *out = template;
    return 0;
}

const char *template_name(const struct template *template)
{
    return template->name;
}

void template_set_layer(struct template *template, int layer)
{
    template->layer = layer;
}

int template_layer(const struct template *template)
{
    return template->layer;
}
