/* The wire with faults between a stack and its device, in virtual time. */
#include <stdlib.h>
#include <string.h>

#include "drivers/trains.h"
#include "support/cmocka_all.h"

#define MS NANOS_PER_MS
#define MSS 1448u

/* wire: in front of one end of a memory wire; far: the other, plain end. */
struct fixture {
    struct rill_stack *stacks[2];
    struct rill_driver *wire, *far;
    uint8_t payload[65280];
};

static void start(struct fixture *f, struct rill_impairment tx, struct rill_impairment rx, unsigned queue_packets)
{
    struct rill_driver *inner;
    assert_int_equal(rill_memory_wire(1500, queue_packets, &inner, &f->far), 0);
    assert_int_equal(rill_impaired_wire(inner, &tx, &rx, &f->wire), 0);
    for (uint8_t i = 0; i < 2; i++) {
        struct rill_config config;
        struct rill_netif_config netif = {.name = "wire", .addr = rill_addr4(10, 0, 0, i + 1), .prefix_bits = 24};
        rill_config_default(&config);
        assert_int_equal(rill_stack_open(&config, &f->stacks[i]), 0);
        assert_int_equal(rill_attach(f->stacks[i], i == 0 ? f->wire : f->far, &netif), 0);
    }
    stream_fill(f->payload, 0, sizeof f->payload);
}

static void stop(struct fixture *f)
{
    f->wire->ops->close(f->wire);
    f->far->ops->close(f->far);
    for (unsigned i = 0; i < 2; i++)
        rill_stack_close(f->stacks[i]);
}

static void send_train(struct fixture *f, struct rill_driver *from, uint32_t seq, uint32_t bytes, rill_time now)
{
    struct rill_train train;
    make_train(&train, seq, f->payload, bytes, MSS);
    assert_int_equal(from->ops->tx_burst(from, &train, 1, now), 1);
}

/* Take what has arrived; returns how many packets, and how many of them with right checksums. */
static unsigned receive(struct rill_driver *at, rill_time now, unsigned *right)
{
    struct rill_packet packets[64];
    unsigned total = 0, count;
    *right = 0;
    while ((count = at->ops->rx_burst(at, packets, 64, now)) > 0) {
        for (unsigned i = 0; i < count; i++) {
            struct packet_facts segment;
            *right += packet_is_right(packets[i].data, packets[i].length_bytes, &segment);
        }
        at->ops->rx_done(at, packets, count);
        total += count;
    }
    return total;
}

static unsigned receive_right(struct rill_driver *at, rill_time now)
{
    unsigned right, total = receive(at, now, &right);
    assert_int_equal(right, total);
    return total;
}

static void what_leaves_is_delayed_by_tx(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){.delay = 10 * MS}, (struct rill_impairment){0}, 256);
    send_train(&f, f.wire, 0, 3 * MSS, MS);
    assert_int_equal(f.wire->ops->deadline(f.wire), 11 * MS);
    assert_int_equal(receive_right(f.wire, 11 * MS - 1), 0);
    assert_int_equal(receive_right(f.far, 11 * MS - 1), 0);
    assert_int_equal(receive_right(f.wire, 11 * MS), 0); /* the turn that puts them on the inner wire */
    assert_int_equal(receive_right(f.far, 11 * MS), 3);
    assert_true(f.wire->ops->deadline(f.wire) == RILL_NEVER);
    stop(&f);
}

static void what_comes_is_delayed_by_rx(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){0}, (struct rill_impairment){.delay = 10 * MS}, 256);
    send_train(&f, f.far, 0, 3 * MSS, 0);
    assert_int_equal(f.wire->ops->deadline(f.wire), 0); /* it waits to be let onto the wire */
    assert_int_equal(receive_right(f.wire, 5 * MS), 0);
    assert_int_equal(f.wire->ops->deadline(f.wire), 15 * MS);
    assert_int_equal(receive_right(f.wire, 15 * MS), 3);
    stop(&f);
}

static void without_delay_a_train_is_out_at_once(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){0}, (struct rill_impairment){0}, 256);
    send_train(&f, f.wire, 0, 10000, 0);
    assert_int_equal(receive_right(f.far, 0), 7);
    stop(&f);
}

static void the_packets_of_one_train_have_each_their_own_fate(void **state)
{
    struct fixture f;
    struct rill_impaired_counts tx, rx;
    (void)state;
    start(&f, (struct rill_impairment){.seed = 1, .loss = 0.5}, (struct rill_impairment){0}, 256);
    send_train(&f, f.wire, 0, 40 * MSS, 0);
    rill_impaired_counts(f.wire, &tx, &rx);
    assert_int_equal(tx.packets, 40);
    assert_in_range(tx.lost, 5, 35);
    assert_int_equal(receive_right(f.far, 0), 40 - tx.lost);
    assert_int_equal(tx.delivered, 40 - tx.lost);
    assert_int_equal(rx.packets, 0);
    stop(&f);
}

static void corrupted_packets_reach_the_far_end_with_wrong_checksums(void **state)
{
    struct fixture f;
    unsigned right;
    (void)state;
    start(&f, (struct rill_impairment){.corrupt = 1}, (struct rill_impairment){0}, 256);
    send_train(&f, f.wire, 0, 40 * MSS, 0);
    assert_int_equal(receive(f.far, 0, &right), 40);
    assert_int_equal(right, 0);
    stop(&f);
}

static void corrupted_packets_come_in_with_wrong_checksums(void **state)
{
    struct fixture f;
    unsigned right;
    (void)state;
    start(&f, (struct rill_impairment){0}, (struct rill_impairment){.corrupt = 1}, 256);
    send_train(&f, f.far, 0, 40 * MSS, 0);
    assert_int_equal(receive(f.wire, 0, &right), 40);
    assert_int_equal(right, 0);
    stop(&f);
}

static void received_copies_outlive_the_burst_that_they_are_split_by(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){0}, (struct rill_impairment){.duplicate = 1}, 256);
    send_train(&f, f.far, 0, 10, 0);
    for (unsigned i = 0; i < 2; i++) {
        struct rill_packet packet;
        struct packet_facts segment;
        assert_int_equal(f.wire->ops->rx_burst(f.wire, &packet, 1, 0), 1);
        assert_true(packet_is_right(packet.data, packet.length_bytes, &segment));
        assert_int_equal(packet.buffer, 0);
    }
    assert_int_equal(receive_right(f.wire, 0), 0);
    stop(&f);
}

static void a_full_device_holds_the_stack_back_and_loses_nothing(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){0}, (struct rill_impairment){0}, 10);
    send_train(&f, f.wire, 0, 15 * MSS, 0);
    assert_int_equal(f.wire->ops->tx_room(f.wire), 0);
    assert_true(f.wire->ops->deadline(f.wire) == RILL_NEVER); /* not "now": nothing moves until the device does */
    assert_false(f.wire->ops->tx_packet(f.wire, f.payload, 40, 0));
    assert_int_equal(receive_right(f.far, 0), 10);
    assert_int_equal(receive_right(f.wire, 0), 0);
    assert_true(f.wire->ops->tx_room(f.wire) > 0);
    assert_int_equal(receive_right(f.far, 0), 5);
    stop(&f);
}

static void buffers_of_the_inner_wire_go_back(void **state)
{
    struct fixture f;
    struct rill_memory memory;
    (void)state;
    start(&f, (struct rill_impairment){0}, (struct rill_impairment){.delay = MS}, 256);
    send_train(&f, f.far, 0, 40 * MSS, 0);
    receive_right(f.wire, 0);
    rill_memory(f.stacks[0], &memory);
    assert_int_equal(memory.buffer_bytes, 0);
    stop(&f);
}

static void settings_that_make_no_sense_are_refused_and_the_device_stays_with_its_owner(void **state)
{
    struct rill_driver *a, *b, *wire;
    const struct rill_impairment good = {0};
    const struct rill_impairment bad[] = {
        {.loss = -0.1},
        {.loss = 1.1},
        {.duplicate = 2},
        {.reorder = 2},
        {.corrupt = 2},
        {.delay = RILL_NEVER},
        {.jitter = 3601 * NANOS_PER_S},
        {.rate_bits = UINT64_MAX},
        {.burst = 1.1},
        {.burst_loss = -1},
        {.scatter = RILL_NEVER},
        {.police_bits = UINT64_MAX},
    };
    (void)state;
    assert_int_equal(rill_memory_wire(1500, 10, &a, &b), 0);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(rill_impaired_wire(a, &bad[i], &good, &wire), -RILL_EINVAL);
        assert_int_equal(rill_impaired_wire(a, &good, &bad[i], &wire), -RILL_EINVAL);
    }
    a->ops->close(a);
    b->ops->close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_leaves_is_delayed_by_tx),
        cmocka_unit_test(what_comes_is_delayed_by_rx),
        cmocka_unit_test(without_delay_a_train_is_out_at_once),
        cmocka_unit_test(the_packets_of_one_train_have_each_their_own_fate),
        cmocka_unit_test(corrupted_packets_reach_the_far_end_with_wrong_checksums),
        cmocka_unit_test(corrupted_packets_come_in_with_wrong_checksums),
        cmocka_unit_test(received_copies_outlive_the_burst_that_they_are_split_by),
        cmocka_unit_test(a_full_device_holds_the_stack_back_and_loses_nothing),
        cmocka_unit_test(buffers_of_the_inner_wire_go_back),
        cmocka_unit_test(settings_that_make_no_sense_are_refused_and_the_device_stays_with_its_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
