/*
 * TCP segments (RFC 9293 3.1) with the options of 3.2, RFC 7323 (timestamps,
 * window scale), RFC 2018 (SACK), RFC 5482 (user timeout), RFC 7413 (fast
 * open). Parse and build, nothing else: what an option means for a connection
 * is decided in tcp/options.c.
 */
#ifndef WIRE_TCP_H
#define WIRE_TCP_H

#include "base/seq.h"
#include "rill/counters.h"

#define TCP_HEADER_BYTES 20u
#define TCP_HEADER_BYTES_MAX 60u
#define TCP_OPTION_BYTES_MAX 40u
#define TCP_SACK_BLOCKS_MAX 4u

enum tcp_flag {
    TCP_FIN = 0x01,
    TCP_SYN = 0x02,
    TCP_RST = 0x04,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_URG = 0x20,
    TCP_ECE = 0x40,
    TCP_CWR = 0x80,
};

/* AE, CWR and ECE as one number, the most significant first (AccECN's ACE). */
enum tcp_ace {
    TCP_ACE_ECE = 1,
    TCP_ACE_CWR = 2,
    TCP_ACE_AE = 4,
};

/* tcp_options.present */
enum tcp_option_bit {
    TCP_OPTION_MSS = 0x01,
    TCP_OPTION_WINDOW_SCALE = 0x02,
    TCP_OPTION_SACK_PERMITTED = 0x04,
    TCP_OPTION_TIMESTAMP = 0x08,
    TCP_OPTION_SACK = 0x10,
    TCP_OPTION_USER_TIMEOUT = 0x20,
    TCP_OPTION_FAST_OPEN = 0x40,
    /*
     * An option's length was wrong. One whose length is wrong for its kind is passed over; a length that cannot be
     * walked (0, 1, past the header's end) ends the walk. All options with a bit here are valid (RFC 9293 MUST-7).
     */
    TCP_OPTION_MALFORMED = 0x80,
    TCP_OPTION_ACCURATE_ECN = 0x100,
};

/* tcp_options.accurate_ecn: the fields of AccECN's options, least significant 24 bits of counters of bytes */
enum tcp_accurate_ecn_field { TCP_ECN_E0B, TCP_ECN_CEB, TCP_ECN_E1B, TCP_ECN_FIELDS };

struct tcp_sack_block {
    struct seq start, end; /* as on the wire: nothing is promised about their order */
};

/*
 * Only the fields whose bit is set in present are written by tcp_parse() and
 * read by tcp_build(); the others hold anything. (sack_count alone is always
 * written: 0 without TCP_OPTION_SACK.)
 */
struct tcp_options {
    uint16_t present; /* enum tcp_option_bit; of duplicates the first one counts */
    uint16_t mss;
    uint8_t window_scale; /* at most 14: greater ones read as 14 (RFC 7323 2.3) */
    uint8_t sack_count;
    uint8_t fast_open_bytes;     /* cookie length: 0 asks for one; else 4 .. 16, even */
    bool fast_open_experimental; /* under the shared number 254 (RFC 7413 appendix A, RFC 6994) */
    uint16_t user_timeout;       /* raw: bit 15 is the granularity (RFC 5482 3.1) */
    uint32_t timestamp_value, timestamp_echo;
    struct tcp_sack_block sack[TCP_SACK_BLOCKS_MAX];
    const uint8_t *fast_open_cookie;
    uint32_t accurate_ecn[TCP_ECN_FIELDS];
    uint8_t
        accurate_ecn_fields; /* bit 1 << enum tcp_accurate_ecn_field: which are there (build: CEB is there or last) */
};

/* A received segment, checked: what segment_arrives.c works on. */
struct tcp_segment {
    uint16_t source_port, destination_port;
    struct seq seq, ack;
    uint16_t window; /* as on the wire, not scaled */
    uint16_t urgent; /* as on the wire */
    uint8_t flags;
    uint8_t ace; /* enum tcp_ace */
    uint8_t header_bytes;
    uint32_t data_bytes; /* payload */
    const uint8_t *data;
    struct tcp_options options;
};

/*
 * segment: the bytes behind the IP header, exactly as many as IP says. Checks
 * data offset against length, ports not 0; options never fail the segment. The
 * checksum is not verified here (the device may have done so).
 */
enum rill_drop tcp_parse(const uint8_t *segment, size_t length_bytes, struct tcp_segment *out);

/* SEG.LEN: data + SYN + FIN (RFC 9293 3.4). */
static inline uint32_t tcp_segment_length(const struct tcp_segment *segment)
{
    return segment->data_bytes + ((segment->flags & TCP_SYN) != 0) + ((segment->flags & TCP_FIN) != 0);
}

/* What to build: a header with options. */
struct tcp_header {
    uint16_t source_port, destination_port;
    struct seq seq, ack;
    uint16_t window;
    uint16_t urgent;
    uint8_t flags;
    bool ae;                    /* the flag at bit offset 7, next to CWR */
    struct tcp_options options; /* SACK blocks that do not fit are left out, last first */
};

/*
 * Write header and options (padded with NOPs to 32 bits, in the order mss,
 * sackOK, timestamp, nop + wscale as Linux does on a SYN; nop nop timestamp,
 * nop nop sack on others); checksum field 0. Returns the header's bytes (20 ..
 * 60); `to` has room for 60. Never more than 40 bytes of options: SACK blocks,
 * then the cookie, are left out first.
 */
size_t tcp_build(uint8_t *to, const struct tcp_header *header);

/* Bytes that tcp_build() will write for these options, header included. */
size_t tcp_header_bytes_for(const struct tcp_options *options, uint8_t flags);

#endif
