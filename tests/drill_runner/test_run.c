/*
 * The runner: scripts that hold pass, and each way of not holding fails and is
 * named. A runner that cannot fail would prove nothing.
 */
#include "drill_runner/scripts.h"

static void a_handshake_passes(void **state)
{
    (void)state;
    holds(OPEN);
}

static void a_wrong_ack_number_fails_at_its_line(void **state)
{
    (void)state;
    fails_with(LISTEN "+0 < S 0:0(0) win 65535\n+0 > S. 0:0(0) ack 2 <...>\n", "the ACK number differs");
    assert_int_equal(failure_line, 5);
}

static void wrong_flags_fail(void **state)
{
    (void)state;
    fails_with(LISTEN "+0 < S 0:0(0) win 65535\n+0 > SP. 0:0(0) ack 1 <...>\n", "the flags differ");
}

static void wrong_options_fail_and_no_options_means_none(void **state)
{
    (void)state;
    fails_with(LISTEN "+0 < S 0:0(0) win 65535\n+0 > S. 0:0(0) ack 1 <mss 1461>\n", "the options differ");
    fails_with(LISTEN "+0 < S 0:0(0) win 65535\n+0 > S. 0:0(0) ack 1\n", "the options differ");
}

static void a_window_is_checked_when_it_is_said(void **state)
{
    (void)state;
    fails_with(LISTEN "+0 < S 0:0(0) win 65535\n+0 > S. 0:0(0) ack 1 win 5 <...>\n", "the window differs");
    options.any_window = true;
    holds(LISTEN "+0 < S 0:0(0) win 65535\n+0 > S. 0:0(0) ack 1 win 5 <...>\n");
}

static void a_packet_that_does_not_come_fails(void **state)
{
    (void)state;
    fails_with(OPEN "+0 > . 1:1(0) ack 1\n", "got nothing");
}

static void a_packet_too_many_fails_at_the_end(void **state)
{
    (void)state;
    fails_with(LISTEN "+0 < S 0:0(0) win 65535\n", "expected nothing more");
}

static void a_packet_out_of_its_time_fails(void **state)
{
    (void)state;
    fails_with(LISTEN "+0 < S 0:0(0) win 65535\n+.1 > S. 0:0(0) ack 1 <...>\n", "at 0.100000, got it at 0.000000");
    holds(LISTEN "+0 < S 0:0(0) win 65535\n+.003 > S. 0:0(0) ack 1 <...>\n");
    holds("--tolerance_usecs=200000\n" LISTEN "+0 < S 0:0(0) win 65535\n+.1 > S. 0:0(0) ack 1 <...>\n");
}

static void a_range_and_any_time_take_a_packet_when_it_comes(void **state)
{
    (void)state;
    holds(LISTEN "+0 < S 0:0(0) win 65535\n+0 > S. 0:0(0) ack 1 <...>\n+.5~+1.5 > S. 0:0(0) ack 1 <...>\n");
    holds(LISTEN "+0 < S 0:0(0) win 65535\n+0 > S. 0:0(0) ack 1 <...>\n* > S. 0:0(0) ack 1 <...>\n"
                 "+2 > S. 0:0(0) ack 1 <...>\n");
}

static void a_burst_may_be_seen_as_one_packet_or_as_many(void **state)
{
    (void)state;
    holds(OPEN "+0 write(4, ..., 3000) = 3000\n+0 > P. 1:3001(3000) ack 1\n+0 < . 1:1(0) ack 3001 win 512\n");
    holds(OPEN "+0 write(4, ..., 3000) = 3000\n+0 > . 1:1001(1000) ack 1\n+0 > . 1001:2001(1000) ack 1\n"
               "+0 > P. 2001:3001(1000) ack 1\n+0 < . 1:1(0) ack 3001 win 512\n");
    holds(OPEN "+0 write(4, ..., 1000) = 1000\n+0 > . 1:501(500) ack 1\n+0 > P. 501:1001(500) ack 1\n"
               "+0 < . 1:1(0) ack 1001 win 512\n");
}

static void exact_segments_are_one_to_one(void **state)
{
    (void)state;
    options.exact_segments = true;
    fails_with(OPEN "+0 write(4, ..., 3000) = 3000\n+0 > P. 1:3001(3000) ack 1\n", "the length differs");
    fails_with(OPEN "+0 write(4, ..., 1000) = 1000\n+0 > . 1:501(500) ack 1\n", "the length differs");
}

static void options_as_a_set_have_no_order(void **state)
{
    static const char source[] = LISTEN "+0 < S 0:0(0) win 65535 <mss 1000,nop,wscale 7>\n"
                                        "+0 > S. 0:0(0) ack 1 <wscale 8,mss 1460>\n";

    (void)state;
    assert_false(passes(source));
    options.options_as_set = true;
    holds(source);
    fails_with(LISTEN "+0 < S 0:0(0) win 65535\n+0 > S. 0:0(0) ack 1 <wscale 8,mss 1460>\n", "the options differ");
}

static void results_and_errors_of_calls_are_checked(void **state)
{
    (void)state;
    fails_with(OPEN "+0 write(4, ..., 100) = 99\n", "got 100");
    fails_with(OPEN "+0 read(4, ..., 100) = 5\n", "got -1 EAGAIN");
    fails_with(OPEN "+0 read(4, ..., 100) = -1 EPIPE\n", "got -1 EAGAIN");
    holds(OPEN "+0 read(4, ..., 100) = -1 EWOULDBLOCK\n");
    fails_with(OPEN "+0 read(9, ..., 100) = 0\n", "got -1 EBADF");
}

static void a_blocking_call_returns_when_the_script_says(void **state)
{
    static const char event[] = "+.1 < S 0:0(0) win 65535\n+0 > S. 0:0(0) ack 1 <...>\n+.1 < . 1:1(0) ack 1 win 512\n";
    char source[1024];

    (void)state;
    snprintf(source, sizeof source, LISTEN "+0...0.2 accept(3, ..., ...) = 4\n%s", event);
    holds(source);
    snprintf(source, sizeof source, LISTEN "+0...0.3 accept(3, ..., ...) = 4\n%s", event);
    fails_with(source, "to return at 0.300000, got it at 0.200000");
    snprintf(source, sizeof source, LISTEN "+0...0.1 accept(3, ..., ...) = 4\n");
    fails_with(source, "got a call that still waits");
}

static void poll_waits_in_virtual_time(void **state)
{
    (void)state;
    holds(OPEN "+0...0.5 poll([{fd=4, events=POLLIN, revents=0}], 1, 500) = 0\n");
    holds(OPEN "+0...0.2 poll([{fd=4, events=POLLIN, revents=POLLIN}], 1, 1000) = 1\n"
               "+.2 < P. 1:101(100) ack 1 win 512\n+0 > . 1:1(0) ack 101\n");
    fails_with(OPEN "+0 poll([{fd=4, events=POLLOUT, revents=POLLIN}], 1, 0) = 1\n", "with revents");
}

static void epoll_gives_back_the_scripts_numbers(void **state)
{
    (void)state;
    holds(OPEN "+0 epoll_create(1) = 5\n+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT, fd=4}) = 0\n"
               "+0 epoll_wait(5, {events=EPOLLOUT, fd=4}, 1, 0) = 1\n");
    fails_with(OPEN "+0 epoll_create(1) = 5\n+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT, fd=4}) = 0\n"
                    "+0 epoll_wait(5, {events=EPOLLOUT, fd=7}, 1, 0) = 1\n",
               "got data 4");
}

static void timestamps_are_mapped_and_must_advance(void **state)
{
    (void)state;
    holds(LISTEN "+0 < S 0:0(0) win 65535 <mss 1000,sackOK,TS val 7 ecr 0>\n"
                 "+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 5000 ecr 7>\n"
                 "+1 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 6000 ecr 7>\n");
    fails_with(LISTEN "+0 < S 0:0(0) win 65535 <mss 1000,sackOK,TS val 7 ecr 0>\n"
                      "+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 5000 ecr 7>\n"
                      "+1 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 5000 ecr 7>\n",
               "the options differ");
    fails_with(LISTEN "+0 < S 0:0(0) win 65535 <mss 1000,sackOK,TS val 7 ecr 0>\n"
                      "+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 5000 ecr 8>\n",
               "the options differ");
}

static void what_cannot_be_carried_out_is_noted_or_fails_when_strict(void **state)
{
    (void)state;
    holds("`sysctl -q net.ipv4.tcp_strange=1; ./defaults.sh`\n" LISTEN);
    assert_non_null(strstr(text_of(&notes), "the setting net.ipv4.tcp_strange is not known"));
    assert_non_null(strstr(text_of(&notes), "'./defaults.sh' is not carried out"));
    options.strict = true;
    fails_with("`sysctl -q net.ipv4.tcp_strange=1`\n" LISTEN, "tcp_strange is not known");
}

static void settings_reach_the_stack(void **state)
{
    static const char end[] =
        LISTEN "+0 < S 0:0(0) win 65535 <mss 1000,nop,wscale 7>\n+0 > S. 0:0(0) ack 1 <mss 1460>\n";
    char source[1024];

    (void)state;
    snprintf(source, sizeof source, "`sysctl -w net.ipv4.tcp_window_scaling=0`\n%s", end);
    holds(source);
    snprintf(source, sizeof source, "%s", end);
    assert_false(passes(source));
}

static void what_is_not_known_fails(void **state)
{
    (void)state;
    fails_with("0 frobnicate(3) = 0\n", "the call 'frobnicate' is not known");
    fails_with("0 socket(..., SOCK_STRANGE, 0) = 3\n", "the constant 'SOCK_STRANGE' is not known");
    fails_with("--strange=1\n" LISTEN, "the option --strange is not known");
    fails_with("--ip_version=ipv6\n" LISTEN, "IPv4 only");
}

static void either_ect_is_not_no_ect(void **state)
{
    (void)state;
    fails_with(OPEN "+0 write(4, ..., 10) = 10\n+0 > [ect01] P. 1:11(10) ack 1\n", "the ECN field differs");
    holds("`sysctl net.ipv4.tcp_ecn=1`\n" LISTEN "+0 < SEW 0:0(0) win 9 <mss 1000>\n+0 > SE. 0:0(0) ack 1 <...>\n"
          "+0 < [ect01] . 1:1(0) ack 1 win 512\n+0 accept(3, ..., ...) = 4\n+0 write(4, ..., 10) = 10\n"
          "+0 > [ect01] P. 1:11(10) ack 1\n");
}

static void assertions_see_the_connection(void **state)
{
    (void)state;
    if (system("python3 -c pass") != 0)
        skip();
    holds(OPEN "+0 %{ assert tcpi_state == TCP_ESTABLISHED }%\n");
    fails_with(OPEN "+0 %{\nassert tcpi_state == TCP_LISTEN, 'state %d' % tcpi_state\n}%\n", "AssertionError: state 1");
    assert_int_equal(failure_line, 10); /* the one that does not hold, not the one where the code begins */
}

static void the_isn_of_the_peer_is_out_of_sight(void **state)
{
    (void)state;
    options.isn = 0xffffffff;
    options.has_isn = true;
    holds(OPEN "+0 < P. 1:101(100) ack 1 win 512\n+0 > . 1:1(0) ack 101\n");
}

static int end(void **state)
{
    (void)state;
    text_free(&failure);
    text_free(&notes);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_handshake_passes),
        TEST(a_wrong_ack_number_fails_at_its_line),
        TEST(wrong_flags_fail),
        TEST(wrong_options_fail_and_no_options_means_none),
        TEST(a_window_is_checked_when_it_is_said),
        TEST(a_packet_that_does_not_come_fails),
        TEST(a_packet_too_many_fails_at_the_end),
        TEST(a_packet_out_of_its_time_fails),
        TEST(a_range_and_any_time_take_a_packet_when_it_comes),
        TEST(a_burst_may_be_seen_as_one_packet_or_as_many),
        TEST(exact_segments_are_one_to_one),
        TEST(options_as_a_set_have_no_order),
        TEST(results_and_errors_of_calls_are_checked),
        TEST(a_blocking_call_returns_when_the_script_says),
        TEST(poll_waits_in_virtual_time),
        TEST(epoll_gives_back_the_scripts_numbers),
        TEST(timestamps_are_mapped_and_must_advance),
        TEST(what_cannot_be_carried_out_is_noted_or_fails_when_strict),
        TEST(settings_reach_the_stack),
        TEST(what_is_not_known_fails),
        TEST(either_ect_is_not_no_ect),
        TEST(assertions_see_the_connection),
        TEST(the_isn_of_the_peer_is_out_of_sight),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
