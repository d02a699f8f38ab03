/*
 * logic.c - the server's door to a form's logic: values to JSON and back.
 */
#include "base/banned.h"

#include "script/logic.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/value.h"
#include "ipc/slot.h"
#include "script/logic_core.h"
#include "script/status.h"

enum { JSON_MAX = 8 << 20, NAME_MAX_LENGTH = 120 };

struct logic {
    struct logic_core *core;
    char name[NAME_MAX_LENGTH]; /* of the form, for messages */
};

/* The value as JSON in the context's arena; E_LIMIT where it is too long. */
static int write_json(struct buf *out, struct ctx *ctx,
                      const struct value *value)
{
    buf_init(out, ctx->arena, JSON_MAX);
    json_write(out, value);
    if (out->failed)
        return fail(ctx, E_LIMIT, "logic.size",
                    "the form is too large for its logic");
    return 0;
}

int logic_open(struct logic **out, struct ctx *ctx,
               const struct value *definition)
{
    struct buf text;
    struct logic *logic;
    const char *name = value_get_text(definition, "name");
    enum sandbox_status status;
    int rc;

    *out = NULL;
    rc = write_json(&text, ctx, definition);
    if (rc)
        return rc;
    logic = calloc(1, sizeof(*logic));
    if (!logic)
        return script_fail(ctx, SANDBOX_MEMORY, name ? name : "logic", "");
    snprintf(logic->name, sizeof(logic->name), "%s", name ? name : "logic");
    status = logic_core_open(&logic->core, buf_text(&text), text.length);
    rc = script_fail(ctx, status, logic->name,
                     logic->core ? logic_core_error(logic->core) : "");
    if (rc) {
        logic_close(logic);
        return rc;
    }
    sandbox_set_interrupt(logic->core->box, slot_soft);
    *out = logic;
    return 0;
}

void logic_close(struct logic *logic)
{
    if (!logic)
        return;
    logic_core_close(logic->core);
    free(logic);
}

bool logic_useful(const struct value *definition)
{
    const struct value *fields = value_get(definition, "fields");
    size_t i;

    if (!text_empty(value_get_text(definition, "source")))
        return true;
    for (i = 0; i < value_count(fields); i++)
        if (value_get_text(value_at(fields, i), "computed") ||
            logic_useful(value_at(fields, i)))
            return true;
    return false;
}

int logic_run(struct value **out, struct ctx *ctx, struct logic *logic,
              const char *event, const char *field, const char *today,
              const struct value *values)
{
    struct value *request = value_map(ctx->arena);
    struct buf text;
    const char *answer;
    size_t length;
    int rc;

    *out = NULL;
    value_set_text(request, "event", event);
    value_set_text(request, "field", field);
    value_set_text(request, "today", today);
    value_set_text(request, "locale", ctx->locale);
    value_set(request, "values", value_copy(ctx->arena, values));
    rc = write_json(&text, ctx, request);
    if (rc)
        return rc;
    rc = script_fail(ctx,
                     logic_core_run(logic->core, buf_text(&text), text.length),
                     logic->name, logic_core_error(logic->core));
    if (rc)
        return rc;
    answer = logic_core_output(logic->core, &length);
    return json_parse(out, ctx, answer, length);
}
