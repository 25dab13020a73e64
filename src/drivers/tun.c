/*
 * A Linux TUN device with virtio-net headers: one system call a packet, and
 * with offloads a packet is up to 64 KiB either way.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/types.h"
#include "drivers/tun_device.h"
#include "rill/driver.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"
#include "wire/train.h"
#include "wire/vnet.h"

#define PACKET_BYTES_MAX 65536u
#define KEPT_BYTES_MIN 8192u /* a packet as big as this is handed over in its buffer, a smaller one is copied */
#define RX_BURST_MAX 64u
#define SMALL_BYTES (RX_BURST_MAX * KEPT_BYTES_MIN + PACKET_BYTES_MAX)
#define TRAINS_ROOM 32u
#define VECTORS_MAX (2 + RILL_SLICES_MAX)

/* What the device did not take at once: records of a length and as many bytes, virtio-net header included. */
struct pending {
    uint8_t *bytes;
    size_t first, end, capacity; /* records lie in bytes[first] .. bytes[end) */
};

struct tun {
    struct rill_driver driver;
    int fd;
    uint32_t spare; /* a buffer of PACKET_BYTES_MAX bytes to read into, 0 when there is none */
    uint8_t *spare_data;
    struct pending pending;
    uint8_t packet[VNET_HEADER_BYTES + PACKET_BYTES_MAX]; /* to cut trains into */
    uint8_t small[SMALL_BYTES];                           /* the small packets of one rx_burst */
};

static struct tun *tun_of(struct rill_driver *driver)
{
    return (struct tun *)(void *)driver;
}

/* --------------------------------------------------------------- receive */

/* One packet into `to`; its bytes, 0 when none waits or the device's header makes no sense. */
static size_t read_packet(struct tun *tun, uint8_t *to, struct vnet_header *vnet)
{
    uint8_t header[VNET_HEADER_BYTES];
    struct iovec vectors[2] = {{header, sizeof header}, {to, PACKET_BYTES_MAX}};
    ssize_t got = readv(tun->fd, vectors, 2);
    if (got < 0) {
        tun->driver.device_errors += errno != EAGAIN && errno != EINTR;
        return 0;
    }
    if ((size_t)got <= sizeof header || vnet_parse(header, sizeof header, vnet) != 0) {
        tun->driver.device_errors++;
        return 0;
    }
    return (size_t)got - sizeof header;
}

/* Where to read a packet that may be big: a buffer that the stack can keep, when it has one. */
static uint8_t *take_spare(struct tun *tun)
{
    if (tun->spare == 0 && tun->driver.offload && tun->driver.stack != NULL)
        tun->spare = rill_buffer_take(tun->driver.stack, PACKET_BYTES_MAX, &tun->spare_data);
    return tun->spare == 0 ? NULL : tun->spare_data;
}

static void describe(struct rill_packet *packet, const struct vnet_header *vnet)
{
    /* needs_checksum: the packet comes from this machine's own TCP, and its checksum never was on a wire. */
    if (vnet->needs_checksum || vnet->data_valid)
        packet->flags = RILL_PACKET_CHECKSUM_OK;
    if (vnet->segmentation == VNET_GSO_TCPV4 || vnet->segmentation == VNET_GSO_TCPV6)
        packet->segment_bytes = vnet->segment_bytes;
}

static unsigned tun_rx_burst(struct rill_driver *self, struct rill_packet *packets, unsigned max, rill_time now)
{
    struct tun *tun = tun_of(self);
    uint8_t *small = tun->small;
    unsigned count = 0;
    (void)now;
    while (count < max && small + PACKET_BYTES_MAX <= tun->small + sizeof tun->small) {
        struct vnet_header vnet;
        uint8_t *big = take_spare(tun);
        size_t bytes = read_packet(tun, big == NULL ? small : big, &vnet);
        if (bytes == 0)
            break;
        struct rill_packet *packet = &packets[count++];
        *packet = (struct rill_packet){.data = small, .length_bytes = (uint32_t)bytes};
        describe(packet, &vnet);
        if (big != NULL && bytes >= KEPT_BYTES_MIN) {
            packet->data = big;
            packet->buffer = tun->spare;
            tun->spare = 0;
            continue;
        }
        if (big != NULL)
            memcpy(small, big, bytes);
        small += bytes;
    }
    return count;
}

static void tun_rx_done(struct rill_driver *self, struct rill_packet *packets, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (packets[i].buffer != 0)
            rill_buffer_give(self->stack, packets[i].buffer);
    }
}

/* ------------------------------------------------------------------ send */

/* False: the device is full. What it refuses otherwise is lost and counted, as in any network card. */
static bool write_vectors(struct tun *tun, const struct iovec *vectors, int count)
{
    ssize_t written;
    do {
        written = writev(tun->fd, vectors, count);
    } while (written < 0 && errno == EINTR);
    if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return false;
    tun->driver.device_errors += written < 0;
    return true;
}

static bool pending_reserve(struct pending *pending, size_t more)
{
    if (more <= pending->capacity - pending->end)
        return true;
    size_t capacity = pending->capacity * 2 + more;
    uint8_t *bytes = realloc(pending->bytes, capacity);
    if (bytes == NULL)
        return false;
    pending->bytes = bytes;
    pending->capacity = capacity;
    return true;
}

static void keep(struct tun *tun, const struct iovec *vectors, int count)
{
    struct pending *pending = &tun->pending;
    uint32_t bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += (uint32_t)vectors[i].iov_len;
    if (!pending_reserve(pending, sizeof bytes + bytes)) {
        tun->driver.device_errors++;
        return;
    }
    memcpy(pending->bytes + pending->end, &bytes, sizeof bytes);
    pending->end += sizeof bytes;
    for (int i = 0; i < count; i++) {
        memcpy(pending->bytes + pending->end, vectors[i].iov_base, vectors[i].iov_len);
        pending->end += vectors[i].iov_len;
    }
}

/* True when nothing is pending any more. */
static bool send_pending(struct tun *tun)
{
    struct pending *pending = &tun->pending;
    while (pending->first < pending->end) {
        uint32_t bytes;
        memcpy(&bytes, pending->bytes + pending->first, sizeof bytes);
        struct iovec vector = {pending->bytes + pending->first + sizeof bytes, bytes};
        if (!write_vectors(tun, &vector, 1))
            return false;
        pending->first += sizeof bytes + bytes;
    }
    pending->first = pending->end = 0;
    return true;
}

/* Behind what is pending, if anything is: order is kept. */
static void write_or_keep(struct tun *tun, const struct iovec *vectors, int count)
{
    bool is_first = tun->pending.first == tun->pending.end;
    if (!is_first || !write_vectors(tun, vectors, count))
        keep(tun, vectors, count);
}

static void send_whole(struct tun *tun, struct rill_train *train)
{
    uint8_t header[VNET_HEADER_BYTES];
    struct vnet_header vnet;
    struct iovec vectors[VECTORS_MAX];
    train_prepare_offload(train);
    vnet_for_train(train, &vnet);
    vnet_build(header, &vnet);
    vectors[0] = (struct iovec){header, sizeof header};
    vectors[1] = (struct iovec){train->header, train->header_bytes};
    for (unsigned i = 0; i < train->slice_count; i++) {
        /* writev() reads only, but its vectors are not const */
        vectors[2 + i] = (struct iovec){(void *)(uintptr_t)train->slices[i].data, train->slices[i].length_bytes};
    }
    write_or_keep(tun, vectors, 2 + train->slice_count);
}

static void send_cut(struct tun *tun, const struct rill_train *train)
{
    struct train_cursor cursor = {0};
    uint32_t count = train_packet_count(train);
    memset(tun->packet, 0, VNET_HEADER_BYTES);
    for (uint32_t i = 0; i < count; i++) {
        size_t bytes = train_cut(train, &cursor, i, tun->packet + VNET_HEADER_BYTES, PACKET_BYTES_MAX);
        rill_assert(bytes > 0);
        struct iovec vector = {tun->packet, VNET_HEADER_BYTES + bytes};
        write_or_keep(tun, &vector, 1);
    }
}

/* Devices copy the urgent pointer, which is relative to the sequence number, into every packet, and CWR into one. */
static bool can_be_cut_by_device(const struct rill_train *train)
{
    bool is_urgent = train->protocol == IP_PROTOCOL_TCP && (train->header[train->transport_start + 13] & TCP_URG) != 0;
    bool has_ace = train->protocol == IP_PROTOCOL_TCP && (train->flags & RILL_TRAIN_ACE) != 0;
    return (!is_urgent && !has_ace) || train_packet_count(train) == 1;
}

static unsigned tun_tx_burst(struct rill_driver *self, struct rill_train *trains, unsigned count, rill_time now)
{
    struct tun *tun = tun_of(self);
    (void)now;
    for (unsigned i = 0; i < count; i++) {
        if (self->offload && can_be_cut_by_device(&trains[i]))
            send_whole(tun, &trains[i]);
        else
            send_cut(tun, &trains[i]);
    }
    return count;
}

static bool tun_tx_packet(struct rill_driver *self, const uint8_t *data, uint32_t length_bytes, rill_time now)
{
    struct tun *tun = tun_of(self);
    uint8_t header[VNET_HEADER_BYTES] = {0};
    struct iovec vectors[2] = {{header, sizeof header}, {(void *)(uintptr_t)data, length_bytes}};
    (void)now;
    return send_pending(tun) && write_vectors(tun, vectors, 2);
}

static unsigned tun_tx_room(struct rill_driver *self)
{
    return send_pending(tun_of(self)) ? TRAINS_ROOM : 0;
}

/* -------------------------------------------------------------- the rest */

static rill_time tun_deadline(struct rill_driver *self)
{
    (void)self;
    return RILL_NEVER;
}

static int tun_descriptor(struct rill_driver *self)
{
    return tun_of(self)->fd;
}

static void tun_close(struct rill_driver *self)
{
    struct tun *tun = tun_of(self);
    close(tun->fd);
    free(tun->pending.bytes);
    free(tun);
}

static const struct rill_driver_ops tun_ops = {
    .kind = "tun",
    .rx_burst = tun_rx_burst,
    .rx_done = tun_rx_done,
    .tx_burst = tun_tx_burst,
    .tx_packet = tun_tx_packet,
    .tx_room = tun_tx_room,
    .deadline = tun_deadline,
    .descriptor = tun_descriptor,
    .close = tun_close,
};

int rill_tun_open(struct rill_tun_config *config, struct rill_driver **out)
{
    struct tun *tun = calloc(1, sizeof *tun);
    if (tun == NULL)
        return -RILL_ENOMEM;
    int fd = tun_device_open(config);
    if (fd < 0) {
        free(tun);
        return fd;
    }
    tun->driver = (struct rill_driver){.ops = &tun_ops, .mtu = config->mtu, .offload = config->offload};
    tun->fd = fd;
    *out = &tun->driver;
    return 0;
}
