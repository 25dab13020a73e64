/* The peer's FIN where it meets the window's edge, and data that a peer claims to have behind it. */
#include "support/tcp_peer.h"

static void a_fin_right_behind_a_full_window_leaves_no_window(void **state)
{
    (void)state;
    for (unsigned corner = 0; corner < PEER_CORNERS; corner++) {
        struct peer_setup setup = peer_corner(corner);
        struct peer p;

        setup.receive_buffer_bytes = 8192;
        peer_open(&p, &setup);
        peer_reach(&p, RILL_STATE_ESTABLISHED);
        while (p.rcv_wnd > 1000)
            peer_send(&p, TCP_ACK, p.rcv_nxt, 1, 1000);
        peer_send(&p, TCP_ACK | TCP_FIN, p.rcv_nxt, 1, p.rcv_wnd);
        expect_state(&p, RILL_STATE_CLOSE_WAIT);
        assert_int_equal(p.rcv_wnd, 0);
        peer_forget(&p);
        peer_send(&p, TCP_RST, p.rcv_nxt + 100000, 0, 0); /* out of the window: not worth an answer */
        expect_nothing(&p);
        peer_close(&p);
    }
}

static void what_lies_behind_the_fin_is_dropped_with_it(void **state)
{
    struct peer_setup setup = {.sack = true};
    struct peer_segment ack;
    struct peer p;

    (void)state;
    peer_open(&p, &setup);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_send(&p, TCP_ACK, 101, 1, 50);
    ack = expect_segment(&p, TCP_ACK, 1, 1, 0);
    assert_int_equal(ack.options.present & TCP_OPTION_SACK, TCP_OPTION_SACK);
    peer_send(&p, TCP_ACK | TCP_FIN, 1, 1, 10);
    ack = expect_segment(&p, TCP_ACK, 1, 12, 0);
    assert_int_equal(ack.options.present & TCP_OPTION_SACK, 0);
    assert_int_equal(peer_user_receive(&p, 1000), 10);
    assert_int_equal(peer_user_receive(&p, 1000), 0);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fin_right_behind_a_full_window_leaves_no_window),
        cmocka_unit_test(what_lies_behind_the_fin_is_dropped_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
