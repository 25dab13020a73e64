/*
 * What the supervisor knows of other processes.
 */
#include "run/notify.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cmocka_all.h"

static int go_on;

/* A thread that says its number, and stays until go_on. */
static void *stay(void *number)
{
    __atomic_store_n((pid_t *)number, (pid_t)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&go_on, __ATOMIC_SEQ_CST) == 0)
        usleep(100);
    return NULL;
}

static pid_t begin_thread(pthread_t *thread)
{
    static pid_t number;

    go_on = 0;
    number = 0;
    assert_int_equal(pthread_create(thread, NULL, stay, &number), 0);
    while (__atomic_load_n(&number, __ATOMIC_SEQ_CST) == 0)
        usleep(100);
    return number;
}

static void end_thread(pthread_t thread)
{
    __atomic_store_n(&go_on, 1, __ATOMIC_SEQ_CST);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* What the kernel is to give out next; false: it does not let us say. */
static bool next_number_is(pid_t number)
{
    int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
    char text[16];
    int length = snprintf(text, sizeof text, "%d", (int)number - 1);
    bool done = fd >= 0 && write(fd, text, (size_t)length) == length;

    if (fd >= 0)
        close(fd);
    return done;
}

/* A process of that number was asked about, and has ended. */
static pid_t ask_about_a_process(void)
{
    pid_t number = fork();

    if (number == 0) {
        pause();
        _exit(0);
    }
    assert_true(number > 0);
    assert_int_equal(process_of_thread(number), number);
    kill(number, SIGKILL);
    assert_int_equal(waitpid(number, NULL, 0), number);
    return number;
}

static void a_thread_belongs_to_its_process(void **state)
{
    pthread_t thread;
    pid_t number = begin_thread(&thread);

    (void)state;
    assert_int_equal(process_of_thread(number), getpid());
    end_thread(thread);
}

static void a_number_that_comes_again_is_asked_about_again(void **state)
{
    (void)state;
    for (unsigned tries = 0; tries < 200; tries++) { /* somebody else may get the number */
        pid_t number = ask_about_a_process(), again;
        pthread_t thread;

        if (!next_number_is(number))
            break;
        again = begin_thread(&thread);
        if (again == number)
            assert_int_equal(process_of_thread(number), getpid());
        end_thread(thread);
        if (again == number)
            return;
    }
    skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_belongs_to_its_process),
        cmocka_unit_test(a_number_that_comes_again_is_asked_about_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
