/* udp_parse() on any bytes; what is taken is built and parsed again to the same. */
#include "fuzz/input.h"
#include "wire/udp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *block = input_copy(data, size);
    struct udp_datagram datagram, again;
    enum rill_drop verdict = udp_parse(block, size, &datagram);
    uint8_t header[UDP_HEADER_BYTES];

    MUST(verdict == RILL_DROP_NONE || verdict == RILL_DROP_UDP_SHORT || verdict == RILL_DROP_UDP_LENGTH ||
         verdict == RILL_DROP_UDP_PORT_ZERO);
    if (verdict == RILL_DROP_NONE) {
        MUST(datagram.data == block + UDP_HEADER_BYTES && datagram.data_bytes <= size - UDP_HEADER_BYTES);
        udp_build_template(header, &datagram);
        MUST(memcmp(header, block, 6) == 0);
        if (datagram.data_bytes == 0)
            MUST(udp_parse(header, sizeof header, &again) == RILL_DROP_NONE && again.checksum == 0);
    }
    free(block);
    return 0;
}
