/*
 * A connection's life under rill run, against the kernel's TCP: resets, unread
 * data, back-pressure, urgent data, shared descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cmocka_all.h"
#include "support/run_world.h"

#define PORT 8000
#define MIB (1024u * 1024u)

static void linger_zero(int fd)
{
    const struct linger now = {1, 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/* ------------------------------------------------------------------------- resets */

static void guest_is_reset(void)
{
    char byte;
    int fd = guest_connect(WORLD_KERNEL, PORT), error = 0;
    socklen_t bytes = sizeof error;

    GUEST(write_all(fd, "x", 1));
    GUEST((poll_for(fd, POLLIN, 5000) & (POLLERR | POLLHUP)) == (POLLERR | POLLHUP));
    GUEST(read(fd, &byte, 1) == -1 && errno == ECONNRESET);
    GUEST(read(fd, &byte, 1) == 0);
    GUEST(write(fd, "x", 1) == -1 && errno == EPIPE);
    GUEST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 && error == 0);
}

static void a_reset_is_read_once_as_econnreset_then_the_end(void **state)
{
    char byte;
    pid_t program;
    int fd = world_meet("is_reset", PORT, &program);

    (void)state;
    assert_true(read_all(fd, &byte, 1));
    linger_zero(fd);
    close(fd);
    world_finish(program);
}

static void guest_asks_for_reset(void)
{
    char byte;
    int fd = guest_connect(WORLD_KERNEL, PORT), error = 0;
    socklen_t bytes = sizeof error;

    GUEST(write_all(fd, "x", 1));
    GUEST((poll_for(fd, POLLIN, 5000) & POLLERR) != 0);
    GUEST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 && error == ECONNRESET);
    GUEST(read(fd, &byte, 1) == 0);
}

static void a_reset_told_by_so_error_is_not_told_again_by_read(void **state)
{
    char byte;
    pid_t program;
    int fd = world_meet("asks_for_reset", PORT, &program);

    (void)state;
    assert_true(read_all(fd, &byte, 1));
    linger_zero(fd);
    close(fd);
    world_finish(program);
}

static void guest_leaves_unread(void)
{
    int fd = guest_connect(WORLD_KERNEL, PORT), queued = 0;

    while (queued < 5) {
        GUEST(ioctl(fd, FIONREAD, &queued) == 0);
        usleep(1000);
    }
    close(fd);
}

static void closing_with_unread_data_resets_the_peer(void **state)
{
    char byte;
    pid_t program;
    int fd = world_meet("leaves_unread", PORT, &program);

    (void)state;
    assert_true(write_all(fd, "12345", 5));
    assert_int_equal(read(fd, &byte, 1), -1);
    assert_int_equal(errno, ECONNRESET);
    close(fd);
    world_finish(program);
}

static void guest_lingers_not(void)
{
    int fd = guest_connect(WORLD_KERNEL, PORT);

    linger_zero(fd);
    close(fd);
}

static void linger_zero_resets_the_peer(void **state)
{
    char byte;
    pid_t program;
    int fd = world_meet("lingers_not", PORT, &program);

    (void)state;
    assert_int_equal(read(fd, &byte, 1), -1);
    assert_int_equal(errno, ECONNRESET);
    close(fd);
    world_finish(program);
}

static void guest_is_killed(void)
{
    (void)guest_connect(WORLD_KERNEL, PORT);
    kill(getpid(), SIGKILL);
}

static void a_killed_program_ends_its_connections_with_fin(void **state)
{
    char byte;
    pid_t program;
    int fd = world_meet("is_killed", PORT, &program);

    (void)state;
    assert_int_equal(read(fd, &byte, 1), 0);
    close(fd);
    assert_int_equal(world_wait(program), 128 + SIGKILL);
}

/* ---------------------------------------------------------------------- much data */

static void fill(uint8_t *data, size_t bytes, uint32_t seed)
{
    for (size_t i = 0; i < bytes; i++) {
        seed = seed * 1664525u + 1013904223u;
        data[i] = (uint8_t)(seed >> 24);
    }
}

static void guest_echoes(void)
{
    static uint8_t data[65536];
    int fd = guest_connect(WORLD_KERNEL, PORT);
    ssize_t n;

    while ((n = read(fd, data, sizeof data)) > 0)
        GUEST(write_all(fd, data, (size_t)n));
    GUEST(n == 0);
    close(fd);
}

static void megabytes_come_back_byte_for_byte(void **state)
{
    enum { TOTAL = 16 * MIB };
    uint8_t *sent = malloc(TOTAL), *got = malloc(TOTAL);
    pid_t program, writer;
    int fd = world_meet("echoes", PORT, &program);
    char byte;

    (void)state;
    fill(sent, TOTAL, 7);
    writer = fork();
    if (writer == 0) {
        bool done = write_all(fd, sent, TOTAL) && shutdown(fd, SHUT_WR) == 0;

        _exit(done ? 0 : 1);
    }
    assert_true(read_all(fd, got, TOTAL));
    assert_int_equal(read(fd, &byte, 1), 0);
    assert_memory_equal(sent, got, TOTAL);
    world_finish(writer);
    close(fd);
    world_finish(program);
    free(sent);
    free(got);
}

static void guest_reads_nothing(void)
{
    static uint8_t data[MIB];
    size_t total = 0;
    ssize_t n;
    int fd = guest_connect(WORLD_KERNEL, PORT);

    guest_ready();
    sleep(1);
    while ((n = read(fd, data, sizeof data)) > 0)
        total += (size_t)n;
    GUEST(n == 0);
    GUEST(total > 0);
}

static void a_program_that_reads_nothing_stops_the_sender(void **state)
{
    static uint8_t data[65536];
    size_t sent = 0;
    pid_t program;
    int fd = world_meet("reads_nothing", PORT, &program);
    struct pollfd one = {.fd = fd, .events = POLLOUT};

    (void)state;
    world_await();
    while (poll(&one, 1, 500) == 1 && sent < 64u * MIB) {
        ssize_t n = send(fd, data, sizeof data, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0)
            break;
        sent += (size_t)n;
    }
    assert_true(sent < 32u * MIB);
    close(fd);
    world_finish(program);
}

static void guest_writes_single_bytes(void)
{
    int fd = guest_connect(WORLD_KERNEL, PORT);

    for (unsigned i = 0; i < 20000; i++)
        GUEST(write(fd, &"0123456789"[i % 10], 1) == 1);
}

static void twenty_thousand_writes_of_a_byte_arrive_in_order(void **state)
{
    char text[20000];
    pid_t program;
    int fd = world_meet("writes_single_bytes", PORT, &program);

    (void)state;
    usleep(300000); /* the peer reads later: the pair fills up meanwhile */
    assert_true(read_all(fd, text, sizeof text));
    for (unsigned i = 0; i < sizeof text; i++)
        assert_int_equal(text[i], '0' + (int)(i % 10));
    assert_int_equal(read(fd, text, 1), 0);
    close(fd);
    world_finish(program);
}

/* -------------------------------------------------------------------- urgent data */

static void guest_urgent(void)
{
    char text[8] = "";
    int fd = guest_connect(WORLD_KERNEL, PORT), at_mark = 0;

    GUEST(send(fd, "ab", 2, 0) == 2);
    GUEST(send(fd, "!", 1, MSG_OOB) == 1);
    GUEST(send(fd, "cd", 2, 0) == 2);
    GUEST((poll_for(fd, POLLPRI, 5000) & POLLPRI) != 0);
    GUEST(recv(fd, text, 1, MSG_OOB) == 1 && text[0] == '?');
    GUEST(read_all(fd, text, 2) && memcmp(text, "ef", 2) == 0);
    GUEST(ioctl(fd, 0x8905, &at_mark) == 0 && at_mark == 1);
    GUEST(read_all(fd, text, 2) && memcmp(text, "gh", 2) == 0);
}

static void urgent_data_keeps_its_place_both_ways(void **state)
{
    char text[8] = "";
    pid_t program;
    int fd = world_meet("urgent", PORT, &program);
    struct pollfd one = {.fd = fd, .events = POLLPRI};

    (void)state;
    assert_int_equal(poll(&one, 1, 5000), 1);
    assert_int_equal(recv(fd, text, 1, MSG_OOB), 1);
    assert_int_equal(text[0], '!');
    assert_true(read_all(fd, text, 4));
    assert_memory_equal(text, "abcd", 4);
    assert_int_equal(send(fd, "ef", 2, 0), 2);
    assert_int_equal(send(fd, "?", 1, MSG_OOB), 1);
    assert_int_equal(send(fd, "gh", 2, 0), 2);
    assert_int_equal(read(fd, text, 1), 0);
    close(fd);
    world_finish(program);
}

/* ------------------------------------------------------------- shared descriptors */

static void guest_forks(void)
{
    char text[4];
    int fd = guest_connect(WORLD_KERNEL, PORT);
    int copy = dup(fd);
    pid_t child = fork();

    if (child == 0) {
        close(fd);
        GUEST(write_all(copy, "child", 5));
        usleep(200000);
        GUEST(write_all(copy, "later", 5));
        _exit(0);
    }
    close(fd);
    close(copy); /* the child holds it still: no FIN */
    (void)text;
    {
        int status = 1;

        GUEST(waitpid(child, &status, 0) == child && status == 0);
    }
}

static void the_last_close_in_any_process_closes(void **state)
{
    char text[11] = "";
    pid_t program;
    int fd = world_meet("forks", PORT, &program);

    (void)state;
    assert_true(read_all(fd, text, 10));
    assert_string_equal(text, "childlater");
    assert_int_equal(read(fd, text, 1), 0);
    close(fd);
    world_finish(program);
}

static void guest_execs(void)
{
    int fd = guest_connect(WORLD_KERNEL, PORT);
    int private = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    GUEST(private >= 0 && (fcntl(private, F_GETFD) & FD_CLOEXEC) != 0);
    GUEST((fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0);
    GUEST(dup2(fd, 0) == 0 && dup2(fd, 1) == 1);
    close(fd);
    execlp("cat", "cat", (char *)NULL);
    GUEST(false);
}

static void a_program_started_by_inetd_has_the_socket_as_stdin(void **state)
{
    char text[6] = "";
    pid_t program;
    int fd = world_meet("execs", PORT, &program);

    (void)state;
    assert_true(write_all(fd, "meow!", 5));
    assert_true(read_all(fd, text, 5));
    assert_string_equal(text, "meow!");
    close(fd);
    world_finish(program);
}

static void guest_times_out(void)
{
    const struct timeval soon = {.tv_usec = 100000};
    char byte;
    int fd = guest_connect(WORLD_KERNEL, PORT);

    GUEST(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon) == 0);
    GUEST(read(fd, &byte, 1) == -1 && errno == EAGAIN);
    guest_ready();
}

static void so_rcvtimeo_holds_for_plain_reads(void **state)
{
    pid_t program;
    int fd = world_meet("times_out", PORT, &program);

    (void)state;
    world_await();
    close(fd);
    world_finish(program);
}

/* ------------------------------------------------------------------- another process */

static void guest_passes_on(void)
{
    int fd = guest_connect(WORLD_KERNEL, PORT), status = 1;
    char byte;

    if (fork() == 0) {
        GUEST(write_all(fd, "c", 1));
        usleep(200000); /* by then its parent has closed its own, and the reset is there */
        GUEST(read(fd, &byte, 1) == -1 && errno == ECONNRESET);
        _exit(0);
    }
    close(fd);
    GUEST(wait(&status) > 0 && status == 0);
}

static void guest_ask_name(int fd)
{
    struct sockaddr_in name = {0};
    socklen_t bytes = sizeof name;

    usleep(400000); /* the supervisor looks now and then for what nobody has any more */
    GUEST(getsockname(fd, (struct sockaddr *)&name, &bytes) == 0);
    GUEST(name.sin_family == AF_INET && name.sin_addr.s_addr == inet_addr(WORLD_RILL));
}

static void guest_keeps_a_reset_one(void)
{
    int fd = guest_connect(WORLD_KERNEL, PORT), status = 1;
    char byte;

    if (fork() == 0) {
        GUEST(write_all(fd, "c", 1));
        GUEST(read(fd, &byte, 1) == -1 && errno == ECONNRESET);
        guest_ask_name(fd);
        _exit(0);
    }
    close(fd);
    GUEST(wait(&status) > 0 && status == 0);
}

static void guest_keeps_an_ended_one(void)
{
    int fd = guest_connect(WORLD_KERNEL, PORT), other = dup(fd);
    char byte;

    GUEST(shutdown(fd, SHUT_WR) == 0);
    close(fd);
    GUEST(read(other, &byte, 1) == 0);
    guest_ask_name(other);
}

static void a_socket_that_was_reset_keeps_its_name_in_another_process(void **state)
{
    char byte;
    pid_t program;
    int fd = world_meet("keeps_a_reset_one", PORT, &program);

    (void)state;
    assert_true(read_all(fd, &byte, 1));
    linger_zero(fd);
    close(fd);
    world_finish(program);
}

static void a_socket_that_has_ended_keeps_its_name_under_another_number(void **state)
{
    char byte;
    pid_t program;
    int fd = world_meet("keeps_an_ended_one", PORT, &program);

    (void)state;
    assert_int_equal(read(fd, &byte, 1), 0);
    usleep(50000);
    close(fd);
    world_finish(program);
}

static void a_reset_is_told_to_the_process_that_has_the_socket_by_now(void **state)
{
    char byte;
    pid_t program;
    int fd = world_meet("passes_on", PORT, &program);

    (void)state;
    assert_true(read_all(fd, &byte, 1));
    usleep(50000);
    linger_zero(fd);
    close(fd);
    world_finish(program);
}

/* ------------------------------------------------------------------------ discarding */

static void guest_discards(void)
{
    char text[16] = "";
    int fd = guest_connect(WORLD_KERNEL, PORT);

    GUEST((poll_for(fd, POLLIN, 5000) & POLLIN) != 0);
    GUEST(recv(fd, NULL, 4, MSG_TRUNC | MSG_PEEK) == 4);
    GUEST(recv(fd, NULL, 4, MSG_TRUNC) == 4);
    GUEST(recv(fd, text, sizeof text, 0) == 5 && memcmp(text, "rest.", 5) == 0);
    GUEST(recv(fd, NULL, 4, MSG_TRUNC | MSG_DONTWAIT) == -1 && errno == EAGAIN);
    GUEST(write_all(fd, "1", 1) && (poll_for(fd, POLLIN, 5000) & POLLIN) != 0);
    GUEST(recv(fd, text, 6, MSG_TRUNC | MSG_WAITALL) == 6);
    GUEST(write_all(fd, "2", 1) && (poll_for(fd, POLLPRI, 5000) & POLLPRI) != 0);
    GUEST(recv(fd, NULL, 16, MSG_TRUNC) == 5);
    GUEST(recv(fd, text, 1, MSG_OOB) == 1 && text[0] == '!');
    GUEST(recv(fd, text, sizeof text, 0) == 6 && memcmp(text, "behind", 6) == 0);
}

static void what_msg_trunc_discards_needs_no_room(void **state)
{
    pid_t program;
    int fd = world_meet("discards", PORT, &program);
    char text[1];

    (void)state;
    assert_true(write_all(fd, "gonerest.", 9));
    assert_true(read_all(fd, text, 1) && write_all(fd, "one", 3));
    usleep(100000);
    assert_true(write_all(fd, "two", 3) && read_all(fd, text, 1));
    assert_true(write_all(fd, "front", 5) && send(fd, "!", 1, MSG_OOB) == 1 && write_all(fd, "behind", 6));
    world_finish(program);
    close(fd);
}

int main(int argc, char **argv)
{
    static const struct guest guests[] = {
        {"discards", guest_discards},
        {"is_reset", guest_is_reset},
        {"asks_for_reset", guest_asks_for_reset},
        {"leaves_unread", guest_leaves_unread},
        {"lingers_not", guest_lingers_not},
        {"is_killed", guest_is_killed},
        {"echoes", guest_echoes},
        {"reads_nothing", guest_reads_nothing},
        {"writes_single_bytes", guest_writes_single_bytes},
        {"urgent", guest_urgent},
        {"forks", guest_forks},
        {"execs", guest_execs},
        {"times_out", guest_times_out},
        {"passes_on", guest_passes_on},
        {"keeps_a_reset_one", guest_keeps_a_reset_one},
        {"keeps_an_ended_one", guest_keeps_an_ended_one},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_msg_trunc_discards_needs_no_room),
        cmocka_unit_test(a_reset_is_read_once_as_econnreset_then_the_end),
        cmocka_unit_test(a_reset_told_by_so_error_is_not_told_again_by_read),
        cmocka_unit_test(closing_with_unread_data_resets_the_peer),
        cmocka_unit_test(linger_zero_resets_the_peer),
        cmocka_unit_test(a_killed_program_ends_its_connections_with_fin),
        cmocka_unit_test(megabytes_come_back_byte_for_byte),
        cmocka_unit_test(a_program_that_reads_nothing_stops_the_sender),
        cmocka_unit_test(twenty_thousand_writes_of_a_byte_arrive_in_order),
        cmocka_unit_test(urgent_data_keeps_its_place_both_ways),
        cmocka_unit_test(the_last_close_in_any_process_closes),
        cmocka_unit_test(a_program_started_by_inetd_has_the_socket_as_stdin),
        cmocka_unit_test(so_rcvtimeo_holds_for_plain_reads),
        cmocka_unit_test(a_reset_is_told_to_the_process_that_has_the_socket_by_now),
        cmocka_unit_test(a_socket_that_was_reset_keeps_its_name_in_another_process),
        cmocka_unit_test(a_socket_that_has_ended_keeps_its_name_under_another_number),
    };

    world_be_guest(argc, argv, guests);
    world_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
