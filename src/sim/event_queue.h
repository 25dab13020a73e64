/*
 * What will happen, in order of time; what happens at the same time, in an
 * order that the seed draws.
 */
#ifndef SIM_EVENT_QUEUE_H
#define SIM_EVENT_QUEUE_H

#include "rill/rill.h"
#include "sim/choices.h"

enum event_kind {
    EVENT_ARRIVAL, /* object: struct frame */
    EVENT_HOST,    /* index: host; version */
    EVENT_END,     /* index: end; version */
    EVENT_START,   /* index: session: its client connects */
    EVENT_FAULT,   /* index: of the scenario's timed faults */
    EVENT_HEAL,
    EVENT_ATTACK,
    EVENT_KINDS
};

struct event {
    rill_time at;
    uint64_t tie;
    uint16_t kind, index;
    uint32_t version; /* one that is not its target's any more is stale */
    void *object;
};

struct event_queue {
    struct event *heap; /* 4-ary: each is before its children heap[4i + 1 .. 4i + 4] */
    uint32_t count, capacity;
    struct choices ties;
};

void event_queue_init(struct event_queue *queue, uint64_t seed);
void event_queue_free(struct event_queue *queue);

/* tie is filled in. */
void event_queue_push(struct event_queue *queue, struct event event);

/* Room for so many in all. */
void event_queue_make_room(struct event_queue *queue, uint32_t count);

/* When the next one is; RILL_NEVER when there is none. */
static inline rill_time event_queue_next_at(const struct event_queue *queue)
{
    return queue->count == 0 ? RILL_NEVER : queue->heap[0].at;
}

/* The next one; false when there is none. */
bool event_queue_pop(struct event_queue *queue, struct event *out);

#endif
