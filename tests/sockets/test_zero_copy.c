/* RILL_MSG_LENT, rill_sock_borrow() and rill_sock_return(). */
#include "sockets/connection.h"

/* All slices as one text. */
static const char *borrowed(struct rill_sockets *s, int fd, int *result)
{
    static char text[64];
    struct rill_slice slices[4];
    size_t n = 0;

    *result = rill_sock_borrow(s, fd, slices, 4, 0);
    for (int i = 0; i < *result; i++) {
        assert_true(n + slices[i].length_bytes < sizeof text);
        memcpy(text + n, slices[i].data, slices[i].length_bytes);
        n += slices[i].length_bytes;
    }
    text[n] = '\0';
    return text;
}

static void lent_bytes_arrive_and_come_back(void **state)
{
    static char bytes[100000];
    static char got[100000];
    size_t received = 0;

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    bytes[70000] = 'y';
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, bytes, sizeof bytes, RILL_MSG_LENT), sizeof bytes);
    assert_int_equal(rill_sock_lent(CLIENT(&pair), client), sizeof bytes);
    while (received < sizeof got) {
        int64_t n = rill_sock_recv(SERVER(&pair), server, got + received, sizeof got - received, 0);

        if (n == -RILL_EAGAIN)
            pair_advance(&pair, 1);
        else
            received += (size_t)n;
    }
    pair_advance(&pair, 100);
    assert_memory_equal(got, bytes, sizeof got);
    assert_int_equal(rill_sock_lent(CLIENT(&pair), client), 0);
}

static void reclaiming_waits_for_the_acknowledgement(void **state)
{
    (void)state;
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "abc", 3, RILL_MSG_LENT), 3);
    assert_int_equal(rill_sock_reclaim(CLIENT(&pair), client), -RILL_EAGAIN); /* the descriptor does not block */
    assert_int_equal(rill_sock_fcntl(CLIENT(&pair), client, RILL_F_SETFL, 0), 0);
    assert_int_equal(rill_sock_reclaim(CLIENT(&pair), client), 0);
    assert_true(pair.waits > 0);
    assert_int_equal(rill_sock_lent(CLIENT(&pair), client), 0);
}

static void closing_leaves_nothing_lent(void **state)
{
    char bytes[] = "abc", got[8] = "";

    (void)state;
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, bytes, 3, RILL_MSG_LENT), 3);
    assert_int_equal(rill_sock_close(CLIENT(&pair), client), 0);
    memset(bytes, '?', sizeof bytes);
    pair_turn(&pair);
    assert_int_equal(rill_sock_recv(SERVER(&pair), server, got, sizeof got, 0), 3);
    assert_string_equal(got, "abc");
}

static void pieces_may_be_lent_too(void **state)
{
    struct rill_iovec iov[2] = {{"ab", 2}, {"cde", 3}};
    struct rill_msghdr message = {.iov = iov, .iov_count = 2};
    int count;

    (void)state;
    assert_int_equal(rill_sock_sendmsg(CLIENT(&pair), client, &message, RILL_MSG_LENT), 5);
    pair_turn(&pair);
    assert_string_equal(borrowed(SERVER(&pair), server, &count), "abcde");
}

static void nothing_is_lent_by_what_is_no_stream(void **state)
{
    int fd = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM, 0);

    (void)state;
    assert_int_equal(rill_sock_lent(CLIENT(&pair), fd), 0);
    assert_int_equal(rill_sock_reclaim(CLIENT(&pair), fd), 0);
    assert_int_equal(rill_sock_lent(CLIENT(&pair), 99), -RILL_EBADF);
}

static void borrowing_leaves_the_bytes_until_they_are_returned(void **state)
{
    char got[8] = "";
    int count;

    (void)state;
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "abcdef", 6, 0), 6);
    pair_turn(&pair);
    assert_string_equal(borrowed(SERVER(&pair), server, &count), "abcdef");
    assert_int_equal(count, 1);
    assert_string_equal(borrowed(SERVER(&pair), server, &count), "abcdef");
    assert_int_equal(rill_sock_return(SERVER(&pair), server, 2), 0);
    assert_string_equal(borrowed(SERVER(&pair), server, &count), "cdef");
    assert_int_equal(rill_sock_return(SERVER(&pair), server, 5), -RILL_EINVAL);
    assert_int_equal(rill_sock_recv(SERVER(&pair), server, got, sizeof got, 0), 4);
    assert_string_equal(got, "cdef");
}

static void borrowing_waits_and_ends_as_recv_does(void **state)
{
    int count;

    (void)state;
    (void)borrowed(SERVER(&pair), server, &count);
    assert_int_equal(count, -RILL_EAGAIN);
    assert_int_equal(rill_sock_shutdown(CLIENT(&pair), client, RILL_SHUT_WR), 0);
    assert_int_equal(rill_sock_fcntl(SERVER(&pair), server, RILL_F_SETFL, 0), 0);
    (void)borrowed(SERVER(&pair), server, &count);
    assert_int_equal(count, 0);
}

static void borrowing_tells_the_error_once(void **state)
{
    const struct rill_linger at_once = {1, 0};
    int count;

    (void)state;
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "ab", 2, 0), 2);
    pair_turn(&pair);
    assert_int_equal(
        rill_sock_setsockopt(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_LINGER, &at_once, sizeof at_once), 0);
    assert_int_equal(rill_sock_close(CLIENT(&pair), client), 0);
    pair_turn(&pair);
    assert_string_equal(borrowed(SERVER(&pair), server, &count), "ab");
    assert_int_equal(rill_sock_return(SERVER(&pair), server, 2), 0);
    (void)borrowed(SERVER(&pair), server, &count);
    assert_int_equal(count, -RILL_ECONNRESET);
    (void)borrowed(SERVER(&pair), server, &count);
    assert_int_equal(count, 0);
}

static void borrowing_stops_at_the_urgent_byte_and_leaves_it_out(void **state)
{
    int count;

    (void)state;
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "abU", 3, RILL_MSG_OOB), 3);
    pair_turn(&pair);
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "cd", 2, 0), 2);
    pair_turn(&pair);
    assert_string_equal(borrowed(SERVER(&pair), server, &count), "ab");
    assert_int_equal(rill_sock_return(SERVER(&pair), server, 2), 0);
    assert_string_equal(borrowed(SERVER(&pair), server, &count), "cd");
}

/* ----------------------------------------------------------------- SO_ZEROCOPY */

static void number_sends(void)
{
    assert_int_equal(
        rill_sock_setsockopt(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_ZEROCOPY, &(int){1}, sizeof(int)), 0);
}

static bool error_is_polled(void)
{
    struct rill_pollfd one = {.fd = client};

    (void)rill_sock_poll(CLIENT(&pair), &one, 1, 0);
    return (one.revents & RILL_POLLERR) != 0;
}

/* The error queue has one message: sends `first` to `last` are done. */
static void expect_returned(uint32_t first, uint32_t last)
{
    struct {
        struct rill_cmsghdr header;
        struct rill_sock_extended_err error;
    } control;
    struct rill_msghdr message = {.control = &control, .control_bytes = sizeof control};

    assert_true(error_is_polled());
    assert_int_equal(rill_sock_recvmsg(CLIENT(&pair), client, &message, RILL_MSG_ERRQUEUE), 0);
    assert_int_equal(message.flags, RILL_MSG_ERRQUEUE);
    assert_int_equal(message.control_bytes, sizeof control);
    assert_int_equal(control.header.level, RILL_SOL_IP);
    assert_int_equal(control.header.type, RILL_IP_RECVERR);
    assert_int_equal(control.error.error, 0);
    assert_int_equal(control.error.origin, 5);
    assert_int_equal(control.error.info, first);
    assert_int_equal(control.error.data, last);
}

static void expect_nothing_returned(void)
{
    struct rill_msghdr message = {0};

    assert_false(error_is_polled());
    assert_int_equal(rill_sock_recvmsg(CLIENT(&pair), client, &message, RILL_MSG_ERRQUEUE), -RILL_EAGAIN);
}

static void sends_are_told_when_their_bytes_come_back(void **state)
{
    (void)state;
    number_sends();
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "abc", 3, RILL_MSG_LENT), 3);
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "de", 2, 0), 2); /* copied: it has no number */
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "fgh", 3, RILL_MSG_LENT), 3);
    expect_nothing_returned();
    pair_turn(&pair);
    pair_advance(&pair, 100);
    expect_returned(0, 1);
    expect_nothing_returned();
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "i", 1, RILL_MSG_LENT), 1);
    pair_turn(&pair);
    pair_advance(&pair, 100);
    expect_returned(2, 2);
}

static void a_send_is_not_told_before_all_of_it_is_back(void **state)
{
    static char bytes[100000];
    char got[4096];
    uint32_t told = 0;
    bool too_early = false;

    (void)state;
    number_sends();
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, bytes, sizeof bytes, RILL_MSG_LENT), sizeof bytes);
    for (int i = 0; i < 1000 && told == 0; i++) {
        while (rill_sock_recv(SERVER(&pair), server, got, sizeof got, RILL_MSG_DONTWAIT) > 0)
            continue;
        pair_advance(&pair, 1);
        told = error_is_polled();
        too_early = too_early || (told && rill_sock_lent(CLIENT(&pair), client) > 0);
    }
    assert_false(too_early);
    expect_returned(0, 0);
}

/* More sends than have places of their own: none is told too early, all in the end. */
static void many_sends_are_told_as_runs(void **state)
{
    (void)state;
    number_sends();
    for (int i = 0; i < 30; i++)
        assert_int_equal(rill_sock_send(CLIENT(&pair), client, "x", 1, RILL_MSG_LENT), 1);
    expect_nothing_returned();
    pair_turn(&pair);
    pair_advance(&pair, 500);
    expect_returned(0, 29);
    expect_nothing_returned();
}

static void a_reset_gives_all_back(void **state)
{
    struct rill_linger abort = {1, 0};

    (void)state;
    number_sends();
    assert_int_equal(rill_sock_setsockopt(SERVER(&pair), server, RILL_SOL_SOCKET, RILL_SO_LINGER, &abort, sizeof abort),
                     0);
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "abc", 3, RILL_MSG_LENT), 3);
    assert_int_equal(rill_sock_close(SERVER(&pair), server), 0);
    pair_turn(&pair);
    pair_advance(&pair, 100);
    expect_returned(0, 0);
}

static void without_the_option_nothing_is_told(void **state)
{
    (void)state;
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "abc", 3, RILL_MSG_LENT), 3);
    pair_turn(&pair);
    pair_advance(&pair, 100);
    expect_nothing_returned();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, connection_open_blocking, connection_close)
    const struct CMUnitTest tests[] = {
        TEST(lent_bytes_arrive_and_come_back),
        TEST(reclaiming_waits_for_the_acknowledgement),
        TEST(closing_leaves_nothing_lent),
        TEST(pieces_may_be_lent_too),
        TEST(nothing_is_lent_by_what_is_no_stream),
        TEST(borrowing_leaves_the_bytes_until_they_are_returned),
        TEST(borrowing_waits_and_ends_as_recv_does),
        TEST(borrowing_tells_the_error_once),
        TEST(borrowing_stops_at_the_urgent_byte_and_leaves_it_out),
        TEST(sends_are_told_when_their_bytes_come_back),
        TEST(a_send_is_not_told_before_all_of_it_is_back),
        TEST(many_sends_are_told_as_runs),
        TEST(a_reset_gives_all_back),
        TEST(without_the_option_nothing_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
