/* src/wire/vnet.c against VIRTIO 1.2 5.1.6 and what Linux's TUN takes. */
#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "wire/train.h"
#include "wire/vnet.h"

static int parse_exact(const uint8_t *data, size_t length_bytes, struct vnet_header *out)
{
    uint8_t *block = malloc(length_bytes + (length_bytes == 0));
    int verdict;

    assert_non_null(block);
    memcpy(block, data, length_bytes);
    verdict = vnet_parse(block, length_bytes, out);
    free(block);
    return verdict;
}

static void fields_are_little_endian_at_their_places(void **state)
{
    const uint8_t data[VNET_HEADER_BYTES] = {0x03, 0x81, 0x34, 0x12, 0xa8, 0x05, 0x14, 0x00, 0x10, 0x00};
    struct vnet_header out;

    (void)state;
    assert_int_equal(parse_exact(data, sizeof data, &out), 0);
    assert_true(out.needs_checksum);
    assert_true(out.data_valid);
    assert_true(out.ecn);
    assert_int_equal(out.segmentation, VNET_GSO_TCPV4);
    assert_int_equal(out.header_bytes, 0x1234);
    assert_int_equal(out.segment_bytes, 1448);
    assert_int_equal(out.checksum_start, 20);
    assert_int_equal(out.checksum_offset, 16);
}

static void every_truncation_is_refused(void **state)
{
    const uint8_t data[VNET_HEADER_BYTES] = {0};
    struct vnet_header out;

    (void)state;
    for (size_t length = 0; length < VNET_HEADER_BYTES; length++)
        assert_int_equal(parse_exact(data, length, &out), -1);
}

static void unknown_segmentation_types_are_refused(void **state)
{
    (void)state;
    for (unsigned type = 0; type <= 0xff; type++) {
        const uint8_t data[VNET_HEADER_BYTES] = {0, (uint8_t)type};
        unsigned base = type & 0x7f;
        struct vnet_header out;

        assert_int_equal(parse_exact(data, sizeof data, &out),
                         base == 0 || base == 1 || base == 3 || base == 4 ? 0 : -1);
    }
}

static void every_known_header_survives_build_and_parse(void **state)
{
    const uint8_t types[] = {VNET_GSO_NONE, VNET_GSO_TCPV4, VNET_GSO_UDP, VNET_GSO_TCPV6};

    (void)state;
    for (unsigned i = 0; i < 32; i++) {
        struct vnet_header header = {
            .needs_checksum = (i & 1) != 0,
            .data_valid = (i & 2) != 0,
            .ecn = (i & 4) != 0,
            .segmentation = types[i >> 3],
            .header_bytes = (uint16_t)(i * 2049),
            .segment_bytes = (uint16_t)(0xffff - i),
            .checksum_start = (uint16_t)(i * 257),
            .checksum_offset = (uint16_t)(i * 1021),
        };
        uint8_t data[VNET_HEADER_BYTES];
        struct vnet_header out;

        vnet_build(data, &header);
        assert_int_equal(parse_exact(data, sizeof data, &out), 0);
        assert_int_equal(out.needs_checksum, header.needs_checksum);
        assert_int_equal(out.data_valid, header.data_valid);
        assert_int_equal(out.ecn, header.ecn);
        assert_int_equal(out.segmentation, header.segmentation);
        assert_int_equal(out.header_bytes, header.header_bytes);
        assert_int_equal(out.segment_bytes, header.segment_bytes);
        assert_int_equal(out.checksum_start, header.checksum_start);
        assert_int_equal(out.checksum_offset, header.checksum_offset);
    }
}

static struct rill_train sample_train(uint8_t version, uint8_t protocol)
{
    struct rill_train train = {
        .header_bytes = (uint16_t)((version == 4 ? 20 : 40) + 32),
        .transport_start = version == 4 ? 20 : 40,
        .segment_bytes = 1000,
        .payload_bytes = 2500,
        .protocol = protocol,
        .ip_version = version,
    };

    return train;
}

static void a_tcp_train_asks_for_checksum_and_segmentation(void **state)
{
    struct rill_train train = sample_train(4, 6);
    const uint8_t expected[VNET_HEADER_BYTES] = {1, 1, 52, 0, 0xe8, 0x03, 20, 0, 16, 0};
    uint8_t data[VNET_HEADER_BYTES];
    struct vnet_header out;

    (void)state;
    vnet_for_train(&train, &out);
    vnet_build(data, &out);
    assert_memory_equal(data, expected, sizeof expected);
}

static void a_tcp_train_over_ipv6_asks_for_tcpv6(void **state)
{
    struct rill_train train = sample_train(6, 6);
    const uint8_t expected[VNET_HEADER_BYTES] = {1, 4, 72, 0, 0xe8, 0x03, 40, 0, 16, 0};
    uint8_t data[VNET_HEADER_BYTES];
    struct vnet_header out;

    (void)state;
    vnet_for_train(&train, &out);
    vnet_build(data, &out);
    assert_memory_equal(data, expected, sizeof expected);
}

static void one_packet_asks_for_its_checksum_only(void **state)
{
    const uint32_t payloads[] = {0, 1, 999, 1000};

    (void)state;
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
        struct rill_train train = sample_train(4, 6);
        struct vnet_header out;

        train.payload_bytes = payloads[i];
        vnet_for_train(&train, &out);
        assert_true(out.needs_checksum);
        assert_int_equal(out.segmentation, VNET_GSO_NONE);
        assert_int_equal(out.segment_bytes, 0);
        assert_int_equal(out.checksum_start, 20);
        assert_int_equal(out.checksum_offset, 16);
    }
}

static void without_a_segment_size_there_is_no_segmentation(void **state)
{
    struct rill_train train = sample_train(4, 6);
    struct vnet_header out;

    (void)state;
    train.segment_bytes = 0;
    vnet_for_train(&train, &out);
    assert_int_equal(out.segmentation, VNET_GSO_NONE);
}

static void a_transport_header_past_the_template_has_no_flags(void **state)
{
    struct rill_train *train = malloc(sizeof *train);
    struct vnet_header out;

    (void)state;
    assert_non_null(train);
    *train = sample_train(4, 6);
    train->transport_start = 0xffff;
    vnet_for_train(train, &out);
    assert_false(out.ecn);
    free(train);
}

static void cwr_is_told_to_the_device(void **state)
{
    struct rill_train train = sample_train(4, 6);
    struct vnet_header out;

    (void)state;
    train.header[20 + 13] = 0x80;
    vnet_for_train(&train, &out);
    assert_true(out.ecn);
}

static void icmp_asks_for_nothing(void **state)
{
    struct rill_train train = sample_train(4, 1);
    const uint8_t expected[VNET_HEADER_BYTES] = {0};
    uint8_t data[VNET_HEADER_BYTES];
    struct vnet_header out;

    (void)state;
    vnet_for_train(&train, &out);
    vnet_build(data, &out);
    assert_memory_equal(data, expected, sizeof expected);
}

static void udp_asks_for_its_checksum_at_6(void **state)
{
    struct rill_train train = sample_train(4, 17);
    struct vnet_header out;

    (void)state;
    vnet_for_train(&train, &out);
    assert_true(out.needs_checksum);
    assert_int_equal(out.checksum_offset, 6);
    assert_int_equal(out.segmentation, VNET_GSO_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_little_endian_at_their_places),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(unknown_segmentation_types_are_refused),
        cmocka_unit_test(every_known_header_survives_build_and_parse),
        cmocka_unit_test(a_tcp_train_asks_for_checksum_and_segmentation),
        cmocka_unit_test(a_tcp_train_over_ipv6_asks_for_tcpv6),
        cmocka_unit_test(one_packet_asks_for_its_checksum_only),
        cmocka_unit_test(without_a_segment_size_there_is_no_segmentation),
        cmocka_unit_test(a_transport_header_past_the_template_has_no_flags),
        cmocka_unit_test(cwr_is_told_to_the_device),
        cmocka_unit_test(icmp_asks_for_nothing),
        cmocka_unit_test(udp_asks_for_its_checksum_at_6),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
