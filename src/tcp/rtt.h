/*
 * Round-trip time and retransmission timeout (RFC 6298).
 */
#ifndef TCP_RTT_H
#define TCP_RTT_H

#include "tcp/tcp.h"

/* Take a measurement into SRTT and RTTVAR (2.2, 2.3) and find the RTO anew. */
void rtt_sample(struct tcp *tcp, struct tcb *tcb, uint32_t sample_us);

/* A SYN was not answered in time: what its path was known for is forgotten. */
void rtt_syn_timed_out(struct tcp *tcp, const struct tcb *tcb);

#define BACKOFF_MAX 16u /* doublings that count */

/* The RTO, not backed off. */
uint32_t rtt_rto_us(const struct tcp *tcp, const struct tcb *tcb);

/* The timeout to arm now: the RTO, doubled for each time it fired in a row (5.5), within its bounds. */
nanos rtt_timeout(const struct tcp *tcp, const struct tcb *tcb);

#endif
