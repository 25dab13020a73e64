/* What the tap writes, read back with libpcap. */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "drivers/trains.h"
#include "support/cmocka_all.h"

#define MSS 1448u

struct fixture {
    char path[64];
    struct rill_stack *stacks[2];
    struct rill_driver *tap, *far;
    uint8_t payload[65280];
};

static void start(struct fixture *f, bool offload)
{
    struct rill_driver *inner;
    int (*make)(uint16_t, unsigned, struct rill_driver **, struct rill_driver **) =
        offload ? rill_memory_wire_offload : rill_memory_wire;
    strcpy(f->path, "/tmp/rill-tap-XXXXXX");
    int fd = mkstemp(f->path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(make(1500, 256, &inner, &f->far), 0);
    assert_int_equal(rill_pcap_tap(inner, f->path, &f->tap), 0);
    for (uint8_t i = 0; i < 2; i++) {
        struct rill_config config;
        struct rill_netif_config netif = {.name = "wire", .addr = rill_addr4(10, 0, 0, i + 1), .prefix_bits = 24};
        rill_config_default(&config);
        assert_int_equal(rill_stack_open(&config, &f->stacks[i]), 0);
        assert_int_equal(rill_attach(f->stacks[i], i == 0 ? f->tap : f->far, &netif), 0);
    }
    stream_fill(f->payload, 0, sizeof f->payload);
}

static void close_tap(struct fixture *f)
{
    f->tap->ops->close(f->tap);
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

static unsigned receive(struct rill_driver *at, rill_time now)
{
    struct rill_packet packets[64];
    unsigned count = at->ops->rx_burst(at, packets, 64, now);
    at->ops->rx_done(at, packets, count);
    return count;
}

static pcap_t *open_file(const struct fixture *f)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *file = pcap_open_offline_with_tstamp_precision(f->path, PCAP_TSTAMP_PRECISION_NANO, error);
    assert_non_null(file);
    return file;
}

/* The file holds the stream's packets from `seq` on, each right and not over 1,500 bytes; returns how many. */
static unsigned read_stream(const struct fixture *f, uint32_t seq, uint32_t bytes)
{
    pcap_t *file = open_file(f);
    struct pcap_pkthdr *header;
    const u_char *data;
    uint32_t next = seq;
    unsigned count = 0;
    assert_int_equal(pcap_datalink(file), DLT_RAW);
    while (pcap_next_ex(file, &header, &data) == 1) {
        struct packet_facts segment;
        assert_int_equal(header->caplen, header->len);
        assert_true(header->len <= 1500);
        assert_true(packet_is_right(data, header->caplen, &segment));
        assert_int_equal(segment.seq, next);
        assert_true(data_is_stream(&segment, seq));
        next += (uint32_t)segment.payload_bytes;
        count++;
    }
    pcap_close(file);
    assert_int_equal(next, seq + bytes);
    return count;
}

static void a_sent_train_is_written_as_its_packets(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, false);
    send_train(&f, f.tap, 9, 10000, 0);
    assert_int_equal(receive(f.far, 0), 7);
    close_tap(&f);
    assert_int_equal(read_stream(&f, 9, 10000), 7);
    unlink(f.path);
}

static void a_train_that_the_device_cuts_is_written_as_its_packets(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, true);
    send_train(&f, f.tap, 9, 65000, 0);
    assert_int_equal(receive(f.far, 0), 1);
    close_tap(&f);
    assert_int_equal(read_stream(&f, 9, 65000), 45);
    unlink(f.path);
}

static void received_packets_are_written(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, false);
    send_train(&f, f.far, 9, 10000, 0);
    assert_int_equal(receive(f.tap, 0), 7);
    close_tap(&f);
    assert_int_equal(read_stream(&f, 9, 10000), 7);
    unlink(f.path);
}

static void a_received_super_segment_is_written_as_its_packets(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, true);
    send_train(&f, f.far, 9, 65000, 0);
    assert_int_equal(receive(f.tap, 0), 1);
    close_tap(&f);
    assert_int_equal(read_stream(&f, 9, 65000), 45);
    unlink(f.path);
}

static void a_received_segment_without_a_checksum_is_written_with_one(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, true);
    send_train(&f, f.far, 9, 100, 0);
    assert_int_equal(receive(f.tap, 0), 1);
    close_tap(&f);
    assert_int_equal(read_stream(&f, 9, 100), 1);
    unlink(f.path);
}

static void what_came_damaged_off_the_wire_is_written_as_it_came(void **state)
{
    struct fixture f;
    struct pcap_pkthdr *header;
    const u_char *data;
    const uint8_t garbage[] = {0x45, 1, 2, 3, 0xFF};
    (void)state;
    start(&f, false);
    assert_true(f.far->ops->tx_packet(f.far, garbage, sizeof garbage, 0));
    assert_int_equal(receive(f.tap, 0), 1);
    assert_true(f.tap->ops->tx_packet(f.tap, garbage, sizeof garbage, 0));
    close_tap(&f);
    pcap_t *file = open_file(&f);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pcap_next_ex(file, &header, &data), 1);
        assert_int_equal(header->caplen, sizeof garbage);
        assert_memory_equal(data, garbage, sizeof garbage);
    }
    pcap_close(file);
    unlink(f.path);
}

static void timestamps_are_of_the_day_and_differ_by_nanoseconds(void **state)
{
    struct fixture f;
    struct pcap_pkthdr *header;
    const u_char *data;
    uint64_t stamps[2];
    (void)state;
    start(&f, false);
    time_t before = time(NULL);
    rill_time now = rill_clock();
    send_train(&f, f.tap, 0, 10, now);
    send_train(&f, f.tap, 10, 10, now + 1234567891);
    close_tap(&f);
    pcap_t *file = open_file(&f);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pcap_next_ex(file, &header, &data), 1);
        stamps[i] = (uint64_t)header->ts.tv_sec * NANOS_PER_S + (uint64_t)header->ts.tv_usec;
    }
    pcap_close(file);
    assert_int_equal(stamps[1] - stamps[0], 1234567891);
    assert_in_range(stamps[0] / NANOS_PER_S, before - 2, before + 60);
    unlink(f.path);
}

static void the_file_is_flushed_every_second(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, false);
    rill_time now = rill_clock();
    send_train(&f, f.tap, 9, 10000, now);
    receive(f.tap, now + 2 * NANOS_PER_S);
    assert_int_equal(read_stream(&f, 9, 10000), 7); /* the tap is still open */
    close_tap(&f);
    unlink(f.path);
}

static void a_file_that_cannot_be_made_is_an_error_and_the_device_stays_with_its_owner(void **state)
{
    struct rill_driver *a, *b, *tap;
    (void)state;
    assert_int_equal(rill_memory_wire(1500, 10, &a, &b), 0);
    assert_int_equal(rill_pcap_tap(a, "/tmp/no-such-folder-of-rill/x.pcap", &tap), -2); /* ENOENT */
    a->ops->close(a);
    b->ops->close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sent_train_is_written_as_its_packets),
        cmocka_unit_test(a_train_that_the_device_cuts_is_written_as_its_packets),
        cmocka_unit_test(received_packets_are_written),
        cmocka_unit_test(a_received_super_segment_is_written_as_its_packets),
        cmocka_unit_test(a_received_segment_without_a_checksum_is_written_with_one),
        cmocka_unit_test(what_came_damaged_off_the_wire_is_written_as_it_came),
        cmocka_unit_test(timestamps_are_of_the_day_and_differ_by_nanoseconds),
        cmocka_unit_test(the_file_is_flushed_every_second),
        cmocka_unit_test(a_file_that_cannot_be_made_is_an_error_and_the_device_stays_with_its_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
