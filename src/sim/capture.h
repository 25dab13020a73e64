/*
 * Showing a run: its packets in a classic pcap file, its events as lines.
 */
#ifndef SIM_CAPTURE_H
#define SIM_CAPTURE_H

#include "sim/world.h"

void capture_begin(FILE *pcap);
void capture_packet(FILE *pcap, rill_time now, const uint8_t *packet, uint32_t bytes);

void trace_packet(struct world *world, unsigned host, const char *verb, const struct frame *frame);

#endif
