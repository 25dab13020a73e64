/*
 * What every file of the command shares: exit codes, the list of commands, and
 * how an error is said. The command may use libc; the core never does.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_exit { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

struct args_command;

struct cli_command {
    const struct args_command *args;
    int (*run)(int argc, char **argv);
};

extern const struct cli_command listen_command, connect_command, catch_command, ss_command, netstat_command,
    counters_command, memory_command, hold_command, ladder_command, shell_command, bench_command, drill_command,
    sim_command, run_command;

/* "rill listen: " + message + newline, on stderr. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same without being an error: what rill is doing. */
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The name in front of messages: "rill listen". */
void cli_set_name(const char *name);

#endif
