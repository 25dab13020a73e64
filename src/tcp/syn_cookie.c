/*
 * Layout of a cookie, from the top: 2 bits of time (periods of 65 s), 1 bit
 * ECN agreed, 3 bits of MSS (an index), 1 bit SACK permitted, 4 bits window
 * scale (15: none), 21 bits of keyed hash over all of it, the addresses, the
 * ports, IRS and whether timestamps were agreed. A guess is right once in two
 * million; RFC 4987 3.6 has the same order of size. Which kind of ECN it was,
 * the ACK says itself (AccECN 3.2.2.1). Nothing is lost but the exact MSS.
 */
#include "tcp/syn_cookie.h"

#include "tcp/ecn.h"

#define HASH_BITS 21
#define HASH_MASK ((UINT32_C(1) << HASH_BITS) - 1)
#define NO_SCALE 15u
#define MSS_UNSAID 536u /* RFC 9293 MUST-15 */

static const uint16_t mss_classes[8] = {64, 536, 1220, 1360, 1440, 1460, 4312, 8960};

static uint32_t period(const struct tcp *tcp)
{
    return (uint32_t)(tcp->ip.host.now / (SYN_COOKIE_PERIOD_MS * NANOS_PER_MS));
}

/* The bits above the hash, by the block. */
static uint32_t clear_bits(uint32_t when, const struct half_open *half_open)
{
    uint8_t options = half_open->ep.own_options;
    uint32_t scale = (options & HALF_OPEN_WSCALE) != 0 ? options & HALF_OPEN_SCALE_MASK : NO_SCALE;
    uint32_t sack = (options & HALF_OPEN_SACK) != 0;
    uint16_t peer = half_open->mss != 0 ? half_open->mss : MSS_UNSAID;
    uint32_t ecn = half_open->ecn != 0;
    uint32_t mss = 7;

    while (mss > 0 && mss_classes[mss] > peer)
        mss--;
    return (when & 3) << 9 | ecn << 8 | mss << 5 | sack << 4 | scale;
}

static uint32_t keyed_hash(const struct tcp *tcp, const struct half_open *half_open, uint32_t when, uint32_t bits)
{
    const struct host *host = &tcp->ip.host;
    const struct path *path = path_at(host, half_open->ep.path);
    uint64_t tuple = ip_hash_tuple(host, PRF_COOKIE, &path->local, &path->remote, half_open->ep.local_port,
                                   half_open->ep.remote_port);
    uint64_t rest = (uint64_t)half_open->irs.v << 32 | bits << 1 | ((half_open->ep.own_options & HALF_OPEN_TS) != 0);

    return (uint32_t)prf_words2(&host->key, PRF_COOKIE, tuple ^ when, rest) & HASH_MASK;
}

struct seq syn_cookie_make(const struct tcp *tcp, const struct half_open *half_open)
{
    uint32_t when = period(tcp);
    uint32_t bits = clear_bits(when, half_open);

    return seq_make(bits << HASH_BITS | keyed_hash(tcp, half_open, when, bits));
}

static void take_bits(struct half_open *half_open, uint32_t bits, uint8_t ace)
{
    uint32_t scale = bits & 0xf;

    half_open->mss = mss_classes[bits >> 5 & 7];
    if (scale != NO_SCALE)
        half_open->ep.own_options |= (uint8_t)(HALF_OPEN_WSCALE | scale);
    if ((bits >> 4 & 1) != 0)
        half_open->ep.own_options |= HALF_OPEN_SACK;
    half_open->ecn = (bits >> 8 & 1) == 0 ? 0 : ace > TCP_ACE_ECE ? ECN_ACCURATE : ECN_CLASSIC;
}

bool syn_cookie_read(const struct tcp *tcp, const struct tcp_segment *seg, struct half_open *half_open)
{
    struct seq cookie = seq_sub(seg->ack, 1);
    uint32_t bits = cookie.v >> HASH_BITS;
    uint32_t now = period(tcp);
    uint32_t age = wrapping_sub(now, bits >> 9) & 3;

    if (age > 1)
        return false;
    half_open->iss = cookie;
    half_open->irs = seq_sub(seg->seq, 1);
    if ((seg->options.present & TCP_OPTION_TIMESTAMP) != 0 && tcp->settings.timestamps) {
        half_open->ep.own_options |= HALF_OPEN_TS;
        half_open->ts_recent = seg->options.timestamp_value;
    }
    take_bits(half_open, bits, seg->ace);
    return keyed_hash(tcp, half_open, wrapping_sub(now, age), bits) == (cookie.v & HASH_MASK);
}
