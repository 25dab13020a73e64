/*
 * One stack with two interfaces and packets written by hand, for tests of UDP
 * and of the ICMP errors about it. Virtual time.
 */
#ifndef SUPPORT_UDP_HOST_H
#define SUPPORT_UDP_HOST_H

#include "rill/udp.h"
#include "support/cmocka_all.h"
#include "support/packet_check.h"

#define UDP_HOST_PACKET_MAX 65535u

struct udp_host {
    struct rill_stack *stack;
    void *memory;
    int netif, other_netif; /* 10.0.0.2/24 with gateway 10.0.0.1; 172.16.0.2/24 */
    rill_time now;
    uint8_t sent[UDP_HOST_PACKET_MAX]; /* the packet that udp_host_sent() read last */
};

struct udp_packet {
    struct rill_endpoint source, destination;
    const void *data;
    uint32_t data_bytes;
    uint8_t ttl, tos;      /* ttl 0: 64 */
    bool no_checksum;      /* field 0 */
    uint16_t checksum_xor; /* makes it wrong */
    uint16_t udp_length;   /* 0: right */
    uint32_t excess_bytes; /* behind the datagram, inside the IP packet */
};

/* memory_bytes 0: 4 MiB. */
void udp_host_open(struct udp_host *h, size_t memory_bytes);
void udp_host_close(struct udp_host *h); /* and checks that nothing is left behind */

struct rill_endpoint udp_end(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port);

/* Write the whole packet; returns its bytes. */
uint32_t udp_packet_write(uint8_t *to, const struct udp_packet *packet);

/* It arrives at the first interface; by reference, in a buffer of the stack's, with `buffer`. */
void udp_host_arrives(struct udp_host *h, const uint8_t *packet, uint32_t bytes);
void udp_host_arrives_in_buffer(struct udp_host *h, const uint8_t *packet, uint32_t bytes, uint32_t buffer_bytes);
void udp_host_datagram(struct udp_host *h, const struct udp_packet *packet);

/* From 10.0.0.9:9999 to 10.0.0.2:port. */
void udp_host_text(struct udp_host *h, uint16_t port, const char *text);

/* The next packet that the stack sends by an interface, checked by packet_check(); false when there is none. */
bool udp_host_sent(struct udp_host *h, int netif, struct packet_facts *facts);

/* An ICMP error of 10.0.0.1 about the packet. */
void udp_host_icmp_error(struct udp_host *h, uint8_t type, uint8_t code, uint16_t mtu, const uint8_t *about,
                         uint32_t about_bytes);

/* A socket with default options, bound to 0.0.0.0:port. */
rill_conn udp_host_bound(struct udp_host *h, uint16_t port);

int64_t udp_host_send(struct udp_host *h, rill_conn conn, const struct rill_endpoint *remote, const char *text);

/* The oldest datagram is this text, and is taken. */
void udp_host_expect_text(struct udp_host *h, rill_conn conn, const char *text);
void udp_host_expect_nothing(struct udp_host *h, rill_conn conn);

/* The next event is of this socket and says this. */
void udp_host_expect_event(struct udp_host *h, rill_conn conn, uint32_t what);
void udp_host_expect_no_event(struct udp_host *h);

#endif
