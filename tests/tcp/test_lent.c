/* RILL_SEND_LENT: when lent bytes are the application's again. */
#include "support/tcp_peer.h"

static uint8_t bytes[200000];

static void established(struct peer *p, uint32_t send_buffer_bytes)
{
    peer_open(p, &(struct peer_setup){.send_buffer_bytes = send_buffer_bytes, .option_flags = RILL_OPTION_NODELAY});
    peer_reach(p, RILL_STATE_ESTABLISHED);
    for (uint32_t i = 0; i < sizeof bytes; i++)
        bytes[i] = peer_stream_byte(i);
}

/* Lend the stream's bytes from `at` on. */
static void lend(struct peer *p, uint32_t at, uint32_t length_bytes)
{
    assert_int_equal(rill_send(p->stack, p->conn, bytes + at, length_bytes, RILL_SEND_LENT), length_bytes);
    peer_run(p);
}

static void bytes_are_lent_until_they_are_acknowledged(void **state)
{
    struct peer p;
    (void)state;
    established(&p, 65536);
    lend(&p, 0, 3000);
    assert_int_equal(rill_lent(p.stack, p.conn), 3000);
    peer_forget(&p);
    peer_send(&p, TCP_ACK, 1, 1461, 0);
    assert_int_equal(rill_lent(p.stack, p.conn), 1540);
    expect_event(&p, p.conn, RILL_RELEASED);
    peer_send(&p, TCP_ACK, 1, 3001, 0);
    assert_int_equal(rill_lent(p.stack, p.conn), 0);
    expect_event(&p, p.conn, RILL_RELEASED | RILL_SENT);
    peer_close(&p);
}

static void what_is_copied_behind_is_not_lent(void **state)
{
    struct peer p;
    (void)state;
    established(&p, 65536);
    lend(&p, 0, 100);
    assert_int_equal(peer_user_send(&p, 50), 50);
    lend(&p, 150, 20);
    assert_int_equal(rill_lent(p.stack, p.conn), 120);
    peer_forget(&p);
    peer_send(&p, TCP_ACK, 1, 141, 0); /* into the copied part */
    assert_int_equal(rill_lent(p.stack, p.conn), 20);
    peer_forget(&p);
    peer_send(&p, TCP_ACK, 1, 151, 0);
    expect_no_event(&p);
    peer_close(&p);
}

static void lent_bytes_count_as_copied_ones(void **state)
{
    struct peer p;
    int64_t taken;
    (void)state;
    established(&p, 65536);
    taken = rill_send(p.stack, p.conn, bytes, sizeof bytes, RILL_SEND_LENT); /* each buffer's head counts too */
    assert_in_range(taken, 60000, 65536);
    assert_int_equal(rill_send(p.stack, p.conn, bytes, 1, RILL_SEND_LENT), -RILL_EAGAIN);
    assert_true(rill_check(p.stack));
    peer_forget(&p);
    peer_close(&p);
}

static void a_reset_gives_everything_back(void **state)
{
    struct peer p;
    (void)state;
    established(&p, 65536);
    lend(&p, 0, 3000);
    peer_forget(&p);
    peer_send(&p, TCP_RST, 1, 0, 0);
    assert_int_equal(rill_lent(p.stack, p.conn), 0);
    expect_event_error(&p, p.conn, RILL_RELEASED | RILL_RESET | RILL_CLOSED, -RILL_ECONNRESET);
    peer_close(&p);
}

static void closing_copies_what_is_lent_and_sends_it(void **state)
{
    struct peer p;
    (void)state;
    established(&p, 200000);
    lend(&p, 0, 150000);
    assert_int_equal(peer_user_close(&p), 0);
    memset(bytes, 0xee, sizeof bytes);
    assert_int_equal(rill_lent(p.stack, p.conn), -RILL_EBADF);
    expect_state(&p, RILL_STATE_FIN_WAIT_1);
    peer_forget(&p);
    for (uint32_t ack = 1461; ack < 140000; ack += 1460) {
        peer_send(&p, TCP_ACK, 1, ack, 0); /* the peer compares what comes with the stream */
        peer_forget(&p);
    }
    assert_true(rill_check(p.stack));
    peer_forget(&p);
    peer_send(&p, TCP_RST, 1, 0, 0);
    peer_forget(&p);
    peer_close(&p);
}

static void without_memory_to_copy_closing_resets(void **state)
{
    struct peer p;
    uint32_t last = 0;
    uint8_t *unused;
    (void)state;
    established(&p, 200000);
    lend(&p, 0, 150000);
    peer_forget(&p);
    for (uint32_t taken; (taken = rill_buffer_take(p.stack, 4000, &unused)) != 0;)
        last = taken;
    rill_buffer_give(p.stack, last); /* for the RST */
    assert_int_equal(peer_user_close(&p), 0);
    assert_true(expect_segment_at(&p, TCP_RST | TCP_ACK, p.snd_nxt, 1, 0, __FILE__, __LINE__).flags != 0);
    expect_state(&p, RILL_STATE_CLOSED);
    peer_close(&p);
}

static void nothing_else_has_lent_bytes(void **state)
{
    struct peer p;
    (void)state;
    established(&p, 65536);
    assert_int_equal(rill_lent(p.stack, p.conn), 0);
    assert_int_equal(rill_lent(p.stack, 99), -RILL_EBADF);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_lent_until_they_are_acknowledged),
        cmocka_unit_test(what_is_copied_behind_is_not_lent),
        cmocka_unit_test(lent_bytes_count_as_copied_ones),
        cmocka_unit_test(a_reset_gives_everything_back),
        cmocka_unit_test(closing_copies_what_is_lent_and_sends_it),
        cmocka_unit_test(without_memory_to_copy_closing_resets),
        cmocka_unit_test(nothing_else_has_lent_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
