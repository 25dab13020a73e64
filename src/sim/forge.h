/*
 * Packets written by hand, for those in the world who are no stack: the
 * reference peer and attackers. Shares no code with src/wire.
 */
#ifndef SIM_FORGE_H
#define SIM_FORGE_H

#include "sim/link.h"

struct forged {
    uint8_t from, to; /* hosts */
    uint16_t from_port, to_port;
    uint32_t seq, ack, window;
    uint8_t flags;
    uint16_t urgent;
    uint16_t mss;     /* 0: no option */
    uint32_t sack[2]; /* equal: no option */
    bool permits_sack;
    bool has_timestamp;
    uint32_t timestamp[2];
    uint32_t payload_bytes;
};

#define FORGED_HEADERS_BYTES 40u
#define FORGED_OPTIONS_MAX 40u

/* The packet but for its payload, which is at forge_payload(), and its checksum. */
struct frame *forge_begin(struct frames *frames, const struct forged *forged);
uint8_t *forge_payload(struct frame *frame);

/* The checksum is right from now on. */
void forge_finish(struct frame *frame);

/*
 * An ICMP error from one host to another, whole: type, code, next hop MTU, and as the quoted packet a segment of the
 * receiver's with these ports and this sequence number.
 */
struct frame *forge_icmp(struct frames *frames, uint8_t from, uint8_t to, uint8_t type, uint8_t code, uint16_t mtu,
                         uint16_t port, uint16_t remote_port, uint32_t seq);

/* The same, quoting a true packet: it was too big for the path (RFC 1191). */
struct frame *forge_too_big(struct frames *frames, const struct frame *packet, uint16_t mtu);

#endif
