/*
 * Control messages (cmsg(3)) of datagrams, in Linux's layout: read what
 * sendmsg(2) was given, write what recvmsg(2) tells.
 */
#ifndef SOCKETS_CONTROL_MESSAGE_H
#define SOCKETS_CONTROL_MESSAGE_H

#include "sockets/stamps.h"

/* How the messages want the datagram sent. 0; -RILL_EINVAL: malformed, or of a kind that cannot be carried out. */
int control_read(const struct rill_msghdr *message, struct rill_udp_how *out);

/* What the socket wants to be told of a datagram. Sets control_bytes, and RILL_MSG_CTRUNC in flags. */
void control_write(const struct rill_sockets *s, const struct sock *sock, const struct rill_udp_info *info,
                   struct rill_msghdr *message);

/* The error that RILL_MSG_ERRQUEUE reads. */
void control_write_error(const struct sock *sock, struct rill_msghdr *message);

/* RILL_SO_ZEROCOPY: the sends of these numbers are done. */
void control_write_returned(const struct sock *sock, uint32_t first, uint32_t last, struct rill_msghdr *message);

/* RILL_SO_TIMESTAMPING. */
void control_write_stamp(const struct rill_sockets *s, const struct sock *sock, const struct stamp *stamp,
                         struct rill_msghdr *message);

/* RILL_TCP_INQ: how many bytes wait behind those that the call received. */
void control_write_inq(int waiting_bytes, struct rill_msghdr *message);

#endif
