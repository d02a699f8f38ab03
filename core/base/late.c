/*
 * late.c - loading a library when it is first needed.
 */
#include "base/banned.h"

#include "base/late.h"

#include <dlfcn.h>

#include "base/ctx.h"

static int refuse(struct ctx *ctx)
{
    return fail(ctx, E_UNAVAILABLE, "base.library",
                "a library is missing on this machine: %s", dlerror());
}

int late_load(struct ctx *ctx, const char *library,
              const struct late_name *names, size_t count)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    size_t i;

    if (!handle)
        return refuse(ctx);
    for (i = 0; i < count; i++) {
        void *symbol = dlsym(handle, names[i].name);

        if (!symbol)
            return refuse(ctx);
        /* POSIX lets a data pointer hold a function's address. */
        memcpy(names[i].place, &symbol, sizeof symbol);
    }
    return 0;
}
