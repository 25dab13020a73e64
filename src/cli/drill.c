/*
 * rill drill: packetdrill-language scripts against the engine, in virtual time.
 */
#include "drill/drill.h"

#include "cli/args.h"

#include <stdlib.h>
#include <string.h>

enum drill_option_id { OPTION_PROFILE = 256, OPTION_MATCH, OPTION_STRICT, OPTION_TRACE, OPTION_ISN };

static const struct args_option drill_options[] = {
    {OPTION_PROFILE, 0, "profile", "NAME", "what the scripts assume: linux, freebsd or rill (default rill)"},
    {OPTION_MATCH, 0, "match", "HOW", "segments=exact, options=set, window=any; may be given more than once"},
    {OPTION_STRICT, 0, "strict", NULL, "fail on settings and commands that rill cannot carry out"},
    {OPTION_TRACE, 0, "trace", NULL, "print what happened, of scripts that pass too"},
    {OPTION_ISN, 0, "isn", "N,N,...", "run each script with these initial sequence numbers on both sides"},
    {'j', 'j', "jobs", "N", "processes to share the scripts among, default 1"},
    {0, 0, NULL, NULL, NULL},
};

static const struct args_command drill_args = {
    .name = "drill",
    .synopsis = "[OPTIONS] FILE...",
    .summary = "run packetdrill-language scripts in virtual time",
    .teaches = "Each script plays one end of a connection: packets that come in (<), packets that rill must send (>),\n"
               "and the calls of the program above. No root, no device, no waiting: a minute passes in an instant.\n"
               "docs/drill.md describes the language.\n\n"
               "  rill drill tests/drill/*/*.pkt\n"
               "  rill drill --trace tests/drill/handshake/passive.pkt      see every packet and state\n"
               "  rill drill --isn 0,1,0x7fffffff,0x80000000,0xffffffff tests/drill/*/*.pkt\n"
               "  rill drill --profile linux --match options=set,window=any some-linux-test.pkt",
    .options = drill_options,
};

static bool set_match(struct drill_job *job, const char *value)
{
    while (*value != '\0') {
        size_t bytes = strcspn(value, ",");

        if (bytes == strlen("segments=exact") && strncmp(value, "segments=exact", bytes) == 0) {
            job->options.exact_segments = true;
        } else if (bytes == strlen("options=set") && strncmp(value, "options=set", bytes) == 0) {
            job->options.options_as_set = true;
        } else if (bytes == strlen("window=any") && strncmp(value, "window=any", bytes) == 0) {
            job->options.any_window = true;
        } else {
            cli_error("--match takes segments=exact, options=set and window=any, not '%.*s'", (int)bytes, value);
            return false;
        }
        value += bytes + (value[bytes] == ',');
    }
    return true;
}

static bool set_isns(struct drill_job *job, const char *value)
{
    while (*value != '\0') {
        char *end;
        unsigned long long isn = strtoull(value, &end, 0);

        if (end == value || (*end != ',' && *end != '\0') || isn > UINT32_MAX || job->isn_count == DRILL_ISNS_MAX) {
            cli_error("--isn takes up to %d numbers from 0 to 0xffffffff with commas between, not '%s'", DRILL_ISNS_MAX,
                      value);
            return false;
        }
        job->isns[job->isn_count++] = (uint32_t)isn;
        value = end + (*end == ',');
    }
    return true;
}

static bool set_profile(struct drill_job *job, const char *value)
{
    if (strcmp(value, "linux") != 0 && strcmp(value, "freebsd") != 0 && strcmp(value, "rill") != 0) {
        cli_error("there is no profile '%s': linux, freebsd or rill", value);
        return false;
    }
    job->options.profile = value;
    return true;
}

static bool set_option(struct drill_job *job, const struct args *args, int option)
{
    uint64_t number = 0;

    switch (option) {
    case OPTION_PROFILE:
        return set_profile(job, args->value);
    case OPTION_MATCH:
        return set_match(job, args->value);
    case OPTION_ISN:
        return set_isns(job, args->value);
    case OPTION_STRICT:
        job->options.strict = true;
        return true;
    case OPTION_TRACE:
        job->options.trace = true;
        return true;
    default:
        if (!args_number(args, "jobs", args->value, 1, 64, &number))
            return false;
        job->processes = (unsigned)number;
        return true;
    }
}

static int drill_run_command(int argc, char **argv)
{
    struct drill_job job = {.options.profile = "rill", .processes = 1};
    struct args args;
    int option;

    args_begin(&args, &drill_args, argc, argv);
    while ((option = args_next(&args)) > 0)
        if (!set_option(&job, &args, option))
            return CLI_USAGE;
    if (option != ARGS_END)
        return option == ARGS_HELP ? CLI_DONE : CLI_USAGE;
    if (args.word_count == 0)
        return args_usage(&drill_args);
    job.files = args.words;
    job.file_count = (unsigned)args.word_count;
    return drill_all(&job, stdout) == 0 ? CLI_DONE : CLI_FAILED;
}

const struct cli_command drill_command = {&drill_args, drill_run_command};
