/*
 * Starting, reaping and ending one child: see program.h.
 */
#include "cli/program.h"

#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void program_exec(char **argv)
{
    char *shell = getenv("SHELL");
    char *only[] = {shell != NULL && *shell != '\0' ? shell : (char[]){"/bin/sh"}, NULL};
    sigset_t none;

    if (argv == NULL || argv[0] == NULL)
        argv = only;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    execvp(argv[0], argv);
    cli_error("cannot run %s: %s", argv[0], strerror(errno));
}

pid_t program_start(char **argv)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid < 0)
        cli_error("cannot start a program: %s", strerror(errno));
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent)
        program_exec(argv);
    _exit(127);
}

int program_reap(pid_t *pid)
{
    int status;

    if (*pid <= 0 || waitpid(*pid, &status, WNOHANG) != *pid)
        return -1;
    *pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* True when it is gone within so many hundredths of a second. */
static bool is_gone(pid_t pid, unsigned hundredths)
{
    const struct timespec pause = {.tv_nsec = 10000000};

    for (unsigned i = 0; i <= hundredths; i++) {
        if (waitpid(pid, NULL, WNOHANG) != 0)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

void program_end(pid_t pid)
{
    if (pid <= 0 || is_gone(pid, 20))
        return;
    kill(pid, SIGTERM);
    kill(pid, SIGHUP); /* an interactive shell ignores the other one */
    if (is_gone(pid, 100))
        return;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
