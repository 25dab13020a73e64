/* src/udp/udp.c: ICMP errors about what a socket sent, and whom they reach. */
#include <string.h>

#include "support/fragments.h"
#include "support/udp_host.h"

static struct udp_host host;

static int open_host(void **state)
{
    (void)state;
    udp_host_open(&host, 0);
    return 0;
}

static int close_host(void **state)
{
    (void)state;
    udp_host_close(&host);
    return 0;
}

static const char *const text = "hello";

static rill_conn connected(struct rill_endpoint remote)
{
    rill_conn conn;

    assert_int_equal(rill_udp_open(host.stack, NULL, &conn), 0);
    assert_int_equal(rill_udp_connect(host.stack, conn, &remote), 0);
    return conn;
}

/* Send, and have 10.0.0.1 answer with an error that quotes what was sent. */
static void provoke(rill_conn conn, const struct rill_endpoint *remote, uint8_t type, uint8_t code, uint16_t mtu)
{
    struct packet_facts facts;
    uint8_t sent[UDP_HOST_PACKET_MAX];

    assert_int_equal(udp_host_send(&host, conn, remote, text), 5);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    memcpy(sent, host.sent, 33);
    udp_host_icmp_error(&host, type, code, mtu, sent, 33);
}

/* R768-4 */
static void a_refusal_ends_the_next_call_of_a_connected_socket_once(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    rill_conn conn = connected(remote);
    uint8_t byte;

    (void)state;
    provoke(conn, NULL, 3, 3, 0);
    udp_host_expect_event(&host, conn, RILL_SOFT_ERROR);
    assert_int_equal(rill_udp_receive_from(host.stack, conn, &byte, 1, 0, NULL), -RILL_ECONNREFUSED);
    udp_host_expect_nothing(&host, conn);
    provoke(conn, NULL, 3, 3, 0);
    assert_int_equal(udp_host_send(&host, conn, NULL, text), -RILL_ECONNREFUSED);
    assert_int_equal(udp_host_send(&host, conn, NULL, text), 5);
    provoke(conn, NULL, 3, 3, 0);
    assert_int_equal(rill_udp_connect(host.stack, conn, NULL), 0);
}

/* R768-4 */
static void all_that_is_known_of_an_error_can_be_taken(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    struct rill_addr router = rill_addr4(10, 0, 0, 1);
    rill_conn conn = connected(remote);
    struct rill_udp_error error;
    struct rill_event event;

    (void)state;
    assert_int_equal(rill_udp_take_error(host.stack, conn, &error), -RILL_EAGAIN);
    provoke(conn, NULL, 3, 1, 0);
    assert_true(rill_next(host.stack, &event));
    assert_int_equal(event.error, -RILL_EHOSTUNREACH);
    assert_int_equal(rill_udp_take_error(host.stack, conn, &error), 0);
    assert_int_equal(error.error, -RILL_EHOSTUNREACH);
    assert_false(error.hard);
    assert_false(error.pending);
    assert_int_equal(error.icmp_type, 3);
    assert_int_equal(error.icmp_code, 1);
    assert_true(rill_addr_equal(&error.reporter, &router));
    assert_true(rill_addr_equal(&error.remote.addr, &remote.addr));
    assert_int_equal(error.remote.port, 53);
    assert_int_equal(rill_udp_take_error(host.stack, conn, &error), -RILL_EAGAIN);
}

/* RFC 1122 3.2.2.1: net and host unreachable may pass. They are told, and no call fails for them. */
static void soft_errors_are_told_and_end_no_call(void **state)
{
    rill_conn conn = connected(udp_end(10, 0, 0, 9, 53));

    (void)state;
    provoke(conn, NULL, 3, 0, 0);
    provoke(conn, NULL, 11, 0, 0);
    udp_host_expect_event(&host, conn, RILL_SOFT_ERROR);
    udp_host_expect_nothing(&host, conn);
    assert_int_equal(udp_host_send(&host, conn, NULL, text), 5);
}

/* R768-4: also when it is not connected; then no call fails, for which of its peers would be meant? */
static void an_unconnected_socket_is_told_too(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    rill_conn conn = udp_host_bound(&host, 4000);
    struct rill_udp_error error;

    (void)state;
    provoke(conn, &remote, 3, 3, 0);
    udp_host_expect_event(&host, conn, RILL_SOFT_ERROR);
    udp_host_expect_nothing(&host, conn);
    assert_int_equal(rill_udp_take_error(host.stack, conn, &error), 0);
    assert_int_equal(error.error, -RILL_ECONNREFUSED);
    assert_true(error.hard);
    assert_false(error.pending);
    assert_int_equal(error.remote.port, 53);
}

static void an_error_that_a_call_waits_for_is_not_replaced_by_a_softer_one(void **state)
{
    rill_conn conn = connected(udp_end(10, 0, 0, 9, 53));
    struct packet_facts facts;
    uint8_t sent[33], byte;

    (void)state;
    assert_int_equal(udp_host_send(&host, conn, NULL, text), 5);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    memcpy(sent, host.sent, 33);
    udp_host_icmp_error(&host, 3, 3, 0, sent, 33);
    udp_host_icmp_error(&host, 3, 1, 0, sent, 33);
    assert_int_equal(rill_udp_receive_from(host.stack, conn, &byte, 1, 0, NULL), -RILL_ECONNREFUSED);
    udp_host_expect_nothing(&host, conn);
}

static void an_error_about_anothers_datagram_is_dropped_by_name(void **state)
{
    rill_conn conn = connected(udp_end(10, 0, 0, 9, 53));
    struct packet_facts facts;
    uint8_t sent[33];

    (void)state;
    assert_int_equal(udp_host_send(&host, conn, NULL, text), 5);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    for (int i = 0; i < 4; i++) {
        static const int at[4] = {15, 19, 21, 23}; /* source, destination, source port, destination port */

        memcpy(sent, host.sent, 33);
        sent[at[i]] ^= 1;
        udp_host_icmp_error(&host, 3, 3, 0, sent, 33);
    }
    assert_int_equal(rill_drops(host.stack, RILL_DROP_ICMP_NO_CONNECTION), 4);
    udp_host_expect_no_event(&host);
}

/* RFC 1191 3, RFC 5927 7: it bounds the socket's own datagrams, for ten minutes. */
static void a_smaller_path_bounds_what_the_connected_socket_sends(void **state)
{
    static uint8_t data[1500];
    rill_conn conn = connected(udp_end(10, 0, 0, 9, 53)), other = connected(udp_end(10, 0, 0, 9, 53));
    const struct rill_udp_options options = {.size = sizeof options, .mtu_discovery = RILL_UDP_MTU_DO};
    struct rill_slice slice = {data, 1000};
    struct rill_udp_error error;
    struct packet_facts facts;

    (void)state;
    assert_int_equal(rill_udp_set_options(host.stack, conn, &options), 0);
    provoke(conn, NULL, 3, 4, 0); /* an old router does not say how large */
    assert_int_equal(rill_udp_send_to(host.stack, conn, NULL, &slice, 1, NULL), -RILL_EMSGSIZE); /* the error itself */
    assert_int_equal(rill_udp_send_to(host.stack, conn, NULL, &slice, 1, NULL), 1000);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    provoke(conn, NULL, 3, 4, 1000);
    assert_int_equal(rill_udp_take_error(host.stack, conn, &error), 0);
    assert_int_equal(error.error, -RILL_EMSGSIZE);
    assert_int_equal(error.mtu, 1000);
    assert_int_equal(rill_udp_send_to(host.stack, conn, NULL, &slice, 1, NULL), -RILL_EMSGSIZE);
    assert_int_equal(rill_udp_send_to(host.stack, other, NULL, &slice, 1, NULL), 1000);
    slice.length_bytes = 972;
    assert_int_equal(rill_udp_send_to(host.stack, conn, NULL, &slice, 1, NULL), 972);
    host.now += UINT64_C(601) * 1000000000;
    rill_poll(host.stack, host.now);
    slice.length_bytes = 1000;
    assert_int_equal(rill_udp_send_to(host.stack, conn, NULL, &slice, 1, NULL), 1000);
}

static bool sent_with_dont_fragment(void)
{
    assert_int_not_equal(fragment_sent(&host), 0);
    return header_dont_fragment(host.sent);
}

/* RFC 5927 7.2: no path needs less than 552; where one does, fragments get through that DF would keep out. */
static void a_claim_of_hardly_anything_is_believed_down_to_552(void **state) /* R1191-3 */
{
    static uint8_t data[1500];
    const struct rill_udp_options whole = {.size = sizeof whole, .mtu_discovery = RILL_UDP_MTU_DO},
                                  cut = {.size = sizeof cut, .mtu_discovery = RILL_UDP_MTU_WANT};
    rill_conn conn = connected(udp_end(10, 0, 0, 9, 53));
    struct rill_slice slice = {data, 525};
    struct rill_udp_error error;

    (void)state;
    assert_int_equal(rill_udp_set_options(host.stack, conn, &whole), 0);
    provoke(conn, NULL, 3, 4, 20);
    assert_int_equal(rill_udp_take_error(host.stack, conn, &error), 0);
    assert_int_equal(rill_udp_send_to(host.stack, conn, NULL, &slice, 1, NULL), -RILL_EMSGSIZE);
    slice.length_bytes = 524;
    assert_int_equal(rill_udp_send_to(host.stack, conn, NULL, &slice, 1, NULL), 524);
    assert_true(sent_with_dont_fragment());
    assert_int_equal(rill_udp_set_options(host.stack, conn, &cut), 0);
    assert_int_equal(rill_udp_send_to(host.stack, conn, NULL, &slice, 1, NULL), 524);
    assert_false(sent_with_dont_fragment());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_host, close_host)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_refusal_ends_the_next_call_of_a_connected_socket_once),
        TEST(all_that_is_known_of_an_error_can_be_taken),
        TEST(soft_errors_are_told_and_end_no_call),
        TEST(an_unconnected_socket_is_told_too),
        TEST(an_error_that_a_call_waits_for_is_not_replaced_by_a_softer_one),
        TEST(an_error_about_anothers_datagram_is_dropped_by_name),
        TEST(a_smaller_path_bounds_what_the_connected_socket_sends),
        TEST(a_claim_of_hardly_anything_is_believed_down_to_552),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
