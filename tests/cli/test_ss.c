/*
 * ss's words: state names, groups, filters; and the JSON lines they come in.
 */
#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/ss_filter.h"
#include "cli/ss_names.h"

static const struct ss_row web = {
    .state = "ESTABLISHED",
    .local_address = "10.77.0.2",
    .remote_address = "10.77.0.1",
    .local_port = 80,
    .remote_port = 40000,
};

static bool matches(const char *text)
{
    char *words[] = {(char *)(uintptr_t)text};
    struct ss_filter filter;

    assert_true(ss_filter_parse(&filter, words, 1));
    return ss_filter_matches(&filter, &web);
}

static bool is_filter(const char *text)
{
    char *words[] = {(char *)(uintptr_t)text};
    struct ss_filter filter;

    return ss_filter_parse(&filter, words, 1);
}

static void ports_are_compared(void **state)
{
    (void)state;
    assert_true(matches("sport = :80"));
    assert_false(matches("sport = :81"));
    assert_true(matches("dport eq 40000"));
    assert_true(matches("dport > :1024"));
    assert_false(matches("sport != :80"));
    assert_true(matches("sport :80"));
}

static void words_may_come_apart_or_together(void **state)
{
    char *apart[] = {(char *)(uintptr_t) "(", (char *)(uintptr_t) "sport", (char *)(uintptr_t) "=",
                     (char *)(uintptr_t) ":80", (char *)(uintptr_t) ")"};
    struct ss_filter filter;

    (void)state;
    assert_true(ss_filter_parse(&filter, apart, 5));
    assert_true(ss_filter_matches(&filter, &web));
    assert_true(matches("(sport = :80)"));
}

static void and_binds_more_than_or(void **state)
{
    (void)state;
    assert_true(matches("sport = :80 or sport = :81 and sport = :82"));
    assert_false(matches("( sport = :80 or sport = :81 ) and sport = :82"));
    assert_true(matches("not sport = :81"));
    assert_true(matches("sport = :80 dport = :40000"));
}

static void addresses_are_compared(void **state)
{
    (void)state;
    assert_true(matches("dst 10.77.0.1"));
    assert_true(matches("dst 10.77.0.1:40000"));
    assert_false(matches("dst 10.77.0.1:40001"));
    assert_false(matches("src 10.77.0.20"));
    assert_true(matches("src *:80"));
}

static void an_empty_filter_takes_everything(void **state)
{
    (void)state;
    assert_true(matches(""));
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    assert_false(is_filter("sport = :x"));
    assert_false(is_filter("( sport = :80"));
    assert_false(is_filter("sport = :80 )"));
    assert_false(is_filter("colour = :80"));
    assert_false(is_filter("sport ="));
    assert_false(is_filter("not"));
}

static void deep_parentheses_are_bounded(void **state)
{
    char text[400];

    (void)state;
    memset(text, '(', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_false(is_filter(text));
}

static void each_state_has_three_names(void **state)
{
    (void)state;
    assert_string_equal(ss_state_name("SYN-RECEIVED", SS_NAMES_SS), "SYN-RECV");
    assert_string_equal(ss_state_name("SYN-RECEIVED", SS_NAMES_NETSTAT), "SYN_RECV");
    assert_string_equal(ss_state_name("SYN-RECEIVED", SS_NAMES_RFC), "SYN-RECEIVED");
    assert_string_equal(ss_state_name("FIN-WAIT-1", SS_NAMES_NETSTAT), "FIN_WAIT1");
    assert_string_equal(ss_state_name("ESTABLISHED", SS_NAMES_SS), "ESTAB");
}

static void states_are_understood_in_every_dialect(void **state)
{
    (void)state;
    assert_int_equal(ss_states_meant("SYN_RECV"), ss_state_bit("SYN-RECEIVED"));
    assert_int_equal(ss_states_meant("syn-received"), ss_state_bit("SYN-RECEIVED"));
    assert_int_equal(ss_states_meant("listening"), ss_state_bit("LISTEN"));
    assert_int_equal(ss_states_meant("estab"), ss_state_bit("ESTABLISHED"));
    assert_int_equal(ss_states_meant("bucket"), ss_state_bit("SYN-RECEIVED") | ss_state_bit("TIME-WAIT"));
    assert_int_equal(ss_states_meant("connected") & ss_state_bit("LISTEN"), 0);
    assert_int_equal(ss_states_meant("purple"), 0);
}

static void a_json_line_reads_back_as_it_was_written(void **state)
{
    char *line = NULL, value[64];
    size_t bytes = 0;
    FILE *to = open_memstream(&line, &bytes);
    struct json json;

    (void)state;
    json_begin(&json, to);
    json_text(&json, "name", "a \"quoted\" \\ name\n{,:");
    json_number(&json, "big", UINT64_MAX);
    json_bool(&json, "yes", true);
    json_text(&json, "empty", "");
    json_number(&json, "last", 7);
    json_end(&json);
    fclose(to);
    assert_true(json_find(line, "name", value, sizeof value));
    assert_string_equal(value, "a \"quoted\" \\ name\n{,:");
    assert_true(json_find_number(line, "big") == UINT64_MAX);
    assert_true(json_find(line, "yes", value, sizeof value));
    assert_string_equal(value, "true");
    assert_true(json_find(line, "empty", value, sizeof value));
    assert_string_equal(value, "");
    assert_int_equal(json_find_number(line, "last"), 7);
    assert_false(json_find(line, "quoted", value, sizeof value));
    assert_false(json_find("", "x", value, sizeof value));
    assert_false(json_find("{\"x", "x", value, sizeof value));
    free(line);
}

static void a_long_value_is_cut_to_the_room(void **state)
{
    char value[4];

    (void)state;
    assert_true(json_find("{\"x\":\"abcdef\"}", "x", value, sizeof value));
    assert_string_equal(value, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_are_compared),
        cmocka_unit_test(words_may_come_apart_or_together),
        cmocka_unit_test(and_binds_more_than_or),
        cmocka_unit_test(addresses_are_compared),
        cmocka_unit_test(an_empty_filter_takes_everything),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(deep_parentheses_are_bounded),
        cmocka_unit_test(each_state_has_three_names),
        cmocka_unit_test(states_are_understood_in_every_dialect),
        cmocka_unit_test(a_json_line_reads_back_as_it_was_written),
        cmocka_unit_test(a_long_value_is_cut_to_the_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
