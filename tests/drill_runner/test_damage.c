/*
 * Damaged scripts: cut off, with pieces gone, doubled or replaced. Whatever is
 * left of one, the runner says what is wrong with it, or runs it to an end.
 */
#include "drill_runner/scripts.h"

#include <stdint.h>

#define ROUNDS 2000
#define SCRIPT_BYTES 4096

static const char *const whole[] = {
    "`sysctl -q net.ipv4.tcp_sack=1 net.ipv4.tcp_rmem=\"4096 131072 6291456\"; ./defaults.sh`\n" OPEN
    "+0 write(4, ..., 20000) = 20000\n+0 > . 1:10001(10000) ack 1\n+.1 < . 1:1(0) ack 10001 win 512 <nop,nop>\n"
    "+0~+0.3 > P. 10001:20001(10000) ack 1\n* < . 1:1(0) ack 20001 win 512\n+.1 close(4) = 0\n* > F. 20001:20001(0) "
    "ack 1\n",
    OPEN "+0 setsockopt(4, SOL_TCP, TCP_INQ, [1], 4) = 0\n+0 < P. 1:11(10) ack 1 win 512\n+0 > . 1:1(0) ack 11\n"
         "+0 recvmsg(4, {msg_name(...)=..., msg_iov(2)=[{..., 4}, {..., 3}], msg_flags=0,\n"
         "   msg_control=[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=3}]}, 0) = 7 (note)\n"
         "+0 poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLIN|POLLOUT}], 1, 0) = 1\n"
         "+0 epoll_create(1) = 5\n+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT|EPOLLET, fd=4}) = 0\n"
         "+0 epoll_wait(5, {events=EPOLLOUT, fd=4}, 1, 0) = 1\n+0 %{ assert tcpi_snd_cwnd == 10 }%\n",
    "--ip_version=ipv4-mapped-ipv6\n--tolerance_usecs=10000\n0 socket(..., SOCK_STREAM|SOCK_NONBLOCK, 0) = 3\n"
    "#ifdef rill\n+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)\n#endif\n"
    "+0 > S 0:0(0) <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 8>\n"
    "+.1 < [ect0] S. 0:0(0) ack 1 win 5840 <mss 1000,sackOK,TS val 7 ecr 100,FO 0102,raw 0101>\n"
    "+0 > [noecn] . 1:1(0) ack 1 <...>\n+0 < icmp unreachable frag_needed mtu 1200 [1:1001(1000)]\n"
    "+0 getsockopt(3, SOL_TCP, TCP_INFO, {tcpi_state=TCP_ESTABLISHED, tcpi_unacked=0}, [...]) = 0\n"
    "+0 setsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0\n+0 close(3) = 0\n+0 > R. 1:1(0) ack 1 "
    "<...>\n",
    "0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n/* a comment */ +0 bind(3, {sa_family=AF_INET, sin_port=htons(99),\n"
    "  sin_addr=inet_addr(\"192.168.0.1\")}, 16) = 0\n+0 < [7 > 99] udp (100)\n+0 read(3, ..., 200) = 100 // and "
    "another\n"
    "+0...0.2 recv(3, ..., 200, 0) = 50\n+.2 < [7 > 99] udp (50)\n",
};

static uint32_t draw(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)(*state >> 8) * below >> 24);
}

/* Something of what scripts are made of, in place of `gone` bytes. */
static void replace(char *script, size_t at, size_t gone, const char *by)
{
    size_t bytes = strlen(script), more = strlen(by);

    if (bytes - gone + more >= SCRIPT_BYTES)
        return;
    memmove(script + at + more, script + at + gone, bytes - at - gone + 1);
    memcpy(script + at, by, more);
}

static void damage(char *script, uint32_t *state)
{
    static const char *const pieces[] = {
        "(",   ")",  "[",  "]",  "{",   "}",    "<",   ">",    "=",        "...", "`",        "%{",         "\"",
        "-1",  "0x", "/*", "*",  "+",   "~",    ",",   ":",    "\n",       "#",   "99999999", "4294967296", "65535",
        "ack", "S",  "F",  "R.", "win", "sack", "mss", "NULL", "MSG_PEEK", "'",   "\\",       "fd=",        ".5"};
    uint32_t bytes = (uint32_t)strlen(script), at = draw(state, bytes + 1), rest = bytes - at;
    uint32_t some = rest < 12 ? rest : draw(state, 12);
    char kept[16];

    switch (draw(state, 5)) {
    case 0:
        script[at] = '\0';
        return;
    case 1:
        replace(script, at, some, "");
        return;
    case 2:
        snprintf(kept, sizeof kept, "%.*s", (int)some, script + at);
        replace(script, at, 0, kept);
        return;
    case 3:
        if (rest > 0)
            script[at] = (char)(1 + draw(state, 127));
        return;
    default:
        replace(script, at, rest < 2 ? rest : draw(state, 3), pieces[draw(state, sizeof pieces / sizeof pieces[0])]);
        return;
    }
}

static void a_damaged_script_ends_with_a_verdict(void **state)
{
    uint32_t seed = 1, run_through = 0;

    (void)state;
    options.skip_code = true;
    for (unsigned i = 0; i < ROUNDS; i++) {
        char source[SCRIPT_BYTES];
        struct drill_script script;

        snprintf(source, sizeof source, "%s", whole[i % (sizeof whole / sizeof whole[0])]);
        for (uint32_t k = draw(&seed, 4); k < 4; k++)
            damage(source, &seed);
        if (drill_parse(&script, "x.pkt", source, options.profile)) {
            bool passed = passes(source);

            assert_true(passed || failure.bytes > 0);
            run_through += passed;
        } else {
            assert_true(script.error.bytes > 0);
        }
        drill_script_free(&script);
    }
    assert_in_range(run_through, 1, ROUNDS - 1); /* neither all is refused nor all that is said is passed over */
}

static void whole_scripts_pass(void **state)
{
    (void)state;
    options.skip_code = true;
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        holds(whole[i]);
}

static void a_script_that_waits_for_ages_is_soon_over(void **state)
{
    (void)state;
    holds(OPEN
          "+0 < . 1:1(0) ack 1 win 0\n+0 write(4, ..., 10) = 10\n* > . 0:0(0) ack 1\n+0 close(3) = 0\n"
          "+0 setsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0\n+0 close(4) = 0\n* > R. 1:1(0) ack 1\n"
          "+999999999 socket(..., SOCK_STREAM, 0) = 3\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(whole_scripts_pass),
        TEST(a_damaged_script_ends_with_a_verdict),
        TEST(a_script_that_waits_for_ages_is_soon_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
