/*
 * A received packet as it was, or would have been, on a wire: super-segments
 * become trains again, checksums that a device left out are filled in.
 */
#ifndef DRIVERS_RESEGMENT_H
#define DRIVERS_RESEGMENT_H

#include "rill/packet.h"

#include "base/types.h"

/*
 * A train whose cut packets are this packet's segments; its payload is not copied. False when the packet is not whole
 * TCP or UDP over IPv4, or over IPv6 without extension headers.
 */
bool resegment(const struct rill_packet *packet, struct rill_train *out);

#endif
