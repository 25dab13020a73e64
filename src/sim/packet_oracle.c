/*
 * RFC 791 and 9293 3.1, read once more.
 */
#include "sim/packet_oracle.h"

#define SYN_DATA_MAX 9000u /* one packet carries it: no MTU here is larger */
#define EDGE_SLACK 256u    /* what rounding by window scale may take back; more when the scale is above 8 */

static uint32_t get16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) << 16 | get16(p + 2);
}

/* RFC 1071, two bytes at a time in network order, 64 bits wide. */
static uint64_t sum_bytes(const uint8_t *data, uint32_t bytes)
{
    uint64_t even = 0, odd = 0;
    uint32_t i = 0;

    for (; i + 8 <= bytes; i += 8) {
        even += (uint64_t)data[i] + data[i + 2] + data[i + 4] + data[i + 6];
        odd += (uint64_t)data[i + 1] + data[i + 3] + data[i + 5] + data[i + 7];
    }
    for (; i < bytes; i++)
        *(i % 2 == 0 ? &even : &odd) += data[i];
    return (even << 8) + odd;
}

static bool sums_to_ones(uint64_t sum)
{
    return sum != 0 && sum % 0xffff == 0;
}

static const char *read_ip(const uint8_t *packet, uint32_t length_bytes, struct packet_seen *facts)
{
    if (length_bytes < 20 || packet[0] != 0x45)
        return "P1 not an IPv4 header of 20 bytes";
    if (get16(packet + 2) != length_bytes)
        return "P1 IPv4 total length is not the packet's";
    if (!sums_to_ones(sum_bytes(packet, 20)))
        return "P1 IPv4 header checksum";
    if (get16(packet + 6) != 0x4000)
        return "P3 DF is not set, or a fragment";
    if (packet[8] == 0)
        return "P1 TTL 0";
    facts->protocol = packet[9];
    facts->from = packet[15];
    facts->to = packet[19];
    return NULL;
}

static const char *read_option(const uint8_t *option, uint32_t bytes, bool is_syn, struct packet_seen *facts)
{
    switch (option[0]) {
    case 2:
        return is_syn && bytes == 4 && get16(option + 2) > 0 ? NULL : "P1 MSS option";
    case 3:
        facts->has_scale = true;
        facts->scale = option[2];
        return is_syn && bytes == 3 && option[2] <= 14 ? NULL : "P1 window scale option";
    case 4:
        return is_syn && bytes == 2 ? NULL : "P1 SACK-permitted option";
    case 5:
        return bytes >= 10 && bytes <= 34 && bytes % 8 == 2 ? NULL : "P1 SACK option";
    case 8:
        return bytes == 10 ? NULL : "P1 timestamp option";
    case 34:
        return is_syn && (bytes == 2 || (bytes >= 6 && bytes <= 18 && bytes % 2 == 0)) ? NULL : "P1 fast open option";
    case 172: /* AccECN: counters of 24 bits */
    case 174:
        return bytes <= 11 && bytes % 3 == 2 ? NULL : "P1 AccECN option";
    default:
        return "P1 TCP option of unknown kind";
    }
}

static const char *read_options(const uint8_t *options, uint32_t length_bytes, struct packet_seen *facts)
{
    bool is_syn = (facts->flags & TCP_SYN) != 0;
    const char *wrong = NULL;
    uint32_t i = 0, seen = 0;

    while (i < length_bytes && options[i] != 0 && wrong == NULL) {
        if (options[i] == 1) {
            i++;
            continue;
        }
        if (i + 1 >= length_bytes || options[i + 1] < 2 || i + options[i + 1] > length_bytes)
            return "P1 TCP options cannot be walked";
        if (options[i] < 32 && (seen >> options[i] & 1) != 0)
            return "P1 TCP option twice";
        seen |= UINT32_C(1) << (options[i] & 31);
        wrong = read_option(options + i, options[i + 1], is_syn, facts);
        i += options[i + 1];
    }
    for (; i < length_bytes && wrong == NULL; i++)
        if (options[i] != 0)
            wrong = "P1 TCP option padding";
    return wrong;
}

static const char *read_tcp(const uint8_t *packet, uint32_t length_bytes, struct packet_seen *facts)
{
    const uint8_t *tcp = packet + 20;
    uint32_t bytes = length_bytes - 20, header_bytes;

    if (bytes < 20)
        return "P1 shorter than a TCP header";
    header_bytes = (uint32_t)(tcp[12] >> 4) * 4;
    if (header_bytes < 20 || header_bytes > bytes || (tcp[12] & 14) != 0)
        return "P1 TCP data offset or reserved bits";
    if (!sums_to_ones(sum_bytes(packet + 12, 8) + 6 + bytes + sum_bytes(tcp, bytes)))
        return "P1 TCP checksum";
    facts->from_port = (uint16_t)get16(tcp);
    facts->to_port = (uint16_t)get16(tcp + 2);
    facts->seq = get32(tcp + 4);
    facts->ack = get32(tcp + 8);
    facts->flags = tcp[13];
    facts->window = get16(tcp + 14);
    facts->payload_bytes = bytes - header_bytes;
    if (facts->from_port == 0 || facts->to_port == 0)
        return "P1 TCP port 0";
    if ((facts->flags & TCP_ACK) == 0 && facts->ack != 0)
        return "P1 ACK number without ACK";
    if ((facts->flags & TCP_SYN) != 0 && (facts->flags & (TCP_FIN | TCP_RST)) != 0)
        return "P1 SYN with FIN or RST";
    if ((facts->flags & (TCP_SYN | TCP_RST | TCP_ACK)) == 0)
        return "P1 neither SYN, RST nor ACK";
    return read_options(tcp + 20, header_bytes - 20, facts);
}

const char *packet_read(const uint8_t *packet, uint32_t length_bytes, struct packet_seen *facts)
{
    const char *wrong;

    *facts = (struct packet_seen){0};
    wrong = read_ip(packet, length_bytes, facts);
    if (wrong != NULL)
        return wrong;
    if (facts->protocol == 6)
        return read_tcp(packet, length_bytes, facts);
    if (facts->protocol == 1 && length_bytes >= 56 && get16(packet + 20) == (11u << 8 | 1))
        return sums_to_ones(sum_bytes(packet + 20, length_bytes - 20)) ? NULL : "P1 ICMP checksum";
    return "P1 a protocol that nobody here speaks";
}

/* ------------------------------------------------------------- sequence space */

/* a is after b on the circle. */
static bool is_after(uint32_t a, uint32_t b)
{
    return a != b && (uint32_t)(a - b) < UINT32_C(0x80000000);
}

static struct direction *direction_of(struct packet_oracle *oracle, uint32_t hosts, uint32_t ports)
{
    uint32_t i = (hosts * UINT32_C(0x9E3779B1) ^ ports * UINT32_C(0x85EBCA6B)) >> 7;

    for (;; i++) {
        struct direction *d = &oracle->directions[i % DIRECTIONS_MAX];

        if (d->key_hosts == hosts && d->key_ports == ports)
            return d;
        if (d->key_hosts != 0)
            continue;
        if (oracle->used == DIRECTIONS_MAX * 3 / 4)
            return NULL;
        oracle->used++;
        d->key_hosts = hosts;
        d->key_ports = ports;
        return d;
    }
}

static struct direction *forth(struct packet_oracle *oracle, const struct packet_seen *facts)
{
    return direction_of(oracle, (uint32_t)facts->from << 8 | facts->to,
                        (uint32_t)facts->from_port << 16 | facts->to_port);
}

static struct direction *back(struct packet_oracle *oracle, const struct packet_seen *facts)
{
    return direction_of(oracle, (uint32_t)facts->to << 8 | facts->from,
                        (uint32_t)facts->to_port << 16 | facts->from_port);
}

/* How far to the right this packet lets the other side send. */
static uint32_t right_edge(const struct packet_seen *facts, const struct direction *d, const struct direction *other)
{
    bool is_scaled = (facts->flags & TCP_SYN) == 0 && d->has_scale && other->has_scale;

    return facts->ack + (is_scaled ? facts->window << d->scale : facts->window);
}

/*
 * A SYN begins an incarnation, unless it is sent again. Two in one tick of the ISN's clock have the same ISN (RFC 6528),
 * but not the same peer; what a SYN,ACK says of data in the SYN (RFC 7413 4.2.2) may make one look like two.
 */
static bool begins_incarnation(const struct direction *d, const struct packet_seen *facts)
{
    return !d->has_iss || d->iss != facts->seq || (d->syn_ack != 0 && facts->ack != d->syn_ack);
}

static void note_syn(struct direction *d, const struct packet_seen *facts)
{
    if (begins_incarnation(d, facts)) {
        struct direction fresh = {.key_hosts = d->key_hosts,
                                  .key_ports = d->key_ports,
                                  .has_iss = true,
                                  .syn_window = d->syn_window,
                                  .syn_window_iss = d->syn_window_iss};

        *d = fresh;
        d->iss = facts->seq;
        d->sent_end = facts->seq + 1 + facts->payload_bytes;
        d->syn_ack = facts->ack;
    }
    d->has_scale = facts->has_scale;
    d->scale = facts->scale;
}

/* It belongs to an older incarnation than the peer's: an old SYN has come back, or an old ACK with a cookie. */
static bool is_of_older(const struct direction *other, const struct packet_seen *facts)
{
    return other->has_iss && (facts->flags & TCP_ACK) != 0 &&
           facts->ack - (other->iss + 1) > other->sent_end - (other->iss + 1);
}

/* Q3 (RFC 9293 SHLD-14). Once the peer's FIN is acknowledged, there is nothing to offer room for. */
static const char *judge_edge(struct direction *d, const struct direction *other, const struct packet_seen *facts)
{
    uint32_t edge = right_edge(facts, d, other);
    uint32_t slack = d->scale > 8 ? UINT32_C(1) << d->scale : EDGE_SLACK;

    if ((facts->flags & (TCP_ACK | TCP_RST)) != TCP_ACK || !d->has_iss || !other->has_iss)
        return NULL;
    if ((other->has_fin && is_after(facts->ack, other->fin)) || is_of_older(other, facts))
        return NULL;
    if ((facts->flags & TCP_SYN) != 0 && d->has_edge && d->edge_iss == other->iss)
        return NULL; /* sent again: a SYN's window cannot say more than 65535 (RFC 7323 2.2) */
    if (!d->has_edge || d->edge_iss != other->iss || is_after(edge, d->edge)) {
        d->has_edge = true;
        d->edge_iss = other->iss;
        d->edge = edge;
        return NULL;
    }
    return d->edge - edge >= slack ? "Q3 the right edge moved left" : NULL;
}

/*
 * How far its sender may go, for all it was told: by ACKs, and before that by the peer's SYN (RFC 7413 4.2.2), unless
 * the ISN is another by now because a cookie was sent. False when nothing has been said yet.
 */
static bool told_edge(const struct direction *d, const struct direction *other, uint32_t seq, uint32_t *edge)
{
    bool by_ack = d->was_told && d->told_iss == other->iss;
    bool by_syn =
        d->syn_window != 0 && d->syn_window_iss == other->iss && seq - (d->iss + 1) <= UINT16_MAX + UINT32_C(1);

    *edge = by_ack ? d->told_edge : d->iss + 1;
    if (by_syn && is_after(d->iss + 1 + d->syn_window, *edge))
        *edge = d->iss + 1 + d->syn_window;
    return other->has_iss && (by_ack || by_syn);
}

/* Q4, but for the one byte of a window probe (RFC 9293 3.8.6.1). */
static const char *judge_data(struct direction *d, const struct direction *other, const struct packet_seen *facts)
{
    uint32_t end = facts->seq + facts->payload_bytes + ((facts->flags & TCP_FIN) != 0), edge;

    if ((facts->flags & (TCP_SYN | TCP_RST)) != 0 || !d->has_iss || is_of_older(other, facts))
        return NULL;
    if ((facts->flags & TCP_FIN) != 0) {
        if (d->has_fin && d->fin != end - 1)
            return "Q5 the FIN's sequence number moved";
        d->has_fin = true;
        d->fin = end - 1;
    } else if (d->has_fin && facts->payload_bytes > 0 && is_after(end, d->fin)) {
        return "Q5 data beyond the FIN";
    }
    if (is_after(end, d->sent_end))
        d->sent_end = end;
    if (!told_edge(d, other, facts->seq, &edge) || end == facts->seq)
        return NULL;
    return is_after(end, edge + 1) ? "Q4 sent beyond the right edge that the peer offered" : NULL;
}

const char *packet_oracle_sent(struct packet_oracle *oracle, const struct packet_seen *facts, uint32_t *incarnation)
{
    struct direction *d = forth(oracle, facts), *other = back(oracle, facts);
    const char *wrong;

    *incarnation = 0;
    if (d == NULL || other == NULL)
        return NULL;
    if ((facts->flags & TCP_SYN) != 0)
        note_syn(d, facts);
    *incarnation = d->iss;
    wrong = judge_edge(d, other, facts);
    return wrong != NULL ? wrong : judge_data(d, other, facts);
}

void packet_oracle_delivered(struct packet_oracle *oracle, const struct packet_seen *facts, uint32_t incarnation)
{
    struct direction *sender = forth(oracle, facts), *receiver = back(oracle, facts);
    uint32_t edge;

    if ((facts->flags & TCP_RST) != 0 || sender == NULL || receiver == NULL)
        return;
    if (!sender->has_iss || sender->iss != incarnation)
        return;
    if ((facts->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
        receiver->syn_window = facts->window;
        receiver->syn_window_iss = incarnation;
    }
    if ((facts->flags & TCP_ACK) == 0)
        return;
    edge = right_edge(facts, sender, receiver);
    if (receiver->was_told && receiver->told_iss == incarnation && !is_after(edge, receiver->told_edge))
        return;
    receiver->was_told = true;
    receiver->told_iss = incarnation;
    receiver->told_edge = edge;
}
