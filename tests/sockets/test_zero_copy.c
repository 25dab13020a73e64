/* RILL_MSG_LENT, rill_sock_borrow() and rill_sock_return(). */
#include "sockets/pair.h"

static struct pair pair;
static int server, client;

static int set_up(void **state)
{
    (void)state;
    pair_open_as(&pair, true, NULL);
    pair_connection(&pair, &server, &client);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pair_close(&pair);
    return 0;
}

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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
