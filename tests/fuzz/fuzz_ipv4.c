/* ipv4_parse() on any bytes; what it takes is built again to the same. */
#include "base/bytes.h"
#include "fuzz/input.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"

static void check_taken(const uint8_t *packet, size_t length_bytes, const struct ipv4_header *header)
{
    uint8_t again[IPV4_HEADER_BYTES];
    struct ipv4_header other;

    MUST(header->header_bytes >= 20 && header->header_bytes <= 60);
    MUST(header->header_bytes <= header->total_bytes && header->total_bytes <= length_bytes);
    MUST(checksum_finish(checksum_bytes(packet, header->header_bytes)) == 0);
    if (header->header_bytes != IPV4_HEADER_BYTES)
        return;
    ipv4_build(again, header);
    MUST(ipv4_parse(again, sizeof again, &other) ==
         (header->total_bytes == sizeof again ? RILL_DROP_NONE : RILL_DROP_IP_TOTAL_LENGTH));
    /* The reserved bit is not kept, and so neither is the checksum. */
    if ((packet[6] & 0x80) == 0)
        MUST(memcmp(again, packet, 10) == 0 && memcmp(again + 12, packet + 12, 8) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *packet = input_copy(data, size);
    struct ipv4_header header;

    for (int with_right_checksum = 0; with_right_checksum < 2; with_right_checksum++) {
        enum rill_drop verdict = ipv4_parse(packet, size, &header);

        MUST(verdict <= RILL_DROP_IP_OPTIONS);
        if (verdict == RILL_DROP_NONE)
            check_taken(packet, size, &header);
        if (verdict != RILL_DROP_IP_CHECKSUM)
            break;
        put_be16(packet + 10, 0);
        put_be16(packet + 10, checksum_finish(checksum_bytes(packet, (size_t)(packet[0] & 0xf) * 4)));
    }
    free(packet);
    return 0;
}
