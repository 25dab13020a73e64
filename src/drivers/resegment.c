/*
 * Received packets back into trains (for IPv4 and IPv6), so that wire/train.h
 * cuts and completes them. Total: any bytes, any length.
 */
#include "drivers/resegment.h"

#include "base/bytes.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"

#define IPV6_HEADER_BYTES 40u
#define IPV4_FRAGMENT_MASK 0x3FFFu /* more fragments, and the offset */
#define UDP_HEADER_BYTES 8u
#define TCP_CHECKSUM_AT 16u
#define UDP_CHECKSUM_AT 6u

/* Where the transport header is and how far the packet goes, by its IP header. */
struct place {
    uint8_t ip_version, protocol;
    uint32_t transport_start, end;
};

static bool find_place(const uint8_t *data, uint32_t length_bytes, struct place *out)
{
    uint8_t version = length_bytes == 0 ? 0 : data[0] >> 4;
    if (version == 4 && length_bytes >= IPV4_HEADER_BYTES) {
        *out = (struct place){4, data[9], (data[0] & 0x0Fu) * 4u, get_be16(data + 2)};
        if ((get_be16(data + 6) & IPV4_FRAGMENT_MASK) != 0 || out->transport_start < IPV4_HEADER_BYTES)
            return false;
    } else if (version == 6 && length_bytes >= IPV6_HEADER_BYTES) {
        *out = (struct place){6, data[6], IPV6_HEADER_BYTES, IPV6_HEADER_BYTES + get_be16(data + 4)};
    } else {
        return false;
    }
    return out->transport_start <= out->end && out->end <= length_bytes;
}

/* Of the transport header, 0 when it is not whole or not of a protocol whose checksum devices leave out. */
static uint32_t transport_header_bytes(const uint8_t *transport, uint32_t bytes, uint8_t protocol)
{
    if (protocol == IP_PROTOCOL_UDP)
        return bytes >= UDP_HEADER_BYTES ? UDP_HEADER_BYTES : 0;
    if (protocol != IP_PROTOCOL_TCP || bytes < TCP_HEADER_BYTES)
        return 0;
    uint32_t header_bytes = (transport[12] >> 4) * 4u;
    return header_bytes >= TCP_HEADER_BYTES && header_bytes <= bytes ? header_bytes : 0;
}

/* Length and checksums are the cutter's to fill: a template has zeros there. */
static void clear_template(struct rill_train *train)
{
    uint32_t checksum_at = train->protocol == IP_PROTOCOL_TCP ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT;
    if (train->ip_version == 4) {
        put_be16(train->header + 2, 0);
        put_be16(train->header + 10, 0);
    } else {
        put_be16(train->header + 4, 0);
    }
    put_be16(train->header + train->transport_start + checksum_at, 0);
}

bool resegment(const struct rill_packet *packet, struct rill_train *out)
{
    struct place place;
    if (!find_place(packet->data, packet->length_bytes, &place))
        return false;
    uint32_t transport_bytes =
        transport_header_bytes(packet->data + place.transport_start, place.end - place.transport_start, place.protocol);
    uint32_t header_bytes = place.transport_start + transport_bytes;
    if (transport_bytes == 0 || header_bytes > RILL_HEADER_BYTES_MAX)
        return false;
    uint32_t payload_bytes = place.end - header_bytes;
    out->header_bytes = (uint16_t)header_bytes;
    out->transport_start = (uint16_t)place.transport_start;
    out->segment_bytes = packet->segment_bytes != 0 ? packet->segment_bytes : (uint16_t)max_u32(payload_bytes, 1);
    out->slice_count = payload_bytes > 0;
    out->payload_bytes = payload_bytes;
    out->protocol = place.protocol;
    out->ip_version = place.ip_version;
    out->slices[0] = (struct rill_slice){packet->data + header_bytes, payload_bytes};
    memcpy(out->header, packet->data, header_bytes);
    clear_template(out);
    return true;
}
