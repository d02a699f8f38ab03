/*
 * fuzz_zone.c - TZif files.
 */
#include "base/banned.h"

#include "base/zone.h"

#include "base/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t instants[] = { -99999999999999, 0, 1795426200000,
                                        3800000000000, 99999999999999 };
    struct zone zone = { .name = "test" };
    struct civil civil;
    size_t i;

    if (zone_read(&zone, data, size))
        for (i = 0; i < sizeof instants / sizeof *instants; i++) {
            civil_of(&civil, instants[i], &zone);
            civil_instant(&civil, &zone);
        }
    free(zone.instants);
    free(zone.offsets);
    return 0;
}
