/* FIN-WAIT-2: segments that arrive (RFC 9293 3.10.7.4). */
#include "support/segment_rows.h"

#define STATE RILL_STATE_FIN_WAIT_2

static void ack_with_nothing_outstanding_is_bookkeeping(struct peer *p, unsigned variant)
{
    struct rill_status status;

    (void)variant;
    p->window = 1234;
    peer_send(p, TCP_ACK, 1, 2, 0);
    expect_unmoved(p, STATE);
    expect_status_of(p, p->conn, &status);
    assert_int_equal(status.snd_wnd, 1234);
    assert_int_equal(status.timer, RILL_TIMER_NONE); /* ST-186: nothing to retransmit */
}

static void fin_enters_time_wait(struct peer *p, unsigned variant)
{
    struct rill_status status;

    peer_send(p, TCP_FIN | TCP_ACK, 1, 2, 10 * variant);
    expect_ack(p, 2 + 10 * variant);
    expect_nothing(p);
    expect_event(p, p->conn, RILL_READABLE | RILL_PEER_CLOSED);
    expect_state(p, RILL_STATE_TIME_WAIT);
    expect_status_of(p, p->conn, &status);
    assert_int_equal(status.timer, RILL_TIMER_TIME_WAIT);
    assert_int_equal(peer_user_receive(p, 100), 10 * variant);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW("ST-163 rst_at_rcv_nxt_resets", STATE, 0, 1, rst_at_rcv_nxt_resets),
        ROW("ST-164 rst_in_window_is_challenged", STATE, 0, 2, rst_in_window_is_challenged),
        ROW("ST-165 rst_out_of_window_is_silently_dropped", STATE, 0, 1, rst_out_of_window_is_silently_dropped),
        ROW("ST-166 syn_in_window_is_challenged", STATE, 0, 4, syn_in_window_is_challenged),
        ROW("ST-167 syn_out_of_window_is_challenged", STATE, 0, 4, syn_out_of_window_is_challenged),
        ROW("ST-168 old_timestamp_is_acknowledged_and_dropped", STATE, WITH_TIMESTAMPS, 2,
            old_timestamp_is_acknowledged_and_dropped),
        ROW("ST-169 missing_timestamp_is_silently_dropped", STATE, WITH_TIMESTAMPS, 1,
            missing_timestamp_is_silently_dropped),
        ROW("ST-170 segment_without_ack_is_dropped", STATE, 0, 1, segment_without_ack_is_dropped),
        ROW("ST-171 ST-186 ack_with_nothing_outstanding_is_bookkeeping", STATE, 0, 1,
            ack_with_nothing_outstanding_is_bookkeeping),
        ROW("ST-172 old_ack_is_ignored", STATE, 0, 1, old_ack_is_ignored),
        ROW("ST-173 too_old_ack_is_challenged", STATE, 0, 2, too_old_ack_is_challenged),
        ROW("ST-174 ack_of_unsent_data_is_answered", STATE, 0, 2, ack_of_unsent_data_is_answered),
        ROW("ST-175 data_in_order_is_delivered", STATE, 0, 1, data_in_order_is_delivered),
        ROW("ST-176 data_out_of_order_is_kept", STATE, WITH_SACK, 2, data_out_of_order_is_kept),
        ROW("ST-177 straddling_data_is_trimmed", STATE, 0, 3, straddling_data_is_trimmed),
        ROW("ST-178 old_data_is_acknowledged", STATE, 0, 1, old_data_is_acknowledged),
        ROW("ST-179 data_beyond_window_is_acknowledged", STATE, 0, 2, data_beyond_window_is_acknowledged),
        ROW("ST-180 data_at_zero_window_is_refused", STATE, WITH_SMALL_BUFFER, 3, data_at_zero_window_is_refused),
        ROW("ST-181 urgent_is_told_once_per_mark", STATE, 0, 1, urgent_is_told_once_per_mark),
        ROW("ST-182 fin_enters_time_wait", STATE, 0, 2, fin_enters_time_wait),
        ROW("ST-183 fin_out_of_order_waits", STATE, 0, 3, fin_out_of_order_waits),
        ROW("ST-175 data_for_nobody_is_answered_with_rst", STATE, 0, 1, data_after_close_is_answered_with_rst),
        ROW("ST-176 data_out_of_order_for_nobody_is_answered_with_rst", STATE, 0, 2,
            data_after_close_is_answered_with_rst),
        ROW("ST-012 bad_checksum_is_dropped", STATE, 0, 1, bad_checksum_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
