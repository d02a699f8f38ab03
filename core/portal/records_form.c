/*
 * records_form.c - creating and changing a record: the page and its POST.
 *
 * A refused form comes back with everything that was typed, each message at
 * its field (422). A form of a flow is submitted; a draft is saved only when
 * asked for.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "flow/flow.h"
#include "form/field_type.h"
#include "org/person.h"
#include "portal/portal.h"
#include "portal/records.h"
#include "portal/records_fields.h"
#include "web/request.h"
#include "web/router.h"

enum { BLANK_ROWS = 3 };

/* A page to be shown. */
struct page {
    const struct form *form;
    const struct record *record;   /* NULL: a new one */
    const struct record *defaults; /* of a new one */
    const struct value *typed;
    int64_t version;
    int status, blank_rows;
};

static struct value *button(struct ctx *ctx, const char *key,
                            const char *action, const char *class)
{
    struct value *map = value_map(ctx->arena);

    value_set_text(map, "label", tr(ctx, key));
    value_set_text(map, "name", "_action");
    value_set_text(map, "value", action);
    if (class)
        value_set_text(map, "class", class);
    return map;
}

static void add_buttons(struct ctx *ctx, const struct page *page,
                        struct value *form)
{
    struct value *more = value_list(ctx->arena);

    if (page->form->flow) {
        bool draft = !page->record || strcmp(page->record->state, "draft") == 0;

        value_set(form, "submit",
                  button(ctx, "records.submit", "submit", NULL));
        value_append(more,
                     button(ctx, draft ? "records.save_draft" : "records.save",
                            "draft", "btn-outline-primary"));
    } else {
        value_set(form, "submit", button(ctx, "records.save", "save", NULL));
    }
    value_set(form, "more", more);
}

/* Each form has an id of its own: sent twice, it counts once (I8). */
static void add_operation(struct ctx *ctx, struct request *request,
                          struct value *form)
{
    struct value *keep = value_list(ctx->arena);
    struct value *item = value_map(ctx->arena);
    const char *sent = request_form(request, "_operation");
    char token[TOKEN_TEXT_MAX];

    token_make(token);
    value_set_text(item, "name", "_operation");
    value_set_text(item, "value", sent ? sent : token);
    value_append(keep, item);
    value_set(form, "keep", keep);
}

/* Buttons that add rows, where there are no scripts. */
static void add_row_buttons(struct ctx *ctx, const struct page *page,
                            struct value *form)
{
    struct value *list = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < page->form->field_count; i++) {
        const struct field *field = page->form->fields[i];
        struct value *item;

        if (!field->table || field->read_only || field->hidden)
            continue;
        item = value_map(ctx->arena);
        value_set_text(item, "value", field->key);
        value_set_text(item, "label", locale_pick(ctx, field->title));
        value_append(list, item);
    }
    value_set(form, "add_rows", list);
}

static int show(struct ctx *ctx, struct request *request,
                struct response *response, const struct page *page)
{
    const struct form *definition = page->form;
    struct value *data = value_map(ctx->arena);
    struct value *form = value_map(ctx->arena);
    const char *base = records_path(ctx, definition), *sent, *title;
    const char *path = page->record ? record_path(ctx, page->record) : base;
    struct fill fill = { .record = page->record ? page->record : page->defaults,
                         .typed = page->typed,
                         .problems = problems_value(ctx),
                         .blank_rows = page->blank_rows,
                         .is_new = !page->record };
    const char *name = locale_pick(ctx, definition->title);

    value_set(form, "action", value_url(ctx->arena, path));
    value_set_text(form, "name", definition->name);
    if (page->record) {
        value_set_id(form, "record", page->record->id);
        value_set_int(form, "version", page->version);
    }
    value_set(form, "sections",
              records_edit_sections(ctx, definition, &fill, &sent));
    value_set_text(form, "fields_sent", sent);
    if (definition->logic_useful)
        value_set(form, "logic_url",
                  value_url(ctx->arena,
                            arena_printf(ctx->arena, "/api/v1/forms/%s/logic",
                                         definition->name)));
    value_set(form, "cancel_url",
              value_url(ctx->arena, page->record       ? path
                                    : definition->flow ? "/apply"
                                                       : base));
    add_buttons(ctx, page, form);
    add_operation(ctx, request, form);
    add_row_buttons(ctx, page, form);
    value_set(data, "form", form);
    value_set(data, "problems", fill.problems);
    portal_crumb(ctx, data, name, base);
    if (page->record)
        portal_crumb(ctx, data, record_label(ctx, page->record), path);
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    portal_set(ctx, data, "has_bar", value_bool(ctx->arena, true));
    response->status = page->status;
    title = page->record ? record_label(ctx, page->record) : name;
    return portal_page(ctx, request, response, "records/form", title, data);
}

/* Defaults of a new record, as if somebody had typed them. */
static const struct record *blank(struct ctx *ctx, const struct form *form)
{
    struct ctx quiet = ctx_apart(ctx);
    struct record *record = NULL;

    record_check(&record, &quiet, form, NULL);
    return record;
}

/* ?KEY=VALUE fills in fields of the form: links from other pages. It is
 * as if somebody had typed it; what does not fit is left out. */
static const struct value *filled(struct ctx *ctx,
                                  const struct request *request,
                                  const struct form *form)
{
    struct value *typed = value_map(ctx->arena), *value;
    struct ctx quiet = ctx_apart(ctx);
    size_t i;

    for (i = 0; i < form->field_count; i++) {
        const struct field *field = form->fields[i];
        const char *text = request_query(request, field->key);

        if (text && !field->read_only && !field->hidden && !field->table &&
            !(field->type->flags & FIELD_LIST) &&
            field_input(&value, &quiet, field, field->key,
                        value_text(ctx->arena, text)) == 0)
            value_set_text(typed, field->key, text);
    }
    return typed;
}

/* The page of a new record, for somebody who may add one. */
static int start_new(struct page *page, struct ctx *ctx,
                     struct request *request)
{
    int rc;

    *page = (struct page){ .status = 200, .blank_rows = BLANK_ROWS };
    rc = records_form(&page->form, ctx, request);
    if (!rc && !records_may_create(ctx, page->form))
        rc = fail(ctx, E_FORBIDDEN, "form.may_not_create",
                  "you may not add records here");
    return rc;
}

static int new_page(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    struct page page;
    int rc = start_new(&page, ctx, request);

    (void)payload;
    if (rc)
        return rc;
    page.defaults = blank(ctx, page.form);
    page.typed = filled(ctx, request, page.form);
    return show(ctx, request, response, &page);
}

static int edit_page(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    struct page page = { .status = 200 };
    struct record *record;
    int rc = records_record(&record, ctx, request);

    (void)payload;
    if (rc)
        return rc;
    if (!records_may_change(ctx, record))
        return fail(ctx, E_FORBIDDEN, "records.not_now",
                    "this record can't be changed now");
    page.form = record->form;
    page.record = record;
    page.version = record->version;
    page.blank_rows = 1;
    page.typed = filled(ctx, request, page.form);
    return show(ctx, request, response, &page);
}

/* {version, by, at, changes} for the dialog of the form's island. */
static struct value *conflict_value(struct ctx *ctx,
                                    const struct record *theirs,
                                    const struct value *input)
{
    struct value *conflict = value_map(ctx->arena);
    struct value *list = value_list(ctx->arena);
    struct value *time = value_map(ctx->arena);
    const struct problem *problem;

    value_set_int(conflict, "version", theirs->version);
    value_set_text(conflict, "by", person_name(ctx, theirs->updated_by));
    portal_time(ctx, time, theirs->updated_at);
    value_set_text(conflict, "at", value_get_text(time, "when"));
    for (problem = ctx->problems; problem; problem = problem->next) {
        const struct field *field =
            problem->field ? form_field(theirs->form, problem->field) : NULL;
        struct ctx quiet = *ctx;
        struct value *change, *yours = NULL;

        if (!field)
            continue;
        field_input(&yours, &quiet, field, field->key,
                    value_get(input, field->key));
        change = value_map(ctx->arena);
        value_set_text(change, "label", locale_pick(ctx, field->title));
        value_set_text(change, "yours", field_human(ctx, field, yours));
        value_set_text(
            change, "theirs",
            field_human(ctx, field, value_get(theirs->values, field->key)));
        value_append(list, change);
    }
    value_set(conflict, "changes", list);
    return conflict;
}

static int answer_conflict(struct ctx *ctx, struct request *request,
                           struct response *response, struct page *page,
                           const struct sent *sent)
{
    struct record *theirs;
    struct value *answer;
    int rc = record_get(&theirs, ctx, page->form, page->record->id);

    if (rc)
        return rc;
    if (request->script_form) {
        answer = value_map(ctx->arena);
        value_set(answer, "problems", problems_value(ctx));
        value_set(answer, "conflict", conflict_value(ctx, theirs, sent->input));
        return response_json(ctx, response, 409, answer);
    }
    /* Sent again, the page's version says that the other one was seen. */
    page->record = theirs;
    page->version = theirs->version;
    page->status = 409;
    return show(ctx, request, response, page);
}

static int answer_refused(struct ctx *ctx, struct request *request,
                          struct response *response, struct page *page,
                          const struct sent *sent, int rc)
{
    const struct problem *problem;

    if (rc == E_CONFLICT && page->record)
        for (problem = ctx->problems; problem; problem = problem->next)
            if (strcmp(problem->key, "form.conflict") == 0)
                return answer_conflict(ctx, request, response, page, sent);
    /* Without room on the disk too, what was typed is not lost. */
    if (rc != E_INVALID && rc != E_CONFLICT && rc != E_LIMIT && rc != E_FULL)
        return rc;
    if (request->script_form) {
        records_name_rows(ctx, sent);
        return rc;
    }
    page->status = error_status(rc);
    page->blank_rows = 1;
    return show(ctx, request, response, page);
}

static int save(struct record **out, struct ctx *ctx, struct request *request,
                const struct page *page, const struct value *input)
{
    const char *action = request_form(request, "_action");
    const char *operation = request_form(request, "_operation");
    int64_t id = page->record ? page->record->id : 0;

    if (page->form->flow && !text_equal(action, "draft"))
        return flow_submit(out, ctx, page->form, id, page->version, input,
                           operation ? operation : "");
    return record_save(out, ctx, page->form, id, page->version, input,
                       !page->record && page->form->flow ? "draft" : NULL);
}

/* Where one goes after saving: to the record, unless it was given to
 * somebody else by that and is out of sight now. */
static const char *place_after(struct ctx *ctx, const struct record *record)
{
    struct ctx quiet = ctx_apart(ctx);

    return record_may(&quiet, record, RIGHT_READ)
               ? records_path(ctx, record->form)
               : record_path(ctx, record);
}

static int post(struct ctx *ctx, struct request *request,
                struct response *response, struct page *page)
{
    const char *action = request_form(request, "_action");
    const char *toast = "records.saved";
    struct record *record;
    struct sent sent;
    int rc = records_read(&sent, ctx, request, page->form);

    page->typed = sent.input;
    if (!rc && request_form(request, "_add_row")) {
        page->blank_rows = BLANK_ROWS;
        return show(ctx, request, response, page);
    }
    if (!rc)
        rc = save(&record, ctx, request, page, sent.input);
    if (rc)
        return answer_refused(ctx, request, response, page, &sent, rc);
    if (page->form->flow)
        toast = text_equal(action, "draft") ? "records.draft_saved"
                                            : "records.submitted";
    /* An anonymous record is not its writer's any more. */
    return response_done(ctx, request, response,
                         page->form->anonymous ? "/" : place_after(ctx, record),
                         tr(ctx, toast));
}

static int create(struct ctx *ctx, struct request *request,
                  struct response *response, void *payload)
{
    struct page page;
    int rc = start_new(&page, ctx, request);

    (void)payload;
    if (rc)
        return rc;
    return post(ctx, request, response, &page);
}

static int change(struct ctx *ctx, struct request *request,
                  struct response *response, void *payload)
{
    const char *version = request_form(request, "_version");
    struct page page = { .status = 200, .blank_rows = 1 };
    struct record *record;
    int rc = records_record(&record, ctx, request);

    (void)payload;
    if (rc)
        return rc;
    if (!version || int_parse(&page.version, version, 1, INT64_MAX))
        return fail(ctx, E_BAD_REQUEST, "records.no_version",
                    "the version that was changed is missing");
    page.form = record->form;
    page.record = record;
    return post(ctx, request, response, &page);
}

void records_form_start(void)
{
    static const struct route routes[] = {
        { "GET", "/records/{form}/new", ROUTE_PERSON, ROUTE_PAGE, new_page,
          NULL, NULL, "/records/visitor/new" },
        { "POST", "/records/{form}", ROUTE_PERSON,
          ROUTE_PAGE | ROUTE_UPLOAD | ROUTE_FILE_FORM, create, NULL, NULL,
          NULL },
        { "GET", "/records/{form}/{id}/edit", ROUTE_PERSON, ROUTE_PAGE,
          edit_page, NULL, NULL, NULL },
        { "POST", "/records/{form}/{id}", ROUTE_PERSON,
          ROUTE_PAGE | ROUTE_UPLOAD | ROUTE_FILE_FORM, change, NULL, NULL,
          NULL },
        { .method = NULL },
    };

    route_add_table(routes);
}
