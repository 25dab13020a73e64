/*
 * SOL_TCP.
 */
#include "sockets/option.h"

#include "base/types.h"

#define MSS_MIN 88 /* Linux's TCP_MIN_MSS */
#define MSS_MAX 32767
#define MSS_DEFAULT 536 /* RFC 9293 3.7.1: before anything is known */
#define CONGESTION_BYTES 16u
#define CONGESTION "reno" /* the one that the stack has */

/* What is the stack's own and not the connection's (yet) can be asked for, and set to what it is. */
static int stack_wide(const struct rill_sockets *s, int name, int *value)
{
    struct below_defaults defaults;

    below_defaults(s->stack, &defaults);
    switch (name) {
    case RILL_TCP_KEEPIDLE:
        *value = (int)(defaults.keepalive_idle_ms / 1000);
        return 0;
    case RILL_TCP_KEEPINTVL:
        *value = (int)(defaults.keepalive_interval_ms / 1000);
        return 0;
    case RILL_TCP_KEEPCNT:
        *value = (int)defaults.keepalive_probes;
        return 0;
    case RILL_TCP_SYNCNT:
        *value = (int)defaults.syn_retries;
        return 0;
    case RILL_TCP_LINGER2:
        *value = (int)(defaults.fin_wait_2_ms / 1000);
        return 0;
    case RILL_TCP_DEFER_ACCEPT:
    case RILL_TCP_WINDOW_CLAMP:
    case RILL_TCP_FASTOPEN:
    case RILL_TCP_NOTSENT_LOWAT:
    case RILL_TCP_INQ:
        *value = 0;
        return 0;
    default:
        return -RILL_ENOPROTOOPT;
    }
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
    case RILL_TCP_FASTOPEN:
        return value >= 0;
    case RILL_TCP_INQ:
        return value == 0 || value == 1;
    default:
        return true;
    }
}

static int set_stack_wide(const struct rill_sockets *s, int name, int value)
{
    int own;
    int error = stack_wide(s, name, &own);

    if (error != 0)
        return error;
    if (!is_in_range(name, value))
        return -RILL_EINVAL;
    return value == own ? 0 : -RILL_EOPNOTSUPP;
}

static int set_congestion(const void *value, uint32_t bytes)
{
    static const char ours[] = CONGESTION;
    const char *name = (const char *)value;
    uint32_t length = 0;

    if (bytes < 1 || value == NULL)
        return -RILL_EINVAL;
    while (length < min_u32(bytes, CONGESTION_BYTES - 1) && name[length] != '\0')
        length++;
    return length == sizeof ours - 1 && memcmp(name, ours, length) == 0 ? 0 : -RILL_ENOENT;
}

static int set_mss(struct rill_sockets *s, struct sock *sock, int value)
{
    if (value != 0 && (value < MSS_MIN || value > MSS_MAX))
        return -RILL_EINVAL;
    sock->options.mss = (uint16_t)value;
    if (sock->conn != 0 && sock->phase != PHASE_CONNECTING)
        below_set(s->stack, sock->conn, &(struct below_settings){.mss = sock->options.mss});
    return 0;
}

int option_set_tcp(struct rill_sockets *s, struct sock *sock, int name, const void *value, uint32_t bytes)
{
    int number, error;

    if (name == RILL_TCP_CONGESTION)
        return set_congestion(value, bytes);
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
    case RILL_TCP_MAXSEG:
        return set_mss(s, sock, number);
    case RILL_TCP_USER_TIMEOUT:
        if (number < 0)
            return -RILL_EINVAL;
        if (number == 0 && sock->options.user_timeout_ms != 0 && sock->conn != 0)
            return -RILL_EOPNOTSUPP; /* the stack's own is not known to come back to */
        sock->options.user_timeout_ms = (uint32_t)number;
        below_set(s->stack, sock->conn, &(struct below_settings){.user_timeout_ms = (uint32_t)number});
        return 0;
    default:
        return set_stack_wide(s, name, number);
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
    int number, error;

    switch (name) {
    case RILL_TCP_NODELAY:
        return option_number(out, (sock->options.flags & RILL_OPTION_NODELAY) != 0);
    case RILL_TCP_CORK:
        return option_number(out, (sock->options.flags & RILL_OPTION_CORK) != 0);
    case RILL_TCP_QUICKACK:
        return option_number(out, sock->options.quick_ack);
    case RILL_TCP_MAXSEG:
        return get_mss(s, sock, out);
    case RILL_TCP_USER_TIMEOUT:
        return option_number(out, (int)sock->options.user_timeout_ms);
    case RILL_TCP_CONGESTION:
        out->bytes = CONGESTION_BYTES;
        memset(out->raw, 0, CONGESTION_BYTES);
        memcpy(out->raw, CONGESTION, sizeof CONGESTION);
        return 0;
    case RILL_TCP_INFO:
        tcp_info_fill(s, sock, &info);
        out->bytes = sizeof info;
        memcpy(out->raw, &info, sizeof info);
        return 0;
    default:
        error = stack_wide(s, name, &number);
        return error != 0 ? error : option_number(out, number);
    }
}
