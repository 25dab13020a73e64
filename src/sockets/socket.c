/*
 * A socket's life: open, listen, accept, connect, shutdown, close.
 */
#include "sockets/address.h"
#include "sockets/datagram.h"
#include "sockets/sock.h"
#include "sockets/stamps.h"

#include "base/types.h"

#define DEFER_ACCEPT_MAX 8u /* what the stack knows; Linux counts on */

static void sock_init(struct sock *sock, bool v6)
{
    *sock = (struct sock){.link = LINK_UNCONNECTED, .phase = PHASE_CLOSED, .v6 = v6};
    sock->options = (struct sock_options){
        .receive_low = 1,
        .receive_timeout = RILL_NEVER,
        .send_timeout = RILL_NEVER,
        .quick_ack = true,
    };
}

int rill_sock_open(struct rill_sockets *s, int family, int type, int protocol)
{
    int flags = type & (RILL_SOCK_NONBLOCK | RILL_SOCK_CLOEXEC);
    struct file *file;
    int fd, error;

    if (family != RILL_AF_INET && family != RILL_AF_INET6)
        return -RILL_EAFNOSUPPORT;
    type &= ~flags;
    if (type != RILL_SOCK_STREAM && type != RILL_SOCK_DGRAM)
        return (type & ~0xf) != 0 ? -RILL_EINVAL : -RILL_ESOCKTNOSUPPORT;
    if (protocol != 0 && protocol != (type == RILL_SOCK_STREAM ? RILL_IPPROTO_TCP : RILL_IPPROTO_UDP))
        return -RILL_EPROTONOSUPPORT;
    fd = file_open(s, FILE_SOCKET, (uint32_t)flags & RILL_O_NONBLOCK, (flags & RILL_SOCK_CLOEXEC) != 0, &file);
    if (fd < 0)
        return fd;
    sock_init(&file->sock, family == RILL_AF_INET6);
    error = type == RILL_SOCK_DGRAM ? datagram_open(s, file) : 0;
    if (error != 0)
        (void)rill_sock_close(s, fd);
    return error != 0 ? error : fd;
}

/* Which listeners may be beside this one, and what it hears. */
static uint32_t listener_flags(const struct sock *sock)
{
    uint32_t flags = sock->options.reuse_port ? RILL_OPTION_REUSE_PORT : 0;

    if (!sock->v6)
        return flags | RILL_OPTION_V4_ONLY;
    return sock->options.v6only ? flags | RILL_OPTION_V6_ONLY : flags;
}

static void fill_options(const struct sock *sock, struct rill_options *out)
{
    const struct sock_options *options = &sock->options;

    rill_options_default(out);
    out->send_buffer_bytes = options->send_buffer_bytes;
    out->receive_buffer_bytes = options->receive_buffer_bytes;
    out->limits = options->limits;
    out->mss = options->mss;
    out->tos = options->tos;
    out->ttl = options->ttl;
    out->flags = options->flags | listener_flags(sock);
    out->backlog = sock->backlog;
    out->defer_accept = (uint8_t)min_u32(options->defer_accept, DEFER_ACCEPT_MAX);
    out->congestion_control = options->congestion_control;
    out->fast_open_backlog = options->fast_open_backlog;
}

void sock_native_options(const struct rill_sockets *s, const struct file *file, struct rill_options *out)
{
    const struct sock *sock = &file->sock;

    fill_options(sock, out);
    out->user = (uint64_t)file_index(s, file) + 1;
    if (sock->bound_address)
        out->local.addr = sock->local.addr;
    if (sock->holds_port)
        out->local.port = sock->local.port;
}

void sock_change(struct rill_sockets *s, const struct sock *sock, unsigned which)
{
    struct rill_options options;

    fill_options(sock, &options);
    if (sock->conn != 0)
        (void)rill_set_options(s->stack, sock->conn, &options, which); /* -RILL_EBADF: it has ended */
}

void sock_learn_ends(struct rill_sockets *s, struct sock *sock)
{
    struct rill_status status;

    if (rill_status(s->stack, sock->conn, &status) != 0)
        return;
    sock->local = status.local;
    sock->remote = status.remote;
}

void sock_established(struct rill_sockets *s, struct sock *sock)
{
    sock->phase = PHASE_OPEN;
    sock_change(s, sock, RILL_CHANGE_MSS);
}

void sock_disconnect(struct rill_sockets *s, struct file *file)
{
    struct sock *sock = &file->sock;

    if (sock->phase == PHASE_OPEN || sock->phase == PHASE_CONNECTING)
        sock->error = -RILL_ECONNRESET; /* Linux: who asks learns what became of it */
    if (sock->conn != 0)
        (void)rill_abort(s->stack, sock->conn); /* -RILL_EBADF: it is gone already */
    sock->conn = 0;
    sock->link = LINK_UNCONNECTED;
    sock->phase = PHASE_CLOSED;
    sock->shut = 0;
    sock->soft_error = 0;
    sock->done = false;
    sock->urgent = URGENT_NONE;
    sock->remote = (struct rill_endpoint){.port = 0};
    if (!sock->bound_address)
        memset(&sock->local.addr, 0, sizeof sock->local.addr);
    sock->holds_port = sock->bound_port;
    file_signal(s, file, RILL_POLLERR);
}

/* ------------------------------------------------------------------ passive */

int rill_sock_listen(struct rill_sockets *s, int fd, int backlog)
{
    uint32_t waiting = min_u32((uint32_t)backlog, RILL_SOMAXCONN); /* negative: the most, as on Linux */
    struct rill_options options;
    struct file *file;
    struct sock *sock;
    int error = sock_of(s, fd, &file, &sock);

    if (error != 0)
        return error;
    if (sock->datagram)
        return -RILL_EOPNOTSUPP;
    catch_up(s);
    if (sock->phase == PHASE_LISTENING) {
        sock->backlog = waiting;
        sock_change(s, sock, RILL_CHANGE_BACKLOG);
        return 0;
    }
    if (sock->link != LINK_UNCONNECTED || sock->phase != PHASE_CLOSED)
        return -RILL_EINVAL;
    if (!sock->holds_port) {
        error = sock_choose_port(s, file);
        if (error != 0)
            return error;
    }
    sock->backlog = waiting;
    sock_native_options(s, file, &options);
    error = rill_tcp_listen(s->stack, &options, &sock->conn);
    if (error != 0)
        return error;
    sock->phase = PHASE_LISTENING;
    return 0;
}

/* A socket of its own for a connection that a listener had. */
static int adopt(struct rill_sockets *s, const struct sock *listener, rill_conn conn, int flags)
{
    struct file *file;
    int fd = file_open(s, FILE_SOCKET, (uint32_t)flags & RILL_O_NONBLOCK, (flags & RILL_SOCK_CLOEXEC) != 0, &file);
    struct sock *sock = &file->sock;

    rill_assert(fd >= 0); /* accept looked before it took the connection */
    sock_init(sock, listener->v6);
    sock->options = listener->options;
    sock->options.defer_accept = 0;
    sock->options.fast_open_backlog = 0;
    sock->options.flags &= ~(uint32_t)RILL_OPTION_PROGRESS;
    sock->conn = conn;
    sock->link = LINK_CONNECTED;
    sock->phase = PHASE_OPEN;
    sock->holds_port = true;
    sock->bound_address = listener->bound_address;
    sock_learn_ends(s, sock);
    (void)rill_set_user(s->stack, conn, (uint64_t)file_index(s, file) + 1);
    catch_up(s); /* what happened while it waited */
    return fd;
}

int rill_sock_accept4(struct rill_sockets *s, int fd, void *addr, uint32_t *addr_bytes, int flags)
{
    struct rill_endpoint peer;
    struct file *file;
    struct sock *sock;
    rill_time deadline;
    rill_conn conn;
    int error = sock_of(s, fd, &file, &sock);

    if (error != 0)
        return error;
    if ((flags & ~(RILL_SOCK_NONBLOCK | RILL_SOCK_CLOEXEC)) != 0)
        return -RILL_EINVAL;
    if (sock->datagram)
        return -RILL_EOPNOTSUPP;
    if (!descriptor_is_free(s))
        return -RILL_EMFILE;
    deadline = deadline_after(s, sock->options.receive_timeout);
    catch_up(s);
    for (;;) {
        if (sock->phase != PHASE_LISTENING)
            return -RILL_EINVAL;
        error = rill_accept(s->stack, sock->conn, &conn, &peer);
        if (error != -RILL_EAGAIN)
            break;
        error = file_may_wait(file, 0) ? wait_for_more(s, deadline) : -RILL_EAGAIN;
        if (error != 0)
            return error;
    }
    if (error != 0)
        return error;
    address_write(sock->v6, &peer, addr, addr_bytes);
    return adopt(s, sock, conn, flags);
}

int rill_sock_accept(struct rill_sockets *s, int fd, void *addr, uint32_t *addr_bytes)
{
    return rill_sock_accept4(s, fd, addr, addr_bytes, 0);
}

/* ------------------------------------------------------------------- active */

static int open_active(struct rill_sockets *s, struct file *file, const void *addr, uint32_t addr_bytes, bool fast)
{
    struct sock *sock = &file->sock;
    struct rill_endpoint remote;
    struct rill_options options;
    rill_conn conn;
    int error = address_read(sock->v6, addr, addr_bytes, &remote);

    if (error != 0)
        return error;
    if (sock->v6 && sock->options.v6only && rill_addr_is_v4(&remote.addr))
        return -RILL_ENETUNREACH;
    sock_native_options(s, file, &options);
    options.flags |= fast ? RILL_OPTION_FAST_OPEN : 0;
    error = rill_tcp_connect(s->stack, &remote, &options, &conn);
    if (error != 0)
        return error;
    if (sock->conn != 0)
        (void)rill_close(s->stack, sock->conn); /* one that has ended */
    sock->conn = conn;
    sock->link = LINK_CONNECTING;
    sock->phase = PHASE_CONNECTING;
    sock->holds_port = true;
    sock->error = 0;
    sock->done = false;
    sock_learn_ends(s, sock);
    return -RILL_EINPROGRESS;
}

/* Until the handshake is done or failed; `in_progress` is what to say when there is no waiting. */
static int await_connection(struct rill_sockets *s, struct file *file, bool may_wait, int in_progress)
{
    rill_time deadline = deadline_after(s, file->sock.options.send_timeout);

    while (file->sock.phase == PHASE_CONNECTING) {
        int error;

        if (!may_wait)
            return in_progress;
        error = wait_for_more(s, deadline);
        if (error == -RILL_EAGAIN)
            return s->wait == NULL ? -RILL_EAGAIN : in_progress;
        if (error != 0)
            return error;
    }
    return 0;
}

/* connect(2), but for what only it does. */
static int connect_stream(struct rill_sockets *s, struct file *file, const void *addr, uint32_t addr_bytes, bool fast,
                          bool may_wait)
{
    struct sock *sock = &file->sock;
    int in_progress = -RILL_EALREADY;
    struct below below;
    int error;

    if (sock->link == LINK_DISCONNECTING)
        return -RILL_EINVAL;
    if (sock->link == LINK_CONNECTED || (sock->link == LINK_UNCONNECTED && sock->phase != PHASE_CLOSED))
        return -RILL_EISCONN;
    if (sock->link == LINK_UNCONNECTED) {
        in_progress = open_active(s, file, addr, addr_bytes, fast);
        if (in_progress != -RILL_EINPROGRESS)
            return in_progress;
    }
    if (sock_look(s, sock, &below) && below.syn_waits) {
        sock->link = LINK_CONNECTED; /* as far as the application is concerned: it may send */
        return 0;
    }
    error = await_connection(s, file, may_wait, in_progress);
    if (error != 0)
        return error;
    if (sock->phase == PHASE_CLOSED) { /* refused, timed out, ...; the next connect(2) starts anew */
        error = sock_take_error(sock);
        sock_disconnect(s, file);
        return error != 0 ? error : -RILL_ECONNABORTED;
    }
    sock->link = LINK_CONNECTED;
    return 0;
}

int sock_open_fast(struct rill_sockets *s, struct file *file, const void *addr, uint32_t addr_bytes, bool may_wait)
{
    struct below below;

    catch_up(s);
    (void)sock_look(s, &file->sock, &below);
    return connect_stream(s, file, addr, addr_bytes, true, may_wait);
}

int rill_sock_connect(struct rill_sockets *s, int fd, const void *addr, uint32_t addr_bytes)
{
    struct below below;
    struct file *file;
    struct sock *sock;
    int error = sock_of(s, fd, &file, &sock);

    if (error != 0)
        return error;
    if (sock->datagram)
        return datagram_connect(s, file, addr, addr_bytes);
    if (addr_bytes < sizeof(uint16_t) || addr_bytes > INT32_MAX)
        return -RILL_EINVAL;
    if (addr == NULL)
        return -RILL_EFAULT;
    catch_up(s);
    (void)sock_look(s, sock, &below);
    if (address_family(addr) == RILL_AF_UNSPEC) {
        sock_disconnect(s, file);
        return 0;
    }
    return connect_stream(s, file, addr, addr_bytes, sock->options.fast_open_connect, file_may_wait(file, 0));
}

/* --------------------------------------------------------------------- ends */

int rill_sock_getsockname(struct rill_sockets *s, int fd, void *addr, uint32_t *addr_bytes)
{
    struct file *file;
    struct sock *sock;
    int error = sock_of(s, fd, &file, &sock);

    if (error == 0)
        address_write(sock->v6, &sock->local, addr, addr_bytes);
    return error;
}

int rill_sock_getpeername(struct rill_sockets *s, int fd, void *addr, uint32_t *addr_bytes)
{
    struct below below;
    struct file *file;
    struct sock *sock;
    int error = sock_of(s, fd, &file, &sock);

    if (error != 0)
        return error;
    catch_up(s);
    (void)sock_look(s, sock, &below);
    if (sock->datagram ? sock->link != LINK_CONNECTED || sock->remote.port == 0 : sock->phase != PHASE_OPEN)
        return -RILL_ENOTCONN;
    address_write(sock->v6, &sock->remote, addr, addr_bytes);
    return 0;
}

/* ---------------------------------------------------------------- shut, close */

int rill_sock_shutdown(struct rill_sockets *s, int fd, int how)
{
    struct below below;
    struct file *file;
    struct sock *sock;
    int error = sock_of(s, fd, &file, &sock);

    if (error != 0)
        return error;
    if (how < RILL_SHUT_RD || how > RILL_SHUT_RDWR)
        return -RILL_EINVAL;
    if (sock->datagram)
        return datagram_shutdown(s, file, how);
    catch_up(s);
    (void)sock_look(s, sock, &below);
    if (sock->link == LINK_CONNECTING)
        sock->link = sock->phase == PHASE_OPEN ? LINK_CONNECTED : LINK_DISCONNECTING;
    switch (sock->phase) {
    case PHASE_CLOSED:
        error = -RILL_ENOTCONN;
        sock->shut |= (unsigned)how + 1;
        break;
    case PHASE_OPEN:
        sock->shut |= (unsigned)how + 1;
        if (how != RILL_SHUT_RD)
            (void)rill_shutdown(s->stack, sock->conn); /* -RILL_EPIPE: it was shut before */
        if (sock->shut == SHUT_BOTH && !sock->done)
            below_refuse_data(s->stack, sock->conn);
        break;
    case PHASE_LISTENING:
        if (how != RILL_SHUT_WR)
            sock_disconnect(s, file);
        break;
    case PHASE_CONNECTING:
        sock_disconnect(s, file);
        break;
    }
    file_signal(s, file, 0);
    return error;
}

/* SO_LINGER with a time: close waits until the peer has everything. */
static void linger(struct rill_sockets *s, struct sock *sock)
{
    rill_time deadline = deadline_after(s, (rill_time)sock->options.linger.seconds * NANOS_PER_S);
    struct below below;

    if (!sock_look(s, sock, &below) || below.readable_bytes > 0)
        return; /* unread data: a RST goes out at once */
    (void)rill_shutdown(s->stack, sock->conn);
    while (sock_look(s, sock, &below) && (below.state == RILL_STATE_FIN_WAIT_1 || below.state == RILL_STATE_CLOSING ||
                                          below.state == RILL_STATE_LAST_ACK)) {
        if (wait_for_more(s, deadline) != 0)
            break;
    }
}

void sock_release(struct rill_sockets *s, struct file *file)
{
    struct sock *sock = &file->sock;

    stamps_drop(s, sock);
    if (sock->conn == 0)
        return;
    if (!sock->datagram && sock->phase != PHASE_LISTENING && sock->options.linger.on != 0) {
        if (sock->options.linger.seconds == 0) {
            (void)rill_abort(s->stack, sock->conn);
            return;
        }
        if (sock->phase == PHASE_OPEN)
            linger(s, sock);
    }
    (void)rill_close(s->stack, sock->conn);
}
