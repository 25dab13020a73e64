/* tcp_parse() on any bytes; what it takes is built and parsed again to the same. */
#include "fuzz/input.h"
#include "wire/tcp.h"

static void check_same_options(const struct tcp_options *a, const struct tcp_options *b)
{
    MUST(a->present == b->present);
    if (a->present & TCP_OPTION_MSS)
        MUST(a->mss == b->mss);
    if (a->present & TCP_OPTION_WINDOW_SCALE)
        MUST(a->window_scale == b->window_scale && a->window_scale <= 14);
    if (a->present & TCP_OPTION_TIMESTAMP)
        MUST(a->timestamp_value == b->timestamp_value && a->timestamp_echo == b->timestamp_echo);
    if (a->present & TCP_OPTION_SACK) {
        MUST(a->sack_count == b->sack_count && a->sack_count >= 1 && a->sack_count <= TCP_SACK_BLOCKS_MAX);
        MUST(memcmp(a->sack, b->sack, a->sack_count * sizeof a->sack[0]) == 0);
    }
    if (a->present & TCP_OPTION_USER_TIMEOUT)
        MUST(a->user_timeout == b->user_timeout);
    if (a->present & TCP_OPTION_FAST_OPEN) {
        MUST(a->fast_open_bytes == b->fast_open_bytes && a->fast_open_bytes <= 16);
        MUST(a->fast_open_experimental == b->fast_open_experimental);
        MUST(memcmp(a->fast_open_cookie, b->fast_open_cookie, a->fast_open_bytes) == 0);
    }
    if (a->present & TCP_OPTION_ACCURATE_ECN) {
        MUST(a->accurate_ecn_fields == b->accurate_ecn_fields && a->accurate_ecn_fields < 1u << TCP_ECN_FIELDS);
        for (unsigned i = 0; i < TCP_ECN_FIELDS; i++)
            MUST((a->accurate_ecn_fields & 1u << i) == 0 || a->accurate_ecn[i] == b->accurate_ecn[i]);
    }
}

/* The alignment that tcp_build() gives may not fit where the peer's own did: SACK, the cookie and AccECN may then be missing. */
static void check_built_again(const struct tcp_segment *segment)
{
    struct tcp_header header = {
        .source_port = segment->source_port,
        .destination_port = segment->destination_port,
        .seq = segment->seq,
        .ack = segment->ack,
        .window = segment->window,
        .urgent = segment->urgent,
        .flags = segment->flags,
        .ae = (segment->ace & TCP_ACE_AE) != 0,
        .options = segment->options,
    };
    uint8_t *again = malloc(TCP_HEADER_BYTES_MAX);
    struct tcp_segment other;
    size_t bytes;

    MUST(again != NULL);
    bytes = tcp_build(again, &header);
    MUST(bytes >= 20 && bytes <= 60 && bytes == tcp_header_bytes_for(&header.options, header.flags));
    MUST(tcp_parse(again, bytes, &other) == RILL_DROP_NONE);
    MUST(other.source_port == segment->source_port && other.destination_port == segment->destination_port);
    MUST(other.seq.v == segment->seq.v && other.ack.v == segment->ack.v && other.flags == segment->flags &&
         other.ace == segment->ace);
    MUST(other.window == segment->window && other.urgent == segment->urgent && other.data_bytes == 0);
    header.options.present &= (uint16_t)~TCP_OPTION_MALFORMED;
    if (((header.options.present ^ other.options.present) &
         ~(TCP_OPTION_SACK | TCP_OPTION_FAST_OPEN | TCP_OPTION_ACCURATE_ECN)) != 0)
        __builtin_trap();
    header.options.present &= other.options.present;
    header.options.sack_count = other.options.sack_count;
    check_same_options(&header.options, &other.options);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *block = input_copy(data, size);
    struct tcp_segment segment;
    enum rill_drop verdict = tcp_parse(block, size, &segment);

    MUST(verdict == RILL_DROP_NONE || verdict == RILL_DROP_TCP_SHORT || verdict == RILL_DROP_TCP_DATA_OFFSET ||
         verdict == RILL_DROP_TCP_PORT_ZERO);
    if (verdict == RILL_DROP_NONE) {
        MUST(segment.header_bytes + (size_t)segment.data_bytes == size);
        MUST(segment.data == block + segment.header_bytes);
        check_built_again(&segment);
    }
    free(block);
    return 0;
}
