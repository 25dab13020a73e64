/*
 * What the stack sent, in the script's numbers: see run.h.
 */
#include "drill/run.h"

#include "drill/option_bytes.h"
#include "wire/icmp4.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"
#include "wire/udp.h"

#include <string.h>

#define FIRST_REMOTE_PORT 49152u

struct flow *flow_find(struct run *run, uint16_t local_port, uint16_t remote_port)
{
    struct flow *flow;

    for (unsigned i = 0; i < run->flow_count; i++)
        if (run->flows[i].local_port == local_port && run->flows[i].remote_port == remote_port)
            return &run->flows[i];
    flow = &run->flows[run->flow_count < DRILL_FLOWS_MAX ? run->flow_count++ : DRILL_FLOWS_MAX - 1];
    *flow = (struct flow){.local_port = local_port, .remote_port = remote_port};
    return flow;
}

struct flow *flow_for_script(struct run *run, const struct drill_packet *packet)
{
    if (packet->has_ports)
        run->flow = packet->inbound ? flow_find(run, packet->destination_port, packet->source_port)
                                    : flow_find(run, packet->source_port, packet->destination_port);
    else if (run->flow == NULL)
        run->flow = flow_find(run, run->bind_port, FIRST_REMOTE_PORT);
    return run->flow;
}

/* The stack's SYN tells its ISN, and an active open its port. */
static void learn_from_syn(struct run *run, struct flow *flow, const struct tcp_segment *tcp)
{
    flow->iss = tcp->seq.v;
    flow->iss_known = true;
    if (!run->first_iss_known) {
        run->first_iss = tcp->seq.v;
        run->first_iss_known = true;
    }
    if ((tcp->flags & TCP_ACK) == 0)
        run->flow = flow;
}

static void capture_tcp(struct run *run, struct captured *captured, const uint8_t *at, size_t length_bytes)
{
    struct tcp_segment tcp;
    struct flow *flow;

    if (tcp_parse(at, length_bytes, &tcp) != RILL_DROP_NONE) {
        run_fail(run, "the stack sent a TCP segment that does not parse");
        return;
    }
    flow = captured->flow = flow_find(run, tcp.source_port, tcp.destination_port);
    if ((tcp.flags & TCP_SYN) != 0)
        learn_from_syn(run, flow, &tcp);
    captured->source_port = tcp.source_port;
    captured->destination_port = tcp.destination_port;
    captured->flags = (uint16_t)(tcp.flags | (at[12] & 1 ? DRILL_FLAG_AE : 0));
    captured->seq = tcp.seq.v - flow->iss;
    captured->ack = (tcp.flags & TCP_ACK) != 0 ? tcp.ack.v - run->peer_isn : tcp.ack.v;
    captured->window = tcp.window;
    captured->urgent = tcp.urgent;
    captured->length_bytes = tcp.data_bytes;
    /* A RST that answers a segment without ACK stands at 0 on the wire, whatever our ISN was. */
    if ((tcp.flags & TCP_RST) != 0 && (tcp.flags & TCP_ACK) != 0 && tcp.seq.v == 0 && flow->heard_no_ack)
        captured->seq = 0;
    captured->option_count =
        option_bytes_parse(at + 20, (size_t)tcp.header_bytes - 20, run->peer_isn, captured->options);
}

/* A datagram tells the port that the stack chose. */
static void capture_udp(struct run *run, struct captured *captured, const uint8_t *at, size_t length_bytes)
{
    struct udp_datagram udp;

    if (udp_parse(at, length_bytes, &udp) != RILL_DROP_NONE) {
        run_fail(run, "the stack sent a UDP datagram that does not parse");
        return;
    }
    captured->flow = flow_find(run, udp.source_port, udp.destination_port);
    captured->source_port = udp.source_port;
    captured->destination_port = udp.destination_port;
    captured->length_bytes = udp.data_bytes;
    run->flow = captured->flow;
}

static void capture_icmp(struct run *run, struct captured *captured, const uint8_t *at, size_t length_bytes)
{
    struct icmp4_message message;

    if (icmp4_parse(at, length_bytes, &message) != RILL_DROP_NONE) {
        run_fail(run, "the stack sent an ICMP message that does not parse");
        return;
    }
    captured->icmp_type = message.type;
    captured->icmp_code = message.code;
    captured->echo_id = message.echo_id;
    captured->echo_seq = message.echo_sequence;
    captured->length_bytes = message.body_bytes;
}

void captured_add(struct run *run, const uint8_t *packet, size_t length_bytes)
{
    struct captured *captured = drill_take(&run->pool, sizeof *captured);
    struct text text = {0};
    struct ipv4_header ip;

    if (ipv4_parse(packet, length_bytes, &ip) != RILL_DROP_NONE) {
        run_fail(run, "the stack sent an IP packet that does not parse");
        return;
    }
    captured->at = run->now;
    captured->protocol = ip.protocol;
    captured->tos = ip.tos;
    captured->ttl = ip.ttl;
    if (ip.protocol == IP_PROTOCOL_TCP)
        capture_tcp(run, captured, packet + ip.header_bytes, (size_t)ip.total_bytes - ip.header_bytes);
    else if (ip.protocol == IP_PROTOCOL_UDP)
        capture_udp(run, captured, packet + ip.header_bytes, (size_t)ip.total_bytes - ip.header_bytes);
    else if (ip.protocol == IP_PROTOCOL_ICMP)
        capture_icmp(run, captured, packet + ip.header_bytes, (size_t)ip.total_bytes - ip.header_bytes);
    *run->captured_tail = captured;
    run->captured_tail = &captured->next;
    captured_describe(captured, &text);
    run_say(run, "%s", text_of(&text));
    text_free(&text);
}

void captured_drop_first(struct run *run)
{
    run->captured = run->captured->next;
    if (run->captured == NULL)
        run->captured_tail = &run->captured;
}

static void describe_flags(uint16_t flags, struct text *to)
{
    static const char letters[] = "FSRP.UEWA";

    if (flags == 0)
        text_add(to, "-");
    for (unsigned i = 0; letters[i] != '\0'; i++) /* S before F reads oddly; the script's own order is by bit too */
        if ((flags & 1u << i) != 0)
            text_add(to, "%c", letters[i]);
}

void captured_describe(const struct captured *captured, struct text *to)
{
    if (captured->protocol == IP_PROTOCOL_ICMP) {
        text_add(to, "> icmp type %u code %u (%u)", captured->icmp_type, captured->icmp_code, captured->length_bytes);
        return;
    }
    if (captured->protocol != IP_PROTOCOL_TCP) {
        text_add(to, "> %s (%u)", captured->protocol == IP_PROTOCOL_UDP ? "udp" : "ip", captured->length_bytes);
        return;
    }
    text_add(to, "> ");
    describe_flags(captured->flags, to);
    text_add(to, " %u:%u(%u)", captured->seq, captured->seq + captured->length_bytes, captured->length_bytes);
    if ((captured->flags & TCP_ACK) != 0)
        text_add(to, " ack %u", captured->ack);
    text_add(to, " win %u", captured->window);
    if ((captured->flags & TCP_URG) != 0)
        text_add(to, " urg %u", captured->urgent);
    if (captured->option_count > 0)
        option_bytes_describe(captured->options, captured->option_count, to);
}
