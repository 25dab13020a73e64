/* RFC 791 3.2, by hand. */
#include "support/fragments.h"

#include <string.h>

#include "wire/train.h"

static void set16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static unsigned word16(const uint8_t *at)
{
    return at[0] * 256u + at[1];
}

static void sum_header(uint8_t *packet)
{
    set16(packet + 10, 0);
    set16(packet + 10, (uint16_t)~naive_sum(0, packet, packet[0] % 16 * 4u));
}

uint32_t fragment_write(uint8_t *to, const uint8_t *whole, uint32_t offset, uint32_t bytes, bool more)
{
    assert_int_equal(offset % 8, 0);
    memcpy(to, whole, 20);
    memcpy(to + 20, whole + 20 + offset, bytes);
    set16(to + 2, 20 + bytes);
    set16(to + 6, offset / 8 + (more ? 0x2000 : 0));
    sum_header(to);
    return 20 + bytes;
}

void header_set_id(uint8_t *packet, unsigned id)
{
    set16(packet + 4, id);
    sum_header(packet);
}

void header_set_tos(uint8_t *packet, unsigned tos)
{
    packet[1] = (uint8_t)tos;
    sum_header(packet);
}

void header_set_ttl(uint8_t *packet, unsigned ttl)
{
    packet[8] = (uint8_t)ttl;
    sum_header(packet);
}

void header_set_source(uint8_t *packet, uint32_t source)
{
    set16(packet + 12, source >> 16);
    set16(packet + 14, source & 0xffff);
    sum_header(packet);
}

unsigned header_id(const uint8_t *packet)
{
    return word16(packet + 4);
}

bool header_dont_fragment(const uint8_t *packet)
{
    return (packet[6] & 0x40) != 0;
}

bool header_more_fragments(const uint8_t *packet)
{
    return (packet[6] & 0x20) != 0;
}

unsigned header_offset(const uint8_t *packet)
{
    return word16(packet + 6) % 0x2000 * 8;
}

void fragments_arrive_at(struct udp_host *h, const uint8_t *whole, uint32_t fragment_bytes)
{
    uint32_t data_bytes = word16(whole + 2) - 20;
    uint8_t packet[UDP_HOST_PACKET_MAX];

    if (data_bytes <= fragment_bytes) {
        udp_host_arrives(h, whole, word16(whole + 2));
        return;
    }
    for (uint32_t offset = 0; offset < data_bytes; offset += fragment_bytes) {
        bool more = data_bytes - offset > fragment_bytes;
        uint32_t bytes = more ? fragment_bytes : data_bytes - offset;

        udp_host_arrives(h, packet, fragment_write(packet, whole, offset, bytes, more));
    }
}

uint32_t fragment_sent(struct udp_host *h)
{
    struct train_cursor cursor = {0};
    struct rill_train train;
    size_t bytes;

    if (rill_output(h->stack, h->netif, &train, 1, h->now) == 0)
        return 0;
    bytes = train_cut(&train, &cursor, 0, h->sent, sizeof h->sent);
    assert_int_not_equal(bytes, 0);
    assert_int_equal(word16(h->sent + 2), bytes);
    assert_int_equal(naive_sum(0, h->sent, 20), 0xffff);
    assert_true(rill_check(h->stack));
    return (uint32_t)bytes;
}

uint32_t fragments_sent_whole(struct udp_host *h, uint8_t *to, uint32_t mtu, unsigned *count)
{
    uint32_t bytes, expected = 0;

    *count = 0;
    while ((bytes = fragment_sent(h)) != 0) {
        assert_true(bytes <= mtu);
        assert_int_equal(h->sent[0], 0x45);
        assert_int_equal(header_offset(h->sent), expected);
        if (expected == 0)
            memcpy(to, h->sent, 20);
        else
            assert_int_equal(header_id(h->sent), header_id(to));
        assert_true(20 + expected + bytes - 20 <= UDP_HOST_PACKET_MAX);
        memcpy(to + 20 + expected, h->sent + 20, bytes - 20);
        expected += bytes - 20;
        ++*count;
        if (!header_more_fragments(h->sent))
            break;
        assert_false(header_dont_fragment(h->sent));
        assert_int_equal(expected % 8, 0);
        assert_true(rill_wants_output(h->stack, h->netif));
    }
    if (*count == 0)
        return 0;
    set16(to + 2, 20 + expected);
    to[6] &= 0x40;
    to[7] = 0;
    sum_header(to);
    return 20 + expected;
}
