/*
 * TCP options between the wire and the script, in any order and with any
 * padding, right or wrong: what wire/tcp.h, which knows only good ones, cannot
 * say.
 */
#ifndef DRILL_OPTION_BYTES_H
#define DRILL_OPTION_BYTES_H

#include "drill/ast.h"

enum {
    WIRE_EOL = 0,
    WIRE_NOP = 1,
    WIRE_MSS = 2,
    WIRE_WSCALE = 3,
    WIRE_SACK_OK = 4,
    WIRE_SACK = 5,
    WIRE_TS = 8,
    WIRE_UTO = 28,
    WIRE_FAST_OPEN = 34,
};

/* Into to[DRILL_OPTIONS_MAX]; SACK edges become relative to sack_base. Returns how many there are. */
unsigned option_bytes_parse(const uint8_t *at, size_t bytes, uint32_t sack_base, struct drill_option *to);

/*
 * Write a packet's options; SACK edges are relative to sack_base, and a
 * timestamp's echo is ts_offset above the wire's. Padded with EOLs to 32 bits.
 * Returns the bytes, or -1 when they need more than 40.
 */
int option_bytes_build(const struct drill_packet *packet, uint32_t sack_base, uint32_t ts_offset, uint8_t to[40]);

/* " <mss 1460,nop,...>" */
void option_bytes_describe(const struct drill_option *options, unsigned count, struct text *to);

#endif
