/*
 * Fragments of four datagrams, in any order, cut anywhere and at any time: all invariants hold, and what is delivered
 * is one of the four, whole. With `lies` some bytes are not what they were; then the checksum decides.
 */
#include "fuzz/input.h"
#include "rill/udp.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/udp.h"

#define DATAGRAMS 4u
#define MEMORY_BYTES RILL_MEMORY_MIN
#define SECOND UINT64_C(1000000000)

static _Alignas(4096) uint8_t memory[MEMORY_BYTES];
static const uint32_t data_bytes[DATAGRAMS] = {9, 300, 3000, 20000};
static uint8_t whole[DATAGRAMS][20100];

static void write_whole(unsigned i)
{
    const struct udp_datagram datagram = {.source_port = 9, .destination_port = 7, .data_bytes = data_bytes[i]};
    uint8_t *udp = whole[i] + IPV4_HEADER_BYTES;
    uint32_t udp_bytes = UDP_HEADER_BYTES + data_bytes[i];
    uint16_t sum;

    udp_build_template(udp, &datagram);
    for (uint32_t k = 0; k < data_bytes[i]; k++)
        udp[UDP_HEADER_BYTES + k] = (uint8_t)((k + i) * 2654435761u >> 24);
    sum = checksum_finish(checksum_bytes(udp, udp_bytes) +
                          checksum_pseudo4(0x0a000009, 0x0a000002, IP_PROTOCOL_UDP, udp_bytes));
    put_be16(udp + 6, sum != 0 ? sum : 0xffff);
}

static struct rill_stack *open_stack(rill_conn *conn)
{
    const struct rill_netif_config netif = {.mtu = 1500, .prefix_bits = 24, .addr = rill_addr4(10, 0, 0, 2)};
    const struct rill_endpoint local = {.port = 7};
    struct rill_config config;
    struct rill_stack *stack;
    int number;

    rill_config_default(&config);
    config.memory = memory;
    config.memory_bytes = MEMORY_BYTES;
    MUST(rill_stack_create(&config, &stack) == 0);
    MUST(rill_netif_add(stack, &netif, &number) == 0);
    MUST(rill_udp_open(stack, NULL, conn) == 0 && rill_udp_bind(stack, *conn, &local) == 0);
    return stack;
}

static void arrive(struct rill_stack *stack, struct input *input, rill_time now)
{
    uint32_t control = input_number(input, 1);
    unsigned i = control & 3;
    uint32_t all = UDP_HEADER_BYTES + data_bytes[i];
    uint32_t offset = input_number(input, 2) % (all + 16) / 8 * 8, bytes = input_number(input, 2) % 1600;
    bool more = (control & 4) != 0, lies = (control & 8) != 0;
    uint8_t packet[2000] = {0};
    const struct ipv4_header header = {.source = 0x0a000009,
                                       .destination = 0x0a000002,
                                       .ttl = 9,
                                       .protocol = (control & 16) != 0 ? IP_PROTOCOL_TCP : IP_PROTOCOL_UDP,
                                       .id = (uint16_t)(i + (control & 32)),
                                       .tos = (uint8_t)(control >> 6),
                                       .fragment_offset_bytes = (uint16_t)offset,
                                       .more_fragments = more,
                                       .total_bytes = (uint16_t)(IPV4_HEADER_BYTES + bytes)};
    struct rill_packet raw = {.length_bytes = header.total_bytes};

    ipv4_build(packet, &header);
    for (uint32_t k = 0; k < bytes && offset + k < all; k++)
        packet[IPV4_HEADER_BYTES + k] = whole[i][IPV4_HEADER_BYTES + offset + k];
    if (lies && bytes > 0)
        packet[IPV4_HEADER_BYTES + input_number(input, 2) % bytes] ^= (uint8_t)(1 + input_number(input, 1) % 255);
    raw.data = input_copy(packet, raw.length_bytes);
    rill_input(stack, 0, &raw, 1, now);
    free((void *)(uintptr_t)raw.data);
}

static void take_all(struct rill_stack *stack, rill_conn conn)
{
    static uint8_t got[70000];
    struct rill_train train;
    struct rill_event event;
    int64_t n;

    while ((n = rill_udp_receive_from(stack, conn, got, sizeof got, 0, NULL)) >= 0) {
        bool known = false;

        for (unsigned i = 0; i < DATAGRAMS; i++)
            known = known || (n == data_bytes[i] && memcmp(got, whole[i] + 28, (size_t)n) == 0);
        MUST(known);
    }
    while (rill_output(stack, 0, &train, 1, 0) > 0 || rill_next(stack, &event))
        continue;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    rill_time now = 0;
    rill_conn conn;
    struct rill_stack *stack = open_stack(&conn);
    struct rill_memory after;

    for (unsigned i = 0; i < DATAGRAMS; i++)
        write_whole(i);
    while (input.left > 0) {
        now += input_number(&input, 1) % 8 == 0 ? SECOND * input_number(&input, 1) / 4 : 0;
        arrive(stack, &input, now);
        take_all(stack, conn);
        MUST(rill_check(stack));
    }
    rill_poll(stack, now + 31 * SECOND);
    take_all(stack, conn);
    rill_poll(stack, now + 31 * SECOND);
    rill_memory(stack, &after);
    MUST(after.buffer_bytes == 0 && rill_check(stack));
    return 0;
}
