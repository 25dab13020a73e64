/*
 * Passes everything on but reception while it is shut: see gate.h.
 */
#include "cli/gate.h"

#include <stdlib.h>

struct gate {
    struct rill_driver driver;
    struct rill_driver *inner;
    enum gate_position position;
};

static unsigned gate_rx_burst(struct rill_driver *self, struct rill_packet *packets, unsigned max, rill_time now)
{
    struct gate *gate = (struct gate *)self;

    gate->inner->stack = self->stack;
    if (gate->position == GATE_SHUT)
        return 0;
    return gate->inner->ops->rx_burst(gate->inner, packets, max, now);
}

static void gate_rx_done(struct rill_driver *self, struct rill_packet *packets, unsigned count)
{
    struct gate *gate = (struct gate *)self;

    gate->inner->ops->rx_done(gate->inner, packets, count);
}

static unsigned gate_tx_burst(struct rill_driver *self, struct rill_train *trains, unsigned count, rill_time now)
{
    struct gate *gate = (struct gate *)self;

    gate->inner->stack = self->stack;
    return gate->inner->ops->tx_burst(gate->inner, trains, count, now);
}

static unsigned gate_tx_room(struct rill_driver *self)
{
    struct gate *gate = (struct gate *)self;

    return gate->inner->ops->tx_room(gate->inner);
}

static rill_time gate_deadline(struct rill_driver *self)
{
    struct gate *gate = (struct gate *)self;

    return gate->inner->ops->deadline(gate->inner);
}

static int gate_descriptor(struct rill_driver *self)
{
    struct gate *gate = (struct gate *)self;

    return gate->position == GATE_SHUT ? -1 : gate->inner->ops->descriptor(gate->inner);
}

static void gate_close(struct rill_driver *self)
{
    struct gate *gate = (struct gate *)self;

    gate->inner->ops->close(gate->inner);
    free(gate);
}

static const struct rill_driver_ops gate_ops = {
    .kind = "gate",
    .rx_burst = gate_rx_burst,
    .rx_done = gate_rx_done,
    .tx_burst = gate_tx_burst,
    .tx_room = gate_tx_room,
    .deadline = gate_deadline,
    .descriptor = gate_descriptor,
    .close = gate_close,
};

int gate_open(struct rill_driver *inner, struct rill_driver **out)
{
    struct gate *gate = calloc(1, sizeof *gate);

    if (gate == NULL)
        return -RILL_ENOMEM;
    gate->inner = inner;
    gate->driver.ops = &gate_ops;
    gate->driver.mtu = inner->mtu;
    gate->driver.offload = inner->offload;
    gate->driver.inner = inner;
    *out = &gate->driver;
    return 0;
}

void gate_set(struct rill_driver *driver, enum gate_position position)
{
    ((struct gate *)driver)->position = position;
}
