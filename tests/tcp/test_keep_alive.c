/* Keep-alive, and the timer of orphans in FIN-WAIT-2. */
#include "support/tcp_peer.h"

#define IDLE_MS 7200000u
#define INTERVAL_MS 75000u
#define PROBES 9u

static void established_with(struct peer *p, uint32_t flags)
{
    peer_open(p, &(struct peer_setup){.option_flags = flags});
    peer_reach(p, RILL_STATE_ESTABLISHED);
}

static void short_intervals(struct rill_config *config)
{
    config->keepalive_idle_ms = 60000;
    config->keepalive_interval_ms = 10000;
    config->keepalive_probes = 3;
}

static void MUST_25_an_idle_connection_sends_nothing_by_default(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, 0);
    peer_advance(&p, UINT64_C(30) * 86400 * 1000);
    expect_nothing(&p);
    expect_state(&p, RILL_STATE_ESTABLISHED);
    peer_close(&p);
}

static void MUST_28_SHLD_12_ST_115_the_first_probe_comes_after_two_idle_hours_without_data(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, RILL_OPTION_KEEPALIVE);
    peer_advance(&p, IDLE_MS - 1);
    expect_nothing(&p);
    peer_advance(&p, 1);
    expect_segment(&p, TCP_ACK, 0, 1, 0); /* <SEQ=SND.NXT-1> */
    expect_nothing(&p);
    peer_close(&p);
}

static void MUST_24_keep_alive_can_be_turned_on_and_off_later(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, 0);
    peer_advance(&p, 3600000);
    assert_int_equal(rill_set_flags(p.stack, p.conn, RILL_OPTION_KEEPALIVE, 0), 0);
    peer_run(&p);
    peer_advance(&p, 3600000);
    expect_segment(&p, TCP_ACK, 0, 1, 0);
    peer_send(&p, TCP_ACK, 1, 1, 0);
    assert_int_equal(rill_set_flags(p.stack, p.conn, 0, RILL_OPTION_KEEPALIVE), 0);
    peer_run(&p);
    peer_advance(&p, 10 * IDLE_MS);
    expect_nothing(&p);
    peer_close(&p);
}

static void MUST_27_the_interval_is_configurable(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.option_flags = RILL_OPTION_KEEPALIVE, .configure = short_intervals});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_advance(&p, 59999);
    expect_nothing(&p);
    peer_advance(&p, 1);
    expect_segment(&p, TCP_ACK, 0, 1, 0);
    peer_close(&p);
}

static void MUST_29_one_lost_probe_is_no_proof(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, RILL_OPTION_KEEPALIVE);
    peer_advance(&p, IDLE_MS);
    peer_advance(&p, INTERVAL_MS);
    expect_segment(&p, TCP_ACK, 0, 1, 0);
    expect_segment(&p, TCP_ACK, 0, 1, 0);
    peer_send(&p, TCP_ACK, 1, 1, 0); /* the second is answered */
    peer_advance(&p, IDLE_MS - 1);
    expect_nothing(&p);
    expect_state(&p, RILL_STATE_ESTABLISHED);
    peer_advance(&p, 1);
    expect_segment(&p, TCP_ACK, 0, 1, 0);
    peer_close(&p);
}

static void ST_115_a_peer_that_answers_no_probe_is_given_up_after_the_last(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, RILL_OPTION_KEEPALIVE);
    peer_advance(&p, IDLE_MS + (PROBES - 1) * INTERVAL_MS);
    assert_int_equal(p.sent_count, PROBES);
    peer_advance(&p, INTERVAL_MS - 1);
    expect_state(&p, RILL_STATE_ESTABLISHED);
    peer_forget(&p);
    peer_advance(&p, 1);
    expect_segment(&p, TCP_RST | TCP_ACK, 1, 1, 0);
    expect_state(&p, RILL_STATE_CLOSED);
    expect_event_error(&p, p.conn, RILL_RESET | RILL_CLOSED, -RILL_ETIMEDOUT);
    peer_close(&p);
}

static void MUST_26_anything_that_arrives_starts_the_interval_anew(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, RILL_OPTION_KEEPALIVE);
    peer_advance(&p, IDLE_MS - 1000);
    peer_send(&p, TCP_ACK, 1, 1, 10);
    peer_forget(&p);
    peer_advance(&p, IDLE_MS - 1);
    expect_nothing(&p);
    peer_advance(&p, 1);
    expect_segment(&p, TCP_ACK, 0, 11, 0);
    peer_close(&p);
}

static void ST_188_ST_220_half_closed_connections_are_kept_alive_too(void **state)
{
    static const enum rill_state states[] = {RILL_STATE_FIN_WAIT_2, RILL_STATE_CLOSE_WAIT};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct peer p;

        peer_open(&p, &(struct peer_setup){.option_flags = RILL_OPTION_KEEPALIVE});
        p.what = rill_state_name(states[i]);
        peer_reach(&p, states[i]);
        peer_advance(&p, IDLE_MS);
        expect_segment(&p, TCP_ACK, p.snd_nxt - 1, 1 + i, 0);
        expect_state(&p, states[i]);
        peer_close(&p);
    }
}

static void a_half_closed_connection_that_is_held_waits_for_the_peer_for_ever(void **state)
{
    struct peer p; /* half close is not an orphan: 30 days of reading are fine */
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_FIN_WAIT_2);
    peer_advance(&p, UINT64_C(30) * 86400 * 1000);
    expect_state(&p, RILL_STATE_FIN_WAIT_2);
    peer_send(&p, TCP_ACK, 1, 2, 10);
    assert_int_equal(peer_user_receive(&p, 100), 10);
    peer_close(&p);
}

static void an_orphan_in_fin_wait_2_goes_after_its_timer(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, 0);
    assert_int_equal(peer_user_close(&p), 0);
    peer_send(&p, TCP_ACK, 1, 2, 0);
    expect_state(&p, RILL_STATE_FIN_WAIT_2);
    peer_advance(&p, 59999);
    expect_state(&p, RILL_STATE_FIN_WAIT_2);
    peer_advance(&p, 1);
    expect_state(&p, RILL_STATE_CLOSED);
    peer_close(&p);
}

static void closing_the_handle_in_fin_wait_2_starts_the_orphans_timer(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_FIN_WAIT_2);
    peer_advance(&p, 3600000);
    assert_int_equal(peer_user_close(&p), 0);
    peer_advance(&p, 59999);
    expect_state(&p, RILL_STATE_FIN_WAIT_2);
    peer_advance(&p, 1);
    expect_state(&p, RILL_STATE_CLOSED);
    peer_close(&p);
}

static void ST_186_fin_wait_2_sends_nothing_again(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_FIN_WAIT_2);
    peer_advance(&p, 3600000);
    expect_nothing(&p);
    peer_close(&p);
}

static void MUST_26_no_probe_while_data_is_outstanding(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.option_flags = RILL_OPTION_KEEPALIVE, .configure = short_intervals});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(peer_user_send(&p, 100), 100);
    peer_advance(&p, 800000); /* the user timeout is 900 s */
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_KEEPALIVE_PROBES), 0);
    expect_state(&p, RILL_STATE_ESTABLISHED);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(MUST_25_an_idle_connection_sends_nothing_by_default),
        cmocka_unit_test(MUST_28_SHLD_12_ST_115_the_first_probe_comes_after_two_idle_hours_without_data),
        cmocka_unit_test(MUST_24_keep_alive_can_be_turned_on_and_off_later),
        cmocka_unit_test(MUST_27_the_interval_is_configurable),
        cmocka_unit_test(MUST_29_one_lost_probe_is_no_proof),
        cmocka_unit_test(ST_115_a_peer_that_answers_no_probe_is_given_up_after_the_last),
        cmocka_unit_test(MUST_26_anything_that_arrives_starts_the_interval_anew),
        cmocka_unit_test(ST_188_ST_220_half_closed_connections_are_kept_alive_too),
        cmocka_unit_test(a_half_closed_connection_that_is_held_waits_for_the_peer_for_ever),
        cmocka_unit_test(an_orphan_in_fin_wait_2_goes_after_its_timer),
        cmocka_unit_test(closing_the_handle_in_fin_wait_2_starts_the_orphans_timer),
        cmocka_unit_test(ST_186_fin_wait_2_sends_nothing_again),
        cmocka_unit_test(MUST_26_no_probe_while_data_is_outstanding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
