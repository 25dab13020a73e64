/* When ACKs go out, and the window that we offer: delayed ACKs and the receiver's silly window rule. */
#include "support/tcp_peer.h"

#define FULL 1460u
#define QUICK_ACKS 80u /* more than the first ACKs of a connection, which are not delayed */

static struct rill_status status_of(struct peer *p)
{
    struct rill_status status;

    expect_status_of(p, p->conn, &status);
    return status;
}

/* Established, past the first ACKs that go at once; `next` is the peer's next byte. */
static uint32_t settled(struct peer *p, const struct peer_setup *setup, uint32_t segment_bytes)
{
    uint32_t next = 1;

    peer_open(p, setup);
    peer_reach(p, RILL_STATE_ESTABLISHED);
    for (unsigned i = 0; i < QUICK_ACKS; i++) {
        peer_send(p, TCP_ACK, next, 1, segment_bytes);
        next += segment_bytes;
        (void)peer_user_receive(p, segment_bytes);
    }
    peer_advance(p, 100); /* what is still delayed, but not so long that the peer would begin anew */
    peer_forget(p);
    return next;
}

static void SHLD_18_MUST_40_ST_116_one_segment_is_acknowledged_after_40_ms(void **state)
{
    struct peer p;
    uint32_t next;
    (void)state;
    next = settled(&p, NULL, FULL);
    peer_send(&p, TCP_ACK, next, 1, FULL);
    expect_nothing(&p);
    peer_advance(&p, 39);
    expect_nothing(&p);
    peer_advance(&p, 1);
    expect_ack(&p, next + FULL);
    expect_nothing(&p);
    peer_close(&p);
}

static void SHLD_19_R5681_15_every_second_full_segment_is_acknowledged_at_once(void **state)
{
    struct peer p;
    uint32_t next;
    (void)state;
    next = settled(&p, NULL, FULL);
    for (unsigned i = 0; i < 50; i++) {
        peer_send(&p, TCP_ACK, next, 1, FULL);
        expect_nothing(&p);
        peer_send(&p, TCP_ACK, next + FULL, 1, FULL);
        next += 2 * FULL;
        expect_ack(&p, next);
        expect_nothing(&p);
        (void)peer_user_receive(&p, 2 * FULL);
        peer_forget(&p);
    }
    peer_close(&p);
}

static void the_first_segments_of_a_connection_are_acknowledged_at_once(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_send(&p, TCP_ACK, 1, 1, FULL);
    expect_ack(&p, 1 + FULL);
    peer_close(&p);
}

/* A small segment that ends a write says nothing about the size of full ones. */
static void SHLD_19_small_pushed_segments_do_not_count_as_full_ones(void **state)
{
    struct peer p;
    uint32_t next;
    (void)state;
    next = settled(&p, NULL, FULL);
    for (unsigned i = 0; i < 4; i++) {
        peer_send(&p, TCP_ACK | TCP_PSH, next, 1, 300);
        next += 300;
        expect_nothing(&p);
    }
    peer_advance(&p, 40);
    expect_ack(&p, next);
    peer_close(&p);
}

/* 100 KB in full segments, in a slow start from ten: each ACK that waits may cost the peer a round trip. */
static void each_of_the_first_full_segments_is_acknowledged_at_once(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.window_scaling = true, .receive_buffer_bytes = 1u << 20});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    for (uint32_t i = 0; i < 63; i++) { /* one was the handshake's */
        peer_send(&p, TCP_ACK, 1 + i * FULL, 1, FULL);
        expect_ack(&p, 1 + (i + 1) * FULL);
    }
    peer_send(&p, TCP_ACK, 1 + 63 * FULL, 1, FULL);
    expect_nothing(&p);
    peer_close(&p);
}

static void of_segments_that_are_not_full_only_the_first_are_acknowledged_at_once(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    for (uint32_t i = 0; i < 15; i++) { /* one was the handshake's */
        peer_send(&p, TCP_ACK | TCP_PSH, 1 + i * 100, 1, 100);
        expect_ack(&p, 1 + (i + 1) * 100);
    }
    peer_send(&p, TCP_ACK | TCP_PSH, 1501, 1, 100);
    expect_nothing(&p);
    peer_close(&p);
}

static void after_a_silence_full_segments_are_acknowledged_at_once_again(void **state)
{
    struct peer p;
    uint32_t next;
    (void)state;
    next = settled(&p, NULL, FULL);
    peer_advance(&p, 5000);
    for (unsigned i = 0; i < 16; i++) {
        peer_send(&p, TCP_ACK, next, 1, FULL);
        next += FULL;
        expect_ack(&p, next);
    }
    peer_send(&p, TCP_ACK, next, 1, FULL);
    expect_nothing(&p);
    peer_advance(&p, 5000);
    peer_forget(&p);
    peer_send(&p, TCP_ACK | TCP_PSH, next + FULL, 1, 100); /* a dialogue's */
    expect_nothing(&p);
    peer_close(&p);
}

static void quick_ack_is_an_option(void **state)
{
    struct peer p;
    uint32_t next;
    (void)state;
    next = settled(&p, NULL, FULL);
    assert_int_equal(rill_set_flags(p.stack, p.conn, RILL_OPTION_QUICK_ACK, 0), 0);
    peer_send(&p, TCP_ACK, next, 1, 1);
    expect_ack(&p, next + 1);
    peer_close(&p);
}

static void an_ack_rides_on_data_that_leaves_before_the_timer(void **state)
{
    struct peer p;
    uint32_t next;
    uint64_t delayed;
    (void)state;
    next = settled(&p, NULL, FULL);
    delayed = rill_counted(p.stack, RILL_COUNT_TCP_DELAYED_ACKS);
    peer_send(&p, TCP_ACK, next, 1, 100);
    assert_int_equal(peer_user_send(&p, 50), 50);
    expect_segment(&p, TCP_ACK, 1, next + 100, 50);
    peer_send(&p, TCP_ACK, next + 100, 51, 0);
    peer_advance(&p, 1000);
    expect_nothing(&p);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_DELAYED_ACKS), delayed);
    peer_close(&p);
}

static void R5681_9_MAY_13_a_gap_is_answered_at_once(void **state)
{
    struct peer p;
    uint32_t next;
    (void)state;
    next = settled(&p, NULL, FULL);
    peer_send(&p, TCP_ACK, next + 100, 1, 100);
    expect_ack(&p, next);
    expect_nothing(&p);
    peer_close(&p);
}

static void R5681_10_a_gap_that_is_filled_or_partly_filled_is_answered_at_once(void **state)
{
    struct peer p;
    uint32_t next;
    (void)state;
    next = settled(&p, NULL, FULL);
    peer_send(&p, TCP_ACK, next + 200, 1, 100);
    expect_ack(&p, next);
    peer_send(&p, TCP_ACK, next, 1, 100);
    expect_ack(&p, next + 100);
    peer_send(&p, TCP_ACK, next + 100, 1, 100);
    expect_ack(&p, next + 300);
    expect_nothing(&p);
    peer_close(&p);
}

static void a_duplicate_is_answered_at_once_and_counted(void **state)
{
    struct peer p;
    uint32_t next;
    uint64_t dropped;
    (void)state;
    next = settled(&p, NULL, FULL);
    dropped = rill_drops(p.stack, RILL_DROP_TCP_OUT_OF_WINDOW);
    peer_send(&p, TCP_ACK, next - 100, 1, 100);
    expect_ack(&p, next);
    expect_nothing(&p);
    assert_int_equal(rill_drops(p.stack, RILL_DROP_TCP_OUT_OF_WINDOW), dropped + 1);
    peer_close(&p);
}

static void ST_153_ST_189_acks_are_delayed_after_our_fin_too(void **state)
{
    static const enum rill_state states[] = {RILL_STATE_FIN_WAIT_1, RILL_STATE_FIN_WAIT_2};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct peer p;
        uint32_t next = settled(&p, NULL, FULL);

        assert_int_equal(peer_user_shutdown(&p), 0);
        if (states[i] == RILL_STATE_FIN_WAIT_2)
            peer_send(&p, TCP_ACK, next, 2, 0);
        expect_state(&p, states[i]);
        peer_forget(&p);
        peer_send(&p, TCP_ACK, next, 1 + i, 100);
        expect_nothing(&p);
        peer_advance(&p, 40);
        expect_segment(&p, TCP_ACK, 2, next + 100, 0);
        peer_close(&p);
    }
}

static void a_fin_is_acknowledged_at_once(void **state)
{
    struct peer p;
    uint32_t next;
    (void)state;
    next = settled(&p, NULL, FULL);
    peer_send(&p, TCP_FIN | TCP_ACK, next, 1, 100);
    expect_ack(&p, next + 101);
    expect_nothing(&p);
    peer_close(&p);
}

static void MUST_39_reading_byte_by_byte_does_not_move_the_right_edge(void **state)
{
    struct peer p;
    uint32_t edge;
    (void)state;
    peer_open(&p, &(struct peer_setup){.receive_buffer_bytes = 16384});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_fill_window(&p, 1);
    assert_int_equal(p.rcv_wnd, 0);
    edge = p.right_edge;
    for (unsigned i = 0; i < 500; i++) {
        assert_int_equal(peer_user_receive(&p, 1), 1);
        if (i % 100 == 0) {
            peer_send(&p, TCP_ACK, p.rcv_nxt - 1, 1, 0); /* a probe: the answer shows the window */
            assert_int_equal(p.right_edge, edge);
            peer_advance(&p, 1000);
        }
    }
    peer_close(&p);
}

static void MUST_39_the_right_edge_moves_by_a_full_segment_or_not_at_all(void **state)
{
    struct peer p;
    uint32_t edge, moves = 0;
    (void)state;
    peer_open(&p, &(struct peer_setup){.receive_buffer_bytes = 65536});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_fill_window(&p, 1);
    edge = p.right_edge;
    for (unsigned i = 0; i < 4000 && peer_user_receive(&p, 8) > 0; i++) {
        if (p.right_edge != edge) {
            assert_true(p.right_edge - edge >= 1000);
            moves++;
        }
        edge = p.right_edge;
        peer_forget(&p);
    }
    assert_true(moves > 5);
    peer_close(&p);
}

static void a_window_that_reading_opened_is_told_at_once(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.receive_buffer_bytes = 65536});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_fill_window(&p, 1);
    assert_true(peer_user_receive(&p, 60000) > 20000);
    expect_segment(&p, TCP_ACK, 1, p.rcv_nxt, 0);
    assert_true(p.rcv_wnd > 10000);
    peer_close(&p);
}

static void MAY_8_a_window_may_stay_shut_and_every_probe_is_answered(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.receive_buffer_bytes = 8192});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_fill_window(&p, 1);
    for (unsigned i = 0; i < 100; i++) {
        struct peer_segment ack;

        peer_advance(&p, 60000);
        peer_forget(&p);
        peer_send(&p, TCP_ACK, p.rcv_nxt, 1, 1); /* one byte beyond the window, as Linux's TLP or BSD's probe */
        ack = expect_segment(&p, TCP_ACK, 1, p.rcv_nxt, 0);
        assert_int_equal(ack.window, 0);
        expect_nothing(&p);
    }
    expect_state(&p, RILL_STATE_ESTABLISHED);
    peer_close(&p);
}

static void MUST_66_R5961_8_a_shut_window_still_takes_rst_urg_and_ack(void **state)
{
    struct peer_packet urgent = {.flags = TCP_ACK | TCP_URG, .ack = 1, .data_bytes = 1, .urgent = 1};
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.receive_buffer_bytes = 8192});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(peer_user_send(&p, 10), 10);
    peer_fill_window(&p, 1);
    urgent.seq = p.rcv_nxt;
    urgent.ack = 1;
    peer_send_packet(&p, &urgent);
    expect_event(&p, p.conn, RILL_URGENT);
    peer_send(&p, TCP_ACK, p.rcv_nxt, 11, 1);
    assert_int_equal(status_of(&p).send_queued, 0);
    peer_forget(&p);
    peer_send(&p, TCP_RST, p.rcv_nxt, 0, 0);
    expect_state(&p, RILL_STATE_CLOSED);
    expect_event_error(&p, p.conn, RILL_RESET | RILL_CLOSED, -RILL_ECONNRESET);
    peer_close(&p);
}

static void R7323_7_what_was_ever_in_the_window_is_accepted(void **state)
{
    struct peer p;
    uint32_t edge;
    (void)state;
    peer_open(&p, &(struct peer_setup){.receive_buffer_bytes = 65536, .window_scaling = true});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_send(&p, TCP_ACK, 1, 1, 777);
    edge = p.right_edge;
    peer_send(&p, TCP_ACK, edge - 333, 1, 333);
    peer_send(&p, TCP_ACK, 778, 1, 1000);
    peer_send(&p, TCP_ACK, 1778, 1, 1000);
    assert_int_equal(rill_drops(p.stack, RILL_DROP_TCP_OUT_OF_WINDOW), 0);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_OUT_OF_ORDER), 1);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(SHLD_18_MUST_40_ST_116_one_segment_is_acknowledged_after_40_ms),
        cmocka_unit_test(SHLD_19_R5681_15_every_second_full_segment_is_acknowledged_at_once),
        cmocka_unit_test(the_first_segments_of_a_connection_are_acknowledged_at_once),
        cmocka_unit_test(each_of_the_first_full_segments_is_acknowledged_at_once),
        cmocka_unit_test(of_segments_that_are_not_full_only_the_first_are_acknowledged_at_once),
        cmocka_unit_test(after_a_silence_full_segments_are_acknowledged_at_once_again),
        cmocka_unit_test(quick_ack_is_an_option),
        cmocka_unit_test(an_ack_rides_on_data_that_leaves_before_the_timer),
        cmocka_unit_test(R5681_9_MAY_13_a_gap_is_answered_at_once),
        cmocka_unit_test(R5681_10_a_gap_that_is_filled_or_partly_filled_is_answered_at_once),
        cmocka_unit_test(a_duplicate_is_answered_at_once_and_counted),
        cmocka_unit_test(ST_153_ST_189_acks_are_delayed_after_our_fin_too),
        cmocka_unit_test(a_fin_is_acknowledged_at_once),
        cmocka_unit_test(MUST_39_reading_byte_by_byte_does_not_move_the_right_edge),
        cmocka_unit_test(MUST_39_the_right_edge_moves_by_a_full_segment_or_not_at_all),
        cmocka_unit_test(a_window_that_reading_opened_is_told_at_once),
        cmocka_unit_test(MAY_8_a_window_may_stay_shut_and_every_probe_is_answered),
        cmocka_unit_test(MUST_66_R5961_8_a_shut_window_still_takes_rst_urg_and_ack),
        cmocka_unit_test(R7323_7_what_was_ever_in_the_window_is_accepted),
        cmocka_unit_test(SHLD_19_small_pushed_segments_do_not_count_as_full_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
