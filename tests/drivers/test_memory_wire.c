/* Two stacks' buffers and the wire between them. */
#include <stdlib.h>
#include <string.h>

#include "drivers/trains.h"
#include "support/cmocka_all.h"

#define MSS 1448u

struct fixture {
    struct rill_stack *stacks[2];
    struct rill_driver *ends[2];
    uint8_t payload[65280];
};

static void start(struct fixture *f, bool offload, unsigned queue_packets, size_t memory_bytes)
{
    int (*make)(uint16_t, unsigned, struct rill_driver **, struct rill_driver **) =
        offload ? rill_memory_wire_offload : rill_memory_wire;
    assert_int_equal(make(1500, queue_packets, &f->ends[0], &f->ends[1]), 0);
    for (uint8_t i = 0; i < 2; i++) {
        struct rill_config config;
        struct rill_netif_config netif = {.name = "wire", .addr = rill_addr4(10, 0, 0, i + 1), .prefix_bits = 24};
        rill_config_default(&config);
        config.memory_bytes = memory_bytes;
        assert_int_equal(rill_stack_open(&config, &f->stacks[i]), 0);
        assert_int_equal(rill_attach(f->stacks[i], f->ends[i], &netif), 0);
    }
    stream_fill(f->payload, 0, sizeof f->payload);
}

static void stop(struct fixture *f)
{
    for (unsigned i = 0; i < 2; i++) {
        if (f->ends[i] != NULL)
            f->ends[i]->ops->close(f->ends[i]);
        rill_stack_close(f->stacks[i]);
    }
}

static void send_train(struct fixture *f, unsigned from, uint32_t seq, uint32_t bytes)
{
    struct rill_train train;
    make_train(&train, seq, f->payload, bytes, MSS);
    assert_int_equal(f->ends[from]->ops->tx_burst(f->ends[from], &train, 1, 0), 1);
}

static uint64_t buffer_bytes(struct fixture *f, unsigned end)
{
    struct rill_memory memory;
    rill_memory(f->stacks[end], &memory);
    return memory.buffer_bytes;
}

/* Take up to 64 packets, check each, give them back; returns how many and adds up their payload. */
static unsigned receive(struct fixture *f, unsigned end, uint32_t first_seq, uint32_t *next_seq)
{
    struct rill_packet packets[64];
    struct rill_driver *driver = f->ends[end];
    unsigned count = driver->ops->rx_burst(driver, packets, 64, 0);
    for (unsigned i = 0; i < count; i++) {
        struct packet_facts segment;
        assert_true(packet_is_right(packets[i].data, packets[i].length_bytes, &segment));
        assert_int_equal(segment.seq, *next_seq);
        assert_true(data_is_stream(&segment, first_seq));
        assert_int_equal(packets[i].flags, 0);
        assert_int_equal(packets[i].segment_bytes, 0);
        assert_int_not_equal(packets[i].buffer, 0);
        assert_true(packets[i].length_bytes <= 1500);
        *next_seq += (uint32_t)segment.payload_bytes;
    }
    driver->ops->rx_done(driver, packets, count);
    return count;
}

static void a_train_arrives_as_packets_with_right_checksums_in_order(void **state)
{
    struct fixture f;
    uint32_t next = 5000;
    (void)state;
    start(&f, false, 256, 0);
    send_train(&f, 0, 5000, 10000);
    assert_int_equal(receive(&f, 1, 5000, &next), 7);
    assert_int_equal(next, 15000);
    assert_int_equal(receive(&f, 1, 5000, &next), 0);
    stop(&f);
}

static void the_directions_do_not_mix(void **state)
{
    struct fixture f;
    uint32_t at_0 = 100, at_1 = 900000;
    (void)state;
    start(&f, false, 256, 0);
    send_train(&f, 0, 900000, 3 * MSS);
    send_train(&f, 1, 100, 5 * MSS);
    assert_int_equal(receive(&f, 0, 100, &at_0), 5);
    assert_int_equal(receive(&f, 1, 900000, &at_1), 3);
    stop(&f);
}

/* Receive one train of so many bytes, packet by packet. */
static unsigned receive_train(struct fixture *f, uint32_t first_seq, uint32_t bytes)
{
    unsigned packets = 0;
    for (uint32_t next = first_seq; next != first_seq + bytes; packets++) {
        struct rill_packet packet;
        struct packet_facts segment;
        assert_int_equal(f->ends[1]->ops->rx_burst(f->ends[1], &packet, 1, 0), 1);
        assert_true(packet_is_right(packet.data, packet.length_bytes, &segment));
        assert_int_equal(segment.seq, next);
        assert_true(data_is_stream(&segment, first_seq));
        next += (uint32_t)segment.payload_bytes;
        f->ends[1]->ops->rx_done(f->ends[1], &packet, 1);
    }
    return packets;
}

static void many_trains_are_conserved_while_the_ring_grows_and_wraps(void **state)
{
    struct fixture f;
    uint32_t sent = 0, received = 0;
    (void)state;
    start(&f, false, 400, 0);
    for (unsigned round = 0; round < 50; round++) {
        for (unsigned i = 0; i < 1 + round % 5; i++)
            send_train(&f, 0, sent++ * 60000, 60000);
        while (received + round % 2 < sent)
            assert_int_equal(receive_train(&f, received++ * 60000, 60000), 42);
    }
    assert_int_equal(receive_train(&f, received * 60000, 60000), 42);
    stop(&f);
}

static void buffers_that_the_stack_does_not_keep_go_back(void **state)
{
    struct fixture f;
    uint32_t next = 0;
    (void)state;
    start(&f, false, 256, 0);
    send_train(&f, 0, 0, 10000);
    assert_true(buffer_bytes(&f, 1) > 0);
    assert_int_equal(buffer_bytes(&f, 0), 0);
    receive(&f, 1, 0, &next);
    assert_int_equal(buffer_bytes(&f, 1), 0);
    stop(&f);
}

static void with_offloads_a_train_arrives_whole(void **state)
{
    struct fixture f;
    struct rill_packet packet;
    struct ipv4_header ip;
    (void)state;
    start(&f, true, 256, 0);
    send_train(&f, 0, 0, 65000);
    assert_int_equal(f.ends[1]->ops->rx_burst(f.ends[1], &packet, 1, 0), 1);
    assert_int_equal(packet.segment_bytes, MSS);
    assert_int_equal(packet.flags, RILL_PACKET_CHECKSUM_OK);
    assert_int_equal(ipv4_parse(packet.data, packet.length_bytes, &ip), RILL_DROP_NONE);
    assert_int_equal(ip.total_bytes, 65052);
    assert_int_equal(packet.length_bytes, 65052);
    assert_memory_equal(packet.data + 52, f.payload, 65000);
    f.ends[1]->ops->rx_done(f.ends[1], &packet, 1);
    stop(&f);
}

static void with_offloads_a_single_segment_is_no_super_segment(void **state)
{
    struct fixture f;
    struct rill_packet packet;
    (void)state;
    start(&f, true, 256, 0);
    send_train(&f, 0, 0, MSS);
    assert_int_equal(f.ends[1]->ops->rx_burst(f.ends[1], &packet, 1, 0), 1);
    assert_int_equal(packet.segment_bytes, 0);
    f.ends[1]->ops->rx_done(f.ends[1], &packet, 1);
    stop(&f);
}

static void a_full_queue_takes_no_further_train_until_it_is_read(void **state)
{
    struct fixture f;
    struct rill_driver *sender;
    uint32_t next = 0;
    (void)state;
    start(&f, false, 10, 0);
    sender = f.ends[0];
    assert_int_equal(sender->ops->tx_room(sender), 1);
    send_train(&f, 0, 0, 12 * MSS); /* overfills it, and is taken whole */
    assert_int_equal(sender->ops->tx_room(sender), 0);
    assert_false(sender->ops->tx_packet(sender, f.payload, 40, 0));
    assert_int_equal(receive(&f, 1, 0, &next), 12);
    assert_int_equal(sender->ops->tx_room(sender), 1);
    stop(&f);
}

static void a_packet_without_a_buffer_is_lost_and_counted(void **state)
{
    struct fixture f;
    uint8_t *data;
    uint32_t next = 0;
    (void)state;
    start(&f, false, 256, RILL_MEMORY_MIN);
    while (rill_buffer_take(f.stacks[1], 1500, &data) != 0)
        continue;
    send_train(&f, 0, 0, 3 * MSS);
    assert_int_equal(f.ends[1]->lost_no_memory, 3);
    assert_int_equal(receive(&f, 1, 0, &next), 0);
    stop(&f);
}

static void a_finished_packet_passes_as_it_is(void **state)
{
    struct fixture f;
    struct rill_packet packet;
    const uint8_t garbage[] = {0x45, 1, 2, 3, 0xFF};
    (void)state;
    start(&f, false, 256, 0);
    assert_true(f.ends[0]->ops->tx_packet(f.ends[0], garbage, sizeof garbage, 0));
    assert_int_equal(f.ends[1]->ops->rx_burst(f.ends[1], &packet, 1, 0), 1);
    assert_int_equal(packet.length_bytes, sizeof garbage);
    assert_int_equal(packet.flags, 0);
    assert_memory_equal(packet.data, garbage, sizeof garbage);
    f.ends[1]->ops->rx_done(f.ends[1], &packet, 1);
    stop(&f);
}

static void the_deadline_is_now_while_packets_wait(void **state)
{
    struct fixture f;
    uint32_t next = 0;
    (void)state;
    start(&f, false, 256, 0);
    assert_true(f.ends[1]->ops->deadline(f.ends[1]) == RILL_NEVER);
    send_train(&f, 0, 0, 10);
    assert_int_equal(f.ends[1]->ops->deadline(f.ends[1]), 0);
    receive(&f, 1, 0, &next);
    assert_true(f.ends[1]->ops->deadline(f.ends[1]) == RILL_NEVER);
    stop(&f);
}

static void an_end_whose_other_is_closed_sends_into_nothing(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, false, 256, 0);
    f.ends[1]->ops->close(f.ends[1]);
    f.ends[1] = NULL;
    send_train(&f, 0, 0, 10000);
    assert_true(f.ends[0]->ops->tx_packet(f.ends[0], f.payload, 40, 0));
    assert_true(f.ends[0]->ops->tx_room(f.ends[0]) > 0);
    stop(&f);
}

static void a_wire_without_a_queue_is_refused(void **state)
{
    struct rill_driver *a, *b;
    (void)state;
    assert_int_equal(rill_memory_wire(1500, 0, &a, &b), -RILL_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_train_arrives_as_packets_with_right_checksums_in_order),
        cmocka_unit_test(the_directions_do_not_mix),
        cmocka_unit_test(many_trains_are_conserved_while_the_ring_grows_and_wraps),
        cmocka_unit_test(buffers_that_the_stack_does_not_keep_go_back),
        cmocka_unit_test(with_offloads_a_train_arrives_whole),
        cmocka_unit_test(with_offloads_a_single_segment_is_no_super_segment),
        cmocka_unit_test(a_full_queue_takes_no_further_train_until_it_is_read),
        cmocka_unit_test(a_packet_without_a_buffer_is_lost_and_counted),
        cmocka_unit_test(a_finished_packet_passes_as_it_is),
        cmocka_unit_test(the_deadline_is_now_while_packets_wait),
        cmocka_unit_test(an_end_whose_other_is_closed_sends_into_nothing),
        cmocka_unit_test(a_wire_without_a_queue_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
