/*
 * fuzz_config.c - settings and manifests: libconfig behind our scan, filled
 * by a table of rows.
 */
#include "base/banned.h"

#include "base/config.h"

#include <stdbool.h>

#include "base/arena.h"
#include "base/ctx.h"

struct sample {
    const char *text;
    const char **texts;
    size_t count;
    int64_t large;
    int number;
    bool flag;
};

static const struct config_row rows[] = {
    { "text", CONFIG_TEXT, offsetof(struct sample, text), 0, 1, 20 },
    { "texts", CONFIG_TEXTS, offsetof(struct sample, texts),
      offsetof(struct sample, count), 0, 20 },
    { "large", CONFIG_INT64, offsetof(struct sample, large), 0, -9, 1L << 50 },
    { "number", CONFIG_INT, offsetof(struct sample, number), 0, 1, 1000 },
    { "flag", CONFIG_BOOL, offsetof(struct sample, flag), 0, 0, 0 },
    { 0 },
};

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
    struct sample sample = { .number = 7 };
    struct ctx ctx;
    config_t *config;
    int rc;

    if (!arena)
        arena = arena_new(0);
    arena_reset(arena);
    ctx_init(&ctx, arena);
    rc = config_text_parse(&config, &ctx, "x.cfg", (const char *)data, size);
    if (!rc)
        rc = config_fill(&sample, &ctx, "x.cfg", config_root_setting(config),
                         rows);
    if (rc && (!ctx.problems || strncmp(ctx_error(&ctx), "x.cfg:", 6) != 0))
        __builtin_trap();
    if (sample.number < 1 || sample.number > 1000)
        __builtin_trap();
    return 0;
}
