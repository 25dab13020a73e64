/*
 * Everything that passes a driver, written to a pcap file as the packets a wire
 * would carry: trains are cut, super-segments too, and checksums that offloads
 * left to somebody else are filled in. What came with a wrong checksum off a
 * real wire is written as it came.
 */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/types.h"
#include "drivers/resegment.h"
#include "rill/driver.h"
#include "wire/train.h"

#define PACKET_BYTES_MAX 65536u

struct pcap_tap {
    struct rill_driver driver;
    pcap_t *format;
    pcap_dumper_t *file;
    uint64_t day_offset; /* CLOCK_REALTIME - CLOCK_MONOTONIC at opening; wraps on purpose */
    rill_time flushed_at;
    uint8_t packet[PACKET_BYTES_MAX];
};

static struct pcap_tap *tap_of(struct rill_driver *driver)
{
    return (struct pcap_tap *)(void *)driver;
}

static void write_packet(struct pcap_tap *tap, const uint8_t *data, uint32_t length_bytes, rill_time now)
{
    uint64_t day = now + tap->day_offset;
    struct pcap_pkthdr header = {
        .ts = {.tv_sec = (time_t)(day / NANOS_PER_S), .tv_usec = (suseconds_t)(day % NANOS_PER_S)}, /* ns, see open */
        .caplen = length_bytes,
        .len = length_bytes,
    };
    pcap_dump((u_char *)tap->file, &header, data);
}

static void write_train(struct pcap_tap *tap, const struct rill_train *train, rill_time now)
{
    struct train_cursor cursor = {0};
    uint32_t count = train_packet_count(train);
    for (uint32_t i = 0; i < count; i++) {
        size_t bytes = train_cut(train, &cursor, i, tap->packet, sizeof tap->packet);
        rill_assert(bytes > 0);
        write_packet(tap, tap->packet, (uint32_t)bytes, now);
    }
}

static void write_received(struct pcap_tap *tap, const struct rill_packet *packet, rill_time now)
{
    struct rill_train train;
    bool is_as_on_wire = packet->segment_bytes == 0 && (packet->flags & RILL_PACKET_CHECKSUM_OK) == 0;
    if (!is_as_on_wire && resegment(packet, &train))
        write_train(tap, &train, now);
    else
        write_packet(tap, packet->data, packet->length_bytes, now);
}

static void flush_each_second(struct pcap_tap *tap, rill_time now)
{
    if (now < tap->flushed_at + NANOS_PER_S)
        return;
    tap->flushed_at = now;
    tap->driver.device_errors += pcap_dump_flush(tap->file) != 0;
}

static unsigned tap_rx_burst(struct rill_driver *self, struct rill_packet *packets, unsigned max, rill_time now)
{
    struct pcap_tap *tap = tap_of(self);
    unsigned count = self->inner->ops->rx_burst(self->inner, packets, max, now);
    for (unsigned i = 0; i < count; i++)
        write_received(tap, &packets[i], now);
    flush_each_second(tap, now);
    return count;
}

static void tap_rx_done(struct rill_driver *self, struct rill_packet *packets, unsigned count)
{
    self->inner->ops->rx_done(self->inner, packets, count);
}

static unsigned tap_tx_burst(struct rill_driver *self, struct rill_train *trains, unsigned count, rill_time now)
{
    struct pcap_tap *tap = tap_of(self);
    /* Before they are sent: a device with offloads prepares their templates for itself. tx_room() promised that it
     * takes them all. */
    for (unsigned i = 0; i < count; i++)
        write_train(tap, &trains[i], now);
    return self->inner->ops->tx_burst(self->inner, trains, count, now);
}

static bool tap_tx_packet(struct rill_driver *self, const uint8_t *data, uint32_t length_bytes, rill_time now)
{
    if (!self->inner->ops->tx_packet(self->inner, data, length_bytes, now))
        return false;
    write_packet(tap_of(self), data, length_bytes, now);
    return true;
}

static unsigned tap_tx_room(struct rill_driver *self)
{
    return self->inner->ops->tx_room(self->inner);
}

static rill_time tap_deadline(struct rill_driver *self)
{
    return self->inner->ops->deadline(self->inner);
}

static int tap_descriptor(struct rill_driver *self)
{
    return self->inner->ops->descriptor(self->inner);
}

static void tap_close(struct rill_driver *self)
{
    struct pcap_tap *tap = tap_of(self);
    pcap_dump_close(tap->file);
    pcap_close(tap->format);
    self->inner->ops->close(self->inner);
    free(tap);
}

static const struct rill_driver_ops tap_ops = {
    .kind = "pcap",
    .rx_burst = tap_rx_burst,
    .rx_done = tap_rx_done,
    .tx_burst = tap_tx_burst,
    .tx_packet = tap_tx_packet,
    .tx_room = tap_tx_room,
    .deadline = tap_deadline,
    .descriptor = tap_descriptor,
    .close = tap_close,
};

static uint64_t day_offset(void)
{
    struct timespec day;
    clock_gettime(CLOCK_REALTIME, &day);
    return (uint64_t)day.tv_sec * NANOS_PER_S + (uint64_t)day.tv_nsec - rill_clock();
}

static int open_file(struct pcap_tap *tap, const char *path)
{
    tap->format = pcap_open_dead_with_tstamp_precision(DLT_RAW, PACKET_BYTES_MAX, PCAP_TSTAMP_PRECISION_NANO);
    if (tap->format == NULL)
        return -RILL_ENOMEM;
    errno = 0;
    tap->file = pcap_dump_open(tap->format, path);
    if (tap->file != NULL)
        return 0;
    int result = errno == 0 ? -RILL_EIO : -errno;
    pcap_close(tap->format);
    return result;
}

int rill_pcap_tap(struct rill_driver *inner, const char *path, struct rill_driver **out)
{
    struct pcap_tap *tap = calloc(1, sizeof *tap);
    if (tap == NULL)
        return -RILL_ENOMEM;
    int result = open_file(tap, path);
    if (result < 0) {
        free(tap);
        return result;
    }
    tap->driver = (struct rill_driver){.ops = &tap_ops, .inner = inner, .mtu = inner->mtu, .offload = inner->offload};
    tap->day_offset = day_offset();
    *out = &tap->driver;
    return 0;
}
