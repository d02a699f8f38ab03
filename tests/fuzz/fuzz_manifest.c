/*
 * fuzz_manifest.c - plugin.cfg: whatever stands in it is a manifest, or
 * refused with a reason.
 */
#include "base/banned.h"

#include "plugin/manifest.h"

#include "base/arena.h"
#include "base/config.h"
#include "base/ctx.h"

/* libconfig 1.5 forgets a string token where the syntax is wrong: some bytes
 * of a file that is refused anyway. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    struct manifest *manifest;
    struct ctx ctx;
    config_t *config;
    size_t i;
    int rc;

    if (!arena)
        arena = arena_new(0);
    arena_reset(arena);
    ctx_init(&ctx, arena);
    if (config_text_parse(&config, &ctx, "plugin.cfg", (const char *)data,
                          size))
        return 0;
    rc = manifest_parse(&manifest, &ctx, "plugin.cfg", "x", config);
    if (rc) {
        if (!ctx.problems)
            __builtin_trap();
        return 0;
    }
    if (strcmp(manifest->id, "x") != 0 || !manifest->version ||
        !manifest->c == !manifest->lua || manifest->seconds < 1 ||
        manifest->memory_mb < 1)
        __builtin_trap();
    for (i = 0; i < manifest->require_count; i++)
        if (!module_id_valid(manifest->requires[i].id))
            __builtin_trap();
    (void)manifest_may_hook(manifest, "x.y");
    (void)manifest_may_hook(manifest, "budget");
    return 0;
}
