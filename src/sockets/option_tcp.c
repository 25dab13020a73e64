/*
 * SOL_TCP.
 */
#include "sockets/option.h"

#include "base/types.h"

#define MSS_MIN 88 /* Linux's TCP_MIN_MSS */
#define MSS_MAX 32767
#define MSS_DEFAULT 536       /* RFC 9293 3.7.1: before anything is known */
#define LINGER_2_MAX 120u     /* Linux's TCP_FIN_TIMEOUT_MAX, seconds */
#define SYN_ACK_WAIT_MAX 120u /* Linux's TCP_RTO_MAX, seconds */
#define CONGESTION_BYTES 16u
#define WINDOW_CLAMP_MIN 1152 /* Linux's SOCK_MIN_RCVBUF / 2 */

/* ------------------------------------------------------------------- limits */

static bool is_limit(int name)
{
    return (name >= RILL_TCP_KEEPIDLE && name <= RILL_TCP_LINGER2) || name == RILL_TCP_USER_TIMEOUT ||
           name == RILL_TCP_NOTSENT_LOWAT || name == RILL_TCP_WINDOW_CLAMP;
}

/* tcp(7)'s ranges. */
static bool is_in_range(int name, int value)
{
    switch (name) {
    case RILL_TCP_KEEPIDLE:
    case RILL_TCP_KEEPINTVL:
        return value >= 1 && value <= 32767;
    case RILL_TCP_KEEPCNT:
    case RILL_TCP_SYNCNT:
        return value >= 1 && value <= 127;
    case RILL_TCP_USER_TIMEOUT:
        return value >= 0;
    default:
        return true;
    }
}

/* Below 0 the connection does not wait for the peer's FIN at all: a moment is as good, and keeps the states' order. */
static uint32_t fin_wait_2_ms(int seconds)
{
    return seconds < 0 ? 1 : (uint32_t)seconds * 1000;
}

int option_set_limits(struct rill_sockets *s, struct sock *sock, const struct rill_limits *limits)
{
    if (sock->conn != 0 && rill_set_limits(s->stack, sock->conn, limits) == -RILL_ENOMEM)
        return -RILL_ENOBUFS; /* -RILL_EBADF: it has ended; the next connection takes them from the socket */
    sock->options.limits = *limits;
    return 0;
}

static int set_limit(struct rill_sockets *s, struct sock *sock, int name, int value)
{
    struct rill_limits limits = sock->options.limits;
    int linger_2 = sock->options.linger_2;
    int error;

    if (!is_in_range(name, value))
        return -RILL_EINVAL;
    switch (name) {
    case RILL_TCP_KEEPIDLE:
        limits.keepalive_idle_ms = (uint32_t)value * 1000;
        break;
    case RILL_TCP_KEEPINTVL:
        limits.keepalive_interval_ms = (uint32_t)value * 1000;
        break;
    case RILL_TCP_KEEPCNT:
        limits.keepalive_probes = (uint32_t)value;
        break;
    case RILL_TCP_SYNCNT:
        limits.syn_retries = (uint32_t)value;
        break;
    case RILL_TCP_LINGER2:
        linger_2 = value < 0 ? -1 : (int)min_u32((uint32_t)value, LINGER_2_MAX);
        limits.fin_wait_2_ms = fin_wait_2_ms(linger_2);
        break;
    case RILL_TCP_USER_TIMEOUT:
        limits.user_timeout_ms = (uint32_t)value;
        break;
    case RILL_TCP_WINDOW_CLAMP:
        if (value == 0 && sock->phase != PHASE_CLOSED)
            return -RILL_EINVAL;
        limits.window_bytes = value == 0 ? 0 : value < WINDOW_CLAMP_MIN ? WINDOW_CLAMP_MIN : (uint32_t)value;
        break;
    default:
        limits.unsent_bytes = (uint32_t)value;
        break;
    }
    error = option_set_limits(s, sock, &limits);
    if (error == 0)
        sock->options.linger_2 = linger_2;
    return error;
}

static int get_limit(const struct rill_sockets *s, const struct sock *sock, int name)
{
    const struct rill_limits *own = &sock->options.limits;
    struct below_defaults defaults;

    below_defaults(s->stack, &defaults);
    switch (name) {
    case RILL_TCP_KEEPIDLE:
        return (int)((own->keepalive_idle_ms != 0 ? own->keepalive_idle_ms : defaults.keepalive_idle_ms) / 1000);
    case RILL_TCP_KEEPINTVL:
        return (int)((own->keepalive_interval_ms != 0 ? own->keepalive_interval_ms : defaults.keepalive_interval_ms) /
                     1000);
    case RILL_TCP_KEEPCNT:
        return (int)(own->keepalive_probes != 0 ? own->keepalive_probes : defaults.keepalive_probes);
    case RILL_TCP_SYNCNT:
        return (int)(own->syn_retries != 0 ? own->syn_retries : defaults.syn_retries);
    case RILL_TCP_LINGER2:
        return sock->options.linger_2 != 0 ? sock->options.linger_2 : (int)(defaults.fin_wait_2_ms / 1000);
    case RILL_TCP_USER_TIMEOUT:
        return (int)own->user_timeout_ms;
    case RILL_TCP_WINDOW_CLAMP:
        return (int)own->window_bytes;
    default:
        return (int)own->unsent_bytes;
    }
}

/* ---------------------------------------------------------------- the others */

/* The stack's own name for what the caller's bytes say; NULL: it has none such. */
static const char *congestion_by_name(const char *given, uint32_t length_bytes)
{
    const char *name;

    for (unsigned i = 0; (name = rill_congestion_control_name(i)) != NULL; i++) {
        uint32_t n = 0;

        while (n < length_bytes && name[n] != '\0' && name[n] == given[n])
            n++;
        if (n == length_bytes && name[n] == '\0')
            return name;
    }
    return NULL;
}

static int set_congestion(struct rill_sockets *s, struct sock *sock, const void *value, uint32_t bytes)
{
    const char *given = (const char *)value;
    uint32_t length = 0;
    const char *name;

    if (bytes < 1)
        return -RILL_EINVAL;
    if (value == NULL)
        return -RILL_EFAULT;
    while (length < min_u32(bytes, CONGESTION_BYTES - 1) && given[length] != '\0')
        length++;
    name = congestion_by_name(given, length);
    if (name == NULL)
        return -RILL_ENOENT;
    sock->options.congestion_control = name;
    if (sock->conn != 0)
        (void)rill_set_congestion_control(s->stack, sock->conn, name); /* -RILL_EBADF: it has ended */
    return 0;
}

static void get_congestion(const struct rill_sockets *s, const struct sock *sock, struct option_value *out)
{
    const char *name = sock->options.congestion_control;
    struct below_defaults defaults;

    below_defaults(s->stack, &defaults);
    if (name == NULL)
        name = defaults.congestion_control;
    out->bytes = CONGESTION_BYTES;
    memset(out->raw, 0, CONGESTION_BYTES);
    for (uint32_t i = 0; i < CONGESTION_BYTES - 1 && name[i] != '\0'; i++)
        out->raw[i] = (uint8_t)name[i];
}

/* Linux's secs_to_retrans() and back: the first SYN,ACK is sent again after a second, then after twice the time each. */
static uint8_t retries_in(int seconds)
{
    uint32_t retries = 0, waited = 0;

    while (seconds > 0 && waited < (uint32_t)seconds && retries < UINT8_MAX) {
        waited += min_u32(UINT32_C(1) << min_u32(retries, 7), SYN_ACK_WAIT_MAX);
        retries++;
    }
    return (uint8_t)retries;
}

static int seconds_of(uint8_t retries)
{
    uint32_t waited = 0;

    for (uint32_t i = 0; i < retries; i++)
        waited += min_u32(UINT32_C(1) << min_u32(i, 7), SYN_ACK_WAIT_MAX);
    return (int)waited;
}

static int set_mss(struct rill_sockets *s, struct sock *sock, int value)
{
    if (value != 0 && (value < MSS_MIN || value > MSS_MAX))
        return -RILL_EINVAL;
    sock->options.mss = (uint16_t)value;
    if (sock->conn != 0 && sock->phase != PHASE_CONNECTING)
        sock_change(s, sock, RILL_CHANGE_MSS);
    return 0;
}

/* How many connections a SYN's data may open before their handshakes are done. */
static int set_fast_open(struct rill_sockets *s, struct sock *sock, int value)
{
    if (value < 0 || (sock->phase != PHASE_CLOSED && sock->phase != PHASE_LISTENING))
        return -RILL_EINVAL;
    sock->options.fast_open_backlog = min_u32((uint32_t)value, RILL_SOMAXCONN);
    if (sock->phase == PHASE_LISTENING)
        (void)rill_set_fast_open(s->stack, sock->conn, sock->options.fast_open_backlog);
    return 0;
}

/* The next connect waits for the first data, when a cookie is known. */
static int set_fast_open_connect(struct rill_sockets *s, struct sock *sock, int value)
{
    struct below_defaults defaults;

    if (value < 0 || value > 1)
        return -RILL_EINVAL;
    below_defaults(s->stack, &defaults);
    if (!defaults.fast_open_client)
        return -RILL_EOPNOTSUPP;
    if (sock->phase != PHASE_CLOSED)
        return -RILL_EINVAL;
    sock->options.fast_open_connect = value != 0;
    return 0;
}

int option_set_tcp(struct rill_sockets *s, struct sock *sock, int name, const void *value, uint32_t bytes)
{
    int number, error;

    if (name == RILL_TCP_CONGESTION)
        return set_congestion(s, sock, value, bytes);
    error = option_read_number(value, bytes, &number);
    if (error != 0)
        return error;
    switch (name) {
    case RILL_TCP_NODELAY:
        option_flag(s, sock, RILL_OPTION_NODELAY, number != 0);
        return 0;
    case RILL_TCP_CORK:
        option_flag(s, sock, RILL_OPTION_CORK, number != 0);
        return 0;
    case RILL_TCP_QUICKACK:
        sock->options.quick_ack = number != 0;
        option_flag(s, sock, RILL_OPTION_QUICK_ACK, number != 0);
        return 0;
    case RILL_TCP_DEFER_ACCEPT:
        sock->options.defer_accept = retries_in(number);
        sock_change(s, sock, RILL_CHANGE_DEFER_ACCEPT);
        return 0;
    case RILL_TCP_FASTOPEN:
        return set_fast_open(s, sock, number);
    case RILL_TCP_FASTOPEN_CONNECT:
        return set_fast_open_connect(s, sock, number);
    case RILL_TCP_INQ:
        if (number < 0 || number > 1)
            return -RILL_EINVAL;
        sock->options.tell_inq = number != 0;
        return 0;
    case RILL_TCP_MAXSEG:
        return set_mss(s, sock, number);
    default:
        return is_limit(name) ? set_limit(s, sock, name, number) : -RILL_ENOPROTOOPT;
    }
}

static int get_mss(struct rill_sockets *s, const struct sock *sock, struct option_value *out)
{
    struct rill_status status;

    if (sock->phase == PHASE_OPEN && rill_status(s->stack, sock->conn, &status) == 0)
        return option_number(out, (int)status.snd_mss);
    return option_number(out, sock->options.mss != 0 ? (int)sock->options.mss : MSS_DEFAULT);
}

int option_get_tcp(struct rill_sockets *s, struct sock *sock, int name, struct option_value *out)
{
    struct rill_tcp_info info;

    switch (name) {
    case RILL_TCP_NODELAY:
        return option_number(out, (sock->options.flags & RILL_OPTION_NODELAY) != 0);
    case RILL_TCP_CORK:
        return option_number(out, (sock->options.flags & RILL_OPTION_CORK) != 0);
    case RILL_TCP_QUICKACK:
        return option_number(out, sock->options.quick_ack);
    case RILL_TCP_MAXSEG:
        return get_mss(s, sock, out);
    case RILL_TCP_CONGESTION:
        get_congestion(s, sock, out);
        return 0;
    case RILL_TCP_FASTOPEN:
        return option_number(out, (int)sock->options.fast_open_backlog);
    case RILL_TCP_FASTOPEN_CONNECT:
        return option_number(out, sock->options.fast_open_connect);
    case RILL_TCP_INQ:
        return option_number(out, sock->options.tell_inq);
    case RILL_TCP_DEFER_ACCEPT:
        return option_number(out, seconds_of(sock->options.defer_accept));
    case RILL_TCP_INFO:
        tcp_info_fill(s, sock, &info);
        out->bytes = sizeof info;
        memcpy(out->raw, &info, sizeof info);
        return 0;
    default:
        if (is_limit(name))
            return option_number(out, get_limit(s, sock, name));
        return -RILL_ENOPROTOOPT;
    }
}
