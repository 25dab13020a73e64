/*
 * Buffers: small ones from three pools, big ones as runs of pages. Knows
 * nothing of what the bytes mean.
 */
#include "base/buffer.h"

_Static_assert(sizeof(struct buffer) == BUFFER_HEADER_BYTES, "the header is what is charged");

/* Runs small enough for the smallest arena, large enough that 15 of 16 parts are buffers. */
static const struct {
    uint16_t bytes;
    uint8_t run_order;
} classes[BUFFER_CLASSES] = {{256, 0}, {1024, 2}, {2048, 3}};

#define RUN_PAGES_MAX UINT16_MAX

void buffers_init(struct buffers *buffers, uint8_t first_number)
{
    for (unsigned i = 0; i < BUFFER_CLASSES; i++)
        pool_init(&buffers->pools[i], (uint8_t)(first_number + i), classes[i].bytes, classes[i].run_order, 0);
    buffers->run_pages = 0;
}

static void buffer_start(struct buffer *buffer, uint32_t generation, uint32_t all_bytes, uint32_t pages)
{
    *buffer = (struct buffer){
        .generation = generation,
        .capacity_bytes = all_bytes - BUFFER_HEADER_BYTES,
        .holders = 1,
        .pages = (uint16_t)pages,
    };
}

static ref buffer_take_run(struct arena *arena, struct buffers *buffers, uint64_t all_bytes)
{
    uint64_t pages = (all_bytes + ARENA_PAGE_BYTES - 1) / ARENA_PAGE_BYTES;
    ref r;

    if (pages > RUN_PAGES_MAX) {
        arena->refusals++;
        return REF_NONE;
    }
    r = arena_take(arena, (uint32_t)pages, PAGE_RUN);
    if (r == REF_NONE)
        return REF_NONE;
    arena_mark(arena, r, PAGE_BUFFER);
    buffers->run_pages += (uint32_t)pages;
    buffer_start(buffer_at(arena, r), arena_next_generation(arena), (uint32_t)pages * ARENA_PAGE_BYTES,
                 (uint32_t)pages);
    return r;
}

ref buffer_take(struct arena *arena, struct buffers *buffers, uint32_t bytes)
{
    uint64_t all_bytes = (uint64_t)bytes + BUFFER_HEADER_BYTES;

    for (unsigned i = 0; i < BUFFER_CLASSES; i++) {
        ref r;

        if (all_bytes > classes[i].bytes)
            continue;
        r = pool_take_dirty(arena, &buffers->pools[i]);
        if (r == REF_NONE)
            continue; /* a larger one may lie spare where there is no page for more of these */
        buffer_start(buffer_at(arena, r), buffer_at(arena, r)->generation, classes[i].bytes, 0);
        return r;
    }
    return buffer_take_run(arena, buffers, all_bytes);
}

void buffer_hold(struct arena *arena, ref buffer)
{
    struct buffer *b = buffer_at(arena, buffer);

    rill_assert(b->holders > 0 && b->holders < UINT16_MAX);
    b->holders++;
}

static void buffer_free(struct arena *arena, struct buffers *buffers, ref buffer)
{
    struct buffer *b = buffer_at(arena, buffer);
    uint8_t kind = arena_kind(arena, buffer);

    if (b->pages != 0) {
        rill_assert(kind == PAGE_BUFFER);
        b->generation = 0;
        buffers->run_pages -= b->pages;
        arena_give(arena, buffer, b->pages);
        return;
    }
    rill_assert(kind >= buffers->pools[0].kind && kind - buffers->pools[0].kind < BUFFER_CLASSES);
    pool_give(arena, &buffers->pools[kind - buffers->pools[0].kind], buffer);
}

void buffer_drop(struct arena *arena, struct buffers *buffers, ref buffer)
{
    struct buffer *b = buffer_at(arena, buffer);

    rill_assert(b->holders > 0);
    if (--b->holders == 0)
        buffer_free(arena, buffers, buffer);
}

uint64_t buffers_bytes(const struct buffers *buffers)
{
    uint64_t bytes = (uint64_t)buffers->run_pages * ARENA_PAGE_BYTES;

    for (unsigned i = 0; i < BUFFER_CLASSES; i++)
        bytes += pool_bytes(&buffers->pools[i]);
    return bytes;
}

uint64_t buffers_live_bytes(const struct buffers *buffers)
{
    uint64_t bytes = (uint64_t)buffers->run_pages * ARENA_PAGE_BYTES;

    for (unsigned i = 0; i < BUFFER_CLASSES; i++)
        bytes += (uint64_t)buffers->pools[i].used * buffers->pools[i].object_bytes;
    return bytes;
}

bool buffer_is_live(const struct arena *arena, const struct buffers *buffers, ref buffer)
{
    uint8_t kind = arena_kind(arena, buffer);
    uint8_t first = buffers->pools[0].kind;

    if (kind == PAGE_BUFFER)
        return buffer % (ARENA_PAGE_BYTES / ARENA_GRANULE_BYTES) == 0;
    if (kind < first || kind - first >= BUFFER_CLASSES)
        return false;
    return pool_holds(arena, &buffers->pools[kind - first], buffer, buffer_at(arena, buffer)->generation);
}

void buffer_queue_push(struct arena *arena, struct buffer_queue *queue, ref buffer)
{
    buffer_at(arena, buffer)->next = REF_NONE;
    if (queue->tail != REF_NONE)
        buffer_at(arena, queue->tail)->next = buffer;
    else
        queue->head = buffer;
    queue->tail = buffer;
}

ref buffer_queue_pop(struct arena *arena, struct buffer_queue *queue)
{
    ref buffer = queue->head;

    if (buffer == REF_NONE)
        return REF_NONE;
    queue->head = buffer_at(arena, buffer)->next;
    if (queue->head == REF_NONE)
        queue->tail = REF_NONE;
    buffer_at(arena, buffer)->next = REF_NONE;
    return buffer;
}

void buffer_queue_splice(struct arena *arena, struct buffer_queue *to, struct buffer_queue *from)
{
    if (from->head == REF_NONE)
        return;
    if (to->tail != REF_NONE)
        buffer_at(arena, to->tail)->next = from->head;
    else
        to->head = from->head;
    to->tail = from->tail;
    *from = (struct buffer_queue){REF_NONE, REF_NONE};
}

void buffer_queue_clear(struct arena *arena, struct buffers *buffers, struct buffer_queue *queue)
{
    ref buffer;

    while ((buffer = buffer_queue_pop(arena, queue)) != REF_NONE)
        buffer_drop(arena, buffers, buffer);
}
