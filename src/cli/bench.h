/*
 * The built-in measurements: one behind each name of rill bench.
 */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "cli/args.h"
#include "cli/bench_world.h"

/* argv[0] is the measurement's name. They return the exit code. */
int bench_pair(int argc, char **argv);
int bench_connect(int argc, char **argv);
int bench_idle(int argc, char **argv);

/* What callgrind collects: everything within, and nothing of the set-up (bench/run). */
int bench_pair_loop(struct world *world, rill_conn from, rill_conn to, uint64_t bytes);
int bench_connect_loop(struct world *world, uint64_t count, rill_time step);

#endif
