/* src/udp/bind.c: local and remote ends, and whose a datagram is. */
#include <stdlib.h>
#include <string.h>

#include "support/udp_host.h"

static struct udp_host host;

static int open_host(void **state)
{
    (void)state;
    udp_host_open(&host, 0);
    return 0;
}

static int close_host(void **state)
{
    (void)state;
    udp_host_close(&host);
    return 0;
}

static rill_conn opened(uint32_t flags)
{
    struct rill_udp_options options;
    rill_conn conn;

    rill_udp_options_default(&options);
    options.flags = flags;
    assert_int_equal(rill_udp_open(host.stack, &options, &conn), 0);
    return conn;
}

static int bind_to(rill_conn conn, struct rill_endpoint local)
{
    int error = rill_udp_bind(host.stack, conn, &local);

    assert_true(rill_check(host.stack));
    return error;
}

static int connect_to(rill_conn conn, struct rill_endpoint remote)
{
    int error = rill_udp_connect(host.stack, conn, &remote);

    assert_true(rill_check(host.stack));
    return error;
}

static struct rill_status status_of(rill_conn conn)
{
    struct rill_status status;

    assert_int_equal(rill_status(host.stack, conn, &status), 0);
    return status;
}

static void from(struct rill_endpoint source, const char *text)
{
    const struct udp_packet packet = {
        .source = source, .destination = udp_end(10, 0, 0, 2, 7), .data = text, .data_bytes = (uint32_t)strlen(text)};

    udp_host_datagram(&host, &packet);
}

static void a_taken_end_is_refused_whether_address_or_all(void **state)
{
    (void)state;
    assert_int_equal(bind_to(opened(0), udp_end(10, 0, 0, 2, 7)), 0);
    assert_int_equal(bind_to(opened(0), udp_end(10, 0, 0, 2, 7)), -RILL_EADDRINUSE);
    assert_int_equal(bind_to(opened(0), udp_end(0, 0, 0, 0, 7)), -RILL_EADDRINUSE);
    assert_int_equal(bind_to(opened(0), udp_end(172, 16, 0, 2, 7)), 0);
    assert_int_equal(bind_to(opened(RILL_UDP_REUSE_ADDRESS), udp_end(172, 16, 0, 2, 7)), -RILL_EADDRINUSE);
}

static void an_address_that_is_not_ours_is_refused(void **state)
{
    rill_conn conn = opened(0);

    (void)state;
    assert_int_equal(bind_to(conn, udp_end(10, 0, 0, 3, 7)), -RILL_EADDRNOTAVAIL);
    assert_int_equal(bind_to(conn, udp_end(10, 0, 0, 2, 7)), 0);
    assert_int_equal(bind_to(conn, udp_end(10, 0, 0, 2, 8)), -RILL_EINVAL);
    assert_int_equal(bind_to(12345, udp_end(10, 0, 0, 2, 8)), -RILL_EBADF);
}

static void those_who_share_an_end_leave_it_to_the_newest(void **state)
{
    rill_conn a = opened(RILL_UDP_REUSE_ADDRESS), b = opened(RILL_UDP_REUSE_ADDRESS);

    (void)state;
    assert_int_equal(bind_to(a, udp_end(0, 0, 0, 0, 7)), 0);
    assert_int_equal(bind_to(b, udp_end(0, 0, 0, 0, 7)), 0);
    udp_host_text(&host, 7, "new");
    udp_host_expect_nothing(&host, a);
    udp_host_expect_text(&host, b, "new");
    assert_int_equal(rill_close(host.stack, b), 0);
    udp_host_text(&host, 7, "old");
    udp_host_expect_text(&host, a, "old");
}

/* Each source always comes to the same of them, and all of them have some. */
static void those_who_share_a_port_have_their_sources_spread(void **state)
{
    unsigned received[3] = {0, 0, 0};
    rill_conn conn[3];
    uint8_t byte;

    (void)state;
    for (int i = 0; i < 3; i++) {
        conn[i] = opened(RILL_UDP_REUSE_PORT);
        assert_int_equal(bind_to(conn[i], udp_end(0, 0, 0, 0, 7)), 0);
    }
    assert_int_equal(bind_to(opened(RILL_UDP_REUSE_ADDRESS), udp_end(0, 0, 0, 0, 7)), -RILL_EADDRINUSE);
    for (uint16_t port = 1; port <= 60; port++) {
        int whose = -1;

        from(udp_end(10, 0, 0, 9, port), "1");
        from(udp_end(10, 0, 0, 9, port), "2");
        for (int i = 0; i < 3; i++) {
            if (rill_udp_queued(host.stack, conn[i]) < 0)
                continue;
            assert_int_equal(whose, -1);
            whose = i;
            assert_int_equal(rill_udp_receive_from(host.stack, conn[i], &byte, 1, 0, NULL), 1);
            assert_int_equal(rill_udp_receive_from(host.stack, conn[i], &byte, 1, 0, NULL), 1);
        }
        assert_int_not_equal(whose, -1);
        received[whose]++;
    }
    for (int i = 0; i < 3; i++)
        assert_in_range(received[i], 5, 40);
}

static void the_better_match_receives(void **state)
{
    rill_conn any = opened(RILL_UDP_REUSE_ADDRESS), address = opened(RILL_UDP_REUSE_ADDRESS),
              connected = opened(RILL_UDP_REUSE_ADDRESS);

    (void)state;
    assert_int_equal(bind_to(connected, udp_end(0, 0, 0, 0, 7)), 0);
    assert_int_equal(connect_to(connected, udp_end(10, 0, 0, 9, 1000)), 0);
    assert_int_equal(bind_to(address, udp_end(10, 0, 0, 2, 7)), 0);
    assert_int_equal(bind_to(any, udp_end(0, 0, 0, 0, 7)), 0);
    from(udp_end(10, 0, 0, 9, 1000), "connected");
    from(udp_end(10, 0, 0, 9, 1001), "address");
    udp_host_expect_text(&host, connected, "connected");
    udp_host_expect_text(&host, address, "address");
    udp_host_expect_nothing(&host, any);
}

static void a_connected_socket_hears_its_peer_only(void **state)
{
    rill_conn conn = udp_host_bound(&host, 7);

    (void)state;
    assert_int_equal(connect_to(conn, udp_end(10, 0, 0, 9, 1000)), 0);
    from(udp_end(10, 0, 0, 9, 1001), "other port");
    from(udp_end(10, 0, 0, 8, 1000), "other host");
    udp_host_expect_nothing(&host, conn);
    assert_int_equal(rill_drops(host.stack, RILL_DROP_UDP_NO_SOCKET), 2);
    from(udp_end(10, 0, 0, 9, 1000), "peer");
    udp_host_expect_text(&host, conn, "peer");
}

static void connecting_binds_and_tells_both_ends(void **state)
{
    const struct rill_endpoint remote = udp_end(172, 16, 0, 9, 53);
    struct rill_addr source = rill_addr4(172, 16, 0, 2);
    rill_conn conn = opened(0);
    struct packet_facts facts;
    struct rill_status status;

    (void)state;
    assert_int_equal(connect_to(conn, remote), 0);
    status = status_of(conn);
    assert_int_equal(status.protocol, 17);
    assert_int_equal(status.state, RILL_STATE_ESTABLISHED);
    assert_true(rill_addr_equal(&status.local.addr, &source));
    assert_int_not_equal(status.local.port, 0);
    assert_int_equal(status.remote.port, 53);
    assert_int_equal(udp_host_send(&host, conn, NULL, "x"), 1);
    assert_true(udp_host_sent(&host, host.other_netif, &facts));
    assert_int_equal(facts.source_port, status.local.port);
    assert_int_equal(facts.destination_port, 53);
}

static void disconnecting_gives_up_what_the_stack_chose(void **state)
{
    const struct rill_endpoint none = {.port = 1};
    rill_conn chosen = opened(0), bound = opened(0);
    struct rill_status status;

    (void)state;
    assert_int_equal(connect_to(chosen, udp_end(10, 0, 0, 9, 53)), 0);
    assert_int_equal(rill_udp_connect(host.stack, chosen, NULL), 0);
    assert_int_equal(status_of(chosen).local.port, 0);
    status = status_of(chosen);
    assert_true(rill_addr_is_unspecified(&status.local.addr));
    assert_int_equal(status.state, RILL_STATE_CLOSED);
    assert_int_equal(bind_to(bound, udp_end(10, 0, 0, 2, 7)), 0);
    assert_int_equal(connect_to(bound, udp_end(10, 0, 0, 9, 53)), 0);
    assert_int_equal(rill_udp_connect(host.stack, bound, &none), 0);
    assert_int_equal(status_of(bound).local.port, 7);
    from(udp_end(10, 0, 0, 8, 1), "anybody");
    udp_host_expect_text(&host, bound, "anybody");
}

static void a_socket_may_be_connected_again(void **state)
{
    rill_conn conn = udp_host_bound(&host, 7);

    (void)state;
    assert_int_equal(connect_to(conn, udp_end(10, 0, 0, 9, 1000)), 0);
    assert_int_equal(connect_to(conn, udp_end(10, 0, 0, 8, 1000)), 0);
    from(udp_end(10, 0, 0, 9, 1000), "before");
    from(udp_end(10, 0, 0, 8, 1000), "now");
    udp_host_expect_text(&host, conn, "now");
}

static void connecting_to_what_cannot_be_sent_to_is_refused(void **state)
{
    rill_conn conn = opened(0), allowed = opened(RILL_UDP_BROADCAST);

    (void)state;
    assert_int_equal(connect_to(conn, udp_end(10, 0, 0, 255, 53)), -RILL_EACCES);
    assert_int_equal(connect_to(conn, udp_end(127, 0, 0, 1, 53)), -RILL_ENETUNREACH);
    assert_int_equal(status_of(conn).local.port, 0);
    assert_int_equal(connect_to(allowed, udp_end(10, 0, 0, 255, 53)), 0);
}

/* getaddrinfo(3) of a name without a service: which address would be the source? */
static void connecting_to_port_zero_only_finds_the_source(void **state)
{
    rill_conn conn = opened(0);

    (void)state;
    assert_int_equal(connect_to(conn, udp_end(10, 0, 0, 9, 0)), 0);
    assert_int_equal(status_of(conn).local.addr.bytes[15], 2);
    assert_int_equal(status_of(conn).state, RILL_STATE_ESTABLISHED);
    assert_int_equal(rill_udp_send_to(host.stack, conn, NULL, NULL, 0, NULL), -RILL_EINVAL);
}

/* R6056-1: many ports, no series among them, none twice. */
static void chosen_ports_are_hard_to_guess_and_not_taken(void **state)
{
    static uint8_t seen[65536];
    struct rill_udp_options options = {.size = sizeof options};
    unsigned steps_of_one = 0, last = 0;

    (void)state;
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < 1000; i++) {
        rill_conn conn;
        unsigned port;

        assert_int_equal(rill_udp_open(host.stack, &options, &conn), 0);
        assert_int_equal(bind_to(conn, udp_end(0, 0, 0, 0, 0)), 0);
        port = status_of(conn).local.port;
        assert_in_range(port, 32768, 65535);
        assert_int_equal(seen[port], 0);
        seen[port] = 1;
        steps_of_one += port == last + 1;
        last = port;
    }
    assert_in_range(steps_of_one, 0, 5);
}

/* R6056-1: exhaustion is an error, and the last free port is found. */
static void the_last_free_port_is_found_and_then_none(void **state)
{
    struct udp_host big;
    rill_conn conn, last = 0;
    struct rill_endpoint any = {.port = 0};
    struct rill_status status;

    (void)state;
    udp_host_open(&big, 64u << 20);
    for (int i = 0; i < 32768; i++) {
        assert_int_equal(rill_udp_open(big.stack, NULL, &last), 0);
        any.port = (uint16_t)(32768 + i);
        if (i != 20000)
            assert_int_equal(rill_udp_bind(big.stack, last, &any), 0);
        else
            assert_int_equal(rill_close(big.stack, last), 0);
    }
    any.port = 0;
    assert_int_equal(rill_udp_open(big.stack, NULL, &conn), 0);
    assert_int_equal(rill_udp_bind(big.stack, conn, &any), 0);
    assert_int_equal(rill_status(big.stack, conn, &status), 0);
    assert_int_equal(status.local.port, 52768);
    assert_int_equal(rill_udp_open(big.stack, NULL, &conn), 0);
    assert_int_equal(rill_udp_bind(big.stack, conn, &any), -RILL_EADDRINUSE);
    assert_true(rill_check(big.stack));
    rill_stack_destroy(big.stack); /* closing them one by one by the list would take its time */
    free(big.memory);
}

static void a_broadcast_address_can_be_bound_and_hears_that_only(void **state)
{
    struct udp_packet packet = {
        .source = udp_end(10, 0, 0, 9, 9), .destination = udp_end(10, 0, 0, 255, 7), .data = "x", .data_bytes = 1};
    rill_conn conn = opened(0);
    struct packet_facts facts;
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 9);

    (void)state;
    assert_int_equal(bind_to(conn, udp_end(10, 0, 0, 255, 7)), 0);
    udp_host_text(&host, 7, "to us");
    udp_host_expect_nothing(&host, conn);
    while (udp_host_sent(&host, host.netif, &facts)) /* port unreachable */
        assert_int_equal(facts.protocol, 1);
    udp_host_datagram(&host, &packet);
    udp_host_expect_text(&host, conn, "x");
    assert_int_equal(udp_host_send(&host, conn, &remote, "y"), 1);
    assert_true(udp_host_sent(&host, host.netif, &facts));
    assert_memory_equal(host.sent + 12, "\x0a\0\0\x02", 4); /* R768-6: never from there */
}

static void sockets_are_listed_after_connections(void **state)
{
    struct rill_options listener;
    struct rill_status status;
    uint64_t cursor = 0;
    rill_conn udp = udp_host_bound(&host, 7), tcp;

    (void)state;
    rill_options_default(&listener);
    listener.local.port = 80;
    assert_int_equal(rill_tcp_listen(host.stack, &listener, &tcp), 0);
    assert_true(rill_list(host.stack, &cursor, &status));
    assert_int_equal(status.protocol, 6);
    assert_true(rill_list(host.stack, &cursor, &status));
    assert_int_equal(status.protocol, 17);
    assert_true(status.conn == udp);
    assert_int_equal(status.local.port, 7);
    assert_false(rill_list(host.stack, &cursor, &status));
}

static void a_closed_handle_is_answered_not_followed(void **state)
{
    rill_conn conn = udp_host_bound(&host, 7);
    struct rill_udp_options options;
    struct rill_udp_error error;
    struct rill_status status;

    (void)state;
    udp_host_text(&host, 7, "unread");
    assert_int_equal(rill_close(host.stack, conn), 0);
    udp_host_expect_no_event(&host);
    assert_int_equal(rill_close(host.stack, conn), -RILL_EBADF);
    assert_int_equal(rill_status(host.stack, conn, &status), -RILL_EBADF);
    assert_int_equal(rill_udp_queued(host.stack, conn), -RILL_EBADF);
    assert_int_equal(rill_udp_send_room(host.stack, conn), -RILL_EBADF);
    assert_int_equal(rill_udp_connect(host.stack, conn, NULL), -RILL_EBADF);
    assert_int_equal(rill_udp_consume(host.stack, conn), -RILL_EBADF);
    assert_int_equal(rill_udp_take_error(host.stack, conn, &error), -RILL_EBADF);
    assert_int_equal(rill_udp_get_options(host.stack, conn, &options), -RILL_EBADF);
    assert_int_equal(rill_set_user(host.stack, conn, 1), -RILL_EBADF);
    assert_int_equal(rill_send(host.stack, udp_host_bound(&host, 7), "x", 1, 0), -RILL_EBADF);
}

static void options_are_checked_and_told(void **state)
{
    struct rill_udp_options options;
    rill_conn conn = opened(0);
    struct rill_event event;

    (void)state;
    assert_int_equal(rill_udp_get_options(host.stack, conn, &options), 0);
    assert_int_equal(options.ttl, 64);
    assert_int_equal(options.multicast_ttl, 1);
    assert_int_equal(options.receive_buffer_bytes, 212992);
    options.receive_buffer_bytes = 1;
    assert_int_equal(rill_udp_set_options(host.stack, conn, &options), -RILL_EINVAL);
    options.receive_buffer_bytes = 0;
    options.flags = 0x80000000;
    assert_int_equal(rill_udp_set_options(host.stack, conn, &options), -RILL_EINVAL);
    options.flags = 0;
    options.size = 1;
    assert_int_equal(rill_udp_set_options(host.stack, conn, &options), -RILL_EINVAL);
    assert_int_equal(rill_udp_open(host.stack, &options, &conn), -RILL_EINVAL);
    assert_int_equal(rill_set_user(host.stack, udp_host_bound(&host, 7), 77), 0);
    udp_host_text(&host, 7, "x");
    assert_true(rill_next(host.stack, &event));
    assert_int_equal(event.user, 77);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_host, close_host)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_taken_end_is_refused_whether_address_or_all),
        TEST(an_address_that_is_not_ours_is_refused),
        TEST(those_who_share_an_end_leave_it_to_the_newest),
        TEST(those_who_share_a_port_have_their_sources_spread),
        TEST(the_better_match_receives),
        TEST(a_connected_socket_hears_its_peer_only),
        TEST(connecting_binds_and_tells_both_ends),
        TEST(disconnecting_gives_up_what_the_stack_chose),
        TEST(a_socket_may_be_connected_again),
        TEST(connecting_to_what_cannot_be_sent_to_is_refused),
        TEST(connecting_to_port_zero_only_finds_the_source),
        TEST(chosen_ports_are_hard_to_guess_and_not_taken),
        TEST(the_last_free_port_is_found_and_then_none),
        TEST(a_broadcast_address_can_be_bound_and_hears_that_only),
        TEST(sockets_are_listed_after_connections),
        TEST(a_closed_handle_is_answered_not_followed),
        TEST(options_are_checked_and_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
