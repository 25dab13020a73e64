/*
 * The dice of an impaired wire: one named random stream per fault, each rolled
 * once for every packet. A packet's fate is thus a function of the seed, the
 * direction and the packet's number alone (and of the burst it falls into):
 * switching one fault on or off, or changing its share, shifts no other.
 */
#ifndef DRIVERS_FAULT_STREAMS_H
#define DRIVERS_FAULT_STREAMS_H

#include "base/types.h"
#include "rill/driver.h"

enum fault_stream {
    STREAM_LOSS,
    STREAM_DUPLICATE,
    STREAM_REORDER,
    STREAM_DISTANCE,
    STREAM_CORRUPT,
    STREAM_BIT,
    STREAM_JITTER,
    STREAM_SCATTER,
    STREAM_BURST,
    STREAM_BURST_LOSS,
    STREAMS
};

struct fault_streams {
    uint64_t state[STREAMS];
    uint32_t number; /* of the last packet rolled for */
    bool is_in_burst;
};

/* What shall happen to one packet. */
struct fate {
    bool is_lost, is_duplicated, is_corrupted;
    uint32_t held_for_packets; /* 0: not reordered */
    uint64_t bit;              /* any number: the bit to flip, modulo the packet's bits */
    rill_time jitter, scatter;
};

/* direction: a stable name, "tx" or "rx": both may be given the same seed. */
void fault_streams_init(struct fault_streams *streams, uint64_t seed, const char *direction);

struct fate fault_streams_roll(struct fault_streams *streams, const struct rill_impairment *impairment);

#endif
