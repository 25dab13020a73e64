/*
 * Token bucket, CoDel and the ECN mark of an impaired link's bottleneck.
 */
#include "drivers/queue_policy.h"

#include <math.h>

#include "base/bytes.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"

#define DEPTH_BYTES_DEFAULT (32u * 1024)
#define DEPTH_BYTES_MAX (1u << 30) /* so that tokens fit into 64 bits */
#define CODEL_INTERVAL (100 * NANOS_PER_MS)
#define CODEL_MEMORY (16 * CODEL_INTERVAL) /* RFC 8289 5.3: a state of signalling left no longer ago is resumed */
#define ECN_MASK 0x3u                      /* RFC 3168 5; also what CE is */
#define IPV4_CHECKSUM_AT 10u
#define IPV6_ECN_SHIFT 4u /* the traffic class lies across the first two bytes */

void token_bucket_init(struct token_bucket *bucket, uint64_t rate_bits, uint32_t depth_bytes)
{
    uint64_t bytes = depth_bytes == 0 ? DEPTH_BYTES_DEFAULT : min_u32(depth_bytes, DEPTH_BYTES_MAX);
    *bucket = (struct token_bucket){.rate_bits = rate_bits, .depth = bytes * 8 * NANOS_PER_S};
    bucket->tokens = bucket->depth;
}

static void fill(struct token_bucket *bucket, rill_time now)
{
    rill_time passed = now - min_u64(bucket->filled_at, now);
    uint64_t room = bucket->depth - bucket->tokens;
    bucket->tokens += passed > room / bucket->rate_bits ? room : passed * bucket->rate_bits;
    bucket->filled_at = now;
}

bool token_bucket_takes(struct token_bucket *bucket, uint32_t length_bytes, rill_time now)
{
    if (bucket->rate_bits == 0)
        return true;
    fill(bucket, now);
    uint64_t cost = (uint64_t)length_bytes * 8 * NANOS_PER_S;
    if (cost > bucket->tokens)
        return false;
    bucket->tokens -= cost;
    return true;
}

static bool is_above_for_an_interval(struct codel *codel, rill_time target, rill_time waited, rill_time now)
{
    if (waited < target) {
        codel->first_above = 0;
        return false;
    }
    if (codel->first_above == 0) {
        codel->first_above = now + CODEL_INTERVAL;
        return false;
    }
    return now >= codel->first_above;
}

static rill_time control_law(rill_time at, uint32_t count)
{
    return at + (rill_time)((double)CODEL_INTERVAL / sqrt((double)count));
}

static void begin_signalling(struct codel *codel, rill_time now)
{
    uint32_t more = codel->count - codel->last_count;
    bool is_resumed = more > 1 && now < codel->next_signal + CODEL_MEMORY;
    codel->count = is_resumed ? more : 1;
    codel->last_count = codel->count;
    codel->next_signal = control_law(now, codel->count);
    codel->is_signalling = true;
}

bool codel_signals(struct codel *codel, rill_time target, rill_time waited, rill_time now)
{
    bool is_above = is_above_for_an_interval(codel, target, waited, now);
    if (!is_above) {
        codel->is_signalling = false;
        return false;
    }
    if (!codel->is_signalling) {
        begin_signalling(codel, now);
        return true;
    }
    if (now < codel->next_signal)
        return false;
    codel->count++;
    codel->next_signal = control_law(codel->next_signal, codel->count);
    return true;
}

static bool mark4(uint8_t *packet)
{
    uint16_t before = get_be16(packet);
    if ((before & ECN_MASK) == 0)
        return false;
    uint16_t after = before | ECN_MASK;
    put_be16(packet, after);
    put_be16(packet + IPV4_CHECKSUM_AT, checksum_update16(get_be16(packet + IPV4_CHECKSUM_AT), before, after));
    return true;
}

static bool mark6(uint8_t *packet)
{
    if ((packet[1] >> IPV6_ECN_SHIFT & ECN_MASK) == 0)
        return false;
    packet[1] |= (uint8_t)(ECN_MASK << IPV6_ECN_SHIFT);
    return true;
}

bool mark_congestion(uint8_t *packet, uint32_t length_bytes)
{
    if (length_bytes < IPV4_HEADER_BYTES)
        return false;
    if (packet[0] >> 4 == 4)
        return mark4(packet);
    return packet[0] >> 4 == 6 && mark6(packet);
}
