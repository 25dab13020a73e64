/*
 * TCP's side of the trace door: each call costs one predictable branch while
 * nobody listens.
 */
#ifndef TCP_TRACE_H
#define TCP_TRACE_H

#include "tcp/tcp.h"

void trace_emit(struct tcp *tcp, const struct endpoint *ep, enum rill_trace_type type, uint32_t a, uint32_t b);
void trace_emit_packet(struct tcp *tcp, const struct endpoint *ep, enum rill_trace_type type, const uint8_t *packet,
                       uint32_t packet_bytes, uint32_t payload_bytes);

static inline bool trace_is_on(const struct tcp *tcp)
{
    return unlikely(tcp->ip.host.trace != NULL);
}

static inline void trace_event(struct tcp *tcp, const struct endpoint *ep, enum rill_trace_type type, uint32_t a,
                               uint32_t b)
{
    if (trace_is_on(tcp))
        trace_emit(tcp, ep, type, a, b);
}

static inline void trace_state(struct tcp *tcp, const struct endpoint *ep, enum rill_state from, enum rill_state to)
{
    trace_event(tcp, ep, RILL_TRACE_STATE, (uint32_t)from, (uint32_t)to);
}

#endif
