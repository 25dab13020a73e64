/*
 * The byte stream from the peer: what is in order and not yet read, and what
 * arrived ahead of a gap (RFC 9293 3.10.7.4, seventh; SHLD-31), from which the
 * SACK blocks are made (RFC 2018).
 */
#ifndef TCP_REASSEMBLY_H
#define TCP_REASSEMBLY_H

#include "base/spans.h"
#include "tcp/arrival.h"
#include "tcp/tcp.h"

/* Bytes ahead of a gap: disjoint from and not touching the others, all after RCV.NXT, within the window. */
struct reassembly_range {
    struct span span;
    ref head, tail; /* their buffers, contiguous */
};

struct reassembly {
    uint32_t generation;
    bool fin_known;       /* a FIN arrived ahead of a gap */
    struct seq fin;       /* its sequence number */
    struct seq recent[4]; /* a byte of the ranges touched last, newest first: the order of SACK blocks */
    uint8_t recent_count;
    struct spans ranges;
};

/*
 * Take the arrival's text, which lies in the window. In order: it, and what it
 * joins up with, becomes readable and rcv_nxt advances. Else it waits.
 * Returns why it was not kept, RILL_DROP_NONE when it was.
 */
enum rill_drop reassembly_insert(struct tcp *tcp, struct tcb *tcb, struct arrival *arrival);

/* Remember that the peer's FIN has sequence number `fin`, ahead of a gap. */
void reassembly_note_fin(struct tcp *tcp, struct tcb *tcb, struct seq fin);

/* True when the FIN noted is next in order now. */
bool reassembly_fin_is_next(const struct tcp *tcp, const struct tcb *tcb);

/* The stream is complete: what waited behind its end is of no use. */
void reassembly_finish(struct tcp *tcp, struct tcb *tcb);

/*
 * RFC 2883: [start, end) arrived although it had arrived before; the next ACK
 * says so, once. Where several did since the last ACK, the latest is told.
 */
void reassembly_note_twice(struct tcp *tcp, struct tcb *tcb, struct seq start, struct seq end);

/* The next ACK's first block of RFC 2883, if there is one to tell. */
bool reassembly_twice_block(const struct tcp *tcp, const struct tcb *tcb, struct tcp_sack_block *block);

/* It has been told. */
static inline void reassembly_twice_told(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->busy != REF_NONE)
        busy_at(tcp, tcb)->twice_end = busy_at(tcp, tcb)->twice;
}

/* Something waits for a gap to be filled. */
static inline bool reassembly_has_gap(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcb->busy != REF_NONE && busy_at(tcp, tcb)->reassembly != REF_NONE;
}

/* Fill up to max SACK blocks, the one touched last first (RFC 2018 4). */
uint8_t reassembly_sack_blocks(const struct tcp *tcp, const struct tcb *tcb, struct tcp_sack_block *blocks,
                               unsigned max);

/* Bytes that can be read now. */
static inline uint32_t receive_queue_bytes(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcb->busy == REF_NONE ? 0 : busy_at(tcp, tcb)->receive_bytes;
}

/* Copy readable bytes out without taking them. */
uint32_t receive_queue_copy(const struct tcp *tcp, const struct tcb *tcb, uint8_t *to, uint32_t length_bytes);

/* Take the first length_bytes readable bytes away. */
void receive_queue_consume(struct tcp *tcp, struct tcb *tcb, uint32_t length_bytes);

/* Drop everything received, readable or not. */
void receive_queue_clear(struct tcp *tcp, struct tcb *tcb);

bool reassembly_check(const struct tcp *tcp, const struct tcb *tcb);

#endif
