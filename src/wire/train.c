/*
 * Trains into packets: lengths, checksums, sequence numbers and flags of each.
 * Knows the formats that it patches (RFC 791, 8200, 9293, 768), not what the
 * packets mean. Total: a train that cannot be cut gives 0 bytes.
 */
#include "wire/train.h"

#include "base/bytes.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"

#define IPV6_HEADER_BYTES 40u
#define UDP_HEADER_BYTES 8u
#define IP_BYTES_MAX 65535u

/* The field's offset in the transport header; 0 when the checksum is not filled here. */
static uint32_t checksum_offset(uint8_t protocol)
{
    if (protocol == IP_PROTOCOL_TCP)
        return 16;
    return protocol == IP_PROTOCOL_UDP ? 6 : 0;
}

static uint32_t transport_header_bytes_min(uint8_t protocol)
{
    if (protocol == IP_PROTOCOL_TCP)
        return TCP_HEADER_BYTES;
    return protocol == IP_PROTOCOL_UDP ? UDP_HEADER_BYTES : 0;
}

/* The template has room for every field that is patched. */
static bool template_is_sound(const struct rill_train *train)
{
    uint32_t ip_bytes_min = train->ip_version == 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;

    return train->header_bytes <= RILL_HEADER_BYTES_MAX && train->transport_start >= ip_bytes_min &&
           train->header_bytes >= train->transport_start + transport_header_bytes_min(train->protocol);
}

static inline bool is_one_packet(const struct rill_train *train)
{
    return train->payload_bytes <= train->segment_bytes || train->segment_bytes == 0 ||
           train->protocol != IP_PROTOCOL_TCP;
}

uint32_t train_packet_count(const struct rill_train *train)
{
    return is_one_packet(train) ? 1 : 1 + (train->payload_bytes - 1) / train->segment_bytes;
}

/* The part of the payload that a packet carries. */
struct part {
    uint32_t offset, bytes;
};

/* Without a division: this is asked for each packet. False when there is no such packet. */
static inline bool part_of(const struct rill_train *train, uint32_t index, struct part *part)
{
    uint64_t offset = (uint64_t)index * train->segment_bytes;

    if (is_one_packet(train)) {
        *part = (struct part){0, train->payload_bytes};
        return index == 0;
    }
    if (unlikely(offset >= train->payload_bytes))
        return false;
    part->offset = (uint32_t)offset;
    part->bytes = min_u32(train->segment_bytes, train->payload_bytes - part->offset);
    return true;
}

uint32_t train_packet_bytes(const struct rill_train *train, uint32_t index)
{
    struct part part;

    return part_of(train, index, &part) ? train->header_bytes + part.bytes : 0;
}

/* Move the cursor forward by what it steps over; false when the slices hold less. */
static bool cursor_skip(const struct rill_train *train, struct train_cursor *cursor, uint32_t bytes)
{
    for (uint32_t step = 0; step <= RILL_SLICES_MAX && bytes > 0; step++) {
        uint32_t left;

        if (cursor->slice >= train->slice_count || cursor->slice >= RILL_SLICES_MAX)
            return false;
        left = train->slices[cursor->slice].length_bytes - cursor->slice_offset;
        if (bytes < left) {
            cursor->slice_offset += bytes;
            return true;
        }
        bytes -= left;
        cursor->slice++;
        cursor->slice_offset = 0;
    }
    return bytes == 0;
}

/* The same, writing the bytes: from slice after slice. */
__attribute__((noinline)) static bool cursor_gather(const struct rill_train *train, struct train_cursor *cursor,
                                                    uint8_t *to, uint32_t bytes)
{
    for (uint32_t step = 0; step <= RILL_SLICES_MAX && bytes > 0; step++) {
        const struct rill_slice *slice;
        uint32_t part;

        if (cursor->slice >= train->slice_count || cursor->slice >= RILL_SLICES_MAX)
            return false;
        slice = &train->slices[cursor->slice];
        part = min_u32(bytes, slice->length_bytes - cursor->slice_offset);
        if (part > 0)
            memcpy(to, slice->data + cursor->slice_offset, part);
        to += part;
        bytes -= part;
        cursor->slice_offset += part;
        if (cursor->slice_offset == slice->length_bytes) {
            cursor->slice++;
            cursor->slice_offset = 0;
        }
    }
    return bytes == 0;
}

/* Most packets lie in one slice. */
static inline bool cursor_copy(const struct rill_train *train, struct train_cursor *cursor, uint8_t *to, uint32_t bytes)
{
    uint32_t offset = cursor->slice_offset;
    const struct rill_slice *slice;

    if (bytes == 0)
        return true;
    if (unlikely(cursor->slice >= train->slice_count || cursor->slice >= RILL_SLICES_MAX))
        return false;
    slice = &train->slices[cursor->slice];
    if (unlikely(bytes > slice->length_bytes - offset))
        return cursor_gather(train, cursor, to, bytes);
    cursor->slice_offset = offset + bytes;
    if (cursor->slice_offset == slice->length_bytes) {
        cursor->slice++;
        cursor->slice_offset = 0;
    }
    memcpy(to, slice->data + offset, bytes);
    return true;
}

/*
 * Length, and for IPv4 the id and the checksum. RFC 6864 4: packets of one train
 * differ in their ids, modulo 2^16. ip may be the template itself.
 */
static inline void patch_ip(const struct rill_train *train, uint8_t *ip, uint32_t total_bytes, uint32_t index)
{
    const uint8_t *from = train->header;
    checksum_sum sum;
    uint16_t id;

    if (unlikely(train->ip_version != 4)) {
        put_be16(ip + 4, (uint16_t)(total_bytes - IPV6_HEADER_BYTES));
        return;
    }
    id = (uint16_t)(get_be16(from + 4) + index);
    sum = (checksum_sum)get_be16(from) + total_bytes + id + get_be16(from + 6) + get_be16(from + 8) +
          get_be32(from + 12) + get_be32(from + 16);
    if (unlikely(train->transport_start != IPV4_HEADER_BYTES))
        sum += checksum_bytes(from + IPV4_HEADER_BYTES, train->transport_start - IPV4_HEADER_BYTES);
    put_be16(ip + 2, (uint16_t)total_bytes);
    put_be16(ip + 4, id);
    put_be16(ip + 10, checksum_finish(sum));
}

/* Headers are 40 to 64 bytes long nearly always: two moves of fixed length that overlap do for all of them. */
static inline void copy_header(uint8_t *to, const uint8_t *from, size_t bytes)
{
    if (likely(bytes >= 32 && bytes <= 64)) {
        memcpy(to, from, 32);
        memcpy(to + bytes - 32, from + bytes - 32, 32);
    } else {
        memcpy(to, from, bytes);
    }
}

/* offset: of this packet's first byte in the train. */
static void patch_tcp(uint8_t *tcp, uint32_t offset, bool is_first, bool is_last, bool has_ace)
{
    put_be32(tcp + 4, seq_add(seq_make(get_be32(tcp + 4)), offset).v);
    if (!is_last)
        tcp[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    if (is_first)
        return;
    if (!has_ace)
        tcp[13] &= (uint8_t)~TCP_CWR;
    if (tcp[13] & TCP_URG) {
        uint32_t urgent = get_be16(tcp + 18);

        /* RFC 9293 3.1: the pointer names the octet behind the urgent data. */
        if (urgent <= offset)
            tcp[13] &= (uint8_t)~TCP_URG;
        put_be16(tcp + 18, (uint16_t)(urgent > offset ? urgent - offset : 0));
    }
}

static inline checksum_sum pseudo_header(const struct rill_train *train, const uint8_t *ip, uint32_t transport_bytes)
{
    if (likely(train->ip_version == 4))
        return checksum_pseudo4(get_be32(ip + 12), get_be32(ip + 16), train->protocol, transport_bytes);
    return checksum_pseudo6(ip + 8, ip + 24, train->protocol, transport_bytes);
}

static void fill_transport_checksum(const struct rill_train *train, uint8_t *packet, uint32_t total_bytes)
{
    uint32_t offset = checksum_offset(train->protocol);
    uint8_t *transport = packet + train->transport_start;
    uint32_t transport_bytes = total_bytes - train->transport_start;
    checksum_sum sum;
    uint16_t checksum;

    if (offset == 0)
        return;
    put_be16(transport + offset, 0);
    sum = checksum_bytes(transport, transport_bytes);
    checksum = checksum_finish(sum + pseudo_header(train, packet, transport_bytes));
    /* RFC 768: 0 would say that there is none. */
    if (checksum == 0 && train->protocol == IP_PROTOCOL_UDP)
        checksum = 0xffff;
    put_be16(transport + offset, checksum);
}

/* Put the cursor on packet `index`, whose part begins at `offset`. */
static bool cursor_seek(const struct rill_train *train, struct train_cursor *cursor, uint32_t index, uint32_t offset)
{
    if (likely(cursor->next_index == index && index > 0))
        return true;
    *cursor = (struct train_cursor){.next_index = index};
    return cursor_skip(train, cursor, offset);
}

size_t train_cut(const struct rill_train *train, struct train_cursor *cursor, uint32_t index, uint8_t *restrict to,
                 size_t capacity_bytes)
{
    struct part part;
    uint32_t total_bytes;

    if (unlikely(!part_of(train, index, &part) || !template_is_sound(train)))
        return 0;
    if (unlikely(part.bytes > IP_BYTES_MAX - train->header_bytes))
        return 0;
    total_bytes = train->header_bytes + part.bytes;
    if (unlikely(total_bytes > capacity_bytes || !cursor_seek(train, cursor, index, part.offset)))
        return 0;
    cursor->next_index = index + 1;
    copy_header(to, train->header, train->header_bytes);
    patch_ip(train, to, total_bytes, index);
    if (likely(train->protocol == IP_PROTOCOL_TCP))
        patch_tcp(to + train->transport_start, part.offset, index == 0,
                  part.offset + part.bytes == train->payload_bytes, (train->flags & RILL_TRAIN_ACE) != 0);
    if (unlikely(!cursor_copy(train, cursor, to + train->header_bytes, part.bytes)))
        return 0;
    fill_transport_checksum(train, to, total_bytes);
    return total_bytes;
}

void train_prepare_offload(struct rill_train *train)
{
    uint32_t total_bytes = train->header_bytes + train->payload_bytes;
    uint32_t offset = checksum_offset(train->protocol);

    if (!template_is_sound(train))
        return;
    patch_ip(train, train->header, total_bytes, 0);
    if (offset != 0)
        put_be16(train->header + train->transport_start + offset,
                 checksum_fold(pseudo_header(train, train->header, total_bytes - train->transport_start)));
}
