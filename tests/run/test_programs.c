/*
 * Programs under rill run: how they begin and end, and what is left of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cmocka_all.h"
#include "support/run_world.h"

#define PORT 8080

static int guest_listen(void)
{
    struct sockaddr_in at = world_address("0.0.0.0", PORT);
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    GUEST(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
    GUEST(bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 16) == 0);
    return fd;
}

/* ---------------------------------------------------------------------- exit status */

static void guest_exits(void)
{
    _exit(42);
}

static void guest_is_killed(void)
{
    kill(getpid(), SIGUSR1);
    pause();
}

static void the_exit_status_is_the_programs(void **state)
{
    (void)state;
    assert_int_equal(world_wait(world_start("exits", NULL)), 42);
    assert_int_equal(world_wait(world_start("is_killed", NULL)), 128 + SIGUSR1);
}

static void guest_daemon(void)
{
    if (fork() == 0) {
        char byte = 'd';
        int fd;

        setsid();
        usleep(300000);
        fd = guest_connect(WORLD_KERNEL, PORT);
        GUEST(write_all(fd, &byte, 1));
        _exit(0);
    }
    _exit(0);
}

static void what_the_program_leaves_running_is_served_on(void **state)
{
    char byte = 0;
    pid_t program;
    int fd, listener = kernel_listener(PORT);

    (void)state;
    program = world_start("daemon", NULL);
    fd = kernel_accept(listener);
    assert_true(read_all(fd, &byte, 1));
    assert_int_equal(byte, 'd');
    close(fd);
    world_finish(program);
}

static void guest_waits(void)
{
    guest_ready();
    pause();
}

static void sigterm_is_passed_on(void **state)
{
    pid_t program = world_start("waits", NULL);

    (void)state;
    world_await();
    kill(program, SIGTERM);
    assert_int_equal(world_wait(program), 128 + SIGTERM);
}

/* -------------------------------------------------------------------------- system calls */

static void guest_io_uring(void)
{
    uint8_t parameters[128] = {0};

    GUEST(syscall(SYS_io_uring_setup, 8, parameters) == -1 && errno == ENOSYS);
}

static void io_uring_is_not_there(void **state)
{
    (void)state;
    world_finish(world_start("io_uring", NULL));
}

static void guest_kinds(void)
{
    int pair[2], fd;
    struct stat status;

    GUEST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && write(pair[0], "x", 1) == 1);
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    GUEST(fd >= 0);
    fd = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    GUEST(fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode));
    GUEST(socket(AF_INET, SOCK_STREAM, 262 /* MPTCP */) == -1 && errno == EPROTONOSUPPORT);
    GUEST(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP) == -1 && errno == EPROTONOSUPPORT);
    GUEST(listen(pair[0], 1) == -1); /* the kernel's own answer */
    GUEST(connect(-1, NULL, 0) == -1 && errno == EBADF);
    GUEST(connect(fd, NULL, 16) == -1 && errno == EFAULT);
    GUEST(getpeername(fd, NULL, NULL) == -1 && errno == ENOTCONN);
}

static void other_sockets_are_the_kernels(void **state)
{
    (void)state;
    world_finish(world_start("kinds", NULL));
}

static void send_descriptor(int through, int fd)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec piece = {(char[]){"x"}, 1};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};

    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    GUEST(sendmsg(through, &message, 0) == 1);
}

static int receive_descriptor(int through)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    struct iovec piece = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    int fd = -1;

    GUEST(recvmsg(through, &message, 0) == 1 && CMSG_FIRSTHDR(&message) != NULL);
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

static void guest_passes(void)
{
    struct sockaddr_in name;
    socklen_t bytes = sizeof name;
    int pair[2], fd, status = 1;

    GUEST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    if (fork() == 0) {
        fd = receive_descriptor(pair[1]);
        GUEST(getpeername(fd, (struct sockaddr *)&name, &bytes) == 0 && name.sin_port == htons(PORT));
        GUEST(write_all(fd, "passed", 6));
        _exit(0);
    }
    fd = guest_connect(WORLD_KERNEL, PORT);
    send_descriptor(pair[0], fd);
    close(fd);
    GUEST(wait(&status) > 0 && status == 0);
}

static void descriptors_can_be_passed_to_another_process(void **state)
{
    char text[7] = "";
    pid_t program;
    int fd, listener = kernel_listener(PORT);

    (void)state;
    program = world_start("passes", NULL);
    fd = kernel_accept(listener);
    assert_true(read_all(fd, text, 6));
    assert_string_equal(text, "passed");
    close(fd);
    world_finish(program);
}

/* --------------------------------------------------------------------------------- join */

static void guest_serves_one(void)
{
    int listener = guest_listen(), fd;
    char byte;

    guest_ready();
    fd = accept(listener, NULL, NULL);
    GUEST(fd >= 0 && read_all(fd, &byte, 1) && write_all(fd, &byte, 1));
}

static void guest_asks_one(void)
{
    char byte = 'j';
    int fd = guest_connect(WORLD_RILL, PORT), listed = 0;
    FILE *file = fopen("/proc/net/tcp", "r");
    char line[256];

    /* Both ends of it are rill's: 10.77.0.2 to 10.77.0.2, once from each side. */
    while (fgets(line, sizeof line, file) != NULL)
        listed += strstr(line, " 02004D0A:") != NULL && strstr(strstr(line, " 02004D0A:") + 1, " 02004D0A:") != NULL;
    fclose(file);
    GUEST(listed == 2);

    GUEST(write_all(fd, &byte, 1));
    byte = 0;
    GUEST(read_all(fd, &byte, 1) && byte == 'j');
}

static void a_second_program_joins_a_running_rill(void **state)
{
    static const char *const named[] = {"--name", "test-run-join", NULL};
    static const char *const joined[] = {"--join", "test-run-join", NULL};
    pid_t server = world_start("serves_one", named), client;

    (void)state;
    world_await();
    client = world_start_beside("asks_one", joined);
    world_finish(client);
    world_finish(server);
}

int main(int argc, char **argv)
{
    static const struct guest guests[] = {
        {"exits", guest_exits},       {"is_killed", guest_is_killed},
        {"daemon", guest_daemon},     {"waits", guest_waits},
        {"io_uring", guest_io_uring}, {"kinds", guest_kinds},
        {"passes", guest_passes},     {"serves_one", guest_serves_one},
        {"asks_one", guest_asks_one}, {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exit_status_is_the_programs),
        cmocka_unit_test(what_the_program_leaves_running_is_served_on),
        cmocka_unit_test(sigterm_is_passed_on),
        cmocka_unit_test(io_uring_is_not_there),
        cmocka_unit_test(other_sockets_are_the_kernels),
        cmocka_unit_test(descriptors_can_be_passed_to_another_process),
        cmocka_unit_test(a_second_program_joins_a_running_rill),
    };

    world_be_guest(argc, argv, guests);
    world_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
