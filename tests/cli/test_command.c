/*
 * The command as a user meets it: exit codes, one clear line for what is
 * wrong, and netcat's half close against the kernel's TCP. What needs a
 * network namespace is skipped where none can be made.
 */
#include "support/cmocka_all.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char output[65536];

/* Run a shell command with $rill set; its exit status, and everything it wrote in output. */
static int run(const char *command)
{
    size_t used = 0;
    FILE *from;
    int status;

    assert_int_equal(setenv("rill", RILL_BINARY_DIR "/rill", 1), 0);
    from = popen(command, "r");
    assert_non_null(from);
    while (used < sizeof output - 1) {
        size_t got = fread(output + used, 1, sizeof output - 1 - used, from);

        if (got == 0)
            break;
        used += got;
    }
    output[used] = '\0';
    status = pclose(from);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static unsigned lines(void)
{
    unsigned count = 0;

    for (const char *at = output; *at != '\0'; at++)
        count += *at == '\n';
    return count;
}

/* "words" -> the exit status; what is said is one line that begins with "rill". */
static void assert_refused(const char *words, int status)
{
    char command[256];

    snprintf(command, sizeof command, "$rill %s 2>&1 </dev/null", words);
    assert_int_equal(run(command), status);
    assert_int_equal(lines(), 1);
    assert_memory_equal(output, "rill", 4);
}

static void wrong_words_are_one_line_and_exit_2(void **state)
{
    static const char *const words[] = {
        "nonsense",
        "listen 0 --echo",
        "listen 65536 --echo",
        "listen http --echo",
        "listen 80 --purple",
        "listen 80 --serve",
        "listen 80 --sink --echo",
        "listen 80 --source lots",
        "listen 80 --echo --mtu 5",
        "listen 80 --echo --addr 10.0.0.300/24",
        "listen 80 --echo --addr 10.0.0.1/33",
        "listen 80 --echo --gw nowhere",
        "listen 80 --echo --addr 10.0.0.2/24 --gw 10.0.0.2",
        "listen 80 --echo --name a/b",
        "listen 80 -- true",
        "connect example,org 80",
        "connect 10.0.0.300 80",
        "connect host.example 80 --dns nowhere",
        "connect 10.77.0.1 80 -u --sink",
        "listen 80 -u --serve .",
        "connect localhost 80",
        "connect 127.0.0.1 80",
        "connect ::1 80",
        "connect 10.77.0.1 0",
        "connect 10.77.0.1 80 --output x",
        "catch purple",
        "ss state purple",
        "ss --names french",
        "ss sport = x",
        "ladder --color pink x",
        "bench idle --state purple",
        "bench pair --mtu 9",
    };

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_refused(words[i], 2);
}

static void what_is_not_there_is_one_line_and_exit_1(void **state)
{
    (void)state;
    assert_refused("listen 80 --serve /nonexistent", 1);
    assert_refused("listen 80 --serve /etc/passwd", 1);
    assert_refused("connect 10.77.0.1 80 --http / -o /nonexistent/x", 1);
    assert_refused("ladder /nonexistent", 1);
    assert_refused("ladder /etc/passwd", 1);
    assert_refused("shell no-such-rill -- true", 1);
}

static void a_missing_word_shows_the_usage_and_exits_2(void **state)
{
    static const char *const commands[] = {"listen", "connect 10.77.0.1", "catch", "ladder", "bench", "hold 80"};
    char command[64];

    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        snprintf(command, sizeof command, "$rill %s 2>&1 </dev/null", commands[i]);
        assert_int_equal(run(command), 2);
        assert_non_null(strstr(output, "usage: rill "));
    }
    assert_int_equal(run("$rill 2>&1"), 2);
}

static void help_is_given_for_every_command(void **state)
{
    static const char *const commands[] = {"listen",   "connect", "catch", "ss",     "netstat", "shell",
                                           "counters", "memory",  "hold",  "ladder", "bench",   "bench pair"};
    char command[64], usage[64];

    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        snprintf(command, sizeof command, "$rill %s --help", commands[i]);
        snprintf(usage, sizeof usage, "usage: rill %s ", commands[i]);
        assert_int_equal(run(command), 0);
        assert_non_null(strstr(output, usage));
    }
    assert_int_equal(run("$rill --help"), 0);
}

/* A program of the kernel's beside rill; skipped where there can be no namespace or no TUN. */
static bool has_namespace(void)
{
    static int known = -1;

    if (known < 0)
        known = run("$rill listen 9 --sink -- true 2>&1") == 0;
    return known > 0;
}

#define NEEDS_NAMESPACE()                                                                                              \
    do {                                                                                                               \
        if (!has_namespace())                                                                                          \
            skip();                                                                                                    \
    } while (0)

#define PYTHON                                                                                                         \
    "python3 -c '\n"                                                                                                   \
    "import socket\n"                                                                                                  \
    "def all(c):\n"                                                                                                    \
    "    n = 0\n"                                                                                                      \
    "    while True:\n"                                                                                                \
    "        d = c.recv(65536)\n"                                                                                      \
    "        if not d: return n\n"                                                                                     \
    "        n += len(d)\n"

#define PYTHON_ACCEPTS                                                                                                 \
    PYTHON "s = socket.socket()\n"                                                                                     \
           "s.bind((\"10.77.0.1\", 7000)); s.listen(); c = s.accept()[0]\n"

#define PYTHON_CONNECTS PYTHON "c = socket.create_connection((\"10.77.0.2\", 7000))\n"

static void the_end_of_stdin_leaves_the_answer_coming(void **state)
{
    (void)state;
    NEEDS_NAMESPACE();
    assert_int_equal(run("head -c 2000000 /dev/zero | $rill connect 10.77.0.1 7000 -- " PYTHON_ACCEPTS "n = all(c)\n"
                         "c.sendall(b\"a\" * 1000000 + b\" got %d\" % n)' | tail -c 12"),
                     0);
    assert_string_equal(output, " got 2000000");
}

static void the_end_of_the_answer_leaves_stdin_going(void **state)
{
    (void)state;
    NEEDS_NAMESPACE();
    assert_int_equal(run("(sleep 0.5; head -c 2000000 /dev/zero) | $rill connect 10.77.0.1 7000 -- " PYTHON_ACCEPTS
                         "c.sendall(b\"bye \"); c.shutdown(socket.SHUT_WR)\n"
                         "n = all(c)\n"
                         "open(\"/dev/stderr\", \"w\").write(\"got %d\" % n)' 2>&1"),
                     0);
    assert_string_equal(output, "bye got 2000000");
}

static void a_refusal_says_by_whom_and_why(void **state)
{
    (void)state;
    NEEDS_NAMESPACE();
    assert_refused("connect 10.77.0.1 81", 1);
    assert_non_null(strstr(output, "connection refused by 10.77.0.1:81: nothing listens there"));
}

static void a_reset_fails_with_a_sentence(void **state)
{
    (void)state;
    NEEDS_NAMESPACE();
    assert_int_equal(
        run("(echo x; sleep 1) | $rill connect 10.77.0.1 7000 2>&1 -- " PYTHON_ACCEPTS "c.recv(1)\n"
            "c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b\"\\1\\0\\0\\0\\0\\0\\0\\0\"); c.close()'"),
        1);
    assert_non_null(strstr(output, "connection reset by 10.77.0.1:7000"));
}

#define PYTHON_DATAGRAMS                                                                                               \
    "python3 -c '\n"                                                                                                   \
    "import socket\n"                                                                                                  \
    "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"                                                           \
    "s.settimeout(5)\n"

static void datagrams_go_to_the_kernel_and_back(void **state)
{
    (void)state;
    NEEDS_NAMESPACE();
    assert_int_equal(run("echo hello | $rill connect -u 10.77.0.1 7000 -- " PYTHON_DATAGRAMS
                         "s.bind((\"10.77.0.1\", 7000)); d, a = s.recvfrom(100)\n"
                         "s.sendto(b\"answer: \" + d, a)'"),
                     0);
    assert_string_equal(output, "answer: hello\n");
}

static void a_closed_port_refuses_datagrams(void **state)
{
    (void)state;
    NEEDS_NAMESPACE();
    assert_int_equal(run("echo hello | $rill connect -u 10.77.0.1 81 2>&1"), 1);
    assert_non_null(strstr(output, "port 81 of 10.77.0.1 is closed"));
}

static void datagrams_are_echoed(void **state)
{
    (void)state;
    NEEDS_NAMESPACE();
    assert_int_equal(run("$rill listen -u 7 --echo 2>/dev/null -- " PYTHON_DATAGRAMS "for n in 0, 1, 1472:\n"
                         "    s.sendto(b\"x\" * n, (\"10.77.0.2\", 7))\n"
                         "    d, a = s.recvfrom(2000); print(len(d), a[1])'"),
                     0);
    assert_string_equal(output, "0 7\n1 7\n1472 7\n");
}

static void a_datagram_socket_is_seen_by_ss(void **state)
{
    (void)state;
    NEEDS_NAMESPACE();
    assert_int_equal(run("$rill listen -u 9 --sink --name rill-test-udp 2>/dev/null -- "
                         "sh -c '$rill ss -tuanH --rill rill-test-udp; $rill ss -tanH --rill rill-test-udp'"),
                     0);
    assert_int_equal(lines(), 1);
    assert_memory_equal(output, "udp   UNCONN ", 13);
    assert_non_null(strstr(output, "0.0.0.0:9"));
}

/* A DNS server that knows web.test only. */
#define PYTHON_DNS                                                                                                     \
    PYTHON_DATAGRAMS                                                                                                   \
    "s.bind((\"10.77.0.1\", 53))\n"                                                                                    \
    "q, a = s.recvfrom(512)\n"                                                                                         \
    "known = q[12:21] == b\"\\x03web\\x04test\"\n"                                                                     \
    "r = q[:2] + (b\"\\x81\\x80\" if known else b\"\\x81\\x83\") + b\"\\0\\1\\0\" + bytes([known]) + bytes(4) + "      \
    "q[12:]\n"                                                                                                         \
    "if known: r += b\"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4\\x0a\\x4d\\0\\1\"\n"                                 \
    "s.sendto(r, a)\n"

static void a_name_is_looked_up_over_rill(void **state)
{
    (void)state;
    NEEDS_NAMESPACE();
    assert_int_equal(run("$rill connect web.test 7000 --dns 10.77.0.1 </dev/null -- " PYTHON_DNS
                         "s = socket.socket(); s.bind((\"10.77.0.1\", 7000)); s.listen()\n"
                         "c = s.accept()[0]; c.sendall(b\"found\")'"),
                     0);
    assert_string_equal(output, "found");
}

static void a_name_that_is_not_there_is_said(void **state)
{
    (void)state;
    NEEDS_NAMESPACE();
    assert_int_equal(run("$rill connect nosuch.test. 7000 --dns 10.77.0.1 2>&1 </dev/null -- " PYTHON_DNS "'"), 1);
    assert_non_null(strstr(output, "there is no host 'nosuch.test.', says the DNS server 10.77.0.1"));
}

static void echo_gives_back_every_byte(void **state)
{
    (void)state;
    NEEDS_NAMESPACE();
    assert_int_equal(run("$rill listen 7000 --echo 2>/dev/null -- " PYTHON_CONNECTS "import os, threading\n"
                         "d = os.urandom(3000000); r = b\"\"\n"
                         "t = threading.Thread(target=lambda: (c.sendall(d), c.shutdown(socket.SHUT_WR))); t.start()\n"
                         "while True:\n"
                         "    x = c.recv(65536)\n"
                         "    if not x: break\n"
                         "    r += x\n"
                         "print(r == d)'"),
                     0);
    assert_string_equal(output, "True\n");
}

static void source_sends_what_was_asked_for(void **state)
{
    (void)state;
    NEEDS_NAMESPACE();
    assert_int_equal(run("$rill listen 7000 --source 5M 2>/dev/null -- " PYTHON_CONNECTS "print(all(c))'"), 0);
    assert_string_equal(output, "5242880\n");
}

static void the_program_beside_decides_the_exit_code(void **state)
{
    (void)state;
    NEEDS_NAMESPACE();
    assert_int_equal(run("$rill listen 7000 --sink 2>/dev/null -- sh -c 'exit 7'"), 1);
    assert_int_equal(run("$rill listen 7000 --sink 2>/dev/null -- sh -c 'exit 0'"), 0);
}

static void a_second_rill_may_not_take_the_name(void **state)
{
    (void)state;
    NEEDS_NAMESPACE();
    assert_int_equal(run("$rill listen 80 --sink --name rill-test-twice 2>/dev/null -- "
                         "$rill listen 80 --sink --name rill-test-twice 2>&1"),
                     1);
    assert_non_null(strstr(output, "is running already"));
}

static void a_running_rill_is_seen_by_ss(void **state)
{
    (void)state;
    NEEDS_NAMESPACE();
    assert_int_equal(run("$rill listen 80 --sink --name rill-test-ss 2>/dev/null -- "
                         "$rill ss -tanH --rill rill-test-ss 'sport = :80'"),
                     0);
    assert_int_equal(lines(), 1);
    assert_memory_equal(output, "LISTEN ", 7);
    assert_non_null(strstr(output, "0.0.0.0:80"));
}

static void the_kernel_is_caught_in_every_state(void **state)
{
    (void)state;
    NEEDS_NAMESPACE();
    assert_int_equal(run("$rill catch all 2>&1"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_words_are_one_line_and_exit_2),
        cmocka_unit_test(what_is_not_there_is_one_line_and_exit_1),
        cmocka_unit_test(a_missing_word_shows_the_usage_and_exits_2),
        cmocka_unit_test(help_is_given_for_every_command),
        cmocka_unit_test(the_end_of_stdin_leaves_the_answer_coming),
        cmocka_unit_test(the_end_of_the_answer_leaves_stdin_going),
        cmocka_unit_test(a_refusal_says_by_whom_and_why),
        cmocka_unit_test(a_reset_fails_with_a_sentence),
        cmocka_unit_test(datagrams_go_to_the_kernel_and_back),
        cmocka_unit_test(a_closed_port_refuses_datagrams),
        cmocka_unit_test(datagrams_are_echoed),
        cmocka_unit_test(a_datagram_socket_is_seen_by_ss),
        cmocka_unit_test(a_name_is_looked_up_over_rill),
        cmocka_unit_test(a_name_that_is_not_there_is_said),
        cmocka_unit_test(echo_gives_back_every_byte),
        cmocka_unit_test(source_sends_what_was_asked_for),
        cmocka_unit_test(the_program_beside_decides_the_exit_code),
        cmocka_unit_test(a_second_rill_may_not_take_the_name),
        cmocka_unit_test(a_running_rill_is_seen_by_ss),
        cmocka_unit_test(the_kernel_is_caught_in_every_state),
    };

    if (access(RILL_BINARY_DIR "/rill", X_OK) != 0)
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
