/* Retransmission: when it comes, what it sends, when it is given up. Times are exact, in virtual milliseconds. */
#include "support/tcp_peer.h"

/* The next segment is due in exactly `ms`: nothing before, something then. */
#define expect_quiet_for(p, ms)                                                                                        \
    do {                                                                                                               \
        peer_advance(p, (ms)-1);                                                                                       \
        expect_nothing(p);                                                                                             \
        peer_advance(p, 1);                                                                                            \
    } while (0)

static void established_with(struct peer *p, const struct peer_setup *setup)
{
    peer_open(p, setup);
    peer_reach(p, RILL_STATE_ESTABLISHED);
}

static struct rill_status status_of(struct peer *p)
{
    struct rill_status status;

    expect_status_of(p, p->conn, &status);
    return status;
}

static void MUST_22_MUST_23_R6298_1_ST_051_syn_is_sent_again_at_1_3_7_15_s_for_three_minutes(void **state)
{
    static const uint64_t gaps[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000};
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_SYN_SENT);
    for (unsigned i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        expect_quiet_for(&p, gaps[i]);
        expect_segment(&p, TCP_SYN, 0, 0, 0);
        expect_nothing(&p);
    }
    peer_close(&p);
}

static void MUST_23_ST_050_a_silent_host_fails_the_open_after_three_minutes_without_a_segment(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_SYN_SENT);
    peer_advance(&p, 179999);
    expect_state(&p, RILL_STATE_SYN_SENT);
    peer_forget(&p);
    peer_advance(&p, 1);
    expect_nothing(&p);
    expect_state(&p, RILL_STATE_CLOSED);
    expect_event_error(&p, p.conn, RILL_RESET | RILL_CLOSED, -RILL_ETIMEDOUT);
    peer_close(&p);
}

static void MUST_19_R6298_9_ST_112_data_is_sent_again_with_doubling_gaps_up_to_the_cap(void **state)
{
    static const uint64_t gaps[] = {200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000};
    struct peer p;
    (void)state;
    established_with(&p, &(struct peer_setup){.passive = true});
    assert_int_equal(peer_user_send(&p, 100), 100);
    expect_segment(&p, TCP_ACK, 1, 1, 100);
    for (unsigned i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        expect_quiet_for(&p, gaps[i]);
        expect_segment(&p, TCP_ACK, 1, 1, 100);
        expect_nothing(&p);
    }
    peer_close(&p);
}

static void R6298_4_the_first_timeout_after_a_short_round_trip_is_the_floor(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL); /* SYN answered at once */
    assert_int_equal(peer_user_send(&p, 100), 100);
    expect_segment(&p, TCP_ACK, 1, 1, 100);
    expect_quiet_for(&p, 200);
    expect_segment(&p, TCP_ACK, 1, 1, 100);
    peer_close(&p);
}

static void R6298_2_the_handshake_gives_the_first_sample(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_SYN_SENT);
    peer_advance(&p, 300);
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(status_of(&p).srtt_us, 300000);
    assert_int_equal(status_of(&p).rto_us, 900000);
    peer_close(&p);
}

static void R6298_6_MUST_18_an_ack_of_what_was_sent_again_is_no_sample(void **state)
{
    struct peer p;
    uint32_t srtt;
    (void)state;
    established_with(&p, NULL);
    srtt = status_of(&p).srtt_us;
    assert_int_equal(peer_user_send(&p, 100), 100);
    peer_advance(&p, 700);
    peer_send(&p, TCP_ACK, 1, 101, 0);
    assert_int_equal(status_of(&p).srtt_us, srtt);
    peer_close(&p);
}

static void R6298_6_timestamps_make_a_sample_of_what_was_sent_again(void **state)
{
    struct peer p;
    uint32_t srtt;
    (void)state;
    established_with(&p, &(struct peer_setup){.timestamps = true});
    srtt = status_of(&p).srtt_us;
    assert_int_equal(peer_user_send(&p, 100), 100);
    peer_advance(&p, 200 + 50);
    peer_send(&p, TCP_ACK, 1, 101, 0); /* echoes the retransmission, which left 50 ms ago */
    assert_in_range(status_of(&p).srtt_us, srtt + 1, srtt + 50000);
    peer_close(&p);
}

static void R6298_7_every_round_trip_gives_a_sample(void **state)
{
    struct rill_status status;
    struct peer p;
    uint32_t before = 0;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    for (uint32_t round = 0; round < 20; round++) { /* each a little slower than the one before */
        assert_int_equal(peer_user_send(&p, 5 * 1460), 5 * 1460);
        peer_advance(&p, 20 + 5 * round);
        peer_send(&p, TCP_ACK, 1, p.snd_nxt, 0);
        expect_status_of(&p, p.conn, &status);
        assert_true(status.srtt_us > before);
        before = status.srtt_us;
        peer_forget(&p);
    }
    peer_close(&p);
}

static void R6298_8_an_ack_of_part_starts_the_timer_anew(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    assert_int_equal(peer_user_send(&p, 2920), 2920);
    peer_advance(&p, 150);
    peer_send(&p, TCP_ACK, 1, 1461, 0);
    peer_forget(&p);
    p.what = "RTO after the sample of 150 ms";
    expect_quiet_for(&p, status_of(&p).rto_us / 1000);
    expect_segment(&p, TCP_ACK, 1461, 1, 1460);
    peer_close(&p);
}

static void R6298_8_the_timer_stops_when_all_is_acknowledged(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    assert_int_equal(peer_user_send(&p, 100), 100);
    peer_send(&p, TCP_ACK, 1, 101, 0);
    assert_int_equal(status_of(&p).timer, RILL_TIMER_NONE);
    peer_forget(&p);
    peer_advance(&p, 3600000);
    expect_nothing(&p);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_RTO_FIRED), 0);
    peer_close(&p);
}

static void R6298_11_after_a_lost_syn_data_waits_three_seconds(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_SYN_SENT);
    peer_advance(&p, 1000);
    expect_segment(&p, TCP_SYN, 0, 0, 0);
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    expect_segment(&p, TCP_ACK, 1, 1, 0);
    assert_int_equal(peer_user_send(&p, 100), 100);
    expect_segment(&p, TCP_ACK, 1, 1, 100);
    expect_quiet_for(&p, 3000);
    expect_segment(&p, TCP_ACK, 1, 1, 100);
    peer_close(&p);
}

static void R6298_11_after_a_lost_syn_ack_data_waits_three_seconds(void **state)
{
    struct peer_setup setup = {.passive = true};
    struct peer p;
    (void)state;
    peer_open(&p, &setup);
    assert_int_equal(peer_listen(&p), 0);
    peer_send(&p, TCP_SYN, 0, 0, 0);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    peer_advance(&p, 1000);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    peer_send(&p, TCP_ACK, 1, 1, 0);
    assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
    assert_int_equal(peer_user_send(&p, 100), 100);
    expect_segment(&p, TCP_ACK, 1, 1, 100);
    expect_quiet_for(&p, 3000);
    expect_segment(&p, TCP_ACK, 1, 1, 100);
    peer_close(&p);
}

/* RFC 6928 2: a SYN that was sent three times is taken for lost. */
static void R5681_4_after_a_lost_syn_the_first_flight_is_one_segment(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_SYN_SENT);
    peer_advance(&p, 3000);
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    peer_forget(&p);
    assert_int_equal(peer_user_send(&p, 14600), 14600);
    expect_segment(&p, TCP_ACK, 1, 1, 1460);
    expect_nothing(&p);
    peer_close(&p);
}

static void ST_150_MUST_22_a_fin_is_sent_again_as_data_is(void **state)
{
    static const uint64_t gaps[] = {200, 400, 800, 1600, 3200, 6400};
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_FIN_WAIT_1);
    for (unsigned i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        expect_quiet_for(&p, gaps[i]);
        expect_segment(&p, TCP_FIN | TCP_ACK, 1, 1, 0);
        expect_nothing(&p);
    }
    peer_close(&p);
}

static void ST_278_ST_248_a_fin_is_sent_again_in_closing_and_last_ack(void **state)
{
    static const enum rill_state states[] = {RILL_STATE_CLOSING, RILL_STATE_LAST_ACK};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        uint32_t fin = 1;
        struct peer p;

        peer_open(&p, NULL);
        peer_reach(&p, states[i]);
        expect_quiet_for(&p, 200);
        expect_segment(&p, TCP_FIN | TCP_ACK, fin, 2, 0);
        expect_quiet_for(&p, 400);
        expect_segment(&p, TCP_FIN | TCP_ACK, fin, 2, 0);
        expect_state(&p, states[i]);
        peer_close(&p);
    }
}

static void data_and_fin_are_sent_again_in_one_segment(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    assert_int_equal(peer_user_send(&p, 100), 100);
    assert_int_equal(peer_user_shutdown(&p), 0);
    peer_forget(&p);
    peer_advance(&p, 200);
    expect_segment(&p, TCP_FIN | TCP_ACK, 1, 1, 100);
    expect_nothing(&p);
    peer_close(&p);
}

static void SHLD_9_SHLD_10_MUST_20_the_third_retransmission_is_told_the_connection_lives(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    assert_int_equal(peer_user_send(&p, 100), 100);
    peer_forget(&p);
    peer_advance(&p, 200 + 400);
    expect_no_event(&p);
    peer_advance(&p, 800);
    expect_event_error(&p, p.conn, RILL_SOFT_ERROR, -RILL_ETIMEDOUT);
    expect_state(&p, RILL_STATE_ESTABLISHED);
    peer_close(&p);
}

static void MUST_20_SHLD_11_ST_111_data_is_given_up_after_the_user_timeout_with_a_reset(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    assert_int_equal(peer_user_send(&p, 100), 100);
    peer_advance(&p, 899999);
    expect_state(&p, RILL_STATE_ESTABLISHED);
    peer_forget(&p);
    peer_advance(&p, 1);
    expect_segment(&p, TCP_RST | TCP_ACK, 101, 1, 0);
    expect_nothing(&p);
    expect_state(&p, RILL_STATE_CLOSED);
    expect_event_error(&p, p.conn, RILL_RESET | RILL_CLOSED, -RILL_ETIMEDOUT);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_TIMEOUTS), 1);
    peer_close(&p);
}

static void MUST_21_ST_149_ST_216_ST_247_ST_277_the_user_timeout_ends_every_state_that_waits(void **state)
{
    static const enum rill_state states[] = {RILL_STATE_ESTABLISHED, RILL_STATE_CLOSE_WAIT, RILL_STATE_FIN_WAIT_1,
                                             RILL_STATE_CLOSING, RILL_STATE_LAST_ACK};
    (void)state;
    for (unsigned i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct peer_setup setup = {.user_timeout_ms = 5000};
        struct peer p;

        peer_open(&p, &setup);
        p.what = rill_state_name(states[i]);
        peer_reach(&p, states[i]);
        if (states[i] == RILL_STATE_ESTABLISHED || states[i] == RILL_STATE_CLOSE_WAIT)
            assert_int_equal(peer_user_send(&p, 10), 10);
        peer_advance(&p, 4999);
        expect_state(&p, states[i]);
        peer_advance(&p, 1);
        expect_state(&p, RILL_STATE_CLOSED);
        peer_close(&p);
    }
}

/* There is nothing that the peer owes an answer to, however long it goes on. */
static void ST_185_in_fin_wait_2_no_user_timeout_runs(void **state)
{
    struct peer_setup setup = {.user_timeout_ms = 100000};
    struct peer p;
    (void)state;
    peer_open(&p, &setup);
    peer_reach(&p, RILL_STATE_FIN_WAIT_2);
    peer_advance(&p, 24 * 3600 * 1000);
    expect_nothing(&p);
    expect_no_event(&p);
    expect_state(&p, RILL_STATE_FIN_WAIT_2);
    peer_send(&p, TCP_ACK, 1, 2, 10);
    expect_segment(&p, TCP_ACK, 2, 11, 0);
    peer_close(&p);
}

static void an_answer_starts_the_user_timeout_anew(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, &(struct peer_setup){.user_timeout_ms = 5000});
    assert_int_equal(peer_user_send(&p, 2000), 2000);
    peer_advance(&p, 4000);
    peer_send(&p, TCP_ACK, 1, 1461, 0);
    peer_advance(&p, 4999);
    expect_state(&p, RILL_STATE_ESTABLISHED);
    peer_advance(&p, 1);
    expect_state(&p, RILL_STATE_CLOSED);
    peer_close(&p);
}

static void RES_03_ST_079_a_syn_ack_is_sent_again_five_times_and_then_forgotten(void **state)
{
    static const uint64_t gaps[] = {1000, 2000, 4000, 8000, 16000};
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.passive = true});
    peer_reach(&p, RILL_STATE_SYN_RECEIVED);
    for (unsigned i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        expect_quiet_for(&p, gaps[i]);
        expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
        expect_nothing(&p);
    }
    peer_advance(&p, 31999);
    expect_state(&p, RILL_STATE_SYN_RECEIVED);
    peer_advance(&p, 1);
    expect_nothing(&p);
    expect_state(&p, RILL_STATE_LISTEN);
    expect_no_event(&p);
    peer_close(&p);
}

static void a_reset_is_believed_while_retransmitting(void **state) /* micropython#4590 */
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    assert_int_equal(peer_user_send(&p, 100), 100);
    peer_advance(&p, 30000);
    peer_forget(&p);
    peer_send(&p, TCP_RST, 1, 0, 0);
    expect_nothing(&p);
    expect_state(&p, RILL_STATE_CLOSED);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(MUST_22_MUST_23_R6298_1_ST_051_syn_is_sent_again_at_1_3_7_15_s_for_three_minutes),
        cmocka_unit_test(MUST_23_ST_050_a_silent_host_fails_the_open_after_three_minutes_without_a_segment),
        cmocka_unit_test(MUST_19_R6298_9_ST_112_data_is_sent_again_with_doubling_gaps_up_to_the_cap),
        cmocka_unit_test(R6298_4_the_first_timeout_after_a_short_round_trip_is_the_floor),
        cmocka_unit_test(R6298_2_the_handshake_gives_the_first_sample),
        cmocka_unit_test(R6298_6_MUST_18_an_ack_of_what_was_sent_again_is_no_sample),
        cmocka_unit_test(R6298_6_timestamps_make_a_sample_of_what_was_sent_again),
        cmocka_unit_test(R6298_8_an_ack_of_part_starts_the_timer_anew),
        cmocka_unit_test(R6298_8_the_timer_stops_when_all_is_acknowledged),
        cmocka_unit_test(R6298_11_after_a_lost_syn_data_waits_three_seconds),
        cmocka_unit_test(R5681_4_after_a_lost_syn_the_first_flight_is_one_segment),
        cmocka_unit_test(ST_150_MUST_22_a_fin_is_sent_again_as_data_is),
        cmocka_unit_test(ST_278_ST_248_a_fin_is_sent_again_in_closing_and_last_ack),
        cmocka_unit_test(data_and_fin_are_sent_again_in_one_segment),
        cmocka_unit_test(SHLD_9_SHLD_10_MUST_20_the_third_retransmission_is_told_the_connection_lives),
        cmocka_unit_test(MUST_20_SHLD_11_ST_111_data_is_given_up_after_the_user_timeout_with_a_reset),
        cmocka_unit_test(MUST_21_ST_149_ST_216_ST_247_ST_277_the_user_timeout_ends_every_state_that_waits),
        cmocka_unit_test(an_answer_starts_the_user_timeout_anew),
        cmocka_unit_test(RES_03_ST_079_a_syn_ack_is_sent_again_five_times_and_then_forgotten),
        cmocka_unit_test(a_reset_is_believed_while_retransmitting),
        cmocka_unit_test(R6298_7_every_round_trip_gives_a_sample),
        cmocka_unit_test(ST_185_in_fin_wait_2_no_user_timeout_runs),
        cmocka_unit_test(R6298_11_after_a_lost_syn_ack_data_waits_three_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
