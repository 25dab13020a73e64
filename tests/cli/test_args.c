/*
 * Option tables: what is understood, and values that are refused.
 */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "rill/rill.h"

static const struct args_option options[] = {
    {'a', 'a', "all", NULL, "everything"},
    {256, 0, "size", "BYTES", "how much"},
    {0, 0, NULL, NULL, NULL},
};

static const struct args_option more[] = {
    {1000, 'v', "verbose", NULL, "say more"},
    {0, 0, NULL, NULL, NULL},
};

static const struct args_command command = {
    .name = "test",
    .synopsis = "WORD",
    .summary = "a test",
    .teaches = "How to test.",
    .options = options,
    .options2 = more,
};

static struct args args;

static void begin(const char *a, const char *b, const char *c, const char *d, const char *e)
{
    static char texts[6][32];
    static char *argv[7];
    const char *words[] = {"test", a, b, c, d, e};
    int argc = 0;

    for (int i = 0; i < 6 && words[i] != NULL; i++) {
        snprintf(texts[i], sizeof texts[i], "%s", words[i]);
        argv[argc++] = texts[i];
    }
    argv[argc] = NULL;
    args_begin(&args, &command, argc, argv);
}

static void options_of_both_tables_are_found(void **state)
{
    (void)state;
    begin("-a", "-v", "--size", "5", NULL);
    assert_int_equal(args_next(&args), 'a');
    assert_int_equal(args_next(&args), 1000);
    assert_int_equal(args_next(&args), 256);
    assert_string_equal(args.value, "5");
    assert_int_equal(args_next(&args), ARGS_END);
    assert_int_equal(args.word_count, 0);
}

static void options_may_stand_behind_words(void **state)
{
    (void)state;
    begin("80", "--size=9", "more", "-a", NULL);
    assert_int_equal(args_next(&args), 256);
    assert_int_equal(args_next(&args), 'a');
    assert_int_equal(args_next(&args), ARGS_END);
    assert_int_equal(args.word_count, 2);
    assert_string_equal(args.words[0], "80");
    assert_string_equal(args.words[1], "more");
}

static void two_dashes_begin_the_program(void **state)
{
    (void)state;
    begin("80", "--", "curl", "-a", "--");
    assert_int_equal(args_next(&args), ARGS_END);
    assert_int_equal(args.word_count, 1);
    assert_string_equal(args.program[0], "curl");
    assert_string_equal(args.program[1], "-a");
    assert_string_equal(args.program[2], "--");
    assert_null(args.program[3]);
}

static void unknown_options_are_errors(void **state)
{
    (void)state;
    begin("--purple", NULL, NULL, NULL, NULL);
    assert_int_equal(args_next(&args), ARGS_ERROR);
    begin("-x", NULL, NULL, NULL, NULL);
    assert_int_equal(args_next(&args), ARGS_ERROR);
}

static void a_missing_value_is_an_error(void **state)
{
    (void)state;
    begin("--size", NULL, NULL, NULL, NULL);
    assert_int_equal(args_next(&args), ARGS_ERROR);
}

static void help_names_every_option(void **state)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *to = open_memstream(&text, &bytes);

    (void)state;
    args_print_help(&command, to);
    fclose(to);
    assert_non_null(strstr(text, "usage: rill test WORD"));
    assert_non_null(strstr(text, "-a, --all"));
    assert_non_null(strstr(text, "--size BYTES"));
    assert_non_null(strstr(text, "-v, --verbose"));
    free(text);
}

static void bytes_have_units(void **state)
{
    uint64_t bytes = 0;

    (void)state;
    assert_true(args_bytes("x", "1500", &bytes));
    assert_int_equal(bytes, 1500);
    assert_true(args_bytes("x", "64k", &bytes));
    assert_int_equal(bytes, 65536);
    assert_true(args_bytes("x", "2M", &bytes));
    assert_int_equal(bytes, 2 << 20);
    assert_true(args_bytes("x", "1G", &bytes));
    assert_int_equal(bytes, 1 << 30);
}

static void bad_numbers_are_refused(void **state)
{
    static const char *const bad[] = {"", "x", "-1", "5x", "1kk", "99999999999999999999", "99999999999999T"};
    uint64_t bytes;
    uint16_t port;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(args_bytes("x", bad[i], &bytes));
        assert_false(args_port(bad[i], &port));
    }
    assert_false(args_port("0", &port));
    assert_false(args_port("65536", &port));
    assert_true(args_port("65535", &port));
    assert_int_equal(port, 65535);
    assert_false(args_seconds("x", "-1", &bytes));
    assert_false(args_seconds("x", "nan", &bytes));
    assert_true(args_seconds("x", "1.5", &bytes));
    assert_int_equal(bytes, 1500000000);
}

static void mtu_probing_is_one_of_three_words(void **state)
{
    uint32_t probing = RILL_MTU_PROBING_BLACK_HOLE;
    (void)state;
    assert_true(args_mtu_probing("--mtu-probing", "off", &probing));
    assert_int_equal(probing, RILL_MTU_PROBING_OFF);
    assert_true(args_mtu_probing("--mtu-probing", "black-hole", &probing));
    assert_int_equal(probing, RILL_MTU_PROBING_BLACK_HOLE);
    assert_true(args_mtu_probing("--mtu-probing", "always", &probing));
    assert_int_equal(probing, RILL_MTU_PROBING_ALWAYS);
    assert_false(args_mtu_probing("--mtu-probing", "1", &probing));
    assert_int_equal(probing, RILL_MTU_PROBING_ALWAYS);
}

static void ecn_is_one_of_four_words(void **state)
{
    uint32_t ecn = RILL_ECN_DEFAULT;
    (void)state;
    assert_true(args_ecn("--ecn", "off", &ecn));
    assert_int_equal(ecn, RILL_ECN_OFF);
    assert_true(args_ecn("--ecn", "accurate", &ecn));
    assert_int_equal(ecn, RILL_ECN_ACCURATE);
    assert_false(args_ecn("--ecn", "yes", &ecn));
    assert_false(args_ecn("--ecn", "", &ecn));
    assert_int_equal(ecn, RILL_ECN_ACCURATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_of_both_tables_are_found),
        cmocka_unit_test(options_may_stand_behind_words),
        cmocka_unit_test(two_dashes_begin_the_program),
        cmocka_unit_test(unknown_options_are_errors),
        cmocka_unit_test(a_missing_value_is_an_error),
        cmocka_unit_test(help_names_every_option),
        cmocka_unit_test(bytes_have_units),
        cmocka_unit_test(bad_numbers_are_refused),
        cmocka_unit_test(ecn_is_one_of_four_words),
        cmocka_unit_test(mtu_probing_is_one_of_three_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
