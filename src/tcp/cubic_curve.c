/*
 * The cubic of RFC 9438 in integers: see cubic_curve.h.
 */
#include "tcp/cubic_curve.h"

#define SECOND_BITS 20                           /* time in units of 2^-20 s */
#define TIME_MAX (UINT64_C(8192) << SECOND_BITS) /* by then it is far beyond any window */
#define CUBED_BITS 18                            /* low bits of the cube that make room for the factors */

uint64_t cubic_curve_bytes(uint32_t mss, uint64_t t_us)
{
    uint64_t t = min_u64((min_u64(t_us, UINT32_MAX) << SECOND_BITS) / 1000000, TIME_MAX);
    unsigned dropped = 0;

    for (; t >= UINT64_C(1) << 21; dropped++)
        t >>= 1; /* 21 bits are left: the cube fits into 63 */
    /* 0.4 * mss * t^3 / 2^60: C is 2/5, 2^60 is the cube of the unit of time. */
    return ((t * t * t >> CUBED_BITS) * 2 * mss / 5) >> (3 * SECOND_BITS - CUBED_BITS - 3 * dropped);
}

uint32_t cubic_curve_time_us(uint32_t mss, uint32_t bytes)
{
    uint32_t low = 0, high = UINT32_MAX;

    /* The curve never falls: by halving, 32 steps, once in a congestion event. */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (cubic_curve_bytes(mss, middle) < bytes)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
