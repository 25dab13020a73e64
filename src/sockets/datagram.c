/*
 * A datagram socket's ends, options, errors and readiness.
 */
#include "sockets/datagram.h"

#include "base/types.h"
#include "sockets/address.h"
#include "sockets/sock.h"

static void fill_options(const struct rill_sockets *s, const struct file *file, struct rill_udp_options *out)
{
    const struct sock_options *options = &file->sock.options;

    rill_udp_options_default(out);
    out->user = (uint64_t)file_index(s, file) + 1;
    out->flags |= options->broadcast ? RILL_UDP_BROADCAST : 0u;
    out->flags |= options->reuse_address ? RILL_UDP_REUSE_ADDRESS : 0u;
    out->flags |= options->reuse_port ? RILL_UDP_REUSE_PORT : 0u;
    out->send_buffer_bytes = options->send_buffer_bytes;
    out->receive_buffer_bytes = options->receive_buffer_bytes;
    out->tos = options->tos;
    out->ttl = options->ttl;
    out->multicast_ttl = options->multicast_ttl;
    out->mtu_discovery = options->mtu_discovery;
}

void datagram_apply(struct rill_sockets *s, const struct file *file)
{
    struct rill_udp_options options;

    fill_options(s, file, &options);
    (void)rill_udp_set_options(s->stack, file->sock.conn, &options);
}

int datagram_open(struct rill_sockets *s, struct file *file)
{
    struct rill_udp_options options;

    file->sock.datagram = true;
    fill_options(s, file, &options);
    return rill_udp_open(s->stack, &options, &file->sock.conn);
}

/* --------------------------------------------------------------------- ends */

/* IPv6 alone: nothing comes or goes that way as long as the stack has none, and the IPv4 port stays free. */
static bool is_v6_only(const struct sock *sock)
{
    return sock->v6 && sock->options.v6only;
}

static void learn_ends(struct rill_sockets *s, struct sock *sock)
{
    sock_learn_ends(s, sock);
    sock->holds_port = sock->local.port != 0;
}

int datagram_bind(struct rill_sockets *s, struct file *file, const struct rill_endpoint *local)
{
    struct sock *sock = &file->sock;
    int error;

    if (sock->local.port != 0)
        return -RILL_EINVAL;
    if (is_v6_only(sock)) {
        sock->local = *local;
        return local->port != 0 ? 0 : -RILL_EOPNOTSUPP;
    }
    error = rill_udp_bind(s->stack, sock->conn, local);
    if (error == 0)
        learn_ends(s, sock);
    return error;
}

void datagram_bind_somewhere(struct rill_sockets *s, struct sock *sock)
{
    const struct rill_endpoint any = {.port = 0};

    if (sock->local.port == 0 && !is_v6_only(sock) && rill_udp_bind(s->stack, sock->conn, &any) == 0)
        learn_ends(s, sock);
}

static void disconnect(struct rill_sockets *s, struct sock *sock)
{
    (void)rill_udp_connect(s->stack, sock->conn, NULL);
    sock->link = LINK_UNCONNECTED;
    learn_ends(s, sock);
}

int datagram_connect(struct rill_sockets *s, struct file *file, const void *addr, uint32_t addr_bytes)
{
    struct sock *sock = &file->sock;
    struct rill_endpoint remote;
    int error;

    if (addr == NULL || addr_bytes < sizeof(uint16_t))
        return -RILL_EINVAL;
    catch_up(s);
    if (address_family(addr) == RILL_AF_UNSPEC) {
        disconnect(s, sock);
        return 0;
    }
    error = address_read(sock->v6, addr, addr_bytes, &remote);
    if (error != 0)
        return error;
    if (is_v6_only(sock) || rill_addr_is_unspecified(&remote.addr))
        return -RILL_ENETUNREACH; /* Linux's 0.0.0.0 is the loopback, which this stack has not */
    error = rill_udp_connect(s->stack, sock->conn, &remote);
    if (error != 0)
        return error;
    sock->link = LINK_CONNECTED;
    learn_ends(s, sock);
    return 0;
}

int datagram_shutdown(struct rill_sockets *s, struct file *file, int how)
{
    struct sock *sock = &file->sock;

    sock->shut |= (unsigned)how + 1;
    file_signal(s, file, 0);
    return sock->link == LINK_CONNECTED ? 0 : -RILL_ENOTCONN;
}

/* ------------------------------------------------------------------- errors */

/* Linux's icmp_err_convert[]: what each code of "unreachable" means, and whether it is believed to last. */
static int linux_error(const struct rill_udp_error *error, bool *hard)
{
    static const struct {
        uint8_t error;
        bool hard;
    } unreachable[] = {
        {RILL_ENETUNREACH, false},  {RILL_EHOSTUNREACH, false}, {RILL_ENOPROTOOPT, true},  {RILL_ECONNREFUSED, true},
        {RILL_EMSGSIZE, true},      {RILL_EOPNOTSUPP, false},   {RILL_ENETUNREACH, true},  {RILL_EHOSTDOWN, true},
        {RILL_ENONET, true},        {RILL_ENETUNREACH, true},   {RILL_EHOSTUNREACH, true}, {RILL_ENETUNREACH, false},
        {RILL_EHOSTUNREACH, false}, {RILL_EHOSTUNREACH, true},  {RILL_EHOSTUNREACH, true}, {RILL_EHOSTUNREACH, true},
    };

    if (error->icmp_type == 3 && error->icmp_code < sizeof unreachable / sizeof unreachable[0]) {
        *hard = unreachable[error->icmp_code].hard;
        return -(int)unreachable[error->icmp_code].error;
    }
    *hard = error->icmp_type == 12;
    return *hard ? -RILL_EPROTO : -RILL_EHOSTUNREACH;
}

/* Linux's __udp4_lib_err(): who did not ask for all errors hears of lasting ones, and only when connected. */
static void take_error(struct rill_sockets *s, struct sock *sock)
{
    bool wants_all = (sock->options.tell & TELL_ERRORS) != 0;
    struct rill_udp_error error;
    bool hard;

    if (rill_udp_take_error(s->stack, sock->conn, &error) != 0)
        return;
    error.error = linux_error(&error, &hard);
    if (wants_all) {
        sock->last_error = error;
        sock->error_queued = true;
    }
    if (wants_all || (hard && sock->link == LINK_CONNECTED))
        sock->error = error.error;
}

void datagram_event(struct rill_sockets *s, struct file *file, const struct rill_event *event)
{
    uint32_t key = 0;

    if ((event->what & RILL_SOFT_ERROR) != 0) {
        take_error(s, &file->sock);
        file_signal(s, file, RILL_POLLERR);
    }
    key |= (event->what & RILL_READABLE) != 0 ? RILL_POLLIN | RILL_POLLRDNORM : 0;
    key |= (event->what & RILL_WRITABLE) != 0 ? RILL_POLLOUT | RILL_POLLWRNORM | RILL_POLLWRBAND : 0;
    if (key != 0)
        file_signal(s, file, key);
}

/* ---------------------------------------------------------------- readiness */

/* Linux's datagram_poll(). */
uint32_t datagram_mask(struct rill_sockets *s, struct sock *sock)
{
    struct below_datagram below;
    uint32_t mask = 0;

    below_look_datagram(s->stack, sock->conn, &below);
    if (sock->error != 0 || sock->error_queued)
        mask |= RILL_POLLERR;
    if ((sock->shut & SHUT_RECEIVE) != 0)
        mask |= RILL_POLLRDHUP | RILL_POLLIN | RILL_POLLRDNORM;
    if (sock->shut == SHUT_BOTH)
        mask |= RILL_POLLHUP;
    if (below.is_readable)
        mask |= RILL_POLLIN | RILL_POLLRDNORM;
    if (below.is_writable)
        mask |= RILL_POLLOUT | RILL_POLLWRNORM | RILL_POLLWRBAND;
    else
        below_want_room(s->stack, sock->conn);
    return mask;
}

int datagram_ioctl(struct rill_sockets *s, struct sock *sock, unsigned long request, int *argument)
{
    struct below_datagram below;

    below_look_datagram(s->stack, sock->conn, &below);
    switch (request) {
    case RILL_FIONREAD:
        *argument = (int)below.readable_bytes;
        return 0;
    case RILL_SIOCOUTQ:
        *argument = (int)below.unsent_bytes;
        return 0;
    default:
        return -RILL_ENOTTY;
    }
}

/* ------------------------------------------------------------------ options */

static void tell(struct sock *sock, unsigned what, bool on)
{
    sock->options.tell = (uint8_t)(on ? sock->options.tell | what : sock->options.tell & ~what);
}

/* By Linux's numbers, IP_PMTUDISC_DONT to IP_PMTUDISC_OMIT. The same table reads the other way. */
static const uint8_t mtu_discoveries[] = {RILL_UDP_MTU_DONT,  RILL_UDP_MTU_WANT,      RILL_UDP_MTU_DO,
                                          RILL_UDP_MTU_PROBE, RILL_UDP_MTU_INTERFACE, RILL_UDP_MTU_OMIT};

int datagram_set_ip(struct sock *sock, int name, int value)
{
    switch (name) {
    case RILL_IP_TOS: /* all of it: there is no TCP to own the ECN bits */
        sock->options.tos = (uint8_t)value;
        return 0;
    case RILL_IP_PKTINFO:
        tell(sock, TELL_PKTINFO, value != 0);
        return 0;
    case RILL_IP_RECVTTL:
        tell(sock, TELL_TTL, value != 0);
        return 0;
    case RILL_IP_RECVTOS:
        tell(sock, TELL_TOS, value != 0);
        return 0;
    case RILL_IP_RECVERR:
        tell(sock, TELL_ERRORS, value != 0);
        sock->error_queued = sock->error_queued && value != 0;
        return 0;
    case RILL_IP_MULTICAST_TTL:
        if (value < -1 || value > 255)
            return -RILL_EINVAL;
        if (value == 0)
            return -RILL_EOPNOTSUPP; /* to this host alone: there is no loopback */
        sock->options.multicast_ttl = value == -1 ? 1 : (uint8_t)value;
        return 0;
    case RILL_IP_MTU_DISCOVER:
        if (value < 0 || (unsigned)value >= sizeof mtu_discoveries)
            return -RILL_EINVAL;
        sock->options.mtu_discovery = mtu_discoveries[value];
        return 0;
    default:
        return -RILL_ENOPROTOOPT;
    }
}

int datagram_get_ip(struct rill_sockets *s, struct sock *sock, int name, struct option_value *out)
{
    struct rill_status status;

    switch (name) {
    case RILL_IP_PKTINFO:
        return option_number(out, (sock->options.tell & TELL_PKTINFO) != 0);
    case RILL_IP_RECVTTL:
        return option_number(out, (sock->options.tell & TELL_TTL) != 0);
    case RILL_IP_RECVTOS:
        return option_number(out, (sock->options.tell & TELL_TOS) != 0);
    case RILL_IP_RECVERR:
        return option_number(out, (sock->options.tell & TELL_ERRORS) != 0);
    case RILL_IP_MULTICAST_TTL:
        return option_number(out, sock->options.multicast_ttl == 0 ? 1 : sock->options.multicast_ttl);
    case RILL_IP_MTU_DISCOVER:
        return option_number(out, mtu_discoveries[sock->options.mtu_discovery]);
    case RILL_IP_MTU:
        if (sock->link != LINK_CONNECTED || rill_status(s->stack, sock->conn, &status) != 0)
            return -RILL_ENOTCONN;
        return option_number(out, (int)status.pmtu);
    default:
        return -RILL_ENOPROTOOPT;
    }
}

int datagram_set_ipv6(struct sock *sock, int name, int value)
{
    if (name != RILL_IPV6_RECVPKTINFO || !sock->v6)
        return -RILL_ENOPROTOOPT;
    tell(sock, TELL_PKTINFO6, value != 0);
    return 0;
}

int datagram_get_ipv6(const struct sock *sock, int name, struct option_value *out)
{
    if (name != RILL_IPV6_RECVPKTINFO || !sock->v6)
        return -RILL_ENOPROTOOPT;
    return option_number(out, (sock->options.tell & TELL_PKTINFO6) != 0);
}
