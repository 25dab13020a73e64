/* Reno's window against RFC 5681 in floating point. */
#include "tcp/cc.h"

#include "tcp/inside.h"

#define MSS 1000u

static void start(struct inside *t)
{
    inside_configure(t, 1u << 20);
    t->config.congestion_control = "reno";
    inside_open(t, 1, 1, 65535);
    t->tcb->snd_mss = MSS;
    assert_true(sender_make(t->tcp, t->tcb));
    cc_reno.established(t->tcp, t->tcb);
}

static void R5681_2_the_initial_window_is_that_of_rfc_6928(void **state)
{
    static const uint16_t sizes[][2] = {{536, 5360}, {1000, 10000}, {1460, 14600}, {2190, 14600}, {8960, 17920}};
    struct inside t;
    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        start(&t);
        t.tcb->snd_mss = sizes[i][0];
        cc_reno.established(t.tcp, t.tcb);
        assert_int_equal(t.tcb->cwnd, sizes[i][1]);
        inside_close(&t);
    }
}

static void R5681_4_the_initial_window_is_one_segment_after_a_lost_syn(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    t.tcb->tuning |= SYN_IS_LOST;
    cc_reno.established(t.tcp, t.tcb);
    assert_int_equal(t.tcb->cwnd, MSS);
    inside_close(&t);
}

static void R5681_8_ssthresh_begins_above_any_window(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    assert_true(t.tcb->ssthresh >= UINT32_C(1) << 30);
    inside_close(&t);
}

/* The same in reals: slow start by bytes, then one MSS for each window acknowledged, spread over the window. */
struct model {
    double cwnd, ssthresh, base, left;
};

static void model_acked(struct model *m, double acked)
{
    if (m->cwnd < m->ssthresh) {
        m->cwnd = m->cwnd + acked < m->ssthresh ? m->cwnd + acked : m->ssthresh;
        m->base = m->left = m->cwnd;
        return;
    }
    while (acked > 0) {
        double part = acked < m->left ? acked : m->left;

        m->cwnd += MSS * part / m->base;
        m->left -= part;
        acked -= part;
        if (m->left <= 0)
            m->base = m->left = m->cwnd;
    }
}

static void deliver(struct inside *t, uint32_t bytes, bool window_limited)
{
    struct ack_sample ack = {.acked_bytes = bytes,
                             .delivered_bytes = bytes,
                             .flight_before = t->tcb->cwnd,
                             .window_limited = window_limited};

    cc_reno.acked(t->tcp, t->tcb, &ack);
}

static void R5681_6_the_window_follows_the_model_within_one_mss(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct inside t;
        struct model m;
        uint64_t random = seed;

        start(&t);
        t.tcb->ssthresh = 40000;
        m = (struct model){.cwnd = t.tcb->cwnd, .ssthresh = 40000, .base = t.tcb->cwnd, .left = t.tcb->cwnd};
        for (unsigned i = 0; i < 2000; i++) {
            uint32_t acked = 1 + inside_below(&random, 3 * MSS);

            deliver(&t, acked, true);
            model_acked(&m, acked);
            assert_true((double)t.tcb->cwnd > m.cwnd - MSS - 1 && (double)t.tcb->cwnd < m.cwnd + MSS + 1);
        }
        assert_true(t.tcb->cwnd > 50000);
        inside_close(&t);
    }
}

static void R5681_5_slow_start_adds_what_was_acknowledged_byte_for_byte(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    deliver(&t, 1, true);
    assert_int_equal(t.tcb->cwnd, 10 * MSS + 1);
    deliver(&t, 2 * MSS, true);
    assert_int_equal(t.tcb->cwnd, 12 * MSS + 1);
    inside_close(&t);
}

static void R5681_6_one_window_of_acks_adds_at_most_one_mss_in_avoidance(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    t.tcb->ssthresh = t.tcb->cwnd;
    for (uint32_t acked = 0; acked < 10 * MSS; acked += 10)
        deliver(&t, 10, true);
    assert_int_equal(t.tcb->cwnd, 11 * MSS);
    inside_close(&t);
}

static void R5681_7_a_timeout_halves_the_flight_once_and_leaves_one_segment(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    t.tcb->cwnd = 40 * MSS;
    t.tcb->ep.own_backoff = 1;
    cc_reno.congestion(t.tcp, t.tcb, CC_TIMEOUT, 20 * MSS);
    assert_int_equal(t.tcb->ssthresh, 10 * MSS);
    assert_int_equal(t.tcb->cwnd, MSS);
    t.tcb->ep.own_backoff = 2; /* the same segment again */
    cc_reno.congestion(t.tcp, t.tcb, CC_TIMEOUT, MSS);
    assert_int_equal(t.tcb->ssthresh, 10 * MSS);
    inside_close(&t);
}

static void R5681_7_ssthresh_is_never_below_two_segments(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    cc_reno.congestion(t.tcp, t.tcb, CC_LOSS, MSS);
    assert_int_equal(t.tcb->ssthresh, 2 * MSS);
    inside_close(&t);
}

static void R5681_14_after_idleness_the_window_is_at_most_the_initial_one(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    t.tcb->cwnd = 500 * MSS;
    cc_reno.idle(t.tcp, t.tcb, 1000000);
    assert_int_equal(t.tcb->cwnd, 10 * MSS);
    t.tcb->cwnd = 3 * MSS;
    cc_reno.idle(t.tcp, t.tcb, 1000000);
    assert_int_equal(t.tcb->cwnd, 3 * MSS);
    inside_close(&t);
}

static void a_window_that_is_not_used_does_not_grow(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    for (unsigned i = 0; i < 1000; i++)
        deliver(&t, 100, false);
    assert_int_equal(t.tcb->cwnd, 10 * MSS);
    inside_close(&t);
}

static void the_window_stops_at_1_gib_without_overflow(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    t.tcb->cwnd = (UINT32_C(1) << 30) - 100000;
    for (unsigned i = 0; i < 40; i++)
        deliver(&t, UINT32_C(1) << 28, true);
    assert_int_equal(t.tcb->cwnd, UINT32_C(1) << 30);
    inside_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R5681_2_the_initial_window_is_that_of_rfc_6928),
        cmocka_unit_test(R5681_4_the_initial_window_is_one_segment_after_a_lost_syn),
        cmocka_unit_test(R5681_8_ssthresh_begins_above_any_window),
        cmocka_unit_test(R5681_6_the_window_follows_the_model_within_one_mss),
        cmocka_unit_test(R5681_5_slow_start_adds_what_was_acknowledged_byte_for_byte),
        cmocka_unit_test(R5681_6_one_window_of_acks_adds_at_most_one_mss_in_avoidance),
        cmocka_unit_test(R5681_7_a_timeout_halves_the_flight_once_and_leaves_one_segment),
        cmocka_unit_test(R5681_7_ssthresh_is_never_below_two_segments),
        cmocka_unit_test(R5681_14_after_idleness_the_window_is_at_most_the_initial_one),
        cmocka_unit_test(a_window_that_is_not_used_does_not_grow),
        cmocka_unit_test(the_window_stops_at_1_gib_without_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
