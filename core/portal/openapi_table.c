/*
 * openapi_table.c - what the routes of the core take and answer, in words.
 *
 * A route without a row is described by its pattern alone. Texts are English:
 * they are read by those who write programs.
 */
#include "base/banned.h"

#include "portal/openapi.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/value.h"

#define API "/api/v1/"
#define RECORD API "records/{form}/{id}"
#define TWICE "idempotency-key"

static const struct openapi_route routes[] = {
    { "GET", API "session", "Session", "Who is signed in", NULL, NULL, NULL,
      "Session", 0 },
    { "GET", API "search", "Search",
      "Find records of all forms, and people, by their words", "q limit:int",
      NULL, NULL, "Found", 0 },
    { "GET", API "messages", "Session", "One's own notifications", NULL, NULL,
      NULL, "Messages", 0 },
    { "GET", API "jobs/{id}", "Session", "How far a work in the background is",
      NULL, NULL, NULL, "Any", 0 },
    { "POST", API "jobs/{id}/cancel", "Session",
      "Cancel a work that one has started; administrators: any", NULL, NULL,
      NULL, "Any", 0 },
    { "GET", API "jobs", "Jobs", "Work in the background, for administrators",
      "state kind module schedules limit:int offset:int", NULL, NULL, "Any",
      0 },
    { "PATCH", API "jobs/{id}", "Jobs", "Change the priority of one that waits",
      NULL, NULL, "Any", "Any", 0 },
    { "POST", API "jobs/{id}/retry", "Jobs",
      "Run it now, with all its attempts", NULL, NULL, NULL, "Any", 0 },
    { "GET", API "dead-letters", "Jobs",
      "Jobs and deliveries that could not be done", NULL, NULL, NULL, "Any",
      0 },
    { "GET", API "incidents", "Jobs", "What an administrator has to look at",
      "open limit:int offset:int", NULL, NULL, "Any", 0 },
    { "POST", API "incidents/{id}/retry", "Jobs",
      "Run the job or delivery of an incident once more", NULL, NULL, NULL,
      "Any", 0 },
    { "POST", API "incidents/{id}/close", "Jobs", "Close an incident", NULL,
      NULL, NULL, "Any", 0 },
    { "POST", API "files", "Files",
      "Send a file; its id then goes into a record's file field", NULL, NULL,
      "multipart", "File", 201 },
    { "GET", API "files/{id}", "Files", "What a file is", NULL, NULL, NULL,
      "File", 0 },
    { "POST", API "imports", "Imports",
      "Send a table to be imported; the part \"form\" names the form", NULL,
      NULL, "multipart", "Any", 201 },
    { "GET", API "imports/{id}", "Imports", "How far an import is", NULL, NULL,
      NULL, "Any", 0 },
    { "PATCH", API "imports/{id}", "Imports",
      "Say what the file's columns are, and how it is read", NULL, NULL, "Any",
      "Any", 0 },
    { "POST", API "imports/{id}/check", "Imports",
      "Check all rows, save nothing", NULL, NULL, NULL, "Any", 202 },
    { "POST", API "imports/{id}/run", "Imports", "Import it", NULL, NULL, NULL,
      "Any", 202 },
    { "POST", API "imports/{id}/undo", "Imports", "Take it back, within a day",
      NULL, NULL, NULL, "Any", 202 },
    { "GET", API "imports/{id}/rows", "Imports",
      "Rows that were refused, or left alone by an undo", "state after:int",
      NULL, NULL, "Any", 0 },
    { "GET", API "imports/{id}/refused.csv", "Imports",
      "The refused rows as a file: mend it and send it again", NULL, NULL, NULL,
      NULL, 0 },
    { "POST", API "exports", "Imports",
      "Prepare a form's records as a file, by a job", NULL, NULL, "Any", "Any",
      202 },
    { "GET", API "records/{form}", "Records", "A page of a form's records",
      "limit:int cursor sort fields q filter count:bool bin:bool", NULL, NULL,
      "RecordList", 0 },
    { "POST", API "records/{form}", "Records",
      "Make a record; of a form with a flow: apply", NULL, TWICE, "NewRecord",
      "Record", 201 },
    { "GET", RECORD, "Records", "One record with its sub-tables", NULL,
      "if-none-match", NULL, "Record", 0 },
    { "PATCH", RECORD, "Records", "Change some fields", NULL,
      "if-match! " TWICE, "Change", "Record", 0 },
    { "DELETE", RECORD, "Records", "Put a record into the bin", NULL,
      "if-match!", NULL, NULL, 204 },
    { "POST", RECORD "/restore", "Records", "Take it out of the bin", NULL,
      NULL, NULL, "Record", 0 },
    { "POST", RECORD "/submit", "Records", "Submit a draft", NULL, TWICE, NULL,
      "Any", 0 },
    { "POST", RECORD "/withdraw", "Records",
      "Take an application back that nobody has decided", NULL, NULL, NULL,
      "Any", 0 },
    { "GET", RECORD "/comments", "Records", "What people said about it", NULL,
      NULL, NULL, "Comments", 0 },
    { "POST", RECORD "/comments", "Records", "Say something about it", NULL,
      NULL, "NewComment", "Comments", 0 },
    { "GET", RECORD "/trail", "Records", "Who changed what, newest first", NULL,
      NULL, NULL, "Trail", 0 },
    { "GET", RECORD "/history", "Records", "Its process and decisions", NULL,
      NULL, NULL, "Any", 0 },
    { "POST", API "records/{form}/bulk", "Records",
      "Change, delete or restore many records, each by its own rights", NULL,
      NULL, "Any", "Any", 0 },
    { "GET", API "records/{form}/bulk/{id}", "Records",
      "What became of it, what was left alone and why", NULL, NULL, NULL, "Any",
      0 },
    { "POST", API "records/{form}/bulk/{id}/undo", "Records",
      "Give the former values back", NULL, NULL, NULL, "Any", 0 },
    { "GET", API "records/{form}/aggregate", "Records", "Figures by groups",
      "group measure sort limit:int q filter bin:bool", NULL, NULL, "Figures",
      0 },
    { "POST", API "records/{form}/bulk", "Records",
      "Change, delete or restore many; above 200 as a job", NULL, NULL, "Any",
      "Any", 0 },
    { "GET", API "records/{form}/bulk/{id}", "Records",
      "How far that is, and what was left", NULL, NULL, NULL, "Any", 0 },
    { "POST", API "records/{form}/bulk/{id}/undo", "Records", "Take it back",
      NULL, NULL, NULL, "Any", 0 },
    { "GET", API "views", "Views", "The views of a form", "form!", NULL, NULL,
      "Any", 0 },
    { "POST", API "views", "Views", "Save a view", NULL, NULL, "Any", "Any",
      201 },
    { "POST", API "views/default", "Views", "What opens first", NULL, NULL,
      "Any", NULL, 204 },
    { "GET", API "views/{id}", "Views", "One saved view", NULL, NULL, NULL,
      "Any", 0 },
    { "PATCH", API "views/{id}", "Views", "Change a view", NULL, NULL, "Any",
      "Any", 0 },
    { "DELETE", API "views/{id}", "Views", "Delete a view", NULL, NULL, NULL,
      NULL, 204 },
    { "GET", API "forms", "Forms", "The forms that one may use", NULL, NULL,
      NULL, "Forms", 0 },
    { "GET", API "forms/{form}", "Forms", "A form's fields", NULL, NULL, NULL,
      "Form", 0 },
    { "GET", API "forms/{form}/logic", "Forms", "A form's logic in Lua", NULL,
      NULL, NULL, "Any", 0 },
    { "GET", API "forms/{form}/fields/{field}/options", "Forms",
      "What may be chosen in a field", "q parent ids", NULL, NULL, "Options",
      0 },
    { "GET", API "forms/{form}/fields/{field}/similar", "Forms",
      "Records that are called nearly so", "q! except", NULL, NULL, "Any", 0 },
    { "GET", API "views", "Views", "The views of a form's list", "form!", NULL,
      NULL, "Any", 0 },
    { "POST", API "views", "Views", "Save a view", NULL, NULL, "Any", "Any",
      201 },
    { "POST", API "views/default", "Views", "Choose the view to begin with",
      NULL, NULL, "Any", NULL, 204 },
    { "GET", API "views/{id}", "Views", "One view", NULL, NULL, NULL, "Any",
      0 },
    { "PATCH", API "views/{id}", "Views", "Change or share a view", NULL, NULL,
      "Any", "Any", 0 },
    { "DELETE", API "views/{id}", "Views", "Delete a view", NULL, NULL, NULL,
      NULL, 204 },
    { "GET", API "tasks", "Tasks", "Tasks of one box",
      "box limit:int offset:int", NULL, NULL, "Tasks", 0 },
    { "GET", API "tasks/{id}", "Tasks", "A task with its record and process",
      NULL, NULL, NULL, "Task", 0 },
    { "POST", API "tasks/{id}/decision", "Tasks", "Decide a task", NULL, TWICE,
      "Decision", "Task", 0 },
    { "GET", API "openapi.json", "API", "This document", NULL, NULL, NULL,
      "Any", 0 },
};

const struct openapi_route *openapi_route(const char *method,
                                          const char *pattern)
{
    size_t i;

    for (i = 0; i < sizeof(routes) / sizeof(*routes); i++)
        if (strcmp(routes[i].method, method) == 0 &&
            strcmp(routes[i].pattern, pattern) == 0)
            return &routes[i];
    return NULL;
}

/* "NAME:TYPE", '?' behind the name: may be missing. open: there may be more
 * than is listed. */
static const struct schema_row {
    const char *name, *members;
    bool open;
} schemas[] = {
    { "Any", "", true },
    { "Problem", "code:text key:text message:text field?:text", false },
    { "Problems",
      "type:text title:text status:int detail?:text incident?:text"
      " problems:Problem[]",
      true },
    { "Person", "id:id login:text name:text administrator:bool locale:text",
      true },
    { "Session", "person:Person csrf?:text", true },
    { "Messages", "messages:Any[]", true },
    { "File",
      "id:id name:text type?:text size:int size_text:text mime:text url:text"
      " pages?:int",
      true },
    { "Record",
      "id:id version:int form:text label?:text state:text owner:id"
      " department:id created_at:time created_by:id updated_at:time"
      " updated_by:id deleted_at?:time values:Any",
      true },
    { "RecordList",
      "records:Record[] cursor?:text count?:int count_exact?:bool", false },
    { "NewRecord", "values:Any state?:text", false },
    { "Change", "values:Any submit?:bool", false },
    { "Comment", "id:id by:id name:text at:time text:text", false },
    { "Comments", "comments:Comment[]", false },
    { "NewComment", "text:text", false },
    { "Entry", "id:id at:time actor:id name:text action:text changes?:Any",
      true },
    { "Trail", "trail:Entry[]", false },
    { "Figures", "groups:Any[]", true },
    { "FormHead",
      "name:text title:text version:int category?:text flow?:text"
      " may_create:bool may_read:bool",
      true },
    { "Forms", "forms:FormHead[]", false },
    { "Field",
      "key:text type:text title:text required:bool read_only:bool"
      " sortable:bool",
      true },
    { "Form", "name:text title:text version:int fields:Field[]", true },
    { "Option", "value:text label:text detail?:text leaf?:bool", true },
    { "Options", "options:Option[] more:bool", false },
    { "Task",
      "id:id instance:id form:text record:id title:text state:text step:text"
      " step_name:text version:int created_at:time ended_at?:time",
      true },
    { "Tasks", "tasks:Task[] count:int", true },
    { "Decision", "decision:text comment?:text", true },
    { "FoundRecord", "id:id label:text snippet?:text url:text", false },
    { "FoundGroup",
      "form:text title:text count:int more:bool records:FoundRecord[]", false },
    { "FoundPerson", "id:id name:text login:text department?:text", true },
    { "Found", "groups:FoundGroup[] people:FoundPerson[] building:bool",
      false },
};

struct value *openapi_ref(struct ctx *ctx, const char *name)
{
    struct value *map = value_map(ctx->arena);

    value_set_text(map, "$ref",
                   arena_printf(ctx->arena, "#/components/schemas/%s", name));
    return map;
}

struct value *openapi_type(struct ctx *ctx, const char *type)
{
    struct value *map = value_map(ctx->arena);
    size_t length = strlen(type);

    if (length > 2 && strcmp(type + length - 2, "[]") == 0) {
        value_set_text(map, "type", "array");
        value_set(
            map, "items",
            openapi_type(ctx, arena_strndup(ctx->arena, type, length - 2)));
        return map;
    }
    if (type[0] >= 'A' && type[0] <= 'Z')
        return openapi_ref(ctx, type);
    value_set_text(map, "type",
                   strcmp(type, "int") == 0    ? "integer"
                   : strcmp(type, "bool") == 0 ? "boolean"
                                               : "string");
    if (strcmp(type, "id") == 0)
        value_set_text(map, "pattern", "^[0-9]+$");
    if (strcmp(type, "time") == 0)
        value_set_text(map, "format", "date-time");
    return map;
}

static struct value *schema_of(struct ctx *ctx, const struct schema_row *row)
{
    struct value *schema = value_map(ctx->arena);
    struct value *properties = value_map(ctx->arena);
    struct value *required = value_list(ctx->arena);
    char *rest = arena_strdup(ctx->arena, row->members), *name;

    while ((name = strsep(&rest, " "))) {
        char *type = strchr(name, ':');

        if (!type)
            continue;
        *type++ = '\0';
        if (type[-2] == '?')
            type[-2] = '\0';
        else
            value_append(required, value_text(ctx->arena, name));
        value_set(properties, name, openapi_type(ctx, type));
    }
    value_set_text(schema, "type", "object");
    if (value_count(properties))
        value_set(schema, "properties", properties);
    if (value_count(required))
        value_set(schema, "required", required);
    if (!row->open)
        value_set_bool(schema, "additionalProperties", false);
    return schema;
}

struct value *openapi_schemas(struct ctx *ctx)
{
    struct value *map = value_map(ctx->arena);
    size_t i;

    for (i = 0; i < sizeof(schemas) / sizeof(*schemas); i++)
        value_set(map, schemas[i].name, schema_of(ctx, &schemas[i]));
    return map;
}
