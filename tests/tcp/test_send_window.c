/* The peer's window: shut, shrunk, opened a little; persist, and silly windows on the sender's side. */
#include "support/tcp_peer.h"

static void established_with(struct peer *p, const struct peer_setup *setup)
{
    peer_open(p, setup);
    peer_reach(p, RILL_STATE_ESTABLISHED);
}

/* The peer says its window, acknowledging up to `ack`. */
static void peer_window(struct peer *p, uint32_t ack, uint16_t window)
{
    p->window = window;
    peer_send(p, TCP_ACK, p->rcv_nxt, ack, 0);
}

static struct rill_status status_of(struct peer *p)
{
    struct rill_status status;

    expect_status_of(p, p->conn, &status);
    return status;
}

/* Data waits behind a window that is shut; nothing is in flight. */
static void shut_with_data(struct peer *p, const struct peer_setup *setup)
{
    established_with(p, setup);
    peer_window(p, 1, 0);
    assert_int_equal(peer_user_send(p, 3000), 3000);
    expect_nothing(p);
}

static void MUST_36_SHLD_29_SHLD_30_ST_114_probes_come_after_the_rto_and_double(void **state)
{
    static const uint64_t gaps[] = {200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000};
    struct peer p;
    (void)state;
    shut_with_data(&p, NULL);
    for (unsigned i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        peer_advance(&p, gaps[i] - 1);
        expect_nothing(&p);
        peer_advance(&p, 1);
        expect_segment(&p, TCP_ACK, 0, 1, 0); /* <SEQ=SND.UNA-1> */
        expect_nothing(&p);
        peer_window(&p, 1, 0);
        expect_nothing(&p);
    }
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_PERSIST_PROBES), 11);
    peer_close(&p);
}

static void MUST_37_a_peer_that_answers_probes_is_never_given_up(void **state)
{
    struct peer p;
    (void)state;
    shut_with_data(&p, NULL);
    for (unsigned minute = 0; minute < 24 * 60; minute++) {
        peer_advance(&p, 60000);
        peer_forget(&p);
        peer_window(&p, 1, 0);
    }
    expect_state(&p, RILL_STATE_ESTABLISHED);
    peer_forget(&p);
    peer_window(&p, 1, 65535);
    expect_segment(&p, TCP_ACK, 1, 1, 1460);
    expect_segment(&p, TCP_ACK, 1461, 1, 1460);
    expect_segment(&p, TCP_ACK, 2921, 1, 80);
    peer_close(&p);
}

static void a_peer_that_is_silent_for_the_user_timeout_is_given_up(void **state)
{
    struct peer p;
    (void)state;
    shut_with_data(&p, &(struct peer_setup){.user_timeout_ms = 100000});
    peer_advance(&p, 99999);
    expect_state(&p, RILL_STATE_ESTABLISHED);
    peer_advance(&p, 1);
    expect_state(&p, RILL_STATE_CLOSED);
    expect_event_error(&p, p.conn, RILL_SOFT_ERROR | RILL_RESET | RILL_CLOSED, -RILL_ETIMEDOUT);
    peer_close(&p);
}

static void ST_219_close_wait_probes_too(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_CLOSE_WAIT);
    peer_window(&p, 1, 0);
    assert_int_equal(peer_user_send(&p, 100), 100);
    peer_advance(&p, 200);
    expect_segment(&p, TCP_ACK, 0, 2, 0);
    peer_window(&p, 1, 1000);
    expect_segment(&p, TCP_ACK, 1, 2, 100);
    peer_close(&p);
}

static void ST_152_ST_280_a_fin_behind_a_shut_window_is_probed_for_and_sent_when_it_opens(void **state)
{
    static const enum rill_state from[] = {RILL_STATE_ESTABLISHED, RILL_STATE_CLOSE_WAIT};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        uint32_t ack = 1 + i;
        struct peer p;

        peer_open(&p, NULL);
        p.what = rill_state_name(from[i]);
        peer_reach(&p, from[i]);
        peer_window(&p, 1, 0);
        assert_int_equal(peer_user_shutdown(&p), 0);
        expect_nothing(&p);
        peer_advance(&p, 200);
        expect_segment(&p, TCP_ACK, 0, ack, 0);
        peer_window(&p, 1, 1);
        expect_segment(&p, TCP_FIN | TCP_ACK, 1, ack, 0);
        peer_close(&p);
    }
}

/* gvisor#10312: the right edge moves left while 10 segments are in flight. */
static void MUST_34_SHLD_15_TCS_14_a_window_shrunk_below_the_flight_stops_new_data_only(void **state)
{
    static const uint32_t shrink_by[] = {1, 8000, 14600};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        uint16_t window = (uint16_t)(14600 - shrink_by[i]);
        struct peer p;

        established_with(&p, NULL);
        assert_int_equal(peer_user_send(&p, 30000), 30000);
        assert_int_equal(p.snd_nxt, 14601);
        peer_forget(&p);
        peer_window(&p, 1, window);
        expect_nothing(&p);
        peer_advance(&p, 200); /* SHLD-16: SND.UNA is sent again, in or out of the window */
        expect_segment(&p, TCP_ACK, 1, 1, 1460);
        expect_nothing(&p);
        peer_window(&p, 14601, 65535);
        assert_true(p.snd_nxt > 14601);
        expect_segment(&p, TCP_ACK, 14601, 1, 1460);
        peer_close(&p);
    }
}

static void MUST_34_a_window_of_64_kib_may_shrink_to_nothing_mid_burst(void **state)
{
    struct peer p;
    uint32_t una = 1;
    (void)state;
    established_with(&p, &(struct peer_setup){.send_buffer_bytes = 1u << 20});
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(peer_user_send(&p, 60000), 60000);
    while (p.snd_nxt - una < 64000) { /* slow start until the window is full */
        uint32_t last = p.snd_nxt;

        peer_forget(&p);
        una = last;
        peer_send(&p, TCP_ACK, 1, una, 0);
        if (p.snd_nxt == last)
            break;
    }
    peer_forget(&p);
    peer_window(&p, una, 0);
    expect_nothing(&p);
    peer_advance(&p, 100);
    expect_nothing(&p);
    peer_window(&p, p.snd_nxt, 65535);
    assert_true(p.sent_count > 0);
    peer_close(&p);
}

static void SHLD_17_MUST_35_a_window_shrunk_to_0_under_the_flight_never_ends_a_live_peer(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    assert_int_equal(peer_user_send(&p, 3000), 3000);
    for (unsigned minute = 0; minute < 60; minute++) {
        peer_forget(&p);
        peer_window(&p, 1, 0);
        peer_advance(&p, 60000);
        assert_true(p.sent_count > 0); /* it goes on asking */
    }
    expect_state(&p, RILL_STATE_ESTABLISHED);
    peer_forget(&p);
    peer_window(&p, 1, 65535);
    peer_advance(&p, 60000);
    assert_int_equal(p.snd_nxt, 3001);
    peer_close(&p);
}

static void a_window_update_ends_the_persist_timer(void **state)
{
    struct peer p;
    (void)state;
    shut_with_data(&p, NULL);
    assert_int_equal(status_of(&p).timer, RILL_TIMER_PERSIST);
    peer_window(&p, 1, 65535);
    assert_int_equal(status_of(&p).timer, RILL_TIMER_RETRANSMISSION);
    assert_int_equal(status_of(&p).backoff, 0);
    peer_close(&p);
}

static void a_window_update_after_many_probes_starts_the_rto_afresh(void **state)
{
    struct peer p;
    (void)state;
    shut_with_data(&p, NULL);
    for (unsigned probe = 0; probe < 5; probe++) {
        peer_advance(&p, 10000);
        peer_window(&p, 1, 0);
    }
    assert_true(status_of(&p).backoff > 2);
    peer_forget(&p);
    peer_window(&p, 1, 65535);
    assert_int_equal(status_of(&p).backoff, 0);
    peer_forget(&p);
    peer_advance(&p, 200);
    expect_segment(&p, TCP_ACK, 1, 1, 1460);
    peer_close(&p);
}

/* SHLD-17 is about a window under what is in flight; one that just holds it is no excuse for taking nothing. */
static void MUST_20_a_flight_that_fills_the_window_exactly_and_stays_is_given_up(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, &(struct peer_setup){.user_timeout_ms = 100000});
    assert_int_equal(peer_user_send(&p, 3000), 3000);
    for (unsigned second = 0; second < 99; second += 9) {
        peer_window(&p, 1, 3000);
        peer_advance(&p, 9000);
    }
    expect_state(&p, RILL_STATE_ESTABLISHED);
    peer_window(&p, 1, 3000);
    peer_advance(&p, 2000);
    expect_state(&p, RILL_STATE_CLOSED);
    peer_close(&p);
}

static void R7323_4_the_window_of_a_syn_is_not_scaled(void **state)
{
    struct peer_setup setup = {.window_scaling = true, .window = 1000};
    struct peer_segment syn;
    struct peer p;
    (void)state;
    peer_open(&p, &setup);
    assert_int_equal(peer_connect(&p), 0);
    syn = expect_segment(&p, TCP_SYN, 0, 0, 0);
    assert_in_range(syn.window, 65536 / 4, 65535); /* half of the buffer of 64 KiB, not a few hundred units of it */
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(status_of(&p).snd_wnd, 1000);
    peer_window(&p, 1, 1000);
    assert_int_equal(status_of(&p).snd_wnd, 1000 << 7);
    peer_close(&p);
}

static void a_window_update_that_was_overtaken_is_ignored(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    peer_send(&p, TCP_ACK, 1, 1, 100); /* SND.WL1 = 1 + IRS */
    peer_send(&p, TCP_ACK, 101, 1, 100);
    p.window = 7;
    peer_send(&p, TCP_ACK, 1, 1, 100); /* the first one again, with another window */
    assert_int_equal(status_of(&p).snd_wnd, 65535);
    peer_close(&p);
}

static void MUST_38_TCS_16_a_window_that_opens_byte_by_byte_gets_no_small_segments(void **state)
{
    struct peer p;
    (void)state;
    shut_with_data(&p, NULL);
    for (uint16_t window = 1; window < 1460; window++) {
        peer_window(&p, 1, window);
        expect_nothing(&p);
    }
    peer_window(&p, 1, 1460);
    expect_segment(&p, TCP_ACK, 1, 1, 1460);
    expect_nothing(&p);
    peer_close(&p);
}

static void MUST_38_half_of_the_largest_window_is_enough_for_a_small_peer(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, &(struct peer_setup){.window = 1000});
    peer_window(&p, 1, 0);
    assert_int_equal(peer_user_send(&p, 3000), 3000);
    peer_window(&p, 1, 499);
    expect_nothing(&p);
    peer_window(&p, 1, 500);
    expect_segment(&p, TCP_ACK, 1, 1, 500);
    peer_close(&p);
}

static void MUST_38_a_small_window_is_used_when_the_override_timer_fires(void **state)
{
    struct peer p;
    (void)state;
    shut_with_data(&p, NULL);
    peer_window(&p, 1, 100);
    expect_nothing(&p);
    peer_advance(&p, 999);
    assert_true(p.sent_count > 0); /* RFC 9293 3.8.6.2.1: 0.1 to 1 s */
    expect_segment(&p, TCP_ACK, 1, 1, 100);
    peer_close(&p);
}

static void MUST_1_a_window_of_65535_and_of_32768_is_not_negative(void **state)
{
    static const uint16_t windows[] = {0xffff, 0x8000};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct peer p;

        established_with(&p, &(struct peer_setup){.window = windows[i]});
        assert_int_equal(status_of(&p).snd_wnd, windows[i]);
        assert_int_equal(peer_user_send(&p, 1000), 1000);
        expect_segment(&p, TCP_ACK, 1, 1, 1000);
        peer_close(&p);
    }
}

/* A random walk of windows and ACKs. */
static void walk(const struct peer_setup *setup)
{
    struct peer p;
    uint64_t random = 5;
    uint32_t una = 1, given = 1, edge = 1 + 65535;
    established_with(&p, setup);
    for (unsigned step = 0; step < 5000; step++) {
        uint32_t before = p.snd_nxt, window;

        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        window = random >> 62 == 0 ? 0 : (uint32_t)(random >> 40) & 0xffff;
        if (given - una < 100000)
            given += peer_user_send(&p, 5000) > 0 ? 5000 : 0;
        assert_true(p.snd_nxt == before || p.snd_nxt <= edge);
        una += p.snd_nxt > una ? (uint32_t)((random >> 20) % (p.snd_nxt - una + 1)) : 0;
        edge = una + window;
        before = p.snd_nxt;
        peer_forget(&p);
        peer_window(&p, una, (uint16_t)window);
        assert_true(p.snd_nxt == before || p.snd_nxt <= edge);
        assert_true(p.snd_nxt - una <= status_of(&p).cwnd_bytes + 2 * 1460 || p.snd_nxt == before);
        peer_forget(&p);
        if (step % 16 == 0)
            peer_advance(&p, 50);
        before = p.snd_nxt;
        peer_forget(&p);
    }
    assert_true(una > 100000);
    peer_close(&p);
}

static void R5681_1_TCS_14_TCS_17_no_new_segment_passes_the_window_or_cwnd_at_any_corner(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PEER_CORNERS; i++) {
        struct peer_setup setup = peer_corner(i);

        setup.send_buffer_bytes = 1u << 18;
        walk(&setup);
    }
}

static void MUST_14_MUST_16_no_segment_exceeds_the_peers_mss_less_options(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, &(struct peer_setup){.mss = 500, .timestamps = true});
    assert_int_equal(peer_user_send(&p, 3000), 3000);
    expect_segment(&p, TCP_ACK, 1, 1, 488);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(MUST_36_SHLD_29_SHLD_30_ST_114_probes_come_after_the_rto_and_double),
        cmocka_unit_test(MUST_37_a_peer_that_answers_probes_is_never_given_up),
        cmocka_unit_test(a_peer_that_is_silent_for_the_user_timeout_is_given_up),
        cmocka_unit_test(ST_219_close_wait_probes_too),
        cmocka_unit_test(ST_152_ST_280_a_fin_behind_a_shut_window_is_probed_for_and_sent_when_it_opens),
        cmocka_unit_test(MUST_34_SHLD_15_TCS_14_a_window_shrunk_below_the_flight_stops_new_data_only),
        cmocka_unit_test(MUST_34_a_window_of_64_kib_may_shrink_to_nothing_mid_burst),
        cmocka_unit_test(SHLD_17_MUST_35_a_window_shrunk_to_0_under_the_flight_never_ends_a_live_peer),
        cmocka_unit_test(a_window_update_ends_the_persist_timer),
        cmocka_unit_test(a_window_update_that_was_overtaken_is_ignored),
        cmocka_unit_test(MUST_38_TCS_16_a_window_that_opens_byte_by_byte_gets_no_small_segments),
        cmocka_unit_test(MUST_38_half_of_the_largest_window_is_enough_for_a_small_peer),
        cmocka_unit_test(MUST_38_a_small_window_is_used_when_the_override_timer_fires),
        cmocka_unit_test(MUST_1_a_window_of_65535_and_of_32768_is_not_negative),
        cmocka_unit_test(R5681_1_TCS_14_TCS_17_no_new_segment_passes_the_window_or_cwnd_at_any_corner),
        cmocka_unit_test(MUST_14_MUST_16_no_segment_exceeds_the_peers_mss_less_options),
        cmocka_unit_test(a_window_update_after_many_probes_starts_the_rto_afresh),
        cmocka_unit_test(MUST_20_a_flight_that_fills_the_window_exactly_and_stays_is_given_up),
        cmocka_unit_test(R7323_4_the_window_of_a_syn_is_not_scaled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
