/*
 * Calls that wait, in virtual time: by the owner's wait function, with
 * timeouts; and what the same calls say when nobody can wait.
 */
#include "sockets/pair.h"

#define SECOND UINT64_C(1000000000)

static struct pair pair;
static int server, client;

static int setup(void **state)
{
    (void)state;
    pair_open_as(&pair, true, NULL);
    pair_connection(&pair, &server, &client);
    assert_int_equal(rill_sock_fcntl(SERVER(&pair), server, RILL_F_SETFL, 0), 0);
    assert_int_equal(rill_sock_fcntl(CLIENT(&pair), client, RILL_F_SETFL, 0), 0);
    return 0;
}

static int setup_without_waiting(void **state)
{
    (void)state;
    pair_open(&pair);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pair_close(&pair);
    return 0;
}

static void set_time(struct rill_sockets *s, int fd, int name, int64_t seconds)
{
    const struct rill_timeval time = {seconds, 500000};

    assert_int_equal(rill_sock_setsockopt(s, fd, RILL_SOL_SOCKET, name, &time, sizeof time), 0);
}

static void client_sends_after_some_waiting(struct pair *p)
{
    if (p->waits == 3)
        assert_int_equal(rill_sock_send(CLIENT(p), client, "abc", 3, 0), 3);
    if (p->waits == 6)
        assert_int_equal(rill_sock_send(CLIENT(p), client, "defg", 4, 0), 4);
}

static void recv_waits_for_the_first_bytes(void **state)
{
    char data[16];

    (void)state;
    pair.on_wait = client_sends_after_some_waiting;
    assert_int_equal(rill_sock_recv(SERVER(&pair), server, data, sizeof data, 0), 3);
    assert_memory_equal(data, "abc", 3);
}

static void recv_with_waitall_waits_for_all(void **state)
{
    char data[7];

    (void)state;
    pair.on_wait = client_sends_after_some_waiting;
    assert_int_equal(rill_sock_recv(SERVER(&pair), server, data, sizeof data, RILL_MSG_WAITALL), 7);
    assert_memory_equal(data, "abcdefg", 7);
}

static void recv_waits_for_the_low_water_mark(void **state)
{
    const int low = 5;
    char data[16];

    (void)state;
    pair.on_wait = client_sends_after_some_waiting;
    assert_int_equal(rill_sock_setsockopt(SERVER(&pair), server, RILL_SOL_SOCKET, RILL_SO_RCVLOWAT, &low, sizeof low),
                     0);
    assert_int_equal(rill_sock_recv(SERVER(&pair), server, data, sizeof data, 0), 7);
}

static void recv_gives_up_after_its_timeout(void **state)
{
    rill_time before = pair.now;
    char data[4];

    (void)state;
    set_time(SERVER(&pair), server, RILL_SO_RCVTIMEO, 2);
    assert_int_equal(rill_sock_recv(SERVER(&pair), server, data, sizeof data, 0), -RILL_EAGAIN);
    assert_int_equal(pair.now - before, 2 * SECOND + SECOND / 2);
}

static void waitall_gives_what_came_when_the_timeout_ends_it(void **state)
{
    char data[16];

    (void)state;
    set_time(SERVER(&pair), server, RILL_SO_RCVTIMEO, 2);
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "abc", 3, 0), 3);
    assert_int_equal(rill_sock_recv(SERVER(&pair), server, data, sizeof data, RILL_MSG_WAITALL), 3);
}

static void dontwait_never_waits(void **state)
{
    char data[4];

    (void)state;
    assert_int_equal(rill_sock_recv(SERVER(&pair), server, data, sizeof data, RILL_MSG_DONTWAIT), -RILL_EAGAIN);
    assert_int_equal(pair.waits, 0);
}

static void a_signal_ends_the_waiting(void **state)
{
    char data[4];

    (void)state;
    pair.wait_result = -RILL_EINTR;
    assert_int_equal(rill_sock_recv(SERVER(&pair), server, data, sizeof data, 0), -RILL_EINTR);
}

static void a_fin_ends_the_waiting_with_zero(void **state)
{
    char data[4];

    (void)state;
    assert_int_equal(rill_sock_close(CLIENT(&pair), client), 0);
    assert_int_equal(rill_sock_recv(SERVER(&pair), server, data, sizeof data, 0), 0);
}

static void server_reads(struct pair *p)
{
    static char data[65536];

    (void)rill_sock_recv(SERVER(p), server, data, sizeof data, RILL_MSG_DONTWAIT);
}

static void send_waits_until_everything_is_taken(void **state)
{
    static char data[4 << 20];

    (void)state;
    pair.on_wait = server_reads;
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, data, sizeof data, 0), sizeof data);
}

static void send_tells_what_was_taken_before_its_timeout(void **state)
{
    static char data[8 << 20];
    int64_t n;

    (void)state;
    set_time(CLIENT(&pair), client, RILL_SO_SNDTIMEO, 1);
    n = rill_sock_send(CLIENT(&pair), client, data, sizeof data, 0); /* nobody reads */
    assert_true(n > 0 && n < (int64_t)sizeof data);
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, data, sizeof data, 0), -RILL_EAGAIN);
}

static void connect_and_accept_wait(void **state)
{
    struct rill_sockaddr_in peer, own;
    uint32_t bytes = sizeof peer, own_bytes = sizeof own;
    int listener = pair_listener(&pair, 0);
    int fd = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM, 0);
    int accepted;

    (void)state;
    assert_int_equal(pair_connect(&pair, fd), 0);
    accepted = rill_sock_accept(SERVER(&pair), listener, &peer, &bytes);
    assert_true(accepted > 0);
    assert_int_equal(rill_sock_getsockname(CLIENT(&pair), fd, &own, &own_bytes), 0);
    assert_int_equal(bytes, sizeof peer);
    assert_memory_equal(&peer, &own, sizeof own);
}

static void connect_to_a_closed_port_is_refused(void **state)
{
    int fd = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM, 0);

    (void)state;
    assert_int_equal(pair_connect(&pair, fd), -RILL_ECONNREFUSED);
}

static void connect_to_nobody_times_out(void **state)
{
    rill_time before = pair.now;
    int fd = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM, 0);

    (void)state;
    pair.cut = true;
    assert_int_equal(pair_connect(&pair, fd), -RILL_ETIMEDOUT);
    assert_true(pair.now - before >= 180 * SECOND); /* MUST-23 */
}

static void connect_with_a_send_timeout_stays_in_progress(void **state)
{
    int fd = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM, 0);

    (void)state;
    pair.cut = true;
    set_time(CLIENT(&pair), fd, RILL_SO_SNDTIMEO, 1);
    assert_int_equal(pair_connect(&pair, fd), -RILL_EINPROGRESS);
    assert_int_equal(pair_connect(&pair, fd), -RILL_EALREADY);
}

static void poll_and_epoll_wait_for_their_timeout(void **state)
{
    struct rill_pollfd poll = {.fd = server, .events = RILL_POLLIN};
    struct rill_epoll_event event = {RILL_EPOLLIN, 1};
    int epoll = rill_sock_epoll_create(SERVER(&pair), 0);
    rill_time before = pair.now;

    (void)state;
    assert_int_equal(rill_sock_epoll_ctl(SERVER(&pair), epoll, RILL_EPOLL_CTL_ADD, server, &event), 0);
    assert_int_equal(rill_sock_poll(SERVER(&pair), &poll, 1, 250), 0);
    assert_int_equal(pair.now - before, SECOND / 4);
    assert_int_equal(rill_sock_epoll_wait(SERVER(&pair), epoll, &event, 1, 750), 0);
    assert_int_equal(pair.now - before, SECOND);
    pair.on_wait = client_sends_after_some_waiting;
    pair.waits = 0;
    assert_int_equal(rill_sock_poll(SERVER(&pair), &poll, 1, -1), 1);
    assert_int_equal(rill_sock_epoll_wait(SERVER(&pair), epoll, &event, 1, -1), 1);
}

static void select_waits_and_leaves_what_is_ready(void **state)
{
    uint64_t readable = UINT64_C(1) << server, writable = UINT64_C(1) << server, exceptional = UINT64_C(1) << server;
    const struct rill_timeval second = {1, 0};
    rill_time before = pair.now;
    uint64_t bad = UINT64_C(1) << 50;

    (void)state;
    assert_int_equal(rill_sock_select(SERVER(&pair), 64, &readable, NULL, &exceptional, &second), 0);
    assert_int_equal(pair.now - before, SECOND);
    assert_int_equal(readable | exceptional, 0);
    readable = UINT64_C(1) << server;
    assert_int_equal(rill_sock_select(SERVER(&pair), 64, &readable, &writable, NULL, NULL), 1);
    assert_int_equal(readable, 0);
    assert_int_equal(writable, UINT64_C(1) << server);
    readable = exceptional = UINT64_C(1) << server;
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "ab", 2, RILL_MSG_OOB), 2);
    assert_int_equal(rill_sock_select(SERVER(&pair), 64, &readable, NULL, &exceptional, NULL), 2);
    assert_int_equal(rill_sock_select(SERVER(&pair), 64, &bad, NULL, NULL, NULL), -RILL_EBADF);
    assert_int_equal(rill_sock_select(SERVER(&pair), 50, &bad, NULL, NULL, &(struct rill_timeval){0, 0}), 0);
}

static void close_lingers_until_the_peer_has_everything(void **state)
{
    const struct rill_linger linger = {1, 5};
    struct rill_status status;
    uint64_t cursor = 0;

    (void)state;
    assert_int_equal(
        rill_sock_setsockopt(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_LINGER, &linger, sizeof linger), 0);
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "abc", 3, 0), 3);
    assert_int_equal(rill_sock_close(CLIENT(&pair), client), 0);
    assert_true(rill_list(pair.end[1].stack, &cursor, &status));
    assert_int_equal(status.state, RILL_STATE_FIN_WAIT_2);
}

static void close_lingers_no_longer_than_it_was_told(void **state)
{
    const struct rill_linger linger = {1, 5};
    rill_time before = pair.now;

    (void)state;
    pair.cut = true;
    assert_int_equal(
        rill_sock_setsockopt(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_LINGER, &linger, sizeof linger), 0);
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "abc", 3, 0), 3);
    assert_int_equal(rill_sock_close(CLIENT(&pair), client), 0);
    assert_int_equal(pair.now - before, 5 * SECOND);
}

static void close_with_unread_data_resets_instead_of_lingering(void **state)
{
    const struct rill_linger linger = {1, 5};
    rill_time before = pair.now;

    (void)state;
    assert_int_equal(
        rill_sock_setsockopt(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_LINGER, &linger, sizeof linger), 0);
    assert_int_equal(rill_sock_send(SERVER(&pair), server, "abc", 3, 0), 3);
    pair_turn(&pair);
    assert_int_equal(rill_sock_close(CLIENT(&pair), client), 0);
    assert_int_equal(pair.now, before);
    pair_turn(&pair);
    assert_int_equal(rill_sock_recv(SERVER(&pair), server, (char[1]){0}, 1, 0), -RILL_ECONNRESET);
}

static void a_timeout_that_is_no_time_is_refused(void **state)
{
    struct rill_timeval time = {0, 1000000};
    uint32_t bytes = sizeof time;

    (void)state;
    assert_int_equal(rill_sock_setsockopt(SERVER(&pair), server, RILL_SOL_SOCKET, RILL_SO_RCVTIMEO, &time, sizeof time),
                     -RILL_EDOM);
    set_time(SERVER(&pair), server, RILL_SO_RCVTIMEO, 7);
    assert_int_equal(rill_sock_getsockopt(SERVER(&pair), server, RILL_SOL_SOCKET, RILL_SO_RCVTIMEO, &time, &bytes), 0);
    assert_int_equal(time.seconds, 7);
    assert_int_equal(time.microseconds, 500000);
}

static void without_waiting_every_call_says_again_and_carries_on(void **state)
{
    int listener = pair_listener(&pair, 0);
    int fd = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM, 0);
    int accepted;
    char data[8];

    (void)state;
    assert_int_equal(rill_sock_accept(SERVER(&pair), listener, NULL, NULL), -RILL_EAGAIN);
    assert_int_equal(pair_connect(&pair, fd), -RILL_EAGAIN);
    assert_int_equal(pair_connect(&pair, fd), -RILL_EAGAIN);
    pair_turn(&pair);
    assert_int_equal(pair_connect(&pair, fd), 0);
    accepted = rill_sock_accept(SERVER(&pair), listener, NULL, NULL);
    assert_int_equal(rill_sock_recv(SERVER(&pair), accepted, data, sizeof data, 0), -RILL_EAGAIN);
    assert_int_equal(rill_sock_send(CLIENT(&pair), fd, "abc", 3, 0), 3);
    pair_turn(&pair);
    assert_int_equal(rill_sock_recv(SERVER(&pair), accepted, data, sizeof data, RILL_MSG_WAITALL), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(recv_waits_for_the_first_bytes),
        TEST(recv_with_waitall_waits_for_all),
        TEST(recv_waits_for_the_low_water_mark),
        TEST(recv_gives_up_after_its_timeout),
        TEST(waitall_gives_what_came_when_the_timeout_ends_it),
        TEST(dontwait_never_waits),
        TEST(a_signal_ends_the_waiting),
        TEST(a_fin_ends_the_waiting_with_zero),
        TEST(send_waits_until_everything_is_taken),
        TEST(send_tells_what_was_taken_before_its_timeout),
        TEST(connect_and_accept_wait),
        TEST(connect_to_a_closed_port_is_refused),
        TEST(connect_to_nobody_times_out),
        TEST(connect_with_a_send_timeout_stays_in_progress),
        TEST(poll_and_epoll_wait_for_their_timeout),
        TEST(select_waits_and_leaves_what_is_ready),
        TEST(close_lingers_until_the_peer_has_everything),
        TEST(close_lingers_no_longer_than_it_was_told),
        TEST(close_with_unread_data_resets_instead_of_lingering),
        TEST(a_timeout_that_is_no_time_is_refused),
        cmocka_unit_test_setup_teardown(without_waiting_every_call_says_again_and_carries_on, setup_without_waiting,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
