/*
 * The receive family: one loop, with the urgent byte taken out of the stream
 * where SO_OOBINLINE does not leave it in (RFC 6093 2.2: as everybody does).
 */
#include "sockets/address.h"
#include "sockets/control_message.h"
#include "sockets/datagram.h"
#include "sockets/pipe.h"
#include "sockets/sock.h"
#include "sockets/zero_copy.h"

#include "base/types.h"

#define IOV_MAX 1024

/* One receive call on its way. */
struct reading {
    struct rill_sockets *s;
    struct sock *sock;
    const struct rill_iovec *iov;
    size_t count;
    size_t index, offset; /* where the next byte goes */
    size_t wanted;        /* bytes in all pieces */
    size_t copied;
    uint32_t peeked; /* with RILL_MSG_PEEK: how far into the stream, the urgent byte counted */
    bool peek, discard;
    bool fault; /* there are bytes, and no memory to put them in */
};

/* The next n bytes of the stream into the caller's memory; fewer when a piece has none. */
static void take(struct reading *r, uint32_t n)
{
    while (n > 0) {
        const struct rill_iovec *piece = &r->iov[r->index];
        uint32_t part = (uint32_t)min_u64(piece->length_bytes - r->offset, n);
        uint8_t *to = piece->base == NULL ? NULL : (uint8_t *)piece->base + r->offset;

        r->fault = to == NULL && part > 0 && !r->discard;
        if (r->fault)
            return;
        if (!r->discard && part > 0)
            (void)below_copy(r->s->stack, r->sock->conn, r->peeked, to, part);
        if (r->peek)
            r->peeked += part;
        else
            (void)rill_consume(r->s->stack, r->sock->conn, part);
        r->copied += part;
        r->offset += part;
        n -= part;
        if (r->offset == piece->length_bytes) {
            r->index++;
            r->offset = 0;
        }
    }
}

static void pass_hole(struct reading *r)
{
    if (r->peek)
        r->peeked++;
    else
        (void)rill_consume(r->s->stack, r->sock->conn, 1);
}

/*
 * Bytes that may be read before the urgent mark stops the reader. Linux's rules: a read never goes across the mark;
 * one that begins at it goes on, without the urgent byte when that is out of band. False: stop here.
 */
static bool up_to_mark(struct reading *r, const struct below *below, uint32_t *bytes)
{
    struct sock *sock = r->sock;
    uint32_t ahead, left;

    left = below->readable_bytes - min_u32(r->peeked, below->readable_bytes);
    *bytes = left;
    if (sock->urgent == URGENT_NONE)
        return left > 0;
    ahead = seq_offset(seq_add(seq_make(below->reader), r->peeked), seq_make(sock->urgent_seq));
    if (ahead == 0 && r->copied > 0)
        return false;
    if (ahead > 0 && ahead < left)
        *bytes = ahead;
    if (ahead != 0 || left == 0 || (sock->options.flags & RILL_OPTION_OOB_INLINE) != 0)
        return left > 0;
    pass_hole(r);
    *bytes = left - 1;
    return true;
}

/* The mark is behind the reader: it is forgotten. */
static void forget_mark(struct sock *sock, const struct below *below)
{
    if (sock->urgent != URGENT_NONE && seq_after(seq_make(below->reader), seq_make(sock->urgent_seq)))
        sock->urgent = URGENT_NONE;
}

/* Everything that may be read now. Returns false when the mark ended the call. */
static bool read_some(struct reading *r)
{
    struct below below;
    uint32_t bytes;

    while (r->copied < r->wanted && sock_look(r->s, r->sock, &below)) {
        forget_mark(r->sock, &below);
        if (!up_to_mark(r, &below, &bytes))
            return !(r->copied > 0 && below.readable_bytes > r->peeked);
        take(r, (uint32_t)min_u64(bytes, r->wanted - r->copied));
        if (r->fault)
            return false;
    }
    if (sock_look(r->s, r->sock, &below))
        forget_mark(r->sock, &below);
    return true;
}

/* Nothing is there: 1 when reading ends (0 bytes), 0 to wait, or the error. Linux's tcp_recvmsg(). */
static int nothing_there(struct sock *sock)
{
    if (sock->done)
        return 1;
    if (sock->error != 0)
        return sock_take_error(sock);
    if ((sock->shut & SHUT_RECEIVE) != 0)
        return 1;
    return sock->phase == PHASE_CLOSED ? -RILL_ENOTCONN : 0;
}

static int64_t receive_stream(struct reading *r, struct file *file, int flags)
{
    rill_time deadline = deadline_after(r->s, r->sock->options.receive_timeout);
    size_t target =
        (flags & RILL_MSG_WAITALL) != 0 ? r->wanted : (size_t)min_u64(r->sock->options.receive_low, r->wanted);
    struct below below;

    for (;;) {
        bool ended = !read_some(r);
        int error;

        if (r->fault && r->copied == 0)
            return -RILL_EFAULT;
        if (ended || (r->copied > 0 && r->copied >= target))
            return (int64_t)r->copied;
        if (r->copied > 0 && (r->sock->error != 0 || (r->sock->shut & SHUT_RECEIVE) != 0))
            return (int64_t)r->copied;
        if (r->wanted == 0 && sock_look(r->s, r->sock, &below) && below.readable_bytes > 0)
            return 0;
        error = r->copied > 0 ? 0 : nothing_there(r->sock);
        if (error != 0)
            return error > 0 ? 0 : error;
        error = file_may_wait(file, flags) ? wait_for_more(r->s, deadline) : -RILL_EAGAIN;
        if (error != 0)
            return r->copied > 0 ? (int64_t)r->copied : error;
    }
}

/* Linux's tcp_recv_urg(). */
static int64_t receive_urgent(struct reading *r, int flags, int *out_flags)
{
    struct sock *sock = r->sock;
    struct below below;
    uint8_t byte;

    (void)sock_look(r->s, sock, &below);
    if ((sock->options.flags & RILL_OPTION_OOB_INLINE) != 0 || sock->urgent != URGENT_AHEAD)
        return -RILL_EINVAL;
    if (sock->phase == PHASE_CLOSED && !sock->done)
        return -RILL_ENOTCONN;
    if (!sock_urgent_arrived(sock, &below))
        return sock->phase == PHASE_CLOSED || (sock->shut & SHUT_RECEIVE) != 0 ? 0 : -RILL_EAGAIN;
    (void)below_copy(r->s->stack, sock->conn, seq_offset(seq_make(below.reader), seq_make(sock->urgent_seq)), &byte, 1);
    if ((flags & RILL_MSG_PEEK) == 0)
        sock->urgent = URGENT_READ;
    *out_flags |= RILL_MSG_OOB;
    if (r->wanted == 0) {
        *out_flags |= RILL_MSG_TRUNC;
        return 0;
    }
    while (r->iov[r->index].length_bytes == 0)
        r->index++;
    if (!r->discard && r->iov[r->index].base == NULL)
        return -RILL_EFAULT;
    if (!r->discard)
        memcpy(r->iov[r->index].base, &byte, 1);
    return 1;
}

static int count_pieces(const struct rill_iovec *iov, size_t count, size_t *wanted)
{
    *wanted = 0;
    if (count > IOV_MAX)
        return -RILL_EMSGSIZE;
    if (count > 0 && iov == NULL)
        return -RILL_EINVAL;
    for (size_t i = 0; i < count; i++) {
        if (iov[i].length_bytes > (size_t)INT64_MAX - *wanted)
            return -RILL_EINVAL;
        *wanted += iov[i].length_bytes;
    }
    return 0;
}

/* Without the sender's address. */
static int64_t receive_datagram(struct rill_sockets *s, struct file *file, const struct rill_iovec *iov, size_t count,
                                int flags)
{
    struct rill_msghdr message = {.iov_count = count};

    memcpy(&message.iov, &iov, sizeof iov); /* it is read only: the memory that it names is written */
    return datagram_receive(s, file, &message, flags);
}

static int64_t receive_stamp(struct rill_sockets *s, struct sock *sock, struct rill_msghdr *message)
{
    struct stamp stamp;

    if (!stamps_next(sock, &stamp))
        return -RILL_EAGAIN;
    stamps_take(sock, &stamp);
    if (message != NULL) {
        /* What was sent would come back with it, and there is nothing of it. */
        message->flags = RILL_MSG_ERRQUEUE;
        if ((sock->options.stamping & RILL_STAMPING_OPT_TSONLY) == 0)
            message->flags |= RILL_MSG_TRUNC;
        message->name_bytes = 0;
        control_write_stamp(s, sock, &stamp, message);
    }
    return 0;
}

/* What a stream's error queue holds: the numbers of sends whose bytes are the application's again, and timestamps. */
static int64_t receive_returned(struct rill_sockets *s, struct sock *sock, struct rill_msghdr *message)
{
    uint32_t first, last;

    catch_up(s);
    if (!zero_copy_waits(&sock->zero_copy))
        return receive_stamp(s, sock, message);
    zero_copy_take(&sock->zero_copy, &first, &last);
    if (message != NULL) {
        message->flags = RILL_MSG_ERRQUEUE;
        message->name_bytes = 0;
        control_write_returned(sock, first, last, message);
    }
    return 0;
}

static int64_t receive_pieces(struct rill_sockets *s, int fd, const struct rill_iovec *iov, size_t count, int flags,
                              int *out_flags)
{
    struct reading r = {.s = s, .iov = iov, .count = count};
    struct file *file;
    int error = sock_of(s, fd, &file, &r.sock);

    if (error == 0)
        error = count_pieces(iov, count, &r.wanted);
    if (error != 0)
        return error;
    if (r.sock->datagram)
        return receive_datagram(s, file, iov, count, flags);
    if ((flags & RILL_MSG_ERRQUEUE) != 0)
        return receive_returned(s, r.sock, NULL);
    r.peek = (flags & RILL_MSG_PEEK) != 0;
    r.discard = (flags & RILL_MSG_TRUNC) != 0;
    catch_up(s);
    if (r.sock->phase == PHASE_LISTENING)
        return -RILL_ENOTCONN;
    if ((flags & RILL_MSG_OOB) != 0)
        return receive_urgent(&r, flags, out_flags);
    return receive_stream(&r, file, flags);
}

/* ------------------------------------------------------------ without copying */

/* The first `bytes` that can be read, as far as max slices go. */
static int borrow_up_to(struct rill_sockets *s, const struct sock *sock, struct rill_slice *slices, unsigned max,
                        uint32_t bytes)
{
    int count = rill_borrow(s->stack, sock->conn, slices, max);

    for (int i = 0; i < count; i++) {
        slices[i].length_bytes = min_u32(slices[i].length_bytes, bytes);
        bytes -= slices[i].length_bytes;
        if (bytes == 0)
            return i + 1;
    }
    return count;
}

int rill_sock_borrow(struct rill_sockets *s, int fd, struct rill_slice *slices, unsigned max, int flags)
{
    struct reading r = {.s = s};
    struct below below;
    struct file *file;
    rill_time deadline;
    uint32_t bytes;
    int error = sock_of(s, fd, &file, &r.sock);

    if (error != 0)
        return error;
    if (r.sock->datagram || max == 0)
        return max == 0 ? -RILL_EINVAL : -RILL_EOPNOTSUPP;
    deadline = deadline_after(s, r.sock->options.receive_timeout);
    catch_up(s);
    if (r.sock->phase == PHASE_LISTENING)
        return -RILL_ENOTCONN;
    for (;;) {
        while (sock_look(s, r.sock, &below) && up_to_mark(&r, &below, &bytes)) {
            if (bytes > 0)
                return borrow_up_to(s, r.sock, slices, max, bytes);
        }
        error = nothing_there(r.sock);
        if (error != 0)
            return error > 0 ? 0 : error;
        error = file_may_wait(file, flags) ? wait_for_more(s, deadline) : -RILL_EAGAIN;
        if (error != 0)
            return error;
    }
}

int rill_sock_return(struct rill_sockets *s, int fd, size_t length_bytes)
{
    struct below below;
    struct file *file;
    struct sock *sock;
    int error = sock_of(s, fd, &file, &sock);

    if (error != 0)
        return error;
    if (sock->datagram || sock->conn == 0)
        return -RILL_EINVAL;
    error = rill_consume(s->stack, sock->conn, length_bytes);
    if (error == 0 && sock_look(s, sock, &below))
        forget_mark(sock, &below);
    return error == -RILL_EBADF || error == -RILL_ENOTCONN ? -RILL_EINVAL : error;
}

/* ---------------------------------------------------------------------- calls */

int64_t rill_sock_recv(struct rill_sockets *s, int fd, void *data, size_t length_bytes, int flags)
{
    struct rill_iovec piece = {data, length_bytes};
    int out_flags = 0;

    return receive_pieces(s, fd, &piece, 1, flags, &out_flags);
}

int64_t rill_sock_recvfrom(struct rill_sockets *s, int fd, void *data, size_t length_bytes, int flags, void *addr,
                           uint32_t *addr_bytes)
{
    struct rill_iovec piece = {data, length_bytes};
    struct rill_msghdr message = {.name = addr, .iov = &piece, .iov_count = 1};
    struct file *file = file_of(s, fd);
    int64_t n;

    if (file != NULL && is_datagram(file)) {
        message.name_bytes = addr_bytes == NULL ? 0 : *addr_bytes;
        n = datagram_receive(s, file, &message, flags);
        if (n >= 0 && addr != NULL && addr_bytes != NULL)
            *addr_bytes = message.name_bytes;
        return n;
    }
    n = rill_sock_recv(s, fd, data, length_bytes, flags);
    if (n >= 0 && addr != NULL && addr_bytes != NULL)
        *addr_bytes = 0; /* a stream's bytes carry no address: Linux says so */
    return n;
}

/* Linux's tcp_inq_hint(): when only the end of the stream is left, 1 says that there is reason to read on. */
static void tell_waiting(struct rill_sockets *s, struct sock *sock, struct rill_msghdr *message)
{
    struct below below;
    int waiting = sock_look(s, sock, &below) ? (int)min_u32(below.readable_bytes, INT32_MAX) : 0;

    control_write_inq(waiting == 0 && sock->done ? 1 : waiting, message);
}

int64_t rill_sock_recvmsg(struct rill_sockets *s, int fd, struct rill_msghdr *message, int flags)
{
    struct file *file = file_of(s, fd);
    int out_flags = 0;
    int64_t n;

    if (file != NULL && is_datagram(file))
        return datagram_receive(s, file, message, flags);
    if (file != NULL && file->kind == FILE_SOCKET && (flags & RILL_MSG_ERRQUEUE) != 0)
        return receive_returned(s, &file->sock, message);
    n = receive_pieces(s, fd, message->iov, message->iov_count, flags, &out_flags);
    if (n < 0)
        return n;
    message->flags = out_flags;
    message->name_bytes = 0;
    if (file != NULL && file->sock.options.tell_inq)
        tell_waiting(s, &file->sock, message);
    else
        message->control_bytes = 0;
    return n;
}

static int64_t as_file_call(struct rill_sockets *s, int fd)
{
    const struct file *file = file_of(s, fd);

    if (file == NULL)
        return -RILL_EBADF;
    return file->kind == FILE_EPOLL ? -RILL_EINVAL : 0;
}

int64_t rill_sock_read(struct rill_sockets *s, int fd, void *data, size_t length_bytes)
{
    int64_t error = as_file_call(s, fd);
    struct rill_iovec piece = {data, length_bytes};

    if (error == 0 && file_of(s, fd)->kind == FILE_PIPE)
        return length_bytes == 0 ? 0 : pipe_read(s, file_of(s, fd), &piece, 1);
    if (error != 0 || length_bytes == 0)
        return error; /* POSIX: reading nothing gives nothing, data or not */
    return rill_sock_recv(s, fd, data, length_bytes, 0);
}

int64_t rill_sock_readv(struct rill_sockets *s, int fd, const struct rill_iovec *iov, int iov_count)
{
    int64_t error = as_file_call(s, fd);
    size_t wanted;
    int out_flags = 0;

    if (error != 0)
        return error;
    if (iov_count < 0 || count_pieces(iov, (size_t)iov_count, &wanted) != 0)
        return -RILL_EINVAL;
    if (wanted > 0 && file_of(s, fd)->kind == FILE_PIPE)
        return pipe_read(s, file_of(s, fd), iov, (size_t)iov_count);
    return wanted == 0 ? 0 : receive_pieces(s, fd, iov, (size_t)iov_count, 0, &out_flags);
}
