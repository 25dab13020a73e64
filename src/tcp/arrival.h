/*
 * A segment on its way through RFC 9293 3.10.7: the parsed header, trimmed as
 * the steps go, and where its bytes lie.
 */
#ifndef TCP_ARRIVAL_H
#define TCP_ARRIVAL_H

#include "ip/ip.h"
#include "wire/tcp.h"

struct arrival {
    struct tcp_segment seg;   /* seq, data, data_bytes and flags are trimmed to the window */
    struct ip_packet *packet; /* packet->buffer becomes REF_NONE when a queue keeps it */
    uint32_t segments;        /* how many segments a merged one stands for */
};

#endif
