/*
 * What is known of a path's MTU, and the search for it (RFC 1191, RFC 4821 7, RFC 8899): which size is tried next,
 * and what its fate says. All sizes are of whole packets, IP headers included. Who sends the probes, and how their
 * loss is told from congestion, is the business of the protocols above.
 */
#ifndef IP_PATH_MTU_H
#define IP_PATH_MTU_H

#include "ip/ip.h"

/* RFC 5927 7.2: no IPv4 path in use needs less. A claim of less is believed as far as here; RFC 1191 3 allows 68. */
#define PATH_MTU_FLOOR_V4 552u

/* path.search */
#define PATH_SEARCHES 0x1u /* probes may go */
#define PATH_WHOLE 0x2u    /* the next one has search_high itself: it may just as well fit */

/* A new path. */
void path_mtu_begin(const struct ip *ip, struct path *path);

/* It is narrower than the interface, as somebody had to find out. */
bool path_mtu_is_learned(const struct ip *ip, const struct path *path);

/* Nothing was learned of it for ten minutes. */
bool path_mtu_is_old(const struct ip *ip, const struct path *path);

/* Before sending: what was learned long ago is forgotten (RFC 1191 6.3), or put to the proof (RFC 4821 7.3). */
void path_mtu_age(const struct ip *ip, struct path *path);

/* Too big, says a router, whose link takes `claimed`. True when that is believed. */
bool path_mtu_too_big(const struct ip *ip, struct path *path, uint32_t claimed);

/* The next smaller size that a silent path gets (RFC 4821 7.7); path->mtu when there is none. */
uint32_t path_mtu_below(const struct ip *ip, const struct path *path);

/* Full-sized packets vanish: use that one, and search for what fits. */
void path_mtu_black_hole(const struct ip *ip, struct path *path);

/* It was not the size: as before. */
void path_mtu_restore(const struct ip *ip, struct path *path, uint32_t mtu);

/* The size of the next probe, at most `ceiling`; 0: none is due. */
uint32_t path_mtu_probe(const struct ip *ip, const struct path *path, uint32_t ceiling);

/* What became of a probe. wait_ms: how long there is to be none (RFC 4821 7.6.2). */
void path_mtu_carried(const struct ip *ip, struct path *path, uint32_t bytes);
void path_mtu_refused(const struct ip *ip, struct path *path, uint32_t bytes, uint32_t wait_ms);
void path_mtu_unclear(const struct ip *ip, struct path *path, uint32_t bytes, uint32_t wait_ms);

/* A router refused a probe and says what its link takes, which is no less than path->mtu: tried next, not believed. */
void path_mtu_hint(const struct ip *ip, struct path *path, uint32_t claimed);

#endif
