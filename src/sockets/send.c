/*
 * The send family: all of it is one loop over pieces of the caller's memory.
 */
#include "sockets/address.h"
#include "sockets/datagram.h"
#include "sockets/pipe.h"
#include "sockets/sock.h"
#include "sockets/stamps.h"
#include "sockets/zero_copy.h"

#include "base/types.h"

#define IOV_MAX 1024

/* Why nothing can be sent: Linux's sk_stream_wait_connect() and sk_stream_error(). 0: nothing is in the way. */
static int send_obstacle(struct sock *sock, const struct below *below)
{
    int error = 0;

    if (sock->phase == PHASE_CONNECTING && below->syn_waits)
        return 0; /* RFC 7413: the SYN takes the data along */
    if (sock->phase == PHASE_CONNECTING) {
        error = sock_take_error(sock);
        return error != 0 ? error : -RILL_EAGAIN;
    }
    if (sock->phase == PHASE_OPEN && sock->error == 0 && (sock->shut & SHUT_SEND) == 0)
        return 0;
    error = sock_take_error(sock);
    return error != 0 ? error : -RILL_EPIPE;
}

/* A place in an array of pieces. */
struct cursor {
    const struct rill_iovec *iov;
    size_t count;
    size_t index, offset;
};

static void cursor_advance(struct cursor *at, size_t bytes)
{
    at->offset += bytes;
    while (at->index < at->count && at->offset >= at->iov[at->index].length_bytes) {
        at->offset -= at->iov[at->index].length_bytes;
        at->index++;
    }
}

/* Nothing can be read from there: the call ends in front of it. */
static bool is_fault(const struct rill_iovec *piece)
{
    return piece->base == NULL && piece->length_bytes > 0;
}

/* Give the stack what it takes now; negative only when it took nothing. */
static int64_t send_some(struct rill_sockets *s, const struct sock *sock, struct cursor *at, int flags)
{
    int64_t sent = 0;

    while (at->index < at->count) {
        const struct rill_iovec *piece = &at->iov[at->index];
        size_t left = piece->length_bytes - at->offset;
        bool last = at->index + 1 == at->count || is_fault(piece + 1);
        unsigned native = 0;
        int64_t n;

        if (is_fault(piece))
            return sent > 0 ? sent : -RILL_EFAULT;
        if (!last || (flags & RILL_MSG_MORE) != 0)
            native |= RILL_SEND_MORE;
        if (last && (flags & RILL_MSG_EOR) != 0)
            native |= RILL_SEND_END_OF_RECORD;
        if (last && (flags & RILL_MSG_OOB) != 0)
            native |= RILL_SEND_URGENT;
        if ((flags & RILL_MSG_LENT) != 0)
            native |= RILL_SEND_LENT;
        n = rill_send(s->stack, sock->conn, (const uint8_t *)piece->base + at->offset, left, native);
        if (n < 0)
            return sent > 0 ? sent : n;
        sent += n;
        cursor_advance(at, (size_t)n);
        if ((size_t)n < left)
            break;
    }
    return sent;
}

/* To the connected peer. */
static int64_t send_datagram(struct rill_sockets *s, struct file *file, const struct rill_iovec *iov, size_t count,
                             int flags)
{
    struct rill_msghdr message = {.iov_count = count};

    memcpy(&message.iov, &iov, sizeof iov); /* it is read only */
    return datagram_send(s, file, &message, flags);
}

/* The pieces to a stream. */
static int64_t send_all(struct rill_sockets *s, struct file *file, const struct rill_iovec *iov, size_t count,
                        int flags)
{
    struct cursor at = {.iov = iov, .count = count};
    struct sock *sock = &file->sock;
    rill_time deadline = deadline_after(s, sock->options.send_timeout);
    struct below below;
    int64_t sent = 0;

    catch_up(s);
    cursor_advance(&at, 0);
    for (;;) {
        int64_t n = 0;
        int error;

        (void)sock_look(s, sock, &below);
        if (sent > 0 && sock->error != 0)
            return sent; /* the error is for the next call */
        error = send_obstacle(sock, &below);
        if (error == 0) {
            n = send_some(s, sock, &at, flags);
            error = n >= 0 ? 0 : (int)n;
        }
        sent += n > 0 ? n : 0;
        if (error == 0 && at.index == at.count)
            return sent;
        if (error == 0 || error == -RILL_ENOBUFS)
            error = -RILL_EAGAIN;
        if (error == -RILL_EAGAIN)
            error = file_may_wait(file, flags) ? wait_for_more(s, deadline) : -RILL_EAGAIN;
        if (error != 0)
            return sent > 0 ? sent : error;
    }
}

static int64_t send_stream(struct rill_sockets *s, struct file *file, const struct rill_iovec *iov, size_t count,
                           int flags)
{
    int64_t sent = send_all(s, file, iov, count, flags);

    if (sent > 0)
        stamps_sent(s, &file->sock, (uint32_t)sent);
    if (sent > 0 && (flags & RILL_MSG_LENT) != 0 && file->sock.options.zero_copy)
        zero_copy_sent(&file->sock.zero_copy, (uint32_t)sent);
    return sent;
}

static int64_t send_pieces(struct rill_sockets *s, int fd, const struct rill_iovec *iov, size_t count, int flags)
{
    struct file *file;
    struct sock *sock;
    int error = sock_of(s, fd, &file, &sock);

    if (error != 0)
        return error;
    if (sock->datagram)
        return send_datagram(s, file, iov, count, flags);
    if ((flags & RILL_MSG_FASTOPEN) != 0)
        return sock->phase == PHASE_CLOSED && sock->link == LINK_UNCONNECTED ? -RILL_EINVAL : -RILL_EISCONN;
    return send_stream(s, file, iov, count, flags);
}

/* RILL_MSG_FASTOPEN (RFC 7413): connect and send in one; with a cookie for the peer the data goes in the SYN. */
static int64_t send_opening(struct rill_sockets *s, struct file *file, const struct rill_msghdr *message, int flags)
{
    struct below_defaults defaults;
    int error;

    below_defaults(s->stack, &defaults);
    if (!defaults.fast_open_client)
        return -RILL_EOPNOTSUPP;
    if (message->name == NULL)
        return -RILL_EINVAL;
    if (message->name_bytes >= sizeof(uint16_t) && address_family(message->name) == RILL_AF_UNSPEC)
        return -RILL_EOPNOTSUPP;
    error = sock_open_fast(s, file, message->name, message->name_bytes, file_may_wait(file, flags));
    return error != 0 ? error : send_stream(s, file, message->iov, message->iov_count, flags & ~RILL_MSG_FASTOPEN);
}

static bool is_opening(const struct file *file, int flags)
{
    return (flags & RILL_MSG_FASTOPEN) != 0 && file->kind == FILE_SOCKET;
}

/* What a call with many pieces is checked for. */
static int check_pieces(const struct rill_iovec *iov, size_t count)
{
    size_t total = 0;

    if (count > IOV_MAX || (count > 0 && iov == NULL))
        return count > IOV_MAX ? -RILL_EMSGSIZE : -RILL_EINVAL;
    for (size_t i = 0; i < count; i++) {
        if (iov[i].length_bytes > (size_t)INT64_MAX - total)
            return -RILL_EINVAL;
        total += iov[i].length_bytes;
    }
    return 0;
}

int64_t rill_sock_send(struct rill_sockets *s, int fd, const void *data, size_t length_bytes, int flags)
{
    struct rill_iovec piece = {.length_bytes = length_bytes};

    memcpy(&piece.base, &data, sizeof piece.base); /* an iovec serves both ways, so it knows no const */
    return send_pieces(s, fd, &piece, 1, flags);
}

int64_t rill_sock_sendto(struct rill_sockets *s, int fd, const void *data, size_t length_bytes, int flags,
                         const void *addr, uint32_t addr_bytes)
{
    struct rill_iovec piece = {.length_bytes = length_bytes};
    struct rill_msghdr message = {.name_bytes = addr_bytes, .iov = &piece, .iov_count = 1};
    struct file *file = file_of(s, fd);

    memcpy(&piece.base, &data, sizeof piece.base);
    memcpy(&message.name, &addr, sizeof message.name);
    if (file != NULL && is_datagram(file))
        return datagram_send(s, file, &message, flags);
    if (file != NULL && is_opening(file, flags))
        return send_opening(s, file, &message, flags);
    return rill_sock_send(s, fd, data, length_bytes, flags); /* a stream has its peer: Linux ignores the address too */
}

int64_t rill_sock_sendmsg(struct rill_sockets *s, int fd, const struct rill_msghdr *message, int flags)
{
    int error = check_pieces(message->iov, message->iov_count);
    struct file *file = file_of(s, fd);

    if (file == NULL)
        return -RILL_EBADF;
    if (is_datagram(file))
        return datagram_send(s, file, message, flags);
    if (error == 0 && is_opening(file, flags))
        return send_opening(s, file, message, flags);
    return error != 0 ? error : send_pieces(s, fd, message->iov, message->iov_count, flags);
}

int64_t rill_sock_lent(struct rill_sockets *s, int fd)
{
    struct file *file;
    struct sock *sock;
    int error = sock_of(s, fd, &file, &sock);
    int64_t lent;

    if (error != 0)
        return error;
    catch_up(s);
    lent = sock->conn == 0 ? 0 : rill_lent(s->stack, sock->conn);
    return lent < 0 ? 0 : lent; /* a listener, or nothing any more */
}

int rill_sock_reclaim(struct rill_sockets *s, int fd)
{
    struct file *file = file_of(s, fd);
    int64_t lent;

    while ((lent = rill_sock_lent(s, fd)) > 0) {
        int error = file_may_wait(file, 0) ? wait_for_more(s, RILL_NEVER) : -RILL_EAGAIN;

        if (error != 0)
            return error;
    }
    return (int)lent;
}

/* write(2) knows no "not a socket": an epoll is what cannot be written. */
static int64_t as_file_call(struct rill_sockets *s, int fd)
{
    const struct file *file = file_of(s, fd);

    if (file == NULL)
        return -RILL_EBADF;
    return file->kind == FILE_EPOLL ? -RILL_EINVAL : 0;
}

int64_t rill_sock_write(struct rill_sockets *s, int fd, const void *data, size_t length_bytes)
{
    int64_t error = as_file_call(s, fd);
    struct rill_iovec piece = {.length_bytes = length_bytes};

    if (error != 0)
        return error;
    if (file_of(s, fd)->kind != FILE_PIPE)
        return rill_sock_send(s, fd, data, length_bytes, 0);
    memcpy(&piece.base, &data, sizeof piece.base); /* see rill_sock_send() */
    return pipe_write(s, file_of(s, fd), &piece, 1);
}

int64_t rill_sock_writev(struct rill_sockets *s, int fd, const struct rill_iovec *iov, int iov_count)
{
    int64_t error = as_file_call(s, fd);

    if (error != 0)
        return error;
    if (iov_count < 0 || check_pieces(iov, (size_t)iov_count) != 0)
        return -RILL_EINVAL;
    if (file_of(s, fd)->kind == FILE_PIPE)
        return pipe_write(s, file_of(s, fd), iov, (size_t)iov_count);
    return send_pieces(s, fd, iov, (size_t)iov_count, 0);
}
