/* TCP_FASTOPEN, TCP_FASTOPEN_CONNECT and RILL_MSG_FASTOPEN (RFC 7413), from call to call. */
#include "sockets/pair.h"

static struct pair pair;
static int listener;

static int set(struct rill_sockets *s, int fd, int name, int value)
{
    return rill_sock_setsockopt(s, fd, RILL_SOL_TCP, name, &value, sizeof value);
}

static int get(struct rill_sockets *s, int fd, int name)
{
    uint32_t bytes = sizeof(int);
    int value = -1;

    assert_int_equal(rill_sock_getsockopt(s, fd, RILL_SOL_TCP, name, &value, &bytes), 0);
    return value;
}

static int stream(void)
{
    return rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM | RILL_SOCK_NONBLOCK, 0);
}

static int64_t send_opening(int fd, const char *text)
{
    struct rill_sockaddr_in addr = rill_sockaddr4(10, 0, 0, 1, 80);

    return rill_sock_sendto(CLIENT(&pair), fd, text, strlen(text), RILL_MSG_FASTOPEN, &addr, sizeof addr);
}

/* The first connection brings the client a cookie. */
static void learn_cookie(void)
{
    int fd = stream(), accepted;

    assert_int_equal(send_opening(fd, "first"), -RILL_EINPROGRESS);
    pair_turn(&pair);
    accepted = rill_sock_accept(SERVER(&pair), listener, NULL, NULL);
    assert_true(accepted >= 0);
    assert_int_equal(rill_sock_send(CLIENT(&pair), fd, "x", 1, 0), 1);
    pair_turn(&pair);
    assert_int_equal(rill_sock_close(CLIENT(&pair), fd), 0);
    assert_int_equal(rill_sock_close(SERVER(&pair), accepted), 0);
    pair_turn(&pair);
}

static int set_up(void **state)
{
    (void)state;
    pair_open_as(&pair, false, NULL);
    listener = pair_listener(&pair, RILL_SOCK_NONBLOCK);
    assert_int_equal(set(SERVER(&pair), listener, RILL_TCP_FASTOPEN, 16), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pair_close(&pair);
    return 0;
}

/* One packet from the client to the server, and what the server does then; nothing comes back. */
static void only_the_syn_arrives(void)
{
    assert_true(rill_turn(pair.end[1].stack, &pair.end[1].driver, 1, pair.now));
    assert_true(rill_turn(pair.end[0].stack, &pair.end[0].driver, 1, pair.now));
}

static void data_in_the_syn_is_accepted_before_the_handshake_is_done(void **state)
{
    char got[8] = "";
    int fd, accepted;

    (void)state;
    learn_cookie();
    fd = stream();
    assert_int_equal(send_opening(fd, "hello"), 5);
    only_the_syn_arrives();
    accepted = rill_sock_accept(SERVER(&pair), listener, NULL, NULL);
    assert_true(accepted >= 0);
    assert_int_equal(rill_sock_recv(SERVER(&pair), accepted, got, sizeof got, RILL_MSG_DONTWAIT), 5);
    assert_string_equal(got, "hello");
    assert_int_equal(rill_sock_send(SERVER(&pair), accepted, "answer", 6, 0), 6);
    pair_turn(&pair);
    assert_int_equal(rill_sock_recv(CLIENT(&pair), fd, got, sizeof got, 0), 6);
}

static void connect_with_a_cookie_is_done_at_once_and_the_syn_waits(void **state)
{
    struct rill_pollfd poll;
    char got[8] = "";
    int fd, accepted;

    (void)state;
    learn_cookie();
    fd = stream();
    assert_int_equal(set(CLIENT(&pair), fd, RILL_TCP_FASTOPEN_CONNECT, 1), 0);
    assert_int_equal(pair_connect(&pair, fd), 0);
    assert_int_equal(pair_connect(&pair, fd), -RILL_EISCONN);
    pair_turn(&pair);
    assert_int_equal(rill_sock_accept(SERVER(&pair), listener, NULL, NULL), -RILL_EAGAIN);
    poll = (struct rill_pollfd){.fd = fd, .events = RILL_POLLOUT};
    assert_int_equal(rill_sock_poll(CLIENT(&pair), &poll, 1, 0), 1);
    assert_int_equal(rill_sock_send(CLIENT(&pair), fd, "data", 4, 0), 4);
    only_the_syn_arrives();
    accepted = rill_sock_accept(SERVER(&pair), listener, NULL, NULL);
    assert_true(accepted >= 0);
    assert_int_equal(rill_sock_recv(SERVER(&pair), accepted, got, sizeof got, RILL_MSG_DONTWAIT), 4);
    assert_string_equal(got, "data");
    pair_turn(&pair);
}

static void without_a_cookie_connect_goes_the_long_way(void **state)
{
    int fd = stream();

    (void)state;
    assert_int_equal(set(CLIENT(&pair), fd, RILL_TCP_FASTOPEN_CONNECT, 1), 0);
    assert_int_equal(pair_connect(&pair, fd), -RILL_EINPROGRESS);
    pair_turn(&pair);
    assert_int_equal(pair_connect(&pair, fd), 0);
}

static void the_options_say_what_was_set(void **state)
{
    int fd = stream();

    (void)state;
    assert_int_equal(get(SERVER(&pair), listener, RILL_TCP_FASTOPEN), 16);
    assert_int_equal(set(SERVER(&pair), listener, RILL_TCP_FASTOPEN, -1), -RILL_EINVAL);
    assert_int_equal(get(CLIENT(&pair), fd, RILL_TCP_FASTOPEN), 0);
    assert_int_equal(set(CLIENT(&pair), fd, RILL_TCP_FASTOPEN_CONNECT, 2), -RILL_EINVAL);
    assert_int_equal(set(CLIENT(&pair), fd, RILL_TCP_FASTOPEN_CONNECT, 1), 0);
    assert_int_equal(get(CLIENT(&pair), fd, RILL_TCP_FASTOPEN_CONNECT), 1);
    assert_int_equal(pair_connect(&pair, fd), -RILL_EINPROGRESS);
    pair_turn(&pair);
    assert_int_equal(set(CLIENT(&pair), fd, RILL_TCP_FASTOPEN_CONNECT, 0), -RILL_EINVAL);
    assert_int_equal(set(CLIENT(&pair), fd, RILL_TCP_FASTOPEN, 3), -RILL_EINVAL);
}

static void a_connected_socket_opens_nothing(void **state)
{
    int fd = stream();

    (void)state;
    assert_int_equal(pair_connect(&pair, fd), -RILL_EINPROGRESS);
    assert_int_equal(send_opening(fd, "x"), -RILL_EALREADY);
    pair_turn(&pair);
    assert_int_equal(pair_connect(&pair, fd), 0);
    assert_int_equal(send_opening(fd, "x"), -RILL_EISCONN);
    assert_int_equal(rill_sock_send(CLIENT(&pair), fd, "x", 1, RILL_MSG_FASTOPEN), -RILL_EISCONN);
}

static void an_opening_send_needs_an_address(void **state)
{
    struct rill_sockaddr_in nothing = {.family = RILL_AF_UNSPEC};
    int fd = stream();

    (void)state;
    assert_int_equal(rill_sock_send(CLIENT(&pair), fd, "x", 1, RILL_MSG_FASTOPEN), -RILL_EINVAL);
    assert_int_equal(rill_sock_sendto(CLIENT(&pair), fd, "x", 1, RILL_MSG_FASTOPEN, &nothing, sizeof nothing),
                     -RILL_EOPNOTSUPP);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(data_in_the_syn_is_accepted_before_the_handshake_is_done),
        TEST(connect_with_a_cookie_is_done_at_once_and_the_syn_waits),
        TEST(without_a_cookie_connect_goes_the_long_way),
        TEST(the_options_say_what_was_set),
        TEST(a_connected_socket_opens_nothing),
        TEST(an_opening_send_needs_an_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
