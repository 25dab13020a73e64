/*
 * TIME-WAIT: segments that arrive (RFC 9293 3.10.7.4, RFC 1337, RFC 6191),
 * while the application still holds its handle and, as a small block, after.
 */
#include "support/segment_rows.h"

#define STATE RILL_STATE_TIME_WAIT

/* Every row for both kinds of block. */
#define BOTH(name, with, variants, fact)                                                                               \
    ROW(name, STATE, with, variants, fact), ROW(name " (block)", STATE, (with) | TIME_WAIT_BLOCK, variants, fact)

static void rst_is_ignored(struct peer *p, unsigned variant)
{
    const uint32_t offsets[] = {0, 1, p->rcv_wnd - 1, p->rcv_wnd + 1, UINT32_MAX};

    peer_send(p, variant % 2 != 0 ? TCP_RST | TCP_ACK : TCP_RST, p->rcv_nxt + offsets[variant / 2], p->snd_nxt, 0);
    expect_unmoved(p, STATE);
}

static void ack_does_not_restart_2_msl(struct peer *p, unsigned variant)
{
    (void)variant;
    peer_advance(p, 30000);
    peer_send(p, TCP_ACK, p->rcv_nxt, p->snd_nxt, 0);
    expect_unmoved(p, STATE);
    peer_advance(p, 29999);
    expect_unmoved(p, STATE);
    peer_advance(p, 2);
    expect_state(p, p->setup.passive ? RILL_STATE_LISTEN : RILL_STATE_CLOSED);
    if (p->conn != 0)
        expect_event(p, p->conn, RILL_CLOSED);
    expect_no_event(p);
    expect_nothing(p);
}

static void fin_again_restarts_2_msl(struct peer *p, unsigned variant)
{
    (void)variant;
    peer_advance(p, 30000);
    peer_send(p, TCP_ACK | TCP_FIN, p->rcv_nxt - 1, p->snd_nxt, 0);
    expect_ack(p, p->rcv_nxt);
    expect_unmoved(p, STATE);
    peer_advance(p, 59999);
    expect_unmoved(p, STATE);
    peer_advance(p, 2);
    expect_state(p, p->setup.passive ? RILL_STATE_LISTEN : RILL_STATE_CLOSED);
}

/* RFC 6191 2, RFC 9293 3.6.1 MAY-2: a larger sequence number, or a later timestamp whatever the sequence number. */
static void newer_syn_opens_a_new_incarnation(struct peer *p, unsigned variant)
{
    struct peer_packet syn = {.flags = TCP_SYN, .seq = p->rcv_nxt + 1};
    uint32_t old_snd_nxt = p->iss + p->snd_nxt;

    if (p->setup.timestamps) {
        peer_advance(p, 10);
        syn.seq = variant == 0 ? p->rcv_nxt + 1 : p->rcv_nxt - 1000;
    } else if (variant == 1) {
        syn.with_timestamp = true; /* the old incarnation had none */
        syn.seq = p->rcv_nxt - 1000;
    }
    p->isn += syn.seq;
    syn.seq = 0;
    peer_send_packet(p, &syn);
    expect_segment(p, TCP_SYN | TCP_ACK, 0, 1, 0);
    if (p->conn != 0) /* the application holds the old one's handle: it is told */
        expect_event(p, p->conn, RILL_CLOSED);
    assert_true(seq_after(seq_make(p->iss), seq_make(old_snd_nxt)));
    expect_unmoved(p, RILL_STATE_SYN_RECEIVED);
    assert_int_equal(rill_counted(p->stack, RILL_COUNT_TCP_TIME_WAIT_REUSED), 1);
    peer_send(p, TCP_ACK, 1, 1, 0);
    expect_event(p, p->listener, RILL_ACCEPTABLE);
    expect_unmoved(p, RILL_STATE_ESTABLISHED);
}

static void older_syn_is_silently_dropped(struct peer *p, unsigned variant)
{
    struct peer_packet syn = {.flags = TCP_SYN, .seq = p->rcv_nxt - variant, .timestamp_shift = -31000};

    peer_advance(p, 30000);
    peer_send_packet(p, &syn);
    expect_unmoved(p, STATE);
    peer_advance(p, 30001); /* and 2 MSL were not restarted */
    expect_state(p, RILL_STATE_LISTEN);
}

static void syn_with_nobody_listening_is_silently_dropped(struct peer *p, unsigned variant)
{
    (void)variant;
    peer_send(p, TCP_SYN, p->rcv_nxt + 100, 0, 0);
    expect_unmoved(p, STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH("ST-289 ST-290 ST-291 rst_is_ignored", 0, 10, rst_is_ignored),
        ROW("ST-292 newer_syn_opens_a_new_incarnation", STATE, TIME_WAIT_BLOCK | ONLY_PASSIVE, 2,
            newer_syn_opens_a_new_incarnation),
        ROW("ST-292 newer_timestamp_opens_a_new_incarnation", STATE, TIME_WAIT_BLOCK | ONLY_PASSIVE | WITH_TIMESTAMPS,
            2, newer_syn_opens_a_new_incarnation),
        ROW("ST-292 newer_syn_opens_a_new_incarnation (handle held)", STATE, ONLY_PASSIVE, 2,
            newer_syn_opens_a_new_incarnation),
        BOTH("ST-293 syn_of_older_sequence_is_silently_dropped", ONLY_PASSIVE, 3, older_syn_is_silently_dropped),
        BOTH("ST-293 syn_of_older_time_is_silently_dropped", ONLY_PASSIVE | WITH_TIMESTAMPS, 1,
             older_syn_is_silently_dropped),
        BOTH("ST-293 syn_with_nobody_listening_is_silently_dropped", ONLY_ACTIVE, 1,
             syn_with_nobody_listening_is_silently_dropped),
        BOTH("ST-294 old_timestamp_is_acknowledged_and_dropped", WITH_TIMESTAMPS, 2,
             old_timestamp_is_acknowledged_and_dropped),
        BOTH("ST-295 missing_timestamp_is_silently_dropped", WITH_TIMESTAMPS, 1, missing_timestamp_is_silently_dropped),
        BOTH("ST-296 segment_without_ack_is_dropped", 0, 1, segment_without_ack_is_dropped),
        BOTH("ST-297 ST-307 ack_does_not_restart_2_msl", 0, 1, ack_does_not_restart_2_msl),
        BOTH("ST-298 old_ack_is_ignored", 0, 1, old_ack_is_ignored),
        BOTH("ST-299 too_old_ack_is_challenged", 0, 2, too_old_ack_is_challenged),
        BOTH("ST-300 ack_of_unsent_data_is_answered", 0, 2, ack_of_unsent_data_is_answered),
        ROW("ST-301 data_after_fin_is_ignored", STATE, 0, 1, data_after_fin_is_ignored),
        ROW("ST-301 data_after_fin_is_ignored (block)", STATE, TIME_WAIT_BLOCK, 1, data_after_fin_is_ignored),
        BOTH("ST-302 data_before_fin_again_is_acknowledged", 0, 1, data_before_fin_again_is_acknowledged),
        BOTH("ST-303 data_beyond_window_is_acknowledged", 0, 2, data_beyond_window_is_acknowledged),
        BOTH("ST-304 fin_again_is_acknowledged", 0, 1, fin_again_is_acknowledged),
        BOTH("ST-304 fin_again_restarts_2_msl", 0, 1, fin_again_restarts_2_msl),
        BOTH("ST-012 bad_checksum_is_dropped", 0, 1, bad_checksum_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
