/*
 * Two ends back to back in one process. What one end sends is put together
 * straight in buffers of the other end's stack: cut into packets with right
 * checksums, which the receiver truly verifies, or, with offloads, whole.
 */
#include <stdlib.h>
#include <string.h>

#include "base/types.h"
#include "rill/driver.h"
#include "wire/train.h"

#define PACKETS_PER_TRAIN 64u /* about: 64 KiB at an MTU of 1,000; only sizes the bursts */
#define RING_PACKETS_MIN 64u

/* Packets on their way to the end that holds it: packets[first % capacity] is the oldest. capacity: a power of two. */
struct ring {
    struct rill_packet *packets;
    unsigned capacity, first, count;
};

struct memory_end {
    struct rill_driver driver;
    struct memory_end *other; /* NULL once that one is closed */
    struct ring arriving;
    unsigned queue_packets;
};

static struct memory_end *end_of(struct rill_driver *driver)
{
    return (struct memory_end *)(void *)driver;
}

static bool ring_grow(struct ring *ring)
{
    unsigned capacity = ring->capacity == 0 ? RING_PACKETS_MIN : ring->capacity * 2;
    struct rill_packet *packets = malloc(capacity * sizeof *packets);
    if (packets == NULL)
        return false;
    for (unsigned i = 0; i < ring->count; i++)
        packets[i] = ring->packets[(ring->first + i) & (ring->capacity - 1)];
    free(ring->packets);
    ring->packets = packets;
    ring->capacity = capacity;
    ring->first = 0;
    return true;
}

/* A packet of up to `bytes` at the tail of the end's ring, in a buffer of its stack; NULL when there is no memory. */
static struct rill_packet *take_arriving(struct memory_end *end, uint32_t bytes, uint8_t **data)
{
    struct ring *ring = &end->arriving;
    bool has_room = likely(ring->count < ring->capacity) || ring_grow(ring);
    bool is_attached = end->driver.stack != NULL;
    uint32_t buffer = has_room && is_attached ? rill_buffer_take(end->driver.stack, bytes, data) : 0;
    if (unlikely(buffer == 0)) {
        end->driver.lost_no_memory++;
        return NULL;
    }
    struct rill_packet *packet = &ring->packets[(ring->first + ring->count++) & (ring->capacity - 1)];
    *packet = (struct rill_packet){.data = *data, .length_bytes = bytes, .buffer = buffer};
    return packet;
}

static void send_cut(struct memory_end *to, const struct rill_train *train)
{
    struct train_cursor cursor = {0};
    uint32_t count = train_packet_count(train);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *data = NULL;
        uint32_t bytes = train_packet_bytes(train, i);
        if (take_arriving(to, bytes, &data) == NULL)
            continue;
        size_t written = train_cut(train, &cursor, i, data, bytes);
        rill_assert(written == bytes);
    }
}

static void send_whole(struct memory_end *to, struct rill_train *train)
{
    uint8_t *data = NULL;
    struct rill_packet *packet = take_arriving(to, train->header_bytes + train->payload_bytes, &data);
    if (packet == NULL)
        return;
    train_prepare_offload(train);
    packet->flags = RILL_PACKET_CHECKSUM_OK;
    packet->segment_bytes = train->payload_bytes > train->segment_bytes ? train->segment_bytes : 0;
    memcpy(data, train->header, train->header_bytes);
    data += train->header_bytes;
    for (unsigned i = 0; i < train->slice_count; i++) {
        memcpy(data, train->slices[i].data, train->slices[i].length_bytes);
        data += train->slices[i].length_bytes;
    }
}

static unsigned memory_tx_burst(struct rill_driver *self, struct rill_train *trains, unsigned count, rill_time now)
{
    struct memory_end *other = end_of(self)->other;
    (void)now;
    for (unsigned i = 0; i < count && other != NULL; i++) {
        if (self->offload)
            send_whole(other, &trains[i]);
        else
            send_cut(other, &trains[i]);
    }
    return count;
}

static unsigned memory_tx_room(struct rill_driver *self)
{
    const struct memory_end *other = end_of(self)->other;
    unsigned queued = other == NULL ? 0 : other->arriving.count;
    unsigned limit = end_of(self)->queue_packets;
    return queued >= limit ? 0 : 1 + (limit - queued) / PACKETS_PER_TRAIN;
}

static bool memory_tx_packet(struct rill_driver *self, const uint8_t *data, uint32_t length_bytes, rill_time now)
{
    struct memory_end *other = end_of(self)->other;
    uint8_t *to = NULL;
    (void)now;
    if (memory_tx_room(self) == 0)
        return false;
    if (other != NULL && take_arriving(other, length_bytes, &to) != NULL)
        memcpy(to, data, length_bytes);
    return true;
}

static unsigned memory_rx_burst(struct rill_driver *self, struct rill_packet *packets, unsigned max, rill_time now)
{
    struct ring *ring = &end_of(self)->arriving;
    unsigned count = min_u32(max, ring->count);
    (void)now;
    for (unsigned i = 0; i < count; i++)
        packets[i] = ring->packets[(ring->first + i) & (ring->capacity - 1)];
    ring->first += count;
    ring->count -= count;
    return count;
}

static void memory_rx_done(struct rill_driver *self, struct rill_packet *packets, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (packets[i].buffer != 0)
            rill_buffer_give(self->stack, packets[i].buffer);
    }
}

static rill_time memory_deadline(struct rill_driver *self)
{
    return end_of(self)->arriving.count > 0 ? 0 : RILL_NEVER;
}

static int memory_descriptor(struct rill_driver *self)
{
    (void)self;
    return -1;
}

static void memory_close(struct rill_driver *self)
{
    struct memory_end *end = end_of(self);
    if (end->other != NULL)
        end->other->other = NULL;
    free(end->arriving.packets);
    free(end);
}

static const struct rill_driver_ops memory_ops = {
    .kind = "memory",
    .rx_burst = memory_rx_burst,
    .rx_done = memory_rx_done,
    .tx_burst = memory_tx_burst,
    .tx_packet = memory_tx_packet,
    .tx_room = memory_tx_room,
    .deadline = memory_deadline,
    .descriptor = memory_descriptor,
    .close = memory_close,
};

static int make_wire(struct memory_end settings, struct rill_driver **a, struct rill_driver **b)
{
    if (settings.queue_packets == 0)
        return -RILL_EINVAL;
    struct memory_end *left = malloc(sizeof *left);
    struct memory_end *right = malloc(sizeof *right);
    if (left == NULL || right == NULL) {
        free(left);
        free(right);
        return -RILL_ENOMEM;
    }
    *left = settings;
    *right = settings;
    left->other = right;
    right->other = left;
    *a = &left->driver;
    *b = &right->driver;
    return 0;
}

int rill_memory_wire(uint16_t mtu, unsigned queue_packets, struct rill_driver **a, struct rill_driver **b)
{
    return make_wire((struct memory_end){.driver = {.ops = &memory_ops, .mtu = mtu}, .queue_packets = queue_packets}, a,
                     b);
}

int rill_memory_wire_offload(uint16_t mtu, unsigned queue_packets, struct rill_driver **a, struct rill_driver **b)
{
    return make_wire((struct memory_end){.driver = {.ops = &memory_ops, .mtu = mtu, .offload = true},
                                         .queue_packets = queue_packets},
                     a, b);
}

int rill_memory_loop(uint16_t mtu, unsigned queue_packets, struct rill_driver **out)
{
    if (queue_packets == 0)
        return -RILL_EINVAL;
    struct memory_end *end = malloc(sizeof *end);
    if (end == NULL)
        return -RILL_ENOMEM;
    *end = (struct memory_end){.driver = {.ops = &memory_ops, .mtu = mtu, .offload = true},
                               .queue_packets = queue_packets};
    end->other = end;
    *out = &end->driver;
    return 0;
}
