/* ESTABLISHED: segments that arrive (RFC 9293 3.10.7.4). */
#include "support/segment_rows.h"

#define STATE RILL_STATE_ESTABLISHED

static void new_ack_is_told_as_sent(struct peer *p, unsigned variant)
{
    (void)variant;
    assert_int_equal(peer_user_send(p, 100), 100);
    expect_segment(p, TCP_ACK, 1, 1, 100);
    peer_send(p, TCP_ACK, 1, 101, 0);
    expect_event(p, p->conn, RILL_SENT);
    expect_unmoved(p, STATE);
}

static void new_ack_releases_more_data(struct peer *p, unsigned variant)
{
    (void)variant;
    p->window = 2920;
    peer_send(p, TCP_ACK, 1, 1, 0);
    expect_unmoved(p, STATE);
    assert_int_equal(peer_user_send(p, 4000), 4000);
    expect_segment(p, TCP_ACK, 1, 1, 1460);
    expect_segment(p, TCP_ACK, 1461, 1, 1460);
    expect_nothing(p);
    peer_send(p, TCP_ACK, 1, 2921, 0);
    expect_segment(p, TCP_ACK, 2921, 1, 1080);
    expect_unmoved(p, STATE);
}

/* RFC 9293 3.10.7.4, fifth: the window follows the newest segment only. */
static void window_of_an_older_segment_is_not_taken(struct peer *p, unsigned variant)
{
    struct rill_status status;

    (void)variant;
    p->window = 5000;
    peer_send(p, TCP_ACK, 1, 1, 10);
    peer_forget(p);
    p->window = 100;
    peer_send(p, TCP_ACK, 1, 1, 0); /* empty and old: answered, its window not taken */
    expect_status_of(p, p->conn, &status);
    assert_int_equal(status.snd_wnd, 5000);
}

/* RFC 5961 5.2: MAX.SND.WND is the largest window ever offered, not the last one. */
static void old_ack_is_measured_by_the_largest_window(struct peer *p, unsigned variant)
{
    (void)variant;
    p->window = 1000;
    peer_send(p, TCP_ACK, 1, 1, 0);
    peer_send(p, TCP_ACK, 1, 1 - 2000u, 0);
    expect_unmoved(p, STATE);
}

static void third_duplicate_ack_retransmits(struct peer *p, unsigned variant)
{
    (void)variant;
    assert_int_equal(peer_user_send(p, 4000), 4000);
    peer_forget(p);
    for (unsigned i = 0; i < 2; i++) {
        peer_send(p, TCP_ACK, 1, 1, 0);
        expect_unmoved(p, STATE);
    }
    peer_send(p, TCP_ACK, 1, 1, 0);
    expect_segment(p, TCP_ACK, 1, 1, 1460);
    expect_unmoved(p, STATE);
}

/* The first segments are acknowledged at once, as the peer's slow start wants it. */
static void send_early_data(struct peer *p, uint32_t bytes)
{
    for (uint32_t i = 0; i < 64; i++) {
        peer_send(p, TCP_ACK, 1 + i * bytes, 1, bytes);
        (void)peer_user_receive(p, bytes);
    }
    peer_advance(p, 100);
    peer_forget(p);
}

static void ack_of_data_is_delayed_below_500_ms(struct peer *p, unsigned variant)
{
    (void)variant;
    send_early_data(p, 10);
    peer_send(p, TCP_ACK, 641, 1, 10);
    expect_nothing(p);
    peer_advance(p, 499);
    expect_ack(p, 651);
    expect_nothing(p);
}

static void second_full_segment_is_acknowledged_at_once(struct peer *p, unsigned variant)
{
    (void)variant;
    send_early_data(p, 1460);
    peer_send(p, TCP_ACK, 1 + 64 * 1460, 1, 1460);
    expect_nothing(p);
    peer_send(p, TCP_ACK, 1 + 65 * 1460, 1, 1460);
    expect_ack(p, 1 + 66 * 1460);
    expect_nothing(p);
}

static void zero_window_still_takes_the_ack(struct peer *p, unsigned variant)
{
    uint32_t rcv_nxt;

    (void)variant;
    assert_int_equal(peer_user_send(p, 100), 100);
    peer_fill_window(p, 101);
    assert_int_equal(peer_user_send(p, 50), 50);
    peer_forget(p);
    rcv_nxt = p->rcv_nxt;
    peer_send(p, TCP_ACK, rcv_nxt, 151, 10);
    assert_int_equal(expect_ack(p, rcv_nxt).window, 0);
    expect_event(p, p->conn, RILL_SENT);
    expect_unmoved(p, STATE);
}

static void fin_closes_the_peers_half(struct peer *p, unsigned variant)
{
    uint32_t bytes = variant * 10;

    peer_send(p, TCP_ACK | TCP_FIN, 1, 1, bytes);
    expect_ack(p, 2 + bytes);
    expect_nothing(p);
    expect_event(p, p->conn, RILL_READABLE | RILL_PEER_CLOSED);
    expect_no_event(p);
    expect_state(p, RILL_STATE_CLOSE_WAIT);
    if (bytes > 0)
        assert_int_equal(peer_user_receive(p, 100), bytes);
    assert_int_equal(peer_user_receive(p, 100), 0);
}

/* RFC 7323 5.5: TS.Recent is not believed after 24 days. */
static void old_timestamp_is_taken_after_24_days(struct peer *p, unsigned variant)
{
    const uint64_t days25 = UINT64_C(25) * 86400 * 1000;
    struct peer_packet packet = {.flags = TCP_ACK, .seq = 1, .ack = 1, .data_bytes = 10};

    (void)variant;
    peer_advance(p, days25);
    packet.timestamp_shift = (int32_t)(0u - (uint32_t)days25 - 1000u);
    peer_send_packet(p, &packet);
    expect_ack(p, 11);
    expect_event(p, p->conn, RILL_READABLE);
    expect_unmoved(p, STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW("ST-089 rst_at_rcv_nxt_resets", STATE, 0, 1, rst_at_rcv_nxt_resets),
        ROW("ST-089 rst_needs_no_timestamp", STATE, WITH_TIMESTAMPS, 1, rst_at_rcv_nxt_resets),
        ROW("ST-090 rst_in_window_is_challenged", STATE, 0, 2, rst_in_window_is_challenged),
        ROW("ST-091 rst_out_of_window_is_silently_dropped", STATE, 0, 1, rst_out_of_window_is_silently_dropped),
        ROW("ST-092 syn_in_window_is_challenged", STATE, 0, 4, syn_in_window_is_challenged),
        ROW("ST-093 syn_out_of_window_is_challenged", STATE, 0, 4, syn_out_of_window_is_challenged),
        ROW("ST-094 old_timestamp_is_acknowledged_and_dropped", STATE, WITH_TIMESTAMPS, 2,
            old_timestamp_is_acknowledged_and_dropped),
        ROW("ST-094 old_timestamp_is_taken_after_24_days", STATE, WITH_TIMESTAMPS, 1,
            old_timestamp_is_taken_after_24_days),
        ROW("ST-095 missing_timestamp_is_silently_dropped", STATE, WITH_TIMESTAMPS, 1,
            missing_timestamp_is_silently_dropped),
        ROW("ST-096 segment_without_ack_is_dropped", STATE, 0, 1, segment_without_ack_is_dropped),
        ROW("ST-097 new_ack_is_told_as_sent", STATE, 0, 1, new_ack_is_told_as_sent),
        ROW("ST-097 new_ack_releases_more_data", STATE, 0, 1, new_ack_releases_more_data),
        ROW("ST-097 window_of_an_older_segment_is_not_taken", STATE, 0, 1, window_of_an_older_segment_is_not_taken),
        ROW("ST-098 old_ack_is_ignored", STATE, 0, 1, old_ack_is_ignored),
        ROW("ST-098 old_ack_is_measured_by_the_largest_window", STATE, 0, 1, old_ack_is_measured_by_the_largest_window),
        ROW("ST-098 third_duplicate_ack_retransmits", STATE, 0, 1, third_duplicate_ack_retransmits),
        ROW("ST-099 too_old_ack_is_challenged", STATE, 0, 2, too_old_ack_is_challenged),
        ROW("ST-100 ack_of_unsent_data_is_answered", STATE, 0, 2, ack_of_unsent_data_is_answered),
        ROW("ST-101 data_in_order_is_delivered", STATE, 0, 1, data_in_order_is_delivered),
        ROW("ST-101 ST-116 ack_of_data_is_delayed_below_500_ms", STATE, 0, 1, ack_of_data_is_delayed_below_500_ms),
        ROW("ST-101 second_full_segment_is_acknowledged_at_once", STATE, 0, 1,
            second_full_segment_is_acknowledged_at_once),
        ROW("ST-102 data_out_of_order_is_kept", STATE, WITH_SACK, 2, data_out_of_order_is_kept),
        ROW("ST-103 straddling_data_is_trimmed", STATE, 0, 3, straddling_data_is_trimmed),
        ROW("ST-104 old_data_is_acknowledged", STATE, 0, 1, old_data_is_acknowledged),
        ROW("ST-105 data_beyond_window_is_acknowledged", STATE, 0, 2, data_beyond_window_is_acknowledged),
        ROW("ST-106 data_at_zero_window_is_refused", STATE, WITH_SMALL_BUFFER, 3, data_at_zero_window_is_refused),
        ROW("ST-106 zero_window_still_takes_the_ack", STATE, WITH_SMALL_BUFFER, 1, zero_window_still_takes_the_ack),
        ROW("ST-107 urgent_is_told_once_per_mark", STATE, 0, 1, urgent_is_told_once_per_mark),
        ROW("ST-108 fin_closes_the_peers_half", STATE, 0, 2, fin_closes_the_peers_half),
        ROW("ST-109 fin_out_of_order_waits", STATE, 0, 3, fin_out_of_order_waits),
        ROW("ST-012 bad_checksum_is_dropped", STATE, 0, 1, bad_checksum_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
