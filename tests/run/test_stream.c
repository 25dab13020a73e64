/*
 * A connection's life under rill run, against the kernel's TCP: half close,
 * resets, unread data, back-pressure, urgent data, shared descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
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

/* The kernel's end of the one connection that a guest makes. */
static int meet(const char *guest, pid_t *program)
{
    int listener = kernel_listener(PORT);
    int fd;

    *program = world_start(guest, NULL);
    fd = kernel_accept(listener);
    return fd;
}

static void linger_zero(int fd)
{
    const struct linger now = {1, 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/* --------------------------------------------------------------------- half close */

static void guest_shuts_first(void)
{
    char text[8] = "";
    int fd = guest_connect(WORLD_KERNEL, PORT);

    GUEST(write_all(fd, "question", 8));
    GUEST(shutdown(fd, SHUT_WR) == 0);
    GUEST(write(fd, "x", 1) == -1 && errno == EPIPE);
    GUEST(read_all(fd, text, 6) && memcmp(text, "answer", 6) == 0);
    GUEST(read(fd, text, 1) == 0);
    GUEST(shutdown(fd, SHUT_WR) == 0 || errno == ENOTCONN);
}

static void after_the_programs_half_close_the_peer_can_still_answer(void **state)
{
    char text[9] = "";
    pid_t program;
    int fd = meet("shuts_first", &program);

    (void)state;
    assert_true(read_all(fd, text, 8));
    assert_string_equal(text, "question");
    assert_int_equal(read(fd, text, 1), 0);
    usleep(100000); /* the answer comes well behind the FIN */
    assert_true(write_all(fd, "answer", 6));
    close(fd);
    world_finish(program);
}

static void guest_is_shut_first(void)
{
    char text[4];
    int fd = guest_connect(WORLD_KERNEL, PORT);

    GUEST((poll_for(fd, POLLIN | POLLRDHUP, 5000) & POLLIN) != 0);
    GUEST(read_all(fd, text, 3) && memcmp(text, "end", 3) == 0);
    GUEST(poll_for(fd, POLLIN | POLLRDHUP, 5000) == (POLLIN | POLLRDHUP));
    GUEST(poll_for(fd, POLLIN | POLLRDHUP | POLLOUT, 5000) == (POLLIN | POLLRDHUP | POLLOUT));
    GUEST(read(fd, text, 1) == 0);
    GUEST(write_all(fd, "still here", 10));
    close(fd);
}

static void after_the_peers_half_close_the_program_can_still_send(void **state)
{
    char text[11] = "";
    pid_t program;
    int fd = meet("is_shut_first", &program);

    (void)state;
    assert_true(write_all(fd, "end", 3));
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_true(read_all(fd, text, 10));
    assert_string_equal(text, "still here");
    assert_int_equal(read(fd, text, 1), 0);
    close(fd);
    world_finish(program);
}

static void guest_shuts_both(void)
{
    struct sockaddr_in name;
    socklen_t bytes = sizeof name;
    char byte;
    int fd = guest_connect(WORLD_KERNEL, PORT);

    GUEST(shutdown(fd, SHUT_RDWR) == 0);
    GUEST(read(fd, &byte, 1) == 0);
    GUEST((poll_for(fd, POLLIN, 1000) & (POLLIN | POLLHUP)) == (POLLIN | POLLHUP));
    GUEST(getsockname(fd, (struct sockaddr *)&name, &bytes) == 0 && name.sin_addr.s_addr == inet_addr(WORLD_RILL));
}

static void a_socket_shut_both_ways_reads_the_end_and_keeps_its_name(void **state)
{
    char byte;
    pid_t program;
    int fd = meet("shuts_both", &program);

    (void)state;
    assert_int_equal(read(fd, &byte, 1), 0);
    close(fd);
    world_finish(program);
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
    int fd = meet("is_reset", &program);

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
    int fd = meet("asks_for_reset", &program);

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
    int fd = meet("leaves_unread", &program);

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
    int fd = meet("lingers_not", &program);

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
    int fd = meet("is_killed", &program);

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
    int fd = meet("echoes", &program);
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
    int fd = meet("reads_nothing", &program);
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
    int fd = meet("writes_single_bytes", &program);

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
    int fd = meet("urgent", &program);
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
    int fd = meet("forks", &program);

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
    int fd = meet("execs", &program);

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
    int fd = meet("times_out", &program);

    (void)state;
    world_await();
    close(fd);
    world_finish(program);
}

static void guest_shuts_again(void)
{
    int fd = guest_connect(WORLD_KERNEL, PORT), tries = 0;
    char byte;

    GUEST(read(fd, &byte, 1) == 0);
    GUEST(shutdown(fd, SHUT_WR) == 0);
    while (tries < 500 && shutdown(fd, SHUT_WR) == 0) { /* until the peer has acknowledged it */
        tries++;
        usleep(10000);
    }
    GUEST(tries < 500 && errno == ENOTCONN);
}

static void when_both_ways_have_ended_there_is_nothing_to_shut(void **state)
{
    char byte;
    pid_t program;
    int fd = meet("shuts_again", &program);

    (void)state;
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_int_equal(read(fd, &byte, 1), 0);
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
    int fd = meet("keeps_a_reset_one", &program);

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
    int fd = meet("keeps_an_ended_one", &program);

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
    int fd = meet("passes_on", &program);

    (void)state;
    assert_true(read_all(fd, &byte, 1));
    usleep(50000);
    linger_zero(fd);
    close(fd);
    world_finish(program);
}

/* ------------------------------------------------------------- a reset after half close */

static void guest_is_reset_half_closed(void)
{
    char byte;
    int fd = guest_connect(WORLD_KERNEL, PORT), error = 0;

    GUEST(write_all(fd, "question", 8) && shutdown(fd, SHUT_WR) == 0);
    GUEST(read_all(fd, &byte, 1) && byte == 'a');
    GUEST(read(fd, &byte, 1) == -1 && errno == ECONNRESET); /* what was read is not all */
    GUEST(read(fd, &byte, 1) == 0);
    GUEST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error}) == 0 && error == 0);
}

static void who_has_half_closed_still_hears_of_a_reset(void **state)
{
    const struct linger at_once = {1, 0};
    char question[9];
    pid_t program;
    int fd = meet("is_reset_half_closed", &program);

    (void)state;
    assert_true(read_all(fd, question, 8));
    assert_int_equal(read(fd, question, 1), 0); /* nothing of ours lies behind the program's bytes */
    assert_true(write_all(fd, "a", 1));
    usleep(100000);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
    world_finish(program);
}

#define PENDING (8u * 1024u * 1024u)

static void guest_half_closes_with_much_to_send(void)
{
    static uint8_t data[65536];
    size_t sent = 0, arrived = 0;
    int fd = guest_connect(WORLD_KERNEL, PORT);

    for (ssize_t n; sent < PENDING && (n = send(fd, data, sizeof data, MSG_DONTWAIT)) > 0;)
        sent += (size_t)n;
    GUEST(sent > 0 && shutdown(fd, SHUT_WR) == 0);
    GUEST(read_all(fd, &arrived, sizeof arrived) && arrived == sent);
    GUEST(read(fd, data, 1) == 0);
}

static void what_was_pending_at_the_half_close_is_all_that_arrives(void **state)
{
    static uint8_t data[65536];
    pid_t program;
    int fd = meet("half_closes_with_much_to_send", &program);
    size_t got = 0;
    ssize_t n;

    (void)state;
    usleep(300000);
    while ((n = read(fd, data, sizeof data)) > 0)
        got += (size_t)n;
    assert_int_equal(n, 0);
    assert_true(write_all(fd, &got, sizeof got));
    close(fd);
    world_finish(program);
}

#define SHUTDOWNS 200u

struct writing {
    int fd;
    size_t written;
    atomic_bool begin;
};

static void *write_until_shut(void *context)
{
    struct writing *writing = context;

    while (!atomic_load(&writing->begin))
        continue;
    while (send(writing->fd, "xxxxxxx", 7, MSG_NOSIGNAL) == 7)
        writing->written += 7;
    return NULL;
}

static void guest_shuts_while_another_thread_writes(void)
{
    for (unsigned i = 0; i < SHUTDOWNS; i++) {
        struct writing writing = {.fd = guest_connect(WORLD_KERNEL, PORT)};
        size_t arrived = 0;
        pthread_t writer;

        GUEST(pthread_create(&writer, NULL, write_until_shut, &writing) == 0);
        usleep(200);
        atomic_store(&writing.begin, true);
        GUEST(shutdown(writing.fd, SHUT_WR) == 0 && pthread_join(writer, NULL) == 0);
        GUEST(read_all(writing.fd, &arrived, sizeof arrived) && arrived == writing.written);
        close(writing.fd);
    }
}

static void what_another_thread_wrote_before_the_half_close_arrives_unchanged(void **state)
{
    int listener = kernel_listener(PORT);
    pid_t program = world_start("shuts_while_another_thread_writes", NULL);

    (void)state;
    for (unsigned i = 0; i < SHUTDOWNS; i++) {
        static char data[65536];
        int fd = kernel_accept(listener);
        size_t got = 0;
        ssize_t n;

        while ((n = read(fd, data, sizeof data)) > 0) {
            for (ssize_t at = 0; at < n; at++)
                assert_int_equal(data[at], 'x');
            got += (size_t)n;
        }
        assert_true(n == 0 && write_all(fd, &got, sizeof got));
        close(fd);
    }
    world_finish(program);
    close(listener);
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
    int fd = meet("discards", &program);
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
        {"is_reset_half_closed", guest_is_reset_half_closed},
        {"half_closes_with_much_to_send", guest_half_closes_with_much_to_send},
        {"discards", guest_discards},
        {"shuts_while_another_thread_writes", guest_shuts_while_another_thread_writes},
        {"shuts_first", guest_shuts_first},
        {"is_shut_first", guest_is_shut_first},
        {"shuts_both", guest_shuts_both},
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
        {"shuts_again", guest_shuts_again},
        {"keeps_a_reset_one", guest_keeps_a_reset_one},
        {"keeps_an_ended_one", guest_keeps_an_ended_one},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_half_closed_still_hears_of_a_reset),
        cmocka_unit_test(what_was_pending_at_the_half_close_is_all_that_arrives),
        cmocka_unit_test(what_msg_trunc_discards_needs_no_room),
        cmocka_unit_test(what_another_thread_wrote_before_the_half_close_arrives_unchanged),
        cmocka_unit_test(after_the_programs_half_close_the_peer_can_still_answer),
        cmocka_unit_test(after_the_peers_half_close_the_program_can_still_send),
        cmocka_unit_test(a_socket_shut_both_ways_reads_the_end_and_keeps_its_name),
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
        cmocka_unit_test(when_both_ways_have_ended_there_is_nothing_to_shut),
    };

    world_be_guest(argc, argv, guests);
    world_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
