/* src/wire/train.c against a segmenter written from the RFCs, one byte at a time. */
#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "base/types.h"
#include "support/packet_check.h"
#include "wire/train.h"
#include "wire/vnet.h"

#define PAYLOAD_MAX RILL_TRAIN_PAYLOAD_MAX
#define PACKET_MAX 65535u

static uint8_t payload[PAYLOAD_MAX];
static uint64_t random_state;

static uint32_t random_below(uint32_t bound)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % bound);
}

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v / 256 % 256);
    p[1] = (uint8_t)(v % 256);
}

static uint32_t get16(const uint8_t *p)
{
    return p[0] * 256u + p[1];
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v / 65536);
    put16(p + 2, v % 65536);
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) * 65536u + get16(p + 2);
}

/* ------------------------------------------------------------------- trains */

/* A TCP template with option_bytes of NOPs; addresses, id, sequence number and ack are drawn. */
static void make_template(struct rill_train *train, uint8_t version, uint32_t option_bytes, uint8_t flags)
{
    uint8_t *ip = train->header;
    uint8_t *tcp;

    memset(train, 0, sizeof *train);
    train->ip_version = version;
    train->protocol = 6;
    train->transport_start = version == 4 ? 20 : 40;
    train->header_bytes = (uint16_t)(train->transport_start + 20 + option_bytes);
    for (size_t i = 0; i < train->transport_start; i++)
        ip[i] = (uint8_t)random_below(256);
    ip[0] = version == 4 ? 0x45 : 0x60;
    if (version == 4) {
        put16(ip + 2, 0);
        put16(ip + 6, 0x4000);
        ip[8] = 64;
        ip[9] = 6;
        put16(ip + 10, 0);
    } else {
        put16(ip + 4, 0);
        ip[6] = 6;
        ip[7] = 64;
    }
    tcp = ip + train->transport_start;
    memset(tcp, 1, 20 + option_bytes);
    put32(tcp + 4, 0xffffffffu - random_below(100000));
    tcp[12] = (uint8_t)((20 + option_bytes) / 4 * 16);
    tcp[13] = flags;
    put16(tcp + 16, 0);
    put16(tcp + 18, flags & 0x20 ? random_below(65536) : 0);
}

/*
 * Lend the payload in slices of random lengths, some of them empty. They lie
 * in memory last first and with gaps, so that running on past one is seen.
 */
static void lend_payload(struct rill_train *train, uint32_t payload_bytes, uint32_t segment_bytes, uint32_t slices)
{
    static uint8_t lent[PAYLOAD_MAX + RILL_SLICES_MAX];
    uint8_t *end = lent + sizeof lent;
    uint32_t at = 0;

    memset(lent, 0xdd, sizeof lent);
    train->payload_bytes = payload_bytes;
    train->segment_bytes = (uint16_t)segment_bytes;
    train->slice_count = (uint16_t)slices;
    for (uint32_t i = 0; i < slices; i++) {
        uint32_t left = payload_bytes - at;
        uint32_t length = i + 1 < slices ? random_below(min_u32(left, left * 2 / (slices - i)) + 1) : left;

        end -= length;
        memcpy(end, payload + at, length);
        train->slices[i] = (struct rill_slice){end, length};
        end -= 1;
        at += length;
    }
    assert_int_equal(at, payload_bytes);
}

static void draw_train(struct rill_train *train, uint32_t payload_max)
{
    make_template(train, random_below(2) ? 4 : 6, 4 * random_below(11), (uint8_t)random_below(256));
    lend_payload(train, random_below(4) == 0 ? random_below(3) : random_below(payload_max + 1),
                 1 + random_below(random_below(2) ? 1500 : 9000), 1 + random_below(RILL_SLICES_MAX));
}

/* -------------------------------------------------------------- the naive way */

static void naive_patch_tcp(uint8_t *tcp, uint32_t offset, bool is_first, bool is_last)
{
    put32(tcp + 4, get32(tcp + 4) + offset);
    if (!is_last)
        tcp[13] = (uint8_t)(tcp[13] - (tcp[13] & 0x01) - (tcp[13] & 0x08));
    if (!is_first)
        tcp[13] = (uint8_t)(tcp[13] - (tcp[13] & 0x80));
    if (!is_first && tcp[13] & 0x20) {
        int64_t pointer = (int64_t)get16(tcp + 18) - offset;

        if (pointer <= 0) {
            pointer = 0;
            tcp[13] -= 0x20;
        }
        put16(tcp + 18, (uint32_t)pointer);
    }
}

static void naive_finish(const struct rill_train *train, uint8_t *packet, size_t total)
{
    uint8_t *field = packet + train->transport_start + 16;

    if (train->ip_version == 4) {
        put16(packet + 2, (uint32_t)total);
        put16(packet + 10, 0);
        put16(packet + 10, 65535u - naive_sum(0, packet, train->transport_start));
    } else {
        put16(packet + 4, (uint32_t)total - 40);
    }
    put16(field, 0);
    put16(field, 65535u - naive_transport_sum(packet, train->transport_start, total, 6));
}

/* Packet `index` of the train, all of whose payload lies at payload[0]. */
static size_t naive_cut(const struct rill_train *train, uint32_t index, uint8_t *packet)
{
    size_t start = (size_t)index * train->segment_bytes;
    size_t end = start + train->segment_bytes;
    size_t total;

    if (end > train->payload_bytes)
        end = train->payload_bytes;
    memcpy(packet, train->header, train->header_bytes);
    memcpy(packet + train->header_bytes, payload + start, end - start);
    total = train->header_bytes + (end - start);
    if (train->ip_version == 4)
        put16(packet + 4, get16(packet + 4) + index);
    naive_patch_tcp(packet + train->transport_start, (uint32_t)start, index == 0, end == train->payload_bytes);
    naive_finish(train, packet, total);
    return total;
}

/* Cut into a heap block of exactly the packet's size. */
static uint8_t *cut_exact(const struct rill_train *train, struct train_cursor *cursor, uint32_t index, size_t *bytes)
{
    uint8_t *block;

    *bytes = train_packet_bytes(train, index);
    block = malloc(*bytes);
    assert_non_null(block);
    assert_int_equal(train_cut(train, cursor, index, block, *bytes), *bytes);
    return block;
}

static void assert_cut_equals_naive(const struct rill_train *train)
{
    static uint8_t expected[PACKET_MAX];
    struct train_cursor cursor = {0};
    uint32_t count = train_packet_count(train);
    size_t payload_seen = 0;

    for (uint32_t index = 0; index < count; index++) {
        size_t bytes;
        uint8_t *packet = cut_exact(train, &cursor, index, &bytes);
        struct packet_facts facts;

        assert_int_equal(bytes, naive_cut(train, index, expected));
        assert_memory_equal(packet, expected, bytes);
        assert_null(packet_check(packet, bytes, &facts));
        payload_seen += facts.payload_bytes;
        free(packet);
    }
    assert_int_equal(payload_seen, train->payload_bytes);
    assert_int_equal(train_packet_bytes(train, count), 0);
}

static int fill_payload(void **state)
{
    (void)state;
    random_state = 20260101;
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)random_below(256);
    return 0;
}

/* ---------------------------------------------------------------------- cut */

static void cutting_equals_the_naive_segmenter(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 1500; round++) {
        struct rill_train train;

        draw_train(&train, 8000);
        assert_cut_equals_naive(&train);
    }
}

static void cutting_the_longest_trains_equals_the_naive_segmenter(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 40; round++) {
        struct rill_train train;

        make_template(&train, round % 2 ? 4 : 6, 12, 0x18);
        lend_payload(&train, PAYLOAD_MAX - random_below(3), 500 + random_below(60000),
                     1 + random_below(RILL_SLICES_MAX));
        assert_cut_equals_naive(&train);
    }
}

static void one_byte_segments_are_cut(void **state)
{
    struct rill_train train;

    (void)state;
    make_template(&train, 4, 0, 0x19);
    lend_payload(&train, 300, 1, RILL_SLICES_MAX);
    assert_int_equal(train_packet_count(&train), 300);
    assert_cut_equals_naive(&train);
}

static void a_train_without_payload_is_one_packet(void **state)
{
    struct rill_train train;

    (void)state;
    make_template(&train, 4, 20, 0x02);
    train.segment_bytes = 1460;
    assert_int_equal(train_packet_count(&train), 1);
    assert_int_equal(train_packet_bytes(&train, 0), 60);
    assert_cut_equals_naive(&train);
    train.segment_bytes = 0;
    assert_int_equal(train_packet_count(&train), 1);
    assert_cut_equals_naive(&train);
}

static void counts_round_up(void **state)
{
    struct rill_train train;

    (void)state;
    make_template(&train, 4, 0, 0x10);
    for (uint32_t bytes = 1; bytes <= 5000; bytes++) {
        lend_payload(&train, bytes, 1000, 1);
        assert_int_equal(train_packet_count(&train), (bytes + 999) / 1000);
    }
}

static void fin_and_psh_are_on_the_last_packet_only_and_cwr_on_the_first(void **state)
{
    const unsigned expected[3] = {0x10 | 0x80, 0x10, 0x10 | 0x01 | 0x08};
    struct train_cursor cursor = {0};
    struct rill_train train;

    (void)state;
    make_template(&train, 4, 0, 0x10 | 0x01 | 0x08 | 0x80);
    lend_payload(&train, 3000, 1000, 3);
    for (uint32_t index = 0; index < 3; index++) {
        struct packet_facts facts;
        size_t bytes;
        uint8_t *packet = cut_exact(&train, &cursor, index, &bytes);

        assert_null(packet_check(packet, bytes, &facts));
        assert_int_equal(facts.flags, expected[index]);
        free(packet);
    }
}

/* The pointer names the octet behind the urgent data (RFC 9293 3.1), 1500 bytes from the train's start. */
static void the_urgent_pointer_moves_with_the_packets_until_it_lies_behind(void **state)
{
    const unsigned pointers[4] = {1500, 500, 0, 0};
    const unsigned flags[4] = {0x30, 0x30, 0x10, 0x10};
    struct train_cursor cursor = {0};
    struct rill_train train;

    (void)state;
    make_template(&train, 4, 0, 0x30);
    put16(train.header + 20 + 18, 1500);
    lend_payload(&train, 4000, 1000, 2);
    for (uint32_t index = 0; index < 4; index++) {
        struct packet_facts facts;
        size_t bytes;
        uint8_t *packet = cut_exact(&train, &cursor, index, &bytes);

        assert_null(packet_check(packet, bytes, &facts));
        assert_int_equal(facts.flags, flags[index]);
        assert_int_equal(facts.urgent, pointers[index]);
        free(packet);
    }
}

static void an_urgent_pointer_at_a_packets_first_byte_lies_behind_it(void **state)
{
    struct train_cursor cursor = {0};
    struct packet_facts facts;
    struct rill_train train;
    uint8_t *packet;
    size_t bytes;

    (void)state;
    make_template(&train, 4, 0, 0x30);
    put16(train.header + 20 + 18, 1000);
    lend_payload(&train, 2000, 1000, 2);
    packet = cut_exact(&train, &cursor, 1, &bytes);
    assert_null(packet_check(packet, bytes, &facts));
    assert_int_equal(facts.flags, 0x10);
    free(packet);
}

static void ids_count_up_and_wrap(void **state)
{
    struct train_cursor cursor = {0};
    struct rill_train train;

    (void)state;
    make_template(&train, 4, 0, 0x10);
    put16(train.header + 4, 0xfffe);
    lend_payload(&train, 4000, 1000, 4);
    for (uint32_t index = 0; index < 4; index++) {
        struct packet_facts facts;
        size_t bytes;
        uint8_t *packet = cut_exact(&train, &cursor, index, &bytes);

        assert_null(packet_check(packet, bytes, &facts));
        assert_int_equal(facts.ip_id, (0xfffe + index) % 65536);
        free(packet);
    }
}

static void any_order_of_indices_gives_the_same_packets(void **state)
{
    static uint8_t expected[PACKET_MAX];
    struct train_cursor cursor = {0};

    (void)state;
    for (unsigned round = 0; round < 300; round++) {
        struct rill_train train;

        draw_train(&train, 8000);
        for (unsigned i = 0; i < 20; i++) {
            uint32_t index = random_below(train_packet_count(&train));
            size_t bytes;
            uint8_t *packet;

            memset(&cursor, 0, random_below(2) ? sizeof cursor : 0);
            packet = cut_exact(&train, &cursor, index, &bytes);
            assert_int_equal(bytes, naive_cut(&train, index, expected));
            assert_memory_equal(packet, expected, bytes);
            free(packet);
        }
        memset(&cursor, 0, sizeof cursor);
    }
}

static void ip_options_are_part_of_the_header_checksum(void **state)
{
    struct train_cursor cursor = {0};
    struct rill_train train;
    uint8_t packet[100];

    (void)state;
    make_template(&train, 4, 0, 0x10);
    memmove(train.header + 24, train.header + 20, 20);
    memcpy(train.header + 20, "\1\1\1\0", 4);
    train.header[0] = 0x46;
    train.transport_start = 24;
    train.header_bytes = 44;
    lend_payload(&train, 50, 50, 2);
    assert_int_equal(train_cut(&train, &cursor, 0, packet, sizeof packet), 94);
    assert_null(packet_check(packet, 94, NULL));
}

static void nothing_is_written_without_room(void **state)
{
    struct train_cursor cursor = {0};
    struct rill_train train;
    uint8_t packet[140];

    (void)state;
    make_template(&train, 4, 0, 0x10);
    lend_payload(&train, 100, 100, 2);
    memset(packet, 0xee, sizeof packet);
    for (size_t capacity = 0; capacity < sizeof packet; capacity++)
        assert_int_equal(train_cut(&train, &cursor, 0, packet, capacity), 0);
    for (size_t i = 0; i < sizeof packet; i++)
        assert_int_equal(packet[i], 0xee);
    assert_int_equal(train_cut(&train, &cursor, 0, packet, sizeof packet), sizeof packet);
}

static void there_is_no_packet_behind_the_last(void **state)
{
    struct train_cursor cursor = {0};
    struct rill_train train;
    uint8_t packet[200];

    (void)state;
    make_template(&train, 4, 0, 0x10);
    lend_payload(&train, 300, 100, 2);
    assert_int_equal(train_cut(&train, &cursor, 2, packet, sizeof packet), 140);
    assert_int_equal(train_cut(&train, &cursor, 3, packet, sizeof packet), 0);
    assert_int_equal(train_cut(&train, &cursor, UINT32_MAX, packet, sizeof packet), 0);
}

static void trains_that_lie_are_not_cut(void **state)
{
    static uint8_t packet[PACKET_MAX];
    struct rill_train good, train;
    struct train_cursor cursor = {0};

    (void)state;
    make_template(&good, 4, 0, 0x10);
    lend_payload(&good, 300, 300, 2);
    train = good;
    train.slices[1].length_bytes -= 1;
    assert_int_equal(train_cut(&train, &cursor, 0, packet, sizeof packet), 0);
    train = good;
    train.slice_count = 0;
    assert_int_equal(train_cut(&train, &cursor, 0, packet, sizeof packet), 0);
    train = good;
    train.segment_bytes = 100;
    train.slices[0].length_bytes = 50;
    train.slice_count = 1;
    assert_int_equal(train_cut(&train, &cursor, 2, packet, sizeof packet), 0);
    train = good;
    train.slice_count = RILL_SLICES_MAX + 1;
    train.payload_bytes = 1000;
    train.segment_bytes = 1000;
    assert_int_equal(train_cut(&train, &cursor, 0, packet, sizeof packet), 0);
    train = good;
    train.header_bytes = 39;
    assert_int_equal(train_cut(&train, &cursor, 0, packet, sizeof packet), 0);
    train = good;
    train.header_bytes = RILL_HEADER_BYTES_MAX + 1;
    assert_int_equal(train_cut(&train, &cursor, 0, packet, sizeof packet), 0);
    train = good;
    train.transport_start = 19;
    assert_int_equal(train_cut(&train, &cursor, 0, packet, sizeof packet), 0);
    assert_int_equal(train_cut(&good, &cursor, 0, packet, sizeof packet), 340);
}

/* Header and payload together wrap to 39 bytes, which would pass for a packet that fits. */
static void a_payload_of_four_gibibytes_does_not_wrap(void **state)
{
    struct train_cursor cursor = {0};
    struct rill_train train;
    uint8_t packet[60];

    (void)state;
    make_template(&train, 4, 0, 0x10);
    train.protocol = 1;
    train.payload_bytes = UINT32_MAX;
    memset(packet, 0xee, sizeof packet);
    assert_int_equal(train_cut(&train, &cursor, 0, packet, 39), 0);
    assert_int_equal(packet[39], 0xee);
    assert_int_equal(packet[0], 0xee);
}

/* ---------------------------------------------------------- other protocols */

static void icmp_keeps_its_bytes_and_gets_its_ip_header(void **state)
{
    struct train_cursor cursor = {0};
    struct packet_facts facts;
    struct rill_train train;
    uint8_t packet[64], message[20] = {8, 0, 0, 0, 0x12, 0x34, 0, 1, 'p', 'i', 'n', 'g'};

    (void)state;
    put16(message + 2, 65535u - naive_sum(0, message, sizeof message));
    make_template(&train, 4, 0, 0);
    train.protocol = 1;
    train.header[9] = 1;
    train.header_bytes = 20;
    train.segment_bytes = 4;
    train.payload_bytes = sizeof message;
    train.slice_count = 1;
    train.slices[0] = (struct rill_slice){message, sizeof message};
    assert_int_equal(train_packet_count(&train), 1);
    assert_int_equal(train_cut(&train, &cursor, 0, packet, sizeof packet), 40);
    assert_null(packet_check(packet, 40, &facts));
    assert_memory_equal(packet + 20, message, sizeof message);
}

static void make_udp(struct rill_train *train, uint8_t version)
{
    make_template(train, version, 0, 0);
    train->protocol = 17;
    train->header[version == 4 ? 9 : 6] = 17;
    train->header_bytes = (uint16_t)(train->transport_start + 8);
    lend_payload(train, 2, 2000, 1);
    put32(train->header + train->transport_start, 0x12345678);
    put16(train->header + train->transport_start + 4, 10);
    put16(train->header + train->transport_start + 6, 0);
}

static void udp_gets_its_checksum(void **state)
{
    (void)state;
    for (uint8_t version = 4; version <= 6; version += 2) {
        struct train_cursor cursor = {0};
        struct rill_train train;
        uint8_t packet[64];
        size_t bytes;

        make_udp(&train, version);
        bytes = train_cut(&train, &cursor, 0, packet, sizeof packet);
        assert_int_equal(bytes, train.header_bytes + 2u);
        assert_null(packet_check(packet, bytes, NULL));
    }
}

/* RFC 768: a checksum that comes out as 0 is sent as all ones. One of the 65,536 payloads makes it so. */
static void a_udp_checksum_is_never_sent_as_zero(void **state)
{
    struct rill_train train;
    unsigned all_ones = 0;

    (void)state;
    make_udp(&train, 4);
    for (uint32_t value = 0; value <= 0xffff; value++) {
        uint8_t body[2], packet[64];
        struct train_cursor cursor = {0};

        put16(body, value);
        train.slices[0].data = body;
        assert_int_equal(train_cut(&train, &cursor, 0, packet, sizeof packet), 30);
        assert_int_not_equal(get16(packet + 26), 0);
        all_ones += get16(packet + 26) == 0xffff;
    }
    assert_in_range(all_ones, 1, 2);
}

/* ------------------------------------------------------------------ offload */

/*
 * What Linux does with a packet behind a virtio-net header: the checksum field
 * holds the pseudo-header's sum for the whole; each segment's own is put there
 * and completed over its bytes.
 */
static size_t device_cut(const struct vnet_header *vnet, const uint8_t *whole, size_t whole_bytes, uint32_t index,
                         uint8_t *packet)
{
    size_t start = vnet->checksum_start;
    size_t header_bytes = start + whole[start + 12] / 16 * 4u;
    size_t unit = vnet->segmentation == VNET_GSO_NONE ? whole_bytes - header_bytes : vnet->segment_bytes;
    size_t from = header_bytes + index * unit;
    size_t to = from + unit < whole_bytes ? from + unit : whole_bytes;
    size_t bytes = header_bytes + (to - from);
    uint32_t sum = get16(whole + start + vnet->checksum_offset);

    memcpy(packet, whole, header_bytes);
    memcpy(packet + header_bytes, whole + from, to - from);
    if (vnet->segmentation == VNET_GSO_TCPV6) {
        put16(packet + 4, (uint32_t)bytes - 40);
    } else if (vnet->segmentation == VNET_GSO_TCPV4) {
        put16(packet + 2, (uint32_t)bytes);
        put16(packet + 4, get16(packet + 4) + index);
        put16(packet + 10, 0);
        put16(packet + 10, 65535u - naive_sum(0, packet, start));
    }
    naive_patch_tcp(packet + start, (uint32_t)(index * unit), index == 0, to == whole_bytes);
    sum += 65535u - (uint32_t)(whole_bytes - start) + (uint32_t)(bytes - start);
    put16(packet + start + vnet->checksum_offset, 0);
    sum = naive_sum(sum, packet + start, bytes - start);
    put16(packet + start + vnet->checksum_offset, 65535u - sum);
    return bytes;
}

static size_t flatten(const struct rill_train *train, uint8_t *whole)
{
    memcpy(whole, train->header, train->header_bytes);
    memcpy(whole + train->header_bytes, payload, train->payload_bytes);
    return train->header_bytes + train->payload_bytes;
}

static void a_device_cuts_a_prepared_train_as_train_cut_does(void **state)
{
    static uint8_t whole[PACKET_MAX], by_device[PACKET_MAX];

    (void)state;
    for (unsigned round = 0; round < 800; round++) {
        struct rill_train train, prepared;
        struct train_cursor cursor = {0};
        struct vnet_header vnet;
        size_t whole_bytes;

        make_template(&train, round % 2 ? 4 : 6, 4 * random_below(11), (uint8_t)(random_below(256) & ~0x20u));
        lend_payload(&train, random_below(8000), 1 + random_below(3000), 1 + random_below(RILL_SLICES_MAX));
        prepared = train;
        train_prepare_offload(&prepared);
        vnet_for_train(&prepared, &vnet);
        assert_true(vnet.needs_checksum);
        whole_bytes = flatten(&prepared, whole);
        for (uint32_t index = 0; index < train_packet_count(&train); index++) {
            size_t bytes;
            uint8_t *packet = cut_exact(&train, &cursor, index, &bytes);

            assert_int_equal(device_cut(&vnet, whole, whole_bytes, index, by_device), bytes);
            assert_memory_equal(by_device, packet, bytes);
            free(packet);
        }
    }
}

static void a_prepared_train_has_a_right_ip_header_for_the_whole(void **state)
{
    struct rill_train train;

    (void)state;
    make_template(&train, 4, 12, 0x10);
    lend_payload(&train, 60000, 1448, 20);
    train_prepare_offload(&train);
    assert_int_equal(get16(train.header + 2), 60052);
    assert_int_equal(naive_sum(0, train.header, 20), 0xffff);
    make_template(&train, 6, 12, 0x10);
    lend_payload(&train, 60000, 1428, 20);
    train_prepare_offload(&train);
    assert_int_equal(get16(train.header + 4), 60032);
}

static void a_prepared_train_can_still_be_cut(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 100; round++) {
        struct rill_train train, prepared;
        struct train_cursor first = {0}, second = {0};

        draw_train(&train, 8000);
        prepared = train;
        train_prepare_offload(&prepared);
        for (uint32_t index = 0; index < train_packet_count(&train); index++) {
            size_t bytes;
            uint8_t *a = cut_exact(&train, &first, index, &bytes);
            uint8_t *b = cut_exact(&prepared, &second, index, &bytes);

            assert_memory_equal(a, b, bytes);
            free(a);
            free(b);
        }
    }
}

static void a_train_that_lies_is_not_prepared(void **state)
{
    struct rill_train train, before;

    (void)state;
    make_template(&train, 4, 0, 0x10);
    train.transport_start = RILL_HEADER_BYTES_MAX;
    before = train;
    train_prepare_offload(&train);
    assert_memory_equal(train.header, before.header, sizeof train.header);
}

static void preparing_icmp_leaves_its_bytes_alone(void **state)
{
    struct rill_train train;
    uint8_t before[8];

    (void)state;
    make_template(&train, 4, 0, 0);
    train.protocol = 1;
    train.header[9] = 1;
    memcpy(before, train.header + 20, sizeof before);
    train_prepare_offload(&train);
    assert_int_equal(naive_sum(0, train.header, 20), 0xffff);
    assert_memory_equal(train.header + 20, before, sizeof before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cutting_equals_the_naive_segmenter),
        cmocka_unit_test(cutting_the_longest_trains_equals_the_naive_segmenter),
        cmocka_unit_test(one_byte_segments_are_cut),
        cmocka_unit_test(a_train_without_payload_is_one_packet),
        cmocka_unit_test(counts_round_up),
        cmocka_unit_test(fin_and_psh_are_on_the_last_packet_only_and_cwr_on_the_first),
        cmocka_unit_test(the_urgent_pointer_moves_with_the_packets_until_it_lies_behind),
        cmocka_unit_test(an_urgent_pointer_at_a_packets_first_byte_lies_behind_it),
        cmocka_unit_test(ids_count_up_and_wrap),
        cmocka_unit_test(any_order_of_indices_gives_the_same_packets),
        cmocka_unit_test(ip_options_are_part_of_the_header_checksum),
        cmocka_unit_test(nothing_is_written_without_room),
        cmocka_unit_test(there_is_no_packet_behind_the_last),
        cmocka_unit_test(trains_that_lie_are_not_cut),
        cmocka_unit_test(a_payload_of_four_gibibytes_does_not_wrap),
        cmocka_unit_test(icmp_keeps_its_bytes_and_gets_its_ip_header),
        cmocka_unit_test(udp_gets_its_checksum),
        cmocka_unit_test(a_udp_checksum_is_never_sent_as_zero),
        cmocka_unit_test(a_device_cuts_a_prepared_train_as_train_cut_does),
        cmocka_unit_test(a_prepared_train_has_a_right_ip_header_for_the_whole),
        cmocka_unit_test(a_prepared_train_can_still_be_cut),
        cmocka_unit_test(a_train_that_lies_is_not_prepared),
        cmocka_unit_test(preparing_icmp_leaves_its_bytes_alone),
    };

    return cmocka_run_group_tests(tests, fill_payload, NULL);
}
