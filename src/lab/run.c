/*
 * The world of one run and its clock.
 */
#include "lab/run.h"

#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/types.h"
#include "lab/path.h"

#define FIRST_PORT 5001u
#define VIRTUAL_START NANOS_PER_S
#define SAMPLE_EVERY NANOS_PER_MS
#define TURNS_WITHOUT_TIME_MAX 1000000u

const struct lab_mix lab_mixes[] = {
    {"bulk", "one bulk transfer", {{FLOW_BULK, 1}}},
    {"bulk10", "ten bulk transfers", {{FLOW_BULK, 10}}},
    {"objects", "objects of 100 KB, one after the other, a connection each", {{FLOW_OBJECTS, 1}}},
    {"mixed", "the same objects against one bulk transfer", {{FLOW_OBJECTS, 1}, {FLOW_BULK, 1}}},
    {"requests", "request and response (100 B, 8 KB), one after the other", {{FLOW_REQUESTS, 1}}},
    {"loaded", "the same requests against one bulk transfer", {{FLOW_REQUESTS, 1}, {FLOW_BULK, 1}}},
    {NULL, NULL, {{FLOW_BULK, 0}}},
};

const struct lab_mix *lab_mix_find(const char *name)
{
    for (const struct lab_mix *mix = lab_mixes; mix->name != NULL; mix++) {
        if (strcmp(mix->name, name) == 0)
            return mix;
    }
    return NULL;
}

struct world {
    const struct lab_settings *settings;
    struct lab_result *result;
    struct lab_net net;
    struct host *hosts[LAB_LEFTS_MAX + 1]; /* the last one is the right */
    unsigned host_count;
    struct lab_flow flows[LAB_FLOWS_MAX];
    unsigned flow_of_left[LAB_FLOWS_MAX];
    unsigned flow_count;
    bool is_real;
    rill_time now, began, next_sample;
    uint64_t turns_at_now;
    struct samples queue, late;
    struct lab_plot *plot;
};

static bool fail(struct world *world, const char *what, const char *why)
{
    if (world->result->failure[0] == '\0')
        snprintf(world->result->failure, sizeof world->result->failure, "%s%s%s", what, why[0] != '\0' ? ": " : "",
                 why);
    return false;
}

/* -------------------------------------------------------------------- set-up */

static bool open_host(struct world *world, const struct lab_host_choice *choice, enum lab_side side)
{
    const struct lab_settings *settings = world->settings;
    struct host_settings host = {
        .side = side,
        .extra_delay = choice->extra_delay,
        .congestion_control = choice->congestion_control[0] != '\0' ? choice->congestion_control : NULL,
        .buffer_bytes = settings->buffer_bytes >= 0 ? (uint32_t)settings->buffer_bytes
                                                    : lab_buffer_bytes(&settings->forward, &settings->back),
        .pcap = world->host_count == 0 ? settings->pcap : NULL,
        .seed = settings->seed,
        .now = world->now,
    };
    struct host *opened = choice->is_linux ? host_open_linux(&world->net, &host) : host_open_rill(&world->net, &host);
    if (opened == NULL)
        return fail(world, "a host could not be made", "");
    world->hosts[world->host_count++] = opened;
    return true;
}

static bool open_hosts(struct world *world)
{
    const struct lab_settings *settings = world->settings;
    for (unsigned i = 0; i < settings->left_count; i++) {
        if (!open_host(world, &settings->lefts[i], LAB_LEFT))
            return false;
    }
    return open_host(world, &settings->right, LAB_RIGHT);
}

static bool start_flows(struct world *world)
{
    struct host *right = world->hosts[world->host_count - 1];
    for (unsigned left = 0; left + 1 < world->host_count; left++) {
        for (unsigned part = 0; part < 2; part++) {
            for (unsigned i = 0; i < world->settings->mix->parts[part].count; i++) {
                unsigned number = world->flow_count;
                if (number == LAB_FLOWS_MAX)
                    return fail(world, "too many flows", "");
                world->flow_of_left[number] = left;
                world->flow_count++;
                if (!lab_flow_start(&world->flows[number], world->settings->mix->parts[part].kind, world->hosts[left],
                                    right, (uint16_t)(FIRST_PORT + number), world->now))
                    return fail(world, "a flow", world->flows[number].failure);
            }
        }
    }
    return true;
}

static bool open_plot(struct world *world)
{
    const struct lab_settings *settings = world->settings;
    char name[96];
    if (settings->plot == NULL)
        return true;
    const struct lab_host_choice *left = &settings->lefts[0];
    snprintf(name, sizeof name, "%s-%s-%s%s%s", settings->path_name, settings->mix->name,
             left->is_linux ? "linux" : "rill", left->congestion_control[0] != '\0' ? "-" : "",
             left->congestion_control);
    world->plot = plot_open(settings->plot, name, world->flow_count, FIRST_PORT, world->now);
    if (world->plot == NULL)
        return fail(world, "no place for plots", "");
    for (unsigned i = 0; i + 1 < world->host_count; i++) {
        if (host_stack(world->hosts[i]) != NULL)
            plot_watch(world->plot, host_stack(world->hosts[i]));
    }
    return true;
}

static bool needs_real_time(const struct lab_settings *settings)
{
    bool is_real = settings->is_real || settings->right.is_linux;
    for (unsigned i = 0; i < settings->left_count; i++)
        is_real |= settings->lefts[i].is_linux;
    return is_real;
}

/* ---------------------------------------------------------------------- time */

/* What the forward queue holds, as the time that it takes to leave. */
static double queue_ms(const struct world *world)
{
    const struct impaired_link *link = &world->net.links[LAB_LEFT];
    if (link->impairment.rate_bits == 0 || link->free_at <= world->now)
        return 0;
    return (double)(link->free_at - world->now) / (double)NANOS_PER_MS;
}

static void take_sample(struct world *world)
{
    double delay = queue_ms(world);
    samples_add(&world->queue, delay);
    world->next_sample = world->now + SAMPLE_EVERY;
    if (world->plot == NULL)
        return;
    plot_queue(world->plot, delay, world->now);
    for (unsigned i = 0; i < world->flow_count; i++) {
        struct lab_flow *flow = &world->flows[i];
        struct conn_counts counts;
        flow->left->ops->count(&flow->left_end, &counts);
        plot_cwnd(world->plot, i, counts.cwnd_bytes, world->now);
    }
}

static rill_time next_deadline(struct world *world)
{
    rill_time next = min_u64(lab_net_deadline(&world->net), world->next_sample);
    for (unsigned i = 0; i < world->host_count; i++)
        next = min_u64(next, world->hosts[i]->ops->deadline(world->hosts[i]));
    return next;
}

/* Sleep until the deadline, or until a device or a socket has something. */
static void sleep_until(struct world *world, rill_time deadline)
{
    struct pollfd fds[2 * LAB_PORTS_MAX];
    nfds_t count = 0;
    for (unsigned i = 0; i < world->net.port_count; i++) {
        struct rill_driver *device = world->net.ports[i]->device;
        if (device != NULL)
            fds[count++] = (struct pollfd){.fd = device->ops->descriptor(device), .events = POLLIN};
    }
    for (unsigned i = 0; i < world->host_count; i++)
        fds[count++] = (struct pollfd){.fd = world->hosts[i]->ops->descriptor(world->hosts[i]), .events = POLLIN};
    rill_time now = rill_clock(), left = deadline - min_u64(deadline, now);
    struct timespec timeout = {.tv_sec = (time_t)(left / NANOS_PER_S), .tv_nsec = (long)(left % NANOS_PER_S)};
    int ready = ppoll(fds, count, &timeout, NULL);
    world->now = rill_clock();
    if (ready == 0 && left > 0)
        samples_add(&world->late, (double)(world->now - deadline) / (double)NANOS_PER_MS);
}

static void pass_time(struct world *world)
{
    rill_time next = next_deadline(world);
    if (world->is_real) {
        sleep_until(world, next);
        return;
    }
    if (next <= world->now)
        return;
    world->now = next;
    world->turns_at_now = 0;
}

/* Let everything happen that happens now; true when anything did. */
static bool turn(struct world *world)
{
    bool has_moved = lab_net_turn(&world->net, world->now);
    for (unsigned i = 0; i < world->host_count; i++)
        has_moved |= world->hosts[i]->ops->turn(world->hosts[i], world->now);
    for (unsigned i = 0; i < world->flow_count; i++) {
        has_moved |= lab_flow_step(&world->flows[i], world->now);
        if (world->flows[i].failure[0] != '\0')
            return fail(world, "a flow", world->flows[i].failure);
    }
    if (world->now >= world->next_sample)
        take_sample(world);
    return has_moved;
}

static void run_until(struct world *world, rill_time end)
{
    while (world->now < end && world->result->failure[0] == '\0') {
        bool has_moved = turn(world);
        if (world->is_real && has_moved)
            world->now = rill_clock();
        if (!has_moved)
            pass_time(world);
        if (!world->is_real && ++world->turns_at_now > TURNS_WITHOUT_TIME_MAX)
            fail(world, "something moves for ever without time passing", "");
    }
}

/* -------------------------------------------------------------------- result */

static void tell_flow(struct world *world, unsigned index, double seconds)
{
    struct lab_flow *flow = &world->flows[index];
    struct lab_flow_result *to = &world->result->flows[index];
    *to = (struct lab_flow_result){
        .kind = flow->kind,
        .left = world->flow_of_left[index],
        .mbit = (double)flow->bytes * 8 / 1e6 / seconds,
        .bytes = flow->bytes,
        .done = flow->times.count,
        .mean_ms = samples_mean(&flow->times),
        .median_ms = samples_quantile(&flow->times, 0.5),
        .p95_ms = samples_quantile(&flow->times, 0.95),
        .max_ms = samples_quantile(&flow->times, 1),
    };
}

static bool has_bulk(const struct world *world)
{
    bool found = false;
    for (unsigned i = 0; i < world->flow_count; i++)
        found |= world->flows[i].kind == FLOW_BULK;
    return found;
}

static void tell_result(struct world *world, double cpu_seconds)
{
    struct lab_result *result = world->result;
    double seconds = (double)(world->now - world->began) / 1e9;
    struct samples shares = {0};
    bool only_bulk = has_bulk(world);
    result->flow_count = world->flow_count;
    for (unsigned i = 0; i < world->flow_count; i++) {
        tell_flow(world, i, seconds);
        if (only_bulk && world->flows[i].kind != FLOW_BULK)
            continue;
        result->mbit += result->flows[i].mbit;
        samples_add(&shares, result->flows[i].mbit);
    }
    result->jain = samples_jain(&shares);
    result->queue_mean_ms = samples_mean(&world->queue);
    result->queue_p95_ms = samples_quantile(&world->queue, 0.95);
    result->late_ms = samples_quantile(&world->late, 0.99);
    result->forward = world->net.links[LAB_LEFT].counts;
    result->back = world->net.links[LAB_RIGHT].counts;
    result->refused = world->net.strays;
    for (unsigned i = 0; i < world->net.port_count; i++)
        result->refused += world->net.ports[i]->refused;
    result->cpu_share = world->is_real ? cpu_seconds / seconds : 0;
    samples_free(&shares);
}

/* Of all stacks of rill's together. */
static void tell_drops(struct world *world)
{
    char *text = world->result->drops;
    size_t room = sizeof world->result->drops, used = 0;
    for (unsigned reason = 0; reason < RILL_DROP_KINDS && used < room; reason++) {
        uint64_t count = 0;
        for (unsigned i = 0; i < world->host_count; i++) {
            struct rill_stack *stack = host_stack(world->hosts[i]);
            count += stack != NULL ? rill_drops(stack, (enum rill_drop)reason) : 0;
        }
        if (count > 0)
            used += (size_t)snprintf(text + used, room - used, "%s%s=%llu", used > 0 ? " " : "",
                                     rill_drop_name((enum rill_drop)reason), (unsigned long long)count);
    }
}

static void check_stacks(struct world *world)
{
    for (unsigned i = 0; i < world->host_count; i++) {
        struct rill_stack *stack = host_stack(world->hosts[i]);
        if (stack != NULL && world->settings->has_check && !rill_check(stack))
            fail(world, "rill_check() found a broken invariant", "");
    }
}

static void close_world(struct world *world)
{
    for (unsigned i = 0; i < world->flow_count; i++) {
        lab_flow_end(&world->flows[i]);
        world->result->flows[i].counts = world->flows[i].counts;
    }
    for (unsigned i = 0; i < world->host_count; i++)
        world->hosts[i]->ops->free(world->hosts[i]);
    lab_net_close(&world->net);
    plot_close(world->plot);
    samples_free(&world->queue);
    samples_free(&world->late);
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* A neighbour's burst of work is not the path's jitter. Without the right to it, the runs are as good as they are. */
static void go_first(void)
{
    struct sched_param lowest = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
    (void)sched_setscheduler(0, SCHED_FIFO, &lowest);
}

bool lab_run(const struct lab_settings *settings, struct lab_result *result)
{
    struct world *world = calloc(1, sizeof *world);
    *result = (struct lab_result){0};
    if (world == NULL)
        return false;
    world->settings = settings;
    world->result = result;
    world->is_real = needs_real_time(settings);
    world->now = world->is_real ? rill_clock() : VIRTUAL_START;
    if (world->is_real)
        go_first();
    struct rill_impairment forward = settings->forward, back = settings->back;
    forward.seed = back.seed = settings->seed;
    lab_net_init(&world->net, &forward, &back);
    bool is_good = open_hosts(world);
    if (world->is_real)
        world->now = rill_clock();
    world->began = world->next_sample = world->now;
    double cpu = cpu_seconds();
    if (is_good && start_flows(world) && open_plot(world)) {
        run_until(world, world->began + settings->duration);
        tell_result(world, cpu_seconds() - cpu);
        tell_drops(world);
        check_stacks(world);
    }
    close_world(world);
    free(world);
    return result->failure[0] == '\0';
}
