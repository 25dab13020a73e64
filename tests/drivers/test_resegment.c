/* Received super-segments as the packets that a wire would have carried. */
#include <stdlib.h>
#include <string.h>

#include "drivers/resegment.h"
#include "drivers/trains.h"
#include "support/cmocka_all.h"
#include "wire/train.h"

struct fixture {
    uint8_t payload[65280];
    uint8_t bytes[65536]; /* the super-segment */
    struct rill_packet packet;
};

static void make_super(struct fixture *f, uint32_t payload_bytes, uint16_t segment_bytes)
{
    struct rill_train train;
    stream_fill(f->payload, 0, sizeof f->payload);
    make_train(&train, 77, f->payload, payload_bytes, segment_bytes);
    train_prepare_offload(&train);
    memcpy(f->bytes, train.header, train.header_bytes);
    memcpy(f->bytes + train.header_bytes, f->payload, payload_bytes);
    f->packet = (struct rill_packet){
        .data = f->bytes,
        .length_bytes = train.header_bytes + payload_bytes,
        .segment_bytes = payload_bytes > segment_bytes ? segment_bytes : 0,
        .flags = RILL_PACKET_CHECKSUM_OK,
    };
}

static void a_super_segment_becomes_its_segments(void **state)
{
    struct fixture f;
    struct rill_train train;
    struct train_cursor cursor = {0};
    uint32_t next = 77;
    (void)state;
    make_super(&f, 10000, 1448);
    assert_true(resegment(&f.packet, &train));
    assert_int_equal(train_packet_count(&train), 7);
    for (uint32_t i = 0; i < 7; i++) {
        uint8_t packet[1500];
        struct packet_facts segment;
        size_t bytes = train_cut(&train, &cursor, i, packet, sizeof packet);
        assert_true(packet_is_right(packet, (uint32_t)bytes, &segment));
        assert_int_equal(segment.seq, next);
        assert_true(data_is_stream(&segment, 77));
        assert_int_equal((segment.flags & TCP_PSH) != 0, i == 6);
        next += (uint32_t)segment.payload_bytes;
    }
    assert_int_equal(next, 77 + 10000);
}

static void a_single_segment_gets_the_checksum_that_the_device_left_out(void **state)
{
    struct fixture f;
    struct rill_train train;
    struct train_cursor cursor = {0};
    uint8_t packet[1500];
    struct packet_facts segment;
    (void)state;
    make_super(&f, 500, 1448);
    assert_false(packet_is_right(f.bytes, f.packet.length_bytes, &segment));
    assert_true(resegment(&f.packet, &train));
    assert_int_equal(train_cut(&train, &cursor, 0, packet, sizeof packet), 552);
    assert_true(packet_is_right(packet, 552, &segment));
}

static void a_segment_without_data_is_one_packet(void **state)
{
    struct fixture f;
    struct rill_train train;
    struct train_cursor cursor = {0};
    uint8_t packet[1500];
    struct packet_facts segment;
    (void)state;
    make_super(&f, 0, 1448);
    assert_true(resegment(&f.packet, &train));
    assert_int_equal(train_packet_count(&train), 1);
    assert_int_equal(train_cut(&train, &cursor, 0, packet, sizeof packet), 52);
    assert_true(packet_is_right(packet, 52, &segment));
}

static void bytes_behind_the_ip_packet_are_left_out(void **state)
{
    struct fixture f;
    struct rill_train train;
    (void)state;
    make_super(&f, 500, 1448);
    f.packet.length_bytes += 6;
    assert_true(resegment(&f.packet, &train));
    assert_int_equal(train.payload_bytes, 500);
}

static void udp_over_ipv6_gets_its_checksum(void **state)
{
    uint8_t bytes[40 + 8 + 5] = {0x60, 0, 0, 0, 0, 13, 17, 64};
    struct rill_packet packet = {.data = bytes, .length_bytes = sizeof bytes, .flags = RILL_PACKET_CHECKSUM_OK};
    struct rill_train train;
    struct train_cursor cursor = {0};
    uint8_t out[sizeof bytes];
    (void)state;
    bytes[23] = 1;
    bytes[39] = 2;
    bytes[45] = 13; /* UDP length */
    memcpy(bytes + 48, "hello", 5);
    assert_true(resegment(&packet, &train));
    assert_int_equal(train_cut(&train, &cursor, 0, out, sizeof out), sizeof bytes);
    assert_null(packet_check(out, sizeof out, NULL));
    assert_int_not_equal(get_be16(out + 46), 0);
}

static void every_truncation_is_refused(void **state)
{
    struct fixture f;
    struct rill_train train;
    (void)state;
    make_super(&f, 100, 1448);
    uint32_t whole = f.packet.length_bytes;
    for (uint32_t length = 0; length < whole; length++) {
        uint8_t *exact = malloc(length + 1); /* so that reading past the end shows under ASan */
        memcpy(exact + 1, f.bytes, length);
        f.packet.data = exact + 1;
        f.packet.length_bytes = length;
        assert_false(resegment(&f.packet, &train));
        free(exact);
    }
}

static void headers_that_lie_are_refused(void **state)
{
    struct fixture f;
    struct rill_train train;
    (void)state;
    const struct {
        uint32_t at;
        uint8_t value;
    } lies[] = {
        {0, 0x44},  /* IPv4 header of 16 bytes */
        {0, 0x4F},  /* of 60: the TCP header then begins in the middle of the data, with a data offset past the end */
        {0, 0x50},  /* version 5 */
        {6, 0x20},  /* more fragments */
        {7, 0x01},  /* a fragment's offset */
        {9, 0x01},  /* ICMP */
        {32, 0x40}, /* data offset 4 */
        {2, 0xFF},  /* total length longer than the packet */
    };
    for (unsigned i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        make_super(&f, 8, 1448);
        f.bytes[lies[i].at] = lies[i].value;
        assert_false(resegment(&f.packet, &train));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_super_segment_becomes_its_segments),
        cmocka_unit_test(a_single_segment_gets_the_checksum_that_the_device_left_out),
        cmocka_unit_test(a_segment_without_data_is_one_packet),
        cmocka_unit_test(bytes_behind_the_ip_packet_are_left_out),
        cmocka_unit_test(udp_over_ipv6_gets_its_checksum),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(headers_that_lie_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
