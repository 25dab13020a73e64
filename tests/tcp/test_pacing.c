/* Pacing: when the next train may leave, and how much of it. */
#include "tcp/pacing.h"

#include "tcp/cc.h"
#include "tcp/inside.h"
#include "tcp/limits.h"

#define MSS 1000u

static struct sender *start(struct inside *t, uint64_t rate)
{
    struct sender *sender;

    inside_configure(t, 1u << 20);
    inside_open(t, 1, 1, 65535);
    t->tcp->settings.pacing = true;
    assert_true(sender_make(t->tcp, t->tcb));
    sender = sender_at(t->tcp, t->tcb);
    sender->pacing_rate = rate;
    sender->delivered = 1;
    return sender;
}

static void set_now(struct inside *t, uint64_t ns)
{
    host_set_now(&t->tcp->ip.host, ns);
}

static void without_a_rate_nothing_waits(void **state)
{
    struct inside t;
    (void)state;
    start(&t, 0);
    pacing_sent(t.tcp, t.tcb, 60000);
    assert_true(pacing_allows(t.tcp, t.tcb));
    assert_int_equal(pacing_quantum(t.tcp, t.tcb), RILL_TRAIN_PAYLOAD_MAX);
    inside_close(&t);
}

static void the_first_flight_leaves_at_once(void **state)
{
    struct inside t;
    struct sender *sender;
    (void)state;
    sender = start(&t, 1000);
    sender->delivered = 0;
    assert_int_equal(pacing_quantum(t.tcp, t.tcb), RILL_TRAIN_PAYLOAD_MAX);
    pacing_sent(t.tcp, t.tcb, 14480);
    assert_true(pacing_allows(t.tcp, t.tcb));
    inside_close(&t);
}

static void the_applications_bound_holds_in_the_first_flight_too(void **state)
{
    static const uint64_t own[] = {0, 1000, 100000000};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct inside t;
        struct sender *sender = start(&t, own[i]);

        sender->delivered = 0;
        assert_int_equal(limits_set(t.tcp, &t.tcb->limits, &(struct rill_limits){.pacing_rate = 5000000}), 0);
        assert_int_equal(pacing_quantum(t.tcp, t.tcb), 5 * MSS);
        pacing_sent(t.tcp, t.tcb, 5 * MSS);
        assert_false(pacing_allows(t.tcp, t.tcb));
        inside_close(&t);
    }
}

static void before_there_is_a_sender_the_applications_bound_holds(void **state)
{
    struct inside t;
    (void)state;
    inside_configure(&t, 1u << 20);
    inside_open(&t, 1, 1, 65535);
    assert_int_equal(pacing_quantum(t.tcp, t.tcb), RILL_TRAIN_PAYLOAD_MAX);
    assert_int_equal(limits_set(t.tcp, &t.tcb->limits, &(struct rill_limits){.pacing_rate = 5000000}), 0);
    assert_int_equal(pacing_quantum(t.tcp, t.tcb), 5 * MSS);
    inside_close(&t);
}

static void a_rate_of_next_to_nothing_waits_for_a_round_trip_and_no_longer(void **state)
{
    static const uint64_t round_trips_us[][2] = {{0, 1000000}, {100000, 100000}, {1000, 10000}, {60000000, 1000000}};
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct inside t;
        uint64_t began;

        (void)start(&t, 1);
        t.tcb->srtt_us8 = (uint32_t)round_trips_us[i][0] << 3;
        began = t.tcp->ip.host.now;
        pacing_sent(t.tcp, t.tcb, MSS);
        set_now(&t, began + round_trips_us[i][1] * 1000 - 1);
        assert_false(pacing_allows(t.tcp, t.tcb));
        set_now(&t, began + round_trips_us[i][1] * 1000);
        assert_true(pacing_allows(t.tcp, t.tcb));
        inside_close(&t);
    }
}

static void the_applications_bound_waits_for_as_long_as_it_takes(void **state)
{
    struct inside t;
    uint64_t began;
    (void)state;
    (void)start(&t, 0);
    began = t.tcp->ip.host.now;
    assert_int_equal(limits_set(t.tcp, &t.tcb->limits, &(struct rill_limits){.pacing_rate = 10}), 0);
    pacing_sent(t.tcp, t.tcb, MSS);
    set_now(&t, began + UINT64_C(99999) * 1000000);
    assert_false(pacing_allows(t.tcp, t.tcb));
    set_now(&t, began + UINT64_C(100000) * 1000000);
    assert_true(pacing_allows(t.tcp, t.tcb));
    inside_close(&t);
}

static void a_train_holds_a_millisecond_within_two_segments_and_64_kib(void **state)
{
    static const uint64_t rates[][2] = {{1, 2 * MSS},
                                        {1999999, 2 * MSS},
                                        {12500000, 12 * MSS},
                                        {125000000, 65 * MSS},
                                        {UINT64_C(12500000000), 65 * MSS}};
    struct inside t;
    (void)state;
    for (unsigned i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct sender *sender = start(&t, rates[i][0]);

        set_now(&t, NANOS_PER_S);
        sender->pace_at = NANOS_PER_S; /* neither early nor late */
        assert_int_equal(pacing_quantum(t.tcp, t.tcb), rates[i][1]);
        inside_close(&t);
    }
}

static void after_a_train_the_next_waits_for_its_share_of_time(void **state)
{
    struct inside t;
    struct sender *sender;
    (void)state;
    sender = start(&t, 10000000);
    set_now(&t, NANOS_PER_S);
    sender->pace_at = NANOS_PER_S;
    pacing_sent(t.tcp, t.tcb, 10000);
    assert_int_equal(sender->pace_at, NANOS_PER_S + NANOS_PER_MS);
    assert_false(pacing_allows(t.tcp, t.tcb));
    set_now(&t, NANOS_PER_S + NANOS_PER_MS - 1);
    assert_false(pacing_allows(t.tcp, t.tcb));
    set_now(&t, NANOS_PER_S + NANOS_PER_MS);
    assert_true(pacing_allows(t.tcp, t.tcb));
    inside_close(&t);
}

static void who_comes_late_may_catch_up_by_one_quantum_and_no_more(void **state)
{
    struct inside t;
    struct sender *sender;
    (void)state;
    sender = start(&t, 10000000);
    sender->pace_at = NANOS_PER_S;
    set_now(&t, NANOS_PER_S + NANOS_PER_MS / 2);
    assert_int_equal(pacing_quantum(t.tcp, t.tcb), 15000);
    set_now(&t, 3600 * NANOS_PER_S);
    assert_int_equal(pacing_quantum(t.tcp, t.tcb), 20000);
    pacing_sent(t.tcp, t.tcb, 20000);
    assert_int_equal(sender->pace_at, 3600 * NANOS_PER_S + NANOS_PER_MS);
    inside_close(&t);
}

/* Polled at odd moments, up to two milliseconds apart: in the long run the rate holds, and no burst exceeds two quanta. */
static void the_rate_holds_however_irregularly_one_asks(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t random = seed, rate = 100000 + inside_below(&random, 100000000), sent = 0;
        struct inside t;
        uint64_t now = NANOS_PER_S;
        uint32_t quantum;

        start(&t, rate)->pace_at = now;
        set_now(&t, now);
        quantum = pacing_quantum(t.tcp, t.tcb);
        for (unsigned i = 0; i < 20000; i++) {
            uint32_t burst = 0;

            set_now(&t, now);
            while (pacing_allows(t.tcp, t.tcb)) {
                uint32_t bytes = pacing_quantum(t.tcp, t.tcb);

                pacing_sent(t.tcp, t.tcb, bytes);
                burst += bytes;
            }
            assert_true(burst <= 2 * (quantum + MSS) + MSS);
            sent += burst;
            now += inside_below(&random, rate < 2000000 ? 2000000 : 900000);
        }
        assert_true(sent <= (uint64_t)((double)rate * (double)(now - NANOS_PER_S) / 1e9) + 3 * (quantum + MSS));
        assert_true((double)sent >= 0.97 * (double)rate * (double)(now - NANOS_PER_S) / 1e9);
        inside_close(&t);
    }
}

static void a_window_gives_twice_its_rate_in_slow_start_and_a_fifth_more_in_avoidance(void **state)
{
    struct inside t;
    struct sender *sender;
    (void)state;
    sender = start(&t, 0);
    t.tcp->settings.pacing = true;
    t.tcb->cc = (uint8_t)cc_find("reno");
    t.tcb->srtt_us8 = 100000 << 3;
    t.tcb->cwnd = 100000;
    pacing_follow_window(t.tcp, t.tcb);
    assert_int_equal(sender->pacing_rate, 2000000);
    t.tcb->ssthresh = 100000;
    pacing_follow_window(t.tcp, t.tcb);
    assert_int_equal(sender->pacing_rate, 1200000);
    t.tcp->settings.pacing = false;
    pacing_follow_window(t.tcp, t.tcb);
    assert_int_equal(sender->pacing_rate, 0);
    inside_close(&t);
}

/* Past slow start, 100 segments in 100 ms, more to send than the window takes. */
static struct sender *start_full(struct inside *t)
{
    struct sender *sender = start(t, 0);

    t->tcp->settings.pacing = false;
    t->tcb->cc = (uint8_t)cc_find("cubic");
    t->tcb->srtt_us8 = 100000 << 3;
    t->tcb->cwnd = t->tcb->ssthresh = 100000;
    sender->limited_end = seq_add(t->tcb->snd_una, 1);
    pacing_follow_window(t->tcp, t->tcb);
    return sender;
}

static void a_full_window_is_spread_at_one_and_a_half_times_its_rate(void **state)
{
    struct inside t;
    struct sender *sender;
    (void)state;
    sender = start_full(&t);
    assert_int_equal(sender->pacing_rate, 1500000);
    assert_int_equal(pacing_quantum(t.tcp, t.tcb), 1000); /* a segment: a quarter of a millisecond has less */
    sender->pacing_rate = 40000000;
    assert_int_equal(pacing_quantum(t.tcp, t.tcb), 10000);
    inside_close(&t);
}

enum reason { NOT_FULL, SLOW_START, RECOVERY, SMALL, NEAR, FAST, SWITCHED_OFF, REASONS };

static void not_so_in_slow_start_or_recovery_or_where_it_would_only_wait(void **state)
{
    (void)state;
    for (unsigned reason = 0; reason < REASONS; reason++) {
        struct inside t;
        struct sender *sender = start_full(&t);

        sender->pace_at = 1;
        sender->limited_end = reason == NOT_FULL ? t.tcb->snd_una : sender->limited_end;
        t.tcb->ssthresh += reason == SLOW_START ? 1 : 0;
        sender->state = reason == RECOVERY ? SENDER_RECOVERY : SENDER_OPEN;
        t.tcb->cwnd = reason == SMALL ? 31999 : reason == FAST ? 20000000 : t.tcb->cwnd;
        t.tcb->ssthresh = reason == SMALL ? 31999 : t.tcb->ssthresh;
        t.tcb->srtt_us8 = reason == NEAR ? 1999 << 3 : t.tcb->srtt_us8;
        t.tcp->settings.window_pacing = reason != SWITCHED_OFF;
        pacing_follow_window(t.tcp, t.tcb);
        assert_int_equal(sender->pacing_rate, 0);
        assert_true(pacing_allows(t.tcp, t.tcb));
        inside_close(&t);
    }
}

static void without_a_round_trip_there_is_no_pace(void **state)
{
    struct inside t;
    struct sender *sender;
    (void)state;
    sender = start(&t, 1);
    t.tcp->settings.pacing = true;
    t.tcb->cc = (uint8_t)cc_find("reno");
    pacing_follow_window(t.tcp, t.tcb);
    assert_int_equal(sender->pacing_rate, 0);
    inside_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_rate_nothing_waits),
        cmocka_unit_test(the_first_flight_leaves_at_once),
        cmocka_unit_test(the_applications_bound_holds_in_the_first_flight_too),
        cmocka_unit_test(before_there_is_a_sender_the_applications_bound_holds),
        cmocka_unit_test(a_rate_of_next_to_nothing_waits_for_a_round_trip_and_no_longer),
        cmocka_unit_test(the_applications_bound_waits_for_as_long_as_it_takes),
        cmocka_unit_test(a_train_holds_a_millisecond_within_two_segments_and_64_kib),
        cmocka_unit_test(after_a_train_the_next_waits_for_its_share_of_time),
        cmocka_unit_test(who_comes_late_may_catch_up_by_one_quantum_and_no_more),
        cmocka_unit_test(the_rate_holds_however_irregularly_one_asks),
        cmocka_unit_test(a_window_gives_twice_its_rate_in_slow_start_and_a_fifth_more_in_avoidance),
        cmocka_unit_test(a_full_window_is_spread_at_one_and_a_half_times_its_rate),
        cmocka_unit_test(not_so_in_slow_start_or_recovery_or_where_it_would_only_wait),
        cmocka_unit_test(without_a_round_trip_there_is_no_pace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
