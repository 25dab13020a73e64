/*
 * Explicit congestion notification: RFC 3168's one bit of echo, and the
 * counters of AccECN (draft-ietf-tcpm-accurate-ecn). What SYNs agree, what
 * arriving marks owe to the peer, what the peer's echo means for our window,
 * and what each segment carries. IP's two bits come and go with ip_packet.tos.
 */
#ifndef TCP_ECN_H
#define TCP_ECN_H

#include "tcp/arrival.h"
#include "tcp/tcp.h"

/* IP's two bits (RFC 3168 5) */
enum ip_ecn { IP_NOT_ECT = 0, IP_ECT_1 = 1, IP_ECT_0 = 2, IP_CE = 3 };
#define IP_ECN_MASK 3u

/* tcb.ecn, and the low bits of half_open.ecn */
enum ecn_bit {
    ECN_CLASSIC = 0x01,       /* agreed: RFC 3168 */
    ECN_ACCURATE = 0x02,      /* agreed: AccECN, accurate_ecn_of() is there */
    ECN_NO_ECT = 0x04,        /* agreed, but our packets stay Not-ECT */
    ECN_ASKS = 0x08,          /* active, until the answer: our SYN asks for RFC 3168's, */
    ECN_ASKS_ACCURATE = 0x10, /* or for AccECN */
    ECN_ECHO = 0x20,          /* RFC 3168 6.1.3: ECE on ACKs until CWR comes; DCTCP: the last data was marked */
    ECN_CWR_DUE = 0x40,       /* RFC 3168 6.1.2: the window was reduced; the next new data says so */
    ECN_HANDSHAKE_DUE = 0x80, /* AccECN 3.2.2.1: the next pure ACK says how the SYN,ACK arrived */
};

/* half_open.ecn above ECN_NO_ECT: IP's bits of the latest SYN (AccECN 3.1.5) */
#define HALF_OPEN_IP_ECN_SHIFT 4

/* ---------------------------------------------------------------- handshake */

/* A setting of enum rill_ecn, or the stack's for RILL_ECN_DEFAULT. */
uint8_t ecn_setting(const struct tcp *tcp, uint8_t own);

/* An OPEN. Without memory for AccECN's counters nothing is asked for. */
void ecn_open(struct tcp *tcp, struct tcb *tcb, uint8_t setting);

/* What a SYN agrees with a listener of this setting (RFC 3168 6.1.1, AccECN table 2): half_open.ecn. */
uint8_t ecn_answer_syn(uint8_t setting, const struct arrival *arrival);

/* The same SYN again: AccECN 3.1.5. False: both kinds were asked for, which MUST be reset. */
bool ecn_answer_syn_again(uint8_t *half_open_ecn, const struct arrival *arrival);

/* AE, CWR and ECE, and AccECN's option, of a SYN,ACK that is sent for the (retries + 1)th time. */
void ecn_fill_syn_ack(uint8_t half_open_ecn, uint32_t retries, struct tcp_header *header);

/*
 * The connection that comes of it. Without memory for AccECN's counters its ACE stays 0, which tells the peer as much
 * (3.2.2.4).
 */
void ecn_inherit(struct tcp *tcp, struct tcb *tcb, uint8_t half_open_ecn, uint32_t retries);

/* SYN-SENT: the peer's SYN,ACK, or its SYN. */
void ecn_take_syn_ack(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival);
void ecn_take_syn(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival);

/* The SYN,ACK again, which our ACK did not reach (AccECN 3.2.2.1). */
void ecn_take_syn_ack_again(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival);

/* SYN-RECEIVED: the ACK of our SYN,ACK (AccECN 3.2.2.1). */
void ecn_take_handshake_ack(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival);

/* ------------------------------------------------------------------ segments */

/* An acceptable segment came: count its mark, owe what the rules of 3.1.3 and 3.2.2.5.1 say. */
void ecn_arrives(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival);

/*
 * It acknowledges `acked_bytes` more: bytes of these that arrived marked, as far as the echo tells; *echo: there was a
 * congestion echo, so that the window does not grow and is reduced once.
 */
uint32_t ecn_acknowledged(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg, uint32_t acked_bytes,
                          bool *echo);

/* The window was reduced, for whatever reason (RFC 3168 6.1.2). */
static inline void ecn_window_reduced(struct tcb *tcb)
{
    if ((tcb->ecn & (ECN_CLASSIC | ECN_NO_ECT)) == ECN_CLASSIC)
        tcb->ecn |= ECN_CWR_DUE;
}

/* A bare ACK has to go before anything else (AccECN 3.2.2.1). */
static inline bool ecn_owes_bare_ack(const struct tcb *tcb)
{
    return unlikely((tcb->ecn & ECN_HANDSHAKE_DUE) != 0);
}

/*
 * The flags of a segment about to leave; `fresh`: with text that was never sent. Returns the two bits for its IP
 * header.
 */
uint8_t ecn_mark(struct tcp *tcp, struct tcb *tcb, struct tcp_header *header, struct rill_train *train, bool fresh);

#endif
