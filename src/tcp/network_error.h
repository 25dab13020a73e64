/*
 * What ICMP errors mean to a connection (RFC 9293 3.9.2.2, RFC 5927, RFC 1191).
 */
#ifndef TCP_NETWORK_ERROR_H
#define TCP_NETWORK_ERROR_H

#include "tcp/tcp.h"

struct network_error {
    struct rill_addr local, remote;
    uint16_t local_port, remote_port;
    struct seq sequence; /* of the segment that the error quotes */
    bool hard;
    bool packet_too_big;
    uint32_t next_hop_mtu;
    int error;
};

void network_error_arrives(struct tcp *tcp, const struct network_error *error);

#endif
