/* src/wire/tcp.c: hostile headers and options, and what we build ourselves. */
#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/tcp.h"

#define ALL_OPTIONS                                                                                                    \
    (TCP_OPTION_MSS | TCP_OPTION_WINDOW_SCALE | TCP_OPTION_SACK_PERMITTED | TCP_OPTION_TIMESTAMP | TCP_OPTION_SACK |   \
     TCP_OPTION_USER_TIMEOUT | TCP_OPTION_FAST_OPEN)

static const uint8_t COOKIE[16] = "0123456789abcdef";

/* Parse from a heap block of exactly these bytes; data and cookie pointers are made relative to `segment`. */
static enum rill_drop parse_exact(const uint8_t *segment, size_t length_bytes, struct tcp_segment *out)
{
    uint8_t *block = malloc(length_bytes + (length_bytes == 0));
    enum rill_drop verdict;

    assert_non_null(block);
    memcpy(block, segment, length_bytes);
    memset(out, 0xee, sizeof *out);
    verdict = tcp_parse(block, length_bytes, out);
    if (verdict == RILL_DROP_NONE) {
        out->data = segment + (out->data - block);
        if (out->options.present & TCP_OPTION_FAST_OPEN)
            out->options.fast_open_cookie = segment + (out->options.fast_open_cookie - block);
    }
    free(block);
    return verdict;
}

static void make_header(uint8_t *segment, size_t header_bytes)
{
    const uint8_t fixed[20] = {0x30, 0x39, 0x00, 0x50, 0xff, 0xff, 0xff, 0xff, 0x80, 0x00,
                               0x00, 0x01, 0x00, 0x10, 0x20, 0x00, 0xab, 0xcd, 0x00, 0x07};

    memcpy(segment, fixed, sizeof fixed);
    segment[12] = (uint8_t)(header_bytes / 4 << 4);
}

/* The options that these bytes (padded with end-of-list) parse to. */
static struct tcp_options options_of(const uint8_t *bytes, size_t count)
{
    static uint8_t segment[60];
    struct tcp_segment out;
    size_t header_bytes = 20 + (count + 3) / 4 * 4;

    memset(segment, 0, sizeof segment);
    make_header(segment, header_bytes);
    memcpy(segment + 20, bytes, count);
    assert_int_equal(parse_exact(segment, header_bytes, &out), RILL_DROP_NONE);
    return out.options;
}

#define OPTIONS(...) options_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static struct tcp_header sample_header(uint16_t present)
{
    struct tcp_header header = {
        .source_port = 40000,
        .destination_port = 443,
        .seq = {0xfffffff0},
        .ack = {0x80000001},
        .window = 0x7fff,
        .urgent = 0x0102,
        .flags = TCP_SYN | TCP_ACK | TCP_CWR,
        .options =
            {
                .present = present,
                .mss = 1460,
                .window_scale = 14,
                .sack_count = 1,
                .fast_open_bytes = 8,
                .user_timeout = 0x8005,
                .timestamp_value = 0xdeadbeef,
                .timestamp_echo = 0x01020304,
                .sack = {{{10}, {20}}, {{30}, {40}}, {{50}, {60}}, {{0xfffffff0}, {5}}},
                .fast_open_cookie = COOKIE,
            },
    };

    return header;
}

static void assert_same_options(const struct tcp_options *a, const struct tcp_options *b)
{
    assert_int_equal(a->present, b->present);
    if (a->present & TCP_OPTION_MSS)
        assert_int_equal(a->mss, b->mss);
    if (a->present & TCP_OPTION_WINDOW_SCALE)
        assert_int_equal(a->window_scale, b->window_scale);
    if (a->present & TCP_OPTION_TIMESTAMP) {
        assert_int_equal(a->timestamp_value, b->timestamp_value);
        assert_int_equal(a->timestamp_echo, b->timestamp_echo);
    }
    if (a->present & TCP_OPTION_SACK) {
        assert_int_equal(a->sack_count, b->sack_count);
        assert_memory_equal(a->sack, b->sack, a->sack_count * sizeof a->sack[0]);
    }
    if (a->present & TCP_OPTION_USER_TIMEOUT)
        assert_int_equal(a->user_timeout, b->user_timeout);
    if (a->present & TCP_OPTION_FAST_OPEN) {
        assert_int_equal(a->fast_open_bytes, b->fast_open_bytes);
        assert_memory_equal(a->fast_open_cookie, b->fast_open_cookie, a->fast_open_bytes);
    }
}

/* ------------------------------------------------------------------- header */

static void fields_are_read_as_they_stand_on_the_wire(void **state)
{
    uint8_t segment[23];
    struct tcp_segment out;

    (void)state;
    memset(segment, 'x', sizeof segment);
    make_header(segment, 20);
    segment[13] = 0xff;
    assert_int_equal(parse_exact(segment, sizeof segment, &out), RILL_DROP_NONE);
    assert_int_equal(out.source_port, 12345);
    assert_int_equal(out.destination_port, 80);
    assert_int_equal(out.seq.v, 0xffffffff);
    assert_int_equal(out.ack.v, 0x80000001);
    assert_int_equal(out.flags, 0xff);
    assert_int_equal(out.window, 0x2000);
    assert_int_equal(out.urgent, 7);
    assert_int_equal(out.header_bytes, 20);
    assert_int_equal(out.data_bytes, 3);
    assert_ptr_equal(out.data, segment + 20);
    assert_int_equal(out.options.present, 0);
}

static void reserved_bits_change_nothing(void **state)
{
    uint8_t segment[20];
    struct tcp_segment out;

    (void)state;
    make_header(segment, 20);
    segment[12] |= 0x0f;
    assert_int_equal(parse_exact(segment, sizeof segment, &out), RILL_DROP_NONE);
    assert_int_equal(out.header_bytes, 20);
}

static void TCH_01_data_offset_is_held_to_header_and_segment(void **state)
{
    (void)state;
    for (unsigned offset = 0; offset <= 15; offset++) {
        for (size_t length = 0; length <= 80; length++) {
            uint8_t segment[80];
            struct tcp_segment out;
            enum rill_drop expected = RILL_DROP_NONE;

            memset(segment, 1, sizeof segment);
            make_header(segment, offset * 4u);
            if (length < 20)
                expected = RILL_DROP_TCP_SHORT;
            else if (offset < 5 || offset * 4u > length)
                expected = RILL_DROP_TCP_DATA_OFFSET;
            assert_int_equal(parse_exact(segment, length, &out), expected);
            if (expected == RILL_DROP_NONE)
                assert_int_equal(out.data_bytes + offset * 4u, length);
        }
    }
}

static void port_zero_is_dropped_either_way(void **state)
{
    uint8_t segment[20];
    struct tcp_segment out;

    (void)state;
    make_header(segment, 20);
    put_be16(segment, 0);
    assert_int_equal(parse_exact(segment, sizeof segment, &out), RILL_DROP_TCP_PORT_ZERO);
    make_header(segment, 20);
    put_be16(segment + 2, 0);
    assert_int_equal(parse_exact(segment, sizeof segment, &out), RILL_DROP_TCP_PORT_ZERO);
}

static void every_truncation_of_a_full_syn_is_dropped_by_name(void **state)
{
    struct tcp_header header = sample_header(ALL_OPTIONS & ~TCP_OPTION_SACK);
    uint8_t segment[60];
    struct tcp_segment out;
    size_t header_bytes = tcp_build(segment, &header);

    (void)state;
    assert_int_equal(header_bytes, 20 + 4 + 12 + 4 + 4 + 12);
    assert_int_equal(parse_exact(segment, header_bytes, &out), RILL_DROP_NONE);
    for (size_t length = 0; length < header_bytes; length++)
        assert_int_equal(parse_exact(segment, length, &out),
                         length < 20 ? RILL_DROP_TCP_SHORT : RILL_DROP_TCP_DATA_OFFSET);
}

/* The same cuts, but with a data offset that says that the header ends there. */
static void a_syn_cut_within_its_options_keeps_the_whole_ones(void **state)
{
    struct tcp_header header = sample_header(ALL_OPTIONS & ~TCP_OPTION_SACK);
    uint8_t segment[60];
    struct tcp_options before = {0};

    (void)state;
    tcp_build(segment, &header);
    for (size_t length = 20; length <= 56; length += 4) {
        struct tcp_segment out;

        segment[12] = (uint8_t)(length << 2);
        assert_int_equal(parse_exact(segment, length, &out), RILL_DROP_NONE);
        assert_int_equal(before.present & ~TCP_OPTION_MALFORMED & ~out.options.present, 0);
        assert_int_equal(out.options.present & ~TCP_OPTION_MALFORMED & ~header.options.present, 0);
        before = out.options;
    }
    assert_int_equal(before.present, header.options.present);
}

/* SEG.LEN counts SYN and FIN (RFC 9293 3.4). */
static void segment_length_counts_syn_and_fin(void **state)
{
    struct tcp_segment segment = {.data_bytes = 5};

    (void)state;
    assert_int_equal(tcp_segment_length(&segment), 5);
    segment.flags = TCP_SYN | TCP_ACK;
    assert_int_equal(tcp_segment_length(&segment), 6);
    segment.flags = TCP_SYN | TCP_FIN;
    assert_int_equal(tcp_segment_length(&segment), 7);
}

/* ------------------------------------------------------------------ options */

static void MUST_5_options_are_read_from_any_segment(void **state)
{
    struct tcp_options options = OPTIONS(2, 4, 5, 180);

    (void)state;
    assert_int_equal(options.present, TCP_OPTION_MSS);
    assert_int_equal(options.mss, 1460);
}

static void MUST_6_unknown_kinds_are_skipped_by_their_length(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind <= 0xff; kind++) {
        struct tcp_options options = OPTIONS((uint8_t)kind, 6, 0, 0, 0, 0, 3, 3, 7);

        if (kind > 1 && kind != 2 && kind != 3 && kind != 4 && kind != 5 && kind != 8 && kind != 28 && kind != 34 &&
            kind != 172 && kind != 174) {
            assert_int_equal(options.present, TCP_OPTION_WINDOW_SCALE);
            assert_int_equal(options.window_scale, 7);
        }
    }
}

static void MUST_7_TCH_02_lengths_0_and_1_end_the_walk_for_every_kind(void **state)
{
    (void)state;
    for (unsigned kind = 2; kind <= 0xff; kind++) {
        for (unsigned length = 0; length <= 1; length++) {
            struct tcp_options options = OPTIONS(3, 3, 5, (uint8_t)kind, (uint8_t)length, 1, 1, 4, 2);

            assert_int_equal(options.present, TCP_OPTION_WINDOW_SCALE | TCP_OPTION_MALFORMED);
            assert_int_equal(options.window_scale, 5);
        }
    }
}

static void TCH_02_the_rows_of_the_table_are_malformed(void **state)
{
    (void)state;
    assert_int_equal(OPTIONS(0xfe, 0x00, 1, 1).present, TCP_OPTION_MALFORMED);
    assert_int_equal(OPTIONS(0x02, 0x00, 0x05, 0xb4).present, TCP_OPTION_MALFORMED);
    assert_int_equal(OPTIONS(0x08, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1).present, TCP_OPTION_MALFORMED);
}

static void an_option_past_the_headers_end_ends_the_walk(void **state)
{
    (void)state;
    for (unsigned length = 0; length <= 0xff; length++) {
        struct tcp_options options = OPTIONS(4, 2, 0xfd, (uint8_t)length, 0, 0, 0, 0);
        bool fits = length >= 2 && length <= 6;

        assert_int_equal(options.present, TCP_OPTION_SACK_PERMITTED | (fits ? 0 : TCP_OPTION_MALFORMED));
    }
}

static void a_kind_without_room_for_its_length_is_malformed(void **state)
{
    (void)state;
    assert_int_equal(OPTIONS(1, 1, 1, 8).present, TCP_OPTION_MALFORMED);
}

static void TCH_07_a_length_wrong_for_the_kind_is_passed_over(void **state)
{
    static const struct {
        uint8_t kind;
        uint64_t right_lengths; /* bit n: length n is right */
    } kinds[] = {
        {2, 1u << 4},
        {3, 1u << 3},
        {4, 1u << 2},
        {5, 1u << 10 | 1u << 18 | 1u << 26 | UINT64_C(1) << 34},
        {8, 1u << 10},
        {28, 1u << 4},
        {34, 1u << 2 | 1u << 6 | 1u << 8 | 1u << 10 | 1u << 12 | 1u << 14 | 1u << 16 | 1u << 18},
    };

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (unsigned length = 2; length <= 36; length++) {
            uint8_t bytes[40] = {0};
            struct tcp_options options;

            bytes[0] = kinds[i].kind;
            bytes[1] = (uint8_t)length;
            bytes[length] = 253;   /* an unknown kind behind it, so that the walk is seen to go on ... */
            bytes[length + 1] = 0; /* ... to a length that it cannot pass */
            options = options_of(bytes, sizeof bytes);
            assert_true(options.present & TCP_OPTION_MALFORMED);
            assert_int_equal((options.present & ~TCP_OPTION_MALFORMED) != 0, kinds[i].right_lengths >> length & 1);
        }
    }
}

static void TCH_07_options_behind_a_wrong_length_still_count(void **state)
{
    struct tcp_options options = OPTIONS(2, 3, 5, 2, 5, 0, 0, 0, 2, 4, 5, 180);

    (void)state;
    assert_int_equal(options.present, TCP_OPTION_MSS | TCP_OPTION_MALFORMED);
    assert_int_equal(options.mss, 1460);
}

static void TCH_04_every_mss_is_read_as_it_stands(void **state)
{
    (void)state;
    for (uint32_t mss = 0; mss <= 0xffff; mss++)
        assert_int_equal(OPTIONS(2, 4, (uint8_t)(mss >> 8), (uint8_t)mss).mss, mss);
}

/* R7323-6 */
static void TCH_05_window_scale_above_14_reads_as_14(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift <= 0xff; shift++)
        assert_int_equal(OPTIONS(3, 3, (uint8_t)shift).window_scale, shift < 14 ? shift : 14);
}

static void TCH_08_the_first_of_duplicates_counts(void **state)
{
    struct tcp_options options;

    (void)state;
    options = OPTIONS(2, 4, 0, 100, 2, 4, 0, 200);
    assert_int_equal(options.mss, 100);
    options = OPTIONS(3, 3, 4, 3, 3, 9);
    assert_int_equal(options.window_scale, 4);
    options = OPTIONS(8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 8, 10, 0, 0, 0, 3, 0, 0, 0, 4);
    assert_int_equal(options.timestamp_value, 1);
    assert_int_equal(options.timestamp_echo, 2);
    options = OPTIONS(5, 10, 0, 0, 0, 1, 0, 0, 0, 2, 5, 18, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6);
    assert_int_equal(options.sack_count, 1);
    assert_int_equal(options.sack[0].start.v, 1);
}

static void TCH_08_the_usual_layout_reads_as_any_other_does(void **state)
{
    struct tcp_options usual = OPTIONS(1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8);
    struct tcp_options other = OPTIONS(8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1);

    (void)state;
    assert_int_equal(usual.present, TCP_OPTION_TIMESTAMP);
    assert_int_equal(usual.timestamp_value, 0x01020304);
    assert_int_equal(usual.timestamp_echo, 0x05060708);
    assert_same_options(&usual, &other);
}

static void TCH_11_timestamps_of_length_9_and_11_are_not_read(void **state)
{
    (void)state;
    assert_int_equal(OPTIONS(8, 9, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1).present, TCP_OPTION_MALFORMED);
    assert_int_equal(OPTIONS(8, 11, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1).present, TCP_OPTION_MALFORMED);
    assert_int_equal(OPTIONS(1, 1, 8, 9, 0, 0, 0, 1, 0, 0, 0, 2).present & TCP_OPTION_TIMESTAMP, 0);
}

static void TCH_13_the_urgent_pointer_is_read_whatever_the_payload(void **state)
{
    const uint16_t pointers[] = {0, 1, 2, 3, 0xffff};

    (void)state;
    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++) {
        uint8_t segment[22] = {0};
        struct tcp_segment out;

        make_header(segment, 20);
        segment[13] = TCP_URG | TCP_ACK;
        put_be16(segment + 18, pointers[i]);
        assert_int_equal(parse_exact(segment, sizeof segment, &out), RILL_DROP_NONE);
        assert_int_equal(out.urgent, pointers[i]);
        assert_int_equal(out.data_bytes, 2);
    }
}

static void TCH_14_a_malformed_authentication_option_is_skipped_by_its_length(void **state)
{
    struct tcp_options options = OPTIONS(0x1d, 3, 0, 2, 4, 5, 180);

    (void)state;
    assert_int_equal(options.present, TCP_OPTION_MSS);
}

static void what_follows_the_end_of_the_list_is_not_read(void **state)
{
    (void)state;
    assert_int_equal(OPTIONS(4, 2, 0, 8, 2, 4, 5, 180).present, TCP_OPTION_SACK_PERMITTED);
}

static void forty_nops_are_walked(void **state)
{
    uint8_t nops[40];

    (void)state;
    memset(nops, 1, sizeof nops);
    assert_int_equal(options_of(nops, sizeof nops).present, 0);
}

static void sack_count_is_zero_when_there_is_no_sack(void **state)
{
    (void)state;
    assert_int_equal(OPTIONS(1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0).sack_count, 0);
    assert_int_equal(OPTIONS(1, 1, 1, 1).sack_count, 0);
}

/* -------------------------------------------------------------------- build */

/* With the values of sample_header(). */
static unsigned bytes_asked_for(unsigned present)
{
    unsigned bytes = present & TCP_OPTION_TIMESTAMP ? 12 : present & TCP_OPTION_SACK_PERMITTED ? 4 : 0;

    bytes += present & TCP_OPTION_MSS ? 4 : 0;
    bytes += present & TCP_OPTION_WINDOW_SCALE ? 4 : 0;
    bytes += present & TCP_OPTION_USER_TIMEOUT ? 4 : 0;
    bytes += present & TCP_OPTION_SACK ? 12 : 0;
    bytes += present & TCP_OPTION_FAST_OPEN ? 12 : 0;
    return bytes;
}

static void built_segments_parse_to_the_same_for_every_set_that_fits(void **state)
{
    (void)state;
    for (unsigned present = 0; present <= ALL_OPTIONS; present++) {
        struct tcp_header header = sample_header((uint16_t)present);
        uint8_t segment[60];
        struct tcp_segment out;
        size_t header_bytes;

        if (bytes_asked_for(present) > 40)
            continue;
        memset(segment, 0xee, sizeof segment);
        header_bytes = tcp_build(segment, &header);
        assert_int_equal(header_bytes, tcp_header_bytes_for(&header.options, header.flags));
        assert_int_equal(parse_exact(segment, header_bytes, &out), RILL_DROP_NONE);
        assert_int_equal(out.data_bytes, 0);
        assert_int_equal(out.source_port, header.source_port);
        assert_int_equal(out.destination_port, header.destination_port);
        assert_int_equal(out.seq.v, header.seq.v);
        assert_int_equal(out.ack.v, header.ack.v);
        assert_int_equal(out.window, header.window);
        assert_int_equal(out.urgent, header.urgent);
        assert_int_equal(out.flags, header.flags);
        assert_int_equal(get_be16(segment + 16), 0);
        assert_same_options(&header.options, &out.options);
    }
}

static void TCH_10_own_options_never_exceed_forty_bytes(void **state)
{
    (void)state;
    for (unsigned present = 0; present <= ALL_OPTIONS; present++) {
        for (unsigned blocks = 0; blocks <= 6; blocks++) {
            for (unsigned cookie = 0; cookie <= 20; cookie++) {
                struct tcp_header header = sample_header((uint16_t)present);
                uint8_t *segment = malloc(60);
                size_t header_bytes;
                struct tcp_segment out;

                assert_non_null(segment);
                header.options.sack_count = (uint8_t)blocks;
                header.options.fast_open_bytes = (uint8_t)cookie;
                header_bytes = tcp_build(segment, &header);
                assert_in_range(header_bytes, 20, 60);
                assert_int_equal(header_bytes % 4, 0);
                assert_int_equal(header_bytes, tcp_header_bytes_for(&header.options, header.flags));
                assert_int_equal(parse_exact(segment, header_bytes, &out), RILL_DROP_NONE);
                /* Nothing but SACK and the cookie is ever left out, and what is there is well-formed. */
                assert_int_equal(out.options.present | TCP_OPTION_SACK | TCP_OPTION_FAST_OPEN,
                                 present | TCP_OPTION_SACK | TCP_OPTION_FAST_OPEN);
                free(segment);
            }
        }
    }
}

static void TCH_10_sack_blocks_are_left_out_last_first(void **state)
{
    struct tcp_header header = sample_header(TCP_OPTION_TIMESTAMP | TCP_OPTION_SACK);
    uint8_t segment[60];
    struct tcp_segment out;

    (void)state;
    header.options.sack_count = 4;
    assert_int_equal(tcp_build(segment, &header), 60);
    assert_int_equal(parse_exact(segment, 60, &out), RILL_DROP_NONE);
    assert_int_equal(out.options.sack_count, 3);
    assert_memory_equal(out.options.sack, header.options.sack, 3 * sizeof header.options.sack[0]);
}

static void TCH_10_sack_blocks_yield_to_the_cookie(void **state)
{
    struct tcp_header header = sample_header(TCP_OPTION_TIMESTAMP | TCP_OPTION_SACK | TCP_OPTION_FAST_OPEN);
    uint8_t segment[60];
    struct tcp_segment out;

    (void)state;
    header.options.sack_count = 4;
    header.options.fast_open_bytes = 16;
    assert_int_equal(parse_exact(segment, tcp_build(segment, &header), &out), RILL_DROP_NONE);
    assert_int_equal(out.options.present, TCP_OPTION_TIMESTAMP | TCP_OPTION_FAST_OPEN);
}

static void TCH_10_a_cookie_that_cannot_fit_gives_its_room_to_sack(void **state)
{
    struct tcp_header header = sample_header(ALL_OPTIONS);
    uint8_t segment[60];
    struct tcp_segment out;

    (void)state;
    header.options.fast_open_bytes = 16;
    assert_int_equal(parse_exact(segment, tcp_build(segment, &header), &out), RILL_DROP_NONE);
    assert_int_equal(out.options.present, ALL_OPTIONS & ~TCP_OPTION_FAST_OPEN);
    assert_int_equal(out.options.sack_count, 1);
}

static void syn_options_stand_in_the_order_of_linux(void **state)
{
    const uint8_t expected[20] = {2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4, 1, 3, 3, 14};
    struct tcp_header header =
        sample_header(TCP_OPTION_MSS | TCP_OPTION_SACK_PERMITTED | TCP_OPTION_TIMESTAMP | TCP_OPTION_WINDOW_SCALE);
    uint8_t segment[60];

    (void)state;
    assert_int_equal(tcp_build(segment, &header), 40);
    assert_memory_equal(segment + 20, expected, sizeof expected);
}

static void acks_carry_nop_nop_timestamp_nop_nop_sack(void **state)
{
    const uint8_t expected[24] = {1, 1, 8, 10, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4,
                                  1, 1, 5, 10, 0,    0,    0,    10,   0, 0, 0, 20};
    struct tcp_header header = sample_header(TCP_OPTION_TIMESTAMP | TCP_OPTION_SACK);
    uint8_t segment[60];

    (void)state;
    header.flags = TCP_ACK;
    assert_int_equal(tcp_build(segment, &header), 44);
    assert_memory_equal(segment + 20, expected, sizeof expected);
}

static void a_cookie_request_is_two_bytes_and_padding(void **state)
{
    const uint8_t expected[4] = {34, 2, 1, 1};
    struct tcp_header header = sample_header(TCP_OPTION_FAST_OPEN);
    uint8_t segment[60];

    (void)state;
    header.options.fast_open_bytes = 0;
    header.options.fast_open_cookie = NULL;
    assert_int_equal(tcp_build(segment, &header), 24);
    assert_memory_equal(segment + 20, expected, sizeof expected);
}

static void every_cookie_length_survives_build_and_parse(void **state)
{
    (void)state;
    for (unsigned bytes = 4; bytes <= 16; bytes += 2) {
        struct tcp_header header = sample_header(TCP_OPTION_FAST_OPEN);
        uint8_t segment[60];
        struct tcp_segment out;

        header.options.fast_open_bytes = (uint8_t)bytes;
        assert_int_equal(parse_exact(segment, tcp_build(segment, &header), &out), RILL_DROP_NONE);
        assert_same_options(&header.options, &out.options);
    }
}

/* A MALFORMED mark copied from a received segment asks for nothing. */
static void a_malformed_mark_builds_no_option(void **state)
{
    struct tcp_header header = sample_header(TCP_OPTION_MALFORMED);
    uint8_t segment[60];

    (void)state;
    assert_int_equal(tcp_build(segment, &header), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read_as_they_stand_on_the_wire),
        cmocka_unit_test(reserved_bits_change_nothing),
        cmocka_unit_test(TCH_01_data_offset_is_held_to_header_and_segment),
        cmocka_unit_test(port_zero_is_dropped_either_way),
        cmocka_unit_test(every_truncation_of_a_full_syn_is_dropped_by_name),
        cmocka_unit_test(a_syn_cut_within_its_options_keeps_the_whole_ones),
        cmocka_unit_test(segment_length_counts_syn_and_fin),
        cmocka_unit_test(MUST_5_options_are_read_from_any_segment),
        cmocka_unit_test(MUST_6_unknown_kinds_are_skipped_by_their_length),
        cmocka_unit_test(MUST_7_TCH_02_lengths_0_and_1_end_the_walk_for_every_kind),
        cmocka_unit_test(TCH_02_the_rows_of_the_table_are_malformed),
        cmocka_unit_test(an_option_past_the_headers_end_ends_the_walk),
        cmocka_unit_test(a_kind_without_room_for_its_length_is_malformed),
        cmocka_unit_test(TCH_07_a_length_wrong_for_the_kind_is_passed_over),
        cmocka_unit_test(TCH_07_options_behind_a_wrong_length_still_count),
        cmocka_unit_test(TCH_04_every_mss_is_read_as_it_stands),
        cmocka_unit_test(TCH_05_window_scale_above_14_reads_as_14),
        cmocka_unit_test(TCH_08_the_first_of_duplicates_counts),
        cmocka_unit_test(TCH_08_the_usual_layout_reads_as_any_other_does),
        cmocka_unit_test(TCH_11_timestamps_of_length_9_and_11_are_not_read),
        cmocka_unit_test(TCH_13_the_urgent_pointer_is_read_whatever_the_payload),
        cmocka_unit_test(TCH_14_a_malformed_authentication_option_is_skipped_by_its_length),
        cmocka_unit_test(what_follows_the_end_of_the_list_is_not_read),
        cmocka_unit_test(forty_nops_are_walked),
        cmocka_unit_test(sack_count_is_zero_when_there_is_no_sack),
        cmocka_unit_test(built_segments_parse_to_the_same_for_every_set_that_fits),
        cmocka_unit_test(TCH_10_own_options_never_exceed_forty_bytes),
        cmocka_unit_test(TCH_10_sack_blocks_are_left_out_last_first),
        cmocka_unit_test(TCH_10_sack_blocks_yield_to_the_cookie),
        cmocka_unit_test(TCH_10_a_cookie_that_cannot_fit_gives_its_room_to_sack),
        cmocka_unit_test(syn_options_stand_in_the_order_of_linux),
        cmocka_unit_test(acks_carry_nop_nop_timestamp_nop_nop_sack),
        cmocka_unit_test(a_cookie_request_is_two_bytes_and_padding),
        cmocka_unit_test(every_cookie_length_survives_build_and_parse),
        cmocka_unit_test(a_malformed_mark_builds_no_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
