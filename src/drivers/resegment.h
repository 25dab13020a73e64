/*
 * A received packet as it was, or would have been, on a wire: super-segments
 * become trains again, checksums that a device left out are filled in.
 */
#ifndef DRIVERS_RESEGMENT_H
#define DRIVERS_RESEGMENT_H

#include "rill/packet.h"

#include "base/types.h"

/*
 * A train whose cut packets are the segments of this TCP packet; its payload is not copied. False when the packet is
 * not whole TCP over IPv4, or over IPv6 without extension headers.
 */
bool resegment_tcp(const struct rill_packet *packet, struct rill_train *out);

/* Compute the checksum of a UDP packet over IPv4 or IPv6; nothing happens to any other packet. */
void fill_udp_checksum(uint8_t *packet, uint32_t length_bytes);

#endif
