/* src/resolve/lookup.c: whole lookups of one stack from a DNS server on another, in virtual time. */
#include "support/stack_pair.h"

#include "resolve/dns_writer.h"
#include "rill/resolve.h"
#include "rill/udp.h"

#include <stdio.h>

#define SERVER 1
#define CLIENT 0

/* The server's answer to one question; false: none. */
typedef bool (*answer_fn)(struct dns_writer *w, unsigned id, const char *name, unsigned type, bool by_tcp);

static struct pair pair;
static struct rill_lookup *lookup;
static struct rill_resolve_config config;
static rill_conn udp_server, tcp_listener, tcp_conn;
static answer_fn answer;
static unsigned asked; /* questions that the server has read */
static char asked_names[16][64];
static uint16_t asked_ports[16], asked_ids[16];
static size_t piece_bytes; /* over TCP, so many at a time */

static void told(void *context, unsigned side, const struct rill_event *event)
{
    (void)context;
    if (side == CLIENT)
        (void)rill_lookup_event(lookup, event);
}

static int open_pair(void **state)
{
    const struct rill_endpoint local = {.port = 53};
    struct rill_options options;

    (void)state;
    pair_open(&pair, 4u << 20, NULL);
    assert_int_equal(rill_udp_open(pair.stack[SERVER], NULL, &udp_server), 0);
    assert_int_equal(rill_udp_bind(pair.stack[SERVER], udp_server, &local), 0);
    rill_options_default(&options);
    options.local.port = 53;
    assert_int_equal(rill_tcp_listen(pair.stack[SERVER], &options, &tcp_listener), 0);
    rill_resolve_config_default(&config);
    config.servers[0] = (struct rill_endpoint){rill_addr4(10, 0, 0, 2), 53};
    config.server_count = 1;
    pair.told = told;
    asked = 0;
    tcp_conn = 0;
    piece_bytes = 1000;
    lookup = malloc(rill_lookup_bytes());
    assert_non_null(lookup);
    return 0;
}

static int close_pair(void **state)
{
    (void)state;
    assert_true(rill_check(pair.stack[CLIENT]));
    pair_close(&pair);
    free(lookup);
    return 0;
}

/* The question's name and type; the message lies at its very end. */
static unsigned read_question(const uint8_t *query, size_t bytes, char *name)
{
    size_t at = 12, out = 0;

    assert_true(bytes > 17 && query[5] == 1);
    while (query[at] != 0) {
        if (out > 0)
            name[out++] = '.';
        memcpy(name + out, query + at + 1, query[at]);
        out += query[at];
        at += 1u + query[at];
    }
    name[out] = '\0';
    assert_int_equal(at + 5, bytes);
    return query[at + 2];
}

static bool answer_question(const uint8_t *query, size_t bytes, struct dns_writer *w, bool by_tcp, uint16_t port)
{
    unsigned id = (unsigned)query[0] << 8 | query[1], type;
    unsigned slot = asked < 16 ? asked : 15;

    type = read_question(query, bytes, asked_names[slot]);
    asked_ports[slot] = port;
    asked_ids[slot] = (uint16_t)id;
    asked++;
    return answer(w, id, asked_names[slot], type, by_tcp);
}

static void serve_udp(void)
{
    struct rill_udp_info info;
    struct dns_writer w;
    uint8_t query[512];
    int64_t n;

    while ((n = rill_udp_receive_from(pair.stack[SERVER], udp_server, query, sizeof query, 0, &info)) > 0) {
        if (answer_question(query, (size_t)n, &w, false, info.remote.port)) {
            const struct rill_slice slice = {w.bytes, (uint32_t)w.length};

            assert_int_equal(rill_udp_send_to(pair.stack[SERVER], udp_server, &info.remote, &slice, 1, NULL), w.length);
        }
    }
}

static void serve_tcp(void)
{
    struct rill_endpoint peer;
    struct dns_writer w;
    uint8_t query[512], length[2];

    if (tcp_conn == 0 && rill_accept(pair.stack[SERVER], tcp_listener, &tcp_conn, &peer) != 0)
        return;
    if (rill_receive_queued(pair.stack[SERVER], tcp_conn) < 2)
        return;
    int64_t n = rill_receive(pair.stack[SERVER], tcp_conn, query, sizeof query, 0);

    assert_int_equal(n, 2 + query[1]);
    if (!answer_question(query + 2, (size_t)n - 2, &w, true, peer.port))
        return;
    length[0] = (uint8_t)(w.length >> 8);
    length[1] = (uint8_t)w.length;
    assert_int_equal(rill_send(pair.stack[SERVER], tcp_conn, length, 2, 0), 2);
    for (size_t at = 0; at < w.length; at += piece_bytes) {
        size_t piece = w.length - at < piece_bytes ? w.length - at : piece_bytes;

        assert_int_equal(rill_send(pair.stack[SERVER], tcp_conn, w.bytes + at, piece, 0), piece);
        pair_settle(&pair);
    }
    rill_close(pair.stack[SERVER], tcp_conn);
    tcp_conn = 0;
}

static void settle(void)
{
    for (int i = 0; i < 20; i++) {
        pair_settle(&pair);
        serve_udp();
        serve_tcp();
    }
}

static int start(const char *name, unsigned families)
{
    return rill_lookup_start(lookup, pair.stack[CLIENT], &config, name, families, &lookup);
}

/* Until it is known, from deadline to deadline. */
static int run(const char *name, unsigned families, struct rill_lookup_result *result)
{
    assert_int_equal(start(name, families), 0);
    for (int i = 0; i < 100; i++) {
        int error;

        settle();
        error = rill_lookup_result(lookup, result);
        if (error != -RILL_EINPROGRESS) {
            assert_true(rill_lookup_deadline(lookup) == RILL_NEVER);
            rill_lookup_end(lookup);
            return error;
        }
        assert_true(rill_lookup_deadline(lookup) > pair.now);
        pair_advance(&pair, (rill_lookup_deadline(lookup) - pair.now + 999999) / 1000000);
        rill_lookup_poll(lookup, pair.now);
    }
    fail_msg("no end");
    return 0;
}

static const uint8_t one[4] = {192, 0, 2, 1};

static bool knows_all(struct dns_writer *w, unsigned id, const char *name, unsigned type, bool by_tcp)
{
    const uint8_t six[16] = {0xfd, 0x77, [15] = 1};

    (void)by_tcp;
    dns_begin(w, id, 0x8180, name, type, 1);
    dns_put_record(w, name, type, 300, type == 1 ? one : six, type == 1 ? 4 : 16);
    return true;
}

static void a_name_is_asked_for_and_its_addresses_are_told(void **state)
{
    struct rill_lookup_result result;

    (void)state;
    answer = knows_all;
    assert_int_equal(run("host.example", RILL_LOOKUP_V4 | RILL_LOOKUP_V6, &result), 0);
    assert_int_equal(asked, 2);
    assert_int_equal(result.count, 2);
    assert_true(rill_addr_is_v4(&result.addrs[0]));
    assert_false(rill_addr_is_v4(&result.addrs[1]));
    assert_string_equal(result.canonical, "host.example");
    assert_int_equal(result.ttl_seconds, 300);
}

static void addresses_and_hosts_are_known_at_once(void **state)
{
    struct rill_lookup_result result;

    (void)state;
    config.hosts = "10.1.2.3 box\n";
    config.hosts_bytes = 13;
    assert_int_equal(start("192.0.2.7", RILL_LOOKUP_V4), 0);
    assert_int_equal(rill_lookup_result(lookup, &result), 0);
    assert_int_equal(result.addrs[0].bytes[15], 7);
    assert_int_equal(start("fd77::1", RILL_LOOKUP_V4), 0);
    assert_int_equal(rill_lookup_result(lookup, &result), -RILL_EADDRNOTAVAIL);
    assert_int_equal(start("box", RILL_LOOKUP_V4), 0);
    assert_int_equal(rill_lookup_result(lookup, &result), 0);
    assert_int_equal(result.addrs[0].bytes[15], 3);
    assert_int_equal(asked, 0);
}

static void what_cannot_be_asked_is_invalid(void **state)
{
    char text[300];

    (void)state;
    memset(text, 'a', 299);
    text[299] = '\0';
    assert_int_equal(start("", RILL_LOOKUP_V4), -RILL_EINVAL);
    assert_int_equal(start("a..b", RILL_LOOKUP_V4), -RILL_EINVAL);
    assert_int_equal(start(text, RILL_LOOKUP_V4), -RILL_EINVAL);
    assert_int_equal(start("a", 0), -RILL_EINVAL);
    config.server_count = 0;
    assert_int_equal(start("a", RILL_LOOKUP_V4), -RILL_EINVAL);
}

static unsigned silent;

static bool silent_at_first(struct dns_writer *w, unsigned id, const char *name, unsigned type, bool by_tcp)
{
    return silent-- == 0 && knows_all(w, id, name, type, by_tcp);
}

static void a_question_without_answer_is_asked_again_from_another_port_with_another_id(void **state)
{
    struct rill_lookup_result result;
    rill_time before = pair.now;

    (void)state;
    answer = silent_at_first;
    silent = 1;
    assert_int_equal(run("host.example", RILL_LOOKUP_V4, &result), 0);
    assert_int_equal(asked, 2);
    assert_true(asked_ports[0] != asked_ports[1]);
    assert_true(asked_ids[0] != asked_ids[1]);
    assert_true(pair.now - before >= 5000000000u && pair.now - before < 5100000000u);
}

static bool says_nothing(struct dns_writer *w, unsigned id, const char *name, unsigned type, bool by_tcp)
{
    (void)w, (void)id, (void)name, (void)type, (void)by_tcp;
    return false;
}

static void silence_ends_after_all_attempts(void **state)
{
    struct rill_lookup_result result;

    (void)state;
    answer = says_nothing;
    config.attempts = 3;
    assert_int_equal(run("host.example", RILL_LOOKUP_V4, &result), -RILL_ETIMEDOUT);
    assert_int_equal(asked, 3);
}

/* RFC 1122 4.1.3.3: the port unreachable that comes back is heard, and nobody waits. */
static void a_host_without_a_server_is_passed_over_at_once(void **state)
{
    struct rill_lookup_result result;
    rill_time before = pair.now;

    (void)state;
    answer = knows_all;
    config.servers[1] = config.servers[0];
    config.servers[0].port = 5353;
    config.server_count = 2;
    assert_int_equal(run("host.example", RILL_LOOKUP_V4, &result), 0);
    assert_true(pair.now == before);
    config.server_count = 1;
    assert_int_equal(run("host.example", RILL_LOOKUP_V4, &result), -RILL_ECONNREFUSED);
}

static bool fails(struct dns_writer *w, unsigned id, const char *name, unsigned type, bool by_tcp)
{
    (void)by_tcp;
    dns_begin(w, id, 0x8182, name, type, 0);
    return true;
}

static void a_server_that_fails_is_asked_again_and_then_believed_to_fail(void **state)
{
    struct rill_lookup_result result;

    (void)state;
    answer = fails;
    assert_int_equal(run("host.example", RILL_LOOKUP_V4, &result), -RILL_EIO);
    assert_int_equal(asked, 2);
}

static bool truncates(struct dns_writer *w, unsigned id, const char *name, unsigned type, bool by_tcp)
{
    if (by_tcp)
        return knows_all(w, id, name, type, by_tcp);
    dns_begin(w, id, 0x8380, name, type, 0);
    return true;
}

/* RFC 7766 5 */
static void a_truncated_answer_is_asked_for_by_tcp(void **state)
{
    struct rill_lookup_result result;

    (void)state;
    answer = truncates;
    piece_bytes = 3;
    assert_int_equal(run("host.example", RILL_LOOKUP_V4, &result), 0);
    assert_int_equal(asked, 2);
    assert_int_equal(result.count, 1);
}

static void tcp_alone_is_used_when_asked_for(void **state)
{
    struct rill_lookup_result result;

    (void)state;
    answer = knows_all;
    config.tcp_only = true;
    assert_int_equal(run("host.example", RILL_LOOKUP_V4, &result), 0);
    assert_int_equal(asked, 1);
    rill_close(pair.stack[SERVER], tcp_listener);
    assert_int_equal(run("host.example", RILL_LOOKUP_V4, &result), -RILL_ECONNREFUSED);
}

/* Only what ends in ".b.example" is there. */
static bool knows_b(struct dns_writer *w, unsigned id, const char *name, unsigned type, bool by_tcp)
{
    if (strstr(name, ".b.example") != NULL)
        return knows_all(w, id, name, type, by_tcp);
    dns_begin(w, id, 0x8183, name, type, 0);
    return true;
}

static void the_search_list_is_gone_through(void **state)
{
    struct rill_lookup_result result;

    (void)state;
    answer = knows_b;
    rill_resolve_config_take(&config, "search a.example b.example c.example", 36);
    assert_int_equal(run("host", RILL_LOOKUP_V4, &result), 0);
    assert_int_equal(asked, 2);
    assert_string_equal(asked_names[0], "host.a.example");
    assert_string_equal(result.canonical, "host.b.example");
    asked = 0;
    assert_int_equal(run("a.host", RILL_LOOKUP_V4, &result), 0); /* as it is first: it has a dot */
    assert_string_equal(asked_names[0], "a.host");
    asked = 0;
    assert_int_equal(run("host.", RILL_LOOKUP_V4, &result), -RILL_ENXIO);
    assert_int_equal(asked, 1);
}

static void no_such_name_is_told_after_all_were_tried(void **state)
{
    struct rill_lookup_result result;

    (void)state;
    answer = knows_b;
    rill_resolve_config_take(&config, "search a.example", 16);
    assert_int_equal(run("host", RILL_LOOKUP_V4 | RILL_LOOKUP_V6, &result), -RILL_ENXIO);
    assert_int_equal(asked, 4);
    assert_string_equal(asked_names[3], "host");
}

static bool knows_ipv4_alone(struct dns_writer *w, unsigned id, const char *name, unsigned type, bool by_tcp)
{
    if (type == 1)
        return knows_all(w, id, name, type, by_tcp);
    dns_begin(w, id, 0x8180, name, type, 0);
    return true;
}

static void one_family_is_enough(void **state)
{
    struct rill_lookup_result result;

    (void)state;
    answer = knows_ipv4_alone;
    assert_int_equal(run("host.example", RILL_LOOKUP_V4 | RILL_LOOKUP_V6, &result), 0);
    assert_int_equal(result.count, 1);
    assert_int_equal(run("host.example", RILL_LOOKUP_V6, &result), -RILL_EADDRNOTAVAIL);
}

static bool gives_aliases(struct dns_writer *w, unsigned id, const char *name, unsigned type, bool by_tcp)
{
    char next[64];

    if (strcmp(name, "aaa.example") == 0)
        return knows_all(w, id, name, type, by_tcp);
    snprintf(next, sizeof next, "a%s", name);
    dns_begin(w, id, 0x8180, name, type, 1);
    dns_put_alias(w, name, next);
    return true;
}

static void an_alias_is_asked_for_when_the_server_says_no_more(void **state)
{
    struct rill_lookup_result result;

    (void)state;
    answer = gives_aliases;
    assert_int_equal(run("a.example", RILL_LOOKUP_V4, &result), 0);
    assert_string_equal(result.canonical, "aaa.example");
    assert_int_equal(asked, 3);
    asked = 0;
    assert_int_equal(run("b.example", RILL_LOOKUP_V4, &result), -RILL_EIO); /* without end: given up */
    assert_int_equal(asked, 9);
}

static bool lies(struct dns_writer *w, unsigned id, const char *name, unsigned type, bool by_tcp)
{
    return knows_all(w, id ^ 1, name, type, by_tcp);
}

/* RFC 5452: a wrong id is not believed, and not taken for the end of the server's patience either. */
static void a_response_with_another_id_is_ignored(void **state)
{
    struct rill_lookup_result result;

    (void)state;
    answer = lies;
    assert_int_equal(run("host.example", RILL_LOOKUP_V4, &result), -RILL_ETIMEDOUT);
    assert_int_equal(asked, 2);
}

static void a_lookup_can_be_ended_in_the_midst(void **state)
{
    struct rill_memory memory;
    struct rill_event event;

    (void)state;
    answer = says_nothing;
    assert_int_equal(start("host.example", RILL_LOOKUP_V4 | RILL_LOOKUP_V6), 0);
    settle();
    rill_lookup_end(lookup);
    rill_memory(pair.stack[CLIENT], &memory);
    assert_int_equal(memory.udp_sockets, 0);
    event = (struct rill_event){.conn = 5};
    assert_false(rill_lookup_event(lookup, &event));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pair, close_pair)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_is_asked_for_and_its_addresses_are_told),
        TEST(addresses_and_hosts_are_known_at_once),
        TEST(what_cannot_be_asked_is_invalid),
        TEST(a_question_without_answer_is_asked_again_from_another_port_with_another_id),
        TEST(silence_ends_after_all_attempts),
        TEST(a_host_without_a_server_is_passed_over_at_once),
        TEST(a_server_that_fails_is_asked_again_and_then_believed_to_fail),
        TEST(a_truncated_answer_is_asked_for_by_tcp),
        TEST(tcp_alone_is_used_when_asked_for),
        TEST(the_search_list_is_gone_through),
        TEST(no_such_name_is_told_after_all_were_tried),
        TEST(one_family_is_enough),
        TEST(an_alias_is_asked_for_when_the_server_says_no_more),
        TEST(a_response_with_another_id_is_ignored),
        TEST(a_lookup_can_be_ended_in_the_midst),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
