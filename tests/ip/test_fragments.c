/* src/ip/fragments.c: which pieces become a datagram, which take it with them, and what all of them may cost. */
#include <string.h>

#include "base/bytes.h"
#include "support/fragments.h"
#include "support/stack_pair.h"
#include "wire/icmp4.h"
#include "wire/ipv4.h"

#define SECOND UINT64_C(1000000000)
#define DATA_MAX 65507u

static struct udp_host host;
static rill_conn conn;
static uint8_t data[DATA_MAX];
static uint8_t whole[UDP_HOST_PACKET_MAX];
static uint32_t whole_bytes;

static int open_host(void **state)
{
    (void)state;
    udp_host_open(&host, 0);
    conn = udp_host_bound(&host, 7);
    for (uint32_t i = 0; i < DATA_MAX; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 24);
    return 0;
}

static int close_host(void **state)
{
    (void)state;
    host.now += 31 * SECOND;
    rill_poll(host.stack, host.now);
    udp_host_close(&host);
    return 0;
}

/* whole is a datagram of so many bytes to port 7. */
static void write_whole(unsigned id, uint32_t data_bytes)
{
    const struct udp_packet packet = {
        .source = udp_end(10, 0, 0, 9, 9999),
        .destination = udp_end(10, 0, 0, 2, 7),
        .data = data,
        .data_bytes = data_bytes,
    };

    whole_bytes = udp_packet_write(whole, &packet);
    header_set_id(whole, id);
}

static void piece(uint32_t offset, uint32_t bytes, bool more)
{
    uint8_t packet[UDP_HOST_PACKET_MAX];

    udp_host_arrives(&host, packet, fragment_write(packet, whole, offset, bytes, more));
}

/* Any protocol, any bytes. */
static void raw_piece(uint8_t protocol, unsigned id, uint32_t offset, uint32_t bytes, bool more)
{
    const struct ipv4_header header = {.source = 0x0a000009,
                                       .destination = 0x0a000002,
                                       .ttl = 64,
                                       .protocol = protocol,
                                       .id = (uint16_t)id,
                                       .total_bytes = (uint16_t)(20 + bytes),
                                       .fragment_offset_bytes = (uint16_t)offset,
                                       .more_fragments = more};
    uint8_t packet[UDP_HOST_PACKET_MAX] = {0};

    ipv4_build(packet, &header);
    udp_host_arrives(&host, packet, 20 + bytes);
}

static void expect_delivered(uint32_t data_bytes)
{
    static uint8_t got[DATA_MAX + 1];

    assert_int_equal(rill_udp_receive_from(host.stack, conn, got, sizeof got, 0, NULL), data_bytes);
    assert_memory_equal(got, data, data_bytes);
    udp_host_expect_event(&host, conn, RILL_READABLE);
}

static void expect_nothing(void)
{
    udp_host_expect_nothing(&host, conn);
    assert_int_equal(fragment_sent(&host), 0);
}

static uint64_t live_bytes(void)
{
    struct rill_memory memory;

    rill_memory(host.stack, &memory);
    return memory.buffer_bytes;
}

static void pass_time(uint64_t ns)
{
    host.now += ns;
    rill_poll(host.stack, host.now);
    assert_true(rill_check(host.stack));
}

/* ------------------------------------------------------------- put together */

/* R791-3 */
static void three_fragments_in_any_order_are_one_datagram(void **state)
{
    static const uint8_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const uint16_t cuts[4] = {0, 1480, 2960, 3008};

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        write_whole(100 + i, 3000);
        for (unsigned k = 0; k < 3; k++) {
            unsigned at = orders[i][k];

            udp_host_expect_nothing(&host, conn);
            piece(cuts[at], cuts[at + 1] - cuts[at], at < 2);
        }
        expect_delivered(3000);
        udp_host_expect_nothing(&host, conn);
        assert_int_equal(live_bytes(), 0);
    }
    assert_int_equal(rill_counted(host.stack, RILL_COUNT_IP_REASSEMBLED), 6);
    assert_int_equal(rill_counted(host.stack, RILL_COUNT_IP_FRAGMENTS_IN), 18);
}

/* R791-5 */
static void datagrams_of_any_size_and_cut_are_reassembled(void **state)
{
    static const uint32_t sizes[] = {548, 1472, 1473, 8192, 30000, DATA_MAX};
    static const uint32_t cuts[] = {552, 1000, 1480, 8952, 40000};
    unsigned id = 1;

    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (unsigned k = 0; k < sizeof cuts / sizeof cuts[0]; k++) {
            write_whole(id++, sizes[i]);
            fragments_arrive_at(&host, whole, cuts[k]);
            expect_delivered(sizes[i]);
        }
}

/* R791-3: each of the four that name a datagram. */
static void fragments_of_different_datagrams_do_not_mix(void **state)
{
    (void)state;
    write_whole(1, 2000);
    piece(0, 1480, true);
    header_set_id(whole, 2);
    piece(1480, 528, false);
    header_set_id(whole, 1);
    header_set_source(whole, 0x0a000008);
    piece(1480, 528, false);
    header_set_source(whole, 0x0a000009);
    raw_piece(IP_PROTOCOL_ICMP, 1, 1480, 528, false);
    expect_nothing();
    piece(1480, 528, false);
    expect_delivered(2000);
}

/* R6864-1 */
static void the_id_of_whole_datagrams_says_nothing(void **state)
{
    (void)state;
    write_whole(1, 2000);
    piece(0, 1480, true);
    for (int i = 0; i < 2; i++) {
        write_whole(1, 10);
        udp_host_arrives(&host, whole, whole_bytes);
        expect_delivered(10);
    }
    write_whole(1, 2000);
    piece(1480, 528, false);
    expect_delivered(2000);
}

/* RFC 791 3.2: the header is the first fragment's, whenever it comes. */
static void ttl_and_tos_are_the_first_fragments(void **state)
{
    struct rill_udp_info info;
    uint8_t bytes[2000];

    (void)state;
    for (int i = 0; i < 2; i++) {
        write_whole(1, 2000);
        for (int k = 0; k < 2; k++) {
            bool first = (k == 0) == (i == 0);

            header_set_ttl(whole, first ? 33 : 44);
            header_set_tos(whole, first ? 0xb8 : 0x28);
            piece(first ? 0 : 1480, first ? 1480 : 528, first);
        }
        assert_int_equal(rill_udp_receive_from(host.stack, conn, bytes, sizeof bytes, 0, &info), 2000);
        udp_host_expect_event(&host, conn, RILL_READABLE);
        assert_int_equal(info.ttl, 33);
        assert_int_equal(info.tos, 0xb8);
        assert_int_equal(info.length_bytes, 2000);
    }
}

/* The sum is over all of it, and no device's word for a piece counts. */
static void a_wrong_checksum_of_the_whole_is_found(void **state)
{
    uint8_t packet[UDP_HOST_PACKET_MAX];
    struct rill_packet raw = {.data = packet, .flags = RILL_PACKET_CHECKSUM_OK};

    (void)state;
    write_whole(1, 2000);
    whole[1600] ^= 1;
    raw.length_bytes = fragment_write(packet, whole, 0, 1480, true);
    rill_input(host.stack, host.netif, &raw, 1, host.now);
    raw.length_bytes = fragment_write(packet, whole, 1480, 528, false);
    rill_input(host.stack, host.netif, &raw, 1, host.now);
    expect_nothing();
    assert_int_equal(rill_drops(host.stack, RILL_DROP_UDP_CHECKSUM), 1);
    assert_int_equal(live_bytes(), 0);
}

/* R815-1: cut anywhere, in any order, some of it twice. */
static void random_cuts_with_duplicates_give_the_original(void **state)
{
    uint32_t random = 1;

    (void)state;
    for (unsigned round = 0; round < 300; round++) {
        struct {
            uint32_t offset, bytes;
        } cuts[128];
        uint32_t data_bytes = 40 + (random >> 8) % 4000, at = 0, count = 0;

        write_whole(round, data_bytes);
        while (at < data_bytes + 8) {
            uint32_t bytes;

            random = random * 1664525u + 1013904223u;
            bytes = 8 + (random >> 16) % 40 * 8;
            cuts[count].offset = at;
            cuts[count].bytes = at + bytes < data_bytes + 8 ? bytes : data_bytes + 8 - at;
            at += cuts[count++].bytes;
        }
        if (count < 2 || count > 120)
            continue;
        for (uint32_t left = count; left > 0; left--) {
            uint32_t k, again;

            random = random * 1664525u + 1013904223u;
            k = (random >> 16) % left;
            again = left > 1 && (random & 0x1000) != 0 ? 2 : 1;
            for (uint32_t n = 0; n < again; n++)
                piece(cuts[k].offset, cuts[k].bytes, cuts[k].offset + cuts[k].bytes < data_bytes + 8);
            cuts[k] = cuts[left - 1];
        }
        expect_delivered(data_bytes);
    }
    assert_int_not_equal(rill_drops(host.stack, RILL_DROP_IP_FRAGMENT_DUPLICATE), 0);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_IP_FRAGMENT_OVERLAP), 0);
}

/* ------------------------------------------------------------------ refused */

/* R815-1, R791-3: teardrop and its kin, as RFC 5722 has it. A piece that would make it whole comes too late. */
static void fragments_that_overlap_take_the_datagram_with_them(void **state)
{
    /* offset, bytes, more: the third contradicts the first two */
    static const struct {
        uint16_t offset, bytes;
        bool more;
    } wrong[] = {{8, 16, true},    {0, 8, true},     {1472, 16, true},  {1472, 8, true}, {2952, 16, true},
                 {2960, 48, true}, {2960, 40, true}, {1400, 80, true},  {0, 3000, true}, {2960, 8, true},
                 {3000, 8, false}, {3008, 8, true},  {2960, 47, false}, {16, 8, false}};
    unsigned id = 1;

    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++, id++) {
        write_whole(id, 4000); /* its first 3000 bytes are the datagram, all of it what the wrong ones have */
        piece(0, 1480, true);
        piece(2960, 48, false);
        piece(wrong[i].offset, wrong[i].bytes, wrong[i].more);
        assert_int_equal(rill_drops(host.stack, RILL_DROP_IP_FRAGMENT_OVERLAP), 5 * i + 3);
        assert_int_equal(live_bytes(), 0);
        piece(1480, 1480, true);
        piece(0, 1480, true);
        expect_nothing();
    }
    pass_time(31 * SECOND);
    assert_int_equal(fragment_sent(&host), 0); /* and no error is sent */
}

static void a_fragment_with_other_bytes_is_no_duplicate(void **state)
{
    (void)state;
    write_whole(1, 2000);
    piece(0, 1480, true);
    whole[100] ^= 1;
    piece(0, 1480, true);
    piece(1480, 528, false);
    expect_nothing();
    assert_int_equal(rill_drops(host.stack, RILL_DROP_IP_FRAGMENT_OVERLAP), 3);
}

static void exact_duplicates_are_dropped_alone(void **state)
{
    (void)state;
    write_whole(1, 3000);
    for (int i = 0; i < 3; i++)
        piece(2960, 48, false);
    for (int i = 0; i < 3; i++)
        piece(0, 1480, true);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_IP_FRAGMENT_DUPLICATE), 4);
    piece(1480, 1480, true);
    expect_delivered(3000);
}

/* R791-4: FR4-02, the ping of death. */
static void more_than_65535_bytes_are_refused_with_all_that_came(void **state)
{
    unsigned id = 0, refused = 0;

    (void)state;
    for (uint32_t units = 8180; units <= 8191; units++)
        for (uint32_t bytes = 1; bytes <= 1480; bytes += 211) {
            raw_piece(IP_PROTOCOL_ICMP, ++id, 0, 1480, true);
            raw_piece(IP_PROTOCOL_ICMP, id, units * 8, bytes, false);
            if (20 + units * 8 + bytes <= 65535)
                continue;
            refused += 2;
            assert_int_equal(rill_drops(host.stack, RILL_DROP_IP_FRAGMENT_TOO_LONG), refused);
        }
    assert_int_not_equal(refused, 0);
    expect_nothing();
    assert_true(live_bytes() <= 65535);
}

/* The header that counts is the first fragment's: with 60 bytes of it, 65,515 are too many. */
static void options_count_to_the_length_of_the_whole(void **state)
{
    uint8_t packet[UDP_HOST_PACKET_MAX];

    (void)state;
    write_whole(1, DATA_MAX);
    memmove(packet + 60, whole + 20, 1440);
    memcpy(packet, whole, 20);
    memset(packet + 20, 1, 40);
    packet[0] = 0x4f;
    put_be16(packet + 2, 1500);
    put_be16(packet + 6, 0x2000);
    header_set_id(packet, 1);
    udp_host_arrives(&host, packet, 1500);
    for (uint32_t at = 1440; at < 65515; at += 1480) {
        bool more = 65515 - at > 1480;

        piece(at, more ? 1480 : 65515 - at, more);
    }
    expect_nothing();
    assert_int_equal(rill_drops(host.stack, RILL_DROP_IP_FRAGMENT_TOO_LONG), 45);
    assert_int_equal(live_bytes(), 0);
}

/* FR4-03 */
static void empty_and_odd_fragments_are_not_kept(void **state)
{
    static const uint32_t odd[] = {0, 7, 9, 15};

    (void)state;
    for (unsigned i = 0; i < 2000; i++)
        for (unsigned k = 0; k < 4; k++)
            raw_piece(IP_PROTOCOL_UDP, 1, 8 * (i % 100), odd[k], true);
    raw_piece(IP_PROTOCOL_UDP, 1, 1480, 0, false);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_IP_FRAGMENT_LENGTH), 8001);
    assert_int_equal(live_bytes(), 0);
    assert_true(rill_deadline(host.stack) == RILL_NEVER);
    expect_nothing();
}

/* R815-2: FR4-03. What has only ports, or ports and sequence numbers, and what would lie over the flags. */
static void a_tcp_header_that_is_cut_is_not_kept(void **state)
{
    (void)state;
    raw_piece(IP_PROTOCOL_TCP, 1, 0, 8, true);
    raw_piece(IP_PROTOCOL_TCP, 1, 0, 16, true);
    raw_piece(IP_PROTOCOL_TCP, 1, 8, 32, true);
    raw_piece(IP_PROTOCOL_TCP, 1, 8, 32, false);
    raw_piece(IP_PROTOCOL_TCP, 1, 16, 32, false);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_IP_FRAGMENT_TINY), 5);
    assert_int_equal(live_bytes(), 0);
    raw_piece(IP_PROTOCOL_TCP, 1, 24, 8, false);
    raw_piece(IP_PROTOCOL_TCP, 1, 0, 24, true);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_IP_FRAGMENT_TINY), 5);
    assert_int_equal(rill_counted(host.stack, RILL_COUNT_IP_REASSEMBLED), 1);
    assert_int_equal(fragment_sent(&host), 0);
}

static void a_datagram_of_crumbs_is_refused(void **state)
{
    (void)state;
    write_whole(1, 3000);
    for (uint32_t i = 0; i <= 120; i++)
        piece(16 * i, 8, true);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_IP_FRAGMENT_TOO_MANY), 121);
    assert_int_equal(live_bytes(), 0);
}

/* R3168-14 */
static void one_congestion_mark_marks_the_datagram(void **state)
{
    /* ECN of the three fragments, and of the whole; -1: none */
    static const int cases[][4] = {{2, 3, 2, 3},  {3, 2, 2, 3},  {1, 1, 3, 3}, {2, 2, 2, 2},
                                   {1, 1, 1, 1},  {0, 0, 0, 0},  {3, 3, 3, 3}, {0, 3, 0, -1},
                                   {3, 0, 0, -1}, {2, 0, 3, -1}, {2, 0, 2, 0}};
    struct rill_udp_info info;
    uint8_t bytes[3000];
    uint64_t dropped = 0;

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_whole(i + 1, 3000);
        for (unsigned k = 0; k < 3; k++) {
            header_set_tos(whole, 0xb8 | (unsigned)cases[i][k]);
            piece(1480 * k, k < 2 ? 1480 : 48, k < 2);
        }
        if (cases[i][3] < 0) {
            dropped += 3;
            udp_host_expect_nothing(&host, conn);
            assert_int_equal(rill_drops(host.stack, RILL_DROP_IP_FRAGMENT_ECN), dropped);
            continue;
        }
        assert_int_equal(rill_udp_receive_from(host.stack, conn, bytes, sizeof bytes, 0, &info), 3000);
        assert_int_equal(info.tos, 0xb8 | cases[i][3]);
        udp_host_expect_event(&host, conn, RILL_READABLE);
    }
}

/* --------------------------------------------------------------------- time */

/* R791-6: FR4-05, FR4-06 */
static void the_rest_must_come_within_30_seconds(void **state)
{
    static const struct {
        int64_t early_ns;
        bool whole;
    } cases[] = {{1, true}, {0, false}, {-1, false}};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        write_whole(i + 1, 2000);
        piece(0, 1480, true);
        assert_true(rill_deadline(host.stack) == host.now + 30 * SECOND);
        host.now += 30 * SECOND - (uint64_t)cases[i].early_ns;
        piece(1480, 528, false); /* with no poll before it */
        if (cases[i].whole) {
            expect_delivered(2000);
            assert_int_equal(fragment_sent(&host), 0);
        } else {
            udp_host_expect_nothing(&host, conn);
            assert_int_not_equal(fragment_sent(&host), 0);
        }
        pass_time(30 * SECOND);
        assert_int_equal(fragment_sent(&host), 0);
        assert_int_equal(live_bytes(), 0);
    }
    assert_int_equal(rill_drops(host.stack, RILL_DROP_IP_FRAGMENT_TIMEOUT), 4);
}

/* R791-6 */
static void the_sender_of_a_first_fragment_is_told_that_time_is_up(void **state)
{
    uint8_t first[1500];
    struct packet_facts facts;

    (void)state;
    write_whole(1, 3000);
    fragment_write(first, whole, 0, 1480, true);
    piece(1480, 1480, true);
    piece(0, 1480, true);
    pass_time(30 * SECOND - 1);
    expect_nothing();
    pass_time(1);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    assert_int_equal(facts.protocol, 1);
    assert_int_equal(facts.icmp_type, 11);
    assert_int_equal(facts.icmp_code, 1);
    assert_int_equal(facts.payload_bytes, 548);
    assert_memory_equal(facts.payload, first, 548);
    assert_memory_equal(host.sent + 16, "\x0a\0\0\x09", 4);
    assert_int_equal(fragment_sent(&host), 0);
    assert_int_equal(rill_counted(host.stack, RILL_COUNT_ICMP_TIME_EXCEEDED_OUT), 1);
}

/* R791-6, R792-2: FR4-06 */
static void nobody_is_told_without_the_first_fragment_or_of_a_broadcast(void **state)
{
    (void)state;
    write_whole(1, 3000);
    piece(1480, 1480, true);
    piece(2960, 48, false);
    put_be32(whole + 16, 0x0a0000ff);
    header_set_id(whole, 2);
    piece(0, 1480, true);
    put_be32(whole + 16, 0xe0000001);
    header_set_id(whole, 3);
    piece(0, 1480, true);
    pass_time(30 * SECOND);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_IP_FRAGMENT_TIMEOUT), 4);
    expect_nothing();
}

/* R792-2 */
static void a_later_fragment_to_a_closed_port_is_not_answered(void **state)
{
    (void)state;
    write_whole(1, 3000);
    put_be16(whole + 22, 4444);
    piece(1480, 1480, true);
    expect_nothing();
}

static void errors_about_late_fragments_are_limited(void **state)
{
    unsigned told = 0;

    (void)state;
    for (unsigned id = 1; id <= 50; id++) {
        write_whole(id, 3000);
        piece(0, 1480, true);
    }
    pass_time(30 * SECOND);
    while (fragment_sent(&host) != 0)
        told++;
    assert_int_equal(told, 6);
}

/* ------------------------------------------------------------------- memory */

static void expect_fresh_is_reassembled(unsigned id)
{
    write_whole(id, 20000);
    fragments_arrive_at(&host, whole, 1480);
    expect_delivered(20000);
}

/* R815-3 */
static void a_flood_of_first_fragments_is_bounded_and_others_go_on(void **state)
{
    uint8_t packet[1500];
    struct rill_packet raw = {.data = packet};

    (void)state;
    write_whole(1, 3000);
    for (uint32_t i = 0; i < 200000; i++) {
        header_set_id(whole, i & 0xffff);
        header_set_source(whole, i < 100000 ? 0x0a000017 : 0x0b000000 + i * 2654435761u % 0x10000);
        raw.length_bytes = fragment_write(packet, whole, 0, i % 3 == 0 ? 1480 : 8, true);
        rill_input(host.stack, host.netif, &raw, 1, host.now);
        if (i % 20000 != 0)
            continue;
        assert_true(rill_check(host.stack));
        assert_true(live_bytes() <= 512 * 1024); /* an eighth of 4 MiB */
        expect_fresh_is_reassembled(i / 20000);
        write_whole(1, 3000);
    }
    assert_int_not_equal(rill_drops(host.stack, RILL_DROP_IP_FRAGMENT_EVICTED), 0);
}

/* R815-3: one source may have a quarter, or as much as its largest datagram takes. */
static void a_source_has_a_share_of_its_own(void **state)
{
    uint8_t packet[1500];
    struct rill_packet raw = {.data = packet};

    (void)state;
    for (uint32_t source = 0x0b000001; source < 0x0b000011; source++) {
        write_whole(1, 3000);
        header_set_source(whole, source);
        raw.length_bytes = fragment_write(packet, whole, 0, 1480, true);
        rill_input(host.stack, host.netif, &raw, 1, host.now);
    }
    for (uint32_t i = 0; i < 5000; i++) {
        write_whole(i, 3000);
        piece(0, 1480, true);
        assert_true(live_bytes() <= 200 * 1024);
    }
    for (uint32_t source = 0x0b000001; source < 0x0b000011; source++) {
        write_whole(1, 3000);
        header_set_source(whole, source);
        piece(1480, 1528, false);
    }
    assert_int_equal(rill_counted(host.stack, RILL_COUNT_IP_REASSEMBLED), 16);
}

static void a_fragment_that_memory_is_too_short_for_is_dropped_by_name(void **state)
{
    uint8_t *bytes;
    uint32_t taken[64];
    unsigned count = 0;

    (void)state;
    while (count < 64 && (taken[count] = rill_buffer_take(host.stack, 60000, &bytes)) != 0)
        count++;
    write_whole(1, 3000);
    piece(0, 1480, true);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_IP_FRAGMENT_NO_MEMORY), 1);
    assert_true(rill_deadline(host.stack) == RILL_NEVER);
    while (count > 0)
        rill_buffer_give(host.stack, taken[--count]);
    fragments_arrive_at(&host, whole, 1480);
    expect_delivered(3000);
}

/* ------------------------------------------------------------ other protocols */

/* IP4-06 */
static void a_fragmented_packet_in_a_packet_is_an_unknown_protocol(void **state)
{
    struct packet_facts facts;

    (void)state;
    raw_piece(4, 1, 0, 1480, true);
    raw_piece(4, 1, 1480, 100, false);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_IP_PROTOCOL), 1);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    assert_int_equal(facts.icmp_type, 3);
    assert_int_equal(facts.icmp_code, 2);
}

/* R792-4 */
static void a_ping_of_any_size_is_answered_with_the_same_bytes(void **state)
{
    static const uint32_t sizes[] = {0, 1, 1472, 1473, 4000, 8000, 60000};
    static uint8_t reply[UDP_HOST_PACKET_MAX];

    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct icmp4_message request = {
            .type = 8, .echo_id = 0x1234, .echo_sequence = (uint16_t)i, .body = data, .body_bytes = sizes[i]};
        struct ipv4_header header = {
            .source = 0x0a000009, .destination = 0x0a000002, .ttl = 60, .protocol = IP_PROTOCOL_ICMP, .id = 77};
        struct packet_facts facts;
        unsigned count;
        uint32_t bytes;

        header.total_bytes = (uint16_t)(20 + icmp4_build(whole + 20, sizeof whole - 20, &request));
        ipv4_build(whole, &header);
        fragments_arrive_at(&host, whole, 1480);
        bytes = fragments_sent_whole(&host, reply, 1500, &count);
        assert_int_equal(bytes, header.total_bytes);
        assert_null(packet_check(reply, bytes, &facts));
        assert_int_equal(count, (bytes - 20 + 1479) / 1480);
        assert_int_equal(facts.icmp_type, 0);
        assert_memory_equal(reply + 12, "\x0a\0\0\x02\x0a\0\0\x09", 8);
        assert_memory_equal(reply + 24, whole + 24, 4 + sizes[i]);
        assert_int_equal(fragment_sent(&host), 0);
    }
}

/* What both ends send is cut, ACKs and the handshake excepted; the odd ones come last piece first. */
static bool cut_segments(void *context, unsigned from, const struct packet_facts *facts)
{
    const uint8_t *segment = facts->transport - facts->ip_bytes;
    uint32_t half = (uint32_t)facts->transport_bytes / 16 * 8;
    struct pair *p = (struct pair *)context;
    uint8_t packets[2][1500];
    uint32_t bytes[2], last_first = facts->seq & 1;

    if (facts->transport_bytes < 100)
        return true;
    bytes[0] = fragment_write(packets[0], segment, 0, half, true);
    bytes[1] = fragment_write(packets[1], segment, half, (uint32_t)facts->transport_bytes - half, false);
    for (unsigned i = 0; i < 2; i++) {
        header_set_id(packets[i], facts->seq & 0xffff);
        p->packets[from] += i;
    }
    pair_inject(p, 1 - from, packets[last_first], bytes[last_first]);
    pair_inject(p, 1 - from, packets[1 - last_first], bytes[1 - last_first]);
    return false;
}

/* R791-3 */
static void tcp_segments_that_a_tunnel_has_cut_are_accepted(void **state)
{
    static struct pair p;
    int64_t sent = 0, got = 0, n;
    uint8_t bytes[4096];

    (void)state;
    pair_open(&p, 4u << 20, NULL);
    pair_establish(&p);
    p.pass = cut_segments;
    p.context = &p;
    while (got < 60001) {
        n = rill_send(p.stack[0], p.conn[0], data + sent, (size_t)(60001 - sent), 0);
        sent += n > 0 ? n : 0;
        pair_settle(&p);
        while ((n = rill_receive(p.stack[1], p.conn[1], bytes, sizeof bytes, 0)) > 0) {
            assert_memory_equal(bytes, data + got, (size_t)n);
            got += n;
        }
        pair_advance(&p, 50);
    }
    assert_int_not_equal(rill_counted(p.stack[1], RILL_COUNT_IP_REASSEMBLED), 0);
    assert_int_equal(rill_counted(p.stack[0], RILL_COUNT_TCP_RETRANSMITTED), 0);
    pair_close(&p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_host, close_host)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(three_fragments_in_any_order_are_one_datagram),
        TEST(datagrams_of_any_size_and_cut_are_reassembled),
        TEST(fragments_of_different_datagrams_do_not_mix),
        TEST(the_id_of_whole_datagrams_says_nothing),
        TEST(ttl_and_tos_are_the_first_fragments),
        TEST(a_wrong_checksum_of_the_whole_is_found),
        TEST(random_cuts_with_duplicates_give_the_original),
        TEST(fragments_that_overlap_take_the_datagram_with_them),
        TEST(a_fragment_with_other_bytes_is_no_duplicate),
        TEST(exact_duplicates_are_dropped_alone),
        TEST(more_than_65535_bytes_are_refused_with_all_that_came),
        TEST(options_count_to_the_length_of_the_whole),
        TEST(empty_and_odd_fragments_are_not_kept),
        TEST(a_tcp_header_that_is_cut_is_not_kept),
        TEST(a_datagram_of_crumbs_is_refused),
        TEST(one_congestion_mark_marks_the_datagram),
        TEST(the_rest_must_come_within_30_seconds),
        TEST(the_sender_of_a_first_fragment_is_told_that_time_is_up),
        TEST(nobody_is_told_without_the_first_fragment_or_of_a_broadcast),
        TEST(a_later_fragment_to_a_closed_port_is_not_answered),
        TEST(errors_about_late_fragments_are_limited),
        TEST(a_flood_of_first_fragments_is_bounded_and_others_go_on),
        TEST(a_source_has_a_share_of_its_own),
        TEST(a_fragment_that_memory_is_too_short_for_is_dropped_by_name),
        TEST(a_fragmented_packet_in_a_packet_is_an_unknown_protocol),
        TEST(tcp_segments_that_a_tunnel_has_cut_are_accepted),
        TEST(a_ping_of_any_size_is_answered_with_the_same_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
