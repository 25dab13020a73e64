#include "support/segment_rows.h"

#define MAX_SND_WND 65535u /* of a peer that does not scale */

static void walk_one(const struct segment_row *row, unsigned corner, bool passive, unsigned variant)
{
    struct peer_setup setup = peer_corner(corner);
    struct peer p;

    setup.passive = passive;
    setup.timestamps = (row->with & WITH_TIMESTAMPS) != 0;
    setup.sack = (row->with & WITH_SACK) != 0;
    setup.receive_buffer_bytes = (row->with & WITH_SMALL_BUFFER) != 0 ? 4096 : 0;
    peer_open(&p, &setup);
    p.what = row->name;
    if ((row->with & TIME_WAIT_BLOCK) != 0)
        peer_reach_time_wait_block(&p);
    else
        peer_reach(&p, row->state);
    row->fact(&p, variant);
    peer_close(&p);
}

void segment_row_walk(void **state)
{
    const struct segment_row *row = (const struct segment_row *)*state;

    for (unsigned corner = 0; corner < PEER_CORNERS; corner++) {
        for (unsigned variant = 0; variant < row->variants; variant++) {
            if ((row->with & ONLY_PASSIVE) == 0)
                walk_one(row, corner, false, variant);
            if ((row->with & ONLY_ACTIVE) == 0)
                walk_one(row, corner, true, variant);
        }
    }
}

uint32_t una_of(struct peer *p)
{
    switch (peer_state(p)) {
    case RILL_STATE_SYN_SENT:
    case RILL_STATE_SYN_RECEIVED:
    case RILL_STATE_FIN_WAIT_1:
    case RILL_STATE_CLOSING:
    case RILL_STATE_LAST_ACK:
        return p->snd_nxt - 1;
    default:
        return p->snd_nxt;
    }
}

void expect_unmoved(struct peer *p, enum rill_state state)
{
    expect_nothing(p);
    expect_no_event(p);
    expect_state(p, state);
}

/* An ACK of what is in order so far, and nothing else: no change, nothing told. */
static void expect_only_ack(struct peer *p, uint32_t rcv_nxt, enum rill_state state)
{
    expect_ack(p, rcv_nxt);
    expect_unmoved(p, state);
}

static void expect_nothing_received(struct peer *p)
{
    if (p->conn != 0)
        assert_int_equal(rill_receive_queued(p->stack, p->conn), 0);
}

void bad_checksum_is_dropped(struct peer *p, unsigned variant)
{
    static const uint8_t flags[] = {TCP_RST | TCP_ACK, TCP_SYN, TCP_FIN | TCP_ACK};
    enum rill_state state = peer_state(p);

    for (unsigned i = 0; i < 3; i++) {
        struct peer_packet packet = {.flags = flags[i], .seq = p->rcv_nxt, .ack = p->snd_nxt, .bad_checksum = true};

        peer_send_packet(p, &packet);
        expect_unmoved(p, state);
        assert_int_equal(rill_drops(p->stack, RILL_DROP_TCP_CHECKSUM), i + 1);
    }
    (void)variant;
}

/* ----------------------------------------------------------------- RST, SYN */

void rst_at_rcv_nxt_resets(struct peer *p, unsigned variant)
{
    (void)variant;
    peer_send(p, TCP_RST, p->rcv_nxt, 0, 0);
    expect_nothing(p);
    expect_event_error(p, p->conn, RILL_RESET | RILL_CLOSED, -RILL_ECONNRESET);
    expect_state(p, p->setup.passive ? RILL_STATE_LISTEN : RILL_STATE_CLOSED);
    assert_int_equal(rill_counted(p->stack, RILL_COUNT_TCP_RESETS_IN), 1);
}

void rst_in_window_is_challenged(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    uint32_t rcv_nxt = p->rcv_nxt;

    peer_send(p, TCP_RST, rcv_nxt + (variant == 0 ? 1 : p->rcv_wnd - 1), 0, 0);
    expect_only_ack(p, rcv_nxt, state);
    assert_int_equal(rill_drops(p->stack, RILL_DROP_TCP_RST_NOT_EXACT), 1);
}

void rst_out_of_window_is_silently_dropped(struct peer *p, unsigned variant)
{
    const uint32_t offsets[] = {UINT32_MAX, p->rcv_wnd + 1, 0x80000000, 0x7fffffff, 0u - p->rcv_wnd};
    enum rill_state state = peer_state(p);

    (void)variant;
    for (unsigned i = 0; i < 5; i++) {
        peer_send(p, TCP_RST, p->rcv_nxt + offsets[i], 0, 0);
        peer_send(p, TCP_RST | TCP_ACK, p->rcv_nxt + offsets[i], p->snd_nxt, 0);
        expect_unmoved(p, state);
    }
}

void syn_in_window_is_challenged(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    uint32_t rcv_nxt = p->rcv_nxt;

    peer_send(p, (variant & 1) != 0 ? TCP_SYN | TCP_ACK : TCP_SYN, rcv_nxt + ((variant & 2) != 0 ? 5 : 0), una_of(p),
              0);
    expect_only_ack(p, rcv_nxt, state);
}

void syn_out_of_window_is_challenged(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    uint32_t rcv_nxt = p->rcv_nxt;
    uint32_t seq = (variant & 2) != 0 ? rcv_nxt + p->rcv_wnd + 10 : rcv_nxt - 10;

    peer_send(p, (variant & 1) != 0 ? TCP_SYN | TCP_ACK : TCP_SYN, seq, una_of(p), 0);
    expect_only_ack(p, rcv_nxt, state);
}

/* --------------------------------------------------------- timestamps, ACKs */

void old_timestamp_is_acknowledged_and_dropped(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    uint32_t rcv_nxt = p->rcv_nxt;
    struct peer_packet packet = {.flags = TCP_ACK,
                                 .seq = rcv_nxt,
                                 .ack = p->snd_nxt,
                                 .data_bytes = variant == 0 ? 10 : 0,
                                 .timestamp_shift = -1000};

    peer_send_packet(p, &packet);
    expect_only_ack(p, rcv_nxt, state);
    expect_nothing_received(p);
    assert_int_equal(rill_drops(p->stack, RILL_DROP_TCP_PAWS), 1);
}

void missing_timestamp_is_silently_dropped(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);

    (void)variant;
    for (unsigned i = 0; i < 2; i++) {
        struct peer_packet packet = {.flags = i == 0 ? TCP_ACK : TCP_ACK | TCP_FIN,
                                     .seq = p->rcv_nxt,
                                     .ack = p->snd_nxt,
                                     .data_bytes = 10 * i,
                                     .without_timestamp = true};

        peer_send_packet(p, &packet);
        expect_unmoved(p, state);
        expect_nothing_received(p);
    }
    assert_int_equal(rill_drops(p->stack, RILL_DROP_TCP_NO_TIMESTAMP), 2);
}

void segment_without_ack_is_dropped(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);

    (void)variant;
    peer_send(p, 0, p->rcv_nxt, 0, 10);
    expect_unmoved(p, state);
    peer_send(p, TCP_FIN, p->rcv_nxt, 0, 0);
    expect_unmoved(p, state);
    expect_nothing_received(p);
    assert_int_equal(rill_drops(p->stack, RILL_DROP_TCP_NO_ACK_BIT), 2);
}

void old_ack_is_ignored(struct peer *p, unsigned variant)
{
    const uint32_t ages[] = {0, 1, MAX_SND_WND};
    enum rill_state state = peer_state(p);
    uint32_t una = una_of(p);

    (void)variant;
    for (unsigned i = 0; i < 3; i++) {
        peer_send(p, TCP_ACK, p->rcv_nxt, una - ages[i], 0);
        expect_unmoved(p, state);
    }
}

void too_old_ack_is_challenged(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    uint32_t rcv_nxt = p->rcv_nxt;

    peer_send(p, TCP_ACK, rcv_nxt, una_of(p) - MAX_SND_WND - 1, variant == 0 ? 0 : 10);
    expect_only_ack(p, rcv_nxt, state);
    expect_nothing_received(p);
    assert_int_equal(rill_drops(p->stack, RILL_DROP_TCP_ACK_TOO_OLD), 1);
}

void ack_of_unsent_data_is_answered(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    uint32_t rcv_nxt = p->rcv_nxt;

    peer_send(p, TCP_ACK, rcv_nxt, p->snd_nxt + 1, variant == 0 ? 0 : 10);
    expect_only_ack(p, rcv_nxt, state);
    expect_nothing_received(p);
    assert_int_equal(rill_drops(p->stack, RILL_DROP_TCP_ACK_UNSENT), 1);
}

/* ------------------------------------------------------------------- text */

void data_in_order_is_delivered(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    uint32_t rcv_nxt = p->rcv_nxt, una = una_of(p);

    (void)variant;
    peer_send(p, TCP_ACK | TCP_PSH, rcv_nxt, una, 100);
    expect_ack(p, rcv_nxt + 100);
    expect_event(p, p->conn, RILL_READABLE);
    expect_unmoved(p, state);
    assert_int_equal(peer_user_receive(p, 1000), 100);
    expect_unmoved(p, state);
}

void data_out_of_order_is_kept(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    uint32_t rcv_nxt = p->rcv_nxt, una = una_of(p);
    struct peer_segment ack;

    peer_send(p, TCP_ACK, rcv_nxt + 100, una, 50);
    ack = expect_ack(p, rcv_nxt);
    expect_unmoved(p, state);
    expect_nothing_received(p);
    assert_int_equal(ack.options.sack_count, 1);
    assert_int_equal(ack.options.sack[0].start.v - p->isn, rcv_nxt + 100);
    assert_int_equal(ack.options.sack[0].end.v - p->isn, rcv_nxt + 150);
    peer_send(p, TCP_ACK, rcv_nxt, una, variant == 0 ? 100 : 120); /* exactly the gap, or over it */
    ack = expect_ack(p, rcv_nxt + 150);
    assert_int_equal(ack.options.sack_count, 0);
    expect_event(p, p->conn, RILL_READABLE);
    expect_unmoved(p, state);
    assert_int_equal(peer_user_receive(p, 1000), 150);
}

void straddling_data_is_trimmed(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    uint32_t rcv_nxt = p->rcv_nxt, una = una_of(p), window = p->rcv_wnd;

    switch (variant) {
    case 0: /* the left edge */
        peer_send(p, TCP_ACK, rcv_nxt, una, 100);
        expect_ack(p, rcv_nxt + 100);
        peer_send(p, TCP_ACK, rcv_nxt + 50, una, 100);
        expect_ack(p, rcv_nxt + 150);
        break;
    case 1: /* the right edge, and what lies beyond it, a FIN, is not looked at */
        peer_send(p, TCP_ACK | TCP_FIN, rcv_nxt, una, window + 10);
        expect_ack(p, rcv_nxt + window);
        break;
    default: /* both edges */
        peer_send(p, TCP_ACK | TCP_FIN, rcv_nxt - 20, una, window + 40);
        expect_ack(p, rcv_nxt + window);
        break;
    }
    expect_event(p, p->conn, RILL_READABLE);
    expect_unmoved(p, state);
    assert_int_equal(peer_user_receive(p, 65536), variant == 0 ? 150 : window);
}

void old_data_is_acknowledged(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    uint32_t rcv_nxt = p->rcv_nxt, una = una_of(p);

    (void)variant;
    peer_send(p, TCP_ACK, rcv_nxt, una, 100);
    expect_ack(p, rcv_nxt + 100);
    expect_event(p, p->conn, RILL_READABLE);
    peer_send(p, TCP_ACK, rcv_nxt, una, 100);
    expect_only_ack(p, rcv_nxt + 100, state);
    peer_send(p, TCP_ACK, rcv_nxt + 10, una, 20);
    expect_only_ack(p, rcv_nxt + 100, state);
    assert_int_equal(peer_user_receive(p, 1000), 100);
}

void data_beyond_window_is_acknowledged(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    uint32_t rcv_nxt = p->rcv_nxt;

    peer_send(p, TCP_ACK, rcv_nxt + p->rcv_wnd + (variant == 0 ? 0 : 1000), una_of(p), 10);
    expect_only_ack(p, rcv_nxt, state);
    expect_nothing_received(p);
}

void data_at_zero_window_is_refused(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    struct peer_packet packet = {.flags = TCP_ACK, .ack = una_of(p), .data_bytes = 10};
    uint32_t rcv_nxt;
    int64_t queued;

    peer_fill_window(p, packet.ack);
    queued = rill_receive_queued(p->stack, p->conn);
    rcv_nxt = packet.seq = p->rcv_nxt;
    if (variant == 1) {
        packet.flags |= TCP_URG;
        packet.urgent = 10;
    } else if (variant == 2) {
        packet.flags |= TCP_RST;
        packet.data_bytes = 0;
    }
    peer_send_packet(p, &packet);
    if (variant == 2) {
        expect_nothing(p);
        expect_event_error(p, p->conn, RILL_RESET | RILL_CLOSED, -RILL_ECONNRESET);
        return;
    }
    assert_int_equal(expect_ack(p, rcv_nxt).window, 0);
    if (variant == 1)
        expect_event(p, p->conn, RILL_URGENT);
    expect_unmoved(p, state);
    assert_int_equal(rill_receive_queued(p->stack, p->conn), queued);
}

void urgent_is_told_once_per_mark(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    struct peer_packet packet = {.flags = TCP_ACK | TCP_URG, .seq = p->rcv_nxt, .ack = una_of(p), .urgent = 5};

    (void)variant;
    peer_send_packet(p, &packet);
    expect_event(p, p->conn, RILL_URGENT);
    expect_unmoved(p, state);
    peer_send_packet(p, &packet); /* the same mark */
    expect_unmoved(p, state);
    p->window--;       /* so that empty segments are no duplicate ACKs */
    packet.urgent = 3; /* RCV.UP = max */
    peer_send_packet(p, &packet);
    expect_unmoved(p, state);
    p->window--;
    packet.urgent = 8;
    peer_send_packet(p, &packet);
    expect_event(p, p->conn, RILL_URGENT);
    expect_unmoved(p, state);
}

/* -------------------------------------------------------------------- FIN */

void fin_out_of_order_waits(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    uint32_t rcv_nxt = p->rcv_nxt, una = una_of(p), bytes = variant == 0 ? 5 : 0;

    if (variant == 1) { /* beyond the window: not remembered */
        peer_send(p, TCP_ACK | TCP_FIN, rcv_nxt + p->rcv_wnd + 10, una, 0);
        expect_only_ack(p, rcv_nxt, state);
        return;
    }
    peer_send(p, TCP_ACK | TCP_FIN, rcv_nxt + 10, una, bytes);
    expect_only_ack(p, rcv_nxt, state);
    peer_send(p, TCP_ACK, rcv_nxt, una, 10); /* the gap: now the FIN is next */
    expect_ack(p, rcv_nxt + 11 + bytes);
    expect_nothing(p);
    expect_event(p, p->conn, RILL_READABLE | RILL_PEER_CLOSED);
    expect_state(p, state == RILL_STATE_ESTABLISHED  ? RILL_STATE_CLOSE_WAIT
                    : state == RILL_STATE_FIN_WAIT_1 ? RILL_STATE_CLOSING
                                                     : RILL_STATE_TIME_WAIT);
    assert_int_equal(peer_user_receive(p, 100), 10 + bytes);
    assert_int_equal(peer_user_receive(p, 100), 0);
}

void data_after_fin_is_ignored(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    struct peer_packet packet = {
        .flags = TCP_ACK | TCP_URG, .seq = p->rcv_nxt, .ack = una_of(p), .data_bytes = 10, .urgent = 5};

    (void)variant;
    peer_send_packet(p, &packet);
    expect_unmoved(p, state);
    expect_nothing_received(p);
    packet.flags = TCP_ACK | TCP_FIN; /* a second FIN, later than the first */
    peer_send_packet(p, &packet);
    expect_unmoved(p, state);
    expect_nothing_received(p);
    assert_int_equal(rill_drops(p->stack, RILL_DROP_TCP_DATA_AFTER_FIN), 2);
}

void data_before_fin_again_is_acknowledged(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    uint32_t rcv_nxt = p->rcv_nxt;

    (void)variant;
    peer_send(p, TCP_ACK, rcv_nxt - 11, una_of(p), 10);
    expect_only_ack(p, rcv_nxt, state);
    expect_nothing_received(p);
}

void fin_again_is_acknowledged(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    uint32_t rcv_nxt = p->rcv_nxt;

    (void)variant;
    peer_send(p, TCP_ACK | TCP_FIN, rcv_nxt - 1, una_of(p), 0);
    expect_only_ack(p, rcv_nxt, state);
}

/* SHLD-3, RFC 1122 4.2.2.13: after rill_close() the peer learns that its data is lost. */
void data_after_close_is_answered_with_rst(struct peer *p, unsigned variant)
{
    uint32_t rcv_nxt = p->rcv_nxt, snd_nxt = p->snd_nxt, una = una_of(p);

    assert_int_equal(peer_user_close(p), 0);
    expect_nothing(p);
    peer_send(p, TCP_ACK, rcv_nxt + (variant == 0 ? 0 : 100), una, 10);
    expect_segment(p, TCP_RST, snd_nxt, 0, 0);
    expect_unmoved(p, p->setup.passive ? RILL_STATE_LISTEN : RILL_STATE_CLOSED);
}
