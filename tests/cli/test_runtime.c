/*
 * The directory of control sockets, with several who come and look at once.
 */
#include "cli/runtime.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cmocka_all.h"

static char directory[64];

static void ignore(const char *name, void *context)
{
    (void)name;
    (void)context;
}

/* In a process of its own, which has no part in the lock. */
static pid_t look(int lock)
{
    pid_t process = fork();

    if (process == 0) {
        close(lock);
        _exit((int)runtime_each(ignore, NULL));
    }
    assert_true(process > 0);
    return process;
}

static unsigned found_by(pid_t process)
{
    int status = 0;

    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFEXITED(status));
    return (unsigned)WEXITSTATUS(status);
}

static int bound(struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *at = (struct sockaddr_un){.sun_family = AF_UNIX};
    assert_true(runtime_socket_path("one", at->sun_path, sizeof at->sun_path));
    assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof *at), 0);
    return fd;
}

static void the_socket_of_a_rill_that_is_gone_is_removed(void **state)
{
    struct sockaddr_un at;

    (void)state;
    close(bound(&at));
    assert_int_equal(found_by(look(-1)), 0);
    assert_int_equal(access(at.sun_path, F_OK), -1);
}

/* Between bind and listen, with the lock that whoever makes a socket has. */
static void the_socket_of_a_rill_that_begins_is_not_removed(void **state)
{
    struct sockaddr_un at;
    int lock = runtime_lock(), fd = bound(&at);
    pid_t looker = look(lock);

    (void)state;
    assert_true(lock >= 0);
    usleep(100000); /* it has knocked, and waits for the lock */
    assert_int_equal(listen(fd, 4), 0);
    close(lock);
    assert_int_equal(found_by(looker), 1);
    assert_int_equal(access(at.sun_path, F_OK), 0);
    close(fd);
    unlink(at.sun_path);
}

/* Stopped by ^Z, while others asked: nobody takes from its queue, and connect(2) would wait. */
static void a_rill_that_was_stopped_holds_nobody_up(void **state)
{
    struct sockaddr_un at;
    int fd = bound(&at), asking = -1;
    unsigned before = alarm(20);

    (void)state;
    assert_int_equal(listen(fd, 0), 0);
    do {
        asking = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); /* they stay until the test is over */
    } while (connect(asking, (struct sockaddr *)&at, sizeof at) == 0);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(runtime_each(ignore, NULL), 1); /* it is there */
    assert_int_equal(runtime_ask("one", "memory"), -1);
    alarm(before);
    close(fd);
    unlink(at.sun_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_socket_of_a_rill_that_is_gone_is_removed),
        cmocka_unit_test(the_socket_of_a_rill_that_begins_is_not_removed),
        cmocka_unit_test(a_rill_that_was_stopped_holds_nobody_up),
    };
    int failed;

    snprintf(directory, sizeof directory, "/tmp/rill-runtime-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return 1;
    setenv("RILL_RUNTIME_DIR", directory, 1);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(directory);
    return failed;
}
