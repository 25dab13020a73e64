/* What a client remembers of servers (RFC 7413 4.1.3): bounded, and for a while. */
#include "stack/stack.h"
#include "support/tcp_peer.h"
#include "tcp/fast_open_cache.h"

#define ENTRIES 256u

static struct path path_to(uint32_t n)
{
    return (struct path){
        .local = rill_addr4(10, 77, 0, 2),
        .remote = rill_addr4(10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n),
        .ip_header_bytes = 20,
    };
}

static struct tcp *opened(struct peer *p)
{
    peer_open(p, NULL);
    return &p->stack->tcp;
}

static void nothing_is_taken_until_something_is_remembered(void **state)
{
    struct peer p;
    struct tcp *tcp = opened(&p);
    struct path path = path_to(1);
    (void)state;
    assert_null(fast_open_cache_find(tcp, &path));
    assert_int_equal(fast_open_cache_bytes(tcp), 0);
    assert_non_null(fast_open_cache_make(tcp, &path));
    assert_int_equal(fast_open_cache_bytes(tcp), 4 * 4096);
    peer_close(&p);
}

static void what_was_made_is_found_and_nothing_else(void **state)
{
    struct peer p;
    struct tcp *tcp = opened(&p);
    struct path path = path_to(1), other = path_to(2), from_elsewhere = path_to(1);
    struct fast_open_entry *entry = fast_open_cache_make(tcp, &path);
    (void)state;
    from_elsewhere.local = rill_addr4(10, 77, 0, 3);
    assert_ptr_equal(fast_open_cache_find(tcp, &path), entry);
    assert_ptr_equal(fast_open_cache_make(tcp, &path), entry);
    assert_null(fast_open_cache_find(tcp, &other));
    assert_null(fast_open_cache_find(tcp, &from_elsewhere));
    peer_close(&p);
}

static void any_number_of_servers_finds_room_and_one_in_use_stays(void **state)
{
    struct peer p;
    struct tcp *tcp = opened(&p);
    struct path in_use = path_to(0);
    unsigned known = 0;
    (void)state;
    fast_open_cache_make(tcp, &in_use)->mss = 999;
    for (uint32_t n = 1; n <= 20 * ENTRIES; n++) {
        struct path path = path_to(n);

        peer_advance(&p, 1);
        assert_non_null(fast_open_cache_make(tcp, &path));
        assert_non_null(fast_open_cache_find(tcp, &in_use));
    }
    assert_int_equal(fast_open_cache_find(tcp, &in_use)->mss, 999);
    for (uint32_t n = 1; n <= 20 * ENTRIES; n++) {
        struct path path = path_to(n);

        if (fast_open_cache_find(tcp, &path) != NULL) {
            known++;
            assert_true(n > 10 * ENTRIES); /* the late ones */
        }
    }
    assert_int_equal(known, ENTRIES - 1);
    assert_int_equal(fast_open_cache_bytes(tcp), 4 * 4096);
    peer_close(&p);
}

static void a_failure_bars_its_port_for_twice_as_long_each_time(void **state) /* R7413-8 */
{
    struct peer p;
    struct tcp *tcp = opened(&p);
    struct path path = path_to(1);
    struct fast_open_entry *entry = fast_open_cache_make(tcp, &path);
    (void)state;
    assert_false(fast_open_cache_is_barred(tcp, entry, 80));
    for (unsigned i = 0; i < 12; i++) {
        uint64_t bar_ms = UINT64_C(120000) << (i < 9 ? i : 9);

        fast_open_cache_failed(tcp, entry, 80);
        assert_false(fast_open_cache_is_barred(tcp, entry, 81));
        peer_advance(&p, bar_ms - 1);
        assert_true(fast_open_cache_is_barred(tcp, entry, 80));
        peer_advance(&p, 1);
        assert_false(fast_open_cache_is_barred(tcp, entry, 80));
    }
    fast_open_cache_failed(tcp, entry, 81);
    assert_true(fast_open_cache_is_barred(tcp, entry, 81));
    peer_advance(&p, 120000);
    assert_false(fast_open_cache_is_barred(tcp, entry, 81));
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_taken_until_something_is_remembered),
        cmocka_unit_test(what_was_made_is_found_and_nothing_else),
        cmocka_unit_test(any_number_of_servers_finds_room_and_one_in_use_stays),
        cmocka_unit_test(a_failure_bars_its_port_for_twice_as_long_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
