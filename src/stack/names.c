/*
 * Names and texts: states, errors, counters, addresses (RFC 5952).
 */
#include "rill/rill.h"

#include "ip/ip.h"

const char *rill_state_name(enum rill_state state)
{
    static const char *const names[RILL_STATES] = {
        "CLOSED",     "LISTEN",     "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
        "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",  "LAST-ACK",     "TIME-WAIT",
    };

    return (unsigned)state < RILL_STATES ? names[state] : "?";
}

const char *rill_trace_type_name(enum rill_trace_type type)
{
    static const char *const names[] = {"state", "segment in", "segment out", "drop", "rtt",
                                        "cwnd",  "loss",       "timer",       "call"};

    return (unsigned)type < sizeof names / sizeof names[0] ? names[type] : "?";
}

#define RILL_X(symbol, name, meaning) name,
static const char *const drop_names[] = {RILL_DROPS(RILL_X)};
static const char *const count_names[] = {RILL_COUNTS(RILL_X)};
#undef RILL_X
#define RILL_X(symbol, name, meaning) meaning,
static const char *const drop_meanings[] = {RILL_DROPS(RILL_X)};
#undef RILL_X

const char *rill_drop_name(enum rill_drop reason)
{
    return (unsigned)reason < RILL_DROP_KINDS ? drop_names[reason] : "?";
}

const char *rill_drop_meaning(enum rill_drop reason)
{
    return (unsigned)reason < RILL_DROP_KINDS ? drop_meanings[reason] : "?";
}

const char *rill_count_name(enum rill_count count)
{
    return (unsigned)count < RILL_COUNT_KINDS ? count_names[count] : "?";
}

const char *rill_error_name(int error)
{
    static const struct {
        int code;
        const char *name;
    } names[] = {
        {RILL_EPERM, "EPERM"},
        {RILL_ENOENT, "ENOENT"},
        {RILL_EIO, "EIO"},
        {RILL_ENXIO, "ENXIO"},
        {RILL_EBADF, "EBADF"},
        {RILL_EAGAIN, "EAGAIN"},
        {RILL_ENOMEM, "ENOMEM"},
        {RILL_EACCES, "EACCES"},
        {RILL_EINVAL, "EINVAL"},
        {RILL_EPIPE, "EPIPE"},
        {RILL_EPROTO, "EPROTO"},
        {RILL_EMSGSIZE, "EMSGSIZE"},
        {RILL_EOPNOTSUPP, "EOPNOTSUPP"},
        {RILL_EADDRINUSE, "EADDRINUSE"},
        {RILL_EADDRNOTAVAIL, "EADDRNOTAVAIL"},
        {RILL_ENETUNREACH, "ENETUNREACH"},
        {RILL_ECONNABORTED, "ECONNABORTED"},
        {RILL_ECONNRESET, "ECONNRESET"},
        {RILL_ENOBUFS, "ENOBUFS"},
        {RILL_EISCONN, "EISCONN"},
        {RILL_ENOTCONN, "ENOTCONN"},
        {RILL_ESHUTDOWN, "ESHUTDOWN"},
        {RILL_ETIMEDOUT, "ETIMEDOUT"},
        {RILL_ECONNREFUSED, "ECONNREFUSED"},
        {RILL_EHOSTUNREACH, "EHOSTUNREACH"},
        {RILL_EALREADY, "EALREADY"},
        {RILL_EINPROGRESS, "EINPROGRESS"},
    };
    int code = error < 0 ? -error : error;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].code == code)
            return names[i].name;
    return code == 0 ? "OK" : "?";
}
