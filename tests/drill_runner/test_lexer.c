/*
 * Tokens: what a character means depends on where it stands.
 */
#include "support/cmocka_all.h"

#include <string.h>

#include "drill/lexer.h"
#include "drill/parser.h"

static struct drill_script script;
static struct lexer lexer;

static void begin(const char *source)
{
    drill_script_free(&script);
    memset(&script, 0, sizeof script);
    script.file = "x.pkt";
    script.source = source;
    lexer_begin(&lexer, &script, "linux");
}

static struct token next_after(const char *source, unsigned skipped)
{
    begin(source);
    while (skipped-- > 0)
        lexer_next(&lexer);
    return lexer_next(&lexer);
}

static void a_time_may_begin_with_its_point(void **state)
{
    struct token token = next_after("+.25", 1);

    (void)state;
    assert_int_equal(token.kind, TOKEN_NUMBER);
    assert_int_equal(token.micros, 250000);
    assert_true(token.fraction);
}

static void three_points_between_times_are_no_fraction(void **state)
{
    (void)state;
    assert_int_equal(next_after("0...0.2", 0).micros, 0);
    assert_int_equal(next_after("0...0.2", 1).kind, TOKEN_ELLIPSIS);
    assert_int_equal(next_after("0...0.2", 2).micros, 200000);
    assert_int_equal(next_after("0....5", 2).micros, 500000);
}

static void numbers_may_be_hexadecimal(void **state)
{
    (void)state;
    assert_int_equal(next_after("0xFe", 0).number, 254);
}

static void comments_are_blanks(void **state)
{
    struct token token = next_after("// one\n/* two\n three */ word", 0);

    (void)state;
    assert_true(token_is_word(&token, "word"));
    assert_int_equal(token.place.line, 3);
    assert_int_equal(token.place.column, 11);
}

static void ifdef_of_the_profile_holds(void **state)
{
    struct token token = next_after("#ifdef LINUX\na\n#else\nb\n#endif\nc", 0);

    (void)state;
    assert_true(token_is_word(&token, "a"));
    token = lexer_next(&lexer);
    assert_true(token_is_word(&token, "c"));
}

static void ifdef_of_another_is_skipped(void **state)
{
    struct token token = next_after("#ifdef FREEBSD\na \"broken\n#else\nb\n#endif", 0);

    (void)state;
    assert_true(token_is_word(&token, "b"));
    assert_int_equal(lexer_next(&lexer).kind, TOKEN_END);
}

static void nested_ifdefs_in_skipped_text_do_not_end_it(void **state)
{
    struct token token = next_after("#ifdef X\n#ifdef LINUX\na\n#else\nb\n#endif\nc\n#endif\nd", 0);

    (void)state;
    assert_true(token_is_word(&token, "d"));
}

static void a_missing_endif_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(next_after("#ifdef X\na", 0).kind, TOKEN_ERROR);
    assert_non_null(strstr(text_of(&script.error), "#endif expected"));
}

static void an_unknown_directive_is_named(void **state)
{
    (void)state;
    assert_int_equal(next_after("#include <x>", 0).kind, TOKEN_ERROR);
    assert_non_null(strstr(text_of(&script.error), "x.pkt:1:1: '#include'"));
}

static void code_and_commands_are_taken_whole(void **state)
{
    struct token token = next_after("%{ a = {1} }%", 0);

    (void)state;
    assert_int_equal(token.kind, TOKEN_CODE);
    assert_memory_equal(token.start, " a = {1} ", 9);
    token = next_after("`sysctl a=1\nb`", 0);
    assert_int_equal(token.kind, TOKEN_SHELL);
    assert_int_equal(token.end - token.start, 12);
}

static void what_does_not_end_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(next_after("\"abc\n\"", 0).kind, TOKEN_ERROR);
    assert_int_equal(next_after("`abc", 0).kind, TOKEN_ERROR);
    assert_int_equal(next_after("/* abc", 0).kind, TOKEN_ERROR);
}

static void flags_are_taken_raw_from_where_the_token_ahead_begins(void **state)
{
    struct token token;

    (void)state;
    begin("SE.W 1");
    lexer_peek(&lexer);
    token = lexer_run_of(&lexer, "FSRP.UEW");
    assert_int_equal(token.end - token.start, 4);
    assert_int_equal(lexer_next(&lexer).number, 1);
}

static int end(void **state)
{
    (void)state;
    drill_script_free(&script);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_may_begin_with_its_point),
        cmocka_unit_test(three_points_between_times_are_no_fraction),
        cmocka_unit_test(numbers_may_be_hexadecimal),
        cmocka_unit_test(comments_are_blanks),
        cmocka_unit_test(ifdef_of_the_profile_holds),
        cmocka_unit_test(ifdef_of_another_is_skipped),
        cmocka_unit_test(nested_ifdefs_in_skipped_text_do_not_end_it),
        cmocka_unit_test(a_missing_endif_is_an_error),
        cmocka_unit_test(an_unknown_directive_is_named),
        cmocka_unit_test(code_and_commands_are_taken_whole),
        cmocka_unit_test(what_does_not_end_is_an_error),
        cmocka_unit_test(flags_are_taken_raw_from_where_the_token_ahead_begins),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
