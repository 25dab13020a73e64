/*
 * The one keyed pseudo-random function: SipHash-2-4 under a 128-bit secret,
 * with a domain number so that no use can be played against another (RFC 6528,
 * RFC 6056, tables, timestamps, cookies). The secret never leaves: not in
 * traces, not in dumps of the arena that leave the process.
 */
#ifndef BASE_PRF_H
#define BASE_PRF_H

#include "base/types.h"

struct prf_key {
    uint64_t k0, k1;
};

enum prf_domain {
    PRF_PLAIN = 0,   /* SipHash-2-4 as published: with a key that serves nothing else */
    PRF_ISN = 1,     /* RFC 6528 initial sequence numbers */
    PRF_TIMESTAMP,   /* RFC 7323 5.4 timestamp offsets */
    PRF_PORT,        /* RFC 6056 ephemeral ports */
    PRF_CONNECTIONS, /* the connection table */
    PRF_PATHS,       /* the path table */
    PRF_LISTENERS,   /* which of several listeners on a port takes a flow */
    PRF_IP_ID,
    PRF_COOKIE,    /* RFC 4987 SYN cookies */
    PRF_FAST_OPEN, /* RFC 7413 */
    PRF_DRAW,      /* plain random numbers, by counter */
    PRF_UDP,       /* the table of UDP sockets */
    PRF_ICMP,      /* the rate limit of ICMP errors */
    PRF_FRAGMENTS, /* the table of datagrams that come in pieces */
    PRF_FRAGMENT_SOURCES,
};

/* SipHash-2-4 of the bytes; the domain is mixed into the key. */
uint64_t prf_bytes(const struct prf_key *key, enum prf_domain domain, const void *data, size_t length_bytes);

/* The same function over two or five 64-bit words (as their little-endian bytes): the fast way for address tuples. */
uint64_t prf_words2(const struct prf_key *key, enum prf_domain domain, uint64_t a, uint64_t b);
uint64_t prf_words5(const struct prf_key *key, enum prf_domain domain, const uint64_t words[5]);

/* Over a 64-bit and a 32-bit word: two addresses of IPv4 and what tells one of theirs from another. */
uint64_t prf_bytes12(const struct prf_key *key, enum prf_domain domain, uint64_t a, uint32_t b);

/* SipHash-1-3 of the same, at half the cost: where things lie in tables, and nothing that a packet shows (ADR 0031). */
uint64_t place_bytes12(const struct prf_key *key, enum prf_domain domain, uint64_t a, uint32_t b);
uint64_t place_words5(const struct prf_key *key, enum prf_domain domain, const uint64_t words[5]);

/* Of a number that nobody outside chooses, as the port of a listener: needs no secret. An odd factor leaves no two alike. */
static inline uint64_t place_own(uint32_t number)
{
    return number * UINT64_C(0x9e3779b97f4a7c15);
}

#endif
