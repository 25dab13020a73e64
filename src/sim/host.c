/*
 * Hosts: what a driver does for a stack, and what goes wrong while it does.
 */
#include "sim/host.h"

#include <stdlib.h>

#include "sim/capture.h"
#include "sim/end.h"
#include "sim/forge.h"
#include "sim/state_oracle.h"
#include "wire/train.h"

#define TRAINS_MAX 16u
#define PACKETS_MAX 64u
#define ROUNDS_MAX 64u
#define STEPS_MAX 64u /* include/rill/rill.h: struct rill_work */
#define TX_AGAIN (1 * NANOS_PER_US)
#define ISN_TICK (4 * NANOS_PER_US) /* RFC 6528 */

struct rill_addr host_addr(unsigned host)
{
    return rill_addr4(10, 0, 0, (uint8_t)(1 + host));
}

/* ------------------------------------------------------------------- opening */

static bool create(struct world *world, struct host_sim *host)
{
    struct rill_config config = host->scenario->config;
    struct rill_netif_config netif = {.name = "sim",
                                      .mtu = host->scenario->mtu,
                                      .offload = host->scenario->has_offload,
                                      .addr = host_addr(host->index),
                                      .prefix_bits = 24};
    int result;

    config.memory = world->memory[host->index];
    config.now = host_clock(world, host);
    memcpy(config.secret, host->scenario->secret, sizeof config.secret);
    result = rill_stack_create(&config, &host->stack);
    if (result == 0)
        result = rill_netif_add(host->stack, &netif, &host->netif);
    return result == 0 || world_fail(world, "A0 host %u cannot be made: %s", host->index, rill_error_name(result));
}

/* How long must the stack have run for the first session's ISN to be at the corner? Asked of a stack made for that. */
static void aim_isn(struct world *world, struct host_sim *host)
{
    const struct session_scenario *session = &world->scenario.sessions[0];
    bool is_client = host->index == session->client;
    struct rill_endpoint remote = {host_addr(is_client ? session->server : session->client),
                                   is_client ? SERVER_PORT : session->client_port};
    struct rill_options options;
    struct rill_status status;
    rill_conn conn;
    rill_time aim;

    if (!host->scenario->has_corner_isn || (!is_client && host->index != session->server))
        return;
    rill_options_default(&options);
    options.local.port = is_client ? session->client_port : SERVER_PORT;
    if (rill_tcp_connect(host->stack, &remote, &options, &conn) != 0 || rill_status(host->stack, conn, &status) != 0)
        return;
    aim = (uint32_t)(host->scenario->corner_isn - status.iss) * ISN_TICK;
    if (aim < session->starts_at[0])
        aim += (UINT64_C(1) << 32) * ISN_TICK;
    host->scenario->ran_before = aim - session->starts_at[0];
}

static void note_requests(struct host_sim *host)
{
    struct rill_memory memory;

    rill_memory(host->stack, &memory);
    host->requests_before = memory.requests;
}

bool host_open(struct world *world, unsigned index)
{
    static const char *const names[HOST_STREAMS] = {"tx", "rx", "late", "poll", "memory"};
    struct host_sim *host = &world->hosts[index];

    *host = (struct host_sim){.scenario = &world->scenario.hosts[index], .index = (uint8_t)index};
    host->clock_offset = host->scenario->clock_offset;
    host->arrived_tail = &host->arrived;
    host->wakes_at = RILL_NEVER;
    if (index == world->scenario.reference)
        return true;
    for (unsigned i = 0; i < HOST_STREAMS; i++)
        choices_init(&host->streams[i], world->scenario.seed, "host/%u/%s", index, names[i]);
    if (!create(world, host))
        return false;
    if (host->scenario->has_corner_isn) {
        aim_isn(world, host);
        if (!create(world, host))
            return false;
    }
    host->clock_offset += host->scenario->ran_before;
    rill_poll(host->stack, host_clock(world, host));
    state_oracle_attach(world, host);
    note_requests(host);
    if (world->settings.refuse_count > 0 && world->settings.refuse_host == index)
        rill_refuse_memory(host->stack, world->settings.refuse_after, world->settings.refuse_count);
    host_listen(world, host);
    return true;
}

void host_close(struct world *world, unsigned index)
{
    struct host_sim *host = &world->hosts[index];

    while (host->arrived != NULL) {
        struct frame *frame = host->arrived;

        host->arrived = frame->next;
        frame_give(&world->frames, frame);
    }
    if (host->stack != NULL)
        rill_stack_destroy(host->stack);
    host->stack = NULL;
}

void host_listen(struct world *world, struct host_sim *host)
{
    struct rill_options options;
    int result;

    if (host->listener != 0 || host->stack == NULL)
        return;
    rill_options_default(&options);
    options.local.port = SERVER_PORT;
    options.user = USER_LISTENER;
    options.backlog = world->scenario.seed % 3 == 0 ? 2 : 128;
    options.fast_open_backlog = host->scenario->fast_open_backlog;
    result = rill_tcp_listen(host->stack, &options, &host->listener);
    if (result != 0 && result != -RILL_ENOMEM)
        world_fail(world, "A2 host %u: rill_tcp_listen: %s", host->index, rill_error_name(result));
}

/* ------------------------------------------------------------------ receiving */

void host_wake(struct world *world, struct host_sim *host, rill_time at)
{
    if (at >= host->wakes_at || at == RILL_NEVER)
        return;
    host->wakes_at = at;
    event_queue_push(
        &world->queue,
        (struct event){.at = at, .kind = EVENT_HOST, .index = host->index, .version = ++host->wake_version});
}

void host_arrival(struct world *world, struct host_sim *host, struct frame *frame)
{
    rill_time delay_max = host->scenario->rx_delay_max;

    if (host->stack == NULL) {
        reference_arrival(world, host, frame);
        return;
    }
    frame->next = NULL;
    *host->arrived_tail = frame;
    host->arrived_tail = &frame->next;
    host->arrived_count++;
    if (delay_max == 0) {
        host_turn(world, host);
        return;
    }
    if (host->arrived_count == 1)
        host->rx_held_until = world->now + choose(&host->streams[HOST_RX], delay_max + 1);
    host_wake(world, host, max_u64(host->rx_held_until, world->now));
}

/* The packet as the stack is given it: in a buffer of its own, or lent. False: no buffer, as in a NIC's empty ring. */
static bool present(struct world *world, struct host_sim *host, const struct frame *frame, struct rill_packet *packet)
{
    uint8_t *data = NULL;

    *packet = (struct rill_packet){.data = frame->data,
                                   .length_bytes = frame->length_bytes,
                                   .segment_bytes = frame->segment_bytes,
                                   .flags = frame->flags};
    if (host->scenario->borrows_rx)
        return true;
    packet->buffer = rill_buffer_take(host->stack, frame->length_bytes, &data);
    if (packet->buffer == 0) {
        world_trace(world, "host %u has no buffer for a packet of %u bytes", host->index, frame->length_bytes);
        return false;
    }
    memcpy(data, frame->data, frame->length_bytes);
    packet->data = data;
    return true;
}

static struct frame *take_arrived(struct host_sim *host)
{
    struct frame *frame = host->arrived;

    host->arrived = frame->next;
    if (--host->arrived_count == 0)
        host->arrived_tail = &host->arrived;
    return frame;
}

static void note_given(struct world *world, const struct host_sim *host, const struct frame *frame)
{
    struct packet_seen facts = frame->facts;

    if (frame->is_damaged || facts.protocol != 6)
        return;
    packet_oracle_delivered(&world->packets, &facts, frame->incarnation);
    if (world->settings.tape == NULL || frame->is_fragment)
        return;
    if (frame->segment_bytes != 0) { /* the facts are the last packet's, this is all of them */
        uint32_t all = frame->length_bytes - 20 - (uint32_t)(frame->data[32] >> 4) * 4;

        facts.seq -= all - facts.payload_bytes;
        facts.payload_bytes = all;
    }
    tape_packet(world, host, false, frame->data, &facts);
}

/* R4: what peers and attackers send costs no packet more than it may. */
static void judge_work(struct world *world, const struct host_sim *host)
{
    struct rill_work work;

    rill_work(host->stack, &work);
    if (work.steps_max > STEPS_MAX)
        world_fail(world, "R4 host %u: a packet took %u steps", host->index, work.steps_max);
}

static void receive(struct world *world, struct host_sim *host)
{
    struct rill_packet packets[PACKETS_MAX];
    struct frame *frames[PACKETS_MAX];
    unsigned count = 0, taken = 0;

    if (host->arrived_count == 0 || world->now < host->rx_held_until)
        return;
    while (host->arrived_count > 0 && taken < host->scenario->rx_burst_max) {
        struct frame *frame = frames[taken++] = take_arrived(host);

        if (present(world, host, frame, &packets[count])) {
            note_given(world, host, frame);
            count++;
        }
    }
    rill_input(host->stack, host->netif, packets, count, host_clock(world, host));
    judge_work(world, host);
    for (unsigned i = 0; i < count; i++)
        if (packets[i].buffer != 0)
            rill_buffer_give(host->stack, packets[i].buffer);
    for (unsigned i = 0; i < taken; i++)
        frame_give(&world->frames, frames[i]);
}

/* -------------------------------------------------------------------- sending */

static void judge(struct world *world, struct host_sim *host, const uint8_t *packet, uint32_t bytes,
                  struct frame *frame)
{
    const char *wrong = packet_read(packet, bytes, &frame->facts);
    const struct packet_seen *f = &frame->facts;

    if (wrong == NULL && f->protocol == 6)
        wrong = packet_oracle_sent(&world->packets, f, &frame->incarnation);
    if (wrong != NULL && wrong[0] == 'Q' &&
        (world->scenario.attacker == ATTACKER_ON_PATH || (host->stack == NULL && world->scenario.vices != 0)))
        wrong = NULL; /* it may do what it must not, or was told what it should not believe */
    frame->from = host->index;
    frame->to = (uint8_t)(f->to - 1);
    if (wrong == NULL && (f->from != host->index + 1 || frame->to >= world->scenario.host_count))
        wrong = "P1 addresses";
    if (wrong == NULL && bytes > min_u32(host->scenario->mtu, world->scenario.hosts[frame->to].mtu))
        wrong = "P2 larger than the MTU of one of the two";
    host->packets_out++;
    world->result->packets++;
    world->result->bytes += bytes;
    world_hash(world, (uint64_t)f->seq << 32 | f->ack,
               (uint64_t)f->from_port << 48 | (uint64_t)f->to_port << 32 | bytes << 8 | f->flags);
    if (world->settings.trace != NULL)
        trace_packet(world, host->index, "sends", frame);
    if (world->settings.tape != NULL && wrong == NULL && f->protocol == 6)
        tape_packet(world, host, true, packet, f);
    if (world->settings.pcap != NULL)
        capture_packet(world->settings.pcap, world->now, packet, bytes);
    if (wrong != NULL)
        world_fail(world, "%s: host %u sends %u -> %u.%u flags 0x%02x seq %u ack %u window %u, %u bytes", wrong,
                   host->index, f->from_port, f->to, f->to_port, f->flags, f->seq, f->ack, f->window, f->payload_bytes);
}

/* The path's narrowest place lets it through; else its sender may hear of it. Takes the frame when it does not. */
static bool fits(struct world *world, struct frame *frame)
{
    const struct link *link = &world->links[frame->from][frame->to];
    uint32_t bytes = frame->length_bytes;

    if (frame->segment_bytes != 0)
        bytes = min_u32(bytes, 20 + (frame->data[32] >> 4) * 4u + frame->segment_bytes);
    if (link->mtu == 0 || bytes <= link->mtu)
        return true;
    if (!link->is_black_hole) {
        struct frame *error = forge_too_big(&world->frames, frame, (uint16_t)link->mtu);

        error->from = frame->to;
        error->to = frame->from;
        error->is_damaged = error->is_forged = true;
        event_queue_push(
            &world->queue,
            (struct event){.at = world->now + 2 * link->faults.delay + 1, .kind = EVENT_ARRIVAL, .object = error});
    }
    world->result->links.lost++;
    frame_give(&world->frames, frame);
    return false;
}

/* The reference peer takes no fragments, and no tunnel cuts what it never has whole. */
static bool is_cut(const struct world *world, const struct frame *frame)
{
    uint32_t most = world->links[frame->from][frame->to].faults.fragment_bytes;

    return most != 0 && frame->length_bytes - 20 > most && frame->segment_bytes == 0 &&
           world->hosts[frame->to].stack != NULL;
}

static void enter(struct world *world, struct frame *frame)
{
    struct link *link = &world->links[frame->from][frame->to];
    uint32_t end = frame->length_bytes - 20;

    if (world->hosts[frame->to].stack == NULL && frame->facts.protocol != 6) {
        frame_give(&world->frames, frame); /* the reference peer hears TCP only */
        return;
    }
    if (!fits(world, frame))
        return;
    if (!is_cut(world, frame)) {
        link_enter(link, &world->frames, &world->queue, &world->result->links, frame, world->now);
        return;
    }
    for (uint32_t at = 0; at < end;)
        link_enter(link, &world->frames, &world->queue, &world->result->links,
                   link_cut(link, &world->frames, frame, &at), world->now);
    frame_give(&world->frames, frame);
}

void host_send(struct world *world, struct host_sim *host, struct frame *frame)
{
    judge(world, host, frame->data, frame->length_bytes, frame);
    if (world_has_failed(world))
        frame_give(&world->frames, frame);
    else
        enter(world, frame);
}

/* A super-segment goes as one when both ends take them. Its packets are judged one by one all the same. */
static void send_train(struct world *world, struct host_sim *host, struct rill_train *train)
{
    uint32_t count = train_packet_count(train);
    uint8_t to = (uint8_t)(train->header[19] - 1);
    bool is_whole = count > 1 && host->scenario->has_offload && to < world->scenario.host_count &&
                    world->scenario.hosts[to].has_offload;
    struct frame *whole = is_whole ? frame_take(&world->frames, train->header_bytes + train->payload_bytes) : NULL;
    struct train_cursor cursor = {0};

    for (uint32_t i = 0; i < count && !world_has_failed(world); i++) {
        uint32_t bytes = train_packet_bytes(train, i);
        struct frame *frame = is_whole ? whole : frame_take(&world->frames, bytes);
        uint8_t *data = is_whole ? world->scratch : frame->data;

        if (train_cut(train, &cursor, i, data, bytes) != bytes)
            world_fail(world, "P1 host %u: packet %u of a train of %u cannot be cut", host->index, i, count);
        if (is_whole)
            judge(world, host, data, bytes, frame);
        else
            host_send(world, host, frame);
    }
    if (!is_whole)
        return;
    train_prepare_offload(train);
    memcpy(whole->data, train->header, train->header_bytes);
    for (uint32_t i = 0, at = train->header_bytes; i < train->slice_count; at += train->slices[i++].length_bytes)
        memcpy(whole->data + at, train->slices[i].data, train->slices[i].length_bytes);
    whole->segment_bytes = train->segment_bytes;
    whole->flags = RILL_PACKET_CHECKSUM_OK;
    enter(world, whole);
}

/* True when anything left. */
static bool transmit(struct world *world, struct host_sim *host)
{
    unsigned max = host->scenario->tx_burst_max != 0 ? host->scenario->tx_burst_max : TRAINS_MAX;
    struct rill_train trains[TRAINS_MAX];
    unsigned count;

    if (world->now < host->tx_full_until)
        return false;
    if (!rill_wants_output(host->stack, host->netif))
        return false;
    count = rill_output(host->stack, host->netif, trains, max, host_clock(world, host));
    for (unsigned i = 0; i < count && !world_has_failed(world); i++)
        send_train(world, host, &trains[i]);
    if (count > 0 && host->scenario->tx_full_ppm != 0 && chance(&host->streams[HOST_TX], host->scenario->tx_full_ppm))
        host->tx_full_until = world->now + choose_log(&host->streams[HOST_TX], 1, host->scenario->tx_full_max);
    else if (host->scenario->tx_burst_max != 0 && count == max)
        host->tx_full_until = world->now + TX_AGAIN;
    return count > 0;
}

/* ----------------------------------------------------------------------- time */

/* When the engine will be called for its deadline: on time, or some time later. */
static rill_time poll_due(struct host_sim *host, rill_time deadline)
{
    rill_time late_max = host->scenario->poll_late_max, tick = host->scenario->clock_tick;

    if (deadline == RILL_NEVER)
        return RILL_NEVER;
    if (late_max != 0)
        deadline += choose_log(&host->streams[HOST_LATE], 1, late_max);
    return deadline + tick - 1 - (deadline + tick - 1) % tick;
}

static void set_wake(struct world *world, struct host_sim *host)
{
    rill_time deadline = rill_deadline(host->stack);
    rill_time next = RILL_NEVER;

    if (deadline != host->deadline) {
        host->deadline = deadline;
        host->poll_due_at = poll_due(host, deadline);
    }
    if (host->poll_due_at != RILL_NEVER)
        next = host->poll_due_at > host->clock_offset ? host->poll_due_at - host->clock_offset : 0;
    if (host->arrived_count > 0)
        next = min_u64(next, host->rx_held_until);
    if (rill_wants_output(host->stack, host->netif))
        next = min_u64(next, host->tx_full_until);
    host_wake(world, host, max_u64(next, world->now));
}

/* T4: polls at one instant that bring nothing about must come to an end. */
static void judge_polls(struct world *world, struct host_sim *host, bool has_moved)
{
    rill_time deadline = rill_deadline(host->stack);

    if (deadline > host_clock(world, host) || has_moved) {
        host->idle_polls = 0;
        return;
    }
    if (++host->idle_polls > 3)
        world_fail(world, "T4 host %u: after rill_poll() at %llu the deadline is still %llu, and nothing moves",
                   host->index, (unsigned long long)host_clock(world, host), (unsigned long long)deadline);
}

static bool poll(struct world *world, struct host_sim *host)
{
    bool is_due = host->poll_due_at <= host_clock(world, host);

    if (!is_due && !(host->scenario->polls_often && chance(&host->streams[HOST_POLL], PPM / 4)))
        return false;
    host->deadline = 0; /* to be drawn anew */
    rill_poll(host->stack, host_clock(world, host));
    return true;
}

static void refuse_memory(const struct world *world, struct host_sim *host)
{
    struct choices *c = &host->streams[HOST_MEMORY];
    uint64_t after;

    if (host->scenario->refuse_ppm == 0 || world->is_healed || !chance(c, host->scenario->refuse_ppm))
        return;
    after = choose_log(c, 1, 16) - 1;
    rill_refuse_memory(host->stack, after, choose_log(c, 1, host->scenario->refuse_max));
}

void host_turn(struct world *world, struct host_sim *host)
{
    bool has_moved = false, has_polled;
    unsigned rounds = 0;

    if (host->stack == NULL) {
        reference_turn(world, host);
        return;
    }
    refuse_memory(world, host);
    receive(world, host);
    has_polled = poll(world, host);
    for (bool again = true; again && rounds < ROUNDS_MAX && !world_has_failed(world); rounds++) {
        again = host_take_events(world, host);
        again |= transmit(world, host);
        has_moved |= again;
    }
    if (world_has_failed(world))
        return;
    if (has_polled)
        judge_polls(world, host, has_moved);
    set_wake(world, host);
}

void host_jump(struct world *world, struct host_sim *host, rill_time distance)
{
    host->clock_offset += distance;
    host_turn(world, host);
}

void host_squeeze(struct host_sim *host, uint32_t pieces_left)
{
    uint8_t *data;

    for (uint32_t bytes = 1 << 20; bytes >= 128 && host->stack != NULL; bytes /= 2) {
        while (host->held_count < HELD_MAX) {
            uint32_t buffer = rill_buffer_take(host->stack, bytes - 64, &data);

            if (buffer == 0)
                break;
            host->held[host->held_count++] = buffer;
        }
    }
    while (pieces_left-- > 0 && host->held_count > 0)
        rill_buffer_give(host->stack, host->held[--host->held_count]);
}

void host_release(struct host_sim *host)
{
    while (host->held_count > 0)
        rill_buffer_give(host->stack, host->held[--host->held_count]);
}

void host_heal(struct world *world, struct host_sim *host)
{
    struct host_scenario *s = host->scenario;

    if (host->stack == NULL) {
        reference_heal(world, host);
        return;
    }
    host_release(host);
    if (s->refuse_ppm != 0)
        rill_refuse_memory(host->stack, 0, 0);
    s->tx_full_ppm = 0;
    s->poll_late_max = 0;
    s->rx_delay_max = 0;
    host->tx_full_until = 0;
    host->rx_held_until = 0;
    host->deadline = 0;
    host_listen(world, host);
    host_turn(world, host);
}
