/*
 * Packets that belong to no connection: resets, SYN,ACKs of half-open
 * connections, ACKs from TIME-WAIT, ICMP messages. They wait in a bounded
 * queue of their interface until the driver takes them.
 */
#ifndef IP_REPLY_H
#define IP_REPLY_H

#include "ip/ip.h"

#define REPLY_HEADER_BYTES_MAX 100u /* IPv6 + TCP with all options; IPv4 needs less */

struct reply {
    uint32_t generation;
    ref next;
    ref body;            /* buffer behind the header; REF_NONE */
    uint32_t sent_bytes; /* of one that leaves in fragments */
    uint16_t header_bytes;
    uint8_t transport_start;
    uint8_t protocol;
    uint8_t header[REPLY_HEADER_BYTES_MAX];
};

void reply_init(struct ip *ip);

/*
 * Queue a packet: IP header from the addresses, then the transport header
 * given, then the body (whose one holder passes to the queue). When the queue
 * is full the packet is dropped and counted, as a busy router's would be. What
 * is longer than 576 bytes may be fragmented: nothing is known of its path.
 */
void reply_push(struct ip *ip, uint32_t netif, const struct rill_addr *source, const struct rill_addr *destination,
                uint8_t protocol, const uint8_t *transport, size_t transport_bytes, ref body);

/*
 * The oldest reply, or its next fragment, as a train; false when there is none. `spent` is a body to drop when the train
 * is done with.
 */
bool reply_pop(struct ip *ip, uint32_t netif, struct rill_train *train, ref *spent);

#endif
