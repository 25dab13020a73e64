/* CUBIC, rule by rule (RFC 9438). Its whole trace against a model in floating point: test_cc_models.c. */
#include "tcp/cc_inside.h"
#include "tcp/cubic_curve.h"

#include <math.h>

#define SEGMENTS(n) ((uint32_t)(n)*CC_MSS)

/* In congestion avoidance after a loss with so many segments in flight. */
static void start_after_loss(struct inside *t, uint32_t segments, uint32_t rtt_us)
{
    cc_start(t, "cubic", rtt_us);
    t->tcb->cwnd = SEGMENTS(segments);
    cc_lose(t, CC_LOSS, SEGMENTS(segments));
}

/* So many microseconds of ACKs, one for every second segment, evenly spread. */
static void run_for(struct inside *t, uint64_t us, uint32_t rtt_us)
{
    for (uint64_t passed = 0; passed < us;) {
        uint64_t step = (uint64_t)rtt_us * 2 * CC_MSS / t->tcb->cwnd + 1;

        cc_time_passes(t, step);
        passed += step;
        cc_ack(t, 2 * CC_MSS, rtt_us);
    }
}

static double segments(const struct inside *t)
{
    return (double)t->tcb->cwnd / CC_MSS;
}

static void the_curve_is_two_fifths_of_a_segment_by_the_cubed_second(void **state)
{
    (void)state;
    for (double t = 0.001; t < 1300; t *= 1.07) {
        double exact = 0.4 * 1448 * t * t * t;

        if (exact < 1e9)
            assert_true(fabs((double)cubic_curve_bytes(1448, (uint64_t)(t * 1e6)) - exact) < 3 + exact * 4e-6);
    }
    assert_int_equal(cubic_curve_bytes(1448, 0), 0);
    assert_true(cubic_curve_bytes(1, UINT64_MAX) > UINT32_C(1) << 30);
}

static void R9438_3_k_is_the_cube_root(void **state)
{
    uint64_t random = 1;
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        uint32_t mss = 100 + inside_below(&random, 9000), bytes = inside_below(&random, 1u << (8 + i % 22));
        double exact = cbrt((double)bytes / mss / 0.4) * 1e6;
        double got = cubic_curve_time_us(mss, bytes);

        assert_true(fabs(got - exact) < 3 + exact * 4e-6);
    }
    assert_int_equal(cubic_curve_time_us(1448, 0), 0);
}

static void R9438_1_a_loss_keeps_seven_tenths_of_the_flight(void **state)
{
    struct inside t;
    (void)state;
    start_after_loss(&t, 100, 100000);
    assert_int_equal(t.tcb->ssthresh, SEGMENTS(70));
    assert_int_equal(t.tcb->cwnd, SEGMENTS(70));
    cc_lose(&t, CC_LOSS, SEGMENTS(1));
    assert_int_equal(t.tcb->ssthresh, SEGMENTS(2));
    inside_close(&t);
}

static void R9438_3_the_window_is_back_where_it_was_after_k(void **state)
{
    struct inside t;
    (void)state;
    start_after_loss(&t, 100, 100000);
    cc_ack(&t, CC_MSS, 100000);
    run_for(&t, 4217000 - 150000, 100000); /* K = cbrt(30 / 0.4) s */
    assert_true(segments(&t) > 99.0 && segments(&t) < 101.0);
    run_for(&t, 4217000, 100000); /* and as far above it after 2 K as it was below at first */
    assert_true(segments(&t) > 125.0 && segments(&t) < 131.0);
    inside_close(&t);
}

static void R9438_3_without_new_acks_nothing_grows(void **state)
{
    struct inside t;
    uint32_t before;
    (void)state;
    start_after_loss(&t, 100, 100000);
    run_for(&t, 1000000, 100000);
    before = t.tcb->cwnd;
    for (unsigned i = 0; i < 100; i++) {
        cc_time_passes(&t, 100000);
        cc_ack(&t, 0, 100000);
    }
    assert_int_equal(t.tcb->cwnd, before);
    inside_close(&t);
}

static void R9438_2_a_loss_below_the_last_one_lowers_w_max_further(void **state)
{
    struct inside t;
    (void)state;
    start_after_loss(&t, 100, 100000);
    t.tcb->cwnd = SEGMENTS(80);
    cc_lose(&t, CC_LOSS, SEGMENTS(80)); /* W_max = 0.85 * 80 = 68, K = cbrt((68 - 56) / 0.4) = 3.107 s */
    cc_ack(&t, CC_MSS, 100000);
    run_for(&t, 3107000 - 100000, 100000);
    assert_true(segments(&t) > 67.0 && segments(&t) < 73.0);
    inside_close(&t);
    start_after_loss(&t, 100, 100000);
    t.tcb->cwnd = SEGMENTS(101);
    cc_lose(&t, CC_LOSS, SEGMENTS(80)); /* above it: W_max = 101 */
    cc_ack(&t, CC_MSS, 100000);
    run_for(&t, 4827000 - 100000, 100000); /* cbrt((101 - 56) / 0.4) */
    assert_true(segments(&t) > 100.0 && segments(&t) < 102.5);
    inside_close(&t);
}

static void R9438_4_a_round_trip_grows_the_window_by_half_at_most(void **state)
{
    struct inside t;
    uint32_t before;
    (void)state;
    start_after_loss(&t, 20, 100000);
    cc_ack(&t, CC_MSS, 100000);
    cc_time_passes(&t, 60000000); /* the curve is at 80,000 segments by now */
    before = t.tcb->cwnd;
    for (unsigned i = 0; i < before / CC_MSS; i++)
        cc_ack(&t, CC_MSS, 100000);
    assert_true(t.tcb->cwnd > before + before / 3);
    assert_true(t.tcb->cwnd <= before + before / 2 + before / 4); /* 1.5^(acked / cwnd): cwnd grows meanwhile */
    inside_close(&t);
}

static void R9438_4_the_window_never_falls_on_an_ack(void **state)
{
    struct inside t;
    (void)state;
    start_after_loss(&t, 30, 10000);
    for (unsigned i = 0; i < 5000; i++) {
        uint32_t before = t.tcb->cwnd;

        cc_time_passes(&t, 500);
        cc_ack(&t, CC_MSS, 10000);
        assert_true(t.tcb->cwnd >= before);
    }
    inside_close(&t);
}

static void R9438_5_on_short_paths_it_is_as_fast_as_reno(void **state)
{
    struct inside t;
    double before;
    (void)state;
    start_after_loss(&t, 20, 1000); /* 14 segments, 1 ms: the cubic would need 2.5 s */
    cc_ack(&t, CC_MSS, 1000);
    before = segments(&t);
    run_for(&t, 10 * 1000, 1000);
    assert_true(segments(&t) - before > 10 * 9.0 / 17 - 0.6 && segments(&t) - before < 10 * 9.0 / 17 + 0.6);
    run_for(&t, 30 * 1000, 1000); /* past cwnd_prior alpha is 1 */
    before = segments(&t);
    assert_true(before > 20);
    run_for(&t, 10 * 1000, 1000);
    assert_true(segments(&t) - before > 9.3 && segments(&t) - before < 10.7);
    inside_close(&t);
}

static void R9438_6_time_without_use_of_the_window_does_not_count(void **state)
{
    struct ack_sample idle = {.acked_bytes = CC_MSS, .delivered_bytes = CC_MSS, .rtt_us = 100000};
    struct inside t;
    uint32_t before;
    (void)state;
    start_after_loss(&t, 100, 100000);
    run_for(&t, 1000000, 100000);
    before = t.tcb->cwnd;
    for (unsigned i = 0; i < 300; i++) { /* 30 s of an application that sends little */
        cc_time_passes(&t, 100000);
        cc_of(t.tcb)->acked(t.tcp, t.tcb, &idle);
    }
    assert_int_equal(t.tcb->cwnd, before);
    run_for(&t, 100000, 100000);
    assert_true(t.tcb->cwnd - before < 2 * CC_MSS); /* 0.4 * ((2.3)^3 - (3.2)^3) is 8 in the first second */
    inside_close(&t);
}

static void R9438_6_nor_does_a_pause_shorter_than_the_rto(void **state)
{
    struct inside t;
    uint32_t before;
    (void)state;
    start_after_loss(&t, 20, 100000);
    t.tcb->rttvar_us4 = 4000000;
    cc_ack(&t, CC_MSS, 100000);
    cc_time_passes(&t, 3900000);
    cc_of(t.tcb)->idle(t.tcp, t.tcb, 3900000);
    before = t.tcb->cwnd;
    cc_ack(&t, CC_MSS, 100000);
    assert_true(t.tcb->cwnd - before < CC_MSS / 4);
    inside_close(&t);
}

static void R9438_7_a_window_that_is_not_used_stays(void **state)
{
    struct ack_sample ack = {.acked_bytes = CC_MSS, .delivered_bytes = CC_MSS, .rtt_us = 100000};
    struct inside t;
    (void)state;
    cc_start(&t, "cubic", 100000);
    for (unsigned i = 0; i < 100; i++)
        cc_of(t.tcb)->acked(t.tcp, t.tcb, &ack); /* in slow start */
    assert_int_equal(t.tcb->cwnd, SEGMENTS(10));
    cc_lose(&t, CC_LOSS, SEGMENTS(10));
    for (unsigned i = 0; i < 100; i++)
        cc_of(t.tcb)->acked(t.tcp, t.tcb, &ack);
    assert_int_equal(t.tcb->cwnd, SEGMENTS(7));
    inside_close(&t);
}

static void R9438_8_after_a_timeout_the_curve_begins_flat(void **state)
{
    struct inside t;
    (void)state;
    cc_start(&t, "cubic", 1000000);
    t.tcb->cwnd = SEGMENTS(100);
    cc_lose(&t, CC_TIMEOUT, SEGMENTS(100));
    assert_int_equal(t.tcb->cwnd, CC_MSS);
    assert_int_equal(t.tcb->ssthresh, SEGMENTS(70));
    t.tcb->ep.own_backoff = 2; /* the same segment again: ssthresh stays */
    cc_of(t.tcb)->congestion(t.tcp, t.tcb, CC_TIMEOUT, CC_MSS);
    t.tcb->ep.own_backoff = 0;
    assert_int_equal(t.tcb->ssthresh, SEGMENTS(70));
    while (t.tcb->cwnd < t.tcb->ssthresh)
        cc_ack(&t, CC_MSS, 1000000);
    cc_ack(&t, CC_MSS, 1000000);
    run_for(&t, 2000000, 1000000);
    /* 70 + 0.4 * (t + RTT)^3 at most; with W_max = 100 it would be beyond 95. */
    assert_true(segments(&t) > 71.0 && segments(&t) < 81.0);
    run_for(&t, 4000000, 1000000);
    assert_true(segments(&t) > 140.0);
    inside_close(&t);
}

static void R9438_9_congestion_marks_reduce_the_window_down_to_one_segment(void **state)
{
    struct inside t;
    (void)state;
    cc_start(&t, "cubic", 100000);
    t.tcb->cwnd = SEGMENTS(100);
    cc_of(t.tcb)->congestion(t.tcp, t.tcb, CC_ECN, SEGMENTS(100));
    assert_int_equal(t.tcb->cwnd, SEGMENTS(85)); /* RFC 8511 */
    for (unsigned i = 0; i < 40; i++)
        cc_of(t.tcb)->congestion(t.tcp, t.tcb, CC_ECN, t.tcb->cwnd);
    assert_int_equal(t.tcb->cwnd, CC_MSS);
    assert_int_equal(t.tcb->ssthresh, SEGMENTS(2));
    inside_close(&t);
}

static void R9438_10_a_mistaken_loss_leaves_the_curve_where_it_was(void **state)
{
    struct inside t, other;
    uint32_t cwnd, ssthresh;
    (void)state;
    start_after_loss(&t, 100, 100000);
    start_after_loss(&other, 100, 100000);
    run_for(&t, 2000000, 100000);
    run_for(&other, 2000000, 100000);
    cwnd = t.tcb->cwnd;
    ssthresh = t.tcb->ssthresh;
    cc_lose(&t, CC_LOSS, cwnd);
    t.tcb->cwnd = cwnd;
    t.tcb->ssthresh = ssthresh;
    cc_of(t.tcb)->undo(t.tcp, t.tcb);
    run_for(&t, 4000000, 100000);
    run_for(&other, 4000000, 100000);
    assert_true(fabs(segments(&t) - segments(&other)) < 2.0);
    inside_close(&t);
    inside_close(&other);
}

static void R9438_10_mistaken_losses_beyond_w_max_do_not_begin_the_curve_anew(void **state)
{
    struct inside t, other;
    (void)state;
    start_after_loss(&t, 100, 100000);
    start_after_loss(&other, 100, 100000);
    run_for(&t, 6000000, 100000);
    run_for(&other, 6000000, 100000);
    assert_true(segments(&t) > 101.0); /* past W_max */
    for (unsigned round = 1; round <= 20; round++) {
        uint32_t cwnd = t.tcb->cwnd, ssthresh = t.tcb->ssthresh;

        cc_lose(&t, CC_LOSS, cwnd);
        t.tcb->cwnd = cwnd;
        t.tcb->ssthresh = ssthresh;
        cc_of(t.tcb)->undo(t.tcp, t.tcb);
        run_for(&t, 6000000 + round * 100000, 100000);
    }
    run_for(&other, 8000000, 100000);
    assert_true(segments(&t) > 0.9 * segments(&other));
    inside_close(&t);
    inside_close(&other);
}

static void R5681_14_after_idleness_the_window_is_at_most_the_initial_one(void **state)
{
    struct inside t;
    (void)state;
    start_after_loss(&t, 100, 100000);
    cc_of(t.tcb)->idle(t.tcp, t.tcb, 10000000);
    assert_int_equal(t.tcb->cwnd, 14480);
    assert_int_equal(t.tcb->ssthresh, SEGMENTS(70)); /* RFC 7661: the way back is known */
    inside_close(&t);
}

static void without_a_sender_block_it_only_starts_slowly(void **state)
{
    struct inside t;
    (void)state;
    cc_start(&t, "cubic", 100000);
    sender_give(t.tcp, t.tcb);
    cc_ack(&t, CC_MSS, 100000);
    assert_int_equal(t.tcb->cwnd, SEGMENTS(11));
    cc_lose(&t, CC_LOSS, SEGMENTS(10));
    cc_ack(&t, CC_MSS, 100000);
    assert_int_equal(t.tcb->cwnd, SEGMENTS(7));
    cc_of(t.tcb)->undo(t.tcp, t.tcb);
    cc_of(t.tcb)->idle(t.tcp, t.tcb, 1);
    inside_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_curve_is_two_fifths_of_a_segment_by_the_cubed_second),
        cmocka_unit_test(R9438_3_k_is_the_cube_root),
        cmocka_unit_test(R9438_1_a_loss_keeps_seven_tenths_of_the_flight),
        cmocka_unit_test(R9438_3_the_window_is_back_where_it_was_after_k),
        cmocka_unit_test(R9438_3_without_new_acks_nothing_grows),
        cmocka_unit_test(R9438_2_a_loss_below_the_last_one_lowers_w_max_further),
        cmocka_unit_test(R9438_4_a_round_trip_grows_the_window_by_half_at_most),
        cmocka_unit_test(R9438_4_the_window_never_falls_on_an_ack),
        cmocka_unit_test(R9438_5_on_short_paths_it_is_as_fast_as_reno),
        cmocka_unit_test(R9438_6_time_without_use_of_the_window_does_not_count),
        cmocka_unit_test(R9438_6_nor_does_a_pause_shorter_than_the_rto),
        cmocka_unit_test(R9438_7_a_window_that_is_not_used_stays),
        cmocka_unit_test(R9438_8_after_a_timeout_the_curve_begins_flat),
        cmocka_unit_test(R9438_9_congestion_marks_reduce_the_window_down_to_one_segment),
        cmocka_unit_test(R9438_10_a_mistaken_loss_leaves_the_curve_where_it_was),
        cmocka_unit_test(R9438_10_mistaken_losses_beyond_w_max_do_not_begin_the_curve_anew),
        cmocka_unit_test(R5681_14_after_idleness_the_window_is_at_most_the_initial_one),
        cmocka_unit_test(without_a_sender_block_it_only_starts_slowly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
