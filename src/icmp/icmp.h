/*
 * ICMP for IPv4 (RFC 792, RFC 1122 3.2.2): answers echo requests, and checks
 * errors before a transport hears of them.
 */
#ifndef ICMP_ICMP_H
#define ICMP_ICMP_H

#include "ip/ip.h"

/* An error about a packet that we sent: what the transport that sent it needs to judge it (RFC 5927 4). */
struct icmp_error {
    struct rill_addr local, remote;
    uint16_t local_port, remote_port;
    uint32_t sequence; /* TCP: SEG.SEQ of the quoted segment */
    uint8_t protocol;
    bool hard;             /* RFC 1122 3.2.2.1: protocol or port unreachable */
    bool packet_too_big;   /* fragmentation needed (RFC 1191) */
    uint32_t next_hop_mtu; /* of packet_too_big; 0: the router did not say */
    int error;             /* negative RILL_E...: what it means to an application */
    uint8_t type, code;    /* as they stood in the message */
    struct rill_addr reporter;
};

/* Deal with a message; true when *out is an error for a transport. */
bool icmp_input(struct ip *ip, const struct ip_packet *packet, struct icmp_error *out);

#endif
