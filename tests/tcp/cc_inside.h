/*
 * For tests of congestion controls: one connection's block, and a script of
 * ACKs on a path with a round trip, told to the control's functions directly.
 */
#ifndef TESTS_TCP_CC_INSIDE_H
#define TESTS_TCP_CC_INSIDE_H

#include "tcp/cc.h"
#include "tcp/inside.h"

#define CC_MSS 1448u

static inline void cc_start(struct inside *t, const char *name, uint32_t rtt_us)
{
    inside_configure(t, 1u << 20);
    t->config.congestion_control = name;
    inside_open(t, 1, 1, 65535);
    t->tcb->snd_mss = t->tcb->snd_mss_max = CC_MSS;
    t->tcb->srtt_us8 = rtt_us << 3;
    assert_true(sender_make(t->tcp, t->tcb));
    cc_of(t->tcb)->established(t->tcp, t->tcb);
}

static inline void cc_time_passes(struct inside *t, uint64_t us)
{
    host_set_now(&t->tcp->ip.host, t->tcp->ip.host.now + us * NANOS_PER_US);
}

/* An ACK of so many bytes of a full window. */
static inline void cc_ack(struct inside *t, uint32_t bytes, uint32_t rtt_us)
{
    struct ack_sample ack = {.acked_bytes = bytes,
                             .delivered_bytes = bytes,
                             .flight_before = t->tcb->cwnd,
                             .rtt_us = rtt_us,
                             .window_limited = true};

    cc_of(t->tcb)->acked(t->tcp, t->tcb, &ack);
}

static inline void cc_lose(struct inside *t, enum cc_event event, uint32_t flight)
{
    t->tcb->ep.own_backoff = event == CC_TIMEOUT ? 1 : 0;
    cc_of(t->tcb)->congestion(t->tcp, t->tcb, event, flight);
    t->tcb->ep.own_backoff = 0;
    if (event != CC_TIMEOUT)
        t->tcb->cwnd = t->tcb->ssthresh;
    if (cc_of(t->tcb)->recovered != NULL)
        cc_of(t->tcb)->recovered(t->tcp, t->tcb);
}

#endif
