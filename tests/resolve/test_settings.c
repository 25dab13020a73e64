/* src/resolve/settings.c: resolv.conf and hosts as people write them. */
#include "support/cmocka_all.h"

#include <string.h>

#include "resolve/settings.h"

static struct rill_resolve_config taken(const char *text)
{
    struct rill_resolve_config config;

    rill_resolve_config_default(&config);
    rill_resolve_config_take(&config, text, strlen(text));
    return config;
}

static void servers_come_in_their_order_three_at_most(void **state)
{
    struct rill_resolve_config config = taken("# a comment\n; another\nnameserver 10.0.0.1\n nameserver\tfd77::1 #x\n"
                                              "nameserver nonsense\nnameserver 10.0.0.3\r\nnameserver 10.0.0.4");
    struct rill_addr third = rill_addr4(10, 0, 0, 3);

    (void)state;
    assert_int_equal(config.server_count, 3);
    assert_true(rill_addr_is_v4(&config.servers[0].addr));
    assert_false(rill_addr_is_v4(&config.servers[1].addr));
    assert_true(rill_addr_equal(&config.servers[2].addr, &third));
    assert_int_equal(config.servers[2].port, 53);
}

static void the_last_search_or_domain_counts(void **state)
{
    struct rill_resolve_config config = taken("domain first.example\nsearch a.example b.example\n");

    (void)state;
    assert_int_equal(config.search_count, 2);
    assert_string_equal(config.search[1], "b.example");
    config = taken("search a b c d e f g h\n");
    assert_int_equal(config.search_count, RILL_RESOLVE_SEARCH_MAX);
    config = taken("search a b\ndomain only.example more.example");
    assert_int_equal(config.search_count, 1);
    assert_string_equal(config.search[0], "only.example");
}

static void options_are_taken_within_their_bounds(void **state)
{
    struct rill_resolve_config config = taken("options ndots:3 timeout:2 attempts:4 use-vc rotate");

    (void)state;
    assert_int_equal(config.ndots, 3);
    assert_int_equal(config.timeout_ms, 2000);
    assert_int_equal(config.attempts, 4);
    assert_true(config.tcp_only);
    config = taken("options ndots:99999999999999999999 timeout:0 attempts: ndots timeout:1x\n");
    assert_int_equal(config.ndots, 15);
    assert_int_equal(config.timeout_ms, 5000);
    assert_int_equal(config.attempts, 2);
    assert_false(config.tcp_only);
}

static void a_domain_that_is_too_long_is_left_out(void **state)
{
    char text[400] = "search ";
    struct rill_resolve_config config;

    (void)state;
    memset(text + 7, 'a', 300);
    strcat(text, " good.example");
    config = taken(text);
    assert_int_equal(config.search_count, 1);
    assert_string_equal(config.search[0], "good.example");
}

static const char hosts[] = "127.0.0.1\tlocalhost\n::1 localhost ip6-localhost\n"
                            "# 10.0.0.9 commented\n10.0.0.5  Box.example box # the box\n10.0.0.6 box\nbad line box\n";

static unsigned find(const char *name, unsigned families, struct rill_addr *to)
{
    return hosts_find(hosts, sizeof hosts - 1, name, families, to, 4);
}

static void hosts_are_found_by_any_of_their_names(void **state)
{
    struct rill_addr addrs[4], five = rill_addr4(10, 0, 0, 5);

    (void)state;
    assert_int_equal(find("BOX", RILL_LOOKUP_V4, addrs), 2);
    assert_true(rill_addr_equal(&addrs[0], &five));
    assert_int_equal(find("box.example", RILL_LOOKUP_V4, addrs), 1);
    assert_int_equal(find("commented", RILL_LOOKUP_V4, addrs), 0);
    assert_int_equal(find("line", RILL_LOOKUP_V4, addrs), 0);
    assert_int_equal(find("bo", RILL_LOOKUP_V4, addrs), 0);
    assert_int_equal(hosts_find(hosts, sizeof hosts - 1, "box", RILL_LOOKUP_V4, addrs, 1), 1);
}

static void hosts_are_found_by_family(void **state)
{
    struct rill_addr addrs[4];

    (void)state;
    assert_int_equal(find("localhost", RILL_LOOKUP_V6, addrs), 1);
    assert_false(rill_addr_is_v4(&addrs[0]));
    assert_int_equal(find("localhost", RILL_LOOKUP_V4 | RILL_LOOKUP_V6, addrs), 2);
    assert_int_equal(find("box", RILL_LOOKUP_V6, addrs), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_come_in_their_order_three_at_most),
        cmocka_unit_test(the_last_search_or_domain_counts),
        cmocka_unit_test(options_are_taken_within_their_bounds),
        cmocka_unit_test(a_domain_that_is_too_long_is_left_out),
        cmocka_unit_test(hosts_are_found_by_any_of_their_names),
        cmocka_unit_test(hosts_are_found_by_family),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
