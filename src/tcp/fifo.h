/*
 * Doubly linked lists of blocks that all wait equally long: pushed at the
 * tail, due at the head, removed anywhere in O(1). Each block has a struct
 * fifo_link at link_offset.
 */
#ifndef TCP_FIFO_H
#define TCP_FIFO_H

#include "tcp/tcp.h"

static inline struct fifo_link *fifo_link(const struct arena *arena, ref r, size_t link_offset)
{
    return (struct fifo_link *)((uint8_t *)arena_at(arena, r) + link_offset);
}

static inline void fifo_push(struct arena *arena, struct fifo *fifo, ref r, size_t link_offset)
{
    struct fifo_link *link = fifo_link(arena, r, link_offset);

    link->next = REF_NONE;
    link->previous = fifo->tail;
    if (fifo->tail == REF_NONE)
        fifo->head = r;
    else
        fifo_link(arena, fifo->tail, link_offset)->next = r;
    fifo->tail = r;
}

static inline void fifo_remove(struct arena *arena, struct fifo *fifo, ref r, size_t link_offset)
{
    struct fifo_link *link = fifo_link(arena, r, link_offset);

    if (link->previous == REF_NONE)
        fifo->head = link->next;
    else
        fifo_link(arena, link->previous, link_offset)->next = link->next;
    if (link->next == REF_NONE)
        fifo->tail = link->previous;
    else
        fifo_link(arena, link->next, link_offset)->previous = link->previous;
}

#endif
