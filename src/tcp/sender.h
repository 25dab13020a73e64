/*
 * What a connection needs to send well: the scoreboard, loss recovery, the
 * congestion control's own state, delivery rate, pacing. Taken with the first
 * byte sent, given back when the connection has rested for a while
 * (timeouts.c), so that idle connections stay small.
 */
#ifndef TCP_SENDER_H
#define TCP_SENDER_H

#include "base/spans.h"
#include "tcp/tcp.h"

/* struct sent.flags */
#define SENT_SACKED 0x01u      /* the peer holds it (RFC 2018) */
#define SENT_LOST 0x02u        /* taken for lost and not sent again since; in the lost list */
#define SENT_AGAIN 0x04u       /* its last transmission was not its first (Karn) */
#define SENT_APP_LIMITED 0x08u /* rate.h: at its sending the application had left the pipe unfilled */
#define SENT_FIN 0x10u         /* its last sequence number is our FIN */
#define SENT_MTU_PROBE 0x20u   /* mtu.h: one segment, larger than the others, sent once */
#define SENT_RENEGED 0x40u     /* it was SACKED, and not sent again since the peer dropped it (RFC 2018 8) */

/*
 * A range of sequence space that was sent as one train. Together they cover
 * SND.UNA to SND.NXT without gap or overlap (a SYN is not among them). What is
 * neither SACKED nor LOST is in flight, and in the list in order of sending.
 */
struct sent {
    struct span span;
    ref earlier, later;     /* in flight: by time of the last sending; LOST: the lost list, by start */
    ref buffer;             /* of the send queue, that holds `start`; REF_NONE: look it up */
    uint32_t sent_us;       /* host_us() of the last sending */
    uint16_t segment_bytes; /* how it was cut */
    uint8_t flags;          /* SENT_... */
    union {
        uint32_t delivered;       /* rate.h: the connection's counters at the last sending */
        uint32_t sacked_segments; /* once SACKED */
    };
    uint32_t delivered_us, first_sent_us, lost, flight; /* rate.h */
};

_Static_assert(sizeof(struct sent) <= 80, "one record a train");

static inline uint32_t sent_bytes(const struct sent *record)
{
    return span_bytes(&record->span);
}

/* Bytes of the stream: without the FIN. */
static inline uint32_t sent_data_bytes(const struct sent *record)
{
    return sent_bytes(record) - ((record->flags & SENT_FIN) != 0 ? 1 : 0);
}

/* A FIN alone is one, too. */
static inline uint32_t sent_segments(const struct sent *record)
{
    return max_u32((sent_data_bytes(record) + record->segment_bytes - 1) / record->segment_bytes, 1);
}

enum sender_state {
    SENDER_OPEN,     /* nothing is wrong */
    SENDER_CWR,      /* the window is being reduced without loss (ECN, RFC 3168 6.1.2) */
    SENDER_RECOVERY, /* fast recovery (RFC 6675 5, RFC 6937) */
    SENDER_LOSS      /* after the retransmission timer fired, until what was sent before is acknowledged */
};

/* What sender.early_at is for; tcb.retransmit_at is always the RTO or the persist timer. */
enum sender_timer {
    SENDER_TIMER_PROBE,   /* RFC 8985 7.2: PTO */
    SENDER_TIMER_REORDER, /* RFC 8985 6.2: the reordering window will have passed */
    SENDER_TIMER_REST     /* nothing was sent for long: give the block back */
};

/* sender.frto: RFC 5682 3.1 */
enum frto_step {
    FRTO_NONE,
    FRTO_FIRST_ACK, /* step 2: waits for the ACK of what the timeout sent again */
    FRTO_NEW_DATA   /* step 2 b, 3: new data goes, or went; what is known of it tells */
};

struct sent_list {
    ref first, last;
};

struct scoreboard {
    struct spans all;
    struct sent_list in_flight, lost;
    uint32_t flight_bytes, lost_bytes, sacked_bytes; /* every record is in exactly one of these */
    uint32_t sacked_segments;
};

struct sender {
    struct sent own; /* the first record: there is always one; its generation is the block's */
    struct scoreboard board;
    uint8_t state; /* enum sender_state */
    uint8_t timer; /* enum sender_timer */
    uint8_t frto;  /* enum frto_step */
    bool own_is_taken;
    bool first_due;        /* RFC 6298 5.4: the timer fired: the first segment goes, whatever cwnd and flight are */
    bool still_unanswered; /* the RTO was started anew without an answer: unanswered_ms stays */
    bool probe_wanted;     /* RFC 8985 7.2: schedule a loss probe when the timers are settled */
    uint8_t kept_backoff;  /* RFC 6298 5.5: of timeouts answered, but not by a measurement */
    bool pacing_waits;     /* output would send, but pacing says: not before pace_at */
    nanos early_at;        /* NANOS_NEVER: not armed */

    /* Without SACK (RFC 5681, RFC 6582): a duplicate ACK stands for a segment that has left the network. */
    uint32_t duplicate_bytes;

    struct seq rtt_round_end;           /* SND.NXT when SRTT took its last sample */
    uint32_t min_rtt_us, min_rtt_at_us; /* windowed; 0: no sample yet */
    struct seq limited_end;             /* SND.NXT when cwnd last held the sender back; SND.UNA: it does not */
    struct seq window_end;              /* SND.NXT when this round trip's first ACK came */
    uint32_t window_flight;             /* the most that was in flight in it */

    /* RFC 8985 6: RACK */
    uint32_t rack_sent_us; /* RACK.xmit_ts */
    struct seq rack_end;   /* RACK.end_seq */
    uint32_t rack_rtt_us;  /* RACK.rtt */
    struct seq rack_fack;
    struct seq dsack_round;
    uint8_t reo_wnd_mult, reo_wnd_persist;
    bool rack_valid, reordering_seen, dsack_round_valid;

    /* RFC 8985 7: tail loss probe */
    bool tlp_in_flight; /* tlp_end is valid */
    bool tlp_is_again;  /* TLP.is_retrans */
    bool tlp_due;       /* output sends one */
    bool tlp_sampled;   /* the RTT was measured since the last probe */
    struct seq tlp_end;

    /* The episode of CWR, RECOVERY or LOSS */
    bool undo_possible, undo_stamped, undo_judged;
    struct seq high_seq;                 /* RFC 6582's recover, RFC 6675's RecoveryPoint; stays when it is over */
    struct seq undo_una;                 /* SND.UNA when it began */
    uint32_t episode_us;                 /* host_us() then */
    uint32_t prior_cwnd, prior_ssthresh; /* before it, for undo */
    bool has_reduced;                    /* it told the congestion control; else the one it broke into had */
    bool high_seq_is_recover;            /* of LOSS or RECOVERY, not CWR: duplicates may answer what was sent again */
    bool again_lost;                     /* a retransmission of this episode was lost, too */
    struct seq later_lost;               /* what was sent in it and lost ends here; high_seq: nothing was */
    uint8_t prior_state;                 /* SENDER_CWR or SENDER_RECOVERY: the one that it broke into; else OPEN */
    struct seq prior_high_seq;           /* ... and its high_seq */
    uint32_t undo_again;                 /* bytes sent again in it that no DSACK has reported */
    uint32_t undo_stamp;                 /* host_ms() of its first retransmission (RFC 3522) ... */
    struct seq undo_first;               /* ... and where that began */
    uint32_t prr_delivered, prr_out, recover_flight; /* RFC 6937 */

    /* rate.h (draft-cheng-iccrg-delivery-rate-estimation) */
    uint64_t delivered;   /* bytes, over the connection's life */
    uint64_t lost;        /* bytes, likewise */
    uint64_t app_limited; /* `delivered` at which the bubble of a slow application will have left; 0: none */
    uint32_t delivered_us, first_sent_us;
    uint32_t rate_bytes, rate_us; /* the last sample worth telling; 0: none */
    bool rate_app_limited;

    /* mtu.h */
    uint8_t mtu_probe;                         /* in flight, lost, or none; with either: */
    uint16_t mtu_probe_bytes;                  /* its size, headers included */
    struct seq mtu_probe_end, mtu_alone_until; /* where it ends; lost: if nothing else is up to here, it was too big */
    uint16_t mtu_before;                       /* the path's MTU before timeouts lowered it; 0: they have not */
    bool mtu_in_vain;                          /* the smallest segment was timed out, too */
    uint16_t mtu_acked_bytes;                  /* the most payload of a segment that has arrived */
    uint16_t mtu_claimed;                      /* what a router says of a size that has arrived; 0: nothing */
    struct seq mtu_claimed_seq;                /* ... about this segment */

    /* pacing.h */
    uint64_t pacing_rate; /* bytes a second; 0: no pacing */
    nanos pace_at;        /* nothing new or again before this; 0: now */

    /* The congestion control's own */
    ref model; /* a block for one that needs more than: */
    uint64_t cc_state[6];
};

static inline struct sender *sender_at(const struct tcp *tcp, const struct tcb *tcb)
{
    return (struct sender *)host_at(&tcp->ip.host, tcb->sender);
}

/* Make sure that tcb->sender is there; false when the arena refuses. */
bool sender_make(struct tcp *tcp, struct tcb *tcb);

/* The marks that are compared with SND.UNA have been passed by it: they come along. */
void sender_una_moved(struct tcp *tcp, struct tcb *tcb);

/* Give it back, with its records and its congestion control's model. */
void sender_give(struct tcp *tcp, struct tcb *tcb);

/* Bytes in flight: sent, neither SACKED nor taken for lost (RFC 6675's pipe). */
uint32_t sender_flight(const struct tcp *tcp, const struct tcb *tcb);

/* RFC 3168 6.1.2: reduce the window once for what was sent until now, without loss. */
void sender_reduce(struct tcp *tcp, struct tcb *tcb);

#endif
