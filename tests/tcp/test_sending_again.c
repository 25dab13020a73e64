/* What goes again, and how it is cut: runs of lost records, the room that options take, what held the sender back. */
#include "support/tcp_peer.h"
#include "tcp/inside.h"
#include "tcp/output.h"
#include "tcp/rack.h"
#include "tcp/scoreboard.h"
#include "tcp/send_queue.h"

#define MSS 1000u

static void sixty_segments_of_reno(struct rill_config *config)
{
    config->congestion_control = "reno";
    config->initial_window_segments = 60;
}

static void choose_reno(struct rill_config *config)
{
    config->congestion_control = "reno";
}

static struct rill_status status_of(struct peer *p)
{
    struct rill_status status;

    expect_status_of(p, p->conn, &status);
    return status;
}

/* RFC 7661 4.3 asks what held the sender back: what waits to go again is held back by cwnd, too. */
static void R5681_6_the_window_grows_while_what_was_lost_waits_for_it(void **state)
{
    uint32_t cwnd_at_ssthresh = 30 * MSS;
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.mss = MSS, .send_buffer_bytes = 1u << 18, .configure = sixty_segments_of_reno});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(peer_user_send(&p, 60 * MSS), 60 * MSS);
    peer_advance(&p, 200);
    for (uint32_t i = 1; i <= 29; i++) /* slow start from one segment to half the flight */
        peer_send(&p, TCP_ACK, 1, 1 + i * MSS, 0);
    assert_int_equal(status_of(&p).ssthresh_bytes, cwnd_at_ssthresh);
    assert_int_equal(status_of(&p).cwnd_bytes, cwnd_at_ssthresh);
    for (uint32_t i = 30; i <= 59; i++) {
        peer_forget(&p);
        peer_send(&p, TCP_ACK, 1, 1 + i * MSS, 0);
    }
    assert_int_equal(status_of(&p).cwnd_bytes, cwnd_at_ssthresh + MSS);
    peer_close(&p);
}

/* RFC 9293 3.7.1: options of some segments only take their room from the payload. */
static void R2018_5_blocks_that_ride_on_text_leave_no_small_segment_behind_it(void **state)
{
    struct peer p;
    uint32_t at = 1;
    (void)state;
    peer_open(&p,
              &(struct peer_setup){.mss = MSS, .sack = true, .send_buffer_bytes = 1u << 18, .configure = choose_reno});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_send(&p, TCP_ACK, 101, 1, 100); /* a gap */
    peer_forget(&p);
    assert_int_equal(peer_user_send(&p, 20 * MSS), 20 * MSS);
    assert_int_equal(p.sent_count, 10);
    for (unsigned i = 0; i < 10; i++) {
        expect_segment(&p, TCP_ACK, at, 1, MSS - 12);
        at += MSS - 12;
    }
    peer_close(&p);
}

static void R2018_5_what_goes_again_with_blocks_is_cut_to_leave_room_for_them(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p,
              &(struct peer_setup){.mss = MSS, .sack = true, .send_buffer_bytes = 1u << 18, .configure = choose_reno});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(peer_user_send(&p, 10 * MSS), 10 * MSS);
    peer_send(&p, TCP_ACK, 101, 1, 100);
    peer_forget(&p);
    while (p.sent_count == 0 || p.sent[p.sent_first].seq != 1) {
        peer_forget(&p);
        peer_advance(&p, 10);
    }
    expect_segment(&p, TCP_ACK, 1, 1, MSS - 12);
    expect_nothing(&p);
    peer_close(&p);
}

/* `count` segments of 100 bytes, a record each, all but the first lost. */
static struct sent *small_ones(struct inside *in, unsigned count)
{
    static const uint8_t text[100];
    struct rill_train train;
    struct sent *record;

    inside_configure(in, 4u << 20);
    inside_open(in, 1000, 7000, 1u << 20);
    in->tcb->flags |= TCB_SACK | TCB_NODELAY;
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(rill_send(in->stack, in->conn, text, sizeof text, 0), sizeof text);
        assert_true(output_next(in->tcp, in->tcb, &train));
    }
    record = scoreboard_find(in->tcp, in->tcb, seq_add(in->tcb->snd_una, 100));
    for (struct sent *lost = record; lost != NULL; lost = sent_at(in->tcp, lost->span.next))
        scoreboard_lost(in->tcp, in->tcb, lost, lost->span.end);
    return record;
}

static void lost_segments_that_may_not_go_yet_can_still_be_sacked_one_by_one(void **state)
{
    struct ack_sample sample = {0};
    struct rill_train train;
    struct inside in;
    struct seq third;
    (void)state;
    (void)small_ones(&in, 4);
    third = seq_add(in.tcb->snd_una, 200);
    in.tcb->cwnd = 1; /* what is in flight fills it */
    assert_false(output_next(in.tcp, in.tcb, &train));
    assert_true(scoreboard_sacked(in.tcp, in.tcb, third, seq_add(third, 100), &sample));
    assert_int_equal(sender_at(in.tcp, in.tcb)->board.sacked_bytes, 100);
    assert_true(scoreboard_check(in.tcp, in.tcb));
    inside_close(&in);
}

static void R5682_1_pacing_puts_the_new_data_of_step_2_off_and_does_not_end_it(void **state)
{
    static const uint8_t text[MSS];
    struct rill_train train;
    struct sender *sender;
    struct inside in;
    (void)state;
    (void)small_ones(&in, 4);
    sender = sender_at(in.tcp, in.tcb);
    sender->high_seq = in.tcb->snd_nxt;
    sender->frto = FRTO_NEW_DATA;
    sender->pace_at = tcp_host(in.tcp)->now + NANOS_PER_MS;
    assert_int_equal(rill_send(in.stack, in.conn, text, MSS, 0), MSS);
    assert_false(output_next(in.tcp, in.tcb, &train));
    sender->pacing_waits = false; /* what the timer does */
    tcp_host(in.tcp)->now += NANOS_PER_MS;
    assert_true(output_next(in.tcp, in.tcb, &train));
    assert_true(seq_equal(in.tcb->snd_nxt, seq_add(sender->high_seq, MSS)));
    inside_close(&in);
}

static void small_lost_segments_go_again_as_one(void **state)
{
    struct rill_train train;
    struct inside in;
    (void)state;
    (void)small_ones(&in, 5);
    assert_true(output_next(in.tcp, in.tcb, &train));
    assert_int_equal(train.payload_bytes, 400);
    assert_false(output_next(in.tcp, in.tcb, &train));
    assert_true(scoreboard_check(in.tcp, in.tcb));
    inside_close(&in);
}

/* What is more than a segment stays as it was: its last sending is not that of what goes now. */
static void a_run_of_lost_segments_is_gathered_up_to_one_segment(void **state)
{
    struct rill_train train;
    struct sent *rest;
    struct inside in;
    (void)state;
    (void)small_ones(&in, 14);
    tcp_host(in.tcp)->now += NANOS_PER_MS;
    in.tcb->cwnd = MSS + 100;
    assert_true(output_next(in.tcp, in.tcb, &train));
    assert_int_equal(train.payload_bytes, MSS);
    rest = scoreboard_find(in.tcp, in.tcb, seq_add(in.tcb->snd_una, 100 + MSS));
    assert_int_equal(rest->flags & SENT_LOST, SENT_LOST);
    assert_int_equal(sent_bytes(rest), 100);
    assert_int_equal(host_us_since(tcp_host(in.tcp), rest->sent_us), 1000);
    assert_true(scoreboard_check(in.tcp, in.tcb));
    inside_close(&in);
}

static void a_run_counts_what_follows_on_a_lost_record_up_to_what_is_wanted(void **state)
{
    struct inside in;
    struct sent *record, *last;
    (void)state;
    record = small_ones(&in, 30);
    assert_int_equal(scoreboard_lost_run(in.tcp, record, 50), 100);
    assert_int_equal(scoreboard_lost_run(in.tcp, record, 250), 300);
    assert_int_equal(scoreboard_lost_run(in.tcp, record, 10000), 10000); /* more than a short walk tells */
    last = scoreboard_find(in.tcp, in.tcb, seq_sub(in.tcb->snd_nxt, 200));
    assert_int_equal(scoreboard_lost_run(in.tcp, last, 10000), 200);
    inside_close(&in);
}

/* The place of a lost record in the list is found by a short walk, and that of the first one matters. */
static void R6298_10_the_first_segment_goes_first_in_whatever_order_losses_were_found(void **state)
{
    static const uint8_t text[100];
    struct ack_sample sample = {0};
    struct rill_train train;
    struct inside in;
    struct seq una;
    (void)state;
    inside_configure(&in, 4u << 20);
    inside_open(&in, 1000, 7000, 1u << 20);
    in.tcb->flags |= TCB_SACK | TCB_NODELAY;
    for (unsigned i = 0; i < 80; i++) {
        assert_int_equal(rill_send(in.stack, in.conn, text, sizeof text, 0), sizeof text);
        assert_true(output_next(in.tcp, in.tcb, &train));
    }
    una = in.tcb->snd_una;
    for (uint32_t i = 2; i <= 66; i += 2) {
        struct sent *record = scoreboard_find(in.tcp, in.tcb, seq_add(una, (i == 66 ? 35 : i) * 100));

        scoreboard_lost(in.tcp, in.tcb, record, record->span.end);
    }
    una = seq_add(una, 1800);
    scoreboard_acked(in.tcp, in.tcb, una, &sample);
    send_queue_acked(in.tcp, in.tcb, 1800);
    in.tcb->snd_una = una;
    in.tcb->cwnd = 100;
    sender_at(in.tcp, in.tcb)->first_due = true;
    assert_true(scoreboard_check(in.tcp, in.tcb));
    assert_true(output_next(in.tcp, in.tcb, &train));
    assert_int_equal(scoreboard_find(in.tcp, in.tcb, una)->flags & (SENT_AGAIN | SENT_LOST), SENT_AGAIN);
    inside_close(&in);
}

/* RFC 2018 3, RFC 6675: a FIN that goes with text is no segment more. */
static void a_fin_counts_as_a_segment_only_when_it_is_alone(void **state)
{
    struct ack_sample sample = {0};
    static const uint8_t text[MSS];
    struct rill_train train;
    struct inside in;
    (void)state;
    inside_configure(&in, 4u << 20);
    inside_open(&in, 1000, 7000, 1u << 20);
    in.tcb->flags |= TCB_SACK;
    assert_int_equal(rill_send(in.stack, in.conn, text, MSS, RILL_SEND_MORE), MSS);
    assert_int_equal(rill_shutdown(in.stack, in.conn), 0);
    assert_true(output_next(in.tcp, in.tcb, &train));
    assert_int_equal(train.payload_bytes, MSS);
    assert_int_equal(in.tcb->flags & TCB_FIN_SENT, TCB_FIN_SENT);
    assert_true(scoreboard_sacked(in.tcp, in.tcb, in.tcb->snd_una, in.tcb->snd_nxt, &sample));
    assert_int_equal(sender_at(in.tcp, in.tcb)->board.sacked_segments, 1);
    inside_close(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R5681_6_the_window_grows_while_what_was_lost_waits_for_it),
        cmocka_unit_test(R2018_5_blocks_that_ride_on_text_leave_no_small_segment_behind_it),
        cmocka_unit_test(R2018_5_what_goes_again_with_blocks_is_cut_to_leave_room_for_them),
        cmocka_unit_test(R5682_1_pacing_puts_the_new_data_of_step_2_off_and_does_not_end_it),
        cmocka_unit_test(lost_segments_that_may_not_go_yet_can_still_be_sacked_one_by_one),
        cmocka_unit_test(small_lost_segments_go_again_as_one),
        cmocka_unit_test(a_run_of_lost_segments_is_gathered_up_to_one_segment),
        cmocka_unit_test(a_run_counts_what_follows_on_a_lost_record_up_to_what_is_wanted),
        cmocka_unit_test(R6298_10_the_first_segment_goes_first_in_whatever_order_losses_were_found),
        cmocka_unit_test(a_fin_counts_as_a_segment_only_when_it_is_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
