/*
 * What the supervisor knows of other processes.
 */
#include "run/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
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

/* As a kernel before 6.9: no descriptor of a thread that is not its process's first. */
static void know_processes_only(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof code[0], code};

    assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static ino_t inode_of(int fd)
{
    struct stat status = {0};

    assert_int_equal(fstat(fd, &status), 0);
    return status.st_ino;
}

/* A process whose second thread has that number, with another file at fd; 0: somebody else got the number. */
static pid_t process_with_thread(pid_t number, int fd, int other)
{
    int ready[2];
    char is_right = 0;
    pid_t process;

    assert_int_equal(pipe(ready), 0);
    process = fork();
    if (process == 0) {
        pthread_t thread;

        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves it behind */
        dup2(other, fd);
        is_right = next_number_is(number) && begin_thread(&thread) == number;
        if (write(ready[1], &is_right, 1) == 1)
            pause();
        _exit(0);
    }
    assert_true(process > 0);
    assert_int_equal(read(ready[0], &is_right, 1), 1);
    close(ready[0]);
    close(ready[1]);
    if (is_right)
        return process;
    kill(process, SIGKILL);
    waitpid(process, NULL, 0);
    return 0;
}

static void a_threads_number_that_comes_again_in_another_process_is_that_ones(void **state)
{
    int files[2], found;
    pid_t number = 0, process = 0;

    (void)state;
    assert_int_equal(pipe(files), 0);
    files[1] = open("/dev/null", O_RDWR | O_CLOEXEC);
    know_processes_only();
    for (unsigned tries = 0; tries < 200 && process == 0; tries++) {
        pthread_t thread;

        number = begin_thread(&thread);
        found = process_file(number, files[0]);
        assert_true(found >= 0);
        assert_int_equal(inode_of(found), inode_of(files[0]));
        close(found);
        end_thread(thread);
        process = process_with_thread(number, files[0], files[1]);
    }
    if (process == 0)
        skip();
    found = process_file(number, files[0]);
    assert_true(found >= 0);
    assert_int_equal(inode_of(found), inode_of(files[1]));
    kill(process, SIGKILL);
    waitpid(process, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_belongs_to_its_process),
        cmocka_unit_test(a_number_that_comes_again_is_asked_about_again),
        cmocka_unit_test(a_threads_number_that_comes_again_in_another_process_is_that_ones), /* last: it stays so */
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
