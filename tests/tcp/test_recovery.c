/* Loss found by duplicate ACKs (RFC 5681, 6582, 3042) and by the timer. No SACK: NewReno alone. */
#include "support/tcp_peer.h"

#define MSS 1000u

static void choose_reno(struct rill_config *config)
{
    config->congestion_control = "reno";
}

/* `segments` in flight from byte 1, of which the peer has acknowledged nothing; `unsent` more bytes wait. */
static void in_flight(struct peer *p, uint32_t segments, uint32_t unsent)
{
    uint32_t una = 1;

    peer_open(p, &(struct peer_setup){.mss = MSS, .send_buffer_bytes = 1u << 18, .configure = choose_reno});
    peer_reach(p, RILL_STATE_ESTABLISHED);
    assert_int_equal(segments, 10); /* the initial window: cwnd is 10 segments and full */
    assert_int_equal(peer_user_send(p, segments * MSS + unsent), segments * MSS + unsent);
    assert_int_equal(p->snd_nxt, una + segments * MSS);
    peer_forget(p);
}

static struct rill_status status_of(struct peer *p)
{
    struct rill_status status;

    expect_status_of(p, p->conn, &status);
    return status;
}

static void duplicate_acks(struct peer *p, uint32_t ack, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        peer_send(p, TCP_ACK, 1, ack, 0);
}

static void R5681_11_the_third_duplicate_ack_sends_the_first_segment_again(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, 10, 0);
    duplicate_acks(&p, 1, 2);
    expect_nothing(&p);
    duplicate_acks(&p, 1, 1);
    expect_segment(&p, TCP_ACK, 1, 1, MSS);
    expect_nothing(&p);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_FAST_RETRANSMITS), 1);
    peer_close(&p);
}

static void R5681_11_duplicate_acks_are_counted_from_the_last_new_one(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, 10, 0);
    duplicate_acks(&p, 1, 2);
    peer_send(&p, TCP_ACK, 1, 1 + MSS, 0);
    duplicate_acks(&p, 1 + MSS, 2);
    expect_nothing(&p);
    duplicate_acks(&p, 1 + MSS, 1);
    expect_segment(&p, TCP_ACK, 1 + MSS, 1, MSS);
    peer_close(&p);
}

struct losses {
    unsigned count;
    uint64_t what[8];
};

static void note_loss(void *context, const struct rill_trace_event *event)
{
    struct losses *losses = context;

    if (event->type == RILL_TRACE_LOSS && losses->count < 8)
        losses->what[losses->count++] = event->a;
}

static void recovery_is_traced_from_its_beginning_to_its_end(void **state)
{
    struct losses losses = {0};
    struct peer p;
    (void)state;
    in_flight(&p, 10, 0);
    rill_trace(p.stack, note_loss, &losses);
    duplicate_acks(&p, 1, 3);
    peer_send(&p, TCP_ACK, 1, 1 + 5 * MSS, 0);
    peer_send(&p, TCP_ACK, 1, 1 + 10 * MSS, 0);
    assert_int_equal(losses.count, 3);
    assert_int_equal(losses.what[0], RILL_LOSS_DUPLICATE_ACKS);
    assert_int_equal(losses.what[1], RILL_LOSS_PARTIAL_ACK);
    assert_int_equal(losses.what[2], RILL_LOSS_RECOVERED);
    peer_close(&p);
}

static void R3042_1_the_first_two_duplicate_acks_let_one_new_segment_out_each(void **state)
{
    struct peer p;
    uint32_t cwnd;
    (void)state;
    in_flight(&p, 10, 10 * MSS);
    cwnd = status_of(&p).cwnd_bytes;
    duplicate_acks(&p, 1, 1);
    expect_segment(&p, TCP_ACK, 1 + 10 * MSS, 1, MSS);
    expect_nothing(&p);
    duplicate_acks(&p, 1, 1);
    expect_segment(&p, TCP_ACK, 1 + 11 * MSS, 1, MSS);
    expect_nothing(&p);
    assert_int_equal(status_of(&p).cwnd_bytes, cwnd); /* R3042-2 */
    peer_close(&p);
}

static void R5681_12_R6937_1_recovery_leads_the_window_to_half_the_flight(void **state)
{
    struct peer p;
    uint32_t ssthresh;
    (void)state;
    in_flight(&p, 10, 10 * MSS);
    duplicate_acks(&p, 1, 2);
    peer_forget(&p); /* limited transmit */
    duplicate_acks(&p, 1, 1);
    expect_segment(&p, TCP_ACK, 1, 1, MSS);
    expect_nothing(&p);
    ssthresh = status_of(&p).ssthresh_bytes;
    assert_in_range(ssthresh, 5 * MSS, 6 * MSS);
    for (uint32_t i = 0; i < 6; i++) { /* six more have left: three or so replace them */
        duplicate_acks(&p, 1, 1);
        assert_true(status_of(&p).flight_bytes <= status_of(&p).cwnd_bytes);
    }
    assert_in_range(p.sent_count, 2, 4);
    peer_forget(&p);
    peer_send(&p, TCP_ACK, 1, p.snd_nxt, 0);
    assert_true(status_of(&p).cwnd_bytes <= ssthresh + MSS);
    peer_close(&p);
}

static void R6582_4_a_full_ack_ends_recovery_at_ssthresh(void **state)
{
    struct peer p;
    struct rill_status status;
    (void)state;
    in_flight(&p, 10, 0);
    duplicate_acks(&p, 1, 9);
    peer_forget(&p);
    peer_send(&p, TCP_ACK, 1, 1 + 10 * MSS, 0);
    status = status_of(&p);
    assert_true(status.cwnd_bytes <= status.ssthresh_bytes);
    assert_int_equal(status.ssthresh_bytes, 5 * MSS);
    assert_int_equal(status.flight_bytes, 0);
    peer_close(&p);
}

static void R6582_2_a_partial_ack_sends_the_next_hole_at_once(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, 10, 0); /* segments 0, 4 and 7 were lost */
    duplicate_acks(&p, 1, 7);
    expect_segment(&p, TCP_ACK, 1, 1, MSS);
    expect_nothing(&p);
    peer_send(&p, TCP_ACK, 1, 1 + 4 * MSS, 0);
    expect_segment(&p, TCP_ACK, 1 + 4 * MSS, 1, MSS);
    expect_nothing(&p);
    peer_send(&p, TCP_ACK, 1, 1 + 7 * MSS, 0);
    expect_segment(&p, TCP_ACK, 1 + 7 * MSS, 1, MSS);
    expect_nothing(&p);
    peer_send(&p, TCP_ACK, 1, 1 + 10 * MSS, 0);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_FAST_RETRANSMITS), 1);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_RTO_FIRED), 0);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_RETRANSMITTED), 3);
    peer_close(&p);
}

static void R5681_13_only_empty_acks_with_the_same_window_are_duplicates(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, 10, 0);
    for (unsigned i = 0; i < 10; i++) /* window updates */
        p.window = (uint16_t)(60000 + i), peer_send(&p, TCP_ACK, 1, 1, 0);
    expect_nothing(&p);
    for (unsigned i = 0; i < 10; i++) /* data */
        peer_send(&p, TCP_ACK, 1 + i, 1, 1);
    peer_advance(&p, 50);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_FAST_RETRANSMITS), 0);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_RETRANSMITTED), 0);
    peer_close(&p);
}

static void R5681_13_a_fin_is_no_duplicate_ack(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, 10, 0);
    duplicate_acks(&p, 1, 2);
    peer_send(&p, TCP_FIN | TCP_ACK, 1, 1, 0);
    expect_ack(&p, 2);
    expect_nothing(&p);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_FAST_RETRANSMITS), 0);
    peer_close(&p);
}

static void R5681_13_nothing_outstanding_means_no_duplicates(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, 10, 0);
    peer_send(&p, TCP_ACK, 1, 1 + 10 * MSS, 0);
    duplicate_acks(&p, 1 + 10 * MSS, 5);
    expect_nothing(&p);
    peer_close(&p);
}

static void MUST_19_R5681_7_R6298_10_a_timeout_goes_back_to_one_segment(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, 10, 5 * MSS);
    peer_advance(&p, 200);
    expect_segment(&p, TCP_ACK, 1, 1, MSS);
    expect_nothing(&p);
    assert_int_equal(status_of(&p).cwnd_bytes, MSS);
    assert_int_equal(status_of(&p).ssthresh_bytes, 5 * MSS);
    peer_close(&p);
}

static void MUST_19_after_a_timeout_what_was_sent_goes_again_in_slow_start(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, 10, 0); /* with unsent data the first two segments would be new ones: F-RTO */
    peer_advance(&p, 200);
    peer_forget(&p);
    peer_send(&p, TCP_ACK, 1, 1 + MSS, 0);
    expect_segment(&p, TCP_ACK, 1 + MSS, 1, MSS);
    expect_segment(&p, TCP_ACK, 1 + 2 * MSS, 1, MSS);
    expect_nothing(&p);
    peer_send(&p, TCP_ACK, 1, 1 + 3 * MSS, 0);
    for (uint32_t i = 3; i < 6; i++) /* RFC 5681 equation 2: one SMSS for an ACK, however much it covers */
        expect_segment(&p, TCP_ACK, 1 + i * MSS, 1, MSS);
    expect_nothing(&p);
    peer_close(&p);
}

static void R5681_7_the_second_timeout_of_a_segment_leaves_ssthresh(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, 10, 0);
    peer_advance(&p, 200);
    peer_advance(&p, 400);
    assert_int_equal(status_of(&p).ssthresh_bytes, 5 * MSS);
    peer_close(&p);
}

/* R6582-5 */
static void R6582_1_duplicate_acks_of_what_a_timeout_sent_again_start_no_recovery(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, 10, 0);
    peer_advance(&p, 200);
    peer_send(&p, TCP_ACK, 1, 1 + 2 * MSS, 0);
    peer_forget(&p);
    duplicate_acks(&p, 1 + 2 * MSS, 6);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_FAST_RETRANSMITS), 0);
    peer_close(&p);
}

static void R5681_16_a_lost_retransmission_is_found_by_the_timer_and_reduces_again(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, 10, 0);
    duplicate_acks(&p, 1, 9);
    peer_forget(&p);
    peer_advance(&p, 200);
    expect_segment(&p, TCP_ACK, 1, 1, MSS);
    expect_nothing(&p);
    assert_int_equal(status_of(&p).cwnd_bytes, MSS);
    peer_close(&p);
}

static void R5681_14_after_idleness_no_more_than_the_restart_window_leaves(void **state)
{
    struct peer p;
    uint32_t sent = 1;
    (void)state;
    in_flight(&p, 10, 40 * MSS);
    while (p.snd_nxt > sent) { /* all of it acknowledged: cwnd has grown */
        sent = p.snd_nxt;
        peer_forget(&p);
        peer_send(&p, TCP_ACK, 1, sent, 0);
    }
    assert_true(status_of(&p).cwnd_bytes > 20 * MSS);
    peer_advance(&p, 10000);
    peer_forget(&p);
    assert_int_equal(peer_user_send(&p, 40 * MSS), 40 * MSS);
    assert_int_equal(p.sent_count, 10);
    peer_close(&p);
}

static void R5681_3_the_handshake_does_not_grow_the_window(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.mss = MSS, .passive = true});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(status_of(&p).cwnd_bytes, 10 * MSS);
    peer_close(&p);
}

static void R3042_2_limited_transmit_is_not_in_the_flight_that_is_halved(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, 10, 10 * MSS);
    duplicate_acks(&p, 1, 3);
    assert_int_equal(status_of(&p).ssthresh_bytes, 5 * MSS);
    peer_close(&p);
}

/* RFC 6582 3.2 step 2: "covers more than recover". At exactly recover they may still be echoes of what was resent. */
static void R6582_1_an_ack_of_exactly_recover_is_not_more_than_recover(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, 10, 0);
    peer_advance(&p, 200); /* recover = SND.NXT - 1 */
    peer_send(&p, TCP_ACK, 1, 1 + 10 * MSS, 0);
    assert_int_equal(peer_user_send(&p, 3 * MSS), 3 * MSS);
    peer_forget(&p);
    duplicate_acks(&p, 1 + 10 * MSS, 3);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_FAST_RETRANSMITS), 0);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R5681_11_the_third_duplicate_ack_sends_the_first_segment_again),
        cmocka_unit_test(R3042_1_the_first_two_duplicate_acks_let_one_new_segment_out_each),
        cmocka_unit_test(R5681_12_R6937_1_recovery_leads_the_window_to_half_the_flight),
        cmocka_unit_test(R6582_4_a_full_ack_ends_recovery_at_ssthresh),
        cmocka_unit_test(R6582_2_a_partial_ack_sends_the_next_hole_at_once),
        cmocka_unit_test(R5681_13_only_empty_acks_with_the_same_window_are_duplicates),
        cmocka_unit_test(R5681_13_a_fin_is_no_duplicate_ack),
        cmocka_unit_test(R5681_13_nothing_outstanding_means_no_duplicates),
        cmocka_unit_test(MUST_19_R5681_7_R6298_10_a_timeout_goes_back_to_one_segment),
        cmocka_unit_test(MUST_19_after_a_timeout_what_was_sent_goes_again_in_slow_start),
        cmocka_unit_test(R5681_7_the_second_timeout_of_a_segment_leaves_ssthresh),
        cmocka_unit_test(R6582_1_duplicate_acks_of_what_a_timeout_sent_again_start_no_recovery),
        cmocka_unit_test(R5681_16_a_lost_retransmission_is_found_by_the_timer_and_reduces_again),
        cmocka_unit_test(R5681_14_after_idleness_no_more_than_the_restart_window_leaves),
        cmocka_unit_test(R5681_3_the_handshake_does_not_grow_the_window),
        cmocka_unit_test(R3042_2_limited_transmit_is_not_in_the_flight_that_is_halved),
        cmocka_unit_test(R6582_1_an_ack_of_exactly_recover_is_not_more_than_recover),
        cmocka_unit_test(R5681_11_duplicate_acks_are_counted_from_the_last_new_one),
        cmocka_unit_test(recovery_is_traced_from_its_beginning_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
