/* src/udp/send.c: what leaves, from where, with which headers, and how much may wait. */
#include <string.h>

#include "support/udp_host.h"

static struct udp_host host;
static const char *const text = "hello";

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

static rill_conn opened(uint32_t flags)
{
    struct rill_udp_options options;
    rill_conn conn;

    rill_udp_options_default(&options);
    options.flags = flags;
    assert_int_equal(rill_udp_open(host.stack, &options, &conn), 0);
    return conn;
}

/* R768-1 (d): the checksum is right, or packet_check() would say so. */
static void a_datagram_leaves_with_right_headers(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    rill_conn conn = udp_host_bound(&host, 4000);
    struct packet_facts facts;

    (void)state;
    assert_int_equal(udp_host_send(&host, conn, &remote, text), 5);
    assert_true(rill_wants_output(host.stack, host.netif));
    assert_true(udp_host_sent(&host, host.netif, &facts));
    assert_int_equal(facts.protocol, 17);
    assert_int_equal(facts.source_port, 4000);
    assert_int_equal(facts.destination_port, 53);
    assert_int_equal(facts.payload_bytes, 5);
    assert_memory_equal(facts.payload, text, 5);
    assert_int_equal(facts.ttl, 64);
    assert_memory_equal(host.sent + 12, "\x0a\0\0\x02\x0a\0\0\x09", 8);
    assert_int_not_equal(host.sent[26] << 8 | host.sent[27], 0);
    assert_false(udp_host_sent(&host, host.netif, &facts));
}

/* R768-1 (c): data for which the sum is 0 is looked for; 0 would say that there is no checksum. */
static void a_checksum_of_zero_is_sent_as_all_ones(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    rill_conn conn = udp_host_bound(&host, 4000);
    uint8_t data[2] = {0, 0};
    const struct rill_slice slice = {data, 2};
    struct packet_facts facts;
    uint16_t checksum;

    (void)state;
    assert_int_equal(rill_udp_send_to(host.stack, conn, &remote, &slice, 1, NULL), 2);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    /* With its own checksum as data the sum becomes all ones, whose complement is 0. */
    memcpy(data, host.sent + 26, 2);
    assert_int_equal(rill_udp_send_to(host.stack, conn, &remote, &slice, 1, NULL), 2);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    checksum = (uint16_t)(host.sent[26] << 8 | host.sent[27]);
    assert_int_equal(checksum, 0xffff);
}

static void pieces_are_put_together(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    const struct rill_slice pieces[3] = {{(const uint8_t *)"he", 2}, {NULL, 0}, {(const uint8_t *)"llo", 3}};
    rill_conn conn = opened(0);
    struct packet_facts facts;

    (void)state;
    assert_int_equal(rill_udp_send_to(host.stack, conn, &remote, pieces, 3, NULL), 5);
    assert_int_equal(rill_udp_send_to(host.stack, conn, &remote, NULL, 0, NULL), 0);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    assert_memory_equal(facts.payload, text, 5);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    assert_int_equal(facts.payload_bytes, 0);
}

static void the_route_chooses_interface_and_source(void **state)
{
    const struct rill_endpoint far = udp_end(8, 8, 8, 8, 53), near = udp_end(172, 16, 0, 9, 53);
    rill_conn conn = opened(0);
    struct packet_facts facts;

    (void)state;
    assert_int_equal(udp_host_send(&host, conn, &near, text), 5);
    assert_true(udp_host_sent(&host, host.other_netif, &facts));
    assert_memory_equal(host.sent + 12, "\xac\x10\0\x02", 4);
    assert_int_equal(udp_host_send(&host, conn, &far, text), 5);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    assert_memory_equal(host.sent + 12, "\x0a\0\0\x02", 4);
}

/* R768-5, R768-6 */
static void the_application_may_choose_the_source_among_ours(void **state)
{
    const struct rill_slice slice = {(const uint8_t *)text, 5};
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    struct rill_udp_how how = {.local = rill_addr4(172, 16, 0, 2)};
    rill_conn conn = opened(0);
    struct packet_facts facts;

    (void)state;
    assert_int_equal(rill_udp_send_to(host.stack, conn, &remote, &slice, 1, &how), 5);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    assert_memory_equal(host.sent + 12, "\xac\x10\0\x02", 4);
    how.local = rill_addr4(10, 0, 0, 3);
    assert_int_equal(rill_udp_send_to(host.stack, conn, &remote, &slice, 1, &how), -RILL_EADDRNOTAVAIL);
}

/* R768-7 */
static void ttl_and_tos_are_the_sockets_or_the_calls(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    const struct rill_udp_how how = {.ttl = 9, .tos = 0, .set_tos = true};
    const struct rill_slice slice = {(const uint8_t *)text, 5};
    struct rill_udp_options options = {.size = sizeof options, .ttl = 7, .tos = 0x20};
    rill_conn conn = opened(0);
    struct packet_facts facts;

    (void)state;
    assert_int_equal(rill_udp_set_options(host.stack, conn, &options), 0);
    assert_int_equal(udp_host_send(&host, conn, &remote, text), 5);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    assert_int_equal(facts.ttl, 7);
    assert_int_equal(host.sent[1], 0x20);
    assert_int_equal(rill_udp_send_to(host.stack, conn, &remote, &slice, 1, &how), 5);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    assert_int_equal(facts.ttl, 9);
    assert_int_equal(host.sent[1], 0);
}

/* R768-7 */
static void multicast_leaves_with_a_ttl_of_one_unless_set(void **state)
{
    const struct rill_endpoint group = udp_end(224, 0, 0, 251, 5353);
    struct rill_udp_options options = {.size = sizeof options, .ttl = 7, .multicast_ttl = 4};
    rill_conn conn = opened(0);
    struct packet_facts facts;

    (void)state;
    assert_int_equal(udp_host_send(&host, conn, &group, text), 5);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    assert_int_equal(facts.ttl, 1);
    assert_int_equal(rill_udp_set_options(host.stack, conn, &options), 0);
    assert_int_equal(udp_host_send(&host, conn, &group, text), 5);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    assert_int_equal(facts.ttl, 4);
}

static void broadcast_needs_permission(void **state)
{
    const struct rill_endpoint subnet = udp_end(172, 16, 0, 255, 67), all = udp_end(255, 255, 255, 255, 67);
    rill_conn conn = opened(0), allowed = opened(RILL_UDP_BROADCAST);
    struct packet_facts facts;

    (void)state;
    assert_int_equal(udp_host_send(&host, conn, &subnet, text), -RILL_EACCES);
    assert_int_equal(udp_host_send(&host, conn, &all, text), -RILL_EACCES);
    assert_int_equal(udp_host_send(&host, allowed, &subnet, text), 5);
    assert_true(udp_host_sent(&host, host.other_netif, &facts));
    assert_int_equal(udp_host_send(&host, allowed, &all, text), 5);
    assert_true(udp_host_sent(&host, host.netif, &facts));
}

static void the_limited_broadcast_leaves_where_the_socket_is_bound(void **state)
{
    const struct rill_endpoint all = udp_end(255, 255, 255, 255, 67), local = udp_end(172, 16, 0, 2, 68);
    rill_conn conn = opened(RILL_UDP_BROADCAST);
    struct packet_facts facts;

    (void)state;
    assert_int_equal(rill_udp_bind(host.stack, conn, &local), 0);
    assert_int_equal(udp_host_send(&host, conn, &all, text), 5);
    assert_true(udp_host_sent(&host, host.other_netif, &facts));
}

static void impossible_destinations_are_refused(void **state)
{
    const struct rill_endpoint none = udp_end(0, 0, 0, 0, 53), port_0 = udp_end(10, 0, 0, 9, 0),
                               loopback = udp_end(127, 0, 0, 1, 53), class_e = udp_end(250, 0, 0, 1, 53);
    rill_conn conn = opened(0);

    (void)state;
    assert_int_equal(udp_host_send(&host, conn, NULL, text), -RILL_ENOTCONN);
    assert_int_equal(udp_host_send(&host, conn, &none, text), -RILL_EINVAL);
    assert_int_equal(udp_host_send(&host, conn, &port_0, text), -RILL_EINVAL);
    assert_int_equal(udp_host_send(&host, conn, &loopback, text), -RILL_ENETUNREACH);
    assert_int_equal(udp_host_send(&host, conn, &class_e, text), -RILL_ENETUNREACH);
    assert_int_equal(udp_host_send(&host, 12345, &class_e, text), -RILL_EBADF);
}

/* Nothing is cut in pieces: what does not fit in the interface's MTU is refused. */
static void without_fragments_a_byte_too_many_is_refused(void **state)
{
    static uint8_t data[65536];
    const struct rill_endpoint one = udp_end(10, 0, 0, 9, 53), two = udp_end(172, 16, 0, 9, 53);
    struct rill_slice slice = {data, 1472}, huge[2] = {{data, 65535}, {data, UINT32_MAX}};
    const struct rill_udp_options options = {.size = sizeof options, .mtu_discovery = RILL_UDP_MTU_DO};
    rill_conn conn = opened(0);
    struct packet_facts facts;

    (void)state;
    assert_int_equal(rill_udp_set_options(host.stack, conn, &options), 0);
    assert_int_equal(rill_udp_send_to(host.stack, conn, &one, &slice, 1, NULL), 1472);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    assert_int_equal(facts.payload_bytes, 1472);
    assert_int_equal(rill_udp_send_to(host.stack, conn, &two, &slice, 1, NULL), -RILL_EMSGSIZE);
    slice.length_bytes = 1473;
    assert_int_equal(rill_udp_send_to(host.stack, conn, &one, &slice, 1, NULL), -RILL_EMSGSIZE);
    assert_int_equal(rill_udp_send_to(host.stack, conn, &one, huge, 2, NULL), -RILL_EMSGSIZE);
}

static void datagrams_leave_in_the_order_they_were_sent(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    rill_conn a = opened(0), b = opened(0);
    struct packet_facts facts;

    (void)state;
    assert_int_equal(udp_host_send(&host, a, &remote, "1"), 1);
    assert_int_equal(udp_host_send(&host, b, &remote, "2"), 1);
    assert_int_equal(udp_host_send(&host, a, &remote, "3"), 1);
    for (char expected = '1'; expected <= '3'; expected++) {
        assert_true(udp_host_sent(&host, host.netif, &facts));
        assert_int_equal(facts.payload[0], expected);
    }
}

static void a_full_send_buffer_refuses_and_tells_when_there_is_room(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    struct rill_udp_options options = {.size = sizeof options, .send_buffer_bytes = 2048};
    rill_conn conn = opened(0);
    struct packet_facts facts;
    int sent = 0;
    int64_t n;

    (void)state;
    assert_int_equal(rill_udp_set_options(host.stack, conn, &options), 0);
    while ((n = udp_host_send(&host, conn, &remote, text)) == 5)
        sent++;
    assert_int_equal(n, -RILL_EAGAIN);
    assert_int_equal(sent, 8); /* 256 bytes each, all counted */
    assert_int_equal(rill_udp_send_room(host.stack, conn), 0);
    for (int i = 0; i < 4; i++)
        assert_true(udp_host_sent(&host, host.netif, &facts));
    udp_host_expect_no_event(&host);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    udp_host_expect_event(&host, conn, RILL_WRITABLE);
    assert_int_equal(rill_udp_send_room(host.stack, conn), 1280);
    while (udp_host_sent(&host, host.netif, &facts))
        sent--;
    assert_int_equal(sent, 5);
    udp_host_expect_no_event(&host);
}

static void an_interface_queues_a_bounded_number(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    struct packet_facts facts;
    unsigned sent = 0;
    int64_t n = 5;

    (void)state;
    while (n == 5 && sent < 5000) {
        rill_conn conn = opened(0);

        for (int i = 0; i < 100 && (n = udp_host_send(&host, conn, &remote, text)) == 5; i++)
            sent++;
    }
    assert_int_equal(n, -RILL_ENOBUFS);
    assert_int_equal(sent, 1024);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    assert_int_equal(udp_host_send(&host, opened(0), &remote, text), 5);
}

static void what_was_sent_leaves_though_the_socket_is_closed(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    rill_conn conn = opened(0);
    struct packet_facts facts;

    (void)state;
    assert_int_equal(udp_host_send(&host, conn, &remote, text), 5);
    assert_int_equal(rill_close(host.stack, conn), 0);
    assert_int_equal(udp_host_send(&host, conn, &remote, text), -RILL_EBADF);
    assert_true(rill_check(host.stack));
    assert_true(udp_host_sent(&host, host.netif, &facts));
    assert_memory_equal(facts.payload, text, 5);
}

/* Neither of them starves the other, even when the device takes one packet at a time. */
static void connections_and_datagrams_take_turns(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 80);
    rill_conn udp = opened(0), tcp;
    struct rill_train train;
    unsigned tcp_out = 0;

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(udp_host_send(&host, udp, &remote, text), 5);
    assert_int_equal(rill_tcp_connect(host.stack, &remote, NULL, &tcp), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(rill_output(host.stack, host.netif, &train, 1, host.now), 1);
        tcp_out += train.protocol == 6;
    }
    assert_int_equal(tcp_out, 1);
    assert_int_equal(rill_abort(host.stack, tcp), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_host, close_host)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_datagram_leaves_with_right_headers),
        TEST(a_checksum_of_zero_is_sent_as_all_ones),
        TEST(pieces_are_put_together),
        TEST(the_route_chooses_interface_and_source),
        TEST(the_application_may_choose_the_source_among_ours),
        TEST(ttl_and_tos_are_the_sockets_or_the_calls),
        TEST(multicast_leaves_with_a_ttl_of_one_unless_set),
        TEST(broadcast_needs_permission),
        TEST(the_limited_broadcast_leaves_where_the_socket_is_bound),
        TEST(impossible_destinations_are_refused),
        TEST(without_fragments_a_byte_too_many_is_refused),
        TEST(datagrams_leave_in_the_order_they_were_sent),
        TEST(a_full_send_buffer_refuses_and_tells_when_there_is_room),
        TEST(an_interface_queues_a_bounded_number),
        TEST(what_was_sent_leaves_though_the_socket_is_closed),
        TEST(connections_and_datagrams_take_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
