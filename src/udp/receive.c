/*
 * Arriving datagrams. A queue holds whole packets in their buffers, so that
 * what a datagram says of itself (ends, TTL, TOS) needs no memory of its own.
 */
#include "udp/receive.h"

#include "udp/bind.h"
#include "wire/checksum.h"
#include "wire/udp.h"

/* buffer.flags of a queued packet */
#define QUEUED_NETIF_MASK UINT32_C(0xff)
#define QUEUED_BROADCAST UINT32_C(0x100)

/* RFC 1122 4.1.3.4: what has a checksum is checked; 0 says that there is none, which IPv6 does not know. */
static bool checksum_is_right(const struct ip_packet *packet, const struct udp_datagram *datagram)
{
    uint32_t udp_bytes = UDP_HEADER_BYTES + datagram->data_bytes;
    checksum_sum sum;

    if (datagram->checksum == 0)
        return ip_addr_is_v4(&packet->source);
    if (packet->checksum_ok)
        return true;
    sum = checksum_bytes(packet->data, udp_bytes);
    if (ip_addr_is_v4(&packet->source))
        sum += checksum_pseudo4(ip_v4(&packet->source), ip_v4(&packet->destination), IP_PROTOCOL_UDP, udp_bytes);
    else
        sum += checksum_pseudo6(packet->source.bytes, packet->destination.bytes, IP_PROTOCOL_UDP, udp_bytes);
    return checksum_finish(sum) == 0;
}

/*
 * A buffer that holds the packet: the driver's own, or a copy of the right size when it has none, when others need
 * the packet too, or when small bytes would hold on to a big buffer.
 */
static ref keep(struct udp *udp, struct ip_packet *packet, bool share)
{
    struct arena *arena = udp_arena(udp);
    ref r = packet->buffer;
    struct buffer *buffer;

    if (host_is_short(udp_host(udp), RESERVE_FOR_DATAGRAMS))
        return REF_NONE;
    if (!share && r != REF_NONE && packet->whole_bytes >= buffer_at(arena, r)->capacity_bytes / 2) {
        buffer = buffer_at(arena, r);
        buffer->start = (uint32_t)(packet->whole - buffer_bytes(buffer));
        packet->buffer = REF_NONE;
    } else {
        r = buffer_take(arena, &udp_host(udp)->buffers, packet->whole_bytes);
        if (r == REF_NONE)
            return REF_NONE;
        buffer = buffer_at(arena, r);
        buffer->start = 0;
        memcpy(buffer_bytes(buffer), packet->whole, packet->whole_bytes);
    }
    buffer->next = REF_NONE;
    buffer->length_bytes = packet->whole_bytes;
    buffer->flags = packet->netif | (packet->broadcast ? QUEUED_BROADCAST : 0);
    return r;
}

/* The limit may be overrun by what one buffer is rounded up to; an empty queue takes a datagram of any size. */
static bool has_room(const struct udp_socket *socket, const struct ip_packet *packet)
{
    return socket->receive_count == 0 ||
           (uint64_t)socket->receive_charge + BUFFER_HEADER_BYTES + packet->whole_bytes <= socket->receive_limit;
}

static void deliver(struct udp *udp, struct udp_socket *socket, struct ip_packet *packet, uint32_t data_bytes,
                    bool share)
{
    struct ip *ip = udp_ip(udp);
    ref r = REF_NONE;

    if (!has_room(socket, packet)) {
        ip_drop(ip, RILL_DROP_UDP_RECEIVE_FULL, packet->whole, packet->whole_bytes);
        socket->receive_dropped++;
        return;
    }
    r = keep(udp, packet, share);
    if (r == REF_NONE) {
        ip_drop(ip, RILL_DROP_UDP_NO_MEMORY, packet->whole, packet->whole_bytes);
        socket->receive_dropped++;
        return;
    }
    buffer_queue_push(udp_arena(udp), &socket->received, r);
    socket->receive_charge += buffer_charge(buffer_at(udp_arena(udp), r));
    socket->receive_count++;
    socket->datagrams_in++;
    socket->bytes_in += data_bytes;
    host_count(udp_host(udp), RILL_COUNT_UDP_DATAGRAMS_IN, 1);
    udp_raise(udp, socket, RILL_READABLE);
}

/* Everyone who wants it has a copy. */
static void deliver_to_all(struct udp *udp, struct ip_packet *packet, const struct udp_datagram *datagram,
                           const struct rill_endpoint *local, const struct rill_endpoint *remote)
{
    struct table_probe probe = udp_probe(udp, local->port);
    bool found = false;
    ref r;

    while ((r = table_probe_next(&probe)) != REF_NONE) {
        if (!udp_takes(udp_socket_at(udp, r), local, remote))
            continue;
        deliver(udp, udp_socket_at(udp, r), packet, datagram->data_bytes, true);
        found = true;
    }
    if (!found)
        ip_drop(udp_ip(udp), RILL_DROP_UDP_NO_SOCKET, packet->whole, packet->whole_bytes);
}

static enum rill_drop check(const struct udp *udp, const struct ip_packet *packet, struct udp_datagram *out)
{
    enum rill_drop drop = udp_parse(packet->data, packet->data_bytes, out);

    if (drop != RILL_DROP_NONE)
        return drop;
    if (ip_is_local(udp_ip(udp), &packet->source) && !ip_netif_is_loop(&udp_ip(udp)->netifs[packet->netif]))
        return RILL_DROP_UDP_LAND;
    if (packet->broadcast && ip_is_multicast(&packet->destination))
        return RILL_DROP_UDP_MULTICAST;
    return checksum_is_right(packet, out) ? RILL_DROP_NONE : RILL_DROP_UDP_CHECKSUM;
}

bool udp_input(struct udp *udp, struct ip_packet *packet)
{
    struct rill_endpoint local = {.addr = packet->destination};
    struct rill_endpoint remote = {.addr = packet->source};
    struct udp_datagram datagram;
    struct udp_socket *socket;
    enum rill_drop drop = check(udp, packet, &datagram);

    if (drop != RILL_DROP_NONE) {
        ip_drop(udp_ip(udp), drop, packet->whole, packet->whole_bytes);
        return true;
    }
    local.port = datagram.destination_port;
    remote.port = datagram.source_port;
    if (packet->broadcast) {
        deliver_to_all(udp, packet, &datagram, &local, &remote);
        return true;
    }
    socket = udp_find(udp, &local, &remote);
    if (socket == NULL) {
        ip_drop(udp_ip(udp), RILL_DROP_UDP_NO_SOCKET, packet->whole, packet->whole_bytes);
        return false;
    }
    deliver(udp, socket, packet, datagram.data_bytes, false);
    return true;
}

bool udp_borrow(const struct udp *udp, const struct udp_socket *socket, struct rill_slice *out,
                struct rill_udp_info *info)
{
    struct udp_datagram datagram;
    struct ipv4_header header;
    struct buffer *buffer;
    bool is_sound;

    if (socket->received.head == REF_NONE)
        return false;
    buffer = buffer_at(udp_arena(udp), socket->received.head);
    is_sound = ipv4_parse(buffer_data(buffer), buffer->length_bytes, &header) == RILL_DROP_NONE;
    rill_assert(is_sound); /* it was when it came, and nothing writes to it */
    is_sound = udp_parse(buffer_data(buffer) + header.header_bytes, (size_t)header.total_bytes - header.header_bytes,
                         &datagram) == RILL_DROP_NONE;
    rill_assert(is_sound);
    *out = (struct rill_slice){datagram.data, datagram.data_bytes};
    if (info != NULL)
        *info = (struct rill_udp_info){
            .remote = {ip_from_v4(header.source), datagram.source_port},
            .local = {ip_from_v4(header.destination), datagram.destination_port},
            .length_bytes = datagram.data_bytes,
            .netif = (int)(buffer->flags & QUEUED_NETIF_MASK),
            .ttl = header.ttl,
            .tos = header.tos,
            .broadcast = (buffer->flags & QUEUED_BROADCAST) != 0,
        };
    return true;
}

void udp_consume(struct udp *udp, struct udp_socket *socket)
{
    struct arena *arena = udp_arena(udp);
    ref r = buffer_queue_pop(arena, &socket->received);

    rill_assert(r != REF_NONE);
    socket->receive_charge -= buffer_charge(buffer_at(arena, r));
    socket->receive_count--;
    buffer_drop(arena, &udp_host(udp)->buffers, r);
}
