/*
 * definition.c - checks a form's JSON definition and builds the form.
 *
 * All errors are reported, each with the JSON pointer of what is wrong and
 * what was expected. Makes no table; knows no SQL but column names.
 */
#include "base/banned.h"

#include "form/definition.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "form/anonymous.h"
#include "form/field_type.h"
#include "form/match.h"
#include "form/view.h"
#include "script/logic.h"

enum { KEY_MAX = 40, FIELDS_MAX = 200, CELLS_MAX = 50, TABLES_MAX = 20 };

static const char FORM_PROPERTIES[] =
    " title category icon description label tree flow fields sections list"
    " views rules grants apply closed levels order owner anonymous only_granted"
    " page $schema ";
static const char FIELD_PROPERTIES[] =
    " key type title hint required read_only hidden unique index default"
    " computed ";
/* Names that the API and the pages use beside the fields. */
static const char RESERVED[] =
    " id version owner department state created_at created_by updated_at"
    " updated_by deleted_at record position search form values csrf"
    " operation _action ";

bool definition_word_in(const char *list, const char *word)
{
    size_t length = strlen(word);
    const char *at = list;

    while ((at = strstr(at, word))) {
        if (at[-1] == ' ' && at[length] == ' ')
            return true;
        at += length;
    }
    return false;
}

bool field_key_valid(const char *key)
{
    size_t i;

    if (!key || *key < 'a' || *key > 'z' || strlen(key) > KEY_MAX)
        return false;
    for (i = 1; key[i]; i++) {
        char c = key[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              (c == '_' && key[i - 1] != '_' && key[i + 1])))
            return false;
    }
    return true;
}

bool form_name_valid(const char *name)
{
    const char *dot;
    char part[KEY_MAX + 1];
    size_t length;

    if (!name || strlen(name) > KEY_MAX)
        return false;
    dot = strchr(name, '.');
    if (!dot)
        return field_key_valid(name);
    length = (size_t)(dot - name);
    memcpy(part, name, length);
    part[length] = '\0';
    return field_key_valid(part) && field_key_valid(dot + 1);
}

const char *form_table_name(struct arena *arena, const char *name)
{
    char *table = arena_printf(arena, "r_%s", name);
    char *dot = strchr(table, '.');

    if (dot)
        *dot = '_';
    return table;
}

static const char *at(struct ctx *ctx, const char *pointer, const char *name)
{
    return arena_printf(ctx->arena, "%s/%s", pointer, name);
}

int definition_title(struct ctx *ctx, const struct value *title,
                     const char *pointer)
{
    size_t i;

    if (!title || !text_empty(value_as_text(title)))
        return 0;
    if (value_kind(title) != VALUE_MAP || !value_count(title))
        return definition_error(ctx, pointer,
                                "expected a text or a map of languages");
    for (i = 0; i < value_count(title); i++)
        if (text_empty(value_as_text(value_item_at(title, i))))
            return definition_error(ctx,
                                    at(ctx, pointer, value_key_at(title, i)),
                                    "expected a text");
    return 0;
}

static int check_bool(struct ctx *ctx, const struct value *map,
                      const char *name, const char *pointer)
{
    const struct value *value = value_get(map, name);

    if (!value || value_kind(value) == VALUE_BOOL)
        return 0;
    return definition_error(ctx, at(ctx, pointer, name),
                            "expected true or false");
}

int definition_properties(struct ctx *ctx, const struct value *map,
                          const char *pointer, const char *common,
                          const char *own)
{
    size_t i;
    int rc = 0;

    for (i = 0; i < value_count(map); i++) {
        const char *name = value_key_at(map, i);

        if (definition_word_in(common, name) ||
            (own && definition_word_in(own, name)))
            continue;
        rc = definition_error(ctx, at(ctx, pointer, name),
                              "unknown property; expected one of%s%s", common,
                              own ? own : "");
    }
    return rc;
}

static int read_fields(struct field ***out, size_t *count, struct ctx *ctx,
                       struct arena *arena, struct form *form,
                       struct field *table, const struct value *list,
                       const char *pointer);

/* The row of the table of types; of a computed field, that of its result. */
static const struct field_type *read_type(struct ctx *ctx, struct field *field,
                                          const char *pointer)
{
    const char *name = value_get_text(field->options, "type");
    const struct field_type *type = name ? field_type_of(ctx, name) : NULL;
    struct buf names;
    size_t i;

    field->computed = value_get_text(field->options, "computed");
    if (value_get(field->options, "computed") && text_empty(field->computed))
        definition_error(ctx, at(ctx, pointer, "computed"),
                         "expected a Lua expression");
    if (type && strcmp(type->name, "computed") == 0) {
        const char *result = value_get_text(field->options, "result");

        field->computed = value_get_text(field->options, "expression");
        if (text_empty(field->computed)) {
            definition_error(ctx, at(ctx, pointer, "expression"),
                             "expected a Lua expression");
            return NULL;
        }
        type = field_type_find(result ? result : "decimal");
        if (!type || !type->sql || type->flags & FIELD_HEAD_ONLY ||
            type->flags & FIELD_LIST) {
            definition_error(ctx, at(ctx, pointer, "result"),
                             "expected integer, decimal, money, percent,"
                             " text, date, datetime or boolean");
            return NULL;
        }
    }
    if (type)
        return type;
    buf_init(&names, ctx->arena, 2000);
    for (i = 0; field_type_at(i); i++)
        buf_addf(&names, "%s%s", i ? ", " : "", field_type_at(i)->name);
    buf_add_text(&names, ", or a type of a module that was switched on");
    definition_error(ctx, at(ctx, pointer, "type"), "expected one of %s",
                     buf_text(&names));
    return NULL;
}

static int check_field(struct ctx *ctx, struct field *field, bool in_table,
                       const char *pointer)
{
    static const char *const flags[] = { "required", "read_only", "hidden",
                                         "unique", "index" };
    const struct field_type *type = field->type;
    const char *own = field->computed ? " scale result expression currency"
                                        " max_length plain unit "
                                      : type->properties;
    int before = ctx->problem_count;
    size_t i;

    definition_properties(ctx, field->options, pointer, FIELD_PROPERTIES, own);
    definition_title(ctx, field->title, at(ctx, pointer, "title"));
    definition_title(ctx, field->hint, at(ctx, pointer, "hint"));
    for (i = 0; i < sizeof flags / sizeof flags[0]; i++)
        check_bool(ctx, field->options, flags[i], pointer);
    if (in_table && type->flags & FIELD_HEAD_ONLY)
        definition_error(ctx, at(ctx, pointer, "type"),
                         "%s can't stand in a sub-table", type->name);
    if (field->unique && (!type->sql || in_table || type->flags & FIELD_LIST))
        definition_error(ctx, at(ctx, pointer, "unique"),
                         "fields of this type and place can't be unique");
    if (field->indexed && (in_table || !(type->flags & FIELD_SORTABLE)))
        definition_error(ctx, at(ctx, pointer, "index"),
                         "fields of this type and place have no index");
    if (field->similar && (in_table || field->hidden))
        definition_error(ctx, at(ctx, pointer, "similar"),
                         "fields of this place are not compared");
    if (field->required && field->computed)
        definition_error(ctx, at(ctx, pointer, "required"),
                         "a computed field can't be required");
    return ctx->problem_count > before ? E_INVALID : 0;
}

/* Names of columns and tables follow from the key; 63 bytes at most. */
static void name_columns(struct arena *arena, struct field *field,
                         const struct field *table)
{
    const struct field_type *type = field->type;

    if (type->sql)
        field->column = arena_printf(arena, "f_%s", field->key);
    field->sortable = type->flags & FIELD_SORTABLE && !table;
    if (field->sortable)
        field->sort_column = type->flags & FIELD_SORT_KEY
                                 ? arena_printf(arena, "s_%s", field->key)
                                 : field->column;
}

static int read_field(struct field **out, struct ctx *ctx, struct arena *arena,
                      struct form *form, struct field *table,
                      const struct value *definition, const char *pointer)
{
    struct field *field = arena_alloc(arena, sizeof *field);
    int rc;

    *out = field;
    if (value_kind(definition) != VALUE_MAP)
        return definition_error(ctx, pointer, "expected a map");
    field->form = form;
    field->options = definition;
    field->key = value_get_text(definition, "key");
    if (!field_key_valid(field->key))
        return definition_error(ctx, at(ctx, pointer, "key"),
                                "expected a small letter, then small letters,"
                                " digits and single underscores, at most %d",
                                KEY_MAX);
    if (definition_word_in(RESERVED, field->key))
        return definition_error(ctx, at(ctx, pointer, "key"),
                                "\"%s\" is a name of the system", field->key);
    field->type = read_type(ctx, field, pointer);
    if (!field->type)
        return E_INVALID;
    field->title = value_get(definition, "title");
    if (!field->title)
        field->title = value_text(arena, field->key);
    field->hint = value_get(definition, "hint");
    field->required = value_get_bool(definition, "required");
    field->read_only = value_get_bool(definition, "read_only") ||
                       field->computed || field->type->missing ||
                       field->type->flags & FIELD_AUTOMATIC;
    field->hidden = value_get_bool(definition, "hidden");
    field->unique = value_get_bool(definition, "unique");
    field->indexed = value_get_bool(definition, "index");
    field->similar = value_get_bool(definition, "similar") ||
                     value_get_text(definition, "similar");
    field->max_length = 200;
    rc = check_field(ctx, field, table != NULL, pointer);
    if (!rc && field->type->define)
        rc = field->type->define(ctx, arena, field, pointer);
    if (rc)
        return rc;
    name_columns(arena, field, table);
    if (strcmp(field->type->name, "sub_table") != 0)
        return 0;
    field->table = arena_printf(arena, "%s__%s", form->table, field->key);
    if (strlen(field->table) > 63)
        return definition_error(ctx, at(ctx, pointer, "key"),
                                "with the form's name it is too long by %zu",
                                strlen(field->table) - 63);
    return read_fields(&field->fields, &field->field_count, ctx, arena, form,
                       field, value_get(definition, "fields"),
                       at(ctx, pointer, "fields"));
}

static int read_fields(struct field ***out, size_t *count, struct ctx *ctx,
                       struct arena *arena, struct form *form,
                       struct field *table, const struct value *list,
                       const char *pointer)
{
    size_t most = table ? CELLS_MAX : FIELDS_MAX, i, j, tables = 0;
    int rc = 0;

    if (value_kind(list) != VALUE_LIST || !value_count(list) ||
        value_count(list) > most)
        return definition_error(ctx, pointer,
                                "expected a list of 1 to %zu fields", most);
    *out = arena_array(arena, value_count(list), sizeof **out);
    for (i = 0; i < value_count(list); i++) {
        const char *here = arena_printf(ctx->arena, "%s/%zu", pointer, i);
        struct field *field;

        if (read_field(&field, ctx, arena, form, table, value_at(list, i),
                       here)) {
            rc = E_INVALID;
            continue;
        }
        for (j = 0; j < *count; j++)
            if (strcmp((*out)[j]->key, field->key) == 0)
                rc = definition_error(ctx, at(ctx, here, "key"),
                                      "\"%s\" is there twice", field->key);
        if (field->table && ++tables > TABLES_MAX)
            rc = definition_error(ctx, here, "at most %d sub-tables",
                                  TABLES_MAX);
        (*out)[(*count)++] = field;
    }
    return rc;
}

void definition_keys(struct ctx *ctx, const struct form *form,
                     const struct value *list, const char *pointer)
{
    static const char SYSTEM[] =
        " owner department state created_at created_by updated_at updated_by ";
    size_t i;

    if (list && value_kind(list) != VALUE_LIST)
        definition_error(ctx, pointer, "expected a list of field keys");
    for (i = 0; i < value_count(list); i++) {
        const char *key = value_as_text(value_at(list, i));

        if (!key ||
            (!form_field(form, key) && !definition_word_in(SYSTEM, key)))
            definition_error(ctx,
                             arena_printf(ctx->arena, "%s/%zu", pointer, i),
                             "expected the key of a field");
    }
}

static void check_layout(struct ctx *ctx, const struct form *form,
                         const struct value *definition)
{
    const struct value *sections = value_get(definition, "sections");
    const struct value *list = value_get(definition, "list");
    const char *sort = value_get_text(list, "sort");
    size_t i;

    if (sections && value_kind(sections) != VALUE_LIST)
        definition_error(ctx, "/sections", "expected a list");
    for (i = 0; i < value_count(sections); i++) {
        const struct value *section = value_at(sections, i);
        const char *here = arena_printf(ctx->arena, "/sections/%zu", i);

        definition_properties(ctx, section, here, " title fields ", NULL);
        definition_title(ctx, value_get(section, "title"),
                         at(ctx, here, "title"));
        definition_keys(ctx, form, value_get(section, "fields"),
                        at(ctx, here, "fields"));
    }
    if (list && value_kind(list) != VALUE_MAP)
        definition_error(ctx, "/list", "expected a map");
    definition_properties(ctx, list, "/list", " columns sort filters ", NULL);
    definition_keys(ctx, form, value_get(list, "columns"), "/list/columns");
    definition_keys(ctx, form, value_get(list, "filters"), "/list/filters");
    if (sort && *sort == '-')
        sort++;
    if (sort && !definition_word_in(" created_at updated_at id ", sort) &&
        (!form_field(form, sort) || !form_field(form, sort)->sortable))
        definition_error(ctx, "/list/sort",
                         "expected the key of a field that can be sorted by");
}

static void check_rules(struct ctx *ctx, const struct form *form,
                        const struct value *rules)
{
    size_t i;

    if (rules && value_kind(rules) != VALUE_LIST)
        definition_error(ctx, "/rules", "expected a list");
    for (i = 0; i < value_count(rules); i++) {
        const struct value *rule = value_at(rules, i);
        const char *here = arena_printf(ctx->arena, "/rules/%zu", i);
        const char *field = value_get_text(rule, "field");
        bool require = !text_empty(value_get_text(rule, "require"));
        bool refuse = !text_empty(value_get_text(rule, "refuse"));

        definition_properties(ctx, rule, here, " require refuse message field ",
                              NULL);
        if (require == refuse)
            definition_error(ctx, here,
                             "expected \"require\" or \"refuse\" with a Lua"
                             " expression");
        if (!value_get(rule, "message"))
            definition_error(ctx, at(ctx, here, "message"),
                             "expected a text or a map of languages");
        definition_title(ctx, value_get(rule, "message"),
                         at(ctx, here, "message"));
        if (value_get(rule, "field") && (!field || !form_field(form, field)))
            definition_error(ctx, at(ctx, here, "field"),
                             "expected the key of a field");
    }
}

static void check_grants(struct ctx *ctx, const struct value *grants)
{
    size_t i;

    if (grants && value_kind(grants) != VALUE_LIST)
        definition_error(ctx, "/grants", "expected a list");
    for (i = 0; i < value_count(grants); i++) {
        const struct value *grant = value_at(grants, i);
        const char *here = arena_printf(ctx->arena, "/grants/%zu", i);
        const char *who = value_get_text(grant, "who");
        const char *right = value_get_text(grant, "right");
        const char *scope = value_get_text(grant, "scope");

        definition_properties(ctx, grant, here, " who right scope ", NULL);
        if (!who ||
            (strcmp(who, "everyone") != 0 && !text_starts(who, "role:")))
            definition_error(ctx, at(ctx, here, "who"),
                             "expected \"everyone\" or \"role:KEY\"");
        if (!right ||
            !definition_word_in(" read create update delete export ", right))
            definition_error(ctx, at(ctx, here, "right"),
                             "expected read, create, update, delete or"
                             " export");
        if (scope &&
            !definition_word_in(" all owner department departments ", scope))
            definition_error(ctx, at(ctx, here, "scope"),
                             "expected all, owner, department or"
                             " departments");
    }
}

static struct value *logic_fields(struct arena *arena,
                                  struct field *const *fields, size_t count)
{
    struct value *list = value_list(arena);
    size_t i;

    for (i = 0; i < count; i++) {
        const struct field *field = fields[i];
        struct value *map = value_map(arena);

        value_set_text(map, "key", field->key);
        value_set_text(map, "type", field->type->logic);
        if (field->type->flags & FIELD_SCALED)
            value_set_int(map, "scale", field->scale);
        if (field->computed)
            value_set_text(map, "computed", field->computed);
        if (field->field_count)
            value_set(map, "fields",
                      logic_fields(arena, field->fields, field->field_count));
        value_append(list, map);
    }
    return list;
}

static void make_logic(struct arena *arena, struct form *form)
{
    struct value *map = value_map(arena);

    value_set_text(map, "name", form->name);
    value_set(map, "fields",
              logic_fields(arena, form->fields, form->field_count));
    if (form->logic) {
        value_set_text(map, "file", arena_printf(arena, "%s.lua", form->name));
        value_set_text(map, "source", form->logic);
    }
    form->logic_definition = map;
    form->logic_useful = logic_useful(map);
}

static void check_head(struct ctx *ctx, const struct form *form,
                       const struct value *definition)
{
    static const char *const texts[] = { "icon", "label", "tree", "flow" };
    size_t i;

    definition_properties(ctx, definition, "", FORM_PROPERTIES, NULL);
    if (!form->title)
        definition_error(ctx, "/title",
                         "expected a text or a map of languages");
    definition_title(ctx, form->title, "/title");
    definition_title(ctx, form->category, "/category");
    definition_title(ctx, value_get(definition, "description"), "/description");
    check_bool(ctx, definition, "apply", "");
    check_bool(ctx, definition, "closed", "");
    check_bool(ctx, definition, "only_granted", "");
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (value_get(definition, texts[i]) &&
            text_empty(value_get_text(definition, texts[i])))
            definition_error(ctx, at(ctx, "", texts[i]), "expected a text");
}

int definition_read(struct form **out, struct ctx *ctx, struct arena *arena,
                    const char *name, const char *table,
                    const struct value *definition, const char *logic)
{
    struct form *form = arena_alloc(arena, sizeof *form);
    int before = ctx->problem_count;
    int rc;

    *out = NULL;
    if (value_kind(definition) != VALUE_MAP)
        return definition_error(ctx, "", "expected a map");
    definition = value_copy(arena, definition);
    form->name = arena_strdup(arena, name);
    form->table = arena_strdup(arena, table);
    form->definition = definition;
    form->title = value_get(definition, "title");
    form->category = value_get(definition, "category");
    form->icon = value_get(definition, "icon");
    form->flow = value_get_text(definition, "flow");
    form->logic = arena_strdup(arena, logic);
    form->enabled = true;
    form->closed = value_get_bool(definition, "closed");
    check_head(ctx, form, definition);
    rc = read_fields(&form->fields, &form->field_count, ctx, arena, form, NULL,
                     value_get(definition, "fields"), "/fields");
    if (!rc) {
        match_read(ctx, form);
        check_layout(ctx, form, definition);
        view_check_all(ctx, form, value_get(definition, "views"));
        check_rules(ctx, form, value_get(definition, "rules"));
        check_grants(ctx, value_get(definition, "grants"));
        definition_find(ctx, form, definition);
        anonymous_read(ctx, form, definition);
    }
    if (rc || ctx->problem_count > before)
        return E_INVALID;
    make_logic(arena, form);
    *out = form;
    return 0;
}
