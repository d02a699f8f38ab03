/*
 * definition_find.c - what of a form has a part to play: the field that names
 * a record, the one that makes a tree, the one that owns it; its page.
 */
#include "base/banned.h"

#include "form/definition.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "form/field_type.h"

/* What names a record: "label", else the first text, else the number. */
static void find_label(struct ctx *ctx, struct form *form,
                       const struct value *definition)
{
    const char *label = value_get_text(definition, "label");
    const struct field *field = label ? form_field(form, label) : NULL;
    size_t i;

    if (value_get(definition, "label") && (!field || !field->column))
        definition_error(ctx, "/label", "expected the key of a field");
    for (i = 0; !label && i < form->field_count; i++)
        if (strcmp(form->fields[i]->type->name, "text") == 0)
            label = form->fields[i]->key;
    for (i = 0; !label && i < form->field_count; i++)
        if (strcmp(form->fields[i]->type->name, "auto_number") == 0)
            label = form->fields[i]->key;
    form->label_field = label;
}

static void find_tree(struct ctx *ctx, struct form *form,
                      const struct value *definition)
{
    const char *key = value_get_text(definition, "tree");
    const struct field *field = key ? form_field(form, key) : NULL;

    if (!value_get(definition, "tree"))
        return;
    if (!field || !text_equal(field->target, form->name)) {
        definition_error(ctx, "/tree",
                         "expected the key of a link to this form itself");
        return;
    }
    form->parent_field = key;
}

/* Who stands in this field owns the record. */
static void find_owner(struct ctx *ctx, struct form *form,
                       const struct value *definition)
{
    const char *key = value_get_text(definition, "owner");
    const struct field *field = key ? form_field(form, key) : NULL;

    if (!value_get(definition, "owner"))
        return;
    if (!field || strcmp(field->type->name, "user") != 0)
        definition_error(ctx, "/owner", "expected the key of a user field");
    else
        form->owner_field = key;
}

/* A module's own page for its records: below /m/MODULE, with {id} in it. */
static void find_page(struct ctx *ctx, struct form *form,
                      const struct value *definition)
{
    const char *page = value_get_text(definition, "page");
    const char *dot = strchr(form->name, '.');
    size_t length = dot ? (size_t)(dot - form->name) : strlen(form->name);
    const char *id = page ? strstr(page, "/{id}") : NULL;

    if (!value_get(definition, "page"))
        return;
    if (!id || !text_starts(page, "/m/") ||
        strncmp(page + 3, form->name, length) != 0 || page[length + 3] != '/' ||
        strspn(page, "abcdefghijklmnopqrstuvwxyz0123456789_-/") !=
            (size_t)(id + 1 - page) ||
        strspn(id + 5, "abcdefghijklmnopqrstuvwxyz0123456789_-/") !=
            strlen(id + 5))
        definition_error(ctx, "/page",
                         "expected an address of the form's module with the"
                         " record's id: /m/%.*s/{id}",
                         (int)length, form->name);
    else
        form->page = page;
}

void definition_find(struct ctx *ctx, struct form *form,
                     const struct value *definition)
{
    find_label(ctx, form, definition);
    find_tree(ctx, form, definition);
    find_owner(ctx, form, definition);
    find_page(ctx, form, definition);
}
