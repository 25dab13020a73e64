/* The user timeout option (RFC 5482), from inside: what is told, and what is taken. */
#include "inside.h"

#include "tcp/limits.h"
#include "tcp/options.h"
#include "tcp/output.h"

static void open_with(struct inside *t, uint32_t flags)
{
    inside_configure(t, 1u << 20);
    inside_open(t, 1, 1, 65535);
    t->tcb->flags |= flags;
}

static struct tcp_options told(uint16_t raw)
{
    return (struct tcp_options){.present = TCP_OPTION_USER_TIMEOUT, .user_timeout = raw};
}

static void R5482_1_seconds_up_to_32767_then_minutes(void **state)
{
    (void)state;
    assert_int_equal(options_encode_user_timeout(1000), 1);
    assert_int_equal(options_encode_user_timeout(32767000), 32767);
    assert_int_equal(options_encode_user_timeout(32768000), 0x8000 | 546);
    assert_int_equal(options_encode_user_timeout(UINT32_MAX), 0xffff);
}

static void R5482_2_zero_is_never_sent_and_changes_nothing(void **state)
{
    struct inside t;
    struct tcp_options zero = told(0), zero_minutes = told(0x8000);
    (void)state;
    assert_int_equal(options_encode_user_timeout(1), 1);
    open_with(&t, TCB_USER_TIMEOUT);
    options_take_user_timeout(t.tcp, t.tcb, &zero);
    options_take_user_timeout(t.tcp, t.tcb, &zero_minutes);
    assert_int_equal(limits_of(t.tcp, t.tcb)->user_timeout_ms, t.config.user_timeout_ms);
    inside_close(&t);
}

static void R5482_3_the_larger_of_both_within_limits_is_adopted(void **state)
{
    struct inside t;
    struct tcp_options longer = told(0x8000 | 20), shorter = told(200), absurd = told(0xffff);
    (void)state;
    open_with(&t, TCB_USER_TIMEOUT);
    options_take_user_timeout(t.tcp, t.tcb, &longer);
    assert_int_equal(limits_of(t.tcp, t.tcb)->user_timeout_ms, 1200000);
    options_take_user_timeout(t.tcp, t.tcb, &shorter);
    assert_int_equal(limits_of(t.tcp, t.tcb)->user_timeout_ms, 900000); /* ours */
    options_take_user_timeout(t.tcp, t.tcb, &absurd);
    assert_int_equal(limits_of(t.tcp, t.tcb)->user_timeout_ms, 3600000);
    inside_close(&t);
}

static void R5482_4_what_the_application_set_is_not_changed_by_the_peer(void **state)
{
    struct inside t;
    struct tcp_options peer = told(600);
    (void)state;
    open_with(&t, TCB_USER_TIMEOUT);
    assert_int_equal(rill_set_user_timeout(t.stack, t.conn, 50000), 0);
    options_take_user_timeout(t.tcp, t.tcb, &peer);
    assert_int_equal(limits_of(t.tcp, t.tcb)->user_timeout_ms, 50000);
    inside_close(&t);
}

static void R5482_5_no_peer_makes_us_give_up_within_100_seconds(void **state)
{
    struct inside t;
    struct tcp_options peer = told(1);
    (void)state;
    inside_configure(&t, 1u << 20);
    t.config.user_timeout_ms = 30000;
    inside_open(&t, 1, 1, 65535);
    t.tcb->flags |= TCB_USER_TIMEOUT;
    options_take_user_timeout(t.tcp, t.tcb, &peer);
    assert_int_equal(limits_of(t.tcp, t.tcb)->user_timeout_ms, 100000);
    inside_close(&t);
}

static void R5482_6_it_is_told_in_the_syn_and_on_a_change_once(void **state)
{
    struct inside t;
    struct tcp_options options;
    struct rill_train train;
    (void)state;
    open_with(&t, TCB_USER_TIMEOUT);
    options_for_syn(t.tcp, t.tcb, &options);
    assert_true((options.present & TCP_OPTION_USER_TIMEOUT) != 0);
    assert_int_equal(options.user_timeout, 900);
    assert_int_equal(rill_set_user_timeout(t.stack, t.conn, 300000), 0);
    options_for_segment(t.tcp, t.tcb, &options);
    assert_true((options.present & TCP_OPTION_USER_TIMEOUT) != 0);
    assert_int_equal(options.user_timeout, 300);
    t.tcb->flags |= TCB_ACK_NOW;
    assert_true(output_next(t.tcp, t.tcb, &train));
    options_for_segment(t.tcp, t.tcb, &options);
    assert_int_equal(options.present & TCP_OPTION_USER_TIMEOUT, 0);
    inside_close(&t);
}

static void without_being_asked_nothing_is_told_and_nothing_taken(void **state)
{
    struct inside t;
    struct tcp_options options, peer = told(1800);
    (void)state;
    open_with(&t, 0);
    options_for_syn(t.tcp, t.tcb, &options);
    assert_int_equal(options.present & TCP_OPTION_USER_TIMEOUT, 0);
    options_take_user_timeout(t.tcp, t.tcb, &peer);
    assert_int_equal(limits_of(t.tcp, t.tcb)->user_timeout_ms, t.config.user_timeout_ms);
    inside_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R5482_1_seconds_up_to_32767_then_minutes),
        cmocka_unit_test(R5482_2_zero_is_never_sent_and_changes_nothing),
        cmocka_unit_test(R5482_3_the_larger_of_both_within_limits_is_adopted),
        cmocka_unit_test(R5482_4_what_the_application_set_is_not_changed_by_the_peer),
        cmocka_unit_test(R5482_5_no_peer_makes_us_give_up_within_100_seconds),
        cmocka_unit_test(R5482_6_it_is_told_in_the_syn_and_on_a_change_once),
        cmocka_unit_test(without_being_asked_nothing_is_told_and_nothing_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
