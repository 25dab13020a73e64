/*
 * Packets as they pass the stack's door: what a driver hands in and what it is
 * handed. Plain data; every function that works on them is declared elsewhere.
 */
#ifndef RILL_PACKET_H
#define RILL_PACKET_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Room for the largest header a train carries: IPv6 (40) + TCP with all its options (60), rounded up. */
#define RILL_HEADER_BYTES_MAX 128

/* Most payload slices in one train. A train ends early when it would need more. */
#define RILL_SLICES_MAX 20

/* Most payload in one train: the IP total length is 16 bits. */
#define RILL_TRAIN_PAYLOAD_MAX 65280u

/* rill_packet.flags */
#define RILL_PACKET_CHECKSUM_OK 0x01u /* the device verified the transport checksum (or never put it on a wire) */

/*
 * One received IP packet, or a super-segment that a device merged (GRO/TSO).
 * The bytes start at the IP header.
 */
struct rill_packet {
    const uint8_t *data;    /* first byte of the IP header */
    uint32_t length_bytes;  /* bytes at data */
    uint32_t buffer;        /* from rill_buffer_take() when data lies in it; 0: borrowed for the call only */
    uint16_t segment_bytes; /* payload per segment in a super-segment, 0 when it is a plain packet */
    uint16_t flags;         /* RILL_PACKET_... */
};

/*
 * rill_train.flags: AE, CWR and ECE are a counter (AccECN) and stand in each packet. Else CWR stands in the first one
 * only, as devices do it too: what has this flag and more than one packet is not for them.
 */
#define RILL_TRAIN_ACE 0x01u

struct rill_slice {
    const uint8_t *data;
    uint32_t length_bytes;
};

/*
 * A train: one header template and the payload of one or more segments behind
 * it, to be cut every segment_bytes. The template's IP length field, IP
 * checksum and TCP checksum are left zero: the one who sends it fills them for
 * what it sends (wire/train.h does it in software, or prepares them for a
 * device that offloads).
 *
 * The slices point into the stack's memory and are valid until the next call
 * into that stack.
 */
struct rill_train {
    uint16_t header_bytes;    /* IP + transport header in header[] */
    uint16_t transport_start; /* offset of the transport header */
    uint16_t segment_bytes;   /* payload per segment; >= payload_bytes when there is one segment */
    uint16_t slice_count;
    uint32_t payload_bytes; /* sum of the slices */
    uint8_t protocol;       /* IP protocol number: 6, 1, ...; 0: a fragment, to whose data nothing is to be added */
    uint8_t ip_version;     /* 4 or 6 */
    uint8_t flags;          /* RILL_TRAIN_...; TCP only */
    uint8_t header[RILL_HEADER_BYTES_MAX];
    struct rill_slice slices[RILL_SLICES_MAX];
};

#ifdef __cplusplus
}
#endif
#endif
