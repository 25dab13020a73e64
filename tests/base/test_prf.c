/* src/base/prf.c: SipHash by published and by others' values, and the fast forms by the slow one. */
#include "region.h"

#include "base/prf.h"

/* Aumasson and Bernstein, SipHash reference code: key 00..0f, input 00..n-1 for n = 0 .. 63. */
static const uint64_t vectors[] = {
    0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d,
    0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
    0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
    0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee, 0xa129ca6149be45e5,
};

static const struct prf_key reference_key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
static const enum prf_domain no_domain = (enum prf_domain)0;

static void domain_zero_is_plain_siphash_2_4(void **state)
{
    uint8_t input[64];

    (void)state;
    for (unsigned i = 0; i < sizeof(input); i++)
        input[i] = (uint8_t)i;
    for (size_t length = 0; length < sizeof(vectors) / sizeof(vectors[0]); length++)
        assert_true(prf_bytes(&reference_key, no_domain, input, length) == vectors[length]);
}

static void put_words(uint8_t *bytes, const uint64_t *words, unsigned count)
{
    for (unsigned i = 0; i < 8 * count; i++)
        bytes[i] = (uint8_t)(words[i / 8] >> (8 * (i % 8)));
}

static void two_words_hash_as_their_little_endian_bytes(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        struct prf_key key = {draw(&seed), draw(&seed)};
        enum prf_domain domain = (enum prf_domain)(i % (PRF_DRAW + 1));
        uint64_t words[2] = {draw(&seed), draw(&seed)};
        uint8_t bytes[16];

        put_words(bytes, words, 2);
        assert_true(prf_words2(&key, domain, words[0], words[1]) == prf_bytes(&key, domain, bytes, sizeof(bytes)));
    }
}

static void five_words_hash_as_their_little_endian_bytes(void **state)
{
    uint64_t seed = 2;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        struct prf_key key = {draw(&seed), draw(&seed)};
        enum prf_domain domain = (enum prf_domain)(i % (PRF_DRAW + 1));
        uint64_t words[5];
        uint8_t bytes[40];

        for (unsigned j = 0; j < 5; j++)
            words[j] = draw(&seed);
        put_words(bytes, words, 5);
        assert_true(prf_words5(&key, domain, words) == prf_bytes(&key, domain, bytes, sizeof(bytes)));
    }
}

static void twelve_bytes_hash_as_a_long_and_a_short_word(void **state)
{
    uint64_t seed = 3;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        struct prf_key key = {draw(&seed), draw(&seed)};
        enum prf_domain domain = (enum prf_domain)(i % (PRF_DRAW + 1));
        uint64_t words[2] = {draw(&seed), draw(&seed) >> 32};
        uint8_t bytes[16];

        put_words(bytes, words, 2);
        assert_true(prf_bytes12(&key, domain, words[0], (uint32_t)words[1]) == prf_bytes(&key, domain, bytes, 12));
    }
}

/* CPython 3.11 hashes bytes so: PYTHONHASHSEED=0 python3 -c 'print(hash(bytes(range(12))), hash(bytes(range(40))))' */
static void places_in_domain_zero_are_plain_siphash_1_3(void **state)
{
    static const struct prf_key zeros = {0, 0};
    uint64_t words[5];

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        words[i] = UINT64_C(0x0706050403020100) + i * UINT64_C(0x0808080808080808);
    assert_true(place_bytes12(&zeros, no_domain, words[0], (uint32_t)words[1]) == UINT64_C(0xa6baf4fb0f9fe1c2));
    assert_true(place_words5(&zeros, no_domain, words) == UINT64_C(0x95bc321ab41d8206));
}

static void domains_give_unrelated_values(void **state)
{
    (void)state;
    for (unsigned a = 0; a <= PRF_DRAW; a++)
        for (unsigned b = 0; b < a; b++)
            assert_true(prf_words2(&reference_key, (enum prf_domain)a, 1, 2) !=
                        prf_words2(&reference_key, (enum prf_domain)b, 1, 2));
}

/* Inputs that differ only in length must differ too: the length is hashed. */
static void trailing_zero_bytes_change_the_value(void **state)
{
    static const uint8_t zeros[32];

    (void)state;
    for (size_t a = 0; a <= sizeof(zeros); a++)
        for (size_t b = 0; b < a; b++)
            assert_true(prf_bytes(&reference_key, PRF_ISN, zeros, a) != prf_bytes(&reference_key, PRF_ISN, zeros, b));
}

static void input_may_lie_at_any_address(void **state)
{
    uint8_t bytes[64];

    (void)state;
    for (unsigned shift = 0; shift < 8; shift++) {
        for (unsigned i = 0; i < 15; i++)
            bytes[shift + i] = (uint8_t)i;
        assert_true(prf_bytes(&reference_key, no_domain, bytes + shift, 15) == vectors[15]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domain_zero_is_plain_siphash_2_4),
        cmocka_unit_test(two_words_hash_as_their_little_endian_bytes),
        cmocka_unit_test(five_words_hash_as_their_little_endian_bytes),
        cmocka_unit_test(twelve_bytes_hash_as_a_long_and_a_short_word),
        cmocka_unit_test(places_in_domain_zero_are_plain_siphash_1_3),
        cmocka_unit_test(domains_give_unrelated_values),
        cmocka_unit_test(trailing_zero_bytes_change_the_value),
        cmocka_unit_test(input_may_lie_at_any_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
