/* TCP_INFO and rill_status(): what the sender knows. */
#include "sockets/pair.h"

static struct pair pair;
static int server, client;
static char bytes[20000];

static int set_up(void **state)
{
    (void)state;
    pair_open(&pair);
    pair_connection(&pair, &server, &client);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pair_close(&pair);
    return 0;
}

static struct rill_tcp_info info(void)
{
    struct rill_tcp_info out;
    uint32_t length = sizeof out;

    assert_int_equal(rill_sock_getsockopt(CLIENT(&pair), client, RILL_SOL_TCP, RILL_TCP_INFO, &out, &length), 0);
    assert_int_equal(length, sizeof out);
    return out;
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_fresh_connection_has_measured_nothing),  TEST(a_transfer_shows_its_round_trip_and_rate),
        TEST(what_is_on_its_way_and_what_waits),        TEST(a_timeout_shows_loss_until_it_is_mended),
        TEST(silence_is_counted_from_the_last_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
