/*
 * getsockopt(2) and setsockopt(2): lengths, levels, and SOL_IP and SOL_IPV6.
 */
#include "sockets/option.h"

#include "sockets/datagram.h"

#include "base/types.h"

#define ECN_MASK 3

int option_read_number(const void *value, uint32_t bytes, int *out)
{
    if (bytes < sizeof *out || bytes > INT32_MAX)
        return -RILL_EINVAL;
    if (value == NULL)
        return -RILL_EFAULT;
    memcpy(out, value, sizeof *out);
    return 0;
}

void option_flag(struct rill_sockets *s, struct sock *sock, uint32_t flag, bool on)
{
    sock->options.flags = on ? sock->options.flags | flag : sock->options.flags & ~flag;
    if (sock->conn != 0)
        (void)rill_set_flags(s->stack, sock->conn, on ? flag : 0, on ? 0 : flag); /* -RILL_EBADF: it has ended */
}

/* ----------------------------------------------------------------------- IP */

int option_set_ip(struct rill_sockets *s, struct sock *sock, int name, int value)
{
    int error = sock->datagram ? datagram_set_ip(sock, name, value) : -RILL_ENOPROTOOPT;

    if (error != -RILL_ENOPROTOOPT)
        return error;
    switch (name) {
    case RILL_IP_TOS: /* the ECN bits are TCP's (RFC 3168 6.1) */
        sock->options.tos = (uint8_t)((value & ~ECN_MASK) | (sock->options.tos & ECN_MASK));
        break;
    case RILL_IP_TTL:
        if (value != -1 && (value < 1 || value > 255))
            return -RILL_EINVAL;
        sock->options.ttl = value == -1 ? 0 : (uint8_t)value;
        break;
    case RILL_IP_MTU_DISCOVER:
        return option_set_stream_mtu_discovery(sock, value);
    case RILL_IP_TRANSPARENT:
        return value == 0 ? 0 : -RILL_EPERM; /* as without privileges */
    default:
        return option_set_kept(sock, RILL_SOL_IP, name, value);
    }
    sock_change(s, sock, RILL_CHANGE_TOS | RILL_CHANGE_TTL);
    return 0;
}

int option_get_ip(struct rill_sockets *s, struct sock *sock, int name, struct option_value *out)
{
    struct rill_status status;
    int error = sock->datagram ? datagram_get_ip(s, sock, name, out) : -RILL_ENOPROTOOPT;

    if (error != -RILL_ENOPROTOOPT)
        return error;
    switch (name) {
    case RILL_IP_TOS:
        return option_number(out, sock->options.tos);
    case RILL_IP_TTL:
        return option_number(out, sock->options.ttl == 0 ? 64 : sock->options.ttl);
    case RILL_IP_MTU:
        if (sock->phase != PHASE_OPEN || rill_status(s->stack, sock->conn, &status) != 0)
            return -RILL_ENOTCONN;
        return option_number(out, (int)status.pmtu);
    case RILL_IP_MTU_DISCOVER:
        return option_get_stream_mtu_discovery(sock, out);
    case RILL_IP_TRANSPARENT:
        return option_number(out, 0);
    default:
        return option_get_kept(sock, RILL_SOL_IP, name, out);
    }
}

int option_set_ipv6(struct rill_sockets *s, struct sock *sock, int name, int value)
{
    (void)s;
    if (!sock->v6)
        return -RILL_ENOPROTOOPT;
    if (sock->datagram && datagram_set_ipv6(sock, name, value) == 0)
        return 0;
    switch (name) {
    case RILL_IPV6_V6ONLY:
        if (sock->holds_port || sock->phase != PHASE_CLOSED)
            return -RILL_EINVAL; /* it changes what the port means */
        sock->options.v6only = value != 0;
        return 0;
    case RILL_IPV6_TCLASS: /* these two are of IPv6 packets, which no peer of this stack sends or gets yet */
        if (value < -1 || value > 255)
            return -RILL_EINVAL;
        sock->options.tclass = value == -1 ? 0 : (uint8_t)((value & ~ECN_MASK) | (sock->options.tclass & ECN_MASK));
        return 0;
    case RILL_IPV6_UNICAST_HOPS:
        if (value < -1 || value > 255)
            return -RILL_EINVAL;
        sock->options.hops = value == -1 ? 0 : (uint8_t)value;
        return 0;
    case RILL_IPV6_MTU_DISCOVER:
        return sock->datagram ? -RILL_ENOPROTOOPT : option_set_stream_mtu_discovery(sock, value);
    default:
        return option_set_kept(sock, RILL_SOL_IPV6, name, value);
    }
}

int option_get_ipv6(struct rill_sockets *s, struct sock *sock, int name, struct option_value *out)
{
    (void)s;
    if (!sock->v6)
        return -RILL_EOPNOTSUPP;
    if (sock->datagram && datagram_get_ipv6(sock, name, out) == 0)
        return 0;
    switch (name) {
    case RILL_IPV6_V6ONLY:
        return option_number(out, sock->options.v6only);
    case RILL_IPV6_TCLASS:
        return option_number(out, sock->options.tclass);
    case RILL_IPV6_UNICAST_HOPS:
        return option_number(out, sock->options.hops == 0 ? 64 : sock->options.hops);
    case RILL_IPV6_MTU_DISCOVER:
        return sock->datagram ? -RILL_ENOPROTOOPT : option_get_stream_mtu_discovery(sock, out);
    default:
        return option_get_kept(sock, RILL_SOL_IPV6, name, out);
    }
}

/* -------------------------------------------------------------------- calls */

static int set_small(struct rill_sockets *s, struct sock *sock, int level, int name, const void *value, uint32_t bytes)
{
    int number;

    if (level == RILL_SOL_IPV6 || bytes >= sizeof number) {
        int error = option_read_number(value, bytes, &number);

        if (error != 0)
            return error;
    } else if (bytes > 0 && value == NULL) {
        return -RILL_EFAULT;
    } else {
        number = bytes > 0 ? *(const uint8_t *)value : 0; /* SOL_IP takes a byte for a number, and nothing for 0 */
    }
    return level == RILL_SOL_IP ? option_set_ip(s, sock, name, number) : option_set_ipv6(s, sock, name, number);
}

static int set(struct rill_sockets *s, struct file *file, int level, int name, const void *value, uint32_t value_bytes)
{
    switch (level) {
    case RILL_SOL_SOCKET:
        return option_set_socket(s, file, name, value, value_bytes);
    case RILL_SOL_TCP:
        return file->sock.datagram ? -RILL_ENOPROTOOPT : option_set_tcp(s, &file->sock, name, value, value_bytes);
    case RILL_SOL_IP:
    case RILL_SOL_IPV6:
        return set_small(s, &file->sock, level, name, value, value_bytes);
    default:
        return -RILL_ENOPROTOOPT;
    }
}

int rill_sock_setsockopt(struct rill_sockets *s, int fd, int level, int name, const void *value, uint32_t value_bytes)
{
    struct below below;
    struct file *file;
    struct sock *sock;
    int error = sock_of(s, fd, &file, &sock);

    if (error == 0 && value_bytes > INT32_MAX)
        error = -RILL_EINVAL;
    if (error != 0)
        return error;
    catch_up(s);
    (void)sock_look(s, sock, &below);
    error = set(s, file, level, name, value, value_bytes);
    if (error == 0 && sock->datagram)
        datagram_apply(s, file);
    return error;
}

static int get(struct rill_sockets *s, struct file *file, int level, int name, struct option_value *out)
{
    switch (level) {
    case RILL_SOL_SOCKET:
        return option_get_socket(s, file, name, out);
    case RILL_SOL_TCP:
        if (file->sock.datagram)
            return -RILL_EOPNOTSUPP;
        return option_get_tcp(s, &file->sock, name, out);
    case RILL_SOL_IP:
        return option_get_ip(s, &file->sock, name, out);
    case RILL_SOL_IPV6:
        return option_get_ipv6(s, &file->sock, name, out);
    default:
        return -RILL_EOPNOTSUPP;
    }
}

int rill_sock_getsockopt(struct rill_sockets *s, int fd, int level, int name, void *value, uint32_t *value_bytes)
{
    struct option_value out;
    struct below below;
    struct file *file;
    struct sock *sock;
    int error = sock_of(s, fd, &file, &sock);

    if (error != 0)
        return error;
    if (value_bytes == NULL)
        return -RILL_EFAULT;
    if (*value_bytes > INT32_MAX)
        return -RILL_EINVAL;
    catch_up(s);
    (void)sock_look(s, sock, &below);
    error = get(s, file, level, name, &out);
    if (error != 0)
        return error;
    if (level == RILL_SOL_IP && *value_bytes > 0 && *value_bytes < sizeof out.number && out.number >= 0 &&
        out.number <= 255) {
        *(uint8_t *)value = (uint8_t)out.number; /* as SOL_IP takes a byte, it gives one */
        *value_bytes = 1;
        return 0;
    }
    *value_bytes = min_u32(*value_bytes, out.bytes);
    if (*value_bytes > 0 && value == NULL)
        return -RILL_EFAULT;
    if (*value_bytes > 0)
        memcpy(value, out.raw, *value_bytes);
    return 0;
}
