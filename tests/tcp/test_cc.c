/* Which congestion control a connection has: the stack's, its own, its listener's; and how one takes over. */
#include "tcp/cc.h"

#include "tcp/inside.h"
#include "tcp/listen.h"

static const char *name_of(struct inside *t)
{
    struct rill_status status;

    assert_int_equal(rill_status(t->stack, t->conn, &status), 0);
    return status.congestion_control;
}

static void every_name_is_found_and_no_other(void **state)
{
    static const char *const wrong[] = {"ren", "renoo", "Reno", "vegas", " "};
    const char *name;
    unsigned count = 0;
    (void)state;
    for (; (name = rill_congestion_control_name(count)) != NULL; count++)
        assert_int_equal(cc_find(name), count);
    assert_true(count >= 1);
    assert_int_equal(cc_find(NULL), 0);
    assert_int_equal(cc_find(""), 0);
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(cc_find(wrong[i]), -1);
}

static void MAY_18_a_connection_has_the_stacks_unless_it_chooses(void **state)
{
    struct inside t;
    const char *name;
    (void)state;
    for (unsigned i = 0; (name = rill_congestion_control_name(i)) != NULL; i++) {
        inside_configure(&t, 1u << 20);
        t.config.congestion_control = name;
        inside_open(&t, 1, 1, 65535);
        assert_string_equal(name_of(&t), name);
        assert_int_equal(rill_set_congestion_control(t.stack, t.conn, "reno"), 0);
        assert_string_equal(name_of(&t), "reno");
        assert_int_equal(rill_set_congestion_control(t.stack, t.conn, NULL), 0);
        assert_string_equal(name_of(&t), name);
        inside_close(&t);
    }
}

static void an_unknown_name_is_refused_everywhere(void **state)
{
    struct rill_options options;
    struct rill_endpoint remote = {rill_addr4(10, 0, 0, 2), 80};
    struct rill_stack *stack;
    struct inside t;
    rill_conn conn;
    (void)state;
    inside_configure(&t, 1u << 20);
    inside_open(&t, 1, 1, 65535);
    rill_options_default(&options);
    options.local.port = 80;
    options.congestion_control = "hope";
    assert_int_equal(rill_tcp_listen(t.stack, &options, &conn), -RILL_EINVAL);
    options.local.port = 0;
    assert_int_equal(rill_tcp_connect(t.stack, &remote, &options, &conn), -RILL_EINVAL);
    assert_int_equal(rill_set_congestion_control(t.stack, t.conn, "hope"), -RILL_ENOENT);
    assert_int_equal(rill_set_congestion_control(t.stack, 0, "reno"), -RILL_EBADF);
    t.config.congestion_control = "hope";
    assert_int_equal(rill_stack_create(&t.config, &stack), -RILL_EINVAL);
    inside_close(&t);
}

static void a_listener_takes_its_own_and_a_change(void **state)
{
    struct rill_options options;
    struct inside t;
    rill_conn conn;
    (void)state;
    inside_configure(&t, 1u << 20);
    inside_open(&t, 1, 1, 65535);
    rill_options_default(&options);
    options.local.port = 80;
    options.congestion_control = "reno";
    assert_int_equal(rill_tcp_listen(t.stack, &options, &conn), 0);
    assert_int_equal(listener_from_handle(t.tcp, conn)->cc, cc_find("reno"));
    assert_int_equal(rill_set_congestion_control(t.stack, conn, ""), 0);
    assert_int_equal(listener_from_handle(t.tcp, conn)->cc, 0);
    inside_close(&t);
}

static void one_that_takes_over_finds_the_window_and_no_state_of_the_others(void **state)
{
    struct inside t;
    (void)state;
    for (unsigned from = 0; cc_name(from) != NULL; from++) {
        for (unsigned to = 0; cc_name(to) != NULL; to++) {
            struct ack_sample ack = {.acked_bytes = 3000, .delivered_bytes = 3000, .window_limited = true};

            inside_configure(&t, 1u << 20);
            t.config.congestion_control = cc_name(from);
            inside_open(&t, 1, 1, 65535);
            assert_true(sender_make(t.tcp, t.tcb));
            sender_at(t.tcp, t.tcb)->delivered = 1;
            cc_of(t.tcb)->established(t.tcp, t.tcb);
            t.tcb->ssthresh = 20000;
            ack.flight_before = t.tcb->cwnd;
            cc_of(t.tcb)->acked(t.tcp, t.tcb, &ack);
            ack.flight_before = t.tcb->cwnd;
            assert_int_equal(rill_set_congestion_control(t.stack, t.conn, cc_name(to)), 0);
            assert_int_equal(t.tcb->cwnd, ack.flight_before);
            cc_of(t.tcb)->acked(t.tcp, t.tcb, &ack);
            assert_true(t.tcb->cwnd >= ack.flight_before);
            assert_true(rill_check(t.stack));
            sender_give(t.tcp, t.tcb);
            assert_true(rill_check(t.stack));
            inside_close(&t);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_is_found_and_no_other),
        cmocka_unit_test(MAY_18_a_connection_has_the_stacks_unless_it_chooses),
        cmocka_unit_test(an_unknown_name_is_refused_everywhere),
        cmocka_unit_test(a_listener_takes_its_own_and_a_change),
        cmocka_unit_test(one_that_takes_over_finds_the_window_and_no_state_of_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
