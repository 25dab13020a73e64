/*
 * Local and remote ends of sockets. Knows nothing of datagrams.
 */
#include "udp/bind.h"

#define PORT_FIRST 32768u /* ephemeral ports, the same as TCP's: below are what servers are configured to */
#define PORT_COUNT 32768u
#define PORT_DRAWS 10u
#define PMTU_AGE_MS (10u * 60u * 1000u) /* RFC 1191 6.3 */

static uint64_t port_hash(const struct udp *udp, uint16_t port)
{
    return prf_words2(&udp_host(udp)->key, PRF_UDP, port, 0);
}

uint64_t udp_port_hash_of(const void *udp, ref entry)
{
    const struct udp *u = (const struct udp *)udp;

    return port_hash(u, udp_socket_at(u, entry)->local.port);
}

struct table_probe udp_probe(const struct udp *udp, uint16_t port)
{
    return table_probe(udp_arena(udp), &udp->ports, port_hash(udp, port));
}

/* ----------------------------------------------------------------- finding */

bool udp_takes(const struct udp_socket *socket, const struct rill_endpoint *local, const struct rill_endpoint *remote)
{
    if (socket->local.port != local->port)
        return false;
    if (!ip_addr_is_unspecified(&socket->local.addr) && !ip_addr_equal(&socket->local.addr, &local->addr))
        return false;
    return (socket->flags & UDP_CONNECTED) == 0 ||
           (socket->remote.port == remote->port && ip_addr_equal(&socket->remote.addr, &remote->addr));
}

/* The more of its ends a socket has fixed, the better it matches. */
static unsigned match_rank(const struct udp_socket *socket)
{
    return ((socket->flags & UDP_CONNECTED) != 0 ? 2u : 0u) + (ip_addr_is_unspecified(&socket->local.addr) ? 0u : 1u);
}

/* Which of the sockets that share an end a source's datagrams go to: always the same, as long as they are the same. */
static uint64_t share_of(const struct udp *udp, const struct udp_socket *socket, const struct rill_endpoint *remote)
{
    uint64_t words[2];

    memcpy(words, remote->addr.bytes, sizeof words);
    return prf_words2(&udp_host(udp)->key, PRF_UDP, words[0] ^ words[1], (uint64_t)socket->order << 16 | remote->port);
}

static bool is_better(const struct udp *udp, const struct udp_socket *socket, const struct udp_socket *than,
                      const struct rill_endpoint *remote)
{
    unsigned rank = match_rank(socket), other = match_rank(than);

    if (rank != other)
        return rank > other;
    if ((socket->flags & than->flags & UDP_REUSE_PORT) != 0)
        return share_of(udp, socket, remote) > share_of(udp, than, remote);
    return socket->order > than->order;
}

struct udp_socket *udp_find(const struct udp *udp, const struct rill_endpoint *local,
                            const struct rill_endpoint *remote)
{
    struct table_probe probe = udp_probe(udp, local->port);
    struct udp_socket *best = NULL;
    ref r;

    while ((r = table_probe_next(&probe)) != REF_NONE) {
        struct udp_socket *socket = udp_socket_at(udp, r);

        if (udp_takes(socket, local, remote) && (best == NULL || is_better(udp, socket, best, remote)))
            best = socket;
    }
    return best;
}

struct udp_socket *udp_find_sender(const struct udp *udp, const struct rill_endpoint *local,
                                   const struct rill_endpoint *remote)
{
    return ip_is_local(udp_ip(udp), &local->addr) ? udp_find(udp, local, remote) : NULL;
}

/* ----------------------------------------------------------------- binding */

static bool overlap(const struct rill_addr *a, const struct rill_addr *b)
{
    return ip_addr_is_unspecified(a) || ip_addr_is_unspecified(b) || ip_addr_equal(a, b);
}

/* SO_REUSEADDR or SO_REUSEPORT on both lets two share an end; a port that the stack chooses is shared with nobody. */
static bool is_taken(const struct udp *udp, const struct udp_socket *socket, const struct rill_endpoint *local,
                     bool may_share)
{
    struct table_probe probe = udp_probe(udp, local->port);
    ref r;

    while ((r = table_probe_next(&probe)) != REF_NONE) {
        const struct udp_socket *other = udp_socket_at(udp, r);

        if (other->local.port != local->port || !overlap(&other->local.addr, &local->addr))
            continue;
        if (!may_share || (socket->flags & other->flags & (UDP_REUSE_ADDRESS | UDP_REUSE_PORT)) == 0)
            return true;
    }
    return false;
}

/* RFC 6056 3.3.2: drawn at random, some times; then the next free one from a random place on. 0: none is free. */
static uint16_t choose_port(struct udp *udp, const struct udp_socket *socket, const struct rill_addr *addr)
{
    uint32_t place = 0;

    for (uint32_t tries = 0; tries < PORT_DRAWS + PORT_COUNT; tries++) {
        struct rill_endpoint local = {.addr = *addr};

        place = tries < PORT_DRAWS ? (uint32_t)(host_draw(udp_host(udp)) % PORT_COUNT) : (place + 1) % PORT_COUNT;
        local.port = (uint16_t)(PORT_FIRST + place);
        if (!is_taken(udp, socket, &local, false))
            return local.port;
    }
    return 0;
}

static void leave_table(struct udp *udp, struct udp_socket *socket)
{
    bool removed;

    if (socket->local.port == 0)
        return;
    removed = table_remove(udp_arena(udp), &udp->ports, port_hash(udp, socket->local.port), udp_socket_ref(udp, socket),
                           udp_port_hash_of, udp);
    rill_assert(removed);
    socket->local.port = 0;
}

static int enter_table(struct udp *udp, struct udp_socket *socket, uint16_t port)
{
    if (table_insert(udp_arena(udp), &udp->ports, port_hash(udp, port), udp_socket_ref(udp, socket), udp_port_hash_of,
                     udp) != 0)
        return -RILL_ENOMEM;
    socket->local.port = port;
    socket->order = ++udp->order;
    return 0;
}

int udp_bind_somewhere(struct udp *udp, struct udp_socket *socket)
{
    uint16_t port;

    if (socket->local.port != 0)
        return 0;
    port = choose_port(udp, socket, &socket->local.addr);
    return port != 0 ? enter_table(udp, socket, port) : -RILL_EADDRNOTAVAIL;
}

/* Ours, or one that many hosts hear: then the socket hears that only. */
static bool may_be_bound(const struct ip *ip, const struct rill_addr *addr)
{
    return ip_addr_is_unspecified(addr) || ip_is_local(ip, addr) || ip_is_multicast(addr) || ip_is_broadcast(ip, addr);
}

int udp_bind(struct udp *udp, struct udp_socket *socket, const struct rill_endpoint *local)
{
    struct rill_addr before = socket->local.addr;
    int error;

    if (socket->local.port != 0)
        return -RILL_EINVAL;
    if (!may_be_bound(udp_ip(udp), &local->addr))
        return -RILL_EADDRNOTAVAIL;
    if (local->port != 0 && is_taken(udp, socket, local, true))
        return -RILL_EADDRINUSE;
    socket->local.addr = local->addr;
    error = local->port != 0 ? enter_table(udp, socket, local->port) : udp_bind_somewhere(udp, socket);
    if (error != 0) {
        socket->local.addr = before;
        return error == -RILL_EADDRNOTAVAIL ? -RILL_EADDRINUSE : error; /* all ports of a good address are taken */
    }
    socket->flags |= ip_addr_is_unspecified(&local->addr) ? 0 : UDP_BOUND_ADDRESS;
    socket->flags |= local->port != 0 ? UDP_BOUND_PORT : 0;
    return 0;
}

/* --------------------------------------------------------------- connecting */

int udp_connect(struct udp *udp, struct udp_socket *socket, const struct rill_endpoint *remote)
{
    struct ip *ip = udp_ip(udp);
    struct rill_addr source;
    uint32_t netif;
    int error;

    if (ip_is_broadcast(ip, &remote->addr) && (socket->flags & UDP_BROADCAST) == 0)
        return -RILL_EACCES;
    error = ip_route_datagram(ip, &remote->addr, &socket->local.addr, &netif, &source);
    if (error == 0)
        error = udp_bind_somewhere(udp, socket);
    if (error != 0)
        return error;
    if ((socket->flags & UDP_BOUND_ADDRESS) == 0)
        socket->local.addr = source; /* RFC 1122 4.1.3.5: what it will send from is known now */
    socket->remote = *remote;
    socket->flags |= UDP_CONNECTED;
    socket->pmtu = 0;
    return 0;
}

void udp_disconnect(struct udp *udp, struct udp_socket *socket)
{
    socket->remote = (struct rill_endpoint){.port = 0};
    socket->flags &= ~UDP_CONNECTED;
    socket->pmtu = 0;
    if ((socket->flags & UDP_BOUND_ADDRESS) == 0)
        memset(&socket->local.addr, 0, sizeof socket->local.addr);
    if ((socket->flags & UDP_BOUND_PORT) == 0)
        leave_table(udp, socket);
}

uint32_t udp_pmtu(const struct udp *udp, const struct udp_socket *socket, uint32_t mtu)
{
    if (socket->pmtu == 0 || host_ms_since(udp_host(udp), socket->pmtu_ms) > PMTU_AGE_MS)
        return mtu;
    return min_u32(mtu, socket->pmtu);
}

/* ------------------------------------------------------------- opening, closing */

static bool buffer_limit_is_valid(uint32_t bytes)
{
    return bytes == 0 || (bytes >= UDP_BUFFER_BYTES_MIN && bytes <= 1u << 30);
}

int udp_set_options(struct udp_socket *socket, const struct rill_udp_options *options)
{
    if (options->size != sizeof *options || (options->flags & ~UDP_OPTION_FLAGS) != 0 ||
        options->mtu_discovery > RILL_UDP_MTU_OMIT || !buffer_limit_is_valid(options->send_buffer_bytes) ||
        !buffer_limit_is_valid(options->receive_buffer_bytes))
        return -RILL_EINVAL;
    socket->flags = (socket->flags & ~UDP_OPTION_FLAGS) | options->flags;
    socket->user = options->user;
    socket->send_limit = options->send_buffer_bytes != 0 ? options->send_buffer_bytes : UDP_BUFFER_BYTES;
    socket->receive_limit = options->receive_buffer_bytes != 0 ? options->receive_buffer_bytes : UDP_BUFFER_BYTES;
    socket->tos = options->tos;
    socket->ttl = options->ttl != 0 ? options->ttl : IP_TTL_DEFAULT;
    socket->multicast_ttl = options->multicast_ttl != 0 ? options->multicast_ttl : 1;
    socket->mtu_discovery = options->mtu_discovery;
    return 0;
}

int udp_open(struct udp *udp, const struct rill_udp_options *options, struct udp_socket **out)
{
    ref r;
    int error;

    if (host_is_short(udp_host(udp), RESERVE_FOR_OPENING))
        return -RILL_ENOMEM;
    r = pool_take(udp_arena(udp), &udp->sockets);
    if (r == REF_NONE)
        return -RILL_ENOMEM;
    *out = udp_socket_at(udp, r);
    error = udp_set_options(*out, options);
    if (error != 0)
        pool_give(udp_arena(udp), &udp->sockets, r);
    return error;
}

void udp_close(struct udp *udp, struct udp_socket *socket)
{
    leave_table(udp, socket);
    buffer_queue_clear(udp_arena(udp), &udp_host(udp)->buffers, &socket->received);
    socket->receive_count = socket->receive_charge = 0;
    socket->flags = (socket->flags & ~UDP_CONNECTED) | UDP_CLOSED;
    if ((socket->flags & UDP_EVENT_QUEUED) == 0)
        pool_give(udp_arena(udp), &udp->sockets, udp_socket_ref(udp, socket));
}
