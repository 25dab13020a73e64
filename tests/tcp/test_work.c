/*
 * What a packet may cost, whoever sends it: whole packets go in at the stack's
 * door, thousands of the worst kind, and after each the stack tells how many
 * steps it took. SegmentSmack (CVE-2018-5390) at the receiver; SACK Panic, SACK
 * Slowness and a tiny MSS (CVE-2019-11477 to 11479) at the sender. Then memory
 * must be within what was agreed, and the connection still work.
 */
#include <stdlib.h>

#include "base/bytes.h"
#include "support/packet_check.h"
#include "support/tcp_peer.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/train.h"

#define STEPS_MAX 64u /* the promise; not WORK_STEPS_MAX, which might be changed */
#define MEMORY (32u << 20)
#define BUFFER (1u << 20)
#define OUR_ADDRESS 0x0a4d0002u
#define THEIR_ADDRESS 0x0a4d0001u
#define ISN 0xfffffff0u
#define SHIFT 7

struct bench {
    struct rill_stack *stack;
    void *memory;
    int netif;
    rill_time now;
    rill_conn listener, conn;
    uint32_t iss;                /* of the stack */
    uint32_t written, delivered; /* bytes of its stream: given to it, and seen in order by the peer */
    uint32_t rcv_nxt, read;      /* of the peer's stream: acknowledged by the stack; read by the application */
    uint32_t right_edge;         /* ... and how far it may send */
    uint32_t snd_nxt;            /* the end of what the stack sent */
    uint32_t packets, worst;
    uint64_t random;
};

static uint32_t below(struct bench *b, uint32_t n)
{
    b->random = b->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(b->random >> 33) % n;
}

/* ------------------------------------------------------------------ packets */

static void enter(struct bench *b, const uint8_t *packet, uint32_t length_bytes)
{
    struct rill_packet in = {.data = packet, .length_bytes = length_bytes};
    struct rill_work work;

    rill_input(b->stack, b->netif, &in, 1, b->now);
    rill_work(b->stack, &work);
    b->packets++;
    if (work.steps > b->worst)
        b->worst = work.steps;
    if (work.steps > STEPS_MAX)
        fail_msg("packet %u of %u bytes took %u steps", b->packets, length_bytes, work.steps);
}

/* A segment of the peer's; seq and ack count from the first byte of each stream. */
static void put(struct bench *b, unsigned flags, uint32_t seq, uint32_t ack, uint32_t data_bytes,
                const struct tcp_options *options)
{
    static uint8_t bytes[65536];
    struct tcp_header tcp = {.source_port = PEER_PORT, .destination_port = STACK_PORT, .window = 65535};
    struct ipv4_header ip = {.source = THEIR_ADDRESS,
                             .destination = OUR_ADDRESS,
                             .header_bytes = IPV4_HEADER_BYTES,
                             .ttl = 64,
                             .protocol = IP_PROTOCOL_TCP,
                             .dont_fragment = true};
    uint8_t *segment = bytes + IPV4_HEADER_BYTES;
    uint32_t header_bytes;

    tcp.flags = (uint8_t)flags;
    tcp.seq = (struct seq){ISN + 1 + seq};
    tcp.ack = (struct seq){(flags & TCP_ACK) != 0 ? b->iss + 1 + ack : 0};
    if (options != NULL)
        tcp.options = *options;
    header_bytes = (uint32_t)tcp_build(segment, &tcp);
    for (uint32_t i = 0; i < data_bytes; i++)
        segment[header_bytes + i] = peer_stream_byte(seq + i);
    put_be16(segment + 16,
             checksum_finish(checksum_pseudo4(ip.source, ip.destination, IP_PROTOCOL_TCP, header_bytes + data_bytes) +
                             checksum_bytes(segment, header_bytes + data_bytes)));
    ip.total_bytes = (uint16_t)(IPV4_HEADER_BYTES + header_bytes + data_bytes);
    ipv4_build(bytes, &ip);
    enter(b, bytes, ip.total_bytes);
}

/* RFC 1191: a router says that the segment at `seq` of the stack's stream was too big for a link of this MTU. */
static void put_too_big(struct bench *b, uint32_t seq, uint16_t mtu)
{
    uint8_t bytes[2 * IPV4_HEADER_BYTES + 16] = {0};
    uint8_t *icmp = bytes + IPV4_HEADER_BYTES, *quoted = icmp + 8;
    struct ipv4_header ip = {.source = THEIR_ADDRESS,
                             .destination = OUR_ADDRESS,
                             .header_bytes = IPV4_HEADER_BYTES,
                             .ttl = 64,
                             .protocol = IP_PROTOCOL_ICMP,
                             .total_bytes = sizeof bytes};
    struct ipv4_header about = {.source = OUR_ADDRESS,
                                .destination = THEIR_ADDRESS,
                                .header_bytes = IPV4_HEADER_BYTES,
                                .ttl = 60,
                                .protocol = IP_PROTOCOL_TCP,
                                .dont_fragment = true,
                                .total_bytes = 1500};

    ipv4_build(bytes, &ip);
    ipv4_build(quoted, &about);
    put_be16(quoted + 20, STACK_PORT);
    put_be16(quoted + 22, PEER_PORT);
    put_be32(quoted + 24, b->iss + 1 + seq);
    icmp[0] = 3;
    icmp[1] = 4;
    put_be16(icmp + 6, mtu);
    put_be16(icmp + 2, checksum_finish(checksum_bytes(icmp, sizeof bytes - IPV4_HEADER_BYTES)));
    enter(b, bytes, sizeof bytes);
}

static void see(struct bench *b, const uint8_t *packet, size_t length_bytes)
{
    struct ipv4_header ip;
    struct tcp_segment seg;
    uint32_t at;

    assert_null(packet_check(packet, length_bytes, NULL));
    assert_int_equal(ipv4_parse(packet, length_bytes, &ip), RILL_DROP_NONE);
    assert_int_equal(tcp_parse(packet + ip.header_bytes, length_bytes - ip.header_bytes, &seg), RILL_DROP_NONE);
    assert_int_equal(seg.flags & TCP_RST, 0);
    if ((seg.flags & TCP_SYN) != 0) {
        b->iss = seg.seq.v;
        return;
    }
    at = seg.seq.v - b->iss - 1;
    for (uint32_t i = 0; i < seg.data_bytes; i++)
        assert_int_equal(seg.data[i], peer_stream_byte(at + i));
    if (at <= b->delivered && at + seg.data_bytes > b->delivered)
        b->delivered = at + seg.data_bytes;
    if ((int32_t)(at + seg.data_bytes - b->snd_nxt) > 0)
        b->snd_nxt = at + seg.data_bytes;
    b->rcv_nxt = seg.ack.v - ISN - 1;
    b->right_edge = b->rcv_nxt + ((uint32_t)seg.window << SHIFT);
}

static void drain(struct bench *b)
{
    struct rill_train trains[8];
    struct rill_event event;
    uint8_t packet[2048];
    unsigned n;

    do {
        n = rill_output(b->stack, b->netif, trains, 8, b->now);
        for (unsigned i = 0; i < n; i++) {
            struct train_cursor cursor = {0};

            for (uint32_t k = 0; k < train_packet_count(&trains[i]); k++)
                see(b, packet, train_cut(&trains[i], &cursor, k, packet, sizeof packet));
        }
    } while (n > 0);
    while (rill_next(b->stack, &event))
        assert_int_equal(event.what & RILL_RESET, 0);
}

/* The stack's timers run; the peer stays silent. */
static void pass(struct bench *b, uint64_t ms)
{
    rill_time end = b->now + ms * 1000000;

    for (rill_time next; (next = rill_deadline(b->stack)) <= end; drain(b)) {
        b->now = next > b->now ? next : b->now;
        rill_poll(b->stack, b->now);
    }
    b->now = end;
    rill_poll(b->stack, b->now);
    drain(b);
}

/* -------------------------------------------------------------------- set-up */

static void open_with_mss(struct bench *b, uint16_t mss)
{
    struct rill_netif_config netif = {
        .name = "bench", .mtu = 1500, .addr = rill_addr4(10, 77, 0, 2), .prefix_bits = 24};
    struct tcp_options syn = {.present = TCP_OPTION_MSS | TCP_OPTION_SACK_PERMITTED | TCP_OPTION_WINDOW_SCALE,
                              .mss = mss,
                              .window_scale = SHIFT};
    struct rill_options options;
    struct rill_config config;

    memset(b, 0, sizeof *b);
    b->memory = aligned_alloc(4096, MEMORY);
    assert_non_null(b->memory);
    b->now = UINT64_C(1000000000);
    b->random = 1;
    rill_config_default(&config);
    config.memory = b->memory;
    config.memory_bytes = MEMORY;
    config.now = b->now;
    config.send_buffer_bytes = config.receive_buffer_bytes = BUFFER;
    config.window_bytes_max = BUFFER << 3;
    config.initial_window_segments = 100;
    memset(config.secret, 7, sizeof config.secret);
    assert_int_equal(rill_stack_create(&config, &b->stack), 0);
    assert_int_equal(rill_netif_add(b->stack, &netif, &b->netif), 0);
    rill_options_default(&options);
    options.local.port = STACK_PORT;
    options.flags = RILL_OPTION_NODELAY;
    assert_int_equal(rill_tcp_listen(b->stack, &options, &b->listener), 0);
    put(b, TCP_SYN, UINT32_MAX, 0, 0, &syn);
    drain(b);
    put(b, TCP_ACK, 0, 0, 0, NULL);
    drain(b);
    assert_int_equal(rill_accept(b->stack, b->listener, &b->conn, NULL), 0);
    rill_set_flags(b->stack, b->conn, RILL_OPTION_NODELAY, 0);
    pass(b, 10);
    put(b, TCP_ACK, 0, 0, 0, NULL);
}

/* What was taken apart, each packet in or out has made at most two pieces of: a range and a buffer, or a record. */
static void finish(struct bench *b)
{
    struct rill_work work;

    rill_work(b->stack, &work);
    assert_int_equal(work.steps_max, b->worst);
    assert_true(work.settled <= 2 * (b->packets + rill_counted(b->stack, RILL_COUNT_TCP_SEGMENTS_OUT)));
    assert_true(rill_check(b->stack));
    rill_stack_destroy(b->stack);
    free(b->memory);
}

static void read_all(struct bench *b)
{
    static uint8_t data[65536];
    int64_t n;

    while ((n = rill_receive(b->stack, b->conn, data, sizeof data, 0)) > 0) {
        for (int64_t i = 0; i < n; i++)
            assert_int_equal(data[i], peer_stream_byte(b->read + (uint32_t)i));
        b->read += (uint32_t)n;
    }
    assert_int_equal(n, -RILL_EAGAIN);
    drain(b);
}

/* The attack is one: so much that a loop over all of it would show. */
static void expect_long_lists(struct bench *b, unsigned pieces)
{
    struct rill_memory m;

    rill_memory(b->stack, &m);
    assert_true(m.connection_bytes >= pieces * 48u);
}

/* What one connection may hold: its two buffers at true size, as much again for overhead, and the fixed parts. */
static void expect_memory_within_bounds(struct bench *b)
{
    struct rill_memory m;

    rill_memory(b->stack, &m);
    assert_true(m.used_bytes - m.head_bytes <= 4 * (uint64_t)BUFFER);
    assert_int_equal(m.refusals, 0);
    assert_true(rill_check(b->stack));
}

/* An honest peer from here on: 200 KiB each way arrive whole, and nothing is left behind. */
static void expect_it_still_works(struct bench *b)
{
    static uint8_t data[4096];
    uint32_t peer_end, our_end = b->written + 200 * 1024;
    unsigned rounds = 0;

    expect_memory_within_bounds(b);
    read_all(b);
    peer_end = b->rcv_nxt + 200 * 1024;
    while (b->read < peer_end || b->delivered < our_end) {
        assert_true(++rounds < 20000);
        if (b->written < our_end) {
            uint32_t n = our_end - b->written < sizeof data ? our_end - b->written : (uint32_t)sizeof data;
            int64_t taken;

            for (uint32_t i = 0; i < n; i++)
                data[i] = peer_stream_byte(b->written + i);
            taken = rill_send(b->stack, b->conn, data, n, 0);
            b->written += taken > 0 ? (uint32_t)taken : 0;
            drain(b);
        }
        if (b->rcv_nxt < peer_end && b->rcv_nxt + 1000 <= b->right_edge)
            put(b, TCP_ACK, b->rcv_nxt, b->delivered, 1000, NULL);
        else
            put(b, TCP_ACK, b->rcv_nxt, b->delivered, 0, NULL);
        drain(b);
        read_all(b);
        pass(b, 10);
    }
    put(b, TCP_ACK, b->rcv_nxt, b->delivered, 0, NULL);
    pass(b, 1000);
    assert_true(rill_check(b->stack));
}

/* ------------------------------------------------------------------ receiver */

#define SMALL_SEGMENTS 6000u

enum order { UPWARD, DOWNWARD, ANY_ORDER, EVENS_THEN_ODDS };

/* Single bytes ahead of a gap, no two of them next to each other, but for EVENS_THEN_ODDS, which makes one range. */
static void smack(struct bench *b, enum order order)
{
    for (uint32_t i = 0; i < SMALL_SEGMENTS; i++) {
        uint32_t at = order == UPWARD      ? 2 + 2 * i
                      : order == DOWNWARD  ? 2 * (SMALL_SEGMENTS - i)
                      : order == ANY_ORDER ? 2 + 2 * below(b, SMALL_SEGMENTS)
                                           : 2 + 2 * (i % (SMALL_SEGMENTS / 2)) + (i >= SMALL_SEGMENTS / 2 ? 1 : 0);

        put(b, TCP_ACK | TCP_PSH, at, 0, 1, NULL);
        if (i % 64 == 0)
            drain(b);
    }
    drain(b);
    expect_long_lists(b, order == EVENS_THEN_ODDS ? 1000 : 3000);
    expect_memory_within_bounds(b);
}

/* Then text that lies on many of them: first behind the gap, then in it; as large as an offload makes it. */
static void cover(struct bench *b)
{
    for (unsigned i = 0; i < 12; i++) {
        put(b, TCP_ACK, 1 + below(b, SMALL_SEGMENTS), 0, 1 + below(b, 8000), NULL);
        drain(b);
    }
    put(b, TCP_ACK, 1, 0, 16000, NULL);
    drain(b);
    for (unsigned i = 0; i < 1000 && b->rcv_nxt < 2 * SMALL_SEGMENTS; i++) {
        uint32_t before = b->rcv_nxt;

        put(b, TCP_ACK, b->rcv_nxt, 0, 16000, NULL);
        drain(b);
        assert_true(b->rcv_nxt > before); /* each segment brings the stream on */
    }
    assert_true(b->rcv_nxt >= 2 * SMALL_SEGMENTS);
}

static void smack_in(enum order order)
{
    struct bench b;

    open_with_mss(&b, 1460);
    smack(&b, order);
    cover(&b);
    expect_it_still_works(&b);
    finish(&b);
}

static void SAK_08_small_segments_upward_cost_no_packet_more_than_64_steps(void **state)
{
    (void)state;
    smack_in(UPWARD);
}

static void SAK_08_small_segments_downward_cost_no_packet_more_than_64_steps(void **state)
{
    (void)state;
    smack_in(DOWNWARD);
}

static void SAK_08_small_segments_in_any_order_cost_no_packet_more_than_64_steps(void **state)
{
    (void)state;
    smack_in(ANY_ORDER);
}

static void SAK_08_small_segments_that_join_cost_no_packet_more_than_64_steps(void **state)
{
    (void)state;
    smack_in(EVENS_THEN_ODDS);
}

/* -------------------------------------------------------------------- sender */

/* Thousands of segments in flight: the application writes bytes one by one, none waits for another. */
static void fill_flight(struct bench *b, uint32_t segments, uint32_t bytes_each)
{
    static uint8_t data[1460];

    for (uint32_t i = 0; i < segments; i++) {
        for (uint32_t k = 0; k < bytes_each; k++)
            data[k] = peer_stream_byte(b->written + k);
        if (rill_send(b->stack, b->conn, data, bytes_each, 0) != (int64_t)bytes_each)
            fail_msg("the send buffer is full");
        b->written += bytes_each;
        drain(b);
    }
}

struct block {
    uint32_t start, end;
};

static void sack(struct bench *b, uint32_t ack, unsigned count, const struct block *blocks)
{
    struct tcp_options options = {.present = TCP_OPTION_SACK, .sack_count = (uint8_t)count};

    for (unsigned i = 0; i < count; i++) {
        options.sack[i].start.v = b->iss + 1 + blocks[i].start;
        options.sack[i].end.v = b->iss + 1 + blocks[i].end;
    }
    put(b, TCP_ACK, b->rcv_nxt, ack, 0, &options);
}

/* Every other segment, three to an ACK, from either end. */
static void sack_alternate(struct bench *b, uint32_t una, uint32_t each, bool downward)
{
    uint32_t count = (b->snd_nxt - una) / each;

    for (uint32_t i = 1; i + 5 < count; i += 6) {
        uint32_t first = una + (downward ? count - 6 - i : i) * each;
        const struct block blocks[3] = {
            {first, first + each}, {first + 2 * each, first + 3 * each}, {first + 4 * each, first + 5 * each}};

        sack(b, una, 3, blocks);
    }
}

/* All of it in one block, again and again: what a packet leaves undone the next one takes up. */
static void sack_all(struct bench *b, uint32_t una, uint32_t each)
{
    const struct block blocks[1] = {{una + each, b->snd_nxt}};

    for (unsigned i = 0; i < 300; i++)
        sack(b, una, 1, blocks);
}

/* Blocks anywhere, of any length, with a D-SACK in front or a lie among them. */
static void sack_at_random(struct bench *b, uint32_t una, unsigned packets)
{
    uint32_t flight = b->snd_nxt - una;

    for (unsigned i = 0; i < packets; i++) {
        struct block blocks[4];

        for (unsigned k = 0; k < 4; k++) {
            blocks[k].start = una + below(b, flight);
            blocks[k].end = blocks[k].start + 1 + below(b, below(b, 4) == 0 ? flight : 40);
        }
        if (below(b, 3) == 0) { /* RFC 2883 4: of what is acknowledged, or within the second block */
            blocks[0].start = below(b, 2) == 0 ? una - (una > 20 ? 20 : una) : blocks[1].start;
            blocks[0].end = blocks[0].start + 1;
        }
        sack(b, una, 1 + below(b, 4), blocks);
    }
}

/* The peer has thrown it all away: the timer finds out, and everything goes again. */
static void renege(struct bench *b, uint32_t una)
{
    pass(b, 5000);
    put(b, TCP_ACK, b->rcv_nxt, una, 0, NULL);
    drain(b);
}

static void attack_sender(uint16_t mss, uint32_t segments, uint32_t each)
{
    struct bench b;

    open_with_mss(&b, mss);
    for (unsigned round = 0; round < 3; round++) {
        uint32_t una;

        fill_flight(&b, segments, each);
        expect_long_lists(&b, each < 100 ? 1000 : 0);
        una = b.delivered / 2 / each * each; /* some of it is acknowledged, in bits */
        for (uint32_t at = b.delivered - b.delivered / 8; at < una; at += 3)
            put(&b, TCP_ACK, b.rcv_nxt, at, 0, NULL);
        if (una == 0 || round == 0)
            una = 0;
        put(&b, TCP_ACK, b.rcv_nxt, una, 0, NULL);
        sack_alternate(&b, una, each, round == 1);
        drain(&b);
        sack_at_random(&b, una, 500);
        drain(&b);
        pass(&b, 3);
        if (round == 1)
            renege(&b, una);
        sack_at_random(&b, una, 300);
        sack_all(&b, una, each);
        drain(&b);
        pass(&b, 100);
        put(&b, TCP_ACK, b.rcv_nxt, b.delivered, 0, NULL);
        drain(&b);
    }
    expect_it_still_works(&b);
    finish(&b);
}

static void SAK_02_sack_over_thousands_of_one_byte_segments_costs_at_most_64_steps(void **state)
{
    (void)state;
    attack_sender(1460, 5000, 1);
}

static void SAK_02_sack_with_an_mss_of_8_costs_at_most_64_steps(void **state)
{
    (void)state;
    attack_sender(8, 4000, 1);
}

static void SAK_01_sack_with_an_mss_of_48_costs_at_most_64_steps(void **state)
{
    (void)state;
    attack_sender(48, 3000, 7);
}

static void SAK_02_sack_that_cuts_large_trains_costs_at_most_64_steps(void **state)
{
    (void)state;
    attack_sender(48, 60, 1460);
}

/* Each makes all that is in flight too big once more. */
static void a_path_that_becomes_narrower_again_and_again_costs_at_most_64_steps(void **state)
{
    struct bench b;
    (void)state;
    open_with_mss(&b, 1460);
    fill_flight(&b, 95, 1460);
    for (uint16_t mtu = 1480; mtu > 560; mtu = (uint16_t)(mtu - 20)) {
        put_too_big(&b, b.delivered / 2, mtu);
        if (mtu % 200 == 0)
            drain(&b);
    }
    assert_int_equal(rill_drops(b.stack, RILL_DROP_ICMP_SEQUENCE), 0);
    assert_true(b.worst > 20);
    expect_it_still_works(&b);
    finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(SAK_08_small_segments_upward_cost_no_packet_more_than_64_steps),
        cmocka_unit_test(SAK_08_small_segments_downward_cost_no_packet_more_than_64_steps),
        cmocka_unit_test(SAK_08_small_segments_in_any_order_cost_no_packet_more_than_64_steps),
        cmocka_unit_test(SAK_08_small_segments_that_join_cost_no_packet_more_than_64_steps),
        cmocka_unit_test(SAK_02_sack_over_thousands_of_one_byte_segments_costs_at_most_64_steps),
        cmocka_unit_test(SAK_02_sack_with_an_mss_of_8_costs_at_most_64_steps),
        cmocka_unit_test(SAK_01_sack_with_an_mss_of_48_costs_at_most_64_steps),
        cmocka_unit_test(SAK_02_sack_that_cuts_large_trains_costs_at_most_64_steps),
        cmocka_unit_test(a_path_that_becomes_narrower_again_and_again_costs_at_most_64_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
