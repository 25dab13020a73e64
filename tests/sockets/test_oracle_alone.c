/* The program `oracle`: it prints what each call returned, and an agent's calls are as good as its own. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cmocka_all.h"

#define PROGRAM RILL_BINARY_DIR "/tests/oracle"
#define SEQUENCE "l socket; l bind; l listen 1; c socket; c connect; l accept s; s send 3; c recv 9; s close; c recv 1;"

static char path[64];

/* What the command prints; its exit code. */
static int run(const char *arguments, char *out, size_t bytes)
{
    char command[1024];
    FILE *pipe;
    size_t n;

    snprintf(command, sizeof command, PROGRAM " %s 2>&1", arguments);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    n = fread(out, 1, bytes - 1, pipe);
    out[n] = '\0';
    return WEXITSTATUS(pclose(pipe));
}

static pid_t start_agent(void)
{
    struct stat status;
    pid_t child = fork();

    if (child == 0) {
        execl(PROGRAM, PROGRAM, "--agent", path, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 1000 && stat(path, &status) != 0; i++)
        usleep(10000);
    return child;
}

static void each_call_is_a_line(void **state)
{
    char out[4096];

    (void)state;
    assert_int_equal(run("--kernel '" SEQUENCE "'", out, sizeof out), 0);
    assert_non_null(strstr(out, "== l socket;"));
    assert_non_null(strstr(out, "c connect -> EINPROGRESS\n"));
    assert_non_null(strstr(out, "l accept s -> family 2, 16 bytes, 0\n"));
    assert_non_null(strstr(out, "c recv 9 -> \"abc\" 3\n"));
    assert_non_null(strstr(out, "c recv 1 -> 0\n"));
}

static void either_side_may_be_an_agent(void **state)
{
    static const char *const sides[] = {"--server-at", "--client-at"};
    char alone[4096], with_agent[4096], arguments[512];
    pid_t agent = start_agent();

    (void)state;
    assert_int_equal(run("--kernel '" SEQUENCE "'", alone, sizeof alone), 0);
    for (unsigned i = 0; i < 2; i++) {
        snprintf(arguments, sizeof arguments, "--kernel --pause 0 %s %s '" SEQUENCE "'", sides[i], path);
        assert_int_equal(run(arguments, with_agent, sizeof with_agent), 0);
        assert_string_equal(with_agent, alone);
    }
    kill(agent, SIGTERM);
    waitpid(agent, NULL, 0);
}

static void a_name_chooses_one_sequence(void **state)
{
    char out[4096];

    (void)state;
    assert_int_equal(run("--kernel --only crossed_fins", out, sizeof out), 0);
    assert_int_equal(strncmp(out, "== crossed_fins\nl socket -> 0\n", 30), 0);
    assert_int_equal(run("--kernel --only no_such_thing", out, sizeof out), 2);
    assert_non_null(strstr(out, "--list"));
}

static void mistakes_are_told(void **state)
{
    char out[8192];

    (void)state;
    assert_int_equal(run("", out, sizeof out), 2);
    assert_int_equal(run("--kernel --server nowhere", out, sizeof out), 2);
    assert_int_equal(run("--kernel --server 192.0.2.1", out, sizeof out), 1);
    assert_int_equal(run("--kernel --client-at /nonexistent/agent", out, sizeof out), 1);
    assert_non_null(strstr(out, "no agent answers"));
    assert_int_equal(run("--help", out, sizeof out), 0);
    assert_non_null(strstr(out, "--server-at PATH"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_is_a_line),
        cmocka_unit_test(either_side_may_be_an_agent),
        cmocka_unit_test(a_name_chooses_one_sequence),
        cmocka_unit_test(mistakes_are_told),
    };
    int failed;

    snprintf(path, sizeof path, "/tmp/oracle-%d", (int)getpid());
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
