/* HyStart++ (RFC 9406): scripted round trips, a round at a time. */
#include "tcp/hystart.h"

#include "tcp/cc_inside.h"

#define ROUND_SEGMENTS 16u

/* One round: so many segments are in flight, and each is acknowledged after such a round trip. */
static void round_of(struct inside *t, unsigned acks, uint32_t rtt_us)
{
    t->tcb->snd_nxt = seq_add(t->tcb->snd_una, acks * CC_MSS);
    for (unsigned i = 0; i < acks; i++) {
        cc_time_passes(t, 5000); /* no train of ACKs */
        t->tcb->snd_una = seq_add(t->tcb->snd_una, CC_MSS);
        cc_ack(t, CC_MSS, rtt_us);
    }
}

/* The same told to the algorithm alone; returns the growth of the round's last ACK. */
struct walk {
    struct hystart hystart;
    struct tcb tcb;
    bool done;
};

static uint32_t walk_round(struct walk *w, unsigned acks, uint32_t rtt_us)
{
    uint32_t grown = 0;

    w->tcb.snd_nxt = seq_add(w->tcb.snd_una, acks * 1000);
    for (unsigned i = 0; i < acks && !w->done; i++) {
        struct ack_sample ack = {.acked_bytes = 1000, .rtt_us = rtt_us, .window_limited = true};

        w->tcb.snd_una = seq_add(w->tcb.snd_una, 1000);
        grown = hystart_acked(&w->hystart, &w->tcb, &ack, 1000, &w->done);
    }
    return grown;
}

static void walk_start(struct walk *w, uint32_t at)
{
    *w = (struct walk){.tcb = {.snd_una = seq_make(at), .snd_nxt = seq_make(at)}};
}

static void R9406_1_a_delay_above_the_threshold_leads_into_conservative_slow_start(void **state)
{
    /* last round's minimum, and the threshold: max(4 ms, min(last / 8, 16 ms)) */
    static const uint32_t rows[][2] = {{1000, 4000}, {31999, 4000}, {40000, 5000}, {100000, 12500}, {800000, 16000}};
    (void)state;
    for (unsigned corner = 0; corner < INSIDE_CORNERS; corner++) {
        for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            struct walk w;

            walk_start(&w, inside_corners[corner]);
            walk_round(&w, 10, rows[i][0]);
            walk_round(&w, 10, rows[i][0] + rows[i][1] - 1);
            assert_false(w.hystart.in_css);
            walk_start(&w, inside_corners[corner]);
            walk_round(&w, 10, rows[i][0]);
            walk_round(&w, 10, rows[i][0] + rows[i][1]);
            assert_true(w.hystart.in_css);
        }
    }
}

static void R9406_1_fewer_than_eight_samples_in_a_round_say_nothing(void **state)
{
    struct walk w;
    (void)state;
    walk_start(&w, 1);
    walk_round(&w, 10, 20000);
    walk_round(&w, 7, 90000);
    assert_false(w.hystart.in_css);
    walk_start(&w, 1);
    walk_round(&w, 10, 20000);
    walk_round(&w, 8, 90000);
    assert_true(w.hystart.in_css);
}

static void R9406_1_the_smallest_round_trip_of_the_round_counts(void **state)
{
    struct walk w;
    (void)state;
    walk_start(&w, 1);
    walk_round(&w, 10, 20000);
    for (unsigned i = 0; i < 20; i++) { /* within one round */
        struct ack_sample ack = {.acked_bytes = 1000, .rtt_us = i == 3 ? 20000 : 90000};

        hystart_acked(&w.hystart, &w.tcb, &ack, 1000, &w.done);
    }
    assert_false(w.hystart.in_css);
}

static void R9406_2_conservative_slow_start_grows_a_quarter_for_five_rounds(void **state)
{
    struct walk w;
    (void)state;
    walk_start(&w, 1);
    assert_int_equal(walk_round(&w, 10, 20000), 1000);
    walk_round(&w, 10, 30000); /* the round that it is entered in counts */
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(walk_round(&w, 10, 30000), 250);
    assert_false(w.done);
    walk_round(&w, 1, 30000); /* begins the next one */
    assert_true(w.done);
}

static void R9406_3_a_round_trip_below_the_baseline_resumes_slow_start(void **state)
{
    struct walk w;
    (void)state;
    walk_start(&w, 1);
    walk_round(&w, 10, 20000);
    walk_round(&w, 10, 30000);
    assert_true(w.hystart.in_css);
    walk_round(&w, 10, 29999);
    assert_false(w.hystart.in_css);
    assert_int_equal(walk_round(&w, 10, 29999), 1000);
    assert_false(w.done);
}

/* Of a round's `acks` the first comes at once, and each that follows so much later. */
static void train_round(struct walk *w, uint32_t *now_us, unsigned acks, uint32_t gap_us)
{
    w->tcb.snd_nxt = seq_add(w->tcb.snd_una, acks * 1000);
    for (unsigned i = 0; i < acks; i++) {
        struct ack_sample ack = {.acked_bytes = 1000, .rtt_us = 20000, .window_limited = true};

        *now_us += i == 0 ? 20000 : gap_us;
        w->tcb.snd_una = seq_add(w->tcb.snd_una, 1000);
        hystart_acked(&w->hystart, &w->tcb, &ack, 1000, &w->done);
        hystart_train(&w->hystart, &w->tcb, *now_us);
    }
}

static void a_train_of_acks_over_half_a_round_trip_leads_into_conservative_slow_start(void **state)
{
    struct walk w;
    uint32_t now_us = UINT32_MAX - 30000; /* the clock wraps */
    (void)state;
    walk_start(&w, 1);
    w.tcb.snd_mss = 1000;
    w.tcb.cwnd = 16000;
    train_round(&w, &now_us, 11, 1000); /* exactly half of it */
    assert_false(w.hystart.in_css);
    train_round(&w, &now_us, 12, 1000);
    assert_true(w.hystart.in_css);
    walk_round(&w, 10, 20000);
    assert_true(w.hystart.in_css); /* no delay resumes slow start */
    assert_int_equal(walk_round(&w, 10, 20000), 250);
}

static void acks_further_apart_than_two_milliseconds_are_no_train(void **state)
{
    struct walk w;
    uint32_t now_us = 1;
    (void)state;
    walk_start(&w, 1);
    w.tcb.snd_mss = 1000;
    w.tcb.cwnd = 16000;
    train_round(&w, &now_us, 16, 2001);
    assert_false(w.hystart.in_css);
    train_round(&w, &now_us, 16, 2000);
    assert_true(w.hystart.in_css);
}

static void the_train_of_a_window_below_sixteen_segments_says_nothing(void **state)
{
    struct walk w;
    uint32_t now_us = 1;
    (void)state;
    walk_start(&w, 1);
    w.tcb.snd_mss = 1000;
    w.tcb.cwnd = 15999;
    train_round(&w, &now_us, 16, 1000);
    assert_false(w.hystart.in_css);
}

static void paced_segments_make_no_train(void **state)
{
    (void)state;
    for (unsigned paced = 0; paced < 2; paced++) {
        struct inside t;

        cc_start(&t, "cubic", 20000);
        t.tcp->settings.pacing = paced != 0;
        t.tcb->cwnd = 20 * CC_MSS;
        t.tcb->snd_nxt = seq_add(t.tcb->snd_una, 20 * CC_MSS);
        for (unsigned i = 0; i < 20; i++) {
            t.tcb->snd_una = seq_add(t.tcb->snd_una, CC_MSS);
            cc_ack(&t, CC_MSS, 20000);
            cc_time_passes(&t, 1000);
        }
        if (paced != 0)
            assert_int_equal(t.tcb->cwnd, 40 * CC_MSS);
        else
            assert_in_range(t.tcb->cwnd, 32 * CC_MSS, 36 * CC_MSS);
        inside_close(&t);
    }
}

static void a_round_without_samples_leaves_nothing_to_compare_with(void **state)
{
    struct walk w;
    (void)state;
    walk_start(&w, 1);
    walk_round(&w, 10, 20000);
    walk_round(&w, 10, 0);
    walk_round(&w, 10, 90000);
    assert_false(w.hystart.in_css);
}

static void R9406_2_cubic_leaves_the_first_slow_start_with_ssthresh_at_the_window(void **state)
{
    struct inside t;
    (void)state;
    cc_start(&t, "cubic", 20000);
    round_of(&t, ROUND_SEGMENTS, 20000);
    for (unsigned i = 0; i < 5; i++)
        round_of(&t, ROUND_SEGMENTS, 40000);
    assert_int_equal(t.tcb->ssthresh, CWND_MAX);
    round_of(&t, 1, 40000);
    assert_int_equal(t.tcb->ssthresh, t.tcb->cwnd);
    /* 10 segments, 16 + 8 more until the eighth sample, then a quarter of 8 + 4 * 16 */
    assert_in_range(t.tcb->cwnd, 51 * CC_MSS, 53 * CC_MSS);
    inside_close(&t);
}

static void R9406_4_later_slow_starts_do_not_end_for_a_delay(void **state)
{
    struct inside t;
    uint32_t before;
    (void)state;
    cc_start(&t, "cubic", 20000);
    t.tcb->cwnd = 1000 * CC_MSS;
    cc_lose(&t, CC_TIMEOUT, 1000 * CC_MSS);
    round_of(&t, ROUND_SEGMENTS, 20000);
    before = t.tcb->cwnd;
    for (unsigned i = 0; i < 10; i++)
        round_of(&t, ROUND_SEGMENTS, 90000);
    assert_int_equal(t.tcb->cwnd, before + 10 * ROUND_SEGMENTS * CC_MSS);
    inside_close(&t);
}

static void R9406_4_an_ack_counts_whole_when_paced_and_at_most_a_train_otherwise(void **state)
{
    struct inside t;
    (void)state;
    cc_start(&t, "cubic", 20000);
    t.tcb->snd_nxt = seq_add(t.tcb->snd_una, 1u << 20);
    cc_ack(&t, 200000, 20000);
    assert_int_equal(t.tcb->cwnd, 10 * CC_MSS + RILL_TRAIN_PAYLOAD_MAX);
    t.tcp->settings.pacing = true;
    cc_ack(&t, 200000, 20000);
    assert_int_equal(t.tcb->cwnd, 10 * CC_MSS + RILL_TRAIN_PAYLOAD_MAX + 200000);
    inside_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R9406_1_a_delay_above_the_threshold_leads_into_conservative_slow_start),
        cmocka_unit_test(R9406_1_fewer_than_eight_samples_in_a_round_say_nothing),
        cmocka_unit_test(R9406_1_the_smallest_round_trip_of_the_round_counts),
        cmocka_unit_test(R9406_2_conservative_slow_start_grows_a_quarter_for_five_rounds),
        cmocka_unit_test(R9406_3_a_round_trip_below_the_baseline_resumes_slow_start),
        cmocka_unit_test(a_train_of_acks_over_half_a_round_trip_leads_into_conservative_slow_start),
        cmocka_unit_test(acks_further_apart_than_two_milliseconds_are_no_train),
        cmocka_unit_test(the_train_of_a_window_below_sixteen_segments_says_nothing),
        cmocka_unit_test(paced_segments_make_no_train),
        cmocka_unit_test(a_round_without_samples_leaves_nothing_to_compare_with),
        cmocka_unit_test(R9406_2_cubic_leaves_the_first_slow_start_with_ssthresh_at_the_window),
        cmocka_unit_test(R9406_4_later_slow_starts_do_not_end_for_a_delay),
        cmocka_unit_test(R9406_4_an_ack_counts_whole_when_paced_and_at_most_a_train_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
