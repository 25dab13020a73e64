/*
 * Options that are kept, told and inherited, and change nothing: they ask for
 * what is so already, or for what is told beside datagrams and not beside a
 * stream.
 */
#include "sockets/option.h"

static uint16_t bit_of(const struct sock *sock, int level, int name)
{
    static const struct {
        uint8_t level, name;
        bool of_datagrams;
    } kept[] = {
        {RILL_SOL_IP, RILL_IP_RECVOPTS, false},
        {RILL_SOL_IP, RILL_IP_RETOPTS, false},
        {RILL_SOL_IP, RILL_IP_PKTINFO, false},
        {RILL_SOL_IP, RILL_IP_RECVERR, false},
        {RILL_SOL_IP, RILL_IP_RECVTTL, false},
        {RILL_SOL_IP, RILL_IP_RECVTOS, false},
        {RILL_SOL_IP, RILL_IP_BIND_ADDRESS_NO_PORT, true},
        {RILL_SOL_IPV6, RILL_IPV6_RECVERR, false},
        {RILL_SOL_IPV6, RILL_IPV6_RECVPKTINFO, false},
        {RILL_SOL_IPV6, RILL_IPV6_RECVHOPLIMIT, false},
        {RILL_SOL_IPV6, RILL_IPV6_RECVTCLASS, false},
    };

    for (unsigned i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (kept[i].level == level && kept[i].name == name && (kept[i].of_datagrams || !sock->datagram))
            return (uint16_t)(1u << i);
    return 0;
}

int option_set_kept(struct sock *sock, int level, int name, int value)
{
    uint16_t bit = bit_of(sock, level, name);

    if (bit == 0)
        return -RILL_ENOPROTOOPT;
    sock->options.kept = (uint16_t)(value != 0 ? sock->options.kept | bit : sock->options.kept & ~bit);
    return 0;
}

int option_get_kept(const struct sock *sock, int level, int name, struct option_value *out)
{
    uint16_t bit = bit_of(sock, level, name);

    return bit == 0 ? -RILL_ENOPROTOOPT : option_number(out, (sock->options.kept & bit) != 0);
}

/* A stream finds the path's MTU, which is what Linux's WANT and DO ask for; it knows no other way. */
int option_set_stream_mtu_discovery(struct sock *sock, int value)
{
    if (value < RILL_IP_PMTUDISC_DONT || value > RILL_IP_PMTUDISC_OMIT)
        return -RILL_EINVAL;
    if (value != RILL_IP_PMTUDISC_WANT && value != RILL_IP_PMTUDISC_DO)
        return -RILL_EOPNOTSUPP;
    sock->options.discovers_mtu_always = value == RILL_IP_PMTUDISC_DO;
    return 0;
}

int option_get_stream_mtu_discovery(const struct sock *sock, struct option_value *out)
{
    return option_number(out, sock->options.discovers_mtu_always ? RILL_IP_PMTUDISC_DO : RILL_IP_PMTUDISC_WANT);
}
