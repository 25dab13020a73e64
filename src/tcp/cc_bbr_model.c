/*
 * BBR's model of the path (draft-ietf-ccwg-bbr-05 5.5, and 5.6.4.2): how fast
 * and how far away it is, how much it aggregates, and what losses say of it.
 */
#include "tcp/cc_bbr.h"

#include "tcp/pacing.h"

void bbr_reset_congestion_signals(struct bbr *bbr)
{
    bbr->loss_in_round = false;
    bbr->bw_latest = 0;
    bbr->inflight_latest = 0;
}

void bbr_reset_short_term_model(struct bbr *bbr)
{
    bbr->bw_shortterm = BBR_INFINITE_RATE;
    bbr->inflight_shortterm = BBR_INFINITE_BYTES;
}

void bbr_bound_bw_for_model(struct bbr *bbr)
{
    bbr->bw = min_u64(bbr->max_bw, bbr->bw_shortterm);
}

/* ------------------------------------------------------------ 5.5.1: rounds */

void bbr_start_round(struct bbr_flow *f)
{
    f->bbr->next_round_delivered = f->sender->delivered;
}

static void bbr_update_round(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    bbr->round_start = f->rs.has_data && f->rs.prior_delivered >= bbr->next_round_delivered;
    if (!bbr->round_start)
        return;
    bbr_start_round(f);
    bbr->round_count++;
    bbr->rounds_since_bw_probe++;
}

/* ------------------------------------------------------------ 5.5.5: max_bw */

static void bbr_update_max_bw(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;
    uint64_t *slot = &bbr->max_bw_filter[bbr->cycle_count & 1];

    bbr_update_round(f);
    if (f->rs.delivery_rate == 0 || (f->rs.delivery_rate < bbr->max_bw && f->rs.is_app_limited))
        return;
    *slot = max_u64(*slot, f->rs.delivery_rate);
    bbr->max_bw = max_u64(bbr->max_bw_filter[0], bbr->max_bw_filter[1]);
}

void bbr_advance_max_bw_filter(struct bbr *bbr)
{
    if (bbr->max_bw_filter[bbr->cycle_count & 1] == 0)
        return; /* a cycle without a sample: what was known is not forgotten (3.6) */
    bbr->cycle_count++;
    bbr->max_bw_filter[bbr->cycle_count & 1] = 0;
}

/* ------------------------------------------------------------ 5.5.9: aggregation */

static void extra_acked_filter_update(struct bbr *bbr, uint32_t extra)
{
    uint32_t most = 0;

    /* Places of rounds that passed without an ACK, and of those that are too old. */
    for (uint32_t i = 0; i < BBR_EXTRA_ACKED_FILTER_LEN && bbr->extra_acked_round != bbr->round_count; i++) {
        bbr->extra_acked_round++;
        bbr->extra_acked_filter[bbr->extra_acked_round % BBR_EXTRA_ACKED_FILTER_LEN] = 0;
    }
    bbr->extra_acked_round = bbr->round_count;
    bbr->extra_acked_filter[bbr->round_count % BBR_EXTRA_ACKED_FILTER_LEN] =
        max_u32(bbr->extra_acked_filter[bbr->round_count % BBR_EXTRA_ACKED_FILTER_LEN], extra);
    for (uint32_t i = 0; i < BBR_EXTRA_ACKED_FILTER_LEN; i++)
        most = max_u32(most, bbr->extra_acked_filter[i]);
    /* In Startup only the current round counts. */
    bbr->extra_acked =
        bbr->full_bw_reached ? most : bbr->extra_acked_filter[bbr->round_count % BBR_EXTRA_ACKED_FILTER_LEN];
}

void bbr_update_ack_aggregation(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;
    nanos interval = min_u64(bbr_now(f) - bbr->extra_acked_interval_start, (uint64_t)BBR_RTT_US_MAX * NANOS_PER_US);
    uint64_t expected_delivered = min_u64(bbr->bw, BBR_RATE_MAX) * (interval / NANOS_PER_US) / 1000000;

    if (bbr->extra_acked_delivered <= expected_delivered) {
        bbr->extra_acked_delivered = 0;
        bbr->extra_acked_interval_start = bbr_now(f);
        expected_delivered = 0;
    }
    bbr->extra_acked_delivered += f->rs.newly_acked;
    extra_acked_filter_update(bbr, (uint32_t)min_u64(bbr->extra_acked_delivered - expected_delivered, f->tcb->cwnd));
}

/* ------------------------------------------------------------ 5.5.10.3: losses while not probing */

void bbr_update_latest_delivery_signals(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    bbr->loss_round_start = false;
    bbr->bw_latest = max_u64(bbr->bw_latest, f->rs.delivery_rate);
    bbr->inflight_latest = max_u32(bbr->inflight_latest, f->rs.delivered);
    if (f->rs.has_data && f->rs.prior_delivered >= bbr->loss_round_delivered) {
        bbr->loss_round_delivered = f->sender->delivered;
        bbr->loss_round_start = true;
    }
}

void bbr_advance_latest_delivery_signals(struct bbr_flow *f)
{
    if (!f->bbr->loss_round_start)
        return;
    f->bbr->bw_latest = f->rs.delivery_rate;
    f->bbr->inflight_latest = f->rs.delivered;
}

static bool bbr_is_probing_bw(const struct bbr *bbr)
{
    return bbr->state == BBR_STARTUP || bbr->state == BBR_PROBE_BW_REFILL || bbr->state == BBR_PROBE_BW_UP;
}

static void bbr_init_lower_bounds(struct bbr_flow *f)
{
    if (f->bbr->bw_shortterm == BBR_INFINITE_RATE)
        f->bbr->bw_shortterm = f->bbr->max_bw;
    if (f->bbr->inflight_shortterm == BBR_INFINITE_BYTES)
        f->bbr->inflight_shortterm = f->tcb->cwnd;
}

static void bbr_loss_lower_bounds(struct bbr *bbr)
{
    bbr->bw_shortterm = max_u64(bbr->bw_latest, bbr->bw_shortterm * BBR_BETA_PERCENT / 100);
    bbr->inflight_shortterm = max_u32(bbr->inflight_latest, bbr_percent(bbr->inflight_shortterm, BBR_BETA_PERCENT));
}

/* A round that lost no more than the path is taken to lose anyway says nothing (ADR 0015). */
static bool bbr_is_loss_too_high(const struct bbr_flow *f)
{
    return f->bbr->mark_in_round || bbr_is_inflight_too_high(f);
}

static void bbr_adapt_lower_bounds_from_congestion(struct bbr_flow *f)
{
    if (bbr_is_probing_bw(f->bbr) || !f->bbr->loss_in_round || !bbr_is_loss_too_high(f))
        return;
    bbr_init_lower_bounds(f);
    bbr_loss_lower_bounds(f->bbr);
}

void bbr_update_congestion_signals(struct bbr_flow *f)
{
    bbr_update_max_bw(f);
    if (!f->bbr->loss_round_start)
        return;
    bbr_adapt_lower_bounds_from_congestion(f);
    f->bbr->loss_in_round = f->bbr->mark_in_round = false;
}

/* ------------------------------------------------------------ 5.5.10.2: losses while probing */

/*
 * BBR.LossThresh (ADR 0015): the draft's own when a queue stands; the setting
 * while the last round trip shows none that could overflow, unless it is
 * shorter than half a BDP: what is lost then is lost by the air, or by chance.
 */
static uint32_t loss_thresh_percent(const struct bbr_flow *f)
{
    uint32_t setting = f->tcp->settings.bbr_loss_percent;
    uint64_t min_rtt_us = f->bbr->min_rtt_us;

    return f->sender->rack_rtt_us <= min_rtt_us + min_rtt_us / 2 ? setting : min_u32(setting, BBR_LOSS_THRESH_PERCENT);
}

bool bbr_is_inflight_too_high(const struct bbr_flow *f)
{
    if (f->rs.lost > 0 && (f->tcb->flags & TCB_SACK) == 0)
        return true;
    return (uint64_t)f->rs.lost * 100 > (uint64_t)f->rs.tx_in_flight * loss_thresh_percent(f);
}

static void bbr_handle_inflight_too_high(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    bbr->bw_probe_samples = false; /* once for each probe */
    if (!f->rs.is_app_limited)
        bbr->inflight_longterm = max_u32(f->rs.tx_in_flight, bbr_percent(bbr_target_inflight(f), BBR_BETA_PERCENT));
    if (bbr->state == BBR_PROBE_BW_UP)
        bbr_start_probe_bw_down(f);
}

static void bbr_note_loss(struct bbr_flow *f)
{
    struct bbr *bbr = f->bbr;

    if (!bbr->loss_in_round) {
        bbr->loss_round_delivered = f->sender->delivered;
        bbr_save_state_upon_loss(bbr);
    }
    bbr->loss_in_round = true;
}

/* 3.7 asks that a mark be congestion, and leaves open how: as when losses exceed the threshold (ADR 0015). */
void bbr_handle_mark(struct bbr_flow *f, uint32_t flight_bytes)
{
    struct bbr *bbr = f->bbr;

    bbr_note_loss(f);
    bbr->mark_in_round = true;
    f->rs.tx_in_flight = flight_bytes;
    if (bbr->bw_probe_samples) {
        bbr_handle_inflight_too_high(f);
    } else if (bbr->state == BBR_STARTUP && !bbr->full_bw_reached) {
        bbr->full_bw_reached = true;
        bbr->inflight_longterm = max_u32(bbr->bdp, bbr->inflight_latest);
    }
}

/* At what volume in flight, within this packet, did losses exceed the threshold? */
static uint32_t bbr_inflight_at_loss(const struct bbr_flow *f, uint32_t size)
{
    uint32_t thresh = loss_thresh_percent(f);
    uint32_t inflight_prev = f->rs.tx_in_flight - min_u32(size, f->rs.tx_in_flight);
    uint32_t lost_prev = f->rs.lost - min_u32(size, f->rs.lost);
    uint64_t allowed = (uint64_t)inflight_prev * thresh;
    uint64_t passed = (uint64_t)lost_prev * 100;
    uint64_t lost_prefix = allowed > passed ? (allowed - passed) / (100 - thresh) : 0;

    return (uint32_t)min_u64(inflight_prev + lost_prefix, CWND_MAX);
}

void bbr_handle_lost_packet(struct bbr_flow *f, const struct sent *record)
{
    struct bbr *bbr = f->bbr;

    bbr_note_loss(f);
    if (bbr->loss_ranges_in_round == 0 || !seq_equal(record->span.start, bbr->last_lost_end))
        bbr->loss_ranges_in_round++;
    bbr->last_lost_end = record->span.end;
    if (!bbr->bw_probe_samples)
        return; /* not sent while probing for bandwidth */
    f->rs.tx_in_flight = record->flight;
    f->rs.lost = wrapping_sub((uint32_t)f->sender->lost, record->lost);
    f->rs.is_app_limited = (record->flags & SENT_APP_LIMITED) != 0;
    if (!bbr_is_inflight_too_high(f))
        return;
    f->rs.tx_in_flight = bbr_inflight_at_loss(f, seq_offset(record->span.start, record->span.end));
    bbr_handle_inflight_too_high(f);
}

void bbr_save_state_upon_loss(struct bbr *bbr)
{
    bbr->undo_state = bbr->state;
    bbr->undo_bw_shortterm = bbr->bw_shortterm;
    bbr->undo_inflight_shortterm = bbr->inflight_shortterm;
    bbr->undo_inflight_longterm = bbr->inflight_longterm;
}

/* ------------------------------------------------------------ 5.6.4.2: volumes */

uint32_t bbr_min_pipe_cwnd(const struct bbr_flow *f)
{
    return BBR_MIN_PIPE_CWND_SEGMENTS * f->tcb->snd_mss;
}

static uint32_t bdp_of(const struct bbr *bbr, uint64_t bw)
{
    return (uint32_t)min_u64(bw * bbr->min_rtt_us / 1000000, CWND_MAX);
}

uint32_t bbr_bdp_multiple(struct bbr_flow *f, uint32_t gain)
{
    struct bbr *bbr = f->bbr;

    if (bbr->min_rtt_us == BBR_INFINITE_US)
        return cc_initial_window(f->tcp, f->tcb);
    bbr->bdp = bdp_of(bbr, bbr->bw);
    return (uint32_t)min_u64((uint64_t)bbr->bdp * gain / 100, CWND_MAX);
}

static uint32_t bbr_quantization_budget(const struct bbr_flow *f, uint32_t inflight_cap)
{
    /* 5.5.8.1: offload_budget is three send quanta. */
    inflight_cap = max_u32(inflight_cap, 3 * pacing_send_quantum(f->sender, f->tcb));
    inflight_cap = max_u32(inflight_cap, bbr_min_pipe_cwnd(f));
    if (f->bbr->state == BBR_PROBE_BW_UP)
        inflight_cap += 2u * f->tcb->snd_mss;
    return min_u32(inflight_cap, CWND_MAX);
}

uint32_t bbr_inflight(struct bbr_flow *f, uint32_t gain)
{
    return bbr_quantization_budget(f, bbr_bdp_multiple(f, gain));
}

uint32_t bbr_inflight_at_max_bw(const struct bbr_flow *f)
{
    if (f->bbr->min_rtt_us == BBR_INFINITE_US)
        return cc_initial_window(f->tcp, f->tcb);
    return bbr_quantization_budget(f, bdp_of(f->bbr, f->bbr->max_bw));
}

void bbr_update_max_inflight(struct bbr_flow *f)
{
    uint32_t inflight_cap = bbr_bdp_multiple(f, f->bbr->cwnd_gain) + f->bbr->extra_acked;

    f->bbr->max_inflight = bbr_quantization_budget(f, inflight_cap);
}

uint32_t bbr_target_inflight(const struct bbr_flow *f)
{
    return min_u32(f->bbr->bdp, f->tcb->cwnd);
}

uint32_t bbr_inflight_with_headroom(const struct bbr_flow *f)
{
    uint32_t longterm = f->bbr->inflight_longterm;
    uint32_t headroom;

    if (longterm == BBR_INFINITE_BYTES)
        return BBR_INFINITE_BYTES;
    headroom = max_u32(f->tcb->snd_mss, bbr_percent(longterm, 15));
    return max_u32(longterm - min_u32(headroom, longterm), bbr_min_pipe_cwnd(f));
}
