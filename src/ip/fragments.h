/*
 * Fragments of IPv4 put together again (RFC 791 3.2, RFC 815, RFC 1122 3.3.2),
 * as strictly as RFC 5722 does it for IPv6. Knows nothing of what a datagram
 * is for, but how long the headers are that its first fragment must hold.
 */
#ifndef IP_FRAGMENTS_H
#define IP_FRAGMENTS_H

#include "base/host.h"
#include "base/table.h"

struct ip;
struct ip_packet;

/* RFC 1122 3.3.2 wants a fixed time, of 60 s or more; why half of it: docs/decisions/0030. */
#define FRAGMENTS_TIME (30 * NANOS_PER_S)
#define FRAGMENTS_DATAGRAMS_MAX 1024u
#define FRAGMENTS_MAX 120u /* of one datagram: 65,535 bytes in packets of 576 are 119 */
#define FRAGMENTS_PLACES 64u

/* Sources share places by a keyed hash. A place's datagrams, oldest first. */
struct fragments_place {
    ref oldest, newest;
    uint64_t charge;
};

struct fragments {
    struct pool datagrams;
    struct table table; /* by addresses, protocol and ID */
    ref oldest, newest; /* all of them: the time is the same for all, so this is the order of their ends too */
    uint64_t charge;    /* true size of all that is held */
    struct fragments_place places[FRAGMENTS_PLACES];
};

/* 0, or -1 when the arena refuses. */
int fragments_init(struct ip *ip);

/*
 * A fragment has arrived: it is copied, or dropped with a name. True when with it a datagram is whole: *packet is now
 * that datagram, in a buffer which is the caller's.
 */
bool fragments_arrive(struct ip *ip, struct ip_packet *packet);

/*
 * Give up one datagram whose time is over; false when there is none. first->buffer is REF_NONE, or the caller's: then
 * *first is the first fragment, about which its sender is to be told (RFC 792: time exceeded, code 1).
 */
bool fragments_expire(struct ip *ip, struct ip_packet *first);

/* When that is due; NANOS_NEVER. */
nanos fragments_deadline(const struct ip *ip);

uint64_t fragments_bytes(const struct ip *ip);

/* Every invariant. Slow. */
bool fragments_check(const struct ip *ip);

#endif
