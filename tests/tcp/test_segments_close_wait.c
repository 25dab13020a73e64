/* CLOSE-WAIT: segments that arrive (RFC 9293 3.10.7.4). */
#include "support/segment_rows.h"

#define STATE RILL_STATE_CLOSE_WAIT

static void new_ack_is_told_as_sent(struct peer *p, unsigned variant)
{
    (void)variant;
    assert_int_equal(peer_user_send(p, 100), 100);
    expect_segment(p, TCP_ACK, 1, 2, 100);
    peer_send(p, TCP_ACK, 2, 101, 0);
    expect_event(p, p->conn, RILL_SENT);
    expect_unmoved(p, STATE);
}

static void data_after_fin_still_acknowledges(struct peer *p, unsigned variant)
{
    (void)variant;
    assert_int_equal(peer_user_send(p, 100), 100);
    peer_forget(p);
    peer_send(p, TCP_ACK, 2, 101, 10);
    expect_event(p, p->conn, RILL_SENT);
    expect_unmoved(p, STATE);
    assert_int_equal(peer_user_receive(p, 100), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW("ST-199 rst_at_rcv_nxt_resets", STATE, 0, 1, rst_at_rcv_nxt_resets),
        ROW("ST-200 rst_in_window_is_challenged", STATE, 0, 2, rst_in_window_is_challenged),
        ROW("ST-201 rst_out_of_window_is_silently_dropped", STATE, 0, 1, rst_out_of_window_is_silently_dropped),
        ROW("ST-202 syn_in_window_is_challenged", STATE, 0, 4, syn_in_window_is_challenged),
        ROW("ST-203 syn_out_of_window_is_challenged", STATE, 0, 4, syn_out_of_window_is_challenged),
        ROW("ST-204 old_timestamp_is_acknowledged_and_dropped", STATE, WITH_TIMESTAMPS, 2,
            old_timestamp_is_acknowledged_and_dropped),
        ROW("ST-205 missing_timestamp_is_silently_dropped", STATE, WITH_TIMESTAMPS, 1,
            missing_timestamp_is_silently_dropped),
        ROW("ST-206 segment_without_ack_is_dropped", STATE, 0, 1, segment_without_ack_is_dropped),
        ROW("ST-207 new_ack_is_told_as_sent", STATE, 0, 1, new_ack_is_told_as_sent),
        ROW("ST-208 old_ack_is_ignored", STATE, 0, 1, old_ack_is_ignored),
        ROW("ST-209 too_old_ack_is_challenged", STATE, 0, 2, too_old_ack_is_challenged),
        ROW("ST-210 ack_of_unsent_data_is_answered", STATE, 0, 2, ack_of_unsent_data_is_answered),
        ROW("ST-211 data_after_fin_is_ignored", STATE, 0, 1, data_after_fin_is_ignored),
        ROW("ST-211 data_after_fin_still_acknowledges", STATE, 0, 1, data_after_fin_still_acknowledges),
        ROW("ST-212 data_before_fin_again_is_acknowledged", STATE, 0, 1, data_before_fin_again_is_acknowledged),
        ROW("ST-213 data_beyond_window_is_acknowledged", STATE, 0, 2, data_beyond_window_is_acknowledged),
        ROW("ST-214 fin_again_is_acknowledged", STATE, 0, 1, fin_again_is_acknowledged),
        ROW("ST-012 bad_checksum_is_dropped", STATE, 0, 1, bad_checksum_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
