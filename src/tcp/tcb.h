/*
 * The transmission control block (RFC 9293 3.3.1) and the small blocks that
 * stand in for it before the handshake is done and after the connection is
 * over. All live in the arena; all begin with struct endpoint and share the
 * connection table.
 *
 * Budgets, everything counted (table slot, timer node): established idle <=
 * 256 bytes, SYN-RECEIVED <= 64, TIME-WAIT <= 64. What only a busy connection
 * needs hangs in struct busy, taken when bytes are queued and given back.
 */
#ifndef TCP_TCB_H
#define TCP_TCB_H

#include "base/host.h"
#include "base/wheel.h"

/* What every block in the connection table begins with. */
struct endpoint {
    uint32_t generation; /* the pool's word */
    ref path;
    uint16_t local_port, remote_port;
    uint8_t state;  /* enum rill_state */
    uint8_t own[3]; /* each kind's own; the names are below */
};

/* endpoint.own of a TCB */
#define own_dup_acks own[0]   /* RFC 5681: duplicate ACKs in a row */
#define own_backoff own[1]    /* times the retransmission or persist timer fired in a row */
#define own_quick_acks own[2] /* ACKs to send at once before delaying them */

#define QUICK_ACKS 64u      /* of a new connection: three round trips of the peer's slow start */
#define QUICK_ACKS_FULL 48u /* the last ones are for full segments alone */
#define QUICK_ACKS_AFTER_SILENCE 16u

/* endpoint.own of a half-open block */
#define own_retries own[0] /* SYN,ACKs sent again; see half_open_retries() */

/* endpoint.own of a TIME-WAIT block */
#define own_window_bits own[0] /* the largest window that the peer ever offered needs so many bits */

/* endpoint.own of half-open and TIME-WAIT blocks */
#define own_options own[1] /* what was agreed, below */
#define own_shift own[2]   /* of the window that we offer */

/* tcb.flags; the low ones are the public RILL_OPTION_... */
#define TCB_NODELAY ((uint32_t)RILL_OPTION_NODELAY)
#define TCB_KEEPALIVE ((uint32_t)RILL_OPTION_KEEPALIVE)
#define TCB_CORK ((uint32_t)RILL_OPTION_CORK)
#define TCB_QUICK_ACK ((uint32_t)RILL_OPTION_QUICK_ACK)
#define TCB_OOB_INLINE ((uint32_t)RILL_OPTION_OOB_INLINE)
#define TCB_OPTION_FLAGS (UINT32_C(0x1f) | TCB_USER_TIMEOUT)
/* all of enum rill_option_flag */
#define OPTION_FLAGS (TCB_OPTION_FLAGS | (uint32_t)RILL_OPTION_NO_SOFT_ERRORS | (uint32_t)RILL_OPTION_PROGRESS)

/* tcb.events: soft errors are not told, progress is. No flags, since those have no bit left. */
#define EVENTS_WITHOUT_SOFT_ERRORS 0x8000u
#define EVENTS_WITH_PROGRESS 0x4000u
#define EVENTS_SETTINGS (EVENTS_WITHOUT_SOFT_ERRORS | EVENTS_WITH_PROGRESS)

#define TCB_TIMESTAMPS UINT32_C(0x20)        /* agreed (RFC 7323) */
#define TCB_SACK UINT32_C(0x40)              /* agreed (RFC 2018) */
#define TCB_WINDOW_SCALE UINT32_C(0x80)      /* agreed */
#define TCB_SYN_UNACKED UINT32_C(0x100)      /* our SYN is not acknowledged: snd_una is ISS */
#define TCB_UNACCEPTED UINT32_C(0x200)       /* in a listener's accept queue: `listener` is valid, events wait */
#define TCB_ORPHAN UINT32_C(0x400)           /* the application has closed its handle */
#define TCB_CLOSE_QUEUED UINT32_C(0x800)     /* CLOSE was called: a FIN follows the last byte */
#define TCB_FIN_SENT UINT32_C(0x1000)        /* snd_nxt is past our FIN */
#define TCB_TOUCHED UINT32_C(0x2000)         /* in its interface's touched list */
#define TCB_HELD UINT32_C(0x4000)            /* rill_hold_output() */
#define TCB_SYN_DUE UINT32_C(0x8000)         /* SYN or SYN,ACK is to be sent */
#define TCB_ACK_NOW UINT32_C(0x10000)        /* an ACK is owed at once */
#define TCB_ACK_DELAYED UINT32_C(0x20000)    /* an ACK is owed; may wait for the timer */
#define TCB_PROBE_DUE UINT32_C(0x40000)      /* a zero-window or keep-alive probe is to be sent */
#define TCB_PERSIST UINT32_C(0x80000)        /* retransmit_at is the persist timer */
#define TCB_FORCE_SEND UINT32_C(0x100000)    /* the SWS override timer fired: send what the window allows */
#define TCB_PROBED UINT32_C(0x200000)        /* with PERSIST: probed, and not answered since */
#define TCB_UTO_DUE UINT32_C(0x400000)       /* the next segment carries the user timeout option (RFC 5482) */
#define TCB_UTO_FIXED UINT32_C(0x800000)     /* the application set its user timeout: the peer's changes nothing */
#define TCB_URGENT_SEEN UINT32_C(0x1000000)  /* rcv_up is ahead of the reader */
#define TCB_RECEIVE_SHUT UINT32_C(0x2000000) /* nobody will read any more */
#define TCB_EVENT_QUEUED UINT32_C(0x4000000) /* in the event queue */
#define TCB_USER_TIMEOUT ((uint32_t)RILL_OPTION_USER_TIMEOUT)
#define TCB_ROOM_WANTED UINT32_C(0x10000000)  /* a send was short: tell RILL_WRITABLE when there is room */
#define TCB_FIN_RECEIVED UINT32_C(0x20000000) /* rcv_nxt is past the peer's FIN */
#define TCB_SYN_RESENT UINT32_C(0x40000000)   /* the SYN was sent more than once */
#define TCB_MORE UINT32_C(0x80000000)         /* RILL_SEND_MORE: more data follows soon */

/* tcb.tuning */
#define TUNING_RECEIVE 0x01u /* receive_limit grows by itself: the application chose none */
#define TUNING_SEND 0x02u    /* send_limit likewise */
#define TUNING_ROUND 0x04u   /* tcb.round is valid, iss and irs are not */
#define SYN_IS_LOST 0x08u    /* of no buffer: RFC 6928 2, the initial window is one segment; flags have no bit left */

struct tcb {
    struct endpoint ep;

    /* Send sequence variables. snd_una <= snd_nxt; bytes from snd_una on are in busy->send. */
    struct seq snd_una, snd_nxt;
    uint32_t snd_wnd;     /* bytes, scaled */
    struct seq snd_wl1;   /* no SND.WL2: windows are taken from ACKs of SND.UNA only, and it is never after that */
    uint32_t snd_wnd_max; /* largest window ever offered (RFC 9293 3.8.6.2.1, RFC 5961 5.2) */
    union {
        struct {
            struct seq iss, irs; /* later: tuning_iss(), tuning_irs() */
        };
        struct {
            uint32_t read;  /* what the application had read when the round trip began */
            uint32_t stamp; /* when that was: see tuning.c */
        } round;            /* with TUNING_ROUND */
    };

    /* Receive sequence variables. */
    struct seq rcv_nxt;
    struct seq rcv_adv;       /* right edge as advertised; never moves left */
    struct seq last_ack_sent; /* RFC 7323 4.3 Last.ACK.sent */

    uint32_t flags; /* enum tcb_flag */

    /* RFC 7323 timestamps */
    uint32_t ts_recent, ts_offset;

    uint16_t snd_mss;     /* payload per segment, options taken off: what the path takes now (mtu.h) */
    uint16_t snd_mss_max; /* what the peer and the application would take */
    uint16_t rcv_mss;     /* payload of the peer's segments; until established, the application's limit for both */
    uint8_t snd_wscale, rcv_wscale;
    uint8_t tos, ttl;
    uint8_t keep_probes; /* keep-alive probes sent in a row */
    uint8_t error;       /* RILL_E...: why it ended; told once */
    uint8_t cc;          /* index of its congestion control (cc.h) */
    uint8_t ecn;         /* what was negotiated, and what is owed to the peer: ecn.h */
    uint8_t fast_open;   /* RFC 7413: fast_open.h */
    uint8_t tuning;      /* TUNING_..., SYN_IS_LOST */
    uint16_t events;     /* enum rill_what, not taken yet; EVENTS_SETTINGS */

    uint32_t srtt_us8; /* SRTT << 3; 0: no sample yet. RTO: rtt_rto_us() */
    union {
        uint32_t rttvar_us4;   /* RTTVAR << 2 */
        uint32_t syn_sent_us1; /* active, without a sample: host_us() when our SYN was first sent, plus 1; 0: not yet */
        ref opener;            /* while FAST_OPEN_PENDING, when there is no sample: the listener that counts it */
    };
    uint32_t cwnd, ssthresh; /* bytes */

    ref busy;       /* struct busy; REF_NONE when nothing is queued either way */
    ref sender;     /* struct sender (sender.h); REF_NONE until it sends, and again after a rest */
    ref event_next; /* event queue; or, while unaccepted, accept queue */
    ref touched_next;
    union {
        uint64_t user;
        ref listener; /* while TCB_UNACCEPTED, and until a passive open completes */
    };
    uint32_t send_limit, receive_limit; /* true bytes */

    struct wheel_node timer; /* earliest of: */
    nanos retransmit_at;     /* retransmission or persist (never both: T1) */
    nanos ack_at;            /* delayed ACK */
    nanos keep_at;           /* by state: TIME-WAIT, FIN-WAIT-2 of an orphan, else keep-alive */

    ref limits; /* struct limits; REF_NONE: the stack's own */
    uint32_t
        unanswered_ms; /* host_ms() when the first unanswered segment left; nothing in flight: when that was last so */
    uint32_t last_heard_ms; /* host_ms() of the last acceptable segment */
    uint32_t answer_ms;     /* host_ms() of the last rate-limited ACK */

    uint32_t retransmitted, segments_in, segments_out;
    ref counts; /* struct counts (counts.h), which has the one of AccECN too; REF_NONE: nothing is counted */
    uint64_t bytes_acked, bytes_received;
};

_Static_assert(sizeof(struct tcb) <= 224, "a TCB and its share of the table must stay within 256 bytes");

/* What a connection puts up with, where it is not the stack's own (limits.h). */
struct limits {
    uint32_t generation;
    uint32_t holders;
    uint32_t user_timeout_ms; /* R2 for data (RFC 9293 3.8.3) */
    uint32_t keep_idle_ms, keep_interval_ms;
    uint32_t fin_wait_2_ms; /* of an orphan */
    uint32_t unsent_bytes;  /* no more room to send while so much was never sent; 0: whatever the buffer holds */
    uint8_t keep_probes;
    uint8_t syn_retries;   /* a SYN is given up after so many copies; 0: when syn_timeout_ms are over */
    uint32_t window_bytes; /* no larger window is offered; 0: as memory allows */
    uint64_t pacing_rate;  /* bytes a second, and no more; 0: as the network takes it */
};

_Static_assert(sizeof(struct limits) == 48, "three objects of 16 bytes");

/* What a connection needs while bytes are queued or in flight. */
struct busy {
    uint32_t generation;

    /* Send: buffers hold the bytes from snd_una (or ISS+1) on, contiguous; see send_queue.h. */
    struct buffer_queue send;
    uint32_t send_bytes;
    uint32_t send_charge;
    bool has_records;        /* some buffer of send ends a record; stays until the queue is empty */
    uint32_t lent_bytes;     /* of send_bytes, those that are the application's own (lent.h) */
    ref cursor;              /* buffer that holds cursor_seq, or REF_NONE: start from the head */
    struct seq small_end;    /* end of the last segment sent that was not full (Nagle, Minshall's variant) */
    struct seq snd_up;       /* RFC 9293 3.8.5 */
    uint16_t syn_data_bytes; /* with FAST_OPEN_SYN_DATA: what our SYN carried */

    /* Receive: in-order bytes not yet read, and what waits for a gap to be filled. */
    struct buffer_queue receive;
    uint32_t receive_bytes;
    uint32_t receive_charge;     /* true size of both kinds */
    struct seq rcv_up;           /* RFC 9293 3.8.5, with TCB_URGENT_SEEN */
    ref reassembly;              /* struct reassembly; REF_NONE */
    struct seq twice, twice_end; /* RFC 2883: bytes that came a second time, to be told once; empty: none */
};

/* In a list of blocks that all wait equally long (fifo.h). */
struct fifo_link {
    ref next, previous;
};

/*
 * SYN-RECEIVED of a passive open (RFC 4987 3.3): what the handshake's last ACK
 * needs to make a TCB. Lists by number of retries are FIFOs by deadline.
 */
struct half_open {
    struct endpoint ep;
    struct seq iss, irs;
    uint32_t ts_recent;
    uint16_t mss;     /* the peer's, 0 when it gave none */
    uint8_t answered; /* the half second in which an ACK last answered for it: one in each */
    uint8_t ecn;      /* what is agreed: ecn.h */
    ref listener;
    struct fifo_link link;
    uint32_t due_ms; /* host_ms() when the SYN,ACK is sent again */
};

/* In own_retries: the handshake's last ACK came, and only data is waited for (rill_options.defer_accept). */
#define HALF_OPEN_WAITS 0x80u
/* ... and with it: by then more than one SYN,ACK had been sent again (RFC 6928 2, RFC 6298 5.7). */
#define HALF_OPEN_LOST 0x40u

static inline uint32_t half_open_retries(const struct half_open *half_open)
{
    return half_open->ep.own_retries & ~(HALF_OPEN_WAITS | HALF_OPEN_LOST);
}

/* own_options of a half-open block: options agreed, and the peer's shift in the low four bits. */
enum half_open_option {
    HALF_OPEN_SCALE_MASK = 0x0f,
    HALF_OPEN_WSCALE = 0x10,
    HALF_OPEN_TS = 0x20,
    HALF_OPEN_SACK = 0x40,
    HALF_OPEN_RESENT = 0x80, /* the SYN,ACK was sent more than once: its ACK measures nothing (RFC 6298 3) */
};

/* TIME-WAIT after the application let go (RFC 9293 3.4.2, 3.6.1). One FIFO: all wait equally long. */
struct time_wait {
    struct endpoint ep;
    struct seq snd_nxt, rcv_nxt;
    uint32_t rcv_wnd; /* bytes still advertised */
    uint32_t ts_recent;
    uint32_t answer_ms; /* last rate-limited ACK */
    struct fifo_link link;
    uint32_t due_ms;
};

/* own_options of a TIME-WAIT block */
enum time_wait_option { TIME_WAIT_TS = 0x20 };

_Static_assert(sizeof(struct half_open) == 48, "48 and a table slot stay within 64 bytes");
_Static_assert(sizeof(struct time_wait) == 48, "48 and a table slot stay within 64 bytes");

struct listener {
    struct endpoint ep; /* remote port 0, path REF_NONE */
    struct rill_addr local;
    uint64_t user;
    uint32_t flags;  /* OPTION_FLAGS for its children */
    uint32_t accept; /* RILL_OPTION_REUSE_PORT, RILL_OPTION_V4_ONLY, RILL_OPTION_V6_ONLY */
    uint32_t send_limit, receive_limit;
    uint8_t window_shift; /* stays when receive_limit is changed: half-open connections and cookies have told it */
    ref limits;           /* struct limits; REF_NONE: the stack's own */
    uint16_t mss;
    uint8_t tos, ttl;
    uint8_t cc;           /* cc.h */
    uint8_t ecn;          /* enum rill_ecn */
    uint8_t defer_accept; /* SYN,ACKs sent again before a connection without data is accepted */
    uint32_t backlog;
    ref accept_head, accept_tail; /* TCBs, by event_next */
    uint32_t accept_count;        /* connections in the accept queue */
    uint32_t half_open_count;
    ref event_next;
    uint16_t events;
    bool event_queued;
    bool cookies_sent; /* SYN cookies went out, the last one at cookie_ms */
    uint32_t cookie_ms;
    /* RFC 7413: most pending; pending now; reset a short while ago, the last one at fast_open_reset_ms */
    uint32_t fast_open_backlog, fast_open_pending, fast_open_resets, fast_open_reset_ms;
    bool closed; /* waits only to leave the event queue, and for what fast_open_pending counts */
};

#endif
