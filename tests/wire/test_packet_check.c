/* tests/support/packet_check.c: the checker must find fault, or it proves nothing. */
#include "support/cmocka_all.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "support/packet_check.h"

/* Made by another program. */
static const uint8_t TCP_OVER_IPV4[] = {
    0x45, 0x00, 0x00, 0x39, 0x1c, 0x46, 0x40, 0x00, 0x40, 0x06, 0xb1, 0xe9, 0xac, 0x10, 0x0a, 0x63, 0xac, 0x10, 0x0a,
    0x0c, 0x01, 0xbb, 0xc3, 0x50, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x80, 0x18, 0x01, 0xf6, 0xed, 0xe6,
    0x00, 0x00, 0x01, 0x01, 0x08, 0x0a, 0x00, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x08, 0x68, 0x65, 0x6c, 0x6c, 0x6f};
static const uint8_t TCP_OVER_IPV6[] = {0x60, 0x00, 0x00, 0x00, 0x00, 0x25, 0x06, 0x40, 0x20, 0x01, 0x0d, 0xb8, 0x00,
                                        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x20, 0x01,
                                        0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                        0x02, 0x01, 0xbb, 0xc3, 0x50, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
                                        0x80, 0x18, 0x01, 0xf6, 0xff, 0x01, 0x00, 0x00, 0x01, 0x01, 0x08, 0x0a, 0x00,
                                        0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x08, 0x68, 0x65, 0x6c, 0x6c, 0x6f};
static const uint8_t ECHO_OVER_IPV4[] = {0x45, 0x00, 0x00, 0x1f, 0x1c, 0x46, 0x40, 0x00, 0x40, 0x01, 0xb2,
                                         0x08, 0xac, 0x10, 0x0a, 0x63, 0xac, 0x10, 0x0a, 0x0c, 0x08, 0x00,
                                         0x33, 0x9a, 0x00, 0x01, 0x00, 0x02, 0x61, 0x62, 0x63};

static bool is_right(const uint8_t *packet, size_t length_bytes)
{
    uint8_t *block = malloc(length_bytes + (length_bytes == 0));
    bool right;

    assert_non_null(block);
    memcpy(block, packet, length_bytes);
    right = packet_check(block, length_bytes, NULL) == NULL;
    free(block);
    return right;
}

static unsigned flips_not_noticed(const uint8_t *good, size_t length_bytes)
{
    unsigned count = 0;

    for (size_t bit = 0; bit < length_bytes * 8; bit++) {
        uint8_t packet[200];

        memcpy(packet, good, length_bytes);
        packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
        count += is_right(packet, length_bytes);
    }
    return count;
}

static void right_packets_are_passed(void **state)
{
    (void)state;
    assert_true(is_right(TCP_OVER_IPV4, sizeof TCP_OVER_IPV4));
    assert_true(is_right(TCP_OVER_IPV6, sizeof TCP_OVER_IPV6));
    assert_true(is_right(ECHO_OVER_IPV4, sizeof ECHO_OVER_IPV4));
}

static void facts_are_those_of_the_packet(void **state)
{
    struct packet_facts facts;
    size_t bytes = 0;
    const uint8_t *timestamp;

    (void)state;
    assert_null(packet_check(TCP_OVER_IPV4, sizeof TCP_OVER_IPV4, &facts));
    assert_int_equal(facts.source_port, 443);
    assert_int_equal(facts.destination_port, 50000);
    assert_int_equal(facts.seq, 0x11223344);
    assert_int_equal(facts.ack, 0x55667788);
    assert_int_equal(facts.flags, 0x18);
    assert_int_equal(facts.window, 502);
    assert_int_equal(facts.payload_bytes, 5);
    assert_memory_equal(facts.payload, "hello", 5);
    timestamp = packet_tcp_option(&facts, 8, &bytes);
    assert_non_null(timestamp);
    assert_int_equal(bytes, 8);
    assert_int_equal(timestamp[3], 9);
    assert_null(packet_tcp_option(&facts, 5, &bytes));
}

static void every_flipped_bit_of_ipv4_is_noticed(void **state)
{
    (void)state;
    assert_int_equal(flips_not_noticed(TCP_OVER_IPV4, sizeof TCP_OVER_IPV4), 0);
    assert_int_equal(flips_not_noticed(ECHO_OVER_IPV4, sizeof ECHO_OVER_IPV4), 0);
}

/* IPv6 has no header checksum: traffic class (8 bits), flow label (20) and hop limit (8, but not 0) are anybody's. */
static void every_flipped_bit_of_ipv6_that_is_covered_is_noticed(void **state)
{
    (void)state;
    assert_int_equal(flips_not_noticed(TCP_OVER_IPV6, sizeof TCP_OVER_IPV6), 8 + 20 + 7);
}

static void every_truncation_is_noticed(void **state)
{
    (void)state;
    for (size_t length = 0; length < sizeof TCP_OVER_IPV4; length++)
        assert_false(is_right(TCP_OVER_IPV4, length));
    for (size_t length = 0; length < sizeof TCP_OVER_IPV6; length++)
        assert_false(is_right(TCP_OVER_IPV6, length));
}

static void a_byte_too_many_is_noticed(void **state)
{
    uint8_t packet[sizeof TCP_OVER_IPV4 + 1] = {0};

    (void)state;
    memcpy(packet, TCP_OVER_IPV4, sizeof TCP_OVER_IPV4);
    assert_false(is_right(packet, sizeof packet));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_packets_are_passed),
        cmocka_unit_test(facts_are_those_of_the_packet),
        cmocka_unit_test(every_flipped_bit_of_ipv4_is_noticed),
        cmocka_unit_test(every_flipped_bit_of_ipv6_that_is_covered_is_noticed),
        cmocka_unit_test(every_truncation_is_noticed),
        cmocka_unit_test(a_byte_too_many_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
