/*
 * `rill bench soak`: streams both ways over a bad wire, many seeds.
 */
#ifndef CLI_BENCH_SOAK_H
#define CLI_BENCH_SOAK_H

int bench_soak(int argc, char **argv);

#endif
