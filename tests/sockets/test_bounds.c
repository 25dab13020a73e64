/* SO_MAX_PACING_RATE and TCP_WINDOW_CLAMP: what an application bounds. */
#include "sockets/pair.h"

#define RATE 100000

static struct pair pair;
static int server, client;
static char bytes[600000];

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

static int set(struct rill_sockets *sockets, int fd, int level, int name, int value)
{
    return rill_sock_setsockopt(sockets, fd, level, name, &value, sizeof value);
}

static int get(struct rill_sockets *sockets, int fd, int level, int name)
{
    uint32_t length = sizeof(int);
    int value = 0;

    assert_int_equal(rill_sock_getsockopt(sockets, fd, level, name, &value, &length), 0);
    assert_int_equal(length, sizeof value);
    return value;
}

static struct rill_tcp_info client_info(void)
{
    struct rill_tcp_info out;
    uint32_t length = sizeof out;

    assert_int_equal(rill_sock_getsockopt(CLIENT(&pair), client, RILL_SOL_TCP, RILL_TCP_INFO, &out, &length), 0);
    return out;
}

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

    assert_int_equal(set(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_SNDBUF, room), 0);
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
    uint32_t burst = 4 * client_info().tcpi_snd_mss;
    int64_t got;

    (void)state;
    assert_int_equal(set(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_MAX_PACING_RATE, RATE), 0);
    send_all(500000);
    got = received_in(2000);
    assert_in_range(got, 2 * RATE - burst, 2 * RATE + burst);
    assert_int_equal(client_info().tcpi_pacing_rate, RATE);
    assert_int_equal(client_info().tcpi_max_pacing_rate, RATE);
    assert_int_equal(got + received_in(4000), 500000);
}

static void a_bound_that_is_taken_away_holds_no_longer(void **state)
{
    (void)state;
    assert_int_equal(set(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_MAX_PACING_RATE, RATE), 0);
    send_all(500000);
    assert_true(received_in(500) < RATE);
    assert_int_equal(set(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_MAX_PACING_RATE, -1), 0);
    assert_true(received_in(1000) > 4 * RATE);
    assert_true(client_info().tcpi_max_pacing_rate == UINT64_MAX);
}

static void the_pacing_rate_is_told_in_the_width_that_it_is_asked_in(void **state)
{
    uint64_t wide = UINT64_C(5000000000), out = 0;
    uint32_t length = sizeof out;

    (void)state;
    assert_int_equal(get(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_MAX_PACING_RATE), -1);
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

    assert_int_equal(set(SERVER(&pair), listener, RILL_SOL_TCP, RILL_TCP_WINDOW_CLAMP, clamp), 0);
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
    assert_int_equal(get(SERVER(&pair), server, RILL_SOL_TCP, RILL_TCP_WINDOW_CLAMP), 20000);
    assert_true(client_info().tcpi_snd_wnd <= 20000);
    send_all(200000);
    for (int i = 0; i < 20; i++) {
        got += received_in(10);
        assert_in_range(client_info().tcpi_snd_wnd, 1, 20000);
    }
    assert_int_equal(got + received_in(20000), 200000);
}

/* The smallest there is still moves. */
static void the_smallest_clamp_lets_everything_through(void **state)
{
    (void)state;
    connect_to_clamped(1);
    assert_int_equal(get(SERVER(&pair), server, RILL_SOL_TCP, RILL_TCP_WINDOW_CLAMP), 1152);
    send_all(100000);
    assert_int_equal(received_in(60000), 100000);
}

static void a_clamp_cannot_be_taken_from_a_connection(void **state)
{
    int fresh = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM, 0);

    (void)state;
    assert_int_equal(set(CLIENT(&pair), client, RILL_SOL_TCP, RILL_TCP_WINDOW_CLAMP, 0), -RILL_EINVAL);
    assert_int_equal(set(CLIENT(&pair), fresh, RILL_SOL_TCP, RILL_TCP_WINDOW_CLAMP, 5000), 0);
    assert_int_equal(set(CLIENT(&pair), fresh, RILL_SOL_TCP, RILL_TCP_WINDOW_CLAMP, 0), 0);
    assert_int_equal(get(CLIENT(&pair), fresh, RILL_SOL_TCP, RILL_TCP_WINDOW_CLAMP), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(without_a_bound_all_comes_at_once),
        TEST(no_more_than_the_pacing_rate_leaves),
        TEST(a_bound_that_is_taken_away_holds_no_longer),
        TEST(the_pacing_rate_is_told_in_the_width_that_it_is_asked_in),
        TEST(the_window_is_never_more_than_its_clamp),
        TEST(the_smallest_clamp_lets_everything_through),
        TEST(a_clamp_cannot_be_taken_from_a_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
