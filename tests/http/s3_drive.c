/*
 * s3_drive.c - core/store/s3.h by hand, for tests/http/s3.test.mjs: settings
 * from the environment, one request from the arguments, the outcome as JSON.
 */
#include "base/banned.h"

#include <fcntl.h>
#include <signal.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/str.h"
#include "base/value.h"
#include "store/s3.h"

#define OUT_MAX ((size_t)16 * 1024 * 1024)

static struct value *outcome;

static int64_t number(const char *text)
{
    int64_t value = 0;

    if (text)
        int_parse(&value, text, INT64_MIN, INT64_MAX);
    return value;
}

static int show(struct ctx *ctx, const struct s3_object *object, void *payload)
{
    struct value *map = value_map(ctx->arena);

    value_set_text(map, "key", object->key);
    value_set_int(map, "size", object->size);
    value_set_int(map, "modified", object->modified);
    value_append(payload, map);
    return 0;
}

static int run(struct ctx *ctx, const struct s3 *s3, char **argv)
{
    const char *what = argv[1], *key = argv[2];
    struct value *objects = value_list(ctx->arena);
    struct s3_object object;
    int64_t size = -1;
    int rc, fd;

    if (strcmp(what, "put") == 0) {
        fd = open(argv[3], O_RDONLY | O_CLOEXEC);
        return s3_put_fd(ctx, s3, key, fd);
    }
    if (strcmp(what, "get") == 0) {
        fd = open(argv[3], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        rc = s3_get_fd(&size, ctx, s3, key, fd, number(argv[4]),
                       argv[4] ? number(argv[5]) : -1, OUT_MAX);
        value_set_int(outcome, "size", size);
        return rc;
    }
    if (strcmp(what, "head") == 0) {
        rc = s3_head(&object, ctx, s3, key);
        if (!rc)
            show(ctx, &object, objects);
        value_set(outcome, "objects", objects);
        return rc;
    }
    if (strcmp(what, "list") == 0) {
        value_set(outcome, "objects", objects);
        return s3_list(ctx, s3, key, show, objects);
    }
    return s3_delete(ctx, s3, key);
}

int main(int argc, char **argv)
{
    struct arena *arena = arena_new(0);
    struct ctx ctx;
    struct s3 s3 = {
        .endpoint = getenv("S3_ENDPOINT"),
        .region = getenv("S3_REGION"),
        .bucket = getenv("S3_BUCKET"),
        .prefix = getenv("S3_PREFIX"),
        .access_key = getenv("S3_ACCESS"),
        .secret_key = getenv("S3_SECRET"),
        .ca_file = getenv("S3_CA"),
        .virtual_host = getenv("S3_HOSTED") != NULL,
        .timeout_seconds = (int)number(getenv("S3_TIMEOUT")),
        .attempts = (int)number(getenv("S3_ATTEMPTS")),
    };
    const char *name, *why;
    struct buf text;
    int rc = E_INVALID;

    if (argc < 3 || crypto_start())
        return 2;
    signal(SIGPIPE, SIG_IGN);
    ctx_init(&ctx, arena);
    if (getenv("S3_MS"))
        ctx.deadline = clock_monotonic() + number(getenv("S3_MS"));
    outcome = value_map(arena);
    why = s3_objection(&name, &s3);
    if (why)
        value_set_text(outcome, "error",
                       arena_printf(arena, "%s must be %s", name, why));
    else
        rc = run(&ctx, &s3, argv);
    value_set_text(outcome, "rc", rc ? error_name(rc) : "ok");
    if (ctx.problems)
        value_set_text(outcome, "error", ctx_error(&ctx));
    buf_init(&text, arena, OUT_MAX);
    json_write(&text, outcome);
    puts(buf_text(&text));
    arena_free(arena);
    return 0;
}
