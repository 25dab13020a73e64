/*
 * Trains into packets. A driver whose device segments and checksums itself
 * prepares the template with train_prepare_offload(); any other cuts the train
 * with train_cut(). Works for IPv4 and IPv6, for TCP, and for any other
 * protocol as a train of one packet (whose checksum, for ICMP, is already
 * there).
 */
#ifndef WIRE_TRAIN_H
#define WIRE_TRAIN_H

#include "base/types.h"
#include "rill/packet.h"

/* How many packets the train is: 1 for one without payload. */
uint32_t train_packet_count(const struct rill_train *train);

/* Bytes of packet number `index` (0-based), IP header included. */
uint32_t train_packet_bytes(const struct rill_train *train, uint32_t index);

/*
 * Write packet number `index`: IP length, IP checksum, sequence number, flags
 * (FIN and PSH on the last only, CWR on the first only), urgent pointer
 * (relative to each packet's own sequence number; URG cleared once it lies
 * behind), TCP checksum. Returns its bytes; 0 when the capacity does not do or
 * there is no such packet. Indices asked in ascending order cost O(1) each: the
 * cursor remembers the place in the slices.
 */
struct train_cursor {
    uint32_t next_index; /* the packet that the place below belongs to */
    uint16_t slice;
    uint32_t slice_offset;
};

size_t train_cut(const struct rill_train *train, struct train_cursor *cursor, uint32_t index, uint8_t *to,
                 size_t capacity_bytes);

/*
 * Make the template right for a device that cuts the train itself: IP total
 * length and checksum for the whole, the TCP checksum field holding the folded
 * pseudo-header sum for the whole. Devices do not move the urgent pointer: a
 * train of more than one packet with URG set is to be cut here.
 */
void train_prepare_offload(struct rill_train *train);

#endif
