/*
 * listen and accept under rill run, with clients of the kernel's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cmocka_all.h"
#include "support/run_world.h"

#define PORT 8080

static int guest_listen(int flags, int backlog)
{
    struct sockaddr_in at = world_address("0.0.0.0", PORT);
    int fd = socket(AF_INET, SOCK_STREAM | flags, 0), on = 1;

    GUEST(fd >= 0);
    GUEST(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
    GUEST(bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    GUEST(listen(fd, backlog) == 0);
    return fd;
}

static void answer_one(int fd)
{
    char byte;

    limit_waits(fd);
    GUEST(read_all(fd, &byte, 1));
    GUEST(write_all(fd, &byte, 1));
    close(fd);
}

static void ask_one(uint16_t port)
{
    char byte = 'q';
    int fd = kernel_connect(port);

    assert_true(write_all(fd, &byte, 1));
    byte = 0;
    assert_true(read_all(fd, &byte, 1));
    assert_int_equal(byte, 'q');
    close(fd);
}

/* ----------------------------------------------------------------------- blocking */

static void guest_blocking(void)
{
    struct sockaddr_in peer, local;
    socklen_t bytes = sizeof peer;
    int listener = guest_listen(0, 5), fd;

    guest_ready();
    fd = accept(listener, (struct sockaddr *)&peer, &bytes);
    GUEST(fd >= 0 && bytes == sizeof peer);
    GUEST(peer.sin_family == AF_INET && peer.sin_addr.s_addr == inet_addr(WORLD_KERNEL) && peer.sin_port != 0);
    bytes = sizeof local;
    GUEST(getsockname(fd, (struct sockaddr *)&local, &bytes) == 0);
    GUEST(local.sin_port == htons(PORT) && local.sin_addr.s_addr == inet_addr(WORLD_RILL));
    GUEST((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0 && fcntl(fd, F_GETFD) == 0);
    answer_one(fd);
}

static void a_blocking_accept_returns_with_the_peers_address(void **state)
{
    pid_t program = world_start("blocking", NULL);

    (void)state;
    world_await();
    usleep(100000); /* accept sleeps by now */
    ask_one(PORT);
    world_finish(program);
}

/* ---------------------------------------------------------------------- readiness */

static void guest_polls(void)
{
    int listener = guest_listen(SOCK_NONBLOCK, 5), fd;

    GUEST(poll_for(listener, POLLIN | POLLOUT, 0) == 0);
    GUEST(accept(listener, NULL, NULL) == -1 && errno == EAGAIN);
    guest_ready();
    for (unsigned i = 0; i < 3; i++) {
        GUEST(poll_for(listener, POLLIN | POLLOUT, 5000) == POLLIN);
        fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        GUEST(fd >= 0 && (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
        fcntl(fd, F_SETFL, 0);
        answer_one(fd);
    }
    GUEST(poll_for(listener, POLLIN | POLLOUT, 100) == 0);
    GUEST(accept(listener, NULL, NULL) == -1 && errno == EAGAIN);
}

static void a_listener_is_readable_while_a_connection_waits_and_never_writable(void **state)
{
    pid_t program = world_start("polls", NULL);

    (void)state;
    world_await();
    for (unsigned i = 0; i < 3; i++)
        ask_one(PORT);
    world_finish(program);
}

static void guest_edges(void)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    int epoll = epoll_create1(0), listener = guest_listen(SOCK_NONBLOCK, 16), served = 0;

    GUEST(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) == 0);
    guest_ready();
    while (served < 20) {
        int fd;

        GUEST(epoll_wait(epoll, &event, 1, 10000) == 1);
        while ((fd = accept(listener, NULL, NULL)) >= 0) {
            answer_one(fd);
            served++;
        }
        GUEST(errno == EAGAIN);
    }
}

static void edge_triggered_epoll_tells_of_each_arrival(void **state)
{
    pid_t program = world_start("edges", NULL);

    (void)state;
    world_await();
    for (unsigned i = 0; i < 20; i++)
        ask_one(PORT);
    world_finish(program);
}

static void guest_late(void)
{
    int listener = guest_listen(0, 16);

    guest_ready();
    usleep(400000);
    for (unsigned i = 0; i < 8; i++)
        answer_one(accept(listener, NULL, NULL));
}

static void connections_wait_until_they_are_accepted(void **state)
{
    pid_t program = world_start("late", NULL);
    int fds[8];
    char byte = 'x';

    (void)state;
    world_await();
    for (unsigned i = 0; i < 8; i++) {
        fds[i] = kernel_connect(PORT);
        assert_true(write_all(fds[i], &byte, 1));
    }
    for (unsigned i = 0; i < 8; i++) {
        assert_true(read_all(fds[i], &byte, 1));
        close(fds[i]);
    }
    world_finish(program);
}

/* ------------------------------------------------------------- processes, threads */

static void guest_workers(void)
{
    int listener = guest_listen(SOCK_NONBLOCK, 64);
    pid_t workers[3];

    for (unsigned i = 0; i < 3; i++) {
        workers[i] = fork();
        if (workers[i] == 0) {
            struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE};
            int epoll = epoll_create1(0), fd;

            prctl(PR_SET_PDEATHSIG, SIGKILL);
            GUEST(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) == 0);
            for (;;) {
                (void)epoll_wait(epoll, &event, 1, -1);
                if ((fd = accept4(listener, NULL, NULL, 0)) >= 0)
                    answer_one(fd);
            }
        }
    }
    guest_ready();
    pause();
    (void)workers;
}

static void forked_workers_share_a_listener(void **state)
{
    pid_t program = world_start("workers", NULL);

    (void)state;
    world_await();
    for (unsigned i = 0; i < 30; i++)
        ask_one(PORT);
    kill(program, SIGTERM);
    (void)world_wait(program);
}

static void *accept_and_answer(void *listener)
{
    answer_one(accept(*(int *)listener, NULL, NULL));
    return NULL;
}

static void guest_threads(void)
{
    int listener = guest_listen(0, 16);
    pthread_t threads[4];

    for (unsigned i = 0; i < 4; i++)
        GUEST(pthread_create(&threads[i], NULL, accept_and_answer, &listener) == 0);
    guest_ready();
    for (unsigned i = 0; i < 4; i++)
        GUEST(pthread_join(threads[i], NULL) == 0);
}

static void threads_that_sleep_in_accept_get_one_connection_each(void **state)
{
    pid_t program = world_start("threads", NULL);

    (void)state;
    world_await();
    for (unsigned i = 0; i < 4; i++)
        ask_one(PORT);
    world_finish(program);
}

static void guest_fork_each(void)
{
    int listener = guest_listen(0, 16);

    signal(SIGCHLD, SIG_IGN);
    guest_ready();
    for (unsigned i = 0; i < 10; i++) {
        int fd = accept(listener, NULL, NULL);

        GUEST(fd >= 0);
        if (fork() == 0) {
            close(listener);
            answer_one(fd);
            _exit(0);
        }
        close(fd);
    }
    usleep(200000);
}

static void a_process_for_each_connection_works(void **state)
{
    pid_t program = world_start("fork_each", NULL);

    (void)state;
    world_await();
    for (unsigned i = 0; i < 10; i++)
        ask_one(PORT);
    world_finish(program);
}

/* ------------------------------------------------------------------------ signals */

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
    (void)number;
    signals++;
}

static void guest_interrupted(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct itimerval soon = {.it_value = {.tv_usec = 200000}};
    int listener = guest_listen(0, 5);

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    GUEST(accept(listener, NULL, NULL) == -1 && errno == EINTR && signals == 1);
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    guest_ready();
    answer_one(accept(listener, NULL, NULL));
    GUEST(signals == 2);
}

static void a_signal_ends_accept_or_it_is_restarted_as_asked(void **state)
{
    pid_t program = world_start("interrupted", NULL);

    (void)state;
    world_await();
    usleep(400000);
    ask_one(PORT);
    world_finish(program);
}

static void *shut_soon(void *listener)
{
    usleep(200000);
    shutdown(*(int *)listener, SHUT_RDWR);
    return NULL;
}

static void guest_is_woken(void)
{
    int listener = guest_listen(0, 5);
    pthread_t thread;

    GUEST(pthread_create(&thread, NULL, shut_soon, &listener) == 0);
    GUEST(accept(listener, NULL, NULL) == -1 && errno == EINVAL);
    pthread_join(thread, NULL);
}

static void shutdown_wakes_a_thread_in_accept(void **state)
{
    (void)state;
    world_finish(world_start("is_woken", NULL));
}

/* -------------------------------------------------------------------------- ports */

static void guest_rebinds(void)
{
    struct sockaddr_in at = world_address("0.0.0.0", PORT);
    int other;

    for (unsigned i = 0; i < 50; i++) {
        int listener = guest_listen(0, 5);

        other = socket(AF_INET, SOCK_STREAM, 0);
        GUEST(bind(other, (struct sockaddr *)&at, sizeof at) == -1 && errno == EADDRINUSE);
        close(other);
        close(listener);
    }
}

static void a_closed_listeners_port_is_free_at_once(void **state)
{
    (void)state;
    world_finish(world_start("rebinds", NULL));
}

static void guest_loopback(void)
{
    struct sockaddr_in to = world_address("127.0.0.1", PORT), peer;
    socklen_t bytes = sizeof peer;
    int listener = guest_listen(0, 5), client = socket(AF_INET, SOCK_STREAM, 0), fd;
    char byte = 0;

    GUEST(connect(client, (struct sockaddr *)&to, sizeof to) == 0);
    GUEST(poll_for(listener, POLLIN, 5000) == POLLIN);
    fd = accept(listener, (struct sockaddr *)&peer, &bytes);
    GUEST(fd >= 0 && peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    GUEST(write_all(client, "l", 1) && read_all(fd, &byte, 1) && byte == 'l');
    GUEST(poll_for(listener, POLLIN, 50) == 0);
    close(listener);
    /* Bound to the loopback, it is the kernel's from the start. */
    listener = socket(AF_INET, SOCK_STREAM, 0);
    to.sin_port = 0;
    bytes = sizeof to;
    GUEST(bind(listener, (struct sockaddr *)&to, sizeof to) == 0);
    GUEST(getsockname(listener, (struct sockaddr *)&to, &bytes) == 0 && to.sin_port != 0);
    GUEST(listen(listener, 1) == 0);
    close(client);
    client = socket(AF_INET, SOCK_STREAM, 0);
    GUEST(connect(client, (struct sockaddr *)&to, sizeof to) == 0);
}

static void the_loopback_reaches_listeners_on_all_addresses(void **state)
{
    (void)state;
    world_finish(world_start("loopback", NULL));
}

static void guest_many(void)
{
    int listener = guest_listen(0, 128);

    guest_ready();
    for (unsigned i = 0; i < 1000; i++)
        answer_one(accept(listener, NULL, NULL));
}

static void a_thousand_connections_come_and_go(void **state)
{
    pid_t program = world_start("many", NULL);

    (void)state;
    world_await();
    for (unsigned i = 0; i < 1000; i++)
        ask_one(PORT);
    world_finish(program);
}

int main(int argc, char **argv)
{
    static const struct guest guests[] = {
        {"blocking", guest_blocking},
        {"polls", guest_polls},
        {"edges", guest_edges},
        {"late", guest_late},
        {"workers", guest_workers},
        {"threads", guest_threads},
        {"fork_each", guest_fork_each},
        {"interrupted", guest_interrupted},
        {"is_woken", guest_is_woken},
        {"rebinds", guest_rebinds},
        {"loopback", guest_loopback},
        {"many", guest_many},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blocking_accept_returns_with_the_peers_address),
        cmocka_unit_test(a_listener_is_readable_while_a_connection_waits_and_never_writable),
        cmocka_unit_test(edge_triggered_epoll_tells_of_each_arrival),
        cmocka_unit_test(connections_wait_until_they_are_accepted),
        cmocka_unit_test(forked_workers_share_a_listener),
        cmocka_unit_test(threads_that_sleep_in_accept_get_one_connection_each),
        cmocka_unit_test(a_process_for_each_connection_works),
        cmocka_unit_test(a_signal_ends_accept_or_it_is_restarted_as_asked),
        cmocka_unit_test(shutdown_wakes_a_thread_in_accept),
        cmocka_unit_test(a_closed_listeners_port_is_free_at_once),
        cmocka_unit_test(the_loopback_reaches_listeners_on_all_addresses),
        cmocka_unit_test(a_thousand_connections_come_and_go),
    };

    world_be_guest(argc, argv, guests);
    world_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
