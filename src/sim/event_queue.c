/*
 * A 4-ary heap of events by (time, tie).
 */
#include "sim/event_queue.h"

#include <stdlib.h>

#define ARITY 4u

void event_queue_init(struct event_queue *queue, uint64_t seed)
{
    queue->count = 0;
    choices_init(&queue->ties, seed, "ties");
}

void event_queue_free(struct event_queue *queue)
{
    free(queue->heap);
    *queue = (struct event_queue){0};
}

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at < b->at || (a->at == b->at && a->tie < b->tie);
}

static void grow(struct event_queue *queue)
{
    queue->capacity = queue->capacity == 0 ? 1024 : queue->capacity * 2;
    queue->heap = realloc(queue->heap, queue->capacity * sizeof *queue->heap);
    if (queue->heap == NULL)
        abort();
}

void event_queue_make_room(struct event_queue *queue, uint32_t count)
{
    while (queue->capacity < count)
        grow(queue);
}

void event_queue_push(struct event_queue *queue, struct event event)
{
    uint32_t i = queue->count++;

    if (i == queue->capacity)
        grow(queue);
    event.tie = choices_word(&queue->ties);
    for (; i > 0 && is_before(&event, &queue->heap[(i - 1) / ARITY]); i = (i - 1) / ARITY)
        queue->heap[i] = queue->heap[(i - 1) / ARITY];
    queue->heap[i] = event;
}

static uint32_t first_child(const struct event_queue *queue, uint32_t i)
{
    uint32_t first = i * ARITY + 1, best = first;

    for (uint32_t child = first + 1; child < first + ARITY && child < queue->count; child++)
        if (is_before(&queue->heap[child], &queue->heap[best]))
            best = child;
    return best;
}

bool event_queue_pop(struct event_queue *queue, struct event *out)
{
    struct event last;
    uint32_t i = 0;

    if (queue->count == 0)
        return false;
    *out = queue->heap[0];
    last = queue->heap[--queue->count];
    while (i * ARITY + 1 < queue->count) {
        uint32_t child = first_child(queue, i);

        if (!is_before(&queue->heap[child], &last))
            break;
        queue->heap[i] = queue->heap[child];
        i = child;
    }
    queue->heap[i] = last;
    return true;
}
