/*
 * connect under rill run, against the kernel's TCP: what a program sees.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/cmocka_all.h"
#include "support/run_world.h"

#define PORT 8000

static int connect_to(int fd, const char *address, uint16_t port)
{
    struct sockaddr_in to = world_address(address, port);

    return connect(fd, (struct sockaddr *)&to, sizeof to);
}

static int socket_error(int fd)
{
    int error = -1;
    socklen_t bytes = sizeof error;

    GUEST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0);
    return error;
}

/* ------------------------------------------------------------- blocking connect */

static void guest_blocking(void)
{
    struct sockaddr_in local, remote;
    socklen_t bytes = sizeof local;
    char text[6] = "";
    int fd = guest_socket(SOCK_STREAM);

    GUEST(connect_to(fd, WORLD_KERNEL, PORT) == 0);
    GUEST(getsockname(fd, (struct sockaddr *)&local, &bytes) == 0);
    GUEST(bytes == sizeof local && local.sin_family == AF_INET && local.sin_port != 0);
    GUEST(local.sin_addr.s_addr == inet_addr(WORLD_RILL));
    bytes = sizeof remote;
    GUEST(getpeername(fd, (struct sockaddr *)&remote, &bytes) == 0);
    GUEST(remote.sin_port == htons(PORT) && remote.sin_addr.s_addr == inet_addr(WORLD_KERNEL));
    GUEST(write_all(fd, "hello", 5));
    GUEST(read_all(fd, text, 5) && strcmp(text, "world") == 0);
    GUEST(read(fd, text, 1) == 0);
}

static void a_blocking_connect_returns_when_established_and_both_ends_have_names(void **state)
{
    int listener = kernel_listener(PORT);
    pid_t program = world_start("blocking", NULL);
    int fd = kernel_accept(listener);
    char text[6] = "";

    (void)state;
    assert_true(read_all(fd, text, 5));
    assert_string_equal(text, "hello");
    assert_true(write_all(fd, "world", 5));
    close(fd);
    world_finish(program);
}

static void guest_refused(void)
{
    int fd = guest_socket(SOCK_STREAM);

    GUEST(connect_to(fd, WORLD_KERNEL, 9) == -1 && errno == ECONNREFUSED);
    GUEST(socket_error(fd) == 0);
    /* The same socket may try again. */
    GUEST(connect_to(fd, WORLD_KERNEL, PORT) == 0);
    GUEST(connect_to(fd, WORLD_KERNEL, PORT) == -1 && errno == EISCONN);
}

static void a_refused_socket_can_connect_again(void **state)
{
    (void)state;
    (void)kernel_listener(PORT);
    world_finish(world_start("refused", NULL));
}

/* ---------------------------------------------------------- non-blocking connect */

static void guest_nonblocking(void)
{
    int fd = guest_socket(SOCK_STREAM | SOCK_NONBLOCK);

    GUEST(connect_to(fd, WORLD_KERNEL, PORT) == -1 && errno == EINPROGRESS);
    GUEST(poll_for(fd, POLLIN | POLLOUT, 5000) == POLLOUT);
    GUEST(socket_error(fd) == 0);
    GUEST(connect_to(fd, WORLD_KERNEL, PORT) == 0);
    GUEST(connect_to(fd, WORLD_KERNEL, PORT) == -1 && errno == EISCONN);
    GUEST(recv(fd, &fd, 1, 0) == -1 && errno == EAGAIN);
}

static void a_nonblocking_connect_becomes_writable_when_established(void **state)
{
    (void)state;
    (void)kernel_listener(PORT);
    world_finish(world_start("nonblocking", NULL));
}

static void guest_silent(void)
{
    int fd = guest_socket(SOCK_STREAM | SOCK_NONBLOCK);

    GUEST(connect_to(fd, "10.77.0.9", PORT) == -1 && errno == EINPROGRESS);
    GUEST(poll_for(fd, POLLIN | POLLOUT, 300) == 0);
    GUEST(connect_to(fd, "10.77.0.9", PORT) == -1 && errno == EALREADY);
    GUEST(socket_error(fd) == 0);
}

static void a_nonblocking_connect_without_an_answer_stays_unwritable(void **state)
{
    static const char *const options[] = {"--impair", "loss=100%", NULL};

    (void)state;
    world_finish(world_start("silent", options));
}

static void guest_refused_later(void)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET};
    int epoll = epoll_create1(0), fd = guest_socket(SOCK_STREAM | SOCK_NONBLOCK);

    /* Registered before connect, as asio does. */
    GUEST(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
    (void)epoll_wait(epoll, &event, 1, 0);
    GUEST(connect_to(fd, WORLD_KERNEL, 9) == -1 && errno == EINPROGRESS);
    GUEST(epoll_wait(epoll, &event, 1, 5000) == 1);
    GUEST((event.events & (EPOLLERR | EPOLLHUP)) == (EPOLLERR | EPOLLHUP));
    GUEST(socket_error(fd) == ECONNREFUSED);
    GUEST(socket_error(fd) == 0);
    GUEST(connect_to(fd, WORLD_KERNEL, PORT) == -1 && errno == ECONNABORTED); /* Linux: it ends the failed one */
    GUEST(connect_to(fd, WORLD_KERNEL, PORT) == -1 && errno == EINPROGRESS);
    GUEST(poll_for(fd, POLLOUT, 5000) == POLLOUT);
}

static void a_refused_nonblocking_connect_tells_so_error_once_and_can_be_tried_again(void **state)
{
    (void)state;
    (void)kernel_listener(PORT);
    world_finish(world_start("refused_later", NULL));
}

/* -------------------------------------------------------------------- signals */

static volatile sig_atomic_t alarms;

static void on_alarm(int number)
{
    (void)number;
    alarms++;
}

static void guest_interrupted(void)
{
    struct sigaction action = {.sa_handler = on_alarm};
    int fd = guest_socket(SOCK_STREAM);
    struct itimerval soon = {.it_value = {.tv_usec = 200000}};

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    GUEST(connect_to(fd, "10.77.0.9", PORT) == -1 && errno == EINTR && alarms == 1);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    GUEST(connect_to(fd, "10.77.0.9", PORT) == -1 && errno == EALREADY);
}

static void a_signal_ends_a_blocked_connect_and_the_attempt_goes_on(void **state)
{
    static const char *const options[] = {"--impair", "loss=100%", NULL};

    (void)state;
    world_finish(world_start("interrupted", options));
}

/* ------------------------------------------------------------------- families */

static void guest_mapped(void)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)}, local;
    socklen_t bytes = sizeof local;
    int fd = socket(AF_INET6, SOCK_STREAM, 0), domain = 0;

    GUEST(inet_pton(AF_INET6, "::ffff:" WORLD_KERNEL, &to.sin6_addr) == 1);
    GUEST(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    GUEST(getsockname(fd, (struct sockaddr *)&local, &bytes) == 0 && bytes == sizeof local);
    GUEST(local.sin6_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&local.sin6_addr));
    bytes = sizeof domain;
    GUEST(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &bytes) == 0 && domain == AF_INET6);
    close(fd);
    fd = socket(AF_INET6, SOCK_STREAM, 0);
    inet_pton(AF_INET6, "2001:db8::1", &to.sin6_addr);
    GUEST(connect(fd, (struct sockaddr *)&to, sizeof to) == -1 && errno == ENETUNREACH);
}

static void an_ipv6_socket_reaches_ipv4_by_mapped_addresses(void **state)
{
    (void)state;
    (void)kernel_listener(PORT);
    world_finish(world_start("mapped", NULL));
}

static void guest_options(void)
{
    struct tcp_info info;
    socklen_t bytes = sizeof info;
    int fd = guest_socket(SOCK_STREAM), on = 1, type = 0, protocol = 0, pending = -1;

    GUEST(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    GUEST(connect_to(fd, WORLD_KERNEL, PORT) == 0);
    GUEST(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &bytes) == 0);
    GUEST(info.tcpi_state == TCP_ESTABLISHED && info.tcpi_snd_mss > 500 && info.tcpi_rtt > 0);
    bytes = sizeof type;
    GUEST(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) == 0 && type == SOCK_STREAM);
    GUEST(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &bytes) == 0 && protocol == IPPROTO_TCP);
    GUEST(ioctl(fd, TIOCOUTQ, &pending) == 0 && pending == 0);
    GUEST(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &bytes) == 0 && on == 1);
    GUEST(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "rill0", 5) == 0);
    GUEST(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "rill01", 7) == -1 && errno == ENODEV);
    GUEST(getsockopt(fd, 4711, 1, &on, &bytes) == -1 && (errno == ENOPROTOOPT || errno == EOPNOTSUPP));
}

static void options_are_those_of_tcp_not_of_the_pair(void **state)
{
    (void)state;
    (void)kernel_listener(PORT);
    world_finish(world_start("options", NULL));
}

static void guest_bound_late(void)
{
    struct sockaddr_in loopback = world_address("127.0.0.1", 0);
    char text[6] = "";
    int fd = guest_socket(SOCK_STREAM);

    GUEST(connect_to(fd, WORLD_KERNEL, PORT) == 0);
    GUEST(bind(fd, (struct sockaddr *)&loopback, sizeof loopback) == -1 && errno == EINVAL);
    GUEST(read_all(fd, text, 5) && strcmp(text, "world") == 0);
}

static void a_bind_to_the_loopback_that_comes_too_late_leaves_the_connection_alone(void **state)
{
    int listener = kernel_listener(PORT), fd;
    pid_t program = world_start("bound_late", NULL);

    (void)state;
    fd = kernel_accept(listener);
    assert_true(write_all(fd, "world", 5));
    world_finish(program);
}

/* A kernel's socket refuses such a write; the pair takes it, and it leads nowhere. */
static void guest_early(void)
{
    int fd = guest_socket(SOCK_STREAM | SOCK_NONBLOCK);

    (void)!write(fd, "early", 5);
    GUEST(connect_to(fd, WORLD_KERNEL, PORT) == -1 && errno == EINPROGRESS);
    GUEST((poll_for(fd, POLLOUT, 5000) & POLLOUT) != 0);
    GUEST(write_all(fd, "hello", 5));
}

static void what_is_written_before_connect_does_not_reach_the_peer(void **state)
{
    int listener = kernel_listener(PORT);
    pid_t program = world_start("early", NULL);
    int fd = kernel_accept(listener);
    char text[6] = "";

    (void)state;
    assert_true(read_all(fd, text, 5));
    assert_memory_equal(text, "hello", 5);
    world_finish(program);
}

#define CLOSES 400u

static atomic_int to_be_closed;

static void *close_it(void *delay)
{
    int fd;

    while ((fd = atomic_load(&to_be_closed)) < 0)
        continue;
    for (volatile unsigned i = 0; i < *(unsigned *)delay; i++)
        continue;
    close(fd);
    return NULL;
}

/* One thread closes what another one calls: the call may be carried out, or find nothing; it ends in any case. */
static void guest_closing(void)
{
    static uint8_t data[60000];

    for (unsigned i = 0; i < CLOSES; i++) {
        unsigned delay = i * 250;
        int fd = guest_socket(SOCK_STREAM), on = 1;
        pthread_t other;

        GUEST(connect_to(fd, WORLD_KERNEL, PORT) == 0);
        atomic_store(&to_be_closed, -1);
        GUEST(pthread_create(&other, NULL, close_it, &delay) == 0);
        GUEST(write_all(fd, data, sizeof data));
        atomic_store(&to_be_closed, fd);
        if (i % 2 == 0)
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        else
            (void)shutdown(fd, SHUT_WR);
        pthread_join(other, NULL);
    }
}

static void a_socket_may_be_closed_in_the_middle_of_a_call(void **state)
{
    int listener = kernel_listener(PORT);
    pid_t program = world_start("closing", NULL);

    (void)state;
    for (unsigned i = 0; i < CLOSES; i++)
        close(kernel_accept(listener));
    world_finish(program);
}

static void guest_connects_to_nothing_first(void)
{
    const struct sockaddr nothing = {.sa_family = AF_UNSPEC};
    int fd = guest_socket(SOCK_STREAM);
    char byte = 'b';

    GUEST(connect(fd, &nothing, sizeof nothing) == 0);
    usleep(50000);
    GUEST((poll_for(fd, POLLIN, 0) & (POLLIN | POLLERR)) == 0);
    GUEST(connect_to(fd, WORLD_KERNEL, PORT) == 0);
    GUEST(write_all(fd, &byte, 1) && read_all(fd, &byte, 1));
}

static void a_fresh_socket_that_is_disconnected_stays_fresh(void **state)
{
    int listener = kernel_listener(PORT), fd;
    pid_t program = world_start("connects_to_nothing_first", NULL);
    char byte;

    (void)state;
    fd = kernel_accept(listener);
    assert_true(read_all(fd, &byte, 1) && write_all(fd, &byte, 1));
    world_finish(program);
    close(fd);
}

int main(int argc, char **argv)
{
    static const struct guest guests[] = {
        {"connects_to_nothing_first", guest_connects_to_nothing_first},
        {"blocking", guest_blocking},
        {"refused", guest_refused},
        {"nonblocking", guest_nonblocking},
        {"silent", guest_silent},
        {"refused_later", guest_refused_later},
        {"interrupted", guest_interrupted},
        {"mapped", guest_mapped},
        {"options", guest_options},
        {"bound_late", guest_bound_late},
        {"early", guest_early},
        {"closing", guest_closing},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_socket_that_is_disconnected_stays_fresh),
        cmocka_unit_test(a_blocking_connect_returns_when_established_and_both_ends_have_names),
        cmocka_unit_test(a_refused_socket_can_connect_again),
        cmocka_unit_test(a_nonblocking_connect_becomes_writable_when_established),
        cmocka_unit_test(a_nonblocking_connect_without_an_answer_stays_unwritable),
        cmocka_unit_test(a_refused_nonblocking_connect_tells_so_error_once_and_can_be_tried_again),
        cmocka_unit_test(a_signal_ends_a_blocked_connect_and_the_attempt_goes_on),
        cmocka_unit_test(an_ipv6_socket_reaches_ipv4_by_mapped_addresses),
        cmocka_unit_test(options_are_those_of_tcp_not_of_the_pair),
        cmocka_unit_test(a_bind_to_the_loopback_that_comes_too_late_leaves_the_connection_alone),
        cmocka_unit_test(what_is_written_before_connect_does_not_reach_the_peer),
        cmocka_unit_test(a_socket_may_be_closed_in_the_middle_of_a_call),
    };

    world_be_guest(argc, argv, guests);
    world_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
