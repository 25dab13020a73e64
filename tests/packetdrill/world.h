/*
 * librill_packetdrill.so as packetdrill uses it: loaded, asked for its table,
 * and played on. The local end is 192.168.0.1:8080, the peer 192.0.2.1:40000.
 */
#ifndef TESTS_PACKETDRILL_WORLD_H
#define TESTS_PACKETDRILL_WORLD_H

#include <dlfcn.h>
#include <netinet/in.h>
#include <string.h>

#include "base/bytes.h"
#include "packetdrill/interface.h"
#include "support/cmocka_all.h"
#include "support/packet_check.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"

#define LOCAL 0xc0a80001u  /* 192.168.0.1 */
#define REMOTE 0xc0000201u /* 192.0.2.1 */
#define PEER_PORT 40000u
#define PORT 8080u
#define PEER_ISN 1000u
#define SECOND 1000000

typedef int init_function(const char *flags, struct packetdrill_interface *iface);

static void *library;
static init_function *init;
static struct packetdrill_interface pd;
static uint32_t iss; /* the stack's */

/* -------------------------------------------------------------------- world */

static inline int load(void **state)
{
    void *symbol;

    (void)state;
    library = dlopen(RILL_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(library);
    symbol = dlsym(library, "packetdrill_interface_init");
    assert_non_null(symbol);
    memcpy(&init, &symbol, sizeof init); /* ISO C has no conversion from void * to a function */
    return 0;
}

static inline int unload(void **state)
{
    (void)state;
    return dlclose(library);
}

static inline int end(void **state)
{
    (void)state;
    pd.free(pd.userdata);
    return 0;
}

static inline long long now_usecs(void)
{
    struct timeval time;

    assert_int_equal(pd.gettimeofday(pd.userdata, &time, NULL), 0);
    return time.tv_sec * 1000000LL + time.tv_usec;
}

/* A segment of the peer's; seq and ack count from both sides' SYNs. */
static inline void peer_sends(uint8_t flags, uint32_t seq, uint32_t ack, const char *data)
{
    uint8_t packet[2048];
    size_t data_bytes = strlen(data), tcp_bytes;
    struct tcp_header tcp = {.source_port = PEER_PORT,
                             .destination_port = PORT,
                             .seq = seq_make(PEER_ISN + seq),
                             .ack = seq_make((flags & TCP_ACK) != 0 ? iss + ack : 0),
                             .window = 65535,
                             .flags = flags};
    struct ipv4_header ip = {.source = REMOTE, .destination = LOCAL, .ttl = 64, .protocol = IP_PROTOCOL_TCP};
    checksum_sum sum;

    if ((flags & TCP_SYN) != 0)
        tcp.options = (struct tcp_options){.present = TCP_OPTION_MSS, .mss = 1460};
    tcp_bytes = tcp_build(packet + IPV4_HEADER_BYTES, &tcp);
    memcpy(packet + IPV4_HEADER_BYTES + tcp_bytes, data, data_bytes);
    tcp_bytes += data_bytes;
    ip.total_bytes = (uint16_t)(IPV4_HEADER_BYTES + tcp_bytes);
    ipv4_build(packet, &ip);
    sum = checksum_pseudo4(REMOTE, LOCAL, IP_PROTOCOL_TCP, (uint32_t)tcp_bytes) +
          checksum_bytes(packet + IPV4_HEADER_BYTES, tcp_bytes);
    put_be16(packet + IPV4_HEADER_BYTES + 16, checksum_finish(sum));
    assert_int_equal(pd.netdev_send(pd.userdata, packet, ip.total_bytes), 0);
}

/* The next packet out is this segment; returns when it left. */
static inline long long stack_sends(unsigned flags, uint32_t seq, uint32_t ack, const char *data)
{
    uint8_t packet[2048];
    size_t bytes = sizeof packet;
    struct packet_facts facts;
    long long at = 0;

    assert_int_equal(pd.netdev_receive(pd.userdata, packet, &bytes, &at), 0);
    assert_int_not_equal(bytes, 0);
    assert_null(packet_check(packet, bytes, &facts));
    assert_int_equal(facts.flags, flags);
    if ((flags & TCP_SYN) != 0)
        iss = facts.seq;
    assert_int_equal(facts.seq - iss, seq);
    if ((flags & TCP_ACK) != 0)
        assert_int_equal(facts.ack - PEER_ISN, ack);
    assert_int_equal(facts.payload_bytes, strlen(data));
    assert_memory_equal(facts.payload, data, strlen(data));
    return at;
}

static inline struct sockaddr_in address(uint32_t host, uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = htonl(host)}};
}

static inline int open_listener(void)
{
    struct sockaddr_in local = address(INADDR_ANY, PORT);
    int fd = pd.socket(pd.userdata, AF_INET, SOCK_STREAM, IPPROTO_TCP);

    assert_true(fd >= 3);
    assert_int_equal(pd.bind(pd.userdata, fd, (struct sockaddr *)&local, sizeof local), 0);
    assert_int_equal(pd.listen(pd.userdata, fd, 1), 0);
    return fd;
}

static inline void peer_connects(void)
{
    peer_sends(TCP_SYN, 0, 0, "");
    (void)stack_sends(TCP_SYN | TCP_ACK, 0, 1, "");
    peer_sends(TCP_ACK, 1, 1, "");
}

static inline int accept_connection(int *listener)
{
    int fd;

    *listener = open_listener();
    peer_connects();
    fd = pd.accept(pd.userdata, *listener, NULL, NULL);
    assert_true(fd > *listener);
    return fd;
}

#endif
