/*
 * Interfaces, routes and the checks of arriving packets (RFC 791, RFC 1122
 * 3.2.1). IPv4 for now: everything above works on 16-byte addresses already.
 */
#include "ip/ip.h"

#include "base/bytes.h"

#define MTU_MIN 576u /* RFC 791: every host takes datagrams of 576 octets */

int ip_init(struct ip *ip)
{
    pool_init(&ip->paths, POOL_PATHS, sizeof(struct path), 0, 0);
    if (fragments_init(ip) != 0)
        return -1;
    return table_init(&ip->host.arena, &ip->path_table, 16);
}

static uint32_t mask_of(uint8_t prefix_bits)
{
    return prefix_bits == 0 ? 0 : ~UINT32_C(0) << (32 - prefix_bits);
}

int ip_netif_add(struct ip *ip, const struct rill_netif_config *config, int *out)
{
    struct netif *netif;

    if (ip->netif_count == IP_NETIFS_MAX)
        return -RILL_ENOMEM;
    if (config->mtu < MTU_MIN || !ip_addr_is_v4(&config->addr) || ip_v4(&config->addr) == 0 || config->prefix_bits > 32)
        return -RILL_EINVAL;
    netif = &ip->netifs[ip->netif_count];
    *netif = (struct netif){
        .mtu = config->mtu,
        .offload = config->offload,
        .prefix_bits = config->prefix_bits,
        .addr = config->addr,
        .gateway = config->gateway,
        .v4 = ip_v4(&config->addr),
        .v4_mask = mask_of(config->prefix_bits),
    };
    memcpy(netif->name, config->name, sizeof netif->name - 1);
    if (config->prefix_bits < 31) /* subnets of /31 and /32 have none (RFC 3021) */
        netif->v4_broadcast = netif->v4 | ~netif->v4_mask;
    *out = (int)ip->netif_count;
    ip->netif_count++;
    return 0;
}

/* 0.0.0.0/8, 127.0.0.0/8, multicast, 240.0.0.0/4 with the limited broadcast, subnet broadcasts (RFC 1122 3.2.1.3). */
static bool v4_is_unicast(const struct ip *ip, uint32_t v4)
{
    if (v4 >> 24 == 0 || v4 >> 24 == 127 || v4 >= UINT32_C(0xe0000000))
        return false;
    for (uint32_t i = 0; i < ip->netif_count; i++)
        if (v4 == ip->netifs[i].v4_broadcast)
            return false;
    return true;
}

static bool v4_is_local(const struct ip *ip, uint32_t v4)
{
    for (uint32_t i = 0; i < ip->netif_count; i++)
        if (v4 == ip->netifs[i].v4)
            return true;
    return false;
}

bool ip_is_unicast(const struct ip *ip, const struct rill_addr *addr)
{
    return ip_addr_is_v4(addr) && v4_is_unicast(ip, ip_v4(addr));
}

bool ip_is_local(const struct ip *ip, const struct rill_addr *addr)
{
    return ip_addr_is_v4(addr) && v4_is_local(ip, ip_v4(addr));
}

int ip_route(const struct ip *ip, const struct rill_addr *remote, uint32_t *netif, struct rill_addr *local)
{
    uint32_t best = IP_NETIFS_MAX;
    int best_bits = -1;

    if (!ip_is_unicast(ip, remote))
        return -RILL_ENETUNREACH;
    for (uint32_t i = 0; i < ip->netif_count; i++) {
        const struct netif *n = &ip->netifs[i];
        bool on_link = ((ip_v4(remote) ^ n->v4) & n->v4_mask) == 0;
        int bits = on_link ? n->prefix_bits : !ip_addr_is_unspecified(&n->gateway) ? 0 : -1;

        if (bits > best_bits) {
            best_bits = bits;
            best = i;
        }
    }
    if (best_bits < 0)
        return -RILL_ENETUNREACH;
    *netif = best;
    *local = ip->netifs[best].addr;
    return 0;
}

bool ip_is_multicast(const struct rill_addr *addr)
{
    return ip_addr_is_v4(addr) ? ip_v4(addr) >> 28 == 0xe : addr->bytes[0] == 0xff;
}

bool ip_is_broadcast(const struct ip *ip, const struct rill_addr *addr)
{
    if (!ip_addr_is_v4(addr))
        return false;
    if (ip_v4(addr) == ~UINT32_C(0))
        return true;
    for (uint32_t i = 0; i < ip->netif_count; i++)
        if (ip->netifs[i].v4_broadcast != 0 && ip_v4(addr) == ip->netifs[i].v4_broadcast)
            return true;
    return false;
}

int ip_route_datagram(const struct ip *ip, const struct rill_addr *remote, const struct rill_addr *from,
                      uint32_t *netif, struct rill_addr *local)
{
    uint32_t chosen = IP_NETIFS_MAX;

    if (!ip_addr_is_v4(remote))
        return -RILL_ENETUNREACH;
    if (!ip_is_multicast(remote) && !ip_is_broadcast(ip, remote))
        return ip_route(ip, remote, netif, local);
    for (uint32_t i = 0; i < ip->netif_count; i++) {
        const struct netif *n = &ip->netifs[i];
        bool is_its_subnet = n->v4_broadcast != 0 && ip_v4(remote) == n->v4_broadcast;

        if (is_its_subnet || ip_addr_equal(&n->addr, from)) {
            chosen = i;
            break;
        }
        if (chosen == IP_NETIFS_MAX && !ip_addr_is_unspecified(&n->gateway))
            chosen = i;
    }
    if (ip->netif_count == 0)
        return -RILL_ENETUNREACH;
    *netif = chosen == IP_NETIFS_MAX ? 0 : chosen;
    *local = ip->netifs[*netif].addr;
    return 0;
}

enum rill_drop ip_check(const struct ip *ip, uint32_t netif, const struct rill_packet *packet, struct ip_packet *out)
{
    const struct netif *n = &ip->netifs[netif];
    struct ipv4_header header;
    enum rill_drop drop = ipv4_parse(packet->data, packet->length_bytes, &header);

    if (drop != RILL_DROP_NONE)
        return drop;
    out->broadcast = false;
    if (!v4_is_unicast(ip, header.source) || header.destination >> 24 == 127)
        return RILL_DROP_IP_MARTIAN;
    if (!v4_is_local(ip, header.destination)) {
        out->broadcast = header.destination == ~UINT32_C(0) || header.destination >> 28 == 0xe || /* multicast */
                         (n->v4_broadcast != 0 && header.destination == n->v4_broadcast);
        if (!out->broadcast)
            return RILL_DROP_IP_NOT_OURS;
    }
    out->is_fragment = header.more_fragments || header.fragment_offset_bytes != 0;
    out->source = ip_from_v4(header.source);
    out->destination = ip_from_v4(header.destination);
    out->data = packet->data + header.header_bytes;
    out->data_bytes = (uint32_t)header.total_bytes - header.header_bytes;
    out->segment_bytes = packet->segment_bytes;
    out->protocol = header.protocol;
    out->tos = header.tos;
    out->netif = (uint8_t)netif;
    out->checksum_ok = (packet->flags & RILL_PACKET_CHECKSUM_OK) != 0;
    out->buffer = packet->buffer;
    out->whole = packet->data;
    out->whole_bytes = header.total_bytes;
    return RILL_DROP_NONE;
}

size_t ip_build_header(const struct rill_addr *source, const struct rill_addr *destination, uint8_t protocol,
                       uint8_t tos, uint8_t ttl, uint8_t *to)
{
    /* The ID of an atomic datagram means nothing, and 0 tells nothing. */
    struct ipv4_header header = {
        .source = ip_v4(source),
        .destination = ip_v4(destination),
        .header_bytes = IPV4_HEADER_BYTES,
        .tos = tos,
        .ttl = ttl,
        .protocol = protocol,
        .dont_fragment = true,
    };

    ipv4_build_template(to, &header);
    return IPV4_HEADER_BYTES;
}

static uint64_t load64(const uint8_t *bytes)
{
    uint64_t v;

    memcpy(&v, bytes, sizeof v);
    return v;
}

static void tuple_words(const struct rill_addr *local, const struct rill_addr *remote, uint32_t ports,
                        uint64_t words[5])
{
    words[0] = load64(local->bytes);
    words[1] = load64(local->bytes + 8);
    words[2] = load64(remote->bytes);
    words[3] = load64(remote->bytes + 8);
    words[4] = ports;
}

static uint64_t v4_pair(const struct rill_addr *local, const struct rill_addr *remote)
{
    return (uint64_t)ip_v4(local) << 32 | ip_v4(remote);
}

uint64_t ip_hash_tuple(const struct host *host, enum prf_domain domain, const struct rill_addr *local,
                       const struct rill_addr *remote, uint16_t local_port, uint16_t remote_port)
{
    uint32_t ports = (uint32_t)local_port << 16 | remote_port;
    uint64_t words[5];

    if (likely(ip_addr_is_v4(local)))
        return prf_bytes12(&host->key, domain, v4_pair(local, remote), ports);
    tuple_words(local, remote, ports, words);
    return prf_words5(&host->key, domain, words);
}

uint64_t ip_place_tuple(const struct host *host, enum prf_domain domain, const struct rill_addr *local,
                        const struct rill_addr *remote, uint16_t local_port, uint16_t remote_port)
{
    uint32_t ports = (uint32_t)local_port << 16 | remote_port;
    uint64_t words[5];

    if (likely(ip_addr_is_v4(local)))
        return place_bytes12(&host->key, domain, v4_pair(local, remote), ports);
    tuple_words(local, remote, ports, words);
    return place_words5(&host->key, domain, words);
}

void ip_drop(struct ip *ip, enum rill_drop reason, const uint8_t *packet, uint32_t packet_bytes)
{
    struct host *host = &ip->host;

    host->drops[reason]++;
    if (unlikely(host->trace != NULL)) {
        struct rill_trace_event event = {
            .type = RILL_TRACE_DROP,
            .now = host->epoch + host->now,
            .a = (uint32_t)reason,
            .packet = packet,
            .packet_bytes = packet_bytes,
        };

        host->trace(host->trace_context, &event);
    }
}
