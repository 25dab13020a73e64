/*
 * Every edge of the state diagram (the list in tcp/state.c, RFC 9293 3.3.2)
 * is walked here, seen through the trace door; and no other one is.
 */
#include "tcp/state.h"

#include "support/tcp_peer.h"

#define S(name) RILL_STATE_##name
#define MSL_MS 30000u

static bool walked[RILL_STATES][RILL_STATES];

static void start(struct peer *p, bool passive, enum rill_state state)
{
    struct peer_setup setup = {.isn = 0xffffffff, .passive = passive, .user_timeout_ms = 100000};

    peer_open(p, &setup);
    peer_reach(p, state);
    memset(peer_edge_seen, 0, sizeof peer_edge_seen); /* how it was reached is not what is walked */
}

static void start_active(struct peer *p, enum rill_state state)
{
    start(p, false, state);
}

static void start_passive(struct peer *p, enum rill_state state)
{
    start(p, true, state);
}

/* The edge was walked since start(). */
static void finish(struct peer *p, enum rill_state from, enum rill_state to)
{
    assert_true(peer_edge_seen[from][to]);
    for (unsigned a = 0; a < RILL_STATES; a++)
        for (unsigned b = 0; b < RILL_STATES; b++)
            walked[a][b] |= peer_edge_seen[a][b];
    peer_close(p);
}

static void one_segment_walks(enum rill_state from, enum rill_state to, unsigned flags, uint32_t seq, uint32_t ack)
{
    struct peer p;

    start_active(&p, from);
    peer_send(&p, flags, seq, ack, 0);
    expect_state(&p, to);
    finish(&p, from, to);
}

/* ------------------------------------------------------------------ opening */

static void edge_closed_listen_passive_open(void **state)
{
    struct peer p;

    (void)state;
    start_active(&p, S(CLOSED));
    assert_int_equal(peer_listen(&p), 0);
    expect_state(&p, S(LISTEN));
    finish(&p, S(CLOSED), S(LISTEN));
}

static void edge_closed_syn_sent_active_open(void **state)
{
    struct peer p;

    (void)state;
    start_active(&p, S(CLOSED));
    assert_int_equal(peer_connect(&p), 0);
    expect_segment(&p, TCP_SYN, 0, 0 - p.isn, 0);
    expect_state(&p, S(SYN_SENT));
    finish(&p, S(CLOSED), S(SYN_SENT));
}

static void edge_closed_syn_received_syn_to_a_listener(void **state)
{
    struct peer p;

    (void)state;
    start_active(&p, S(LISTEN));
    peer_send(&p, TCP_SYN, 0, 0, 0);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    expect_state(&p, S(SYN_RECEIVED));
    finish(&p, S(CLOSED), S(SYN_RECEIVED));
}

static void edge_listen_closed_close_or_abort(void **state)
{
    struct peer p;

    (void)state;
    for (unsigned abort = 0; abort < 2; abort++) {
        start_active(&p, S(LISTEN));
        assert_int_equal(abort != 0 ? rill_abort(p.stack, p.listener) : rill_close(p.stack, p.listener), 0);
        expect_state(&p, S(CLOSED));
        finish(&p, S(LISTEN), S(CLOSED));
    }
}

static void edge_listen_syn_sent_active_open_of_a_passive_one(void **state)
{
    const struct rill_endpoint remote = {rill_addr4(10, 77, 0, 1), PEER_PORT};
    struct peer p;

    (void)state;
    start_active(&p, S(LISTEN));
    assert_int_equal(rill_tcp_connect_listener(p.stack, p.listener, &remote, &p.conn), 0);
    peer_run(&p);
    expect_segment(&p, TCP_SYN, 0, 0 - p.isn, 0);
    expect_state(&p, S(SYN_SENT));
    finish(&p, S(LISTEN), S(SYN_SENT));
}

/* ----------------------------------------------------------------- SYN-SENT */

static void edge_syn_sent_syn_received_simultaneous_open(void **state)
{
    (void)state;
    one_segment_walks(S(SYN_SENT), S(SYN_RECEIVED), TCP_SYN, 0, 0);
}

static void edge_syn_sent_established_syn_ack(void **state)
{
    (void)state;
    one_segment_walks(S(SYN_SENT), S(ESTABLISHED), TCP_SYN | TCP_ACK, 0, 1);
}

static void edge_syn_sent_closed_close_or_abort(void **state)
{
    struct peer p;

    (void)state;
    for (unsigned abort = 0; abort < 2; abort++) {
        start_active(&p, S(SYN_SENT));
        assert_int_equal(abort != 0 ? peer_user_abort(&p) : peer_user_close(&p), 0);
        expect_nothing(&p);
        finish(&p, S(SYN_SENT), S(CLOSED));
    }
}

static void edge_syn_sent_closed_rst(void **state)
{
    struct peer p;

    (void)state;
    start_active(&p, S(SYN_SENT));
    peer_send(&p, TCP_RST | TCP_ACK, 0, 1, 0);
    expect_event_error(&p, p.conn, RILL_RESET | RILL_CLOSED, -RILL_ECONNREFUSED);
    finish(&p, S(SYN_SENT), S(CLOSED));
}

/* MUST-23: not before three minutes. */
static void edge_syn_sent_closed_timeout(void **state)
{
    struct peer p;

    (void)state;
    start_active(&p, S(SYN_SENT));
    peer_advance(&p, 179999);
    expect_state(&p, S(SYN_SENT));
    peer_advance(&p, 60000);
    expect_event_error(&p, p.conn, RILL_SOFT_ERROR | RILL_RESET | RILL_CLOSED, -RILL_ETIMEDOUT);
    finish(&p, S(SYN_SENT), S(CLOSED));
}

/* ------------------------------------------------------------- SYN-RECEIVED */

static void edge_syn_received_established_ack_of_our_syn(void **state)
{
    struct peer p;

    (void)state;
    for (unsigned passive = 0; passive < 2; passive++) {
        start(&p, passive != 0, S(SYN_RECEIVED));
        peer_send(&p, TCP_ACK, 1, 1, 0);
        expect_state(&p, S(ESTABLISHED));
        finish(&p, S(SYN_RECEIVED), S(ESTABLISHED));
    }
}

static void edge_syn_received_fin_wait_1_close(void **state)
{
    struct peer p;

    (void)state;
    start_active(&p, S(SYN_RECEIVED));
    assert_int_equal(peer_user_shutdown(&p), 0);
    expect_segment(&p, TCP_FIN | TCP_ACK, 1, 1, 0);
    expect_state(&p, S(FIN_WAIT_1));
    finish(&p, S(SYN_RECEIVED), S(FIN_WAIT_1));
}

static void edge_syn_received_closed_abort(void **state)
{
    struct peer p;

    (void)state;
    start_active(&p, S(SYN_RECEIVED));
    assert_int_equal(peer_user_abort(&p), 0);
    expect_segment(&p, TCP_RST | TCP_ACK, 1, 1, 0);
    finish(&p, S(SYN_RECEIVED), S(CLOSED));
}

static void edge_syn_received_closed_rst(void **state)
{
    struct peer p;

    (void)state;
    for (unsigned passive = 0; passive < 2; passive++) {
        start(&p, passive != 0, S(SYN_RECEIVED));
        peer_send(&p, TCP_RST, 1, 0, 0);
        expect_nothing(&p);
        expect_state(&p, passive != 0 ? S(LISTEN) : S(CLOSED));
        finish(&p, S(SYN_RECEIVED), S(CLOSED));
    }
}

static void edge_syn_received_closed_timeout(void **state)
{
    struct peer p;

    (void)state;
    for (unsigned passive = 0; passive < 2; passive++) {
        start(&p, passive != 0, S(SYN_RECEIVED));
        peer_advance(&p, 300000);
        expect_state(&p, passive != 0 ? S(LISTEN) : S(CLOSED));
        finish(&p, S(SYN_RECEIVED), S(CLOSED));
    }
}

/* -------------------------------------------------------------- ESTABLISHED */

static void edge_established_fin_wait_1_close(void **state)
{
    struct peer p;

    (void)state;
    start_active(&p, S(ESTABLISHED));
    assert_int_equal(peer_user_shutdown(&p), 0);
    expect_segment(&p, TCP_FIN | TCP_ACK, 1, 1, 0);
    expect_state(&p, S(FIN_WAIT_1));
    finish(&p, S(ESTABLISHED), S(FIN_WAIT_1));
}

static void edge_established_close_wait_fin(void **state)
{
    (void)state;
    one_segment_walks(S(ESTABLISHED), S(CLOSE_WAIT), TCP_FIN | TCP_ACK, 1, 1);
}

/* ---------------------------------------------------------------- the close */

static void edge_fin_wait_1_fin_wait_2_ack_of_our_fin(void **state)
{
    (void)state;
    one_segment_walks(S(FIN_WAIT_1), S(FIN_WAIT_2), TCP_ACK, 1, 2);
}

static void edge_fin_wait_1_closing_simultaneous_close(void **state)
{
    (void)state;
    one_segment_walks(S(FIN_WAIT_1), S(CLOSING), TCP_FIN | TCP_ACK, 1, 1);
}

static void edge_fin_wait_1_time_wait_fin_with_the_ack_of_ours(void **state)
{
    (void)state;
    one_segment_walks(S(FIN_WAIT_1), S(TIME_WAIT), TCP_FIN | TCP_ACK, 1, 2);
}

/*
 * RFC 9293 3.10.7.4: with text before the FIN the fifth step takes the ACK ("enter FIN-WAIT-2 and continue processing
 * in that state") before the eighth takes the FIN, so one segment walks two edges.
 */
static void edge_fin_wait_1_fin_wait_2_time_wait_in_one_segment(void **state)
{
    struct peer p;

    (void)state;
    start_active(&p, S(FIN_WAIT_1));
    peer_send(&p, TCP_FIN | TCP_ACK, 1, 2, 10);
    expect_segment(&p, TCP_ACK, 2, 12, 0);
    expect_state(&p, S(TIME_WAIT));
    assert_true(peer_edge_seen[S(FIN_WAIT_1)][S(FIN_WAIT_2)]);
    finish(&p, S(FIN_WAIT_2), S(TIME_WAIT));
}

static void edge_fin_wait_2_time_wait_fin(void **state)
{
    (void)state;
    one_segment_walks(S(FIN_WAIT_2), S(TIME_WAIT), TCP_FIN | TCP_ACK, 1, 2);
}

static void edge_fin_wait_2_closed_orphan_timeout(void **state)
{
    struct peer p;

    (void)state;
    start_active(&p, S(FIN_WAIT_2));
    assert_int_equal(peer_user_close(&p), 0);
    expect_nothing(&p);
    peer_advance(&p, 59999);
    expect_state(&p, S(FIN_WAIT_2));
    peer_advance(&p, 2);
    expect_state(&p, S(CLOSED));
    finish(&p, S(FIN_WAIT_2), S(CLOSED));
}

static void edge_close_wait_last_ack_close(void **state)
{
    struct peer p;

    (void)state;
    start_active(&p, S(CLOSE_WAIT));
    assert_int_equal(peer_user_shutdown(&p), 0);
    expect_segment(&p, TCP_FIN | TCP_ACK, 1, 2, 0);
    expect_state(&p, S(LAST_ACK));
    finish(&p, S(CLOSE_WAIT), S(LAST_ACK));
}

static void edge_closing_time_wait_ack_of_our_fin(void **state)
{
    (void)state;
    one_segment_walks(S(CLOSING), S(TIME_WAIT), TCP_ACK, 2, 2);
}

static void edge_last_ack_closed_ack_of_our_fin(void **state)
{
    struct peer p;

    (void)state;
    start_active(&p, S(LAST_ACK));
    peer_send(&p, TCP_ACK, 2, 2, 0);
    expect_event(&p, p.conn, RILL_CLOSED);
    expect_state(&p, S(CLOSED));
    finish(&p, S(LAST_ACK), S(CLOSED));
}

static void edge_time_wait_closed_2_msl(void **state)
{
    struct peer p;

    (void)state;
    for (unsigned block = 0; block < 2; block++) {
        start_active(&p, S(TIME_WAIT));
        if (block != 0)
            assert_int_equal(peer_user_close(&p), 0);
        peer_advance(&p, 2 * MSL_MS - 1);
        expect_state(&p, S(TIME_WAIT));
        peer_advance(&p, 2);
        expect_state(&p, S(CLOSED));
        expect_nothing(&p);
        finish(&p, S(TIME_WAIT), S(CLOSED));
    }
}

static void edge_time_wait_closed_abort(void **state)
{
    struct peer p;

    (void)state;
    start_active(&p, S(TIME_WAIT));
    assert_int_equal(peer_user_abort(&p), 0);
    expect_nothing(&p);
    expect_state(&p, S(CLOSED));
    finish(&p, S(TIME_WAIT), S(CLOSED));
}

static void edge_time_wait_syn_received_new_incarnation(void **state)
{
    struct peer p;

    (void)state;
    start_passive(&p, S(TIME_WAIT));
    assert_int_equal(peer_user_close(&p), 0);
    p.isn += 1000;
    peer_send(&p, TCP_SYN, 0, 0, 0);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    expect_state(&p, S(SYN_RECEIVED));
    finish(&p, S(TIME_WAIT), S(SYN_RECEIVED));
}

/* --------------------------------------------- out of any synchronized state */

static const enum rill_state ended_by_rst[] = {S(ESTABLISHED), S(FIN_WAIT_1), S(FIN_WAIT_2),
                                               S(CLOSE_WAIT),  S(CLOSING),    S(LAST_ACK)};
#define ENDED_BY_RST (sizeof ended_by_rst / sizeof ended_by_rst[0])

static void edge_synchronized_closed_rst(void **state)
{
    struct peer p;

    (void)state;
    for (unsigned i = 0; i < ENDED_BY_RST; i++) {
        start_active(&p, ended_by_rst[i]);
        peer_send(&p, TCP_RST, p.rcv_nxt, 0, 0);
        expect_event_error(&p, p.conn, RILL_RESET | RILL_CLOSED, -RILL_ECONNRESET);
        expect_state(&p, S(CLOSED));
        finish(&p, ended_by_rst[i], S(CLOSED));
    }
}

static void edge_synchronized_closed_abort(void **state)
{
    struct peer p;

    (void)state;
    for (unsigned i = 0; i < ENDED_BY_RST; i++) {
        start_active(&p, ended_by_rst[i]);
        assert_int_equal(peer_user_abort(&p), 0);
        expect_state(&p, S(CLOSED));
        finish(&p, ended_by_rst[i], S(CLOSED));
    }
}

/* RFC 9293 3.10.8: the user timeout, where something is unacknowledged. */
static void edge_synchronized_closed_timeout(void **state)
{
    struct peer p;

    (void)state;
    for (unsigned i = 0; i < ENDED_BY_RST; i++) {
        enum rill_state from = ended_by_rst[i];

        if (from == S(FIN_WAIT_2)) /* nothing can be unacknowledged */
            continue;
        start_active(&p, from);
        if (from == S(ESTABLISHED) || from == S(CLOSE_WAIT))
            assert_int_equal(peer_user_send(&p, 10), 10);
        peer_advance(&p, 99999);
        expect_state(&p, from);
        peer_advance(&p, 60000);
        expect_event_error(&p, p.conn, RILL_SOFT_ERROR | RILL_RESET | RILL_CLOSED, -RILL_ETIMEDOUT);
        expect_state(&p, S(CLOSED));
        finish(&p, from, S(CLOSED));
    }
}

/* --------------------------------------------------------------------- all */

static void edges_walked_are_the_list(void **state)
{
    bool listed[RILL_STATES][RILL_STATES] = {{false}};

    (void)state;
    for (const struct state_edge *edge = state_edges; edge->why != NULL; edge++)
        listed[edge->from][edge->to] = true;
    for (unsigned from = 0; from < RILL_STATES; from++) {
        for (unsigned to = 0; to < RILL_STATES; to++) {
            assert_int_equal(listed[from][to], state_edge_is_legal((enum rill_state)from, (enum rill_state)to));
            if (listed[from][to] != walked[from][to])
                fail_msg("%s -> %s is %s", rill_state_name((enum rill_state)from), rill_state_name((enum rill_state)to),
                         listed[from][to] ? "in the list, and no test walks it" : "walked, and not in the list");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edge_closed_listen_passive_open),
        cmocka_unit_test(edge_closed_syn_sent_active_open),
        cmocka_unit_test(edge_closed_syn_received_syn_to_a_listener),
        cmocka_unit_test(edge_listen_closed_close_or_abort),
        cmocka_unit_test(edge_listen_syn_sent_active_open_of_a_passive_one),
        cmocka_unit_test(edge_syn_sent_syn_received_simultaneous_open),
        cmocka_unit_test(edge_syn_sent_established_syn_ack),
        cmocka_unit_test(edge_syn_sent_closed_close_or_abort),
        cmocka_unit_test(edge_syn_sent_closed_rst),
        cmocka_unit_test(edge_syn_sent_closed_timeout),
        cmocka_unit_test(edge_syn_received_established_ack_of_our_syn),
        cmocka_unit_test(edge_syn_received_fin_wait_1_close),
        cmocka_unit_test(edge_syn_received_closed_abort),
        cmocka_unit_test(edge_syn_received_closed_rst),
        cmocka_unit_test(edge_syn_received_closed_timeout),
        cmocka_unit_test(edge_established_fin_wait_1_close),
        cmocka_unit_test(edge_established_close_wait_fin),
        cmocka_unit_test(edge_fin_wait_1_fin_wait_2_ack_of_our_fin),
        cmocka_unit_test(edge_fin_wait_1_closing_simultaneous_close),
        cmocka_unit_test(edge_fin_wait_1_time_wait_fin_with_the_ack_of_ours),
        cmocka_unit_test(edge_fin_wait_1_fin_wait_2_time_wait_in_one_segment),
        cmocka_unit_test(edge_fin_wait_2_time_wait_fin),
        cmocka_unit_test(edge_fin_wait_2_closed_orphan_timeout),
        cmocka_unit_test(edge_close_wait_last_ack_close),
        cmocka_unit_test(edge_closing_time_wait_ack_of_our_fin),
        cmocka_unit_test(edge_last_ack_closed_ack_of_our_fin),
        cmocka_unit_test(edge_time_wait_closed_2_msl),
        cmocka_unit_test(edge_time_wait_closed_abort),
        cmocka_unit_test(edge_time_wait_syn_received_new_incarnation),
        cmocka_unit_test(edge_synchronized_closed_rst),
        cmocka_unit_test(edge_synchronized_closed_abort),
        cmocka_unit_test(edge_synchronized_closed_timeout),
        cmocka_unit_test(edges_walked_are_the_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
