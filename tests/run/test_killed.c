/*
 * kill -9, of the program and of rill itself: the peers are told, and nothing
 * is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/cmocka_all.h"
#include "support/run_world.h"

#define PORT 8080
#define SERVER_PORT 8081

static void guest_say_number(int fd)
{
    pid_t number = getpid();

    GUEST(write_all(fd, &number, sizeof number));
}

static pid_t hear_number(int fd)
{
    pid_t number = 0;

    assert_true(read_all(fd, &number, sizeof number));
    return number;
}

/* Gone, or dead and only not yet buried by whoever has it as a child now. */
static bool is_gone(pid_t process)
{
    char path[48], line[256], state = 'Z';
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    file = fopen(path, "re");
    if (file == NULL)
        return true;
    if (fgets(line, sizeof line, file) != NULL && strrchr(line, ')') != NULL)
        state = strrchr(line, ')')[2];
    fclose(file);
    return state == 'Z' || state == 'X';
}

static void await_end(pid_t process)
{
    for (unsigned i = 0; i < 500 && !is_gone(process); i++)
        usleep(20000);
    assert_true(is_gone(process));
}

static void expect_reset(int fd)
{
    char byte;

    assert_int_equal(read(fd, &byte, 1), -1);
    assert_int_equal(errno, ECONNRESET);
    close(fd);
}

/* ------------------------------------------------------------------------- the program */

static void guest_stays(void)
{
    int fd = guest_connect(WORLD_KERNEL, PORT), other = guest_connect(WORLD_KERNEL, PORT);

    guest_say_number(fd);
    GUEST(poll(&(struct pollfd){.fd = other, .events = POLLIN}, 1, 10000) == 1);
    GUEST(write_all(fd, "k", 1));
    pause();
}

static void a_program_that_is_killed_closes_as_any_other(void **state)
{
    int listener = kernel_listener(PORT), fd, other;
    pid_t program = world_start("stays", NULL), process;
    char byte;

    (void)state;
    fd = kernel_accept(listener);
    other = kernel_accept(listener);
    process = hear_number(fd);
    assert_true(write_all(other, "unread", 6));
    assert_true(read_all(fd, &byte, 1));
    kill(process, SIGKILL);
    assert_int_equal(read(fd, &byte, 1), 0);
    expect_reset(other); /* something lay there unread */
    close(fd);
    assert_int_equal(world_wait(program), 128 + SIGKILL);
}

/* ------------------------------------------------------------------------- rill itself */

static void guest_ignores(void)
{
    int fd, half;
    char byte;

    signal(SIGTERM, SIG_IGN);
    fd = guest_connect(WORLD_KERNEL, PORT);
    half = guest_connect(WORLD_KERNEL, PORT);
    GUEST(read(half, &byte, 1) == 0);
    if (fork() == 0) { /* and a process that is no child of rill's, and in a session of its own */
        setsid();
        guest_say_number(half);
        for (;;)
            pause();
    }
    guest_say_number(fd);
    for (;;)
        pause();
}

static void the_peers_of_a_rill_that_is_killed_are_reset_and_nothing_is_left(void **state)
{
    int listener = kernel_listener(PORT), fd, half;
    pid_t program = world_start("ignores", NULL), first, second;

    (void)state;
    fd = kernel_accept(listener);
    half = kernel_accept(listener);
    shutdown(half, SHUT_WR);
    first = hear_number(fd);
    second = hear_number(half);
    kill(program, SIGKILL);
    assert_int_equal(world_wait(program), 128 + SIGKILL);
    expect_reset(fd);
    expect_reset(half);
    await_end(first);
    await_end(second);
}

static void guest_listens(void)
{
    struct sockaddr_in at = world_address("0.0.0.0", SERVER_PORT);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    GUEST(bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 16) == 0);
    guest_ready();
    pause();
}

static void who_waits_to_be_accepted_is_reset_too(void **state)
{
    pid_t program = world_start("listens", NULL);
    int fd;

    (void)state;
    world_await();
    fd = kernel_connect(SERVER_PORT);
    kill(program, SIGKILL);
    assert_int_equal(world_wait(program), 128 + SIGKILL);
    expect_reset(fd);
}

static void guest_pours(void)
{
    static uint8_t data[65536];
    int fd = guest_connect(WORLD_KERNEL, PORT);

    while (write(fd, data, sizeof data) > 0)
        continue;
    pause();
}

/* Its RST is not the next in sequence for a peer that has not had all that was sent. */
static void a_peer_that_misses_something_is_reset_by_its_own_answer(void **state)
{
    static const char *const lossy[] = {"--impair", "loss=30%,seed=5", NULL};
    static uint8_t data[65536];
    int listener = kernel_listener(PORT), fd;
    pid_t program = world_start("pours", lossy);
    ssize_t n;

    (void)state;
    fd = kernel_accept(listener);
    assert_true(read_all(fd, data, 20000));
    kill(program, SIGKILL);
    assert_int_equal(world_wait(program), 128 + SIGKILL);
    while ((n = read(fd, data, sizeof data)) > 0)
        continue;
    assert_int_equal(n, -1);
    assert_int_equal(errno, ECONNRESET);
    close(fd);
}

static void guest_is_quick(void)
{
    guest_say_number(guest_connect(WORLD_KERNEL, PORT));
}

static void a_rill_that_was_killed_is_not_in_the_way_of_the_next(void **state)
{
    int listener = kernel_listener(PORT), fd;
    pid_t program = world_start("stays", NULL);

    (void)state;
    (void)hear_number(fd = kernel_accept(listener));
    close(fd);
    kill(program, SIGKILL);
    assert_int_equal(world_wait(program), 128 + SIGKILL);
    program = world_start("is_quick", NULL);
    close(kernel_accept(listener)); /* the first one's second connection */
    fd = kernel_accept(listener);
    (void)hear_number(fd);
    close(fd);
    world_finish(program);
}

static void guest_is_met(void)
{
    guest_say_number(guest_connect(WORLD_KERNEL, PORT));
    for (;;)
        pause();
}

/* As a service manager may start it. Its device would have the number of one of them, and the keeper close it. */
static void a_rill_without_standard_files_resets_its_peers_all_the_same(void **state)
{
    int listener = kernel_listener(PORT), fd, flags[3];
    pid_t program, process;

    (void)state;
    for (int i = 0; i < 3; i++) {
        flags[i] = fcntl(i, F_GETFD);
        fcntl(i, F_SETFD, FD_CLOEXEC);
    }
    program = world_start("is_met", NULL);
    fd = kernel_accept(listener);
    process = hear_number(fd); /* it has started by now */
    for (int i = 0; i < 3; i++)
        fcntl(i, F_SETFD, flags[i]);
    kill(program, SIGKILL);
    assert_int_equal(world_wait(program), 128 + SIGKILL);
    expect_reset(fd);
    await_end(process);
}

int main(int argc, char **argv)
{
    static const struct guest guests[] = {
        {"is_met", guest_is_met},
        {"stays", guest_stays},
        {"ignores", guest_ignores},
        {"listens", guest_listens},
        {"pours", guest_pours},
        {"is_quick", guest_is_quick},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rill_without_standard_files_resets_its_peers_all_the_same),
        cmocka_unit_test(a_program_that_is_killed_closes_as_any_other),
        cmocka_unit_test(the_peers_of_a_rill_that_is_killed_are_reset_and_nothing_is_left),
        cmocka_unit_test(who_waits_to_be_accepted_is_reset_too),
        cmocka_unit_test(a_peer_that_misses_something_is_reset_by_its_own_answer),
        cmocka_unit_test(a_rill_that_was_killed_is_not_in_the_way_of_the_next),
    };

    world_be_guest(argc, argv, guests);
    world_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
