/* The oracle must complain about what is wrong, and not about what is right. */
#include "sim/packet_oracle.h"
#include "support/cmocka_all.h"
#include "support/packet_check.h"

#define A 1u
#define B 2u

static struct packet_oracle oracle;
static uint8_t bytes[256];

/* A TCP packet of `payload` bytes without options, checksums filled in. */
static uint32_t build(unsigned from, unsigned to, unsigned flags, uint32_t seq, uint32_t ack, unsigned window,
                      uint32_t payload)
{
    uint32_t length = 40 + payload;
    uint16_t sum;

    memset(bytes, 0, sizeof bytes);
    bytes[0] = 0x45;
    bytes[3] = (uint8_t)length;
    bytes[6] = 0x40;
    bytes[8] = 64;
    bytes[9] = 6;
    bytes[12] = bytes[16] = 10;
    bytes[15] = (uint8_t)from;
    bytes[19] = (uint8_t)to;
    bytes[21] = (uint8_t)from;
    bytes[23] = (uint8_t)to;
    for (unsigned i = 0; i < 4; i++) {
        bytes[24 + i] = (uint8_t)(seq >> (24 - 8 * i));
        bytes[28 + i] = (uint8_t)(ack >> (24 - 8 * i));
    }
    bytes[32] = 0x50;
    bytes[33] = (uint8_t)flags;
    bytes[34] = (uint8_t)(window >> 8);
    bytes[35] = (uint8_t)window;
    sum = (uint16_t)~naive_transport_sum(bytes, 20, length, 6);
    bytes[36] = (uint8_t)(sum >> 8);
    bytes[37] = (uint8_t)sum;
    sum = (uint16_t)~naive_sum(0, bytes, 20);
    bytes[10] = (uint8_t)(sum >> 8);
    bytes[11] = (uint8_t)sum;
    return length;
}

static const char *send(unsigned from, unsigned to, unsigned flags, uint32_t seq, uint32_t ack, unsigned window,
                        uint32_t payload)
{
    struct packet_seen facts;
    uint32_t incarnation;
    const char *wrong = packet_read(bytes, build(from, to, flags, seq, ack, window, payload), &facts);

    if (wrong != NULL)
        return wrong;
    wrong = packet_oracle_sent(&oracle, &facts, &incarnation);
    packet_oracle_delivered(&oracle, &facts, incarnation);
    return wrong;
}

/* A opens towards B: A's data begin at 1001, B's at 5001; each offers 1000 bytes. */
static void handshake(void)
{
    memset(&oracle, 0, sizeof oracle);
    assert_null(send(A, B, TCP_SYN, 1000, 0, 1000, 0));
    assert_null(send(B, A, TCP_SYN | TCP_ACK, 5000, 1001, 1000, 0));
    assert_null(send(A, B, TCP_ACK, 1001, 5001, 1000, 0));
}

static void expect_complaint(const char *wrong, const char *oracle_name)
{
    assert_non_null(wrong);
    assert_memory_equal(wrong, oracle_name, 2);
}

static void a_right_packet_passes(void **state)
{
    struct packet_seen facts;

    (void)state;
    assert_null(packet_read(bytes, build(A, B, TCP_ACK, 1, 2, 3, 5), &facts));
    assert_int_equal(facts.seq, 1);
    assert_int_equal(facts.ack, 2);
    assert_int_equal(facts.window, 3);
    assert_int_equal(facts.payload_bytes, 5);
}

static void every_flipped_bit_is_seen(void **state)
{
    (void)state;
    for (uint32_t bit = 0; bit < 45 * 8; bit++) {
        struct packet_seen facts;
        uint32_t length = build(A, B, TCP_ACK, 1, 2, 3, 5);

        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_non_null(packet_read(bytes, length, &facts));
    }
}

static void a_packet_shorter_or_longer_than_it_says_is_seen(void **state)
{
    struct packet_seen facts;
    uint32_t length = build(A, B, TCP_ACK, 1, 2, 3, 5);

    (void)state;
    for (uint32_t other = 0; other < length; other++)
        assert_non_null(packet_read(bytes, other, &facts));
    assert_non_null(packet_read(bytes, length + 1, &facts));
}

static void a_transfer_within_the_window_passes(void **state)
{
    (void)state;
    handshake();
    for (uint32_t i = 0; i < 10; i++)
        assert_null(send(A, B, TCP_ACK, 1001 + 100 * i, 5001, 1000, 100));
    assert_null(send(B, A, TCP_ACK, 5001, 2001, 1000, 0));
    assert_null(send(A, B, TCP_ACK | TCP_FIN, 2001, 5001, 1000, 100));
}

static void q3_right_edge_that_moves_left_is_seen(void **state)
{
    (void)state;
    handshake();
    expect_complaint(send(B, A, TCP_ACK, 5001, 1001, 1000 - 256, 0), "Q3");
}

static void q3_rounding_by_less_than_256_passes(void **state)
{
    (void)state;
    handshake();
    assert_null(send(B, A, TCP_ACK, 5001, 1001, 1000 - 255, 0));
}

/* The SYNs of A come from an attacker here, so that only B's are seen; RFC 6528's clock has not moved between them. */
static void an_isn_used_twice_begins_anew_when_the_peers_is_another(void **state)
{
    (void)state;
    handshake();
    assert_null(send(B, A, TCP_ACK, 5001, 1001, 9000, 0));
    assert_null(send(B, A, TCP_SYN | TCP_ACK, 5000, 1001 - 70000u, 1000, 0));
    assert_null(send(B, A, TCP_ACK, 5001, 1001 - 70000u, 1000, 0));
}

static void q3_is_seen_behind_a_syn_ack_that_was_sent_again(void **state)
{
    (void)state;
    handshake();
    assert_null(send(B, A, TCP_SYN | TCP_ACK, 5000, 1001, 1000, 0));
    expect_complaint(send(B, A, TCP_ACK, 5001, 1001, 1000 - 256, 0), "Q3");
}

static void q4_data_beyond_the_window_is_seen(void **state)
{
    (void)state;
    handshake();
    assert_null(send(A, B, TCP_ACK, 1901, 5001, 1000, 101)); /* one byte, as a probe may */
    expect_complaint(send(A, B, TCP_ACK, 1901, 5001, 1000, 102), "Q4");
}

static void q5_fin_that_moves_is_seen(void **state)
{
    (void)state;
    handshake();
    assert_null(send(A, B, TCP_ACK | TCP_FIN, 1001, 5001, 1000, 10));
    expect_complaint(send(A, B, TCP_ACK | TCP_FIN, 1001, 5001, 1000, 11), "Q5");
}

static void q5_data_beyond_the_fin_is_seen(void **state)
{
    (void)state;
    handshake();
    assert_null(send(A, B, TCP_ACK | TCP_FIN, 1001, 5001, 1000, 10));
    expect_complaint(send(A, B, TCP_ACK, 1001, 5001, 1000, 12), "Q5");
}

static void a_new_incarnation_begins_anew(void **state)
{
    (void)state;
    handshake();
    assert_null(send(A, B, TCP_ACK | TCP_FIN, 1001, 5001, 1000, 10));
    assert_null(send(A, B, TCP_SYN, 900, 0, 50, 0));
    assert_null(send(B, A, TCP_SYN | TCP_ACK, 77, 901, 60, 0));
    assert_null(send(A, B, TCP_ACK, 901, 78, 50, 60));
    expect_complaint(send(A, B, TCP_ACK, 901, 78, 50, 62), "Q4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_packet_passes),
        cmocka_unit_test(every_flipped_bit_is_seen),
        cmocka_unit_test(a_packet_shorter_or_longer_than_it_says_is_seen),
        cmocka_unit_test(a_transfer_within_the_window_passes),
        cmocka_unit_test(q3_right_edge_that_moves_left_is_seen),
        cmocka_unit_test(q3_rounding_by_less_than_256_passes),
        cmocka_unit_test(an_isn_used_twice_begins_anew_when_the_peers_is_another),
        cmocka_unit_test(q3_is_seen_behind_a_syn_ack_that_was_sent_again),
        cmocka_unit_test(q4_data_beyond_the_window_is_seen),
        cmocka_unit_test(q5_fin_that_moves_is_seen),
        cmocka_unit_test(q5_data_beyond_the_fin_is_seen),
        cmocka_unit_test(a_new_incarnation_begins_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
