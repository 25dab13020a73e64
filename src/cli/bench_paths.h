/*
 * The laboratory of paths as a measurement of rill bench.
 */
#ifndef CLI_BENCH_PATHS_H
#define CLI_BENCH_PATHS_H

/* argv[0] is "paths". Returns the exit code. */
int bench_paths(int argc, char **argv);

#endif
