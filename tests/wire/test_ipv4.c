/* src/wire/ipv4.c: every way in which a header can be wrong. */
#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "support/packet_check.h"
#include "wire/ipv4.h"

#define PACKET_BYTES 40u

static const struct ipv4_header SAMPLE = {
    .source = 0x0a4d0001,
    .destination = 0x0a4d0002,
    .header_bytes = 20,
    .tos = 0xb9,
    .ttl = 61,
    .protocol = IP_PROTOCOL_TCP,
    .total_bytes = PACKET_BYTES,
    .id = 0xfedc,
    .fragment_offset_bytes = 0,
    .dont_fragment = true,
    .more_fragments = false,
};

static void put_right_checksum(uint8_t *packet, size_t header_bytes)
{
    put_be16(packet + 10, 0);
    put_be16(packet + 10, (uint16_t)~naive_sum(0, packet, header_bytes));
}

static void make_packet(uint8_t packet[PACKET_BYTES])
{
    memset(packet, 0, PACKET_BYTES);
    ipv4_build(packet, &SAMPLE);
}

/* Parse from a heap block of exactly these bytes, so that reading past them is caught. */
static enum rill_drop parse_exact(const uint8_t *packet, size_t length_bytes, struct ipv4_header *out)
{
    uint8_t *block = malloc(length_bytes + (length_bytes == 0));
    enum rill_drop verdict;

    assert_non_null(block);
    memcpy(block, packet, length_bytes);
    verdict = ipv4_parse(block, length_bytes, out);
    free(block);
    return verdict;
}

/* A header with these option bytes (a multiple of 4, at most 40) and no payload. */
static enum rill_drop parse_with_options(const uint8_t *options, size_t option_bytes)
{
    uint8_t packet[60] = {0};
    struct ipv4_header out;

    ipv4_build(packet, &SAMPLE);
    packet[0] = (uint8_t)(0x45 + option_bytes / 4);
    put_be16(packet + 2, (uint16_t)(20 + option_bytes));
    memcpy(packet + 20, options, option_bytes);
    put_right_checksum(packet, 20 + option_bytes);
    return parse_exact(packet, 20 + option_bytes, &out);
}

static void assert_same_header(const struct ipv4_header *a, const struct ipv4_header *b)
{
    assert_int_equal(a->source, b->source);
    assert_int_equal(a->destination, b->destination);
    assert_int_equal(a->header_bytes, b->header_bytes);
    assert_int_equal(a->tos, b->tos);
    assert_int_equal(a->ttl, b->ttl);
    assert_int_equal(a->protocol, b->protocol);
    assert_int_equal(a->total_bytes, b->total_bytes);
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->fragment_offset_bytes, b->fragment_offset_bytes);
    assert_int_equal(a->dont_fragment, b->dont_fragment);
    assert_int_equal(a->more_fragments, b->more_fragments);
}

static void built_header_parses_to_the_same_fields(void **state)
{
    uint8_t packet[PACKET_BYTES];
    struct ipv4_header out;

    (void)state;
    make_packet(packet);
    assert_int_equal(parse_exact(packet, sizeof packet, &out), RILL_DROP_NONE);
    assert_same_header(&out, &SAMPLE);
}

static void built_header_is_right_byte_for_byte(void **state)
{
    const uint8_t expected[20] = {0x45, 0xb9, 0x00, 0x28, 0xfe, 0xdc, 0x40, 0x00, 0x3d, 0x06,
                                  0x00, 0x00, 0x0a, 0x4d, 0x00, 0x01, 0x0a, 0x4d, 0x00, 0x02};
    uint8_t packet[PACKET_BYTES];

    (void)state;
    make_packet(packet);
    assert_int_equal(naive_sum(0, packet, 20), 0xffff);
    put_be16(packet + 10, 0);
    assert_memory_equal(packet, expected, sizeof expected);
}

static void template_leaves_length_and_checksum_zero(void **state)
{
    uint8_t whole[20], template[20];

    (void)state;
    memset(template, 0xee, sizeof template);
    ipv4_build(whole, &SAMPLE);
    ipv4_build_template(template, &SAMPLE);
    assert_int_equal(get_be16(template + 2), 0);
    assert_int_equal(get_be16(template + 10), 0);
    put_be16(template + 2, SAMPLE.total_bytes);
    put_right_checksum(template, 20);
    assert_memory_equal(template, whole, sizeof whole);
}

static void every_fragment_field_survives_build_and_parse(void **state)
{
    (void)state;
    for (uint32_t offset = 0; offset <= 65528; offset += 8) {
        for (unsigned flags = 0; flags < 4; flags++) {
            struct ipv4_header header = SAMPLE, out;
            uint8_t packet[PACKET_BYTES] = {0};

            header.fragment_offset_bytes = (uint16_t)offset;
            header.dont_fragment = (flags & 1) != 0;
            header.more_fragments = (flags & 2) != 0;
            ipv4_build(packet, &header);
            assert_int_equal(ipv4_parse(packet, sizeof packet, &out), RILL_DROP_NONE);
            assert_same_header(&out, &header);
        }
    }
}

/* IP4-01: version and header length, all 256 first bytes, checksum right for what the byte says. */
/* R791-1, with the two that follow and the flipped bits of the header */
static void IP4_01_only_version_4_with_a_header_that_fits_is_taken(void **state)
{
    (void)state;
    for (unsigned first = 0; first <= 0xff; first++) {
        size_t header_bytes = (first & 0xf) * 4u;
        uint8_t packet[PACKET_BYTES];
        struct ipv4_header out;
        enum rill_drop expected = RILL_DROP_NONE;

        make_packet(packet);
        packet[0] = (uint8_t)first;
        if (header_bytes >= 20 && header_bytes <= PACKET_BYTES)
            put_right_checksum(packet, header_bytes);
        if (first >> 4 != 4)
            expected = RILL_DROP_IP_VERSION;
        else if (header_bytes < 20 || header_bytes > PACKET_BYTES)
            expected = RILL_DROP_IP_HEADER_LENGTH;
        assert_int_equal(parse_exact(packet, sizeof packet, &out), expected);
        if (expected == RILL_DROP_NONE)
            assert_int_equal(out.header_bytes, header_bytes);
    }
}

static void IP4_01_header_length_60_in_a_24_byte_packet_is_dropped(void **state)
{
    uint8_t packet[PACKET_BYTES];
    struct ipv4_header out;

    (void)state;
    make_packet(packet);
    packet[0] = 0x4f;
    put_be16(packet + 2, 24);
    assert_int_equal(parse_exact(packet, 24, &out), RILL_DROP_IP_HEADER_LENGTH);
}

static void every_truncation_is_dropped_by_name(void **state)
{
    uint8_t packet[PACKET_BYTES];
    struct ipv4_header out;

    (void)state;
    make_packet(packet);
    for (size_t length = 0; length < PACKET_BYTES; length++)
        assert_int_equal(parse_exact(packet, length, &out),
                         length < 20 ? RILL_DROP_IP_SHORT : RILL_DROP_IP_TOTAL_LENGTH);
}

static void total_length_is_held_to_header_and_packet(void **state)
{
    (void)state;
    for (uint32_t total = 0; total <= 0xffff; total++) {
        uint8_t packet[PACKET_BYTES];
        struct ipv4_header out;
        bool fits = total >= 20 && total <= PACKET_BYTES;

        make_packet(packet);
        put_be16(packet + 2, (uint16_t)total);
        put_right_checksum(packet, 20);
        assert_int_equal(ipv4_parse(packet, sizeof packet, &out), fits ? RILL_DROP_NONE : RILL_DROP_IP_TOTAL_LENGTH);
        if (fits)
            assert_int_equal(out.total_bytes, total);
    }
}

static void total_length_below_a_header_with_options_is_dropped(void **state)
{
    (void)state;
    for (uint16_t total = 0; total <= 24; total++) {
        uint8_t packet[PACKET_BYTES];
        struct ipv4_header out;

        make_packet(packet);
        packet[0] = 0x46;
        put_be16(packet + 2, total);
        put_right_checksum(packet, 24);
        assert_int_equal(parse_exact(packet, sizeof packet, &out),
                         total < 24 ? RILL_DROP_IP_TOTAL_LENGTH : RILL_DROP_NONE);
    }
}

/* R791-2 */
static void padding_behind_the_total_length_is_allowed(void **state)
{
    uint8_t padded[64] = {0};
    struct ipv4_header out;

    (void)state;
    make_packet(padded);
    memset(padded + PACKET_BYTES, 0xff, sizeof padded - PACKET_BYTES);
    assert_int_equal(parse_exact(padded, sizeof padded, &out), RILL_DROP_NONE);
    assert_int_equal(out.total_bytes, PACKET_BYTES);
}

static void every_flipped_bit_of_the_header_is_caught(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 20 * 8; bit++) {
        uint8_t packet[PACKET_BYTES];
        struct ipv4_header out;

        make_packet(packet);
        packet[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        assert_int_not_equal(parse_exact(packet, sizeof packet, &out), RILL_DROP_NONE);
    }
}

static void every_flipped_bit_of_the_longest_header_is_caught(void **state)
{
    uint8_t good[60] = {0};
    struct ipv4_header out;

    (void)state;
    ipv4_build(good, &SAMPLE);
    good[0] = 0x4f;
    put_be16(good + 2, 60);
    memset(good + 20, 1, 40);
    put_right_checksum(good, 60);
    assert_int_equal(parse_exact(good, 60, &out), RILL_DROP_NONE);
    for (unsigned bit = 0; bit < 60 * 8; bit++) {
        uint8_t packet[60];

        memcpy(packet, good, sizeof packet);
        packet[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        assert_int_not_equal(parse_exact(packet, sizeof packet, &out), RILL_DROP_NONE);
    }
}

static void a_checksum_field_of_zero_is_not_taken_on_trust(void **state)
{
    uint8_t packet[PACKET_BYTES];
    struct ipv4_header out;

    (void)state;
    make_packet(packet);
    put_be16(packet + 10, 0);
    assert_int_equal(parse_exact(packet, sizeof packet, &out), RILL_DROP_IP_CHECKSUM);
}

/* IP4-03: each option block of the row. */
static void IP4_03_option_of_length_0_is_dropped(void **state)
{
    const uint8_t options[40] = {0x07, 0x00};

    (void)state;
    assert_int_equal(parse_with_options(options, sizeof options), RILL_DROP_IP_OPTIONS);
}

static void IP4_03_option_of_length_1_is_dropped(void **state)
{
    const uint8_t options[40] = {0x07, 0x01};

    (void)state;
    assert_int_equal(parse_with_options(options, sizeof options), RILL_DROP_IP_OPTIONS);
}

static void IP4_03_option_past_the_header_is_dropped_and_one_that_fits_is_not(void **state)
{
    (void)state;
    for (unsigned length = 2; length <= 0xff; length++) {
        uint8_t options[40] = {0x44, (uint8_t)length};

        assert_int_equal(parse_with_options(options, sizeof options),
                         length <= 40 ? RILL_DROP_NONE : RILL_DROP_IP_OPTIONS);
    }
}

static void IP4_03_option_without_room_for_its_length_is_dropped(void **state)
{
    const uint8_t options[4] = {1, 1, 1, 0x44};

    (void)state;
    assert_int_equal(parse_with_options(options, sizeof options), RILL_DROP_IP_OPTIONS);
}

static void IP4_03_source_routes_are_dropped(void **state)
{
    const uint8_t loose[8] = {0x83, 0x07, 0x04, 10, 0, 0, 1, 0};
    const uint8_t strict[8] = {1, 0x89, 0x07, 0x04, 10, 0, 0, 1};
    const uint8_t repeated[12] = {0x83, 0x03, 0xff, 0x89, 0x03, 0xff, 0x83, 0x03, 0xff, 0x89, 0x03, 0xff};

    (void)state;
    assert_int_equal(parse_with_options(loose, sizeof loose), RILL_DROP_IP_OPTIONS);
    assert_int_equal(parse_with_options(strict, sizeof strict), RILL_DROP_IP_OPTIONS);
    assert_int_equal(parse_with_options(repeated, sizeof repeated), RILL_DROP_IP_OPTIONS);
}

/* RFC 791 3.1: what follows the end of the list is padding, whatever it looks like. */
static void IP4_03_bytes_behind_the_end_of_options_are_padding(void **state)
{
    const uint8_t options[8] = {0x00, 0x83, 0x07, 0x04, 10, 0, 0, 1};

    (void)state;
    assert_int_equal(parse_with_options(options, sizeof options), RILL_DROP_NONE);
}

/* R791-8 */
static void options_of_every_kind_and_length_end_by_name(void **state)
{
    (void)state;
    for (unsigned kind = 2; kind <= 0xff; kind++) {
        for (unsigned length = 0; length <= 0xff; length++) {
            uint8_t options[12] = {(uint8_t)kind, (uint8_t)length, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
            bool sound = length >= 2 && length <= sizeof options && kind != 0x83 && kind != 0x89;

            assert_int_equal(parse_with_options(options, sizeof options),
                             sound ? RILL_DROP_NONE : RILL_DROP_IP_OPTIONS);
        }
    }
}

static void forty_nops_are_walked(void **state)
{
    uint8_t options[40];

    (void)state;
    memset(options, 1, sizeof options);
    assert_int_equal(parse_with_options(options, sizeof options), RILL_DROP_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_header_parses_to_the_same_fields),
        cmocka_unit_test(built_header_is_right_byte_for_byte),
        cmocka_unit_test(template_leaves_length_and_checksum_zero),
        cmocka_unit_test(every_fragment_field_survives_build_and_parse),
        cmocka_unit_test(IP4_01_only_version_4_with_a_header_that_fits_is_taken),
        cmocka_unit_test(IP4_01_header_length_60_in_a_24_byte_packet_is_dropped),
        cmocka_unit_test(every_truncation_is_dropped_by_name),
        cmocka_unit_test(total_length_is_held_to_header_and_packet),
        cmocka_unit_test(total_length_below_a_header_with_options_is_dropped),
        cmocka_unit_test(padding_behind_the_total_length_is_allowed),
        cmocka_unit_test(every_flipped_bit_of_the_header_is_caught),
        cmocka_unit_test(every_flipped_bit_of_the_longest_header_is_caught),
        cmocka_unit_test(a_checksum_field_of_zero_is_not_taken_on_trust),
        cmocka_unit_test(IP4_03_option_of_length_0_is_dropped),
        cmocka_unit_test(IP4_03_option_of_length_1_is_dropped),
        cmocka_unit_test(IP4_03_option_past_the_header_is_dropped_and_one_that_fits_is_not),
        cmocka_unit_test(IP4_03_option_without_room_for_its_length_is_dropped),
        cmocka_unit_test(IP4_03_source_routes_are_dropped),
        cmocka_unit_test(IP4_03_bytes_behind_the_end_of_options_are_padding),
        cmocka_unit_test(options_of_every_kind_and_length_end_by_name),
        cmocka_unit_test(forty_nops_are_walked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
