/*
 * frame.h - what front and worker say to each other, frame by frame.
 *
 * A frame is a 16-byte header (payload length ≤ 64 KiB, type, flags, request
 * id; the machine's own byte order, both ends run on it) and a payload of
 * length-prefixed fields (message.h). Descriptors travel beside the stream on
 * a SOCK_SEQPACKET pair (fds.h).
 *
 * Called by front/ and worker/ only.
 */
#ifndef IPC_FRAME_H
#define IPC_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum { FRAME_HEADER = 16, FRAME_PAYLOAD_MAX = 65536 };

enum frame_type {
    /* Worker to front, before its first request. */
    FRAME_READY = 1, /* message_ready.h; the last part has FRAME_LAST */
    FRAME_FAILED,    /* text: why this generation can't start */
    /* The answer to a request, in this order. */
    FRAME_HEAD,    /* status and fields */
    FRAME_BODY,    /* bytes */
    FRAME_FILE,    /* u64 size; the descriptor is on the second pair */
    FRAME_ALLOW,   /* instead of HEAD, to FRAME_ASK: u64 bytes that may come */
    FRAME_STREAM,  /* instead of HEAD: u64 user, text session */
    FRAME_METRICS, /* instead of HEAD: the front adds its own figures */
    FRAME_END, /* u64 begun, u64 session; flags FRAME_RECYCLE, FRAME_SPENT */
    /* At any time. */
    FRAME_EVENT,      /* u64 begun, u64 user (0: all), text topic */
    FRAME_STREAM_END, /* u64 user, text session ("": all of the user's) */
    FRAME_WAKE,       /* the jobs worker shall look */
    FRAME_RELOAD,     /* the modules changed: make a new generation */
    FRAME_RESULT,     /* text: the answer to FRAME_COMMAND */
    FRAME_DURABLE,    /* the keeper: u64 commits on disk, u64 1: disk failed */
    FRAME_FROM_WORKER_END,

    /* Front to worker. */
    FRAME_REQUEST = 64, /* head of a request; FRAME_LAST: no FRAME_INPUT */
    FRAME_ASK,          /* the same, a large body is announced */
    FRAME_INPUT,        /* bytes of the body; the last has FRAME_LAST */
    FRAME_COMMAND,      /* text: a line of the control socket */
    FRAME_NUDGE,        /* jobs: look now */
    FRAME_STOP,         /* end, with EXIT_PLANNED */
    FRAME_TELL,         /* the keeper: u8 kind, u64 user, text; what a worker
                           has said shall reach the other hosts */
    FRAME_TO_WORKER_END
};

/* What FRAME_TELL is about; on the way to other hosts, too. */
enum host_word {
    HOST_EVENT = 'e',  /* a live event: user (0: all), topic */
    HOST_END = 'x',    /* streams end: user, session ("": all of them) */
    HOST_WAKE = 'w',   /* jobs wait */
    HOST_RELOAD = 'r', /* modules changed */
    HOST_ANEW = 'a',   /* something was missed: all pages ask again */
};

enum frame_flags {
    FRAME_LAST = 1,
    FRAME_SPOOLED = 2, /* REQUEST: the body is a descriptor */
    FRAME_RECYCLE = 4, /* END: replace me, I have grown */
    FRAME_SPENT = 8,   /* END: I can take nothing more, start another */
    FRAME_AHEAD = 16,  /* REQUEST: for after the one in work, if slot_take */
};

struct frame {
    uint32_t length;
    uint16_t type, flags;
    uint64_t id;
};

void frame_write(unsigned char out[FRAME_HEADER], const struct frame *frame);

/* E_INVALID where the length is over FRAME_PAYLOAD_MAX or a flag is unknown;
 * whether the type may come now is the reader's business. */
int frame_read(struct frame *out, const unsigned char in[FRAME_HEADER]);

#endif
