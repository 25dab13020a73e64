/*
 * A captured TCP connection as a ladder: what was sent when, and which state
 * each end was in by then.
 */
#ifndef CLI_LADDER_H
#define CLI_LADDER_H

#include "wire/tcp.h"

#include <stdint.h>
#include <stdio.h>

enum ladder_end { LADDER_CLIENT, LADDER_SERVER };

enum ladder_mark {
    LADDER_RETRANSMITTED = 0x1,
    LADDER_OUT_OF_ORDER = 0x2,
    LADDER_ZERO_WINDOW = 0x4,
    LADDER_DUPLICATE_ACK = 0x8,
    LADDER_KEEP_ALIVE = 0x10,
    LADDER_WINDOW_PROBE = 0x20,
    LADDER_FIRST_DATA = 0x40, /* of its end: the request, the answer */
};

struct ladder_segment {
    uint64_t time_ns;
    enum ladder_end from;
    struct tcp_segment tcp; /* data is not kept */
    uint32_t seq, ack;      /* relative to the first SYN's (or the first segment's) */
    uint32_t window_bytes;  /* scaled once both windows' scales are known */
    unsigned marks;         /* enum ladder_mark */
    uint8_t state[2];       /* enum rill_state of each end, after this segment */
};

struct ladder_connection {
    uint32_t addr[2]; /* [LADDER_CLIENT], [LADDER_SERVER] */
    uint16_t port[2];
    struct ladder_segment *segments;
    unsigned count, room;
    unsigned marked; /* segments with a mark that is worth a row of its own */
};

struct ladder {
    struct ladder_connection *connections;
    unsigned count, room;
    uint64_t packets, unread; /* in the file; those that are no IPv4 TCP segments */
};

/* Marks worth a row of their own. */
#define LADDER_TROUBLE (LADDER_RETRANSMITTED | LADDER_OUT_OF_ORDER | LADDER_ZERO_WINDOW | LADDER_WINDOW_PROBE)

/* Read a pcap or pcapng file (raw IP, Ethernet, Linux cooked). 0, or -1 after saying why. */
int ladder_read(struct ladder *ladder, const char *path);
void ladder_free(struct ladder *ladder);

/* One packet from its IPv4 header on. False when it is no TCP segment, or memory is short. */
bool ladder_add_packet(struct ladder *ladder, const uint8_t *packet, size_t captured_bytes, uint64_t time_ns);

/* Relative numbers, windows, marks and both ends' states of every segment: once, after reading. */
void ladder_infer(struct ladder_connection *connection);

enum ladder_colour { LADDER_PLAIN, LADDER_COLOUR };
void ladder_draw(const struct ladder_connection *connection, FILE *to, enum ladder_colour colour);
void ladder_draw_mermaid(const struct ladder_connection *connection, FILE *to);
void ladder_draw_svg(const struct ladder_connection *connection, FILE *to);

/*
 * The rows of a drawing: single segments, and runs of data and plain ACKs put together. Start with *at = 0; false at
 * the end. A run's first and last index are given; its segments are one when first == last.
 */
struct ladder_row {
    unsigned first, last;
    unsigned segments, bytes_from[2]; /* of a run: with data */
    unsigned acks_from[2];
    unsigned marked; /* segments with a mark in the run */
};

/* Does the run go from this end: with data when there is data, else with ACKs. */
static inline bool ladder_row_goes(const struct ladder_row *row, enum ladder_end from)
{
    return row->segments > 0 ? row->bytes_from[from] > 0 : row->acks_from[from] > 0;
}

bool ladder_next_row(const struct ladder_connection *connection, unsigned *at, struct ladder_row *row);

/* "SYN, ACK seq 0 ack 1 win 65160 mss 1460 sackOK wscale 7" */
void ladder_describe(const struct ladder_segment *segment, char *text, size_t text_bytes);
void ladder_describe_run(const struct ladder_connection *connection, const struct ladder_row *row, char *text,
                         size_t text_bytes);

/* "1.2.3.4:80" of one end. */
char *ladder_end_name(const struct ladder_connection *connection, enum ladder_end end, char text[24]);

#endif
