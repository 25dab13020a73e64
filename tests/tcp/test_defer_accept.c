/* Listeners that accept when data has come: rill_options.defer_accept. */
#include "support/tcp_peer.h"

static void listen_deferring(struct peer *p, uint8_t retries)
{
    struct rill_options options;

    peer_open(p, &(struct peer_setup){.passive = true});
    assert_int_equal(peer_listen(p), 0);
    rill_options_default(&options);
    options.defer_accept = retries;
    assert_int_equal(rill_set_options(p->stack, p->listener, &options, RILL_CHANGE_DEFER_ACCEPT), 0);
    peer_send(p, TCP_SYN, 0, 0, 0);
    expect_segment(p, TCP_SYN | TCP_ACK, 0, 1, 0);
    peer_send(p, TCP_ACK, 1, 1, 0);
}

static void the_last_ack_alone_makes_no_connection(void **state)
{
    struct peer p;
    rill_conn conn;
    (void)state;
    listen_deferring(&p, 3);
    expect_nothing(&p);
    expect_state(&p, RILL_STATE_SYN_RECEIVED);
    assert_int_equal(rill_accept(p.stack, p.listener, &conn, NULL), -RILL_EAGAIN);
    peer_close(&p);
}

static void data_makes_it_one(void **state)
{
    char data[32];
    struct peer p;
    rill_conn conn;
    (void)state;
    listen_deferring(&p, 3);
    peer_send(&p, TCP_ACK, 1, 1, 10);
    expect_ack(&p, 11);
    expect_event(&p, p.listener, RILL_ACCEPTABLE);
    assert_int_equal(rill_accept(p.stack, p.listener, &conn, NULL), 0);
    assert_int_equal(rill_receive(p.stack, conn, data, sizeof data, 0), 10);
    peer_forget(&p);
    peer_close(&p);
}

static void so_does_a_fin(void **state)
{
    struct peer p;
    rill_conn conn;
    (void)state;
    listen_deferring(&p, 3);
    peer_send(&p, TCP_ACK | TCP_FIN, 1, 1, 0);
    assert_int_equal(rill_accept(p.stack, p.listener, &conn, NULL), 0);
    peer_forget(&p);
    peer_close(&p);
}

static void no_syn_ack_goes_out_again_while_data_is_waited_for(void **state)
{
    struct peer p;
    (void)state;
    listen_deferring(&p, 3);
    peer_advance(&p, 6999); /* 1 + 2 + 4 s */
    expect_nothing(&p);
    peer_advance(&p, 1);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    peer_close(&p);
}

static void then_an_ack_is_enough(void **state)
{
    struct peer p;
    rill_conn conn;
    (void)state;
    listen_deferring(&p, 2);
    peer_advance(&p, 3000);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    peer_send(&p, TCP_ACK, 1, 1, 0);
    assert_int_equal(rill_accept(p.stack, p.listener, &conn, NULL), 0);
    peer_forget(&p);
    peer_close(&p);
}

static void a_peer_that_says_nothing_more_is_forgotten(void **state)
{
    struct peer p;
    (void)state;
    listen_deferring(&p, 8);
    peer_advance(&p, 600000);
    expect_state(&p, RILL_STATE_LISTEN);
    peer_forget(&p);
    peer_close(&p);
}

static void a_syn_again_is_answered_meanwhile(void **state)
{
    struct peer p;
    (void)state;
    listen_deferring(&p, 3);
    peer_send(&p, TCP_SYN, 0, 0, 0);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    peer_close(&p);
}

static void more_than_eight_is_refused(void **state)
{
    struct rill_options options;
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.passive = true});
    assert_int_equal(peer_listen(&p), 0);
    rill_options_default(&options);
    options.defer_accept = 9;
    assert_int_equal(rill_set_options(p.stack, p.listener, &options, RILL_CHANGE_DEFER_ACCEPT), -RILL_EINVAL);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_ack_alone_makes_no_connection),
        cmocka_unit_test(data_makes_it_one),
        cmocka_unit_test(so_does_a_fin),
        cmocka_unit_test(no_syn_ack_goes_out_again_while_data_is_waited_for),
        cmocka_unit_test(then_an_ack_is_enough),
        cmocka_unit_test(a_peer_that_says_nothing_more_is_forgotten),
        cmocka_unit_test(a_syn_again_is_answered_meanwhile),
        cmocka_unit_test(more_than_eight_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
