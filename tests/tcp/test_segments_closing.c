/* CLOSING: segments that arrive (RFC 9293 3.10.7.4). */
#include "support/segment_rows.h"

#define STATE RILL_STATE_CLOSING

static void ack_of_our_fin_enters_time_wait(struct peer *p, unsigned variant)
{
    struct rill_status status;

    peer_send(p, TCP_ACK, 2, 2, 10 * variant); /* text after the FIN is ignored, its ACK is not: ST-242 */
    expect_unmoved(p, RILL_STATE_TIME_WAIT);
    expect_status_of(p, p->conn, &status);
    assert_int_equal(status.timer, RILL_TIMER_TIME_WAIT);
    assert_int_equal(status.timer_left, UINT64_C(60000000000));
}

static void st_238_new_ack_before_our_fin_stays(void **state)
{
    struct peer p;

    (void)state;
    for (unsigned i = 0; i < 2 * PEER_CORNERS; i++) {
        struct peer_setup setup = peer_corner(i / 2);

        setup.passive = i % 2 != 0;
        peer_open(&p, &setup);
        peer_reach(&p, RILL_STATE_ESTABLISHED);
        assert_int_equal(peer_user_send(&p, 100), 100);
        assert_int_equal(peer_user_shutdown(&p), 0);
        peer_send(&p, TCP_FIN | TCP_ACK, 1, 1, 0);
        expect_state(&p, STATE);
        peer_forget(&p);
        peer_send(&p, TCP_ACK, 2, 51, 0);
        expect_unmoved(&p, STATE);
        peer_send(&p, TCP_ACK, 2, 101, 0);
        expect_event(&p, p.conn, RILL_SENT);
        expect_unmoved(&p, STATE);
        peer_send(&p, TCP_ACK, 2, 102, 0);
        expect_unmoved(&p, RILL_STATE_TIME_WAIT);
        peer_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW("ST-229 rst_at_rcv_nxt_resets", STATE, 0, 1, rst_at_rcv_nxt_resets),
        ROW("ST-230 rst_in_window_is_challenged", STATE, 0, 2, rst_in_window_is_challenged),
        ROW("ST-231 rst_out_of_window_is_silently_dropped", STATE, 0, 1, rst_out_of_window_is_silently_dropped),
        ROW("ST-232 syn_in_window_is_challenged", STATE, 0, 4, syn_in_window_is_challenged),
        ROW("ST-233 syn_out_of_window_is_challenged", STATE, 0, 4, syn_out_of_window_is_challenged),
        ROW("ST-234 old_timestamp_is_acknowledged_and_dropped", STATE, WITH_TIMESTAMPS, 2,
            old_timestamp_is_acknowledged_and_dropped),
        ROW("ST-235 missing_timestamp_is_silently_dropped", STATE, WITH_TIMESTAMPS, 1,
            missing_timestamp_is_silently_dropped),
        ROW("ST-236 segment_without_ack_is_dropped", STATE, 0, 1, segment_without_ack_is_dropped),
        ROW("ST-237 ST-242 ack_of_our_fin_enters_time_wait", STATE, 0, 2, ack_of_our_fin_enters_time_wait),
        cmocka_unit_test(st_238_new_ack_before_our_fin_stays),
        ROW("ST-239 old_ack_is_ignored", STATE, 0, 1, old_ack_is_ignored),
        ROW("ST-240 too_old_ack_is_challenged", STATE, 0, 2, too_old_ack_is_challenged),
        ROW("ST-241 ack_of_unsent_data_is_answered", STATE, 0, 2, ack_of_unsent_data_is_answered),
        ROW("ST-242 data_after_fin_is_ignored", STATE, 0, 1, data_after_fin_is_ignored),
        ROW("ST-243 data_before_fin_again_is_acknowledged", STATE, 0, 1, data_before_fin_again_is_acknowledged),
        ROW("ST-244 data_beyond_window_is_acknowledged", STATE, 0, 2, data_beyond_window_is_acknowledged),
        ROW("ST-245 fin_again_is_acknowledged", STATE, 0, 1, fin_again_is_acknowledged),
        ROW("ST-012 bad_checksum_is_dropped", STATE, 0, 1, bad_checksum_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
