/*
 * CUBIC (RFC 9438), the default: after a loss the window returns to where it
 * was along a cubic curve of time, steep, flat around the old place, steep
 * again, so that growth hardly depends on the round trip; never slower than
 * Reno would be. The first slow start ends by HyStart++.
 *
 * Integers: windows are bytes, W_est and what cwnd lacks to the next byte have
 * 16 bits behind the point, times are microseconds. The curve is good to some
 * millionths of the distance from W_max (ADR 0015).
 */
#include "tcp/cc.h"
#include "tcp/cubic_curve.h"
#include "tcp/hystart.h"
#include "tcp/pacing.h"

#define FRACTION_BITS 16
#define ALPHA_NUMERATOR 9u /* 4.3: 3 * (1 - 0.7) / (1 + 0.7) */
#define ALPHA_DENOMINATOR 17u

/* cc_state. Until the first slow start is over (ssthresh is CWND_MAX) it is a struct hystart instead. */
struct cubic {
    uint64_t w_est;                                   /* 4.3, with FRACTION_BITS */
    uint32_t w_max;                                   /* 4.7; 0: no congestion so far */
    uint32_t cwnd_prior;                              /* 4.6 */
    uint32_t undo_w_max, undo_cwnd_prior, undo_w_est; /* 4.9.2, in bytes */
    uint32_t k_us;                                    /* 4.2 */
    uint32_t elapsed_us; /* 4.2: t, without what was limited by the application; stays at its maximum */
    uint32_t last_us;    /* host_us() when elapsed_us was brought up to date */
    uint16_t fraction;   /* of the window */
    uint16_t rounded_up; /* by so much cwnd is above the window: whole segments (ADR 0015); in an epoch only */
    bool in_epoch;       /* the fields of 4.2 and 4.3 are valid */
    bool after_timeout;  /* 4.8: the next epoch begins with K = 0 */
    bool after_undo;     /* 4.9.2: ... and goes on with w_est */
};

_Static_assert(sizeof(struct cubic) <= sizeof(((struct sender *)0)->cc_state), "fits into the sender block");
_Static_assert(sizeof(struct hystart) <= sizeof(((struct sender *)0)->cc_state), "fits into the sender block");

static void *state_of(struct tcp *tcp, const struct tcb *tcb)
{
    return tcb->sender == REF_NONE ? NULL : sender_at(tcp, tcb)->cc_state;
}

/* HyStart++ is for the first slow start only (RFC 9406 4.3): none has set ssthresh yet. */
static bool is_first_slow_start(const struct tcb *tcb)
{
    return tcb->ssthresh >= CWND_MAX;
}

static uint32_t at_least(uint32_t bytes, uint32_t segments, const struct tcb *tcb)
{
    return max_u32(bytes, segments * tcb->snd_mss);
}

/* The window as the text has it: not 0. */
static uint32_t window_of(const struct tcb *tcb, const struct cubic *cubic)
{
    uint32_t rounded_up = cubic->in_epoch ? cubic->rounded_up : 0;

    return tcb->cwnd > rounded_up ? tcb->cwnd - rounded_up : 1;
}

/* Part of a segment cannot leave: from half of one on, all of it may. */
static void set_window(struct tcb *tcb, struct cubic *cubic, uint32_t window)
{
    uint32_t part = window % tcb->snd_mss;

    cubic->rounded_up = (uint16_t)(part * 2 >= tcb->snd_mss ? tcb->snd_mss - part : 0);
    tcb->cwnd = window + cubic->rounded_up;
}

/* W_cubic(t), at most CWND_MAX. */
static uint32_t w_cubic(const struct cubic *cubic, const struct tcb *tcb, uint64_t t_us)
{
    uint64_t rise;

    if (t_us < cubic->k_us) {
        rise = cubic_curve_bytes(tcb->snd_mss, cubic->k_us - t_us);
        return cubic->w_max - (uint32_t)min_u64(rise, cubic->w_max);
    }
    rise = cubic_curve_bytes(tcb->snd_mss, t_us - cubic->k_us);
    return (uint32_t)min_u64(cubic->w_max + rise, CWND_MAX);
}

/* 4.2: a congestion avoidance stage begins: t_epoch is now, cwnd_epoch is cwnd. */
static void begin_epoch(struct tcp *tcp, const struct tcb *tcb, struct cubic *cubic)
{
    bool is_beyond = cubic->after_undo && cubic->w_max != 0 && cubic->w_max < tcb->cwnd;

    /* 4.8 and 4.10: after a timeout or a first slow start without loss, W_max is here and K is 0. */
    if (cubic->after_timeout || (cubic->w_max < tcb->cwnd && !is_beyond))
        cubic->w_max = tcb->cwnd;
    if (cubic->cwnd_prior == 0)
        cubic->cwnd_prior = tcb->cwnd;
    cubic->k_us = is_beyond ? 0 : cubic_curve_time_us(tcb->snd_mss, cubic->w_max - tcb->cwnd);
    cubic->elapsed_us = is_beyond ? cubic_curve_time_us(tcb->snd_mss, tcb->cwnd - cubic->w_max) : 0;
    cubic->last_us = host_us(tcp_host(tcp));
    if (!cubic->after_undo)
        cubic->w_est = (uint64_t)tcb->cwnd << FRACTION_BITS;
    cubic->fraction = cubic->rounded_up = 0;
    cubic->in_epoch = true;
    cubic->after_timeout = cubic->after_undo = false;
}

/* t goes on, unless the application did not use the window (5.8). */
static void time_passes(struct tcp *tcp, struct cubic *cubic, bool counts)
{
    uint32_t now_us = host_us(tcp_host(tcp));
    uint32_t passed_us = counts ? wrapping_sub(now_us, cubic->last_us) : 0;

    cubic->last_us = now_us;
    cubic->elapsed_us += min_u32(passed_us, UINT32_MAX - cubic->elapsed_us);
}

/* 4.3, Figure 4, in bytes. */
static void grow_w_est(struct cubic *cubic, const struct tcb *tcb, uint32_t acked_bytes)
{
    bool has_caught_up = cubic->w_est >> FRACTION_BITS >= cubic->cwnd_prior;
    uint32_t window = window_of(tcb, cubic);
    uint64_t grown = ((uint64_t)min_u32(acked_bytes, window) * tcb->snd_mss << FRACTION_BITS) / window;

    cubic->w_est += has_caught_up ? grown : grown * ALPHA_NUMERATOR / ALPHA_DENOMINATOR;
    cubic->w_est = min_u64(cubic->w_est, (uint64_t)CWND_MAX << FRACTION_BITS);
}

/* 4.4, 4.5: (target - cwnd) / cwnd segments for each segment acknowledged. */
static uint32_t grown_to_target(struct cubic *cubic, const struct tcb *tcb, uint32_t acked_bytes)
{
    uint32_t window = window_of(tcb, cubic), srtt_us = tcb->srtt_us8 >> 3;
    uint32_t most = (uint32_t)min_u64((uint64_t)window * 3 / 2, CWND_MAX);
    uint32_t target = min_u32(max_u32(w_cubic(cubic, tcb, (uint64_t)cubic->elapsed_us + srtt_us), window), most);
    uint64_t product = (uint64_t)(target - window) * min_u32(acked_bytes, window);
    uint64_t part = (product % window << FRACTION_BITS) / window + cubic->fraction;

    cubic->fraction = (uint16_t)part;
    return window + (uint32_t)(product / window + (part >> FRACTION_BITS));
}

static void avoid_congestion(struct tcp *tcp, struct tcb *tcb, struct cubic *cubic, const struct ack_sample *ack)
{
    uint32_t w_est;

    if (cubic->in_epoch)
        time_passes(tcp, cubic, ack->window_limited);
    if (!ack->window_limited || ack->acked_bytes == 0)
        return;
    if (!cubic->in_epoch)
        begin_epoch(tcp, tcb, cubic);
    grow_w_est(cubic, tcb, ack->acked_bytes);
    w_est = (uint32_t)(cubic->w_est >> FRACTION_BITS);
    if (w_cubic(cubic, tcb, cubic->elapsed_us) < w_est)
        set_window(tcb, cubic, max_u32(window_of(tcb, cubic), w_est)); /* the curve one round trip on may have led */
    else
        set_window(tcb, cubic, grown_to_target(cubic, tcb, ack->acked_bytes));
}

static void slow_start(struct tcp *tcp, struct tcb *tcb, void *state, const struct ack_sample *ack)
{
    uint32_t counted = cc_slow_start_bytes(tcp, tcb, ack->acked_bytes);
    bool done = false;

    if (state != NULL && is_first_slow_start(tcb)) {
        counted = hystart_acked((struct hystart *)state, tcb, ack, counted, &done);
        if (ack->window_limited && !pacing_is_on(tcp, tcb))
            hystart_train((struct hystart *)state, tcb, host_us(tcp_host(tcp)));
    }
    if (ack->window_limited)
        cc_slow_start(tcb, counted);
    if (done) {
        tcb->ssthresh = tcb->cwnd;
        memset(state, 0, sizeof(struct cubic));
    }
}

static void cubic_acked(struct tcp *tcp, struct tcb *tcb, const struct ack_sample *ack)
{
    void *state = state_of(tcp, tcb);
    uint32_t before = tcb->cwnd;

    if (before == 0)
        return; /* data of a SYN: the window is yet to be opened (RFC 5681 3.1: it does not grow for the SYN) */
    if (tcb->cwnd < tcb->ssthresh)
        slow_start(tcp, tcb, state, ack);
    else if (state != NULL)
        avoid_congestion(tcp, tcb, (struct cubic *)state, ack);
    if (tcb->cwnd != before)
        cc_window_changed(tcp, tcb);
}

/* 4.6, 4.7: what the window was is remembered; less of it when it did not get back to where it had been. */
static void remember_window(const struct tcb *tcb, struct cubic *cubic)
{
    uint32_t window = window_of(tcb, cubic);

    cubic->undo_w_max = cubic->w_max;
    cubic->undo_cwnd_prior = cubic->cwnd_prior;
    cubic->undo_w_est = cubic->in_epoch ? (uint32_t)(cubic->w_est >> FRACTION_BITS) : 0;
    cubic->cwnd_prior = window;
    cubic->w_max = window < cubic->w_max ? (uint32_t)((uint64_t)window * 17 / 20) : window;
    cubic->in_epoch = cubic->after_undo = false;
}

/* 4.6: beta_cubic is 0.7; RFC 8511 4.1: 0.85 for a congestion mark. */
static uint32_t reduced(uint32_t flight_bytes, enum cc_event event)
{
    return (uint32_t)((uint64_t)flight_bytes * (event == CC_ECN ? 85 : 70) / 100);
}

static void cubic_congestion(struct tcp *tcp, struct tcb *tcb, enum cc_event event, uint32_t flight_bytes)
{
    struct cubic *cubic = (struct cubic *)state_of(tcp, tcb);
    uint32_t kept = reduced(flight_bytes, event);

    if (cubic != NULL && is_first_slow_start(tcb))
        memset(cubic, 0, sizeof *cubic); /* it was HyStart++'s */
    /* As RFC 5681 3.1: only the first timeout of a segment says something new. */
    if (event != CC_TIMEOUT || tcb->ep.own_backoff <= 1) {
        if (cubic != NULL)
            remember_window(tcb, cubic);
        tcb->ssthresh = at_least(kept, 2, tcb);
    }
    if (cubic != NULL)
        cubic->after_timeout = event == CC_TIMEOUT;
    tcb->cwnd = event == CC_TIMEOUT ? tcb->snd_mss : at_least(kept, event == CC_ECN ? 1 : 2, tcb);
    cc_window_changed(tcp, tcb);
}

/*
 * 4.9: it was no congestion. K and t_epoch are not kept: the next epoch finds the same place on the curve from W_max
 * and the window that is back.
 */
static void cubic_undo(struct tcp *tcp, struct tcb *tcb)
{
    struct cubic *cubic = (struct cubic *)state_of(tcp, tcb);

    if (cubic == NULL)
        return;
    cubic->w_max = cubic->undo_w_max;
    cubic->cwnd_prior = cubic->undo_cwnd_prior;
    cubic->w_est = (uint64_t)cubic->undo_w_est << FRACTION_BITS;
    cubic->after_undo = cubic->undo_w_est != 0;
    cubic->in_epoch = cubic->after_timeout = false;
    if (is_first_slow_start(tcb))
        memset(cubic, 0, sizeof *cubic); /* HyStart++ begins anew */
    cc_window_changed(tcp, tcb);
}

static void cubic_idle(struct tcp *tcp, struct tcb *tcb, uint32_t idle_us)
{
    struct cubic *cubic = (struct cubic *)state_of(tcp, tcb);

    if (cubic == NULL || is_first_slow_start(tcb)) {
        (void)cc_restart(tcp, tcb, idle_us);
        return;
    }
    tcb->cwnd = window_of(tcb, cubic);
    if (cc_restart(tcp, tcb, idle_us))
        cubic->in_epoch = false;
    else
        time_passes(tcp, cubic, false);
    if (cubic->in_epoch)
        set_window(tcb, cubic, tcb->cwnd);
}

const struct cc_ops cc_cubic = {
    .name = "cubic",
    .established = cc_open_window,
    .acked = cubic_acked,
    .congestion = cubic_congestion,
    .undo = cubic_undo,
    .idle = cubic_idle,
};
