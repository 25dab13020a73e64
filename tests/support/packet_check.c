/* RFC 791, 8200, 792, 4443, 768 and 9293, read once more and naively. */
#include "support/packet_check.h"

#include <string.h>

static unsigned word16(const uint8_t *p)
{
    return p[0] * 256u + p[1];
}

static uint32_t word32(const uint8_t *p)
{
    return (uint32_t)word16(p) * 65536u + word16(p + 2);
}

uint16_t naive_sum(uint32_t start, const uint8_t *data, size_t length_bytes)
{
    uint32_t sum = start % 65536u + start / 65536u;

    for (size_t i = 0; i < length_bytes; i++) {
        sum += i % 2 == 0 ? data[i] * 256u : data[i];
        while (sum > 65535u)
            sum = sum - 65536u + 1u;
    }
    while (sum > 65535u)
        sum = sum - 65536u + 1u;
    return (uint16_t)sum;
}

uint16_t naive_transport_sum(const uint8_t *packet, size_t transport_start, size_t length_bytes, unsigned protocol)
{
    uint8_t pseudo[40] = {0};
    size_t transport_bytes = length_bytes - transport_start;
    size_t used;

    if (packet[0] / 16 == 4) {
        memcpy(pseudo, packet + 12, 8);
        pseudo[9] = (uint8_t)protocol;
        pseudo[10] = (uint8_t)(transport_bytes / 256);
        pseudo[11] = (uint8_t)(transport_bytes % 256);
        used = 12;
    } else {
        memcpy(pseudo, packet + 8, 32);
        pseudo[33] = (uint8_t)(transport_bytes / 65536);
        pseudo[34] = (uint8_t)(transport_bytes / 256 % 256);
        pseudo[35] = (uint8_t)(transport_bytes % 256);
        pseudo[39] = (uint8_t)protocol;
        used = 40;
    }
    return naive_sum(naive_sum(0, pseudo, used), packet + transport_start, transport_bytes);
}

static const char *check_ip_options(const uint8_t *options, size_t length_bytes)
{
    size_t i = 0;

    while (i < length_bytes) {
        if (options[i] == 0)
            return NULL;
        if (options[i] == 1) {
            i += 1;
            continue;
        }
        if (i + 1 >= length_bytes)
            return "IPv4 option without a length";
        if (options[i + 1] < 2)
            return "IPv4 option length below 2";
        if (i + options[i + 1] > length_bytes)
            return "IPv4 option past the header's end";
        i += options[i + 1];
    }
    return NULL;
}

static const char *check_ipv4(const uint8_t *packet, size_t length_bytes, struct packet_facts *facts)
{
    if (length_bytes < 20)
        return "shorter than an IPv4 header";
    facts->ip_bytes = packet[0] % 16 * 4u;
    if (facts->ip_bytes < 20 || facts->ip_bytes > length_bytes)
        return "IPv4 header length";
    if (word16(packet + 2) != length_bytes)
        return "IPv4 total length is not the packet's";
    if (naive_sum(0, packet, facts->ip_bytes) != 0xffff)
        return "IPv4 header checksum";
    if (word16(packet + 6) % 0x4000 != 0 || word16(packet + 6) >= 0x8000)
        return "an IPv4 fragment, or the reserved bit";
    facts->ip_id = word16(packet + 4);
    facts->ttl = packet[8];
    facts->protocol = packet[9];
    if (facts->ttl == 0)
        return "TTL 0";
    return check_ip_options(packet + 20, facts->ip_bytes - 20);
}

static const char *check_ipv6(const uint8_t *packet, size_t length_bytes, struct packet_facts *facts)
{
    if (length_bytes < 40)
        return "shorter than an IPv6 header";
    facts->ip_bytes = 40;
    if (word16(packet + 4) + 40u != length_bytes)
        return "IPv6 payload length is not the packet's";
    facts->protocol = packet[6];
    facts->ttl = packet[7];
    return facts->ttl == 0 ? "hop limit 0" : NULL;
}

/* RFC 9293 3.1 and the options' own RFCs; unknown kinds need only a length that can be walked. */
static const char *check_tcp_option(const uint8_t *option)
{
    size_t bytes = option[1];

    switch (option[0]) {
    case 2:
        return bytes == 4 ? NULL : "MSS option length";
    case 3:
        if (bytes != 3)
            return "window scale option length";
        return option[2] <= 14 ? NULL : "window scale above 14";
    case 4:
        return bytes == 2 ? NULL : "SACK-permitted option length";
    case 5:
        return bytes == 10 || bytes == 18 || bytes == 26 || bytes == 34 ? NULL : "SACK option length";
    case 8:
        return bytes == 10 ? NULL : "timestamp option length";
    case 28:
        return bytes == 4 ? NULL : "user timeout option length";
    case 34:
        return bytes == 2 || (bytes >= 6 && bytes <= 18 && bytes % 2 == 0) ? NULL : "fast open option length";
    default:
        return NULL;
    }
}

static const char *check_tcp_options(const uint8_t *options, size_t length_bytes)
{
    uint8_t seen[256] = {0};
    size_t i = 0;

    while (i < length_bytes) {
        const char *wrong;

        if (options[i] == 0) {
            while (i < length_bytes)
                if (options[i++] != 0)
                    return "TCP option padding is not 0";
            return NULL;
        }
        if (options[i] == 1) {
            i += 1;
            continue;
        }
        if (i + 1 >= length_bytes || options[i + 1] < 2 || i + options[i + 1] > length_bytes)
            return "TCP option cannot be walked";
        wrong = check_tcp_option(options + i);
        if (wrong != NULL)
            return wrong;
        if (seen[options[i]]++)
            return "TCP option twice";
        i += options[i + 1];
    }
    return NULL;
}

static const char *check_tcp(struct packet_facts *facts)
{
    const uint8_t *tcp = facts->transport;

    if (facts->transport_bytes < 20)
        return "shorter than a TCP header";
    facts->header_bytes = tcp[12] / 16 * 4u;
    if (facts->header_bytes < 20 || facts->header_bytes > facts->transport_bytes)
        return "TCP data offset";
    if ((tcp[12] & 0x0e) != 0) /* the lowest is AE (AccECN) */
        return "TCP reserved bits";
    facts->source_port = word16(tcp);
    facts->destination_port = word16(tcp + 2);
    if (facts->source_port == 0 || facts->destination_port == 0)
        return "TCP port 0";
    facts->seq = word32(tcp + 4);
    facts->ack = word32(tcp + 8);
    facts->flags = tcp[13];
    facts->window = word16(tcp + 14);
    facts->urgent = word16(tcp + 18);
    facts->options = tcp + 20;
    facts->option_bytes = facts->header_bytes - 20;
    return check_tcp_options(facts->options, facts->option_bytes);
}

static const char *check_udp(struct packet_facts *facts)
{
    if (facts->transport_bytes < 8)
        return "shorter than a UDP header";
    facts->header_bytes = 8;
    facts->source_port = word16(facts->transport);
    facts->destination_port = word16(facts->transport + 2);
    if (word16(facts->transport + 4) != facts->transport_bytes)
        return "UDP length";
    return word16(facts->transport + 6) == 0 ? "UDP without a checksum" : NULL;
}

static const char *check_icmp(struct packet_facts *facts)
{
    if (facts->transport_bytes < 8)
        return "shorter than an ICMP header";
    facts->header_bytes = 8;
    facts->icmp_type = facts->transport[0];
    facts->icmp_code = facts->transport[1];
    return NULL;
}

static const char *check_transport(const uint8_t *packet, size_t length_bytes, struct packet_facts *facts)
{
    const char *wrong;

    switch (facts->protocol) {
    case 1:
        wrong = check_icmp(facts);
        if (wrong == NULL && naive_sum(0, facts->transport, facts->transport_bytes) != 0xffff)
            wrong = "ICMP checksum";
        return wrong;
    case 6:
        wrong = check_tcp(facts);
        break;
    case 17:
        wrong = check_udp(facts);
        break;
    case 58:
        wrong = check_icmp(facts);
        break;
    default:
        return "protocol that this checker does not know";
    }
    if (wrong == NULL && naive_transport_sum(packet, facts->ip_bytes, length_bytes, facts->protocol) != 0xffff)
        wrong = "transport checksum";
    return wrong;
}

const char *packet_check(const uint8_t *packet, size_t length_bytes, struct packet_facts *facts)
{
    struct packet_facts own;
    const char *wrong;

    if (facts == NULL)
        facts = &own;
    memset(facts, 0, sizeof *facts);
    if (length_bytes == 0)
        return "no byte at all";
    facts->ip_version = packet[0] / 16;
    if (facts->ip_version == 4)
        wrong = check_ipv4(packet, length_bytes, facts);
    else if (facts->ip_version == 6)
        wrong = check_ipv6(packet, length_bytes, facts);
    else
        wrong = "IP version";
    if (wrong != NULL)
        return wrong;
    facts->transport = packet + facts->ip_bytes;
    facts->transport_bytes = length_bytes - facts->ip_bytes;
    wrong = check_transport(packet, length_bytes, facts);
    if (wrong == NULL) {
        facts->payload = facts->transport + facts->header_bytes;
        facts->payload_bytes = facts->transport_bytes - facts->header_bytes;
    }
    return wrong;
}

const uint8_t *packet_tcp_option(const struct packet_facts *facts, unsigned kind, size_t *value_bytes)
{
    size_t i = 0;

    while (i < facts->option_bytes && facts->options[i] != 0) {
        if (facts->options[i] == 1) {
            i += 1;
            continue;
        }
        if (facts->options[i] == kind) {
            *value_bytes = facts->options[i + 1] - 2u;
            return facts->options + i + 2;
        }
        i += facts->options[i + 1];
    }
    return NULL;
}
