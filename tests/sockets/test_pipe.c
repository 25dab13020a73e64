/*
 * Pipes, and splice(2) between them and sockets.
 */
#include "sockets/pair.h"

#define PIPE_BYTES 65536

static struct pair pair;
static int server, client;

static int setup(void **state)
{
    (void)state;
    pair_open(&pair);
    pair_connection(&pair, &server, &client);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pair_close(&pair);
    return 0;
}

static void make_pipe(int fds[2])
{
    assert_int_equal(rill_sock_pipe(SERVER(&pair), fds, RILL_O_NONBLOCK), 0);
}

static uint32_t ready(int fd)
{
    struct rill_pollfd poll = {.fd = fd, .events = RILL_POLLIN | RILL_POLLOUT};

    (void)rill_sock_poll(SERVER(&pair), &poll, 1, 0);
    return (uint16_t)poll.revents;
}

static void what_is_written_at_one_end_is_read_at_the_other(void **state)
{
    char bytes[8];
    int fds[2];

    (void)state;
    make_pipe(fds);
    assert_int_equal(rill_sock_read(SERVER(&pair), fds[0], bytes, sizeof bytes), -RILL_EAGAIN);
    assert_int_equal(rill_sock_write(SERVER(&pair), fds[1], "hello", 5), 5);
    assert_int_equal(rill_sock_read(SERVER(&pair), fds[0], bytes, 2), 2);
    assert_memory_equal(bytes, "he", 2);
    assert_int_equal(rill_sock_read(SERVER(&pair), fds[0], bytes, sizeof bytes), 3);
    assert_memory_equal(bytes, "llo", 3);
    assert_int_equal(rill_sock_read(SERVER(&pair), fds[1], bytes, sizeof bytes), -RILL_EBADF);
    assert_int_equal(rill_sock_write(SERVER(&pair), fds[0], "x", 1), -RILL_EBADF);
    assert_int_equal(rill_sock_recv(SERVER(&pair), fds[0], bytes, sizeof bytes, 0), -RILL_ENOTSOCK);
}

static void pieces_are_gathered_and_scattered(void **state)
{
    char a[3], b[4];
    struct rill_iovec out[] = {{(void *)"ab", 2}, {(void *)"cdefg", 5}}, in[] = {{a, 3}, {b, 4}};
    int fds[2];

    (void)state;
    make_pipe(fds);
    assert_int_equal(rill_sock_writev(SERVER(&pair), fds[1], out, 2), 7);
    assert_int_equal(rill_sock_readv(SERVER(&pair), fds[0], in, 2), 7);
    assert_memory_equal(a, "abc", 3);
    assert_memory_equal(b, "defg", 4);
}

static void a_pipe_holds_64_kib_round_and_round(void **state)
{
    static uint8_t out[PIPE_BYTES + 100], in[PIPE_BYTES];
    uint8_t next = 0, expected = 0;
    int fds[2];

    (void)state;
    make_pipe(fds);
    for (unsigned round = 0; round < 5; round++) {
        int64_t n;

        for (size_t i = 0; i < sizeof out; i++)
            out[i] = (uint8_t)(next + i);
        n = rill_sock_write(SERVER(&pair), fds[1], out, sizeof out);
        assert_int_equal(n, round == 0 ? PIPE_BYTES : 40000);
        next = (uint8_t)(next + n);
        assert_int_equal(rill_sock_write(SERVER(&pair), fds[1], out, 1), -RILL_EAGAIN);
        assert_int_equal(rill_sock_read(SERVER(&pair), fds[0], in, 40000), 40000);
        for (size_t i = 0; i < 40000; i++)
            assert_int_equal(in[i], expected++);
    }
}

static void the_end_of_one_side_is_told_at_the_other(void **state)
{
    char bytes[8];
    int fds[2];

    (void)state;
    make_pipe(fds);
    assert_int_equal(rill_sock_write(SERVER(&pair), fds[1], "last", 4), 4);
    assert_int_equal(rill_sock_close(SERVER(&pair), fds[1]), 0);
    assert_int_equal(ready(fds[0]), RILL_POLLIN | RILL_POLLHUP);
    assert_int_equal(rill_sock_read(SERVER(&pair), fds[0], bytes, sizeof bytes), 4);
    assert_int_equal(rill_sock_read(SERVER(&pair), fds[0], bytes, sizeof bytes), 0);
    make_pipe(fds);
    assert_int_equal(rill_sock_close(SERVER(&pair), fds[0]), 0);
    assert_int_equal(ready(fds[1]), RILL_POLLOUT | RILL_POLLERR);
    assert_int_equal(rill_sock_write(SERVER(&pair), fds[1], "x", 1), -RILL_EPIPE);
}

static void poll_and_epoll_see_what_can_be_done(void **state)
{
    struct rill_epoll_event event = {.events = RILL_EPOLLIN, .data = 7};
    char bytes[8];
    int fds[2], epoll;

    (void)state;
    make_pipe(fds);
    epoll = rill_sock_epoll_create(SERVER(&pair), 0);
    assert_int_equal(rill_sock_epoll_ctl(SERVER(&pair), epoll, RILL_EPOLL_CTL_ADD, fds[0], &event), 0);
    assert_int_equal(ready(fds[0]), 0);
    assert_int_equal(ready(fds[1]), RILL_POLLOUT);
    assert_int_equal(rill_sock_epoll_wait(SERVER(&pair), epoll, &event, 1, 0), 0);
    assert_int_equal(rill_sock_write(SERVER(&pair), fds[1], "x", 1), 1);
    assert_int_equal(ready(fds[0]), RILL_POLLIN);
    assert_int_equal(rill_sock_epoll_wait(SERVER(&pair), epoll, &event, 1, 0), 1);
    assert_int_equal(event.data, 7);
    assert_int_equal(rill_sock_read(SERVER(&pair), fds[0], bytes, sizeof bytes), 1);
    assert_int_equal(rill_sock_epoll_wait(SERVER(&pair), epoll, &event, 1, 0), 0);
}

static void the_memory_of_a_pipe_goes_with_it(void **state)
{
    struct rill_memory before, after;
    int fds[2];

    (void)state;
    make_pipe(fds);
    assert_int_equal(rill_sock_close(SERVER(&pair), fds[0]), 0);
    assert_int_equal(rill_sock_close(SERVER(&pair), fds[1]), 0);
    rill_memory(pair.end[0].stack, &before);
    make_pipe(fds);
    assert_int_equal(rill_sock_close(SERVER(&pair), fds[1]), 0);
    assert_int_equal(rill_sock_close(SERVER(&pair), fds[0]), 0);
    rill_memory(pair.end[0].stack, &after);
    assert_int_equal(after.buffer_bytes, before.buffer_bytes);
}

static void splice_moves_from_a_socket_to_a_pipe_and_on(void **state)
{
    char bytes[32];
    int fds[2];

    (void)state;
    make_pipe(fds);
    assert_int_equal(rill_sock_splice(SERVER(&pair), server, fds[1], 100, 0), -RILL_EAGAIN);
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "there and back", 14, 0), 14);
    pair_turn(&pair);
    assert_int_equal(rill_sock_splice(SERVER(&pair), server, fds[1], 100, 0), 14);
    assert_int_equal(rill_sock_splice(SERVER(&pair), fds[0], server, 5, 0), 5);
    assert_int_equal(rill_sock_splice(SERVER(&pair), fds[0], server, 100, RILL_SPLICE_NONBLOCK), 9);
    assert_int_equal(rill_sock_splice(SERVER(&pair), fds[0], server, 100, RILL_SPLICE_NONBLOCK), -RILL_EAGAIN);
    pair_turn(&pair);
    assert_int_equal(rill_sock_recv(CLIENT(&pair), client, bytes, sizeof bytes, 0), 14);
    assert_memory_equal(bytes, "there and back", 14);
}

static void splice_carries_more_than_a_pipe_or_a_buffer_holds(void **state)
{
    static uint8_t data[200000], got[200000];
    size_t sent = 0, received = 0;
    int fds[2];

    (void)state;
    make_pipe(fds);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 ^ i >> 9);
    for (unsigned guard = 0; received < sizeof data; guard++) {
        int64_t n = rill_sock_send(CLIENT(&pair), client, data + sent, sizeof data - sent, 0);

        assert_true(guard < 1000);
        sent += n > 0 ? (size_t)n : 0;
        pair_advance(&pair, 10);
        (void)rill_sock_splice(SERVER(&pair), server, fds[1], 50000, RILL_SPLICE_NONBLOCK);
        (void)rill_sock_splice(SERVER(&pair), fds[0], server, 50000, RILL_SPLICE_NONBLOCK | RILL_SPLICE_MORE);
        pair_advance(&pair, 10);
        n = rill_sock_recv(CLIENT(&pair), client, got + received, sizeof got - received, 0);
        received += n > 0 ? (size_t)n : 0;
        if (sent == sizeof data && received + PIPE_BYTES >= sizeof data)
            (void)rill_sock_splice(SERVER(&pair), fds[0], server, 50000, RILL_SPLICE_NONBLOCK);
    }
    assert_memory_equal(got, data, sizeof data);
}

static void splice_joins_two_pipes(void **state)
{
    char bytes[8];
    int from[2], to[2];

    (void)state;
    make_pipe(from);
    make_pipe(to);
    assert_int_equal(rill_sock_write(SERVER(&pair), from[1], "abcdef", 6), 6);
    assert_int_equal(rill_sock_splice(SERVER(&pair), from[0], to[1], 4, 0), 4);
    assert_int_equal(rill_sock_read(SERVER(&pair), to[0], bytes, sizeof bytes), 4);
    assert_memory_equal(bytes, "abcd", 4);
    assert_int_equal(rill_sock_splice(SERVER(&pair), from[0], from[1], 4, 0), -RILL_EINVAL);
}

static void splice_needs_a_pipe(void **state)
{
    int fds[2];

    (void)state;
    make_pipe(fds);
    assert_int_equal(rill_sock_splice(SERVER(&pair), server, server, 1, 0), -RILL_EINVAL);
    assert_int_equal(rill_sock_splice(SERVER(&pair), 60, fds[1], 1, 0), -RILL_EBADF);
    assert_int_equal(rill_sock_splice(SERVER(&pair), fds[1], server, 1, 0), -RILL_EBADF);
    assert_int_equal(rill_sock_splice(SERVER(&pair), server, fds[0], 1, 0), -RILL_EBADF);
    assert_int_equal(rill_sock_splice(SERVER(&pair), fds[0], server, 1, 0x100), -RILL_EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_at_one_end_is_read_at_the_other),
        TEST(pieces_are_gathered_and_scattered),
        TEST(a_pipe_holds_64_kib_round_and_round),
        TEST(the_end_of_one_side_is_told_at_the_other),
        TEST(poll_and_epoll_see_what_can_be_done),
        TEST(the_memory_of_a_pipe_goes_with_it),
        TEST(splice_moves_from_a_socket_to_a_pipe_and_on),
        TEST(splice_carries_more_than_a_pipe_or_a_buffer_holds),
        TEST(splice_joins_two_pipes),
        TEST(splice_needs_a_pipe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
