/*
 * The plug-in's calls, packets and clock, all from one thread.
 */
#include "packetdrill/world.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

static int begin(void **state)
{
    (void)state;
    assert_int_equal(init("settle_usecs=0", &pd), 0);
    return 0;
}

/* Nothing more comes, however long one waits. */
static void stack_is_silent(void)
{
    uint8_t packet[2048];
    size_t bytes = sizeof packet;
    long long at;

    assert_int_equal(pd.netdev_receive(pd.userdata, packet, &bytes, &at), 0);
    assert_int_equal(bytes, 0);
}

static void set_nonblocking(int fd)
{
    int flags = pd.fcntl(pd.userdata, fd, F_GETFL);

    assert_int_equal(flags & O_ACCMODE, O_RDWR);
    assert_int_equal(pd.fcntl(pd.userdata, fd, F_SETFL, flags | O_NONBLOCK), 0);
    assert_int_equal(pd.fcntl(pd.userdata, fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

static void a_peer_that_connects_is_accepted_with_its_address(void **state)
{
    struct sockaddr_in peer;
    socklen_t peer_bytes = sizeof peer;
    int listener;

    (void)state;
    listener = open_listener();
    peer_connects();
    assert_true(pd.accept(pd.userdata, listener, (struct sockaddr *)&peer, &peer_bytes) > listener);
    assert_int_equal(peer_bytes, sizeof peer);
    assert_int_equal(ntohl(peer.sin_addr.s_addr), REMOTE);
    assert_int_equal(ntohs(peer.sin_port), PEER_PORT);
}

static void a_nonblocking_connect_is_done_when_the_peer_agrees(void **state)
{
    struct sockaddr_in local = address(LOCAL, PORT), remote = address(REMOTE, PEER_PORT);
    int fd = pd.socket(pd.userdata, AF_INET, SOCK_STREAM, IPPROTO_TCP);
    int error = -1;
    socklen_t error_bytes = sizeof error;

    (void)state;
    set_nonblocking(fd);
    assert_int_equal(pd.bind(pd.userdata, fd, (struct sockaddr *)&local, sizeof local), 0);
    assert_int_equal(pd.connect(pd.userdata, fd, (struct sockaddr *)&remote, sizeof remote), -1);
    assert_int_equal(errno, EINPROGRESS);
    (void)stack_sends(TCP_SYN, 0, 0, "");
    peer_sends(TCP_SYN | TCP_ACK, 0, 1, "");
    (void)stack_sends(TCP_ACK, 1, 1, "");
    assert_int_equal(pd.getsockopt(pd.userdata, fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes), 0);
    assert_int_equal(error, 0);
}

static void a_refused_connect_says_so_in_errno(void **state)
{
    struct sockaddr_in local = address(LOCAL, PORT), remote = address(REMOTE, PEER_PORT);
    int fd = pd.socket(pd.userdata, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP);

    (void)state;
    assert_int_equal(pd.bind(pd.userdata, fd, (struct sockaddr *)&local, sizeof local), 0);
    assert_int_equal(pd.connect(pd.userdata, fd, (struct sockaddr *)&remote, sizeof remote), -1);
    (void)stack_sends(TCP_SYN, 0, 0, "");
    peer_sends(TCP_RST | TCP_ACK, 0, 1, "");
    assert_int_equal(pd.connect(pd.userdata, fd, (struct sockaddr *)&remote, sizeof remote), -1);
    assert_int_equal(errno, ECONNREFUSED);
}

static void data_passes_in_both_directions(void **state)
{
    char data[16];
    int listener, queued = 0, fd;

    (void)state;
    fd = accept_connection(&listener);
    peer_sends(TCP_ACK | TCP_PSH, 1, 1, "hello");
    (void)stack_sends(TCP_ACK, 1, 6, "");
    assert_int_equal(pd.ioctl(pd.userdata, fd, FIONREAD, &queued), 0);
    assert_int_equal(queued, 5);
    assert_int_equal(pd.recv(pd.userdata, fd, data, sizeof data, MSG_PEEK), 5);
    assert_int_equal(pd.read(pd.userdata, fd, data, sizeof data), 5);
    assert_memory_equal(data, "hello", 5);
    assert_int_equal(pd.write(pd.userdata, fd, "world!", 6), 6);
    (void)stack_sends(TCP_ACK | TCP_PSH, 1, 6, "world!");
}

static void pieces_and_messages_are_put_together(void **state)
{
    struct iovec out[] = {{(void *)"ab", 2}, {(void *)"cde", 3}};
    char first[2], rest[8];
    struct iovec in[] = {{first, sizeof first}, {rest, sizeof rest}};
    struct msghdr message = {.msg_iov = out, .msg_iovlen = 2};
    int listener, fd;

    (void)state;
    fd = accept_connection(&listener);
    assert_int_equal(pd.writev(pd.userdata, fd, out, 2), 5);
    (void)stack_sends(TCP_ACK | TCP_PSH, 1, 1, "abcde");
    peer_sends(TCP_ACK | TCP_PSH, 1, 6, "klmn");
    (void)stack_sends(TCP_ACK, 6, 5, "");
    assert_int_equal(pd.sendmsg(pd.userdata, fd, &message, 0), 5);
    (void)stack_sends(TCP_ACK | TCP_PSH, 6, 5, "abcde");
    message = (struct msghdr){.msg_iov = in, .msg_iovlen = 2, .msg_flags = 77};
    assert_int_equal(pd.recvmsg(pd.userdata, fd, &message, 0), 4);
    assert_memory_equal(first, "kl", 2);
    assert_memory_equal(rest, "mn", 2);
    assert_int_equal(message.msg_flags, 0);
}

static void lost_data_is_sent_again_while_time_is_slept_away(void **state)
{
    long long begin_at, first, second;
    int listener, fd;

    (void)state;
    fd = accept_connection(&listener);
    begin_at = now_usecs();
    assert_int_equal(pd.write(pd.userdata, fd, "lost", 4), 4);
    assert_int_equal(pd.usleep(pd.userdata, SECOND), 0);
    assert_int_equal(now_usecs(), begin_at + SECOND);
    assert_int_equal(stack_sends(TCP_ACK | TCP_PSH, 1, 1, "lost"), begin_at);
    first = stack_sends(TCP_ACK | TCP_PSH, 1, 1, "lost");
    second = stack_sends(TCP_ACK | TCP_PSH, 1, 1, "lost");
    /* RFC 6298 2.4, 5.5: the handshake took no time, so the floor, then twice that */
    assert_in_range(first - begin_at, SECOND / 5, SECOND / 5 + 10000);
    assert_in_range(second - first, 2 * SECOND / 5, 2 * SECOND / 5 + 10000);
}

static void waiting_for_a_packet_moves_time_to_when_it_leaves(void **state)
{
    long long begin_at, again;
    int listener, fd;

    (void)state;
    fd = accept_connection(&listener);
    begin_at = now_usecs();
    assert_int_equal(pd.write(pd.userdata, fd, "lost", 4), 4);
    (void)stack_sends(TCP_ACK | TCP_PSH, 1, 1, "lost");
    assert_int_equal(now_usecs(), begin_at);
    again = stack_sends(TCP_ACK | TCP_PSH, 1, 1, "lost");
    assert_in_range(again - begin_at, SECOND / 5, SECOND / 5 + 10000);
    assert_int_equal(now_usecs(), again);
}

static void with_patience_0_time_stands_still_when_no_packet_is_there(void **state)
{
    long long begin_at;
    int listener, fd;

    (void)state;
    assert_int_equal(init("settle_usecs=0,patience_usecs=0", &pd), 0);
    fd = accept_connection(&listener);
    assert_int_equal(pd.write(pd.userdata, fd, "lost", 4), 4);
    (void)stack_sends(TCP_ACK | TCP_PSH, 1, 1, "lost");
    begin_at = now_usecs();
    stack_is_silent();
    assert_int_equal(now_usecs(), begin_at);
}

static void closing_after_the_peer_ends_the_connection(void **state)
{
    char data[4];
    int listener, fd;

    (void)state;
    fd = accept_connection(&listener);
    peer_sends(TCP_FIN | TCP_ACK, 1, 1, "");
    (void)stack_sends(TCP_ACK, 1, 2, "");
    assert_int_equal(pd.read(pd.userdata, fd, data, sizeof data), 0);
    assert_int_equal(pd.close(pd.userdata, fd), 0);
    (void)stack_sends(TCP_FIN | TCP_ACK, 1, 2, "");
    peer_sends(TCP_ACK, 2, 2, "");
    stack_is_silent();
    assert_int_equal(pd.write(pd.userdata, fd, "x", 1), -1);
    assert_int_equal(errno, EBADF);
}

static void shutdown_sends_a_fin_and_reading_goes_on(void **state)
{
    char data[4];
    int listener, fd;

    (void)state;
    fd = accept_connection(&listener);
    assert_int_equal(pd.shutdown(pd.userdata, fd, SHUT_WR), 0);
    (void)stack_sends(TCP_FIN | TCP_ACK, 1, 1, "");
    peer_sends(TCP_ACK | TCP_PSH, 1, 2, "bye");
    assert_int_equal(pd.recvfrom(pd.userdata, fd, data, sizeof data, 0, NULL, NULL), 3);
    assert_int_equal(pd.send(pd.userdata, fd, "x", 1, MSG_NOSIGNAL), -1);
    assert_int_equal(errno, EPIPE);
}

static void poll_tells_what_is_ready_and_its_timeout_passes_in_virtual_time(void **state)
{
    struct pollfd fds[] = {{.fd = -1}, {.events = POLLIN | POLLOUT}};
    long long begin_at;
    int listener;

    (void)state;
    fds[1].fd = accept_connection(&listener);
    assert_int_equal(pd.poll(pd.userdata, fds, 2, 0), 1);
    assert_int_equal(fds[1].revents, POLLOUT);
    peer_sends(TCP_ACK | TCP_PSH, 1, 1, "hello");
    assert_int_equal(pd.poll(pd.userdata, fds, 2, -1), 1);
    assert_int_equal(fds[1].revents, POLLIN | POLLOUT);
    fds[1] = (struct pollfd){.fd = listener, .events = POLLIN};
    begin_at = now_usecs();
    assert_int_equal(pd.poll(pd.userdata, fds, 2, 300), 0);
    assert_int_equal(now_usecs(), begin_at + 300000);
}

static void epoll_tells_the_events_with_their_data(void **state)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = UINT64_C(0x123456789abc)}, found[4];
    int listener, fd, epoll_fd;

    (void)state;
    fd = accept_connection(&listener);
    epoll_fd = pd.epoll_create(pd.userdata, 1);
    assert_true(epoll_fd > fd);
    assert_int_equal(pd.epoll_ctl(pd.userdata, epoll_fd, EPOLL_CTL_ADD, fd, &event), 0);
    assert_int_equal(pd.epoll_wait(pd.userdata, epoll_fd, found, 4, 0), 0);
    peer_sends(TCP_ACK | TCP_PSH, 1, 1, "hello");
    assert_int_equal(pd.epoll_wait(pd.userdata, epoll_fd, found, 4, -1), 1);
    assert_int_equal(found[0].events, EPOLLIN);
    assert_true(found[0].data.u64 == UINT64_C(0x123456789abc));
    assert_int_equal(pd.epoll_create(pd.userdata, 0), -1);
    assert_int_equal(errno, EINVAL);
}

static void options_are_set_and_read_back(void **state)
{
    int listener, fd, on = 1, got = 0;
    socklen_t got_bytes = sizeof got;
    struct tcp_info info;
    socklen_t info_bytes = sizeof info;

    (void)state;
    fd = accept_connection(&listener);
    assert_int_equal(pd.setsockopt(pd.userdata, fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    assert_int_equal(pd.getsockopt(pd.userdata, fd, IPPROTO_TCP, TCP_NODELAY, &got, &got_bytes), 0);
    assert_int_equal(got, 1);
    assert_int_equal(pd.getsockopt(pd.userdata, fd, IPPROTO_TCP, TCP_INFO, &info, &info_bytes), 0);
    assert_int_equal(info.tcpi_state, TCP_ESTABLISHED);
    assert_int_equal(info.tcpi_snd_cwnd, 10);
}

static void only_one_name_is_visible(void **state)
{
    (void)state;
    assert_null(dlsym(library, "rill_stack_create"));
    assert_null(dlsym(library, "rill_sock_open"));
    assert_null(dlsym(library, "calls_fill"));
}

static void pipes_take_bytes_from_a_socket_and_to_it(void **state)
{
    loff_t offset = 0;
    int listener, fd, fds[2];
    char bytes[16];

    (void)state;
    fd = accept_connection(&listener);
    assert_int_equal(pd.pipe(pd.userdata, fds), 0);
    assert_int_equal(pd.write(pd.userdata, fds[1], "over ", 5), 5);
    peer_sends(TCP_ACK | TCP_PSH, 1, 1, "there");
    (void)stack_sends(TCP_ACK, 1, 6, "");
    assert_int_equal(pd.splice(pd.userdata, fd, NULL, fds[1], NULL, 100, 0), 5);
    assert_int_equal(pd.splice(pd.userdata, fds[0], NULL, fd, NULL, 7, 0), 7);
    assert_int_equal(pd.read(pd.userdata, fds[0], bytes, sizeof bytes), 3);
    assert_memory_equal(bytes, "ere", 3);
    assert_int_equal(pd.splice(pd.userdata, fds[0], &offset, fd, NULL, 7, 0), -1);
    assert_int_equal(errno, ESPIPE);
    (void)stack_sends(TCP_ACK | TCP_PSH, 1, 6, "over th");
    assert_int_equal(pd.close(pd.userdata, fds[1]), 0);
    assert_int_equal(pd.read(pd.userdata, fds[0], bytes, sizeof bytes), 0);
}

static void a_packet_larger_than_the_room_stays(void **state)
{
    uint8_t packet[16];
    size_t bytes = sizeof packet;
    long long at;

    (void)state;
    (void)open_listener();
    peer_sends(TCP_SYN, 0, 0, "");
    assert_int_equal(pd.netdev_receive(pd.userdata, packet, &bytes, &at), -1);
    assert_int_equal(errno, EMSGSIZE);
    (void)stack_sends(TCP_SYN | TCP_ACK, 0, 1, "");
}

static void a_wait_that_nobody_could_end_is_a_deadlock_not_a_hang(void **state)
{
    (void)state;
    assert_int_equal(pd.accept(pd.userdata, open_listener(), NULL, NULL), -1);
    assert_int_equal(errno, EDEADLK);
}

static void a_waiting_connect_alone_gives_up_in_virtual_time(void **state)
{
    struct sockaddr_in remote = address(REMOTE, PEER_PORT);
    long long begin_at = now_usecs();
    int fd = pd.socket(pd.userdata, AF_INET, SOCK_STREAM, IPPROTO_TCP);

    (void)state;
    assert_int_equal(pd.connect(pd.userdata, fd, (struct sockaddr *)&remote, sizeof remote), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_true(now_usecs() - begin_at >= 180LL * SECOND); /* RFC 9293 MUST-23 */
}

static void who_spins_on_the_clock_sees_it_move(void **state)
{
    long long begin_at = now_usecs();
    unsigned asked = 0;

    (void)state;
    while (now_usecs() < begin_at + 100)
        assert_true(asked++ < 1000);
    assert_true(asked > 1);
}

static void asking_for_the_time_now_and_then_does_not_move_it(void **state)
{
    long long begin_at = now_usecs();

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        for (unsigned k = 0; k < 60; k++)
            assert_int_equal(now_usecs(), begin_at);
        (void)pd.close(pd.userdata, -1);
    }
}

static void flags_make_another_world(void **state)
{
    uint8_t packet[2048];
    size_t bytes = sizeof packet;
    struct sockaddr_in remote = address(REMOTE, PEER_PORT);
    struct packet_facts facts;
    long long at;
    int fd;

    (void)state;
    assert_int_equal(init("local=10.1.2.3,gateway=10.1.2.4,prefix=24,mtu=1000,seed=7,rill.timestamps=0", &pd), 0);
    fd = pd.socket(pd.userdata, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP);
    assert_int_equal(pd.connect(pd.userdata, fd, (struct sockaddr *)&remote, sizeof remote), -1);
    assert_int_equal(pd.netdev_receive(pd.userdata, packet, &bytes, &at), 0);
    assert_null(packet_check(packet, bytes, &facts));
    assert_int_equal(get_be32(packet + 12), 0x0a010203);
    assert_int_equal(get_be16(packet_tcp_option(&facts, 2, &bytes)), 960);
    assert_null(packet_tcp_option(&facts, 8, &bytes));
}

static void flags_that_are_not_understood_are_refused(void **state)
{
    static const char *const wrong[] = {"colour=red",       "mtu=1",         "mtu",
                                        "local=::1",        "profile=minix", "net.ipv4.tcp_tw_reuse=1",
                                        "seed=1,,mtu=1500", "seed=-1"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(init(wrong[i], &pd), -1);
        assert_null(pd.userdata);
        assert_true(pd.socket == NULL);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_peer_that_connects_is_accepted_with_its_address),
        TEST(a_nonblocking_connect_is_done_when_the_peer_agrees),
        TEST(a_refused_connect_says_so_in_errno),
        TEST(data_passes_in_both_directions),
        TEST(pieces_and_messages_are_put_together),
        TEST(lost_data_is_sent_again_while_time_is_slept_away),
        TEST(waiting_for_a_packet_moves_time_to_when_it_leaves),
        cmocka_unit_test_teardown(with_patience_0_time_stands_still_when_no_packet_is_there, end),
        TEST(closing_after_the_peer_ends_the_connection),
        TEST(shutdown_sends_a_fin_and_reading_goes_on),
        TEST(poll_tells_what_is_ready_and_its_timeout_passes_in_virtual_time),
        TEST(epoll_tells_the_events_with_their_data),
        TEST(options_are_set_and_read_back),
        TEST(pipes_take_bytes_from_a_socket_and_to_it),
        TEST(a_packet_larger_than_the_room_stays),
        TEST(a_wait_that_nobody_could_end_is_a_deadlock_not_a_hang),
        TEST(a_waiting_connect_alone_gives_up_in_virtual_time),
        TEST(who_spins_on_the_clock_sees_it_move),
        TEST(asking_for_the_time_now_and_then_does_not_move_it),
        cmocka_unit_test_teardown(flags_make_another_world, end),
        cmocka_unit_test(only_one_name_is_visible),
        cmocka_unit_test(flags_that_are_not_understood_are_refused),
    };

    return cmocka_run_group_tests_name("packetdrill.plugin", tests, load, unload);
}
