/*
 * rill shell, rill counters, rill memory: commands that talk to one running
 * rill.
 */
#include "cli/args.h"
#include "cli/json.h"
#include "cli/namespace.h"
#include "cli/program.h"
#include "cli/runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct args_command shell_args = {
    .name = "shell",
    .synopsis = "[NAME] [-- PROGRAM ARGS]",
    .summary = "a shell, or a program, inside a running rill's namespace",
    .teaches =
        "Enters the network namespace that a running rill made, on the kernel's side of the wire: curl, ss, nc and\n"
        "tcpdump there see rill as the host 10.77.0.2. NAME may be left out when only one rill is running.\n\n"
        "  rill shell web\n"
        "  rill shell web -- curl -s http://10.77.0.2/",
};

static const struct args_command counters_args = {
    .name = "counters",
    .synopsis = "[NAME]",
    .summary = "what a running rill has counted, drops with their reasons",
    .teaches = "One JSON object; fields that begin with drop_ are packets dropped, by reason.\n\n  rill counters web",
};

static const struct args_command memory_args = {
    .name = "memory",
    .synopsis = "[NAME]",
    .summary = "what a running rill's memory is used for",
    .teaches = "One JSON object, in bytes and numbers of things.\n\n  rill memory web",
};

static const struct args_command hold_args = {
    .name = "hold",
    .synopsis = "PORT on|off [NAME]",
    .summary = "withhold what a running rill's connections send, for a while",
    .teaches = "Every connection with PORT at either end stops sending, so that the peer can be seen in SYN-RECEIVED,\n"
               "FIN-WAIT-1 or LAST-ACK for as long as one likes. Nothing is lost: off lets it go.\n\n"
               "  rill hold 80 on web\n"
               "  rill hold 80 off web",
};

/* 0 and the name, which stands behind the other words; or *stop, and what to exit with. */
static int take_name(struct args *args, int words_before, char *name, size_t name_bytes, bool *stop)
{
    int id = args_next(args);

    *stop = true;
    if (id != ARGS_END)
        return id == ARGS_HELP ? CLI_DONE : CLI_USAGE;
    if (args->word_count < words_before || args->word_count > words_before + 1)
        return args_usage(args->command);
    if (args->word_count > words_before)
        snprintf(name, name_bytes, "%s", args->words[words_before]);
    else if (!runtime_only(name, name_bytes))
        return CLI_FAILED;
    *stop = false;
    return 0;
}

/* The answer's first line. */
static bool ask(const char *name, const char *question, char *line, size_t line_bytes)
{
    FILE *from = runtime_ask_stream(name, question);
    bool answered = from != NULL && fgets(line, (int)line_bytes, from) != NULL;

    if (from == NULL && errno != EINVAL)
        cli_error("no rill named '%s' is running (of this user); rill ss -ae lists them", name);
    if (from != NULL)
        fclose(from);
    return answered;
}

static int shell_run(int argc, char **argv)
{
    char name[RUNTIME_NAME_MAX], line[512];
    struct args args;
    bool stop;
    int status;

    args_begin(&args, &shell_args, argc, argv);
    status = take_name(&args, 0, name, sizeof name, &stop);
    if (stop)
        return status;
    if (!ask(name, "netns", line, sizeof line))
        return CLI_FAILED;
    if (!namespace_join((pid_t)json_find_number(line, "pid"), (int)json_find_number(line, "namespace_fd")))
        return CLI_FAILED;
    setenv("RILL_RUNTIME_DIR", runtime_directory(), 1);
    setenv("RILL_NAME", name, 1);
    program_exec(args.program);
    return CLI_FAILED;
}

static int print_answer(const struct args_command *command, const char *question, int argc, char **argv)
{
    char name[RUNTIME_NAME_MAX], line[8192];
    struct args args;
    bool stop;
    int status;

    args_begin(&args, command, argc, argv);
    status = take_name(&args, 0, name, sizeof name, &stop);
    if (stop)
        return status;
    if (!ask(name, question, line, sizeof line))
        return CLI_FAILED;
    fputs(line, stdout);
    return CLI_DONE;
}

static int counters_run(int argc, char **argv)
{
    return print_answer(&counters_args, "counters", argc, argv);
}

static int memory_run(int argc, char **argv)
{
    return print_answer(&memory_args, "memory", argc, argv);
}

static int hold_run(int argc, char **argv)
{
    char name[RUNTIME_NAME_MAX], question[64], line[512];
    struct args args;
    uint16_t port;
    bool stop;
    int status;

    args_begin(&args, &hold_args, argc, argv);
    status = take_name(&args, 2, name, sizeof name, &stop);
    if (stop)
        return status;
    if (!args_port(args.words[0], &port))
        return CLI_USAGE;
    if (strcmp(args.words[1], "on") != 0 && strcmp(args.words[1], "off") != 0)
        return args_usage(&hold_args);
    snprintf(question, sizeof question, "hold %u %s", (unsigned)port, args.words[1]);
    if (!ask(name, question, line, sizeof line))
        return CLI_FAILED;
    fputs(line, stdout);
    return CLI_DONE;
}

const struct cli_command shell_command = {&shell_args, shell_run};
const struct cli_command counters_command = {&counters_args, counters_run};
const struct cli_command memory_command = {&memory_args, memory_run};
const struct cli_command hold_command = {&hold_args, hold_run};
