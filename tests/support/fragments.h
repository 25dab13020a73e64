/*
 * Fragments written and read by hand, from RFC 791 alone: a whole packet cut
 * into pieces, and pieces put together where each says that it belongs.
 */
#ifndef SUPPORT_FRAGMENTS_H
#define SUPPORT_FRAGMENTS_H

#include "support/udp_host.h"

/*
 * Write a fragment of the whole packet, whose header has 20 bytes: bytes
 * [offset, offset + bytes) of what is behind it. Returns the fragment's bytes.
 */
uint32_t fragment_write(uint8_t *to, const uint8_t *whole, uint32_t offset, uint32_t bytes, bool more);

/* Change a header's field and make its checksum right again. */
void header_set_id(uint8_t *packet, unsigned id);
void header_set_tos(uint8_t *packet, unsigned tos);
void header_set_ttl(uint8_t *packet, unsigned ttl);
void header_set_source(uint8_t *packet, uint32_t source);

unsigned header_id(const uint8_t *packet);
bool header_dont_fragment(const uint8_t *packet);
bool header_more_fragments(const uint8_t *packet);
unsigned header_offset(const uint8_t *packet);

/* The packet's fragments of so many bytes at most, a multiple of 8, arrive in order; a packet that fits arrives whole. */
void fragments_arrive_at(struct udp_host *h, const uint8_t *whole, uint32_t fragment_bytes);

/* What the stack sends next by its first interface, as it is, into h->sent; 0: nothing. */
uint32_t fragment_sent(struct udp_host *h);

/*
 * Reads all fragments of the next datagram that the stack sends by its first interface, each of which must have right
 * lengths, a right checksum and the MTU at most, and puts them together into a whole packet with a right header.
 * Returns its bytes, 0 when nothing was sent.
 */
uint32_t fragments_sent_whole(struct udp_host *h, uint8_t *to, uint32_t mtu, unsigned *count);

#endif
