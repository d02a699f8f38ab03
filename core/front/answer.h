/*
 * answer.h - the front's end of a worker's link: giving requests, collecting
 * answers.
 *
 * What a worker says is checked against a state machine: order, ids, sizes,
 * no CR or LF in fields. Any breach ends the worker.
 */
#ifndef FRONT_ANSWER_H
#define FRONT_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exchange;
struct worker;

/* Sends the request to an idle worker. */
void worker_give(struct worker *worker, struct exchange *exchange);

/* Sends a request that waits for its turn to a worker that is busy with
 * another, for when it has answered that; dispatch_take_back is the way back.
 * Its body is no spooled one. False where the worker can't have it now. */
bool worker_give_ahead(struct worker *worker, struct exchange *exchange);

/* Sends one frame, now or when there is room. */
void worker_say(struct worker *worker, int type, int flags, uint64_t id,
                const void *payload, size_t length);

/* Reads what is there; called by the event loop, and once more when the
 * worker has died (its last answer may be in the socket). */
void worker_read(struct worker *worker);

/* Frees the buffers of an answer that was begun. */
void answer_drop(struct worker *worker);

/* One complete frame, for the fuzzer's sake visible. Returns NULL, or what
 * was wrong with it. */
const char *answer_frame(struct worker *worker, int type, int flags,
                         uint64_t id, const unsigned char *payload,
                         size_t length);

#endif
