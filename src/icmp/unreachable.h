/*
 * ICMP errors that this host sends (RFC 792, RFC 1122 3.2.2): nobody here takes
 * the protocol or the port, or the rest of a datagram did not come.
 */
#ifndef ICMP_UNREACHABLE_H
#define ICMP_UNREACHABLE_H

#include "ip/ip.h"

#define ICMP_LIMIT_PLACES 1024u
#define ICMP_LIMIT_PER_SECOND 6u

/*
 * How many errors went out in this second, by destination. Destinations share places by a keyed hash that is another
 * one each second, and there is no budget above: what is sent to one host says nothing about what was sent to others
 * (CVE-2020-25705 counted a resolver's open ports by a shared budget), and all places together bound the whole.
 */
struct icmp_limit {
    uint64_t second;
    uint8_t sent[ICMP_LIMIT_PLACES];
};

/*
 * Queue an error with this code (enum icmp4_unreachable_code) that quotes the packet. Silent where RFC 1122 3.2.2
 * wants no error, and held back by the limit.
 */
void icmp_send_unreachable(struct ip *ip, struct icmp_limit *limit, const struct ip_packet *packet, uint8_t code);

/* The same about a first fragment that waited in vain: fragment reassembly time exceeded. */
void icmp_send_time_exceeded(struct ip *ip, struct icmp_limit *limit, const struct ip_packet *packet);

#endif
