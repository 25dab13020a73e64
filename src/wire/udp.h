/*
 * UDP headers (RFC 768): parse and build, nothing else. Total: any bytes, any
 * length. Whose a port is, is for the layer above.
 */
#ifndef WIRE_UDP_H
#define WIRE_UDP_H

#include "base/types.h"
#include "rill/counters.h"

#define UDP_HEADER_BYTES 8u

struct udp_datagram {
    uint16_t source_port;      /* 0: the sender wants no reply */
    uint16_t destination_port; /* not 0 */
    uint16_t checksum;         /* 0: there is none (RFC 768; IPv4 only) */
    const uint8_t *data;
    uint32_t data_bytes;
};

/*
 * data: what lies behind the IP header. Bytes beyond the UDP length are not part of the datagram. The checksum is not
 * looked at. RILL_DROP_NONE and *out, or the reason.
 */
enum rill_drop udp_parse(const uint8_t *data, size_t length_bytes, struct udp_datagram *out);

/* Write the header of a datagram with data_bytes of data, at most 65,527; the checksum is left 0. */
void udp_build_template(uint8_t *to, const struct udp_datagram *datagram);

#endif
