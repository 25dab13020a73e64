/* What keeps the sender's timers honest: none fires for ever, none is put off for ever, none forgets the one before. */
#include "support/tcp_peer.h"

#define MSS 1000u

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

/* How often the stack wants to be turned within `ms`. */
static unsigned turns_within(struct peer *p, uint64_t ms)
{
    rill_time end = p->now + ms * 1000000, next;
    unsigned turns = 0;

    while ((next = rill_deadline(p->stack)) <= end && turns < 1000) {
        p->now = next > p->now ? next : p->now;
        rill_poll(p->stack, p->now);
        peer_run(p);
        turns++;
    }
    p->now = end;
    return turns;
}

static void many_segments_of_one_instant_do_not_keep_the_reordering_timer_going(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.mss = MSS, .sack = true, .option_flags = RILL_OPTION_NODELAY});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(peer_user_send(&p, 1), 1);
    peer_advance(&p, 20);
    peer_forget(&p);
    peer_send(&p, TCP_ACK, 1, 2, 0);
    assert_in_range(turns_within(&p, 5), 0, 3);
    peer_close(&p);
}

static void R6298_10_R8985_12_loss_probes_do_not_put_the_retransmission_timer_off_for_ever(void **state)
{
    struct peer p;
    unsigned firsts = 0;
    (void)state;
    peer_open(&p, &(struct peer_setup){.mss = MSS, .sack = true, .option_flags = RILL_OPTION_NODELAY});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    for (unsigned i = 0; i < 100; i++) { /* a little every 50 ms, and no answer */
        assert_int_equal(peer_user_send(&p, 1), 1);
        for (unsigned at = p.sent_first; at < p.sent_count; at++)
            firsts += p.sent[at].seq == 1 ? 1 : 0;
        peer_forget(&p);
        peer_advance(&p, 50);
    }
    assert_in_range(firsts, 3, 6); /* and its RTO doubles */
    peer_close(&p);
}

static void the_ack_of_a_first_retransmission_after_a_second_one_is_no_sign_of_a_mistake(void **state)
{
    struct peer p;
    struct peer_segment first_again;
    uint32_t ssthresh;
    (void)state;
    peer_open(&p, &(struct peer_setup){.mss = MSS, .timestamps = true, .configure = choose_reno});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(peer_user_send(&p, 5 * (MSS - 12)), 5 * (MSS - 12));
    peer_forget(&p);
    while (p.sent_count == 0)
        peer_advance(&p, 10);
    first_again = expect_segment(&p, TCP_ACK, 1, 1, MSS - 12);
    expect_nothing(&p);
    while (p.sent_count == 0)
        peer_advance(&p, 10);
    expect_segment(&p, TCP_ACK, 1, 1, MSS - 12);
    ssthresh = status_of(&p).ssthresh_bytes;
    p.stack_timestamp = first_again.options.timestamp_value;
    peer_send(&p, TCP_ACK, 1, 1 + MSS - 12, 0);
    assert_int_equal(status_of(&p).ssthresh_bytes, ssthresh);
    peer_close(&p);
}

/* The stack is turned, its timers fire, and the driver has not pulled yet. */
static void fire_timers_at(struct peer *p, uint64_t ms)
{
    p->now += ms * 1000000;
    rill_poll(p->stack, p->now);
}

static void R8985_11_a_probe_that_is_due_is_forgotten_when_new_data_is_acknowledged(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.mss = MSS, .sack = true, .option_flags = RILL_OPTION_CORK});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(peer_user_send(&p, MSS + 10), MSS + 10);
    expect_segment(&p, TCP_ACK, 1, 1, MSS);
    fire_timers_at(&p, 210); /* 2 SRTT and the longest delay of an ACK */
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_RTO_FIRED), 0);
    peer_send(&p, TCP_ACK, 1, 1 + MSS, 0);
    expect_nothing(&p);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_LOSS_PROBES), 0);
    peer_close(&p);
}

static void R8985_11_a_probe_that_is_due_is_forgotten_when_something_is_sacked(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.mss = MSS, .sack = true, .option_flags = RILL_OPTION_CORK});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(peer_user_send(&p, 2 * MSS + 10), 2 * MSS + 10);
    expect_segment(&p, TCP_ACK, 1, 1, MSS);
    expect_segment(&p, TCP_ACK, 1 + MSS, 1, MSS);
    fire_timers_at(&p, 20);
    peer_sack(&p, 1, 1 + MSS, 1 + 2 * MSS);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_LOSS_PROBES), 0);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_segments_of_one_instant_do_not_keep_the_reordering_timer_going),
        cmocka_unit_test(R6298_10_R8985_12_loss_probes_do_not_put_the_retransmission_timer_off_for_ever),
        cmocka_unit_test(R8985_11_a_probe_that_is_due_is_forgotten_when_new_data_is_acknowledged),
        cmocka_unit_test(R8985_11_a_probe_that_is_due_is_forgotten_when_something_is_sacked),
        cmocka_unit_test(the_ack_of_a_first_retransmission_after_a_second_one_is_no_sign_of_a_mistake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
