/*
 * The byte stream to the peer: what the application gave and the peer has not
 * acknowledged, sent or not. Bytes are copied once, into buffers; what leaves
 * refers to them.
 */
#ifndef TCP_SEND_QUEUE_H
#define TCP_SEND_QUEUE_H

#include "tcp/tcp.h"

/* Sequence number of the first byte queued: SND.UNA, or ISS+1 while our SYN is not acknowledged. */
static inline struct seq send_queue_start(const struct tcb *tcb)
{
    return (tcb->flags & TCB_SYN_UNACKED) != 0 ? seq_add(tcb->iss, 1) : tcb->snd_una;
}

static inline uint32_t send_queue_bytes(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcb->busy == REF_NONE ? 0 : busy_at(tcp, tcb)->send_bytes;
}

/* Sequence number behind the last byte queued: where the FIN goes. Not for use once the FIN is acknowledged. */
static inline struct seq send_queue_end(const struct tcp *tcp, const struct tcb *tcb)
{
    return seq_add(send_queue_start(tcb), send_queue_bytes(tcp, tcb));
}

/* Of the bytes queued, those that were never sent. */
uint32_t send_queue_unsent(const struct tcp *tcp, const struct tcb *tcb);

/* Room in bytes that an append would take now: what the buffer and the limit of unsent bytes leave. */
uint32_t send_queue_room(const struct tcp *tcp, const struct tcb *tcb);

/* Tell a writer who waits for room, once there is enough to be worth while. */
void send_queue_tell_of_room(struct tcp *tcp, struct tcb *tcb);

/* The application has more than fits: it is told of room, and a cork that could only be waited for gives way. */
void send_queue_want_room(struct tcp *tcp, struct tcb *tcb);

/* Copy bytes in; returns how many fitted into the limit and the memory: 0 when none did. */
uint32_t send_queue_append(struct tcp *tcp, struct tcb *tcb, const uint8_t *data, uint32_t length_bytes);

/* The same without copying: the bytes are lent until they are acknowledged (lent.h). */
uint32_t send_queue_lend(struct tcp *tcp, struct tcb *tcb, const uint8_t *data, uint32_t length_bytes);

/* What was appended last ends a record: no segment holds its end and what comes later. */
void send_queue_end_record(struct tcp *tcp, struct tcb *tcb);

/* Of the bytes from `from` on, at most `most`, those up to the end of a record. */
uint32_t send_queue_record_left(struct tcp *tcp, struct tcb *tcb, struct seq from, uint32_t most);

/* A record ends in front of `at`. hint: a buffer in front of there, or REF_NONE; becomes the one that ends there. */
bool send_queue_ends_record(struct tcp *tcp, struct tcb *tcb, ref *hint, struct seq at);

/* The first length_bytes are acknowledged: forget them. */
void send_queue_acked(struct tcp *tcp, struct tcb *tcb, uint32_t length_bytes);

/*
 * Put the bytes from `from` on, at most length_bytes, as slices into the train.
 * Returns how many: fewer when the train has no more slices, or a record ends. hint: the buffer
 * that holds `from`, or one before it, or REF_NONE; made right.
 */
uint32_t send_queue_slices(struct tcp *tcp, struct tcb *tcb, struct seq from, uint32_t length_bytes, ref *hint,
                           struct rill_train *train);

/* The buffer that holds the byte `at`, found from `hint`; REF_NONE when `at` is the queue's end. */
ref send_queue_buffer(struct tcp *tcp, struct tcb *tcb, ref hint, struct seq at);

void send_queue_clear(struct tcp *tcp, struct tcb *tcb);

bool send_queue_check(const struct tcp *tcp, const struct tcb *tcb);

#endif
