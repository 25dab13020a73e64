/*
 * rill bench connect: the handshake and the close, both ends, with a steady
 * number of TIME-WAITs lying around.
 */
#include "cli/bench.h"
#include "cli/json.h"

#include <string.h>

#define FIRST_PORT 5001
#define PORTS 64 /* so many TIME-WAITs do not fit into one remote port's ephemeral ports */
#define TWO_MSL UINT64_C(60000000000)

enum connect_option { OPTION_COUNT = 256, OPTION_TIME_WAIT };

static const struct args_option connect_options[] = {
    {OPTION_COUNT, 0, "count", "N", "connections to make and close, default 10000"},
    {OPTION_TIME_WAIT, 0, "time-wait", "N", "how many TIME-WAITs there are meanwhile, default 4000"},
    {0, 0, NULL, NULL, NULL},
};

static const struct args_command connect_args = {
    .name = "bench connect",
    .synopsis = "[--count N] [--time-wait N]",
    .summary = "connect and close, both ends",
    .teaches = "Opens and closes connections between two stacks in one process, one after the other, while the given\n"
               "number of TIME-WAITs waits at the one that closes first.\n\n"
               "  rill bench connect --count 100000 --time-wait 40000",
    .options = connect_options,
};

static rill_conn listeners[PORTS];

/* One connection from SYN to TIME-WAIT: ten passes, as many as its packets need, and the timers of both ends once. */
static bool connect_and_close(struct world *world, unsigned which)
{
    rill_conn client = world_connect(world, (uint16_t)(FIRST_PORT + which)), server;

    if (client == 0)
        return false;
    world_pass(world, 0); /* SYN */
    world_pass(world, 1); /* SYN,ACK */
    world_pass(world, 0); /* ACK */
    world_pass(world, 1);
    if (rill_accept(world->stack[1], listeners[which], &server, NULL) != 0)
        return false;
    rill_close(world->stack[0], client);
    world_pass(world, 0); /* FIN */
    world_pass(world, 1); /* ACK */
    world_pass(world, 0);
    world_forget_events(world, 1);
    rill_close(world->stack[1], server);
    world_pass(world, 1); /* FIN */
    world_pass(world, 0); /* ACK */
    world_pass(world, 1);
    world_forget_events(world, 0);
    world_forget_events(world, 1);
    rill_poll(world->stack[0], world->now);
    rill_poll(world->stack[1], world->now);
    return true;
}

__attribute__((noinline)) int bench_connect_loop(struct world *world, uint64_t count, rill_time step)
{
    for (uint64_t i = 0; i < count; i++) {
        if (!connect_and_close(world, (unsigned)(i % PORTS)))
            return CLI_FAILED;
        world->now += step;
    }
    return CLI_DONE;
}

static void report(const struct world *world, uint64_t count, uint64_t cpu_ns)
{
    struct rill_memory memory;
    struct json json;

    rill_memory(world->stack[0], &memory);
    json_begin(&json, stdout);
    json_text(&json, "bench", "connect");
    json_number(&json, "connections", count);
    json_number(&json, "time_wait", memory.time_wait);
    json_number(&json, "cpu_ns", cpu_ns);
    json_real(&json, "ns_per_connection", (double)cpu_ns / (double)count);
    json_real(&json, "connections_per_s", cpu_ns > 0 ? (double)count * 1e9 / (double)cpu_ns : 0.0);
    json_end(&json);
}

/* Fill the TIME-WAITs up first, in another function than the one that is measured. */
static int prepare(struct world *world, uint64_t time_wait, rill_time step)
{
    for (unsigned i = 0; i < PORTS; i++) {
        listeners[i] = world_listen(world, (uint16_t)(FIRST_PORT + i), 8);
        if (listeners[i] == 0)
            return CLI_FAILED;
    }
    for (uint64_t i = 0; i < time_wait; i++) {
        if (!connect_and_close(world, (unsigned)(i % PORTS)))
            return CLI_FAILED;
        world->now += step;
    }
    return CLI_DONE;
}

int bench_connect(int argc, char **argv)
{
    uint64_t count = 10000, time_wait = 4000, start;
    rill_time step;
    struct world world;
    struct args args;
    int id, status;

    args_begin(&args, &connect_args, argc, argv);
    while ((id = args_next(&args)) != ARGS_END) {
        if (id == ARGS_HELP)
            return CLI_DONE;
        if (id == ARGS_ERROR ||
            (id == OPTION_COUNT && !args_number(&args, "--count", args.value, 1, 100000000, &count)) ||
            (id == OPTION_TIME_WAIT && !args_number(&args, "--time-wait", args.value, 0, 1000000, &time_wait)))
            return CLI_USAGE;
    }
    if (args.word_count != 0)
        return args_usage(&connect_args);
    status = world_open(&world, (size_t)1 << 30, 1500);
    if (status != 0)
        return status;
    step = time_wait > 0 ? TWO_MSL / time_wait : 2 * TWO_MSL;
    status = prepare(&world, time_wait, step);
    start = world_cpu_ns();
    if (status == 0)
        status = bench_connect_loop(&world, count, step);
    if (status == 0)
        report(&world, count, world_cpu_ns() - start);
    else
        cli_error("a connection failed");
    world_close(&world);
    return status;
}
