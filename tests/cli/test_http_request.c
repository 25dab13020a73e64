/*
 * HTTP request heads: what is taken, what is refused and with which status.
 */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/http_request.h"

static int parse(const char *text, struct http_request *request)
{
    return http_request_parse(text, strlen(text), request);
}

static int status_of(const char *text)
{
    struct http_request request;

    return parse(text, &request);
}

static void a_get_is_taken_whole(void **state)
{
    const char *text = "GET /a/b.txt HTTP/1.1\r\nHost: x\r\n\r\n";
    struct http_request request;

    (void)state;
    assert_int_equal(parse(text, &request), (int)strlen(text));
    assert_int_equal(request.method, HTTP_GET);
    assert_string_equal(request.path, "/a/b.txt");
    assert_true(request.keep_alive);
    assert_false(request.has_range);
}

static void every_proper_prefix_asks_for_more(void **state)
{
    const char *text = "\r\nHEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct http_request request;

    (void)state;
    for (size_t length = 0; length < strlen(text); length++) {
        char *exact = malloc(length > 0 ? length : 1); /* so that the sanitizer sees a read past the end */

        memcpy(exact, text, length);
        assert_int_equal(http_request_parse(exact, length, &request), 0);
        free(exact);
    }
    assert_int_equal(parse(text, &request), (int)strlen(text));
    assert_int_equal(request.method, HTTP_HEAD);
    assert_false(request.keep_alive);
}

static void a_pipelined_request_is_left_alone(void **state)
{
    const char *first = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n",
               *both = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\n";
    struct http_request request;

    (void)state;
    assert_int_equal(parse(both, &request), (int)strlen(first));
    assert_string_equal(request.path, "/1");
}

static void http_1_0_closes_unless_asked(void **state)
{
    struct http_request request;

    (void)state;
    assert_true(parse("GET / HTTP/1.0\r\n\r\n", &request) > 0);
    assert_false(request.keep_alive);
    assert_true(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &request) > 0);
    assert_true(request.keep_alive);
}

static void a_bare_lf_ends_a_line(void **state)
{
    struct http_request request;

    (void)state;
    assert_true(parse("GET /x HTTP/1.1\nHost: y\n\n", &request) > 0);
    assert_string_equal(request.path, "/x");
}

static void percent_encoding_is_undone_once(void **state)
{
    struct http_request request;

    (void)state;
    assert_true(parse("GET /a%20b%2525?q=%zz HTTP/1.1\r\nHost: x\r\n\r\n", &request) > 0);
    assert_string_equal(request.path, "/a b%25");
}

static void dots_and_slashes_collapse(void **state)
{
    struct http_request request;

    (void)state;
    assert_true(parse("GET //a/.///b/. HTTP/1.1\r\nHost: x\r\n\r\n", &request) > 0);
    assert_string_equal(request.path, "/a/b/");
}

static void climbing_out_is_refused_in_every_spelling(void **state)
{
    static const char *const paths[] = {"/..",     "/../etc/passwd", "/a/../../x",       "/%2e%2e/x",
                                        "/.%2E/x", "/a/%2e%2e%2fx",  "/a/..%2f..%2fetc", "/..?x"};

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        char text[128];

        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", paths[i]);
        assert_int_equal(status_of(text), -400);
    }
}

static void names_that_only_begin_with_dots_are_fine(void **state)
{
    struct http_request request;

    (void)state;
    assert_true(parse("GET /..a/...b/.c HTTP/1.1\r\nHost: x\r\n\r\n", &request) > 0);
    assert_string_equal(request.path, "/..a/...b/.c");
}

static void a_nul_in_the_path_is_refused(void **state)
{
    (void)state;
    assert_int_equal(status_of("GET /a%00b HTTP/1.1\r\nHost: x\r\n\r\n"), -400);
}

static void what_is_not_http_is_a_bad_request(void **state)
{
    (void)state;
    assert_int_equal(status_of("\x16\x03\x01 hello\r\n\r\n"), -400);
    assert_int_equal(status_of("GET /\r\n\r\n"), -400);
    assert_int_equal(status_of("GET x HTTP/1.1\r\nHost: x\r\n\r\n"), -400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nHost : x\r\n\r\n"), -400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n"), -400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"), -400);
}

static void http_1_1_needs_one_host(void **state)
{
    (void)state;
    assert_int_equal(status_of("GET / HTTP/1.1\r\n\r\n"), -400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), -400);
}

static void other_methods_and_versions_have_their_own_status(void **state)
{
    (void)state;
    assert_int_equal(status_of("POST / HTTP/1.1\r\nHost: x\r\n\r\n"), -405);
    assert_int_equal(status_of("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), -505);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"), -501);
}

static void a_target_that_is_too_long_is_414(void **state)
{
    char text[HTTP_TARGET_BYTES_MAX + 64];

    (void)state;
    snprintf(text, sizeof text, "GET /%0*d HTTP/1.1\r\nHost: x\r\n\r\n", (int)HTTP_TARGET_BYTES_MAX, 0);
    assert_int_equal(status_of(text), -414);
}

static void a_head_without_end_is_bounded(void **state)
{
    static char text[HTTP_HEAD_BYTES_MAX + 1];
    struct http_request request;

    (void)state;
    memset(text, 'a', HTTP_HEAD_BYTES_MAX);
    assert_int_equal(http_request_parse(text, HTTP_HEAD_BYTES_MAX, &request), -414);
    memcpy(text, "GET / HTTP/1.1\r\nX: ", 19);
    assert_int_equal(http_request_parse(text, HTTP_HEAD_BYTES_MAX, &request), -431);
    assert_int_equal(http_request_parse(text, HTTP_HEAD_BYTES_MAX - 1, &request), 0);
}

static bool range_of(const char *value, uint64_t size, uint64_t *first, uint64_t *length)
{
    struct http_request request;
    char text[128];

    snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: x\r\nRange: %s\r\n\r\n", value);
    assert_true(parse(text, &request) > 0);
    return http_request_range(&request, size, first, length);
}

static void ranges_are_cut_to_the_file(void **state)
{
    uint64_t first, length;

    (void)state;
    assert_true(range_of("bytes=10-19", 100, &first, &length));
    assert_int_equal(first, 10);
    assert_int_equal(length, 10);
    assert_true(range_of("bytes=90-", 100, &first, &length));
    assert_int_equal(first, 90);
    assert_int_equal(length, 10);
    assert_true(range_of("bytes=-7", 100, &first, &length));
    assert_int_equal(first, 93);
    assert_int_equal(length, 7);
    assert_true(range_of("bytes=-700", 100, &first, &length));
    assert_int_equal(first, 0);
    assert_int_equal(length, 100);
    assert_true(range_of("bytes=0-999999", 100, &first, &length));
    assert_int_equal(length, 100);
}

static void a_range_outside_cannot_be_satisfied(void **state)
{
    uint64_t first, length;

    (void)state;
    assert_false(range_of("bytes=100-", 100, &first, &length));
    assert_false(range_of("bytes=-0", 100, &first, &length));
    assert_false(range_of("bytes=0-", 0, &first, &length));
}

static void a_range_that_makes_no_sense_is_ignored(void **state)
{
    uint64_t first, length;

    (void)state;
    assert_true(range_of("bytes=9-3", 100, &first, &length));
    assert_int_equal(length, 100);
    assert_true(range_of("bytes=1-2,5-6", 100, &first, &length));
    assert_int_equal(length, 100);
    assert_true(range_of("bytes=99999999999999999999-", 100, &first, &length));
    assert_int_equal(length, 100);
}

static void random_bytes_give_an_answer_and_nothing_else(void **state)
{
    static const char alphabet[] = "GET /.%2e\r\n:HTTP/1.1 Hostbytes=-0";
    uint32_t random = 1;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        struct http_request request;
        size_t length = round % 97 + 1;
        char *text = malloc(length);
        int taken;

        for (size_t i = 0; i < length; i++) {
            random = random * 1664525u + 1013904223u;
            text[i] = alphabet[(random >> 16) % (sizeof alphabet - 1)];
        }
        taken = http_request_parse(text, length, &request);
        assert_true(taken <= (int)length);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_get_is_taken_whole),
        cmocka_unit_test(every_proper_prefix_asks_for_more),
        cmocka_unit_test(a_pipelined_request_is_left_alone),
        cmocka_unit_test(http_1_0_closes_unless_asked),
        cmocka_unit_test(a_bare_lf_ends_a_line),
        cmocka_unit_test(percent_encoding_is_undone_once),
        cmocka_unit_test(dots_and_slashes_collapse),
        cmocka_unit_test(climbing_out_is_refused_in_every_spelling),
        cmocka_unit_test(names_that_only_begin_with_dots_are_fine),
        cmocka_unit_test(a_nul_in_the_path_is_refused),
        cmocka_unit_test(what_is_not_http_is_a_bad_request),
        cmocka_unit_test(http_1_1_needs_one_host),
        cmocka_unit_test(other_methods_and_versions_have_their_own_status),
        cmocka_unit_test(a_target_that_is_too_long_is_414),
        cmocka_unit_test(a_head_without_end_is_bounded),
        cmocka_unit_test(ranges_are_cut_to_the_file),
        cmocka_unit_test(a_range_outside_cannot_be_satisfied),
        cmocka_unit_test(a_range_that_makes_no_sense_is_ignored),
        cmocka_unit_test(random_bytes_give_an_answer_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
