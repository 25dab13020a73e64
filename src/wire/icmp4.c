/*
 * ICMP for IPv4: RFC 792, with RFC 1191's next-hop MTU. Parse and build;
 * whether a message is believed (RFC 5927) is not decided here.
 */
#include "wire/icmp4.h"

#include "base/bytes.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"

#define QUOTED_TRANSPORT_BYTES 8u
#define QUOTED_FRAGMENT_OFFSET_MASK 0x1fffu

static bool is_echo(uint8_t type)
{
    return type == ICMP4_ECHO_REQUEST || type == ICMP4_ECHO_REPLY;
}

static bool is_error(uint8_t type)
{
    return type == ICMP4_UNREACHABLE || type == ICMP4_SOURCE_QUENCH || type == ICMP4_REDIRECT ||
           type == ICMP4_TIME_EXCEEDED || type == ICMP4_PARAMETER_PROBLEM;
}

static bool carries_mtu(uint8_t type, uint8_t code)
{
    return type == ICMP4_UNREACHABLE && code == ICMP4_FRAGMENTATION_NEEDED;
}

enum rill_drop icmp4_parse(const uint8_t *data, size_t length_bytes, struct icmp4_message *out)
{
    if (length_bytes < ICMP4_HEADER_BYTES)
        return RILL_DROP_ICMP_SHORT;
    if (checksum_finish(checksum_bytes(data, length_bytes)) != 0)
        return RILL_DROP_ICMP_CHECKSUM;
    *out = (struct icmp4_message){
        .type = data[0],
        .code = data[1],
        .body = data + ICMP4_HEADER_BYTES,
        .body_bytes = (uint32_t)(length_bytes - ICMP4_HEADER_BYTES),
    };
    if (is_echo(out->type)) {
        out->echo_id = get_be16(data + 4);
        out->echo_sequence = get_be16(data + 6);
    } else if (carries_mtu(out->type, out->code)) {
        out->next_hop_mtu = get_be16(data + 6);
    }
    return RILL_DROP_NONE;
}

/*
 * The quoted header's checksum and TTL are what the router made of them, and
 * the payload may be cut off: neither is checked. A fragment that is not the
 * first has no ports to quote.
 */
enum rill_drop icmp4_parse_quote(const struct icmp4_message *message, struct icmp4_quote *out)
{
    const uint8_t *ip = message->body;
    const uint8_t *transport;
    uint32_t header_bytes;

    if (!is_error(message->type))
        return RILL_DROP_ICMP_TYPE;
    if (message->body_bytes < IPV4_HEADER_BYTES + QUOTED_TRANSPORT_BYTES)
        return RILL_DROP_ICMP_SHORT;
    header_bytes = (uint32_t)(ip[0] & 0xf) * 4;
    if (ip[0] >> 4 != 4 || header_bytes < IPV4_HEADER_BYTES)
        return RILL_DROP_ICMP_NO_CONNECTION;
    if (header_bytes + QUOTED_TRANSPORT_BYTES > message->body_bytes ||
        header_bytes + QUOTED_TRANSPORT_BYTES > get_be16(ip + 2))
        return RILL_DROP_ICMP_SHORT;
    if ((get_be16(ip + 6) & QUOTED_FRAGMENT_OFFSET_MASK) != 0)
        return RILL_DROP_ICMP_NO_CONNECTION;
    transport = ip + header_bytes;
    *out = (struct icmp4_quote){
        .source = get_be32(ip + 12),
        .destination = get_be32(ip + 16),
        .protocol = ip[9],
        .total_bytes = get_be16(ip + 2),
    };
    if (out->protocol == IP_PROTOCOL_TCP || out->protocol == IP_PROTOCOL_UDP) {
        out->source_port = get_be16(transport);
        out->destination_port = get_be16(transport + 2);
    }
    if (out->protocol == IP_PROTOCOL_TCP)
        out->sequence = get_be32(transport + 4);
    return RILL_DROP_NONE;
}

size_t icmp4_build(uint8_t *to, size_t capacity_bytes, const struct icmp4_message *message)
{
    size_t total_bytes = (size_t)ICMP4_HEADER_BYTES + message->body_bytes;

    if (total_bytes > capacity_bytes)
        return 0;
    to[0] = message->type;
    to[1] = message->code;
    put_be16(to + 2, 0);
    put_be16(to + 4, is_echo(message->type) ? message->echo_id : 0);
    put_be16(to + 6, 0);
    if (is_echo(message->type))
        put_be16(to + 6, message->echo_sequence);
    else if (carries_mtu(message->type, message->code))
        put_be16(to + 6, message->next_hop_mtu);
    if (message->body_bytes > 0)
        memcpy(to + ICMP4_HEADER_BYTES, message->body, message->body_bytes);
    put_be16(to + 2, checksum_finish(checksum_bytes(to, total_bytes)));
    return total_bytes;
}
