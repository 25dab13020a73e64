/* What the stack picks by itself: initial sequence numbers, ports and source addresses. */
#include <stdlib.h>
#include <string.h>

#include "rill/rill.h"
#include "support/cmocka_all.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"
#include "wire/train.h"

#define MEMORY_BYTES (4u << 20)
#define SECOND UINT64_C(1000000000)
#define REMOTE_PORT 80u

struct maker {
    struct rill_stack *stack;
    void *memory;
    int netif[2]; /* 10.1.0.1/24 and 10.2.0.1/24 */
    rill_time now;
};

static void add_netif(struct maker *m, unsigned index)
{
    struct rill_netif_config config = {
        .name = "if", .mtu = 1500, .addr = rill_addr4(10, (uint8_t)(index + 1), 0, 1), .prefix_bits = 24};

    config.name[2] = (char)('0' + index);
    assert_int_equal(rill_netif_add(m->stack, &config, &m->netif[index]), 0);
}

static void open_maker(struct maker *m, uint8_t secret)
{
    struct rill_config config;

    memset(m, 0, sizeof *m);
    rill_config_default(&config);
    m->memory = aligned_alloc(4096, MEMORY_BYTES);
    assert_non_null(m->memory);
    config.memory = m->memory;
    config.memory_bytes = MEMORY_BYTES;
    config.now = m->now = SECOND;
    memset(config.secret, secret, sizeof config.secret);
    assert_int_equal(rill_stack_create(&config, &m->stack), 0);
    add_netif(m, 0);
    add_netif(m, 1);
}

static void close_maker(struct maker *m)
{
    assert_true(rill_check(m->stack));
    rill_stack_destroy(m->stack);
    free(m->memory);
}

static void wait_for(struct maker *m, uint64_t nanoseconds)
{
    m->now += nanoseconds;
    rill_poll(m->stack, m->now);
}

static rill_conn connect_from(struct maker *m, struct rill_addr remote, uint16_t local_port)
{
    struct rill_endpoint to = {remote, REMOTE_PORT};
    struct rill_options options;
    rill_conn conn;

    rill_options_default(&options);
    options.local.port = local_port;
    assert_int_equal(rill_tcp_connect(m->stack, &to, &options, &conn), 0);
    return conn;
}

/* The ISS that a connection from this port would get now; the connection is dropped again. */
static uint32_t iss_now(struct maker *m, uint16_t local_port)
{
    rill_conn conn = connect_from(m, rill_addr4(10, 1, 0, 2), local_port);
    struct rill_status status;

    assert_int_equal(rill_status(m->stack, conn, &status), 0);
    assert_int_equal(rill_abort(m->stack, conn), 0);
    rill_close(m->stack, conn);
    return status.iss;
}

static void MUST_8_SHLD_1_the_isn_goes_on_by_one_in_4_microseconds_and_wraps(void **state)
{
    static const uint64_t waits_us[] = {4, 1000, 1000000, 3600000000, 17179869184 - 4};
    struct maker m;

    (void)state;
    open_maker(&m, 1);
    for (unsigned i = 0; i < sizeof waits_us / sizeof waits_us[0]; i++) {
        uint32_t before = iss_now(&m, 1000);

        wait_for(&m, waits_us[i] * 1000);
        assert_int_equal(iss_now(&m, 1000) - before, (uint32_t)(waits_us[i] / 4));
    }
    close_maker(&m);
}

/* The timestamp of the SYN that a connection from this port sends now. */
static uint32_t timestamp_now(struct maker *m, uint16_t local_port)
{
    rill_conn conn = connect_from(m, rill_addr4(10, 1, 0, 2), local_port);
    struct tcp_segment seg;
    struct rill_train train;

    assert_int_equal(rill_output(m->stack, m->netif[0], &train, 1, m->now), 1);
    assert_int_equal(tcp_parse(train.header + 20, train.header_bytes - 20u, &seg), RILL_DROP_NONE);
    assert_true((seg.options.present & TCP_OPTION_TIMESTAMP) != 0);
    assert_int_equal(rill_abort(m->stack, conn), 0);
    return seg.options.timestamp_value;
}

static void R7323_18_the_timestamp_clock_goes_on_by_one_in_a_millisecond_and_wraps(void **state)
{
    static const uint32_t waits_ms[] = {1, 999, 86400000, 0x7fffffff, 0x80000000, 0xffffffff};
    struct maker m;

    (void)state;
    open_maker(&m, 1);
    for (unsigned i = 0; i < sizeof waits_ms / sizeof waits_ms[0]; i++) {
        uint32_t before = timestamp_now(&m, 1000);

        wait_for(&m, waits_ms[i] * UINT64_C(1000000));
        assert_int_equal(timestamp_now(&m, 1000) - before, waits_ms[i]);
    }
    close_maker(&m);
}

/* RFC 7323 7.1. */
static void R7323_18_neighbouring_ports_have_unrelated_timestamps(void **state)
{
    struct maker m;
    uint32_t before, near = 0;

    (void)state;
    open_maker(&m, 1);
    before = timestamp_now(&m, 1000);
    for (uint16_t port = 1001; port < 1101; port++) {
        uint32_t now = timestamp_now(&m, port);

        near += now - before + (1u << 20) < 1u << 21; /* one in 2,048 by chance */
        before = now;
    }
    assert_true(near <= 3);
    close_maker(&m);
}

static void R6528_1_the_next_incarnation_of_a_pair_begins_behind_the_last_one(void **state)
{
    struct maker m;

    (void)state;
    open_maker(&m, 1);
    for (uint16_t port = 1000; port < 1064; port++) {
        uint32_t before = iss_now(&m, port);

        wait_for(&m, SECOND / 1000);
        assert_in_range(iss_now(&m, port) - before, 1, 0x7fffffff);
    }
    close_maker(&m);
}

/* The numbers of neighbouring ports differ by something else each time: one of them says nothing of the next. */
static void MUST_9_R6528_1_neighbouring_ports_have_unrelated_isns(void **state)
{
    uint32_t steps[64];
    struct maker m;

    (void)state;
    open_maker(&m, 1);
    for (uint16_t i = 0; i < 64; i++) {
        steps[i] = iss_now(&m, (uint16_t)(1001 + i)) - iss_now(&m, (uint16_t)(1000 + i));
        for (uint16_t other = 0; other < i; other++)
            assert_int_not_equal(steps[i], steps[other]);
    }
    close_maker(&m);
}

/* Neither the ISN nor the step to the next port's can be known without the secret. */
static void MUST_9_R6528_2_every_byte_of_the_secret_changes_the_isn(void **state)
{
    struct maker one, other;

    (void)state;
    open_maker(&one, 1);
    open_maker(&other, 2);
    assert_int_not_equal(iss_now(&one, 1000), iss_now(&other, 1000));
    assert_int_not_equal(iss_now(&one, 1001) - iss_now(&one, 1000), iss_now(&other, 1001) - iss_now(&other, 1000));
    close_maker(&one);
    for (unsigned byte = 0; byte < 16; byte++) {
        struct rill_config config;
        struct maker changed = {.now = SECOND};

        rill_config_default(&config);
        changed.memory = aligned_alloc(4096, MEMORY_BYTES);
        assert_non_null(changed.memory);
        config.memory = changed.memory;
        config.memory_bytes = MEMORY_BYTES;
        config.now = SECOND;
        memset(config.secret, 2, sizeof config.secret);
        config.secret[byte] ^= 0x80;
        assert_int_equal(rill_stack_create(&config, &changed.stack), 0);
        add_netif(&changed, 0);
        assert_int_not_equal(iss_now(&changed, 1000), iss_now(&other, 1000));
        close_maker(&changed);
    }
    close_maker(&other);
}

static uint16_t port_of(struct maker *m, rill_conn conn)
{
    struct rill_status status;

    assert_int_equal(rill_status(m->stack, conn, &status), 0);
    return status.local.port;
}

static void R6056_1_chosen_ports_are_ephemeral_distinct_and_start_elsewhere_for_each_destination(void **state)
{
    static bool taken[65536];
    uint16_t first[8];
    struct maker m;

    (void)state;
    memset(taken, 0, sizeof taken);
    open_maker(&m, 1);
    for (unsigned i = 0; i < 1000; i++) {
        uint16_t port = port_of(&m, connect_from(&m, rill_addr4(10, 1, 0, 2), 0));

        assert_in_range(port, 1024, 65535);
        assert_false(taken[port]);
        taken[port] = true;
    }
    for (unsigned i = 0; i < 8; i++) {
        first[i] = port_of(&m, connect_from(&m, rill_addr4(10, 1, 0, (uint8_t)(10 + i)), 0));
        for (unsigned other = 0; other < i; other++)
            assert_true(abs(first[i] - first[other]) > 8); /* not one counter for all */
    }
    close_maker(&m);
}

/* The source address of the only packet that waits on an interface. */
static uint32_t source_on(struct maker *m, unsigned index)
{
    struct rill_train trains[2];
    struct train_cursor cursor = {0};
    struct ipv4_header ip;
    uint8_t packet[2048];
    size_t bytes;

    assert_int_equal(rill_output(m->stack, m->netif[index], trains, 2, m->now), 1);
    bytes = train_cut(&trains[0], &cursor, 0, packet, sizeof packet);
    assert_int_equal(ipv4_parse(packet, bytes, &ip), RILL_DROP_NONE);
    return ip.source;
}

static void MUST_44_the_interface_on_the_way_gives_the_source_address(void **state)
{
    struct maker m;

    (void)state;
    for (uint8_t i = 0; i < 2; i++) {
        open_maker(&m, 1);
        (void)connect_from(&m, rill_addr4(10, (uint8_t)(i + 1), 0, 2), 0);
        assert_int_equal(source_on(&m, i), 0x0a000001u + ((i + 1u) << 16));
        close_maker(&m);
    }
}

static void MUST_43_the_local_address_of_an_open_is_the_source_of_its_syn(void **state)
{
    struct rill_endpoint remote = {rill_addr4(10, 1, 0, 2), REMOTE_PORT};
    struct rill_options options;
    struct maker m;
    rill_conn conn;

    (void)state;
    open_maker(&m, 1);
    rill_options_default(&options);
    options.local.addr = rill_addr4(10, 2, 0, 1); /* the other interface's */
    assert_int_equal(rill_tcp_connect(m.stack, &remote, &options, &conn), 0);
    assert_int_equal(source_on(&m, 0), 0x0a020001u);
    options.local.addr = rill_addr4(10, 3, 0, 1);
    assert_int_equal(rill_tcp_connect(m.stack, &remote, &options, &conn), -RILL_EADDRNOTAVAIL);
    close_maker(&m);
}

static void MUST_45_the_local_address_stays_when_an_interface_comes_that_gives_others_another(void **state)
{
    struct rill_netif_config closer = {.name = "late", .mtu = 1500, .addr = rill_addr4(10, 1, 0, 3), .prefix_bits = 30};
    struct rill_status status;
    struct maker m;
    rill_conn conn;
    int netif;

    (void)state;
    open_maker(&m, 1);
    (void)connect_from(&m, rill_addr4(10, 1, 0, 2), 0);
    assert_int_equal(source_on(&m, 0), 0x0a010001u);
    assert_int_equal(rill_netif_add(m.stack, &closer, &netif), 0);
    conn = connect_from(&m, rill_addr4(10, 1, 0, 2), 0);
    assert_int_equal(rill_status(m.stack, conn, &status), 0);
    assert_memory_equal(&status.local.addr, &closer.addr, sizeof closer.addr);
    wait_for(&m, 1100 * (SECOND / 1000)); /* the first one's SYN again */
    assert_int_equal(source_on(&m, 0), 0x0a010001u);
    close_maker(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(MUST_8_SHLD_1_the_isn_goes_on_by_one_in_4_microseconds_and_wraps),
        cmocka_unit_test(R7323_18_the_timestamp_clock_goes_on_by_one_in_a_millisecond_and_wraps),
        cmocka_unit_test(R7323_18_neighbouring_ports_have_unrelated_timestamps),
        cmocka_unit_test(R6528_1_the_next_incarnation_of_a_pair_begins_behind_the_last_one),
        cmocka_unit_test(MUST_9_R6528_1_neighbouring_ports_have_unrelated_isns),
        cmocka_unit_test(MUST_9_R6528_2_every_byte_of_the_secret_changes_the_isn),
        cmocka_unit_test(R6056_1_chosen_ports_are_ephemeral_distinct_and_start_elsewhere_for_each_destination),
        cmocka_unit_test(MUST_44_the_interface_on_the_way_gives_the_source_address),
        cmocka_unit_test(MUST_43_the_local_address_of_an_open_is_the_source_of_its_syn),
        cmocka_unit_test(MUST_45_the_local_address_stays_when_an_interface_comes_that_gives_others_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
