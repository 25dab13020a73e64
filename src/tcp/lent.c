/*
 * Lent bytes in the send queue, and how they become the stack's own.
 */
#include "tcp/lent.h"

const uint8_t *send_buffer_data(const struct arena *arena, struct buffer *buffer)
{
    const struct lent *lent = lent_of(buffer);

    if (likely((buffer->flags & BUFFER_LENT) == 0))
        return buffer_data(buffer);
    return (lent->copy != REF_NONE ? buffer_bytes(buffer_at(arena, lent->copy)) : lent->data) + buffer->start;
}

void lent_begin(struct buffer *buffer, const uint8_t *data, uint32_t length_bytes)
{
    rill_assert(length_bytes <= LENT_BYTES_MAX && buffer->capacity_bytes >= sizeof(struct lent));
    buffer->flags = BUFFER_LENT;
    buffer->length_bytes = length_bytes;
    *lent_of(buffer) = (struct lent){data, REF_NONE};
}

void lent_end(struct arena *arena, struct buffers *buffers, struct buffer *buffer)
{
    if ((buffer->flags & BUFFER_LENT) != 0 && lent_of(buffer)->copy != REF_NONE)
        buffer_drop(arena, buffers, lent_of(buffer)->copy);
}

static bool copy_one(struct tcp *tcp, struct buffer *buffer)
{
    struct arena *arena = tcp_arena(tcp);
    ref copy = buffer_take(arena, &tcp_host(tcp)->buffers, buffer->start + buffer->length_bytes);

    if (copy == REF_NONE)
        return false;
    /* Only live bytes: what was acknowledged may have been given other contents. */
    memcpy(buffer_bytes(buffer_at(arena, copy)) + buffer->start, lent_of(buffer)->data + buffer->start,
           buffer->length_bytes);
    *lent_of(buffer) = (struct lent){NULL, copy};
    return true;
}

bool lent_copy_all(struct tcp *tcp, struct tcb *tcb)
{
    struct arena *arena = tcp_arena(tcp);

    if (lent_bytes(tcp, tcb) == 0)
        return true;
    for (ref r = busy_at(tcp, tcb)->send.head; r != REF_NONE; r = buffer_at(arena, r)->next) {
        if (buffer_is_lent(buffer_at(arena, r)) && !copy_one(tcp, buffer_at(arena, r)))
            return false;
    }
    busy_at(tcp, tcb)->lent_bytes = 0;
    return true;
}
