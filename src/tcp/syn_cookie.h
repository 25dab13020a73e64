/*
 * SYN cookies (RFC 4987 3.6): the state of a half-open connection carried by
 * the peer, in the sequence number of our SYN,ACK.
 */
#ifndef TCP_SYN_COOKIE_H
#define TCP_SYN_COOKIE_H

#include "tcp/arrival.h"
#include "tcp/tcp.h"

#define SYN_COOKIE_PERIOD_MS 65536u /* a cookie is valid for this period and the next */
#define SYN_COOKIE_LIFE_MS (2u * SYN_COOKIE_PERIOD_MS)

/* The ISS that says what the block holds: addresses, ports and irs by its keyed hash; MSS and options readable. */
struct seq syn_cookie_make(const struct tcp *tcp, const struct half_open *half_open);

/*
 * An ACK whose acknowledgement may be a cookie + 1. half_open comes with path,
 * ports and listener; true when the cookie is ours and fresh: then irs, iss, mss, options and ts_recent are filled.
 */
bool syn_cookie_read(const struct tcp *tcp, const struct tcp_segment *seg, struct half_open *half_open);

#endif
