/* The search for a path's MTU, against paths that carry so many bytes and no more. */
#include "ip/path_mtu.h"

#include <stdlib.h>

#include "stack/stack.h"
#include "support/cmocka_all.h"

#define MINUTES UINT64_C(60000000000)
#define PROBES_MAX 16u /* of one search; a byte at a time would need more than eight hundred */

struct search {
    struct ip ip;
    struct path path;
};

static void open_path(struct search *s, uint32_t probing, uint16_t interface_mtu)
{
    *s = (struct search){.ip = {.mtu_probing = probing, .mtu_base = 1200}};
    s->ip.netifs[0].mtu = interface_mtu;
    s->path.ip_header_bytes = 20;
    path_mtu_begin(&s->ip, &s->path);
}

static void pass(struct search *s, uint64_t time)
{
    host_set_now(&s->ip.host, s->ip.host.now + time);
}

/* Every probe that is due goes, on a path that carries `carried`. How many went. */
static unsigned run(struct search *s, uint32_t carried)
{
    uint32_t bytes;
    unsigned probes = 0;

    while ((bytes = path_mtu_probe(&s->ip, &s->path, UINT16_MAX)) != 0) {
        assert_in_range(bytes, s->path.search_low + 1, s->path.search_high);
        if (bytes <= carried)
            path_mtu_carried(&s->ip, &s->path, bytes);
        else
            path_mtu_refused(&s->ip, &s->path, bytes, 0);
        assert_true(++probes <= PROBES_MAX);
    }
    return probes;
}

static void R4821_1_a_search_comes_within_16_bytes_of_what_the_path_carries(void **state)
{
    static const uint16_t interfaces[] = {1500, 4352, 9000, 65535};
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        for (uint32_t carried = 1200; carried <= interfaces[i]; carried += 1 + carried / 1000) {
            struct search s;

            open_path(&s, RILL_MTU_PROBING_ALWAYS, interfaces[i]);
            (void)run(&s, carried);
            assert_in_range(s.path.mtu, carried - 15, carried);
        }
    }
}

static void sizes_that_tunnels_have_are_found_exactly(void **state)
{
    static const uint16_t common[] = {1280, 1400, 1420, 1450, 1476, 1480, 1492, 1500};
    (void)state;
    for (unsigned i = 0; i < sizeof common / sizeof common[0]; i++) {
        struct search s;

        open_path(&s, RILL_MTU_PROBING_ALWAYS, 1500);
        (void)run(&s, common[i]);
        assert_int_equal(s.path.mtu, common[i]);
    }
}

static void one_probe_tells_that_nothing_was_wrong(void **state)
{
    struct search s;
    (void)state;
    open_path(&s, RILL_MTU_PROBING_BLACK_HOLE, 1500);
    assert_int_equal(run(&s, 1500), 0);
    path_mtu_black_hole(&s.ip, &s.path);
    assert_int_equal(s.path.mtu, 1200);
    assert_int_equal(run(&s, 1500), 1);
    assert_int_equal(s.path.mtu, 1500);
    assert_int_equal(s.path.search, 0);
}

static void R4821_7_a_silent_path_gets_1200_bytes_and_then_552(void **state)
{
    struct search s;
    (void)state;
    open_path(&s, RILL_MTU_PROBING_BLACK_HOLE, 1500);
    path_mtu_black_hole(&s.ip, &s.path);
    assert_int_equal(s.path.mtu, 1200);
    path_mtu_black_hole(&s.ip, &s.path);
    assert_int_equal(s.path.mtu, 552);
    assert_int_equal(path_mtu_below(&s.ip, &s.path), 552);
}

static void R4821_7_what_was_found_out_goes_first(void **state)
{
    struct search s;
    (void)state;
    open_path(&s, RILL_MTU_PROBING_ALWAYS, 9000);
    (void)run(&s, 4352);
    assert_int_equal(s.path.mtu, 4352);
    assert_int_equal(path_mtu_below(&s.ip, &s.path), 1200); /* the way has changed: what fitted it fits no more */
}

static void R4821_7_no_ipv6_path_gets_less_than_1280(void **state)
{
    struct search s;
    (void)state;
    open_path(&s, RILL_MTU_PROBING_BLACK_HOLE, 1500);
    s.path.ip_header_bytes = 40;
    path_mtu_begin(&s.ip, &s.path);
    path_mtu_black_hole(&s.ip, &s.path);
    assert_int_equal(s.path.mtu, 1280);
    assert_int_equal(path_mtu_below(&s.ip, &s.path), 1280);
}

static void what_was_no_black_hole_is_as_before(void **state)
{
    struct search s;
    (void)state;
    open_path(&s, RILL_MTU_PROBING_BLACK_HOLE, 1500);
    path_mtu_black_hole(&s.ip, &s.path);
    path_mtu_black_hole(&s.ip, &s.path);
    path_mtu_restore(&s.ip, &s.path, 1500);
    assert_int_equal(s.path.mtu, 1500);
    assert_int_equal(path_mtu_probe(&s.ip, &s.path, 1500), 0);
    path_mtu_black_hole(&s.ip, &s.path); /* and the next one is found as the first was */
    assert_int_equal(s.path.mtu, 1200);
}

static void R4821_6_R1191_4_a_search_that_is_over_begins_again_after_ten_minutes(void **state)
{
    struct search s;
    (void)state;
    open_path(&s, RILL_MTU_PROBING_ALWAYS, 1500);
    (void)run(&s, 1400);
    pass(&s, 10 * MINUTES);
    path_mtu_age(&s.ip, &s.path);
    assert_int_equal(path_mtu_probe(&s.ip, &s.path, 1500), 0);
    pass(&s, NANOS_PER_MS);
    path_mtu_age(&s.ip, &s.path);
    assert_int_equal(s.path.mtu, 1400); /* nothing is given up meanwhile */
    assert_int_equal(path_mtu_probe(&s.ip, &s.path, 1500), 1500);
}

static void R1191_4_without_probes_the_path_is_as_at_first_after_ten_minutes(void **state)
{
    struct search s;
    (void)state;
    open_path(&s, RILL_MTU_PROBING_BLACK_HOLE, 1500);
    assert_true(path_mtu_too_big(&s.ip, &s.path, 1400));
    pass(&s, 10 * MINUTES);
    path_mtu_age(&s.ip, &s.path);
    assert_int_equal(s.path.mtu, 1400);
    pass(&s, NANOS_PER_MS);
    path_mtu_age(&s.ip, &s.path);
    assert_int_equal(s.path.mtu, 1500);
}

static void R1191_3_a_router_makes_nothing_grow(void **state)
{
    struct search s;
    (void)state;
    open_path(&s, RILL_MTU_PROBING_ALWAYS, 1500);
    assert_false(path_mtu_too_big(&s.ip, &s.path, 1400));
    path_mtu_hint(&s.ip, &s.path, 1400);
    assert_int_equal(s.path.mtu, 1200);
    assert_int_equal(path_mtu_probe(&s.ip, &s.path, 1500), 1400);
}

static void a_router_that_lies_about_a_probe_costs_one_more(void **state)
{
    struct search s;
    (void)state;
    open_path(&s, RILL_MTU_PROBING_ALWAYS, 1500);
    path_mtu_hint(&s.ip, &s.path, 1490);
    (void)run(&s, 1400);
    assert_int_equal(s.path.mtu, 1400);
}

/* A window that takes the largest possible one may never come. */
static void very_large_sizes_are_come_near_to_from_below(void **state)
{
    struct search s;
    (void)state;
    open_path(&s, RILL_MTU_PROBING_ALWAYS, 65535);
    assert_int_equal(path_mtu_probe(&s.ip, &s.path, 65535), 1500);
    open_path(&s, RILL_MTU_PROBING_ALWAYS, 9000);
    assert_int_equal(path_mtu_probe(&s.ip, &s.path, 9000), 9000);
}

static ref path_to(struct ip *ip, int netif, uint8_t host)
{
    struct rill_addr local = rill_addr4(10, 0, 0, 1), remote = rill_addr4(10, 0, 1, host);

    return path_take(ip, (uint32_t)netif, &local, &remote);
}

/* More paths than are remembered: the oldest is forgotten, and no more. */
static void the_last_32_narrow_paths_are_remembered(void **state)
{
    static _Alignas(4096) uint8_t memory[1 << 20];
    struct rill_config config;
    struct rill_stack *stack;
    struct rill_netif_config netif = {.mtu = 1500, .addr = rill_addr4(10, 0, 0, 1), .prefix_bits = 24};
    struct ip *ip;
    int number;
    (void)state;
    rill_config_default(&config);
    config.memory = memory;
    config.memory_bytes = sizeof memory;
    assert_int_equal(rill_stack_create(&config, &stack), 0);
    assert_int_equal(rill_netif_add(stack, &netif, &number), 0);
    ip = &stack->tcp.ip;
    for (uint8_t i = 0; i <= IP_PATHS_KEPT; i++) {
        ref r = path_to(ip, number, i);

        assert_true(path_mtu_too_big(ip, path_at(&ip->host, r), 1400));
        path_drop(ip, r);
    }
    assert_int_equal(path_unused_count(ip), IP_PATHS_KEPT);
    for (uint8_t i = 0; i <= IP_PATHS_KEPT; i++) {
        ref r = path_to(ip, number, i);

        assert_int_equal(path_at(&ip->host, r)->mtu, i == 0 ? 1500 : 1400);
        path_drop(ip, r);
    }
    assert_int_equal(ip->paths.used, IP_PATHS_KEPT);
    rill_stack_destroy(stack);
}

static void probes_whose_loss_tells_nothing_are_three_at_most(void **state)
{
    struct search s;
    (void)state;
    open_path(&s, RILL_MTU_PROBING_ALWAYS, 1500);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(path_mtu_probe(&s.ip, &s.path, 1500), 1500);
        path_mtu_unclear(&s.ip, &s.path, 1500, 0);
    }
    assert_in_range(path_mtu_probe(&s.ip, &s.path, 1500), 1201, 1499);
}

static void no_probe_goes_while_the_last_one_is_to_be_waited_for(void **state)
{
    struct search s;
    (void)state;
    open_path(&s, RILL_MTU_PROBING_ALWAYS, 1500);
    path_mtu_refused(&s.ip, &s.path, 1500, 100);
    pass(&s, 99 * NANOS_PER_MS);
    assert_int_equal(path_mtu_probe(&s.ip, &s.path, 1500), 0);
    pass(&s, NANOS_PER_MS);
    assert_int_not_equal(path_mtu_probe(&s.ip, &s.path, 1500), 0);
}

static void R1191_5_no_probe_is_larger_than_the_peer_takes(void **state)
{
    struct search s;
    (void)state;
    open_path(&s, RILL_MTU_PROBING_ALWAYS, 1500);
    assert_int_equal(path_mtu_probe(&s.ip, &s.path, 1300), 1300);
    assert_int_equal(path_mtu_probe(&s.ip, &s.path, 1200), 0);
    assert_int_equal(path_mtu_probe(&s.ip, &s.path, 600), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R4821_1_a_search_comes_within_16_bytes_of_what_the_path_carries),
        cmocka_unit_test(sizes_that_tunnels_have_are_found_exactly),
        cmocka_unit_test(one_probe_tells_that_nothing_was_wrong),
        cmocka_unit_test(R4821_7_a_silent_path_gets_1200_bytes_and_then_552),
        cmocka_unit_test(R4821_7_what_was_found_out_goes_first),
        cmocka_unit_test(R4821_7_no_ipv6_path_gets_less_than_1280),
        cmocka_unit_test(what_was_no_black_hole_is_as_before),
        cmocka_unit_test(R4821_6_R1191_4_a_search_that_is_over_begins_again_after_ten_minutes),
        cmocka_unit_test(R1191_4_without_probes_the_path_is_as_at_first_after_ten_minutes),
        cmocka_unit_test(R1191_3_a_router_makes_nothing_grow),
        cmocka_unit_test(a_router_that_lies_about_a_probe_costs_one_more),
        cmocka_unit_test(very_large_sizes_are_come_near_to_from_below),
        cmocka_unit_test(the_last_32_narrow_paths_are_remembered),
        cmocka_unit_test(probes_whose_loss_tells_nothing_are_three_at_most),
        cmocka_unit_test(no_probe_goes_while_the_last_one_is_to_be_waited_for),
        cmocka_unit_test(R1191_5_no_probe_is_larger_than_the_peer_takes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
