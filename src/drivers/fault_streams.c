/*
 * Named random streams: SplitMix64, each started from the seed and its name.
 */
#include "drivers/fault_streams.h"

#define REORDER_PACKETS_DEFAULT 3u
#define BURST_PACKETS_DEFAULT 5u

static const char *const stream_names[STREAMS] = {
    [STREAM_LOSS] = "loss",       [STREAM_DUPLICATE] = "duplicate",
    [STREAM_REORDER] = "reorder", [STREAM_DISTANCE] = "distance",
    [STREAM_CORRUPT] = "corrupt", [STREAM_BIT] = "bit",
    [STREAM_JITTER] = "jitter",   [STREAM_SCATTER] = "scatter",
    [STREAM_BURST] = "burst",     [STREAM_BURST_LOSS] = "burst loss",
};

/* Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators (2014). Wraps on purpose. */
static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* FNV-1a, which wraps on purpose. */
static uint64_t hash_name(uint64_t hash, const char *name)
{
    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001B3);
    return hash;
}

void fault_streams_init(struct fault_streams *streams, uint64_t seed, const char *direction)
{
    streams->is_in_burst = false;
    streams->number = 0;
    uint64_t base = hash_name(UINT64_C(0xCBF29CE484222325), direction);
    for (unsigned i = 0; i < STREAMS; i++) {
        uint64_t mixed = hash_name(hash_name(base, "."), stream_names[i]);
        uint64_t from_seed = seed;
        streams->state[i] = splitmix64(&from_seed) ^ splitmix64(&mixed);
    }
}

/* Uniform 0 .. 1, never 1: so that a share of 0 never and a share of 1 always happens. */
static double roll(struct fault_streams *streams, enum fault_stream stream)
{
    return (double)(splitmix64(&streams->state[stream]) >> 11) * 0x1p-53;
}

/* Two states, Gilbert's and Elliott's: a burst begins at its first packet, and its length is geometric. */
static bool is_lost_in_burst(struct fault_streams *streams, const struct rill_impairment *impairment)
{
    uint32_t mean = impairment->burst_packets == 0 ? BURST_PACKETS_DEFAULT : impairment->burst_packets;
    double share = impairment->burst_loss > 0 ? impairment->burst_loss : 1;
    double change = roll(streams, STREAM_BURST);
    bool is_unlucky = roll(streams, STREAM_BURST_LOSS) < share;
    streams->is_in_burst = streams->is_in_burst ? change >= 1 / (double)mean : change < impairment->burst;
    return streams->is_in_burst && is_unlucky;
}

static bool is_dropped_by_number(const struct rill_impairment *impairment, uint32_t number)
{
    bool found = false;
    for (unsigned i = 0; i < RILL_DROPS_MAX && impairment->drop[i] != 0; i++)
        found |= impairment->drop[i] == number;
    return found;
}

/* 0 .. most, whole. */
static uint64_t roll_up_to(struct fault_streams *streams, enum fault_stream stream, uint64_t most)
{
    return (uint64_t)(roll(streams, stream) * ((double)most + 1));
}

struct fate fault_streams_roll(struct fault_streams *streams, const struct rill_impairment *impairment)
{
    uint32_t farthest = impairment->reorder_packets == 0 ? REORDER_PACKETS_DEFAULT : impairment->reorder_packets;
    struct fate fate = {
        .is_lost = roll(streams, STREAM_LOSS) < impairment->loss,
        .is_duplicated = roll(streams, STREAM_DUPLICATE) < impairment->duplicate,
        .is_corrupted = roll(streams, STREAM_CORRUPT) < impairment->corrupt,
        .bit = splitmix64(&streams->state[STREAM_BIT]),
        .jitter = roll_up_to(streams, STREAM_JITTER, impairment->jitter),
        .scatter = roll_up_to(streams, STREAM_SCATTER, impairment->scatter),
    };
    fate.is_lost |= is_lost_in_burst(streams, impairment);
    fate.is_lost |= is_dropped_by_number(impairment, ++streams->number);
    bool is_reordered = roll(streams, STREAM_REORDER) < impairment->reorder;
    uint32_t distance = 1 + (uint32_t)(roll(streams, STREAM_DISTANCE) * farthest);
    fate.held_for_packets = is_reordered ? distance : 0;
    return fate;
}
