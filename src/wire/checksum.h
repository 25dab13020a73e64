/*
 * The Internet checksum (RFC 1071) at memory speed, and its incremental update
 * (RFC 1624). Sums are kept unfolded in 64 bits and folded once. All sums are of
 * 16-bit words in network order, as numbers of this machine, whatever its
 * byte order or the data's alignment.
 */
#ifndef WIRE_CHECKSUM_H
#define WIRE_CHECKSUM_H

#include "base/bytes.h"

/* A partial ones'-complement sum: add with checksum_add(), finish with checksum_fold(). */
typedef uint64_t checksum_sum;

/* The sum of the bytes, as if followed by a zero byte when the count is odd; at most 2^20 bytes a call. */
checksum_sum checksum_bytes(const uint8_t *data, size_t length_bytes);

/* The same for exactly 20 bytes: an IPv4 header without options. */
static inline checksum_sum checksum_bytes20(const uint8_t *data)
{
    return (checksum_sum)get_be32(data) + get_be32(data + 4) + get_be32(data + 8) + get_be32(data + 12) +
           get_be32(data + 16);
}

/* Append a block's sum to a running one: offset_is_odd says that an odd number of bytes went before. */
checksum_sum checksum_append(checksum_sum before, checksum_sum block, bool offset_is_odd);

/* Fold to 16 bits without complement: what a device that completes the checksum wants in the field. */
static inline uint16_t checksum_fold(checksum_sum sum)
{
    uint32_t folded;

    sum += sum << 32 | sum >> 32;
    folded = (uint32_t)(sum >> 32);
    folded += folded << 16 | folded >> 16;
    return (uint16_t)(folded >> 16);
}

/* Fold to 16 bits and complement: what goes into the field. 0 for bytes whose own checksum field was right. */
static inline uint16_t checksum_finish(checksum_sum sum)
{
    return (uint16_t)~checksum_fold(sum);
}

/* RFC 1624 eqn. 3: the field's new value when a 16-bit word of the packet changes. */
uint16_t checksum_update16(uint16_t field, uint16_t old_word, uint16_t new_word);
uint16_t checksum_update32(uint16_t field, uint32_t old_word, uint32_t new_word);

/* Sum of the pseudo-header (RFC 9293 3.1): IPv4 addresses are numbers, IPv6 ones 16 bytes. length is of the
 * transport header and payload. */
static inline checksum_sum checksum_pseudo4(uint32_t source, uint32_t destination, uint8_t protocol,
                                            uint32_t length_bytes)
{
    return (checksum_sum)source + destination + protocol + length_bytes;
}

checksum_sum checksum_pseudo6(const uint8_t source[16], const uint8_t destination[16], uint8_t protocol,
                              uint32_t length_bytes);

#endif
