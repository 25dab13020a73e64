/*
 * Local ends: bind(2), ports of the layer's choice, and what collides. The
 * stack knows listeners and connections; sockets that are bound and nothing
 * else are known here only.
 */
#include "sockets/address.h"
#include "sockets/datagram.h"
#include "sockets/sock.h"

#define PORT_FIRST 32768u /* Linux's ip_local_port_range */
#define PORT_COUNT 28232u

/* What a local end takes of the port: all of a family, or one address. */
static bool takes_v4(const struct sock *sock, const struct rill_addr *addr)
{
    return rill_addr_is_unspecified(addr) ? !sock->v6 || !sock->options.v6only : rill_addr_is_v4(addr);
}

static bool takes_v6(const struct sock *sock, const struct rill_addr *addr)
{
    return rill_addr_is_unspecified(addr) ? sock->v6 : !rill_addr_is_v4(addr);
}

static bool overlap(const struct sock *a, const struct rill_addr *at, const struct sock *b)
{
    if (!rill_addr_is_unspecified(at) && !rill_addr_is_unspecified(&b->local.addr))
        return rill_addr_equal(at, &b->local.addr);
    return (takes_v4(a, at) && takes_v4(b, &b->local.addr)) || (takes_v6(a, at) && takes_v6(b, &b->local.addr));
}

/* SO_REUSEPORT on both lets them share a port; SO_REUSEADDR on both too, but no port that is listened on. */
static bool collides(const struct sock *sock, const struct rill_endpoint *local, const struct sock *other)
{
    if (other == sock || other->datagram || !other->holds_port || other->local.port != local->port ||
        !overlap(sock, &local->addr, other))
        return false;
    if (sock->options.reuse_port && other->options.reuse_port)
        return false;
    return !sock->options.reuse_address || !other->options.reuse_address || other->phase == PHASE_LISTENING;
}

static bool is_taken_by_socket(const struct rill_sockets *s, const struct sock *sock, const struct rill_endpoint *local)
{
    for (uint32_t i = 0; i < s->max_descriptors; i++) {
        if (s->files[i].kind == FILE_SOCKET && collides(sock, local, &s->files[i].sock))
            return true;
    }
    return false;
}

/* Connections that nobody holds any more, TIME-WAIT among them, keep the port from those who do not share. */
static bool is_taken_by_orphan(const struct rill_sockets *s, const struct sock *sock, const struct rill_endpoint *local)
{
    struct rill_status status;
    uint64_t cursor = 0;

    if (sock->options.reuse_address || sock->options.reuse_port)
        return false;
    while (rill_list(s->stack, &cursor, &status)) {
        if (status.orphan && status.local.port == local->port &&
            (rill_addr_is_unspecified(&local->addr) || rill_addr_equal(&local->addr, &status.local.addr)))
            return true;
    }
    return false;
}

int sock_choose_port(struct rill_sockets *s, struct file *file)
{
    struct sock *sock = &file->sock;
    uint32_t offset = (uint32_t)(below_draw(s->stack) % PORT_COUNT);

    for (uint32_t i = 0; i < PORT_COUNT; i++) {
        struct rill_endpoint local = {sock->local.addr, (uint16_t)(PORT_FIRST + (offset + i) % PORT_COUNT)};

        if (!is_taken_by_socket(s, sock, &local)) {
            sock->local.port = local.port;
            sock->holds_port = true;
            return 0;
        }
    }
    return -RILL_EADDRINUSE;
}

/* AF_UNSPEC with 0.0.0.0 binds an AF_INET socket too: old programs leave the family out. */
static int read_local(const struct sock *sock, const void *addr, uint32_t addr_bytes, struct rill_endpoint *out)
{
    struct rill_sockaddr_in in;
    int error = address_read(sock->v6, addr, addr_bytes, out);

    if (error == -RILL_EAFNOSUPPORT && !sock->v6) {
        memcpy(&in, addr, sizeof in);
        if (in.family != RILL_AF_UNSPEC)
            return error;
        in.family = RILL_AF_INET;
        error = address_read(false, &in, sizeof in, out);
        return error == 0 && !rill_addr_is_unspecified(&out->addr) ? -RILL_EAFNOSUPPORT : error;
    }
    if (error == 0 && sock->v6 && sock->options.v6only && rill_addr_is_v4(&out->addr))
        return -RILL_EINVAL;
    return error;
}

int rill_sock_bind(struct rill_sockets *s, int fd, const void *addr, uint32_t addr_bytes)
{
    struct rill_endpoint local;
    struct file *file;
    struct sock *sock;
    int error = sock_of(s, fd, &file, &sock);

    if (error != 0)
        return error;
    catch_up(s);
    error = read_local(sock, addr, addr_bytes, &local);
    if (error != 0)
        return error;
    if (sock->datagram)
        return datagram_bind(s, file, &local);
    if (!rill_addr_is_unspecified(&local.addr) && !below_is_local(s->stack, &local.addr))
        return -RILL_EADDRNOTAVAIL;
    if (sock->phase != PHASE_CLOSED || sock->holds_port)
        return -RILL_EINVAL;
    if (local.port != 0 && (is_taken_by_socket(s, sock, &local) || is_taken_by_orphan(s, sock, &local)))
        return -RILL_EADDRINUSE;
    sock->local = local;
    if (local.port == 0) {
        error = sock_choose_port(s, file);
        if (error != 0)
            return error;
    }
    sock->bound_address = !rill_addr_is_unspecified(&local.addr);
    sock->bound_port = local.port != 0;
    sock->holds_port = true;
    return 0;
}
