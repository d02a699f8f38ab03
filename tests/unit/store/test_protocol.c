/*
 * test_protocol.c - group durability as a model: every order of the steps of
 * two writers, a reader, the keeper and the front, with a death of each of
 * them, of all of them together and of the disk between any two steps.
 *
 * In each state that can be reached the power may fail: then only what was
 * synced is there, and every answer that has left must be in it. In each
 * state from which nothing goes on by itself no answer may be held.
 *
 * The steps are those of tx.c (commit), sync.c (keeper), lock.c (who takes the
 * lock of a dead holder, who makes the page anew), release.c (front). Each
 * mutant swaps or drops one of them; the model must find what goes wrong.
 */
#include "base/banned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { WRITERS = 2, READER = WRITERS, PEOPLE = WRITERS + 1 };

enum mutant {
    NONE,
    NUMBER_BEFORE_QUERY,   /* an answer's number is read before its query */
    READS_LEAVE_AT_ONCE,   /* only answers to writes are held */
    BEGUN_AFTER_COMMIT,    /* COMMIT, begun++, done */
    DONE_BEFORE_COMMIT,    /* begun++, done, COMMIT */
    DONE_AFTER_UNLOCK,     /* begun++, COMMIT, unlock, done */
    NOTED_AFTER_SYNC,      /* the keeper reads `done` after its fdatasync */
    PUBLISHED_BEFORE_SYNC, /* and publishes before it */
    NOT_TAKEN_OVER,        /* done stays behind when a holder has died */
    NOT_ADOPTED,           /* the keeper leaves that to the next writer */
    NEW_PAGE_IS_DURABLE,   /* the first opener takes all for durable */
    NOT_TOLD_ANEW,         /* a new keeper tells only what changes */
    SYNC_TRIED_AGAIN,      /* after a failed fdatasync the next one counts */
    FAILURE_NOT_TOLD,      /* the front does not hear of it */
    MUTANTS
};

static const char *const mutant_names[] = {
    "none",
    "number before query",
    "reads leave at once",
    "begun after commit",
    "done before commit",
    "done after unlock",
    "noted after sync",
    "published before sync",
    "not taken over",
    "not adopted",
    "new page is durable",
    "not told anew",
    "sync tried again",
    "failure not told",
};

enum lock { LOCK_IS_FREE = 100, LOCK_OF_DEAD };
enum where { AWAY, HELD, LEFT, REFUSED };
enum { DEAD = 50, FINISHED = 51 };

/* Everything that a step may read or change; plain bytes, to be compared. */
struct state {
    uint8_t pc[PEOPLE];     /* the step that comes next */
    uint8_t own[PEOPLE];    /* a writer's own number */
    uint8_t number[PEOPLE]; /* what the answer carries */
    uint8_t seen[PEOPLE];   /* what it tells: a bit for each commit */
    uint8_t where[PEOPLE];  /* its answer */
    uint8_t lock;           /* who has it */
    uint8_t begun, done, durable, failed; /* the page */
    uint8_t log;                          /* commits that others see */
    uint8_t disk;                         /* that a power cut leaves */
    uint8_t lost; /* that the system believes to be on the disk */
    uint8_t keeper, noted, told, fresh;
    uint8_t front_durable, front_failed;
    uint8_t deaths, keeper_deaths, all_died, disk_faults; /* so far */
};

/* ---- the states that were seen ---- */

enum { TABLE_SIZE = 1 << 21 };

struct search {
    enum mutant mutant;
    struct state *table;
    uint8_t *used;
    struct state *stack;
    size_t depth, room, states;
    const char *wrong;
};

static uint64_t hash_of(const struct state *state)
{
    const uint8_t *bytes = (const uint8_t *)state;
    uint64_t hash = 0xcbf29ce484222325u;
    size_t i;

    for (i = 0; i < sizeof *state; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash ^ hash >> 29;
}

static void reach(struct search *search, const struct state *state)
{
    size_t at = hash_of(state) % TABLE_SIZE;

    while (search->used[at]) {
        if (memcmp(&search->table[at], state, sizeof *state) == 0)
            return;
        at = (at + 1) % TABLE_SIZE;
    }
    assert_true(++search->states < TABLE_SIZE / 4 * 3);
    search->used[at] = 1;
    search->table[at] = *state;
    if (search->depth == search->room) {
        search->room = search->room ? search->room * 2 : 1024;
        search->stack =
            realloc(search->stack, search->room * sizeof *search->stack);
        assert_non_null(search->stack);
    }
    search->stack[search->depth++] = *state;
}

/* ---- the front ---- */

static void arrive(const struct search *search, struct state *state, int who)
{
    bool free_to_go = search->mutant == READS_LEAVE_AT_ONCE && who == READER;

    if (state->number[who] <= state->front_durable || free_to_go)
        state->where[who] = LEFT;
    else
        state->where[who] = state->front_failed ? REFUSED : HELD;
}

static void front_hears(struct state *state, uint8_t durable, uint8_t failed)
{
    int i;

    if (durable > state->front_durable)
        state->front_durable = durable;
    state->front_failed |= failed;
    for (i = 0; i < PEOPLE; i++) {
        if (state->where[i] != HELD)
            continue;
        if (state->number[i] <= state->front_durable)
            state->where[i] = LEFT;
        else if (state->front_failed)
            state->where[i] = REFUSED;
    }
}

/* ---- writers ---- */

enum step { TAKE, BEGIN, COMMIT, DONE, UNLOCK, ASK, GIVE };

static const enum step usual[] = {
    TAKE, BEGIN, COMMIT, DONE, UNLOCK, ASK, GIVE
};
static const enum step begun_late[] = { TAKE,   COMMIT, BEGIN, DONE,
                                        UNLOCK, ASK,    GIVE };
static const enum step done_early[] = { TAKE,   BEGIN, DONE, COMMIT,
                                        UNLOCK, ASK,   GIVE };
static const enum step done_late[] = { TAKE, BEGIN, COMMIT, UNLOCK,
                                       DONE, ASK,   GIVE };

static const enum step *order_of(enum mutant mutant)
{
    return mutant == BEGUN_AFTER_COMMIT   ? begun_late
           : mutant == DONE_BEFORE_COMMIT ? done_early
           : mutant == DONE_AFTER_UNLOCK  ? done_late
                                          : usual;
}

/* False: it has to wait. */
static bool take(const struct search *search, struct state *state, int who)
{
    if (state->lock < WRITERS)
        return false;
    if (state->lock == LOCK_OF_DEAD && search->mutant != NOT_TAKEN_OVER)
        state->done = state->begun;
    state->lock = (uint8_t)who;
    return true;
}

static bool writer_step(const struct search *search, struct state *state,
                        int who)
{
    switch (order_of(search->mutant)[state->pc[who]]) {
    case TAKE:
        if (state->failed) { /* "nothing more is saved" */
            state->pc[who] = FINISHED;
            return true;
        }
        if (!take(search, state, who))
            return false;
        break;
    case BEGIN:
        state->own[who] = ++state->begun;
        break;
    case COMMIT:
        state->log |= (uint8_t)(1 << who);
        break;
    case DONE:
        state->done = state->own[who];
        break;
    case UNLOCK:
        state->lock = LOCK_IS_FREE;
        break;
    case ASK: /* its last query was before */
        state->seen[who] = (uint8_t)(1 << who);
        state->number[who] = state->begun;
        break;
    case GIVE:
        arrive(search, state, who);
        state->pc[who] = FINISHED;
        return true;
    }
    state->pc[who]++;
    return true;
}

static bool reader_step(const struct search *search, struct state *state)
{
    bool query = state->pc[READER] == 0;

    if (search->mutant == NUMBER_BEFORE_QUERY)
        query = !query;
    if (state->pc[READER] == 2) {
        arrive(search, state, READER);
        state->pc[READER] = FINISHED;
        return true;
    }
    if (query)
        state->seen[READER] = state->log;
    else
        state->number[READER] = state->begun;
    state->pc[READER]++;
    return true;
}

/* ---- the keeper ---- */

enum { LOOK, SYNC, PUBLISH, TELL };

static void fdatasync_of(struct state *state)
{
    state->disk |= (uint8_t)(state->log & ~state->lost);
}

static bool look(const struct search *search, struct state *state)
{
    if (state->failed) {
        if (state->told == UINT8_MAX || search->mutant == FAILURE_NOT_TOLD)
            return false;
        state->keeper = TELL;
    } else if (state->done > state->durable || state->fresh) {
        state->noted = state->done;
        state->keeper =
            search->mutant == PUBLISHED_BEFORE_SYNC ? PUBLISH : SYNC;
        state->fresh = 0;
    } else if (state->told != state->durable) {
        state->keeper = TELL;
    } else if (state->begun != state->done && state->lock == LOCK_OF_DEAD &&
               search->mutant != NOT_ADOPTED) {
        state->lock = LOCK_IS_FREE;
        if (search->mutant != NOT_TAKEN_OVER)
            state->done = state->begun;
    } else {
        return false;
    }
    return true;
}

static bool keeper_step(const struct search *search, struct state *state)
{
    switch (state->keeper) {
    case LOOK:
        return look(search, state);
    case SYNC:
        fdatasync_of(state);
        if (search->mutant == NOTED_AFTER_SYNC) {
            state->noted = UINT8_MAX; /* as it is when it publishes */
        }
        state->keeper =
            search->mutant == PUBLISHED_BEFORE_SYNC ? TELL : PUBLISH;
        break;
    case PUBLISH:
        if (state->noted == UINT8_MAX)
            state->noted = state->done;
        if (state->failed)
            state->keeper = LOOK;
        else
            state->keeper =
                search->mutant == PUBLISHED_BEFORE_SYNC ? SYNC : TELL;
        if (!state->failed && state->noted > state->durable)
            state->durable = state->noted;
        /* This mutant's front looks into the page by itself. */
        if (search->mutant == PUBLISHED_BEFORE_SYNC)
            front_hears(state, state->durable, 0);
        break;
    default:
        front_hears(state, state->durable, state->failed);
        state->told = state->failed ? UINT8_MAX : state->durable;
        state->keeper = LOOK;
    }
    return true;
}

static void new_keeper(const struct search *search, struct state *state)
{
    state->keeper = LOOK;
    state->noted = 0;
    /* It knows nothing of what the one before has told. */
    state->fresh = search->mutant != NOT_TOLD_ANEW;
    state->told =
        search->mutant == NOT_TOLD_ANEW ? state->durable : UINT8_MAX - 1;
}

/* ---- what goes wrong around them ---- */

static void person_dies(struct state *state, int who)
{
    if (state->lock == who)
        state->lock = LOCK_OF_DEAD;
    state->pc[who] = DEAD;
    state->deaths++;
}

/* All but the front; the next opener is the first one. */
static void all_die(const struct search *search, struct state *state)
{
    int i;

    for (i = 0; i < PEOPLE; i++)
        if (state->pc[i] != FINISHED)
            state->pc[i] = DEAD;
    state->all_died = 1;
    state->lock = LOCK_IS_FREE;
    state->done = state->begun;
    if (search->mutant == NEW_PAGE_IS_DURABLE)
        state->durable = state->begun;
    new_keeper(search, state);
}

/* The fdatasync that was under way fails: what was to be written counts as
 * written, and is lost. */
static void disk_fails(const struct search *search, struct state *state)
{
    state->lost |= (uint8_t)(state->log & ~state->disk);
    state->disk_faults = 1;
    state->keeper = LOOK;
    if (search->mutant == SYNC_TRIED_AGAIN)
        state->fresh = 1;
    else
        state->failed = 1;
}

static void add_faults(struct search *search, const struct state *from)
{
    struct state next;
    int i;

    for (i = 0; i < PEOPLE && from->deaths < 1; i++) {
        if (from->pc[i] >= DEAD)
            continue;
        next = *from;
        person_dies(&next, i);
        reach(search, &next);
    }
    if (!from->keeper_deaths) {
        next = *from;
        next.keeper_deaths = 1;
        new_keeper(search, &next);
        reach(search, &next);
    }
    /* A page that is made anew would forget a failure; the front does not let
     * it come to that before the check (disk.h). */
    if (!from->all_died && !from->failed) {
        next = *from;
        all_die(search, &next);
        reach(search, &next);
    }
    if (!from->disk_faults && from->keeper == SYNC) {
        next = *from;
        disk_fails(search, &next);
        reach(search, &next);
    }
}

/* ---- the search ---- */

static void check(struct search *search, const struct state *state, bool rests)
{
    int i;

    for (i = 0; i < PEOPLE; i++) {
        if (state->where[i] == LEFT && (state->seen[i] & ~state->disk))
            search->wrong = i == READER ? "a reader was shown what is lost"
                                        : "an acknowledged write is lost";
        if (rests && state->where[i] == HELD)
            search->wrong = "an answer is held for ever";
    }
}

static void explore(struct search *search, enum mutant mutant)
{
    struct state first = { .lock = LOCK_IS_FREE, .fresh = 1 };

    *search = (struct search){ .mutant = mutant };
    search->table = malloc(TABLE_SIZE * sizeof *search->table);
    search->used = calloc(TABLE_SIZE, 1);
    assert_true(search->table && search->used);
    reach(search, &first);
    while (search->depth && !search->wrong) {
        struct state from = search->stack[--search->depth], next;
        bool rests = true;
        int i;

        for (i = 0; i < PEOPLE; i++) {
            next = from;
            if (from.pc[i] < DEAD &&
                (i == READER ? reader_step(search, &next)
                             : writer_step(search, &next, i))) {
                rests = false;
                reach(search, &next);
            }
        }
        next = from;
        if (keeper_step(search, &next)) {
            rests = false;
            reach(search, &next);
        }
        add_faults(search, &from);
        check(search, &from, rests);
    }
    free(search->table);
    free(search->used);
    free(search->stack);
}

static void no_order_of_steps_and_deaths_loses_or_holds_an_answer(void **state)
{
    struct search search;

    (void)state;
    explore(&search, NONE);
    print_message("%zu states\n", search.states);
    if (search.wrong)
        print_error("%s\n", search.wrong);
    assert_null(search.wrong);
    assert_true(search.states > 10000);
}

static void each_step_in_another_order_goes_wrong(void **state)
{
    enum mutant mutant;

    (void)state;
    for (mutant = NONE + 1; mutant < MUTANTS; mutant++) {
        struct search search;

        explore(&search, mutant);
        print_message("%-22s %s (%zu states)\n", mutant_names[mutant],
                      search.wrong ? search.wrong : "NOT FOUND", search.states);
        assert_non_null(search.wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_order_of_steps_and_deaths_loses_or_holds_an_answer),
        cmocka_unit_test(each_step_in_another_order_goes_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
