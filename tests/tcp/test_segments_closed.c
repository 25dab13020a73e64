/* CLOSED, that is no connection at all: segments that arrive (RFC 9293 3.10.7.1). */
#include "support/segment_rows.h"

#define STATE RILL_STATE_CLOSED

static void rst_is_discarded(struct peer *p, unsigned variant)
{
    peer_send(p, variant == 0 ? TCP_RST : TCP_RST | TCP_ACK, 1, 1, 0);
    expect_unmoved(p, STATE);
    assert_int_equal(rill_drops(p->stack, RILL_DROP_TCP_NO_CONNECTION), 1);
}

static void segment_without_ack_is_answered_with_rst_ack(struct peer *p, unsigned variant)
{
    static const uint8_t flags[] = {TCP_SYN, TCP_SYN, TCP_FIN, 0, TCP_SYN | TCP_FIN};
    static const uint32_t bytes[] = {0, 10, 0, 10, 10};
    static const uint32_t lengths[] = {1, 11, 1, 10, 12};

    peer_send(p, flags[variant], 0, 0, bytes[variant]);
    expect_raw_segment(p, TCP_RST | TCP_ACK, 0, p->isn + lengths[variant]);
    expect_unmoved(p, STATE);
}

static void segment_with_ack_is_answered_with_rst_at_its_ack(struct peer *p, unsigned variant)
{
    static const uint8_t flags[] = {TCP_ACK, TCP_SYN | TCP_ACK, TCP_FIN | TCP_ACK, TCP_ACK | TCP_PSH | TCP_URG};

    p->iss = p->setup.iss;
    peer_send(p, flags[variant], 5, 7, variant * 10);
    expect_raw_segment(p, TCP_RST, p->iss + 7, 0);
    expect_unmoved(p, STATE);
}

/* RFC 9293 MUST-57, MUST-63: no answer to what came by broadcast, or from where nobody can be. */
static void broadcast_is_not_answered(struct peer *p, unsigned variant)
{
    static const uint32_t sources[] = {0, 0, 0, 0x0a4d00ff, 0xe0000001, 0xffffffff, 0x7f000001};
    static const uint32_t destinations[] = {0x0a4d00ff, 0xffffffff, 0xe0000001, 0, 0, 0, 0};
    struct peer_packet packet = {.flags = TCP_SYN, .source = sources[variant], .destination = destinations[variant]};

    peer_send_packet(p, &packet);
    expect_unmoved(p, STATE);
    packet.flags = TCP_ACK;
    peer_send_packet(p, &packet);
    expect_unmoved(p, STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW("ST-009 rst_is_discarded", STATE, ONLY_ACTIVE, 2, rst_is_discarded),
        ROW("ST-010 segment_without_ack_is_answered_with_rst_ack", STATE, ONLY_ACTIVE, 5,
            segment_without_ack_is_answered_with_rst_ack),
        ROW("ST-010 broadcast_is_not_answered", STATE, ONLY_ACTIVE, 7, broadcast_is_not_answered),
        ROW("ST-011 segment_with_ack_is_answered_with_rst_at_its_ack", STATE, ONLY_ACTIVE, 4,
            segment_with_ack_is_answered_with_rst_at_its_ack),
        ROW("ST-012 bad_checksum_is_dropped", STATE, ONLY_ACTIVE, 1, bad_checksum_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
