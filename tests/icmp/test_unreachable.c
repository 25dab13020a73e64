/* src/icmp/unreachable.c: who is told that nobody takes a packet, what it carries, and how often. */
#include <string.h>

#include "base/bytes.h"
#include "support/udp_host.h"
#include "wire/ipv4.h"

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

static struct udp_packet to_closed_port(void)
{
    return (struct udp_packet){
        .source = udp_end(10, 0, 0, 9, 9999), .destination = udp_end(10, 0, 0, 2, 7), .data = "hello", .data_bytes = 5};
}

static void expect_silence(void)
{
    struct packet_facts facts;

    assert_false(udp_host_sent(&host, host.netif, &facts));
    assert_false(udp_host_sent(&host, host.other_netif, &facts));
}

static unsigned errors_sent(void)
{
    struct packet_facts facts;
    unsigned n = 0;

    while (udp_host_sent(&host, host.netif, &facts)) {
        assert_int_equal(facts.protocol, 1);
        n++;
    }
    return n;
}

/* A packet of any protocol and options, from anybody. */
static uint32_t raw_packet(uint8_t *to, uint32_t source, uint8_t protocol, const uint8_t *options,
                           uint32_t option_bytes, const uint8_t *payload, uint32_t payload_bytes)
{
    const uint32_t header_bytes = 20 + option_bytes, total = header_bytes + payload_bytes;
    const struct ipv4_header header = {
        .source = source, .destination = 0x0a000002, .ttl = 64, .protocol = protocol, .total_bytes = (uint16_t)total};
    uint16_t checksum;

    ipv4_build(to, &header);
    to[0] = (uint8_t)(0x40 | header_bytes / 4);
    if (option_bytes > 0)
        memcpy(to + 20, options, option_bytes);
    memcpy(to + header_bytes, payload, payload_bytes);
    put_be16(to + 10, 0);
    checksum = (uint16_t)~naive_sum(0, to, header_bytes);
    put_be16(to + 10, checksum);
    return total;
}

/* R768-3, R792-5 */
static void a_datagram_for_nobody_is_answered_with_port_unreachable(void **state)
{
    const struct udp_packet packet = to_closed_port();
    uint8_t bytes[UDP_HOST_PACKET_MAX];
    uint32_t n = udp_packet_write(bytes, &packet);
    struct packet_facts facts;

    (void)state;
    udp_host_arrives(&host, bytes, n);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_UDP_NO_SOCKET), 1);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    assert_int_equal(facts.protocol, 1);
    assert_int_equal(facts.icmp_type, 3);
    assert_int_equal(facts.icmp_code, 3);
    assert_memory_equal(host.sent + 12, "\x0a\0\0\x02\x0a\0\0\x09", 8);
    assert_int_equal(facts.payload_bytes, n);
    assert_memory_equal(facts.payload, bytes, n);
    expect_silence();
}

/* RFC 1812 4.3.2.3: the quote is as long as 576 bytes allow. */
static void a_long_datagram_is_quoted_up_to_576_bytes(void **state)
{
    struct udp_packet packet = to_closed_port();
    uint8_t data[1400] = {0};
    struct packet_facts facts;

    (void)state;
    packet.data = data;
    packet.data_bytes = sizeof data;
    udp_host_datagram(&host, &packet);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    assert_int_equal(facts.payload_bytes, 576 - 28);
}

/* R792-5 */
static void an_unknown_protocol_is_answered_with_protocol_unreachable(void **state)
{
    uint8_t bytes[64];
    struct packet_facts facts;

    (void)state;
    udp_host_arrives(&host, bytes, raw_packet(bytes, 0x0a000009, 253, NULL, 0, (const uint8_t *)"data", 4));
    assert_true(udp_host_sent(&host, host.netif, &facts));
    assert_int_equal(facts.icmp_type, 3);
    assert_int_equal(facts.icmp_code, 2);
    expect_silence();
}

/* R792-2, R768-3 */
static void nobody_is_told_about_broadcasts_or_impossible_sources(void **state)
{
    struct udp_packet packet = to_closed_port();

    (void)state;
    packet.destination = udp_end(10, 0, 0, 255, 7);
    udp_host_datagram(&host, &packet);
    packet.destination = udp_end(255, 255, 255, 255, 7);
    udp_host_datagram(&host, &packet);
    packet.destination = udp_end(224, 0, 0, 1, 7);
    udp_host_datagram(&host, &packet);
    packet = to_closed_port();
    packet.source = udp_end(224, 0, 0, 1, 7);
    udp_host_datagram(&host, &packet);
    packet.source = udp_end(10, 0, 0, 255, 7);
    udp_host_datagram(&host, &packet);
    packet.source = udp_end(0, 0, 0, 0, 7);
    udp_host_datagram(&host, &packet);
    expect_silence();
}

/* R792-2: ICM-05. An error that quotes an ICMP error, and one that quotes nothing of ours. */
static void an_error_is_never_answered_with_an_error(void **state)
{
    uint8_t quoted[64], icmp[28] = {3, 1};
    uint32_t n = raw_packet(quoted, 0x0a000002, 1, NULL, 0, icmp, sizeof icmp);

    (void)state;
    udp_host_icmp_error(&host, 3, 3, 0, quoted, n);
    n = raw_packet(quoted, 0x0a000002, 17, NULL, 0, icmp, sizeof icmp);
    udp_host_icmp_error(&host, 3, 3, 0, quoted, n);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_ICMP_NO_CONNECTION), 2);
    expect_silence();
}

/* ICM-05: requests for time, address mask and routers are not answered. */
static void other_requests_are_not_answered(void **state)
{
    static const uint8_t types[] = {13, 15, 17, 18, 10};

    (void)state;
    for (unsigned i = 0; i < sizeof types; i++)
        udp_host_icmp_error(&host, types[i], 0, 0, (const uint8_t *)"twelve bytes", 12);
    expect_silence();
}

/* IP4-03: option blocks in a datagram to a closed port. What is quoted is quoted as it came, and read by nobody. */
static void options_of_the_offender_are_neither_obeyed_nor_harmful(void **state)
{
    static const uint8_t blocks[][8] = {{7, 0, 0, 0},          {7, 1, 0, 0},          {0x44, 0x28, 0, 0},
                                        {0x83, 3, 0xff, 0x89}, {0, 0x83, 0x07, 0x04}, {1, 1, 1, 0}};
    const uint8_t udp[8] = {0, 1, 0, 7, 0, 8, 0, 0};
    unsigned answered = 0;

    (void)state;
    for (unsigned i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        uint8_t bytes[64];
        uint32_t n = raw_packet(bytes, 0x0a000009, 17, blocks[i], 4, udp, sizeof udp);
        struct packet_facts facts;

        udp_host_arrives(&host, bytes, n);
        while (udp_host_sent(&host, host.netif, &facts)) {
            answered++;
            assert_int_equal(facts.payload_bytes, n);
            assert_int_equal(host.sent[0], 0x45); /* no options of the answer's own */
        }
    }
    assert_int_equal(answered, 2); /* the two sound ones: behind the end of the list nothing is read */
    assert_int_equal(rill_drops(host.stack, RILL_DROP_IP_OPTIONS), 4);
}

/* IP4-06: nothing is taken out of its wrapping. */
static void packets_in_packets_are_an_unknown_protocol(void **state)
{
    uint8_t inner[64], outer[128];
    rill_conn conn = udp_host_bound(&host, 7);
    const uint8_t udp[9] = {0, 1, 0, 7, 0, 9, 0, 0, 'x'};
    uint32_t n = raw_packet(inner, 0x0a000009, 17, NULL, 0, udp, sizeof udp);
    struct packet_facts facts;

    (void)state;
    udp_host_arrives(&host, outer, raw_packet(outer, 0x0a000009, 4, NULL, 0, inner, n));
    udp_host_arrives(&host, outer, raw_packet(outer, 0x0a000009, 41, NULL, 0, inner, n));
    udp_host_expect_nothing(&host, conn);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_IP_PROTOCOL), 2);
    for (int i = 0; i < 2; i++) {
        assert_true(udp_host_sent(&host, host.netif, &facts));
        assert_int_equal(facts.icmp_code, 2);
    }
}

/* R792-5 */
static void one_host_gets_six_errors_a_second(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        udp_host_text(&host, 7, "x");
    assert_int_equal(errors_sent(), 6);
    assert_int_equal(rill_counted(host.stack, RILL_COUNT_ICMP_ERRORS_HELD), 94);
    assert_int_equal(rill_counted(host.stack, RILL_COUNT_ICMP_UNREACHABLE_OUT), 6);
    host.now += 1000000000;
    for (int i = 0; i < 10; i++)
        udp_host_text(&host, 7, "x");
    assert_int_equal(errors_sent(), 6);
}

/* What the attacker's own probe is answered after so many probes with another's address. */
static unsigned answered_after(unsigned spoofed, bool one_source)
{
    struct udp_packet packet = to_closed_port();
    unsigned sent;

    for (unsigned i = 0; i < spoofed; i++) {
        uint8_t low = (uint8_t)(one_source ? 1 : i % 250 + 1), high = (uint8_t)(one_source ? 0 : i / 250);

        packet.source = udp_end(192, 168, high, low, 53);
        udp_host_datagram(&host, &packet);
        (void)errors_sent();
    }
    packet.source = udp_end(203, 0, 113, 5, 53);
    udp_host_datagram(&host, &packet);
    sent = errors_sent();
    host.now += 20000000;
    return sent;
}

/*
 * ICM-06, CVE-2020-25705: whether probes with somebody else's address found closed ports cannot be counted by one's
 * own answers. 50 windows of 20 ms; one's own rate stays under its limit.
 */
static void answers_to_one_host_say_nothing_of_answers_to_others(void **state)
{
    unsigned quiet = 0, one = 0, many = 0;

    (void)state;
    for (int i = 0; i < 50; i++) {
        host.now += 1000000000;
        quiet += answered_after(0, true);
        host.now += 1000000000;
        one += answered_after(1000, true);
        host.now += 1000000000;
        many += answered_after(1000, false);
    }
    assert_int_equal(quiet, 50);
    assert_in_range(one, 49, 50); /* one place in 1,024 is shared, another one each second */
    assert_in_range(many, 49, 50);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_host, close_host)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_datagram_for_nobody_is_answered_with_port_unreachable),
        TEST(a_long_datagram_is_quoted_up_to_576_bytes),
        TEST(an_unknown_protocol_is_answered_with_protocol_unreachable),
        TEST(nobody_is_told_about_broadcasts_or_impossible_sources),
        TEST(an_error_is_never_answered_with_an_error),
        TEST(other_requests_are_not_answered),
        TEST(options_of_the_offender_are_neither_obeyed_nor_harmful),
        TEST(packets_in_packets_are_an_unknown_protocol),
        TEST(one_host_gets_six_errors_a_second),
        TEST(answers_to_one_host_say_nothing_of_answers_to_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
