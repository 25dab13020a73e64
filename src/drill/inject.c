/*
 * The script's packets into the stack: see run.h.
 */
#include "drill/run.h"

#include "base/bytes.h"
#include "drill/option_bytes.h"
#include "wire/checksum.h"
#include "wire/icmp4.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"
#include "wire/udp.h"

#include <string.h>

static uint8_t payload_byte(uint32_t index)
{
    return (uint8_t)('a' + index % 26);
}

static size_t add_ip(struct run *run, const struct drill_packet *packet, uint8_t protocol, size_t body_bytes,
                     uint8_t *to)
{
    int ecn = packet->ecn == DRILL_ECN_ECT01 ? DRILL_ECN_ECT0 : packet->ecn >= 0 ? packet->ecn : 0;
    struct ipv4_header ip = {
        .source = run->remote4,
        .destination = run->local4,
        .header_bytes = IPV4_HEADER_BYTES,
        .ttl = packet->ttl >= 0 ? (uint8_t)packet->ttl : 64,
        .protocol = protocol,
        .total_bytes = (uint16_t)(IPV4_HEADER_BYTES + body_bytes),
    };

    ip.tos = (uint8_t)((packet->tos >= 0 ? packet->tos : 0) | ecn);
    ipv4_build(to, &ip);
    return IPV4_HEADER_BYTES + body_bytes;
}

static void finish_checksum(struct run *run, uint8_t protocol, uint8_t *at, size_t bytes, size_t field)
{
    checksum_sum sum = checksum_pseudo4(run->remote4, run->local4, protocol, (uint32_t)bytes);

    put_be16(at + field, checksum_finish(sum + checksum_bytes(at, bytes)));
}

static uint16_t wire_flags(const struct drill_packet *packet)
{
    uint16_t flags = packet->flags;

    if (packet->ace >= 0)
        flags |= (uint16_t)((packet->ace & 1 ? TCP_ECE : 0) | (packet->ace & 2 ? TCP_CWR : 0) |
                            (packet->ace & 4 ? DRILL_FLAG_AE : 0));
    return flags;
}

/* The header with its options; returns its bytes, 0 when the options do not fit. */
static size_t build_tcp_header(struct run *run, const struct flow *flow, const struct drill_packet *packet, uint8_t *to)
{
    uint32_t ts_offset = flow->ts_known ? flow->ts_offset : 0;
    int options = option_bytes_build(packet, flow->iss, ts_offset, to + TCP_HEADER_BYTES);
    uint16_t flags = wire_flags(packet);
    uint32_t header_bytes = TCP_HEADER_BYTES + (uint32_t)options;

    if (options < 0)
        return 0;
    put_be16(to, flow->remote_port);
    put_be16(to + 2, flow->local_port);
    put_be32(to + 4, run->peer_isn + packet->seq);
    put_be32(to + 8, packet->has_ack ? flow->iss + packet->ack : 0);
    to[12] = (uint8_t)(header_bytes / 4 << 4 | (flags & DRILL_FLAG_AE ? 1 : 0));
    to[13] = (uint8_t)flags;
    put_be16(to + 14, packet->has_window ? packet->window : 0);
    put_be16(to + 16, 0);
    put_be16(to + 18, packet->has_urgent ? packet->urgent : 0);
    return header_bytes;
}

static bool inject_tcp(struct run *run, const struct drill_packet *packet)
{
    struct flow *flow = flow_for_script(run, packet);
    uint8_t bytes[65536];
    uint8_t *tcp = bytes + IPV4_HEADER_BYTES;
    size_t header_bytes = build_tcp_header(run, flow, packet, tcp);
    size_t all = header_bytes + packet->length_bytes;

    if (header_bytes == 0)
        return run_fail(run, "the options of %s need more than 40 bytes", run->event->source);
    if (IPV4_HEADER_BYTES + all > UINT16_MAX)
        return run_fail(run, "%s is longer than an IP packet can be", run->event->source);
    flow->heard_no_ack = (packet->flags & TCP_ACK) == 0;
    for (uint32_t i = 0; i < packet->length_bytes; i++)
        tcp[header_bytes + i] = payload_byte(packet->seq - 1 + i);
    finish_checksum(run, IP_PROTOCOL_TCP, tcp, all, 16);
    tcp[16] ^= packet->bad_checksum ? 1 : 0;
    run_input(run, bytes, add_ip(run, packet, IP_PROTOCOL_TCP, all, bytes));
    return true;
}

/* What a router quotes: the IP header and the first 8 bytes of a segment or datagram that the stack sent. */
static size_t quote_packet(struct run *run, const struct flow *flow, const struct drill_packet *packet, uint8_t *to)
{
    const struct udp_datagram datagram = {.source_port = flow->local_port,
                                          .destination_port = flow->remote_port,
                                          .data_bytes = packet->quotes_udp ? packet->quoted_length_bytes : 0};
    uint32_t header_bytes = packet->quotes_udp ? UDP_HEADER_BYTES : TCP_HEADER_BYTES;
    struct ipv4_header ip = {
        .source = run->local4,
        .destination = run->remote4,
        .header_bytes = IPV4_HEADER_BYTES,
        .ttl = 60,
        .protocol = packet->quotes_udp ? IP_PROTOCOL_UDP : IP_PROTOCOL_TCP,
        .total_bytes = (uint16_t)(IPV4_HEADER_BYTES + header_bytes + packet->quoted_length_bytes),
        .dont_fragment = true,
    };
    uint8_t *transport = to + IPV4_HEADER_BYTES;

    ipv4_build(to, &ip);
    if (packet->quotes_udp) {
        udp_build_template(transport, &datagram);
        return IPV4_HEADER_BYTES + UDP_HEADER_BYTES;
    }
    put_be16(transport, flow->local_port);
    put_be16(transport + 2, flow->remote_port);
    put_be32(transport + 4, flow->iss + packet->quoted_seq);
    return IPV4_HEADER_BYTES + 8;
}

static bool inject_echo(struct run *run, const struct drill_packet *packet)
{
    uint8_t bytes[65536], data[65508];
    struct icmp4_message message = {
        .type = packet->icmp_type,
        .code = packet->icmp_code,
        .echo_id = packet->echo_id,
        .echo_sequence = packet->echo_seq,
        .body = data,
        .body_bytes = packet->length_bytes,
    };
    size_t body;

    for (uint32_t i = 0; i < packet->length_bytes; i++)
        data[i] = payload_byte(i);
    body = icmp4_build(bytes + IPV4_HEADER_BYTES, sizeof bytes - IPV4_HEADER_BYTES, &message);
    run_input(run, bytes, add_ip(run, packet, IP_PROTOCOL_ICMP, body, bytes));
    return true;
}

static bool inject_icmp(struct run *run, const struct drill_packet *packet)
{
    uint8_t bytes[256], quote[64];
    struct icmp4_message message = {
        .type = packet->icmp_type,
        .code = packet->icmp_code,
        .next_hop_mtu = packet->icmp_mtu,
        .body = quote,
    };
    size_t body;

    if (packet->icmp_type == ICMP4_ECHO_REQUEST || packet->icmp_type == ICMP4_ECHO_REPLY)
        return inject_echo(run, packet);
    message.body_bytes = (uint32_t)quote_packet(run, flow_for_script(run, packet), packet, quote);
    body = icmp4_build(bytes + IPV4_HEADER_BYTES, sizeof bytes - IPV4_HEADER_BYTES, &message);
    run_input(run, bytes, add_ip(run, packet, IP_PROTOCOL_ICMP, body, bytes));
    return true;
}

static bool inject_udp(struct run *run, const struct drill_packet *packet)
{
    struct flow *flow = flow_for_script(run, packet);
    uint8_t bytes[65536] = {0};
    uint8_t *udp = bytes + IPV4_HEADER_BYTES;
    size_t all = UDP_HEADER_BYTES + packet->length_bytes;

    put_be16(udp, flow->remote_port);
    put_be16(udp + 2, flow->local_port);
    put_be16(udp + 4, (uint16_t)all);
    for (uint32_t i = 0; i < packet->length_bytes; i++)
        udp[UDP_HEADER_BYTES + i] = payload_byte(i);
    finish_checksum(run, IP_PROTOCOL_UDP, udp, all, 6);
    udp[6] ^= packet->bad_checksum ? 1 : 0;
    run_input(run, bytes, add_ip(run, packet, IP_PROTOCOL_UDP, all, bytes));
    return true;
}

bool inject_packet(struct run *run, const struct drill_packet *packet)
{
    if (packet->flow_label >= 0)
        return run_fail(run, "%s: IPv4 has no flow label", run->event->source);
    run_say(run, "%s", run->event->source);
    switch (packet->protocol) {
    case DRILL_TCP:
        return inject_tcp(run, packet);
    case DRILL_ICMP:
        return inject_icmp(run, packet);
    default:
        return inject_udp(run, packet);
    }
}
