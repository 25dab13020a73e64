/*
 * Ports, two links, and the moving of packets between them.
 */
#include "lab/net.h"

#include <stdlib.h>

#include "wire/ipv4.h"
#include "wire/train.h"

#define MTU 1500u
#define BURST 64u
#define TRAINS_ROOM 32u
#define DESTINATION_END 19u /* the last byte of an IPv4 header's destination */

static struct lab_port *port_of(struct rill_driver *driver)
{
    return (struct lab_port *)(void *)driver;
}

void lab_net_init(struct lab_net *net, const struct rill_impairment *forward, const struct rill_impairment *back)
{
    *net = (struct lab_net){0};
    impaired_link_init(&net->links[LAB_LEFT], forward, "tx");
    impaired_link_init(&net->links[LAB_RIGHT], back, "rx");
}

static void forget_handed_out(struct lab_port *port)
{
    while (port->handed_out.head != NULL) {
        struct flight *flight = port->handed_out.head;
        port->handed_out.head = flight->next;
        impaired_link_forget(&port->access, flight);
    }
}

void lab_net_close(struct lab_net *net)
{
    for (unsigned i = 0; i < net->port_count; i++) {
        struct lab_port *port = net->ports[i];
        forget_handed_out(port);
        impaired_link_free(&port->access);
        if (port->device != NULL)
            port->device->ops->close(port->device);
        free(port);
    }
    impaired_link_free(&net->links[LAB_LEFT]);
    impaired_link_free(&net->links[LAB_RIGHT]);
    *net = (struct lab_net){0};
}

/* ------------------------------------------- the cable's end of a rill stack */

/* Onto the link that leads away from the port's side. */
static void enter(struct lab_port *port, const struct rill_packet *packet, rill_time now)
{
    impaired_link_enter(&port->net->links[port->side], packet, now);
}

static unsigned port_rx_burst(struct rill_driver *self, struct rill_packet *packets, unsigned max, rill_time now)
{
    struct lab_port *port = port_of(self);
    const struct flight *flight;
    unsigned count = 0;
    forget_handed_out(port);
    impaired_link_advance(&port->access, now);
    while (count < max && (flight = impaired_link_peek(&port->access)) != NULL) {
        packets[count++] = (struct rill_packet){.data = flight->data, .length_bytes = flight->length_bytes};
        struct flight *done = impaired_link_taken(&port->access);
        done->next = port->handed_out.head;
        port->handed_out.head = done;
    }
    return count;
}

static void port_rx_done(struct rill_driver *self, struct rill_packet *packets, unsigned count)
{
    (void)self;
    (void)packets;
    (void)count;
}

static unsigned port_tx_burst(struct rill_driver *self, struct rill_train *trains, unsigned count, rill_time now)
{
    struct lab_port *port = port_of(self);
    for (unsigned i = 0; i < count; i++) {
        struct train_cursor cursor = {0};
        uint32_t packets = train_packet_count(&trains[i]);
        for (uint32_t index = 0; index < packets; index++) {
            size_t bytes = train_cut(&trains[i], &cursor, index, port->packet, sizeof port->packet);
            rill_assert(bytes > 0);
            enter(port, &(struct rill_packet){.data = port->packet, .length_bytes = (uint32_t)bytes}, now);
        }
    }
    return count;
}

static bool port_tx_packet(struct rill_driver *self, const uint8_t *data, uint32_t length_bytes, rill_time now)
{
    enter(port_of(self), &(struct rill_packet){.data = data, .length_bytes = length_bytes}, now);
    return true;
}

static unsigned port_tx_room(struct rill_driver *self)
{
    (void)self;
    return TRAINS_ROOM;
}

static rill_time port_deadline(struct rill_driver *self)
{
    return impaired_link_deadline(&port_of(self)->access);
}

static int port_descriptor(struct rill_driver *self)
{
    (void)self;
    return -1;
}

/* The network owns its ports. */
static void port_close(struct rill_driver *self)
{
    (void)self;
}

static const struct rill_driver_ops port_ops = {
    .kind = "lab",
    .rx_burst = port_rx_burst,
    .rx_done = port_rx_done,
    .tx_burst = port_tx_burst,
    .tx_packet = port_tx_packet,
    .tx_room = port_tx_room,
    .deadline = port_deadline,
    .descriptor = port_descriptor,
    .close = port_close,
};

struct lab_port *lab_net_plug(struct lab_net *net, enum lab_side side, rill_time extra_delay,
                              struct rill_driver *device)
{
    struct lab_port *port = net->port_count < LAB_PORTS_MAX ? malloc(sizeof *port) : NULL;
    if (port == NULL) {
        if (device != NULL)
            device->ops->close(device);
        return NULL;
    }
    *port = (struct lab_port){.driver = {.ops = &port_ops, .mtu = MTU}, .net = net, .device = device, .side = side};
    impaired_link_init(&port->access, &(struct rill_impairment){.delay = extra_delay}, "access");
    net->ports[net->port_count++] = port;
    port->number = (uint8_t)net->port_count;
    return port;
}

/* ------------------------------------------------------------------- moving */

static bool is_tcp4(const struct rill_packet *packet)
{
    return packet->length_bytes >= IPV4_HEADER_BYTES && packet->data[0] >> 4 == 4 && packet->data[9] == IP_PROTOCOL_TCP;
}

/* A kernel also says things of its own (IPv6 router solicitations), which may not shift the fates of the others. */
static bool read_device(struct lab_port *port, rill_time now)
{
    struct rill_driver *device = port->device;
    struct rill_packet packets[BURST];
    unsigned count = device->ops->rx_burst(device, packets, BURST, now);
    for (unsigned i = 0; i < count; i++) {
        if (is_tcp4(&packets[i]))
            enter(port, &packets[i], now);
    }
    if (count > 0)
        device->ops->rx_done(device, packets, count);
    return count > 0;
}

static bool write_device(struct lab_port *port, rill_time now)
{
    struct rill_driver *device = port->device;
    const struct flight *flight;
    bool has_moved = false;
    impaired_link_advance(&port->access, now);
    while ((flight = impaired_link_peek(&port->access)) != NULL) {
        port->refused += !device->ops->tx_packet(device, flight->data, flight->length_bytes, now);
        impaired_link_forget(&port->access, impaired_link_taken(&port->access));
        has_moved = true;
    }
    return has_moved;
}

static struct lab_port *find_port(struct lab_net *net, const struct flight *flight)
{
    unsigned number = flight->length_bytes < IPV4_HEADER_BYTES ? 0 : flight->data[DESTINATION_END];
    return number >= 1 && number <= net->port_count ? net->ports[number - 1] : NULL;
}

/* What has come to the end of a link goes on to the host that it is for. */
static bool deliver(struct lab_net *net, struct impaired_link *link, rill_time now)
{
    const struct flight *flight;
    bool has_moved = false;
    impaired_link_advance(link, now);
    while ((flight = impaired_link_peek(link)) != NULL) {
        struct lab_port *port = find_port(net, flight);
        struct rill_packet packet = {.data = flight->data, .length_bytes = flight->length_bytes};
        if (port != NULL)
            impaired_link_enter(&port->access, &packet, now);
        else
            net->strays++;
        struct flight *done = impaired_link_taken(link);
        if (done != NULL)
            impaired_link_forget(link, done);
        has_moved = true;
    }
    return has_moved;
}

bool lab_net_turn(struct lab_net *net, rill_time now)
{
    bool has_moved = false;
    for (unsigned i = 0; i < net->port_count; i++) {
        if (net->ports[i]->device != NULL)
            has_moved |= read_device(net->ports[i], now);
    }
    has_moved |= deliver(net, &net->links[LAB_LEFT], now);
    has_moved |= deliver(net, &net->links[LAB_RIGHT], now);
    for (unsigned i = 0; i < net->port_count; i++) {
        if (net->ports[i]->device != NULL)
            has_moved |= write_device(net->ports[i], now);
    }
    return has_moved;
}

rill_time lab_net_deadline(struct lab_net *net)
{
    rill_time deadline =
        min_u64(impaired_link_deadline(&net->links[LAB_LEFT]), impaired_link_deadline(&net->links[LAB_RIGHT]));
    for (unsigned i = 0; i < net->port_count; i++)
        deadline = min_u64(deadline, impaired_link_deadline(&net->ports[i]->access));
    return deadline;
}
