/*
 * The Internet checksum: RFC 1071 (sum), RFC 1624 (update). Knows nothing of
 * packets. Ones'-complement sums are numbers modulo 65535, in which 2^16, 2^32
 * and 2^64 are all 1: any width of word may be summed, and a carry out of its
 * top is worth 1.
 */
#include "wire/checksum.h"

static inline uint64_t load8(const uint8_t *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return word;
}

/* The last 0 .. 7 bytes as one number, below 2^33. */
static inline uint64_t load_tail(const uint8_t *p, size_t length_bytes)
{
    uint64_t sum = 0;
    uint32_t word;
    uint16_t half;

    if (length_bytes & 4) {
        memcpy(&word, p, sizeof word);
        sum += word;
        p += 4;
    }
    if (length_bytes & 2) {
        memcpy(&half, p, sizeof half);
        sum += half;
        p += 2;
    }
    if (length_bytes & 1) {
        const uint8_t padded[2] = {p[0], 0};

        memcpy(&half, padded, sizeof half);
        sum += half;
    }
    return sum;
}

/* Fold to 32 bits and turn memory order into network order (RFC 1071 2(B)): byte order swaps within the sum. */
static inline checksum_sum fold_memory_order(uint64_t sum)
{
    uint8_t bytes[4];
    uint32_t folded;

    sum += sum << 32 | sum >> 32;
    folded = (uint32_t)(sum >> 32);
    memcpy(bytes, &folded, sizeof bytes);
    return get_be32(bytes);
}

/*
 * Add a word in memory order (RFC 1071 2(B)) and a carry; the carry out of it. With the builtin, 8 bytes cost one
 * instruction: in no other form does gcc 12 chain adc. In its stead, what every machine does in three.
 */
static inline uint8_t add8(uint8_t carry, unsigned long long *sum, const uint8_t *p)
{
#if __has_builtin(__builtin_ia32_addcarryx_u64)
    return __builtin_ia32_addcarryx_u64(carry, *sum, load8(p), sum);
#else
    uint8_t out = __builtin_add_overflow(*sum, load8(p), sum);

    return (uint8_t)(out | __builtin_add_overflow(*sum, carry, sum));
#endif
}

#define CHAIN_BYTES 48u

/* What has just carried is at most 2^64 - 2 (nothing is carried into the first word), so the last carry has room. */
static inline uint64_t add_chain(uint64_t before, const uint8_t *p)
{
    unsigned long long sum = before;
    uint8_t carry = 0;

#pragma GCC unroll 6
    for (unsigned at = 0; at < CHAIN_BYTES; at += 8)
        carry = add8(carry, &sum, p + at);
    return sum + carry;
}

static inline uint64_t add_around(uint64_t a, uint64_t b)
{
    a += b;
    return a + (a < b);
}

/* Each adc waits for the one before it: three chains side by side take two thirds of the time of one. */
checksum_sum checksum_bytes(const uint8_t *data, size_t length_bytes)
{
    uint64_t a = 0, b = 0, c = 0;

    for (; length_bytes >= 3 * CHAIN_BYTES; length_bytes -= 3 * CHAIN_BYTES, data += 3 * CHAIN_BYTES) {
        a = add_chain(a, data);
        b = add_chain(b, data + CHAIN_BYTES);
        c = add_chain(c, data + 2 * CHAIN_BYTES);
    }
    a = add_around(add_around(a, b), c);
    for (; length_bytes >= 8; length_bytes -= 8, data += 8)
        a = add_around(a, load8(data));
    return fold_memory_order((a & UINT32_MAX) + (a >> 32) + load_tail(data, length_bytes));
}

/* RFC 1071 2(A): at an odd offset the block's bytes change places, which is multiplication by 2^8 modulo 65535. */
checksum_sum checksum_append(checksum_sum before, checksum_sum block, bool offset_is_odd)
{
    block = (block & UINT32_MAX) + (block >> 32);
    return before + (offset_is_odd ? block << 8 : block);
}

uint16_t checksum_update16(uint16_t field, uint16_t old_word, uint16_t new_word)
{
    return checksum_finish((checksum_sum)(uint16_t)~field + (uint16_t)~old_word + new_word);
}

uint16_t checksum_update32(uint16_t field, uint32_t old_word, uint32_t new_word)
{
    return checksum_finish((checksum_sum)(uint16_t)~field + (checksum_sum)(uint32_t)~old_word + new_word);
}

checksum_sum checksum_pseudo6(const uint8_t source[16], const uint8_t destination[16], uint8_t protocol,
                              uint32_t length_bytes)
{
    return checksum_bytes(source, 16) + checksum_bytes(destination, 16) + protocol + length_bytes;
}
