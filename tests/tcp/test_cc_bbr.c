/* BBR's state walks and model (draft-ietf-ccwg-bbr-05), by scripted ACKs: one at the end of each round trip, or more. */
#include "tcp/cc_bbr.h"

#include "tcp/cc_inside.h"
#include "tcp/pacing.h"

#define RTT_US 40000u
#define RATE UINT64_C(12500000) /* bytes a second: 100 Mb/s; a BDP of 500,000 bytes */

static struct sender *sender_of(struct inside *t)
{
    return sender_at(t->tcp, t->tcb);
}

static struct bbr *bbr_of(struct inside *t)
{
    return (struct bbr *)host_at(&t->tcp->ip.host, sender_of(t)->model);
}

static void start(struct inside *t)
{
    cc_start(t, "bbr", RTT_US);
    t->tcb->flags |= TCB_SACK;
    t->tcp->settings.bbr_loss_percent = 2; /* the draft's */
    assert_int_not_equal(sender_of(t)->model, REF_NONE);
}

static void set_flight(struct inside *t, uint32_t bytes)
{
    sender_of(t)->board.flight_bytes = bytes;
}

/* A round trip passes, in which the path delivered at this rate. What is told besides is in `more`. */
static void round_trip(struct inside *t, uint64_t rate, uint32_t rtt_us, const struct ack_sample *more)
{
    struct sender *sender = sender_of(t);
    uint32_t delivered = (uint32_t)(rate * rtt_us / 1000000);
    struct ack_sample ack = more != NULL ? *more : (struct ack_sample){0};

    cc_time_passes(t, rtt_us);
    ack.prior_delivered = sender->delivered;
    sender->delivered += delivered;
    ack.acked_bytes = ack.delivered_bytes = ack.rate_bytes = delivered;
    ack.interval_us = rtt_us;
    ack.has_data = ack.is_rate_valid = true;
    if (ack.rtt_us == 0)
        ack.rtt_us = rtt_us;
    if (ack.prior_flight == 0)
        ack.prior_flight = delivered;
    ack.prior_lost += (uint32_t)sender->lost;
    cc_of(t->tcb)->acked(t->tcp, t->tcb, &ack);
}

static void round_trips(struct inside *t, unsigned count, uint64_t rate)
{
    for (unsigned i = 0; i < count; i++)
        round_trip(t, rate, RTT_US, NULL);
}

/* The same, told by ten ACKs. */
static void round_of_acks(struct inside *t, uint64_t rate, uint32_t prior_flight)
{
    struct sender *sender = sender_of(t);
    uint64_t prior_delivered = sender->delivered;
    uint32_t part = (uint32_t)(rate * RTT_US / 10000000);

    for (unsigned i = 1; i <= 10; i++) {
        struct ack_sample ack = {.acked_bytes = part, .delivered_bytes = part, .has_data = true, .is_rate_valid = true};

        cc_time_passes(t, RTT_US / 10);
        sender->delivered += part;
        ack.prior_delivered = prior_delivered;
        ack.rate_bytes = (uint32_t)(sender->delivered - prior_delivered);
        ack.interval_us = RTT_US / 10 * i;
        ack.rtt_us = RTT_US;
        ack.prior_flight = prior_flight;
        cc_of(t->tcb)->acked(t->tcp, t->tcb, &ack);
    }
}

/* A record of so many bytes is lost that was sent with so much in flight. */
static void lose(struct inside *t, uint32_t start_at, uint32_t bytes, uint32_t flight)
{
    struct sent record = {.span = {.start = seq_make(start_at), .end = seq_make(start_at + bytes)},
                          .flight = flight,
                          .lost = (uint32_t)sender_of(t)->lost};

    sender_of(t)->lost += bytes;
    cc_of(t->tcb)->lost(t->tcp, t->tcb, &record);
}

/* A round trip whose ACK tells of 3 % lost. */
static void lossy_round_trip(struct inside *t, uint64_t rate)
{
    round_trip(t, rate, RTT_US, &(struct ack_sample){.prior_lost = 0u - 15000, .prior_flight = 500000});
}

/* Through STARTUP and DRAIN into PROBE_BW_CRUISE on a path of RATE. */
static void cruise(struct inside *t)
{
    start(t);
    set_flight(t, 900000);
    for (uint64_t rate = RATE / 16; rate < RATE; rate *= 2)
        round_trip(t, rate, RTT_US, NULL);
    round_trips(t, 4, RATE);
    assert_int_equal(bbr_of(t)->state, BBR_DRAIN);
    set_flight(t, 400000);
    round_trips(t, 2, RATE);
    assert_int_equal(bbr_of(t)->state, BBR_PROBE_BW_CRUISE);
}

/* On to PROBE_BW_UP. */
static void probe_up(struct inside *t)
{
    unsigned rounds = 0;

    cruise(t);
    while (bbr_of(t)->state != BBR_PROBE_BW_UP && rounds++ < 100)
        round_trip(t, RATE, RTT_US, NULL);
    assert_int_equal(bbr_of(t)->state, BBR_PROBE_BW_UP);
}

/* ------------------------------------------------------------ STARTUP and DRAIN */

static void it_starts_by_pacing_the_initial_window_over_the_round_trip(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    assert_int_equal(bbr_of(&t)->state, BBR_STARTUP);
    assert_int_equal(sender_of(&t)->pacing_rate, 14480u * 25 * 277 / 100);
    inside_close(&t);
    cc_start(&t, "bbr", 0); /* no round trip yet: a millisecond */
    assert_int_equal(sender_of(&t)->pacing_rate, 14480u * 1000 * 277 / 100);
    t.tcb->srtt_us8 = RTT_US << 3;
    round_trip(&t, 1, RTT_US, &(struct ack_sample){.is_app_limited = true});
    assert_int_equal(sender_of(&t)->pacing_rate, 14480u * 25 * 277 / 100);
    inside_close(&t);
}

static void startup_lasts_while_the_rate_grows_by_a_quarter(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    set_flight(&t, 900000);
    for (uint64_t rate = 100000; rate < 20000000; rate = rate * 5 / 4 + 1) {
        round_trip(&t, rate, RTT_US, NULL);
        assert_int_equal(bbr_of(&t)->state, BBR_STARTUP);
    }
    inside_close(&t);
}

static void three_rounds_without_growth_end_startup(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    set_flight(&t, 900000);
    round_trips(&t, 3, RATE);
    assert_int_equal(bbr_of(&t)->state, BBR_STARTUP);
    round_trips(&t, 1, RATE * 124 / 100);
    assert_int_equal(bbr_of(&t)->state, BBR_DRAIN);
    assert_true(bbr_of(&t)->full_bw_reached);
    inside_close(&t);
}

static void rounds_that_the_application_limited_do_not_count(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    for (unsigned i = 0; i < 20; i++)
        round_trip(&t, RATE, RTT_US, &(struct ack_sample){.is_app_limited = true});
    assert_int_equal(bbr_of(&t)->state, BBR_STARTUP);
    assert_int_equal(bbr_of(&t)->max_bw, RATE);
    round_trip(&t, RATE / 2, RTT_US, &(struct ack_sample){.is_app_limited = true});
    assert_int_equal(bbr_of(&t)->max_bw, RATE);
    inside_close(&t);
}

static void startup_ends_when_a_round_of_recovery_loses_six_ranges_and_two_percent(void **state)
{
    for (unsigned ranges = 5; ranges <= 6; ranges++) {
        struct inside t;
        (void)state;
        start(&t);
        set_flight(&t, 900000);
        round_trip(&t, RATE / 4, RTT_US, NULL);
        cc_of(t.tcb)->congestion(t.tcp, t.tcb, CC_LOSS, 100000);
        round_trip(&t, RATE / 2, RTT_US, NULL);
        for (unsigned i = 0; i < ranges; i++)
            lose(&t, 1 + i * 10000, 3000, 200000);
        round_trip(&t, RATE, RTT_US, &(struct ack_sample){.prior_lost = 0u - 3000 * ranges, .prior_flight = 200000});
        assert_int_equal(bbr_of(&t)->state, ranges == 6 ? BBR_DRAIN : BBR_STARTUP);
        if (ranges == 6)
            assert_int_equal(bbr_of(&t)->inflight_longterm, RATE * RTT_US / 1000000);
        inside_close(&t);
    }
}

static void drain_ends_when_the_queue_is_gone_or_after_three_rounds(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    set_flight(&t, 900000);
    round_trips(&t, 4, RATE);
    assert_int_equal(bbr_of(&t)->state, BBR_DRAIN);
    assert_true(sender_of(&t)->pacing_rate <= RATE / 2);
    round_trips(&t, 3, RATE);
    assert_int_equal(bbr_of(&t)->state, BBR_DRAIN);
    round_trips(&t, 1, RATE);
    assert_int_equal(bbr_of(&t)->state, BBR_PROBE_BW_DOWN);
    inside_close(&t);
    cruise(&t); /* by the other way */
    inside_close(&t);
}

/* ------------------------------------------------------------ PROBE_BW */

static void cruising_paces_a_percent_below_the_bandwidth(void **state)
{
    struct inside t;
    (void)state;
    cruise(&t);
    assert_int_equal(bbr_of(&t)->bw, RATE);
    assert_int_equal(sender_of(&t)->pacing_rate, RATE * 99 / 100);
    inside_close(&t);
}

static void the_window_is_twice_the_path_and_what_it_aggregates(void **state)
{
    struct inside t;
    (void)state;
    cruise(&t);
    round_trips(&t, 12, RATE);
    assert_int_equal(bbr_of(&t)->bdp, 500000);
    assert_int_equal(bbr_of(&t)->max_inflight, 1000000 + bbr_of(&t)->extra_acked);
    assert_int_equal(t.tcb->cwnd, bbr_of(&t)->max_inflight);
    inside_close(&t);
}

static void down_waits_until_no_more_than_the_path_holds_is_in_flight(void **state)
{
    struct inside t;
    (void)state;
    probe_up(&t);
    set_flight(&t, 700000);
    bbr_of(&t)->full_bw_now = true;
    round_trip(&t, RATE, RTT_US, NULL);
    assert_int_equal(bbr_of(&t)->state, BBR_PROBE_BW_DOWN);
    assert_int_equal(sender_of(&t)->pacing_rate, RATE * 90 / 100 * 99 / 100);
    round_trips(&t, 2, RATE);
    assert_int_equal(bbr_of(&t)->state, BBR_PROBE_BW_DOWN);
    set_flight(&t, 500000);
    round_trips(&t, 1, RATE);
    assert_int_equal(bbr_of(&t)->state, BBR_PROBE_BW_CRUISE);
    inside_close(&t);
}

static void a_probe_is_due_after_two_to_three_seconds(void **state)
{
    struct inside t;
    nanos began;
    (void)state;
    cruise(&t);
    began = bbr_of(&t)->cycle_stamp;
    assert_in_range(bbr_of(&t)->bw_probe_wait, 2 * NANOS_PER_S, 3 * NANOS_PER_S);
    bbr_of(&t)->rounds_since_bw_probe = 0;
    for (unsigned i = 0; i < 200 && bbr_of(&t)->state == BBR_PROBE_BW_CRUISE; i++) {
        bbr_of(&t)->rounds_since_bw_probe = 0; /* Reno's time scale has its own test */
        round_trip(&t, RATE, RTT_US, NULL);
    }
    assert_int_equal(bbr_of(&t)->state, BBR_PROBE_BW_REFILL);
    assert_true(t.tcp->ip.host.now - began > 2 * NANOS_PER_S);
    assert_true(t.tcp->ip.host.now - began < 3 * NANOS_PER_S + 2 * RTT_US * NANOS_PER_US);
    inside_close(&t);
}

static void or_after_as_many_rounds_as_reno_would_need_but_63_at_most(void **state)
{
    struct inside t;
    unsigned rounds = 0;
    (void)state;
    cruise(&t);
    bbr_of(&t)->bw_probe_wait = 3600 * NANOS_PER_S;
    bbr_of(&t)->rounds_since_bw_probe = 0;
    while (bbr_of(&t)->state == BBR_PROBE_BW_CRUISE && rounds < 100) {
        round_trip(&t, RATE, RTT_US, NULL);
        rounds++;
    }
    assert_int_equal(rounds, 63);
    inside_close(&t);
}

static void refill_lasts_a_round_and_up_follows(void **state)
{
    struct inside t;
    (void)state;
    cruise(&t);
    bbr_of(&t)->bw_shortterm = RATE / 2;
    bbr_of(&t)->inflight_shortterm = 10000;
    bbr_of(&t)->rounds_since_bw_probe = 63;
    round_trip(&t, RATE, RTT_US, NULL);
    assert_int_equal(bbr_of(&t)->state, BBR_PROBE_BW_REFILL);
    assert_int_equal(bbr_of(&t)->bw_shortterm, BBR_INFINITE_RATE);
    assert_int_equal(bbr_of(&t)->inflight_shortterm, BBR_INFINITE_BYTES);
    assert_int_equal(sender_of(&t)->pacing_rate, RATE * 99 / 100);
    round_trip(&t, RATE, RTT_US, NULL);
    assert_int_equal(bbr_of(&t)->state, BBR_PROBE_BW_UP);
    assert_int_equal(sender_of(&t)->pacing_rate, RATE * 125 / 100 * 99 / 100);
    inside_close(&t);
}

static void up_ends_on_a_plateau(void **state)
{
    struct inside t;
    (void)state;
    probe_up(&t);
    round_trips(&t, 2, RATE);
    assert_int_equal(bbr_of(&t)->state, BBR_PROBE_BW_UP);
    round_trips(&t, 1, RATE);
    assert_true(bbr_of(&t)->state == BBR_PROBE_BW_DOWN || bbr_of(&t)->state == BBR_PROBE_BW_CRUISE);
    inside_close(&t);
}

static void more_bandwidth_is_found_and_less_is_believed_after_two_cycles(void **state)
{
    struct inside t;
    unsigned cycles = 0;
    uint8_t before;
    (void)state;
    probe_up(&t);
    round_trips(&t, 1, RATE * 5 / 4);
    assert_int_equal(bbr_of(&t)->max_bw, RATE * 5 / 4);
    before = bbr_of(&t)->state;
    for (uint32_t i = 1; cycles < 3; i++) {
        assert_true(i < 1000);
        assert_true(cycles >= 2 || bbr_of(&t)->max_bw >= RATE);
        round_trip(&t, RATE / 2, RTT_US - i, NULL); /* ever shorter, so that PROBE_RTT does not come between */
        cycles += before == BBR_PROBE_BW_UP && bbr_of(&t)->state == BBR_PROBE_BW_DOWN;
        before = bbr_of(&t)->state;
    }
    round_trips(&t, 3, RATE / 2);
    assert_in_range(bbr_of(&t)->max_bw, RATE / 2 - 1000, RATE / 2);
    inside_close(&t);
}

static void more_than_two_percent_lost_while_probing_bounds_the_flight_and_ends_the_probe(void **state)
{
    struct inside t;
    (void)state;
    probe_up(&t);
    set_flight(&t, 620000);
    lose(&t, 1, 10000, 600000); /* 1.7 % */
    assert_int_equal(bbr_of(&t)->inflight_longterm, BBR_INFINITE_BYTES);
    sender_of(&t)->lost -= 10000;
    lose(&t, 20001, 20000, 600000);
    /* inflight_prev is 580,000; 2 % of it over 98 %: 11,836 bytes into the packet */
    assert_int_equal(bbr_of(&t)->inflight_longterm, 580000 + 11836);
    assert_int_equal(bbr_of(&t)->state, BBR_PROBE_BW_DOWN);
    lose(&t, 60001, 20000, 300000); /* once for each probe */
    assert_int_equal(bbr_of(&t)->inflight_longterm, 580000 + 11836);
    inside_close(&t);
}

static void the_bound_of_the_flight_never_falls_by_more_than_beta(void **state)
{
    struct inside t;
    (void)state;
    probe_up(&t);
    lose(&t, 1, 20000, 30000);
    assert_int_equal(bbr_of(&t)->inflight_longterm, 350000);
    inside_close(&t);
}

static void a_bound_that_holds_the_flow_back_grows_faster_each_round(void **state)
{
    struct inside t;
    uint32_t last, grown[4];
    (void)state;
    probe_up(&t);
    bbr_of(&t)->inflight_longterm = 400000;
    t.tcb->cwnd = 400000;
    sender_of(&t)->limited_end = seq_add(t.tcb->snd_una, 1);
    round_of_acks(&t, RATE / 2, 1);
    for (unsigned i = 0; i < 4; i++) {
        last = bbr_of(&t)->inflight_longterm;
        round_of_acks(&t, RATE / 2, 1);
        assert_int_equal(bbr_of(&t)->state, BBR_PROBE_BW_UP); /* held back, it cannot tell a plateau */
        grown[i] = bbr_of(&t)->inflight_longterm - last;
    }
    assert_true(grown[0] > 0);
    for (unsigned i = 1; i < 4; i++)
        assert_in_range(grown[i], grown[i - 1] * 3 / 2, grown[i - 1] * 5 / 2);
    inside_close(&t);
}

static void a_loss_while_cruising_leads_to_what_was_delivered_but_not_below_beta(void **state)
{
    struct inside t;
    (void)state;
    cruise(&t);
    round_trips(&t, 1, RATE * 9 / 10);
    lose(&t, 1, 5000, 500000);
    lossy_round_trip(&t, RATE * 9 / 10); /* the round of the loss ends with an ACK of what was sent after it */
    assert_int_equal(bbr_of(&t)->bw_shortterm, RATE * 9 / 10);
    assert_int_equal(bbr_of(&t)->bw, RATE * 9 / 10);
    round_trips(&t, 1, RATE / 100);
    for (unsigned i = 0; i < 2; i++) {
        lose(&t, 1, 5000, 500000);
        lossy_round_trip(&t, RATE / 100);
    }
    assert_in_range(bbr_of(&t)->bw_shortterm, RATE * 9 / 10 * 49 / 100 - 10, RATE * 9 / 10 * 49 / 100);
    inside_close(&t);
}

static void a_loss_within_what_the_path_may_lose_changes_nothing(void **state)
{
    struct inside t;
    (void)state;
    cruise(&t);
    t.tcp->settings.bbr_loss_percent = 8;
    round_trips(&t, 1, RATE * 9 / 10);
    lose(&t, 1, 5000, 500000);
    lossy_round_trip(&t, RATE * 9 / 10);
    assert_int_equal(bbr_of(&t)->bw, RATE);
    inside_close(&t);
    probe_up(&t);
    t.tcp->settings.bbr_loss_percent = 8;
    lose(&t, 1, 40000, 600000);
    assert_int_equal(bbr_of(&t)->state, BBR_PROBE_BW_UP);
    lose(&t, 1, 60000, 600000);
    assert_int_equal(bbr_of(&t)->state, BBR_PROBE_BW_DOWN);
    inside_close(&t);
}

static void a_congestion_mark_counts_as_too_much_in_flight(void **state)
{
    struct inside t;
    (void)state;
    probe_up(&t);
    cc_of(t.tcb)->congestion(t.tcp, t.tcb, CC_ECN, 550000);
    assert_int_equal(bbr_of(&t)->inflight_longterm, 550000);
    assert_int_equal(bbr_of(&t)->state, BBR_PROBE_BW_DOWN);
    inside_close(&t);
    start(&t);
    set_flight(&t, 900000);
    round_trips(&t, 2, RATE);
    cc_of(t.tcb)->congestion(t.tcp, t.tcb, CC_ECN, 550000);
    round_trips(&t, 1, RATE);
    assert_int_equal(bbr_of(&t)->state, BBR_DRAIN);
    inside_close(&t);
}

/* ------------------------------------------------------------ PROBE_RTT, idleness */

static void after_five_seconds_without_a_shorter_round_trip_room_is_made(void **state)
{
    struct inside t;
    nanos entered;
    uint32_t cwnd = 0;
    unsigned rounds = 0;
    (void)state;
    cruise(&t);
    while (bbr_of(&t)->state != BBR_PROBE_RTT && rounds++ < 200) {
        cwnd = t.tcb->cwnd;
        round_trip(&t, RATE, RTT_US + 1000, NULL);
    }
    assert_int_equal(bbr_of(&t)->state, BBR_PROBE_RTT);
    assert_int_equal(t.tcb->cwnd, 250000);
    entered = t.tcp->ip.host.now;
    round_trips(&t, 2, RATE / 2);
    assert_int_equal(bbr_of(&t)->state, BBR_PROBE_RTT); /* more than half of the path's volume is in flight */
    set_flight(&t, 250000);
    for (unsigned i = 0; i < 100 && bbr_of(&t)->state == BBR_PROBE_RTT; i++)
        round_trip(&t, RATE / 2, RTT_US, &(struct ack_sample){.is_app_limited = true});
    assert_in_range(t.tcp->ip.host.now - entered, 280 * NANOS_PER_MS, 400 * NANOS_PER_MS);
    assert_int_equal(bbr_of(&t)->state, BBR_PROBE_BW_CRUISE);
    assert_true(t.tcb->cwnd >= cwnd * 9 / 10);
    assert_int_equal(bbr_of(&t)->max_bw, RATE);
    inside_close(&t);
}

static void a_shorter_round_trip_postpones_that(void **state)
{
    struct inside t;
    (void)state;
    cruise(&t);
    for (unsigned i = 0; i < 300; i++) {
        round_trip(&t, RATE, RTT_US - i, NULL);
        assert_int_not_equal(bbr_of(&t)->state, BBR_PROBE_RTT);
    }
    inside_close(&t);
}

static void after_idleness_it_paces_at_the_bandwidth_and_does_not_probe_the_round_trip(void **state)
{
    struct inside t;
    uint32_t cwnd;
    (void)state;
    probe_up(&t);
    cwnd = t.tcb->cwnd;
    set_flight(&t, 0);
    sender_of(&t)->app_limited = 1;
    cc_time_passes(&t, 7000000);
    cc_of(t.tcb)->idle(t.tcp, t.tcb, 7000000);
    assert_int_equal(sender_of(&t)->pacing_rate, RATE * 99 / 100);
    assert_int_equal(t.tcb->cwnd, cwnd);
    set_flight(&t, 100000);
    round_trip(&t, RATE, RTT_US, &(struct ack_sample){.is_app_limited = true});
    assert_int_not_equal(bbr_of(&t)->state, BBR_PROBE_RTT);
    inside_close(&t);
}

/* ------------------------------------------------------------ recovery, undo, memory */

static void a_timeout_leaves_one_segment_and_recovery_gives_the_window_back(void **state)
{
    struct inside t;
    uint32_t before;
    (void)state;
    cruise(&t);
    before = t.tcb->cwnd;
    set_flight(&t, 0);
    cc_of(t.tcb)->congestion(t.tcp, t.tcb, CC_TIMEOUT, 500000);
    assert_int_equal(t.tcb->cwnd, CC_MSS);
    cc_of(t.tcb)->recovered(t.tcp, t.tcb);
    assert_int_equal(t.tcb->cwnd, before);
    inside_close(&t);
}

static void what_a_mistaken_loss_took_comes_back(void **state)
{
    struct inside t;
    (void)state;
    probe_up(&t);
    cc_of(t.tcb)->congestion(t.tcp, t.tcb, CC_LOSS, 500000);
    lose(&t, 1, 20000, 30000);
    assert_int_equal(bbr_of(&t)->state, BBR_PROBE_BW_DOWN);
    cc_of(t.tcb)->undo(t.tcp, t.tcb);
    assert_int_equal(bbr_of(&t)->state, BBR_PROBE_BW_UP);
    assert_int_equal(bbr_of(&t)->inflight_longterm, BBR_INFINITE_BYTES);
    inside_close(&t);
}

static void aggregation_is_remembered_for_ten_rounds(void **state)
{
    struct inside t;
    (void)state;
    cruise(&t);
    round_trips(&t, 12, RATE);
    round_trip(&t, RATE * 2, RTT_US / 4, &(struct ack_sample){.rtt_us = RTT_US, .is_app_limited = true});
    bbr_of(&t)->max_bw_filter[0] = bbr_of(&t)->max_bw_filter[1] = bbr_of(&t)->max_bw = bbr_of(&t)->bw = RATE;
    assert_true(bbr_of(&t)->extra_acked >= 125000);
    for (unsigned i = 0; i < 9; i++) {
        round_trip(&t, RATE / 2, RTT_US, &(struct ack_sample){.is_app_limited = true});
        assert_true(bbr_of(&t)->extra_acked >= 125000);
    }
    round_trips(&t, 3, RATE / 2);
    inside_close(&t);
}

static void without_memory_for_a_model_it_does_as_reno(void **state)
{
    struct inside t;
    (void)state;
    cc_start(&t, "bbr", RTT_US);
    cc_of(t.tcb)->end(t.tcp, t.tcb);
    assert_true(rill_check(t.stack));
    cc_ack(&t, CC_MSS, RTT_US);
    assert_int_equal(t.tcb->cwnd, 11 * CC_MSS);
    cc_lose(&t, CC_LOSS, 10 * CC_MSS);
    assert_int_equal(t.tcb->cwnd, 5 * CC_MSS);
    cc_of(t.tcb)->undo(t.tcp, t.tcb);
    cc_of(t.tcb)->idle(t.tcp, t.tcb, 10000000);
    inside_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_starts_by_pacing_the_initial_window_over_the_round_trip),
        cmocka_unit_test(startup_lasts_while_the_rate_grows_by_a_quarter),
        cmocka_unit_test(three_rounds_without_growth_end_startup),
        cmocka_unit_test(rounds_that_the_application_limited_do_not_count),
        cmocka_unit_test(startup_ends_when_a_round_of_recovery_loses_six_ranges_and_two_percent),
        cmocka_unit_test(drain_ends_when_the_queue_is_gone_or_after_three_rounds),
        cmocka_unit_test(cruising_paces_a_percent_below_the_bandwidth),
        cmocka_unit_test(the_window_is_twice_the_path_and_what_it_aggregates),
        cmocka_unit_test(down_waits_until_no_more_than_the_path_holds_is_in_flight),
        cmocka_unit_test(a_probe_is_due_after_two_to_three_seconds),
        cmocka_unit_test(or_after_as_many_rounds_as_reno_would_need_but_63_at_most),
        cmocka_unit_test(refill_lasts_a_round_and_up_follows),
        cmocka_unit_test(up_ends_on_a_plateau),
        cmocka_unit_test(more_bandwidth_is_found_and_less_is_believed_after_two_cycles),
        cmocka_unit_test(more_than_two_percent_lost_while_probing_bounds_the_flight_and_ends_the_probe),
        cmocka_unit_test(the_bound_of_the_flight_never_falls_by_more_than_beta),
        cmocka_unit_test(a_bound_that_holds_the_flow_back_grows_faster_each_round),
        cmocka_unit_test(a_loss_while_cruising_leads_to_what_was_delivered_but_not_below_beta),
        cmocka_unit_test(a_loss_within_what_the_path_may_lose_changes_nothing),
        cmocka_unit_test(a_congestion_mark_counts_as_too_much_in_flight),
        cmocka_unit_test(after_five_seconds_without_a_shorter_round_trip_room_is_made),
        cmocka_unit_test(a_shorter_round_trip_postpones_that),
        cmocka_unit_test(after_idleness_it_paces_at_the_bandwidth_and_does_not_probe_the_round_trip),
        cmocka_unit_test(a_timeout_leaves_one_segment_and_recovery_gives_the_window_back),
        cmocka_unit_test(what_a_mistaken_loss_took_comes_back),
        cmocka_unit_test(aggregation_is_remembered_for_ten_rounds),
        cmocka_unit_test(without_memory_for_a_model_it_does_as_reno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
