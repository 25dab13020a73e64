/*
 * One stack against a scripted peer: the test writes the peer's segments by
 * hand and names each segment that the stack must send. No wall clock, no
 * randomness. Sequence numbers are relative: 0 is the SYN, 1 the first byte;
 * the stack's own count from its ISS, the peer's from its ISN, so that a
 * script reads the same at any initial sequence number.
 *
 * After every step all invariants of the stack are checked (rill_check), and
 * every packet that it sends is read by packet_check.
 */
#ifndef SUPPORT_TCP_PEER_H
#define SUPPORT_TCP_PEER_H

#include <stdbool.h>
#include <string.h>

#include "rill/rill.h"
#include "support/cmocka_all.h"
#include "wire/tcp.h"

#define PEER_SEGMENTS_MAX 128u
#define PEER_EVENTS_MAX 32u
#define PEER_PORT 40000u /* the peer's */
#define STACK_PORT 80u   /* the stack's, for both kinds of open */

/* Where arithmetic goes wrong first. */
#define PEER_CORNERS 5u
extern const uint32_t peer_corners[PEER_CORNERS];

struct peer_setup {
    uint32_t isn;   /* the peer's initial sequence number */
    bool force_iss; /* the stack's, by choosing the time of its SYN */
    uint32_t iss;
    bool passive;    /* the stack listens; else it connects */
    bool timestamps; /* what the peer's SYN offers */
    bool sack;
    bool window_scaling; /* the peer's shift is 7 */
    uint16_t mss;        /* 0: 1460 */
    uint16_t window;     /* window field of the peer's segments, 0: 65535; see peer.window */
    uint32_t receive_buffer_bytes, send_buffer_bytes; /* the stack's; 0: 65536 */
    uint32_t user_timeout_ms;                         /* 0: the stack's default */
    uint32_t option_flags;                            /* enum rill_option_flag */
    uint32_t fast_open_backlog;                       /* of the stack's listener */
    uint8_t ecn;                                      /* enum rill_ecn */
    void (*configure)(struct rill_config *config);    /* NULL, or: any other setting of the stack */
};

/* What the stack sent: parsed, with sequence numbers made relative. */
struct peer_segment {
    uint8_t flags;
    uint32_t seq, ack;         /* relative */
    uint32_t raw_seq, raw_ack; /* as on the wire */
    uint32_t data_bytes;
    uint16_t window, urgent; /* as on the wire */
    struct tcp_options options;
    uint8_t cookie[16]; /* with TCP_OPTION_FAST_OPEN: options.fast_open_cookie itself is gone by now */
    uint8_t ecn;        /* the IP header's two bits */
    uint8_t ace;        /* AE, CWR and ECE */
    rill_time sent_at;
};

/* What the peer sends, where peer_send() does not say enough. */
struct peer_packet {
    uint8_t flags;
    uint32_t seq, ack; /* relative; an ACK field is written only with TCP_ACK */
    uint32_t data_bytes;
    uint16_t urgent;
    int32_t timestamp_shift; /* added to the peer's TSval */
    bool without_timestamp;
    bool with_timestamp;   /* although none was agreed */
    uint16_t user_timeout; /* RFC 5482's option as it stands; 0: none */
    bool bad_checksum;
    uint8_t ecn; /* the IP header's two bits */
    bool ae;
    bool accurate_ecn; /* with AccECN's option: these fields, as struct tcp_options has them */
    uint8_t accurate_ecn_fields;
    uint32_t e0b, ceb, e1b;
    uint8_t sack_count; /* SACK blocks, relative */
    struct peer_block {
        uint32_t start, end;
    } sack[4];
    bool fast_open;       /* with the option */
    bool experimental;    /* under number 254 */
    uint8_t cookie_bytes; /* 0: asks for one */
    const uint8_t *cookie;
    uint16_t source_port;         /* 0: PEER_PORT */
    uint32_t source, destination; /* IPv4 addresses; 0: the peer's and the stack's */
};

struct peer {
    struct peer_setup setup;
    struct rill_stack *stack;
    void *memory;
    int netif;
    rill_time now;
    rill_conn listener, conn; /* 0 while there is none */
    uint32_t iss, isn;
    bool iss_known;
    uint16_t window;  /* field of what the peer sends next; not scaled */
    bool established; /* segments carry a timestamp when setup.timestamps */

    /* Seen in what the stack sent, relative: its SND.NXT, its RCV.NXT, the bytes that it still offers. */
    uint32_t snd_nxt, rcv_nxt, rcv_wnd;
    uint32_t right_edge; /* RCV.NXT + RCV.WND as offered last: never moves left (SHLD-14), checked on every segment */
    bool right_edge_known;
    uint8_t stack_shift;
    uint32_t stack_timestamp; /* the last TSval, echoed by the peer */

    struct peer_segment sent[PEER_SEGMENTS_MAX];
    unsigned sent_first, sent_count;
    struct rill_event events[PEER_EVENTS_MAX]; /* merged by connection until a test takes them */
    unsigned event_count;

    const char *what; /* named when an expectation fails: the row or case being walked */
};

/* Edges that any stack of this program has walked, by the trace door. */
extern bool peer_edge_seen[RILL_STATES][RILL_STATES];

void peer_open(struct peer *p, const struct peer_setup *setup); /* NULL: an active open, ISN 0 */
void peer_close(struct peer *p);

/* The setup for corner number `index`: the peer's ISN and the stack's ISS are different corners. */
struct peer_setup peer_corner(unsigned index);

/* ------------------------------------------------------------------- acting */

/* The peer sends a segment; what the stack answers is collected. */
void peer_send(struct peer *p, unsigned flags, uint32_t seq, uint32_t ack, uint32_t data_bytes);
void peer_send_packet(struct peer *p, const struct peer_packet *packet);
/* An ACK with one block. */
void peer_sack(struct peer *p, uint32_t ack, uint32_t start, uint32_t end);

/* The byte that both streams have at this place: what the stack sends is compared with it. */
uint8_t peer_stream_byte(uint32_t position);

/* Any bytes as an IP packet. */
void peer_inject(struct peer *p, const uint8_t *packet, uint32_t length_bytes);

/* Time passes in steps of the stack's own deadlines; what it sends meanwhile is collected. */
void peer_advance(struct peer *p, uint64_t ms);

/* Collect what the stack sends and tells: after user calls that a test makes by itself. */
void peer_run(struct peer *p);

/* User calls on p->conn (or p->listener); each is followed by peer_run(). */
int peer_listen(struct peer *p);
int peer_connect(struct peer *p);
int64_t peer_user_send(struct peer *p, uint32_t bytes);
int64_t peer_user_receive(struct peer *p, uint32_t bytes); /* checks that the bytes are the peer's stream */
int peer_user_shutdown(struct peer *p);
int peer_user_close(struct peer *p);
int peer_user_abort(struct peer *p);

/* ------------------------------------------------------------------ reaching */

/*
 * Bring the connection from nothing into a state, by setup.passive's kind of
 * open. Nothing is left to expect and no event to take afterwards. LISTEN
 * always listens; SYN-RECEIVED of an active open is that of a simultaneous
 * one; TIME-WAIT comes by way of FIN-WAIT-2 and is still held by the application.
 */
void peer_reach(struct peer *p, enum rill_state state);

/* TIME-WAIT after rill_close(): the small block. */
void peer_reach_time_wait_block(struct peer *p);

/* Data, acknowledging `ack`, until the stack offers no more: nobody reads. Only in states that receive, with a small receive buffer. */
void peer_fill_window(struct peer *p, uint32_t ack);

/* Drop what has been collected. */
void peer_forget(struct peer *p);

/* ------------------------------------------------------------------ expecting */

/* The next segment, oldest first: exactly these flags (PSH is not looked at), relative numbers and length. */
#define expect_segment(p, flags, seq, ack, bytes) expect_segment_at(p, flags, seq, ack, bytes, __FILE__, __LINE__)
/* The same with numbers as on the wire. */
#define expect_raw_segment(p, flags, seq, ack) expect_raw_segment_at(p, flags, seq, ack, __FILE__, __LINE__)
/* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, where RCV.NXT is what the caller says. */
#define expect_ack(p, ack) expect_segment_at(p, TCP_ACK, (p)->snd_nxt, ack, 0, __FILE__, __LINE__)
/* No segment is left. */
#define expect_nothing(p) expect_nothing_at(p, __FILE__, __LINE__)
/* What was told of this connection since the last time: exactly these bits. They are taken. */
#define expect_event(p, conn, bits) expect_event_at(p, conn, bits, 0, __FILE__, __LINE__)
#define expect_event_error(p, conn, bits, error) expect_event_at(p, conn, bits, error, __FILE__, __LINE__)
#define expect_no_event(p) expect_no_event_at(p, __FILE__, __LINE__)
/* The state of the pair of endpoints, whoever holds it; CLOSED when there is none; LISTEN when only a listener is. */
#define expect_state(p, state) expect_state_at(p, state, __FILE__, __LINE__)
#define expect_status_of(p, conn, out) expect_status_at(p, conn, out, __FILE__, __LINE__)

struct peer_segment expect_segment_at(struct peer *p, unsigned flags, uint32_t seq, uint32_t ack, uint32_t data_bytes,
                                      const char *file, int line);
void expect_raw_segment_at(struct peer *p, unsigned flags, uint32_t seq, uint32_t ack, const char *file, int line);
void expect_nothing_at(struct peer *p, const char *file, int line);
void expect_event_at(struct peer *p, rill_conn conn, unsigned bits, int error, const char *file, int line);
void expect_no_event_at(struct peer *p, const char *file, int line);
void expect_state_at(struct peer *p, enum rill_state state, const char *file, int line);
void expect_status_at(struct peer *p, rill_conn conn, struct rill_status *out, const char *file, int line);

enum rill_state peer_state(struct peer *p);

#endif
