/* AccECN: draft-ietf-tcpm-accurate-ecn-34. Sections are named from there. */
#include "stack/stack.h"
#include "support/tcp_peer.h"
#include "tcp/accurate_ecn.h"
#include "tcp/connection.h"

#define ACE(n) ((unsigned)((n)&3) << 6) /* CWR and ECE; AE is apart */

static const uint8_t handshake[4] = {2, 3, 4, 6}; /* table 2, table 3, by IP's bits */

static struct accurate_ecn *counters(struct peer *p)
{
    const struct tcp *tcp = &p->stack->tcp;

    return accurate_ecn_of(tcp, connection_from_handle(tcp, p->conn));
}

static struct peer_packet with_ace(unsigned flags, unsigned ace, uint32_t seq, uint32_t ack, uint32_t bytes)
{
    return (struct peer_packet){
        .flags = (uint8_t)(flags | ACE(ace)), .ae = ace >= 4, .seq = seq, .ack = ack, .data_bytes = bytes};
}

static void send_ace(struct peer *p, unsigned flags, unsigned ace, uint32_t seq, uint32_t ack, uint32_t bytes)
{
    struct peer_packet packet = with_ace(flags, ace, seq, ack, bytes);

    peer_send_packet(p, &packet);
}

/* The next segment: these flags and this ACE. */
#define expect_ace(p, flags, number, seq, ack, bytes)                                                                  \
    expect_ace_of(expect_segment(p, (flags) | ACE(number), seq, ack, bytes), number)

static struct peer_segment expect_ace_of(struct peer_segment seg, unsigned ace)
{
    assert_int_equal(seg.ace, ace);
    return seg;
}

static void listening(struct peer *p, struct peer_setup setup)
{
    setup.passive = true;
    setup.ecn = RILL_ECN_ACCURATE;
    peer_open(p, &setup);
    assert_int_equal(peer_listen(p), 0);
}

static void accepted(struct peer *p, struct peer_setup setup)
{
    listening(p, setup);
    send_ace(p, TCP_SYN, 7, 0, 0, 0);
    expect_ace(p, TCP_SYN | TCP_ACK, 2, 0, 1, 0);
    send_ace(p, TCP_ACK, 2, 1, 1, 0);
    assert_int_equal(rill_accept(p->stack, p->listener, &p->conn, NULL), 0);
    peer_run(p);
    peer_forget(p);
}

static void connected(struct peer *p, struct peer_setup setup)
{
    setup.ecn = RILL_ECN_ACCURATE;
    peer_open(p, &setup);
    assert_int_equal(peer_connect(p), 0);
    expect_ace(p, TCP_SYN, 7, 0, 0 - p->isn, 0);
    send_ace(p, TCP_SYN | TCP_ACK, 2, 0, 1, 0);
    expect_ace(p, TCP_ACK, 2, 1, 1, 0);
    peer_forget(p);
}

static struct rill_status status_of(struct peer *p)
{
    struct rill_status status;

    expect_status_of(p, p->conn, &status);
    return status;
}

static bool has_option(const struct peer_segment *seg)
{
    return (seg->options.present & TCP_OPTION_ACCURATE_ECN) != 0;
}

static void a_listener_says_how_the_syn_arrived(void **state) /* R9768-1 */
{
    (void)state;
    for (uint8_t ip = 0; ip < 4; ip++) {
        struct peer_packet syn = with_ace(TCP_SYN, 7, 0, 0, 0);
        struct peer_segment answer;
        struct peer p;

        listening(&p, (struct peer_setup){0});
        syn.ecn = ip;
        peer_send_packet(&p, &syn);
        answer = expect_ace(&p, TCP_SYN | TCP_ACK, handshake[ip], 0, 1, 0);
        assert_int_equal(answer.ecn, IP_NOT_ECT);
        assert_true(has_option(&answer)); /* 3.2.3.2.1 */
        assert_int_equal(answer.options.accurate_ecn[TCP_ECN_E0B], 1);
        assert_int_equal(answer.options.accurate_ecn[TCP_ECN_CEB], 0);
        assert_int_equal(answer.options.accurate_ecn[TCP_ECN_E1B], 1);
        peer_close(&p);
    }
}

static void what_a_syn_may_mean_some_day_is_taken_as_a_request(void **state) /* 3.1.3 R9768-1 */
{
    (void)state;
    for (unsigned ace = 0; ace < 8; ace++) {
        struct peer p;

        listening(&p, (struct peer_setup){0});
        send_ace(&p, TCP_SYN, ace, 0, 0, 0);
        expect_ace(&p, TCP_SYN | TCP_ACK, ace == 0 ? 0 : ace == 3 ? 1 : 2, 0, 1, 0);
        peer_close(&p);
    }
}

static void a_listener_of_rfc_3168_answers_as_one(void **state) /* R9768-2 */
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.passive = true});
    assert_int_equal(peer_listen(&p), 0);
    send_ace(&p, TCP_SYN, 7, 0, 0, 0);
    expect_ace(&p, TCP_SYN | TCP_ACK, 1, 0, 1, 0);
    peer_close(&p);
}

static void each_answer_puts_the_client_in_its_mode(void **state) /* R9768-2 */
{
    static const enum rill_ecn modes[8] = {RILL_ECN_OFF,      RILL_ECN_ON,       RILL_ECN_ACCURATE, RILL_ECN_ACCURATE,
                                           RILL_ECN_ACCURATE, RILL_ECN_ACCURATE, RILL_ECN_ACCURATE, RILL_ECN_OFF};
    (void)state;
    for (unsigned ace = 0; ace < 8; ace++) {
        bool mangled = ace == 3 || ace == 4 || ace == 6; /* 3.2.2.3: our SYN was Not-ECT */
        struct peer p;

        peer_open(&p, &(struct peer_setup){.ecn = RILL_ECN_ACCURATE});
        assert_int_equal(peer_connect(&p), 0);
        expect_ace(&p, TCP_SYN, 7, 0, 0, 0);
        send_ace(&p, TCP_SYN | TCP_ACK, ace, 0, 1, 0);
        expect_ace(&p, TCP_ACK, modes[ace] == RILL_ECN_ACCURATE ? 2 : 0, 1, 1, 0);
        assert_int_equal(status_of(&p).ecn, modes[ace]);
        assert_int_equal(peer_user_send(&p, 100), 100);
        assert_int_equal(expect_ace(&p, TCP_ACK, modes[ace] == RILL_ECN_ACCURATE ? 5 : 0, 1, 1, 100).ecn,
                         modes[ace] == RILL_ECN_OFF || mangled ? IP_NOT_ECT : IP_ECT_0);
        peer_close(&p);
    }
}

static void the_first_pure_ack_says_how_the_syn_ack_arrived(void **state) /* 3.2.2.1 R9768-3 */
{
    (void)state;
    for (uint8_t ip = 0; ip < 4; ip++) {
        struct peer_packet syn_ack = with_ace(TCP_SYN | TCP_ACK, 2, 0, 1, 0);
        struct peer p;

        peer_open(&p, &(struct peer_setup){.ecn = RILL_ECN_ACCURATE});
        assert_int_equal(peer_connect(&p), 0);
        assert_int_equal(peer_user_send(&p, 100), 100); /* text waits: the pure ACK goes first all the same */
        expect_ace(&p, TCP_SYN, 7, 0, 0, 0);
        syn_ack.ecn = ip;
        peer_send_packet(&p, &syn_ack);
        expect_ace(&p, TCP_ACK, handshake[ip], 1, 1, 0);
        expect_ace(&p, TCP_ACK, ip == IP_CE ? 6 : 5, 1, 1, 100);
        peer_forget(&p);
        peer_advance(&p, 600);
        peer_forget(&p);
        peer_send_packet(&p, &syn_ack); /* it did not arrive */
        assert_int_equal(p.sent[p.sent_first].ace, handshake[ip]);
        peer_close(&p);
    }
}

static void a_syn_asks_twice_and_then_no_more(void **state) /* 3.1.4.1 R9768-2 */
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.ecn = RILL_ECN_ACCURATE});
    assert_int_equal(peer_connect(&p), 0);
    expect_ace(&p, TCP_SYN, 7, 0, 0, 0);
    peer_advance(&p, 1000);
    expect_ace(&p, TCP_SYN, 7, 0, 0, 0);
    peer_advance(&p, 2000);
    expect_ace(&p, TCP_SYN, 0, 0, 0, 0);
    send_ace(&p, TCP_SYN | TCP_ACK, 2, 0, 1, 0); /* of an earlier one */
    expect_ace(&p, TCP_ACK, 2, 1, 1, 0);
    assert_int_equal(peer_user_send(&p, 100), 100);
    assert_int_equal(expect_ace(&p, TCP_ACK, 5, 1, 1, 100).ecn, IP_ECT_0); /* 3.1.5: a client may */
    peer_close(&p);
}

static void a_syn_ack_sent_again_has_no_option_and_the_third_is_plain(void **state) /* 3.2.3.2.2 */
{
    struct peer p;
    struct peer_segment again;
    (void)state;
    listening(&p, (struct peer_setup){0});
    send_ace(&p, TCP_SYN, 7, 0, 0, 0);
    expect_ace(&p, TCP_SYN | TCP_ACK, 2, 0, 1, 0);
    peer_advance(&p, 1000);
    again = expect_ace(&p, TCP_SYN | TCP_ACK, 2, 0, 1, 0);
    assert_false(has_option(&again));
    peer_advance(&p, 2000);
    expect_ace(&p, TCP_SYN | TCP_ACK, 0, 0, 1, 0);
    send_ace(&p, TCP_ACK, 2, 1, 1, 0);
    assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
    peer_run(&p);
    assert_int_equal(status_of(&p).ecn, RILL_ECN_ACCURATE); /* 3.1.5: the mode stays, ECT goes */
    assert_int_equal(peer_user_send(&p, 100), 100);
    assert_int_equal(expect_ace(&p, TCP_ACK, 5, 1, 1, 100).ecn, IP_NOT_ECT);
    peer_close(&p);
}

static void the_latest_syn_is_fed_back(void **state) /* 3.1.5 */
{
    struct peer_packet again = with_ace(TCP_SYN, 7, 0, 0, 0);
    struct peer p;
    (void)state;
    listening(&p, (struct peer_setup){0});
    send_ace(&p, TCP_SYN, 7, 0, 0, 0);
    expect_ace(&p, TCP_SYN | TCP_ACK, 2, 0, 1, 0);
    again.ecn = IP_CE;
    peer_send_packet(&p, &again);
    expect_ace(&p, TCP_SYN | TCP_ACK, 6, 0, 1, 0);
    send_ace(&p, TCP_SYN, 0, 0, 0, 0);
    expect_ace(&p, TCP_SYN | TCP_ACK, 2, 0, 1, 0); /* a plain one is answered with AccECN too */
    peer_close(&p);
}

static void a_syn_of_both_kinds_is_reset(void **state) /* 3.1.5 */
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct peer p;

        listening(&p, (struct peer_setup){0});
        send_ace(&p, TCP_SYN, i == 0 ? 7 : 3, 0, 0, 0);
        peer_forget(&p);
        send_ace(&p, TCP_SYN, i == 0 ? 3 : 7, 0, 0, 0);
        assert_int_equal(p.sent[p.sent_first].flags & TCP_RST, TCP_RST);
        expect_state(&p, RILL_STATE_LISTEN);
        peer_close(&p);
    }
}

static void every_mark_moves_the_counter(void **state) /* R9768-3 R9768-4 */
{
    (void)state;
    for (unsigned i = 0; i < PEER_CORNERS; i++) {
        struct peer p;

        accepted(&p, peer_corner(i));
        for (uint32_t n = 0; n < 20; n++) {
            struct peer_packet packet = with_ace(TCP_ACK, 5, 1 + 100 * n, 1, 100);

            packet.ecn = IP_CE;
            peer_send_packet(&p, &packet);
            peer_advance(&p, 50);
            expect_ace(&p, TCP_ACK, (6 + n) & 7, 1, 101 + 100 * n, 0);
        }
        assert_int_equal(counters(&p)->r_cep, 25);
        assert_int_equal(counters(&p)->r_bytes[TCP_ECN_CEB], 2000);
        assert_int_equal(peer_user_send(&p, 10), 10);
        expect_ace(&p, TCP_ACK, 25 & 7, 1, 2001, 10);
        peer_close(&p);
    }
}

static void the_first_mark_and_every_second_one_are_told_at_once(void **state) /* R9768-4 */
{
    struct peer_packet packet;
    struct peer p;
    uint32_t at = 1;
    (void)state;
    accepted(&p, (struct peer_setup){0});
    for (unsigned i = 0; i < 24; i++, at += 100) { /* past the ACKs that go at once in the beginning */
        send_ace(&p, TCP_ACK, 5, at, 1, 100);
        peer_advance(&p, 50);
    }
    peer_forget(&p);
    send_ace(&p, TCP_ACK, 5, at, 1, 10);
    expect_nothing(&p); /* delayed */
    for (unsigned i = 0; i < 5; i++) {
        packet = with_ace(TCP_ACK, 5, at + 10 + 10 * i, 1, 10);
        packet.ecn = IP_CE;
        peer_send_packet(&p, &packet);
        if (i % 2 == 0)
            expect_ace(&p, TCP_ACK, (6 + i) & 7, 1, at + 20 + 10 * i, 0);
        else
            expect_nothing(&p);
    }
    peer_close(&p);
}

static void marks_on_acks_are_told_by_the_third(void **state) /* 3.2.2.5.1 R9768-4 */
{
    struct peer_packet packet = with_ace(TCP_ACK, 5, 1, 1, 0);
    struct peer p;
    (void)state;
    accepted(&p, (struct peer_setup){0});
    packet.ecn = IP_CE;
    peer_send_packet(&p, &packet);
    peer_send_packet(&p, &packet);
    expect_nothing(&p);
    peer_send_packet(&p, &packet);
    expect_ace(&p, TCP_ACK, 0, 1, 1, 0); /* 5 + 3 */
    peer_close(&p);
}

static void the_option_tells_what_has_changed(void **state) /* 3.2.3.3 */
{
    static const struct {
        uint8_t ip;
        uint8_t fields;
        uint32_t e0b, ceb, e1b;
    } steps[] = {{IP_NOT_ECT, 0, 1, 0, 1},
                 {IP_ECT_0, 1 << TCP_ECN_E0B, 101, 0, 1},
                 {IP_CE, 1 << TCP_ECN_E0B | 1 << TCP_ECN_CEB, 101, 100, 1},
                 {IP_ECT_1, 7, 101, 100, 101},
                 {IP_ECT_0, 7, 201, 100, 101}};
    struct peer p;
    (void)state;
    accepted(&p, (struct peer_setup){.timestamps = true, .sack = true});
    for (uint32_t i = 0; i < 5; i++) {
        struct peer_packet packet = with_ace(TCP_ACK, 5, 1 + 100 * i, 1, 100);
        struct peer_segment seg;

        packet.ecn = steps[i].ip;
        peer_send_packet(&p, &packet);
        peer_advance(&p, 50);
        assert_true(p.sent_count > p.sent_first);
        seg = p.sent[p.sent_first];
        peer_forget(&p);
        assert_int_equal(has_option(&seg), steps[i].fields != 0);
        if (steps[i].fields == 0)
            continue;
        assert_int_equal(seg.options.accurate_ecn_fields, steps[i].fields);
        assert_int_equal(seg.options.accurate_ecn[TCP_ECN_E0B], steps[i].e0b);
        if ((steps[i].fields & 1 << TCP_ECN_CEB) != 0)
            assert_int_equal(seg.options.accurate_ecn[TCP_ECN_CEB], steps[i].ceb);
        if ((steps[i].fields & 1 << TCP_ECN_E1B) != 0)
            assert_int_equal(seg.options.accurate_ecn[TCP_ECN_E1B], steps[i].e1b);
    }
    assert_int_equal(peer_user_send(&p, 10), 10);
    assert_false(has_option(&p.sent[p.sent_first])); /* nothing new to tell */
    peer_close(&p);
}

static void a_client_tests_the_path_with_its_first_ack_and_its_first_data(void **state) /* 3.2.3.2.1 */
{
    struct peer_segment seg;
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.ecn = RILL_ECN_ACCURATE});
    assert_int_equal(peer_connect(&p), 0);
    seg = expect_ace(&p, TCP_SYN, 7, 0, 0, 0);
    assert_false(has_option(&seg)); /* MUST NOT */
    send_ace(&p, TCP_SYN | TCP_ACK, 2, 0, 1, 0);
    seg = expect_ace(&p, TCP_ACK, 2, 1, 1, 0);
    assert_true(has_option(&seg));
    assert_int_equal(peer_user_send(&p, 10), 10);
    seg = expect_ace(&p, TCP_ACK, 5, 1, 1, 10);
    assert_true(has_option(&seg));
    peer_send(&p, TCP_ACK | ACE(1), 1, 11, 0);
    assert_int_equal(peer_user_send(&p, 10), 10);
    assert_false(has_option(&p.sent[p.sent_first]));
    peer_close(&p);
}

/* Ten segments of 1000 bytes are on their way. */
static void sending(struct peer *p, struct peer_setup setup)
{
    setup.mss = 1000;
    setup.send_buffer_bytes = 262144;
    connected(p, setup);
    assert_int_equal(peer_user_send(p, 60000), 60000);
    assert_true(p->sent_count - p->sent_first >= 10);
    for (unsigned i = p->sent_first; i < p->sent_count; i++) {
        assert_int_equal(p->sent[i].ecn, IP_ECT_0);
        assert_int_equal(p->sent[i].ace, 5); /* on each packet of a train */
    }
    peer_forget(p);
}

static void a_counter_that_moved_reduces_the_window_once_and_without_cwr(void **state) /* 3.1.5 */
{
    (void)state;
    for (unsigned i = 0; i < PEER_CORNERS; i++) {
        uint32_t reduced;
        struct peer p;

        sending(&p, peer_corner(i));
        send_ace(&p, TCP_ACK, 5, 1, 1001, 0);
        assert_int_equal(status_of(&p).ssthresh_bytes, 1u << 30);
        send_ace(&p, TCP_ACK, 6, 1, 2001, 0);
        reduced = status_of(&p).ssthresh_bytes;
        assert_in_range(reduced, 4000, 11000);
        send_ace(&p, TCP_ACK, 7, 1, 3001, 0);
        send_ace(&p, TCP_ACK, 0, 1, 4001, 0);
        assert_int_equal(status_of(&p).ssthresh_bytes, reduced);
        assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_ECN_ECHOES_IN), 3);
        while (p.sent_first < p.sent_count)
            assert_int_equal(p.sent[p.sent_first++].ace, 5);
        peer_close(&p);
    }
}

/* Bytes that an ACK was taken to tell as marked. */
static uint32_t told(struct peer *p, unsigned ace, uint32_t acked_bytes, const struct peer_packet *option)
{
    struct tcp *tcp = &p->stack->tcp;
    struct tcb *tcb = connection_from_handle(tcp, p->conn);
    struct tcp_segment seg = {.flags = TCP_ACK, .ace = (uint8_t)ace};
    bool echo;

    if (option != NULL) {
        seg.options.present = TCP_OPTION_ACCURATE_ECN;
        seg.options.accurate_ecn_fields = option->accurate_ecn_fields;
        seg.options.accurate_ecn[TCP_ECN_E0B] = option->e0b;
        seg.options.accurate_ecn[TCP_ECN_CEB] = option->ceb;
        seg.options.accurate_ecn[TCP_ECN_E1B] = option->e1b;
    }
    return accurate_ecn_acknowledged(tcp, tcb, &seg, acked_bytes, &echo);
}

static void without_options_packets_stand_for_bytes_and_a_wrap_is_feared(void **state) /* 3.2.2.5.2 */
{
    struct peer p;
    (void)state;
    connected(&p, (struct peer_setup){.mss = 1000});
    assert_int_equal(told(&p, 5, 2000, NULL), 0);
    assert_int_equal(told(&p, 6, 2000, NULL), 1000);
    assert_int_equal(told(&p, 0, 2000, NULL), 2000);   /* two more, round the corner */
    assert_int_equal(told(&p, 1, 500, NULL), 500);     /* never more than was acknowledged */
    assert_int_equal(told(&p, 2, 20000, NULL), 17000); /* 1, 9 or 17 of 20: the safest likely case */
    assert_int_equal(told(&p, 2, 20000, NULL), 16000); /* 0, 8 or 16 */
    peer_close(&p);
}

static void options_tell_bytes_and_late_ones_nothing(void **state) /* 3.2.3.1 */
{
    struct peer_packet option = {.accurate_ecn_fields = 3, .e0b = 1001, .ceb = 0};
    struct peer p;
    (void)state;
    connected(&p, (struct peer_setup){.mss = 1000});
    assert_int_equal(told(&p, 5, 1000, &option), 0);
    option.ceb = 700;
    assert_int_equal(told(&p, 6, 20000, &option), 700);
    option.ceb = 0; /* of an ACK before */
    assert_int_equal(told(&p, 6, 1000, &option), 0);
    option.ceb = 0x1000300 & 0xffffff; /* behind 700: nothing */
    assert_int_equal(told(&p, 6, 1000, &option), 68);
    counters(&p)->s_bytes[TCP_ECN_CEB] = 0xfffff0;
    option.ceb = 0x10; /* round 24 bits */
    assert_int_equal(told(&p, 6, 1000, &option), 0x20);
    assert_int_equal(told(&p, 6, 20000, NULL), 0); /* they come, so that a wrap is not feared */
    peer_close(&p);
}

static void options_that_begin_at_zero_are_ignored(void **state) /* 3.2.3.2.4 */
{
    struct peer_packet syn_ack = with_ace(TCP_SYN | TCP_ACK, 2, 0, 1, 0);
    struct peer_packet option = {.accurate_ecn_fields = 7, .ceb = 700};
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.ecn = RILL_ECN_ACCURATE, .mss = 1000});
    assert_int_equal(peer_connect(&p), 0);
    syn_ack.accurate_ecn = true;
    syn_ack.accurate_ecn_fields = 7; /* all zero */
    peer_send_packet(&p, &syn_ack);
    assert_int_equal(told(&p, 5, 1000, &option), 0);
    assert_true(counters(&p)->options_bad);
    peer_close(&p);
}

static void a_counter_that_begins_at_zero_is_not_believed(void **state) /* 3.2.2.4 */
{
    struct peer p;
    (void)state;
    connected(&p, (struct peer_setup){.mss = 1000});
    assert_int_equal(peer_user_send(&p, 1000), 1000);
    peer_forget(&p);
    peer_send(&p, TCP_ACK, 1, 1001, 0);
    assert_int_equal(peer_user_send(&p, 1000), 1000);
    assert_int_equal(p.sent[p.sent_first].ecn, IP_NOT_ECT);
    peer_forget(&p);
    send_ace(&p, TCP_ACK, 3, 1, 2001, 0);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_ECN_ECHOES_IN), 0);
    peer_close(&p);
}

static void what_the_last_ack_says_of_the_syn_ack(void **state) /* table 4 */
{
    (void)state;
    for (unsigned ace = 0; ace < 8; ace++) {
        bool mangled = ace == 0 || ace == 3 || ace == 4 || ace == 6;
        struct peer p;

        listening(&p, (struct peer_setup){0});
        send_ace(&p, TCP_SYN, 7, 0, 0, 0);
        peer_forget(&p);
        send_ace(&p, TCP_ACK, ace, 1, 1, 0);
        assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
        assert_int_equal(status_of(&p).ecn, RILL_ECN_ACCURATE);
        assert_int_equal(counters(&p)->s_cep, ace == 6 ? 6 : 5);
        assert_int_equal(counters(&p)->deaf, ace == 0);
        assert_int_equal(peer_user_send(&p, 100), 100);
        assert_int_equal(p.sent[p.sent_first].ecn, mangled ? IP_NOT_ECT : IP_ECT_0);
        peer_close(&p);
    }
}

static void a_last_ack_with_text_carries_a_counter(void **state) /* 3.2.2.1 */
{
    struct peer p;
    (void)state;
    listening(&p, (struct peer_setup){0});
    send_ace(&p, TCP_SYN, 7, 0, 0, 0);
    peer_forget(&p);
    send_ace(&p, TCP_ACK, 5, 1, 1, 100);
    assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
    assert_int_equal(counters(&p)->s_cep, 5);
    assert_int_equal(peer_user_send(&p, 100), 100);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_ECN_ECHOES_IN), 0);
    peer_close(&p);
}

static void it_survives_a_syn_cookie(void **state) /* note 3 */
{
    static const struct {
        unsigned ace;
        enum rill_ecn mode;
    } acks[] = {{0, RILL_ECN_ON}, {1, RILL_ECN_ON}, {2, RILL_ECN_ACCURATE}, {5, RILL_ECN_ACCURATE}};
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct peer p;

        listening(&p, (struct peer_setup){0});
        for (uint16_t port = 50000; port < 50200; port++) {
            peer_forget(&p);
            peer_send_packet(&p, &(struct peer_packet){.flags = TCP_SYN, .source_port = port});
        }
        peer_forget(&p);
        send_ace(&p, TCP_SYN, acks[i].mode == RILL_ECN_ON ? 3 : 7, 0, 0, 0);
        peer_forget(&p);
        send_ace(&p, TCP_ACK, acks[i].ace, 1, 1, 0);
        assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
        assert_int_equal(status_of(&p).ecn, acks[i].mode);
        peer_close(&p);
    }
}

static void a_simultaneous_open_has_the_mode_of_a_listener(void **state) /* 3.1.2 */
{
    static const enum rill_ecn modes[8] = {[0] = RILL_ECN_OFF, [3] = RILL_ECN_ON, [7] = RILL_ECN_ACCURATE};
    static const unsigned answers[8] = {[0] = 0, [3] = 1, [7] = 2};
    (void)state;
    for (unsigned ace = 0; ace < 8; ace++) {
        struct peer p;

        if (ace != 0 && modes[ace] == 0)
            continue;
        peer_open(&p, &(struct peer_setup){.ecn = RILL_ECN_ACCURATE});
        assert_int_equal(peer_connect(&p), 0);
        expect_ace(&p, TCP_SYN, 7, 0, 0, 0);
        send_ace(&p, TCP_SYN, ace, 0, 0, 0);
        expect_ace(&p, TCP_SYN | TCP_ACK, answers[ace], 0, 1, 0);
        assert_int_equal(status_of(&p).ecn, modes[ace] == 0 ? RILL_ECN_OFF : modes[ace]);
        send_ace(&p, TCP_SYN | TCP_ACK, answers[ace], 0, 1, 0);
        expect_state(&p, RILL_STATE_ESTABLISHED);
        assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_ECN_ECHOES_IN), 0);
        peer_close(&p);
    }
}

static void its_counters_go_with_the_connection(void **state)
{
    struct peer p;
    (void)state;
    connected(&p, (struct peer_setup){0});
    assert_int_equal(p.stack->tcp.accurate_ecns.used, 1);
    assert_int_equal(peer_user_abort(&p), 0);
    assert_int_equal(p.stack->tcp.accurate_ecns.used, 0);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_says_how_the_syn_arrived),
        cmocka_unit_test(what_a_syn_may_mean_some_day_is_taken_as_a_request),
        cmocka_unit_test(a_listener_of_rfc_3168_answers_as_one),
        cmocka_unit_test(each_answer_puts_the_client_in_its_mode),
        cmocka_unit_test(the_first_pure_ack_says_how_the_syn_ack_arrived),
        cmocka_unit_test(a_syn_asks_twice_and_then_no_more),
        cmocka_unit_test(a_syn_ack_sent_again_has_no_option_and_the_third_is_plain),
        cmocka_unit_test(the_latest_syn_is_fed_back),
        cmocka_unit_test(a_syn_of_both_kinds_is_reset),
        cmocka_unit_test(every_mark_moves_the_counter),
        cmocka_unit_test(the_first_mark_and_every_second_one_are_told_at_once),
        cmocka_unit_test(marks_on_acks_are_told_by_the_third),
        cmocka_unit_test(the_option_tells_what_has_changed),
        cmocka_unit_test(a_client_tests_the_path_with_its_first_ack_and_its_first_data),
        cmocka_unit_test(a_counter_that_moved_reduces_the_window_once_and_without_cwr),
        cmocka_unit_test(without_options_packets_stand_for_bytes_and_a_wrap_is_feared),
        cmocka_unit_test(options_tell_bytes_and_late_ones_nothing),
        cmocka_unit_test(options_that_begin_at_zero_are_ignored),
        cmocka_unit_test(a_counter_that_begins_at_zero_is_not_believed),
        cmocka_unit_test(what_the_last_ack_says_of_the_syn_ack),
        cmocka_unit_test(a_last_ack_with_text_carries_a_counter),
        cmocka_unit_test(it_survives_a_syn_cookie),
        cmocka_unit_test(a_simultaneous_open_has_the_mode_of_a_listener),
        cmocka_unit_test(its_counters_go_with_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
