/* Small segments on their way out: Nagle, NODELAY, CORK, MORE, PSH. */
#include "stack/stack.h"
#include "support/tcp_peer.h"
#include "tcp/connection.h"

#define FULL 1460u

static void established_with(struct peer *p, uint32_t flags)
{
    peer_open(p, &(struct peer_setup){.option_flags = flags});
    peer_reach(p, RILL_STATE_ESTABLISHED);
}

static void SHLD_7_MUST_17_a_second_small_send_waits_for_the_ack_of_the_first(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, 0);
    assert_int_equal(peer_user_send(&p, 10), 10);
    expect_segment(&p, TCP_ACK, 1, 1, 10);
    assert_int_equal(peer_user_send(&p, 10), 10);
    assert_int_equal(peer_user_send(&p, 20), 20);
    expect_nothing(&p);
    peer_send(&p, TCP_ACK, 1, 11, 0);
    expect_segment(&p, TCP_ACK, 11, 1, 30);
    peer_close(&p);
}

static void MUST_17_nodelay_sends_at_once(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, RILL_OPTION_NODELAY);
    assert_int_equal(peer_user_send(&p, 10), 10);
    assert_int_equal(peer_user_send(&p, 10), 10);
    expect_segment(&p, TCP_ACK, 1, 1, 10);
    expect_segment(&p, TCP_ACK, 11, 1, 10);
    peer_close(&p);
}

static void MUST_17_turning_nodelay_on_lets_what_waits_go(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, 0);
    assert_int_equal(peer_user_send(&p, 10), 10);
    assert_int_equal(peer_user_send(&p, 10), 10);
    peer_forget(&p);
    assert_int_equal(rill_set_flags(p.stack, p.conn, RILL_OPTION_NODELAY, 0), 0);
    peer_run(&p);
    expect_segment(&p, TCP_ACK, 11, 1, 10);
    peer_close(&p);
}

static void SHLD_7_a_full_segment_does_not_wait(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, 0);
    assert_int_equal(peer_user_send(&p, 10), 10);
    assert_int_equal(peer_user_send(&p, FULL + 5), FULL + 5);
    expect_segment(&p, TCP_ACK, 1, 1, 10);
    expect_segment(&p, TCP_ACK, 11, 1, FULL);
    expect_nothing(&p);
    peer_close(&p);
}

static void the_small_tail_behind_full_segments_does_not_wait_for_them(void **state)
{
    struct peer p; /* Minshall: only small segments count, or request and response would meet the delayed ACK */
    (void)state;
    established_with(&p, 0);
    assert_int_equal(peer_user_send(&p, 2 * FULL + 100), 2 * FULL + 100);
    expect_segment(&p, TCP_ACK, 1, 1, FULL);
    expect_segment(&p, TCP_ACK, 1 + FULL, 1, FULL);
    expect_segment(&p, TCP_ACK, 1 + 2 * FULL, 1, 100);
    peer_close(&p);
}

static void SHLD_27_SHLD_28_small_sends_behind_a_shut_window_leave_as_one_segment(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, 0);
    p.window = 0;
    peer_send(&p, TCP_ACK, 1, 1, 0);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(peer_user_send(&p, 100), 100);
    expect_nothing(&p);
    p.window = 65535;
    peer_send(&p, TCP_ACK, 1, 1, 0);
    expect_segment(&p, TCP_ACK, 1, 1, 1000);
    expect_nothing(&p);
    peer_close(&p);
}

static void SHLD_28_sends_of_700_bytes_fill_segments(void **state)
{
    struct peer p;
    unsigned small = 0;
    (void)state;
    established_with(&p, 0);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(peer_user_send(&p, 700), 700);
    for (unsigned i = 0; i < p.sent_count; i++)
        small += p.sent[i].data_bytes < FULL;
    assert_int_equal(small, 1); /* the first: nothing was in flight */
    peer_close(&p);
}

static void MUST_60_data_leaves_without_being_pushed(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, 0);
    assert_int_equal(peer_user_send(&p, 1), 1);
    expect_segment(&p, TCP_ACK, 1, 1, 1);
    peer_close(&p);
}

static void MUST_61_psh_is_on_the_last_segment_buffered_only(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, 0);
    assert_int_equal(peer_user_send(&p, 5000), 5000);
    assert_int_equal(p.sent_count, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal((p.sent[i].flags & TCP_PSH) != 0, i == 3);
    peer_close(&p);
}

static void cork_holds_what_is_not_full_until_it_is_lifted(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, RILL_OPTION_CORK);
    assert_int_equal(peer_user_send(&p, 100), 100);
    expect_nothing(&p);
    assert_int_equal(peer_user_send(&p, FULL), FULL);
    expect_segment(&p, TCP_ACK, 1, 1, FULL);
    expect_nothing(&p);
    assert_int_equal(rill_set_flags(p.stack, p.conn, 0, RILL_OPTION_CORK), 0);
    peer_run(&p);
    expect_segment(&p, TCP_ACK, 1 + FULL, 1, 100);
    peer_close(&p);
}

static void MUST_60_cork_does_not_hold_for_ever(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, RILL_OPTION_CORK);
    assert_int_equal(peer_user_send(&p, 100), 100);
    peer_advance(&p, 1000);
    expect_segment(&p, TCP_ACK, 1, 1, 100);
    peer_close(&p);
}

static void a_corked_buffer_of_less_than_a_segment_leaves_when_nothing_more_fits(void **state)
{
    struct peer p;
    int64_t taken;
    (void)state;
    established_with(&p, RILL_OPTION_CORK);
    connection_from_handle(&p.stack->tcp, p.conn)->send_limit = 1000;
    taken = peer_user_send(&p, 900);
    assert_in_range(taken, 1, 900);
    while (p.sent_count == 0) { /* it fills up */
        int64_t more = peer_user_send(&p, 1);

        if (more < 0)
            break;
        taken += more;
    }
    assert_in_range(taken, 1, FULL - 1);
    expect_segment(&p, TCP_ACK, 1, 1, (uint32_t)taken);
    peer_send(&p, TCP_ACK, 1, 1 + (uint32_t)taken, 0);
    assert_int_equal(peer_user_send(&p, 10), 10); /* and the cork holds again */
    expect_nothing(&p);
    peer_close(&p);
}

static void a_cork_gives_way_only_when_nothing_is_in_flight(void **state)
{
    struct peer p;
    int64_t taken = 0, more;
    uint32_t sent;
    (void)state;
    peer_open(&p, &(struct peer_setup){.option_flags = RILL_OPTION_CORK, .send_buffer_bytes = 4096});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    while ((more = peer_user_send(&p, 500)) > 0)
        taken += more;
    sent = p.snd_nxt - 1;
    assert_true(sent < (uint32_t)taken);
    assert_int_equal(sent % FULL, 0);
    peer_close(&p);
}

static void a_close_lets_corked_data_go_with_the_fin(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, RILL_OPTION_CORK);
    assert_int_equal(peer_user_send(&p, 100), 100);
    assert_int_equal(peer_user_shutdown(&p), 0);
    expect_segment(&p, TCP_FIN | TCP_ACK, 1, 1, 100);
    peer_close(&p);
}

static void MAY_16_more_joins_two_sends_in_one_segment(void **state)
{
    static const uint8_t zeros[8];
    struct peer p;
    (void)state;
    established_with(&p, RILL_OPTION_NODELAY | RILL_OPTION_CORK);
    assert_int_equal(rill_set_flags(p.stack, p.conn, 0, RILL_OPTION_CORK | RILL_OPTION_NODELAY), 0);
    assert_int_equal(rill_send(p.stack, p.conn, zeros, 1, RILL_SEND_MORE), 1); /* the stream begins with a 0 */
    peer_run(&p);
    expect_nothing(&p);
    assert_int_equal(peer_user_send(&p, 99), 99);
    expect_segment(&p, TCP_ACK, 1, 1, 100);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(SHLD_7_MUST_17_a_second_small_send_waits_for_the_ack_of_the_first),
        cmocka_unit_test(MUST_17_nodelay_sends_at_once),
        cmocka_unit_test(MUST_17_turning_nodelay_on_lets_what_waits_go),
        cmocka_unit_test(SHLD_7_a_full_segment_does_not_wait),
        cmocka_unit_test(the_small_tail_behind_full_segments_does_not_wait_for_them),
        cmocka_unit_test(SHLD_27_SHLD_28_small_sends_behind_a_shut_window_leave_as_one_segment),
        cmocka_unit_test(SHLD_28_sends_of_700_bytes_fill_segments),
        cmocka_unit_test(MUST_60_data_leaves_without_being_pushed),
        cmocka_unit_test(MUST_61_psh_is_on_the_last_segment_buffered_only),
        cmocka_unit_test(cork_holds_what_is_not_full_until_it_is_lifted),
        cmocka_unit_test(MUST_60_cork_does_not_hold_for_ever),
        cmocka_unit_test(a_corked_buffer_of_less_than_a_segment_leaves_when_nothing_more_fits),
        cmocka_unit_test(a_cork_gives_way_only_when_nothing_is_in_flight),
        cmocka_unit_test(a_close_lets_corked_data_go_with_the_fin),
        cmocka_unit_test(MAY_16_more_joins_two_sends_in_one_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
