/* Limits of a connection's own: rill_set_limits(), and what listeners hand on. */
#include "support/tcp_peer.h"

static void established(struct peer *p, uint32_t flags)
{
    peer_open(p, &(struct peer_setup){.option_flags = flags});
    peer_reach(p, RILL_STATE_ESTABLISHED);
}

static void set(struct peer *p, rill_conn conn, const struct rill_limits *limits)
{
    assert_int_equal(rill_set_limits(p->stack, conn, limits), 0);
    peer_run(p);
}

static void MUST_27_MUST_28_keep_alive_times_are_the_connections(void **state)
{
    struct peer p;
    (void)state;
    established(&p, RILL_OPTION_KEEPALIVE);
    set(&p, p.conn,
        &(struct rill_limits){.keepalive_idle_ms = 60000, .keepalive_interval_ms = 5000, .keepalive_probes = 2});
    peer_advance(&p, 59999);
    expect_nothing(&p);
    peer_advance(&p, 1);
    expect_segment(&p, TCP_ACK, 0, 1, 0);
    peer_advance(&p, 5000);
    expect_segment(&p, TCP_ACK, 0, 1, 0);
    peer_advance(&p, 5000);
    expect_segment(&p, TCP_RST | TCP_ACK, 1, 1, 0);
    expect_event_error(&p, p.conn, RILL_RESET | RILL_CLOSED, -RILL_ETIMEDOUT);
    peer_close(&p);
}

static void a_user_timeout_decides_when_probes_are_enough(void **state)
{
    struct peer p;
    (void)state;
    established(&p, RILL_OPTION_KEEPALIVE);
    set(&p, p.conn,
        &(struct rill_limits){.keepalive_idle_ms = 60000, .keepalive_interval_ms = 5000, .user_timeout_ms = 63000});
    peer_advance(&p, 60000);
    expect_segment(&p, TCP_ACK, 0, 1, 0);
    peer_advance(&p, 5000);
    expect_segment(&p, TCP_RST | TCP_ACK, 1, 1, 0);
    expect_event_error(&p, p.conn, RILL_RESET | RILL_CLOSED, -RILL_ETIMEDOUT);
    peer_close(&p);
}

static void limits_that_are_taken_back_are_the_stacks_again(void **state)
{
    struct rill_limits limits;
    struct peer p;
    (void)state;
    established(&p, RILL_OPTION_KEEPALIVE);
    set(&p, p.conn, &(struct rill_limits){.keepalive_idle_ms = 60000, .user_timeout_ms = 5000});
    set(&p, p.conn, &(struct rill_limits){.keepalive_probes = 0});
    assert_int_equal(rill_limits(p.stack, p.conn, &limits), 0);
    assert_int_equal(limits.keepalive_idle_ms, 7200000);
    assert_int_equal(limits.user_timeout_ms, 900000);
    peer_advance(&p, 7199999);
    expect_nothing(&p);
    peer_advance(&p, 1);
    expect_segment(&p, TCP_ACK, 0, 1, 0);
    peer_close(&p);
}

static void an_orphan_waits_in_fin_wait_2_as_long_as_its_own_limit(void **state)
{
    struct peer p;
    (void)state;
    established(&p, 0);
    set(&p, p.conn, &(struct rill_limits){.fin_wait_2_ms = 7000});
    assert_int_equal(peer_user_close(&p), 0);
    peer_send(&p, TCP_ACK, 1, 2, 0);
    peer_advance(&p, 6999);
    expect_state(&p, RILL_STATE_FIN_WAIT_2);
    peer_advance(&p, 1);
    expect_state(&p, RILL_STATE_CLOSED);
    peer_close(&p);
}

static void MUST_21_a_syn_is_sent_again_as_often_as_was_asked(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    assert_int_equal(peer_connect(&p), 0);
    set(&p, p.conn, &(struct rill_limits){.syn_retries = 2});
    peer_advance(&p, 6999); /* 1 + 2 + 4 s */
    expect_segment(&p, TCP_SYN, 0, 0, 0);
    expect_segment(&p, TCP_SYN, 0, 0, 0);
    expect_segment(&p, TCP_SYN, 0, 0, 0);
    expect_nothing(&p);
    expect_no_event(&p);
    peer_advance(&p, 1);
    expect_event_error(&p, p.conn, RILL_RESET | RILL_CLOSED, -RILL_ETIMEDOUT);
    peer_close(&p);
}

static void more_copies_of_a_syn_than_the_stacks_time_allows(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    assert_int_equal(peer_connect(&p), 0);
    set(&p, p.conn, &(struct rill_limits){.syn_retries = 9});
    peer_advance(&p, 240000);
    expect_state(&p, RILL_STATE_SYN_SENT); /* rill_config.syn_timeout_ms is over */
    peer_close(&p);
}

static void connections_inherit_the_listeners_limits_and_change_their_own(void **state)
{
    struct rill_limits of_listener, of_connection;
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.passive = true});
    assert_int_equal(peer_listen(&p), 0);
    set(&p, p.listener, &(struct rill_limits){.keepalive_idle_ms = 11000, .user_timeout_ms = 22000});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(rill_limits(p.stack, p.conn, &of_connection), 0);
    assert_int_equal(of_connection.keepalive_idle_ms, 11000);
    assert_int_equal(of_connection.user_timeout_ms, 22000);
    set(&p, p.conn, &(struct rill_limits){.keepalive_idle_ms = 33000});
    assert_int_equal(rill_limits(p.stack, p.listener, &of_listener), 0);
    assert_int_equal(of_listener.keepalive_idle_ms, 11000);
    set(&p, p.listener, &(struct rill_limits){.keepalive_probes = 1});
    assert_int_equal(rill_limits(p.stack, p.conn, &of_connection), 0);
    assert_int_equal(of_connection.keepalive_idle_ms, 33000);
    assert_int_equal(of_connection.user_timeout_ms, 900000);
    peer_close(&p);
}

static void a_limit_of_unsent_bytes_leaves_no_room(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.window = 1000, .send_buffer_bytes = 1u << 20});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    set(&p, p.conn, &(struct rill_limits){.unsent_bytes = 20000});
    assert_int_equal(rill_send_room(p.stack, p.conn), 20000);
    assert_int_equal(peer_user_send(&p, 50000), 20000);
    peer_forget(&p);
    assert_int_equal(rill_send(p.stack, p.conn, "x", 1, 0), 1); /* 1,000 left for the window: so many may follow */
    assert_int_equal(rill_send_room(p.stack, p.conn), 16352);   /* one buffer, however little is missing */
    peer_close(&p);
}

static void sending_what_was_unsent_makes_room(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.window = 1000, .send_buffer_bytes = 1u << 20});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    set(&p, p.conn, &(struct rill_limits){.unsent_bytes = 20000});
    assert_int_equal(peer_user_send(&p, 20000), 20000);
    assert_int_equal(peer_user_send(&p, 20000), 16352);
    peer_forget(&p);
    assert_int_equal(rill_send(p.stack, p.conn, "x", 1, 0), -RILL_EAGAIN);
    expect_no_event(&p);
    p.window = 60000;
    peer_send(&p, TCP_ACK, 1, 1001, 0); /* cwnd lets ten segments out: 20,752 bytes are left */
    expect_no_event(&p);
    peer_send(&p, TCP_ACK, 1, 1001 + 2 * 1460, 0);
    expect_event(&p, p.conn, RILL_WRITABLE);
    peer_forget(&p);
    peer_close(&p);
}

static void limits_of_nothing(void **state)
{
    struct rill_limits limits = {.user_timeout_ms = 1};
    struct peer p;
    (void)state;
    established(&p, 0);
    assert_int_equal(rill_set_limits(p.stack, 12345, &limits), -RILL_EBADF);
    assert_int_equal(rill_limits(p.stack, 12345, &limits), -RILL_EBADF);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(MUST_27_MUST_28_keep_alive_times_are_the_connections),
        cmocka_unit_test(a_user_timeout_decides_when_probes_are_enough),
        cmocka_unit_test(limits_that_are_taken_back_are_the_stacks_again),
        cmocka_unit_test(an_orphan_waits_in_fin_wait_2_as_long_as_its_own_limit),
        cmocka_unit_test(MUST_21_a_syn_is_sent_again_as_often_as_was_asked),
        cmocka_unit_test(more_copies_of_a_syn_than_the_stacks_time_allows),
        cmocka_unit_test(connections_inherit_the_listeners_limits_and_change_their_own),
        cmocka_unit_test(a_limit_of_unsent_bytes_leaves_no_room),
        cmocka_unit_test(sending_what_was_unsent_makes_room),
        cmocka_unit_test(limits_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
