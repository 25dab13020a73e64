/*
 * The network of the laboratory: hosts on the left and on the right, and
 * between them one impaired link each way that all share. A host may lie
 * further away than the others. Reads no clock.
 */
#ifndef LAB_NET_H
#define LAB_NET_H

#include "drivers/impaired_link.h"
#include "rill/driver.h"

#define LAB_PORTS_MAX 16u

enum lab_side { LAB_LEFT, LAB_RIGHT };

struct lab_net;

/* Where a host is plugged in. */
struct lab_port {
    struct rill_driver driver; /* the cable's end, for a stack of rill's; its mtu is set */
    struct lab_net *net;
    struct rill_driver *device; /* the TUN of a kernel's stack, owned; NULL: a stack of rill's */
    enum lab_side side;
    uint8_t number;              /* the host is 10.0.0.number */
    struct impaired_link access; /* on the way to the host: only delay */
    struct flights handed_out;   /* by the last rx_burst */
    uint64_t refused;            /* by the device */
    uint8_t packet[65536];       /* to cut trains into */
};

struct lab_net {
    struct impaired_link links[2]; /* by the side that they start from: the forward link, the way back */
    struct lab_port *ports[LAB_PORTS_MAX];
    unsigned port_count;
    uint64_t strays; /* packets to nobody */
};

void lab_net_init(struct lab_net *net, const struct rill_impairment *forward, const struct rill_impairment *back);
void lab_net_close(struct lab_net *net);

/* Plug a host in. device: a TUN (without offloads), owned from now on even on failure; NULL. NULL: no room, no memory. */
struct lab_port *lab_net_plug(struct lab_net *net, enum lab_side side, rill_time extra_delay,
                              struct rill_driver *device);

/* Move what has arrived, from and to devices, and between links; true when a packet moved. */
bool lab_net_turn(struct lab_net *net, rill_time now);

/* When the next packet arrives somewhere; RILL_NEVER. */
rill_time lab_net_deadline(struct lab_net *net);

#endif
