/* RACK from inside, where scripts do not reach: a timeout with what was sent just before it in flight. */
#include "tcp/rack.h"

#include "tcp/inside.h"
#include "tcp/scoreboard.h"

#define MSS 1000u
#define RTT_US 100000u

static struct sent *send_one(struct inside *in)
{
    struct sent *record = scoreboard_new(in->tcp, in->tcb);
    struct seq from = in->tcb->snd_nxt;

    assert_non_null(record);
    record->buffer = REF_NONE;
    in->tcb->snd_nxt = seq_add(from, MSS);
    scoreboard_sent_new(in->tcp, in->tcb, record, from, MSS, 0);
    return record;
}

static void R8985_9_a_timeout_spares_what_was_sent_within_a_round_trip_and_the_window(void **state)
{
    (void)state;
    for (unsigned corner = 0; corner < INSIDE_CORNERS; corner++) {
        struct inside in;
        struct sender *sender;
        struct sent *first, *old, *young;

        inside_configure(&in, 4u << 20);
        inside_open(&in, inside_corners[corner] - MSS, 7000, 1u << 20);
        in.tcb->flags |= TCB_SACK;
        assert_true(sender_make(in.tcp, in.tcb));
        sender = sender_at(in.tcp, in.tcb);
        sender->rack_valid = true;
        sender->rack_rtt_us = sender->min_rtt_us = RTT_US;
        in.tcb->srtt_us8 = RTT_US << 3;
        first = send_one(&in);
        old = send_one(&in);
        tcp_host(in.tcp)->now += NANOS_PER_US;
        young = send_one(&in);
        tcp_host(in.tcp)->now += (RTT_US + RTT_US / 4 - 1) * NANOS_PER_US;
        rack_timeout(in.tcp, in.tcb);
        assert_int_equal(first->flags & SENT_LOST, SENT_LOST);
        assert_int_equal(old->flags & SENT_LOST, SENT_LOST);
        assert_int_equal(young->flags & SENT_LOST, 0);
        assert_true(scoreboard_check(in.tcp, in.tcb));
        inside_close(&in);
    }
}

static void R8985_9_the_first_segment_is_lost_at_a_timeout_however_young_it_is(void **state)
{
    struct inside in;
    struct sender *sender;
    struct sent *first, *second;
    (void)state;
    inside_configure(&in, 4u << 20);
    inside_open(&in, 1000, 7000, 1u << 20);
    in.tcb->flags |= TCB_SACK;
    assert_true(sender_make(in.tcp, in.tcb));
    sender = sender_at(in.tcp, in.tcb);
    sender->rack_valid = true;
    sender->rack_rtt_us = sender->min_rtt_us = RTT_US;
    first = send_one(&in);
    second = send_one(&in);
    rack_timeout(in.tcp, in.tcb);
    assert_int_equal(first->flags & SENT_LOST, SENT_LOST);
    assert_int_equal(second->flags & SENT_LOST, 0);
    inside_close(&in);
}

/* RFC 5681 3.1: without SACK nothing tells how much has arrived, and all goes again. */
static void without_sack_all_is_lost_at_a_timeout(void **state)
{
    struct inside in;
    struct sender *sender;
    struct sent *second;
    (void)state;
    inside_configure(&in, 4u << 20);
    inside_open(&in, 1000, 7000, 1u << 20);
    in.tcb->flags &= ~TCB_SACK;
    assert_true(sender_make(in.tcp, in.tcb));
    sender = sender_at(in.tcp, in.tcb);
    sender->rack_valid = true;
    sender->rack_rtt_us = sender->min_rtt_us = RTT_US;
    (void)send_one(&in);
    second = send_one(&in);
    rack_timeout(in.tcp, in.tcb);
    assert_int_equal(second->flags & SENT_LOST, SENT_LOST);
    inside_close(&in);
}

static void R8985_3_the_shortest_round_trip_lasts_for_five_minutes_from_its_measurement(void **state)
{
    struct inside in;
    struct sender *sender;
    (void)state;
    inside_configure(&in, 4u << 20);
    inside_open(&in, 1000, 7000, 1u << 20);
    assert_true(sender_make(in.tcp, in.tcb));
    sender = sender_at(in.tcp, in.tcb);
    tcp_host(in.tcp)->now = 4000 * NANOS_PER_S; /* the clock's beginning is longer ago than that */
    for (unsigned i = 0; i < 3; i++) {
        struct ack_sample ack = {.echo_age_ms = UINT32_MAX};
        struct sent *record = send_one(&in);

        tcp_host(in.tcp)->now += (i == 0 ? RTT_US : 2 * RTT_US) * NANOS_PER_US;
        rack_delivered(in.tcp, in.tcb, record, &ack);
        assert_int_equal(sender->min_rtt_us, i < 2 ? RTT_US : 2 * RTT_US);
        tcp_host(in.tcp)->now += (i == 0 ? 0 : 300 * NANOS_PER_S);
    }
    inside_close(&in);
}

/* A connection with reordering windows to grow. */
static struct sender *reordering(struct inside *in)
{
    inside_configure(in, 4u << 20);
    inside_open(in, 1000, 7000, 1u << 20);
    in->tcb->flags |= TCB_SACK;
    assert_true(sender_make(in->tcp, in->tcb));
    (void)send_one(in);
    return sender_at(in->tcp, in->tcb);
}

static void R8985_8_the_window_grows_once_a_round_trip_however_many_dsacks_there_are(void **state)
{
    const struct ack_sample dsack = {.dsack = true};
    struct inside in;
    struct sender *sender;
    (void)state;
    sender = reordering(&in);
    rack_dsack(in.tcp, in.tcb, &dsack);
    assert_int_equal(sender->reo_wnd_mult, 2);
    rack_dsack(in.tcp, in.tcb, &dsack);
    assert_int_equal(sender->reo_wnd_mult, 2);
    in.tcb->snd_una = in.tcb->snd_nxt; /* what was sent when the first one came has been acknowledged */
    rack_dsack(in.tcp, in.tcb, &dsack);
    assert_int_equal(sender->reo_wnd_mult, 3);
    inside_close(&in);
}

static void R8985_8_sixteen_recoveries_without_a_dsack_make_the_window_small_again(void **state)
{
    const struct ack_sample dsack = {.dsack = true};
    struct inside in;
    struct sender *sender;
    (void)state;
    sender = reordering(&in);
    rack_dsack(in.tcp, in.tcb, &dsack);
    for (unsigned i = 0; i < 10; i++)
        rack_recovered(in.tcp, in.tcb);
    in.tcb->snd_una = in.tcb->snd_nxt;
    rack_dsack(in.tcp, in.tcb, &dsack); /* counted from here */
    for (unsigned i = 0; i < 15; i++)
        rack_recovered(in.tcp, in.tcb);
    assert_int_equal(sender->reo_wnd_mult, 3);
    rack_recovered(in.tcp, in.tcb);
    assert_int_equal(sender->reo_wnd_mult, 1);
    inside_close(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R8985_9_a_timeout_spares_what_was_sent_within_a_round_trip_and_the_window),
        cmocka_unit_test(without_sack_all_is_lost_at_a_timeout),
        cmocka_unit_test(R8985_3_the_shortest_round_trip_lasts_for_five_minutes_from_its_measurement),
        cmocka_unit_test(R8985_8_the_window_grows_once_a_round_trip_however_many_dsacks_there_are),
        cmocka_unit_test(R8985_8_sixteen_recoveries_without_a_dsack_make_the_window_small_again),
        cmocka_unit_test(R8985_9_the_first_segment_is_lost_at_a_timeout_however_young_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
