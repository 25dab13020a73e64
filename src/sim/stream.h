/*
 * Streams whose every byte is known from its position, so that each can be
 * checked alone.
 */
#ifndef SIM_STREAM_H
#define SIM_STREAM_H

#include "base/types.h"

/* The bytes from `position` on. */
void stream_fill(uint64_t key, uint64_t position, uint8_t *to, size_t bytes);

/* True when these are the bytes from `position` on. */
bool stream_matches(uint64_t key, uint64_t position, const uint8_t *data, size_t bytes);

#endif
