/*
 * The virtio-net header: VIRTIO 1.2 5.1.6, as Linux's TUN reads and writes it
 * under TUNSETVNETLE. Parse and build; whether its offsets lie within the packet
 * is for the one who uses them.
 */
#include "wire/vnet.h"

#include "wire/ipv4.h"
#include "wire/tcp.h"

#define FLAG_NEEDS_CHECKSUM 0x01u
#define FLAG_DATA_VALID 0x02u
#define SEGMENTATION_ECN 0x80u

static uint16_t get_le16(const uint8_t *p)
{
    return (uint16_t)((uint32_t)p[1] << 8 | p[0]);
}

static void put_le16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static bool segmentation_is_known(uint8_t type)
{
    return type == VNET_GSO_NONE || type == VNET_GSO_TCPV4 || type == VNET_GSO_UDP || type == VNET_GSO_TCPV6;
}

int vnet_parse(const uint8_t *data, size_t length_bytes, struct vnet_header *out)
{
    if (length_bytes < VNET_HEADER_BYTES)
        return -1;
    out->needs_checksum = (data[0] & FLAG_NEEDS_CHECKSUM) != 0;
    out->data_valid = (data[0] & FLAG_DATA_VALID) != 0;
    out->segmentation = (uint8_t)(data[1] & ~SEGMENTATION_ECN);
    out->ecn = (data[1] & SEGMENTATION_ECN) != 0;
    if (!segmentation_is_known(out->segmentation))
        return -1;
    out->header_bytes = get_le16(data + 2);
    out->segment_bytes = get_le16(data + 4);
    out->checksum_start = get_le16(data + 6);
    out->checksum_offset = get_le16(data + 8);
    return 0;
}

void vnet_build(uint8_t to[VNET_HEADER_BYTES], const struct vnet_header *header)
{
    to[0] = (uint8_t)((header->needs_checksum ? FLAG_NEEDS_CHECKSUM : 0) | (header->data_valid ? FLAG_DATA_VALID : 0));
    to[1] = (uint8_t)(header->segmentation | (header->ecn ? SEGMENTATION_ECN : 0));
    put_le16(to + 2, header->header_bytes);
    put_le16(to + 4, header->segment_bytes);
    put_le16(to + 6, header->checksum_start);
    put_le16(to + 8, header->checksum_offset);
}

void vnet_for_train(const struct rill_train *train, struct vnet_header *out)
{
    *out = (struct vnet_header){.segmentation = VNET_GSO_NONE};
    if (train->protocol != IP_PROTOCOL_TCP && train->protocol != IP_PROTOCOL_UDP)
        return;
    out->needs_checksum = true;
    out->checksum_start = train->transport_start;
    out->checksum_offset = train->protocol == IP_PROTOCOL_TCP ? 16 : 6;
    out->header_bytes = train->header_bytes;
    if (train->protocol != IP_PROTOCOL_TCP || train->segment_bytes == 0 || train->payload_bytes <= train->segment_bytes)
        return;
    out->segmentation = train->ip_version == 4 ? VNET_GSO_TCPV4 : VNET_GSO_TCPV6;
    out->segment_bytes = train->segment_bytes;
    if (train->transport_start + 13u >= sizeof train->header)
        return;
    /* CWR belongs to the first packet only; a device that is not told would copy it to all. */
    out->ecn = (train->header[train->transport_start + 13u] & TCP_CWR) != 0;
}
