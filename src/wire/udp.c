/*
 * UDP headers: RFC 768. Parse and build; knows no addresses.
 */
#include "wire/udp.h"

#include "base/bytes.h"

enum rill_drop udp_parse(const uint8_t *data, size_t length_bytes, struct udp_datagram *out)
{
    uint32_t udp_bytes;

    if (length_bytes < UDP_HEADER_BYTES)
        return RILL_DROP_UDP_SHORT;
    udp_bytes = get_be16(data + 4);
    if (udp_bytes < UDP_HEADER_BYTES || udp_bytes > length_bytes)
        return RILL_DROP_UDP_LENGTH;
    *out = (struct udp_datagram){
        .source_port = get_be16(data),
        .destination_port = get_be16(data + 2),
        .checksum = get_be16(data + 6),
        .data = data + UDP_HEADER_BYTES,
        .data_bytes = udp_bytes - UDP_HEADER_BYTES,
    };
    return out->destination_port != 0 ? RILL_DROP_NONE : RILL_DROP_UDP_PORT_ZERO;
}

void udp_build_template(uint8_t *to, const struct udp_datagram *datagram)
{
    rill_assert(datagram->data_bytes <= UINT16_MAX - UDP_HEADER_BYTES);
    put_be16(to, datagram->source_port);
    put_be16(to + 2, datagram->destination_port);
    put_be16(to + 4, (uint16_t)(UDP_HEADER_BYTES + datagram->data_bytes));
    put_be16(to + 6, 0);
}
