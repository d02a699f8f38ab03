/*
 * sdk_c.h - what the files of the examples share.
 */
#ifndef SDK_C_H
#define SDK_C_H

#include <tenon/tenon.h>

#define THING "sdk_c.thing"
#define LOAN "sdk_c.loan"

/* What each file registers. */
int start_call(tn_module *self);
int start_values(tn_module *self);
int start_hooks(tn_module *self);
int start_records(tn_module *self);
int start_conditions(tn_module *self);
int start_web(tn_module *self);
int start_people(tn_module *self);
int start_files(tn_module *self);
int start_work(tn_module *self);
int start_slots(tn_module *self);

#endif
