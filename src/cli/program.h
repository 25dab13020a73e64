/*
 * A kernel-side program that runs beside rill: `rill listen ... -- PROGRAM`.
 */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

#include <sys/types.h>

/* Start argv, or the user's shell when it is NULL or empty. Its pid, or -1 after saying why. Signals are unblocked. */
pid_t program_start(char **argv);

/* Run argv (or the shell) in this process's place. Returns only when that fails, said so. */
void program_exec(char **argv);

/* -1 while it runs (or there is none); else its exit status, and *pid is 0. 128 + N when signal N ended it. */
int program_reap(pid_t *pid);

/* A moment to end by itself, then SIGTERM and SIGHUP, and a second later SIGKILL. */
void program_end(pid_t pid);

#endif
