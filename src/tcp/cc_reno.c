/*
 * Slow start and congestion avoidance (RFC 5681), counting bytes (RFC 3465),
 * so that ACKs that cover much count for much; a milder answer to congestion
 * marks than to losses (RFC 8511).
 */
#include "tcp/cc.h"

enum { RENO_ACKED = 0 }; /* cc_state: bytes acknowledged towards the next increase */

static void avoid_congestion(struct tcp *tcp, struct tcb *tcb, uint32_t acked_bytes)
{
    uint64_t *counted;

    if (tcb->sender == REF_NONE)
        return;
    counted = &sender_at(tcp, tcb)->cc_state[RENO_ACKED];
    *counted += min_u32(acked_bytes, tcb->cwnd);
    if (*counted >= tcb->cwnd) { /* RFC 5681 3.1, RFC 3465 2.1: one SMSS per window acknowledged */
        *counted -= tcb->cwnd;
        tcb->cwnd = min_u32(tcb->cwnd + tcb->snd_mss, CWND_MAX);
    }
}

static void reno_acked(struct tcp *tcp, struct tcb *tcb, const struct ack_sample *ack)
{
    if (!ack->window_limited || ack->acked_bytes == 0 || tcb->cwnd == 0)
        return; /* RFC 7661 4.3: a window that was not used is not grown */
    if (tcb->cwnd < tcb->ssthresh)
        cc_slow_start(tcb, cc_slow_start_bytes(tcp, tcb, ack->acked_bytes));
    else
        avoid_congestion(tcp, tcb, ack->acked_bytes);
    cc_window_changed(tcp, tcb);
}

static void reno_congestion(struct tcp *tcp, struct tcb *tcb, enum cc_event event, uint32_t flight_bytes)
{
    /* RFC 5681 equation 4: of what was in flight, not of cwnd; RFC 8511 4.1: beta_{ecn} of 0.8. */
    uint32_t kept = event == CC_ECN ? (uint32_t)((uint64_t)flight_bytes * 4 / 5) : flight_bytes / 2;

    /* RFC 5681 3.1: after a timeout ssthresh is set on the first one of a segment only. */
    if (event != CC_TIMEOUT || tcb->ep.own_backoff <= 1)
        tcb->ssthresh = max_u32(kept, 2u * tcb->snd_mss);
    tcb->cwnd = event == CC_TIMEOUT ? tcb->snd_mss : tcb->ssthresh;
    if (tcb->sender != REF_NONE)
        sender_at(tcp, tcb)->cc_state[RENO_ACKED] = 0;
    cc_window_changed(tcp, tcb);
}

static void reno_idle(struct tcp *tcp, struct tcb *tcb, uint32_t idle_us)
{
    (void)cc_restart(tcp, tcb, idle_us);
}

const struct cc_ops cc_reno = {
    .name = "reno",
    .established = cc_open_window,
    .acked = reno_acked,
    .congestion = reno_congestion,
    .idle = reno_idle,
};
