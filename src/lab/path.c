/*
 * The table of paths.
 */
#include "lab/path.h"

#include <string.h>

#include "base/types.h"

#define BUFFER_BYTES_MIN (UINT64_C(4) << 20)
#define BUFFER_BYTES_MAX (UINT64_C(1) << 30)
#define BUFFER_FACTOR 8u /* buffers are charged at their true size, and half of them is offered as window */

/* Queues are of one bandwidth-delay product where the path's name does not say otherwise. */
const struct lab_path lab_paths[] = {
    {"lan", "1 Gb/s, 200 us", "rate=1gbit,delay=100us,queue=256k", "rate=1gbit,delay=100us", 5},
    {"dsl", "16 Mb/s down, 2 Mb/s up, 30 ms", "rate=16mbit,delay=15ms,queue=64k", "rate=2mbit,delay=15ms,queue=64k",
     10},
    {"lte", "40 Mb/s, 50 ms, 15 ms of jitter each way", "rate=40mbit,delay=25ms,jitter=15ms,queue=512k",
     "rate=10mbit,delay=25ms,jitter=15ms", 10},
    {"satellite", "20 Mb/s, 600 ms", "rate=20mbit,delay=300ms,queue=1500k", "rate=5mbit,delay=300ms", 30},
    {"10g-100ms", "10 Gb/s, 100 ms", "rate=10gbit,delay=50ms,queue=32m", "rate=10gbit,delay=50ms", 10},
    {"wifi", "80 Mb/s, 10 ms, reordering, short bursts of loss",
     "rate=80mbit,delay=5ms,scatter=2ms,burst=0.05%,burstlen=3,queue=256k", "rate=80mbit,delay=5ms,scatter=2ms", 10},
    {"policer", "10 Mb/s policed on a fast link, 40 ms", "rate=1gbit,police=10mbit,bucket=64k,delay=20ms",
     "rate=1gbit,delay=20ms", 10},
    {"bufferbloat", "10 Mb/s, 40 ms, a queue of 1.6 s", "rate=10mbit,delay=20ms,queue=2000k", "rate=10mbit,delay=20ms",
     20},
    {"codel", "the same with CoDel", "rate=10mbit,delay=20ms,codel=5ms,queue=2000k", "rate=10mbit,delay=20ms", 20},
    {"ecn", "50 Mb/s, 20 ms, marks from 64k on", "rate=50mbit,delay=10ms,mark=64k,queue=512k", "rate=50mbit,delay=10ms",
     10},
    {"burst", "100 Mb/s, 50 ms, bursts of 10 losses", "rate=100mbit,delay=25ms,burst=0.02%,burstlen=10,queue=640k",
     "rate=100mbit,delay=25ms", 10},
    {"reorder", "100 Mb/s, 20 ms, 2 % reordered", "rate=100mbit,delay=10ms,reorder=2%,gap=8,queue=256k",
     "rate=100mbit,delay=10ms", 10},
    {"20ms", "100 Mb/s, 20 ms", "rate=100mbit,delay=10ms,queue=256k", "rate=100mbit,delay=10ms", 10},
    {"20ms-0.1", "the same, 0.1 % random loss", "rate=100mbit,delay=10ms,queue=256k,loss=0.1%",
     "rate=100mbit,delay=10ms", 10},
    {"20ms-1", "the same, 1 %", "rate=100mbit,delay=10ms,queue=256k,loss=1%", "rate=100mbit,delay=10ms", 10},
    {"20ms-3", "the same, 3 %", "rate=100mbit,delay=10ms,queue=256k,loss=3%", "rate=100mbit,delay=10ms", 10},
    {"20ms-jitter", "20ms, ACKs up to 0.5 ms late", "rate=100mbit,delay=10ms,queue=256k",
     "rate=100mbit,delay=10ms,jitter=500us", 10},
    {"100ms-jitter", "100ms, ACKs up to 0.5 ms late", "rate=100mbit,delay=50ms,queue=1280k",
     "rate=100mbit,delay=50ms,jitter=500us", 20},
    {"100ms", "100 Mb/s, 100 ms", "rate=100mbit,delay=50ms,queue=1280k", "rate=100mbit,delay=50ms", 20},
    {"100ms-0.1", "the same, 0.1 % random loss", "rate=100mbit,delay=50ms,queue=1280k,loss=0.1%",
     "rate=100mbit,delay=50ms", 20},
    {"100ms-1", "the same, 1 %", "rate=100mbit,delay=50ms,queue=1280k,loss=1%", "rate=100mbit,delay=50ms", 20},
    {"100ms-3", "the same, 3 %", "rate=100mbit,delay=50ms,queue=1280k,loss=3%", "rate=100mbit,delay=50ms", 20},
    {NULL, NULL, NULL, NULL, 0},
};

const struct lab_path *lab_path_find(const char *name)
{
    for (const struct lab_path *path = lab_paths; path->name != NULL; path++) {
        if (strcmp(path->name, name) == 0)
            return path;
    }
    return NULL;
}

rill_time lab_round_trip(const struct rill_impairment *forward, const struct rill_impairment *back)
{
    return forward->delay + back->delay;
}

uint32_t lab_buffer_bytes(const struct rill_impairment *forward, const struct rill_impairment *back)
{
    double round_trip = (double)(lab_round_trip(forward, back) + forward->jitter + forward->scatter) / 1e9;
    double bytes = BUFFER_FACTOR * ((double)forward->rate_bits / 8 * round_trip + forward->queue_bytes);
    if (bytes >= (double)BUFFER_BYTES_MAX)
        return (uint32_t)BUFFER_BYTES_MAX;
    return (uint32_t)max_u64((uint64_t)bytes, BUFFER_BYTES_MIN);
}
