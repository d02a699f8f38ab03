/*
 * s3_call.c - one signed request to an object store.
 *
 * libcurl does HTTP, TLS and the signature (CURLOPT_AWS_SIGV4). It signs the
 * path and the query as they stand in the address, so they are written here
 * in their canonical form. Nothing that the store sends is followed or
 * trusted: no redirects, bounded content, and of an error the code and the
 * message only.
 */
#include "base/banned.h"

#include "store/s3_call.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/late.h"
#include "base/log.h"
#include "base/str.h"

enum {
    TIMEOUT_SECONDS = 20,
    CONNECT_MS = 5000,
    ATTEMPTS = 3,
    PAUSE_MS = 200, /* before the second attempt; then four times as long */
    ERROR_BYTES = 4096,
    WORDS_MAX = 200, /* of the store's own message */
};

static struct {
    LATE(curl_easy_init);
    LATE(curl_easy_setopt);
    LATE(curl_easy_getinfo);
    LATE(curl_easy_perform);
    LATE(curl_easy_reset);
    LATE(curl_easy_strerror);
    LATE(curl_slist_append);
    LATE(curl_slist_free_all);
} late;

static const struct late_name names[] = {
    LATE_NAME(late, curl_easy_init),    LATE_NAME(late, curl_easy_setopt),
    LATE_NAME(late, curl_easy_getinfo), LATE_NAME(late, curl_easy_perform),
    LATE_NAME(late, curl_easy_reset),   LATE_NAME(late, curl_easy_strerror),
    LATE_NAME(late, curl_slist_append), LATE_NAME(late, curl_slist_free_all),
};

/* One for the process: its connections are used again. */
static CURL *handle;

/* One attempt. */
struct attempt {
    struct s3_call *call;
    int64_t sent;
    bool too_much, disk_failed;
    int disk_errno;
    char refused[ERROR_BYTES]; /* content of an answer that says no */
    size_t refused_length;
    char error[CURL_ERROR_SIZE];
};

struct s3_call s3_call_of(const char *method, const char *key)
{
    return (struct s3_call){
        .method = method, .key = key, .send_fd = -1, .take_fd = -1
    };
}

const char *s3_place(struct ctx *ctx, const struct s3 *s3)
{
    const char *host = strstr(s3->endpoint, "://");

    return arena_printf(ctx->arena, "%s/%s", host ? host + 3 : s3->endpoint,
                        s3->bucket);
}

/* ---- what libcurl calls ---- */

static size_t read_content(char *out, size_t size, size_t count, void *payload)
{
    struct attempt *attempt = payload;
    const struct s3_call *call = attempt->call;
    int64_t left = call->send_size - attempt->sent;
    size_t n = size * count;
    ssize_t got;

    if (left <= 0)
        return 0;
    if ((int64_t)n > left)
        n = (size_t)left;
    if (call->send_fd < 0) {
        memcpy(out, (const char *)call->send_data + attempt->sent, n);
        got = (ssize_t)n;
    } else {
        do
            got = pread(call->send_fd, out, n, attempt->sent);
        while (got < 0 && errno == EINTR);
    }
    if (got <= 0) {
        attempt->disk_failed = true;
        attempt->disk_errno = got < 0 ? errno : EIO;
        return CURL_READFUNC_ABORT;
    }
    attempt->sent += got;
    return (size_t)got;
}

/* libcurl begins again where a connection that it kept was closed. */
static int rewind_content(void *payload, curl_off_t offset, int origin)
{
    struct attempt *attempt = payload;

    if (origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    attempt->sent = offset;
    return CURL_SEEKFUNC_OK;
}

static bool keep(struct attempt *attempt, const char *data, size_t length)
{
    struct s3_call *call = attempt->call;

    if (length > (uint64_t)(call->max - call->taken)) {
        attempt->too_much = true;
        return false;
    }
    if (call->take_fd < 0) {
        buf_add(call->take, data, length);
        call->taken += (int64_t)length;
        return !call->take->failed;
    }
    while (length > 0) {
        ssize_t n = pwrite(call->take_fd, data, length, call->taken);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            attempt->disk_failed = true;
            attempt->disk_errno = errno;
            return false;
        }
        data += n;
        length -= (size_t)n;
        call->taken += n;
    }
    return true;
}

static size_t take_content(char *data, size_t size, size_t count, void *payload)
{
    struct attempt *attempt = payload;
    size_t length = size * count, room;
    long status = 0;

    (late.curl_easy_getinfo)(handle, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200 || status == 206)
        return keep(attempt, data, length) ? length : 0;
    room = sizeof attempt->refused - 1 - attempt->refused_length;
    memcpy(attempt->refused + attempt->refused_length, data,
           length < room ? length : room);
    attempt->refused_length += length < room ? length : room;
    return length;
}

/* ---- the address ---- */

static void add_key(struct buf *url, const char *key)
{
    const char *part = key, *slash;

    while ((slash = strchr(part, '/'))) {
        buf_add_url(url, part, (size_t)(slash - part));
        buf_add_char(url, '/');
        part = slash + 1;
    }
    buf_add_url(url, part, strlen(part));
}

static const char *url_of(struct ctx *ctx, const struct s3 *s3,
                          const struct s3_call *call)
{
    const char *host = strstr(s3->endpoint, "://") + 3;
    struct buf url;

    buf_init(&url, ctx->arena, 16 * 1024);
    buf_add(&url, s3->endpoint, (size_t)(host - s3->endpoint));
    if (s3->virtual_host)
        buf_addf(&url, "%s.", s3->bucket);
    buf_add_text(&url, host);
    buf_add_char(&url, '/');
    if (!s3->virtual_host)
        buf_addf(&url, "%s%s", s3->bucket, call->key ? "/" : "");
    if (call->key)
        add_key(&url, call->key);
    if (call->query)
        buf_addf(&url, "?%s", call->query);
    return buf_text(&url);
}

/* ---- one attempt ---- */

/* Milliseconds that are left, at least one; 0: no limit. */
static long time_left(const struct ctx *ctx)
{
    int64_t left = ctx->deadline - clock_monotonic();

    if (!ctx->deadline)
        return 0;
    return left > 0 ? (long)left : 1;
}

static void set_limits(struct ctx *ctx, const struct s3 *s3)
{
    long left = time_left(ctx);
    long quiet = s3->timeout_seconds ? s3->timeout_seconds : TIMEOUT_SECONDS;

    (late.curl_easy_setopt)(handle, CURLOPT_CONNECTTIMEOUT_MS,
                            left && left < CONNECT_MS ? left
                                                      : (long)CONNECT_MS);
    (late.curl_easy_setopt)(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (late.curl_easy_setopt)(handle, CURLOPT_LOW_SPEED_TIME, quiet);
    (late.curl_easy_setopt)(handle, CURLOPT_TIMEOUT_MS, left);
}

/* (A macro of curl's has the name with one pair of parentheses.) */
static void set_common(struct ctx *ctx, const struct s3 *s3,
                       const struct s3_call *call, struct attempt *attempt,
                       struct curl_slist *headers)
{
    const char *region = s3->region ? s3->region : "us-east-1";

    (late.curl_easy_setopt)(handle, CURLOPT_URL, url_of(ctx, s3, call));
    (late.curl_easy_setopt)(handle, CURLOPT_PATH_AS_IS, 1L);
    (late.curl_easy_setopt)(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    (late.curl_easy_setopt)(handle, CURLOPT_NOSIGNAL, 1L);
    (late.curl_easy_setopt)(handle, CURLOPT_USERAGENT, "tenon");
    (late.curl_easy_setopt)(handle, CURLOPT_ERRORBUFFER, attempt->error);
    (late.curl_easy_setopt)(handle, CURLOPT_AWS_SIGV4,
                            arena_printf(ctx->arena, "aws:amz:%s:s3", region));
    (late.curl_easy_setopt)(handle, CURLOPT_USERNAME, s3->access_key);
    (late.curl_easy_setopt)(handle, CURLOPT_PASSWORD, s3->secret_key);
    (late.curl_easy_setopt)(handle, CURLOPT_HTTPHEADER, headers);
    (late.curl_easy_setopt)(handle, CURLOPT_FILETIME, 1L);
    (late.curl_easy_setopt)(handle, CURLOPT_WRITEFUNCTION, take_content);
    (late.curl_easy_setopt)(handle, CURLOPT_WRITEDATA, attempt);
    if (s3->ca_file)
        (late.curl_easy_setopt)(handle, CURLOPT_CAINFO, s3->ca_file);
    if (call->range)
        (late.curl_easy_setopt)(handle, CURLOPT_RANGE, call->range);
    set_limits(ctx, s3);
}

static void set_method(const struct s3_call *call, struct attempt *attempt)
{
    if (strcmp(call->method, "HEAD") == 0) {
        (late.curl_easy_setopt)(handle, CURLOPT_NOBODY, 1L);
    } else if (strcmp(call->method, "PUT") == 0) {
        (late.curl_easy_setopt)(handle, CURLOPT_UPLOAD, 1L);
        (late.curl_easy_setopt)(handle, CURLOPT_INFILESIZE_LARGE,
                                (curl_off_t)call->send_size);
        (late.curl_easy_setopt)(handle, CURLOPT_READFUNCTION, read_content);
        (late.curl_easy_setopt)(handle, CURLOPT_READDATA, attempt);
        (late.curl_easy_setopt)(handle, CURLOPT_SEEKFUNCTION, rewind_content);
        (late.curl_easy_setopt)(handle, CURLOPT_SEEKDATA, attempt);
    } else {
        (late.curl_easy_setopt)(handle, CURLOPT_CUSTOMREQUEST, call->method);
    }
}

static void read_facts(struct s3_call *call)
{
    curl_off_t number = -1;

    (late.curl_easy_getinfo)(handle, CURLINFO_RESPONSE_CODE, &call->status);
    (late.curl_easy_getinfo)(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
                             &number);
    call->length = number;
    number = -1;
    (late.curl_easy_getinfo)(handle, CURLINFO_FILETIME_T, &number);
    call->modified = number > 0 ? (int64_t)number * 1000 : 0;
}

static CURLcode attempt_once(struct ctx *ctx, const struct s3 *s3,
                             struct s3_call *call, struct attempt *attempt)
{
    struct curl_slist *headers;
    CURLcode code = CURLE_OUT_OF_MEMORY;

    memset(attempt, 0, sizeof *attempt);
    attempt->call = call;
    call->taken = 0;
    call->status = 0;
    if (call->take)
        buf_clear(call->take);
    if (call->take_fd >= 0 && ftruncate(call->take_fd, 0) < 0) {
        attempt->disk_failed = true;
        attempt->disk_errno = errno;
        return CURLE_WRITE_ERROR;
    }
    headers = late.curl_slist_append(
        NULL,
        arena_printf(ctx->arena, "x-amz-content-sha256: %s", call->sha256));
    if (headers) {
        (late.curl_easy_reset)(handle);
        set_common(ctx, s3, call, attempt, headers);
        set_method(call, attempt);
        code = (late.curl_easy_perform)(handle);
        read_facts(call);
        /* The secret does not stay in the handle. */
        (late.curl_easy_reset)(handle);
        late.curl_slist_free_all(headers);
    }
    return code;
}

/* ---- what went wrong ---- */

/* The text of <NAME>…</NAME> in an error, printable and short; "" without. */
static const char *element(struct ctx *ctx, const char *xml, const char *name)
{
    const char *open = arena_printf(ctx->arena, "<%s>", name);
    const char *from = strstr(xml, open), *end;
    char *text, *p;

    if (!from)
        return "";
    from += strlen(open);
    end = strchr(from, '<');
    if (!end || end == from)
        return "";
    text = arena_strndup(ctx->arena, from,
                         (size_t)(end - from) < WORDS_MAX ? (size_t)(end - from)
                                                          : (size_t)WORDS_MAX);
    for (p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
            *p = '?';
    return text;
}

static bool may_pass(CURLcode code, const struct attempt *attempt, long status)
{
    if (attempt->disk_failed || attempt->too_much)
        return false;
    if (code == CURLE_OK)
        return status == 408 || status == 429 || status >= 500;
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL: /* of HTTP, in the answer */
    case CURLE_SSL_CONNECT_ERROR:
        return true;
    default:
        return false;
    }
}

static int refuse_disk(struct ctx *ctx, int error)
{
    if (error == ENOSPC || error == EDQUOT)
        return fail(ctx, E_FULL, "store.full",
                    "there is no room left on the disk; nothing was saved");
    return fail(ctx, E_IO, "store.io",
                "a file of the site cannot be read or written: %s",
                strerrordesc_np(error));
}

/* No answer, or one that is no HTTP. */
static int refuse_code(struct ctx *ctx, const struct s3 *s3, CURLcode code,
                       const struct attempt *attempt)
{
    const char *place = s3_place(ctx, s3), *why;

    if (attempt->disk_failed)
        return refuse_disk(ctx, attempt->disk_errno);
    if (attempt->too_much ||
        (attempt->call->take && attempt->call->take->failed))
        return fail(ctx, E_LIMIT, "store.s3_large",
                    "the object store %s sends more than it should", place);
    why = attempt->error[0] ? attempt->error : late.curl_easy_strerror(code);
    return fail(ctx, may_pass(code, attempt, 0) ? E_UNAVAILABLE : E_IO,
                "store.s3_away", "the object store %s cannot be used: %s",
                place, why);
}

static int refuse_status(struct ctx *ctx, const struct s3 *s3,
                         const struct s3_call *call,
                         const struct attempt *attempt)
{
    const char *place = s3_place(ctx, s3);
    const char *code = element(ctx, attempt->refused, "Code");
    const char *words = element(ctx, attempt->refused, "Message");

    if (call->status == 404 && call->key && strcmp(code, "NoSuchBucket") != 0)
        return fail(ctx, E_NOT_FOUND, "store.s3_missing",
                    "the object store %s has no %s", place, call->key);
    return fail(
        ctx, may_pass(CURLE_OK, attempt, call->status) ? E_UNAVAILABLE : E_IO,
        "store.s3_refused", "the object store %s answered %ld %s: %s", place,
        call->status, code, words);
}

/* ---- all attempts ---- */

static bool status_good(const struct s3_call *call)
{
    if (call->range)
        return call->status == 206;
    return call->status == 200 || call->status == 204;
}

/* Sleeps before the next attempt; false where there is no time for one. */
static bool pause_before(const struct ctx *ctx, int64_t *pause)
{
    unsigned char dice;
    int64_t length;
    long left = time_left(ctx);

    random_bytes(&dice, sizeof dice);
    length = *pause / 2 + *pause * dice / 256;
    *pause *= 4;
    if (left > 0 && left < length + 100)
        return false;
    usleep((useconds_t)length * 1000);
    return true;
}

static int start(struct ctx *ctx)
{
    int rc =
        late_load(ctx, "libcurl.so.4", names, sizeof names / sizeof *names);

    /* OpenSSL writes to a connection that was closed without a word. */
    if (!rc && !handle)
        signal(SIGPIPE, SIG_IGN);
    if (!rc && !handle)
        handle = late.curl_easy_init();
    if (!rc && !handle)
        rc = fail(ctx, E_INTERNAL, "store.failed", "libcurl does not start");
    return rc;
}

int s3_perform(struct ctx *ctx, const struct s3 *s3, struct s3_call *call)
{
    int left = s3->attempts ? s3->attempts : ATTEMPTS;
    int64_t pause = PAUSE_MS;
    struct attempt attempt;
    CURLcode code;
    int rc = start(ctx);

    while (!rc) {
        rc = ctx_check_deadline(ctx);
        if (rc)
            return rc;
        code = attempt_once(ctx, s3, call, &attempt);
        if (code == CURLE_OK && status_good(call))
            return 0;
        if (--left > 0 && may_pass(code, &attempt, call->status) &&
            pause_before(ctx, &pause))
            continue;
        rc = code != CURLE_OK ? refuse_code(ctx, s3, code, &attempt)
                              : refuse_status(ctx, s3, call, &attempt);
    }
    return rc;
}
