/*
 * kit.h - the test kit of modules: `tenon plugin test`.
 *
 * Each test of tests/NAME.lua runs in a process of its own, on a site of its
 * own whose store lies in memory, with the example company, a clock that the
 * test sets, and mail that is caught. A module that crashes fails its test,
 * not the run. docs/vendor/testing.md is for those who write tests.
 */
#ifndef KIT_KIT_H
#define KIT_KIT_H

#include <stdbool.h>

struct ctx;

struct kit_options {
    const char *folder; /* the module's, built */
    const char *tests;  /* folder of *.lua; NULL: FOLDER/tests */
    const char *only;   /* tests whose name contains this; NULL: all */
    bool allocations;   /* also with each allocation of the module failing */
};

/*
 * Runs all tests and writes TAP 14 to standard output.
 *
 * Returns 0 and the number of tests that failed; a negative status where the
 * module can't be tested at all (no manifest, no tests, it does not load).
 */
int kit_run(int *failed, struct ctx *ctx, const struct kit_options *options);

#endif
