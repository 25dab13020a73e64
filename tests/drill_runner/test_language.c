/*
 * The language as suites of others use it: each construct runs, or the script
 * fails and the construct is named. None is passed over in silence.
 */
#include "drill_runner/scripts.h"

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

/* What was opened in OPEN has the number 4. */
#define IN "+0 < P. 1:11(10) ack 1 win 512\n+0 > . 1:1(0) ack 11\n"

struct refusal {
    const char *source, *message;
};

static void each_holds(const char *const *scripts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!passes(scripts[i]))
            fail_msg("line %u: %s\n%s", failure_line, text_of(&failure), scripts[i]);
        if (notes.bytes > 0)
            fail_msg("a note: %s", text_of(&notes));
    }
}

/* It does not parse, or it fails when it runs; either way this is what is said. */
static void each_is_refused(const struct refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct drill_script script;
        bool parsed = drill_parse(&script, "x.pkt", refusals[i].source, options.profile);

        if (!parsed && strstr(text_of(&script.error), refusals[i].message) == NULL)
            fail_msg("no \"%s\" in: %s", refusals[i].message, text_of(&script.error));
        drill_script_free(&script);
        if (parsed)
            fails_with(refusals[i].source, refusals[i].message);
    }
}

/* ------------------------------------------------------------------ head and time */

static void options_at_the_head_are_taken_or_named(void **state)
{
    static const char *const good[] = {
        "--ip_version=ipv4\n--tolerance_usecs=10000\n" LISTEN,
        "--ip_version=ipv4-mapped-ipv6\n" LISTEN,
        "--local_ip=192.168.9.1\n--remote_ip=192.0.2.77\n--bind_port=99\n--connect_port=98\n--mtu=1400\n" LISTEN,
        "--mss=1460 --speed=1000mbps --netmask_ip=255.255.0.0 --gateway_ip=192.168.0.2\n" LISTEN,
        "--wire_server_ip=1.2.3.4 --wire_server_port=8081 --wire_client_dev=eth0 --wire_server_dev=eth1\n" LISTEN,
        "--non_fatal=packet\n--dry_run\n--verbose\n--persistent_tun_dev\n--send_omit_free\n" LISTEN,
        "--code_command=/usr/bin/python3 --code_format=python --code_sockopt=TCP_INFO\n" LISTEN,
        "--init_scripts=setup.sh --tcp_ts_tick_usecs=1000 --is_anyip\n" LISTEN,
    };
    static const struct refusal bad[] = {
        {"--ip_version=ipv6\n" LISTEN, "--ip_version=ipv6: rill's packets are IPv4 only"},
        {"--local_ip=fd3d::1\n" LISTEN, "'fd3d::1' is no IPv4 address"},
        {"--define=MSS=1000\n" LISTEN, "the option --define is not known"},
        {"--colour=blue\n" LISTEN, "the option --colour is not known"},
        {"--mtu=lots\n" LISTEN, "'lots' is no number"},
    };

    (void)state;
    each_holds(good, COUNT(good));
    each_is_refused(bad, COUNT(bad));
}

static void every_form_of_time_is_understood(void **state)
{
    static const char *const good[] = {
        OPEN "0.01 write(4, ..., 10) = 10\n0.010 > P. 1:11(10) ack 1\n",
        OPEN "+.001 write(4, ..., 10) = 10\n+0. > P. 1:11(10) ack 1\n",
        OPEN "+1. write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n",
        OPEN "+0 write(4, ..., 10) = 10\n+0~+.1 > P. 1:11(10) ack 1\n",
        OPEN "+0 write(4, ..., 10) = 10\n0.0~0.3 > P. 1:11(10) ack 1\n",
        OPEN "+0 write(4, ..., 10) = 10\n* > P. 1:11(10) ack 1\n",
        OPEN "write(4, ..., 10) = 10\n> P. 1:11(10) ack 1\n",
        OPEN "+0 fcntl(4, F_SETFL, O_RDWR) = 0\n+0...0.2 read(4, ..., 10) = 10\n+.2 < P. 1:11(10) ack 1 win 512\n"
             "+0 > . 1:1(0) ack 11\n",
        OPEN "+0 fcntl(4, F_SETFL, O_RDWR) = 0\n+0 ... +0.2 read(4, ..., 10) = 10\n+.2 < P. 1:11(10) ack 1 win 512\n"
             "+0 > . 1:1(0) ack 11\n",
        OPEN "+0 `sleep 1`\n1.01 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n",
    };
    static const struct refusal bad[] = {
        {LISTEN "+0...0.2 < S 0:0(0) win 1\n", "only a call can take a time that ends"},
        {LISTEN "+.3~+.1 > . 1:1(0) ack 1\n", "ends before it begins"},
        {LISTEN "+* > . 1:1(0) ack 1\n", "a time expected"},
        {LISTEN "+1e-3 > . 1:1(0) ack 1\n", "expected"},
    };

    (void)state;
    each_holds(good, COUNT(good));
    each_is_refused(bad, COUNT(bad));
}

static void comments_and_directives_are_skipped(void **state)
{
    static const char *const good[] = {
        "// a line\n/* two\nlines */ " LISTEN,
        "#ifdef linux\n0 nonsense\n#else\n" LISTEN "#endif\n",
        "#ifndef linux\n" LISTEN "#endif\n",
        "#ifdef rill\n" LISTEN "#endif\n",
    };
    static const struct refusal bad[] = {
        {"# a comment of shells\n" LISTEN, "'#' is no directive"},
        {"#define X\n" LISTEN, "'#define' is no directive"},
        {"#ifdef rill\n" LISTEN, "#endif expected"},
        {"/* no end\n" LISTEN, "this comment does not end"},
    };

    (void)state;
    each_holds(good, COUNT(good));
    each_is_refused(bad, COUNT(bad));
}

/* ------------------------------------------------------------------ settings */

static void settings_are_understood_in_each_form(void **state)
{
    static const char *const lines[] = {
        "`sysctl -w net.ipv4.tcp_timestamps=0 net.ipv4.tcp_sack=0`\n",
        "`sysctl -q net.ipv4.tcp_timestamps=0; sysctl -q net.ipv4.tcp_sack=0`\n",
        "`sysctl -q net/ipv4/tcp_timestamps=0 && sysctl net.ipv4.tcp_sack='0'`\n",
        "`sysctl -w net.ipv4.tcp_timestamps=0 > /dev/null 2>&1\nsysctl net.ipv4.tcp_sack=\"0\" || true`\n",
        "`../common/set_sysctls.py /proc/sys/net/ipv4/tcp_timestamps=0 /proc/sys/net/ipv4/tcp_sack=0`\n",
        "`echo 0 > /proc/sys/net/ipv4/tcp_timestamps\necho \"0\" >/proc/sys/net/ipv4/tcp_sack`\n",
    };
    char script[1024];

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        snprintf(script, sizeof script, "%s%s", lines[i],
                 LISTEN "+0 < S 0:0(0) win 65535 <mss 1000,sackOK,TS val 1 ecr 0>\n"
                        "+0 > S. 0:0(0) ack 1 <mss 1460>\n");
        each_holds((const char *const[]){script}, 1);
    }
}

static void settings_that_rill_has_no_choice_in_are_taken_at_its_own_value(void **state)
{
    static const char *const good[] = {
        "`sysctl -w net.inet.tcp.insecure_rst=0 net.inet.tcp.blackhole=0 net.inet.tcp.hostcache.purgenow=1`\n" LISTEN,
        "`sysctl -q net.ipv4.tcp_min_tso_segs=4 net.ipv4.tcp_recovery=1 net.ipv4.tcp_dsack=1`\n" LISTEN,
    };

    (void)state;
    options.strict = true;
    each_holds(good, COUNT(good));
}

static void settings_of_freebsd_reach_the_stack(void **state)
{
    static const char *const good[] = {
        "`sysctl -w net.inet.tcp.rfc1323=2`\n" LISTEN
        "+0 < S 0:0(0) win 9 <mss 1000,wscale 1,TS val 1 ecr 0>\n+0 > S. 0:0(0) ack 1 <mss 1460,nop,wscale 6>\n",
        "`sysctl -w net.inet.tcp.rfc1323=3`\n" LISTEN
        "+0 < S 0:0(0) win 9 <mss 1000,wscale 1,TS val 1 ecr 0>\n+0 > S. 0:0(0) ack 1 <mss 1460,TS val 1 ecr 1>\n",
        "`sysctl -w net.inet.tcp.ecn.enable=0`\n" LISTEN
        "+0 < SEW 0:0(0) win 9 <mss 1000>\n+0 > S. 0:0(0) ack 1 <mss 1460>\n",
        "`sysctl -w kern.ipc.maxsockbuf=1048576`\n" LISTEN
        "+0 < S 0:0(0) win 9 <mss 1000,wscale 1>\n+0 > S. 0:0(0) ack 1 <mss 1460,nop,wscale 5>\n",
        "`sysctl -w net.inet.tcp.delayed_ack=0`\n" OPEN "+0 getsockopt(4, IPPROTO_TCP, TCP_QUICKACK, [1], [4]) = 0\n",
        "`sysctl -w net.inet.tcp.fastopen.client_enable=0`\n0 socket(..., SOCK_STREAM, 0) = 3\n"
        "+0 setsockopt(3, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, [1], 4) = -1 EOPNOTSUPP\n",
        "`sysctl -w net.inet.tcp.always_keepalive=1`\n0 socket(..., SOCK_STREAM, 0) = 3\n"
        "+0 getsockopt(3, SOL_SOCKET, SO_KEEPALIVE, [1], [4]) = 0\n",
    };

    (void)state;
    options.profile = "freebsd";
    each_holds(good, COUNT(good));
}

static void settings_that_are_options_here_are_given_to_each_socket(void **state)
{
    static const char *const good[] = {
        "`sysctl net.ipv4.tcp_syn_retries=2 net.ipv4.tcp_notsent_lowat=5000`\n0 socket(..., SOCK_STREAM, 0) = 3\n"
        "+0 getsockopt(3, SOL_TCP, TCP_SYNCNT, [2], [4]) = 0\n"
        "+0 getsockopt(3, SOL_TCP, TCP_NOTSENT_LOWAT, [5000], [4]) = 0\n",
        "`sysctl net.ipv4.tcp_syn_retries=1`\n0 socket(..., SOCK_STREAM, 0) = 3\n"
        "+0...3 connect(3, ..., ...) = -1 ETIMEDOUT\n+0 > S 0:0(0) <...>\n+1 > S 0:0(0) <...>\n",
    };

    (void)state;
    each_holds(good, COUNT(good));
}

static void commands_that_are_not_carried_out_are_noted_by_name(void **state)
{
    static const struct refusal lines[] = {
        {"`./defaults.sh`\n" LISTEN, "'./defaults.sh' is not carried out"},
        {"`../common/defaults.sh\n../common/set_sysctls.py /proc/sys/net/ipv4/tcp_sack=0`\n" LISTEN, "defaults.sh"},
        {"`tc qdisc replace dev tun0 root fq`\n" LISTEN, "'tc qdisc"},
        {"`ip route change 192.0.2.1 dev tun0 > /dev/null 2>&1`\n" LISTEN, "'ip route"},
        {"`sysctl net.ipv4.tcp_colour=4`\n" LISTEN, "net.ipv4.tcp_colour is not known"},
        {"`sysctl net.ipv4.tcp_recovery=0`\n" LISTEN, "net.ipv4.tcp_recovery"},
        {"`sysctl net.inet.tcp.insecure_rst=1`\n" LISTEN, "rill has no knob for net.inet.tcp.insecure_rst"},
        {"`sysctl net.ipv4.tcp_congestion_control=vegas`\n" LISTEN, "net.ipv4.tcp_congestion_control"},
        {LISTEN "+0 `sysctl net.ipv4.tcp_sack=0`\n", "too late to be set"},
        {"`sleep forever`\n" LISTEN, "'sleep forever' is not understood"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        options.strict = false;
        if (!passes(lines[i].source) || strstr(text_of(&notes), lines[i].message) == NULL)
            fail_msg("no note \"%s\": %s %s", lines[i].message, text_of(&notes), text_of(&failure));
        options.strict = true;
        fails_with(lines[i].source, lines[i].message);
    }
}

static void profiles_have_the_syns_of_their_systems(void **state)
{
    static const char begin[] = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
                                "+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n"
                                "+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)\n";
    static const struct {
        const char *profile, *setting, *syn;
    } syns[] = {
        {"linux", "", "+0 > S 0:0(0) win 65535 <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 8>\n"},
        {"linux", "`sysctl net.ipv4.tcp_timestamps=0`\n",
         "+0 > S 0:0(0) win 65535 <mss 1460,nop,nop,sackOK,nop,wscale 8>\n"},
        {"linux", "`sysctl net.ipv4.tcp_rmem=\"4096 131072 6291456\"`\n",
         "+0 > S 0:0(0) <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>\n"},
        {"freebsd", "", "+0 > S 0:0(0) win 65535 <mss 1460,nop,wscale 6,sackOK,TS val 100 ecr 0>\n"},
        {"freebsd", "`sysctl net.inet.tcp.rfc1323=0`\n", "+0 > S 0:0(0) win 65535 <mss 1460,sackOK,eol,eol>\n"},
    };
    char script[1024];

    (void)state;
    for (size_t i = 0; i < COUNT(syns); i++) {
        options.profile = syns[i].profile;
        snprintf(script, sizeof script, "%s%s%s", syns[i].setting, begin, syns[i].syn);
        holds(script);
    }
    options.profile = "rill"; /* where order counts */
    snprintf(script, sizeof script, "%s%s", begin, syns[3].syn);
    fails_with(script, "the options differ");
}

/* ------------------------------------------------------------------ packets */

static void every_part_of_a_packet_is_understood(void **state)
{
    static const char *const good[] = {
        LISTEN "+0 < SEWA 0:0(0) win 1000 <mss 1000>\n+0 > SE. 0:0(0) ack 1 <...>\n",
        OPEN "+0 < [ect0] P5. 1:11(10) ack 1 win 512\n+0 > [noecn] . 1:1(0) ack 11\n",
        OPEN "+0 < [tos 0x10, ttl 3] P. 1:11(10) ack 1 win 512\n+0 > [tos 0x0] . 1:1(0) ack 11\n",
        OPEN "+0 < [ce] P. 1:11(10) ack 1 win 512\n+0 > [nonect] . 1:1(0) ack 11\n",
        OPEN "+0 < [ect01] P. 1:11(10) ack 1 win 512\n+0 > . 1:1(0) ack 11\n",
        OPEN "+0 < [49152 > 8080] P. 1:11(10) ack 1 win 512\n+0 > [8080 > 49152] . 1:1(0) ack 11\n",
        OPEN "+0 < 49152 > 8080: P. 1:11(10) ack 1 win 512\n+0 > . 1:1(0) ack 11\n",
        OPEN "+0 < PU. 1:11(10) ack 1 urg 5 win 512\n+0 > . 1:1(0) ack 11\n",
        OPEN "+0 < - 1:11(10) win 512\n+0 < . 1:1(0) ack 4294967295 win 512\n",
        OPEN "+0 < . 4294967295:4294967295(0) ack 1 win 512\n+0 > . 1:1(0) ack 1\n",
        OPEN "+0 < . 1:1(0) ack -1 win 512\n",
        OPEN "+0 < P. 1:11(10) ack 1 win 512 <nop,nop,sack 5:6 7:8,eol>\n+0 > . 1:1(0) ack 11 <>\n",
        OPEN "+0 < P. 1:11(10) ack 1 win 512 <uto 500,raw 1e04aabb>\n+0 > . 1:1(0) ack 11 <...>\n",
        OPEN "+0 < P. 1:11(10) ack 1 win 512 <md5 000102030405060708090a0b0c0d0e0f>\n+0 > . 1:1(0) ack 11\n",
        LISTEN "+0 < S 0:0(0) win 1000 <mss 1000,FO,nop,nop>\n+0 > S. 0:0(0) ack 1 <...>\n",
        LISTEN "+0 < S 0:0(0) win 1000 <mss 1000,FOEXP>\n+0 > S. 0:0(0) ack 1 <...>\n",
        LISTEN "+0 < S 0:0(0) win 1000 <mss 1000,sackOK,TS val 4294967295 ecr 0,nop,wscale 7>\n"
               "+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val ... ecr 4294967295,nop,wscale 8>\n",
    };
    static const struct refusal bad[] = {
        {OPEN "+0 < [flowlabel 0x12] . 1:1(0) ack 1\n", "IPv4 has no flow label"},
        {OPEN "+0 < [colour 1] . 1:1(0) ack 1\n", "the IP prefix 'colour' is not known"},
        {OPEN "+0 < X. 1:1(0) ack 1\n", "TCP flags"},
        {OPEN "+0 < P9 1:1(0) ack 1\n", "'9' is no TCP flag"},
        {OPEN "+0 < . 1:11(9) ack 1\n", "1:11 is not 9 long"},
        {OPEN "+0 < . 1:1(0) ack 1 win 70000\n", "of at most 65535"},
        {OPEN "+0 < . 1:1(0) ack 1 <mpcapable v1 flags[flag_h] nokey>\n", "the TCP option 'mpcapable' is not known"},
        {OPEN "+0 < . 1:1(0) ack 1 <dss dack4=1 nocs>\n", "the TCP option 'dss' is not known"},
        {OPEN "+0 < . 1:1(0) ack 1 <tcp-ao>\n", "the TCP option 'tcp' is not known"},
        {OPEN "+0 < . 1:1(0) ack 1 <AccECN e0b 1>\n", "the TCP option 'AccECN' is not known"},
        {OPEN "+0 < ipv4 10.0.0.1 > 10.0.0.2: . 1:1(0) ack 1\n", "the tunnel or protocol 'ipv4' is not known"},
        {OPEN "+0 < ipv6 ::1 > ::2: . 1:1(0) ack 1\n", "the tunnel or protocol 'ipv6' is not known"},
        {OPEN "+0 < gre: . 1:1(0) ack 1\n", "the tunnel or protocol 'gre' is not known"},
        {OPEN "+0 < mpls (label 1): . 1:1(0) ack 1\n", "the tunnel or protocol 'mpls' is not known"},
        {OPEN "+0 < eth 1 > 2: . 1:1(0) ack 1\n", "the tunnel or protocol 'eth' is not known"},
        {OPEN "+0 < sctp: INIT[flgs=0]\n", "the tunnel or protocol 'sctp' is not known"},
        {OPEN "+0 > sctp: INIT[flgs=0]\n", "the tunnel or protocol 'sctp' is not known"},
        {OPEN "+0 < udplite (10,10)\n", "the tunnel or protocol 'udplite' is not known"},
        {OPEN "+0 < udp(9899 > 9899) . 1:1(0) ack 1\n", "UDP encapsulation is not known"},
    };

    (void)state;
    each_holds(good, COUNT(good));
    each_is_refused(bad, COUNT(bad));
}

static void icmp_messages_are_sent_and_compared(void **state)
{
    static const char *const good[] = {
        OPEN "+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n+0 < icmp unreachable host_unreachable [1:11(10)]\n",
        OPEN "+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n+0 < icmp time_exceeded ttl_expired [1:11(10)]\n",
        OPEN "+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n+0 < icmp source_quench [1:11(10)]\n",
        OPEN "+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n+0 < icmp parameter_problem [1:11(10)]\n",
        OPEN "+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n+0 < icmp unreachable port_unreachable [udp (10)]\n",
        OPEN "+0 write(4, ..., 2000) = 2000\n+0 > P. 1:2001(2000) ack 1\n"
             "+0 < icmp unreachable frag_needed mtu 600 [1:1001(1000)]\n+0 > P. 1:2001(2000) ack 1\n",
        LISTEN "+0 < icmp echo_request id 7 seq 9 (56)\n+0 > icmp echo_reply id 7 seq 9 (56)\n",
        LISTEN "+0 < icmp echo_request\n+0 > icmp echo_reply\n",
    };
    static const struct refusal bad[] = {
        {LISTEN "+0 < icmp echo_request id 7 (56)\n+0 > icmp echo_reply id 8 (56)\n", "the identifier differs"},
        {LISTEN "+0 < icmp echo_request seq 7 (56)\n+0 > icmp echo_reply seq 8 (56)\n", "the sequence number differs"},
        {LISTEN "+0 < icmp echo_request (56)\n+0 > icmp echo_reply (57)\n", "the length differs"},
        {LISTEN "+0 < icmp echo_request (56)\n+0 > icmp unreachable port_unreachable\n",
         "the type or the code differs"},
        {LISTEN "+0 < icmp echo_request (56)\n", "expected nothing more"},
        {OPEN "+0 < icmpv6 packet_too_big mtu 1280 [1:1(0)]\n", "icmpv6: rill drill runs IPv4 only"},
        {OPEN "+0 < icmp packet_too_big mtu 1280 [1:1(0)]\n", "the ICMP type 'packet_too_big' is not known"},
        {OPEN "+0 < icmp unreachable strange [1:1(0)]\n", "the ICMP code 'strange' is not known"},
    };

    (void)state;
    each_holds(good, COUNT(good));
    each_is_refused(bad, COUNT(bad));
}

/* ------------------------------------------------------------------ calls */

static void sockets_are_opened_and_named_in_each_form(void **state)
{
    static const char *const good[] = {
        "0 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0) = 3\n+0 fcntl(3, F_GETFL) = 0x802\n"
        "+0 fcntl(3, F_GETFD) = FD_CLOEXEC\n+0 close(3) = 0\n",
        "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
        "+0 bind(3, {sa_family = AF_INET, sin_port = htons(99), sin_addr = inet_addr(\"192.168.0.1\")}, 16) = 0\n"
        "+0 getsockname(3, {sa_family=AF_INET, sin_port=htons(99), sin_addr=inet_addr(\"192.168.0.1\")}, [16]) = 0\n"
        "+0 listen(3, SOMAXCONN) = 0\n",
        OPEN "+0 getpeername(4, {sa_family = AF_INET, sin_port = htons(...), sin_addr = inet_addr(...)}, ...) = 0\n",
        OPEN "+0 dup(4) = 5\n+0 close(4) = 0\n+0 write(5, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n",
        OPEN "+0 shutdown(4, SHUT_WR) = 0\n+0 > F. 1:1(0) ack 1\n",
        OPEN "+0 accept4(3, ..., ..., SOCK_NONBLOCK) = -1 EAGAIN (Resource temporarily unavailable)\n",
        OPEN "+0 write(77, ..., 10) = -1 EBADF (Bad file descriptor)\n",
    };
    static const struct refusal bad[] = {
        {"0 socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP) = 3\n", "got -1 EPROTONOSUPPORT"},
        {"0 socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP) = 3\n", "got -1 EPROTONOSUPPORT"},
        {"0 socket(AF_PACKET, SOCK_STREAM, 0) = 3\n", "the constant 'AF_PACKET' is not known"},
        {OPEN "+0 frobnicate(4) = 0\n", "the call 'frobnicate' is not known"},
        {OPEN "+0 sctp_sendmsg(4, ..., 10) = 10\n", "the call 'sctp_sendmsg' is not known"},
        {OPEN "+0 bind(4, {sin_port = strange(80)}, 16) = 0\n", "the function 'strange' is not known"},
    };

    (void)state;
    each_holds(good, COUNT(good));
    each_is_refused(bad, COUNT(bad));
}

static void bytes_move_by_each_call(void **state)
{
    static const char *const good[] = {
        OPEN IN "+0 recv(4, ..., 100, MSG_PEEK) = 10\n+0 recv(4, ..., 100, MSG_DONTWAIT) = 10\n"
                "+0 recvfrom(4, ..., 100, 0, ..., ...) = -1 EWOULDBLOCK\n",
        OPEN IN "+0 recv(4, ..., 10, MSG_TRUNC) = 10\n",
        OPEN IN "+0 readv(4, [{..., 5}, {..., 100}], 2) = 10\n",
        OPEN IN "+0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 1000}], msg_flags=0}, 0) = 10\n",
        OPEN IN "+0 recvmsg(4, {msg_name(...)=..., msg_iov(2)=[{...,4},{...,1000}], msg_flags=0}, MSG_PEEK) = 10\n",
        OPEN
        "+0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{...,1}], msg_flags=MSG_ERRQUEUE}, MSG_ERRQUEUE) = -1 EAGAIN\n",
        OPEN "+0 write(4, \"abc\", 3) = 3\n+0 > P. 1:4(3) ack 1\n",
        OPEN "+0 write(4, ..., 0xa) = ...\n+0 > P. 1:11(10) ack 1\n",
        OPEN "+0 send(4, ..., 10, MSG_NOSIGNAL|MSG_DONTWAIT) = 10\n+0 > P. 1:11(10) ack 1\n",
        OPEN "+0 send(4, ..., 10, MSG_EOR) = 10\n+0 > P. 1:11(10) ack 1\n",
        OPEN "+0 send(4, ..., 10, MSG_OOB) = 10\n+0 > PU. 1:11(10) ack 1 urg 10\n",
        OPEN "+0 sendto(4, ..., 10, 0, ..., ...) = 10\n+0 > P. 1:11(10) ack 1\n",
        OPEN "+0 writev(4, [{..., 5}, {iov_base=..., iov_len=6}], 2) = 11\n+0 > P. 1:12(11) ack 1\n",
        OPEN "+0 sendmsg(4, {msg_name(...)=..., msg_iov(2)=[{..., 5}, {..., 5}], msg_flags=0}, 0) = 10\n"
             "+0 > P. 1:11(10) ack 1\n",
        OPEN "+0 open(\"/dev/zero\", O_RDONLY) = 5\n+0 sendfile(4, 5, [0], 10) = 10\n+0 > P. 1:11(10) ack 1\n"
             "+0 close(5) = 0\n+0 sendfile(4, 5, [0], 10) = -1 EBADF\n",
        OPEN IN "+0 pipe([5, 6]) = 0\n+0 splice(4, NULL, 6, NULL, 100, 0) = 10\n"
                "+0 splice(5, 0, 4, 0, 6, SPLICE_F_NONBLOCK) = 6\n+0 > P. 1:7(6) ack 11\n+0 read(5, ..., 100) = 4\n",
    };
    static const struct refusal bad[] = {
        {OPEN IN "+0 read(4, \"wrong bytes\", 10) = 10\n", "got other bytes"},
        {OPEN "+0 open(\"/dev/null\", O_WRONLY) = 5\n", "for reading only"},
        {OPEN "+0 open(\"/no/such/file\", O_RDONLY) = 5\n", "expected open"},
        {OPEN "+0 pipe(5) = 0\n", "two descriptors belong here"},
        {OPEN "+0 splice(4, [1], 4, NULL, 1, 0) = 1\n", "has an offset"},
        {OPEN "+0 writev(4, [5], 1) = 5\n", "an iovec is written {buffer, length}"},
        {OPEN "+0 mmap(NULL, 4096, PROT_READ, MAP_SHARED, 4, 0) = 0\n", "the call 'mmap' is not known"},
    };

    (void)state;
    each_holds(good, COUNT(good));
    each_is_refused(bad, COUNT(bad));
}

static void options_are_set_and_asked_for_in_each_form(void **state)
{
    static const char *const good[] = {
        OPEN "+0 setsockopt(4, SOL_SOCKET, SO_RCVBUF, [65536], 4) = 0\n+0 getsockopt(4, SOL_SOCKET, SO_ERROR, [0], "
             "[4]) = 0\n",
        OPEN "+0 setsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=1, linger=5}, 8) = 0\n"
             "+0 getsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=1, linger=5}, [8]) = 0\n",
        OPEN "+0 setsockopt(4, SOL_SOCKET, SO_RCVTIMEO, {tv_sec=1, tv_usec=5}, 16) = 0\n",
        OPEN
        "+0 setsockopt(4, IPPROTO_TCP, TCP_NODELAY, [1], 4) = 0\n+0 setsockopt(4, SOL_TCP, TCP_CORK, [0], 4) = 0\n",
        OPEN "+0 setsockopt(4, IPPROTO_TCP, TCP_NOPUSH, [1], 4) = 0\n+0 getsockopt(4, IPPROTO_TCP, TCP_CORK, [1], [4]) "
             "= 0\n",
        OPEN "+0 setsockopt(4, IPPROTO_TCP, TCP_CONGESTION, \"reno\", 5) = 0\n"
             "+0 getsockopt(4, IPPROTO_TCP, TCP_CONGESTION, \"reno\", [16]) = 0\n",
        OPEN "+0 setsockopt(4, IPPROTO_IP, IP_TOS, [4], 4) = 0\n+0 setsockopt(4, SOL_IP, IP_TTL, [9], 4) = 0\n",
        OPEN "+0 getsockopt(4, IPPROTO_TCP, TCP_INFO, ..., ...) = 0\n",
        OPEN "+0 setsockopt(4,\n      IPPROTO_TCP,\n      TCP_NODELAY, [1 | 2], 4) = 0\n",
        OPEN "+0 fcntl(4, F_GETFL) = 0x802 (flags O_RDWR|O_NONBLOCK (and so on))\n",
        OPEN IN "+0 ioctl(4, SIOCINQ, [10]) = 0\n+0 ioctl(4, FIONREAD, [10]) = 0\n+0 ioctl(4, SIOCOUTQ, [0]) = 0\n"
                "+0 ioctl(4, SIOCOUTQNSD, [0]) = 0\n+0 ioctl(4, SIOCATMARK, [0]) = 0\n",
    };
    static const struct refusal bad[] = {
        {OPEN "+0 getsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, [8]) = 0\n", "onoff 1, got 0"},
        {OPEN "+0 getsockopt(4, SOL_TCP, TCP_CONGESTION, \"vegas\", [16]) = 0\n", "\"vegas\", [16]) = 0, got \""},
        {OPEN "+0 setsockopt(4, SOL_SOCKET, SO_FOO, [1], 4) = 0\n", "the constant 'SO_FOO' is not known"},
        {OPEN "+0 setsockopt(4, IPPROTO_TCP, TCP_MD5SIG, {tcpm_keylen=4}, 4) = 0\n", "a struct that is not known"},
        {OPEN "+0 setsockopt(4, IPPROTO_TCP, TCP_FUNCTION_BLK, {x=1}, 4) = 0\n", "a struct that is not known"},
        {OPEN "+0 setsockopt(4, SOL_SOCKET, SO_TIMESTAMP, [1], 4) = 0\n", "expected setsockopt"},
        {OPEN "+0 ioctl(4, FIONWRITE, [0]) = 0\n", "the constant 'FIONWRITE' is not known"},
    };

    (void)state;
    each_holds(good, COUNT(good));
    each_is_refused(bad, COUNT(bad));
}

static void readiness_is_asked_for_in_each_form(void **state)
{
    static const char *const good[] = {
        OPEN "+0 poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLOUT}], 1, 0) = 1\n",
        OPEN "+0 poll([{fd=3, events=POLLIN, revents=0}, {fd=4, events=POLLOUT, revents=POLLOUT}], 2, 0) = 1\n",
        OPEN "+0...0.2 poll([{fd=4, events=POLLIN, revents=0}], 1, 200) = 0\n",
        OPEN "+0 epoll_create(1) = 5\n+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT|EPOLLET, fd=4}) = 0\n"
             "+0 epoll_wait(5, {events=EPOLLOUT, fd=4}, 1, 0) = 1\n+0 epoll_ctl(5, EPOLL_CTL_DEL, 4, NULL) = 0\n",
        OPEN "+0 epoll_create1(EPOLL_CLOEXEC) = 5\n+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT, ptr=0x12}) = 0\n"
             "+0 epoll_wait(5, [{events=EPOLLOUT, ptr=0x12}], 1, 0) = 1\n",
        OPEN "+0 epoll_create(1) = 5\n+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLIN, u64=0x12}) = 0\n"
             "+0...0.1 epoll_wait(5, {events=EPOLLIN, u64=0x12}, 1, 2000) = 1\n"
             "+.1 < P. 1:11(10) ack 1 win 512\n+0 > . 1:1(0) ack 11\n",
    };
    static const struct refusal bad[] = {
        {OPEN "+0 poll([{fd=4, events=POLLOUT, revents=POLLIN}], 1, 0) = 1\n", "revents"},
        {OPEN "+0 epoll_create(1) = 5\n+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT, fd=4}) = 0\n"
              "+0 epoll_wait(5, {events=EPOLLOUT, fd=3}, 1, 0) = 1\n",
         "got data 4"},
        {OPEN "+0 select(5, ..., ..., ..., ...) = 1\n", "the call 'select' is not known"},
        {OPEN "+0 epoll_pwait(5, ..., 1, 0, 0) = 0\n", "the call 'epoll_pwait' is not known"},
    };

    (void)state;
    each_holds(good, COUNT(good));
    each_is_refused(bad, COUNT(bad));
}

static void code_sees_the_connection_and_what_it_does_not_know_is_named(void **state)
{
    static const char *const good[] = {
        OPEN "+0 %{ assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd }%\n",
        OPEN "+0 %{\nassert tcpi_unacked == 0\nfor i in range(3):\n    assert tcpi_state == TCP_ESTABLISHED\n}%\n",
        OPEN "+0 %{ assert tcpi_ca_state == TCP_CA_Open; assert tcpi_options & TCPI_OPT_WSCALE }%\n",
        OPEN "+0 %{ if tcpi_state == TCP_LISTEN:\n      assert False\n\n      assert 0 }%\n",
        OPEN "+0 %{\nimport sys\nfrom math import floor\nprint(7)\n\nassert floor(1.5) == 1, sys.version\n}%\n",
        OPEN "+0 %{ assert tcpi_rehash == 0 and tcpi_rcv_ooopack == 0 and tcpi_snd_wscale == 7 }%\n",
        OPEN "+0 %{ assert TCPI_OPT_ECN == 8 and TCPI_OPT_ECN_SEEN == 16 and TCPI_OPT_SYN_DATA == 32 }%\n",
    };
    static const struct refusal bad[] = {
        {OPEN "+0 %{ assert tcpi_snd_cwnd == 11, tcpi_snd_cwnd }%\n", "AssertionError: 10"},
        {OPEN "+0 %{ assert tcpi_strange == 0 }%\n", "name 'tcpi_strange' is not defined"},
        {OPEN "+0 %{ assert ( }%\n", "SyntaxError"},
        {OPEN "+0 %{ print(7); assert False, 'no' }%\n", "AssertionError: no"},
        {OPEN "+0 %{ assert tcpi_state == TCPS_ESTABLISHED }%\n", "name 'TCPS_ESTABLISHED' is not defined"},
        {OPEN "+0 %{ no end\n", "}% expected"},
        {OPEN "+0 `no end\n", "` expected"},
    };

    (void)state;
    each_holds(good, COUNT(good));
    if (notes.bytes == 0)
        each_is_refused(bad, COUNT(bad));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(options_at_the_head_are_taken_or_named),
        TEST(every_form_of_time_is_understood),
        TEST(comments_and_directives_are_skipped),
        TEST(settings_are_understood_in_each_form),
        TEST(settings_that_rill_has_no_choice_in_are_taken_at_its_own_value),
        TEST(settings_of_freebsd_reach_the_stack),
        TEST(settings_that_are_options_here_are_given_to_each_socket),
        TEST(commands_that_are_not_carried_out_are_noted_by_name),
        TEST(profiles_have_the_syns_of_their_systems),
        TEST(every_part_of_a_packet_is_understood),
        TEST(icmp_messages_are_sent_and_compared),
        TEST(sockets_are_opened_and_named_in_each_form),
        TEST(bytes_move_by_each_call),
        TEST(options_are_set_and_asked_for_in_each_form),
        TEST(readiness_is_asked_for_in_each_form),
        TEST(code_sees_the_connection_and_what_it_does_not_know_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
