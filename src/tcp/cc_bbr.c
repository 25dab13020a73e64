/*
 * BBR (draft-ietf-ccwg-bbr-05): sends at the rate that the path delivers, and
 * keeps little more in flight than fits into the path. Here it is told what
 * happens (5.2), and sets pacing rate and window (5.6). Without memory for its
 * model it does as Reno.
 */
#include "tcp/cc_bbr.h"

#include "tcp/pacing.h"

#define PACING_MARGIN_PERCENT 1u

/* False when there is no model: the caller does without. */
static bool flow_of(struct tcp *tcp, struct tcb *tcb, struct bbr_flow *f)
{
    struct sender *sender = tcb->sender == REF_NONE ? NULL : sender_at(tcp, tcb);

    if (sender == NULL || sender->model == REF_NONE)
        return false;
    *f = (struct bbr_flow){tcp, tcb, sender, (struct bbr *)host_at(tcp_host(tcp), sender->model), {0}};
    return true;
}

static struct bbr_sample sample_of(const struct sender *sender, const struct ack_sample *ack)
{
    struct bbr_sample rs = {
        .newly_acked = ack->delivered_bytes,
        .rtt_us = min_u32(ack->rtt_us, BBR_RTT_US_MAX),
        .has_data = ack->has_data,
    };

    if (!ack->has_data)
        return rs;
    rs.prior_delivered = ack->prior_delivered;
    rs.delivered = ack->rate_bytes;
    rs.tx_in_flight = ack->prior_flight;
    rs.lost = wrapping_sub((uint32_t)sender->lost, ack->prior_lost);
    rs.is_app_limited = ack->is_app_limited;
    if (ack->is_rate_valid)
        rs.delivery_rate = min_u64((uint64_t)ack->rate_bytes * 1000000 / ack->interval_us, BBR_RATE_MAX);
    return rs;
}

/* ------------------------------------------------------------ 5.6.2: pacing rate */

static void bbr_set_pacing_rate_with_gain(struct bbr_flow *f, uint32_t pacing_gain)
{
    uint64_t rate = f->bbr->bw * pacing_gain / 100 * (100 - PACING_MARGIN_PERCENT) / 100;

    if (f->bbr->full_bw_reached || rate > f->sender->pacing_rate)
        f->sender->pacing_rate = max_u64(rate, f->tcb->snd_mss);
}

static void bbr_init_pacing_rate(struct bbr_flow *f)
{
    uint32_t srtt_us = f->tcb->srtt_us8 >> 3;
    uint64_t nominal_bandwidth =
        (uint64_t)cc_initial_window(f->tcp, f->tcb) * 1000000 / (srtt_us != 0 ? srtt_us : 1000);

    f->bbr->has_seen_rtt = srtt_us != 0;
    f->sender->pacing_rate = max_u64(nominal_bandwidth * BBR_STARTUP_PACING_GAIN / 100, f->tcb->snd_mss);
}

/* ------------------------------------------------------------ 5.6.4: window */

void bbr_save_cwnd(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    if (!bbr->in_loss_recovery && bbr->state != BBR_PROBE_RTT)
        bbr->prior_cwnd = f->tcb->cwnd;
    else
        bbr->prior_cwnd = max_u32(bbr->prior_cwnd, f->tcb->cwnd);
}

void bbr_restore_cwnd(struct bbr_flow *f)
{
    f->tcb->cwnd = max_u32(f->tcb->cwnd, f->bbr->prior_cwnd);
}

/* 5.6.4.7 */
static void bbr_bound_cwnd_for_model(struct bbr_flow *f)
{
    const struct bbr *bbr = f->bbr;
    uint32_t cap = BBR_INFINITE_BYTES;

    if (bbr_is_in_a_probe_bw_state(bbr) && bbr->state != BBR_PROBE_BW_CRUISE)
        cap = bbr->inflight_longterm;
    else if (bbr->state == BBR_PROBE_RTT || bbr->state == BBR_PROBE_BW_CRUISE)
        cap = bbr_inflight_with_headroom(f);
    cap = max_u32(min_u32(cap, bbr->inflight_shortterm), bbr_min_pipe_cwnd(f));
    f->tcb->cwnd = min_u32(f->tcb->cwnd, cap);
}

/* 5.6.4.6 */
static void bbr_set_cwnd(struct bbr_flow *f)
{
    struct tcb *tcb = f->tcb;
    struct bbr *bbr = f->bbr;
    uint32_t grown = min_u32(tcb->cwnd + min_u32(f->rs.newly_acked, CWND_MAX), CWND_MAX);

    bbr_update_max_inflight(f);
    if (bbr->full_bw_reached)
        tcb->cwnd = min_u32(grown, bbr->max_inflight);
    else if (tcb->cwnd < bbr->max_inflight || f->sender->delivered < cc_initial_window(f->tcp, tcb))
        tcb->cwnd = grown;
    tcb->cwnd = max_u32(tcb->cwnd, bbr_min_pipe_cwnd(f));
    if (bbr->state == BBR_PROBE_RTT)
        tcb->cwnd = min_u32(tcb->cwnd, bbr_probe_rtt_cwnd(f));
    bbr_bound_cwnd_for_model(f);
}

/* ------------------------------------------------------------ 5.2: what happens */

static void bbr_on_init(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;
    uint32_t srtt_us = min_u32(f->tcb->srtt_us8 >> 3, BBR_RTT_US_MAX);

    bbr->min_rtt_us = bbr->probe_rtt_min_delay_us = srtt_us != 0 ? srtt_us : BBR_INFINITE_US;
    bbr->min_rtt_stamp = bbr->probe_rtt_min_stamp = bbr_now(f);
    bbr->extra_acked_interval_start = bbr_now(f);
    bbr->inflight_longterm = BBR_INFINITE_BYTES;
    bbr_reset_congestion_signals(bbr);
    bbr_reset_short_term_model(bbr);
    bbr_save_state_upon_loss(bbr);
    bbr_reset_full_bw(bbr);
    bbr_init_pacing_rate(f);
    bbr_enter_startup(bbr);
}

static void bbr_begin(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);
    struct bbr_flow f;

    if (sender->delivered == 0) /* after a rest nothing is known of the path any more */
        tcb->cwnd = min_u32(tcb->cwnd, cc_initial_window(tcp, tcb));
    sender->model = pool_take(tcp_arena(tcp), &tcp->models);
    if (flow_of(tcp, tcb, &f))
        bbr_on_init(&f);
}

static void bbr_end(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);

    if (sender->model != REF_NONE)
        pool_give(tcp_arena(tcp), &tcp->models, sender->model);
    sender->model = REF_NONE;
}

static void bbr_update_model_and_state(struct bbr_flow *f)
{
    bbr_update_latest_delivery_signals(f);
    bbr_update_congestion_signals(f);
    bbr_update_ack_aggregation(f);
    bbr_check_full_bw_reached(f);
    bbr_check_startup_done(f);
    bbr_check_drain_done(f);
    bbr_update_probe_bw_cycle_phase(f);
    bbr_update_min_rtt(f);
    bbr_check_probe_rtt(f);
    bbr_advance_latest_delivery_signals(f);
    bbr_bound_bw_for_model(f->bbr);
}

static void bbr_update_control_parameters(struct bbr_flow *f)
{
    bbr_set_pacing_rate_with_gain(f, f->bbr->pacing_gain);
    bbr_set_cwnd(f);
    cc_window_changed(f->tcp, f->tcb);
}

/* BBRUpdateOnACK() */
static void bbr_acked(struct tcp *tcp, struct tcb *tcb, const struct ack_sample *ack)
{
    struct bbr_flow f;

    if (!flow_of(tcp, tcb, &f)) {
        if (tcb->sender == REF_NONE || sender_at(tcp, tcb)->state == SENDER_OPEN ||
            sender_at(tcp, tcb)->state == SENDER_LOSS)
            cc_reno.acked(tcp, tcb, ack);
        return;
    }
    f.rs = sample_of(f.sender, ack);
    if (!f.bbr->has_seen_rtt && tcb->srtt_us8 != 0)
        bbr_init_pacing_rate(&f);
    bbr_update_model_and_state(&f);
    bbr_update_control_parameters(&f);
}

static void bbr_lost(struct tcp *tcp, struct tcb *tcb, const struct sent *record)
{
    struct bbr_flow f;

    if (flow_of(tcp, tcb, &f))
        bbr_handle_lost_packet(&f, record);
}

/* BBROnEnterRTO(), BBROnEnterFastRecovery() */
static void bbr_congestion(struct tcp *tcp, struct tcb *tcb, enum cc_event event, uint32_t flight_bytes)
{
    struct bbr_flow f;

    if (!flow_of(tcp, tcb, &f)) {
        cc_reno.congestion(tcp, tcb, event, flight_bytes);
        return;
    }
    bbr_save_cwnd(&f);
    bbr_save_state_upon_loss(f.bbr);
    if (!f.bbr->in_loss_recovery)
        f.bbr->recovery_start_round = f.bbr->round_count;
    f.bbr->in_loss_recovery = true;
    if (event == CC_TIMEOUT)
        tcb->cwnd = bbr_inflight_now(&f) + tcb->snd_mss;
    if (event == CC_ECN)
        bbr_handle_mark(&f, flight_bytes);
    cc_window_changed(tcp, tcb);
}

static void bbr_recovered(struct tcp *tcp, struct tcb *tcb)
{
    struct bbr_flow f;

    if (!flow_of(tcp, tcb, &f))
        return;
    f.bbr->in_loss_recovery = false;
    bbr_restore_cwnd(&f);
}

/* 5.5.11.2: BBRHandleSpuriousLossDetection() */
static void bbr_undo(struct tcp *tcp, struct tcb *tcb)
{
    struct bbr_flow f;
    struct bbr *bbr;

    if (!flow_of(tcp, tcb, &f))
        return;
    bbr = f.bbr;
    bbr->in_loss_recovery = false;
    bbr->loss_in_round = false;
    bbr_reset_full_bw(bbr);
    bbr->bw_shortterm = max_u64(bbr->bw_shortterm, bbr->undo_bw_shortterm);
    bbr->inflight_shortterm = max_u32(bbr->inflight_shortterm, bbr->undo_inflight_shortterm);
    bbr->inflight_longterm = max_u32(bbr->inflight_longterm, bbr->undo_inflight_longterm);
    bbr_restore_cwnd(&f);
    if (bbr->state == BBR_PROBE_RTT || bbr->state == bbr->undo_state)
        return;
    if (bbr->undo_state == BBR_STARTUP) {
        bbr->full_bw_reached = false; /* or the next ACK would leave it again (ADR 0015) */
        bbr_enter_startup(bbr);
    }
    if (bbr->undo_state == BBR_PROBE_BW_UP)
        bbr_start_probe_bw_up(&f);
}

/* 5.4.1: BBRHandleRestartFromIdle() */
static void bbr_idle(struct tcp *tcp, struct tcb *tcb, uint32_t idle_us)
{
    struct bbr_flow f;

    if (!flow_of(tcp, tcb, &f)) {
        cc_reno.idle(tcp, tcb, idle_us);
        return;
    }
    if (bbr_inflight_now(&f) != 0 || f.sender->app_limited == 0)
        return;
    f.bbr->idle_restart = true;
    f.bbr->extra_acked_interval_start = bbr_now(&f);
    if (bbr_is_in_a_probe_bw_state(f.bbr))
        bbr_set_pacing_rate_with_gain(&f, 100);
    else if (f.bbr->state == BBR_PROBE_RTT)
        bbr_check_probe_rtt_done(&f);
}

const struct cc_ops cc_bbr = {
    .name = "bbr",
    .traits = CC_OWN_WINDOW,
    .established = cc_open_window,
    .begin = bbr_begin,
    .acked = bbr_acked,
    .congestion = bbr_congestion,
    .lost = bbr_lost,
    .undo = bbr_undo,
    .recovered = bbr_recovered,
    .idle = bbr_idle,
    .end = bbr_end,
};
