/* TCP Fast Open, the client's side (RFC 7413). */
#include "support/tcp_peer.h"

static const uint8_t cookie_of_8[] = {1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t cookie_of_16[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static void opened(struct peer *p, struct peer_setup setup)
{
    setup.option_flags |= RILL_OPTION_FAST_OPEN;
    peer_open(p, &setup);
}

static bool has_option(const struct peer_segment *seg)
{
    return (seg->options.present & TCP_OPTION_FAST_OPEN) != 0;
}

/* The connection is reset and its handle closed: the next one has the same ports. */
static void be_reset(struct peer *p)
{
    peer_send(p, TCP_RST, p->rcv_nxt, 0, 0);
    assert_int_equal(peer_user_close(p), 0);
    peer_forget(p);
}

static void syn_ack_with_cookie(struct peer *p, const uint8_t *cookie, uint8_t bytes, uint32_t ack)
{
    peer_send_packet(
        p, &(struct peer_packet){
               .flags = TCP_SYN | TCP_ACK, .ack = ack, .fast_open = true, .cookie = cookie, .cookie_bytes = bytes});
}

/* A first connection, which brings a cookie home. */
static void learn_cookie(struct peer *p, const uint8_t *cookie, uint8_t bytes)
{
    struct peer_segment syn;

    assert_int_equal(peer_connect(p), 0);
    syn = expect_segment(p, TCP_SYN, 0, 0 - p->isn, 0);
    assert_true(has_option(&syn));
    assert_int_equal(syn.options.fast_open_bytes, 0);
    syn_ack_with_cookie(p, cookie, bytes, 1);
    expect_segment(p, TCP_ACK, 1, 1, 0);
    be_reset(p);
}

/* A connection whose SYN carries `bytes` of text, of which it can take `room`; the SYN is read. */
static struct peer_segment connect_with(struct peer *p, uint32_t bytes, uint32_t room)
{
    assert_int_equal(peer_connect(p), 0);
    expect_nothing(p);
    expect_event(p, p->conn, RILL_WRITABLE);
    assert_int_equal(peer_user_send(p, bytes), bytes);
    return expect_segment(p, TCP_SYN, 0, 0 - p->isn, bytes < room ? bytes : room);
}

static void the_first_connection_asks_and_the_second_brings_data(void **state) /* R7413-4 */
{
    (void)state;
    for (unsigned i = 0; i < PEER_CORNERS; i++) {
        struct peer_segment syn;
        struct rill_status status;
        struct peer p;

        opened(&p, peer_corner(i));
        learn_cookie(&p, cookie_of_8, 8);
        syn = connect_with(&p, 500, 9999);
        assert_int_equal(syn.options.fast_open_bytes, 8);
        assert_memory_equal(syn.cookie, cookie_of_8, 8);
        peer_send(&p, TCP_SYN | TCP_ACK, 0, 501, 0);
        expect_segment(&p, TCP_ACK, 501, 1, 0);
        expect_event(&p, p.conn, RILL_ESTABLISHED | RILL_WRITABLE | RILL_SENT);
        expect_status_of(&p, p.conn, &status);
        assert_true(status.syn_data);
        assert_int_equal(status.bytes_sent_acked, 500);
        assert_int_equal(peer_user_send(&p, 100), 100);
        expect_segment(&p, TCP_ACK, 501, 1, 100);
        expect_nothing(&p);
        peer_close(&p);
    }
}

static void without_being_asked_to_no_option_is_sent(void **state) /* R7413-1 */
{
    struct peer p;
    struct peer_segment syn;
    (void)state;
    peer_open(&p, NULL);
    assert_int_equal(peer_connect(&p), 0);
    syn = expect_segment(&p, TCP_SYN, 0, 0, 0);
    assert_false(has_option(&syn));
    syn_ack_with_cookie(&p, cookie_of_8, 8, 1); /* a cookie that nobody asked for is not kept */
    expect_segment(&p, TCP_ACK, 1, 1, 0);
    be_reset(&p);
    p.setup.option_flags = RILL_OPTION_FAST_OPEN;
    assert_int_equal(peer_connect(&p), 0);
    assert_int_equal(expect_segment(&p, TCP_SYN, 0, 0, 0).options.fast_open_bytes, 0);
    peer_close(&p);
}

static void a_syn_from_the_same_port_begins_behind_the_data_of_the_last(void **state)
{
    struct peer_segment first, second;
    struct peer p;
    (void)state;
    opened(&p, (struct peer_setup){0});
    learn_cookie(&p, cookie_of_8, 8);
    first = connect_with(&p, 500, 9999);
    assert_int_equal(peer_user_abort(&p), 0);
    peer_forget(&p);
    second = connect_with(&p, 500, 9999);                  /* in the same tick of the ISN's clock */
    assert_int_equal(second.raw_seq - first.raw_seq, 501); /* RFC 9293 3.10.7.3: ISS is no acceptable ACK */
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 501 - (second.raw_seq - first.raw_seq), 0); /* the first one's answer */
    expect_segment(&p, TCP_RST, 0, 0 - p.isn, 0);
    expect_state(&p, RILL_STATE_SYN_SENT);
    peer_close(&p);
}

static void data_that_is_not_acknowledged_leaves_with_the_first_ack(void **state) /* R7413-6 */
{
    (void)state;
    for (unsigned i = 0; i < PEER_CORNERS; i++) {
        struct peer p;

        opened(&p, peer_corner(i));
        learn_cookie(&p, cookie_of_8, 8);
        connect_with(&p, 500, 9999);
        peer_send(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
        expect_segment(&p, TCP_ACK, 1, 1, 500);
        assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_FAST_OPEN_REFUSED), 1);
        peer_send(&p, TCP_ACK, 1, 501, 0);
        expect_event(&p, p.conn, RILL_ESTABLISHED | RILL_WRITABLE | RILL_SENT);
        peer_close(&p);
    }
}

static void what_was_acknowledged_in_part_goes_on_from_there(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PEER_CORNERS; i++) {
        struct peer p;

        opened(&p, peer_corner(i));
        learn_cookie(&p, cookie_of_8, 8);
        connect_with(&p, 500, 9999);
        peer_send(&p, TCP_SYN | TCP_ACK, 0, 201, 0);
        expect_segment(&p, TCP_ACK, 201, 1, 300);
        peer_close(&p);
    }
}

static void more_than_a_syn_holds_follows_the_handshake(void **state)
{
    struct peer p;
    (void)state;
    opened(&p, (struct peer_setup){0});
    learn_cookie(&p, cookie_of_8, 8);
    connect_with(&p, 3000, 1460 - 32); /* options of the SYN: 32 bytes */
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 1429, 0);
    expect_segment(&p, TCP_ACK, 1429, 1, 1460);
    expect_segment(&p, TCP_ACK, 2889, 1, 112);
    peer_close(&p);
}

static void an_ack_of_more_than_the_syn_carried_is_refused(void **state)
{
    struct peer p;
    (void)state;
    opened(&p, (struct peer_setup){0});
    learn_cookie(&p, cookie_of_8, 8);
    connect_with(&p, 500, 9999);
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 502, 0);
    expect_segment(&p, TCP_RST, 502, 0, 0);
    expect_state(&p, RILL_STATE_SYN_SENT);
    peer_send(&p, TCP_ACK, 0, 501, 0); /* no SYN: dropped, and nothing of it is believed */
    expect_nothing(&p);
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    expect_segment(&p, TCP_ACK, 1, 1, 500);
    peer_close(&p);
}

static void the_syn_carries_what_the_server_is_known_to_take(void **state)
{
    struct peer p;
    (void)state;
    opened(&p, (struct peer_setup){.mss = 400});
    learn_cookie(&p, cookie_of_8, 8);
    connect_with(&p, 3000, 400 - 32); /* the MSS learned */
    peer_close(&p);
}

static void no_syn_is_larger_than_is_usual(void **state)
{
    struct peer p;
    (void)state;
    opened(&p, (struct peer_setup){.mss = 9000});
    learn_cookie(&p, cookie_of_8, 8);
    connect_with(&p, 3000, 1460 - 32); /* RFC 7413 4.1.3: no more than 1460, whatever the server takes */
    peer_close(&p);
}

static void a_syn_that_times_out_goes_again_plain(void **state) /* R7413-8 */
{
    (void)state;
    for (unsigned i = 0; i < PEER_CORNERS; i++) {
        struct peer p;
        struct peer_segment again;

        opened(&p, peer_corner(i));
        learn_cookie(&p, cookie_of_8, 8);
        connect_with(&p, 500, 9999);
        peer_advance(&p, 1000);
        again = expect_segment(&p, TCP_SYN, 0, 0 - p.isn, 0);
        assert_false(has_option(&again));
        peer_send(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
        expect_segment(&p, TCP_ACK, 1, 1, 500);
        peer_close(&p);
    }
}

static void the_answer_to_the_first_syn_may_come_after_the_second(void **state)
{
    struct peer p;
    (void)state;
    opened(&p, (struct peer_setup){0});
    learn_cookie(&p, cookie_of_8, 8);
    connect_with(&p, 500, 9999);
    peer_advance(&p, 1000);
    expect_segment(&p, TCP_SYN, 0, 0, 0);
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 501, 0);
    expect_segment(&p, TCP_ACK, 501, 1, 0);
    expect_event(&p, p.conn, RILL_ESTABLISHED | RILL_WRITABLE | RILL_SENT);
    be_reset(&p);
    connect_with(&p, 500, 9999); /* it works after all */
    peer_close(&p);
}

/* The next SYN carries no option. */
static void expect_barred(struct peer *p)
{
    struct peer_segment syn;

    assert_int_equal(peer_connect(p), 0);
    syn = expect_segment(p, TCP_SYN, 0, 0 - p->isn, 0);
    assert_false(has_option(&syn));
    assert_int_equal(peer_user_close(p), 0);
    peer_forget(p);
}

static void fail_once(struct peer *p)
{
    connect_with(p, 500, 9999);
    peer_advance(p, 1000);
    expect_segment(p, TCP_SYN, 0, 0 - p->isn, 0);
    assert_int_equal(peer_user_close(p), 0);
    peer_forget(p);
}

static void after_a_failure_fast_open_rests_for_two_minutes_and_then_four(void **state) /* R7413-8 */
{
    struct peer p;
    (void)state;
    opened(&p, (struct peer_setup){0});
    learn_cookie(&p, cookie_of_8, 8);
    fail_once(&p);
    peer_advance(&p, 119999);
    expect_barred(&p);
    peer_advance(&p, 1);
    fail_once(&p);
    peer_advance(&p, 239999);
    expect_barred(&p);
    peer_advance(&p, 1);
    connect_with(&p, 500, 9999);
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 501, 0);
    expect_segment(&p, TCP_ACK, 501, 1, 0);
    be_reset(&p);
    fail_once(&p); /* a success in between: two minutes again */
    peer_advance(&p, 120000);
    connect_with(&p, 500, 9999);
    peer_close(&p);
}

static void a_server_that_gives_no_cookie_is_not_asked_for_a_while(void **state) /* R7413-8 */
{
    struct peer p;
    (void)state;
    opened(&p, (struct peer_setup){0});
    assert_int_equal(peer_connect(&p), 0);
    expect_segment(&p, TCP_SYN, 0, 0, 0);
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    expect_segment(&p, TCP_ACK, 1, 1, 0);
    be_reset(&p);
    expect_barred(&p);
    peer_advance(&p, 120000);
    learn_cookie(&p, cookie_of_8, 8);
    connect_with(&p, 10, 9999);
    peer_close(&p);
}

static void a_server_that_takes_no_data_is_left_alone_for_a_while(void **state)
{
    struct peer p;
    (void)state;
    opened(&p, (struct peer_setup){0});
    learn_cookie(&p, cookie_of_8, 8);
    connect_with(&p, 500, 9999);
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    expect_segment(&p, TCP_ACK, 1, 1, 500);
    be_reset(&p);
    expect_barred(&p);
    peer_close(&p);
}

static void a_new_cookie_takes_the_place_of_the_old_one(void **state) /* R7413-6 */
{
    struct peer p;
    struct peer_segment syn;
    (void)state;
    opened(&p, (struct peer_setup){0});
    learn_cookie(&p, cookie_of_8, 8);
    connect_with(&p, 500, 9999);
    syn_ack_with_cookie(&p, cookie_of_16, 16, 1);
    expect_segment(&p, TCP_ACK, 1, 1, 500);
    be_reset(&p);
    syn = connect_with(&p, 500, 9999); /* refused, but not barred: the new one may be good */
    assert_int_equal(syn.options.fast_open_bytes, 16);
    assert_memory_equal(syn.cookie, cookie_of_16, 16);
    peer_close(&p);
}

static void a_refused_connection_says_nothing_of_fast_open(void **state)
{
    struct peer p;
    (void)state;
    opened(&p, (struct peer_setup){0});
    learn_cookie(&p, cookie_of_8, 8);
    connect_with(&p, 500, 9999);
    peer_send(&p, TCP_RST | TCP_ACK, 0, 501, 0); /* SEG.ACK covers the text */
    expect_event_error(&p, p.conn, RILL_RESET | RILL_CLOSED, -RILL_ECONNREFUSED);
    assert_int_equal(peer_user_close(&p), 0);
    connect_with(&p, 500, 9999);
    peer_close(&p);
}

static void a_cookie_that_finds_no_room_in_the_header_is_left_at_home(void **state)
{
    struct peer p;
    struct peer_segment syn;
    (void)state;
    opened(&p, (struct peer_setup){0});
    learn_cookie(&p, cookie_of_16, 16);
    p.setup.option_flags |= RILL_OPTION_USER_TIMEOUT; /* 24 bytes with it, and the cookie's 20: more than 40 */
    assert_int_equal(peer_connect(&p), 0);
    assert_int_equal(peer_user_send(&p, 100), 100);
    syn = expect_segment(&p, TCP_SYN, 0, 0, 0);
    assert_false(has_option(&syn));
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    expect_segment(&p, TCP_ACK, 1, 1, 100);
    peer_close(&p);
}

static void a_syn_that_waits_runs_no_timer(void **state)
{
    struct peer p;
    (void)state;
    opened(&p, (struct peer_setup){0});
    learn_cookie(&p, cookie_of_8, 8);
    assert_int_equal(peer_connect(&p), 0);
    expect_event(&p, p.conn, RILL_WRITABLE);
    assert_int_equal(rill_set_flags(p.stack, p.conn, RILL_OPTION_NODELAY, 0), 0);
    peer_run(&p);
    assert_true(rill_deadline(p.stack) == RILL_NEVER);
    peer_advance(&p, 1000000);
    expect_nothing(&p);
    assert_int_equal(peer_user_send(&p, 10), 10);
    expect_segment(&p, TCP_SYN, 0, 0, 10);
    peer_close(&p);
}

static void a_syn_that_waits_can_be_closed_aborted_and_shut_down(void **state)
{
    struct peer p;
    struct rill_memory memory;
    (void)state;
    opened(&p, (struct peer_setup){0});
    learn_cookie(&p, cookie_of_8, 8);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(peer_connect(&p), 0);
        peer_forget(&p);
        if (i == 0)
            assert_int_equal(peer_user_abort(&p), 0);
        if (i == 1)
            assert_int_equal(peer_user_shutdown(&p), 0);
        if (i > 0)
            assert_int_equal(peer_user_close(&p), 0);
        expect_nothing(&p);
        rill_memory(p.stack, &memory);
        assert_int_equal(memory.connections, 0);
    }
    peer_close(&p);
}

static void a_syn_that_waits_meets_the_peers(void **state) /* simultaneous open */
{
    (void)state;
    for (unsigned i = 0; i < PEER_CORNERS; i++) {
        struct peer p;

        opened(&p, peer_corner(i));
        learn_cookie(&p, cookie_of_8, 8);
        assert_int_equal(peer_connect(&p), 0);
        peer_send(&p, TCP_SYN, 0, 0, 0);
        expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
        peer_send(&p, TCP_ACK, 1, 1, 0);
        expect_state(&p, RILL_STATE_ESTABLISHED);
        assert_int_equal(peer_user_send(&p, 10), 10);
        expect_segment(&p, TCP_ACK, 1, 1, 10);
        peer_close(&p);
    }
}

static void a_simultaneous_open_may_acknowledge_the_data(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * PEER_CORNERS; i++) {
        uint32_t ack = i % 2 == 0 ? 501 : 1;
        struct peer p;

        opened(&p, peer_corner(i / 2));
        learn_cookie(&p, cookie_of_8, 8);
        connect_with(&p, 500, 9999);
        peer_send(&p, TCP_SYN, 0, 0, 0);
        expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
        peer_send(&p, TCP_ACK, 1, ack, 0);
        expect_state(&p, RILL_STATE_ESTABLISHED);
        if (ack == 1)
            expect_segment(&p, TCP_ACK, 1, 1, 500);
        expect_nothing(&p);
        peer_close(&p);
    }
}

static void data_and_a_close_go_one_after_the_other(void **state)
{
    struct peer p;
    (void)state;
    opened(&p, (struct peer_setup){0});
    learn_cookie(&p, cookie_of_8, 8);
    connect_with(&p, 500, 9999);
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 501, 20); /* with the answer in it */
    expect_segment(&p, TCP_ACK, 501, 21, 0);
    assert_int_equal(peer_user_receive(&p, 100), 20);
    assert_int_equal(peer_user_close(&p), 0);
    expect_segment(&p, TCP_FIN | TCP_ACK, 501, 21, 0);
    peer_close(&p);
}

static void connecting_with_data_is_one_call(void **state)
{
    struct rill_endpoint remote = {rill_addr4(10, 77, 0, 1), PEER_PORT};
    struct rill_options options;
    struct peer p;
    (void)state;
    opened(&p, (struct peer_setup){0});
    learn_cookie(&p, cookie_of_8, 8);
    rill_options_default(&options);
    options.local.port = STACK_PORT;
    assert_int_equal(rill_tcp_connect_data(p.stack, &remote, &options, "", 1, &p.conn), 1);
    peer_run(&p);
    expect_no_event(&p);
    expect_segment(&p, TCP_SYN, 0, 0, 1);
    assert_int_equal(rill_tcp_connect_data(p.stack, &remote, &options, "", 1, &p.conn), -RILL_EADDRINUSE);
    remote.port = 0;
    assert_int_equal(rill_tcp_connect_data(p.stack, &remote, NULL, "", 1, &p.conn), -RILL_EINVAL);
    peer_close(&p);
}

static void no_fast_open(struct rill_config *config)
{
    config->fast_open = 0;
}

static void the_stack_may_forbid_it(void **state)
{
    struct peer p;
    (void)state;
    opened(&p, (struct peer_setup){.configure = no_fast_open});
    expect_barred(&p);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_connection_asks_and_the_second_brings_data),
        cmocka_unit_test(without_being_asked_to_no_option_is_sent),
        cmocka_unit_test(data_that_is_not_acknowledged_leaves_with_the_first_ack),
        cmocka_unit_test(what_was_acknowledged_in_part_goes_on_from_there),
        cmocka_unit_test(more_than_a_syn_holds_follows_the_handshake),
        cmocka_unit_test(an_ack_of_more_than_the_syn_carried_is_refused),
        cmocka_unit_test(the_syn_carries_what_the_server_is_known_to_take),
        cmocka_unit_test(no_syn_is_larger_than_is_usual),
        cmocka_unit_test(a_syn_that_times_out_goes_again_plain),
        cmocka_unit_test(the_answer_to_the_first_syn_may_come_after_the_second),
        cmocka_unit_test(after_a_failure_fast_open_rests_for_two_minutes_and_then_four),
        cmocka_unit_test(a_server_that_gives_no_cookie_is_not_asked_for_a_while),
        cmocka_unit_test(a_server_that_takes_no_data_is_left_alone_for_a_while),
        cmocka_unit_test(a_new_cookie_takes_the_place_of_the_old_one),
        cmocka_unit_test(a_refused_connection_says_nothing_of_fast_open),
        cmocka_unit_test(a_cookie_that_finds_no_room_in_the_header_is_left_at_home),
        cmocka_unit_test(a_syn_that_waits_runs_no_timer),
        cmocka_unit_test(a_syn_that_waits_can_be_closed_aborted_and_shut_down),
        cmocka_unit_test(a_syn_that_waits_meets_the_peers),
        cmocka_unit_test(a_simultaneous_open_may_acknowledge_the_data),
        cmocka_unit_test(data_and_a_close_go_one_after_the_other),
        cmocka_unit_test(connecting_with_data_is_one_call),
        cmocka_unit_test(a_syn_from_the_same_port_begins_behind_the_data_of_the_last),
        cmocka_unit_test(the_stack_may_forbid_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
