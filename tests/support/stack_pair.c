#include "support/stack_pair.h"

#include <stdlib.h>
#include <string.h>

#include "wire/train.h"

void pair_open(struct pair *p, size_t memory_bytes, void (*configure)(unsigned side, struct rill_config *config))
{
    pair_open_with_mtu(p, 1500, memory_bytes, configure);
}

void pair_open_with_mtu(struct pair *p, uint16_t mtu, size_t memory_bytes,
                        void (*configure)(unsigned side, struct rill_config *config))
{
    struct rill_options options;

    memset(p, 0, offsetof(struct pair, queue));
    p->now = UINT64_C(1000000000);
    for (unsigned side = 0; side < 2; side++) {
        struct rill_netif_config netif = {
            .name = "pair", .mtu = mtu, .addr = rill_addr4(10, 0, 0, (uint8_t)(1 + side)), .prefix_bits = 24};
        struct rill_config config;

        rill_config_default(&config);
        config.memory_bytes = memory_bytes;
        config.memory = p->memory[side] = aligned_alloc(4096, memory_bytes);
        assert_non_null(config.memory);
        config.now = p->now;
        config.secret[0] = (uint8_t)(1 + side);
        if (configure != NULL)
            configure(side, &config);
        assert_int_equal(rill_stack_create(&config, &p->stack[side]), 0);
        assert_int_equal(rill_netif_add(p->stack[side], &netif, &p->netif[side]), 0);
    }
    rill_options_default(&options);
    options.local.port = 80;
    options.backlog = 16;
    assert_int_equal(rill_tcp_listen(p->stack[1], &options, &p->listener), 0);
}

void pair_close(struct pair *p)
{
    for (unsigned side = 0; side < 2; side++) {
        rill_stack_destroy(p->stack[side]);
        free(p->memory[side]);
    }
}

int pair_connect(struct pair *p, rill_conn *out)
{
    struct rill_endpoint remote = {rill_addr4(10, 0, 0, 2), 80};

    return rill_tcp_connect(p->stack[0], &remote, NULL, out);
}

bool pair_accept(struct pair *p, rill_conn *out)
{
    return rill_accept(p->stack[1], p->listener, out, NULL) == 0;
}

static void keep_packet(struct pair *p, unsigned from, const uint8_t *data, size_t bytes)
{
    struct packet_facts facts;
    const char *wrong = packet_check(data, bytes, &facts);

    if (wrong != NULL)
        fail_msg("stack %u sent a bad packet: %s", from, wrong);
    p->packets[from]++;
    if (p->pass != NULL && !p->pass(p->context, from, &facts))
        return;
    assert_true(p->queued < PAIR_QUEUE);
    p->queue[p->queued].from = from;
    p->queue[p->queued].bytes = (uint32_t)bytes;
    memcpy(p->queue[p->queued].data, data, bytes);
    p->queued++;
}

static void collect(struct pair *p, unsigned from)
{
    struct rill_train train;

    while (p->queued < PAIR_QUEUE / 2 && rill_output(p->stack[from], p->netif[from], &train, 1, p->now) == 1) {
        struct train_cursor cursor = {0};
        static uint8_t packet[PAIR_MTU_MAX];

        for (uint32_t i = 0; i < train_packet_count(&train); i++)
            keep_packet(p, from, packet, train_cut(&train, &cursor, i, packet, sizeof packet));
    }
    assert_true(rill_check(p->stack[from]));
}

static void deliver(struct pair *p)
{
    unsigned n = p->queued;

    for (unsigned i = 0; i < n; i++)
        pair_inject(p, 1 - p->queue[i].from, p->queue[i].data, p->queue[i].bytes);
    memmove(p->queue, p->queue + n, (p->queued - n) * sizeof p->queue[0]);
    p->queued -= n;
}

void pair_inject(struct pair *p, unsigned to, const uint8_t *packet, uint32_t bytes)
{
    struct rill_packet in = {.data = packet, .length_bytes = bytes};

    rill_input(p->stack[to], p->netif[to], &in, 1, p->now);
    assert_true(rill_check(p->stack[to]));
}

void pair_settle(struct pair *p)
{
    uint64_t first = p->packets[0] + p->packets[1];
    struct rill_event event;

    for (;;) {
        collect(p, 0);
        collect(p, 1);
        if (p->queued == 0)
            break;
        if (p->packets[0] + p->packets[1] - first > PAIR_PACKETS_MAX)
            fail_msg("the two answer each other for ever");
        deliver(p);
    }
    for (unsigned side = 0; side < 2; side++)
        while (rill_next(p->stack[side], &event))
            if (p->told != NULL)
                p->told(p->context, side, &event);
}

void pair_advance(struct pair *p, uint64_t ms)
{
    rill_time end = p->now + ms * 1000000;

    pair_settle(p);
    for (;;) {
        rill_time a = rill_deadline(p->stack[0]), b = rill_deadline(p->stack[1]);
        rill_time next = a < b ? a : b;

        if (next > end)
            break;
        p->now = next > p->now ? next : p->now;
        rill_poll(p->stack[0], p->now);
        rill_poll(p->stack[1], p->now);
        pair_settle(p);
    }
    p->now = end;
    rill_poll(p->stack[0], p->now);
    rill_poll(p->stack[1], p->now);
    pair_settle(p);
}

void pair_establish(struct pair *p)
{
    assert_int_equal(pair_connect(p, &p->conn[0]), 0);
    pair_settle(p);
    assert_true(pair_accept(p, &p->conn[1]));
}

enum rill_state pair_state(struct pair *p, unsigned side)
{
    struct rill_status status;
    uint64_t cursor = 0;

    while (rill_list(p->stack[side], &cursor, &status))
        if (status.state != RILL_STATE_LISTEN)
            return status.state;
    return RILL_STATE_CLOSED;
}

void pair_expect_baseline(struct pair *p)
{
    for (unsigned side = 0; side < 2; side++) {
        struct rill_memory memory;

        rill_memory(p->stack[side], &memory);
        assert_int_equal(memory.connections, 0);
        assert_int_equal(memory.half_open, 0);
        assert_int_equal(memory.time_wait, 0);
        assert_int_equal(memory.paths, 0);
        assert_int_equal(memory.buffer_bytes, 0);
        assert_true(rill_check(p->stack[side]));
    }
}
