/*
 * ICMP errors. Believed only when the quoted sequence number is in flight
 * (RFC 5927 4.1), and then only as much as is safe: a synchronized connection
 * is never ended by one (RFC 5927 5.2).
 */
#include "tcp/network_error.h"

#include "tcp/connection.h"
#include "tcp/mtu.h"
#include "tcp/state.h"

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
        mtu_too_big(tcp, tcb, error->sequence, error->next_hop_mtu);
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
