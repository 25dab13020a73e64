/*
 * SOL_SOCKET.
 */
#include "sockets/option.h"
#include "sockets/stamps.h"

#include "base/types.h"

#define SEND_BUFFER_MIN 4608 /* Linux's SOCK_MIN_SNDBUF and SOCK_MIN_RCVBUF */
#define RECEIVE_BUFFER_MIN 2304
#define BUFFER_MAX (1 << 30)
#define DATAGRAM_BUFFER_BYTES 212992u /* <rill/udp.h>'s default, and Linux's */

/* socket(7): the kernel doubles the value, for the overhead; here too the limit is one on true size. */
static uint32_t doubled(int value, int least)
{
    int half = value < 0 || value > BUFFER_MAX / 2 ? BUFFER_MAX / 2 : value;

    return (uint32_t)(2 * half < least ? least : 2 * half);
}

static int set_linger(struct sock *sock, const void *value, uint32_t bytes)
{
    if (bytes < sizeof sock->options.linger || value == NULL)
        return -RILL_EINVAL;
    memcpy(&sock->options.linger, value, sizeof sock->options.linger);
    sock->options.linger.on = sock->options.linger.on != 0;
    if (sock->options.linger.seconds < 0)
        sock->options.linger.seconds = INT32_MAX; /* Linux takes it for unsigned: very long */
    return 0;
}

/* 32 bits, or as many as the caller has; all ones: no bound. */
static int set_pacing_rate(struct rill_sockets *s, struct sock *sock, const void *value, uint32_t bytes, int number)
{
    struct rill_limits limits = sock->options.limits;
    uint64_t rate = number == -1 ? UINT64_MAX : (uint32_t)number;

    if (bytes >= sizeof rate)
        memcpy(&rate, value, sizeof rate);
    limits.pacing_rate = rate == UINT64_MAX ? 0 : rate;
    return option_set_limits(s, sock, &limits);
}

static int get_pacing_rate(const struct sock *sock, struct option_value *out)
{
    uint64_t rate = sock->options.limits.pacing_rate != 0 ? sock->options.limits.pacing_rate : UINT64_MAX;

    out->bytes = sizeof rate;
    memcpy(out->raw, &rate, sizeof rate);
    return 0;
}

static int set_timeout(rill_time *timeout, const void *value, uint32_t bytes)
{
    struct rill_timeval time;

    if (bytes < sizeof time || value == NULL)
        return -RILL_EINVAL;
    memcpy(&time, value, sizeof time);
    if (time.microseconds < 0 || time.microseconds >= 1000000)
        return -RILL_EDOM;
    if (time.seconds < 0)
        *timeout = 0;
    else if ((time.seconds == 0 && time.microseconds == 0) || time.seconds >= INT32_MAX)
        *timeout = RILL_NEVER;
    else
        *timeout = (rill_time)time.seconds * NANOS_PER_S + (rill_time)time.microseconds * NANOS_PER_US;
    return 0;
}

static int get_timeout(rill_time timeout, struct option_value *out)
{
    out->bytes = sizeof out->time;
    out->time = (struct rill_timeval){0, 0};
    if (timeout != RILL_NEVER) {
        out->time.seconds = (int64_t)(timeout / NANOS_PER_S);
        out->time.microseconds = (int64_t)(timeout % NANOS_PER_S / NANOS_PER_US);
    }
    return 0;
}

struct buffer_sizes {
    uint32_t send_bytes, receive_bytes;
};

/* A connection's own, as they have grown; else what the next one begins with. */
static struct buffer_sizes buffer_sizes(struct rill_sockets *s, struct sock *sock)
{
    uint32_t send_bytes = sock->options.send_buffer_bytes, receive_bytes = sock->options.receive_buffer_bytes;
    struct below_defaults defaults;
    struct below below;

    if (!sock->datagram && sock_look(s, sock, &below))
        return (struct buffer_sizes){below.send_limit, below.receive_limit};
    below_defaults(s->stack, &defaults);
    if (sock->datagram)
        defaults.send_buffer_bytes = defaults.receive_buffer_bytes = DATAGRAM_BUFFER_BYTES;
    return (struct buffer_sizes){send_bytes != 0 ? send_bytes : defaults.send_buffer_bytes,
                                 receive_bytes != 0 ? receive_bytes : defaults.receive_buffer_bytes};
}

static void set_receive_low(struct rill_sockets *s, struct file *file, int value)
{
    struct sock *sock = &file->sock;
    struct below below;
    uint32_t wanted = value < 0 ? INT32_MAX : max_u32((uint32_t)value, 1);

    /* More than the window ever lets in would never be reached. */
    sock->options.receive_low = min_u32(wanted, buffer_sizes(s, sock).receive_bytes / 2);
    (void)sock_look(s, sock, &below);
    if (sock->done || (below.readable_bytes > 0 && below.readable_bytes >= sock->options.receive_low))
        file_signal(s, file, RILL_POLLIN | RILL_POLLRDNORM);
}

/* What Linux has and rill has no use for: each stands at what a fresh socket has, and can be set to that alone. */
static const struct fixed {
    int name;
    int value;
    int refusal; /* of any other value */
} fixed_options[] = {
    {RILL_SO_DONTROUTE, 0, -RILL_EOPNOTSUPP}, {RILL_SO_NO_CHECK, 0, -RILL_EOPNOTSUPP},
    {RILL_SO_TIMESTAMP, 0, -RILL_EOPNOTSUPP}, {RILL_SO_TIMESTAMPNS, 0, -RILL_EOPNOTSUPP},
    {RILL_SO_MARK, 0, -RILL_EPERM},           {RILL_SO_RXQ_OVFL, 0, -RILL_EOPNOTSUPP},
    {RILL_SO_PEEK_OFF, -1, -RILL_EOPNOTSUPP}, {RILL_SO_LOCK_FILTER, 0, -RILL_EOPNOTSUPP},
    {RILL_SO_BUSY_POLL, 0, -RILL_EPERM},      {RILL_SO_INCOMING_CPU, -1, -RILL_EOPNOTSUPP},
};

static const struct fixed *find_fixed(int name)
{
    for (size_t i = 0; i < sizeof fixed_options / sizeof fixed_options[0]; i++) {
        if (fixed_options[i].name == name)
            return &fixed_options[i];
    }
    return NULL;
}

static int set_fixed(int name, int value)
{
    const struct fixed *fixed = find_fixed(name);

    if (fixed == NULL)
        return -RILL_ENOPROTOOPT;
    return value == fixed->value ? 0 : fixed->refusal;
}

static int get_fixed(int name, struct option_value *out)
{
    const struct fixed *fixed = find_fixed(name);

    return fixed == NULL ? -RILL_ENOPROTOOPT : option_number(out, fixed->value);
}

static int set_number(struct rill_sockets *s, struct file *file, int name, int value)
{
    struct sock *sock = &file->sock;

    switch (name) {
    case RILL_SO_REUSEADDR:
        sock->options.reuse_address = value != 0;
        return 0;
    case RILL_SO_SNDBUF:
    case RILL_SO_SNDBUFFORCE:
        sock->options.send_buffer_bytes = doubled(value, SEND_BUFFER_MIN);
        sock_change(s, sock, RILL_CHANGE_SEND_BUFFER);
        return 0;
    case RILL_SO_RCVBUF:
    case RILL_SO_RCVBUFFORCE:
        sock->options.receive_buffer_bytes = doubled(value, RECEIVE_BUFFER_MIN);
        sock_change(s, sock, RILL_CHANGE_RECEIVE_BUFFER);
        return 0;
    case RILL_SO_KEEPALIVE:
        option_flag(s, sock, RILL_OPTION_KEEPALIVE, value != 0);
        return 0;
    case RILL_SO_OOBINLINE:
        option_flag(s, sock, RILL_OPTION_OOB_INLINE, value != 0);
        return 0;
    case RILL_SO_RCVLOWAT:
        set_receive_low(s, file, value);
        return 0;
    case RILL_SO_TIMESTAMPING:
        return stamps_set(s, sock, value);
    case RILL_SO_BROADCAST:
        sock->options.broadcast = value != 0;
        return 0;
    case RILL_SO_ZEROCOPY:
        if (sock->datagram)
            return value == 0 ? 0 : -RILL_EOPNOTSUPP;
        if (value < 0 || value > 1)
            return -RILL_EINVAL;
        sock->options.zero_copy = value != 0;
        return 0;
    case RILL_SO_PRIORITY:
        if (value < 0 || value > 6)
            return -RILL_EPERM;
        sock->options.priority = value;
        return 0;
    case RILL_SO_REUSEPORT:
        sock->options.reuse_port = value != 0;
        sock_change(s, sock, RILL_CHANGE_REUSE_PORT);
        return 0;
    case RILL_SO_BINDTOIFINDEX:
        return value == 0 ? 0 : value < 0 ? -RILL_EINVAL : -RILL_ENODEV;
    case RILL_SO_DEBUG:
        return value == 0 ? 0 : -RILL_EACCES;
    case RILL_SO_BSDCOMPAT:
        return 0; /* socket(7): ignored */
    default:      /* the read-only ones too */
        return set_fixed(name, value);
    }
}

int option_set_socket(struct rill_sockets *s, struct file *file, int name, const void *value, uint32_t bytes)
{
    int number;
    int error;

    if (name == RILL_SO_BINDTODEVICE) /* interfaces have no names here: only to none */
        return bytes == 0 || *(const uint8_t *)value == '\0' ? 0 : -RILL_ENODEV;
    error = option_read_number(value, bytes, &number);
    if (error != 0)
        return error;
    switch (name) {
    case RILL_SO_LINGER:
        return set_linger(&file->sock, value, bytes);
    case RILL_SO_MAX_PACING_RATE:
        return set_pacing_rate(s, &file->sock, value, bytes, number);
    case RILL_SO_RCVTIMEO:
        return set_timeout(&file->sock.options.receive_timeout, value, bytes);
    case RILL_SO_SNDTIMEO:
        return set_timeout(&file->sock.options.send_timeout, value, bytes);
    default:
        return set_number(s, file, name, number);
    }
}

static int get_number(struct sock *sock, int name, struct option_value *out)
{
    switch (name) {
    case RILL_SO_TYPE:
        return option_number(out, sock->datagram ? RILL_SOCK_DGRAM : RILL_SOCK_STREAM);
    case RILL_SO_DOMAIN:
        return option_number(out, sock->v6 ? RILL_AF_INET6 : RILL_AF_INET);
    case RILL_SO_PROTOCOL:
        return option_number(out, sock->datagram ? RILL_IPPROTO_UDP : RILL_IPPROTO_TCP);
    case RILL_SO_ERROR: {
        int error = sock_take_error(sock);

        if (error == 0) { /* the one that gives nothing up is told here alone */
            error = sock->soft_error;
            sock->soft_error = 0;
        }
        return option_number(out, -error);
    }
    case RILL_SO_ACCEPTCONN:
        return option_number(out, sock->phase == PHASE_LISTENING);
    case RILL_SO_REUSEADDR:
        return option_number(out, sock->options.reuse_address);
    case RILL_SO_KEEPALIVE:
        return option_number(out, (sock->options.flags & RILL_OPTION_KEEPALIVE) != 0);
    case RILL_SO_OOBINLINE:
        return option_number(out, (sock->options.flags & RILL_OPTION_OOB_INLINE) != 0);
    case RILL_SO_RCVLOWAT:
        return option_number(out, (int)sock->options.receive_low);
    case RILL_SO_SNDLOWAT:
        return option_number(out, 1);
    case RILL_SO_BROADCAST:
        return option_number(out, sock->options.broadcast);
    case RILL_SO_ZEROCOPY:
        return option_number(out, sock->options.zero_copy);
    case RILL_SO_TIMESTAMPING:
        return option_number(out, (int)sock->options.stamping);
    case RILL_SO_PRIORITY:
        return option_number(out, sock->options.priority);
    case RILL_SO_REUSEPORT:
        return option_number(out, sock->options.reuse_port);
    case RILL_SO_BINDTODEVICE:
        out->bytes = 0;
        return 0;
    case RILL_SO_BINDTOIFINDEX:
    case RILL_SO_DEBUG:
    case RILL_SO_BSDCOMPAT:
        return option_number(out, 0);
    default:
        return get_fixed(name, out);
    }
}

int option_get_socket(struct rill_sockets *s, struct file *file, int name, struct option_value *out)
{
    struct sock *sock = &file->sock;

    switch (name) {
    case RILL_SO_LINGER:
        out->bytes = sizeof out->linger;
        out->linger = sock->options.linger;
        return 0;
    case RILL_SO_RCVTIMEO:
        return get_timeout(sock->options.receive_timeout, out);
    case RILL_SO_SNDTIMEO:
        return get_timeout(sock->options.send_timeout, out);
    case RILL_SO_MAX_PACING_RATE:
        return get_pacing_rate(sock, out);
    case RILL_SO_SNDBUF:
        return option_number(out, (int)buffer_sizes(s, sock).send_bytes);
    case RILL_SO_RCVBUF:
        return option_number(out, (int)buffer_sizes(s, sock).receive_bytes);
    default:
        return get_number(sock, name, out);
    }
}
