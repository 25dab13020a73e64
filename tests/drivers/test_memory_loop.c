/* A stack that talks to its own address over a loop. */
#include <string.h>

#include "rill/driver.h"
#include "rill/udp.h"
#include "support/cmocka_all.h"

struct fixture {
    struct rill_stack *stack;
    struct rill_driver *loop;
    struct rill_endpoint own;
    rill_time now;
};

static void start(struct fixture *f)
{
    struct rill_config config;
    struct rill_netif_config netif = {.name = "loop", .addr = rill_addr4(10, 0, 0, 1), .prefix_bits = 32};

    assert_int_equal(rill_memory_loop(65535, 64, &f->loop), 0);
    rill_config_default(&config);
    config.memory_bytes = 8u << 20;
    assert_int_equal(rill_stack_open(&config, &f->stack), 0);
    assert_int_equal(rill_attach(f->stack, f->loop, &netif), 0);
    f->own = (struct rill_endpoint){.addr = netif.addr, .port = 80};
    f->now = rill_clock();
}

static void stop(struct fixture *f)
{
    f->loop->ops->close(f->loop);
    rill_stack_close(f->stack);
}

static void turn(struct fixture *f)
{
    while (rill_turn(f->stack, &f->loop, 1, f->now))
        continue;
}

static void a_connection_to_the_own_address_carries_bytes_both_ways(void **state)
{
    struct fixture f;
    struct rill_options options;
    struct rill_endpoint peer;
    rill_conn listener, client, server;
    char text[8] = "";

    (void)state;
    start(&f);
    rill_options_default(&options);
    options.local.port = 80;
    options.backlog = 1;
    assert_int_equal(rill_tcp_listen(f.stack, &options, &listener), 0);
    assert_int_equal(rill_tcp_connect(f.stack, &f.own, NULL, &client), 0);
    turn(&f);
    assert_int_equal(rill_accept(f.stack, listener, &server, &peer), 0);
    assert_true(rill_addr_equal(&peer.addr, &f.own.addr));
    assert_int_equal(rill_send(f.stack, client, "ping", 4, 0), 4);
    assert_int_equal(rill_send(f.stack, server, "pong", 4, 0), 4);
    turn(&f);
    assert_int_equal(rill_receive(f.stack, server, text, sizeof text, 0), 4);
    assert_memory_equal(text, "ping", 4);
    assert_int_equal(rill_receive(f.stack, client, text, sizeof text, 0), 4);
    assert_memory_equal(text, "pong", 4);
    stop(&f);
}

static void a_datagram_to_the_own_address_arrives(void **state)
{
    const struct rill_slice slice = {(const uint8_t *)"datagram", 8};
    struct rill_udp_info info;
    struct fixture f;
    rill_conn server, client;
    char text[16];

    (void)state;
    start(&f);
    assert_int_equal(rill_udp_open(f.stack, NULL, &server), 0);
    assert_int_equal(rill_udp_bind(f.stack, server, &f.own), 0);
    assert_int_equal(rill_udp_open(f.stack, NULL, &client), 0);
    assert_int_equal(rill_udp_send_to(f.stack, client, &f.own, &slice, 1, NULL), 8);
    turn(&f);
    assert_int_equal(rill_udp_receive_from(f.stack, server, text, sizeof text, 0, &info), 8);
    assert_true(rill_addr_equal(&info.remote.addr, &f.own.addr));
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_to_the_own_address_carries_bytes_both_ways),
        cmocka_unit_test(a_datagram_to_the_own_address_arrives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
