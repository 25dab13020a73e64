/*
 * rill bench idle: what a connection costs in memory, all counted: the
 * difference in the arena's used bytes, divided.
 */
#include "cli/bench.h"
#include "cli/json.h"

#include <string.h>

#define FIRST_PORT 5001
#define PER_PORT 20000u

enum idle_option { OPTION_CONNECTIONS = 256, OPTION_STATE };

static const struct args_option idle_options[] = {
    {OPTION_CONNECTIONS, 0, "connections", "N", "how many, default 100000"},
    {OPTION_STATE, 0, "state", "STATE", "established (default), syn-received or time-wait"},
    {0, 0, NULL, NULL, NULL},
};

static const struct args_command idle_args = {
    .name = "bench idle",
    .synopsis = "[--connections N] [--state established|syn-received|time-wait]",
    .summary = "memory per connection, all counted",
    .teaches = "Opens N connections between two stacks and leaves them in the state; prints how many bytes of the\n"
               "arena each one takes: block, table slot, timer, event, everything.\n\n"
               "  rill bench idle --connections 1000000\n"
               "  rill bench idle --connections 100000 --state time-wait",
    .options = idle_options,
};

enum idle_state { IDLE_ESTABLISHED, IDLE_SYN_RECEIVED, IDLE_TIME_WAIT };

struct idle {
    struct world world;
    enum idle_state state;
    uint64_t connections;
    rill_conn listener;
    unsigned measured; /* the stack whose memory is looked at */
};

static bool bring_one(struct idle *idle, uint16_t port)
{
    struct world *world = &idle->world;
    rill_conn client = world_connect(world, port), server;

    if (client == 0)
        return false;
    if (idle->state == IDLE_SYN_RECEIVED) {
        rill_turn(world->stack[0], &world->driver[0], 1, world->now);
        rill_hold_output(world->stack[0], client, true);
        world_settle(world);
        return true;
    }
    world_settle(world);
    if (rill_accept(world->stack[1], idle->listener, &server, NULL) != 0)
        return false;
    if (idle->state == IDLE_TIME_WAIT) {
        rill_close(world->stack[0], client);
        world_settle(world);
        rill_close(world->stack[1], server);
        world_settle(world);
    }
    return true;
}

static bool bring_all(struct idle *idle)
{
    for (uint64_t i = 0; i < idle->connections; i++) {
        uint16_t port = (uint16_t)(FIRST_PORT + i / PER_PORT);

        if (i % PER_PORT == 0)
            idle->listener = world_listen(&idle->world, port, PER_PORT);
        if (idle->listener == 0 || !bring_one(idle, port)) {
            cli_error("connection %llu failed", (unsigned long long)i + 1);
            return false;
        }
        world_forget_events(&idle->world, 0);
        world_forget_events(&idle->world, 1);
    }
    return true;
}

static void report(const struct idle *idle, const struct rill_memory *before, const struct rill_memory *after)
{
    static const char *const names[] = {"established", "syn-received", "time-wait"};
    double count = (double)idle->connections;
    struct json json;

    json_begin(&json, stdout);
    json_text(&json, "bench", "idle");
    json_text(&json, "state", names[idle->state]);
    json_number(&json, "connections", after->connections);
    json_number(&json, "half_open", after->half_open);
    json_number(&json, "time_wait", after->time_wait);
    json_number(&json, "used_bytes", after->used_bytes - before->used_bytes);
    json_real(&json, "bytes_per_connection", (double)(after->used_bytes - before->used_bytes) / count);
    json_real(&json, "block_bytes",
              (double)(after->connection_bytes + after->half_open_bytes + after->time_wait_bytes -
                       before->connection_bytes - before->half_open_bytes - before->time_wait_bytes) /
                  count);
    json_real(&json, "table_bytes", (double)(after->table_bytes - before->table_bytes) / count);
    json_real(&json, "buffer_bytes", (double)(after->buffer_bytes - before->buffer_bytes) / count);
    json_end(&json);
}

static bool take_state(struct idle *idle, const char *text)
{
    if (strcmp(text, "established") == 0)
        idle->state = IDLE_ESTABLISHED;
    else if (strcmp(text, "syn-received") == 0)
        idle->state = IDLE_SYN_RECEIVED;
    else if (strcmp(text, "time-wait") == 0)
        idle->state = IDLE_TIME_WAIT;
    else {
        cli_error("--state '%s' is none of established, syn-received, time-wait", text);
        return false;
    }
    return true;
}

int bench_idle(int argc, char **argv)
{
    struct idle idle = {.connections = 100000};
    struct rill_memory before, after;
    struct args args;
    int id, status;

    args_begin(&args, &idle_args, argc, argv);
    while ((id = args_next(&args)) != ARGS_END) {
        if (id == ARGS_HELP)
            return CLI_DONE;
        if (id == ARGS_ERROR || (id == OPTION_STATE && !take_state(&idle, args.value)) ||
            (id == OPTION_CONNECTIONS &&
             !args_number(&args, "--connections", args.value, 1, 10000000, &idle.connections)))
            return CLI_USAGE;
    }
    if (args.word_count != 0)
        return args_usage(&idle_args);
    status = world_open(&idle.world, (size_t)(idle.connections * 2048 + (UINT64_C(64) << 20)), 1500);
    if (status != 0)
        return status;
    idle.measured = idle.state == IDLE_TIME_WAIT ? 0 : 1;
    rill_memory(idle.world.stack[idle.measured], &before);
    status = bring_all(&idle) ? CLI_DONE : CLI_FAILED;
    rill_memory(idle.world.stack[idle.measured], &after);
    if (status == CLI_DONE)
        report(&idle, &before, &after);
    world_close(&idle.world);
    return status;
}
