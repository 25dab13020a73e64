/*
 * The cubic of RFC 9438 4.2 in integers: C = 0.4 segments / s^3.
 */
#ifndef TCP_CUBIC_CURVE_H
#define TCP_CUBIC_CURVE_H

#include "base/types.h"

/* C * t^3 in bytes, off by less than three millionths and a byte; from a GiB on it may be less, never below a GiB. */
uint64_t cubic_curve_bytes(uint32_t mss, uint64_t t_us);

/* The time after which the curve has risen by so many bytes: K of Figure 2. */
uint32_t cubic_curve_time_us(uint32_t mss, uint32_t bytes);

#endif
