/*
 * RFC 791 3.1, RFC 9293 3.1.
 */
#include "sim/forge.h"

#define ICMP_BYTES (20u + 8u + 28u) /* with a quote of as many bytes as RFC 792 asks for */

static void put16(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
    put16(p, value >> 16);
    put16(p + 2, value & 0xffff);
}

static uint32_t sum16(const uint8_t *p, uint32_t bytes, uint32_t sum)
{
    for (uint32_t i = 0; i < bytes; i++)
        sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static uint32_t put_options(uint8_t *to, const struct forged *f)
{
    uint32_t bytes = 0;

    if (f->mss != 0) {
        put32(to, 2u << 24 | 4u << 16 | f->mss);
        bytes += 4;
    }
    if (f->permits_sack) {
        put32(to + bytes, 1u << 24 | 1u << 16 | 4u << 8 | 2u);
        bytes += 4;
    }
    if (f->has_timestamp) {
        put32(to + bytes, 1u << 24 | 1u << 16 | 8u << 8 | 10u);
        put32(to + bytes + 4, f->timestamp[0]);
        put32(to + bytes + 8, f->timestamp[1]);
        bytes += 12;
    }
    if (f->sack[0] != f->sack[1]) {
        put32(to + bytes, 1u << 24 | 1u << 16 | 5u << 8 | 10u);
        put32(to + bytes + 4, f->sack[0]);
        put32(to + bytes + 8, f->sack[1]);
        bytes += 12;
    }
    return bytes;
}

static void put_ip(uint8_t *ip, uint8_t from, uint8_t to, uint8_t protocol, uint32_t bytes)
{
    ip[0] = 0x45;
    put16(ip + 2, bytes);
    put16(ip + 6, 0x4000);
    ip[8] = 64;
    ip[9] = protocol;
    put32(ip + 12, 10u << 24 | (from + 1u));
    put32(ip + 16, 10u << 24 | (to + 1u));
    put16(ip + 10, 0xffff - sum16(ip, 20, 0));
}

struct frame *forge_icmp(struct frames *frames, uint8_t from, uint8_t to, uint8_t type, uint8_t code, uint16_t mtu,
                         uint16_t port, uint16_t remote_port, uint32_t seq)
{
    struct frame *frame = frame_take(frames, ICMP_BYTES);
    uint8_t *ip = frame->data, *icmp = ip + 20, *quote = icmp + 8;

    memset(ip, 0, ICMP_BYTES);
    put_ip(ip, from, to, 1, ICMP_BYTES);
    icmp[0] = type;
    icmp[1] = code;
    put16(icmp + 6, mtu);
    put_ip(quote, to, from, 6, 60);
    put16(quote + 20, port);
    put16(quote + 22, remote_port);
    put32(quote + 24, seq);
    put16(icmp + 2, 0xffff - sum16(icmp, ICMP_BYTES - 20, 0));
    return frame;
}

struct frame *forge_too_big(struct frames *frames, const struct frame *packet, uint16_t mtu)
{
    struct frame *frame = forge_icmp(frames, packet->to, packet->from, 3, 4, mtu, 0, 0, 0);
    uint8_t *icmp = frame->data + 20;

    memcpy(icmp + 8, packet->data, 28);
    put16(icmp + 2, 0);
    put16(icmp + 2, 0xffff - sum16(icmp, ICMP_BYTES - 20, 0));
    return frame;
}

struct frame *forge_begin(struct frames *frames, const struct forged *f)
{
    struct frame *frame = frame_take(frames, FORGED_HEADERS_BYTES + FORGED_OPTIONS_MAX + f->payload_bytes);
    uint8_t *ip = frame->data, *tcp = ip + 20;
    uint32_t header_bytes;

    memset(ip, 0, FORGED_HEADERS_BYTES + FORGED_OPTIONS_MAX);
    header_bytes = 20 + put_options(tcp + 20, f);
    frame->length_bytes = 20 + header_bytes + f->payload_bytes;
    put_ip(ip, f->from, f->to, 6, frame->length_bytes);
    put16(tcp, f->from_port);
    put16(tcp + 2, f->to_port);
    put32(tcp + 4, f->seq);
    put32(tcp + 8, (f->flags & TCP_ACK) != 0 ? f->ack : 0);
    tcp[12] = (uint8_t)(header_bytes / 4 << 4);
    tcp[13] = f->flags;
    put16(tcp + 14, f->window);
    put16(tcp + 18, f->urgent);
    return frame;
}

uint8_t *forge_payload(struct frame *frame)
{
    return frame->data + 20 + (frame->data[32] >> 4) * 4u;
}

void forge_finish(struct frame *frame)
{
    uint8_t *ip = frame->data, *tcp = ip + 20;
    uint32_t bytes = frame->length_bytes - 20;

    put16(tcp + 16, 0);
    put16(tcp + 16, 0xffff - sum16(tcp, bytes, sum16(ip + 12, 8, 6 + bytes)));
}
