/*
 * ICMP for IPv4 (RFC 792): parse and build.
 */
#ifndef WIRE_ICMP4_H
#define WIRE_ICMP4_H

#include "base/types.h"
#include "rill/counters.h"

#define ICMP4_HEADER_BYTES 8u

enum icmp4_type {
    ICMP4_ECHO_REPLY = 0,
    ICMP4_UNREACHABLE = 3,
    ICMP4_SOURCE_QUENCH = 4,
    ICMP4_REDIRECT = 5,
    ICMP4_ECHO_REQUEST = 8,
    ICMP4_TIME_EXCEEDED = 11,
    ICMP4_PARAMETER_PROBLEM = 12,
};

enum icmp4_unreachable_code {
    ICMP4_NET_UNREACHABLE = 0,
    ICMP4_HOST_UNREACHABLE = 1,
    ICMP4_PROTOCOL_UNREACHABLE = 2,
    ICMP4_PORT_UNREACHABLE = 3,
    ICMP4_FRAGMENTATION_NEEDED = 4,
};

enum icmp4_time_exceeded_code { ICMP4_TTL_EXCEEDED = 0, ICMP4_REASSEMBLY_TIME_EXCEEDED = 1 };

struct icmp4_message {
    uint8_t type, code;
    uint16_t echo_id, echo_sequence; /* echo request and reply */
    uint16_t next_hop_mtu;           /* fragmentation needed (RFC 1191); 0 from old routers */
    const uint8_t *body;             /* echo: the data; errors: the quoted datagram */
    uint32_t body_bytes;
};

/*
 * The error's quoted datagram, checked: an IPv4 header and at least 8 bytes
 * behind it (RFC 792), enough for the ports and, for TCP, the sequence number.
 */
struct icmp4_quote {
    uint32_t source, destination; /* as quoted: source is the one who sent the quoted packet */
    uint8_t protocol;
    uint16_t source_port, destination_port;
    uint32_t sequence; /* TCP: SEG.SEQ of the quoted segment */
    uint16_t total_bytes;
};

/* data: the ICMP message (behind the IP header). Verifies the checksum. */
enum rill_drop icmp4_parse(const uint8_t *data, size_t length_bytes, struct icmp4_message *out);

enum rill_drop icmp4_parse_quote(const struct icmp4_message *message, struct icmp4_quote *out);

/* Write header and body; returns the bytes written, 0 when capacity does not do. */
size_t icmp4_build(uint8_t *to, size_t capacity_bytes, const struct icmp4_message *message);

#endif
