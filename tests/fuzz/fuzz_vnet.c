/* vnet_parse() on any bytes; and trains of any shape, which must be cut within their bounds or not at all. */
#include "fuzz/input.h"
#include "wire/train.h"
#include "wire/vnet.h"

static void check_header(const uint8_t *data, size_t size)
{
    uint8_t *block = input_copy(data, size);
    uint8_t again[VNET_HEADER_BYTES];
    struct vnet_header header;

    if (vnet_parse(block, size, &header) == 0) {
        vnet_build(again, &header);
        MUST((again[0] & ~3u) == 0 && ((again[0] ^ block[0]) & 3) == 0);
        MUST(memcmp(again + 1, block + 1, sizeof again - 1) == 0);
    } else {
        MUST(size < VNET_HEADER_BYTES || (block[1] & 0x7f) == 2 || (block[1] & 0x7f) > 4);
    }
    free(block);
}

/* Numbers first, then the template, then the payload, which is lent in slices of equal length. */
static uint8_t *take_train(struct input *input, struct rill_train *train)
{
    uint32_t slice_bytes, at = 0;
    uint8_t *payload;

    memset(train, 0, sizeof *train);
    train->ip_version = input_number(input, 1) & 1 ? 4 : 6;
    train->protocol = (uint8_t)input_number(input, 1);
    train->header_bytes = (uint16_t)input_number(input, 1);
    train->transport_start = (uint16_t)input_number(input, 1);
    train->segment_bytes = (uint16_t)input_number(input, 2);
    slice_bytes = 1 + input_number(input, 2);
    for (size_t i = 0; i < sizeof train->header && i < train->header_bytes; i++)
        train->header[i] = (uint8_t)input_number(input, 1);
    payload = input_copy(input->data, input->left);
    while (train->slice_count < RILL_SLICES_MAX && at < input->left) {
        uint32_t length = input->left - at < slice_bytes ? (uint32_t)input->left - at : slice_bytes;

        train->slices[train->slice_count++] = (struct rill_slice){payload + at, length};
        at += length;
    }
    train->payload_bytes = at;
    return payload;
}

/* RFC 1071, a byte at a time, folded. */
static uint32_t naive_sum(uint32_t sum, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sum += i % 2 == 0 ? bytes[i] * 256u : bytes[i];
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static uint32_t naive_tcp_sum(const struct rill_train *train, const uint8_t *packet, size_t bytes)
{
    uint32_t sum = 6 + (uint32_t)bytes - train->transport_start;

    sum = train->ip_version == 4 ? naive_sum(sum, packet + 12, 8) : naive_sum(sum, packet + 8, 32);
    return naive_sum(sum, packet + train->transport_start, bytes - train->transport_start);
}

/* No more than 200 packets of a train are looked at, so that one-byte segments do not slow the fuzzer down. */
static void check_cuts(const struct rill_train *train)
{
    struct train_cursor cursor = {0};
    uint32_t count = train_packet_count(train);

    for (uint32_t index = 0; index < count && index < 200; index++) {
        uint32_t bytes = train_packet_bytes(train, index);
        uint8_t *packet = malloc(bytes + (bytes == 0));
        size_t cut;

        MUST(packet != NULL);
        cut = train_cut(train, &cursor, index, packet, bytes);
        MUST(cut == 0 || cut == bytes);
        if (cut != 0 && train->ip_version == 4)
            MUST(naive_sum(0, packet, train->transport_start) == 0xffff);
        if (cut != 0 && train->protocol == 6)
            MUST(naive_tcp_sum(train, packet, cut) == 0xffff);
        free(packet);
    }
    MUST(train_packet_bytes(train, count) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct rill_train train;
    uint8_t *payload;

    check_header(data, size);
    payload = take_train(&input, &train);
    check_cuts(&train);
    train_prepare_offload(&train);
    check_cuts(&train);
    free(payload);
    return 0;
}
