/* SO_MAX_PACING_RATE, TCP_WINDOW_CLAMP and the sizes of buffers: what bounds a connection. */
#include "sockets/connection.h"

#define RATE 100000

static char bytes[600000];

/* What has come in so many milliseconds, all of which is read. */
static int64_t received_in(uint64_t ms)
{
    int64_t all = 0;

    for (uint64_t at = 0; at < ms; at += 10) {
        int64_t n;

        pair_advance(&pair, 10);
        while ((n = rill_sock_recv(SERVER(&pair), server, bytes, sizeof bytes, RILL_MSG_DONTWAIT)) > 0)
            all += n;
    }
    return all;
}

static void send_all(size_t count)
{
    int room = 1 << 20;

    assert_int_equal(set_option(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_SNDBUF, room), 0);
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, bytes, count, 0), count);
}

static void without_a_bound_all_comes_at_once(void **state)
{
    (void)state;
    send_all(500000);
    assert_int_equal(received_in(1000), 500000);
}

static void no_more_than_the_pacing_rate_leaves(void **state)
{
    uint32_t burst = 4 * info().tcpi_snd_mss;
    int64_t got;

    (void)state;
    assert_int_equal(set_option(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_MAX_PACING_RATE, RATE), 0);
    send_all(500000);
    got = received_in(2000);
    assert_in_range(got, 2 * RATE - burst, 2 * RATE + burst);
    assert_int_equal(info().tcpi_pacing_rate, RATE);
    assert_int_equal(info().tcpi_max_pacing_rate, RATE);
    assert_int_equal(got + received_in(4000), 500000);
}

static void a_bound_that_is_taken_away_holds_no_longer(void **state)
{
    (void)state;
    assert_int_equal(set_option(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_MAX_PACING_RATE, RATE), 0);
    send_all(500000);
    assert_true(received_in(500) < RATE);
    assert_int_equal(set_option(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_MAX_PACING_RATE, -1), 0);
    assert_true(received_in(1000) > 4 * RATE);
    assert_true(info().tcpi_max_pacing_rate == UINT64_MAX);
}

static void the_pacing_rate_is_told_in_the_width_that_it_is_asked_in(void **state)
{
    uint64_t wide = UINT64_C(5000000000), out = 0;
    uint32_t length = sizeof out;

    (void)state;
    assert_int_equal(get_option(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_MAX_PACING_RATE), -1);
    assert_int_equal(
        rill_sock_setsockopt(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_MAX_PACING_RATE, &wide, sizeof wide), 0);
    assert_int_equal(
        rill_sock_getsockopt(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_MAX_PACING_RATE, &out, &length), 0);
    assert_int_equal(length, sizeof out);
    assert_true(out == wide);
}

/* A connection whose accepting side has a clamp from its listener. */
static void connect_to_clamped(int clamp)
{
    struct rill_sockaddr_in addr = rill_sockaddr4(0, 0, 0, 0, 81), to = rill_sockaddr4(10, 0, 0, 1, 81);
    int listener = rill_sock_open(SERVER(&pair), RILL_AF_INET, RILL_SOCK_STREAM | RILL_SOCK_NONBLOCK, 0);

    assert_int_equal(set_option(SERVER(&pair), listener, RILL_SOL_TCP, RILL_TCP_WINDOW_CLAMP, clamp), 0);
    assert_int_equal(rill_sock_bind(SERVER(&pair), listener, &addr, sizeof addr), 0);
    assert_int_equal(rill_sock_listen(SERVER(&pair), listener, 8), 0);
    client = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM | RILL_SOCK_NONBLOCK, 0);
    (void)rill_sock_connect(CLIENT(&pair), client, &to, sizeof to);
    pair_turn(&pair);
    server = rill_sock_accept(SERVER(&pair), listener, NULL, NULL);
    assert_true(server >= 0);
}

static void the_window_is_never_more_than_its_clamp(void **state)
{
    int64_t got = 0;

    (void)state;
    connect_to_clamped(20000);
    assert_int_equal(get_option(SERVER(&pair), server, RILL_SOL_TCP, RILL_TCP_WINDOW_CLAMP), 20000);
    assert_true(info().tcpi_snd_wnd <= 20000);
    send_all(200000);
    for (int i = 0; i < 20; i++) {
        got += received_in(10);
        assert_in_range(info().tcpi_snd_wnd, 1, 20000);
    }
    assert_int_equal(got + received_in(20000), 200000);
}

/* The smallest there is still moves. */
static void the_smallest_clamp_lets_everything_through(void **state)
{
    (void)state;
    connect_to_clamped(1);
    assert_int_equal(get_option(SERVER(&pair), server, RILL_SOL_TCP, RILL_TCP_WINDOW_CLAMP), 1152);
    send_all(100000);
    assert_int_equal(received_in(60000), 100000);
}

static void a_clamp_cannot_be_taken_from_a_connection(void **state)
{
    int fresh = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM, 0);

    (void)state;
    assert_int_equal(set_option(CLIENT(&pair), client, RILL_SOL_TCP, RILL_TCP_WINDOW_CLAMP, 0), -RILL_EINVAL);
    assert_int_equal(set_option(CLIENT(&pair), fresh, RILL_SOL_TCP, RILL_TCP_WINDOW_CLAMP, 5000), 0);
    assert_int_equal(set_option(CLIENT(&pair), fresh, RILL_SOL_TCP, RILL_TCP_WINDOW_CLAMP, 0), 0);
    assert_int_equal(get_option(CLIENT(&pair), fresh, RILL_SOL_TCP, RILL_TCP_WINDOW_CLAMP), 0);
}

static void small_buffers(struct rill_config *config)
{
    config->receive_buffer_bytes = config->send_buffer_bytes = 32768;
}

static int open_with_small_buffers(void **state)
{
    (void)state;
    return connection_open_as(small_buffers);
}

/* As much as fits is sent, and all that comes is read. */
static void carry(uint64_t ms)
{
    for (uint64_t at = 0; at < ms; at += 10) {
        (void)rill_sock_send(CLIENT(&pair), client, bytes, sizeof bytes, RILL_MSG_DONTWAIT);
        (void)received_in(10);
    }
}

static void buffers_are_told_as_they_have_grown(void **state)
{
    (void)state;
    assert_int_equal(get_option(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_SNDBUF), 32768);
    assert_int_equal(get_option(SERVER(&pair), server, RILL_SOL_SOCKET, RILL_SO_RCVBUF), 32768);
    carry(1000);
    assert_true(get_option(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_SNDBUF) > 32768);
    assert_true(get_option(SERVER(&pair), server, RILL_SOL_SOCKET, RILL_SO_RCVBUF) > 32768);
    assert_int_equal(get_option(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_RCVBUF), 32768);
}

static void buffers_that_were_set_stay(void **state)
{
    (void)state;
    assert_int_equal(set_option(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_SNDBUF, 20000), 0);
    assert_int_equal(set_option(SERVER(&pair), server, RILL_SOL_SOCKET, RILL_SO_RCVBUF, 20000), 0);
    carry(1000);
    assert_int_equal(get_option(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_SNDBUF), 40000);
    assert_int_equal(get_option(SERVER(&pair), server, RILL_SOL_SOCKET, RILL_SO_RCVBUF), 40000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, connection_open, connection_close)
#define SMALL(name) cmocka_unit_test_setup_teardown(name, open_with_small_buffers, connection_close)
    const struct CMUnitTest tests[] = {
        TEST(without_a_bound_all_comes_at_once),
        TEST(no_more_than_the_pacing_rate_leaves),
        TEST(a_bound_that_is_taken_away_holds_no_longer),
        TEST(the_pacing_rate_is_told_in_the_width_that_it_is_asked_in),
        TEST(the_window_is_never_more_than_its_clamp),
        TEST(the_smallest_clamp_lets_everything_through),
        TEST(a_clamp_cannot_be_taken_from_a_connection),
        SMALL(buffers_are_told_as_they_have_grown),
        SMALL(buffers_that_were_set_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
