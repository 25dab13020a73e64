/*
 * The send and receive families for datagrams, and their forms for many at once.
 */
#include "sockets/address.h"
#include "sockets/control_message.h"
#include "sockets/datagram.h"

#include "base/types.h"

#define IOV_MAX 1024
#define DATAGRAM_BYTES_MAX 65507u /* what IPv4's length field leaves */

static int check_pieces(const struct rill_msghdr *message, bool sends, size_t *bytes)
{
    *bytes = 0;
    if (message->iov_count > IOV_MAX)
        return -RILL_EMSGSIZE;
    if (message->iov_count > 0 && message->iov == NULL)
        return -RILL_EINVAL;
    for (size_t i = 0; i < message->iov_count; i++) {
        if (message->iov[i].length_bytes > (size_t)INT64_MAX - *bytes)
            return -RILL_EINVAL;
        if (message->iov[i].base == NULL && message->iov[i].length_bytes > 0 && sends)
            return -RILL_EFAULT;
        *bytes += message->iov[i].length_bytes;
    }
    return 0;
}

/* ---------------------------------------------------------------------- send */

static int read_destination(const struct sock *sock, const struct rill_msghdr *message, struct rill_endpoint *out)
{
    struct rill_sockaddr_in in;
    int error;

    if (message->name == NULL || message->name_bytes == 0)
        return sock->link == LINK_CONNECTED ? 0 : -RILL_EDESTADDRREQ;
    error = address_read(sock->v6, message->name, message->name_bytes, out);
    if (error == -RILL_EAFNOSUPPORT && !sock->v6 && address_family(message->name) == RILL_AF_UNSPEC) {
        memcpy(&in, message->name, sizeof in);
        in.family = RILL_AF_INET; /* old programs leave the family out */
        error = address_read(false, &in, sizeof in, out);
    }
    if (error != 0)
        return error;
    if (out->port == 0)
        return -RILL_EINVAL;
    return sock->v6 && (sock->options.v6only || !rill_addr_is_v4(&out->addr)) ? -RILL_ENETUNREACH : 0;
}

/* The pieces are given to the stack as they are; kept apart for its frame, which is large. */
static int64_t send_now(struct rill_sockets *s, const struct sock *sock, const struct rill_endpoint *remote,
                        const struct rill_msghdr *message, const struct rill_udp_how *how)
{
    struct rill_slice slices[IOV_MAX];

    for (size_t i = 0; i < message->iov_count; i++)
        slices[i] = (struct rill_slice){(const uint8_t *)message->iov[i].base, (uint32_t)message->iov[i].length_bytes};
    return rill_udp_send_to(s->stack, sock->conn, remote, slices, (unsigned)message->iov_count, how);
}

/* What is wrong with the call itself, whatever the socket's state: Linux's udp_sendmsg() looks in this order. */
static int check_send(const struct sock *sock, const struct rill_msghdr *message, int flags, struct rill_endpoint *to,
                      struct rill_udp_how *how)
{
    size_t bytes;
    int error = check_pieces(message, true, &bytes);

    if (error == 0 && bytes > DATAGRAM_BYTES_MAX)
        error = -RILL_EMSGSIZE;
    if (error == 0 && (flags & (RILL_MSG_OOB | RILL_MSG_MORE)) != 0)
        error = -RILL_EOPNOTSUPP;
    if (error == 0)
        error = read_destination(sock, message, to);
    if (error == 0)
        error = control_read(message, how);
    return error;
}

int64_t datagram_send(struct rill_sockets *s, struct file *file, const struct rill_msghdr *message, int flags)
{
    const bool to_peer = message->name == NULL || message->name_bytes == 0;
    struct sock *sock = &file->sock;
    struct rill_endpoint to;
    struct rill_udp_how how;
    rill_time deadline;
    int64_t n;
    int error;

    catch_up(s);
    deadline = deadline_after(s, sock->options.send_timeout);
    datagram_bind_somewhere(s, sock);
    error = check_send(sock, message, flags, &to, &how);
    if (error != 0)
        return error;
    for (;;) {
        error = sock_take_error(sock);
        if (error != 0)
            return error;
        if ((sock->shut & SHUT_SEND) != 0)
            return -RILL_EPIPE;
        n = send_now(s, sock, to_peer ? NULL : &to, message, &how);
        if (n != -RILL_EAGAIN)
            return n;
        error = file_may_wait(file, flags) ? wait_for_more(s, deadline) : -RILL_EAGAIN;
        if (error != 0)
            return error;
    }
}

/* ------------------------------------------------------------------- receive */

/* How much found a place, or -RILL_EFAULT: a piece has no memory. */
static int64_t scatter(const struct rill_msghdr *message, const struct rill_slice *from)
{
    size_t done = 0;

    for (size_t i = 0; i < message->iov_count && done < from->length_bytes; i++) {
        size_t part = (size_t)min_u64(message->iov[i].length_bytes, from->length_bytes - done);

        if (part > 0 && message->iov[i].base == NULL)
            return -RILL_EFAULT;
        if (part > 0)
            memcpy(message->iov[i].base, from->data + done, part);
        done += part;
    }
    return (int64_t)done;
}

/* Linux's ip_recv_error(): the error, and where the datagram was going; of the datagram itself nothing is kept. */
static int64_t receive_error(struct sock *sock, struct rill_msghdr *message)
{
    if (!sock->error_queued)
        return -RILL_EAGAIN;
    sock->error_queued = false;
    sock->error = 0;
    message->flags = RILL_MSG_ERRQUEUE;
    address_write(sock->v6, &sock->last_error.remote, message->name, &message->name_bytes);
    control_write_error(sock, message);
    return 0;
}

/* Wait for a datagram: 0 when there is one, 1 when reading ends with nothing, or the error. */
static int await(struct rill_sockets *s, struct file *file, int flags, struct rill_slice *slice,
                 struct rill_udp_info *info)
{
    struct sock *sock = &file->sock;
    rill_time deadline = deadline_after(s, sock->options.receive_timeout);

    for (;;) {
        int error = sock_take_error(sock);

        if (error == 0)
            error = rill_udp_borrow(s->stack, sock->conn, slice, info);
        if (error != -RILL_EAGAIN)
            return error;
        if (!file_may_wait(file, flags))
            return -RILL_EAGAIN;
        if ((sock->shut & SHUT_RECEIVE) != 0)
            return 1;
        error = wait_for_more(s, deadline);
        if (error != 0)
            return error;
    }
}

int64_t datagram_receive(struct rill_sockets *s, struct file *file, struct rill_msghdr *message, int flags)
{
    struct sock *sock = &file->sock;
    struct rill_udp_info info;
    struct rill_slice slice;
    int64_t copied;
    size_t room;
    int error = check_pieces(message, false, &room);

    if (error != 0)
        return error;
    catch_up(s);
    if ((flags & RILL_MSG_ERRQUEUE) != 0)
        return receive_error(sock, message);
    error = await(s, file, flags, &slice, &info);
    if (error != 0)
        return error > 0 ? 0 : error;
    copied = scatter(message, &slice);
    if (copied < 0) { /* Linux: the datagram is gone all the same */
        (void)rill_udp_consume(s->stack, sock->conn);
        return copied;
    }
    message->flags = copied < slice.length_bytes ? RILL_MSG_TRUNC : 0;
    address_write(sock->v6, &info.remote, message->name, &message->name_bytes);
    control_write(s, sock, &info, message);
    if ((flags & RILL_MSG_PEEK) == 0)
        (void)rill_udp_consume(s->stack, sock->conn);
    return (flags & RILL_MSG_TRUNC) != 0 ? (int64_t)slice.length_bytes : copied;
}

/* ---------------------------------------------------------------------- many */

int rill_sock_sendmmsg(struct rill_sockets *s, int fd, struct rill_mmsghdr *messages, unsigned count, int flags)
{
    unsigned sent = 0;

    count = min_u32(count, IOV_MAX);
    for (; sent < count; sent++) {
        int64_t n = rill_sock_sendmsg(s, fd, &messages[sent].header, flags);

        if (n < 0)
            return sent > 0 ? (int)sent : (int)n;
        messages[sent].bytes = (uint32_t)n;
    }
    return (int)sent;
}

int rill_sock_recvmmsg(struct rill_sockets *s, int fd, struct rill_mmsghdr *messages, unsigned count, int flags,
                       const struct rill_timeval *timeout)
{
    rill_time deadline = RILL_NEVER;
    unsigned received = 0;

    if (timeout != NULL) {
        if (timeout->seconds < 0 || timeout->microseconds < 0 || timeout->microseconds >= 1000000)
            return -RILL_EINVAL;
        deadline = deadline_after(s, min_u64((uint64_t)timeout->seconds, INT32_MAX) * NANOS_PER_S +
                                         (uint64_t)timeout->microseconds * NANOS_PER_US);
    }
    while (received < count) {
        int64_t n = rill_sock_recvmsg(s, fd, &messages[received].header, flags & ~RILL_MSG_WAITFORONE);

        if (n < 0)
            return received > 0 ? (int)received : (int)n;
        messages[received++].bytes = (uint32_t)n;
        if ((flags & RILL_MSG_WAITFORONE) != 0)
            flags |= RILL_MSG_DONTWAIT;
        if (deadline != RILL_NEVER && below_now(s->stack) >= deadline)
            break; /* recvmmsg(2): only looked at after each message */
    }
    return (int)received;
}
