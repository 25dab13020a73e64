/* src/wire/icmp4.c: messages and the datagrams that errors quote. */
#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "support/packet_check.h"
#include "wire/icmp4.h"
#include "wire/ipv4.h"

static enum rill_drop parse_exact(const uint8_t *data, size_t length_bytes, struct icmp4_message *out)
{
    uint8_t *block = malloc(length_bytes + (length_bytes == 0));
    enum rill_drop verdict;

    assert_non_null(block);
    memcpy(block, data, length_bytes);
    verdict = icmp4_parse(block, length_bytes, out);
    if (verdict == RILL_DROP_NONE)
        out->body = data + (out->body - block);
    free(block);
    return verdict;
}

/* The body in a heap block of its own size, so that reading past it is caught. */
static enum rill_drop quote_exact(uint8_t type, const uint8_t *body, uint32_t body_bytes, struct icmp4_quote *out)
{
    uint8_t *block = malloc(body_bytes + (body_bytes == 0));
    struct icmp4_message message = {.type = type, .body = block, .body_bytes = body_bytes};
    enum rill_drop verdict;

    assert_non_null(block);
    memcpy(block, body, body_bytes);
    verdict = icmp4_parse_quote(&message, out);
    free(block);
    return verdict;
}

/* The first 28 bytes of a datagram of ours: 20 of IPv4, 8 of TCP. */
static void make_quote(uint8_t body[28], uint8_t protocol)
{
    const struct ipv4_header header = {
        .source = 0x0a4d0002,
        .destination = 0xc0a80001,
        .ttl = 3,
        .protocol = protocol,
        .total_bytes = 1500,
        .dont_fragment = true,
    };
    const uint8_t transport[8] = {0x9c, 0x40, 0x01, 0xbb, 0xff, 0xff, 0xff, 0xfe};

    ipv4_build(body, &header);
    memcpy(body + 20, transport, sizeof transport);
}

static void an_echo_request_survives_build_and_parse(void **state)
{
    const uint8_t body[] = "some data, odd";
    struct icmp4_message message = {
        .type = ICMP4_ECHO_REQUEST, .echo_id = 0x1234, .echo_sequence = 0xfedc, .body = body};
    uint8_t data[64];

    (void)state;
    for (message.body_bytes = 0; message.body_bytes < sizeof body; message.body_bytes++) {
        struct icmp4_message out;

        assert_int_equal(icmp4_build(data, sizeof data, &message), 8 + message.body_bytes);
        assert_int_equal(naive_sum(0, data, 8 + message.body_bytes), 0xffff);
        assert_int_equal(parse_exact(data, 8 + message.body_bytes, &out), RILL_DROP_NONE);
        assert_int_equal(out.type, ICMP4_ECHO_REQUEST);
        assert_int_equal(out.code, 0);
        assert_int_equal(out.echo_id, 0x1234);
        assert_int_equal(out.echo_sequence, 0xfedc);
        assert_int_equal(out.next_hop_mtu, 0);
        assert_int_equal(out.body_bytes, message.body_bytes);
        assert_memory_equal(out.body, body, message.body_bytes);
    }
}

static void fragmentation_needed_carries_the_next_hop_mtu(void **state)
{
    struct icmp4_message message = {
        .type = ICMP4_UNREACHABLE, .code = ICMP4_FRAGMENTATION_NEEDED, .next_hop_mtu = 1280, .echo_id = 7};
    struct icmp4_message out;
    uint8_t data[8];

    (void)state;
    assert_int_equal(icmp4_build(data, sizeof data, &message), 8);
    assert_int_equal(get_be16(data + 4), 0);
    assert_int_equal(get_be16(data + 6), 1280);
    assert_int_equal(parse_exact(data, sizeof data, &out), RILL_DROP_NONE);
    assert_int_equal(out.next_hop_mtu, 1280);
    assert_int_equal(out.echo_id, 0);
}

static void other_codes_carry_no_mtu(void **state)
{
    (void)state;
    for (unsigned code = 0; code <= 0xff; code++) {
        struct icmp4_message message = {.type = ICMP4_UNREACHABLE, .code = (uint8_t)code, .next_hop_mtu = 1280};
        struct icmp4_message out;
        uint8_t data[8];

        icmp4_build(data, sizeof data, &message);
        assert_int_equal(parse_exact(data, sizeof data, &out), RILL_DROP_NONE);
        assert_int_equal(out.next_hop_mtu, code == ICMP4_FRAGMENTATION_NEEDED ? 1280 : 0);
    }
}

static void a_message_without_room_is_not_built(void **state)
{
    const uint8_t body[4] = {1, 2, 3, 4};
    struct icmp4_message message = {.type = ICMP4_ECHO_REPLY, .body = body, .body_bytes = sizeof body};
    uint8_t data[12];

    (void)state;
    for (size_t capacity = 0; capacity < sizeof data; capacity++)
        assert_int_equal(icmp4_build(data, capacity, &message), 0);
    assert_int_equal(icmp4_build(data, sizeof data, &message), sizeof data);
}

static void fewer_than_eight_bytes_are_short(void **state)
{
    const uint8_t data[8] = {0};
    struct icmp4_message out;

    (void)state;
    for (size_t length = 0; length < 8; length++)
        assert_int_equal(parse_exact(data, length, &out), RILL_DROP_ICMP_SHORT);
}

static void every_type_and_length_is_read_within_its_bytes(void **state)
{
    (void)state;
    for (unsigned type = 0; type <= 0xff; type++) {
        for (size_t length = 8; length <= 64; length++) {
            uint8_t data[64] = {0};
            struct icmp4_message out;
            struct icmp4_quote quote;

            data[0] = (uint8_t)type;
            memset(data + 8, 0x45, length - 8);
            put_be16(data + 2, (uint16_t)~naive_sum(0, data, length));
            assert_int_equal(parse_exact(data, length, &out), RILL_DROP_NONE);
            assert_int_equal(out.type, type);
            assert_int_equal(out.body_bytes, length - 8);
            if (length < 8 + 28)
                assert_int_not_equal(quote_exact(out.type, data + 8, out.body_bytes, &quote), RILL_DROP_NONE);
        }
    }
}

static void every_flipped_bit_is_caught(void **state)
{
    const uint8_t body[5] = {1, 2, 3, 4, 5};
    struct icmp4_message message = {.type = ICMP4_ECHO_REQUEST, .echo_id = 1, .body = body, .body_bytes = sizeof body};
    struct icmp4_message out;
    uint8_t data[13];

    (void)state;
    icmp4_build(data, sizeof data, &message);
    for (unsigned bit = 0; bit < 8 * sizeof data; bit++) {
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(parse_exact(data, sizeof data, &out), RILL_DROP_ICMP_CHECKSUM);
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void a_quoted_tcp_segment_is_read(void **state)
{
    struct icmp4_quote quote;
    uint8_t body[28];

    (void)state;
    make_quote(body, IP_PROTOCOL_TCP);
    assert_int_equal(quote_exact(ICMP4_UNREACHABLE, body, sizeof body, &quote), RILL_DROP_NONE);
    assert_int_equal(quote.source, 0x0a4d0002);
    assert_int_equal(quote.destination, 0xc0a80001);
    assert_int_equal(quote.protocol, IP_PROTOCOL_TCP);
    assert_int_equal(quote.source_port, 40000);
    assert_int_equal(quote.destination_port, 443);
    assert_int_equal(quote.sequence, 0xfffffffe);
    assert_int_equal(quote.total_bytes, 1500);
}

static void a_quoted_udp_datagram_has_ports_and_no_sequence(void **state)
{
    struct icmp4_quote quote;
    uint8_t body[28];

    (void)state;
    make_quote(body, IP_PROTOCOL_UDP);
    assert_int_equal(quote_exact(ICMP4_TIME_EXCEEDED, body, sizeof body, &quote), RILL_DROP_NONE);
    assert_int_equal(quote.source_port, 40000);
    assert_int_equal(quote.sequence, 0);
}

static void a_quoted_echo_has_no_ports(void **state)
{
    struct icmp4_quote quote;
    uint8_t body[28];

    (void)state;
    make_quote(body, IP_PROTOCOL_ICMP);
    assert_int_equal(quote_exact(ICMP4_UNREACHABLE, body, sizeof body, &quote), RILL_DROP_NONE);
    assert_int_equal(quote.source_port, 0);
    assert_int_equal(quote.destination_port, 0);
}

static void a_quote_behind_ip_options_is_read_at_the_right_place(void **state)
{
    uint8_t plain[28], body[68] = {0};
    struct icmp4_quote quote;

    (void)state;
    make_quote(plain, IP_PROTOCOL_TCP);
    memcpy(body, plain, 20);
    body[0] = 0x4f;
    memcpy(body + 60, plain + 20, 8);
    assert_int_equal(quote_exact(ICMP4_UNREACHABLE, body, sizeof body, &quote), RILL_DROP_NONE);
    assert_int_equal(quote.source_port, 40000);
    for (uint32_t length = 0; length < sizeof body; length++)
        assert_int_equal(quote_exact(ICMP4_UNREACHABLE, body, length, &quote), RILL_DROP_ICMP_SHORT);
}

static void only_errors_quote(void **state)
{
    uint8_t body[28];

    (void)state;
    make_quote(body, IP_PROTOCOL_TCP);
    for (unsigned type = 0; type <= 0xff; type++) {
        struct icmp4_quote quote;
        bool is_error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;

        assert_int_equal(quote_exact((uint8_t)type, body, sizeof body, &quote),
                         is_error ? RILL_DROP_NONE : RILL_DROP_ICMP_TYPE);
    }
}

static void a_quote_with_any_other_first_byte_is_refused(void **state)
{
    (void)state;
    for (unsigned first = 0; first <= 0xff; first++) {
        uint8_t body[28];
        struct icmp4_quote quote;
        enum rill_drop expected = RILL_DROP_NONE;

        make_quote(body, IP_PROTOCOL_TCP);
        body[0] = (uint8_t)first;
        if (first >> 4 != 4 || (first & 0xf) < 5)
            expected = RILL_DROP_ICMP_NO_CONNECTION;
        else if ((first & 0xf) > 5)
            expected = RILL_DROP_ICMP_SHORT;
        assert_int_equal(quote_exact(ICMP4_UNREACHABLE, body, sizeof body, &quote), expected);
    }
}

static void ICM_05_a_quoted_later_fragment_has_no_ports_to_trust(void **state)
{
    struct icmp4_quote quote;
    uint8_t body[28];

    (void)state;
    make_quote(body, IP_PROTOCOL_TCP);
    put_be16(body + 6, 0x2001);
    assert_int_equal(quote_exact(ICMP4_UNREACHABLE, body, sizeof body, &quote), RILL_DROP_ICMP_NO_CONNECTION);
    put_be16(body + 6, 0x2000);
    assert_int_equal(quote_exact(ICMP4_UNREACHABLE, body, sizeof body, &quote), RILL_DROP_NONE);
}

static void a_quote_whose_total_length_leaves_no_ports_is_short(void **state)
{
    struct icmp4_quote quote;
    uint8_t body[28];

    (void)state;
    make_quote(body, IP_PROTOCOL_TCP);
    put_be16(body + 2, 27);
    assert_int_equal(quote_exact(ICMP4_UNREACHABLE, body, sizeof body, &quote), RILL_DROP_ICMP_SHORT);
    put_be16(body + 2, 28);
    assert_int_equal(quote_exact(ICMP4_UNREACHABLE, body, sizeof body, &quote), RILL_DROP_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_echo_request_survives_build_and_parse),
        cmocka_unit_test(fragmentation_needed_carries_the_next_hop_mtu),
        cmocka_unit_test(other_codes_carry_no_mtu),
        cmocka_unit_test(a_message_without_room_is_not_built),
        cmocka_unit_test(fewer_than_eight_bytes_are_short),
        cmocka_unit_test(every_type_and_length_is_read_within_its_bytes),
        cmocka_unit_test(every_flipped_bit_is_caught),
        cmocka_unit_test(a_quoted_tcp_segment_is_read),
        cmocka_unit_test(a_quoted_udp_datagram_has_ports_and_no_sequence),
        cmocka_unit_test(a_quoted_echo_has_no_ports),
        cmocka_unit_test(a_quote_behind_ip_options_is_read_at_the_right_place),
        cmocka_unit_test(only_errors_quote),
        cmocka_unit_test(a_quote_with_any_other_first_byte_is_refused),
        cmocka_unit_test(ICM_05_a_quoted_later_fragment_has_no_ports_to_trust),
        cmocka_unit_test(a_quote_whose_total_length_leaves_no_ports_is_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
