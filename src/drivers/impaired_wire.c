/*
 * A wire with faults in front of another driver: two impaired links and the
 * moving of packets between them, the stack's side and the device.
 */
#include <stdlib.h>

#include "drivers/impaired_link.h"
#include "rill/driver.h"
#include "wire/train.h"

#define PACKET_BYTES_MAX 65536u
#define INNER_BURST 64u
#define TRAINS_ROOM 32u
#define TIME_MAX (3600 * NANOS_PER_S)            /* so that sums of times cannot wrap */
#define RATE_BITS_MAX UINT64_C(1000000000000000) /* nor bits times nanoseconds */

struct impaired_wire {
    struct rill_driver driver;
    struct impaired_link tx, rx;
    struct flights handed_out; /* by the last rx_burst */
    bool inner_is_full;
    uint8_t packet[PACKET_BYTES_MAX];
};

static struct impaired_wire *wire_of(struct rill_driver *driver)
{
    return (struct impaired_wire *)(void *)driver;
}

static const struct impaired_wire *const_wire_of(const struct rill_driver *driver)
{
    return (const struct impaired_wire *)(const void *)driver;
}

static void forget_handed_out(struct impaired_wire *wire)
{
    while (wire->handed_out.head != NULL) {
        struct flight *flight = wire->handed_out.head;
        wire->handed_out.head = flight->next;
        impaired_link_forget(&wire->rx, flight);
    }
}

/* Give the device what has come to the wire's end. */
static void pump_out(struct impaired_wire *wire, rill_time now)
{
    struct rill_driver *inner = wire->driver.inner;
    const struct flight *flight;
    impaired_link_advance(&wire->tx, now);
    wire->inner_is_full = false;
    while ((flight = impaired_link_peek(&wire->tx)) != NULL) {
        if (!inner->ops->tx_packet(inner, flight->data, flight->length_bytes, now)) {
            wire->inner_is_full = true;
            return;
        }
        struct flight *done = impaired_link_taken(&wire->tx);
        if (done != NULL)
            impaired_link_forget(&wire->tx, done);
    }
}

/* Let what the device has received onto the wire. */
static void pump_in(struct impaired_wire *wire, rill_time now)
{
    struct rill_driver *inner = wire->driver.inner;
    struct rill_packet packets[INNER_BURST];
    unsigned count;
    do {
        count = inner->ops->rx_burst(inner, packets, INNER_BURST, now);
        for (unsigned i = 0; i < count; i++)
            impaired_link_enter(&wire->rx, &packets[i], now);
        if (count > 0)
            inner->ops->rx_done(inner, packets, count);
    } while (count == INNER_BURST);
    impaired_link_advance(&wire->rx, now);
}

static unsigned impaired_rx_burst(struct rill_driver *self, struct rill_packet *packets, unsigned max, rill_time now)
{
    struct impaired_wire *wire = wire_of(self);
    const struct flight *flight;
    unsigned count = 0;
    forget_handed_out(wire);
    pump_out(wire, now);
    pump_in(wire, now);
    while (count < max && (flight = impaired_link_peek(&wire->rx)) != NULL) {
        packets[count++] = (struct rill_packet){
            .data = flight->data,
            .length_bytes = flight->length_bytes,
            .segment_bytes = flight->segment_bytes,
            .flags = flight->flags,
        };
        struct flight *done = impaired_link_taken(&wire->rx);
        if (done != NULL) {
            done->next = wire->handed_out.head;
            wire->handed_out.head = done;
        }
    }
    return count;
}

static void impaired_rx_done(struct rill_driver *self, struct rill_packet *packets, unsigned count)
{
    (void)self;
    (void)packets;
    (void)count;
}

static void enter_tx(struct impaired_wire *wire, const uint8_t *data, uint32_t length_bytes, rill_time now)
{
    struct rill_packet packet = {.data = data, .length_bytes = length_bytes};
    impaired_link_enter(&wire->tx, &packet, now);
}

static unsigned impaired_tx_burst(struct rill_driver *self, struct rill_train *trains, unsigned count, rill_time now)
{
    struct impaired_wire *wire = wire_of(self);
    for (unsigned i = 0; i < count; i++) {
        struct train_cursor cursor = {0};
        uint32_t packets = train_packet_count(&trains[i]);
        for (uint32_t index = 0; index < packets; index++) {
            size_t bytes = train_cut(&trains[i], &cursor, index, wire->packet, sizeof wire->packet);
            rill_assert(bytes > 0);
            enter_tx(wire, wire->packet, (uint32_t)bytes, now);
        }
    }
    pump_out(wire, now);
    return count;
}

static bool impaired_tx_packet(struct rill_driver *self, const uint8_t *data, uint32_t length_bytes, rill_time now)
{
    struct impaired_wire *wire = wire_of(self);
    if (wire->inner_is_full)
        return false;
    enter_tx(wire, data, length_bytes, now);
    pump_out(wire, now);
    return true;
}

/* A full queue drops, as real ones do; only a device that takes nothing holds the stack back. */
static unsigned impaired_tx_room(struct rill_driver *self)
{
    return wire_of(self)->inner_is_full ? 0 : TRAINS_ROOM;
}

static rill_time impaired_deadline(struct rill_driver *self)
{
    struct impaired_wire *wire = wire_of(self);
    rill_time out = wire->inner_is_full ? RILL_NEVER : impaired_link_deadline(&wire->tx);
    rill_time in = impaired_link_deadline(&wire->rx);
    return min_u64(min_u64(out, in), self->inner->ops->deadline(self->inner));
}

static int impaired_descriptor(struct rill_driver *self)
{
    return self->inner->ops->descriptor(self->inner);
}

static void impaired_close(struct rill_driver *self)
{
    struct impaired_wire *wire = wire_of(self);
    forget_handed_out(wire);
    impaired_link_free(&wire->tx);
    impaired_link_free(&wire->rx);
    self->inner->ops->close(self->inner);
    free(wire);
}

static const struct rill_driver_ops impaired_ops = {
    .kind = "impaired",
    .rx_burst = impaired_rx_burst,
    .rx_done = impaired_rx_done,
    .tx_burst = impaired_tx_burst,
    .tx_packet = impaired_tx_packet,
    .tx_room = impaired_tx_room,
    .deadline = impaired_deadline,
    .descriptor = impaired_descriptor,
    .close = impaired_close,
};

static bool is_share(double value)
{
    return value >= 0 && value <= 1;
}

static bool is_valid(const struct rill_impairment *impairment)
{
    return is_share(impairment->loss) && is_share(impairment->burst) && is_share(impairment->burst_loss) &&
           is_share(impairment->duplicate) && is_share(impairment->reorder) && is_share(impairment->corrupt) &&
           impairment->delay <= TIME_MAX && impairment->jitter <= TIME_MAX && impairment->scatter <= TIME_MAX &&
           impairment->codel <= TIME_MAX && impairment->rate_bits <= RATE_BITS_MAX &&
           impairment->police_bits <= RATE_BITS_MAX;
}

int rill_impaired_wire(struct rill_driver *inner, const struct rill_impairment *tx, const struct rill_impairment *rx,
                       struct rill_driver **out)
{
    if (!is_valid(tx) || !is_valid(rx))
        return -RILL_EINVAL;
    struct impaired_wire *wire = malloc(sizeof *wire);
    if (wire == NULL)
        return -RILL_ENOMEM;
    *wire = (struct impaired_wire){.driver = {.ops = &impaired_ops, .inner = inner, .mtu = inner->mtu}};
    impaired_link_init(&wire->tx, tx, "tx");
    impaired_link_init(&wire->rx, rx, "rx");
    *out = &wire->driver;
    return 0;
}

void rill_impaired_counts(const struct rill_driver *impaired, struct rill_impaired_counts *tx,
                          struct rill_impaired_counts *rx)
{
    *tx = const_wire_of(impaired)->tx.counts;
    *rx = const_wire_of(impaired)->rx.counts;
}
