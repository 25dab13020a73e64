/* DCTCP (RFC 8257): the window shrinks by as much as was marked. */
#include "tcp/cc_inside.h"

#include <math.h>

#define WINDOW 100u

static void start(struct inside *t)
{
    cc_start(t, "dctcp", 1000);
    t->tcb->cwnd = t->tcb->ssthresh = WINDOW * CC_MSS;
}

/* A window of WINDOW segments is acknowledged, `marked` of them with a mark. Returns by which part cwnd shrank. */
static double window_with(struct inside *t, unsigned marked)
{
    uint32_t before = t->tcb->cwnd = WINDOW * CC_MSS;

    t->tcb->snd_nxt = seq_add(t->tcb->snd_una, WINDOW * CC_MSS);
    for (unsigned i = 0; i < WINDOW; i++) {
        struct ack_sample ack = {.acked_bytes = CC_MSS,
                                 .delivered_bytes = CC_MSS,
                                 .marked_bytes = i < marked ? CC_MSS : 0,
                                 .window_limited = marked > 0};

        t->tcb->snd_una = seq_add(t->tcb->snd_una, CC_MSS);
        cc_of(t->tcb)->acked(t->tcp, t->tcb, &ack);
    }
    return 1 - (double)t->tcb->cwnd / before;
}

static void alpha_begins_at_one_so_that_the_first_mark_halves(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    assert_true(fabs(window_with(&t, WINDOW) - 0.5) < 0.01);
    inside_close(&t);
}

static void alpha_follows_the_marked_part_with_a_gain_of_a_sixteenth(void **state)
{
    static const unsigned marks[] = {0, 5, 30, 100};
    (void)state;
    for (unsigned i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        double alpha = 1, cut;
        struct inside t;

        start(&t);
        for (unsigned n = 0; n < 100; n++) {
            double m = (double)marks[i] / WINDOW;

            cut = window_with(&t, marks[i]);
            if (n > 0) /* a window ends with the first ACK behind it: the very first is that ACK alone */
                alpha = alpha * 15 / 16 + m / 16;
            assert_true(n == 0 || marks[i] == 0 || fabs(cut - alpha / 2) < 0.02);
        }
        assert_true(marks[i] > 0 || cut <= 0);
        inside_close(&t);
    }
}

static void a_window_shrinks_once_and_never_below_two_segments(void **state)
{
    struct ack_sample ack = {.acked_bytes = CC_MSS, .delivered_bytes = CC_MSS, .marked_bytes = CC_MSS};
    struct inside t;
    (void)state;
    start(&t);
    t.tcb->snd_nxt = seq_add(t.tcb->snd_una, WINDOW * CC_MSS);
    for (unsigned i = 0; i < WINDOW; i++) {
        t.tcb->snd_una = seq_add(t.tcb->snd_una, CC_MSS);
        cc_of(t.tcb)->acked(t.tcp, t.tcb, &ack);
        assert_true(t.tcb->cwnd >= WINDOW * CC_MSS / 2);
    }
    for (unsigned i = 0; i < 20; i++) {
        t.tcb->snd_nxt = t.tcb->snd_una = seq_add(t.tcb->snd_una, CC_MSS);
        cc_of(t.tcb)->acked(t.tcp, t.tcb, &ack);
    }
    assert_int_equal(t.tcb->cwnd, 2 * CC_MSS);
    inside_close(&t);
}

static void a_loss_is_answered_as_reno_does(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    cc_lose(&t, CC_LOSS, WINDOW * CC_MSS);
    assert_int_equal(t.tcb->cwnd, WINDOW / 2 * CC_MSS);
    inside_close(&t);
}

/* `acked` segments more, all marked, of a flight of WINDOW. */
static void marked_acks(struct inside *t, unsigned acked)
{
    struct ack_sample ack = {.acked_bytes = CC_MSS, .delivered_bytes = CC_MSS, .marked_bytes = CC_MSS};

    for (unsigned i = 0; i < acked; i++) {
        t->tcb->snd_una = seq_add(t->tcb->snd_una, CC_MSS);
        t->tcb->snd_nxt = seq_add(t->tcb->snd_una, WINDOW * CC_MSS);
        cc_of(t->tcb)->acked(t->tcp, t->tcb, &ack);
    }
}

static void a_loss_in_a_window_that_shrank_for_marks_is_answered(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    marked_acks(&t, 2);
    assert_int_equal(t.tcb->cwnd, WINDOW / 2 * CC_MSS);
    cc_lose(&t, CC_LOSS, WINDOW * CC_MSS);
    assert_int_equal(t.tcb->cwnd, WINDOW / 2 * CC_MSS);
    cc_lose(&t, CC_LOSS, WINDOW / 2 * CC_MSS); /* what was sent again */
    assert_int_equal(t.tcb->cwnd, WINDOW / 4 * CC_MSS);
    inside_close(&t);
}

static void a_loss_in_a_window_that_few_marks_shrank_takes_the_rest_of_a_half(void **state)
{
    struct inside t;
    uint32_t before;
    (void)state;
    start(&t);
    for (unsigned n = 0; n < 60; n++)
        window_with(&t, 0); /* alpha has become small */
    t.tcb->snd_nxt = seq_add(t.tcb->snd_una, WINDOW * CC_MSS);
    before = t.tcb->cwnd;
    marked_acks(&t, 2);
    assert_true(t.tcb->cwnd < before && t.tcb->cwnd > before / 10 * 9);
    cc_lose(&t, CC_LOSS, before);
    assert_int_equal(t.tcb->cwnd, before / 2);
    inside_close(&t);
}

static void a_timeout_in_a_window_that_shrank_for_marks_shrinks_it(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    marked_acks(&t, 2);
    cc_lose(&t, CC_TIMEOUT, WINDOW * CC_MSS);
    assert_int_equal(t.tcb->cwnd, CC_MSS);
    inside_close(&t);
}

static void marks_of_a_window_that_a_loss_shrank_shrink_it_no_more(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    t.tcb->snd_nxt = seq_add(t.tcb->snd_una, WINDOW * CC_MSS);
    cc_lose(&t, CC_LOSS, WINDOW * CC_MSS);
    marked_acks(&t, 2);
    assert_int_equal(t.tcb->cwnd, WINDOW / 2 * CC_MSS);
    marked_acks(&t, WINDOW); /* the next window's do */
    assert_true(t.tcb->cwnd < WINDOW / 2 * CC_MSS);
    inside_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alpha_begins_at_one_so_that_the_first_mark_halves),
        cmocka_unit_test(alpha_follows_the_marked_part_with_a_gain_of_a_sixteenth),
        cmocka_unit_test(a_window_shrinks_once_and_never_below_two_segments),
        cmocka_unit_test(a_loss_is_answered_as_reno_does),
        cmocka_unit_test(a_loss_in_a_window_that_shrank_for_marks_is_answered),
        cmocka_unit_test(a_loss_in_a_window_that_few_marks_shrank_takes_the_rest_of_a_half),
        cmocka_unit_test(a_timeout_in_a_window_that_shrank_for_marks_shrinks_it),
        cmocka_unit_test(marks_of_a_window_that_a_loss_shrank_shrink_it_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
