/*
 * The stack of a script and its time: see run.h.
 */
#include "drill/calls.h"
#include "drill/run.h"

#include "wire/train.h"

#include <string.h>
#include <sys/mman.h>

#define STACK_BYTES (32u << 20)
#define TRAINS 16
#define SAME_INSTANT_MAX 1000 /* turns without time moving: something goes round in circles */

static void *take_memory(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

/* State changes and drops go into the ladder. */
static void on_trace(void *context, const struct rill_trace_event *event)
{
    struct run *run = context;

    if (event->type == RILL_TRACE_STATE)
        run_say(run, "      %s -> %s", rill_state_name((enum rill_state)event->a),
                rill_state_name((enum rill_state)event->b));
    else if (event->type == RILL_TRACE_DROP)
        run_say(run, "      dropped: %s", rill_drop_name((enum rill_drop)event->a));
}

static bool open_sockets(struct run *run)
{
    struct rill_sockets_config config;

    rill_sockets_config_default(&config);
    config.stack = run->stack;
    config.memory_bytes = rill_sockets_bytes(&config);
    run->sockets_memory = take_memory(config.memory_bytes);
    config.memory = run->sockets_memory;
    if (config.memory == NULL || rill_sockets_create(&config, &run->sockets) != 0)
        return run_fail(run, "no memory for the sockets");
    for (unsigned i = 0; i < DRILL_FDS_MAX; i++)
        run->fds[i] = -1;
    run->subject_fd = -1;
    return true;
}

bool run_open_world(struct run *run)
{
    struct rill_netif_config netif = {.name = "drill", .mtu = run->mtu, .prefix_bits = 16};
    int error;

    run->memory = take_memory(STACK_BYTES);
    if (run->memory == NULL)
        return run_fail(run, "no memory for the stack");
    run->config.memory = run->memory;
    run->config.memory_bytes = STACK_BYTES;
    memset(run->config.secret, 0x5a, sizeof run->config.secret);
    run->config.now = 0;
    error = rill_stack_create(&run->config, &run->stack);
    if (error != 0)
        return run_fail(run, "the stack refuses its settings: %s", rill_error_name(error));
    netif.addr = run->local;
    netif.gateway = run->gateway;
    error = rill_netif_add(run->stack, &netif, &run->netif);
    if (error != 0)
        return run_fail(run, "the stack refuses its interface: %s", rill_error_name(error));
    rill_trace(run->stack, on_trace, run);
    run->now = run->event_time = run->zero;
    rill_poll(run->stack, run->now);
    return open_sockets(run);
}

void run_close_world(struct run *run)
{
    if (run->sockets != NULL)
        host_fds_close(run);
    if (run->stack != NULL) {
        rill_trace(run->stack, NULL, NULL);
        rill_stack_destroy(run->stack);
    }
    if (run->sockets_memory != NULL) {
        struct rill_sockets_config config;

        rill_sockets_config_default(&config);
        munmap(run->sockets_memory, rill_sockets_bytes(&config));
    }
    if (run->memory != NULL)
        munmap(run->memory, STACK_BYTES);
}

void run_input(struct run *run, const uint8_t *packet, size_t length_bytes)
{
    struct rill_packet in = {.data = packet, .length_bytes = (uint32_t)length_bytes};

    rill_input(run->stack, run->netif, &in, 1, run->now);
}

/* Everything the stack wants to send now, cut into packets. False when it sent nothing. */
static bool collect(struct run *run)
{
    struct rill_train trains[TRAINS];
    uint8_t packet[65536];
    unsigned count = rill_output(run->stack, run->netif, trains, TRAINS, run->now);

    for (unsigned i = 0; i < count; i++) {
        struct train_cursor cursor = {0};

        for (uint32_t k = 0; k < train_packet_count(&trains[i]); k++) {
            size_t bytes = train_cut(&trains[i], &cursor, k, packet, sizeof packet);

            if (bytes > 0)
                captured_add(run, packet, bytes);
        }
    }
    return count > 0;
}

bool run_turn(struct run *run)
{
    bool moved = true;

    for (unsigned i = 0; moved; i++) {
        if (i == SAME_INSTANT_MAX)
            return run_fail(run, "the stack does not come to rest");
        moved = collect(run);
        (void)rill_sock_poll(run->sockets, NULL, 0, 0); /* takes the stack's events, with the time of now */
        if (run->blocked.event == NULL)
            continue;
        if (!run_call_retry(run))
            return false;
        moved |= run->blocked.event == NULL; /* what it did may send */
    }
    return true;
}

/* The next instant at which something may happen by itself. */
static rill_time next_instant(struct run *run)
{
    rill_time deadline = rill_deadline(run->stack);

    return run->blocked.event != NULL && run->blocked.timeout < deadline ? run->blocked.timeout : deadline;
}

enum wait_for { WAIT_TIME, WAIT_PACKET, WAIT_CALL };

static bool is_over(const struct run *run, enum wait_for what)
{
    return (what == WAIT_PACKET && run->captured != NULL) || (what == WAIT_CALL && run->blocked.event == NULL);
}

static bool wait_for(struct run *run, enum wait_for what, rill_time until)
{
    unsigned stuck = 0;

    for (;;) {
        rill_time next;

        if (!run_turn(run))
            return false;
        if (is_over(run, what))
            return true;
        next = next_instant(run);
        if (next > until || next == RILL_NEVER)
            break;
        stuck = next > run->now ? 0 : stuck + 1;
        if (stuck > SAME_INSTANT_MAX)
            return run_fail(run, "the stack's deadline does not move");
        if (next > run->now)
            run->now = next;
        rill_poll(run->stack, run->now);
    }
    if (until != RILL_NEVER && until > run->now) {
        run->now = until;
        rill_poll(run->stack, until); /* calls take no time of their own: they happen at the last one told */
    }
    return true;
}

bool run_advance(struct run *run, rill_time until)
{
    return wait_for(run, WAIT_TIME, until);
}

bool run_wait_for_packet(struct run *run, rill_time until)
{
    return wait_for(run, WAIT_PACKET, until);
}

bool run_wait_for_call(struct run *run)
{
    rill_time end = run->blocked.end;
    const char *source = run->blocked.event->source;

    if (!wait_for(run, WAIT_CALL, end + (rill_time)run->tolerance_us * 1000))
        return false;
    if (run->blocked.event == NULL)
        return true;
    run->event = run->blocked.event;
    return run_fail(run, "expected %s to return at %.6f, got a call that still waits", source, run_seconds(run, end));
}
