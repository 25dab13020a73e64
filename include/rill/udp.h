/*
 * rill: UDP (RFC 768, RFC 1122 4.1) over a stack that you link. The native API,
 * beside <rill/rill.h>: the same handles, errors, events and thread rules.
 *
 *     rill_udp_open(stack, NULL, &conn);
 *     rill_udp_bind(stack, conn, &local);
 *     while (rill_next(stack, &event))
 *         if (event.conn == conn && event.what & RILL_READABLE)
 *             while ((n = rill_udp_receive_from(stack, conn, bytes, sizeof bytes, 0, &info)) >= 0)
 *                 rill_udp_send_to(stack, conn, &info.remote, &slice, 1, NULL);
 *
 * A UDP socket's handle is a rill_conn, and these calls of <rill/rill.h> take it:
 * rill_close(), rill_set_user(), rill_status() (protocol 17), rill_list().
 *
 * EVENTS. RILL_READABLE: a datagram came. RILL_WRITABLE: room again, after a send that was
 * answered with -RILL_EAGAIN. RILL_SOFT_ERROR: an ICMP error came about a datagram that the socket sent;
 * rill_udp_take_error() says more.
 */
#ifndef RILL_UDP_H
#define RILL_UDP_H

#include "rill/rill.h"

#ifdef __cplusplus
extern "C" {
#endif

enum rill_udp_flag {
    RILL_UDP_BROADCAST = 0x1,     /* may send to broadcast addresses; else -RILL_EACCES */
    RILL_UDP_REUSE_ADDRESS = 0x2, /* may share its local end with others that say so too; the newest one receives */
    RILL_UDP_REUSE_PORT = 0x4,    /* may share it too, and what comes is spread over them, by its source */
};

/* When a datagram has DF, and when it is sent in fragments: what Linux's IP_MTU_DISCOVER says. */
enum rill_udp_mtu_discovery {
    /* In fragments when the path's MTU, as far as that is known, is less; else DF, where a connected socket will learn. */
    RILL_UDP_MTU_WANT,
    RILL_UDP_MTU_DONT,      /* never DF; in fragments when the interface's MTU is less */
    RILL_UDP_MTU_DO,        /* always DF; more than the path's MTU is -RILL_EMSGSIZE */
    RILL_UDP_MTU_PROBE,     /* always DF; more than the interface's MTU is -RILL_EMSGSIZE, whatever ICMP says */
    RILL_UDP_MTU_INTERFACE, /* never DF; more than the interface's MTU is -RILL_EMSGSIZE */
    RILL_UDP_MTU_OMIT,      /* as DONT */
};

struct rill_udp_options {
    uint32_t size;                 /* sizeof(struct rill_udp_options), set by rill_udp_options_default() */
    uint32_t flags;                /* enum rill_udp_flag */
    uint64_t user;                 /* comes back in events */
    uint32_t send_buffer_bytes;    /* true size of datagrams that wait to leave; 0: 212,992 */
    uint32_t receive_buffer_bytes; /* true size of datagrams that wait to be read; 0: 212,992 */
    uint8_t tos;
    uint8_t ttl;           /* 0: 64 */
    uint8_t multicast_ttl; /* 0: 1 (RFC 1122 4.1.4, RFC 1112 6.1) */
    uint8_t mtu_discovery; /* enum rill_udp_mtu_discovery */
};

void rill_udp_options_default(struct rill_udp_options *options);

/* A socket that is bound to nothing yet. options may be NULL. 0; -RILL_EINVAL, -RILL_ENOMEM. */
int rill_udp_open(struct rill_stack *stack, const struct rill_udp_options *options, rill_conn *out);

/* Change the options of an open socket, all of them; and what they are. 0; -RILL_EINVAL, -RILL_EBADF. */
int rill_udp_set_options(struct rill_stack *stack, rill_conn conn, const struct rill_udp_options *options);
int rill_udp_get_options(struct rill_stack *stack, rill_conn conn, struct rill_udp_options *out);

/*
 * Take a local end. Unspecified address: all of ours; a broadcast address of ours: only what is sent there; port 0:
 * one of the stack's choice (RFC 6056). 0; -RILL_EINVAL (it has a port already), -RILL_EADDRINUSE,
 * -RILL_EADDRNOTAVAIL (no address of ours), -RILL_EBADF.
 */
int rill_udp_bind(struct rill_stack *stack, rill_conn conn, const struct rill_endpoint *local);

/*
 * Fix the remote end: it alone is received from, ICMP errors about it end the next call. Binds what is not bound.
 * May be called again. NULL or an unspecified address: no remote end any more; a local address and a port that the
 * stack chose are given up with it. To port 0 nothing can be sent; what would be sent from is known all the same.
 * 0; -RILL_EACCES (broadcast, not allowed), -RILL_ENETUNREACH, -RILL_EADDRNOTAVAIL, -RILL_EADDRINUSE, -RILL_EBADF.
 */
int rill_udp_connect(struct rill_stack *stack, rill_conn conn, const struct rill_endpoint *remote);

/* How one datagram is sent, where it differs from the socket's options. */
struct rill_udp_how {
    struct rill_addr local; /* source address, one of ours; unspecified: the socket's, or the route's */
    uint8_t ttl;            /* 0: the socket's */
    uint8_t tos;
    bool set_tos;
};

/*
 * Send one datagram, copied once. remote NULL: to the connected one. Binds what is not bound. how may be NULL. The
 * number of bytes; -RILL_EAGAIN (no room: RILL_WRITABLE follows), -RILL_EMSGSIZE (more than 65,507 bytes, or than fits
 * in one packet where fragments are not wanted), -RILL_ENOTCONN (remote NULL and not connected), -RILL_EINVAL (port 0, no address),
 * -RILL_EACCES (broadcast, not allowed), -RILL_ENETUNREACH, -RILL_EADDRNOTAVAIL (source not ours), -RILL_ENOBUFS (no
 * memory), -RILL_EBADF, or the pending error of a connected socket, once.
 */
int64_t rill_udp_send_to(struct rill_stack *stack, rill_conn conn, const struct rill_endpoint *remote,
                         const struct rill_slice *slices, unsigned count, const struct rill_udp_how *how);

/* What is known of a received datagram. */
struct rill_udp_info {
    struct rill_endpoint remote; /* its source */
    struct rill_endpoint local;  /* its destination as it stood in the packet: RFC 1122 4.1.3.5 */
    uint32_t length_bytes;       /* all of its bytes, however many were copied */
    int netif;
    uint8_t ttl, tos;
    bool broadcast; /* local.addr is no host's address */
};

/*
 * Take the oldest datagram; what does not fit is lost. flags: RILL_RECEIVE_PEEK leaves it there. info may be NULL.
 * The number of bytes copied; -RILL_EAGAIN when there is none; -RILL_EBADF, or the pending error of a connected
 * socket, once.
 */
int64_t rill_udp_receive_from(struct rill_stack *stack, rill_conn conn, void *data, size_t length_bytes, unsigned flags,
                              struct rill_udp_info *info);

/*
 * The same without copying: the bytes of the oldest datagram, valid until the next call on this socket;
 * rill_udp_consume() then lets it go. 0, or errors as above.
 */
int rill_udp_borrow(struct rill_stack *stack, rill_conn conn, struct rill_slice *out, struct rill_udp_info *info);
int rill_udp_consume(struct rill_stack *stack, rill_conn conn);

/* Bytes in the oldest datagram, which may be 0; -RILL_EAGAIN when there is none; -RILL_EBADF. */
int64_t rill_udp_queued(struct rill_stack *stack, rill_conn conn);

/* True size that may still be queued to send, never negative; -RILL_EBADF. */
int64_t rill_udp_send_room(struct rill_stack *stack, rill_conn conn);

/* An ICMP error about something that the socket sent (RFC 1122 4.1.3.3). */
struct rill_udp_error {
    int error;    /* negative: -RILL_ECONNREFUSED, -RILL_EHOSTUNREACH, ... */
    bool hard;    /* port or protocol unreachable, packet too big; else it may pass (RFC 1122 3.2.2.1) */
    bool pending; /* the socket was connected to `remote`: its next call would have returned a hard one */
    uint8_t icmp_type, icmp_code;
    uint32_t mtu;                /* with -RILL_EMSGSIZE: what the router said, 0 when it did not */
    struct rill_endpoint remote; /* where the datagram was going */
    struct rill_addr reporter;   /* who sent the error */
};

/*
 * The latest ICMP error that was not taken. A connected socket's hard one is also returned by its next call; taken
 * here it is not returned there. 0; -RILL_EAGAIN when there is none; -RILL_EBADF.
 */
int rill_udp_take_error(struct rill_stack *stack, rill_conn conn, struct rill_udp_error *out);

#ifdef __cplusplus
}
#endif
#endif
