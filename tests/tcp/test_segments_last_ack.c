/* LAST-ACK: segments that arrive (RFC 9293 3.10.7.4). */
#include "support/segment_rows.h"

#define STATE RILL_STATE_LAST_ACK

static enum rill_state gone(const struct peer *p)
{
    return p->setup.passive ? RILL_STATE_LISTEN : RILL_STATE_CLOSED;
}

static void ack_of_our_fin_closes(struct peer *p, unsigned variant)
{
    peer_send(p, TCP_ACK, 2, 2, 10 * variant); /* text after the FIN is ignored, its ACK is not: ST-272 */
    expect_nothing(p);
    expect_event(p, p->conn, RILL_CLOSED);
    expect_no_event(p);
    expect_state(p, gone(p));
    assert_int_equal(peer_user_close(p), 0);
}

static void st_268_new_ack_before_our_fin_stays(void **state)
{
    struct peer p;

    (void)state;
    for (unsigned i = 0; i < 2 * PEER_CORNERS; i++) {
        struct peer_setup setup = peer_corner(i / 2);

        setup.passive = i % 2 != 0;
        peer_open(&p, &setup);
        peer_reach(&p, RILL_STATE_CLOSE_WAIT);
        assert_int_equal(peer_user_send(&p, 100), 100);
        assert_int_equal(peer_user_shutdown(&p), 0);
        expect_state(&p, STATE);
        peer_forget(&p);
        peer_send(&p, TCP_ACK, 2, 51, 0);
        expect_unmoved(&p, STATE);
        peer_send(&p, TCP_ACK, 2, 101, 0);
        expect_event(&p, p.conn, RILL_SENT);
        expect_unmoved(&p, STATE);
        peer_send(&p, TCP_ACK, 2, 102, 0);
        expect_event(&p, p.conn, RILL_CLOSED);
        expect_unmoved(&p, gone(&p));
        peer_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW("ST-259 rst_at_rcv_nxt_resets", STATE, 0, 1, rst_at_rcv_nxt_resets),
        ROW("ST-260 rst_in_window_is_challenged", STATE, 0, 2, rst_in_window_is_challenged),
        ROW("ST-261 rst_out_of_window_is_silently_dropped", STATE, 0, 1, rst_out_of_window_is_silently_dropped),
        ROW("ST-262 syn_in_window_is_challenged", STATE, 0, 4, syn_in_window_is_challenged),
        ROW("ST-263 syn_out_of_window_is_challenged", STATE, 0, 4, syn_out_of_window_is_challenged),
        ROW("ST-264 old_timestamp_is_acknowledged_and_dropped", STATE, WITH_TIMESTAMPS, 2,
            old_timestamp_is_acknowledged_and_dropped),
        ROW("ST-265 missing_timestamp_is_silently_dropped", STATE, WITH_TIMESTAMPS, 1,
            missing_timestamp_is_silently_dropped),
        ROW("ST-266 segment_without_ack_is_dropped", STATE, 0, 1, segment_without_ack_is_dropped),
        ROW("ST-267 ST-272 ack_of_our_fin_closes", STATE, 0, 2, ack_of_our_fin_closes),
        cmocka_unit_test(st_268_new_ack_before_our_fin_stays),
        ROW("ST-269 old_ack_is_ignored", STATE, 0, 1, old_ack_is_ignored),
        ROW("ST-270 too_old_ack_is_challenged", STATE, 0, 2, too_old_ack_is_challenged),
        ROW("ST-271 ack_of_unsent_data_is_answered", STATE, 0, 2, ack_of_unsent_data_is_answered),
        ROW("ST-272 data_after_fin_is_ignored", STATE, 0, 1, data_after_fin_is_ignored),
        ROW("ST-273 data_before_fin_again_is_acknowledged", STATE, 0, 1, data_before_fin_again_is_acknowledged),
        ROW("ST-274 data_beyond_window_is_acknowledged", STATE, 0, 2, data_beyond_window_is_acknowledged),
        ROW("ST-275 fin_again_is_acknowledged", STATE, 0, 1, fin_again_is_acknowledged),
        ROW("ST-012 bad_checksum_is_dropped", STATE, 0, 1, bad_checksum_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
