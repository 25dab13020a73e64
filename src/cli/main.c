/*
 * The `rill` command: finds the subcommand and hands over. Exit codes: 0 done,
 * 1 failed, 2 usage.
 */
#include "cli/args.h"
#include "cli/cli.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct cli_command *const commands[] = {
    &run_command,     &listen_command, &connect_command,  &catch_command,  &ss_command,
    &netstat_command, &shell_command,  &counters_command, &memory_command, &hold_command,
    &ladder_command,  &bench_command,  &drill_command,    &sim_command,
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static void print_help(FILE *to)
{
    fprintf(to, "usage: rill COMMAND [ARGUMENTS]\n\n"
                "rill is a TCP/IP stack that runs in a process of its own and can be looked into.\n\n"
                "Commands:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-10s %s\n", commands[i]->args->name, commands[i]->args->summary);
    fprintf(to, "\nBegin here (no root needed, nothing on this machine changes):\n"
                "  rill listen 80 --serve . -- curl -s http://10.77.0.2/   a program of the kernel's talks to rill\n"
                "  rill catch syn-recv                                    see a state that netstat never shows\n"
                "  rill COMMAND --help                                    the rest, with examples\n\n"
                "Exit status: 0 done, 1 failed, 2 usage.\n");
}

int main(int argc, char **argv)
{
    int fd = open("/dev/null", O_RDWR);

    while (fd >= 0 && fd <= STDERR_FILENO) /* started without them: no device and no socket is to be 0, 1 or 2 */
        fd = open("/dev/null", O_RDWR);
    close(fd);
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return CLI_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("rill %s\n", RILL_VERSION);
        return CLI_DONE;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i]->args->name) != 0)
            continue;
        cli_set_name(argv[1]);
        return commands[i]->run(argc - 1, argv + 1);
    }
    cli_error("there is no command '%s'; rill --help lists them", argv[1]);
    return CLI_USAGE;
}
