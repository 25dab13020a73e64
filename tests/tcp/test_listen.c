/* Listeners: their two queues, what becomes of connections that nobody accepts, and forged handshakes. */
#include "support/tcp_peer.h"

static void listen_with(struct peer *p, const struct peer_setup *setup, uint32_t backlog)
{
    struct rill_options options;

    peer_open(p, setup);
    rill_options_default(&options);
    options.local.port = STACK_PORT;
    options.backlog = backlog;
    assert_int_equal(rill_tcp_listen(p->stack, &options, &p->listener), 0);
}

/* A SYN from the peer's port `port`; true when it is answered by a SYN,ACK. */
static bool syn_from(struct peer *p, uint16_t port)
{
    peer_forget(p);
    peer_send_packet(p, &(struct peer_packet){.flags = TCP_SYN, .source_port = port});
    return p->sent_count == 1 && p->sent[0].flags == (TCP_SYN | TCP_ACK);
}

/* The handshake's last ACK, for the SYN,ACK seen last. */
static void ack_from(struct peer *p, uint16_t port)
{
    peer_send_packet(p, &(struct peer_packet){.flags = TCP_ACK, .seq = 1, .ack = 1, .source_port = port});
}

static struct rill_memory memory_of(struct peer *p)
{
    struct rill_memory memory;

    rill_memory(p->stack, &memory);
    return memory;
}

static void a_connection_that_waits_for_accept_is_told_once_to_the_listener(void **state)
{
    struct peer p;
    (void)state;
    listen_with(&p, NULL, 5);
    assert_true(syn_from(&p, 41000));
    expect_no_event(&p);
    ack_from(&p, 41000);
    expect_event(&p, p.listener, RILL_ACCEPTABLE);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_PASSIVE_OPENS), 1);
    peer_close(&p);
}

static void the_accept_queue_is_bounded_by_the_backlog(void **state)
{
    struct rill_endpoint from;
    rill_conn conn;
    unsigned accepted = 0;
    struct peer p;
    (void)state;
    listen_with(&p, NULL, 2);
    for (uint16_t port = 41000; port < 41010; port++)
        if (syn_from(&p, port))
            ack_from(&p, port);
    assert_true(rill_drops(p.stack, RILL_DROP_TCP_ACCEPT_QUEUE_FULL) > 0);
    while (rill_accept(p.stack, p.listener, &conn, &from) == 0)
        assert_int_equal(from.port, 41000 + accepted++); /* oldest first */
    assert_in_range(accepted, 2, 3);                     /* as elsewhere: one more than the backlog */
    peer_close(&p);
}

static void an_ack_held_back_by_a_full_accept_queue_is_taken_when_there_is_room(void **state)
{
    rill_conn conn;
    uint32_t held_iss;
    struct peer p;
    (void)state;
    listen_with(&p, NULL, 1);
    assert_true(syn_from(&p, 41005)); /* its SYN,ACK is out before the queue fills */
    held_iss = p.iss;
    for (uint16_t port = 41000; port < 41002; port++) {
        assert_true(syn_from(&p, port));
        ack_from(&p, port);
    }
    p.iss = held_iss;
    peer_forget(&p);
    ack_from(&p, 41005);
    assert_int_equal(rill_drops(p.stack, RILL_DROP_TCP_ACCEPT_QUEUE_FULL), 1);
    expect_nothing(&p);
    while (rill_accept(p.stack, p.listener, &conn, NULL) == 0)
        continue;
    peer_advance(&p, 1000);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0); /* sent again, it brings the ACK again */
    ack_from(&p, 41005);
    assert_int_equal(rill_accept(p.stack, p.listener, &conn, NULL), 0);
    peer_close(&p);
}

static void picotcp_148_a_duplicate_syn_gets_the_same_syn_ack_again(void **state)
{
    struct peer p;
    uint32_t iss;
    (void)state;
    listen_with(&p, NULL, 5);
    assert_true(syn_from(&p, PEER_PORT));
    iss = p.iss;
    assert_true(syn_from(&p, PEER_PORT));
    assert_int_equal(p.iss, iss);
    assert_int_equal(memory_of(&p).half_open, 1);
    ack_from(&p, PEER_PORT);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_PASSIVE_OPENS), 1);
    peer_close(&p);
}

static void picotcp_148_a_syn_with_another_isn_gets_no_reset(void **state)
{
    struct peer p;
    (void)state;
    listen_with(&p, NULL, 5);
    assert_true(syn_from(&p, PEER_PORT));
    peer_forget(&p);
    peer_send(&p, TCP_SYN, 5000, 0, 0);
    for (unsigned i = 0; i < p.sent_count; i++)
        assert_int_equal(p.sent[i].flags & TCP_RST, 0);
    peer_close(&p);
}

static void gvisor_7075_an_ecn_setup_syn_is_taken(void **state)
{
    struct peer p;
    (void)state;
    listen_with(&p, NULL, 5);
    peer_send(&p, TCP_SYN | TCP_ECE | TCP_CWR, 0, 0, 0);
    expect_segment(&p, TCP_SYN | TCP_ACK | TCP_ECE, 0, 1, 0);
    ack_from(&p, PEER_PORT);
    assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
    peer_close(&p);
}

static void gvisor_11536_a_last_ack_without_the_agreed_timestamp_completes_the_handshake(void **state)
{
    struct peer p;
    (void)state;
    listen_with(&p, &(struct peer_setup){.timestamps = true}, 5);
    assert_true(syn_from(&p, PEER_PORT));
    peer_send_packet(&p, &(struct peer_packet){.flags = TCP_ACK, .seq = 1, .ack = 1, .without_timestamp = true});
    assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
    peer_send_packet(
        &p, &(struct peer_packet){.flags = TCP_ACK, .seq = 1, .ack = 1, .data_bytes = 10, .without_timestamp = true});
    assert_int_equal(peer_user_receive(&p, 100), 10);
    peer_close(&p);
}

static void a_last_ack_that_was_lost_is_made_up_by_the_first_data(void **state)
{
    struct peer p;
    (void)state;
    listen_with(&p, NULL, 5);
    assert_true(syn_from(&p, PEER_PORT));
    peer_send(&p, TCP_ACK, 1, 1, 10);
    assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
    assert_int_equal(peer_user_receive(&p, 100), 10);
    peer_close(&p);
}

static void a_client_that_closed_before_accept_is_accepted_and_read_to_its_end(void **state)
{
    struct peer p;
    (void)state;
    listen_with(&p, NULL, 5);
    assert_true(syn_from(&p, PEER_PORT));
    ack_from(&p, PEER_PORT);
    peer_send(&p, TCP_FIN | TCP_ACK, 1, 1, 10);
    assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
    peer_run(&p);
    assert_int_equal(peer_user_receive(&p, 100), 10);
    assert_int_equal(peer_user_receive(&p, 100), 0);
    assert_int_equal(peer_user_close(&p), 0);
    peer_send(&p, TCP_ACK, 12, 2, 0);
    expect_state(&p, RILL_STATE_LISTEN);
    peer_close(&p);
}

static void a_client_that_reset_before_accept_tells_its_reset_to_the_one_who_accepts(void **state)
{
    struct peer p;
    (void)state;
    listen_with(&p, NULL, 5);
    assert_true(syn_from(&p, PEER_PORT));
    ack_from(&p, PEER_PORT);
    peer_send(&p, TCP_RST, 1, 0, 0);
    assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
    assert_int_equal(rill_send(p.stack, p.conn, "x", 1, 0), -RILL_ECONNRESET);
    assert_int_equal(peer_user_close(&p), 0);
    assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), -RILL_EAGAIN);
    assert_int_equal(memory_of(&p).connections, 0);
    peer_close(&p);
}

static void closing_a_listener_forgets_half_open_ones_and_resets_unaccepted_ones(void **state)
{
    struct rill_memory before, after;
    struct peer p;
    (void)state;
    listen_with(&p, NULL, 5);
    rill_memory(p.stack, &before);
    assert_true(syn_from(&p, 41000));
    ack_from(&p, 41000);
    assert_true(syn_from(&p, 41001));
    peer_forget(&p);
    assert_int_equal(rill_close(p.stack, p.listener), 0);
    peer_run(&p);
    assert_int_equal(p.sent_count, 1);
    assert_int_equal(p.sent[0].flags & TCP_RST, TCP_RST);
    rill_memory(p.stack, &after);
    assert_int_equal(after.connections, 0);
    assert_int_equal(after.half_open, 0);
    assert_int_equal(after.listeners, 0);
    assert_int_equal(after.paths, before.paths);
    peer_forget(&p);
    ack_from(&p, 41001);
    assert_int_equal(p.sent[0].flags, TCP_RST);
    peer_advance(&p, 100000);
    peer_close(&p);
}

static void MUST_41_an_accepted_connection_outlives_its_listener(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.passive = true});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(rill_close(p.stack, p.listener), 0);
    p.listener = 0;
    peer_run(&p);
    expect_nothing(&p);
    peer_send(&p, TCP_ACK, 1, 1, 10);
    assert_int_equal(peer_user_receive(&p, 100), 10);
    peer_close(&p);
}

static void TCS_10_a_reset_without_ack_in_syn_received_frees_the_entry(void **state)
{
    struct peer p;
    (void)state;
    listen_with(&p, NULL, 5);
    assert_true(syn_from(&p, PEER_PORT));
    peer_forget(&p);
    peer_send(&p, TCP_RST, 2, 0, 0); /* not exact: stays */
    assert_int_equal(memory_of(&p).half_open, 1);
    peer_forget(&p);
    peer_send(&p, TCP_RST, 1, 0, 0);
    expect_nothing(&p);
    assert_int_equal(memory_of(&p).half_open, 0);
    expect_state(&p, RILL_STATE_LISTEN);
    peer_close(&p);
}

static void MUST_57_MUST_63_a_syn_of_no_single_host_gets_no_answer(void **state)
{
    static const uint8_t wrong[][4] = {{0, 0, 0, 0},   {127, 0, 0, 1},   {224, 0, 0, 1},
                                       {240, 0, 0, 1}, {10, 77, 0, 255}, {255, 255, 255, 255}};
    uint8_t syn[40] = {0x45, 0,    0,    40, 0, 0, 0x40, 0, 64, 6, 0, 0, 0,    0, 0,    0, 10, 77, 0, 2,
                       0x9c, 0x40, 0x00, 80, 0, 0, 0,    1, 0,  0, 0, 0, 0x50, 2, 0x10, 0, 0,  0,  0, 0};
    struct peer p;
    (void)state;
    listen_with(&p, NULL, 5);
    for (unsigned i = 0; i < 2 * sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t packet[40];
        uint32_t sum = 0;

        memcpy(packet, syn, sizeof packet);
        memcpy(packet + 12, (uint8_t[]){10, 77, 0, 1}, 4);
        memcpy(packet + (i % 2 == 0 ? 12 : 16), wrong[i / 2], 4);
        for (unsigned k = 0; k < 20; k += 2)
            sum += (uint32_t)packet[k] << 8 | packet[k + 1];
        sum = (sum & 0xffff) + (sum >> 16);
        packet[10] = (uint8_t)(~sum >> 8);
        packet[11] = (uint8_t)~sum;
        sum = 6 + 20;
        for (unsigned k = 12; k < 40; k += 2)
            sum += (uint32_t)packet[k] << 8 | packet[k + 1];
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        packet[36] = (uint8_t)(~sum >> 8);
        packet[37] = (uint8_t)~sum;
        peer_inject(&p, packet, sizeof packet);
        expect_nothing(&p);
    }
    assert_int_equal(memory_of(&p).half_open, 0);
    peer_close(&p);
}

/* R4987-1, R4987-5 */
static void a_flood_of_syns_costs_a_bounded_number_of_entries_and_a_real_client_gets_in(void **state)
{
    uint64_t before;
    struct peer p;
    (void)state;
    listen_with(&p, NULL, 4);
    before = memory_of(&p).used_bytes;
    for (uint32_t i = 0; i < 5000; i++) {
        (void)syn_from(&p, (uint16_t)(41000 + i));
        assert_true(memory_of(&p).half_open <= 16);
    }
    assert_true(memory_of(&p).used_bytes - before <= 8 * 4096);
    assert_true(syn_from(&p, PEER_PORT));
    ack_from(&p, PEER_PORT);
    assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
    peer_forget(&p);
    peer_send(&p, TCP_ACK, 1, 1, 10);
    assert_int_equal(peer_user_receive(&p, 100), 10);
    peer_close(&p);
}

static void without_cookies(struct rill_config *config)
{
    config->syn_cookies = false;
}

static void a_full_syn_queue_without_cookies_drops_what_comes(void **state)
{
    struct peer_setup setup = {.configure = without_cookies};
    struct peer p;
    unsigned answered = 0;
    (void)state;
    listen_with(&p, &setup, 4);
    for (uint32_t i = 0; i < 100; i++)
        answered += syn_from(&p, (uint16_t)(41000 + i));
    assert_int_equal(answered, memory_of(&p).half_open);
    assert_int_equal(rill_drops(p.stack, RILL_DROP_TCP_SYN_QUEUE_FULL), 100 - answered);
    peer_close(&p);
}

static void a_half_open_connection_is_due_after_the_first_rto(void **state)
{
    struct peer p;
    (void)state;
    listen_with(&p, NULL, 4);
    assert_true(syn_from(&p, 41000));
    assert_in_range(rill_deadline(p.stack), p.now + 999000000, p.now + 1001000000);
    peer_close(&p);
}

/* Also for a driver that polls by a clock of its own and asks for no deadline. */
static void a_half_open_connection_is_served_by_polling_alone(void **state)
{
    struct peer p;
    (void)state;
    listen_with(&p, NULL, 4);
    (void)rill_deadline(p.stack);
    rill_poll(p.stack, p.now);
    assert_true(syn_from(&p, 41000));
    p.now += 1001000000;
    rill_poll(p.stack, p.now);
    assert_true(rill_wants_output(p.stack, p.netif));
    peer_close(&p);
}

/* R4987-2. The peer believes in its connection: a RST would tell it that there was none. */
static void a_good_cookie_that_finds_the_accept_queue_full_is_not_reset(void **state)
{
    uint32_t iss[3];
    struct peer p;
    (void)state;
    listen_with(&p, NULL, 1);
    for (uint32_t i = 0; i < 100; i++)
        (void)syn_from(&p, (uint16_t)(41000 + i));
    for (uint16_t i = 0; i < 3; i++) {
        assert_true(syn_from(&p, (uint16_t)(42000 + i)));
        iss[i] = p.iss;
    }
    for (uint16_t i = 0; i < 3; i++) {
        p.iss = iss[i];
        peer_forget(&p);
        ack_from(&p, (uint16_t)(42000 + i));
        expect_nothing(&p);
    }
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_SYN_COOKIES_TAKEN), 2);
    assert_int_equal(rill_drops(p.stack, RILL_DROP_TCP_ACCEPT_QUEUE_FULL), 1);
    peer_close(&p);
}

/* R4987-3 */
static void RES_02_a_forged_last_ack_opens_nothing(void **state)
{
    struct peer p;
    (void)state;
    listen_with(&p, NULL, 4);
    for (uint32_t i = 0; i < 100; i++) /* so that cookies are in use, where they are */
        (void)syn_from(&p, (uint16_t)(41000 + i));
    for (uint32_t i = 0; i < 20000; i++) {
        peer_forget(&p);
        peer_send_packet(
            &p, &(struct peer_packet){.flags = TCP_ACK, .seq = 1, .ack = i * 2654435761u, .source_port = 50000});
        assert_int_equal(p.sent[0].flags, TCP_RST);
    }
    assert_int_equal(memory_of(&p).connections, 0);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_that_waits_for_accept_is_told_once_to_the_listener),
        cmocka_unit_test(the_accept_queue_is_bounded_by_the_backlog),
        cmocka_unit_test(an_ack_held_back_by_a_full_accept_queue_is_taken_when_there_is_room),
        cmocka_unit_test(picotcp_148_a_duplicate_syn_gets_the_same_syn_ack_again),
        cmocka_unit_test(picotcp_148_a_syn_with_another_isn_gets_no_reset),
        cmocka_unit_test(gvisor_7075_an_ecn_setup_syn_is_taken),
        cmocka_unit_test(gvisor_11536_a_last_ack_without_the_agreed_timestamp_completes_the_handshake),
        cmocka_unit_test(a_last_ack_that_was_lost_is_made_up_by_the_first_data),
        cmocka_unit_test(a_client_that_closed_before_accept_is_accepted_and_read_to_its_end),
        cmocka_unit_test(a_client_that_reset_before_accept_tells_its_reset_to_the_one_who_accepts),
        cmocka_unit_test(closing_a_listener_forgets_half_open_ones_and_resets_unaccepted_ones),
        cmocka_unit_test(MUST_41_an_accepted_connection_outlives_its_listener),
        cmocka_unit_test(TCS_10_a_reset_without_ack_in_syn_received_frees_the_entry),
        cmocka_unit_test(a_flood_of_syns_costs_a_bounded_number_of_entries_and_a_real_client_gets_in),
        cmocka_unit_test(RES_02_a_forged_last_ack_opens_nothing),
        cmocka_unit_test(MUST_57_MUST_63_a_syn_of_no_single_host_gets_no_answer),
        cmocka_unit_test(a_full_syn_queue_without_cookies_drops_what_comes),
        cmocka_unit_test(a_half_open_connection_is_due_after_the_first_rto),
        cmocka_unit_test(a_good_cookie_that_finds_the_accept_queue_full_is_not_reset),
        cmocka_unit_test(a_half_open_connection_is_served_by_polling_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
