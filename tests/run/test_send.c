/*
 * Sends under rill run that the program's end of its pair could not do alone:
 * with addresses, MSG_MORE, MSG_FASTOPEN, and ends behind bytes that wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/cmocka_all.h"
#include "support/run_world.h"

#define PORT 8000
#define MIB (1024u * 1024u)
#define FAST_OPEN_CONNECT 30
#define SYN_DATA 32 /* TCPI_OPT_SYN_DATA */

static uint8_t *numbered(size_t bytes)
{
    uint8_t *data = malloc(bytes);

    for (size_t i = 0; data != NULL && i < bytes; i++)
        data[i] = (uint8_t)(i * 7 + i / 65536);
    return data;
}

/* Everything until the end of the stream, and is it numbered()? */
static size_t read_numbered(int fd)
{
    static uint8_t data[65536];
    size_t got = 0;
    ssize_t n;

    while ((n = read(fd, data, sizeof data)) > 0)
        for (ssize_t i = 0; i < n; i++, got++)
            assert_int_equal(data[i], (uint8_t)(got * 7 + got / 65536));
    assert_int_equal(n, 0);
    return got;
}

/* ------------------------------------------------------------------------- addresses */

#define LARGE (8u * MIB)

static void guest_sends_to(void)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT);
    uint8_t *data = numbered(LARGE);
    int fd = guest_connect(WORLD_KERNEL, PORT);

    GUEST(sendto(fd, data, LARGE, 0, (struct sockaddr *)&to, sizeof to) == LARGE);
}

static void a_blocking_send_with_an_address_sends_everything(void **state)
{
    pid_t program;
    int fd = world_meet("sends_to", PORT, &program);

    (void)state;
    usleep(200000); /* every buffer on the way is full by now */
    assert_int_equal(read_numbered(fd), LARGE);
    close(fd);
    world_finish(program);
}

static void on_alarm(int number)
{
    (void)number;
}

static void guest_is_interrupted(void)
{
    const struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    const struct itimerval often = {.it_interval.tv_usec = 20000, .it_value.tv_usec = 20000};
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT);
    uint8_t *data = numbered(LARGE);
    int fd = guest_connect(WORLD_KERNEL, PORT);

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    GUEST(sendto(fd, data, LARGE, 0, (struct sockaddr *)&to, sizeof to) == LARGE);
}

static void a_send_that_signals_interrupt_sends_nothing_twice(void **state)
{
    pid_t program;
    int fd = world_meet("is_interrupted", PORT, &program);

    (void)state;
    usleep(200000);
    assert_int_equal(read_numbered(fd), LARGE);
    close(fd);
    world_finish(program);
}

static void guest_sends_a_message(void)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT);
    struct iovec pieces[2] = {{(char[]){"mes"}, 3}, {(char[]){"sage"}, 4}};
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = pieces, .msg_iovlen = 2};
    int fd = guest_connect(WORLD_KERNEL, PORT);

    GUEST(sendmsg(fd, &message, 0) == 7);
}

static void a_message_with_an_address_goes_to_the_peer(void **state)
{
    char text[8] = "";
    pid_t program;
    int fd = world_meet("sends_a_message", PORT, &program);

    (void)state;
    assert_true(read_all(fd, text, 7));
    assert_string_equal(text, "message");
    close(fd);
    world_finish(program);
}

static volatile sig_atomic_t sigpipes;

static void on_sigpipe(int number)
{
    (void)number;
    sigpipes++;
}

static void guest_sends_after_shutdown(void)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT);
    int fd = guest_connect(WORLD_KERNEL, PORT);

    signal(SIGPIPE, on_sigpipe);
    GUEST(shutdown(fd, SHUT_WR) == 0);
    GUEST(sendto(fd, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof to) == -1 && errno == EPIPE);
    GUEST(sigpipes == 0);
    GUEST(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to) == -1 && errno == EPIPE);
    for (unsigned i = 0; i < 100 && sigpipes == 0; i++)
        usleep(10000);
    GUEST(sigpipes == 1);
}

static void a_send_with_an_address_after_the_end_is_epipe_and_sigpipe(void **state)
{
    pid_t program;
    int fd = world_meet("sends_after_shutdown", PORT, &program);

    (void)state;
    world_finish(program);
    close(fd);
}

/* -------------------------------------------------------------------------- MSG_MORE */

static void guest_has_more(void)
{
    int fd = guest_connect(WORLD_KERNEL, PORT), on = 1;
    char byte;

    GUEST(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    GUEST(send(fd, "head", 4, MSG_MORE) == 4);
    usleep(30000);
    GUEST(write_all(fd, "body", 4));
    GUEST(read(fd, &byte, 1) == 0);
}

static void what_is_sent_with_more_waits_for_what_follows(void **state)
{
    struct tcp_info info = {0};
    socklen_t bytes = sizeof info;
    char text[9] = "";
    pid_t program;
    int fd = world_meet("has_more", PORT, &program);

    (void)state;
    assert_true(read_all(fd, text, 8));
    assert_string_equal(text, "headbody");
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &bytes), 0);
    assert_int_equal(info.tcpi_data_segs_in, 1);
    close(fd);
    world_finish(program);
}

static void guest_has_more_all_the_time(void)
{
    uint8_t *data = numbered(LARGE);
    int fd = guest_connect(WORLD_KERNEL, PORT);
    size_t done = 0;

    GUEST(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    for (unsigned turns = 0; done < LARGE; turns++) {
        size_t part = LARGE - done < 100000 ? LARGE - done : 100000;
        ssize_t n = send(fd, data + done, part, turns % 3 == 0 ? 0 : MSG_MORE);

        GUEST(n > 0 || errno == EAGAIN);
        done += n > 0 ? (size_t)n : 0;
        if (n < 0)
            GUEST(poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 5000) == 1);
    }
}

static void order_is_kept_with_and_without_more(void **state)
{
    pid_t program;
    int fd = world_meet("has_more_all_the_time", PORT, &program);

    (void)state;
    assert_int_equal(read_numbered(fd), LARGE);
    close(fd);
    world_finish(program);
}

/* ------------------------------------------------------------------------- fast open */

static void allow_fast_open(int listener)
{
    int fd = open("/proc/sys/net/ipv4/tcp_fastopen", O_WRONLY | O_CLOEXEC), backlog = 16;

    if (fd < 0 || write(fd, "3", 1) != 1)
        skip();
    close(fd);
    assert_int_equal(setsockopt(listener, IPPROTO_TCP, TCP_FASTOPEN, &backlog, sizeof backlog), 0);
}

static bool data_came_in_the_syn(int fd)
{
    struct tcp_info info = {0};
    socklen_t bytes = sizeof info;

    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &bytes), 0);
    return (info.tcpi_options & SYN_DATA) != 0;
}

/* Two connections: the first gets the cookie, the second uses it. */
static void serve_fast_opens(const char *guest)
{
    int listener = kernel_listener(PORT);
    pid_t program;

    allow_fast_open(listener);
    program = world_start(guest, NULL);
    for (unsigned i = 0; i < 2; i++) {
        char text[6] = "";
        int fd = kernel_accept(listener);

        assert_true(read_all(fd, text, 5));
        assert_string_equal(text, "hello");
        assert_int_equal(data_came_in_the_syn(fd), i == 1);
        assert_true(write_all(fd, "world", 5));
        close(fd);
    }
    world_finish(program);
}

static void guest_hear_world(int fd)
{
    char text[6] = "";

    GUEST(read_all(fd, text, 5) && strcmp(text, "world") == 0);
    close(fd);
}

static void guest_opens_fast(void)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT);

    for (unsigned i = 0; i < 2; i++) {
        int fd = guest_socket(SOCK_STREAM);

        GUEST(sendto(fd, "hello", 5, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof to) == 5);
        GUEST(sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof to) == -1 && errno == EISCONN);
        guest_hear_world(fd);
    }
}

static void a_send_with_fast_open_connects_and_has_data_in_the_syn(void **state)
{
    (void)state;
    serve_fast_opens("opens_fast");
}

static void guest_opens_fast_without_waiting(void)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT);

    for (unsigned i = 0; i < 2; i++) {
        int fd = guest_socket(SOCK_STREAM);
        ssize_t n;

        GUEST(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
        n = sendto(fd, "hello", 5, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof to);
        GUEST(i == 0 ? n == -1 && errno == EINPROGRESS : n == 5);
        GUEST(poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 5000) == 1);
        GUEST(n == 5 || write_all(fd, "hello", 5));
        GUEST(fcntl(fd, F_SETFL, 0) == 0);
        guest_hear_world(fd);
    }
}

static void without_a_cookie_a_fast_open_that_does_not_wait_is_in_progress(void **state)
{
    (void)state;
    serve_fast_opens("opens_fast_without_waiting");
}

static void guest_connects_fast(void)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT);
    int on = 1;

    for (unsigned i = 0; i < 2; i++) {
        int fd = guest_socket(SOCK_STREAM);

        GUEST(setsockopt(fd, IPPROTO_TCP, FAST_OPEN_CONNECT, &on, sizeof on) == 0);
        GUEST(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
        GUEST(write_all(fd, "hello", 5));
        guest_hear_world(fd);
    }
}

static void with_fast_open_connect_the_first_write_goes_in_the_syn(void **state)
{
    (void)state;
    serve_fast_opens("connects_fast");
}

/* ------------------------------------------------------------------ ends behind bytes */

/* As much as goes without waiting. */
static size_t guest_fill(int fd)
{
    uint8_t *data = numbered(64 * MIB);
    size_t done = 0;
    ssize_t n;

    GUEST(data != NULL && fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    for (unsigned rests = 0; rests < 10; rests++) {
        while ((n = write(fd, data + done, 64 * MIB - done)) > 0)
            done += (size_t)n;
        usleep(10000);
    }
    return done;
}

static void guest_ends_behind(int how)
{
    int fd = guest_connect(WORLD_KERNEL, PORT);
    uint32_t bytes = (uint32_t)guest_fill(fd);
    int other = guest_connect(WORLD_KERNEL, PORT);

    GUEST(shutdown(fd, how) == 0);
    GUEST(write_all(other, &bytes, sizeof bytes));
    GUEST(read(other, &bytes, 1) == 0);
}

static void guest_ends_sending_behind(void)
{
    guest_ends_behind(SHUT_WR);
}

static void guest_ends_both_behind(void)
{
    guest_ends_behind(SHUT_RDWR);
}

static void expect_all_then_the_end(const char *guest)
{
    int listener = kernel_listener(PORT), fd, other;
    pid_t program = world_start(guest, NULL);
    uint32_t bytes = 0;

    fd = kernel_accept(listener);
    other = kernel_accept(listener);
    assert_true(read_all(other, &bytes, sizeof bytes));
    assert_int_equal(read_numbered(fd), bytes);
    close(fd);
    close(other);
    world_finish(program);
}

static void a_half_close_comes_behind_everything_that_waited(void **state)
{
    (void)state;
    expect_all_then_the_end("ends_sending_behind");
}

static void an_end_of_both_ways_comes_behind_everything_that_waited(void **state)
{
    (void)state;
    expect_all_then_the_end("ends_both_behind");
}

/* -------------------------------------------------------------- descriptors that change */

static void *send_all(void *fd)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT);
    uint8_t *data = numbered(LARGE);

    GUEST(sendto(*(int *)fd, data, LARGE, 0, (struct sockaddr *)&to, sizeof to) == LARGE);
    return NULL;
}

static void guest_changes_what_is_sent_on(void)
{
    int fd = guest_connect(WORLD_KERNEL, PORT), other = dup(fd), null = open("/dev/null", O_RDWR);
    pthread_t sender;

    GUEST(pthread_create(&sender, NULL, send_all, &fd) == 0);
    usleep(100000);
    GUEST(dup2(null, fd) == fd);
    guest_ready();
    GUEST(pthread_join(sender, NULL) == 0);
    close(other);
}

static void a_send_that_waits_keeps_its_socket_when_the_number_gets_another(void **state)
{
    pid_t program;
    int fd = world_meet("changes_what_is_sent_on", PORT, &program);

    (void)state;
    world_await(); /* it waits for room, for nothing was read here */
    assert_int_equal(read_numbered(fd), LARGE);
    close(fd);
    world_finish(program);
}

/* Ticks of the processor that a process has used. */
static unsigned long ticks_of(pid_t process)
{
    unsigned long user = 0, system = 0;
    char path[32];
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    file = fopen(path, "re");
    GUEST(file != NULL);
    GUEST(fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) == 2);
    fclose(file);
    return user + system;
}

static void guest_gives_up(void)
{
    const struct sigaction action = {.sa_handler = on_alarm};
    const struct itimerval once = {.it_value.tv_usec = 50000};
    const struct timeval patience = {.tv_usec = 200000};
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT);
    uint8_t *data = numbered(LARGE);
    int fd = guest_connect(WORLD_KERNEL, PORT);
    unsigned long before;

    GUEST(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &once, NULL);
    GUEST(sendto(fd, data, LARGE, 0, (struct sockaddr *)&to, sizeof to) == -1 && errno == EINTR);
    usleep(300000); /* its time is over by now */
    before = ticks_of(getppid());
    usleep(500000);
    GUEST(ticks_of(getppid()) - before < 10); /* of 50 */
}

static void an_interrupted_send_that_is_not_asked_again_costs_nothing(void **state)
{
    pid_t program;
    int fd = world_meet("gives_up", PORT, &program);

    (void)state;
    world_finish(program);
    close(fd);
}

int main(int argc, char **argv)
{
    static const struct guest guests[] = {
        {"gives_up", guest_gives_up},
        {"changes_what_is_sent_on", guest_changes_what_is_sent_on},
        {"sends_to", guest_sends_to},
        {"is_interrupted", guest_is_interrupted},
        {"sends_a_message", guest_sends_a_message},
        {"sends_after_shutdown", guest_sends_after_shutdown},
        {"has_more", guest_has_more},
        {"has_more_all_the_time", guest_has_more_all_the_time},
        {"opens_fast", guest_opens_fast},
        {"opens_fast_without_waiting", guest_opens_fast_without_waiting},
        {"connects_fast", guest_connects_fast},
        {"ends_sending_behind", guest_ends_sending_behind},
        {"ends_both_behind", guest_ends_both_behind},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interrupted_send_that_is_not_asked_again_costs_nothing),
        cmocka_unit_test(a_send_that_waits_keeps_its_socket_when_the_number_gets_another),
        cmocka_unit_test(a_blocking_send_with_an_address_sends_everything),
        cmocka_unit_test(a_send_that_signals_interrupt_sends_nothing_twice),
        cmocka_unit_test(a_message_with_an_address_goes_to_the_peer),
        cmocka_unit_test(a_send_with_an_address_after_the_end_is_epipe_and_sigpipe),
        cmocka_unit_test(what_is_sent_with_more_waits_for_what_follows),
        cmocka_unit_test(order_is_kept_with_and_without_more),
        cmocka_unit_test(a_send_with_fast_open_connects_and_has_data_in_the_syn),
        cmocka_unit_test(without_a_cookie_a_fast_open_that_does_not_wait_is_in_progress),
        cmocka_unit_test(with_fast_open_connect_the_first_write_goes_in_the_syn),
        cmocka_unit_test(a_half_close_comes_behind_everything_that_waited),
        cmocka_unit_test(an_end_of_both_ways_comes_behind_everything_that_waited),
    };

    world_be_guest(argc, argv, guests);
    world_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
