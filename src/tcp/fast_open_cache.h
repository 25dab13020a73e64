/*
 * What a client remembers of servers for fast open (RFC 7413 4.1.3): a cookie
 * and the MSS for each pair of addresses, and failures. Bounded: as many
 * entries as four pages hold, taken with the first one; the one used longest
 * ago in its set gives way.
 */
#ifndef TCP_FAST_OPEN_CACHE_H
#define TCP_FAST_OPEN_CACHE_H

#include "tcp/tcp.h"

#define FAST_OPEN_COOKIE_BYTES_MAX 16u

struct fast_open_entry {
    struct rill_addr local, remote; /* remote unspecified: the entry is free */
    uint8_t cookie[FAST_OPEN_COOKIE_BYTES_MAX];
    uint32_t used_ms;     /* host_ms() */
    uint32_t failed_ms;   /* of the last failure */
    uint16_t failed_port; /* the service that failed */
    uint16_t mss;         /* that the server announced; 0: none known */
    uint8_t cookie_bytes; /* 0: no cookie known */
    uint8_t failures;     /* in a row */
    uint8_t spare[2];
};

_Static_assert(sizeof(struct fast_open_entry) == 64, "one cache line");

/* What it occupies. */
uint64_t fast_open_cache_bytes(const struct tcp *tcp);

/* The entry of a path; NULL when there is none. Counts as a use. */
struct fast_open_entry *fast_open_cache_find(struct tcp *tcp, const struct path *path);

/* Found or made, in the place of another if need be; NULL when the arena refuses the pages. */
struct fast_open_entry *fast_open_cache_make(struct tcp *tcp, const struct path *path);

/*
 * RFC 7413 4.1.3.1: fast open to this port failed a short while ago, or several times in a row and a longer one. Also
 * forgets a failure that is over.
 */
bool fast_open_cache_is_barred(const struct tcp *tcp, const struct fast_open_entry *entry, uint16_t port);

void fast_open_cache_failed(struct tcp *tcp, struct fast_open_entry *entry, uint16_t port);

#endif
