/* src/udp/receive.c: which datagrams are taken, what is said of them, and what a queue may hold. */
#include <string.h>

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

static struct udp_packet hello(uint16_t port)
{
    return (struct udp_packet){
        .source = udp_end(10, 0, 0, 9, 9999),
        .destination = udp_end(10, 0, 0, 2, port),
        .data = "hello",
        .data_bytes = 5,
    };
}

static void a_datagram_to_a_bound_port_is_received_whole(void **state)
{
    rill_conn conn = udp_host_bound(&host, 7);

    (void)state;
    udp_host_text(&host, 7, "hello");
    udp_host_expect_text(&host, conn, "hello");
    udp_host_expect_nothing(&host, conn);
}

static void an_empty_datagram_is_a_datagram(void **state)
{
    rill_conn conn = udp_host_bound(&host, 7);
    uint8_t byte;

    (void)state;
    udp_host_text(&host, 7, "");
    assert_int_equal(rill_udp_queued(host.stack, conn), 0);
    assert_int_equal(rill_udp_receive_from(host.stack, conn, &byte, 1, 0, NULL), 0);
    assert_int_equal(rill_udp_queued(host.stack, conn), -RILL_EAGAIN);
}

/* R768-1 (a) */
static void a_wrong_checksum_is_dropped_by_name(void **state)
{
    rill_conn conn = udp_host_bound(&host, 7);
    struct udp_packet packet = hello(7);
    struct packet_facts facts;

    (void)state;
    packet.checksum_xor = 0x0100;
    udp_host_datagram(&host, &packet);
    udp_host_expect_nothing(&host, conn);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_UDP_CHECKSUM), 1);
    packet.destination.port = 8; /* nobody's: no error either about what was garbled on the way */
    udp_host_datagram(&host, &packet);
    assert_false(udp_host_sent(&host, host.netif, &facts));
}

/* R768-1 (b) */
static void a_checksum_of_zero_says_that_there_is_none(void **state)
{
    rill_conn conn = udp_host_bound(&host, 7);
    struct udp_packet packet = hello(7);

    (void)state;
    packet.no_checksum = true;
    udp_host_datagram(&host, &packet);
    udp_host_expect_text(&host, conn, "hello");
}

/* R768-2 */
static void bytes_behind_the_datagram_are_not_delivered(void **state)
{
    rill_conn conn = udp_host_bound(&host, 7);
    struct udp_packet packet = hello(7);

    (void)state;
    packet.data_bytes = 0;
    packet.excess_bytes = 20;
    udp_host_datagram(&host, &packet);
    assert_int_equal(rill_udp_queued(host.stack, conn), 0);
    udp_host_expect_text(&host, conn, "");
}

/* R768-2 */
static void a_wrong_length_is_dropped_by_name(void **state)
{
    rill_conn conn = udp_host_bound(&host, 7);
    struct udp_packet packet = hello(7);

    (void)state;
    packet.udp_length = 7;
    udp_host_datagram(&host, &packet);
    packet.udp_length = 100;
    packet.data_bytes = 0;
    packet.excess_bytes = 52;
    udp_host_datagram(&host, &packet);
    udp_host_expect_nothing(&host, conn);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_UDP_LENGTH), 2);
}

/* R768-6 */
static void an_impossible_source_is_dropped(void **state)
{
    static const uint8_t sources[][4] = {{224, 0, 0, 1}, {0, 0, 0, 0},         {127, 0, 0, 1},
                                         {240, 0, 0, 1}, {255, 255, 255, 255}, {10, 0, 0, 255}};
    rill_conn conn = udp_host_bound(&host, 7);
    struct udp_packet packet = hello(7);

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        packet.source = udp_end(sources[i][0], sources[i][1], sources[i][2], sources[i][3], 9999);
        udp_host_datagram(&host, &packet);
    }
    udp_host_expect_nothing(&host, conn);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_IP_MARTIAN), 6);
}

static void our_own_address_as_source_is_dropped_by_name(void **state)
{
    rill_conn conn = udp_host_bound(&host, 7);
    struct udp_packet packet = hello(7);

    (void)state;
    packet.source = udp_end(10, 0, 0, 2, 7); /* would be answered for ever by an echo service */
    udp_host_datagram(&host, &packet);
    packet.source = udp_end(172, 16, 0, 2, 7);
    udp_host_datagram(&host, &packet);
    udp_host_expect_nothing(&host, conn);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_UDP_LAND), 2);
}

/* R768-5 */
static void the_address_that_was_hit_is_told(void **state)
{
    rill_conn conn = udp_host_bound(&host, 7);
    struct udp_packet packet = hello(7);
    struct rill_endpoint expected = udp_end(172, 16, 0, 2, 7);
    struct rill_udp_info info;
    uint8_t bytes[8];

    (void)state;
    packet.destination = expected;
    udp_host_datagram(&host, &packet);
    assert_int_equal(rill_udp_receive_from(host.stack, conn, bytes, sizeof bytes, 0, &info), 5);
    assert_true(rill_addr_equal(&info.local.addr, &expected.addr));
    assert_int_equal(info.local.port, 7);
    assert_true(rill_addr_equal(&info.remote.addr, &packet.source.addr));
    assert_int_equal(info.remote.port, 9999);
    assert_int_equal(info.netif, host.netif);
    assert_false(info.broadcast);
}

/* R768-7 */
static void ttl_and_tos_of_a_datagram_are_told(void **state)
{
    rill_conn conn = udp_host_bound(&host, 7);
    struct udp_packet packet = hello(7);
    struct rill_slice slice;
    struct rill_udp_info info;

    (void)state;
    packet.ttl = 3;
    packet.tos = 0xb8;
    udp_host_datagram(&host, &packet);
    assert_int_equal(rill_udp_borrow(host.stack, conn, &slice, &info), 0);
    assert_int_equal(info.ttl, 3);
    assert_int_equal(info.tos, 0xb8);
}

static void what_does_not_fit_is_cut_off_and_told(void **state)
{
    rill_conn conn = udp_host_bound(&host, 7);
    struct rill_udp_info info;
    uint8_t bytes[3];

    (void)state;
    udp_host_text(&host, 7, "hello");
    udp_host_text(&host, 7, "next");
    assert_int_equal(rill_udp_receive_from(host.stack, conn, bytes, 2, 0, &info), 2);
    assert_int_equal(info.length_bytes, 5);
    assert_memory_equal(bytes, "he", 2);
    udp_host_expect_text(&host, conn, "next");
}

static void peeking_leaves_the_datagram(void **state)
{
    rill_conn conn = udp_host_bound(&host, 7);
    uint8_t bytes[8];

    (void)state;
    udp_host_text(&host, 7, "hello");
    assert_int_equal(rill_udp_receive_from(host.stack, conn, bytes, 8, RILL_RECEIVE_PEEK, NULL), 5);
    udp_host_expect_text(&host, conn, "hello");
}

static void a_borrowed_datagram_stays_until_it_is_consumed(void **state)
{
    rill_conn conn = udp_host_bound(&host, 7);
    struct rill_slice slice;

    (void)state;
    assert_int_equal(rill_udp_borrow(host.stack, conn, &slice, NULL), -RILL_EAGAIN);
    assert_int_equal(rill_udp_consume(host.stack, conn), -RILL_EAGAIN);
    udp_host_text(&host, 7, "hello");
    assert_int_equal(rill_udp_borrow(host.stack, conn, &slice, NULL), 0);
    assert_int_equal(slice.length_bytes, 5);
    assert_memory_equal(slice.data, "hello", 5);
    assert_int_equal(rill_udp_consume(host.stack, conn), 0);
    udp_host_expect_nothing(&host, conn);
}

static void readable_is_told_for_what_came_since_the_last_look(void **state)
{
    rill_conn conn = udp_host_bound(&host, 7);

    (void)state;
    udp_host_text(&host, 7, "one");
    udp_host_text(&host, 7, "two");
    udp_host_expect_event(&host, conn, RILL_READABLE);
    udp_host_expect_no_event(&host);
    udp_host_expect_text(&host, conn, "one");
    udp_host_text(&host, 7, "three"); /* though "two" was not read yet */
    udp_host_expect_event(&host, conn, RILL_READABLE);
}

/* A datagram in a driver's buffer that it fills well is queued where it lies; a small one in a big buffer is not. */
static void a_small_datagram_does_not_hold_on_to_a_big_buffer(void **state)
{
    rill_conn conn = udp_host_bound(&host, 7);
    struct udp_packet packet = hello(7);
    uint8_t bytes[UDP_HOST_PACKET_MAX];
    uint8_t data[1400];
    struct rill_status status;

    (void)state;
    udp_host_arrives_in_buffer(&host, bytes, udp_packet_write(bytes, &packet), 2000);
    assert_int_equal(rill_status(host.stack, conn, &status), 0);
    assert_in_range(status.receive_queued, 33, 256);
    udp_host_expect_text(&host, conn, "hello");
    memset(data, 'x', sizeof data);
    packet.data = data;
    packet.data_bytes = sizeof data;
    udp_host_arrives_in_buffer(&host, bytes, udp_packet_write(bytes, &packet), 2000);
    assert_int_equal(rill_status(host.stack, conn, &status), 0);
    assert_int_equal(status.receive_queued, 2048);
    assert_int_equal(rill_udp_queued(host.stack, conn), 1400);
}

/* What is queued is charged at its true size: a million empty datagrams are not free. */
static void a_full_queue_drops_by_name_and_takes_again_when_read(void **state)
{
    const struct rill_udp_options options = {.size = sizeof options, .receive_buffer_bytes = 4096};
    rill_conn conn = udp_host_bound(&host, 7);
    struct rill_status status;
    unsigned queued = 0;
    uint8_t byte;

    (void)state;
    assert_int_equal(rill_udp_set_options(host.stack, conn, &options), 0);
    for (int i = 0; i < 1000; i++)
        udp_host_text(&host, 7, "");
    assert_int_equal(rill_status(host.stack, conn, &status), 0);
    assert_in_range(status.receive_queued, 1, 4096);
    queued = status.segments_in;
    assert_in_range(queued, 2, 4096 / 32);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_UDP_RECEIVE_FULL), 1000 - queued);
    while (rill_udp_receive_from(host.stack, conn, &byte, 1, 0, NULL) == 0)
        queued--;
    assert_int_equal(queued, 0);
    udp_host_text(&host, 7, "again");
    udp_host_expect_text(&host, conn, "again");
}

static void a_flood_leaves_memory_for_others(void **state)
{
    struct udp_packet packet = hello(7);
    struct rill_udp_options options;
    uint8_t data[1400] = {0};
    struct rill_memory memory;
    rill_conn conn = udp_host_bound(&host, 7);

    (void)state;
    rill_udp_options_default(&options);
    options.receive_buffer_bytes = 1u << 30;
    assert_int_equal(rill_udp_set_options(host.stack, conn, &options), 0);
    packet.data = data;
    packet.data_bytes = sizeof data;
    for (int i = 0; i < 3000; i++)
        udp_host_datagram(&host, &packet);
    rill_memory(host.stack, &memory);
    assert_true(memory.used_bytes <= memory.arena_bytes * 7 / 8);
    assert_true(rill_drops(host.stack, RILL_DROP_UDP_NO_MEMORY) > 0);
}

/* The driver's own buffers are memory too: when they are queued, it takes others in their place. */
static void a_flood_in_a_drivers_buffers_leaves_memory_for_others(void **state)
{
    struct udp_packet packet = hello(7);
    struct rill_udp_options options;
    uint8_t data[1400] = {0}, bytes[UDP_HOST_PACKET_MAX];
    struct rill_memory memory;
    rill_conn conn = udp_host_bound(&host, 7);

    (void)state;
    rill_udp_options_default(&options);
    options.receive_buffer_bytes = 1u << 30;
    assert_int_equal(rill_udp_set_options(host.stack, conn, &options), 0);
    packet.data = data;
    packet.data_bytes = sizeof data;
    for (int i = 0; i < 3000; i++)
        udp_host_arrives_in_buffer(&host, bytes, udp_packet_write(bytes, &packet), 2000);
    rill_memory(host.stack, &memory);
    assert_true(memory.used_bytes <= memory.arena_bytes * 7 / 8);
    assert_true(rill_drops(host.stack, RILL_DROP_UDP_NO_MEMORY) > 0);
}

static void a_broadcast_comes_to_everyone_who_has_the_port(void **state)
{
    const struct rill_endpoint specific = udp_end(10, 0, 0, 2, 7);
    struct rill_udp_options options;
    struct udp_packet packet = hello(7);
    struct rill_udp_info info;
    struct packet_facts facts;
    rill_conn conn[3];
    uint8_t bytes[8];

    (void)state;
    rill_udp_options_default(&options);
    options.flags = RILL_UDP_REUSE_ADDRESS;
    for (int i = 0; i < 3; i++) {
        const struct rill_endpoint any = {.port = 7};

        assert_int_equal(rill_udp_open(host.stack, &options, &conn[i]), 0);
        assert_int_equal(rill_udp_bind(host.stack, conn[i], i == 2 ? &specific : &any), 0);
    }
    packet.destination = udp_end(10, 0, 0, 255, 7);
    udp_host_datagram(&host, &packet);
    packet.destination = udp_end(255, 255, 255, 255, 7);
    udp_host_datagram(&host, &packet);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(rill_udp_receive_from(host.stack, conn[i], bytes, sizeof bytes, 0, &info), 5);
        assert_true(info.broadcast);
        udp_host_expect_text(&host, conn[i], "hello");
    }
    udp_host_expect_nothing(&host, conn[2]);
    packet.destination.port = 8; /* R768-3: silence */
    udp_host_datagram(&host, &packet);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_UDP_NO_SOCKET), 1);
    assert_false(udp_host_sent(&host, host.netif, &facts));
}

static void a_group_that_nobody_joined_is_dropped_by_name(void **state)
{
    rill_conn conn = udp_host_bound(&host, 7);
    struct udp_packet packet = hello(7);
    struct packet_facts facts;

    (void)state;
    packet.destination = udp_end(224, 0, 0, 251, 7);
    udp_host_datagram(&host, &packet);
    udp_host_expect_nothing(&host, conn);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_UDP_MULTICAST), 1);
    assert_false(udp_host_sent(&host, host.netif, &facts));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_host, close_host)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_datagram_to_a_bound_port_is_received_whole),
        TEST(an_empty_datagram_is_a_datagram),
        TEST(a_wrong_checksum_is_dropped_by_name),
        TEST(a_checksum_of_zero_says_that_there_is_none),
        TEST(bytes_behind_the_datagram_are_not_delivered),
        TEST(a_wrong_length_is_dropped_by_name),
        TEST(an_impossible_source_is_dropped),
        TEST(our_own_address_as_source_is_dropped_by_name),
        TEST(the_address_that_was_hit_is_told),
        TEST(ttl_and_tos_of_a_datagram_are_told),
        TEST(what_does_not_fit_is_cut_off_and_told),
        TEST(peeking_leaves_the_datagram),
        TEST(a_borrowed_datagram_stays_until_it_is_consumed),
        TEST(readable_is_told_for_what_came_since_the_last_look),
        TEST(a_small_datagram_does_not_hold_on_to_a_big_buffer),
        TEST(a_full_queue_drops_by_name_and_takes_again_when_read),
        TEST(a_flood_leaves_memory_for_others),
        TEST(a_flood_in_a_drivers_buffers_leaves_memory_for_others),
        TEST(a_broadcast_comes_to_everyone_who_has_the_port),
        TEST(a_group_that_nobody_joined_is_dropped_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
