/*
 * The user's OPEN in every state, and all calls on what is CLOSED or LISTEN
 * (RFC 9293 3.10.1 to 3.10.6). OPEN of a connection that exists is
 * rill_tcp_connect() from the same local to the same remote end.
 */
#include "support/segment_rows.h"

static const struct rill_endpoint *the_remote(void)
{
    static struct rill_endpoint remote;

    remote = (struct rill_endpoint){rill_addr4(10, 77, 0, 1), PEER_PORT};
    return &remote;
}

static struct rill_options from_stack_port(void)
{
    struct rill_options options;

    rill_options_default(&options);
    options.local.port = STACK_PORT;
    return options;
}

/* Everything that there is is unmoved by a call that was refused. */
static void expect_untouched(struct peer *p, enum rill_state state)
{
    peer_run(p);
    expect_unmoved(p, state);
}

/* -------------------------------------------------------------------- OPEN */

static void open_passive_listens(struct peer *p, unsigned variant)
{
    (void)variant;
    assert_int_equal(peer_listen(p), 0);
    assert_int_not_equal(p->listener, 0);
    expect_unmoved(p, RILL_STATE_LISTEN);
}

static void open_active_sends_a_syn(struct peer *p, unsigned variant)
{
    struct rill_status status;
    struct peer_segment syn;

    (void)variant;
    assert_int_equal(peer_connect(p), 0);
    syn = expect_segment(p, TCP_SYN, 0, 0 - p->isn, 0);
    assert_int_equal(syn.raw_seq, p->setup.iss);
    expect_unmoved(p, RILL_STATE_SYN_SENT);
    expect_status_of(p, p->conn, &status);
    assert_int_equal(status.snd_una, p->iss);
    assert_int_equal(status.snd_nxt, p->iss + 1);
    assert_int_equal(status.timer, RILL_TIMER_RETRANSMISSION);
}

static void open_to_broadcast_is_refused(struct peer *p, unsigned variant)
{
    const struct rill_addr addrs[] = {rill_addr4(255, 255, 255, 255), rill_addr4(10, 77, 0, 255),
                                      rill_addr4(224, 0, 0, 1), rill_addr4(192, 0, 2, 1)};
    struct rill_endpoint remote = {addrs[variant], PEER_PORT};

    assert_int_equal(rill_tcp_connect(p->stack, &remote, NULL, &p->conn), -RILL_ENETUNREACH);
    expect_untouched(p, RILL_STATE_CLOSED);
}

static void open_without_remote_is_refused(struct peer *p, unsigned variant)
{
    struct rill_options options = from_stack_port();
    enum rill_state state = peer_state(p);
    struct rill_endpoint remote = *the_remote();
    struct rill_memory before, after;
    rill_conn conn = 0;

    if (variant != 1)
        memset(&remote.addr, 0, sizeof remote.addr);
    if (variant != 0)
        remote.port = 0;
    rill_memory(p->stack, &before);
    assert_int_equal(rill_tcp_connect(p->stack, &remote, &options, &conn), -RILL_EINVAL);
    rill_memory(p->stack, &after);
    assert_int_equal(after.connections, before.connections); /* no TCB left behind */
    if (state == RILL_STATE_LISTEN)
        assert_int_equal(rill_tcp_connect_listener(p->stack, p->listener, &remote, &conn), -RILL_EINVAL);
    expect_untouched(p, state);
}

static void open_passive_again_is_refused(struct peer *p, unsigned variant)
{
    struct rill_options options = from_stack_port();
    rill_conn conn = 0;

    (void)variant;
    assert_int_equal(rill_tcp_listen(p->stack, &options, &conn), -RILL_EADDRINUSE);
    options.local.addr = rill_addr4(10, 77, 0, 2);
    assert_int_equal(rill_tcp_listen(p->stack, &options, &conn), -RILL_EADDRINUSE);
    expect_untouched(p, RILL_STATE_LISTEN);
}

/* Where a listener is, there is no second one; where none is, a new one is a thing of its own (MUST-41, MUST-42). */
static void open_passive_leaves_the_connection_alone(struct peer *p, unsigned variant)
{
    struct rill_options options = from_stack_port();
    enum rill_state state = peer_state(p);
    rill_conn conn = 0;

    (void)variant;
    assert_int_equal(rill_tcp_listen(p->stack, &options, &conn), p->setup.passive ? -RILL_EADDRINUSE : 0);
    expect_untouched(p, state);
}

static void open_active_of_the_same_pair_is_refused(struct peer *p, unsigned variant)
{
    struct rill_options options = from_stack_port();
    enum rill_state state = peer_state(p);
    rill_conn conn = 0;

    (void)variant;
    assert_int_equal(rill_tcp_connect(p->stack, the_remote(), &options, &conn), -RILL_EADDRINUSE);
    if (p->conn != 0)
        assert_int_equal(rill_tcp_connect_listener(p->stack, p->conn, the_remote(), &conn), -RILL_EISCONN);
    expect_untouched(p, state);
}

/* ------------------------------------------------------------------- CLOSED */

static void calls_on_no_connection_are_refused(struct peer *p, unsigned variant)
{
    struct rill_status status;
    struct rill_slice slice;
    rill_conn conn = 0;
    uint8_t byte = 0;

    if (variant > 0) { /* a handle that was good once */
        assert_int_equal(peer_connect(p), 0);
        conn = p->conn;
        assert_int_equal(peer_user_abort(p), 0);
        peer_forget(p);
    }
    assert_int_equal(rill_send(p->stack, conn, &byte, 1, 0), -RILL_EBADF);
    assert_int_equal(rill_receive(p->stack, conn, &byte, 1, 0), -RILL_EBADF);
    assert_int_equal(rill_borrow(p->stack, conn, &slice, 1), -RILL_EBADF);
    assert_int_equal(rill_consume(p->stack, conn, 1), -RILL_EBADF);
    assert_int_equal(rill_shutdown(p->stack, conn), -RILL_EBADF);
    assert_int_equal(rill_close(p->stack, conn), -RILL_EBADF);
    assert_int_equal(rill_abort(p->stack, conn), -RILL_EBADF);
    assert_int_equal(rill_status(p->stack, conn, &status), -RILL_EBADF);
    assert_int_equal(rill_accept(p->stack, conn, &conn, NULL), -RILL_EBADF);
    assert_int_equal(rill_tcp_connect_listener(p->stack, conn, the_remote(), &conn), -RILL_EBADF);
    expect_untouched(p, RILL_STATE_CLOSED);
}

/* ------------------------------------------------------------------- LISTEN */

static void listener_becomes_active(struct peer *p, unsigned variant)
{
    struct rill_status status;

    (void)variant;
    assert_int_equal(rill_tcp_connect_listener(p->stack, p->listener, the_remote(), &p->conn), 0);
    peer_run(p);
    expect_segment(p, TCP_SYN, 0, 0 - p->isn, 0);
    expect_unmoved(p, RILL_STATE_SYN_SENT);
    assert_int_equal(p->iss, p->setup.iss);
    assert_int_equal(rill_status(p->stack, p->listener, &status), -RILL_EBADF);
    expect_status_of(p, p->conn, &status);
    assert_int_equal(status.local.port, STACK_PORT);
    peer_send(p, TCP_SYN | TCP_ACK, 0, 1, 0);
    expect_segment(p, TCP_ACK, 1, 1, 0);
    expect_event(p, p->conn, RILL_ESTABLISHED | RILL_WRITABLE);
}

/* 3.10.2: SEND "changes the connection from passive to active": here it is those two calls, with the data queued. */
static void send_of_a_listener_opens_and_queues(struct peer *p, unsigned variant)
{
    (void)variant;
    assert_int_equal(rill_tcp_connect_listener(p->stack, p->listener, the_remote(), &p->conn), 0);
    assert_int_equal(peer_user_send(p, 100), 100);
    expect_segment(p, TCP_SYN, 0, 0 - p->isn, 0);
    expect_unmoved(p, RILL_STATE_SYN_SENT);
    peer_send(p, TCP_SYN | TCP_ACK, 0, 1, 0);
    expect_segment(p, TCP_ACK, 1, 1, 100);
    expect_event(p, p->conn, RILL_ESTABLISHED | RILL_WRITABLE);
}

/* SEND has no remote to name, and nothing that came to a listener itself can be received. */
static void listener_neither_sends_nor_receives(struct peer *p, unsigned variant)
{
    uint8_t byte = 0;

    (void)variant;
    assert_int_equal(rill_send(p->stack, p->listener, &byte, 1, 0), -RILL_ENOTCONN);
    assert_int_equal(rill_receive(p->stack, p->listener, &byte, 1, 0), -RILL_ENOTCONN);
    assert_int_equal(rill_shutdown(p->stack, p->listener), -RILL_ENOTCONN);
    expect_untouched(p, RILL_STATE_LISTEN);
}

static void expect_listener_gone(struct peer *p)
{
    struct rill_status status;

    expect_untouched(p, RILL_STATE_CLOSED);
    assert_int_equal(rill_status(p->stack, p->listener, &status), -RILL_EBADF);
    peer_send(p, TCP_SYN, 0, 0, 0);
    expect_raw_segment(p, TCP_RST | TCP_ACK, 0, p->isn + 1);
}

static void closed_listener_is_gone(struct peer *p, unsigned variant)
{
    (void)variant;
    assert_int_equal(rill_close(p->stack, p->listener), 0);
    expect_listener_gone(p);
}

static void aborted_listener_is_gone(struct peer *p, unsigned variant)
{
    (void)variant;
    assert_int_equal(rill_abort(p->stack, p->listener), 0);
    expect_listener_gone(p);
}

static void closed_listener_forgets_its_half_open_ones(struct peer *p, unsigned variant)
{
    (void)variant;
    peer_send(p, TCP_SYN, 0, 0, 0);
    expect_segment(p, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(rill_close(p->stack, p->listener), 0);
    expect_untouched(p, RILL_STATE_CLOSED);
    peer_send(p, TCP_ACK, 1, 1, 0);
    expect_segment(p, TCP_RST, 1, 0, 0);
}

static void closed_listener_resets_who_waits(struct peer *p, unsigned variant)
{
    (void)variant;
    peer_send(p, TCP_SYN, 0, 0, 0);
    peer_send(p, TCP_ACK, 1, 1, 0);
    peer_forget(p);
    assert_int_equal(rill_close(p->stack, p->listener), 0);
    peer_run(p);
    expect_segment(p, TCP_RST | TCP_ACK, 1, 1, 0);
    expect_unmoved(p, RILL_STATE_CLOSED);
}

static void status_of_a_listener(struct peer *p, unsigned variant)
{
    struct rill_status status;

    (void)variant;
    expect_status_of(p, p->listener, &status);
    assert_int_equal(status.state, RILL_STATE_LISTEN);
    assert_int_equal(status.conn, p->listener);
    assert_int_equal(status.local.port, STACK_PORT);
    assert_int_equal(status.remote.port, 0);
    assert_int_equal(status.timer, RILL_TIMER_NONE);
    expect_untouched(p, RILL_STATE_LISTEN);
}

static const struct CMUnitTest tests[] = {
    ROW("ST-001 CLOSED: open_passive_listens", RILL_STATE_CLOSED, ONLY_PASSIVE, 1, open_passive_listens),
    ROW("ST-002 CLOSED: open_active_sends_a_syn", RILL_STATE_CLOSED, ONLY_ACTIVE, 1, open_active_sends_a_syn),
    ROW("ST-002 CLOSED: open_to_broadcast_is_refused", RILL_STATE_CLOSED, ONLY_ACTIVE, 4, open_to_broadcast_is_refused),
    ROW("ST-003 CLOSED: open_without_remote_is_refused", RILL_STATE_CLOSED, ONLY_ACTIVE, 3,
        open_without_remote_is_refused),
    ROW("ST-004 ST-005 ST-006 ST-007 ST-008 CLOSED: calls_on_no_connection_are_refused", RILL_STATE_CLOSED, 0, 2,
        calls_on_no_connection_are_refused),
    ROW("ST-014 LISTEN: open_passive_again_is_refused", RILL_STATE_LISTEN, ONLY_PASSIVE, 1,
        open_passive_again_is_refused),
    ROW("ST-015 LISTEN: listener_becomes_active", RILL_STATE_LISTEN, ONLY_PASSIVE, 1, listener_becomes_active),
    ROW("ST-016 LISTEN: open_without_remote_is_refused", RILL_STATE_LISTEN, ONLY_PASSIVE, 3,
        open_without_remote_is_refused),
    ROW("ST-017 LISTEN: send_of_a_listener_opens_and_queues", RILL_STATE_LISTEN, ONLY_PASSIVE, 1,
        send_of_a_listener_opens_and_queues),
    ROW("ST-018 ST-019 LISTEN: listener_neither_sends_nor_receives", RILL_STATE_LISTEN, ONLY_PASSIVE, 1,
        listener_neither_sends_nor_receives),
    ROW("ST-020 LISTEN: closed_listener_is_gone", RILL_STATE_LISTEN, ONLY_PASSIVE, 1, closed_listener_is_gone),
    ROW("ST-020 LISTEN: closed_listener_forgets_its_half_open_ones", RILL_STATE_LISTEN, ONLY_PASSIVE, 1,
        closed_listener_forgets_its_half_open_ones),
    ROW("ST-020 LISTEN: closed_listener_resets_who_waits", RILL_STATE_LISTEN, ONLY_PASSIVE, 1,
        closed_listener_resets_who_waits),
    ROW("ST-021 LISTEN: aborted_listener_is_gone", RILL_STATE_LISTEN, ONLY_PASSIVE, 1, aborted_listener_is_gone),
    ROW("ST-022 LISTEN: status_of_a_listener", RILL_STATE_LISTEN, ONLY_PASSIVE, 1, status_of_a_listener),
    ROW("ST-032 SYN-SENT: open_passive_leaves_the_connection_alone", RILL_STATE_SYN_SENT, ONLY_ACTIVE, 1,
        open_passive_leaves_the_connection_alone),
    ROW("ST-033 SYN-SENT: open_active_of_the_same_pair_is_refused", RILL_STATE_SYN_SENT, ONLY_ACTIVE, 1,
        open_active_of_the_same_pair_is_refused),
    ROW("ST-034 SYN-SENT: open_without_remote_is_refused", RILL_STATE_SYN_SENT, ONLY_ACTIVE, 3,
        open_without_remote_is_refused),
    ROW("ST-053 SYN-RECEIVED: open_passive_leaves_the_connection_alone", RILL_STATE_SYN_RECEIVED, 0, 1,
        open_passive_leaves_the_connection_alone),
    ROW("ST-054 SYN-RECEIVED: open_active_of_the_same_pair_is_refused", RILL_STATE_SYN_RECEIVED, 0, 1,
        open_active_of_the_same_pair_is_refused),
    ROW("ST-055 SYN-RECEIVED: open_without_remote_is_refused", RILL_STATE_SYN_RECEIVED, 0, 3,
        open_without_remote_is_refused),
    ROW("ST-081 ESTABLISHED: open_passive_leaves_the_connection_alone", RILL_STATE_ESTABLISHED, 0, 1,
        open_passive_leaves_the_connection_alone),
    ROW("ST-082 ESTABLISHED: open_active_of_the_same_pair_is_refused", RILL_STATE_ESTABLISHED, 0, 1,
        open_active_of_the_same_pair_is_refused),
    ROW("ST-083 ESTABLISHED: open_without_remote_is_refused", RILL_STATE_ESTABLISHED, 0, 3,
        open_without_remote_is_refused),
    ROW("ST-118 FIN-WAIT-1: open_passive_leaves_the_connection_alone", RILL_STATE_FIN_WAIT_1, 0, 1,
        open_passive_leaves_the_connection_alone),
    ROW("ST-119 FIN-WAIT-1: open_active_of_the_same_pair_is_refused", RILL_STATE_FIN_WAIT_1, 0, 1,
        open_active_of_the_same_pair_is_refused),
    ROW("ST-120 FIN-WAIT-1: open_without_remote_is_refused", RILL_STATE_FIN_WAIT_1, 0, 3,
        open_without_remote_is_refused),
    ROW("ST-155 FIN-WAIT-2: open_passive_leaves_the_connection_alone", RILL_STATE_FIN_WAIT_2, 0, 1,
        open_passive_leaves_the_connection_alone),
    ROW("ST-156 FIN-WAIT-2: open_active_of_the_same_pair_is_refused", RILL_STATE_FIN_WAIT_2, 0, 1,
        open_active_of_the_same_pair_is_refused),
    ROW("ST-157 FIN-WAIT-2: open_without_remote_is_refused", RILL_STATE_FIN_WAIT_2, 0, 3,
        open_without_remote_is_refused),
    ROW("ST-191 CLOSE-WAIT: open_passive_leaves_the_connection_alone", RILL_STATE_CLOSE_WAIT, 0, 1,
        open_passive_leaves_the_connection_alone),
    ROW("ST-192 CLOSE-WAIT: open_active_of_the_same_pair_is_refused", RILL_STATE_CLOSE_WAIT, 0, 1,
        open_active_of_the_same_pair_is_refused),
    ROW("ST-193 CLOSE-WAIT: open_without_remote_is_refused", RILL_STATE_CLOSE_WAIT, 0, 3,
        open_without_remote_is_refused),
    ROW("ST-221 CLOSING: open_passive_leaves_the_connection_alone", RILL_STATE_CLOSING, 0, 1,
        open_passive_leaves_the_connection_alone),
    ROW("ST-222 CLOSING: open_active_of_the_same_pair_is_refused", RILL_STATE_CLOSING, 0, 1,
        open_active_of_the_same_pair_is_refused),
    ROW("ST-223 CLOSING: open_without_remote_is_refused", RILL_STATE_CLOSING, 0, 3, open_without_remote_is_refused),
    ROW("ST-251 LAST-ACK: open_passive_leaves_the_connection_alone", RILL_STATE_LAST_ACK, 0, 1,
        open_passive_leaves_the_connection_alone),
    ROW("ST-252 LAST-ACK: open_active_of_the_same_pair_is_refused", RILL_STATE_LAST_ACK, 0, 1,
        open_active_of_the_same_pair_is_refused),
    ROW("ST-253 LAST-ACK: open_without_remote_is_refused", RILL_STATE_LAST_ACK, 0, 3, open_without_remote_is_refused),
    ROW("ST-281 TIME-WAIT: open_passive_leaves_the_connection_alone", RILL_STATE_TIME_WAIT, 0, 1,
        open_passive_leaves_the_connection_alone),
    ROW("ST-282 TIME-WAIT: open_active_of_the_same_pair_is_refused", RILL_STATE_TIME_WAIT, 0, 1,
        open_active_of_the_same_pair_is_refused),
    ROW("ST-283 TIME-WAIT: open_without_remote_is_refused", RILL_STATE_TIME_WAIT, 0, 3, open_without_remote_is_refused),
    ROW("ST-282 TIME-WAIT: open_active_of_the_same_pair_is_refused (block)", RILL_STATE_TIME_WAIT, TIME_WAIT_BLOCK, 1,
        open_active_of_the_same_pair_is_refused),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
