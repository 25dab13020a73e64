/*
 * Fragments out: a train each, whose header is written when it leaves.
 */
#include "ip/fragmentation.h"

#include "base/bytes.h"
#include "ip/ip.h"

#define FLAGS_AT 6
#define MORE_FRAGMENTS 0x2000u

/*
 * RFC 6864 4.3: not the same twice within two minutes between the same ends. A counter does that for 65,536 datagrams;
 * a source that sends more of them in that time repeats itself, and the checksum of its protocol must do.
 * RFC 7739 3: nobody learns from his own datagrams how many went to others.
 */
void ip_allow_fragments(struct ip *ip, uint8_t *header)
{
    uint64_t ends = (uint64_t)get_be32(header + 12) << 32 | get_be32(header + 16);
    uint64_t hash = prf_words2(&ip->host.key, PRF_IP_ID, ends, header[9]);
    uint16_t *counter = &ip->ids.counters[hash >> 32 & (IP_ID_COUNTERS - 1)];

    put_be16(header + 4, (uint16_t)((hash & UINT16_MAX) + *counter));
    put_be16(header + FLAGS_AT, 0);
    ++*counter;
}

bool fragmentation_next(const struct fragmented *whole, uint32_t *sent, struct rill_train *train)
{
    uint32_t transport_bytes = whole->header_bytes - IPV4_HEADER_BYTES;
    uint32_t left = transport_bytes + whole->body_bytes - *sent;
    uint32_t bytes = min_u32(left, (whole->mtu - IPV4_HEADER_BYTES) / 8 * 8);
    uint32_t in_header = *sent == 0 ? transport_bytes : 0;
    uint32_t field = get_be16(whole->header + FLAGS_AT) | *sent / 8 | (bytes < left ? MORE_FRAGMENTS : 0);

    rill_assert(*sent % 8 == 0 && bytes > in_header);
    memcpy(train->header, whole->header, IPV4_HEADER_BYTES + in_header);
    put_be16(train->header + FLAGS_AT, (uint16_t)field);
    train->header_bytes = (uint16_t)(IPV4_HEADER_BYTES + in_header);
    train->transport_start = IPV4_HEADER_BYTES;
    train->segment_bytes = UINT16_MAX;
    train->slice_count = 1;
    train->payload_bytes = bytes - in_header;
    train->protocol = 0;
    train->ip_version = 4;
    train->flags = 0;
    train->slices[0] = (struct rill_slice){whole->body + (*sent == 0 ? 0 : *sent - transport_bytes), bytes - in_header};
    *sent += bytes;
    return bytes == left;
}
