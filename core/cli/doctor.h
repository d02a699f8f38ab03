/*
 * doctor.h - what the files of `tenon doctor` share.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include <stdbool.h>

struct ctx;
struct value;

enum verdict { GOOD, NOTE, BAD };

struct doctor {
    struct ctx *ctx;
    bool verify, mend, json;
    int bad;
    struct value *lines; /* all that was said */
};

/* Says one line, now or in the JSON: {key, verdict: "ok" | "note" | "bad" |
 * "done", text, mend?, count?, examples?, mendable?}. */
void doctor_line(struct doctor *doctor, struct value *line);

/* Asks the rooms; with doctor->mend lets them mend what they can. */
void doctor_verify(struct doctor *doctor);

#endif
