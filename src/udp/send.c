/*
 * Sending. A datagram that is longer than its path allows leaves in fragments,
 * where its socket wants that. A socket may have so much waiting as its limit says, an interface
 * so many datagrams as its queue holds; what does not fit is refused, never
 * thrown away later.
 */
#include "udp/send.h"

#include "base/bytes.h"
#include "ip/path_mtu.h"
#include "udp/bind.h"
#include "wire/checksum.h"
#include "wire/udp.h"

#define HEADERS_BYTES (IPV4_HEADER_BYTES + UDP_HEADER_BYTES)

/* What stands in a waiting datagram's buffer in front of its data. */
struct front {
    uint16_t mtu; /* it is longer than that, and leaves in fragments; 0: in one piece */
    uint8_t headers[HEADERS_BYTES];
};

/* Where one datagram goes and what its headers say. */
struct departure {
    struct rill_endpoint remote;
    struct rill_addr source;
    uint32_t netif;
    uint32_t length_bytes;
    uint16_t mtu; /* see struct front */
    bool dont_fragment;
    uint8_t ttl, tos;
};

bool udp_has_send_room(const struct udp_socket *socket)
{
    return socket->send_charge < socket->send_limit;
}

static int total_bytes(const struct rill_slice *slices, unsigned count, uint32_t *out)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < count; i++)
        total += slices[i].length_bytes;
    *out = (uint32_t)min_u64(total, UINT32_MAX);
    return total > UINT16_MAX - HEADERS_BYTES ? -RILL_EMSGSIZE : 0;
}

/* RFC 1122 4.1.3.5, 4.1.3.6: the source is the application's choice, and an address of ours. */
static int choose_source(const struct udp *udp, const struct udp_socket *socket, const struct rill_udp_how *how,
                         struct departure *out)
{
    const struct rill_addr *wanted = &socket->local.addr;
    const struct ip *ip = udp_ip(udp);
    struct rill_addr route_source;
    int error;

    if (how != NULL && !ip_addr_is_unspecified(&how->local)) {
        if (!ip_is_local(ip, &how->local))
            return -RILL_EADDRNOTAVAIL;
        wanted = &how->local;
    }
    error = ip_route_datagram(ip, &out->remote.addr, wanted, &out->netif, &route_source);
    if (error != 0)
        return error;
    out->source = ip_is_local(ip, wanted) ? *wanted : route_source; /* bound to a broadcast address: not from there */
    return 0;
}

/*
 * RFC 1191 4: WANT finds out what the path takes by DF, as long as a datagram fits into what is known of it. The others
 * are told by Linux's ip(7): DONT, INTERFACE and OMIT believe no ICMP, DO and PROBE never cut.
 */
static int plan_fragments(const struct udp *udp, const struct udp_socket *socket, bool to_connected,
                          struct departure *out)
{
    uint32_t mtu = udp_ip(udp)->netifs[out->netif].mtu;
    bool fits, is_known;

    if (to_connected && (socket->mtu_discovery == RILL_UDP_MTU_WANT || socket->mtu_discovery == RILL_UDP_MTU_DO))
        mtu = udp_pmtu(udp, socket, mtu);
    fits = out->length_bytes <= mtu - HEADERS_BYTES;
    out->mtu = (uint16_t)(fits ? 0 : mtu);
    is_known =
        to_connected && mtu > PATH_MTU_FLOOR_V4; /* RFC 1191 3: for connected ones only; the path may take less */
    switch ((enum rill_udp_mtu_discovery)socket->mtu_discovery) {
    case RILL_UDP_MTU_WANT:
        out->dont_fragment = fits && is_known;
        return 0;
    case RILL_UDP_MTU_DONT:
    case RILL_UDP_MTU_OMIT:
        out->dont_fragment = false;
        return 0;
    case RILL_UDP_MTU_DO:
    case RILL_UDP_MTU_PROBE:
        out->dont_fragment = true;
        break;
    case RILL_UDP_MTU_INTERFACE:
        out->dont_fragment = false;
        break;
    }
    return fits ? 0 : -RILL_EMSGSIZE;
}

static int plan(const struct udp *udp, const struct udp_socket *socket, const struct rill_endpoint *remote,
                const struct rill_udp_how *how, struct departure *out)
{
    const struct ip *ip = udp_ip(udp);
    int error;

    if (remote == NULL && (socket->flags & UDP_CONNECTED) == 0)
        return -RILL_ENOTCONN;
    out->remote = remote != NULL ? *remote : socket->remote;
    if (out->remote.port == 0 || ip_addr_is_unspecified(&out->remote.addr))
        return -RILL_EINVAL;
    if (ip_is_broadcast(ip, &out->remote.addr) && (socket->flags & UDP_BROADCAST) == 0)
        return -RILL_EACCES;
    error = choose_source(udp, socket, how, out);
    if (error != 0)
        return error;
    error = plan_fragments(udp, socket, remote == NULL, out);
    if (error != 0)
        return error;
    out->ttl = ip_is_multicast(&out->remote.addr) ? socket->multicast_ttl : socket->ttl;
    out->tos = socket->tos;
    if (how != NULL) {
        out->ttl = how->ttl != 0 ? how->ttl : out->ttl;
        out->tos = how->set_tos ? how->tos : out->tos;
    }
    return 0;
}

/* No device can sum up what it never sees whole. */
static void fill_checksum(uint8_t *udp, const struct departure *departure)
{
    uint32_t udp_bytes = UDP_HEADER_BYTES + departure->length_bytes;
    uint16_t checksum = checksum_finish(
        checksum_bytes(udp, udp_bytes) +
        checksum_pseudo4(ip_v4(&departure->source), ip_v4(&departure->remote.addr), IP_PROTOCOL_UDP, udp_bytes));

    put_be16(udp + 6, checksum != 0 ? checksum : 0xffff); /* RFC 768: 0 would say that there is none */
}

static void write_datagram(struct udp *udp, struct buffer *buffer, const struct udp_socket *socket,
                           const struct departure *departure, const struct rill_slice *slices, unsigned count)
{
    const struct udp_datagram datagram = {
        .source_port = socket->local.port,
        .destination_port = departure->remote.port,
        .data_bytes = departure->length_bytes,
    };
    struct front *front = (struct front *)(void *)buffer_bytes(buffer);
    uint8_t *to = (uint8_t *)(front + 1);

    front->mtu = departure->mtu;
    ip_build_header(&departure->source, &departure->remote.addr, IP_PROTOCOL_UDP, departure->tos, departure->ttl,
                    front->headers);
    if (!departure->dont_fragment)
        ip_allow_fragments(udp_ip(udp), front->headers);
    udp_build_template(front->headers + IPV4_HEADER_BYTES, &datagram);
    for (unsigned i = 0; i < count; i++) {
        if (slices[i].length_bytes > 0)
            memcpy(to, slices[i].data, slices[i].length_bytes);
        to += slices[i].length_bytes;
    }
    buffer->start = sizeof *front;
    buffer->length_bytes = departure->length_bytes;
    buffer->next = REF_NONE;
    if (departure->mtu != 0)
        fill_checksum(front->headers + IPV4_HEADER_BYTES, departure);
}

static void enqueue(struct udp *udp, struct udp_socket *socket, uint32_t netif, ref r)
{
    struct buffer *buffer = buffer_at(udp_arena(udp), r);

    buffer->flags = udp_socket_ref(udp, socket);
    buffer->seq = seq_make(socket->generation);
    buffer_queue_push(udp_arena(udp), &udp->queues[netif].datagrams, r);
    udp->queues[netif].count++;
    socket->send_charge += buffer_charge(buffer);
    socket->datagrams_out++;
    socket->bytes_out += buffer->length_bytes;
    host_count(udp_host(udp), RILL_COUNT_UDP_DATAGRAMS_OUT, 1);
}

int64_t udp_send_to(struct udp *udp, struct udp_socket *socket, const struct rill_endpoint *remote,
                    const struct rill_slice *slices, unsigned count, const struct rill_udp_how *how)
{
    struct departure departure;
    int error = total_bytes(slices, count, &departure.length_bytes);
    ref r;

    if (error == 0)
        error = plan(udp, socket, remote, how, &departure);
    if (error == 0)
        error = udp_bind_somewhere(udp, socket);
    if (error == 0)
        error = udp_take_pending(socket);
    if (error != 0)
        return error;
    if (!udp_has_send_room(socket)) {
        socket->flags |= UDP_ROOM_WANTED;
        return -RILL_EAGAIN;
    }
    if (udp->queues[departure.netif].count >= UDP_QUEUE_MAX || host_is_short(udp_host(udp), RESERVE_FOR_SENDING))
        return -RILL_ENOBUFS;
    r = buffer_take(udp_arena(udp), &udp_host(udp)->buffers, sizeof(struct front) + departure.length_bytes);
    if (r == REF_NONE)
        return -RILL_ENOBUFS;
    write_datagram(udp, buffer_at(udp_arena(udp), r), socket, &departure, slices, count);
    enqueue(udp, socket, departure.netif, r);
    return departure.length_bytes;
}

/* The socket, if it still is there, may send as much again; told once half of its room is free, not piece by piece. */
static void give_room_back(struct udp *udp, const struct buffer *buffer)
{
    struct udp_socket *socket;

    if (!pool_holds(udp_arena(udp), &udp->sockets, buffer->flags, buffer->seq.v))
        return;
    socket = udp_socket_at(udp, buffer->flags);
    socket->send_charge -= buffer_charge(buffer);
    if ((socket->flags & (UDP_ROOM_WANTED | UDP_CLOSED)) != UDP_ROOM_WANTED ||
        socket->send_charge >= socket->send_limit / 2)
        return;
    socket->flags &= ~UDP_ROOM_WANTED;
    udp_raise(udp, socket, RILL_WRITABLE);
}

static void fill_train(struct buffer *buffer, const struct front *front, struct rill_train *train)
{
    train->header_bytes = HEADERS_BYTES;
    train->transport_start = IPV4_HEADER_BYTES;
    train->segment_bytes = UINT16_MAX;
    train->slice_count = buffer->length_bytes > 0 ? 1 : 0;
    train->payload_bytes = buffer->length_bytes;
    train->protocol = IP_PROTOCOL_UDP;
    train->ip_version = 4;
    memcpy(train->header, front->headers, HEADERS_BYTES);
    train->slices[0] = (struct rill_slice){buffer_data(buffer), buffer->length_bytes};
}

/* True when all of it has left. */
static bool next_fragment(struct udp_queue *queue, struct buffer *buffer, const struct front *front,
                          struct rill_train *train)
{
    const struct fragmented whole = {
        .header = front->headers,
        .header_bytes = HEADERS_BYTES,
        .body = buffer_data(buffer),
        .body_bytes = buffer->length_bytes,
        .mtu = front->mtu,
    };

    if (!fragmentation_next(&whole, &queue->fragments_sent_bytes, train))
        return false;
    queue->fragments_sent_bytes = 0;
    return true;
}

bool udp_pop(struct udp *udp, uint32_t netif, struct rill_train *train, ref *spent)
{
    struct udp_queue *queue = &udp->queues[netif];
    ref r = queue->datagrams.head;
    const struct front *front;
    struct buffer *buffer;

    *spent = REF_NONE;
    if (r == REF_NONE)
        return false;
    buffer = buffer_at(udp_arena(udp), r);
    front = (const struct front *)(const void *)buffer_bytes(buffer);
    if (front->mtu == 0)
        fill_train(buffer, front, train);
    else if (!next_fragment(queue, buffer, front, train))
        return true;
    else
        host_count(udp_host(udp), RILL_COUNT_IP_FRAGMENTED, 1);
    *spent = buffer_queue_pop(udp_arena(udp), &queue->datagrams);
    queue->count--;
    give_room_back(udp, buffer);
    return true;
}
