/*
 * DCTCP (RFC 8257), for networks that mark every packet behind a short queue:
 * the window shrinks by as much as was marked. Grows, and answers losses, as
 * Reno.
 */
#include "tcp/cc.h"

#define ALPHA_BITS 20 /* behind the point of DCTCP.Alpha */
#define ALPHA_ONE (UINT32_C(1) << ALPHA_BITS)
#define GAIN_SHIFT 4u /* 4.2: g = 1/16 */

/* cc_state; its first word is Reno's. */
struct dctcp {
    uint64_t reno;
    uint64_t bytes_acked, bytes_marked;
    struct seq window_end;
    uint32_t alpha;
    uint32_t uncut_cwnd; /* with is_cut: what cwnd was before */
    bool is_cut;         /* the window shrank for marks when this one began: what was in flight then is answered for */
    bool is_lost_for;    /* it shrank for a loss since */
};

_Static_assert(sizeof(struct dctcp) <= sizeof(((struct sender *)0)->cc_state), "fits into the sender block");

static struct dctcp *state_of(struct tcp *tcp, const struct tcb *tcb)
{
    return (struct dctcp *)(void *)sender_at(tcp, tcb)->cc_state;
}

static void dctcp_begin(struct tcp *tcp, struct tcb *tcb)
{
    struct dctcp *dctcp = state_of(tcp, tcb);

    dctcp->alpha = ALPHA_ONE; /* 3.3: "initialized to 1" */
    dctcp->window_end = tcb->snd_una;
}

/* 3.3 steps 5 to 9, and 3.4: once in a window, and not for a window without marks. */
static void end_window(struct tcp *tcp, struct tcb *tcb, struct dctcp *dctcp)
{
    uint32_t m = (uint32_t)((min_u64(dctcp->bytes_marked, dctcp->bytes_acked) << ALPHA_BITS) / dctcp->bytes_acked);

    dctcp->alpha = dctcp->alpha - (dctcp->alpha >> GAIN_SHIFT) + (m >> GAIN_SHIFT);
    dctcp->is_cut = dctcp->bytes_marked > 0 && !dctcp->is_lost_for;
    if (dctcp->is_cut) {
        uint32_t cut = (uint32_t)((uint64_t)tcb->cwnd * dctcp->alpha >> (ALPHA_BITS + 1));

        dctcp->uncut_cwnd = tcb->cwnd;
        tcb->cwnd = max_u32(tcb->cwnd - cut, 2u * tcb->snd_mss);
        tcb->ssthresh = tcb->cwnd;
        cc_window_changed(tcp, tcb);
    }
    dctcp->window_end = tcb->snd_nxt;
    dctcp->bytes_acked = dctcp->bytes_marked = 0;
    dctcp->is_lost_for = false;
}

static void dctcp_acked(struct tcp *tcp, struct tcb *tcb, const struct ack_sample *ack)
{
    struct dctcp *dctcp;

    if (tcb->sender == REF_NONE) {
        cc_reno.acked(tcp, tcb, ack);
        return;
    }
    dctcp = state_of(tcp, tcb);
    dctcp->bytes_acked += ack->acked_bytes;
    dctcp->bytes_marked += ack->marked_bytes;
    if (dctcp->bytes_marked == 0)
        cc_reno.acked(tcp, tcb, ack); /* RFC 3168 6.1.2: a window with marks does not grow */
    if (dctcp->bytes_acked > 0 && seq_after(tcb->snd_una, dctcp->window_end))
        end_window(tcp, tcb, dctcp);
}

/* 3.5: one reduction for a window of data, whatever tells of it. What is lost for the second time is another sign. */
static bool is_answered(struct dctcp *dctcp, const struct tcb *tcb, enum cc_event event)
{
    bool is_cut = dctcp->is_cut;

    dctcp->is_cut = false;
    return event == CC_LOSS && is_cut && seq_before(tcb->snd_una, dctcp->window_end);
}

/* 3.5: losses are Reno's business; a congestion event by ECE alone has been answered above. */
static void dctcp_congestion(struct tcp *tcp, struct tcb *tcb, enum cc_event event, uint32_t flight_bytes)
{
    struct dctcp *dctcp = tcb->sender == REF_NONE ? NULL : state_of(tcp, tcb);

    if (event == CC_ECN || (dctcp != NULL && is_answered(dctcp, tcb, event))) {
        if (event == CC_LOSS) /* what the marks took counts, and the rest of a half is taken now */
            tcb->cwnd = min_u32(tcb->cwnd, max_u32(dctcp->uncut_cwnd / 2, 2u * tcb->snd_mss));
        tcb->ssthresh = max_u32(tcb->cwnd, 2u * tcb->snd_mss);
        return;
    }
    cc_reno.congestion(tcp, tcb, event, flight_bytes);
    if (dctcp != NULL)
        dctcp->is_lost_for = true;
}

static void dctcp_idle(struct tcp *tcp, struct tcb *tcb, uint32_t idle_us)
{
    (void)cc_restart(tcp, tcb, idle_us);
}

const struct cc_ops cc_dctcp = {
    .name = "dctcp",
    .traits = CC_WANTS_ECN,
    .established = cc_open_window,
    .begin = dctcp_begin,
    .acked = dctcp_acked,
    .congestion = dctcp_congestion,
    .idle = dctcp_idle,
};
