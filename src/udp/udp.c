/*
 * UDP's set-up, its events and errors, and how it looks from outside.
 */
#include "udp/udp.h"

#include "ip/path_mtu.h"
#include "udp/bind.h"

int udp_init(struct udp *udp, struct ip *ip)
{
    udp->at_bytes = (uint32_t)((uintptr_t)udp - (uintptr_t)ip);
    pool_init(&udp->sockets, POOL_UDP_SOCKETS, sizeof(struct udp_socket), 0, 0);
    return table_init(&ip->host.arena, &udp->ports, 16) == 0 ? 0 : -RILL_ENOMEM;
}

struct udp_socket *udp_from_handle(const struct udp *udp, rill_conn conn)
{
    struct udp_socket *socket;

    if (!pool_holds(udp_arena(udp), &udp->sockets, (ref)conn, (uint32_t)(conn >> 32)))
        return NULL;
    socket = udp_socket_at(udp, (ref)conn);
    return (socket->flags & UDP_CLOSED) != 0 ? NULL : socket;
}

/* ------------------------------------------------------------------- events */

void udp_raise(struct udp *udp, struct udp_socket *socket, unsigned what)
{
    ref r = udp_socket_ref(udp, socket);

    socket->events = (uint16_t)(socket->events | what);
    if ((socket->flags & UDP_EVENT_QUEUED) != 0)
        return;
    socket->flags |= UDP_EVENT_QUEUED;
    socket->event_next = REF_NONE;
    if (udp->event_tail == REF_NONE)
        udp->event_head = r;
    else
        udp_socket_at(udp, udp->event_tail)->event_next = r;
    udp->event_tail = r;
}

bool udp_event_take(struct udp *udp, struct rill_event *out)
{
    while (udp->event_head != REF_NONE) {
        struct udp_socket *socket = udp_socket_at(udp, udp->event_head);

        udp->event_head = socket->event_next;
        if (udp->event_head == REF_NONE)
            udp->event_tail = REF_NONE;
        socket->flags &= ~UDP_EVENT_QUEUED;
        if ((socket->flags & UDP_CLOSED) != 0) {
            pool_give(udp_arena(udp), &udp->sockets, udp_socket_ref(udp, socket));
            continue;
        }
        *out = (struct rill_event){udp_conn_of(udp, socket), socket->user, socket->events, 0};
        if ((socket->events & RILL_SOFT_ERROR) != 0)
            out->error = socket->last_error.error;
        socket->events = 0;
        return true;
    }
    return false;
}

/* ------------------------------------------------------------------- errors */

int udp_take_pending(struct udp_socket *socket)
{
    if ((socket->flags & UDP_ERROR_KEPT) == 0 || !socket->last_error.pending)
        return 0;
    socket->flags &= ~UDP_ERROR_KEPT;
    return socket->last_error.error;
}

/* As TCP believes it (path_mtu_too_big()): never larger than before, and an old router says nothing (RFC 1191 5). */
static void learn_mtu(const struct udp *udp, struct udp_socket *socket, uint32_t mtu)
{
    uint32_t believed = max_u32(mtu, PATH_MTU_FLOOR_V4);

    if (mtu == 0 || believed >= udp_pmtu(udp, socket, UINT16_MAX))
        return;
    socket->pmtu = (uint16_t)believed;
    socket->pmtu_ms = host_ms(udp_host(udp));
}

/* ip(7): where DF is not set, what asks for less of it is about somebody else's packet. */
static bool believes_mtu(const struct udp_socket *socket)
{
    return socket->mtu_discovery == RILL_UDP_MTU_WANT || socket->mtu_discovery == RILL_UDP_MTU_DO ||
           socket->mtu_discovery == RILL_UDP_MTU_PROBE;
}

/*
 * RFC 1122 4.1.3.3: all of them are passed on. Nothing in UDP tells a forged one from a right one but its ports, so
 * an error changes nothing but what the application is told, and the size that its own datagrams may have: the path
 * that TCP uses learns nothing here (RFC 5927 7).
 */
bool udp_error_arrives(struct udp *udp, const struct rill_endpoint *local, const struct rill_udp_error *error)
{
    struct udp_socket *socket = udp_find_sender(udp, local, &error->remote);
    bool is_connected;

    if (socket == NULL)
        return false;
    if (error->error == -RILL_EMSGSIZE && !believes_mtu(socket))
        return true;
    is_connected = (socket->flags & UDP_CONNECTED) != 0;
    if (is_connected && error->error == -RILL_EMSGSIZE)
        learn_mtu(udp, socket, error->mtu);
    /* One that a call waits for is not replaced by one that nobody may ask for. */
    if (udp_has_pending(socket) && !(is_connected && error->hard))
        return true;
    socket->last_error = *error;
    socket->last_error.pending = is_connected && error->hard;
    socket->flags |= UDP_ERROR_KEPT;
    udp_raise(udp, socket, RILL_SOFT_ERROR);
    return true;
}

/* ----------------------------------------------------------------- from outside */

ref udp_next(const struct udp *udp, ref after)
{
    ref r = after;

    do
        r = pool_next(udp_arena(udp), &udp->sockets, r);
    while (r != REF_NONE && (udp_socket_at(udp, r)->flags & UDP_CLOSED) != 0);
    return r;
}

void udp_status_fill(const struct udp *udp, const struct udp_socket *socket, struct rill_status *out)
{
    const struct ip *ip = udp_ip(udp);
    struct rill_addr source;
    uint32_t netif;

    *out = (struct rill_status){
        .size = sizeof *out,
        .conn = udp_conn_of(udp, socket),
        .protocol = IP_PROTOCOL_UDP,
        .state = (socket->flags & UDP_CONNECTED) != 0 ? RILL_STATE_ESTABLISHED : RILL_STATE_CLOSED,
        .local = socket->local,
        .remote = socket->remote,
        .netif = -1,
        .user = socket->user,
        .receive_queued = socket->receive_charge,
        .receive_buffer_bytes = socket->receive_limit,
        .send_queued = socket->send_charge,
        .send_buffer_bytes = socket->send_limit,
        .segments_in = socket->datagrams_in,
        .segments_out = socket->datagrams_out,
        .bytes_sent_acked = socket->bytes_out,
        .bytes_received = socket->bytes_in,
    };
    if ((socket->flags & UDP_CONNECTED) == 0 ||
        ip_route_datagram(ip, &socket->remote.addr, &socket->local.addr, &netif, &source) != 0)
        return;
    out->netif = (int)netif;
    out->pmtu = udp_pmtu(udp, socket, ip->netifs[netif].mtu);
}

static bool socket_check(const struct udp *udp, const struct udp_socket *socket)
{
    uint32_t count = 0;
    uint64_t charge = 0;

    for (ref r = socket->received.head; r != REF_NONE; r = buffer_at(udp_arena(udp), r)->next) {
        count++;
        charge += buffer_charge(buffer_at(udp_arena(udp), r));
    }
    if (count != socket->receive_count || charge != socket->receive_charge)
        return false;
    if ((socket->flags & UDP_CONNECTED) != 0 && socket->local.port == 0)
        return false;
    return (socket->flags & UDP_CLOSED) == 0 || (count == 0 && socket->local.port == 0);
}

static bool queue_check(const struct udp *udp, const struct udp_queue *queue)
{
    uint32_t count = 0;

    for (ref r = queue->datagrams.head; r != REF_NONE; r = buffer_at(udp_arena(udp), r)->next)
        count++;
    return count == queue->count && count <= UDP_QUEUE_MAX;
}

bool udp_check(const struct udp *udp)
{
    uint32_t bound = 0;

    if (!pool_check(udp_arena(udp), &udp->sockets))
        return false;
    for (ref r = pool_next(udp_arena(udp), &udp->sockets, REF_NONE); r != REF_NONE;
         r = pool_next(udp_arena(udp), &udp->sockets, r)) {
        bound += udp_socket_at(udp, r)->local.port != 0;
        if (!socket_check(udp, udp_socket_at(udp, r)))
            return false;
    }
    for (uint32_t i = 0; i < IP_NETIFS_MAX; i++)
        if (!queue_check(udp, &udp->queues[i]))
            return false;
    return bound == table_count(&udp->ports) && table_check(udp_arena(udp), &udp->ports, udp_port_hash_of, udp);
}
