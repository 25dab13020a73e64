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
    uint16_t mtu; /* PMTU, at most the interface's MTU */
    uint8_t netif;
    uint8_t ip_header_bytes; /* 20 or 40: all that TCP needs to know of the version */
    uint32_t mtu_ms;         /* host_ms() when the PMTU was learned below the interface's */
};

/* Find or make the path and hold it. REF_NONE when the arena refuses. */
ref path_take(struct ip *ip, uint32_t netif, const struct rill_addr *local, const struct rill_addr *remote);

void path_hold(struct ip *ip, ref path);
void path_drop(struct ip *ip, ref path);

static inline struct path *path_at(const struct host *host, ref path)
{
    return (struct path *)host_at(host, path);
}

#endif
