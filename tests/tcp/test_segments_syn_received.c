/*
 * SYN-RECEIVED: segments that arrive (RFC 9293 3.10.7.4), for the half-open
 * block of a passive open and for the connection of a simultaneous one.
 */
#include "support/segment_rows.h"

#define STATE RILL_STATE_SYN_RECEIVED

static void expect_refused(struct peer *p)
{
    expect_nothing(p);
    if (!p->setup.passive)
        expect_event_error(p, p->conn, RILL_RESET | RILL_CLOSED, -RILL_ECONNREFUSED);
    expect_no_event(p);
    expect_state(p, p->setup.passive ? RILL_STATE_LISTEN : RILL_STATE_CLOSED);
}

/* The handshake is done: the listener or the opener is told; p->conn is the connection. */
static void expect_opened(struct peer *p, enum rill_state state, unsigned more)
{
    unsigned opened = RILL_ESTABLISHED | RILL_WRITABLE | more;

    expect_state(p, state);
    if (p->setup.passive) {
        expect_event(p, p->listener, RILL_ACCEPTABLE);
        expect_no_event(p);
        assert_int_equal(rill_accept(p->stack, p->listener, &p->conn, NULL), 0);
        peer_run(p);
    }
    expect_event(p, p->conn, opened);
    expect_unmoved(p, state);
}

static void rst_at_rcv_nxt_refuses(struct peer *p, unsigned variant)
{
    peer_send(p, variant == 0 ? TCP_RST : TCP_RST | TCP_ACK, 1, 1, 0);
    expect_refused(p);
}

static void syn_in_window_returns_a_passive_open_to_listen(struct peer *p, unsigned variant)
{
    peer_send(p, variant % 2 != 0 ? TCP_SYN | TCP_ACK : TCP_SYN, 1 + 5 * (variant / 2), 1, 0);
    expect_refused(p);
}

static void syn_again_is_answered_with_syn_ack(struct peer *p, unsigned variant)
{
    (void)variant;
    for (unsigned i = 0; i < 3; i++) {
        peer_send(p, TCP_SYN, 0, 0, 0);
        expect_segment(p, TCP_SYN | TCP_ACK, 0, 1, 0);
        expect_unmoved(p, STATE);
    }
}

static void syn_ack_completes_a_simultaneous_open(struct peer *p, unsigned variant)
{
    (void)variant;
    peer_send(p, TCP_SYN | TCP_ACK, 0, 1, 0);
    expect_segment(p, TCP_ACK, 1, 1, 0);
    expect_nothing(p);
    expect_opened(p, RILL_STATE_ESTABLISHED, 0);
}

/* Deviation from RFC 7323 3.2 on purpose: a last ACK of the handshake without the option means "none". */
static void missing_timestamp_means_none(struct peer *p, unsigned variant)
{
    struct peer_packet packet = {.flags = TCP_ACK, .seq = 1, .ack = 1, .data_bytes = 10 * variant};
    struct rill_status status;

    packet.without_timestamp = true;
    peer_send_packet(p, &packet);
    if (variant > 0)
        assert_int_equal(expect_segment(p, TCP_ACK, 1, 11, 0).options.present & TCP_OPTION_TIMESTAMP, 0);
    expect_nothing(p);
    expect_opened(p, RILL_STATE_ESTABLISHED, variant > 0 ? RILL_READABLE : 0);
    expect_status_of(p, p->conn, &status);
    assert_false(status.timestamps);
}

static void segment_without_ack_bit_is_dropped(struct peer *p, unsigned variant)
{
    static const uint8_t flags[] = {0, TCP_FIN, TCP_PSH};

    peer_send(p, flags[variant], 1, 0, 10 * variant);
    expect_unmoved(p, STATE);
    assert_int_equal(rill_drops(p->stack, RILL_DROP_TCP_NO_ACK_BIT), 1);
}

static void ack_of_our_syn_establishes(struct peer *p, unsigned variant)
{
    struct rill_status status;

    (void)variant;
    p->window = 4321;
    peer_send(p, TCP_ACK, 1, 1, 0);
    expect_nothing(p);
    expect_opened(p, RILL_STATE_ESTABLISHED, 0);
    expect_status_of(p, p->conn, &status);
    assert_int_equal(status.snd_wnd, 4321);
    assert_int_equal(status.snd_una, p->iss + 1);
}

static void waiting_close_follows_the_ack(struct peer *p, unsigned variant)
{
    (void)variant;
    assert_int_equal(peer_user_send(p, 100), 100);
    assert_int_equal(peer_user_shutdown(p), 0);
    expect_unmoved(p, STATE);
    peer_send(p, TCP_ACK, 1, 1, 0);
    expect_segment(p, TCP_FIN | TCP_ACK, 1, 1, 100);
    expect_nothing(p);
    expect_state(p, RILL_STATE_FIN_WAIT_1);
}

static void ack_of_something_else_is_answered_with_rst(struct peer *p, unsigned variant)
{
    static const uint32_t acks[] = {0, UINT32_MAX, 0x80000001, 2, 1000, 0x80000000};

    peer_send(p, TCP_ACK, 1, acks[variant], 10);
    expect_segment(p, TCP_RST, acks[variant], 0, 0);
    expect_unmoved(p, STATE);
}

static void data_with_the_ack_is_delivered(struct peer *p, unsigned variant)
{
    (void)variant;
    peer_send(p, TCP_ACK, 1, 1, 100);
    expect_segment(p, TCP_ACK, 1, 101, 0);
    expect_nothing(p);
    expect_opened(p, RILL_STATE_ESTABLISHED, RILL_READABLE);
    assert_int_equal(peer_user_receive(p, 1000), 100);
}

static void data_out_of_order_with_the_ack_is_kept(struct peer *p, unsigned variant)
{
    struct peer_segment ack;

    (void)variant;
    peer_send(p, TCP_ACK, 51, 1, 50);
    ack = expect_segment(p, TCP_ACK, 1, 1, 0);
    assert_int_equal(ack.options.sack_count, 1);
    expect_nothing(p);
    expect_opened(p, RILL_STATE_ESTABLISHED, 0);
    peer_send(p, TCP_ACK, 1, 1, 50);
    expect_segment(p, TCP_ACK, 1, 101, 0);
    assert_int_equal(peer_user_receive(p, 1000), 100);
}

static void data_out_of_window_is_acknowledged(struct peer *p, unsigned variant)
{
    const uint32_t seqs[] = {0u - 20, 1 + p->rcv_wnd, 1 + p->rcv_wnd + 1000};

    peer_send(p, TCP_ACK, seqs[variant], 1, 10);
    expect_segment(p, TCP_ACK, 1, 1, 0);
    expect_unmoved(p, STATE);
}

static void fin_with_the_ack_goes_on_to_close_wait(struct peer *p, unsigned variant)
{
    peer_send(p, TCP_FIN | TCP_ACK, 1, 1, 10 * variant);
    expect_segment(p, TCP_ACK, 1, 2 + 10 * variant, 0);
    expect_nothing(p);
    expect_opened(p, RILL_STATE_CLOSE_WAIT, RILL_READABLE | RILL_PEER_CLOSED);
    assert_int_equal(peer_user_receive(p, 100), 10 * variant);
    assert_int_equal(peer_user_receive(p, 100), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW("ST-061 rst_at_rcv_nxt_refuses", STATE, 0, 2, rst_at_rcv_nxt_refuses),
        ROW("ST-062 rst_in_window_is_challenged", STATE, 0, 2, rst_in_window_is_challenged),
        ROW("ST-063 rst_out_of_window_is_silently_dropped", STATE, 0, 1, rst_out_of_window_is_silently_dropped),
        ROW("ST-064 syn_in_window_returns_a_passive_open_to_listen", STATE, ONLY_PASSIVE, 4,
            syn_in_window_returns_a_passive_open_to_listen),
        ROW("ST-064 syn_in_window_challenges_an_active_open", STATE, ONLY_ACTIVE, 4, syn_in_window_is_challenged),
        ROW("ST-065 syn_again_is_answered_with_syn_ack", STATE, 0, 1, syn_again_is_answered_with_syn_ack),
        ROW("ST-065 syn_ack_completes_a_simultaneous_open", STATE, ONLY_ACTIVE, 1,
            syn_ack_completes_a_simultaneous_open),
        ROW("ST-066 syn_out_of_window_is_acknowledged", STATE, 0, 4, syn_out_of_window_is_challenged),
        ROW("ST-067 old_timestamp_is_acknowledged_and_dropped", STATE, WITH_TIMESTAMPS, 2,
            old_timestamp_is_acknowledged_and_dropped),
        ROW("ST-068 missing_timestamp_means_none", STATE, WITH_TIMESTAMPS, 2, missing_timestamp_means_none),
        ROW("ST-069 segment_without_ack_bit_is_dropped", STATE, 0, 3, segment_without_ack_bit_is_dropped),
        ROW("ST-070 ack_of_our_syn_establishes", STATE, 0, 1, ack_of_our_syn_establishes),
        ROW("ST-070 ST-056 ST-058 waiting_close_follows_the_ack", STATE, ONLY_ACTIVE, 1, waiting_close_follows_the_ack),
        ROW("ST-071 ST-072 ack_of_something_else_is_answered_with_rst", STATE, 0, 6,
            ack_of_something_else_is_answered_with_rst),
        ROW("ST-073 data_with_the_ack_is_delivered", STATE, 0, 1, data_with_the_ack_is_delivered),
        ROW("ST-074 data_out_of_order_with_the_ack_is_kept", STATE, WITH_SACK, 1,
            data_out_of_order_with_the_ack_is_kept),
        ROW("ST-075 data_out_of_window_is_acknowledged", STATE, 0, 3, data_out_of_window_is_acknowledged),
        ROW("ST-076 fin_with_the_ack_goes_on_to_close_wait", STATE, 0, 2, fin_with_the_ack_goes_on_to_close_wait),
        ROW("ST-012 bad_checksum_is_dropped", STATE, 0, 1, bad_checksum_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
