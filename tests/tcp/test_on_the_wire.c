/* What is true of the bytes of every segment, looked at without the stack's own parsers. */
#include "base/bytes.h"
#include "support/tcp_peer.h"
#include "wire/checksum.h"
#include "wire/train.h"

struct seen {
    unsigned packets, odd, even; /* with data of an odd or even length */
    uint8_t flags;               /* of any of them */
};

typedef void (*check_fn)(const uint8_t *packet, size_t bytes);

static void each_packet(struct peer *p, struct seen *seen, check_fn check)
{
    struct rill_train trains[8];
    unsigned count = rill_output(p->stack, p->netif, trains, 8, p->now);

    for (unsigned i = 0; i < count; i++) {
        struct train_cursor cursor = {0};
        uint8_t packet[2048];

        for (uint32_t k = 0; k < train_packet_count(&trains[i]); k++) {
            size_t bytes = train_cut(&trains[i], &cursor, k, packet, sizeof packet);
            size_t data = bytes - 20 - 4 * (size_t)(packet[32] >> 4);

            assert_true(bytes >= 40);
            assert_int_equal(packet[0], 0x45);
            check(packet, bytes);
            seen->packets++;
            seen->odd += data % 2;
            seen->even += data != 0 && data % 2 == 0;
            seen->flags |= packet[33];
        }
    }
}

/* A SYN, segments of odd and even lengths, a train, a FIN, and a RST: all by the stack, none answered. */
static void send_of_everything(bool options, check_fn check)
{
    struct peer_setup setup = {.timestamps = options, .sack = options, .window_scaling = options};
    struct rill_endpoint remote = {rill_addr4(10, 77, 0, 1), 9};
    struct seen seen = {0};
    uint8_t data[3001];
    struct peer p;
    rill_conn other;

    memset(data, 0xa5, sizeof data);
    peer_open(&p, &setup);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(rill_tcp_connect(p.stack, &remote, NULL, &other), 0);
    each_packet(&p, &seen, check);
    assert_int_equal(rill_send(p.stack, p.conn, data, sizeof data, 0), sizeof data);
    each_packet(&p, &seen, check);
    assert_int_equal(rill_shutdown(p.stack, p.conn), 0);
    each_packet(&p, &seen, check);
    assert_int_equal(rill_abort(p.stack, p.conn), 0);
    each_packet(&p, &seen, check);
    assert_int_equal(seen.flags & (TCP_SYN | TCP_ACK | TCP_FIN | TCP_RST), TCP_SYN | TCP_ACK | TCP_FIN | TCP_RST);
    assert_true(seen.packets >= 5 && seen.odd > 0 && seen.even > 0);
    peer_close(&p);
}

static void checksum_is_right(const uint8_t *packet, size_t bytes)
{
    uint32_t sum = 6 + (uint32_t)(bytes - 20);

    for (size_t i = 12; i < bytes; i++) /* addresses of the IP header, then the segment */
        sum += i % 2 == 0 ? (uint32_t)packet[i] << 8 : packet[i];
    while (sum > 0xffff)
        sum = (sum >> 16) + (sum & 0xffff);
    assert_int_equal(sum, 0xffff);
}

static void MUST_2_every_segment_has_a_valid_checksum(void **state)
{
    (void)state;
    send_of_everything(false, checksum_is_right);
    send_of_everything(true, checksum_is_right);
}

/* Kinds 0 and 1 are EOL and NOP. */
static void nothing_but_zeros_behind_the_end_of_options(const uint8_t *packet, size_t bytes)
{
    size_t at = 40, end = 20 + 4 * (size_t)(packet[32] >> 4);

    assert_true(end <= bytes);
    while (at < end && packet[at] != 0) {
        assert_true(packet[at] == 1 || packet[at + 1] >= 2);
        at += packet[at] == 1 ? 1 : packet[at + 1];
    }
    assert_true(at <= end);
    for (; at < end; at++)
        assert_int_equal(packet[at], 0);
}

static void MUST_69_options_fill_the_header_or_end_in_zeros(void **state)
{
    (void)state;
    send_of_everything(false, nothing_but_zeros_behind_the_end_of_options);
    send_of_everything(true, nothing_but_zeros_behind_the_end_of_options);
}

static void is_atomic(const uint8_t *packet, size_t bytes)
{
    assert_int_equal(get_be16(packet + 2), bytes);
    assert_int_equal(get_be16(packet + 6), 0x4000); /* DF alone */
    assert_int_not_equal(packet[8], 0);             /* TTL */
}

static void has_id_0(const uint8_t *packet, size_t bytes)
{
    is_atomic(packet, bytes);
    assert_int_equal(get_be16(packet + 4), 0);
}

static void R6864_3_R791_9_no_packet_is_or_may_become_a_fragment_and_none_has_ttl_0(void **state)
{
    (void)state;
    send_of_everything(false, is_atomic);
    send_of_everything(true, is_atomic);
}

static void MAY_4_what_is_sent_again_has_the_id_of_the_first_time(void **state)
{
    struct seen seen = {0};
    uint8_t data[100] = {0};
    struct peer p;

    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(rill_send(p.stack, p.conn, data, sizeof data, 0), sizeof data);
    each_packet(&p, &seen, has_id_0);
    p.now += UINT64_C(1000000000);
    rill_poll(p.stack, p.now);
    each_packet(&p, &seen, has_id_0);
    assert_int_equal(seen.packets, 2);
    peer_close(&p);
}

static void has_a_timestamp(const uint8_t *packet, size_t bytes)
{
    size_t at = 40, end = 20 + 4 * (size_t)(packet[32] >> 4);

    (void)bytes;
    while (at < end && packet[at] != 8)
        at += packet[at] == 1 ? 1 : packet[at + 1];
    assert_true(at + 10 <= end);
    assert_int_equal(packet[at + 1], 10);
}

static void R7323_9_every_segment_has_a_timestamp_once_agreed(void **state)
{
    (void)state;
    send_of_everything(true, has_a_timestamp);
}

/* A segment of 10 bytes in order, in an IPv4 header with these four bytes of options. */
static void inject_with_ip_options(struct peer *p, const uint8_t options[4])
{
    uint8_t packet[54] = {0x46, 0, 0, sizeof packet, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 77, 0, 1, 10, 77, 0, 2};
    uint8_t *tcp = packet + 24;
    checksum_sum sum;

    memcpy(packet + 20, options, 4);
    put_be16(packet + 10, checksum_finish(checksum_bytes(packet, 24)));
    put_be16(tcp, PEER_PORT);
    put_be16(tcp + 2, STACK_PORT);
    put_be32(tcp + 4, p->isn + 1);
    put_be32(tcp + 8, p->iss + 1);
    tcp[12] = 0x50;
    tcp[13] = TCP_ACK;
    put_be16(tcp + 14, 65535);
    sum = checksum_pseudo4(get_be32(packet + 12), get_be32(packet + 16), 6, 30);
    put_be16(tcp + 16, checksum_finish(sum + checksum_bytes(tcp, 30)));
    peer_inject(p, packet, sizeof packet);
}

/* Ten bytes at `seq` with this IP ID and TTL. */
static void inject_with_id_and_ttl(struct peer *p, uint32_t seq, uint16_t id, uint8_t ttl)
{
    uint8_t packet[50] = {0x45, 0, 0, sizeof packet, 0, 0, 0x40, 0, ttl, 6, 0, 0, 10, 77, 0, 1, 10, 77, 0, 2};
    uint8_t *tcp = packet + 20;
    checksum_sum sum;

    put_be16(packet + 4, id);
    put_be16(packet + 10, checksum_finish(checksum_bytes(packet, 20)));
    put_be16(tcp, PEER_PORT);
    put_be16(tcp + 2, STACK_PORT);
    put_be32(tcp + 4, p->isn + seq);
    put_be32(tcp + 8, p->iss + 1);
    tcp[12] = 0x50;
    tcp[13] = TCP_ACK;
    put_be16(tcp + 14, 65535);
    sum = checksum_pseudo4(get_be32(packet + 12), get_be32(packet + 16), 6, 30);
    put_be16(tcp + 16, checksum_finish(sum + checksum_bytes(tcp, 30)));
    peer_inject(p, packet, sizeof packet);
}

static void R791_9_R6864_1_whatever_ttl_and_id_a_packet_has_left_it_is_taken(void **state)
{
    static const uint8_t ttls[] = {0, 1, 255};
    static const uint16_t ids[] = {7, 7, 0};
    struct rill_status status;
    struct peer p;

    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    for (uint32_t i = 0; i < 3; i++)
        inject_with_id_and_ttl(&p, 1 + 10 * i, ids[i], ttls[i]);
    expect_status_of(&p, p.conn, &status);
    assert_int_equal(status.bytes_received, 30);
    peer_close(&p);
}

static void R791_7_what_is_not_for_us_or_from_nobody_is_silently_dropped(void **state)
{
    static const uint32_t sources[] = {0x00000001, 0x7f000001, 0xe0000001, 0xf0000001, 0xffffffff, 0x0a4d00ff};
    static const uint32_t destinations[] = {0x0a4d0003, 0xc0000209, 0x7f000001, 0x0a4d00ff, 0xe0000001, 0xffffffff};
    struct peer p;

    (void)state;
    peer_open(&p, &(struct peer_setup){.passive = true});
    peer_reach(&p, RILL_STATE_LISTEN);
    for (unsigned i = 0; i < sizeof sources / sizeof sources[0]; i++)
        peer_send_packet(&p, &(struct peer_packet){.flags = TCP_SYN, .source = sources[i]});
    for (unsigned i = 0; i < sizeof destinations / sizeof destinations[0]; i++)
        peer_send_packet(&p, &(struct peer_packet){.flags = TCP_SYN, .destination = destinations[i]});
    expect_nothing(&p);
    expect_no_event(&p);
    expect_state(&p, RILL_STATE_LISTEN);
    peer_close(&p);
}

/* Also those that may be supported and are not: timestamp (MAY-10) and record route (MAY-11). */
static void MUST_50_ip_options_that_are_not_understood_are_ignored(void **state)
{
    static const uint8_t options[][4] = {{94, 4, 1, 2}, {1, 222, 3, 9}, {68, 4, 5, 0}, {7, 3, 4, 0}};

    (void)state;
    for (unsigned i = 0; i < sizeof options / sizeof options[0]; i++) {
        struct rill_status status;
        struct peer p;

        peer_open(&p, NULL);
        peer_reach(&p, RILL_STATE_ESTABLISHED);
        inject_with_ip_options(&p, options[i]);
        expect_status_of(&p, p.conn, &status);
        assert_int_equal(status.receive_queued, 10);
        peer_close(&p);
    }
}

static void REC_1_MUST_1_a_scaled_window_is_kept_in_32_bits(void **state)
{
    struct peer_setup setup = {.window_scaling = true, .window = 65535};
    struct rill_status status;
    struct peer p;

    (void)state;
    peer_open(&p, &setup);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_send(&p, TCP_ACK, 1, 1, 1);
    expect_status_of(&p, p.conn, &status);
    assert_int_equal(status.snd_wnd, 65535u << 7);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(MUST_2_every_segment_has_a_valid_checksum),
        cmocka_unit_test(MUST_69_options_fill_the_header_or_end_in_zeros),
        cmocka_unit_test(R6864_3_R791_9_no_packet_is_or_may_become_a_fragment_and_none_has_ttl_0),
        cmocka_unit_test(MAY_4_what_is_sent_again_has_the_id_of_the_first_time),
        cmocka_unit_test(R791_9_R6864_1_whatever_ttl_and_id_a_packet_has_left_it_is_taken),
        cmocka_unit_test(R791_7_what_is_not_for_us_or_from_nobody_is_silently_dropped),
        cmocka_unit_test(MUST_50_ip_options_that_are_not_understood_are_ignored),
        cmocka_unit_test(REC_1_MUST_1_a_scaled_window_is_kept_in_32_bits),
        cmocka_unit_test(R7323_9_every_segment_has_a_timestamp_once_agreed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
