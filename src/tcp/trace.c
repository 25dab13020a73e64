/*
 * Fills trace events from a connection's block.
 */
#include "tcp/trace.h"

static void describe(struct tcp *tcp, const struct endpoint *ep, struct rill_trace_event *event)
{
    struct host *host = tcp_host(tcp);

    event->now = host->epoch + host->now;
    if (ep == NULL)
        return;
    event->conn = conn_of(tcp, ep);
    event->local.port = ep->local_port;
    event->remote.port = ep->remote_port;
    if (ep->path != REF_NONE) {
        event->local.addr = path_at(host, ep->path)->local;
        event->remote.addr = path_at(host, ep->path)->remote;
    }
}

void trace_emit(struct tcp *tcp, const struct endpoint *ep, enum rill_trace_type type, uint32_t a, uint32_t b)
{
    struct host *host = tcp_host(tcp);
    struct rill_trace_event event = {.type = type, .a = a, .b = b};

    describe(tcp, ep, &event);
    host->trace(host->trace_context, &event);
}

void trace_emit_packet(struct tcp *tcp, const struct endpoint *ep, enum rill_trace_type type, const uint8_t *packet,
                       uint32_t packet_bytes, uint32_t payload_bytes)
{
    struct host *host = tcp_host(tcp);
    struct rill_trace_event event = {
        .type = type,
        .packet = packet,
        .packet_bytes = packet_bytes,
        .payload_bytes = payload_bytes,
    };

    describe(tcp, ep, &event);
    host->trace(host->trace_context, &event);
}
