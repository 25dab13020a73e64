/*
 * BBR's state machine (draft-ietf-ccwg-bbr-05 5.3): STARTUP looks for the
 * bandwidth, DRAIN empties the queue that this left, PROBE_BW cycles through
 * DOWN, CRUISE, REFILL and UP, PROBE_RTT makes room to see the path's own delay.
 */
#include "tcp/cc_bbr.h"

#define FULL_BW_ROUNDS 3u
#define STARTUP_FULL_LOSS_COUNT 6u
#define DRAIN_ROUNDS_MAX 3u
#define RENO_ROUNDS_MAX 63u
#define PROBE_WAIT_NS (2 * NANOS_PER_S) /* and a random part of a second */
#define MIN_RTT_FILTER_LEN_NS (10 * NANOS_PER_S)
#define PROBE_RTT_INTERVAL_NS (5 * NANOS_PER_S)
#define PROBE_RTT_DURATION_NS (200 * NANOS_PER_MS)
#define PROBE_UP_NEVER UINT32_MAX

static void set_gains(struct bbr *bbr, unsigned pacing_gain, unsigned cwnd_gain)
{
    bbr->pacing_gain = (uint16_t)pacing_gain;
    bbr->cwnd_gain = (uint16_t)cwnd_gain;
}

/* ------------------------------------------------------------ 5.3.1: Startup */

void bbr_enter_startup(struct bbr *bbr)
{
    bbr->state = BBR_STARTUP;
    set_gains(bbr, BBR_STARTUP_PACING_GAIN, BBR_DEFAULT_CWND_GAIN);
}

void bbr_reset_full_bw(struct bbr *bbr)
{
    bbr->full_bw = 0;
    bbr->full_bw_count = 0;
    bbr->full_bw_now = false;
}

void bbr_check_full_bw_reached(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    if (bbr->full_bw_now || !bbr->round_start || f->rs.is_app_limited || f->rs.delivery_rate == 0)
        return;
    if (f->rs.delivery_rate >= bbr->full_bw + bbr->full_bw / 4) {
        bbr_reset_full_bw(bbr); /* it still grows */
        bbr->full_bw = f->rs.delivery_rate;
        return;
    }
    bbr->full_bw_count++;
    bbr->full_bw_now = bbr->full_bw_count >= FULL_BW_ROUNDS;
    bbr->full_bw_reached = bbr->full_bw_reached || bbr->full_bw_now;
}

/* 5.3.1.3 */
static void bbr_check_startup_high_loss(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;
    uint32_t ranges = bbr->loss_ranges_in_round;
    bool is_full;

    if (bbr->loss_round_start)
        bbr->loss_ranges_in_round = 0;
    if (bbr->state != BBR_STARTUP || bbr->full_bw_reached || !bbr->in_loss_recovery)
        return;
    if ((f->tcb->flags & TCB_SACK) != 0)
        is_full = bbr->loss_round_start && bbr->round_count > bbr->recovery_start_round &&
                  ranges >= STARTUP_FULL_LOSS_COUNT && bbr_is_inflight_too_high(f);
    else
        is_full = ranges > 0; /* it sees one loss in a round trip at most */
    if (!is_full)
        return;
    bbr->full_bw_reached = true;
    (void)bbr_bdp_multiple(f, 100);
    bbr->inflight_longterm = max_u32(bbr->bdp, bbr->inflight_latest);
}

/* ------------------------------------------------------------ 5.3.2: Drain */

static void bbr_enter_drain(struct bbr *bbr)
{
    bbr->state = BBR_DRAIN;
    set_gains(bbr, BBR_DRAIN_PACING_GAIN, BBR_DEFAULT_CWND_GAIN);
    bbr->drain_start_round = bbr->round_count;
}

void bbr_check_startup_done(struct bbr_flow *f)
{
    bbr_check_startup_high_loss(f);
    if (f->bbr->state == BBR_STARTUP && f->bbr->full_bw_reached)
        bbr_enter_drain(f->bbr);
}

void bbr_check_drain_done(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    if (bbr->state == BBR_DRAIN &&
        (bbr_inflight_now(f) <= bbr_inflight(f, 100) || bbr->round_count - bbr->drain_start_round > DRAIN_ROUNDS_MAX))
        bbr_start_probe_bw_down(f); /* BBREnterProbeBW() */
}

/* ------------------------------------------------------------ 5.3.3: ProbeBW */

/* 5.3.3.5.3: when the next probe is due, at random, so that flows do not probe together. */
static void bbr_pick_probe_wait(struct bbr_flow *f)
{
    uint64_t draw = host_draw(tcp_host(f->tcp));

    f->bbr->rounds_since_bw_probe = (uint32_t)(draw & 1);
    f->bbr->bw_probe_wait = PROBE_WAIT_NS + (draw >> 1) % NANOS_PER_S;
}

void bbr_start_probe_bw_down(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    bbr_reset_congestion_signals(bbr);
    bbr->probe_up_cnt = PROBE_UP_NEVER;
    bbr_pick_probe_wait(f);
    bbr->cycle_stamp = bbr_now(f);
    bbr->ack_phase = BBR_ACKS_PROBE_STOPPING;
    bbr_start_round(f);
    bbr->state = BBR_PROBE_BW_DOWN;
    set_gains(bbr, 90, BBR_DEFAULT_CWND_GAIN);
}

static void bbr_start_probe_bw_cruise(struct bbr *bbr)
{
    bbr->state = BBR_PROBE_BW_CRUISE;
    set_gains(bbr, 100, BBR_DEFAULT_CWND_GAIN);
}

static void bbr_start_probe_bw_refill(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    bbr_reset_short_term_model(bbr);
    bbr->bw_probe_up_rounds = 0;
    bbr->bw_probe_up_acks = 0;
    bbr->ack_phase = BBR_ACKS_REFILLING;
    bbr_start_round(f);
    bbr->state = BBR_PROBE_BW_REFILL;
    set_gains(bbr, 100, BBR_DEFAULT_CWND_GAIN);
}

/*
 * 1, 2, 4, ... segments in each round: a segment for so many bytes acknowledged. In bytes, as the draft's text has it,
 * inflight_longterm would move with every ACK, and cwnd, which follows an ACK later, never be seen to reach it.
 */
static void bbr_raise_inflight_longterm_slope(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    bbr->probe_up_cnt = max_u32(f->tcb->cwnd >> bbr->bw_probe_up_rounds, 1);
    if (bbr->bw_probe_up_rounds < 30)
        bbr->bw_probe_up_rounds++;
}

void bbr_start_probe_bw_up(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    bbr->ack_phase = BBR_ACKS_PROBE_STARTING;
    bbr_start_round(f);
    bbr_reset_full_bw(bbr);
    bbr->full_bw = f->rs.delivery_rate;
    bbr->state = BBR_PROBE_BW_UP;
    set_gains(bbr, 125, 225);
    bbr_raise_inflight_longterm_slope(f);
}

static bool bbr_is_reno_coexistence_probe_time(const struct bbr_flow *f)
{
    uint32_t reno_rounds = bbr_target_inflight(f) / f->tcb->snd_mss;

    return f->bbr->rounds_since_bw_probe >= min_u32(reno_rounds, RENO_ROUNDS_MAX);
}

static bool bbr_is_time_to_probe_bw(struct bbr_flow *f)
{
    if (bbr_now(f) <= f->bbr->cycle_stamp + f->bbr->bw_probe_wait && !bbr_is_reno_coexistence_probe_time(f))
        return false;
    bbr_start_probe_bw_refill(f);
    return true;
}

static bool bbr_is_time_to_cruise(struct bbr_flow *f)
{
    uint32_t inflight = bbr_inflight_now(f);

    return inflight <= bbr_inflight_with_headroom(f) && inflight <= bbr_inflight_at_max_bw(f);
}

/* C.is_cwnd_limited: in the last round trip the window held the sender back. */
static bool is_cwnd_limited(const struct bbr_flow *f)
{
    return seq_before(f->tcb->snd_una, f->sender->limited_end);
}

static bool bbr_is_time_to_go_down(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    if (is_cwnd_limited(f) && f->tcb->cwnd >= bbr->inflight_longterm) {
        bbr_reset_full_bw(bbr); /* inflight_longterm limits the rate, not the path */
        bbr->full_bw = f->rs.delivery_rate;
        return false;
    }
    return bbr->full_bw_now;
}

static void bbr_probe_inflight_longterm_upward(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    if (!is_cwnd_limited(f) || f->tcb->cwnd < bbr->inflight_longterm)
        return; /* it is not used up, so it does not grow */
    bbr->bw_probe_up_acks += f->rs.newly_acked;
    if (bbr->bw_probe_up_acks >= bbr->probe_up_cnt) {
        uint32_t delta = bbr->bw_probe_up_acks / bbr->probe_up_cnt;

        bbr->bw_probe_up_acks -= delta * bbr->probe_up_cnt;
        bbr->inflight_longterm =
            (uint32_t)min_u64(bbr->inflight_longterm + (uint64_t)delta * f->tcb->snd_mss, CWND_MAX);
    }
    if (bbr->round_start)
        bbr_raise_inflight_longterm_slope(f);
}

static void bbr_adapt_long_term_model(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    if (bbr->ack_phase == BBR_ACKS_PROBE_STARTING && bbr->round_start)
        bbr->ack_phase = BBR_ACKS_PROBE_FEEDBACK;
    if (bbr->ack_phase == BBR_ACKS_PROBE_STOPPING && bbr->round_start) {
        /* 5.5.6: once in a cycle, one round trip after PROBE_BW_UP (ADR 0015). */
        bbr->bw_probe_samples = false;
        bbr->ack_phase = BBR_ACKS_INIT;
        if (bbr_is_in_a_probe_bw_state(bbr) && !f->rs.is_app_limited)
            bbr_advance_max_bw_filter(bbr);
    }
    if (bbr_is_inflight_too_high(f) || bbr->inflight_longterm == BBR_INFINITE_BYTES)
        return;
    bbr->inflight_longterm = max_u32(bbr->inflight_longterm, min_u32(f->rs.tx_in_flight, CWND_MAX));
    if (bbr->state == BBR_PROBE_BW_UP)
        bbr_probe_inflight_longterm_upward(f);
}

void bbr_update_probe_bw_cycle_phase(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    if (!bbr->full_bw_reached)
        return;
    bbr_adapt_long_term_model(f);
    switch (bbr->state) {
    case BBR_PROBE_BW_DOWN:
        if (!bbr_is_time_to_probe_bw(f) && bbr_is_time_to_cruise(f))
            bbr_start_probe_bw_cruise(bbr);
        break;
    case BBR_PROBE_BW_CRUISE:
        (void)bbr_is_time_to_probe_bw(f);
        break;
    case BBR_PROBE_BW_REFILL:
        if (bbr->round_start) { /* after one round trip */
            bbr->bw_probe_samples = true;
            bbr_start_probe_bw_up(f);
        }
        break;
    case BBR_PROBE_BW_UP:
        if (bbr_is_time_to_go_down(f))
            bbr_start_probe_bw_down(f);
        break;
    default:
        break;
    }
}

/* ------------------------------------------------------------ 5.3.4: ProbeRTT */

void bbr_update_min_rtt(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    bbr->probe_rtt_expired = bbr_now(f) > bbr->probe_rtt_min_stamp + PROBE_RTT_INTERVAL_NS;
    if (f->rs.rtt_us != 0 && (f->rs.rtt_us < bbr->probe_rtt_min_delay_us || bbr->probe_rtt_expired)) {
        bbr->probe_rtt_min_delay_us = f->rs.rtt_us;
        bbr->probe_rtt_min_stamp = bbr_now(f);
    }
    if (bbr->probe_rtt_min_delay_us < bbr->min_rtt_us || bbr_now(f) > bbr->min_rtt_stamp + MIN_RTT_FILTER_LEN_NS) {
        bbr->min_rtt_us = bbr->probe_rtt_min_delay_us;
        bbr->min_rtt_stamp = bbr->probe_rtt_min_stamp;
    }
}

uint32_t bbr_probe_rtt_cwnd(struct bbr_flow *f)
{
    return max_u32(bbr_bdp_multiple(f, BBR_PROBE_RTT_CWND_GAIN), bbr_min_pipe_cwnd(f));
}

static void bbr_exit_probe_rtt(struct bbr_flow *f)
{
    bbr_reset_short_term_model(f->bbr);
    if (!f->bbr->full_bw_reached) {
        bbr_enter_startup(f->bbr);
        return;
    }
    bbr_start_probe_bw_down(f);
    bbr_start_probe_bw_cruise(f->bbr);
}

void bbr_check_probe_rtt_done(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    if (bbr->probe_rtt_done_stamp == 0 || bbr_now(f) <= bbr->probe_rtt_done_stamp)
        return;
    bbr->probe_rtt_min_stamp = bbr_now(f); /* the next one is due an interval from now */
    bbr_restore_cwnd(f);
    bbr_exit_probe_rtt(f);
}

static void bbr_enter_probe_rtt(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    bbr_save_cwnd(f);
    bbr->state = BBR_PROBE_RTT;
    set_gains(bbr, 100, BBR_PROBE_RTT_CWND_GAIN);
    bbr->probe_rtt_done_stamp = 0;
    bbr->ack_phase = BBR_ACKS_PROBE_STOPPING;
    bbr_start_round(f);
}

static void bbr_handle_probe_rtt(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    /* What is measured now is as slow as we are: MarkConnectionAppLimited() */
    f->sender->app_limited = max_u64(f->sender->delivered + bbr_inflight_now(f), 1);
    if (bbr->probe_rtt_done_stamp == 0) {
        if (bbr_inflight_now(f) > bbr_probe_rtt_cwnd(f))
            return;
        bbr->probe_rtt_done_stamp = bbr_now(f) + PROBE_RTT_DURATION_NS;
        bbr->probe_rtt_round_done = false;
        bbr_start_round(f);
        return;
    }
    bbr->probe_rtt_round_done = bbr->probe_rtt_round_done || bbr->round_start;
    if (bbr->probe_rtt_round_done)
        bbr_check_probe_rtt_done(f);
}

void bbr_check_probe_rtt(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    if (bbr->state != BBR_PROBE_RTT && bbr->probe_rtt_expired && !bbr->idle_restart)
        bbr_enter_probe_rtt(f);
    if (bbr->state == BBR_PROBE_RTT)
        bbr_handle_probe_rtt(f);
    if (f->rs.delivered > 0)
        bbr->idle_restart = false;
}
