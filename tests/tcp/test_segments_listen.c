/* LISTEN: segments that arrive (RFC 9293 3.10.7.2). */
#include "support/segment_rows.h"

#define STATE RILL_STATE_LISTEN

static void rst_is_ignored(struct peer *p, unsigned variant)
{
    peer_send(p, variant == 0 ? TCP_RST : TCP_RST | TCP_ACK, 0, 0, 0);
    expect_unmoved(p, STATE);
}

static void ack_is_answered_with_rst(struct peer *p, unsigned variant)
{
    static const uint8_t flags[] = {TCP_ACK, TCP_SYN | TCP_ACK, TCP_FIN | TCP_ACK, TCP_ACK | TCP_PSH};

    p->iss = p->setup.iss;
    peer_send(p, flags[variant], 5, 7, variant * 10);
    expect_raw_segment(p, TCP_RST, p->iss + 7, 0);
    expect_unmoved(p, STATE);
}

static void expect_listener_stays(struct peer *p)
{
    struct rill_status status;

    expect_status_of(p, p->listener, &status);
    assert_int_equal(status.state, RILL_STATE_LISTEN);
    assert_int_equal(status.half_open, 1);
}

static void syn_makes_a_connection_of_its_own(struct peer *p, unsigned variant)
{
    struct peer_segment syn_ack;

    (void)variant;
    peer_send(p, TCP_SYN, 0, 0, 0);
    syn_ack = expect_segment(p, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(syn_ack.raw_seq, p->setup.iss);
    assert_int_equal(syn_ack.options.present, TCP_OPTION_MSS);
    assert_int_equal(syn_ack.options.mss, 1460);
    expect_unmoved(p, RILL_STATE_SYN_RECEIVED);
    expect_listener_stays(p);
}

static void syn_ack_offers_what_the_syn_offers(struct peer *p, unsigned variant)
{
    struct peer_segment syn_ack;

    (void)variant;
    p->setup.window_scaling = true;
    peer_send(p, TCP_SYN, 0, 0, 0);
    syn_ack = expect_segment(p, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(syn_ack.options.present,
                     TCP_OPTION_MSS | TCP_OPTION_WINDOW_SCALE | TCP_OPTION_SACK_PERMITTED | TCP_OPTION_TIMESTAMP);
    assert_int_equal(syn_ack.options.timestamp_echo - 500000, (p->now - 1000000000) / 1000000 % UINT64_C(0x100000000));
}

static void data_on_a_syn_is_left_to_come_again(struct peer *p, unsigned variant)
{
    (void)variant;
    peer_send(p, TCP_SYN, 0, 0, 10);
    expect_segment(p, TCP_SYN | TCP_ACK, 0, 1, 0);
    expect_unmoved(p, RILL_STATE_SYN_RECEIVED);
    peer_send(p, TCP_ACK, 1, 1, 10);
    expect_segment(p, TCP_ACK, 1, 11, 0);
    expect_event(p, p->listener, RILL_ACCEPTABLE);
    assert_int_equal(rill_accept(p->stack, p->listener, &p->conn, NULL), 0);
    assert_int_equal(peer_user_receive(p, 100), 10);
}

/* Policy: a FIN with a SYN is nobody's opening, so the whole segment is dropped. */
static void syn_with_fin_is_dropped(struct peer *p, unsigned variant)
{
    peer_send(p, TCP_SYN | TCP_FIN, 0, 0, variant * 10);
    expect_unmoved(p, STATE);
    assert_int_equal(rill_drops(p->stack, RILL_DROP_TCP_FLAGS), 1);
}

static void syn_by_broadcast_or_from_nowhere_is_dropped(struct peer *p, unsigned variant)
{
    static const uint32_t sources[] = {0, 0, 0, 0x0a4d00ff, 0xe0000001, 0xffffffff, 0x7f000001};
    static const uint32_t destinations[] = {0x0a4d00ff, 0xffffffff, 0xe0000001, 0, 0, 0, 0};
    struct peer_packet packet = {.flags = TCP_SYN, .source = sources[variant], .destination = destinations[variant]};

    peer_send_packet(p, &packet);
    expect_unmoved(p, STATE);
}

static void syn_from_itself_is_dropped(struct peer *p, unsigned variant)
{
    struct peer_packet packet = {.flags = TCP_SYN, .source = 0x0a4d0002, .source_port = STACK_PORT};

    (void)variant;
    peer_send_packet(p, &packet);
    expect_unmoved(p, STATE);
}

static void segment_without_control_is_dropped(struct peer *p, unsigned variant)
{
    static const uint8_t flags[] = {0, TCP_FIN, TCP_PSH, TCP_URG};

    peer_send(p, flags[variant], 1, 0, variant * 10);
    expect_unmoved(p, STATE);
    assert_int_equal(rill_drops(p->stack, RILL_DROP_TCP_FLAGS), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW("ST-023 rst_is_ignored", STATE, ONLY_PASSIVE, 2, rst_is_ignored),
        ROW("ST-024 ack_is_answered_with_rst", STATE, ONLY_PASSIVE, 4, ack_is_answered_with_rst),
        ROW("ST-025 syn_makes_a_connection_of_its_own", STATE, ONLY_PASSIVE, 1, syn_makes_a_connection_of_its_own),
        ROW("ST-025 syn_ack_offers_what_the_syn_offers", STATE, ONLY_PASSIVE | WITH_TIMESTAMPS | WITH_SACK, 1,
            syn_ack_offers_what_the_syn_offers),
        ROW("ST-026 data_on_a_syn_is_left_to_come_again", STATE, ONLY_PASSIVE, 1, data_on_a_syn_is_left_to_come_again),
        ROW("ST-028 syn_with_fin_is_dropped", STATE, ONLY_PASSIVE, 2, syn_with_fin_is_dropped),
        ROW("ST-029 syn_by_broadcast_or_from_nowhere_is_dropped", STATE, ONLY_PASSIVE, 7,
            syn_by_broadcast_or_from_nowhere_is_dropped),
        ROW("ST-029 syn_from_itself_is_dropped", STATE, ONLY_PASSIVE, 1, syn_from_itself_is_dropped),
        ROW("ST-030 segment_without_control_is_dropped", STATE, ONLY_PASSIVE, 4, segment_without_control_is_dropped),
        ROW("ST-012 bad_checksum_is_dropped", STATE, ONLY_PASSIVE, 1, bad_checksum_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
