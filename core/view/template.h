/*
 * template.h - Mustache (the published spec, core modules, inheritance and
 * dynamic names; no lambdas), compiled once into a tree.
 *
 * Escaped by default, `'` too. {{{x}}} and {{&x}} put out VALUE_HTML as it
 * is; anything else they escape all the same and count as a misuse. Where an
 * address is expected (href, src, action, hx-get …) a text that is not a
 * VALUE_URL passes the same check as value_url() (S22). Templates hold no
 * code; depth, steps and size of the output are limited (S44).
 */
#ifndef VIEW_TEMPLATE_H
#define VIEW_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct arena;
struct ctx;
struct template;
struct value;

enum {
    TEMPLATE_SOURCE_MAX = 512 * 1024, /* bytes of one template */
    TEMPLATE_NESTING_MAX = 64,        /* sections inside one template */
    TEMPLATE_DEPTH_MAX = 64,          /* partials and parents at run time */
    TEMPLATE_STEPS_MAX = 500000,      /* tags put out in one rendering */
};

/*
 * Compiles `length` bytes. The tree and a copy of the source live in
 * `arena`. `name` is for messages ("list.mustache").
 *
 * Returns 0; E_INVALID with name, line and what was expected.
 */
int template_compile(struct template **out, struct ctx *ctx,
                     struct arena *arena, const char *name, const char *source,
                     size_t length);

/*
 * What a rendering asks its host. Each may be NULL.
 *
 * partial  the template `name`; `from` is the one that asks (for
 *          "../name", the same name one layer down). NULL: there is none,
 *          which puts out nothing, as the spec says.
 * helper   `prefix` and `rest` of a dotted name whose first part is a
 *          reserved word (template_is_helper); writes the finished HTML to
 *          `out`, already escaped. Text for attributes is right, too.
 */
struct template_host {
    const struct template *(*partial)(void *payload, const char *name,
                                      const struct template *from);
    void (*helper)(void *payload, struct buf *out, const char *prefix,
                   const char *rest);
    void *payload;
    /* Not 0: a number of the host's state. As long as it stays the same, a
     * partial's name means the same template, and is asked for only once. */
    unsigned long generation;
    /* Where a partial or block stands indents none of its lines: HTML does
     * not care, and the page is smaller and sooner made. */
    bool flush_left;
};

/* True for "t", "asset", "icon": {{t.portal.save}}, {{icon.plus}}. A part
 * "@key" behind them is looked up in the data first: {{icon.@icon}}. */
bool template_is_helper(const char *prefix);

/* What a rendering counted. */
struct template_report {
    int misuses;              /* {{{x}}} of something that is not VALUE_HTML */
    const char *first_misuse; /* its name; arena of the call's context */
};

/*
 * Appends the rendering of `template` over `data` (a map, or any value that
 * {{.}} names) to `out`. `report` may be NULL.
 *
 * Returns 0; E_LIMIT where a limit is passed (a partial that includes itself
 * for ever, a buffer that is full); the buffer's content is then useless.
 */
int template_render(struct buf *out, struct ctx *ctx,
                    const struct template *template, const struct value *data,
                    const struct template_host *host,
                    struct template_report *report);

const char *template_name(const struct template *template);

/* For the host: a number that it may keep with a template (the layer that
 * it came from), 0 at first. */
void template_set_layer(struct template *template, int layer);
int template_layer(const struct template *template);

#endif
