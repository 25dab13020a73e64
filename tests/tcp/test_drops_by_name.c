/* Each segment that is not taken is dropped under its own name, and counted there once and nowhere else. */
#include "support/tcp_peer.h"

enum { ACTIVE, PASSIVE, BLOCK }; /* BLOCK: TIME-WAIT after rill_close() */

struct row {
    const char *what;
    enum rill_state state;
    unsigned how; /* of the above */
    bool timestamps;
    struct peer_packet packet; /* seq and ack count from the next expected ones */
    enum rill_drop reason;
};

#define DATA(n) .data_bytes = (n)
#define FLAGS(f) .flags = (f)

static const struct row rows[] = {
    {"CLOSED: ACK", RILL_STATE_CLOSED, ACTIVE, false, {FLAGS(TCP_ACK)}, RILL_DROP_TCP_NO_CONNECTION},
    {"LISTEN: ACK", RILL_STATE_LISTEN, PASSIVE, false, {FLAGS(TCP_ACK)}, RILL_DROP_TCP_NO_CONNECTION},
    {"LISTEN: RST", RILL_STATE_LISTEN, PASSIVE, false, {FLAGS(TCP_RST)}, RILL_DROP_TCP_FLAGS},
    {"LISTEN: SYN and FIN", RILL_STATE_LISTEN, PASSIVE, false, {FLAGS(TCP_SYN | TCP_FIN)}, RILL_DROP_TCP_FLAGS},
    {"LISTEN: no flag", RILL_STATE_LISTEN, PASSIVE, false, {FLAGS(0)}, RILL_DROP_TCP_FLAGS},
    {"SYN-SENT: ACK of ISS",
     RILL_STATE_SYN_SENT,
     ACTIVE,
     false,
     {FLAGS(TCP_SYN | TCP_ACK), .ack = 0xffffffff},
     RILL_DROP_TCP_BAD_HANDSHAKE_ACK},
    {"SYN-SENT: ACK of what was not sent",
     RILL_STATE_SYN_SENT,
     ACTIVE,
     false,
     {FLAGS(TCP_SYN | TCP_ACK), .ack = 1},
     RILL_DROP_TCP_BAD_HANDSHAKE_ACK},
    {"SYN-SENT: RST without ACK", RILL_STATE_SYN_SENT, ACTIVE, false, {FLAGS(TCP_RST)}, RILL_DROP_TCP_FLAGS},
    {"SYN-SENT: ACK alone", RILL_STATE_SYN_SENT, ACTIVE, false, {FLAGS(TCP_ACK)}, RILL_DROP_TCP_FLAGS},
    {"SYN-RECEIVED, active: ACK of what was not sent",
     RILL_STATE_SYN_RECEIVED,
     ACTIVE,
     false,
     {FLAGS(TCP_ACK), .ack = 1},
     RILL_DROP_TCP_BAD_HANDSHAKE_ACK},
    {"SYN-RECEIVED: ACK of what was not sent",
     RILL_STATE_SYN_RECEIVED,
     PASSIVE,
     false,
     {FLAGS(TCP_ACK), .ack = 1},
     RILL_DROP_TCP_BAD_HANDSHAKE_ACK},
    {"SYN-RECEIVED: RST in the window",
     RILL_STATE_SYN_RECEIVED,
     PASSIVE,
     false,
     {FLAGS(TCP_RST), .seq = 1},
     RILL_DROP_TCP_RST_NOT_EXACT},
    {"SYN-RECEIVED: RST out of the window",
     RILL_STATE_SYN_RECEIVED,
     PASSIVE,
     false,
     {FLAGS(TCP_RST), .seq = 0x10000000},
     RILL_DROP_TCP_OUT_OF_WINDOW},
    {"SYN-RECEIVED: SYN in the window",
     RILL_STATE_SYN_RECEIVED,
     PASSIVE,
     false,
     {FLAGS(TCP_SYN), .seq = 1},
     RILL_DROP_TCP_SYN_IN_WINDOW},
    {"SYN-RECEIVED: SYN out of the window",
     RILL_STATE_SYN_RECEIVED,
     PASSIVE,
     false,
     {FLAGS(TCP_SYN), .seq = 0x10000000},
     RILL_DROP_TCP_OUT_OF_WINDOW},
    {"SYN-RECEIVED: data out of the window",
     RILL_STATE_SYN_RECEIVED,
     PASSIVE,
     false,
     {FLAGS(TCP_ACK), .seq = 0x10000000, DATA(5)},
     RILL_DROP_TCP_OUT_OF_WINDOW},
    {"SYN-RECEIVED: no ACK bit",
     RILL_STATE_SYN_RECEIVED,
     PASSIVE,
     false,
     {FLAGS(0), DATA(5)},
     RILL_DROP_TCP_NO_ACK_BIT},
    {"SYN-RECEIVED: PAWS",
     RILL_STATE_SYN_RECEIVED,
     PASSIVE,
     true,
     {FLAGS(TCP_ACK), .timestamp_shift = -1000, .with_timestamp = true},
     RILL_DROP_TCP_PAWS},
    {"ESTABLISHED: no ACK bit", RILL_STATE_ESTABLISHED, ACTIVE, false, {FLAGS(0), DATA(5)}, RILL_DROP_TCP_NO_ACK_BIT},
    {"ESTABLISHED: ACK of what was not sent",
     RILL_STATE_ESTABLISHED,
     ACTIVE,
     false,
     {FLAGS(TCP_ACK), .ack = 1},
     RILL_DROP_TCP_ACK_UNSENT},
    {"ESTABLISHED: ACK of long ago",
     RILL_STATE_ESTABLISHED,
     ACTIVE,
     false,
     {FLAGS(TCP_ACK), .ack = 0xfff00000},
     RILL_DROP_TCP_ACK_TOO_OLD},
    {"ESTABLISHED: SYN in the window",
     RILL_STATE_ESTABLISHED,
     ACTIVE,
     false,
     {FLAGS(TCP_SYN), .seq = 1},
     RILL_DROP_TCP_SYN_IN_WINDOW},
    {"ESTABLISHED: SYN out of the window",
     RILL_STATE_ESTABLISHED,
     ACTIVE,
     false,
     {FLAGS(TCP_SYN), .seq = 0x10000000},
     RILL_DROP_TCP_OUT_OF_WINDOW},
    {"ESTABLISHED: RST in the window",
     RILL_STATE_ESTABLISHED,
     ACTIVE,
     false,
     {FLAGS(TCP_RST), .seq = 1},
     RILL_DROP_TCP_RST_NOT_EXACT},
    {"ESTABLISHED: RST out of the window",
     RILL_STATE_ESTABLISHED,
     ACTIVE,
     false,
     {FLAGS(TCP_RST), .seq = 0x10000000},
     RILL_DROP_TCP_OUT_OF_WINDOW},
    {"ESTABLISHED: data out of the window",
     RILL_STATE_ESTABLISHED,
     ACTIVE,
     false,
     {FLAGS(TCP_ACK), .seq = 0x10000000, DATA(5)},
     RILL_DROP_TCP_OUT_OF_WINDOW},
    {"CLOSE-WAIT: data behind the FIN",
     RILL_STATE_CLOSE_WAIT,
     ACTIVE,
     false,
     {FLAGS(TCP_ACK), DATA(5)},
     RILL_DROP_TCP_DATA_AFTER_FIN},
    {"TIME-WAIT: RST", RILL_STATE_TIME_WAIT, ACTIVE, false, {FLAGS(TCP_RST)}, RILL_DROP_TCP_TIME_WAIT_RST},
    {"TIME-WAIT: FIN again",
     RILL_STATE_TIME_WAIT,
     ACTIVE,
     false,
     {FLAGS(TCP_FIN | TCP_ACK), .seq = 0xffffffff},
     RILL_DROP_TCP_OUT_OF_WINDOW},
    {"TIME-WAIT: SYN of an active open",
     RILL_STATE_TIME_WAIT,
     ACTIVE,
     false,
     {FLAGS(TCP_SYN), .seq = 100},
     RILL_DROP_TCP_TIME_WAIT_SYN},
    {"TIME-WAIT block: RST", RILL_STATE_TIME_WAIT, BLOCK, false, {FLAGS(TCP_RST)}, RILL_DROP_TCP_TIME_WAIT_RST},
    {"TIME-WAIT block: FIN again",
     RILL_STATE_TIME_WAIT,
     BLOCK,
     false,
     {FLAGS(TCP_FIN | TCP_ACK), .seq = 0xffffffff},
     RILL_DROP_TCP_OUT_OF_WINDOW},
    {"TIME-WAIT block: SYN that nobody takes",
     RILL_STATE_TIME_WAIT,
     BLOCK,
     false,
     {FLAGS(TCP_SYN), .seq = 100},
     RILL_DROP_TCP_TIME_WAIT_SYN},
    {"TIME-WAIT block: SYN with ACK in the window",
     RILL_STATE_TIME_WAIT,
     BLOCK,
     false,
     {FLAGS(TCP_SYN | TCP_ACK), .seq = 1},
     RILL_DROP_TCP_SYN_IN_WINDOW},
    {"TIME-WAIT block: out of the window",
     RILL_STATE_TIME_WAIT,
     BLOCK,
     false,
     {FLAGS(TCP_ACK), .seq = 0x10000000},
     RILL_DROP_TCP_OUT_OF_WINDOW},
    {"TIME-WAIT block: no ACK bit", RILL_STATE_TIME_WAIT, BLOCK, false, {FLAGS(0)}, RILL_DROP_TCP_NO_ACK_BIT},
    {"TIME-WAIT block: ACK of what was not sent",
     RILL_STATE_TIME_WAIT,
     BLOCK,
     false,
     {FLAGS(TCP_ACK), .ack = 1},
     RILL_DROP_TCP_ACK_UNSENT},
    {"TIME-WAIT block: data behind the FIN",
     RILL_STATE_TIME_WAIT,
     BLOCK,
     false,
     {FLAGS(TCP_ACK), DATA(5)},
     RILL_DROP_TCP_DATA_AFTER_FIN},
    {"TIME-WAIT block: without the timestamp",
     RILL_STATE_TIME_WAIT,
     BLOCK,
     true,
     {FLAGS(TCP_ACK), .without_timestamp = true},
     RILL_DROP_TCP_NO_TIMESTAMP},
    {"TIME-WAIT block: PAWS",
     RILL_STATE_TIME_WAIT,
     BLOCK,
     true,
     {FLAGS(TCP_ACK), .timestamp_shift = -100000},
     RILL_DROP_TCP_PAWS},
};

static void walk(const struct row *row, struct peer_setup setup)
{
    uint64_t before[RILL_DROP_KINDS], sent;
    struct peer_packet packet = row->packet;
    struct peer p;

    setup.passive = row->how == PASSIVE;
    setup.timestamps = row->timestamps;
    peer_open(&p, &setup);
    p.what = row->what;
    if (row->how == BLOCK)
        peer_reach_time_wait_block(&p);
    else
        peer_reach(&p, row->state);
    expect_state(&p, row->state);
    packet.seq += row->state == RILL_STATE_SYN_SENT ? 0 : p.rcv_nxt;
    packet.ack += p.snd_nxt;
    for (unsigned i = 0; i < RILL_DROP_KINDS; i++)
        before[i] = rill_drops(p.stack, (enum rill_drop)i);
    peer_forget(&p);
    sent = rill_counted(p.stack, RILL_COUNT_TCP_SEGMENTS_OUT);
    peer_send_packet(&p, &packet);
    if (rill_counted(p.stack, RILL_COUNT_TCP_SEGMENTS_OUT) - sent != p.sent_count - p.sent_first)
        fail_msg("%s: the answers were not counted as they were sent", row->what);
    for (unsigned i = 0; i < RILL_DROP_KINDS; i++)
        if (rill_drops(p.stack, (enum rill_drop)i) != before[i] + (i == (unsigned)row->reason))
            fail_msg("%s: drop counter %u rose from %u to %u", row->what, i, (unsigned)before[i],
                     (unsigned)rill_drops(p.stack, (enum rill_drop)i));
    peer_close(&p);
}

static void each_drop_is_counted_under_its_name_and_each_answer_too(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        walk(&rows[i], (struct peer_setup){0});
        walk(&rows[i], peer_corner(i));
    }
}

static void a_syn_that_reopens_time_wait_is_taken_once_and_not_dropped(void **state)
{
    struct peer_setup setup = {.passive = true};
    uint64_t before[RILL_DROP_KINDS];
    struct peer p;
    uint32_t seq;

    (void)state;
    peer_open(&p, &setup);
    peer_reach(&p, RILL_STATE_TIME_WAIT);
    seq = p.rcv_nxt + 100;
    for (unsigned i = 0; i < RILL_DROP_KINDS; i++)
        before[i] = rill_drops(p.stack, (enum rill_drop)i);
    peer_send(&p, TCP_SYN, seq, 0, 0);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, seq + 1, 0);
    expect_nothing(&p);
    expect_state(&p, RILL_STATE_SYN_RECEIVED);
    for (unsigned i = 0; i < RILL_DROP_KINDS; i++)
        assert_int_equal(rill_drops(p.stack, (enum rill_drop)i), before[i]);
    peer_close(&p);
}

static void a_syn_again_in_syn_received_is_answered_and_not_dropped(void **state)
{
    uint64_t before[RILL_DROP_KINDS];
    struct peer p;

    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_SYN_RECEIVED);
    for (unsigned i = 0; i < RILL_DROP_KINDS; i++)
        before[i] = rill_drops(p.stack, (enum rill_drop)i);
    peer_send(&p, TCP_SYN, 0, 0, 0);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    expect_nothing(&p);
    for (unsigned i = 0; i < RILL_DROP_KINDS; i++)
        assert_int_equal(rill_drops(p.stack, (enum rill_drop)i), before[i]);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_CHALLENGE_ACKS), 0);
    peer_close(&p);
}

static void a_refused_open_is_counted_as_a_failed_one(void **state)
{
    struct peer p;

    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_SYN_SENT);
    peer_send(&p, TCP_RST | TCP_ACK, 0, 1, 0);
    expect_state(&p, RILL_STATE_CLOSED);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_FAILED_OPENS), 1);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_drop_is_counted_under_its_name_and_each_answer_too),
        cmocka_unit_test(a_syn_that_reopens_time_wait_is_taken_once_and_not_dropped),
        cmocka_unit_test(a_syn_again_in_syn_received_is_answered_and_not_dropped),
        cmocka_unit_test(a_refused_open_is_counted_as_a_failed_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
