/* FIN-WAIT-1: segments that arrive (RFC 9293 3.10.7.4). */
#include "support/segment_rows.h"

#define STATE RILL_STATE_FIN_WAIT_1

/* 100 bytes and the FIN are on the way: <SEQ=1>+100, FIN at 101. */
static void reach_with_data_in_flight(struct peer *p, unsigned corner, bool passive)
{
    struct peer_setup setup = peer_corner(corner);

    setup.passive = passive;
    peer_open(p, &setup);
    p->what = "FIN-WAIT-1 with data in flight";
    peer_reach(p, RILL_STATE_ESTABLISHED);
    assert_int_equal(peer_user_send(p, 100), 100);
    expect_segment(p, TCP_ACK, 1, 1, 100);
    assert_int_equal(peer_user_shutdown(p), 0);
    expect_segment(p, TCP_FIN | TCP_ACK, 101, 1, 0);
    peer_forget(p);
}

static void st_134_new_ack_before_our_fin_stays(void **state)
{
    struct peer p;

    (void)state;
    for (unsigned i = 0; i < 2 * PEER_CORNERS; i++) {
        reach_with_data_in_flight(&p, i / 2, i % 2 != 0);
        peer_send(&p, TCP_ACK, 1, 51, 0);
        expect_unmoved(&p, STATE);
        peer_send(&p, TCP_ACK, 1, 101, 0);
        expect_nothing(&p);
        expect_event(&p, p.conn, RILL_SENT);
        expect_unmoved(&p, STATE);
        peer_send(&p, TCP_ACK, 1, 102, 0);
        expect_unmoved(&p, RILL_STATE_FIN_WAIT_2);
        peer_close(&p);
    }
}

/* RFC 9293 3.10.4: the FIN follows the last byte, when the peer's window lets that out. */
static void st_134_new_ack_releases_data_and_fin(void **state)
{
    struct peer p;

    (void)state;
    for (unsigned i = 0; i < PEER_CORNERS; i++) {
        struct peer_setup setup = peer_corner(i);

        peer_open(&p, &setup);
        peer_reach(&p, RILL_STATE_ESTABLISHED);
        p.window = 1460;
        peer_send(&p, TCP_ACK, 1, 1, 0);
        assert_int_equal(peer_user_send(&p, 2000), 2000);
        assert_int_equal(peer_user_shutdown(&p), 0);
        expect_state(&p, STATE);
        expect_segment(&p, TCP_ACK, 1, 1, 1460);
        expect_nothing(&p);
        peer_send(&p, TCP_ACK, 1, 1461, 0);
        expect_segment(&p, TCP_FIN | TCP_ACK, 1461, 1, 540);
        expect_unmoved(&p, STATE);
        peer_close(&p);
    }
}

static void ack_of_our_fin_enters_fin_wait_2(struct peer *p, unsigned variant)
{
    peer_send(p, TCP_ACK, 1, 2, 10 * variant);
    if (variant > 0) { /* and its text is still taken */
        expect_ack(p, 11);
        expect_event(p, p->conn, RILL_READABLE);
    }
    expect_unmoved(p, RILL_STATE_FIN_WAIT_2);
}

static void fin_before_the_ack_of_ours_is_a_simultaneous_close(struct peer *p, unsigned variant)
{
    peer_send(p, TCP_FIN | TCP_ACK, 1, 1, 10 * variant);
    expect_ack(p, 2 + 10 * variant);
    expect_nothing(p);
    expect_event(p, p->conn, RILL_READABLE | RILL_PEER_CLOSED);
    expect_state(p, RILL_STATE_CLOSING);
    assert_int_equal(peer_user_receive(p, 100), 10 * variant);
}

static void fin_with_the_ack_of_ours_enters_time_wait(struct peer *p, unsigned variant)
{
    struct rill_status status;

    peer_send(p, TCP_FIN | TCP_ACK, 1, 2, 10 * variant);
    expect_ack(p, 2 + 10 * variant);
    expect_nothing(p);
    expect_event(p, p->conn, RILL_READABLE | RILL_PEER_CLOSED);
    expect_state(p, RILL_STATE_TIME_WAIT);
    expect_status_of(p, p->conn, &status);
    assert_int_equal(status.timer, RILL_TIMER_TIME_WAIT);
    assert_int_equal(status.timer_left, UINT64_C(60000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW("ST-126 rst_at_rcv_nxt_resets", STATE, 0, 1, rst_at_rcv_nxt_resets),
        ROW("ST-127 rst_in_window_is_challenged", STATE, 0, 2, rst_in_window_is_challenged),
        ROW("ST-128 rst_out_of_window_is_silently_dropped", STATE, 0, 1, rst_out_of_window_is_silently_dropped),
        ROW("ST-129 syn_in_window_is_challenged", STATE, 0, 4, syn_in_window_is_challenged),
        ROW("ST-130 syn_out_of_window_is_challenged", STATE, 0, 4, syn_out_of_window_is_challenged),
        ROW("ST-131 old_timestamp_is_acknowledged_and_dropped", STATE, WITH_TIMESTAMPS, 2,
            old_timestamp_is_acknowledged_and_dropped),
        ROW("ST-132 missing_timestamp_is_silently_dropped", STATE, WITH_TIMESTAMPS, 1,
            missing_timestamp_is_silently_dropped),
        ROW("ST-133 segment_without_ack_is_dropped", STATE, 0, 1, segment_without_ack_is_dropped),
        cmocka_unit_test(st_134_new_ack_before_our_fin_stays),
        cmocka_unit_test(st_134_new_ack_releases_data_and_fin),
        ROW("ST-135 ack_of_our_fin_enters_fin_wait_2", STATE, 0, 2, ack_of_our_fin_enters_fin_wait_2),
        ROW("ST-136 old_ack_is_ignored", STATE, 0, 1, old_ack_is_ignored),
        ROW("ST-137 too_old_ack_is_challenged", STATE, 0, 2, too_old_ack_is_challenged),
        ROW("ST-138 ack_of_unsent_data_is_answered", STATE, 0, 2, ack_of_unsent_data_is_answered),
        ROW("ST-139 data_in_order_is_delivered", STATE, 0, 1, data_in_order_is_delivered),
        ROW("ST-140 data_out_of_order_is_kept", STATE, WITH_SACK, 2, data_out_of_order_is_kept),
        ROW("ST-141 straddling_data_is_trimmed", STATE, 0, 3, straddling_data_is_trimmed),
        ROW("ST-142 old_data_is_acknowledged", STATE, 0, 1, old_data_is_acknowledged),
        ROW("ST-143 data_beyond_window_is_acknowledged", STATE, 0, 2, data_beyond_window_is_acknowledged),
        ROW("ST-144 data_at_zero_window_is_refused", STATE, WITH_SMALL_BUFFER, 3, data_at_zero_window_is_refused),
        ROW("ST-145 urgent_is_told_once_per_mark", STATE, 0, 1, urgent_is_told_once_per_mark),
        ROW("ST-146 fin_before_the_ack_of_ours_is_a_simultaneous_close", STATE, 0, 2,
            fin_before_the_ack_of_ours_is_a_simultaneous_close),
        ROW("ST-146 fin_with_the_ack_of_ours_enters_time_wait", STATE, 0, 2, fin_with_the_ack_of_ours_enters_time_wait),
        ROW("ST-147 fin_out_of_order_waits", STATE, 0, 3, fin_out_of_order_waits),
        ROW("ST-139 data_for_nobody_is_answered_with_rst", STATE, 0, 1, data_after_close_is_answered_with_rst),
        ROW("ST-140 data_out_of_order_for_nobody_is_answered_with_rst", STATE, 0, 2,
            data_after_close_is_answered_with_rst),
        ROW("ST-012 bad_checksum_is_dropped", STATE, 0, 1, bad_checksum_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
