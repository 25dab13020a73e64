/*
 * Congestion control as a small table of functions. The engine says what
 * happened; the table's owner answers by setting tcb->cwnd and tcb->ssthresh,
 * in bytes (and sender->pacing_rate). Which segments are lost, what is sent
 * again, and how cwnd moves during recovery (RFC 6937) is not decided here,
 * but for those that say CC_OWN_WINDOW.
 */
#ifndef TCP_CC_H
#define TCP_CC_H

#include "tcp/sender.h"
#include "wire/tcp.h"

#define CWND_MAX (UINT32_C(1) << 30)
#define CC_MODEL_BYTES 384u /* a block of tcp->models */

/* What one ACK said. Bytes are of the stream: no SYN, no FIN. */
struct ack_sample {
    uint32_t acked_bytes;     /* cumulatively, newly */
    uint32_t delivered_bytes; /* newly known to have arrived: cumulatively or by SACK */
    uint32_t lost_bytes;      /* newly taken for lost */
    uint32_t marked_bytes;    /* newly delivered with a CE mark (AccECN, DCTCP) */
    uint32_t flight_before;   /* sender_flight() before this ACK */
    uint32_t rtt_us;          /* its round trip; 0: none (Karn) */
    bool window_limited;      /* cwnd, and not the application or the peer, held the sender back: cwnd may grow */
    bool ece;                 /* it carried ECE (RFC 3168) */
    bool has_data;            /* rate.h: of the newest segment that it delivers */
    struct seq newest_end;    /* ... which ended here */
    bool is_rate_valid;       /* the rate sample: */
    bool is_app_limited;
    uint32_t interval_us; /* rate = rate_bytes / interval_us */
    uint32_t rate_bytes;
    uint64_t prior_delivered; /* `delivered` when the segment that made the sample was sent */
    uint32_t prior_lost;      /* low 32 bits of `lost` then */
    uint32_t prior_flight;    /* sender_flight() right after that segment was sent */

    /* For loss recovery */
    bool duplicate;                    /* RFC 5681 2: a duplicate ACK */
    bool dsack;                        /* RFC 2883 */
    struct tcp_sack_block dsack_block; /* what came twice */
    bool recovered;                    /* it ended a reduction of the window, which is at ssthresh now */
    bool again_delivered;              /* something that was sent more than once is among what it delivered */
    bool original_delivered;           /* something SACKed that was sent only once */
    struct seq sacked_end;             /* highest end newly SACKED; SND.UNA: none */
    uint32_t echo_age_ms;              /* how old its timestamp echo is; UINT32_MAX: it has none */
    bool is_ahead;                     /* what it delivers now is SACKed: the echo is an older segment's */
    uint32_t oldest_rtt_us;            /* of what it delivered of the first time: what RFC 6298 wants; 0: none */
    uint32_t rtt_sent_us;              /* with rtt_us: whose it is */
    struct seq rtt_end;
};

enum cc_event {
    CC_LOSS, /* found by RACK or duplicate ACKs: recovery begins; without CC_OWN_WINDOW, not in a window after CC_ECN */
    CC_TIMEOUT, /* the retransmission timer fired */
    CC_ECN      /* ECE: once per window */
};

enum cc_trait {
    CC_OWN_WINDOW = 0x1, /* sets cwnd at every ACK, in recovery too: no PRR (BBR) */
    CC_WANTS_ECN = 0x2,  /* ECT on data always; reacts to each mark by itself (DCTCP) */
};

struct cc_ops {
    const char *name;
    uint32_t traits;
    /* The handshake is done: set the initial window (RFC 6928). There may be no sender block yet. */
    void (*established)(struct tcp *tcp, struct tcb *tcb);
    /* A sender block was taken: cc_state is zero. */
    void (*begin)(struct tcp *tcp, struct tcb *tcb);
    /*
     * An ACK that newly acknowledged or delivered something. Called in SENDER_OPEN and SENDER_LOSS only, in every
     * state with CC_OWN_WINDOW.
     */
    void (*acked)(struct tcp *tcp, struct tcb *tcb, const struct ack_sample *ack);
    /*
     * An episode begins: set ssthresh. For CC_LOSS and CC_ECN cwnd is then led there by PRR; for CC_TIMEOUT set cwnd
     * too. flight_bytes: what was in flight, losses included, before. A second timeout in a row comes with
     * ep.own_backoff > 1.
     */
    void (*congestion)(struct tcp *tcp, struct tcb *tcb, enum cc_event event, uint32_t flight_bytes);
    /* A record, or what was cut from it, was taken for lost: sender->lost counts it already. May be NULL. */
    void (*lost)(struct tcp *tcp, struct tcb *tcb, const struct sent *record);
    /* The last congestion() was a mistake (spurious): cwnd and ssthresh are already what they were; restore the rest. */
    void (*undo)(struct tcp *tcp, struct tcb *tcb);
    /* The episode is over: cwnd is at ssthresh. */
    void (*recovered)(struct tcp *tcp, struct tcb *tcb);
    /* About to send after nothing was in flight for idle_us (RFC 5681 4.1, RFC 7661). */
    void (*idle)(struct tcp *tcp, struct tcb *tcb, uint32_t idle_us);
    /* The sender block goes: give `model` back. */
    void (*end)(struct tcp *tcp, struct tcb *tcb);
};

extern const struct cc_ops cc_cubic, cc_reno, cc_bbr, cc_dctcp;

/* The connection's own table. */
const struct cc_ops *cc_of(const struct tcb *tcb);

/* Index for tcb.cc by name ("reno", "cubic", "bbr", "dctcp"); negative when there is none. NULL or "": the default. */
int cc_find(const char *name);

/* Index by a name that cc_find() knows; NULL or "": the stack's. */
uint8_t cc_choice(const struct tcp *tcp, const char *name);

/* NULL when there is no such index. */
const char *cc_name(unsigned index);

/* Another one takes over, with the window that it finds. */
void cc_change(struct tcp *tcp, struct tcb *tcb, uint8_t cc);

/* ------------------------------------------------------------ what those here share */

/* RFC 6928: min(10 MSS, max(2 MSS, 14600)); the restart window, too. */
uint32_t cc_initial_window(const struct tcp *tcp, const struct tcb *tcb);

/* cc_ops.established */
void cc_open_window(struct tcp *tcp, struct tcb *tcb);

/* How much of what an ACK acknowledged counts in slow start (RFC 3465 2.3, RFC 9406 4.3). */
uint32_t cc_slow_start_bytes(const struct tcp *tcp, const struct tcb *tcb, uint32_t acked_bytes);

/* RFC 5681 equation 2 by bytes: the window grows, at most to ssthresh. */
void cc_slow_start(struct tcb *tcb, uint32_t growth_bytes);

/* cc_ops.idle; true when it was so long that the window begins anew. */
bool cc_restart(struct tcp *tcp, struct tcb *tcb, uint32_t idle_us);

/* Tell the trace, and pacing. */
void cc_window_changed(struct tcp *tcp, struct tcb *tcb);

#endif
