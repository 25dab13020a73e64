/*
 * Eight bytes of a stream are a hash of its key and their place.
 */
#include "sim/stream.h"

#include "sim/choices.h"

#define WORD_BYTES 8u

static uint64_t word_at(uint64_t key, uint64_t index)
{
    return mix64(key + index * UINT64_C(0x9E3779B97F4A7C15));
}

void stream_fill(uint64_t key, uint64_t position, uint8_t *to, size_t bytes)
{
    while (bytes > 0) {
        uint64_t word = word_at(key, position / WORD_BYTES);
        size_t skip = position % WORD_BYTES;
        size_t n = min_u64(WORD_BYTES - skip, bytes);

        memcpy(to, (const uint8_t *)&word + skip, n);
        to += n;
        position += n;
        bytes -= n;
    }
}

bool stream_matches(uint64_t key, uint64_t position, const uint8_t *data, size_t bytes)
{
    while (bytes > 0) {
        uint64_t word = word_at(key, position / WORD_BYTES);
        size_t skip = position % WORD_BYTES;
        size_t n = min_u64(WORD_BYTES - skip, bytes);

        if (memcmp(data, (const uint8_t *)&word + skip, n) != 0)
            return false;
        data += n;
        position += n;
        bytes -= n;
    }
    return true;
}
