/*
 * ICMP in: echo, and errors. Source quench and redirects are ignored
 * (RFC 6633; a redirect is an off-path attacker's favourite), timestamps and
 * the like are not answered.
 */
#include "icmp/icmp.h"

#include "ip/reply.h"
#include "wire/icmp4.h"

/* RFC 792: addresses reversed, type changed, data returned. */
static void answer_echo(struct ip *ip, const struct ip_packet *packet, const struct icmp4_message *request)
{
    struct arena *arena = &ip->host.arena;
    struct icmp4_message reply = *request;
    uint32_t bytes = ICMP4_HEADER_BYTES + request->body_bytes;
    uint8_t header[ICMP4_HEADER_BYTES];
    struct buffer *buffer;
    ref r;

    reply.type = ICMP4_ECHO_REPLY;
    r = host_is_short(&ip->host, RESERVE_FOR_ECHO) ? REF_NONE : buffer_take(arena, &ip->host.buffers, bytes);
    if (r == REF_NONE) {
        ip_drop(ip, RILL_DROP_TCP_NO_MEMORY, packet->whole, packet->whole_bytes);
        return;
    }
    /* Built in one piece for its checksum, then queued as header and body. */
    buffer = buffer_at(arena, r);
    (void)icmp4_build(buffer_bytes(buffer), bytes, &reply);
    memcpy(header, buffer_bytes(buffer), ICMP4_HEADER_BYTES);
    buffer->start = ICMP4_HEADER_BYTES;
    buffer->length_bytes = request->body_bytes;
    host_count(&ip->host, RILL_COUNT_ICMP_ECHO_REPLIES, 1);
    reply_push(ip, packet->netif, &packet->destination, &packet->source, IP_PROTOCOL_ICMP, header, sizeof header, r);
}

/* RFC 1122 3.2.2.1, 3.2.2.5: which errors are hard, and what they say. */
static void classify(const struct icmp4_message *message, struct icmp_error *out)
{
    out->error = -RILL_EHOSTUNREACH;
    if (message->type != ICMP4_UNREACHABLE)
        return;
    switch (message->code) {
    case ICMP4_NET_UNREACHABLE:
        out->error = -RILL_ENETUNREACH;
        break;
    case ICMP4_PROTOCOL_UNREACHABLE:
    case ICMP4_PORT_UNREACHABLE:
        out->hard = true;
        out->error = -RILL_ECONNREFUSED;
        break;
    case ICMP4_FRAGMENTATION_NEEDED:
        out->packet_too_big = true;
        out->error = -RILL_EMSGSIZE;
        out->next_hop_mtu = message->next_hop_mtu;
        break;
    default:
        break;
    }
}

static bool take_error(struct ip *ip, const struct ip_packet *packet, const struct icmp4_message *message,
                       struct icmp_error *out)
{
    struct icmp4_quote quote;
    enum rill_drop drop = icmp4_parse_quote(message, &quote);

    if (drop != RILL_DROP_NONE) {
        ip_drop(ip, drop, packet->whole, packet->whole_bytes);
        return false;
    }
    *out = (struct icmp_error){
        .local = ip_from_v4(quote.source),
        .remote = ip_from_v4(quote.destination),
        .local_port = quote.source_port,
        .remote_port = quote.destination_port,
        .sequence = quote.sequence,
        .protocol = quote.protocol,
        .type = message->type,
        .code = message->code,
        .reporter = packet->source,
    };
    classify(message, out);
    host_count(&ip->host, RILL_COUNT_ICMP_ERRORS_IN, 1);
    return true;
}

bool icmp_input(struct ip *ip, const struct ip_packet *packet, struct icmp_error *out)
{
    struct icmp4_message message;
    enum rill_drop drop = icmp4_parse(packet->data, packet->data_bytes, &message);

    if (drop == RILL_DROP_NONE && packet->broadcast)
        drop = RILL_DROP_ICMP_BROADCAST; /* RFC 1122 3.2.2.6: may be ignored; a smurf's tool if not */
    if (drop == RILL_DROP_NONE) {
        switch (message.type) {
        case ICMP4_ECHO_REQUEST:
            answer_echo(ip, packet, &message);
            return false;
        case ICMP4_UNREACHABLE:
        case ICMP4_TIME_EXCEEDED:
        case ICMP4_PARAMETER_PROBLEM:
            return take_error(ip, packet, &message, out);
        default:
            drop = RILL_DROP_ICMP_TYPE;
        }
    }
    ip_drop(ip, drop, packet->whole, packet->whole_bytes);
    return false;
}
