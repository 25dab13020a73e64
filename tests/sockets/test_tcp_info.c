/* TCP_INFO and rill_status(): what the sender knows. */
#include "sockets/connection.h"

static char bytes[20000];

static void count(struct rill_config *config)
{
    config->transfer_counts = true;
}

static int open_counting(void **state)
{
    (void)state;
    return connection_open_as(count);
}

static void send_bytes(size_t count)
{
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, bytes, count, 0), count);
}

/* What the client sends now goes nowhere. */
static void lose(void)
{
    struct rill_train trains[8];

    while (rill_output(pair.end[1].stack, 0, trains, 8, pair.now) > 0)
        ;
}

/* Both ways take 10 ms. */
static void round_trip(void)
{
    for (int i = 0; i < 4; i++) {
        struct pair_end *end = &pair.end[i % 2 == 0 ? 1 : 0];

        rill_turn(end->stack, &end->driver, 1, pair.now);
        rill_turn(end->stack, &end->driver, 1, pair.now);
        pair.now += 10000000;
    }
}

static void a_fresh_connection_has_measured_nothing(void **state)
{
    struct rill_tcp_info out = info();

    (void)state;
    assert_int_equal(out.tcpi_ca_state, 0);
    assert_int_equal(out.tcpi_unacked, 0);
    assert_int_equal(out.tcpi_lost, 0);
    assert_int_equal(out.tcpi_delivery_rate, 0);
    assert_int_equal(out.tcpi_reordering, 3);
    assert_true(out.tcpi_max_pacing_rate == UINT64_MAX);
}

static void a_transfer_shows_its_round_trip_and_rate(void **state)
{
    struct rill_tcp_info out;

    (void)state;
    for (int i = 0; i < 5; i++) {
        send_bytes(10000);
        round_trip();
        (void)rill_sock_recv(SERVER(&pair), server, bytes, sizeof bytes, 0);
    }
    out = info();
    assert_in_range(out.tcpi_min_rtt, 10000, 40000);
    assert_in_range(out.tcpi_delivery_rate, 10000, 2000000);
    assert_int_equal(out.tcpi_flags & 1, 1); /* the application waits for each round trip */
    assert_int_equal(out.tcpi_bytes_acked, 50000);
}

static void what_is_on_its_way_and_what_waits(void **state)
{
    struct rill_tcp_info out;
    uint32_t mss = info().tcpi_snd_mss;

    (void)state;
    send_bytes(sizeof bytes);
    lose();
    out = info();
    assert_int_equal(out.tcpi_unacked, 10); /* the initial window */
    assert_int_equal(out.tcpi_notsent_bytes, sizeof bytes - 10 * mss);
    assert_int_equal(out.tcpi_retrans, 0);
}

static void a_timeout_shows_loss_until_it_is_mended(void **state)
{
    struct rill_tcp_info out;

    (void)state;
    send_bytes(5000);
    lose();
    for (int i = 0; i < 40 && info().tcpi_ca_state != 4; i++) {
        pair.now += 100000000;
        rill_poll(pair.end[1].stack, pair.now);
        if (info().tcpi_ca_state != 4)
            lose(); /* the loss probe */
    }
    out = info();
    assert_int_equal(out.tcpi_ca_state, 4);
    assert_true(out.tcpi_lost > 0);
    lose(); /* the first of them, again */
    out = info();
    assert_true(out.tcpi_retrans > 0);
    assert_true(out.tcpi_total_retrans > 0);
    pair_advance(&pair, 5000);
    out = info();
    assert_int_equal(out.tcpi_ca_state, 0);
    assert_int_equal(out.tcpi_lost, 0);
    assert_int_equal(out.tcpi_retrans, 0);
    assert_int_equal(out.tcpi_unacked, 0);
    assert_int_equal(rill_sock_recv(SERVER(&pair), server, bytes, sizeof bytes, 0), 5000);
}

static void silence_is_counted_from_the_last_segment(void **state)
{
    (void)state;
    send_bytes(1);
    pair_turn(&pair);
    pair_advance(&pair, 1000);
    pair.now += 3000000000;
    rill_poll(pair.end[1].stack, pair.now);
    assert_in_range(info().tcpi_last_ack_recv, 3000, 4100);
}

/* --------------------------------------------------------- with transfer_counts */

static void nothing_is_kept_unless_the_stack_counts(void **state)
{
    struct rill_tcp_info out;

    (void)state;
    send_bytes(10000);
    pair_advance(&pair, 60000);
    out = info();
    assert_int_equal(out.tcpi_data_segs_out, 0);
    assert_int_equal(out.tcpi_bytes_sent, 0);
    assert_int_equal(out.tcpi_busy_time, 0);
    assert_int_equal(out.tcpi_delivered, 0);
}

static void segments_with_data_are_counted_on_both_sides(void **state)
{
    struct rill_tcp_info out, theirs;
    uint32_t mss = info().tcpi_snd_mss;

    (void)state;
    for (int i = 0; i < 3; i++) {
        send_bytes(3 * mss);
        pair_turn(&pair);
    }
    out = info();
    theirs = info_of(SERVER(&pair), server);
    assert_int_equal(out.tcpi_data_segs_out, 9);
    assert_int_equal(out.tcpi_bytes_sent, 9 * mss);
    assert_int_equal(out.tcpi_bytes_retrans, 0);
    assert_int_equal(out.tcpi_delivered, 9);
    assert_int_equal(out.tcpi_data_segs_in, 0);
    assert_int_equal(theirs.tcpi_data_segs_in, 9);
    assert_int_equal(theirs.tcpi_data_segs_out, 0);
    assert_int_equal(theirs.tcpi_bytes_sent, 0);
    assert_int_equal(out.tcpi_dsack_dups, 0);
    assert_int_equal(out.tcpi_reord_seen, 0);
    assert_int_equal(theirs.tcpi_rcv_ooopack, 0);
}

static void what_is_sent_again_counts_twice(void **state)
{
    struct rill_tcp_info out;
    uint32_t mss = info().tcpi_snd_mss;

    (void)state;
    send_bytes(mss);
    lose();
    pair_advance(&pair, 3000);
    out = info();
    assert_int_equal(out.tcpi_bytes_acked, mss);
    assert_true(out.tcpi_total_retrans > 0);
    assert_int_equal(out.tcpi_bytes_retrans, out.tcpi_total_retrans * mss);
    assert_int_equal(out.tcpi_bytes_sent, mss + out.tcpi_bytes_retrans);
    assert_int_equal(out.tcpi_data_segs_out, 1 + out.tcpi_total_retrans);
    assert_int_equal(out.tcpi_delivered, 1);
}

/* The first of several is lost: the others come before their time. */
static void what_comes_before_its_time_is_counted(void **state)
{
    struct rill_tcp_info theirs;
    uint32_t mss = info().tcpi_snd_mss;

    (void)state;
    send_bytes(mss);
    lose();
    send_bytes(2 * mss);
    pair_advance(&pair, 3000);
    theirs = info_of(SERVER(&pair), server);
    assert_int_equal(theirs.tcpi_rcv_ooopack, 2);
    assert_int_equal(theirs.tcpi_bytes_received, 3 * mss);
}

/* An ACK that was lost makes the sender send again what the peer has: its D-SACK says so. */
static void what_the_peer_had_twice_is_counted(void **state)
{
    struct rill_tcp_info out;
    struct rill_train trains[8];
    uint32_t mss = info().tcpi_snd_mss;

    (void)state;
    send_bytes(2 * mss);
    rill_turn(pair.end[1].stack, &pair.end[1].driver, 1, pair.now);
    rill_turn(pair.end[1].stack, &pair.end[1].driver, 1, pair.now);
    {
        struct rill_packet packets[8];
        unsigned n = pair.end[0].driver->ops->rx_burst(pair.end[0].driver, packets, 8, pair.now);

        assert_int_equal(n, 2);
        rill_input(pair.end[0].stack, 0, packets, n, pair.now);
        pair.end[0].driver->ops->rx_done(pair.end[0].driver, packets, n);
    }
    while (rill_output(pair.end[0].stack, 0, trains, 8, pair.now) > 0)
        ; /* the ACK */
    pair_advance(&pair, 3000);
    out = info();
    assert_true(out.tcpi_total_retrans > 0);
    assert_true(out.tcpi_dsack_dups > 0);
    assert_int_equal(out.tcpi_delivered, 2);
}

static void time_is_busy_from_the_first_byte_to_its_acknowledgement(void **state)
{
    struct rill_tcp_info out;

    (void)state;
    send_bytes(1000);
    round_trip(); /* the ACK comes back after 40 ms at most */
    pair_advance(&pair, 100);
    out = info();
    assert_in_range(out.tcpi_busy_time, 10000, 80000);
    assert_int_equal(out.tcpi_rwnd_limited, 0);
    assert_int_equal(out.tcpi_sndbuf_limited, 0);
    pair_advance(&pair, 5000);
    assert_int_equal(info().tcpi_busy_time, out.tcpi_busy_time);
    assert_in_range(info().tcpi_last_data_sent, 5000, 5300);
    assert_int_equal(info().tcpi_last_data_recv, 0);
}

/* The server reads nothing: its window shuts, and the time is its. */
static void a_shut_window_is_told_apart(void **state)
{
    int big = 4 << 20;
    uint64_t limited;

    (void)state;
    assert_int_equal(rill_sock_setsockopt(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_SNDBUF, &big, sizeof big), 0);
    for (int i = 0; i < 200 && info().tcpi_rwnd_limited == 0; i++) {
        (void)rill_sock_send(CLIENT(&pair), client, bytes, sizeof bytes, RILL_MSG_DONTWAIT);
        pair_advance(&pair, 100);
    }
    limited = info().tcpi_rwnd_limited;
    assert_true(limited > 0);
    pair.now += 1000000000;
    rill_poll(pair.end[1].stack, pair.now);
    assert_in_range(info().tcpi_rwnd_limited, limited + 1000000, limited + 1000000);
    assert_true(info().tcpi_busy_time >= info().tcpi_rwnd_limited);
    assert_int_equal(info().tcpi_sndbuf_limited, 0);
}

/* All is on its way, the application has more, and the buffer no room. */
static void a_small_send_buffer_is_told_apart(void **state)
{
    int small = 4096;

    (void)state;
    assert_int_equal(rill_sock_setsockopt(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_SNDBUF, &small, sizeof small),
                     0);
    while (rill_sock_send(CLIENT(&pair), client, bytes, 1000, RILL_MSG_DONTWAIT) > 0)
        continue;
    lose();
    pair.now += 50000000;
    assert_in_range(info().tcpi_sndbuf_limited, 0, 0); /* the stack has not been told of the time */
    rill_poll(pair.end[1].stack, pair.now);
    assert_in_range(info().tcpi_sndbuf_limited, 50000, 50000);
    assert_int_equal(info().tcpi_rwnd_limited, 0);
}

static void the_receiver_measures_its_round_trip(void **state)
{
    struct rill_tcp_info theirs;

    (void)state;
    for (int i = 0; i < 20; i++) {
        send_bytes(5000);
        round_trip();
        (void)rill_sock_recv(SERVER(&pair), server, bytes, sizeof bytes, 0);
    }
    theirs = info_of(SERVER(&pair), server);
    assert_in_range(theirs.tcpi_rcv_rtt, 10000, 90000);
    assert_in_range(theirs.tcpi_rcv_space, 5000, 20000);
    assert_int_equal(theirs.tcpi_ato, 40000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, connection_open, connection_close)
#define COUNTING(name) cmocka_unit_test_setup_teardown(name, open_counting, connection_close)
    const struct CMUnitTest tests[] = {
        TEST(a_fresh_connection_has_measured_nothing),
        TEST(a_transfer_shows_its_round_trip_and_rate),
        TEST(what_is_on_its_way_and_what_waits),
        TEST(a_timeout_shows_loss_until_it_is_mended),
        TEST(silence_is_counted_from_the_last_segment),
        TEST(nothing_is_kept_unless_the_stack_counts),
        COUNTING(segments_with_data_are_counted_on_both_sides),
        COUNTING(what_is_sent_again_counts_twice),
        COUNTING(what_comes_before_its_time_is_counted),
        COUNTING(what_the_peer_had_twice_is_counted),
        COUNTING(time_is_busy_from_the_first_byte_to_its_acknowledgement),
        COUNTING(a_shut_window_is_told_apart),
        COUNTING(a_small_send_buffer_is_told_apart),
        COUNTING(the_receiver_measures_its_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
