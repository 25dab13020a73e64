/*
 * Ways from nothing into each of the eleven states.
 */
#include "support/tcp_peer.h"

static void reach_syn_received(struct peer *p)
{
    if (p->setup.passive) {
        if (p->listener == 0)
            assert_int_equal(peer_listen(p), 0);
        peer_send(p, TCP_SYN, 0, 0, 0);
    } else {
        assert_int_equal(peer_connect(p), 0);
        expect_segment(p, TCP_SYN, 0, 0 - p->isn, 0);
        peer_send(p, TCP_SYN, 0, 0, 0);
    }
    expect_segment(p, TCP_SYN | TCP_ACK, 0, 1, 0);
}

static void reach_established(struct peer *p)
{
    if (p->setup.passive) {
        reach_syn_received(p);
        peer_send(p, TCP_ACK, 1, 1, 0);
        assert_int_equal(rill_accept(p->stack, p->listener, &p->conn, NULL), 0);
        peer_run(p);
    } else {
        assert_int_equal(peer_connect(p), 0);
        expect_segment(p, TCP_SYN, 0, 0 - p->isn, 0);
        peer_send(p, TCP_SYN | TCP_ACK, 0, 1, 0);
        expect_segment(p, TCP_ACK, 1, 1, 0);
    }
}

static void reach_half_closed(struct peer *p)
{
    reach_established(p);
    assert_int_equal(peer_user_shutdown(p), 0);
    expect_segment(p, TCP_FIN | TCP_ACK, 1, 1, 0);
}

static void reach_close_wait(struct peer *p)
{
    reach_established(p);
    peer_send(p, TCP_FIN | TCP_ACK, 1, 1, 0);
    expect_segment(p, TCP_ACK, 1, 2, 0);
}

static void reach_late(struct peer *p, enum rill_state state)
{
    switch (state) {
    case RILL_STATE_FIN_WAIT_1:
        reach_half_closed(p);
        break;
    case RILL_STATE_FIN_WAIT_2:
        reach_half_closed(p);
        peer_send(p, TCP_ACK, 1, 2, 0);
        break;
    case RILL_STATE_CLOSING:
        reach_half_closed(p);
        peer_send(p, TCP_FIN | TCP_ACK, 1, 1, 0);
        expect_segment(p, TCP_ACK, 2, 2, 0);
        break;
    case RILL_STATE_TIME_WAIT:
        reach_late(p, RILL_STATE_FIN_WAIT_2);
        peer_send(p, TCP_FIN | TCP_ACK, 1, 2, 0);
        expect_segment(p, TCP_ACK, 2, 2, 0);
        break;
    case RILL_STATE_LAST_ACK:
        reach_close_wait(p);
        assert_int_equal(peer_user_shutdown(p), 0);
        expect_segment(p, TCP_FIN | TCP_ACK, 1, 2, 0);
        break;
    default:
        fail();
    }
}

void peer_reach(struct peer *p, enum rill_state state)
{
    switch (state) {
    case RILL_STATE_CLOSED:
        break;
    case RILL_STATE_LISTEN:
        assert_int_equal(peer_listen(p), 0);
        break;
    case RILL_STATE_SYN_SENT:
        assert_int_equal(peer_connect(p), 0);
        expect_segment(p, TCP_SYN, 0, 0 - p->isn, 0);
        break;
    case RILL_STATE_SYN_RECEIVED:
        reach_syn_received(p);
        break;
    case RILL_STATE_ESTABLISHED:
        reach_established(p);
        break;
    case RILL_STATE_CLOSE_WAIT:
        reach_close_wait(p);
        break;
    default:
        reach_late(p, state);
        break;
    }
    expect_nothing(p);
    expect_state(p, state);
    peer_forget(p);
}

void peer_reach_time_wait_block(struct peer *p)
{
    peer_reach(p, RILL_STATE_TIME_WAIT);
    assert_int_equal(peer_user_close(p), 0);
    p->conn = 0;
    expect_nothing(p);
    expect_state(p, RILL_STATE_TIME_WAIT);
    peer_forget(p);
}

void peer_fill_window(struct peer *p, uint32_t ack)
{
    for (unsigned i = 0; p->rcv_wnd > 0; i++) {
        assert_true(i < 100);
        peer_send(p, TCP_ACK, p->rcv_nxt, ack, p->rcv_wnd < 1000 ? p->rcv_wnd : 1000);
    }
    peer_forget(p);
}
