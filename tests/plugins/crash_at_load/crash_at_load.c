/*
 * crash_at_load.c - a module that crashes before it is there: in its entry,
 * while a worker starts. For tests.
 */
#include <tenon/tenon.h>

static volatile intptr_t nowhere;

static int start(tn_module *self)
{
    (void)self;
    *(volatile int *)nowhere = 1;
    return TN_OK;
}

TN_MODULE(start)
