/*
 * Ladders: both ends' states inferred from segments made by hand, marks, runs.
 */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ladder.h"
#include "rill/rill.h"

enum { CLIENT = 0x0a4d0002, SERVER = 0x0a4d0001 };

static struct ladder ladder;

static void put32(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)(value >> 24);
    to[1] = (uint8_t)(value >> 16);
    to[2] = (uint8_t)(value >> 8);
    to[3] = (uint8_t)value;
}

/* The client's ISN is 2^32 - 1, the server's 2^31 - 1: every number here wraps. */
#define CLIENT_ISN UINT32_C(0xffffffff)
#define SERVER_ISN UINT32_C(0x7fffffff)

static void add(enum ladder_end from, unsigned flags, uint32_t seq, uint32_t ack, unsigned data_bytes, unsigned window)
{
    uint8_t packet[40 + 1460] = {0x45};
    unsigned total = 40 + data_bytes;
    bool client = from == LADDER_CLIENT;

    packet[2] = (uint8_t)(total >> 8);
    packet[3] = (uint8_t)total;
    packet[9] = 6;
    put32(packet + 12, client ? CLIENT : SERVER);
    put32(packet + 16, client ? SERVER : CLIENT);
    put32(packet + 20, client ? 40000u << 16 | 80 : 80u << 16 | 40000);
    put32(packet + 24, seq + (client ? CLIENT_ISN : SERVER_ISN));
    put32(packet + 28, (flags & TCP_ACK) != 0 ? ack + (client ? SERVER_ISN : CLIENT_ISN) : 0);
    packet[32] = 5 << 4;
    packet[33] = (uint8_t)flags;
    packet[34] = (uint8_t)(window >> 8);
    packet[35] = (uint8_t)window;
    assert_true(ladder_add_packet(&ladder, packet, total, ladder.packets * 1000000));
}

#define C LADDER_CLIENT
#define S LADDER_SERVER

static void handshake(void)
{
    add(C, TCP_SYN, 0, 0, 0, 1000);
    add(S, TCP_SYN | TCP_ACK, 0, 1, 0, 1000);
    add(C, TCP_ACK, 1, 1, 0, 1000);
}

static void infer(void)
{
    for (unsigned i = 0; i < ladder.count; i++)
        ladder_infer(&ladder.connections[i]);
}

static void assert_states(unsigned index, enum rill_state client, enum rill_state server)
{
    const struct ladder_segment *segment = &ladder.connections[0].segments[index];

    assert_int_equal(segment->state[C], client);
    assert_int_equal(segment->state[S], server);
}

static int clear(void **state)
{
    (void)state;
    ladder_free(&ladder);
    return 0;
}

static void the_handshake_walks_three_states(void **state)
{
    (void)state;
    handshake();
    infer();
    assert_states(0, RILL_STATE_SYN_SENT, RILL_STATE_SYN_RECEIVED);
    assert_states(1, RILL_STATE_ESTABLISHED, RILL_STATE_SYN_RECEIVED);
    assert_states(2, RILL_STATE_ESTABLISHED, RILL_STATE_ESTABLISHED);
}

static void numbers_are_relative_across_the_wrap(void **state)
{
    (void)state;
    handshake();
    add(C, TCP_ACK | TCP_PSH, 1, 1, 100, 1000);
    add(S, TCP_ACK, 1, 101, 0, 1000);
    infer();
    assert_int_equal(ladder.connections[0].segments[3].seq, 1);
    assert_int_equal(ladder.connections[0].segments[4].ack, 101);
    assert_int_equal(ladder.connections[0].segments[4].seq, 1);
}

static void a_close_in_turn_ends_in_time_wait_and_closed(void **state)
{
    (void)state;
    handshake();
    add(C, TCP_FIN | TCP_ACK, 1, 1, 0, 1000);
    add(S, TCP_ACK, 1, 2, 0, 1000);
    add(S, TCP_FIN | TCP_ACK, 1, 2, 0, 1000);
    add(C, TCP_ACK, 2, 2, 0, 1000);
    infer();
    assert_states(3, RILL_STATE_FIN_WAIT_1, RILL_STATE_CLOSE_WAIT);
    assert_states(4, RILL_STATE_FIN_WAIT_2, RILL_STATE_CLOSE_WAIT);
    assert_states(5, RILL_STATE_TIME_WAIT, RILL_STATE_LAST_ACK);
    assert_states(6, RILL_STATE_TIME_WAIT, RILL_STATE_CLOSED);
}

static void a_fin_that_acknowledges_a_fin_goes_straight_to_time_wait(void **state)
{
    (void)state;
    handshake();
    add(C, TCP_FIN | TCP_ACK, 1, 1, 0, 1000);
    add(S, TCP_FIN | TCP_ACK, 1, 2, 0, 1000);
    infer();
    assert_states(4, RILL_STATE_TIME_WAIT, RILL_STATE_LAST_ACK);
}

static void fins_that_cross_are_seen_as_a_simultaneous_close(void **state)
{
    (void)state;
    handshake();
    add(S, TCP_FIN | TCP_ACK, 1, 1, 0, 1000);
    add(C, TCP_FIN | TCP_ACK, 1, 1, 0, 1000);
    add(S, TCP_ACK, 2, 2, 0, 1000);
    add(C, TCP_ACK, 2, 2, 0, 1000);
    infer();
    assert_states(3, RILL_STATE_ESTABLISHED, RILL_STATE_FIN_WAIT_1);
    assert_states(4, RILL_STATE_CLOSING, RILL_STATE_CLOSING);
    assert_states(5, RILL_STATE_TIME_WAIT, RILL_STATE_CLOSING);
    assert_states(6, RILL_STATE_TIME_WAIT, RILL_STATE_TIME_WAIT);
}

static void a_reset_closes_both(void **state)
{
    (void)state;
    add(C, TCP_SYN, 0, 0, 0, 1000);
    add(S, TCP_RST | TCP_ACK, 0, 1, 0, 0);
    infer();
    assert_states(1, RILL_STATE_CLOSED, RILL_STATE_CLOSED);
    assert_int_equal(ladder.connections[0].segments[1].marks, 0);
}

static void a_simultaneous_open_is_one_connection(void **state)
{
    (void)state;
    add(C, TCP_SYN, 0, 0, 0, 1000);
    add(S, TCP_SYN, 0, 0, 0, 1000);
    add(C, TCP_SYN | TCP_ACK, 0, 1, 0, 1000);
    infer();
    assert_int_equal(ladder.count, 1);
    assert_states(1, RILL_STATE_SYN_RECEIVED, RILL_STATE_SYN_RECEIVED);
}

static void the_same_ports_again_are_another_connection(void **state)
{
    (void)state;
    handshake();
    add(C, TCP_FIN | TCP_ACK, 1, 1, 0, 1000);
    add(S, TCP_FIN | TCP_ACK, 1, 2, 0, 1000);
    add(C, TCP_ACK, 2, 2, 0, 1000);
    add(C, TCP_SYN, 5000, 0, 0, 1000);
    infer();
    assert_int_equal(ladder.count, 2);
    assert_int_equal(ladder.connections[1].count, 1);
}

static void a_segment_sent_again_is_marked(void **state)
{
    (void)state;
    handshake();
    add(C, TCP_ACK, 1, 1, 100, 1000);
    add(C, TCP_ACK, 101, 1, 100, 1000);
    add(C, TCP_ACK, 1, 1, 100, 1000);
    infer();
    assert_int_equal(ladder.connections[0].segments[4].marks, 0);
    assert_int_equal(ladder.connections[0].segments[5].marks, LADDER_RETRANSMITTED);
}

static void a_gap_is_marked(void **state)
{
    (void)state;
    handshake();
    add(C, TCP_ACK, 101, 1, 100, 1000);
    infer();
    assert_int_equal(ladder.connections[0].segments[3].marks & LADDER_TROUBLE, LADDER_OUT_OF_ORDER);
}

static void a_closed_window_and_its_probe_are_marked(void **state)
{
    (void)state;
    handshake();
    add(S, TCP_ACK, 1, 1, 0, 0);
    add(C, TCP_ACK, 1, 1, 1, 1000);
    infer();
    assert_int_equal(ladder.connections[0].segments[3].marks & LADDER_ZERO_WINDOW, LADDER_ZERO_WINDOW);
    assert_int_equal(ladder.connections[0].segments[4].marks & LADDER_TROUBLE, LADDER_WINDOW_PROBE);
}

static void a_keep_alive_is_not_taken_for_a_retransmission(void **state)
{
    (void)state;
    handshake();
    add(C, TCP_ACK, 1, 1, 100, 1000);
    add(S, TCP_ACK, 1, 101, 0, 1000);
    add(C, TCP_ACK, 100, 1, 0, 1000);
    infer();
    assert_int_equal(ladder.connections[0].segments[5].marks & (LADDER_KEEP_ALIVE | LADDER_RETRANSMITTED),
                     LADDER_KEEP_ALIVE);
}

static void a_long_run_of_data_is_one_row(void **state)
{
    struct ladder_row next, row = {0};
    unsigned at = 0, rows = 0;
    char text[128];

    (void)state;
    handshake();
    for (unsigned i = 0; i < 400; i++)
        add(S, TCP_ACK, 1 + i * 1460, 1, 1460, 1000);
    add(C, TCP_ACK, 1, 1 + 400 * 1460, 0, 1000);
    infer();
    while (ladder_next_row(&ladder.connections[0], &at, &next)) {
        row = next;
        rows++;
    }
    assert_int_equal(rows, 5);
    assert_int_equal(row.segments, 399);
    assert_int_equal(row.bytes_from[S], 582540);
    ladder_describe_run(&ladder.connections[0], &row, text, sizeof text);
    assert_string_equal(text, "… 399 segments, 582,540 bytes, 1 ACK");
}

static void every_cut_of_a_packet_is_harmless(void **state)
{
    uint8_t packet[48] = {0x46, 0, 0, 48, 0, 0, 0, 0, 64, 6};

    (void)state;
    packet[24] = 1;
    packet[26] = 2;
    packet[24 + 12] = 6 << 4;
    for (size_t length = 0; length < sizeof packet; length++) {
        uint8_t *exact = malloc(length > 0 ? length : 1);

        memcpy(exact, packet, length);
        assert_false(ladder_add_packet(&ladder, exact, length, 0));
        free(exact);
    }
    assert_true(ladder_add_packet(&ladder, packet, sizeof packet, 0));
}

static void the_drawing_names_both_ends_and_every_state(void **state)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *to = open_memstream(&text, &bytes);

    (void)state;
    handshake();
    infer();
    ladder_draw(&ladder.connections[0], to, LADDER_PLAIN);
    fclose(to);
    assert_non_null(strstr(text, "10.77.0.2:40000"));
    assert_non_null(strstr(text, "10.77.0.1:80"));
    assert_non_null(strstr(text, "SYN-SENT"));
    assert_non_null(strstr(text, "SYN-RECEIVED"));
    assert_non_null(strstr(text, "SYN,ACK seq 0 ack 1 win 1000"));
    assert_null(strchr(text, '\033'));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_handshake_walks_three_states, clear),
        cmocka_unit_test_teardown(numbers_are_relative_across_the_wrap, clear),
        cmocka_unit_test_teardown(a_close_in_turn_ends_in_time_wait_and_closed, clear),
        cmocka_unit_test_teardown(a_fin_that_acknowledges_a_fin_goes_straight_to_time_wait, clear),
        cmocka_unit_test_teardown(fins_that_cross_are_seen_as_a_simultaneous_close, clear),
        cmocka_unit_test_teardown(a_reset_closes_both, clear),
        cmocka_unit_test_teardown(a_simultaneous_open_is_one_connection, clear),
        cmocka_unit_test_teardown(the_same_ports_again_are_another_connection, clear),
        cmocka_unit_test_teardown(a_segment_sent_again_is_marked, clear),
        cmocka_unit_test_teardown(a_gap_is_marked, clear),
        cmocka_unit_test_teardown(a_closed_window_and_its_probe_are_marked, clear),
        cmocka_unit_test_teardown(a_keep_alive_is_not_taken_for_a_retransmission, clear),
        cmocka_unit_test_teardown(a_long_run_of_data_is_one_row, clear),
        cmocka_unit_test_teardown(every_cut_of_a_packet_is_harmless, clear),
        cmocka_unit_test_teardown(the_drawing_names_both_ends_and_every_state, clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
