/*
 * SOCK_DGRAM: the sockets calls over rill's UDP, with Linux's habits
 * (udp_sendmsg, udp_recvmsg, datagram_poll).
 */
#ifndef SOCKETS_DATAGRAM_H
#define SOCKETS_DATAGRAM_H

#include "sockets/option.h"

/* The file is a datagram socket. */
static inline bool is_datagram(const struct file *file)
{
    return file->kind == FILE_SOCKET && file->sock.datagram;
}

int datagram_open(struct rill_sockets *s, struct file *file);
int datagram_bind(struct rill_sockets *s, struct file *file, const struct rill_endpoint *local);
/* Every send does, successful or not: Linux's inet_autobind(). */
void datagram_bind_somewhere(struct rill_sockets *s, struct sock *sock);
int datagram_connect(struct rill_sockets *s, struct file *file, const void *addr, uint32_t addr_bytes);
int datagram_shutdown(struct rill_sockets *s, struct file *file, int how);
int datagram_ioctl(struct rill_sockets *s, struct sock *sock, unsigned long request, int *argument);
uint32_t datagram_mask(struct rill_sockets *s, struct sock *sock);

/* An event of the socket's: errors are taken over, and who waits is told. */
void datagram_event(struct rill_sockets *s, struct file *file, const struct rill_event *event);

/* The stack's socket gets the options that this one has. */
void datagram_apply(struct rill_sockets *s, const struct file *file);

/* What these options mean to a datagram socket; -RILL_ENOPROTOOPT: the same as to others. */
int datagram_set_ip(struct sock *sock, int name, int value);
int datagram_get_ip(struct rill_sockets *s, struct sock *sock, int name, struct option_value *out);
int datagram_set_ipv6(struct sock *sock, int name, int value);
int datagram_get_ipv6(const struct sock *sock, int name, struct option_value *out);

/* The message's name, pieces and control messages; the number of bytes. */
int64_t datagram_send(struct rill_sockets *s, struct file *file, const struct rill_msghdr *message, int flags);

/* The same, written; message->flags too. */
int64_t datagram_receive(struct rill_sockets *s, struct file *file, struct rill_msghdr *message, int flags);

#endif
