/*
 * The program's first process: it puts the filter around itself, hands the
 * listener's number over, and becomes the program.
 */
#include "run/supervisor.h"

#include "run/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return done;
}

/* Rill is root in its own user namespace; the program is who it was, in one below. */
static bool become_user(uid_t uid, gid_t gid)
{
    char text[48];

    if (unshare(CLONE_NEWUSER) != 0)
        return false;
    (void)write_file("/proc/self/setgroups", "deny");
    snprintf(text, sizeof text, "%u 0 1", (unsigned)uid);
    if (!write_file("/proc/self/uid_map", text))
        return false;
    snprintf(text, sizeof text, "%u 0 1", (unsigned)gid);
    return write_file("/proc/self/gid_map", text);
}

static void __attribute__((noreturn))
child(const struct run_config *config, char **argv, const int up[2], const int down[2])
{
    sigset_t none;
    int listener, error;
    char go;

    close(up[0]);
    close(down[1]); /* held here, its end would never be read */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (config->change_user && !become_user(config->uid, config->gid)) {
        fprintf(stderr, "rill run: cannot give the program its own user: %s\n", strerror(errno));
        _exit(126);
    }
    listener = filter_install((config->watch_opens ? FILTER_OPENS : 0u) | (config->io_uring ? FILTER_IO_URING : 0u));
    if (write(up[1], &listener, sizeof listener) != sizeof listener || read(down[0], &go, 1) != 1)
        _exit(126);
    execvp(argv[0], argv);
    error = errno;
    fprintf(stderr, "rill run: cannot run %s: %s\n", argv[0], strerror(error));
    _exit(error == ENOENT ? 127 : 126);
}

static void explain(int error)
{
    fprintf(stderr, "rill run: the kernel does not let us watch the program's system calls (seccomp): %s\n",
            strerror(error));
    if (error == EBUSY)
        fprintf(stderr,
                "rill run: something watches this process tree already; inside of rill run, leave rill run out\n");
    else if (error == EACCES)
        fprintf(stderr, "rill run: it needs root, or a user namespace: leave --dev out\n");
    else
        fprintf(stderr, "rill run: in a container, start it with --security-opt seccomp=unconfined\n");
}

/* The child waits until its listener is known to whoever serves it. 0 or -errno after saying why. */
static int meet_child(pid_t process, int from_child, int to_child,
                      int (*adopt)(void *context, pid_t process, int listener), void *context)
{
    int listener = -1, error;

    if (read(from_child, &listener, sizeof listener) != sizeof listener)
        return -ECHILD; /* it said why */
    if (listener < 0) {
        explain(-listener);
        return listener;
    }
    error = adopt(context, process, listener);
    if (error == 0 && write(to_child, "", 1) != 1)
        error = -errno;
    return error;
}

pid_t run_start_elsewhere(const struct run_config *config, char **argv,
                          int (*adopt)(void *context, pid_t process, int listener), void *context)
{
    int up[2], down[2], error;
    pid_t process;

    if (pipe2(up, O_CLOEXEC) != 0 || pipe2(down, O_CLOEXEC) != 0)
        return -errno;
    process = fork();
    if (process == 0)
        child(config, argv, up, down);
    close(up[1]);
    close(down[0]);
    error = process < 0 ? -errno : meet_child(process, up[0], down[1], adopt, context);
    close(up[0]);
    close(down[1]);
    if (error != 0 && process > 0)
        waitpid(process, NULL, 0);
    return error != 0 ? error : process;
}

static int adopt_here(void *context, pid_t process, int listener)
{
    int error = run_adopt(context, process, listener);

    if (error != 0)
        fprintf(stderr, "rill run: cannot reach into the program's process: %s\n", strerror(-error));
    return error;
}

pid_t run_start(struct run *run, char **argv)
{
    struct rlimit ours;
    pid_t process;

    /* The child has the limit of open files that there was before the supervisor raised its own. */
    if (getrlimit(RLIMIT_NOFILE, &ours) == 0)
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){run->files_before, ours.rlim_max});
    process = run_start_elsewhere(&run->config, argv, adopt_here, run);
    setrlimit(RLIMIT_NOFILE, &ours);
    return process;
}
