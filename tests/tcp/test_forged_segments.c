/* What a stranger may send: PAWS, challenge ACKs and their limit, LAND, and counters that rise by exactly one. */
#include "support/tcp_peer.h"

#define DAY_MS UINT64_C(86400000)

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

/* The packet is dropped for this one reason, counted once, and changes nothing that the user sees. */
static void dropped_once(struct peer *p, const struct peer_packet *packet, enum rill_drop reason)
{
    uint64_t before[RILL_DROP_KINDS];
    struct rill_status was = status_of(p), is;

    for (unsigned i = 0; i < RILL_DROP_KINDS; i++)
        before[i] = rill_drops(p->stack, (enum rill_drop)i);
    peer_send_packet(p, packet);
    for (unsigned i = 0; i < RILL_DROP_KINDS; i++)
        assert_int_equal(rill_drops(p->stack, (enum rill_drop)i), before[i] + (i == reason));
    is = status_of(p);
    assert_int_equal(is.state, was.state);
    assert_int_equal(is.receive_queued, was.receive_queued);
    assert_int_equal(is.snd_una, was.snd_una);
    assert_int_equal(is.rcv_nxt, was.rcv_nxt);
    expect_no_event(p);
}

static void R7323_15_PAWS_drops_an_older_timestamp_with_an_ack(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, &(struct peer_setup){.timestamps = true});
    peer_advance(&p, 1000);
    peer_send(&p, TCP_ACK, 1, 1, 10);
    peer_forget(&p);
    dropped_once(&p,
                 &(struct peer_packet){.flags = TCP_ACK, .seq = 11, .ack = 1, .data_bytes = 5, .timestamp_shift = -1},
                 RILL_DROP_TCP_PAWS);
    expect_segment(&p, TCP_ACK, 1, 11, 0);
    peer_close(&p);
}

static void R7323_17_a_timestamp_older_than_24_days_is_not_believed(void **state)
{
    (void)state;
    for (unsigned days = 25; days <= 120; days += 5) {
        struct peer p;

        established_with(&p, &(struct peer_setup){.timestamps = true});
        peer_send(&p, TCP_ACK, 1, 1, 10);
        peer_forget(&p);
        peer_advance(&p, days * DAY_MS);
        /* The peer's clock stood still, or turned: its stamp looks older than TS.Recent. */
        peer_send_packet(&p, &(struct peer_packet){.flags = TCP_ACK,
                                                   .seq = 11,
                                                   .ack = 1,
                                                   .data_bytes = 5,
                                                   .timestamp_shift = -(int32_t)(uint32_t)(days * DAY_MS) - 1000});
        if (status_of(&p).receive_queued != 15)
            fail_msg("after %u days the connection is deaf", days);
        peer_close(&p);
    }
}

static void R7323_17_within_24_days_it_is_believed(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, &(struct peer_setup){.timestamps = true});
    peer_send(&p, TCP_ACK, 1, 1, 10);
    peer_forget(&p);
    peer_advance(&p, 20 * DAY_MS);
    dropped_once(
        &p,
        &(struct peer_packet){
            .flags = TCP_ACK, .seq = 11, .ack = 1, .data_bytes = 5, .timestamp_shift = -(int32_t)(20 * DAY_MS) - 1},
        RILL_DROP_TCP_PAWS);
    peer_close(&p);
}

static void R7323_16_a_reset_passes_paws(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, &(struct peer_setup){.timestamps = true});
    peer_send_packet(&p, &(struct peer_packet){.flags = TCP_RST, .seq = 1, .timestamp_shift = -100000});
    expect_state(&p, RILL_STATE_CLOSED);
    peer_close(&p);
}

static void R7323_11_a_segment_without_the_agreed_timestamp_is_dropped_silently(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, &(struct peer_setup){.timestamps = true});
    dropped_once(
        &p, &(struct peer_packet){.flags = TCP_ACK, .seq = 1, .ack = 1, .data_bytes = 5, .without_timestamp = true},
        RILL_DROP_TCP_NO_TIMESTAMP);
    expect_nothing(&p);
    peer_close(&p);
}

static void R7323_10_a_timestamp_that_was_not_agreed_is_ignored(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    peer_send_packet(
        &p, &(struct peer_packet){.flags = TCP_ACK, .seq = 1, .ack = 1, .data_bytes = 5, .with_timestamp = true});
    assert_int_equal(status_of(&p).receive_queued, 5);
    peer_close(&p);
}

static void R7323_13_the_echo_is_of_the_segment_that_the_last_ack_stood_before(void **state)
{
    struct peer_segment ack;
    struct peer p;
    uint32_t first;
    (void)state;
    established_with(&p, &(struct peer_setup){.timestamps = true});
    peer_send(&p, TCP_ACK, 1, 1, 10);
    ack = expect_segment(&p, TCP_ACK, 1, 11, 0);
    first = ack.options.timestamp_echo;
    peer_advance(&p, 100);
    peer_send(&p, TCP_ACK, 21, 1, 10); /* out of order: echo stays that of the last in order */
    ack = expect_segment(&p, TCP_ACK, 1, 11, 0);
    assert_int_equal(ack.options.timestamp_echo, first);
    peer_advance(&p, 100);
    peer_send(&p, TCP_ACK, 11, 1, 10); /* fills the hole: echo is the filler's */
    ack = expect_segment(&p, TCP_ACK, 1, 31, 0);
    assert_int_equal(ack.options.timestamp_echo, first + 200);
    peer_close(&p);
}

static void MUST_3_a_wrong_checksum_is_dropped_and_counted(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    dropped_once(&p, &(struct peer_packet){.flags = TCP_ACK, .seq = 1, .ack = 1, .data_bytes = 5, .bad_checksum = true},
                 RILL_DROP_TCP_CHECKSUM);
    dropped_once(&p, &(struct peer_packet){.flags = TCP_RST, .seq = 1, .bad_checksum = true}, RILL_DROP_TCP_CHECKSUM);
    expect_nothing(&p);
    peer_close(&p);
}

static void R5961_1_R5961_2_R5961_3_TCS_01_a_reset_is_believed_at_rcv_nxt_only(void **state)
{
    struct peer p;
    uint32_t window;
    (void)state;
    established_with(&p, NULL);
    window = p.rcv_wnd;
    dropped_once(&p, &(struct peer_packet){.flags = TCP_RST, .seq = 2}, RILL_DROP_TCP_RST_NOT_EXACT);
    expect_ack(&p, 1);
    peer_advance(&p, 1000);
    dropped_once(&p, &(struct peer_packet){.flags = TCP_RST, .seq = window}, RILL_DROP_TCP_RST_NOT_EXACT);
    expect_ack(&p, 1);
    dropped_once(&p, &(struct peer_packet){.flags = TCP_RST, .seq = 2 + window}, RILL_DROP_TCP_OUT_OF_WINDOW);
    dropped_once(&p, &(struct peer_packet){.flags = TCP_RST, .seq = 0}, RILL_DROP_TCP_OUT_OF_WINDOW);
    expect_nothing(&p);
    peer_send(&p, TCP_RST, 1, 0, 0);
    expect_state(&p, RILL_STATE_CLOSED);
    peer_close(&p);
}

static void R5961_4_TCS_02_a_syn_anywhere_is_a_challenge(void **state)
{
    static const uint32_t seqs[] = {0, 1, 500, 0x80000001, 0xfffff000};
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    for (unsigned i = 0; i < sizeof seqs / sizeof seqs[0]; i++) {
        peer_advance(&p, 1000);
        peer_send(&p, TCP_SYN, seqs[i], 0, 0);
        expect_ack(&p, 1);
        expect_nothing(&p);
        expect_state(&p, RILL_STATE_ESTABLISHED);
    }
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_CHALLENGE_ACKS), 5);
    peer_close(&p);
}

static void R5961_5_TCS_20_the_restarted_peers_reset_ends_the_connection(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    peer_advance(&p, 1000);
    peer_send(&p, TCP_SYN, 70000, 0, 0);
    expect_ack(&p, 1);
    peer_send(&p, TCP_RST, 1, 0, 0); /* <SEQ=SEG.ACK> of the challenge */
    expect_state(&p, RILL_STATE_CLOSED);
    expect_event_error(&p, p.conn, RILL_RESET | RILL_CLOSED, -RILL_ECONNRESET);
    peer_close(&p);
}

static void R5961_6_challenges_come_at_most_once_in_500_ms(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    peer_advance(&p, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        peer_send(&p, TCP_RST, 2, 0, 0);
        peer_advance(&p, 1);
    }
    assert_in_range(p.sent_count, 2, 3);
    assert_int_equal(rill_drops(p.stack, RILL_DROP_TCP_RST_NOT_EXACT), 1000);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_ACKS_HELD), 1000 - p.sent_count);
    peer_close(&p);
}

static void R5961_7_TCS_04_the_limit_is_each_connections_own(void **state)
{
    struct peer p;
    rill_conn other;
    (void)state;
    peer_open(&p, &(struct peer_setup){.passive = true});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_send_packet(&p, &(struct peer_packet){.flags = TCP_SYN, .source_port = 41000});
    peer_send_packet(&p, &(struct peer_packet){.flags = TCP_ACK, .seq = 1, .ack = 1, .source_port = 41000});
    assert_int_equal(rill_accept(p.stack, p.listener, &other, NULL), 0);
    peer_advance(&p, 1000);
    for (unsigned i = 0; i < 100; i++)
        peer_send(&p, TCP_RST, 2, 0, 0);
    peer_forget(&p);
    peer_send_packet(&p, &(struct peer_packet){.flags = TCP_RST, .seq = 2, .source_port = 41000});
    assert_int_equal(p.sent_count, 1);
    peer_close(&p);
}

static void R5961_9_MAY_12_an_ack_older_than_the_largest_window_injects_nothing(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, &(struct peer_setup){.window = 1000});
    assert_int_equal(peer_user_send(&p, 1000), 1000);
    peer_send(&p, TCP_ACK, 1, 1001, 0);
    peer_advance(&p, 1000);
    peer_forget(&p);
    dropped_once(&p, &(struct peer_packet){.flags = TCP_ACK, .seq = 1, .ack = 0, .data_bytes = 5},
                 RILL_DROP_TCP_ACK_TOO_OLD);
    peer_send(&p, TCP_ACK, 1, 1, 5);
    assert_int_equal(status_of(&p).receive_queued, 5);
    peer_close(&p);
}

static void an_ack_of_what_was_never_sent_is_answered_and_dropped(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    peer_advance(&p, 1000);
    dropped_once(&p, &(struct peer_packet){.flags = TCP_ACK, .seq = 1, .ack = 2, .data_bytes = 5},
                 RILL_DROP_TCP_ACK_UNSENT);
    expect_ack(&p, 1);
    peer_close(&p);
}

static void TCS_05_R5961_6_empty_segments_outside_the_window_are_answered_once_in_500_ms(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    peer_advance(&p, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        peer_send(&p, TCP_ACK, 0x40000000, 1, 0);
        peer_advance(&p, 1);
    }
    assert_in_range(p.sent_count, 2, 3);
    peer_close(&p);
}

static void TCS_05_data_outside_the_window_is_always_answered(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    for (unsigned i = 0; i < 20; i++)
        peer_send(&p, TCP_ACK, 0x40000000, 1, 10);
    assert_int_equal(p.sent_count, 20);
    peer_close(&p);
}

static void a_segment_without_ack_is_dropped_without_an_answer(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    dropped_once(&p, &(struct peer_packet){.flags = 0, .seq = 1, .data_bytes = 5}, RILL_DROP_TCP_NO_ACK_BIT);
    dropped_once(&p, &(struct peer_packet){.flags = TCP_FIN, .seq = 1}, RILL_DROP_TCP_NO_ACK_BIT);
    expect_nothing(&p);
    peer_close(&p);
}

static void SHLD_2_a_reset_may_carry_data(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    peer_send(&p, TCP_RST, 1, 0, 100);
    expect_state(&p, RILL_STATE_CLOSED);
    peer_close(&p);
}

static void TCS_07_segments_to_nobody_get_one_reset_each_and_cost_nothing(void **state)
{
    static const uint8_t flags[] = {TCP_ACK, TCP_FIN, TCP_FIN | TCP_ACK, TCP_SYN, TCP_SYN | TCP_ACK, 0};
    struct rill_memory before, after;
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_send(&p, TCP_ACK, 5, 5, 5);
    expect_raw_segment(&p, TCP_RST, 5, 0);
    peer_forget(&p);
    rill_memory(p.stack, &before);
    for (unsigned i = 0; i < 600; i++) {
        peer_send(&p, flags[i % 6], 5, 5, 5);
        assert_int_equal(p.sent_count, 1);
        assert_int_equal(p.sent[0].flags & TCP_RST, TCP_RST);
        peer_forget(&p);
        peer_send(&p, TCP_RST | (flags[i % 6] & TCP_ACK), 5, 5, 5); /* never a RST for a RST */
        expect_nothing(&p);
    }
    rill_memory(p.stack, &after);
    assert_int_equal(after.used_bytes, before.used_bytes);
    assert_int_equal(rill_drops(p.stack, RILL_DROP_TCP_NO_CONNECTION), 1201);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_RESETS_OUT), 601);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R7323_15_PAWS_drops_an_older_timestamp_with_an_ack),
        cmocka_unit_test(R7323_17_a_timestamp_older_than_24_days_is_not_believed),
        cmocka_unit_test(R7323_17_within_24_days_it_is_believed),
        cmocka_unit_test(R7323_16_a_reset_passes_paws),
        cmocka_unit_test(R7323_11_a_segment_without_the_agreed_timestamp_is_dropped_silently),
        cmocka_unit_test(R7323_10_a_timestamp_that_was_not_agreed_is_ignored),
        cmocka_unit_test(R7323_13_the_echo_is_of_the_segment_that_the_last_ack_stood_before),
        cmocka_unit_test(MUST_3_a_wrong_checksum_is_dropped_and_counted),
        cmocka_unit_test(R5961_1_R5961_2_R5961_3_TCS_01_a_reset_is_believed_at_rcv_nxt_only),
        cmocka_unit_test(R5961_4_TCS_02_a_syn_anywhere_is_a_challenge),
        cmocka_unit_test(R5961_5_TCS_20_the_restarted_peers_reset_ends_the_connection),
        cmocka_unit_test(R5961_6_challenges_come_at_most_once_in_500_ms),
        cmocka_unit_test(R5961_7_TCS_04_the_limit_is_each_connections_own),
        cmocka_unit_test(R5961_9_MAY_12_an_ack_older_than_the_largest_window_injects_nothing),
        cmocka_unit_test(an_ack_of_what_was_never_sent_is_answered_and_dropped),
        cmocka_unit_test(TCS_05_R5961_6_empty_segments_outside_the_window_are_answered_once_in_500_ms),
        cmocka_unit_test(TCS_05_data_outside_the_window_is_always_answered),
        cmocka_unit_test(a_segment_without_ack_is_dropped_without_an_answer),
        cmocka_unit_test(SHLD_2_a_reset_may_carry_data),
        cmocka_unit_test(TCS_07_segments_to_nobody_get_one_reset_each_and_cost_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
