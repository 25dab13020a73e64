/*
 * Control messages. The caller's bytes are read and written by memcpy: they
 * need no alignment, and every length is checked.
 */
#include "sockets/control_message.h"

#include "base/types.h"
#include "sockets/below.h"

#define ORIGIN_ICMP 2
#define ORIGIN_TIMESTAMPING 4
#define ORIGIN_ZERO_COPY 5
#define ENOMSG_OF_LINUX 42u

static size_t rounded(size_t bytes)
{
    return (bytes + 7) & ~(size_t)7;
}

/* ------------------------------------------------------------------ reading */

static int read_number(const uint8_t *data, size_t bytes, int *out)
{
    if (bytes != sizeof *out)
        return -RILL_EINVAL;
    memcpy(out, data, sizeof *out);
    return 0;
}

/* Linux's ip_cmsg_send(). */
static int read_ip(int type, const uint8_t *data, size_t bytes, struct rill_udp_how *out)
{
    struct rill_in_pktinfo info;
    int number = 0;

    switch (type) {
    case RILL_IP_PKTINFO:
        if (bytes != sizeof info)
            return -RILL_EINVAL;
        memcpy(&info, data, sizeof info);
        out->local = rill_addr4(info.spec_dst[0], info.spec_dst[1], info.spec_dst[2], info.spec_dst[3]);
        return 0;
    case RILL_IP_TTL:
        if (read_number(data, bytes, &number) != 0 || number < 1 || number > 255)
            return -RILL_EINVAL;
        out->ttl = (uint8_t)number;
        return 0;
    case RILL_IP_TOS:
        if (bytes == 1)
            number = data[0];
        else if (read_number(data, bytes, &number) != 0)
            return -RILL_EINVAL;
        if (number < 0 || number > 255)
            return -RILL_EINVAL;
        out->tos = (uint8_t)number;
        out->set_tos = true;
        return 0;
    default:
        return -RILL_EINVAL;
    }
}

static int read_ipv6(int type, const uint8_t *data, size_t bytes, struct rill_udp_how *out)
{
    struct rill_in6_pktinfo info;

    if (type != RILL_IPV6_PKTINFO || bytes != sizeof info)
        return -RILL_EINVAL;
    memcpy(&info, data, sizeof info);
    memcpy(out->local.bytes, info.addr, sizeof info.addr);
    return 0;
}

int control_read(const struct rill_msghdr *message, struct rill_udp_how *out)
{
    const uint8_t *at = (const uint8_t *)message->control;
    size_t left = at == NULL ? 0 : message->control_bytes;
    struct rill_cmsghdr header;

    *out = (struct rill_udp_how){.ttl = 0};
    while (left >= sizeof header) {
        const uint8_t *data = at + sizeof header;
        size_t whole;
        int error = 0;

        memcpy(&header, at, sizeof header);
        if (header.bytes < sizeof header || header.bytes > left)
            return -RILL_EINVAL;
        if (header.level == RILL_SOL_IP)
            error = read_ip(header.type, data, header.bytes - sizeof header, out);
        else if (header.level == RILL_SOL_IPV6)
            error = read_ipv6(header.type, data, header.bytes - sizeof header, out);
        else if (header.level == RILL_SOL_SOCKET)
            error = -RILL_EINVAL;
        if (error != 0)
            return error;
        whole = rounded(header.bytes);
        if (whole >= left)
            break;
        at += whole;
        left -= whole;
    }
    return 0;
}

/* ------------------------------------------------------------------ writing */

struct writer {
    uint8_t *at;
    size_t left;
    size_t written;
    bool truncated;
};

/* Linux's put_cmsg(): what does not fit is cut off, what has not even room for a header is left out. */
static void put(struct writer *to, int level, int type, const void *data, size_t bytes)
{
    struct rill_cmsghdr header = {.bytes = sizeof header + bytes, .level = level, .type = type};
    size_t step;

    if (to->at == NULL || to->left < sizeof header) {
        to->truncated = true;
        return;
    }
    if (to->left < header.bytes) {
        to->truncated = true;
        header.bytes = to->left;
    }
    memcpy(to->at, &header, sizeof header);
    memcpy(to->at + sizeof header, data, header.bytes - sizeof header);
    step = (size_t)min_u64(rounded(sizeof header + bytes), to->left);
    if (step > header.bytes)
        memset(to->at + header.bytes, 0, step - header.bytes);
    to->at += step;
    to->left -= step;
    to->written += step;
}

static struct writer writer_for(const struct rill_msghdr *message)
{
    return (struct writer){.at = (uint8_t *)message->control, .left = message->control_bytes};
}

static void finish(const struct writer *writer, struct rill_msghdr *message)
{
    message->control_bytes = writer->written;
    if (writer->truncated)
        message->flags |= RILL_MSG_CTRUNC;
}

void control_write(const struct rill_sockets *s, const struct sock *sock, const struct rill_udp_info *info,
                   struct rill_msghdr *message)
{
    const struct rill_addr ours = info->broadcast ? below_netif_addr(s->stack, info->netif) : info->local.addr;
    struct rill_in6_pktinfo info6 = {.interface = (uint32_t)info->netif + 1};
    struct rill_in_pktinfo info4 = {.interface = info->netif + 1};
    struct writer to = writer_for(message);
    int ttl = info->ttl;

    memcpy(info4.spec_dst, ours.bytes + 12, 4);
    memcpy(info4.addr, info->local.addr.bytes + 12, 4);
    memcpy(info6.addr, info->local.addr.bytes, 16);
    if ((sock->options.tell & TELL_PKTINFO6) != 0)
        put(&to, RILL_SOL_IPV6, RILL_IPV6_PKTINFO, &info6, sizeof info6);
    if ((sock->options.tell & TELL_PKTINFO) != 0)
        put(&to, RILL_SOL_IP, RILL_IP_PKTINFO, &info4, sizeof info4);
    if ((sock->options.tell & TELL_TTL) != 0)
        put(&to, RILL_SOL_IP, RILL_IP_TTL, &ttl, sizeof ttl);
    if ((sock->options.tell & TELL_TOS) != 0)
        put(&to, RILL_SOL_IP, RILL_IP_TOS, &info->tos, sizeof info->tos);
    finish(&to, message);
}

void control_write_inq(int waiting_bytes, struct rill_msghdr *message)
{
    struct writer to = writer_for(message);

    put(&to, RILL_SOL_TCP, RILL_TCP_INQ, &waiting_bytes, sizeof waiting_bytes);
    finish(&to, message);
}

void control_write_error(const struct sock *sock, struct rill_msghdr *message)
{
    const struct rill_udp_error *error = &sock->last_error;
    struct {
        struct rill_sock_extended_err error;
        struct rill_sockaddr_in offender;
    } both = {
        .error = {.error = (uint32_t)-error->error,
                  .origin = ORIGIN_ICMP,
                  .type = error->icmp_type,
                  .code = error->icmp_code,
                  .info = error->mtu},
        .offender = {.family = RILL_AF_INET},
    };
    struct writer to = writer_for(message);

    memcpy(both.offender.addr, error->reporter.bytes + 12, 4);
    put(&to, RILL_SOL_IP, RILL_IP_RECVERR, &both, sizeof both);
    finish(&to, message);
}

void control_write_returned(const struct sock *sock, uint32_t first, uint32_t last, struct rill_msghdr *message)
{
    const struct rill_sock_extended_err error = {.origin = ORIGIN_ZERO_COPY, .info = first, .data = last};
    struct writer to = writer_for(message);

    put(&to, sock->v6 ? RILL_SOL_IPV6 : RILL_SOL_IP, sock->v6 ? RILL_IPV6_RECVERR : RILL_IP_RECVERR, &error,
        sizeof error);
    finish(&to, message);
}

void control_write_stamp(const struct rill_sockets *s, const struct sock *sock, const struct stamp *stamp,
                         struct rill_msghdr *message)
{
    const struct rill_sock_extended_err error = {
        .error = ENOMSG_OF_LINUX, .origin = ORIGIN_TIMESTAMPING, .info = (uint32_t)stamp->kind, .data = stamp->key};
    const uint64_t at = stamp->at + s->wall_offset;
    const struct rill_scm_timestamping times = {.times = {{(int64_t)(at / NANOS_PER_S), (int64_t)(at % NANOS_PER_S)}}};
    struct writer to = writer_for(message);

    if ((sock->options.stamping & RILL_STAMPING_SOFTWARE) != 0)
        put(&to, RILL_SOL_SOCKET, RILL_SCM_TIMESTAMPING, &times, sizeof times);
    put(&to, sock->v6 ? RILL_SOL_IPV6 : RILL_SOL_IP, sock->v6 ? RILL_IPV6_RECVERR : RILL_IP_RECVERR, &error,
        sizeof error);
    finish(&to, message);
}
