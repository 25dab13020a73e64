/* src/ip/fragmentation.c: what is cut, where DF is set, and what the IDs are. */
#include <stdlib.h>
#include <string.h>

#include "support/fragments.h"

#define DATA_MAX 65507u
#define SECOND UINT64_C(1000000000)

static struct udp_host host;
static uint8_t data[DATA_MAX + 1], whole[UDP_HOST_PACKET_MAX];

static int open_host(void **state)
{
    (void)state;
    udp_host_open(&host, 0);
    for (uint32_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 24);
    return 0;
}

static int close_host(void **state)
{
    (void)state;
    udp_host_close(&host);
    return 0;
}

static rill_conn opened(enum rill_udp_mtu_discovery mtu_discovery)
{
    const struct rill_udp_options options = {.size = sizeof options, .mtu_discovery = (uint8_t)mtu_discovery};
    rill_conn conn;

    assert_int_equal(rill_udp_open(host.stack, &options, &conn), 0);
    return conn;
}

static int64_t send_bytes(rill_conn conn, const struct rill_endpoint *remote, uint32_t bytes)
{
    const struct rill_slice slice = {data, bytes};
    int64_t n = rill_udp_send_to(host.stack, conn, remote, &slice, 1, NULL);

    assert_true(rill_check(host.stack));
    return n;
}

static rill_conn connected(enum rill_udp_mtu_discovery mtu_discovery)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    rill_conn conn = opened(mtu_discovery);

    assert_int_equal(rill_udp_connect(host.stack, conn, &remote), 0);
    return conn;
}

/* A router says that what conn sent is too long. */
static void provoke_mtu(rill_conn conn, uint16_t mtu)
{
    uint8_t about[UDP_HOST_PACKET_MAX];
    uint32_t bytes;

    assert_int_equal(send_bytes(conn, NULL, 100), 100);
    bytes = fragment_sent(&host);
    memcpy(about, host.sent, bytes);
    udp_host_icmp_error(&host, 3, 4, mtu, about, bytes);
}

static void expect_sent(uint32_t data_bytes, unsigned fragments, uint32_t mtu, bool dont_fragment)
{
    struct packet_facts facts;
    unsigned count;
    uint32_t bytes = fragments_sent_whole(&host, whole, mtu, &count);

    assert_int_equal(bytes, 28 + data_bytes);
    assert_null(packet_check(whole, bytes, &facts));
    assert_int_equal(count, fragments);
    assert_int_equal(facts.payload_bytes, data_bytes);
    assert_memory_equal(facts.payload, data, data_bytes);
    assert_int_equal(header_dont_fragment(whole), dont_fragment);
}

/* RFC 791 3.2 */
static void what_is_too_long_leaves_in_fragments_and_is_whole_again(void **state)
{
    static const uint32_t sizes[] = {1472, 1473, 2952, 2953, 4000, 30001, DATA_MAX};
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    rill_conn conn = opened(RILL_UDP_MTU_WANT);

    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(send_bytes(conn, &remote, sizes[i]), sizes[i]);
        expect_sent(sizes[i], (sizes[i] + 8 + 1479) / 1480, 1500, false);
        assert_int_equal(fragment_sent(&host), 0);
    }
    assert_int_equal(rill_counted(host.stack, RILL_COUNT_IP_FRAGMENTED), 6);
    assert_int_equal(rill_counted(host.stack, RILL_COUNT_UDP_DATAGRAMS_OUT), 7);
    assert_int_equal(send_bytes(conn, &remote, DATA_MAX + 1), -RILL_EMSGSIZE);
}

/* RFC 1191 3: a path's MTU that nobody keeps must not be asked for, or all that is longer is lost. */
static void only_connected_sockets_ask_for_the_paths_mtu(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    rill_conn conn = opened(RILL_UDP_MTU_WANT);

    (void)state;
    assert_int_equal(send_bytes(conn, &remote, 1472), 1472);
    expect_sent(1472, 1, 1500, false);
    assert_int_equal(rill_udp_connect(host.stack, conn, &remote), 0);
    assert_int_equal(send_bytes(conn, NULL, 1472), 1472);
    expect_sent(1472, 1, 1500, true);
}

/* R6864-3 */
static void what_has_df_is_never_cut(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    static const enum rill_udp_mtu_discovery never[] = {RILL_UDP_MTU_DO, RILL_UDP_MTU_PROBE};

    (void)state;
    for (int i = 0; i < 2; i++) {
        rill_conn conn = opened(never[i]);

        assert_int_equal(send_bytes(conn, &remote, 1473), -RILL_EMSGSIZE);
        assert_int_equal(fragment_sent(&host), 0);
        assert_int_equal(send_bytes(conn, &remote, 1472), 1472);
        expect_sent(1472, 1, 1500, true);
    }
}

static void without_discovery_df_is_never_set(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    static const enum rill_udp_mtu_discovery without[] = {RILL_UDP_MTU_DONT, RILL_UDP_MTU_OMIT, RILL_UDP_MTU_INTERFACE};

    (void)state;
    for (int i = 0; i < 3; i++) {
        rill_conn conn = opened(without[i]);

        assert_int_equal(send_bytes(conn, &remote, 10), 10);
        expect_sent(10, 1, 1500, false);
        if (without[i] == RILL_UDP_MTU_INTERFACE) {
            assert_int_equal(send_bytes(conn, &remote, 1473), -RILL_EMSGSIZE);
            continue;
        }
        assert_int_equal(send_bytes(conn, &remote, 4000), 4000);
        expect_sent(4000, 3, 1500, false);
    }
}

/* RFC 1191 3: what the path takes bounds the fragments, of those who asked for it. */
static void a_learned_mtu_is_the_fragments_size(void **state)
{
    rill_conn want = connected(RILL_UDP_MTU_WANT), dont = connected(RILL_UDP_MTU_DONT),
              probe = connected(RILL_UDP_MTU_PROBE);

    (void)state;
    provoke_mtu(want, 1000);
    assert_int_equal(send_bytes(want, NULL, 10), -RILL_EMSGSIZE); /* the error itself, once */
    assert_int_equal(send_bytes(want, NULL, 972), 972);
    expect_sent(972, 1, 1000, true);
    assert_int_equal(send_bytes(want, NULL, 973), 973);
    expect_sent(973, 2, 1000, false);
    provoke_mtu(dont, 1000);
    assert_int_equal(send_bytes(dont, NULL, 1472), 1472);
    expect_sent(1472, 1, 1500, false);
    provoke_mtu(probe, 1000);
    assert_int_equal(send_bytes(probe, NULL, 10), -RILL_EMSGSIZE);
    assert_int_equal(send_bytes(probe, NULL, 1472), 1472);
    expect_sent(1472, 1, 1500, true);
    while (rill_next(host.stack, &(struct rill_event){0}))
        continue;
}

/* R6864-2 */
static void ids_do_not_repeat_within_65536_datagrams(void **state)
{
    static bool seen[65536];
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    rill_conn conn = opened(RILL_UDP_MTU_DONT);

    (void)state;
    for (unsigned i = 0; i < 65536; i++) {
        const struct rill_slice slice = {data, 1};
        struct rill_train train;

        assert_int_equal(rill_udp_send_to(host.stack, conn, &remote, &slice, 1, NULL), 1);
        assert_int_equal(rill_output(host.stack, host.netif, &train, 1, host.now), 1);
        assert_false(seen[header_id(train.header)]);
        seen[header_id(train.header)] = true;
    }
}

/* R6864-4: the IDs of two destinations have no difference that could be known. */
static void ids_to_one_destination_say_nothing_of_another(void **state)
{
    static bool seen[65536];
    rill_conn conn = opened(RILL_UDP_MTU_DONT);
    unsigned before = 0, distinct = 0, next = 0;

    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        const struct rill_endpoint remote = udp_end(10, 0, 0, (uint8_t)(3 + i), 53);
        unsigned id;

        assert_int_equal(send_bytes(conn, &remote, 1), 1);
        assert_int_not_equal(fragment_sent(&host), 0);
        id = header_id(host.sent);
        next += i > 0 && (uint16_t)(id - before) < 256;
        distinct += !seen[(uint16_t)(id - before)];
        seen[(uint16_t)(id - before)] = true;
        before = id;
    }
    assert_true(next < 10);
    assert_true(distinct > 190);
}

static void datagrams_behind_a_long_one_wait_for_its_last_fragment(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    rill_conn conn = opened(RILL_UDP_MTU_WANT);

    (void)state;
    assert_int_equal(send_bytes(conn, &remote, 4000), 4000);
    assert_int_equal(send_bytes(conn, &remote, 11), 11);
    assert_int_equal(send_bytes(conn, &remote, 5000), 5000);
    expect_sent(4000, 3, 1500, false);
    expect_sent(11, 1, 1500, false);
    expect_sent(5000, 4, 1500, false);
}

static void a_long_datagram_counts_to_the_send_buffer_until_all_has_left(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    rill_conn conn = opened(RILL_UDP_MTU_WANT);
    int64_t room = rill_udp_send_room(host.stack, conn);

    (void)state;
    assert_int_equal(send_bytes(conn, &remote, 4000), 4000);
    for (int i = 0; i < 2; i++) {
        assert_int_not_equal(fragment_sent(&host), 0);
        assert_true(rill_udp_send_room(host.stack, conn) <= room - 4000);
    }
    assert_int_not_equal(fragment_sent(&host), 0);
    assert_int_equal(rill_udp_send_room(host.stack, conn), room);
}

static void fragments_leave_though_the_socket_is_closed(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    rill_conn conn = opened(RILL_UDP_MTU_WANT);
    unsigned count = 0;

    (void)state;
    assert_int_equal(send_bytes(conn, &remote, 4000), 4000);
    assert_int_not_equal(fragment_sent(&host), 0);
    assert_int_equal(rill_close(host.stack, conn), 0);
    while (fragment_sent(&host) != 0)
        count++;
    assert_int_equal(count, 2);
}

/* RFC 768: the sum is there before a device could fill it in, and 0 is written as all ones. */
static void the_checksum_of_a_long_datagram_is_never_zero(void **state)
{
    const struct rill_endpoint remote = udp_end(10, 0, 0, 9, 53);
    rill_conn conn = opened(RILL_UDP_MTU_WANT);
    unsigned sum;

    (void)state;
    assert_int_equal(send_bytes(conn, &remote, 2000), 2000);
    expect_sent(2000, 2, 1500, false);
    sum = whole[26] * 256u + whole[27] + data[0] * 256u + data[1];
    sum = sum % 65536u + sum / 65536u;
    data[0] = (uint8_t)(sum >> 8); /* takes over what the field said */
    data[1] = (uint8_t)sum;
    assert_int_equal(send_bytes(conn, &remote, 2000), 2000);
    expect_sent(2000, 2, 1500, false);
    assert_int_equal(whole[26] * 256u + whole[27], 0xffff);
}

static void an_unknown_discovery_is_refused(void **state)
{
    const struct rill_udp_options options = {.size = sizeof options, .mtu_discovery = RILL_UDP_MTU_OMIT + 1};
    rill_conn conn;

    (void)state;
    assert_int_equal(rill_udp_open(host.stack, &options, &conn), -RILL_EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_host, close_host)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_too_long_leaves_in_fragments_and_is_whole_again),
        TEST(only_connected_sockets_ask_for_the_paths_mtu),
        TEST(what_has_df_is_never_cut),
        TEST(without_discovery_df_is_never_set),
        TEST(a_learned_mtu_is_the_fragments_size),
        TEST(ids_do_not_repeat_within_65536_datagrams),
        TEST(ids_to_one_destination_say_nothing_of_another),
        TEST(datagrams_behind_a_long_one_wait_for_its_last_fragment),
        TEST(a_long_datagram_counts_to_the_send_buffer_until_all_has_left),
        TEST(fragments_leave_though_the_socket_is_closed),
        TEST(the_checksum_of_a_long_datagram_is_never_zero),
        TEST(an_unknown_discovery_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
