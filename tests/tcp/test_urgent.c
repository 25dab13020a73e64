/* Urgent data (RFC 9293 3.8.5): a mark in the stream, never a byte more or less. */
#include "support/tcp_peer.h"

static const uint8_t zeros[4]; /* the stack's stream, in these tests, is not looked at beyond its first byte */

static void established(struct peer *p, uint32_t isn)
{
    peer_open(p, &(struct peer_setup){.isn = isn});
    peer_reach(p, RILL_STATE_ESTABLISHED);
}

static void urgent_segment(struct peer *p, uint32_t seq, uint32_t bytes, uint16_t pointer)
{
    peer_send_packet(p, &(struct peer_packet){
                            .flags = TCP_ACK | TCP_URG, .seq = seq, .ack = 1, .data_bytes = bytes, .urgent = pointer});
    p->sent_first = p->sent_count = 0;
}

static void MUST_30_MUST_62_the_pointer_stands_behind_the_last_urgent_byte(void **state)
{
    struct peer_segment data;
    struct peer p;
    (void)state;
    established(&p, 0);
    assert_int_equal(rill_send(p.stack, p.conn, zeros, 1, RILL_SEND_URGENT), 1);
    peer_run(&p);
    data = expect_segment(&p, TCP_ACK | TCP_URG, 1, 1, 1);
    assert_int_equal(data.urgent, 1);
    peer_close(&p);
}

static void MUST_31_urg_is_on_every_segment_before_the_mark_and_none_behind(void **state)
{
    static uint8_t byte[1];
    struct peer p;
    (void)state;
    established(&p, 0);
    assert_int_equal(rill_set_flags(p.stack, p.conn, RILL_OPTION_NODELAY, 0), 0);
    assert_int_equal(peer_user_send(&p, 5000), 5000);
    byte[0] = (uint8_t)((5000 * UINT32_C(2654435761)) >> 24);
    assert_int_equal(rill_send(p.stack, p.conn, byte, 1, RILL_SEND_URGENT), 1);
    peer_run(&p);
    peer_forget(&p);
    peer_advance(&p, 200); /* the first segment again: now with the mark, 5001 ahead */
    assert_int_equal(p.sent_count, 1);
    assert_int_equal(p.sent[0].flags & TCP_URG, TCP_URG);
    assert_int_equal(p.sent[0].urgent, 5001);
    peer_send(&p, TCP_ACK, 1, 5002, 0);
    peer_forget(&p);
    assert_int_equal(peer_user_send(&p, 100), 100);
    assert_int_equal(p.sent[0].flags & TCP_URG, 0);
    peer_close(&p);
}

static void MUST_32_the_user_is_told_when_the_mark_appears_and_when_it_advances(void **state)
{
    struct peer p;
    (void)state;
    established(&p, 0);
    urgent_segment(&p, 1, 0, 100);
    expect_event(&p, p.conn, RILL_URGENT);
    urgent_segment(&p, 1, 0, 100); /* the same mark */
    expect_no_event(&p);
    urgent_segment(&p, 1, 0, 99); /* TCH-13: moved back */
    expect_no_event(&p);
    urgent_segment(&p, 1, 0, 101);
    expect_event(&p, p.conn, RILL_URGENT);
    peer_close(&p);
}

static void MUST_31_a_mark_64_kib_ahead_lasts_until_it_is_read(void **state)
{
    struct peer p;
    uint32_t next = 1;
    (void)state;
    established(&p, 0);
    urgent_segment(&p, 1, 0, 65535);
    expect_event(&p, p.conn, RILL_URGENT);
    while (next < 65536) {
        peer_send(&p, TCP_ACK, next, 1, 1000);
        next += 1000;
        assert_int_equal(peer_user_receive(&p, 1000), 1000);
        peer_forget(&p);
    }
    urgent_segment(&p, next, 0, 1);
    expect_event(&p, p.conn, RILL_URGENT);
    peer_close(&p);
}

static void TCH_13_no_urgent_pointer_changes_the_bytes_of_the_stream(void **state)
{
    static const uint16_t pointers[] = {0, 1, 99, 100, 101, 0x7fff, 0xffff};
    static const uint32_t isns[] = {0, 0xffffff80, 0x7fffffc0};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct peer p;
        uint32_t next = 1;

        established(&p, isns[i]);
        for (unsigned k = 0; k < sizeof pointers / sizeof pointers[0]; k++) {
            urgent_segment(&p, next, 100, pointers[k]);
            next += 100;
        }
        assert_int_equal(peer_user_receive(&p, 2000), 700); /* checks each byte */
        peer_close(&p);
    }
}

static void TCH_14_urg_in_a_syn_is_ignored(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_SYN_SENT);
    peer_send_packet(&p, &(struct peer_packet){.flags = TCP_SYN | TCP_ACK | TCP_URG, .ack = 1, .urgent = 0});
    expect_event(&p, p.conn, RILL_ESTABLISHED | RILL_WRITABLE);
    peer_close(&p);
}

static void a_mark_that_finds_no_memory_comes_again_with_its_text(void **state) /* MUST-32 */
{
    struct peer p;
    struct rill_status status;
    (void)state;
    established(&p, 0);
    rill_refuse_memory(p.stack, 0, 1);
    peer_send_packet(
        &p, &(struct peer_packet){.flags = TCP_ACK | TCP_URG, .seq = 1, .ack = 1, .data_bytes = 100, .urgent = 100});
    expect_ack(&p, 1); /* at once: the peer sees that it was not taken */
    expect_no_event(&p);
    assert_int_equal(rill_drops(p.stack, RILL_DROP_TCP_NO_MEMORY), 1);
    urgent_segment(&p, 1, 100, 100);
    expect_event(&p, p.conn, RILL_URGENT | RILL_READABLE);
    expect_status_of(&p, p.conn, &status);
    assert_int_equal(status.urgent_ahead, 100);
    assert_int_equal(peer_user_receive(&p, 99), 99);
    expect_status_of(&p, p.conn, &status);
    assert_int_equal(status.urgent_ahead, 1);
    assert_int_equal(peer_user_receive(&p, 1), 1);
    expect_status_of(&p, p.conn, &status);
    assert_int_equal(status.urgent_ahead, 0);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(MUST_30_MUST_62_the_pointer_stands_behind_the_last_urgent_byte),
        cmocka_unit_test(MUST_31_urg_is_on_every_segment_before_the_mark_and_none_behind),
        cmocka_unit_test(MUST_32_the_user_is_told_when_the_mark_appears_and_when_it_advances),
        cmocka_unit_test(MUST_31_a_mark_64_kib_ahead_lasts_until_it_is_read),
        cmocka_unit_test(TCH_13_no_urgent_pointer_changes_the_bytes_of_the_stream),
        cmocka_unit_test(TCH_14_urg_in_a_syn_is_ignored),
        cmocka_unit_test(a_mark_that_finds_no_memory_comes_again_with_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
