/*
 * The IP layer: interfaces, routes, paths, and packets that belong to no
 * connection. Checks what arrives and says to whom it goes; knows nothing of
 * what the protocols above do with it.
 */
#ifndef IP_IP_H
#define IP_IP_H

#include "base/bytes.h"
#include "base/host.h"
#include "base/table.h"
#include "ip/fragmentation.h"
#include "ip/fragments.h"
#include "ip/path.h"
#include "wire/ipv4.h"

#define IP_NETIFS_MAX 8
#define IP_REPLIES_MAX 256u /* answers that wait to be sent; shared evenly by the interfaces */
#define IP_TTL_DEFAULT 64
#define IP_PATHS_KEPT 32u

/* Pool numbers, unique in the arena: buffers take the first ones. */
enum pool_number {
    POOL_BUFFERS = 0,
    POOL_PATHS = BUFFER_CLASSES,
    POOL_REPLIES,
    POOL_TCBS,
    POOL_BUSY,
    POOL_SENDERS,
    POOL_SENT,
    POOL_MODELS,
    POOL_HALF_OPEN,
    POOL_TIME_WAIT,
    POOL_LISTENERS,
    POOL_REASSEMBLY,
    POOL_RANGES,
    POOL_LIMITS,
    POOL_ACCURATE_ECN,
    POOL_UDP_SOCKETS,
    POOL_FRAGMENTED,
    POOL_COUNTS,
};

struct netif {
    char name[16];
    uint16_t mtu;
    bool offload;
    uint8_t prefix_bits;
    struct rill_addr addr;
    struct rill_addr gateway;
    uint32_t v4, v4_mask;           /* addr and its prefix as numbers */
    uint32_t v4_broadcast;          /* RFC 1122 3.2.1.3 (d): the subnet's all-ones host; 0 when it has none */
    ref replies_head, replies_tail; /* packets without a connection, oldest first */
    uint32_t replies_count;
    ref touched_head, touched_tail; /* TCBs that may have something to send */
};

struct ip {
    struct host host; /* first */
    struct pool paths;
    struct table path_table;
    struct pool replies;
    struct fragments fragments;
    struct ip_ids ids;
    uint32_t mtu_probing, mtu_base; /* rill_config: path_mtu.h */
    ref kept_paths[IP_PATHS_KEPT];  /* narrow ones, that outlive their connections */
    uint32_t kept_next;             /* the oldest of them */
    uint32_t netif_count;
    struct netif netifs[IP_NETIFS_MAX];
};

/* A packet that passed the IP layer's checks. */
struct ip_packet {
    struct rill_addr source, destination;
    const uint8_t *data; /* behind the IP header */
    uint32_t data_bytes;
    uint16_t segment_bytes; /* of a super-segment; 0 */
    uint8_t protocol;
    uint8_t tos;
    uint8_t netif;
    bool checksum_ok;
    bool broadcast;   /* destination is a broadcast or multicast address */
    bool is_fragment; /* `data` is a piece, and not for a protocol yet: fragments_arrive() */
    ref buffer;       /* the data lies in this buffer of ours, and it may be kept; REF_NONE */
    const uint8_t *whole;
    uint32_t whole_bytes;
};

int ip_init(struct ip *ip);

int ip_netif_add(struct ip *ip, const struct rill_netif_config *config, int *netif);

/* Check a packet from an interface and describe it. RILL_DROP_NONE when it is for us. */
enum rill_drop ip_check(const struct ip *ip, uint32_t netif, const struct rill_packet *packet, struct ip_packet *out);

/* Where a packet to `remote` leaves: the interface and our address there. 0 or -RILL_ENETUNREACH. */
int ip_route(const struct ip *ip, const struct rill_addr *remote, uint32_t *netif, struct rill_addr *local);

/*
 * The same for a datagram, which may go to a broadcast or multicast address too: those leave by the interface that
 * has the address `from`, or by the one of the default route, or by the first (RFC 1122 3.3.6, 3.3.1.1).
 */
int ip_route_datagram(const struct ip *ip, const struct rill_addr *remote, const struct rill_addr *from,
                      uint32_t *netif, struct rill_addr *local);

/* True when the address is one of ours. */
bool ip_is_local(const struct ip *ip, const struct rill_addr *addr);

/* Broadcast, multicast or otherwise no single host (RFC 1122 3.2.1.3, RFC 9293 MUST-46, 57). */
bool ip_is_unicast(const struct ip *ip, const struct rill_addr *addr);

/* A group's (RFC 1112), or all hosts' of one of our networks. */
bool ip_is_multicast(const struct rill_addr *addr);
bool ip_is_broadcast(const struct ip *ip, const struct rill_addr *addr);

/* Write the IP header of a train's template, with DF and ID 0: an atomic datagram (RFC 6864 4.1); returns its bytes. */
size_t ip_build_header(const struct rill_addr *source, const struct rill_addr *destination, uint8_t protocol,
                       uint8_t tos, uint8_t ttl, uint8_t *to);

/* The IPv4 address as a number. */
static inline uint32_t ip_v4(const struct rill_addr *addr)
{
    return get_be32(addr->bytes + 12);
}

static inline struct rill_addr ip_from_v4(uint32_t v4)
{
    struct rill_addr addr = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0}};

    put_be32(addr.bytes + 12, v4);
    return addr;
}

static inline bool ip_addr_is_v4(const struct rill_addr *addr)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    return memcmp(addr->bytes, mapped, 12) == 0;
}

static inline bool ip_addr_equal(const struct rill_addr *a, const struct rill_addr *b)
{
    return memcmp(a->bytes, b->bytes, 16) == 0;
}

static inline bool ip_addr_is_unspecified(const struct rill_addr *addr)
{
    static const struct rill_addr none;

    return ip_addr_equal(addr, &none) || (ip_addr_is_v4(addr) && ip_v4(addr) == 0);
}

/* An interface of one address and no way on: what is sent there comes back to us, and our own address is no lie. */
static inline bool ip_netif_is_loop(const struct netif *netif)
{
    return netif->prefix_bits == 32 && ip_addr_is_unspecified(&netif->gateway);
}

/* A keyed hash of addresses and two 16-bit numbers, for what packets show. */
uint64_t ip_hash_tuple(const struct host *host, enum prf_domain domain, const struct rill_addr *local,
                       const struct rill_addr *remote, uint16_t local_port, uint16_t remote_port);

/* The same, cheaper, for where something lies in a table. */
uint64_t ip_place_tuple(const struct host *host, enum prf_domain domain, const struct rill_addr *local,
                        const struct rill_addr *remote, uint16_t local_port, uint16_t remote_port);

/* Count a drop and tell the trace. */
void ip_drop(struct ip *ip, enum rill_drop reason, const uint8_t *packet, uint32_t packet_bytes);

#endif
