/*
 * SipHash-2-4 and SipHash-1-3 (Aumasson and Bernstein, 2012), with the domain
 * mixed into the key. Domain 0 is plain SipHash, as published vectors have it.
 */
#include "base/prf.h"

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate_left(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate_left(s->v1, 13) ^ s->v0;
    s->v3 = rotate_left(s->v3, 16) ^ s->v2;
    s->v0 = rotate_left(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate_left(s->v1, 17) ^ s->v2;
    s->v3 = rotate_left(s->v3, 21) ^ s->v0;
    s->v2 = rotate_left(s->v2, 32);
}

/* An odd factor is a bijection, so two domains never share a key. */
static inline struct sip sip_start(const struct prf_key *key, enum prf_domain domain)
{
    uint64_t k0 = key->k0;
    uint64_t k1 = key->k1 ^ (uint64_t)domain * UINT64_C(0x9e3779b97f4a7c15);

    return (struct sip){
        .v0 = k0 ^ UINT64_C(0x736f6d6570736575),
        .v1 = k1 ^ UINT64_C(0x646f72616e646f6d),
        .v2 = k0 ^ UINT64_C(0x6c7967656e657261),
        .v3 = k1 ^ UINT64_C(0x7465646279746573),
    };
}

static inline void sip_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    sip_round(s);
    s->v0 ^= word;
}

/* last: the bytes that do not fill a word, and the length's low byte on top. */
static inline uint64_t sip_finish(struct sip *s, uint64_t last)
{
    sip_word(s, last);
    s->v2 ^= 0xff;
    sip_round(s);
    sip_round(s);
    sip_round(s);
    sip_round(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* The first count (<= 8) bytes as a little-endian number. */
static uint64_t get_le(const uint8_t *p, size_t count)
{
    uint64_t word = 0;

    for (size_t i = 0; i < count; i++)
        word |= (uint64_t)p[i] << (8 * i);
    return word;
}

uint64_t prf_bytes(const struct prf_key *key, enum prf_domain domain, const void *data, size_t length_bytes)
{
    struct sip s = sip_start(key, domain);
    const uint8_t *p = data;
    size_t left = length_bytes;

    for (; left >= 8; left -= 8, p += 8)
        sip_word(&s, get_le(p, 8));
    return sip_finish(&s, (uint64_t)length_bytes << 56 | (left ? get_le(p, left) : 0));
}

uint64_t prf_words2(const struct prf_key *key, enum prf_domain domain, uint64_t a, uint64_t b)
{
    struct sip s = sip_start(key, domain);

    sip_word(&s, a);
    sip_word(&s, b);
    return sip_finish(&s, UINT64_C(16) << 56);
}

uint64_t prf_bytes12(const struct prf_key *key, enum prf_domain domain, uint64_t a, uint32_t b)
{
    struct sip s = sip_start(key, domain);

    sip_word(&s, a);
    return sip_finish(&s, UINT64_C(12) << 56 | b);
}

uint64_t prf_words5(const struct prf_key *key, enum prf_domain domain, const uint64_t words[5])
{
    struct sip s = sip_start(key, domain);

    sip_word(&s, words[0]);
    sip_word(&s, words[1]);
    sip_word(&s, words[2]);
    sip_word(&s, words[3]);
    sip_word(&s, words[4]);
    return sip_finish(&s, UINT64_C(40) << 56);
}

static inline void place_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

static inline uint64_t place_finish(struct sip *s, uint64_t last)
{
    place_word(s, last);
    s->v2 ^= 0xff;
    sip_round(s);
    sip_round(s);
    sip_round(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t place_bytes12(const struct prf_key *key, enum prf_domain domain, uint64_t a, uint32_t b)
{
    struct sip s = sip_start(key, domain);

    place_word(&s, a);
    return place_finish(&s, UINT64_C(12) << 56 | b);
}

uint64_t place_words5(const struct prf_key *key, enum prf_domain domain, const uint64_t words[5])
{
    struct sip s = sip_start(key, domain);

    for (unsigned i = 0; i < 5; i++)
        place_word(&s, words[i]);
    return place_finish(&s, UINT64_C(40) << 56);
}
