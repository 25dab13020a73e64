/*
 * Namespaces, rill run and both sides' sockets: see run_world.h.
 */
#include "support/run_world.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cmocka_all.h"

#define PATIENCE_SECONDS 20
#define READY_FD 9
#define ARGUMENTS_MAX 24

static int ready_fd = -1;
static int last_listener = -1;
static pid_t last_program; /* a test that failed leaves it behind */

void guest_fail(const char *fact, const char *file, int line)
{
    fprintf(stderr, "%s:%d: under rill run this does not hold: %s (errno %d, %s)\n", file, line, fact, errno,
            strerror(errno));
    _exit(1);
}

void world_be_guest(int argc, char **argv, const struct guest *guests)
{
    if (argc < 3 || strcmp(argv[1], "guest") != 0)
        return;
    signal(SIGPIPE, SIG_IGN);
    alarm(2 * PATIENCE_SECONDS);
    for (; guests->name != NULL; guests++)
        if (strcmp(guests->name, argv[2]) == 0) {
            guests->run();
            _exit(0);
        }
    fprintf(stderr, "there is no guest %s\n", argv[2]);
    _exit(2);
}

int guest_socket(int type)
{
    int fd = socket(AF_INET, type, 0);

    GUEST(fd >= 0);
    limit_waits(fd);
    return fd;
}

int guest_connect(const char *address, uint16_t port)
{
    struct sockaddr_in to = world_address(address, port);
    int fd = guest_socket(SOCK_STREAM);

    GUEST(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    return fd;
}

short poll_for(int fd, short events, int timeout_ms)
{
    struct pollfd one = {.fd = fd, .events = events};

    GUEST(poll(&one, 1, timeout_ms) >= 0);
    return one.revents;
}

void guest_ready(void)
{
    GUEST(write(READY_FD, "r", 1) == 1);
    close(READY_FD);
}

/* ---------------------------------------------------------------- namespaces */

static void skip_all(const char *what)
{
    printf("skipped: no network namespaces here (%s: %s)\n", what, strerror(errno));
    exit(77);
}

static void write_map(const char *path, unsigned id)
{
    char text[32];
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int length = snprintf(text, sizeof text, "0 %u 1", id);

    if (fd < 0 || write(fd, text, (size_t)length) != length)
        skip_all(path);
    close(fd);
}

static void bring_loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0)
        skip_all("lo");
    close(fd);
}

void world_enter(void)
{
    unsigned uid = (unsigned)geteuid(), gid = (unsigned)getegid();
    int fd;

    if (uid != 0 || unshare(CLONE_NEWNET) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
            skip_all("unshare");
        fd = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);
        if (fd >= 0 && write(fd, "deny", 4) != 4)
            skip_all("setgroups");
        close(fd);
        write_map("/proc/self/uid_map", uid);
        write_map("/proc/self/gid_map", gid);
    }
    bring_loopback_up();
    fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        skip_all("/dev/net/tun");
    close(fd);
    signal(SIGPIPE, SIG_IGN);
    alarm(240);
}

/* ------------------------------------------------------------------ programs */

static void __attribute__((noreturn)) become_rill(const char *guest, const char *const *options, int ready)
{
    const char *arguments[ARGUMENTS_MAX] = {RILL_COMMAND, "run"};
    unsigned count = 2;

    if (options == NULL || strcmp(options[0], "--join") != 0) {
        arguments[count++] = "--dev";
        arguments[count++] = "tun:rill0";
    }

    for (; options != NULL && *options != NULL && count < ARGUMENTS_MAX - 6; options++)
        arguments[count++] = *options;
    arguments[count++] = "--";
    arguments[count++] = "/proc/self/exe";
    arguments[count++] = "guest";
    arguments[count++] = guest;
    arguments[count] = NULL;
    {
        static char self[4096];
        ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

        if (length > 0)
            arguments[count - 3] = self;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(ready, READY_FD);
    execv(RILL_COMMAND, (char *const *)(uintptr_t)arguments);
    _exit(127);
}

static pid_t start(const char *guest, const char *const *options)
{
    int ends[2];
    pid_t program;

    if (ready_fd >= 0)
        close(ready_fd);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    program = fork();
    assert_true(program >= 0);
    if (program == 0)
        become_rill(guest, options, ends[1]);
    close(ends[1]);
    ready_fd = ends[0];
    return program;
}

pid_t world_start(const char *guest, const char *const *options)
{
    if (last_program > 0) {
        kill(last_program, SIGKILL);
        waitpid(last_program, NULL, 0);
    }
    last_program = start(guest, options);
    return last_program;
}

pid_t world_start_beside(const char *guest, const char *const *options)
{
    return start(guest, options);
}

void world_await(void)
{
    char byte;

    assert_int_equal(read(ready_fd, &byte, 1), 1);
}

int world_wait(pid_t program)
{
    int status = 0;

    if (program == last_program)
        last_program = 0;
    assert_int_equal(waitpid(program, &status, 0), program);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void world_finish(pid_t program)
{
    assert_int_equal(world_wait(program), 0);
}

/* ------------------------------------------------------------------- sockets */

struct sockaddr_in world_address(const char *text, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    inet_pton(AF_INET, text, &address.sin_addr);
    return address;
}

void limit_waits(int fd)
{
    const struct timeval patience = {.tv_sec = PATIENCE_SECONDS};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

int kernel_listener(uint16_t port)
{
    struct sockaddr_in address = world_address("0.0.0.0", port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    assert_true(fd >= 0);
    close(last_listener);
    last_listener = fd;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 64), 0);
    limit_waits(fd);
    return fd;
}

int kernel_accept(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    assert_true(fd >= 0);
    limit_waits(fd);
    return fd;
}

int world_meet(const char *guest, uint16_t port, pid_t *program)
{
    int listener = kernel_listener(port);

    *program = world_start(guest, NULL);
    return kernel_accept(listener);
}

int kernel_connect(uint16_t port)
{
    struct sockaddr_in address = world_address(WORLD_RILL, port);

    for (unsigned tries = 0; tries < 100; tries++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        limit_waits(fd);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
            return fd;
        close(fd);
        usleep(20000);
    }
    fail_msg("rill does not accept at port %u", (unsigned)port);
    return -1;
}

bool read_all(int fd, void *data, size_t bytes)
{
    size_t got = 0;

    while (got < bytes) {
        ssize_t n = read(fd, (char *)data + got, bytes - got);

        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return true;
}

bool write_all(int fd, const void *data, size_t bytes)
{
    size_t put = 0;

    while (put < bytes) {
        ssize_t n = send(fd, (const char *)data + put, bytes - put, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        put += (size_t)n;
    }
    return true;
}
