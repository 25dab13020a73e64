/*
 * What TCP options mean for a connection: what we offer, what was agreed
 * (RFC 9293 3.7.1, RFC 7323, RFC 2018), and what goes on each segment.
 */
#ifndef TCP_OPTIONS_H
#define TCP_OPTIONS_H

#include "tcp/tcp.h"
#include "wire/tcp.h"

#define TIMESTAMP_OPTION_BYTES 12u /* with its two NOPs */

/* The MSS we announce: what our interface takes in one packet without options (RFC 6691), whatever the path's PMTU. */
uint16_t options_announced_mss(const struct tcp *tcp, const struct path *path);

/* Payload per segment towards a peer that announced `peer_mss` (0: nothing, so 536: RFC 9293 MUST-15). */
uint16_t options_send_mss(const struct path *path, uint16_t peer_mss, bool timestamps);

/* ... whatever the path's PMTU. */
uint16_t options_send_mss_max(const struct path *path, uint16_t peer_mss, bool timestamps);

/* The shift that we announce for a receive buffer of this size. */
uint8_t options_window_shift(const struct tcp *tcp, uint32_t wanted_bytes);

/* RFC 7323 5.4: an offset of its own for each pair of addresses and ports, so that the clock tells nothing. */
uint32_t options_timestamp_offset(const struct tcp *tcp, const struct endpoint *ep);

static inline uint32_t options_timestamp_now(const struct tcp *tcp, const struct tcb *tcb)
{
    return wrapping_add(host_ms(&tcp->ip.host), tcb->ts_offset);
}

/* The options of our SYN, or SYN,ACK: what we offer, or of that what the peer offered too. */
void options_for_syn(const struct tcp *tcp, const struct tcb *tcb, struct tcp_options *out);

/* The options of any other segment: timestamp, SACK blocks. */
void options_for_segment(const struct tcp *tcp, const struct tcb *tcb, struct tcp_options *out);

/* RFC 5482 3.3: seconds, or minutes with bit 15 set; never 0. */
uint16_t options_encode_user_timeout(uint32_t user_timeout_ms);

/* The application set it: it is told to the peer if that was asked for, and the peer's changes nothing any more. */
void options_fix_user_timeout(struct tcb *tcb);

/* The application set it, and takes none from the peer. */
static inline bool options_user_timeout_is_fixed(const struct tcb *tcb)
{
    return (tcb->flags & (TCB_UTO_FIXED | TCB_USER_TIMEOUT)) == TCB_UTO_FIXED;
}

/* What the peer tells of its user timeout (RFC 5482 3.1), for a synchronized connection. */
void options_take_user_timeout(struct tcp *tcp, struct tcb *tcb, const struct tcp_options *theirs);

/* Take the peer's SYN or SYN,ACK options into the TCB: only what both sides offered is agreed. */
void options_agree(struct tcp *tcp, struct tcb *tcb, const struct tcp_options *theirs);

#endif
