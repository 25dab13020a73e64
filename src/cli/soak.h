/*
 * Two stacks in one process, a bad wire between them, and streams both ways at
 * once whose every byte is known from its position: does each arrive whole, in
 * order and once? In virtual time, so that a run is a function of its settings.
 */
#ifndef CLI_SOAK_H
#define CLI_SOAK_H

#include "rill/driver.h"

struct soak_settings {
    uint64_t seed;                     /* of the stacks' secrets, the streams and the faults */
    uint64_t bytes;                    /* each way */
    uint16_t mtu;                      /* 0: 1500 */
    bool is_direct;                    /* no impaired wire at all: memory wire to memory wire */
    bool has_offload;                  /* direct only: super-segments */
    size_t memory_bytes;               /* of each stack; 0: 64 MiB */
    unsigned checks_every;             /* rill_check() on both stacks every so many turns; 0: only at the end */
    const char *pcap;                  /* file to write the first stack's packets to; NULL: none */
    struct rill_impairment impairment; /* of both directions; its seed is not used */
};

struct soak_result {
    char failure[320]; /* one sentence; empty when all went well */
    rill_time took;    /* virtual time until both streams had arrived and were closed */
    uint64_t turns;
    uint64_t retransmitted; /* segments, both stacks */
    struct rill_impaired_counts faults[2];
};

/* True when both streams arrived byte for byte, both ends saw the other's close, and no memory was kept afterwards. */
bool soak_run(const struct soak_settings *settings, struct soak_result *result);

#endif
