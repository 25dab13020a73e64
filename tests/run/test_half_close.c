/*
 * Half close under rill run, against the kernel's TCP: each way by itself, both,
 * with data pending, with a reset behind it, with another thread writing.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/cmocka_all.h"
#include "support/run_world.h"

#define PORT 8000

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
    int fd = world_meet("shuts_first", PORT, &program);

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
    int fd = world_meet("is_shut_first", PORT, &program);

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
    int fd = world_meet("shuts_both", PORT, &program);

    (void)state;
    assert_int_equal(read(fd, &byte, 1), 0);
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
    int fd = world_meet("shuts_again", PORT, &program);

    (void)state;
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_int_equal(read(fd, &byte, 1), 0);
    close(fd);
    world_finish(program);
}

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
    int fd = world_meet("is_reset_half_closed", PORT, &program);

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
    int fd = world_meet("half_closes_with_much_to_send", PORT, &program);
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

int main(int argc, char **argv)
{
    static const struct guest guests[] = {
        {"shuts_first", guest_shuts_first},
        {"is_shut_first", guest_is_shut_first},
        {"shuts_both", guest_shuts_both},
        {"shuts_again", guest_shuts_again},
        {"is_reset_half_closed", guest_is_reset_half_closed},
        {"half_closes_with_much_to_send", guest_half_closes_with_much_to_send},
        {"shuts_while_another_thread_writes", guest_shuts_while_another_thread_writes},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_the_programs_half_close_the_peer_can_still_answer),
        cmocka_unit_test(after_the_peers_half_close_the_program_can_still_send),
        cmocka_unit_test(a_socket_shut_both_ways_reads_the_end_and_keeps_its_name),
        cmocka_unit_test(when_both_ways_have_ended_there_is_nothing_to_shut),
        cmocka_unit_test(who_has_half_closed_still_hears_of_a_reset),
        cmocka_unit_test(what_was_pending_at_the_half_close_is_all_that_arrives),
        cmocka_unit_test(what_another_thread_wrote_before_the_half_close_arrives_unchanged),
    };

    world_be_guest(argc, argv, guests);
    world_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
