/*
 * Two stacks back to back: see bench_world.h.
 */
#include "cli/bench_world.h"

#include "cli/cli.h"

#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define WIRE_PACKETS 4096

static const struct rill_addr addr_a = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}};
static const struct rill_addr addr_b = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2}};
const struct rill_addr *const world_addr[2] = {&addr_a, &addr_b};

const char *world_congestion_control;

static int open_stack(struct world *world, unsigned which)
{
    struct rill_netif_config netif = {.name = "wire", .addr = *world_addr[which], .prefix_bits = 24};
    struct rill_config config;
    int error;

    world->memory[which] =
        mmap(NULL, world->memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (world->memory[which] == MAP_FAILED) {
        world->memory[which] = NULL;
        cli_error("no memory");
        return CLI_FAILED;
    }
    rill_config_default(&config);
    config.memory = world->memory[which];
    config.memory_bytes = world->memory_bytes;
    memset(config.secret, (int)which + 1, sizeof config.secret);
    config.now = world->now;
    config.congestion_control = world_congestion_control;
    error = rill_stack_create(&config, &world->stack[which]);
    if (error != 0) {
        cli_error("stack: %s", rill_error_name(error));
        return CLI_FAILED;
    }
    netif.mtu = world->driver[which]->mtu;
    netif.offload = world->driver[which]->offload;
    error = rill_attach(world->stack[which], world->driver[which], &netif);
    if (error < 0) {
        cli_error("interface: %s", rill_error_name(error));
        return CLI_FAILED;
    }
    return 0;
}

int world_open(struct world *world, size_t memory_bytes, uint16_t mtu)
{
    int status;

    memset(world, 0, sizeof *world);
    world->memory_bytes = memory_bytes;
    world->now = UINT64_C(1000000000);
    if (rill_memory_wire(mtu, WIRE_PACKETS, &world->driver[0], &world->driver[1]) != 0) {
        cli_error("no memory");
        return CLI_FAILED;
    }
    status = open_stack(world, 0);
    if (status == 0)
        status = open_stack(world, 1);
    if (status != 0)
        world_close(world);
    return status;
}

void world_close(struct world *world)
{
    for (unsigned i = 0; i < 2; i++)
        if (world->driver[i] != NULL)
            world->driver[i]->ops->close(world->driver[i]);
    for (unsigned i = 0; i < 2; i++) {
        if (world->stack[i] != NULL)
            rill_stack_destroy(world->stack[i]);
        if (world->memory[i] != NULL)
            munmap(world->memory[i], world->memory_bytes);
    }
    memset(world, 0, sizeof *world);
}

void world_settle(struct world *world)
{
    bool moved;

    do {
        moved = rill_turn(world->stack[0], &world->driver[0], 1, world->now);
        moved |= rill_turn(world->stack[1], &world->driver[1], 1, world->now);
    } while (moved);
}

#define PASS_PACKETS 32

void world_pass(struct world *world, unsigned which)
{
    struct rill_driver *driver = world->driver[which];
    struct rill_stack *stack = world->stack[which];
    struct rill_packet packets[PASS_PACKETS];
    static struct rill_train trains[PASS_PACKETS];
    unsigned count = driver->ops->rx_burst(driver, packets, PASS_PACKETS, world->now);

    if (count > 0) {
        rill_input(stack, driver->netif, packets, count, world->now);
        driver->ops->rx_done(driver, packets, count);
    }
    count = rill_output(stack, driver->netif, trains, PASS_PACKETS, world->now);
    if (count > 0)
        driver->ops->tx_burst(driver, trains, count, world->now);
}

void world_forget_events(struct world *world, unsigned which)
{
    struct rill_event event;

    while (rill_next(world->stack[which], &event))
        continue;
}

rill_conn world_listen(struct world *world, uint16_t port, uint32_t backlog)
{
    struct rill_options options;
    rill_conn listener = 0;
    int error;

    rill_options_default(&options);
    options.local.port = port;
    options.backlog = backlog;
    error = rill_tcp_listen(world->stack[1], &options, &listener);
    if (error != 0)
        cli_error("listen: %s", rill_error_name(error));
    return error == 0 ? listener : 0;
}

rill_conn world_connect(struct world *world, uint16_t port)
{
    struct rill_endpoint remote = {.addr = addr_b, .port = port};
    rill_conn conn = 0;
    int error = rill_tcp_connect(world->stack[0], &remote, NULL, &conn);

    if (error != 0)
        cli_error("connect: %s", rill_error_name(error));
    return error == 0 ? conn : 0;
}

uint64_t world_cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
