/*
 * What stacks put on the wire, judged by a second reading that shares no code
 * with src/wire: form (P1), size (P2), DF (P3), the right edge that never moves
 * left (Q3), and nothing sent beyond the peer's (Q4). Knows packets only.
 */
#ifndef SIM_PACKET_ORACLE_H
#define SIM_PACKET_ORACLE_H

#include "base/types.h"

struct packet_seen {
    uint8_t from, to; /* last bytes of the addresses */
    uint16_t from_port, to_port;
    uint32_t seq, ack, payload_bytes;
    uint32_t window;
    uint8_t protocol, flags;
    bool has_scale;
    uint8_t scale;
};

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32 };

/*
 * NULL when the packet is right in every particular, else what is wrong with it. A whole one is a super-segment. Besides
 * TCP hosts send the one ICMP error: that a packet's fragments did not come in time.
 */
const char *packet_read(const uint8_t *packet, uint32_t length_bytes, struct packet_seen *facts);

/* One direction of a pair of addresses and ports: what its sender has said, and what it has been told. */
struct direction {
    uint32_t key_hosts, key_ports; /* 0, 0: unused */
    bool has_iss, has_scale, has_edge, has_fin;
    uint8_t scale;
    uint32_t iss;      /* of the SYN that it last sent: one incarnation */
    uint32_t syn_ack;  /* ... and what a SYN,ACK acknowledged; 0 in a SYN */
    uint32_t edge;     /* furthest ACK + window that it sent */
    uint32_t edge_iss; /* ... in the sequence space of this incarnation of the other direction */
    uint32_t fin;      /* sequence number of its FIN */
    uint32_t sent_end; /* behind the furthest that it sent */
    bool was_told;
    uint32_t syn_window, syn_window_iss; /* of the peer's SYN that reached it; 0: none did */
    uint32_t told_edge, told_iss;        /* furthest edge that has reached it, of which incarnation of the peer */
};

#define DIRECTIONS_MAX 8192u /* a power of two */

struct packet_oracle {
    struct direction directions[DIRECTIONS_MAX];
    uint32_t used;
};

/*
 * A right packet leaves its sender. NULL, or the oracle that it fails, "Q3 ...". *incarnation goes with the packet
 * to packet_oracle_delivered().
 */
const char *packet_oracle_sent(struct packet_oracle *oracle, const struct packet_seen *facts, uint32_t *incarnation);

/* The packet reaches its receiver undamaged. */
void packet_oracle_delivered(struct packet_oracle *oracle, const struct packet_seen *facts, uint32_t incarnation);

#endif
