/*
 * AccECN (draft-ietf-tcpm-accurate-ecn-34; sections are named from there): each
 * side counts the packets and bytes that came with a mark, and the other side
 * is told, by three bits on every segment and by an option. ecn.c calls it.
 */
#ifndef TCP_ACCURATE_ECN_H
#define TCP_ACCURATE_ECN_H

#include "tcp/counts.h"
#include "tcp/ecn.h"

#define ACCURATE_SYN_ACKS 2u /* 3.2.3.2.2: the second SYN,ACK has no option, later ones are plain */

/* r_: what came here. s_: what the peer is known to have counted. */
struct accurate_ecn {
    uint32_t generation;
    uint32_t r_cep;                   /* packets marked CE; begins at 5 */
    uint32_t r_bytes[TCP_ECN_FIELDS]; /* begin at 1, 0, 1 */
    uint32_t told[TCP_ECN_FIELDS];    /* of these, what the last option told */
    uint32_t s_cep;                   /* as far as three bits tell */
    uint32_t s_bytes[TCP_ECN_FIELDS];
    uint8_t unacked_marks; /* CE since the last segment that we sent */
    uint8_t syn_ecn;       /* IP's bits of the peer's SYN, for our SYN,ACK */
    uint8_t syn_ack_ecn;   /* and of its SYN,ACK, with ECN_HANDSHAKE_DUE */
    uint8_t options_due;   /* segments that carry the option whatever has changed, to test the path (3.2.3.2.1) */
    bool last_was_ce;      /* the last packet that came */
    bool is_handshake;     /* the ACK at hand spoke of the SYN,ACK: its ACE is no counter */
    bool heard;            /* a counter has come: the test for zero is done (3.2.2.4) */
    bool deaf;             /* what comes is not believed (3.2.2.1 note 1, 3.2.2.4) */
    bool options_come;     /* the peer's options pass the path */
    bool options_bad;      /* they began at zero: ignored (3.2.3.2.4) */
};

static inline struct accurate_ecn *accurate_ecn_of(const struct tcp *tcp, const struct tcb *tcb)
{
    return (struct accurate_ecn *)host_at(&tcp->ip.host, counts_block(tcp, tcb)->accurate_ecn);
}

/* Counters at their beginning (3.2.1); false: no memory. */
bool accurate_ecn_make(struct tcp *tcp, struct tcb *tcb);
void accurate_ecn_give(struct tcp *tcp, struct tcb *tcb);

/* syn_ecn: IP's bits of the SYN. */
void accurate_ecn_fill_syn_ack(uint8_t syn_ecn, uint32_t retries, struct tcp_header *header);

void accurate_ecn_take_syn_ack(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival);
void accurate_ecn_take_handshake_ack(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival);

void accurate_ecn_arrives(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival);

/* Bytes newly known to have come with a mark; *echo: packets or bytes did. */
uint32_t accurate_ecn_acknowledged(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg,
                                   uint32_t acked_bytes, bool *echo);

/* The option for a segment that is no SYN (3.2.3.3), and the header room that it takes. */
void accurate_ecn_put_option(const struct tcp *tcp, const struct tcb *tcb, struct tcp_options *options);
uint32_t accurate_ecn_option_bytes(const struct tcp_options *options);

/* ACE of a segment that is no SYN, about to leave. */
void accurate_ecn_mark(struct tcp *tcp, struct tcb *tcb, struct tcp_header *header, struct rill_train *train);

#endif
