/*
 * state.h - what the files of the front share: its few structures.
 *
 * One process, one thread, one event loop. Ownership: the front owns lists of
 * connections, seats and generations; a connection owns its exchange (one at
 * a time; pipelined requests wait in the input buffer); a worker borrows the
 * exchange it answers. When a client goes, its exchange lives on without a
 * connection until the worker has answered.
 */
#ifndef FRONT_STATE_H
#define FRONT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/listener.h>

#include "base/site.h"
#include "base/str.h"
#include "front/chunk.h"
#include "front/head.h"
#include "front/disk.h"
#include "front/release.h"
#include "ipc/frame.h"
#include "ipc/message.h"
#include "ipc/slot.h"

enum {
    SMALL_BODY = 64 * 1024,     /* goes with the request */
    ANSWER_LIMIT = 1024 * 1024, /* through frames; beyond as a file */
    QUEUE_MAX = 256,            /* waiting requests a lane */
    REQUESTS_PER_PEER = 128,    /* of one session or address at a time */
    OUTPUT_HIGH = 256 * 1024,   /* no further request is read beyond */
    INPUT_HIGH = 64 * 1024,
    QUEUE_MS = 30 * 1000, /* longest wait for a worker */
    IDLE_MS = 60 * 1000,  /* keep-alive without a request */
    EVICT_MS = 1000,      /* before, no connection goes for another */
    LINGER_MS = 2000,
    LINGER_BYTES = 16 * 1024 * 1024, /* the rest of a refused upload */
    STALL_MS = 20 * 1000,   /* a body or answer has to move in this time */
    STALL_BYTES = 8 * 1024, /* by so much */
    DRAIN_MS = 30 * 1000,
    START_MS = 30 * 1000, /* a worker has to be ready by then */
    REQUEST_ID_MAX = 20,
    ADDRESS_TEXT_MAX = 48,
};

enum lane { LANE_PAGES, LANE_LOCAL, LANE_NET, LANE_JOBS, LANE_KEEPER, LANES };
extern const char *const lane_names[LANES];

/* Who is counted: an address (IPv6 by its /64), or a session once a worker
 * has confirmed it. */
struct peer {
    struct peer *next; /* of its hash bucket */
    uint8_t kind;      /* PEER_ADDRESS, PEER_SESSION */
    uint64_t key[2];
    int connections, requests, streams;
};
enum { PEER_ADDRESS = 1, PEER_SESSION = 2, PEER_BUCKETS = 1024 };

enum conn_state {
    CONN_IDLE,    /* between requests */
    CONN_HEAD,    /* a header block has begun */
    CONN_BODY,    /* a small body is collected */
    CONN_SPOOL,   /* a large one goes to a file */
    CONN_WAIT,    /* a worker has it, or will */
    CONN_STREAM,  /* an event stream */
    CONN_CLOSING, /* the last answer leaves; then the rest is read and lost */
};

struct conn {
    struct conn *next, *prev;
    struct front *front;
    struct bufferevent *be;
    int fd;
    enum conn_state state;
    bool eof;       /* the client sends no more */
    bool last;      /* close after the current answer */
    bool shut;      /* CONN_CLOSING: our side is shut down */
    bool advancing; /* guards against recursion */
    bool proxied;   /* comes from a configured proxy */
    bool fresh;     /* no request yet */
    bool broken;    /* an answer could not be written whole */
    bool choked;    /* nothing is read while much waits */
    bool tls;
    bool redirect; /* plain HTTP that only leads to TLS (S59) */
    int blank_lines;
    int64_t since;            /* of the state, monotonic ms */
    int64_t stall_at;         /* when movement is looked at again */
    int64_t last_moved;       /* at the last look */
    int64_t received, queued; /* bytes of bodies in, of answers out */
    int file_fd; /* of a file that leaves under TLS, piece by piece */
    int64_t file_at, file_left;
    struct event again; /* for conn_wake, which needs no memory so */
    size_t seen;        /* of the header block */
    struct peer *peer;  /* counted there */
    char address[ADDRESS_TEXT_MAX];
    struct exchange *exchange;
    struct stream *stream;
};

enum body_kind { BODY_NONE, BODY_LENGTH, BODY_CHUNKED };

/* Where the answer that a worker sends is collected. */
struct answer {
    enum {
        ANSWER_NONE,   /* no frame yet */
        ANSWER_HEADED, /* HEAD came */
        ANSWER_FILE,   /* HEAD and FILE came */
        ANSWER_SPECIAL /* ALLOW, STREAM, METRICS came */
    } stage;
    int special;         /* that frame's type */
    unsigned char *head; /* payload of HEAD */
    size_t head_length, head_room;
    unsigned char *body;
    size_t body_length, body_room;
    bool has_file;
    int file;
    int64_t file_size;
    uint64_t number; /* of ALLOW: limit; of STREAM: user */
    char session[160];
};

/* One request and its answer. */
struct exchange {
    struct exchange *next; /* in a queue */
    struct front *front;
    struct conn *conn;      /* NULL: the client is gone */
    struct peer *peer;      /* counted there; NULL: not counted */
    unsigned char *payload; /* the request message; the texts point into it */
    size_t payload_length;
    struct str id, method, path, query, host, address;
    struct str range, if_range, if_none_match, language, accept, encodings;
    char id_text[REQUEST_ID_MAX];
    bool head, keep_alive, http10, tls, forwarded, expects;
    bool complete;  /* the whole body has come */
    bool held;      /* answered, waits for release */
    bool continued; /* 100 Continue was sent */
    enum body_kind body_kind;
    struct chunk chunk;
    int64_t body_left;   /* of a body with a length */
    unsigned char *body; /* collected, or NULL */
    size_t body_length, body_room;
    struct spool *spool;
    int64_t limit; /* of the body; once a worker allowed it */
    bool ask;      /* goes to a worker as FRAME_ASK */
    bool form;     /* its body is multipart/form-data */
    enum lane lane;
    int rule_flags;
    char module[SLOT_MODULE_MAX];
    char *log_path; /* malloc; of a rule with a secret, else NULL */
    bool queued;
    bool writes;           /* its method is not a safe one (RFC 9110, 9.2.1) */
    struct worker *worker; /* answers it now */
    int64_t started, queued_at;
    int status; /* of the answer, for the log */
    int64_t bytes;
    const char *source;   /* without a lane: "static", "front" */
    const char *words;    /* of its error page; NULL: those of the status */
    struct answer answer; /* complete, from a worker */
};

struct queue {
    struct exchange *first, *last;
    int count;
};

/* What the workers of one generation said in FRAME_READY. */
struct generation;

enum worker_state {
    WORKER_STARTING,
    WORKER_IDLE,
    WORKER_BUSY,
    WORKER_STOPPING
};

struct worker {
    struct worker *next; /* in front->workers */
    struct front *front;
    struct seat *seat;
    pid_t pid;
    int stream, fds;
    struct slot *slot;
    struct event *readable, *writable;
    struct evbuffer *output; /* what did not go at once */
    unsigned char *in;
    size_t in_start, in_end;
    enum worker_state state;
    bool retiring;    /* gets no new request */
    bool stopped;     /* FRAME_STOP was sent */
    bool soft;        /* the soft deadline was told */
    bool quarantined; /* its module was put away */
    int kill_stage;   /* 0, then SIGABRT, then SIGKILL */
    const char *kind; /* why we ended it: "timeout", "protocol" … or NULL */
    int64_t kill_at;
    int generation;
    uint64_t served;
    uint64_t next_id; /* of frames */
    uint64_t current; /* id of the request in work */
    struct exchange *exchange;
    struct exchange *ahead; /* given for after it, as next_id; or NULL */
    struct answer answer;
    struct generation *loading; /* READY is being collected */
    char failure[512];          /* text of FRAME_FAILED */
    int64_t started, start_by, ready_at, busy_since, retire_at;
};

/* A place for a worker: "pages-2". */
struct seat {
    enum lane lane;
    int index;
    char name[16];
    struct worker *current, *next;
    int failures;
    int64_t start_at; /* when the next start may be tried */
    bool replace;     /* wanted: a new one in its place */
};

enum {
    PAGE_SEATS_MAX = 64,
    NET_SEATS_MAX = 16,
    JOB_SEATS_MAX = 8,
    SEATS_MAX =
        PAGE_SEATS_MAX + NET_SEATS_MAX + JOB_SEATS_MAX + 2, /* local, keeper */
    NET_WORKERS_FILES = 3, /* where they also wait for an object store */
};

struct counters {
    uint64_t requests[LANES + 1][6]; /* last row: without a worker; by class */
    uint64_t duration_ms[LANES + 1];
    uint64_t bytes_out, accepted, refused_connections, bad_requests;
    uint64_t overload, crashes, timeouts, restarts, recycled, events;
};

struct front {
    const struct site *site;
    const struct settings *settings;
    const char *program; /* the worker's program */
    struct event_base *base;
    struct event *tick, *worker_tick, *signals[4];
    struct listening *listening;
    struct tls *tls; /* NULL: plain HTTP */
    int connections, connections_max;
    struct conn *conns;
    struct peer *peers[PEER_BUCKETS];
    struct seat seats[SEATS_MAX];
    int seat_count, page_count;
    struct worker *workers;
    struct queue queues[LANES];
    int quick_writers; /* requests that write at once, while they are quick */
    int64_t read_at;   /* when a page that is only read was asked for last */
    struct generation *generation; /* in force; NULL before the first */
    int generation_number;         /* last one begun */
    struct roll *roll;             /* a replacement under way */
    bool roll_again;
    bool ready; /* said to systemd */
    bool announce;
    bool stopping, workers_stopped;
    int exit_code;
    int64_t stop_at;
    int stop_signals;
    int site_fd, run_fd, lock_fd;
    int64_t spooled; /* bytes reserved */
    struct stream *streams[256];
    int stream_count;
    bool hosts_missed; /* something that the keeper should have passed on */
    struct blame *blame;
    struct control *control;
    struct release release;
    struct disk disk;
    struct counters counters;
    struct head head; /* of the block that is parsed just now */
    struct answer_message answer_message; /* that is sent just now */
    struct answer pool; /* buffers of the last answer, for the next */
    int64_t now;        /* monotonic, of this round of the loop */
    char date[40];
    int64_t date_second;
    char id_prefix[10];
    uint32_t id_counter;
    int64_t started;
    struct service *service;
};

/* Monotonic ms of now. */
int64_t front_now(struct front *front);

#endif
