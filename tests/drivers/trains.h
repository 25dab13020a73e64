/*
 * For driver tests: TCP trains made by hand, and what a receiver would check
 * about the packets that they become.
 */
#ifndef TESTS_DRIVERS_TRAINS_H
#define TESTS_DRIVERS_TRAINS_H

#include <string.h>

#include "base/bytes.h"
#include "rill/driver.h"
#include "support/packet_check.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"

#define TRAINS_SOURCE 0x0A000001u
#define TRAINS_DESTINATION 0x0A000002u

/* The payload's byte at a stream position. */
static inline uint8_t stream_byte(uint32_t position)
{
    return (uint8_t)((position * 2654435761u) >> 24);
}

static inline void stream_fill(uint8_t *to, uint32_t position, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        to[i] = stream_byte(position + i);
}

/* A train of stream bytes from position 0 on, which is sequence number `seq`; the payload is lent, in one slice. */
static inline void make_train(struct rill_train *train, uint32_t seq, const uint8_t *payload, uint32_t payload_bytes,
                              uint16_t segment_bytes)
{
    struct ipv4_header ip = {.source = TRAINS_SOURCE,
                             .destination = TRAINS_DESTINATION,
                             .header_bytes = IPV4_HEADER_BYTES,
                             .ttl = 64,
                             .protocol = IP_PROTOCOL_TCP,
                             .dont_fragment = true};
    struct tcp_header tcp = {.source_port = 1000,
                             .destination_port = 2000,
                             .seq = {seq},
                             .ack = {1},
                             .window = 65535,
                             .flags = TCP_ACK | TCP_PSH,
                             .options = {.present = TCP_OPTION_TIMESTAMP, .timestamp_value = 3, .timestamp_echo = 4}};
    memset(train, 0, sizeof *train);
    ipv4_build_template(train->header, &ip);
    train->transport_start = IPV4_HEADER_BYTES;
    train->header_bytes = (uint16_t)(IPV4_HEADER_BYTES + tcp_build(train->header + IPV4_HEADER_BYTES, &tcp));
    train->segment_bytes = segment_bytes;
    train->payload_bytes = payload_bytes;
    train->protocol = IP_PROTOCOL_TCP;
    train->ip_version = 4;
    train->slice_count = payload_bytes > 0;
    train->slices[0] = (struct rill_slice){payload, payload_bytes};
}

/* True when IP header, lengths, options and checksums are right; *out says what is in it. */
static inline bool packet_is_right(const uint8_t *data, uint32_t length_bytes, struct packet_facts *out)
{
    return packet_check(data, length_bytes, out) == NULL;
}

/* True when the segment's data is the stream's, whose position 0 has sequence number first_seq. */
static inline bool data_is_stream(const struct packet_facts *segment, uint32_t first_seq)
{
    for (uint32_t i = 0; i < segment->payload_bytes; i++) {
        if (segment->payload[i] != stream_byte(segment->seq - first_seq + i))
            return false;
    }
    return true;
}

#endif
