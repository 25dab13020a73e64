/*
 * The Internet checksum: RFC 1071 (sum), RFC 1624 (update). Knows nothing of
 * packets. Ones'-complement sums are numbers modulo 65535, in which 2^16, 2^32,
 * 2^64 and 2^128 are all 1: any width of word may be summed, and the carries
 * out of its top counted.
 */
#include "wire/checksum.h"

__extension__ typedef unsigned __int128 u128;

/* In memory order, which is all that RFC 1071 2(B) asks for while summing. */
static inline u128 load16(const uint8_t *p)
{
    u128 word;

    memcpy(&word, p, sizeof word);
    return word;
}

/* The last 0 .. 15 bytes as one number, below 2^35. */
static inline uint64_t load_tail(const uint8_t *p, size_t length_bytes)
{
    uint64_t sum = 0, long_word;
    uint32_t word;
    uint16_t half;

    if (length_bytes & 8) {
        memcpy(&long_word, p, sizeof long_word);
        sum = (long_word & UINT32_MAX) + (long_word >> 32);
        p += 8;
    }
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
static inline checksum_sum fold_memory_order(u128 sum, uint64_t carries)
{
    uint64_t low = (uint64_t)sum;
    uint64_t high = (uint64_t)(sum >> 64);
    uint8_t bytes[4];
    uint32_t folded;

    low += high;
    carries += low < high;
    low += carries;
    low += low < carries;
    low += low << 32 | low >> 32;
    folded = (uint32_t)(low >> 32);
    memcpy(bytes, &folded, sizeof bytes);
    return get_be32(bytes);
}

/*
 * A 128-bit sum and the carries out of it, each worth 1 again. 16 bytes cost three
 * instructions in this form (add, adc, and adc of 0 to count the carry), and more
 * in every other form tried.
 */
struct wide_sum {
    u128 sum;
    uint64_t carries;
};

static inline struct wide_sum add16(struct wide_sum s, const uint8_t *p)
{
    s.carries += __builtin_add_overflow(s.sum, load16(p), &s.sum);
    return s;
}

static inline struct wide_sum add64(struct wide_sum s, const uint8_t *p)
{
    return add16(add16(add16(add16(s, p), p + 16), p + 32), p + 48);
}

static inline struct wide_sum add128(struct wide_sum s, const uint8_t *p)
{
    return add64(add64(s, p), p + 64);
}

checksum_sum checksum_bytes(const uint8_t *data, size_t length_bytes)
{
    struct wide_sum s = {0, 0};

    for (; length_bytes >= 256; length_bytes -= 256, data += 256)
        s = add128(add128(s, data), data + 128);
    if (length_bytes & 128) {
        s = add128(s, data);
        data += 128;
    }
    if (length_bytes & 64) {
        s = add64(s, data);
        data += 64;
    }
    if (length_bytes & 32) {
        s = add16(add16(s, data), data + 16);
        data += 32;
    }
    if (length_bytes & 16) {
        s = add16(s, data);
        data += 16;
    }
    return fold_memory_order(s.sum, s.carries + load_tail(data, length_bytes));
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
