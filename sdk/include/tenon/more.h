/*
 * more.h - people, notifications, files, background work, settings, and what
 * modules offer each other. Included by tenon.h.
 */
#ifndef TENON_MORE_H
#define TENON_MORE_H

#include <tenon/host.h>

/* ---- people ---- */

/* A map {id, login, name, department, department_name, head, active}; head:
 * the id of the head of the department. TN_E_NOT_FOUND. */
#define tn_people_get(out, ctx, id)                                            \
    TN_CALL_(people, get, TN_E_UNSUPPORTED, out, ctx, id)
/* tn_people_find(&list, ctx, .department = id, .below = true) */
#define tn_people_find(out, ctx, ...)                                          \
    TN_CALL_(people, find, TN_E_UNSUPPORTED, out, ctx,                         \
             &(const tn_people){ .size = sizeof(tn_people), __VA_ARGS__ })
/* All of them, parents before children: maps {id, name, parent, head, level,
 * people}; people: how many work in it and below. */
#define tn_departments(out, ctx)                                               \
    TN_CALL_(people, departments, TN_E_UNSUPPORTED, out, ctx)
#define tn_has_role(ctx, id, role)                                             \
    TN_CALL_(people, has_role, false, ctx, id, role)
/* Tells somebody something, in the transaction of the call:
 * tn_notify(ctx, id, .key = "survey.invited", .path = "/m/survey/12") */
#define tn_notify(ctx, id, ...)                                                \
    TN_CALL_(people, notify, TN_E_UNSUPPORTED, ctx, id,                        \
             &(const tn_notice){ .size = sizeof(tn_notice), __VA_ARGS__ })

/* ---- files: streams that end with the call; at most 100 in one ---- */

/* A file of a record, by the id that its field holds: where the caller may
 * see that record. */
#define tn_file_open(out, ctx, id)                                             \
    TN_CALL_(files, open, TN_E_UNSUPPORTED, out, ctx, id)
/* How many bytes were read; 0: the end; negative: a status. */
#define tn_file_read(file, buffer, size)                                       \
    TN_CALL_(files, read, TN_E_UNSUPPORTED, file, buffer, size)
/* A map {name, size, type}. */
#define tn_file_about(file) TN_CALL_(files, about, NULL, file)
/* A new one: write, then finish for the id that a file field takes. Size and
 * kind are checked as those of an upload. */
#define tn_file_create(out, ctx, name)                                         \
    TN_CALL_(files, create, TN_E_UNSUPPORTED, out, ctx, name)
#define tn_file_write(file, bytes, size)                                       \
    TN_CALL_(files, write, TN_E_UNSUPPORTED, file, bytes, size)
#define tn_file_finish(id, file)                                               \
    TN_CALL_(files, finish, TN_E_UNSUPPORTED, id, file)
/* The file part `name` of a multipart body. TN_E_NOT_FOUND where none came. */
#define tn_file_upload(out, request, name)                                     \
    TN_CALL_(files, upload, TN_E_UNSUPPORTED, out, request, name)

/* ---- background work ---- */

/* Adds a job of this module in the transaction of the call. due: 0 now.
 * unique: while one with that key waits, none is added; NULL. id may be NULL:
 * progress is shown at /jobs/ID to the person who acts. */
#define tn_job_add(id, ctx, job, data, due, unique)                            \
    TN_CALL_(work, add, TN_E_UNSUPPORTED, id, ctx, job, data, due, unique)
/* The same with all that can be said:
 *   tn_job_start(&id, ctx, "survey.remind", data, .delay = 90, .priority = 2)
 * delay: seconds from now, where due is 0. priority: 1 first … 9 last; 0: the
 * job's own. */
#define tn_job_start(id, ctx, job, data, ...)                                  \
    TN_CALL_(                                                                  \
        work, start, TN_E_UNSUPPORTED, id, ctx, job, data,                     \
        &(const tn_job_order){ .size = sizeof(tn_job_order), __VA_ARGS__ })
/* A job of this module: gone where it waits; where it runs, tn_check and
 * tn_job_progress tell it to end, and it is not tried again. TN_E_NOT_FOUND
 * where it is over. */
#define tn_job_cancel(ctx, id) TN_CALL_(work, cancel, TN_E_UNSUPPORTED, ctx, id)
/* How far a job of this module is: a map {id, title, state ("waiting",
 * "running", "failed", "done", "cancelled", "gone"), done, total, percent?,
 * result?, problem?}. Kept for a week. */
#define tn_job_state(out, ctx, id)                                             \
    TN_CALL_(work, state, TN_E_UNSUPPORTED, out, ctx, id)
/* Inside a job, at times. TN_E_TIMEOUT when it has to end. total 0: unknown. */
#define tn_job_progress(ctx, done, total)                                      \
    TN_CALL_(work, progress, TN_OK, ctx, done, total)

/* Inside a job: what its page says when it is done: a key of the catalogs,
 * with a map for {name} (NULL), and an own path where that leads (NULL). */
#define tn_job_result(ctx, key, arguments, path)                               \
    TN_CALL_(work, result, TN_OK, ctx, key, arguments, path)
/* Inside a job: a file that was written (not finished), which its page offers
 * for a day to the person who started the job, to nobody else. It may be as
 * large as 1 GB. */
#define tn_job_file(ctx, file_)                                                \
    TN_CALL_(work, file, TN_E_UNSUPPORTED, ctx, file_)

/* ---- settings ---- */

/* A field of the module's settings.json, as administrators set it; its
 * default; NULL where there is no such field. */
#define tn_setting(ctx, name) TN_CALL_(work, setting, NULL, ctx, name)

/* ---- what modules offer each other ---- */

/* What a module offers under that name, for this call; NULL where none does. */
#define tn_find_offer(ctx, name) TN_CALL_(work, function, NULL, ctx, name)
/* It runs as whoever this call runs as. TN_E_UNAVAILABLE where `function` is
 * NULL. */
#define tn_call(out, ctx, function, in)                                        \
    TN_CALL_(work, call, TN_E_UNSUPPORTED, out, ctx, function, in)

#endif
