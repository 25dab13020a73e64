/* Several listeners on one port: RILL_OPTION_REUSE_PORT, and listeners of one family. */
#include "inside.h"
#include "tcp/listen.h"

#define FLOWS 400u

static void open_stack(struct inside *t)
{
    inside_configure(t, 1u << 20);
    inside_open(t, 1, 1, 65535);
}

static int listen_with(struct inside *t, uint32_t flags, const struct rill_addr *addr, rill_conn *out)
{
    struct rill_options options;

    rill_options_default(&options);
    options.local.port = 80;
    if (addr != NULL)
        options.local.addr = *addr;
    options.flags = flags;
    return rill_tcp_listen(t->stack, &options, out);
}

/* The listener that a flow from this port of the peer finds. */
static rill_conn found(const struct inside *t, uint16_t port)
{
    const struct rill_endpoint local = {rill_addr4(10, 0, 0, 1), 80};
    const struct rill_endpoint remote = {rill_addr4(10, 0, 0, 9), port};
    const struct listener *listener = listen_find(t->tcp, &local, &remote);

    return listener == NULL ? 0 : conn_of(t->tcp, &listener->ep);
}

static void both_must_ask_for_it(void **state)
{
    struct inside t;
    rill_conn a, b;
    (void)state;
    open_stack(&t);
    assert_int_equal(listen_with(&t, 0, NULL, &a), 0);
    assert_int_equal(listen_with(&t, RILL_OPTION_REUSE_PORT, NULL, &b), -RILL_EADDRINUSE);
    rill_close(t.stack, a);
    assert_int_equal(listen_with(&t, RILL_OPTION_REUSE_PORT, NULL, &a), 0);
    assert_int_equal(listen_with(&t, 0, NULL, &b), -RILL_EADDRINUSE);
    assert_int_equal(listen_with(&t, RILL_OPTION_REUSE_PORT, NULL, &b), 0);
    inside_close(&t);
}

static void flows_are_spread(void **state)
{
    rill_conn listeners[4];
    unsigned count[4] = {0};
    struct inside t;
    (void)state;
    open_stack(&t);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(listen_with(&t, RILL_OPTION_REUSE_PORT, NULL, &listeners[i]), 0);
    for (uint16_t port = 1; port <= FLOWS; port++) {
        for (unsigned i = 0; i < 4; i++)
            count[i] += found(&t, port) == listeners[i];
    }
    for (unsigned i = 0; i < 4; i++)
        assert_in_range(count[i], FLOWS / 8, FLOWS / 2);
    inside_close(&t);
}

static void a_flow_stays_where_it_is_when_another_listener_goes(void **state)
{
    rill_conn listeners[3], before[FLOWS + 1];
    struct inside t;
    (void)state;
    open_stack(&t);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(listen_with(&t, RILL_OPTION_REUSE_PORT, NULL, &listeners[i]), 0);
    for (uint16_t port = 1; port <= FLOWS; port++)
        before[port] = found(&t, port);
    rill_close(t.stack, listeners[1]);
    for (uint16_t port = 1; port <= FLOWS; port++) {
        if (before[port] == listeners[1])
            assert_true(found(&t, port) == listeners[0] || found(&t, port) == listeners[2]);
        else
            assert_true(found(&t, port) == before[port]);
    }
    inside_close(&t);
}

static void an_exact_address_goes_before_any(void **state)
{
    struct rill_addr exact = rill_addr4(10, 0, 0, 1);
    rill_conn any[2], own;
    struct inside t;
    (void)state;
    open_stack(&t);
    assert_int_equal(listen_with(&t, RILL_OPTION_REUSE_PORT, NULL, &any[0]), 0);
    assert_int_equal(listen_with(&t, RILL_OPTION_REUSE_PORT, &exact, &own), 0);
    assert_int_equal(listen_with(&t, RILL_OPTION_REUSE_PORT, NULL, &any[1]), 0);
    for (uint16_t port = 1; port <= FLOWS; port++)
        assert_true(found(&t, port) == own);
    inside_close(&t);
}

static void listeners_of_different_families_do_not_collide(void **state)
{
    rill_conn v4, v6, both;
    struct inside t;
    (void)state;
    open_stack(&t);
    assert_int_equal(listen_with(&t, RILL_OPTION_V6_ONLY, NULL, &v6), 0);
    assert_true(found(&t, 1) == 0);
    assert_int_equal(listen_with(&t, RILL_OPTION_V4_ONLY, NULL, &v4), 0);
    assert_true(found(&t, 1) == v4);
    assert_int_equal(listen_with(&t, 0, NULL, &both), -RILL_EADDRINUSE);
    inside_close(&t);
}

static void an_ipv4_address_collides_with_those_that_hear_ipv4(void **state)
{
    struct rill_addr exact = rill_addr4(10, 0, 0, 1);
    rill_conn a, b;
    struct inside t;
    (void)state;
    open_stack(&t);
    assert_int_equal(listen_with(&t, 0, &exact, &a), 0);
    assert_int_equal(listen_with(&t, RILL_OPTION_V4_ONLY, NULL, &b), -RILL_EADDRINUSE);
    assert_int_equal(listen_with(&t, 0, NULL, &b), -RILL_EADDRINUSE);
    assert_int_equal(listen_with(&t, RILL_OPTION_V6_ONLY, NULL, &b), 0);
    assert_int_equal(listen_with(&t, 0, &exact, &b), -RILL_EADDRINUSE);
    inside_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_must_ask_for_it),
        cmocka_unit_test(flows_are_spread),
        cmocka_unit_test(a_flow_stays_where_it_is_when_another_listener_goes),
        cmocka_unit_test(an_exact_address_goes_before_any),
        cmocka_unit_test(listeners_of_different_families_do_not_collide),
        cmocka_unit_test(an_ipv4_address_collides_with_those_that_hear_ipv4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
