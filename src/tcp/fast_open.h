/*
 * TCP Fast Open (RFC 7413): data in the SYN. What a SYN means to a listener
 * that takes it, and what ours carries. The client's memory of servers is in
 * fast_open_cache.h; the making of the connection in half_open.c.
 */
#ifndef TCP_FAST_OPEN_H
#define TCP_FAST_OPEN_H

#include "tcp/arrival.h"
#include "tcp/tcp.h"

#define FAST_OPEN_COOKIE_BYTES 8u /* of ours */

/* tcb.fast_open */
enum fast_open_bit {
    FAST_OPEN_WANTED = 0x01,     /* active: the application allows data in the SYN */
    FAST_OPEN_WAITS = 0x02,      /* active: the SYN waits for the first data; it is not unacknowledged yet */
    FAST_OPEN_TRIED = 0x04,      /* active: our SYN carried the option, and did not time out */
    FAST_OPEN_SYN_DATA = 0x08,   /* active: it carried busy->syn_data_bytes; SND.NXT is in front of them */
    FAST_OPEN_EARLY = 0x10,      /* passive: opened by a SYN with a cookie */
    FAST_OPEN_PENDING = 0x20,    /* passive: its handshake is not done, tcb->opener counts it */
    FAST_OPEN_COOKIE_DUE = 0x40, /* passive: the first SYN,ACK gives a new cookie */
    FAST_OPEN_ACKED = 0x80,      /* the SYN,ACK acknowledged the SYN's data, theirs or ours */
};

/* ------------------------------------------------------------------- server */

/* What a SYN's option gets from a listener. */
struct fast_open_answer {
    bool opens;        /* a connection at once, with the SYN's data */
    bool gives_cookie; /* the SYN,ACK carries the cookie */
    bool experimental; /* under the number of RFC 7413 appendix A */
    uint8_t cookie[FAST_OPEN_COOKIE_BYTES];
};

/* RFC 7413 4.2.2, "Receiving SYN and responding with SYN-ACK", steps 1 to 3. */
void fast_open_judge(struct tcp *tcp, struct listener *listener, const struct arrival *arrival,
                     struct fast_open_answer *out);

/* The option for a SYN,ACK that gives a cookie: the one in the answer, or a fresh one, which lives in `room`. */
void fast_open_put_cookie(const struct fast_open_answer *answer, struct tcp_options *options);
void fast_open_put_own_cookie(struct tcp *tcp, struct tcb *tcb, struct tcp_options *options,
                              struct fast_open_answer *room);

/* Steps 4 to 6: the connection, in the accept queue, with the SYN's data. Takes over the path; false: no memory. */
bool fast_open_accept(struct tcp *tcp, struct listener *listener, struct arrival *arrival, ref path,
                      const struct seq *iss_floor, const struct fast_open_answer *answer);

/* Step 6: data may leave although the handshake is not done. */
static inline bool fast_open_may_send(const struct tcb *tcb)
{
    return (tcb->fast_open & FAST_OPEN_EARLY) != 0 && tcb->ep.state == RILL_STATE_SYN_RECEIVED;
}

/* The SYN,ACK went out often enough: an early connection waits no longer than a half-open one. */
bool fast_open_is_given_up(const struct tcp *tcp, const struct tcb *tcb);

/* Our SYN,ACK is acknowledged ("Receiving ACK"): not pending any more. */
void fast_open_confirmed(struct tcp *tcp, struct tcb *tcb);

void fast_open_set_keys(struct tcp *tcp, const uint8_t keys[][RILL_FAST_OPEN_KEY_BYTES], unsigned count);

/* ------------------------------------------------------------------- client */

/* An OPEN with fast open: true when its SYN is to wait for data, since there is a cookie for it. */
bool fast_open_waits(struct tcp *tcp, struct tcb *tcb);

/* The SYN waits no longer. */
void fast_open_release(struct tcp *tcp, struct tcb *tcb);

/* Option and data of the SYN or SYN,ACK about to be sent. A cookie of ours lives in `room` meanwhile. */
void fast_open_fill_syn(struct tcp *tcp, struct tcb *tcb, struct tcp_options *options, struct fast_open_answer *room,
                        struct rill_train *train);

/* What an ACK of our SYN may acknowledge at most: its data too. */
struct seq fast_open_ack_limit(const struct tcp *tcp, const struct tcb *tcb);

/* "Receiving SYN-ACK", step 1: an acceptable ACK of our SYN; learn from it, and how much of the SYN's data it took. */
void fast_open_answered(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg);

/* --------------------------------------------------------------------- both */

/* The timer of our SYN or SYN,ACK fired: from now on they are plain (RFC 7413 4.2.2). */
void fast_open_timed_out(struct tcp *tcp, struct tcb *tcb);

/* The connection is over; error as for connection_end(). */
void fast_open_ended(struct tcp *tcp, struct tcb *tcb, int error);

#endif
