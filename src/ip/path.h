/*
 * Paths: interned pairs of addresses. A connection holds a path and two ports
 * and so never learns which IP version it runs on; ten thousand connections to
 * one peer share one path and what was learned about it.
 */
#ifndef IP_PATH_H
#define IP_PATH_H

#include "base/host.h"

struct ip;

struct path {
    uint32_t generation;
    uint32_t holders;
    struct rill_addr local, remote;
    uint16_t mtu; /* PMTU, at most the interface's MTU (RFC 4821's eff_pmtu) */
    uint8_t netif;
    uint8_t ip_header_bytes; /* 20 or 40: all that TCP needs to know of the version */

    /* path_mtu.h */
    uint32_t mtu_ms;                  /* host_ms() when something was last learned of the PMTU */
    uint16_t search_low, search_high; /* RFC 4821 7.1: carried for sure; what may be, and no more */
    uint32_t probe_ms, probe_wait_ms; /* no probe for so long after host_ms() then */
    uint8_t search;                   /* PATH_SEARCHES, PATH_WHOLE */
    bool is_kept;                     /* among ip.kept_paths, which is one of its holders */
    uint8_t unclear;                  /* probes of one size, in a row, whose loss told nothing */
    uint8_t rtt_4ms; /* the last connection's first round trip, rounded up; 0: not known, or too long */
};

_Static_assert(sizeof(struct path) <= 64, "a connection whose peer is its own has one");

/* Find or make the path and hold it. REF_NONE when the arena refuses. */
ref path_take(struct ip *ip, uint32_t netif, const struct rill_addr *local, const struct rill_addr *remote);

void path_hold(struct ip *ip, ref path);
void path_drop(struct ip *ip, ref path);

/* Paths that nobody uses: what was learned of them is worth more than their room. */
uint32_t path_unused_count(const struct ip *ip);

static inline struct path *path_at(const struct host *host, ref path)
{
    return (struct path *)host_at(host, path);
}

#endif
