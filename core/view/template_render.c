/*
 * template_render.c - a compiled template over data.
 *
 * Walks the tree with a stack of contexts and a stack of overridden blocks.
 * It must not parse: a value that looks like a tag is text.
 */
#include "base/banned.h"

#include "view/template.h"

#include <assert.h>
#include <math.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/decimal.h"
#include "base/value.h"
#include "view/template_tree.h"

enum {
    CONTEXTS_MAX = 512,
    STEPS_PER_CHECK = 4096,
    HELPER_NAME_MAX = 256,
    PARTIAL_NAME_MAX = 128,
    KNOWN_PARTIALS = 8
};

/* Blocks that a child gave to a parent; outermost child first. */
struct overrides {
    const struct overrides *outer;
    const struct node *parent;       /* its NODE_BLOCK children */
    const struct template *template; /* where they stand */
};

struct renderer {
    struct ctx *ctx;
    struct buf *out;
    const struct template_host *host;
    struct template_report *report;
    const struct value *contexts[CONTEXTS_MAX];
    int context_count;
    int depth;
    long steps;
    /* The last dynamic partials: the cells of a column share one name. */
    struct {
        const char *name;
        const struct template *from, *found;
    } known[KNOWN_PARTIALS];
    unsigned known_count;
};

/* Where we are: what changes when a partial, parent or block is entered. */
struct place {
    const struct template *template;
    const struct overrides *overrides;
    const char *indent; /* put out at each line's start */
    size_t strip;       /* white space taken off there before */
    bool skip_first;    /* the first line has its indentation already */
};

static int render_nodes(struct renderer *r, const struct node *node,
                        struct place *place);

/* Data. ------------------------------------------------------------------ */

static const struct value *lookup(const struct renderer *r,
                                  const struct node *node)
{
    const struct value *found = NULL;

    if (!node->part_count)
        return r->contexts[r->context_count - 1];
    for (int i = r->context_count; i-- > 0 && !found;) {
        found =
            value_get_hashed(r->contexts[i], node->parts[0], node->hashes[0]);
        if (node->local)
            break;
    }
    for (int i = 1; i < node->part_count && found; i++)
        found = value_get_hashed(found, node->parts[i], node->hashes[i]);
    return found;
}

/* false, null, "", [], {}, and the number 0. */
static bool is_falsy(const struct value *value)
{
    switch (value_kind(value)) {
    case VALUE_NULL:
        return true;
    case VALUE_BOOL:
        return !value_as_bool(value);
    case VALUE_INT:
        return value_as_int(value, 0) == 0;
    case VALUE_DOUBLE:
        return value_as_double(value, 0) == 0;
    case VALUE_STRING:
    case VALUE_HTML:
    case VALUE_URL:
        return value_as_str(value).length == 0;
    case VALUE_LIST:
        return value_count(value) == 0;
    default:
        return false;
    }
}

static void double_text(char out[40], double number)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, 40, "%.*g", digits, number);
        if (strtod(out, NULL) == number)
            return;
    }
}

static struct str text_of(const struct value *value, char scratch[40])
{
    char number[DECIMAL_TEXT_MAX];
    struct decimal decimal;

    switch (value_kind(value)) {
    case VALUE_BOOL:
        return value_as_bool(value) ? STR("true") : STR("false");
    case VALUE_INT:
        snprintf(scratch, 40, "%lld", (long long)value_as_int(value, 0));
        return str_of(scratch);
    case VALUE_DOUBLE:
        double_text(scratch, value_as_double(value, 0));
        return str_of(scratch);
    case VALUE_DECIMAL:
        value_as_decimal(&decimal, value);
        decimal_format(number, decimal);
        snprintf(scratch, 40, "%s", number);
        return str_of(scratch);
    case VALUE_STRING:
    case VALUE_HTML:
    case VALUE_URL:
        return value_as_str(value);
    default:
        return STR("");
    }
}

/* Lines. ----------------------------------------------------------------- */

static void line_begin(struct renderer *r, struct place *place)
{
    if (place->skip_first)
        place->skip_first = false;
    else
        buf_add_text(r->out, place->indent);
}

static const char *strip_line(const char *p, const char *end, size_t strip)
{
    while (strip-- && p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p;
}

static void put_text(struct renderer *r, const struct node *node,
                     struct place *place)
{
    const char *p = node->text, *end = p + node->length, *stop;
    bool start = node->line_start;

    if (!*place->indent && !place->strip) {
        buf_add(r->out, p, node->length);
        return;
    }
    while (p < end) {
        if (start) {
            p = strip_line(p, end, place->strip);
            line_begin(r, place);
        }
        stop = memchr(p, '\n', (size_t)(end - p));
        stop = stop ? stop + 1 : end;
        buf_add(r->out, p, (size_t)(stop - p));
        p = stop;
        start = true;
    }
}

/* Tags. ------------------------------------------------------------------ */

static void misuse(struct renderer *r, const struct node *node)
{
    if (!r->report)
        return;
    if (!r->report->misuses++)
        r->report->first_misuse = node->name;
}

static void put_variable(struct renderer *r, const struct node *node)
{
    const struct value *value = lookup(r, node);
    enum value_kind kind = value_kind(value);
    char scratch[40];
    struct str text;

    if (kind == VALUE_NULL)
        return;
    text = text_of(value, scratch);
    if (node->address) {
        if (kind == VALUE_STRING || kind == VALUE_HTML)
            text = value_as_str(
                value_url(r->ctx->arena, arena_strndup(r->ctx->arena, text.data,
                                                       text.length)));
    } else if (node->kind == NODE_RAW) {
        if (kind == VALUE_HTML) {
            buf_add(r->out, text.data, text.length);
            return;
        }
        if (kind == VALUE_STRING || kind == VALUE_URL)
            misuse(r, node);
    }
    buf_add_html(r->out, text.data, text.length);
}

/* {{t.form.state.@state}}: "form.state." and the value of state. */
static void put_helper(struct renderer *r, const struct node *node)
{
    char rest[HELPER_NAME_MAX], scratch[40];
    size_t length = 0;

    if (!r->host || !r->host->helper)
        return;
    for (int i = 1; i < node->part_count; i++) {
        const char *part = node->parts[i];
        struct str text = str_of(part);

        if (part[0] == '@') {
            uint32_t hash = value_key_hash(part + 1);
            struct node name = { .parts = (const char *[]){ part + 1 },
                                 .hashes = &hash,
                                 .part_count = 1 };

            text = text_of(lookup(r, &name), scratch);
        }
        if (length + text.length + 2 > sizeof(rest))
            return; /* no key or icon is that long */
        if (i > 1)
            rest[length++] = '.';
        memcpy(rest + length, text.data, text.length);
        length += text.length;
    }
    rest[length] = '\0';
    r->host->helper(r->host->payload, r->out, node->parts[0], rest);
}

static inline int count_step(struct renderer *r)
{
    if (++r->steps > TEMPLATE_STEPS_MAX)
        return fail(r->ctx, E_LIMIT, "view.steps",
                    "a template puts out more than %d tags",
                    TEMPLATE_STEPS_MAX);
    if (r->out->failed)
        return fail(r->ctx, E_LIMIT, "view.large", "the page is too large");
    if (r->steps % STEPS_PER_CHECK == 0)
        return ctx_check_deadline(r->ctx);
    return 0;
}

static int push(struct renderer *r, const struct value *context)
{
    if (r->context_count == CONTEXTS_MAX)
        return fail(r->ctx, E_LIMIT, "view.deep",
                    "a template nests its data too deeply");
    r->contexts[r->context_count++] = context;
    return 0;
}

static int render_section(struct renderer *r, const struct node *node,
                          struct place *place)
{
    const struct value *value = lookup(r, node);
    bool list = value_kind(value) == VALUE_LIST;
    size_t count = list ? value_count(value) : !is_falsy(value);
    int rc = 0;

    if (node->test)
        return is_falsy(value) ? 0 : render_nodes(r, node->children, place);

    for (size_t i = 0; i < count && !rc; i++) {
        rc = count_step(r);
        if (!rc)
            rc = push(r, list ? value_at(value, i) : value);
        if (rc)
            return rc;
        rc = render_nodes(r, node->children, place);
        r->context_count--;
    }
    return rc;
}

/* `indent` of this place and `more`, less what is stripped here. */
static const char *deeper(const struct renderer *r, const struct place *place,
                          const char *more)
{
    size_t length = strlen(more);
    const char *rest;

    if (r->host && r->host->flush_left)
        return "";
    rest = more + (place->strip < length ? place->strip : length);

    if (!*rest)
        return place->indent;
    if (!*place->indent)
        return rest;
    return arena_printf(r->ctx->arena, "%s%s", place->indent, rest);
}

static int enter(struct renderer *r)
{
    if (++r->depth > TEMPLATE_DEPTH_MAX)
        return fail(r->ctx, E_LIMIT, "view.deep",
                    "templates include each other more than %d deep",
                    TEMPLATE_DEPTH_MAX);
    return 0;
}

/* The template that a value names. Texts stay where they are while a page is
 * put out, so that one that was looked up is known by its address. */
static const struct template *find_dynamic(struct renderer *r,
                                           const struct node *node,
                                           const struct place *place)
{
    const struct value *value = lookup(r, node);
    struct str text = value_as_str(value);
    char copy[PARTIAL_NAME_MAX];
    unsigned i;

    if (!text.length || text.length >= sizeof(copy))
        return NULL;
    for (i = 0; i < KNOWN_PARTIALS; i++)
        if (r->known[i].name == text.data &&
            r->known[i].from == place->template)
            return r->known[i].found;
    memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    i = r->known_count++ % KNOWN_PARTIALS;
    r->known[i].name = text.data;
    r->known[i].from = place->template;
    r->known[i].found =
        r->host->partial(r->host->payload, copy, place->template);
    return r->known[i].found;
}

/* The template of a partial or parent tag; NULL where there is none. */
static const struct template *find_partial(struct renderer *r,
                                           const struct node *node,
                                           const struct place *place)
{
    const struct template_host *host = r->host;
    struct node *memory = (struct node *)node;

    if (!host || !host->partial)
        return NULL;
    if (node->dynamic)
        return find_dynamic(r, node, place);
    if (host->generation && node->found_in == host->generation)
        return node->found;
    if (!host->generation)
        return host->partial(host->payload, node->name, place->template);
    memory->found = host->partial(host->payload, node->name, place->template);
    /* What is not there, or broken, is asked for (and told) each time. */
    memory->found_in = memory->found ? host->generation : 0;
    return node->found;
}

static int render_partial(struct renderer *r, const struct node *node,
                          struct place *place)
{
    const struct template *partial = find_partial(r, node, place);
    struct overrides given = { .outer = place->overrides,
                               .parent = node,
                               .template = place->template };
    struct place inside = { .indent = "" };
    int rc;

    if (!partial)
        return 0;
    rc = enter(r);
    if (rc)
        return rc;
    inside.template = partial;
    inside.overrides =
        node->kind == NODE_PARENT && node->children ? &given : place->overrides;
    if (node->standalone)
        inside.indent = deeper(r, place, node->indent);
    rc = render_nodes(r, partial->root.children, &inside);
    r->depth--;
    return rc;
}

static const struct node *find_override(const struct overrides *overrides,
                                        const char *name,
                                        const struct overrides **where)
{
    const struct node *found = NULL;

    /* The outermost child wins, so the last one found on the way out. */
    for (; overrides; overrides = overrides->outer)
        for (const struct node *block = overrides->parent->children; block;
             block = block->next)
            if (block->kind == NODE_BLOCK && strcmp(block->name, name) == 0) {
                found = block;
                *where = overrides;
            }
    return found;
}

static int render_block(struct renderer *r, const struct node *node,
                        struct place *place)
{
    const struct overrides *where = NULL;
    const struct node *block =
        find_override(place->overrides, node->name, &where);
    struct place inside = { 0 };
    int rc;

    if (!block)
        return render_nodes(r, node->children, place);
    rc = enter(r);
    if (rc)
        return rc;
    inside.template = where->template;
    inside.overrides = place->overrides;
    inside.indent = deeper(r, place, node->intrinsic);
    inside.strip =
        r->host && r->host->flush_left ? 0 : strlen(block->intrinsic);
    inside.skip_first = !node->standalone && *inside.indent;
    rc = render_nodes(r, block->children, &inside);
    r->depth--;
    return rc;
}

static int render_nodes(struct renderer *r, const struct node *node,
                        struct place *place)
{
    int rc = 0;

    for (; node && !rc; node = node->next) {
        rc = count_step(r);
        if (rc)
            return rc;
        if (node->line_start && node->kind != NODE_TEXT && !node->standalone)
            line_begin(r, place);
        switch (node->kind) {
        case NODE_TEXT:
            put_text(r, node, place);
            break;
        case NODE_VARIABLE:
        case NODE_RAW:
            put_variable(r, node);
            break;
        case NODE_HELPER:
            put_helper(r, node);
            break;
        case NODE_SECTION:
            rc = render_section(r, node, place);
            break;
        case NODE_INVERTED: {
            const struct value *value = lookup(r, node);

            if (is_falsy(value))
                rc = render_nodes(r, node->children, place);
            break;
        }
        case NODE_PARTIAL:
        case NODE_PARENT:
            rc = render_partial(r, node, place);
            break;
        case NODE_BLOCK:
            rc = render_block(r, node, place);
            break;
        }
    }
    return rc;
}

int template_render(struct buf *out, struct ctx *ctx,
                    const struct template *template, const struct value *data,
                    const struct template_host *host,
                    struct template_report *report)
{
    struct renderer r = {
        .ctx = ctx, .out = out, .host = host, .report = report
    };
    struct place place = { .template = template, .indent = "" };
    int rc;

    assert(out && ctx && template);
    if (report)
        *report = (struct template_report){ 0 };
    r.contexts[r.context_count++] = data;
    rc = render_nodes(&r, template->root.children, &place);
    if (!rc && out->failed)
        rc = fail(ctx, E_LIMIT, "view.large", "the page is too large");
    return rc;
}
