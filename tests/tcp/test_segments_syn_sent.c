/* SYN-SENT: segments that arrive (RFC 9293 3.10.7.3). */
#include "support/segment_rows.h"

#define STATE RILL_STATE_SYN_SENT

/* ISS < SEG.ACK =< SND.NXT is what is acceptable: 1 alone. */
static void ack_of_something_else_is_answered_with_rst(struct peer *p, unsigned variant)
{
    static const uint32_t acks[] = {0, 2, UINT32_MAX, 0x80000000};

    peer_send(p, variant % 2 != 0 ? TCP_SYN | TCP_ACK : TCP_ACK, 0, acks[variant / 2], 0);
    expect_segment(p, TCP_RST, acks[variant / 2], 0, 0);
    expect_unmoved(p, STATE);
}

static void rst_with_ack_of_something_else_is_dropped(struct peer *p, unsigned variant)
{
    static const uint32_t acks[] = {0, 2, UINT32_MAX, 0x80000000};

    peer_send(p, TCP_RST | TCP_ACK, 0, acks[variant], 0);
    expect_unmoved(p, STATE);
}

static void rst_with_the_right_ack_refuses(struct peer *p, unsigned variant)
{
    peer_send(p, TCP_RST | TCP_ACK, variant * 1000, 1, 0);
    expect_nothing(p);
    expect_event_error(p, p->conn, RILL_RESET | RILL_CLOSED, -RILL_ECONNREFUSED);
    expect_state(p, RILL_STATE_CLOSED);
}

static void rst_without_ack_is_dropped(struct peer *p, unsigned variant)
{
    (void)variant;
    peer_send(p, TCP_RST, 0, 0, 0);
    expect_unmoved(p, STATE);
}

static void syn_ack_establishes(struct peer *p, unsigned variant)
{
    struct rill_status status;

    (void)variant;
    p->window = 4321;
    peer_send(p, TCP_SYN | TCP_ACK, 0, 1, 0);
    expect_segment(p, TCP_ACK, 1, 1, 0);
    expect_nothing(p);
    expect_event(p, p->conn, RILL_ESTABLISHED | RILL_WRITABLE);
    expect_state(p, RILL_STATE_ESTABLISHED);
    expect_status_of(p, p->conn, &status);
    assert_int_equal(status.snd_una, p->iss + 1);
    assert_int_equal(status.snd_nxt, p->iss + 1);
    assert_int_equal(status.snd_wnd, 4321); /* a SYN's window is not scaled */
    assert_int_equal(status.irs, p->isn);
    assert_int_equal(status.rcv_nxt, p->isn + 1);
}

static void queued_data_leaves_with_the_ack(struct peer *p, unsigned variant)
{
    (void)variant;
    assert_int_equal(peer_user_send(p, 100), 100);
    expect_nothing(p);
    peer_send(p, TCP_SYN | TCP_ACK, 0, 1, 0);
    expect_segment(p, TCP_ACK, 1, 1, 100);
    expect_nothing(p);
}

static void text_and_fin_on_the_syn_ack_are_taken(struct peer *p, unsigned variant)
{
    uint32_t bytes = (variant & 1) != 0 ? 10 : 0, fin = (variant & 2) != 0;

    peer_send(p, TCP_SYN | TCP_ACK | (fin != 0 ? TCP_FIN : 0u), 0, 1, bytes);
    expect_segment(p, TCP_ACK, 1, 1 + bytes + fin, 0);
    expect_nothing(p);
    expect_event(p, p->conn,
                 RILL_ESTABLISHED | RILL_WRITABLE | (bytes + fin > 0 ? RILL_READABLE : 0u) |
                     (fin != 0 ? RILL_PEER_CLOSED : 0u));
    expect_state(p, fin != 0 ? RILL_STATE_CLOSE_WAIT : RILL_STATE_ESTABLISHED);
    if (bytes > 0)
        assert_int_equal(peer_user_receive(p, 100), bytes);
}

static void syn_alone_is_a_simultaneous_open(struct peer *p, unsigned variant)
{
    struct rill_status status;

    (void)variant;
    peer_send(p, TCP_SYN, 0, 0, 0);
    expect_segment(p, TCP_SYN | TCP_ACK, 0, 1, 0);
    expect_unmoved(p, RILL_STATE_SYN_RECEIVED);
    expect_status_of(p, p->conn, &status);
    assert_int_equal(status.iss, p->setup.iss); /* the same ISS */
    assert_int_equal(status.rcv_nxt, p->isn + 1);
    peer_send(p, TCP_SYN | TCP_ACK, 0, 1, 0); /* RFC 9293 figure 7 */
    expect_segment(p, TCP_ACK, 1, 1, 0);
    expect_event(p, p->conn, RILL_ESTABLISHED | RILL_WRITABLE);
    expect_unmoved(p, RILL_STATE_ESTABLISHED);
}

static void segment_without_syn_or_rst_is_dropped(struct peer *p, unsigned variant)
{
    static const uint8_t flags[] = {TCP_ACK, TCP_ACK | TCP_FIN, TCP_FIN, 0, TCP_ACK | TCP_PSH};

    peer_send(p, flags[variant], 1, 1, variant >= 3 ? 10 : 0);
    expect_unmoved(p, STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW("ST-040 ack_of_something_else_is_answered_with_rst", STATE, ONLY_ACTIVE, 8,
            ack_of_something_else_is_answered_with_rst),
        ROW("ST-041 rst_with_ack_of_something_else_is_dropped", STATE, ONLY_ACTIVE, 4,
            rst_with_ack_of_something_else_is_dropped),
        ROW("ST-042 rst_with_the_right_ack_refuses", STATE, ONLY_ACTIVE, 2, rst_with_the_right_ack_refuses),
        ROW("ST-043 rst_without_ack_is_dropped", STATE, ONLY_ACTIVE, 1, rst_without_ack_is_dropped),
        ROW("ST-044 syn_ack_establishes", STATE, ONLY_ACTIVE, 1, syn_ack_establishes),
        ROW("ST-044 queued_data_leaves_with_the_ack", STATE, ONLY_ACTIVE, 1, queued_data_leaves_with_the_ack),
        ROW("ST-045 text_and_fin_on_the_syn_ack_are_taken", STATE, ONLY_ACTIVE, 4,
            text_and_fin_on_the_syn_ack_are_taken),
        ROW("ST-047 syn_alone_is_a_simultaneous_open", STATE, ONLY_ACTIVE, 1, syn_alone_is_a_simultaneous_open),
        ROW("ST-048 segment_without_syn_or_rst_is_dropped", STATE, ONLY_ACTIVE, 5,
            segment_without_syn_or_rst_is_dropped),
        ROW("ST-012 bad_checksum_is_dropped", STATE, ONLY_ACTIVE, 1, bad_checksum_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
