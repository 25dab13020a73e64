/*
 * IPv4 headers: RFC 791 3.1. Parse and build; what an address or a protocol
 * means is not known here.
 */
#include "wire/ipv4.h"

#include "base/bytes.h"
#include "wire/checksum.h"

#define OPTION_BYTES_MAX 40

enum ipv4_option { OPTION_END = 0, OPTION_NOP = 1, OPTION_LOOSE_ROUTE = 131, OPTION_STRICT_ROUTE = 137 };

#define FLAG_DONT_FRAGMENT 0x4000u
#define FLAG_MORE_FRAGMENTS 0x2000u
#define FRAGMENT_OFFSET_MASK 0x1fffu

/*
 * Options are walked for their form only. RFC 6274 3.13.2.3 and 3.13.2.4: source
 * routes let the sender choose where replies go, so they are refused.
 */
static bool options_are_sound(const uint8_t *options, size_t length_bytes)
{
    size_t at = 0;

    for (int step = 0; step < OPTION_BYTES_MAX && at < length_bytes; step++) {
        uint8_t kind = options[at];

        if (kind == OPTION_END)
            return true;
        if (kind == OPTION_NOP) {
            at++;
            continue;
        }
        if (kind == OPTION_LOOSE_ROUTE || kind == OPTION_STRICT_ROUTE)
            return false;
        if (length_bytes - at < 2 || options[at + 1] < 2 || options[at + 1] > length_bytes - at)
            return false;
        at += options[at + 1];
    }
    return true;
}

static inline void read_fields(const uint8_t *packet, struct ipv4_header *out)
{
    uint16_t fragment = get_be16(packet + 6);

    out->tos = packet[1];
    out->id = get_be16(packet + 4);
    out->dont_fragment = (fragment & FLAG_DONT_FRAGMENT) != 0;
    out->more_fragments = (fragment & FLAG_MORE_FRAGMENTS) != 0;
    out->fragment_offset_bytes = (uint16_t)((fragment & FRAGMENT_OFFSET_MASK) << 3);
    out->ttl = packet[8];
    out->protocol = packet[9];
    out->source = get_be32(packet + 12);
    out->destination = get_be32(packet + 16);
}

/* For checking alone, byte order does not matter (RFC 1071 2(B)): the five words are summed as they lie. */
static inline bool plain_header_checksum_is_right(const uint8_t *packet)
{
    uint32_t words[IPV4_HEADER_BYTES / 4];

    memcpy(words, packet, sizeof words);
    return checksum_finish((checksum_sum)words[0] + words[1] + words[2] + words[3] + words[4]) == 0;
}

/* Any first byte but 0x45: kept out of line, so that the usual header costs no saved registers. */
__attribute__((noinline)) static enum rill_drop parse_unusual(const uint8_t *packet, size_t length_bytes,
                                                              struct ipv4_header *out)
{
    size_t header_bytes = (size_t)(packet[0] & 0xf) * 4;
    uint16_t total_bytes = get_be16(packet + 2);

    if (packet[0] >> 4 != 4)
        return RILL_DROP_IP_VERSION;
    if (header_bytes < IPV4_HEADER_BYTES || header_bytes > length_bytes)
        return RILL_DROP_IP_HEADER_LENGTH;
    if (total_bytes < header_bytes || total_bytes > length_bytes)
        return RILL_DROP_IP_TOTAL_LENGTH;
    if (checksum_finish(checksum_bytes(packet, header_bytes)) != 0)
        return RILL_DROP_IP_CHECKSUM;
    if (!options_are_sound(packet + IPV4_HEADER_BYTES, header_bytes - IPV4_HEADER_BYTES))
        return RILL_DROP_IP_OPTIONS;
    out->header_bytes = (uint8_t)header_bytes;
    out->total_bytes = total_bytes;
    read_fields(packet, out);
    return RILL_DROP_NONE;
}

enum rill_drop ipv4_parse(const uint8_t *packet, size_t length_bytes, struct ipv4_header *out)
{
    uint16_t total_bytes;

    if (unlikely(length_bytes < IPV4_HEADER_BYTES))
        return RILL_DROP_IP_SHORT;
    if (unlikely(packet[0] != 0x45))
        return parse_unusual(packet, length_bytes, out);
    total_bytes = get_be16(packet + 2);
    if (unlikely(total_bytes < IPV4_HEADER_BYTES || total_bytes > length_bytes))
        return RILL_DROP_IP_TOTAL_LENGTH;
    if (unlikely(!plain_header_checksum_is_right(packet)))
        return RILL_DROP_IP_CHECKSUM;
    out->header_bytes = IPV4_HEADER_BYTES;
    out->total_bytes = total_bytes;
    read_fields(packet, out);
    return RILL_DROP_NONE;
}

void ipv4_build_template(uint8_t *to, const struct ipv4_header *header)
{
    uint32_t fragment = (uint32_t)header->fragment_offset_bytes >> 3;

    if (header->dont_fragment)
        fragment |= FLAG_DONT_FRAGMENT;
    if (header->more_fragments)
        fragment |= FLAG_MORE_FRAGMENTS;
    to[0] = 0x45;
    to[1] = header->tos;
    put_be16(to + 2, 0);
    put_be16(to + 4, header->id);
    put_be16(to + 6, (uint16_t)fragment);
    to[8] = header->ttl;
    to[9] = header->protocol;
    put_be16(to + 10, 0);
    put_be32(to + 12, header->source);
    put_be32(to + 16, header->destination);
}

void ipv4_build(uint8_t *to, const struct ipv4_header *header)
{
    ipv4_build_template(to, header);
    put_be16(to + 2, header->total_bytes);
    put_be16(to + 10, checksum_finish(checksum_bytes20(to)));
}
