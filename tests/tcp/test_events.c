/* What the application is told, once each; and that one connection's packets change no other. */
#include <string.h>

#include "support/stack_pair.h"
#include "support/tcp_peer.h"

static void gvisor_10243_a_short_send_is_told_when_there_is_room_again(void **state)
{
    struct peer p;
    int64_t taken;
    (void)state;
    peer_open(&p, &(struct peer_setup){.send_buffer_bytes = 8192});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    taken = peer_user_send(&p, 20000);
    assert_in_range(taken, 1, 19999);
    assert_int_equal(peer_user_send(&p, 1), -RILL_EAGAIN);
    expect_no_event(&p);
    peer_send(&p, TCP_ACK, 1, p.snd_nxt, 0);
    assert_int_equal(p.event_count, 1);
    assert_int_equal(p.events[0].what & RILL_WRITABLE, RILL_WRITABLE);
    assert_true(peer_user_send(&p, 1000) > 0);
    peer_close(&p);
}

static void a_full_send_is_told_nothing_about_room(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(peer_user_send(&p, 1000), 1000);
    peer_send(&p, TCP_ACK, 1, 1001, 0);
    expect_event(&p, p.conn, RILL_SENT); /* all of it is acknowledged */
    expect_no_event(&p);
    peer_close(&p);
}

static void data_and_its_end_are_told_once(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_send(&p, TCP_ACK, 1, 1, 10);
    expect_event(&p, p.conn, RILL_READABLE);
    peer_send(&p, TCP_ACK, 1, 1, 10); /* the same again */
    expect_no_event(&p);
    peer_send(&p, TCP_FIN | TCP_ACK, 11, 1, 0);
    expect_event(&p, p.conn, RILL_READABLE | RILL_PEER_CLOSED);
    peer_send(&p, TCP_FIN | TCP_ACK, 11, 1, 0);
    expect_no_event(&p);
    peer_close(&p);
}

/* smoltcp#518: the window of 63 in one connection's FIN was used for another one. */
static void nothing_of_one_connection_changes_another(void **state)
{
    static const uint8_t flags[] = {TCP_FIN | TCP_ACK, TCP_RST, TCP_SYN, TCP_ACK | TCP_URG, TCP_ACK};
    (void)state;
    for (unsigned i = 0; i < sizeof flags; i++) {
        struct rill_status before, after;
        rill_conn other;
        struct peer p;

        peer_open(&p, &(struct peer_setup){.passive = true});
        peer_reach(&p, RILL_STATE_ESTABLISHED);
        peer_send_packet(&p, &(struct peer_packet){.flags = TCP_SYN, .source_port = 41000});
        peer_send_packet(&p, &(struct peer_packet){.flags = TCP_ACK, .seq = 1, .ack = 1, .source_port = 41000});
        assert_int_equal(rill_accept(p.stack, p.listener, &other, NULL), 0);
        peer_run(&p);
        peer_forget(&p);
        expect_status_of(&p, p.conn, &before);
        p.window = 63;
        peer_send_packet(
            &p, &(struct peer_packet){.flags = flags[i], .seq = 1, .ack = 1, .urgent = 5, .source_port = 41000});
        expect_status_of(&p, p.conn, &after);
        assert_memory_equal(&before, &after, sizeof before);
        for (unsigned k = 0; k < p.event_count; k++)
            assert_true(p.events[k].conn != p.conn);
        peer_close(&p);
    }
}

static void MUST_58_MUST_59_segments_of_one_batch_are_acknowledged_together(void **state)
{
    static struct pair p;
    static uint8_t data[14480];
    uint64_t before;
    (void)state;
    pair_open(&p, 1u << 20, NULL);
    pair_establish(&p);
    pair_settle(&p);
    before = p.packets[1];
    assert_int_equal(rill_send(p.stack[0], p.conn[0], data, sizeof data, 0), sizeof data);
    pair_settle(&p);
    assert_int_equal(p.packets[1] - before, 1); /* ten segments came at one instant */
    pair_close(&p);
}

static void what_came_in_order_before_a_reset_is_read_before_the_error(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_send(&p, TCP_ACK, 1, 1, 10);
    peer_send(&p, TCP_ACK, 21, 1, 10); /* behind a gap */
    peer_send(&p, TCP_RST, 11, 0, 0);
    assert_int_equal(rill_receive_queued(p.stack, p.conn), 10);
    assert_int_equal(peer_user_receive(&p, 4), 4);
    assert_int_equal(peer_user_receive(&p, 100), 6);
    assert_int_equal(peer_user_receive(&p, 100), -RILL_ECONNRESET);
    assert_int_equal(peer_user_receive(&p, 100), 0);
    peer_forget(&p);
    peer_close(&p);
}

static void a_reset_behind_the_peers_fin_is_the_end_of_the_stream(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_send(&p, TCP_ACK | TCP_FIN, 1, 1, 10);
    peer_send(&p, TCP_RST, 12, 0, 0);
    assert_int_equal(peer_user_receive(&p, 100), 10);
    assert_int_equal(peer_user_receive(&p, 100), 0);
    assert_int_equal(rill_send(p.stack, p.conn, "x", 1, 0), -RILL_ECONNRESET);
    peer_forget(&p);
    peer_close(&p);
}

static void SHLD_3_closing_with_unread_data_resets(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_send(&p, TCP_ACK, 1, 1, 10);
    peer_forget(&p);
    assert_int_equal(peer_user_close(&p), 0);
    expect_segment(&p, TCP_RST | TCP_ACK, 1, 11, 0);
    expect_nothing(&p);
    expect_state(&p, RILL_STATE_CLOSED);
    peer_close(&p);
}

static void SHLD_3_data_after_close_resets(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(peer_user_close(&p), 0);
    peer_send(&p, TCP_ACK, 1, 2, 0);
    peer_forget(&p);
    peer_send(&p, TCP_ACK, 1, 2, 10);
    expect_segment(&p, TCP_RST, 2, 0, 0);
    expect_state(&p, RILL_STATE_CLOSED);
    assert_int_equal(rill_drops(p.stack, RILL_DROP_TCP_DATA_AFTER_CLOSE), 1);
    peer_close(&p);
}

static void MUST_12_a_reset_is_told_apart_from_an_end(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_send(&p, TCP_RST, 1, 0, 0);
    expect_event_error(&p, p.conn, RILL_RESET | RILL_CLOSED, -RILL_ECONNRESET);
    assert_int_equal(peer_user_receive(&p, 10), -RILL_ECONNRESET);
    peer_close(&p);
}

static void room_to_send_is_told_once_for_each_send_that_was_short(void **state)
{
    struct peer_setup setup = {.send_buffer_bytes = 8192, .timestamps = true};
    struct peer p;

    (void)state;
    peer_open(&p, &setup);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_true(peer_user_send(&p, 20000) < 20000);
    peer_send(&p, TCP_ACK, 1, p.snd_nxt, 0);
    expect_event(&p, p.conn, RILL_WRITABLE | RILL_SENT);
    assert_int_equal(peer_user_send(&p, 100), 100);
    peer_send(&p, TCP_ACK, 1, p.snd_nxt, 0);
    expect_event(&p, p.conn, RILL_SENT);
    peer_close(&p);
}

static void progress_is_told_to_those_who_ask_for_it(void **state)
{
    struct peer p;

    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(rill_set_flags(p.stack, p.conn, RILL_OPTION_PROGRESS, 0), 0);
    assert_int_equal(peer_user_send(&p, 1000), 1000);
    expect_event(&p, p.conn, RILL_PROGRESS); /* sent */
    peer_send(&p, TCP_ACK, 1, 501, 0);
    expect_event(&p, p.conn, RILL_PROGRESS); /* half of it acknowledged */
    assert_int_equal(rill_set_flags(p.stack, p.conn, 0, RILL_OPTION_PROGRESS), 0);
    peer_send(&p, TCP_ACK, 1, 1001, 0);
    expect_event(&p, p.conn, RILL_SENT);
    expect_no_event(&p);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gvisor_10243_a_short_send_is_told_when_there_is_room_again),
        cmocka_unit_test(a_full_send_is_told_nothing_about_room),
        cmocka_unit_test(data_and_its_end_are_told_once),
        cmocka_unit_test(nothing_of_one_connection_changes_another),
        cmocka_unit_test(MUST_58_MUST_59_segments_of_one_batch_are_acknowledged_together),
        cmocka_unit_test(what_came_in_order_before_a_reset_is_read_before_the_error),
        cmocka_unit_test(a_reset_behind_the_peers_fin_is_the_end_of_the_stream),
        cmocka_unit_test(SHLD_3_closing_with_unread_data_resets),
        cmocka_unit_test(SHLD_3_data_after_close_resets),
        cmocka_unit_test(MUST_12_a_reset_is_told_apart_from_an_end),
        cmocka_unit_test(room_to_send_is_told_once_for_each_send_that_was_short),
        cmocka_unit_test(progress_is_told_to_those_who_ask_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
