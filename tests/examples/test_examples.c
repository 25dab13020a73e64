/* Each example, against the kernel's sockets, in a network namespace of the test's own. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cmocka_all.h"
#include "support/run_world.h"

#define BULK 200000u

static char bulk[BULK], back[BULK];

static pid_t start(const char *const *arguments, int out)
{
    pid_t child = fork();
    char path[512];

    if (child != 0)
        return child;
    snprintf(path, sizeof path, RILL_BINARY_DIR "/examples/%s", arguments[0]);
    if (out >= 0)
        dup2(out, STDOUT_FILENO);
    execv(path, (char *const *)(uintptr_t)arguments);
    _exit(127);
}

static void stop(pid_t child)
{
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
}

/* Until the example has made its device and listens. */
static int connect_to_example(void)
{
    struct sockaddr_in addr = world_address("10.77.0.2", 7);

    for (int i = 0; i < 500; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        limit_waits(fd);
        if (connect(fd, (const struct sockaddr *)(const void *)&addr, sizeof addr) == 0)
            return fd;
        close(fd);
        usleep(10000);
    }
    fail_msg("the example does not listen");
    return -1;
}

static void echoes(const char *program)
{
    pid_t child = start((const char *const[]){program, "ex0", "10.77.0.2", "7", NULL}, -1);
    int fd = connect_to_example();
    char byte;

    assert_true(write_all(fd, "hello", 5));
    assert_true(read_all(fd, back, 5));
    assert_memory_equal(back, "hello", 5);
    for (unsigned i = 0; i < BULK; i += 20000) {
        assert_true(write_all(fd, bulk + i, 20000));
        assert_true(read_all(fd, back + i, 20000));
    }
    assert_memory_equal(back, bulk, BULK);
    shutdown(fd, SHUT_WR);
    assert_int_equal(read(fd, &byte, 1), 0);
    close(fd);
    stop(child);
}

static void echo_server(void **state)
{
    (void)state;
    echoes("echo_server");
}

static void epoll_server(void **state)
{
    (void)state;
    echoes("epoll_server");
}

static void events(void **state)
{
    (void)state;
    echoes("events");
}

/* Two clients at once; one of them is a slow reader of more than buffers hold. */
static void serves_two(const char *program)
{
    pid_t child = start((const char *const[]){program, "ex0", "10.77.0.2", "7", NULL}, -1);
    int a = connect_to_example(), b = connect_to_example();

    assert_true(write_all(a, bulk, BULK));
    assert_true(write_all(b, "b", 1));
    assert_true(read_all(b, back, 1));
    assert_int_equal(back[0], 'b');
    assert_true(read_all(a, back, BULK));
    assert_memory_equal(back, bulk, BULK);
    close(a);
    close(b);
    stop(child);
}

static void epoll_server_serves_two(void **state)
{
    (void)state;
    serves_two("epoll_server");
}

static void events_serves_two(void **state)
{
    (void)state;
    serves_two("events");
}

static void echo_client(void **state)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(4007)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), pipes[2], fd, status = -1;
    char got[16] = "";
    pid_t child;

    (void)state;
    assert_int_equal(bind(listener, (const struct sockaddr *)(const void *)&any, sizeof any), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(pipe(pipes), 0);
    child =
        start((const char *const[]){"echo_client", "ex1", "10.78.0.2", "10.78.0.1", "4007", "hello", NULL}, pipes[1]);
    close(pipes[1]);
    limit_waits(listener);
    fd = accept(listener, NULL, NULL);
    limit_waits(fd);
    assert_true(read_all(fd, got, 5));
    assert_int_equal(read(fd, got + 5, 1), 0); /* it has shut its sending side, and reads on */
    assert_true(write_all(fd, got, 5));
    close(fd);
    close(listener);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    memset(got, 0, sizeof got);
    assert_int_equal(read(pipes[0], got, sizeof got), 5);
    assert_string_equal(got, "hello");
    close(pipes[0]);
}

static void a_refused_client_says_so(void **state)
{
    pid_t child = start((const char *const[]){"echo_client", "ex1", "10.78.0.2", "10.78.0.1", "4008", "x", NULL}, -1);
    int status = -1;

    (void)state;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_server),
        cmocka_unit_test(echo_client),
        cmocka_unit_test(epoll_server),
        cmocka_unit_test(epoll_server_serves_two),
        cmocka_unit_test(events),
        cmocka_unit_test(events_serves_two),
        cmocka_unit_test(a_refused_client_says_so),
    };

    world_enter();
    for (unsigned i = 0; i < BULK; i++)
        bulk[i] = (char)(i * 7 + i / 251);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
