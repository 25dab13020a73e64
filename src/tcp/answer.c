/*
 * Resets and single ACKs.
 */
#include "tcp/answer.h"

#include "ip/reply.h"
#include "tcp/options.h"

#define ANSWER_INTERVAL_MS 500u

static void push(struct tcp *tcp, uint32_t netif, const struct rill_addr *source, const struct rill_addr *destination,
                 const struct tcp_header *header)
{
    uint8_t bytes[TCP_HEADER_BYTES_MAX];
    size_t n = tcp_build(bytes, header);

    host_count(tcp_host(tcp), RILL_COUNT_TCP_SEGMENTS_OUT, 1);
    if ((header->flags & TCP_RST) != 0)
        host_count(tcp_host(tcp), RILL_COUNT_TCP_RESETS_OUT, 1);
    reply_push(&tcp->ip, netif, source, destination, IP_PROTOCOL_TCP, bytes, n, REF_NONE);
}

void answer_with_reset(struct tcp *tcp, const struct arrival *arrival)
{
    const struct tcp_segment *seg = &arrival->seg;
    const struct ip_packet *packet = arrival->packet;
    struct tcp_header header;

    if ((seg->flags & TCP_RST) != 0 || packet->broadcast)
        return;
    header.source_port = seg->destination_port;
    header.destination_port = seg->source_port;
    header.window = 0;
    header.urgent = 0;
    header.ae = false;
    header.options.present = 0;
    if ((seg->flags & TCP_ACK) != 0) {
        header.flags = TCP_RST;
        header.seq = seg->ack;
        header.ack = seq_make(0);
    } else {
        header.flags = TCP_RST | TCP_ACK;
        header.seq = seq_make(0);
        header.ack = seq_add(seg->seq, tcp_segment_length(seg));
    }
    push(tcp, packet->netif, &packet->destination, &packet->source, &header);
}

void answer_segment(struct tcp *tcp, const struct endpoint *ep, struct tcp_header *header)
{
    const struct path *path = path_at(tcp_host(tcp), ep->path);

    header->source_port = ep->local_port;
    header->destination_port = ep->remote_port;
    push(tcp, path->netif, &path->local, &path->remote, header);
}

/* The header of a segment of a connection without text. */
static void describe(struct tcp *tcp, const struct tcb *tcb, uint8_t flags, struct tcp_header *header)
{
    header->flags = flags;
    header->seq = tcb->snd_nxt;
    header->ack = tcb->rcv_nxt;
    header->window = 0;
    header->urgent = 0;
    header->ae = false;
    header->options.present = 0;
    header->options.sack_count = 0;
    if ((tcb->flags & TCB_TIMESTAMPS) != 0) { /* RFC 7323 3.2: SHOULD be on a RST too */
        header->options.present = TCP_OPTION_TIMESTAMP;
        header->options.timestamp_value = options_timestamp_now(tcp, tcb);
        header->options.timestamp_echo = tcb->ts_recent;
    }
}

void answer_abort(struct tcp *tcp, struct tcb *tcb)
{
    struct tcp_header header;

    describe(tcp, tcb, TCP_RST | TCP_ACK, &header);
    answer_segment(tcp, &tcb->ep, &header);
}

void answer_text_for_nobody(struct tcp *tcp, struct tcb *tcb)
{
    struct tcp_header header;

    describe(tcp, tcb, TCP_RST, &header);
    header.ack = seq_make(0);
    answer_segment(tcp, &tcb->ep, &header);
}

void answer_with_ack(struct tcp *tcp, struct tcb *tcb, uint8_t flags)
{
    struct tcp_header header;

    describe(tcp, tcb, TCP_ACK | flags, &header);
    header.window = (uint16_t)(seq_offset(tcb->rcv_nxt, tcb->rcv_adv) >> tcb->rcv_wscale);
    tcb->last_ack_sent = tcb->rcv_nxt;
    tcb->flags &= ~(uint32_t)TCB_ACK_DELAYED;
    answer_segment(tcp, &tcb->ep, &header);
}

bool answer_is_allowed(struct tcp *tcp, uint32_t *last_ms)
{
    if (host_ms_since(tcp_host(tcp), *last_ms) < ANSWER_INTERVAL_MS) {
        host_count(tcp_host(tcp), RILL_COUNT_TCP_ACKS_HELD, 1);
        return false;
    }
    *last_ms = host_ms(tcp_host(tcp));
    return true;
}
