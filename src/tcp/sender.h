/*
 * What a connection needs to send well: the scoreboard, loss recovery, the
 * congestion control's own state, delivery rate, pacing. Taken with the first
 * byte sent, given back when the connection has rested for a while
 * (settings.rest_ms), so that idle connections stay small.
 */
#ifndef TCP_SENDER_H
#define TCP_SENDER_H

#include "tcp/tcp.h"

/* struct sent.flags */
#define SENT_SACKED 0x01u      /* the peer holds it (RFC 2018) */
#define SENT_LOST 0x02u        /* taken for lost and not sent again since; in the lost list */
#define SENT_AGAIN 0x04u       /* its last transmission was not its first (Karn) */
#define SENT_APP_LIMITED 0x08u /* rate.h: at its sending the application had left the pipe unfilled */
#define SENT_FIN 0x10u         /* its last sequence number is our FIN */
#define SENT_PROBE 0x20u       /* sent again as a tail loss probe (RFC 8985 7) */

/*
 * A range of sequence space that was sent as one train. Together they cover
 * SND.UNA to SND.NXT without gap or overlap (a SYN is not among them). What is
 * neither SACKED nor LOST is in flight, and in the list in order of sending.
 */
struct sent {
    uint32_t generation;
    struct seq start, end;
    ref parent, left, right; /* treap by start */
    ref previous, next;      /* by start */
    ref earlier, later;      /* in flight: by time of the last sending; LOST: the lost list, by start */
    ref buffer;              /* of the send queue, that holds `start`; REF_NONE: look it up */
    uint32_t sent_us;        /* host_us() of the last sending */
    uint16_t segment_bytes;  /* how it was cut */
    uint8_t flags;           /* SENT_... */
    uint8_t times;           /* sent so often, up to 255 */
    /* rate.h: the connection's counters at the last sending */
    uint32_t delivered, delivered_us, first_sent_us;
    uint32_t lost, flight;
};

_Static_assert(sizeof(struct sent) <= 80, "one record a train");

enum sender_state {
    SENDER_OPEN,     /* nothing is wrong */
    SENDER_CWR,      /* the window is being reduced without loss (ECN, RFC 3168 6.1.2) */
    SENDER_RECOVERY, /* fast recovery (RFC 6675 5, RFC 6937) */
    SENDER_LOSS      /* after the retransmission timer fired, until what was sent before is acknowledged */
};

/* What tcb.retransmit_at means while there is a sender block and something is in flight. */
enum sender_timer { SENDER_TIMER_RTO, SENDER_TIMER_PROBE, SENDER_TIMER_REORDER };

struct scoreboard {
    ref root;           /* treap */
    ref first, last;    /* by start */
    ref oldest, newest; /* in flight, by time of sending */
    ref lost_first, lost_last;
    uint32_t records;
    uint32_t sacked_bytes, lost_bytes, again_bytes; /* of records SACKED; LOST; in flight and SENT_AGAIN */
    uint32_t steps;                                 /* records looked at for the packet at hand (work is bounded) */
    struct seq sacked_top;                          /* end of the highest range ever SACKED; SND.UNA: none */
};

struct sender {
    uint32_t generation;
    uint8_t state;      /* enum sender_state */
    uint8_t timer;      /* enum sender_timer */
    uint8_t dup_thresh; /* RFC 5681's 3, more once reordering was seen */
    uint8_t frto;       /* RFC 5682: step of the algorithm */
    struct scoreboard board;
    struct sent own; /* the first record: there is always one */

    /* RTT: RFC 8985 6.2's RACK.min_RTT, windowed */
    uint32_t min_rtt_us, min_rtt_at_us;

    /* RFC 8985 6: RACK */
    uint32_t rack_sent_us; /* RACK.xmit_ts */
    struct seq rack_end;   /* RACK.end_seq */
    uint32_t rack_rtt_us;  /* RACK.rtt */
    struct seq rack_fack;
    struct seq round_end; /* RACK.dsack_round */
    uint8_t reo_wnd_mult, reo_wnd_persist;
    bool rack_valid, reordering_seen, dsack_round_valid;

    /* RFC 8985 7: tail loss probe */
    struct seq tlp_end;
    bool tlp_in_flight, tlp_is_again;

    /* Recovery */
    struct seq high_seq; /* RFC 6582's recover, RFC 6675's RecoveryPoint: SND.NXT when the episode began */
    uint32_t prior_cwnd, prior_ssthresh; /* before the episode, for undo */
    struct seq undo_una;                 /* SND.UNA when the episode began */
    uint32_t undo_again;                 /* retransmissions of the episode not yet reported by DSACK */
    uint32_t undo_stamp;                 /* timestamp of the episode's first retransmission (RFC 3522) */
    bool undo_possible, undo_stamped;
    uint32_t prr_delivered, prr_out, recover_flight; /* RFC 6937 */

    /* Small segments (Nagle, Minshall's variant) and urgent data live in struct busy. */

    /* rate.h (draft-cheng-iccrg-delivery-rate-estimation) */
    uint64_t delivered;    /* bytes, over the connection's life */
    uint64_t lost;         /* bytes, likewise */
    uint64_t delivered_ce; /* bytes that were delivered with a CE mark, as far as the peer tells */
    uint64_t app_limited;  /* `delivered` at which the bubble of a slow application will have left; 0: none */
    uint32_t delivered_us, first_sent_us;

    /* pacing.h */
    uint64_t pacing_rate; /* bytes a second; 0: no pacing */
    nanos pace_at;        /* nothing new or again before this; 0: now */

    /* Congestion control's own, by cc_ops.state_bytes */
    ref model; /* a block of its own for one that needs more */
    uint64_t cc_state[6];
};

static inline struct sender *sender_at(const struct tcp *tcp, const struct tcb *tcb)
{
    return (struct sender *)host_at(&tcp->ip.host, tcb->sender);
}

/* Make sure that tcb->sender is there; false when the arena refuses. */
bool sender_make(struct tcp *tcp, struct tcb *tcb);

/* Give it back, with its records and its congestion control's model. */
void sender_give(struct tcp *tcp, struct tcb *tcb);

/* Bytes in flight: sent, neither SACKED nor taken for lost (RFC 6675's pipe). */
uint32_t sender_flight(const struct tcp *tcp, const struct tcb *tcb);

/* RFC 3168 6.1.2: reduce the window once for what was sent until now, without loss. */
void sender_reduce(struct tcp *tcp, struct tcb *tcb);

#endif
