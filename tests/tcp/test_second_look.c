/* What an arriving segment changes besides the stream: clocks, marks, counters, and what is left out when memory is short. */
#include "stack/stack.h"
#include "support/tcp_peer.h"
#include "tcp/connection.h"

#define DAY_MS UINT64_C(86400000)

static struct rill_status status_of(struct peer *p)
{
    struct rill_status status;

    expect_status_of(p, p->conn, &status);
    return status;
}

static void established_with(struct peer *p, const struct peer_setup *setup)
{
    peer_open(p, setup);
    peer_reach(p, RILL_STATE_ESTABLISHED);
}

static void keep_alive_after_a_minute(struct rill_config *config)
{
    config->keepalive_idle_ms = 60000;
}

static void probes_far_apart(struct rill_config *config)
{
    config->keepalive_idle_ms = 1000;
    config->keepalive_interval_ms = 10000;
    config->keepalive_probes = 3;
}

/* Nothing of the arena is left but what the stack's pools hold already. */
static void take_all_memory(struct peer *p)
{
    struct arena *arena = tcp_arena(&p->stack->tcp);

    while (arena_take(arena, 1, PAGE_RUN) != REF_NONE)
        continue;
}

/* ------------------------------------------------------------------ SYN,ACK */

static void the_idle_time_counts_from_the_syn_ack_not_from_the_syn(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.option_flags = RILL_OPTION_KEEPALIVE, .configure = keep_alive_after_a_minute});
    peer_reach(&p, RILL_STATE_SYN_SENT);
    peer_advance(&p, 900);
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    expect_segment(&p, TCP_ACK, 1, 1, 0);
    peer_advance(&p, 59999);
    expect_nothing(&p);
    peer_advance(&p, 1);
    expect_segment(&p, TCP_ACK, 0, 1, 0);
    peer_close(&p);
}

static void urg_on_the_syn_ack_marks_the_text_behind_the_syn(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_SYN_SENT);
    peer_send_packet(
        &p, &(struct peer_packet){.flags = TCP_SYN | TCP_ACK | TCP_URG, .ack = 1, .data_bytes = 10, .urgent = 5});
    expect_event(&p, p.conn, RILL_ESTABLISHED | RILL_WRITABLE | RILL_READABLE | RILL_URGENT);
    peer_close(&p);
}

static void R5482_7_the_user_timeout_of_a_syn_ack_is_taken_once_the_connection_is_open(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.option_flags = RILL_OPTION_USER_TIMEOUT, .user_timeout_ms = 100000});
    peer_reach(&p, RILL_STATE_SYN_SENT);
    peer_send_packet(&p, &(struct peer_packet){.flags = TCP_SYN | TCP_ACK, .ack = 1, .user_timeout = 500});
    expect_segment(&p, TCP_ACK, 1, 1, 0);
    assert_int_equal(peer_user_send(&p, 10), 10);
    peer_advance(&p, 490000);
    expect_state(&p, RILL_STATE_ESTABLISHED);
    peer_advance(&p, 10000);
    expect_state(&p, RILL_STATE_CLOSED);
    peer_close(&p);
}

/* Simultaneous open: what does not acknowledge our SYN is answered with a RST, and no ACK is owed for it later. */
static void a_syn_ack_again_with_a_bad_ack_gets_a_rst_and_nothing_later(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_SYN_RECEIVED);
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 77, 0);
    expect_segment(&p, TCP_RST, 77, 0, 0);
    assert_int_equal(rill_set_flags(p.stack, p.conn, RILL_OPTION_NODELAY, 0), 0);
    peer_run(&p);
    expect_nothing(&p);
    expect_state(&p, RILL_STATE_SYN_RECEIVED);
    peer_close(&p);
}

static void the_user_timeout_of_a_later_segment_is_taken(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, &(struct peer_setup){.option_flags = RILL_OPTION_USER_TIMEOUT, .user_timeout_ms = 100000});
    peer_send_packet(&p, &(struct peer_packet){.flags = TCP_ACK, .seq = 1, .ack = 1, .user_timeout = 500});
    peer_forget(&p);
    assert_int_equal(peer_user_send(&p, 10), 10);
    peer_advance(&p, 490000);
    expect_state(&p, RILL_STATE_ESTABLISHED);
    peer_advance(&p, 10000);
    expect_state(&p, RILL_STATE_CLOSED);
    peer_close(&p);
}

/* RFC 5482 3.3: the SYN's own patience is not the connection's. */
static void R5482_7_a_user_timeout_in_a_syn_does_not_change_the_patience_for_the_handshake(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.option_flags = RILL_OPTION_USER_TIMEOUT});
    peer_reach(&p, RILL_STATE_SYN_SENT);
    peer_send_packet(&p, &(struct peer_packet){.flags = TCP_SYN, .user_timeout = 3000});
    expect_state(&p, RILL_STATE_SYN_RECEIVED);
    peer_advance(&p, 179000);
    expect_state(&p, RILL_STATE_SYN_RECEIVED);
    peer_advance(&p, 1000);
    expect_state(&p, RILL_STATE_CLOSED);
    peer_close(&p);
}

static void R5482_6_the_first_segment_behind_the_handshake_tells_the_user_timeout_again(void **state)
{
    struct peer p;
    struct peer_segment ack;
    (void)state;
    peer_open(&p, &(struct peer_setup){.option_flags = RILL_OPTION_USER_TIMEOUT, .user_timeout_ms = 200000});
    peer_reach(&p, RILL_STATE_SYN_SENT);
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    ack = expect_segment(&p, TCP_ACK, 1, 1, 0);
    assert_true((ack.options.present & TCP_OPTION_USER_TIMEOUT) != 0);
    assert_int_equal(ack.options.user_timeout, 200);
    assert_int_equal(peer_user_send(&p, 10), 10);
    ack = expect_segment(&p, TCP_ACK, 1, 1, 10);
    assert_true((ack.options.present & TCP_OPTION_USER_TIMEOUT) == 0);
    peer_close(&p);
}

static void R5482_6_a_syn_ack_tells_the_listeners_user_timeout(void **state)
{
    struct peer p;
    struct peer_segment syn_ack;
    (void)state;
    peer_open(
        &p, &(struct peer_setup){.passive = true, .option_flags = RILL_OPTION_USER_TIMEOUT, .user_timeout_ms = 200000});
    peer_reach(&p, RILL_STATE_LISTEN);
    peer_send(&p, TCP_SYN, 0, 0, 0);
    syn_ack = expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_true((syn_ack.options.present & TCP_OPTION_USER_TIMEOUT) != 0);
    assert_int_equal(syn_ack.options.user_timeout, 200);
    peer_close(&p);
}

/* Sent again by the timer, and because the peer's SYN came again. */
static void a_syn_ack_sent_again_offers_what_the_first_one_did(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.passive = true, .timestamps = true, .sack = true, .window_scaling = true});
    peer_reach(&p, RILL_STATE_LISTEN);
    peer_send(&p, TCP_SYN, 0, 0, 0);
    peer_advance(&p, 1000);
    peer_send(&p, TCP_SYN, 0, 0, 0);
    for (unsigned i = 0; i < 3; i++) {
        struct peer_segment syn_ack = expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);

        assert_int_equal(syn_ack.options.present,
                         TCP_OPTION_MSS | TCP_OPTION_TIMESTAMP | TCP_OPTION_SACK_PERMITTED | TCP_OPTION_WINDOW_SCALE);
    }
    expect_nothing(&p);
    peer_close(&p);
}

/* RFC 7323 2.3: from the first segment behind the SYN,ACK on, by the shift that it told. */
static void R7323_4_windows_of_a_passive_open_are_scaled_as_it_told(void **state)
{
    struct peer p;
    struct peer_segment ack;
    (void)state;
    peer_open(&p, &(struct peer_setup){.passive = true, .window_scaling = true});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_true(p.stack_shift > 0);
    assert_int_equal(status_of(&p).rcv_wscale, p.stack_shift);
    peer_send(&p, TCP_FIN | TCP_ACK, 1, 1, 0);
    ack = expect_segment(&p, TCP_ACK, 1, 2, 0);
    assert_in_range((uint32_t)ack.window << p.stack_shift, 16384, 65536);
    peer_close(&p);
}

static void a_listener_takes_its_backlog_and_what_its_connections_send_with(void **state)
{
    struct rill_options options;
    struct peer p;
    unsigned accepted = 0;
    (void)state;
    peer_open(&p, NULL);
    rill_options_default(&options);
    options.local.port = STACK_PORT;
    options.backlog = 4;
    options.tos = 0x28;
    options.ttl = 9;
    options.mss = 500;
    options.receive_buffer_bytes = 20000;
    options.send_buffer_bytes = 30000;
    assert_int_equal(rill_tcp_listen(p.stack, &options, &p.listener), 0);
    for (uint16_t i = 0; i < 8; i++) {
        peer_send_packet(&p, &(struct peer_packet){.flags = TCP_SYN, .source_port = (uint16_t)(50000 + i)});
        peer_send_packet(
            &p, &(struct peer_packet){.flags = TCP_ACK, .seq = 1, .ack = 1, .source_port = (uint16_t)(50000 + i)});
    }
    while (rill_accept(p.stack, p.listener, &p.conn, NULL) == 0) {
        const struct tcb *tcb = connection_from_handle(&p.stack->tcp, p.conn);

        assert_int_equal(tcb->tos, 0x28);
        assert_int_equal(tcb->ttl, 9);
        assert_int_equal(status_of(&p).snd_mss, 500);
        assert_int_equal(status_of(&p).receive_buffer_bytes, 20000);
        assert_int_equal(status_of(&p).send_buffer_bytes, 30000);
        accepted++;
    }
    assert_int_equal(accepted, 5); /* as Linux counts: one more than the backlog */
    peer_close(&p);
}

static void closing_a_listener_leaves_nothing_of_what_nobody_accepted(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.passive = true});
    peer_reach(&p, RILL_STATE_SYN_RECEIVED);
    peer_send(&p, TCP_ACK, 1, 1, 100);
    assert_int_equal(p.stack->tcp.tcbs.used, 1);
    assert_int_equal(rill_close(p.stack, p.listener), 0);
    peer_run(&p);
    assert_int_equal(p.stack->tcp.tcbs.used, 0);
    assert_int_equal(p.stack->tcp.busies.used, 0);
    peer_close(&p);
}

static void eight_retries(struct rill_config *config)
{
    config->syn_retries = 8;
}

static void closing_a_listener_ends_its_half_open_connections_however_often_they_were_tried(void **state)
{
    (void)state;
    for (uint64_t seconds = 0; seconds < 240; seconds += 20) {
        struct rill_memory memory;
        struct peer p;

        peer_open(&p, &(struct peer_setup){.passive = true, .configure = eight_retries});
        peer_reach(&p, RILL_STATE_SYN_RECEIVED);
        peer_advance(&p, seconds * 1000);
        rill_memory(p.stack, &memory);
        assert_int_equal(memory.half_open, 1);
        assert_int_equal(rill_close(p.stack, p.listener), 0);
        rill_memory(p.stack, &memory);
        assert_int_equal(memory.half_open, 0);
        peer_close(&p);
    }
}

static void R5482_8_keep_alive_waits_for_as_long_as_the_adopted_user_timeout(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.option_flags = RILL_OPTION_KEEPALIVE | RILL_OPTION_USER_TIMEOUT,
                                       .user_timeout_ms = 600000,
                                       .configure = keep_alive_after_a_minute});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_advance(&p, 599999);
    expect_nothing(&p);
    peer_advance(&p, 1);
    expect_segment(&p, TCP_ACK, 0, 1, 0);
    peer_close(&p);
}

/* ------------------------------------------------------------------ memory */

static void a_segment_that_finds_no_memory_is_answered_at_once(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    take_all_memory(&p);
    peer_send(&p, TCP_ACK, 1, 1, 1000);
    expect_ack(&p, 1);
    expect_nothing(&p);
    assert_int_equal(rill_drops(p.stack, RILL_DROP_TCP_NO_MEMORY), 1);
    peer_close(&p);
}

static void the_fin_of_a_segment_that_found_no_memory_is_not_remembered(void **state)
{
    struct peer p;
    struct arena *arena;
    ref pages[512];
    unsigned count = 0;
    (void)state;
    established_with(&p, NULL);
    peer_send(&p, TCP_ACK, 21, 1, 10); /* a gap: there is a place for a FIN to be noted in */
    arena = tcp_arena(&p.stack->tcp);
    while (count < 512 && (pages[count] = arena_take(arena, 1, PAGE_RUN)) != REF_NONE)
        count++;
    assert_true(count < 512);
    peer_send(&p, TCP_FIN | TCP_ACK, 31, 1, 10);
    while (count > 0)
        arena_give(arena, pages[--count], 1);
    peer_send(&p, TCP_ACK, 1, 1, 20);
    peer_send(&p, TCP_ACK, 31, 1, 10);
    peer_forget(&p);
    expect_state(&p, RILL_STATE_ESTABLISHED);
    peer_close(&p);
}

/* ------------------------------------------------------------------ marks and counters */

static void data_beyond_the_window_is_told_of_no_bytes_twice(void **state)
{
    struct peer p;
    struct peer_segment ack;
    (void)state;
    established_with(&p, &(struct peer_setup){.sack = true});
    peer_send(&p, TCP_ACK, p.rcv_nxt + p.rcv_wnd + 100, 1, 10);
    ack = expect_ack(&p, 1);
    assert_int_equal(ack.options.sack_count, 0);
    peer_close(&p);
}

static void a_rst_at_a_shut_window_is_taken_without_a_drop(void **state)
{
    static const uint32_t text_bytes[] = {0, 10}; /* SHLD-2: a RST may say why */
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct peer p;
        uint64_t before;

        established_with(&p, &(struct peer_setup){.receive_buffer_bytes = 4096});
        peer_fill_window(&p, 1);
        before = rill_drops(p.stack, RILL_DROP_TCP_OUT_OF_WINDOW);
        peer_send(&p, TCP_RST, p.rcv_nxt, 0, text_bytes[i]);
        expect_state(&p, RILL_STATE_CLOSED);
        expect_nothing(&p);
        assert_int_equal(rill_drops(p.stack, RILL_DROP_TCP_OUT_OF_WINDOW), before);
        peer_close(&p);
    }
}

static void a_probe_of_one_byte_at_a_shut_window_is_dropped_by_name_and_answered(void **state)
{
    static const uint8_t flags[] = {TCP_ACK, TCP_ACK | TCP_PSH};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct peer p;
        uint64_t before;
        uint32_t rcv_nxt;

        established_with(&p, &(struct peer_setup){.receive_buffer_bytes = 4096});
        peer_fill_window(&p, 1);
        rcv_nxt = p.rcv_nxt;
        before = rill_drops(p.stack, RILL_DROP_TCP_OUT_OF_WINDOW);
        peer_send(&p, flags[i], rcv_nxt, 1, 1);
        expect_ack(&p, rcv_nxt);
        expect_nothing(&p);
        assert_int_equal(rill_drops(p.stack, RILL_DROP_TCP_OUT_OF_WINDOW), before + 1);
        assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_DUPLICATES), 0);
        peer_close(&p);
    }
}

static void text_on_the_ack_of_our_fin_in_last_ack_is_not_looked_at(void **state)
{
    struct peer p;
    uint64_t before;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_LAST_ACK);
    before = rill_drops(p.stack, RILL_DROP_TCP_DATA_AFTER_FIN);
    peer_send(&p, TCP_ACK, 2, 2, 10);
    expect_nothing(&p);
    expect_state(&p, RILL_STATE_CLOSED);
    assert_int_equal(rill_drops(p.stack, RILL_DROP_TCP_DATA_AFTER_FIN), before);
    peer_close(&p);
}

static void an_answer_that_keeps_the_window_shut_does_not_bring_the_probes_closer(void **state)
{
    struct peer p;
    uint64_t gap_ms = 200;
    (void)state;
    established_with(&p, NULL);
    p.window = 0;
    peer_send(&p, TCP_ACK, 1, 1, 0);
    assert_int_equal(peer_user_send(&p, 10), 10);
    for (unsigned i = 0; i < 5; i++, gap_ms *= 2) {
        peer_advance(&p, gap_ms - 1);
        expect_nothing(&p);
        peer_advance(&p, 1);
        expect_segment(&p, TCP_ACK, 0, 1, 0);
        peer_send(&p, TCP_ACK, 1, 1, 0);
    }
    peer_close(&p);
}

/* The sender's silly window rule waits one RTO of now, not the long one that the shut window had come to. */
static void a_window_that_opens_a_little_starts_the_wait_anew(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    p.window = 0;
    peer_send(&p, TCP_ACK, 1, 1, 0);
    assert_int_equal(peer_user_send(&p, 3000), 3000);
    peer_advance(&p, 200 + 400 + 800 + 1600 + 3200 + 100);
    peer_forget(&p);
    p.window = 100;
    peer_send(&p, TCP_ACK, 1, 1, 0);
    expect_nothing(&p);
    peer_advance(&p, 200);
    expect_segment(&p, TCP_ACK, 1, 1, 100);
    peer_close(&p);
}

static void a_peer_that_answers_each_probe_is_not_given_up(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.option_flags = RILL_OPTION_KEEPALIVE, .configure = probes_far_apart});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_advance(&p, 1000);
    for (unsigned i = 0; i < 8; i++) {
        expect_segment(&p, TCP_ACK, 0, 1, 0);
        peer_send(&p, TCP_ACK, 1, 1, 0);
        peer_advance(&p, 10000);
    }
    expect_state(&p, RILL_STATE_ESTABLISHED);
    peer_close(&p);
}

static void text_and_fin_for_nobody_leave_nothing_behind(void **state)
{
    (void)state;
    for (unsigned fin = 0; fin < 2; fin++) {
        struct peer p;

        peer_open(&p, NULL);
        peer_reach(&p, RILL_STATE_FIN_WAIT_2);
        assert_int_equal(peer_user_close(&p), 0);
        peer_send(&p, fin != 0 ? TCP_ACK | TCP_FIN : TCP_ACK, 1, 2, 10);
        expect_segment(&p, TCP_RST, 2, 0, 0);
        expect_nothing(&p);
        assert_int_equal(p.stack->tcp.tcbs.used, 0);
        assert_int_equal(p.stack->tcp.busies.used, 0);
        assert_int_equal(p.stack->tcp.reassemblies.used, 0);
        peer_close(&p);
    }
}

static void text_that_came_before_is_counted_as_a_duplicate_and_its_new_fin_taken(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    peer_send(&p, TCP_ACK, 1, 1, 10);
    peer_forget(&p);
    peer_send(&p, TCP_FIN | TCP_ACK, 1, 1, 10);
    expect_ack(&p, 12);
    expect_nothing(&p);
    expect_state(&p, RILL_STATE_CLOSE_WAIT);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_DUPLICATES), 1);
    assert_int_equal(status_of(&p).bytes_received, 10);
    peer_close(&p);
}

/* What is trimmed off at either end came in the segment all the same. */
static void a_segment_that_is_trimmed_shows_its_whole_size(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, &(struct peer_setup){.receive_buffer_bytes = 4096});
    peer_send(&p, TCP_ACK, 1, 1, 1000);
    assert_int_equal(status_of(&p).rcv_mss, 1000);
    peer_send(&p, TCP_ACK, 501, 1, 800);
    assert_int_equal(status_of(&p).rcv_mss, 800);
    peer_send(&p, TCP_ACK, p.rcv_nxt + p.rcv_wnd - 100, 1, 600);
    assert_int_equal(status_of(&p).rcv_mss, 600);
    peer_send(&p, TCP_ACK | TCP_PSH, 1301, 1, 300);
    assert_int_equal(status_of(&p).rcv_mss, 600);
    peer_close(&p);
}

static void each_segment_that_arrives_is_counted_also_one_that_is_dropped(void **state)
{
    struct peer p;
    uint32_t before;
    (void)state;
    established_with(&p, NULL);
    before = status_of(&p).segments_in;
    peer_send(&p, TCP_ACK, 1, 1, 10);
    peer_send(&p, TCP_ACK, 1, 1, 10);
    peer_send(&p, TCP_ACK, 1, 999, 0);
    assert_int_equal(status_of(&p).segments_in, before + 3);
    peer_close(&p);
}

/* ------------------------------------------------------------------ timestamps */

static uint32_t peers_clock(const struct peer *p, const struct peer_segment *ack)
{
    (void)p;
    assert_true((ack->options.present & TCP_OPTION_TIMESTAMP) != 0);
    return ack->options.timestamp_echo;
}

static void R7323_12_the_ack_that_ends_closing_is_the_one_echoed_in_time_wait(void **state)
{
    struct peer p;
    struct peer_segment ack;
    uint32_t then;
    (void)state;
    peer_open(&p, &(struct peer_setup){.timestamps = true});
    peer_reach(&p, RILL_STATE_CLOSING);
    peer_send(&p, TCP_FIN | TCP_ACK, 1, 1, 0); /* again: what is echoed now */
    ack = expect_ack(&p, 2);
    then = peers_clock(&p, &ack);
    peer_advance(&p, 50);
    peer_forget(&p);
    peer_send(&p, TCP_ACK, 2, 2, 0);
    expect_state(&p, RILL_STATE_TIME_WAIT);
    peer_advance(&p, 50);
    peer_send(&p, TCP_FIN | TCP_ACK, 1, 2, 0);
    ack = expect_ack(&p, 2);
    assert_int_equal(peers_clock(&p, &ack) - then, 50);
    peer_close(&p);
}

/* A SYN, also one with text, is no retransmission that waits for its ACK: it is answered at a limited rate. */
static void text_out_of_time_is_answered_each_time_but_not_with_a_syn(void **state)
{
    static const uint8_t flags[] = {TCP_ACK, TCP_ACK | TCP_URG, TCP_ACK | TCP_SYN};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct peer p;

        established_with(&p, &(struct peer_setup){.timestamps = true});
        for (unsigned k = 0; k < 3; k++)
            peer_send_packet(&p,
                             &(struct peer_packet){
                                 .flags = flags[i], .seq = 1, .ack = 1, .data_bytes = 10, .timestamp_shift = -100000});
        expect_ack(&p, 1);
        if (i < 2) {
            expect_ack(&p, 1);
            expect_ack(&p, 1);
        }
        expect_nothing(&p);
        peer_close(&p);
    }
}

/* Last.ACK.sent begins at the peer's SYN, so what follows it at once is what the first ACK echoes. */
static void R7323_13_text_that_comes_before_the_handshakes_ack_could_leave_is_echoed_by_it(void **state)
{
    static const uint32_t isns[] = {0, 0x7fffffff, 0xfffffff0};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct peer p;
        struct peer_segment ack;

        peer_open(&p, &(struct peer_setup){.timestamps = true, .isn = isns[i]});
        peer_reach(&p, RILL_STATE_SYN_SENT);
        assert_int_equal(rill_hold_output(p.stack, p.conn, true), 0);
        peer_send(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
        peer_send_packet(
            &p, &(struct peer_packet){.flags = TCP_ACK, .seq = 1, .ack = 1, .data_bytes = 10, .timestamp_shift = 7});
        expect_nothing(&p);
        assert_int_equal(rill_hold_output(p.stack, p.conn, false), 0);
        peer_run(&p);
        ack = expect_segment(&p, TCP_ACK, 1, 11, 0);
        assert_int_equal(peers_clock(&p, &ack), 500007);
        peer_close(&p);
    }
}

static void R7323_17_what_was_seen_24_days_ago_is_not_believed_any_more(void **state)
{
    (void)state;
    for (unsigned late = 0; late < 2; late++) {
        struct peer p;

        established_with(&p, &(struct peer_setup){.timestamps = true});
        peer_advance(&p, 24 * DAY_MS - 1 + late);
        peer_send_packet(&p, &(struct peer_packet){.flags = TCP_ACK,
                                                   .seq = 1,
                                                   .ack = 1,
                                                   .data_bytes = 10,
                                                   .timestamp_shift = -(int32_t)(24 * DAY_MS) - 1000});
        assert_int_equal(status_of(&p).bytes_received, late * 10);
        peer_close(&p);
    }
}

/* The timer has fired, the driver took nothing yet, and the SYN proves to have arrived: it does not go again. */
static void a_syn_that_is_acknowledged_while_it_waits_to_go_again_does_not_go(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_SYN_SENT);
    p.now = rill_deadline(p.stack);
    rill_poll(p.stack, p.now);
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    expect_segment(&p, TCP_ACK, 1, 1, 0);
    expect_nothing(&p);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_idle_time_counts_from_the_syn_ack_not_from_the_syn),
        cmocka_unit_test(urg_on_the_syn_ack_marks_the_text_behind_the_syn),
        cmocka_unit_test(R5482_7_the_user_timeout_of_a_syn_ack_is_taken_once_the_connection_is_open),
        cmocka_unit_test(a_syn_ack_again_with_a_bad_ack_gets_a_rst_and_nothing_later),
        cmocka_unit_test(the_user_timeout_of_a_later_segment_is_taken),
        cmocka_unit_test(R5482_7_a_user_timeout_in_a_syn_does_not_change_the_patience_for_the_handshake),
        cmocka_unit_test(R5482_6_the_first_segment_behind_the_handshake_tells_the_user_timeout_again),
        cmocka_unit_test(R5482_6_a_syn_ack_tells_the_listeners_user_timeout),
        cmocka_unit_test(a_syn_ack_sent_again_offers_what_the_first_one_did),
        cmocka_unit_test(R7323_4_windows_of_a_passive_open_are_scaled_as_it_told),
        cmocka_unit_test(a_listener_takes_its_backlog_and_what_its_connections_send_with),
        cmocka_unit_test(closing_a_listener_leaves_nothing_of_what_nobody_accepted),
        cmocka_unit_test(closing_a_listener_ends_its_half_open_connections_however_often_they_were_tried),
        cmocka_unit_test(R5482_8_keep_alive_waits_for_as_long_as_the_adopted_user_timeout),
        cmocka_unit_test(a_segment_that_finds_no_memory_is_answered_at_once),
        cmocka_unit_test(the_fin_of_a_segment_that_found_no_memory_is_not_remembered),
        cmocka_unit_test(data_beyond_the_window_is_told_of_no_bytes_twice),
        cmocka_unit_test(a_rst_at_a_shut_window_is_taken_without_a_drop),
        cmocka_unit_test(a_probe_of_one_byte_at_a_shut_window_is_dropped_by_name_and_answered),
        cmocka_unit_test(text_on_the_ack_of_our_fin_in_last_ack_is_not_looked_at),
        cmocka_unit_test(an_answer_that_keeps_the_window_shut_does_not_bring_the_probes_closer),
        cmocka_unit_test(a_window_that_opens_a_little_starts_the_wait_anew),
        cmocka_unit_test(a_peer_that_answers_each_probe_is_not_given_up),
        cmocka_unit_test(text_and_fin_for_nobody_leave_nothing_behind),
        cmocka_unit_test(text_that_came_before_is_counted_as_a_duplicate_and_its_new_fin_taken),
        cmocka_unit_test(a_segment_that_is_trimmed_shows_its_whole_size),
        cmocka_unit_test(each_segment_that_arrives_is_counted_also_one_that_is_dropped),
        cmocka_unit_test(R7323_12_the_ack_that_ends_closing_is_the_one_echoed_in_time_wait),
        cmocka_unit_test(R7323_13_text_that_comes_before_the_handshakes_ack_could_leave_is_echoed_by_it),
        cmocka_unit_test(text_out_of_time_is_answered_each_time_but_not_with_a_syn),
        cmocka_unit_test(R7323_17_what_was_seen_24_days_ago_is_not_believed_any_more),
        cmocka_unit_test(a_syn_that_is_acknowledged_while_it_waits_to_go_again_does_not_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
