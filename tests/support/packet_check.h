/*
 * A second opinion on packets: a slow, byte-wise reading of a whole IPv4 or
 * IPv6 packet, written from the RFCs alone and sharing no code with src/wire.
 * Strict: what it passes, a picky peer passes too.
 */
#ifndef SUPPORT_PACKET_CHECK_H
#define SUPPORT_PACKET_CHECK_H

#include <stddef.h>
#include <stdint.h>

struct packet_facts {
    unsigned ip_version;
    unsigned protocol;
    unsigned ttl;
    unsigned ip_id; /* IPv4 */
    size_t ip_bytes;
    size_t transport_bytes; /* header and payload */
    size_t header_bytes;    /* of TCP (options included), UDP or ICMP */
    const uint8_t *transport;
    const uint8_t *payload;
    size_t payload_bytes;
    /* TCP and UDP */
    unsigned source_port, destination_port;
    /* TCP */
    uint32_t seq, ack;
    unsigned flags, window, urgent;
    const uint8_t *options;
    size_t option_bytes;
    /* ICMP */
    unsigned icmp_type, icmp_code;
};

/*
 * NULL when the packet is right in every particular: lengths (the packet is
 * exactly as long as IP says), IPv4 header checksum, transport checksum, form
 * of IP and TCP options. Otherwise what is wrong with it, in words. facts may be NULL.
 */
const char *packet_check(const uint8_t *packet, size_t length_bytes, struct packet_facts *facts);

/* RFC 1071, a byte at a time: the folded sum, not complemented, with `start` added. */
uint16_t naive_sum(uint32_t start, const uint8_t *data, size_t length_bytes);

/* The sum over an IPv4 or IPv6 packet's pseudo-header and transport bytes: 0xffff when the checksum is right. */
uint16_t naive_transport_sum(const uint8_t *packet, size_t transport_start, size_t length_bytes, unsigned protocol);

/* The first TCP option of this kind: its value and length without kind and length bytes; NULL when there is none. */
const uint8_t *packet_tcp_option(const struct packet_facts *facts, unsigned kind, size_t *value_bytes);

#endif
