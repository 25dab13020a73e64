/* src/wire/checksum.c against RFC 1071 one byte at a time. */
#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "support/packet_check.h"
#include "wire/checksum.h"

#define LENGTH_MAX 3000u
#define ALIGNMENTS 16u

static uint32_t lcg(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void fill_random(uint8_t *bytes, size_t count, uint32_t seed)
{
    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)lcg(&seed);
}

/* Every length at every alignment, in a block that ends where the bytes end. */
static void compare_all_lengths(const uint8_t *pattern)
{
    for (size_t length = 0; length <= LENGTH_MAX; length++) {
        uint16_t expected = naive_sum(0, pattern, length);
        size_t alignment = length % ALIGNMENTS;
        uint8_t *block = malloc(length + alignment + 1);

        assert_non_null(block);
        memcpy(block + alignment, pattern, length);
        assert_int_equal(checksum_fold(checksum_bytes(block + alignment, length)), expected);
        free(block);
    }
}

static void sum_equals_the_naive_one_for_all_lengths(void **state)
{
    static uint8_t pattern[LENGTH_MAX];

    (void)state;
    fill_random(pattern, sizeof pattern, 1);
    compare_all_lengths(pattern);
}

static void sum_of_all_ones_counts_every_carry(void **state)
{
    static uint8_t pattern[LENGTH_MAX];

    (void)state;
    memset(pattern, 0xff, sizeof pattern);
    compare_all_lengths(pattern);
}

static void sum_does_not_depend_on_alignment(void **state)
{
    static uint8_t pattern[LENGTH_MAX];
    static uint8_t moved[LENGTH_MAX + ALIGNMENTS];

    (void)state;
    fill_random(pattern, sizeof pattern, 2);
    for (size_t length = 0; length <= LENGTH_MAX; length += 1 + length / 64) {
        uint16_t expected = naive_sum(0, pattern, length);

        for (size_t alignment = 0; alignment < ALIGNMENTS; alignment++) {
            memcpy(moved + alignment, pattern, length);
            assert_int_equal(checksum_fold(checksum_bytes(moved + alignment, length)), expected);
        }
    }
}

static void sum_of_a_mebibyte_of_ones_does_not_overflow(void **state)
{
    const size_t length = (size_t)1 << 20;
    uint8_t *block = malloc(length);

    (void)state;
    assert_non_null(block);
    memset(block, 0xff, length);
    assert_int_equal(checksum_fold(checksum_bytes(block, length)), 0xffff);
    block[length - 1] = 0xfe;
    assert_int_equal(checksum_fold(checksum_bytes(block, length)), 0xfffe);
    free(block);
}

static void sum_of_twenty_bytes_equals_the_general_one(void **state)
{
    uint8_t bytes[20];

    (void)state;
    for (uint32_t seed = 0; seed < 1000; seed++) {
        fill_random(bytes, sizeof bytes, seed);
        assert_int_equal(checksum_fold(checksum_bytes20(bytes)), naive_sum(0, bytes, sizeof bytes));
    }
}

/* RFC 1071 section 3: the bytes 00 01 f2 03 f4 f5 f6 f7 sum to ddf2. */
static void rfc_1071_example_sums_to_ddf2(void **state)
{
    const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

    (void)state;
    assert_int_equal(checksum_fold(checksum_bytes(bytes, sizeof bytes)), 0xddf2);
}

static void rfc_1071_example_finishes_as_the_complement(void **state)
{
    const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

    (void)state;
    assert_int_equal(checksum_finish(checksum_bytes(bytes, sizeof bytes)), 0x220d);
}

static void bytes_with_their_checksum_in_them_finish_as_zero(void **state)
{
    /* A header of which the checksum, b861, is well known. */
    const uint8_t header[] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                              0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};

    (void)state;
    assert_int_equal(checksum_finish(checksum_bytes(header, sizeof header)), 0);
}

static void appended_blocks_sum_as_one_at_every_cut(void **state)
{
    uint8_t bytes[301];
    uint16_t expected;

    (void)state;
    fill_random(bytes, sizeof bytes, 3);
    expected = naive_sum(0, bytes, sizeof bytes);
    for (size_t first = 0; first <= sizeof bytes; first++) {
        for (size_t second = first; second <= sizeof bytes; second += 7) {
            checksum_sum sum = checksum_bytes(bytes, first);

            sum = checksum_append(sum, checksum_bytes(bytes + first, second - first), first % 2 == 1);
            sum = checksum_append(sum, checksum_bytes(bytes + second, sizeof bytes - second), second % 2 == 1);
            assert_int_equal(checksum_fold(sum), expected);
        }
    }
}

static void append_takes_any_sum(void **state)
{
    (void)state;
    /* 2^64 - 1 is a multiple of 65535: nothing is added but the block's own zero. */
    assert_int_equal(checksum_fold(checksum_append(0, UINT64_MAX, true)), 0xffff);
    assert_int_equal(checksum_fold(checksum_append(0x1234, UINT64_MAX, false)), 0x1234);
    assert_int_equal(checksum_fold(checksum_append(0, 0x1234, true)), 0x3412);
}

static void fold_is_the_remainder_modulo_65535(void **state)
{
    uint32_t seed = 4;

    (void)state;
    assert_int_equal(checksum_fold(0), 0);
    assert_int_equal(checksum_fold(UINT64_MAX), 0xffff);
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t sum = (uint64_t)lcg(&seed) << 40 ^ (uint64_t)lcg(&seed) << 20 ^ lcg(&seed);
        uint64_t remainder = sum % 65535;

        assert_int_equal(checksum_fold(sum), remainder == 0 && sum != 0 ? 0xffff : remainder);
    }
}

/* What the field should be, the slow way: the sum of the other words and the changed one, complemented. */
static uint16_t recomputed(uint32_t others, uint16_t word)
{
    uint32_t sum = others + word;

    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/*
 * RFC 1624 3: with equation 3 the updated field is what recomputing gives, for
 * every old field. others: the sum of the packet's unchanged words, which for a
 * real header is never 0.
 */
static void update_equals_recomputing_for_every_field(void **state)
{
    static const uint16_t words[] = {0x0000, 0x0001, 0x00ff, 0x5555, 0x7fff, 0x8000, 0xfffe, 0xffff};
    const size_t count = sizeof words / sizeof words[0];

    (void)state;
    for (uint32_t others = 1; others <= 0xffff; others++) {
        for (size_t i = 0; i < count * count; i++) {
            uint16_t old_word = words[i / count];
            uint16_t new_word = words[i % count];
            uint16_t field = recomputed(others, old_word);

            if (checksum_update16(field, old_word, new_word) != recomputed(others, new_word))
                fail_msg("others %x old %x new %x", others, old_word, new_word);
        }
    }
}

static void update_equals_recomputing_for_every_new_word(void **state)
{
    (void)state;
    for (uint32_t new_word = 0; new_word <= 0xffff; new_word++) {
        for (uint32_t others = 1; others < 0xffff; others += 4099) {
            uint16_t old_word = (uint16_t)(new_word * 40503u);
            uint16_t field = recomputed(others, old_word);

            if (checksum_update16(field, old_word, (uint16_t)new_word) != recomputed(others, (uint16_t)new_word))
                fail_msg("others %x old %x new %x", others, old_word, new_word);
        }
    }
}

/* RFC 1624 4: HC dd2f, m 5555, m' 3285 must give 0000, where RFC 1141's formula gave ffff. */
static void rfc_1624_example_gives_zero_not_ffff(void **state)
{
    (void)state;
    assert_int_equal(checksum_update16(0xdd2f, 0x5555, 0x3285), 0x0000);
}

static void update_of_32_bits_equals_two_of_16(void **state)
{
    uint32_t seed = 5;

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        uint32_t old_word = lcg(&seed) << 16 ^ lcg(&seed);
        uint32_t new_word = lcg(&seed) << 16 ^ lcg(&seed);
        uint16_t field = recomputed(1 + lcg(&seed) % 0xffff + (old_word >> 16), (uint16_t)old_word);
        uint16_t halves = checksum_update16(field, (uint16_t)(old_word >> 16), (uint16_t)(new_word >> 16));

        halves = checksum_update16(halves, (uint16_t)old_word, (uint16_t)new_word);
        assert_int_equal(checksum_update32(field, old_word, new_word), halves);
    }
}

static void pseudo_header_of_ipv4_is_its_twelve_bytes_sum(void **state)
{
    const uint8_t pseudo[] = {192, 168, 255, 1, 10, 77, 0, 2, 0, 6, 0x05, 0xc8};

    (void)state;
    assert_int_equal(checksum_fold(checksum_pseudo4(0xc0a8ff01, 0x0a4d0002, 6, 0x5c8)),
                     naive_sum(0, pseudo, sizeof pseudo));
}

static void pseudo_header_of_ipv6_is_its_forty_bytes_sum(void **state)
{
    uint8_t pseudo[40];

    (void)state;
    for (uint32_t seed = 0; seed < 100; seed++) {
        fill_random(pseudo, 32, seed);
        memcpy(pseudo + 32, "\0\1\xf0\x0d\0\0\0\x06", 8);
        assert_int_equal(checksum_fold(checksum_pseudo6(pseudo, pseudo + 16, 6, 0x1f00d)),
                         naive_sum(0, pseudo, sizeof pseudo));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sum_equals_the_naive_one_for_all_lengths),
        cmocka_unit_test(sum_of_all_ones_counts_every_carry),
        cmocka_unit_test(sum_does_not_depend_on_alignment),
        cmocka_unit_test(sum_of_a_mebibyte_of_ones_does_not_overflow),
        cmocka_unit_test(sum_of_twenty_bytes_equals_the_general_one),
        cmocka_unit_test(rfc_1071_example_sums_to_ddf2),
        cmocka_unit_test(rfc_1071_example_finishes_as_the_complement),
        cmocka_unit_test(bytes_with_their_checksum_in_them_finish_as_zero),
        cmocka_unit_test(appended_blocks_sum_as_one_at_every_cut),
        cmocka_unit_test(append_takes_any_sum),
        cmocka_unit_test(fold_is_the_remainder_modulo_65535),
        cmocka_unit_test(update_equals_recomputing_for_every_field),
        cmocka_unit_test(update_equals_recomputing_for_every_new_word),
        cmocka_unit_test(rfc_1624_example_gives_zero_not_ffff),
        cmocka_unit_test(update_of_32_bits_equals_two_of_16),
        cmocka_unit_test(pseudo_header_of_ipv4_is_its_twelve_bytes_sum),
        cmocka_unit_test(pseudo_header_of_ipv6_is_its_forty_bytes_sum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
