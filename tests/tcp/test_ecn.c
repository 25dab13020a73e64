/* Explicit congestion notification, RFC 3168. */
#include "support/tcp_peer.h"
#include "tcp/ecn.h"

#define SYN_ECN (TCP_SYN | TCP_ECE | TCP_CWR)

/* An active open where both sides agree; nothing is left to expect. */
static void connected(struct peer *p, struct peer_setup setup)
{
    setup.ecn = RILL_ECN_ON;
    peer_open(p, &setup);
    assert_int_equal(peer_connect(p), 0);
    expect_segment(p, SYN_ECN, 0, 0 - p->isn, 0);
    peer_send(p, TCP_SYN | TCP_ACK | TCP_ECE, 0, 1, 0);
    expect_segment(p, TCP_ACK, 1, 1, 0);
    peer_forget(p);
}

static void accepted(struct peer *p, struct peer_setup setup)
{
    setup.passive = true;
    peer_open(p, &setup);
    assert_int_equal(peer_listen(p), 0);
    peer_send(p, SYN_ECN, 0, 0, 0);
    expect_segment(p, TCP_SYN | TCP_ACK | TCP_ECE, 0, 1, 0);
    peer_send(p, TCP_ACK, 1, 1, 0);
    assert_int_equal(rill_accept(p->stack, p->listener, &p->conn, NULL), 0);
    peer_run(p);
    peer_forget(p);
}

static void marked(struct peer *p, unsigned flags, uint32_t seq, uint32_t ack, uint32_t bytes, uint8_t ecn)
{
    peer_send_packet(
        p, &(struct peer_packet){.flags = (uint8_t)flags, .seq = seq, .ack = ack, .data_bytes = bytes, .ecn = ecn});
}

static struct rill_status status_of(struct peer *p)
{
    struct rill_status status;

    expect_status_of(p, p->conn, &status);
    return status;
}

static void a_listener_agrees_when_it_is_asked(void **state) /* R3168-1 R3168-2 */
{
    (void)state;
    for (unsigned i = 0; i < PEER_CORNERS; i++) {
        struct peer_setup setup = peer_corner(i);
        struct peer_segment answer;
        struct peer p;

        setup.passive = true;
        peer_open(&p, &setup);
        assert_int_equal(peer_listen(&p), 0);
        peer_send(&p, SYN_ECN, 0, 0, 0);
        answer = expect_segment(&p, TCP_SYN | TCP_ACK | TCP_ECE, 0, 1, 0);
        assert_int_equal(answer.ecn, IP_NOT_ECT);
        peer_send(&p, TCP_ACK, 1, 1, 0);
        assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
        assert_int_equal(status_of(&p).ecn, RILL_ECN_ON);
        peer_close(&p);
    }
}

static void a_listener_says_nothing_of_it_to_others(void **state) /* R3168-2 */
{
    static const unsigned flags[] = {TCP_SYN, TCP_SYN | TCP_ECE, TCP_SYN | TCP_CWR};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct peer p;

        peer_open(&p, &(struct peer_setup){.passive = true});
        assert_int_equal(peer_listen(&p), 0);
        peer_send(&p, flags[i], 0, 0, 0);
        expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
        peer_close(&p);
    }
}

static void ecn_off(struct rill_config *config)
{
    config->ecn = RILL_ECN_OFF;
}

static void it_can_be_turned_off_for_the_stack_and_for_a_listener(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct peer p;
        struct peer_setup setup = {.passive = true};

        setup.configure = i > 0 ? ecn_off : NULL;
        setup.ecn = i == 0 ? RILL_ECN_OFF : i == 1 ? RILL_ECN_DEFAULT : RILL_ECN_ACCEPT;
        peer_open(&p, &setup);
        assert_int_equal(peer_listen(&p), 0);
        peer_send(&p, SYN_ECN, 0, 0, 0);
        expect_segment(&p, TCP_SYN | TCP_ACK | (i == 2 ? TCP_ECE : 0), 0, 1, 0);
        peer_close(&p);
    }
}

static void by_default_nobody_is_asked(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    assert_int_equal(peer_connect(&p), 0);
    expect_segment(&p, TCP_SYN, 0, 0, 0);
    peer_close(&p);
}

static void we_ask_and_take_the_answer(void **state) /* R3168-1 R3168-2 R3168-3 */
{
    static const struct {
        unsigned flags;
        bool agreed;
    } cases[] = {{TCP_ECE, true}, {0, false}, {TCP_ECE | TCP_CWR, false}, {TCP_CWR, false}};
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct peer_segment syn;
        struct peer p;

        peer_open(&p, &(struct peer_setup){.ecn = RILL_ECN_ON});
        assert_int_equal(peer_connect(&p), 0);
        syn = expect_segment(&p, SYN_ECN, 0, 0, 0);
        assert_int_equal(syn.ecn, IP_NOT_ECT);
        peer_send(&p, TCP_SYN | TCP_ACK | cases[i].flags, 0, 1, 0);
        assert_int_equal(expect_segment(&p, TCP_ACK, 1, 1, 0).ecn, IP_NOT_ECT);
        assert_int_equal(status_of(&p).ecn, cases[i].agreed ? RILL_ECN_ON : RILL_ECN_OFF);
        assert_int_equal(peer_user_send(&p, 100), 100);
        assert_int_equal(expect_segment(&p, TCP_ACK, 1, 1, 100).ecn, cases[i].agreed ? IP_ECT_0 : IP_NOT_ECT);
        peer_close(&p);
    }
}

static void a_syn_sent_again_asks_no_more(void **state) /* R3168-4 */
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.ecn = RILL_ECN_ON});
    assert_int_equal(peer_connect(&p), 0);
    expect_segment(&p, SYN_ECN, 0, 0, 0);
    peer_advance(&p, 1000);
    expect_segment(&p, TCP_SYN, 0, 0, 0);
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    expect_segment(&p, TCP_ACK, 1, 1, 0);
    assert_int_equal(status_of(&p).ecn, RILL_ECN_OFF);
    peer_close(&p);
}

static void having_asked_and_not_asked_we_echo_but_send_no_ect(void **state) /* R3168-3 */
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.ecn = RILL_ECN_ON});
    assert_int_equal(peer_connect(&p), 0);
    expect_segment(&p, SYN_ECN, 0, 0, 0);
    peer_advance(&p, 1000);
    expect_segment(&p, TCP_SYN, 0, 0, 0);
    peer_send(&p, TCP_SYN | TCP_ACK | TCP_ECE, 0, 1, 0); /* the answer to the first, late */
    expect_segment(&p, TCP_ACK, 1, 1, 0);
    assert_int_equal(peer_user_send(&p, 100), 100);
    assert_int_equal(expect_segment(&p, TCP_ACK, 1, 1, 100).ecn, IP_NOT_ECT);
    marked(&p, TCP_ACK, 1, 101, 100, IP_CE);
    expect_segment(&p, TCP_ACK | TCP_ECE, 101, 101, 0);
    peer_close(&p);
}

static void a_peer_that_asked_and_did_not_gets_no_ect(void **state) /* R3168-3 */
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.passive = true});
    assert_int_equal(peer_listen(&p), 0);
    peer_send(&p, SYN_ECN, 0, 0, 0);
    expect_segment(&p, TCP_SYN | TCP_ACK | TCP_ECE, 0, 1, 0);
    peer_send(&p, TCP_SYN, 0, 0, 0);
    expect_segment(&p, TCP_SYN | TCP_ACK | TCP_ECE, 0, 1, 0);
    peer_send(&p, TCP_ACK, 1, 1, 0);
    assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
    peer_run(&p);
    assert_int_equal(peer_user_send(&p, 100), 100);
    assert_int_equal(expect_segment(&p, TCP_ACK, 1, 1, 100).ecn, IP_NOT_ECT);
    peer_close(&p);
}

static void a_simultaneous_open_agrees_too(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.ecn = RILL_ECN_ON});
    assert_int_equal(peer_connect(&p), 0);
    expect_segment(&p, SYN_ECN, 0, 0, 0);
    peer_send(&p, SYN_ECN, 0, 0, 0);
    expect_segment(&p, TCP_SYN | TCP_ACK | TCP_ECE, 0, 1, 0);
    peer_send(&p, TCP_SYN | TCP_ACK | TCP_ECE, 0, 1, 0);
    expect_segment(&p, TCP_ACK, 1, 1, 0);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_ECN_ECHOES_IN), 0); /* a SYN's ECE is no echo */
    assert_int_equal(peer_user_send(&p, 100), 100);
    assert_int_equal(expect_segment(&p, TCP_ACK, 1, 1, 100).ecn, IP_ECT_0);
    peer_close(&p);
}

static void new_data_is_ect_0_and_nothing_else_is(void **state) /* R3168-5 R3168-9 R3168-10 R3168-12 */
{
    (void)state;
    for (unsigned i = 0; i < PEER_CORNERS; i++) {
        struct peer p;

        accepted(&p, peer_corner(i));
        assert_int_equal(peer_user_send(&p, 100), 100);
        assert_int_equal(expect_segment(&p, TCP_ACK, 1, 1, 100).ecn, IP_ECT_0);
        peer_send(&p, TCP_ACK, 1, 1, 50);
        assert_int_equal(expect_ack(&p, 51).ecn, IP_NOT_ECT);
        peer_advance(&p, 5000); /* tail loss probe, timeouts */
        assert_true(p.sent_count - p.sent_first >= 2);
        while (p.sent_first < p.sent_count)
            assert_int_equal(p.sent[p.sent_first++].ecn, IP_NOT_ECT);
        peer_forget(&p);
        peer_send(&p, TCP_ACK, 51, 101, 0);
        p.window = 0;
        peer_send(&p, TCP_ACK, 51, 101, 0);
        assert_int_equal(peer_user_send(&p, 100), 100);
        expect_nothing(&p);
        peer_advance(&p, 20000);
        assert_true(p.sent_count - p.sent_first >= 1); /* window probes */
        while (p.sent_first < p.sent_count) {
            assert_int_equal(p.sent[p.sent_first].ecn, IP_NOT_ECT);
            assert_int_equal(p.sent[p.sent_first++].flags & TCP_CWR, 0);
        }
        peer_close(&p);
    }
}

static void a_mark_is_echoed_until_cwr(void **state) /* R3168-6 */
{
    (void)state;
    for (unsigned i = 0; i < PEER_CORNERS; i++) {
        struct peer p;

        accepted(&p, peer_corner(i));
        marked(&p, TCP_ACK, 1, 1, 100, IP_CE);
        expect_segment(&p, TCP_ACK | TCP_ECE, 1, 101, 0);
        marked(&p, TCP_ACK, 101, 1, 100, IP_ECT_0);
        expect_segment(&p, TCP_ACK | TCP_ECE, 1, 201, 0);
        assert_int_equal(peer_user_send(&p, 10), 10);
        expect_segment(&p, TCP_ACK | TCP_ECE, 1, 201, 10); /* on data too */
        marked(&p, TCP_ACK | TCP_CWR, 201, 11, 100, IP_ECT_0);
        expect_segment(&p, TCP_ACK, 11, 301, 0);
        marked(&p, TCP_ACK | TCP_CWR, 301, 11, 100, IP_CE); /* a new mark in the very segment */
        expect_segment(&p, TCP_ACK | TCP_ECE, 11, 401, 0);
        peer_close(&p);
    }
}

static void a_mark_is_told_at_once(void **state) /* R3168-6 */
{
    struct peer p;
    (void)state;
    accepted(&p, (struct peer_setup){0});
    for (uint32_t i = 0; i < 20; i++) { /* past the ACKs that go at once in the beginning */
        marked(&p, TCP_ACK, 1 + 100 * i, 1, 100, IP_ECT_0);
        peer_forget(&p);
    }
    marked(&p, TCP_ACK, 2001, 1, 100, IP_ECT_0);
    expect_nothing(&p); /* delayed */
    marked(&p, TCP_ACK, 2101, 1, 100, IP_CE);
    expect_segment(&p, TCP_ACK | TCP_ECE, 1, 2201, 0);
    peer_close(&p);
}

static void marks_count_only_where_they_were_agreed_and_are_ours(void **state) /* R3168-3 R3168-11 */
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.passive = true});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    marked(&p, TCP_ACK, 1, 1, 100, IP_CE);
    expect_segment(&p, TCP_ACK, 1, 101, 0);
    peer_close(&p);
    accepted(&p, (struct peer_setup){0});
    peer_send(&p, TCP_ACK, 1, 1, 100);
    expect_segment(&p, TCP_ACK, 1, 101, 0);
    marked(&p, TCP_ACK, 1, 1, 100, IP_CE); /* old: out of the window */
    expect_segment(&p, TCP_ACK, 1, 101, 0);
    marked(&p, TCP_ACK, 101 + 60000, 1, 100, IP_CE); /* beyond it */
    expect_segment(&p, TCP_ACK, 1, 101, 0);
    marked(&p, TCP_ACK, 101, 1, 0, IP_CE); /* no data */
    peer_send_packet(&p,
                     &(struct peer_packet){
                         .flags = TCP_ACK, .seq = 101, .ack = 1, .data_bytes = 10, .ecn = IP_CE, .bad_checksum = true});
    peer_send(&p, TCP_ACK, 101, 1, 100);
    expect_segment(&p, TCP_ACK, 1, 201, 0);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_ECN_MARKS_IN), 0);
    peer_close(&p);
}

/* Ten segments of 1000 bytes are on their way. */
static void sending(struct peer *p, struct peer_setup setup)
{
    setup.mss = 1000;
    setup.send_buffer_bytes = 262144;
    connected(p, setup);
    assert_int_equal(peer_user_send(p, 60000), 60000);
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(expect_segment(p, TCP_ACK, 1 + 1000 * i, 1, 1000).ecn, IP_ECT_0);
    expect_nothing(p);
}

static void an_echo_reduces_the_window_once_and_is_answered_with_cwr(void **state) /* R3168-7 R3168-8 R3168-15 */
{
    (void)state;
    for (unsigned i = 0; i < PEER_CORNERS; i++) {
        struct peer_segment first;
        uint32_t reduced;
        struct peer p;

        sending(&p, peer_corner(i));
        assert_int_equal(status_of(&p).cwnd_bytes, 10000);
        for (uint32_t n = 1; n <= 10; n++)
            peer_send(&p, TCP_ACK | TCP_ECE, 1, 1 + 1000 * n, 0);
        reduced = status_of(&p).ssthresh_bytes;
        assert_in_range(reduced, 5000, 8500);
        assert_true(status_of(&p).cwnd_bytes <= reduced);
        first = expect_segment(&p, TCP_ACK | TCP_CWR, 10001, 1, p.sent[p.sent_first].data_bytes);
        assert_int_equal(first.ecn, IP_ECT_0);
        while (p.sent_first < p.sent_count)
            assert_int_equal(p.sent[p.sent_first++].flags & TCP_CWR, 0); /* once */
        peer_send(&p, TCP_ACK, 1, p.snd_nxt, 0);
        assert_int_equal(status_of(&p).ssthresh_bytes, reduced); /* once */
        assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_RETRANSMITTED), 0);
        peer_close(&p);
    }
}

static void an_echo_in_the_next_window_reduces_again(void **state) /* R3168-7 */
{
    struct peer p;
    uint32_t reduced;
    (void)state;
    sending(&p, (struct peer_setup){0});
    for (uint32_t n = 1; n <= 10; n++)
        peer_send(&p, TCP_ACK | TCP_ECE, 1, 1 + 1000 * n, 0);
    reduced = status_of(&p).ssthresh_bytes;
    peer_send(&p, TCP_ACK | TCP_ECE, 1, 10001, 0); /* again, before CWR can have come */
    assert_int_equal(status_of(&p).ssthresh_bytes, reduced);
    peer_send(&p, TCP_ACK | TCP_ECE, 1, 11001, 0);
    assert_true(status_of(&p).ssthresh_bytes < reduced);
    peer_close(&p);
}

static void an_echo_is_nothing_where_it_was_not_agreed(void **state)
{
    struct peer p;
    uint32_t cwnd;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(peer_user_send(&p, 14600), 14600);
    peer_forget(&p);
    cwnd = status_of(&p).cwnd_bytes;
    peer_send(&p, TCP_ACK | TCP_ECE, 1, 2921, 0);
    assert_true(status_of(&p).cwnd_bytes >= cwnd);
    peer_close(&p);
}

static void a_loss_is_answered_with_cwr_on_new_data_only(void **state) /* R3168-8 R3168-10 */
{
    struct peer p;
    bool seen = false;
    (void)state;
    sending(&p, (struct peer_setup){0});
    for (unsigned i = 0; i < 3; i++)
        peer_send(&p, TCP_ACK, 1, 1, 0);
    while (p.sent_first < p.sent_count) {
        const struct peer_segment *seg = &p.sent[p.sent_first++];

        if (seg->seq == 1) {
            assert_int_equal(seg->flags & TCP_CWR, 0);
            assert_int_equal(seg->ecn, IP_NOT_ECT);
        }
    }
    peer_send(&p, TCP_ACK, 1, 10001, 0);
    while (p.sent_first < p.sent_count) {
        seen = seen || (p.sent[p.sent_first].flags & TCP_CWR) != 0;
        p.sent_first++;
    }
    assert_true(seen);
    peer_close(&p);
}

static void at_one_segment_an_echo_holds_the_next_one_for_a_timeout(void **state) /* R3168-13 */
{
    struct peer p;
    struct rill_status status;
    (void)state;
    sending(&p, (struct peer_setup){0});
    peer_advance(&p, 700);
    peer_forget(&p);
    status = status_of(&p);
    assert_int_equal(status.cwnd_bytes, 1000);
    peer_send(&p, TCP_ACK | TCP_ECE, 1, 10001, 0);
    expect_nothing(&p);
    peer_advance(&p, 100);
    expect_nothing(&p);
    peer_advance(&p, 10000);
    assert_true(p.sent_count > p.sent_first);
    peer_close(&p);
}

static void ecn_survives_a_syn_cookie(void **state)
{
    (void)state;
    for (unsigned asks = 0; asks < 2; asks++) {
        struct peer p;

        peer_open(&p, &(struct peer_setup){.passive = true});
        assert_int_equal(peer_listen(&p), 0);
        for (uint16_t port = 50000; port < 50200; port++) {
            peer_forget(&p);
            peer_send_packet(&p, &(struct peer_packet){.flags = TCP_SYN, .source_port = port});
        }
        peer_forget(&p);
        assert_true(rill_counted(p.stack, RILL_COUNT_TCP_SYN_COOKIES_SENT) > 0);
        peer_send(&p, asks ? SYN_ECN : TCP_SYN, 0, 0, 0);
        expect_segment(&p, TCP_SYN | TCP_ACK | (asks ? TCP_ECE : 0), 0, 1, 0);
        peer_send(&p, TCP_ACK, 1, 1, 0);
        assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
        assert_int_equal(status_of(&p).ecn, asks ? RILL_ECN_ON : RILL_ECN_OFF);
        peer_close(&p);
    }
}

static void use_dctcp(struct rill_config *config)
{
    config->congestion_control = "dctcp";
}

static void dctcp_tells_of_each_change(void **state) /* RFC 8257 3.2 */
{
    struct peer p;
    (void)state;
    accepted(&p, (struct peer_setup){.configure = use_dctcp});
    for (uint32_t i = 0; i < 20; i++) { /* past the ACKs that go at once in the beginning */
        marked(&p, TCP_ACK, 1 + 100 * i, 1, 100, IP_ECT_0);
        peer_forget(&p);
    }
    marked(&p, TCP_ACK, 2001, 1, 100, IP_ECT_0);
    expect_nothing(&p); /* delayed */
    marked(&p, TCP_ACK, 2101, 1, 100, IP_CE);
    expect_segment(&p, TCP_ACK, 1, 2101, 0); /* what came before, unmarked */
    peer_advance(&p, 50);
    expect_segment(&p, TCP_ACK | TCP_ECE, 1, 2201, 0);
    marked(&p, TCP_ACK | TCP_CWR, 2201, 1, 100, IP_CE);
    marked(&p, TCP_ACK, 2301, 1, 100, IP_ECT_0);
    expect_segment(&p, TCP_ACK | TCP_ECE, 1, 2301, 0);
    peer_advance(&p, 50);
    expect_segment(&p, TCP_ACK, 1, 2401, 0);
    expect_nothing(&p);
    peer_close(&p);
}

static void dctcp_answers_each_echo_with_cwr(void **state) /* RFC 8257 3.3 */
{
    struct peer p;
    (void)state;
    sending(&p, (struct peer_setup){.configure = use_dctcp});
    peer_send(&p, TCP_ACK | TCP_ECE, 1, 8001, 0);
    assert_true((p.sent[p.sent_first].flags & TCP_CWR) != 0);
    peer_close(&p);
}

static void set_tos(struct peer *p, uint8_t tos)
{
    struct rill_endpoint remote = {rill_addr4(10, 77, 0, 1), PEER_PORT};
    struct rill_options options;

    rill_options_default(&options);
    options.local.port = STACK_PORT;
    options.tos = tos;
    options.ecn = RILL_ECN_ON;
    assert_int_equal(rill_tcp_connect(p->stack, &remote, &options, &p->conn), 0);
    peer_run(p);
}

static void the_applications_tos_leaves_the_two_bits_alone(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    set_tos(&p, 0x2b);
    assert_int_equal(expect_segment(&p, SYN_ECN, 0, 0, 0).ecn, IP_NOT_ECT);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_agrees_when_it_is_asked),
        cmocka_unit_test(a_listener_says_nothing_of_it_to_others),
        cmocka_unit_test(it_can_be_turned_off_for_the_stack_and_for_a_listener),
        cmocka_unit_test(by_default_nobody_is_asked),
        cmocka_unit_test(we_ask_and_take_the_answer),
        cmocka_unit_test(a_syn_sent_again_asks_no_more),
        cmocka_unit_test(having_asked_and_not_asked_we_echo_but_send_no_ect),
        cmocka_unit_test(a_peer_that_asked_and_did_not_gets_no_ect),
        cmocka_unit_test(a_simultaneous_open_agrees_too),
        cmocka_unit_test(new_data_is_ect_0_and_nothing_else_is),
        cmocka_unit_test(a_mark_is_echoed_until_cwr),
        cmocka_unit_test(a_mark_is_told_at_once),
        cmocka_unit_test(marks_count_only_where_they_were_agreed_and_are_ours),
        cmocka_unit_test(an_echo_reduces_the_window_once_and_is_answered_with_cwr),
        cmocka_unit_test(an_echo_in_the_next_window_reduces_again),
        cmocka_unit_test(an_echo_is_nothing_where_it_was_not_agreed),
        cmocka_unit_test(a_loss_is_answered_with_cwr_on_new_data_only),
        cmocka_unit_test(at_one_segment_an_echo_holds_the_next_one_for_a_timeout),
        cmocka_unit_test(ecn_survives_a_syn_cookie),
        cmocka_unit_test(dctcp_tells_of_each_change),
        cmocka_unit_test(dctcp_answers_each_echo_with_cwr),
        cmocka_unit_test(the_applications_tos_leaves_the_two_bits_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
