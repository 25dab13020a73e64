/* src/resolve/message.c: queries, and what is believed of responses. UDP-03 of the hostile inputs. */
#include "support/cmocka_all.h"

#include "resolve/dns_writer.h"
#include "resolve/message.h"

static const uint8_t one[4] = {192, 0, 2, 1}, two[4] = {192, 0, 2, 2};
static struct dns_answer answer;

static enum dns_verdict judge_bytes(const uint8_t *bytes, size_t length, const char *asked, enum dns_type type)
{
    uint8_t *block = malloc(length + (length == 0)); /* its own size, so that reading past it is caught */
    struct dns_name name;
    enum dns_verdict verdict;

    assert_true(dns_name_from_text(asked, strlen(asked), &name));
    assert_non_null(block);
    memcpy(block, bytes, length);
    verdict = dns_response_parse(block, length, 0x1234, &name, type, &answer);
    free(block);
    return verdict;
}

static enum dns_verdict judge(const struct dns_writer *w)
{
    return judge_bytes(w->bytes, w->length, "host.example", DNS_TYPE_A);
}

static void a_query_asks_for_one_type_of_one_name(void **state)
{
    struct dns_name name;
    uint8_t query[DNS_QUERY_BYTES_MAX];

    (void)state;
    assert_true(dns_name_from_text("a.b", 3, &name));
    assert_int_equal(dns_query_build(query, 0xbeef, &name, DNS_TYPE_AAAA), 21);
    assert_memory_equal(query, "\xbe\xef\1\0\0\1\0\0\0\0\0\0\1a\1b\0\0\34\0\1", 21);
}

static void addresses_of_the_name_are_the_answer(void **state)
{
    struct dns_writer w;

    (void)state;
    dns_begin(&w, 0x1234, 0x8180, "host.example", 1, 3);
    dns_put_record(&w, "host.example", 1, 300, one, 4);
    dns_put_record(&w, "other.example", 1, 5, two, 4);
    dns_put_record(&w, "HOST.example", 1, 60, two, 4);
    assert_int_equal(judge(&w), DNS_ANSWER);
    assert_int_equal(answer.count, 2);
    assert_memory_equal(answer.addrs[0].bytes + 12, one, 4);
    assert_memory_equal(answer.addrs[1].bytes + 12, two, 4);
    assert_int_equal(answer.ttl_seconds, 60);
}

static void ipv6_addresses_are_sixteen_bytes(void **state)
{
    const uint8_t six[16] = {0xfd, 0x77, [15] = 1};
    struct dns_writer w;

    (void)state;
    dns_begin(&w, 0x1234, 0x8180, "host.example", 28, 1);
    dns_put_record(&w, "host.example", 28, 300, six, 16);
    assert_int_equal(judge_bytes(w.bytes, w.length, "host.example", DNS_TYPE_AAAA), DNS_ANSWER);
    assert_memory_equal(answer.addrs[0].bytes, six, 16);
}

static void aliases_are_followed_in_any_order(void **state)
{
    struct dns_writer w;
    char text[64];

    (void)state;
    dns_begin(&w, 0x1234, 0x8180, "host.example", 1, 3);
    dns_put_record(&w, "real.example", 1, 30, one, 4);
    dns_put_alias(&w, "next.example", "real.example");
    dns_put_alias(&w, "host.example", "next.example");
    assert_int_equal(judge(&w), DNS_ANSWER);
    dns_name_to_text(&answer.canonical, text, sizeof text);
    assert_string_equal(text, "real.example");
    assert_int_equal(answer.count, 1);
}

static void an_alias_of_which_nothing_is_said_is_to_be_asked_for(void **state)
{
    struct dns_writer w;
    char text[64];

    (void)state;
    dns_begin(&w, 0x1234, 0x8180, "host.example", 1, 1);
    dns_put_alias(&w, "host.example", "real.example");
    assert_int_equal(judge(&w), DNS_ALIAS);
    dns_name_to_text(&answer.canonical, text, sizeof text);
    assert_string_equal(text, "real.example");
}

static void aliases_in_a_circle_are_malformed(void **state)
{
    struct dns_writer w;

    (void)state;
    dns_begin(&w, 0x1234, 0x8180, "host.example", 1, 2);
    dns_put_alias(&w, "host.example", "next.example");
    dns_put_alias(&w, "next.example", "host.example");
    assert_int_equal(judge(&w), DNS_MALFORMED);
}

static void what_the_header_says_is_told(void **state)
{
    struct dns_writer w;

    (void)state;
    dns_begin(&w, 0x1234, 0x8183, "host.example", 1, 0);
    assert_int_equal(judge(&w), DNS_NO_NAME);
    dns_begin(&w, 0x1234, 0x8182, "host.example", 1, 0);
    assert_int_equal(judge(&w), DNS_FAILURE);
    dns_begin(&w, 0x1234, 0x8180, "host.example", 1, 0);
    assert_int_equal(judge(&w), DNS_NO_DATA);
    dns_begin(&w, 0x1234, 0x8380, "host.example", 1, 0);
    assert_int_equal(judge(&w), DNS_TRUNCATED);
}

/* RFC 5452 9.1: each of these may be forged, or late. */
static void another_id_question_or_a_query_is_not_ours(void **state)
{
    struct dns_writer w;

    (void)state;
    dns_begin(&w, 0x1235, 0x8180, "host.example", 1, 0);
    assert_int_equal(judge(&w), DNS_NOT_OURS);
    dns_begin(&w, 0x1234, 0x0100, "host.example", 1, 0);
    assert_int_equal(judge(&w), DNS_NOT_OURS);
    dns_begin(&w, 0x1234, 0x9180, "host.example", 1, 0); /* another opcode */
    assert_int_equal(judge(&w), DNS_NOT_OURS);
    dns_begin(&w, 0x1234, 0x8180, "best.example", 1, 0);
    assert_int_equal(judge(&w), DNS_NOT_OURS);
    dns_begin(&w, 0x1234, 0x8180, "host.example", 28, 0);
    assert_int_equal(judge(&w), DNS_NOT_OURS);
    dns_begin(&w, 0x1234, 0x8180, "host.example", 1, 0);
    w.bytes[w.length - 1] = 3; /* another class */
    assert_int_equal(judge(&w), DNS_NOT_OURS);
}

static void a_format_error_may_leave_the_question_out(void **state)
{
    const uint8_t bytes[12] = {0x12, 0x34, 0x81, 0x81};

    (void)state;
    assert_int_equal(judge_bytes(bytes, sizeof bytes, "host.example", DNS_TYPE_A), DNS_FAILURE);
    assert_int_equal(judge_bytes(bytes, 11, "host.example", DNS_TYPE_A), DNS_NOT_OURS);
}

static void counts_and_lengths_beyond_the_end_are_malformed(void **state)
{
    static const unsigned lengths[] = {0, 3, 5, 65535};
    struct dns_writer w;

    (void)state;
    dns_begin(&w, 0x1234, 0x8180, "host.example", 1, 65535);
    assert_int_equal(judge(&w), DNS_MALFORMED);
    for (unsigned i = 0; i < 4; i++) {
        dns_begin(&w, 0x1234, 0x8180, "host.example", 1, 1);
        dns_put_record(&w, "host.example", 1, 300, one, 4);
        w.bytes[w.length - 6] = (uint8_t)(lengths[i] >> 8);
        w.bytes[w.length - 5] = (uint8_t)lengths[i];
        assert_int_equal(judge(&w), DNS_MALFORMED);
    }
    dns_begin(&w, 0x1234, 0x8180, "host.example", 1, 0);
    w.bytes[5] = 0; /* QDCOUNT */
    assert_int_equal(judge(&w), DNS_NOT_OURS);
}

static void a_response_cut_anywhere_is_never_an_answer(void **state)
{
    struct dns_writer w;

    (void)state;
    dns_begin(&w, 0x1234, 0x8180, "host.example", 1, 2);
    dns_put_alias(&w, "host.example", "real.example");
    dns_put_record(&w, "real.example", 1, 300, one, 4);
    assert_int_equal(judge(&w), DNS_ANSWER);
    for (size_t n = 0; n < w.length; n++) {
        enum dns_verdict verdict = judge_bytes(w.bytes, n, "host.example", DNS_TYPE_A);

        assert_true(verdict == DNS_NOT_OURS || verdict == DNS_MALFORMED);
    }
}

static void more_addresses_than_are_kept_are_left_out(void **state)
{
    struct dns_writer w;

    (void)state;
    dns_begin(&w, 0x1234, 0x8180, "host.example", 1, 30);
    for (int i = 0; i < 30; i++)
        dns_put_record(&w, "host.example", 1, 300, one, 4);
    assert_int_equal(judge(&w), DNS_ANSWER);
    assert_int_equal(answer.count, RILL_LOOKUP_ADDRS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_asks_for_one_type_of_one_name),
        cmocka_unit_test(addresses_of_the_name_are_the_answer),
        cmocka_unit_test(ipv6_addresses_are_sixteen_bytes),
        cmocka_unit_test(aliases_are_followed_in_any_order),
        cmocka_unit_test(an_alias_of_which_nothing_is_said_is_to_be_asked_for),
        cmocka_unit_test(aliases_in_a_circle_are_malformed),
        cmocka_unit_test(what_the_header_says_is_told),
        cmocka_unit_test(another_id_question_or_a_query_is_not_ours),
        cmocka_unit_test(a_format_error_may_leave_the_question_out),
        cmocka_unit_test(counts_and_lengths_beyond_the_end_are_malformed),
        cmocka_unit_test(a_response_cut_anywhere_is_never_an_answer),
        cmocka_unit_test(more_addresses_than_are_kept_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
