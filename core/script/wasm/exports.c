/*
 * exports.c - the browser's door to a form's logic (WebAssembly only).
 *
 * Built by tools/build-wasm.sh together with Lua and the shared half of
 * core/script; called by themes/default/web/lua-worker.ts and the
 * conformance test.
 */
#include "base/banned.h"

#include "script/logic_core.h"

#define EXPORT __attribute__((used, visibility("default")))

EXPORT void *logic_alloc(size_t size);
EXPORT void logic_free(void *block);
EXPORT struct logic_core *logic_new(const char *definition, size_t length);
EXPORT int logic_event(struct logic_core *core, const char *request,
                       size_t length);
EXPORT int logic_status(void);
EXPORT const char *logic_text(struct logic_core *core);
EXPORT size_t logic_text_length(struct logic_core *core);
EXPORT void logic_end(struct logic_core *core);

static enum sandbox_status last;

/* Room for a text that the browser writes. */
void *logic_alloc(size_t size)
{
    return malloc(size);
}

void logic_free(void *block)
{
    free(block);
}

/* NULL: no memory. logic_status says whether it may run. */
struct logic_core *logic_new(const char *definition, size_t length)
{
    struct logic_core *core;

    last = logic_core_open(&core, definition, length);
    return core;
}

int logic_event(struct logic_core *core, const char *request, size_t length)
{
    last = logic_core_run(core, request, length);
    return (int)last;
}

/* enum sandbox_status of the last logic_new or logic_event. */
int logic_status(void)
{
    return (int)last;
}

/* The answer, or where the status is not 0 the message. */
const char *logic_text(struct logic_core *core)
{
    size_t length;

    if (last != SANDBOX_OK)
        return logic_core_error(core);
    return logic_core_output(core, &length);
}

size_t logic_text_length(struct logic_core *core)
{
    size_t length;

    if (last != SANDBOX_OK)
        return strlen(logic_core_error(core));
    logic_core_output(core, &length);
    return length;
}

void logic_end(struct logic_core *core)
{
    logic_core_close(core);
}
