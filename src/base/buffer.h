/*
 * Reference-counted byte buffers in the arena, and queues of them. A buffer is
 * one header and its bytes; several holders may share it. Every buffer's true
 * size (header, rounding and bytes) is what its holder is charged.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/arena.h"
#include "base/pool.h"
#include "base/seq.h"

#define BUFFER_HEADER_BYTES 32u
#define BUFFER_CLASSES 3 /* pools of 256, 1024 and 2048 bytes in all; bigger ones are runs of pages */

struct buffer {
    uint32_t generation; /* the pool's word */
    ref next;            /* in the one queue that the buffer is in */
    struct seq seq;      /* sequence number of the first live byte, for the TCP queues */
    uint32_t start;      /* live bytes are data[start] .. data[start + length_bytes) */
    uint32_t length_bytes;
    uint32_t capacity_bytes;
    uint16_t holders;
    uint16_t pages; /* of its run; 0 when it came from a pool */
    uint32_t flags; /* the holder's */
};

struct buffers {
    struct pool pools[BUFFER_CLASSES];
    uint32_t run_pages; /* pages in buffers that are runs */
};

/* The pools get numbers first_number .. first_number + BUFFER_CLASSES - 1. */
void buffers_init(struct buffers *buffers, uint8_t first_number);

/* A buffer with room for at least `bytes`, one holder, start and length 0. REF_NONE when the arena refuses. */
ref buffer_take(struct arena *arena, struct buffers *buffers, uint32_t bytes);

/* One holder more; one holder less (the last one frees it). */
void buffer_hold(struct arena *arena, ref buffer);
void buffer_drop(struct arena *arena, struct buffers *buffers, ref buffer);

static inline struct buffer *buffer_at(const struct arena *arena, ref r)
{
    return (struct buffer *)arena_at(arena, r);
}

/* All bytes of the buffer, live or not. */
static inline uint8_t *buffer_bytes(struct buffer *buffer)
{
    return (uint8_t *)buffer + BUFFER_HEADER_BYTES;
}

/* The first live byte. */
static inline uint8_t *buffer_data(struct buffer *buffer)
{
    return buffer_bytes(buffer) + buffer->start;
}

/* What it truly costs. */
static inline uint32_t buffer_charge(const struct buffer *buffer)
{
    return BUFFER_HEADER_BYTES + buffer->capacity_bytes;
}

/* Bytes of arena that buffers hold now, whole runs; and of those, the bytes in live buffers. */
uint64_t buffers_bytes(const struct buffers *buffers);
uint64_t buffers_live_bytes(const struct buffers *buffers);

/* A live buffer? Total: any number may be asked. */
bool buffer_is_live(const struct arena *arena, const struct buffers *buffers, ref buffer);

/* First in, first out. */
struct buffer_queue {
    ref head, tail;
};

void buffer_queue_push(struct arena *arena, struct buffer_queue *queue, ref buffer);
ref buffer_queue_pop(struct arena *arena, struct buffer_queue *queue);

/* Append all of `from` to `to`; from is empty afterwards. O(1). */
void buffer_queue_splice(struct arena *arena, struct buffer_queue *to, struct buffer_queue *from);

/* Drop one holder of every buffer in the queue and empty it. */
void buffer_queue_clear(struct arena *arena, struct buffers *buffers, struct buffer_queue *queue);

#endif
