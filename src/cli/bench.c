/*
 * rill bench NAME: finds the measurement.
 */
#include "cli/bench.h"

#include "cli/bench_paths.h"
#include "cli/bench_soak.h"

#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} benches[] = {
    {"pair", bench_pair}, {"connect", bench_connect}, {"idle", bench_idle},
    {"soak", bench_soak}, {"paths", bench_paths},
};

#define BENCHES (sizeof benches / sizeof benches[0])

static const struct args_command bench_args = {
    .name = "bench",
    .synopsis = "pair | connect | idle | soak | paths [OPTIONS]",
    .summary = "built-in measurements, one JSON object per line",
    .teaches = "Two stacks in one process, a wire of memory between them, virtual time.\n\n"
               "  rill bench pair --bytes 1G            bulk transfer: CPU time per segment\n"
               "  rill bench connect --count 10000      connect and close, both ends\n"
               "  rill bench idle --connections 100000  memory per connection, all counted\n"
               "  rill bench soak --seeds 1..20         both ways over a very bad wire, every byte checked\n"
               "  rill bench paths --path 100ms-1       what a path lets through, and how long things take",
};

static int bench_run(int argc, char **argv)
{
    struct args args;

    for (size_t i = 0; argc >= 2 && i < BENCHES; i++)
        if (strcmp(argv[1], benches[i].name) == 0)
            return benches[i].run(argc - 1, argv + 1);
    args_begin(&args, &bench_args, argc, argv);
    switch (args_next(&args)) {
    case ARGS_HELP:
        return CLI_DONE;
    case ARGS_ERROR:
        return CLI_USAGE;
    default:
        if (args.word_count > 0)
            cli_error("there is no measurement '%s'", args.words[0]);
        return args_usage(&bench_args);
    }
}

const struct cli_command bench_command = {&bench_args, bench_run};
