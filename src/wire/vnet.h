/*
 * The virtio-net header (VIRTIO 1.2, 5.1.6) in front of packets of a TUN or
 * TAP opened with IFF_VNET_HDR: checksum and segmentation offload both ways.
 * Little-endian always (TUNSETVNETLE).
 */
#ifndef WIRE_VNET_H
#define WIRE_VNET_H

#include "base/types.h"
#include "rill/packet.h"

#define VNET_HEADER_BYTES 10u

struct vnet_header {
    bool needs_checksum;  /* the checksum field holds the pseudo-header sum only */
    bool data_valid;      /* the checksum was verified */
    uint8_t segmentation; /* enum vnet_segmentation */
    bool ecn;
    uint16_t header_bytes;    /* of all headers, a hint */
    uint16_t segment_bytes;   /* payload per segment */
    uint16_t checksum_start;  /* offset of the transport header */
    uint16_t checksum_offset; /* of the field, from checksum_start */
};

enum vnet_segmentation { VNET_GSO_NONE = 0, VNET_GSO_TCPV4 = 1, VNET_GSO_UDP = 3, VNET_GSO_TCPV6 = 4 };

/* 0, or -1 when there are fewer than VNET_HEADER_BYTES bytes or the type is unknown. */
int vnet_parse(const uint8_t *data, size_t length_bytes, struct vnet_header *out);

void vnet_build(uint8_t to[VNET_HEADER_BYTES], const struct vnet_header *header);

/* The header for a train that train_prepare_offload() made ready. */
void vnet_for_train(const struct rill_train *train, struct vnet_header *out);

#endif
