/*
 * Descriptors: numbers, sharing, flags, and the end of all of them.
 */
#include "sockets/pair.h"

static struct pair pair;

static int setup(void **state)
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

static int open_one(void)
{
    return rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM, 0);
}

static void numbers_begin_at_three_and_the_lowest_free_one_is_next(void **state)
{
    (void)state;
    assert_int_equal(open_one(), 3);
    assert_int_equal(open_one(), 4);
    assert_int_equal(open_one(), 5);
    assert_int_equal(rill_sock_close(CLIENT(&pair), 4), 0);
    assert_int_equal(rill_sock_close(CLIENT(&pair), 3), 0);
    assert_int_equal(open_one(), 3);
    assert_int_equal(open_one(), 4);
    assert_int_equal(open_one(), 6);
}

static void a_full_table_says_emfile_and_takes_no_connection(void **state)
{
    int listener, waiting;

    (void)state;
    listener = pair_listener(&pair, RILL_SOCK_NONBLOCK);
    waiting = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM | RILL_SOCK_NONBLOCK, 0);
    assert_int_equal(pair_connect(&pair, waiting), -RILL_EINPROGRESS);
    pair_turn(&pair);
    while (rill_sock_open(SERVER(&pair), RILL_AF_INET, RILL_SOCK_STREAM, 0) >= 0)
        ;
    assert_int_equal(rill_sock_open(SERVER(&pair), RILL_AF_INET, RILL_SOCK_STREAM, 0), -RILL_EMFILE);
    assert_int_equal(rill_sock_epoll_create(SERVER(&pair), 0), -RILL_EMFILE);
    assert_int_equal(rill_sock_dup(SERVER(&pair), listener), -RILL_EMFILE);
    assert_int_equal(rill_sock_accept(SERVER(&pair), listener, NULL, NULL), -RILL_EMFILE);
    assert_int_equal(rill_sock_close(SERVER(&pair), 40), 0);
    assert_int_equal(rill_sock_accept(SERVER(&pair), listener, NULL, NULL), 40);
}

static void dup3_puts_a_file_where_it_is_told_and_closes_what_was_there(void **state)
{
    int server, client, other;

    (void)state;
    pair_connection(&pair, &server, &client);
    other = open_one();
    assert_int_equal(rill_sock_dup3(CLIENT(&pair), other, client, 0), client);
    pair_turn(&pair);
    assert_int_equal(rill_sock_recv(SERVER(&pair), server, (char[1]){0}, 1, 0), 0);
    assert_int_equal(rill_sock_dup3(CLIENT(&pair), other, other, 0), -RILL_EINVAL);
    assert_int_equal(rill_sock_dup3(CLIENT(&pair), 99, other, 0), -RILL_EBADF);
    assert_int_equal(rill_sock_dup3(CLIENT(&pair), other, 2, 0), -RILL_EBADF);
}

static void dup3_onto_its_own_duplicate_keeps_the_file(void **state)
{
    int server, client, second;

    (void)state;
    pair_connection(&pair, &server, &client);
    second = rill_sock_dup(CLIENT(&pair), client);
    assert_int_equal(rill_sock_dup3(CLIENT(&pair), client, second, 0), second);
    assert_int_equal(rill_sock_close(CLIENT(&pair), client), 0);
    assert_int_equal(rill_sock_send(CLIENT(&pair), second, "x", 1, 0), 1);
}

static void fcntl_keeps_status_with_the_file_and_close_on_exec_with_the_descriptor(void **state)
{
    struct rill_sockets *s = CLIENT(&pair);
    int fd = rill_sock_open(s, RILL_AF_INET, RILL_SOCK_STREAM | RILL_SOCK_CLOEXEC, 0);
    int second = rill_sock_dup(s, fd);

    (void)state;
    assert_int_equal(rill_sock_fcntl(s, fd, RILL_F_GETFL, 0), RILL_O_RDWR);
    assert_int_equal(rill_sock_fcntl(s, second, RILL_F_SETFL, RILL_O_NONBLOCK), 0);
    assert_int_equal(rill_sock_fcntl(s, fd, RILL_F_GETFL, 0), RILL_O_RDWR | RILL_O_NONBLOCK);
    assert_int_equal(rill_sock_fcntl(s, fd, RILL_F_GETFD, 0), RILL_FD_CLOEXEC);
    assert_int_equal(rill_sock_fcntl(s, second, RILL_F_GETFD, 0), 0);
    assert_int_equal(rill_sock_fcntl(s, fd, RILL_F_DUPFD, 20), 20);
    assert_int_equal(rill_sock_fcntl(s, fd, RILL_F_DUPFD_CLOEXEC, 20), 21);
    assert_int_equal(rill_sock_fcntl(s, 21, RILL_F_GETFD, 0), RILL_FD_CLOEXEC);
    assert_int_equal(rill_sock_fcntl(s, fd, RILL_F_DUPFD, 5000), -RILL_EINVAL);
    assert_int_equal(rill_sock_fcntl(s, fd, 77, 0), -RILL_EINVAL);
    assert_int_equal(rill_sock_fcntl(s, 60, RILL_F_GETFL, 0), -RILL_EBADF);
}

static void fionbio_is_the_same_flag(void **state)
{
    int fd = open_one();
    int on = 1;

    (void)state;
    assert_int_equal(rill_sock_ioctl(CLIENT(&pair), fd, RILL_FIONBIO, &on), 0);
    assert_int_equal(rill_sock_fcntl(CLIENT(&pair), fd, RILL_F_GETFL, 0), RILL_O_RDWR | RILL_O_NONBLOCK);
}

static void only_streams_and_datagrams_of_the_two_families_open(void **state)
{
    struct rill_sockets *s = CLIENT(&pair);

    (void)state;
    assert_int_equal(rill_sock_open(s, 1, RILL_SOCK_STREAM, 0), -RILL_EAFNOSUPPORT);
    assert_int_equal(rill_sock_open(s, RILL_AF_INET, RILL_SOCK_DGRAM, RILL_IPPROTO_TCP), -RILL_EPROTONOSUPPORT);
    assert_int_equal(rill_sock_open(s, RILL_AF_INET, RILL_SOCK_STREAM, RILL_IPPROTO_UDP), -RILL_EPROTONOSUPPORT);
    assert_int_equal(rill_sock_open(s, RILL_AF_INET, 5, 0), -RILL_ESOCKTNOSUPPORT);
    assert_int_equal(rill_sock_open(s, RILL_AF_INET, RILL_SOCK_STREAM, RILL_IPPROTO_TCP), 3);
}

static void an_event_of_nobody_here_is_not_taken(void **state)
{
    const struct rill_event event = {.conn = 77, .user = 1, .what = RILL_READABLE};

    (void)state;
    assert_false(rill_sockets_event(CLIENT(&pair), &event));
    assert_false(rill_sockets_event(CLIENT(&pair), &(struct rill_event){.conn = 77, .user = 4000}));
    assert_false(rill_sockets_event(CLIENT(&pair), &(struct rill_event){.conn = 77, .user = 0}));
}

static void note_stranger(void *context, const struct rill_event *event)
{
    *(rill_conn *)context = event->conn;
}

static void events_of_native_connections_go_to_the_stranger(void **state)
{
    static char memory[100000] __attribute__((aligned(16)));
    const struct rill_endpoint nobody = {rill_addr4(10, 0, 0, 2), 9};
    struct rill_sockets_config config;
    struct rill_sockets *s;
    rill_conn conn = 0, seen = 0;

    (void)state;
    rill_sockets_config_default(&config);
    config.stack = pair.end[0].stack;
    config.max_descriptors = 4;
    config.max_watches = 0;
    config.memory = memory;
    config.memory_bytes = sizeof memory;
    config.stranger = note_stranger;
    config.context = &seen;
    assert_int_equal(rill_sockets_create(&config, &s), 0);
    assert_int_equal(rill_tcp_connect(pair.end[0].stack, &nobody, NULL, &conn), 0);
    pair_turn(&pair);
    assert_int_equal(rill_sock_poll(s, NULL, 0, 0), 0);
    assert_int_equal(seen, conn);
}

static void destroying_the_table_closes_the_connections(void **state)
{
    struct rill_memory memory;
    int server, client;

    (void)state;
    pair_connection(&pair, &server, &client);
    rill_sockets_destroy(CLIENT(&pair));
    pair_turn(&pair);
    assert_int_equal(rill_sock_recv(SERVER(&pair), server, (char[1]){0}, 1, 0), 0);
    assert_int_equal(rill_sock_close(SERVER(&pair), server), 0);
    pair_advance(&pair, 61000);
    for (int i = 0; i < 2; i++) {
        rill_memory(pair.end[i].stack, &memory);
        assert_int_equal(memory.connections + memory.listeners + memory.time_wait, 0);
    }
}

static void a_bad_configuration_is_refused(void **state)
{
    static char memory[100000] __attribute__((aligned(16)));
    struct rill_sockets_config config;
    struct rill_sockets *s;

    (void)state;
    rill_sockets_config_default(&config);
    config.max_descriptors = 4;
    config.max_watches = 0;
    config.memory = memory;
    config.memory_bytes = sizeof memory;
    assert_int_equal(rill_sockets_create(&config, &s), -RILL_EINVAL); /* no stack */
    config.stack = pair.end[0].stack;
    config.memory_bytes = rill_sockets_bytes(&config) - 1;
    assert_int_equal(rill_sockets_create(&config, &s), -RILL_ENOMEM);
    config.memory_bytes++;
    config.memory = memory + 1;
    assert_int_equal(rill_sockets_create(&config, &s), -RILL_EINVAL);
    config.memory = memory;
    config.first_descriptor = 1000;
    assert_int_equal(rill_sockets_create(&config, &s), 0);
    assert_int_equal(rill_sock_open(s, RILL_AF_INET, RILL_SOCK_STREAM, 0), 1000);
    assert_int_equal(rill_sock_close(s, 999), -RILL_EBADF);
    assert_int_equal(rill_sock_close(s, -1), -RILL_EBADF);
}

static void an_epoll_without_room_for_a_watch_says_so(void **state)
{
    static char memory[100000] __attribute__((aligned(16)));
    struct rill_sockets_config config;
    struct rill_epoll_event event = {RILL_EPOLLIN, 0};
    struct rill_sockets *s;

    (void)state;
    rill_sockets_config_default(&config);
    config.stack = pair.end[0].stack;
    config.max_descriptors = 8;
    config.max_watches = 1;
    config.memory = memory;
    config.memory_bytes = sizeof memory;
    assert_int_equal(rill_sockets_create(&config, &s), 0);
    assert_int_equal(rill_sock_epoll_create(s, 0), 3);
    assert_int_equal(rill_sock_open(s, RILL_AF_INET, RILL_SOCK_STREAM, 0), 4);
    assert_int_equal(rill_sock_open(s, RILL_AF_INET, RILL_SOCK_STREAM, 0), 5);
    assert_int_equal(rill_sock_epoll_ctl(s, 3, RILL_EPOLL_CTL_ADD, 4, &event), 0);
    assert_int_equal(rill_sock_epoll_ctl(s, 3, RILL_EPOLL_CTL_ADD, 5, &event), -RILL_ENOMEM);
    assert_int_equal(rill_sock_close(s, 4), 0);
    assert_int_equal(rill_sock_epoll_ctl(s, 3, RILL_EPOLL_CTL_ADD, 5, &event), 0);
    rill_sockets_destroy(s);
}

static void epolls_nest_one_deep_and_never_in_a_circle(void **state)
{
    struct rill_sockets *s = CLIENT(&pair);
    struct rill_epoll_event event = {RILL_EPOLLIN, 9};
    int a = rill_sock_epoll_create(s, 0), b = rill_sock_epoll_create(s, 0), c = rill_sock_epoll_create(s, 0);
    int server, client;

    (void)state;
    pair_connection(&pair, &server, &client);
    assert_int_equal(rill_sock_epoll_ctl(s, a, RILL_EPOLL_CTL_ADD, b, &event), 0);
    assert_int_equal(rill_sock_epoll_ctl(s, b, RILL_EPOLL_CTL_ADD, a, &event), -RILL_ELOOP);
    assert_int_equal(rill_sock_epoll_ctl(s, b, RILL_EPOLL_CTL_ADD, c, &event), -RILL_ELOOP);
    assert_int_equal(rill_sock_epoll_ctl(s, b, RILL_EPOLL_CTL_ADD, client, &event), 0);
    assert_int_equal(rill_sock_epoll_wait(s, a, &event, 1, 0), 0);
    assert_int_equal(rill_sock_send(SERVER(&pair), server, "x", 1, 0), 1);
    pair_turn(&pair);
    assert_int_equal(rill_sock_epoll_wait(s, a, &event, 1, 0), 1);
    assert_int_equal(event.data, 9);
    assert_int_equal(rill_sock_recv(s, client, (char[1]){0}, 1, 0), 1);
    assert_int_equal(rill_sock_epoll_wait(s, a, &event, 1, 0), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(numbers_begin_at_three_and_the_lowest_free_one_is_next),
        TEST(a_full_table_says_emfile_and_takes_no_connection),
        TEST(dup3_puts_a_file_where_it_is_told_and_closes_what_was_there),
        TEST(dup3_onto_its_own_duplicate_keeps_the_file),
        TEST(fcntl_keeps_status_with_the_file_and_close_on_exec_with_the_descriptor),
        TEST(fionbio_is_the_same_flag),
        TEST(only_streams_and_datagrams_of_the_two_families_open),
        TEST(an_event_of_nobody_here_is_not_taken),
        TEST(events_of_native_connections_go_to_the_stranger),
        TEST(destroying_the_table_closes_the_connections),
        TEST(a_bad_configuration_is_refused),
        TEST(an_epoll_without_room_for_a_watch_says_so),
        TEST(epolls_nest_one_deep_and_never_in_a_circle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
