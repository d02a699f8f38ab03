/*
 * slots.c - examples: pages, menus, widgets, services, rules, field types.
 */
#include "sdk_c.h"

/* example: TN_PAGE */
/* pages/today.mustache over what `fill_today` puts into `data`. It runs as the
 * person: who may not read a loan does not get it here. */
static int fill_today(tn_ctx *ctx, tn_request *request, tn_value *data,
                      void *unused)
{
    const tn_value *loans;
    tn_value *rows = tn_list(ctx);
    size_t i;
    int rc = tn_records_find(&loans, ctx, LOAN, .texts = true, .sort = "due");

    (void)request;
    (void)unused;
    for (i = 0; rc == TN_OK && i < tn_count(loans); i++)
        tn_append(rows, tn_at(loans, i));
    return rc != TN_OK ? rc : tn_put(data, "loans", rows);
}

static int register_page(tn_module *self)
{
    return TN_PAGE(self, .path = "/m/sdk_c", .template_name = "today",
                   .title = "sdk_c.title", .call = fill_today);
}
/* end */

/* example: TN_MENU */
/* The way to it, for those who may read loans and have one. `call` is asked
 * for each page of each person: keep it cheap, or leave it out. */
static int has_loans(tn_ctx *ctx, void *unused)
{
    int64_t count;
    int rc = tn_records_count(&count, ctx, LOAN, NULL);

    (void)unused;
    return rc != TN_OK ? rc : count > 0 ? TN_OK : TN_E_NOT_FOUND;
}

static int register_menu(tn_module *self)
{
    return TN_MENU(self, .title = "sdk_c.title", .path = "/m/sdk_c",
                   .icon = "box", .form = LOAN, .order = 300,
                   .call = has_loans);
}
/* end */

/* example: TN_WIDGET */
/* A box of the home page, over pages/lent.mustache. It is fetched behind the
 * page: one that fails or takes long costs its own place only. */
static int fill_lent(tn_ctx *ctx, tn_value *data, void *unused)
{
    int64_t count;
    int rc = tn_records_count(&count, ctx, LOAN, NULL);

    (void)unused;
    return rc != TN_OK ? rc : tn_put(data, "count", tn_int(ctx, count));
}

static int register_widget(tn_module *self)
{
    return TN_WIDGET(self, .name = "sdk_c.lent", .template_name = "lent",
                     .title = "sdk_c.today", .path = "/m/sdk_c", .form = LOAN,
                     .call = fill_lent);
}
/* end */

/* example: TN_SERVICE */
/* What <serviceTask tenon:service="sdk_c.add_thing"> does: the wish becomes a
 * thing. An error undoes what it wrote, and the process waits for repair. */
static int add_thing(tn_ctx *ctx, tn_record *wish, const tn_value *parameters,
                     void *unused)
{
    tn_value *values = tn_map(ctx);
    int64_t id;

    (void)unused;
    tn_put(values, "name", tn_text(ctx, tn_as_text(tn_get(wish, "name"))));
    tn_put(values, "kind", tn_item(parameters, "kind"));
    return tn_records_create(&id, ctx, THING, values);
}

static int register_service(tn_module *self)
{
    return TN_SERVICE(self, .name = "sdk_c.add_thing", .call = add_thing);
}
/* end */

/* example: TN_PARTICIPANTS */
/* Who does a task of a process: all keepers. To name nobody is allowed; the
 * process has a rule for that. */
static int keepers(tn_ctx *ctx, tn_record *record, const tn_value *parameters,
                   tn_value *people, void *unused)
{
    const tn_value *found;
    size_t i;
    int rc = tn_people_find(&found, ctx, .role = "keeper");

    (void)record;
    (void)parameters;
    (void)unused;
    for (i = 0; rc == TN_OK && i < tn_count(found); i++)
        rc = tn_append(people, tn_item(tn_at(found, i), "id"));
    return rc;
}

static int register_rule(tn_module *self)
{
    return TN_PARTICIPANTS(self, .name = "sdk_c.keepers",
                           .title = "sdk_c.keepers", .call = keepers);
}
/* end */

/* example: TN_FIELD_TYPE */
/* A condition of 1 to 3, for { "type": "sdk_c.grade" } in forms; plugin.cfg
 * says how it is stored: field_types = [ "grade:integer" ]. */
static int grade_input(tn_ctx *ctx, const tn_value **stored,
                       const tn_value *given, const tn_value *definition,
                       void *unused)
{
    const char *typed = tn_as_text(given);
    int64_t grade = typed ? tn_as_id(given) : tn_as_int(given, 0);

    (void)definition;
    (void)unused;
    if (grade < 1 || grade > 3)
        return tn_fail(ctx, TN_E_INVALID, "sdk_c.no_grade", "not 1 to 3");
    *stored = tn_int(ctx, grade);
    return TN_OK;
}

static const char *grade_text(tn_ctx *ctx, const tn_value *stored,
                              const tn_value *definition, void *unused)
{
    static const char *const words[] = { "?", "+", "++", "+++" };

    (void)ctx;
    (void)definition;
    (void)unused;
    return words[tn_as_int(stored, 0) & 3];
}

/* More data for the template pages/grade.mustache. */
static int grade_fill(tn_ctx *ctx, tn_value *field, const tn_value *stored,
                      const tn_value *definition, void *unused)
{
    (void)stored;
    (void)definition;
    (void)unused;
    return tn_put(field, "of", tn_int(ctx, 3));
}

static int register_type(tn_module *self)
{
    return TN_FIELD_TYPE(self, .name = "sdk_c.grade", .title = "sdk_c.grade",
                         .storage = TN_STORE_INTEGER, .input = grade_input,
                         .text = grade_text, .read = "grade", .cell = "grade",
                         .fill = grade_fill);
}
/* end */

/* example: TN_HAS */
/* Uses what a later host has, and runs on one that has it not. Every function
 * does so by itself: it answers TN_E_UNSUPPORTED. */
static int register_optional(tn_module *self)
{
    if (!TN_HAS(add, widget))
        return TN_OK;
    return register_widget(self);
}
/* end */

int start_slots(tn_module *self)
{
    register_page(self);
    register_menu(self);
    register_service(self);
    register_rule(self);
    register_type(self);
    return register_optional(self);
}
