/*
 * RFC 9293 3.10.7 (SEGMENT ARRIVES) as a pure function: from a connection and a
 * segment to the set of outcomes that the RFCs allow. Written from their text,
 * not from the engine, whose test it is; it shares no code with it but names.
 *
 * Where RFCs disagree or leave a choice, the set has more than one member:
 * RFC 5961 (challenge ACKs), RFC 1337 (RST in TIME-WAIT), RFC 6191 (SYN in
 * TIME-WAIT), RFC 7323 (PAWS).
 */
#ifndef MODEL_REFERENCE_H
#define MODEL_REFERENCE_H

#include "rill/rill.h"

/* Bits of reference_outcome.replies: each one a whole answer. */
enum reference_reply {
    REPLY_NONE = 0x01,
    REPLY_ACK = 0x02,         /* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, at once */
    REPLY_ACK_LATER = 0x04,   /* the same by the delayed-ACK timer */
    REPLY_RST = 0x08,         /* <SEQ=SEG.ACK><CTL=RST> */
    REPLY_RST_ACK = 0x10,     /* <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> */
    REPLY_SYN_ACK = 0x20,     /* <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK> */
    REPLY_SYN_ACK_NEW = 0x40, /* the same with an ISS chosen now */
    REPLY_ABORT = 0x80,       /* <SEQ=SND.NXT><CTL=RST>, with an ACK of RCV.NXT or without */
};

/* Bits of reference_outcome.windows. */
enum reference_window { WINDOW_KEPT = 0x1, WINDOW_TAKEN = 0x2 };

/* One end of a connection, with the words of RFC 9293 3.3.1. */
struct reference_tcb {
    enum rill_state state;
    bool passive;    /* SYN-RECEIVED: came from LISTEN */
    bool listener;   /* somebody listens on the local port */
    bool orphan;     /* the application has closed: nobody will read */
    bool timestamps; /* agreed (RFC 7323) */
    uint32_t iss, snd_una, snd_nxt, snd_wl1, snd_wl2;
    uint32_t max_snd_wnd; /* RFC 5961 5.2 */
    uint32_t rcv_nxt, rcv_wnd;
    uint32_t ts_recent;
};

struct reference_segment {
    uint8_t flags; /* enum tcp_flag; PSH, ECE, CWR and URG change nothing here */
    uint32_t seq, ack;
    uint32_t data_bytes;
    bool timestamp;
    uint32_t ts_value;
};

struct reference_outcome {
    enum rill_state state; /* CLOSED: no TCB is left; LISTEN: none but the listener */
    unsigned replies;
    unsigned windows;
    uint32_t snd_una, rcv_nxt; /* where a TCB is left */
    const char *paragraph;
};

#define REFERENCE_OUTCOMES_MAX 12u

struct reference_set {
    struct reference_outcome outcomes[REFERENCE_OUTCOMES_MAX];
    unsigned count;
};

void reference_segment_arrives(const struct reference_tcb *tcb, const struct reference_segment *seg,
                               struct reference_set *out);

#endif
