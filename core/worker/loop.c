/*
 * loop.c - frames in, a function call, frames out.
 *
 * Blocking and single-threaded on purpose: a handler is a plain function.
 */
#include "base/banned.h"

#include "worker/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/log.h"
#include "ipc/frame.h"
#include "ipc/link.h"
#include "ipc/slot.h"

enum {
    ANSWER_LIMIT = 1024 * 1024,
    BODY_MAX = 64 * 1024,
    MEMORY_EVERY = 64, /* requests between two looks */
    DESCRIPTORS_MARK = 256,
    COMMAND_MAX = 64 * 1024,
};

struct loop {
    const struct worker_program *program;
    struct link_reader reader;
    struct request_message request;
    /* A request's payload is only good until the next frame is read. */
    unsigned char payload[FRAME_PAYLOAD_MAX];
    unsigned char body[BODY_MAX];
    unsigned char head[FRAME_HEADER + FRAME_PAYLOAD_MAX];
    int64_t memory_mark;
    char id[SLOT_REQUEST_MAX]; /* of the request in work */
    uint64_t handled;
    bool stop, lost;
    bool spent; /* takes nothing that was given ahead */
};

/* Resident bytes of this process. */
static int64_t resident(void)
{
    char text[128], *end;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd < 0)
        return 0;
    got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0)
        return 0;
    text[got] = '\0';
    strtoll(text, &end, 10);
    return strtoll(end, NULL, 10) * sysconf(_SC_PAGESIZE);
}

/* The lowest free descriptor tells how many are in use. */
static bool leaks_descriptors(void)
{
    int fd = fcntl(LINK_STREAM, F_DUPFD_CLOEXEC, 0);

    if (fd >= 0)
        close(fd);
    return fd < 0 || fd >= DESCRIPTORS_MARK;
}

/* Flags of the answer's end: whether this process shall go on. A handler that
 * leaked descriptors must not cost those who come after it. */
static int end_flags(struct loop *loop)
{
    if (slot_module_called() && leaks_descriptors()) {
        log_event(LOG_WARN, "worker.descriptors", "request", loop->id, NULL);
        loop->spent = true;
        return FRAME_SPENT;
    }
    if (loop->memory_mark && loop->handled % MEMORY_EVERY == 0 &&
        resident() > loop->memory_mark)
        return FRAME_RECYCLE;
    return 0;
}

/* ---- sending ---- */

static void send_frame(struct loop *loop, int type, int flags, uint64_t id,
                       const void *payload, size_t length)
{
    if (link_send(LINK_STREAM, type, flags, id, payload, length))
        loop->lost = true;
}

static void send_end(struct loop *loop, uint64_t id, const struct give *give)
{
    unsigned char bytes[16];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    put_u64(&writer, give->begun);
    put_u64(&writer, give->session_key);
    send_frame(loop, FRAME_END, end_flags(loop), id, bytes, writer.used);
}

/* The head's payload, behind room for its frame header. Its length, or 0
 * where it does not fit. */
static size_t write_head(struct loop *loop, const struct give *give)
{
    struct answer_message message = { .status = give->status };
    struct writer writer;

    if (give->field_count > FIELDS_MAX)
        return 0;
    memcpy(message.fields, give->fields,
           give->field_count * sizeof *give->fields);
    message.field_count = give->field_count;
    writer_init(&writer, loop->head + FRAME_HEADER, FRAME_PAYLOAD_MAX);
    return answer_write(&writer, &message) ? 0 : writer.used;
}

static void give_head(struct loop *loop, uint64_t id, size_t length)
{
    send_frame(loop, FRAME_HEAD, 0, id, loop->head + FRAME_HEADER, length);
}

/* The common case in one system call: head, body, end. */
static void give_small(struct loop *loop, uint64_t id, size_t head_length,
                       const struct give *give)
{
    unsigned char tail[FRAME_HEADER + 16], body[FRAME_HEADER];
    struct writer writer;
    struct iovec parts[4];
    int count = 0;

    frame_write(loop->head, &(struct frame){ .length = (uint32_t)head_length,
                                             .type = FRAME_HEAD,
                                             .id = id });
    parts[count++] = (struct iovec){ loop->head, FRAME_HEADER + head_length };
    if (give->body_length) {
        frame_write(body,
                    &(struct frame){ .length = (uint32_t)give->body_length,
                                     .type = FRAME_BODY,
                                     .id = id });
        parts[count++] = (struct iovec){ body, FRAME_HEADER };
        parts[count++] =
            (struct iovec){ (void *)give->body, give->body_length };
    }
    frame_write(tail, &(struct frame){ .length = 16,
                                       .type = FRAME_END,
                                       .flags = end_flags(loop),
                                       .id = id });
    writer_init(&writer, tail + FRAME_HEADER, 16);
    put_u64(&writer, give->begun);
    put_u64(&writer, give->session_key);
    parts[count++] = (struct iovec){ tail, sizeof tail };
    if (link_write(LINK_STREAM, parts, count))
        loop->lost = true;
}

static void give_frames(struct loop *loop, uint64_t id, const struct give *give)
{
    const unsigned char *at = give->body;
    size_t left = give->body_length;

    while (left && !loop->lost) {
        size_t step = left < FRAME_PAYLOAD_MAX ? left : FRAME_PAYLOAD_MAX;

        send_frame(loop, FRAME_BODY, 0, id, at, step);
        at += step;
        left -= step;
    }
    send_end(loop, id, give);
}

static void give_file(struct loop *loop, uint64_t id, size_t head_length,
                      int fd, int64_t size, const struct give *give)
{
    unsigned char bytes[8];
    struct writer writer;

    /* The descriptor first: when the frame is read it must be there. */
    if (fd_send(LINK_FDS, fd, id))
        loop->lost = true;
    give_head(loop, id, head_length);
    writer_init(&writer, bytes, sizeof bytes);
    put_u64(&writer, (uint64_t)size);
    send_frame(loop, FRAME_FILE, 0, id, bytes, writer.used);
    send_end(loop, id, give);
}

/* A body over 1 MiB goes as a file in memory. */
static void give_large(struct loop *loop, uint64_t id, size_t head_length,
                       const struct give *give)
{
    int fd = memfd_create("tenon-answer", MFD_CLOEXEC);
    const char *at = give->body;
    size_t left = give->body_length;

    while (fd >= 0 && left) {
        ssize_t written = write(fd, at, left);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            break;
        at += written;
        left -= (size_t)written;
    }
    if (fd < 0 || left) {
        log_event(LOG_ERROR, "worker.answer_too_large", NULL);
        _exit(EXIT_SICK);
    }
    give_file(loop, id, head_length, fd, (int64_t)give->body_length, give);
    close(fd);
}

static void give_special(struct loop *loop, uint64_t id,
                         const struct give *give)
{
    unsigned char bytes[512];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    if (give->kind == GIVE_ALLOW) {
        put_u64(&writer, give->limit);
        send_frame(loop, FRAME_ALLOW, 0, id, bytes, writer.used);
        send_end(loop, id, give);
    } else if (give->kind == GIVE_STREAM) {
        put_u64(&writer, give->user);
        put_text(&writer, give->session);
        send_frame(loop, FRAME_STREAM, 0, id, bytes, writer.used);
        send_end(loop, id, give);
    } else {
        send_frame(loop, FRAME_METRICS, 0, id, NULL, 0);
        give_frames(loop, id, give);
    }
}

static void give_answer(struct loop *loop, uint64_t id, const struct give *give)
{
    size_t head_length;

    if (give->kind != GIVE_BODY && give->kind != GIVE_FILE) {
        give_special(loop, id, give);
        return;
    }
    head_length = write_head(loop, give);
    if (!head_length) {
        log_event(LOG_ERROR, "worker.head_too_large", NULL);
        _exit(EXIT_SICK);
    }
    if (give->kind == GIVE_FILE) {
        give_file(loop, id, head_length, give->file_fd, give->file_size, give);
    } else if (give->body_length <= FRAME_PAYLOAD_MAX) {
        give_small(loop, id, head_length, give);
    } else if (give->body_length <= ANSWER_LIMIT) {
        give_head(loop, id, head_length);
        give_frames(loop, id, give);
    } else {
        give_large(loop, id, head_length, give);
    }
}

/* ---- receiving ---- */

/* The body's frames behind a request. */
static int take_body(struct loop *loop, struct call *call, uint64_t id)
{
    struct frame frame;
    const unsigned char *payload;

    do {
        if (link_receive(&loop->reader, &frame, &payload, -1) != 1 ||
            frame.type != FRAME_INPUT || frame.id != id ||
            call->body_length + frame.length > BODY_MAX)
            return E_IO;
        memcpy(loop->body + call->body_length, payload, frame.length);
        call->body_length += frame.length;
    } while (!(frame.flags & FRAME_LAST));
    call->body = loop->body;
    return 0;
}

static void answer_request(struct loop *loop, const struct frame *frame,
                           const unsigned char *payload)
{
    struct call call = { .request = &loop->request,
                         .body_fd = -1,
                         .asking = frame->type == FRAME_ASK };
    struct give give = { .status = 200, .file_fd = -1 };
    uint64_t number = frame->id;

    memcpy(loop->payload, payload, frame->length);
    if (request_read(&loop->request, loop->payload, frame->length) ||
        ((frame->flags & FRAME_SPOOLED) &&
         fd_receive(&call.body_fd, LINK_FDS, number)) ||
        (!(frame->flags & FRAME_LAST) && take_body(loop, &call, number))) {
        loop->lost = true;
        return;
    }
    if ((frame->flags & FRAME_AHEAD) && (loop->spent || !slot_take(number)))
        return;
    snprintf(loop->id, sizeof loop->id, "%.*s", (int)loop->request.id.length,
             loop->request.id.data);
    slot_begin(loop->id, 0);
    loop->handled++;
    loop->program->handle(loop->program->self, &call, &give);
    slot_finish();
    give_answer(loop, number, &give);
    if (call.body_fd >= 0)
        close(call.body_fd);
    if (give.file_fd >= 0)
        close(give.file_fd);
    if (loop->program->done)
        loop->program->done(loop->program->self);
}

static void run_command(struct loop *loop, uint64_t id,
                        const unsigned char *payload, size_t length)
{
    static const char none[] = "{\"ok\":false,\"error\":\"not here\"}";
    struct buf answer;

    buf_init(&answer, NULL, COMMAND_MAX);
    if (loop->program->command)
        loop->program->command(loop->program->self,
                               (struct str){ (const char *)payload, length },
                               &answer);
    else
        buf_add_text(&answer, none);
    send_frame(loop, FRAME_RESULT, 0, id, buf_text(&answer), answer.length);
    buf_free(&answer);
}

static void take_told(struct loop *loop, const unsigned char *payload,
                      size_t length)
{
    struct reader reader;
    struct str text;
    uint64_t user;
    int kind;

    reader_init(&reader, payload, length);
    kind = get_u8(&reader);
    user = get_u64(&reader);
    text = get_str(&reader);
    if (reader_done(&reader) && loop->program->told)
        loop->program->told(loop->program->self, kind, (int64_t)user, text);
}

static void take_frame(struct loop *loop, const struct frame *frame,
                       const unsigned char *payload)
{
    switch (frame->type) {
    case FRAME_REQUEST:
    case FRAME_ASK:
        answer_request(loop, frame, payload);
        break;
    case FRAME_COMMAND:
        run_command(loop, frame->id, payload, frame->length);
        break;
    case FRAME_TELL:
        take_told(loop, payload, frame->length);
        break;
    case FRAME_NUDGE:
        break; /* the idle call follows */
    case FRAME_STOP:
        loop->stop = true;
        break;
    default:
        loop->lost = true;
    }
}

static int start(const struct worker_program *program)
{
    struct ready_part ready = { 0 };
    const char *reason = NULL;
    int code = program->start(program->self, &ready, &reason);

    if (code) {
        if (!reason)
            reason = "the worker could not start";
        link_send(LINK_STREAM, FRAME_FAILED, 0, 0, reason, strlen(reason));
        return code;
    }
    return ready_send(LINK_STREAM, &ready) ? EXIT_PLANNED : 0;
}

struct loop *loop_open(const struct worker_program *program,
                       int64_t memory_mark, int *code)
{
    struct loop *loop = calloc(1, sizeof *loop);

    *code = loop ? start(program) : EXIT_SICK;
    if (*code) {
        free(loop);
        return NULL;
    }
    loop->program = program;
    loop->memory_mark = memory_mark;
    link_reader_init(&loop->reader, LINK_STREAM);
    return loop;
}

/* 1: a frame was taken; 0: none came; negative: it is over. */
static int take(struct loop *loop, int wait_ms)
{
    const unsigned char *payload;
    struct frame frame;
    int got = link_receive(&loop->reader, &frame, &payload, wait_ms);

    if (got < 0)
        return got; /* the front is gone */
    if (got > 0)
        take_frame(loop, &frame, payload);
    return loop->stop || loop->lost ? E_IO : got;
}

bool loop_turn(struct loop *loop, int wait_ms)
{
    return take(loop, wait_ms) >= 0;
}

bool loop_drain(struct loop *loop)
{
    int got;

    do
        got = take(loop, 0);
    while (got > 0);
    return got >= 0;
}

void loop_close(struct loop *loop)
{
    free(loop);
}

int worker_loop(const struct worker_program *program, int64_t memory_mark)
{
    int code, wait_ms = -1;
    struct loop *loop = loop_open(program, memory_mark, &code);

    if (!loop)
        return code;
    do {
        if (program->idle)
            wait_ms = program->idle(program->self);
    } while (loop_turn(loop, wait_ms));
    loop_close(loop);
    return EXIT_PLANNED;
}
