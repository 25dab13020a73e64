/* icmp4_parse() and icmp4_parse_quote() on any bytes; what is taken is built and parsed again to the same. */
#include "base/bytes.h"
#include "fuzz/input.h"
#include "wire/checksum.h"
#include "wire/icmp4.h"

static void check_built_again(const struct icmp4_message *message)
{
    size_t bytes = ICMP4_HEADER_BYTES + (size_t)message->body_bytes;
    uint8_t *again = malloc(bytes);
    struct icmp4_message other;

    MUST(again != NULL);
    MUST(icmp4_build(again, bytes - 1, message) == 0);
    MUST(icmp4_build(again, bytes, message) == bytes);
    MUST(icmp4_parse(again, bytes, &other) == RILL_DROP_NONE);
    MUST(other.type == message->type && other.code == message->code && other.body_bytes == message->body_bytes);
    MUST(other.echo_id == message->echo_id && other.echo_sequence == message->echo_sequence);
    MUST(other.next_hop_mtu == message->next_hop_mtu);
    MUST(memcmp(other.body, message->body, message->body_bytes) == 0);
    free(again);
}

static void check_taken(const struct icmp4_message *message)
{
    struct icmp4_quote quote;

    check_built_again(message);
    if (icmp4_parse_quote(message, &quote) == RILL_DROP_NONE) {
        MUST(message->body_bytes >= 28 && quote.total_bytes >= 28);
        MUST(quote.source == get_be32(message->body + 12) && quote.destination == get_be32(message->body + 16));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *block = input_copy(data, size);
    struct icmp4_message message;
    enum rill_drop verdict = icmp4_parse(block, size, &message);

    MUST(verdict == RILL_DROP_NONE || verdict == RILL_DROP_ICMP_SHORT || verdict == RILL_DROP_ICMP_CHECKSUM);
    if (verdict == RILL_DROP_ICMP_CHECKSUM) {
        put_be16(block + 2, 0);
        put_be16(block + 2, checksum_finish(checksum_bytes(block, size)));
        verdict = icmp4_parse(block, size, &message);
        MUST(verdict == RILL_DROP_NONE);
    }
    if (verdict == RILL_DROP_NONE)
        check_taken(&message);
    free(block);
    return 0;
}
