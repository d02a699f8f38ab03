/*
 * room.c - what flow/ registers while a worker starts: jobs, and the lock on
 * records that are under way (I6).
 *
 * The lock is a before-hook, so that it holds on every entrance: page, REST,
 * import, module.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "event/hook.h"
#include "flow/engine.h"
#include "flow/flow.h"
#include "flow/retry.h"
#include "form/record.h"
#include "org/person.h"
#include "store/db.h"

/* The record that the flow itself writes now. A worker does one thing at a
 * time, so one is enough. */
static int64_t lifted;

void record_lock_lift(int64_t record)
{
    lifted = record;
}

/* State and initiator of the record's instance; E_NOT_FOUND: none. */
static int find_state(const char **state, int64_t *initiator, struct ctx *ctx,
                      int64_t record)
{
    QUERY_AUTO *query = NULL;
    int rc;

    rc = db_query(&query, ctx,
                  "SELECT state, initiator FROM flow_instance"
                  " WHERE record = ?1",
                  "i", record);
    if (!rc)
        rc = query_next(query);
    if (rc <= 0)
        return rc ? rc : E_NOT_FOUND;
    *state = query_copy(query, 0);
    *initiator = query_int(query, 1);
    return 0;
}

/* A new record of a form with a process is a draft until it is submitted. */
static void begin_as_draft(struct ctx *ctx, struct record *record)
{
    if (!ctx->system && text_equal(record->state, "saved"))
        record->state = "draft";
}

static int lock_save(struct ctx *ctx, struct record *record, void *payload)
{
    const char *state;
    int64_t initiator;
    int rc;

    (void)payload;
    if (!record->form->flow || record->id == lifted)
        return 0;
    if (!record->before) {
        if (!text_equal(record->state, "running"))
            begin_as_draft(ctx, record);
        return 0;
    }
    rc = find_state(&state, &initiator, ctx, record->id);
    if (rc)
        return rc == E_NOT_FOUND ? 0 : rc;
    if (text_equal(state, "draft"))
        return 0;
    if (text_equal(state, "returned")) {
        record->state = "returned";
        if (person_id(ctx->person) == initiator)
            return 0;
        return fail(ctx, E_FORBIDDEN, "flow.locked.returned",
                    "only the applicant corrects a returned application");
    }
    if (text_equal(state, "running"))
        return fail(ctx, E_CONFLICT, "flow.locked.running",
                    "an application under way is not changed");
    return fail(ctx, E_CONFLICT, "flow.locked.over",
                "a decided application is not changed");
}

static int lock_delete(struct ctx *ctx, struct record *record, void *payload)
{
    const char *state;
    int64_t initiator;
    int rc;

    (void)payload;
    if (!record->form->flow)
        return 0;
    rc = find_state(&state, &initiator, ctx, record->id);
    if (rc)
        return rc == E_NOT_FOUND ? 0 : rc;
    if (text_equal(state, "draft") ||
        (ctx->person && ctx->person->administrator &&
         !text_equal(state, "running") && !text_equal(state, "returned")))
        return 0;
    return fail(ctx, E_CONFLICT, "flow.locked.delete",
                "an application that was sent is withdrawn, not deleted");
}

void flow_start_room(void)
{
    hook_add(&(struct hook){ .form = "*",
                             .of_flow = true,
                             .when = HOOK_BEFORE_SAVE,
                             .name = "flow.lock",
                             .guard = "id",
                             .order = -100,
                             .call = lock_save });
    hook_add(&(struct hook){ .form = "*",
                             .of_flow = true,
                             .when = HOOK_BEFORE_DELETE,
                             .name = "flow.lock",
                             .guard = "id",
                             .order = -100,
                             .call = lock_delete });
    retry_register();
}
