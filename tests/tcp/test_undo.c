/*
 * Second thoughts: what proves that nothing was lost, what does not, and that the window is then what it was: exactly,
 * and once (RFC 3522 with RFC 4015, RFC 2883 with RFC 3708, RFC 5682).
 */
#include "stack/stack.h"
#include "support/tcp_peer.h"
#include "tcp/connection.h"
#include "tcp/recovery.h"

#define MSS 1000u
#define CWND (8 * MSS)

static void choose_reno(struct rill_config *config)
{
    config->congestion_control = "reno";
}

static struct tcb *tcb_of(struct peer *p)
{
    return connection_from_handle(&p->stack->tcp, p->conn);
}

/* In congestion avoidance: 8 segments are in flight from byte 1, cwnd and ssthresh are that much, `unsent` bytes wait. */
static void in_flight(struct peer *p, bool sack, bool timestamps, uint32_t unsent)
{
    peer_open(p, &(struct peer_setup){.mss = timestamps ? MSS + 12 : MSS,
                                      .sack = sack,
                                      .timestamps = timestamps,
                                      .send_buffer_bytes = 1u << 18,
                                      .configure = choose_reno});
    peer_reach(p, RILL_STATE_ESTABLISHED);
    tcb_of(p)->cwnd = tcb_of(p)->ssthresh = CWND;
    assert_int_equal(peer_user_send(p, CWND + unsent), CWND + unsent);
    assert_int_equal(p->snd_nxt, 1 + CWND);
    peer_forget(p);
}

static void run_into_the_timeout(struct peer *p)
{
    while (rill_counted(p->stack, RILL_COUNT_TCP_RTO_FIRED) == 0)
        peer_advance(p, 10);
    assert_int_equal(tcb_of(p)->cwnd, MSS);
    assert_int_equal(tcb_of(p)->ssthresh, CWND / 2);
    peer_forget(p);
}

/* Segments 2 to 4 are SACKed: the first one goes again. */
static void run_into_recovery(struct peer *p)
{
    peer_advance(p, 5);
    for (uint32_t i = 2; i <= 4; i++)
        peer_sack(p, 1, 1 + MSS, 1 + i * MSS);
    expect_segment(p, TCP_ACK, 1, 1, MSS);
    assert_int_equal(tcb_of(p)->ssthresh, CWND / 2);
    peer_forget(p);
}

/* The timer fires, and the peer's next ACK answers what was sent before that. */
static void time_out_too_soon(struct peer *p)
{
    uint32_t echo;

    in_flight(p, false, true, 0);
    echo = p->stack_timestamp;
    run_into_the_timeout(p);
    p->stack_timestamp = echo;
}

/* The same with a recovery. */
static void recover_too_soon(struct peer *p)
{
    uint32_t echo;

    in_flight(p, true, true, 0);
    echo = p->stack_timestamp;
    run_into_recovery(p);
    peer_advance(p, 5);
    p->stack_timestamp = echo;
}

static void expect_window(struct peer *p, uint32_t cwnd, uint32_t ssthresh)
{
    assert_int_equal(tcb_of(p)->cwnd, cwnd);
    assert_int_equal(tcb_of(p)->ssthresh, ssthresh);
}

static unsigned mistakes(struct peer *p)
{
    return (unsigned)rill_counted(p->stack, RILL_COUNT_TCP_SPURIOUS);
}

/* ------------------------------------------------------------- Eifel */

static void R5682_3_an_ack_of_the_original_gives_back_what_a_timeout_took(void **state)
{
    struct peer p;
    (void)state;
    time_out_too_soon(&p);
    peer_send(&p, TCP_ACK, 1, 1 + MSS, 0);
    expect_window(&p, CWND, CWND);
    expect_nothing(&p); /* and what was taken for lost is on its way */
    assert_int_equal(mistakes(&p), 1);
    peer_close(&p);
}

static void an_ack_of_the_original_counts_once(void **state)
{
    struct peer p;
    (void)state;
    time_out_too_soon(&p);
    peer_send(&p, TCP_ACK, 1, 1 + MSS, 0);
    tcb_of(&p)->cwnd = 3 * MSS;
    peer_send(&p, TCP_ACK, 1, 1 + 2 * MSS, 0);
    expect_window(&p, 3 * MSS + (3 * MSS < CWND ? MSS : 0), CWND); /* slow start's own segment, and no more */
    assert_int_equal(mistakes(&p), 1);
    peer_close(&p);
}

static void an_ack_of_what_was_sent_again_gives_nothing_back(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, false, true, 0);
    run_into_the_timeout(&p);
    peer_send(&p, TCP_ACK, 1, 1 + MSS, 0); /* echoes the retransmission's stamp */
    expect_window(&p, 2 * MSS, CWND / 2);
    assert_int_equal(mistakes(&p), 0);
    peer_close(&p);
}

static void an_old_echo_on_a_duplicate_ack_is_no_witness(void **state)
{
    struct peer p;
    (void)state;
    time_out_too_soon(&p);
    peer_send(&p, TCP_ACK, 1, 1, 0);
    assert_int_equal(tcb_of(&p)->ssthresh, CWND / 2);
    assert_int_equal(mistakes(&p), 0);
    peer_close(&p);
}

static void an_ack_of_the_original_gives_back_what_a_recovery_took(void **state)
{
    struct peer p;
    (void)state;
    recover_too_soon(&p);
    peer_send(&p, TCP_ACK, 1, 1 + 4 * MSS, 0);
    expect_window(&p, CWND, CWND);
    assert_int_equal(mistakes(&p), 1);
    peer_close(&p);
}

static void a_window_that_is_larger_by_now_is_not_made_smaller(void **state)
{
    struct peer p;
    (void)state;
    time_out_too_soon(&p);
    tcb_of(&p)->cwnd = tcb_of(&p)->ssthresh = 2 * CWND;
    peer_send(&p, TCP_ACK, 1, 1 + MSS, 0);
    expect_window(&p, 2 * CWND, 2 * CWND);
    peer_close(&p);
}

/* RFC 5682 3.1: what is late may still prove to be lost. */
static void R6582_1_after_a_mistake_duplicate_acks_count_again(void **state)
{
    struct peer p;
    (void)state;
    time_out_too_soon(&p);
    peer_send(&p, TCP_ACK, 1, 1 + MSS, 0);
    for (unsigned i = 0; i < 3; i++)
        peer_send(&p, TCP_ACK, 1, 1 + MSS, 0);
    expect_segment(&p, TCP_ACK, 1 + MSS, 1, MSS);
    assert_int_equal(tcb_of(&p)->ssthresh, (CWND - MSS) / 2);
    peer_close(&p);
}

static void R6582_1_so_they_do_when_the_mistake_was_a_second_timeout(void **state)
{
    uint32_t echo;
    struct peer p;
    (void)state;
    in_flight(&p, false, true, 0);
    run_into_the_timeout(&p);
    peer_send(&p, TCP_ACK, 1, 1 + MSS, 0); /* a true loss; the next two go again */
    echo = p.stack_timestamp;
    while (rill_counted(p.stack, RILL_COUNT_TCP_RTO_FIRED) == 1)
        peer_advance(&p, 10);
    peer_forget(&p);
    p.stack_timestamp = echo;
    peer_send(&p, TCP_ACK, 1, 1 + 2 * MSS, 0);
    assert_int_equal(mistakes(&p), 1);
    for (unsigned i = 0; i < 3; i++)
        peer_send(&p, TCP_ACK, 1, 1 + 2 * MSS, 0);
    expect_segment(&p, TCP_ACK, 1 + 2 * MSS, 1, MSS);
    peer_close(&p);
}

/* RFC 4015 3.2: what a timeout within a recovery took, and not what the recovery had not taken yet. */
static void a_timeout_within_a_recovery_gives_back_the_window_that_it_was_led_to(void **state)
{
    uint32_t echo;
    struct peer p;
    (void)state;
    in_flight(&p, true, true, 4 * MSS);
    peer_advance(&p, 5);
    for (uint32_t i = 2; i <= 4; i++)
        peer_sack(&p, 1, 1 + MSS, 1 + i * MSS);
    assert_int_equal(p.sent_count, 3); /* limited transmit, and the first one again */
    assert_int_equal(tcb_of(&p)->cwnd, 7 * MSS);
    echo = p.stack_timestamp;
    while (rill_counted(p.stack, RILL_COUNT_TCP_RTO_FIRED) == 0)
        peer_advance(&p, 10);
    peer_forget(&p);
    p.stack_timestamp = echo;
    peer_send(&p, TCP_ACK, 1, 1 + CWND + 2 * MSS, 0); /* what the recovery was about has all arrived */
    assert_int_equal(mistakes(&p), 1);
    expect_window(&p, CWND / 2, CWND / 2);
    peer_close(&p);
}

/* Here segment 1 was sent again by the episode before: this one's first retransmission is segment 5. */
static void the_ack_of_what_an_older_episode_sent_again_is_no_witness(void **state)
{
    struct sender *sender;
    struct peer p;
    (void)state;
    recover_too_soon(&p);
    sender = sender_at(&p.stack->tcp, tcb_of(&p));
    sender->undo_first = seq_add(tcb_of(&p)->snd_una, 4 * MSS);
    peer_send(&p, TCP_ACK, 1, 1 + 4 * MSS, 0);
    assert_int_equal(mistakes(&p), 0);
    peer_send(&p, TCP_ACK, 1, 1 + 5 * MSS, 0); /* of an original, by its echo */
    assert_int_equal(mistakes(&p), 1);
    peer_close(&p);
}

static void an_eifel_undo_and_a_dsack_of_the_same_give_back_once(void **state)
{
    struct peer p;
    (void)state;
    recover_too_soon(&p);
    peer_send(&p, TCP_ACK, 1, 1 + CWND, 0);
    tcb_of(&p)->cwnd = tcb_of(&p)->ssthresh = 3 * MSS;
    peer_sack(&p, 1 + CWND, 1, 1 + MSS);
    expect_window(&p, 3 * MSS, 3 * MSS);
    assert_int_equal(mistakes(&p), 1);
    peer_close(&p);
}

/* ----------------------------------------------------------- D-SACK */

static void RFC_3708_all_that_went_again_came_twice(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, true, false, 0);
    run_into_recovery(&p);
    peer_send(&p, TCP_ACK, 1, 1 + CWND, 0);
    expect_window(&p, CWND / 2, CWND / 2);
    peer_sack(&p, 1 + CWND, 1, 1 + MSS);
    expect_window(&p, CWND, CWND);
    assert_int_equal(mistakes(&p), 1);
    peer_close(&p);
}

static void what_is_told_again_to_have_come_twice_gives_nothing_more(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, true, false, 0);
    run_into_recovery(&p);
    peer_send(&p, TCP_ACK, 1, 1 + CWND, 0);
    peer_sack(&p, 1 + CWND, 1, 1 + MSS);
    tcb_of(&p)->cwnd = tcb_of(&p)->ssthresh = 3 * MSS;
    peer_sack(&p, 1 + CWND, 1, 1 + MSS);
    expect_window(&p, 3 * MSS, 3 * MSS);
    assert_int_equal(mistakes(&p), 1);
    peer_close(&p);
}

/* The network may double an original as well. */
static void what_came_twice_before_anything_went_again_is_no_witness(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, true, false, 0);
    run_into_recovery(&p);
    sender_at(&p.stack->tcp, tcb_of(&p))->undo_again = 0; /* the driver has not pulled yet */
    peer_sack(&p, 1 + MSS, 1, 1 + MSS);
    assert_int_equal(tcb_of(&p)->ssthresh, CWND / 2);
    assert_int_equal(mistakes(&p), 0);
    peer_close(&p);
}

static void what_an_episode_before_sent_again_is_not_waited_for(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, true, false, 0);
    run_into_recovery(&p);
    peer_send(&p, TCP_ACK, 1, 1 + CWND, 0); /* a true loss */
    assert_int_equal(peer_user_send(&p, 4 * MSS), 4 * MSS);
    peer_advance(&p, 5);
    peer_forget(&p);
    for (uint32_t i = 2; i <= 4; i++)
        peer_sack(&p, 1 + CWND, 1 + CWND + MSS, 1 + CWND + i * MSS);
    expect_segment(&p, TCP_ACK, 1 + CWND, 1, MSS);
    peer_send(&p, TCP_ACK, 1, 1 + CWND + 4 * MSS, 0);
    peer_sack(&p, 1 + CWND + 4 * MSS, 1 + CWND, 1 + CWND + MSS);
    expect_window(&p, CWND / 2, CWND / 2);
    assert_int_equal(mistakes(&p), 1);
    peer_close(&p);
}

/* The first two segments go again. */
static void two_go_again(struct peer *p)
{
    peer_advance(p, 5);
    for (uint32_t i = 3; i <= 5; i++)
        peer_sack(p, 1, 1 + 2 * MSS, 1 + i * MSS);
    expect_segment(p, TCP_ACK, 1, 1, MSS);
    for (uint32_t i = 6; i <= 8; i++)
        peer_sack(p, 1, 1 + 2 * MSS, 1 + i * MSS);
    expect_segment(p, TCP_ACK, 1 + MSS, 1, MSS);
    peer_send(p, TCP_ACK, 1, 1 + CWND, 0);
    assert_int_equal(rill_counted(p->stack, RILL_COUNT_TCP_RETRANSMITTED), 2);
    expect_window(p, CWND / 2, CWND / 2);
}

static void one_of_two_that_came_twice_is_not_all(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, true, false, 0);
    two_go_again(&p);
    peer_sack(&p, 1 + CWND, 1, 1 + MSS);
    expect_window(&p, CWND / 2, CWND / 2);
    peer_sack(&p, 1 + CWND, 1 + MSS, 1 + 2 * MSS);
    expect_window(&p, CWND, CWND);
    assert_int_equal(mistakes(&p), 1);
    peer_close(&p);
}

static void what_came_twice_before_the_episode_or_behind_it_is_no_witness(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, true, false, 0);
    peer_advance(&p, 5);
    peer_send(&p, TCP_ACK, 1, 1 + 2 * MSS, 0); /* the episode begins here */
    for (uint32_t i = 4; i <= 6; i++)
        peer_sack(&p, 1 + 2 * MSS, 1 + 3 * MSS, 1 + i * MSS);
    expect_segment(&p, TCP_ACK, 1 + 2 * MSS, 1, MSS);
    peer_send(&p, TCP_ACK, 1, 1 + CWND, 0);
    assert_int_equal(peer_user_send(&p, MSS), MSS);
    peer_send(&p, TCP_ACK, 1, 1 + CWND + MSS, 0);
    peer_sack(&p, 1 + CWND + MSS, 1, 1 + 2 * MSS);
    peer_sack(&p, 1 + CWND + MSS, 1 + CWND, 1 + CWND + MSS);
    assert_int_equal(tcb_of(&p)->ssthresh, (CWND - 2 * MSS) / 2);
    assert_int_equal(mistakes(&p), 0);
    peer_close(&p);
}

/* RFC 3168 6.1.2: a mark is no loss that could have been a mistake. */
static void a_reduction_for_ecn_is_not_given_back(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, true, false, 0);
    sender_reduce(&p.stack->tcp, tcb_of(&p));
    sender_at(&p.stack->tcp, tcb_of(&p))->undo_again = MSS;
    peer_send(&p, TCP_ACK, 1, 1 + CWND, 0);
    peer_sack(&p, 1 + CWND, 1, 1 + MSS);
    assert_int_equal(tcb_of(&p)->ssthresh, CWND * 4 / 5);
    assert_int_equal(mistakes(&p), 0);
    peer_close(&p);
}

/* RFC 8511 4.2: the congestion control was told of the mark alone, and that was no mistake. */
static void a_loss_in_a_window_that_a_mark_reduced_is_undone_without_the_mark(void **state)
{
    uint64_t cc_state[6];
    struct sender *sender;
    struct peer p;
    (void)state;
    in_flight(&p, true, false, 0);
    sender = sender_at(&p.stack->tcp, tcb_of(&p));
    tcb_of(&p)->cc = (uint8_t)cc_find("cubic");
    sender_reduce(&p.stack->tcp, tcb_of(&p));
    memcpy(cc_state, sender->cc_state, sizeof cc_state);
    peer_advance(&p, 5);
    for (uint32_t i = 2; i <= 4; i++)
        peer_sack(&p, 1, 1 + MSS, 1 + i * MSS);
    expect_segment(&p, TCP_ACK, 1, 1, MSS);
    peer_sack(&p, 1 + 4 * MSS, 1, 1 + MSS);
    assert_int_equal(mistakes(&p), 1);
    assert_int_equal(sender->state, SENDER_CWR);
    assert_int_equal(tcb_of(&p)->ssthresh, CWND * 85 / 100);
    assert_memory_equal(cc_state, sender->cc_state, sizeof cc_state);
    peer_close(&p);
}

/* Nothing went again for the mark that is answered still: RFC 6582's recover has nothing to guard against. */
static void R6582_1_after_a_mistake_in_a_window_that_a_mark_reduced_duplicates_count(void **state)
{
    uint32_t echo;
    struct peer p;
    (void)state;
    in_flight(&p, false, true, 0);
    sender_reduce(&p.stack->tcp, tcb_of(&p));
    echo = p.stack_timestamp;
    peer_advance(&p, 5);
    for (unsigned i = 0; i < 3; i++)
        peer_send(&p, TCP_ACK, 1, 1, 0);
    expect_segment(&p, TCP_ACK, 1, 1, MSS);
    peer_advance(&p, 5);
    p.stack_timestamp = echo;
    peer_send(&p, TCP_ACK, 1, 1 + MSS, 0);
    assert_int_equal(mistakes(&p), 1);
    peer_forget(&p);
    for (unsigned i = 0; i < 3; i++)
        peer_send(&p, TCP_ACK, 1, 1 + MSS, 0);
    expect_segment(&p, TCP_ACK, 1 + MSS, 1, MSS);
    assert_int_equal(tcb_of(&p)->ssthresh, CWND * 4 / 5);
    peer_close(&p);
}

/* ------------------------------------------------------------ F-RTO */

static void R5682_1_two_acks_in_a_row_of_what_did_not_go_again_give_the_window_back(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, false, false, 10 * MSS);
    run_into_the_timeout(&p);
    peer_send(&p, TCP_ACK, 1, 1 + MSS, 0);
    expect_segment(&p, TCP_ACK, 1 + CWND, 1, MSS);
    expect_segment(&p, TCP_ACK, 1 + CWND + MSS, 1, MSS);
    expect_nothing(&p);
    assert_int_equal(mistakes(&p), 0);
    peer_send(&p, TCP_ACK, 1, 1 + 2 * MSS, 0);
    expect_window(&p, CWND, CWND);
    assert_int_equal(mistakes(&p), 1);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_RETRANSMITTED), 1);
    peer_close(&p);
}

static void R5682_2_a_duplicate_ack_after_the_new_data_keeps_the_window_small(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, false, false, 10 * MSS);
    run_into_the_timeout(&p);
    peer_send(&p, TCP_ACK, 1, 1 + MSS, 0);
    peer_forget(&p);
    tcb_of(&p)->cwnd = 6 * MSS;
    peer_send(&p, TCP_ACK, 1, 1 + MSS, 0);
    expect_window(&p, 3 * MSS, CWND / 2); /* 2.1 step 3 a */
    expect_segment(&p, TCP_ACK, 1 + MSS, 1, MSS);
    assert_int_equal(mistakes(&p), 0);
    peer_close(&p);
}

static void R5682_2_a_first_duplicate_ack_ends_it(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, false, false, 10 * MSS);
    run_into_the_timeout(&p);
    peer_send(&p, TCP_ACK, 1, 1, 0);
    peer_send(&p, TCP_ACK, 1, 1 + MSS, 0);
    expect_segment(&p, TCP_ACK, 1 + MSS, 1, MSS); /* what was lost, not what is new */
    peer_send(&p, TCP_ACK, 1, 1 + 2 * MSS, 0);
    assert_int_equal(mistakes(&p), 0);
    peer_close(&p);
}

static void R5682_1_an_ack_of_all_that_was_sent_before_ends_it(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, false, false, 10 * MSS);
    run_into_the_timeout(&p);
    peer_send(&p, TCP_ACK, 1, 1 + CWND, 0);
    peer_send(&p, TCP_ACK, 1, 1 + CWND + MSS, 0);
    assert_int_equal(tcb_of(&p)->ssthresh, CWND / 2);
    assert_int_equal(mistakes(&p), 0);
    peer_close(&p);
}

static void R5682_2_an_ack_that_reaches_the_new_data_is_no_proof(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, false, false, 10 * MSS);
    run_into_the_timeout(&p);
    peer_send(&p, TCP_ACK, 1, 1 + MSS, 0);
    peer_send(&p, TCP_ACK, 1, 1 + CWND + MSS, 0); /* all was lost but the new data, or nothing was: who knows */
    assert_int_equal(tcb_of(&p)->ssthresh, CWND / 2);
    assert_int_equal(mistakes(&p), 0);
    peer_close(&p);
}

/* RFC 5682 3.1 step 3: a SACK of what did not go again is as good as an ACK of it. */
static void R5682_1_a_sack_of_an_original_gives_the_window_back(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, true, false, 10 * MSS);
    while (rill_counted(p.stack, RILL_COUNT_TCP_RTO_FIRED) == 0)
        peer_advance(&p, 10);
    peer_forget(&p);
    peer_send(&p, TCP_ACK, 1, 1 + MSS, 0);
    assert_int_equal(mistakes(&p), 0);
    peer_sack(&p, 1 + MSS, 1 + 2 * MSS, 1 + 3 * MSS);
    assert_int_equal(tcb_of(&p)->ssthresh, CWND);
    assert_int_equal(mistakes(&p), 1);
    peer_close(&p);
}

static void R5682_2_a_sack_of_the_new_data_alone_is_no_proof(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, true, false, 10 * MSS);
    tcb_of(&p)->ssthresh = 2 * CWND;
    while (rill_counted(p.stack, RILL_COUNT_TCP_RTO_FIRED) == 0)
        peer_advance(&p, 10);
    peer_forget(&p);
    peer_send(&p, TCP_ACK, 1, 1 + MSS, 0);
    assert_true(p.snd_nxt > 1 + CWND + MSS);
    peer_sack(&p, 1 + MSS, p.snd_nxt - MSS, p.snd_nxt);
    assert_int_equal(mistakes(&p), 0);
    peer_close(&p);
}

/* ------------------------------------------- what a window counts (RFC 3465) */

static void R5681_5_slow_start_counts_bytes_and_not_acks(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, false, false, 40 * MSS);
    tcb_of(&p)->ssthresh = 100 * MSS;
    peer_send(&p, TCP_ACK, 1, 1 + 1, 0);
    expect_window(&p, CWND + 1, 100 * MSS);
    peer_send(&p, TCP_ACK, 1, 1 + 3 * MSS, 0);
    expect_window(&p, CWND + 3 * MSS, 100 * MSS);
    peer_close(&p);
}

static void R5681_6_congestion_avoidance_adds_a_segment_for_a_window_of_bytes(void **state)
{
    struct peer p;
    (void)state;
    in_flight(&p, false, false, 40 * MSS);
    for (uint32_t i = 1; i <= 7; i++)
        peer_send(&p, TCP_ACK, 1, 1 + i * MSS, 0);
    peer_send(&p, TCP_ACK, 1, 1 + 8 * MSS - 1, 0);
    expect_window(&p, CWND, CWND);
    peer_send(&p, TCP_ACK, 1, 1 + 8 * MSS, 0);
    expect_window(&p, CWND + MSS, CWND);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R5682_3_an_ack_of_the_original_gives_back_what_a_timeout_took),
        cmocka_unit_test(an_ack_of_the_original_counts_once),
        cmocka_unit_test(an_ack_of_what_was_sent_again_gives_nothing_back),
        cmocka_unit_test(an_old_echo_on_a_duplicate_ack_is_no_witness),
        cmocka_unit_test(an_ack_of_the_original_gives_back_what_a_recovery_took),
        cmocka_unit_test(a_window_that_is_larger_by_now_is_not_made_smaller),
        cmocka_unit_test(RFC_3708_all_that_went_again_came_twice),
        cmocka_unit_test(what_is_told_again_to_have_come_twice_gives_nothing_more),
        cmocka_unit_test(one_of_two_that_came_twice_is_not_all),
        cmocka_unit_test(what_came_twice_before_the_episode_or_behind_it_is_no_witness),
        cmocka_unit_test(a_reduction_for_ecn_is_not_given_back),
        cmocka_unit_test(a_loss_in_a_window_that_a_mark_reduced_is_undone_without_the_mark),
        cmocka_unit_test(R6582_1_after_a_mistake_in_a_window_that_a_mark_reduced_duplicates_count),
        cmocka_unit_test(R5682_1_two_acks_in_a_row_of_what_did_not_go_again_give_the_window_back),
        cmocka_unit_test(R5682_2_a_duplicate_ack_after_the_new_data_keeps_the_window_small),
        cmocka_unit_test(R5682_2_a_first_duplicate_ack_ends_it),
        cmocka_unit_test(R5682_1_an_ack_of_all_that_was_sent_before_ends_it),
        cmocka_unit_test(R5682_2_an_ack_that_reaches_the_new_data_is_no_proof),
        cmocka_unit_test(R5682_1_a_sack_of_an_original_gives_the_window_back),
        cmocka_unit_test(R6582_1_after_a_mistake_duplicate_acks_count_again),
        cmocka_unit_test(R6582_1_so_they_do_when_the_mistake_was_a_second_timeout),
        cmocka_unit_test(a_timeout_within_a_recovery_gives_back_the_window_that_it_was_led_to),
        cmocka_unit_test(an_eifel_undo_and_a_dsack_of_the_same_give_back_once),
        cmocka_unit_test(the_ack_of_what_an_older_episode_sent_again_is_no_witness),
        cmocka_unit_test(what_came_twice_before_anything_went_again_is_no_witness),
        cmocka_unit_test(what_an_episode_before_sent_again_is_not_waited_for),
        cmocka_unit_test(R5682_2_a_sack_of_the_new_data_alone_is_no_proof),
        cmocka_unit_test(R5681_5_slow_start_counts_bytes_and_not_acks),
        cmocka_unit_test(R5681_6_congestion_avoidance_adds_a_segment_for_a_window_of_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
