/*
 * The stack under a UDP test.
 */
#include "support/udp_host.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/icmp4.h"
#include "wire/ipv4.h"
#include "wire/train.h"

static uint32_t v4_of(const struct rill_endpoint *end)
{
    return get_be32(end->addr.bytes + 12);
}

void udp_host_open(struct udp_host *h, size_t memory_bytes)
{
    struct rill_netif_config netif = {.name = "one", .mtu = 1500, .prefix_bits = 24};
    struct rill_config config;

    memset(h, 0, sizeof *h);
    h->now = 1000000000;
    rill_config_default(&config);
    config.memory_bytes = memory_bytes != 0 ? memory_bytes : 4u << 20;
    assert_int_equal(posix_memalign(&h->memory, 4096, config.memory_bytes), 0);
    config.memory = h->memory;
    config.now = h->now;
    memcpy(config.secret, "sixteen secrets.", 16);
    assert_int_equal(rill_stack_create(&config, &h->stack), 0);
    netif.addr = rill_addr4(10, 0, 0, 2);
    netif.gateway = rill_addr4(10, 0, 0, 1);
    assert_int_equal(rill_netif_add(h->stack, &netif, &h->netif), 0);
    netif = (struct rill_netif_config){.name = "two", .mtu = 1000, .prefix_bits = 24};
    netif.addr = rill_addr4(172, 16, 0, 2);
    assert_int_equal(rill_netif_add(h->stack, &netif, &h->other_netif), 0);
}

void udp_host_close(struct udp_host *h)
{
    struct packet_facts facts;
    struct rill_memory memory;
    struct rill_status status;
    uint64_t cursor = 0;

    assert_true(rill_check(h->stack));
    while (rill_list(h->stack, &cursor, &status)) {
        assert_int_equal(rill_close(h->stack, status.conn), 0);
        cursor = 0;
    }
    while (udp_host_sent(h, h->netif, &facts) || udp_host_sent(h, h->other_netif, &facts))
        continue;
    udp_host_expect_no_event(h);
    rill_poll(h->stack, h->now);
    assert_true(rill_check(h->stack));
    rill_memory(h->stack, &memory);
    assert_int_equal(memory.udp_sockets, 0);
    assert_int_equal(memory.buffer_bytes, 0);
    rill_stack_destroy(h->stack);
    free(h->memory);
}

struct rill_endpoint udp_end(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
    return (struct rill_endpoint){rill_addr4(a, b, c, d), port};
}

uint32_t udp_packet_write(uint8_t *to, const struct udp_packet *packet)
{
    uint16_t udp_bytes = (uint16_t)(8 + packet->data_bytes);
    const struct ipv4_header header = {
        .source = v4_of(&packet->source),
        .destination = v4_of(&packet->destination),
        .tos = packet->tos,
        .ttl = packet->ttl != 0 ? packet->ttl : 64,
        .protocol = IP_PROTOCOL_UDP,
        .total_bytes = (uint16_t)(20 + udp_bytes + packet->excess_bytes),
        .dont_fragment = true,
    };
    uint16_t checksum;

    assert_true(header.total_bytes <= UDP_HOST_PACKET_MAX);
    ipv4_build(to, &header);
    put_be16(to + 20, packet->source.port);
    put_be16(to + 22, packet->destination.port);
    put_be16(to + 24, packet->udp_length != 0 ? packet->udp_length : udp_bytes);
    put_be16(to + 26, 0);
    if (packet->data_bytes > 0)
        memcpy(to + 28, packet->data, packet->data_bytes);
    memset(to + 20 + udp_bytes, 0xa5, packet->excess_bytes);
    /* The sum by the second opinion, which knows the UDP length and not what lies behind. */
    checksum = (uint16_t)~naive_transport_sum(to, 20, 20u + udp_bytes, IP_PROTOCOL_UDP);
    checksum = checksum == 0 ? 0xffff : checksum;
    put_be16(to + 26, packet->no_checksum ? 0 : (uint16_t)(checksum ^ packet->checksum_xor));
    return header.total_bytes;
}

void udp_host_arrives(struct udp_host *h, const uint8_t *packet, uint32_t bytes)
{
    struct rill_packet raw = {.data = packet, .length_bytes = bytes};

    rill_input(h->stack, h->netif, &raw, 1, h->now);
    assert_true(rill_check(h->stack));
}

void udp_host_arrives_in_buffer(struct udp_host *h, const uint8_t *packet, uint32_t bytes, uint32_t buffer_bytes)
{
    uint8_t *data = NULL;
    struct rill_packet raw = {.length_bytes = bytes, .buffer = rill_buffer_take(h->stack, buffer_bytes, &data)};

    assert_int_not_equal(raw.buffer, 0);
    memcpy(data, packet, bytes);
    raw.data = data;
    rill_input(h->stack, h->netif, &raw, 1, h->now);
    if (raw.buffer != 0)
        rill_buffer_give(h->stack, raw.buffer);
    assert_true(rill_check(h->stack));
}

void udp_host_datagram(struct udp_host *h, const struct udp_packet *packet)
{
    uint8_t bytes[UDP_HOST_PACKET_MAX];

    udp_host_arrives(h, bytes, udp_packet_write(bytes, packet));
}

void udp_host_text(struct udp_host *h, uint16_t port, const char *text)
{
    const struct udp_packet packet = {
        .source = udp_end(10, 0, 0, 9, 9999),
        .destination = udp_end(10, 0, 0, 2, port),
        .data = text,
        .data_bytes = (uint32_t)strlen(text),
    };

    udp_host_datagram(h, &packet);
}

bool udp_host_sent(struct udp_host *h, int netif, struct packet_facts *facts)
{
    struct train_cursor cursor = {0};
    struct rill_train train;
    const char *fault;
    size_t bytes;

    if (rill_output(h->stack, netif, &train, 1, h->now) == 0) {
        assert_false(rill_wants_output(h->stack, netif));
        return false;
    }
    bytes = train_cut(&train, &cursor, 0, h->sent, sizeof h->sent);
    assert_int_not_equal(bytes, 0);
    fault = packet_check(h->sent, bytes, facts);
    if (fault != NULL)
        fail_msg("%s", fault);
    return true;
}

void udp_host_icmp_error(struct udp_host *h, uint8_t type, uint8_t code, uint16_t mtu, const uint8_t *about,
                         uint32_t about_bytes)
{
    const struct icmp4_message message = {
        .type = type, .code = code, .next_hop_mtu = mtu, .body = about, .body_bytes = about_bytes};
    struct ipv4_header header = {
        .source = 0x0a000001, .destination = 0x0a000002, .ttl = 60, .protocol = IP_PROTOCOL_ICMP};
    uint8_t packet[UDP_HOST_PACKET_MAX];

    header.total_bytes = (uint16_t)(20 + icmp4_build(packet + 20, sizeof packet - 20, &message));
    ipv4_build(packet, &header);
    udp_host_arrives(h, packet, header.total_bytes);
}

rill_conn udp_host_bound(struct udp_host *h, uint16_t port)
{
    const struct rill_endpoint local = {.port = port};
    rill_conn conn;

    assert_int_equal(rill_udp_open(h->stack, NULL, &conn), 0);
    assert_int_equal(rill_udp_bind(h->stack, conn, &local), 0);
    return conn;
}

int64_t udp_host_send(struct udp_host *h, rill_conn conn, const struct rill_endpoint *remote, const char *text)
{
    const struct rill_slice slice = {(const uint8_t *)text, (uint32_t)strlen(text)};
    int64_t n = rill_udp_send_to(h->stack, conn, remote, &slice, 1, NULL);

    assert_true(rill_check(h->stack));
    return n;
}

void udp_host_expect_text(struct udp_host *h, rill_conn conn, const char *text)
{
    uint8_t bytes[UDP_HOST_PACKET_MAX];
    int64_t n = rill_udp_receive_from(h->stack, conn, bytes, sizeof bytes, 0, NULL);

    assert_int_equal(n, strlen(text));
    assert_memory_equal(bytes, text, strlen(text));
    assert_true(rill_check(h->stack));
}

void udp_host_expect_nothing(struct udp_host *h, rill_conn conn)
{
    uint8_t byte;

    assert_int_equal(rill_udp_receive_from(h->stack, conn, &byte, 1, 0, NULL), -RILL_EAGAIN);
}

void udp_host_expect_event(struct udp_host *h, rill_conn conn, uint32_t what)
{
    struct rill_event event;

    assert_true(rill_next(h->stack, &event));
    assert_true(event.conn == conn);
    assert_int_equal(event.what, what);
}

void udp_host_expect_no_event(struct udp_host *h)
{
    struct rill_event event;

    assert_false(rill_next(h->stack, &event));
}
