/*
 * What a bottleneck does besides queueing: a token bucket that drops what
 * exceeds a rate, CoDel (RFC 8289), and the congestion mark of ECN (RFC 3168).
 * Reads no clock.
 */
#ifndef DRIVERS_QUEUE_POLICY_H
#define DRIVERS_QUEUE_POLICY_H

#include "base/types.h"
#include "rill/driver.h"

/* Full at the beginning. */
struct token_bucket {
    uint64_t rate_bits; /* 0: takes everything */
    uint64_t depth;     /* tokens are bits times 10^9: a nanosecond brings rate_bits of them */
    uint64_t tokens;
    rill_time filled_at;
};

/* depth_bytes 0: 32 KiB; 1 GiB at the most. */
void token_bucket_init(struct token_bucket *bucket, uint64_t rate_bits, uint32_t depth_bytes);
bool token_bucket_takes(struct token_bucket *bucket, uint32_t length_bytes, rill_time now);

struct codel {
    rill_time first_above; /* when the sojourn time will have been above the target for an interval; 0: it is below */
    rill_time next_signal;
    uint32_t count, last_count; /* signals in this state of signalling, and when it was entered last */
    bool is_signalling;
};

/*
 * RFC 8289 5.3: a packet leaves the queue at `now` after it waited for so long; shall it be dropped, or marked? The
 * rule that spares a queue of one packet is left out.
 */
bool codel_signals(struct codel *codel, rill_time target, rill_time waited, rill_time now);

/* RFC 3168 5: ECT becomes CE, the IPv4 header's checksum follows. False: not ECN-capable, or not IP. */
bool mark_congestion(uint8_t *packet, uint32_t length_bytes);

#endif
