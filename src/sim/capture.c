/*
 * pcap with nanoseconds, link type raw IP, in this machine's byte order.
 */
#include "sim/capture.h"

#define PCAP_MAGIC_NANOS UINT32_C(0xa1b23c4d)
#define PCAP_SNAPLEN 262144u
#define LINKTYPE_RAW 101u

void capture_begin(FILE *pcap)
{
    const uint32_t header[6] = {PCAP_MAGIC_NANOS, 2u | 4u << 16, 0, 0, PCAP_SNAPLEN, LINKTYPE_RAW};

    fwrite(header, sizeof header, 1, pcap);
}

void capture_packet(FILE *pcap, rill_time now, const uint8_t *packet, uint32_t bytes)
{
    const uint32_t header[4] = {(uint32_t)(now / NANOS_PER_S), (uint32_t)(now % NANOS_PER_S), bytes, bytes};

    fwrite(header, sizeof header, 1, pcap);
    fwrite(packet, bytes, 1, pcap);
}

void trace_packet(struct world *world, unsigned host, const char *verb, const struct frame *frame)
{
    const struct packet_seen *f = &frame->facts;
    char flags[8];
    unsigned n = 0;

    for (unsigned bit = 0; bit < 6; bit++)
        if ((f->flags >> bit & 1) != 0)
            flags[n++] = "FSRPAU"[bit];
    flags[n] = '\0';
    world_trace(world, "host %u %s %u.%u > %u.%u %s seq %u ack %u win %u%s, %u bytes%s", host, verb, f->from,
                f->from_port, f->to, f->to_port, flags, f->seq, f->ack, f->window, f->has_scale ? " (scale)" : "",
                f->payload_bytes, frame->is_damaged ? ", damaged" : "");
}
