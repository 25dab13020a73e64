/*
 * Lines of a trace: see trace_lines.h. Segments with their flags, absolute
 * sequence numbers and length; states, drops, losses and timers in words.
 */
#include "cli/trace_lines.h"

#include "cli/explain.h"

#include <stdio.h>

#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17

static rill_time began; /* the first thing that happened is at 0 */

static uint32_t word_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void flags_text(uint8_t flags, char text[9])
{
    static const char letters[] = "FSRPAUEC";
    unsigned used = 0;

    for (unsigned bit = 0; bit < 8; bit++)
        if ((flags & 1u << bit) != 0)
            text[used++] = letters[bit];
    text[used] = '\0';
}

static void put_segment(const struct rill_trace_event *event, const char *ends)
{
    const uint8_t *packet = event->packet;
    uint32_t ip_bytes, tcp_bytes, payload;
    char flags[9];

    if (packet == NULL || event->packet_bytes < 20 || packet[0] >> 4 != 4)
        return;
    ip_bytes = 4u * (packet[0] & 0xfu);
    if (packet[9] == PROTOCOL_UDP) {
        fprintf(stderr, "%s UDP\n", ends);
        return;
    }
    if (packet[9] != PROTOCOL_TCP || event->packet_bytes < ip_bytes + 20)
        return;
    packet += ip_bytes;
    tcp_bytes = 4u * (packet[12] >> 4);
    payload = event->payload_bytes;
    if (event->type == RILL_TRACE_SEGMENT_IN && event->packet_bytes >= ip_bytes + tcp_bytes)
        payload = event->packet_bytes - ip_bytes - tcp_bytes;
    flags_text(packet[13], flags);
    fprintf(stderr, "%s %-4s seq %u ack %u win %u len %u\n", ends, flags, (unsigned)word_at(packet + 4),
            (unsigned)word_at(packet + 8), (unsigned)(packet[14] << 8 | packet[15]), (unsigned)payload);
}

static void put(void *context, const struct rill_trace_event *event)
{
    static const char *const mtus[] = {
        [RILL_MTU_TOO_BIG] = "a router allows",
        [RILL_MTU_BLACK_HOLE] = "large packets vanish, now",
        [RILL_MTU_RESTORED] = "that was not it, again",
        [RILL_MTU_PROBE] = "a probe of",
        [RILL_MTU_PROBE_ACKED] = "the probe arrived:",
        [RILL_MTU_PROBE_LOST] = "the probe alone was lost:",
        [RILL_MTU_PROBE_UNCLEAR] = "a probe was lost, but not alone:",
    };
    static const char *const losses[] = {"duplicate ACKs", "a partial ACK", "a timeout", "recovered"};
    char local[64], remote[64], ends[160];
    double at;

    (void)context;
    if (began == 0)
        began = event->now;
    at = (double)(event->now - began) / 1e9;
    endpoint_text(&event->local, local, sizeof local);
    endpoint_text(&event->remote, remote, sizeof remote);
    snprintf(ends, sizeof ends, "%10.6f %s %s %s", at, local, event->type == RILL_TRACE_SEGMENT_IN ? "<" : ">", remote);
    switch (event->type) {
    case RILL_TRACE_SEGMENT_IN:
    case RILL_TRACE_SEGMENT_OUT:
        put_segment(event, ends);
        break;
    case RILL_TRACE_STATE:
        fprintf(stderr, "%10.6f %s - %s %s -> %s\n", at, local, remote, rill_state_name((enum rill_state)event->a),
                rill_state_name((enum rill_state)event->b));
        break;
    case RILL_TRACE_DROP:
        fprintf(stderr, "%10.6f %s - %s dropped: %s\n", at, local, remote, rill_drop_meaning((enum rill_drop)event->a));
        break;
    case RILL_TRACE_LOSS:
        fprintf(stderr, "%10.6f %s - %s loss: %s\n", at, local, remote,
                event->a < sizeof losses / sizeof losses[0] ? losses[event->a] : "found");
        break;
    case RILL_TRACE_MTU:
        fprintf(stderr, "%10.6f %s - %s path MTU: %s %u bytes\n", at, local, remote,
                event->a < sizeof mtus / sizeof mtus[0] ? mtus[event->a] : "", (unsigned)event->b);
        break;
    default:
        break;
    }
}

void trace_lines_begin(struct rill_stack *stack)
{
    rill_trace(stack, put, NULL);
}
