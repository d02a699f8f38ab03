/*
 * bench_c.c - what tests/bench measures of the SDK in C: a call from module to
 * host to module, and a hook before a save.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tenon/tenon.h>

static int64_t nanoseconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int echo(tn_ctx *ctx, const tn_value *in, const tn_value **out,
                void *data)
{
    (void)ctx;
    (void)data;
    *out = in;
    return TN_OK;
}

static int compare(const void *a, const void *b)
{
    const double *one = a, *other = b;

    return (*one > *other) - (*one < *other);
}

/* ns a call: the median of 21 rounds. */
static int calls(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                 void *data)
{
    enum { ROUNDS = 21, CALLS = 100000 };
    const tn_function *function = tn_find_offer(ctx, "bench_c.echo");
    const tn_value *in = tn_int(ctx, 1), *out;
    tn_value *map = tn_map(ctx);
    double times[ROUNDS];
    int i, j, rc = TN_OK;

    (void)request;
    (void)data;
    for (i = 0; i < ROUNDS; i++) {
        int64_t begun = nanoseconds();

        for (j = 0; rc == TN_OK && j < CALLS; j++)
            rc = tn_call(&out, ctx, function, in);
        times[i] = (double)(nanoseconds() - begun) / CALLS;
    }
    qsort(times, ROUNDS, sizeof *times, compare);
    tn_put(map, "ns", tn_double(ctx, times[ROUNDS / 2]));
    return rc != TN_OK ? rc : tn_answer_json(answer, 200, map);
}

/* What a small rule does: it reads a field, and lets the record pass. */
static int rule(tn_ctx *ctx, tn_record *record, void *data)
{
    tn_decimal amount;

    (void)data;
    if (tn_as_decimal(&amount, tn_get(record, "amount")) && amount.units < 0)
        return tn_fail_at(ctx, TN_E_INVALID, "amount", "bench_c.negative",
                          "negative");
    return TN_OK;
}

enum { SAVES = 50, SAVE_ROUNDS = 41, FORMS = 3 };

static const char *const forms[FORMS] = { "plain", "c", "lua" };

static tn_value *order_values(tn_ctx *ctx)
{
    tn_value *values = tn_map(ctx);

    tn_put(values, "customer", tn_text(ctx, "Lakeside Hotels"));
    tn_put(values, "amount", tn_decimal_value(ctx, 123450, 2));
    tn_put(values, "quantity", tn_int(ctx, 12));
    tn_put(values, "due", tn_text(ctx, "2026-11-26"));
    tn_put(values, "note", tn_text(ctx, "Floor 3, to be fitted"));
    return values;
}

static int save_some(tn_ctx *ctx, void *data)
{
    const char *form = data;
    tn_value *values = order_values(ctx);
    int64_t id;
    int i, rc = TN_OK;

    for (i = 0; rc == TN_OK && i < SAVES; i++)
        rc = tn_records_create(&id, ctx, form, values);
    /* Undone: what is measured is not the disk. */
    return rc == TN_OK ? tn_fail(ctx, TN_E_CONFLICT, "bench_c.undo", "undone")
                       : rc;
}

/* µs a save in each form: nobody's hook, one in C, one in Lua. */
static int saves(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                 void *data)
{
    static double times[FORMS][SAVE_ROUNDS];
    char name[] = "bench_c.plain";
    tn_value *map = tn_map(ctx);
    int round, i, rc;

    (void)request;
    (void)data;
    for (round = 0; round < SAVE_ROUNDS; round++)
        for (i = 0; i < FORMS; i++) {
            int64_t begun = nanoseconds();

            strcpy(name + sizeof "bench_c." - 1, forms[i]);
            rc = tn_transaction(ctx, save_some, name);
            times[i][round] = (double)(nanoseconds() - begun) / 1000 / SAVES;
            if (rc != TN_E_CONFLICT)
                return rc;
        }
    for (i = 0; i < FORMS; i++) {
        qsort(times[i], SAVE_ROUNDS, sizeof **times, compare);
        tn_put(map, forms[i], tn_double(ctx, times[i][SAVE_ROUNDS / 2]));
    }
    return tn_answer_json(answer, 200, map);
}

/* ---- jobs ---- */

static int nothing(tn_ctx *ctx, const tn_value *data, void *extra)
{
    (void)ctx;
    (void)data;
    (void)extra;
    return TN_OK;
}

static int save_one(tn_ctx *ctx, const tn_value *data, void *extra)
{
    int64_t id;

    (void)data;
    (void)extra;
    return tn_records_create(&id, ctx, "bench_c.plain", order_values(ctx));
}

static int order_some(tn_ctx *ctx, void *given)
{
    const tn_value *sent = given;
    int64_t count = tn_as_int(tn_item(sent, "count"), 0), due = 0, i;
    const char *job = tn_as_text(tn_item(sent, "job"));
    int rc = TN_OK;

    tn_as_instant(&due, tn_item(sent, "due"));
    for (i = 0; rc == TN_OK && i < count; i++)
        rc = tn_job_start(NULL, ctx, job, NULL, .due = due);
    return rc;
}

/* {job, count, due}: so many jobs, in one transaction. */
static int order(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                 void *data)
{
    int rc = tn_transaction(ctx, order_some, (void *)tn_json(request));

    (void)data;
    return rc != TN_OK ? rc : tn_answer_json(answer, 200, tn_map(ctx));
}

static int start_jobs(tn_module *self)
{
    TN_JOB(self, .name = "bench_c.nothing", .title = "bench_c.job",
           .call = nothing);
    TN_JOB(self, .name = "bench_c.save", .title = "bench_c.job",
           .call = save_one);
    TN_JOB(self, .name = "bench_c.atomic", .title = "bench_c.job",
           .atomic = true, .call = save_one);
    return TN_ROUTE(self, .path = "/api/v1/m/bench_c/jobs", .method = "POST",
                    .call = order);
}

static int start(tn_module *self)
{
    start_jobs(self);
    TN_OFFER(self, .name = "bench_c.echo", .call = echo);
    TN_ON(self, .form = "bench_c.c", .when = TN_BEFORE_SAVE, .call = rule);
    TN_ROUTE(self, .path = "/api/v1/m/bench_c/saves", .method = "POST",
             .call = saves);
    return TN_ROUTE(self, .path = "/api/v1/m/bench_c/calls", .call = calls);
}

TN_MODULE(start)
