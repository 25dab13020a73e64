/*
 * The built-in measurements: each is a command of its own behind rill bench.
 */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "cli/args.h"
#include "cli/bench_world.h"

extern const struct cli_command bench_pair_command, bench_connect_command, bench_idle_command, bench_soak_command;

/* What callgrind collects: everything within, and nothing of the set-up (bench/run). */
int bench_pair_loop(struct world *world, rill_conn from, rill_conn to, uint64_t bytes);
int bench_connect_loop(struct world *world, uint64_t count, rill_time step);

#endif
