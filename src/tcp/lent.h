/*
 * Bytes of the send queue that are not copied: the application lends them
 * until they are acknowledged (RILL_SEND_LENT). Their buffers hold a pointer,
 * the one kind in the arena, and are marked: a copy of the arena, or the
 * arena in another process, must not send from them.
 */
#ifndef TCP_LENT_H
#define TCP_LENT_H

#include "tcp/tcp.h"

#define BUFFER_LENT 1u              /* buffer.flags, in a send queue */
#define BUFFER_ENDS_RECORD 2u       /* RILL_SEND_END_OF_RECORD: nothing is put behind its bytes */
#define LENT_BYTES_MAX (64u * 1024) /* in one buffer: so much in one piece is needed when it must be copied after all */

/* What lies behind the header of such a buffer. */
struct lent {
    const uint8_t *data;
    ref copy; /* a buffer that has taken the bytes' place; REF_NONE: they are lent */
};

static inline struct lent *lent_of(struct buffer *buffer)
{
    return (struct lent *)(void *)buffer_bytes(buffer);
}

/* The first live byte of a buffer in a send queue. */
const uint8_t *send_buffer_data(const struct arena *arena, struct buffer *buffer);

/* What it costs: what is lent counts as if it were copied, so that the send buffer is what it says. */
static inline uint32_t send_buffer_charge(const struct buffer *buffer)
{
    return buffer_charge(buffer) + ((buffer->flags & BUFFER_LENT) != 0 ? buffer->start + buffer->length_bytes : 0);
}

/* Nothing can be added behind its last byte. */
static inline bool send_buffer_is_full(const struct buffer *buffer)
{
    return (buffer->flags & (BUFFER_LENT | BUFFER_ENDS_RECORD)) != 0 ||
           buffer->start + buffer->length_bytes == buffer->capacity_bytes;
}

/* Make a fresh buffer stand for length_bytes <= LENT_BYTES_MAX at `data`. */
void lent_begin(struct buffer *buffer, const uint8_t *data, uint32_t length_bytes);

/* The bytes of a buffer are needed no longer: what it holds beside itself is given back. */
void lent_end(struct arena *arena, struct buffers *buffers, struct buffer *buffer);

static inline bool buffer_is_lent(struct buffer *buffer)
{
    return (buffer->flags & BUFFER_LENT) != 0 && lent_of(buffer)->copy == REF_NONE;
}

/* Lent bytes in the connection's send queue. */
static inline uint32_t lent_bytes(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcb->busy == REF_NONE ? 0 : busy_at(tcp, tcb)->lent_bytes;
}

/* Copy all that is still lent, since its owner goes away; false when memory is short. */
bool lent_copy_all(struct tcp *tcp, struct tcb *tcb);

#endif
