/*
 * What happens under rill run when something has come to its end: the
 * program's descriptors, the supervisor's, the room for datagrams.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/cmocka_all.h"
#include "support/run_world.h"

#define PORT 8080
#define CLIENTS_MAX 128u

static int guest_listen(void)
{
    struct sockaddr_in at = world_address("0.0.0.0", PORT);
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    GUEST(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
    GUEST(bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 256) == 0);
    limit_waits(fd);
    return fd;
}

static void answer_one(int fd)
{
    char byte;

    GUEST(fd >= 0);
    limit_waits(fd);
    GUEST(read_all(fd, &byte, 1) && write_all(fd, &byte, 1));
}

/* Begins a connection and says something in it. */
static int ask(uint16_t port)
{
    char byte = 'q';
    int fd = kernel_connect(port);

    assert_true(write_all(fd, &byte, 1));
    return fd;
}

static void expect_answer(int fd)
{
    char byte = 0;

    assert_true(read_all(fd, &byte, 1));
    assert_int_equal(byte, 'q');
}

/* -------------------------------------------------------------------- the program's files */

static void guest_has_no_files(void)
{
    struct rlimit limit, none;
    int listener = guest_listen();

    GUEST(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    none = (struct rlimit){(rlim_t)listener + 1, limit.rlim_max};
    guest_ready();
    GUEST(poll(&(struct pollfd){.fd = listener, .events = POLLIN}, 1, 10000) == 1);
    for (int fd = 3; fd < listener; fd++) /* every number below is taken */
        GUEST(fcntl(fd, F_GETFD) >= 0 || dup(0) == fd);
    GUEST(setrlimit(RLIMIT_NOFILE, &none) == 0);
    for (unsigned i = 0; i < 3; i++)
        GUEST(accept(listener, NULL, NULL) == -1 && errno == EMFILE);
    GUEST(poll(&(struct pollfd){.fd = listener, .events = POLLIN}, 1, 10000) == 1);
    GUEST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    answer_one(accept(listener, NULL, NULL));
    answer_one(accept(listener, NULL, NULL));
}

static void without_a_free_descriptor_accept_takes_nothing(void **state)
{
    pid_t program = world_start("has_no_files", NULL);
    int first, second;

    (void)state;
    world_await();
    first = kernel_connect(PORT);
    second = kernel_connect(PORT);
    usleep(300000); /* they say something only when they have been accepted */
    assert_true(write_all(first, "q", 1) && write_all(second, "q", 1));
    expect_answer(first);
    expect_answer(second);
    close(first);
    close(second);
    world_finish(program);
}

/* ------------------------------------------------------------------- the supervisor's files */

static void guest_supervisor_has_few(void)
{
    int listener = guest_listen(), fds[CLIENTS_MAX], count = 0, more = 0, refused;
    char byte;

    guest_ready();
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0)
            break;
        GUEST(count < (int)CLIENTS_MAX);
        fds[count++] = fd;
        answer_one(fd);
    }
    GUEST(errno == ENFILE && count > 10);
    while (socket(AF_INET, SOCK_STREAM, 0) >= 0) /* a call without a descriptor has room for one more */
        GUEST(++more < 4);
    GUEST(errno == ENFILE);
    refused = accept(listener, NULL, NULL);
    GUEST(refused == -1 && errno == ENFILE);
    GUEST(poll(&(struct pollfd){.fd = listener, .events = POLLIN}, 1, 10000) == 1);
    close(fds[0]);
    close(fds[1]);
    answer_one(accept(listener, NULL, NULL));
    GUEST(read(fds[2], &byte, 1) <= 0); /* until the test is done */
}

static void a_supervisor_without_files_says_so_and_loses_no_connection(void **state)
{
    pid_t program = world_start("supervisor_has_few", NULL);
    const struct rlimit few = {96, 96};
    int fds[CLIENTS_MAX];
    char byte;

    (void)state;
    world_await();
    fds[0] = ask(PORT);
    expect_answer(fds[0]); /* it sets its limit before it serves */
    assert_int_equal(prlimit(program, RLIMIT_NOFILE, &few, NULL), 0);
    for (unsigned i = 1; i < CLIENTS_MAX; i++)
        fds[i] = ask(PORT);
    assert_int_equal(read(fds[1], &byte, 1), 1); /* its answer; and it is closed when the guest has seen the end */
    assert_int_equal(read(fds[1], &byte, 1), 0);
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        close(fds[i]);
    world_finish(program);
}

/* ------------------------------------------------------------------------------ datagrams */

#define DATAGRAM_BYTES 60000u
#define DATAGRAMS 40u

static uint8_t datagram[DATAGRAM_BYTES];

static void guest_reads_late(void)
{
    struct sockaddr_in at = world_address("0.0.0.0", PORT);
    int fd = socket(AF_INET, SOCK_DGRAM, 0), large = 64 * 1024 * 1024;
    uint8_t number = 0;

    GUEST(bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
    guest_ready();
    limit_waits(fd);
    GUEST(recv(fd, datagram, sizeof datagram, MSG_PEEK) == DATAGRAM_BYTES);
    usleep(500000); /* the others have come too, more than there is room for */
    while (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 300) == 1) {
        GUEST(recv(fd, datagram, sizeof datagram, 0) == DATAGRAM_BYTES);
        GUEST(datagram[0] == number++);
    }
    GUEST(number == DATAGRAMS);
}

static void datagrams_that_have_been_taken_from_the_stack_are_not_lost(void **state)
{
    static const char *const large[] = {"--mtu", "65000", NULL};
    pid_t program = world_start("reads_late", large);
    struct sockaddr_in to = world_address(WORLD_RILL, PORT);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)state;
    world_await();
    for (unsigned i = 0; i < DATAGRAMS; i++) {
        datagram[0] = (uint8_t)i;
        assert_int_equal(sendto(fd, datagram, sizeof datagram, 0, (struct sockaddr *)&to, sizeof to), DATAGRAM_BYTES);
        usleep(2000);
    }
    close(fd);
    world_finish(program);
}

/* ----------------------------------------------------- connections over the loopback, kept */

static void guest_has_no_files_for_the_loopback(void)
{
    struct sockaddr_in here = world_address("127.0.0.1", PORT);
    int listener = guest_listen(), client = guest_socket(SOCK_STREAM), fd;
    struct rlimit limit, none;
    char byte = 0;

    GUEST(connect(client, (struct sockaddr *)&here, sizeof here) == 0);
    GUEST(poll_for(listener, POLLIN, 10000) == POLLIN);
    GUEST(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    for (fd = 3; fd < client; fd++) /* every number below is taken */
        GUEST(fcntl(fd, F_GETFD) >= 0 || dup(0) == fd);
    none = (struct rlimit){(rlim_t)client + 1, limit.rlim_max};
    GUEST(setrlimit(RLIMIT_NOFILE, &none) == 0);
    GUEST(accept(listener, NULL, NULL) == -1 && errno == EMFILE);
    GUEST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    GUEST(poll_for(listener, POLLIN, 10000) == POLLIN);
    fd = accept(listener, NULL, NULL);
    GUEST(fd >= 0 && write(fd, "k", 1) == 1 && read_all(client, &byte, 1) && byte == 'k');
}

static void a_connection_over_the_loopback_outlives_an_accept_without_a_descriptor(void **state)
{
    (void)state;
    world_finish(world_start("has_no_files_for_the_loopback", NULL));
}

/* -------------------------------------------------------------- sockets that were reset */

#define HELD 70u /* more than one look takes */
#define GONE 1000u

static int connect_and_be_reset(void)
{
    int fd = guest_connect(WORLD_KERNEL, PORT);

    GUEST((poll_for(fd, POLLIN, 10000) & POLLHUP) != 0);
    return fd;
}

static void guest_holds_some_that_were_reset(void)
{
    int held[HELD];

    for (unsigned i = 0; i < HELD; i++)
        held[i] = connect_and_be_reset();
    for (unsigned i = 0; i < GONE; i++)
        close(connect_and_be_reset());
    for (unsigned i = 0; i < HELD; i++) {
        struct sockaddr_in name = {.sin_family = AF_UNSPEC};

        GUEST(getsockname(held[i], (struct sockaddr *)&name, &(socklen_t){sizeof name}) == 0);
        GUEST(name.sin_family == AF_INET && name.sin_addr.s_addr == inet_addr(WORLD_RILL));
    }
}

static void those_that_were_reset_and_closed_make_room_for_those_still_held(void **state)
{
    const struct linger at_once = {1, 0};
    int listener = kernel_listener(PORT);
    pid_t program = world_start("holds_some_that_were_reset", NULL);

    (void)state;
    for (unsigned i = 0; i < HELD + GONE; i++) {
        int fd = kernel_accept(listener);

        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(fd);
    }
    world_finish(program);
}

int main(int argc, char **argv)
{
    static const struct guest guests[] = {
        {"holds_some_that_were_reset", guest_holds_some_that_were_reset},
        {"has_no_files_for_the_loopback", guest_has_no_files_for_the_loopback},
        {"has_no_files", guest_has_no_files},
        {"supervisor_has_few", guest_supervisor_has_few},
        {"reads_late", guest_reads_late},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_that_were_reset_and_closed_make_room_for_those_still_held),
        cmocka_unit_test(a_connection_over_the_loopback_outlives_an_accept_without_a_descriptor),
        cmocka_unit_test(without_a_free_descriptor_accept_takes_nothing),
        cmocka_unit_test(a_supervisor_without_files_says_so_and_loses_no_connection),
        cmocka_unit_test(datagrams_that_have_been_taken_from_the_stack_are_not_lost),
    };

    world_be_guest(argc, argv, guests);
    world_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
