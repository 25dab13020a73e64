/*
 * BBR (draft-ietf-ccwg-bbr-05), its rooms among themselves: cc_bbr.c is told
 * what happens and sets rate and window (5.2, 5.6), cc_bbr_model.c knows the
 * path (5.5), cc_bbr_state.c decides what to try next (5.3). Names are the
 * draft's, so that both can be read side by side; sections are cited by number.
 */
#ifndef TCP_CC_BBR_H
#define TCP_CC_BBR_H

#include "tcp/cc.h"

#define BBR_INFINITE_BYTES UINT32_MAX
#define BBR_INFINITE_RATE UINT64_MAX
#define BBR_INFINITE_US UINT32_MAX
#define BBR_RATE_MAX (UINT64_C(1) << 38)   /* bytes a second, and: */
#define BBR_RTT_US_MAX (UINT32_C(1) << 25) /* their product with a percentage fits into 64 bits */

/* 2.4 to 2.7, 2.13; gains are percentages. */
#define BBR_STARTUP_PACING_GAIN 277u
#define BBR_DRAIN_PACING_GAIN 50u
#define BBR_DEFAULT_CWND_GAIN 200u
#define BBR_PROBE_RTT_CWND_GAIN 50u
#define BBR_LOSS_THRESH_PERCENT 2u
#define BBR_BETA_PERCENT 70u
#define BBR_EXTRA_ACKED_FILTER_LEN 10u /* rounds */
#define BBR_MIN_PIPE_CWND_SEGMENTS 4u

enum bbr_state {
    BBR_STARTUP,
    BBR_DRAIN,
    BBR_PROBE_BW_DOWN,
    BBR_PROBE_BW_CRUISE,
    BBR_PROBE_BW_REFILL,
    BBR_PROBE_BW_UP,
    BBR_PROBE_RTT
};

/* What the ACKs that come now tell of (5.3.3.6). */
enum bbr_ack_phase {
    BBR_ACKS_INIT, /* nothing in particular */
    BBR_ACKS_REFILLING,
    BBR_ACKS_PROBE_STARTING, /* not yet of data sent in PROBE_BW_UP */
    BBR_ACKS_PROBE_FEEDBACK, /* of data sent in PROBE_BW_UP */
    BBR_ACKS_PROBE_STOPPING  /* still of data sent in PROBE_BW_UP */
};

/* A block of tcp->models. Rates are bytes a second. */
struct bbr {
    uint32_t generation;
    uint8_t state;     /* enum bbr_state */
    uint8_t ack_phase; /* enum bbr_ack_phase */

    /* 2.4, 2.5 */
    uint16_t pacing_gain, cwnd_gain;

    /* 2.6 */
    uint32_t round_count;
    uint64_t next_round_delivered;
    uint32_t drain_start_round;
    bool round_start, idle_restart;

    /* 2.8, 2.10 */
    uint64_t max_bw, bw_shortterm, bw;
    uint64_t max_bw_filter[2]; /* by the low bit of cycle_count: this cycle's and the last one's */
    uint32_t cycle_count;
    uint32_t min_rtt_us;
    uint32_t bdp, max_inflight;
    uint32_t inflight_longterm, inflight_shortterm;

    /* 2.9 */
    uint64_t bw_latest;
    uint32_t inflight_latest;
    bool loss_in_round, mark_in_round, loss_round_start;
    uint64_t loss_round_delivered;
    uint32_t loss_ranges_in_round; /* 5.3.1.3 */
    struct seq last_lost_end;

    /* 2.11; the filter has a place for each of the last rounds */
    nanos extra_acked_interval_start;
    uint64_t extra_acked_delivered;
    uint32_t extra_acked, extra_acked_filter[BBR_EXTRA_ACKED_FILTER_LEN], extra_acked_round;

    /* 2.12 */
    uint64_t full_bw;
    uint8_t full_bw_count;
    bool full_bw_reached, full_bw_now;

    /* 5.3.3: probing for bandwidth */
    bool bw_probe_samples;
    uint8_t bw_probe_up_rounds;
    uint32_t bw_probe_up_acks, probe_up_cnt;
    uint32_t rounds_since_bw_probe;
    nanos bw_probe_wait, cycle_stamp;

    /* 2.13 */
    nanos min_rtt_stamp, probe_rtt_min_stamp;
    nanos probe_rtt_done_stamp; /* 0: not yet */
    uint32_t probe_rtt_min_delay_us;
    bool probe_rtt_expired, probe_rtt_round_done;

    /* 5.6.4.4, 5.5.11 */
    bool in_loss_recovery;
    uint32_t recovery_start_round;
    uint32_t prior_cwnd;
    uint8_t undo_state;
    uint64_t undo_bw_shortterm;
    uint32_t undo_inflight_shortterm, undo_inflight_longterm;

    bool has_seen_rtt; /* 5.6.2: the initial pacing rate knows the round trip */
};

_Static_assert(sizeof(struct bbr) <= CC_MODEL_BYTES, "fits into a block of tcp->models");

/* 2.2: RS. */
struct bbr_sample {
    uint64_t delivery_rate; /* 0: none */
    uint64_t prior_delivered;
    uint32_t delivered;
    uint32_t newly_acked;
    uint32_t tx_in_flight, lost;
    uint32_t rtt_us; /* 0: none */
    bool has_data, is_app_limited;
};

/* What every function works on. */
struct bbr_flow {
    struct tcp *tcp;
    struct tcb *tcb;
    struct sender *sender;
    struct bbr *bbr;
    struct bbr_sample rs;
};

static inline nanos bbr_now(const struct bbr_flow *f)
{
    return f->tcp->ip.host.now;
}

static inline uint32_t bbr_inflight_now(const struct bbr_flow *f)
{
    return sender_flight(f->tcp, f->tcb);
}

static inline bool bbr_is_in_a_probe_bw_state(const struct bbr *bbr)
{
    return bbr->state >= BBR_PROBE_BW_DOWN && bbr->state <= BBR_PROBE_BW_UP;
}

static inline uint32_t bbr_percent(uint32_t bytes, uint32_t percent)
{
    return (uint32_t)((uint64_t)bytes * percent / 100);
}

/* ------------------------------------------------------------------ cc_bbr_model.c */

void bbr_reset_congestion_signals(struct bbr *bbr);
void bbr_reset_short_term_model(struct bbr *bbr);
void bbr_start_round(struct bbr_flow *f);
void bbr_update_latest_delivery_signals(struct bbr_flow *f);
void bbr_advance_latest_delivery_signals(struct bbr_flow *f);
void bbr_update_congestion_signals(struct bbr_flow *f);
void bbr_update_ack_aggregation(struct bbr_flow *f);
void bbr_advance_max_bw_filter(struct bbr *bbr);
void bbr_bound_bw_for_model(struct bbr *bbr);
bool bbr_is_inflight_too_high(const struct bbr_flow *f);
void bbr_handle_lost_packet(struct bbr_flow *f, const struct sent *record);
void bbr_handle_mark(struct bbr_flow *f, uint32_t flight_bytes);
void bbr_save_state_upon_loss(struct bbr *bbr);
uint32_t bbr_bdp_multiple(struct bbr_flow *f, uint32_t gain);
uint32_t bbr_inflight(struct bbr_flow *f, uint32_t gain);
uint32_t bbr_inflight_at_max_bw(const struct bbr_flow *f); /* the same for BBR.max_bw and a gain of 1 */
uint32_t bbr_target_inflight(const struct bbr_flow *f);
uint32_t bbr_inflight_with_headroom(const struct bbr_flow *f);
void bbr_update_max_inflight(struct bbr_flow *f);
uint32_t bbr_min_pipe_cwnd(const struct bbr_flow *f);

/* ------------------------------------------------------------------ cc_bbr_state.c */

void bbr_reset_full_bw(struct bbr *bbr);
void bbr_enter_startup(struct bbr *bbr);
void bbr_check_full_bw_reached(struct bbr_flow *f);
void bbr_check_startup_done(struct bbr_flow *f);
void bbr_check_drain_done(struct bbr_flow *f);
void bbr_update_probe_bw_cycle_phase(struct bbr_flow *f);
void bbr_start_probe_bw_down(struct bbr_flow *f);
void bbr_start_probe_bw_up(struct bbr_flow *f);
void bbr_update_min_rtt(struct bbr_flow *f);
void bbr_check_probe_rtt(struct bbr_flow *f);
void bbr_check_probe_rtt_done(struct bbr_flow *f);
uint32_t bbr_probe_rtt_cwnd(struct bbr_flow *f);

/* ------------------------------------------------------------------ cc_bbr.c */

void bbr_save_cwnd(struct bbr_flow *f);
void bbr_restore_cwnd(struct bbr_flow *f);

#endif
