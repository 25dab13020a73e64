/*
 * Datagrams that are cut into fragments as they leave (RFC 791 3.2), and the
 * IDs by which those find together (RFC 6864). TCP never comes here: its
 * packets are as long as their path allows.
 */
#ifndef IP_FRAGMENTATION_H
#define IP_FRAGMENTATION_H

#include "base/host.h"
#include "rill/packet.h"

struct ip;

#define IP_ID_COUNTERS 256u

/* RFC 7739 5.3: destinations share counters, and each counts from a number of its own. */
struct ip_ids {
    uint16_t counters[IP_ID_COUNTERS];
};

/* A built IPv4 header: take DF out and give it an ID, since routers, or we ourselves, may cut the datagram. */
void ip_allow_fragments(struct ip *ip, uint8_t *header);

/* A datagram that is longer than mtu. What its transport sums up is summed already. */
struct fragmented {
    const uint8_t *header; /* IPv4's, without options, and the transport's */
    uint32_t header_bytes;
    const uint8_t *body;
    uint32_t body_bytes;
    uint32_t mtu;
};

/* Fill *train with the next fragment; *sent, 0 at first, is what of the data has left. True when it was the last. */
bool fragmentation_next(const struct fragmented *whole, uint32_t *sent, struct rill_train *train);

#endif
