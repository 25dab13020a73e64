/*
 * ICMP errors, outbound. Knows who may be told, and how often; why the packet
 * was refused is the caller's.
 */
#include "icmp/unreachable.h"

#include "ip/reply.h"
#include "wire/icmp4.h"

/* RFC 1812 4.3.2.3: as much of the packet as fits in 576 bytes. The quote is raw, options and all, read by nobody. */
#define QUOTE_BYTES_MAX (576u - IPV4_HEADER_BYTES - ICMP4_HEADER_BYTES)

static bool limit_allows(struct host *host, struct icmp_limit *limit, const struct rill_addr *to)
{
    uint64_t second = host->now / NANOS_PER_S;
    uint64_t words[2];
    uint8_t *sent;

    if (second != limit->second) {
        limit->second = second;
        memset(limit->sent, 0, sizeof limit->sent);
    }
    memcpy(words, to->bytes, sizeof words);
    sent = &limit->sent[prf_words2(&host->key, PRF_ICMP, words[0] ^ second, words[1]) % ICMP_LIMIT_PLACES];
    if (*sent >= ICMP_LIMIT_PER_SECOND)
        return false;
    ++*sent;
    return true;
}

static void send(struct ip *ip, const struct ip_packet *packet, uint8_t type, uint8_t code)
{
    uint32_t quoted = min_u32(packet->whole_bytes, QUOTE_BYTES_MAX);
    const struct icmp4_message message = {
        .type = type,
        .code = code,
        .body = packet->whole,
        .body_bytes = quoted,
    };
    uint8_t header[ICMP4_HEADER_BYTES];
    struct buffer *body;
    ref r = buffer_take(&ip->host.arena, &ip->host.buffers, ICMP4_HEADER_BYTES + quoted);

    if (r == REF_NONE)
        return;
    /* Built in one piece for its checksum, then queued as header and body. */
    body = buffer_at(&ip->host.arena, r);
    (void)icmp4_build(buffer_bytes(body), ICMP4_HEADER_BYTES + quoted, &message);
    memcpy(header, buffer_bytes(body), sizeof header);
    body->start = ICMP4_HEADER_BYTES;
    body->length_bytes = quoted;
    host_count(&ip->host,
               type == ICMP4_UNREACHABLE ? RILL_COUNT_ICMP_UNREACHABLE_OUT : RILL_COUNT_ICMP_TIME_EXCEEDED_OUT, 1);
    reply_push(ip, packet->netif, &packet->destination, &packet->source, IP_PROTOCOL_ICMP, header, sizeof header, r);
}

/* RFC 1122 3.2.2: no error to or from what is no single host. ICMP errors and later fragments do not come here. */
static void send_if_allowed(struct ip *ip, struct icmp_limit *limit, const struct ip_packet *packet, uint8_t type,
                            uint8_t code)
{
    bool is_own = ip_is_local(ip, &packet->source);

    /* One of our own addresses is a source only where packets never leave us; nobody else's is flooded then. */
    if (packet->broadcast || !ip_is_unicast(ip, &packet->source) ||
        (is_own && !ip_netif_is_loop(&ip->netifs[packet->netif])))
        return;
    if (host_is_short(&ip->host, RESERVE_FOR_ECHO) || (!is_own && !limit_allows(&ip->host, limit, &packet->source))) {
        host_count(&ip->host, RILL_COUNT_ICMP_ERRORS_HELD, 1);
        return;
    }
    send(ip, packet, type, code);
}

void icmp_send_unreachable(struct ip *ip, struct icmp_limit *limit, const struct ip_packet *packet, uint8_t code)
{
    send_if_allowed(ip, limit, packet, ICMP4_UNREACHABLE, code);
}

void icmp_send_time_exceeded(struct ip *ip, struct icmp_limit *limit, const struct ip_packet *packet)
{
    send_if_allowed(ip, limit, packet, ICMP4_TIME_EXCEEDED, ICMP4_REASSEMBLY_TIME_EXCEEDED);
}
