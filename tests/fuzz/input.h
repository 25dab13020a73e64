/*
 * What the fuzz targets share: the input taken apart into numbers and a copy
 * of the rest in a heap block of exactly its size, so that ASan sees a read
 * one byte past it; and a check that traps.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MUST(x) ((x) ? (void)0 : __builtin_trap())

/* libFuzzer's entry point has no header of its own. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t left;
};

static inline uint32_t input_number(struct input *input, size_t bytes)
{
    uint32_t value = 0;

    for (; bytes > 0 && input->left > 0; bytes--, input->data++, input->left--)
        value = value << 8 | *input->data;
    return value;
}

static inline uint8_t *input_copy(const uint8_t *data, size_t bytes)
{
    uint8_t *block = malloc(bytes + (bytes == 0));

    MUST(block != NULL);
    if (bytes > 0)
        memcpy(block, data, bytes);
    return block;
}

#endif
