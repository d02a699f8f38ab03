/*
 * act_as.c - whose name a job works in.
 */
#include "base/banned.h"

#include "form/act_as.h"

#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/site.h"
#include "org/person.h"

static void speak(struct ctx *ctx, const struct person *person)
{
    const struct settings *settings = ctx->site ? &ctx->site->settings : NULL;
    const char *locale = person->locale ? person->locale
                         : settings     ? settings->locale
                                        : NULL;
    const char *zone = person->zone ? person->zone
                       : settings   ? settings->zone
                                    : NULL;

    if (locale_known(locale))
        ctx->locale = locale_known(locale);
    if (zone && zone_find(zone))
        ctx->zone = zone_find(zone);
}

void speak_as(struct ctx *ctx, int64_t person)
{
    const struct person *found;

    if (person_load(&found, ctx, person))
        ctx_clear(ctx);
    else
        speak(ctx, found);
}

int act_as(struct ctx *ctx, int64_t person)
{
    int rc = person_load(&ctx->person, ctx, person);

    if (!rc && !ctx->person->enabled)
        rc = fail(ctx, E_FORBIDDEN, "import.person_gone",
                  "the account that started this is switched off");
    if (rc)
        return rc;
    speak(ctx, ctx->person);
    ctx->system = false;
    return 0;
}
