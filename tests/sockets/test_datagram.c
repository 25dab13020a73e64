/* src/sockets/datagram.c, datagram_transfer.c: what the oracle cannot show: waiting, IPv6 sockets, the error queue. */
#include "sockets/pair.h"

static struct pair pair;

static int open_waiting(void **state)
{
    (void)state;
    pair_open_as(&pair, true, NULL);
    return 0;
}

static int close_it(void **state)
{
    (void)state;
    pair_close(&pair);
    return 0;
}

static int server_on(uint16_t port)
{
    struct rill_sockaddr_in addr = rill_sockaddr4(0, 0, 0, 0, port);
    int fd = rill_sock_open(SERVER(&pair), RILL_AF_INET, RILL_SOCK_DGRAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(rill_sock_bind(SERVER(&pair), fd, &addr, sizeof addr), 0);
    return fd;
}

static int client_to(uint16_t port, int flags)
{
    struct rill_sockaddr_in addr = rill_sockaddr4(10, 0, 0, 1, port);
    int fd = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_DGRAM | flags, 0);

    assert_true(fd >= 0);
    assert_int_equal(rill_sock_connect(CLIENT(&pair), fd, &addr, sizeof addr), 0);
    return fd;
}

static int waiting_client;

static void client_sends(struct pair *p)
{
    if (p->waits == 3)
        assert_int_equal(rill_sock_send(CLIENT(p), waiting_client, "late", 4, 0), 4);
}

static void receiving_waits_for_a_datagram(void **state)
{
    int server = server_on(53);
    char bytes[8];

    (void)state;
    waiting_client = client_to(53, 0);
    pair.on_wait = client_sends;
    assert_int_equal(rill_sock_recv(SERVER(&pair), server, bytes, sizeof bytes, 0), 4);
    assert_memory_equal(bytes, "late", 4);
    assert_true(pair.waits >= 3);
}

static void receiving_gives_up_after_its_timeout(void **state)
{
    int server = server_on(53);
    const struct rill_timeval timeout = {2, 0};
    rill_time before = pair.now;
    char byte;

    (void)state;
    assert_int_equal(
        rill_sock_setsockopt(SERVER(&pair), server, RILL_SOL_SOCKET, RILL_SO_RCVTIMEO, &timeout, sizeof timeout), 0);
    assert_int_equal(rill_sock_recv(SERVER(&pair), server, &byte, 1, 0), -RILL_EAGAIN);
    assert_true(pair.now - before == 2000000000);
}

static void receiving_ends_with_nothing_once_shut(void **state)
{
    int client = client_to(53, 0);
    char byte;

    (void)state;
    assert_int_equal(rill_sock_shutdown(CLIENT(&pair), client, RILL_SHUT_RD), 0);
    assert_int_equal(rill_sock_recv(CLIENT(&pair), client, &byte, 1, 0), 0);
    assert_int_equal(rill_sock_recv(CLIENT(&pair), client, &byte, 1, RILL_MSG_DONTWAIT), -RILL_EAGAIN);
}

static void a_waiting_receiver_hears_of_a_refusal(void **state)
{
    int client = client_to(53, 0);
    char byte;

    (void)state;
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, "x", 1, 0), 1);
    assert_int_equal(rill_sock_recv(CLIENT(&pair), client, &byte, 1, 0), -RILL_ECONNREFUSED);
}

static void sending_waits_for_room(void **state)
{
    int client = client_to(53, 0), server = server_on(53);
    char bytes[1400] = {0};
    unsigned received = 0;

    (void)state;
    assert_int_equal(
        rill_sock_setsockopt(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_SNDBUF, &(int){1}, sizeof(int)), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(rill_sock_send(CLIENT(&pair), client, bytes, sizeof bytes, 0), sizeof bytes);
    assert_true(pair.waits > 0);
    pair_turn(&pair);
    while (rill_sock_recv(SERVER(&pair), server, bytes, sizeof bytes, RILL_MSG_DONTWAIT) > 0)
        received++;
    assert_int_equal(received, 20);
}

static void sending_without_waiting_is_told_and_poll_knows_when(void **state)
{
    int client = client_to(53, RILL_SOCK_NONBLOCK);
    struct rill_pollfd poll = {.fd = client, .events = RILL_POLLOUT};
    char bytes[1400] = {0};

    (void)state;
    (void)server_on(53);
    assert_int_equal(
        rill_sock_setsockopt(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_SNDBUF, &(int){1}, sizeof(int)), 0);
    while (rill_sock_send(CLIENT(&pair), client, bytes, sizeof bytes, 0) > 0)
        continue;
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, bytes, 1, 0), -RILL_EAGAIN);
    assert_int_equal(rill_sock_poll(CLIENT(&pair), &poll, 1, 0), 0);
    assert_int_equal(rill_sock_poll(CLIENT(&pair), &poll, 1, 1000), 1);
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, bytes, 1, 0), 1);
}

/* R768-4: the queue of IP_RECVERR says what came, from whom, and where the datagram was going. */
static void the_error_queue_tells_all_of_an_error(void **state)
{
    const struct rill_sockaddr_in to = rill_sockaddr4(10, 0, 0, 1, 99);
    int client = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_DGRAM | RILL_SOCK_NONBLOCK, 0);
    _Alignas(8) uint8_t control[64];
    struct rill_sockaddr_in name;
    struct rill_msghdr message = {
        .name = &name, .name_bytes = sizeof name, .control = control, .control_bytes = sizeof control};
    struct rill_sock_extended_err error;
    struct rill_sockaddr_in offender;
    struct rill_cmsghdr header;

    (void)state;
    assert_int_equal(rill_sock_setsockopt(CLIENT(&pair), client, RILL_SOL_IP, RILL_IP_RECVERR, &(int){1}, sizeof(int)),
                     0);
    assert_int_equal(rill_sock_sendto(CLIENT(&pair), client, "x", 1, 0, &to, sizeof to), 1);
    pair_turn(&pair);
    assert_int_equal(rill_sock_recvmsg(CLIENT(&pair), client, &message, RILL_MSG_ERRQUEUE), 0);
    assert_int_equal(message.flags, RILL_MSG_ERRQUEUE);
    assert_memory_equal(&name, &to, sizeof name);
    memcpy(&header, control, sizeof header);
    memcpy(&error, control + sizeof header, sizeof error);
    memcpy(&offender, control + sizeof header + sizeof error, sizeof offender);
    assert_int_equal(header.bytes, 48);
    assert_int_equal(header.type, RILL_IP_RECVERR);
    assert_int_equal(error.error, RILL_ECONNREFUSED);
    assert_int_equal(error.origin, 2);
    assert_int_equal(error.type, 3);
    assert_int_equal(error.code, 3);
    assert_memory_equal(offender.addr, to.addr, 4);
    assert_int_equal(rill_sock_recvmsg(CLIENT(&pair), client, &message, RILL_MSG_ERRQUEUE), -RILL_EAGAIN);
}

/* An IPv6 socket speaks IPv4 with mapped addresses, and hears where a datagram went as one. */
static void an_ipv6_socket_sends_and_receives_by_mapped_addresses(void **state)
{
    struct rill_sockaddr_in6 any = {.family = RILL_AF_INET6, .port = rill_htons(53)}, from;
    const struct rill_sockaddr_in6 to = {.family = RILL_AF_INET6,
                                         .port = rill_htons(53),
                                         .addr = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}};
    int server = rill_sock_open(SERVER(&pair), RILL_AF_INET6, RILL_SOCK_DGRAM, 0);
    int client = rill_sock_open(CLIENT(&pair), RILL_AF_INET6, RILL_SOCK_DGRAM, 0);
    _Alignas(8) uint8_t control[64];
    char bytes[8];
    struct rill_iovec piece = {bytes, sizeof bytes};
    struct rill_msghdr message = {.name = &from,
                                  .name_bytes = sizeof from,
                                  .iov = &piece,
                                  .iov_count = 1,
                                  .control = control,
                                  .control_bytes = sizeof control};
    struct rill_in6_pktinfo info;

    (void)state;
    assert_int_equal(rill_sock_bind(SERVER(&pair), server, &any, sizeof any), 0);
    assert_int_equal(
        rill_sock_setsockopt(SERVER(&pair), server, RILL_SOL_IPV6, RILL_IPV6_RECVPKTINFO, &(int){1}, sizeof(int)), 0);
    assert_int_equal(rill_sock_sendto(CLIENT(&pair), client, "six", 3, 0, &to, sizeof to), 3);
    assert_int_equal(rill_sock_recvmsg(SERVER(&pair), server, &message, 0), 3);
    assert_int_equal(message.control_bytes, 40);
    memcpy(&info, control + sizeof(struct rill_cmsghdr), sizeof info);
    assert_memory_equal(info.addr, to.addr, 16);
    assert_int_equal(from.addr[15], 2);
    assert_int_equal(from.addr[11], 0xff);
    /* The answer leaves from the address that the control message names. */
    message.iov[0].length_bytes = 3;
    assert_int_equal(rill_sock_sendmsg(SERVER(&pair), server, &message, 0), 3);
    assert_int_equal(rill_sock_recv(CLIENT(&pair), client, bytes, sizeof bytes, 0), 3);
}

static void an_ipv6_only_socket_leaves_the_ipv4_port_alone(void **state)
{
    struct rill_sockaddr_in6 any = {.family = RILL_AF_INET6, .port = rill_htons(53)};
    int six = rill_sock_open(SERVER(&pair), RILL_AF_INET6, RILL_SOCK_DGRAM, 0);

    (void)state;
    assert_int_equal(rill_sock_setsockopt(SERVER(&pair), six, RILL_SOL_IPV6, RILL_IPV6_V6ONLY, &(int){1}, sizeof(int)),
                     0);
    assert_int_equal(rill_sock_bind(SERVER(&pair), six, &any, sizeof any), 0);
    assert_true(server_on(53) > six);
}

/* recvmmsg(2): "blocks only until one was received" with MSG_WAITFORONE; the timeout is looked at after each one. */
static void many_are_received_as_they_come(void **state)
{
    const struct rill_timeval bad = {0, 1000000};
    int server = server_on(53);
    char bytes[4];
    struct rill_iovec piece = {bytes, sizeof bytes};
    struct rill_mmsghdr messages[3] = {{.header = {.iov = &piece, .iov_count = 1}},
                                       {.header = {.iov = &piece, .iov_count = 1}},
                                       {.header = {.iov = &piece, .iov_count = 1}}};

    (void)state;
    assert_int_equal(rill_sock_recvmmsg(SERVER(&pair), server, messages, 3, 0, &bad), -RILL_EINVAL);
    waiting_client = client_to(53, 0);
    pair.on_wait = client_sends;
    assert_int_equal(rill_sock_recvmmsg(SERVER(&pair), server, messages, 3, RILL_MSG_WAITFORONE, NULL), 1);
    assert_int_equal(messages[0].bytes, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_waiting, close_it)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(receiving_waits_for_a_datagram),
        TEST(receiving_gives_up_after_its_timeout),
        TEST(receiving_ends_with_nothing_once_shut),
        TEST(a_waiting_receiver_hears_of_a_refusal),
        TEST(sending_waits_for_room),
        TEST(sending_without_waiting_is_told_and_poll_knows_when),
        TEST(the_error_queue_tells_all_of_an_error),
        TEST(an_ipv6_socket_sends_and_receives_by_mapped_addresses),
        TEST(an_ipv6_only_socket_leaves_the_ipv4_port_alone),
        TEST(many_are_received_as_they_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
