/*
 * What the kernel on loopback cannot show, or not from inside a test: IPv6
 * sockets over an IPv4 stack, errors of the network, messages, TCP_INFO.
 */
#include <linux/tcp.h>

#include "sockets/pair.h"

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

static int get_number(struct rill_sockets *s, int fd, int level, int name)
{
    uint32_t bytes = sizeof(int);
    int value = -1;

    assert_int_equal(rill_sock_getsockopt(s, fd, level, name, &value, &bytes), 0);
    assert_int_equal(bytes, sizeof(int));
    return value;
}

static int set_number(struct rill_sockets *s, int fd, int level, int name, int value)
{
    return rill_sock_setsockopt(s, fd, level, name, &value, sizeof value);
}

/* ::ffff:10.0.0.1, or :: */
static struct rill_sockaddr_in6 mapped(bool unspecified, uint16_t port)
{
    static const uint8_t bytes[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1};
    struct rill_sockaddr_in6 addr = {.family = RILL_AF_INET6, .port = rill_htons(port)};

    if (!unspecified)
        memcpy(addr.addr, bytes, sizeof bytes);
    return addr;
}

static void a_dual_stack_listener_serves_ipv4_with_mapped_addresses(void **state)
{
    struct rill_sockaddr_in6 any = mapped(true, 99), peer;
    struct rill_sockaddr_in to = rill_sockaddr4(10, 0, 0, 1, 99);
    int listener = rill_sock_open(SERVER(&pair), RILL_AF_INET6, RILL_SOCK_STREAM, 0);
    int fd = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM | RILL_SOCK_NONBLOCK, 0);
    uint32_t bytes = sizeof peer;

    (void)state;
    assert_int_equal(rill_sock_bind(SERVER(&pair), listener, &any, sizeof any), 0);
    assert_int_equal(rill_sock_listen(SERVER(&pair), listener, 1), 0);
    assert_int_equal(rill_sock_connect(CLIENT(&pair), fd, &to, sizeof to), -RILL_EINPROGRESS);
    pair_turn(&pair);
    assert_true(rill_sock_accept(SERVER(&pair), listener, &peer, &bytes) > 0);
    assert_int_equal(bytes, sizeof peer);
    assert_int_equal(peer.family, RILL_AF_INET6);
    assert_memory_equal(peer.addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\x02", 16);
    assert_int_equal(get_number(SERVER(&pair), listener, RILL_SOL_SOCKET, RILL_SO_DOMAIN), RILL_AF_INET6);
}

static void a_dual_stack_socket_connects_to_mapped_addresses(void **state)
{
    struct rill_sockaddr_in6 to = mapped(false, 80), end;
    struct rill_sockaddr_in old = rill_sockaddr4(10, 0, 0, 1, 80);
    int listener = pair_listener(&pair, RILL_SOCK_NONBLOCK);
    int fd = rill_sock_open(CLIENT(&pair), RILL_AF_INET6, RILL_SOCK_STREAM | RILL_SOCK_NONBLOCK, 0);
    uint32_t bytes = sizeof end;

    (void)state;
    assert_int_equal(rill_sock_connect(CLIENT(&pair), fd, &old, sizeof old), -RILL_EINVAL);
    assert_int_equal(rill_sock_connect(CLIENT(&pair), fd, &to, sizeof to), -RILL_EINPROGRESS);
    pair_turn(&pair);
    assert_true(rill_sock_accept(SERVER(&pair), listener, NULL, NULL) > 0);
    assert_int_equal(rill_sock_getpeername(CLIENT(&pair), fd, &end, &bytes), 0);
    assert_memory_equal(&end, &to, sizeof to);
}

static void v6only_keeps_ipv4_out(void **state)
{
    struct rill_sockaddr_in6 any = mapped(true, 80), to = mapped(false, 80);
    int fd = rill_sock_open(SERVER(&pair), RILL_AF_INET6, RILL_SOCK_STREAM, 0);
    int listener = pair_listener(&pair, RILL_SOCK_NONBLOCK);

    (void)state;
    assert_int_equal(rill_sock_bind(SERVER(&pair), fd, &any, sizeof any), -RILL_EADDRINUSE);
    assert_int_equal(set_number(SERVER(&pair), fd, RILL_SOL_IPV6, RILL_IPV6_V6ONLY, 1), 0);
    assert_int_equal(rill_sock_connect(SERVER(&pair), fd, &to, sizeof to), -RILL_ENETUNREACH);
    assert_int_equal(rill_sock_bind(SERVER(&pair), fd, &to, sizeof to), -RILL_EINVAL);
    assert_int_equal(rill_sock_bind(SERVER(&pair), fd, &any, sizeof any), 0);
    assert_int_equal(set_number(SERVER(&pair), fd, RILL_SOL_IPV6, RILL_IPV6_V6ONLY, 0), -RILL_EINVAL);
    assert_int_equal(rill_sock_listen(SERVER(&pair), fd, 1), 0);
    assert_int_equal(rill_sock_fcntl(SERVER(&pair), fd, RILL_F_SETFL, RILL_O_NONBLOCK), 0);
    assert_int_equal(rill_sock_accept(SERVER(&pair), fd, NULL, NULL), -RILL_EAGAIN);
    assert_int_equal(get_number(SERVER(&pair), fd, RILL_SOL_SOCKET, RILL_SO_ACCEPTCONN), 1);
    assert_int_equal(rill_sock_close(SERVER(&pair), fd), 0);
    assert_int_equal(rill_sock_close(SERVER(&pair), listener), 0);
}

static void addresses_too_short_or_of_another_family_are_refused(void **state)
{
    struct rill_sockaddr_in addr = rill_sockaddr4(10, 0, 0, 2, 70), foreign = rill_sockaddr4(10, 0, 0, 9, 70);
    int fd = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM, 0);

    (void)state;
    assert_int_equal(rill_sock_bind(CLIENT(&pair), fd, &addr, 15), -RILL_EINVAL);
    assert_int_equal(rill_sock_connect(CLIENT(&pair), fd, &addr, 1), -RILL_EINVAL);
    assert_int_equal(rill_sock_connect(CLIENT(&pair), fd, &addr, 15), -RILL_EINVAL);
    assert_int_equal(rill_sock_bind(CLIENT(&pair), fd, &foreign, sizeof foreign), -RILL_EADDRNOTAVAIL);
    addr.family = RILL_AF_INET6;
    assert_int_equal(rill_sock_bind(CLIENT(&pair), fd, &addr, sizeof addr), -RILL_EAFNOSUPPORT);
    assert_int_equal(rill_sock_connect(CLIENT(&pair), fd, &addr, sizeof addr), -RILL_EAFNOSUPPORT);
    addr = rill_sockaddr4(0, 0, 0, 0, 70);
    addr.family = RILL_AF_UNSPEC; /* as very old programs do */
    assert_int_equal(rill_sock_bind(CLIENT(&pair), fd, &addr, sizeof addr), 0);
}

static void a_name_is_cut_to_the_room_that_there_is(void **state)
{
    uint8_t room[8];
    uint32_t bytes = 4;

    (void)state;
    memset(room, 0xee, sizeof room);
    assert_int_equal(rill_sock_getpeername(CLIENT(&pair), client, room, &bytes), 0);
    assert_int_equal(bytes, 16);
    assert_memory_equal(room, "\x02\x00\x00\x50\xee\xee\xee\xee", 8);
}

static void no_route_is_said_at_once(void **state)
{
    struct rill_sockaddr_in far = rill_sockaddr4(192, 0, 2, 1, 80);
    int fd = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM, 0);

    (void)state;
    assert_int_equal(rill_sock_connect(CLIENT(&pair), fd, &far, sizeof far), -RILL_ENETUNREACH);
}

static uint16_t internet_sum(const uint8_t *data, size_t bytes)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < bytes; i += 2)
        sum += (uint32_t)(data[i] << 8 | data[i + 1]);
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* ICMP "host unreachable" from 10.0.0.77 about the SYN of a connection of the client's. */
static void host_unreachable(int fd)
{
    uint8_t packet[56] = {0x45, 0, 0, 56, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 77, 10, 0, 0, 2, 3, 1};
    uint8_t quoted[28] = {0x45, 0, 0, 60, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1};
    struct rill_packet in = {.data = packet, .length_bytes = sizeof packet};
    struct rill_status status;
    uint16_t sum;

    assert_int_equal(rill_status(pair.end[1].stack, rill_sock_conn(CLIENT(&pair), fd), &status), 0);
    quoted[20] = (uint8_t)(status.local.port >> 8);
    quoted[21] = (uint8_t)status.local.port;
    quoted[22] = (uint8_t)(status.remote.port >> 8);
    quoted[23] = (uint8_t)status.remote.port;
    for (int i = 0; i < 4; i++)
        quoted[24 + i] = (uint8_t)(status.iss >> (24 - 8 * i));
    sum = internet_sum(quoted, 20);
    quoted[10] = (uint8_t)(sum >> 8);
    quoted[11] = (uint8_t)sum;
    memcpy(packet + 28, quoted, sizeof quoted);
    sum = internet_sum(packet, 20);
    packet[10] = (uint8_t)(sum >> 8);
    packet[11] = (uint8_t)sum;
    sum = internet_sum(packet + 20, 36);
    packet[22] = (uint8_t)(sum >> 8);
    packet[23] = (uint8_t)sum;
    rill_input(pair.end[1].stack, 0, &in, 1, pair.now);
}

static void host_unreachable_ends_a_connect_at_once(void **state)
{
    struct rill_pollfd poll;
    int fd = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM | RILL_SOCK_NONBLOCK, 0);

    (void)state;
    pair.cut = true;
    assert_int_equal(pair_connect(&pair, fd), -RILL_EINPROGRESS);
    pair_turn(&pair);
    poll = (struct rill_pollfd){.fd = fd, .events = RILL_POLLOUT};
    assert_int_equal(rill_sock_poll(CLIENT(&pair), &poll, 1, 0), 0);
    for (int i = 0; i < 3; i++) { /* SYN out of the stack, into nowhere */
        struct rill_train trains[4];

        (void)rill_output(pair.end[1].stack, 0, trains, 4, pair.now);
    }
    host_unreachable(fd);
    assert_int_equal(rill_sock_poll(CLIENT(&pair), &poll, 1, 0), 1);
    assert_int_equal(poll.revents, RILL_POLLOUT | RILL_POLLERR | RILL_POLLHUP);
    assert_int_equal(get_number(CLIENT(&pair), fd, RILL_SOL_SOCKET, RILL_SO_ERROR), RILL_EHOSTUNREACH);
    assert_int_equal(get_number(CLIENT(&pair), fd, RILL_SOL_SOCKET, RILL_SO_ERROR), 0);
}

static void a_dead_peer_times_the_connection_out(void **state)
{
    struct rill_pollfd poll = {.fd = client, .events = RILL_POLLIN};

    (void)state;
    assert_int_equal(set_number(CLIENT(&pair), client, RILL_SOL_TCP, RILL_TCP_USER_TIMEOUT, 3000), 0);
    pair.cut = true;
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "x", 1, 0), 1);
    pair_advance(&pair, 2000);
    assert_int_equal(rill_sock_poll(CLIENT(&pair), &poll, 1, 0), 0);
    pair_advance(&pair, 3000);
    assert_int_equal(rill_sock_poll(CLIENT(&pair), &poll, 1, 0), 1);
    assert_int_equal(poll.revents, RILL_POLLIN | RILL_POLLERR | RILL_POLLHUP);
    assert_int_equal(rill_sock_recv(CLIENT(&pair), client, (char[1]){0}, 1, 0), -RILL_ETIMEDOUT);
    assert_int_equal(rill_sock_recv(CLIENT(&pair), client, (char[1]){0}, 1, 0), 0);
}

static void messages_scatter_and_gather(void **state)
{
    char a[2], b[3], c[9];
    struct rill_iovec out[3] = {{"ab", 2}, {NULL, 0}, {"cdef", 4}};
    struct rill_iovec in[4] = {{a, 2}, {NULL, 0}, {b, 3}, {c, 9}};
    struct rill_msghdr message = {.iov = out, .iov_count = 3};
    char name[16], control[16];

    (void)state;
    assert_int_equal(rill_sock_sendmsg(CLIENT(&pair), client, &message, 0), 6);
    pair_turn(&pair);
    message = (struct rill_msghdr){name, sizeof name, in, 4, control, sizeof control, 77};
    assert_int_equal(rill_sock_recvmsg(SERVER(&pair), server, &message, RILL_MSG_PEEK), 6);
    assert_int_equal(rill_sock_recvmsg(SERVER(&pair), server, &message, 0), 6);
    assert_memory_equal(a, "ab", 2);
    assert_memory_equal(b, "cde", 3);
    assert_memory_equal(c, "f", 1);
    assert_int_equal(message.name_bytes + message.control_bytes, 0);
    assert_int_equal(message.flags, 0);
    message.iov_count = 1025;
    assert_int_equal(rill_sock_recvmsg(SERVER(&pair), server, &message, 0), -RILL_EMSGSIZE);
    assert_int_equal(rill_sock_sendmsg(SERVER(&pair), server, &message, 0), -RILL_EMSGSIZE);
    assert_int_equal(rill_sock_readv(SERVER(&pair), server, in, -1), -RILL_EINVAL);
}

static void urgent_messages_say_so(void **state)
{
    char byte = 0;
    struct rill_iovec piece = {&byte, 1};
    struct rill_msghdr message = {.iov = &piece, .iov_count = 1};

    (void)state;
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "xyz", 3, RILL_MSG_OOB), 3);
    pair_turn(&pair);
    assert_int_equal(rill_sock_recvmsg(SERVER(&pair), server, &message, RILL_MSG_OOB), 1);
    assert_int_equal(byte, 'z');
    assert_int_equal(message.flags, RILL_MSG_OOB);
}

static void sendto_and_recvfrom_have_no_use_for_an_address(void **state)
{
    struct rill_sockaddr_in addr = rill_sockaddr4(1, 2, 3, 4, 5);
    uint32_t bytes = sizeof addr;
    char data[4];

    (void)state;
    assert_int_equal(rill_sock_sendto(CLIENT(&pair), client, "ab", 2, 0, &addr, sizeof addr), 2);
    pair_turn(&pair);
    assert_int_equal(rill_sock_recvfrom(SERVER(&pair), server, data, sizeof data, 0, &addr, &bytes), 2);
    assert_int_equal(bytes, 0);
}

static void a_read_of_nothing_is_nothing(void **state)
{
    (void)state;
    assert_int_equal(rill_sock_read(SERVER(&pair), server, NULL, 0), 0);
    assert_int_equal(rill_sock_write(SERVER(&pair), server, NULL, 0), 0);
    assert_int_equal(rill_sock_recv(SERVER(&pair), server, (char[1]){0}, 1, RILL_MSG_ERRQUEUE), -RILL_EAGAIN);
}

#define SAME_PLACE(member) assert_int_equal(offsetof(struct rill_tcp_info, member), offsetof(struct tcp_info, member))

static void tcp_info_lies_as_linux_lays_it(void **state)
{
    (void)state;
    SAME_PLACE(tcpi_state);
    SAME_PLACE(tcpi_options);
    SAME_PLACE(tcpi_rto);
    SAME_PLACE(tcpi_unacked);
    SAME_PLACE(tcpi_last_data_sent);
    SAME_PLACE(tcpi_pmtu);
    SAME_PLACE(tcpi_reordering);
    SAME_PLACE(tcpi_total_retrans);
    SAME_PLACE(tcpi_pacing_rate);
    SAME_PLACE(tcpi_bytes_received);
    SAME_PLACE(tcpi_segs_out);
    SAME_PLACE(tcpi_min_rtt);
    SAME_PLACE(tcpi_delivery_rate);
    SAME_PLACE(tcpi_delivered);
    SAME_PLACE(tcpi_bytes_sent);
    SAME_PLACE(tcpi_rcv_ooopack);
    SAME_PLACE(tcpi_snd_wnd);
}

static void tcp_info_tells_the_connection(void **state)
{
    struct rill_tcp_info info;
    uint32_t bytes = sizeof info;

    (void)state;
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "abc", 3, 0), 3);
    pair_turn(&pair);
    assert_int_equal(rill_sock_getsockopt(SERVER(&pair), server, RILL_SOL_TCP, RILL_TCP_INFO, &info, &bytes), 0);
    assert_int_equal(bytes, sizeof info);
    assert_int_equal(info.tcpi_state, RILL_TCPI_ESTABLISHED);
    assert_int_equal(info.tcpi_options, 7);
    assert_int_equal(info.tcpi_snd_mss, 1448);
    assert_int_equal(info.tcpi_snd_cwnd, 10);
    assert_int_equal(info.tcpi_pmtu, 1500);
    assert_int_equal(info.tcpi_bytes_received, 3);
    assert_int_equal(info.tcpi_snd_ssthresh, 0x7fffffff);
    bytes = 1;
    assert_int_equal(rill_sock_getsockopt(SERVER(&pair), server, RILL_SOL_TCP, RILL_TCP_INFO, &info, &bytes), 0);
    assert_int_equal(bytes, 1);
}

static void tcp_info_counts_what_is_in_flight(void **state)
{
    static char data[20000];
    struct rill_tcp_info info;
    uint32_t bytes = sizeof info;

    (void)state;
    pair.cut = true;
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, data, sizeof data, 0), sizeof data);
    assert_int_equal(rill_sock_getsockopt(CLIENT(&pair), client, RILL_SOL_TCP, RILL_TCP_INFO, &info, &bytes), 0);
    assert_int_equal(info.tcpi_notsent_bytes, 20000);
    assert_int_equal(info.tcpi_unacked, 0);
    pair.cut = false;
    (void)rill_turn(pair.end[1].stack, &pair.end[1].driver, 1, pair.now);
    assert_int_equal(rill_sock_getsockopt(CLIENT(&pair), client, RILL_SOL_TCP, RILL_TCP_INFO, &info, &bytes), 0);
    assert_int_equal(info.tcpi_unacked, 10); /* the initial window */
    assert_int_equal(info.tcpi_notsent_bytes, 20000 - 10 * 1448);
}

static void tcp_info_of_listeners_and_of_nothing(void **state)
{
    struct rill_tcp_info info;
    uint32_t bytes = sizeof info;
    int listener = pair_listener(&pair, 0);
    int fresh = rill_sock_open(SERVER(&pair), RILL_AF_INET, RILL_SOCK_STREAM, 0);

    (void)state;
    assert_int_equal(rill_sock_getsockopt(SERVER(&pair), listener, RILL_SOL_TCP, RILL_TCP_INFO, &info, &bytes), 0);
    assert_int_equal(info.tcpi_state, RILL_TCPI_LISTEN);
    assert_int_equal(info.tcpi_sacked, 8);
    assert_int_equal(rill_sock_getsockopt(SERVER(&pair), fresh, RILL_SOL_TCP, RILL_TCP_INFO, &info, &bytes), 0);
    assert_int_equal(info.tcpi_state, RILL_TCPI_CLOSE);
}

static void congestion_control_is_named_and_only_what_is_there_can_be_set(void **state)
{
    char name[16] = "";
    uint32_t bytes = sizeof name;

    (void)state;
    assert_int_equal(rill_sock_getsockopt(CLIENT(&pair), client, RILL_SOL_TCP, RILL_TCP_CONGESTION, name, &bytes), 0);
    assert_string_equal(name, "cubic");
    assert_int_equal(rill_sock_setsockopt(CLIENT(&pair), client, RILL_SOL_TCP, RILL_TCP_CONGESTION, "reno", 4), 0);
    assert_int_equal(rill_sock_setsockopt(CLIENT(&pair), client, RILL_SOL_TCP, RILL_TCP_CONGESTION, "vegas", 5),
                     -RILL_ENOENT);
}

static void maximum_segment_size_bounds_what_is_sent(void **state)
{
    struct rill_sockaddr_in addr = rill_sockaddr4(10, 0, 0, 1, 80);
    int listener = pair_listener(&pair, RILL_SOCK_NONBLOCK);
    int fd = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM | RILL_SOCK_NONBLOCK, 0);

    (void)state;
    (void)listener;
    assert_int_equal(set_number(CLIENT(&pair), fd, RILL_SOL_TCP, RILL_TCP_MAXSEG, 700), 0);
    assert_int_equal(rill_sock_connect(CLIENT(&pair), fd, &addr, sizeof addr), -RILL_EINPROGRESS);
    pair_turn(&pair);
    assert_int_equal(rill_sock_connect(CLIENT(&pair), fd, &addr, sizeof addr), 0);
    assert_true(get_number(CLIENT(&pair), fd, RILL_SOL_TCP, RILL_TCP_MAXSEG) <= 700);
}

static void times_are_the_stacks_until_they_are_set(void **state)
{
    (void)state;
    assert_int_equal(get_number(CLIENT(&pair), client, RILL_SOL_TCP, RILL_TCP_KEEPIDLE), 7200);
    assert_int_equal(set_number(CLIENT(&pair), client, RILL_SOL_TCP, RILL_TCP_KEEPIDLE, 60), 0);
    assert_int_equal(get_number(CLIENT(&pair), client, RILL_SOL_TCP, RILL_TCP_KEEPIDLE), 60);
    assert_int_equal(get_number(CLIENT(&pair), client, RILL_SOL_TCP, RILL_TCP_KEEPINTVL), 75);
    assert_int_equal(get_number(CLIENT(&pair), client, RILL_SOL_TCP, RILL_TCP_SYNCNT), 7);
    assert_int_equal(get_number(CLIENT(&pair), client, RILL_SOL_TCP, RILL_TCP_LINGER2), 60);
}

static void ip_options_take_and_give_single_bytes(void **state)
{
    uint8_t tos = 0x20, out = 0;
    uint32_t bytes = 1;

    (void)state;
    assert_int_equal(rill_sock_setsockopt(CLIENT(&pair), client, RILL_SOL_IP, RILL_IP_TOS, &tos, 1), 0);
    assert_int_equal(rill_sock_getsockopt(CLIENT(&pair), client, RILL_SOL_IP, RILL_IP_TOS, &out, &bytes), 0);
    assert_int_equal(out, 0x20);
    assert_int_equal(rill_sock_setsockopt(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_KEEPALIVE, &tos, 1),
                     -RILL_EINVAL);
    assert_int_equal(get_number(CLIENT(&pair), client, RILL_SOL_IP, RILL_IP_MTU), 1500);
}

static void tos_and_ttl_of_a_live_connection_are_in_its_packets(void **state)
{
    struct rill_train trains[4];

    (void)state;
    assert_int_equal(set_number(CLIENT(&pair), client, RILL_SOL_IP, RILL_IP_TOS, 0x10), 0);
    assert_int_equal(set_number(CLIENT(&pair), client, RILL_SOL_IP, RILL_IP_TTL, 9), 0);
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "x", 1, 0), 1);
    assert_int_equal(rill_output(pair.end[1].stack, 0, trains, 4, pair.now), 1);
    assert_int_equal(trains[0].header[1], 0x10);
    assert_int_equal(trains[0].header[8], 9);
}

static void errors_have_names(void **state)
{
    (void)state;
    assert_string_equal(rill_sock_error_name(-RILL_ENOTSOCK), "ENOTSOCK");
    assert_string_equal(rill_sock_error_name(RILL_ENOPROTOOPT), "ENOPROTOOPT");
    assert_string_equal(rill_sock_error_name(-RILL_EAGAIN), "EAGAIN");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_dual_stack_listener_serves_ipv4_with_mapped_addresses),
        TEST(a_dual_stack_socket_connects_to_mapped_addresses),
        TEST(v6only_keeps_ipv4_out),
        TEST(addresses_too_short_or_of_another_family_are_refused),
        TEST(a_name_is_cut_to_the_room_that_there_is),
        TEST(no_route_is_said_at_once),
        TEST(host_unreachable_ends_a_connect_at_once),
        TEST(a_dead_peer_times_the_connection_out),
        TEST(messages_scatter_and_gather),
        TEST(urgent_messages_say_so),
        TEST(sendto_and_recvfrom_have_no_use_for_an_address),
        TEST(a_read_of_nothing_is_nothing),
        TEST(tcp_info_lies_as_linux_lays_it),
        TEST(tcp_info_tells_the_connection),
        TEST(tcp_info_counts_what_is_in_flight),
        TEST(tcp_info_of_listeners_and_of_nothing),
        TEST(congestion_control_is_named_and_only_what_is_there_can_be_set),
        TEST(maximum_segment_size_bounds_what_is_sent),
        TEST(times_are_the_stacks_until_they_are_set),
        TEST(ip_options_take_and_give_single_bytes),
        TEST(tos_and_ttl_of_a_live_connection_are_in_its_packets),
        TEST(errors_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
