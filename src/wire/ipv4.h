/*
 * IPv4 headers (RFC 791): parse and build, nothing else. Total: any bytes, any
 * length. Whether an address makes sense here is for the layer above.
 */
#ifndef WIRE_IPV4_H
#define WIRE_IPV4_H

#include "base/types.h"
#include "rill/counters.h"

#define IPV4_HEADER_BYTES 20u

enum ip_protocol { IP_PROTOCOL_ICMP = 1, IP_PROTOCOL_IGMP = 2, IP_PROTOCOL_TCP = 6, IP_PROTOCOL_UDP = 17 };

struct ipv4_header {
    uint32_t source, destination; /* as numbers */
    uint8_t header_bytes;         /* 20 .. 60, checked */
    uint8_t tos;
    uint8_t ttl;
    uint8_t protocol;
    uint16_t total_bytes; /* header + payload, checked against the bytes present; may be fewer */
    uint16_t id;
    uint16_t fragment_offset_bytes; /* up to 65,528 */
    bool dont_fragment;
    bool more_fragments;
};

/*
 * Checks version, header length, total length, header checksum and the form of
 * options (RFC 791 3.1; a source route is refused: RILL_DROP_IP_OPTIONS).
 * Returns RILL_DROP_NONE and fills *out, or the reason.
 */
enum rill_drop ipv4_parse(const uint8_t *packet, size_t length_bytes, struct ipv4_header *out);

/* Write a 20-byte header (no options) with total_bytes and a right checksum. */
void ipv4_build(uint8_t *to, const struct ipv4_header *header);

/* The same with total length and checksum left 0, for a train's template. */
void ipv4_build_template(uint8_t *to, const struct ipv4_header *header);

#endif
