/*
 * crash_slots.c - a module that crashes where the platform, or another module,
 * calls it on the way to something else, for tests: around a record, in a
 * field, in a rule, a job, the menu, an offer. What is to crash is called
 * "crash", so all else goes on.
 */
#include <string.h>

#include <tenon/tenon.h>

#define ITEM "crash_slots.item"

/* Out of the compiler's sight. */
static volatile intptr_t nowhere;

static void write_nowhere(void)
{
    *(volatile int *)nowhere = 1;
}

static void crash_where(const tn_value *said, const char *word)
{
    const char *text = tn_as_text(said);

    if (text && strcmp(text, word) == 0)
        write_nowhere();
}

/* ---- around a record: the word is the hook's own ---- */

static int hook(tn_ctx *ctx, tn_record *item, void *word)
{
    (void)ctx;
    crash_where(tn_get(item, "name"), word);
    return TN_OK;
}

static char before_delete[] = "crash before delete";
static char after_save[] = "crash after save";
static char after_delete[] = "crash after delete";

static void start_hooks(tn_module *self)
{
    TN_ON(self, .form = ITEM, .when = TN_BEFORE_DELETE, .call = hook,
          .data = before_delete);
    TN_ON(self, .form = ITEM, .when = TN_AFTER_SAVE, .call = hook,
          .data = after_save);
    TN_ON(self, .form = ITEM, .when = TN_AFTER_DELETE, .call = hook,
          .data = after_delete);
}

/* ---- in a field ---- */

static int mood_input(tn_ctx *ctx, const tn_value **stored,
                      const tn_value *given, const tn_value *definition,
                      void *data)
{
    (void)definition;
    (void)data;
    crash_where(given, "crash input");
    *stored = tn_text(ctx, tn_as_text(given));
    return TN_OK;
}

static const char *mood_text(tn_ctx *ctx, const tn_value *stored,
                             const tn_value *definition, void *data)
{
    (void)ctx;
    (void)definition;
    (void)data;
    crash_where(stored, "crash text");
    return tn_as_text(stored);
}

static int mood_fill(tn_ctx *ctx, tn_value *field, const tn_value *stored,
                     const tn_value *definition, void *data)
{
    (void)ctx;
    (void)field;
    (void)definition;
    (void)data;
    crash_where(stored, "crash fill");
    return TN_OK;
}

/* ---- in a rule, a job, the menu, an offer ---- */

static int who(tn_ctx *ctx, tn_record *record, const tn_value *parameters,
               tn_value *people, void *data)
{
    (void)ctx;
    (void)parameters;
    (void)people;
    (void)data;
    crash_where(tn_get(record, "name"), "crash");
    return TN_OK;
}

/* What is given says whether it crashes before or after it has written. */
static int work(tn_ctx *ctx, const tn_value *given, void *extra)
{
    tn_value *item = tn_map(ctx);
    int64_t id;
    int rc;

    (void)extra;
    crash_where(given, "crash");
    tn_put(item, "name", tn_text(ctx, "worked"));
    rc = tn_records_create(&id, ctx, ITEM, item);
    crash_where(given, "crash later");
    return rc;
}

/* Asked for each page of hers. */
static int shown(tn_ctx *ctx, void *data)
{
    (void)data;
    crash_where(tn_item(tn_person(ctx), "login"), "wang.fang");
    return TN_OK;
}

static int offer(tn_ctx *ctx, const tn_value *in, const tn_value **out,
                 void *data)
{
    (void)ctx;
    (void)in;
    (void)out;
    (void)data;
    write_nowhere();
    return TN_OK;
}

/* ---- what sets these off ---- */

static int start_job(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                     void *data)
{
    const tn_value *sent = tn_json(request);
    tn_value *map = tn_map(ctx);
    int64_t id;
    int rc = tn_job_add(&id, ctx, tn_as_text(tn_item(sent, "job")),
                        tn_item(sent, "data"), 0, NULL);

    (void)data;
    tn_put(map, "id", tn_id(ctx, id));
    return rc != TN_OK ? rc : tn_answer_json(answer, 200, map);
}

static int write_and_crash(tn_ctx *ctx, void *data)
{
    tn_value *item = tn_map(ctx);
    int64_t id;

    (void)data;
    tn_put(item, "name", tn_text(ctx, "half"));
    if (tn_records_create(&id, ctx, ITEM, item) == TN_OK)
        write_nowhere();
    return TN_E_INTERNAL;
}

static int in_transaction(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                          void *data)
{
    (void)request;
    (void)answer;
    (void)data;
    return tn_transaction(ctx, write_and_crash, NULL);
}

static int crash(tn_ctx *ctx, void *data)
{
    (void)ctx;
    (void)data;
    write_nowhere();
    return TN_OK;
}

static int as_module(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                     void *data)
{
    (void)request;
    (void)answer;
    (void)data;
    return tn_as_module(ctx, crash, NULL);
}

static int start(tn_module *self)
{
    start_hooks(self);
    TN_FIELD_TYPE(self, .name = "crash_slots.mood", .title = "crash_slots.mood",
                  .input = mood_input, .text = mood_text, .fill = mood_fill,
                  .read = "mood");
    TN_PARTICIPANTS(self, .name = "crash_slots.who", .title = "crash_slots.who",
                    .call = who);
    TN_JOB(self, .name = "crash_slots.work", .title = "crash_slots.work",
           .call = work);
    TN_JOB(self, .name = "crash_slots.once", .title = "crash_slots.work",
           .atomic = true, .call = work);
    TN_MENU(self, .title = "crash_slots.menu", .path = "/m/crash_slots/x",
            .call = shown);
    TN_OFFER(self, .name = "crash_slots.offer", .call = offer);
    TN_ROUTE(self, .path = "/api/v1/m/crash_slots/job", .method = "POST",
             .call = start_job);
    TN_ROUTE(self, .path = "/m/crash_slots/transaction",
             .call = in_transaction);
    return TN_ROUTE(self, .path = "/m/crash_slots/as_module",
                    .call = as_module);
}

TN_MODULE(start)
