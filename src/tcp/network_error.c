/*
 * ICMP errors. Believed only when the quoted sequence number is in flight
 * (RFC 5927 4.1), and then only as much as is safe: a synchronized connection
 * is never ended by one (RFC 5927 5.2).
 */
#include "tcp/network_error.h"

#include "tcp/connection.h"
#include "tcp/options.h"
#include "tcp/scoreboard.h"
#include "tcp/state.h"

#define PMTU_MIN 552u /* RFC 5927 7.2: no IPv4 path in use needs less; smaller claims are attacks or mistakes */

/* RFC 1191 6.3: send smaller segments at once, and again what did not fit. */
static void shrink_path(struct tcp *tcp, struct tcb *tcb, uint32_t next_hop_mtu)
{
    struct path *path = tcb_path(tcp, tcb);
    uint32_t mtu = max_u32(next_hop_mtu, PMTU_MIN);
    uint16_t mss;

    if (next_hop_mtu == 0 || mtu > path->mtu) /* an old router, or a claim that we already know better than */
        return;
    path->mtu = (uint16_t)mtu;
    path->mtu_ms = host_ms(tcp_host(tcp));
    mss = options_send_mss(path, UINT16_MAX, (tcb->flags & TCB_TIMESTAMPS) != 0);
    if (mss >= tcb->snd_mss)
        return;
    tcb->snd_mss = mss;
    if (tcb->sender != REF_NONE)
        scoreboard_too_big(tcp, tcb, mss);
    connection_touch(tcp, tcb);
}

void network_error_arrives(struct tcp *tcp, const struct network_error *error)
{
    ref r = connection_find(tcp, &error->local, &error->remote, error->local_port, error->remote_port);
    struct tcb *tcb;

    if (r == REF_NONE || endpoint_kind(tcp, r) != ENDPOINT_TCB) {
        ip_drop(&tcp->ip, RILL_DROP_ICMP_NO_CONNECTION, NULL, 0);
        return;
    }
    tcb = tcb_at(tcp, r);
    if (!seq_in_span(error->sequence, tcb->snd_una, seq_offset(tcb->snd_una, tcb->snd_nxt))) {
        ip_drop(&tcp->ip, RILL_DROP_ICMP_SEQUENCE, NULL, 0);
        return;
    }
    if (error->packet_too_big) {
        shrink_path(tcp, tcb, error->next_hop_mtu);
        return;
    }
    if (error->hard && !state_is_synchronized(tcb->ep.state)) {
        host_count(tcp_host(tcp), RILL_COUNT_TCP_FAILED_OPENS, 1);
        connection_end(tcp, tcb, error->error);
        connection_free_if_done(tcp, tcb);
        return;
    }
    tcb->error = (uint8_t)-error->error;
    event_raise(tcp, tcb, RILL_SOFT_ERROR);
}
