/*
 * Slow start and congestion avoidance (RFC 5681, with the initial window of
 * RFC 6928). Counts bytes, so that ACKs that cover much count for much.
 */
#include "tcp/cc.h"
#include "tcp/trace.h"

enum { RENO_ACKED = 0 }; /* cc_state: bytes acknowledged towards the next increase */

static uint64_t *reno_acked_bytes(struct tcp *tcp, struct tcb *tcb)
{
    return tcb->sender == REF_NONE ? NULL : &sender_at(tcp, tcb)->cc_state[RENO_ACKED];
}

static void reno_acked(struct tcp *tcp, struct tcb *tcb, const struct ack_sample *ack)
{
    uint32_t acked_bytes = ack->acked_bytes;
    uint64_t *counted = reno_acked_bytes(tcp, tcb);

    /* RFC 7661 in its simplest form: a window that was not used is not grown. */
    if (!ack->window_limited)
        return;
    if (tcb->cwnd < tcb->ssthresh) {
        tcb->cwnd = min_u32(tcb->cwnd + acked_bytes, tcb->ssthresh); /* RFC 5681 equation 2, by bytes */
    } else if (counted != NULL) {
        *counted += min_u32(acked_bytes, tcb->cwnd);
        if (*counted >= tcb->cwnd) { /* RFC 5681 3.1: one SMSS per window acknowledged */
            *counted -= tcb->cwnd;
            tcb->cwnd = min_u32(tcb->cwnd + tcb->snd_mss, CWND_MAX);
        }
    }
    trace_event(tcp, &tcb->ep, RILL_TRACE_CWND, tcb->cwnd, tcb->ssthresh);
}

static void halve(struct tcb *tcb, uint32_t flight_bytes)
{
    /* RFC 5681 equation 4: of what was in flight, not of cwnd. */
    tcb->ssthresh = max_u32(flight_bytes / 2, 2u * tcb->snd_mss);
}

static void reno_congestion(struct tcp *tcp, struct tcb *tcb, enum cc_event event, uint32_t flight_bytes)
{
    /* RFC 5681 3.1: after a timeout ssthresh is set on the first one of a segment only. */
    if (event != CC_TIMEOUT || tcb->ep.own_backoff <= 1)
        halve(tcb, flight_bytes);
    tcb->cwnd = event == CC_TIMEOUT ? tcb->snd_mss : tcb->ssthresh;
    trace_event(tcp, &tcb->ep, RILL_TRACE_CWND, tcb->cwnd, tcb->ssthresh);
}

static void reno_idle(struct tcp *tcp, struct tcb *tcb, uint32_t idle_us)
{
    (void)idle_us;
    tcb->cwnd = min_u32(tcb->cwnd, cc_initial_window(tcp, tcb)); /* RFC 5681 4.1: the restart window */
}

const struct cc_ops cc_reno = {
    .name = "reno",
    .established = cc_open_window,
    .acked = reno_acked,
    .congestion = reno_congestion,
    .idle = reno_idle,
};
