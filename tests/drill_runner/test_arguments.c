/*
 * Arguments of calls: bad ones are refused as Linux refuses them, structs are
 * compared member by member, and a member that is not known fails by name.
 */
#include "drill_runner/scripts.h"

#define SAY "+0 < P. 1:11(10) ack 1 win 512\n+0 > . 1:1(0) ack 11\n"

static void bytes_at_no_address_are_efault(void **state)
{
    (void)state;
    holds(OPEN "+0 read(4, NULL, 10) = -1 EAGAIN\n" SAY "+0 read(4, NULL, 10) = -1 EFAULT (Bad address)\n"
               "+0 recv(4, 0, 10, MSG_PEEK) = -1 EFAULT\n+0 recv(4, NULL, 10, MSG_TRUNC) = 10\n");
    holds(OPEN "+0 write(4, NULL, 10) = -1 EFAULT\n+0 send(4, NULL, 10, 0) = -1 EFAULT\n+0 send(4, NULL, 0, 0) = 0\n");
    holds(OPEN SAY "+0 readv(4, [{..., 4}, {NULL, 10}], 2) = 4\n+0 readv(4, [{NULL, 10}], 1) = -1 EFAULT\n");
    holds(OPEN "+0 writev(4, [{..., 4}, {NULL, 10}], 2) = 4\n+0 > P. 1:5(4) ack 1\n");
}

static void a_reset_is_told_before_a_bad_address(void **state)
{
    (void)state;
    holds(OPEN "+0 < R. 1:1(0) ack 1 win 0\n+0 write(4, NULL, 10) = -1 ECONNRESET\n");
}

static void datagrams_at_no_address_are_efault(void **state)
{
    (void)state;
    holds("0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n+0 connect(3, ..., ...) = 0\n"
          "+0 write(3, NULL, 10) = -1 EFAULT\n+0 write(3, ..., 10) = 10\n+0 > udp (10)\n"
          "+0 < udp (5)\n+0 read(3, NULL, 10) = -1 EFAULT\n+0 recv(3, ..., 10, MSG_DONTWAIT) = -1 EAGAIN\n");
}

static void negative_lengths_are_refused(void **state)
{
    (void)state;
    holds(OPEN "+0 read(4, ..., -1) = -1 EFAULT\n+0 write(4, ..., -1) = -1 EFAULT\n+0 read(77, ..., -1) = -1 EBADF\n");
    holds(OPEN "+0 readv(4, [{..., 5}], -1) = -1 EINVAL\n+0 writev(4, [{..., 5}], -1) = -1 EINVAL\n");
    holds(OPEN "+0 setsockopt(4, SOL_TCP, TCP_NODELAY, [1], -1) = -1 EINVAL\n"
               "+0 getsockopt(4, SOL_TCP, TCP_NODELAY, [1], [-1]) = -1 EINVAL\n");
    holds("0 socket(..., SOCK_STREAM, 0) = 3\n+0 bind(3, ..., -1) = -1 EINVAL\n+0 connect(3, ..., -1) = -1 EINVAL\n");
}

static void options_at_no_address_are_efault(void **state)
{
    (void)state;
    holds(OPEN "+0 setsockopt(4, SOL_TCP, TCP_NODELAY, NULL, 4) = -1 EFAULT\n"
               "+0 setsockopt(4, SOL_TCP, TCP_CONGESTION, NULL, 5) = -1 EFAULT\n"
               "+0 setsockopt(4, SOL_TCP, TCP_NODELAY, NULL, 2) = -1 EINVAL\n"
               "+0 getsockopt(4, SOL_TCP, TCP_NODELAY, NULL, [4]) = -1 EFAULT\n"
               "+0 getsockopt(4, SOL_TCP, TCP_NODELAY, [0], NULL) = -1 EFAULT\n");
}

static void addresses_at_no_address_are_efault(void **state)
{
    (void)state;
    holds("0 socket(..., SOCK_STREAM, 0) = 3\n+0 bind(3, NULL, 16) = -1 EFAULT\n+0 connect(3, NULL, 16) = -1 EFAULT\n"
          "+0 bind(3, NULL, 0) = -1 EINVAL\n+0 bind(3, ..., 4) = -1 EINVAL\n");
}

static void a_message_without_pieces_is_empty(void **state)
{
    (void)state;
    holds(OPEN "+0 sendmsg(4, {msg_name(...)=..., msg_iov(0)=[], msg_flags=0}, 0) = 0\n");
}

static void members_that_are_not_known_fail_by_name(void **state)
{
    (void)state;
    fails_with(OPEN "+0 sendmsg(4, {msg_iov(1)=[{..., 1}], msg_wind=0}, 0) = 1\n", "the field 'msg_wind' is not known");
    fails_with(OPEN "+0 poll([{fd=4, wants=POLLIN}], 1, 0) = 0\n", "the field 'wants' is not known");
    fails_with(OPEN "+0 getsockopt(4, SOL_TCP, TCP_INFO, {tcpi_mood=1}, ...) = 0\n", "no member 'tcpi_mood'");
    fails_with(OPEN "+0 getsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=0, lingers=0}, [8]) = 0\n", "the field 'lingers'");
    fails_with("0 socket(..., SOCK_STREAM, 0) = 3\n+0 bind(3, {sin_prot=htons(1)}, ...) = 0\n", "the field 'sin_prot'");
}

static void tcp_info_is_compared_by_member(void **state)
{
    (void)state;
    holds(OPEN "+0 getsockopt(4, IPPROTO_TCP, TCP_INFO, {tcpi_state=TCP_ESTABLISHED, tcpi_snd_cwnd=10}, [...]) = 0\n"
               "+0 getsockopt(3, IPPROTO_TCP, TCP_INFO, {tcpi_state=TCP_LISTEN}, [...]) = 0\n");
    fails_with(OPEN "+0 getsockopt(4, IPPROTO_TCP, TCP_INFO, {tcpi_state=TCP_CLOSE_WAIT}, [...]) = 0\n",
               "tcpi_state 8, got 1");
}

static void states_have_freebsds_numbers_in_its_profile(void **state)
{
    (void)state;
    options.profile = "freebsd";
    holds(OPEN "+0 getsockopt(4, IPPROTO_TCP, TCP_INFO, {tcpi_state=TCPS_ESTABLISHED, tcpi_snd_wscale=7}, [...]) = 0\n"
               "+0 getsockopt(4, IPPROTO_TCP, TCP_INFO, {tcpi_state=4, tcpi_snd_cwnd=10000}, [...]) = 0\n"
               "+0 %{ assert tcpi_state == TCPS_ESTABLISHED and tcpi_snd_cwnd == 10000 }%\n"
               "+0 < F. 1:1(0) ack 1 win 512\n+0 > . 1:1(0) ack 2\n"
               "+0 getsockopt(4, IPPROTO_TCP, TCP_INFO, {tcpi_state=TCPS_CLOSE_WAIT}, [...]) = 0\n");
    fails_with(OPEN "+0 getsockopt(4, IPPROTO_TCP, TCP_INFO, {tcpi_state=TCPS_CLOSED}, [...]) = 0\n", "got 4");
}

static void control_messages_are_compared(void **state)
{
#define INQ "msg_control=[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=6}]"
    (void)state;
    holds(OPEN "+0 setsockopt(4, SOL_TCP, TCP_INQ, [1], 4) = 0\n" SAY
               "+0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 4}], msg_flags=0, " INQ "}, 0) = 4\n");
    fails_with(OPEN "+0 setsockopt(4, SOL_TCP, TCP_INQ, [1], 4) = 0\n" SAY "+0 recvmsg(4, {msg_iov(1)=[{..., 5}], " INQ
                    "}, 0) = 5\n",
               "cmsg_data 6, got 5");
    fails_with(OPEN SAY "+0 recvmsg(4, {msg_iov(1)=[{..., 4}], " INQ "}, 0) = 4\n", "got fewer control messages");
    fails_with(OPEN "+0 setsockopt(4, SOL_TCP, TCP_INQ, [1], 4) = 0\n" SAY
                    "+0 recvmsg(4, {msg_iov(1)=[{..., 4}], msg_control=[]}, 0) = 4\n",
               "got more control messages");
}

static void an_error_queue_is_compared(void **state)
{
    (void)state;
    holds("0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n+0 setsockopt(3, SOL_IP, IP_RECVERR, [1], 4) = 0\n"
          "+0 connect(3, ..., ...) = 0\n+0 write(3, ..., 10) = 10\n+0 > udp (10)\n"
          "+0 < icmp unreachable port_unreachable [udp (10)]\n"
          "+0 recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=MSG_ERRQUEUE,\n"
          "               msg_control=[{cmsg_level=SOL_IP, cmsg_type=IP_RECVERR,\n"
          "                             cmsg_data={ee_errno=ECONNREFUSED, ee_origin=2, ee_type=3, ee_code=3}}]},\n"
          "            MSG_ERRQUEUE) = 0\n");
}

static void errors_are_numbers_where_numbers_go(void **state)
{
    (void)state;
    holds(OPEN "+0 < R. 1:1(0) ack 1 win 0\n+0 getsockopt(4, SOL_SOCKET, SO_ERROR, [ECONNRESET], [4]) = 0\n"
               "+0 getsockopt(4, SOL_SOCKET, SO_ERROR, [0], [4]) = 0\n");
}

static void sockets_of_ipv6_speak_ipv4_by_mapped_addresses(void **state)
{
    (void)state;
    holds("--ip_version=ipv4-mapped-ipv6\n" OPEN
          "+0 getpeername(4, {sa_family=AF_INET6, sin6_port=..., sin6_addr=inet_pton(\"::ffff:192.0.2.1\")}, ...) = 0\n"
          "+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n"
          "+0 setsockopt(4, IPPROTO_IPV6, IPV6_V6ONLY, [1], 4) = -1 EINVAL\n");
    fails_with("--ip_version=ipv4-mapped-ipv6\n" OPEN "+0 getpeername(4, {sa_family=AF_INET}, ...) = 0\n",
               "sa_family 2, got 10");
}

static void a_call_that_waits_gathers_what_it_moves(void **state)
{
    (void)state;
    holds(LISTEN "+0 < S 0:0(0) win 65535 <mss 1000>\n+0 > S. 0:0(0) ack 1 <...>\n+0 < . 1:1(0) ack 1 win 512\n"
                 "+0 accept(3, ..., ...) = 4\n+0...0.2 recv(4, ..., 20, MSG_WAITALL) = 20\n" SAY
                 "+.2 < P. 11:21(10) ack 1 win 512\n+0 > . 1:1(0) ack 21\n");
    holds(LISTEN "+0 < S 0:0(0) win 65535 <mss 1000>\n+0 > S. 0:0(0) ack 1 <...>\n+0 < . 1:1(0) ack 1 win 512\n"
                 "+0 accept(3, ..., ...) = 4\n+0...0.2 recv(4, ..., 20, MSG_WAITALL) = 10\n" SAY
                 "+.2 < F. 11:11(0) ack 1 win 512\n+0 > . 1:1(0) ack 12\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(bytes_at_no_address_are_efault),          TEST(a_reset_is_told_before_a_bad_address),
        TEST(datagrams_at_no_address_are_efault),      TEST(negative_lengths_are_refused),
        TEST(options_at_no_address_are_efault),        TEST(addresses_at_no_address_are_efault),
        TEST(a_message_without_pieces_is_empty),       TEST(members_that_are_not_known_fail_by_name),
        TEST(tcp_info_is_compared_by_member),          TEST(states_have_freebsds_numbers_in_its_profile),
        TEST(control_messages_are_compared),           TEST(an_error_queue_is_compared),
        TEST(errors_are_numbers_where_numbers_go),     TEST(sockets_of_ipv6_speak_ipv4_by_mapped_addresses),
        TEST(a_call_that_waits_gathers_what_it_moves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
