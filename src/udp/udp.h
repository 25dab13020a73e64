/*
 * UDP (RFC 768, RFC 1122 4.1) as one of a stack's layers: sockets in a pool, a
 * table by local port, a queue of datagrams to send for each interface. Knows
 * IP below it, and no other protocol.
 */
#ifndef UDP_UDP_H
#define UDP_UDP_H

#include "base/table.h"
#include "ip/ip.h"
#include "rill/udp.h"

#define UDP_QUEUE_MAX 1024u        /* datagrams that wait at one interface */
#define UDP_BUFFER_BYTES 212992u   /* Linux's net.core.rmem_default: what programs are used to */
#define UDP_BUFFER_BYTES_MIN 2048u /* a datagram of a usual MTU, at its true size, and little more */

/* udp_socket.flags; the low ones are the public RILL_UDP_... */
#define UDP_BROADCAST ((uint32_t)RILL_UDP_BROADCAST)
#define UDP_REUSE_ADDRESS ((uint32_t)RILL_UDP_REUSE_ADDRESS)
#define UDP_REUSE_PORT ((uint32_t)RILL_UDP_REUSE_PORT)
#define UDP_OPTION_FLAGS UINT32_C(0x7)
#define UDP_BOUND_ADDRESS UINT32_C(0x10) /* by rill_udp_bind(): outlives a connection */
#define UDP_BOUND_PORT UINT32_C(0x20)
#define UDP_EVENT_QUEUED UINT32_C(0x40)
#define UDP_CLOSED UINT32_C(0x80)       /* waits only to leave the event queue */
#define UDP_ROOM_WANTED UINT32_C(0x100) /* a send was refused: tell RILL_WRITABLE when there is room */
#define UDP_ERROR_KEPT UINT32_C(0x200)  /* last_error was not taken; with last_error.pending, a call ends with it */
#define UDP_CONNECTED UINT32_C(0x400)   /* remote is fixed; port 0 too, from where nothing comes */

struct udp_socket {
    uint32_t generation; /* the pool's word */
    uint32_t flags;
    struct rill_endpoint local;  /* port 0: not bound, not in the table */
    struct rill_endpoint remote; /* with UDP_CONNECTED */
    uint64_t user;
    ref event_next;
    uint16_t events; /* enum rill_what, not taken yet */
    uint8_t tos, ttl, multicast_ttl;
    uint32_t order; /* of two that match equally well, the one bound last receives */

    struct buffer_queue received; /* each a whole packet: what it says of itself is read from it again */
    uint32_t receive_count, receive_charge, receive_limit;
    uint32_t send_charge, send_limit; /* true size of what waits at interfaces */

    uint8_t mtu_discovery; /* enum rill_udp_mtu_discovery */
    uint16_t pmtu;         /* of the connected remote, learnt at pmtu_ms; 0: the interface's */
    uint32_t pmtu_ms;
    struct rill_udp_error last_error;
    uint32_t datagrams_in, datagrams_out, receive_dropped;
    uint64_t bytes_in, bytes_out;
};

struct udp_queue {
    struct buffer_queue datagrams; /* buffer.flags is the socket's ref, buffer.seq its generation */
    uint32_t count;
    uint32_t fragments_sent_bytes; /* of the head, when it leaves in fragments */
};

struct udp {
    uint32_t at_bytes; /* from the arena's first byte: how the layers below are found without a pointer */
    uint32_t order;
    struct pool sockets;
    struct table ports; /* bound sockets, by local port */
    ref event_head, event_tail;
    struct udp_queue queues[IP_NETIFS_MAX];
};

/* udp lies in the arena whose first byte ip is. 0 or -RILL_ENOMEM. */
int udp_init(struct udp *udp, struct ip *ip);

static inline struct ip *udp_ip(const struct udp *udp)
{
    return (struct ip *)((uintptr_t)udp - udp->at_bytes);
}

static inline struct host *udp_host(const struct udp *udp)
{
    return &udp_ip(udp)->host;
}

static inline struct arena *udp_arena(const struct udp *udp)
{
    return &udp_ip(udp)->host.arena;
}

static inline struct udp_socket *udp_socket_at(const struct udp *udp, ref r)
{
    return (struct udp_socket *)host_at(udp_host(udp), r);
}

static inline ref udp_socket_ref(const struct udp *udp, const struct udp_socket *socket)
{
    return arena_ref(udp_arena(udp), socket);
}

static inline rill_conn udp_conn_of(const struct udp *udp, const struct udp_socket *socket)
{
    return (rill_conn)socket->generation << 32 | udp_socket_ref(udp, socket);
}

/* The socket of a handle that the application may use; NULL for anything else. */
struct udp_socket *udp_from_handle(const struct udp *udp, rill_conn conn);

/* Tell the application. */
void udp_raise(struct udp *udp, struct udp_socket *socket, unsigned what);
bool udp_event_take(struct udp *udp, struct rill_event *out);

/* The pending error of a connected socket, which is told once; 0. */
int udp_take_pending(struct udp_socket *socket);

/* An ICMP error about a datagram that left from `local`. False when no socket can have sent it. */
bool udp_error_arrives(struct udp *udp, const struct rill_endpoint *local, const struct rill_udp_error *error);

/* Walk the open sockets: start with REF_NONE; REF_NONE at the end. */
ref udp_next(const struct udp *udp, ref after);
void udp_status_fill(const struct udp *udp, const struct udp_socket *socket, struct rill_status *out);

/* Every invariant. Slow. */
bool udp_check(const struct udp *udp);

#endif
